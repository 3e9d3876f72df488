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

/* @word: of what is said against it; NULL: nothing may be */
static void check(struct kunit *test, const struct said *said, const char *word,
		  const char *change)
{
	const char *fault = sva_description_fault(&said->desc);

	if (!word)
		KUNIT_EXPECT_NULL_MSG(test, fault, "%s", change);
	else
		KUNIT_EXPECT_TRUE_MSG(test, fault && strstr(fault, word), "%s: %s", change,
				      fault ?: "nothing");
}

#define EXPECT(word, change) do {			\
	struct said *said = right(test);		\
							\
	change;						\
	check(test, said, word, #change);		\
} while (0)

static void r7_device_without_a_function_that_is_called_is_refused(struct kunit *test)
{
	EXPECT(NULL, (void)said);
	EXPECT("function", said->desc.ops = NULL);
	EXPECT("function", said->ops.context_bind = NULL);
	EXPECT("function", said->ops.context_block = NULL);
	EXPECT("function", said->ops.context_stop = NULL);
	EXPECT("function", said->ops.context_free = NULL);
	EXPECT("function", said->ops.context_counters = NULL);
}

static void r7_names_that_cannot_be_files_are_refused(struct kunit *test)
{
	EXPECT("its name", said->desc.name = NULL);
	EXPECT("its name", said->desc.name = "");
	EXPECT("its name", said->desc.name = ".");
	EXPECT("its name", said->desc.name = "a/b");
	EXPECT("type", said->desc.num_types = 0);
	EXPECT("type", said->types[0].name[0] = '\0');
	EXPECT("type", said->types[0].name[0] = '/');
	EXPECT("type", memset(said->types[0].name, 'a', sizeof(said->types[0].name)));
	EXPECT("type", said->types[1] = said->types[0]);
}

static void r7_regions_that_cannot_be_told_apart_are_refused(struct kunit *test)
{
	EXPECT("regions", said->regions[0].offset = 0);
	EXPECT("regions", said->regions[0].offset = PAGE_SIZE + 1);
	EXPECT("regions", said->regions[0].size = PAGE_SIZE + 1);
	EXPECT("regions", said->regions[1].offset = (u64)LLONG_MAX & PAGE_MASK);
	EXPECT("regions", said->regions[1].offset = U64_MAX & PAGE_MASK);
	EXPECT("regions", said->regions[0].size = 3 * PAGE_SIZE);
	EXPECT("regions", said->regions[1].offset = 2 * PAGE_SIZE);
	EXPECT("regions", said->regions[1] = said->regions[0]);
	/* one of no size is nowhere */
	EXPECT(NULL, said->regions[1] = (struct sva_region){ .offset = PAGE_SIZE + 1 });
	EXPECT(NULL, said->desc.num_regions = 0);
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
