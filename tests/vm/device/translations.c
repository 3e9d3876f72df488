// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * translations.c - a context's cache of address translations
 *
 * The lowest bits of a page's number say which set it is in.  A huge page takes as
 * many slots as it has been accessed in pages.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/vm/device/translations.h"

#define PAGE_SHIFT	12
#define SLOTS		(TRANSLATIONS_SETS * TRANSLATIONS_WAYS)

static struct translation *set_of(const struct translations *cache, uint64_t page)
{
	return &cache->slots[(page & (TRANSLATIONS_SETS - 1)) * TRANSLATIONS_WAYS];
}

/* Where the page is, or NULL */
static struct translation *slot_of(const struct translations *cache, uint64_t page)
{
	struct translation *set = set_of(cache, page);

	for (unsigned int i = 0; i < TRANSLATIONS_WAYS; i++)
		if (set[i].used && set[i].page == page)
			return &set[i];
	return NULL;
}

static struct translation *slot_free(struct translations *cache, uint64_t page)
{
	struct translation *set = set_of(cache, page);

	for (unsigned int i = 0; i < TRANSLATIONS_WAYS; i++)
		if (!set[i].used)
			return &set[i];
	return &set[cache->next++ % TRANSLATIONS_WAYS];
}

bool translations_init(struct translations *cache)
{
	*cache = (struct translations){ .slots = calloc(SLOTS, sizeof(*cache->slots)) };
	return cache->slots;
}

void translations_free(struct translations *cache)
{
	free(cache->slots);
	cache->slots = NULL;
}

void translations_add(struct translations *cache, const struct translation *new)
{
	struct translation *at = slot_of(cache, new->page);

	if (!at)
		at = slot_free(cache, new->page);
	*at = *new;
	at->used = true;
}

const struct translation *translations_find(const struct translations *cache,
					    uint64_t address, bool write)
{
	const struct translation *at = slot_of(cache, address >> PAGE_SHIFT);

	return at && (at->writable || !write) ? at : NULL;
}

unsigned int translations_drop(struct translations *cache, uint64_t address, uint64_t last)
{
	uint64_t first_page = address >> PAGE_SHIFT, last_page = last >> PAGE_SHIFT;
	unsigned int dropped = 0;

	if (last_page - first_page < TRANSLATIONS_SETS) {
		for (uint64_t page = first_page; page <= last_page; page++) {
			struct translation *at = slot_of(cache, page);

			if (at)
				at->used = false;
			dropped += at != NULL;
		}
		return dropped;
	}
	for (size_t i = 0; i < SLOTS; i++) {
		struct translation *at = &cache->slots[i];

		if (!at->used || at->page < first_page || at->page > last_page)
			continue;
		at->used = false;
		dropped++;
	}
	return dropped;
}
