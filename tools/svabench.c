// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * svabench.c - what SVA costs, as ratios against floors of the same run
 */
#include <argp.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <jansson.h>

#include "bench.h"
#include "text.h"

const char *argp_program_version = "svabench " SVA_VERSION;

#define KIB 1024
#define MIB (1024 * 1024)

/* Targets: what the product is to take at most, in floors */
static const struct row rows[] = {
	{ "bind", "sva_bind(), the whole path", "a bare handshake that brings an fd, and the "
	  "bare BIND_TASK ioctl", bench_bind, 0, 1.25 },
	{ "unbind", "sva_unbind()", "the bare UNBIND_TASK ioctl and close()", bench_unbind, 0, 0 },
	{ "memmove-64k", "64 KiB, warm", "memcpy()", bench_copy_warm, 64 * KIB, 1.2 },
	{ "memmove-1m", "1 MiB, warm", "memcpy()", bench_copy_warm, MIB, 1.2 },
	{ "memmove-16m", "16 MiB, warm", "memcpy()", bench_copy_warm, 16 * MIB, 1.2 },
	{ "memmove-64m", "64 MiB, warm", "memcpy()", bench_copy_warm, 64 * MIB, 1.2 },
	{ "memmove-cold", "64 MiB, cold: by page requests", "memcpy(), cold: by page faults",
	  bench_copy_cold, 64 * MIB, 1.5 },
	{ "nop-ring", "a job of a batch of 512 that do nothing", "the same on a ring that a thread "
	  "polls, without a device", bench_nop_ring, 512, 1.4 },
	{ "nop-syscall", "a job of a batch of 512 that do nothing", "one write() a job",
	  bench_nop_syscall, 512, 0.2 },
	{ "mem-client", "svad's heap for an idle client", "its budget", bench_client_memory, KIB, 1 },
	{ "mem-context", "svad's heap for a context", "its budget", bench_context_memory, KIB / 4,
	  1 },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/**
 * struct options - the command line
 * @wanted: which rows
 */
struct options {
	struct bench bench;
	bool json;
	bool list;
	bool wanted[ROWS];
};

/* What became of a row */
struct result {
	const struct row *row;
	struct measure measure;
	int ret;		/* 0, ROW_SKIPPED, ROW_NEEDS_RIGHT or a negative errno */
	uint32_t reason;
};

/* ---------------------------------------------------------- command line */

static const struct argp_option argp_options[] = {
	{ "device", 'd', "NAME", 0, "Measure this device (default: any)", 0 },
	{ "rows", 'r', "NAME,...", 0, "Measure these rows only", 0 },
	{ "quick", 'q', NULL, 0, "Few repetitions, for a look", 0 },
	{ "list", 'l', NULL, 0, "Say what the rows are, and measure none", 0 },
	{ "json", 'j', NULL, 0, "Print JSON instead of a table", 0 },
	{ 0 },
};

static const char description[] =
	"Measure what SVA costs on this machine.\n"
	"\n"
	"Each row is a product and its floor: the same work with nothing around it.  "
	"Both are measured in turns within one run, for only such numbers can be "
	"compared.  RATIO is the product's median over the floor's; TARGET is what "
	"it is to be at most.\v"
	"The floor of 'bind' has two parts, because a bare server has no context to hand "
	"over: a handshake on a socket that brings some fd, and the BIND_TASK ioctl on a "
	"context that svad gave before the clock started.  Their times are added.\n"
	"\n"
	"Exit status: 0 if every row was measured or skipped, 1 if one failed, 2 for a "
	"wrong command line.  No time is ever a failure.";

static void rows_pick(struct options *options, char *names, struct argp_state *state)
{
	for (char *save = NULL, *name = strtok_r(names, ",", &save); name;
	     name = strtok_r(NULL, ",", &save)) {
		size_t i = 0;

		while (i < ROWS && strcmp(rows[i].name, name))
			i++;
		if (i == ROWS)
			argp_error(state, "'%s' is no row; svabench --list shows them", name);
		else
			options->wanted[i] = true;
	}
}

static void rows_default(struct options *options)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (options->wanted[i])
			return;
	}
	memset(options->wanted, true, sizeof(options->wanted));
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'd':
		options->bench.device = arg;
		return 0;
	case 'r':
		rows_pick(options, arg, state);
		return 0;
	case 'q':
		options->bench.quick = true;
		return 0;
	case 'l':
		options->list = true;
		return 0;
	case 'j':
		options->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not expected here", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ---------------------------------------------------------------- output */

static bool row_is_bytes(const struct row *row)
{
	return row->run == bench_client_memory || row->run == bench_context_memory;
}

static char *value_text(const struct row *row, double ns)
{
	if (row_is_bytes(row))
		return text_format("%.0f B", ns);
	if (ns < 1e3)
		return text_format("%.1f ns", ns);
	if (ns < 1e6)
		return text_format("%.1f us", ns / 1e3);
	return text_format("%.1f ms", ns / 1e6);
}

static double result_ratio(struct result *result)
{
	double floor = samples_percentile(&result->measure.floor, 50);

	return floor > 0 ? samples_percentile(&result->measure.product, 50) / floor : 0;
}

/* NULL where there is a result */
static const char *result_sentence(const struct result *result)
{
	if (!result->ret)
		return NULL;
	if (result->ret == ROW_SKIPPED)
		return "skipped: it needs two CPUs";
	if (result->ret == ROW_NEEDS_RIGHT)
		return "skipped: it needs an administrator of svad's policy";
	if (result->reason && result->reason != SVA_REASON_SYSTEM)
		return sva_strreason(result->reason);
	return strerror(-result->ret);
}

static void print_header(void)
{
	printf("%-13s %12s %10s %12s %10s %8s %7s %6s\n", "ROW", "PRODUCT p50", "p99",
	       "FLOOR p50", "p99", "RATIO", "TARGET", "N");
}

static void print_side(const struct row *row, struct samples *samples)
{
	char *p50 = value_text(row, samples_percentile(samples, 50));
	char *p99 = value_text(row, samples_percentile(samples, 99));

	printf(" %12s %10s", p50, p99);
	free(p50);
	free(p99);
}

/* As soon as it is there: a row may take long on a slow machine. */
static void print_result(struct result *result)
{
	printf("%-13s", result->row->name);
	if (result->ret) {
		printf(" %s\n", result_sentence(result));
	} else {
		print_side(result->row, &result->measure.product);
		print_side(result->row, &result->measure.floor);
		printf(" %7.2fx", result_ratio(result));
		if (result->row->target > 0)
			printf(" %6.2fx", result->row->target);
		else
			printf(" %7s", "-");
		printf(" %6zu\n", result->measure.product.count);
	}
	fflush(stdout);
}

static json_t *side_json(const struct row *row, const char *what, struct samples *samples)
{
	return json_pack("{s:s, s:f, s:f, s:I}", "what", what,
			 row_is_bytes(row) ? "p50_bytes" : "p50_ns", samples_percentile(samples, 50),
			 row_is_bytes(row) ? "p99_bytes" : "p99_ns", samples_percentile(samples, 99),
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
	json = json_pack("{s:s, s:o, s:o, s:f}", "name", row->name,
			 "product", side_json(row, row->product, &result->measure.product),
			 "floor", side_json(row, row->floor, &result->measure.floor),
			 "ratio", result_ratio(result));
	if (row->target > 0)
		json_object_set_new(json, "target", json_real(row->target));
	return json;
}

static int cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) < 0 ? -1 : CPU_COUNT(&set);
}

static void print_json(const struct options *options, struct result *results, size_t count)
{
	json_t *array = json_array(), *json;
	struct utsname name = { 0 };

	uname(&name);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, result_json(&results[i]));
	json = json_pack("{s:s, s:s, s:s, s:i, s:s?, s:b, s:o}", "version", SVA_VERSION,
			 "kernel", name.release, "machine", name.machine, "cpus", cpus(),
			 "device", options->bench.device, "quick", options->bench.quick,
			 "rows", array);
	if (json)
		json_dumpf(json, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(json);
}

static int print_rows(void)
{
	for (size_t i = 0; i < ROWS; i++)
		printf("%-13s product: %s\n%-13s floor:   %s\n", rows[i].name, rows[i].product,
		       "", rows[i].floor);
	return 0;
}

/* ------------------------------------------------------------------- main */

static void result_measure(struct options *options, const struct row *row, struct result *result)
{
	*result = (struct result){ .row = row };
	options->bench.reason = 0;
	result->ret = row->run(&options->bench, row, &result->measure);
	result->reason = result->ret < 0 ? options->bench.reason : 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options, .parser = take_option, .doc = description,
	};
	struct result results[ROWS];
	struct options options = { 0 };
	int status = 0;
	size_t count = 0;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (options.list)
		return print_rows();
	rows_default(&options);
	if (!options.json)
		print_header();
	for (size_t i = 0; i < ROWS; i++) {
		if (!options.wanted[i])
			continue;
		result_measure(&options, &rows[i], &results[count]);
		if (!options.json)
			print_result(&results[count]);
		status |= results[count++].ret < 0;
	}
	if (options.json)
		print_json(&options, results, count);
	for (size_t i = 0; i < count; i++) {
		samples_free(&results[i].measure.product);
		samples_free(&results[i].measure.floor);
	}
	return fflush(stdout) ? 1 : status;
}
