/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * workers.c - fork(): a child has an address space of its own, so each worker binds
 * anew; what they share with their parent is shared memory, as always
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <sva-accel.h>

#define WORKERS	3
#define NUMBERS	3000

struct shared {
	uint64_t numbers[NUMBERS];
	uint64_t squares[NUMBERS];	/* of the numbers, by the accelerator's look-ups */
};

/* A table that each worker has a copy of, at the same address */
static uint64_t table[256];

/* Looks up a part of the numbers, in this process's own context */
static int look_up(struct sva_context *ctx, struct shared *shared, size_t from, size_t count)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_desc job;
	struct sva_accel *accel;
	int err = sva_accel_open(ctx, &accel);

	if (err < 0)
		return err;
	sva_accel_prep_gather(&job, &shared->squares[from], table, &shared->numbers[from], count,
			      sizeof(table[0]), &done);
	err = sva_accel_submit(accel, &job);
	if (!err)
		err = sva_accel_wait(accel, &done, 10000);
	if (!err)
		err = sva_accel_error(&done);
	sva_accel_close(accel);
	return err;
}

static int worker(struct sva_context *parents, struct shared *shared, size_t number)
{
	const size_t count = NUMBERS / WORKERS;
	struct sva_context *ctx;
	int err;

	/* 1: it is the parent's, and every call on it would say so */
	if (sva_context_forked(parents))
		sva_unbind(parents, SVA_RELEASE_CLEAN);
	err = sva_bind(NULL, 0, &ctx);
	if (err < 0) {
		fprintf(stderr, "worker: %s\n", sva_strreason(sva_context_reason(NULL)));
		return 1;
	}
	err = look_up(ctx, shared, number * count, count);
	if (err < 0)
		fprintf(stderr, "worker: %s\n", sva_strreason(sva_context_reason(ctx)));
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	return err < 0;
}

static int workers_run(struct sva_context *ctx, struct shared *shared)
{
	int failed = 0, status;

	for (size_t i = 0; i < WORKERS; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(worker(ctx, shared, i));
		failed |= pid < 0;
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	for (size_t i = 0; i < NUMBERS && !failed; i++)
		failed = shared->squares[i] != shared->numbers[i] * shared->numbers[i];
	return failed;
}

int main(void)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sva_context *ctx;
	int failed;

	if (shared == MAP_FAILED)
		return 1;
	for (size_t i = 0; i < 256; i++)
		table[i] = i * i;
	for (size_t i = 0; i < NUMBERS; i++)
		shared->numbers[i] = i * 7 % 256;
	if (sva_bind(NULL, 0, &ctx) < 0) {
		fprintf(stderr, "workers: %s\n", sva_strreason(sva_context_reason(NULL)));
		return 1;
	}
	failed = workers_run(ctx, shared);
	/* the parent's own binding is as it was */
	if (!failed && look_up(ctx, shared, 0, NUMBERS) == 0)
		printf("%d workers and their parent looked up %d numbers\n", WORKERS, NUMBERS);
	else
		failed = 1;
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	munmap(shared, sizeof(*shared));
	return failed;
}
