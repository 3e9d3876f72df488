// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * accel_fault.c - what the accelerator does with pages that are not there:
 * asks for them and goes on, or reports the address, as the descriptor says
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

#define PAGE 4096u
#define COLD (4u << 20)

/* Where nothing is, and where no later mapping goes: the guard behind a page */
static unsigned char *hole_make(void)
{
	return (unsigned char *)guarded_alloc(PAGE) + PAGE;
}

static uintptr_t page_of(uint64_t address)
{
	return (uintptr_t)address & ~(uintptr_t)(PAGE - 1);
}

static void check_fault(const struct sva_accel_completion *done, const void *page, uint32_t access)
{
	CHECK(done->status == SVA_ACCEL_PAGE_FAULT, "status %u, done %llu", done->status,
	      (unsigned long long)done->done);
	CHECK(page_of(done->fault_addr) == (uintptr_t)page, "fault at 0x%llx, expected page %p",
	      (unsigned long long)done->fault_addr, page);
	CHECK(done->fault_access == access, "access %u, expected %u", done->fault_access, access);
}

TEST(accel, untouched_memory_arrives_by_page_request)
{
	unsigned char *cold = pages_alloc(COLD);
	struct sva_accel_completion done;
	struct queue queue;
	uint64_t before;

	queue_open(&queue);
	before = queue.ring.status->page_requests;
	done = queue_succeed(&queue, job_fill(cold, 0x4242424242424242, COLD));
	for (size_t i = 0; i < COLD; i++)
		CHECK(cold[i] == 0x42, "byte %zu is 0x%x", i, cold[i]);
	CHECK(done.page_requests > 0, "no page request for %u cold pages", COLD / PAGE);
	CHECK(done.fault_ns > 0, "page requests took no time");
	CHECK(queue_await_requests(&queue), "the kernel and the device count differently");
	CHECK_EQ(queue.ring.status->page_requests - before, done.page_requests);
	CHECK(queue.ring.status->page_groups > 0 &&
	      queue.ring.status->page_groups <= queue.ring.status->page_requests,
	      "%llu groups", (unsigned long long)queue.ring.status->page_groups);
	CHECK(context_info(queue.ctx).faults > 0, "no fault was counted");
	queue_close(&queue);
}

TEST(accel, warm_memory_needs_no_page_request)
{
	static unsigned char warm[16 * PAGE];
	struct sva_accel_completion done;
	struct queue queue;

	memset(warm, 1, sizeof(warm));
	queue_open(&queue);
	queue_succeed(&queue, job_fill(warm, 0, sizeof(warm)));
	done = queue_succeed(&queue, job_fill(warm, 0, sizeof(warm)));
	CHECK_EQ(done.page_requests, 0);
	CHECK_EQ(done.fault_ns, 0);
	queue_close(&queue);
}

TEST(accel, untouched_anonymous_memory_reads_as_zeroes)
{
	unsigned char *cold = pages_alloc(COLD), *copy = pages_alloc(COLD);
	struct queue queue;

	memset(copy, 0xff, COLD);
	queue_open(&queue);
	queue_succeed(&queue, job_memmove(copy, cold, COLD));
	for (size_t i = 0; i < COLD; i++)
		CHECK(copy[i] == 0, "byte %zu of untouched memory is 0x%x", i, copy[i]);
	queue_close(&queue);
}

/* A file in memory, filled by write() alone, so that no mapping of it is warm */
static int make_file(size_t size, unsigned char seed)
{
	int fd = (int)MUST(memfd_create("sva-test", MFD_CLOEXEC));
	unsigned char *block = malloc(65536);

	for (size_t done = 0; done < size; done += 65536) {
		for (int i = 0; i < 65536; i++)
			block[i] = (unsigned char)(i * 7 + done / 65536 + seed);
		CHECK_EQ(write(fd, block, 65536), 65536);
	}
	free(block);
	return fd;
}

static unsigned char *map_file(int fd, size_t size, int prot, int flags)
{
	void *p = mmap(NULL, size, prot, flags, fd, 0);

	CHECK(p != MAP_FAILED, "mmap: %s", strerror(errno));
	return p;
}

TEST(accel, untouched_file_mapping_arrives_by_page_request)
{
	int fd = make_file(COLD, 3);
	unsigned char *cold = map_file(fd, COLD, PROT_READ, MAP_SHARED);
	struct sva_accel_completion done;
	struct queue queue;

	queue_open(&queue);
	done = queue_succeed(&queue, job_crc(cold, COLD, 0));
	CHECK_EQ(done.result, cpu_crc32c(0, cold, COLD));
	CHECK(done.page_requests > 0, "no page request");
	queue_close(&queue);
}

TEST(accel, device_writes_reach_a_shared_file)
{
	int fd = make_file(COLD, 3);
	unsigned char *shared = map_file(fd, COLD, PROT_READ | PROT_WRITE, MAP_SHARED);
	unsigned char *byread = malloc(COLD);
	struct queue queue;

	queue_open(&queue);
	queue_succeed(&queue, job_fill(shared, 0x2323232323232323, COLD));
	CHECK_EQ(pread(fd, byread, COLD, 0), COLD);
	for (size_t i = 0; i < COLD; i++)
		CHECK(byread[i] == 0x23, "byte %zu of the file is 0x%x", i, byread[i]);
	queue_close(&queue);
}

TEST(accel, device_writes_to_a_private_mapping_stay_private)
{
	int fd = make_file(COLD, 3);
	unsigned char *private = map_file(fd, COLD, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	unsigned char *shared = map_file(fd, COLD, PROT_READ, MAP_SHARED);
	uint32_t before = cpu_crc32c(0, shared, COLD);
	struct queue queue;

	CHECK_EQ(cpu_crc32c(0, private, COLD), before);	/* pages are there, read-only */
	queue_open(&queue);
	queue_succeed(&queue, job_fill(private, 0x2323232323232323, COLD));
	CHECK_EQ(cpu_crc32c(0, shared, COLD), before);
	for (size_t i = 0; i < COLD; i++)
		CHECK(private[i] == 0x23, "byte %zu is 0x%x", i, private[i]);
	queue_close(&queue);
}

/* Read by the CPU, anonymous memory is the zero page, which nobody may write */
TEST(accel, device_write_replaces_the_zero_page)
{
	unsigned char *a = pages_alloc(COLD), *b = pages_alloc(COLD);
	struct queue queue;
	unsigned int sum = 0;

	for (size_t i = 0; i < COLD; i += PAGE)
		sum += ((volatile unsigned char *)a)[i] + ((volatile unsigned char *)b)[i];
	CHECK_EQ(sum, 0);
	queue_open(&queue);
	queue_succeed(&queue, job_fill(a, ~0ull, COLD));
	for (size_t i = 0; i < COLD; i++)
		CHECK(a[i] == 0xff && b[i] == 0, "byte %zu: 0x%x and 0x%x", i, a[i], b[i]);
	queue_close(&queue);
}

TEST(accel, reported_fault_tells_the_address_and_how_far_it_got)
{
	unsigned char *src = pages_alloc(8 * PAGE), *dst = pages_alloc(8 * PAGE);
	struct sva_accel_completion done;
	struct queue queue;

	memset(src, 7, 3 * PAGE);
	memset(dst, 1, 8 * PAGE);
	queue_open(&queue);
	done = queue_run(&queue, job_reporting(job_memmove(dst, src, 8 * PAGE)));
	check_fault(&done, src + 3 * PAGE, SVA_ACCESS_READ);
	CHECK(done.done <= 3 * PAGE, "done %llu", (unsigned long long)done.done);
	for (size_t i = 0; i < done.done; i++)
		CHECK(dst[i] == 7, "byte %zu of those done is 0x%x", i, dst[i]);
	for (size_t i = 3 * PAGE; i < 8 * PAGE; i++)
		CHECK(dst[i] == 1, "byte %zu behind the fault was written", i);
	CHECK_EQ(done.page_requests, 0);
	CHECK(done.fault_addr < (uintptr_t)(src + 8 * PAGE), "a fault outside the operand");
	queue_close(&queue);
}

TEST(accel, job_goes_on_behind_a_reported_fault)
{
	unsigned char *src = pages_alloc(32 * PAGE), *dst = pages_alloc(32 * PAGE);
	unsigned int faults = 0;
	struct queue queue;
	uint64_t at = 0;

	for (size_t i = 0; i < 32 * PAGE; i += 2 * PAGE)
		memset(src + i, (int)(i / PAGE + 1), PAGE);
	queue_open(&queue);
	while (at < 32 * PAGE - 5) {
		struct sva_accel_completion done = queue_run(&queue,
			job_reporting(job_memmove(dst + at, src + at, 32 * PAGE - 5 - at)));

		at += done.done;
		if (done.status == SVA_ACCEL_SUCCESS)
			break;
		CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
		CHECK(++faults <= 64, "more faults than pages");
		if (done.fault_access == SVA_ACCESS_WRITE)
			*(volatile unsigned char *)(uintptr_t)done.fault_addr = 0;
		else
			(void)*(volatile unsigned char *)(uintptr_t)done.fault_addr;
	}
	CHECK_EQ(at, 32 * PAGE - 5);
	CHECK(faults >= 32, "%u faults for 48 cold pages", faults);
	CHECK(!memcmp(dst, src, 32 * PAGE - 5), "the pieces do not make the whole");
	queue_close(&queue);
}

/* An overlapping move that is interrupted must not have eaten what it still has to copy */
static void interrupted_overlap(struct queue *queue, size_t from, size_t to)
{
	const size_t len = 10 * PAGE + 123;
	unsigned char *area = guarded_alloc(16 * PAGE), *wanted = malloc(16 * PAGE);
	bool backward = to > from;
	unsigned int faults = 0;
	uint64_t done_before = 0;

	for (size_t i = 0; i < 16 * PAGE; i++)
		area[i] = wanted[i] = (unsigned char)(i * 7 + i / 251);
	memmove(wanted + to, wanted + from, len);
	MUST(mprotect(area + 6 * PAGE, PAGE, PROT_NONE));
	while (done_before < len) {
		uint64_t skip = backward ? 0 : done_before;
		struct sva_accel_completion done = queue_run(queue,
			job_memmove(area + to + skip, area + from + skip, len - done_before));

		done_before += done.done;
		if (done.status == SVA_ACCEL_SUCCESS)
			break;
		check_fault(&done, area + 6 * PAGE, done.fault_access);
		CHECK(++faults <= 1, "a fault after the page was made accessible");
		MUST(mprotect(area + 6 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	}
	CHECK_EQ(faults, 1);
	CHECK_EQ(done_before, len);
	CHECK(!memcmp(area, wanted, 16 * PAGE), "%zu to %zu: the pieces do not make the move", from,
	      to);
	free(wanted);
}

TEST(accel, overlapping_move_goes_on_behind_a_fault)
{
	static const size_t shifts[] = { 1, 100, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE + 77 };
	struct queue queue;

	queue_open(&queue);
	for (size_t i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
		interrupted_overlap(&queue, 50, 50 + shifts[i]);
		interrupted_overlap(&queue, 50 + shifts[i], 50);
	}
	queue_close(&queue);
}

TEST(accel, crc_goes_on_behind_a_fault)
{
	unsigned char *p = guarded_alloc(8 * PAGE);
	struct sva_accel_completion done;
	struct queue queue;

	for (size_t i = 0; i < 8 * PAGE; i++)
		p[i] = (unsigned char)(i * 13);
	MUST(mprotect(p + 5 * PAGE, PAGE, PROT_NONE));
	queue_open(&queue);
	done = queue_run(&queue, job_crc(p + 9, 8 * PAGE - 9, 0));
	check_fault(&done, p + 5 * PAGE, SVA_ACCESS_READ);
	CHECK_EQ(done.result, cpu_crc32c(0, p + 9, done.done));
	MUST(mprotect(p + 5 * PAGE, PAGE, PROT_READ));
	done = queue_succeed(&queue, job_crc(p + 9 + done.done, 8 * PAGE - 9 - done.done,
					     (uint32_t)done.result));
	CHECK_EQ(done.result, cpu_crc32c(0, p + 9, 8 * PAGE - 9));
	queue_close(&queue);
}

TEST(accel, every_opcode_reports_its_faults)
{
	unsigned char *hole = hole_make();
	static unsigned char warm[PAGE];
	struct sva_accel_completion done;
	struct queue queue;

	memset(warm, 0, sizeof(warm));
	queue_open(&queue);
	done = queue_run(&queue, job_memmove(warm, hole, 64));
	check_fault(&done, hole, SVA_ACCESS_READ);
	done = queue_run(&queue, job_memmove(hole, warm, 64));
	check_fault(&done, hole, SVA_ACCESS_WRITE);
	done = queue_run(&queue, job_fill(hole, 0, 64));
	check_fault(&done, hole, SVA_ACCESS_WRITE);
	done = queue_run(&queue, job_compare(hole, warm, 64));
	check_fault(&done, hole, SVA_ACCESS_READ);
	done = queue_run(&queue, job_compare(warm, hole, 64));
	check_fault(&done, hole, SVA_ACCESS_READ);
	done = queue_run(&queue, job_crc(hole, 64, 0));
	check_fault(&done, hole, SVA_ACCESS_READ);
	done = queue_run(&queue, job_walk(hole, 0, 8));
	check_fault(&done, hole, SVA_ACCESS_READ);
	CHECK_EQ(done.done, 0);
	queue_close(&queue);
}

TEST(accel, list_with_a_broken_link_tells_where)
{
	struct node {
		struct node *next;
		uint64_t number;
	} nodes[3] = { { &nodes[1], 1 }, { &nodes[2], 2 }, { NULL, 3 } };
	struct sva_accel_completion done;
	struct queue queue;

	nodes[2].next = (struct node *)hole_make();
	queue_open(&queue);
	done = queue_run(&queue, job_walk(nodes, 0, 8));
	check_fault(&done, nodes[2].next, SVA_ACCESS_READ);
	CHECK_EQ(done.done, 3);
	queue_close(&queue);
}

TEST(accel, read_only_memory_is_not_written)
{
	unsigned char *p = pages_alloc(PAGE);
	struct sva_accel_completion done;
	struct queue queue;

	memset(p, 9, PAGE);
	MUST(mprotect(p, PAGE, PROT_READ));
	queue_open(&queue);
	done = queue_run(&queue, job_fill(p, 0, PAGE));
	check_fault(&done, p, SVA_ACCESS_WRITE);
	done = queue_run(&queue, job_reporting(job_fill(p, 0, PAGE)));
	check_fault(&done, p, SVA_ACCESS_WRITE);
	for (size_t i = 0; i < PAGE; i++)
		CHECK(p[i] == 9, "byte %zu was written", i);
	done = queue_succeed(&queue, job_crc(p, PAGE, 0));
	CHECK_EQ(done.result, cpu_crc32c(0, p, PAGE));
	queue_close(&queue);
}

TEST(accel, literals_and_code_are_not_written)
{
	struct sva_accel_completion done;
	struct queue queue;
	static const char literal[64] __attribute__((aligned(64))) = "constant";

	queue_open(&queue);
	done = queue_run(&queue, job_fill(literal, 0, sizeof(literal)));
	CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
	CHECK_EQ(done.fault_access, SVA_ACCESS_WRITE);
	done = queue_run(&queue, job_fill((void *)(uintptr_t)queue_open, 0, 8));
	CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
	CHECK(!strcmp(literal, "constant"), "a constant was changed");
	queue_close(&queue);
}

TEST(accel, inaccessible_memory_is_not_read)
{
	unsigned char *p = pages_alloc(PAGE);
	struct sva_accel_completion done;
	struct queue queue;

	memset(p, 9, PAGE);
	MUST(mprotect(p, PAGE, PROT_NONE));
	queue_open(&queue);
	done = queue_run(&queue, job_crc(p, PAGE, 0));
	check_fault(&done, p, SVA_ACCESS_READ);
	MUST(mprotect(p, PAGE, PROT_READ | PROT_WRITE));
	done = queue_succeed(&queue, job_crc(p, PAGE, 0));
	CHECK_EQ(done.result, cpu_crc32c(0, p, PAGE));
	queue_close(&queue);
}

TEST(accel, memory_behind_the_end_of_a_file)
{
	int fd = make_file(65536, 1);
	unsigned char *p = map_file(fd, 2 * 65536, PROT_READ, MAP_SHARED);
	struct sva_accel_completion done;
	struct queue queue;

	queue_open(&queue);
	done = queue_run(&queue, job_crc(p, 2 * 65536, 0));
	check_fault(&done, p + 65536, SVA_ACCESS_READ);
	CHECK(done.done <= 65536, "done %llu", (unsigned long long)done.done);
	queue_close(&queue);
}

TEST(accel, guard_page_ends_a_job_exactly_there)
{
	unsigned char *p = guarded_alloc(3 * PAGE);
	struct sva_accel_completion done;
	struct queue queue;

	memset(p, 1, 3 * PAGE);
	queue_open(&queue);
	done = queue_run(&queue, job_fill(p + 100, 0x0202020202020202, 3 * PAGE));
	check_fault(&done, p + 3 * PAGE, SVA_ACCESS_WRITE);
	CHECK(done.done <= 3 * PAGE - 100, "done %llu", (unsigned long long)done.done);
	queue_succeed(&queue, job_fill(p + 100, 0x0303030303030303, 3 * PAGE - 100));
	CHECK(p[99] == 1 && p[100] == 3 && p[3 * PAGE - 1] == 3, "the job was not exact");
	queue_close(&queue);
}

/* Addresses that no process has, and the kernel's own: the device gets at none of them */
TEST(accel, null_and_kernel_addresses_are_out_of_reach)
{
	unsigned char mine[256];
	struct sva_accel_completion done;
	struct queue queue;

	memset(mine, 0x77, sizeof(mine));
	queue_open(&queue);
	for (unsigned int i = 0; i < nowheres; i++) {
		void *there = (void *)nowhere[i];
		struct sva_accel_desc jobs[] = {
			job_memmove(mine, there, 128), job_memmove(there, mine, 128),
			job_fill(there, 0, 128), job_compare(there, mine, 128),
			job_compare(mine, there, 128), job_crc(there, 128, 0),
			job_walk((char *)there + (there ? 0 : 8), 0, 8),
			job_crc(there, UINT64_MAX, 0), job_fill(there, 0, UINT64_MAX - 4096),
		};

		for (size_t k = 0; k < sizeof(jobs) / sizeof(jobs[0]); k++) {
			done = queue_run(&queue, jobs[k]);
			CHECK(done.status == SVA_ACCEL_PAGE_FAULT ||
			      done.status == SVA_ACCEL_BAD_DESC,
			      "address %p, job %zu: status %u", there, k, done.status);
			done = queue_run(&queue, job_reporting(jobs[k]));
			CHECK(done.status == SVA_ACCEL_PAGE_FAULT ||
			      done.status == SVA_ACCEL_BAD_DESC,
			      "address %p, job %zu reporting: status %u", there, k, done.status);
		}
	}
	for (size_t i = 0; i < sizeof(mine); i++)
		CHECK(mine[i] == 0x77, "byte %zu came from where nothing is", i);
	queue_close(&queue);
}

TEST(accel, lengths_that_wrap_the_address_space)
{
	static unsigned char mine[2 * PAGE];
	struct sva_accel_completion done;
	struct queue queue;

	queue_open(&queue);
	done = queue_run(&queue, job_crc(mine, UINT64_MAX - (uintptr_t)mine + PAGE, 0));
	CHECK(done.status == SVA_ACCEL_PAGE_FAULT || done.status == SVA_ACCEL_BAD_DESC,
	      "status %u", done.status);
	done = queue_run(&queue, job_memmove(mine, mine + 1, UINT64_MAX));
	CHECK(done.status == SVA_ACCEL_PAGE_FAULT || done.status == SVA_ACCEL_BAD_DESC,
	      "status %u", done.status);
	queue_succeed(&queue, job_nop());
	queue_close(&queue);
}

TEST(accel, fault_of_a_job_without_completion_record_is_an_event)
{
	unsigned char *hole = hole_make();
	struct sva_accel_desc job = job_fill(hole, 0, 64);
	struct sva_event event;
	struct queue queue;

	queue_open(&queue);
	ring_submit(&queue.ring, &job);
	event = event_await(queue.ctx, SVA_EVENT_FAULT, 0);
	CHECK_EQ(page_of(event.address), (uintptr_t)hole);
	CHECK_EQ(event.access, SVA_ACCESS_WRITE);
	CHECK_EQ(event.count, 1);
	CHECK_EQ(event.pasid, queue.pasid);
	CHECK_EQ(event.context, queue.id);
	queue_succeed(&queue, job_nop());
	queue_close(&queue);
}

TEST(accel, fault_that_a_completion_record_tells_is_no_event)
{
	unsigned char *hole = hole_make();
	struct sva_accel_completion done;
	struct sva_event event;
	struct queue queue;

	queue_open(&queue);
	done = queue_run(&queue, job_fill(hole, 0, 64));
	check_fault(&done, hole, SVA_ACCESS_WRITE);
	queue_succeed(&queue, job_nop());
	CHECK_EQ(event_next(queue.ctx, &event, 0), 0);
	queue_close(&queue);
}

/* A completion record on a page that nobody has touched yet is written all the same */
TEST(accel, completion_record_on_an_untouched_page)
{
	struct sva_accel_completion *done = pages_alloc(PAGE);
	struct sva_accel_desc job = job_nop();
	struct queue queue;

	job.flags = 0;	/* reporting: that is about the operands */
	job.completion = (uintptr_t)done;
	queue_open(&queue);
	ring_submit(&queue.ring, &job);
	CHECK_EQ(ring_wait(&queue.ring, done), SVA_ACCEL_SUCCESS);
	queue_close(&queue);
}

#define CHURN		200	/* jobs */
#define CHURN_LEAST	20	/* where they are as slow as the debug kernel is: */
#define CHURN_NS	20000000000ull

static bool churn_goes_on(int jobs, uint64_t start)
{
	return jobs < CHURN && (jobs < CHURN_LEAST || now_ns() - start < CHURN_NS);
}

struct churn {
	unsigned char *memory;
	size_t size;
	volatile bool stop;
	void (*step)(struct churn *churn);
};

static void *churn_on(void *arg)
{
	struct churn *churn = arg;

	while (!churn->stop)
		churn->step(churn);
	return NULL;
}

static void step_mprotect(struct churn *churn)
{
	mprotect(churn->memory, churn->size, PROT_NONE);
	mprotect(churn->memory, churn->size, PROT_READ);
	mprotect(churn->memory, churn->size, PROT_READ | PROT_WRITE);
}

static void step_dontneed(struct churn *churn)
{
	madvise(churn->memory, churn->size, MADV_DONTNEED);
}

/* Unmapped, and something else of this process put in its place */
static void step_munmap(struct churn *churn)
{
	munmap(churn->memory, churn->size);
	mmap(churn->memory, churn->size, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void step_mremap(struct churn *churn)
{
	void *p = mremap(churn->memory, churn->size, churn->size, MREMAP_MAYMOVE);

	CHECK(p == churn->memory, "mremap moved it");
	p = mmap(NULL, churn->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mremap(p, churn->size, churn->size, MREMAP_MAYMOVE | MREMAP_FIXED, churn->memory);
}

#define RETRIES		64	/* of the device, at one address */

/* A page that was granted and taken away before the write is asked for alone, not by group */
static void check_requests(const struct churn *churn, const struct sva_accel_completion *done)
{
	uint64_t reached = churn->size;

	if (done->status == SVA_ACCEL_PAGE_FAULT)
		reached = done->fault_addr - (uintptr_t)churn->memory;
	CHECK(done->page_requests <= (reached / PAGE + 1) * (churn->size / PAGE + RETRIES),
	      "%llu pages were asked for to write %llu bytes",
	      (unsigned long long)done->page_requests, (unsigned long long)reached);
}

/*
 * The device writes 0x5a to memory whose mapping another thread changes all the
 * time.  Each job succeeds or faults there; what is found in memory is what was
 * written or nothing, and what lies around it is untouched.
 */
static void churn_under_the_device(void (*step)(struct churn *churn))
{
	struct churn churn = { .size = 64 * PAGE, .step = step };
	struct sva_accel_completion done;
	uint64_t start = now_ns();
	unsigned char *area;
	struct queue queue;
	pthread_t thread;

	area = pages_alloc(churn.size + 2 * PAGE);
	memset(area, 0x11, churn.size + 2 * PAGE);
	churn.memory = area + PAGE;
	queue_open(&queue);
	CHECK_EQ(pthread_create(&thread, NULL, churn_on, &churn), 0);
	for (int i = 0; churn_goes_on(i, start); i++) {
		done = queue_run(&queue, job_fill(churn.memory, 0x5a5a5a5a5a5a5a5a, churn.size));
		CHECK(done.status == SVA_ACCEL_SUCCESS || done.status == SVA_ACCEL_PAGE_FAULT,
		      "job %d: status %u", i, done.status);
		CHECK(done.status == SVA_ACCEL_SUCCESS ||
		      (done.fault_addr >= (uintptr_t)churn.memory &&
		       done.fault_addr < (uintptr_t)churn.memory + churn.size),
		      "job %d: fault at 0x%llx", i, (unsigned long long)done.fault_addr);
		check_requests(&churn, &done);
	}
	churn.stop = true;
	pthread_join(thread, NULL);
	for (size_t i = 0; i < churn.size; i++) {
		unsigned char c = churn.memory[i];

		CHECK(c == 0x5a || c == 0x11 || c == 0, "byte %zu is 0x%x, from elsewhere", i, c);
	}
	for (size_t i = 0; i < PAGE; i++)
		CHECK(area[i] == 0x11 && area[PAGE + churn.size + i] == 0x11,
		      "the neighbourhood was written");
	queue_succeed(&queue, job_fill(churn.memory, 0, churn.size));
	queue_close(&queue);
}

TEST(accel, mprotect_while_the_device_writes)
{
	churn_under_the_device(step_mprotect);
}

TEST(accel, dontneed_while_the_device_writes)
{
	churn_under_the_device(step_dontneed);
}

TEST(accel, munmap_while_the_device_writes)
{
	churn_under_the_device(step_munmap);
}

TEST(accel, mremap_while_the_device_writes)
{
	churn_under_the_device(step_mremap);
}

/*
 * Freed memory goes to others: while one process unmaps and maps under its
 * device, none of its writes may turn up in a neighbour.
 */
static void neighbour(int line, void *arg)
{
	size_t size = 64 * PAGE;

	(void)arg;
	word_send(line, 0);
	while (!fd_readable(line, 0)) {
		unsigned char *p = pages_alloc(size);

		for (size_t i = 0; i < size; i++)
			CHECK(p[i] == 0, "new memory holds 0x%x", p[i]);
		memset(p, 0x99, size);
		for (size_t i = 0; i < size; i++)
			CHECK(p[i] == 0x99, "own memory holds 0x%x", p[i]);
		munmap(p, size);
	}
}

TEST_WITHIN(accel, writes_to_freed_memory_reach_no_neighbour, 180)
{
	struct child child[2];

	for (int i = 0; i < 2; i++) {
		child_start(&child[i], neighbour, NULL);
		word_receive(child[i].line);
	}
	churn_under_the_device(step_munmap);
	churn_under_the_device(step_dontneed);
	for (int i = 0; i < 2; i++) {
		word_send(child[i].line, 0);
		child_join(&child[i]);
	}
}
