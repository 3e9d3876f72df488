// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rules_bounds.c - R8: what a process can make the kernel keep is bounded, and
 * the bound is told
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

static struct sva_type_info type_info(int node)
{
	struct sva_type_info type = { .argsz = sizeof(type) };

	ACCEPTED(node, SVA_DEVICE_GET_TYPE_INFO, &type);
	return type;
}

static void allow_descriptors(void)
{
	struct rlimit limit = { 65536, 65536 };

	MUST(setrlimit(RLIMIT_NOFILE, &limit));
}

TEST(R8, contexts_of_a_type_run_out)
{
	struct sva_create_context create = { .argsz = sizeof(create), .owner = getpid() };
	int node = node_open();
	uint32_t total = type_info(node).total;
	int *ctx;

	allow_descriptors();
	CHECK_EQ(type_info(node).available, total);
	ctx = calloc(total, sizeof(*ctx));
	for (uint32_t i = 0; i < total; i++) {
		CHECK_EQ(type_info(node).available, total - i);
		ctx[i] = context_create(node, getpid(), NULL);
	}
	REFUSED(node, SVA_DEVICE_CREATE_CONTEXT, &create, ENOSPC, SVA_REASON_TYPE_EXHAUSTED);
	close(ctx[0]);
	CHECK_EQ(type_info(node).available, 1);
	ctx[0] = context_create(node, getpid(), NULL);
	REFUSED(node, SVA_DEVICE_CREATE_CONTEXT, &create, ENOSPC, SVA_REASON_TYPE_EXHAUSTED);
	for (uint32_t i = 0; i < total; i++)
		close(ctx[i]);
	CHECK_EQ(type_info(node).available, total);
	free(ctx);
}

/* A descriptor that a process keeps after the end takes no context from others */
TEST(R8, ended_context_counts_no_more)
{
	int node = node_open();
	uint32_t total = type_info(node).total, pasid;
	int ctx = context_bound(node, NULL, &pasid);

	CHECK_EQ(type_info(node).available, total - 1);
	context_unbind(ctx, pasid, 0);
	CHECK_EQ(type_info(node).available, total);
	CHECK_EQ(device_info(node).contexts, 0);
}

TEST(R8, all_contexts_bound_at_once)
{
	int node = node_open();
	uint32_t total = type_info(node).total;
	int *ctx;

	allow_descriptors();
	ctx = calloc(total, sizeof(*ctx));
	for (uint32_t i = 0; i < total; i++)
		ctx[i] = context_bound(node, NULL, NULL);
	CHECK_EQ(device_info(node).contexts, total);
	for (uint32_t i = 0; i < total; i++)
		close(ctx[i]);
	CHECK_EQ(device_info(node).contexts, 0);
	free(ctx);
}

#define CYCLES 3000

/* Nobody reads this node's events: they are lost, and how many is told */
TEST_WITHIN(R8, control_events_overflow_with_a_mark, 120)
{
	int idle = node_open(), node = node_open();
	uint64_t lost = 0, read_back = 0, last = 0;
	struct sva_event event;
	bool last_seen = false;

	for (int i = 0; i < CYCLES; i++) {
		uint32_t pasid;
		int ctx = context_bound(node, &last, &pasid);

		context_unbind(ctx, pasid, 0);
		close(ctx);
		while (event_next(node, &event, 0) > 0)
			;
	}
	while (event_next(idle, &event, 0) > 0) {
		if (event.type == SVA_EVENT_OVERFLOW)
			lost += event.count;
		else
			read_back++;
		last_seen |= event.type == SVA_EVENT_ENDED && event.context == last;
	}
	CHECK(lost > 0, "%llu events were kept for nobody", (unsigned long long)read_back);
	CHECK_EQ(lost + read_back, 2 * CYCLES);
	test_note("%llu kept, %llu lost", (unsigned long long)read_back, (unsigned long long)lost);
	CHECK(last_seen, "the newest event is not among those that were kept");
}

#define FAULTS 3000

static bool count_fault_event(int ctx, int timeout_ms, uint64_t *told, uint64_t *lost)
{
	struct sva_event event;

	if (event_next(ctx, &event, timeout_ms) <= 0)
		return false;
	if (event.type == SVA_EVENT_OVERFLOW)
		*lost += event.count;
	else if (event.type == SVA_EVENT_FAULT)
		*told += event.count;
	return true;
}

/* A fault that no completion record can tell is an event; a storm of them is bounded */
TEST_WITHIN(R8, fault_events_overflow_with_a_mark, 120)
{
	uint64_t lost = 0, told = 0;
	struct queue queue;

	queue_open(&queue);
	for (uint64_t i = 0; i < FAULTS; i++) {
		struct sva_accel_desc job = job_fill((void *)(uintptr_t)(8192 * (i % 8)), i, 8);

		job = job_reporting(job);	/* page requests that fail are paced */
		ring_put(&queue.ring, &job);
	}
	ring_kick(&queue.ring);
	queue_succeed(&queue, job_nop());
	while (lost + told < FAULTS && count_fault_event(queue.ctx, PATIENCE_MS, &told, &lost))
		;
	while (count_fault_event(queue.ctx, 0, &told, &lost))
		;
	CHECK_EQ(lost + told, FAULTS);
	test_note("%llu told, %llu lost", (unsigned long long)told, (unsigned long long)lost);
	queue_close(&queue);
}

/* Waiting without end: a poll with nothing to say must not say something */
TEST(R8, poll_is_quiet_when_nothing_happened)
{
	struct queue queue;
	struct pollfd p;

	queue_open(&queue);
	queue_succeed(&queue, job_nop());
	p = (struct pollfd){ .fd = queue.ctx, .events = POLLIN };
	CHECK_EQ(poll(&p, 1, 0), 0);
	queue_close(&queue);
}
