// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_ring.c - descriptors and rings that change while the device reads them
 *
 * What a device fetches twice may be another thing the second time.  So a thread goes on
 * writing words of other descriptors into the ring, and tails and aborts into the
 * doorbell, while jobs are worked off.  Nothing but the pool may change.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "fuzz.h"
#include "harness.h"
#include "options.h"
#include "process.h"
#include "ring.h"

#define CANARY 0xc5

static uint64_t rings = 10;

OPTION("--rings", rings)

void fuzz_memory_new(struct fuzz_memory *memory)
{
	memory->pool = guarded_alloc(FUZZ_PAGES * FUZZ_PAGE);
	memory->canary = guarded_alloc(FUZZ_PAGE);
	memset(memory->canary, CANARY, FUZZ_PAGE);
}

void fuzz_memory_check(const struct fuzz_memory *memory)
{
	for (unsigned int i = 0; i < FUZZ_PAGE; i++)
		CHECK(memory->canary[i] == CANARY, "byte %u of memory that nobody named is 0x%x", i,
		      memory->canary[i]);
}

/* In the first half of the pool, so that what is no longer than the other half stays in */
static uint64_t job_address(struct fuzz_random *random, const struct fuzz_memory *memory)
{
	unsigned int which = fuzz_choose(random, 10);

	if (which == 0)
		return nowhere[fuzz_choose(random, nowheres)];
	if (which == 1)
		return (uintptr_t)memory->pool + FUZZ_PAGES * FUZZ_PAGE;
	return (uintptr_t)memory->pool + fuzz_choose(random, FUZZ_PAGES / 2) * FUZZ_PAGE +
	       (fuzz_choose(random, 2) ? fuzz_choose(random, FUZZ_PAGE) : 0);
}

/* In the pool, or so long that it ends where no address space has anything */
static uint64_t job_length(struct fuzz_random *random)
{
	static const uint64_t lengths[] = {
		0, 1, 7, 8, 63, 64, 65, 4095, 4096, 4097, FUZZ_PAGES / 2 * FUZZ_PAGE,
		0x800000000000, 0x8000000000000000, 0xffffffffffffffff,
	};

	if (fuzz_choose(random, 3))
		return fuzz_choose(random, 3 * FUZZ_PAGE);
	return lengths[fuzz_choose(random, sizeof(lengths) / sizeof(lengths[0]))];
}

static uint64_t job_number(struct fuzz_random *random, const struct fuzz_memory *memory)
{
	switch (fuzz_choose(random, 4)) {
	case 0:
		return job_address(random, memory);
	case 1:
		return fuzz_choose(random, 2 * FUZZ_PAGE);
	case 2:
		return SVA_ACCEL_WALK_ARG(fuzz_choose(random, 128), fuzz_choose(random, 128));
	default:
		return fuzz_next(random);
	}
}

struct sva_accel_desc fuzz_job(struct fuzz_random *random, const struct fuzz_memory *memory)
{
	struct sva_accel_desc job = {
		.opcode = (uint8_t)fuzz_choose(random, fuzz_choose(random, 8) ? 8 : 256),
		.flags = fuzz_choose(random, 8) ? (uint16_t)fuzz_choose(random, 32) :
						  (uint16_t)fuzz_next(random),
		.completion = fuzz_choose(random, 4) ?
			      (uintptr_t)memory->pool + 64 * fuzz_choose(random, 64 * FUZZ_PAGES) :
			      job_address(random, memory) & (fuzz_choose(random, 2) ? ~0ull : ~63ull),
		.src = job_address(random, memory),
		.dst = job_address(random, memory),
		.len = job_length(random),
		.arg0 = job_number(random, memory),
		.arg1 = job_number(random, memory),
	};

	if (fuzz_choose(random, 16) == 0)
		job.reserved2 = fuzz_next(random);
	return job;
}

/* ------------------------------------------------------------------ the other */

struct scribbler {
	struct ring *ring;
	const struct fuzz_memory *memory;
	struct fuzz_random random;
	bool over;
	uint64_t words;
};

/* A word of a job over the same word of another, which may be under way */
static void scribble(struct scribbler *s)
{
	struct sva_accel_desc job = fuzz_job(&s->random, s->memory);
	unsigned int word = fuzz_choose(&s->random, sizeof(job) / sizeof(uint64_t));
	uint64_t value, *at = (uint64_t *)&s->ring->desc[fuzz_choose(&s->random, s->ring->entries)];

	memcpy(&value, (uint8_t *)&job + word * sizeof(value), sizeof(value));
	__atomic_store_n(at + word, value, __ATOMIC_RELAXED);
	s->words++;
	if (fuzz_choose(&s->random, 64) == 0)
		ring_abort(s->ring, (uint32_t)fuzz_next(&s->random));
	if (fuzz_choose(&s->random, 1u << 17) == 0)
		ring_write_tail(s->ring, (uint32_t)fuzz_next(&s->random));
}

static void *scribbler_main(void *arg)
{
	struct scribbler *s = arg;

	while (!__atomic_load_n(&s->over, __ATOMIC_RELAXED))
		scribble(s);
	return NULL;
}

#define JOBS_OF_A_RING 400
#define JOB_MS 20		/* a list that goes round is not waited for */

/* Until the queue has stopped, or enough jobs were seen; how many */
static unsigned int work_off(struct queue *queue, struct fuzz_random *random,
			     const struct fuzz_memory *memory)
{
	struct ring *ring = &queue->ring;
	unsigned int jobs;

	for (jobs = 0; jobs < JOBS_OF_A_RING; jobs++) {
		struct sva_accel_desc job = fuzz_job(random, memory);
		uint64_t end = now_ns() + JOB_MS * 1000000ull;

		ring->desc[ring->tail & (ring->entries - 1)] = job;
		ring_write_tail(ring, ++ring->tail);
		while (ring->status->head != ring->tail && now_ns() < end)
			;
		if (ring->status->head != ring->tail)
			ring_abort(ring, ring->tail);
		if (ring_state(ring) != SVA_ACCEL_QUEUE_RUNNING)
			break;
		ring->tail = ring->doorbell->tail;
	}
	return jobs;
}

static unsigned int one_ring(const struct fuzz_memory *memory, uint64_t random, uint64_t *words)
{
	struct scribbler scribbler = { .memory = memory, .random = { random | 1 } };
	struct fuzz_random own = { random * 0x9e3779b97f4a7c15ull | 1 };
	struct queue queue;
	pthread_t thread;
	unsigned int jobs;

	queue_open(&queue);
	scribbler.ring = &queue.ring;
	CHECK_EQ(pthread_create(&thread, NULL, scribbler_main, &scribbler), 0);
	jobs = work_off(&queue, &own, memory);
	if (fuzz_choose(&own, 2))
		context_revoke(queue.node, queue.id);
	scribbler.over = true;
	pthread_join(thread, NULL);
	ring_close(&queue.ring);
	close(queue.ctx);
	event_await(queue.node, SVA_EVENT_ENDED, queue.id);
	close(queue.node);
	fuzz_memory_check(memory);
	*words += scribbler.words;
	return jobs;
}

TEST_WITHIN(R1, rings_that_change_while_they_are_read_touch_nothing_else, 3600)
{
	uint64_t random = fuzz_seed(), words = 0;
	struct fuzz_memory memory;
	unsigned int jobs = 0;

	fuzz_memory_new(&memory);
	test_note("%llu rings, seed %llu", (unsigned long long)rings, (unsigned long long)random);
	for (uint64_t i = 0; i < rings; i++)
		jobs += one_ring(&memory, (random + i) * 0x9e3779b97f4a7c15ull, &words);
	test_note("%u jobs, %llu words written into their rings meanwhile", jobs,
		  (unsigned long long)words);
}
