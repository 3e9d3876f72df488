// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_exec.c - the executor, over a fake accelerator that carries jobs out
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "fake_accel.h"
#include "sva-accel.h"

#define PATIENCE_MS 60000

static struct sva_context *ctx;
static struct sva_accel *accel;
static struct sva_accel_exec *exec;

static int open_with(unsigned int jobs)
{
	struct sva_bind_args args = { .size = sizeof(args), .use_fd = 1 };

	fake_accel_pause(false);
	args.fd = fake_accel_context();
	if (sva_bind_with(&args, &ctx) || sva_accel_open(ctx, &accel))
		return -1;
	return sva_accel_exec_open(accel, jobs, &exec);
}

static int start(void **state)
{
	(void)state;
	return open_with(0);
}

static int start_small(void **state)
{
	(void)state;
	return open_with(4);
}

static int stop(void **state)
{
	(void)state;
	fake_accel_pause(false);
	if (sva_accel_exec_close(exec, PATIENCE_MS))
		return -1;
	sva_accel_close(accel);
	return sva_unbind(ctx, SVA_RELEASE_CLEAN) < 0 ? -1 : 0;
}

static struct sva_accel_desc nop(void)
{
	struct sva_accel_desc desc;

	sva_accel_prep_nop(&desc, NULL);
	return desc;
}

static uint64_t submit(struct sva_accel_desc desc)
{
	uint64_t job = 0;

	assert_int_equal(sva_accel_exec_submit(exec, &desc, PATIENCE_MS, &job), 0);
	assert_true(job != 0);
	return job;
}

static void expect_reason(uint32_t reason)
{
	if (sva_context_reason(ctx) != reason)
		fail_msg("%s", sva_reason_name(sva_context_reason(ctx)));
}

/* --------------------------------------------------------- jobs and results */

static void a_result_is_taken_once(void **state)
{
	struct sva_accel_completion done;
	struct sva_accel_desc desc;
	uint64_t job, other;

	(void)state;
	sva_accel_prep_crc32c(&desc, "123456789", 0, 9, NULL);
	job = submit(desc);
	assert_int_equal(sva_accel_exec_wait(exec, job, PATIENCE_MS, &done), 0);
	assert_int_equal(done.result, 0xe3069283);
	assert_int_equal(sva_accel_exec_wait(exec, job, PATIENCE_MS, &done), -ENOENT);
	expect_reason(SVA_REASON_NO_SUCH_JOB);
	other = submit(nop());
	assert_int_equal(sva_accel_exec_poll(exec, job), -ENOENT);
	assert_int_equal(sva_accel_exec_wait(exec, job, 0, NULL), -ENOENT);
	assert_int_equal(sva_accel_exec_wait(exec, other, PATIENCE_MS, NULL), 0);
	assert_int_equal(sva_accel_exec_wait(exec, 0, 0, NULL), -ENOENT);
	assert_int_equal(sva_accel_exec_wait(exec, UINT64_MAX, 0, NULL), -ENOENT);
}

static void many_jobs_go_with_one_call_and_more_than_the_ring_holds(void **state)
{
	enum { COUNT = 3 * FAKE_ACCEL_ENTRIES };
	struct sva_accel_desc descs[COUNT];
	static uint64_t words[COUNT];
	uint64_t jobs[COUNT];

	(void)state;
	sva_accel_exec_close(exec, PATIENCE_MS);
	assert_int_equal(sva_accel_exec_open(accel, COUNT, &exec), 0);
	for (int i = 0; i < COUNT; i++)
		sva_accel_prep_fill(&descs[i], &words[i], (uint64_t)i * 3, 8, NULL);
	assert_int_equal(sva_accel_exec_submit_many(exec, descs, COUNT, PATIENCE_MS, jobs), COUNT);
	assert_int_equal(sva_accel_exec_wait_all(exec, jobs, COUNT, PATIENCE_MS), 0);
	for (int i = 0; i < COUNT; i++) {
		assert_int_equal(words[i], i * 3);
		assert_int_equal(jobs[i], 0);
	}
}

/* R7: what became of a job reaches who waits, with a reason and the address */
static void a_failed_job_says_what_and_where(void **state)
{
	const void *hole = (const void *)(uintptr_t)0x1000;	/* nothing is ever mapped there */
	char to[8];
	struct sva_accel_completion done;
	struct sva_accel_desc desc;

	(void)state;
	sva_accel_prep_memmove(&desc, to, hole, sizeof(to), NULL);
	assert_int_equal(sva_accel_exec_wait(exec, submit(desc), PATIENCE_MS, &done), -EFAULT);
	assert_ptr_equal((void *)(uintptr_t)done.fault_addr, hole);
	expect_reason(SVA_REASON_JOB_FAILED);
	desc.opcode = 200;
	assert_int_equal(sva_accel_exec_wait(exec, submit(desc), PATIENCE_MS, NULL), -EOPNOTSUPP);
	desc = nop();
	desc.reserved2 = 1;
	assert_int_equal(sva_accel_exec_wait(exec, submit(desc), PATIENCE_MS, NULL), -EINVAL);
	expect_reason(SVA_REASON_JOB_FAILED);
}

static void what_is_wrong_with_a_call_is_said(void **state)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_exec *second = (void *)&done;
	struct sva_accel_desc descs[2] = { nop(), nop() };
	unsigned int before = fake_accel_completed();
	uint64_t jobs[2];

	(void)state;
	sva_accel_prep_nop(&descs[1], &done);		/* a record of its own */
	assert_int_equal(sva_accel_exec_submit_many(exec, descs, 2, 0, jobs), -EINVAL);
	expect_reason(SVA_REASON_BAD_ARGUMENT);
	assert_int_equal(fake_accel_completed(), before);
	assert_int_equal(sva_accel_exec_submit_many(exec, descs, 0, 0, jobs), -EINVAL);
	assert_int_equal(sva_accel_exec_submit(exec, descs, 0, NULL), -EINVAL);
	assert_int_equal(sva_accel_exec_call(exec, descs, 0, NULL, NULL), -EINVAL);
	assert_int_equal(sva_accel_exec_open(accel, 0, &second), -EBUSY);
	assert_null(second);
	assert_int_equal(sva_accel_exec_close(NULL, 0), 0);
	assert_int_equal(sva_accel_exec_wait_all(exec, NULL, 0, 0), 0);
}

/* R8 */
static void there_are_no_more_jobs_than_were_asked_for(void **state)
{
	struct sva_accel_desc desc = nop();
	uint64_t jobs[5] = { 0 };

	(void)state;
	fake_accel_pause(true);
	for (int i = 0; i < 4; i++)
		jobs[i] = submit(desc);
	assert_int_equal(sva_accel_exec_submit(exec, &desc, 0, &jobs[4]), -EAGAIN);
	expect_reason(SVA_REASON_JOBS_FULL);
	assert_int_equal(sva_accel_exec_submit(exec, &desc, 20, &jobs[4]), -ETIMEDOUT);
	expect_reason(SVA_REASON_TIMEOUT);
	fake_accel_pause(false);
	assert_int_equal(sva_accel_exec_wait(exec, jobs[0], PATIENCE_MS, NULL), 0);
	jobs[0] = 0;
	jobs[4] = submit(desc);
	assert_int_equal(sva_accel_exec_wait_all(exec, jobs, 5, PATIENCE_MS), 0);
}

static void a_wait_whose_time_is_up_can_go_on(void **state)
{
	uint64_t jobs[2];

	(void)state;
	fake_accel_pause(true);
	jobs[0] = submit(nop());
	jobs[1] = submit(nop());
	assert_int_equal(sva_accel_exec_poll(exec, jobs[0]), 0);
	assert_int_equal(sva_accel_exec_wait(exec, jobs[0], 5, NULL), -ETIMEDOUT);
	assert_int_equal(sva_accel_exec_wait_all(exec, jobs, 2, 5), -ETIMEDOUT);
	assert_true(jobs[0] && jobs[1]);
	assert_int_equal(sva_accel_exec_close(exec, 5), -ETIMEDOUT);
	fake_accel_pause(false);
	assert_int_equal(sva_accel_exec_wait(exec, submit(nop()), PATIENCE_MS, NULL), 0);
	assert_int_equal(sva_accel_exec_poll(exec, jobs[0]), 1);
	assert_int_equal(sva_accel_exec_wait_all(exec, jobs, 2, PATIENCE_MS), 0);
}

/* The device would write to memory that is somebody else's by then */
static void close_waits_for_jobs_that_nobody_waits_for(void **state)
{
	static char from[1 << 20], to[1 << 20];
	unsigned int before = fake_accel_completed();
	struct sva_accel_desc desc;

	(void)state;
	memset(from, 7, sizeof(from));
	sva_accel_prep_memmove(&desc, to, from, sizeof(to), NULL);
	submit(desc);
	submit(nop());
	assert_int_equal(sva_accel_exec_close(exec, PATIENCE_MS), 0);
	assert_int_equal(fake_accel_completed(), before + 2);
	assert_memory_equal(from, to, sizeof(to));
	assert_int_equal(sva_accel_exec_open(accel, 0, &exec), 0);
}

static void all_are_waited_for_when_one_has_failed(void **state)
{
	struct sva_accel_desc bad = nop();
	uint64_t jobs[3];

	(void)state;
	bad.reserved1 = 1;
	jobs[0] = submit(nop());
	jobs[1] = submit(bad);
	jobs[2] = submit(nop());
	assert_int_equal(sva_accel_exec_wait_all(exec, jobs, 3, PATIENCE_MS), -EINVAL);
	expect_reason(SVA_REASON_JOB_FAILED);
	for (int i = 0; i < 3; i++)
		assert_int_equal(jobs[i], 0);
}

static void abort_reaches_the_jobs(void **state)
{
	uint64_t job;

	(void)state;
	fake_accel_pause(true);
	job = submit(nop());
	assert_int_equal(sva_accel_abort(accel), 0);
	fake_accel_pause(false);
	assert_int_equal(sva_accel_exec_wait(exec, job, PATIENCE_MS, NULL), -ECANCELED);
}

static void *wait_for(void *job)
{
	return (void *)(intptr_t)sva_accel_exec_wait(exec, *(uint64_t *)job, PATIENCE_MS, NULL);
}

static void of_two_that_wait_for_a_job_one_gets_it(void **state)
{
	(void)state;
	for (int round = 0; round < 200; round++) {
		pthread_t threads[2];
		void *results[2];
		uint64_t job;

		fake_accel_pause(true);
		job = submit(nop());
		for (int i = 0; i < 2; i++)
			assert_int_equal(pthread_create(&threads[i], NULL, wait_for, &job), 0);
		fake_accel_pause(false);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], &results[i]);
		assert_int_equal((intptr_t)results[0] + (intptr_t)results[1], -ENOENT);
	}
}

/* ------------------------------------------------------------ event loops */

struct seen {
	int calls;
	int errors[8];
	uint64_t order[8];
	uint64_t results;
};

static struct seen seen;

static void note(void *arg, int error, const struct sva_accel_completion *completion)
{
	assert_true(seen.calls < 8);
	seen.order[seen.calls] = (uint64_t)(uintptr_t)arg;
	seen.errors[seen.calls++] = error;
	seen.results += completion->result;
}

static bool readable(int timeout_ms)
{
	struct pollfd fd = { .fd = sva_accel_exec_fd(exec), .events = POLLIN };

	assert_true(fd.fd >= 0);
	return poll(&fd, 1, timeout_ms) == 1;
}

/* Until @calls were made, as an event loop does; the fd is quiet then */
static void loop(int calls)
{
	while (seen.calls < calls) {
		assert_true(readable(PATIENCE_MS));
		assert_true(sva_accel_exec_dispatch(exec) >= 0);
	}
	/* the interrupt of a job may come after its record was seen: that is one turn */
	for (int i = 0; readable(0); i++) {
		assert_in_range(i, 0, 2);
		assert_int_equal(sva_accel_exec_dispatch(exec), 0);
	}
}

static void call(struct sva_accel_desc desc, uintptr_t arg)
{
	assert_int_equal(sva_accel_exec_call(exec, &desc, PATIENCE_MS, note, (void *)arg), 0);
}

static void functions_are_called_in_order_and_once(void **state)
{
	struct sva_accel_desc bad = nop(), crc;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	bad.reserved1 = 1;
	sva_accel_prep_crc32c(&crc, "123456789", 0, 9, NULL);
	call(crc, 1);			/* before there is an fd */
	while (fake_accel_completed() < 1)
		sched_yield();
	assert_int_equal(seen.calls, 0);
	call(bad, 2);
	call(nop(), 3);
	loop(3);
	assert_int_equal(seen.calls, 3);
	assert_int_equal(seen.results, 0xe3069283);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(seen.order[i], i + 1);
		assert_int_equal(seen.errors[i], i == 1 ? -EINVAL : 0);
	}
	assert_int_equal(sva_accel_exec_dispatch(exec), 0);
}

static void chain(void *arg, int error, const struct sva_accel_completion *completion)
{
	struct sva_accel_desc desc = nop();

	(void)completion;
	assert_int_equal(error, 0);
	if (++*(int *)arg < 500)
		assert_int_equal(sva_accel_exec_call(exec, &desc, 0, chain, arg), 0);
}

/* Even with room for one: it is free when the function is called */
static void a_function_may_submit_the_next_job(void **state)
{
	struct sva_accel_desc desc = nop();
	int steps = 0;

	(void)state;
	sva_accel_exec_close(exec, PATIENCE_MS);
	assert_int_equal(sva_accel_exec_open(accel, 1, &exec), 0);
	assert_int_equal(sva_accel_exec_call(exec, &desc, 0, chain, &steps), 0);
	while (steps < 500) {
		assert_true(readable(PATIENCE_MS));
		assert_in_range(sva_accel_exec_dispatch(exec), 0, 1);	/* not for ever */
	}
}

static void submit_too_late(void *arg, int error, const struct sva_accel_completion *completion)
{
	struct sva_accel_desc desc = nop();

	(void)completion;
	assert_int_equal(error, 0);
	*(int *)arg = sva_accel_exec_call(exec, &desc, -1, submit_too_late, arg);
}

static void close_calls_what_is_left_to_call(void **state)
{
	struct sva_accel_desc desc = nop();
	int late = 0;

	(void)state;
	assert_int_equal(sva_accel_exec_call(exec, &desc, -1, submit_too_late, &late), 0);
	memset(&seen, 0, sizeof(seen));
	call(nop(), 1);
	call(nop(), 2);
	assert_int_equal(sva_accel_exec_close(exec, PATIENCE_MS), 0);
	assert_int_equal(seen.calls, 2);
	assert_int_equal(late, -EINVAL);
	assert_int_equal(sva_accel_exec_open(accel, 0, &exec), 0);
}

#define WAITERS 3
#define ROUNDS 2000

static void *submit_and_wait(void *arg)
{
	struct sva_accel_completion done;
	struct sva_accel_desc desc;
	uint64_t word = 0, job;

	for (uint64_t i = 1; i <= ROUNDS; i++) {
		sva_accel_prep_fill(&desc, &word, i, sizeof(word), NULL);
		if (sva_accel_exec_submit(exec, &desc, PATIENCE_MS, &job) ||
		    sva_accel_exec_wait(exec, job, PATIENCE_MS, &done) || word != i)
			return arg;
	}
	return NULL;
}

static void count(void *arg, int error, const struct sva_accel_completion *completion)
{
	(void)completion;
	*(int *)arg += error ? ROUNDS : 1;
}

/* A waiter takes the interrupt that the loop would have woken by, and the other way round */
static void threads_wait_beside_a_loop_and_nobody_misses_anything(void **state)
{
	struct sva_accel_desc desc = nop();
	pthread_t threads[WAITERS];
	int calls = 0;
	void *failed;

	(void)state;
	readable(0);
	for (int i = 0; i < WAITERS; i++)
		pthread_create(&threads[i], NULL, submit_and_wait, &calls);
	for (int i = 0; i < ROUNDS; i++) {
		assert_int_equal(sva_accel_exec_call(exec, &desc, PATIENCE_MS, count, &calls), 0);
		while (calls < i) {
			assert_true(readable(PATIENCE_MS));
			assert_true(sva_accel_exec_dispatch(exec) >= 0);
		}
	}
	while (calls < ROUNDS) {
		assert_true(readable(PATIENCE_MS));
		assert_true(sva_accel_exec_dispatch(exec) >= 0);
	}
	assert_int_equal(calls, ROUNDS);
	for (int i = 0; i < WAITERS; i++) {
		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
}

/* A dispatch that took the sleeper's interrupt would leave it asleep for ever here */
static void a_loop_takes_no_interrupt_from_a_sleeper(void **state)
{
	struct sva_accel_desc desc = nop();
	pthread_t thread;
	void *result;
	uint64_t job;

	(void)state;
	readable(0);
	alarm(60);
	fake_accel_endless_naps(true);
	for (int round = 0; round < 300; round++) {
		unsigned int before = fake_accel_naps();
		int calls = 0;

		fake_accel_pause(true);
		job = submit(desc);
		assert_int_equal(sva_accel_exec_call(exec, &desc, 0, count, &calls), 0);
		pthread_create(&thread, NULL, wait_for, &job);
		while (fake_accel_naps() == before)
			sched_yield();
		fake_accel_pause(false);
		while (!calls)
			assert_true(sva_accel_exec_dispatch(exec) >= 0);
		sva_accel_exec_dispatch(exec);
		pthread_join(thread, &result);
		assert_null(result);
	}
	fake_accel_endless_naps(false);
	alarm(0);
}

/* The other way round: the call's interrupt comes first, and the sleeper takes both */
static void a_sleeper_hands_interrupts_on_to_the_loop(void **state)
{
	struct sva_accel_desc desc = nop();
	pthread_t thread;
	void *result;
	uint64_t job;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	loop(0);
	for (int round = 0; round < 8; round++) {
		unsigned int before = fake_accel_naps();

		fake_accel_pause(true);
		call(desc, 1);
		job = submit(desc);
		pthread_create(&thread, NULL, wait_for, &job);
		while (fake_accel_naps() == before)
			sched_yield();
		fake_accel_pause(false);
		pthread_join(thread, &result);
		assert_null(result);
		assert_true(readable(PATIENCE_MS / 10));
		loop(round + 1);
	}
}

/* Each of the fds that it needs may be one too many */
static void without_fds_there_is_no_fd_and_nothing_else_is_lost(void **state)
{
	struct rlimit before, few;
	int fd = dup(0), got = -1;

	(void)state;
	close(fd);
	getrlimit(RLIMIT_NOFILE, &before);
	few = before;
	for (few.rlim_cur = (rlim_t)fd; got < 0; few.rlim_cur++) {
		setrlimit(RLIMIT_NOFILE, &few);
		got = sva_accel_exec_fd(exec);
		if (got < 0) {
			assert_int_equal(got, -EMFILE);
			expect_reason(SVA_REASON_NO_FD);
		}
	}
	setrlimit(RLIMIT_NOFILE, &before);
	assert_in_range(few.rlim_cur - (rlim_t)fd, 2, 8);
	memset(&seen, 0, sizeof(seen));
	call(nop(), 1);
	loop(1);
}

/* ------------------------------------------------------------ the end (R6) */

static void the_end_of_the_queue_reaches_everybody(void **state)
{
	struct sva_accel_desc desc = nop();
	uint64_t job;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	fake_accel_pause(true);
	job = submit(desc);
	call(desc, 1);
	call(desc, 2);
	while (readable(0))
		assert_int_equal(sva_accel_exec_dispatch(exec), 0);
	fake_accel_hang_up();		/* its end has begun, and the device has not stopped */
	assert_true(readable(PATIENCE_MS));
	assert_int_equal(sva_accel_exec_dispatch(exec), 0);
	fake_accel_end(SVA_ACCEL_QUEUE_STOPPED, SVA_REASON_CONTEXT_REVOKED);
	loop(2);
	assert_int_equal(seen.errors[0], -EPERM);
	assert_int_equal(seen.errors[1], -EPERM);
	assert_int_equal(sva_accel_exec_wait(exec, job, PATIENCE_MS, NULL), -EPERM);
	expect_reason(SVA_REASON_CONTEXT_REVOKED);
	assert_int_equal(sva_accel_exec_submit(exec, &desc, -1, &job), -EPERM);
	/* also when what it submitted in vain has used up its room */
	for (int i = 0; i < 2 * FAKE_ACCEL_ENTRIES; i++)
		assert_int_equal(sva_accel_exec_call(exec, &desc, -(i % 2), note, NULL), -EPERM);
	expect_reason(SVA_REASON_CONTEXT_REVOKED);
	assert_int_equal(seen.calls, 2);
}

static void *end_soon(void *arg)
{
	(void)arg;
	usleep(20000);
	fake_accel_end(SVA_ACCEL_QUEUE_GONE, 0);
	return NULL;
}

/* Nobody takes the results, so that only the end can wake it */
static void who_waits_for_room_is_told_of_the_end(void **state)
{
	struct sva_accel_desc desc = nop();
	pthread_t thread;
	uint64_t job;

	(void)state;
	fake_accel_pause(true);
	for (int i = 0; i < 4; i++)
		submit(desc);
	pthread_create(&thread, NULL, end_soon, NULL);
	assert_int_equal(sva_accel_exec_submit(exec, &desc, -1, &job), -ENODEV);
	expect_reason(SVA_REASON_DEVICE_GONE);
	pthread_join(thread, NULL);
}

/* R9: in a child nothing is touched, and its copy can be thrown away */
static int in_child(void)
{
	struct sva_accel_desc desc = nop();
	struct sva_accel_exec *own;
	uint64_t job = 1;

	if (sva_accel_exec_submit(exec, &desc, -1, &job) != -EPERM ||
	    sva_accel_exec_submit_many(exec, &desc, 1, -1, &job) != -EPERM ||
	    sva_accel_exec_call(exec, &desc, -1, note, NULL) != -EPERM ||
	    sva_accel_exec_wait(exec, job, -1, NULL) != -EPERM ||
	    sva_accel_exec_wait_all(exec, &job, 1, -1) != -EPERM ||
	    sva_accel_exec_poll(exec, job) != -EPERM || sva_accel_exec_fd(exec) != -EPERM ||
	    sva_accel_exec_dispatch(exec) != -EPERM ||
	    sva_accel_exec_open(accel, 0, &own) != -EPERM ||
	    sva_context_reason(ctx) != SVA_REASON_FORKED || !sva_context_forked(ctx))
		return 1;
	if (sva_accel_exec_close(exec, -1) || seen.calls)
		return 2;
	sva_accel_close(accel);
	return sva_unbind(ctx, SVA_RELEASE_CLEAN) ? 3 : 0;
}

static void a_child_is_told_and_touches_nothing(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	memset(&seen, 0, sizeof(seen));
	readable(0);		/* so that there are fds to inherit */
	fake_accel_pause(true);
	call(nop(), 1);
	pid = fork();
	if (!pid)
		_exit(in_child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(sva_context_forked(ctx), 0);
	fake_accel_pause(false);
	loop(1);
	assert_int_equal(seen.errors[0], 0);
}

static void the_executors_errno_is_left_alone(void **state)
{
	struct sva_accel_desc desc = nop();
	uint64_t job;

	(void)state;
	errno = 77;
	fake_accel_pause(true);
	sva_accel_exec_submit(exec, &desc, 0, &job);
	sva_accel_exec_wait(exec, job, 1, NULL);
	sva_accel_exec_wait(exec, 12345, 1, NULL);
	sva_accel_exec_fd(exec);
	sva_accel_exec_dispatch(exec);
	fake_accel_pause(false);
	sva_accel_exec_wait_all(exec, &job, 1, PATIENCE_MS);
	sva_accel_exec_close(exec, PATIENCE_MS);
	sva_accel_exec_open(accel, 0, &exec);
	assert_int_equal(errno, 77);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
#define TEST_SMALL(name) cmocka_unit_test_setup_teardown(name, start_small, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_result_is_taken_once),
		TEST(many_jobs_go_with_one_call_and_more_than_the_ring_holds),
		TEST(a_failed_job_says_what_and_where),
		TEST(what_is_wrong_with_a_call_is_said),
		TEST_SMALL(there_are_no_more_jobs_than_were_asked_for),
		TEST(a_wait_whose_time_is_up_can_go_on),
		TEST(close_waits_for_jobs_that_nobody_waits_for),
		TEST(all_are_waited_for_when_one_has_failed),
		TEST(abort_reaches_the_jobs),
		TEST(of_two_that_wait_for_a_job_one_gets_it),
		TEST(functions_are_called_in_order_and_once),
		TEST(a_function_may_submit_the_next_job),
		TEST(close_calls_what_is_left_to_call),
		TEST_SMALL(threads_wait_beside_a_loop_and_nobody_misses_anything),
		TEST(a_loop_takes_no_interrupt_from_a_sleeper),
		TEST(a_sleeper_hands_interrupts_on_to_the_loop),
		TEST(without_fds_there_is_no_fd_and_nothing_else_is_lost),
		TEST(the_end_of_the_queue_reaches_everybody),
		TEST_SMALL(who_waits_for_room_is_told_of_the_end),
		TEST(a_child_is_told_and_touches_nothing),
		TEST(the_executors_errno_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
