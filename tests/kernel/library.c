// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * library.c - what libsva makes of a real device and a real svad: the executor,
 * contexts that a launcher reserves, pins
 *
 * Runs as root, which becomes alice, a permitted user.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sva-accel.h>
#include <sva-admin.h>

#include "device.h"
#include "harness.h"
#include "process.h"

#define MUST_DO(ctx, call_to_make)						\
	do {									\
		int must_do = (call_to_make);					\
										\
		CHECK(must_do >= 0, "%s: %s", strerror(-must_do),		\
		      sva_strreason(sva_context_reason(ctx)));			\
	} while (0)

struct shared {
	struct sva_context *ctx;
	struct sva_accel *accel;
	struct sva_accel_exec *exec;
};

static void shared_open(struct shared *shared, unsigned int jobs)
{
	MUST_DO(NULL, sva_bind(device_name(), 0, &shared->ctx));
	MUST_DO(shared->ctx, sva_accel_open(shared->ctx, &shared->accel));
	MUST_DO(shared->ctx, sva_accel_exec_open(shared->accel, jobs, &shared->exec));
}

static int shared_close(struct shared *shared)
{
	MUST_DO(shared->ctx, sva_accel_exec_close(shared->exec, PATIENCE_MS));
	sva_accel_close(shared->accel);
	return sva_unbind(shared->ctx, SVA_RELEASE_CLEAN);
}

/* ---------------------------------------------------------------- executor */

#define ROUNDS 40
#define SIZE 10000

/* Two jobs at once, whose memory is the thread's own; returns what was wrong */
static void *overlap(void *arg)
{
	struct shared *shared = arg;
	unsigned char *a = malloc(SIZE), *b = malloc(SIZE);
	struct sva_accel_completion same;
	struct sva_accel_desc descs[3];
	uint64_t jobs[3];

	for (uint64_t round = 1; round <= ROUNDS; round++) {
		sva_accel_prep_fill(&descs[0], a, round * 0x0101010101010101u, SIZE, NULL);
		sva_accel_prep_memmove(&descs[1], b, a, SIZE, NULL);
		sva_accel_prep_compare(&descs[2], a, b, SIZE, NULL);
		if (sva_accel_exec_submit_many(shared->exec, descs, 3, PATIENCE_MS, jobs) != 3)
			return "submit";
		if (sva_accel_exec_wait(shared->exec, jobs[2], PATIENCE_MS, &same))
			return "wait";
		if (sva_accel_exec_wait_all(shared->exec, jobs, 2, PATIENCE_MS))
			return "wait for all";
		if (same.result != SIZE || b[0] != (unsigned char)round ||
		    b[SIZE - 1] != (unsigned char)round)
			return "the bytes";
	}
	free(a);
	free(b);
	return NULL;
}

static void threads_overlap(int line)
{
	struct shared shared;
	pthread_t threads[4];
	void *wrong;

	(void)line;
	shared_open(&shared, 12);
	for (int i = 0; i < 4; i++)
		CHECK(!pthread_create(&threads[i], NULL, overlap, &shared), "pthread_create");
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &wrong);
		CHECK(!wrong, "thread %d: %s: %s", i, (char *)wrong,
		      sva_strreason(sva_context_reason(shared.ctx)));
	}
	CHECK_EQ(shared_close(&shared), SVA_RELEASE_CLEAN);
}

static bool device_is_served(void *arg)
{
	(void)arg;
	return sva_probe(device_name(), NULL) == 0;
}

/* svad serves it a moment after it is there */
static void finds_the_device_again(int line)
{
	(void)line;
	CHECK(wait_until(device_is_served, NULL, PATIENCE_MS), "svad does not serve it again: %s",
	      sva_strreason(sva_context_reason(NULL)));
}

TEST(R1, threads_overlap_work_with_one_executor)
{
	as_user("alice", finds_the_device_again);
	as_user("alice", threads_overlap);
}

static void job_faults(int line)
{
	char *guard = (char *)guarded_alloc(4096) + 4096, *from = pages_alloc(8192);
	struct sva_accel_completion done;
	struct sva_accel_desc desc;
	struct shared shared;
	uint64_t job;

	(void)line;
	shared_open(&shared, 0);
	sva_accel_prep_memmove(&desc, guard - 100, from, 200, NULL);
	MUST_DO(shared.ctx, sva_accel_exec_submit(shared.exec, &desc, PATIENCE_MS, &job));
	CHECK_EQ(sva_accel_exec_wait(shared.exec, job, PATIENCE_MS, &done), -EFAULT);
	CHECK_EQ(sva_context_reason(shared.ctx), SVA_REASON_JOB_FAILED);
	CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
	CHECK_EQ(done.fault_addr, (uintptr_t)guard);
	CHECK_EQ(done.fault_access, SVA_ACCESS_WRITE);
	CHECK_EQ(shared_close(&shared), SVA_RELEASE_CLEAN);
}

TEST(R7, fault_of_a_job_reaches_who_waits_for_it)
{
	as_user("alice", job_faults);
}

/* ------------------------------------------------------- the end, in a loop */

struct heard {
	int calls;
	int error;
	uint32_t reason;
	struct sva_context *ctx;
};

static void hear(void *arg, int error, const struct sva_accel_completion *completion)
{
	struct heard *heard = arg;

	(void)completion;
	heard->calls++;
	heard->error = error;
	heard->reason = sva_context_reason(heard->ctx);
}

/* An event loop with nothing to do but this: how often it turned while it waited */
static unsigned int loop_until(struct shared *shared, struct heard *heard, int calls)
{
	struct pollfd fd = { .fd = sva_accel_exec_fd(shared->exec), .events = POLLIN };
	unsigned int turns = 0;

	MUST_DO(shared->ctx, fd.fd);
	while (heard->calls < calls) {
		CHECK(poll(&fd, 1, PATIENCE_MS) == 1, "nothing came in %d ms", PATIENCE_MS);
		MUST_DO(shared->ctx, sva_accel_exec_dispatch(shared->exec));
		turns++;
	}
	/* the interrupt of a job may come after its record was seen: that is one turn */
	for (int i = 0; poll(&fd, 1, 0) == 1; i++) {
		CHECK(i < 3, "the fd stays readable");
		CHECK_EQ(sva_accel_exec_dispatch(shared->exec), 0);
	}
	return turns;
}

/* Jobs that never end, and what ends them is not the process's */
static void waits_in_a_loop(int line)
{
	static struct circle {
		struct circle *next;
		uint64_t number;
	} circle = { .next = &circle };
	struct heard heard = { 0 };
	struct sva_context_info info;
	struct sva_accel_desc desc;
	struct shared shared;
	uint64_t job;

	shared_open(&shared, 0);
	heard.ctx = shared.ctx;
	sva_accel_prep_nop(&desc, NULL);
	MUST_DO(shared.ctx, sva_accel_exec_call(shared.exec, &desc, 0, hear, &heard));
	loop_until(&shared, &heard, 1);
	CHECK_EQ(heard.error, 0);
	sva_accel_prep_list_sum(&desc, &circle, 0, 8, 0, NULL);
	MUST_DO(shared.ctx, sva_accel_exec_call(shared.exec, &desc, 0, hear, &heard));
	MUST_DO(shared.ctx, sva_accel_exec_submit(shared.exec, &desc, 0, &job));
	CHECK_EQ(sva_context_info(shared.ctx, &info), 0);
	word_send(line, info.id);
	loop_until(&shared, &heard, 2);
	word_send(line, (uint64_t)(int64_t)heard.error);
	word_send(line, heard.reason);
	CHECK(sva_accel_exec_wait(shared.exec, job, PATIENCE_MS, NULL) < 0, "it completed");
	CHECK(sva_accel_exec_submit(shared.exec, &desc, -1, &job) < 0, "submitted after the end");
	shared_close(&shared);
}

TEST(R5, loop_is_told_that_its_context_was_revoked_and_rests)
{
	struct errand errand = { "alice", waits_in_a_loop };
	struct child child;

	child_start(&child, run_errand, &errand);
	CHECK_EQ(sva_revoke(NULL, device_name(), word_receive(child.line)), 0);
	CHECK_EQ((int64_t)word_receive(child.line), -EPERM);
	CHECK_EQ(word_receive(child.line), SVA_REASON_CONTEXT_REVOKED);
	child_join(&child);
}

TEST(R6, loop_is_told_that_the_device_has_gone_and_rests)
{
	struct errand errand = { "alice", waits_in_a_loop };
	struct child child;

	child_start(&child, run_errand, &errand);
	word_receive(child.line);
	device_remove();
	CHECK_EQ((int64_t)word_receive(child.line), -ENODEV);
	CHECK_EQ(word_receive(child.line), SVA_REASON_DEVICE_GONE);
	child_join(&child);
	device_return();
	as_user("alice", finds_the_device_again);
}

/* ------------------------------------------------------------- reservations */

static int reserve(void)
{
	struct sva_bind_args args = { .size = sizeof(args), .device = device_name() };
	int fd = -1;

	MUST_DO(NULL, sva_reserve(&args, &fd));
	return fd;
}

static void launches(int line)
{
	char text[32];
	int fd = reserve();

	(void)line;
	MUST(fcntl(fd, F_SETFD, 0));
	snprintf(text, sizeof(text), "%d:%d", getpid(), fd);
	setenv("SVA_CONTEXT_FD", text, 1);
	setenv("SVA_SOCKET", "/nonexistent", 1);	/* nobody else can give it one */
	execl("/proc/self/exe", "self", "--helper", "takes_reserved", NULL);
	FAIL("exec: %s", strerror(errno));
}

HELPER(takes_reserved)
{
	struct sva_context_info info;
	struct sva_context *ctx, *second;

	(void)argc;
	(void)argv;
	MUST_DO(NULL, sva_bind(NULL, 0, &ctx));
	CHECK_EQ(sva_context_info(ctx, &info), 0);
	CHECK_EQ(info.state, SVA_STATE_BOUND);
	CHECK_EQ(info.pasid, sva_context_pasid(ctx));
	CHECK_EQ(sva_bind(NULL, 0, &second), -ENOENT);
	CHECK_EQ(sva_context_reason(NULL), SVA_REASON_NO_DAEMON);
	CHECK_EQ(sva_unbind(ctx, SVA_RELEASE_CLEAN), SVA_RELEASE_CLEAN);
	return 0;
}

TEST(R2, program_binds_what_its_launcher_reserved)
{
	as_user("alice", launches);
}

static void binds_another_process_reservation(int line, void *arg)
{
	struct sva_bind_args args = { .size = sizeof(args), .use_fd = 1, .fd = *(int *)arg };
	struct sva_context *ctx;

	(void)line;
	CHECK_EQ(sva_bind_with(&args, &ctx), -EPERM);
	CHECK_EQ(sva_context_reason(NULL), SVA_REASON_OTHER_PROCESS);
}

static void reserves_and_forks(int line)
{
	struct sva_bind_args args = { .size = sizeof(args), .use_fd = 1 };
	struct sva_context *ctx;
	struct child child;

	(void)line;
	args.fd = reserve();
	child_start(&child, binds_another_process_reservation, &args.fd);
	child_join(&child);
	MUST_DO(NULL, sva_bind_with(&args, &ctx));
	CHECK_EQ(sva_unbind(ctx, SVA_RELEASE_CLEAN), SVA_RELEASE_CLEAN);
	reserve();		/* and leaves it: the harness counts contexts (R5) */
}

TEST(R2, reservation_is_for_the_process_that_made_it)
{
	as_user("alice", reserves_and_forks);
}

/* --------------------------------------------------------------------- pins */

static void pins(int line)
{
	struct rlimit none = { 0, 0 };
	char *pages = pages_alloc(8192);
	struct sva_context *ctx;

	(void)line;
	MUST_DO(NULL, sva_bind(device_name(), 0, &ctx));
	MUST_DO(ctx, sva_pin(ctx, pages + 10, 4096, PROT_READ | PROT_WRITE));	/* both pages */
	MUST_DO(ctx, sva_unpin(ctx, pages, 1));
	MUST_DO(ctx, sva_unpin(ctx, pages + 4096, 1));
	CHECK_EQ(sva_unpin(ctx, pages, 8192), -ENOENT);
	CHECK_EQ(sva_pin(ctx, (char *)guarded_alloc(4096) + 4096, 1, PROT_READ), -EFAULT);
	CHECK_EQ(sva_pin(ctx, pages, 0, PROT_READ), -EINVAL);
	MUST(setrlimit(RLIMIT_MEMLOCK, &none));
	CHECK_EQ(sva_pin(ctx, pages, 1, PROT_READ), -ENOMEM);
	CHECK_EQ(sva_context_reason(ctx), SVA_REASON_MEMLOCK);
	CHECK_EQ(sva_unbind(ctx, SVA_RELEASE_CLEAN), SVA_RELEASE_CLEAN);
}

TEST(R8, pages_are_pinned_within_the_limit)
{
	as_user("alice", pins);
}
