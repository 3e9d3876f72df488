// SPDX-License-Identifier: GPL-2.0
/*
 * region.c - a context's memory, by mmap(), pread() and pwrite()
 *
 * The memory lives as long as the context's file or a mapping of it, so a
 * process that polls its ring survives the device (R6).  Doorbells are registers
 * of the device while the context is bound, and such memory afterwards.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>
#include <linux/vmalloc.h>

#include "core.h"

#define SVA_TRANSFER_MAX	256	/* bytes in one pwrite(), and read of registers at a time */

/*
 * Registers and what a device is told the address of are contiguous.  Other memory is, too,
 * as long as that is easily had: mapping it anew is half of what a bind costs.
 */
static void *pages_alloc(const struct sva_region *region)
{
	/* R8: whoever runs out of memory here is told; it is no news for the log */
	const gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_ZERO | __GFP_NOWARN;
	void *pages;

	if (region->kind != SVA_REGION_MEMORY)
		return alloc_pages_exact(region->size, gfp);
	if (get_order(region->size) > PAGE_ALLOC_COSTLY_ORDER)
		return __vmalloc(region->size, gfp);
	pages = alloc_pages_exact(region->size, gfp | __GFP_NORETRY);
	return pages ?: __vmalloc(region->size, gfp);
}

static void pages_free(const struct sva_region *region, void *pages)
{
	if (is_vmalloc_addr(pages))
		vfree(pages);
	else if (pages)
		free_pages_exact(pages, region->size);
}

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
		ctx->regions[i].pages = pages_alloc(&desc->regions[i]);
		if (!ctx->regions[i].pages) {
			sva_regions_free(ctx);
			return -ENOMEM;
		}
	}
	return 0;
}

void sva_regions_free(struct sva_context *ctx)
{
	const struct sva_device_desc *desc = &ctx->sdev->desc;

	if (!ctx->regions)
		return;
	for (u32 i = 0; i < desc->num_regions; i++)
		pages_free(&desc->regions[i], ctx->regions[i].pages);
	kfree(ctx->regions);
	ctx->regions = NULL;
}

/**
 * sva_regions_close() - mapped doorbells lead to a page of zeroes (R6)
 *
 * queue_ready was cleared before: what faults from here on finds that page.
 */
void sva_regions_close(struct sva_context *ctx)
{
	const struct sva_device_desc *desc = &ctx->sdev->desc;

	for (u32 i = 0; i < desc->num_regions; i++)
		if (ctx->regions[i].registers)
			unmap_mapping_range(ctx->inode->i_mapping, desc->regions[i].offset,
					    desc->regions[i].size, 1);
}

/**
 * sva_region_find() - the region that holds all of [offset, offset + len), or NULL
 */
const struct sva_region *sva_region_find(const struct sva_device_desc *desc, u64 offset,
					 u64 len, u32 *index)
{
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

/* The page of a region at a fault, or NULL */
static void *page_at(const struct vm_fault *vmf, u32 *index, u64 *offset)
{
	struct sva_context *ctx = vmf->vma->vm_file->private_data;
	const struct sva_region *region;

	region = sva_region_find(&ctx->sdev->desc, (u64)vmf->pgoff << PAGE_SHIFT, PAGE_SIZE,
				 index);
	if (!region || ctx->regions[*index].pages != vmf->vma->vm_private_data)
		return NULL;
	*offset = ((u64)vmf->pgoff << PAGE_SHIFT) - region->offset;
	return ctx->regions[*index].pages + *offset;
}

static vm_fault_t region_fault(struct vm_fault *vmf)
{
	u64 offset;
	u32 index;
	void *page = page_at(vmf, &index, &offset);

	if (!page)
		return VM_FAULT_SIGBUS;
	vmf->page = is_vmalloc_addr(page) ? vmalloc_to_page(page) : virt_to_page(page);
	get_page(vmf->page);
	return 0;
}

/*
 * Under active, so that no registers are mapped any more behind the back of
 * sva_regions_close().
 */
static vm_fault_t doorbell_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	struct sva_context *ctx = vma->vm_file->private_data;
	const struct sva_region_memory *memory;
	pgprot_t prot = vma->vm_page_prot;
	unsigned long pfn;
	vm_fault_t ret;
	u64 offset;
	u32 index;
	void *page = page_at(vmf, &index, &offset);

	if (!page)
		return VM_FAULT_SIGBUS;
	memory = &ctx->regions[index];
	pfn = page_to_pfn(virt_to_page(page));
	sva_race_point();
	down_read(&ctx->active);
	if (ctx->queue_ready && memory->registers) {
		pfn = PHYS_PFN(memory->base + offset);
		prot = pgprot_noncached(prot);
	}
	ret = vmf_insert_pfn_prot(vma, vmf->address, pfn, prot);
	up_read(&ctx->active);
	return ret;
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

static const struct vm_operations_struct doorbell_vm_ops = {
	.fault = doorbell_fault,
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
		region = sva_region_find(&ctx->sdev->desc, (u64)vma->vm_pgoff << PAGE_SHIFT,
					 vma->vm_end - vma->vm_start, &index);
	if (!region) {
		*reason = SVA_REASON_BAD_RANGE;
		return -EINVAL;
	}
	sva_race_point();
	ret = check_protection(region, vma->vm_flags);
	if (ret) {
		*reason = SVA_REASON_ACCESS;
		return ret;
	}
	vm_flags_mod(vma, VM_DONTCOPY | VM_DONTEXPAND,
		     VM_MAYEXEC | (region->flags & SVA_REGION_FLAG_WRITE ? 0 : VM_MAYWRITE));
	vma->vm_private_data = ctx->regions[index].pages;
	vma->vm_ops = &region_vm_ops;
	if (region->kind == SVA_REGION_DOORBELL) {
		vm_flags_set(vma, VM_PFNMAP | VM_IO | VM_DONTDUMP);
		vma->vm_ops = &doorbell_vm_ops;
	}
	return 0;
}

/* --------------------------------------------------------- pread, pwrite */

static bool word_aligned(u64 offset, size_t len)
{
	return !(offset % sizeof(u32)) && !(len % sizeof(u32));
}

/* Registers are read a word at a time; of the first and the last some is dropped */
static void registers_read(const void __iomem *registers, u64 offset, u8 *data, size_t len)
{
	while (len) {
		__le32 word = cpu_to_le32(ioread32(registers + ALIGN_DOWN(offset, sizeof(word))));
		size_t from = offset % sizeof(word), n = min(len, sizeof(word) - from);

		memcpy(data, (u8 *)&word + from, n);
		offset += n;
		data += n;
		len -= n;
	}
}

static void registers_write(void __iomem *registers, u64 offset, const u8 *data, size_t len)
{
	for (size_t i = 0; i < len; i += sizeof(u32))
		iowrite32(get_unaligned_le32(data + i), registers + offset + i);
}

/* 0 with @data filled, or 1: the doorbell is closed */
static int doorbell_read(struct sva_context *ctx, u32 index, u64 offset, u8 *data, size_t len)
{
	const struct sva_region_memory *memory = &ctx->regions[index];
	int ret = 1;

	down_read(&ctx->active);
	if (ctx->queue_ready && memory->registers) {
		registers_read(memory->registers, offset, data, len);
		ret = 0;
	}
	up_read(&ctx->active);
	return ret;
}

/* The memory stays while the file is open */
static int copy_out(struct sva_context *ctx, u32 index, u64 offset, char __user *buf, size_t len)
{
	bool doorbell = ctx->sdev->desc.regions[index].kind == SVA_REGION_DOORBELL;
	const u8 *pages = ctx->regions[index].pages;
	u8 data[SVA_TRANSFER_MAX];

	if (!doorbell)
		return copy_to_user(buf, pages + offset, len) ? -EFAULT : 0;
	while (len) {
		size_t n = min(len, sizeof(data));

		if (doorbell_read(ctx, index, offset, data, n))
			memcpy(data, pages + offset, n);
		if (copy_to_user(buf, data, n))
			return -EFAULT;
		offset += n;
		buf += n;
		len -= n;
	}
	return 0;
}

ssize_t sva_region_read(struct sva_context *ctx, char __user *buf, size_t len,
			loff_t pos, u32 *reason)
{
	const struct sva_region *region;
	u32 index;
	int ret;

	ret = sva_context_check(ctx, reason);
	if (ret)
		return ret;
	region = sva_region_find(&ctx->sdev->desc, pos, len, &index);
	if (!region) {
		*reason = SVA_REASON_BAD_RANGE;
		return -EINVAL;
	}
	if (!(region->flags & SVA_REGION_FLAG_READ)) {
		*reason = SVA_REASON_ACCESS;
		return -EACCES;
	}
	if (copy_out(ctx, index, pos - region->offset, buf, len)) {
		*reason = SVA_REASON_BAD_POINTER;
		return -EFAULT;
	}
	return len;
}

/* Holding the queue */
static void store(struct sva_context *ctx, u32 index, u64 offset, const u8 *data, size_t len)
{
	const struct sva_region_memory *memory = &ctx->regions[index];
	const struct sva_device_ops *ops = &ctx->sdev->ops;

	if (memory->registers) {
		registers_write(memory->registers, offset, data, len);
		return;
	}
	memcpy(memory->pages + offset, data, len);
	if (ops->context_doorbell)
		ops->context_doorbell(ctx, index, offset, len);
}

ssize_t sva_region_write(struct sva_context *ctx, const char __user *buf,
			 size_t len, loff_t pos, u32 *reason)
{
	const struct sva_region *region;
	u8 data[SVA_TRANSFER_MAX];
	u32 index;
	int ret;

	ret = sva_context_check(ctx, reason);
	if (ret)
		return ret;
	region = sva_region_find(&ctx->sdev->desc, pos, len, &index);
	if (!region || len > sizeof(data) ||
	    (region->kind == SVA_REGION_DOORBELL && !word_aligned(pos, len))) {
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
	store(ctx, index, pos - region->offset, data, len);
	sva_context_leave(ctx);
	return len;
}
