// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * svabench.c - what SVA costs, as ratios against floors of the same run
 */
#include <argp.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "bench_print.h"

const char *argp_program_version = "svabench " SVA_VERSION;

/**
 * struct options - the command line
 * @patterns: which rows; NULL: all
 * @output: where JSON goes, too; NULL: nowhere
 */
struct options {
	struct bench bench;
	bool json;
	bool list;
	bool svad_only;
	char *patterns;
	const char *output;
};

/* ---------------------------------------------------------- command line */

enum { OPTION_SVAD = 256, OPTION_SVAD_SOCKET };

static const struct argp_option argp_options[] = {
	{ "device", 'd', "NAME", 0, "Measure this device (default: any)", 0 },
	{ "rows", 'r', "NAME,...", 0, "Measure these rows only; *, ? and [] stand for parts", 0 },
	{ "no-binding", 'n', NULL, 0, "Only rows for which nothing is bound: svad and libsva", 0 },
	{ "svad", OPTION_SVAD, "COMMAND", 0, "For restart: what starts another svad", 0 },
	{ "svad-socket", OPTION_SVAD_SOCKET, "PATH", 0, "That one's socket", 0 },
	{ "quick", 'q', NULL, 0, "Few repetitions, for a look", 0 },
	{ "list", 'l', NULL, 0, "Say what the rows are, and measure none", 0 },
	{ "json", 'j', NULL, 0, "Print JSON instead of a table", 0 },
	{ "output", 'o', "FILE", 0, "Write the JSON to this file, too", 0 },
	{ 0 },
};

static const char description[] =
	"Measure what SVA costs on this machine.\n"
	"\n"
	"Each row is a product and its floor: the same work with nothing around it.  "
	"Both are measured in turns within one run, for only such numbers can be "
	"compared.  RATIO is the product's median over the floor's; TARGET is what "
	"it is to be at most.\v"
	"svabench(1) says what each row and each floor is.\n"
	"\n"
	"Exit status: 0 if every row was measured or skipped, 1 if one failed, 2 for a "
	"wrong command line.  No time is ever a failure.";

/* Calls @each for every pattern, which ends where it returns true */
static bool patterns_any(const char *patterns, bool (*each)(const char *pattern, const void *arg),
			 const void *arg)
{
	char pattern[64];

	for (size_t length; *patterns; patterns += length + (patterns[length] == ',')) {
		length = strcspn(patterns, ",");
		if (length && length < sizeof(pattern)) {
			memcpy(pattern, patterns, length);
			pattern[length] = '\0';
			if (each(pattern, arg))
				return true;
		}
	}
	return false;
}

static bool pattern_matches(const char *pattern, const void *arg)
{
	const struct row *row = arg;

	return !fnmatch(pattern, row->name, 0);
}

static bool pattern_is_wrong(const char *pattern, const void *arg)
{
	struct argp_state *const *state = arg;

	for (const struct row *row = bench_rows; row->name; row++) {
		if (!fnmatch(pattern, row->name, 0))
			return false;
	}
	argp_error(*state, "'%s' is no row; svabench --list shows them", pattern);
	return true;
}

static bool row_is_wanted(const struct options *options, const struct row *row)
{
	if (options->svad_only && !row->svad_only)
		return false;
	return !options->patterns || patterns_any(options->patterns, pattern_matches, row);
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'd':
		options->bench.device = arg;
		return 0;
	case 'r':
		patterns_any(arg, pattern_is_wrong, &state);
		options->patterns = arg;
		return 0;
	case 'n':
		options->svad_only = true;
		return 0;
	case OPTION_SVAD:
		options->bench.svad = arg;
		return 0;
	case OPTION_SVAD_SOCKET:
		options->bench.svad_socket = arg;
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
	case 'o':
		options->output = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not expected here", arg);
		return 0;
	case ARGP_KEY_END:
		if (!options->bench.svad != !options->bench.svad_socket)
			argp_error(state, "--svad and --svad-socket need each other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* ------------------------------------------------------------------- main */

static void result_measure(struct options *options, const struct row *row, struct result *result)
{
	*result = (struct result){ .row = row };
	options->bench.reason = 0;
	result->ret = row->run(&options->bench, row, &result->measure);
	result->reason = result->ret < 0 ? options->bench.reason : 0;
}

static size_t measure_all(struct options *options, struct result *results)
{
	size_t count = 0;

	for (const struct row *row = bench_rows; row->name; row++) {
		if (!row_is_wanted(options, row))
			continue;
		result_measure(options, row, &results[count]);
		if (!options->json)
			print_result(&results[count]);
		count++;
	}
	return count;
}

static int results_finish(struct result *results, size_t count)
{
	int status = 0;

	for (size_t i = 0; i < count; i++) {
		status |= results[i].ret < 0;
		samples_free(&results[i].measure.product);
		samples_free(&results[i].measure.floor);
	}
	return fflush(stdout) ? 1 : status;
}

static int output_write(const struct options *options, const struct floor_result *floors,
			struct result *results, size_t count)
{
	FILE *file = fopen(options->output, "we");
	int ret = file ? print_json(&options->bench, floors, results, count, file) : -1;

	if (file && fclose(file))
		ret = -1;
	if (ret < 0)
		fprintf(stderr, "svabench: %s cannot be written; give a file in a folder that you may write to\n",
			options->output);
	return ret < 0;
}

static size_t rows_count(void)
{
	size_t count = 0;

	while (bench_rows[count].name)
		count++;
	return count;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options, .parser = take_option, .doc = description,
	};
	struct floor_result floors[BENCH_FLOORS] = { 0 };
	struct options options = { 0 };
	struct result *results;
	size_t count;
	int status;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &options);
	if (options.list) {
		print_rows();
		return fflush(stdout) ? 1 : 0;
	}
	results = calloc(rows_count(), sizeof(*results));
	if (!results || bench_floors(floors) < 0) {
		fputs("svabench: out of memory or processes\n", stderr);
		free(results);
		return 1;
	}
	if (!options.json) {
		print_floors(floors);
		print_header();
	}
	count = measure_all(&options, results);
	status = options.json && print_json(&options.bench, floors, results, count, stdout) < 0;
	if (options.output)
		status |= output_write(&options, floors, results, count);
	status |= results_finish(results, count);
	free(results);
	return status;
}
