// SPDX-License-Identifier: GPL-2.0
/*
 * holder.c - /dev/sva_test: holds contexts as another part of the kernel would
 */
#include <linux/delay.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core/external.h"
#include "sva_test.h"
#include "test.h"

#define SLOW_MS	50

/**
 * struct holder - one hold of one context
 * @external: NULL when it was put; under @lock of its table
 */
struct holder {
	struct sva_external *external;
	u32 flags;
	u32 pasid;
	atomic_t revoked;
	atomic_t running;
};

/**
 * struct holders - what one file of /dev/sva_test holds
 * @count: entries used; they are not used again
 */
struct holders {
	struct mutex lock;
	u32 count;
	struct holder entries[SVA_TEST_HOLD_MAX];
};

static void put_at_once(struct holder *holder)
{
	struct sva_external *external;

	external = xchg(&holder->external, NULL);
	if (external)
		sva_context_put_external(external);
}

static void revoked(void *data)
{
	struct holder *holder = data;

	atomic_inc(&holder->running);
	atomic_inc(&holder->revoked);
	if (holder->flags & SVA_TEST_HOLD_SLOW)
		msleep(SLOW_MS);
	if (holder->flags & SVA_TEST_HOLD_PUT_AT_ONCE)
		put_at_once(holder);
	atomic_dec(&holder->running);
}

static const struct sva_external_ops external_ops = {
	.revoked = revoked,
};

static int hold_file(struct holder *holder, struct file *file)
{
	struct sva_external *external;

	external = sva_context_get_external(file, &external_ops, holder);
	if (IS_ERR(external))
		return PTR_ERR(external);
	holder->pasid = sva_external_pasid(external);
	WRITE_ONCE(holder->external, external);
	return 0;
}

static int hold(struct holders *holders, struct sva_test_hold *args)
{
	const u32 known = SVA_TEST_HOLD_PUT_AT_ONCE | SVA_TEST_HOLD_SLOW;
	struct holder *holder;
	int ret;

	if (args->flags & ~known)
		return -EINVAL;
	if (holders->count == SVA_TEST_HOLD_MAX)
		return -ENOSPC;
	CLASS(fd, f)(args->fd);
	if (fd_empty(f))
		return -EBADF;
	holder = &holders->entries[holders->count];
	holder->flags = args->flags;
	ret = hold_file(holder, fd_file(f));
	if (ret)
		return ret;
	args->holder = holders->count++;
	return 0;
}

static int put(struct holder *holder)
{
	struct sva_external *external = xchg(&holder->external, NULL);

	if (!external)
		return -ENOENT;
	sva_context_put_external(external);
	return 0;
}

static void tell(const struct holder *holder, struct sva_test_status *args)
{
	args->held = !!READ_ONCE(holder->external);
	args->revoked = atomic_read(&holder->revoked);
	args->running = atomic_read(&holder->running);
	args->pasid = holder->pasid;
}

static long hold_ioctl(struct holders *holders, void __user *arg)
{
	struct sva_test_hold args;
	long ret;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	mutex_lock(&holders->lock);
	ret = hold(holders, &args);
	mutex_unlock(&holders->lock);
	if (!ret && copy_to_user(arg, &args, sizeof(args)))
		ret = -EFAULT;
	return ret;
}

static long holder_ioctl(struct holders *holders, unsigned int cmd, void __user *arg)
{
	struct sva_test_status args;
	long ret = 0;

	if (copy_from_user(&args, arg, sizeof(args)))
		return -EFAULT;
	if (args.holder >= READ_ONCE(holders->count))
		return -ENOENT;
	/* not under the lock: put waits for the revoked callback */
	if (cmd == SVA_TEST_PUT)
		ret = put(&holders->entries[args.holder]);
	tell(&holders->entries[args.holder], &args);
	if (!ret && copy_to_user(arg, &args, sizeof(args)))
		ret = -EFAULT;
	return ret;
}

static long holders_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct holders *holders = file->private_data;

	switch (cmd) {
	case SVA_TEST_HOLD:
		return hold_ioctl(holders, (void __user *)arg);
	case SVA_TEST_STATUS:
	case SVA_TEST_PUT:
		return holder_ioctl(holders, cmd, (void __user *)arg);
	default:
		return -ENOTTY;
	}
}

static int holders_open(struct inode *inode, struct file *file)
{
	struct holders *holders = kzalloc_obj(*holders);

	if (!holders)
		return -ENOMEM;
	mutex_init(&holders->lock);
	file->private_data = holders;
	return 0;
}

static int holders_release(struct inode *inode, struct file *file)
{
	struct holders *holders = file->private_data;

	for (u32 i = 0; i < holders->count; i++) {
		(void)put(&holders->entries[i]);
		/* a callback that puts is waited for by nobody else */
		while (atomic_read(&holders->entries[i].running))
			msleep(1);
	}
	kfree(holders);
	return 0;
}

static const struct file_operations holders_fops = {
	.owner = THIS_MODULE,
	.open = holders_open,
	.release = holders_release,
	.unlocked_ioctl = holders_ioctl,
};

static struct miscdevice holders_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "sva_test",
	.fops = &holders_fops,
	.mode = 0600,
};

int sva_test_holders_add(void)
{
	return misc_register(&holders_device);
}

void sva_test_holders_remove(void)
{
	misc_deregister(&holders_device);
}
