// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * region.c - the device's regions in the process's address space
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "context.h"
#include "entry.h"

/* A mapped region; one that is not mapped has none */
struct region {
	struct region *next;
	unsigned int index;
	void *addr;
	size_t size;
};

int region_info(struct sva_context *ctx, unsigned int index, struct sva_region_info *info)
{
	int ret;

	*info = (struct sva_region_info){ .argsz = sizeof(*info), .index = index };
	ret = context_ioctl(ctx, SVA_CONTEXT_GET_REGION_INFO, info);
	if (ret < 0)
		return ret;
	if (!info->size)
		return context_fail(ctx, -ENOENT, SVA_REASON_NO_SUCH_REGION);
	return 0;
}

static int region_mmap(struct sva_context *ctx, struct region *region)
{
	struct sva_region_info info;
	int ret, prot = 0;

	ret = region_info(ctx, region->index, &info);
	if (ret < 0)
		return ret;
	if (!(info.flags & SVA_REGION_FLAG_MMAP))
		return context_fail(ctx, -EACCES, SVA_REASON_ACCESS);
	if (info.size > SIZE_MAX)
		return context_fail(ctx, -EFBIG, SVA_REASON_SYSTEM);
	if (info.flags & SVA_REGION_FLAG_READ)
		prot |= PROT_READ;
	if (info.flags & SVA_REGION_FLAG_WRITE)
		prot |= PROT_WRITE;
	region->size = (size_t)info.size;
	region->addr = mmap(NULL, region->size, prot, MAP_SHARED, ctx->fd, (off_t)info.offset);
	if (region->addr == MAP_FAILED)
		return context_fail_access(ctx, -errno);
	return 0;
}

/* With the lock held */
static int region_find(struct sva_context *ctx, unsigned int index, struct region **found)
{
	struct region *region;
	int ret;

	for (region = ctx->regions; region; region = region->next) {
		if (region->index == index) {
			*found = region;
			return 0;
		}
	}
	region = calloc(1, sizeof(*region));
	if (!region)
		return context_fail(ctx, -ENOMEM, SVA_REASON_SYSTEM);
	region->index = index;
	ret = region_mmap(ctx, region);
	if (ret < 0) {
		free(region);
		return ret;
	}
	region->next = ctx->regions;
	ctx->regions = region;
	*found = region;
	return 0;
}

SVA_PUBLIC int sva_map_region(struct sva_context *ctx, unsigned int index, void **addr,
			      size_t *size)
{
	KEEP_ERRNO;
	struct region *region = NULL;
	int ret = context_check(ctx);

	if (ret < 0)
		return ret;
	if (!addr)
		return context_fail(ctx, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	pthread_mutex_lock(&ctx->lock);
	ret = region_find(ctx, index, &region);
	pthread_mutex_unlock(&ctx->lock);
	if (ret < 0)
		return ret;
	*addr = region->addr;
	if (size)
		*size = region->size;
	return 0;
}

void regions_free(struct sva_context *ctx, int mapped)
{
	struct region *region;

	while ((region = ctx->regions)) {
		ctx->regions = region->next;
		if (mapped)
			munmap(region->addr, region->size);
		free(region);
	}
}
