// SPDX-License-Identifier: GPL-2.0
/*
 * account.c - what each account has in quarantine, over all devices (R8)
 *
 * An account is the uid that svad names when it creates a context.  Without a
 * limit a hostile user could have the whole PASID space put into quarantine.
 */
#include <linux/hashtable.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "core.h"

static unsigned int max_quarantined_per_account = 64;
module_param(max_quarantined_per_account, uint, 0644);
MODULE_PARM_DESC(max_quarantined_per_account,
		 "with this many of its contexts in quarantine an account binds no more");

static DEFINE_HASHTABLE(accounts, 8);
static DEFINE_SPINLOCK(accounts_lock);

static struct sva_account *account_find(u32 uid)
{
	struct sva_account *account;

	lockdep_assert_held(&accounts_lock);
	hash_for_each_possible(accounts, account, node, uid) {
		if (account->uid == uid) {
			kref_get(&account->ref);
			return account;
		}
	}
	return NULL;
}

/**
 * sva_account_get() - the account of a uid; one reference a context
 */
struct sva_account *sva_account_get(u32 uid)
{
	struct sva_account *fresh, *account;

	fresh = kzalloc_obj(*fresh, GFP_KERNEL_ACCOUNT);
	if (!fresh)
		return NULL;
	kref_init(&fresh->ref);
	fresh->uid = uid;

	spin_lock(&accounts_lock);
	account = account_find(uid);
	if (!account)
		hash_add(accounts, &fresh->node, uid);
	spin_unlock(&accounts_lock);

	if (!account)
		return fresh;
	kfree(fresh);
	return account;
}

static void account_release(struct kref *ref)
	__releases(&accounts_lock)
{
	struct sva_account *account = container_of(ref, struct sva_account, ref);

	hash_del(&account->node);
	spin_unlock(&accounts_lock);
	kfree(account);
}

void sva_account_put(struct sva_account *account)
{
	if (account)
		kref_put_lock(&account->ref, account_release, &accounts_lock);
}

bool sva_account_full(const struct sva_account *account)
{
	return atomic_read(&account->quarantined) >= READ_ONCE(max_quarantined_per_account);
}
