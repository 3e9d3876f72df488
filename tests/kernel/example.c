// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * example.c - the provider of docs/porting.md, sva_example.ko, does what that says; it
 * needs sva_softiommu, so not beside the accelerator as a PCIe device
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "puppet.h"

#define MODULE	"sva_example"
#define DEVICE	"example0"

enum { JOB = 4096, DONE = JOB + 8 };	/* offsets in the context's file */

struct adder {
	int node;
	int ctx;
	int irq;
	uint64_t id;
	uint32_t pasid;
};

static bool node_is_there(void *arg)
{
	(void)arg;
	return access("/dev/sva/" DEVICE, F_OK) == 0;
}

static struct adder adder_open(void)
{
	struct sva_set_irqs irqs = {
		.argsz = sizeof(irqs), .flags = SVA_IRQ_SET_EVENTFD, .count = 1,
	};
	int result = module_load(MODULE, "");
	struct adder adder;

	CHECK(result == 0 || result == -EEXIST, MODULE ": %s", strerror(-result));
	CHECK(wait_until(node_is_there, NULL, PATIENCE_MS), "no node of " DEVICE);
	adder.node = device_use(DEVICE);
	adder.ctx = context_bound(adder.node, &adder.id, &adder.pasid);
	adder.irq = MUST(eventfd(0, EFD_CLOEXEC));
	irqs.fds = (uintptr_t)&adder.irq;
	ACCEPTED(adder.ctx, SVA_CONTEXT_SET_IRQS, &irqs);
	return adder;
}

/* Has one job done; returns how many have been done well by now */
static uint64_t add(const struct adder *adder, const volatile void *number)
{
	uint64_t address = (uintptr_t)number, count;

	CHECK_EQ(MUST(pwrite(adder->ctx, &address, sizeof(address), JOB)), sizeof(address));
	CHECK(fd_readable(adder->irq, PATIENCE_MS), "no interrupt");
	CHECK_EQ(MUST(read(adder->irq, &count, sizeof(count))), sizeof(count));
	CHECK_EQ(MUST(pread(adder->ctx, &count, sizeof(count), DONE)), sizeof(count));
	return count;
}

SOFT_TEST(R1, the_example_adds_to_a_number_of_the_process_that_is_bound)
{
	struct adder adder = adder_open();
	volatile uint64_t *number = malloc(sizeof(*number));

	CHECK(number, "no memory");
	*number = 41;
	CHECK_EQ(add(&adder, number), 1);
	CHECK_EQ(*number, 42);
	CHECK_EQ(add(&adder, number), 2);
	CHECK_EQ(*number, 43);
	CHECK_EQ(context_unbind(adder.ctx, adder.pasid, 0), SVA_RELEASE_CLEAN);
}

SOFT_TEST(ABI, the_example_asks_for_pages_that_are_not_there)
{
	struct adder adder = adder_open();
	volatile uint64_t *cold = pages_alloc(4096);
	struct sva_context_entry entry;

	CHECK_EQ(add(&adder, &cold[7]), 1);
	CHECK(context_listed(adder.node, adder.id, &entry), "it is not listed");
	CHECK_EQ(entry.page_requests, 1);
	CHECK_EQ(entry.faults, 1);
	CHECK_EQ(cold[7], 1);
}

/* Nobody but an event tells */
SOFT_TEST(R7, the_example_tells_where_there_is_no_number)
{
	struct adder adder = adder_open();
	volatile uint64_t here = 5;

	for (unsigned int i = 0; i < nowheres; i++) {
		struct sva_event event;

		CHECK_EQ(add(&adder, (void *)nowhere[i]), 0);
		event = event_await(adder.ctx, SVA_EVENT_FAULT, adder.id);
		CHECK_EQ(event.address & ~4095ull, nowhere[i] & ~4095ull);
		CHECK_EQ(event.outcome, SVA_FAULT_FAILED);
	}
	CHECK_EQ(add(&adder, (volatile char *)&here + 1), 0);
	CHECK_EQ(add(&adder, &here), 1);
	CHECK_EQ(here, 6);
}

static void adds_for_ever(int line, void *arg)
{
	struct adder adder = adder_open();
	volatile uint64_t number = 0;

	(void)arg;
	word_send(line, adder.id);
	for (;;)
		add(&adder, &number);
}

SOFT_TEST(R5, the_example_stops_clean_when_its_process_is_killed)
{
	struct adder adder = adder_open();
	struct child child;
	uint64_t id;

	child_start(&child, adds_for_ever, NULL);
	id = word_receive(child.line);
	child_kill(&child);
	CHECK_EQ(end_await(adder.node, id).release, SVA_RELEASE_CLEAN);
}

SOFT_TEST(R3, the_example_is_reset_and_goes_on)
{
	struct adder adder = adder_open(), next;
	volatile uint64_t number = 0;

	CHECK_EQ(add(&adder, &number), 1);
	device_reset(adder.node);
	event_await(adder.ctx, SVA_EVENT_RESET, adder.id);
	next = adder_open();
	CHECK_EQ(add(&next, &number), 1);
	CHECK_EQ(number, 2);
}
