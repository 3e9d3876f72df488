// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stalls.c - processes whose memory never answers: they hold up themselves alone
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "device.h"
#include "harness.h"
#include "process.h"

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

struct slow_bind {
	int ctx;
	struct sva_bind_task *args;
	int result;
};

static void *bind_slowly(void *arg)
{
	struct slow_bind *slow = arg;

	slow->result = call(slow->ctx, SVA_BIND_TASK, slow->args);
	return NULL;
}

/* Returns when the bind waits for its page */
static int slow_bind_start(struct slow_bind *slow, pthread_t *thread, int node, uint64_t *id)
{
	struct sva_bind_task args = { .argsz = sizeof(args) };
	void *page;
	int fd;

	fd = stalling_page(&page, &args, sizeof(args));
	slow->args = page;
	slow->ctx = context_create(node, getpid(), id);
	CHECK_EQ(pthread_create(thread, NULL, bind_slowly, slow), 0);
	CHECK(fd_readable(fd, PATIENCE_MS), "the bind waits for nothing");
	return fd;
}

TEST(R8, a_bind_that_waits_for_its_callers_page_succeeds_when_the_page_comes)
{
	struct slow_bind slow;
	pthread_t thread;
	int node = node_open(), fd = slow_bind_start(&slow, &thread, node, NULL);

	CHECK_EQ(context_info(slow.ctx).state, SVA_STATE_CREATED);
	page_let_go(fd, slow.args);
	pthread_join(thread, NULL);
	CHECK_EQ(slow.result, 0);
	CHECK_EQ(context_info(slow.ctx).pasid, slow.args->pasid);
	context_unbind(slow.ctx, slow.args->pasid, 0);
}

/* What is waited for is the page; what is in it stays as it was */
TEST(R7, a_refused_bind_leaves_its_argument_as_it_was)
{
	struct sva_bind_task args = { .argsz = sizeof(args), .reason = 0xa5a5 }, before = args;
	int node = node_open(), ctx = context_create(node, getpid(), NULL);

	context_bind(ctx);
	for (int i = 0; i < 2; i++) {
		REFUSED(ctx, SVA_BIND_TASK, &args, EBUSY, SVA_REASON_ALREADY_BOUND);
		before.reason = args.reason;
		CHECK(!memcmp(&args, &before, sizeof(args)), "it was changed");
	}
}

TEST(R8, it_holds_up_neither_a_revoke_nor_a_reset)
{
	struct slow_bind slow;
	pthread_t thread;
	uint64_t id;
	int node = node_open(), fd = slow_bind_start(&slow, &thread, node, &id);

	device_reset(node);
	context_revoke(node, id);
	end_await(node, id);
	page_let_go(fd, slow.args);
	pthread_join(thread, NULL);
	CHECK(slow.result < 0, "a revoked context was bound");
	CHECK_EQ(slow.args->reason, SVA_REASON_CONTEXT_REVOKED);
}

TEST(R8, it_holds_up_no_removal)
{
	struct slow_bind slow;
	pthread_t thread;
	uint64_t id;
	int fd = slow_bind_start(&slow, &thread, node_open(), &id);

	device_remove();
	device_return();
	page_let_go(fd, slow.args);
	pthread_join(thread, NULL);
	CHECK_EQ(slow.result, -ENODEV);
	CHECK_EQ(slow.args->reason, SVA_REASON_DEVICE_GONE);
}
