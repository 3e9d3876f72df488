// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_threads.c - every call from many threads at once, over a fake svad and a fake
 * accelerator that carries jobs out; made for ThreadSanitizer
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "accel_svad.h"
#include "fake_accel.h"
#include "sva-accel.h"
#include "sva-admin.h"

#define THREADS 4
#define PATIENCE_MS 60000

static struct fake_svad svad;

static int start(void **state)
{
	(void)state;
	accel_svad_start(&svad);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_svad_stop(&svad);
	return 0;
}

/* Runs @body in THREADS threads; each returns the line of what was not so, or 0 */
static void in_threads(void *(*body)(void *), void *arg)
{
	pthread_t threads[THREADS];
	void *line;

	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, body, arg), 0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &line);
		if (line)
			fail_msg("line %d", (int)(intptr_t)line);
	}
}

#define INSIST(condition)					\
	do {							\
		if (!(condition))				\
			return (void *)(intptr_t)__LINE__;	\
	} while (0)

/* ------------------------------------------------- a context for each thread */

static void *bind_compute_unbind(void *arg)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_desc desc;
	struct sva_context *ctx;
	struct sva_accel *accel;
	char from[100], to[100];

	(void)arg;
	memset(from, 'x', sizeof(from));
	for (int i = 0; i < 20; i++) {
		INSIST(sva_bind(NULL, 0, &ctx) == 0);
		INSIST(sva_accel_open(ctx, &accel) == 0);
		memset(to, 0, sizeof(to));
		sva_accel_prep_memmove(&desc, to, from, sizeof(to), &done);
		INSIST(sva_accel_submit(accel, &desc) == 0);
		INSIST(sva_accel_wait(accel, &done, PATIENCE_MS) == 0);
		INSIST(sva_accel_error(&done) == 0 && !memcmp(from, to, sizeof(to)));
		sva_accel_close(accel);
		INSIST(sva_unbind(ctx, SVA_RELEASE_CLEAN) == SVA_RELEASE_CLEAN);
	}
	return NULL;
}

static void threads_bind_contexts_of_their_own(void **state)
{
	(void)state;
	in_threads(bind_compute_unbind, NULL);
}

static void *ask_svad(void *arg)
{
	struct sva_bind_args args = { .size = sizeof(args), .device = "fake0" };
	struct sva_device *devices;
	uint32_t reason;
	size_t count;
	int fd;

	(void)arg;
	for (int i = 0; i < 20; i++) {
		INSIST(sva_list_devices(&devices, &count) == 0 && count == 1);
		free(devices);
		INSIST(sva_probe("fake0", &reason) == 0 && !reason);
		INSIST(sva_probe("none", &reason) < 0 && reason == SVA_REASON_NO_SUCH_DEVICE);
		INSIST(sva_context_reason(NULL) == SVA_REASON_NO_SUCH_DEVICE);
		INSIST(sva_reserve(&args, &fd) == 0);
		close(fd);
		INSIST(strlen(sva_strreason(reason)) > strlen(sva_reason_name(reason)));
	}
	return NULL;
}

static void threads_ask_svad_at_once(void **state)
{
	(void)state;
	in_threads(ask_svad, NULL);
}

/* --------------------------------------------------- one context for all */

struct shared {
	struct sva_context *ctx;
	struct sva_accel *accel;
	struct sva_accel_exec *exec;
};

static void shared_open(struct shared *shared)
{
	assert_int_equal(sva_bind("fake0", 0, &shared->ctx), 0);
	assert_int_equal(sva_accel_open(shared->ctx, &shared->accel), 0);
	assert_int_equal(sva_accel_exec_open(shared->accel, 8, &shared->exec), 0);
}

static void shared_close(struct shared *shared)
{
	assert_int_equal(sva_accel_exec_close(shared->exec, PATIENCE_MS), 0);
	sva_accel_close(shared->accel);
	assert_int_equal(sva_unbind(shared->ctx, SVA_RELEASE_CLEAN), SVA_RELEASE_CLEAN);
}

static void *use_context(void *arg)
{
	struct shared *shared = arg;
	struct sva_context_info info;
	struct sva_event event;
	char page[64];
	void *addr;

	for (int i = 0; i < 50; i++) {
		INSIST(sva_context_info(shared->ctx, &info) == 0);
		INSIST(info.pasid == sva_context_pasid(shared->ctx));
		INSIST(sva_map_region(shared->ctx, (unsigned int)i % 3, &addr, NULL) == 0);
		INSIST(sva_map_region(shared->ctx, 77, &addr, NULL) < 0);
		INSIST(sva_context_reason(shared->ctx) == SVA_REASON_NO_SUCH_REGION);
		INSIST(sva_next_event(shared->ctx, &event, 0) == 0);
		INSIST(sva_prefault(shared->ctx, page, sizeof(page), PROT_WRITE) == 0);
		INSIST(sva_pin(shared->ctx, page, sizeof(page), PROT_READ) == 0);
		INSIST(sva_unpin(shared->ctx, page, sizeof(page)) == 0);
		INSIST(sva_context_fd(shared->ctx) >= 0 && !sva_context_forked(shared->ctx));
	}
	return NULL;
}

static void threads_use_one_context(void **state)
{
	struct shared shared;

	(void)state;
	shared_open(&shared);
	in_threads(use_context, &shared);
	assert_int_equal(fake_accel_pins(), 2 * 50 * THREADS);
	shared_close(&shared);
}

/* A record of the thread's own, in a batch, with and without waiting for room */
static void *use_accelerator(void *arg)
{
	struct shared *shared = arg;
	struct sva_accel_completion done[4] SVA_ACCEL_ALIGNED;
	struct sva_accel_status status;
	struct sva_accel_desc descs[4];
	uint64_t words[4];

	for (uint64_t round = 1; round <= 300; round++) {
		for (int i = 0; i < 4; i++)
			sva_accel_prep_fill(&descs[i], &words[i], round + (uint64_t)i, 8, &done[i]);
		INSIST(sva_accel_submit_wait(shared->accel, descs, 4, PATIENCE_MS) == 4);
		for (int i = 3; i >= 0; i--)
			INSIST(sva_accel_wait(shared->accel, &done[i], PATIENCE_MS) == 0);
		for (int i = 0; i < 4; i++)
			INSIST(!sva_accel_error(&done[i]) && words[i] == round + (uint64_t)i);
		INSIST(sva_accel_status(shared->accel, &status) == 0 && status.entries);
	}
	return NULL;
}

static void threads_use_one_accelerator(void **state)
{
	struct shared shared;

	(void)state;
	shared_open(&shared);
	in_threads(use_accelerator, &shared);
	shared_close(&shared);
}

static void add(void *arg, int error, const struct sva_accel_completion *completion)
{
	(void)completion;
	__atomic_add_fetch((unsigned int *)arg, error ? 1000000 : 1, __ATOMIC_RELAXED);
}

/* A job of any thread, which may have been collected meanwhile */
static uint64_t latest;

static bool poll_another(struct shared *shared, uint64_t mine)
{
	uint64_t other = __atomic_exchange_n(&latest, mine, __ATOMIC_RELAXED);
	int ret = other ? sva_accel_exec_poll(shared->exec, other) : 0;

	return ret == 0 || ret == 1 || ret == -ENOENT;
}

/* Two jobs overlap, and a third is called back about, by whoever dispatches */
static void *use_executor(void *arg)
{
	struct shared *shared = arg;
	struct sva_accel_completion done;
	struct sva_accel_desc descs[2], desc;
	unsigned int calls = 0;
	uint64_t words[2], jobs[2];

	for (uint64_t round = 1; round <= 300; round++) {
		sva_accel_prep_fill(&descs[0], &words[0], round, 8, NULL);
		sva_accel_prep_fill(&descs[1], &words[1], ~round, 8, NULL);
		INSIST(sva_accel_exec_submit_many(shared->exec, descs, 2, PATIENCE_MS, jobs) == 2);
		INSIST(sva_accel_exec_poll(shared->exec, jobs[0]) >= 0);
		INSIST(poll_another(shared, jobs[1]));
		INSIST(sva_accel_exec_wait(shared->exec, jobs[1], PATIENCE_MS, &done) == 0);
		INSIST(done.status == SVA_ACCEL_SUCCESS && words[1] == ~round);
		INSIST(sva_accel_exec_wait_all(shared->exec, jobs, 1, PATIENCE_MS) == 0);
		INSIST(words[0] == round);
		sva_accel_prep_nop(&desc, NULL);
		INSIST(sva_accel_exec_call(shared->exec, &desc, PATIENCE_MS, add, &calls) == 0);
		while (__atomic_load_n(&calls, __ATOMIC_RELAXED) < round)
			INSIST(sva_accel_exec_dispatch(shared->exec) >= 0);
	}
	return __atomic_load_n(&calls, __ATOMIC_RELAXED) == 300 ? NULL :
	       (void *)(intptr_t)__LINE__;
}

static void threads_use_one_executor(void **state)
{
	struct shared shared;

	(void)state;
	shared_open(&shared);
	assert_true(sva_accel_exec_fd(shared.exec) >= 0);
	in_threads(use_executor, &shared);
	shared_close(&shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_bind_contexts_of_their_own),
		cmocka_unit_test(threads_ask_svad_at_once),
		cmocka_unit_test(threads_use_one_context),
		cmocka_unit_test(threads_use_one_accelerator),
		cmocka_unit_test(threads_use_one_executor),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
