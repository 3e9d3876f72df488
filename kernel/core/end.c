// SPDX-License-Identifier: GPL-2.0
/*
 * end.c - the one teardown (R5), and the way out of quarantine (R3)
 *
 * Every end of a context, whoever wants it, goes the same way: somebody wins
 * sva_context_request_end() and carries out sva_context_finish_end().
 */
#include <linux/delay.h>
#include <linux/sched/mm.h>

#include "core.h"

static bool request_end_locked(struct sva_context *ctx, u32 reason, enum sva_claim claim)
{
	lockdep_assert_held(&ctx->lock);
	if (!ctx->machine.ending) {
		ctx->end_reason = reason;
		ctx->claim = claim;
	}
	return sva_context_end(&ctx->machine);
}

/**
 * sva_context_request_end() - whoever wants the end of a context comes here
 * @reason: what later callers are told, 0 for an end that the process wanted
 *
 * Must be callable from an mmu notifier.  Returns true to the one caller that
 * has to see to it that sva_context_finish_end() runs.
 */
bool sva_context_request_end(struct sva_context *ctx, u32 reason)
{
	bool bound, mine;

	spin_lock(&ctx->lock);
	bound = ctx->machine.phase == SVA_PHASE_BOUND;
	mine = request_end_locked(ctx, reason, SVA_CLAIM_NONE);
	spin_unlock(&ctx->lock);

	sva_race_point();
	if (mine && bound)
		ctx->sdev->ops.context_block(ctx);
	return mine;
}

/**
 * sva_context_request_unbind() - the process itself wants the end
 *
 * The only end that holders in the kernel can put off, and the only one that
 * carries a claim (R4).  1: the caller has to carry it out, 0: it is under way,
 * -EBUSY: held.
 */
int sva_context_request_unbind(struct sva_context *ctx, enum sva_claim claim)
{
	int ret = -EBUSY;

	spin_lock(&ctx->lock);
	if (list_empty(&ctx->externals))
		ret = request_end_locked(ctx, SVA_REASON_NONE, claim);
	spin_unlock(&ctx->lock);
	return ret;
}

void sva_context_end_async(struct sva_context *ctx, u32 reason)
{
	if (sva_context_request_end(ctx, reason)) {
		sva_context_get(ctx);
		queue_work(sva_wq, &ctx->end_work);
	}
}

/*
 * iommu_sva_unbind_device() waits for answers to page requests, and holds locks of the
 * core's meanwhile that every bind and unbind takes.  A page that does not come (R8) is
 * better awaited before, where nothing is held.  Where the provider cannot tell whose they
 * are, all are waited for that are with the IOMMU's queue.
 */
static void await_answers(struct sva_context *ctx)
{
	if (ctx->sdev->ops.context_await_answers)
		ctx->sdev->ops.context_await_answers(ctx);
	else if (ctx->sdev->desc.flags & SVA_DEVICE_FLAG_PAGE_REQUESTS)
		iopf_queue_flush_dev(ctx->sdev->parent);
}

/*
 * Off the device and out of the IOMMU, in the order that R3 rests on: doorbells
 * closed, no new work, stop, and the PASID taken out whatever stop said, which drains
 * page requests.
 */
static void leave_device(struct sva_context *ctx)
{
	const struct sva_device_ops *ops = &ctx->sdev->ops;

	/* whoever binds under this PASID waits from now on */
	sva_pasid_begin_end(ctx->pasid_entry);
	down_write(&ctx->active);
	ctx->queue_ready = false;
	up_write(&ctx->active);
	sva_race_point();
	sva_regions_close(ctx);

	ops->context_block(ctx);
	ctx->evidence = ops->context_stop(ctx);
	await_answers(ctx);
	sva_race_point();
	iommu_sva_unbind_device(ctx->handle);
	ctx->handle = NULL;
}

/**
 * sva_context_mm_ends() - the address space ends; from its notifier, which may sleep
 *
 * Before the IOMMU driver hears of it.  That takes the PASID out, too, and some do
 * badly: after intel-iommu has, iommu_sva_unbind_device() drains no page requests, and
 * frees what their handlers still use; and both at once leave translations on the
 * device.  So the context leaves here and now, whoever has won its end.  But not in a
 * worker: it may be the one that handles page requests, which unbinding waits for.
 */
void sva_context_mm_ends(struct sva_context *ctx)
{
	sva_context_end_async(ctx, SVA_REASON_NONE);
	sva_race_point();
	if (ctx->handle && !(current->flags & PF_WQ_WORKER))
		leave_device(ctx);
	complete_all(&ctx->mm_ended);
}

/* exit_mmap() is over when the mm knows its program no more; no event tells */
static bool exit_is_over(const struct mm_struct *mm)
{
	return !rcu_access_pointer(mm->exe_file);
}

static void await_exit(const struct mm_struct *mm)
{
	while (!exit_is_over(mm))
		usleep_range(50, 100);
}

/* Should the end of the mm ever not be told, its exit is over all the same */
static void await_mm_end(struct sva_context *ctx)
{
	while (!wait_for_completion_timeout(&ctx->mm_ended, msecs_to_jiffies(10)) &&
	       !exit_is_over(ctx->pasid_entry->mm))
		;
}

/* The address space is kept from ending meanwhile, or its end has come this far */
static void see_to_leaving(struct sva_context *ctx)
{
	struct mm_struct *mm = ctx->pasid_entry->mm;

	if (mmget_not_zero(mm)) {
		sva_race_point();
		leave_device(ctx);
		/* not the last reference: what comes with that is not for here */
		mmput_async(mm);
		return;
	}
	await_mm_end(ctx);
	if (!ctx->handle)
		return;
	await_exit(mm);
	await_answers(ctx);
	leave_device(ctx);
}

/* What was counted last; the queue is freed next */
static void take_counters(struct sva_context *ctx)
{
	down_write(&ctx->active);
	ctx->sdev->ops.context_counters(ctx, &ctx->counters);
	ctx->has_queue = false;
	up_write(&ctx->active);
}

/* Out of the IOMMU, and only then the verdict */
static enum sva_release stop_queue(struct sva_context *ctx)
{
	const struct sva_device_ops *ops = &ctx->sdev->ops;

	see_to_leaving(ctx);
	ctx->release = sva_release_decide(ctx->evidence, ctx->claim,
					  READ_ONCE(ctx->sdev->trust_users));

	mmu_interval_notifier_remove(&ctx->mm_watch);
	take_counters(ctx);
	ops->context_free(ctx);
	ctx->counting = ctx->release == SVA_RELEASE_NEITHER && ops->quarantine_counters;
	sva_pasid_finish_end(ctx->pasid_entry, ctx->release);
	return ctx->release;
}

/* The provider is not asked about it any more, and no call that asks is under way */
void sva_context_stop_counting(struct sva_context *ctx)
{
	down_write(&ctx->active);
	ctx->counting = false;
	up_write(&ctx->active);
}

static void tell_end(struct sva_context *ctx)
{
	struct sva_event event = { .reason = ctx->end_reason };

	switch (ctx->end_reason) {
	case SVA_REASON_NONE:
		/* the address space has gone: its events are nobody's business */
		ctx->cursor = sva_events_head(&ctx->events);
		return;
	case SVA_REASON_DEVICE_GONE:
		event.type = SVA_EVENT_GONE;
		break;
	case SVA_REASON_RESETTING:
		event.type = SVA_EVENT_RESET;
		break;
	default:
		event.type = SVA_EVENT_REVOKED;
	}
	sva_context_post(ctx, &event);
}

/**
 * sva_context_finish_end() - the one teardown (R5)
 *
 * In process context, holding no locks, by the winner of
 * sva_context_request_end() or by the binder.
 */
void sva_context_finish_end(struct sva_context *ctx)
{
	enum sva_release release = SVA_RELEASE_CLEAN;
	struct sva_pasid *pasid = ctx->pasid_entry;
	bool was_bound = pasid, quarantined;

	if (was_bound)
		release = stop_queue(ctx);
	else
		sva_context_unwatch_owner(ctx);
	sva_race_point();
	sva_pins_close(&ctx->pins);
	sva_externals_revoke(ctx);
	sva_irqs_disable(ctx);
	tell_end(ctx);

	sva_race_point();
	quarantined = sva_device_context_ended(ctx, release, was_bound);
	if (pasid && !quarantined)
		sva_pasid_put(pasid);
	complete_all(&ctx->ended);
	wake_up_interruptible_all(&ctx->events.wait);
	if (!quarantined)
		sva_context_put(ctx);
}

/**
 * sva_context_resolve() - a reset or late evidence cleared its PASID (R3)
 *
 * Does nothing unless the context is in quarantine.
 */
void sva_context_resolve(struct sva_context *ctx, enum sva_release release)
{
	sva_context_stop_counting(ctx);
	sva_race_point();
	if (!sva_device_context_resolved(ctx, release))
		return;
	sva_pasid_put(ctx->pasid_entry);
	sva_context_put(ctx);
}
