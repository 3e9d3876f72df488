// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rate.c - token buckets by the time when they are full
 */
#include "rate.h"

#define SECOND		1000000u	/* us */
#define SWEEP_FROM	1024		/* users; below that nobody is forgotten */

/* Forgets the buckets that are full, before the table would grow for them */
static void rates_sweep(struct rates *rates, uint64_t now)
{
	struct map *full_at = &rates->full_at;

	/* removal may move an entry into the slot at hand, or into one already seen */
	for (size_t i = 0; i < full_at->capacity;) {
		size_t capacity = full_at->capacity;

		if (full_at->slots[i].value && full_at->slots[i].value <= now)
			map_set(full_at, full_at->slots[i].key, 0);
		else
			i++;
		if (full_at->capacity != capacity)
			i = 0;
	}
}

static bool rates_about_to_grow(const struct rates *rates)
{
	return rates->full_at.count >= SWEEP_FROM &&
	       (rates->full_at.count + 1) * 4 > rates->full_at.capacity * 3;
}

static uint64_t rate_cost(uint32_t per_second)
{
	return SECOND / per_second ? SECOND / per_second : 1;
}

void rate_charge(struct rates *rates, uint32_t uid, uint64_t now, uint32_t per_second,
		 uint32_t count)
{
	uint64_t full_at = map_get(&rates->full_at, uid);

	if (full_at < now)
		full_at = now;
	if (rates_about_to_grow(rates))
		rates_sweep(rates, now);
	/* without memory to count him with, he is not held back */
	if (!map_reserve(&rates->full_at, 1))
		map_set(&rates->full_at, uid, full_at + count * rate_cost(per_second));
}

bool rate_take(struct rates *rates, uint32_t uid, uint64_t now, uint32_t per_second,
	       uint32_t burst)
{
	uint64_t full_at = map_get(&rates->full_at, uid);

	if (full_at > now && full_at - now > (burst - 1) * rate_cost(per_second))
		return false;
	rate_charge(rates, uid, now, per_second, 1);
	return true;
}

void rates_free(struct rates *rates)
{
	map_free(&rates->full_at);
}
