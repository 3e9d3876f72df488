// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * evidence.c - R3 and R4 against a device that misbehaves in each way it knows
 *
 * hold: it cannot say that it stopped, and its reset fails; stale: it goes on
 * accessing; late: the same, and says when it is over; never: stop times out;
 * mute: it cannot tell.  See docs/accelerator.md.  An idle device resets itself
 * to get rid of quarantine, so each test keeps a bystander bound.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "puppet.h"
#include "ring.h"

#define OTHERS 16
#define FLUSHED SVA_UNBIND_RELEASE_FLUSHED
#define CLEAN SVA_UNBIND_RELEASE_CLEAN

struct stage {
	int node;
	struct puppet bystander;
};

static void stage_set(struct stage *stage)
{
	stage->node = node_open();
	puppet_start(&stage->bystander);
	puppet_bind(&stage->bystander, stage->node);
}

static void stage_clear(struct stage *stage)
{
	misbehave("none");
	device_reset(stage->node);
	CHECK_EQ(attribute_read("quarantined"), 0);
	puppet_end(&stage->bystander);
	close(stage->node);
}

/* A process whose context ended in @mode: it is alive and holds its PASID */
static void victim_make(struct puppet *victim, int node, const char *mode)
{
	puppet_start(victim);
	puppet_bind(victim, node);
	puppet_compute(victim, 0);
	misbehave(mode);
	CHECK_EQ(puppet_unbind(victim, 0, 0), SVA_RELEASE_NEITHER);
	event_await(node, SVA_EVENT_QUARANTINED, victim->bind[0].id);
}

static void victim_is_refused(struct puppet *victim, int node)
{
	PUPPET_REFUSED(victim, node, 0, EBUSY, SVA_REASON_PASID_QUARANTINED);
}

static void victim_is_served(struct puppet *victim, int node)
{
	puppet_compute(victim, puppet_bind(victim, node));
}

/* Others bind, compute and end, all at once and one after another: none gets @pasid */
static void others_compute(int node, uint32_t pasid)
{
	struct puppet others[OTHERS];

	for (int i = 0; i < OTHERS; i++) {
		puppet_start(&others[i]);
		puppet_bind(&others[i], node);
		CHECK(others[i].bind[0].pasid != pasid, "process %d got PASID %u", i, pasid);
	}
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < OTHERS; i++)
			puppet_compute(&others[i], 0);
	for (int i = 0; i < OTHERS; i++)
		puppet_end(&others[i]);
}

static uint64_t stale_of(int node, uint64_t id)
{
	struct sva_context_entry entry;

	CHECK(context_listed(node, id, &entry), "the context is not listed");
	return entry.stale;
}

static struct sva_event reset_result(int node)
{
	struct sva_device_reset reset = { .argsz = sizeof(reset) };

	ACCEPTED(node, SVA_DEVICE_RESET, &reset);
	return event_await(node, SVA_EVENT_RESET, 0);
}

/* ------------------------------------------------------------------ hold */

TEST(R3, failed_reset_keeps_the_quarantine)
{
	struct puppet victim, keeper;
	struct stage stage;

	stage_set(&stage);
	victim_make(&victim, stage.node, "hold");
	CHECK_EQ(reset_result(stage.node).reason, SVA_REASON_PROVIDER);
	/* the reset ended the bystander too, as badly; another keeps the device in use */
	CHECK_EQ(attribute_read("quarantined"), 2);
	puppet_start(&keeper);
	puppet_bind(&keeper, stage.node);
	victim_is_refused(&victim, stage.node);
	victim_is_refused(&stage.bystander, stage.node);
	misbehave("none");
	victim_is_refused(&victim, stage.node);
	CHECK_EQ(reset_result(stage.node).reason, SVA_REASON_NONE);
	CHECK_EQ(attribute_read("quarantined"), 0);
	victim_is_served(&victim, stage.node);
	puppet_end(&victim);
	puppet_end(&keeper);
	stage_clear(&stage);
}

TEST(R3, held_pasid_is_given_to_nobody_while_many_come_and_go)
{
	struct puppet victim;
	struct stage stage;

	stage_set(&stage);
	victim_make(&victim, stage.node, "hold");
	misbehave("none");
	puppet_kill(&victim);
	others_compute(stage.node, victim.bind[0].pasid);
	CHECK_EQ(attribute_read("quarantined"), 1);
	stage_clear(&stage);
}

/* ----------------------------------------------------------------- stale */

struct growth {
	const char *attribute;
	long beyond;
};

static bool has_grown(void *arg)
{
	struct growth *growth = arg;

	return attribute_read(growth->attribute) > growth->beyond;
}

static void refusals_grow(void)
{
	struct growth growth = { "device/refused", attribute_read("device/refused") };

	CHECK(growth.beyond >= 0, "no counter of refused accesses");
	CHECK(wait_until(has_grown, &growth, PATIENCE_MS),
	      "the device does not go on accessing: %ld refused", growth.beyond);
}

struct stale {
	int node;
	uint64_t id, before;
};

/* It is counted a moment after it is refused */
static bool more_is_stale(void *arg)
{
	const struct stale *stale = arg;

	return stale_of(stale->node, stale->id) > stale->before;
}

TEST(R3, stale_accesses_are_refused_and_counted_and_none_lands)
{
	struct puppet victim;
	struct stage stage;
	struct stale stale;

	stage_set(&stage);
	victim_make(&victim, stage.node, "stale");
	misbehave("none");
	refusals_grow();
	stale = (struct stale){ stage.node, victim.bind[0].id,
				stale_of(stage.node, victim.bind[0].id) };
	others_compute(stage.node, victim.bind[0].pasid);
	refusals_grow();
	CHECK(wait_until(more_is_stale, &stale, PATIENCE_MS), "not counted: %llu",
	      (unsigned long long)stale.before);
	victim_is_refused(&victim, stage.node);
	CHECK_EQ(attribute_read("device/landed"), 0);
	puppet_end(&victim);
	stage_clear(&stage);
}

TEST(R3, stale_accesses_of_the_dead_reach_nobody)
{
	struct puppet victims[4];
	struct stage stage;

	stage_set(&stage);
	for (int i = 0; i < 4; i++) {
		victim_make(&victims[i], stage.node, "stale");
		puppet_kill(&victims[i]);
	}
	misbehave("none");
	for (int i = 0; i < 4; i++)
		others_compute(stage.node, victims[i].bind[0].pasid);
	refusals_grow();
	CHECK_EQ(attribute_read("device/landed"), 0);
	CHECK_EQ(attribute_read("quarantined"), 4);
	stage_clear(&stage);
}

TEST(R3, reset_ends_stale_accesses_and_releases)
{
	struct puppet victim;
	struct stage stage;
	long refused;

	stage_set(&stage);
	victim_make(&victim, stage.node, "stale");
	misbehave("none");
	refusals_grow();
	device_reset(stage.node);
	refused = attribute_read("device/refused");
	CHECK_EQ(attribute_read("quarantined"), 0);
	victim_is_served(&victim, stage.node);
	others_compute(stage.node, victim.bind[0].pasid);
	CHECK_EQ(attribute_read("device/refused"), refused);
	CHECK_EQ(attribute_read("device/landed"), 0);
	puppet_end(&victim);
	stage_clear(&stage);
}

TEST(R3, idle_device_resets_itself_out_of_quarantine)
{
	struct puppet victim;
	int node = node_open();

	puppet_start(&victim);
	puppet_bind(&victim, node);
	misbehave("stale");
	CHECK_EQ(puppet_unbind(&victim, 0, 0), SVA_RELEASE_NEITHER);
	misbehave("none");
	event_await(node, SVA_EVENT_RELEASED, victim.bind[0].id);
	event_await(node, SVA_EVENT_RESET, 0);
	victim_is_served(&victim, node);
	puppet_end(&victim);
	CHECK_EQ(attribute_read("device/landed"), 0);
}

struct ending {
	int ctx, node;
	uint64_t id;
	uint32_t pasid, release;
	atomic_bool over;
};

static void *unbinds(void *arg)
{
	struct ending *ending = arg;

	ending->release = context_unbind(ending->ctx, ending->pasid, 0);
	ending->over = true;
	return NULL;
}

static bool is_stopping_or_over(void *arg)
{
	struct sva_context_entry entry;
	struct ending *ending = arg;

	return ending->over || (context_listed(ending->node, ending->id, &entry) &&
				entry.state == SVA_STATE_STOPPING);
}

static bool nothing_is_quarantined(void *arg)
{
	(void)arg;
	return attribute_read("quarantined") == 0;
}

/*
 * Who binds waits for the end of the same process's other context, and keeps the device in
 * use until it has been refused.  False: it came before the end had begun, and was bound,
 * or after the end.
 */
static bool bind_meets_end(struct ending *ending, int waiter)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	pthread_t thread;
	int result;

	misbehave("never");
	CHECK_EQ(pthread_create(&thread, NULL, unbinds, ending), 0);
	CHECK(wait_until(is_stopping_or_over, ending, PATIENCE_MS), "it does not begin to stop");
	result = ioctl(waiter, SVA_BIND_TASK, &bind) ? -errno : 0;
	pthread_join(thread, NULL);
	CHECK_EQ(ending->release, SVA_RELEASE_NEITHER);
	misbehave("none");
	if (!result)
		context_unbind(waiter, bind.pasid, 0);
	if (!result || bind.reason == SVA_REASON_RESETTING)
		return false;
	CHECK_EQ(result, -EBUSY);
	CHECK_EQ(bind.reason, SVA_REASON_PASID_QUARANTINED);
	return true;
}

/* When it is refused, there is nobody left to begin the reset but it */
TEST(R3, device_resets_itself_after_a_bind_that_its_quarantine_refused)
{
	struct ending ending = { .node = node_open(), .ctx = -1 };
	int waiter = -1;
	bool met;

	do {
		close(waiter);
		close(ending.ctx);
		ending.ctx = context_bound(ending.node, &ending.id, &ending.pasid);
		ending.over = false;
		waiter = context_create(ending.node, getpid(), NULL);
		met = bind_meets_end(&ending, waiter);
		CHECK(wait_until(nothing_is_quarantined, NULL, PATIENCE_MS),
		      "an idle device keeps it");
	} while (!met);
	event_await(ending.node, SVA_EVENT_RELEASED, ending.id);
	event_await(ending.node, SVA_EVENT_RESET, 0);
	context_bind(waiter);
}

static bool quarantine_ends_with_a_context(void *node)
{
	close(context_create(*(int *)node, getpid(), NULL));
	return !attribute_read("quarantined");
}

/* R8: or anybody whom it refuses could keep it from everybody, by asking again and again */
TEST(R8, reset_that_failed_is_not_tried_again_at_once_and_is_later)
{
	struct sva_device_reset reset = { .argsz = sizeof(reset) };
	int node = node_open(), ctx;
	struct puppet victim;
	uint64_t id;

	victim_make(&victim, node, "hold");
	CHECK_EQ(event_await(node, SVA_EVENT_RESET, 0).reason, SVA_REASON_PROVIDER);
	ctx = context_create(node, getpid(), &id);
	close(ctx);
	event_await(node, SVA_EVENT_ENDED, id);
	victim_is_refused(&victim, node);
	/* by itself it would have been the first, or under way */
	ACCEPTED(node, SVA_DEVICE_RESET, &reset);
	CHECK_EQ(attribute_read("quarantined"), 1);
	CHECK_EQ(event_await(node, SVA_EVENT_RESET, 0).reason, SVA_REASON_PROVIDER);
	misbehave("none");
	CHECK(wait_until(quarantine_ends_with_a_context, &node, PATIENCE_MS), "it never is");
	CHECK_EQ(event_await(node, SVA_EVENT_RESET, 0).reason, SVA_REASON_NONE);
	victim_is_served(&victim, node);
	puppet_end(&victim);
}

/* ------------------------------------------------------------------ late */

TEST(R3, late_evidence_releases_and_its_process_binds_again)
{
	struct sva_event event;
	struct puppet victim;
	struct stage stage;

	stage_set(&stage);
	victim_make(&victim, stage.node, "late");
	misbehave("none");
	event = event_await(stage.node, SVA_EVENT_RELEASED, victim.bind[0].id);
	CHECK_EQ(event.pasid, victim.bind[0].pasid);
	CHECK_EQ(event.release, SVA_RELEASE_CLEAN);
	CHECK(!context_listed(stage.node, victim.bind[0].id, NULL), "it is still listed");
	CHECK_EQ(attribute_read("quarantined"), 0);
	victim_is_served(&victim, stage.node);
	CHECK_EQ(victim.bind[1].pasid, victim.bind[0].pasid);
	CHECK_EQ(attribute_read("device/landed"), 0);
	puppet_end(&victim);
	stage_clear(&stage);
}

static void forget_victim(struct puppet *victims, int count, uint64_t id)
{
	for (int i = 0; i < count; i++) {
		if (victims[i].bind[0].id == id) {
			victims[i].bind[0].id = 0;
			return;
		}
	}
	FAIL("context %llu is none of those that are to be released", (unsigned long long)id);
}

TEST(R3, late_evidence_of_the_dead_releases)
{
	struct puppet victims[8];
	struct stage stage;

	stage_set(&stage);
	misbehave("late");
	for (int i = 0; i < 8; i++) {
		puppet_start(&victims[i]);
		puppet_bind(&victims[i], stage.node);
		puppet_compute(&victims[i], 0);
	}
	for (int i = 0; i < 8; i++)
		puppet_kill(&victims[i]);
	/* in any order, each once */
	for (int i = 0; i < 8; i++)
		forget_victim(victims, 8, event_await(stage.node, SVA_EVENT_RELEASED, 0).context);
	CHECK_EQ(attribute_read("quarantined"), 0);
	CHECK_EQ(attribute_read("device/landed"), 0);
	stage_clear(&stage);
}

/* ---------------------------------------------------------- never, mute */

/* One context each; what its end is found to be */
static uint32_t found(int node, uint32_t claim)
{
	struct puppet puppet;
	uint32_t release;

	puppet_start(&puppet);
	puppet_bind(&puppet, node);
	release = puppet_unbind(&puppet, 0, claim);
	puppet_end(&puppet);
	return release;
}

TEST(R4, stop_that_times_out_is_neither_whatever_is_claimed)
{
	struct stage stage;

	stage_set(&stage);
	misbehave("never");
	for (int trust = 0; trust < 2; trust++) {
		attribute_write("trust_users", trust ? "1" : "0");
		CHECK_EQ(found(stage.node, 0), SVA_RELEASE_NEITHER);
		CHECK_EQ(found(stage.node, FLUSHED), SVA_RELEASE_NEITHER);
		CHECK_EQ(found(stage.node, CLEAN), SVA_RELEASE_NEITHER);
	}
	attribute_write("trust_users", "0");
	CHECK_EQ(attribute_read("quarantined"), 6);
	stage_clear(&stage);
}

TEST(R4, stop_that_times_out_is_bounded)
{
	struct stage stage;
	uint64_t start, took;

	stage_set(&stage);
	misbehave("never");
	start = now_ns();
	CHECK_EQ(found(stage.node, CLEAN), SVA_RELEASE_NEITHER);
	took = (now_ns() - start) / 1000000;
	CHECK(took < 10000ull * (unsigned int)test_scale(), "it took %llu ms",
	      (unsigned long long)took);
	stage_clear(&stage);
}

TEST(R4, mute_device_is_neither_unless_users_are_trusted)
{
	struct stage stage;

	stage_set(&stage);
	misbehave("mute");
	CHECK_EQ(attribute_read("trust_users"), 0);
	CHECK_EQ(found(stage.node, 0), SVA_RELEASE_NEITHER);
	CHECK_EQ(found(stage.node, FLUSHED), SVA_RELEASE_NEITHER);
	CHECK_EQ(found(stage.node, CLEAN), SVA_RELEASE_NEITHER);
	CHECK_EQ(attribute_read("quarantined"), 3);
	stage_clear(&stage);
}

TEST(R4, trusted_claims_stand_in_for_a_mute_device)
{
	struct stage stage;

	stage_set(&stage);
	misbehave("mute");
	attribute_write("trust_users", "1");
	CHECK_EQ(found(stage.node, FLUSHED), SVA_RELEASE_FLUSHED);
	CHECK_EQ(found(stage.node, CLEAN), SVA_RELEASE_CLEAN);
	CHECK_EQ(attribute_read("quarantined"), 0);
	CHECK_EQ(found(stage.node, 0), SVA_RELEASE_NEITHER);
	CHECK_EQ(attribute_read("quarantined"), 1);
	attribute_write("trust_users", "0");
	stage_clear(&stage);
}

TEST(R4, death_claims_nothing_even_where_users_are_trusted)
{
	struct sva_event event;
	struct puppet victim;
	struct stage stage;

	stage_set(&stage);
	misbehave("mute");
	attribute_write("trust_users", "1");
	puppet_start(&victim);
	puppet_bind(&victim, stage.node);
	puppet_kill(&victim);
	event = event_await(stage.node, SVA_EVENT_ENDED, victim.bind[0].id);
	CHECK_EQ(event.release, SVA_RELEASE_NEITHER);
	attribute_write("trust_users", "0");
	stage_clear(&stage);
}

TEST(R4, claims_raise_the_evidence_in_no_mode)
{
	static const char *const modes[] = { "hold", "stale", "late" };
	struct stage stage;

	stage_set(&stage);
	attribute_write("trust_users", "1");
	for (int i = 0; i < 3; i++) {
		misbehave(modes[i]);
		CHECK_EQ(found(stage.node, CLEAN), SVA_RELEASE_NEITHER);
		CHECK_EQ(found(stage.node, FLUSHED), SVA_RELEASE_NEITHER);
	}
	attribute_write("trust_users", "0");
	stage_clear(&stage);
}

TEST(R4, trust_in_users_does_not_raise_evidence_either)
{
	struct stage stage;

	stage_set(&stage);
	attribute_write("trust_users", "1");
	CHECK_EQ(found(stage.node, 0), SVA_RELEASE_CLEAN);
	CHECK_EQ(found(stage.node, FLUSHED), SVA_RELEASE_FLUSHED);
	attribute_write("trust_users", "0");
	stage_clear(&stage);
}

/* -------------------------------------------------------------- siblings */

TEST(R3, context_that_ended_in_neither_blocks_binds_while_its_sibling_lives)
{
	static const char *const modes[] = { "hold", "stale", "never" };

	for (int i = 0; i < 3; i++) {
		struct puppet family;
		struct stage stage;

		stage_set(&stage);
		puppet_start(&family);
		puppet_bind(&family, stage.node);
		puppet_bind(&family, stage.node);
		CHECK_EQ(family.bind[0].pasid, family.bind[1].pasid);
		misbehave(modes[i]);
		CHECK_EQ(puppet_unbind(&family, 0, CLEAN), SVA_RELEASE_NEITHER);
		misbehave("none");
		puppet_compute(&family, 1);
		victim_is_refused(&family, stage.node);
		CHECK_EQ(puppet_unbind(&family, 1, 0), SVA_RELEASE_CLEAN);
		victim_is_refused(&family, stage.node);
		device_reset(stage.node);
		victim_is_served(&family, stage.node);
		puppet_end(&family);
		stage_clear(&stage);
	}
}

TEST(R3, late_evidence_lets_binds_in_beside_a_living_sibling)
{
	struct puppet family;
	struct stage stage;

	stage_set(&stage);
	puppet_start(&family);
	puppet_bind(&family, stage.node);
	puppet_bind(&family, stage.node);
	misbehave("late");
	CHECK_EQ(puppet_unbind(&family, 0, 0), SVA_RELEASE_NEITHER);
	misbehave("none");
	event_await(stage.node, SVA_EVENT_RELEASED, family.bind[0].id);
	puppet_compute(&family, 1);
	victim_is_served(&family, stage.node);
	CHECK_EQ(family.bind[2].pasid, family.bind[1].pasid);
	puppet_end(&family);
	/* a ghost under a PASID that its living sibling has: it may access, as that does */
	stage_clear(&stage);
}

/* ---------------------------------------------------------------- limits */

#define ACCOUNT_LIMIT "/sys/module/sva/parameters/max_quarantined_per_account"

static void quarantine_one(int node, uint32_t account)
{
	struct puppet victim;

	puppet_start(&victim);
	CHECK_EQ(puppet_try(&victim, node, account), 0);
	misbehave("hold");
	puppet_kill(&victim);
	event_await(node, SVA_EVENT_QUARANTINED, victim.bind[0].id);
	misbehave("none");
}

TEST(R8, account_with_too_much_in_quarantine_binds_no_more_and_others_do)
{
	long limit = number_read(ACCOUNT_LIMIT);
	char text[32];
	struct puppet puppet;
	struct stage stage;

	CHECK(limit > 0, "there is no limit");
	MUST(text_write(ACCOUNT_LIMIT, "3"));
	stage_set(&stage);
	puppet_start(&puppet);
	for (int i = 0; i < 3; i++)
		quarantine_one(stage.node, 1000);
	PUPPET_REFUSED(&puppet, stage.node, 1000, ENOSPC, SVA_REASON_QUARANTINE_ACCOUNT);
	CHECK_EQ(puppet_try(&puppet, stage.node, 1001), 0);
	puppet_compute(&puppet, 0);
	device_reset(stage.node);
	CHECK_EQ(puppet_try(&puppet, stage.node, 1000), 0);
	puppet_end(&puppet);
	snprintf(text, sizeof(text), "%ld", limit);
	MUST(text_write(ACCOUNT_LIMIT, text));
	stage_clear(&stage);
}

TEST_FOR("soft", R8, quarantine_of_an_account_counts_over_all_devices, 120)
{
	struct puppet puppet, second;
	struct stage stage;
	int other;

	provider_reload("devices=2");
	MUST(text_write(ACCOUNT_LIMIT, "3"));
	puppet_start(&puppet);
	puppet_start(&second);
	other = device_use("soft1");
	puppet_bind(&second, other);
	quarantine_one(other, 1000);
	device_use("soft0");
	stage_set(&stage);
	quarantine_one(stage.node, 1000);
	quarantine_one(stage.node, 1000);
	PUPPET_REFUSED(&puppet, stage.node, 1000, ENOSPC, SVA_REASON_QUARANTINE_ACCOUNT);
	PUPPET_REFUSED(&puppet, other, 1000, ENOSPC, SVA_REASON_QUARANTINE_ACCOUNT);
	CHECK_EQ(puppet_try(&puppet, other, 1001), 0);
	stage_clear(&stage);
	CHECK_EQ(puppet_try(&puppet, other, 1000), 0);
	puppet_end(&puppet);
	puppet_end(&second);
	MUST(text_write(ACCOUNT_LIMIT, "64"));
	provider_reload("");
}

TEST_WITHIN(R8, device_full_of_quarantine_takes_no_more, 120)
{
	struct puppet puppet;
	struct stage stage;
	uint32_t limit;

	provider_reload("contexts=8");
	stage_set(&stage);
	limit = device_info(stage.node).max_quarantined;
	CHECK(limit < 8, "the limit %u leaves no room", limit);
	puppet_start(&puppet);
	for (uint32_t i = 0; i < limit; i++)
		quarantine_one(stage.node, i);
	PUPPET_REFUSED(&puppet, stage.node, 999, ENOSPC, SVA_REASON_QUARANTINE_FULL);
	puppet_compute(&stage.bystander, 0);
	device_reset(stage.node);
	CHECK_EQ(puppet_try(&puppet, stage.node, 999), 0);
	puppet_end(&puppet);
	stage_clear(&stage);
	provider_reload("");
}

/* ------------------------------------------------------------- laundering */

static bool pasid_is_had(void *arg)
{
	struct puppet *wanted = arg;

	return newcomers_get(node_open(), wanted->bind[0].pasid);
}

/*
 * soft0 leaves without a reset that worked: its quarantine stays, soft1 refuses
 * the process, and sva.ko cannot go.  When soft0 registers again it is reset.
 */
TEST_FOR("soft", R3, quarantine_outlives_a_driver_that_is_unbound_without_reset, 120)
{
	struct puppet victim, dead;
	struct stage stage;
	int other;

	provider_reload("devices=2");
	stage_set(&stage);
	victim_make(&victim, stage.node, "hold");
	puppet_start(&dead);
	puppet_bind(&dead, stage.node);
	puppet_kill(&dead);
	event_await(stage.node, SVA_EVENT_QUARANTINED, dead.bind[0].id);
	device_remove();

	other = device_use("soft1");
	victim_is_refused(&victim, other);
	others_compute(other, dead.bind[0].pasid);

	unsetenv("SVA_TEST_DEVICE");
	device_return();
	CHECK_EQ(attribute_read("quarantined"), 0);
	victim_is_served(&victim, other);
	CHECK(wait_until(pasid_is_had, &dead, PATIENCE_MS), "PASID %u never came back",
	      dead.bind[0].pasid);
	puppet_end(&victim);
	puppet_end(&stage.bystander);
	provider_reload("");
}

/* A driver that resets well when it leaves takes its quarantine with it */
TEST_WITHIN(R3, quarantine_ends_with_a_driver_that_resets_when_it_leaves, 120)
{
	struct puppet victim;
	struct stage stage;

	stage_set(&stage);
	victim_make(&victim, stage.node, "stale");
	misbehave("none");
	device_remove();
	device_return();
	close(stage.node);
	victim_is_served(&victim, node_open());
	puppet_end(&victim);
	puppet_end(&stage.bystander);
	CHECK_EQ(attribute_read("device/landed"), 0);
}

static bool core_is_unloaded(void *arg)
{
	(void)arg;
	return module_unload("sva") == 0;
}

static bool provider_is_gone(void *module)
{
	return module_unload(module) == -ENOENT;
}

/* The provider's module goes and comes; the core, which remembers, must not go between */
TEST_WITHIN(R3, quarantine_outlives_the_module_of_its_device, 120)
{
	char *module = strdup(provider_module());
	struct puppet victim;
	struct stage stage;
	bool released;

	stage_set(&stage);
	victim_make(&victim, stage.node, "hold");
	close(stage.node);
	CHECK(wait_until(provider_is_gone, module, PATIENCE_MS), "%s stays loaded", module);
	CHECK_EQ(module_unload("sva"), -EWOULDBLOCK);
	misbehave_ends_without_driver();
	CHECK_EQ(module_load(module, ""), 0);
	/* registered anew, and so reset */
	stage.node = node_open();
	released = puppet_try(&victim, stage.node, 0) == 0;
	close(stage.node);
	puppet_end(&victim);
	puppet_end(&stage.bystander);
	CHECK(wait_until(provider_is_gone, module, PATIENCE_MS), "%s stays loaded", module);
	released &= wait_until(core_is_unloaded, NULL, PATIENCE_MS);
	if (module_unload("sva") == -ENOENT)
		CHECK_EQ(module_load("sva", ""), 0);
	CHECK_EQ(module_load(module, ""), 0);
	free(module);
	CHECK(released, "re-registered and reset, but the quarantine stays");
}
