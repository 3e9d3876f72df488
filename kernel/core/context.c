// SPDX-License-Identifier: GPL-2.0
/*
 * context.c - the life of a context: create, bind, end
 *
 * Every end of a context, whoever wants it, goes the same way (R5): somebody
 * wins sva_context_request_end() and carries out sva_context_finish_end().
 */
#include <linux/math64.h>
#include <linux/mmu_context.h>
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>

#include "core.h"
#include "trace.h"

/* ------------------------------------------------------- for providers */

struct sva_device *sva_context_device(const struct sva_context *ctx)
{
	return ctx->sdev;
}
EXPORT_SYMBOL_GPL(sva_context_device);

u32 sva_context_pasid(const struct sva_context *ctx)
{
	return ctx->pasid;
}
EXPORT_SYMBOL_GPL(sva_context_pasid);

/* The memory of a region, from context_bind() to context_free() */
void *sva_context_region(const struct sva_context *ctx, u32 index)
{
	return ctx->regions[index];
}
EXPORT_SYMBOL_GPL(sva_context_region);

void sva_context_set_drvdata(struct sva_context *ctx, void *data)
{
	ctx->drvdata = data;
}
EXPORT_SYMBOL_GPL(sva_context_set_drvdata);

void *sva_context_drvdata(const struct sva_context *ctx)
{
	return ctx->drvdata;
}
EXPORT_SYMBOL_GPL(sva_context_drvdata);

/* In context_stop(): does the context end because the device goes? */
bool sva_context_device_gone(const struct sva_context *ctx)
{
	return READ_ONCE(ctx->sdev->gone);
}
EXPORT_SYMBOL_GPL(sva_context_device_gone);

static void post_event(struct sva_context *ctx, struct sva_event *event)
{
	event->context = ctx->id;
	event->pasid = ctx->pasid;
	event->count = 1;
	sva_events_post(&ctx->events, event);
}

/**
 * sva_context_report_fault() - an access failed and no completion can tell
 * @access: SVA_ACCESS_*
 */
void sva_context_report_fault(struct sva_context *ctx, u64 address, u32 access)
{
	struct sva_event event = {
		.type = SVA_EVENT_FAULT, .address = address, .access = access,
	};

	post_event(ctx, &event);
}
EXPORT_SYMBOL_GPL(sva_context_report_fault);

/**
 * sva_context_trace_fault() - an access met no page
 * @resolved: a page request made it accessible
 */
void sva_context_trace_fault(const struct sva_context *ctx, u64 address, u32 access,
			     bool resolved)
{
	trace_sva_fault(ctx, address, access, resolved);
}
EXPORT_SYMBOL_GPL(sva_context_trace_fault);

/**
 * sva_context_end_for_faults() - the context has faulted too much: stop it
 *
 * Any context that may sleep; the provider's context_block() is called from here.
 */
void sva_context_end_for_faults(struct sva_context *ctx)
{
	sva_context_end_async(ctx, SVA_REASON_FAULT_STORM);
}
EXPORT_SYMBOL_GPL(sva_context_end_for_faults);

/**
 * sva_context_report_error() - the device stopped the context's queue
 * @error: the device's own code
 */
void sva_context_report_error(struct sva_context *ctx, u32 error)
{
	struct sva_event event = { .type = SVA_EVENT_ERROR, .reason = error };

	post_event(ctx, &event);
}
EXPORT_SYMBOL_GPL(sva_context_report_error);

/* ------------------------------------------------------------ reference */

void sva_context_get(struct sva_context *ctx)
{
	kref_get(&ctx->ref);
}

static void context_free(struct kref *ref)
{
	struct sva_context *ctx = container_of(ref, struct sva_context, ref);

	sva_regions_free(ctx);
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
static u32 unbound_reason(const struct sva_context *ctx)
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

	if (READ_ONCE(ctx->sdev->gone)) {
		*reason = SVA_REASON_DEVICE_GONE;
		return -ENODEV;
	}
	spin_lock(&ctx->lock);
	if (ctx->mm && (ctx->mm != current->mm || (current->flags & PF_KTHREAD))) {
		*reason = SVA_REASON_OTHER_MM;
		ret = -EPERM;
	} else if (ctx->machine.phase != SVA_PHASE_BOUND) {
		*reason = unbound_reason(ctx);
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

static void unwatch_owner(struct sva_context *ctx)
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
	int ret;

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
	*reason = SVA_REASON_NO_MEMORY;
	ret = ctx->account ? sva_device_add_context(sdev, ctx, reason) : -ENOMEM;
	if (ret) {
		sva_context_put(ctx);
		return ERR_PTR(ret);
	}
	trace_sva_create(ctx);
	/* from here on it is ended, not freed */
	watch_owner(ctx);
	if (owner_dead(owner))
		queue_work(sva_wq, &ctx->owner_work);
	return ctx;
}

/* ------------------------------------------------------------------ bind */

/* R5: the end of the address space ends the binding, whoever holds the fd */
static bool mm_event(struct mmu_interval_notifier *watch,
		     const struct mmu_notifier_range *range, unsigned long seq)
{
	struct sva_context *ctx = container_of(watch, struct sva_context, mm_watch);

	if (range->event == MMU_NOTIFY_RELEASE)
		sva_context_end_async(ctx, SVA_REASON_NONE);
	return true;
}

static const struct mmu_interval_notifier_ops mm_watch_ops = {
	.invalidate = mm_event,
};

/*
 * An interval above all user memory hears of nothing but the release of the mm.
 * Unlike a notifier, its removal needs no SRCU grace period.
 */
static int watch_mm(struct sva_context *ctx)
{
	return mmu_interval_notifier_insert(&ctx->mm_watch, current->mm,
					    ULONG_MAX - PAGE_SIZE + 1, PAGE_SIZE,
					    &mm_watch_ops);
}

static int begin_bind(struct sva_context *ctx, u32 *reason)
{
	int ret;

	if (!current->mm || (current->flags & PF_KTHREAD) ||
	    task_tgid(current) != ctx->owner) {
		*reason = SVA_REASON_OTHER_PROCESS;
		return -EPERM;
	}
	spin_lock(&ctx->lock);
	ret = sva_context_bind_begin(&ctx->machine);
	if (ret) {
		*reason = unbound_reason(ctx);
		if (ctx->machine.phase == SVA_PHASE_BOUND ||
		    ctx->machine.phase == SVA_PHASE_BINDING)
			*reason = SVA_REASON_ALREADY_BOUND;
	}
	spin_unlock(&ctx->lock);
	return ret;
}

static u32 iommu_reason(const struct sva_context *ctx, int err)
{
	switch (err) {
	case -ENODEV:
		return SVA_REASON_NO_IOMMU;
	case -EOPNOTSUPP:
		return SVA_REASON_NO_SVA;
	case -ENOSPC:
		return sva_group_holds_all(ctx->sdev->group, ctx->sdev->pasid_bits) ?
			       SVA_REASON_PASID_EXHAUSTED : SVA_REASON_PASID_TAKEN;
	case -EOVERFLOW:
		return SVA_REASON_PASID_TOO_WIDE;
	case -ENOMEM:
		return SVA_REASON_NO_MEMORY;
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

/* Nothing was ever submitted under it, so it is clean whatever was there */
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

/* The process never saw this queue: no region was mapped, no doorbell rung */
static void undo_queue(struct sva_context *ctx)
{
	const struct sva_device_ops *ops = &ctx->sdev->ops;

	ops->context_block(ctx);
	ops->context_stop(ctx);
	unbind_pasid(ctx);
	ops->context_free(ctx);
}

static int start_queue(struct sva_context *ctx, struct sva_ucmd *ucmd)
{
	struct sva_bind_task *args = ucmd->buf;
	int ret;

	ret = ctx->sdev->ops.context_bind(ctx);
	if (ret) {
		unbind_pasid(ctx);
		return sva_ucmd_fail(ucmd, ret == -ENOMEM ? SVA_REASON_NO_MEMORY :
				     SVA_REASON_PROVIDER, ret);
	}
	ret = watch_mm(ctx);
	if (ret) {
		ucmd->reason = SVA_REASON_NO_MEMORY;
		goto err_queue;
	}
	args->pasid = ctx->pasid;
	ret = sva_ucmd_respond(ucmd);
	if (ret)
		goto err_watch;
	return 0;

err_watch:
	mmu_interval_notifier_remove(&ctx->mm_watch);
err_queue:
	undo_queue(ctx);
	return ret;
}

static int bind_steps(struct sva_context *ctx, struct sva_ucmd *ucmd)
{
	int ret;

	ret = sva_regions_alloc(ctx);
	if (ret)
		return sva_ucmd_fail(ucmd, SVA_REASON_NO_MEMORY, ret);
	ret = bind_pasid(ctx, &ucmd->reason);
	if (!ret)
		ret = start_queue(ctx, ucmd);
	if (ret)
		sva_regions_free(ctx);
	return ret;
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
		unwatch_owner(ctx);
		down_write(&ctx->active);
		ctx->queue_ready = true;
		up_write(&ctx->active);
	}
	spin_lock(&ctx->lock);
	if (bound) {
		ctx->mm = current->mm;
		end = sva_context_bind_done(&ctx->machine);
	} else {
		end = sva_context_bind_undo(&ctx->machine);
	}
	spin_unlock(&ctx->lock);

	if (bound)
		tell_bound(ctx);
	if (end)
		sva_context_finish_end(ctx);
}

/**
 * sva_context_bind() - SVA_BIND_TASK
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
	ret = sva_device_viable(ctx->sdev, &ucmd->reason);
	if (ret)
		return ret;
	ret = begin_bind(ctx, &ucmd->reason);
	if (ret)
		return ret;

	ret = sva_device_begin_bind(ctx, &ucmd->reason);
	if (!ret) {
		ret = bind_steps(ctx, ucmd);
		if (ret)
			sva_device_undo_bind(ctx->sdev);
	}
	leave_bind(ctx, !ret);
	return ret;
}

/* ------------------------------------------------------------------- end */

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
 * The order that R3 rests on: no new work, stop, out of the IOMMU whatever stop
 * said, which drains page requests, and only then the verdict.
 */
static enum sva_release stop_queue(struct sva_context *ctx)
{
	const struct sva_device_ops *ops = &ctx->sdev->ops;
	enum sva_evidence evidence;
	enum sva_release release;

	down_write(&ctx->active);
	ctx->queue_ready = false;
	up_write(&ctx->active);

	sva_pasid_begin_end(ctx->pasid_entry);
	ops->context_block(ctx);
	evidence = ops->context_stop(ctx);
	iommu_sva_unbind_device(ctx->handle);
	ctx->handle = NULL;
	release = sva_release_decide(evidence, ctx->claim,
				     READ_ONCE(ctx->sdev->trust_users));

	mmu_interval_notifier_remove(&ctx->mm_watch);
	ops->context_counters(ctx, &ctx->counters);
	ops->context_free(ctx);
	sva_pasid_finish_end(ctx->pasid_entry, release);
	return release;
}

static void tell_end(struct sva_context *ctx)
{
	struct sva_event event = { .reason = ctx->end_reason };

	switch (ctx->end_reason) {
	case SVA_REASON_NONE:
		/* the address space has gone: its events are nobody's business */
		ctx->cursor = sva_events_head(&ctx->events);
		wake_up_interruptible_all(&ctx->events.wait);
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
	post_event(ctx, &event);
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
	bool was_bound = ctx->handle, quarantined;

	if (was_bound)
		release = stop_queue(ctx);
	else
		unwatch_owner(ctx);
	sva_pins_close(&ctx->pins);
	sva_externals_revoke(ctx);
	sva_irqs_disable(ctx);
	tell_end(ctx);

	quarantined = sva_device_context_ended(ctx, release, was_bound);
	if (pasid && !quarantined)
		sva_pasid_put(pasid);
	complete_all(&ctx->ended);
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
	struct sva_pasid *pasid = ctx->pasid_entry;

	if (!sva_device_context_resolved(ctx, release))
		return;
	sva_orphans_drop(ctx);
	sva_pasid_resolve(pasid);
	sva_pasid_put(pasid);
	sva_context_put(ctx);
}

/**
 * sva_context_late_evidence() - the device knows now what it did not when it stopped
 * @id: of the context; context_stop() has returned SVA_EVIDENCE_NEITHER for it
 * @evidence: SVA_EVIDENCE_FLUSHED or SVA_EVIDENCE_CLEAN
 *
 * By the provider, in process context, before it unregisters the device.  What
 * was flushed is drained: its PASID was out of the IOMMU already.
 */
void sva_context_late_evidence(struct sva_device *sdev, u64 id, enum sva_evidence evidence)
{
	struct sva_context *ctx = sva_partitions_find(sdev->whole, id);

	if (!ctx)
		return;
	if (evidence == SVA_EVIDENCE_FLUSHED || evidence == SVA_EVIDENCE_CLEAN)
		sva_context_resolve(ctx, sva_release_decide(evidence, SVA_CLAIM_NONE, false));
	sva_context_put(ctx);
}
EXPORT_SYMBOL_GPL(sva_context_late_evidence);

/**
 * sva_context_count_stale() - the IOMMU refused an access after context_stop()
 */
void sva_context_count_stale(struct sva_device *sdev, u64 id)
{
	struct sva_context *ctx = sva_partitions_find(sdev->whole, id);

	if (!ctx)
		return;
	down_write(&ctx->active);
	ctx->counters.stale++;
	up_write(&ctx->active);
	sva_context_put(ctx);
}
EXPORT_SYMBOL_GPL(sva_context_count_stale);

u64 sva_context_id(const struct sva_context *ctx)
{
	return ctx->id;
}
EXPORT_SYMBOL_GPL(sva_context_id);

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
	if (ctx->queue_ready)
		ctx->sdev->ops.context_counters(ctx, &counters);
	up_read(&ctx->active);

	memset(entry, 0, sizeof(*entry));
	entry->submitted = counters.submitted;
	entry->faults = counters.faults;
	entry->page_requests = counters.page_requests;
	entry->stale = counters.stale;

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
