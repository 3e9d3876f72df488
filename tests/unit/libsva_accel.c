// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_accel.c - the user driver of the reference accelerator, over a fake
 * kernel and with a thread of the test as device
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "deadline.h"
#include "libsva_fake_kernel.h"
#include "sva-accel.h"

static struct fake_regions device;
static struct sva_context *ctx;
static struct sva_accel *accel;
static struct sva_accel_completion done SVA_ACCEL_ALIGNED;

/* pwrite() of the doorbell: how often, and what the last one wrote */
static int wakes;
static int wake_error;

ssize_t __real_pwrite64(int fd, const void *buffer, size_t size, off_t where);
ssize_t __wrap_pwrite64(int fd, const void *buffer, size_t size, off_t where);

ssize_t __wrap_pwrite64(int fd, const void *buffer, size_t size, off_t where)
{
	__atomic_add_fetch(&wakes, 1, __ATOMIC_RELAXED);
	assert_int_equal(size, sizeof(uint32_t));
	assert_int_equal(where, sysconf(_SC_PAGESIZE));	/* the doorbell region's tail */
	if (wake_error) {
		errno = wake_error;
		return -1;
	}
	return __real_pwrite64(fd, buffer, size, where);
}

static bool naps_are_endless;
static int naps;	/* begun */

int __real_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
		 const sigset_t *mask);
int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
		 const sigset_t *mask);

int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
		 const sigset_t *mask)
{
	__atomic_add_fetch(&naps, 1, __ATOMIC_RELEASE);
	return __real_ppoll(fds, count, naps_are_endless ? NULL : time, mask);
}

int __real_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
				  const struct timespec *until);
int __wrap_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
				  const struct timespec *until);

int __wrap_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex, clockid_t clock,
				  const struct timespec *until)
{
	__atomic_add_fetch(&naps, 1, __ATOMIC_RELEASE);
	if (naps_are_endless)
		return pthread_cond_wait(cond, mutex);
	return __real_pthread_cond_clockwait(cond, mutex, clock, until);
}

static int start(void **state)
{
	struct sva_bind_args args = { .size = sizeof(args), .use_fd = 1 };

	(void)state;
	fake_kernel_regions();
	fake_regions_map(&device);
	args.fd = dup(fake_kernel.fd);
	if (sva_bind_with(&args, &ctx) || sva_accel_open(ctx, &accel))
		return -1;
	wakes = 0;
	wake_error = 0;
	memset(&done, 0, sizeof(done));
	return 0;
}

static int stop(void **state)
{
	(void)state;
	sva_accel_close(accel);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	fake_regions_unmap(&device);
	fake_kernel_end();
	return 0;
}

static void complete(struct sva_accel_completion *completion, uint32_t status)
{
	__atomic_store_n(&completion->status, status, __ATOMIC_RELEASE);
}

static void queue_state(uint32_t state)
{
	__atomic_store_n(&device.status->state, state, __ATOMIC_RELEASE);
}

static void interrupt(void)
{
	eventfd_write(fake_kernel.eventfd, 1);
}

/* ---------------------------------------------------------------- submit */

static void a_job_goes_into_the_ring_and_the_doorbell_is_rung(void **state)
{
	struct sva_accel_desc job;
	char a[8], b[8];

	(void)state;
	sva_accel_prep_memmove(&job, a, b, sizeof(a), &done);
	assert_int_equal(sva_accel_submit(accel, &job), 0);
	assert_int_equal(device.doorbell->tail, 1);
	assert_memory_equal(&device.ring[0], &job, sizeof(job));
	assert_int_equal(wakes, 0);
}

static void a_sleeping_device_is_woken_by_pwrite(void **state)
{
	struct sva_accel_desc job;

	(void)state;
	sva_accel_prep_nop(&job, &done);
	device.status->flags = SVA_ACCEL_STATUS_NEED_DOORBELL;
	assert_int_equal(sva_accel_submit(accel, &job), 0);
	assert_int_equal(wakes, 1);
	assert_int_equal(device.doorbell->tail, 1);
	device.status->flags = 0;
	assert_int_equal(sva_accel_submit(accel, &job), 0);
	assert_int_equal(wakes, 1);
}

static void a_wake_that_the_kernel_refuses_says_why(void **state)
{
	struct sva_accel_desc job;

	(void)state;
	sva_accel_prep_nop(&job, &done);
	device.status->flags = SVA_ACCEL_STATUS_NEED_DOORBELL;
	wake_error = EPERM;
	fake_kernel.last_reason = SVA_REASON_CONTEXT_REVOKED;
	assert_int_equal(sva_accel_submit(accel, &job), -EPERM);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_CONTEXT_REVOKED);
}

static void a_full_ring_is_said_and_waited_for(void **state)
{
	struct sva_accel_desc jobs[FAKE_ENTRIES + 2];

	(void)state;
	for (int i = 0; i < FAKE_ENTRIES + 2; i++)
		sva_accel_prep_nop(&jobs[i], NULL);
	assert_int_equal(sva_accel_submit_many(accel, jobs, FAKE_ENTRIES + 2), FAKE_ENTRIES);
	assert_int_equal(sva_accel_submit(accel, jobs), -EAGAIN);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_RING_FULL);
	assert_int_equal(sva_accel_submit_many(accel, jobs, 2), -EAGAIN);
	assert_int_equal(sva_accel_submit_wait(accel, jobs, 1, 5), -ETIMEDOUT);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_TIMEOUT);
	device.status->head = 1;
	assert_int_equal(sva_accel_submit_wait(accel, jobs, 2, 5), 1);
	assert_int_equal(sva_accel_submit_many(accel, jobs, 0), -EINVAL);
	assert_int_equal(sva_accel_submit_many(accel, NULL, 1), -EINVAL);
}

/* Plays the device until it has seen @arg jobs, which say 0, 1, 2... */
static void *consume(void *arg)
{
	uint64_t count = (uintptr_t)arg;
	uint32_t head = 0;

	while (head < count) {
		uint32_t tail = __atomic_load_n(&device.doorbell->tail, __ATOMIC_ACQUIRE);

		for (; head != tail; head++) {
			if (device.ring[head % FAKE_ENTRIES].arg1 != 1)
				return (void *)1;
			device.ring[head % FAKE_ENTRIES].arg1 = 0;
			__atomic_store_n(&device.status->head, head + 1, __ATOMIC_RELEASE);
		}
		sched_yield();
	}
	return NULL;
}

#define THREADS 4
#define JOBS 2000

static void *produce(void *arg)
{
	struct sva_accel_desc jobs[3] = { 0 };

	(void)arg;
	for (int i = 0; i < 3; i++)
		jobs[i].arg1 = 1;
	for (int i = 0; i < JOBS; i++) {
		if (sva_accel_submit_wait(accel, jobs, 1 + i % 3, 60000) != 1 + i % 3)
			return (void *)1;
	}
	return NULL;
}

static void threads_that_submit_at_once_lose_and_repeat_nothing(void **state)
{
	pthread_t consumer, producers[THREADS];
	uintptr_t jobs = 0;
	void *failed;

	(void)state;
	for (int i = 0; i < JOBS; i++)
		jobs += THREADS * (1 + (uintptr_t)i % 3);
	pthread_create(&consumer, NULL, consume, (void *)jobs);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&producers[i], NULL, produce, NULL);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(producers[i], &failed);
		assert_null(failed);
	}
	pthread_join(consumer, &failed);
	assert_null(failed);
	assert_int_equal(device.doorbell->tail, jobs);
}

/* ------------------------------------------------------------------ wait */

static void a_completed_job_is_not_waited_for(void **state)
{
	(void)state;
	assert_int_equal(sva_accel_poll(&done), 0);
	assert_int_equal(sva_accel_wait(accel, &done, 0), -ETIMEDOUT);
	assert_int_equal(sva_accel_error(&done), -EINPROGRESS);
	complete(&done, SVA_ACCEL_PAGE_FAULT);
	queue_state(SVA_ACCEL_QUEUE_GONE);	/* it completed before */
	assert_int_equal(sva_accel_poll(&done), 1);
	assert_int_equal(sva_accel_wait(accel, &done, 0), 0);
	assert_int_equal(sva_accel_error(&done), -EFAULT);
}

static void a_wait_ends_with_its_time(void **state)
{
	int64_t start_ns = clock_ns();

	(void)state;
	assert_int_equal(sva_accel_wait(accel, &done, 20), -ETIMEDOUT);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_TIMEOUT);
	assert_true(clock_ns() - start_ns >= 20000000);
}

/* What a device thread does once somebody sleeps */
static void *complete_and_interrupt(void *arg)
{
	while (__atomic_load_n(&fake_kernel.irq_sets, __ATOMIC_ACQUIRE) == 0)
		sched_yield();
	complete(&done, SVA_ACCEL_SUCCESS);
	if (arg)
		interrupt();
	return NULL;
}

static int wait_for_device(void *(*play)(void *), void *arg)
{
	pthread_t thread;
	int ret;

	pthread_create(&thread, NULL, play, arg);
	ret = sva_accel_wait(accel, &done, 60000);
	pthread_join(thread, NULL);
	return ret;
}

static void an_interrupt_wakes_the_sleeper(void **state)
{
	(void)state;
	assert_int_equal(wait_for_device(complete_and_interrupt, accel), 0);
	assert_int_equal(fake_kernel.irq_sets, 1);
}

static void a_job_without_an_interrupt_is_noticed_too(void **state)
{
	(void)state;
	assert_int_equal(wait_for_device(complete_and_interrupt, NULL), 0);
}

/* @arg: the state that the queue gets to once somebody sleeps */
static void *end_queue(void *arg)
{
	while (__atomic_load_n(&fake_kernel.irq_sets, __ATOMIC_ACQUIRE) == 0)
		sched_yield();
	queue_state((uint32_t)(uintptr_t)arg);
	return NULL;
}

/* R6: a process that waits is told */
static void a_queue_that_ends_ends_the_wait(void **state)
{
	static const struct {
		uintptr_t state;
		uint32_t end_reason;
		int error;
		uint32_t reason;
	} cases[] = {
		{ SVA_ACCEL_QUEUE_ERROR, 0, -EIO, SVA_REASON_QUEUE_ERROR },
		{ SVA_ACCEL_QUEUE_GONE, 0, -ENODEV, SVA_REASON_DEVICE_GONE },
		{ SVA_ACCEL_QUEUE_STOPPED, 0, -EPERM, SVA_REASON_CONTEXT_ENDED },
		{ SVA_ACCEL_QUEUE_STOPPED, SVA_REASON_CONTEXT_REVOKED, -EPERM,
		  SVA_REASON_CONTEXT_REVOKED },
	};
	struct sva_accel_desc job;

	(void)state;
	sva_accel_prep_nop(&job, NULL);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_kernel.end_reason = cases[i].end_reason;
		queue_state(SVA_ACCEL_QUEUE_RUNNING);
		assert_int_equal(wait_for_device(end_queue, (void *)cases[i].state),
				 cases[i].error);
		assert_int_equal(sva_context_reason(ctx), cases[i].reason);
		assert_int_equal(sva_accel_submit(accel, &job), cases[i].error);
		assert_int_equal(sva_accel_abort(accel), cases[i].error);
		assert_int_equal(sva_context_reason(ctx), cases[i].reason);
	}
	assert_int_equal(device.doorbell->tail, 0);
}

static void what_the_kernel_says_of_a_stopped_queue_comes_through(void **state)
{
	(void)state;
	queue_state(SVA_ACCEL_QUEUE_STOPPED);
	fake_kernel.error = -ENODEV;
	fake_kernel.reason = SVA_REASON_DEVICE_GONE;
	assert_int_equal(sva_accel_wait(accel, &done, -1), -ENODEV);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_DEVICE_GONE);
}

struct waiter {
	pthread_t thread;
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
};

static void *wait_for_own(void *arg)
{
	struct waiter *waiter = arg;

	return (void *)(intptr_t)sva_accel_wait(accel, &waiter->done, 60000);
}

/*
 * One interrupt for several completions, and completions while none, some or all
 * threads sleep or are about to.  Naps do not end by themselves here, so that a
 * lost wake-up hangs until the alarm.
 */
static void no_waiter_misses_its_interrupt(void **state)
{
	static struct waiter waiters[THREADS];
	void *ret;

	(void)state;
	naps_are_endless = true;
	alarm(120);
	for (int round = 0; round < 1000; round++) {
		int before = __atomic_load_n(&naps, __ATOMIC_ACQUIRE);

		for (int i = 0; i < THREADS; i++) {
			complete(&waiters[i].done, SVA_ACCEL_PENDING);
			pthread_create(&waiters[i].thread, NULL, wait_for_own, &waiters[i]);
		}
		while (__atomic_load_n(&fake_kernel.irq_sets, __ATOMIC_ACQUIRE) == 0 ||
		       __atomic_load_n(&naps, __ATOMIC_ACQUIRE) < before + round % (THREADS + 1))
			sched_yield();
		for (int i = 0; i < THREADS; i++) {
			complete(&waiters[(i + round) % THREADS].done, SVA_ACCEL_SUCCESS);
			if (i % 2)
				interrupt();
		}
		for (int i = 0; i < THREADS; i++) {
			pthread_join(waiters[i].thread, &ret);
			assert_null(ret);
		}
	}
	alarm(0);
	naps_are_endless = false;
	assert_int_equal(fake_kernel.irq_sets, 1);
}

static void without_an_eventfd_a_wait_still_ends(void **state)
{
	pthread_t thread;

	(void)state;
	fake_kernel.irq_sets = 1;
	fake_kernel.error = -ENODEV;		/* SET_IRQS fails */
	fake_kernel.reason = SVA_REASON_NO_SUCH_IRQ;
	pthread_create(&thread, NULL, complete_and_interrupt, NULL);
	assert_int_equal(sva_accel_wait(accel, &done, 60000), 0);
	pthread_join(thread, NULL);
	fake_kernel.error = 0;
}

/* ---------------------------------------------------------- everything else */

static void one_driver_drives_a_context(void **state)
{
	struct sva_accel *second = NULL;
	struct sva_accel_desc job;

	(void)state;
	assert_int_equal(sva_accel_open(ctx, &second), -EBUSY);
	assert_null(second);
	sva_accel_prep_nop(&job, NULL);
	assert_int_equal(sva_accel_submit(accel, &job), 0);
	device.status->head = 1;
	sva_accel_close(accel);
	assert_int_equal(sva_accel_open(ctx, &accel), 0);
	assert_int_equal(sva_accel_submit(accel, &job), 0);
	assert_int_equal(device.doorbell->tail, 2);	/* it goes on where it was */
}

static void a_context_of_another_device_is_refused(void **state)
{
	(void)state;
	sva_accel_close(accel);
	accel = NULL;
	device.status->entries = 3;
	assert_int_equal(sva_accel_open(ctx, &accel), -EPROTO);
	assert_null(accel);
	fake_kernel.no_mmap = SVA_ACCEL_REGION_RING;
	device.status->entries = FAKE_ENTRIES;
	assert_int_equal(sva_accel_open(ctx, &accel), 0);	/* mapped before */
}

static void abort_covers_what_was_submitted(void **state)
{
	struct sva_accel_desc job;

	(void)state;
	sva_accel_prep_nop(&job, NULL);
	sva_accel_submit(accel, &job);
	sva_accel_submit(accel, &job);
	assert_int_equal(sva_accel_abort(accel), 0);
	assert_int_equal(device.doorbell->abort, 2);
}

static void the_status_is_a_snapshot(void **state)
{
	struct sva_accel_status status;

	(void)state;
	device.status->faults = 11;
	device.status->fault_ns = 12;
	device.status->page_requests = 13;
	device.status->throttled = 14;
	queue_state(SVA_ACCEL_QUEUE_GONE);
	assert_int_equal(sva_accel_status(accel, &status), 0);
	assert_int_equal(status.state, SVA_ACCEL_QUEUE_GONE);
	assert_int_equal(status.entries, FAKE_ENTRIES);
	assert_int_equal(status.faults, 11);
	assert_int_equal(status.fault_ns, 12);
	assert_int_equal(status.page_requests, 13);
	assert_int_equal(status.throttled, 14);

	memset(&status, 0xee, sizeof(status));
	assert_int_equal(sva_accel_status_sized(accel, &status,
						offsetof(struct sva_accel_status, throttled)), 0);
	assert_int_equal(status.page_requests, 13);
	assert_int_equal(status.throttled, 0xeeeeeeeeeeeeeeeeull);
}

/* R9: the regions are not there in a child, so nothing may be touched */
static void a_child_is_told_and_touches_nothing(void **state)
{
	struct sva_accel_status status;
	struct sva_accel_desc job;
	struct sva_accel *second;
	size_t size;
	void *page;
	int result;
	pid_t pid;

	(void)state;
	sva_accel_prep_nop(&job, &done);
	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		assert_int_equal(sva_map_region(ctx, i, &page, &size), 0);
		assert_int_equal(madvise(page, size, MADV_DONTFORK), 0);
	}
	pid = fork();
	if (!pid) {
		if (sva_accel_submit(accel, &job) != -EPERM ||
		    sva_accel_submit_many(accel, &job, 1) != -EPERM ||
		    sva_accel_submit_wait(accel, &job, 1, -1) != -EPERM ||
		    sva_accel_wait(accel, &done, -1) != -EPERM ||
		    sva_accel_abort(accel) != -EPERM ||
		    sva_accel_status(accel, &status) != -EPERM ||
		    sva_accel_open(ctx, &second) != -EPERM ||
		    sva_context_reason(ctx) != SVA_REASON_FORKED)
			_exit(2);
		sva_accel_close(accel);
		_exit(device.doorbell->tail != 0 || fake_kernel.irq_sets != 0);
	}
	assert_int_equal(waitpid(pid, &result, 0), pid);
	assert_int_equal(result, 0);
	assert_int_equal(sva_accel_submit(accel, &job), 0);
}

static void the_drivers_errno_is_left_alone(void **state)
{
	struct sva_accel_desc job;

	(void)state;
	sva_accel_prep_nop(&job, NULL);
	errno = 99;
	sva_accel_wait(accel, &done, 1);
	wake_error = EIO;
	device.status->flags = SVA_ACCEL_STATUS_NEED_DOORBELL;
	sva_accel_submit(accel, &job);
	sva_accel_close(accel);
	sva_accel_open(ctx, &accel);
	assert_int_equal(errno, 99);
}

static void the_helpers_fill_what_the_device_reads(void **state)
{
	struct sva_accel_desc job;
	char memory[16];

	(void)state;
	done.status = SVA_ACCEL_SUCCESS;
	sva_accel_prep_list_find(&job, memory, 8, 16, "key", 3, 5, &done);
	assert_int_equal(done.status, SVA_ACCEL_PENDING);
	assert_int_equal(job.opcode, SVA_ACCEL_OP_LIST_WALK);
	assert_int_equal(job.flags, SVA_ACCEL_DESC_BLOCK_ON_FAULT | SVA_ACCEL_DESC_IRQ |
			 SVA_ACCEL_DESC_FIND);
	assert_int_equal(job.arg0, 8 | 16ull << 32);
	assert_int_equal(job.arg1, 5);
	assert_int_equal(job.len, 3);
	assert_ptr_equal((void *)(uintptr_t)job.src, memory);
	assert_ptr_equal((void *)(uintptr_t)job.completion, &done);
	sva_accel_prep_crc32c(&job, memory, 0xffffffff, 16, NULL);
	assert_int_equal(job.arg0, 0xffffffff);
	assert_int_equal(job.completion, 0);
	assert_int_equal(job.flags, SVA_ACCEL_DESC_BLOCK_ON_FAULT);
}

static void every_status_has_words_and_an_errno(void **state)
{
	const char *last = "";

	(void)state;
	for (uint32_t status = SVA_ACCEL_PENDING; status <= SVA_ACCEL_ABORTED + 1; status++) {
		const char *words = sva_accel_strstatus(status);

		assert_string_not_equal(words, last);
		last = words;
		done.status = status;
		assert_true((sva_accel_error(&done) == 0) == (status == SVA_ACCEL_SUCCESS));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_job_goes_into_the_ring_and_the_doorbell_is_rung),
		TEST(a_sleeping_device_is_woken_by_pwrite),
		TEST(a_wake_that_the_kernel_refuses_says_why),
		TEST(a_full_ring_is_said_and_waited_for),
		TEST(threads_that_submit_at_once_lose_and_repeat_nothing),
		TEST(a_completed_job_is_not_waited_for),
		TEST(a_wait_ends_with_its_time),
		TEST(an_interrupt_wakes_the_sleeper),
		TEST(a_job_without_an_interrupt_is_noticed_too),
		TEST(a_queue_that_ends_ends_the_wait),
		TEST(what_the_kernel_says_of_a_stopped_queue_comes_through),
		TEST(no_waiter_misses_its_interrupt),
		TEST(without_an_eventfd_a_wait_still_ends),
		TEST(one_driver_drives_a_context),
		TEST(a_context_of_another_device_is_refused),
		TEST(abort_covers_what_was_submitted),
		TEST(the_status_is_a_snapshot),
		TEST(a_child_is_told_and_touches_nothing),
		TEST(the_drivers_errno_is_left_alone),
		TEST(the_helpers_fill_what_the_device_reads),
		TEST(every_status_has_words_and_an_errno),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
