// SPDX-License-Identifier: GPL-2.0
/*
 * context_file.c - the fd of a context, the process's side of a device
 *
 * A leaked, inherited or passed-on fd gives nothing: each operation asks
 * sva_context_check() first (R1).
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/uaccess.h>

#include "core.h"

static_assert(sizeof(struct sva_bind_task) == 24);
static_assert(sizeof(struct sva_unbind_task) == 24);
static_assert(sizeof(struct sva_context_info) == 280);
static_assert(sizeof(struct sva_region_info) == 32);
static_assert(sizeof(struct sva_irq_info) == 24);
static_assert(sizeof(struct sva_set_irqs) == 32);
static_assert(sizeof(struct sva_pin) == 32);

static bool is_owner(const struct sva_context *ctx)
{
	return task_tgid(current) == ctx->owner && !(current->flags & PF_KTHREAD);
}

/* Until the end of its binding is over */
static bool is_callers(struct sva_context *ctx)
{
	bool callers;

	spin_lock(&ctx->lock);
	callers = ctx->mm && ctx->mm == current->mm && !(current->flags & PF_KTHREAD);
	spin_unlock(&ctx->lock);
	return callers;
}

/*
 * An unbound context answers BIND_TASK and GET_INFO; one whose binding has ended
 * still tells its owner so.
 */
static int context_ioctl_check(void *object, unsigned int cmd, u32 *reason)
{
	struct sva_context *ctx = object;
	enum sva_phase phase;
	int ret;

	ret = sva_context_check(ctx, reason);
	/* UNBIND_TASK says so too, but not before the device has let go */
	if (ret == -ENODEV && cmd == SVA_UNBIND_TASK && is_callers(ctx))
		return 0;
	if (!ret || ret == -ENODEV || *reason == SVA_REASON_OTHER_MM)
		return ret;
	phase = READ_ONCE(ctx->machine.phase);
	switch (cmd) {
	case SVA_BIND_TASK:
	case SVA_UNBIND_TASK:
		return 0;
	case SVA_CONTEXT_GET_INFO:
		return phase <= SVA_PHASE_BINDING || is_owner(ctx) ? 0 : ret;
	default:
		return ret;
	}
}

/* ---------------------------------------------------------------- ioctls */

static int bind_task(void *object, struct sva_ucmd *ucmd)
{
	return sva_context_bind(object, ucmd);
}

static enum sva_claim claim_of(u32 flags)
{
	if (flags & SVA_UNBIND_RELEASE_CLEAN)
		return SVA_CLAIM_CLEAN;
	if (flags & SVA_UNBIND_RELEASE_FLUSHED)
		return SVA_CLAIM_FLUSHED;
	return SVA_CLAIM_NONE;
}

/*
 * Whoever ended it, or is about to: the caller takes its memory back when this returns, so
 * the device has let go of it then.
 */
static int fail_when_ended(struct sva_context *ctx, struct sva_ucmd *ucmd, u32 reason, int err)
{
	if (READ_ONCE(ctx->machine.ending) && wait_for_completion_killable(&ctx->ended))
		return sva_ucmd_fail(ucmd, SVA_REASON_INTERRUPTED, -EINTR);
	return sva_ucmd_fail(ucmd, reason, err);
}

static int not_bound(struct sva_context *ctx, struct sva_ucmd *ucmd)
{
	return fail_when_ended(ctx, ucmd, SVA_REASON_NO_SUCH_PASID, -ENOENT);
}

/* The removal of a device comes to one context after the other */
static int unbind_gone(struct sva_context *ctx, struct sva_ucmd *ucmd)
{
	if (is_callers(ctx))
		sva_context_end_async(ctx, SVA_REASON_DEVICE_GONE);
	return fail_when_ended(ctx, ucmd, SVA_REASON_DEVICE_GONE, -ENODEV);
}

static int unbind_task(void *object, struct sva_ucmd *ucmd)
{
	struct sva_unbind_task *args = ucmd->buf;
	struct sva_context *ctx = object;
	u32 reason;
	int ret;

	if (hweight32(args->flags) > 1)
		return sva_ucmd_fail(ucmd, SVA_REASON_RELEASE_CONFLICT, -EINVAL);
	ret = sva_context_check(ctx, &reason);
	if (ret == -ENODEV)
		return unbind_gone(ctx, ucmd);
	if (ret || args->pasid != ctx->pasid)
		return not_bound(ctx, ucmd);

	/* the end cannot be undone: see that the answer can be given first */
	args->release = SVA_RELEASE_PENDING;
	ret = sva_ucmd_respond(ucmd);
	if (ret)
		return ret;
	sva_race_point();
	ret = sva_context_request_unbind(ctx, claim_of(args->flags));
	if (ret < 0)
		return sva_ucmd_fail(ucmd, SVA_REASON_EXTERNAL_USER, ret);
	if (!ret)
		return not_bound(ctx, ucmd);
	sva_context_finish_end(ctx);

	/* what this end found: an idle device may have been reset since */
	args->release = ctx->release;
	(void)sva_ucmd_respond(ucmd);
	return 0;
}

static int get_info(void *object, struct sva_ucmd *ucmd)
{
	struct sva_context_info *info = ucmd->buf;
	struct sva_context *ctx = object;
	struct sva_context_entry entry;

	sva_context_entry(ctx, &entry);
	info->state = entry.state;
	info->id = entry.id;
	info->pasid = entry.pasid;
	info->release = entry.release;
	info->type = entry.type;
	info->num_regions = ctx->sdev->desc.num_regions;
	info->num_irqs = ctx->sdev->desc.num_irqs;
	info->last_reason = READ_ONCE(ctx->last_reason);
	info->end_reason = entry.end_reason;
	info->device_flags = sva_device_flags(ctx->sdev);
	info->submitted = entry.submitted;
	info->faults = entry.faults;
	info->page_requests = entry.page_requests;
	info->stale = entry.stale;
	info->page_groups = entry.page_groups;
	info->ats_requests = entry.ats_requests;
	info->fault_ns = entry.fault_ns;
	memcpy(info->fault_histogram, entry.fault_histogram, sizeof(info->fault_histogram));
	strscpy_pad(info->device, ctx->sdev->name);
	sva_group_viable(ctx->sdev->group, info->blocker);
	return sva_ucmd_respond(ucmd);
}

static int get_region_info(void *object, struct sva_ucmd *ucmd)
{
	struct sva_region_info *info = ucmd->buf;
	struct sva_context *ctx = object;
	const struct sva_region *region;

	if (info->index >= ctx->sdev->desc.num_regions)
		return sva_ucmd_fail(ucmd, SVA_REASON_NO_SUCH_REGION, -ENOENT);
	region = &ctx->sdev->desc.regions[info->index];
	info->flags = region->size ? region->flags : 0;
	info->size = region->size;
	info->offset = region->offset;
	return sva_ucmd_respond(ucmd);
}

static int get_irq_info(void *object, struct sva_ucmd *ucmd)
{
	struct sva_irq_info *info = ucmd->buf;
	struct sva_context *ctx = object;

	if (info->index >= ctx->sdev->desc.num_irqs)
		return sva_ucmd_fail(ucmd, SVA_REASON_NO_SUCH_IRQ, -ENOENT);
	info->flags = SVA_IRQ_FLAG_EVENTFD | ctx->sdev->desc.irq_flags[info->index];
	if (info->flags & SVA_IRQ_FLAG_LEVEL)
		info->flags |= SVA_IRQ_FLAG_MASKABLE;
	info->count = 1;
	return sva_ucmd_respond(ucmd);
}

static int set_irqs(void *object, struct sva_ucmd *ucmd)
{
	const struct sva_set_irqs *args = ucmd->buf;
	int ret;

	/* this call answers nothing but the reason; see that it can be written */
	ret = sva_ucmd_respond(ucmd);
	return ret ?: sva_irqs_set(object, args, &ucmd->reason);
}

static int pin(void *object, struct sva_ucmd *ucmd)
{
	const struct sva_pin *args = ucmd->buf;
	struct sva_context *ctx = object;
	int ret;

	ret = sva_ucmd_respond(ucmd);
	return ret ?: sva_pins_add(&ctx->pins, args, &ucmd->reason);
}

static int unpin(void *object, struct sva_ucmd *ucmd)
{
	const struct sva_pin *args = ucmd->buf;
	struct sva_context *ctx = object;
	int ret;

	ret = sva_ucmd_respond(ucmd);
	return ret ?: sva_pins_remove(&ctx->pins, args, &ucmd->reason);
}

static const struct sva_ioctl context_ioctls[] = {
	SVA_IOCTL_RESERVED(SVA_BIND_TASK, bind_task, struct sva_bind_task,
			   SVA_BIND_FAULT_EVENTS),
	SVA_IOCTL_RESERVED(SVA_UNBIND_TASK, unbind_task, struct sva_unbind_task,
			   SVA_UNBIND_RELEASE_FLUSHED | SVA_UNBIND_RELEASE_CLEAN),
	SVA_IOCTL(SVA_CONTEXT_GET_INFO, get_info, struct sva_context_info, 0),
	SVA_IOCTL(SVA_CONTEXT_GET_REGION_INFO, get_region_info, struct sva_region_info, 0),
	SVA_IOCTL_RESERVED(SVA_CONTEXT_GET_IRQ_INFO, get_irq_info, struct sva_irq_info, 0),
	SVA_IOCTL(SVA_CONTEXT_SET_IRQS, set_irqs, struct sva_set_irqs,
		  SVA_IRQ_SET_EVENTFD | SVA_IRQ_SET_MASK | SVA_IRQ_SET_UNMASK |
		  SVA_IRQ_SET_UNMASK_EVENTFD),
	SVA_IOCTL_RESERVED(SVA_CONTEXT_PIN, pin, struct sva_pin,
			   SVA_PIN_READ | SVA_PIN_WRITE),
	SVA_IOCTL_RESERVED(SVA_CONTEXT_UNPIN, unpin, struct sva_pin, 0),
};

static const struct sva_ioctl_table context_table = {
	.rows = context_ioctls,
	.count = ARRAY_SIZE(context_ioctls),
	.check = context_ioctl_check,
};

static long context_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return sva_ioctl_run(&context_table, file->private_data, cmd, arg);
}

/* ----------------------------------------------------- events and regions */

/* The end of a context is told to its owner, who has no binding any more */
static int check_events(struct sva_context *ctx, u32 *reason)
{
	int ret = sva_context_check(ctx, reason);

	if (ret && *reason != SVA_REASON_OTHER_MM && *reason != SVA_REASON_NOT_BOUND &&
	    is_owner(ctx))
		return 0;
	return ret;
}

static bool is_over(const struct sva_context *ctx)
{
	enum sva_phase phase = READ_ONCE(ctx->machine.phase);

	return phase == SVA_PHASE_ENDED || phase == SVA_PHASE_QUARANTINED;
}

/* What read() says when no event is left; an end under way will post one yet */
static int no_event(struct sva_context *ctx, const struct file *file, u32 *reason)
{
	int ret = sva_context_check(ctx, reason);

	if (ret && is_over(ctx))
		return ret;
	return file->f_flags & O_NONBLOCK ? -EAGAIN : 0;
}

static u32 copy_reason(ssize_t err)
{
	return err == -EFAULT ? SVA_REASON_BAD_POINTER : SVA_REASON_BAD_RANGE;
}

static bool event_or_end(struct sva_context *ctx)
{
	return sva_events_pending(&ctx->events, &ctx->cursor) || is_over(ctx);
}

static ssize_t read_events(struct sva_context *ctx, struct file *file,
			   char __user *buf, size_t len, u32 *reason)
{
	ssize_t ret;
	bool over;

	do {
		ret = check_events(ctx, reason);
		if (ret)
			return ret;
		if (mutex_lock_interruptible(&ctx->read_lock))
			return -ERESTARTSYS;
		over = is_over(ctx);
		ret = sva_events_copy(&ctx->events, &ctx->cursor, buf, len);
		mutex_unlock(&ctx->read_lock);
		if (ret < 0)
			*reason = copy_reason(ret);
		sva_race_point();
		/* it may have ended, and posted its last event, in between */
		if (!ret && over == is_over(ctx))
			ret = no_event(ctx, file, reason);
		if (ret)
			return ret;
		ret = wait_event_interruptible(ctx->events.wait, event_or_end(ctx));
	} while (!ret);
	return ret;
}

/* Position 0 holds the events, the regions have offsets of their own */
static ssize_t context_read(struct file *file, char __user *buf, size_t len, loff_t *pos)
{
	struct sva_context *ctx = file->private_data;
	u32 reason = 0;
	ssize_t ret;

	if (*pos)
		ret = sva_region_read(ctx, buf, len, *pos, &reason);
	else
		ret = read_events(ctx, file, buf, len, &reason);
	if (ret < 0)
		WRITE_ONCE(ctx->last_reason, reason);
	return ret;
}

static ssize_t context_write(struct file *file, const char __user *buf, size_t len,
			     loff_t *pos)
{
	struct sva_context *ctx = file->private_data;
	u32 reason = 0;
	ssize_t ret;

	ret = sva_region_write(ctx, buf, len, *pos, &reason);
	if (ret < 0)
		WRITE_ONCE(ctx->last_reason, reason);
	return ret;
}

static int context_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct sva_context *ctx = file->private_data;
	u32 reason = 0;
	int ret;

	ret = sva_region_mmap(ctx, vma, &reason);
	if (ret)
		WRITE_ONCE(ctx->last_reason, reason);
	return ret;
}

static __poll_t context_poll(struct file *file, poll_table *wait)
{
	struct sva_context *ctx = file->private_data;
	__poll_t mask = 0;
	u32 reason;

	poll_wait(file, &ctx->events.wait, wait);
	if (sva_context_check(ctx, &reason) && is_over(ctx))
		mask |= EPOLLHUP;
	sva_race_point();
	if (check_events(ctx, &reason) == -EPERM)
		return mask | EPOLLERR;
	if (sva_events_pending(&ctx->events, &ctx->cursor))
		mask |= EPOLLIN | EPOLLRDNORM;
	return mask;
}

/*
 * The last file of a bound context may be anybody's, who was sent it: only the process whose
 * memory it is waits until the device has let go of that (R8).
 */
static int context_release(struct inode *inode, struct file *file)
{
	struct sva_context *ctx = file->private_data;

	if (READ_ONCE(ctx->mm) && !is_callers(ctx))
		sva_context_end_async(ctx, SVA_REASON_NONE);
	else if (sva_context_request_end(ctx, SVA_REASON_NONE))
		sva_context_finish_end(ctx);
	sva_context_put(ctx);
	return 0;
}

static const struct file_operations context_fops = {
	.owner = THIS_MODULE,
	.release = context_release,
	.read = context_read,
	.write = context_write,
	.mmap = context_mmap,
	.poll = context_poll,
	.unlocked_ioctl = context_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/* The context that a file is, or NULL */
struct sva_context *sva_context_of_file(struct file *file)
{
	return file->f_op == &context_fops ? file->private_data : NULL;
}

/**
 * sva_context_file() - the file of a new context
 *
 * Consumes the caller's reference, on failure too.  With an inode of its own,
 * so that what is done to one context's mappings touches nobody else's.
 */
struct file *sva_context_file(struct sva_context *ctx)
{
	struct file *file;

	file = anon_inode_create_getfile("[sva]", &context_fops, ctx, O_RDWR, NULL);
	if (IS_ERR(file)) {
		ctx->silent = true;
		if (sva_context_request_end(ctx, SVA_REASON_NONE))
			sva_context_finish_end(ctx);
		sva_context_put(ctx);
		return file;
	}
	ctx->inode = file_inode(file);
	ihold(ctx->inode);
	file->f_mode |= FMODE_PREAD | FMODE_PWRITE;
	return file;
}
