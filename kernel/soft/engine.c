// SPDX-License-Identifier: GPL-2.0
/*
 * engine.c - works off a queue: fetch, run, complete
 *
 * One work item a queue, on a pool of kernel threads: a queue that waits for a
 * page holds up nobody else.  While there is work, and a moment longer, the
 * engine polls the doorbell page; before it sleeps it says so in the status page.
 */
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/stat.h>
#include <linux/slab.h>

#include "soft.h"

#define SOFT_MOMENT_NS	(50 * NSEC_PER_USEC)
#define SOFT_RETRIES	64
#define SOFT_LOOK	msecs_to_jiffies(10)	/* for an abort, while waiting */

/* One writer, readers in user space */
#define STATUS_ADD(q, field, n) \
	WRITE_ONCE((q)->status->field, (q)->status->field + (n))

static bool blocked(const struct soft_queue *q)
{
	return READ_ONCE(q->blocked);
}

/* A new abort number ends what was submitted before it and is not complete */
static void look_for_abort(struct soft_queue *q)
{
	u32 abort = READ_ONCE(q->doorbell->abort);

	if (abort == q->abort_seen)
		return;
	q->abort_seen = abort;
	q->aborting = true;
}

/* Only numbers near the head mean anything: indices wrap */
static bool aborted(const struct soft_job *job)
{
	struct soft_queue *q = job->q;
	u32 ahead;

	look_for_abort(q);
	ahead = q->abort_seen - job->index;
	return q->aborting && ahead && ahead <= q->entries + 1;
}

static bool cancelled(const struct soft_job *job)
{
	return blocked(job->q) || aborted(job);
}

/* ---------------------------------------------------------- page requests */

static void page_response(struct softiommu_request *request)
{
	struct soft_queue *q = request->data;

	/* of those that are left none is known to be as old as the first */
	WRITE_ONCE(q->asked, ktime_get_ns());
	smp_mb__before_atomic();
	atomic_dec(&q->outstanding);
	/* whose job this ends may stop the queue, and finds nothing outstanding */
	smp_store_release(&request->answered, true);
	wake_up_all(&q->wait);
	soft_queue_put(q);
}

static struct softiommu_request *request_pages(struct soft_job *job, u64 address,
					       u32 pages, u32 access)
{
	struct soft_queue *q = job->q;
	struct softiommu_request *request;

	kref_get(&q->ref);
	if (!atomic_read(&q->outstanding))
		WRITE_ONCE(q->asked, ktime_get_ns());
	smp_mb__before_atomic();
	atomic_inc(&q->outstanding);
	request = softiommu_request_pages(&q->sd->pdev->dev, q->pasid, address, pages,
					  access, page_response, q);
	if (IS_ERR_OR_NULL(request)) {
		atomic_dec(&q->outstanding);
		soft_queue_put(q);
		return NULL;
	}
	STATUS_ADD(q, page_groups, 1);
	STATUS_ADD(q, page_requests, pages);
	job->record.page_requests += pages;
	return request;
}

static bool answered(const struct softiommu_request *request)
{
	return smp_load_acquire(&request->answered);
}

/*
 * R8: page requests that fail cost the host work and bring the process nothing.
 * Beyond a rate the queue is held back, and a context that keeps coming is
 * stopped.
 */
static int pace_failures(struct soft_job *job)
{
	struct soft_queue *q = job->q;
	u32 rate = READ_ONCE(q->sd->fault_rate);
	u64 now = ktime_get_ns(), age = now - q->window;

	if (age >= NSEC_PER_SEC) {
		if (age >= 2 * NSEC_PER_SEC || q->failed < rate)
			q->strikes = 0;
		q->window = now;
		q->failed = 0;
		age = 0;
	}
	if (++q->failed < rate || !rate)
		return -EFAULT;
	STATUS_ADD(q, throttled, 1);
	if (++q->strikes >= READ_ONCE(q->sd->fault_strikes)) {
		sva_context_end_for_faults(q->ctx);
		return -ECANCELED;
	}
	/* not a moment less: what comes before the second is over is one more strike */
	wait_event_idle_timeout(q->wait, blocked(q), nsecs_to_jiffies(NSEC_PER_SEC - age) + 1);
	return blocked(q) ? -ECANCELED : -EFAULT;
}

static void report_resolved(struct soft_queue *q, u64 address, u32 pages, u32 access)
{
	const struct sva_fault fault = {
		.address = address,
		.pages = pages,
		.access = access,
		.outcome = SVA_FAULT_RESOLVED,
	};

	sva_context_report_fault(q->ctx, &fault);
}

static bool may_ask(const struct soft_queue *q)
{
	return atomic_read(&q->outstanding) < SVA_ACCEL_MAX_OUTSTANDING;
}

/*
 * R8: each request keeps a worker of the kernel's until its page is there, also that of a
 * job which was aborted meanwhile
 */
static int await_turn(struct soft_job *job, bool (*give_up)(const struct soft_job *job))
{
	struct soft_queue *q = job->q;

	while (!may_ask(q)) {
		if (give_up(job))
			return -ECANCELED;
		wait_event_idle_timeout(q->wait, may_ask(q) || blocked(q), SOFT_LOOK);
	}
	return 0;
}

/*
 * Ask for pages and wait, as long as @give_up does not say otherwise.  0, -EFAULT:
 * no such page, -ECANCELED
 */
static int fetch_pages(struct soft_job *job, u64 address, u32 pages, u32 access,
		       bool (*give_up)(const struct soft_job *job))
{
	struct soft_queue *q = job->q;
	struct softiommu_request *request;
	u64 start = ktime_get_ns();
	int ret;

	ret = await_turn(job, give_up);
	if (ret)
		return ret;
	request = request_pages(job, address, pages, access);
	if (!request)
		return blocked(q) ? -ECANCELED : -EFAULT;
	while (!answered(request) && !give_up(job))
		wait_event_idle_timeout(q->wait, answered(request) || blocked(q), SOFT_LOOK);

	start = ktime_get_ns() - start;
	ret = -ECANCELED;
	if (answered(request)) {
		ret = request->success ? 0 : -EFAULT;
		q->histogram[accel_fault_bucket(start)]++;
	}
	softiommu_request_put(request);

	STATUS_ADD(q, fault_ns, start);
	job->record.fault_ns += start;
	if (!ret)
		report_resolved(q, address, pages, access);
	return ret == -EFAULT ? pace_failures(job) : ret;
}

/*
 * After a page that went again before it was used, that page alone: the answer for a whole
 * group takes longer, and it goes once more meanwhile.
 */
static u32 group_size(const struct soft_job *job)
{
	const bool one = job->single || job->retries;
	u64 len = min_t(u64, job->miss_len, SVA_ACCEL_MAX_GROUP * PAGE_SIZE);
	u64 pages = DIV_ROUND_UP_ULL(offset_in_page(job->miss) + len, PAGE_SIZE);

	return one ? 1 : clamp_t(u64, pages, 1, SVA_ACCEL_MAX_GROUP);
}

static bool may_request(const struct soft_job *job)
{
	return job->q->sd->page_requests &&
	       (job->desc.flags & SVA_ACCEL_DESC_BLOCK_ON_FAULT);
}

/* Make job->miss accessible: 0 to go on, or the status that the job ends with */
static u32 resolve_miss(struct soft_job *job, u64 last_miss)
{
	int ret = -EFAULT;
	u32 pages;

	STATUS_ADD(job->q, faults, 1);
	job->retries = job->miss == last_miss ? job->retries + 1 : 0;
	pages = group_size(job);
	if (may_request(job) && job->retries < SOFT_RETRIES)
		ret = fetch_pages(job, job->miss, pages, job->miss_access, cancelled);
	if (ret == -ECANCELED)
		return SVA_ACCEL_ABORTED;
	if (ret && pages > 1) {
		/* one of the group is bad: find out whether it is the first */
		job->single = true;
		return may_request(job) ? 0 : SVA_ACCEL_PAGE_FAULT;
	}
	job->single = false;
	return ret ? SVA_ACCEL_PAGE_FAULT : 0;
}

/* Between two steps: others come first, and what sleeps does nothing but end */
static void rest(struct soft_queue *q)
{
	cond_resched();
	wait_event_idle(q->sd->awake, !READ_ONCE(q->sd->asleep) || blocked(q));
}

/* ------------------------------------------------------------------ jobs */

/* The body first, the status last and at once */
static enum soft_step write_record(struct soft_job *job, struct softiommu_access *access)
{
	struct sva_accel_completion *record = &job->record;
	const size_t head = sizeof(record->status);
	u64 at = job->desc.completion;

	if (softiommu_write(access, at + head, (u8 *)record + head,
			    sizeof(*record) - head) < sizeof(*record) - head)
		return SOFT_MISS;
	smp_wmb();
	if (softiommu_write(access, at, &record->status, head) < head)
		return SOFT_MISS;
	return SOFT_DONE;
}

/*
 * Where the window of the job's last step is open, it serves for the record as well.
 * What cannot be written there and then is deliver_record()'s.
 */
static void deliver_early(struct soft_job *job, struct softiommu_access *access)
{
	if (!job->desc.completion || job->desc.completion % sizeof(job->record))
		return;
	job->record.status = SVA_ACCEL_SUCCESS;
	job->delivered = write_record(job, access) == SOFT_DONE;
}

static u32 run_steps(struct soft_job *job, soft_step_fn step_fn)
{
	struct device *dev = &job->q->sd->pdev->dev;
	u64 last_miss = 0;

	for (;;) {
		struct softiommu_access access;
		enum soft_step step;
		u32 status;
		int ret;

		rest(job->q);
		if (cancelled(job))
			return SVA_ACCEL_ABORTED;
		job->q->windows++;
		ret = softiommu_begin(dev, job->q->pasid, &access);
		if (ret == -EAGAIN)
			continue;
		if (ret) {
			/* -ESRCH is no misdeed: the address space went first */
			job->q->stale += ret == -ENOENT;
			return SVA_ACCEL_ABORTED;
		}
		step = step_fn(job, &access);
		if (step == SOFT_DONE)
			deliver_early(job, &access);
		softiommu_end(&access);

		if (step == SOFT_DONE)
			return SVA_ACCEL_SUCCESS;
		if (step == SOFT_MORE)
			continue;
		status = resolve_miss(job, last_miss);
		if (status)
			return status;
		last_miss = job->miss;
	}
}

static u32 run_job(struct soft_job *job)
{
	soft_step_fn step_fn;
	u32 status;

	step_fn = soft_operation(&job->desc, &status);
	if (!step_fn)
		return status;
	if (job->desc.opcode == SVA_ACCEL_OP_NOP)
		return cancelled(job) ? SVA_ACCEL_ABORTED : SVA_ACCEL_SUCCESS;
	job->node = job->desc.src;
	job->q->last_address = job->desc.dst ?: job->desc.src;
	status = run_steps(job, step_fn);
	if (status == SVA_ACCEL_PAGE_FAULT) {
		job->record.fault_addr = job->miss;
		job->record.fault_access = job->miss_access;
	}
	return status;
}

/* ----------------------------------------------------------- completions */

/* An aborted job has its record written all the same */
static bool stopping(const struct soft_job *job)
{
	return blocked(job->q);
}

/* 0, -EFAULT: nowhere to write it, -ECANCELED: the queue is being stopped */
static int deliver_record(struct soft_job *job)
{
	struct device *dev = &job->q->sd->pdev->dev;

	if (job->desc.completion % sizeof(job->record))
		return -EFAULT;
	for (u32 i = 0; i < SOFT_RETRIES; i++) {
		struct softiommu_access access;
		enum soft_step step;
		int ret;

		rest(job->q);
		if (blocked(job->q))
			return -ECANCELED;
		job->q->windows++;
		ret = softiommu_begin(dev, job->q->pasid, &access);
		if (ret == -EAGAIN) {
			i--;
			continue;
		}
		if (ret)
			return -ECANCELED;
		step = write_record(job, &access);
		softiommu_end(&access);
		if (step == SOFT_DONE)
			return 0;

		STATUS_ADD(job->q, faults, 1);
		if (!job->q->sd->page_requests)
			return -EFAULT;
		ret = fetch_pages(job, job->desc.completion, 1, SVA_ACCESS_WRITE,
				  stopping);
		if (ret)
			return ret;
	}
	return -EFAULT;
}

/* @told: the completion record tells the process */
static void report_failed(struct soft_queue *q, u64 address, u32 access, bool told)
{
	const struct sva_fault fault = {
		.address = address,
		.pages = 1,
		.access = access,
		.outcome = SVA_FAULT_FAILED,
		.untold = !told,
	};

	sva_context_report_fault(q->ctx, &fault);
}

static void stop_with_error(struct soft_queue *q, u32 error)
{
	WRITE_ONCE(q->blocked, true);
	WRITE_ONCE(q->status->error, error);
	smp_store_release(&q->status->state, SVA_ACCEL_QUEUE_ERROR);
	sva_context_report_error(q->ctx, error);
	sva_context_signal(q->ctx, SVA_ACCEL_IRQ_ERROR);
}

static void complete_job(struct soft_job *job)
{
	struct soft_queue *q = job->q;
	int ret = 0;

	if (job->desc.completion && !job->delivered)
		ret = deliver_record(job);
	if (job->record.status == SVA_ACCEL_PAGE_FAULT)
		report_failed(q, job->miss, job->miss_access, job->desc.completion && !ret);
	if (ret == -EFAULT) {
		report_failed(q, job->desc.completion, SVA_ACCESS_WRITE, false);
		stop_with_error(q, SVA_ACCEL_ERR_COMPLETION);
	}
	if (ret)
		return;
	STATUS_ADD(q, completed, 1);
	if (job->desc.flags & SVA_ACCEL_DESC_IRQ)
		sva_context_signal(q->ctx, SVA_ACCEL_IRQ_COMPLETION);
}

/* ----------------------------------------------------------------- queue */

/*
 * Field by field: for the whole, compilers choose string instructions, which take longer
 * to start than a small job takes
 */
static void record_clear(struct sva_accel_completion *record)
{
	record->status = SVA_ACCEL_PENDING;
	record->fault_access = 0;
	record->result = 0;
	record->done = 0;
	record->fault_addr = 0;
	record->page_requests = 0;
	record->fault_ns = 0;
	record->reserved[0] = 0;
	record->reserved[1] = 0;
}

static void fetch(struct soft_queue *q, struct soft_job *job)
{
	record_clear(&job->record);
	job->miss = 0;
	job->miss_len = 0;
	job->miss_access = 0;
	job->single = false;
	job->retries = 0;
	job->delivered = false;
	job->key_read = false;
	job->q = q;
	job->index = q->head;
	memcpy(&job->desc, &q->ring[q->head & (q->entries - 1)], sizeof(job->desc));
	barrier();
	/* from here on the process may use the slot again */
	smp_store_release(&q->status->head, ++q->head);
}

static void run_until(struct soft_queue *q, u32 tail)
{
	struct soft_job job;

	while (q->head != tail && !blocked(q)) {
		fetch(q, &job);
		job.record.status = run_job(&job);
		complete_job(&job);
		if ((s32)(q->abort_seen - q->head) <= 0)
			q->aborting = false;
	}
}

/* Say that the doorbell has to be rung, unless it has just been */
static bool may_sleep(struct soft_queue *q)
{
	WRITE_ONCE(q->status->flags, SVA_ACCEL_STATUS_NEED_DOORBELL);
	smp_mb();
	if (READ_ONCE(q->doorbell->tail) == q->head)
		return true;
	WRITE_ONCE(q->status->flags, 0);
	return false;
}

/*
 * An accelerator does not sleep; its software polls instead, for poll_us after its last
 * work.  For more than a moment only where that takes the CPU from nobody: neither from
 * the process on a machine with only one, nor from whoever waits for this one.
 */
static bool may_poll(const struct soft_queue *q, u64 worked)
{
	u64 idle = ktime_get_ns() - worked;

	if (idle >= READ_ONCE(q->sd->poll_us) * (u64)NSEC_PER_USEC)
		return false;
	return idle < SOFT_MOMENT_NS ||
	       (num_online_cpus() > 1 && single_task_running() && !need_resched());
}

void soft_engine_work(struct work_struct *work)
{
	struct soft_queue *q = container_of(work, struct soft_queue, work);
	u64 worked = ktime_get_ns();

	if (!blocked(q))
		WRITE_ONCE(q->status->flags, 0);
	while (!blocked(q)) {
		u32 tail = smp_load_acquire(&q->doorbell->tail);

		if (tail - q->head > q->entries) {
			stop_with_error(q, SVA_ACCEL_ERR_TAIL);
		} else if (tail != q->head) {
			run_until(q, tail);
			worked = ktime_get_ns();
		} else if (!may_poll(q, worked) && may_sleep(q)) {
			return;
		}
		cpu_relax();
		cond_resched();
	}
}
