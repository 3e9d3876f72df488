// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * account.c - charging contexts to users, and asking the kernel what is true
 */
#include "account.h"

#define LIST_ENTRIES	64	/* asked for at once */

/* Map values are never 0, which uid 0 would be */
#define CONTEXT_CHARGED	(1ull << 32)

int account_reserve(struct device *device)
{
	int err = map_reserve(&device->contexts);

	return err ? err : map_reserve(&device->accounts);
}

void account_charge(struct device *device, uint64_t context, uint32_t uid)
{
	uint64_t count = map_get(&device->accounts, uid);

	if (map_get(&device->contexts, context))
		return;
	map_set(&device->contexts, context, CONTEXT_CHARGED | uid);
	map_set(&device->accounts, uid, count + 1);
}

void account_release(struct device *device, uint64_t context)
{
	uint64_t value = map_get(&device->contexts, context);
	uint32_t uid = (uint32_t)value;

	if (!value)
		return;
	map_set(&device->contexts, context, 0);
	map_set(&device->accounts, uid, map_get(&device->accounts, uid) - 1);
}

uint32_t device_account(const struct device *device, uint32_t uid)
{
	return (uint32_t)map_get(&device->accounts, uid);
}

size_t device_contexts(const struct device *device)
{
	return device->contexts.count;
}

/* Into its place among the lowest so far; the highest falls out when all is full */
static size_t ids_insert(uint64_t *ids, size_t count, size_t max, uint64_t id)
{
	size_t at = count;

	if (count == max && id > ids[max - 1])
		return count;
	if (count == max)
		at = --count;
	for (; at > 0 && ids[at - 1] > id; at--)
		ids[at] = ids[at - 1];
	ids[at] = id;
	return count + 1;
}

size_t account_contexts(const struct device *device, uint32_t uid, uint64_t after,
			uint64_t *ids, size_t max)
{
	const struct map *contexts = &device->contexts;
	size_t count = 0;

	if (!device_account(device, uid))
		return 0;
	for (size_t i = 0; i < contexts->capacity; i++) {
		if (contexts->slots[i].value == (CONTEXT_CHARGED | uid) &&
		    contexts->slots[i].key > after)
			count = ids_insert(ids, count, max, contexts->slots[i].key);
	}
	return count;
}

static int accounts_take_in(struct device *device, const struct sva_context_entry *entries,
			    uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		int err;

		if (entries[i].state == SVA_STATE_ENDED)
			continue;
		err = account_reserve(device);
		if (err)
			return err;
		account_charge(device, entries[i].id, entries[i].account);
	}
	return 0;
}

static int accounts_list(struct device *device)
{
	struct sva_context_entry entries[LIST_ENTRIES];
	uint64_t after = 0;

	for (;;) {
		uint32_t count = LIST_ENTRIES;
		int err = kernel_contexts_list(device->fd, after, entries, &count);

		if (!err)
			err = accounts_take_in(device, entries, count);
		if (err || !count)
			return err;
		after = entries[count - 1].id;
	}
}

int accounts_rebuild(struct device *device)
{
	struct map contexts = device->contexts, accounts = device->accounts;
	int err;

	device->contexts = (struct map){ 0 };
	device->accounts = (struct map){ 0 };
	err = accounts_list(device);
	if (err) {
		map_free(&device->contexts);
		map_free(&device->accounts);
		device->contexts = contexts;
		device->accounts = accounts;
		return err;
	}
	map_free(&contexts);
	map_free(&accounts);
	return 0;
}
