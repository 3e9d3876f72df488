// SPDX-License-Identifier: GPL-2.0
/*
 * context.c - contexts: creation, who may use them, what is told of them
 *
 * bind.c and end.c have the two great moments of their lives.
 */
#include <linux/math64.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "core.h"
#include "trace.h"

/* ------------------------------------------------------------ reference */

void sva_context_get(struct sva_context *ctx)
{
	kref_get(&ctx->ref);
}

static void context_free(struct kref *ref)
{
	struct sva_context *ctx = container_of(ref, struct sva_context, ref);

	sva_regions_free(ctx);
	iput(ctx->inode);
	sva_pins_free(&ctx->pins);
	sva_irqs_free(ctx);
	sva_events_free(&ctx->events);
	put_pid(ctx->owner);
	sva_account_put(ctx->account);
	put_device(&ctx->sdev->dev);
	kfree(ctx);
}

void sva_context_put(struct sva_context *ctx)
{
	kref_put(&ctx->ref, context_free);
}

/* ------------------------------------------------------------ permission */

/* Why a context that is not bound any more, or not yet, does nothing */
u32 sva_context_unbound_reason(const struct sva_context *ctx)
{
	if (ctx->machine.phase <= SVA_PHASE_BINDING && !ctx->machine.ending)
		return SVA_REASON_NOT_BOUND;
	return ctx->end_reason ?: SVA_REASON_CONTEXT_ENDED;
}

/**
 * sva_context_check() - R1: the one predicate of every file operation
 *
 * 0 if the context is bound to the address space of the caller.
 */
int sva_context_check(struct sva_context *ctx, u32 *reason)
{
	int ret = 0;

	if (sva_device_gone(ctx->sdev)) {
		*reason = SVA_REASON_DEVICE_GONE;
		return -ENODEV;
	}
	spin_lock(&ctx->lock);
	if (ctx->mm && (ctx->mm != current->mm || (current->flags & PF_KTHREAD))) {
		*reason = SVA_REASON_OTHER_MM;
		ret = -EPERM;
	} else if (ctx->machine.phase != SVA_PHASE_BOUND) {
		*reason = sva_context_unbound_reason(ctx);
		ret = -EPERM;
	}
	spin_unlock(&ctx->lock);
	return ret;
}

/**
 * sva_context_enter() - sva_context_check(), and hold the provider's queue
 *
 * Until sva_context_leave() the queue is there.
 */
int sva_context_enter(struct sva_context *ctx, u32 *reason)
{
	int ret;

	down_read(&ctx->active);
	sva_race_point();
	ret = sva_context_check(ctx, reason);
	if (!ret && !ctx->queue_ready) {
		*reason = SVA_REASON_CONTEXT_ENDED;
		ret = -EPERM;
	}
	if (ret)
		up_read(&ctx->active);
	return ret;
}

void sva_context_leave(struct sva_context *ctx)
{
	up_read(&ctx->active);
}

/* ----------------------------------------------------------------- owner */

static bool owner_dead(struct pid *owner)
{
	struct task_struct *task;
	bool dead;

	rcu_read_lock();
	task = pid_task(owner, PIDTYPE_TGID);
	dead = !task || (READ_ONCE(task->exit_state) && thread_group_empty(task));
	rcu_read_unlock();
	return dead;
}

/* R2: an unbound context whose owner has died is revoked */
static void owner_work(struct work_struct *work)
{
	struct sva_context *ctx = container_of(work, struct sva_context, owner_work);

	if (owner_dead(ctx->owner))
		sva_context_end_async(ctx, SVA_REASON_OWNER_GONE);
}

/* What a pidfd waits for, which is also woken when nothing ended */
static int owner_woken(struct wait_queue_entry *wait, unsigned int mode, int flags,
		       void *key)
{
	struct sva_context *ctx = container_of(wait, struct sva_context, owner_watch);

	queue_work(sva_wq, &ctx->owner_work);
	return 0;
}

static void watch_owner(struct sva_context *ctx)
{
	init_waitqueue_func_entry(&ctx->owner_watch, owner_woken);
	add_wait_queue(&ctx->owner->wait_pidfd, &ctx->owner_watch);
	ctx->owner_watched = true;
}

void sva_context_unwatch_owner(struct sva_context *ctx)
{
	if (!ctx->owner_watched)
		return;
	ctx->owner_watched = false;
	remove_wait_queue(&ctx->owner->wait_pidfd, &ctx->owner_watch);
	cancel_work_sync(&ctx->owner_work);
}

static struct pid *find_owner(s32 nr, u32 *reason)
{
	struct pid *pid = nr > 0 ? find_get_pid(nr) : NULL;

	if (pid && !owner_dead(pid))
		return pid;
	put_pid(pid);
	*reason = SVA_REASON_OWNER_GONE;
	return ERR_PTR(-ESRCH);
}

/* ---------------------------------------------------------------- create */

/*
 * Never given again: starts at the microseconds since boot, so that it does not
 * start over when the module is loaded anew.  No context is created in less.
 */
static atomic64_t last_id;

static u64 next_id(void)
{
	return atomic64_inc_return(&last_id);
}

void sva_context_init_ids(void)
{
	atomic64_set(&last_id, div_u64(ktime_get_boottime_ns(), NSEC_PER_USEC));
}

static void end_work(struct work_struct *work)
{
	struct sva_context *ctx = container_of(work, struct sva_context, end_work);

	sva_context_finish_end(ctx);
	sva_context_put(ctx);
}

static struct sva_context *context_alloc(struct sva_device *sdev)
{
	struct sva_context *ctx = kzalloc_obj(*ctx, GFP_KERNEL_ACCOUNT);

	if (!ctx)
		return NULL;
	kref_init(&ctx->ref);
	ctx->sdev = sdev;
	get_device(&sdev->dev);
	spin_lock_init(&ctx->lock);
	spin_lock_init(&ctx->irq_lock);
	mutex_init(&ctx->read_lock);
	init_rwsem(&ctx->active);
	init_completion(&ctx->ended);
	init_completion(&ctx->mm_ended);
	INIT_WORK(&ctx->end_work, end_work);
	INIT_WORK(&ctx->owner_work, owner_work);
	INIT_LIST_HEAD(&ctx->orphan);
	INIT_LIST_HEAD(&ctx->externals);
	sva_pins_init(&ctx->pins);
	sva_context_machine_init(&ctx->machine);
	if (sva_events_init(&ctx->events, SVA_CONTEXT_EVENTS, GFP_KERNEL_ACCOUNT) ||
	    sva_irqs_alloc(ctx)) {
		sva_context_put(ctx);
		return NULL;
	}
	return ctx;
}

/**
 * sva_context_create() - a context for one process, unbound (R2)
 *
 * The caller owns the reference that goes into the context's file.
 */
struct sva_context *sva_context_create(struct sva_device *sdev,
				       const struct sva_create_context *args,
				       u32 *reason)
{
	struct sva_context *ctx;
	struct pid *owner;
	int ret, end;

	owner = find_owner(args->owner, reason);
	if (IS_ERR(owner))
		return ERR_CAST(owner);
	ctx = context_alloc(sdev);
	if (!ctx) {
		put_pid(owner);
		*reason = SVA_REASON_NO_MEMORY;
		return ERR_PTR(-ENOMEM);
	}
	ctx->owner = owner;
	ctx->id = next_id();
	ctx->cookie = args->cookie;
	ctx->type = args->type;
	ctx->account = sva_account_get(args->account);
	/* who finds it in the table and ends it leaves that to us until the owner is watched */
	(void)sva_context_bind_begin(&ctx->machine);
	*reason = SVA_REASON_NO_MEMORY;
	ret = ctx->account ? sva_device_add_context(sdev, ctx, reason) : -ENOMEM;
	if (ret) {
		sva_context_put(ctx);
		return ERR_PTR(ret);
	}
	trace_sva_create(ctx);
	sva_race_point();
	/* from here on it is ended, not freed */
	watch_owner(ctx);
	sva_race_point();
	if (owner_dead(owner))
		queue_work(sva_wq, &ctx->owner_work);
	spin_lock(&ctx->lock);
	end = sva_context_bind_undo(&ctx->machine);
	spin_unlock(&ctx->lock);
	if (end)
		sva_context_finish_end(ctx);
	return ctx;
}

/* ------------------------------------------------------------ what is told */

static u32 state_of(const struct sva_context *ctx)
{
	switch (ctx->machine.phase) {
	case SVA_PHASE_CREATED:
	case SVA_PHASE_BINDING:
		return SVA_STATE_CREATED;
	case SVA_PHASE_BOUND:
		return SVA_STATE_BOUND;
	case SVA_PHASE_STOPPING:
		return SVA_STATE_STOPPING;
	case SVA_PHASE_QUARANTINED:
		return SVA_STATE_QUARANTINED;
	default:
		return SVA_STATE_ENDED;
	}
}

/**
 * sva_context_entry() - all that can be told of a context
 */
void sva_context_entry(struct sva_context *ctx, struct sva_context_entry *entry)
{
	struct sva_counters counters;

	down_read(&ctx->active);
	counters = ctx->counters;
	if (ctx->has_queue)
		ctx->sdev->ops.context_counters(ctx, &counters);
	else if (ctx->counting)
		ctx->sdev->ops.quarantine_counters(ctx, &counters);
	up_read(&ctx->active);

	memset(entry, 0, sizeof(*entry));
	entry->submitted = counters.submitted;
	entry->faults = counters.faults;
	entry->page_requests = counters.page_requests;
	entry->page_groups = counters.page_groups;
	entry->ats_requests = counters.ats_requests;
	entry->stale = counters.stale;
	entry->fault_ns = counters.fault_ns;
	entry->waiting_ms = min_t(u64, div_u64(counters.waiting_ns, NSEC_PER_MSEC), U32_MAX);
	memcpy(entry->fault_histogram, counters.fault_histogram,
	       sizeof(entry->fault_histogram));

	entry->id = ctx->id;
	entry->cookie = ctx->cookie;
	entry->owner = owner_dead(ctx->owner) ? 0 : pid_vnr(ctx->owner);
	entry->account = ctx->account->uid;
	entry->type = ctx->type;
	spin_lock(&ctx->lock);
	entry->state = state_of(ctx);
	entry->release = ctx->machine.release;
	entry->pasid = ctx->pasid;
	entry->end_reason = ctx->end_reason;
	spin_unlock(&ctx->lock);
}
