// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kunit.c - the suites that run inside the kernel (kernel/test/kunit*.c): loads their
 * module, and holds it to what KUnit says of each case
 */
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "modules.h"
#include "process.h"

#define RESULTS "/sys/kernel/debug/kunit"

#define KUNIT_TEST(test_rule, test_name) TEST_NEEDING(NULL, RESULTS, test_rule, test_name, 60)

/* In TAP: a line for each case, indented, and one for the suite */
static unsigned int cases_check(const char *suite, char *text)
{
	unsigned int cases = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		bool of_case = !strncmp(line, "    ok ", 7);

		CHECK(!strstr(line, "not ok "), "%s: %s", suite, line);
		if (of_case)
			test_note("%s: %s", suite, line + 4);
		cases += of_case;
	}
	return cases;
}

static void suite_check(const char *suite, unsigned int wanted)
{
	char path[128], text[8192];

	snprintf(path, sizeof(path), RESULTS "/%s/results", suite);
	CHECK(text_read(path, text, sizeof(text)), "%s: %s", path, strerror(errno));
	CHECK_EQ(cases_check(suite, text), wanted);
}

KUNIT_TEST(R3, functions_inside_the_kernel_do_what_their_suites_say)
{
	int result = module_load("sva_kunit", "");

	CHECK(result == 0, "sva_kunit: %s", strerror(-result));
	suite_check("sva_release", 3);
	suite_check("sva_accounts", 3);
	suite_check("sva_ranges", 2);
	suite_check("sva_description", 3);
	CHECK(wait_until(module_is_unloaded, "sva_kunit", PATIENCE_MS), "sva_kunit stays loaded");
}
