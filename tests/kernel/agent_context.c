// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * agent_context.c - what an agent does with its context, while others end it
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agents.h"
#include "device.h"
#include "harness.h"
#include "process.h"

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

/*
 * In quarantine, or not there any more.  Of a device that goes nobody can say when its
 * contexts have ended: the process binds no other.
 */
static bool has_ended(void *arg)
{
	struct agent *agent = arg;
	struct queue *queue = &agent->queue;
	struct sva_context_entry entry;
	struct sva_list_contexts list = {
		.argsz = sizeof(list), .after = queue->id - 1, .count = 1,
		.entries = (uintptr_t)&entry, .entry_size = sizeof(entry),
	};

	if (call(queue->node, SVA_DEVICE_LIST_CONTEXTS, &list)) {
		agent->weary = true;
		return true;
	}
	return !list.count || entry.id != queue->id || entry.state == SVA_STATE_QUARANTINED;
}

/* Until the end is through: somebody else may have begun it.  The next context is no sibling. */
static void leave_context(struct agent *agent)
{
	struct queue *queue = &agent->queue;

	close(queue->ctx);
	CHECK(wait_until(has_ended, agent, PATIENCE_MS), "the context does not end");
	close(queue->node);
	agent->bound = false;
	agents_trade->ended(agent);
}

void agent_bind(struct agent *agent)
{
	struct sva_bind_task arg = { .argsz = sizeof(arg) };
	struct queue *queue = &agent->queue;
	int result;

	if (agent->bound)
		return;
	queue->node = agent_open_any(agent);
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
		leave_context(agent);
}

void agent_forget(struct agent *agent)
{
	ring_close(&agent->queue.ring);
	leave_context(agent);
}

void agent_unbind(struct agent *agent)
{
	static const uint32_t claims[] = {
		0, SVA_UNBIND_RELEASE_FLUSHED, SVA_UNBIND_RELEASE_CLEAN,
	};
	struct sva_unbind_task arg = {
		.argsz = sizeof(arg), .flags = claims[agent_choose(agent, 3)],
		.pasid = agent->queue.pasid,
	};
	int result = call(agent->queue.ctx, SVA_UNBIND_TASK, &arg);

	if (result && !(result == -ENOENT && arg.reason == SVA_REASON_NO_SUCH_PASID))
		ALLOWED("unbind", result, arg.reason);
	agent_forget(agent);
}

bool agent_succeeds(struct agent *agent, struct sva_accel_desc job)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct ring *ring = &agent->queue.ring;

	memset(&done, 0, sizeof(done));
	job.completion = (uintptr_t)&done;
	if (ring_try_put(ring, &job)) {
		ring_kick(ring);
		ring_wait_any(ring, &done, 2 * PATIENCE_MS);
	}
	if (done.status == SVA_ACCEL_PENDING || done.status == SVA_ACCEL_ABORTED) {
		CHECK(ring_state(ring) != SVA_ACCEL_QUEUE_RUNNING ||
		      done.status == SVA_ACCEL_ABORTED, "no completion");
		agent_forget(agent);
		return false;
	}
	CHECK_EQ(done.status, SVA_ACCEL_SUCCESS);
	return true;
}

#define GHOST_MARK 0x67683067ull	/* docs/accelerator.md */

bool agent_is_ghost_of_pasid(const struct agent *agent, uint64_t word)
{
	return word == (GHOST_MARK << 32 | agent->queue.pasid);
}

/* The kernel knows of the end of a context before the device is told to stop */
bool agent_is_own_ghost(struct agent *agent, uint64_t word)
{
	struct sva_context_info info = { .argsz = sizeof(info) };

	return agent_is_ghost_of_pasid(agent, word) &&
	       (call(agent->queue.ctx, SVA_CONTEXT_GET_INFO, &info) ||
		info.state != SVA_STATE_BOUND);
}
