/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * threads.c - one binding, many threads: each has the accelerator copy and sum up at
 * the same time, and uses the CPU meanwhile
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sva-accel.h>

#define THREADS	4
#define ROUNDS	50
#define SIZE	20000

static struct sva_accel_exec *exec;

/* The copy has the checksum of the original, or NULL is not what comes back */
static const char *one_round(unsigned char *from, unsigned char *to, int round)
{
	struct sva_accel_completion sum, sum_of_copy;
	struct sva_accel_desc jobs[2], job;
	uint64_t names[2], name;
	int err;

	memset(from, round, SIZE);
	sva_accel_prep_memmove(&jobs[0], to, from, SIZE, NULL);
	sva_accel_prep_crc32c(&jobs[1], from, 0, SIZE, NULL);
	if (sva_accel_exec_submit_many(exec, jobs, 2, -1, names) < 2)
		return "submit";
	/* here the CPU would do something of its own */
	err = sva_accel_exec_wait(exec, names[1], -1, &sum);
	if (sva_accel_exec_wait(exec, names[0], -1, NULL) < 0 || err < 0)
		return "copy and sum up";
	sva_accel_prep_crc32c(&job, to, 0, SIZE, NULL);
	if (sva_accel_exec_submit(exec, &job, -1, &name) < 0 ||
	    sva_accel_exec_wait(exec, name, -1, &sum_of_copy) < 0)
		return "sum up the copy";
	return sum.result == sum_of_copy.result ? NULL : "the copy differs";
}

static void *work(void *unused)
{
	unsigned char *from = malloc(SIZE), *to = malloc(SIZE);
	const char *failed = from && to ? NULL : "malloc";

	(void)unused;
	for (int i = 0; i < ROUNDS && !failed; i++)
		failed = one_round(from, to, i);
	free(from);
	free(to);
	return (void *)(uintptr_t)failed;
}

static int run_threads(void)
{
	pthread_t threads[THREADS];
	int started = 0, failed = 0;
	void *what;

	while (started < THREADS && !pthread_create(&threads[started], NULL, work, NULL))
		started++;
	for (int i = 0; i < started; i++) {
		pthread_join(threads[i], &what);
		if (what)
			fprintf(stderr, "threads: %s\n", (const char *)what);
		failed |= what != NULL;
	}
	return failed || started < THREADS;
}

int main(void)
{
	struct sva_context *ctx;
	struct sva_accel *accel;
	int failed = 1;

	if (sva_bind(NULL, 0, &ctx) < 0) {
		fprintf(stderr, "threads: %s\n", sva_strreason(sva_context_reason(NULL)));
		return 1;
	}
	if (sva_accel_open(ctx, &accel) == 0) {
		if (sva_accel_exec_open(accel, 0, &exec) == 0) {
			failed = run_threads();
			sva_accel_exec_close(exec, -1);
		}
		sva_accel_close(accel);
	}
	if (failed)
		fprintf(stderr, "threads: %s\n", sva_strreason(sva_context_reason(ctx)));
	else
		printf("%d threads shared PASID %u\n", THREADS, sva_context_pasid(ctx));
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	return failed;
}
