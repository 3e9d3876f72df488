/* SPDX-License-Identifier: GPL-2.0 */
/*
 * softiommu.h - what a software device needs of the software IOMMU
 *
 * softiommu is an IOMMU to the kernel's IOMMU core: the core puts address
 * spaces into its PASID tables and handles its page requests.  To a software
 * device, which runs on the CPU, it is the bus: every access to a process's
 * memory is a translated one under a PASID, and is refused when the IOMMU does
 * not have that PASID for this device.
 */
#ifndef SVA_SOFTIOMMU_H
#define SVA_SOFTIOMMU_H

#include <linux/types.h>
#include <linux/platform_device.h>

struct softiommu_domain;
struct softiommu_entry;

#define SOFTIOMMU_OWN_GROUP (-1)

struct platform_device *softiommu_device_create(const char *name, int id, u32 pasid_bits,
					       int group);
void softiommu_device_destroy(struct platform_device *pdev);

/**
 * struct softiommu_access - a window in which a device accesses one address space
 *
 * Between softiommu_begin() and softiommu_end() no page goes away under the
 * device: an invalidation waits for the window to close.  So it has to be short
 * (64 KiB of data or so) and must not wait for anything.
 */
struct softiommu_access {
	struct softiommu_entry *entry;
	struct softiommu_domain *domain;
};

int softiommu_begin(struct device *dev, u32 pasid, struct softiommu_access *access);
void softiommu_end(struct softiommu_access *access);

size_t softiommu_read(struct softiommu_access *access, void *to, u64 address, size_t len);
size_t softiommu_write(struct softiommu_access *access, u64 address, const void *from,
		       size_t len);
int softiommu_get_pages(struct softiommu_access *access, u64 address, int count,
			struct page **pages);

/**
 * struct softiommu_request - a page request group on its way
 * @entry: of the PASID table, held until the response
 * @answered: the response has come; set by @done, which releases what it did before
 * @success: every page of the group was made accessible
 */
struct softiommu_request {
	refcount_t ref;
	u32 group;
	struct softiommu_entry *entry;
	bool answered;
	bool success;
	void (*done)(struct softiommu_request *request);
	void *data;
};

struct softiommu_request *softiommu_request_pages(struct device *dev, u32 pasid,
						  u64 address, u32 pages, u32 access,
						  void (*done)(struct softiommu_request *request),
						  void *data);
void softiommu_request_put(struct softiommu_request *request);

#endif /* SVA_SOFTIOMMU_H */
