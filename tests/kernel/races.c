// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * races.c - every pair of operations on one context, at the same moment
 *
 *	races [--rounds N] [--delay US] [PATTERN...]	N rounds a pair (20)
 *
 * Two threads on two processors do one of the pair each, at once, with a delay before
 * either that is another one in each round; on the debug kernel with delays inside the
 * calls, too (kernel/core/race.h).  Whoever comes second is refused by an error that fits,
 * nothing is left (R5), and the device serves the next context.  A test is a row of the
 * matrix: one operation with itself and all those behind it in the list.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "options.h"
#include "process.h"
#include "ring.h"
#include "kernel/test/sva_test.h"

#define PAGE 4096
#define SPIN_MAX 20000		/* turns of an empty loop before an operation */

static uint64_t rounds = 20;
static uint64_t delay_us = 300;

OPTION("--rounds", rounds)
OPTION("--delay", delay_us)

/* ------------------------------------------------------------------- round */

/* What the two work on: one context of this process, with all that belongs to it */
struct round {
	int node;
	int ctx;
	uint64_t id;
	uint32_t pasid;
	int holders;
	uint32_t holder;
	bool mapped;
	bool closed;		/* close took ctx away */
	struct ring ring;
	uint8_t *cold;
};

static struct round now;

/* Errors by which a call may be told that it came too late, or too early */
static void check_late(const char *what, int result)
{
	static const int late[] = {
		EPERM, EBUSY, ENODEV, ENOENT, EBADF, EAGAIN, ENOTCONN, EINVAL, EINTR, ENOSPC,
	};

	if (result >= 0)
		return;
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++)
		if (result == -late[i])
			return;
	FAIL("%s: %s", what, strerror(-result));
}

static void op_bind(void)
{
	struct sva_bind_task arg = { .argsz = sizeof(arg) };

	check_late("bind", call(now.ctx, SVA_BIND_TASK, &arg));
}

static void op_unbind(void)
{
	struct sva_unbind_task arg = { .argsz = sizeof(arg), .pasid = now.pasid };

	check_late("unbind", call(now.ctx, SVA_UNBIND_TASK, &arg));
}

static void op_close(void)
{
	if (!__atomic_exchange_n(&now.closed, true, __ATOMIC_SEQ_CST))
		close(now.ctx);
}

static void op_mmap(void)
{
	struct sva_region_info info = { .argsz = sizeof(info), .index = SVA_ACCEL_REGION_RING };
	int result = call(now.ctx, SVA_CONTEXT_GET_REGION_INFO, &info);
	void *p;

	check_late("region info", result);
	if (result)
		return;
	p = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, now.ctx,
		 (off_t)info.offset);
	if (p == MAP_FAILED) {
		check_late("mmap", -errno);
		return;
	}
	*(volatile uint8_t *)p = 1;
	munmap(p, info.size);
}

/* The device asks for a page that is not there, and the CPU for one of the doorbell */
static void op_fault(void)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job;

	if (!now.mapped)
		return;
	done.status = SVA_ACCEL_PENDING;
	job = job_fill(now.cold, 0x55, PAGE);
	job.completion = (uintptr_t)&done;
	now.ring.desc[now.ring.tail & (now.ring.entries - 1)] = job;
	ring_write_tail(&now.ring, ++now.ring.tail);
}

static void op_read(void)
{
	struct sva_event events[4];
	char byte;

	if (read(now.ctx, events, sizeof(events)) < 0)
		check_late("read of events", -errno);
	if (pread(now.ctx, &byte, 1, PAGE) < 0)
		check_late("pread", -errno);
}

static void op_poll(void)
{
	struct pollfd p = { .fd = now.ctx, .events = POLLIN };

	MUST(poll(&p, 1, 0));
}

static void op_pin(void)
{
	struct sva_pin arg = {
		.argsz = sizeof(arg), .flags = SVA_PIN_READ | SVA_PIN_WRITE,
		.address = (uintptr_t)now.cold, .size = PAGE,
	};

	check_late("pin", call(now.ctx, SVA_CONTEXT_PIN, &arg));
}

static void op_get(void)
{
	struct sva_test_hold arg = { .fd = now.ctx };

	check_late("get", call(now.holders, SVA_TEST_HOLD, &arg));
}

static void op_put(void)
{
	struct sva_test_status arg = { .holder = now.holder };

	check_late("put", call(now.holders, SVA_TEST_PUT, &arg));
}

static void op_revoke(void)
{
	struct sva_revoke_context arg = { .argsz = sizeof(arg), .id = now.id };

	check_late("revoke", call(now.node, SVA_DEVICE_REVOKE_CONTEXT, &arg));
}

static void op_reset(void)
{
	struct sva_device_reset arg = { .argsz = sizeof(arg) };

	check_late("reset", call(now.node, SVA_DEVICE_RESET, &arg));
}

static void op_remove(void)
{
	check_late("remove", device_try_remove());
}

/* All of the process, whatever its other thread is in */
static void op_exit(void)
{
	_exit(0);
}

enum op {
	OP_BIND, OP_UNBIND, OP_CLOSE, OP_MMAP, OP_FAULT, OP_EXIT, OP_REVOKE, OP_RESET, OP_REMOVE,
	OP_READ, OP_POLL, OP_PIN, OP_GET, OP_PUT, NUM_OPS,
};

static const struct {
	const char *name;
	void (*run)(void);
} ops[] = {
	[OP_BIND] = { "bind", op_bind }, [OP_UNBIND] = { "unbind", op_unbind },
	[OP_CLOSE] = { "close", op_close }, [OP_MMAP] = { "mmap", op_mmap },
	[OP_FAULT] = { "fault", op_fault }, [OP_EXIT] = { "exit", op_exit },
	[OP_REVOKE] = { "revoke", op_revoke }, [OP_RESET] = { "reset", op_reset },
	[OP_REMOVE] = { "remove", op_remove }, [OP_READ] = { "read", op_read },
	[OP_POLL] = { "poll", op_poll }, [OP_PIN] = { "pin", op_pin },
	[OP_GET] = { "get", op_get }, [OP_PUT] = { "put", op_put },
};

static bool among(const enum op pair[2], enum op op)
{
	return pair[0] == op || pair[1] == op;
}

/* ----------------------------------------------------------- before, after */

static void stage_bind(const enum op pair[2])
{
	struct sva_test_hold hold = { .fd = now.ctx };

	if (among(pair, OP_BIND))
		return;
	now.pasid = context_bind(now.ctx);
	if (among(pair, OP_FAULT)) {
		ring_open(&now.ring, now.ctx);
		now.mapped = true;
	}
	if (among(pair, OP_PUT)) {
		CHECK_EQ(call(now.holders, SVA_TEST_HOLD, &hold), 0);
		now.holder = hold.holder;
	}
}

static bool is_usable(void *arg)
{
	struct sva_create_context create = { .argsz = sizeof(create), .owner = getpid() };
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	int node = *(int *)arg, result;

	CHECK_EQ(call(node, SVA_DEVICE_CREATE_CONTEXT, &create), 0);
	result = call(create.fd, SVA_BIND_TASK, &bind);
	close(create.fd);
	CHECK(!result || result == -EBUSY, "bind: %s, reason %u", strerror(-result), bind.reason);
	return !result;
}

static void stage_set(const enum op pair[2])
{
	memset(&now, 0, sizeof(now));
	now.node = node_open();
	if (among(pair, OP_RESET))
		CHECK(wait_until(is_usable, &now.node, PATIENCE_MS), "it is being reset for ever");
	now.ctx = context_create(now.node, getpid(), &now.id);
	fcntl(now.ctx, F_SETFL, O_NONBLOCK);
	now.holders = among(pair, OP_GET) || among(pair, OP_PUT) ?
		      (int)MUST(open("/dev/sva_test", O_RDWR | O_CLOEXEC)) : -1;
	now.cold = pages_alloc(PAGE);
	stage_bind(pair);
}

static bool has_gone(void *arg)
{
	struct round *round = arg;
	struct sva_context_entry entry;
	struct sva_list_contexts list = {
		.argsz = sizeof(list), .after = round->id - 1, .count = 1,
		.entries = (uintptr_t)&entry, .entry_size = sizeof(entry),
	};

	if (call(round->node, SVA_DEVICE_LIST_CONTEXTS, &list))
		return true;
	return !list.count || entry.id != round->id;
}

static void stage_clear(const enum op pair[2])
{
	if (now.holders >= 0)
		close(now.holders);
	if (now.mapped)
		ring_close(&now.ring);
	op_close();
	CHECK(wait_until(has_gone, &now, PATIENCE_MS), "%s and %s: the context has not ended",
	      ops[pair[0]].name, ops[pair[1]].name);
	munmap(now.cold, PAGE);
	close(now.node);
	if (among(pair, OP_REMOVE))
		device_return();
}

/* -------------------------------------------------------------------- race */

/* One of the two threads */
struct racer {
	pthread_t thread;
	enum op op;
	unsigned int cpu;
	uint64_t random;
	pthread_barrier_t *start, *end;
	bool *over;
};

static uint64_t next_random(uint64_t *random)
{
	/* xorshift64* */
	*random ^= *random >> 12;
	*random ^= *random << 25;
	*random ^= *random >> 27;
	return *random * 0x2545f4914f6cdd1dull;
}

static void pin_to(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *racer_main(void *arg)
{
	struct racer *racer = arg;

	pin_to(racer->cpu);
	for (;;) {
		uint64_t spin;

		pthread_barrier_wait(racer->start);
		if (*racer->over)
			return NULL;
		spin = (next_random(&racer->random) >> 33) % SPIN_MAX;
		for (volatile uint64_t i = 0; i < spin; i++)
			;
		ops[racer->op].run();
		pthread_barrier_wait(racer->end);
	}
}

/* As often as was asked for, or once if the pair ends the process */
static void race_in_process(const enum op pair[2], uint64_t count, uint64_t seed)
{
	pthread_barrier_t start, end;
	struct racer racers[2];
	bool over = false;

	pthread_barrier_init(&start, NULL, 3);
	pthread_barrier_init(&end, NULL, 3);
	for (unsigned int i = 0; i < 2; i++) {
		racers[i] = (struct racer){
			.op = pair[i], .cpu = i, .random = (seed + i) * 0x9e3779b97f4a7c15ull | 1,
			.start = &start, .end = &end, .over = &over,
		};
		CHECK_EQ(pthread_create(&racers[i].thread, NULL, racer_main, &racers[i]), 0);
	}
	for (uint64_t n = 0; n < count; n++) {
		stage_set(pair);
		pthread_barrier_wait(&start);
		pthread_barrier_wait(&end);
		stage_clear(pair);
	}
	over = true;
	pthread_barrier_wait(&start);
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(racers[i].thread, NULL);
}

struct errand_of_pair {
	const enum op *pair;
	uint64_t seed;
};

static void process_that_ends(int line, void *arg)
{
	struct errand_of_pair *errand = arg;

	(void)line;
	race_in_process(errand->pair, 1, errand->seed);
}

/* Its context ends with the process; the device is there or not */
static void race_to_the_exit(const enum op pair[2], uint64_t count, uint64_t seed)
{
	for (uint64_t n = 0; n < count; n++) {
		struct errand_of_pair errand = { pair, seed + 2 * n };
		struct child child;

		child_start(&child, process_that_ends, &errand);
		child_join(&child);
		if (among(pair, OP_REMOVE) && attribute_read("contexts") < 0)
			device_return();
		CHECK(device_is_clean(), "%s and %s: not clean", ops[pair[0]].name,
		      ops[pair[1]].name);
	}
}

static void device_serves(void)
{
	static uint64_t word;
	struct queue queue;
	int node = node_open();

	CHECK(wait_until(is_usable, &node, PATIENCE_MS), "it is being reset for ever");
	close(node);
	queue_open(&queue);
	queue_succeed(&queue, job_fill(&word, 0x5a, sizeof(word)));
	CHECK_EQ(word, 0x5a);
	queue_close(&queue);
}

static void race(enum op a, enum op b)
{
	const enum op pair[2] = { a, b };
	uint64_t seed = now_ns();

	if (among(pair, OP_EXIT))
		race_to_the_exit(pair, rounds, seed);
	else
		race_in_process(pair, rounds, seed);
	device_serves();
}

static void delays_set(uint64_t us)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)us);
	text_write("/sys/module/sva/parameters/race_delay_us", text);
}

/* A row: this operation with itself and with each behind it */
static void race_row(enum op op)
{
	long before = parameter_read("sva", "race_delays");
	char row[256] = "";

	sva_test_load();
	delays_set(delay_us);
	for (enum op other = 0; other < NUM_OPS; other++) {
		size_t used = strlen(row);

		if (other >= op)
			race(op, other);
		snprintf(row + used, sizeof(row) - used, other >= op ? " %6llu" : "      .",
			 (unsigned long long)rounds);
	}
	delays_set(0);
	test_note("%-7s%s", ops[op].name, row);
	if (before >= 0)
		test_note("delayed inside of calls: %ld times",
			  parameter_read("sva", "race_delays") - before);
}

#define ROW(test_name, op)							\
	TEST_WITHIN(R5, test_name, 12000)					\
	{									\
		race_row(op);							\
	}

/* The columns of the matrix are the same operations in the same order */
ROW(bind_against_each, OP_BIND)
ROW(unbind_against_each, OP_UNBIND)
ROW(close_against_each, OP_CLOSE)
ROW(mmap_against_each, OP_MMAP)
ROW(fault_against_each, OP_FAULT)
ROW(exit_against_each, OP_EXIT)
ROW(revoke_against_each, OP_REVOKE)
ROW(reset_against_each, OP_RESET)
ROW(remove_against_each, OP_REMOVE)
ROW(read_against_each, OP_READ)
ROW(poll_against_each, OP_POLL)
ROW(pin_against_each, OP_PIN)
ROW(get_against_each, OP_GET)
ROW(put_against_each, OP_PUT)
