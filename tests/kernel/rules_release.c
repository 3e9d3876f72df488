// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rules_release.c - R3 and R4: a PASID that the device may still use is given to
 * nobody, and what the device shows counts more than what a process claims
 *
 * The device is made to misbehave: in mode "hold" it says of a context that is
 * to stop neither that it is clean nor that it is flushed.  A bystander keeps
 * the device in use meanwhile, because an idle device may be reset by itself.
 */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

struct stage {
	int node;
	struct child bystander;
	uint64_t bystander_id;
};

static void stage_set(struct stage *stage)
{
	stage->node = node_open();
	bystander_start(&stage->bystander, stage->node, &stage->bystander_id, NULL);
}

/* Ends what is live by a reset, and with it the quarantine */
static void stage_clear(struct stage *stage)
{
	misbehave("none");
	device_reset(stage->node);
	word_send(stage->bystander.line, 0);
	child_join(&stage->bystander);
}

/* A list of one node that points to itself: a job that ends only when it is made to */
struct endless {
	struct endless *next;
	uint64_t key;
};

static void submit_endless(struct ring *ring, struct sva_accel_completion *completion)
{
	static struct endless node = { .next = &node };
	struct sva_accel_desc job = job_walk(&node, offsetof(struct endless, next),
					     offsetof(struct endless, key));

	job.completion = (uintptr_t)completion;
	ring_submit(ring, &job);
}

static void victim(int line, void *arg)
{
	static _Alignas(64) struct sva_accel_completion completion;
	struct queue queue;

	(void)arg;
	queue_open(&queue);
	submit_endless(&queue.ring, &completion);
	word_send(line, queue.id);
	word_send(line, queue.pasid);
	word_receive(line);
}

static void victim_start(struct child *child, uint64_t *id, uint32_t *pasid)
{
	child_start(child, victim, NULL);
	*id = word_receive(child->line);
	*pasid = (uint32_t)word_receive(child->line);
}

/* A process is killed while the device holds on to its PASID; returns that */
static uint32_t make_quarantine(int node, uint64_t *id)
{
	struct sva_event event;
	struct child child;
	uint32_t pasid;

	victim_start(&child, id, &pasid);
	misbehave("hold");
	child_kill(&child);
	event = event_await(node, SVA_EVENT_QUARANTINED, *id);
	misbehave("none");
	CHECK_EQ(event.pasid, pasid);
	CHECK_EQ(event.release, SVA_RELEASE_NEITHER);
	return pasid;
}

static void nobody_gets(int node, uint32_t pasid)
{
	for (int round = 0; round < 3; round++)
		CHECK(!newcomers_get(node, pasid), "a process got PASID %u", pasid);
}

struct returning {
	int node;
	uint32_t pasid;
};

static bool somebody_gets(void *arg)
{
	struct returning *returning = arg;

	return newcomers_get(returning->node, returning->pasid);
}

static void comes_back(int node, uint32_t pasid)
{
	struct returning returning = { node, pasid };

	CHECK(wait_until(somebody_gets, &returning, PATIENCE_MS), "PASID %u never came back",
	      pasid);
}

TEST(R3, pasid_held_by_the_device_is_quarantined_and_visible)
{
	struct sva_context_entry entry;
	struct stage stage;
	uint32_t pasid;
	uint64_t id;

	stage_set(&stage);
	pasid = make_quarantine(stage.node, &id);
	CHECK(context_listed(stage.node, id, &entry), "it is not listed");
	CHECK_EQ(entry.state, SVA_STATE_QUARANTINED);
	CHECK_EQ(entry.release, SVA_RELEASE_NEITHER);
	CHECK_EQ(entry.pasid, pasid);
	CHECK_EQ(entry.owner, 0);
	CHECK_EQ(device_info(stage.node).quarantined, 1);
	CHECK_EQ(attribute_read("quarantined"), 1);
	CHECK_EQ(device_info(stage.node).contexts, 2);
	CHECK_EQ(attribute_read("contexts"), 2);
	stage_clear(&stage);
}

TEST(R3, quarantined_pasid_is_given_to_nobody)
{
	struct stage stage;
	uint32_t pasid;
	uint64_t id;

	stage_set(&stage);
	pasid = make_quarantine(stage.node, &id);
	nobody_gets(stage.node, pasid);
	CHECK_EQ(device_info(stage.node).quarantined, 1);
	stage_clear(&stage);
}

/* The control for the test above: without quarantine, newcomers do get it */
TEST(R3, clean_pasid_is_given_again)
{
	struct sva_event event;
	struct child child;
	struct stage stage;
	uint32_t pasid;
	uint64_t id;

	stage_set(&stage);
	victim_start(&child, &id, &pasid);
	child_kill(&child);
	event = event_await(stage.node, SVA_EVENT_ENDED, id);
	CHECK(event.release != SVA_RELEASE_NEITHER, "a polite device gave no evidence");
	CHECK_EQ(device_info(stage.node).quarantined, 0);
	comes_back(stage.node, pasid);
	stage_clear(&stage);
}

TEST(R3, pasid_of_a_live_context_is_given_to_nobody)
{
	struct child child;
	struct stage stage;
	uint32_t pasid;
	uint64_t id;

	stage_set(&stage);
	victim_start(&child, &id, &pasid);
	nobody_gets(stage.node, pasid);
	child_kill(&child);
	stage_clear(&stage);
}

TEST(R3, reset_ends_the_quarantine)
{
	struct sva_event event;
	struct stage stage;
	uint32_t pasid;
	uint64_t id;

	stage_set(&stage);
	pasid = make_quarantine(stage.node, &id);
	device_reset(stage.node);
	CHECK_EQ(device_info(stage.node).quarantined, 0);
	CHECK_EQ(attribute_read("quarantined"), 0);
	CHECK(!context_listed(stage.node, id, NULL), "it is still listed");
	comes_back(stage.node, pasid);
	while (event_next(stage.node, &event, 0) > 0)
		CHECK(event.type != SVA_EVENT_QUARANTINED, "quarantined again");
	stage_clear(&stage);
}

TEST(R3, release_from_quarantine_is_told_before_the_reset)
{
	struct sva_device_reset reset = { .argsz = sizeof(reset) };
	struct sva_event event;
	struct stage stage;
	bool released = false;
	uint32_t pasid;
	uint64_t id;

	stage_set(&stage);
	pasid = make_quarantine(stage.node, &id);
	ACCEPTED(stage.node, SVA_DEVICE_RESET, &reset);
	do {
		CHECK_EQ(event_next(stage.node, &event, PATIENCE_MS), 1);
		if (event.type == SVA_EVENT_RELEASED && event.context == id) {
			CHECK_EQ(event.pasid, pasid);
			released = true;
		}
	} while (event.type != SVA_EVENT_RESET);
	CHECK(released, "the reset was done without a RELEASED event");
	stage_clear(&stage);
}

TEST(R3, reset_through_sysfs_does_the_same)
{
	struct stage stage;
	uint64_t id;

	stage_set(&stage);
	make_quarantine(stage.node, &id);
	attribute_write("reset", "1");
	event_await(stage.node, SVA_EVENT_RESET, 0);
	CHECK_EQ(device_info(stage.node).quarantined, 0);
	stage_clear(&stage);
}

static void own_quarantine(int node, uint32_t claim)
{
	struct sva_context_info info;
	uint32_t pasid;
	uint64_t id;
	int ctx = context_bound(node, &id, &pasid);

	misbehave("hold");
	CHECK_EQ(context_unbind(ctx, pasid, claim), SVA_RELEASE_NEITHER);
	misbehave("none");
	info = context_info(ctx);
	CHECK_EQ(info.release, SVA_RELEASE_NEITHER);
	CHECK_EQ(info.state, SVA_STATE_QUARANTINED);
	event_await(node, SVA_EVENT_QUARANTINED, id);
}

static void own_bind_is_refused(int node)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	int ctx = context_create(node, getpid(), NULL);

	REFUSED(ctx, SVA_BIND_TASK, &bind, EBUSY, SVA_REASON_PASID_QUARANTINED);
	close(ctx);
}

static void loses_its_pasid(int line, void *arg)
{
	int node = node_open();

	(void)arg;
	own_quarantine(node, 0);
	own_bind_is_refused(node);
	word_send(line, 0);
	word_receive(line);	/* the device has been reset */
	context_bound(node, NULL, NULL);
}

TEST(R3, quarantined_pasid_is_not_given_back_to_its_own_process)
{
	struct stage stage;
	struct child child;

	stage_set(&stage);
	child_start(&child, loses_its_pasid, NULL);
	word_receive(child.line);
	device_reset(stage.node);
	word_send(child.line, 0);
	child_join(&child);
	stage_clear(&stage);
}

TEST(R3, one_bad_end_blocks_new_binds_while_siblings_live)
{
	char from[256] = "sibling", to[256] = "";
	struct queue sibling;
	struct stage stage;

	stage_set(&stage);
	queue_open(&sibling);
	own_quarantine(stage.node, 0);
	own_bind_is_refused(stage.node);
	queue_succeed(&sibling, job_memmove(to, from, sizeof(from)));
	CHECK(!memcmp(from, to, sizeof(from)), "the sibling's job went wrong");
	queue_close(&sibling);
	own_bind_is_refused(stage.node);
	stage_clear(&stage);
}

static void bad_and_good_end(int line, void *arg)
{
	int node = node_open();
	uint32_t pasid;
	int good = context_bound(node, NULL, &pasid);

	(void)arg;
	own_quarantine(node, 0);
	context_unbind(good, pasid, 0);
	word_send(line, pasid);
}

TEST(R3, the_worst_end_of_a_process_decides)
{
	struct stage stage;
	struct child child;
	uint32_t pasid;

	stage_set(&stage);
	child_start(&child, bad_and_good_end, NULL);
	pasid = (uint32_t)word_receive(child.line);
	child_join(&child);
	nobody_gets(stage.node, pasid);
	CHECK_EQ(device_info(stage.node).quarantined, 1);
	stage_clear(&stage);
}

/* How a context can end while the device holds on: each ends in quarantine */
enum bad_end { BY_CLOSE, BY_EXIT, BY_REVOKE, BY_EXEC, BAD_ENDS };

HELPER(wait_for_word)
{
	word_receive(atoi(argv[argc - 1]));
	return 0;
}

static void ends_badly(int line, void *arg)
{
	enum bad_end how = *(enum bad_end *)arg;
	int node = node_open(), ctx;
	char number[16];
	uint32_t pasid;
	uint64_t id;

	ctx = context_bound(node, &id, &pasid);
	word_send(line, id);
	word_send(line, pasid);
	word_receive(line);
	if (how == BY_CLOSE)
		close(ctx);
	if (how == BY_EXEC) {
		snprintf(number, sizeof(number), "%d", dup(line));
		execl("/proc/self/exe", "self", "--helper", "wait_for_word", number, NULL);
		FAIL("exec: %s", strerror(errno));
	}
	if (how != BY_EXIT)
		word_receive(line);
}

TEST(R3, every_bad_end_is_quarantined)
{
	struct stage stage;

	stage_set(&stage);
	for (enum bad_end how = 0; how < BAD_ENDS; how++) {
		struct sva_event event;
		struct child child;
		uint32_t pasid;
		uint64_t id;

		child_start(&child, ends_badly, &how);
		id = word_receive(child.line);
		pasid = (uint32_t)word_receive(child.line);
		misbehave("hold");
		word_send(child.line, 0);
		if (how == BY_REVOKE)
			context_revoke(stage.node, id);
		event = event_await(stage.node, SVA_EVENT_QUARANTINED, id);
		misbehave("none");
		CHECK_EQ(event.pasid, pasid);
		CHECK_EQ(device_info(stage.node).quarantined, how + 1);
		if (how != BY_EXIT)
			word_send(child.line, 0);
		child_join(&child);
	}
	stage_clear(&stage);
}

static void held_newcomer(int node, uint32_t account)
{
	struct child child;
	uint64_t id;

	bystander_start_charged(&child, node, account, &id, NULL);
	word_send(child.line, 0);
	child_join(&child);
	event_await(node, SVA_EVENT_QUARANTINED, id);
}

struct refusal {
	uint32_t account;
	uint32_t reason;
};

static void bind_is_refused(int line, void *arg)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	struct refusal *refusal = arg;
	int node = node_open();
	int ctx = context_create_charged(node, getpid(), refusal->account, NULL);

	(void)line;
	CHECK_EQ(call(ctx, SVA_BIND_TASK, &bind), -ENOSPC);
	CHECK_EQ(bind.reason, refusal->reason);
}

static void is_refused(uint32_t account, uint32_t reason)
{
	struct refusal refusal = { account, reason };
	struct child child;

	child_start(&child, bind_is_refused, &refusal);
	child_join(&child);
}

#define ACCOUNT 5000	/* and those behind it: nobody's */

/* What one account may have in quarantine; others are not hindered by it */
TEST_WITHIN(R8, quarantine_of_an_account_is_bounded, 180)
{
	struct child child;
	struct stage stage;
	uint32_t limit;
	uint64_t id;

	stage_set(&stage);
	limit = (uint32_t)parameter_read("sva", "max_quarantined_per_account");
	CHECK(limit > 0 && limit < device_info(stage.node).max_quarantined,
	      "an account may fill the device's quarantine: %u", limit);
	misbehave("hold");
	for (uint32_t i = 0; i < limit; i++)
		held_newcomer(stage.node, ACCOUNT);
	is_refused(ACCOUNT, SVA_REASON_QUARANTINE_ACCOUNT);
	misbehave("none");
	bystander_start_charged(&child, stage.node, ACCOUNT + 1, &id, NULL);
	bystander_stop(&child, stage.node, id);
	stage_clear(&stage);
}

TEST_WITHIN(R8, quarantine_of_a_device_is_bounded, 180)
{
	struct stage stage;
	uint32_t limit;

	stage_set(&stage);
	limit = device_info(stage.node).max_quarantined;
	misbehave("hold");
	for (uint32_t i = 0; i < limit; i++)
		held_newcomer(stage.node, ACCOUNT + i);
	CHECK_EQ(device_info(stage.node).quarantined, limit);
	is_refused(ACCOUNT + limit, SVA_REASON_QUARANTINE_FULL);
	stage_clear(&stage);
	CHECK_EQ(device_info(stage.node).quarantined, 0);
}

static void check_claim(int node, uint32_t claim, uint32_t wanted)
{
	struct sva_event event;
	uint32_t pasid;
	uint64_t id;
	int ctx = context_bound(node, &id, &pasid);

	CHECK_EQ(context_unbind(ctx, pasid, claim), wanted);
	CHECK_EQ(context_info(ctx).release, wanted);
	event = event_await(node, SVA_EVENT_ENDED, id);
	CHECK_EQ(event.release, wanted);
	close(ctx);
}

TEST(R4, no_claim_leaves_the_evidence)
{
	check_claim(node_open(), 0, SVA_RELEASE_CLEAN);
}

TEST(R4, claim_of_clean_agrees_with_the_evidence)
{
	check_claim(node_open(), SVA_UNBIND_RELEASE_CLEAN, SVA_RELEASE_CLEAN);
}

TEST(R4, claim_of_flushed_lowers_the_evidence)
{
	check_claim(node_open(), SVA_UNBIND_RELEASE_FLUSHED, SVA_RELEASE_FLUSHED);
}

TEST(R4, claim_of_clean_does_not_raise_the_evidence)
{
	struct stage stage;

	stage_set(&stage);
	own_quarantine(stage.node, SVA_UNBIND_RELEASE_CLEAN);
	own_bind_is_refused(stage.node);
	stage_clear(&stage);
}

TEST(R4, claim_of_flushed_does_not_raise_the_evidence)
{
	struct stage stage;

	stage_set(&stage);
	own_quarantine(stage.node, SVA_UNBIND_RELEASE_FLUSHED);
	own_bind_is_refused(stage.node);
	stage_clear(&stage);
}

#define BLOCK (8u << 20)

/* What "clean" says must be true: nothing is written after the unbind has returned */
TEST_WITHIN(R4, clean_means_that_accesses_have_ended, 120)
{
	static _Alignas(64) struct sva_accel_completion done[8];
	unsigned char *memory = pages_alloc(BLOCK);
	struct queue other;

	memset(memory, 0, BLOCK);
	queue_open(&other);
	for (int round = 0; round < 10; round++) {
		struct queue queue;

		queue_open(&queue);
		for (int i = 0; i < 8; i++) {
			struct sva_accel_desc job = job_fill(memory, ~0ull, BLOCK);

			job.completion = (uintptr_t)&done[i];
			ring_put(&queue.ring, &job);
		}
		ring_kick(&queue.ring);
		CHECK(queue_close(&queue) >= SVA_RELEASE_FLUSHED, "a polite device was not");
		memset(memory, round, BLOCK);
		memset(done, 0, sizeof(done));
		for (int i = 0; i < 50; i++)
			queue_succeed(&other, job_nop());
		for (size_t i = 0; i < BLOCK; i++)
			CHECK(memory[i] == round, "round %d: byte %zu was written after the end",
			      round, i);
		for (int i = 0; i < 8; i++)
			CHECK(done[i].status == SVA_ACCEL_PENDING,
			      "round %d: completion %d was written after the end", round, i);
	}
	queue_close(&other);
}
