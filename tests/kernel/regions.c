// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * regions.c - discovery: what a device and its regions say of themselves, and
 * that read, write and mmap keep to it
 */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

#define DOORBELL SVA_ACCEL_REGION_DOORBELL
#define RING SVA_ACCEL_REGION_RING
#define STATUS SVA_ACCEL_REGION_STATUS

static size_t page;

__attribute__((constructor)) static void learn_page(void)
{
	page = (size_t)sysconf(_SC_PAGESIZE);
}

/* --------------------------------------------------------------- discovery */

TEST(ABI, regions_are_told_with_what_may_be_done)
{
	const uint32_t all = SVA_REGION_FLAG_READ | SVA_REGION_FLAG_WRITE | SVA_REGION_FLAG_MMAP;
	int node = node_open(), ctx = context_bound(node, NULL, NULL);

	CHECK_EQ(context_info(ctx).num_regions, SVA_ACCEL_NUM_REGIONS);
	CHECK_EQ(device_info(node).num_regions, SVA_ACCEL_NUM_REGIONS);
	CHECK_EQ(region_info(ctx, DOORBELL).flags, all);
	CHECK_EQ(region_info(ctx, RING).flags, all);
	CHECK_EQ(region_info(ctx, STATUS).flags, SVA_REGION_FLAG_READ | SVA_REGION_FLAG_MMAP);
}

/* Offset 0 is where the events are */
TEST(ABI, regions_are_whole_pages_behind_the_events_and_apart)
{
	struct sva_region_info info[SVA_ACCEL_NUM_REGIONS];
	int ctx = context_bound(node_open(), NULL, NULL);

	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		info[i] = region_info(ctx, i);
		CHECK_EQ(info[i].index, i);
		CHECK(info[i].size && info[i].size % page == 0, "region %u: %llu bytes", i,
		      (unsigned long long)info[i].size);
		CHECK(info[i].offset && info[i].offset % page == 0, "region %u at 0x%llx", i,
		      (unsigned long long)info[i].offset);
		CHECK(info[i].offset <= INT64_MAX - info[i].size, "region %u ends nowhere", i);
		for (unsigned int k = 0; k < i; k++)
			CHECK(info[i].offset >= info[k].offset + info[k].size ||
			      info[k].offset >= info[i].offset + info[i].size,
			      "regions %u and %u overlap", i, k);
	}
}

TEST(ABI, no_region_past_the_last)
{
	struct sva_region_info info = { .argsz = sizeof(info) };
	int ctx = context_bound(node_open(), NULL, NULL);

	info.index = SVA_ACCEL_NUM_REGIONS;
	REFUSED(ctx, SVA_CONTEXT_GET_REGION_INFO, &info, ENOENT, SVA_REASON_NO_SUCH_REGION);
	info.index = UINT32_MAX;
	REFUSED(ctx, SVA_CONTEXT_GET_REGION_INFO, &info, ENOENT, SVA_REASON_NO_SUCH_REGION);
	info.index = 0x80000000;
	REFUSED(ctx, SVA_CONTEXT_GET_REGION_INFO, &info, ENOENT, SVA_REASON_NO_SUCH_REGION);
}

/* All that a process of this machine can have an address for, and nothing of the kernel's */
TEST(ABI, reachable_addresses_and_page_sizes_are_told)
{
	struct sva_device_info info = device_info(node_open());
	char *top;

	CHECK(info.iova_start <= page, "it starts at 0x%llx", (unsigned long long)info.iova_start);
	CHECK(info.iova_end > info.iova_start, "it ends at 0x%llx",
	      (unsigned long long)info.iova_end);
	CHECK((info.iova_end & (page - 1)) == page - 1, "it ends within a page, at 0x%llx",
	      (unsigned long long)info.iova_end);
#if UINTPTR_MAX > UINT32_MAX
	CHECK(info.iova_end < 1ull << 63, "it reaches the kernel: 0x%llx",
	      (unsigned long long)info.iova_end);
	CHECK(info.iova_end >= (uintptr_t)&info, "its end, 0x%llx, is below the stack",
	      (unsigned long long)info.iova_end);
	top = mmap((void *)(uintptr_t)(info.iova_end + 1 - page), page, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(top != MAP_FAILED || errno == EEXIST, "its last page cannot be had: %s",
	      strerror(errno));
	top = mmap((void *)(uintptr_t)(info.iova_end + 1), page, PROT_READ,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(top == MAP_FAILED, "there is memory behind its end");
#else
	(void)top;
#endif
	CHECK(info.page_sizes & page, "page sizes 0x%llx do not have the CPU's",
	      (unsigned long long)info.page_sizes);
	CHECK((info.page_sizes & (page - 1)) == 0, "page sizes 0x%llx below the CPU's",
	      (unsigned long long)info.page_sizes);
}

/* The last page that can be mapped is one that the device reaches as well */
TEST(ABI, device_reaches_the_ends_of_what_it_tells)
{
	char from[64] = "at the top";
	struct queue queue;
	char *top;

	queue_open(&queue);
	top = mmap((void *)(uintptr_t)(device_info(queue.node).iova_end + 1 - page), page,
		   PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		   0);
	if (top == MAP_FAILED && sizeof(void *) == 4)
		return;
	CHECK(top != MAP_FAILED, "%s", strerror(errno));
	queue_succeed(&queue, job_memmove(top + page - sizeof(from), from, sizeof(from)));
	CHECK(!memcmp(top + page - sizeof(from), from, sizeof(from)), "the job went wrong");
	queue_close(&queue);
}

/* ------------------------------------------------------------- read and write */

static void transfer_refused(int ctx, off_t offset, size_t size, int error, uint32_t reason)
{
	static char bytes[1 << 16];

	CHECK(pread(ctx, bytes, size, offset) < 0 && errno == error, "pread of %zu at 0x%llx: %s",
	      size, (long long)offset, strerror(errno));
	CHECK_EQ(context_last_reason(ctx), reason);
	CHECK(pwrite(ctx, bytes, size, offset) < 0 && errno == error,
	      "pwrite of %zu at 0x%llx: %s", size, (long long)offset, strerror(errno));
	CHECK_EQ(context_last_reason(ctx), reason);
}

TEST(ABI, transfers_keep_within_one_region)
{
	int ctx = context_bound(node_open(), NULL, NULL);

	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		struct sva_region_info info = region_info(ctx, i);
		off_t start = (off_t)info.offset, end = start + (off_t)info.size;
		char bytes[8] = { 0 };

		CHECK_EQ(pread(ctx, bytes, 8, start), 8);
		CHECK_EQ(pread(ctx, bytes, 8, end - 8), 8);
		CHECK_EQ(pread(ctx, bytes, 1, end - 1), 1);
		transfer_refused(ctx, end - 4, 8, EINVAL, SVA_REASON_BAD_RANGE);
		transfer_refused(ctx, end, 1, EINVAL, SVA_REASON_BAD_RANGE);
		transfer_refused(ctx, end, 8, EINVAL, SVA_REASON_BAD_RANGE);
		transfer_refused(ctx, start - 1, 1, EINVAL, SVA_REASON_BAD_RANGE);
		transfer_refused(ctx, start - 4, 8, EINVAL, SVA_REASON_BAD_RANGE);
		transfer_refused(ctx, start, info.size + 1, EINVAL, SVA_REASON_BAD_RANGE);
	}
}

/* Offset plus length beyond what fits must be no way around the bounds */
TEST(ABI, transfers_that_overflow_are_refused)
{
	static char bytes[8];
	int ctx = context_bound(node_open(), NULL, NULL);
	off_t start = (off_t)region_info(ctx, STATUS).offset;
	/* volatile: the compiler knows better than to read that much */
	volatile size_t sizes[] = { SIZE_MAX, SSIZE_MAX, (size_t)-start };

	for (int i = 0; i < 3; i++)
		CHECK(pread(ctx, bytes, sizes[i], start) < 0, "pread of 0x%zx bytes", sizes[i]);
	for (int i = 1; i < 10; i++) {
		CHECK(pread(ctx, bytes, 8, INT64_MAX - i) < 0, "pread at the end of the file");
		CHECK(pwrite(ctx, bytes, 8, INT64_MAX - i) < 0, "pwrite at the end of the file");
	}
	CHECK(pread(ctx, bytes, 8, -1) < 0 && errno == EINVAL, "pread at -1: %s", strerror(errno));
	CHECK(pread(ctx, bytes, 8, INT64_MIN) < 0 && errno == EINVAL, "%s", strerror(errno));
}

TEST(ABI, status_cannot_be_written)
{
	int ctx = context_bound(node_open(), NULL, NULL);
	struct sva_region_info info = region_info(ctx, STATUS);
	struct sva_accel_status before, after;
	char bytes[8] = { 0 };

	CHECK_EQ(pread(ctx, &before, sizeof(before), (off_t)info.offset), sizeof(before));
	CHECK(pwrite(ctx, bytes, 8, (off_t)info.offset) < 0 && errno == EACCES, "pwrite: %s",
	      strerror(errno));
	CHECK_EQ(context_last_reason(ctx), SVA_REASON_ACCESS);
	CHECK_EQ(pread(ctx, &after, sizeof(after), (off_t)info.offset), sizeof(after));
	CHECK(!memcmp(&before, &after, sizeof(before)), "it was written");
}

/* One memory by two ways */
TEST(ABI, transfers_and_mappings_are_the_same_memory)
{
	struct sva_region_info info;
	struct queue queue;
	char text[16] = "by pwrite", seen[16] = "";
	char *last;

	queue_open(&queue);
	info = region_info(queue.ctx, RING);
	last = (char *)queue.ring.desc + info.size - sizeof(text);
	CHECK_EQ(pwrite(queue.ctx, text, sizeof(text),
			(off_t)(info.offset + info.size - sizeof(text))), sizeof(text));
	CHECK(!memcmp(last, text, sizeof(text)), "the mapping has '%.16s'", last);
	memcpy(last, "by the CPU\0\0\0\0\0", sizeof(text));
	CHECK_EQ(pread(queue.ctx, seen, sizeof(seen),
		       (off_t)(info.offset + info.size - sizeof(seen))), sizeof(seen));
	CHECK(!strcmp(seen, "by the CPU"), "pread has '%s'", seen);
	queue_close(&queue);
}

TEST(ABI, bad_buffers_are_efault)
{
	int ctx = context_bound(node_open(), NULL, NULL);
	off_t offset = (off_t)region_info(ctx, DOORBELL).offset;

	for (unsigned int i = 0; i < nowheres; i++) {
		CHECK(pread(ctx, (void *)nowhere[i], 8, offset) < 0 && errno == EFAULT,
		      "pread to 0x%zx: %s", (size_t)nowhere[i], strerror(errno));
		CHECK(pwrite(ctx, (void *)nowhere[i], 8, offset) < 0 && errno == EFAULT,
		      "pwrite from 0x%zx: %s", (size_t)nowhere[i], strerror(errno));
	}
}

/* Events at 0, and nothing to write to */
TEST(ABI, offset_zero_is_events)
{
	int node = node_open(), ctx, flags;
	struct sva_event event;
	char bytes[8] = { 0 };
	uint64_t id;

	ctx = context_bound(node, &id, NULL);
	flags = (int)MUST(fcntl(ctx, F_GETFL));
	MUST(fcntl(ctx, F_SETFL, flags | O_NONBLOCK));
	CHECK(pread(ctx, &event, sizeof(event), 0) < 0 && errno == EAGAIN, "%s", strerror(errno));
	CHECK(pread(ctx, &event, sizeof(event) - 1, 0) < 0 && errno == EINVAL, "a part: %s",
	      strerror(errno));
	CHECK(pwrite(ctx, bytes, sizeof(bytes), 0) < 0 && errno == EINVAL, "pwrite: %s",
	      strerror(errno));
	CHECK_EQ(context_last_reason(ctx), SVA_REASON_BAD_RANGE);
	CHECK(mmap(NULL, page, PROT_READ, MAP_SHARED, ctx, 0) == MAP_FAILED && errno == EINVAL,
	      "mmap: %s", strerror(errno));
	CHECK_EQ(context_last_reason(ctx), SVA_REASON_BAD_RANGE);
	context_revoke(node, id);
	CHECK(fd_readable(ctx, PATIENCE_MS), "no event");
	CHECK(pread(ctx, &event, sizeof(event), 0) == sizeof(event), "%s", strerror(errno));
	CHECK_EQ(event.type, SVA_EVENT_REVOKED);
}

/*
 * Whoever polls and reads as soon as the end has begun finds the event, not the
 * refusal that comes behind it.
 */
TEST(R5, event_of_the_end_comes_before_the_refusal)
{
	int node = node_open();

	for (int round = 0; round < 200; round++) {
		struct sva_event event;
		uint64_t id;
		int ctx = context_bound(node, &id, NULL);

		context_revoke(node, id);
		CHECK(fd_readable(ctx, PATIENCE_MS), "round %d: no event", round);
		CHECK(read(ctx, &event, sizeof(event)) == sizeof(event), "round %d: %s", round,
		      strerror(errno));
		CHECK_EQ(event.type, SVA_EVENT_REVOKED);
		CHECK(read(ctx, &event, sizeof(event)) < 0 && errno == EPERM, "round %d: %s", round,
		      strerror(errno));
		event_await(node, SVA_EVENT_ENDED, id);
		close(ctx);
	}
}

/* ------------------------------------------------------------------- mmap */

static void mmap_refused(int ctx, size_t size, int prot, int flags, uint64_t offset, int error,
			 uint32_t reason)
{
	void *p = mmap(NULL, size, prot, flags, ctx, (off_t)offset);

	CHECK(p == MAP_FAILED && errno == error,
	      "mmap of 0x%zx, prot %d, flags 0x%x, at 0x%llx: %s instead of %s", size, prot, flags,
	      (unsigned long long)offset, p == MAP_FAILED ? strerror(errno) : "done",
	      strerror(error));
	CHECK_EQ(context_last_reason(ctx), reason);
}

TEST(ABI, mappings_keep_within_one_region)
{
	int ctx = context_bound(node_open(), NULL, NULL);

	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		struct sva_region_info info = region_info(ctx, i);
		uint64_t end = info.offset + info.size;

		mmap_refused(ctx, info.size + page, PROT_READ, MAP_SHARED, info.offset, EINVAL,
			     SVA_REASON_BAD_RANGE);
		mmap_refused(ctx, page, PROT_READ, MAP_SHARED, end, EINVAL, SVA_REASON_BAD_RANGE);
		mmap_refused(ctx, 2 * page, PROT_READ, MAP_SHARED, end - page, EINVAL,
			     SVA_REASON_BAD_RANGE);
		mmap_refused(ctx, page, PROT_READ, MAP_SHARED, info.offset - page, EINVAL,
			     SVA_REASON_BAD_RANGE);
		mmap_refused(ctx, 2 * page, PROT_READ, MAP_SHARED, info.offset - page, EINVAL,
			     SVA_REASON_BAD_RANGE);
	}
	mmap_refused(ctx, page, PROT_READ, MAP_SHARED, INT64_MAX & ~(page - 1) & ~page, EINVAL,
		     SVA_REASON_BAD_RANGE);
}

/* Each page by itself is the page of the whole */
TEST(ABI, part_of_a_region_can_be_mapped)
{
	struct sva_region_info info;
	struct queue queue;

	queue_open(&queue);
	info = region_info(queue.ctx, RING);
	CHECK(info.size >= 2 * page, "the ring has one page");
	for (size_t at = 0; at < info.size; at += page) {
		volatile uint64_t *whole = (volatile uint64_t *)((char *)queue.ring.desc + at);
		volatile uint64_t *part = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_SHARED,
					       queue.ctx, (off_t)(info.offset + at));

		CHECK(part != MAP_FAILED, "page at 0x%zx: %s", at, strerror(errno));
		whole[1] = 0x1000 + at;
		CHECK_EQ(part[1], 0x1000 + at);
		part[2] = 0x2000 + at;
		CHECK_EQ(whole[2], 0x2000 + at);
		munmap((void *)part, page);
	}
	queue_close(&queue);
}

TEST(ABI, mappings_are_shared_or_refused)
{
	int ctx = context_bound(node_open(), NULL, NULL);

	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		uint64_t offset = region_info(ctx, i).offset;

		mmap_refused(ctx, page, PROT_READ, MAP_PRIVATE, offset, EACCES, SVA_REASON_ACCESS);
		mmap_refused(ctx, page, PROT_READ | PROT_WRITE, MAP_PRIVATE, offset, EACCES,
			     SVA_REASON_ACCESS);
	}
}

TEST(ABI, status_is_mapped_for_reading_only)
{
	int ctx = context_bound(node_open(), NULL, NULL);
	uint64_t offset = region_info(ctx, STATUS).offset;

	mmap_refused(ctx, page, PROT_READ | PROT_WRITE, MAP_SHARED, offset, EACCES,
		     SVA_REASON_ACCESS);
	mmap_refused(ctx, page, PROT_WRITE, MAP_SHARED, offset, EACCES, SVA_REASON_ACCESS);
	region_map(ctx, STATUS, PROT_READ);
}

/* The file system that contexts are on refuses it before the context is asked */
TEST(ABI, regions_are_never_executable)
{
	int ctx = context_bound(node_open(), NULL, NULL);

	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		struct sva_region_info info = region_info(ctx, i);
		void *p = mmap(NULL, info.size, PROT_READ | PROT_EXEC, MAP_SHARED, ctx,
			       (off_t)info.offset);

		CHECK(p == MAP_FAILED && (errno == EPERM || errno == EACCES), "region %u: %s", i,
		      p == MAP_FAILED ? strerror(errno) : "mapped");
		p = region_map(ctx, i, PROT_READ);
		CHECK(mprotect(p, info.size, PROT_READ | PROT_EXEC) < 0, "region %u became code", i);
	}
}

static void protection_stays(void *region, size_t size)
{
	static const int prots[] = { PROT_NONE, PROT_READ, PROT_WRITE, PROT_READ | PROT_WRITE,
				     PROT_READ | PROT_EXEC };
	int changed = 0;

	for (size_t i = 0; i < sizeof(prots) / sizeof(prots[0]); i++)
		changed += mprotect(region, size, prots[i]) == 0;
	/* to what it is already is no change */
	CHECK(changed <= 1, "mprotect changed it %d times", changed);
	(void)*(volatile char *)region;
}

TEST(R9, protection_of_regions_cannot_be_changed)
{
	struct queue queue;

	queue_open(&queue);
	protection_stays(queue.ring.status, queue.ring.sizes[STATUS]);
	protection_stays(queue.ring.desc, queue.ring.sizes[RING]);
	protection_stays(queue.ring.doorbell, queue.ring.sizes[DOORBELL]);
	CHECK(mprotect(queue.ring.status, page, PROT_READ | PROT_WRITE) < 0 && errno == EACCES,
	      "the status could be made writable: %s", strerror(errno));
	queue_succeed(&queue, job_nop());
	queue_close(&queue);
}

TEST(R9, part_of_a_mapping_can_neither_be_moved_nor_taken_out)
{
	struct queue queue;
	char *ring;

	queue_open(&queue);
	ring = (char *)queue.ring.desc;
	CHECK(queue.ring.sizes[RING] >= 4 * page, "the ring is too small to have a middle");
	CHECK(mremap(ring + page, page, page, MREMAP_MAYMOVE | MREMAP_FIXED,
		     pages_alloc(page)) == MAP_FAILED, "a page of the ring was moved");
	CHECK(mremap(ring + page, page, 2 * page, MREMAP_MAYMOVE) == MAP_FAILED,
	      "a page of the ring grew");
	CHECK(mremap(ring, queue.ring.sizes[RING], page, 0) == MAP_FAILED, "it shrank");
	CHECK(munmap(ring + page, page) < 0, "a hole in the ring");
	CHECK(mprotect(ring + page, page, PROT_READ) < 0, "a page of the ring was protected");
	queue_succeed(&queue, job_nop());
	queue_close(&queue);
}

/* ------------------------------------------- the device keeps out of its own */

/* A region is memory of the process like any other: the device may be pointed at it */
TEST(R1, regions_as_operands_are_ordinary_memory_or_a_fault)
{
	char from[64] = "into the ring";
	struct sva_accel_completion done;
	struct queue queue;
	char *slot;

	queue_open(&queue);
	slot = (char *)&queue.ring.desc[queue.ring.entries - 1];
	done = queue_run(&queue, job_memmove(slot, from, sizeof(from)));
	CHECK(done.status == SVA_ACCEL_SUCCESS ? !memcmp(slot, from, sizeof(from)) :
						 done.status == SVA_ACCEL_PAGE_FAULT,
	      "status %u", done.status);
	done = queue_run(&queue, job_memmove(queue.ring.status, from, sizeof(from)));
	CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
	CHECK_EQ(done.fault_addr, (uintptr_t)queue.ring.status);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_RUNNING);
	queue_close(&queue);
}
