// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stalls_mm.c - address spaces that are locked, or being changed, while they are bound
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "puppet.h"
#include "stalls.h"

#define PAGE	4096u
#define BYTES	(96u << 20)	/* takes the kernel some time to take away */

/* ------------------------------------------------------ a lock that is held */

/* Reading another way than by an access keeps the lock of the address space meanwhile */
static void *reads_the_page(void *page)
{
	char byte;
	int memory = (int)MUST(open("/proc/self/mem", O_RDONLY | O_CLOEXEC));

	(void)!pread(memory, &byte, 1, (off_t)(uintptr_t)page);
	close(memory);
	return NULL;
}

static void binds_with_a_lock_held(int line, void *arg)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	struct stall *stall = arg;
	int ctx = context_create(node_open(), getpid(), NULL);
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, stall->file, 0);
	pthread_t thread;

	CHECK(page != MAP_FAILED, "mmap: %s", strerror(errno));
	/* what it needs is there before the lock is held */
	CHECK_EQ(pthread_create(&thread, NULL, reads_the_page, page), 0);
	word_receive(line);
	word_send(line, 0);
	CHECK_EQ(ioctl(ctx, SVA_BIND_TASK, &bind), 0);
	word_send(line, 0);
	pthread_join(thread, NULL);
}

/*
 * The core has a lock in each bind and unbind of the machine, in which it must not wait for
 * that of one address space
 */
static void others_go_on(int node)
{
	struct puppet newcomer;

	puppet_start(&newcomer);
	puppet_compute(&newcomer, puppet_bind(&newcomer, node));
	puppet_unbind(&newcomer, 0, 0);
	puppet_end(&newcomer);
}

/* Not only on its way to it */
static bool waits_in_its_bind(void *arg)
{
	const struct child *binder = arg;
	unsigned long command = 0;
	char path[64], text[256];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)binder->pid);
	return text_read(path, text, sizeof(text)) &&
	       sscanf(text, "%*d 0x%*x 0x%lx", &command) == 1 && command == SVA_BIND_TASK;
}

TEST(R8, bind_of_a_process_whose_address_space_is_locked_holds_up_nobody)
{
	struct puppet bound;
	struct child binder;
	struct stall stall;
	int node = node_open();

	puppet_start(&bound);
	puppet_bind(&bound, node);
	stall_start(&stall);
	child_start(&binder, binds_with_a_lock_held, &stall);
	stall_await(&stall);
	word_send(binder.line, 0);
	word_receive(binder.line);
	CHECK(wait_until(waits_in_its_bind, &binder, PATIENCE_MS), "it does not bind");
	others_go_on(node);
	puppet_end(&bound);
	CHECK(!fd_readable(binder.line, 0), "the page has come by itself");
	device_reset(node);
	stall_let_go(&stall);
	CHECK(fd_readable(binder.line, PATIENCE_MS), "it is never bound");
	word_receive(binder.line);
	child_join(&binder);
	stall_end(&stall);
}

/* --------------------------------------------------- memory that is taken away */

/* How much of the process's memory is a file's, as the memfd's */
static long shared_pages(void)
{
	long size, resident, shared;
	FILE *file = fopen("/proc/self/statm", "re");

	CHECK(file && fscanf(file, "%ld %ld %ld", &size, &resident, &shared) == 3, "no statm");
	fclose(file);
	return shared;
}

static bool is_being_taken(void *before)
{
	return shared_pages() < *(long *)before;
}

#define AFTERWARDS 3	/* its exit status, or 0 */

/* Sends the ids and files of its contexts, and exits while its memory is taken away */
static void binds_and_exits(int line, void *arg)
{
	int node = node_open(), memory = *(int *)arg, ctx[3];
	uint64_t id[3];
	long before, taken;
	void *all = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory, 0);

	CHECK(all != MAP_FAILED, "mmap: %s", strerror(errno));
	for (int i = 0; i < 3; i++) {
		ctx[i] = context_create(node, getpid(), &id[i]);
		word_send(line, id[i]);
	}
	context_bind(ctx[0]);
	for (int i = 0; i < 3; i++)
		fd_send(line, ctx[i]);
	before = shared_pages();
	word_send(line, 0);
	CHECK(wait_until(is_being_taken, &before, PATIENCE_MS), "nothing is taken");
	taken = before - shared_pages();
	/* the kernel puts off what watches are put in meanwhile, but for the first */
	context_bind(ctx[1]);
	context_bind(ctx[2]);
	_exit(taken < BYTES / PAGE ? 0 : AFTERWARDS);
}

struct bound {
	int node;
	uint64_t id;
};

static bool has_ended(void *arg)
{
	const struct bound *bound = arg;
	struct sva_context_entry entry;

	return !context_listed(bound->node, bound->id, &entry);
}

/* False: everything had been taken before it was bound */
static bool end_is_heard(void)
{
	int node = node_open(), memory = (int)MUST(memfd_create("taken", MFD_CLOEXEC)), ctx[3];
	struct child binder;
	uint64_t id[3];
	int status;

	MUST(ftruncate(memory, BYTES));
	child_start(&binder, binds_and_exits, &memory);
	for (int i = 0; i < 3; i++)
		id[i] = word_receive(binder.line);
	for (int i = 0; i < 3; i++)
		ctx[i] = fd_receive(binder.line);
	word_receive(binder.line);
	MUST(ftruncate(memory, 0));
	status = child_reap(&binder);
	CHECK(WIFEXITED(status) && (!WEXITSTATUS(status) || WEXITSTATUS(status) == AFTERWARDS),
	      "status 0x%x", status);
	/* while another process has the files */
	for (int i = 0; i < 3; i++)
		CHECK(wait_until(has_ended, &(struct bound){ node, id[i] }, PATIENCE_MS),
		      "context %d does not end", i);
	for (int i = 0; i < 3; i++)
		close(ctx[i]);
	close(memory);
	close(node);
	return !WEXITSTATUS(status);
}

TEST(R5, end_of_an_address_space_is_heard_that_was_bound_while_its_memory_was_taken_away)
{
	int tries = 1;

	while (!end_is_heard() && tries < 20)
		tries++;
	CHECK(tries < 20, "all was taken before it was bound, %d times", tries);
}
