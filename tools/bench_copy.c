// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_copy.c - memmove by the device against memcpy() by the CPU
 *
 * Warm: every page is there on both sides.  Cold: each repetition copies between
 * fresh mappings that nobody has touched, so that the CPU takes page faults and
 * the device sends page requests for the same pages.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "deadline.h"

struct copies {
	struct bench *bench;
	struct sva_context *ctx;
	struct sva_accel *accel;
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	size_t size;
	char *from;
	char *to;
};

/*
 * Between the buffers.  At the same place in their huge pages, source and destination
 * would evict each other from an emulator's direct-mapped TLB at every access, which
 * slows either side by several times and says nothing of it.
 */
#define GAP	(37 * 4096)

static size_t buffers_size(const struct copies *copies)
{
	return 2 * copies->size + GAP;
}

static int buffers_map(struct copies *copies)
{
	char *memory = mmap(NULL, buffers_size(copies), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	copies->from = memory;
	copies->to = memory + copies->size + GAP;
	return 0;
}

static void buffers_unmap(const struct copies *copies)
{
	munmap(copies->from, buffers_size(copies));
}

static int copy_by_device(struct copies *copies)
{
	struct sva_accel_desc desc;

	sva_accel_prep_memmove(&desc, copies->to, copies->from, copies->size, &copies->done);
	return bench_run_job(copies->bench, copies->ctx, copies->accel, &desc, &copies->done);
}

static int copy_by_cpu(struct copies *copies)
{
	memcpy(copies->to, copies->from, copies->size);
	/* the copy has a reader, as far as the compiler knows */
	__asm__ volatile("" : : "r"(copies->to) : "memory");
	return 0;
}

static int time_copy(struct copies *copies, int (*copy)(struct copies *), int64_t *ns)
{
	int64_t start = clock_ns();
	int ret = copy(copies);

	*ns = clock_ns() - start;
	return ret;
}

static int warm_device(void *arg, int64_t *ns)
{
	return time_copy(arg, copy_by_device, ns);
}

static int warm_cpu(void *arg, int64_t *ns)
{
	return time_copy(arg, copy_by_cpu, ns);
}

static int time_cold(struct copies *copies, int (*copy)(struct copies *), int64_t *ns)
{
	int ret = buffers_map(copies);

	if (ret < 0)
		return ret;
	ret = time_copy(copies, copy, ns);
	buffers_unmap(copies);
	return ret;
}

static int cold_device(void *arg, int64_t *ns)
{
	return time_cold(arg, copy_by_device, ns);
}

static int cold_cpu(void *arg, int64_t *ns)
{
	return time_cold(arg, copy_by_cpu, ns);
}

/* A fast copy of the wrong bytes is no copy. */
static int copy_check(struct copies *copies)
{
	int ret;

	for (size_t i = 0; i < copies->size; i++)
		copies->from[i] = (char)(i * 31 + (i >> 12));
	memset(copies->to, 0, copies->size);
	ret = copy_by_device(copies);
	if (ret < 0)
		return ret;
	return memcmp(copies->from, copies->to, copies->size) ? -EILSEQ : 0;
}

static struct copies *copies_open(struct bench *bench, size_t size, int *ret)
{
	struct copies *copies = aligned_alloc(64, (sizeof(*copies) + 63) & ~(size_t)63);

	if (!copies) {
		*ret = -ENOMEM;
		return NULL;
	}
	memset(copies, 0, sizeof(*copies));
	copies->bench = bench;
	copies->size = size;
	*ret = bench_open(bench, &copies->ctx, &copies->accel);
	if (*ret < 0) {
		free(copies);
		return NULL;
	}
	return copies;
}

static void copies_close(struct copies *copies)
{
	bench_close(copies->ctx, copies->accel);
	free(copies);
}

int bench_copy_warm(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct pair pair = { .product = warm_device, .floor = warm_cpu, .per = 1 };
	struct copies *copies;
	int ret;

	copies = copies_open(bench, row->size, &ret);
	if (!copies)
		return ret;
	pair.arg = copies;
	ret = buffers_map(copies);
	if (!ret) {
		ret = copy_check(copies);
		if (!ret)
			ret = bench_repeat(bench, &pair, measure);
		buffers_unmap(copies);
	}
	copies_close(copies);
	return ret;
}

int bench_copy_cold(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct pair pair = { .product = cold_device, .floor = cold_cpu, .per = 1 };
	struct copies *copies;
	int ret;

	copies = copies_open(bench, row->size, &ret);
	if (!copies)
		return ret;
	pair.arg = copies;
	ret = bench_repeat(bench, &pair, measure);
	copies_close(copies);
	return ret;
}
