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
 * @svad: a command that runs another svad on the socket @svad_socket; NULL: none
 * @quick: a few repetitions, for a look
 * @reason: why the last row failed, 0: see its errno
 */
struct bench {
	const char *device;
	const char *svad;
	const char *svad_socket;
	bool quick;
	uint32_t reason;
};

enum row_unit {
	ROW_TIME,
	ROW_BYTES,
};

/**
 * struct row
 * @series: the plot that it is a point of; NULL: none
 * @product, @floor: what is measured, in words
 * @size: bytes, jobs, clients or contexts, as @run takes it; a point's place
 * @target: how many times the floor the product is to take at most; 0: none set
 * @svad_only: no context is bound, so that svad may have a fake kernel
 */
struct row {
	const char *name;
	const char *series;
	const char *product;
	const char *floor;
	int (*run)(struct bench *bench, const struct row *row, struct measure *measure);
	size_t size;
	double target;
	enum row_unit unit;
	bool svad_only;
};

/* Ends with one that has no name */
extern const struct row bench_rows[];

#define BENCH_FLOORS 5

/* What this machine takes for one of the things that all rows are made of; the median */
struct floor_result {
	const char *name;
	double ns;
};

int bench_floors(struct floor_result results[BENCH_FLOORS]);

/* What a row returns that cannot be measured here, and why */
enum row_skipped {
	ROW_NEEDS_CPUS = 1,
	ROW_NEEDS_RIGHT,	/* of an administrator of svad's policy */
	ROW_NEEDS_TRACING,
	ROW_NEEDS_SVAD,
	ROW_NEEDS_ROOM,		/* the device or the policy has not so many contexts */
};

int bench_grant_new(struct bench *bench, const struct row *row, struct measure *measure);
int bench_grant_open(struct bench *bench, const struct row *row, struct measure *measure);
int bench_grant_clients(struct bench *bench, const struct row *row, struct measure *measure);
int bench_grant_crowd(struct bench *bench, const struct row *row, struct measure *measure);
int bench_bind_clients(struct bench *bench, const struct row *row, struct measure *measure);
int bench_bind_crowd(struct bench *bench, const struct row *row, struct measure *measure);
int bench_bind_ioctl(struct bench *bench, const struct row *row, struct measure *measure);
int bench_exit_unbound(struct bench *bench, const struct row *row, struct measure *measure);
int bench_exit_bound(struct bench *bench, const struct row *row, struct measure *measure);
int bench_page_request(struct bench *bench, const struct row *row, struct measure *measure);
int bench_prefault(struct bench *bench, const struct row *row, struct measure *measure);
int bench_restart(struct bench *bench, const struct row *row, struct measure *measure);
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
 * @block: repetitions of a side before it is the other's turn, where what takes turns
 *	would cost more than what is measured (two servers' caches, say); 0: one
 */
struct pair {
	int (*product)(void *arg, int64_t *ns);
	int (*floor)(void *arg, int64_t *ns);
	void *arg;
	size_t per;
	size_t block;
};

/* One more sample */
int sample_add(struct samples *samples, double value);

/* Repeats both sides as often as time and statistics want. */
int bench_repeat(const struct bench *bench, const struct pair *pair, struct measure *measure);

/* The sample that @percent of all are not above; sorts them */
double samples_percentile(struct samples *samples, double percent);
void samples_free(struct samples *samples);

/*
 * The fd of a context on a connection of its own, unbound; the reason is left in @bench.
 * @socket: NULL: svad's
 */
int bench_context(struct bench *bench, const char *socket);

/* A bound context with its driver; the reason is left in @bench */
int bench_open(struct bench *bench, struct sva_context **ctx, struct sva_accel **accel);
void bench_close(struct sva_context *ctx, struct sva_accel *accel);

/* Submits, waits, and says how the job went; the reason is left in @bench */
int bench_run_job(struct bench *bench, struct sva_context *ctx, struct sva_accel *accel,
		  const struct sva_accel_desc *desc, struct sva_accel_completion *done);

#endif /* TOOLS_BENCH_H */
