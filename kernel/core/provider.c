// SPDX-License-Identifier: GPL-2.0
/*
 * provider.c - what providers ask and tell of their contexts, see provider.h
 */
#include "core.h"
#include "trace.h"

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
	return ctx->regions[index].pages;
}
EXPORT_SYMBOL_GPL(sva_context_region);

/**
 * sva_context_set_doorbell() - the registers of a region of kind DOORBELL
 * @base: where the CPU finds them; @registers: the same, mapped by the provider
 *
 * In context_bind(); @registers stay until context_stop() is called.  From then
 * on no process reaches them (R6).
 */
void sva_context_set_doorbell(struct sva_context *ctx, u32 index, phys_addr_t base,
			      void __iomem *registers)
{
	ctx->regions[index].base = base;
	ctx->regions[index].registers = registers;
}
EXPORT_SYMBOL_GPL(sva_context_set_doorbell);

/* In context_free(): what was made of the evidence; NEITHER: it goes into quarantine */
enum sva_release sva_context_release(const struct sva_context *ctx)
{
	return ctx->release;
}
EXPORT_SYMBOL_GPL(sva_context_release);

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

/* To the context's own readers */
void sva_context_post(struct sva_context *ctx, struct sva_event *event)
{
	event->context = ctx->id;
	event->pasid = ctx->pasid;
	event->count = 1;
	sva_events_post(&ctx->events, event);
}

/**
 * sva_context_report_fault() - accesses to neighbouring pages met no page
 *
 * From context_bind() to the return of context_stop(); any context.  Traced
 * always; an event where nobody else tells the process, or it asked for all.
 */
void sva_context_report_fault(struct sva_context *ctx, const struct sva_fault *fault)
{
	struct sva_event event = {
		.type = SVA_EVENT_FAULT,
		.context = ctx->id,
		.pasid = ctx->pasid,
		.address = fault->address & PAGE_MASK,
		.access = fault->access,
		.outcome = fault->outcome,
		.count = fault->pages,
	};

	trace_sva_fault(ctx, fault);
	if (fault->pages == 1)
		event.address = fault->address;
	if (fault->untold || ctx->fault_events)
		sva_events_post_fault(&ctx->events, &ctx->cursor, &event);
}
EXPORT_SYMBOL_GPL(sva_context_report_fault);

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

	sva_context_post(ctx, &event);
}
EXPORT_SYMBOL_GPL(sva_context_report_error);

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
	/* the end may be on its way still from context_stop() to its verdict */
	wait_for_completion(&ctx->ended);
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
