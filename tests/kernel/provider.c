// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * provider.c - a device that has less than the accelerator: no region at an index,
 * no interrupt, no reset; sva_test_provider.ko
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define TEST_DEVICE "soft"	/* another provider on the same IOMMU */

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "puppet.h"

#define MODULE "sva_test_provider"
#define DEVICE "sva_test0"

enum { WRITABLE, NOTHING, READABLE, REGIONS };

static bool node_is_there(void *arg)
{
	(void)arg;
	return access("/dev/sva/" DEVICE, F_OK) == 0;
}

static int plain_node(void)
{
	int result = module_load(MODULE, "");

	CHECK(result == 0 || result == -EEXIST, MODULE ": %s", strerror(-result));
	CHECK(wait_until(node_is_there, NULL, PATIENCE_MS), "no node of " DEVICE);
	return device_use(DEVICE);
}

TEST(ABI, a_region_of_size_zero_is_no_region_at_this_index)
{
	int node = plain_node(), ctx = context_bound(node, NULL, NULL);
	struct sva_region_info info = region_info(ctx, NOTHING);
	char byte = 1;

	CHECK_EQ(context_info(ctx).num_regions, REGIONS);
	CHECK_EQ(info.size, 0);
	CHECK_EQ(info.flags, 0);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, ctx, (off_t)info.offset) == MAP_FAILED &&
	      errno == EINVAL, "nothing was mapped");
	CHECK_EQ(context_last_reason(ctx), SVA_REASON_BAD_RANGE);
	CHECK(pread(ctx, &byte, 1, (off_t)info.offset) < 0 && errno == EINVAL,
	      "nothing was read");
	CHECK(pwrite(ctx, &byte, 1, (off_t)info.offset) < 0 && errno == EINVAL,
	      "nothing was written");

	info = (struct sva_region_info){ .argsz = sizeof(info), .index = REGIONS };
	REFUSED(ctx, SVA_CONTEXT_GET_REGION_INFO, &info, ENOENT, SVA_REASON_NO_SUCH_REGION);
}

TEST(ABI, the_regions_beside_it_are_what_the_provider_says)
{
	int node = plain_node(), ctx = context_bound(node, NULL, NULL);
	volatile char *writable = region_map(ctx, WRITABLE, PROT_READ | PROT_WRITE);
	struct sva_region_info readable = region_info(ctx, READABLE);
	char byte = 0;

	CHECK_EQ(region_info(ctx, WRITABLE).offset, 4096);
	CHECK_EQ(readable.offset, 3 * 4096);
	CHECK_EQ(readable.flags, SVA_REGION_FLAG_READ);
	writable[17] = 42;
	CHECK_EQ(MUST(pread(ctx, &byte, 1, 4096 + 17)), 1);
	CHECK_EQ(byte, 42);
	CHECK_EQ(MUST(pread(ctx, &byte, 1, (off_t)readable.offset)), 1);
	CHECK_EQ(byte, 0);
	CHECK(mmap(NULL, 4096, PROT_READ, MAP_SHARED, ctx, (off_t)readable.offset) ==
	      MAP_FAILED && errno == EACCES, "a region without MMAP was mapped");
	CHECK(pwrite(ctx, &byte, 1, (off_t)readable.offset) < 0 && errno == EACCES,
	      "a region without WRITE was written");
	CHECK_EQ(context_last_reason(ctx), SVA_REASON_ACCESS);
}

TEST(R7, what_it_does_not_have_is_refused_by_name)
{
	struct sva_device_reset reset = { .argsz = sizeof(reset) };
	struct sva_irq_info irq = { .argsz = sizeof(irq) };
	int node = plain_node(), ctx = context_bound(node, NULL, NULL);

	CHECK_EQ(device_info(node).num_irqs, 0);
	CHECK_EQ(context_info(ctx).num_irqs, 0);
	CHECK(!(device_info(node).flags & SVA_DEVICE_FLAG_RESET), "it says that it can reset");
	REFUSED(ctx, SVA_CONTEXT_GET_IRQ_INFO, &irq, ENOENT, SVA_REASON_NO_SUCH_IRQ);
	REFUSED(node, SVA_DEVICE_RESET, &reset, EOPNOTSUPP, SVA_REASON_NO_RESET);
}

/* One PASID a process, whatever it is bound to; each device ends by itself */
TEST(R5, a_process_bound_to_two_devices_has_one_pasid)
{
	int accelerator = node_open(), node;
	uint32_t first, second;
	uint64_t id;
	int ctx, other;

	ctx = context_bound(accelerator, &id, &first);
	node = plain_node();
	other = context_bound(node, NULL, &second);
	CHECK_EQ(first, second);
	CHECK_EQ(context_unbind(ctx, first, 0), SVA_RELEASE_CLEAN);
	CHECK_EQ(context_info(other).state, SVA_STATE_BOUND);
	CHECK_EQ(context_unbind(other, second, 0), SVA_RELEASE_CLEAN);
}

static bool node_is_gone(void *arg)
{
	return !node_is_there(arg);
}

TEST(R6, removal_without_a_reset_ends_its_contexts)
{
	int node = plain_node();
	uint32_t pasid;
	uint64_t id;
	int ctx = context_bound(node, &id, &pasid);
	volatile char *memory = region_map(ctx, WRITABLE, PROT_READ | PROT_WRITE);
	struct sva_context_info info = { .argsz = sizeof(info) };

	memory[0] = 7;
	CHECK_EQ(driver_unbind(MODULE, MODULE), 0);
	event_await(ctx, SVA_EVENT_GONE, id);
	REFUSED(ctx, SVA_CONTEXT_GET_INFO, &info, ENODEV, SVA_REASON_DEVICE_GONE);
	CHECK_EQ(memory[0], 7);
	CHECK(wait_until(node_is_gone, NULL, PATIENCE_MS), "the node stays");
	CHECK_EQ(driver_bind(MODULE, MODULE), 0);
	CHECK(wait_until(node_is_there, NULL, PATIENCE_MS), "the node does not return");
}
