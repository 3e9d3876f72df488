/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kunit.h - private to sva_kunit.ko
 */
#ifndef SVA_KUNIT_H
#define SVA_KUNIT_H

#include <kunit/test.h>

extern struct kunit_suite sva_release_suite;
extern struct kunit_suite sva_accounts_suite;
extern struct kunit_suite sva_ranges_suite;
extern struct kunit_suite sva_description_suite;

#endif /* SVA_KUNIT_H */
