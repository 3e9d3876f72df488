// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * accel_jobs.c - every opcode of the reference accelerator against the CPU's
 * answer (docs/accelerator.md)
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

static const size_t sizes[] = {
	1, 2, 3, 7, 8, 9, 63, 64, 65, 4095, 4096, 4097, 8192 + 13, 65535, 65536, 65537,
	1 << 20, (1 << 20) + 1, 16 << 20,
};
#define SIZES (sizeof(sizes) / sizeof(sizes[0]))
#define LARGEST (16u << 20)
#define MARGIN 8192u

static const size_t offsets[] = { 0, 1, 7, 63, 4095, 4096 };
#define OFFSETS (sizeof(offsets) / sizeof(offsets[0]))

/* Contents that repeat nowhere near a page or a cache line */
static void scramble(unsigned char *p, size_t len, uint64_t seed)
{
	uint64_t x = seed * 0x9e3779b97f4a7c15u + 1;

	for (size_t i = 0; i < len; i++) {
		if (i % 8 == 0)
			x = x * 6364136223846793005u + 1442695040888963407u;
		p[i] = (unsigned char)(x >> (i % 8 * 8));
	}
}

static void check_bytes(const unsigned char *p, unsigned char value, size_t len, const char *what)
{
	for (size_t i = 0; i < len; i++)
		CHECK(p[i] == value, "%s: byte %zu is 0x%x", what, i, p[i]);
}

TEST(accel, nop_completes)
{
	struct sva_accel_completion done;
	struct queue queue;

	queue_open(&queue);
	done = queue_succeed(&queue, job_nop());
	CHECK_EQ(done.done, 0);
	CHECK_EQ(done.fault_addr, 0);
	CHECK_EQ(done.fault_access, 0);
	CHECK_EQ(done.page_requests, 0);
	queue_close(&queue);
}

static void one_memmove(struct queue *queue, unsigned char *dst, const unsigned char *src,
			size_t len)
{
	struct sva_accel_completion done;

	memset(dst - 8, 0xee, len + 16);
	done = queue_succeed(queue, job_memmove(dst, src, len));
	CHECK_EQ(done.done, len);
	CHECK(!memcmp(dst, src, len), "%zu bytes from %p to %p differ", len, (const void *)src,
	      (void *)dst);
	check_bytes(dst - 8, 0xee, 8, "in front of the destination");
	check_bytes(dst + len, 0xee, 8, "behind the destination");
}

TEST_WITHIN(accel, memmove_of_every_size_and_alignment, 180)
{
	unsigned char *src = pages_alloc(LARGEST + 2 * MARGIN);
	unsigned char *dst = pages_alloc(LARGEST + 2 * MARGIN);
	struct queue queue;

	scramble(src, LARGEST + 2 * MARGIN, 1);
	queue_open(&queue);
	for (size_t i = 0; i < SIZES; i++)
		for (size_t k = 0; k < OFFSETS; k++) {
			if (sizes[i] > 1 << 20 && k)
				continue;
			one_memmove(&queue, dst + 64 + offsets[k],
				    src + offsets[(k + i) % OFFSETS], sizes[i]);
		}
	queue_close(&queue);
}

static void one_overlap(struct queue *queue, unsigned char *area, unsigned char *wanted,
			size_t from, size_t to, size_t len)
{
	size_t size = (from > to ? from : to) + len + 64;

	scramble(area, size, len + from + 3 * to);
	memcpy(wanted, area, size);
	memmove(wanted + to, wanted + from, len);
	queue_succeed(queue, job_memmove(area + to, area + from, len));
	CHECK(!memcmp(area, wanted, size), "%zu bytes from offset %zu to %zu", len, from, to);
}

TEST_WITHIN(accel, memmove_that_overlaps_in_both_directions, 120)
{
	static const size_t shifts[] = { 1, 8, 63, 64, 4095, 4096, 4097, 65536, 100000 };
	static const size_t lens[] = { 2, 100, 4096, 70000, 300000, 2 << 20 };
	unsigned char *area = pages_alloc(4 << 20), *wanted = pages_alloc(4 << 20);
	struct queue queue;

	queue_open(&queue);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (size_t k = 0; k < sizeof(shifts) / sizeof(shifts[0]); k++) {
			one_overlap(&queue, area, wanted, 5, 5 + shifts[k], lens[i]);
			one_overlap(&queue, area, wanted, 5 + shifts[k], 5, lens[i]);
		}
	one_overlap(&queue, area, wanted, 17, 17, 100000);
	queue_close(&queue);
}

TEST(accel, jobs_of_no_length_touch_nothing)
{
	char bytes[16] = "untouched";
	struct sva_accel_completion done;
	struct queue queue;

	queue_open(&queue);
	done = queue_succeed(&queue, job_memmove(bytes, bytes + 8, 0));
	CHECK_EQ(done.done, 0);
	queue_succeed(&queue, job_fill(bytes, 0, 0));
	CHECK(!strcmp(bytes, "untouched"), "a job of no length wrote");
	done = queue_succeed(&queue, job_compare(bytes, bytes + 1, 0));
	CHECK_EQ(done.result, 0);
	done = queue_succeed(&queue, job_crc(bytes, 0, 0));
	CHECK_EQ(done.result, 0);
	done = queue_succeed(&queue, job_crc(bytes, 0, 0x12345678));
	CHECK_EQ(done.result, 0x12345678);
	queue_succeed(&queue, job_memmove(NULL, NULL, 0));
	queue_succeed(&queue, job_crc(NULL, 0, 0));
	queue_close(&queue);
}

static void one_fill(struct queue *queue, unsigned char *dst, size_t len)
{
	static const unsigned char pattern[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct sva_accel_completion done;
	uint64_t word;

	memcpy(&word, pattern, sizeof(word));
	memset(dst - 8, 0xee, len + 16);
	done = queue_succeed(queue, job_fill(dst, word, len));
	CHECK_EQ(done.done, len);
	for (size_t i = 0; i < len; i++)
		CHECK(dst[i] == pattern[i % 8], "fill of %zu at %p: byte %zu is %u", len,
		      (void *)dst, i, dst[i]);
	check_bytes(dst - 8, 0xee, 8, "in front of the fill");
	check_bytes(dst + len, 0xee, 8, "behind the fill");
}

TEST_WITHIN(accel, fill_of_every_size_and_alignment, 120)
{
	unsigned char *dst = pages_alloc(LARGEST + 2 * MARGIN);
	struct queue queue;

	queue_open(&queue);
	for (size_t i = 0; i < SIZES; i++)
		for (size_t k = 0; k < OFFSETS && (k == 0 || sizes[i] <= 1 << 20); k++)
			one_fill(&queue, dst + 64 + offsets[k], sizes[i]);
	queue_close(&queue);
}

static uint64_t compare(struct queue *queue, const void *a, const void *b, size_t len)
{
	struct sva_accel_completion done = queue_succeed(queue, job_compare(a, b, len));

	CHECK(done.done <= len, "done %llu of %zu", (unsigned long long)done.done, len);
	return done.result;
}

TEST_WITHIN(accel, compare_finds_the_first_difference, 120)
{
	unsigned char *a = pages_alloc(LARGEST + MARGIN), *b = pages_alloc(LARGEST + MARGIN);
	struct queue queue;

	scramble(a, LARGEST + MARGIN, 2);
	memcpy(b + 3, a, LARGEST);
	queue_open(&queue);
	for (size_t i = 0; i < SIZES; i++) {
		size_t len = sizes[i];
		size_t where[] = { 0, len / 2, len - 1 };

		CHECK_EQ(compare(&queue, a, b + 3, len), len);
		for (int k = 0; k < 3; k++) {
			b[3 + where[k]] ^= 0x40;
			CHECK_EQ(compare(&queue, a, b + 3, len), where[k]);
			CHECK_EQ(compare(&queue, b + 3, a, len), where[k]);
			b[3 + where[k]] ^= 0x40;
		}
	}
	queue_close(&queue);
}

TEST(accel, compare_tells_the_first_of_many_differences)
{
	unsigned char *a = pages_alloc(1 << 20), *b = pages_alloc(1 << 20);
	struct queue queue;

	scramble(a, 1 << 20, 3);
	for (size_t i = 0; i < 1 << 20; i++)
		b[i] = (unsigned char)(i < 123457 ? a[i] : ~a[i]);
	queue_open(&queue);
	CHECK_EQ(compare(&queue, a, b, 1 << 20), 123457);
	queue_close(&queue);
}

static uint32_t crc(struct queue *queue, const void *p, size_t len, uint32_t seed)
{
	struct sva_accel_completion done = queue_succeed(queue, job_crc(p, len, seed));

	CHECK_EQ(done.done, len);
	CHECK_EQ(done.result >> 32, 0);
	return (uint32_t)done.result;
}

TEST(accel, crc32c_of_the_known_answer)
{
	struct queue queue;

	queue_open(&queue);
	CHECK_EQ(crc(&queue, "123456789", 9, 0), 0xe3069283);
	CHECK_EQ(cpu_crc32c(0, "123456789", 9), 0xe3069283);
	queue_close(&queue);
}

TEST_WITHIN(accel, crc32c_of_every_size_and_alignment, 120)
{
	unsigned char *p = pages_alloc(LARGEST + MARGIN);
	struct queue queue;

	scramble(p, LARGEST + MARGIN, 4);
	queue_open(&queue);
	for (size_t i = 0; i < SIZES; i++)
		for (size_t k = 0; k < OFFSETS && (k == 0 || sizes[i] <= 65537); k++)
			CHECK_EQ(crc(&queue, p + offsets[k], sizes[i], 0),
				 cpu_crc32c(0, p + offsets[k], sizes[i]));
	queue_close(&queue);
}

TEST(accel, crc32c_in_pieces_is_the_crc32c_of_the_whole)
{
	unsigned char *p = pages_alloc(200000);
	struct queue queue;
	uint32_t pieces;

	scramble(p, 200000, 5);
	queue_open(&queue);
	pieces = crc(&queue, p, 77777, 0);
	pieces = crc(&queue, p + 77777, 200000 - 77777, pieces);
	CHECK_EQ(pieces, cpu_crc32c(0, p, 200000));
	queue_close(&queue);
}

/* A list whose nodes lie anywhere, on the heap and across pages, with the link not in front */
struct node {
	uint64_t number;
	char key[24];
	struct node *next;
	const char *name;
};

#define NODES 5000

static struct node *make_list(struct node **nodes)
{
	struct node *first = NULL;

	for (int i = NODES - 1; i >= 0; i--) {
		nodes[i] = malloc(sizeof(struct node) + (size_t)i % 50);
		nodes[i]->number = (uint64_t)i * i + 1;
		memset(nodes[i]->key, 0, sizeof(nodes[i]->key));
		memcpy(nodes[i]->key + 3, &i, sizeof(i));
		nodes[i]->name = nodes[i]->key + 3;
		nodes[i]->next = first;
		first = nodes[i];
	}
	return first;
}

static struct sva_accel_desc walk_list(const struct node *first)
{
	return job_walk(first, offsetof(struct node, next), offsetof(struct node, number));
}

TEST(accel, list_walk_adds_up_every_node)
{
	static struct node *nodes[NODES];
	struct node *first = make_list(nodes);
	struct sva_accel_completion done;
	struct sva_accel_desc job;
	struct queue queue;
	uint64_t sum = 0;

	queue_open(&queue);
	done = queue_succeed(&queue, walk_list(NULL));
	CHECK_EQ(done.result, 0);
	CHECK_EQ(done.done, 0);
	for (int i = 0; i < NODES; i++)
		sum += nodes[i]->number;
	done = queue_succeed(&queue, walk_list(first));
	CHECK_EQ(done.result, sum);
	CHECK_EQ(done.done, NODES);
	job = walk_list(first);
	job.arg1 = 3;
	done = queue_succeed(&queue, job);
	CHECK_EQ(done.result, nodes[0]->number + nodes[1]->number + nodes[2]->number);
	CHECK_EQ(done.done, 3);
	queue_close(&queue);
}

TEST(accel, list_walk_sum_wraps_like_the_cpu)
{
	struct node b = { .number = UINT64_MAX }, a = { .number = 5, .next = &b };
	struct sva_accel_completion done;
	struct queue queue;

	queue_open(&queue);
	done = queue_succeed(&queue, walk_list(&a));
	CHECK_EQ(done.result, 4);
	queue_close(&queue);
}

static struct sva_accel_desc find(const struct node *first, const void *key, size_t len)
{
	struct sva_accel_desc job = job_walk(first, offsetof(struct node, next),
					     offsetof(struct node, key) + 3);

	job.flags |= SVA_ACCEL_DESC_FIND;
	job.dst = (uintptr_t)key;
	job.len = len;
	return job;
}

TEST(accel, list_search_finds_the_first_that_matches)
{
	static struct node *nodes[NODES];
	struct node *first = make_list(nodes);
	static const int wanted[] = { 0, 1, 77, NODES - 1 };
	struct sva_accel_completion done;
	struct queue queue;
	int key;

	queue_open(&queue);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		key = wanted[i];
		done = queue_succeed(&queue, find(first, &key, sizeof(key)));
		CHECK_EQ(done.result, (uintptr_t)nodes[key]);
		CHECK_EQ(done.done, key + 1);
	}
	key = NODES;
	done = queue_succeed(&queue, find(first, &key, sizeof(key)));
	CHECK_EQ(done.result, 0);
	CHECK_EQ(done.done, NODES);
	memcpy(nodes[500]->key + 3, nodes[4]->key + 3, sizeof(key));
	key = 4;
	done = queue_succeed(&queue, find(first, &key, sizeof(key)));
	CHECK_EQ(done.result, (uintptr_t)nodes[4]);
	queue_close(&queue);
}

TEST(accel, list_search_stops_at_the_limit)
{
	static struct node *nodes[NODES];
	struct node *first = make_list(nodes);
	struct sva_accel_completion done;
	struct sva_accel_desc job;
	struct queue queue;
	int key = 100;

	queue_open(&queue);
	job = find(first, &key, sizeof(key));
	job.arg1 = 100;
	done = queue_succeed(&queue, job);
	CHECK_EQ(done.result, 0);
	CHECK_EQ(done.done, 100);
	job.arg1 = 101;
	done = queue_succeed(&queue, job);
	CHECK_EQ(done.result, (uintptr_t)nodes[100]);
	queue_close(&queue);
}

TEST(accel, list_search_through_key_pointers)
{
	static struct node *nodes[NODES];
	struct node *first = make_list(nodes);
	struct sva_accel_completion done;
	struct sva_accel_desc job;
	struct queue queue;
	int key = 4321;

	queue_open(&queue);
	job = job_walk(first, offsetof(struct node, next), offsetof(struct node, name));
	job.flags |= SVA_ACCEL_DESC_FIND | SVA_ACCEL_DESC_KEY_POINTER;
	job.dst = (uintptr_t)&key;
	job.len = sizeof(key);
	done = queue_succeed(&queue, job);
	CHECK_EQ(done.result, (uintptr_t)nodes[4321]);
	CHECK_EQ(done.done, 4322);
	queue_close(&queue);
}

TEST(accel, list_search_with_keys_up_to_the_longest)
{
	struct long_node {
		struct long_node *next;
		unsigned char key[SVA_ACCEL_MAX_KEY];
	} nodes[3];
	struct sva_accel_completion done;
	struct sva_accel_desc job;
	struct queue queue;

	for (int i = 0; i < 3; i++) {
		memset(nodes[i].key, 0x55, sizeof(nodes[i].key));
		nodes[i].key[SVA_ACCEL_MAX_KEY - 1] = (unsigned char)i;
		nodes[i].next = i < 2 ? &nodes[i + 1] : NULL;
	}
	queue_open(&queue);
	job = job_walk(nodes, offsetof(struct long_node, next), offsetof(struct long_node, key));
	job.flags |= SVA_ACCEL_DESC_FIND;
	job.dst = (uintptr_t)nodes[2].key;
	job.len = SVA_ACCEL_MAX_KEY;
	done = queue_succeed(&queue, job);
	CHECK_EQ(done.result, (uintptr_t)&nodes[2]);
	job.len = SVA_ACCEL_MAX_KEY + 1;
	done = queue_run(&queue, job);
	CHECK_EQ(done.status, SVA_ACCEL_BAD_DESC);
	job.len = 0;
	done = queue_run(&queue, job);
	CHECK_EQ(done.status, SVA_ACCEL_BAD_DESC);
	queue_close(&queue);
}

/* Memory of every kind that a process has: the device has no other pointers */
TEST(accel, stack_heap_static_and_file_memory_alike)
{
	static char in_data[4096] = "static";
	char on_stack[4096] = "stack";
	char *on_heap = malloc(4096);
	struct queue queue;

	queue_open(&queue);
	queue_succeed(&queue, job_memmove(on_heap, on_stack, sizeof(on_stack)));
	CHECK(!strcmp(on_heap, "stack"), "from stack to heap");
	queue_succeed(&queue, job_memmove(on_stack, in_data, sizeof(in_data)));
	CHECK(!strcmp(on_stack, "static"), "from data to stack");
	CHECK_EQ(crc(&queue, "a literal", 9, 0), cpu_crc32c(0, "a literal", 9));
	queue_close(&queue);
}

TEST(accel, huge_pages)
{
	size_t huge = 2u << 20;
	unsigned char *area = pages_alloc(4 * huge);
	unsigned char *p = (unsigned char *)(((uintptr_t)area + huge - 1) & ~(uintptr_t)(huge - 1));
	struct queue queue;

	madvise(p, 2 * huge, MADV_HUGEPAGE);
	queue_open(&queue);
	queue_succeed(&queue, job_fill(p, 0x3131313131313131, 2 * huge));
	check_bytes(p, 0x31, 2 * huge, "huge page");
	queue_close(&queue);
}
