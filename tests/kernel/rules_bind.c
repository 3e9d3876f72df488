// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rules_bind.c - R2: a context is bound at most once, by the process that it
 * was created for and no other, and never again
 */
#include <fcntl.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"

static struct sva_bind_task bind_arg(void)
{
	return (struct sva_bind_task){ .argsz = sizeof(struct sva_bind_task) };
}

static void stranger(int line, void *arg)
{
	struct sva_bind_task bind = bind_arg();
	int ctx = fd_receive(line);

	(void)arg;
	REFUSED(ctx, SVA_BIND_TASK, &bind, EPERM, SVA_REASON_OTHER_PROCESS);
}

TEST(R2, stranger_cannot_bind)
{
	int node = node_open();
	int ctx = context_create(node, getpid(), NULL);
	struct child child;

	child_start(&child, stranger, NULL);
	fd_send(child.line, ctx);
	child_join(&child);
	CHECK_EQ(context_info(ctx).state, SVA_STATE_CREATED);
	context_bind(ctx);
}

static void child_of_owner(int line, void *arg)
{
	struct sva_bind_task bind = bind_arg();

	(void)line;
	REFUSED(*(int *)arg, SVA_BIND_TASK, &bind, EPERM, SVA_REASON_OTHER_PROCESS);
}

TEST(R2, child_of_the_owner_cannot_bind)
{
	int node = node_open();
	int ctx = context_create(node, getpid(), NULL);
	struct child child;

	child_start(&child, child_of_owner, &ctx);
	child_join(&child);
	context_bind(ctx);
}

TEST(R2, second_bind_is_busy)
{
	struct sva_bind_task bind = bind_arg();
	int node = node_open();
	uint32_t pasid;
	int ctx = context_bound(node, NULL, &pasid);

	REFUSED(ctx, SVA_BIND_TASK, &bind, EBUSY, SVA_REASON_ALREADY_BOUND);
	CHECK_EQ(context_info(ctx).state, SVA_STATE_BOUND);
	CHECK_EQ(context_info(ctx).pasid, pasid);
}

TEST(R2, no_bind_after_unbind)
{
	struct sva_bind_task bind = bind_arg();
	int node = node_open();
	uint32_t pasid;
	int ctx = context_bound(node, NULL, &pasid);

	context_unbind(ctx, pasid, 0);
	REFUSED(ctx, SVA_BIND_TASK, &bind, EBUSY, SVA_REASON_CONTEXT_ENDED);
	CHECK_EQ(context_info(ctx).state, SVA_STATE_ENDED);
}

TEST(R2, no_bind_after_revoke)
{
	struct sva_bind_task bind = bind_arg();
	int node = node_open();
	uint64_t id;
	int ctx = context_create(node, getpid(), &id);
	int result;

	context_revoke(node, id);
	end_await(node, id);
	result = call(ctx, SVA_BIND_TASK, &bind);
	CHECK(result == -EPERM || result == -EBUSY, "bind of a revoked context: %d", result);
	CHECK(bind.reason == SVA_REASON_CONTEXT_REVOKED || bind.reason == SVA_REASON_CONTEXT_ENDED,
	      "reason %u", bind.reason);
}

struct race {
	int ctx;
	int result;
	pthread_barrier_t *barrier;
};

static void *bind_racer(void *arg)
{
	struct sva_bind_task bind = bind_arg();
	struct race *race = arg;

	pthread_barrier_wait(race->barrier);
	race->result = call(race->ctx, SVA_BIND_TASK, &bind);
	return NULL;
}

#define RACERS 4

TEST(R2, of_many_threads_that_bind_at_once_one_succeeds)
{
	struct race race[RACERS];
	pthread_barrier_t barrier;
	pthread_t thread[RACERS];
	int node = node_open();

	pthread_barrier_init(&barrier, NULL, RACERS);
	for (int round = 0; round < 50; round++) {
		int ctx = context_create(node, getpid(), NULL);
		int won = 0;

		for (int i = 0; i < RACERS; i++) {
			race[i] = (struct race){ ctx, 0, &barrier };
			CHECK_EQ(pthread_create(&thread[i], NULL, bind_racer, &race[i]), 0);
		}
		for (int i = 0; i < RACERS; i++) {
			pthread_join(thread[i], NULL);
			won += race[i].result == 0;
			CHECK(race[i].result == 0 || race[i].result == -EBUSY, "bind: %d",
			      race[i].result);
		}
		CHECK_EQ(won, 1);
		close(ctx);
	}
}

static void *bind_in_thread(void *arg)
{
	context_bind(*(int *)arg);
	return NULL;
}

TEST(R2, any_thread_of_the_owner_may_bind)
{
	int node = node_open();
	int ctx = context_create(node, getpid(), NULL);
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, bind_in_thread, &ctx), 0);
	pthread_join(thread, NULL);
	CHECK_EQ(context_info(ctx).state, SVA_STATE_BOUND);
}

HELPER(bind_context)
{
	int ctx = argc > 1 ? atoi(argv[1]) : -1;

	context_bind(ctx);
	CHECK_EQ(context_info(ctx).state, SVA_STATE_BOUND);
	return 0;
}

static void exec_and_bind(int line, void *arg)
{
	int ctx = fd_receive(line);
	char number[16];
	char *argv[] = { "self", "--helper", "bind_context", number, NULL };

	(void)arg;
	snprintf(number, sizeof(number), "%d", ctx);
	MUST(fcntl(ctx, F_SETFD, 0));
	execv("/proc/self/exe", argv);
	FAIL("exec: %s", strerror(errno));
}

TEST(R2, owner_may_bind_after_exec)
{
	int node = node_open();
	struct child child;
	int ctx;

	child_start(&child, exec_and_bind, NULL);
	ctx = context_create(node, child.pid, NULL);
	fd_send(child.line, ctx);
	child_join(&child);
}

static void dies_when_told(int line, void *arg)
{
	(void)arg;
	word_receive(line);
}

TEST(R2, unbound_context_is_revoked_when_its_owner_dies)
{
	struct sva_bind_task bind = bind_arg();
	int node = node_open();
	struct child child;
	uint64_t id;
	int ctx;

	child_start(&child, dies_when_told, NULL);
	ctx = context_create(node, child.pid, &id);
	CHECK_EQ(device_info(node).contexts, 1);
	child_kill(&child);
	end_await(node, id);
	CHECK_EQ(device_info(node).contexts, 0);
	CHECK(!context_listed(node, id, NULL), "it is still listed");
	CHECK(call(ctx, SVA_BIND_TASK, &bind) < 0, "a context of the dead was bound");
}

static void tries_until_told(int line, void *arg)
{
	struct sva_bind_task bind = bind_arg();
	int ctx = fd_receive(line);
	int result = call(ctx, SVA_BIND_TASK, &bind);

	(void)arg;
	CHECK(result == -EPERM || result == -ESRCH || result == -EBUSY,
	      "bind under a recycled pid: %d", result);
}

/* A child whose pid is the one asked for: as an attacker gets it by forking until it comes */
static pid_t fork_with_pid(pid_t wanted)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted,
				   .set_tid_size = 1 };

	return (pid_t)MUST(syscall(SYS_clone3, &args, sizeof(args)));
}

TEST(R2, recycled_pid_does_not_match)
{
	int node = node_open();
	struct child victim;
	int ends[2], status;
	pid_t pid, again;
	int ctx;

	child_start(&victim, dies_when_told, NULL);
	pid = victim.pid;
	ctx = context_create(node, pid, NULL);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	child_kill(&victim);
	again = fork_with_pid(pid);
	if (again == 0) {
		tries_until_told(ends[1], NULL);
		_exit(0);
	}
	CHECK_EQ(again, pid);
	fd_send(ends[0], ctx);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(status == 0, "the process with the recycled pid was not refused as it should");
}

/* "Resetting" would say that it is worth trying again */
TEST(R7, context_that_a_reset_has_ended_says_so_when_it_is_bound_again)
{
	struct sva_bind_task bind = bind_arg();
	int node = node_open(), ctx = context_bound(node, NULL, NULL);

	device_reset(node);
	CHECK_EQ(context_info(ctx).end_reason, SVA_REASON_RESETTING);
	REFUSED(ctx, SVA_BIND_TASK, &bind, EBUSY, SVA_REASON_CONTEXT_ENDED);
}

static void ignore(int number)
{
	(void)number;
}

static void alarms(unsigned int microseconds)
{
	const struct itimerval timer = {
		.it_interval.tv_usec = microseconds, .it_value.tv_usec = microseconds,
	};

	MUST(setitimer(ITIMER_REAL, &timer, NULL));
}

/* Sends how often a signal came in between */
static void binds_under_signals(int line, void *arg)
{
	int ctx = context_create(node_open(), getpid(), NULL);
	unsigned int interval = *(unsigned int *)arg;
	uint64_t interrupted = 0;
	int result;

	signal(SIGALRM, ignore);
	alarms(interval);
	do {
		struct sva_bind_task bind = bind_arg();

		result = ioctl(ctx, SVA_BIND_TASK, &bind) ? -errno : 0;
		if (!result)
			break;
		/* longer than a bind takes at the last, however slow that is here */
		if (++interrupted % 10 == 0 && interval < 400000)
			interval *= 2;
		alarms(interval);
		CHECK_EQ(result, -EINTR);
		CHECK_EQ(bind.reason, SVA_REASON_INTERRUPTED);
		CHECK_EQ(context_info(ctx).state, SVA_STATE_CREATED);
	} while (interrupted < 1000);
	alarms(0);
	CHECK(!result, "bound never");
	word_send(line, interrupted);
}

/* The first bind of a process takes every lock of its address space, which a signal ends */
TEST_WITHIN(R7, bind_that_a_signal_interrupts_says_so_and_can_be_made_again, 120)
{
	uint64_t interrupted = 0;

	for (unsigned int i = 0; i < 200 && interrupted < 5; i++) {
		unsigned int microseconds = 100 + i % 20 * 100;
		struct child child;

		child_start(&child, binds_under_signals, &microseconds);
		interrupted += word_receive(child.line);
		child_join(&child);
	}
	CHECK(interrupted, "no signal ever came in between");
}
