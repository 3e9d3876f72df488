// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * races_ops.c - the operations, see races.h
 */
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "races.h"
#include "kernel/test/sva_test.h"

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

void race_close(struct race_round *round)
{
	if (!__atomic_exchange_n(&round->closed, true, __ATOMIC_SEQ_CST))
		close(round->ctx);
}

static void op_bind(struct race_round *round)
{
	struct sva_bind_task arg = { .argsz = sizeof(arg) };

	check_late("bind", call(round->ctx, SVA_BIND_TASK, &arg));
}

static void op_unbind(struct race_round *round)
{
	struct sva_unbind_task arg = { .argsz = sizeof(arg), .pasid = round->pasid };

	check_late("unbind", call(round->ctx, SVA_UNBIND_TASK, &arg));
}

static void op_close(struct race_round *round)
{
	race_close(round);
}
static void op_mmap(struct race_round *round)
{
	struct sva_region_info info = { .argsz = sizeof(info), .index = SVA_ACCEL_REGION_RING };
	int result = call(round->ctx, SVA_CONTEXT_GET_REGION_INFO, &info);
	void *p;

	check_late("region info", result);
	if (result)
		return;
	p = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, round->ctx,
		 (off_t)info.offset);
	if (p == MAP_FAILED) {
		check_late("mmap", -errno);
		return;
	}
	*(volatile uint8_t *)p = 1;
	munmap(p, info.size);
}

/* Nothing is left for the device to do, or it does nothing any more, or nobody can ring */
static bool is_worked_off(const struct race_round *round)
{
	const struct ring *ring = round->ring;

	return (uint32_t)__atomic_load_n(&ring->status->completed, __ATOMIC_ACQUIRE) ==
		       __atomic_load_n(&ring->doorbell->tail, __ATOMIC_ACQUIRE) ||
	       ring_state(ring) != SVA_ACCEL_QUEUE_RUNNING ||
	       __atomic_load_n(&round->closed, __ATOMIC_SEQ_CST);
}

/*
 * The device asks for a page that is not there, and the CPU for one of the doorbell.
 * Over when the job is: two of these write what they like into one ring.
 */
static void op_fault(struct race_round *round)
{
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;
	struct ring *ring = round->ring;
	struct sva_accel_desc job;
	uint32_t at;

	if (!ring)
		return;
	at = __atomic_fetch_add(&ring->tail, 1, __ATOMIC_RELAXED);
	job = job_fill(round->cold, 0x55, RACE_PAGE);
	job.completion = (uintptr_t)&round->done[at & 1];
	ring->desc[at & (ring->entries - 1)] = job;
	ring_write_tail(ring, at + 1);
	while (!is_worked_off(round)) {
		CHECK(now_ns() < end, "the device neither works nor stops");
		sched_yield();
	}
}

static void op_read(struct race_round *round)
{
	struct sva_event events[4];
	char byte;

	if (read(round->ctx, events, sizeof(events)) < 0)
		check_late("read of events", -errno);
	if (pread(round->ctx, &byte, 1, RACE_PAGE) < 0)
		check_late("pread", -errno);
}

static void op_poll(struct race_round *round)
{
	struct pollfd p = { .fd = round->ctx, .events = POLLIN };

	MUST(poll(&p, 1, 0));
}

static void op_pin(struct race_round *round)
{
	struct sva_pin arg = {
		.argsz = sizeof(arg), .flags = SVA_PIN_READ | SVA_PIN_WRITE,
		.address = (uintptr_t)round->cold, .size = RACE_PAGE,
	};

	check_late("pin", call(round->ctx, SVA_CONTEXT_PIN, &arg));
}

static void op_get(struct race_round *round)
{
	struct sva_test_hold arg = { .fd = round->ctx };

	check_late("get", call(round->holders, SVA_TEST_HOLD, &arg));
}

static void op_put(struct race_round *round)
{
	struct sva_test_status arg = { .holder = round->holder };

	check_late("put", call(round->holders, SVA_TEST_PUT, &arg));
}

static void op_revoke(struct race_round *round)
{
	struct sva_revoke_context arg = { .argsz = sizeof(arg), .id = round->id };

	check_late("revoke", call(round->node, SVA_DEVICE_REVOKE_CONTEXT, &arg));
}

/* Until it is done: the call only begins it */
static void op_reset(struct race_round *round)
{
	struct sva_device_reset arg = { .argsz = sizeof(arg) };

	struct sva_event event = { 0 };
	int result = call(round->node, SVA_DEVICE_RESET, &arg);

	check_late("reset", result);
	while (!result && event.type != SVA_EVENT_RESET && event.type != SVA_EVENT_GONE)
		result = event_next(round->node, &event, PATIENCE_MS) <= 0;
}

static void op_remove(struct race_round *round)
{
	(void)round;
	check_late("remove", device_try_remove());
}

/* All of the process, whatever its other thread is in */
static void op_exit(struct race_round *round)
{
	(void)round;
	_exit(0);
}

static const struct {
	const char *name;
	void (*run)(struct race_round *round);
} ops[] = {
	[OP_BIND] = { "bind", op_bind }, [OP_UNBIND] = { "unbind", op_unbind },
	[OP_CLOSE] = { "close", op_close }, [OP_MMAP] = { "mmap", op_mmap },
	[OP_FAULT] = { "fault", op_fault }, [OP_EXIT] = { "exit", op_exit },
	[OP_REVOKE] = { "revoke", op_revoke }, [OP_RESET] = { "reset", op_reset },
	[OP_REMOVE] = { "remove", op_remove }, [OP_READ] = { "read", op_read },
	[OP_POLL] = { "poll", op_poll }, [OP_PIN] = { "pin", op_pin },
	[OP_GET] = { "get", op_get }, [OP_PUT] = { "put", op_put },
};


const char *race_op_name(enum race_op op)
{
	return ops[op].name;
}

void race_op_run(enum race_op op, struct race_round *round)
{
	ops[op].run(round);
}
