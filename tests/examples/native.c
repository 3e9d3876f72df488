// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * native.c - the examples over a fake svad and accelerator: each does what it says, and
 * valgrind has nothing to say; under ASan they run as they are
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "accel_svad.h"

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_VALGRIND false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_VALGRIND false
#endif
#endif
#ifndef UNDER_VALGRIND
#define UNDER_VALGRIND true
#endif

static struct fake_svad svad;
static char folder[4096];

static int start(void **state)
{
	(void)state;
	accel_svad_start(&svad);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_svad_stop(&svad);
	return 0;
}

_Noreturn static void become(char **argv)
{
	static char *valgrind[16] = {
		(char *)"valgrind", (char *)"-q", (char *)"--error-exitcode=99",
		(char *)"--leak-check=full", (char *)"--show-leak-kinds=definite,indirect,possible",
		(char *)"--errors-for-leak-kinds=definite,indirect,possible",
		(char *)"--trace-children=yes", (char *)"--fair-sched=yes",
	};
	int count = 8;

	if (!UNDER_VALGRIND) {
		execv(argv[0], argv);
		_exit(126);
	}
	for (int i = 0; argv[i] && count < 15; i++)
		valgrind[count++] = argv[i];
	execvp(valgrind[0], valgrind);
	_exit(126);
}

/* Runs argv, and gives what it wrote, to stderr too */
static int run(char **argv, char *output, size_t size)
{
	size_t got = 0;
	int ends[2], status;
	ssize_t part;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		become(argv);
	}
	close(ends[1]);
	while (got < size - 1 && (part = read(ends[0], output + got, size - 1 - got)) > 0)
		got += (size_t)part;
	output[got] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The example @name: it succeeds, and writes @says somewhere in its only line */
static void example(const char *name, const char *says, const char *argument)
{
	char path[4200], program[4200], output[4096], device[] = "fake0";
	char *argv[] = { path, argument ? device : NULL, program, NULL };
	int status;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (argument)
		snprintf(program, sizeof(program), "%s/%s", folder, argument);
	status = run(argv, output, sizeof(output));
	if (status || !strstr(output, says) || strchr(output, '\n') != strrchr(output, '\n'))
		fail_msg("%s: status %d\n%s", name, status, output);
}

static void ten_lines_are_enough(void **state)
{
	(void)state;
	example("ten-lines", "PASID 9", NULL);
}

static void bind_has_one_job_done(void **state)
{
	(void)state;
	example("bind", "copied by the accelerator", NULL);
}

static void search_finds_in_list_and_tree(void **state)
{
	(void)state;
	example("search", "person 77 is at", NULL);
}

static void threads_share_a_binding(void **state)
{
	(void)state;
	example("threads", "4 threads shared PASID", NULL);
}

static void workers_bind_anew(void **state)
{
	(void)state;
	example("workers", "3 workers and their parent looked up", NULL);
}

static void a_loop_copies_in_pieces(void **state)
{
	(void)state;
	example("loop", "1048576 bytes in pieces", NULL);
}

static void in_cpp_what_is_opened_closes_itself(void **state)
{
	(void)state;
	example("raii", "500 elements gathered", NULL);
}

static void what_is_launched_needs_no_svad(void **state)
{
	int before = svad.requests;

	(void)state;
	example("launch", "PASID 9", "ten-lines");
	assert_int_equal(svad.requests, before + 1);
}

/* R7, for the least of programs */
static void without_svad_an_example_says_so(void **state)
{
	char path[4200], output[4096], *argv[] = { path, NULL };

	(void)state;
	snprintf(path, sizeof(path), "%s/ten-lines", folder);
	setenv("SVA_SOCKET", "/nonexistent/socket", 1);
	assert_int_equal(run(argv, output, sizeof(output)), 1);
	assert_non_null(strstr(output, "svad does not listen"));
	setenv("SVA_SOCKET", svad.path, 1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ten_lines_are_enough),
		cmocka_unit_test(bind_has_one_job_done),
		cmocka_unit_test(search_finds_in_list_and_tree),
		cmocka_unit_test(threads_share_a_binding),
		cmocka_unit_test(workers_bind_anew),
		cmocka_unit_test(a_loop_copies_in_pieces),
		cmocka_unit_test(in_cpp_what_is_opened_closes_itself),
		cmocka_unit_test(what_is_launched_needs_no_svad),
		cmocka_unit_test(without_svad_an_example_says_so),
	};

	snprintf(folder, sizeof(folder), "%s", argc > 0 ? dirname(argv[0]) : ".");
	return cmocka_run_group_tests(tests, start, stop);
}
