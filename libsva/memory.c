// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * memory.c - memory made ready for the device
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "context.h"
#include "entry.h"

/* Older than the C libraries that we build with */
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22
#define MADV_POPULATE_WRITE	23
#endif

/* What sva_prefault() and sva_pin() are told that the device will do */
static bool prot_valid(int prot)
{
	return prot && !(prot & ~(PROT_READ | PROT_WRITE));
}

static int populate_error(int error)
{
	switch (error) {
	case ENOMEM:	/* a hole */
	case EINVAL:	/* device memory, which has no pages to make ready */
		return -EFAULT;
	default:	/* EFAULT: not mapped that way, or the file ends before */
		return -error;
	}
}

SVA_PUBLIC int sva_prefault(struct sva_context *ctx, const void *addr, size_t len, int prot)
{
	KEEP_ERRNO;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), start = (uintptr_t)addr, end;
	int ret = context_check(ctx), advice;

	if (ret < 0)
		return ret;
	if (!prot_valid(prot) || __builtin_add_overflow(start, len, &end) ||
	    __builtin_add_overflow(end, page - 1, &end))
		return context_fail(ctx, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	if (!len)
		return 0;
	start &= ~(page - 1);
	end &= ~(page - 1);
	advice = prot & PROT_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	do
		ret = madvise((void *)start, end - start, advice);
	while (ret < 0 && errno == EINTR);
	if (ret < 0)
		return context_fail(ctx, populate_error(errno), SVA_REASON_SYSTEM);
	return 0;
}

/* ------------------------------------------------------------------- pin */

static int pin_ioctl(struct sva_context *ctx, unsigned long request, const void *addr, size_t len,
		     uint32_t flags)
{
	struct sva_pin pin = {
		.argsz = sizeof(pin),
		.flags = flags,
		.address = (uintptr_t)addr,
		.size = len,
	};

	return context_ioctl(ctx, request, &pin);
}

SVA_PUBLIC int sva_pin(struct sva_context *ctx, const void *addr, size_t len, int prot)
{
	KEEP_ERRNO;
	int ret = context_check(ctx);

	if (ret < 0)
		return ret;
	if (!prot_valid(prot))
		return context_fail(ctx, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	return pin_ioctl(ctx, SVA_CONTEXT_PIN, addr, len,
			 (prot & PROT_READ ? SVA_PIN_READ : 0) |
			 (prot & PROT_WRITE ? SVA_PIN_WRITE : 0));
}

SVA_PUBLIC int sva_unpin(struct sva_context *ctx, const void *addr, size_t len)
{
	KEEP_ERRNO;
	int ret = context_check(ctx);

	return ret < 0 ? ret : pin_ioctl(ctx, SVA_CONTEXT_UNPIN, addr, len, 0);
}
