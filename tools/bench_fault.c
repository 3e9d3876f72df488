// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_fault.c - pages that are not there when the device wants them
 *
 * One page request, as the device counts it (fault_ns of the completion record),
 * against what nobody can leave out: a thread is woken, and a CPU takes a fault.  And
 * what sva_prefault() gains, for a job that is to fill fresh memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bare.h"
#include "bench.h"
#include "deadline.h"

#define PAGE 4096

struct faults {
	struct bench *bench;
	struct sva_context *ctx;
	struct sva_accel *accel;
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct bare_sleeper sleeper;
	size_t size;
};

/* Fresh memory, page by page: huge pages would make one fault of 512 */
static char *fresh_map(size_t size)
{
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	madvise(memory, size, MADV_NOHUGEPAGE);
	return memory;
}

static int fill(struct faults *faults, char *memory, size_t size)
{
	struct sva_accel_desc desc;

	sva_accel_prep_fill(&desc, memory, 0x5a5a5a5a5a5a5a5a, size, &faults->done);
	return bench_run_job(faults->bench, faults->ctx, faults->accel, &desc, &faults->done);
}

static struct faults *faults_open(struct bench *bench, size_t size, int *ret)
{
	struct faults *faults = aligned_alloc(64, (sizeof(*faults) + 63) & ~(size_t)63);

	*ret = -ENOMEM;
	if (!faults)
		return NULL;
	memset(faults, 0, sizeof(*faults));
	faults->bench = bench;
	faults->size = size;
	*ret = bench_open(bench, &faults->ctx, &faults->accel);
	if (!*ret)
		return faults;
	free(faults);
	return NULL;
}

static void faults_close(struct faults *faults)
{
	bench_close(faults->ctx, faults->accel);
	free(faults);
}

/* -------------------------------------------------------- one page request */

static int time_request(void *arg, int64_t *ns)
{
	struct faults *faults = arg;
	char *memory = fresh_map(PAGE);
	int ret;

	if (!memory)
		return -ENOMEM;
	ret = fill(faults, memory, sizeof(uint64_t));
	/* a page that was there after all would be no sample of a request */
	if (!ret && !faults->done.page_requests)
		ret = -EAGAIN;
	*ns = (int64_t)faults->done.fault_ns;
	munmap(memory, PAGE);
	return ret;
}

static int time_minor_fault(int64_t *ns)
{
	char *memory = fresh_map(PAGE);
	int64_t start = clock_ns();

	if (!memory)
		return -ENOMEM;
	*(volatile char *)memory = 1;
	*ns = clock_ns() - start;
	munmap(memory, PAGE);
	return 0;
}

static int time_wake_and_fault(void *arg, int64_t *ns)
{
	struct faults *faults = arg;
	int64_t wake = bare_wake(&faults->sleeper);
	int ret = time_minor_fault(ns);

	*ns += wake;
	return wake < 0 ? (int)wake : ret;
}

int bench_page_request(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct pair pair = { .product = time_request, .floor = time_wake_and_fault, .per = 1 };
	struct faults *faults;
	int ret;

	faults = faults_open(bench, row->size, &ret);
	if (!faults)
		return ret;
	pair.arg = faults;
	ret = bare_sleeper_start(&faults->sleeper);
	if (!ret) {
		ret = bench_repeat(bench, &pair, measure);
		bare_sleeper_stop(&faults->sleeper);
	}
	faults_close(faults);
	return ret;
}

/* ----------------------------------------------------------------- prefault */

static int time_filling(struct faults *faults, bool prefault, int64_t *ns)
{
	char *memory = fresh_map(faults->size);
	int64_t start = clock_ns();
	int ret = 0;

	if (!memory)
		return -ENOMEM;
	if (prefault)
		ret = sva_prefault(faults->ctx, memory, faults->size, PROT_WRITE);
	if (ret < 0)
		faults->bench->reason = sva_context_reason(faults->ctx);
	else
		ret = fill(faults, memory, faults->size);
	*ns = clock_ns() - start;
	munmap(memory, faults->size);
	return ret;
}

static int time_prefaulted(void *arg, int64_t *ns)
{
	return time_filling(arg, true, ns);
}

static int time_faulting(void *arg, int64_t *ns)
{
	return time_filling(arg, false, ns);
}

int bench_prefault(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct pair pair = { .product = time_prefaulted, .floor = time_faulting, .per = 1 };
	struct faults *faults;
	int ret;

	faults = faults_open(bench, row->size, &ret);
	if (!faults)
		return ret;
	pair.arg = faults;
	ret = bench_repeat(bench, &pair, measure);
	faults_close(faults);
	return ret;
}
