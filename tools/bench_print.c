// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_print.c - what was measured, as a table and as JSON
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "bench_print.h"
#include "text.h"

static char *value_text(enum row_unit unit, double value)
{
	if (unit == ROW_BYTES)
		return text_format("%.0f B", value);
	if (value < 1e3)
		return text_format("%.1f ns", value);
	if (value < 1e6)
		return text_format("%.1f us", value / 1e3);
	return text_format("%.1f ms", value / 1e6);
}

double result_ratio(struct result *result, double percent)
{
	double floor = samples_percentile(&result->measure.floor, percent);

	return floor > 0 ? samples_percentile(&result->measure.product, percent) / floor : 0;
}

/* NULL where there is a result */
static const char *result_sentence(const struct result *result)
{
	switch (result->ret) {
	case 0:
		return NULL;
	case ROW_NEEDS_CPUS:
		return "skipped: it needs two CPUs";
	case ROW_NEEDS_RIGHT:
		return "skipped: it needs an administrator of svad's policy";
	case ROW_NEEDS_TRACING:
		return "skipped: it needs the function graph tracer, unused, and root";
	case ROW_NEEDS_SVAD:
		return "skipped: it needs --svad";
	case ROW_NEEDS_ROOM:
		return "skipped: the device or svad's policy has not so many contexts";
	}
	if (result->reason && result->reason != SVA_REASON_SYSTEM)
		return sva_strreason(result->reason);
	return strerror(-result->ret);
}

/* ------------------------------------------------------------------- table */

void print_floors(const struct floor_result *floors)
{
	printf("This machine:");
	for (size_t i = 0; i < BENCH_FLOORS; i++) {
		char *value = value_text(ROW_TIME, floors[i].ns);

		printf("%s %s %s", i ? "," : "", floors[i].name, value);
		free(value);
	}
	printf("\n\n");
}

void print_header(void)
{
	printf("%-19s %12s %9s %9s %12s %9s %8s %8s %7s %5s\n", "ROW", "PRODUCT p50", "p99",
	       "p99.9", "FLOOR p50", "p99", "RATIO", "at p10", "TARGET", "N");
}

static void print_percentile(const struct row *row, struct samples *samples, double percent,
			     int width)
{
	char *value = value_text(row->unit, samples_percentile(samples, percent));

	printf(" %*s", width, value);
	free(value);
}

/* As soon as it is there: a row may take long on a slow machine. */
void print_result(struct result *result)
{
	struct samples *product = &result->measure.product, *floor = &result->measure.floor;
	const struct row *row = result->row;

	printf("%-19s", row->name);
	if (result->ret) {
		printf(" %s\n", result_sentence(result));
	} else {
		print_percentile(row, product, 50, 12);
		print_percentile(row, product, 99, 9);
		print_percentile(row, product, 99.9, 9);
		print_percentile(row, floor, 50, 12);
		print_percentile(row, floor, 99, 9);
		printf(" %7.2fx %7.2fx", result_ratio(result, 50), result_ratio(result, 10));
		if (row->target > 0)
			printf(" %6.2fx", row->target);
		else
			printf(" %7s", "-");
		printf(" %5zu\n", product->count);
	}
	fflush(stdout);
}

void print_rows(void)
{
	for (const struct row *row = bench_rows; row->name; row++)
		printf("%-19s product: %s\n%-19s floor:   %s\n", row->name, row->product, "",
		       row->floor);
}

/* -------------------------------------------------------------------- JSON */

static json_t *side_json(const char *what, struct samples *samples)
{
	return json_pack("{s:s, s:f, s:f, s:f, s:f, s:I}", "what", what,
			 "p10", samples_percentile(samples, 10),
			 "p50", samples_percentile(samples, 50),
			 "p99", samples_percentile(samples, 99),
			 "p99.9", samples_percentile(samples, 99.9),
			 "n", (json_int_t)samples->count);
}

static json_t *result_json(struct result *result)
{
	const struct row *row = result->row;
	json_t *json;

	if (result->ret)
		return json_pack("{s:s, s:b, s:s, s:s?}", "name", row->name,
				 "skipped", result->ret > 0,
				 "error", result_sentence(result),
				 "reason", result->reason ? sva_reason_name(result->reason) : NULL);
	json = json_pack("{s:s, s:s?, s:I, s:s, s:o, s:o, s:f, s:f}", "name", row->name,
			 "series", row->series, "size", (json_int_t)row->size,
			 "unit", row->unit == ROW_BYTES ? "bytes" : "ns",
			 "product", side_json(row->product, &result->measure.product),
			 "floor", side_json(row->floor, &result->measure.floor),
			 "ratio", result_ratio(result, 50),
			 "ratio_p10", result_ratio(result, 10));
	if (row->target > 0)
		json_object_set_new(json, "target", json_real(row->target));
	return json;
}

static int cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? 0 : CPU_COUNT(&set);
}

int print_json(const struct bench *bench, const struct floor_result *floors,
	       struct result *results, size_t count, FILE *file)
{
	json_t *array = json_array(), *machine = json_object(), *json;
	struct utsname name = { 0 };
	double load[3] = { 0 };
	int ret;

	uname(&name);
	getloadavg(load, 3);
	for (size_t i = 0; i < BENCH_FLOORS; i++)
		json_object_set_new(machine, floors[i].name, json_real(floors[i].ns));
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, result_json(&results[i]));
	json = json_pack("{s:s, s:s, s:s, s:i, s:f, s:s?, s:b, s:o, s:o}", "version", SVA_VERSION,
			 "kernel", name.release, "machine", name.machine, "cpus", cpus(),
			 "load", load[0], "device", bench->device, "quick", bench->quick,
			 "floors_ns", machine, "rows", array);
	ret = json ? json_dumpf(json, file, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) : -1;
	json_decref(json);
	return ret < 0 || putc('\n', file) == EOF ? -EIO : 0;
}
