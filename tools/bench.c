// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench.c - repetitions and what they say
 */
#include <errno.h>
#include <stdlib.h>

#include "bench.h"
#include "client.h"
#include "deadline.h"

/* A row ends when it has had this much time and this many repetitions */
struct effort {
	int64_t ns;
	size_t least;
	size_t most;
};

static const struct effort thorough = { 3000000000, 10, 5000 };
static const struct effort quick = { 300000000, 3, 500 };

int sample_add(struct samples *samples, double value)
{
	if (samples->count == samples->room) {
		size_t room = samples->room ? 2 * samples->room : 64;
		double *more = reallocarray(samples->ns, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		samples->ns = more;
		samples->room = room;
	}
	samples->ns[samples->count++] = value;
	return 0;
}

static int side_once(int (*side)(void *arg, int64_t *ns), const struct pair *pair,
		     struct samples *samples)
{
	int64_t ns = 0;
	int ret = side(pair->arg, &ns);

	if (ret < 0 || !samples)
		return ret;
	return sample_add(samples, (double)ns / (double)pair->per);
}

static int side_run(int (*side)(void *arg, int64_t *ns), const struct pair *pair,
		    struct samples *samples)
{
	int ret = 0;

	for (size_t i = 0; !ret && i < (pair->block ? pair->block : 1); i++)
		ret = side_once(side, pair, samples);
	return ret;
}

/* What came first last time comes second this time. */
static int repeat_once(const struct pair *pair, struct measure *measure, size_t round)
{
	bool floor_first = round % 2;
	int ret;

	ret = floor_first ? side_run(pair->floor, pair, &measure->floor) :
			    side_run(pair->product, pair, &measure->product);
	if (ret < 0)
		return ret;
	return floor_first ? side_run(pair->product, pair, &measure->product) :
			     side_run(pair->floor, pair, &measure->floor);
}

int bench_repeat(const struct bench *bench, const struct pair *pair, struct measure *measure)
{
	const struct effort *effort = bench->quick ? &quick : &thorough;
	int64_t end;
	int ret;

	/* once for nothing: caches, first faults, sleeping threads */
	ret = side_run(pair->floor, pair, NULL);
	if (!ret)
		ret = side_run(pair->product, pair, NULL);
	end = clock_ns() + effort->ns;
	for (size_t i = 0; !ret && measure->floor.count < effort->most; i++) {
		if (i >= effort->least && clock_ns() >= end)
			break;
		ret = repeat_once(pair, measure, i);
	}
	return ret;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double samples_percentile(struct samples *samples, double percent)
{
	size_t index;

	if (!samples->count)
		return 0;
	qsort(samples->ns, samples->count, sizeof(*samples->ns), compare);
	index = (size_t)((double)samples->count * percent / 100);
	return samples->ns[index < samples->count ? index : samples->count - 1];
}

void samples_free(struct samples *samples)
{
	free(samples->ns);
	*samples = (struct samples){ 0 };
}

/* ------------------------------------------------------------- the device */

int bench_context(struct bench *bench, const char *socket)
{
	struct sva_msg_opened opened;
	struct client client;
	int fd = -1, ret = client_connect(&client, socket, 0);

	if (!ret)
		ret = client_open(&client, bench->device, NULL, &opened, &fd);
	client_close(&client);
	bench->reason = client.reason;
	return ret < 0 ? ret : fd;
}

int bench_open(struct bench *bench, struct sva_context **ctx, struct sva_accel **accel)
{
	int ret = sva_bind(bench->device, 0, ctx);

	if (ret < 0) {
		bench->reason = sva_context_reason(NULL);
		return ret;
	}
	ret = sva_accel_open(*ctx, accel);
	if (ret < 0) {
		bench->reason = sva_context_reason(*ctx);
		sva_unbind(*ctx, SVA_RELEASE_CLEAN);
	}
	return ret;
}

void bench_close(struct sva_context *ctx, struct sva_accel *accel)
{
	sva_accel_close(accel);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

int bench_run_job(struct bench *bench, struct sva_context *ctx, struct sva_accel *accel,
		  const struct sva_accel_desc *desc, struct sva_accel_completion *done)
{
	int ret = sva_accel_submit(accel, desc);

	if (!ret)
		ret = sva_accel_wait(accel, done, 60000);
	if (ret < 0) {
		bench->reason = sva_context_reason(ctx);
		return ret;
	}
	return sva_accel_error(done);
}
