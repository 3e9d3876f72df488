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
 * Errors, threads, errno and fork are as in sva.h: 0 or a negative errno; any
 * thread may submit and wait at any time, except that sva_accel_close() must be
 * the last call; in a child of fork() every call but sva_accel_close() returns
 * -EPERM.  The reason of a failure is sva_context_reason(ctx).
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
 * A context has one struct sva_accel at a time, which threads share: -EBUSY.
 * -ENOENT, -EPROTO: the context's device is no reference accelerator.  -EPERM,
 * -ENODEV: as sva_accel_submit().  -ENOMEM.
 */
int sva_accel_open(struct sva_context *ctx, struct sva_accel **accel);

/** Frees *accel; jobs that were submitted go on until sva_unbind().  NULL does nothing. */
void sva_accel_close(struct sva_accel *accel);

/**
 * sva_accel_submit - submit one job
 *
 * The descriptor is copied.  Does not wait: -EAGAIN if the ring is full.
 * -EIO: the device stopped the queue for an error (SVA_REASON_QUEUE_ERROR);
 * -EPERM: the binding has ended; -ENODEV: the device is gone.
 */
int sva_accel_submit(struct sva_accel *accel, const struct sva_accel_desc *desc);

/**
 * sva_accel_submit_many - submit jobs with one doorbell
 *
 * Returns how many of them were submitted, from the first on: fewer than @count
 * if the ring is full then.  -EAGAIN if it was full before, else as
 * sva_accel_submit().
 */
int sva_accel_submit_many(struct sva_accel *accel, const struct sva_accel_desc *descs,
			  unsigned int count);

/**
 * sva_accel_submit_wait - submit jobs, and wait for room in the ring
 * @timeout_ms: negative: for ever
 *
 * Returns how many were submitted: @count unless the time was up or the queue
 * ended meanwhile.  A negative errno (-ETIMEDOUT, and those of
 * sva_accel_submit()) if none was.
 */
int sva_accel_submit_wait(struct sva_accel *accel, const struct sva_accel_desc *descs,
			  unsigned int count, int timeout_ms);

/** Has the job completed?  1 or 0.  Reads nothing but the record; async-signal-safe. */
static inline int sva_accel_poll(const struct sva_accel_completion *completion)
{
	return __atomic_load_n(&completion->status, __ATOMIC_ACQUIRE) != SVA_ACCEL_PENDING;
}

/**
 * sva_accel_wait - wait until the job has completed
 * @timeout_ms: 0: do not wait; negative: for ever
 *
 * 0 when it has completed, however it went: see sva_accel_error().  -ETIMEDOUT;
 * -EIO, -EPERM or -ENODEV if it never will, because its queue has ended.
 *
 * Polls for a moment, if there is a second CPU, and then sleeps.  A job with
 * SVA_ACCEL_DESC_IRQ wakes it at once; for one without it looks again now and
 * then, at intervals that grow with the time waited.  From its first sleep on
 * the library owns interrupt 0 of the context.  A program with an event loop of
 * its own gives sva_set_irq() an eventfd and uses sva_accel_poll() instead.
 */
int sva_accel_wait(struct sva_accel *accel, const struct sva_accel_completion *completion,
		   int timeout_ms);

/**
 * sva_accel_abort - have all jobs submitted so far finish as ABORTED
 *
 * Returns at once; each job's record says how it ended.  Those that complete
 * before the device looks, at most 64 KiB of work later, complete as usual.
 */
int sva_accel_abort(struct sva_accel *accel);

/** A snapshot of the queue's state and counters; works after the device has gone (R6). */
int sva_accel_status(struct sva_accel *accel, struct sva_accel_status *status);

/** enum sva_accel_completion_status in words.  Constant storage; async-signal-safe. */
const char *sva_accel_strstatus(uint32_t status);

/**
 * sva_accel_error - what became of a completed job, as an errno
 *
 * 0: success.  -EFAULT: fault_addr could not be accessed, done says how far it
 * got.  -EOPNOTSUPP: the device does not know the opcode.  -EINVAL: the
 * descriptor is wrong.  -ECANCELED: aborted.  -EINPROGRESS: not completed yet.
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

/* ------------------------------------------------------------ descriptors */

static inline __u64 sva_accel_address(const volatile void *pointer)
{
	return (__u64)(uintptr_t)pointer;
}

/**
 * sva_accel_prep - what all the helpers below begin with
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

static inline void sva_accel_prep_nop(struct sva_accel_desc *desc,
				      struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_NOP, completion);
}

/** @len bytes from @src to @dst, which may overlap */
static inline void sva_accel_prep_memmove(struct sva_accel_desc *desc, void *dst, const void *src,
					  size_t len, struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_MEMMOVE, completion);
	desc->dst = sva_accel_address(dst);
	desc->src = sva_accel_address(src);
	desc->len = len;
}

/** @len bytes at @dst with the 8 bytes of @pattern, repeated */
static inline void sva_accel_prep_fill(struct sva_accel_desc *desc, void *dst, uint64_t pattern,
				       size_t len, struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_FILL, completion);
	desc->dst = sva_accel_address(dst);
	desc->arg0 = pattern;
	desc->len = len;
}

/** result: the offset of the first difference, or @len */
static inline void sva_accel_prep_compare(struct sva_accel_desc *desc, const void *a,
					  const void *b, size_t len,
					  struct sva_accel_completion *completion)
{
	sva_accel_prep(desc, SVA_ACCEL_OP_COMPARE, completion);
	desc->src = sva_accel_address(a);
	desc->dst = sva_accel_address(b);
	desc->len = len;
}

/** result: the CRC32C; @seed: 0, or the result for the bytes before these */
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
 * sva_accel_prep_list_sum - walk a linked list
 * @first: the first node
 * @next_offset: where in a node the pointer to the next one stands
 * @value_offset: where in a node a 64-bit number stands
 * @limit: most nodes to visit; 0: no limit, so that a circle is walked until abort
 *
 * result: the sum of the numbers; done: the nodes seen
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
 * sva_accel_prep_list_find - search a linked list
 * @key, @key_len: the bytes looked for, at most SVA_ACCEL_MAX_KEY
 * @key_offset: where in a node its bytes stand; add SVA_ACCEL_DESC_KEY_POINTER
 *	to desc->flags if a pointer to them stands there
 *
 * result: the address of the first node that has them, 0: none; done: the nodes seen
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
 * sva_accel_prep_gather - collect elements by an index
 * @dst: where they go, one behind the other
 * @base: element 0
 * @index: @count numbers of elements
 * @size: bytes of an element, 1 to SVA_ACCEL_MAX_ELEMENT
 *
 * done: the bytes written.  @dst must overlap neither @index nor an element.
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
 * sva_accel_prep_tree_search - search a binary search tree
 * @root: its first node, NULL: an empty tree
 * @left_offset, @right_offset: where in a node the pointers to smaller and to greater
 *	keys stand
 * @key_offset: where in a node its key stands; add SVA_ACCEL_DESC_KEY_POINTER to
 *	desc->flags if a pointer to it stands there, and SVA_ACCEL_DESC_KEY_NUMBER if
 *	keys are unsigned numbers of 1, 2, 4 or 8 bytes; otherwise they are in the
 *	order of memcmp()
 * @key, @key_len: what is looked for, at most SVA_ACCEL_MAX_KEY bytes
 *
 * result: the address of the node with that key, 0: none; done: the nodes seen
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
