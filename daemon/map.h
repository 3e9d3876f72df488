/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * map.h - a hash table from number to number
 *
 * Everything that svad counts is in one of these: which account a context is
 * charged to, how many contexts an account has, how many connections a user
 * has.  Sixteen bytes an entry in a table at most three quarters full; look-ups
 * are O(1).  A value of 0 means "not there".
 */
#ifndef SVAD_MAP_H
#define SVAD_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "util.h"

struct map_slot {
	uint64_t key;
	uint64_t value;
};

/* All zero is an empty map */
struct map {
	struct map_slot *slots;
	size_t capacity;	/* 0 or a power of two */
	size_t count;
};

void map_free(struct map *map);

/* Room for so many more keys, so that the next map_set()s cannot fail; -ENOMEM */
int must_check map_reserve(struct map *map, size_t keys);

uint64_t map_get(const struct map *map, uint64_t key);

/* Value 0 removes the key.  A new key needs map_reserve() first. */
void map_set(struct map *map, uint64_t key, uint64_t value);

#endif /* SVAD_MAP_H */
