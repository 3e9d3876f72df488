// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tools_top.c - the frames of svactl top: rates, order, and what fits a terminal
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "top.h"

/* Of the rest of svactl, which frames do not use */
char *user_name(uint32_t uid)
{
	char *name = malloc(64);

	assert_non_null(name);
	snprintf(name, 64, "user-with-a-long-name-%u", uid);
	return name;
}

static struct context context(uint64_t id, uint64_t submitted, uint64_t pages, uint64_t fault_ns)
{
	return (struct context){
		.entry = {
			.id = id, .owner = 4194304, .account = 1000, .pasid = 1048575,
			.state = SVA_STATE_QUARANTINED, .submitted = submitted,
			.page_requests = pages, .fault_ns = fault_ns,
		},
		.device = "5a5a0000-0000-4000-8000-000000000001",
	};
}

static struct contexts contexts(struct context *list, size_t count)
{
	return (struct contexts){ .list = list, .count = count, .devices = 1 };
}

static void rates_are_of_the_time_between_two_looks(void **state)
{
	struct context old[] = { context(7, 1000, 10, 0), context(3, 500, 0, 0) };
	struct context new[] = { context(3, 600, 0, 0), context(7, 3000, 30, 1000000000) };
	struct contexts before = contexts(old, 2), now = contexts(new, 2);
	struct top top;

	(void)state;
	top_make(&top, &before, &now, 2);
	assert_int_equal(top.count, 2);
	assert_int_equal(top.rows[0].context->entry.id, 7);
	assert_true(top.rows[0].jobs == 1000 && top.rows[0].pages == 10);
	assert_true(top.rows[0].waiting == 0.5);
	assert_true(top.rows[1].jobs == 50);
	assert_true(top.jobs == 1050 && top.pages == 10);
	assert_int_equal(top.quarantined, 2);
	top_free(&top);
}

static void a_new_context_has_done_all_it_did_since_the_look_before(void **state)
{
	struct context new[] = { context(9, 40, 0, 0) };
	struct contexts before = { 0 }, now = contexts(new, 1);
	struct top top;

	(void)state;
	top_make(&top, &before, &now, 4);
	assert_true(top.rows[0].jobs == 10);
	top_free(&top);
}

/* Another svad's numbers, or none: nothing is divided by zero, nothing wraps */
static void counters_that_fall_are_no_rate(void **state)
{
	struct context old[] = { context(1, 1000, 1000, UINT64_MAX) };
	struct context new[] = { context(1, 10, 10, 10) };
	struct contexts before = contexts(old, 1), now = contexts(new, 1);
	struct top top;

	(void)state;
	top_make(&top, &before, &now, 1);
	assert_true(top.rows[0].jobs == 0 && top.rows[0].pages == 0 && top.rows[0].waiting == 0);
	top_free(&top);
	top_make(&top, &now, &before, 0);
	assert_true(top.rows[0].jobs == 0 && top.rows[0].waiting == 0);
	top_free(&top);
}

/* Prints a frame; returns its number of lines and the length of the longest */
static size_t frame(unsigned int width, unsigned int lines, size_t contexts_there, size_t *longest)
{
	struct context list[50], old[50];
	struct contexts now, before;
	struct top top;
	char *text = NULL, *line;
	size_t size, count = 0;
	FILE *file = open_memstream(&text, &size);

	for (size_t i = 0; i < contexts_there; i++) {
		old[i] = context(1099511627776 + i, 0, 0, 0);
		list[i] = context(1099511627776 + i, UINT64_MAX, UINT64_MAX, UINT64_MAX);
	}
	now = contexts(list, contexts_there);
	before = contexts(old, contexts_there);
	top_make(&top, &before, &now, 0.1);
	top_print(&top, "23:59:59", width, lines, file);
	top_free(&top);
	fclose(file);
	*longest = 0;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		*longest = strlen(line) > *longest ? strlen(line) : *longest;
		count++;
	}
	free(text);
	return count;
}

static void a_frame_stays_within_the_terminal(void **state)
{
	static const unsigned int widths[] = { 1, 20, 60, 80, 200 };
	size_t longest;

	(void)state;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		assert_int_equal(frame(widths[i], 0, 50, &longest), 52);
		assert_in_range(longest, 1, widths[i]);
	}
	assert_int_equal(frame(80, 24, 50, &longest), 23);
	assert_int_equal(frame(80, 24, 2, &longest), 4);
	assert_int_equal(frame(80, 1, 50, &longest), 2);
}

/* What a terminal of 80 columns shows has all its columns, with ids of today */
static void eighty_columns_are_enough(void **state)
{
	struct context list[] = { context(4512782, 99999, 99999, 0) };
	struct contexts now = contexts(list, 1), before = { 0 };
	char *text = NULL;
	struct top top;
	size_t size;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	top_make(&top, &before, &now, 1);
	top_print(&top, "23:59:59", 80, 0, file);
	top_free(&top);
	fclose(file);
	assert_non_null(strstr(text, "WAIT%\n"));
	assert_non_null(strstr(text, " quarantined "));
	assert_non_null(strstr(text, " user-w+ "));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rates_are_of_the_time_between_two_looks),
		cmocka_unit_test(a_new_context_has_done_all_it_did_since_the_look_before),
		cmocka_unit_test(counters_that_fall_are_no_rate),
		cmocka_unit_test(a_frame_stays_within_the_terminal),
		cmocka_unit_test(eighty_columns_are_enough),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
