// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * numa.c - pinned pages under NUMA balancing, which takes the mappings of pages
 * away to see who uses them
 *
 * The device takes no page faults, so that it meets what balancing does: a miss
 * that completes with its address.  What is pinned is left alone.  Runs in a guest with two nodes; balancing is
 * turned on here, and off again.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/mempolicy.h>

#define TEST_DEVICE "soft"	/* made anew without page requests */

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "ring.h"

#define BALANCING "/proc/sys/kernel/numa_balancing"
#define KNOBS "/sys/kernel/debug/sched/numa_balancing/"
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define PAGES 16

static void knob(const char *path, const char *value)
{
	int err = text_write(path, value);

	CHECK(err == 0, "%s: %s", path, strerror(-err));
}

/* Scans at once, and again as often as it can */
static void balancing_on(void)
{
	knob(KNOBS "scan_delay_ms", "1");
	knob(KNOBS "scan_period_min_ms", "10");
	knob(KNOBS "scan_period_max_ms", "20");
	knob(BALANCING, "1");
}

/* On the node's first processor */
static void run_on_node(int node)
{
	char path[64], list[64];
	cpu_set_t set;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/cpulist", node);
	CHECK(text_read(path, list, sizeof(list)), "%s: this guest has no such node", path);
	CPU_ZERO(&set);
	CPU_SET(strtoul(list, NULL, 10), &set);
	MUST(sched_setaffinity(0, sizeof(set), &set));
}

/*
 * On the other node than the process: what balancing is interested in.  Shared
 * memory interests it only where a policy says that it may.
 */
static char *far_memory(int sharing)
{
	unsigned long nodes = 3;
	char *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			    sharing | MAP_ANONYMOUS, -1, 0);

	CHECK(memory != MAP_FAILED, "mmap: %s", strerror(errno));
	if (sharing == MAP_SHARED)
		MUST(syscall(SYS_mbind, memory, PAGES * PAGE, MPOL_BIND | MPOL_F_NUMA_BALANCING,
			     &nodes, 8 * sizeof(nodes), 0));
	run_on_node(1);
	memset(memory, 0x55, PAGES * PAGE);
	run_on_node(0);
	return memory;
}

/* Completion records that balancing leaves alone: pinned */
static struct sva_accel_completion *record;

static struct sva_accel_completion fill(struct queue *queue, void *address, uint64_t word)
{
	struct sva_accel_desc desc = job_fill(address, word, sizeof(word));

	memset(record, 0, sizeof(*record));
	desc.completion = (uintptr_t)record;
	ring_submit(&queue->ring, &desc);
	ring_wait(&queue->ring, record);
	return *record;
}

static void pin(struct queue *queue, void *address)
{
	struct sva_pin arg = { .argsz = sizeof(arg), .flags = SVA_PIN_READ | SVA_PIN_WRITE,
			       .address = (uintptr_t)address, .size = PAGES * PAGE };

	ACCEPTED(queue->ctx, SVA_CONTEXT_PIN, &arg);
}

static void far_queue_open(struct queue *queue)
{
	knob(BALANCING, "0");
	run_on_node(0);
	provider_reload("page_requests=0");
	queue_open(queue);
	record = (void *)far_memory(MAP_PRIVATE);
	pin(queue, record);
}

/* Goes over the pages until one is missed: its index, or -1 when patience ends */
static int round_until_miss(struct queue *queue, char *memory)
{
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;

	for (uint64_t word = 1; now_ns() < end; word++) {
		size_t i = word % PAGES;
		struct sva_accel_completion done = fill(queue, memory + i * PAGE + 8, word);

		if (done.status == SVA_ACCEL_SUCCESS)
			continue;
		CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
		CHECK_EQ(done.fault_addr, (uintptr_t)(memory + i * PAGE + 8));
		CHECK_EQ(done.fault_access, SVA_ACCESS_WRITE);
		CHECK_EQ(done.page_requests, 0);
		CHECK_EQ(done.done, 0);
		return (int)i;
	}
	return -1;
}

/* The CPU's access brings the mapping back; balancing may be quicker than the device */
static void hits_after_touch(struct queue *queue, volatile char *page)
{
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;

	do {
		CHECK(page[0] == 0x55, "another page is there: 0x%x", page[0]);
	} while (fill(queue, (void *)(page + 8), 0x6e756d61).status != SVA_ACCEL_SUCCESS &&
		 now_ns() < end);
	CHECK_EQ(*(volatile uint64_t *)(page + 8), 0x6e756d61);
}

TEST_WITHIN(R7, miss_that_numa_balancing_makes_completes_with_its_address, 120)
{
	struct queue queue;
	char *memory;
	int page;

	far_queue_open(&queue);
	memory = far_memory(MAP_SHARED);
	CHECK_EQ(fill(&queue, memory + 8, 1).status, SVA_ACCEL_SUCCESS);
	balancing_on();
	page = round_until_miss(&queue, memory);
	CHECK(page >= 0, "balancing has taken no mapping away");
	hits_after_touch(&queue, memory + (size_t)page * PAGE);
	knob(BALANCING, "0");
	queue_close(&queue);
}

static void all_hit(struct queue *queue, char *memory)
{
	for (size_t i = 0; i < PAGES; i++)
		CHECK_EQ(fill(queue, memory + i * PAGE + 8, i).status, SVA_ACCEL_SUCCESS);
}

/* Since 6.19 balancing leaves what is pinned alone; pages beside it show it at work */
TEST_WITHIN(R7, pinned_pages_stay_mapped_under_numa_balancing, 120)
{
	char *unpinned, *private, *shared;
	struct queue queue;

	far_queue_open(&queue);
	private = far_memory(MAP_PRIVATE);
	shared = far_memory(MAP_SHARED);
	unpinned = far_memory(MAP_SHARED);
	pin(&queue, private);
	pin(&queue, shared);
	balancing_on();
	for (int round = 0; round < 3; round++) {
		int page = round_until_miss(&queue, unpinned);

		CHECK(page >= 0, "balancing has taken no mapping away");
		all_hit(&queue, private);
		all_hit(&queue, shared);
		hits_after_touch(&queue, unpinned + (size_t)page * PAGE);
	}
	knob(BALANCING, "0");
	queue_close(&queue);
}
