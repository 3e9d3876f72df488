// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * account.c - charging contexts, and asking the kernel what is true
 */
#include "account.h"

#define LIST_ENTRIES	64	/* asked for at once */

/* How long a user who got nothing counts among those who want something */
#define WANTING_TIME	10000000u	/* us */

/* Of a value in accounts.contexts: uid, type, and what else is known */
#define CONTEXT_TYPE_SHIFT	32
#define CONTEXT_TYPE_MASK	0xffffu
#define CONTEXT_CHARGED		(1ull << 63)	/* values are never 0 */
#define CONTEXT_QUARANTINED	(1ull << 62)

/* What is counted: the top byte of a key in accounts.counts */
enum {
	COUNT_USER = 1,
	COUNT_USER_TYPE,
	COUNT_USER_QUARANTINED,
	COUNT_HOLDERS,		/* users who have contexts of a type */
	COUNT_CGROUP,
	COUNT_GRANT,
};

#define COUNTS_A_CONTEXT	6	/* new keys at most */

static uint64_t count_key(unsigned int kind, uint64_t of)
{
	return (uint64_t)kind << 56 | of;
}

static uint64_t user_type(uint32_t uid, uint32_t type)
{
	return (uint64_t)(type & CONTEXT_TYPE_MASK) << 32 | uid;
}

static uint32_t count_get(const struct device *device, unsigned int kind, uint64_t of)
{
	return (uint32_t)map_get(&device->accounts.counts, count_key(kind, of));
}

static uint32_t count_change(struct device *device, unsigned int kind, uint64_t of, int change)
{
	uint32_t count = count_get(device, kind, of) + (uint32_t)change;

	map_set(&device->accounts.counts, count_key(kind, of), count);
	return count;
}

/* +1 or -1 wherever the context counts */
static void counts_change(struct device *device, const struct charge *charge, int change)
{
	uint32_t of_type;

	count_change(device, COUNT_USER, charge->uid, change);
	of_type = count_change(device, COUNT_USER_TYPE, user_type(charge->uid, charge->type),
			       change);
	if (of_type == (change > 0 ? 1 : 0))
		count_change(device, COUNT_HOLDERS, charge->type, change);
	if (charge->quarantined)
		count_change(device, COUNT_USER_QUARANTINED, charge->uid, change);
	if (cookie_cgroup(charge->cookie))
		count_change(device, COUNT_CGROUP, cookie_cgroup(charge->cookie), change);
	if (cookie_grant(charge->cookie))
		count_change(device, COUNT_GRANT, cookie_grant(charge->cookie), change);
}

int account_reserve(struct device *device, const struct charge *charge)
{
	struct accounts *accounts = &device->accounts;
	int err = map_reserve(&accounts->contexts, 1);

	if (!err && charge->cookie)
		err = map_reserve(&accounts->cookies, 1);
	return err ? err : map_reserve(&accounts->counts, COUNTS_A_CONTEXT);
}

void account_charge(struct device *device, uint64_t context, const struct charge *charge)
{
	struct accounts *accounts = &device->accounts;

	if (map_get(&accounts->contexts, context))
		return;
	map_set(&accounts->contexts, context,
		CONTEXT_CHARGED | (charge->quarantined ? CONTEXT_QUARANTINED : 0) |
		user_type(charge->uid, charge->type));
	map_set(&accounts->cookies, context, charge->cookie);
	counts_change(device, charge, 1);
}

bool account_find(const struct device *device, uint64_t context, struct charge *charge)
{
	uint64_t value = map_get(&device->accounts.contexts, context);

	*charge = (struct charge){
		.uid = (uint32_t)value,
		.type = (uint32_t)(value >> CONTEXT_TYPE_SHIFT) & CONTEXT_TYPE_MASK,
		.quarantined = value & CONTEXT_QUARANTINED,
		.cookie = map_get(&device->accounts.cookies, context),
	};
	return value;
}

void account_release(struct device *device, uint64_t context)
{
	struct charge charge;

	if (!account_find(device, context, &charge))
		return;
	counts_change(device, &charge, -1);
	map_set(&device->accounts.contexts, context, 0);
	map_set(&device->accounts.cookies, context, 0);
}

void account_quarantine(struct device *device, uint64_t context)
{
	uint64_t value = map_get(&device->accounts.contexts, context);

	if (!value || value & CONTEXT_QUARANTINED)
		return;
	/* without memory it is not counted there, and account_release() must not either */
	if (map_reserve(&device->accounts.counts, 1))
		return;
	map_set(&device->accounts.contexts, context, value | CONTEXT_QUARANTINED);
	count_change(device, COUNT_USER_QUARANTINED, (uint32_t)value, 1);
}

/* ------------------------------------------------------------- counts */

size_t account_total(const struct device *device)
{
	return device->accounts.contexts.count;
}

uint32_t account_user(const struct device *device, uint32_t uid)
{
	return count_get(device, COUNT_USER, uid);
}

uint32_t account_user_type(const struct device *device, uint32_t uid, uint32_t type)
{
	return count_get(device, COUNT_USER_TYPE, user_type(uid, type));
}

uint32_t account_user_quarantined(const struct device *device, uint32_t uid)
{
	return count_get(device, COUNT_USER_QUARANTINED, uid);
}

uint32_t account_cgroup(const struct device *device, uint64_t cgroup)
{
	return count_get(device, COUNT_CGROUP, cgroup & COOKIE_CGROUP_MAX);
}

uint32_t account_grant(const struct device *device, uint32_t grant)
{
	return count_get(device, COUNT_GRANT, grant);
}

size_t accounts_total(const struct devices *devices)
{
	const struct device *device;
	size_t total = 0;

	for (size_t i = 0; (device = devices_next(devices, &i)); i++)
		total += account_total(device);
	return total;
}

uint32_t accounts_user_quarantined(const struct devices *devices, uint32_t uid)
{
	const struct device *device;
	uint32_t count = 0;

	for (size_t i = 0; (device = devices_next(devices, &i)); i++)
		count += account_user_quarantined(device, uid);
	return count;
}

uint32_t accounts_grant(const struct devices *devices, uint32_t grant)
{
	const struct device *device;
	uint32_t count = 0;

	for (size_t i = 0; (device = devices_next(devices, &i)); i++)
		count += account_grant(device, grant);
	return count;
}

/* ------------------------------------------------------- who wants some */

static bool is_wanting(const struct wanting *wanting, uint32_t type, uint64_t now)
{
	return wanting->until > now && wanting->type == type;
}

uint32_t account_rivals(const struct device *device, uint32_t uid, uint32_t type, uint64_t now)
{
	uint32_t rivals = count_get(device, COUNT_HOLDERS, type) +
			  !account_user_type(device, uid, type);

	for (size_t i = 0; i < ARRAY_SIZE(device->wanting); i++) {
		const struct wanting *wanting = &device->wanting[i];

		/* those who have some are counted already */
		if (is_wanting(wanting, type, now) && wanting->uid != uid &&
		    !account_user_type(device, wanting->uid, type))
			rivals++;
	}
	return rivals;
}

void account_want(struct device *device, uint32_t uid, uint32_t type, uint64_t now)
{
	struct wanting *oldest = &device->wanting[0];

	for (size_t i = 0; i < ARRAY_SIZE(device->wanting); i++) {
		struct wanting *wanting = &device->wanting[i];

		if (wanting->uid == uid && wanting->type == type) {
			oldest = wanting;
			break;
		}
		if (wanting->until < oldest->until)
			oldest = wanting;
	}
	*oldest = (struct wanting){ .uid = uid, .type = type, .until = now + WANTING_TIME };
}

/* --------------------------------------------------------------- lists */

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
	const struct map *contexts = &device->accounts.contexts;
	size_t count = 0;

	if (!account_user(device, uid))
		return 0;
	for (size_t i = 0; i < contexts->capacity; i++) {
		if (contexts->slots[i].value && (uint32_t)contexts->slots[i].value == uid &&
		    contexts->slots[i].key > after)
			count = ids_insert(ids, count, max, contexts->slots[i].key);
	}
	return count;
}

size_t account_granted(const struct device *device, uint64_t after, uint64_t *ids, size_t max)
{
	const struct map *cookies = &device->accounts.cookies;
	size_t count = 0;

	for (size_t i = 0; i < cookies->capacity; i++) {
		if (cookie_grant(cookies->slots[i].value) && cookies->slots[i].key > after)
			count = ids_insert(ids, count, max, cookies->slots[i].key);
	}
	return count;
}

/* ------------------------------------------------------------- rebuild */

void accounts_free(struct accounts *accounts)
{
	map_free(&accounts->contexts);
	map_free(&accounts->cookies);
	map_free(&accounts->counts);
}

static int accounts_take_in(struct device *device, const struct sva_context_entry *entries,
			    uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		struct charge charge = {
			.uid = entries[i].account, .type = entries[i].type,
			.cookie = entries[i].cookie,
			.quarantined = entries[i].state == SVA_STATE_QUARANTINED,
		};
		int err;

		if (entries[i].state == SVA_STATE_ENDED)
			continue;
		err = account_reserve(device, &charge);
		if (err)
			return err;
		account_charge(device, entries[i].id, &charge);
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
	struct accounts before = device->accounts;
	int err;

	device->accounts = (struct accounts){ 0 };
	err = accounts_list(device);
	if (err) {
		accounts_free(&device->accounts);
		device->accounts = before;
		return err;
	}
	accounts_free(&before);
	return 0;
}
