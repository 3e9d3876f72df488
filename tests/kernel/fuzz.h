/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz.h - random calls, right and wrong, that are the same for the same seed
 */
#ifndef TESTS_KERNEL_FUZZ_H
#define TESTS_KERNEL_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FUZZ_PAGE 4096
#define FUZZ_PAGES 64		/* of the memory that jobs and calls name */
#define FUZZ_STEPS 24		/* calls of a sequence, at most */
#define FUZZ_NUMBERS 8

struct fuzz_random {
	uint64_t state;
};

/* That of the run: given, or drawn */
uint64_t fuzz_seed(void);
uint64_t fuzz_next(struct fuzz_random *random);
unsigned int fuzz_choose(struct fuzz_random *random, unsigned int count);

struct sva_accel_desc;

/* A call: what it is, and numbers from which its arguments are made */
struct fuzz_step {
	uint32_t what;
	uint32_t numbers[FUZZ_NUMBERS];
};

struct fuzz_sequence {
	uint32_t count;
	struct fuzz_step steps[FUZZ_STEPS];
};

/* fuzz_calls.c: what the calls of a process work on */
struct fuzz_world;
struct fuzz_world *fuzz_world_new(void);
/* What a sequence meets, whatever became of it in the one before */
void fuzz_world_begin(struct fuzz_world *world);
/* Fails the test if memory changed that no call named */
void fuzz_world_end(struct fuzz_world *world);
/* The same, and closes and unmaps all of it */
void fuzz_world_clear(struct fuzz_world *world);
void fuzz_step_run(struct fuzz_world *world, const struct fuzz_step *step);
unsigned int fuzz_kinds(void);
const char *fuzz_kind(uint32_t what);

/* Memory between pages that nobody may touch, and a copy of what no call ever names */
struct fuzz_memory {
	uint8_t *pool;
	uint8_t *canary;
};

void fuzz_memory_new(struct fuzz_memory *memory);
void fuzz_memory_check(const struct fuzz_memory *memory);
/*
 * A job that reads and writes nothing but the pool and what is not there, whatever other
 * thread puts a word of another such job in its place
 */
struct sva_accel_desc fuzz_job(struct fuzz_random *random, const struct fuzz_memory *memory);

/* fuzz_coverage.c: which code of the modules this thread has run, where KCOV tells it */
struct fuzz_coverage;
struct fuzz_coverage *fuzz_coverage_new(void);
/* Of this thread: begins to look */
void fuzz_coverage_begin(struct fuzz_coverage *coverage);
/* Ends it; was there something that nobody had run before? */
bool fuzz_coverage_end(struct fuzz_coverage *coverage);
/* How many places were run; 0 where nothing tells */
unsigned int fuzz_coverage_count(const struct fuzz_coverage *coverage);

#endif /* TESTS_KERNEL_FUZZ_H */
