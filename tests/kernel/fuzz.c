// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz.c - random calls, rings and descriptors; what they break shows in the kernel's log,
 * in memory that nobody named, and in what is left behind (R5)
 *
 *	fuzz [--calls N] [--rings N] [--seed S] [PATTERN...]	4000 calls, 10 rings
 *
 * Sequences of calls are drawn from the seed.  Where the modules tell what of them was
 * run (KCOV), a sequence that ran something new is kept, and most of those that follow
 * are variants of one that was kept.  A process makes some sequences and ends, however
 * things stand; the next one begins with another address space.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "fuzz.h"
#include "harness.h"
#include "modules.h"
#include "options.h"
#include "process.h"
#include "random.h"

#define CORPUS_MAX 4096
#define SEQUENCES_OF_A_PROCESS 40

static uint64_t calls = 4000;
static uint64_t seed;

OPTION("--calls", calls)
OPTION("--seed", seed)

uint64_t fuzz_seed(void)
{
	seed = seed ?: (uint64_t)time(NULL);
	return seed;
}

uint64_t fuzz_next(struct fuzz_random *random)
{
	return random_next(&random->state);
}

unsigned int fuzz_choose(struct fuzz_random *random, unsigned int count)
{
	return (unsigned int)((fuzz_next(random) >> 33) % count);
}

/* ------------------------------------------------------------------ corpus */

/* In memory that the processes share; one of them runs at a time */
struct corpus {
	struct fuzz_random random;
	uint64_t calls;
	uint64_t sequences;
	uint64_t kinds[64];
	uint32_t count;
	struct fuzz_sequence kept[CORPUS_MAX];
};

static struct corpus *corpus;
static struct fuzz_coverage *coverage;

static void step_draw(struct fuzz_random *random, struct fuzz_step *step)
{
	step->what = fuzz_choose(random, fuzz_kinds());
	for (unsigned int i = 0; i < FUZZ_NUMBERS; i++)
		step->numbers[i] = (uint32_t)(fuzz_next(random) >> 32);
}

static void sequence_draw(struct fuzz_random *random, struct fuzz_sequence *sequence)
{
	sequence->count = 4 + fuzz_choose(random, FUZZ_STEPS - 3);
	for (uint32_t i = 0; i < sequence->count; i++)
		step_draw(random, &sequence->steps[i]);
}

static void step_change(struct fuzz_random *random, struct fuzz_step *step)
{
	unsigned int at = fuzz_choose(random, FUZZ_NUMBERS);

	if (fuzz_choose(random, 2))
		step->numbers[at] = (uint32_t)(fuzz_next(random) >> 32);
	else
		step->numbers[at] ^= 1u << fuzz_choose(random, 32);
}

static void step_insert(struct fuzz_random *random, struct fuzz_sequence *sequence)
{
	uint32_t at = fuzz_choose(random, sequence->count);

	if (sequence->count < FUZZ_STEPS)
		sequence->count++;
	memmove(&sequence->steps[at + 1], &sequence->steps[at],
		(sequence->count - at - 1) * sizeof(sequence->steps[0]));
	step_draw(random, &sequence->steps[at]);
}

/* The end of one behind the beginning of another */
static void sequence_cross(struct fuzz_random *random, struct fuzz_sequence *sequence)
{
	const struct fuzz_sequence *other = &corpus->kept[fuzz_choose(random, corpus->count)];
	uint32_t from = fuzz_choose(random, other->count), to = fuzz_choose(random, sequence->count);

	while (from < other->count && to < FUZZ_STEPS)
		sequence->steps[to++] = other->steps[from++];
	sequence->count = to;
}

static void sequence_vary(struct fuzz_random *random, struct fuzz_sequence *sequence)
{
	*sequence = corpus->kept[fuzz_choose(random, corpus->count)];
	for (unsigned int n = 1 + fuzz_choose(random, 4); n; n--) {
		uint32_t at = fuzz_choose(random, sequence->count);

		switch (fuzz_choose(random, 5)) {
		case 0:
			step_draw(random, &sequence->steps[at]);
			break;
		case 1:
			step_insert(random, sequence);
			break;
		case 2:
			sequence_cross(random, sequence);
			break;
		default:
			step_change(random, &sequence->steps[at]);
		}
	}
}

/* ----------------------------------------------------------------- process */

static void sequence_run(struct fuzz_world *world, const struct fuzz_sequence *sequence)
{
	fuzz_coverage_begin(coverage);
	fuzz_world_begin(world);
	for (uint32_t i = 0; i < sequence->count; i++) {
		fuzz_step_run(world, &sequence->steps[i]);
		corpus->kinds[sequence->steps[i].what]++;
	}
	fuzz_world_end(world);
	corpus->calls += sequence->count;
	corpus->sequences++;
	if (fuzz_coverage_end(coverage) && corpus->count < CORPUS_MAX)
		corpus->kept[corpus->count++] = *sequence;
}

static void process_main(int line, void *arg)
{
	struct fuzz_world *world = fuzz_world_new();

	(void)line;
	(void)arg;
	for (unsigned int i = 0; i < SEQUENCES_OF_A_PROCESS && corpus->calls < calls; i++) {
		struct fuzz_sequence sequence;

		if (corpus->count && fuzz_choose(&corpus->random, 4))
			sequence_vary(&corpus->random, &sequence);
		else
			sequence_draw(&corpus->random, &sequence);
		sequence_run(world, &sequence);
	}
	/* half of them end as they are */
	if (corpus->random.state & 1)
		fuzz_world_clear(world);
}

static void tell_corpus(void)
{
	for (unsigned int i = 0; i < fuzz_kinds(); i++)
		test_note("%8llu %s", (unsigned long long)corpus->kinds[i], fuzz_kind(i));
	test_note("%llu calls in %llu sequences", (unsigned long long)corpus->calls,
		  (unsigned long long)corpus->sequences);
	if (fuzz_coverage_count(coverage))
		test_note("%u places of the modules were run, by %u kept sequences",
			  fuzz_coverage_count(coverage), corpus->count);
	else
		test_note("what of the modules was run is not known: that needs the debug kernel");
}

TEST_WITHIN(R5, any_calls_in_any_order_leave_nothing, 7200)
{
	unsigned int shown = 0;

	test_note("%llu calls, seed %llu", (unsigned long long)calls,
		  (unsigned long long)fuzz_seed());
	sva_test_load();
	coverage = fuzz_coverage_new();
	corpus = shared_alloc(sizeof(*corpus));
	corpus->random.state = seed * 0x9e3779b97f4a7c15ull | 1;
	while (corpus->calls < calls) {
		struct child child;
		int pidfd;

		child_start(&child, process_main, NULL);
		pidfd = process_open(child.pid);
		CHECK(fd_readable(pidfd, PATIENCE_MS * 3),
		      "sequence %llu of seed %llu does not end",
		      (unsigned long long)corpus->sequences, (unsigned long long)seed);
		close(pidfd);
		child_join(&child);
		if (corpus->calls * 10 / calls > shown)
			test_note("%3u %%, %u places", 10 * (shown = corpus->calls * 10 / calls),
				  fuzz_coverage_count(coverage));
	}
	tell_corpus();
}
