// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * accel_queue.c - the accelerator's queue: order, ring, doorbell, completion,
 * interrupt, abort, errors, and what a corrupt queue costs others (nothing)
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

static void good_client_is_served(void)
{
	char from[64] = "good client", to[64] = "";
	struct queue queue;

	queue_open(&queue);
	queue_succeed(&queue, job_memmove(to, from, sizeof(from)));
	CHECK(!strcmp(to, "good client"), "the job went wrong");
	CHECK_EQ(queue_close(&queue), SVA_RELEASE_CLEAN);
}

TEST(accel, jobs_of_a_context_are_done_in_order)
{
	enum { LINKS = 100, SIZE = 5000 };
	static _Alignas(64) struct sva_accel_completion done;
	static unsigned char chain[LINKS + 1][SIZE];
	struct sva_accel_desc job;
	struct queue queue;

	queue_open(&queue);
	for (int round = 0; round < 10; round++) {
		memset(chain, 0, sizeof(chain));
		memset(chain[0], 0x40 + round, SIZE);
		done.status = SVA_ACCEL_PENDING;
		for (int i = 0; i < LINKS; i++) {
			job = job_memmove(chain[i + 1], chain[i], SIZE);
			if (i == LINKS - 1)
				job.completion = (uintptr_t)&done;
			ring_put(&queue.ring, &job);
		}
		ring_kick(&queue.ring);
		CHECK_EQ(ring_wait(&queue.ring, &done), SVA_ACCEL_SUCCESS);
		CHECK(!memcmp(chain[LINKS], chain[0], SIZE), "a later job overtook an earlier one");
	}
	queue_close(&queue);
}

/* A job that waits for a page holds up those behind it: order is order */
TEST(accel, jobs_wait_behind_one_that_waits_for_a_page)
{
	static _Alignas(64) struct sva_accel_completion done[2];
	unsigned char *cold = pages_alloc(1 << 20), copy[64];
	struct sva_accel_desc job;
	struct queue queue;

	queue_open(&queue);
	memset(done, 0, sizeof(done));
	job = job_fill(cold, 0x3c3c3c3c3c3c3c3c, 1 << 20);
	job.completion = (uintptr_t)&done[0];
	ring_put(&queue.ring, &job);
	job = job_memmove(copy, cold + (1 << 20) - 64, 64);
	job.completion = (uintptr_t)&done[1];
	ring_put(&queue.ring, &job);
	ring_kick(&queue.ring);
	CHECK_EQ(ring_wait(&queue.ring, &done[1]), SVA_ACCEL_SUCCESS);
	CHECK_EQ(done[0].status, SVA_ACCEL_SUCCESS);
	CHECK(copy[0] == 0x3c && copy[63] == 0x3c, "the second job overtook the first");
	queue_close(&queue);
}

/* Looks without a pause, so as to see the status at the moment when it comes */
static bool spin_for_status(const struct sva_accel_completion *done)
{
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;

	while (__atomic_load_n(&done->status, __ATOMIC_ACQUIRE) == SVA_ACCEL_PENDING)
		if (now_ns() > end)
			return false;
	return true;
}

TEST_WITHIN(accel, completion_body_is_there_when_the_status_is, 120)
{
	static _Alignas(64) struct sva_accel_completion done;
	static unsigned char data[64 + 64];
	struct queue queue;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 37);
	queue_open(&queue);
	for (int round = 0; round < 3000; round++) {
		unsigned char *at = data + round % 64;
		struct sva_accel_desc job = job_crc(at, 64, 0);
		uint64_t result, count;

		memset(&done, 0xff, sizeof(done));
		done.status = SVA_ACCEL_PENDING;
		job.completion = (uintptr_t)&done;
		ring_submit(&queue.ring, &job);
		CHECK(spin_for_status(&done), "round %d: no completion", round);
		result = __atomic_load_n(&done.result, __ATOMIC_RELAXED);
		count = __atomic_load_n(&done.done, __ATOMIC_RELAXED);
		CHECK(result == cpu_crc32c(0, at, 64) && count == 64,
		      "round %d: result 0x%llx, done %llu when the status came", round,
		      (unsigned long long)result, (unsigned long long)count);
		CHECK_EQ(done.status, SVA_ACCEL_SUCCESS);
		CHECK_EQ(done.fault_access, 0);
		CHECK_EQ(done.reserved[0], 0);
		CHECK_EQ(done.reserved[1], 0);
	}
	queue_close(&queue);
}

static bool has_completed(void *arg)
{
	const struct queue *queue = arg;

	return queue->ring.status->completed >= queue->ring.tail;
}

TEST_WITHIN(accel, ring_wraps_many_times, 120)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job = job_nop();
	uint64_t counter = 0;
	struct queue queue;
	uint32_t jobs;

	queue_open(&queue);
	jobs = queue.ring.entries * 40 + 7;
	for (uint32_t i = 0; i < jobs; i++) {
		job = job_fill(&counter, i + 1, sizeof(counter));
		if (i == jobs - 1)
			job.completion = (uintptr_t)&done;
		ring_put(&queue.ring, &job);
		if (i % 13 == 0)
			ring_kick(&queue.ring);
	}
	ring_kick(&queue.ring);
	CHECK_EQ(ring_wait(&queue.ring, &done), SVA_ACCEL_SUCCESS);
	CHECK_EQ(counter, jobs);
	CHECK_EQ(queue.ring.status->head, queue.ring.tail);
	/* counted a moment after its record is written */
	CHECK(wait_until(has_completed, &queue, PATIENCE_MS), "%llu completed",
	      (unsigned long long)queue.ring.status->completed);
	CHECK_EQ(queue.ring.status->completed, jobs);
	CHECK_EQ(context_info(queue.ctx).submitted, jobs);
	queue_close(&queue);
}

TEST(accel, ring_can_be_full)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job = job_nop();
	struct queue queue;

	queue_open(&queue);
	for (int round = 0; round < 5; round++) {
		done.status = SVA_ACCEL_PENDING;
		for (uint32_t i = 0; i < queue.ring.entries; i++) {
			job.completion = i == queue.ring.entries - 1 ? (uintptr_t)&done : 0;
			ring_put(&queue.ring, &job);
		}
		ring_kick(&queue.ring);
		CHECK_EQ(ring_wait(&queue.ring, &done), SVA_ACCEL_SUCCESS);
	}
	queue_close(&queue);
}

static bool device_sleeps(void *arg)
{
	struct ring *ring = arg;

	return __atomic_load_n(&ring->status->flags, __ATOMIC_ACQUIRE) &
	       SVA_ACCEL_STATUS_NEED_DOORBELL;
}

/* The one in hardware is woken by the store itself, and never says that it sleeps */
SOFT_TEST(accel, idle_device_sleeps_and_is_woken_by_the_doorbell)
{
	struct queue queue;

	queue_open(&queue);
	for (int i = 0; i < 20; i++) {
		CHECK(wait_until(device_sleeps, &queue.ring, PATIENCE_MS),
		      "the device never sleeps");
		queue_succeed(&queue, job_nop());
	}
	queue_close(&queue);
}

/* Whether it polls not at all or for long, it sleeps in the end and loses nothing */
SOFT_TEST(R8, engine_sleeps_however_long_it_polls)
{
	static const char *const times[] = { "0", "100", "100000", "200" };
	struct queue queue;

	queue_open(&queue);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		attribute_write("device/poll_us", times[i]);
		for (int n = 0; n < 50; n++)
			queue_succeed(&queue, job_nop());
		CHECK(wait_until(device_sleeps, &queue.ring, PATIENCE_MS),
		      "with poll_us %s the device never sleeps", times[i]);
	}
	queue_close(&queue);
	CHECK_EQ(attribute_read("device/poll_us"), 200);
}

/*
 * On one CPU an engine that polls only keeps the process from submitting: it sleeps after
 * a moment, long before its time to poll is over
 */
SOFT_TEST(R8, engine_polls_no_longer_than_a_moment_on_the_only_cpu)
{
	uint64_t shortest = UINT64_MAX;
	struct queue queue;

	if (sysconf(_SC_NPROCESSORS_ONLN) > 1)
		return;
	attribute_write("device/poll_us", "100000");
	queue_open(&queue);
	for (int n = 0; n < 50; n++) {
		uint64_t start = now_ns(), took;

		queue_succeed(&queue, job_nop());
		CHECK(wait_until(device_sleeps, &queue.ring, PATIENCE_MS),
		      "the device never sleeps");
		took = now_ns() - start;
		shortest = took < shortest ? took : shortest;
	}
	CHECK(shortest < 100000000, "it polls for %llu ms", (unsigned long long)shortest / 1000000);
	queue_close(&queue);
	attribute_write("device/poll_us", "200");
}

/* With a flag in the page at stake, one lost wake-up hangs a process for ever */
TEST_WITHIN(accel, no_wake_up_is_lost, 120)
{
	struct queue queue;

	queue_open(&queue);
	for (int i = 0; i < 3000; i++) {
		queue_succeed(&queue, job_nop());
		for (volatile int spin = 0; spin < i * 7; spin++)
			;
	}
	queue_close(&queue);
}

static struct sva_set_irqs irq_to(const int32_t *fd, uint32_t count)
{
	return (struct sva_set_irqs){ .argsz = sizeof(struct sva_set_irqs),
				      .flags = SVA_IRQ_SET_EVENTFD, .count = count,
				      .fds = (uintptr_t)fd };
}

TEST(accel, interrupt_signals_the_eventfd)
{
	int32_t fd = (int32_t)MUST(eventfd(0, EFD_NONBLOCK));
	struct sva_set_irqs irqs = irq_to(&fd, 1);
	struct sva_accel_desc job = job_nop();
	struct queue queue;
	eventfd_t count;

	queue_open(&queue);
	ACCEPTED(queue.ctx, SVA_CONTEXT_SET_IRQS, &irqs);
	queue_succeed(&queue, job);
	CHECK(eventfd_read(fd, &count) < 0 && errno == EAGAIN,
	      "an interrupt that no job asked for");
	job.flags |= SVA_ACCEL_DESC_IRQ;
	queue_succeed(&queue, job);
	CHECK(fd_readable(fd, PATIENCE_MS), "no interrupt");
	CHECK_EQ(eventfd_read(fd, &count), 0);
	CHECK_EQ(count, 1);
	queue_close(&queue);
}

/*
 * An interrupt may come a while after the completion, so one that comes for sure to
 * another eventfd closes the time in which @back must have kept @set's eventfd quiet.
 */
static void check_taken_back(struct queue *queue, const struct sva_set_irqs *back)
{
	int32_t fd = (int32_t)MUST(eventfd(0, EFD_NONBLOCK)), other = (int32_t)MUST(eventfd(0, 0));
	struct sva_set_irqs set = irq_to(&fd, 1), set_other = irq_to(&other, 1), arg = *back;
	struct sva_accel_desc job = job_nop();
	eventfd_t count;

	job.flags |= SVA_ACCEL_DESC_IRQ;
	ACCEPTED(queue->ctx, SVA_CONTEXT_SET_IRQS, &set);
	ACCEPTED(queue->ctx, SVA_CONTEXT_SET_IRQS, &arg);
	(void)!read(fd, &count, sizeof(count));
	queue_succeed(queue, job);
	queue_succeed(queue, job);
	ACCEPTED(queue->ctx, SVA_CONTEXT_SET_IRQS, &set_other);
	queue_succeed(queue, job);
	CHECK(fd_readable(other, PATIENCE_MS), "no interrupt");
	CHECK(eventfd_read(fd, &count) < 0 && errno == EAGAIN, "signalled though taken back");
	close(fd);
	close(other);
}

TEST(accel, interrupt_can_be_taken_back)
{
	const int32_t none = -1;
	const struct sva_set_irqs clear = irq_to(&none, 1), disable = irq_to(NULL, 0);
	struct queue queue;

	queue_open(&queue);
	check_taken_back(&queue, &clear);
	check_taken_back(&queue, &disable);
	queue_close(&queue);
}

TEST(R7, irq_set_without_copy_out_is_not_set)
{
	int32_t fd = (int32_t)MUST(eventfd(0, EFD_NONBLOCK));
	struct sva_set_irqs *arg = guarded_alloc(4096);
	struct sva_accel_desc job = job_nop();
	struct queue queue;
	eventfd_t count;

	job.flags |= SVA_ACCEL_DESC_IRQ;
	queue_open(&queue);
	*arg = irq_to(&fd, 1);
	MUST(mprotect(arg, 4096, PROT_READ));
	CHECK_EQ(call(queue.ctx, SVA_CONTEXT_SET_IRQS, arg), -EFAULT);
	queue_succeed(&queue, job);
	queue_succeed(&queue, job);
	CHECK(eventfd_read(fd, &count) < 0 && errno == EAGAIN, "it was set");
	queue_close(&queue);
}

TEST(accel, process_may_close_its_eventfd)
{
	int32_t fd = (int32_t)MUST(eventfd(0, EFD_NONBLOCK));
	struct sva_set_irqs irqs = irq_to(&fd, 1);
	struct sva_accel_desc job = job_nop();
	struct queue queue;

	job.flags |= SVA_ACCEL_DESC_IRQ;
	queue_open(&queue);
	ACCEPTED(queue.ctx, SVA_CONTEXT_SET_IRQS, &irqs);
	close(fd);
	queue_succeed(&queue, job);
	queue_close(&queue);
}

struct loop {
	struct loop *next;
	uint64_t key;
};

static struct sva_accel_desc job_endless(void)
{
	static struct loop loop = { .next = &loop };

	return job_walk(&loop, offsetof(struct loop, next), offsetof(struct loop, key));
}

TEST(accel, abort_ends_an_endless_job_and_those_behind_it)
{
	static _Alignas(64) struct sva_accel_completion done[3];
	struct sva_accel_desc job = job_endless();
	struct queue queue;

	queue_open(&queue);
	for (int round = 0; round < 5; round++) {
		memset(done, 0, sizeof(done));
		for (int i = 0; i < 3; i++) {
			job.completion = (uintptr_t)&done[i];
			ring_put(&queue.ring, &job);
		}
		ring_kick(&queue.ring);
		ring_abort(&queue.ring, queue.ring.tail);
		for (int i = 0; i < 3; i++)
			CHECK_EQ(ring_wait(&queue.ring, &done[i]), SVA_ACCEL_ABORTED);
		queue_succeed(&queue, job_nop());
	}
	queue_close(&queue);
}

TEST(accel, abort_spares_the_jobs_submitted_later)
{
	static _Alignas(64) struct sva_accel_completion done[2];
	struct sva_accel_desc job = job_endless();
	struct queue queue;

	queue_open(&queue);
	memset(done, 0, sizeof(done));
	for (int i = 0; i < 2; i++) {
		job.completion = (uintptr_t)&done[i];
		ring_put(&queue.ring, &job);
	}
	ring_kick(&queue.ring);
	ring_abort(&queue.ring, queue.ring.tail);
	CHECK_EQ(ring_wait(&queue.ring, &done[0]), SVA_ACCEL_ABORTED);
	queue_succeed(&queue, job_nop());
	CHECK_EQ(done[1].status, SVA_ACCEL_ABORTED);
	queue_close(&queue);
}

TEST(accel, abort_spares_the_jobs_from_its_index_on)
{
	static _Alignas(64) struct sva_accel_completion done[3];
	struct sva_accel_desc jobs[3] = { job_endless(), job_endless(), job_nop() };
	struct queue queue;

	queue_open(&queue);
	memset(done, 0, sizeof(done));
	for (int i = 0; i < 3; i++) {
		jobs[i].completion = (uintptr_t)&done[i];
		ring_put(&queue.ring, &jobs[i]);
	}
	ring_kick(&queue.ring);
	ring_abort(&queue.ring, queue.ring.tail - 1);
	CHECK_EQ(ring_wait(&queue.ring, &done[0]), SVA_ACCEL_ABORTED);
	CHECK_EQ(ring_wait(&queue.ring, &done[1]), SVA_ACCEL_ABORTED);
	CHECK_EQ(ring_wait(&queue.ring, &done[2]), SVA_ACCEL_SUCCESS);
	queue_close(&queue);
}

/* Behind the head, or further ahead than the ring reaches: it means nothing */
TEST(accel, abort_of_an_index_that_is_not_there_does_nothing)
{
	struct queue queue;

	queue_open(&queue);
	for (int i = 0; i < 5; i++)
		queue_succeed(&queue, job_nop());
	for (uint32_t k = 1; k < 5; k++) {
		ring_abort(&queue.ring, queue.ring.tail - k);
		queue_succeed(&queue, job_nop());
		ring_abort(&queue.ring, queue.ring.tail + queue.ring.entries + 100 * k);
		queue_succeed(&queue, job_nop());
		ring_abort(&queue.ring, queue.ring.tail + (k << 30));
		queue_succeed(&queue, job_nop());
	}
	queue_close(&queue);
}

/* The record of an aborted job is owed like any other, wherever it has to go */
TEST(accel, aborted_jobs_write_their_records_on_untouched_pages)
{
	struct sva_accel_desc job = job_endless();
	struct queue queue;

	queue_open(&queue);
	for (int round = 0; round < 10; round++) {
		struct sva_accel_completion *done = pages_alloc(4096);

		job.completion = (uintptr_t)done;
		ring_submit(&queue.ring, &job);
		ring_abort(&queue.ring, queue.ring.tail);
		CHECK_EQ(ring_wait(&queue.ring, done), SVA_ACCEL_ABORTED);
	}
	queue_close(&queue);
}

/* An abort that finds nothing to abort is over; it does not lie in wait */
TEST(accel, abort_of_nothing_spares_the_jobs_submitted_later)
{
	struct queue queue;

	queue_open(&queue);
	queue_succeed(&queue, job_nop());
	ring_abort(&queue.ring, queue.ring.tail);
	queue_succeed(&queue, job_nop());
	CHECK(device_is("pci") || wait_until(device_sleeps, &queue.ring, PATIENCE_MS),
	      "the device never sleeps");
	ring_abort(&queue.ring, queue.ring.tail);
	queue_succeed(&queue, job_nop());
	queue_close(&queue);
}

TEST(accel, abort_ends_a_job_that_waits_for_pages)
{
	size_t size = (size_t)4 << 30;
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job;
	struct queue queue;
	void *cold;

	cold = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(cold != MAP_FAILED, "mmap: %s", strerror(errno));
	queue_open(&queue);
	done.status = SVA_ACCEL_PENDING;
	job = job_crc(cold, size, 0);
	job.completion = (uintptr_t)&done;
	ring_submit(&queue.ring, &job);
	ring_abort(&queue.ring, queue.ring.tail);
	CHECK_EQ(ring_wait(&queue.ring, &done), SVA_ACCEL_ABORTED);
	CHECK(done.done < size, "4 GiB were read");
	queue_close(&queue);
}

TEST(accel, wrong_descriptors_are_refused_and_the_queue_goes_on)
{
	static unsigned char bytes[64];
	struct sva_accel_desc good = job_fill(bytes, 0, sizeof(bytes)), bad[5];
	struct sva_accel_completion done;
	struct queue queue;

	queue_open(&queue);
	for (int opcode = SVA_ACCEL_OP_TREE_SEARCH + 1; opcode < 256; opcode++) {
		bad[0] = good;
		bad[0].opcode = (uint8_t)opcode;
		done = queue_run(&queue, bad[0]);
		CHECK(done.status == SVA_ACCEL_BAD_OPCODE, "opcode %d: status %u", opcode,
		      done.status);
	}
	for (int bit = 4; bit < 16; bit++) {
		bad[0] = good;
		bad[0].flags |= (uint16_t)(1u << bit);
		done = queue_run(&queue, bad[0]);
		CHECK(done.status == SVA_ACCEL_BAD_DESC, "flag bit %d: status %u", bit,
		      done.status);
	}
	for (int i = 0; i < 5; i++)
		bad[i] = good;
	bad[0].reserved0 = 1;
	bad[1].reserved1 = 1;
	bad[2].reserved2 = 1;
	bad[3].flags |= SVA_ACCEL_DESC_FIND;
	bad[4].len = UINT64_MAX - bad[4].dst + 2;
	for (int i = 0; i < 5; i++) {
		done = queue_run(&queue, bad[i]);
		CHECK(done.status == SVA_ACCEL_BAD_DESC, "wrong field %d: status %u", i,
		      done.status);
	}
	queue_succeed(&queue, good);
	queue_close(&queue);
}

/* The queue stops with an error that page, event and GET_INFO agree on; others go on */
static void stops_with(struct queue *queue, uint32_t error)
{
	struct sva_event event;

	CHECK(ring_await_state(&queue->ring, SVA_ACCEL_QUEUE_ERROR), "queue state %u",
	      ring_state(&queue->ring));
	CHECK_EQ(queue->ring.status->error, error);
	event = event_await(queue->ctx, SVA_EVENT_ERROR, 0);
	CHECK_EQ(event.reason, error);
	good_client_is_served();
	CHECK_EQ(queue_close(queue), SVA_RELEASE_CLEAN);
	good_client_is_served();
}

static void completion_fails_at(uint64_t address)
{
	struct sva_accel_desc job = job_nop();
	struct queue queue;

	queue_open(&queue);
	job.completion = address;
	ring_submit(&queue.ring, &job);
	stops_with(&queue, SVA_ACCEL_ERR_COMPLETION);
}

TEST(accel, completion_record_where_nothing_is_stops_the_queue)
{
	char *hole = guarded_alloc(4096);

	completion_fails_at((uintptr_t)hole + 4096);
	completion_fails_at(64);
	completion_fails_at(0x8000000000000000);
	completion_fails_at(0xffff888000000000);
	completion_fails_at(0xffffffff81000000);
	completion_fails_at(UINT64_MAX - 63);
}

TEST(accel, completion_record_in_read_only_memory_stops_the_queue)
{
	unsigned char *page = pages_alloc(4096);

	memset(page, 3, 4096);
	MUST(mprotect(page, 4096, PROT_READ));
	completion_fails_at((uintptr_t)page);
	for (int i = 0; i < 4096; i++)
		CHECK(page[i] == 3, "byte %d was written", i);
}

TEST(accel, misaligned_completion_record_stops_the_queue)
{
	static _Alignas(64) unsigned char bytes[256];

	memset(bytes, 0, sizeof(bytes));
	completion_fails_at((uintptr_t)bytes + 1);
	completion_fails_at((uintptr_t)bytes + 32);
	for (size_t i = 0; i < sizeof(bytes); i++)
		CHECK(bytes[i] == 0, "byte %zu was written", i);
}

TEST(accel, doorbell_too_far_ahead_stops_the_queue)
{
	static const uint32_t beyond[] = { 1, 2, 1000, 0x7fffffff, 0x80000000 };
	struct queue queue;

	for (size_t i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++) {
		queue_open(&queue);
		queue_succeed(&queue, job_nop());
		ring_write_tail(&queue.ring, queue.ring.tail + queue.ring.entries + beyond[i]);
		stops_with(&queue, SVA_ACCEL_ERR_TAIL);
	}
}

TEST(accel, doorbell_that_goes_back_stops_the_queue)
{
	struct queue queue;

	queue_open(&queue);
	queue_succeed(&queue, job_nop());
	queue_succeed(&queue, job_nop());
	ring_write_tail(&queue.ring, queue.ring.tail - 1);
	stops_with(&queue, SVA_ACCEL_ERR_TAIL);
}

TEST(accel, stopped_queue_does_nothing_more)
{
	char from[64] = "too late", to[64] = "before";
	struct sva_accel_desc job = job_memmove(to, from, sizeof(from));
	struct queue queue;

	queue_open(&queue);
	ring_write_tail(&queue.ring, queue.ring.tail + queue.ring.entries + 1);
	CHECK(ring_await_state(&queue.ring, SVA_ACCEL_QUEUE_ERROR), "state %u",
	      ring_state(&queue.ring));
	queue.ring.desc[queue.ring.status->head & (queue.ring.entries - 1)] = job;
	ring_write_tail(&queue.ring, queue.ring.status->head + 1);
	good_client_is_served();
	good_client_is_served();
	CHECK(!strcmp(to, "before"), "a stopped queue did a job");
	queue_close(&queue);
}

static void garbage_client(int line, void *arg)
{
	uint64_t seed = *(uint64_t *)arg;
	static _Alignas(64) struct sva_accel_completion done;
	struct queue queue;

	(void)line;
	srand((unsigned int)seed);
	queue_open(&queue);
	for (int i = 0; i < 2000; i++) {
		struct sva_accel_desc job;
		unsigned char *bytes = (unsigned char *)&job;

		for (size_t k = 0; k < sizeof(job); k++)
			bytes[k] = (unsigned char)(rand() >> 7);
		job.opcode %= 8;
		job.flags &= 0xf;
		job.reserved0 = 0;
		job.reserved1 = 0;
		job.reserved2 = 0;
		if (i % 16)
			job.completion = i % 2 ? 0 : (uintptr_t)&done;
		if (i % 4 == 0)
			job.len %= 100000;
		if (!ring_try_put(&queue.ring, &job))
			break;
		ring_kick(&queue.ring);
	}
	ring_abort(&queue.ring, queue.ring.tail);
}

TEST(accel, rings_full_of_garbage_hurt_nobody)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct child child;

		child_start(&child, garbage_client, &seed);
		child_reap(&child);	/* it may have died of its own garbage */
		good_client_is_served();
	}
}

struct flipper {
	struct ring *ring;
	volatile bool stop;
};

static void *flip_descriptors(void *arg)
{
	struct flipper *flipper = arg;
	volatile struct sva_accel_desc *desc = flipper->ring->desc;
	uint32_t n = flipper->ring->entries;

	for (uint32_t i = 0; !flipper->stop; i++) {
		volatile struct sva_accel_desc *d = &desc[i % n];

		d->opcode ^= 3;
		d->len ^= 0xffff0000;
		d->src ^= 0xffff000000000000;
		d->flags ^= SVA_ACCEL_DESC_BLOCK_ON_FAULT;
		d->dst ^= 0xffff800000000000;
		d->opcode ^= 3;
	}
	return NULL;
}

/* What the device has checked it must not read again: the ring changes under it */
TEST(accel, descriptors_that_change_while_the_device_reads_them)
{
	static unsigned char bytes[65536];
	static _Alignas(64) struct sva_accel_completion done;
	struct flipper flipper = { .stop = false };
	struct queue queue;
	pthread_t thread;

	queue_open(&queue);
	flipper.ring = &queue.ring;
	CHECK_EQ(pthread_create(&thread, NULL, flip_descriptors, &flipper), 0);
	for (int i = 0; i < 3000; i++) {
		struct sva_accel_desc job = job_fill(bytes, 0, 64);

		done.status = SVA_ACCEL_PENDING;
		job.completion = (uintptr_t)&done;
		if (!ring_try_put(&queue.ring, &job))
			break;
		ring_kick(&queue.ring);
		if (ring_wait_any(&queue.ring, &done, PATIENCE_MS))
			CHECK(done.status <= SVA_ACCEL_ABORTED, "status %u", done.status);
	}
	flipper.stop = true;
	pthread_join(thread, NULL);
	queue_close(&queue);
	good_client_is_served();
}

static void *write_doorbell(void *arg)
{
	struct flipper *flipper = arg;

	for (uint32_t i = 0; !flipper->stop; i++) {
		flipper->ring->doorbell->abort = i * 2654435761u;
		flipper->ring->doorbell->tail = i % 3 ? i * 2654435761u : 0;
	}
	return NULL;
}

/* Written anew each time: the other writer may have taken it back before it was read */
static bool bad_tail_is_seen(void *arg)
{
	struct queue *queue = arg;

	ring_write_tail(&queue->ring, queue->ring.entries + 1);
	return ring_state(&queue->ring) == SVA_ACCEL_QUEUE_ERROR;
}

TEST(accel, doorbell_page_that_changes_all_the_time)
{
	struct flipper flipper = { .stop = false };
	struct queue queue;
	pthread_t thread;

	for (int round = 0; round < 10; round++) {
		queue_open(&queue);
		flipper.ring = &queue.ring;
		flipper.stop = false;
		CHECK_EQ(pthread_create(&thread, NULL, write_doorbell, &flipper), 0);
		CHECK(wait_until(bad_tail_is_seen, &queue, PATIENCE_MS), "state %u",
		      ring_state(&queue.ring));
		flipper.stop = true;
		pthread_join(thread, NULL);
		queue_close(&queue);
	}
	good_client_is_served();
}

/* Jobs whose operands are the queue's own pages: the process may only hurt itself */
TEST(accel, jobs_on_the_queues_own_pages)
{
	static unsigned char bytes[4096];
	struct sva_accel_desc jobs[5];
	struct queue queue;

	queue_open(&queue);
	jobs[0] = job_memmove(bytes, queue.ring.desc, sizeof(bytes));
	jobs[1] = job_memmove(bytes, queue.ring.status, 64);
	jobs[2] = job_fill(queue.ring.status, 0, 64);
	jobs[3] = job_memmove(queue.ring.desc, bytes, 64);
	jobs[4] = job_fill(queue.ring.doorbell, ~0ull, 64);
	for (int i = 0; i < 5 && ring_state(&queue.ring) == SVA_ACCEL_QUEUE_RUNNING; i++)
		ring_submit(&queue.ring, &jobs[i]);
	queue_close(&queue);
	good_client_is_served();
}

struct worker {
	struct queue *queue;
	pthread_mutex_t *lock;
	unsigned char number;
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	unsigned char *from = malloc(30000), *to = malloc(30000);
	struct sva_accel_completion *done = aligned_alloc(64, 64);

	for (int i = 0; i < 300; i++) {
		struct sva_accel_desc job = job_memmove(to, from, 30000);

		memset(from, worker->number + i, 30000);
		memset(done, 0, sizeof(*done));
		job.completion = (uintptr_t)done;
		pthread_mutex_lock(worker->lock);
		ring_submit(&worker->queue->ring, &job);
		pthread_mutex_unlock(worker->lock);
		CHECK_EQ(ring_wait(&worker->queue->ring, done), SVA_ACCEL_SUCCESS);
		CHECK(!memcmp(from, to, 30000), "thread %u lost work", worker->number);
	}
	return NULL;
}

TEST_WITHIN(accel, threads_share_a_context, 120)
{
	pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct worker workers[4];
	pthread_t threads[4];
	struct queue queue;

	queue_open(&queue);
	for (int i = 0; i < 4; i++) {
		workers[i] = (struct worker){ &queue, &lock, (unsigned char)(i * 50) };
		CHECK_EQ(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	queue_close(&queue);
}

#define ENDLESS 8

/* One who never finishes does not keep the others waiting for ever */
TEST(accel, endless_jobs_of_some_leave_the_device_to_others)
{
	static _Alignas(64) struct sva_accel_completion done[ENDLESS];
	struct queue queues[ENDLESS];

	for (int i = 0; i < ENDLESS; i++) {
		struct sva_accel_desc job = job_endless();

		queue_open(&queues[i]);
		job.completion = (uintptr_t)&done[i];
		ring_submit(&queues[i].ring, &job);
	}
	good_client_is_served();
	for (int i = 0; i < ENDLESS; i++)
		CHECK_EQ(queue_close(&queues[i]), SVA_RELEASE_CLEAN);
}

static void one_of_many(int line, void *arg)
{
	int number = *(int *)arg;
	unsigned char *from = pages_alloc(100000), *to = pages_alloc(100000);
	struct queue queue;

	(void)line;
	queue_open(&queue);
	for (int i = 0; i < 50; i++) {
		memset(from, number + i, 100000);
		queue_succeed(&queue, job_memmove(to, from, 100000));
		CHECK(!memcmp(from, to, 100000), "process %d lost work", number);
	}
	queue_close(&queue);
}

TEST_WITHIN(R1, many_processes_at_once_keep_apart, 120)
{
	struct child children[12];

	for (int i = 0; i < 12; i++)
		child_start(&children[i], one_of_many, &i);
	for (int i = 0; i < 12; i++)
		child_join(&children[i]);
}
