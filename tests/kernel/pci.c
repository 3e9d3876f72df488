// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pci.c - what only a device on a bus has: doorbells that are its registers, resets
 * and removal by others than its driver
 */
#define TEST_DEVICE "pci"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "puppet.h"
#include "ring.h"

#define DOORBELL SVA_ACCEL_REGION_DOORBELL

/* ------------------------------------------------------------- doorbells */

/* The slot of an ended context is the next one's: a store there would be a store here */
TEST(R6, doorbell_of_an_ended_context_reaches_nobody)
{
	struct queue old, new;

	queue_open(&old);
	queue_succeed(&old, job_nop());
	CHECK_EQ(old.ring.doorbell->tail, old.ring.tail);
	context_unbind(old.ctx, old.pasid, 0);
	CHECK_EQ(old.ring.doorbell->tail, 0);

	queue_open(&new);
	queue_succeed(&new, job_nop());
	old.ring.doorbell->tail = new.ring.tail + new.ring.entries + 1;
	CHECK_EQ(old.ring.doorbell->tail, new.ring.tail + new.ring.entries + 1);
	CHECK_EQ(new.ring.doorbell->tail, new.ring.tail);
	queue_succeed(&new, job_nop());
	CHECK_EQ(ring_state(&new.ring), SVA_ACCEL_QUEUE_RUNNING);
	queue_close(&new);
	ring_close(&old.ring);
	close(old.ctx);
}

/* Not mapped before the end: the first touch comes after it */
TEST(R6, doorbell_first_touched_after_the_end_is_a_page_of_zeroes)
{
	int node = node_open();
	struct sva_accel_doorbell *doorbell;
	uint32_t pasid;
	int ctx = context_bound(node, NULL, &pasid);

	doorbell = region_map(ctx, DOORBELL, PROT_READ | PROT_WRITE);
	context_unbind(ctx, pasid, 0);
	CHECK_EQ(doorbell->tail, 0);
	doorbell->tail = 7;
	CHECK_EQ(doorbell->tail, 7);
}

/* A process's page is its own: the next one of the BAR cannot be had */
TEST(R1, doorbell_cannot_be_mapped_beyond_its_page)
{
	int ctx = context_bound(node_open(), NULL, NULL);
	struct sva_region_info info = region_info(ctx, DOORBELL);
	void *p;

	CHECK_EQ(info.size, 4096);
	p = mmap(NULL, 8192, PROT_READ, MAP_SHARED, ctx, (off_t)info.offset);
	CHECK(p == MAP_FAILED && errno == EINVAL, "two pages: %s", strerror(errno));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ctx, (off_t)info.offset + 4096);
	CHECK(p == MAP_FAILED && errno == EINVAL, "the next page: %s", strerror(errno));
	CHECK_EQ(context_last_reason(ctx), SVA_REASON_BAD_RANGE);
}

TEST(ABI, doorbell_is_written_in_words_and_read_in_any_way)
{
	struct queue queue;
	off_t at;
	uint32_t tail;
	uint16_t half;

	queue_open(&queue);
	at = queue.ring.doorbell_offset;
	queue_succeed(&queue, job_nop());
	tail = queue.ring.tail;
	CHECK_EQ(pwrite(queue.ctx, &tail, sizeof(tail), at), sizeof(tail));
	CHECK(pwrite(queue.ctx, &tail, 2, at) < 0 && errno == EINVAL, "half a word was written");
	CHECK_EQ(context_last_reason(queue.ctx), SVA_REASON_BAD_RANGE);
	CHECK(pwrite(queue.ctx, &tail, 4, at + 2) < 0 && errno == EINVAL, "off its word");
	CHECK_EQ(pread(queue.ctx, &half, sizeof(half), at), sizeof(half));
	CHECK_EQ(half, (uint16_t)tail);
	CHECK_EQ(pread(queue.ctx, &half, sizeof(half), at + 1), sizeof(half));
	CHECK_EQ(half, (uint16_t)(tail >> 8));
	queue_close(&queue);
}

/* ------------------------------------------------------ resets by others */

/* A process that waits for its ring to say something else than RUNNING */
static void works_until_stopped(int line, void *arg)
{
	struct sva_event event;
	struct queue queue;

	(void)arg;
	queue_open(&queue);
	queue_succeed(&queue, job_nop());
	word_send(line, queue.id);
	CHECK(ring_await_state(&queue.ring, SVA_ACCEL_QUEUE_STOPPED), "state %u",
	      ring_state(&queue.ring));
	event = event_await(queue.ctx, SVA_EVENT_RESET, 0);
	CHECK_EQ(event.reason, SVA_REASON_RESETTING);
}

TEST(R5, reset_by_the_administrator_ends_what_is_bound)
{
	struct child child;
	struct queue queue;

	child_start(&child, works_until_stopped, NULL);
	word_receive(child.line);
	attribute_write("device/reset", "1");
	child_join(&child);
	queue_open(&queue);
	queue_succeed(&queue, job_nop());
	queue_close(&queue);
}

/* Held: the device's word that it was reset is wanted, not that somebody tried */
TEST(R3, reset_by_the_administrator_does_not_launder_quarantine)
{
	struct puppet victim;
	int node = node_open();

	puppet_start(&victim);
	puppet_bind(&victim, node);
	misbehave("hold");
	CHECK_EQ(puppet_unbind(&victim, 0, 0), SVA_RELEASE_NEITHER);
	attribute_write("device/reset", "1");
	CHECK_EQ(attribute_read("quarantined"), 1);
	PUPPET_REFUSED(&victim, node, 0, EBUSY, SVA_REASON_PASID_QUARANTINED);
	misbehave("none");
	attribute_write("device/reset", "1");
	CHECK_EQ(attribute_read("quarantined"), 0);
	puppet_compute(&victim, puppet_bind(&victim, node));
	puppet_end(&victim);
}

TEST(R3, reset_by_the_administrator_ends_stale_accesses)
{
	struct puppet victim;
	long refused;
	int node = node_open();

	puppet_start(&victim);
	puppet_bind(&victim, node);
	puppet_compute(&victim, 0);
	misbehave("stale");
	CHECK_EQ(puppet_unbind(&victim, 0, 0), SVA_RELEASE_NEITHER);
	misbehave("none");
	attribute_write("device/reset", "1");
	CHECK_EQ(attribute_read("quarantined"), 0);
	refused = attribute_read("device/refused");
	puppet_compute(&victim, puppet_bind(&victim, node));
	CHECK_EQ(attribute_read("device/refused"), refused);
	CHECK_EQ(attribute_read("device/landed"), 0);
	puppet_end(&victim);
}

/* ------------------------------------------------------ errors on the bus */

/* While the kernel recovers the device, binds wait or are told */
static bool serves(void *arg)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	int node = node_open(), ctx = context_create(node, getpid(), NULL), ret;

	(void)arg;
	ret = ioctl(ctx, SVA_BIND_TASK, &bind);
	CHECK(!ret || bind.reason == SVA_REASON_RESETTING, "reason %u", bind.reason);
	close(ctx);
	close(node);
	return !ret;
}

static void recovers_from(const char *error)
{
	struct child child;
	struct queue queue;

	child_start(&child, works_until_stopped, NULL);
	word_receive(child.line);
	attribute_write("device/break", error);
	child_join(&child);
	CHECK(wait_until(serves, NULL, PATIENCE_MS), "it does not serve after its recovery");
	CHECK_EQ(attribute_read("quarantined"), 0);
	queue_open(&queue);
	queue_succeed(&queue, job_nop());
	queue_close(&queue);
}

TEST(R5, error_that_is_not_fatal_ends_what_is_bound_and_the_device_recovers)
{
	recovers_from("nonfatal");
}

TEST(R5, fatal_error_ends_what_is_bound_and_the_device_recovers)
{
	recovers_from("fatal");
}

/* ------------------------------------------------------ removal by others */

static bool node_is_back(void *arg)
{
	int fd;

	CHECK_EQ(text_write("/sys/bus/pci/rescan", "1"), 0);
	fd = open(arg, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0 && attribute_read("contexts") == 0;
}

static void bus_rescan(void)
{
	char node[64];

	snprintf(node, sizeof(node), "/dev/sva/%s", device_name());
	CHECK(wait_until(node_is_back, node, PATIENCE_MS), "the device is not found again");
}

static void works_until_gone(int line, void *arg)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job;
	struct queue queue;
	size_t size = 16u << 20;

	(void)arg;
	queue_open(&queue);
	job = job_fill(pages_alloc(size), 1, size);
	job.completion = (uintptr_t)&done;
	ring_submit(&queue.ring, &job);
	word_send(line, queue.id);
	CHECK(ring_await_state(&queue.ring, SVA_ACCEL_QUEUE_GONE), "state %u",
	      ring_state(&queue.ring));
	/* its doorbell is a page of its own now, its ring what it was */
	queue.ring.doorbell->tail = 1;
	CHECK_EQ(queue.ring.doorbell->tail, 1);
	CHECK_EQ(queue.ring.desc[0].opcode, SVA_ACCEL_OP_FILL);
}

/*
 * Pulled out: all that is read is ones, and the driver is not told before it asks.  That
 * is the end of all accesses, too, so there is no quarantine (R3).
 */
TEST_WITHIN(R6, function_that_vanishes_leaves_its_users_alive_and_nothing_in_quarantine, 60)
{
	struct puppet puppet;
	struct child child;
	int node = node_open();

	puppet_start(&puppet);
	puppet_bind(&puppet, node);
	child_start(&child, works_until_gone, NULL);
	word_receive(child.line);
	attribute_write("device/break", "vanish");
	CHECK_EQ(puppet_unbind(&puppet, 0, 0), SVA_RELEASE_CLEAN);
	attribute_write("device/remove", "1");
	child_join(&child);
	close(node);
	puppet_end(&puppet);
	bus_rescan();
	CHECK_EQ(attribute_read("quarantined"), 0);
}

/* The function itself goes, with its BARs and its place behind the IOMMU */
TEST(R6, function_removed_from_the_bus_leaves_its_users_alive)
{
	for (int round = 0; round < 3; round++) {
		struct child child;

		child_start(&child, works_until_gone, NULL);
		word_receive(child.line);
		attribute_write("device/remove", "1");
		child_join(&child);
		bus_rescan();
	}
}
