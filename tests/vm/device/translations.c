// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * translations.c - a context's cache of address translations
 *
 * One slot for a page number, the lowest bits of which say where it stands.  A huge
 * page takes as many slots as it has been accessed in pages.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/vm/device/translations.h"

#define PAGE_SHIFT	12

static struct translation *slot(const struct translations *cache, uint64_t page)
{
	return &cache->slots[page & (TRANSLATIONS_SLOTS - 1)];
}

bool translations_init(struct translations *cache)
{
	cache->slots = calloc(TRANSLATIONS_SLOTS, sizeof(*cache->slots));
	return cache->slots;
}

void translations_free(struct translations *cache)
{
	free(cache->slots);
	cache->slots = NULL;
}

void translations_add(struct translations *cache, const struct translation *new)
{
	struct translation *at = slot(cache, new->page);

	*at = *new;
	at->used = true;
}

const struct translation *translations_find(const struct translations *cache,
					    uint64_t address, bool write)
{
	const struct translation *at = slot(cache, address >> PAGE_SHIFT);

	if (!at->used || at->page != address >> PAGE_SHIFT || (write && !at->writable))
		return NULL;
	return at;
}

static bool drop(struct translation *at, uint64_t first, uint64_t last)
{
	if (!at->used || at->page < first || at->page > last)
		return false;
	at->used = false;
	return true;
}

unsigned int translations_drop(struct translations *cache, uint64_t address, uint64_t last)
{
	uint64_t first_page = address >> PAGE_SHIFT, last_page = last >> PAGE_SHIFT;
	unsigned int dropped = 0;

	if (last_page - first_page < TRANSLATIONS_SLOTS) {
		for (uint64_t page = first_page; page <= last_page; page++)
			dropped += drop(slot(cache, page), first_page, last_page);
		return dropped;
	}
	for (size_t i = 0; i < TRANSLATIONS_SLOTS; i++)
		dropped += drop(&cache->slots[i], first_page, last_page);
	return dropped;
}
