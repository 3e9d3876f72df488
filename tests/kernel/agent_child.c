// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * agent_child.c - children of an agent, and how they end
 */
#include <stddef.h>
#include <unistd.h>

#include "agents.h"
#include "device.h"
#include "harness.h"
#include "process.h"

/* R1: what a child inherits gives it nothing; the parent's queue goes on */
static void inherits(int line, void *arg)
{
	struct agent *agent = arg;
	struct sva_unbind_task unbind = {
		.argsz = sizeof(unbind), .pasid = agent->queue.pasid,
	};
	struct sva_region_info info = { .argsz = sizeof(info) };

	(void)line;
	if (!agent->bound)
		return;
	CHECK(call(agent->queue.ctx, SVA_CONTEXT_GET_REGION_INFO, &info) < 0,
	      "a child uses its parent's context");
	CHECK(call(agent->queue.ctx, SVA_UNBIND_TASK, &unbind) < 0,
	      "a child unbinds its parent's context");
}

void agent_begin_anew(struct agent *agent)
{
	if (agent->bound) {
		close(agent->queue.ctx);
		close(agent->queue.node);
	}
	agent->bound = false;
	agent->random += 1;
	agents_trade->begin(agent);
}

static void bind_and_compute(struct agent *agent)
{
	agent_begin_anew(agent);
	agent_bind(agent);
	if (agent->bound)
		agents_trade->compute(agent);
}

static void binds_and_exits(int line, void *arg)
{
	(void)line;
	bind_and_compute(arg);
}

HELPER(after_exec)
{
	(void)argv;
	return argc == 1 ? 0 : 1;
}

static void binds_and_executes(int line, void *arg)
{
	(void)line;
	bind_and_compute(arg);
	execl("/proc/self/exe", "agent", "--helper", "after_exec", NULL);
	FAIL("exec: %s", strerror(errno));
}

/* A list of one node that points to itself: the device is busy when the end comes */
struct endless {
	struct endless *next;
	uint64_t key;
};

static void is_busy_and_waits(int line, void *arg)
{
	static struct endless node = { .next = &node };
	struct sva_accel_desc job = job_walk(&node, offsetof(struct endless, next),
					     offsetof(struct endless, key));
	struct agent *agent = arg;

	bind_and_compute(agent);
	if (agent->bound && ring_try_put(&agent->queue.ring, &job))
		ring_kick(&agent->queue.ring);
	word_send(line, 0);
	word_receive(line);
}

static void run_child(struct agent *agent, void (*run)(int line, void *arg))
{
	struct child child;

	child_start(&child, run, agent);
	child_join(&child);
}

void agent_forks(struct agent *agent)
{
	run_child(agent, inherits);
}

void agent_child_exits(struct agent *agent)
{
	run_child(agent, binds_and_exits);
}

void agent_child_executes(struct agent *agent)
{
	run_child(agent, binds_and_executes);
}

void agent_child_is_killed(struct agent *agent)
{
	struct child child;

	child_start(&child, is_busy_and_waits, agent);
	word_receive(child.line);
	child_kill(&child);
}
