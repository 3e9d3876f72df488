// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cycles.c - bind, compute, SIGKILL at a random moment, many times over; at the
 * end every counter is at zero (R5)
 *
 * $SVA_TEST_CYCLES says how often (500), $SVA_TEST_SEED repeats a run.  A cycle
 * is drawn over the whole life of a client, from before its first request to
 * after its last job, and the test insists that kills have met its binding and its work.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <sva-accel.h>
#include <sva.h>

#include "device.h"
#include "harness.h"
#include "process.h"

enum phase { STARTED, BINDING, BOUND, COMPUTING, UNBINDING, DONE, PHASES };

static const char *const phase_names[] = {
	"before its request", "while binding", "while bound", "while computing",
	"while unbinding", "after its end",
};

#define BLOCK (512 * 1024)
#define JOBS 12

/* Shared with the client, so that its phase is known when it dies */
static volatile uint32_t *phase;

static unsigned long setting(const char *name, unsigned long otherwise)
{
	const char *value = getenv(name);

	return value ? strtoul(value, NULL, 0) : otherwise;
}

static void compute(struct sva_accel *accel)
{
	static _Alignas(64) struct sva_accel_completion done[JOBS];
	unsigned char *from = pages_alloc(BLOCK), *to = pages_alloc(BLOCK);
	struct sva_accel_desc job;

	memset(from, 0x6b, BLOCK);
	for (int i = 0; i < JOBS; i++) {
		sva_accel_prep_memmove(&job, to, from, BLOCK, &done[i]);
		CHECK_EQ(sva_accel_submit(accel, &job), 0);
	}
	for (int i = 0; i < JOBS; i++) {
		CHECK_EQ(sva_accel_wait(accel, &done[i], PATIENCE_MS), 0);
		CHECK_EQ(sva_accel_error(&done[i]), 0);
	}
	CHECK(!memcmp(from, to, BLOCK), "the result is wrong");
}

static void client(int line, void *arg)
{
	struct sva_context *ctx;
	struct sva_accel *accel;
	int err;

	(void)line;
	(void)arg;
	*phase = BINDING;
	err = sva_bind(device_name(), 0, &ctx);
	CHECK(err == 0, "sva_bind: %s: %s", strerror(-err), sva_strreason(sva_context_reason(NULL)));
	*phase = BOUND;
	CHECK_EQ(sva_accel_open(ctx, &accel), 0);
	*phase = COMPUTING;
	compute(accel);
	*phase = UNBINDING;
	sva_accel_close(accel);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	*phase = DONE;
}

/* How long a client lives when nobody kills it */
static uint64_t lifetime(void)
{
	uint64_t longest = 0;

	for (int i = 0; i < 5; i++) {
		uint64_t start = now_ns();
		struct child child;

		*phase = STARTED;
		child_start(&child, client, NULL);
		child_join(&child);
		CHECK_EQ(*phase, DONE);
		start = now_ns() - start;
		longest = start > longest ? start : longest;
	}
	return longest;
}

static void sleep_ns(uint64_t ns)
{
	struct timespec t = { (time_t)(ns / 1000000000), (long)(ns % 1000000000) };

	nanosleep(&t, NULL);
}

static uint64_t draw(uint64_t below)
{
	return (((uint64_t)random() << 31) ^ (uint64_t)random()) % below;
}

/* Where it was */
static enum phase client_kill(struct child *child)
{
	int status;

	kill(child->pid, SIGKILL);
	status = child_reap(child);
	CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) ||
	      (WIFEXITED(status) && WEXITSTATUS(status) == 0),
	      "the client failed by itself: wait status 0x%x", status);
	return *phase;
}

/* Starts a client and kills it after a random part of its life */
static enum phase cycle(uint64_t life)
{
	struct child child;

	*phase = STARTED;
	child_start(&child, client, NULL);
	sleep_ns(draw(life));
	return client_kill(&child);
}

/* Those that kills have to meet; the others are a few instructions */
static const enum phase long_phases[] = { BINDING, COMPUTING };

/* One that is killed when it is there, for the machine may have become slower or faster */
static bool is_met(void *arg)
{
	enum phase wanted = *(enum phase *)arg;
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;
	struct child child;

	*phase = STARTED;
	child_start(&child, client, NULL);
	while (*phase < wanted && now_ns() < end)
		sched_yield();
	return client_kill(&child) == wanted;
}

static bool all_is_released(void *arg)
{
	(void)arg;
	return attribute_read("contexts") == 0 && attribute_read("quarantined") == 0;
}

static void good_client(void)
{
	struct child child;

	*phase = STARTED;
	child_start(&child, client, NULL);
	child_join(&child);
}

TEST_WITHIN(R5, clients_killed_at_random_moments_leave_nothing, 600)
{
	unsigned long cycles = setting("SVA_TEST_CYCLES", 500);
	unsigned long seed = setting("SVA_TEST_SEED", (unsigned long)now_ns() & 0xffffffff);
	unsigned long met[PHASES] = { 0 };
	uint64_t life;

	phase = shared_alloc(4096);
	srandom((unsigned int)seed);
	life = lifetime();
	test_note("%lu cycles of at most %llu us, SVA_TEST_SEED=%lu", cycles,
		  (unsigned long long)life / 1000, seed);
	for (unsigned long i = 0; i < cycles; i++)
		met[cycle(life)]++;
	for (int i = 0; i < PHASES; i++)
		test_note("%4lu killed %s", met[i], phase_names[i]);
	for (size_t i = 0; i < sizeof(long_phases) / sizeof(long_phases[0]); i++) {
		enum phase wanted = long_phases[i];

		CHECK(met[wanted] || wait_until(is_met, &wanted, PATIENCE_MS),
		      "nobody can be killed %s", phase_names[wanted]);
	}
	CHECK(wait_until(all_is_released, NULL, PATIENCE_MS), "contexts %ld, quarantined %ld",
	      attribute_read("contexts"), attribute_read("quarantined"));
	good_client();
}
