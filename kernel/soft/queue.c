// SPDX-License-Identifier: GPL-2.0
/*
 * queue.c - a context's queue, from bind to stop
 */
#include <linux/iommu.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "soft.h"

static void queue_free(struct kref *ref)
{
	struct soft_queue *q = container_of(ref, struct soft_queue, ref);

	kfree(q->bounce);
	kfree(q);
}

void soft_queue_put(struct soft_queue *q)
{
	kref_put(&q->ref, queue_free);
}

static int context_bind(struct sva_context *ctx)
{
	struct soft_device *sd = sva_device_drvdata(sva_context_device(ctx));
	struct soft_queue *q = kzalloc_obj(*q, GFP_KERNEL_ACCOUNT);

	if (!q)
		return -ENOMEM;
	q->bounce = kmalloc(2 * PAGE_SIZE, GFP_KERNEL_ACCOUNT);
	if (!q->bounce) {
		kfree(q);
		return -ENOMEM;
	}
	kref_init(&q->ref);
	INIT_WORK(&q->work, soft_engine_work);
	init_waitqueue_head(&q->wait);
	q->ctx = ctx;
	q->sd = sd;
	q->pasid = sva_context_pasid(ctx);
	q->entries = sd->ring_entries;
	q->doorbell = sva_context_region(ctx, SVA_ACCEL_REGION_DOORBELL);
	q->ring = sva_context_region(ctx, SVA_ACCEL_REGION_RING);
	q->status = sva_context_region(ctx, SVA_ACCEL_REGION_STATUS);
	q->status->entries = q->entries;
	q->status->flags = SVA_ACCEL_STATUS_NEED_DOORBELL;
	q->status->state = SVA_ACCEL_QUEUE_RUNNING;
	sva_context_set_drvdata(ctx, q);
	soft_ghosts_bind(q);
	return 0;
}

static void context_block(struct sva_context *ctx)
{
	struct soft_queue *q = sva_context_drvdata(ctx);

	WRITE_ONCE(q->blocked, true);
	wake_up_all(&q->wait);
	wake_up_all(&q->sd->awake);
}

/* At most one window's work, and no page response, is waited for */
static enum sva_evidence context_stop(struct sva_context *ctx)
{
	struct soft_queue *q = sva_context_drvdata(ctx);

	cancel_work_sync(&q->work);
	smp_store_release(&q->status->state, sva_context_device_gone(ctx) ?
			  SVA_ACCEL_QUEUE_GONE : SVA_ACCEL_QUEUE_STOPPED);
	return soft_misbehave_at_stop(q, atomic_read(&q->outstanding) ?
				      SVA_EVIDENCE_FLUSHED : SVA_EVIDENCE_CLEAN);
}

static bool none_outstanding(const struct soft_queue *q)
{
	return !atomic_read(&q->outstanding);
}

/* What a rogue goes on asking under its PASID is nobody's: then all are waited for */
static void context_await_answers(struct sva_context *ctx)
{
	struct soft_queue *q = sva_context_drvdata(ctx);

	wait_event(q->wait, none_outstanding(q));
	if (q->sd->page_requests && soft_ghosts_are_there(q->sd))
		iopf_queue_flush_dev(&q->sd->pdev->dev);
}

static void context_free(struct sva_context *ctx)
{
	soft_ghosts_unbind(sva_context_drvdata(ctx));
	soft_queue_put(sva_context_drvdata(ctx));
	sva_context_set_drvdata(ctx, NULL);
}

/* For how long none of its page requests has been answered */
static u64 waiting_ns(const struct soft_queue *q)
{
	bool waits = atomic_read(&q->outstanding);
	u64 asked, now;

	smp_rmb();
	asked = READ_ONCE(q->asked);
	now = ktime_get_ns();
	return waits && now > asked ? now - asked : 0;
}

static void context_counters(struct sva_context *ctx, struct sva_counters *counters)
{
	const struct soft_queue *q = sva_context_drvdata(ctx);

	counters->submitted = READ_ONCE(q->head);
	counters->faults = READ_ONCE(q->status->faults);
	counters->page_requests = READ_ONCE(q->status->page_requests);
	counters->stale = READ_ONCE(q->stale);
	counters->page_groups = READ_ONCE(q->status->page_groups);
	counters->ats_requests = READ_ONCE(q->windows);
	counters->fault_ns = READ_ONCE(q->status->fault_ns);
	counters->waiting_ns = waiting_ns(q);
	memcpy(counters->fault_histogram, q->histogram, sizeof(q->histogram));
}

static void context_doorbell(struct sva_context *ctx, u32 index, u64 offset, size_t len)
{
	struct soft_queue *q = sva_context_drvdata(ctx);

	if (index != SVA_ACCEL_REGION_DOORBELL || READ_ONCE(q->blocked))
		return;
	wake_up_all(&q->wait);
	queue_work(q->sd->engines, &q->work);
}

/* No queue is left when this is called, so there is nothing to wait for */
static int reset(struct sva_device *sdev)
{
	struct soft_device *sd = sva_device_drvdata(sdev);

	if (READ_ONCE(sd->misbehave) == ACCEL_HOLD)
		return -EIO;
	soft_ghosts_exorcise(sd);
	return 0;
}

const struct sva_device_ops soft_ops = {
	.context_bind = context_bind,
	.context_block = context_block,
	.context_stop = context_stop,
	.context_await_answers = context_await_answers,
	.context_free = context_free,
	.context_counters = context_counters,
	.context_doorbell = context_doorbell,
	.reset = reset,
};
