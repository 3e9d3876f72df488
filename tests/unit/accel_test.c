// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * accel_test.c - the rig's PCIe accelerator without QEMU: its operations, over memory
 * that is there page by page, and its cache of translations
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/vm/device/job.h"
#include "tests/vm/device/memory.h"
#include "tests/vm/device/translations.h"

#define PAGE 4096u
#define PAGES 64u
#define BASE 0x10000000ull

/* ------------------------------------------------ memory of the fake process */

static uint8_t memory[PAGES * PAGE];
static bool present[PAGES], writable[PAGES];

bool memory_at(struct context *ctx, uint64_t address, uint64_t len, bool write,
	       struct place *place)
{
	uint64_t at = address - BASE, page = at / PAGE;

	(void)ctx;
	if (address < BASE || page >= PAGES || !present[page] || (write && !writable[page]))
		return false;
	place->host = memory + at;
	place->memory = at;
	place->len = PAGE - at % PAGE < len ? PAGE - at % PAGE : len;
	return true;
}

void memory_store(const struct place *place, const void *data, size_t len)
{
	memmove(memory + place->memory, data, len);
}

static int all_present(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < PAGES; i++)
		present[i] = writable[i] = true;
	for (size_t i = 0; i < sizeof(memory); i++)
		memory[i] = (uint8_t)(i * 7 + i / 251);
	return 0;
}

static void page_arrives(uint64_t address)
{
	present[(address - BASE) / PAGE] = writable[(address - BASE) / PAGE] = true;
}

/* Runs to the end; pages that miss arrive when @arrive; how often that was */
static unsigned int run(struct job *job, bool arrive, enum step *end)
{
	unsigned int misses = 0;
	uint32_t status;
	step_fn step = operation_find(&job->desc, &status);

	assert_non_null(step);
	job->node = job->desc.src;
	for (;;) {
		*end = step(job);
		if (*end == STEP_DONE || (*end == STEP_MISS && !arrive))
			return misses;
		if (*end == STEP_MISS) {
			misses++;
			page_arrives(job->miss);
		}
	}
}

static struct job job_of(uint8_t opcode, uint64_t dst, uint64_t src, uint64_t len)
{
	return (struct job){ .desc = { .opcode = opcode, .dst = dst, .src = src, .len = len } };
}

/* ------------------------------------------------------------- operations */

static void moves_like_memmove(void **state)
{
	static uint8_t wanted[sizeof(memory)];
	static const int distances[] = { -5000, -4096, -1, 0, 1, 7, 4096, 4097, 9000 };

	for (size_t i = 0; i < sizeof(distances) / sizeof(distances[0]); i++) {
		uint64_t src = BASE + 3 * PAGE + 5, dst = src + (uint64_t)(int64_t)distances[i];
		struct job job = job_of(SVA_ACCEL_OP_MEMMOVE, dst, src, 20 * PAGE + 11);
		enum step end;

		all_present(state);
		memcpy(wanted, memory, sizeof(memory));
		memmove(wanted + (dst - BASE), wanted + (src - BASE), job.desc.len);
		present[4] = writable[9] = present[23] = false;
		assert_true(run(&job, true, &end) >= 2);
		assert_int_equal(job.record.done, job.desc.len);
		assert_memory_equal(memory, wanted, sizeof(memory));
	}
}

static void miss_names_the_page_and_what_was_done(void **state)
{
	struct job job = job_of(SVA_ACCEL_OP_FILL, BASE + 100, 0, 10 * PAGE);
	enum step end;

	(void)state;
	writable[2] = false;
	run(&job, false, &end);
	assert_int_equal(end, STEP_MISS);
	assert_int_equal(job.miss, BASE + 2 * PAGE);
	assert_int_equal(job.miss_access, SVA_ACCESS_WRITE);
	assert_int_equal(job.record.done, 2 * PAGE - 100);
	assert_int_equal(job.miss_len, job.desc.len - job.record.done);
}

static void fill_keeps_the_phase_of_its_pattern(void **state)
{
	struct job job = job_of(SVA_ACCEL_OP_FILL, BASE + 3, 0, 30 * PAGE + 5);
	const uint8_t pattern[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	enum step end;

	(void)state;
	memcpy(&job.desc.arg0, pattern, sizeof(pattern));
	present[11] = false;
	assert_int_equal(run(&job, true, &end), 1);
	for (size_t i = 0; i < job.desc.len; i++)
		assert_int_equal(memory[3 + i], pattern[i % 8]);
}

static void compare_finds_the_first_difference(void **state)
{
	struct job job = job_of(SVA_ACCEL_OP_COMPARE, BASE + 30 * PAGE + 1, BASE, 25 * PAGE);
	enum step end;

	(void)state;
	memcpy(memory + 30 * PAGE + 1, memory, 25 * PAGE);
	memory[30 * PAGE + 1 + 70000] ^= 1;
	run(&job, true, &end);
	assert_int_equal(job.record.result, 70000);
}

static void crc_of_the_known_answer_and_of_pieces(void **state)
{
	struct job job = job_of(SVA_ACCEL_OP_CRC32C, 0, BASE + 13, 40 * PAGE);
	uint32_t crc;
	enum step end;

	(void)state;
	assert_int_equal(operation_crc32c(0, "123456789", 9), 0xe3069283);
	crc = operation_crc32c(0, memory + 13, 1001);
	crc = operation_crc32c(crc, memory + 13 + 1001, 40 * PAGE - 1001);
	run(&job, true, &end);
	assert_int_equal(job.record.result, crc);
}

static void list_is_walked_across_pages(void **state)
{
	struct job job = job_of(SVA_ACCEL_OP_LIST_WALK, 0, BASE + PAGE - 4, 0);
	uint64_t next, number = 5;
	enum step end;

	(void)state;
	job.desc.arg0 = SVA_ACCEL_WALK_ARG(0, 8);
	for (unsigned int i = 1; i <= 10; i++) {
		next = i < 10 ? BASE + (i + 1) * PAGE - 4 : 0;
		memcpy(memory + i * PAGE - 4, &next, sizeof(next));
		memcpy(memory + i * PAGE + 4, &number, sizeof(number));
	}
	present[5] = false;
	assert_int_equal(run(&job, true, &end), 1);
	assert_int_equal(job.record.done, 10);
	assert_int_equal(job.record.result, 50);
}

static void wrong_descriptors_are_refused(void **state)
{
	struct sva_accel_desc desc = { .opcode = SVA_ACCEL_OP_TREE_SEARCH + 1 };
	uint32_t status;

	(void)state;
	assert_null(operation_find(&desc, &status));
	assert_int_equal(status, SVA_ACCEL_BAD_OPCODE);
	desc = (struct sva_accel_desc){ .opcode = SVA_ACCEL_OP_FILL, .dst = UINT64_MAX, .len = 2 };
	assert_null(operation_find(&desc, &status));
	assert_int_equal(status, SVA_ACCEL_BAD_DESC);
	desc = (struct sva_accel_desc){ .flags = SVA_ACCEL_DESC_FIND };
	assert_null(operation_find(&desc, &status));
	desc = (struct sva_accel_desc){ .reserved1 = 1 };
	assert_null(operation_find(&desc, &status));
}

/* ------------------------------------------------------------ translations */

static void add(struct translations *cache, uint64_t page, bool write)
{
	const struct translation new = { .page = page, .memory = page * PAGE, .writable = write };

	translations_add(cache, &new);
}

static void translation_is_found_for_what_it_allows(void **state)
{
	struct translations cache;

	(void)state;
	assert_true(translations_init(&cache));
	assert_null(translations_find(&cache, 0, false));
	add(&cache, 0, false);
	add(&cache, 5, true);
	assert_non_null(translations_find(&cache, 0xfff, false));
	assert_null(translations_find(&cache, 0xfff, true));
	assert_non_null(translations_find(&cache, 5 * PAGE, true));
	/* One more in its set than there is room for: the oldest goes */
	for (uint64_t i = 1; i <= TRANSLATIONS_WAYS; i++)
		add(&cache, 5 + i * TRANSLATIONS_SETS, true);
	assert_null(translations_find(&cache, 5 * PAGE, false));
	translations_free(&cache);
}

static void invalidation_takes_all_of_its_range_and_no_more(void **state)
{
	struct translations cache;

	(void)state;
	assert_true(translations_init(&cache));
	for (uint64_t page = 0; page < 100; page++)
		add(&cache, page, true);
	assert_int_equal(translations_drop(&cache, 10 * PAGE, 20 * PAGE - 1), 10);
	assert_non_null(translations_find(&cache, 9 * PAGE, true));
	assert_null(translations_find(&cache, 10 * PAGE, true));
	assert_null(translations_find(&cache, 19 * PAGE, true));
	assert_non_null(translations_find(&cache, 20 * PAGE, true));
	assert_int_equal(translations_drop(&cache, 0, UINT64_MAX), 90);
	assert_int_equal(translations_drop(&cache, 0, UINT64_MAX), 0);
	translations_free(&cache);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(moves_like_memmove, all_present),
		cmocka_unit_test_setup(miss_names_the_page_and_what_was_done, all_present),
		cmocka_unit_test_setup(fill_keeps_the_phase_of_its_pattern, all_present),
		cmocka_unit_test_setup(compare_finds_the_first_difference, all_present),
		cmocka_unit_test_setup(crc_of_the_known_answer_and_of_pieces, all_present),
		cmocka_unit_test_setup(list_is_walked_across_pages, all_present),
		cmocka_unit_test(wrong_descriptors_are_refused),
		cmocka_unit_test(translation_is_found_for_what_it_allows),
		cmocka_unit_test(invalidation_takes_all_of_its_range_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
