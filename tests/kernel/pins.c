// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pins.c - explicit mapping, for devices that cannot take page faults
 *
 * sva_soft is loaded without page requests: what is not mapped when the device
 * gets there is a miss.  Ordinary users pin; root's capabilities know no limit.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEST_DEVICE "soft"	/* made anew with other parameters */

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "puppet.h"
#include "ring.h"

#define LIMIT 8			/* pages */
#define PAGE ((size_t)sysconf(_SC_PAGESIZE))
#define BOTH (SVA_PIN_READ | SVA_PIN_WRITE)

/* -------------------------------------------------- users who pin */

struct user {
	struct child child;
	const char *name;
	void (*run)(struct queue *queue, int line);
	uint64_t id;
};

static void limit_set(size_t pages)
{
	struct rlimit limit = { pages * PAGE, pages * PAGE };

	MUST(setrlimit(RLIMIT_MEMLOCK, &limit));
}

static void user_main(int line, void *arg)
{
	struct user *user = arg;
	struct queue queue = { 0 };

	user_become(user->name);
	limit_set(LIMIT);
	queue.ctx = fd_receive(line);
	queue.pasid = context_bind(queue.ctx);
	ring_open(&queue.ring, queue.ctx);
	user->run(&queue, line);
}

static void user_start(struct user *user, int node, const char *name,
		       void (*run)(struct queue *queue, int line))
{
	int ctx;

	user->name = name;
	user->run = run;
	child_start(&user->child, user_main, user);
	ctx = context_create(node, user->child.pid, &user->id);
	fd_send(user->child.line, ctx);
	close(ctx);
}

static void without_requests(void)
{
	char text[8];

	if (text_read("/sys/module/sva_soft/parameters/page_requests", text, sizeof(text)) &&
	    !strcmp(text, "N"))
		return;
	provider_reload("page_requests=0");
}

/* What alice does, on a device that takes no page faults */
static void as_alice(void (*run)(struct queue *queue, int line))
{
	struct user alice;
	int node;

	without_requests();
	node = node_open();
	user_start(&alice, node, "alice", run);
	child_join(&alice.child);
	event_await(node, SVA_EVENT_ENDED, alice.id);
	close(node);
}

static struct sva_pin pin_arg(const void *address, size_t size, uint32_t flags)
{
	return (struct sva_pin){ .argsz = sizeof(struct sva_pin), .flags = flags,
				 .address = (uintptr_t)address, .size = size };
}

static void pin(struct queue *queue, const void *address, size_t pages)
{
	struct sva_pin arg = pin_arg(address, pages * PAGE, BOTH);

	ACCEPTED(queue->ctx, SVA_CONTEXT_PIN, &arg);
}

static void unpin(struct queue *queue, const void *address, size_t pages)
{
	struct sva_pin arg = pin_arg(address, pages * PAGE, 0);

	ACCEPTED(queue->ctx, SVA_CONTEXT_UNPIN, &arg);
}

#define PIN_REFUSED(queue, address, pages, flags, error, why)				\
	do {										\
		struct sva_pin refused_arg = pin_arg(address, (pages) * PAGE, flags);	\
											\
		REFUSED((queue)->ctx, SVA_CONTEXT_PIN, &refused_arg, error, why);	\
	} while (0)

#define OVER_LIMIT(queue, address, pages) \
	PIN_REFUSED(queue, address, pages, BOTH, ENOMEM, SVA_REASON_MEMLOCK)

/* All of the user's limit, and not a page more, is free */
static void all_is_free(struct queue *queue)
{
	char *memory = pages_alloc((LIMIT + 1) * PAGE);

	pin(queue, memory, LIMIT);
	OVER_LIMIT(queue, memory + LIMIT * PAGE, 1);
	unpin(queue, memory, LIMIT);
	munmap(memory, (LIMIT + 1) * PAGE);
}

static void misses(struct queue *queue, void *address)
{
	struct sva_accel_completion done = queue_run(queue, job_fill(address, 1, 8));

	CHECK_EQ(done.status, SVA_ACCEL_PAGE_FAULT);
	CHECK(done.fault_addr == (uintptr_t)address, "the fault is at 0x%llx, not at %p",
	      (unsigned long long)done.fault_addr, address);
	CHECK_EQ(done.fault_access, SVA_ACCESS_WRITE);
	CHECK_EQ(done.page_requests, 0);
}

static void hits(struct queue *queue, void *address)
{
	volatile uint64_t *word = address;

	queue_succeed(queue, job_fill(address, 0x70696e, 8));
	CHECK_EQ(*word, 0x70696e);
}

/* -------------------------------------------------------- misses and pins */

static void misses_unpinned(struct queue *queue, int line)
{
	char *memory = pages_alloc(4 * PAGE);

	(void)line;
	CHECK(!(context_info(queue->ctx).device_flags & SVA_DEVICE_FLAG_PAGE_REQUESTS),
	      "the device says that it takes page faults");
	misses(queue, memory + PAGE + 24);
	memory[2 * PAGE] = 1;
	hits(queue, memory + 2 * PAGE);
	misses(queue, memory + 3 * PAGE);
}

TEST(R7, miss_on_a_device_without_page_requests_completes_with_its_address)
{
	as_alice(misses_unpinned);
}

static void works_pinned(struct queue *queue, int line)
{
	char *memory = pages_alloc(6 * PAGE);

	(void)line;
	pin(queue, memory, 4);
	queue_succeed(queue, job_fill(memory, 0x2a2a2a2a2a2a2a2aull, 4 * PAGE));
	for (size_t i = 0; i < 4 * PAGE; i++)
		CHECK(memory[i] == 0x2a, "byte %zu is %d", i, memory[i]);
	misses(queue, memory + 4 * PAGE);
}

TEST(R7, pinned_memory_never_touched_before_works)
{
	as_alice(works_pinned);
}

static void rounds_out(struct queue *queue, int line)
{
	char *memory = pages_alloc(3 * PAGE);
	struct sva_pin arg = pin_arg(memory + PAGE - 1, 2, BOTH);

	(void)line;
	ACCEPTED(queue->ctx, SVA_CONTEXT_PIN, &arg);
	hits(queue, memory);
	hits(queue, memory + PAGE + 8);
	misses(queue, memory + 2 * PAGE);
}

TEST(R7, pinned_range_is_rounded_out_to_pages)
{
	as_alice(rounds_out);
}

/* -------------------------------------------------------------- counting */

static void stops_at_the_limit(struct queue *queue, int line)
{
	char *memory = pages_alloc(2 * LIMIT * PAGE);

	(void)line;
	for (int i = 0; i < LIMIT; i++)
		pin(queue, memory + (size_t)i * PAGE, 1);
	for (int i = 0; i < 5; i++)
		OVER_LIMIT(queue, memory + LIMIT * PAGE, 1);
	unpin(queue, memory, LIMIT);
	all_is_free(queue);
}

TEST(R8, pinned_pages_count_against_the_limit)
{
	as_alice(stops_at_the_limit);
}

static void counts_once(struct queue *queue, int line)
{
	char *memory = pages_alloc(2 * LIMIT * PAGE);

	(void)line;
	pin(queue, memory, 6);
	for (int i = 0; i < 20; i++)
		pin(queue, memory, 6);
	pin(queue, memory + 4 * PAGE, 4);
	pin(queue, memory, LIMIT);
	OVER_LIMIT(queue, memory + LIMIT * PAGE, 1);
	OVER_LIMIT(queue, memory + 4 * PAGE, 5);
	unpin(queue, memory, LIMIT);
	all_is_free(queue);
}

TEST(R8, page_pinned_often_counts_once)
{
	as_alice(counts_once);
}

static void upgrades(struct queue *queue, int line)
{
	char *memory = pages_alloc(LIMIT * PAGE);
	struct sva_pin reading = pin_arg(memory, LIMIT * PAGE, SVA_PIN_READ);

	(void)line;
	ACCEPTED(queue->ctx, SVA_CONTEXT_PIN, &reading);
	pin(queue, memory, LIMIT);
	hits(queue, memory + 3 * PAGE);
	unpin(queue, memory, LIMIT);
	all_is_free(queue);
}

TEST(R8, page_pinned_for_reading_and_then_for_writing_counts_once)
{
	as_alice(upgrades);
}

static void splits(struct queue *queue, int line)
{
	char *memory = pages_alloc(2 * LIMIT * PAGE);
	struct sva_pin nothing = pin_arg(memory + 3 * PAGE, 2 * PAGE, 0);

	(void)line;
	pin(queue, memory, LIMIT);
	unpin(queue, memory + 3 * PAGE, 2);
	REFUSED(queue->ctx, SVA_CONTEXT_UNPIN, &nothing, ENOENT, SVA_REASON_BAD_RANGE);
	pin(queue, memory + LIMIT * PAGE, 2);
	OVER_LIMIT(queue, memory + 3 * PAGE, 1);
	/* one call takes out what is there of a range with holes */
	unpin(queue, memory, 2 * LIMIT);
	all_is_free(queue);
}

TEST(R8, unpinning_the_middle_of_a_range_frees_the_middle)
{
	as_alice(splits);
}

static void all_or_nothing(struct queue *queue, int line)
{
	char *memory = pages_alloc(2 * LIMIT * PAGE);
	struct sva_pin nothing = pin_arg(memory, LIMIT * PAGE, 0);

	(void)line;
	OVER_LIMIT(queue, memory, LIMIT + 1);
	REFUSED(queue->ctx, SVA_CONTEXT_UNPIN, &nothing, ENOENT, SVA_REASON_BAD_RANGE);
	all_is_free(queue);
	/* what was pinned before stays */
	pin(queue, memory + 2 * PAGE, 2);
	OVER_LIMIT(queue, memory, LIMIT + 1);
	hits(queue, memory + 2 * PAGE);
	pin(queue, memory + LIMIT * PAGE, LIMIT - 2);
	OVER_LIMIT(queue, memory, 1);
}

TEST(R8, range_beyond_the_limit_pins_nothing)
{
	as_alice(all_or_nothing);
}

static void with_holes(struct queue *queue, int line)
{
	char *memory = pages_alloc(6 * PAGE);
	struct sva_pin nothing = pin_arg(memory, 6 * PAGE, 0);

	(void)line;
	MUST(munmap(memory + 3 * PAGE, PAGE));
	PIN_REFUSED(queue, memory, 6, BOTH, EFAULT, SVA_REASON_BAD_POINTER);
	REFUSED(queue->ctx, SVA_CONTEXT_UNPIN, &nothing, ENOENT, SVA_REASON_BAD_RANGE);
	MUST(mprotect(memory + PAGE, PAGE, PROT_READ));
	PIN_REFUSED(queue, memory, 3, BOTH, EFAULT, SVA_REASON_BAD_POINTER);
	MUST(mprotect(memory + PAGE, PAGE, PROT_NONE));
	PIN_REFUSED(queue, memory, 3, SVA_PIN_READ, EFAULT, SVA_REASON_BAD_POINTER);
	nothing.reason = 0;
	REFUSED(queue->ctx, SVA_CONTEXT_UNPIN, &nothing, ENOENT, SVA_REASON_BAD_RANGE);
	all_is_free(queue);
}

TEST(R8, range_with_a_part_that_is_not_mapped_that_way_pins_nothing)
{
	as_alice(with_holes);
}

static void wrong_ranges(struct queue *queue, int line)
{
	char *memory = pages_alloc(PAGE);
	struct sva_pin arg;

	(void)line;
	arg = pin_arg(memory, 0, BOTH);
	REFUSED(queue->ctx, SVA_CONTEXT_PIN, &arg, EINVAL, SVA_REASON_BAD_RANGE);
	arg = pin_arg(memory, SIZE_MAX, BOTH);
	REFUSED(queue->ctx, SVA_CONTEXT_PIN, &arg, EINVAL, SVA_REASON_BAD_RANGE);
	arg = pin_arg((void *)UINTPTR_MAX, 1, BOTH);
	REFUSED(queue->ctx, SVA_CONTEXT_PIN, &arg, EINVAL, SVA_REASON_BAD_RANGE);
	arg = pin_arg(memory, PAGE, 0);
	REFUSED(queue->ctx, SVA_CONTEXT_PIN, &arg, EINVAL, SVA_REASON_UNKNOWN_FLAG);
	arg = pin_arg(memory, PAGE, BOTH);
	arg.flags = BOTH | 4;
	REFUSED(queue->ctx, SVA_CONTEXT_PIN, &arg, EINVAL, SVA_REASON_UNKNOWN_FLAG);
	arg = pin_arg(memory, PAGE, SVA_PIN_READ);
	REFUSED(queue->ctx, SVA_CONTEXT_UNPIN, &arg, EINVAL, SVA_REASON_UNKNOWN_FLAG);
	all_is_free(queue);
}

TEST(R7, wrong_ranges_and_flags_are_refused)
{
	as_alice(wrong_ranges);
}

/* --------------------------------------------------------- several of a user */

static void pins_five(struct queue *queue, int line)
{
	pin(queue, pages_alloc(5 * PAGE), 5);
	word_send(line, 0);
	word_receive(line);
}

static void pins_three_and_no_more(struct queue *queue, int line)
{
	char *memory = pages_alloc(4 * PAGE);

	(void)line;
	pin(queue, memory, 3);
	OVER_LIMIT(queue, memory + 3 * PAGE, 1);
}

static void pins_all(struct queue *queue, int line)
{
	(void)line;
	all_is_free(queue);
}

static void pins_what_is_free(struct queue *queue, int line)
{
	struct sva_pin arg = pin_arg(pages_alloc(LIMIT * PAGE), LIMIT * PAGE, BOTH);

	word_send(line, (uint64_t)-call(queue->ctx, SVA_CONTEXT_PIN, &arg));
}

static bool all_can_be_pinned(void *arg)
{
	struct user again;
	bool all;

	user_start(&again, *(int *)arg, "alice", pins_what_is_free);
	all = !word_receive(again.child.line);
	CHECK_EQ(child_reap(&again.child), 0);
	/* what it has pinned is given back by then */
	event_await(*(int *)arg, SVA_EVENT_ENDED, again.id);
	return all;
}

TEST(R8, limit_is_the_users_over_all_of_its_processes)
{
	struct user first, second, other;
	int node;

	without_requests();
	node = node_open();
	user_start(&first, node, "alice", pins_five);
	word_receive(first.child.line);
	user_start(&second, node, "alice", pins_three_and_no_more);
	child_join(&second.child);
	event_await(node, SVA_EVENT_ENDED, second.id);
	user_start(&other, node, "bob", pins_all);
	child_join(&other.child);
	word_send(first.child.line, 0);
	child_join(&first.child);
	event_await(node, SVA_EVENT_ENDED, first.id);
	as_alice(pins_all);
}

/* --------------------------------------------- what takes the mapping away */

static void loses_mappings(struct queue *queue, int line)
{
	char *memory = pages_alloc(LIMIT * PAGE), *another = pages_alloc(PAGE);

	(void)line;
	pin(queue, memory, LIMIT);
	hits(queue, memory);
	MUST(munmap(memory, PAGE));
	misses(queue, memory);
	MUST(mprotect(memory + PAGE, PAGE, PROT_NONE));
	misses(queue, memory + PAGE);
	MUST(mprotect(memory + 2 * PAGE, PAGE, PROT_READ));
	misses(queue, memory + 2 * PAGE);
	MUST(madvise(memory + 3 * PAGE, PAGE, MADV_DONTNEED));
	misses(queue, memory + 3 * PAGE);
	hits(queue, memory + 4 * PAGE);
	/* held all the same, and counted, until it is unpinned */
	OVER_LIMIT(queue, another, 1);
	unpin(queue, memory, LIMIT);
	all_is_free(queue);
}

TEST(R7, device_misses_where_the_mapping_of_a_pinned_page_has_gone)
{
	as_alice(loses_mappings);
}

static void gets_another_page(struct queue *queue, int line)
{
	volatile char *memory = pages_alloc(PAGE);

	(void)line;
	pin(queue, (void *)memory, 1);
	memory[0] = 1;
	MUST(madvise((void *)memory, PAGE, MADV_DONTNEED));
	misses(queue, (void *)memory);
	CHECK(memory[0] == 0, "the old page is back");
	memory[0] = 2;
	/* what the process has now is what the device gets */
	hits(queue, (void *)memory);
	unpin(queue, (void *)memory, 1);
	all_is_free(queue);
}

TEST(R1, device_follows_the_mapping_and_not_the_old_pinned_page)
{
	as_alice(gets_another_page);
}

static void pins_anew(struct queue *queue, int line)
{
	char *memory = pages_alloc(LIMIT * PAGE), *another = pages_alloc(PAGE);

	(void)line;
	pin(queue, memory, LIMIT);
	MUST(madvise(memory, PAGE, MADV_DONTNEED));
	MUST(munmap(memory + PAGE, PAGE));
	CHECK(mmap(memory + PAGE, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory + PAGE, "mmap");
	pin(queue, memory, LIMIT);
	hits(queue, memory);
	hits(queue, memory + PAGE);
	OVER_LIMIT(queue, another, 1);
	unpin(queue, memory, LIMIT);
	all_is_free(queue);
}

TEST(R7, pinning_again_after_the_mapping_changed_pins_what_is_there_now)
{
	as_alice(pins_anew);
}

static void forks(struct queue *queue, int line)
{
	char *memory = pages_alloc(PAGE);
	int status;
	pid_t pid;

	(void)line;
	pin(queue, memory, 1);
	hits(queue, memory);
	pid = (pid_t)MUST(fork());
	if (pid == 0)
		_exit(*(volatile uint64_t *)memory == 0x70696e ? 0 : 1);
	queue_succeed(queue, job_fill(memory, 1, 8));
	CHECK(*(volatile uint64_t *)memory == 1, "the device wrote elsewhere");
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
}

/* The pinned page stays the parent's: fork copies it for the child at once */
TEST(R9, pinned_page_stays_with_the_parent_over_fork)
{
	as_alice(forks);
}

/* ------------------------------------------------------------- teardown */

enum end { BY_UNBIND, BY_CLOSE, BY_EXIT, BY_KILL, BY_REVOKE, BY_RESET, BY_REMOVAL, ENDS };

static void pins_and_waits(struct queue *queue, int line)
{
	enum end how;

	pin(queue, pages_alloc(LIMIT * PAGE), LIMIT);
	word_send(line, 0);
	how = (enum end)word_receive(line);
	if (how == BY_UNBIND)
		context_unbind(queue->ctx, queue->pasid, 0);
	if (how == BY_CLOSE) {
		ring_close(&queue->ring);
		close(queue->ctx);
	}
	if (how != BY_EXIT) {
		word_send(line, 0);
		word_receive(line);
	}
}

static void end_from_outside(enum end how, int node, struct user *user)
{
	if (how == BY_REVOKE)
		context_revoke(node, user->id);
	if (how == BY_RESET)
		device_reset(node);
	if (how == BY_KILL)
		child_kill(&user->child);
	if (how == BY_REMOVAL) {
		device_remove();
		device_return();
	}
}

/* The process lives on where it can, so that only the end of the context frees */
static void check_end(enum end how)
{
	int node = node_open();
	struct user user;

	user_start(&user, node, "alice", pins_and_waits);
	word_receive(user.child.line);
	CHECK(!all_can_be_pinned(&node), "nothing was counted");
	if (how != BY_KILL) {
		word_send(user.child.line, how);
		if (how != BY_EXIT)
			word_receive(user.child.line);
	}
	end_from_outside(how, node, &user);
	if (how == BY_REMOVAL)
		node = node_open();
	CHECK(wait_until(all_can_be_pinned, &node, PATIENCE_MS),
	      "end %d: the memory has not come back", how);
	if (how == BY_KILL)
		return;
	if (how != BY_EXIT)
		word_send(user.child.line, 0);
	child_join(&user.child);
}

TEST(R5, unbind_returns_what_was_pinned)
{
	without_requests();
	check_end(BY_UNBIND);
}

TEST(R5, close_returns_what_was_pinned)
{
	without_requests();
	check_end(BY_CLOSE);
}

TEST(R5, exit_and_death_return_what_was_pinned)
{
	without_requests();
	check_end(BY_EXIT);
	check_end(BY_KILL);
}

TEST(R5, revoke_and_reset_return_what_was_pinned)
{
	without_requests();
	check_end(BY_REVOKE);
	check_end(BY_RESET);
}

TEST(R5, removal_of_the_device_returns_what_was_pinned)
{
	without_requests();
	check_end(BY_REMOVAL);
}

/* Also where the release is neither: what is withheld is the PASID, not the memory */
TEST(R5, quarantine_returns_what_was_pinned)
{
	struct puppet bystander;
	struct user user;
	int node;

	without_requests();
	node = node_open();
	puppet_start(&bystander);
	puppet_bind(&bystander, node);
	user_start(&user, node, "alice", pins_and_waits);
	word_receive(user.child.line);
	misbehave("stale");
	word_send(user.child.line, BY_UNBIND);
	word_receive(user.child.line);
	misbehave("none");
	CHECK_EQ(attribute_read("quarantined"), 1);
	CHECK(wait_until(all_can_be_pinned, &node, PATIENCE_MS), "the memory has not come back");
	device_reset(node);
	word_send(user.child.line, 0);
	child_join(&user.child);
	puppet_end(&bystander);
}

/* -------------------------------------------------------------- the sum */

static long vmstat(const char *name)
{
	FILE *file = fopen("/proc/vmstat", "r");
	char found[64];
	long value;

	CHECK(file, "no /proc/vmstat");
	while (fscanf(file, "%63s %ld", found, &value) == 2) {
		if (!strcmp(found, name)) {
			fclose(file);
			return value;
		}
	}
	FAIL("no %s in /proc/vmstat", name);
}

static bool pins_are_balanced(void *arg)
{
	(void)arg;
	text_write("/proc/sys/vm/stat_refresh", "1");
	return vmstat("nr_foll_pin_acquired") == vmstat("nr_foll_pin_released");
}

TEST(R8, every_page_ever_pinned_was_released)
{
	long before;

	without_requests();
	before = vmstat("nr_foll_pin_acquired");
	as_alice(pins_all);
	text_write("/proc/sys/vm/stat_refresh", "1");
	CHECK(vmstat("nr_foll_pin_acquired") >= before + LIMIT, "pins are not counted");
	CHECK(wait_until(pins_are_balanced, NULL, PATIENCE_MS), "%ld pinned, %ld released",
	      vmstat("nr_foll_pin_acquired"), vmstat("nr_foll_pin_released"));
	provider_reload("");
}
