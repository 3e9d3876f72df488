// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * map.c - open addressing with linear probing; removal moves followers back, so
 * that there are no tombstones and a table that churns for months stays fast
 */
#include <assert.h>

#include "map.h"

#define MAP_SMALLEST 8

void map_free(struct map *map)
{
	free(map->slots);
	*map = (struct map){ 0 };
}

static size_t map_home(const struct map *map, uint64_t key)
{
	/* ids come in sequence and uids in clusters: spread them */
	return ((key * 0x9e3779b97f4a7c15u) >> 32) & (map->capacity - 1);
}

/* The key's slot, or the free one where it would go */
static size_t map_find(const struct map *map, uint64_t key)
{
	size_t at = map_home(map, key);

	while (map->slots[at].value && map->slots[at].key != key)
		at = (at + 1) & (map->capacity - 1);
	return at;
}

static int map_resize(struct map *map, size_t capacity)
{
	struct map old = *map;

	map->slots = calloc(capacity, sizeof(*map->slots));
	if (!map->slots) {
		*map = old;
		return -ENOMEM;
	}
	map->capacity = capacity;
	for (size_t i = 0; i < old.capacity; i++) {
		if (old.slots[i].value)
			map->slots[map_find(map, old.slots[i].key)] = old.slots[i];
	}
	free(old.slots);
	return 0;
}

int map_reserve(struct map *map, size_t keys)
{
	size_t capacity = map->capacity ? map->capacity : MAP_SMALLEST;

	while ((map->count + keys) * 4 > capacity * 3)
		capacity *= 2;
	return capacity == map->capacity ? 0 : map_resize(map, capacity);
}

uint64_t map_get(const struct map *map, uint64_t key)
{
	if (!map->capacity)
		return 0;
	return map->slots[map_find(map, key)].value;
}

static void map_remove(struct map *map, size_t hole)
{
	size_t mask = map->capacity - 1;

	for (size_t at = (hole + 1) & mask; map->slots[at].value; at = (at + 1) & mask) {
		size_t home = map_home(map, map->slots[at].key);

		/* stays where it is if its home lies behind the hole */
		if (((at - home) & mask) < ((at - hole) & mask))
			continue;
		map->slots[hole] = map->slots[at];
		hole = at;
	}
	map->slots[hole] = (struct map_slot){ 0 };
	map->count--;
	/* a crowd that has left gives its memory back; if not now, then later */
	if (map->capacity > MAP_SMALLEST && map->count * 8 < map->capacity)
		(void)map_resize(map, map->capacity / 2);
}

void map_set(struct map *map, uint64_t key, uint64_t value)
{
	size_t at;

	if (!map->capacity) {
		assert(!value);
		return;
	}
	at = map_find(map, key);
	if (map->slots[at].value && !value) {
		map_remove(map, at);
		return;
	}
	if (!value)
		return;
	if (!map->slots[at].value) {
		assert(map->count + 1 < map->capacity);
		map->count++;
	}
	map->slots[at] = (struct map_slot){ .key = key, .value = value };
}
