// SPDX-License-Identifier: GPL-2.0
/*
 * region.c - a context's memory, by mmap(), pread() and pwrite()
 *
 * The memory lives as long as the context's file or a mapping of it, so a
 * process that polls its ring survives the device (R6).
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "core.h"

#define SVA_WRITE_MAX	256	/* bytes in one pwrite() */

int sva_regions_alloc(struct sva_context *ctx)
{
	const struct sva_device_desc *desc = &ctx->sdev->desc;

	ctx->regions = kcalloc(desc->num_regions, sizeof(*ctx->regions),
			       GFP_KERNEL_ACCOUNT);
	if (!ctx->regions)
		return -ENOMEM;
	for (u32 i = 0; i < desc->num_regions; i++) {
		if (!desc->regions[i].size)
			continue;
		ctx->regions[i] = __vmalloc(desc->regions[i].size,
					    GFP_KERNEL_ACCOUNT | __GFP_ZERO);
		if (!ctx->regions[i]) {
			sva_regions_free(ctx);
			return -ENOMEM;
		}
	}
	return 0;
}

void sva_regions_free(struct sva_context *ctx)
{
	if (!ctx->regions)
		return;
	for (u32 i = 0; i < ctx->sdev->desc.num_regions; i++)
		vfree(ctx->regions[i]);
	kfree(ctx->regions);
	ctx->regions = NULL;
}

/* The region that holds all of [offset, offset + len), or NULL */
static const struct sva_region *find_region(const struct sva_context *ctx, u64 offset,
					    u64 len, u32 *index)
{
	const struct sva_device_desc *desc = &ctx->sdev->desc;

	for (u32 i = 0; i < desc->num_regions; i++) {
		const struct sva_region *r = &desc->regions[i];

		if (offset >= r->offset && offset - r->offset < r->size &&
		    len <= r->size - (offset - r->offset)) {
			*index = i;
			return r;
		}
	}
	return NULL;
}

/* ------------------------------------------------------------------ mmap */

static vm_fault_t region_fault(struct vm_fault *vmf)
{
	void *mem = vmf->vma->vm_private_data;
	struct sva_context *ctx = vmf->vma->vm_file->private_data;
	const struct sva_region *region;
	u32 index;

	region = find_region(ctx, (u64)vmf->pgoff << PAGE_SHIFT, PAGE_SIZE, &index);
	if (!region || ctx->regions[index] != mem)
		return VM_FAULT_SIGBUS;
	vmf->page = vmalloc_to_page(mem + ((u64)vmf->pgoff << PAGE_SHIFT) - region->offset);
	get_page(vmf->page);
	return 0;
}

static int region_may_split(struct vm_area_struct *vma, unsigned long addr)
{
	return -EINVAL;
}

/* R9; a queue that could be moved was CVE-2026-23056 elsewhere */
static int region_mremap(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static int region_mprotect(struct vm_area_struct *vma, unsigned long start,
			   unsigned long end, unsigned long flags)
{
	return -EACCES;
}

static const struct vm_operations_struct region_vm_ops = {
	.fault = region_fault,
	.may_split = region_may_split,
	.mremap = region_mremap,
	.mprotect = region_mprotect,
};

static int check_protection(const struct sva_region *region, unsigned long vm_flags)
{
	if (!(region->flags & SVA_REGION_FLAG_MMAP) || !(vm_flags & VM_SHARED))
		return -EACCES;
	if ((vm_flags & VM_WRITE) && !(region->flags & SVA_REGION_FLAG_WRITE))
		return -EACCES;
	return vm_flags & VM_EXEC ? -EACCES : 0;
}

int sva_region_mmap(struct sva_context *ctx, struct vm_area_struct *vma, u32 *reason)
{
	const struct sva_region *region;
	u32 index;
	int ret;

	ret = sva_context_check(ctx, reason);
	if (ret)
		return ret;
	if (vma->vm_pgoff > (U64_MAX >> PAGE_SHIFT))
		region = NULL;
	else
		region = find_region(ctx, (u64)vma->vm_pgoff << PAGE_SHIFT,
				     vma->vm_end - vma->vm_start, &index);
	if (!region) {
		*reason = SVA_REASON_BAD_RANGE;
		return -EINVAL;
	}
	ret = check_protection(region, vma->vm_flags);
	if (ret) {
		*reason = SVA_REASON_ACCESS;
		return ret;
	}
	vm_flags_mod(vma, VM_DONTCOPY | VM_DONTEXPAND,
		     VM_MAYEXEC | (region->flags & SVA_REGION_FLAG_WRITE ? 0 : VM_MAYWRITE));
	vma->vm_private_data = ctx->regions[index];
	vma->vm_ops = &region_vm_ops;
	return 0;
}

/* --------------------------------------------------------- pread, pwrite */

ssize_t sva_region_read(struct sva_context *ctx, char __user *buf, size_t len,
			loff_t pos, u32 *reason)
{
	const struct sva_region *region;
	u32 index;
	int ret;

	ret = sva_context_check(ctx, reason);
	if (ret)
		return ret;
	region = find_region(ctx, pos, len, &index);
	if (!region) {
		*reason = SVA_REASON_BAD_RANGE;
		return -EINVAL;
	}
	if (!(region->flags & SVA_REGION_FLAG_READ)) {
		*reason = SVA_REASON_ACCESS;
		return -EACCES;
	}
	/* the memory stays while the file is open */
	if (copy_to_user(buf, ctx->regions[index] + (pos - region->offset), len)) {
		*reason = SVA_REASON_BAD_POINTER;
		return -EFAULT;
	}
	return len;
}

ssize_t sva_region_write(struct sva_context *ctx, const char __user *buf,
			 size_t len, loff_t pos, u32 *reason)
{
	const struct sva_device_ops *ops = &ctx->sdev->ops;
	const struct sva_region *region;
	u8 data[SVA_WRITE_MAX];
	u32 index;
	int ret;

	ret = sva_context_check(ctx, reason);
	if (ret)
		return ret;
	region = find_region(ctx, pos, len, &index);
	if (!region || len > sizeof(data)) {
		*reason = SVA_REASON_BAD_RANGE;
		return -EINVAL;
	}
	if (!(region->flags & SVA_REGION_FLAG_WRITE)) {
		*reason = SVA_REASON_ACCESS;
		return -EACCES;
	}
	if (copy_from_user(data, buf, len)) {
		*reason = SVA_REASON_BAD_POINTER;
		return -EFAULT;
	}

	ret = sva_context_enter(ctx, reason);
	if (ret)
		return ret;
	memcpy(ctx->regions[index] + (pos - region->offset), data, len);
	if (ops->context_doorbell)
		ops->context_doorbell(ctx, index, pos - region->offset, len);
	sva_context_leave(ctx);
	return len;
}
