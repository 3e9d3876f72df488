// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_nop.c - jobs that do nothing, many at a time: what one costs to pass on
 *
 * Only the last of a batch has a completion record, without an interrupt; all
 * times are divided by the number of jobs.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "bare.h"
#include "bench.h"
#include "deadline.h"

struct nops {
	struct bench *bench;
	struct sva_context *ctx;
	struct sva_accel *accel;
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_desc *descs;
	uint32_t count;
	struct bare_ring ring;
	int null;
};

static void nops_prepare(struct nops *nops)
{
	sva_accel_prep_nop(&nops->descs[nops->count - 1], &nops->done);
	nops->descs[nops->count - 1].flags = 0;
}

/*
 * A device polls its rings; one in software sleeps when it has had no work for a
 * while, and what it takes to wake it is none of a batch's cost.
 */
static int device_wake(struct nops *nops)
{
	struct sva_accel_desc desc;

	sva_accel_prep_nop(&desc, &nops->done);
	return bench_run_job(nops->bench, nops->ctx, nops->accel, &desc, &nops->done);
}

static int time_device(void *arg, int64_t *ns)
{
	struct nops *nops = arg;
	int64_t start;
	int ret = device_wake(nops);

	if (ret < 0)
		return ret;
	nops_prepare(nops);
	start = clock_ns();
	ret = sva_accel_submit_wait(nops->accel, nops->descs, nops->count, 60000);
	if (ret == (int)nops->count)
		ret = sva_accel_wait(nops->accel, &nops->done, 60000);
	*ns = clock_ns() - start;
	if (ret < 0)
		nops->bench->reason = sva_context_reason(nops->ctx);
	if (ret > 0)	/* not all of them */
		ret = -EIO;
	return ret < 0 ? ret : sva_accel_error(&nops->done);
}

static int time_ring(void *arg, int64_t *ns)
{
	struct nops *nops = arg;
	int64_t start;

	nops_prepare(nops);
	start = clock_ns();
	bare_ring_run(&nops->ring, nops->descs, nops->count);
	*ns = clock_ns() - start;
	return 0;
}

static int time_syscalls(void *arg, int64_t *ns)
{
	struct nops *nops = arg;
	int64_t start = clock_ns();

	for (uint32_t i = 0; i < nops->count; i++) {
		if (write(nops->null, &nops->descs[i], sizeof(nops->descs[i])) < 0)
			return -errno;
	}
	*ns = clock_ns() - start;
	return 0;
}

static bool two_cpus(void)
{
	cpu_set_t cpus;

	return sched_getaffinity(0, sizeof(cpus), &cpus) < 0 || CPU_COUNT(&cpus) > 1;
}

static int nops_open(struct nops *nops, struct bench *bench, size_t count)
{
	nops->bench = bench;
	nops->count = (uint32_t)count;
	nops->descs = aligned_alloc(64, count * sizeof(*nops->descs));
	if (!nops->descs)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		sva_accel_prep_nop(&nops->descs[i], NULL);
		nops->descs[i].flags = 0;
	}
	return bench_open(bench, &nops->ctx, &nops->accel);
}

/* After nops_open() however that went: @opened says how */
static void nops_close(struct nops *nops, bool opened)
{
	if (opened)
		bench_close(nops->ctx, nops->accel);
	free(nops->descs);
}

int bench_nop_ring(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct nops nops = { 0 };
	struct pair pair = {
		.product = time_device, .floor = time_ring, .arg = &nops, .per = row->size,
	};
	struct sva_accel_status status = { 0 };
	bool opened;
	int ret;

	if (!two_cpus())
		return ROW_NEEDS_CPUS;
	ret = nops_open(&nops, bench, row->size);
	opened = !ret;
	if (!ret)
		ret = sva_accel_status(nops.accel, &status);
	if (!ret)
		ret = bare_ring_start(&nops.ring, status.entries);
	if (!ret) {
		ret = bench_repeat(bench, &pair, measure);
		bare_ring_stop(&nops.ring);
	}
	nops_close(&nops, opened);
	return ret;
}

int bench_nop_syscall(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct nops nops = { 0 };
	struct pair pair = {
		.product = time_device, .floor = time_syscalls, .arg = &nops, .per = row->size,
	};
	bool opened;
	int ret;

	nops.null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (nops.null < 0)
		return -errno;
	ret = nops_open(&nops, bench, row->size);
	opened = !ret;
	if (!ret)
		ret = bench_repeat(bench, &pair, measure);
	nops_close(&nops, opened);
	close(nops.null);
	return ret;
}
