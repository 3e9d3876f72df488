// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * removal.c - R6 as a matrix: every way in which a context is taken from its
 * process, from each state, under each kind of user that is at it just then
 *
 * The process survives each cell, and whoever waits, reads, maps or polls in it is
 * told.  The ring says why, later calls say why, and nothing is left.
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "ring.h"

#define COLD (64u << 20)
#define PAGE 4096u

/* ------------------------------------------------------------------- ways */

struct way {
	const char *name;
	void (*take)(int node, uint64_t id);
	uint32_t event;		/* the last that the context's readers get */
	uint32_t state;		/* what the ring says */
	int error;		/* of every call from then on */
	uint32_t reason;
};

static void unbind_driver(int node, uint64_t id)
{
	(void)node;
	(void)id;
	device_remove();
	device_return();
}

/* The device is unplugged as its module goes, and another one appears in its place */
static void unplug(int node, uint64_t id)
{
	(void)node;
	(void)id;
	provider_reload("");
}

static void revoke_it(int node, uint64_t id)
{
	context_revoke(node, id);
	event_await(node, SVA_EVENT_ENDED, id);
}

static void reset_it(int node, uint64_t id)
{
	(void)id;
	device_reset(node);
}

static const struct way driver_unbound = {
	"the driver is unbound", unbind_driver, SVA_EVENT_GONE, SVA_ACCEL_QUEUE_GONE, ENODEV,
	SVA_REASON_DEVICE_GONE
};

static const struct way unplugged = {
	"the device is unplugged", unplug, SVA_EVENT_GONE, SVA_ACCEL_QUEUE_GONE, ENODEV,
	SVA_REASON_DEVICE_GONE
};

static const struct way revoked = {
	"the context is revoked", revoke_it, SVA_EVENT_REVOKED, SVA_ACCEL_QUEUE_STOPPED, EPERM,
	SVA_REASON_CONTEXT_REVOKED
};

static const struct way device_was_reset = {
	"the device is reset", reset_it, SVA_EVENT_RESET, SVA_ACCEL_QUEUE_STOPPED, EPERM,
	SVA_REASON_RESETTING
};

/* ----------------------------------------------------------------- states */

enum load { IDLE, BUSY, FAULTING, LOADS };

static const char *const load_names[] = { "idle", "busy", "faulting" };

struct loop {
	struct loop *next;
	uint64_t key;
};

/* Work that does not end by itself, or that takes its time */
static void load_start(struct ring *ring, enum load load)
{
	static _Alignas(64) struct sva_accel_completion completion;
	static struct loop loop = { .next = &loop };
	struct sva_accel_desc job;

	if (load == IDLE)
		return;
	job = job_walk(&loop, offsetof(struct loop, next), offsetof(struct loop, key));
	if (load == FAULTING)
		job = job_fill(pages_alloc(COLD), 1, COLD);
	job.completion = (uintptr_t)&completion;
	ring_submit(ring, &job);
}

/* ------------------------------------------------------------------ users */

/* One of them is in a thread of its own: @started, and then until it is told */
struct user {
	const struct way *way;
	struct queue *queue;
	atomic_bool started;
};

static void last_event_comes(struct user *user)
{
	struct sva_event event;

	do {
		MUST(read(user->queue->ctx, &event, sizeof(event)));
	} while (event.type != user->way->event);
	CHECK_EQ(event.reason, user->way->reason);
}

static void *reads(void *arg)
{
	struct user *user = arg;
	int flags = (int)MUST(fcntl(user->queue->ctx, F_GETFL));

	/* it sleeps in the kernel */
	MUST(fcntl(user->queue->ctx, F_SETFL, flags & ~O_NONBLOCK));
	user->started = true;
	last_event_comes(user);
	return NULL;
}

static void *polls(void *arg)
{
	struct user *user = arg;
	struct pollfd poller = { .fd = user->queue->ctx, .events = POLLIN };
	int flags = (int)MUST(fcntl(user->queue->ctx, F_GETFL));

	MUST(fcntl(user->queue->ctx, F_SETFL, flags | O_NONBLOCK));
	user->started = true;
	CHECK_EQ(poll(&poller, 1, PATIENCE_MS), 1);
	last_event_comes(user);
	return NULL;
}

/* Old mappings stay; what they lead to is the dummy page, and never the next device */
static void *touches(void *arg)
{
	struct user *user = arg;
	struct ring *ring = &user->queue->ring;
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;

	user->started = true;
	while (ring_state(ring) == SVA_ACCEL_QUEUE_RUNNING && now_ns() < end)
		ring_kick(ring);
	CHECK_EQ(ring_state(ring), user->way->state);
	for (int i = 0; i < 1000; i++)
		ring_kick(ring);
	return NULL;
}

static void *maps(void *arg)
{
	struct user *user = arg;
	off_t offset = user->queue->ring.doorbell_offset;

	for (;;) {
		volatile uint32_t *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
					    user->queue->ctx, offset);
		uint32_t tail;

		if (p == MAP_FAILED)
			break;
		tail = *p;
		*p = tail;
		munmap((void *)p, PAGE);
		user->started = true;
	}
	CHECK_EQ(errno, user->way->error);
	return NULL;
}

static void *calls(void *arg)
{
	struct user *user = arg;
	struct sva_region_info info;
	int result = 0;

	while (!result) {
		char word[4];

		info = (struct sva_region_info){ .argsz = sizeof(info) };
		result = call(user->queue->ctx, SVA_CONTEXT_GET_REGION_INFO, &info);
		if (!result && pread(user->queue->ctx, word, sizeof(word),
				     user->queue->ring.doorbell_offset) < 0)
			CHECK_EQ(errno, user->way->error);
		user->started = true;
	}
	CHECK_EQ(result, -user->way->error);
	CHECK_EQ(info.reason, user->way->reason);
	return NULL;
}

static void *(*const users[])(void *user) = { reads, polls, touches, maps, calls };
static const char *const user_names[] = { "reader", "poller", "toucher", "mapper", "caller" };

#define USERS (sizeof(users) / sizeof(*users))
#define EVERYBODY USERS

/* ------------------------------------------------------------------ cells */

struct cell {
	const struct way *way;
	enum load load;
	size_t user;
};

static void all_say_why(struct queue *queue, const struct way *way)
{
	struct sva_region_info region = { .argsz = sizeof(region) };
	struct sva_irq_info irq = { .argsz = sizeof(irq) };
	char word[4] = { 0 };

	CHECK(ring_await_state(&queue->ring, way->state), "the ring says %u",
	      ring_state(&queue->ring));
	CHECK_EQ(call(queue->ctx, SVA_CONTEXT_GET_REGION_INFO, &region), -way->error);
	CHECK_EQ(region.reason, way->reason);
	CHECK_EQ(call(queue->ctx, SVA_CONTEXT_GET_IRQ_INFO, &irq), -way->error);
	CHECK_EQ(irq.reason, way->reason);
	CHECK(pwrite(queue->ctx, word, sizeof(word), queue->ring.doorbell_offset) < 0 &&
	      errno == way->error, "pwrite: %s", strerror(errno));
}

/* The process that the context is taken from */
static void victim(int line, void *arg)
{
	const struct cell *cell = arg;
	struct user user[USERS];
	pthread_t thread[USERS];
	struct queue queue;

	queue_open(&queue);
	load_start(&queue.ring, cell->load);
	for (size_t i = 0; i < USERS; i++) {
		user[i] = (struct user){ .way = cell->way, .queue = &queue };
		if (cell->user != EVERYBODY && cell->user != i)
			continue;
		/* two that take events from one descriptor would take them from each other */
		if (cell->user == EVERYBODY && users[i] == polls)
			continue;
		CHECK_EQ(pthread_create(&thread[i], NULL, users[i], &user[i]), 0);
		while (!user[i].started)
			sched_yield();
	}
	word_send(line, queue.id);
	for (size_t i = 0; i < USERS; i++)
		if (user[i].started)
			pthread_join(thread[i], NULL);
	all_say_why(&queue, cell->way);
}

static void run_cell(struct cell cell)
{
	struct child child;
	int node = node_open();
	uint64_t id;

	test_note("%s, %s: %s", load_names[cell.load],
		  cell.user == EVERYBODY ? "everybody" : user_names[cell.user], cell.way->name);
	child_start(&child, victim, &cell);
	id = word_receive(child.line);
	cell.way->take(node, id);
	child_join(&child);
	close(node);
	CHECK_EQ(attribute_read("contexts"), 0);
	CHECK_EQ(attribute_read("quarantined"), 0);
}

static void run_row(const struct way *way)
{
	for (enum load load = 0; load < LOADS; load++)
		for (size_t user = 0; user <= EVERYBODY; user++)
			run_cell((struct cell){ way, load, user });
}

TEST_WITHIN(R6, driver_is_unbound_in_any_state_under_any_user, 120)
{
	run_row(&driver_unbound);
}

TEST_WITHIN(R6, device_is_unplugged_in_any_state_under_any_user, 120)
{
	run_row(&unplugged);
}

TEST_WITHIN(R6, context_is_revoked_in_any_state_under_any_user, 120)
{
	run_row(&revoked);
}

TEST_WITHIN(R6, device_is_reset_in_any_state_under_any_user, 120)
{
	run_row(&device_was_reset);
}
