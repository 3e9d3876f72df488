// SPDX-License-Identifier: GPL-2.0
/*
 * table.c - a device's contexts, and what they are counted against
 *
 * A partition shares the lock of the whole device, on which live contexts,
 * quarantine and resets count.
 */
#include <linux/jiffies.h>

#include "core.h"
#include "trace.h"

void sva_device_post(struct sva_device *sdev, u32 type, struct sva_context *ctx)
{
	struct sva_event event = { .type = type };

	if (ctx) {
		if (ctx->silent)
			return;
		event.context = ctx->id;
		event.cookie = ctx->cookie;
		event.pasid = ctx->pasid;
		event.release = ctx->machine.release;
		event.reason = ctx->end_reason;
	}
	event.count = 1;
	sva_events_post(&sdev->events, &event);
}

int sva_device_usable(struct sva_device *sdev, u32 *reason)
{
	lockdep_assert_held(&sdev->whole->lock);
	if (sva_device_gone(sdev)) {
		*reason = SVA_REASON_DEVICE_GONE;
		return -ENODEV;
	}
	return 0;
}

static int take_type(struct sva_device *sdev, u32 type, u32 *reason)
{
	int ret = sva_device_usable(sdev, reason);

	if (ret)
		return ret;
	if (sdev->type_used[type] >= sdev->desc.types[type].total) {
		*reason = SVA_REASON_TYPE_EXHAUSTED;
		return -ENOSPC;
	}
	sdev->type_used[type]++;
	sdev->num_contexts++;
	return 0;
}

static void put_type(struct sva_device *sdev, u32 type)
{
	lockdep_assert_held(&sdev->whole->lock);
	sdev->type_used[type]--;
	sdev->num_contexts--;
}

/**
 * sva_device_add_context() - enter a new context into the device's table
 *
 * The table holds a reference until the context has ended and its PASID's
 * release is known.
 */
int sva_device_add_context(struct sva_device *sdev, struct sva_context *ctx, u32 *reason)
{
	int ret;

	ret = xa_reserve(&sdev->contexts, ctx->id, GFP_KERNEL_ACCOUNT);
	if (ret) {
		*reason = SVA_REASON_NO_MEMORY;
		return ret;
	}
	spin_lock(&sdev->whole->lock);
	ret = take_type(sdev, ctx->type, reason);
	if (!ret) {
		sva_context_get(ctx);
		xa_store(&sdev->contexts, ctx->id, ctx, GFP_ATOMIC);
	}
	spin_unlock(&sdev->whole->lock);
	if (ret)
		xa_release(&sdev->contexts, ctx->id);
	return ret;
}

static int begin_bind_locked(struct sva_device *sdev, struct sva_context *ctx, u32 *reason)
{
	int ret = sva_device_usable(sdev, reason);

	if (ret)
		return ret;
	if (sdev->whole->resetting) {
		*reason = SVA_REASON_RESETTING;
		return -EBUSY;
	}
	if (atomic_read(&sdev->group->changing)) {
		*reason = SVA_REASON_GROUP_CHANGING;
		return -EBUSY;
	}
	if (sdev->whole->all_quarantined >= sdev->whole->desc.max_quarantined) {
		*reason = SVA_REASON_QUARANTINE_FULL;
		return -ENOSPC;
	}
	if (sva_account_full(ctx->account)) {
		*reason = SVA_REASON_QUARANTINE_ACCOUNT;
		return -ENOSPC;
	}
	sdev->whole->live++;
	return 0;
}

/**
 * sva_device_begin_bind() - is the device fit for a binding now?
 *
 * On success resets and removal wait for sva_device_undo_bind() or
 * sva_device_context_ended().
 */
int sva_device_begin_bind(struct sva_context *ctx, u32 *reason)
{
	struct sva_device *sdev = ctx->sdev;
	int ret;

	spin_lock(&sdev->whole->lock);
	ret = begin_bind_locked(sdev, ctx, reason);
	spin_unlock(&sdev->whole->lock);
	return ret;
}

/* An idle device with quarantine cleans itself: whatever is refused or ends looks after it */
static void maybe_reset_locked(struct sva_device *whole)
{
	lockdep_assert_held(&whole->lock);
	if (whole->gone || whole->resetting || whole->live || !whole->all_quarantined ||
	    !whole->ops.reset || get_jiffies_64() < whole->reset_after)
		return;
	whole->resetting = true;
	queue_work(sva_wq, &whole->reset_work);
}

void sva_device_undo_bind(struct sva_device *sdev)
{
	spin_lock(&sdev->whole->lock);
	sdev->whole->live--;
	spin_unlock(&sdev->whole->lock);
	wake_up_all(&sdev->whole->idle);
}

/**
 * sva_device_look_after() - by who could not bind
 *
 * The last context may have ended while this one was counted, and nobody else be left to
 * begin the reset.  Not between two tries, which it would meet.
 */
void sva_device_look_after(struct sva_device *sdev)
{
	spin_lock(&sdev->whole->lock);
	maybe_reset_locked(sdev->whole);
	spin_unlock(&sdev->whole->lock);
}

static void forget_context(struct sva_device *sdev, struct sva_context *ctx)
{
	lockdep_assert_held(&sdev->whole->lock);
	xa_erase(&sdev->contexts, ctx->id);
	put_type(sdev, ctx->type);
}

static bool end_machine(struct sva_context *ctx, enum sva_release release)
{
	bool quarantined;

	spin_lock(&ctx->lock);
	ctx->mm = NULL;
	WARN_ON_ONCE(sva_context_ended(&ctx->machine, release));
	quarantined = ctx->machine.phase == SVA_PHASE_QUARANTINED;
	spin_unlock(&ctx->lock);
	return quarantined;
}

/**
 * sva_device_context_ended() - give back what a context had
 * @was_live: it was bound
 *
 * Its state, the counts and the events change as one: who sees one of them finds
 * the others.  Returns whether the context is in quarantine now; if not, the
 * table's reference is the caller's to put.
 */
bool sva_device_context_ended(struct sva_context *ctx, enum sva_release release,
			      bool was_live)
{
	struct sva_device *sdev = ctx->sdev;
	bool quarantined;

	spin_lock(&sdev->whole->lock);
	quarantined = end_machine(ctx, release);
	sdev->whole->live -= was_live;
	if (quarantined) {
		sdev->num_quarantined++;
		sdev->whole->all_quarantined++;
		atomic_inc(&ctx->account->quarantined);
	} else {
		forget_context(sdev, ctx);
	}
	trace_sva_unbind(ctx);
	sva_device_post(sdev, SVA_EVENT_ENDED, ctx);
	if (quarantined)
		trace_sva_quarantine(ctx);
	else
		trace_sva_release(ctx);
	if (quarantined)
		sva_device_post(sdev, SVA_EVENT_QUARANTINED, ctx);
	maybe_reset_locked(sdev->whole);
	spin_unlock(&sdev->whole->lock);
	wake_up_all(&sdev->whole->idle);
	return quarantined;
}

/**
 * sva_device_context_resolved() - a context leaves quarantine
 *
 * All of it at once: who hears that the PASID is released can bind it.
 * Returns false if it was in none; if true, the references to the PASID and the table's
 * are the caller's to put.
 */
bool sva_device_context_resolved(struct sva_context *ctx, enum sva_release release)
{
	struct sva_device *sdev = ctx->sdev;
	int ret;

	spin_lock(&sdev->whole->lock);
	spin_lock(&ctx->lock);
	ret = sva_context_resolved(&ctx->machine, release);
	spin_unlock(&ctx->lock);
	if (!ret) {
		forget_context(sdev, ctx);
		if (sdev->share_returned)
			sdev->whole->type_used[sdev->share_type]--;
		sdev->num_quarantined--;
		sdev->whole->all_quarantined--;
		atomic_dec(&ctx->account->quarantined);
		sva_orphans_drop(ctx);
		sva_pasid_resolve(ctx->pasid_entry);
		trace_sva_release(ctx);
		sva_device_post(sdev, SVA_EVENT_RELEASED, ctx);
	}
	spin_unlock(&sdev->whole->lock);
	wake_up_all(&sdev->whole->idle);
	return !ret;
}

/* The context with the lowest id above @after, with a reference, or NULL */
struct sva_context *sva_device_next(struct sva_device *sdev, u64 after)
{
	unsigned long id = after;
	struct sva_context *ctx;

	spin_lock(&sdev->whole->lock);
	ctx = xa_find_after(&sdev->contexts, &id, ULONG_MAX, XA_PRESENT);
	if (ctx)
		sva_context_get(ctx);
	spin_unlock(&sdev->whole->lock);
	return ctx;
}

struct sva_context *sva_device_find(struct sva_device *sdev, u64 id)
{
	struct sva_context *ctx;

	spin_lock(&sdev->whole->lock);
	ctx = xa_load(&sdev->contexts, id);
	if (ctx)
		sva_context_get(ctx);
	spin_unlock(&sdev->whole->lock);
	return ctx;
}

