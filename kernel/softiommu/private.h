/* SPDX-License-Identifier: GPL-2.0 */
/* private.h - private to sva_softiommu.ko */
#ifndef SVA_SOFTIOMMU_PRIVATE_H
#define SVA_SOFTIOMMU_PRIVATE_H

#include <linux/iommu.h>
#include <linux/mmu_notifier.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "softiommu.h"

/**
 * struct softiommu_device - a device behind the IOMMU
 * @node: in the list of all of them
 * @group: number of the group it shares, or SOFTIOMMU_OWN_GROUP
 * @pasids: its PASID table: struct softiommu_entry
 * @requests: page request groups that wait for a response, by their number
 * @takes_requests: it is in @iopf
 * @iopf: the core's queue, one a device, so that flushing it waits for no other's
 */
struct softiommu_device {
	struct list_head node;
	struct device *dev;
	int group;
	struct xarray pasids;
	struct xarray requests;
	u32 last_group;
	bool takes_requests;
	struct iopf_queue *iopf;
};

/**
 * struct softiommu_entry - a PASID table entry
 * @users: accesses under way and page requests without a response, and the table
 * @idle: done when the last of them is over
 */
struct softiommu_entry {
	refcount_t users;
	struct completion idle;
	struct softiommu_domain *domain;
	struct rcu_head rcu;
};

/**
 * struct softiommu_domain - an address space in the IOMMU
 * @windows: open windows, see struct softiommu_access
 * @invalidations: invalidations under way; no window is opened meanwhile
 * @wait: for both to become 0
 */
struct softiommu_domain {
	struct iommu_domain iommu;
	struct mmu_notifier notifier;
	struct mm_struct *mm;
	spinlock_t lock;
	u32 windows;
	u32 invalidations;
	wait_queue_head_t wait;
};

#define to_softiommu_domain(d) container_of(d, struct softiommu_domain, iommu)

extern struct iommu_domain softiommu_blocked_domain;
extern struct iommu_domain softiommu_identity_domain;

struct iommu_domain *softiommu_domain_alloc_sva(struct device *dev, struct mm_struct *mm);
struct softiommu_entry *softiommu_entry_get(struct softiommu_device *sd, u32 pasid);
void softiommu_entry_put(struct softiommu_entry *entry);
void softiommu_page_response(struct device *dev, struct iopf_fault *fault,
			     struct iommu_page_response *response);

#endif /* SVA_SOFTIOMMU_PRIVATE_H */
