// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * engine.c - works off a context's queue: fetch, run, complete
 *
 * A thread a context: one that waits for a page holds up nobody else.  Every access
 * to memory is made with the context's lock held and its generation checked, so that
 * after a reset or a release not one more can follow.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/device/device.h"
#include "tests/vm/device/job.h"
#include "tests/vm/device/memory.h"
#include "tests/vm/device/pages.h"
#include "tests/vm/device/rogue.h"
#include "tests/vm/device/thread.h"

#define POLL_NS		20000		/* for another descriptor, before it sleeps */
#define DRAIN_NS	10000000	/* for page responses, at a stop */
#define RETRIES		64
#define ENGINE_NICE	5

/* With the lock held: what the process and the driver see of the context */
#define STATUS_SET(ctx, field, value)							\
	do {										\
		(ctx)->shadow.field = (value);						\
		if ((ctx)->status)							\
			__atomic_store_n(&(ctx)->status->field, (ctx)->shadow.field,	\
					 __ATOMIC_RELEASE);				\
	} while (0)

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint32_t context_wake_count(const struct context *ctx)
{
	return __atomic_load_n(&ctx->wake, __ATOMIC_SEQ_CST);
}

void context_wait(struct context *ctx, uint32_t seen, uint64_t ns)
{
	__atomic_store_n(&ctx->sleeps, true, __ATOMIC_SEQ_CST);
	if (context_wake_count(ctx) == seen)
		word_wait(&ctx->wake, seen, ns);
	__atomic_store_n(&ctx->sleeps, false, __ATOMIC_SEQ_CST);
}

/* From the doorbell of a process that stores there all the time: no system call
 * without need */
void context_wake(struct context *ctx)
{
	__atomic_fetch_add(&ctx->wake, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&ctx->sleeps, __ATOMIC_SEQ_CST))
		word_wake(&ctx->wake);
}

void context_lock(struct context *ctx)
{
	__atomic_fetch_add(&ctx->lock_wanted, 1, __ATOMIC_SEQ_CST);
	pthread_mutex_lock(&ctx->lock);
	__atomic_fetch_sub(&ctx->lock_wanted, 1, __ATOMIC_SEQ_CST);
}

void context_unlock(struct context *ctx)
{
	pthread_mutex_unlock(&ctx->lock);
}

void context_lock_for_engine(struct context *ctx)
{
	while (__atomic_load_n(&ctx->lock_wanted, __ATOMIC_SEQ_CST))
		sched_yield();
	pthread_mutex_lock(&ctx->lock);
}

/* ------------------------------------------------------ what ends a job */

static bool blocked(const struct context *ctx)
{
	return __atomic_load_n(&ctx->block, __ATOMIC_ACQUIRE);
}

/* The job is of the past: a reset or a release came between */
static bool is_past(const struct job *job)
{
	return __atomic_load_n(&job->ctx->generation, __ATOMIC_ACQUIRE) != job->generation;
}

/* An aborted job has its record written all the same */
static bool stopping(const struct job *job)
{
	return blocked(job->ctx) || is_past(job);
}

/* Only numbers near the head mean anything: indices wrap */
static bool aborted(const struct job *job)
{
	struct context *ctx = job->ctx;
	uint32_t abort = __atomic_load_n(&ctx->abort, __ATOMIC_ACQUIRE), ahead;

	if (abort != ctx->abort_seen) {
		ctx->abort_seen = abort;
		ctx->aborting = true;
	}
	ahead = ctx->abort_seen - job->index;
	return ctx->aborting && ahead && ahead <= ctx->shadow.entries + 1;
}

static bool cancelled(const struct job *job)
{
	return stopping(job) || aborted(job);
}

/* ---------------------------------------------------------- telling faults */

/*
 * The registers hold one fault: the next has to wait until the driver has taken it.
 * @info: pages and SVA_PCI_FAULT_*
 */
static void tell_fault(struct job *job, uint64_t address, uint32_t access, uint32_t info)
{
	struct context *ctx = job->ctx;

	if (ctx->tell != SVA_PCI_TELL_ALL &&
	    (info & (SVA_PCI_FAULT_RESOLVED | SVA_PCI_FAULT_TOLD)))
		return;
	for (;;) {
		uint32_t seen = context_wake_count(ctx);

		if (stopping(job))
			return;
		if (!(__atomic_load_n(&ctx->events, __ATOMIC_ACQUIRE) & SVA_PCI_EVENT_FAULT))
			break;
		context_wait(ctx, seen, NS_PER_S);
	}
	context_lock_for_engine(ctx);
	ctx->fault_address = address;
	ctx->fault_access = access;
	ctx->fault_info = info;
	context_unlock(ctx);
	context_event(ctx, SVA_PCI_EVENT_FAULT);
}

/* ---------------------------------------------------------- page requests */

/*
 * R8: page requests that fail cost the host work and bring the process nothing.
 * Beyond a rate the context is held back, and one that keeps coming is stopped.
 */
static int pace_failures(struct job *job)
{
	struct context *ctx = job->ctx;
	uint32_t rate = __atomic_load_n(&ctx->accel->fault_rate, __ATOMIC_RELAXED);
	uint64_t now = clock_ns(), age = now - ctx->window_start;

	if (age >= NS_PER_S) {
		if (age >= 2 * NS_PER_S || ctx->failed < rate)
			ctx->strikes = 0;
		ctx->window_start = now;
		ctx->failed = 0;
	}
	if (++ctx->failed < rate || !rate)
		return -EFAULT;
	context_lock_for_engine(ctx);
	STATUS_SET(ctx, throttled, ctx->shadow.throttled + 1);
	context_unlock(ctx);
	if (++ctx->strikes >= __atomic_load_n(&ctx->accel->fault_strikes, __ATOMIC_RELAXED)) {
		context_event(ctx, SVA_PCI_EVENT_STORM);
		return -ECANCELED;
	}
	for (;;) {
		uint32_t seen = context_wake_count(ctx);

		now = clock_ns();
		if (stopping(job))
			return -ECANCELED;
		if (now - ctx->window_start >= NS_PER_S)
			return -EFAULT;
		context_wait(ctx, seen, ctx->window_start + NS_PER_S - now);
	}
}

/* Ask for pages, and keep the process's counters.  As pages_request() */
static int fetch_pages(struct job *job, uint64_t address, uint32_t pages, uint32_t access,
		       bool (*give_up)(const struct job *job))
{
	struct context *ctx = job->ctx;
	uint64_t start = clock_ns();
	int ret = pages_request(job, address, pages, access, give_up);

	start = clock_ns() - start;
	job->record.fault_ns += start;
	context_lock_for_engine(ctx);
	STATUS_SET(ctx, fault_ns, ctx->shadow.fault_ns + start);
	STATUS_SET(ctx, page_requests, ctx->shadow.page_requests);
	STATUS_SET(ctx, page_groups, ctx->shadow.page_groups);
	context_unlock(ctx);
	if (ret == -ESRCH)
		ctx->stale++;
	if (!ret)
		tell_fault(job, address & ~(PAGE_BYTES - 1), access, pages | SVA_PCI_FAULT_RESOLVED);
	return ret == -EFAULT ? pace_failures(job) : ret;
}

static void count_fault(struct context *ctx)
{
	context_lock_for_engine(ctx);
	STATUS_SET(ctx, faults, ctx->shadow.faults + 1);
	context_unlock(ctx);
}

static uint32_t group_size(const struct job *job)
{
	uint64_t offset = job->miss & (PAGE_BYTES - 1), len = job->miss_len;
	const uint64_t most = SVA_ACCEL_MAX_GROUP * PAGE_BYTES;

	if (job->single || job->retries)
		return 1;
	if (len > most)
		len = most;
	len = (offset + len + PAGE_BYTES - 1) / PAGE_BYTES;
	if (!len)
		return 1;
	return (uint32_t)(len > SVA_ACCEL_MAX_GROUP ? SVA_ACCEL_MAX_GROUP : len);
}

static bool may_request(const struct job *job)
{
	return (job->desc.flags & SVA_ACCEL_DESC_BLOCK_ON_FAULT) &&
	       qemu.pcie_pri_enabled(job->ctx->accel->pci);
}

/* No page: 0 to go on, or the status that the job ends with */
static uint32_t resolve_fault(struct job *job, bool same)
{
	int ret = -EFAULT;
	uint32_t pages;

	count_fault(job->ctx);
	job->retries = same ? job->retries + 1 : 0;
	pages = group_size(job);
	if (may_request(job) && job->retries < RETRIES)
		ret = fetch_pages(job, job->miss, pages, job->miss_access, cancelled);
	if (ret == -ECANCELED || ret == -ESRCH)
		return SVA_ACCEL_ABORTED;
	if (ret && pages > 1 && may_request(job)) {
		/* one of the group is bad: find out whether it is the first */
		job->single = true;
		return 0;
	}
	job->single = false;
	return ret ? SVA_ACCEL_PAGE_FAULT : 0;
}

/* ------------------------------------------------------------------ jobs */

/* One step, with the lock held; false: the job is to end as ABORTED */
static bool step_run(struct job *job, step_fn run_step, enum step *step)
{
	struct context *ctx = job->ctx;
	bool run;

	context_lock_for_engine(ctx);
	run = !cancelled(job);
	if (run)
		*step = run_step(job);
	context_unlock(ctx);
	return run;
}

static uint32_t run_steps(struct job *job, step_fn run_step)
{
	uint64_t last_fault = 0;
	enum step step;
	uint32_t status;
	int ret;

	for (;;) {
		if (!step_run(job, run_step, &step))
			return SVA_ACCEL_ABORTED;
		if (step == STEP_DONE)
			return SVA_ACCEL_SUCCESS;
		if (step == STEP_MORE)
			continue;
		ret = pages_translate(job);
		if (ret == -ECANCELED)
			return SVA_ACCEL_ABORTED;
		if (ret == -EIO)
			return SVA_ACCEL_PAGE_FAULT;
		if (!ret)
			continue;
		status = resolve_fault(job, job->miss == last_fault);
		if (status)
			return status;
		last_fault = job->miss;
	}
}

static uint32_t run_job(struct job *job)
{
	step_fn run_step;
	uint32_t status;

	run_step = operation_find(&job->desc, &status);
	if (!run_step)
		return status;
	if (job->desc.opcode == SVA_ACCEL_OP_NOP)
		return cancelled(job) ? SVA_ACCEL_ABORTED : SVA_ACCEL_SUCCESS;
	job->node = job->desc.src;
	job->ctx->last_address = job->desc.dst ? job->desc.dst : job->desc.src;
	status = run_steps(job, run_step);
	if (status == SVA_ACCEL_PAGE_FAULT) {
		job->record.fault_addr = job->miss;
		job->record.fault_access = job->miss_access;
	}
	return status;
}

/* ----------------------------------------------------------- completions */

/* The body first, the status last and at once */
static enum step write_record(struct job *job)
{
	const size_t head = sizeof(job->record.status);
	struct place at, body;

	if (!memory_at(job->ctx, job->desc.completion, sizeof(job->record), true, &at)) {
		job->miss = job->desc.completion;
		job->miss_len = sizeof(job->record);
		job->miss_access = SVA_ACCESS_WRITE;
		return STEP_MISS;
	}
	body = (struct place){ .host = at.host + head, .memory = at.memory + head };
	memory_store(&body, (uint8_t *)&job->record + head, sizeof(job->record) - head);
	memory_store_u32(&at, job->record.status);
	return STEP_DONE;
}

/* 0: it was written, -EAGAIN: its page has to be there first, -ECANCELED */
static int try_record(struct job *job)
{
	struct context *ctx = job->ctx;
	int ret = -ECANCELED;

	context_lock_for_engine(ctx);
	if (!stopping(job))
		ret = write_record(job) == STEP_DONE ? 0 : -EAGAIN;
	context_unlock(ctx);
	return ret;
}

/* 0, -EFAULT: nowhere to write it, -ECANCELED: the context is being stopped */
static int deliver_record(struct job *job)
{
	int ret;

	if (job->desc.completion % sizeof(job->record))
		return -EFAULT;
	for (unsigned int i = 0; i < RETRIES;) {
		ret = try_record(job);
		if (ret != -EAGAIN)
			return ret;
		ret = pages_translate(job);
		if (ret == -ECANCELED)
			return ret;
		if (ret == -EIO)
			return -EFAULT;
		if (!ret)
			continue;
		i++;
		count_fault(job->ctx);
		if (!qemu.pcie_pri_enabled(job->ctx->accel->pci))
			return -EFAULT;
		ret = fetch_pages(job, job->desc.completion, 1, SVA_ACCESS_WRITE, stopping);
		if (ret)
			return ret == -ESRCH ? -ECANCELED : ret;
	}
	return -EFAULT;
}

static void stop_with_error(struct context *ctx, uint32_t generation, uint32_t error)
{
	bool current;

	context_lock_for_engine(ctx);
	current = ctx->generation == generation && ctx->state == SVA_PCI_STATE_RUNNING;
	if (current) {
		ctx->block = true;
		ctx->error = error;
		ctx->state = SVA_PCI_STATE_ERROR;
		STATUS_SET(ctx, error, error);
		STATUS_SET(ctx, state, SVA_ACCEL_QUEUE_ERROR);
	}
	context_unlock(ctx);
	if (current)
		context_event(ctx, SVA_PCI_EVENT_ERROR);
}

static void interrupt(struct context *ctx)
{
	bql_lock();
	qemu.msix_notify(ctx->accel->pci, SVA_PCI_VECTOR_CONTEXT(ctx->index));
	qemu.bql_unlock();
}

static void complete_job(struct job *job)
{
	struct context *ctx = job->ctx;
	int ret = 0;

	if (job->desc.completion)
		ret = deliver_record(job);
	if (job->record.status == SVA_ACCEL_PAGE_FAULT)
		tell_fault(job, job->record.fault_addr, job->record.fault_access,
			   1 | (job->desc.completion && !ret ? SVA_PCI_FAULT_TOLD : 0));
	if (ret == -EFAULT) {
		tell_fault(job, job->desc.completion, SVA_ACCESS_WRITE, 1);
		stop_with_error(ctx, job->generation, SVA_ACCEL_ERR_COMPLETION);
	}
	if (ret)
		return;
	context_lock_for_engine(ctx);
	if (!is_past(job))
		STATUS_SET(ctx, completed, ctx->shadow.completed + 1);
	context_unlock(ctx);
	if (job->desc.flags & SVA_ACCEL_DESC_IRQ)
		interrupt(ctx);
}

/* ----------------------------------------------------------------- queue */

/* The pages that invalidations have taken, again; false: the device may not */
static bool map_again(struct context *ctx, uint32_t generation)
{
	bool mapped;

	bql_lock();
	mapped = ctx->generation == generation && context_map(ctx);
	qemu.bql_unlock();
	return mapped;
}

/* 0, -EAGAIN: its page has to be mapped, -ECANCELED */
static int try_fetch(struct context *ctx, struct job *job, uint32_t generation)
{
	uint32_t slot = ctx->head & (ctx->shadow.entries - 1);
	uint64_t offset = slot * sizeof(job->desc);
	const uint8_t *page;
	int ret = -ECANCELED;

	context_lock_for_engine(ctx);
	page = ctx->ring[offset / PAGE_BYTES];
	if (ctx->generation == generation && !ctx->block) {
		ret = -EAGAIN;
		if (page && ctx->status) {
			memcpy(&job->desc, page + offset % PAGE_BYTES, sizeof(job->desc));
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
			/* from here on the process may use the slot again */
			STATUS_SET(ctx, head, ++ctx->head);
			ctx->submitted++;
			ret = 0;
		}
	}
	context_unlock(ctx);
	return ret;
}

static bool fetch(struct context *ctx, struct job *job, uint32_t generation)
{
	int ret;

	memset(job, 0, sizeof(*job));
	job->ctx = ctx;
	job->index = ctx->head;
	job->generation = generation;
	while ((ret = try_fetch(ctx, job, generation)) == -EAGAIN) {
		if (map_again(ctx, generation))
			continue;
		stop_with_error(ctx, generation, SVA_ACCEL_ERR_NONE);
		return false;
	}
	return !ret;
}

static void run_until(struct context *ctx, uint32_t tail, uint32_t generation)
{
	struct job job;

	while (ctx->head != tail && fetch(ctx, &job, generation)) {
		job.record.status = run_job(&job);
		complete_job(&job);
		if (!ctx->status)
			map_again(ctx, generation);
		if ((int32_t)(ctx->abort_seen - ctx->head) <= 0)
			ctx->aborting = false;
	}
}

static bool runs(struct context *ctx, uint32_t generation)
{
	return !blocked(ctx) && __atomic_load_n(&ctx->generation, __ATOMIC_ACQUIRE) == generation;
}

static void run_queue(struct context *ctx, uint32_t generation)
{
	uint64_t deadline = clock_ns() + POLL_NS;

	while (runs(ctx, generation)) {
		uint32_t seen = context_wake_count(ctx);
		uint32_t tail = __atomic_load_n(&ctx->tail, __ATOMIC_ACQUIRE);

		if (tail - ctx->head > ctx->shadow.entries) {
			stop_with_error(ctx, generation, SVA_ACCEL_ERR_TAIL);
		} else if (tail != ctx->head) {
			run_until(ctx, tail, generation);
			deadline = clock_ns() + POLL_NS;
		} else if (clock_ns() >= deadline) {
			context_wait(ctx, seen, NS_PER_S);
		}
	}
	/* what has just been said there may be the last */
	if (!ctx->status)
		map_again(ctx, generation);
}

/* ------------------------------------------------------------------ stop */

static uint32_t evidence_now(struct context *ctx)
{
	uint64_t end = clock_ns() + DRAIN_NS, now;

	for (;;) {
		uint32_t seen = context_wake_count(ctx);

		if (!__atomic_load_n(&ctx->outstanding, __ATOMIC_SEQ_CST))
			return SVA_PCI_EVIDENCE_CLEAN;
		now = clock_ns();
		if (now >= end)
			break;
		context_wait(ctx, seen, end - now);
	}
	return pages_stop_marker(ctx->accel, ctx->pasid) ? SVA_PCI_EVIDENCE_FLUSHED :
							    SVA_PCI_EVIDENCE_NEITHER;
}

/* The job that ran has ended: say what is known.  A device that never does stays as
 * it is, until a release or a reset */
static void finish_stop(struct context *ctx, uint32_t generation)
{
	uint32_t truth = evidence_now(ctx), evidence;
	bool speaks = rogue_evidence(ctx, generation, truth, &evidence), current;

	if (!ctx->status)
		map_again(ctx, generation);
	context_lock_for_engine(ctx);
	current = speaks && ctx->generation == generation &&
		  ctx->state == SVA_PCI_STATE_STOPPING;
	ctx->stop_seen = true;
	if (current) {
		translations_drop(&ctx->cache, 0, UINT64_MAX);
		ctx->evidence = evidence;
		ctx->state = SVA_PCI_STATE_STOPPED;
	}
	context_unlock(ctx);
	if (current)
		context_event(ctx, SVA_PCI_EVENT_STOPPED);
}

static void *engine_main(void *arg)
{
	struct context *ctx = arg;

	/* endless jobs leave the guest's processors their time */
	setpriority(PRIO_PROCESS, (id_t)gettid(), ENGINE_NICE);
	qemu.rcu_register_thread();
	while (!__atomic_load_n(&ctx->quit, __ATOMIC_ACQUIRE)) {
		uint32_t seen = context_wake_count(ctx), state, generation;
		bool idle;

		context_lock_for_engine(ctx);
		state = ctx->state;
		generation = ctx->generation;
		idle = state == SVA_PCI_STATE_STOPPING ? ctx->stop_seen :
							 state != SVA_PCI_STATE_RUNNING || ctx->block;
		context_unlock(ctx);
		if (idle)
			context_wait(ctx, seen, NS_PER_S);
		else if (state == SVA_PCI_STATE_RUNNING)
			run_queue(ctx, generation);
		else
			finish_stop(ctx, generation);
	}
	qemu.rcu_unregister_thread();
	return NULL;
}

bool engine_start(struct context *ctx)
{
	if (!ctx->has_engine)
		ctx->has_engine = translations_init(&ctx->cache) &&
				  thread_start(&ctx->engine, engine_main, ctx);
	return ctx->has_engine;
}

/* With the BQL, which the engine may be waiting for */
void engine_stop(struct context *ctx)
{
	if (!ctx->has_engine)
		return;
	__atomic_store_n(&ctx->quit, true, __ATOMIC_RELEASE);
	context_wake(ctx);
	qemu.bql_unlock();
	pthread_join(ctx->engine, NULL);
	bql_lock();
	translations_free(&ctx->cache);
	ctx->has_engine = false;
}
