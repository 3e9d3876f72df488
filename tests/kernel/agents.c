// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * agents.c - many processes that do anything at any time, see agents.h
 */
#include "agents.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "options.h"
#include "process.h"
#include "random.h"

#define LIFE 200	/* operations */

const struct trade *agents_trade;

/* -------------------------------------------------------------- arguments */

static uint64_t operations = 20000;
static uint64_t seed;

OPTION("--operations", operations)
OPTION("--seed", seed)

void agents_introduce(void)
{
	seed = seed ?: (uint64_t)time(NULL);
	test_note("%llu operations by %u processes; again: --operations %llu --seed %llu",
		  (unsigned long long)operations, AGENTS, (unsigned long long)operations,
		  (unsigned long long)seed);
}

/* ----------------------------------------------------------- what all share */

static struct {
	uint64_t done;
	long refused;
} *shared;
static long landed_before;

/* The PCIe function counts as long as it has power, also what a sibling may access */
long agents_landed(void)
{
	return device_log("device/landed") - landed_before;
}

static void share(void)
{
	landed_before = device_is("pci") ? device_log("device/landed") : 0;
	shared = shared_alloc(sizeof(*shared));
}

void agents_add_refused(long count)
{
	if (device_is("soft"))
		__atomic_fetch_add(&shared->refused, count, __ATOMIC_RELAXED);
}

long agents_refused(void)
{
	return shared->refused + device_log("device/refused");
}

/* ------------------------------------------------------------- operations */

static void agent_computes(struct agent *agent)
{
	agents_trade->compute(agent);
}

static const struct operation all[] = {
	{ "bind", agent_bind, 200, false },
	{ "compute", agent_computes, 330, true },
	{ "unbind", agent_unbind, 100, true },
	{ "close", agent_forget, 50, true },
	{ "fork", agent_forks, 40, false },
	{ "exit", agent_child_exits, 40, false },
	{ "exec", agent_child_executes, 20, false },
	{ "kill", agent_child_is_killed, 40, false },
	{ "revoke", agent_revokes, 60, false },
	{ "reset", agent_resets, 8, false },
	{ "driver", agent_unbinds_driver, 2, false },
	{ "create partition", agent_makes_partition, 40, false },
	{ "remove partition", agent_removes_partition, 20, false },
	{ "misbehave", agent_has_device_misbehave, 50, false },
};

#define COMMON		(sizeof(all) / sizeof(all[0]))
#define OPERATIONS	(COMMON + 1)	/* the trade's own is the last */

static const struct operation *operation_at(size_t i)
{
	return i < COMMON ? &all[i] : &agents_trade->more;
}

uint64_t agent_random(struct agent *agent)
{
	return random_next(&agent->random);
}

unsigned int agent_choose(struct agent *agent, unsigned int count)
{
	return (unsigned int)((agent_random(agent) >> 33) % count);
}

static size_t choose_operation(struct agent *agent)
{
	unsigned int weights = 0, at;
	size_t i;

	for (i = 0; i < OPERATIONS; i++)
		weights += operation_at(i)->weight;
	at = agent_choose(agent, weights);
	for (i = 0; at >= operation_at(i)->weight; i++)
		at -= operation_at(i)->weight;
	return i;
}

/* ------------------------------------------------------------------ lives */

/* What one process does of an agent's operations: the first @left, or fewer */
struct life {
	unsigned int number;
	uint64_t random;
	unsigned int left;
};

static void live(int line, void *arg)
{
	static uint64_t counts[OPERATIONS];
	static struct agent agent;
	struct life *life = arg;
	unsigned int done = 0;

	agent.number = life->number;
	agent.random = life->random;
	agents_trade->begin(&agent);
	while (done < life->left && done < LIFE && !agent.weary) {
		size_t what = choose_operation(&agent);

		if (operation_at(what)->needs_context && !agent.bound)
			what = 0;
		operation_at(what)->run(&agent);
		counts[what]++;
		done++;
		__atomic_fetch_add(&shared->done, 1, __ATOMIC_RELAXED);
	}
	for (size_t i = 0; i < OPERATIONS; i++)
		word_send(line, counts[i]);
}

static void agent_main(int line, void *arg)
{
	struct life life = { .number = *(unsigned int *)arg, .left = operations / AGENTS };
	uint64_t counts[OPERATIONS] = { 0 };

	for (uint64_t n = 0; life.left; n++) {
		struct child child;

		life.random = ((seed * AGENTS + life.number) ^ n << 32) * 0x9e3779b97f4a7c15ull | 1;
		child_start(&child, live, &life);
		for (size_t i = 0; i < OPERATIONS; i++) {
			uint64_t count = word_receive(child.line);

			counts[i] += count;
			life.left -= (unsigned int)count;
		}
		child_join(&child);
	}
	for (size_t i = 0; i < OPERATIONS; i++)
		word_send(line, counts[i]);
}

#define LOOK_MS 10000

/* Until the first has done its part, and with it the others nearly theirs */
static void tell_progress(const struct child *first)
{
	uint64_t told = 0;

	while (!fd_readable(first->line, LOOK_MS)) {
		uint64_t tenths = __atomic_load_n(&shared->done, __ATOMIC_RELAXED) * 10 /
				  operations;

		if (tenths > told)
			test_note("%3llu %%", (unsigned long long)tenths * 10);
		told = tenths;
	}
}

void agents_run(const struct trade *trade)
{
	struct child agents[AGENTS];
	uint64_t counts[OPERATIONS] = { 0 };

	agents_trade = trade;
	share();
	for (unsigned int i = 0; i < AGENTS; i++)
		child_start(&agents[i], agent_main, &i);
	tell_progress(&agents[0]);
	for (unsigned int i = 0; i < AGENTS; i++)
		for (size_t k = 0; k < OPERATIONS; k++)
			counts[k] += word_receive(agents[i].line);
	for (unsigned int i = 0; i < AGENTS; i++)
		child_join(&agents[i]);
	for (size_t k = 0; k < OPERATIONS; k++)
		if (operation_at(k)->name)
			test_note("%7llu %s", (unsigned long long)counts[k], operation_at(k)->name);
}

/* ------------------------------------------------------------ what is left */

static bool is_reset(void *arg)
{
	struct sva_device_reset reset = { .argsz = sizeof(reset) };
	int node = *(int *)arg;
	int result = call(node, SVA_DEVICE_RESET, &reset);

	CHECK(!result || result == -EBUSY, "reset: %s", strerror(-result));
	return !result;
}

static bool nothing_is_left(void *arg)
{
	struct sva_device_info info = device_info(*(int *)arg);

	return !info.contexts && !info.quarantined;
}

static bool low_pasid_is_back(void *arg)
{
	return newcomer_pasid(node_open()) <= *(uint32_t *)arg;
}

void agents_have_left_nothing(uint32_t low)
{
	struct sva_type_info type = { .argsz = sizeof(type) };
	int node = node_open();

	partitions_remove();
	CHECK(wait_until(is_reset, &node, PATIENCE_MS), "it is being reset for ever");
	event_await(node, SVA_EVENT_RESET, 0);
	CHECK(wait_until(nothing_is_left, &node, PATIENCE_MS), "contexts %u, quarantined %u",
	      device_info(node).contexts, device_info(node).quarantined);
	ACCEPTED(node, SVA_DEVICE_GET_TYPE_INFO, &type);
	CHECK_EQ(type.available, type.total);
	CHECK_EQ(agents_landed(), 0);
	test_note("%ld accesses after a stop, all refused", agents_refused());
	CHECK(wait_until(low_pasid_is_back, &low, PATIENCE_MS), "no PASID up to %u came back",
	      low);
}
