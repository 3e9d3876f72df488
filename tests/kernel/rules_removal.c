// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rules_removal.c - R6: a device that goes leaves its users alive and told
 *
 * The driver is unbound from its device through sysfs, with contexts in every
 * state, and bound again.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

static void gone_and_no_more(int fd)
{
	struct sva_event event;

	event_await(fd, SVA_EVENT_GONE, 0);
	CHECK(fd_readable(fd, 0), "poll does not say that the device is gone");
	CHECK(read(fd, &event, sizeof(event)) < 0 && errno == ENODEV, "read after GONE: %s",
	      strerror(errno));
}

static void node_is_gone(int node)
{
	struct sva_device_info info = { .argsz = sizeof(info) };
	struct sva_type_info type = { .argsz = sizeof(type) };
	struct sva_create_context create = { .argsz = sizeof(create), .owner = getpid() };
	struct sva_list_contexts list = { .argsz = sizeof(list) };
	struct sva_revoke_context revoke = { .argsz = sizeof(revoke), .id = 1 };
	struct sva_device_reset reset = { .argsz = sizeof(reset) };

	REFUSED(node, SVA_DEVICE_GET_INFO, &info, ENODEV, SVA_REASON_DEVICE_GONE);
	REFUSED(node, SVA_DEVICE_GET_TYPE_INFO, &type, ENODEV, SVA_REASON_DEVICE_GONE);
	REFUSED(node, SVA_DEVICE_CREATE_CONTEXT, &create, ENODEV, SVA_REASON_DEVICE_GONE);
	REFUSED(node, SVA_DEVICE_LIST_CONTEXTS, &list, ENODEV, SVA_REASON_DEVICE_GONE);
	REFUSED(node, SVA_DEVICE_REVOKE_CONTEXT, &revoke, ENODEV, SVA_REASON_DEVICE_GONE);
	REFUSED(node, SVA_DEVICE_RESET, &reset, ENODEV, SVA_REASON_DEVICE_GONE);
	gone_and_no_more(node);
}

static void context_is_gone(int ctx, off_t offset)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	struct sva_unbind_task unbind = { .argsz = sizeof(unbind), .pasid = 1 };
	struct sva_context_info info = { .argsz = sizeof(info) };
	struct sva_region_info region = { .argsz = sizeof(region) };
	struct sva_irq_info irq = { .argsz = sizeof(irq) };
	struct sva_set_irqs irqs = { .argsz = sizeof(irqs), .flags = SVA_IRQ_SET_EVENTFD };
	char bytes[8] = { 0 };
	void *p;

	REFUSED(ctx, SVA_BIND_TASK, &bind, ENODEV, SVA_REASON_DEVICE_GONE);
	REFUSED(ctx, SVA_UNBIND_TASK, &unbind, ENODEV, SVA_REASON_DEVICE_GONE);
	REFUSED(ctx, SVA_CONTEXT_GET_INFO, &info, ENODEV, SVA_REASON_DEVICE_GONE);
	REFUSED(ctx, SVA_CONTEXT_GET_REGION_INFO, &region, ENODEV, SVA_REASON_DEVICE_GONE);
	REFUSED(ctx, SVA_CONTEXT_GET_IRQ_INFO, &irq, ENODEV, SVA_REASON_DEVICE_GONE);
	REFUSED(ctx, SVA_CONTEXT_SET_IRQS, &irqs, ENODEV, SVA_REASON_DEVICE_GONE);
	CHECK(pread(ctx, bytes, 4, offset) < 0 && errno == ENODEV, "pread: %s", strerror(errno));
	CHECK(pwrite(ctx, bytes, 4, offset) < 0 && errno == ENODEV, "pwrite: %s", strerror(errno));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ctx, offset);
	CHECK(p == MAP_FAILED && errno == ENODEV, "mmap: %s", strerror(errno));
}

TEST(R6, every_call_is_enodev_after_removal)
{
	struct queue queue;
	int unbound;

	queue_open(&queue);
	unbound = context_create(queue.node, getpid(), NULL);
	device_remove();
	event_await(queue.node, SVA_EVENT_ENDED, queue.id);
	node_is_gone(queue.node);
	context_is_gone(queue.ctx, queue.ring.doorbell_offset);
	gone_and_no_more(queue.ctx);
	context_is_gone(unbound, queue.ring.doorbell_offset);
	device_return();
}

TEST(R6, mapped_regions_stay_and_say_gone)
{
	struct sva_accel_desc job = job_nop();
	struct queue queue;

	queue_open(&queue);
	queue_succeed(&queue, job);
	device_remove();
	CHECK(ring_await_state(&queue.ring, SVA_ACCEL_QUEUE_GONE), "state %u",
	      ring_state(&queue.ring));
	CHECK_EQ(queue.ring.status->entries, queue.ring.entries);
	CHECK_EQ(queue.ring.status->head, queue.ring.tail);
	for (uint32_t i = 0; i < queue.ring.entries; i++)
		queue.ring.desc[i] = job;
	for (uint32_t i = 0; i < 1000; i++)
		queue.ring.doorbell->tail = i;
	CHECK_EQ(queue.ring.desc[1].opcode, SVA_ACCEL_OP_NOP);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_GONE);
	device_return();
}

/* A mapped doorbell of a device that went does not ring on the one that came */
TEST(R6, old_doorbell_does_not_ring_on_the_new_device)
{
	char from[64] = "ghost", to[64] = "before";
	struct sva_accel_desc job = job_memmove(to, from, sizeof(from));
	struct queue old, new;

	queue_open(&old);
	device_remove();
	device_return();
	queue_open(&new);
	old.ring.desc[old.ring.tail++ & (old.ring.entries - 1)] = job;
	ring_kick(&old.ring);
	for (int i = 0; i < 200; i++)
		queue_succeed(&new, job_nop());
	CHECK(!strcmp(to, "before"), "a job was done for a context of a device that had gone");
	queue_close(&new);
}

static void waits_for_the_end(int line, void *arg)
{
	struct queue queue;

	(void)arg;
	queue_open(&queue);
	word_send(line, queue.id);
	event_await(queue.ctx, SVA_EVENT_GONE, 0);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_GONE);
}

TEST(R6, waiters_wake_and_are_told)
{
	struct child waiter[4];

	for (int i = 0; i < 4; i++) {
		child_start(&waiter[i], waits_for_the_end, NULL);
		word_receive(waiter[i].line);
	}
	device_remove();
	for (int i = 0; i < 4; i++)
		child_join(&waiter[i]);
	device_return();
}

struct loop {
	struct loop *next;
	uint64_t key;
};

/* Polls its ring, knowing of no event: the status page alone must tell it */
static void polls_its_ring(int line, void *arg)
{
	static _Alignas(64) struct sva_accel_completion done;
	static struct loop loop = { .next = &loop };
	struct sva_accel_desc job = job_walk(&loop, 0, 8);
	struct queue queue;

	(void)arg;
	queue_open(&queue);
	job.completion = (uintptr_t)&done;
	ring_submit(&queue.ring, &job);
	word_send(line, queue.id);
	CHECK(ring_await_state(&queue.ring, SVA_ACCEL_QUEUE_GONE), "state %u",
	      ring_state(&queue.ring));
}

TEST(R6, process_that_polls_its_ring_survives_and_is_told)
{
	struct child child;

	child_start(&child, polls_its_ring, NULL);
	word_receive(child.line);
	device_remove();
	child_join(&child);
	device_return();
}

#define COLD (64u << 20)

static void faults_all_the_time(int line, void *arg)
{
	struct queue queue;
	struct sva_accel_desc job;
	static _Alignas(64) struct sva_accel_completion done;

	(void)arg;
	queue_open(&queue);
	job = job_fill(pages_alloc(COLD), 1, COLD);
	job.completion = (uintptr_t)&done;
	ring_submit(&queue.ring, &job);
	word_send(line, queue.id);
	while (ring_state(&queue.ring) == SVA_ACCEL_QUEUE_RUNNING)
		ring_wait_any(&queue.ring, &done, PATIENCE_MS);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_GONE);
}

/* CVE-2024-35843: a fault was reported for a device that was being released */
TEST(R6, removal_in_the_middle_of_page_requests)
{
	for (int round = 0; round < 5; round++) {
		struct child child;

		child_start(&child, faults_all_the_time, NULL);
		word_receive(child.line);
		device_remove();
		child_join(&child);
		device_return();
	}
}

TEST(R5, removal_ends_each_context_once)
{
	uint64_t bound, unbound, ended[2] = { 0 };
	int node = node_open();
	struct sva_event event;

	context_bound(node, &bound, NULL);
	context_create(node, getpid(), &unbound);
	device_remove();
	do {
		CHECK_EQ(event_next(node, &event, PATIENCE_MS), 1);
		ended[0] += event.type == SVA_EVENT_ENDED && event.context == bound;
		ended[1] += event.type == SVA_EVENT_ENDED && event.context == unbound;
	} while (event.type != SVA_EVENT_GONE);
	CHECK_EQ(ended[0], 1);
	CHECK_EQ(ended[1], 1);
	device_return();
	CHECK_EQ(attribute_read("contexts"), 0);
}

static void binds_and_waits(int line, void *arg)
{
	struct queue queue;

	(void)arg;
	queue_open(&queue);
	misbehave("hold");
	word_send(line, queue.id);
	word_receive(line);
}

/* The provider resets before it goes: nothing is left in quarantine when it returns */
TEST(R3, removal_ends_the_quarantine_and_does_not_forget_it)
{
	int node = node_open(), other = node_open();
	struct child keeper, held;
	uint64_t id, keeper_id;

	bystander_start(&keeper, node, &keeper_id, NULL);
	child_start(&held, binds_and_waits, NULL);
	id = word_receive(held.line);
	child_kill(&held);
	event_await(node, SVA_EVENT_QUARANTINED, id);
	misbehave("none");
	device_remove();
	event_await(other, SVA_EVENT_RELEASED, id);
	device_return();
	CHECK_EQ(attribute_read("quarantined"), 0);
	CHECK_EQ(attribute_read("contexts"), 0);
	word_send(keeper.line, 0);
	child_join(&keeper);
}

struct hammer {
	int ctx;
	int node;
	off_t offset;
	atomic_bool stop;
};

static bool is_expected(int result)
{
	return result == 0 || result == -ENODEV || result == -EPERM;
}

static void *hammer(void *arg)
{
	struct hammer *h = arg;
	char bytes[8];

	while (!h->stop) {
		struct sva_context_info info = { .argsz = sizeof(info) };
		struct sva_device_info device = { .argsz = sizeof(device) };
		int result = call(h->ctx, SVA_CONTEXT_GET_INFO, &info);
		void *p;

		CHECK(is_expected(result), "GET_INFO of a context: %d", result);
		result = call(h->node, SVA_DEVICE_GET_INFO, &device);
		CHECK(is_expected(result), "GET_INFO of the device: %d", result);
		result = pread(h->ctx, bytes, 4, h->offset) < 0 ? -errno : 0;
		CHECK(is_expected(result), "pread: %d", result);
		p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, h->ctx, h->offset);
		if (p != MAP_FAILED) {
			*(volatile uint32_t *)p = *(volatile uint32_t *)p;
			munmap(p, 4096);
		}
	}
	return NULL;
}

TEST_WITHIN(R6, removal_while_calls_and_mappings_are_under_way, 120)
{
	for (int round = 0; round < 10; round++) {
		struct hammer h = { .stop = false };
		struct queue queue;
		pthread_t thread[2];

		queue_open(&queue);
		h.ctx = queue.ctx;
		h.node = queue.node;
		h.offset = queue.ring.doorbell_offset;
		for (int i = 0; i < 2; i++)
			CHECK_EQ(pthread_create(&thread[i], NULL, hammer, &h), 0);
		device_remove();
		h.stop = true;
		for (int i = 0; i < 2; i++)
			pthread_join(thread[i], NULL);
		device_return();
		ring_close(&queue.ring);
		close(queue.ctx);
		close(queue.node);
	}
}
