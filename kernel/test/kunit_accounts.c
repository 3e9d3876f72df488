// SPDX-License-Identifier: GPL-2.0
/*
 * kunit_accounts.c - core/account.c: what an account has in quarantine is counted once
 * for all of its contexts, and bounded (R8)
 */
#include "core/core.h"
#include "kunit.h"

#define UID	4000000000u	/* nobody's, and above what an int holds */
#define DEFAULT_LIMIT	64

static void r8_contexts_of_a_user_share_an_account(struct kunit *test)
{
	struct sva_account *first = sva_account_get(UID), *second = sva_account_get(UID);
	struct sva_account *other = sva_account_get(UID + 1);

	KUNIT_EXPECT_NOT_NULL(test, first);
	KUNIT_EXPECT_PTR_EQ(test, first, second);
	KUNIT_EXPECT_NOT_NULL(test, other);
	KUNIT_EXPECT_PTR_NE(test, first, other);
	sva_account_put(other);
	sva_account_put(second);
	sva_account_put(first);
}

/* As long as one context has it, and not longer: else it would be a way around the limit */
static void r8_an_account_lives_as_long_as_its_contexts(struct kunit *test)
{
	struct sva_account *account = sva_account_get(UID), *again;

	KUNIT_ASSERT_NOT_NULL(test, account);
	atomic_set(&account->quarantined, 3);
	again = sva_account_get(UID);
	sva_account_put(account);
	KUNIT_EXPECT_EQ(test, atomic_read(&again->quarantined), 3);
	sva_account_put(again);
	again = sva_account_get(UID);
	KUNIT_ASSERT_NOT_NULL(test, again);
	KUNIT_EXPECT_EQ(test, atomic_read(&again->quarantined), 0);
	sva_account_put(again);
	sva_account_put(NULL);
}

/* One limit, and full from there on */
static void r8_an_account_is_full_at_its_limit(struct kunit *test)
{
	struct sva_account *account = sva_account_get(UID);
	int limit = 0;

	KUNIT_ASSERT_NOT_NULL(test, account);
	KUNIT_EXPECT_FALSE(test, sva_account_full(account));
	while (!sva_account_full(account) && limit < S16_MAX)
		atomic_set(&account->quarantined, ++limit);
	KUNIT_EXPECT_EQ(test, limit, DEFAULT_LIMIT);
	atomic_set(&account->quarantined, limit + 1);
	KUNIT_EXPECT_TRUE(test, sva_account_full(account));
	atomic_set(&account->quarantined, INT_MAX);
	KUNIT_EXPECT_TRUE(test, sva_account_full(account));
	atomic_set(&account->quarantined, 0);
	sva_account_put(account);
}

static struct kunit_case accounts_cases[] = {
	KUNIT_CASE(r8_contexts_of_a_user_share_an_account),
	KUNIT_CASE(r8_an_account_lives_as_long_as_its_contexts),
	KUNIT_CASE(r8_an_account_is_full_at_its_limit),
	{}
};

struct kunit_suite sva_accounts_suite = {
	.name = "sva_accounts",
	.test_cases = accounts_cases,
};
