// SPDX-License-Identifier: GPL-2.0
/*
 * kunit_description.c - what providers say of their devices (core/description.c): the
 * smallest that is right, and each way to say it wrongly
 */
#include "core/core.h"
#include "kunit.h"

static int bind(struct sva_context *ctx)
{
	return 0;
}

static void nothing(struct sva_context *ctx)
{
}

static enum sva_evidence stop(struct sva_context *ctx)
{
	return SVA_EVIDENCE_CLEAN;
}

static void counters(struct sva_context *ctx, struct sva_counters *counters)
{
}

/* Each case changes one thing of it */
struct said {
	struct sva_device_ops ops;
	struct sva_type types[2];
	struct sva_region regions[2];
	struct sva_device_desc desc;
};

static struct said *right(struct kunit *test)
{
	struct said *said = kunit_kzalloc(test, sizeof(*said), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, said);
	said->ops = (struct sva_device_ops){
		.context_bind = bind,
		.context_block = nothing,
		.context_stop = stop,
		.context_free = nothing,
		.context_counters = counters,
	};
	said->types[0] = (struct sva_type){ .name = "one", .total = 1 };
	said->types[1] = (struct sva_type){ .name = "two", .total = 1 };
	said->regions[0] = (struct sva_region){ .offset = PAGE_SIZE, .size = 2 * PAGE_SIZE };
	said->regions[1] = (struct sva_region){ .offset = 3 * PAGE_SIZE, .size = PAGE_SIZE };
	said->desc = (struct sva_device_desc){
		.name = "device0",
		.ops = &said->ops,
		.types = said->types,
		.num_types = ARRAY_SIZE(said->types),
		.regions = said->regions,
		.num_regions = ARRAY_SIZE(said->regions),
	};
	return said;
}

#define EXPECT(result, change) do {						\
	struct said *said = right(test);					\
										\
	change;									\
	KUNIT_EXPECT_EQ_MSG(test, sva_description_check(&said->desc), result, #change); \
} while (0)

static void r7_device_without_a_function_that_is_called_is_refused(struct kunit *test)
{
	EXPECT(0, (void)said);
	EXPECT(-EINVAL, said->desc.ops = NULL);
	EXPECT(-EINVAL, said->ops.context_bind = NULL);
	EXPECT(-EINVAL, said->ops.context_block = NULL);
	EXPECT(-EINVAL, said->ops.context_stop = NULL);
	EXPECT(-EINVAL, said->ops.context_free = NULL);
	EXPECT(-EINVAL, said->ops.context_counters = NULL);
}

static void r7_names_that_cannot_be_files_are_refused(struct kunit *test)
{
	EXPECT(-EINVAL, said->desc.name = "");
	EXPECT(-EINVAL, said->desc.name = ".");
	EXPECT(-EINVAL, said->desc.name = "a/b");
	EXPECT(-EINVAL, said->desc.num_types = 0);
	EXPECT(-EINVAL, said->types[0].name[0] = '\0');
	EXPECT(-EINVAL, said->types[0].name[0] = '/');
	EXPECT(-EINVAL, memset(said->types[0].name, 'a', sizeof(said->types[0].name)));
	EXPECT(-EINVAL, said->types[1] = said->types[0]);
}

static void r7_regions_that_cannot_be_told_apart_are_refused(struct kunit *test)
{
	EXPECT(-EINVAL, said->regions[0].offset = 0);
	EXPECT(-EINVAL, said->regions[0].offset = PAGE_SIZE + 1);
	EXPECT(-EINVAL, said->regions[0].size = PAGE_SIZE + 1);
	EXPECT(-EINVAL, said->regions[1].offset = (u64)LLONG_MAX & PAGE_MASK);
	EXPECT(-EINVAL, said->regions[1].offset = U64_MAX & PAGE_MASK);
	EXPECT(-EINVAL, said->regions[0].size = 3 * PAGE_SIZE);
	EXPECT(-EINVAL, said->regions[1].offset = 2 * PAGE_SIZE);
	EXPECT(-EINVAL, said->regions[1] = said->regions[0]);
	/* one of no size is nowhere */
	EXPECT(0, said->regions[1] = (struct sva_region){ .offset = PAGE_SIZE + 1 });
	EXPECT(0, said->desc.num_regions = 0);
}

static struct kunit_case description_cases[] = {
	KUNIT_CASE(r7_device_without_a_function_that_is_called_is_refused),
	KUNIT_CASE(r7_names_that_cannot_be_files_are_refused),
	KUNIT_CASE(r7_regions_that_cannot_be_told_apart_are_refused),
	{}
};

struct kunit_suite sva_description_suite = {
	.name = "sva_description",
	.test_cases = description_cases,
};
