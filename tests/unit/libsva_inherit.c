// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_inherit.c - contexts that a launcher reserves, over a fake svad and kernel
 *
 * Each test is a process of its own, for a process takes what was left for it once.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "libsva_fake_kernel.h"
#include "libsva_fake_svad.h"
#include "sva.h"

#define CHECK(condition) do { if (!(condition)) return __LINE__; } while (0)

static struct fake_svad svad;

/* Contexts asked for, of all processes together */
static int *opens;

static bool hand_over(struct fake_svad *fake, int connection, const union fake_request *request,
		      size_t size)
{
	struct sva_msg_opened reply = { .id = 1, .device = "soft0" };

	(void)size;
	__atomic_add_fetch((int *)fake->arg, 1, __ATOMIC_SEQ_CST);
	reply.msg = fake_reply(request, sizeof(reply));
	fake_send(connection, &reply, sizeof(reply), fake_kernel.fd, 1);
	return true;
}

static int opens_so_far(void)
{
	return __atomic_load_n(opens, __ATOMIC_SEQ_CST);
}

static int start(void **state)
{
	(void)state;
	fake_kernel_regions();
	*opens = 0;
	fake_svad_start(&svad, hand_over, opens);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_svad_stop(&svad);
	fake_kernel_end();
	return 0;
}

static int exit_of(int (*body)(void))
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(body());
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* The exit status has 8 bits of the line */
static void in_a_process(int (*body)(void))
{
	int line = exit_of(body);

	if (line)
		fail_msg("line %d (mod 256)", line);
}

static int reserve(void)
{
	struct sva_bind_args args = { .size = sizeof(args), .device = "soft0" };
	int fd = 99;

	return sva_reserve(&args, &fd) ? -1 : fd;
}

static void leave(pid_t pid, int fd)
{
	char text[32];

	snprintf(text, sizeof(text), "%d:%d", (int)pid, fd);
	setenv("SVA_CONTEXT_FD", text, 1);
}

/* ----------------------------------------------------------------- bodies */

static int takes_it_first_and_once(void)
{
	struct sva_context *first, *second;
	int fd = reserve();

	CHECK(fd >= 0 && opens_so_far() == 1);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	CHECK(fake_kernel.binds == 0);		/* reserved, and not more */
	fcntl(fd, F_SETFD, 0);
	leave(getpid(), fd);
	CHECK(sva_probe("soft0", NULL) == 0);	/* the fake svad knows no such request */
	CHECK(sva_bind(NULL, SVA_BIND_FAULT_EVENTS, &first) == 0);
	CHECK(opens_so_far() == 1 && sva_context_fd(first) == fd);
	CHECK(fake_kernel.bind_flags == SVA_BIND_FAULT_EVENTS);
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);	/* it is of no use behind the next exec() */
	CHECK(sva_bind("soft0", 0, &second) == 0);
	CHECK(opens_so_far() == 2 && sva_context_fd(second) != fd);
	sva_unbind(second, SVA_RELEASE_CLEAN);
	CHECK(sva_unbind(first, SVA_RELEASE_CLEAN) == SVA_RELEASE_CLEAN);
	CHECK(sva_bind(NULL, 0, &first) == 0 && opens_so_far() == 3);
	return 0;
}

static int asks_svad(void)
{
	struct sva_context *ctx;
	int before = opens_so_far();

	CHECK(sva_bind(NULL, 0, &ctx) == 0);
	CHECK(opens_so_far() == before + 1);
	return 0;
}

static int leaves_nothing_to_children(void)
{
	int fd = reserve();

	leave(getpid(), fd);
	CHECK(exit_of(asks_svad) == 0);
	unsetenv("SVA_CONTEXT_FD");
	CHECK(asks_svad() == 0);
	setenv("SVA_CONTEXT_FD", "", 1);
	CHECK(asks_svad() == 0);
	return 0;
}

static int wants_something_else(void)
{
	struct sva_bind_args args = { .size = sizeof(args), .type = "dedicated" };
	struct sva_context *ctx;

	leave(getpid(), reserve());
	CHECK(sva_bind_with(&args, &ctx) == 0 && opens_so_far() == 2);
	fake_kernel.binds = 0;			/* the fake has one context for all */
	args.type = NULL;
	args.socket = svad.path;
	CHECK(sva_bind_with(&args, &ctx) == 0 && opens_so_far() == 3);
	fake_kernel.binds = 0;
	CHECK(sva_bind("soft1", 0, &ctx) == 0 && opens_so_far() == 4);
	fake_kernel.binds = 0;
	CHECK(sva_bind("soft0", 0, &ctx) == 0 && opens_so_far() == 4);
	return 0;
}

static int is_bound_by_hand(void)
{
	struct sva_bind_args args = { .size = sizeof(args), .use_fd = 1 };
	struct sva_context *ctx;

	args.fd = reserve();
	leave(getpid(), args.fd);
	CHECK(sva_bind_with(&args, &ctx) == 0 && opens_so_far() == 1);
	CHECK(asks_svad() == 0);
	return 0;
}

static int refused_as_no_context(void)
{
	struct sva_context *ctx = (void *)&svad;

	CHECK(sva_bind(NULL, 0, &ctx) == -EBADF && !ctx);
	CHECK(sva_context_reason(NULL) == SVA_REASON_BAD_FD);
	CHECK(sva_probe(NULL, NULL) == -EBADF);
	CHECK(sva_context_reason(NULL) == SVA_REASON_BAD_FD);
	CHECK(opens_so_far() == 0);
	return 0;
}

/* R7: a launcher's mistake is said, and not covered up by a context from svad */
static int finds_nonsense(void)
{
	static const char *const values[] = {
		"x", "7", "7:", ":7", "7:7x", "-7:7", "7:-7", " 7:7", "7: 7", "99999999999:7",
		"7:99999999999", "7:7:7", "+7:7", "0x7:7",
	};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		setenv("SVA_CONTEXT_FD", values[i], 1);
		CHECK(refused_as_no_context() == 0);
	}
	leave(getpid(), 1000);			/* closed */
	CHECK(refused_as_no_context() == 0);
	leave(getpid(), open("/dev/null", O_RDWR | O_CLOEXEC));
	CHECK(refused_as_no_context() == 0);
	return 0;
}

static int is_told_why_each_time(void)
{
	int fd = reserve();
	struct sva_context *ctx;

	leave(getpid(), fd);
	fake_kernel.bind_error = -EPERM;
	fake_kernel.bind_reason = SVA_REASON_CONTEXT_REVOKED;
	for (int i = 0; i < 2; i++) {
		CHECK(sva_bind(NULL, 0, &ctx) == -EPERM);
		CHECK(sva_context_reason(NULL) == SVA_REASON_CONTEXT_REVOKED);
	}
	fake_kernel.error = -ENODEV;
	fake_kernel.reason = SVA_REASON_DEVICE_GONE;
	CHECK(sva_bind(NULL, 0, &ctx) == -ENODEV);
	CHECK(sva_context_reason(NULL) == SVA_REASON_DEVICE_GONE);
	fake_kernel.error = fake_kernel.bind_error = 0;
	CHECK(fcntl(fd, F_GETFD) != -1);	/* consumed on success only */
	CHECK(sva_bind(NULL, 0, &ctx) == 0 && opens_so_far() == 1);
	return 0;
}

static void *bind_once(void *arg)
{
	struct sva_context *ctx = NULL;

	(void)arg;
	return sva_bind(NULL, 0, &ctx) ? NULL : ctx;
}

static int threads_take_it_once(void)
{
	pthread_t threads[4];
	int fd = reserve(), took = 0;
	void *ctx;

	leave(getpid(), fd);
	for (int i = 0; i < 4; i++)
		CHECK(pthread_create(&threads[i], NULL, bind_once, NULL) == 0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &ctx);
		CHECK(ctx);
		took += sva_context_fd(ctx) == fd;
	}
	CHECK(took == 1 && opens_so_far() == 4);
	return 0;
}

static int arguments_are_checked(void)
{
	struct sva_bind_args args = { .size = sizeof(args) };
	int fd = 5;

	CHECK(sva_reserve(&args, NULL) == -EINVAL);
	CHECK(sva_reserve(NULL, &fd) == -EINVAL && fd == -1);
	args.flags = SVA_BIND_FAULT_EVENTS;
	CHECK(sva_reserve(&args, &fd) == -EINVAL);
	args.flags = 0;
	args.use_fd = 1;
	CHECK(sva_reserve(&args, &fd) == -EINVAL);
	CHECK(sva_context_reason(NULL) == SVA_REASON_BAD_ARGUMENT && opens_so_far() == 0);
	return 0;
}

/* ------------------------------------------------------------------ tests */

#define TEST_OF(name, body)				\
	static void name(void **state)			\
	{						\
		(void)state;				\
		in_a_process(body);			\
	}

TEST_OF(the_first_bind_takes_what_the_launcher_left, takes_it_first_and_once)
TEST_OF(a_child_takes_nothing_that_was_left_for_its_parent, leaves_nothing_to_children)
TEST_OF(who_wants_something_else_asks_svad, wants_something_else)
TEST_OF(what_was_bound_by_hand_is_not_bound_again, is_bound_by_hand)
TEST_OF(what_is_no_context_is_said, finds_nonsense)
TEST_OF(a_context_that_cannot_be_bound_says_why_each_time, is_told_why_each_time)
TEST_OF(of_many_threads_one_takes_it, threads_take_it_once)
TEST_OF(a_reservation_has_its_own_arguments, arguments_are_checked)

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_bind_takes_what_the_launcher_left),
		TEST(a_child_takes_nothing_that_was_left_for_its_parent),
		TEST(who_wants_something_else_asks_svad),
		TEST(what_was_bound_by_hand_is_not_bound_again),
		TEST(what_is_no_context_is_said),
		TEST(a_context_that_cannot_be_bound_says_why_each_time),
		TEST(of_many_threads_one_takes_it),
		TEST(a_reservation_has_its_own_arguments),
	};

	opens = mmap(NULL, sizeof(*opens), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
