// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_ring.c - the submission ring in plain memory, with the test as device
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "ring.h"

#define ENTRIES 8

static struct sva_accel_doorbell doorbell;
static struct sva_accel_desc descs[ENTRIES];
static struct sva_accel_status status;
static struct ring ring;

static int init(void)
{
	return ring_init(&ring, &doorbell, sizeof(doorbell), descs, sizeof(descs),
			 &status, sizeof(status));
}

/* @start: where the indices stand */
static void start_at(uint32_t start)
{
	memset(descs, 0, sizeof(descs));
	doorbell = (struct sva_accel_doorbell){ .tail = start };
	status = (struct sva_accel_status){
		.state = SVA_ACCEL_QUEUE_RUNNING, .entries = ENTRIES, .head = start,
	};
	assert_int_equal(init(), 0);
}

static uint32_t write_jobs(uint64_t first, uint32_t count)
{
	struct sva_accel_desc jobs[2 * ENTRIES] = { 0 };

	assert_true(count <= 2 * ENTRIES);
	for (uint32_t i = 0; i < count; i++)
		jobs[i].src = first + i;
	return ring_write(&ring, jobs, count);
}

static void nothing_is_shown_before_it_is_published(void **state)
{
	(void)state;
	start_at(0);
	assert_int_equal(write_jobs(100, 3), 3);
	assert_int_equal(doorbell.tail, 0);
	assert_false(ring_publish(&ring));
	assert_int_equal(doorbell.tail, 3);
	for (uint64_t i = 0; i < 3; i++)
		assert_int_equal(descs[i].src, 100 + i);
}

static void a_full_ring_takes_no_more_and_room_comes_with_head(void **state)
{
	(void)state;
	start_at(0);
	assert_int_equal(write_jobs(0, ENTRIES + 3), ENTRIES);
	assert_int_equal(write_jobs(50, 1), 0);
	assert_int_equal(descs[0].src, 0);	/* not overwritten */
	status.head = 2;
	assert_int_equal(write_jobs(50, 3), 2);
	assert_int_equal(descs[0].src, 50);
	assert_int_equal(descs[1].src, 51);
	assert_int_equal(descs[2].src, 2);
}

static void indices_wrap_at_32_bits(void **state)
{
	uint32_t index = UINT32_MAX - 2;

	(void)state;
	start_at(index);
	assert_int_equal(write_jobs(10, ENTRIES), ENTRIES);
	ring_publish(&ring);
	assert_int_equal(doorbell.tail, index + ENTRIES);
	assert_true(doorbell.tail < ENTRIES);
	for (uint32_t i = 0; i < ENTRIES; i++)
		assert_int_equal(descs[(index + i) % ENTRIES].src, 10 + i);
	assert_int_equal(write_jobs(0, 1), 0);
	status.head = 0;			/* it has wrapped too */
	assert_int_equal(write_jobs(0, ENTRIES), 3);
}

static void many_rounds_neither_lose_nor_repeat_a_job(void **state)
{
	uint64_t next = 0, seen = 0;

	(void)state;
	start_at(UINT32_MAX - 500);
	for (int round = 0; round < 1000; round++) {
		next += write_jobs(next, 1 + (uint32_t)round % (ENTRIES + 2));
		ring_publish(&ring);
		for (int i = 0; i < 1 + round % 5 && status.head != doorbell.tail; i++) {
			assert_int_equal(descs[status.head % ENTRIES].src, seen);
			status.head++;
			seen++;
		}
	}
	assert_true(seen > 1000);
	assert_in_range(next - seen, 0, ENTRIES);
}

static void a_sleeping_device_is_to_be_woken(void **state)
{
	(void)state;
	start_at(0);
	status.flags = SVA_ACCEL_STATUS_NEED_DOORBELL;
	write_jobs(0, 1);
	assert_true(ring_publish(&ring));
	status.flags = ~(uint32_t)SVA_ACCEL_STATUS_NEED_DOORBELL;
	write_jobs(0, 1);
	assert_false(ring_publish(&ring));
}

static void a_head_beyond_tail_gives_no_room(void **state)
{
	(void)state;
	start_at(0);
	status.head = 1;
	assert_int_equal(write_jobs(0, 1), 0);
	status.head = (uint32_t)-ENTRIES - 1;
	assert_int_equal(write_jobs(0, 1), 0);
}

static void an_abort_covers_all_that_was_published(void **state)
{
	(void)state;
	start_at(UINT32_MAX);
	write_jobs(0, 4);
	ring_publish(&ring);
	ring_abort(&ring);
	assert_int_equal(doorbell.abort, doorbell.tail);
}

static void a_ring_that_was_used_before_goes_on(void **state)
{
	(void)state;
	start_at(77);
	status.head = 75;
	assert_int_equal(write_jobs(0, ENTRIES), ENTRIES - 2);
	ring_publish(&ring);
	assert_int_equal(doorbell.tail, 77 + ENTRIES - 2);
}

/* Other devices have regions too, and a device may be wrong about itself. */
static void regions_of_another_shape_are_refused(void **state)
{
	(void)state;
	start_at(0);
	status.entries = 0;
	assert_int_equal(init(), -EPROTO);
	status.entries = 6;
	assert_int_equal(init(), -EPROTO);
	status.entries = 2 * ENTRIES;		/* more than the region holds */
	assert_int_equal(init(), -EPROTO);
	status.entries = 1u << 31;
	assert_int_equal(init(), -EPROTO);
	status.entries = ENTRIES;
	assert_int_equal(init(), 0);
	assert_int_equal(ring_init(&ring, &doorbell, sizeof(doorbell) - 1, descs, sizeof(descs),
				   &status, sizeof(status)), -EPROTO);
	assert_int_equal(ring_init(&ring, &doorbell, sizeof(doorbell), descs, sizeof(descs),
				   &status, sizeof(status) - 1), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_shown_before_it_is_published),
		cmocka_unit_test(a_full_ring_takes_no_more_and_room_comes_with_head),
		cmocka_unit_test(indices_wrap_at_32_bits),
		cmocka_unit_test(many_rounds_neither_lose_nor_repeat_a_job),
		cmocka_unit_test(a_sleeping_device_is_to_be_woken),
		cmocka_unit_test(a_head_beyond_tail_gives_no_room),
		cmocka_unit_test(an_abort_covers_all_that_was_published),
		cmocka_unit_test(a_ring_that_was_used_before_goes_on),
		cmocka_unit_test(regions_of_another_shape_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
