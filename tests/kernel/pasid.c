// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pasid.c - narrow PASID spaces, and the modules' own coming and going
 *
 * Each test loads sva_soft anew with the parameters that it needs; svad, if it
 * runs, keeps running and follows.  The last test leaves the defaults.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TEST_DEVICE "soft"	/* made anew with other parameters */

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "ring.h"

static bool node_is_there(void *arg)
{
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "/dev/sva/%s", device_name());
	return attribute_read("contexts") == 0 && access(path, F_OK) == 0;
}

static void load_unless_loaded(const char *name)
{
	int result = module_load(name, "");

	CHECK(result == 0 || result == -EEXIST, "loading %s: %s", name, strerror(-result));
}

/* sva_soft with other parameters; the other two modules stay */
static void reload(const char *parameters)
{
	int result;

	CHECK(wait_until(module_is_unloaded, "sva_soft", PATIENCE_MS), "sva_soft stays loaded");
	load_unless_loaded("sva");
	load_unless_loaded("sva_softiommu");
	result = module_load("sva_soft", parameters);
	CHECK(result == 0, "sva_soft %s: %s", parameters, strerror(-result));
	CHECK(wait_until(node_is_there, NULL, PATIENCE_MS), "the device did not come");
}

/* A process with a context that it tries to bind: how that went */
struct holder {
	struct child child;
	uint64_t id;
	int result;
	uint32_t reason;
	uint32_t pasid;
};

static void try_bind_and_wait(int line, void *arg)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	int ctx = fd_receive(line);
	int result;

	(void)arg;
	result = call(ctx, SVA_BIND_TASK, &bind);
	word_send(line, (uint64_t)-result);
	word_send(line, bind.reason);
	word_send(line, bind.pasid);
	word_receive(line);
}

static void holder_start(struct holder *holder, int node)
{
	int ctx;

	child_start(&holder->child, try_bind_and_wait, NULL);
	ctx = context_create(node, holder->child.pid, &holder->id);
	fd_send(holder->child.line, ctx);
	close(ctx);
	holder->result = -(int)word_receive(holder->child.line);
	holder->reason = (uint32_t)word_receive(holder->child.line);
	holder->pasid = (uint32_t)word_receive(holder->child.line);
}

static void holder_stop(struct holder *holder, int node)
{
	word_send(holder->child.line, 0);
	child_join(&holder->child);
	event_await(node, SVA_EVENT_ENDED, holder->id);
}

#define NARROW_BITS 3
#define NARROW_PASIDS 7		/* 1 to 7; 0 is what requests without PASID have */

/*
 * All of a narrow space, each number once.  A PASID of a process that has ended
 * may still be on its way back (lazy TLB): nobody's here, and not free either.
 * So this waits for it.
 */
struct filling {
	struct holder holders[NARROW_PASIDS];
	int node;
	int count;
};

static bool is_exhausted(uint32_t reason)
{
	return reason == SVA_REASON_PASID_EXHAUSTED || reason == SVA_REASON_PASID_TAKEN;
}

static bool space_is_full(void *arg)
{
	struct filling *filling = arg;
	struct holder *holder = &filling->holders[filling->count];

	holder_start(holder, filling->node);
	if (holder->result == 0) {
		filling->count++;
	} else {
		CHECK_EQ(holder->result, -ENOSPC);
		CHECK(is_exhausted(holder->reason), "reason %u", holder->reason);
		holder_stop(holder, filling->node);
	}
	return filling->count == NARROW_PASIDS;
}

static void fill_space(struct filling *filling, int node)
{
	unsigned int seen = 0;

	filling->node = node;
	filling->count = 0;
	CHECK(wait_until(space_is_full, filling, PATIENCE_MS), "only %d PASIDs to be had",
	      filling->count);
	for (int i = 0; i < NARROW_PASIDS; i++) {
		uint32_t pasid = filling->holders[i].pasid;

		CHECK(pasid >= 1 && pasid < 1u << NARROW_BITS, "PASID %u", pasid);
		CHECK(!(seen & 1u << pasid), "PASID %u twice", pasid);
		seen |= 1u << pasid;
	}
}

static void none_is_left(int node)
{
	struct holder late;

	holder_start(&late, node);
	CHECK_EQ(late.result, -ENOSPC);
	CHECK_EQ(late.reason, SVA_REASON_PASID_EXHAUSTED);
	holder_stop(&late, node);
}

struct refill {
	struct holder holder;
	int node;
};

static bool one_is_had(void *arg)
{
	struct refill *refill = arg;

	holder_start(&refill->holder, refill->node);
	if (refill->holder.result == 0)
		return true;
	CHECK(is_exhausted(refill->holder.reason), "reason %u", refill->holder.reason);
	holder_stop(&refill->holder, refill->node);
	return false;
}

TEST(R8, narrow_space_runs_out_and_comes_back)
{
	struct refill refill;
	struct filling filling;
	uint32_t freed;
	int node;

	reload("pasid_bits=3");
	CHECK_EQ(attribute_read("pasid_bits"), NARROW_BITS);
	node = node_open();
	CHECK_EQ(device_info(node).pasid_bits, NARROW_BITS);
	fill_space(&filling, node);
	none_is_left(node);
	freed = filling.holders[3].pasid;
	child_kill(&filling.holders[3].child);
	event_await(node, SVA_EVENT_ENDED, filling.holders[3].id);
	refill.node = node;
	CHECK(wait_until(one_is_had, &refill, PATIENCE_MS), "PASID %u never came back", freed);
	CHECK_EQ(refill.holder.pasid, freed);
	none_is_left(node);
	holder_stop(&refill.holder, node);
	for (int i = 0; i < NARROW_PASIDS; i++)
		if (i != 3)
			holder_stop(&filling.holders[i], node);
}

TEST(R8, narrow_space_can_be_used_up_again_and_again)
{
	struct filling filling;
	int node;

	reload("pasid_bits=3");
	node = node_open();
	for (int round = 0; round < 5; round++) {
		fill_space(&filling, node);
		for (int i = 0; i < NARROW_PASIDS; i++)
			child_kill(&filling.holders[i].child);
		/* in any order */
		for (int i = 0; i < NARROW_PASIDS; i++)
			event_await(node, SVA_EVENT_ENDED, 0);
	}
}

/* Where reuse would be the only way to serve the next process, it is refused */
TEST(R3, quarantine_holds_even_when_nothing_else_is_left)
{
	struct filling filling, again;
	int node;

	reload("pasid_bits=3");
	node = node_open();
	fill_space(&filling, node);
	misbehave("hold");
	for (int i = 1; i < NARROW_PASIDS; i++) {
		child_kill(&filling.holders[i].child);
		event_await(node, SVA_EVENT_QUARANTINED, filling.holders[i].id);
	}
	misbehave("none");
	CHECK_EQ(device_info(node).quarantined, NARROW_PASIDS - 1);
	for (int i = 0; i < 10; i++)
		none_is_left(node);
	device_reset(node);
	word_send(filling.holders[0].child.line, 0);
	child_join(&filling.holders[0].child);
	CHECK_EQ(device_info(node).quarantined, 0);
	fill_space(&again, node);
	for (int i = 0; i < NARROW_PASIDS; i++)
		holder_stop(&again.holders[i], node);
}

static void wide_then_narrow(int line, void *arg)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	int narrow, ctx;
	uint32_t wide;

	(void)line;
	(void)arg;
	narrow = node_open();
	setenv("SVA_TEST_DEVICE", "soft1", 1);
	context_bound(node_open(), NULL, &wide);
	CHECK(wide >= 1u << NARROW_BITS, "PASID %u fits the narrow device", wide);
	ctx = context_create(narrow, getpid(), NULL);
	REFUSED(ctx, SVA_BIND_TASK, &bind, EOVERFLOW, SVA_REASON_PASID_TOO_WIDE);
}

TEST(R7, pasid_too_wide_for_a_device_is_told)
{
	struct filling filling;
	struct child child;
	int node;

	reload("devices=2 pasid_bits=3,16");
	node = node_open();
	fill_space(&filling, node);
	child_start(&child, wide_then_narrow, NULL);
	child_join(&child);
	for (int i = 0; i < NARROW_PASIDS; i++)
		holder_stop(&filling.holders[i], node);
}

static void uses_device(int line, void *arg)
{
	char from[64] = "any device", to[64] = "";
	struct queue queue;

	(void)line;
	setenv("SVA_TEST_DEVICE", arg, 1);
	queue_open(&queue);
	queue_succeed(&queue, job_memmove(to, from, sizeof(from)));
	CHECK(!strcmp(from, to), "the job went wrong");
	for (int i = 0; i < 1000; i++)
		queue_succeed(&queue, job_nop());
	queue_close(&queue);
}

TEST(R7, several_devices_with_parameters_of_their_own)
{
	char *names[] = { "soft0", "soft1", "soft2" };
	struct child children[3];
	struct sva_type_info type = { .argsz = sizeof(type) };

	reload("devices=3 contexts=5 ring_entries=16");
	ACCEPTED(node_open(), SVA_DEVICE_GET_TYPE_INFO, &type);
	CHECK_EQ(type.total, 5);
	for (int i = 0; i < 3; i++)
		child_start(&children[i], uses_device, names[i]);
	for (int i = 0; i < 3; i++)
		child_join(&children[i]);
}

TEST(R7, parameters_out_of_range_are_refused)
{
	static const char *const wrong[] = {
		"devices=0", "devices=17", "contexts=0", "contexts=65537", "ring_entries=0",
		"ring_entries=3", "ring_entries=8", "ring_entries=131072", "ring_entries=100",
		"pasid_bits=21", "devices=2 pasid_bits=3,21", "devices=-1",
	};

	CHECK(wait_until(module_is_unloaded, "sva_soft", PATIENCE_MS), "sva_soft stays loaded");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(module_load("sva_soft", wrong[i]) == -EINVAL, "'%s' was accepted", wrong[i]);
	reload("");
}

TEST(R5, modules_refuse_to_be_unloaded_in_the_wrong_order)
{
	reload("");
	CHECK_EQ(module_unload("sva"), -EWOULDBLOCK);
	CHECK_EQ(module_unload("sva_softiommu"), -EWOULDBLOCK);
	CHECK_EQ(attribute_read("contexts"), 0);
	close(context_bound(node_open(), NULL, NULL));
}

static void outlives_its_module(int line, void *arg)
{
	struct queue queue;

	(void)arg;
	queue_open(&queue);
	word_send(line, queue.id);
	event_await(queue.ctx, SVA_EVENT_GONE, 0);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_GONE);
	word_send(line, 0);
	word_receive(line);
}

/* The module of the device may go under its users; that which serves their descriptors may not */
TEST(R6, unloading_the_provider_is_removal_and_the_core_stays_while_it_is_used)
{
	struct child child;

	reload("");
	child_start(&child, outlives_its_module, NULL);
	word_receive(child.line);
	CHECK_EQ(module_unload("sva_soft"), 0);
	word_receive(child.line);
	CHECK_EQ(module_unload("sva"), -EWOULDBLOCK);
	word_send(child.line, 0);
	child_join(&child);
	reload("");
}

TEST_WITHIN(R5, all_three_modules_unload_and_load_again, 120)
{
	for (int round = 0; round < 3; round++) {
		int node = node_open();

		close(context_bound(node, NULL, NULL));
		close(node);
		CHECK(wait_until(module_is_unloaded, "sva_soft", PATIENCE_MS), "sva_soft stays");
		CHECK(wait_until(module_is_unloaded, "sva_softiommu", PATIENCE_MS),
		      "sva_softiommu stays");
		CHECK(wait_until(module_is_unloaded, "sva", PATIENCE_MS), "sva stays");
		reload("");
	}
}

static void busy_when_the_module_goes(int line, void *arg)
{
	unsigned char *cold = pages_alloc(16 << 20);
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job = job_fill(cold, 1, 16 << 20);
	struct queue queue;

	(void)arg;
	queue_open(&queue);
	job.completion = (uintptr_t)&done;
	CHECK(ring_try_put(&queue.ring, &job), "no job can be put");
	ring_kick(&queue.ring);
	word_send(line, queue.id);
	while (ring_try_put(&queue.ring, &job))
		ring_kick(&queue.ring);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_GONE);
}

TEST_WITHIN(R5, provider_is_unloaded_under_load, 120)
{
	for (int round = 0; round < 5; round++) {
		struct child children[3];

		reload("");
		for (int i = 0; i < 3; i++) {
			child_start(&children[i], busy_when_the_module_goes, NULL);
			word_receive(children[i].line);
		}
		CHECK_EQ(module_unload("sva_soft"), 0);
		for (int i = 0; i < 3; i++)
			child_join(&children[i]);
	}
	reload("");
}
