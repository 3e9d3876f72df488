// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stalls_bind.c - a bind whose caller's page does not come, see stalls.h
 */
#include "stalls.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "device.h"
#include "harness.h"

#define PAGE 4096u

/* A page that holds @data, and whose next writer waits for this fd's owner */
static int stalling_page(void **page, const void *data, size_t size)
{
	struct uffdio_api api = { .api = UFFD_API, .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect protect = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };
	int fd = (int)MUST(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));

	MUST(ioctl(fd, UFFDIO_API, &api));
	*page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(*page != MAP_FAILED, "no page");
	memcpy(*page, data, size);
	range.range.start = protect.range.start = (uintptr_t)*page;
	range.range.len = protect.range.len = PAGE;
	MUST(ioctl(fd, UFFDIO_REGISTER, &range));
	MUST(ioctl(fd, UFFDIO_WRITEPROTECT, &protect));
	return fd;
}

static void page_let_go(int fd, void *page)
{
	struct uffdio_writeprotect protect = {
		.range = { .start = (uintptr_t)page, .len = PAGE },
	};

	MUST(ioctl(fd, UFFDIO_WRITEPROTECT, &protect));
}

static void *bind_slowly(void *arg)
{
	struct slow_bind *slow = arg;

	slow->result = call(slow->ctx, SVA_BIND_TASK, slow->args);
	return NULL;
}

void slow_bind_start(struct slow_bind *slow, int node, uint64_t *id)
{
	struct sva_bind_task args = { .argsz = sizeof(args) };
	void *page;

	slow->faults = stalling_page(&page, &args, sizeof(args));
	slow->args = page;
	slow->ctx = context_create(node, getpid(), id);
	CHECK_EQ(pthread_create(&slow->thread, NULL, bind_slowly, slow), 0);
	CHECK(fd_readable(slow->faults, PATIENCE_MS), "the bind waits for nothing");
}

int slow_bind_end(struct slow_bind *slow)
{
	page_let_go(slow->faults, slow->args);
	pthread_join(slow->thread, NULL);
	close(slow->faults);
	return slow->result;
}
