// SPDX-License-Identifier: GPL-2.0
/*
 * fault.c - page requests: from a device to the core and back
 */
#include <linux/export.h>
#include <linux/slab.h>

#include <linux/sva.h>

#include "private.h"

static struct softiommu_request *request_alloc(struct softiommu_device *sd,
					       struct softiommu_entry *entry,
					       void (*done)(struct softiommu_request *request),
					       void *data)
{
	struct softiommu_request *request = kzalloc_obj(*request, GFP_KERNEL_ACCOUNT);

	if (!request)
		return NULL;
	/* one for the device, one for the response */
	refcount_set(&request->ref, 2);
	request->entry = entry;
	request->done = done;
	request->data = data;
	if (xa_alloc_cyclic(&sd->requests, &request->group, request, xa_limit_32b,
			    &sd->last_group, GFP_KERNEL) < 0) {
		kfree(request);
		return NULL;
	}
	return request;
}

/**
 * softiommu_request_put() - a request is not looked at any more
 * @request: from softiommu_request_pages(); freed when its response has come, too
 *
 * Context: Any.
 */
void softiommu_request_put(struct softiommu_request *request)
{
	if (refcount_dec_and_test(&request->ref))
		kfree(request);
}
EXPORT_SYMBOL_GPL(softiommu_request_put);

static u32 fault_permissions(u32 access)
{
	return (access & SVA_ACCESS_READ ? IOMMU_FAULT_PERM_READ : 0) |
	       (access & SVA_ACCESS_WRITE ? IOMMU_FAULT_PERM_WRITE : 0);
}

static void report_group(struct softiommu_device *sd, u32 pasid, u64 address, u32 pages,
			 u32 access, u32 group)
{
	struct iopf_fault fault = {
		.fault.type = IOMMU_FAULT_PAGE_REQ,
		.fault.prm = {
			.flags = IOMMU_FAULT_PAGE_REQUEST_PASID_VALID,
			.pasid = pasid,
			.grpid = group,
			.perm = fault_permissions(access),
		},
	};

	for (u32 i = 0; i < pages; i++) {
		fault.fault.prm.addr = address + ((u64)i << PAGE_SHIFT);
		if (i + 1 == pages)
			fault.fault.prm.flags |= IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE;
		/* the response to the last page comes in any case */
		iommu_report_device_fault(sd->dev, &fault);
	}
}

/**
 * softiommu_request_pages() - send a page request group
 * @dev: the device that asks, from softiommu_device_create()
 * @pasid: whose pages
 * @address: of the first page
 * @pages: at least 1
 * @access: SVA_ACCESS_* that is wanted
 * @done: called once when the response has come, and tells the one who waits; must not sleep
 * @data: of the request, for @done
 *
 * Context: Process context; sleeps.
 * Return: a request of which the caller owns a reference, NULL if there is no
 * memory, or ERR_PTR(-ENOENT) if the IOMMU does not have this PASID for this
 * device; @done is not called then.
 */
struct softiommu_request *softiommu_request_pages(struct device *dev, u32 pasid,
						  u64 address, u32 pages, u32 access,
						  void (*done)(struct softiommu_request *request),
						  void *data)
{
	struct softiommu_device *sd = dev_iommu_priv_get(dev);
	struct softiommu_request *request;
	struct softiommu_entry *entry;

	/* a group without a last page would never be answered */
	if (WARN_ON_ONCE(!pages))
		return NULL;
	/* held until the response: whoever takes the PASID out waits for that */
	entry = softiommu_entry_get(sd, pasid);
	if (!entry)
		return ERR_PTR(-ENOENT);
	request = request_alloc(sd, entry, done, data);
	if (request)
		report_group(sd, pasid, address & PAGE_MASK, pages, access, request->group);
	else
		softiommu_entry_put(entry);
	return request;
}
EXPORT_SYMBOL_GPL(softiommu_request_pages);

/* The core's answer to a page request group: it does not look at the domain any more */
void softiommu_page_response(struct device *dev, struct iopf_fault *fault,
			     struct iommu_page_response *response)
{
	struct softiommu_device *sd = dev_iommu_priv_get(dev);
	struct softiommu_request *request = xa_erase(&sd->requests, response->grpid);

	if (!request)
		return;
	request->success = response->code == IOMMU_PAGE_RESP_SUCCESS;
	request->done(request);
	softiommu_entry_put(request->entry);
	softiommu_request_put(request);
}
