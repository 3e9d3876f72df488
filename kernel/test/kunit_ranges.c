// SPDX-License-Identifier: GPL-2.0
/*
 * kunit_ranges.c - ranges that users name, at the ends of what numbers hold: of pages to
 * pin (core/pin.c), and of a region's bytes (core/region.c)
 */
#include "core/core.h"
#include "kunit.h"

/* ------------------------------------------------------------------- pages */

struct pages_case {
	u64 address, size;
	bool good;
	unsigned long first, last;
};

static void check_pages(struct kunit *test, const struct pages_case *c)
{
	unsigned long first = 4711, last = 4711;
	u32 reason = SVA_REASON_NONE;
	int ret = sva_pins_check_range(c->address, c->size, &first, &last, &reason);

	KUNIT_EXPECT_EQ_MSG(test, ret, c->good ? 0 : -EINVAL, "%llx, %llx", c->address, c->size);
	KUNIT_EXPECT_EQ_MSG(test, reason, c->good ? SVA_REASON_NONE : SVA_REASON_BAD_RANGE,
			    "%llx, %llx", c->address, c->size);
	KUNIT_EXPECT_EQ_MSG(test, first, c->good ? c->first : 4711, "%llx, %llx", c->address,
			    c->size);
	KUNIT_EXPECT_EQ_MSG(test, last, c->good ? c->last : 4711, "%llx, %llx", c->address, c->size);
}

static void r8_pages_to_pin_are_the_users(struct kunit *test)
{
	const u64 end = TASK_SIZE_MAX;
	const struct pages_case cases[] = {
		{ 0, 1, true, 0, 0 },
		{ 0, PAGE_SIZE, true, 0, 0 },
		{ 0, PAGE_SIZE + 1, true, 0, 1 },
		{ PAGE_SIZE - 1, 1, true, 0, 0 },
		{ PAGE_SIZE - 1, 2, true, 0, 1 },
		{ 1, PAGE_SIZE, true, 0, 1 },
		{ 3 * PAGE_SIZE, 2 * PAGE_SIZE, true, 3, 4 },
		{ end - 1, 1, true, (end - 1) >> PAGE_SHIFT, (end - 1) >> PAGE_SHIFT },
		{ 0, end, true, 0, (end - 1) >> PAGE_SHIFT },
		/* nothing */
		{ 0, 0, false },
		{ PAGE_SIZE, 0, false },
		{ U64_MAX, 0, false },
		/* the kernel's */
		{ end - 1, 2, false },
		{ end, 1, false },
		{ 0, end + 1, false },
		{ U64_MAX, 1, false },
		{ 0, U64_MAX, false },
		{ 1, U64_MAX, false },
		/* around the end, back to where users' memory is */
		{ PAGE_SIZE, U64_MAX, false },
		{ U64_MAX, 2, false },
		{ U64_MAX - PAGE_SIZE, 2 * PAGE_SIZE, false },
		{ U64_MAX, U64_MAX, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		check_pages(test, &cases[i]);
}

/* ----------------------------------------------------------------- regions */

#define END	((u64)LLONG_MAX & PAGE_MASK)	/* of the last region that can be registered */
#define NOWHERE	(-1)

/* With a hole, one of no size, one next to another, and one as far up as can be */
static const struct sva_region regions[] = {
	{ .offset = PAGE_SIZE, .size = PAGE_SIZE },
	{ .offset = 2 * PAGE_SIZE, .size = 0 },
	{ .offset = 2 * PAGE_SIZE, .size = 2 * PAGE_SIZE },
	{ .offset = END - PAGE_SIZE, .size = PAGE_SIZE },
};

static const struct sva_device_desc desc = {
	.num_regions = ARRAY_SIZE(regions), .regions = regions,
};

struct region_case {
	u64 offset, len;
	int index;
};

static const struct region_case region_cases[] = {
	{ PAGE_SIZE, PAGE_SIZE, 0 },
	{ PAGE_SIZE, 0, 0 },
	{ 2 * PAGE_SIZE - 1, 1, 0 },
	{ 2 * PAGE_SIZE, 1, 2 },
	{ 2 * PAGE_SIZE, 2 * PAGE_SIZE, 2 },
	{ 4 * PAGE_SIZE - 1, 1, 2 },
	{ END - PAGE_SIZE, PAGE_SIZE, 3 },
	{ END - 1, 1, 3 },
	/* beyond an end, also where another region follows */
	{ 2 * PAGE_SIZE - 1, 2, NOWHERE },
	{ PAGE_SIZE, PAGE_SIZE + 1, NOWHERE },
	{ 4 * PAGE_SIZE - 1, 2, NOWHERE },
	{ 4 * PAGE_SIZE, 0, NOWHERE },
	{ END - 1, 2, NOWHERE },
	{ END, 0, NOWHERE },
	/* where there is none */
	{ 0, 0, NOWHERE },
	{ 0, PAGE_SIZE, NOWHERE },
	{ PAGE_SIZE - 1, 2, NOWHERE },
	{ 0, U64_MAX, NOWHERE },
	/* around the end */
	{ PAGE_SIZE, U64_MAX, NOWHERE },
	{ PAGE_SIZE, U64_MAX - PAGE_SIZE + 1, NOWHERE },
	{ 2 * PAGE_SIZE, U64_MAX - PAGE_SIZE + 1, NOWHERE },
	{ END - 1, U64_MAX, NOWHERE },
	{ U64_MAX, 1, NOWHERE },
	{ U64_MAX, U64_MAX, NOWHERE },
};

static void r8_bytes_are_of_one_region_or_none(struct kunit *test)
{
	for (size_t i = 0; i < ARRAY_SIZE(region_cases); i++) {
		const struct region_case *c = &region_cases[i];
		u32 index = U32_MAX;
		const struct sva_region *region;

		region = sva_region_find(&desc, c->offset, c->len, &index);
		KUNIT_EXPECT_PTR_EQ_MSG(test, region,
					c->index == NOWHERE ? NULL : &regions[c->index],
					"%llx, %llx", c->offset, c->len);
		KUNIT_EXPECT_EQ_MSG(test, index, (u32)c->index, "%llx, %llx", c->offset, c->len);
	}
}

static struct kunit_case ranges_cases[] = {
	KUNIT_CASE(r8_pages_to_pin_are_the_users),
	KUNIT_CASE(r8_bytes_are_of_one_region_or_none),
	{}
};

struct kunit_suite sva_ranges_suite = {
	.name = "sva_ranges",
	.test_cases = ranges_cases,
};
