// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tools_cdi.c - svactl cdi, run as a program: what it writes, and what it finds wrong
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <jansson.h>

#include "libsva_fake_svad.h"

static struct fake_svad svad;
static char output[16384];

/* The shell's; what it says is in output; returns its exit status */
static int __attribute__((format(printf, 1, 2))) run(const char *format, ...)
{
	char command[1024];
	size_t length;
	va_list args;
	FILE *pipe;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

#define SVACTL SVACTL_FOLDER "/tools/svactl --socket %s "

static int start(void **state)
{
	(void)state;
	fake_svad_start(&svad, NULL, NULL);
	setenv("LD_LIBRARY_PATH", SVACTL_FOLDER "/libsva", 1);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_svad_stop(&svad);
	return 0;
}

/* Writes the specification, changed by a sed script, and has it checked */
static int check(const char *change)
{
	char file[128];
	int status;

	snprintf(file, sizeof(file), "%s/spec", svad.folder);
	assert_int_equal(run(SVACTL "cdi write | sed '%s' >%s", svad.path, change, file), 0);
	status = run(SVACTL "--json cdi check %s", svad.path, file);
	unlink(file);
	return status;
}

static void expect_problem(const char *change, const char *what)
{
	assert_int_equal(check(change), 1);
	if (!strstr(output, what))
		fail_msg("'%s' is not said of '%s', but: %s", what, change, output);
	assert_non_null(strstr(output, "\"remedy\": \""));
}

static void what_is_written_is_right(void **state)
{
	(void)state;
	assert_int_equal(check(""), 0);
}

/* R12: a process with a node would go around policy */
static void the_specification_is_as_engines_want_it(void **state)
{
	json_t *spec, *device;

	(void)state;
	assert_int_equal(run(SVACTL "cdi write", svad.path), 0);
	spec = json_loads(output, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(spec);
	assert_string_equal(json_string_value(json_object_get(spec, "cdiVersion")), "0.5.0");
	assert_string_equal(json_string_value(json_object_get(spec, "kind")), "sva/context");
	assert_int_equal(json_array_size(json_object_get(spec, "devices")), 2);
	for (size_t i = 0; (device = json_array_get(json_object_get(spec, "devices"), i)); i++) {
		json_t *edits = json_object_get(device, "containerEdits");
		json_t *mounts = json_object_get(edits, "mounts");

		assert_null(json_object_get(edits, "deviceNodes"));
		assert_string_equal(json_string_value(json_array_get(json_object_get(edits, "env"), 0)),
				    "SVA_SOCKET=/run/svad/socket");
		assert_int_equal(json_array_size(mounts), i ? 1 : 3);
		for (size_t j = 0; j < json_array_size(mounts); j++) {
			json_t *options = json_object_get(json_array_get(mounts, j), "options");

			assert_string_equal(json_string_value(json_array_get(options, 0)), "ro");
		}
	}
	json_decref(spec);
}

static void what_is_wrong_is_found(void **state)
{
	(void)state;
	expect_problem("s/0\\.5\\.0/0.6.0/", "cdiVersion is 0.6.0");
	expect_problem("/cdiVersion/d", "cdiVersion is missing");
	expect_problem("s,sva/context,vendor.com/device,", "kind is vendor.com/device");
	expect_problem("s,\"mounts\": \\[,\"deviceNodes\": [{\"path\": \"/dev/sva/soft0\"}]\\, &,",
		       "it has device nodes");
	expect_problem("s,\"mounts\": \\[,\"hooks\": [{\"path\": \"/bin/sh\"}]\\, &,", "it has hooks");
	expect_problem("s,\"hostPath\": \"[^\"]*libsva,&-none,", "is not there");
	expect_problem("s,\"hostPath\": \"/tmp/[^\"]*\",\"hostPath\": \"/dev/null\",", "/dev/null is mounted");
	expect_problem("s,\"hostPath\":,\"path\":,", "lacks hostPath");
	expect_problem("s/SVA_SOCKET=/OTHER=/", "SVA_SOCKET is not set");
	expect_problem("s,/socket\",/other\",", "SVA_SOCKET is /run/svad/other");
	expect_problem("s/\"name\": \"all\"\\,//", "lacks its name");
	expect_problem("s/\"devices\"/\"nothing\"/", "there is none");
	expect_problem("5,$d", "line");
	expect_problem("s/.*/[]/;2,$d", "is no JSON object");
}

static void a_file_that_is_not_there_is_a_problem(void **state)
{
	(void)state;
	assert_int_equal(run(SVACTL "cdi check /nowhere", svad.path), 1);
	assert_non_null(strstr(output, "/nowhere"));
}

/* Whatever is beside the socket would be in every container */
static void a_folder_that_is_not_svads_alone_is_refused(void **state)
{
	static const char *const sockets[] = { "/tmp/socket", "/socket", "socket", "/nowhere/socket" };

	(void)state;
	for (size_t i = 0; i < sizeof(sockets) / sizeof(sockets[0]); i++) {
		assert_int_equal(run(SVACTL "cdi write 2>&1", sockets[i]), 1);
		assert_non_null(strstr(output, "svad's alone"));
	}
}

static void a_missing_library_is_told(void **state)
{
	(void)state;
	if (!system("ldconfig -p 2>/dev/null | grep -q libsva"))
		skip();
	unsetenv("LD_LIBRARY_PATH");
	assert_int_equal(run(SVACTL "cdi write 2>&1", svad.path), 1);
	assert_non_null(strstr(output, "run ldconfig"));
}

static void a_wrong_command_line_is_told(void **state)
{
	(void)state;
	assert_int_equal(run(SVACTL "cdi 2>&1", svad.path), 2);
	assert_int_equal(run(SVACTL "cdi check 2>&1", svad.path), 2);
	assert_int_equal(run(SVACTL "cdi write x 2>&1", svad.path), 2);
	assert_int_equal(run(SVACTL "cdi read 2>&1", svad.path), 2);
	assert_non_null(strstr(output, "one half of a verb"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_right),
		TEST(the_specification_is_as_engines_want_it),
		TEST(what_is_wrong_is_found),
		TEST(a_file_that_is_not_there_is_a_problem),
		TEST(a_folder_that_is_not_svads_alone_is_refused),
		TEST(a_missing_library_is_told),
		TEST(a_wrong_command_line_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
