/* SPDX-License-Identifier: GPL-2.0 */
/*
 * test.h - private to sva_test.ko, which is for tests/kernel and nothing else
 */
#ifndef SVA_TEST_PRIVATE_H
#define SVA_TEST_PRIVATE_H

int sva_test_owners_add(void);
void sva_test_owners_remove(void);
int sva_test_holders_add(void);
void sva_test_holders_remove(void);
int sva_test_sleeper_add(void);
void sva_test_sleeper_remove(void);

#endif /* SVA_TEST_PRIVATE_H */
