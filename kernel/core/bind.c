// SPDX-License-Identifier: GPL-2.0
/*
 * bind.c - SVA_BIND_TASK: a context and an address space come together
 *
 * In steps, each of which can be undone: region memory, PASID (R3), the answer to
 * the caller, the watch on the address space, and the queue.
 */
#include <linux/delay.h>
#include <linux/mmu_context.h>
#include <linux/sched/signal.h>

#include "compat.h"
#include "core.h"
#include "trace.h"

#define BIND_TRIES	16	/* while somebody takes the caller's page away */

/* R5: the end of the address space ends the binding, whoever holds the fd */
static bool mm_event(struct mmu_interval_notifier *watch,
		     const struct mmu_notifier_range *range, unsigned long seq)
{
	struct sva_context *ctx = container_of(watch, struct sva_context, mm_watch);

	if (range->event == MMU_NOTIFY_RELEASE)
		sva_context_mm_ends(ctx);
	return true;
}

static const struct mmu_interval_notifier_ops mm_watch_ops = {
	.invalidate = mm_event,
};

/* While memory of the mm is being taken away, the kernel may put a watch off until that is over */
static bool watch_is_put_off(struct sva_context *ctx)
{
	return RB_EMPTY_NODE(&ctx->mm_watch.interval_tree.rb);
}

/* R8: the first of an mm needs its lock, for which nobody waits here */
static int insert_watch(struct sva_context *ctx)
{
	int ret;

	if (!compat_mmap_write_trylock(current->mm))
		return -ERESTART;
	ret = mmu_interval_notifier_insert_locked(&ctx->mm_watch, current->mm,
						  ULONG_MAX - PAGE_SIZE + 1, PAGE_SIZE,
						  &mm_watch_ops);
	mmap_write_unlock(current->mm);
	return ret;
}

/*
 * An interval above all user memory hears of nothing but the release of the mm.
 * Unlike a notifier, its removal needs no SRCU grace period.  One that is put off would
 * hear nothing if the mm were released meanwhile: -ERESTART.
 */
static int watch_mm(struct sva_context *ctx)
{
	int ret = insert_watch(ctx);

	if (ret || !watch_is_put_off(ctx))
		return ret;
	mmu_interval_notifier_remove(&ctx->mm_watch);
	return -ERESTART;
}

/* Of one that has ended; what ended it, as a reset, may be over in a moment, and it is not */
static u32 not_created_reason(const struct sva_context *ctx)
{
	u32 reason = sva_context_unbound_reason(ctx);

	if (ctx->machine.phase == SVA_PHASE_BOUND || ctx->machine.phase == SVA_PHASE_BINDING)
		return SVA_REASON_ALREADY_BOUND;
	if (reason == SVA_REASON_RESETTING || reason == SVA_REASON_GROUP_CHANGING)
		return SVA_REASON_CONTEXT_ENDED;
	return reason;
}

static int check_binder(const struct sva_context *ctx, u32 *reason)
{
	if (current->mm && !(current->flags & PF_KTHREAD) && task_tgid(current) == ctx->owner)
		return 0;
	*reason = SVA_REASON_OTHER_PROCESS;
	return -EPERM;
}

static int begin_bind(struct sva_context *ctx, u32 *reason)
{
	int ret;

	/* since it was asked, the device may have gone */
	if (sva_device_gone(ctx->sdev)) {
		*reason = SVA_REASON_DEVICE_GONE;
		return -ENODEV;
	}
	spin_lock(&ctx->lock);
	ret = sva_context_bind_begin(&ctx->machine);
	if (ret)
		*reason = not_created_reason(ctx);
	spin_unlock(&ctx->lock);
	return ret;
}

/* -EINTR: a signal, while the kernel took all locks of the address space */
static u32 iommu_reason(const struct sva_context *ctx, int err)
{
	switch (err) {
	case -ENODEV:
	case -EINVAL:
	case -EOPNOTSUPP:
		/* it may have changed since the device was registered */
		return sva_capability_obstacle(ctx->sdev->parent, true) ?: SVA_REASON_NO_SVA;
	case -ENOSPC:
		return sva_group_holds_all(ctx->sdev->group, ctx->sdev->pasid_bits) ?
			       SVA_REASON_PASID_EXHAUSTED : SVA_REASON_PASID_TAKEN;
	case -EOVERFLOW:
		return SVA_REASON_PASID_TOO_WIDE;
	case -ENOMEM:
		return SVA_REASON_NO_MEMORY;
	case -EINTR:
		return SVA_REASON_INTERRUPTED;
	case -EBUSY:
		return arch_pgtable_dma_compat(current->mm) ? SVA_REASON_RESETTING :
							      SVA_REASON_LAM;
	default:
		return SVA_REASON_IOMMU;
	}
}

/* R3: only where the release of all that was bound before is known */
static int bind_pasid(struct sva_context *ctx, u32 *reason)
{
	struct sva_pasid *pasid;
	int ret;

	if (sva_orphans_have(current->mm)) {
		*reason = SVA_REASON_PASID_QUARANTINED;
		return -EBUSY;
	}
	pasid = sva_pasid_get(ctx->sdev->group, current->mm);
	if (IS_ERR(pasid)) {
		*reason = SVA_REASON_NO_MEMORY;
		return PTR_ERR(pasid);
	}
	ret = sva_pasid_enter(pasid);
	if (ret) {
		*reason = ret == -EINTR ? SVA_REASON_INTERRUPTED :
					  SVA_REASON_PASID_QUARANTINED;
		goto err_put;
	}
	ctx->handle = iommu_sva_bind_device(ctx->sdev->parent, current->mm);
	if (IS_ERR(ctx->handle)) {
		ret = PTR_ERR(ctx->handle);
		ctx->handle = NULL;
		*reason = iommu_reason(ctx, ret);
		if (ret == -EAGAIN)
			ret = -ERESTART;
		goto err_leave;
	}
	ctx->pasid = iommu_sva_get_pasid(ctx->handle);
	ctx->pasid_entry = pasid;
	return 0;

err_leave:
	sva_pasid_begin_end(pasid);
	sva_pasid_finish_end(pasid, SVA_RELEASE_CLEAN);
err_put:
	sva_pasid_put(pasid);
	return ret;
}

/* No queue was ever started under it, so it is clean whatever was there */
static void unbind_pasid(struct sva_context *ctx)
{
	struct sva_pasid *pasid = ctx->pasid_entry;

	sva_pasid_begin_end(pasid);
	iommu_sva_unbind_device(ctx->handle);
	ctx->handle = NULL;
	ctx->pasid_entry = NULL;
	ctx->pasid = 0;
	sva_pasid_finish_end(pasid, SVA_RELEASE_CLEAN);
	sva_pasid_put(pasid);
}

/* Last what cannot be undone without asking the device, which may not know (R4) */
static int start_queue(struct sva_context *ctx, u32 *reason)
{
	int ret;

	ret = watch_mm(ctx);
	if (ret) {
		*reason = ret == -EINTR ? SVA_REASON_INTERRUPTED : SVA_REASON_NO_MEMORY;
		return ret;
	}
	ctx->release = SVA_RELEASE_CLEAN;
	ret = ctx->sdev->ops.context_bind(ctx);
	if (ret) {
		*reason = ret == -ENOMEM ? SVA_REASON_NO_MEMORY : SVA_REASON_PROVIDER;
		mmu_interval_notifier_remove(&ctx->mm_watch);
	}
	return ret;
}

/* The answer is given before the queue starts: a copy-out that fails undoes less */
static int bind_and_answer(struct sva_context *ctx, struct sva_ucmd *ucmd)
{
	struct sva_bind_task *args = ucmd->buf;
	int ret;

	ret = bind_pasid(ctx, &ucmd->reason);
	if (ret)
		return ret;
	args->pasid = ctx->pasid;
	sva_race_point();
	ret = sva_ucmd_respond_nofault(ucmd);
	if (!ret)
		ret = start_queue(ctx, &ucmd->reason);
	if (ret)
		unbind_pasid(ctx);
	return ret;
}

static int bind_steps(struct sva_context *ctx, struct sva_ucmd *ucmd)
{
	int ret;

	ret = sva_regions_alloc(ctx);
	if (ret)
		return sva_ucmd_fail(ucmd, SVA_REASON_NO_MEMORY, ret);
	ret = bind_and_answer(ctx, ucmd);
	if (ret)
		sva_regions_free(ctx);
	return ret;
}

/*
 * R11: whoever comes into the group from now on finds this context and ends it; who came
 * before, also while the caller's memory was waited for, is seen here
 */
static int bind_if_viable(struct sva_context *ctx, struct sva_ucmd *ucmd)
{
	return sva_device_viable(ctx->sdev, &ucmd->reason) ?: bind_steps(ctx, ucmd);
}

static void tell_bound(struct sva_context *ctx)
{
	trace_sva_bind(ctx);
	sva_device_post(ctx->sdev, SVA_EVENT_BOUND, ctx);
}

/* The binder's last step; ends that came meanwhile are carried out here */
static void leave_bind(struct sva_context *ctx, bool bound)
{
	int end;

	if (bound) {
		sva_context_unwatch_owner(ctx);
		down_write(&ctx->active);
		ctx->has_queue = true;
		ctx->queue_ready = true;
		up_write(&ctx->active);
		sva_race_point();
	}
	spin_lock(&ctx->lock);
	if (bound) {
		ctx->mm = current->mm;
		end = sva_context_bind_done(&ctx->machine);
	} else {
		end = sva_context_bind_undo(&ctx->machine);
	}
	spin_unlock(&ctx->lock);

	sva_race_point();
	if (bound)
		tell_bound(ctx);
	if (end)
		sva_context_finish_end(ctx);
}

/*
 * Nothing was done where it returns -EAGAIN: the answer could not be given now; or
 * -ERESTART: the address space is being changed.
 */
static int try_bind(struct sva_context *ctx, struct sva_ucmd *ucmd)
{
	const struct sva_bind_task *args = ucmd->buf;
	bool counted;
	int ret;

	ret = begin_bind(ctx, &ucmd->reason);
	if (ret)
		return ret;
	sva_race_point();
	ctx->fault_events = args->flags & SVA_BIND_FAULT_EVENTS;
	ret = sva_device_begin_bind(ctx, &ucmd->reason);
	counted = !ret;
	if (!ret)
		ret = bind_if_viable(ctx, ucmd);
	leave_bind(ctx, !ret);
	if (ret && counted)
		sva_device_undo_bind(ctx->sdev);
	return ret;
}

/*
 * R8: the lock of the address space is free once, so that nobody waits with what others wait
 * for until a page comes for which a thread of this process holds it
 */
static int await_address_space(struct sva_ucmd *ucmd)
{
	if (mmap_write_lock_killable(current->mm))
		return sva_ucmd_fail(ucmd, SVA_REASON_INTERRUPTED, -EINTR);
	mmap_write_unlock(current->mm);
	return 0;
}

/* The caller's own doing, and for as long as it does that: but it can be killed */
static int await_change(struct sva_ucmd *ucmd)
{
	usleep_range_state(500, 1000, TASK_KILLABLE);
	if (fatal_signal_pending(current))
		return sva_ucmd_fail(ucmd, SVA_REASON_INTERRUPTED, -EINTR);
	return await_address_space(ucmd);
}

static int bind_in_tries(struct sva_context *ctx, struct sva_ucmd *ucmd)
{
	int ret, tries = 0;

	for (;;) {
		ret = try_bind(ctx, ucmd);
		if (ret == -ERESTART)
			ret = await_change(ucmd);
		else if (ret == -EAGAIN && ++tries < BIND_TRIES)
			ret = sva_ucmd_fault_in(ucmd);
		else if (ret == -EAGAIN)
			return sva_ucmd_fail(ucmd, SVA_REASON_BAD_POINTER, -EFAULT);
		else
			return ret;
		if (ret)
			return ret;
	}
}

/**
 * sva_context_bind() - SVA_BIND_TASK
 *
 * R8: the caller's memory is waited for while nothing is held, or a page that
 * never comes would keep a removal or a reset waiting.  The first try takes it to be
 * there: the argument has just been read.
 */
int sva_context_bind(struct sva_context *ctx, struct sva_ucmd *ucmd)
{
	const struct sva_bind_task *args = ucmd->buf;
	int ret;

	if (args->pid)
		return sva_ucmd_fail(ucmd, SVA_REASON_OTHER_TASK, -EOPNOTSUPP);
	if (ctx->sdev->sva_reason)
		return sva_ucmd_fail(ucmd, ctx->sdev->sva_reason,
				     ctx->sdev->group ? -EOPNOTSUPP : -ENODEV);
	ret = check_binder(ctx, &ucmd->reason);
	if (!ret)
		ret = await_address_space(ucmd);
	if (ret)
		return ret;
	ret = bind_in_tries(ctx, ucmd);
	if (ret)
		sva_device_look_after(ctx->sdev);
	return ret;
}
