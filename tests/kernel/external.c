// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * external.c - contexts held by another part of the kernel: sva_test.ko's
 * /dev/sva_test, which uses them as KVM would
 *
 * While a context is held, its object and PASID stay reserved.  A voluntary
 * unbind is busy; every other end stops DMA at once and tells the holder, once.
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "kernel/test/sva_test.h"
#include "modules.h"
#include "process.h"
#include "ring.h"

static int holders_open(void)
{
	int fd;

	sva_test_load();
	fd = open("/dev/sva_test", O_RDWR | O_CLOEXEC);
	CHECK(fd >= 0, "/dev/sva_test: %s", strerror(errno));
	return fd;
}

static int hold_try(int holders, int fd, uint32_t flags, uint32_t *holder)
{
	struct sva_test_hold arg = { .fd = fd, .flags = flags };
	int result = call(holders, SVA_TEST_HOLD, &arg);

	*holder = arg.holder;
	return result;
}

static uint32_t hold(int holders, int fd, uint32_t flags)
{
	uint32_t holder;
	int result = hold_try(holders, fd, flags, &holder);

	CHECK(result == 0, "HOLD: %s", strerror(-result));
	return holder;
}

static struct sva_test_status holder_status(int holders, uint32_t holder)
{
	struct sva_test_status arg = { .holder = holder };
	int result = call(holders, SVA_TEST_STATUS, &arg);

	CHECK(result == 0, "STATUS: %s", strerror(-result));
	return arg;
}

static struct sva_test_status put(int holders, uint32_t holder)
{
	struct sva_test_status arg = { .holder = holder };
	int result = call(holders, SVA_TEST_PUT, &arg);

	CHECK(result == 0, "PUT: %s", strerror(-result));
	CHECK_EQ(arg.held, 0);
	return arg;
}

struct waiting {
	int holders;
	uint32_t holder;
};

static bool is_revoked(void *arg)
{
	struct waiting *w = arg;

	return holder_status(w->holders, w->holder).revoked > 0;
}

static void revoked_await(int holders, uint32_t holder)
{
	struct waiting w = { holders, holder };

	CHECK(wait_until(is_revoked, &w, PATIENCE_MS), "the holder was not told");
}

/* -------------------------------------------------------------------- get */

static void get_refused(int holders, int fd, int error)
{
	uint32_t holder;
	int result = hold_try(holders, fd, 0, &holder);

	CHECK(result == -error, "get gives %d (%s), not %s", result, strerror(-result),
	      strerror(error));
}

TEST(R1, get_refuses_what_is_no_context)
{
	int holders = holders_open(), node = node_open();
	int pair[2];

	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	get_refused(holders, node, EINVAL);
	get_refused(holders, holders, EINVAL);
	get_refused(holders, pair[0], EINVAL);
	get_refused(holders, (int)MUST(eventfd(0, EFD_CLOEXEC)), EINVAL);
	get_refused(holders, (int)MUST(memfd_create("none", MFD_CLOEXEC)), EINVAL);
	get_refused(holders, (int)MUST(open("/dev/null", O_RDWR | O_CLOEXEC)), EINVAL);
	get_refused(holders, -1, EBADF);
}

TEST(R2, get_refuses_a_context_that_is_not_bound)
{
	int holders = holders_open(), node = node_open();
	int ctx = context_create(node, getpid(), NULL);
	uint32_t pasid;

	get_refused(holders, ctx, ENOTCONN);
	pasid = context_bind(ctx);
	put(holders, hold(holders, ctx, 0));
	context_unbind(ctx, pasid, 0);
	get_refused(holders, ctx, ENOTCONN);
}

TEST(R6, get_refuses_a_context_whose_device_has_gone)
{
	int holders = holders_open(), node = node_open();
	int ctx = context_bound(node, NULL, NULL);

	device_remove();
	get_refused(holders, ctx, ENODEV);
	device_return();
}

SOFT_TEST(R11, get_refuses_a_context_of_a_group_that_is_not_viable)
{
	int holders, node, ctx;

	provider_reload("devices=2 groups=0,0");
	holders = holders_open();
	node = node_open();
	ctx = context_create(node, getpid(), NULL);
	MUST(driver_unbind("sva_soft", "sva_soft.1"));
	driver_override("sva_soft.1", "sva_test_owner");
	CHECK_EQ(driver_bind("sva_test_owner", "sva_soft.1"), 0);
	get_refused(holders, ctx, EPERM);
	CHECK_EQ(driver_unbind("sva_test_owner", "sva_soft.1"), 0);
	driver_override("sva_soft.1", "");
	context_bind(ctx);
	put(holders, hold(holders, ctx, 0));
}

SOFT_TEST(R11, holder_is_told_when_the_group_is_no_longer_ours)
{
	int holders, ctx;
	uint32_t holder;

	provider_reload("devices=2 groups=0,0");
	holders = holders_open();
	MUST(driver_unbind("sva_soft", "sva_soft.1"));
	ctx = context_bound(node_open(), NULL, NULL);
	holder = hold(holders, ctx, 0);
	driver_override("sva_soft.1", "sva_test_owner");
	CHECK_EQ(driver_bind("sva_test_owner", "sva_soft.1"), 0);
	revoked_await(holders, holder);
	CHECK_EQ(put(holders, holder).revoked, 1);
	CHECK_EQ(driver_unbind("sva_test_owner", "sva_soft.1"), 0);
	driver_override("sva_soft.1", "");
}

TEST(ABI, held_context_is_known_by_its_pasid_and_works_on)
{
	int holders = holders_open();
	struct sva_test_status status;
	struct queue queue;
	uint32_t holder;

	queue_open(&queue);
	holder = hold(holders, queue.ctx, 0);
	status = holder_status(holders, holder);
	CHECK_EQ(status.pasid, queue.pasid);
	CHECK_EQ(status.held, 1);
	CHECK_EQ(status.revoked, 0);
	for (int i = 0; i < 10; i++)
		queue_succeed(&queue, job_nop());
	CHECK_EQ(put(holders, holder).revoked, 0);
	queue_succeed(&queue, job_nop());
	queue_close(&queue);
	CHECK_EQ(holder_status(holders, holder).revoked, 0);
}

/* ------------------------------------------------------ the voluntary unbind */

static void unbind_is_busy(struct queue *queue)
{
	struct sva_unbind_task unbind = { .argsz = sizeof(unbind), .pasid = queue->pasid };

	REFUSED(queue->ctx, SVA_UNBIND_TASK, &unbind, EBUSY, SVA_REASON_EXTERNAL_USER);
	unbind.flags = SVA_UNBIND_RELEASE_CLEAN;
	REFUSED(queue->ctx, SVA_UNBIND_TASK, &unbind, EBUSY, SVA_REASON_EXTERNAL_USER);
	CHECK_EQ(context_info(queue->ctx).state, SVA_STATE_BOUND);
	queue_succeed(queue, job_nop());
}

TEST(R5, unbind_is_busy_until_the_last_holder_has_let_go)
{
	int holders = holders_open();
	struct queue queue;
	uint32_t a, b;

	queue_open(&queue);
	a = hold(holders, queue.ctx, 0);
	b = hold(holders, queue.ctx, 0);
	unbind_is_busy(&queue);
	put(holders, a);
	unbind_is_busy(&queue);
	put(holders, b);
	CHECK_EQ(queue_close(&queue), SVA_RELEASE_CLEAN);
	CHECK_EQ(holder_status(holders, a).revoked, 0);
	CHECK_EQ(holder_status(holders, b).revoked, 0);
}

TEST(R5, holders_file_lets_go_of_everything_when_it_is_closed)
{
	int holders = holders_open();
	struct queue queue;

	queue_open(&queue);
	for (int i = 0; i < SVA_TEST_HOLD_MAX; i++)
		hold(holders, queue.ctx, 0);
	unbind_is_busy(&queue);
	close(holders);
	queue_close(&queue);
}

static void puts_what_it_inherited(int line, void *arg)
{
	int holders = fd_receive(line);

	put(holders, *(uint32_t *)arg);
}

TEST(R5, put_may_come_from_another_process)
{
	int holders = holders_open();
	struct queue queue;
	struct child child;
	uint32_t holder;

	queue_open(&queue);
	holder = hold(holders, queue.ctx, 0);
	child_start(&child, puts_what_it_inherited, &holder);
	unbind_is_busy(&queue);
	fd_send(child.line, holders);
	child_join(&child);
	queue_close(&queue);
	CHECK_EQ(holder_status(holders, holder).revoked, 0);
}

/* ------------------------------------------------------------ every other end */

enum end { END_CLOSE, END_EXIT, END_KILL, END_EXEC, END_REVOKE, END_RESET, END_REMOVAL };

struct loop {
	struct loop *next;
	uint64_t key;
};

HELPER(wait_for_word)
{
	(void)argc;
	word_receive(atoi(argv[1]));
	return 0;
}

static void exec_and_wait(int line)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", dup(line));
	execl("/proc/self/exe", "self", "--helper", "wait_for_word", number, NULL);
	FAIL("exec: %s", strerror(errno));
}

/* Binds, keeps the device busy, hands out its context, and ends when it is told to */
static void subject(int line, void *arg)
{
	static _Alignas(64) struct sva_accel_completion done;
	static struct loop loop = { .next = &loop };
	struct sva_accel_desc job = job_walk(&loop, 0, 8);
	enum end end = *(enum end *)arg;
	struct queue queue;

	queue_open(&queue);
	job.completion = (uintptr_t)&done;
	ring_submit(&queue.ring, &job);
	fd_send(line, queue.ctx);
	word_send(line, queue.id);
	word_send(line, queue.pasid);
	word_receive(line);
	if (end == END_CLOSE) {
		ring_close(&queue.ring);
		close(queue.ctx);
	}
	if (end == END_EXEC)
		exec_and_wait(line);
	if (end != END_EXIT)
		word_receive(line);
}

static void bring_about(enum end end, struct child *child, int node, uint64_t id)
{
	word_send(child->line, 0);
	if (end == END_KILL)
		MUST(kill(child->pid, SIGKILL));
	if (end == END_REVOKE)
		context_revoke(node, id);
	if (end == END_RESET)
		device_reset(node);
	if (end == END_REMOVAL) {
		device_remove();
		device_return();
	}
}

static void let_it_go(enum end end, struct child *child)
{
	if (end == END_KILL) {
		child_reap(child);
		return;
	}
	if (end != END_EXIT)
		word_send(child->line, 0);
	child_join(child);
}

struct reservation {
	int node;
	uint32_t pasid;
};

static bool newcomer_gets_it(void *arg)
{
	struct reservation *r = arg;

	return newcomers_get(r->node, r->pasid);
}

/*
 * The core gives out the lowest number that is free, so each newcomer would get
 * the PASID of the one that ended, as the last one does.
 */
static void pasid_is_reserved_until_put(int holders, uint32_t holder, uint32_t pasid)
{
	struct reservation r = { node_open(), pasid };

	for (int i = 0; i < 10; i++)
		CHECK(newcomer_pasid(r.node) != pasid, "PASID %u is held and was given on", pasid);
	CHECK_EQ(holder_status(holders, holder).held, 1);
	CHECK_EQ(put(holders, holder).revoked, 1);
	CHECK(wait_until(newcomer_gets_it, &r, PATIENCE_MS), "PASID %u never came back", pasid);
}

static void holder_is_told_of(enum end end)
{
	int holders = holders_open(), node = node_open(), ctx;
	uint32_t holder, pasid;
	struct child child;
	uint64_t id;

	child_start(&child, subject, &end);
	ctx = fd_receive(child.line);
	id = word_receive(child.line);
	pasid = (uint32_t)word_receive(child.line);
	holder = hold(holders, ctx, 0);
	CHECK_EQ(holder_status(holders, holder).pasid, pasid);
	close(ctx);
	bring_about(end, &child, node, id);
	revoked_await(holders, holder);
	if (end != END_RESET)
		event_await(node, SVA_EVENT_ENDED, id);
	let_it_go(end, &child);
	CHECK_EQ(holder_status(holders, holder).revoked, 1);
	pasid_is_reserved_until_put(holders, holder, pasid);
	CHECK_EQ(holder_status(holders, holder).revoked, 1);
}

TEST(R5, holder_is_told_once_of_close_and_keeps_the_pasid)
{
	holder_is_told_of(END_CLOSE);
}

TEST(R5, holder_is_told_once_of_exit_and_keeps_the_pasid)
{
	holder_is_told_of(END_EXIT);
}

TEST(R5, holder_is_told_once_of_kill_and_keeps_the_pasid)
{
	holder_is_told_of(END_KILL);
}

TEST(R5, holder_is_told_once_of_exec_and_keeps_the_pasid)
{
	holder_is_told_of(END_EXEC);
}

TEST(R5, holder_is_told_once_of_revoke_and_keeps_the_pasid)
{
	holder_is_told_of(END_REVOKE);
}

TEST(R5, holder_is_told_once_of_reset_and_keeps_the_pasid)
{
	holder_is_told_of(END_RESET);
}

TEST(R6, holder_is_told_once_of_removal_and_keeps_the_pasid)
{
	holder_is_told_of(END_REMOVAL);
}

/* DMA has stopped by the time that the holder is told, not some time later */
TEST(R5, device_has_stopped_when_the_holder_is_told)
{
	static _Alignas(64) struct sva_accel_completion done;
	static struct loop loop = { .next = &loop };

	for (int round = 0; round < 20; round++) {
		struct sva_accel_desc job = job_walk(&loop, 0, 8);
		int holders = holders_open();
		struct queue queue;
		uint32_t holder;

		queue_open(&queue);
		job.completion = (uintptr_t)&done;
		ring_submit(&queue.ring, &job);
		holder = hold(holders, queue.ctx, 0);
		context_revoke(queue.node, queue.id);
		while (!holder_status(holders, holder).revoked)
			;
		CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_STOPPED);
		put(holders, holder);
		ring_close(&queue.ring);
		close(queue.ctx);
		close(queue.node);
		close(holders);
	}
}

TEST(R5, every_holder_of_a_context_is_told)
{
	int holders = holders_open();
	struct queue queue;

	queue_open(&queue);
	for (int i = 0; i < SVA_TEST_HOLD_MAX; i++)
		hold(holders, queue.ctx, i % 2 ? SVA_TEST_HOLD_PUT_AT_ONCE : 0);
	context_revoke(queue.node, queue.id);
	event_await(queue.node, SVA_EVENT_ENDED, queue.id);
	for (uint32_t i = 0; i < SVA_TEST_HOLD_MAX; i++) {
		struct sva_test_status status = holder_status(holders, i);

		CHECK(status.revoked == 1 && status.held == (i % 2 == 0) && !status.running,
		      "holder %u: told %u times, held %u, running %u", i, status.revoked,
		      status.held, status.running);
	}
}

/* ----------------------------------------------------- put beside the callback */

TEST(R5, put_waits_for_the_callback_under_way)
{
	for (int round = 0; round < 10; round++) {
		int holders = holders_open();
		struct sva_test_status status;
		struct queue queue;
		uint32_t holder;

		queue_open(&queue);
		holder = hold(holders, queue.ctx, SVA_TEST_HOLD_SLOW);
		context_revoke(queue.node, queue.id);
		revoked_await(holders, holder);
		status = put(holders, holder);
		CHECK_EQ(status.running, 0);
		CHECK_EQ(status.revoked, 1);
		ring_close(&queue.ring);
		close(queue.ctx);
		close(queue.node);
		close(holders);
	}
}

TEST(R5, put_from_the_callback_frees_the_context)
{
	int holders = holders_open();
	struct sva_test_status status;
	struct queue queue;
	uint32_t holder;

	queue_open(&queue);
	holder = hold(holders, queue.ctx, SVA_TEST_HOLD_PUT_AT_ONCE | SVA_TEST_HOLD_SLOW);
	context_revoke(queue.node, queue.id);
	ring_close(&queue.ring);
	close(queue.ctx);
	event_await(queue.node, SVA_EVENT_ENDED, queue.id);
	status = holder_status(holders, holder);
	CHECK_EQ(status.revoked, 1);
	CHECK_EQ(status.held, 0);
}

struct race {
	int holders;
	int ctx;
	uint32_t held;
	int refused;
};

static void *hold_until_refused(void *arg)
{
	struct race *race = arg;
	uint32_t holder;
	int result;

	while (race->held < SVA_TEST_HOLD_MAX) {
		result = hold_try(race->holders, race->ctx, 0, &holder);
		if (result) {
			race->refused = result;
			return NULL;
		}
		race->held++;
	}
	return NULL;
}

/* Whoever got it is told; whoever comes too late is refused */
TEST(R5, get_and_revoke_at_once_leave_nobody_untold)
{
	for (int round = 0; round < 50; round++) {
		struct race race = { .holders = holders_open() };
		struct queue queue;
		pthread_t thread;

		queue_open(&queue);
		race.ctx = queue.ctx;
		CHECK_EQ(pthread_create(&thread, NULL, hold_until_refused, &race), 0);
		context_revoke(queue.node, queue.id);
		pthread_join(thread, NULL);
		event_await(queue.node, SVA_EVENT_ENDED, queue.id);
		CHECK(!race.refused || race.refused == -ENOTCONN, "get: %d", race.refused);
		for (uint32_t i = 0; i < race.held; i++)
			CHECK(holder_status(race.holders, i).revoked == 1,
			      "round %d: holder %u of %u was told %u times", round, i, race.held,
			      holder_status(race.holders, i).revoked);
		ring_close(&queue.ring);
		close(queue.ctx);
		close(queue.node);
		close(race.holders);
	}
}

static void *put_all(void *arg)
{
	struct race *race = arg;

	for (uint32_t i = 0; i < race->held; i++)
		put(race->holders, i);
	return NULL;
}

TEST(R5, put_and_revoke_at_once_leave_nothing)
{
	for (int round = 0; round < 50; round++) {
		struct race race = { .holders = holders_open(), .held = 16 };
		struct queue queue;
		pthread_t thread;

		queue_open(&queue);
		for (uint32_t i = 0; i < race.held; i++)
			hold(race.holders, queue.ctx, 0);
		CHECK_EQ(pthread_create(&thread, NULL, put_all, &race), 0);
		context_revoke(queue.node, queue.id);
		pthread_join(thread, NULL);
		event_await(queue.node, SVA_EVENT_ENDED, queue.id);
		for (uint32_t i = 0; i < race.held; i++)
			CHECK(holder_status(race.holders, i).revoked <= 1, "told twice");
		ring_close(&queue.ring);
		close(queue.ctx);
		close(queue.node);
		close(race.holders);
	}
}

/* -------------------------------------------------- quarantine, and unloading */

TEST(R3, put_does_not_end_a_quarantine)
{
	int holders = holders_open(), node = node_open(), ctx;
	enum end end = END_KILL;
	struct child child, keeper;
	uint64_t id, keeper_id;
	uint32_t holder, pasid;
	struct reservation r;

	bystander_start(&keeper, node, &keeper_id, NULL);
	child_start(&child, subject, &end);
	ctx = fd_receive(child.line);
	id = word_receive(child.line);
	pasid = (uint32_t)word_receive(child.line);
	holder = hold(holders, ctx, 0);
	close(ctx);
	misbehave("hold");
	child_kill(&child);
	event_await(node, SVA_EVENT_QUARANTINED, id);
	misbehave("none");
	CHECK_EQ(put(holders, holder).revoked, 1);
	for (int i = 0; i < 10; i++)
		CHECK(newcomer_pasid(node) != pasid, "PASID %u was laundered", pasid);
	device_reset(node);
	word_send(keeper.line, 0);
	child_join(&keeper);
	r = (struct reservation){ node, pasid };
	CHECK(wait_until(newcomer_gets_it, &r, PATIENCE_MS), "PASID %u never came back", pasid);
}

TEST(R3, end_of_the_quarantine_does_not_end_the_hold)
{
	int holders = holders_open(), node = node_open(), ctx;
	enum end end = END_KILL;
	struct child child;
	uint32_t holder, pasid;
	uint64_t id;

	child_start(&child, subject, &end);
	ctx = fd_receive(child.line);
	id = word_receive(child.line);
	pasid = (uint32_t)word_receive(child.line);
	holder = hold(holders, ctx, 0);
	close(ctx);
	misbehave("stale");
	child_kill(&child);
	event_await(node, SVA_EVENT_QUARANTINED, id);
	misbehave("none");
	event_await(node, SVA_EVENT_RELEASED, id);
	pasid_is_reserved_until_put(holders, holder, pasid);
}

TEST(R6, modules_stay_while_a_context_is_held)
{
	int holders = holders_open();
	struct queue queue;
	uint32_t holder;

	queue_open(&queue);
	holder = hold(holders, queue.ctx, 0);
	CHECK_EQ(module_unload("sva_test"), -EWOULDBLOCK);
	CHECK_EQ(module_unload("sva"), -EWOULDBLOCK);
	CHECK_EQ(module_unload(provider_module()), 0);
	revoked_await(holders, holder);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_GONE);
	ring_close(&queue.ring);
	close(queue.ctx);
	close(queue.node);
	CHECK_EQ(module_unload("sva"), -EWOULDBLOCK);
	CHECK_EQ(module_unload("sva_test"), -EWOULDBLOCK);
	CHECK_EQ(put(holders, holder).revoked, 1);
	close(holders);
	CHECK_EQ(module_unload("sva_test"), 0);
	provider_reload("");
}
