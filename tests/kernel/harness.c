// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * harness.c - runs the tests that a program has registered, see harness.h
 */
#include "harness.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "process.h"

static struct test *tests, **tests_end = &tests;
static struct helper *helpers;

void test_register(struct test *test)
{
	*tests_end = test;
	tests_end = &test->next;
}

void helper_register(struct helper *helper)
{
	helper->next = helpers;
	helpers = helper;
}

void test_fail(const char *file, int line, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("# %s:%d: %s\n", file, line, text);
	fflush(stdout);
	_exit(1);
}

void check_fail(const char *file, int line, const char *condition, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	test_fail(file, line, "not (%s): %s", condition, text);
}

void test_note(const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("# %s\n", text);
	fflush(stdout);
}

uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/*
 * The kernel log, where the harness may read it: a complaint is the fault of the
 * test during which it was written.
 */
static int kmsg_open(void)
{
	int fd = open("/dev/kmsg", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

static bool is_complaint(const char *line)
{
	static const char *const words[] = {
		"WARNING:", "BUG:", "Oops", "Call Trace", "KASAN", "UBSAN",
		"refcount_t:", "scheduling while atomic", "blocked for more than",
		"possible recursive locking", "self-detected stall", "possible circular locking",
		"suspicious RCU usage", "ODEBUG:", "inconsistent lock state", "inconsistent {",
		"turning off the locking correctness validator", "still allocated",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

static bool kmsg_complains(int fd)
{
	char line[8192];
	bool found = false;
	ssize_t n;

	if (fd < 0)
		return false;
	for (;;) {
		n = read(fd, line, sizeof(line) - 1);
		if (n < 0 && errno == EPIPE)
			continue;
		if (n <= 0)
			return found;
		line[n] = '\0';
		if (!is_complaint(line))
			continue;
		printf("# the kernel complained: %.*s\n", (int)strcspn(line, "\n"), line);
		found = true;
	}
}

static void kmsg_mark(int fd, const struct test *test)
{
	if (fd >= 0)
		dprintf(fd, "sva test: %s (%s)\n", test->name, test->rule);
}

_Noreturn static void run_child(const struct test *test)
{
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	test->run();
	fflush(stdout);
	_exit(0);
}

static bool describe_status(int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	if (WIFSIGNALED(status))
		printf("# killed by signal %d (%s)\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return false;
}

/* The session of the test, and orphans that the harness inherits as subreaper */
static void reap_all(pid_t session)
{
	kill(-session, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
}

static bool run_process(const struct test *test)
{
	bool ended, passed = false;
	int pidfd, status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid < 0) {
		printf("# fork: %s\n", strerror(errno));
		return false;
	}
	if (pid == 0)
		run_child(test);
	pidfd = process_open(pid);
	ended = fd_readable(pidfd, (int)test->seconds * 1000 * test_scale());
	if (!ended) {
		printf("# still running after %u s\n", test->seconds * (unsigned int)test_scale());
		kill(pid, SIGKILL);
	}
	close(pidfd);
	if (waitpid(pid, &status, 0) == pid && ended)
		passed = describe_status(status);
	reap_all(pid);
	return passed;
}

static bool run_test(const struct test *test, int kmsg)
{
	uint64_t start = now_ns();
	bool passed;

	kmsg_mark(kmsg, test);
	passed = run_process(test);
	if (!device_is_clean())
		passed = false;
	if (kmsg_complains(kmsg))
		passed = false;
	if (!passed)
		device_make_clean();
	printf("%s %s (%s) %llu ms\n", passed ? "ok" : "FAIL", test->name, test->rule,
	       (unsigned long long)(now_ns() - start) / 1000000);
	fflush(stdout);
	return passed;
}

static bool is_wanted(const struct test *test, char **patterns)
{
	if (!*patterns)
		return true;
	for (; *patterns; patterns++)
		if (fnmatch(*patterns, test->name, 0) == 0 || !strcmp(*patterns, test->rule))
			return true;
	return false;
}

static bool makes_sense(const struct test *test)
{
	if (test->device && !device_is(test->device)) {
		printf("skip %s (%s): %s only\n", test->name, test->rule, test->device);
		return false;
	}
	if (test->needs && access(test->needs, F_OK)) {
		printf("skip %s (%s): needs the debug kernel\n", test->name, test->rule);
		return false;
	}
	return true;
}

static int run_helper(int argc, char **argv)
{
	for (struct helper *h = helpers; h; h = h->next)
		if (!strcmp(h->name, argv[0]))
			return h->run(argc, argv);
	fprintf(stderr, "no helper named %s\n", argv[0]);
	return 2;
}

static int list_tests(void)
{
	for (struct test *t = tests; t; t = t->next)
		printf("%s (%s)\n", t->name, t->rule);
	return 0;
}

static int run_tests(char **patterns)
{
	unsigned int passed = 0, failed = 0, skipped = 0;
	int kmsg = kmsg_open();

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (struct test *t = tests; t; t = t->next) {
		if (!is_wanted(t, patterns))
			continue;
		if (!makes_sense(t))
			skipped++;
		else if (run_test(t, kmsg))
			passed++;
		else
			failed++;
	}
	if (skipped)
		printf("%u skipped: not about this kernel or %s\n", skipped, device_name());
	printf("%u passed, %u failed\n", passed, failed);
	return failed || passed + skipped == 0;
}

int main(int argc, char **argv)
{
	/* without what options.c has taken */
	for (argc = 0; argv[argc]; argc++)
		;
	if (argc > 2 && !strcmp(argv[1], "--helper"))
		return run_helper(argc - 2, argv + 2);
	if (argc == 2 && !strcmp(argv[1], "--list"))
		return list_tests();
	if (argc > 2 && !strcmp(argv[1], "--user")) {
		user_become(argv[2]);
		argv += 2;
	}
	if (argc > 1 && argv[1] && !strncmp(argv[1], "--", 2)) {
		fprintf(stderr, "usage: %s [--list | [--user NAME] [TEST-PATTERN | RULE]...]\n",
			argv[0]);
		return 2;
	}
	return run_tests(argv + 1);
}
