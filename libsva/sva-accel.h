/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * sva-accel.h - jobs for the reference accelerator
 *
 *	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
 *	struct sva_accel_desc job;
 *	struct sva_accel *accel;
 *
 *	sva_accel_open(ctx, &accel);		// ctx from sva_bind()
 *	sva_accel_prep_memmove(&job, to, from, len, &done);
 *	sva_accel_submit(accel, &job);
 *	sva_accel_wait(accel, &done, 1000);
 *	if (sva_accel_error(&done) < 0) ...	// what became of the job
 *	sva_accel_close(accel);
 *
 * A job is a descriptor, <linux/sva_accel.h>, which the prepare helpers fill.
 * Its completion record is memory of the caller's, 64-byte aligned, and belongs
 * to the device until its status is no longer SVA_ACCEL_PENDING; so do the
 * memory and the addresses that the job names.  The helpers set the record to
 * PENDING.  Without a record (NULL) a job is done when a later one is: jobs of
 * one context are carried out in order.
 *
 * Threads that overlap work leave the records to an executor:
 *
 *	struct sva_accel_exec *exec;
 *	uint64_t jobs[2];
 *
 *	sva_accel_exec_open(accel, 0, &exec);
 *	sva_accel_prep_memmove(&descs[0], to, from, len, NULL);
 *	sva_accel_prep_crc32c(&descs[1], other, 0, len, NULL);
 *	sva_accel_exec_submit_many(exec, descs, 2, 1000, jobs);
 *	... meanwhile the CPU does something else ...
 *	err = sva_accel_exec_wait_all(exec, jobs, 2, -1);
 *	sva_accel_exec_close(exec, -1);
 *
 * Errors, threads, signals, errno and fork are as in sva.h: 0 or a negative errno;
 * any thread may submit and wait at any time, except that the calls that close must
 * be the last ones; in a child of fork() every call but those returns -EPERM.  The
 * reason of a failure is sva_context_reason(ctx).
 */
#ifndef SVA_ACCEL_H
#define SVA_ACCEL_H

#include <errno.h>
#include <linux/sva_accel.h>

#include "sva.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sva_accel;

/** A completion record: struct sva_accel_completion x SVA_ACCEL_ALIGNED; */
#define SVA_ACCEL_ALIGNED __attribute__((aligned(64)))

/**
 * sva_accel_open - get ready to submit
 * @ctx: a bound context of a reference accelerator; must outlive *accel
 * @accel: out: owned by the caller until sva_accel_close()
 *
 * A context has one struct sva_accel at a time, which threads share.
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -EBUSY: the context has one already;
 * -ENOENT, -EPROTO: the context's device is no reference accelerator;
 * -EPERM: the binding has ended, or this is a child of fork();
 * -ENODEV, -ENOMEM, -EINVAL.
 */
int sva_accel_open(struct sva_context *ctx, struct sva_accel **accel);

/**
 * sva_accel_close - the opposite of sva_accel_open()
 * @accel: consumed; NULL does nothing
 *
 * Jobs that were submitted go on until sva_unbind().
 */
void sva_accel_close(struct sva_accel *accel);

/**
 * sva_accel_submit - submit one job
 * @accel: the accelerator
 * @desc: the job; it is copied
 *
 * Does not wait.
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -EAGAIN: the ring is full;
 * -EIO: the device stopped the queue for an error (SVA_REASON_QUEUE_ERROR);
 * -EPERM: the binding has ended, or this is a child of fork();
 * -ENODEV: the device is gone;
 * -EINVAL.
 */
int sva_accel_submit(struct sva_accel *accel, const struct sva_accel_desc *desc);

/**
 * sva_accel_submit_many - submit jobs with one doorbell
 * @accel: the accelerator
 * @descs: the jobs; they are copied
 * @count: how many, at least 1
 *
 * Does not wait.
 *
 * Return: how many of them were submitted, from the first on: fewer than @count
 * if the ring is full then; or a negative errno.
 *
 * Errors:
 * -EAGAIN: the ring was full before;
 * and those of sva_accel_submit().
 */
int sva_accel_submit_many(struct sva_accel *accel, const struct sva_accel_desc *descs,
			  unsigned int count);

/**
 * sva_accel_submit_wait - submit jobs, and wait for room in the ring
 * @accel: the accelerator
 * @descs: the jobs; they are copied
 * @count: how many, at least 1
 * @timeout_ms: 0: do not wait; negative: for ever
 *
 * Return: how many were submitted: @count unless the time was up or the queue
 * ended meanwhile.  A negative errno if none was.
 *
 * Errors:
 * -ETIMEDOUT: there was no room in time;
 * and those of sva_accel_submit().
 */
int sva_accel_submit_wait(struct sva_accel *accel, const struct sva_accel_desc *descs,
			  unsigned int count, int timeout_ms);

/**
 * sva_accel_poll - has the job completed?
 * @completion: its record
 *
 * Reads nothing but the record.  Async-signal-safe.
 *
 * Return: 1 or 0.
 */
static inline int sva_accel_poll(const struct sva_accel_completion *completion)
{
	return __atomic_load_n(&completion->status, __ATOMIC_ACQUIRE) != SVA_ACCEL_PENDING;
}

/**
 * sva_accel_wait - wait until the job has completed
 * @accel: the accelerator
 * @completion: the job's record
 * @timeout_ms: 0: do not wait; negative: for ever
 *
 * Polls for a moment, if there is a second CPU, and then sleeps.  A job with
 * SVA_ACCEL_DESC_IRQ wakes it at once; for one without it looks again now and
 * then, at intervals that grow with the time waited.  From its first sleep on
 * the library owns interrupt 0 of the context.  A program with an event loop of
 * its own gives sva_set_irq() an eventfd and uses sva_accel_poll() instead, or has
 * an executor's fd, see sva_accel_exec_fd().
 *
 * Return: 0 when it has completed, however it went, see sva_accel_error(); or a
 * negative errno.
 *
 * Errors:
 * -ETIMEDOUT: not yet;
 * -EIO, -EPERM, -ENODEV: it never will, because its queue has ended;
 * -EINVAL.
 */
int sva_accel_wait(struct sva_accel *accel, const struct sva_accel_completion *completion,
		   int timeout_ms);

/**
 * sva_accel_abort - have all jobs submitted so far finish as ABORTED
 * @accel: the accelerator
 *
 * Returns at once; each job's record says how it ended.  Those that complete
 * before the device looks, at most 256 KiB of work later, complete as usual.
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -EIO, -EPERM, -ENODEV: as sva_accel_submit().
 */
int sva_accel_abort(struct sva_accel *accel);

/**
 * sva_accel_status_sized - sva_accel_status() for a struct of another size
 * @accel: the accelerator
 * @status: out: see <linux/sva_accel.h>
 * @size: of what @status points to, as the caller was compiled
 *
 * Works after the device has gone (R6).  What the library does not know is 0.
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -EPERM: in a child of fork().
 */
int sva_accel_status_sized(struct sva_accel *accel, struct sva_accel_status *status, size_t size);

/**
 * sva_accel_status - a snapshot of the queue's state and counters
 * @accel: the accelerator
 * @status: out: see <linux/sva_accel.h>
 *
 * Return: 0 or a negative errno.
 *
 * Errors: those of sva_accel_status_sized().
 */
static inline int sva_accel_status(struct sva_accel *accel, struct sva_accel_status *status)
{
	return sva_accel_status_sized(accel, status, sizeof(*status));
}

/**
 * sva_accel_strstatus - the status of a completion record in words
 * @status: enum sva_accel_completion_status; any number
 *
 * Async-signal-safe.
 *
 * Return: constant storage, never NULL.
 */
const char *sva_accel_strstatus(uint32_t status);

/**
 * sva_accel_error - what became of a completed job, as an errno
 * @completion: its record
 *
 * Async-signal-safe.
 *
 * Return: 0: success, or a negative errno.
 *
 * Errors:
 * -EFAULT: the record's fault_addr could not be accessed, done says how far it got;
 * -EOPNOTSUPP: the device does not know the opcode;
 * -EINVAL: the descriptor is wrong;
 * -ECANCELED: aborted;
 * -EINPROGRESS: not completed yet.
 */
static inline int sva_accel_error(const struct sva_accel_completion *completion)
{
	switch (__atomic_load_n(&completion->status, __ATOMIC_ACQUIRE)) {
	case SVA_ACCEL_PENDING:
		return -EINPROGRESS;
	case SVA_ACCEL_SUCCESS:
		return 0;
	case SVA_ACCEL_PAGE_FAULT:
		return -EFAULT;
	case SVA_ACCEL_BAD_OPCODE:
		return -EOPNOTSUPP;
	case SVA_ACCEL_ABORTED:
		return -ECANCELED;
	default:
		return -EINVAL;
	}
}

/* --------------------------------------------------------------- executor */

struct sva_accel_exec;

/**
 * sva_accel_exec_open - have many threads share an accelerator
 * @accel: the accelerator; must outlive *exec
 * @jobs: most jobs at once, up to 65536; 0: as many as the ring has room for
 * @exec: out: the executor; owned by the caller until sva_accel_exec_close()
 *
 * The executor holds the completion records, so that no thread can let one go away
 * too early, and gives each job a name that is never given again.  It has no thread
 * of its own.  A job takes up room until its result was taken or its function was
 * called.  An accelerator has one executor at a time.
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -EBUSY: the accelerator has one already;
 * -EPERM: in a child of fork();
 * -ENOMEM, -EINVAL.
 */
int sva_accel_exec_open(struct sva_accel *accel, unsigned int jobs,
			struct sva_accel_exec **exec);

/**
 * sva_accel_exec_close - the opposite of sva_accel_exec_open()
 * @exec: consumed on success; NULL does nothing
 * @timeout_ms: 0: do not wait; negative: for ever
 *
 * Waits until no job is under way, calls the functions that are left to call, which
 * cannot submit then (-EINVAL), and forgets the results that nobody took.  sva_accel_abort() shortens the wait.  When
 * it returns 0 the device uses none of the jobs' memory any more.
 *
 * Return: 0, or a negative errno; the executor is still there then.
 *
 * Errors:
 * -ETIMEDOUT: a job is under way.
 */
int sva_accel_exec_close(struct sva_accel_exec *exec, int timeout_ms);

/**
 * sva_accel_exec_submit - submit a job, and wait for room
 * @exec: the executor
 * @desc: the job, prepared without a record (NULL); it is copied
 * @timeout_ms: 0: do not wait; negative: for ever
 * @job: out: names the job for sva_accel_exec_wait(); never 0
 *
 * Who submits more than there is room for, and takes no result meanwhile, waits for
 * another thread to take one.
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -EAGAIN: no room, and @timeout_ms is 0;
 * -ETIMEDOUT: no room in time;
 * -EINVAL: the descriptor brings a record of its own;
 * and those of sva_accel_submit().
 */
int sva_accel_exec_submit(struct sva_accel_exec *exec, const struct sva_accel_desc *desc,
			  int timeout_ms, uint64_t *job);

/**
 * sva_accel_exec_submit_many - submit jobs, with few doorbells, and wait for room
 * @exec: the executor
 * @descs: the jobs, prepared without a record (NULL); they are copied
 * @count: how many, at least 1
 * @timeout_ms: 0: do not wait; negative: for ever
 * @jobs: out: the names of those that were submitted
 *
 * Return: how many were submitted, from the first on: @count unless the time was up
 * or the queue ended meanwhile.  A negative errno if none was.
 *
 * Errors: those of sva_accel_exec_submit().
 */
int sva_accel_exec_submit_many(struct sva_accel_exec *exec, const struct sva_accel_desc *descs,
			       unsigned int count, int timeout_ms, uint64_t *jobs);

/**
 * sva_accel_exec_wait - wait for a job, and take its result
 * @exec: the executor
 * @job: its name
 * @timeout_ms: 0: do not wait; negative: for ever
 * @completion: out: a copy of the completion record; may be NULL
 *
 * Any thread may wait for any job, but its result is taken once.
 *
 * Return: 0 when the job has succeeded, or a negative errno.
 *
 * Errors:
 * -ETIMEDOUT: it is still under way, and can be waited for again;
 * -EFAULT, -EOPNOTSUPP, -EINVAL, -ECANCELED: it failed, as for sva_accel_error()
 * (SVA_REASON_JOB_FAILED);
 * -EIO, -EPERM, -ENODEV: it never completes, because the queue has ended;
 * -ENOENT: there is no such job, or its result was taken.
 */
int sva_accel_exec_wait(struct sva_accel_exec *exec, uint64_t job, int timeout_ms,
			struct sva_accel_completion *completion);

/**
 * sva_accel_exec_wait_all - wait for several jobs, and take their results
 * @exec: the executor
 * @jobs: their names; each is set to 0 when its result was taken, and 0 is passed over
 * @count: how many
 * @timeout_ms: for all together; 0: do not wait; negative: for ever
 *
 * Goes on when one has failed: unless the time is up, none is under way any more
 * when it returns, so that the memory that they used is the caller's again.
 *
 * Return: 0 when all have succeeded, or a negative errno: of the first that failed.
 *
 * Errors:
 * -ETIMEDOUT: those with a name left are under way; call it again;
 * and those of sva_accel_exec_wait().
 */
int sva_accel_exec_wait_all(struct sva_accel_exec *exec, uint64_t *jobs, unsigned int count,
			    int timeout_ms);

/**
 * sva_accel_exec_poll - has the job completed?
 * @exec: the executor
 * @job: its name
 *
 * Takes nothing: sva_accel_exec_wait() has the result.
 *
 * Return: 1 or 0, or a negative errno.
 *
 * Errors:
 * -ENOENT: there is no such job, or its result was taken;
 * -EPERM: in a child of fork().
 */
int sva_accel_exec_poll(struct sva_accel_exec *exec, uint64_t job);

/**
 * typedef sva_accel_done_fn - called when a job has completed, or never will
 *
 * @arg is what sva_accel_exec_call() was given; @error as sva_accel_exec_wait()
 * returns it; @completion a copy of the record, valid until the function returns.
 */
typedef void (*sva_accel_done_fn)(void *arg, int error,
				  const struct sva_accel_completion *completion);

/**
 * sva_accel_exec_call - submit a job, and have a function called when it is done
 * @exec: the executor
 * @desc: the job, prepared without a record (NULL); it is copied
 * @timeout_ms: for room: 0: do not wait; negative: for ever
 * @done: called once, in a thread that calls sva_accel_exec_dispatch() or
 *	sva_accel_exec_close(); it may submit
 * @arg: handed to it
 *
 * Functions are called in the order of submission where one thread dispatches.
 *
 * Return: 0, or a negative errno: the function is not called then.
 *
 * Errors: those of sva_accel_exec_submit().
 */
int sva_accel_exec_call(struct sva_accel_exec *exec, const struct sva_accel_desc *desc,
			int timeout_ms, sva_accel_done_fn done, void *arg);

/**
 * sva_accel_exec_fd - an fd that tells when to call sva_accel_exec_dispatch()
 * @exec: the executor, which owns the fd
 *
 * For poll() and its like: POLLIN, also when the context's end has begun.  It may be
 * readable with nothing to dispatch.  From the first call on the library owns
 * interrupt 0 of the context; threads may go on waiting for jobs beside the loop.
 *
 * Return: the fd, always the same, or a negative errno.
 *
 * Errors:
 * -EMFILE, -ENOMEM;
 * -EPERM: the binding has ended, or this is a child of fork();
 * -ENODEV.
 */
int sva_accel_exec_fd(struct sva_accel_exec *exec);

/**
 * sva_accel_exec_dispatch - call the functions of jobs that have completed
 * @exec: the executor
 *
 * Does not wait.  Calls at most as many as were submitted before; if more have
 * completed meanwhile, the fd stays readable.
 *
 * Return: how many were called, or a negative errno.
 *
 * Errors:
 * -EPERM: in a child of fork().
 */
int sva_accel_exec_dispatch(struct sva_accel_exec *exec);

/* ------------------------------------------------------------ descriptors */

/**
 * sva_accel_address - a pointer as descriptors hold it
 * @pointer: any
 *
 * Return: its value.
 */
static inline __u64 sva_accel_address(const volatile void *pointer)
{
	return (__u64)(uintptr_t)pointer;
}

/**
 * sva_accel_prep - what all the helpers below begin with
 * @desc: out: the descriptor
 * @opcode: what the job does
 * @completion: its record, or NULL
 *
 * Missing pages are asked for and completion wakes sva_accel_wait(); change
 * desc->flags for anything else.
 */
static inline void sva_accel_prep(struct sva_accel_desc *desc, enum sva_accel_opcode opcode,
				  struct sva_accel_completion *completion)
{
	__builtin_memset(desc, 0, sizeof(*desc));
	desc->opcode = (__u8)opcode;
	desc->flags = SVA_ACCEL_DESC_BLOCK_ON_FAULT;
	if (!completion)
		return;
	desc->flags |= SVA_ACCEL_DESC_IRQ;
	desc->completion = sva_accel_address(completion);
	__atomic_store_n(&completion->status, SVA_ACCEL_PENDING, __ATOMIC_RELAXED);
}

/**
 * sva_accel_prep_nop - prepare a job that does nothing but complete
 * @desc: out: the descriptor
 * @completion: its record, or NULL
 */
static inline void sva_accel_prep_nop(struct sva_accel_desc *desc,
				      struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_NOP, completion);
}

/**
 * sva_accel_prep_memmove - prepare a copy
 * @desc: out: the descriptor
 * @dst: where to
 * @src: where from; the two may overlap
 * @len: in bytes
 * @completion: its record, or NULL
 */
static inline void sva_accel_prep_memmove(struct sva_accel_desc *desc, void *dst, const void *src,
					  size_t len, struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_MEMMOVE, completion);
	desc->dst = sva_accel_address(dst);
	desc->src = sva_accel_address(src);
	desc->len = len;
}

/**
 * sva_accel_prep_fill - prepare to fill memory
 * @desc: out: the descriptor
 * @dst: what is filled
 * @pattern: its 8 bytes, repeated
 * @len: in bytes
 * @completion: its record, or NULL
 */
static inline void sva_accel_prep_fill(struct sva_accel_desc *desc, void *dst, uint64_t pattern,
				       size_t len, struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_FILL, completion);
	desc->dst = sva_accel_address(dst);
	desc->arg0 = pattern;
	desc->len = len;
}

/**
 * sva_accel_prep_compare - prepare a comparison
 * @desc: out: the descriptor
 * @a: one memory
 * @b: the other
 * @len: in bytes
 * @completion: its record, or NULL; result: the offset of the first difference, or
 *	@len
 */
static inline void sva_accel_prep_compare(struct sva_accel_desc *desc, const void *a,
					  const void *b, size_t len,
					  struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_COMPARE, completion);
	desc->src = sva_accel_address(a);
	desc->dst = sva_accel_address(b);
	desc->len = len;
}

/**
 * sva_accel_prep_crc32c - prepare a checksum
 * @desc: out: the descriptor
 * @src: what is summed up
 * @seed: 0, or the result for the bytes before these
 * @len: in bytes
 * @completion: its record, or NULL; result: the CRC32C
 */
static inline void sva_accel_prep_crc32c(struct sva_accel_desc *desc, const void *src,
					 uint32_t seed, size_t len,
					 struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_CRC32C, completion);
	desc->src = sva_accel_address(src);
	desc->arg0 = seed;
	desc->len = len;
}

/**
 * sva_accel_prep_list_sum - prepare to walk a linked list and sum up
 * @desc: out: the descriptor
 * @first: the first node
 * @next_offset: where in a node the pointer to the next one stands
 * @value_offset: where in a node a 64-bit number stands
 * @limit: most nodes to visit; 0: no limit, so that a circle is walked until abort
 * @completion: its record, or NULL; result: the sum of the numbers, done: the nodes
 *	seen
 */
static inline void sva_accel_prep_list_sum(struct sva_accel_desc *desc, const void *first,
					   uint32_t next_offset, uint32_t value_offset,
					   uint64_t limit, struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_LIST_WALK, completion);
	desc->src = sva_accel_address(first);
	desc->arg0 = SVA_ACCEL_WALK_ARG(next_offset, value_offset);
	desc->arg1 = limit;
}

/**
 * sva_accel_prep_list_find - prepare to search a linked list
 * @desc: out: the descriptor
 * @first: the first node
 * @next_offset: where in a node the pointer to the next one stands
 * @key_offset: where in a node its bytes stand; add SVA_ACCEL_DESC_KEY_POINTER
 *	to desc->flags if a pointer to them stands there
 * @key: the bytes looked for; they are read when the job runs
 * @key_len: how many, at most SVA_ACCEL_MAX_KEY
 * @limit: most nodes to visit; 0: no limit
 * @completion: its record, or NULL; result: the address of the first node that has
 *	them, 0: none; done: the nodes seen
 */
static inline void sva_accel_prep_list_find(struct sva_accel_desc *desc, const void *first,
					    uint32_t next_offset, uint32_t key_offset,
					    const void *key, size_t key_len, uint64_t limit,
					    struct sva_accel_completion *completion)
{
	sva_accel_prep_list_sum(desc, first, next_offset, key_offset, limit, completion);
	desc->flags |= SVA_ACCEL_DESC_FIND;
	desc->dst = sva_accel_address(key);
	desc->len = key_len;
}

/**
 * sva_accel_prep_gather - prepare to collect elements by an index
 * @desc: out: the descriptor
 * @dst: where they go, one behind the other; must overlap neither @index nor an
 *	element
 * @base: element 0
 * @index: @count numbers of elements
 * @count: how many
 * @size: bytes of an element, 1 to SVA_ACCEL_MAX_ELEMENT
 * @completion: its record, or NULL; done: the bytes written
 */
static inline void sva_accel_prep_gather(struct sva_accel_desc *desc, void *dst, const void *base,
					 const uint64_t *index, size_t count, size_t size,
					 struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_GATHER, completion);
	desc->dst = sva_accel_address(dst);
	desc->src = sva_accel_address(base);
	desc->arg0 = sva_accel_address(index);
	desc->arg1 = size;
	desc->len = count * size;
}

/**
 * sva_accel_prep_tree_search - prepare to search a binary search tree
 * @desc: out: the descriptor
 * @root: its first node, NULL: an empty tree
 * @left_offset: where in a node the pointer to smaller keys stands
 * @right_offset: where in a node the pointer to greater keys stands
 * @key_offset: where in a node its key stands; add SVA_ACCEL_DESC_KEY_POINTER to
 *	desc->flags if a pointer to it stands there, and SVA_ACCEL_DESC_KEY_NUMBER if
 *	keys are unsigned numbers of 1, 2, 4 or 8 bytes; otherwise they are in the
 *	order of memcmp()
 * @key: what is looked for; it is read when the job runs
 * @key_len: its bytes, at most SVA_ACCEL_MAX_KEY
 * @completion: its record, or NULL; result: the address of the node with that key,
 *	0: none; done: the nodes seen
 */
static inline void sva_accel_prep_tree_search(struct sva_accel_desc *desc, const void *root,
					      uint32_t left_offset, uint32_t right_offset,
					      uint32_t key_offset, const void *key, size_t key_len,
					      struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_TREE_SEARCH, completion);
	desc->src = sva_accel_address(root);
	desc->dst = sva_accel_address(key);
	desc->len = key_len;
	desc->arg0 = SVA_ACCEL_TREE_ARG(left_offset, right_offset);
	desc->arg1 = SVA_ACCEL_TREE_ARG1(key_offset, 0);
}

#ifdef __cplusplus
}
#endif

#endif /* SVA_ACCEL_H */
