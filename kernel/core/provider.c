// SPDX-License-Identifier: GPL-2.0
/*
 * provider.c - what providers ask and tell of their contexts, see provider.h
 */
#include "core.h"
#include "trace.h"

/**
 * sva_context_device() - the device that a context was created on
 * @ctx: the context
 *
 * Context: Any, from context_bind() to context_free().
 * Return: the device or partition, valid as long as the context.
 */
struct sva_device *sva_context_device(const struct sva_context *ctx)
{
	return ctx->sdev;
}
EXPORT_SYMBOL_GPL(sva_context_device);

/**
 * sva_context_pasid() - what the device's accesses are to carry
 * @ctx: the context
 *
 * Context: Any, from context_bind() to context_free().  Of no use to the device
 * once context_stop() has returned.
 * Return: the PASID, from 1 to what the device and its IOMMU can hold.
 */
u32 sva_context_pasid(const struct sva_context *ctx)
{
	return ctx->pasid;
}
EXPORT_SYMBOL_GPL(sva_context_pasid);

/**
 * sva_context_region() - the memory of a region
 * @ctx: the context
 * @index: of the region, below the number that was registered
 *
 * Context: Any, from context_bind() to context_free().
 * Return: where it begins, page-aligned and zeroed at first, as long as the region's
 * size; the process maps the same pages and changes them at any time.  NULL for a
 * region without memory.
 */
void *sva_context_region(const struct sva_context *ctx, u32 index)
{
	return ctx->regions[index].pages;
}
EXPORT_SYMBOL_GPL(sva_context_region);

/**
 * sva_context_set_doorbell() - the registers of a region of kind DOORBELL
 * @ctx: the context
 * @index: of the region
 * @base: where the CPU finds them, page-aligned, as long as the region's size
 * @registers: the same, mapped by the provider; the provider's
 *
 * @registers stay mapped until context_stop() is called.  From then on no process
 * reaches them (R6).
 *
 * Context: Process context, in context_bind().
 */
void sva_context_set_doorbell(struct sva_context *ctx, u32 index, phys_addr_t base,
			      void __iomem *registers)
{
	ctx->regions[index].base = base;
	ctx->regions[index].registers = registers;
}
EXPORT_SYMBOL_GPL(sva_context_set_doorbell);

/**
 * sva_context_release() - what was made of the evidence that context_stop() gave
 * @ctx: the context
 *
 * Context: Any, in context_free() or later.
 * Return: SVA_RELEASE_NEITHER if the PASID goes into quarantine.
 */
enum sva_release sva_context_release(const struct sva_context *ctx)
{
	return ctx->release;
}
EXPORT_SYMBOL_GPL(sva_context_release);

/**
 * sva_context_set_drvdata() - keep the provider's queue with its context
 * @ctx: the context
 * @data: what sva_context_drvdata() returns from now on; the provider's to free
 *
 * Context: Process context, in context_bind().
 */
void sva_context_set_drvdata(struct sva_context *ctx, void *data)
{
	ctx->drvdata = data;
}
EXPORT_SYMBOL_GPL(sva_context_set_drvdata);

/**
 * sva_context_drvdata() - the provider's queue of a context
 * @ctx: the context
 *
 * Context: Any, from context_bind() to context_free().
 * Return: what sva_context_set_drvdata() was given last, or NULL.
 */
void *sva_context_drvdata(const struct sva_context *ctx)
{
	return ctx->drvdata;
}
EXPORT_SYMBOL_GPL(sva_context_drvdata);

/**
 * sva_context_device_gone() - does a context end because the device goes?
 * @ctx: the context
 *
 * Context: Any; of interest in context_stop(), which need not ask a device that does
 * not answer any more.
 * Return: true once the device is being unregistered or shut down.
 */
bool sva_context_device_gone(const struct sva_context *ctx)
{
	return sva_device_gone(ctx->sdev);
}
EXPORT_SYMBOL_GPL(sva_context_device_gone);

/**
 * sva_context_tells_faults() - did the process ask for every fault as an event?
 * @ctx: the context
 *
 * A provider that pays for telling faults need not tell others than those that no
 * completion record tells where nobody asked.
 *
 * Context: Any, from context_bind() on.
 * Return: true where SVA_BIND_FAULT_EVENTS was given.
 */
bool sva_context_tells_faults(const struct sva_context *ctx)
{
	return ctx->fault_events;
}
EXPORT_SYMBOL_GPL(sva_context_tells_faults);

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
 * @ctx: the context
 * @fault: what they were and what became of them; copied
 *
 * Traced always.  SVA_EVENT_FAULT is posted where nobody else tells the process, or
 * it asked for all; a run of neighbouring pages that is not read yet grows, and the
 * oldest event gives way where nobody reads.
 *
 * Context: Any, hard interrupts too, from context_bind() to context_free().
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
 * @ctx: the context
 *
 * Returns at once; the end is carried out by a worker, with the reason
 * SVA_REASON_FAULT_STORM.
 *
 * Context: Any but interrupts, from context_bind() to context_stop(); the provider's
 * context_block() is called from here.
 */
void sva_context_end_for_faults(struct sva_context *ctx)
{
	sva_context_end_async(ctx, SVA_REASON_FAULT_STORM);
}
EXPORT_SYMBOL_GPL(sva_context_end_for_faults);

/**
 * sva_context_report_error() - the device stopped the context's queue
 * @ctx: the context
 * @error: the device's own code
 *
 * Posts SVA_EVENT_ERROR to the context's readers.
 *
 * Context: Any, hard interrupts too, from context_bind() to context_free().
 */
void sva_context_report_error(struct sva_context *ctx, u32 error)
{
	struct sva_event event = { .type = SVA_EVENT_ERROR, .reason = error };

	sva_context_post(ctx, &event);
}
EXPORT_SYMBOL_GPL(sva_context_report_error);

/**
 * sva_context_late_evidence() - the device knows now what it did not when it stopped
 * @sdev: the device
 * @id: of the context; context_stop() has returned SVA_EVIDENCE_NEITHER for it
 * @evidence: SVA_EVIDENCE_FLUSHED or SVA_EVIDENCE_CLEAN
 *
 * What was flushed is drained: its PASID was out of the IOMMU already.  An id that is
 * not in quarantine any more is ignored: a reset may have come first.
 *
 * Context: Process context, before the provider unregisters the device; sleeps until
 * the end of the context, if that is under way, is through.
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
 * @sdev: the device
 * @id: of the context whose access it was; ignored when it is forgotten
 *
 * Context: Process context, before the provider unregisters the device; sleeps.
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

/**
 * sva_context_id() - the number of a context, as users see it
 * @ctx: the context
 *
 * Context: Any.
 * Return: the id, never 0 and never given again.
 */
u64 sva_context_id(const struct sva_context *ctx)
{
	return ctx->id;
}
EXPORT_SYMBOL_GPL(sva_context_id);
