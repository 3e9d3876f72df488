// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * accel_search.c - gather by an index, and search in a tree, against the CPU's answer
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

#define PAGE 4096u

static uint64_t number_next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

static struct sva_accel_desc job_gather(void *dst, const void *base, const uint64_t *index,
					size_t count, size_t size)
{
	return (struct sva_accel_desc){
		.opcode = SVA_ACCEL_OP_GATHER,
		.flags = SVA_ACCEL_DESC_BLOCK_ON_FAULT,
		.src = (uintptr_t)base,
		.dst = (uintptr_t)dst,
		.len = count * size,
		.arg0 = (uintptr_t)index,
		.arg1 = size,
	};
}

/* ---------------------------------------------------------------- gather */

#define ELEMENTS 5000u

static void gather_one_size(struct queue *queue, size_t size)
{
	/* one byte off, so that nothing is aligned and elements lie across pages */
	unsigned char *base = (unsigned char *)pages_alloc(ELEMENTS * size + PAGE) + 1;
	unsigned char *dst = (unsigned char *)pages_alloc(ELEMENTS * size + PAGE) + 3;
	uint64_t *index = pages_alloc(ELEMENTS * sizeof(*index)), state = size;
	struct sva_accel_completion done;

	for (size_t i = 0; i < ELEMENTS * size; i++)
		base[i] = (unsigned char)(i * 7 + i / 251);
	for (size_t i = 0; i < ELEMENTS; i++)
		index[i] = number_next(&state) % ELEMENTS;
	done = queue_succeed(queue, job_gather(dst, base, index, ELEMENTS, size));
	CHECK_EQ(done.done, ELEMENTS * size);
	for (size_t i = 0; i < ELEMENTS; i++)
		CHECK(!memcmp(dst + i * size, base + index[i] * size, size),
		      "element %zu of %zu bytes is another than %llu", i, size,
		      (unsigned long long)index[i]);
	CHECK_EQ(dst[ELEMENTS * size], 0);
}

TEST(accel, gather_collects_elements_of_every_size)
{
	static const size_t sizes[] = { 1, 2, 3, 8, 24, 100, 4095, 4096 };
	struct queue queue;

	queue_open(&queue);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		gather_one_size(&queue, sizes[i]);
	queue_close(&queue);
}

TEST(accel, gather_of_wrong_elements_accesses_nothing)
{
	static const struct {
		uint64_t size, len;
	} wrong[] = { { 0, 8 }, { 4097, 4097 }, { 8, 12 }, { UINT64_MAX, UINT64_MAX }, { 3, 8 } };
	static uint64_t index[4], dst[4], base[4] = { 1, 2, 3, 4 };
	struct sva_accel_desc job = job_gather(dst, base, index, 1, 8);
	struct queue queue;

	queue_open(&queue);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		job.arg1 = wrong[i].size;
		job.len = wrong[i].len;
		CHECK_EQ(queue_run(&queue, job).status, SVA_ACCEL_BAD_DESC);
	}
	job.arg1 = job.len = 8;
	job.flags |= SVA_ACCEL_DESC_FIND;
	CHECK_EQ(queue_run(&queue, job).status, SVA_ACCEL_BAD_DESC);
	CHECK_EQ(dst[0], 0);
	queue_close(&queue);
}

/* An index is the process's own: one that leads nowhere faults there, R1 */
TEST(R1, gather_from_nowhere_faults_at_the_element)
{
	static uint64_t index[3] = { 0, 0, 1 }, dst[3], base[1] = { 42 };
	unsigned char *hole = (unsigned char *)guarded_alloc(PAGE) + PAGE;
	struct sva_accel_completion done;
	struct queue queue;

	queue_open(&queue);
	index[2] = ((uintptr_t)hole - (uintptr_t)base) / sizeof(base[0]);
	done = queue_run(&queue, job_gather(dst, base, index, 3, sizeof(base[0])));
	CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
	CHECK_EQ(done.fault_access, SVA_ACCESS_READ);
	CHECK(done.fault_addr >= (uintptr_t)hole && done.fault_addr < (uintptr_t)hole + PAGE,
	      "fault at 0x%llx", (unsigned long long)done.fault_addr);
	CHECK_EQ(done.done, 2 * sizeof(base[0]));
	CHECK_EQ(dst[0], 42);
	CHECK_EQ(dst[1], 42);
	CHECK_EQ(dst[2], 0);
	queue_close(&queue);
}

/* The rest of a job that reports its faults is submitted as the specification says */
TEST(accel, gather_that_reports_faults_is_resumed_element_by_element)
{
	const size_t count = 2000, size = 24;
	unsigned char *base = pages_alloc(count * size), *dst = pages_alloc(count * size);
	uint64_t *index = pages_alloc(count * sizeof(*index));
	struct sva_accel_completion done;
	struct sva_accel_desc job;
	unsigned int faults = 0;
	struct queue queue;

	for (size_t i = 0; i < count * size; i++)
		base[i] = (unsigned char)(i * 13);
	for (size_t i = 0; i < count; i++)
		index[i] = count - 1 - i;
	MUST(madvise(dst, count * size, MADV_NOHUGEPAGE));
	queue_open(&queue);
	job = job_reporting(job_gather(dst, base, index, count, size));
	while ((done = queue_run(&queue, job)).status == SVA_ACCEL_PAGE_FAULT) {
		CHECK(++faults < 1000, "no end of faults");
		CHECK_EQ(done.done % size, 0);
		*(volatile unsigned char *)(uintptr_t)done.fault_addr = 0;
		job.dst += done.done;
		job.arg0 += done.done / size * sizeof(*index);
		job.len -= done.done;
	}
	CHECK_EQ(done.status, SVA_ACCEL_SUCCESS);
	CHECK(faults > 0, "cold memory did not fault");
	for (size_t i = 0; i < count; i++)
		CHECK(!memcmp(dst + i * size, base + index[i] * size, size), "element %zu", i);
	queue_close(&queue);
}

/* ----------------------------------------------------------- tree search */

#define NODES 3000u

struct node {
	struct node *left, *right;
	uint64_t number;
	char name[24];
	const char *pointer;
};

static void node_put(struct node **root, struct node *node, int (*order)(const struct node *,
									  const struct node *))
{
	while (*root)
		root = order(node, *root) < 0 ? &(*root)->left : &(*root)->right;
	*root = node;
}

static int by_number(const struct node *a, const struct node *b)
{
	return a->number < b->number ? -1 : a->number > b->number;
}

static int by_name(const struct node *a, const struct node *b)
{
	return memcmp(a->name, b->name, sizeof(a->name));
}

static struct node *tree_make(struct node **root,
			      int (*order)(const struct node *, const struct node *))
{
	struct node *nodes = pages_alloc(NODES * sizeof(*nodes));
	uint64_t state = 5;

	*root = NULL;
	for (size_t i = 0; i < NODES; i++) {
		nodes[i].number = number_next(&state) << 8 | (i & 0xff);
		snprintf(nodes[i].name, sizeof(nodes[i].name), "%llx",
			 (unsigned long long)nodes[i].number * 0x9e3779b9u);
		nodes[i].pointer = nodes[i].name;
		node_put(root, &nodes[i], order);
	}
	return nodes;
}

static struct sva_accel_desc job_search(const struct node *root, uint32_t key_offset,
					const void *key, size_t len, uint16_t flags)
{
	return (struct sva_accel_desc){
		.opcode = SVA_ACCEL_OP_TREE_SEARCH,
		.flags = SVA_ACCEL_DESC_BLOCK_ON_FAULT | flags,
		.src = (uintptr_t)root,
		.dst = (uintptr_t)key,
		.len = len,
		.arg0 = SVA_ACCEL_TREE_ARG(offsetof(struct node, left), offsetof(struct node, right)),
		.arg1 = SVA_ACCEL_TREE_ARG1(key_offset, 0),
	};
}

/* How many nodes the CPU sees on its way, and whether it arrives */
static uint64_t cpu_search(const struct node *node, const struct node *wanted,
			   int (*order)(const struct node *, const struct node *), bool *found)
{
	uint64_t seen = 0;
	int difference = 1;

	while (node && difference) {
		difference = order(wanted, node);
		node = difference < 0 ? node->left : node->right;
		seen++;
	}
	*found = !difference;
	return seen;
}

TEST(accel, tree_search_by_number)
{
	struct sva_accel_completion done;
	struct node *root, *nodes = tree_make(&root, by_number), absent;
	struct queue queue;
	bool found;

	queue_open(&queue);
	for (size_t i = 0; i < NODES; i += 7) {
		done = queue_succeed(&queue, job_search(root, offsetof(struct node, number),
							&nodes[i].number, 8,
							SVA_ACCEL_DESC_KEY_NUMBER));
		CHECK_EQ(done.result, (uintptr_t)&nodes[i]);
		CHECK_EQ(done.done, cpu_search(root, &nodes[i], by_number, &found));
	}
	memset(&absent, 0xff, sizeof(absent));
	done = queue_succeed(&queue, job_search(root, offsetof(struct node, number),
						&absent.number, 8, SVA_ACCEL_DESC_KEY_NUMBER));
	CHECK_EQ(done.result, 0);
	CHECK_EQ(done.done, cpu_search(root, &absent, by_number, &found));
	CHECK(!found, "it is there");
	queue_close(&queue);
}

TEST(accel, tree_search_by_bytes_and_through_pointers)
{
	struct sva_accel_completion done;
	struct node *root, *nodes = tree_make(&root, by_name);
	struct queue queue;

	queue_open(&queue);
	for (size_t i = 0; i < NODES; i += 11) {
		done = queue_succeed(&queue, job_search(root, offsetof(struct node, name),
							nodes[i].name, sizeof(nodes[i].name), 0));
		CHECK_EQ(done.result, (uintptr_t)&nodes[i]);
		done = queue_succeed(&queue, job_search(root, offsetof(struct node, pointer),
							nodes[i].name, sizeof(nodes[i].name),
							SVA_ACCEL_DESC_KEY_POINTER));
		CHECK_EQ(done.result, (uintptr_t)&nodes[i]);
	}
	queue_close(&queue);
}

TEST(accel, tree_search_of_an_empty_tree_and_up_to_a_limit)
{
	struct node *root, *nodes = tree_make(&root, by_number);
	struct sva_accel_completion done;
	struct sva_accel_desc job;
	struct queue queue;
	bool found;

	queue_open(&queue);
	done = queue_succeed(&queue, job_search(NULL, offsetof(struct node, number),
						&nodes[0].number, 8, SVA_ACCEL_DESC_KEY_NUMBER));
	CHECK_EQ(done.result, 0);
	CHECK_EQ(done.done, 0);
	CHECK(cpu_search(root, &nodes[NODES - 1], by_number, &found) > 3, "the tree is flat");
	job = job_search(root, offsetof(struct node, number), &nodes[NODES - 1].number, 8,
			 SVA_ACCEL_DESC_KEY_NUMBER);
	job.arg1 = SVA_ACCEL_TREE_ARG1(offsetof(struct node, number), 3);
	done = queue_succeed(&queue, job);
	CHECK_EQ(done.result, 0);
	CHECK_EQ(done.done, 3);
	queue_close(&queue);
}

TEST(accel, tree_search_with_a_wrong_key_accesses_nothing)
{
	static const struct {
		uint64_t len;
		uint16_t flags;
	} wrong[] = {
		{ 0, 0 }, { 65, 0 }, { UINT64_MAX, 0 },
		{ 0, SVA_ACCEL_DESC_KEY_NUMBER }, { 3, SVA_ACCEL_DESC_KEY_NUMBER },
		{ 16, SVA_ACCEL_DESC_KEY_NUMBER }, { 8, SVA_ACCEL_DESC_FIND },
	};
	struct node node = { .number = 1 };
	struct queue queue;

	queue_open(&queue);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK_EQ(queue_run(&queue, job_search(&node, offsetof(struct node, number),
						      &node.number, wrong[i].len,
						      wrong[i].flags)).status,
			 SVA_ACCEL_BAD_DESC);
	queue_close(&queue);
}

/* A tree that leads back to itself is searched until it is aborted, like a list */
TEST(R8, tree_search_in_a_circle_can_be_aborted)
{
	static struct sva_accel_completion done __attribute__((aligned(64)));
	static struct node node = { .number = 1 };
	struct sva_accel_desc job;
	struct queue queue;
	uint64_t key = 2;

	node.left = node.right = &node;
	job = job_search(&node, offsetof(struct node, number), &key, 8, SVA_ACCEL_DESC_KEY_NUMBER);
	job.completion = (uintptr_t)&done;
	queue_open(&queue);
	ring_submit(&queue.ring, &job);
	while (__atomic_load_n(&queue.ring.status->head, __ATOMIC_ACQUIRE) == 0)
		;
	ring_abort(&queue.ring, queue.ring.tail);
	CHECK_EQ(ring_wait(&queue.ring, &done), SVA_ACCEL_ABORTED);
	queue_close(&queue);
}
