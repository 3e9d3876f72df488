// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * faults.c - what a process is told of faults, by read() and poll() on its context
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

#define PAGE 4096u

static unsigned char *hole_make(void)
{
	return (unsigned char *)guarded_alloc(PAGE) + PAGE;
}

/* Makes one page accessible that is no neighbour of the one before */
static void fault_apart(struct queue *queue, unsigned char *cold, unsigned int i)
{
	queue_succeed(queue, job_fill(cold + (size_t)i * 2 * PAGE, i, 8));
}

TEST(R7, a_resolved_fault_tells_address_access_pages_and_outcome)
{
	const size_t size = 300 * PAGE;
	unsigned char *cold = pages_alloc(size);
	struct sva_event event;
	struct queue queue;
	uint64_t pages = 0;

	queue_open_with(&queue, SVA_BIND_FAULT_EVENTS);
	queue_succeed(&queue, job_fill(cold, 1, size));
	CHECK(fd_readable(queue.ctx, PATIENCE_MS), "poll() tells of no fault");
	while (event_next(queue.ctx, &event, 0) > 0) {
		uint64_t end = event.address + event.count * PAGE;

		CHECK_EQ(event.type, SVA_EVENT_FAULT);
		CHECK_EQ(event.outcome, SVA_FAULT_RESOLVED);
		CHECK_EQ(event.context, queue.id);
		CHECK_EQ(event.pasid, queue.pasid);
		if (event.address < (uintptr_t)cold || end > (uintptr_t)cold + size)
			continue; /* the completion record's page */
		CHECK_EQ(event.access, SVA_ACCESS_WRITE);
		pages += event.count;
	}
	CHECK(pages > 0 && pages <= size / PAGE, "%llu pages told", (unsigned long long)pages);
	CHECK(queue_await_requests(&queue), "the kernel and the device count differently");
	queue_close(&queue);
}

/* R8: a run over neighbouring pages takes one place of the queue, not one a page */
TEST(R8, neighbouring_faults_are_one_event)
{
	const unsigned int jobs = 1000;
	unsigned char *cold = pages_alloc(jobs * PAGE);
	unsigned int events = 0;
	struct sva_event event;
	struct queue queue;
	uint64_t pages = 0;

	MUST(madvise(cold, jobs * PAGE, MADV_NOHUGEPAGE));
	queue_open_with(&queue, SVA_BIND_FAULT_EVENTS);
	for (unsigned int i = 0; i < jobs; i++)
		queue_succeed(&queue, job_fill(cold + (size_t)i * PAGE, 1, 8));
	for (; pages < jobs && event_next(queue.ctx, &event, PATIENCE_MS) > 0; events++) {
		CHECK(event.type == SVA_EVENT_FAULT, "event %u after %u", event.type, events);
		pages += event.count;
	}
	CHECK(events < 10, "%u events for one run of pages", events);
	CHECK(pages >= jobs, "%llu pages told", (unsigned long long)pages);
	queue_close(&queue);
}

TEST(R7, a_failed_fault_is_told_once_with_its_address)
{
	unsigned char *hole = hole_make();
	struct sva_accel_completion done;
	struct sva_event event;
	struct queue queue;
	unsigned int failed = 0;

	queue_open_with(&queue, SVA_BIND_FAULT_EVENTS);
	done = queue_run(&queue, job_crc(hole, 8, 0));
	CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
	done = queue_run(&queue, job_reporting(job_fill(hole, 0, 8)));
	CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
	while (failed < 2 && event_next(queue.ctx, &event, PATIENCE_MS) > 0) {
		CHECK_EQ(event.type, SVA_EVENT_FAULT);
		if (event.outcome != SVA_FAULT_FAILED)
			continue;
		CHECK_EQ(event.address, (uintptr_t)hole);
		CHECK_EQ(event.access, failed ? SVA_ACCESS_WRITE : SVA_ACCESS_READ);
		CHECK_EQ(event.count, 1);
		failed++;
	}
	CHECK_EQ(failed, 2);
	CHECK(event_next(queue.ctx, &event, 0) == 0, "told again");
	queue_close(&queue);
}

TEST(R7, who_did_not_ask_is_told_only_what_no_record_tells)
{
	unsigned char *cold = pages_alloc(64 * PAGE);
	unsigned char *hole = hole_make();
	struct sva_accel_desc job = job_crc(hole, 8, 0);
	struct sva_event event;
	struct queue queue;

	queue_open_with(&queue, 0);
	queue_succeed(&queue, job_fill(cold, 1, 64 * PAGE));
	CHECK_EQ(queue_run(&queue, job).status, SVA_ACCEL_PAGE_FAULT);
	CHECK(event_next(queue.ctx, &event, 0) == 0, "an event that a record tells");

	job.completion = 0;
	ring_submit(&queue.ring, &job);
	event = event_await(queue.ctx, SVA_EVENT_FAULT, queue.id);
	CHECK_EQ(event.address, (uintptr_t)hole);
	CHECK_EQ(event.outcome, SVA_FAULT_FAILED);
	CHECK_EQ(event.access, SVA_ACCESS_READ);
	queue_close(&queue);
}

TEST(R8, a_reader_too_slow_for_faults_gets_an_overflow_mark)
{
	const unsigned int jobs = 200;
	unsigned char *cold = pages_alloc((size_t)jobs * 2 * PAGE);
	struct sva_event event;
	struct queue queue;
	uint64_t told = 0;

	MUST(madvise(cold, (size_t)jobs * 2 * PAGE, MADV_NOHUGEPAGE));
	queue_open_with(&queue, SVA_BIND_FAULT_EVENTS);
	for (unsigned int i = 0; i < jobs; i++)
		fault_apart(&queue, cold, i);
	CHECK_EQ(event_next(queue.ctx, &event, PATIENCE_MS), 1);
	CHECK_EQ(event.type, SVA_EVENT_OVERFLOW);
	CHECK(event.count >= jobs / 2, "%llu lost", (unsigned long long)event.count);
	told = event.count;
	/* the last fault's event may come after its job is done, and crowd out another */
	while (told < jobs && event_next(queue.ctx, &event, PATIENCE_MS) > 0) {
		CHECK(event.type == SVA_EVENT_FAULT || event.type == SVA_EVENT_OVERFLOW,
		      "event %u", event.type);
		told += event.type == SVA_EVENT_OVERFLOW ? event.count : 1;
	}
	CHECK(told >= jobs, "%llu told or lost of %u", (unsigned long long)told, jobs);
	queue_close(&queue);
}

/* The events of faults crowd out nothing: the end is the newest event, and is kept */
TEST(R5, the_end_is_told_after_any_number_of_faults)
{
	unsigned char *cold = pages_alloc((size_t)400 * PAGE);
	struct sva_event event = { .type = SVA_EVENT_OVERFLOW };
	struct queue queue;

	MUST(madvise(cold, (size_t)400 * PAGE, MADV_NOHUGEPAGE));
	queue_open_with(&queue, SVA_BIND_FAULT_EVENTS);
	for (unsigned int i = 0; i < 200; i++)
		fault_apart(&queue, cold, i);
	context_revoke(queue.node, queue.id);
	end_await(queue.node, queue.id);
	while (event.type == SVA_EVENT_OVERFLOW || event.type == SVA_EVENT_FAULT)
		CHECK_EQ(event_next(queue.ctx, &event, PATIENCE_MS), 1);
	CHECK_EQ(event.type, SVA_EVENT_REVOKED);
}
