// SPDX-License-Identifier: GPL-2.0
/*
 * rogue.c - a device that does not stop when it is told to
 *
 * R3 has to be tested against a rogue device, not against a polite one.  In the
 * modes that keep accessing, a stopped queue leaves a ghost: it goes on writing
 * and asking for pages under the PASID that the queue had.  The IOMMU has to
 * refuse each access; one that landed would be counted and seen.
 *
 * The device remembers addresses and PASIDs, also over a reset.  In the mode that
 * replays, its ghosts write to the addresses of others too.  PASIDs that no ghost
 * has may have been given on rightly: there it asks and writes nothing.
 */
#include <linux/delay.h>
#include <linux/slab.h>

#include "soft.h"

#define GHOST_INTERVAL	msecs_to_jiffies(1)
#define GHOST_LATE	msecs_to_jiffies(100)
#define STOP_TIMEOUT	msecs_to_jiffies(500)
#define GHOST_MARK	0x67683067ULL	/* the upper half of what ghosts write */
#define PROBES		4		/* PASIDs asked for at a time */

/**
 * struct soft_ghost - the accesses that a stopped queue still makes
 * @context: id
 * @unbound: its PASID has been taken out of the IOMMU: from here on nothing may land.
 *	Before that, what lands is in the memory of its own process, which has others bound.
 * @replays: it accesses what other queues accessed, too
 * @ends: jiffies, for ACCEL_LATE; 0: with the next reset
 */
struct soft_ghost {
	struct list_head node;
	u64 context;
	u32 pasid;
	u64 address;
	bool unbound;
	bool replays;
	unsigned long ends;
};

static void no_response(struct softiommu_request *request)
{
}

static void ask_for_page(struct soft_device *sd, u32 pasid, u64 address)
{
	struct softiommu_request *request;

	request = softiommu_request_pages(&sd->pdev->dev, pasid, address, 1, SVA_ACCESS_WRITE,
					  no_response, NULL);
	if (!IS_ERR_OR_NULL(request))
		softiommu_request_put(request);
}

/* What it writes says under which PASID */
static void haunt(struct soft_device *sd, const struct soft_ghost *ghost, u64 address)
{
	const u64 mark = GHOST_MARK << 32 | ghost->pasid;
	bool unbound = smp_load_acquire(&ghost->unbound);
	struct softiommu_access access;
	int ret;

	ret = softiommu_begin(&sd->pdev->dev, ghost->pasid, &access);
	if (!ret) {
		softiommu_write(&access, address, &mark, sizeof(mark));
		softiommu_end(&access);
		if (unbound)
			WRITE_ONCE(sd->landed, sd->landed + 1);
	} else if (ret != -EAGAIN) {
		WRITE_ONCE(sd->refused, sd->refused + 1);
		sva_context_count_stale(sd->sdev, ghost->context);
	}
	ask_for_page(sd, ghost->pasid, address);
}

/* ---------------------------------------------------------------- memory */

static void remember(struct soft_device *sd, const struct soft_queue *q)
{
	WRITE_ONCE(sd->addresses[q->pasid % SOFT_ADDRESSES], q->last_address);
	set_bit(q->pasid, sd->pasids_seen);
}

static u64 next_address(struct soft_device *sd)
{
	return READ_ONCE(sd->addresses[sd->replayed++ % SOFT_ADDRESSES]);
}

/* A PASID that the device was given at any time: an access that the IOMMU decides on */
static void probe(struct soft_device *sd, u32 pasid)
{
	struct softiommu_access access;
	int ret = softiommu_begin(&sd->pdev->dev, pasid, &access);

	if (!ret)
		softiommu_end(&access);
	else if (ret != -EAGAIN)
		WRITE_ONCE(sd->refused, sd->refused + 1);
	ask_for_page(sd, pasid, next_address(sd));
}

static void probe_some(struct soft_device *sd)
{
	for (int i = 0; i < PROBES; i++) {
		sd->probed = find_next_bit(sd->pasids_seen, sd->num_pasids, sd->probed);
		if (sd->probed < sd->num_pasids)
			probe(sd, sd->probed++);
		else
			sd->probed = 0;
	}
}

/* ---------------------------------------------------------------- ghosts */

/* In context_bind(): its PASID is in the IOMMU now, if it was not */
void soft_ghosts_bind(struct soft_queue *q)
{
	spin_lock(&q->sd->ghosts_lock);
	list_add(&q->node, &q->sd->queues);
	spin_unlock(&q->sd->ghosts_lock);
}

static bool pasid_is_bound(struct soft_device *sd, u32 pasid)
{
	struct soft_queue *q;

	list_for_each_entry(q, &sd->queues, node)
		if (q->pasid == pasid)
			return true;
	return false;
}

/* In context_free(): unless its process has other contexts, the PASID of @q is out */
void soft_ghosts_unbind(struct soft_queue *q)
{
	struct soft_device *sd = q->sd;
	struct soft_ghost *ghost;

	spin_lock(&sd->ghosts_lock);
	list_del(&q->node);
	if (!pasid_is_bound(sd, q->pasid))
		list_for_each_entry(ghost, &sd->ghosts, node)
			if (ghost->pasid == q->pasid)
				smp_store_release(&ghost->unbound, true);
	spin_unlock(&sd->ghosts_lock);
}

bool soft_ghosts_are_there(struct soft_device *sd)
{
	bool there;

	spin_lock(&sd->ghosts_lock);
	there = !list_empty(&sd->ghosts);
	spin_unlock(&sd->ghosts_lock);
	return there;
}

static void end_ghost(struct soft_device *sd, struct soft_ghost *ghost)
{
	spin_lock(&sd->ghosts_lock);
	list_del(&ghost->node);
	spin_unlock(&sd->ghosts_lock);
	sva_context_late_evidence(sd->sdev, ghost->context, SVA_EVIDENCE_CLEAN);
	kfree(ghost);
}

/* Only this work takes ghosts out while it can run, so it need not hold the lock */
static void ghosts_work(struct work_struct *work)
{
	struct soft_device *sd = container_of(to_delayed_work(work), struct soft_device,
					      ghosts_work);
	struct soft_ghost *ghost, *next;

	spin_lock(&sd->ghosts_lock);
	ghost = list_first_entry_or_null(&sd->ghosts, struct soft_ghost, node);
	spin_unlock(&sd->ghosts_lock);
	if (!ghost)
		return;
	/* its node may be used before its registration returns */
	if (!smp_load_acquire(&sd->sdev))
		goto again;
	if (READ_ONCE(sd->misbehave) == ACCEL_REPLAY)
		probe_some(sd);
	list_for_each_entry_safe_from(ghost, next, &sd->ghosts, node) {
		haunt(sd, ghost, ghost->address);
		if (ghost->replays)
			haunt(sd, ghost, next_address(sd));
		if (ghost->ends && time_after(jiffies, ghost->ends))
			end_ghost(sd, ghost);
		cond_resched();
	}
again:
	queue_delayed_work(system_dfl_wq, &sd->ghosts_work, GHOST_INTERVAL);
}

int soft_ghosts_init(struct soft_device *sd, u32 pasid_bits)
{
	spin_lock_init(&sd->ghosts_lock);
	INIT_LIST_HEAD(&sd->ghosts);
	INIT_LIST_HEAD(&sd->queues);
	INIT_DELAYED_WORK(&sd->ghosts_work, ghosts_work);
	sd->num_pasids = 1u << pasid_bits;
	sd->pasids_seen = devm_bitmap_zalloc(&sd->pdev->dev, sd->num_pasids, GFP_KERNEL);
	return sd->pasids_seen ? 0 : -ENOMEM;
}

/* A reset ends what no stop did */
void soft_ghosts_exorcise(struct soft_device *sd)
{
	struct soft_ghost *ghost, *next;

	cancel_delayed_work_sync(&sd->ghosts_work);
	list_for_each_entry_safe(ghost, next, &sd->ghosts, node)
		kfree(ghost);
	INIT_LIST_HEAD(&sd->ghosts);
}

static void leave_ghost(struct soft_queue *q, unsigned long ends, bool replays)
{
	struct soft_device *sd = q->sd;
	struct soft_ghost *ghost = kzalloc_obj(*ghost);

	if (!ghost)
		return;
	ghost->context = sva_context_id(q->ctx);
	ghost->pasid = q->pasid;
	ghost->address = q->last_address;
	ghost->ends = ends;
	ghost->replays = replays;
	spin_lock(&sd->ghosts_lock);
	list_add_tail(&ghost->node, &sd->ghosts);
	spin_unlock(&sd->ghosts_lock);
	queue_delayed_work(system_dfl_wq, &sd->ghosts_work, 0);
}

/* What a stopped queue says instead of the truth */
enum sva_evidence soft_misbehave_at_stop(struct soft_queue *q, enum sva_evidence truth)
{
	remember(q->sd, q);
	switch (READ_ONCE(q->sd->misbehave)) {
	case ACCEL_HOLD:
		return SVA_EVIDENCE_NEITHER;
	case ACCEL_STALE:
		leave_ghost(q, 0, false);
		return SVA_EVIDENCE_NEITHER;
	case ACCEL_REPLAY:
		leave_ghost(q, 0, true);
		return SVA_EVIDENCE_NEITHER;
	case ACCEL_LATE:
		leave_ghost(q, (jiffies + GHOST_LATE) ?: 1, false);
		return SVA_EVIDENCE_NEITHER;
	case ACCEL_NEVER:
		schedule_timeout_uninterruptible(STOP_TIMEOUT);
		return SVA_EVIDENCE_FAILED;
	case ACCEL_MUTE:
		return SVA_EVIDENCE_UNKNOWN;
	default:
		return truth;
	}
}
