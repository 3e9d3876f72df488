// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * map_test.c - daemon/map.c against a plain array
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "map.h"

#define KEYS	300
#define STEPS	20000

static void an_empty_map_has_nothing(void **state)
{
	struct map map = { 0 };

	(void)state;
	assert_int_equal(map_get(&map, 0), 0);
	map_set(&map, 7, 0);
	assert_int_equal(map.count, 0);
	map_free(&map);
}

static void key_zero_is_a_key_like_any_other(void **state)
{
	struct map map = { 0 };

	(void)state;
	assert_int_equal(map_reserve(&map, 1), 0);
	map_set(&map, 0, 5);
	assert_int_equal(map_get(&map, 0), 5);
	map_set(&map, 0, 0);
	assert_int_equal(map_get(&map, 0), 0);
	map_free(&map);
}

static void it_agrees_with_an_array_through_churn(void **state)
{
	uint64_t wanted[KEYS] = { 0 };
	uint64_t random = 1;
	struct map map = { 0 };
	size_t count = 0;

	(void)state;
	for (int step = 0; step < STEPS; step++) {
		size_t key;
		uint64_t value;

		random = random * 6364136223846793005u + 1442695040888963407u;
		key = (random >> 33) % KEYS;
		/* in phases: mostly filling, mostly emptying */
		value = (random >> 20) % 4 < (step / 4000 % 2 ? 3u : 1u) ? 0 : 1 + step;
		assert_int_equal(map_reserve(&map, 1), 0);
		map_set(&map, key * 4096, value);
		count = count - !!wanted[key] + !!value;
		wanted[key] = value;
		assert_int_equal(map.count, count);
	}
	for (size_t key = 0; key < KEYS; key++)
		assert_int_equal(map_get(&map, key * 4096), wanted[key]);
	map_free(&map);
}

static void it_gives_memory_back_when_emptied(void **state)
{
	struct map map = { 0 };
	size_t full;

	(void)state;
	for (uint64_t key = 0; key < 10000; key++) {
		assert_int_equal(map_reserve(&map, 1), 0);
		map_set(&map, key, 1);
	}
	full = map.capacity;
	/* DESIGN: 256 bytes a context, and two maps */
	assert_true(full * sizeof(struct map_slot) <= 10000 * 64);
	for (uint64_t key = 0; key < 10000; key++)
		map_set(&map, key, 0);
	assert_int_equal(map.count, 0);
	assert_true(map.capacity < full / 100);
	map_free(&map);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_map_has_nothing),
		cmocka_unit_test(key_zero_is_a_key_like_any_other),
		cmocka_unit_test(it_agrees_with_an_array_through_churn),
		cmocka_unit_test(it_gives_memory_back_when_emptied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
