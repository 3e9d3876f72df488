// SPDX-License-Identifier: GPL-2.0
/*
 * queue.c - a context's queue on the device, from bind to stop
 */
#include <linux/jiffies.h>
#include <linux/mm.h>

#include "apci.h"

#define STOP_TIMEOUT	msecs_to_jiffies(2000)
#define STOP_LOOK	msecs_to_jiffies(50)	/* for a device whose interrupt was lost */

/* ------------------------------------------------------------------ bind */

/* From START on the status page is the device's; what it never writes is written here */
static void prepare_status(struct apci_slot *slot)
{
	struct sva_accel_status *status = slot->status.pages;

	status->entries = 1u << slot->ad->ring_order;
	status->state = SVA_ACCEL_QUEUE_RUNNING;
}

static int start(struct apci_slot *slot, const struct sva_context *ctx)
{
	u32 state;

	reinit_completion(&slot->stopped);
	apci_slot_write(slot, SVA_PCI_CTX_EVENT, APCI_GONE);
	apci_slot_write(slot, SVA_PCI_CTX_PASID, sva_context_pasid(ctx));
	apci_slot_write(slot, SVA_PCI_CTX_TELL, sva_context_tells_faults(ctx) ?
			SVA_PCI_TELL_ALL : SVA_PCI_TELL_NEEDED);
	apci_slot_write(slot, SVA_PCI_CTX_RING_ORDER, slot->ad->ring_order);
	apci_slot_writeq(slot, SVA_PCI_CTX_RING, slot->ring.dma);
	apci_slot_writeq(slot, SVA_PCI_CTX_STATUS, slot->status.dma);
	apci_slot_command(slot, SVA_PCI_COMMAND_START);
	state = apci_slot_read(slot, SVA_PCI_CTX_STATE);
	/* an answer that was lost is none: its end will show what became of it */
	if (state != SVA_PCI_STATE_IDLE && !apci_gone(slot->ad))
		return 0;
	dev_err_ratelimited(&slot->ad->pdev->dev, "context %u does not start (state 0x%x): reset the device\n",
			    slot->index, state);
	return -EIO;
}

static int slot_begin(struct apci_slot *slot, struct sva_context *ctx)
{
	int ret;

	ret = apci_slot_request_irq(slot);
	if (ret)
		return ret;
	ret = apci_slot_map(slot, ctx);
	if (ret)
		return ret;
	prepare_status(slot);
	slot->id = sva_context_id(ctx);
	apci_slot_set_context(slot, ctx);
	ret = start(slot, ctx);
	if (ret)
		apci_slot_set_context(slot, NULL);
	return ret;
}

static int context_bind(struct sva_context *ctx)
{
	struct apci_device *ad = sva_device_drvdata(sva_context_device(ctx));
	struct apci_slot *slot = apci_slot_take(ad);
	u64 doorbell;
	int ret;

	if (!slot)
		return -ENOSPC;
	ret = slot_begin(slot, ctx);
	if (ret) {
		apci_slot_release(slot);
		return ret;
	}
	doorbell = (u64)slot->index * PAGE_SIZE;
	sva_context_set_doorbell(ctx, SVA_ACCEL_REGION_DOORBELL, ad->doorbells_base + doorbell,
				 ad->doorbells + doorbell);
	sva_context_set_drvdata(ctx, slot);
	return 0;
}

/* ------------------------------------------------------------------ stop */

static void context_block(struct sva_context *ctx)
{
	apci_slot_command(sva_context_drvdata(ctx), SVA_PCI_COMMAND_BLOCK);
}

/* What the device says that it knows, or FAILED if it says nothing */
enum sva_evidence apci_evidence(const struct apci_slot *slot)
{
	static const enum sva_evidence evidence[] = {
		[SVA_PCI_EVIDENCE_PENDING] = SVA_EVIDENCE_FAILED,
		[SVA_PCI_EVIDENCE_CLEAN] = SVA_EVIDENCE_CLEAN,
		[SVA_PCI_EVIDENCE_FLUSHED] = SVA_EVIDENCE_FLUSHED,
		[SVA_PCI_EVIDENCE_NEITHER] = SVA_EVIDENCE_NEITHER,
		[SVA_PCI_EVIDENCE_CANNOT_TELL] = SVA_EVIDENCE_UNKNOWN,
	};
	u32 told = apci_slot_read(slot, SVA_PCI_CTX_EVIDENCE);

	/* surprise removal counts as reset (R3) */
	if (told == APCI_GONE && apci_gone(slot->ad))
		return SVA_EVIDENCE_CLEAN;
	return told < ARRAY_SIZE(evidence) ? evidence[told] : SVA_EVIDENCE_FAILED;
}

static bool has_stopped(const struct apci_slot *slot)
{
	u32 state = apci_slot_read(slot, SVA_PCI_CTX_STATE);

	return state == SVA_PCI_STATE_STOPPED || state == APCI_GONE;
}

/* Being told is not enough: it may have been of the slot's last context */
static bool await_stop(struct apci_slot *slot)
{
	unsigned long deadline = jiffies + STOP_TIMEOUT;

	for (;;) {
		wait_for_completion_timeout(&slot->stopped, STOP_LOOK);
		if (has_stopped(slot))
			return true;
		if (time_after(jiffies, deadline))
			return false;
	}
}

/* The device is not asked to say it: it may be gone, or mute */
static void tell_process(struct sva_context *ctx, struct apci_slot *slot)
{
	struct sva_accel_status *status = slot->status.pages;

	smp_store_release(&status->state, sva_context_device_gone(ctx) ?
			  SVA_ACCEL_QUEUE_GONE : SVA_ACCEL_QUEUE_STOPPED);
}

static enum sva_evidence context_stop(struct sva_context *ctx)
{
	struct apci_slot *slot = sva_context_drvdata(ctx);
	enum sva_evidence evidence = SVA_EVIDENCE_FAILED;

	apci_slot_command(slot, SVA_PCI_COMMAND_STOP);
	if (await_stop(slot)) {
		apci_slot_events(slot);
		evidence = apci_evidence(slot);
	} else {
		dev_warn_ratelimited(&slot->ad->pdev->dev, "context %u does not stop: its PASID and its slot stay out of use until the device is reset\n",
				     slot->index);
	}
	tell_process(ctx, slot);
	return evidence;
}

/*
 * The PASID is out of the IOMMU.  A slot that the device does not let go of is as
 * unusable as one whose PASID is in quarantine.
 */
static void context_free(struct sva_context *ctx)
{
	struct apci_slot *slot = sva_context_drvdata(ctx);
	bool idle;

	apci_slot_command(slot, SVA_PCI_COMMAND_RELEASED);
	idle = apci_slot_read(slot, SVA_PCI_CTX_STATE) == SVA_PCI_STATE_IDLE ||
	       apci_gone(slot->ad);
	apci_slot_set_context(slot, NULL);
	if (idle && sva_context_release(ctx) != SVA_RELEASE_NEITHER)
		apci_slot_release(slot);
	else
		apci_slot_hold(slot);
}

/* -------------------------------------------------------------- counters */

static void context_counters(struct sva_context *ctx, struct sva_counters *counters)
{
	const struct apci_slot *slot = sva_context_drvdata(ctx);

	if (apci_slot_read(slot, SVA_PCI_CTX_STATE) == APCI_GONE)
		return;
	counters->submitted = apci_slot_readq(slot, SVA_PCI_CTX_SUBMITTED);
	counters->faults = apci_slot_readq(slot, SVA_PCI_CTX_FAULTS);
	counters->page_requests = apci_slot_readq(slot, SVA_PCI_CTX_PAGE_REQUESTS);
	counters->page_groups = apci_slot_readq(slot, SVA_PCI_CTX_PAGE_GROUPS);
	counters->ats_requests = apci_slot_readq(slot, SVA_PCI_CTX_ATS_REQUESTS);
	counters->stale = apci_slot_readq(slot, SVA_PCI_CTX_STALE);
	counters->fault_ns = apci_slot_readq(slot, SVA_PCI_CTX_FAULT_NS);
	counters->waiting_ns = apci_slot_readq(slot, SVA_PCI_CTX_WAITING);
	for (u32 i = 0; i < SVA_FAULT_BUCKETS; i++)
		counters->fault_histogram[i] =
			apci_slot_read(slot, SVA_PCI_CTX_HISTOGRAM + i * sizeof(u32));
}
static_assert(SVA_FAULT_BUCKETS == SVA_PCI_HISTOGRAM_BUCKETS);

static int reset(struct sva_device *sdev)
{
	return apci_reset(sva_device_drvdata(sdev));
}

const struct sva_device_ops apci_ops = {
	.context_bind = context_bind,
	.context_block = context_block,
	.context_stop = context_stop,
	.context_free = context_free,
	.context_counters = context_counters,
	.quarantine_counters = context_counters,
	.reset = reset,
};
