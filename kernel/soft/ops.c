// SPDX-License-Identifier: GPL-2.0
/*
 * ops.c - the operations, a window's worth at a time
 *
 * A step does what fits into one window, moves job->record.done forward, and
 * says why it stopped.  It neither sleeps nor faults.
 */
#include <linux/highmem.h>
#include <linux/log2.h>
#include <linux/math64.h>
#include <linux/mm.h>

#include "compat.h"
#include "soft.h"

#define SOFT_BATCH	16	/* pages */

static enum soft_step miss(struct soft_job *job, u64 address, u64 len, u32 access)
{
	job->miss = address;
	job->miss_len = len;
	job->miss_access = access;
	return SOFT_MISS;
}

static u64 left(const struct soft_job *job)
{
	return job->desc.len - job->record.done;
}

static enum soft_step after_window(const struct soft_job *job)
{
	return left(job) ? SOFT_MORE : SOFT_DONE;
}

static u32 to_page_end(u64 address)
{
	return PAGE_SIZE - offset_in_page(address);
}

/* ------------------------------------------------- sources, page by page */

/* Does something with @len bytes at @data; returns how many it could take */
typedef size_t (*take_fn)(struct soft_job *job, struct softiommu_access *access,
			  const void *data, size_t len);

/*
 * What get_pages cannot give may be mapped in a way that only the CPU can
 * follow; one page through the bounce buffer, or it is a miss.
 */
static enum soft_step take_bounced(struct soft_job *job, struct softiommu_access *access,
				   take_fn take)
{
	u64 src = job->desc.src + job->record.done;
	size_t len = min_t(u64, left(job), to_page_end(src));
	size_t got;

	got = softiommu_read(access, job->q->bounce, src, len);
	if (!got)
		return miss(job, src, left(job), SVA_ACCESS_READ);
	len = take(job, access, job->q->bounce, got);
	job->record.done += len;
	return len < got ? SOFT_MISS : after_window(job);
}

/* Feed one batch of source pages to @take, without copying them first */
static enum soft_step take_batch(struct soft_job *job, struct softiommu_access *access,
				 u64 want, take_fn take)
{
	struct page *pages[SOFT_BATCH];
	u64 src = job->desc.src + job->record.done;
	bool stopped = false;
	int got;

	want = min_t(u64, want, SOFT_BATCH * PAGE_SIZE - offset_in_page(src));
	got = softiommu_get_pages(access, src, DIV_ROUND_UP(offset_in_page(src) + want, PAGE_SIZE),
				  pages);
	if (!got)
		return take_bounced(job, access, take);

	for (int i = 0; i < got; i++) {
		size_t len = min_t(u64, want, to_page_end(src));
		size_t took = 0;
		void *data;

		if (!stopped) {
			data = kmap_local_page(pages[i]);
			took = take(job, access, data + offset_in_page(src), len);
			kunmap_local(data);
			stopped = took < len;
		}
		put_page(pages[i]);
		job->record.done += took;
		src += took;
		want -= took;
	}
	return stopped ? SOFT_MISS : after_window(job);
}

static enum soft_step take_source(struct soft_job *job, struct softiommu_access *access,
				  take_fn take)
{
	u64 end = job->record.done + min_t(u64, left(job), SOFT_WINDOW);
	enum soft_step step = after_window(job);

	while (step == SOFT_MORE && job->record.done < end)
		step = take_batch(job, access, end - job->record.done, take);
	return step;
}

/* --------------------------------------------------------------- memmove */

static size_t copy_out(struct soft_job *job, struct softiommu_access *access,
		       const void *data, size_t len)
{
	u64 dst = job->desc.dst + job->record.done;
	size_t wrote = softiommu_write(access, dst, data, len);

	if (wrote < len)
		miss(job, dst + wrote, left(job) - wrote, SVA_ACCESS_WRITE);
	return wrote;
}

/*
 * One piece of an overlapping move, through the bounce buffer.  A piece stays
 * within a destination page, so that its write succeeds as a whole or not at
 * all: half a piece would overwrite what has to be read again.
 */
static enum soft_step move_piece(struct soft_job *job, struct softiommu_access *access,
				 u64 offset, size_t len)
{
	u64 src = job->desc.src + offset, dst = job->desc.dst + offset;
	size_t got;

	got = softiommu_read(access, job->q->bounce, src, len);
	if (got < len)
		return miss(job, src + got, len - got, SVA_ACCESS_READ);
	got = softiommu_write(access, dst, job->q->bounce, len);
	if (got < len)
		return miss(job, dst + got, len - got, SVA_ACCESS_WRITE);
	job->record.done += len;
	return SOFT_MORE;
}

static enum soft_step move_overlapping(struct soft_job *job, struct softiommu_access *access)
{
	bool backward = job->desc.dst > job->desc.src;
	enum soft_step step = SOFT_MORE;

	for (u32 i = 0; i < SOFT_WINDOW / PAGE_SIZE && left(job) && step == SOFT_MORE; i++) {
		u64 end, offset;
		size_t len;

		if (backward) {
			end = job->desc.dst + left(job);
			len = min_t(u64, left(job), offset_in_page(end - 1) + 1);
			offset = left(job) - len;
		} else {
			offset = job->record.done;
			len = min_t(u64, left(job), to_page_end(job->desc.dst + offset));
		}
		step = move_piece(job, access, offset, len);
	}
	return step == SOFT_MORE ? after_window(job) : step;
}

static enum soft_step op_memmove(struct soft_job *job, struct softiommu_access *access)
{
	u64 src = job->desc.src, dst = job->desc.dst;
	u64 distance = src > dst ? src - dst : dst - src;

	if (distance < job->desc.len)
		return move_overlapping(job, access);
	return take_source(job, access, copy_out);
}

/* ------------------------------------------------------------------ fill */

static void lay_pattern(struct soft_job *job)
{
	u8 pattern[8];

	memcpy(pattern, &job->desc.arg0, sizeof(pattern));
	for (u32 i = 0; i < PAGE_SIZE; i++)
		job->q->bounce[i] = pattern[(job->record.done + i) & 7];
}

static enum soft_step op_fill(struct soft_job *job, struct softiommu_access *access)
{
	u64 window = SOFT_WINDOW;

	lay_pattern(job);
	while (left(job) && window) {
		size_t len = min3(left(job), window, (u64)PAGE_SIZE);
		u64 dst = job->desc.dst + job->record.done;
		size_t wrote = softiommu_write(access, dst, job->q->bounce, len);

		job->record.done += wrote;
		window -= wrote;
		if (wrote < len)
			return miss(job, dst + wrote, left(job), SVA_ACCESS_WRITE);
	}
	return after_window(job);
}

/* --------------------------------------------------------------- compare */

static size_t first_difference(const u8 *a, const u8 *b, size_t len)
{
	size_t i = 0;

	if (!memcmp(a, b, len))
		return len;
	while (a[i] == b[i])
		i++;
	return i;
}

static enum soft_step op_compare(struct soft_job *job, struct softiommu_access *access)
{
	u8 *a = job->q->bounce, *b = a + PAGE_SIZE;

	for (u32 i = 0; i < SOFT_WINDOW / PAGE_SIZE && left(job); i++) {
		u64 src = job->desc.src + job->record.done;
		u64 dst = job->desc.dst + job->record.done;
		size_t len = min_t(u64, left(job), PAGE_SIZE), same;

		len = min_t(size_t, len, to_page_end(src));
		len = min_t(size_t, len, to_page_end(dst));
		if (softiommu_read(access, a, src, len) < len)
			return miss(job, src, left(job), SVA_ACCESS_READ);
		if (softiommu_read(access, b, dst, len) < len)
			return miss(job, dst, left(job), SVA_ACCESS_READ);
		same = first_difference(a, b, len);
		job->record.done += same;
		job->record.result = job->record.done;
		if (same < len)
			return SOFT_DONE;
	}
	return after_window(job);
}

/* ---------------------------------------------------------------- crc32c */

static size_t add_crc(struct soft_job *job, struct softiommu_access *access,
		      const void *data, size_t len)
{
	job->record.result = (u32)~compat_crc32c(~(u32)job->record.result, data, len);
	return len;
}

static enum soft_step op_crc32c(struct soft_job *job, struct softiommu_access *access)
{
	if (!job->record.done)
		job->record.result = (u32)job->desc.arg0;
	return take_source(job, access, add_crc);
}

/* ------------------------------------------------------------- list walk */

static bool read_all(struct soft_job *job, struct softiommu_access *access, void *to,
		     u64 address, size_t len)
{
	size_t got = softiommu_read(access, to, address, len);

	if (got < len)
		miss(job, address + got, 1, SVA_ACCESS_READ);
	return got == len;
}

/* 1: this is the one, 0: it is not, -1: miss */
static int key_matches(struct soft_job *job, struct softiommu_access *access, u64 address)
{
	u8 key[SVA_ACCEL_MAX_KEY];
	size_t len = job->desc.len;

	if (!job->key_read && !read_all(job, access, job->key, job->desc.dst, len))
		return -1;
	job->key_read = true;
	if ((job->desc.flags & SVA_ACCEL_DESC_KEY_POINTER) &&
	    !read_all(job, access, &address, address, sizeof(address)))
		return -1;
	if (!read_all(job, access, key, address, len))
		return -1;
	return !memcmp(key, job->key, len);
}

static enum soft_step visit_node(struct soft_job *job, struct softiommu_access *access)
{
	u64 next_at = job->node + (u32)job->desc.arg0;
	u64 key_at = job->node + (u32)(job->desc.arg0 >> 32);
	u64 next, number = 0;
	int found = 0;

	if (job->desc.flags & SVA_ACCEL_DESC_FIND)
		found = key_matches(job, access, key_at);
	else if (!read_all(job, access, &number, key_at, sizeof(number)))
		return SOFT_MISS;
	if (found < 0)
		return SOFT_MISS;
	if (found) {
		job->record.done++;
		job->record.result = job->node;
		return SOFT_DONE;
	}
	if (!read_all(job, access, &next, next_at, sizeof(next)))
		return SOFT_MISS;
	job->record.done++;
	job->record.result += number;
	job->node = next;
	return SOFT_MORE;
}

static enum soft_step op_list_walk(struct soft_job *job, struct softiommu_access *access)
{
	for (u32 i = 0; i < SOFT_WINDOW_NODES; i++) {
		enum soft_step step;

		if (!job->node || (job->desc.arg1 && job->record.done >= job->desc.arg1))
			return SOFT_DONE;
		step = visit_node(job, access);
		if (step != SOFT_MORE)
			return step;
	}
	return SOFT_MORE;
}

/* ---------------------------------------------------------------- gather */

/* Of one element; it is copied as a whole or not at all */
static enum soft_step gather_one(struct soft_job *job, struct softiommu_access *access)
{
	const u64 size = job->desc.arg1, number = div64_u64(job->record.done, size);
	u64 at = job->desc.arg0 + number * sizeof(u64), index;
	u64 dst = job->desc.dst + job->record.done;
	size_t did;

	did = softiommu_read(access, &index, at, sizeof(index));
	if (did < sizeof(index))
		return miss(job, at + did, div64_u64(left(job), size) * sizeof(u64),
			    SVA_ACCESS_READ);
	at = job->desc.src + index * size;
	did = softiommu_read(access, job->q->bounce, at, size);
	if (did < size)
		return miss(job, at + did, size - did, SVA_ACCESS_READ);
	did = softiommu_write(access, dst, job->q->bounce, size);
	if (did < size)
		return miss(job, dst + did, left(job) - did, SVA_ACCESS_WRITE);
	job->record.done += size;
	return after_window(job);
}

static enum soft_step op_gather(struct soft_job *job, struct softiommu_access *access)
{
	u64 end = job->record.done + min_t(u64, left(job), SOFT_WINDOW);
	enum soft_step step = after_window(job);

	for (u32 i = 0; i < SOFT_WINDOW_NODES && job->record.done < end && step == SOFT_MORE; i++)
		step = gather_one(job, access);
	return step;
}

/* ----------------------------------------------------------- tree search */

static u64 number_of(const u8 *key, size_t len)
{
	u64 number = 0;

	memcpy(&number, key, len);	/* little endian, like all numbers here */
	return le64_to_cpu((__force __le64)number);
}

/* The key that is looked for against a node's: negative, 0, positive */
static int compare_keys(const struct soft_job *job, const u8 *key)
{
	u64 wanted, seen;

	if (!(job->desc.flags & SVA_ACCEL_DESC_KEY_NUMBER))
		return memcmp(job->key, key, job->desc.len);
	wanted = number_of(job->key, job->desc.len);
	seen = number_of(key, job->desc.len);
	return wanted < seen ? -1 : wanted > seen;
}

static enum soft_step visit_tree_node(struct soft_job *job, struct softiommu_access *access)
{
	u64 key_at = job->node + (u32)job->desc.arg1, next;
	u32 left_offset = job->desc.arg0, right_offset = job->desc.arg0 >> 32;
	u8 key[SVA_ACCEL_MAX_KEY];
	int order;

	if ((job->desc.flags & SVA_ACCEL_DESC_KEY_POINTER) &&
	    !read_all(job, access, &key_at, key_at, sizeof(key_at)))
		return SOFT_MISS;
	if (!read_all(job, access, key, key_at, job->desc.len))
		return SOFT_MISS;
	order = compare_keys(job, key);
	next = job->node + (order < 0 ? left_offset : right_offset);
	if (order && !read_all(job, access, &next, next, sizeof(next)))
		return SOFT_MISS;
	job->record.done++;
	if (!order) {
		job->record.result = job->node;
		return SOFT_DONE;
	}
	job->node = next;
	return SOFT_MORE;
}

static enum soft_step op_tree_search(struct soft_job *job, struct softiommu_access *access)
{
	const u32 limit = job->desc.arg1 >> 32;

	if (!job->key_read && !read_all(job, access, job->key, job->desc.dst, job->desc.len))
		return SOFT_MISS;
	job->key_read = true;
	for (u32 i = 0; i < SOFT_WINDOW_NODES; i++) {
		enum soft_step step;

		if (!job->node || (limit && job->record.done >= limit))
			return SOFT_DONE;
		step = visit_tree_node(job, access);
		if (step != SOFT_MORE)
			return step;
	}
	return SOFT_MORE;
}

static enum soft_step op_nop(struct soft_job *job, struct softiommu_access *access)
{
	return SOFT_DONE;
}

/* -------------------------------------------------------------- decoding */

#define SOFT_ANY_FLAGS	(SVA_ACCEL_DESC_BLOCK_ON_FAULT | SVA_ACCEL_DESC_IRQ)
#define SOFT_WALK_FLAGS	(SVA_ACCEL_DESC_FIND | SVA_ACCEL_DESC_KEY_POINTER)
#define SOFT_TREE_FLAGS	(SVA_ACCEL_DESC_KEY_POINTER | SVA_ACCEL_DESC_KEY_NUMBER)

static const struct {
	soft_step_fn step;
	u16 flags;
} operations[] = {
	[SVA_ACCEL_OP_NOP] = { op_nop, SOFT_ANY_FLAGS },
	[SVA_ACCEL_OP_MEMMOVE] = { op_memmove, SOFT_ANY_FLAGS },
	[SVA_ACCEL_OP_FILL] = { op_fill, SOFT_ANY_FLAGS },
	[SVA_ACCEL_OP_COMPARE] = { op_compare, SOFT_ANY_FLAGS },
	[SVA_ACCEL_OP_CRC32C] = { op_crc32c, SOFT_ANY_FLAGS },
	[SVA_ACCEL_OP_LIST_WALK] = { op_list_walk, SOFT_ANY_FLAGS | SOFT_WALK_FLAGS },
	[SVA_ACCEL_OP_GATHER] = { op_gather, SOFT_ANY_FLAGS },
	[SVA_ACCEL_OP_TREE_SEARCH] = { op_tree_search, SOFT_ANY_FLAGS | SOFT_TREE_FLAGS },
};

static bool key_valid(const struct sva_accel_desc *desc)
{
	if (desc->flags & SVA_ACCEL_DESC_KEY_NUMBER)
		return desc->len <= sizeof(u64) && is_power_of_2(desc->len);
	return desc->len && desc->len <= SVA_ACCEL_MAX_KEY;
}

static bool elements_valid(const struct sva_accel_desc *desc)
{
	u64 end;

	return desc->arg1 && desc->arg1 <= SVA_ACCEL_MAX_ELEMENT &&
	       desc->len == div64_u64(desc->len, desc->arg1) * desc->arg1 &&
	       !check_add_overflow(desc->dst, desc->len, &end);
}

static bool ranges_valid(const struct sva_accel_desc *desc)
{
	u64 end;

	switch (desc->opcode) {
	case SVA_ACCEL_OP_LIST_WALK:
		return !(desc->flags & SVA_ACCEL_DESC_FIND) || key_valid(desc);
	case SVA_ACCEL_OP_TREE_SEARCH:
		return key_valid(desc);
	case SVA_ACCEL_OP_GATHER:
		return elements_valid(desc);
	}
	return !check_add_overflow(desc->src, desc->len, &end) &&
	       !check_add_overflow(desc->dst, desc->len, &end);
}

/**
 * soft_operation() - the steps of a descriptor, or NULL and what is wrong with it
 */
soft_step_fn soft_operation(const struct sva_accel_desc *desc, u32 *status)
{
	*status = SVA_ACCEL_BAD_OPCODE;
	if (desc->opcode >= ARRAY_SIZE(operations))
		return NULL;
	*status = SVA_ACCEL_BAD_DESC;
	if (desc->reserved0 || desc->reserved1 || desc->reserved2 ||
	    (desc->flags & ~operations[desc->opcode].flags) || !ranges_valid(desc))
		return NULL;
	return operations[desc->opcode].step;
}
