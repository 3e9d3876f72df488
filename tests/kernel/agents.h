/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * agents.h - many processes that do anything at any time, as a seed decides
 *
 *	PROGRAM [--operations N] [--seed S]
 *
 * The seed decides what each process wants to do, not when it gets to do it.  A process
 * has one context at a time: a rogue device may access what a living sibling of the
 * stopped context can, and here no stale access may land at all.
 *
 * A process that does a number of operations is a life of an agent; when its PASID goes
 * into quarantine, or after enough of them, another process takes its place.
 */
#ifndef TESTS_KERNEL_AGENTS_H
#define TESTS_KERNEL_AGENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "ring.h"

#define AGENTS 16

/**
 * struct agent - the calling process, or the parent of a child that has just begun
 * @bound: it has a context, in @queue
 * @weary: its PASID is in quarantine here, or may be under way on a device that goes
 */
struct agent {
	unsigned int number;
	uint64_t random;
	bool bound;
	bool weary;
	struct queue queue;
};

struct operation {
	const char *name;
	void (*run)(struct agent *agent);
	unsigned int weight;
	bool needs_context;
};

/**
 * struct trade - what is particular to a program's agents
 * @begin: a process begins, without a context; it may be a fork of an agent's
 * @compute: a job of the agent's context, which may end meanwhile: agent_forget()
 * @ended: nothing of its context can be under way any more
 * @more: one more operation, if it has a name
 */
struct trade {
	void (*begin)(struct agent *agent);
	void (*compute)(struct agent *agent);
	void (*ended)(struct agent *agent);
	struct operation more;
};

/* Lets them loose, and returns when they have done what they were to do */
void agents_run(const struct trade *trade);
/*
 * When they have ended: partitions go, the device is reset, and then no context is left,
 * no access landed, and a PASID as low as @low is given out again.
 */
void agents_have_left_nothing(uint32_t low);
/* The line that makes the same run again */
void agents_introduce(void);
/* Accesses that were let through after their PASID was taken out, in the whole run */
long agents_landed(void);
/* Accesses after a stop that were refused, in the whole run */
long agents_refused(void);
/* Soft forgets them with its driver */
void agents_add_refused(long count);

/* In a process of an agent's */
extern const struct trade *agents_trade;
unsigned int agent_choose(struct agent *agent, unsigned int count);
uint64_t agent_random(struct agent *agent);
/* A child, without the context of its parent, which it closes */
void agent_begin_anew(struct agent *agent);
/* Closes its context, and waits for the end of that */
void agent_forget(struct agent *agent);

/* agent_context.c: what a process does with its context */
void agent_bind(struct agent *agent);
void agent_unbind(struct agent *agent);
/* Waits for a job: false, and the context is forgotten, if it ended meanwhile */
bool agent_succeeds(struct agent *agent, struct sva_accel_desc job);
/*
 * Is this what the device writes when it goes on under the agent's own PASID?  Between
 * the stop of its context and the end of that, it is the process's own harm.
 */
bool agent_is_own_ghost(struct agent *agent, uint64_t word);
/* The same, without an opinion on when that may be */
bool agent_is_ghost_of_pasid(const struct agent *agent, uint64_t word);

/* agent_child.c: what happens to children of it */
void agent_forks(struct agent *agent);
void agent_child_exits(struct agent *agent);
void agent_child_executes(struct agent *agent);
void agent_child_is_killed(struct agent *agent);

/* agent_admin.c: what administrators do */
void agent_revokes(struct agent *agent);
void agent_resets(struct agent *agent);
void agent_unbinds_driver(struct agent *agent);
void agent_makes_partition(struct agent *agent);
void agent_removes_partition(struct agent *agent);
void agent_has_device_misbehave(struct agent *agent);
/* All of them, by force */
void partitions_remove(void);

/* The device, or one of the partitions that may be there; -1: it is not */
int agent_open_any(struct agent *agent);

#endif /* TESTS_KERNEL_AGENTS_H */
