/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * context.h - struct sva_context, for libsva's own files
 */
#ifndef SVA_CONTEXT_H
#define SVA_CONTEXT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "sva.h"

struct region;

/**
 * struct sva_context
 * @fd: the kernel's context
 * @pasid: as BIND_TASK returned it
 * @mm: number of the address space that is bound (mm.h)
 * @dev, @ino: what @fd was, to know it again in a child
 * @reason: of the last failure, of any thread
 * @driven: a struct sva_accel is open on it
 * @lock: guards @regions and the reading of events
 */
struct sva_context {
	int fd;
	uint32_t pasid;
	uint64_t mm;
	dev_t dev;
	ino_t ino;
	_Atomic uint32_t reason;
	atomic_bool driven;
	pthread_mutex_t lock;
	struct region *regions;
};

/* Leaves @reason in the context, or in the thread where @ctx is NULL; returns @error. */
int context_fail(struct sva_context *ctx, int error, uint32_t reason);

/* 0, or -EPERM in a child of fork() (R9): ask before touching anything */
int context_check(struct sva_context *ctx);

/* 0, or a negative errno of sva_bind_with() */
int args_check(const struct sva_bind_args *args);

/* The same for calls that bind nothing, and leaves the reason with the thread */
int args_check_question(const struct sva_bind_args *args);

/* A failure without a reason (SVA_REASON_SYSTEM) did not come from sva.ko. */
int ioctl_on(int fd, unsigned long request, void *arg, uint32_t *reason);

/*
 * An ioctl on the context; @arg starts with argsz, flags and reason.  What the
 * kernel says is left as the context's reason.
 */
int context_ioctl(struct sva_context *ctx, unsigned long request, void *arg);

/* After mmap, read or write failed with @error: the kernel keeps why in GET_INFO. */
int context_fail_access(struct sva_context *ctx, int error);

/* Finds region @index; *info is filled. */
int region_info(struct sva_context *ctx, unsigned int index, struct sva_region_info *info);

/* Unmaps and forgets every region, or in a child (@mapped false) only forgets. */
void regions_free(struct sva_context *ctx, int mapped);

#endif /* SVA_CONTEXT_H */
