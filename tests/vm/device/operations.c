// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * operations.c - what descriptors ask for, a bounded step at a time
 *
 * A step moves job->record.done forward and says why it stopped.  It sees memory
 * through memory.h alone, so that the unit tests can put their own behind it.
 */
#include <stddef.h>
#include <string.h>

#include "tests/vm/device/job.h"
#include "tests/vm/device/memory.h"

#define PATTERN_BYTES	4096

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t left(const struct job *job)
{
	return job->desc.len - job->record.done;
}

static enum step after_step(const struct job *job)
{
	return left(job) ? STEP_MORE : STEP_DONE;
}

static enum step miss(struct job *job, uint64_t address, uint64_t len, uint32_t access)
{
	job->miss = address;
	job->miss_len = len;
	job->miss_access = access;
	return STEP_MISS;
}

static bool readable(struct job *job, uint64_t address, uint64_t len, struct place *place)
{
	if (memory_at(job->ctx, address, len, false, place))
		return true;
	miss(job, address, len, SVA_ACCESS_READ);
	return false;
}

static bool writable(struct job *job, uint64_t address, uint64_t len, struct place *place)
{
	if (memory_at(job->ctx, address, len, true, place))
		return true;
	miss(job, address, len, SVA_ACCESS_WRITE);
	return false;
}

/* --------------------------------------------------------------- memmove */

/* Both ends are there before the first byte moves, so that a piece is whole or not */
static uint64_t move_forward(struct job *job, uint64_t most)
{
	uint64_t src = job->desc.src + job->record.done, dst = job->desc.dst + job->record.done;
	struct place from, to;

	if (!readable(job, src, left(job), &from) || !writable(job, dst, left(job), &to))
		return 0;
	most = least(most, least(from.len, to.len));
	memory_store(&to, from.host, most);
	return most;
}

static uint64_t to_page_start(uint64_t end)
{
	return ((end - 1) & 4095) + 1;
}

/* The last bytes first: as many as lie in one page on both sides */
static uint64_t move_backward(struct job *job, uint64_t most)
{
	uint64_t src = job->desc.src + left(job), dst = job->desc.dst + left(job);
	struct place from, to;

	most = least(least(most, left(job)), least(to_page_start(src), to_page_start(dst)));
	if (!readable(job, src - most, most, &from) || !writable(job, dst - most, most, &to))
		return 0;
	memory_store(&to, from.host, most);
	return most;
}

static enum step op_memmove(struct job *job)
{
	uint64_t ahead = job->desc.dst - job->desc.src, budget = STEP_BYTES;
	bool backward = ahead && ahead < job->desc.len;

	while (left(job) && budget) {
		uint64_t moved = backward ? move_backward(job, budget) :
					    move_forward(job, budget);

		if (!moved)
			return STEP_MISS;
		job->record.done += moved;
		budget -= moved;
	}
	return after_step(job);
}

/* ------------------------------------------------------------------ fill */

static void pattern_lay(const struct job *job, uint8_t *pattern)
{
	uint8_t bytes[8];

	memcpy(bytes, &job->desc.arg0, sizeof(bytes));
	for (unsigned int i = 0; i < PATTERN_BYTES + 8; i++)
		pattern[i] = bytes[(job->record.done + i) & 7];
}

static enum step op_fill(struct job *job)
{
	uint8_t pattern[PATTERN_BYTES + 8];
	uint64_t start = job->record.done, budget = STEP_BYTES;
	struct place to;

	pattern_lay(job, pattern);
	while (left(job) && budget) {
		uint64_t len = least(left(job), budget);

		if (!writable(job, job->desc.dst + job->record.done, len, &to)) {
			job->miss_len = left(job);
			return STEP_MISS;
		}
		memory_store(&to, pattern + ((job->record.done - start) & 7), to.len);
		job->record.done += to.len;
		budget -= to.len;
	}
	return after_step(job);
}

/* --------------------------------------------------------------- compare */

static uint64_t same_bytes(const uint8_t *a, const uint8_t *b, uint64_t len)
{
	uint64_t i = 0;

	if (!memcmp(a, b, len))
		return len;
	while (i < len && a[i] == b[i])
		i++;
	return i;
}

static enum step op_compare(struct job *job)
{
	uint64_t budget = STEP_BYTES;
	struct place a, b;

	while (left(job) && budget) {
		uint64_t done = job->record.done, len, same;

		if (!readable(job, job->desc.src + done, left(job), &a) ||
		    !readable(job, job->desc.dst + done, left(job), &b))
			return STEP_MISS;
		len = least(budget, least(a.len, b.len));
		same = same_bytes(a.host, b.host, len);
		job->record.done += same;
		job->record.result = job->record.done;
		if (same < len)
			return STEP_DONE;
		budget -= len;
	}
	return after_step(job);
}

/* ---------------------------------------------------------------- crc32c */

static uint32_t crc_table[256];

__attribute__((constructor)) static void crc_table_make(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78 : crc >> 1;
		crc_table[i] = crc;
	}
}

static uint32_t crc_by_table(uint32_t crc, const uint8_t *data, size_t len)
{
	while (len--)
		crc = crc_table[(crc ^ *data++) & 0xff] ^ crc >> 8;
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2")))
static uint32_t crc_by_cpu(uint32_t crc, const uint8_t *data, size_t len)
{
	uint64_t wide = crc, word;

	for (; len >= sizeof(word); data += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, data, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
	}
	return crc_by_table((uint32_t)wide, data, len);
}
#endif

uint32_t operation_crc32c(uint32_t crc, const void *data, size_t len)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return ~crc_by_cpu(~crc, data, len);
#endif
	return ~crc_by_table(~crc, data, len);
}

static enum step op_crc32c(struct job *job)
{
	uint64_t budget = STEP_BYTES;
	struct place from;

	if (!job->record.done)
		job->record.result = (uint32_t)job->desc.arg0;
	while (left(job) && budget) {
		if (!readable(job, job->desc.src + job->record.done, left(job), &from))
			return STEP_MISS;
		from.len = least(from.len, budget);
		job->record.result = operation_crc32c((uint32_t)job->record.result, from.host,
						      from.len);
		job->record.done += from.len;
		budget -= from.len;
	}
	return after_step(job);
}

/* ------------------------------------------------------------- list walk */

/* A few bytes, which may lie in two pages */
static bool read_bytes(struct job *job, void *to, uint64_t address, size_t len)
{
	struct place from;
	size_t got = 0;

	while (got < len) {
		if (!readable(job, address + got, len - got, &from)) {
			job->miss_len = 1;
			return false;
		}
		memcpy((uint8_t *)to + got, from.host, from.len);
		got += from.len;
	}
	return true;
}

/* 1: this is the one, 0: it is not, -1: miss */
static int key_matches(struct job *job, uint64_t address)
{
	uint8_t key[SVA_ACCEL_MAX_KEY];
	size_t len = job->desc.len;

	if (!job->key_read && !read_bytes(job, job->key, job->desc.dst, len))
		return -1;
	job->key_read = true;
	if ((job->desc.flags & SVA_ACCEL_DESC_KEY_POINTER) &&
	    !read_bytes(job, &address, address, sizeof(address)))
		return -1;
	if (!read_bytes(job, key, address, len))
		return -1;
	return !memcmp(key, job->key, len);
}

static enum step visit_node(struct job *job)
{
	uint64_t next_at = job->node + (uint32_t)job->desc.arg0;
	uint64_t key_at = job->node + (uint32_t)(job->desc.arg0 >> 32);
	uint64_t next, number = 0;
	int found = 0;

	if (job->desc.flags & SVA_ACCEL_DESC_FIND)
		found = key_matches(job, key_at);
	else if (!read_bytes(job, &number, key_at, sizeof(number)))
		return STEP_MISS;
	if (found < 0)
		return STEP_MISS;
	if (found) {
		job->record.done++;
		job->record.result = job->node;
		return STEP_DONE;
	}
	if (!read_bytes(job, &next, next_at, sizeof(next)))
		return STEP_MISS;
	job->record.done++;
	job->record.result += number;
	job->node = next;
	return STEP_MORE;
}

static enum step op_list_walk(struct job *job)
{
	for (unsigned int i = 0; i < STEP_NODES; i++) {
		enum step step;

		if (!job->node || (job->desc.arg1 && job->record.done >= job->desc.arg1))
			return STEP_DONE;
		step = visit_node(job);
		if (step != STEP_MORE)
			return step;
	}
	return STEP_MORE;
}

/* ---------------------------------------------------------------- gather */

/* As many bytes as were there; the rest is a miss */
static size_t write_bytes(struct job *job, uint64_t address, const uint8_t *data, size_t len)
{
	struct place to;
	size_t done = 0;

	while (done < len && writable(job, address + done, len - done, &to)) {
		memory_store(&to, data + done, to.len);
		done += to.len;
	}
	return done;
}

/* Of one element; it is copied as a whole or not at all */
static enum step gather_one(struct job *job)
{
	const uint64_t size = job->desc.arg1, number = job->record.done / size;
	uint8_t element[SVA_ACCEL_MAX_ELEMENT];
	uint64_t index;
	size_t wrote;

	if (!read_bytes(job, &index, job->desc.arg0 + number * sizeof(index), sizeof(index))) {
		job->miss_len = left(job) / size * sizeof(index);
		return STEP_MISS;
	}
	if (!read_bytes(job, element, job->desc.src + index * size, size))
		return STEP_MISS;
	wrote = write_bytes(job, job->desc.dst + job->record.done, element, size);
	if (wrote < size) {
		job->miss_len = left(job) - wrote;
		return STEP_MISS;
	}
	job->record.done += size;
	return after_step(job);
}

static enum step op_gather(struct job *job)
{
	uint64_t end = job->record.done + least(left(job), STEP_BYTES);
	enum step step = after_step(job);

	for (unsigned int i = 0; i < STEP_NODES && job->record.done < end && step == STEP_MORE; i++)
		step = gather_one(job);
	return step;
}

/* ----------------------------------------------------------- tree search */

/* Little endian, like all numbers here and the machine that this runs on */
static uint64_t number_of(const uint8_t *key, size_t len)
{
	uint64_t number = 0;

	memcpy(&number, key, len);
	return number;
}

/* The key that is looked for against a node's: negative, 0, positive */
static int keys_compare(const struct job *job, const uint8_t *key)
{
	uint64_t wanted, seen;

	if (!(job->desc.flags & SVA_ACCEL_DESC_KEY_NUMBER))
		return memcmp(job->key, key, job->desc.len);
	wanted = number_of(job->key, job->desc.len);
	seen = number_of(key, job->desc.len);
	return wanted < seen ? -1 : wanted > seen;
}

static enum step visit_tree_node(struct job *job)
{
	uint64_t key_at = job->node + (uint32_t)job->desc.arg1, next;
	uint32_t left_offset = (uint32_t)job->desc.arg0, right_offset = job->desc.arg0 >> 32;
	uint8_t key[SVA_ACCEL_MAX_KEY];
	int order;

	if ((job->desc.flags & SVA_ACCEL_DESC_KEY_POINTER) &&
	    !read_bytes(job, &key_at, key_at, sizeof(key_at)))
		return STEP_MISS;
	if (!read_bytes(job, key, key_at, job->desc.len))
		return STEP_MISS;
	order = keys_compare(job, key);
	next = job->node + (order < 0 ? left_offset : right_offset);
	if (order && !read_bytes(job, &next, next, sizeof(next)))
		return STEP_MISS;
	job->record.done++;
	if (!order) {
		job->record.result = job->node;
		return STEP_DONE;
	}
	job->node = next;
	return STEP_MORE;
}

static enum step op_tree_search(struct job *job)
{
	const uint32_t limit = job->desc.arg1 >> 32;

	if (!job->key_read && !read_bytes(job, job->key, job->desc.dst, job->desc.len))
		return STEP_MISS;
	job->key_read = true;
	for (unsigned int i = 0; i < STEP_NODES; i++) {
		enum step step;

		if (!job->node || (limit && job->record.done >= limit))
			return STEP_DONE;
		step = visit_tree_node(job);
		if (step != STEP_MORE)
			return step;
	}
	return STEP_MORE;
}

static enum step op_nop(struct job *job)
{
	(void)job;
	return STEP_DONE;
}

/* -------------------------------------------------------------- decoding */

#define ANY_FLAGS	(SVA_ACCEL_DESC_BLOCK_ON_FAULT | SVA_ACCEL_DESC_IRQ)
#define WALK_FLAGS	(SVA_ACCEL_DESC_FIND | SVA_ACCEL_DESC_KEY_POINTER)
#define TREE_FLAGS	(SVA_ACCEL_DESC_KEY_POINTER | SVA_ACCEL_DESC_KEY_NUMBER)

static const struct {
	step_fn step;
	uint16_t flags;
} operations[] = {
	[SVA_ACCEL_OP_NOP] = { op_nop, ANY_FLAGS },
	[SVA_ACCEL_OP_MEMMOVE] = { op_memmove, ANY_FLAGS },
	[SVA_ACCEL_OP_FILL] = { op_fill, ANY_FLAGS },
	[SVA_ACCEL_OP_COMPARE] = { op_compare, ANY_FLAGS },
	[SVA_ACCEL_OP_CRC32C] = { op_crc32c, ANY_FLAGS },
	[SVA_ACCEL_OP_LIST_WALK] = { op_list_walk, ANY_FLAGS | WALK_FLAGS },
	[SVA_ACCEL_OP_GATHER] = { op_gather, ANY_FLAGS },
	[SVA_ACCEL_OP_TREE_SEARCH] = { op_tree_search, ANY_FLAGS | TREE_FLAGS },
};

static bool key_valid(const struct sva_accel_desc *desc)
{
	if (desc->flags & SVA_ACCEL_DESC_KEY_NUMBER)
		return desc->len && desc->len <= 8 && !(desc->len & (desc->len - 1));
	return desc->len && desc->len <= SVA_ACCEL_MAX_KEY;
}

static bool elements_valid(const struct sva_accel_desc *desc)
{
	uint64_t end;

	return desc->arg1 && desc->arg1 <= SVA_ACCEL_MAX_ELEMENT &&
	       desc->len % desc->arg1 == 0 &&
	       !__builtin_add_overflow(desc->dst, desc->len, &end);
}

static bool ranges_valid(const struct sva_accel_desc *desc)
{
	uint64_t end;

	switch (desc->opcode) {
	case SVA_ACCEL_OP_LIST_WALK:
		return !(desc->flags & SVA_ACCEL_DESC_FIND) || key_valid(desc);
	case SVA_ACCEL_OP_TREE_SEARCH:
		return key_valid(desc);
	case SVA_ACCEL_OP_GATHER:
		return elements_valid(desc);
	}
	return !__builtin_add_overflow(desc->src, desc->len, &end) &&
	       !__builtin_add_overflow(desc->dst, desc->len, &end);
}

step_fn operation_find(const struct sva_accel_desc *desc, uint32_t *status)
{
	*status = SVA_ACCEL_BAD_OPCODE;
	if (desc->opcode >= sizeof(operations) / sizeof(operations[0]))
		return NULL;
	*status = SVA_ACCEL_BAD_DESC;
	if (desc->reserved0 || desc->reserved1 || desc->reserved2 ||
	    (desc->flags & ~operations[desc->opcode].flags) || !ranges_valid(desc))
		return NULL;
	return operations[desc->opcode].step;
}
