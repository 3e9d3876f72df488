// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * soak.c - many processes do anything at any time, and nothing is left of it
 *
 *	soak [--operations N] [--seed S]	20000 operations, a random seed
 *
 * The seed decides what each process wants to do, not when it gets to do it.  A
 * process has one context at a time: a rogue device may access what a living
 * sibling of the stopped context can, and here no stale access may land at all.
 */
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "options.h"
#include "process.h"
#include "puppet.h"
#include "ring.h"

#define AGENTS 16
#define PARTITIONS 4
#define PIECE 4096

/* -------------------------------------------------------------- arguments */

static uint64_t operations = 20000;
static uint64_t seed;

OPTION("--operations", operations)
OPTION("--seed", seed)

/* ----------------------------------------------------------------- agents */

/*
 * @weary: its PASID is in quarantine here; another process takes its place
 */
struct agent {
	unsigned int number;
	uint64_t random;
	bool bound;
	bool weary;
	struct queue queue;
	unsigned char from[PIECE], to[PIECE];
};

static uint64_t next_random(struct agent *agent)
{
	/* xorshift64* */
	agent->random ^= agent->random >> 12;
	agent->random ^= agent->random << 25;
	agent->random ^= agent->random >> 27;
	return agent->random * 0x2545f4914f6cdd1dull;
}

static unsigned int choose(struct agent *agent, unsigned int count)
{
	return (unsigned int)((next_random(agent) >> 33) % count);
}

static void part_line(char *text, size_t size, unsigned int number)
{
	snprintf(text, size, "50a40000-0000-4000-8000-%012x", number);
}

/* The device, or one of the partitions that may be there; -1: it is not */
static int any_node(struct agent *agent)
{
	unsigned int number = choose(agent, 3 * PARTITIONS);
	char path[64];

	snprintf(path, sizeof(path), "/dev/sva/%s", device_name());
	if (number < PARTITIONS)
		part_line(path + 9, sizeof(path) - 9, number);
	return open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

/* What may happen to a bind while devices come and go: errno and reason */
static bool may_be_refused(int result, uint32_t reason)
{
	static const struct {
		int error;
		uint32_t reason;
	} known[] = {
		{ EBUSY, SVA_REASON_PASID_QUARANTINED }, { EBUSY, SVA_REASON_RESETTING },
		{ EBUSY, SVA_REASON_CONTEXT_REVOKED }, { EBUSY, SVA_REASON_CONTEXT_ENDED },
		{ EBUSY, SVA_REASON_DEVICE_GONE },
		{ EPERM, SVA_REASON_CONTEXT_REVOKED }, { EPERM, SVA_REASON_RESETTING },
		{ EPERM, SVA_REASON_CONTEXT_ENDED }, { EPERM, SVA_REASON_OWNER_GONE },
		{ EBUSY, SVA_REASON_GROUP_CHANGING },
		{ ENOSPC, SVA_REASON_QUARANTINE_FULL }, { ENOSPC, SVA_REASON_QUARANTINE_ACCOUNT },
		{ ENOSPC, SVA_REASON_TYPE_EXHAUSTED }, { ENODEV, SVA_REASON_DEVICE_GONE },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (result == -known[i].error && reason == known[i].reason)
			return true;
	return false;
}

#define ALLOWED(what, result, reason)						\
	CHECK(may_be_refused(result, reason), what ": %s, reason %u",		\
	      strerror(-(result)), reason)

/* As ring_open(), for a context that may end meanwhile: false */
static bool map_ring(struct ring *ring, int ctx)
{
	void *maps[SVA_ACCEL_NUM_REGIONS];

	memset(ring, 0, sizeof(*ring));
	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		struct sva_region_info info = { .argsz = sizeof(info), .index = i };
		int result = call(ctx, SVA_CONTEXT_GET_REGION_INFO, &info);
		int prot = PROT_READ | (i == SVA_ACCEL_REGION_STATUS ? 0 : PROT_WRITE);

		maps[i] = MAP_FAILED;
		if (result)
			ALLOWED("region info", result, info.reason);
		else
			maps[i] = mmap(NULL, info.size, prot, MAP_SHARED, ctx,
				       (off_t)info.offset);
		ring->sizes[i] = info.size;
		if (i == SVA_ACCEL_REGION_DOORBELL)
			ring->doorbell_offset = (off_t)info.offset;
		if (maps[i] != MAP_FAILED)
			continue;
		while (i--)
			munmap(maps[i], ring->sizes[i]);
		return false;
	}
	ring->ctx = ctx;
	ring->doorbell = maps[SVA_ACCEL_REGION_DOORBELL];
	ring->desc = maps[SVA_ACCEL_REGION_RING];
	ring->status = maps[SVA_ACCEL_REGION_STATUS];
	ring->entries = ring->status->entries;
	return ring->entries;
}

static int create(struct agent *agent, int node, uint64_t *id)
{
	struct sva_create_context arg = {
		.argsz = sizeof(arg), .owner = getpid(), .account = 1000 + agent->number,
	};
	int result = call(node, SVA_DEVICE_CREATE_CONTEXT, &arg);

	*id = arg.id;
	if (!result)
		return arg.fd;
	ALLOWED("create", result, arg.reason);
	return -1;
}

/* In quarantine, or not there any more */
static bool has_ended(void *arg)
{
	struct queue *queue = arg;
	struct sva_context_entry entry;
	struct sva_list_contexts list = {
		.argsz = sizeof(list), .after = queue->id - 1, .count = 1,
		.entries = (uintptr_t)&entry, .entry_size = sizeof(entry),
	};

	if (call(queue->node, SVA_DEVICE_LIST_CONTEXTS, &list))
		return true;
	return !list.count || entry.id != queue->id || entry.state == SVA_STATE_QUARANTINED;
}

/* Until the end is through: somebody else may have begun it.  The next context is no sibling. */
static void leave_context(struct queue *queue)
{
	close(queue->ctx);
	CHECK(wait_until(has_ended, queue, PATIENCE_MS), "the context does not end");
	close(queue->node);
}

static void op_bind(struct agent *agent)
{
	struct sva_bind_task arg = { .argsz = sizeof(arg) };
	struct queue *queue = &agent->queue;
	int result;

	if (agent->bound)
		return;
	queue->node = any_node(agent);
	if (queue->node < 0)
		return;
	queue->ctx = create(agent, queue->node, &queue->id);
	if (queue->ctx < 0) {
		close(queue->node);
		return;
	}
	result = call(queue->ctx, SVA_BIND_TASK, &arg);
	if (result)
		ALLOWED("bind", result, arg.reason);
	agent->weary = result && arg.reason == SVA_REASON_PASID_QUARANTINED;
	queue->pasid = arg.pasid;
	agent->bound = !result && map_ring(&queue->ring, queue->ctx);
	if (!agent->bound)
		leave_context(queue);
}

static void forget(struct agent *agent)
{
	ring_close(&agent->queue.ring);
	leave_context(&agent->queue);
	agent->bound = false;
}

/*
 * What a context of its own that is being stopped does in a rogue mode, before its
 * PASID is out of the IOMMU, is the process's own harm: one mark where it wrote last.
 */
static bool is_own_ghost(const struct agent *agent, int byte)
{
	static const uint64_t ghost = 0x6768306768306768ull;

	return byte < (int)sizeof(ghost) && ring_state(&agent->queue.ring) != SVA_ACCEL_QUEUE_RUNNING &&
	       !memcmp(agent->to, &ghost, sizeof(ghost));
}

/* Every byte is one's own: no other process's device and no stale access was here */
static void op_compute(struct agent *agent)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job = job_memmove(agent->to, agent->from, PIECE);
	struct ring *ring = &agent->queue.ring;
	unsigned char mark = (unsigned char)next_random(agent);

	memset(agent->from, mark, PIECE);
	memset(agent->to, (unsigned char)~mark, PIECE);
	memset(&done, 0, sizeof(done));
	job.completion = (uintptr_t)&done;
	if (ring_try_put(ring, &job)) {
		ring_kick(ring);
		ring_wait_any(ring, &done, 2 * PATIENCE_MS);
	}
	if (done.status == SVA_ACCEL_PENDING || done.status == SVA_ACCEL_ABORTED) {
		CHECK(ring_state(ring) != SVA_ACCEL_QUEUE_RUNNING ||
		      done.status == SVA_ACCEL_ABORTED, "no completion");
		forget(agent);
		return;
	}
	CHECK_EQ(done.status, SVA_ACCEL_SUCCESS);
	for (int i = 0; i < PIECE; i++)
		CHECK(agent->from[i] == mark && (agent->to[i] == mark || is_own_ghost(agent, i)),
		      "byte %d is 0x%x, from 0x%x", i, agent->to[i], agent->from[i]);
}

static void op_unbind(struct agent *agent)
{
	static const uint32_t claims[] = {
		0, SVA_UNBIND_RELEASE_FLUSHED, SVA_UNBIND_RELEASE_CLEAN,
	};
	struct sva_unbind_task arg = {
		.argsz = sizeof(arg), .flags = claims[choose(agent, 3)],
		.pasid = agent->queue.pasid,
	};
	int result = call(agent->queue.ctx, SVA_UNBIND_TASK, &arg);

	if (result && !(result == -ENOENT && arg.reason == SVA_REASON_NO_SUCH_PASID))
		ALLOWED("unbind", result, arg.reason);
	forget(agent);
}

static void op_close(struct agent *agent)
{
	forget(agent);
}

/* ----------------------------------------------- processes that come and go */

static struct agent *self;

/* R1: what a child inherits gives it nothing; the parent's queue goes on */
static void inherits(int line, void *arg)
{
	struct sva_unbind_task unbind = { .argsz = sizeof(unbind), .pasid = self->queue.pasid };
	struct sva_region_info info = { .argsz = sizeof(info) };

	(void)line;
	(void)arg;
	if (!self->bound)
		return;
	CHECK(call(self->queue.ctx, SVA_CONTEXT_GET_REGION_INFO, &info) < 0,
	      "a child uses its parent's context");
	CHECK(call(self->queue.ctx, SVA_UNBIND_TASK, &unbind) < 0,
	      "a child unbinds its parent's context");
}

/* The agent's own context is its parent's: a child begins without */
static void begin_anew(void)
{
	if (self->bound) {
		close(self->queue.ctx);
		close(self->queue.node);
	}
	self->bound = false;
	self->random += 1;
	op_bind(self);
	if (self->bound)
		op_compute(self);
}

static void binds_and_exits(int line, void *arg)
{
	(void)line;
	(void)arg;
	begin_anew();
}

HELPER(after_exec)
{
	(void)argv;
	return argc == 1 ? 0 : 1;
}

static void binds_and_executes(int line, void *arg)
{
	(void)line;
	(void)arg;
	begin_anew();
	execl("/proc/self/exe", "soak", "--helper", "after_exec", NULL);
	FAIL("exec: %s", strerror(errno));
}

static void run_child(void (*run)(int line, void *arg))
{
	struct child child;

	child_start(&child, run, NULL);
	child_join(&child);
}

static void op_fork(struct agent *agent)
{
	(void)agent;
	run_child(inherits);
}

static void op_exit(struct agent *agent)
{
	(void)agent;
	run_child(binds_and_exits);
}

static void op_exec(struct agent *agent)
{
	(void)agent;
	run_child(binds_and_executes);
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

	(void)arg;
	begin_anew();
	if (self->bound && ring_try_put(&self->queue.ring, &job))
		ring_kick(&self->queue.ring);
	word_send(line, 0);
	word_receive(line);
}

static void op_kill(struct agent *agent)
{
	struct child child;

	(void)agent;
	child_start(&child, is_busy_and_waits, NULL);
	word_receive(child.line);
	child_kill(&child);
}

/* -------------------------------------------------------- administrators */

static void op_revoke(struct agent *agent)
{
	struct sva_context_entry entries[64];
	struct sva_list_contexts list = {
		.argsz = sizeof(list), .count = 64, .entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
	};
	struct sva_revoke_context arg = { .argsz = sizeof(arg) };
	int node = any_node(agent), result;

	if (node < 0)
		return;
	result = call(node, SVA_DEVICE_LIST_CONTEXTS, &list);
	if (!result && list.count) {
		arg.id = entries[choose(agent, list.count)].id;
		result = call(node, SVA_DEVICE_REVOKE_CONTEXT, &arg);
		CHECK(!result || result == -ENOENT || result == -ENODEV, "revoke: %s, reason %u",
		      strerror(-result), arg.reason);
	} else {
		CHECK(!result || result == -ENODEV, "list: %s", strerror(-result));
	}
	close(node);
}

static void op_reset(struct agent *agent)
{
	struct sva_device_reset arg = { .argsz = sizeof(arg) };
	int node = any_node(agent), result;

	if (node < 0)
		return;
	result = call(node, SVA_DEVICE_RESET, &arg);
	CHECK(!result || result == -EBUSY || result == -ENODEV ||
	      arg.reason == SVA_REASON_NO_RESET, "reset: %s, reason %u", strerror(-result),
	      arg.reason);
	close(node);
}

/* One at a time: whoever comes second goes on with something else */
static void op_driver(struct agent *agent)
{
	int lock = (int)MUST(open("/tmp/soak.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600));

	(void)agent;
	if (!flock(lock, LOCK_EX | LOCK_NB)) {
		CHECK_EQ(attribute_read("device/landed"), 0);
		device_remove();
		device_return();
	}
	close(lock);
}

static int device_write(const char *attribute, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/sva/%s/%s", device_name(), attribute);
	return text_write(path, text);
}

static void op_part_create(struct agent *agent)
{
	char line[64];
	int result;

	part_line(line, sizeof(line), choose(agent, PARTITIONS));
	strcat(line, " 6");
	result = device_write("types/shared/create", line);
	CHECK(!result || result == -EEXIST || result == -ENODEV || result == -ENOENT,
	      "create: %s", strerror(-result));
}

static int part_remove(unsigned int number, const char *how)
{
	char name[64], path[128];

	part_line(name, sizeof(name), number);
	snprintf(path, sizeof(path), "/sys/class/sva/%s/remove", name);
	return text_write(path, how);
}

static void op_part_remove(struct agent *agent)
{
	int result = part_remove(choose(agent, PARTITIONS), choose(agent, 2) ? "1" : "force");

	CHECK(!result || result == -EBUSY || result == -ENODEV || result == -ENOENT,
	      "remove: %s", strerror(-result));
}

static void op_misbehave(struct agent *agent)
{
	static const char *const modes[] = {
		"none", "none", "none", "none", "none", "none", "hold", "stale", "late", "never",
		"mute",
	};
	int result = device_write("device/misbehave",
				  modes[choose(agent, sizeof(modes) / sizeof(modes[0]))]);

	CHECK(!result || result == -ENOENT || result == -ENODEV, "misbehave: %s",
	      strerror(-result));
}

/* ------------------------------------------------------------- operations */

static const struct operation {
	const char *name;
	void (*run)(struct agent *agent);
	unsigned int weight;	/* of 1000 */
	bool needs_context;
} all[] = {
	{ "bind", op_bind, 200, false },
	{ "compute", op_compute, 330, true },
	{ "unbind", op_unbind, 100, true },
	{ "close", op_close, 50, true },
	{ "fork", op_fork, 40, false },
	{ "exit", op_exit, 40, false },
	{ "exec", op_exec, 20, false },
	{ "kill", op_kill, 40, false },
	{ "revoke", op_revoke, 60, false },
	{ "reset", op_reset, 8, false },
	{ "driver", op_driver, 2, false },
	{ "create partition", op_part_create, 40, false },
	{ "remove partition", op_part_remove, 20, false },
	{ "misbehave", op_misbehave, 50, false },
};

#define OPERATIONS (sizeof(all) / sizeof(all[0]))

static size_t choose_operation(struct agent *agent)
{
	unsigned int at = choose(agent, 1000);
	size_t i = 0;

	while (at >= all[i].weight)
		at -= all[i++].weight;
	return i;
}

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
	self = &agent;
	while (done < life->left && done < 200 && !agent.weary) {
		size_t what = choose_operation(&agent);

		if (all[what].needs_context && !agent.bound)
			what = 0;
		all[what].run(&agent);
		counts[what]++;
		done++;
	}
	for (size_t i = 0; i < OPERATIONS; i++)
		word_send(line, counts[i]);
}

static void agent_main(int line, void *arg)
{
	struct life life = { .number = *(unsigned int *)arg, .left = (unsigned int)operations / AGENTS };
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

static void agents_run(void)
{
	struct child agents[AGENTS];
	uint64_t counts[OPERATIONS] = { 0 };

	for (unsigned int i = 0; i < AGENTS; i++)
		child_start(&agents[i], agent_main, &i);
	for (unsigned int i = 0; i < AGENTS; i++)
		for (size_t k = 0; k < OPERATIONS; k++)
			counts[k] += word_receive(agents[i].line);
	for (unsigned int i = 0; i < AGENTS; i++)
		child_join(&agents[i]);
	for (size_t k = 0; k < OPERATIONS; k++)
		test_note("%6llu %s", (unsigned long long)counts[k], all[k].name);
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

static void all_is_given_back(uint32_t low)
{
	struct sva_type_info type = { .argsz = sizeof(type) };
	int node = node_open();

	for (unsigned int i = 0; i < PARTITIONS; i++)
		part_remove(i, "force");
	CHECK(wait_until(is_reset, &node, PATIENCE_MS), "it is being reset for ever");
	event_await(node, SVA_EVENT_RESET, 0);
	CHECK(wait_until(nothing_is_left, &node, PATIENCE_MS), "contexts %u, quarantined %u",
	      device_info(node).contexts, device_info(node).quarantined);
	ACCEPTED(node, SVA_DEVICE_GET_TYPE_INFO, &type);
	CHECK_EQ(type.available, type.total);
	CHECK_EQ(attribute_read("device/landed"), 0);
	test_note("%ld accesses refused since the driver was bound last",
		  attribute_read("device/refused"));
	CHECK(wait_until(low_pasid_is_back, &low, PATIENCE_MS), "no PASID up to %u came back",
	      low);
}

TEST_WITHIN(R5, many_processes_doing_anything_at_any_time_leave_nothing, 3000)
{
	uint32_t low = newcomer_pasid(node_open());

	seed = seed ?: (uint64_t)time(NULL);
	test_note("%llu operations by %u processes, seed %llu", (unsigned long long)operations,
		  AGENTS, (unsigned long long)seed);
	agents_run();
	misbehave("none");
	all_is_given_back(low);
}
