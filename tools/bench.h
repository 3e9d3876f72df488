/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench.h - rows of svabench: a product and its floor, measured side by side
 *
 * A machine's speed drifts, so that only numbers of one run can be compared:
 * each repetition of a row measures both, in alternating order.
 */
#ifndef TOOLS_BENCH_H
#define TOOLS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sva-accel.h"
#include "sva.h"

/* Nanoseconds (bytes in the rows about memory), each for one operation of the row */
struct samples {
	double *ns;
	size_t count;
	size_t room;
};

struct measure {
	struct samples product;
	struct samples floor;
};

/**
 * struct bench - what the rows share
 * @device: NULL: any
 * @quick: a few repetitions, for a look
 * @reason: why the last row failed, 0: see its errno
 */
struct bench {
	const char *device;
	bool quick;
	uint32_t reason;
};

/**
 * struct row
 * @size: bytes or jobs, as @run takes it
 * @target: how many times the floor the product is to take at most; 0: none set
 */
struct row {
	const char *name;
	const char *product;
	const char *floor;
	int (*run)(struct bench *bench, const struct row *row, struct measure *measure);
	size_t size;
	double target;
};

/* What a row returns that makes no sense on this machine */
#define ROW_SKIPPED 1

/* What one returns that only an administrator of svad's policy may measure */
#define ROW_NEEDS_RIGHT 2

int bench_bind(struct bench *bench, const struct row *row, struct measure *measure);
int bench_unbind(struct bench *bench, const struct row *row, struct measure *measure);
int bench_copy_warm(struct bench *bench, const struct row *row, struct measure *measure);
int bench_copy_cold(struct bench *bench, const struct row *row, struct measure *measure);
int bench_nop_ring(struct bench *bench, const struct row *row, struct measure *measure);
int bench_nop_syscall(struct bench *bench, const struct row *row, struct measure *measure);
int bench_client_memory(struct bench *bench, const struct row *row, struct measure *measure);
int bench_context_memory(struct bench *bench, const struct row *row, struct measure *measure);

/**
 * struct pair - the two sides of a row
 * @product, @floor: each does one repetition, leaves in *ns how long what counts
 *	of it took, and returns 0 or a negative errno
 * @per: operations in one repetition
 */
struct pair {
	int (*product)(void *arg, int64_t *ns);
	int (*floor)(void *arg, int64_t *ns);
	void *arg;
	size_t per;
};

/* Repeats both sides as often as time and statistics want. */
int bench_repeat(const struct bench *bench, const struct pair *pair, struct measure *measure);

/* The sample that @percent of all are not above; sorts them */
double samples_percentile(struct samples *samples, double percent);
void samples_free(struct samples *samples);

/* A bound context with its driver; the reason is left in @bench */
int bench_open(struct bench *bench, struct sva_context **ctx, struct sva_accel **accel);
void bench_close(struct sva_context *ctx, struct sva_accel *accel);

/* Submits, waits, and says how the job went; the reason is left in @bench */
int bench_run_job(struct bench *bench, struct sva_context *ctx, struct sva_accel *accel,
		  const struct sva_accel_desc *desc, struct sva_accel_completion *done);

#endif /* TOOLS_BENCH_H */
