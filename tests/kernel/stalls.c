// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stalls.c - processes whose memory never answers: they hold up themselves alone
 */
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "stalls.h"

TEST(R8, a_bind_that_waits_for_its_callers_page_succeeds_when_the_page_comes)
{
	struct slow_bind slow;

	slow_bind_start(&slow, node_open(), NULL);
	CHECK_EQ(context_info(slow.ctx).state, SVA_STATE_CREATED);
	CHECK_EQ(slow_bind_end(&slow), 0);
	CHECK_EQ(context_info(slow.ctx).pasid, slow.args->pasid);
	context_unbind(slow.ctx, slow.args->pasid, 0);
}

/* What is waited for is the page; what is in it stays as it was */
TEST(R7, a_refused_bind_leaves_its_argument_as_it_was)
{
	struct sva_bind_task args = { .argsz = sizeof(args), .reason = 0xa5a5 }, before = args;
	int node = node_open(), ctx = context_create(node, getpid(), NULL);

	context_bind(ctx);
	for (int i = 0; i < 2; i++) {
		REFUSED(ctx, SVA_BIND_TASK, &args, EBUSY, SVA_REASON_ALREADY_BOUND);
		before.reason = args.reason;
		CHECK(!memcmp(&args, &before, sizeof(args)), "it was changed");
	}
}

TEST(R8, it_holds_up_neither_a_revoke_nor_a_reset)
{
	int node = node_open();
	struct slow_bind slow;
	uint64_t id;

	slow_bind_start(&slow, node, &id);
	device_reset(node);
	context_revoke(node, id);
	end_await(node, id);
	CHECK(slow_bind_end(&slow) < 0, "a revoked context was bound");
	CHECK_EQ(slow.args->reason, SVA_REASON_CONTEXT_REVOKED);
}

TEST(R8, it_holds_up_no_removal)
{
	struct slow_bind slow;

	slow_bind_start(&slow, node_open(), NULL);
	device_remove();
	device_return();
	CHECK_EQ(slow_bind_end(&slow), -ENODEV);
	CHECK_EQ(slow.args->reason, SVA_REASON_DEVICE_GONE);
}
