/* SPDX-License-Identifier: GPL-2.0 */
/*
 * provider.h - what a provider driver needs of sva.ko
 *
 * A provider registers a device whose parent is the struct device that the
 * IOMMU knows, and serves contexts: one queue of the device each.
 *
 *	sva_device_register()
 *	  context_bind()  context_block()  context_stop()  context_free()
 *	sva_device_unregister()
 */
#ifndef SVA_PROVIDER_H
#define SVA_PROVIDER_H

#include <linux/device.h>
#include <linux/sva.h>

#include "release.h"

struct sva_device;
struct sva_context;

/**
 * struct sva_counters - what the device counted for a context
 * @waiting_ns: how long the oldest page request without an answer has been waiting
 *
 * The others as in struct sva_context_entry.
 */
struct sva_counters {
	u64 submitted;
	u64 faults;
	u64 page_requests;
	u64 page_groups;
	u64 ats_requests;
	u64 stale;
	u64 fault_ns;
	u64 waiting_ns;
	u32 fault_histogram[SVA_FAULT_BUCKETS];
};

/**
 * enum sva_region_kind - what is behind a region
 * @SVA_REGION_MEMORY: pages
 * @SVA_REGION_CONTIGUOUS: pages that follow each other in physical memory, for a
 *	device that reads or writes them by DMA
 * @SVA_REGION_DOORBELL: registers of the device, from sva_context_set_doorbell()
 *	until the end of the binding begins; before and after, a page of zeroes
 */
enum sva_region_kind {
	SVA_REGION_MEMORY,
	SVA_REGION_CONTIGUOUS,
	SVA_REGION_DOORBELL,
};

/**
 * struct sva_fault - accesses that met no page
 * @address: the first of them, in bytes
 * @pages: how many pages from there on
 * @access: SVA_ACCESS_*
 * @outcome: enum sva_fault_outcome
 * @untold: no completion record tells the process
 */
struct sva_fault {
	u64 address;
	u64 pages;
	u32 access;
	u32 outcome;
	bool untold;
};

/**
 * struct sva_region - memory that a context shares with its process
 * @size: bytes, a multiple of PAGE_SIZE; 0: no region at this index
 * @offset: where the context's fd shows it; a multiple of PAGE_SIZE, not 0, no
 *	overlap with another
 * @flags: SVA_REGION_FLAG_*
 *
 * The core allocates the memory at bind, zeroed and charged to the process, and
 * frees it when the last mapping is gone, which can be long after the device.
 */
struct sva_region {
	u64 size;
	u64 offset;
	u32 flags;
	enum sva_region_kind kind;
};

/**
 * struct sva_type - a kind of context
 * @total: how many can exist at once
 */
struct sva_type {
	char name[SVA_NAME_LEN];
	char description[SVA_DESCRIPTION_LEN];
	u32 total;
};

/**
 * struct sva_device_ops - the provider's side
 *
 * For one context the core calls context_bind() first and once, then
 * context_block(), context_stop() and context_free(), in this order.  Calls for
 * different contexts come at the same time.  What is not said to be optional has
 * to be there.
 */
struct sva_device_ops {
	/**
	 * @context_bind: start a queue under sva_context_pasid().
	 *
	 * Process context of the process being bound; allocate with
	 * GFP_KERNEL_ACCOUNT.  On failure nothing of it may be left.
	 */
	int (*context_bind)(struct sva_context *ctx);

	/**
	 * @context_block: take no more work.
	 *
	 * Must not sleep; may be called more than once, by different threads: before,
	 * during and after context_stop(), but not after context_free().
	 */
	void (*context_block)(struct sva_context *ctx);

	/**
	 * @context_stop: stop using the PASID, and say what is known (R4).
	 *
	 * May sleep, must return in bounded time whatever the device and the
	 * process's memory do.  The PASID is taken out of the IOMMU afterwards
	 * in any case.
	 */
	enum sva_evidence (*context_stop)(struct sva_context *ctx);

	/**
	 * @context_await_answers: wait until no page request of the context is without its
	 * answer, which may take as long as a page that does not come.
	 *
	 * Between context_bind() and context_free(), mostly after context_stop().
	 * Optional; without, the answers to all requests of the device are waited for.
	 */
	void (*context_await_answers)(struct sva_context *ctx);

	/** @context_free: the PASID is out of the IOMMU; free the queue. */
	void (*context_free)(struct sva_context *ctx);

	/** @context_counters: from bind to context_free(); must not sleep. */
	void (*context_counters)(struct sva_context *ctx,
				 struct sva_counters *counters);

	/**
	 * @quarantine_counters: the same from context_free() until the context
	 * leaves quarantine.  Optional; without, they stay as they were.
	 */
	void (*quarantine_counters)(struct sva_context *ctx,
				    struct sva_counters *counters);

	/**
	 * @context_doorbell: a write of @len bytes at @offset of region @index
	 * was stored in its memory; not for regions of kind DOORBELL, whose
	 * registers got it.  Must not sleep.  Optional.
	 */
	void (*context_doorbell)(struct sva_context *ctx, u32 index, u64 offset,
				 size_t len);

	/**
	 * @reset: reset the device; no context is bound.  Optional.
	 *
	 * Success is the proof that no access under any PASID is under way.
	 * Also called before registration ends, so that nothing is inherited
	 * from whoever drove the device before (R3).
	 */
	int (*reset)(struct sva_device *sdev);
};

/**
 * struct sva_device_desc - what a provider registers; copied, with all that its
 * pointers lead to
 * @name: of the node below /dev/sva: letters, digits, '-', '_' and '.'
 * @types: at least one; their names are made of the same, and differ
 * @flags: SVA_DEVICE_FLAG_* that the provider knows: PAGE_REQUESTS, SOFTWARE
 * @irq_flags: SVA_IRQ_FLAG_LEVEL or 0 of the interrupt at each index; raised with
 *	sva_context_signal()
 * @max_quarantined: see struct sva_device_info
 */
struct sva_device_desc {
	const char *name;
	const struct sva_device_ops *ops;
	const struct sva_type *types;
	u32 num_types;
	const struct sva_region *regions;
	u32 num_regions;
	const u32 *irq_flags;
	u32 num_irqs;
	u32 flags;
	u32 max_quarantined;
	void *drvdata;
};

struct sva_device *sva_device_register(struct device *parent,
				       const struct sva_device_desc *desc);
void sva_device_unregister(struct sva_device *sdev);
void sva_device_quiesce(struct sva_device *sdev);
void sva_device_suspend(struct sva_device *sdev);
int sva_device_resume(struct sva_device *sdev);
void *sva_device_drvdata(const struct sva_device *sdev);

struct sva_device *sva_context_device(const struct sva_context *ctx);
u32 sva_context_pasid(const struct sva_context *ctx);
void *sva_context_region(const struct sva_context *ctx, u32 index);
void sva_context_set_doorbell(struct sva_context *ctx, u32 index, phys_addr_t base,
			      void __iomem *registers);
enum sva_release sva_context_release(const struct sva_context *ctx);
void sva_context_set_drvdata(struct sva_context *ctx, void *data);
void *sva_context_drvdata(const struct sva_context *ctx);
u64 sva_context_id(const struct sva_context *ctx);
bool sva_context_device_gone(const struct sva_context *ctx);
bool sva_context_tells_faults(const struct sva_context *ctx);

void sva_context_late_evidence(struct sva_device *sdev, u64 id, enum sva_evidence evidence);
void sva_context_count_stale(struct sva_device *sdev, u64 id);

void sva_context_signal(struct sva_context *ctx, u32 index);
void sva_context_deassert(struct sva_context *ctx, u32 index);
void sva_context_report_fault(struct sva_context *ctx, const struct sva_fault *fault);
void sva_context_end_for_faults(struct sva_context *ctx);
void sva_context_report_error(struct sva_context *ctx, u32 error);

#endif /* SVA_PROVIDER_H */
