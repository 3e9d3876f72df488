// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tools_bench.c - svabench's statistics and floors, which need no device
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <cmocka.h>

#include "bare.h"
#include "bench.h"
#include "libsva_fake_svad.h"

/* --------------------------------------------------------------- samples */

static void percentiles_are_of_what_was_measured(void **state)
{
	double ns[100];
	struct samples samples = { .ns = ns, .count = 100 };

	(void)state;
	for (int i = 0; i < 100; i++)
		ns[i] = (i * 37) % 100;		/* 0 to 99, shuffled */
	assert_true(samples_percentile(&samples, 50) == 50);
	assert_true(samples_percentile(&samples, 99) == 99);
	assert_true(samples_percentile(&samples, 0) == 0);
	assert_true(samples_percentile(&samples, 100) == 99);
	samples.count = 1;
	assert_true(samples_percentile(&samples, 99) == 0);
	samples.count = 0;
	assert_true(samples_percentile(&samples, 50) == 0);
}

/**
 * struct sides - two sides that note when they run
 * @order: 'p' and 'f'
 * @fail_at: the run that fails, -1: none
 */
struct sides {
	char order[32];
	int runs;
	int fail_at;
};

static int side(struct sides *sides, char name, int64_t *ns)
{
	if (sides->runs < 31)
		sides->order[sides->runs] = name;
	*ns = name == 'p' ? 300 : 100;
	return sides->runs++ == sides->fail_at ? -EIO : 0;
}

static int product(void *arg, int64_t *ns)
{
	return side(arg, 'p', ns);
}

static int floor_side(void *arg, int64_t *ns)
{
	return side(arg, 'f', ns);
}

static int repeat(struct sides *sides, struct measure *measure)
{
	const struct bench bench = { .quick = true };
	const struct pair pair = {
		.product = product, .floor = floor_side, .arg = sides, .per = 10,
	};

	return bench_repeat(&bench, &pair, measure);
}

static void both_sides_are_measured_in_turns(void **state)
{
	struct sides sides = { .fail_at = -1 };
	struct measure measure = { 0 };

	(void)state;
	assert_int_equal(repeat(&sides, &measure), 0);
	assert_memory_equal(sides.order, "fp" "pf" "fp" "pf" "fp", 10);
	assert_int_equal(measure.product.count, measure.floor.count);
	assert_int_equal(sides.runs, 2 * (int)measure.floor.count + 2);
	assert_true(samples_percentile(&measure.product, 50) == 30);
	assert_true(samples_percentile(&measure.floor, 99) == 10);
	samples_free(&measure.product);
	samples_free(&measure.floor);
}

static void sides_take_turns_in_blocks_where_that_is_asked_for(void **state)
{
	const struct bench bench = { .quick = true };
	struct sides sides = { .fail_at = -1 };
	const struct pair pair = {
		.product = product, .floor = floor_side, .arg = &sides, .per = 1, .block = 3,
	};
	struct measure measure = { 0 };

	(void)state;
	assert_int_equal(bench_repeat(&bench, &pair, &measure), 0);
	assert_memory_equal(sides.order, "fffppp" "pppfff" "fffppp" "pppfff", 24);
	assert_int_equal(measure.product.count, measure.floor.count);
	samples_free(&measure.product);
	samples_free(&measure.floor);
}

static void a_failure_ends_the_row(void **state)
{
	(void)state;
	for (int at = 0; at < 6; at++) {
		struct sides sides = { .fail_at = at };
		struct measure measure = { 0 };

		assert_int_equal(repeat(&sides, &measure), -EIO);
		assert_int_equal(sides.runs, at + 1);
		samples_free(&measure.product);
		samples_free(&measure.floor);
	}
}

/* ---------------------------------------------------------------- floors */

static void a_bare_handshake_brings_an_fd_and_leaves_nothing(void **state)
{
	int before = fake_count_fds(), fd;
	struct bare_server server;
	struct stat status;

	(void)state;
	assert_int_equal(bare_server_start(&server, false), 0);
	for (int i = 0; i < 100; i++) {
		fd = bare_handshake(&server);
		assert_true(fd >= 0);
		assert_int_equal(fstat(fd, &status), 0);
		assert_int_equal(status.st_rdev, makedev(1, 3));	/* /dev/null */
		close(fd);
	}
	bare_server_stop(&server);
	assert_true(bare_handshake(&server) < 0);
	assert_int_equal(fake_count_fds(), before);
}

/* libsva's client takes its answers for svad's, or the floor would be another handshake */
static void a_bare_server_that_identifies_answers_svads_clients(void **state)
{
	int before = fake_count_fds();
	struct bench bench = { 0 };
	struct bare_server server;
	struct stat status;
	char folder[sizeof(server.address.sun_path)];

	(void)state;
	assert_int_equal(bare_server_start(&server, true), 0);
	strcpy(folder, server.address.sun_path);
	*strrchr(folder, '/') = '\0';
	assert_int_equal(stat(folder, &status), 0);
	for (int i = 0; i < 100; i++) {
		int fd = bench_context(&bench, server.address.sun_path);

		assert_true(fd >= 0);
		close(fd);
	}
	bare_server_stop(&server);
	assert_int_equal(stat(folder, &status), -1);
	assert_int_equal(fake_count_fds(), before);
}

static void a_sleeper_wakes_each_time_and_ends(void **state)
{
	int before = fake_count_fds();
	struct bare_sleeper sleeper;

	(void)state;
	assert_int_equal(bare_sleeper_start(&sleeper), 0);
	for (int i = 0; i < 100; i++)
		assert_true(bare_wake(&sleeper) > 0);
	bare_sleeper_stop(&sleeper);
	assert_int_equal(fake_count_fds(), before);
}

/* Names are what --rows and the manual go by */
static void every_row_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (const struct row *row = bench_rows; row->name; row++) {
		assert_non_null(row->run);
		for (const struct row *other = row + 1; other->name; other++)
			assert_string_not_equal(row->name, other->name);
	}
}

static void a_bare_ring_does_every_job_of_a_batch_larger_than_itself(void **state)
{
	static struct sva_accel_completion done[100] SVA_ACCEL_ALIGNED;
	static struct sva_accel_desc descs[100];
	struct bare_ring ring;

	(void)state;
	assert_int_equal(bare_ring_start(&ring, 8), 0);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 100; i++)
			sva_accel_prep_nop(&descs[i], &done[i]);
		bare_ring_run(&ring, descs, 100);
		for (int i = 0; i < 100; i++)
			assert_int_equal(done[i].status, SVA_ACCEL_SUCCESS);
	}
	assert_int_equal(ring.tail, 1000);
	bare_ring_stop(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_are_of_what_was_measured),
		cmocka_unit_test(both_sides_are_measured_in_turns),
		cmocka_unit_test(sides_take_turns_in_blocks_where_that_is_asked_for),
		cmocka_unit_test(a_failure_ends_the_row),
		cmocka_unit_test(a_bare_handshake_brings_an_fd_and_leaves_nothing),
		cmocka_unit_test(a_bare_server_that_identifies_answers_svads_clients),
		cmocka_unit_test(a_sleeper_wakes_each_time_and_ends),
		cmocka_unit_test(every_row_has_a_name_of_its_own),
		cmocka_unit_test(a_bare_ring_does_every_job_of_a_batch_larger_than_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
