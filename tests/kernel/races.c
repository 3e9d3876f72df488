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
 * matrix: one operation with itself and all those behind it in the list.  Below it stands
 * in how many of the rounds the two were in their calls at the same moment.
 *
 * What a pair leaves of a device and a process decides what a round costs: contexts are
 * set up and cleared a few together, unless one of the pair ends the process.  A removal
 * or a reset, which ends all of them, is one against the few, each of which is a round.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "options.h"
#include "process.h"
#include "races.h"
#include "random.h"
#include "kernel/test/sva_test.h"

#define SPIN_BITS 15		/* of the turns of an empty loop before an operation, at most */

static uint64_t rounds = 20;
static uint64_t delay_us = 300;

OPTION("--rounds", rounds)
OPTION("--delay", delay_us)

/* What a pair is, and what has been seen of it */
struct pair {
	enum race_op ops[2];
	uint64_t rounds;
	uint64_t met;
	uint64_t random;
};

static bool among(const struct pair *pair, enum race_op op)
{
	return pair->ops[0] == op || pair->ops[1] == op;
}

/* ------------------------------------------------------------------- batch */

/*
 * Rounds whose contexts are there at the same time; one address space is bound to all.
 * @being_ended: a reset or removal is under way
 * @at: the round whose turn it is, against that
 */
struct batch {
	unsigned int count;
	int node;
	int holders;
	uint8_t *cold;
	bool being_ended;
	uint64_t at;
	struct race_round rounds[RACE_BATCH];
	struct race_round neighbour;
};

/* In memory that the processes share: what became of a round is seen when one has ended */
static struct batch *batch;

static bool ends_all(enum race_op op)
{
	return op == OP_RESET || op == OP_REMOVE;
}

/* One call of the one against a call a round of the other */
static bool is_one_against_all(const struct pair *pair)
{
	return !among(pair, OP_EXIT) && ends_all(pair->ops[0]) != ends_all(pair->ops[1]);
}

/*
 * Few or many: the first bind and the last end of an address space are others than those
 * between them.
 */
static unsigned int batch_size(struct pair *pair)
{
	uint64_t left = rounds - pair->rounds, size;

	if (among(pair, OP_EXIT) || (ends_all(pair->ops[0]) && ends_all(pair->ops[1])))
		return 1;
	size = 1 + (random_next(&pair->random) >> 33) % RACE_BATCH;
	return (unsigned int)(size < left ? size : left);
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

static void round_create(struct race_round *round)
{
	round->node = batch->node;
	round->holders = batch->holders;
	round->ctx = context_create(batch->node, getpid(), &round->id);
	fcntl(round->ctx, F_SETFL, O_NONBLOCK);
}

static void round_bind(const struct pair *pair, struct race_round *round)
{
	round->pasid = context_bind(round->ctx);
	if (!among(pair, OP_FAULT))
		return;
	ring_open(&round->own, round->ctx);
	round->ring = &round->own;
}

static void round_hold(struct race_round *round, int ctx)
{
	struct sva_test_hold hold = { .fd = ctx };

	CHECK_EQ(call(round->holders, SVA_TEST_HOLD, &hold), 0);
	round->holder = hold.holder;
}

/* An unbound context neither faults nor can be held: while it is bound another one does */
static void round_set(const struct pair *pair, struct race_round *round)
{
	struct race_round *bound = among(pair, OP_BIND) ? &batch->neighbour : round;

	round_create(round);
	if (bound == round)
		round_bind(pair, round);
	round->ring = bound->ring;
	if (among(pair, OP_PUT))
		round_hold(round, bound->ctx);
}

static bool needs_neighbour(const struct pair *pair)
{
	return among(pair, OP_BIND) && (among(pair, OP_FAULT) || among(pair, OP_PUT));
}

static void batch_set(const struct pair *pair, unsigned int count)
{
	memset(batch->rounds, 0, sizeof(batch->rounds));
	memset(&batch->neighbour, 0, sizeof(batch->neighbour));
	batch->count = count;
	batch->at = 0;
	if (batch->node < 0)
		batch->node = node_open();
	if (among(pair, OP_RESET))
		CHECK(wait_until(is_usable, &batch->node, PATIENCE_MS),
		      "it is being reset for ever");
	batch->holders = among(pair, OP_GET) || among(pair, OP_PUT) ?
			 (int)MUST(open("/dev/sva_test", O_RDWR | O_CLOEXEC)) : -1;
	batch->cold = pages_alloc(RACE_PAGE * count);
	batch->neighbour.closed = !needs_neighbour(pair);
	if (needs_neighbour(pair)) {
		round_create(&batch->neighbour);
		round_bind(pair, &batch->neighbour);
	}
	for (unsigned int i = 0; i < count; i++) {
		batch->rounds[i].cold = batch->cold + RACE_PAGE * i;
		round_set(pair, &batch->rounds[i]);
	}
}

static void round_clear(struct race_round *round)
{
	if (round->ring == &round->own)
		ring_close(&round->own);
	race_close(round);
}

/* It is open as long as the device is there */
static void node_shut(void)
{
	if (batch->node >= 0)
		close(batch->node);
	batch->node = -1;
}

/* The contexts of nobody else are on the device */
static bool have_gone(void *arg)
{
	struct sva_context_entry entry;
	struct sva_list_contexts list = {
		.argsz = sizeof(list), .count = 1,
		.entries = (uintptr_t)&entry, .entry_size = sizeof(entry),
	};

	(void)arg;
	return call(batch->node, SVA_DEVICE_LIST_CONTEXTS, &list) || !list.count;
}

static void batch_clear(struct pair *pair)
{
	if (batch->holders >= 0)
		close(batch->holders);
	for (unsigned int i = 0; i < batch->count; i++) {
		round_clear(&batch->rounds[i]);
		pair->met += batch->rounds[i].met;
	}
	round_clear(&batch->neighbour);
	CHECK(wait_until(have_gone, NULL, PATIENCE_MS), "%s and %s: a context has not ended",
	      race_op_name(pair->ops[0]), race_op_name(pair->ops[1]));
	pair->rounds += batch->count;
	munmap(batch->cold, RACE_PAGE * batch->count);
	if (among(pair, OP_REMOVE)) {
		node_shut();
		device_return();
	}
}

/* -------------------------------------------------------------------- race */

/*
 * Where two threads wait for each other without going to sleep, to start as one: the
 * first asks, the second answers, and an answer at once says that both are running, which
 * two processors of a guest often do not.
 */
struct meeting {
	uint64_t asked;
	uint64_t answered;
	uint64_t begun;
};

#define AT_ONCE 500	/* turns of the loop */
#define ASK_MAX 20

static uint64_t turns_until(const uint64_t *number, uint64_t wanted)
{
	uint64_t turns = 0;

	while (__atomic_load_n(number, __ATOMIC_SEQ_CST) < wanted)
		if (++turns % 1024 == 0)
			sched_yield();
	return turns;
}

static void meet_as_first(struct meeting *meeting)
{
	uint64_t number = meeting->asked;

	for (unsigned int i = 0; i < ASK_MAX; i++) {
		__atomic_store_n(&meeting->asked, ++number, __ATOMIC_SEQ_CST);
		if (turns_until(&meeting->answered, number) < AT_ONCE)
			break;
	}
	__atomic_store_n(&meeting->begun, number, __ATOMIC_SEQ_CST);
}

/* What is asked is read first: the first may have begun, and be asking for the next time */
static void meet_as_second(struct meeting *meeting)
{
	const uint64_t last = meeting->answered;
	uint64_t number = last;

	for (uint64_t i = 1; ; i++) {
		uint64_t asked = __atomic_load_n(&meeting->asked, __ATOMIC_SEQ_CST);

		if (__atomic_load_n(&meeting->begun, __ATOMIC_SEQ_CST) != last)
			return;
		if (asked > number)
			__atomic_store_n(&meeting->answered, ++number, __ATOMIC_SEQ_CST);
		else if (i % 1024 == 0)
			sched_yield();
	}
}

static void meet(struct meeting *meeting, unsigned int who)
{
	if (who == 0)
		meet_as_first(meeting);
	else
		meet_as_second(meeting);
}

/* One of the two threads; the first is the one that sets up and clears */
struct racer {
	pthread_t thread;
	unsigned int who;
	enum race_op op;
	uint64_t random;
	pthread_barrier_t *set;
	struct meeting *meeting;
	struct pair *pair;
	bool *over;
};

static void pin_to(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

/* As often short as long: some calls are over in a microsecond, others take a hundred */
static void spin(struct racer *racer)
{
	uint64_t number = random_next(&racer->random) >> 16;

	for (volatile uint64_t i = (number >> 8) % (2ull << number % SPIN_BITS); i; i--)
		;
}

static void racer_run(struct racer *racer, struct race_round *round)
{
	meet(racer->meeting, racer->who);
	spin(racer);
	__atomic_store_n(&round->inside[racer->who], true, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&round->inside[!racer->who], __ATOMIC_SEQ_CST))
		round->met = true;
	race_op_run(racer->op, round);
	__atomic_store_n(&round->inside[racer->who], false, __ATOMIC_SEQ_CST);
}

static void racer_end_all(struct racer *racer)
{
	turns_until(&batch->at, (random_next(&racer->random) >> 33) % batch->count);
	spin(racer);
	__atomic_store_n(&batch->being_ended, true, __ATOMIC_SEQ_CST);
	race_op_run(racer->op, &batch->rounds[0]);
	__atomic_store_n(&batch->being_ended, false, __ATOMIC_SEQ_CST);
}

/* A reset or removal takes so long that many calls come in its way, each at another stage */
static void racer_run_each(struct racer *racer)
{
	for (unsigned int i = 0; i < batch->count; i++) {
		struct race_round *round = &batch->rounds[i];

		__atomic_store_n(&batch->at, i, __ATOMIC_SEQ_CST);
		spin(racer);
		round->met = __atomic_load_n(&batch->being_ended, __ATOMIC_SEQ_CST);
		race_op_run(racer->op, round);
		round->met |= __atomic_load_n(&batch->being_ended, __ATOMIC_SEQ_CST);
	}
}

static void racer_run_batch(struct racer *racer)
{
	if (!is_one_against_all(racer->pair)) {
		for (unsigned int i = 0; i < batch->count; i++)
			racer_run(racer, &batch->rounds[i]);
	} else {
		meet(racer->meeting, racer->who);
		if (ends_all(racer->op))
			racer_end_all(racer);
		else
			racer_run_each(racer);
	}
	meet(racer->meeting, racer->who);
}

static void *second_main(void *arg)
{
	struct racer *racer = arg;

	pin_to(racer->who);
	for (;;) {
		pthread_barrier_wait(racer->set);
		if (*racer->over)
			return NULL;
		racer_run_batch(racer);
	}
}

/* As often as was asked for, or once if the pair ends the process */
static void race_in_process(struct pair *pair)
{
	struct meeting meeting = { 0 };
	pthread_barrier_t set;
	struct racer racers[2];
	bool over = false;

	pthread_barrier_init(&set, NULL, 2);
	for (unsigned int i = 0; i < 2; i++)
		racers[i] = (struct racer){
			.who = i, .op = pair->ops[i], .random = random_next(&pair->random) | 1,
			.set = &set, .meeting = &meeting, .pair = pair, .over = &over,
		};
	pin_to(0);
	batch->node = -1;
	CHECK_EQ(pthread_create(&racers[1].thread, NULL, second_main, &racers[1]), 0);
	while (pair->rounds < rounds) {
		batch_set(pair, batch_size(pair));
		pthread_barrier_wait(&set);
		racer_run_batch(&racers[0]);
		batch_clear(pair);
	}
	over = true;
	pthread_barrier_wait(&set);
	pthread_join(racers[1].thread, NULL);
	node_shut();
}

static void process_that_ends(int line, void *arg)
{
	(void)line;
	race_in_process(arg);
}

#define LOOK_EACH 50	/* how often it is made sure that nothing is left */

/* Its context ends with the process; the device is there or not */
static void race_to_the_exit(struct pair *pair)
{
	while (pair->rounds < rounds) {
		struct child child;

		child_start(&child, process_that_ends, pair);
		child_join(&child);
		pair->met += batch->rounds[0].met;
		random_next(&pair->random);
		if (among(pair, OP_REMOVE) && attribute_read("contexts") < 0)
			device_return();
		if (++pair->rounds % LOOK_EACH == 0 || pair->rounds == rounds)
			CHECK(device_is_clean(), "%s and %s: not clean",
			      race_op_name(pair->ops[0]), race_op_name(pair->ops[1]));
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

#define ENOUGH 1000	/* rounds, for some of them to overlap */

static struct pair race(enum race_op a, enum race_op b)
{
	struct pair pair = { .ops = { a, b }, .random = now_ns() | 1 };

	if (among(&pair, OP_EXIT))
		race_to_the_exit(&pair);
	else
		race_in_process(&pair);
	device_serves();
	/* one processor may well do one after the other */
	CHECK(pair.met || pair.rounds < ENOUGH || sysconf(_SC_NPROCESSORS_ONLN) == 1,
	      "%s and %s: never in their calls at once", race_op_name(a), race_op_name(b));
	return pair;
}

/* ------------------------------------------------------------------ matrix */

static void delays_set(uint64_t us)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)us);
	text_write("/sys/module/sva/parameters/race_delay_us", text);
}

/* A line of the matrix: the columns are the operations, in their order */
struct line {
	char text[256];
	size_t used;
};

static void line_add(struct line *line, uint64_t number)
{
	line->used += (size_t)snprintf(line->text + line->used, sizeof(line->text) - line->used,
				       " %6llu", (unsigned long long)number);
}

static void line_skip(struct line *line, unsigned int columns)
{
	while (columns--)
		line->used += (size_t)snprintf(line->text + line->used,
					       sizeof(line->text) - line->used, "      .");
}

static void tell_cost(const struct line *cost, long delays_before)
{
	long delays = parameter_read("sva", "race_delays");

	test_note("%-7s%s", "usec", cost->text);
	if (delays >= 0)
		test_note("delayed inside of calls: %ld times", delays - delays_before);
}

/* A row: this operation with itself and with each behind it */
static void race_row(enum race_op op)
{
	long before = parameter_read("sva", "race_delays");
	struct line done = { 0 }, met = { 0 }, cost = { 0 };

	sva_test_load();
	batch = shared_alloc(sizeof(*batch));
	delays_set(delay_us);
	line_skip(&done, op);
	line_skip(&met, op);
	line_skip(&cost, op);
	for (enum race_op other = op; other < NUM_OPS; other++) {
		uint64_t start = now_ns();
		struct pair pair = race(op, other);

		line_add(&done, pair.rounds);
		line_add(&met, pair.met);
		line_add(&cost, (now_ns() - start) / 1000 / (rounds ?: 1));
	}
	delays_set(0);
	test_note("%-7s%s", race_op_name(op), done.text);
	test_note("%-7s%s", "overlap", met.text);
	tell_cost(&cost, before);
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
