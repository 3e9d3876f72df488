// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sandbox_list_test.c - the filter is made whole or svad does not start; what it does
 * to calls is sandbox_test's matter (R12)
 *
 * libseccomp's calls are wrapped, so that the test is not shut into the filter.
 */
#include <seccomp.h>

#include "fixture.h"
#include "sandbox.h"

static int load_error, loads;
static unsigned int rules, rule_that_fails;
static bool no_memory;

int __real_seccomp_rule_add(scmp_filter_ctx filter, uint32_t action, int call,
			    unsigned int count, ...);
scmp_filter_ctx __real_seccomp_init(uint32_t action);
int __wrap_seccomp_load(scmp_filter_ctx filter);
int __wrap_seccomp_rule_add(scmp_filter_ctx filter, uint32_t action, int call,
			    unsigned int count, ...);
scmp_filter_ctx __wrap_seccomp_init(uint32_t action);

scmp_filter_ctx __wrap_seccomp_init(uint32_t action)
{
	assert_int_equal(action, SCMP_ACT_KILL_PROCESS);
	return no_memory ? NULL : __real_seccomp_init(action);
}

int __wrap_seccomp_load(scmp_filter_ctx filter)
{
	(void)filter;
	loads++;
	return load_error;
}

/* That the rules are right is not looked at here: only that all are asked for */
int __wrap_seccomp_rule_add(scmp_filter_ctx filter, uint32_t action, int call,
			    unsigned int count, ...)
{
	(void)call;
	(void)count;
	assert_non_null(filter);
	assert_int_not_equal(action, SCMP_ACT_KILL_PROCESS);
	return ++rules == rule_that_fails ? -ENOMEM : 0;
}

static int setup(void **state)
{
	load_error = loads = 0;
	rules = rule_that_fails = 0;
	no_memory = false;
	return fixture_setup(state);
}

static void the_whole_list_is_entered(void **state)
{
	(void)state;
	assert_int_equal(sandbox_enter(), 0);
	assert_int_equal(loads, 1);
	assert_true(rules > 50);
}

/* Half a list is none */
static void no_rule_may_be_missing(void **state)
{
	struct fixture *f = *state;
	unsigned int all;

	assert_int_equal(sandbox_enter(), 0);
	all = rules;
	loads = 0;
	for (unsigned int i = 1; i <= all; i++) {
		rules = 0;
		rule_that_fails = i;
		assert_int_equal(sandbox_enter(), -ENOMEM);
		assert_int_equal(rules, i);
	}
	assert_int_equal(loads, 0);
	assert_int_equal(fixture_log_count(f, "the system call filter cannot be entered"), all);
}

/* R7 */
static void a_kernel_without_filters_is_named(void **state)
{
	struct fixture *f = *state;

	load_error = -EINVAL;
	assert_int_equal(sandbox_enter(), -EINVAL);
	assert_true(fixture_log_has(f, "svad needs a kernel with CONFIG_SECCOMP_FILTER"));
}

static void no_memory_is_named(void **state)
{
	struct fixture *f = *state;

	no_memory = true;
	assert_int_equal(sandbox_enter(), -ENOMEM);
	assert_true(fixture_log_has(f, "the system call filter cannot be made: no memory"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_whole_list_is_entered),
		TEST(no_rule_may_be_missing),
		TEST(a_kernel_without_filters_is_named),
		TEST(no_memory_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
