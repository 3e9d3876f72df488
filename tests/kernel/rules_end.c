// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rules_end.c - R5: every end of a context is the same teardown, once, and
 * leaves nothing behind
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

enum end {
	END_UNBIND, END_CLOSE, END_EXIT, END_KILL, END_EXEC, END_REVOKE, END_RESET, ENDS
};

static const char *const end_names[] = {
	"unbind", "close", "exit", "SIGKILL", "exec", "revoke", "reset"
};

enum load { LOAD_NONE, LOAD_BUSY, LOAD_FAULTING, LOADS };

static const char *const load_names[] = { "idle", "busy", "faulting" };

struct subject_args {
	enum end end;
	enum load load;
};

struct loop {
	struct loop *next;
	uint64_t key;
};

#define COLD (256u << 20)

/* Work that is under way when the end comes */
static void start_load(struct ring *ring, enum load load)
{
	static _Alignas(64) struct sva_accel_completion completion;
	static struct loop loop = { .next = &loop };
	struct sva_accel_desc job;

	if (load == LOAD_NONE)
		return;
	job = job_walk(&loop, offsetof(struct loop, next), offsetof(struct loop, key));
	if (load == LOAD_FAULTING)
		job = job_crc(pages_alloc(COLD), COLD, 0);
	job.completion = (uintptr_t)&completion;
	ring_submit(ring, &job);
	CHECK(ring_state(ring) == SVA_ACCEL_QUEUE_RUNNING, "the queue does not run");
}

HELPER(wait_for_end)
{
	(void)argv;
	word_receive(argc > 1 ? atoi(argv[1]) : -1);
	return 0;
}

static void exec_and_wait(int line)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", dup(line));
	execl("/proc/self/exe", "self", "--helper", "wait_for_end", number, NULL);
	FAIL("exec: %s", strerror(errno));
}

static void subject(int line, void *arg)
{
	struct subject_args *args = arg;
	struct queue queue;

	queue_open(&queue);
	start_load(&queue.ring, args->load);
	fd_send(line, queue.ctx);
	word_send(line, queue.id);
	word_receive(line);
	if (args->end == END_UNBIND)
		context_unbind(queue.ctx, queue.pasid, 0);
	if (args->end == END_CLOSE) {
		ring_close(&queue.ring);
		close(queue.ctx);
	}
	if (args->end == END_EXEC)
		exec_and_wait(line);
	if (args->end != END_EXIT)
		word_receive(line);
}

static void check_end(int node, enum end end, enum load load, uint64_t id)
{
	struct sva_event event;

	if (end == END_RESET) {
		device_reset(node);
	} else {
		event = end_await(node, id);
		CHECK(event.release == SVA_RELEASE_CLEAN || event.release == SVA_RELEASE_FLUSHED,
		      "%s, %s: release %u", end_names[end], load_names[load], event.release);
	}
	CHECK(!context_listed(node, id, NULL), "%s, %s: still listed", end_names[end],
	      load_names[load]);
	CHECK_EQ(device_info(node).contexts, 0);
}

/* One end; with @held, this process keeps a descriptor of the context open meanwhile */
static void end_context(int node, enum end end, enum load load, bool held)
{
	struct subject_args args = { end, load };
	struct child child;
	uint64_t id;
	int ctx;

	child_start(&child, subject, &args);
	ctx = fd_receive(child.line);
	id = word_receive(child.line);
	if (!held)
		close(ctx);
	word_send(child.line, 0);
	if (end == END_KILL)
		MUST(kill(child.pid, SIGKILL));
	if (end == END_REVOKE)
		context_revoke(node, id);
	check_end(node, end, load, id);
	if (end != END_KILL && end != END_EXIT)
		word_send(child.line, 0);
	if (end == END_KILL)
		child_reap(&child);
	else
		child_join(&child);
	if (held)
		close(ctx);
}

static void every_load(enum end end, bool held)
{
	int node = node_open();

	for (enum load load = 0; load < LOADS; load++)
		end_context(node, end, load, held);
	close(node);
}

TEST(R5, unbind_ends_it)
{
	every_load(END_UNBIND, false);
}

TEST(R5, close_ends_it)
{
	every_load(END_CLOSE, false);
}

TEST(R5, exit_ends_it)
{
	every_load(END_EXIT, false);
}

TEST(R5, kill_ends_it)
{
	every_load(END_KILL, false);
}

TEST(R5, exec_ends_it)
{
	every_load(END_EXEC, false);
}

TEST(R5, revoke_ends_it)
{
	every_load(END_REVOKE, false);
}

TEST(R5, reset_ends_it)
{
	every_load(END_RESET, false);
}

/* The end of the address space ends the binding, whoever else holds the descriptor */
TEST(R5, unbind_ends_it_while_another_process_holds_the_descriptor)
{
	every_load(END_UNBIND, true);
}

TEST(R5, exit_ends_it_while_another_process_holds_the_descriptor)
{
	every_load(END_EXIT, true);
}

TEST(R5, kill_ends_it_while_another_process_holds_the_descriptor)
{
	every_load(END_KILL, true);
}

TEST(R5, exec_ends_it_while_another_process_holds_the_descriptor)
{
	every_load(END_EXEC, true);
}

TEST(R5, revoke_ends_it_while_another_process_holds_the_descriptor)
{
	every_load(END_REVOKE, true);
}

/* A mapping of a region holds the file; the exit of the process must not wait for it */
TEST(R5, mapping_alone_keeps_it_alive_until_it_goes)
{
	int node = node_open();
	struct queue queue;

	queue_open(&queue);
	close(queue.ctx);
	CHECK_EQ(device_info(node).contexts, 1);
	ring_close(&queue.ring);
	end_await(node, queue.id);
	CHECK_EQ(device_info(node).contexts, 0);
}

TEST(R5, context_never_bound_ends_too)
{
	int node = node_open();
	uint64_t id;
	int ctx = context_create(node, getpid(), &id);

	close(ctx);
	end_await(node, id);
	CHECK_EQ(device_info(node).contexts, 0);
}

/* What the daemon's death does to the contexts of its clients: nothing */
TEST(R5, closing_the_control_node_ends_no_context)
{
	char from[64] = "no daemon", to[64] = "";
	struct queue queue;
	int node;

	queue_open(&queue);
	close(queue.node);
	queue_succeed(&queue, job_memmove(to, from, sizeof(from)));
	CHECK(!strcmp(from, to), "the job went wrong");
	node = node_open();
	CHECK(context_listed(node, queue.id, NULL), "a new control node does not list it");
	context_unbind(queue.ctx, queue.pasid, 0);
	CHECK(!context_listed(node, queue.id, NULL), "still listed after its end");
}

TEST(R5, calls_after_the_end_say_that_it_has_ended)
{
	struct sva_unbind_task unbind = { .argsz = sizeof(unbind) };
	struct sva_region_info region = { .argsz = sizeof(region) };
	int node = node_open();
	int ctx = context_bound(node, NULL, &unbind.pasid);
	struct sva_region_info before = region_info(ctx, SVA_ACCEL_REGION_STATUS);
	char bytes[8];

	ACCEPTED(ctx, SVA_UNBIND_TASK, &unbind);
	REFUSED(ctx, SVA_UNBIND_TASK, &unbind, ENOENT, SVA_REASON_NO_SUCH_PASID);
	REFUSED(ctx, SVA_CONTEXT_GET_REGION_INFO, &region, EPERM, SVA_REASON_CONTEXT_ENDED);
	CHECK(pread(ctx, bytes, 4, (off_t)before.offset) < 0 && errno == EPERM, "pread: %s",
	      strerror(errno));
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, ctx, (off_t)before.offset) == MAP_FAILED &&
	      errno == EPERM, "mmap: %s", strerror(errno));
	CHECK_EQ(context_info(ctx).state, SVA_STATE_ENDED);
}

/* Each time: whoever polls and reads must find the event before the refusal */
TEST(R5, revoked_process_is_told_so)
{
	struct sva_region_info region = { .argsz = sizeof(region) };
	int node = node_open();

	for (int round = 0; round < 100; round++) {
		struct queue queue;

		queue_open(&queue);
		context_revoke(node, queue.id);
		event_await(queue.ctx, SVA_EVENT_REVOKED, 0);
		event_await(node, SVA_EVENT_ENDED, queue.id);
		CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_STOPPED);
		REFUSED(queue.ctx, SVA_CONTEXT_GET_REGION_INFO, &region, EPERM,
			SVA_REASON_CONTEXT_REVOKED);
		CHECK_EQ(context_info(queue.ctx).end_reason, SVA_REASON_CONTEXT_REVOKED);
		ring_close(&queue.ring);
		close(queue.ctx);
		close(queue.node);
	}
}

TEST(R5, process_whose_device_was_reset_is_told_so)
{
	int node = node_open();
	struct queue queue;

	queue_open(&queue);
	device_reset(node);
	event_await(queue.ctx, SVA_EVENT_RESET, 0);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_STOPPED);
	CHECK_EQ(context_info(queue.ctx).state, SVA_STATE_ENDED);
}

/* Rings on after the end go to nobody */
TEST(R5, doorbell_after_the_end_does_nothing)
{
	char from[64] = "too late", to[64] = "before";
	struct sva_accel_desc job = job_memmove(to, from, sizeof(from));
	struct queue queue, other;

	queue_open(&queue);
	queue_open(&other);
	context_unbind(queue.ctx, queue.pasid, 0);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_STOPPED);
	queue.ring.desc[queue.ring.tail++ & (queue.ring.entries - 1)] = job;
	ring_kick(&queue.ring);
	for (int i = 0; i < 200; i++)
		queue_succeed(&other, job_nop());
	CHECK(!strcmp(to, "before"), "a job was done after the end");
	queue_close(&other);
}

struct racer {
	int ctx;
	uint32_t pasid;
	int result;
	uint32_t state;		/* of the context, when the call had returned */
	pthread_barrier_t *barrier;
};

static void *unbind_racer(void *arg)
{
	struct racer *racer = arg;
	struct sva_unbind_task unbind = { .argsz = sizeof(unbind), .pasid = racer->pasid };

	pthread_barrier_wait(racer->barrier);
	racer->result = call(racer->ctx, SVA_UNBIND_TASK, &unbind);
	racer->state = context_info(racer->ctx).state;
	return NULL;
}

/* Whoever ended it: nothing of it is left on the device when an unbind has returned */
static void check_racer(const struct racer *racer)
{
	CHECK(racer->result == 0 || racer->result == -ENOENT, "unbind: %d", racer->result);
	CHECK(racer->state == SVA_STATE_ENDED, "unbind returned %d in state %u", racer->result,
	      racer->state);
}

TEST(R5, of_two_unbinds_at_once_one_succeeds)
{
	pthread_barrier_t barrier;
	int node = node_open();

	pthread_barrier_init(&barrier, NULL, 2);
	for (int round = 0; round < 50; round++) {
		struct racer racers[2];
		pthread_t threads[2];
		uint64_t id;

		racers[0].ctx = context_bound(node, &id, &racers[0].pasid);
		racers[0].barrier = &barrier;
		racers[1] = racers[0];
		for (int i = 0; i < 2; i++)
			CHECK_EQ(pthread_create(&threads[i], NULL, unbind_racer, &racers[i]), 0);
		for (int i = 0; i < 2; i++) {
			pthread_join(threads[i], NULL);
			check_racer(&racers[i]);
		}
		CHECK((racers[0].result == 0) + (racers[1].result == 0) == 1,
		      "results %d and %d", racers[0].result, racers[1].result);
		end_await(node, id);
		close(racers[0].ctx);
	}
}

TEST(R5, unbind_and_revoke_at_once_end_it_once)
{
	pthread_barrier_t barrier;
	int node = node_open();

	pthread_barrier_init(&barrier, NULL, 2);
	for (int round = 0; round < 50; round++) {
		struct racer racer = { .barrier = &barrier };
		pthread_t thread;
		uint64_t id;

		racer.ctx = context_bound(node, &id, &racer.pasid);
		CHECK_EQ(pthread_create(&thread, NULL, unbind_racer, &racer), 0);
		pthread_barrier_wait(&barrier);
		struct sva_revoke_context revoke = { .argsz = sizeof(revoke), .id = id };
		int result = call(node, SVA_DEVICE_REVOKE_CONTEXT, &revoke);

		pthread_join(thread, NULL);
		CHECK(result == 0 || result == -ENOENT, "revoke: %d", result);
		check_racer(&racer);
		end_await(node, id);
		close(racer.ctx);
	}
}

static void binds_until_killed(int line, void *arg)
{
	int node = node_open();

	(void)arg;
	word_send(line, 0);
	for (;;) {
		uint32_t pasid;
		int ctx = context_bound(node, NULL, &pasid);

		context_unbind(ctx, pasid, 0);
		close(ctx);
	}
}

/* SIGKILL and revoke of everything at once, at whatever instruction it hits */
TEST(R5, kill_and_revoke_at_once_leave_nothing)
{
	int node = node_open();

	for (int round = 0; round < 30; round++) {
		struct sva_context_entry entry;
		struct sva_list_contexts list = {
			.argsz = sizeof(list), .count = 1, .entries = (uintptr_t)&entry,
			.entry_size = sizeof(entry) };
		struct child child;

		/* of the one before, which is ended a moment after its process */
		CHECK(device_is_clean(), "counters are not at zero");
		child_start(&child, binds_until_killed, NULL);
		word_receive(child.line);
		do {
			list.count = 1;
			ACCEPTED(node, SVA_DEVICE_LIST_CONTEXTS, &list);
		} while (!list.count);
		MUST(kill(child.pid, SIGKILL));
		struct sva_revoke_context revoke = { .argsz = sizeof(revoke), .id = entry.id };
		int result = call(node, SVA_DEVICE_REVOKE_CONTEXT, &revoke);

		CHECK(result == 0 || result == -ENOENT, "revoke: %d", result);
		child_reap(&child);
	}
	close(node);
	CHECK(device_is_clean(), "counters are not at zero");
}
