// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * soak.c - many processes do anything at any time, and nothing is left of it
 *
 *	soak [--operations N] [--seed S]	20000 operations, a random seed
 */
#include <stdlib.h>

#include "agents.h"
#include "device.h"
#include "harness.h"

#define PIECE 4096

static _Alignas(uint64_t) unsigned char from[PIECE], to[PIECE];

static void needs_nothing(struct agent *agent)
{
	(void)agent;
}

/* A static buffer of each process is at one address in all: what a device copies to the
 * wrong one is seen */
static void copies(struct agent *agent)
{
	unsigned char mark = (unsigned char)agent_random(agent);
	uint64_t first;
	bool ghost;

	memset(from, mark, PIECE);
	memset(to, (unsigned char)~mark, PIECE);
	if (!agent_succeeds(agent, job_memmove(to, from, PIECE)))
		return;
	/* where a ghost of its own may write at any time, and whole */
	first = __atomic_load_n((uint64_t *)to, __ATOMIC_RELAXED);
	ghost = agent_is_own_ghost(agent, first);
	for (int i = 0; i < PIECE; i++) {
		bool is_first = i < (int)sizeof(first);
		unsigned char byte = is_first ? ((unsigned char *)&first)[i] : to[i];

		CHECK(from[i] == mark && (byte == mark || (is_first && ghost)),
		      "byte %d is 0x%x, from 0x%x", i, byte, from[i]);
	}
}

static const struct trade copying = {
	.begin = needs_nothing, .compute = copies, .ended = needs_nothing,
};

TEST_WITHIN(R5, many_processes_doing_anything_at_any_time_leave_nothing, 3000)
{
	uint32_t low = newcomer_pasid(node_open());

	agents_introduce();
	agents_run(&copying);
	misbehave("none");
	agents_have_left_nothing(low);
}
