// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * storm.c - contexts whose page requests keep failing: held back, then stopped,
 * while their neighbours keep their speed (R8)
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "puppet.h"
#include "ring.h"

#define RATE 100
#define STORM_RATE 20	/* a ring of such jobs lasts longer than the test */

static void settings(unsigned int rate, unsigned int strikes)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", rate);
	attribute_write("device/fault_rate", text);
	snprintf(text, sizeof(text), "%u", strikes);
	attribute_write("device/fault_strikes", text);
}

static void settings_back(void)
{
	settings(1000, 10);
}

/* A job that meets no page, and whose page request fails; false: the queue stopped */
static bool fail_once(struct queue *queue, char *nothing)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job = job_fill(nothing, 1, 8);

	memset(&done, 0, sizeof(done));
	job.completion = (uintptr_t)&done;
	if (!ring_try_put(&queue->ring, &job))
		return false;
	ring_kick(&queue->ring);
	if (!ring_wait_any(&queue->ring, &done, 2 * PATIENCE_MS))
		return false;
	return done.status == SVA_ACCEL_PAGE_FAULT;
}

/* An address at which there is nothing, not even for the CPU */
static char *nothing_alloc(void)
{
	return (char *)guarded_alloc(1) - sysconf(_SC_PAGESIZE);
}

static unsigned int fail_until_stopped(struct queue *queue)
{
	char *nothing = nothing_alloc();
	unsigned int count = 0;

	while (fail_once(queue, nothing))
		CHECK(++count < 100 * RATE, "%u failures, and it is still let", count);
	return count;
}

#define SECOND 1000000000ull

/* In time: the machine was fast enough for three bad seconds in a row, and no more */
static bool storm_is_stopped(void)
{
	struct sva_region_info info = { .argsz = sizeof(info) };
	struct sva_event event;
	struct queue queue;
	unsigned int count;
	uint64_t start;
	bool in_time;

	queue_open(&queue);
	start = now_ns();
	count = fail_until_stopped(&queue);
	in_time = now_ns() - start < 3 * SECOND;
	CHECK(count >= 12 && (count < 30 || !in_time), "stopped after %u failures", count);
	event = event_await(queue.ctx, SVA_EVENT_REVOKED, 0);
	CHECK_EQ(event.reason, SVA_REASON_FAULT_STORM);
	CHECK(queue.ring.status->throttled == 3 || !in_time, "held back %llu times",
	      (unsigned long long)queue.ring.status->throttled);
	CHECK(ring_await_state(&queue.ring, SVA_ACCEL_QUEUE_STOPPED), "state %u",
	      ring_state(&queue.ring));
	REFUSED(queue.ctx, SVA_CONTEXT_GET_REGION_INFO, &info, EPERM, SVA_REASON_FAULT_STORM);
	event = event_await(queue.node, SVA_EVENT_ENDED, queue.id);
	CHECK_EQ(event.reason, SVA_REASON_FAULT_STORM);
	ring_close(&queue.ring);
	close(queue.ctx);
	close(queue.node);
	return in_time;
}

/* Seconds that a slow machine needs more are good ones, and begin the count anew */
TEST_WITHIN(R8, storm_is_held_back_and_then_stopped_with_the_reason, 180)
{
	int tries = 1;

	settings(10, 3);
	while (!storm_is_stopped() && tries < 20)
		tries++;
	CHECK(tries < 20, "the machine was too slow, %d times", tries);
	settings_back();
}

TEST(R8, process_of_a_stopped_storm_may_bind_again)
{
	struct queue queue, again;

	settings(10, 1);
	queue_open(&queue);
	fail_until_stopped(&queue);
	event_await(queue.ctx, SVA_EVENT_REVOKED, 0);
	queue_open(&again);
	CHECK_EQ(again.pasid, queue.pasid);
	queue_succeed(&again, job_nop());
	queue_close(&again);
	settings_back();
}

TEST(R8, storm_is_slowed_to_the_rate)
{
	char *nothing = nothing_alloc();
	struct queue queue;
	unsigned int failures = 0;
	uint64_t start;

	settings(10, 1000);
	queue_open(&queue);
	start = now_ns();
	/* a second in which a slow machine fails less often does not count */
	while (failures < 30 || queue.ring.status->throttled < 2) {
		CHECK(fail_once(&queue, nothing), "failure %u: the queue stopped", failures);
		failures++;
		CHECK(now_ns() - start < PATIENCE_MS * 1000000ull, "held back %llu times",
		      (unsigned long long)queue.ring.status->throttled);
	}
	/* ten a second, of which the first and the last need not be whole */
	CHECK(now_ns() - start > failures * SECOND / 10 - 3 * SECOND / 2, "%u failures in %llu ms",
	      failures, (unsigned long long)(now_ns() - start) / 1000000);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_RUNNING);
	queue_close(&queue);
	settings_back();
}

TEST(R8, context_below_the_rate_is_let_alone)
{
	char *nothing = nothing_alloc();
	struct queue queue;

	settings(RATE, 1);
	queue_open(&queue);
	for (int i = 0; i < RATE - 1; i++)
		CHECK(fail_once(&queue, nothing), "failure %d: the queue stopped", i);
	queue_succeed(&queue, job_nop());
	CHECK_EQ(queue.ring.status->throttled, 0);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_RUNNING);
	CHECK_EQ(context_info(queue.ctx).state, SVA_STATE_BOUND);
	queue_close(&queue);
	settings_back();
}

/* Page requests that bring a page are what SVA is for: their number is no storm */
TEST(R8, page_requests_that_succeed_are_never_held_back)
{
	size_t size = 4u << 20;
	struct queue queue;

	settings(10, 1);
	queue_open(&queue);
	queue_succeed(&queue, job_fill(pages_alloc(size), 1, size));
	CHECK(queue_await_requests(&queue), "the kernel and the device count differently");
	CHECK(queue.ring.status->page_requests >= 100, "only %llu page requests",
	      (unsigned long long)queue.ring.status->page_requests);
	CHECK_EQ(queue.ring.status->throttled, 0);
	queue_close(&queue);
	settings_back();
}

TEST(R8, rate_of_zero_holds_nobody_back)
{
	char *nothing = nothing_alloc();
	struct queue queue;

	settings(0, 1);
	queue_open(&queue);
	for (int i = 0; i < 2000; i++)
		CHECK(fail_once(&queue, nothing), "failure %d: the queue stopped", i);
	CHECK_EQ(queue.ring.status->throttled, 0);
	queue_close(&queue);
	settings_back();
}

/* Before the second of its first failure is over, for which it is held back */
static bool unbinds_at_once(void *nothing)
{
	static _Alignas(64) struct sva_accel_completion done;
	uint64_t start = now_ns();
	struct queue queue;

	queue_open(&queue);
	CHECK(fail_once(&queue, nothing), "the first failure stopped it");
	for (int i = 0; i < 100; i++) {
		struct sva_accel_desc job = job_fill(nothing, 1, 8);

		job.completion = (uintptr_t)&done;
		ring_put(&queue.ring, &job);
	}
	ring_kick(&queue.ring);
	while (!queue.ring.status->throttled)
		CHECK(ring_state(&queue.ring) == SVA_ACCEL_QUEUE_RUNNING, "it stopped");
	CHECK(queue_close(&queue) != SVA_RELEASE_NEITHER, "a polite device gave no evidence");
	return now_ns() - start < SECOND;
}

TEST(R5, held_back_context_can_be_unbound_and_killed_at_once)
{
	settings(2, 1000);
	CHECK(wait_until(unbinds_at_once, nothing_alloc(), PATIENCE_MS),
	      "the device waits for the second's end");
	settings_back();
}

/* ------------------------------------------------------------- neighbours */

/* It says which context storms, and sleeps: the device is to be fair, not the scheduler */
static void storms(int line, void *arg)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job = job_fill(nothing_alloc(), 1, 8);
	struct queue queue;

	(void)arg;
	job.completion = (uintptr_t)&done;
	queue_open(&queue);
	for (uint32_t i = 0; i < queue.ring.entries; i++)
		ring_put(&queue.ring, &job);
	ring_kick(&queue.ring);
	word_send(line, queue.id);
	for (;;)
		pause();
}

struct storm {
	struct child child;
	uint64_t id;
};

static void storm_begin(struct storm *storm)
{
	child_start(&storm->child, storms, NULL);
	storm->id = word_receive(storm->child.line);
}

static uint64_t storm_requests(int node, const struct storm *storm)
{
	struct sva_context_entry entry;

	CHECK(context_listed(node, storm->id, &entry), "a storm's context has gone");
	return entry.page_requests;
}

/* It stormed until now */
static void storm_end(struct storm *storm)
{
	int status;

	MUST(kill(storm->child.pid, SIGKILL));
	status = child_reap(&storm->child);
	CHECK(WIFSIGNALED(status), "a storm ended by itself, wait status 0x%x", status);
}

struct work {
	struct queue queue;
	char from[65536], to[65536];
};

static void work_do(struct work *work, unsigned int jobs)
{
	for (unsigned int i = 0; i < jobs; i++)
		queue_succeed(&work->queue, job_memmove(work->to, work->from, sizeof(work->to)));
}

/*
 * What a storm may cost its neighbours is bounded by the clock, not by what the machine
 * can do: in each second that they work it gets no more than its rate.
 */
TEST_WITHIN(R8, storms_get_their_rate_while_a_neighbour_works, 180)
{
	static struct work work;
	struct storm four[4];
	uint64_t before[4], made, start, seconds;

	settings(STORM_RATE, 1000);
	memset(work.from, 7, sizeof(work.from));
	memset(work.to, 1, sizeof(work.to));
	queue_open(&work.queue);
	for (int i = 0; i < 4; i++)
		storm_begin(&four[i]);
	start = now_ns();
	for (int i = 0; i < 4; i++)
		before[i] = storm_requests(work.queue.node, &four[i]);
	/* until each has been held back, for seconds that are whole */
	for (int i = 0; i < 4; i++)
		do
			work_do(&work, 100);
		while (storm_requests(work.queue.node, &four[i]) < 3 * STORM_RATE);
	for (int i = 0; i < 4; i++) {
		made = storm_requests(work.queue.node, &four[i]) - before[i];
		seconds = (now_ns() - start) / 1000000000;
		CHECK(made <= STORM_RATE * (seconds + 2), "%llu page requests in %llu s",
		      (unsigned long long)made, (unsigned long long)seconds);
	}
	for (int i = 0; i < 4; i++)
		storm_end(&four[i]);
	CHECK(!memcmp(work.from, work.to, sizeof(work.to)), "the work went wrong");
	CHECK_EQ(work.queue.ring.status->throttled, 0);
	queue_close(&work.queue);
	settings_back();
}

TEST(R7, settings_out_of_range_are_refused)
{
	static const char *const wrong[] = { "-1", "4294967296", "x", "\n" };
	char path[64];

	settings_back();
	snprintf(path, sizeof(path), "/sys/class/sva/%s/device/fault_rate", device_name());
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(text_write(path, wrong[i]) < 0, "'%s' was taken", wrong[i]);
	snprintf(path, sizeof(path), "/sys/class/sva/%s/device/fault_strikes", device_name());
	CHECK_EQ(text_write(path, "0"), -EINVAL);
	CHECK_EQ(attribute_read("device/fault_rate"), 1000);
	CHECK_EQ(attribute_read("device/fault_strikes"), 10);
}

/* Polling is the engine's that runs on the CPU */
SOFT_TEST(R7, polling_beyond_its_limit_is_refused)
{
	CHECK_EQ(text_write("/sys/class/sva/soft0/device/poll_us", "100001"), -EINVAL);
	CHECK_EQ(attribute_read("device/poll_us"), 200);
}
