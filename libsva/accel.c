// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * accel.c - the reference accelerator behind a bound context
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "accel.h"
#include "context.h"
#include "deadline.h"
#include "entry.h"

/* Polling for as long as sleeping and waking would take costs twice at most. */
#define SPIN_NS		50000
#define NAP_MIN_NS	50000
#define NAP_MAX_NS	10000000

/* For how long a stopping device is given to write STOPPED */
#define STOP_NS		1000000000

/* ------------------------------------------------------- open and close */

static int regions_map(struct sva_accel *accel)
{
	struct sva_context *ctx = accel->ctx;
	struct sva_region_info info;
	void *addr[SVA_ACCEL_NUM_REGIONS];
	size_t size[SVA_ACCEL_NUM_REGIONS];
	int ret;

	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		ret = sva_map_region(ctx, i, &addr[i], &size[i]);
		if (ret < 0)
			return ret;
	}
	ret = region_info(ctx, SVA_ACCEL_REGION_DOORBELL, &info);
	if (ret < 0)
		return ret;
	accel->doorbell = (off_t)info.offset;
	ret = ring_init(&accel->ring,
			addr[SVA_ACCEL_REGION_DOORBELL], size[SVA_ACCEL_REGION_DOORBELL],
			addr[SVA_ACCEL_REGION_RING], size[SVA_ACCEL_REGION_RING],
			addr[SVA_ACCEL_REGION_STATUS], size[SVA_ACCEL_REGION_STATUS]);
	return ret < 0 ? context_fail(ctx, ret, SVA_REASON_BAD_ARGUMENT) : 0;
}

static int accel_new(struct sva_context *ctx, struct sva_accel **fresh)
{
	struct sva_accel *accel = calloc(1, sizeof(*accel));
	cpu_set_t cpus;
	int ret;

	if (!accel)
		return context_fail(ctx, -ENOMEM, SVA_REASON_SYSTEM);
	accel->ctx = ctx;
	accel->eventfd = -1;
	accel->relay = -1;
	ret = regions_map(accel);
	if (ret < 0) {
		free(accel);
		return ret;
	}
	/* more CPUs than the set has room for are more than one */
	accel->spin = sched_getaffinity(0, sizeof(cpus), &cpus) < 0 || CPU_COUNT(&cpus) > 1;
	pthread_mutex_init(&accel->submit, NULL);
	pthread_mutex_init(&accel->wait, NULL);
	pthread_cond_init(&accel->woken, NULL);
	*fresh = accel;
	return 0;
}

SVA_PUBLIC int sva_accel_open(struct sva_context *ctx, struct sva_accel **accel)
{
	KEEP_ERRNO;
	int ret = context_check(ctx);

	if (ret < 0)
		return ret;
	if (!accel)
		return context_fail(ctx, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	*accel = NULL;
	if (atomic_exchange(&ctx->driven, true))
		return context_fail(ctx, -EBUSY, SVA_REASON_BAD_ARGUMENT);
	ret = accel_new(ctx, accel);
	if (ret < 0)
		atomic_store(&ctx->driven, false);
	return ret;
}

SVA_PUBLIC void sva_accel_close(struct sva_accel *accel)
{
	KEEP_ERRNO;

	if (!accel)
		return;
	if (context_check(accel->ctx) == 0) {
		if (accel->eventfd >= 0) {
			sva_set_irq(accel->ctx, SVA_ACCEL_IRQ_COMPLETION, -1);
			close(accel->eventfd);
		}
		pthread_cond_destroy(&accel->woken);
		pthread_mutex_destroy(&accel->wait);
		pthread_mutex_destroy(&accel->submit);
	}
	atomic_store(&accel->ctx->driven, false);
	free(accel);
}

/* ---------------------------------------------------------------- errors */

/* Why the queue was stopped, which the kernel knows better than the ring */
static int stopped_error(struct sva_context *ctx)
{
	struct sva_context_info info = { .argsz = sizeof(info) };
	int ret = context_ioctl(ctx, SVA_CONTEXT_GET_INFO, &info);

	if (ret < 0)
		return ret;
	return context_fail(ctx, -EPERM, info.end_reason ? info.end_reason :
			    SVA_REASON_CONTEXT_ENDED);
}

/* 0 while the queue runs, else why nothing in it will ever complete */
static int queue_error(struct sva_accel *accel)
{
	switch (ring_state(&accel->ring)) {
	case SVA_ACCEL_QUEUE_RUNNING:
		return 0;
	case SVA_ACCEL_QUEUE_ERROR:
		return context_fail(accel->ctx, -EIO, SVA_REASON_QUEUE_ERROR);
	case SVA_ACCEL_QUEUE_GONE:
		return context_fail(accel->ctx, -ENODEV, SVA_REASON_DEVICE_GONE);
	default:
		return stopped_error(accel->ctx);
	}
}

/* ---------------------------------------------------------------- submit */

/* With the lock held: of two tails written the later must be the last */
static int wake_device(struct sva_accel *accel)
{
	uint32_t tail = accel->ring.tail;
	off_t where = accel->doorbell + (off_t)offsetof(struct sva_accel_doorbell, tail);
	ssize_t size;

	do
		size = pwrite(accel->ctx->fd, &tail, sizeof(tail), where);
	while (size < 0 && errno == EINTR);
	if (size == sizeof(tail))
		return 0;
	return context_fail_access(accel->ctx, size < 0 ? -errno : -EIO);
}

static int submit_locked(struct sva_accel *accel, const struct sva_accel_desc *descs,
			 unsigned int count)
{
	uint32_t written;
	int ret = queue_error(accel);

	if (ret < 0)
		return ret;
	written = ring_write(&accel->ring, descs, count);
	if (!written)
		return context_fail(accel->ctx, -EAGAIN, SVA_REASON_RING_FULL);
	ret = ring_publish(&accel->ring) ? wake_device(accel) : 0;
	return ret < 0 ? ret : (int)written;
}

static int submit(struct sva_accel *accel, const struct sva_accel_desc *descs, unsigned int count)
{
	int ret = context_check(accel->ctx);

	if (ret < 0)
		return ret;
	if (!descs || !count || count > INT_MAX)
		return context_fail(accel->ctx, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	pthread_mutex_lock(&accel->submit);
	ret = submit_locked(accel, descs, count);
	pthread_mutex_unlock(&accel->submit);
	return ret;
}

SVA_PUBLIC int sva_accel_submit_many(struct sva_accel *accel, const struct sva_accel_desc *descs,
				     unsigned int count)
{
	KEEP_ERRNO;

	return submit(accel, descs, count);
}

SVA_PUBLIC int sva_accel_submit(struct sva_accel *accel, const struct sva_accel_desc *desc)
{
	KEEP_ERRNO;
	int ret = submit(accel, desc, 1);

	return ret < 0 ? ret : 0;
}

SVA_PUBLIC int sva_accel_abort(struct sva_accel *accel)
{
	KEEP_ERRNO;
	int ret = context_check(accel->ctx);

	if (ret < 0)
		return ret;
	pthread_mutex_lock(&accel->submit);
	ret = queue_error(accel);
	if (!ret)
		ring_abort(&accel->ring);
	pthread_mutex_unlock(&accel->submit);
	return ret;
}

/* ------------------------------------------------------------------ wait */

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield" ::: "memory");
#else
	__asm__ volatile("" ::: "memory");
#endif
}

static bool poll_briefly(const struct sva_accel_completion *completion)
{
	int64_t end = clock_ns() + SPIN_NS;

	do {
		for (int i = 0; i < 64; i++) {
			if (sva_accel_poll(completion))
				return true;
			cpu_relax();
		}
	} while (clock_ns() < end);
	return false;
}

/* With the lock held */
static int eventfd_prepare(struct sva_accel *accel)
{
	int ret;

	if (accel->eventfd >= 0)
		return 0;
	accel->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (accel->eventfd < 0)
		return context_fail(accel->ctx, -errno, errno == EMFILE || errno == ENFILE ?
				    SVA_REASON_NO_FD : SVA_REASON_SYSTEM);
	ret = sva_set_irq(accel->ctx, SVA_ACCEL_IRQ_COMPLETION, accel->eventfd);
	if (ret < 0) {
		close(accel->eventfd);
		accel->eventfd = -1;
	}
	return ret;
}

/* True if there was one.  EAGAIN: nothing is lost, the records are what counts. */
static bool irq_read(const struct sva_accel *accel)
{
	uint64_t count;

	return read(accel->eventfd, &count, sizeof(count)) == sizeof(count);
}

/* With the lock held */
static void relay_signal(const struct sva_accel *accel)
{
	if (accel->relay >= 0)
		eventfd_write(accel->relay, 1);
}

/* What ended a nap */
struct awoken {
	bool interrupt;
	bool hung_up;
};

/* Until an interrupt comes, the context ends, or the nap is over */
static struct awoken sleep_alone(const struct sva_accel *accel, bool watch_context, int64_t nap)
{
	struct awoken awoken = { false, false };
	struct pollfd fds[] = {
		{ .fd = accel->eventfd, .events = POLLIN },
		{ .fd = watch_context ? accel->ctx->fd : -1, .events = 0 },
	};
	struct timespec time = timespec_from_ns(nap);

	if (ppoll(fds, 2, &time, NULL) <= 0)
		return awoken;
	if (fds[0].revents & POLLIN)
		awoken.interrupt = irq_read(accel);
	awoken.hung_up = fds[1].revents & (POLLHUP | POLLERR | POLLNVAL);
	return awoken;
}

/*
 * With the lock held, which is dropped meanwhile.  One thread sleeps on the
 * eventfd and then wakes the others; whoever reads the eventfd has all look at
 * their records again under the lock, so that no interrupt can be lost.
 */
static void sleep_together(struct sva_accel *accel, int64_t nap)
{
	bool watch_context = !accel->hung_up;
	struct awoken awoken;

	if (accel->sleeping) {
		struct timespec until = timespec_from_ns(clock_ns() + nap);

		pthread_cond_clockwait(&accel->woken, &accel->wait, CLOCK_MONOTONIC, &until);
		return;
	}
	accel->sleeping = true;
	pthread_mutex_unlock(&accel->wait);
	awoken = sleep_alone(accel, watch_context, nap);
	pthread_mutex_lock(&accel->wait);
	accel->sleeping = false;
	if (awoken.hung_up)
		accel->hung_up = clock_ns();
	if (awoken.interrupt)
		relay_signal(accel);
	pthread_cond_broadcast(&accel->woken);
}

/*
 * An eighth of the time waited so far: what a job without an interrupt, or a
 * queue that dies, is noticed too late by.
 */
static int64_t nap_length(int64_t start, int64_t deadline)
{
	int64_t nap = (clock_ns() - start) / 8, left = deadline_left_ns(deadline);

	if (nap < NAP_MIN_NS)
		nap = NAP_MIN_NS;
	if (nap > NAP_MAX_NS)
		nap = NAP_MAX_NS;
	return nap < left ? nap : left;
}

/*
 * With the lock held.  The context's fd hangs up when its end begins; the state
 * changes when the device has stopped, and until then it may still write to the
 * caller's memory.  So the state counts, unless the device never gets there.
 */
static int end_error(struct sva_accel *accel)
{
	int ret = queue_error(accel);

	if (!ret && accel->hung_up && clock_ns() - accel->hung_up > STOP_NS)
		ret = stopped_error(accel->ctx);
	return ret;
}

/* With the lock held */
static int wait_sleeping(struct sva_accel *accel, const struct sva_accel_completion *completion,
			 int64_t deadline)
{
	uint32_t reason = sva_context_reason(accel->ctx);
	int64_t start = clock_ns();
	int ret;

	/* without an eventfd, naps alone have to do */
	if (eventfd_prepare(accel) < 0)
		context_fail(accel->ctx, 0, reason);
	for (;;) {
		if (sva_accel_poll(completion))
			return 0;
		ret = end_error(accel);
		/* completed just before the queue ended? */
		if (ret < 0)
			return sva_accel_poll(completion) ? 0 : ret;
		if (!deadline_left_ns(deadline))
			return context_fail(accel->ctx, -ETIMEDOUT, SVA_REASON_TIMEOUT);
		sleep_together(accel, nap_length(start, deadline));
	}
}

SVA_PUBLIC int sva_accel_wait(struct sva_accel *accel,
			      const struct sva_accel_completion *completion, int timeout_ms)
{
	KEEP_ERRNO;
	int ret = context_check(accel->ctx);
	int64_t deadline;

	if (ret < 0)
		return ret;
	if (!completion)
		return context_fail(accel->ctx, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	if (sva_accel_poll(completion))
		return 0;
	deadline = deadline_in_ms(timeout_ms);
	/* on one CPU the device's thread runs only while we do not */
	if (timeout_ms && accel->spin && poll_briefly(completion))
		return 0;
	pthread_mutex_lock(&accel->wait);
	ret = wait_sleeping(accel, completion, deadline);
	pthread_mutex_unlock(&accel->wait);
	return ret;
}

/* There is no interrupt for room in the ring: yield first, then nap. */
void accel_nap(int64_t start, int64_t deadline)
{
	struct timespec nap;

	if (clock_ns() - start < SPIN_NS) {
		sched_yield();
		return;
	}
	nap = timespec_from_ns(nap_length(start, deadline));
	clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
}

/* -------------------------------------------------------- for the executor */

int accel_end_error(struct sva_accel *accel)
{
	int ret;

	pthread_mutex_lock(&accel->wait);
	ret = end_error(accel);
	pthread_mutex_unlock(&accel->wait);
	return ret;
}

int accel_relay(struct sva_accel *accel, int relay)
{
	int ret;

	pthread_mutex_lock(&accel->wait);
	ret = eventfd_prepare(accel);
	if (!ret) {
		ret = accel->eventfd;
		accel->relay = relay;
	}
	pthread_mutex_unlock(&accel->wait);
	return ret;
}

void accel_relay_end(struct sva_accel *accel)
{
	pthread_mutex_lock(&accel->wait);
	accel->relay = -1;
	pthread_mutex_unlock(&accel->wait);
}

void accel_irq_take(struct sva_accel *accel)
{
	pthread_mutex_lock(&accel->wait);
	if (accel->eventfd >= 0 && !accel->sleeping)
		irq_read(accel);
	pthread_mutex_unlock(&accel->wait);
}

void accel_hung_up(struct sva_accel *accel)
{
	pthread_mutex_lock(&accel->wait);
	if (!accel->hung_up)
		accel->hung_up = clock_ns();
	pthread_mutex_unlock(&accel->wait);
}

/* ----------------------------------------------------------- with patience */

SVA_PUBLIC int sva_accel_submit_wait(struct sva_accel *accel, const struct sva_accel_desc *descs,
				     unsigned int count, int timeout_ms)
{
	KEEP_ERRNO;
	int64_t deadline = deadline_in_ms(timeout_ms), start = clock_ns();
	unsigned int done = 0;
	int ret;

	for (;;) {
		ret = submit(accel, descs + done, count - done);
		if (ret > 0) {
			done += (unsigned int)ret;
			start = clock_ns();
			if (done == count)
				return (int)done;
			continue;
		}
		if (ret != -EAGAIN)
			return done ? (int)done : ret;
		if (!deadline_left_ns(deadline))
			break;
		accel_nap(start, deadline);
	}
	return done ? (int)done : context_fail(accel->ctx, -ETIMEDOUT, SVA_REASON_TIMEOUT);
}

/* ---------------------------------------------------------------- status */

SVA_PUBLIC int sva_accel_status_sized(struct sva_accel *accel, struct sva_accel_status *status,
				      size_t size)
{
	KEEP_ERRNO;
	const struct sva_accel_status *from = accel->ring.status;
	struct sva_accel_status seen;
	int ret = context_check(accel->ctx);

	if (ret < 0)
		return ret;
	seen = (struct sva_accel_status) {
		.state = __atomic_load_n(&from->state, __ATOMIC_ACQUIRE),
		.error = __atomic_load_n(&from->error, __ATOMIC_RELAXED),
		.entries = accel->ring.entries,
		.head = __atomic_load_n(&from->head, __ATOMIC_RELAXED),
		.flags = __atomic_load_n(&from->flags, __ATOMIC_RELAXED),
		.completed = __atomic_load_n(&from->completed, __ATOMIC_RELAXED),
		.faults = __atomic_load_n(&from->faults, __ATOMIC_RELAXED),
		.page_requests = __atomic_load_n(&from->page_requests, __ATOMIC_RELAXED),
		.page_groups = __atomic_load_n(&from->page_groups, __ATOMIC_RELAXED),
		.fault_ns = __atomic_load_n(&from->fault_ns, __ATOMIC_RELAXED),
		.throttled = __atomic_load_n(&from->throttled, __ATOMIC_RELAXED),
	};
	memset(status, 0, size);
	memcpy(status, &seen, size < sizeof(seen) ? size : sizeof(seen));
	return 0;
}

SVA_PUBLIC const char *sva_accel_strstatus(uint32_t status)
{
	switch (status) {
	case SVA_ACCEL_PENDING:
		return "not completed yet";
	case SVA_ACCEL_SUCCESS:
		return "success";
	case SVA_ACCEL_PAGE_FAULT:
		return "an address could not be accessed; map it, or let the job block on faults";
	case SVA_ACCEL_BAD_OPCODE:
		return "the device does not know this operation";
	case SVA_ACCEL_BAD_DESC:
		return "the descriptor has an unknown flag, a reserved field that is not zero, "
		       "or an address or length out of range";
	case SVA_ACCEL_ABORTED:
		return "aborted";
	default:
		return "a status that this libsva does not know; upgrade it";
	}
}
