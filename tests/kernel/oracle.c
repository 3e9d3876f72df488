// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oracle.c - a rogue accelerator against processes that come and go, and witnesses
 *
 *	oracle [--operations N] [--seed S]	20000 operations, a random seed
 *
 * The device keeps, delays and replays accesses under every PASID that it ever had.
 * Each process knows what each word of its memory has to be, and who wrote any other.
 * Some only bind, for the lowest PASID that is free, and watch: whatever is written
 * there is foreign.  The device's own log is the second witness.
 */
#include <sched.h>
#include <stdlib.h>

#include "agents.h"
#include "device.h"
#include "harness.h"
#include "process.h"
#include "witness.h"

#define LOOKS 8

static void begins(struct agent *agent)
{
	(void)agent;
	witness_begin();
}

static void watches(int line, void *arg)
{
	struct agent *agent = arg;

	(void)line;
	agent_begin_anew(agent);
	agent_bind(agent);
	for (int i = 0; agent->bound && i < LOOKS; i++) {
		witness_check(agent);
		sched_yield();
	}
	if (agent->bound)
		agent_unbind(agent);
}

static void has_a_child_watch(struct agent *agent)
{
	struct child child;

	child_start(&child, watches, agent);
	child_join(&child);
}

static const struct trade watching = {
	.begin = begins, .compute = witness_compute, .ended = witness_check_end,
	.more = { "watch", has_a_child_watch, 60, false },
};

TEST_WITHIN(R3, rogue_device_reaches_no_process_but_its_contexts_own, 6 * 3600)
{
	uint32_t low = newcomer_pasid(node_open());

	agents_introduce();
	witness_share();
	agents_run(&watching);
	misbehave("none");
	test_note("%llu MiB checked, no foreign access",
		  (unsigned long long)witness_checked() >> 20);
	agents_have_left_nothing(low);
	CHECK(agents_refused() > 0, "the device has not tried once");
}
