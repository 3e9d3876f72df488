/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * account.h - what contexts of a device are charged to
 *
 * A context is charged to its user, to the cgroup that a limit counts, and to the
 * grant that it was opened under.  The kernel keeps all of it: the user as the
 * context's account, the other two in its cookie, so that a svad that starts anew
 * is told (R5).
 *
 * The table of contexts makes every step idempotent: an event about a context
 * that is not charged (it ended before LIST_CONTEXTS was asked, or was told of
 * twice) changes nothing.
 */
#ifndef SVAD_ACCOUNT_H
#define SVAD_ACCOUNT_H

#include "device.h"

#define COOKIE_CGROUP_BITS	48
#define COOKIE_CGROUP_MAX	((1ull << COOKIE_CGROUP_BITS) - 1)
#define GRANT_NUMBER_MAX	UINT16_MAX

static inline uint64_t cookie_make(uint32_t grant, uint64_t cgroup)
{
	return (uint64_t)grant << COOKIE_CGROUP_BITS | (cgroup & COOKIE_CGROUP_MAX);
}

static inline uint32_t cookie_grant(uint64_t cookie)
{
	return (uint32_t)(cookie >> COOKIE_CGROUP_BITS);
}

static inline uint64_t cookie_cgroup(uint64_t cookie)
{
	return cookie & COOKIE_CGROUP_MAX;
}

/* Memory for one more context, so that account_charge() cannot fail; -ENOMEM */
int must_check account_reserve(struct device *device, const struct charge *charge);
void account_charge(struct device *device, uint64_t context, const struct charge *charge);
void account_release(struct device *device, uint64_t context);

/* Its PASID went into quarantine; it stays charged */
void account_quarantine(struct device *device, uint64_t context);

/* False: the context is not charged */
bool account_find(const struct device *device, uint64_t context, struct charge *charge);

/* How many are charged: all, a user's, a user's of one type, a user's in quarantine ... */
size_t account_total(const struct device *device);
uint32_t account_user(const struct device *device, uint32_t uid);
uint32_t account_user_type(const struct device *device, uint32_t uid, uint32_t type);
uint32_t account_user_quarantined(const struct device *device, uint32_t uid);
uint32_t account_cgroup(const struct device *device, uint64_t cgroup);
uint32_t account_grant(const struct device *device, uint32_t grant);

/* The same on all devices together */
size_t accounts_total(const struct devices *devices);
uint32_t accounts_user_quarantined(const struct devices *devices, uint32_t uid);
uint32_t accounts_grant(const struct devices *devices, uint32_t grant);

/*
 * Users who have contexts of the type, or wanted one lately and got none, with
 * @uid among them.  @now: CLOCK_MONOTONIC, us.
 */
uint32_t account_rivals(const struct device *device, uint32_t uid, uint32_t type, uint64_t now);

/* The user got none, for the others have what there is */
void account_want(struct device *device, uint32_t uid, uint32_t type, uint64_t now);

/*
 * The lowest ids above @after that are charged to @uid, or opened under a grant,
 * in order, at most @max; returns how many.  Goes through a table in memory, not
 * through the kernel.
 */
size_t account_contexts(const struct device *device, uint32_t uid, uint64_t after,
			uint64_t *ids, size_t max);
size_t account_granted(const struct device *device, uint64_t after, uint64_t *ids, size_t max);

/* What the kernel says is there becomes what is charged; on -errno all stays */
int must_check accounts_rebuild(struct device *device);
void accounts_free(struct accounts *accounts);

#endif /* SVAD_ACCOUNT_H */
