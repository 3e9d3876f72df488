// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * exec.c - the executor: many threads share an accelerator, and nobody's completion
 * record can go away too early
 *
 * Records are the executor's own, in slots.  A job is named by its slot and by how
 * often that had been taken, so that a job that is asked for twice is not there the
 * second time instead of being somebody else's.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "accel.h"
#include "context.h"
#include "deadline.h"
#include "entry.h"

#define CHUNK		16	/* descriptors copied at a time */
#define JOBS_MAX	65536
#define NAP_MS		10	/* between two looks whether the queue has ended */
#define HUNG_UP_NS	1000000	/* between two looks whether the device has stopped */

enum slot_kind {
	SLOT_FREE,
	SLOT_JOB,	/* somebody may wait for it */
	SLOT_CALL,	/* it is in the list of calls */
	SLOT_COLLECTED,	/* its result has been given, others still look at the record */
	SLOT_LOST,	/* its submission failed half-way: the device may know it */
};

struct slot {
	struct sva_accel_completion done;
	uint32_t generation;
	enum slot_kind kind;
	unsigned int waiters;
	sva_accel_done_fn call;
	void *arg;
	struct slot *next;
} SVA_ACCEL_ALIGNED;

/**
 * struct sva_accel_exec
 * @lock: guards all below; taken before the accelerator's own
 * @room: a slot has become free
 * @closing: sva_accel_exec_close() is under way
 * @memory: what @slots, @count of them, lie in
 * @first, @last, @calls: jobs with a function to call, as they were submitted
 * @epoll: of @relay, of the interrupt's eventfd, and while @watching of the context; -1
 */
struct sva_accel_exec {
	struct sva_accel *accel;
	pthread_mutex_t lock;
	pthread_cond_t room;
	bool closing;
	void *memory;
	struct slot *slots;
	unsigned int count;
	struct slot *free;
	struct slot *first, **last;
	unsigned int calls;
	int epoll;
	int relay;
	bool watching;
};

/* What becomes of a job that has completed */
struct purpose {
	sva_accel_done_fn call;
	void *arg;
};

static int exec_fail(struct sva_accel_exec *exec, int error, uint32_t reason)
{
	return context_fail(exec->accel->ctx, error, reason);
}

/* ------------------------------------------------------------------ slots */

/* With the lock held, like all about slots */
static void slot_free(struct sva_accel_exec *exec, struct slot *slot)
{
	slot->kind = SLOT_FREE;
	slot->next = exec->free;
	exec->free = slot;
	pthread_cond_signal(&exec->room);
}

static struct slot *slot_take(struct sva_accel_exec *exec)
{
	struct slot *slot = exec->free;

	if (!slot)
		return NULL;
	exec->free = slot->next;
	slot->generation++;
	slot->next = NULL;
	memset(&slot->done, 0, sizeof(slot->done));	/* PENDING */
	return slot;
}

static uint64_t slot_name(const struct sva_accel_exec *exec, const struct slot *slot)
{
	return (uint64_t)slot->generation << 32 | (uint64_t)(slot - exec->slots + 1);
}

static struct slot *slot_find(struct sva_accel_exec *exec, uint64_t job)
{
	uint32_t number = (uint32_t)job;
	struct slot *slot;

	if (!number || number > exec->count)
		return NULL;
	slot = &exec->slots[number - 1];
	return slot->kind == SLOT_JOB && slot_name(exec, slot) == job ? slot : NULL;
}

static void slot_use(struct sva_accel_exec *exec, struct slot *slot, struct purpose purpose)
{
	slot->kind = purpose.call ? SLOT_CALL : SLOT_JOB;
	slot->call = purpose.call;
	slot->arg = purpose.arg;
	if (!purpose.call)
		return;
	*exec->last = slot;
	exec->last = &slot->next;
	exec->calls++;
}

static bool slots_make(struct sva_accel_exec *exec, unsigned int count)
{
	uintptr_t address;

	/* calloc() does not align as far as the device wants it */
	exec->memory = calloc(count + 1, sizeof(struct slot));
	if (!exec->memory)
		return false;
	address = ((uintptr_t)exec->memory + _Alignof(struct slot) - 1) &
		  ~(uintptr_t)(_Alignof(struct slot) - 1);
	exec->slots = (struct slot *)address;
	exec->count = count;
	for (unsigned int i = count; i > 0; i--)
		slot_free(exec, &exec->slots[i - 1]);
	return true;
}

/* ------------------------------------------------------- open and close */

SVA_PUBLIC int sva_accel_exec_open(struct sva_accel *accel, unsigned int jobs,
				   struct sva_accel_exec **exec)
{
	KEEP_ERRNO;
	struct sva_accel_exec *fresh;
	int ret = context_check(accel->ctx);

	if (ret < 0)
		return ret;
	if (!exec || jobs > JOBS_MAX)
		return context_fail(accel->ctx, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	*exec = NULL;
	if (atomic_exchange(&accel->shared, true))
		return context_fail(accel->ctx, -EBUSY, SVA_REASON_BAD_ARGUMENT);
	fresh = calloc(1, sizeof(*fresh));
	if (fresh)
		pthread_cond_init(&fresh->room, NULL);
	if (!fresh || !slots_make(fresh, jobs ? jobs : accel->ring.entries)) {
		free(fresh);
		atomic_store(&accel->shared, false);
		return context_fail(accel->ctx, -ENOMEM, SVA_REASON_SYSTEM);
	}
	pthread_mutex_init(&fresh->lock, NULL);
	fresh->accel = accel;
	fresh->last = &fresh->first;
	fresh->epoll = fresh->relay = -1;
	*exec = fresh;
	return 0;
}

/* In a child of fork() the locks may be held by threads that are not here. */
static void exec_free(struct sva_accel_exec *exec, bool ours)
{
	if (ours) {
		accel_relay_end(exec->accel);
		if (exec->epoll >= 0) {
			close(exec->epoll);
			close(exec->relay);
		}
		pthread_cond_destroy(&exec->room);
		pthread_mutex_destroy(&exec->lock);
	}
	atomic_store(&exec->accel->shared, false);
	free(exec->memory);
	free(exec);
}

static struct slot *outstanding(struct sva_accel_exec *exec)
{
	struct slot *found = NULL;

	pthread_mutex_lock(&exec->lock);
	exec->closing = true;
	for (unsigned int i = 0; i < exec->count && !found; i++) {
		struct slot *slot = &exec->slots[i];

		if (slot->kind != SLOT_FREE && !sva_accel_poll(&slot->done))
			found = slot;
	}
	pthread_mutex_unlock(&exec->lock);
	return found;
}

/* 0 when the device will not write to a record any more */
static int records_settle(struct sva_accel_exec *exec, int64_t deadline)
{
	struct slot *slot;

	while ((slot = outstanding(exec))) {
		int ret = sva_accel_wait(exec->accel, &slot->done, deadline_left_ms(deadline));

		if (ret == -ETIMEDOUT)
			return ret;
		if (ret < 0)
			return 0;	/* the queue has ended */
	}
	return 0;
}

static bool call_next(struct sva_accel_exec *exec);

SVA_PUBLIC int sva_accel_exec_close(struct sva_accel_exec *exec, int timeout_ms)
{
	KEEP_ERRNO;
	int ret;

	if (!exec)
		return 0;
	if (context_check(exec->accel->ctx) < 0) {
		exec_free(exec, false);
		return 0;
	}
	ret = records_settle(exec, deadline_in_ms(timeout_ms));
	if (ret < 0) {
		pthread_mutex_lock(&exec->lock);
		exec->closing = false;
		pthread_mutex_unlock(&exec->lock);
		return ret;
	}
	while (call_next(exec))
		;
	exec_free(exec, true);
	return 0;
}

/* ---------------------------------------------------------------- submit */

/*
 * With the lock held, so that the list of calls has the order of the ring.  Returns
 * how many were submitted; -EAGAIN: no slot, or no room in the ring.
 */
static int submit_chunk(struct sva_accel_exec *exec, const struct sva_accel_desc *descs,
			unsigned int count, struct purpose purpose, uint64_t *jobs)
{
	struct sva_accel_desc chunk[CHUNK];
	struct slot *slots[CHUNK];
	unsigned int taken = 0, submitted;
	int ret;

	while (taken < CHUNK && taken < count && (slots[taken] = slot_take(exec))) {
		chunk[taken] = descs[taken];
		chunk[taken].flags |= SVA_ACCEL_DESC_IRQ;
		chunk[taken].completion = sva_accel_address(&slots[taken]->done);
		taken++;
	}
	if (!taken) {
		ret = accel_end_error(exec->accel);
		return ret ? ret : exec_fail(exec, -EAGAIN, SVA_REASON_JOBS_FULL);
	}
	ret = sva_accel_submit_many(exec->accel, chunk, taken);
	submitted = ret > 0 ? (unsigned int)ret : 0;
	for (unsigned int i = 0; i < taken; i++) {
		if (i < submitted)
			slot_use(exec, slots[i], purpose);
		else if (ret >= 0 || ret == -EAGAIN)
			slot_free(exec, slots[i]);
		else
			slots[i]->kind = SLOT_LOST;
		if (jobs && i < submitted)
			jobs[i] = slot_name(exec, slots[i]);
	}
	return ret;
}

/* With the lock held, which is dropped meanwhile; an error: there will be no room */
static int wait_for_room(struct sva_accel_exec *exec, int64_t start, int64_t deadline)
{
	int64_t nap = (int64_t)NAP_MS * 1000000, left = deadline_left_ns(deadline);
	struct timespec until;

	if (exec->free) {	/* so it was the ring */
		pthread_mutex_unlock(&exec->lock);
		accel_nap(start, deadline);
		pthread_mutex_lock(&exec->lock);
		return 0;
	}
	until = timespec_from_ns(clock_ns() + (nap < left ? nap : left));
	pthread_cond_clockwait(&exec->room, &exec->lock, CLOCK_MONOTONIC, &until);
	return exec->free ? 0 : accel_end_error(exec->accel);
}

static int submit_all(struct sva_accel_exec *exec, const struct sva_accel_desc *descs,
		      unsigned int count, int timeout_ms, struct purpose purpose, uint64_t *jobs)
{
	int64_t deadline = deadline_in_ms(timeout_ms), start = clock_ns();
	unsigned int done = 0;
	int ret;

	while (done < count) {
		ret = exec->closing ? exec_fail(exec, -EINVAL, SVA_REASON_BAD_ARGUMENT) :
		      submit_chunk(exec, descs + done, count - done, purpose,
				   jobs ? jobs + done : NULL);
		if (ret > 0) {
			done += (unsigned int)ret;
			start = clock_ns();
			continue;
		}
		if (ret == -EAGAIN && deadline_left_ns(deadline))
			ret = wait_for_room(exec, start, deadline);
		else if (ret == -EAGAIN && timeout_ms)
			ret = exec_fail(exec, -ETIMEDOUT, SVA_REASON_TIMEOUT);
		if (ret < 0)
			return done ? (int)done : ret;
	}
	return (int)done;
}

/* The record is the executor's: a descriptor that brings one is a mistake. */
static bool descs_valid(const struct sva_accel_desc *descs, unsigned int count)
{
	if (!descs || !count || count > INT_MAX)
		return false;
	for (unsigned int i = 0; i < count; i++) {
		if (descs[i].completion)
			return false;
	}
	return true;
}

static int submit(struct sva_accel_exec *exec, const struct sva_accel_desc *descs,
		  unsigned int count, int timeout_ms, struct purpose purpose, uint64_t *jobs)
{
	int ret = context_check(exec->accel->ctx);

	if (ret < 0)
		return ret;
	if ((!jobs && !purpose.call) || !descs_valid(descs, count))
		return exec_fail(exec, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	pthread_mutex_lock(&exec->lock);
	ret = submit_all(exec, descs, count, timeout_ms, purpose, jobs);
	pthread_mutex_unlock(&exec->lock);
	return ret;
}

SVA_PUBLIC int sva_accel_exec_submit_many(struct sva_accel_exec *exec,
					  const struct sva_accel_desc *descs, unsigned int count,
					  int timeout_ms, uint64_t *jobs)
{
	KEEP_ERRNO;

	return submit(exec, descs, count, timeout_ms, (struct purpose){ NULL, NULL }, jobs);
}

SVA_PUBLIC int sva_accel_exec_submit(struct sva_accel_exec *exec,
				     const struct sva_accel_desc *desc, int timeout_ms,
				     uint64_t *job)
{
	int ret = sva_accel_exec_submit_many(exec, desc, 1, timeout_ms, job);

	return ret < 0 ? ret : 0;
}

SVA_PUBLIC int sva_accel_exec_call(struct sva_accel_exec *exec, const struct sva_accel_desc *desc,
				   int timeout_ms, sva_accel_done_fn done, void *arg)
{
	KEEP_ERRNO;
	int ret = submit(exec, desc, 1, timeout_ms, (struct purpose){ done, arg }, NULL);

	return ret < 0 ? ret : 0;
}

/* ------------------------------------------------------------------ wait */

SVA_PUBLIC int sva_accel_exec_poll(struct sva_accel_exec *exec, uint64_t job)
{
	KEEP_ERRNO;
	int ret = context_check(exec->accel->ctx);
	struct slot *slot;

	if (ret < 0)
		return ret;
	pthread_mutex_lock(&exec->lock);
	slot = slot_find(exec, job);
	ret = slot ? sva_accel_poll(&slot->done) :
		     exec_fail(exec, -ENOENT, SVA_REASON_NO_SUCH_JOB);
	pthread_mutex_unlock(&exec->lock);
	return ret;
}

static int result_of(struct sva_accel_exec *exec, const struct slot *slot,
		     struct sva_accel_completion *completion)
{
	int error = sva_accel_error(&slot->done);

	if (completion)
		*completion = slot->done;
	return error ? exec_fail(exec, error, SVA_REASON_JOB_FAILED) : 0;
}

/* With the lock held: one of those that waited gets the result */
static int collect(struct sva_accel_exec *exec, struct slot *slot, int ret,
		   struct sva_accel_completion *completion)
{
	if (slot->kind != SLOT_JOB) {
		ret = exec_fail(exec, -ENOENT, SVA_REASON_NO_SUCH_JOB);
	} else if (ret != -ETIMEDOUT) {
		slot->kind = SLOT_COLLECTED;
		if (!ret)
			ret = result_of(exec, slot, completion);
	}
	if (!--slot->waiters && slot->kind == SLOT_COLLECTED)
		slot_free(exec, slot);
	return ret;
}

SVA_PUBLIC int sva_accel_exec_wait(struct sva_accel_exec *exec, uint64_t job, int timeout_ms,
				   struct sva_accel_completion *completion)
{
	KEEP_ERRNO;
	int ret = context_check(exec->accel->ctx);
	struct slot *slot;

	if (ret < 0)
		return ret;
	pthread_mutex_lock(&exec->lock);
	slot = slot_find(exec, job);
	if (slot)
		slot->waiters++;
	pthread_mutex_unlock(&exec->lock);
	if (!slot)
		return exec_fail(exec, -ENOENT, SVA_REASON_NO_SUCH_JOB);
	ret = sva_accel_wait(exec->accel, &slot->done, timeout_ms);
	pthread_mutex_lock(&exec->lock);
	ret = collect(exec, slot, ret, completion);
	pthread_mutex_unlock(&exec->lock);
	return ret;
}

SVA_PUBLIC int sva_accel_exec_wait_all(struct sva_accel_exec *exec, uint64_t *jobs,
				       unsigned int count, int timeout_ms)
{
	int64_t deadline = deadline_in_ms(timeout_ms);
	uint32_t reason = 0;
	int first = 0;

	for (unsigned int i = 0; i < count; i++) {
		int ret;

		if (!jobs[i])
			continue;
		ret = sva_accel_exec_wait(exec, jobs[i], deadline_left_ms(deadline), NULL);
		if (ret == -ETIMEDOUT)
			return ret;
		jobs[i] = 0;
		if (ret < 0 && !first) {
			first = ret;
			reason = sva_context_reason(exec->accel->ctx);
		}
	}
	return first ? exec_fail(exec, first, reason) : 0;
}

/* ------------------------------------------------------------ event loops */

static int epoll_add(int epoll, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* An error: what has been opened is for the caller to close */
static int fds_open(struct sva_accel_exec *exec, int *epoll, int *relay)
{
	int ret;

	*relay = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*epoll = epoll_create1(EPOLL_CLOEXEC);
	if (*relay < 0 || *epoll < 0)
		return exec_fail(exec, -errno, errno == EMFILE || errno == ENFILE ?
				 SVA_REASON_NO_FD : SVA_REASON_SYSTEM);
	ret = accel_relay(exec->accel, *relay);
	if (ret < 0)
		return ret;
	ret = epoll_add(*epoll, ret, EPOLLIN);
	if (!ret)
		ret = epoll_add(*epoll, *relay, EPOLLIN);
	if (!ret)	/* without being asked it tells of the end */
		ret = epoll_add(*epoll, exec->accel->ctx->fd, 0);
	return ret < 0 ? exec_fail(exec, ret, SVA_REASON_SYSTEM) : 0;
}

/* With the lock held */
static int fds_make(struct sva_accel_exec *exec)
{
	int epoll = -1, relay = -1, ret;

	if (exec->epoll >= 0)
		return exec->epoll;
	ret = fds_open(exec, &epoll, &relay);
	if (ret < 0) {
		accel_relay_end(exec->accel);
		if (epoll >= 0)
			close(epoll);
		if (relay >= 0)
			close(relay);
		return ret;
	}
	exec->epoll = epoll;
	exec->relay = relay;
	exec->watching = true;
	eventfd_write(relay, 1);	/* what has completed before is told, too */
	return epoll;
}

SVA_PUBLIC int sva_accel_exec_fd(struct sva_accel_exec *exec)
{
	KEEP_ERRNO;
	int ret = context_check(exec->accel->ctx);

	if (ret < 0)
		return ret;
	pthread_mutex_lock(&exec->lock);
	ret = fds_make(exec);
	pthread_mutex_unlock(&exec->lock);
	return ret;
}

/* 1 with *error: how the job went, or why it never will; 0: not yet */
static bool call_is_due(struct sva_accel_exec *exec, const struct slot *slot, int *error)
{
	if (!sva_accel_poll(&slot->done)) {
		*error = accel_end_error(exec->accel);
		if (!*error)
			return false;
		if (!sva_accel_poll(&slot->done))
			return true;
	}
	*error = result_of(exec, slot, NULL);
	return true;
}

/* Jobs of one queue complete in order, so that the first call is the first to be due. */
static bool call_next(struct sva_accel_exec *exec)
{
	struct sva_accel_completion completion;
	struct purpose purpose;
	struct slot *slot;
	int error;

	pthread_mutex_lock(&exec->lock);
	slot = exec->first;
	if (!slot || !call_is_due(exec, slot, &error)) {
		pthread_mutex_unlock(&exec->lock);
		return false;
	}
	completion = slot->done;
	purpose = (struct purpose){ slot->call, slot->arg };
	exec->first = slot->next;
	if (!exec->first)
		exec->last = &exec->first;
	exec->calls--;
	slot_free(exec, slot);
	pthread_mutex_unlock(&exec->lock);
	purpose.call(purpose.arg, error, &completion);
	return true;
}

/* What made the fd readable; returns how many calls there are at most to make. */
static unsigned int dispatch_begin(struct sva_accel_exec *exec)
{
	unsigned int calls;
	eventfd_t count;

	pthread_mutex_lock(&exec->lock);
	if (exec->epoll >= 0) {
		eventfd_read(exec->relay, &count);
		accel_irq_take(exec->accel);
	}
	calls = exec->calls;
	pthread_mutex_unlock(&exec->lock);
	return calls;
}

static bool has_hung_up(const struct sva_accel_exec *exec)
{
	struct pollfd fd = { .fd = exec->accel->ctx->fd };

	return poll(&fd, 1, 0) > 0;
}

/*
 * The fd of a context whose end has begun hangs up for good.  Until the device has
 * stopped too, whoever polls is slowed down here; then it is watched no longer.
 */
static void dispatch_end(struct sva_accel_exec *exec)
{
	struct timespec nap = timespec_from_ns(HUNG_UP_NS);
	bool early = false;

	pthread_mutex_lock(&exec->lock);
	if (exec->epoll >= 0 && exec->first && sva_accel_poll(&exec->first->done)) {
		eventfd_write(exec->relay, 1);	/* a call submitted it, and it is done */
	} else if (exec->watching && has_hung_up(exec)) {
		accel_hung_up(exec->accel);
		early = accel_end_error(exec->accel) == 0;
		if (!early && !exec->first) {
			epoll_ctl(exec->epoll, EPOLL_CTL_DEL, exec->accel->ctx->fd, NULL);
			exec->watching = false;
		}
	}
	pthread_mutex_unlock(&exec->lock);
	if (early)
		clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
}

SVA_PUBLIC int sva_accel_exec_dispatch(struct sva_accel_exec *exec)
{
	KEEP_ERRNO;
	int ret = context_check(exec->accel->ctx), ran = 0;
	unsigned int most;

	if (ret < 0)
		return ret;
	most = dispatch_begin(exec);
	while ((unsigned int)ran < most && call_next(exec))
		ran++;
	dispatch_end(exec);
	return ran;
}
