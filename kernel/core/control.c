// SPDX-License-Identifier: GPL-2.0
/*
 * control.c - the control node /dev/sva/NAME, svad's side of a device
 */
#include <linux/file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core.h"

static_assert(sizeof(struct sva_device_info) == 184);
static_assert(sizeof(struct sva_type_info) == 128);
static_assert(sizeof(struct sva_create_context) == 48);
static_assert(sizeof(struct sva_context_entry) == 168);
static_assert(sizeof(struct sva_list_contexts) == 40);
static_assert(sizeof(struct sva_revoke_context) == 24);
static_assert(sizeof(struct sva_device_reset) == 16);

/**
 * struct control - one open control node
 * @cursor: how far its reader got in the device's events
 */
struct control {
	struct sva_device *sdev;
	struct mutex read_lock;
	u64 cursor;
};

/* ---------------------------------------------------------------- ioctls */

static int control_check(void *object, unsigned int cmd, u32 *reason)
{
	struct control *control = object;

	if (!sva_device_gone(control->sdev))
		return 0;
	*reason = SVA_REASON_DEVICE_GONE;
	return -ENODEV;
}

static int get_info(void *object, struct sva_ucmd *ucmd)
{
	struct sva_device *sdev = ((struct control *)object)->sdev;
	struct sva_device_info *info = ucmd->buf;

	info->flags = sva_device_flags(sdev);
	info->sva_reason = sdev->sva_reason;
	info->fault_reason = sdev->fault_reason;
	info->pasid_bits = sdev->pasid_bits;
	info->group = sva_group_id(sdev->group);
	info->num_types = sdev->desc.num_types;
	info->num_regions = sdev->desc.num_regions;
	info->num_irqs = sdev->desc.num_irqs;
	info->max_contexts = sva_device_max_contexts(sdev);
	info->max_quarantined = sdev->desc.max_quarantined;
	info->iova_start = 0;
	info->iova_end = TASK_SIZE_MAX - 1;
	info->page_sizes = PAGE_SIZE;
	strscpy_pad(info->name, sdev->name);
	sva_group_viable(sdev->group, info->blocker);
	spin_lock(&sdev->whole->lock);
	info->contexts = sdev->num_contexts;
	info->quarantined = sdev->whole == sdev ? sdev->all_quarantined :
						  sdev->num_quarantined;
	spin_unlock(&sdev->whole->lock);
	return sva_ucmd_respond(ucmd);
}

static int get_type_info(void *object, struct sva_ucmd *ucmd)
{
	struct sva_device *sdev = ((struct control *)object)->sdev;
	struct sva_type_info *info = ucmd->buf;
	const struct sva_type *type;

	if (info->index >= sdev->desc.num_types)
		return sva_ucmd_fail(ucmd, SVA_REASON_NO_SUCH_TYPE, -ENOENT);
	type = &sdev->desc.types[info->index];
	info->total = type->total;
	info->available = type->total - READ_ONCE(sdev->type_used[info->index]);
	strscpy_pad(info->name, type->name);
	strscpy_pad(info->description, type->description);
	return sva_ucmd_respond(ucmd);
}

static int create_context(void *object, struct sva_ucmd *ucmd)
{
	struct sva_device *sdev = ((struct control *)object)->sdev;
	struct sva_create_context *args = ucmd->buf;
	struct sva_context *ctx;
	struct file *file;
	int fd, ret;

	if (args->type >= sdev->desc.num_types)
		return sva_ucmd_fail(ucmd, SVA_REASON_NO_SUCH_TYPE, -ENOENT);
	ret = sva_device_viable(sdev, &ucmd->reason);
	if (ret)
		return ret;
	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return sva_ucmd_fail(ucmd, SVA_REASON_NO_FD, fd);

	ctx = sva_context_create(sdev, args, &ucmd->reason);
	if (IS_ERR(ctx)) {
		put_unused_fd(fd);
		return PTR_ERR(ctx);
	}
	args->id = ctx->id;
	args->fd = fd;
	file = sva_context_file(ctx);
	if (IS_ERR(file)) {
		put_unused_fd(fd);
		return sva_ucmd_fail(ucmd, SVA_REASON_NO_MEMORY, PTR_ERR(file));
	}
	ret = sva_ucmd_respond(ucmd);
	if (ret) {
		ctx->silent = true;
		fput(file);
		put_unused_fd(fd);
		return ret;
	}
	fd_install(fd, file);
	return 0;
}

static int list_one(const struct sva_list_contexts *args, u32 index,
		    const struct sva_context_entry *entry)
{
	size_t known = sizeof(*entry);
	char __user *to;

	to = u64_to_user_ptr(args->entries) + (size_t)index * args->entry_size;
	if (copy_to_user(to, entry, known) ||
	    clear_user(to + known, args->entry_size - known))
		return -EFAULT;
	return 0;
}

static int list_contexts(void *object, struct sva_ucmd *ucmd)
{
	struct sva_device *sdev = ((struct control *)object)->sdev;
	struct sva_list_contexts *args = ucmd->buf;
	struct sva_context_entry entry;
	struct sva_context *ctx;
	u64 after = args->after;
	u32 n = 0;

	if (args->entry_size < sizeof(entry) || args->entry_size > PAGE_SIZE)
		return sva_ucmd_fail(ucmd, SVA_REASON_ARGSZ_SHORT, -EINVAL);
	while (n < args->count && (ctx = sva_device_next(sdev, after))) {
		after = ctx->id;
		sva_context_entry(ctx, &entry);
		sva_context_put(ctx);
		if (list_one(args, n++, &entry))
			return sva_ucmd_fail(ucmd, SVA_REASON_BAD_POINTER, -EFAULT);
		if (fatal_signal_pending(current))
			return sva_ucmd_fail(ucmd, SVA_REASON_INTERRUPTED, -EINTR);
		cond_resched();
	}
	args->count = n;
	return sva_ucmd_respond(ucmd);
}

static int revoke_context(void *object, struct sva_ucmd *ucmd)
{
	struct sva_device *sdev = ((struct control *)object)->sdev;
	struct sva_revoke_context *args = ucmd->buf;
	struct sva_context *ctx;
	int ret;

	ctx = sva_device_find(sdev, args->id);
	if (!ctx)
		return sva_ucmd_fail(ucmd, SVA_REASON_NO_SUCH_CONTEXT, -ENOENT);
	ret = sva_ucmd_respond(ucmd);
	if (!ret)
		sva_context_end_async(ctx, SVA_REASON_CONTEXT_REVOKED);
	sva_context_put(ctx);
	return ret;
}

static int reset(void *object, struct sva_ucmd *ucmd)
{
	struct sva_device *sdev = ((struct control *)object)->sdev;
	int ret;

	ret = sva_ucmd_respond(ucmd);
	if (ret)
		return ret;
	return sva_device_start_reset(sdev, &ucmd->reason);
}

static const struct sva_ioctl control_ioctls[] = {
	SVA_IOCTL(SVA_DEVICE_GET_INFO, get_info, struct sva_device_info, 0),
	SVA_IOCTL(SVA_DEVICE_GET_TYPE_INFO, get_type_info, struct sva_type_info, 0),
	SVA_IOCTL_RESERVED(SVA_DEVICE_CREATE_CONTEXT, create_context,
			   struct sva_create_context, 0),
	SVA_IOCTL_RESERVED(SVA_DEVICE_LIST_CONTEXTS, list_contexts,
			   struct sva_list_contexts, 0),
	SVA_IOCTL_RESERVED(SVA_DEVICE_REVOKE_CONTEXT, revoke_context,
			   struct sva_revoke_context, 0),
	SVA_IOCTL_RESERVED(SVA_DEVICE_RESET, reset, struct sva_device_reset, 0),
};

static const struct sva_ioctl_table control_table = {
	.rows = control_ioctls,
	.count = ARRAY_SIZE(control_ioctls),
	.check = control_check,
};

static long control_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return sva_ioctl_run(&control_table, file->private_data, cmd, arg);
}

/* ------------------------------------------------------------------ file */

static int control_open(struct inode *inode, struct file *file)
{
	struct sva_device *sdev = container_of(inode->i_cdev, struct sva_device, cdev);
	struct control *control = kzalloc_obj(*control, GFP_KERNEL_ACCOUNT);

	if (!control)
		return -ENOMEM;
	get_device(&sdev->dev);
	control->sdev = sdev;
	control->cursor = sva_events_head(&sdev->events);
	mutex_init(&control->read_lock);
	file->private_data = control;
	return stream_open(inode, file);
}

static int control_release(struct inode *inode, struct file *file)
{
	struct control *control = file->private_data;

	put_device(&control->sdev->dev);
	kfree(control);
	return 0;
}

static ssize_t control_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct control *control = file->private_data;
	struct sva_device *sdev = control->sdev;
	ssize_t ret;

	do {
		if (mutex_lock_interruptible(&control->read_lock))
			return -ERESTARTSYS;
		ret = sva_events_copy(&sdev->events, &control->cursor, buf, len);
		mutex_unlock(&control->read_lock);
		if (ret)
			return ret;
		if (READ_ONCE(sdev->told_gone))
			return -ENODEV;
		if (file->f_flags & O_NONBLOCK)
			return -EAGAIN;
		ret = wait_event_interruptible(sdev->events.wait,
				sva_events_pending(&sdev->events, &control->cursor) ||
				READ_ONCE(sdev->told_gone));
	} while (!ret);
	return ret;
}

static __poll_t control_poll(struct file *file, poll_table *wait)
{
	struct control *control = file->private_data;
	__poll_t mask = 0;

	poll_wait(file, &control->sdev->events.wait, wait);
	if (sva_events_pending(&control->sdev->events, &control->cursor))
		mask |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(control->sdev->told_gone))
		mask |= EPOLLHUP;
	return mask;
}

const struct file_operations sva_control_fops = {
	.owner = THIS_MODULE,
	.open = control_open,
	.release = control_release,
	.read = control_read,
	.poll = control_poll,
	.unlocked_ioctl = control_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
