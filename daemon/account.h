/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * account.h - how many contexts of a device each user has
 *
 * The table of contexts makes every step idempotent: an event about a context
 * that is not charged (it ended before LIST_CONTEXTS was asked, or was told of
 * twice) changes nothing.
 */
#ifndef SVAD_ACCOUNT_H
#define SVAD_ACCOUNT_H

#include "device.h"

/* Memory for one more context, so that account_charge() cannot fail; -ENOMEM */
int must_check account_reserve(struct device *device);
void account_charge(struct device *device, uint64_t context, uint32_t uid);
void account_release(struct device *device, uint64_t context);

/*
 * The lowest ids above @after that are charged to @uid, in order, at most @max;
 * returns how many.  Goes through a table in memory, not through the kernel.
 */
size_t account_contexts(const struct device *device, uint32_t uid, uint64_t after,
			uint64_t *ids, size_t max);

/* What the kernel says is there becomes what is charged; on -errno all stays */
int must_check accounts_rebuild(struct device *device);

#endif /* SVAD_ACCOUNT_H */
