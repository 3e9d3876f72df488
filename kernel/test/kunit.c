// SPDX-License-Identifier: GPL-2.0
/*
 * kunit.c - sva_kunit.ko: KUnit's suites of functions of sva.ko
 *
 * They call the functions in the module that is loaded, as this kernel's compiler and
 * its sanitizers made them.  KUnit runs them when this module is loaded, and has the
 * results in debugfs until it is unloaded; tests/kernel/kunit.c reads them.
 */
#include <linux/module.h>

#include "kunit.h"

kunit_test_suites(&sva_release_suite, &sva_accounts_suite, &sva_ranges_suite,
		  &sva_description_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
MODULE_DESCRIPTION("KUnit suites of sva.ko");
MODULE_LICENSE("GPL");
