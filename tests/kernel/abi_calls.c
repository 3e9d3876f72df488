// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * abi_calls.c - what each ioctl, mapping and transfer refuses besides the common
 * ladder of abi.c, and what it tells when it succeeds (R7)
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/sva_accel.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

TEST(R7, device_info_tells_the_device)
{
	int node = node_open();
	struct sva_device_info info = device_info(node);

	CHECK(!strcmp(info.name, device_name()), "name %.32s", info.name);
	CHECK_EQ(info.sva_reason, 0);
	CHECK(info.flags & SVA_DEVICE_FLAG_PASID, "flags 0x%x", info.flags);
	CHECK(info.flags & SVA_DEVICE_FLAG_PAGE_REQUESTS, "flags 0x%x", info.flags);
	CHECK(info.flags & SVA_DEVICE_FLAG_VIABLE, "flags 0x%x", info.flags);
	CHECK(info.flags & SVA_DEVICE_FLAG_RESET, "flags 0x%x", info.flags);
	CHECK(info.pasid_bits >= 1 && info.pasid_bits <= 20, "pasid_bits %u", info.pasid_bits);
	CHECK_EQ(info.pasid_bits, attribute_read("pasid_bits"));
	CHECK_EQ(info.group, attribute_read("iommu_group"));
	CHECK_EQ(info.num_regions, SVA_ACCEL_NUM_REGIONS);
	CHECK_EQ(info.num_irqs, SVA_ACCEL_NUM_IRQS);
	CHECK(info.num_types >= 1 && info.max_contexts >= 1, "%u types, %u contexts",
	      info.num_types, info.max_contexts);
	CHECK_EQ(info.contexts, 0);
	CHECK_EQ(info.quarantined, 0);
	CHECK(info.max_quarantined >= 1, "no limit on quarantine");
	CHECK(info.iova_end > info.iova_start, "no addresses");
	CHECK(info.page_sizes & 4096, "page sizes 0x%llx", (unsigned long long)info.page_sizes);
}

TEST(R7, type_index_past_the_last_is_no_such_type)
{
	struct sva_type_info type = { .argsz = sizeof(type) };
	struct sva_create_context create = { .argsz = sizeof(create), .owner = getpid() };
	int node = node_open();
	uint32_t types = device_info(node).num_types;

	for (type.index = 0; type.index < types; type.index++) {
		ACCEPTED(node, SVA_DEVICE_GET_TYPE_INFO, &type);
		CHECK(type.name[0] && !type.name[SVA_NAME_LEN - 1], "type %u has no name",
		      type.index);
		CHECK(type.total >= type.available && type.total, "%u of %u", type.available,
		      type.total);
	}
	REFUSED(node, SVA_DEVICE_GET_TYPE_INFO, &type, ENOENT, SVA_REASON_NO_SUCH_TYPE);
	type.index = UINT32_MAX;
	REFUSED(node, SVA_DEVICE_GET_TYPE_INFO, &type, ENOENT, SVA_REASON_NO_SUCH_TYPE);
	create.type = types;
	REFUSED(node, SVA_DEVICE_CREATE_CONTEXT, &create, ENOENT, SVA_REASON_NO_SUCH_TYPE);
	create.type = UINT32_MAX;
	REFUSED(node, SVA_DEVICE_CREATE_CONTEXT, &create, ENOENT, SVA_REASON_NO_SUCH_TYPE);
	CHECK_EQ(device_info(node).contexts, 0);
}

static void exit_at_once(int line, void *arg)
{
	(void)line;
	(void)arg;
}

TEST(R2, context_for_a_process_that_is_not_there_is_refused)
{
	struct sva_create_context create = { .argsz = sizeof(create) };
	int node = node_open();
	struct child child;

	child_start(&child, exit_at_once, NULL);
	create.owner = child.pid;
	child_join(&child);
	REFUSED(node, SVA_DEVICE_CREATE_CONTEXT, &create, ESRCH, SVA_REASON_OWNER_GONE);
	create.owner = 0;
	CHECK(call(node, SVA_DEVICE_CREATE_CONTEXT, &create) < 0, "owner 0 was accepted");
	create.owner = -1;
	CHECK(call(node, SVA_DEVICE_CREATE_CONTEXT, &create) < 0, "owner -1 was accepted");
	create.owner = INT32_MAX;
	REFUSED(node, SVA_DEVICE_CREATE_CONTEXT, &create, ESRCH, SVA_REASON_OWNER_GONE);
	CHECK_EQ(device_info(node).contexts, 0);
}

TEST(R7, ids_are_never_given_again)
{
	int node = node_open();
	uint64_t last = 0, id;

	for (int i = 0; i < 50; i++) {
		close(context_create(node, getpid(), &id));
		CHECK(id > last, "id %llu after %llu", (unsigned long long)id,
		      (unsigned long long)last);
		last = id;
	}
}

TEST(R7, context_is_close_on_exec)
{
	int node = node_open();
	int ctx = context_create(node, getpid(), NULL);

	CHECK(MUST(fcntl(ctx, F_GETFD)) & FD_CLOEXEC, "the descriptor survives exec");
}

TEST(R8, create_without_room_for_a_descriptor_leaves_no_context)
{
	struct sva_create_context create = { .argsz = sizeof(create), .owner = getpid() };
	struct rlimit none = { 0, 64 }, many = { 64, 64 };
	int node = node_open();

	MUST(setrlimit(RLIMIT_NOFILE, &none));
	REFUSED(node, SVA_DEVICE_CREATE_CONTEXT, &create, EMFILE, SVA_REASON_NO_FD);
	MUST(setrlimit(RLIMIT_NOFILE, &many));
	CHECK_EQ(device_info(node).contexts, 0);
}

#define LISTED 10

TEST(R7, list_goes_on_behind_the_last_id)
{
	struct sva_context_entry entries[4];
	struct sva_list_contexts list = { .argsz = sizeof(list), .entries = (uintptr_t)entries,
					  .entry_size = sizeof(entries[0]) };
	int node = node_open();
	uint64_t ids[LISTED];
	uint32_t seen = 0;

	for (int i = 0; i < LISTED; i++)
		context_create(node, getpid(), &ids[i]);
	for (;;) {
		list.count = 4;
		ACCEPTED(node, SVA_DEVICE_LIST_CONTEXTS, &list);
		if (!list.count)
			break;
		for (uint32_t i = 0; i < list.count; i++, seen++) {
			CHECK(seen < LISTED, "more contexts than were made");
			CHECK_EQ(entries[i].id, ids[seen]);
			CHECK_EQ(entries[i].owner, getpid());
			CHECK_EQ(entries[i].state, SVA_STATE_CREATED);
			CHECK_EQ(entries[i].release, SVA_RELEASE_PENDING);
			CHECK_EQ(entries[i].pasid, 0);
		}
		list.after = entries[list.count - 1].id;
	}
	CHECK_EQ(seen, LISTED);
}

TEST(R7, list_tells_account_cookie_and_binding)
{
	struct sva_create_context create = { .argsz = sizeof(create), .owner = getpid(),
					     .account = 4711, .cookie = 0x1122334455667788 };
	struct sva_context_entry entry;
	int node = node_open();
	uint32_t pasid;

	ACCEPTED(node, SVA_DEVICE_CREATE_CONTEXT, &create);
	pasid = context_bind(create.fd);
	CHECK(context_listed(node, create.id, &entry), "it is not listed");
	CHECK_EQ(entry.account, 4711);
	CHECK_EQ(entry.cookie, 0x1122334455667788);
	CHECK_EQ(entry.state, SVA_STATE_BOUND);
	CHECK_EQ(entry.pasid, pasid);
	CHECK_EQ(entry.type, 0);
	CHECK_EQ(entry.waiting_ms, 0);
}

TEST(R7, list_entry_size)
{
	struct {
		struct sva_context_entry known;
		unsigned char unknown[40];
	} entries[2];
	struct sva_list_contexts list = { .argsz = sizeof(list), .count = 2,
					  .entries = (uintptr_t)entries };
	int node = node_open();

	context_create(node, getpid(), NULL);
	list.entry_size = sizeof(struct sva_context_entry) - 1;
	CHECK_EQ(call(node, SVA_DEVICE_LIST_CONTEXTS, &list), -EINVAL);
	CHECK(list.reason != SVA_REASON_NONE, "EINVAL without a reason");
	list.entry_size = 0;
	CHECK_EQ(call(node, SVA_DEVICE_LIST_CONTEXTS, &list), -EINVAL);
	memset(entries, 0xa5, sizeof(entries));
	list.entry_size = sizeof(entries[0]);
	list.count = 2;
	ACCEPTED(node, SVA_DEVICE_LIST_CONTEXTS, &list);
	CHECK_EQ(list.count, 1);
	for (size_t i = 0; i < sizeof(entries[0].unknown); i++)
		CHECK_EQ(entries[0].unknown[i], 0);
	CHECK_EQ(entries[1].known.id, 0xa5a5a5a5a5a5a5a5);
}

TEST(R7, list_bad_inner_pointers)
{
	struct sva_context_entry *page = guarded_alloc(4096);
	struct sva_list_contexts list = { .argsz = sizeof(list), .count = 1,
					  .entry_size = sizeof(*page) };
	int node = node_open();

	context_create(node, getpid(), NULL);
	for (unsigned int i = 0; i < nowheres; i++) {
		list.entries = nowhere[i];
		list.count = 1;
		REFUSED(node, SVA_DEVICE_LIST_CONTEXTS, &list, EFAULT, SVA_REASON_BAD_POINTER);
	}
	list.entries = (uintptr_t)page + 4096 - 8;
	list.count = 1;
	REFUSED(node, SVA_DEVICE_LIST_CONTEXTS, &list, EFAULT, SVA_REASON_BAD_POINTER);
	MUST(mprotect(page, 4096, PROT_READ));
	list.entries = (uintptr_t)page;
	list.count = 1;
	REFUSED(node, SVA_DEVICE_LIST_CONTEXTS, &list, EFAULT, SVA_REASON_BAD_POINTER);
}

TEST(R8, list_of_enormous_counts_and_entries_is_bounded)
{
	struct sva_context_entry *page = guarded_alloc(4096);
	struct sva_list_contexts list = { .argsz = sizeof(list), .count = UINT32_MAX,
					  .entries = (uintptr_t)page, .entry_size = sizeof(*page) };
	int node = node_open();

	context_create(node, getpid(), NULL);
	ACCEPTED(node, SVA_DEVICE_LIST_CONTEXTS, &list);
	CHECK_EQ(list.count, 1);
	list.count = UINT32_MAX;
	list.entry_size = UINT32_MAX;
	CHECK(call(node, SVA_DEVICE_LIST_CONTEXTS, &list) < 0,
	      "4 GiB were written behind a page");
	CHECK(list.reason != SVA_REASON_NONE, "a failure without a reason");
}

TEST(R7, revoke_of_no_context)
{
	struct sva_revoke_context arg = { .argsz = sizeof(arg) };
	int node = node_open();
	uint64_t id;

	REFUSED(node, SVA_DEVICE_REVOKE_CONTEXT, &arg, ENOENT, SVA_REASON_NO_SUCH_CONTEXT);
	arg.id = UINT64_MAX;
	REFUSED(node, SVA_DEVICE_REVOKE_CONTEXT, &arg, ENOENT, SVA_REASON_NO_SUCH_CONTEXT);
	close(context_create(node, getpid(), &id));
	event_await(node, SVA_EVENT_ENDED, id);
	arg.id = id;
	REFUSED(node, SVA_DEVICE_REVOKE_CONTEXT, &arg, ENOENT, SVA_REASON_NO_SUCH_CONTEXT);
}

TEST(R7, second_reset_while_one_is_under_way_is_told_so)
{
	struct sva_device_reset arg = { .argsz = sizeof(arg) };
	int node = node_open();
	int done = 0, busy = 0;
	struct sva_event event;

	for (int i = 0; i < 20; i++) {
		int result = call(node, SVA_DEVICE_RESET, &arg);

		if (result == 0) {
			done++;
			continue;
		}
		CHECK_EQ(result, -EBUSY);
		CHECK_EQ(arg.reason, SVA_REASON_RESETTING);
		busy++;
	}
	CHECK(done >= 1, "none of 20 resets began (%d were told busy)", busy);
	while (done) {
		CHECK_EQ(event_next(node, &event, PATIENCE_MS), 1);
		done -= event.type == SVA_EVENT_RESET;
	}
}

TEST(R7, bind_of_another_task_is_not_supported)
{
	struct sva_bind_task arg = { .argsz = sizeof(arg), .pid = getpid() };
	int node = node_open();
	int ctx = context_create(node, getpid(), NULL);

	REFUSED(ctx, SVA_BIND_TASK, &arg, EOPNOTSUPP, SVA_REASON_OTHER_TASK);
	arg.pid = 1;
	REFUSED(ctx, SVA_BIND_TASK, &arg, EOPNOTSUPP, SVA_REASON_OTHER_TASK);
	arg.pid = -1;
	REFUSED(ctx, SVA_BIND_TASK, &arg, EOPNOTSUPP, SVA_REASON_OTHER_TASK);
	context_bind(ctx);
}

TEST(R7, unbind_under_another_pasid_is_no_such_pasid)
{
	struct sva_unbind_task arg = { .argsz = sizeof(arg) };
	int node = node_open();
	uint32_t pasid;
	int ctx = context_bound(node, NULL, &pasid);

	arg.pasid = pasid + 1;
	REFUSED(ctx, SVA_UNBIND_TASK, &arg, ENOENT, SVA_REASON_NO_SUCH_PASID);
	arg.pasid = 0;
	REFUSED(ctx, SVA_UNBIND_TASK, &arg, ENOENT, SVA_REASON_NO_SUCH_PASID);
	CHECK_EQ(context_info(ctx).state, SVA_STATE_BOUND);
	CHECK_EQ(context_unbind(ctx, pasid, 0), SVA_RELEASE_CLEAN);
}

TEST(R4, unbind_with_both_claims_is_a_conflict)
{
	struct sva_unbind_task arg = {
		.argsz = sizeof(arg),
		.flags = SVA_UNBIND_RELEASE_FLUSHED | SVA_UNBIND_RELEASE_CLEAN };
	int node = node_open();
	int ctx = context_bound(node, NULL, &arg.pasid);

	REFUSED(ctx, SVA_UNBIND_TASK, &arg, EINVAL, SVA_REASON_RELEASE_CONFLICT);
	CHECK_EQ(context_info(ctx).state, SVA_STATE_BOUND);
}

TEST(R7, regions_and_irqs_past_the_last)
{
	struct sva_region_info region = { .argsz = sizeof(region) };
	struct sva_irq_info irq = { .argsz = sizeof(irq) };
	int node = node_open();
	int ctx = context_bound(node, NULL, NULL);

	for (; region.index < SVA_ACCEL_NUM_REGIONS; region.index++, region.flags = 0) {
		ACCEPTED(ctx, SVA_CONTEXT_GET_REGION_INFO, &region);
		CHECK(region.size && region.size % 4096 == 0, "region %u has %llu bytes",
		      region.index, (unsigned long long)region.size);
		CHECK_EQ(region.flags & (SVA_REGION_FLAG_READ | SVA_REGION_FLAG_MMAP),
			 SVA_REGION_FLAG_READ | SVA_REGION_FLAG_MMAP);
		CHECK_EQ(!(region.flags & SVA_REGION_FLAG_WRITE),
			 region.index == SVA_ACCEL_REGION_STATUS);
	}
	REFUSED(ctx, SVA_CONTEXT_GET_REGION_INFO, &region, ENOENT, SVA_REASON_NO_SUCH_REGION);
	region.index = UINT32_MAX;
	REFUSED(ctx, SVA_CONTEXT_GET_REGION_INFO, &region, ENOENT, SVA_REASON_NO_SUCH_REGION);
	ACCEPTED(ctx, SVA_CONTEXT_GET_IRQ_INFO, &irq);
	CHECK_EQ(irq.count, 1);
	CHECK(irq.flags & SVA_IRQ_FLAG_EVENTFD, "flags 0x%x", irq.flags);
	irq = (struct sva_irq_info){ .argsz = sizeof(irq), .index = SVA_ACCEL_NUM_IRQS };
	REFUSED(ctx, SVA_CONTEXT_GET_IRQ_INFO, &irq, ENOENT, SVA_REASON_NO_SUCH_IRQ);
	irq.index = UINT32_MAX;
	REFUSED(ctx, SVA_CONTEXT_GET_IRQ_INFO, &irq, ENOENT, SVA_REASON_NO_SUCH_IRQ);
}

static struct sva_set_irqs set_irqs(const int32_t *fds, uint32_t count)
{
	return (struct sva_set_irqs){ .argsz = sizeof(struct sva_set_irqs),
				      .flags = SVA_IRQ_SET_EVENTFD, .count = count,
				      .fds = (uintptr_t)fds };
}

TEST(R7, irqs_that_are_not_there)
{
	int32_t fds[2] = { -1, -1 };
	struct sva_set_irqs arg = set_irqs(fds, 1);
	int node = node_open();
	int ctx = context_bound(node, NULL, NULL);

	arg.index = SVA_ACCEL_NUM_IRQS;
	REFUSED(ctx, SVA_CONTEXT_SET_IRQS, &arg, ENOENT, SVA_REASON_NO_SUCH_IRQ);
	arg = set_irqs(fds, 2);
	CHECK_EQ(call(ctx, SVA_CONTEXT_SET_IRQS, &arg), -EINVAL);
	CHECK(arg.reason != SVA_REASON_NONE, "EINVAL without a reason");
	arg = set_irqs(fds, 1);
	arg.start = 1;
	CHECK_EQ(call(ctx, SVA_CONTEXT_SET_IRQS, &arg), -EINVAL);
	arg = set_irqs(fds, 2);		/* start + count wraps */
	arg.start = UINT32_MAX;
	CHECK_EQ(call(ctx, SVA_CONTEXT_SET_IRQS, &arg), -EINVAL);
	arg = set_irqs(fds, UINT32_MAX);
	CHECK_EQ(call(ctx, SVA_CONTEXT_SET_IRQS, &arg), -EINVAL);
	arg = set_irqs(NULL, 0);
	ACCEPTED(ctx, SVA_CONTEXT_SET_IRQS, &arg);
}

TEST(R7, irq_actions_that_make_no_sense)
{
	int32_t fd = -1;
	struct sva_set_irqs arg = set_irqs(&fd, 1);
	int node = node_open();
	int ctx = context_bound(node, NULL, NULL);

	arg.flags = SVA_IRQ_SET_EVENTFD | SVA_IRQ_SET_MASK;
	CHECK_EQ(call(ctx, SVA_CONTEXT_SET_IRQS, &arg), -EINVAL);
	CHECK(arg.reason != SVA_REASON_NONE, "EINVAL without a reason");
	arg.flags = 0;
	CHECK_EQ(call(ctx, SVA_CONTEXT_SET_IRQS, &arg), -EINVAL);
	CHECK(arg.reason != SVA_REASON_NONE, "EINVAL without a reason");
	arg.flags = SVA_IRQ_SET_MASK;
	arg.index = SVA_ACCEL_IRQ_COMPLETION;
	REFUSED(ctx, SVA_CONTEXT_SET_IRQS, &arg, EINVAL, SVA_REASON_NOT_MASKABLE);
}

TEST(R7, irq_descriptors_that_are_no_eventfd)
{
	int32_t fd = -1;
	struct sva_set_irqs arg = set_irqs(&fd, 1);
	int node = node_open();
	int ctx = context_bound(node, NULL, NULL);
	int result;

	ACCEPTED(ctx, SVA_CONTEXT_SET_IRQS, &arg);
	fd = 999;
	REFUSED(ctx, SVA_CONTEXT_SET_IRQS, &arg, EBADF, SVA_REASON_BAD_EVENTFD);
	fd = ctx;
	result = call(ctx, SVA_CONTEXT_SET_IRQS, &arg);
	CHECK(result == -EINVAL || result == -EBADF, "a context as eventfd: %d", result);
	CHECK_EQ(arg.reason, SVA_REASON_BAD_EVENTFD);
	for (unsigned int i = 0; i < nowheres; i++) {
		arg.fds = nowhere[i];
		REFUSED(ctx, SVA_CONTEXT_SET_IRQS, &arg, EFAULT, SVA_REASON_BAD_POINTER);
	}
}

static void map_refused(int ctx, size_t size, int prot, int shared, off_t offset, int error)
{
	void *p = mmap(NULL, size, prot, shared, ctx, offset);

	CHECK(p == MAP_FAILED, "%zu bytes at offset 0x%llx were mapped", size,
	      (unsigned long long)offset);
	CHECK_EQ(errno, error);
	CHECK(context_last_reason(ctx) != SVA_REASON_NONE, "a failure without a reason");
}

TEST(R7, mappings_outside_a_region)
{
	int node = node_open();
	int ctx = context_bound(node, NULL, NULL);

	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		struct sva_region_info r = region_info(ctx, i);
		off_t offset = (off_t)r.offset;

		map_refused(ctx, r.size + 4096, PROT_READ, MAP_SHARED, offset, EINVAL);
		CHECK_EQ(context_last_reason(ctx), SVA_REASON_BAD_RANGE);
		map_refused(ctx, 4096, PROT_READ, MAP_SHARED, offset + (off_t)r.size, EINVAL);
		map_refused(ctx, r.size, PROT_READ, MAP_SHARED, offset + 4096, EINVAL);
	}
	map_refused(ctx, 4096, PROT_READ, MAP_SHARED, INT64_MAX & ~(off_t)4095, EINVAL);
}

TEST(R7, status_page_cannot_be_made_writable)
{
	int node = node_open();
	int ctx = context_bound(node, NULL, NULL);
	struct sva_region_info r = region_info(ctx, SVA_ACCEL_REGION_STATUS);
	void *p;

	map_refused(ctx, r.size, PROT_READ | PROT_WRITE, MAP_SHARED, (off_t)r.offset, EACCES);
	CHECK_EQ(context_last_reason(ctx), SVA_REASON_ACCESS);
	p = region_map(ctx, SVA_ACCEL_REGION_STATUS, PROT_READ);
	CHECK(mprotect(p, r.size, PROT_READ | PROT_WRITE) < 0, "mprotect made it writable");
	CHECK_EQ(errno, EACCES);
}

/* A private mapping may be refused; it may not be a way to write the device's page */
TEST(R7, private_mapping_is_no_way_around)
{
	int node = node_open();
	int ctx = context_bound(node, NULL, NULL);
	struct sva_region_info r = region_info(ctx, SVA_ACCEL_REGION_STATUS);
	struct sva_accel_status seen;
	struct sva_accel_status *p;

	p = mmap(NULL, r.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, ctx, (off_t)r.offset);
	if (p == MAP_FAILED)
		return;
	p->state = 0xbad;
	CHECK_EQ(pread(ctx, &seen, sizeof(seen), (off_t)r.offset), sizeof(seen));
	CHECK_EQ(seen.state, SVA_ACCEL_QUEUE_RUNNING);
}

TEST(R7, read_and_write_at_a_region)
{
	int node = node_open();
	int ctx = context_bound(node, NULL, NULL);
	struct sva_region_info status = region_info(ctx, SVA_ACCEL_REGION_STATUS);
	struct sva_region_info ring = region_info(ctx, SVA_ACCEL_REGION_RING);
	struct sva_accel_desc in = { .arg0 = 0x0123456789abcdef }, out;
	struct sva_accel_status seen;
	off_t last = (off_t)(ring.offset + ring.size - sizeof(in));

	CHECK_EQ(pread(ctx, &seen, sizeof(seen), (off_t)status.offset), sizeof(seen));
	CHECK_EQ(seen.state, SVA_ACCEL_QUEUE_RUNNING);
	CHECK_EQ(pwrite(ctx, &in, sizeof(in), last), sizeof(in));
	CHECK_EQ(pread(ctx, &out, sizeof(out), last), sizeof(out));
	CHECK(!memcmp(&in, &out, sizeof(in)), "the ring does not keep what is written");
}

static void transfer_refused(int ctx, ssize_t n, int error, uint32_t reason)
{
	CHECK(n < 0, "%zd bytes were transferred", n);
	CHECK_EQ(errno, error);
	CHECK_EQ(context_last_reason(ctx), reason);
}

TEST(R7, read_and_write_outside_or_against_a_region)
{
	int node = node_open();
	int ctx = context_bound(node, NULL, NULL);
	struct sva_region_info status = region_info(ctx, SVA_ACCEL_REGION_STATUS);
	struct sva_region_info ring = region_info(ctx, SVA_ACCEL_REGION_RING);
	char byte[8] = { 0 };
	off_t end = (off_t)(ring.offset + ring.size);

	transfer_refused(ctx, pwrite(ctx, byte, 4, (off_t)status.offset), EACCES,
			 SVA_REASON_ACCESS);
	transfer_refused(ctx, pread(ctx, byte, 4, end), EINVAL, SVA_REASON_BAD_RANGE);
	transfer_refused(ctx, pread(ctx, byte, 8, end - 4), EINVAL, SVA_REASON_BAD_RANGE);
	transfer_refused(ctx, pwrite(ctx, byte, 8, end - 4), EINVAL, SVA_REASON_BAD_RANGE);
	transfer_refused(ctx, pread(ctx, byte, 8, INT64_MAX - 4), EINVAL, SVA_REASON_BAD_RANGE);
	transfer_refused(ctx, pread(ctx, (void *)nowhere[1], 8, (off_t)ring.offset), EFAULT,
			 SVA_REASON_BAD_POINTER);
	transfer_refused(ctx, pwrite(ctx, (void *)nowhere[1], 8, (off_t)ring.offset), EFAULT,
			 SVA_REASON_BAD_POINTER);
}

TEST(R7, events_are_read_whole)
{
	struct sva_event event;
	int node = node_open();
	uint64_t id;
	int ctx;

	CHECK(read(node, &event, sizeof(event)) < 0 && errno == EAGAIN, "an event before any");
	ctx = context_bound(node, &id, NULL);
	CHECK(fd_readable(node, PATIENCE_MS), "binding is no event");
	CHECK(read(node, &event, sizeof(event) - 1) < 0 && errno == EINVAL,
	      "a part of an event was read");
	CHECK(read(node, (void *)nowhere[1], sizeof(event)) < 0 && errno == EFAULT,
	      "an event went to a bad address");
	event = event_await(node, SVA_EVENT_BOUND, id);
	CHECK_EQ(event.pasid, context_info(ctx).pasid);
	CHECK(event.time <= now_ns() && now_ns() - event.time < 60000000000u, "time %llu",
	      (unsigned long long)event.time);
	CHECK_EQ(event.outcome, 0);
}

/* A fault that no completion record tells is an event, pending until it has been read */
TEST(R7, what_a_context_s_read_refuses_leaves_its_reason)
{
	struct sva_accel_desc job = job_reporting(job_crc((void *)nowhere[1], 8, 0));
	struct sva_event event;
	struct queue queue;

	queue_open(&queue);
	transfer_refused(queue.ctx, read(queue.ctx, &event, sizeof(event) - 1), EINVAL,
			 SVA_REASON_BAD_RANGE);
	ring_submit(&queue.ring, &job);
	CHECK(fd_readable(queue.ctx, PATIENCE_MS), "no event");
	transfer_refused(queue.ctx, read(queue.ctx, (void *)nowhere[1], sizeof(event)), EFAULT,
			 SVA_REASON_BAD_POINTER);
	CHECK_EQ(event_await(queue.ctx, SVA_EVENT_FAULT, queue.id).address, nowhere[1]);

	/* the end, too, and its reason is not that of the call */
	context_revoke(queue.node, queue.id);
	end_await(queue.node, queue.id);
	transfer_refused(queue.ctx, read(queue.ctx, (void *)nowhere[1], sizeof(event)), EFAULT,
			 SVA_REASON_BAD_POINTER);
	transfer_refused(queue.ctx, read(queue.ctx, &event, sizeof(event) - 1), EINVAL,
			 SVA_REASON_BAD_RANGE);
	event_await(queue.ctx, SVA_EVENT_REVOKED, queue.id);
}

TEST(R7, several_events_in_one_read)
{
	struct sva_event events[8];
	int node = node_open();
	uint64_t id;

	close(context_bound(node, &id, NULL));
	close(context_bound(node, NULL, NULL));
	event_await(node, SVA_EVENT_ENDED, id);
	close(context_bound(node, &id, NULL));
	close(context_bound(node, NULL, NULL));
	CHECK(fd_readable(node, PATIENCE_MS), "no event");
	for (size_t seen = 0; seen < 4;) {
		ssize_t n;

		CHECK(fd_readable(node, PATIENCE_MS), "%zu events", seen);
		n = MUST(read(node, events, sizeof(events)));
		CHECK(n > 0 && n % (ssize_t)sizeof(events[0]) == 0, "%zd bytes", n);
		seen += (size_t)n / sizeof(events[0]);
	}
}
