// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ats.c - what becomes of the device's translations when the process's memory changes
 *
 * The device keeps the translations of what it has accessed.  Each test lets it have
 * some, changes the mapping in one way, and holds the next accesses to what the CPU
 * would see.  Then page requests: many in a group, more than the IOMMU's queue takes,
 * and a process on two devices at once.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/module.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "puppet.h"
#include "ring.h"

#define PAGE 4096u
#define HUGE (2u << 20)
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25	/* newer than the C library of Debian 12 */
#endif
#define BYTES(value) (0x0101010101010101ull * (value))

struct stage {
	struct queue queue;
	unsigned char *memory;
	size_t size;
};

/* Memory that the device has written to, and so has translations of */
static void stage_set(struct stage *stage, size_t size)
{
	queue_open(&stage->queue);
	stage->size = size;
	stage->memory = pages_alloc(size);
	queue_succeed(&stage->queue, job_fill(stage->memory, BYTES(0x11), size));
}

static void stage_clear(struct stage *stage)
{
	CHECK_EQ(queue_close(&stage->queue), SVA_RELEASE_CLEAN);
}

static void all_bytes(const unsigned char *at, size_t size, unsigned char value)
{
	for (size_t i = 0; i < size; i++)
		CHECK(at[i] == value, "byte %zu is 0x%x, not 0x%x", i, at[i], value);
}

/* The device misses at @at, for @access, and does not ask for the page */
static void device_misses(struct stage *stage, struct sva_accel_desc job, const void *at,
			  uint32_t access)
{
	struct sva_accel_completion done = queue_run(&stage->queue, job_reporting(job));

	CHECK(done.status == SVA_ACCEL_PAGE_FAULT, "status %u: it reached what has gone",
	      done.status);
	CHECK_EQ(done.fault_addr & ~(uint64_t)(PAGE - 1), (uintptr_t)at);
	CHECK_EQ(done.fault_access, access);
}

static void device_sees(struct stage *stage, const unsigned char *at, size_t size,
			unsigned char value)
{
	unsigned char *same = pages_alloc(size);
	struct sva_accel_completion done;

	memset(same, value, size);
	done = queue_succeed(&stage->queue, job_compare(at, same, size));
	CHECK(done.result == size, "the device sees another byte at %llu than 0x%x",
	      (unsigned long long)done.result, value);
	munmap(same, size);
}

/* ------------------------------------------------------- unmapping, and protection */

TEST(R1, unmapped_memory_is_out_of_reach_at_once)
{
	struct stage stage;

	stage_set(&stage, 16 * PAGE);
	MUST(munmap(stage.memory + 4 * PAGE, PAGE));
	device_misses(&stage, job_fill(stage.memory, 0, stage.size), stage.memory + 4 * PAGE,
		      SVA_ACCESS_WRITE);
	device_misses(&stage, job_crc(stage.memory + 4 * PAGE, 1, 0), stage.memory + 4 * PAGE,
		      SVA_ACCESS_READ);
	device_sees(&stage, stage.memory + 5 * PAGE, 11 * PAGE, 0x11);
	stage_clear(&stage);
}

TEST(R1, page_that_is_mapped_anew_is_the_one_that_the_device_gets)
{
	struct stage stage;

	stage_set(&stage, 4 * PAGE);
	for (unsigned int round = 0; round < 50; round++) {
		unsigned char value = (unsigned char)(round + 1);

		CHECK(mmap(stage.memory, stage.size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == stage.memory, "mmap");
		device_sees(&stage, stage.memory, stage.size, 0);
		queue_succeed(&stage.queue, job_fill(stage.memory, BYTES(value), stage.size));
		all_bytes(stage.memory, stage.size, value);
	}
	stage_clear(&stage);
}

TEST(R1, memory_made_read_only_is_read_and_not_written)
{
	struct stage stage;

	stage_set(&stage, 8 * PAGE);
	MUST(mprotect(stage.memory, stage.size, PROT_READ));
	device_sees(&stage, stage.memory, stage.size, 0x11);
	device_misses(&stage, job_fill(stage.memory, 0, 8), stage.memory, SVA_ACCESS_WRITE);
	CHECK_EQ(queue_run(&stage.queue, job_fill(stage.memory, 0, 8)).status,
		 SVA_ACCEL_PAGE_FAULT);
	MUST(mprotect(stage.memory, stage.size, PROT_NONE));
	device_misses(&stage, job_crc(stage.memory, 8, 0), stage.memory, SVA_ACCESS_READ);
	MUST(mprotect(stage.memory, stage.size, PROT_READ | PROT_WRITE));
	queue_succeed(&stage.queue, job_fill(stage.memory, BYTES(0x22), stage.size));
	all_bytes(stage.memory, stage.size, 0x22);
	stage_clear(&stage);
}

TEST(R1, dropped_pages_read_as_zeroes)
{
	struct stage stage;

	stage_set(&stage, 64 * PAGE);
	for (int round = 0; round < 20; round++) {
		MUST(madvise(stage.memory + PAGE, 10 * PAGE, MADV_DONTNEED));
		device_sees(&stage, stage.memory + PAGE, 10 * PAGE, 0);
		device_sees(&stage, stage.memory, PAGE, 0x11);
		queue_succeed(&stage.queue, job_fill(stage.memory + PAGE, BYTES(0x33), 10 * PAGE));
		all_bytes(stage.memory + PAGE, 10 * PAGE, 0x33);
	}
	stage_clear(&stage);
}

TEST(R1, moved_mapping_leaves_nothing_at_its_old_place)
{
	struct stage stage;
	unsigned char *moved;

	stage_set(&stage, 8 * PAGE);
	moved = mremap(stage.memory, stage.size, stage.size, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		       NULL);
	CHECK(moved != MAP_FAILED, "mremap: %s", strerror(errno));
	device_sees(&stage, stage.memory, stage.size, 0);
	device_sees(&stage, moved, stage.size, 0x11);
	queue_succeed(&stage.queue, job_fill(stage.memory, BYTES(0x44), stage.size));
	all_bytes(moved, stage.size, 0x11);
	stage_clear(&stage);
}

/* -------------------------------------------------------------------------- fork */

/* Says what it sees at each word, until the word is 0 */
static void sees_its_own(int line, void *arg)
{
	unsigned char *memory = arg;

	while (word_receive(line)) {
		word_send(line, memory[0] | (uint64_t)memory[8 * PAGE - 1] << 8);
		memory[PAGE] = 0x77;
	}
}

TEST(R9, device_copies_on_write_after_fork_like_the_cpu)
{
	struct stage stage;
	struct child child;

	stage_set(&stage, 8 * PAGE);
	child_start(&child, sees_its_own, stage.memory);
	word_send(child.line, 1);
	CHECK_EQ(word_receive(child.line), 0x1111);
	queue_succeed(&stage.queue, job_fill(stage.memory, BYTES(0x55), stage.size));
	all_bytes(stage.memory, stage.size, 0x55);
	word_send(child.line, 1);
	CHECK_EQ(word_receive(child.line), 0x1111);
	device_sees(&stage, stage.memory, stage.size, 0x55);
	word_send(child.line, 0);
	child_join(&child);
	stage_clear(&stage);
}

/* -------------------------------------------------------------------- huge pages */

static long huge_bytes(const void *at)
{
	FILE *maps = fopen("/proc/self/smaps", "re");
	unsigned long start, end, kib = 0;
	bool here = false;
	char line[256];

	CHECK(maps, "smaps: %s", strerror(errno));
	while (fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			here = (uintptr_t)at >= start && (uintptr_t)at < end;
		else if (here && sscanf(line, "AnonHugePages: %lu kB", &kib) == 1)
			break;
	}
	fclose(maps);
	return (long)kib * 1024;
}

static unsigned char *huge_alloc(void)
{
	unsigned char *area = pages_alloc(3 * HUGE);
	unsigned char *at = (unsigned char *)(((uintptr_t)area + HUGE - 1) & ~(uintptr_t)(HUGE - 1));

	MUST(madvise(at, HUGE, MADV_HUGEPAGE));
	at[0] = 1;
	if (huge_bytes(at) != HUGE)
		test_note("the kernel gave no huge page");
	return at;
}

TEST(R1, huge_page_is_split_under_the_device)
{
	struct stage stage;
	unsigned char *huge;

	stage_set(&stage, PAGE);
	huge = huge_alloc();
	queue_succeed(&stage.queue, job_fill(huge, BYTES(0x66), HUGE));
	all_bytes(huge, HUGE, 0x66);
	MUST(munmap(huge + 100 * PAGE, PAGE));
	device_misses(&stage, job_fill(huge, 0, HUGE), huge + 100 * PAGE, SVA_ACCESS_WRITE);
	device_sees(&stage, huge + 101 * PAGE, HUGE - 101 * PAGE, 0x66);
	MUST(mprotect(huge + 200 * PAGE, PAGE, PROT_READ));
	device_misses(&stage, job_fill(huge + 101 * PAGE, BYTES(0x67), HUGE - 101 * PAGE),
		      huge + 200 * PAGE, SVA_ACCESS_WRITE);
	all_bytes(huge + 101 * PAGE, 99 * PAGE, 0x67);
	all_bytes(huge + 200 * PAGE, HUGE - 200 * PAGE, 0x66);
	MUST(madvise(huge + 300 * PAGE, PAGE, MADV_DONTNEED));
	device_sees(&stage, huge + 300 * PAGE, PAGE, 0);
	device_sees(&stage, huge + 301 * PAGE, 211 * PAGE, 0x66);
	stage_clear(&stage);
}

TEST(R1, huge_page_that_the_kernel_makes_of_small_ones)
{
	unsigned char *huge = huge_alloc();
	struct stage stage;

	stage_set(&stage, PAGE);
	MUST(madvise(huge, HUGE, MADV_NOHUGEPAGE));
	MUST(madvise(huge, HUGE, MADV_DONTNEED));
	queue_succeed(&stage.queue, job_fill(huge, BYTES(0x12), HUGE));
	MUST(madvise(huge, HUGE, MADV_HUGEPAGE));
	if (madvise(huge, HUGE, MADV_COLLAPSE))
		test_note("collapse: %s", strerror(errno));
	device_sees(&stage, huge, HUGE, 0x12);
	queue_succeed(&stage.queue, job_fill(huge, BYTES(0x13), HUGE));
	all_bytes(huge, HUGE, 0x13);
	stage_clear(&stage);
}

/* ------------------------------------------------------------- files, and reclaim */

TEST(R1, truncated_file_is_out_of_reach_at_once)
{
	int fd = (int)MUST(memfd_create("sva-ats", MFD_CLOEXEC));
	struct stage stage;
	unsigned char *file;

	stage_set(&stage, PAGE);
	MUST(ftruncate(fd, 16 * PAGE));
	file = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(file != MAP_FAILED, "mmap: %s", strerror(errno));
	for (int round = 0; round < 20; round++) {
		queue_succeed(&stage.queue, job_fill(file, BYTES(0x21), 16 * PAGE));
		MUST(ftruncate(fd, 5 * PAGE));
		device_misses(&stage, job_fill(file, BYTES(0x21), 16 * PAGE), file + 5 * PAGE,
			      SVA_ACCESS_WRITE);
		CHECK_EQ(queue_run(&stage.queue, job_fill(file, 0, 16 * PAGE)).status,
			 SVA_ACCEL_PAGE_FAULT);
		MUST(ftruncate(fd, 16 * PAGE));
		device_sees(&stage, file + 5 * PAGE, 11 * PAGE, 0);
	}
	MUST(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 * PAGE));
	device_sees(&stage, file, 2 * PAGE, 0);
	stage_clear(&stage);
}

/* A disk in memory, of a module that lies beside this program */
#define SWAP_MODULE "brd.ko.xz"
#define SWAP_DISK "/dev/ram0"

static bool disk_is_there(void *arg)
{
	(void)arg;
	return !access(SWAP_DISK, W_OK);
}

static void swap_begin(void)
{
	int fd = open(SWAP_MODULE, O_RDONLY | O_CLOEXEC);

	CHECK(fd >= 0, "%s: %s", SWAP_MODULE, strerror(errno));
	MUST(syscall(SYS_finit_module, fd, "rd_nr=1 rd_size=65536",
		     MODULE_INIT_COMPRESSED_FILE));
	close(fd);
	CHECK(wait_until(disk_is_there, NULL, PATIENCE_MS), "%s did not come", SWAP_DISK);
	CHECK_EQ(program_run((const char *const[]){ "mkswap", SWAP_DISK, NULL }), 0);
	MUST(swapon(SWAP_DISK, 0));
}

static void swap_end(void)
{
	MUST(swapoff(SWAP_DISK));
	/* whoever looks at a disk that is new may have it open for a moment */
	CHECK(wait_until(module_is_unloaded, "brd", PATIENCE_MS), "the disk is in use");
}

static size_t resident_pages(unsigned char *at, size_t size)
{
	static unsigned char states[4096];
	size_t count = 0;

	MUST(mincore(at, size, states));
	for (size_t i = 0; i < size / PAGE; i++)
		count += states[i] & 1;
	return count;
}

TEST_WITHIN(R1, memory_that_was_swapped_out_comes_back_for_the_device, 120)
{
	struct sva_accel_completion done;
	struct stage stage;

	swap_begin();
	stage_set(&stage, 512 * PAGE);
	for (unsigned int round = 0; round < 5; round++) {
		unsigned char value = (unsigned char)(0x81 + round);

		queue_succeed(&stage.queue, job_fill(stage.memory, BYTES(value), stage.size));
		MUST(madvise(stage.memory, stage.size, MADV_PAGEOUT));
		CHECK(resident_pages(stage.memory, stage.size) < 256, "%zu of 512 pages stayed",
		      resident_pages(stage.memory, stage.size));
		done = queue_run(&stage.queue, job_reporting(job_crc(stage.memory, stage.size, 0)));
		CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
		device_sees(&stage, stage.memory, stage.size, value);
		all_bytes(stage.memory, stage.size, value);
	}
	stage_clear(&stage);
	munmap(stage.memory, stage.size);
	swap_end();
}

/* The kernel takes pages back while the device writes to all of them again and again */
static void writes_again_and_again(int line, void *arg)
{
	struct stage stage;

	(void)arg;
	stage_set(&stage, 256 * PAGE);
	word_send(line, (uintptr_t)stage.memory);
	for (unsigned int round = 1; round <= 60; round++) {
		unsigned char value = (unsigned char)round;

		queue_succeed(&stage.queue, job_fill(stage.memory, BYTES(value), stage.size));
		MUST(madvise(stage.memory, stage.size, MADV_PAGEOUT));
		queue_succeed(&stage.queue, job_fill(stage.memory, BYTES(value), stage.size / 2));
		all_bytes(stage.memory, stage.size, value);
	}
	stage_clear(&stage);
}

TEST_WITHIN(R1, pages_taken_back_while_the_device_writes_lose_nothing, 180)
{
	struct child children[3];

	swap_begin();
	for (int i = 0; i < 3; i++) {
		child_start(&children[i], writes_again_and_again, NULL);
		word_receive(children[i].line);
	}
	for (int i = 0; i < 3; i++)
		child_join(&children[i]);
	swap_end();
}

/* ------------------------------------------------------------------ page requests */

TEST(R8, page_requests_come_in_groups_of_many_pages)
{
	const size_t size = 64u << 20;
	struct sva_context_entry entry;
	struct stage stage;
	unsigned char *cold;
	uint64_t answered = 0;

	stage_set(&stage, PAGE);
	cold = pages_alloc(size);
	MUST(madvise(cold, size, MADV_NOHUGEPAGE));
	queue_succeed(&stage.queue, job_fill(cold, BYTES(0x99), size));
	all_bytes(cold, size, 0x99);
	CHECK(context_listed(stage.queue.node, stage.queue.id, &entry), "it is not listed");
	CHECK(entry.page_requests >= size / PAGE, "%llu pages were asked for",
	      (unsigned long long)entry.page_requests);
	CHECK(entry.page_groups <= entry.page_requests / 64, "%llu groups of %llu pages",
	      (unsigned long long)entry.page_groups, (unsigned long long)entry.page_requests);
	if (device_is("pci")) {
		CHECK(entry.ats_requests >= size / PAGE, "%llu translations were asked for",
		      (unsigned long long)entry.ats_requests);
		for (unsigned int i = 0; i < SVA_FAULT_BUCKETS; i++)
			answered += entry.fault_histogram[i];
		CHECK_EQ(answered, entry.page_groups);
	}
	stage_clear(&stage);
}

#define FLOODERS 24
#define FLOOD (8u << 20)

/* All at once, until a word comes: each has a group of 128 pages out nearly all the time */
static void floods(int line, void *arg)
{
	struct queue queue;
	unsigned char *cold;

	(void)arg;
	queue_open(&queue);
	cold = pages_alloc(FLOOD);
	MUST(madvise(cold, FLOOD, MADV_NOHUGEPAGE));
	word_send(line, 1);
	word_receive(line);
	do {
		queue_succeed(&queue, job_fill(cold, BYTES(0xab), FLOOD));
		all_bytes(cold, FLOOD, 0xab);
		MUST(madvise(cold, FLOOD, MADV_DONTNEED));
	} while (!fd_readable(line, 0));
	CHECK_EQ(queue_close(&queue), SVA_RELEASE_CLEAN);
}

static bool log_says(void *words)
{
	static char text[1 << 20];
	const char *const dmesg[] = { "dmesg", NULL };

	CHECK_EQ(program_output(dmesg, text, sizeof(text)), 0);
	return strstr(text, words);
}

/* pci1 asks for more than it was granted: the IOMMU's queue overflows, and recovers */
TEST_FOR("pci", R8, request_queue_overflows_and_recovers, 180)
{
	struct child children[FLOODERS];
	bool overflowed;

	device_use("pci1");
	for (int i = 0; i < FLOODERS; i++) {
		child_start(&children[i], floods, NULL);
		word_receive(children[i].line);
	}
	for (int i = 0; i < FLOODERS; i++)
		word_send(children[i].line, 1);
	overflowed = wait_until(log_says, "PRQ overflow", 3 * PATIENCE_MS);
	for (int i = 0; i < FLOODERS; i++)
		word_send(children[i].line, 1);
	for (int i = 0; i < FLOODERS; i++)
		child_join(&children[i]);
	CHECK(overflowed, "the queue did not overflow: nothing was tested");
	CHECK(device_is_clean(), "contexts are left on pci1");
}

/* ------------------------------------------------------------- two devices at once */

struct pair {
	struct queue first, second;
};

static void pair_open(struct pair *pair, const char *second)
{
	char *first = strdup(device_name());

	queue_open(&pair->first);
	setenv("SVA_TEST_DEVICE", second, 1);
	queue_open(&pair->second);
	setenv("SVA_TEST_DEVICE", first, 1);
	free(first);
}

PCI_TEST(R3, two_devices_share_the_pasid_of_a_process)
{
	unsigned char *memory = pages_alloc(64 * PAGE), *copy = pages_alloc(64 * PAGE);
	struct pair pair;

	pair_open(&pair, "pci1");
	CHECK_EQ(pair.first.pasid, pair.second.pasid);
	for (unsigned int round = 0; round < 20; round++) {
		unsigned char value = (unsigned char)(round + 1);

		queue_succeed(&pair.first, job_fill(memory, BYTES(value), 64 * PAGE));
		queue_succeed(&pair.second, job_memmove(copy, memory, 64 * PAGE));
		all_bytes(copy, 64 * PAGE, value);
		MUST(madvise(memory, 64 * PAGE, MADV_DONTNEED));
		queue_succeed(&pair.second, job_memmove(copy, memory, 64 * PAGE));
		all_bytes(copy, 64 * PAGE, 0);
	}
	CHECK_EQ(queue_close(&pair.first), SVA_RELEASE_CLEAN);
	queue_succeed(&pair.second, job_fill(memory, BYTES(0x5a), 64 * PAGE));
	all_bytes(memory, 64 * PAGE, 0x5a);
	CHECK_EQ(queue_close(&pair.second), SVA_RELEASE_CLEAN);
}

/* EBUSY while the device resets itself */
static bool quarantine_ends_by_reset(void *arg)
{
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "/sys/class/sva/%s/reset", device_name());
	text_write(path, "1");
	return attribute_read("quarantined") == 0;
}

/* R3 is about a group: what one device keeps, the other one may use */
PCI_TEST(R3, pasid_in_quarantine_on_one_device_is_free_on_another)
{
	struct queue queue;
	struct pair pair;

	pair_open(&pair, "pci1");
	misbehave("hold");
	CHECK_EQ(queue_close(&pair.first), SVA_RELEASE_NEITHER);
	misbehave("none");
	queue_succeed(&pair.second, job_nop());
	CHECK_EQ(queue_close(&pair.second), SVA_RELEASE_CLEAN);
	setenv("SVA_TEST_DEVICE", "pci1", 1);
	queue_open(&queue);
	CHECK_EQ(queue.pasid, pair.first.pasid);
	CHECK_EQ(queue_close(&queue), SVA_RELEASE_CLEAN);
	setenv("SVA_TEST_DEVICE", "pci0", 1);
	/* it has tried to reset itself while it was held: now it can */
	CHECK(wait_until(quarantine_ends_by_reset, NULL, PATIENCE_MS), "it stays in quarantine");
}

/* The doorbells of a context are registers, and no memory that a device may have */
PCI_TEST(R6, device_is_not_let_at_registers)
{
	struct sva_accel_completion done;
	struct queue queue;

	queue_open(&queue);
	done = queue_run(&queue, job_fill(queue.ring.doorbell, BYTES(0xff), 8));
	CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
	done = queue_run(&queue, job_crc(queue.ring.doorbell, 8, 0));
	CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
	queue_succeed(&queue, job_nop());
	CHECK_EQ(queue_close(&queue), SVA_RELEASE_CLEAN);
}

/* ------------------------------------------------------------- PASIDs not the device's */

static bool many_were_refused(void *before)
{
	return attribute_read("device/refused") > *(long *)before + 20;
}

TEST(R3, stale_pasid_is_refused_and_never_given_on)
{
	long refused = attribute_read("device/refused");
	struct puppet victim, bystander;
	int node = node_open();

	puppet_start(&bystander);
	puppet_bind(&bystander, node);
	puppet_start(&victim);
	puppet_bind(&victim, node);
	puppet_compute(&victim, 0);
	misbehave("stale");
	CHECK_EQ(puppet_unbind(&victim, 0, SVA_UNBIND_RELEASE_CLEAN), SVA_RELEASE_NEITHER);
	misbehave("none");
	CHECK(wait_until(many_were_refused, &refused, PATIENCE_MS), "only %ld were refused",
	      attribute_read("device/refused") - refused);
	CHECK(!newcomers_get(node, victim.bind[0].pasid), "PASID %u was given on",
	      victim.bind[0].pasid);
	CHECK_EQ(attribute_read("device/landed"), 0);
	puppet_compute(&bystander, 0);
	device_reset(node);
	puppet_end(&victim);
	puppet_end(&bystander);
	close(node);
}
