// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * widths.c - a wide and a narrow device share the PASIDs of all processes (R7, R8)
 *
 * soft0 takes PASIDs of 16 bits, soft1 of 3: 1 to 7.  What is used up, and by
 * whom, has a reason of its own each.
 */
#include <stdlib.h>
#include <unistd.h>

#define TEST_DEVICE "soft"	/* made anew with other parameters */

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "puppet.h"

#define NARROW_PASIDS 7

struct stage {
	int wide;
	int narrow;
	struct puppet holders[NARROW_PASIDS];
	unsigned int held;
};

static void stage_set(struct stage *stage)
{
	provider_reload("devices=2 pasid_bits=16,3");
	stage->narrow = device_use("soft1");
	CHECK_EQ(attribute_read("pasid_bits"), 3);
	stage->wide = device_use("soft0");
	CHECK_EQ(attribute_read("pasid_bits"), 16);
	stage->held = 0;
}

static void stage_clear(struct stage *stage)
{
	while (stage->held)
		puppet_end(&stage->holders[--stage->held]);
	close(stage->wide);
	close(stage->narrow);
	unsetenv("SVA_TEST_DEVICE");
}

/*
 * One more small PASID is held, through @node.  A number of a process that has
 * ended may be on its way back yet: then this one has got a wide one, or none.
 */
struct hold {
	struct stage *stage;
	int node;
};

static bool one_more_is_held(void *arg)
{
	struct hold *hold = arg;
	struct puppet *holder = &hold->stage->holders[hold->stage->held];

	puppet_start(holder);
	if (puppet_try(holder, hold->node, 0) == 0 &&
	    holder->bind[0].pasid <= NARROW_PASIDS) {
		hold->stage->held++;
		return true;
	}
	puppet_end(holder);
	return false;
}

static void hold_small(struct stage *stage, int node, int count)
{
	struct hold hold = { stage, node };

	for (int i = 0; i < count; i++)
		CHECK(wait_until(one_more_is_held, &hold, PATIENCE_MS),
		      "only %u small PASIDs to be had", stage->held);
}

static void newcomer_is_refused(int node, uint32_t reason)
{
	struct puppet newcomer;

	puppet_start(&newcomer);
	PUPPET_REFUSED(&newcomer, node, 0, ENOSPC, reason);
	puppet_end(&newcomer);
}

static bool newcomer_is_served(void *arg)
{
	struct stage *stage = arg;
	struct puppet newcomer;
	bool served;

	puppet_start(&newcomer);
	served = puppet_try(&newcomer, stage->narrow, 0) == 0;
	if (served)
		puppet_compute(&newcomer, 0);
	puppet_end(&newcomer);
	return served;
}

TEST(R7, process_with_a_pasid_too_wide_is_told_so)
{
	struct puppet puppet;
	struct stage stage;

	stage_set(&stage);
	hold_small(&stage, stage.wide, NARROW_PASIDS);
	puppet_start(&puppet);
	puppet_bind(&puppet, stage.wide);
	CHECK(puppet.bind[0].pasid > NARROW_PASIDS, "PASID %u is narrow", puppet.bind[0].pasid);
	PUPPET_REFUSED(&puppet, stage.narrow, 0, EOVERFLOW, SVA_REASON_PASID_TOO_WIDE);
	puppet_compute(&puppet, 0);
	/* it has it for life: unbinding where it is wide changes nothing */
	puppet_unbind(&puppet, 0, 0);
	PUPPET_REFUSED(&puppet, stage.narrow, 0, EOVERFLOW, SVA_REASON_PASID_TOO_WIDE);
	puppet_end(&puppet);
	stage_clear(&stage);
}

TEST(R7, process_with_a_small_pasid_binds_on_both)
{
	struct puppet puppet;
	struct stage stage;

	stage_set(&stage);
	hold_small(&stage, stage.wide, 1);
	puppet = stage.holders[0];
	puppet_bind(&puppet, stage.narrow);
	CHECK_EQ(puppet.bind[1].pasid, puppet.bind[0].pasid);
	puppet_compute(&puppet, 0);
	puppet_compute(&puppet, 1);
	stage_clear(&stage);
}

TEST(R7, narrow_space_used_up_by_its_own_users_is_exhausted)
{
	struct stage stage;

	stage_set(&stage);
	hold_small(&stage, stage.narrow, NARROW_PASIDS);
	newcomer_is_refused(stage.narrow, SVA_REASON_PASID_EXHAUSTED);
	stage_clear(&stage);
}

TEST(R7, narrow_space_used_up_on_a_wide_device_is_taken)
{
	struct stage stage;

	stage_set(&stage);
	hold_small(&stage, stage.wide, NARROW_PASIDS);
	newcomer_is_refused(stage.narrow, SVA_REASON_PASID_TAKEN);
	stage_clear(&stage);
}

TEST(R7, narrow_space_used_up_partly_on_a_wide_device_is_taken)
{
	struct stage stage;

	stage_set(&stage);
	hold_small(&stage, stage.narrow, NARROW_PASIDS - 1);
	hold_small(&stage, stage.wide, 1);
	newcomer_is_refused(stage.narrow, SVA_REASON_PASID_TAKEN);
	stage_clear(&stage);
}

TEST(R7, narrow_space_held_by_users_of_both_is_exhausted)
{
	struct stage stage;

	stage_set(&stage);
	hold_small(&stage, stage.wide, NARROW_PASIDS);
	for (int i = 0; i < NARROW_PASIDS; i++)
		puppet_bind(&stage.holders[i], stage.narrow);
	newcomer_is_refused(stage.narrow, SVA_REASON_PASID_EXHAUSTED);
	stage_clear(&stage);
}

TEST(R8, narrow_space_serves_again_when_one_of_its_users_has_ended)
{
	struct stage stage;

	stage_set(&stage);
	hold_small(&stage, stage.narrow, NARROW_PASIDS);
	newcomer_is_refused(stage.narrow, SVA_REASON_PASID_EXHAUSTED);
	puppet_kill(&stage.holders[--stage.held]);
	CHECK(wait_until(newcomer_is_served, &stage, PATIENCE_MS), "nothing came back");
	stage_clear(&stage);
}

TEST(R8, narrow_space_serves_again_when_one_on_the_wide_device_has_ended)
{
	struct stage stage;

	stage_set(&stage);
	hold_small(&stage, stage.wide, NARROW_PASIDS);
	newcomer_is_refused(stage.narrow, SVA_REASON_PASID_TAKEN);
	puppet_kill(&stage.holders[--stage.held]);
	CHECK(wait_until(newcomer_is_served, &stage, PATIENCE_MS), "nothing came back");
	stage_clear(&stage);
}

/* What a process that has exited had bound ends a moment later */
static bool only_holders_are_left(void *arg)
{
	const struct stage *stage = arg;

	return device_info(stage->narrow).contexts == stage->held;
}

/* Refusals must not use anything up: the last one is served like the first */
TEST(R8, refusals_cost_no_pasid)
{
	struct stage stage;

	stage_set(&stage);
	hold_small(&stage, stage.narrow, NARROW_PASIDS);
	for (int i = 0; i < 50; i++)
		newcomer_is_refused(stage.narrow, SVA_REASON_PASID_EXHAUSTED);
	puppet_kill(&stage.holders[--stage.held]);
	CHECK(wait_until(newcomer_is_served, &stage, PATIENCE_MS), "nothing came back");
	CHECK(wait_until(only_holders_are_left, &stage, PATIENCE_MS), "%u contexts for %u holders",
	      device_info(stage.narrow).contexts, stage.held);
	stage_clear(&stage);
}

/* What is in quarantine on the narrow device is used there */
TEST(R8, narrow_space_full_of_quarantine_is_exhausted)
{
	struct stage stage;

	stage_set(&stage);
	hold_small(&stage, stage.narrow, NARROW_PASIDS);
	device_use("soft1");
	misbehave("hold");
	while (stage.held > 1) {
		struct puppet *holder = &stage.holders[--stage.held];

		puppet_kill(holder);
		event_await(stage.narrow, SVA_EVENT_QUARANTINED, holder->bind[0].id);
	}
	misbehave("none");
	newcomer_is_refused(stage.narrow, SVA_REASON_PASID_EXHAUSTED);
	device_reset(stage.narrow);
	CHECK(wait_until(newcomer_is_served, &stage, PATIENCE_MS), "nothing came back");
	stage_clear(&stage);
}
