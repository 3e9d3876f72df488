// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * suspend.c - contexts on a machine that goes to sleep and wakes up
 *
 * sva_test has a device that refuses when all others have been suspended, so that
 * all of them resume.  What a context must not do is die in silence: either it
 * works on as if nothing had been, or its process is told.
 */
#include <stddef.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "puppet.h"
#include "ring.h"

#define COLD ((size_t)64 << 20)

static long sleeps(void)
{
	return parameter_read("sva_test", "sleeps");
}

static void machine_sleeps(void)
{
	long before;
	int err;

	sva_test_load();
	before = sleeps();
	CHECK(before >= 0, "sva_test does not count");
	err = text_write("/sys/power/state", "freeze");
	CHECK(err == -EAGAIN, "the machine slept: %d (%s)", err, strerror(-err));
	CHECK_EQ(sleeps(), before + 1);
}

/* A device that loses its state in sleep has all of its contexts ended by a reset */
static bool tells_its_end(const struct queue *queue)
{
	struct sva_event event;

	while (event_next(queue->ctx, &event, PATIENCE_MS) > 0)
		if (event.type == SVA_EVENT_REVOKED || event.type == SVA_EVENT_RESET)
			return event.reason != SVA_REASON_NONE;
	return false;
}

/* After all that may have become of it: it works, or it has ended and says why */
static bool lives_or_tells(struct queue *queue)
{
	uint32_t state = context_info(queue->ctx).state;
	char byte;

	if (state == SVA_STATE_BOUND)
		return true;
	CHECK(state == SVA_STATE_ENDED || state == SVA_STATE_STOPPING, "state %u", state);
	CHECK(tells_its_end(queue), "its end is not told, or without a reason");
	CHECK(pread(queue->ctx, &byte, 1, queue->ring.doorbell_offset) < 0, "it can be read");
	CHECK(context_last_reason(queue->ctx) != SVA_REASON_NONE, "a refusal without a reason");
	return false;
}

static void newcomer_is_served(void)
{
	struct puppet newcomer;
	int node = node_open();

	puppet_start(&newcomer);
	puppet_compute(&newcomer, puppet_bind(&newcomer, node));
	puppet_end(&newcomer);
	close(node);
}

TEST(R5, idle_context_works_on_after_suspend_or_is_told)
{
	struct queue queue;
	uint64_t word = 0;

	queue_open(&queue);
	machine_sleeps();
	if (lives_or_tells(&queue)) {
		queue_succeed(&queue, job_fill(&word, 0x51, sizeof(word)));
		CHECK_EQ(word, 0x51);
		queue_close(&queue);
	}
	newcomer_is_served();
}

struct loop {
	struct loop *next;
	uint64_t key;
};

/* A list that ends in itself keeps the device at it until it is cut */
TEST(R5, busy_context_works_on_after_suspend_or_is_told)
{
	static _Alignas(64) struct sva_accel_completion done;
	static volatile struct loop loop;
	struct sva_accel_desc job = job_walk(&loop, offsetof(struct loop, next),
					     offsetof(struct loop, key));
	struct queue queue;

	loop.next = (struct loop *)&loop;
	queue_open(&queue);
	job.completion = (uintptr_t)&done;
	ring_submit(&queue.ring, &job);
	machine_sleeps();
	if (lives_or_tells(&queue)) {
		CHECK(!ring_wait_any(&queue.ring, &done, 0), "the list has ended: %u", done.status);
		loop.next = NULL;
		CHECK_EQ(ring_wait(&queue.ring, &done), SVA_ACCEL_SUCCESS);
		queue_close(&queue);
	}
	newcomer_is_served();
}

/* Page requests are answered by the kernel, which is half asleep then */
TEST(R5, faulting_context_works_on_after_suspend_or_is_told)
{
	static _Alignas(64) struct sva_accel_completion done;
	unsigned char *memory = pages_alloc(COLD);
	struct sva_accel_desc job = job_fill(memory, 0x0707070707070707ull, COLD);
	struct queue queue;

	queue_open(&queue);
	job.completion = (uintptr_t)&done;
	ring_submit(&queue.ring, &job);
	machine_sleeps();
	if (lives_or_tells(&queue)) {
		CHECK_EQ(ring_wait(&queue.ring, &done), SVA_ACCEL_SUCCESS);
		for (size_t at = 0; at < COLD; at++)
			CHECK(memory[at] == 7, "byte %zu is %u", at, memory[at]);
		queue_close(&queue);
	}
	newcomer_is_served();
}

/* Whoever is bound by others meanwhile is told like everybody else */
TEST(R5, many_contexts_sleep_and_wake)
{
	struct puppet others[8];
	struct queue queue;

	queue_open(&queue);
	for (size_t i = 0; i < 8; i++) {
		puppet_start(&others[i]);
		puppet_bind(&others[i], queue.node);
		puppet_compute(&others[i], 0);
	}
	for (int i = 0; i < 3; i++)
		machine_sleeps();
	if (lives_or_tells(&queue))
		for (size_t i = 0; i < 8; i++)
			puppet_compute(&others[i], 0);
	for (size_t i = 0; i < 8; i++)
		puppet_end(&others[i]);
	newcomer_is_served();
}

/* What the device may still use is not forgotten in its sleep */
TEST(R3, sleep_is_no_way_out_of_quarantine)
{
	struct puppet bystander, second, victim;
	int node = node_open();
	uint32_t pasid;

	puppet_start(&bystander);
	puppet_bind(&bystander, node);	/* an idle device would reset itself */
	puppet_start(&victim);
	puppet_bind(&victim, node);
	pasid = puppet_last(&victim)->pasid;
	misbehave("hold");
	CHECK_EQ(puppet_unbind(&victim, 0, 0), SVA_RELEASE_NEITHER);
	event_await(node, SVA_EVENT_QUARANTINED, victim.bind[0].id);
	machine_sleeps();
	/* with the bystander's, where sleep ends what is bound */
	CHECK(attribute_read("quarantined") >= 1, "released in its sleep");
	puppet_start(&second);
	puppet_bind(&second, node);
	PUPPET_REFUSED(&victim, node, 0, EBUSY, SVA_REASON_PASID_QUARANTINED);
	CHECK(!newcomers_get(node, pasid), "PASID %u was given on", pasid);
	misbehave("none");
	device_reset(node);
	CHECK_EQ(attribute_read("quarantined"), 0);
	puppet_end(&victim);
	puppet_end(&bystander);
	puppet_end(&second);
}
