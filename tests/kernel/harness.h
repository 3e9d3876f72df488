/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * harness.h - named tests, each in a process of its own
 *
 * A test is a function that TEST() registers under its name and the rule of
 * the design that it proves.  The harness runs each in a child that leads its
 * own session, so that whatever the test leaves behind dies with it, and then
 * holds the device to R5: every context that the test made must be gone, and
 * the kernel must not have complained.  One line a test:
 *
 *	ok NAME (RULE) 12 ms
 *	FAIL NAME (RULE) 12 ms
 *	skip NAME (RULE): soft only
 *
 * with the reasons for a failure in front of it, then a last line with counts.  One
 * source is for all devices; what is about one of them alone says so: a test by
 * SOFT_TEST() or PCI_TEST(), one that needs the debug kernel by DEBUG_TEST(), a whole file by defining TEST_DEVICE before it includes
 * this one.
 */
#ifndef TESTS_KERNEL_HARNESS_H
#define TESTS_KERNEL_HARNESS_H

#include <errno.h>
#include <stdint.h>
#include <string.h>

#ifndef TEST_DEVICE
#define TEST_DEVICE NULL
#endif

struct test {
	const char *rule;
	const char *name;
	const char *device;	/* "soft" or "pci": it is about that one alone */
	const char *needs;	/* a file that the debug kernel alone has, or NULL */
	void (*run)(void);
	unsigned int seconds;	/* a test that runs longer has failed */
	struct test *next;
};

/* What a test program does when it executes itself: PROGRAM --helper NAME ARG... */
struct helper {
	const char *name;
	int (*run)(int argc, char **argv);
	struct helper *next;
};

void test_register(struct test *test);
void helper_register(struct helper *helper);

#define TEST_NEEDING(test_device, test_needs, test_rule, test_name, limit)	\
	static void test_name(void);						\
	static struct test test_##test_name = {					\
		.rule = #test_rule, .name = #test_name, .device = test_device,	\
		.needs = test_needs, .run = test_name, .seconds = limit };	\
	__attribute__((constructor)) static void register_##test_name(void)	\
	{									\
		test_register(&test_##test_name);				\
	}									\
	static void test_name(void)

#define TEST_FOR(test_device, test_rule, test_name, limit) \
	TEST_NEEDING(test_device, NULL, test_rule, test_name, limit)
#define TEST_WITHIN(test_rule, test_name, limit) \
	TEST_FOR(TEST_DEVICE, test_rule, test_name, limit)
#define TEST(test_rule, test_name) TEST_WITHIN(test_rule, test_name, 60)
#define SOFT_TEST(test_rule, test_name) TEST_FOR("soft", test_rule, test_name, 60)
#define PCI_TEST(test_rule, test_name) TEST_FOR("pci", test_rule, test_name, 60)
/* Any allocation of a call can be made to fail: the debug kernel (tests/vm/README.md) */
#define FAIL_NTH "/proc/self/fail-nth"
#define DEBUG_TEST(test_rule, test_name, limit) \
	TEST_NEEDING(TEST_DEVICE, FAIL_NTH, test_rule, test_name, limit)

#define HELPER(helper_name)							\
	static int helper_name(int argc, char **argv);				\
	static struct helper helper_##helper_name = {				\
		.name = #helper_name, .run = helper_name };			\
	__attribute__((constructor)) static void register_##helper_name(void)	\
	{									\
		helper_register(&helper_##helper_name);				\
	}									\
	static int helper_name(int argc, char **argv)

/* Says what was seen, and ends the calling process as failed */
_Noreturn void test_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same for a condition that does not hold */
_Noreturn void check_fail(const char *file, int line, const char *condition,
			  const char *format, ...) __attribute__((format(printf, 4, 5)));

/* A line of explanation, shown with the test */
void test_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define FAIL(...) test_fail(__FILE__, __LINE__, __VA_ARGS__)

#define CHECK(condition, ...)							\
	do {									\
		if (!(condition))						\
			check_fail(__FILE__, __LINE__, #condition, __VA_ARGS__);\
	} while (0)

#define CHECK_EQ(seen, wanted)							\
	do {									\
		long long seen_value = (long long)(seen);			\
		long long wanted_value = (long long)(wanted);			\
										\
		if (seen_value != wanted_value)					\
			FAIL("%s is %lld (0x%llx), expected %s, %lld (0x%llx)",	\
			     #seen, seen_value, (unsigned long long)seen_value,	\
			     #wanted, wanted_value,				\
			     (unsigned long long)wanted_value);			\
	} while (0)

/* The value of a call that must not return a negative number */
#define MUST(call_to_make)							\
	({									\
		long long must_value = (long long)(call_to_make);		\
										\
		if (must_value < 0)						\
			FAIL("%s: %s", #call_to_make, strerror(errno));		\
		must_value;							\
	})

uint64_t now_ns(void);

#endif /* TESTS_KERNEL_HARNESS_H */
