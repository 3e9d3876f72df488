// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rules_fork.c - R9: fork is safe: regions are not inherited, cannot be moved or
 * grown, and what the CPU copies on write the device copies too
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

struct touch {
	volatile char *address;
	bool write;
};

static void toucher(int line, void *arg)
{
	struct touch *touch = arg;

	(void)line;
	if (touch->write)
		*touch->address = 1;
	else
		(void)*touch->address;
}

static void child_faults_at(void *address, bool write)
{
	struct touch touch = { address, write };
	struct child child;
	int status;

	child_start(&child, toucher, &touch);
	status = child_reap(&child);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV,
	      "the child's access did not fault (wait status 0x%x)", status);
}

TEST(R9, regions_are_not_there_in_a_forked_child)
{
	struct queue queue;

	queue_open(&queue);
	child_faults_at(queue.ring.doorbell, true);
	child_faults_at(queue.ring.doorbell, false);
	child_faults_at(queue.ring.desc, true);
	child_faults_at(queue.ring.desc, false);
	child_faults_at(queue.ring.status, false);
	queue_succeed(&queue, job_nop());
	queue_close(&queue);
}

/* MADV_DOFORK would take the protection away; it must be refused, or have no effect */
TEST(R9, madvise_cannot_make_regions_inheritable)
{
	struct queue queue;

	queue_open(&queue);
	madvise(queue.ring.doorbell, queue.ring.sizes[SVA_ACCEL_REGION_DOORBELL], MADV_DOFORK);
	madvise(queue.ring.desc, queue.ring.sizes[SVA_ACCEL_REGION_RING], MADV_DOFORK);
	madvise(queue.ring.status, queue.ring.sizes[SVA_ACCEL_REGION_STATUS], MADV_DOFORK);
	child_faults_at(queue.ring.doorbell, true);
	child_faults_at(queue.ring.desc, true);
	child_faults_at(queue.ring.status, false);
	queue_close(&queue);
}

static void remap_fails(void *region, size_t size)
{
	void *elsewhere = pages_alloc(2 * size);

	CHECK(mremap(region, size, 2 * size, 0) == MAP_FAILED, "it grew in place");
	CHECK(mremap(region, size, 2 * size, MREMAP_MAYMOVE) == MAP_FAILED, "it grew");
	CHECK(mremap(region, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, elsewhere) == MAP_FAILED,
	      "it moved");
	CHECK(mremap(region, 0, size, MREMAP_MAYMOVE) == MAP_FAILED, "it was doubled");
	CHECK(mremap(region, size, size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP) == MAP_FAILED,
	      "it moved and stayed");
}

/* CVE-2026-23056: a driver for shared queues freed one twice after mremap */
TEST(R9, regions_cannot_be_moved_or_grown)
{
	struct queue queue;

	queue_open(&queue);
	remap_fails(queue.ring.desc, queue.ring.sizes[SVA_ACCEL_REGION_RING]);
	remap_fails(queue.ring.doorbell, queue.ring.sizes[SVA_ACCEL_REGION_DOORBELL]);
	remap_fails(queue.ring.status, queue.ring.sizes[SVA_ACCEL_REGION_STATUS]);
}

static void binds_its_own(int line, void *arg)
{
	struct sva_context_info info = { .argsz = sizeof(info) };
	uint32_t parents = *(uint32_t *)arg;
	char from[64] = "child", to[64] = "";
	int inherited = (int)word_receive(line);
	struct queue queue;

	REFUSED(inherited, SVA_CONTEXT_GET_INFO, &info, EPERM, SVA_REASON_OTHER_MM);
	queue_open(&queue);
	CHECK(queue.pasid != parents, "parent and child share PASID %u", parents);
	queue_succeed(&queue, job_memmove(to, from, sizeof(from)));
	CHECK(!strcmp(to, "child"), "the child's job went wrong");
	queue_close(&queue);
}

TEST(R9, forked_child_is_refused_and_can_bind_anew)
{
	char from[64] = "parent", to[64] = "";
	struct queue queue;
	struct child child;

	queue_open(&queue);
	child_start(&child, binds_its_own, &queue.pasid);
	word_send(child.line, (uint64_t)queue.ctx);
	child_join(&child);
	queue_succeed(&queue, job_memmove(to, from, sizeof(from)));
	CHECK(!strcmp(to, "parent"), "the parent's job went wrong");
	queue_close(&queue);
}

#define SHARED_SIZE 65536

struct snapshot {
	unsigned char *memory;
	unsigned char was;
};

static void checks_its_copy(int line, void *arg)
{
	struct snapshot *snapshot = arg;

	word_send(line, 0);
	word_receive(line);
	for (int i = 0; i < SHARED_SIZE; i++)
		CHECK(snapshot->memory[i] == snapshot->was,
		      "the device wrote byte %d of the child's copy", i);
}

/*
 * After fork the pages are shared and read-only.  A device write must break that
 * like a CPU write, on the parent's side only.
 */
TEST(R9, device_writes_break_copy_on_write_for_the_parent_alone)
{
	unsigned char *memory = pages_alloc(SHARED_SIZE);
	struct snapshot snapshot = { memory, 0x11 };
	struct queue queue;
	struct child child;

	memset(memory, 0x11, SHARED_SIZE);
	queue_open(&queue);
	queue_succeed(&queue, job_fill(memory, 0x2222222222222222, SHARED_SIZE));
	memset(memory, 0x11, SHARED_SIZE);
	child_start(&child, checks_its_copy, &snapshot);
	word_receive(child.line);
	queue_succeed(&queue, job_fill(memory, 0x2222222222222222, SHARED_SIZE));
	for (int i = 0; i < SHARED_SIZE; i++)
		CHECK(memory[i] == 0x22, "the parent lost byte %d", i);
	word_send(child.line, 0);
	child_join(&child);
	queue_close(&queue);
}

/* The same for completion records: a child that lives on must not stop its parent's queue */
TEST(R9, completion_records_break_copy_on_write_too)
{
	unsigned char *memory = pages_alloc(SHARED_SIZE);
	struct snapshot snapshot = { memory, 0 };
	struct sva_accel_completion *done = (void *)memory;
	struct sva_accel_desc job = job_nop();
	struct queue queue;
	struct child child;

	memset(memory, 0, SHARED_SIZE);
	queue_open(&queue);
	child_start(&child, checks_its_copy, &snapshot);
	word_receive(child.line);
	for (int i = 0; i < 16; i++) {
		job.completion = (uintptr_t)&done[i * 64];
		ring_submit(&queue.ring, &job);
	}
	for (int i = 0; i < 16; i++)
		CHECK_EQ(ring_wait(&queue.ring, &done[i * 64]), SVA_ACCEL_SUCCESS);
	word_send(child.line, 0);
	child_join(&child);
	queue_close(&queue);
}

static void forks_on(int line, void *arg)
{
	(void)line;
	(void)arg;
}

/* Forks while the device works: nothing of the parent's work may be lost */
TEST(R9, forks_while_the_device_works)
{
	unsigned char *from = pages_alloc(SHARED_SIZE), *to = pages_alloc(SHARED_SIZE);
	static _Alignas(64) struct sva_accel_completion done[16];
	struct queue queue;

	queue_open(&queue);
	for (int round = 0; round < 20; round++) {
		struct child child;

		memset(from, round + 1, SHARED_SIZE);
		memset(done, 0, sizeof(done));
		for (int i = 0; i < 16; i++) {
			struct sva_accel_desc job = job_memmove(to + i * 4096, from + i * 4096, 4096);

			job.completion = (uintptr_t)&done[i];
			ring_put(&queue.ring, &job);
		}
		ring_kick(&queue.ring);
		child_start(&child, forks_on, NULL);
		for (int i = 0; i < 16; i++)
			CHECK_EQ(ring_wait(&queue.ring, &done[i]), SVA_ACCEL_SUCCESS);
		CHECK(!memcmp(from, to, SHARED_SIZE), "round %d: work was lost", round);
		child_join(&child);
	}
	queue_close(&queue);
}
