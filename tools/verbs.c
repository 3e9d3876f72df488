// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * verbs.c - what svactl can do, and how each is called
 *
 * One table: --help, the shell's completion and the comparison with svactl(1) are
 * made from it.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "verbs.h"

enum { OPTION_ROOT = 256 };

#define CGROUP_OPTION(what) \
	{ "cgroup", 'g', "PATH", 0, what ", as /proc/PID/cgroup has it behind 0::", 0 }
#define COUNT_OPTION(what) { "count", 'c', "NUMBER", 0, what, 0 }

static const struct argp_option common_options[] = {
	{ "json", 'j', NULL, 0, "Print JSON instead of text", -1 },
	{ "socket", 's', "PATH", 0, "svad's socket (default: $SVA_SOCKET, or " SVA_SOCKET_PATH ")", -1 },
	{ "root", OPTION_ROOT, "FOLDER", OPTION_HIDDEN, "where /sys and /proc are, for tests", -1 },
	{ 0 },
};

static const struct argp_option explain_options[] = {
	{ "user", 'u', "USER", 0, "Ask about this user, by name or number (default: you)", 0 },
	CGROUP_OPTION("With --user: in this cgroup"),
	{ "type", 't', "TYPE", 0, "For this type of context (default: the device's first)", 0 },
	{ 0 },
};

static const struct argp_option grant_options[] = {
	{ "contexts", 'n', "NUMBER", 0, "How many contexts", 0 },
	CGROUP_OPTION("For this cgroup and all below it"),
	{ "user", 'u', "USER", 0, "For this user, by name or number", 0 },
	{ 0 },
};

static const struct argp_option partition_options[] = {
	{ "contexts", 'n', "NUMBER", 0, "How many contexts it takes of the device's (default: 16)", 0 },
	{ "type", 't', "TYPE", 0, "Of which type (default: the device's only one)", 0 },
	{ 0 },
};

static const struct argp_option force_options[] = {
	{ "force", 'f', NULL, 0, "Have its contexts end, whoever holds them", 0 },
	{ 0 },
};

static const struct argp_option stats_options[] = {
	{ "metrics", 'm', NULL, 0, "Print OpenMetrics text", 0 },
	{ 0 },
};

static const struct argp_option top_options[] = {
	{ "interval", 'i', "SECONDS", 0, "Between two looks, from 0.1 on (default: 1)", 0 },
	COUNT_OPTION("Look so many times, and end (default: until q or a signal)"),
	{ 0 },
};

static const struct argp_option watch_options[] = {
	COUNT_OPTION("End after so many lines (default: never)"),
	{ 0 },
};

const struct verb verbs[] = {
	{ "list", "[DEVICE]", "devices, and whether you may use them", NULL,
	  NULL, svactl_list, 0, 1, 1 },
	{ "ps", "[DEVICE]", "contexts: whose, and in what state", NULL,
	  NULL, svactl_ps, 0, 1, 1 },
	{ "top", "[DEVICE]", "contexts, live: the busiest first", "On a terminal q ends it; "
	  "elsewhere it prints one table after the other, with --json a line each.",
	  top_options, svactl_top, 0, 1, 1 },
	{ "info", "ID", "one context, with all that is counted", NULL,
	  NULL, svactl_info, 1, 1, 0 },
	{ "doctor", "[DEVICE]", "what is in the way, and what to do", NULL,
	  NULL, svactl_doctor, 0, 1, 1 },
	{ "explain", "[DEVICE]", "is a context allowed, and by which line", NULL,
	  explain_options, svactl_explain, 0, 1, 1 },
	{ "watch", "[DEVICE]", "tell what happens, as it happens", NULL,
	  watch_options, svactl_watch, 0, 1, 1 },
	{ "stats", "", "what svad has done (administrators)", NULL,
	  stats_options, svactl_stats, 0, 0, 0 },
	{ "grant list", "[DEVICE]", "grants, and what is used (operators)", NULL,
	  NULL, svactl_grant_list, 0, 1, 1 },
	{ "grant add", "DEVICE", "give a grant (operators)",
	  "Prints its number.  Needs --contexts, and either --cgroup or --user.",
	  grant_options, svactl_grant_add, 1, 1, 1 },
	{ "grant remove", "NUMBER", "take a grant back (operators)",
	  "What was opened under it ends, whoever holds it.",
	  NULL, svactl_grant_remove, 1, 1, 0 },
	{ "partition list", "[DEVICE]", "partitions of devices", NULL,
	  NULL, svactl_partition_list, 0, 1, 1 },
	{ "partition create", "DEVICE [UUID]", "make one, and print its name (root)",
	  "Without a UUID it gets a random one.",
	  partition_options, svactl_partition_create, 1, 2, 1 },
	{ "partition remove", "UUID", "remove one (root)", NULL,
	  force_options, svactl_partition_remove, 1, 1, 1 },
	{ "revoke", "[DEVICE] ID", "have a context end (administrators)",
	  "Whoever holds it is told.", NULL, svactl_revoke, 1, 2, 0 },
	{ "reset", "DEVICE", "end all contexts, reset (administrators)",
	  NULL, NULL, svactl_reset, 1, 1, 1 },
	{ "cdi write", "", "print a specification for containers", NULL,
	  NULL, svactl_cdi_write, 0, 0, 0 },
	{ "cdi check", "FILE", "is such a specification good", NULL,
	  NULL, svactl_cdi_check, 1, 1, 0 },
	{ "check-config", "[FILE]", "is a policy good, and if not, why",
	  "Without FILE it is /etc/svad.conf. svad is not asked.",
	  NULL, svactl_check_config, 0, 1, 0 },
	{ 0 },
};

/* ----------------------------------------------------------------- options */

static error_t take_common(int key, char *arg, struct argp_state *state)
{
	struct svactl *svactl = state->input;

	switch (key) {
	case 'j':
		svactl->json = true;
		return 0;
	case 's':
		svactl->socket = arg;
		return 0;
	case OPTION_ROOT:
		svactl->root = arg;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp common_argp = { .options = common_options, .parser = take_common };

static uint32_t take_number(const char *arg, const char *of, struct argp_state *state)
{
	uint64_t number = 0;

	if (!number_read(arg, UINT32_MAX, &number))
		argp_error(state, "'%s' is no number of %s; give one from 1 on", arg, of);
	return (uint32_t)number;
}

static uint32_t take_interval(const char *arg, struct argp_state *state)
{
	char *end;
	double seconds = strtod(arg, &end);

	if (end == arg || *end || !isfinite(seconds) || seconds < 0.1 || seconds > 86400)
		argp_error(state, "'%s' is no interval; give seconds, from 0.1 to 86400", arg);
	return (uint32_t)(seconds * 1000);
}

/**
 * struct call - a verb being called
 */
struct call {
	const struct verb *verb;
	struct svactl *svactl;
};

static void take_argument(struct call *call, char *arg, struct argp_state *state)
{
	struct svactl *svactl = call->svactl;

	if (svactl->num_arguments >= call->verb->max)
		argp_error(state, "'%s' is one argument too many", arg);
	svactl->arguments[svactl->num_arguments++] = arg;
	if (svactl->num_arguments == call->verb->device)
		svactl->device = arg;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct call *call = state->input;
	struct svactl *svactl = call->svactl;

	switch (key) {
	case 'u':
		svactl->user = arg;
		return 0;
	case 'g':
		svactl->cgroup = arg;
		return 0;
	case 't':
		svactl->type = arg;
		return 0;
	case 'f':
		svactl->force = true;
		return 0;
	case 'm':
		svactl->metrics = true;
		return 0;
	case 'n':
		svactl->contexts = take_number(arg, "contexts", state);
		return 0;
	case 'c':
		svactl->count = take_number(arg, "times", state);
		return 0;
	case 'i':
		svactl->interval_ms = take_interval(arg, state);
		return 0;
	case ARGP_KEY_INIT:
		state->child_inputs[0] = svactl;
		return 0;
	case ARGP_KEY_ARG:
		take_argument(call, arg, state);
		return 0;
	case ARGP_KEY_END:
		if (svactl->num_arguments < call->verb->min)
			argp_error(state, "it needs %s", call->verb->usage);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void verb_parse(const struct verb *verb, int count, char **words, struct svactl *svactl)
{
	static const struct argp_child children[] = { { &common_argp, 0, NULL, -1 }, { 0 } };
	struct call call = { .verb = verb, .svactl = svactl };
	char *doc = text_format("%s%s%s", verb->summary, verb->description ? "\v" : "",
				verb->description ? verb->description : "");
	const struct argp argp = {
		.options = verb->options,
		.parser = take_option,
		.args_doc = verb->usage,
		.doc = doc,
		.children = children,
	};
	char *first = words[0];

	svactl->verb = verb->name;
	words[0] = text_format("svactl %s", verb->name);
	argp_parse(&argp, count, words, 0, NULL, &call);
	free(words[0]);
	free(doc);
	words[0] = first;
}

/* ------------------------------------------------------------------- names */

/* Does a name of one word or two stand there?  How many words it has, or 0 */
static int name_words(const char *name, char *const *words, int count)
{
	size_t length = strcspn(name, " ");

	if (count < 1 || strlen(words[0]) != length || strncmp(name, words[0], length))
		return 0;
	if (!name[length])
		return 1;
	return count > 1 && !strcmp(name + length + 1, words[1]) ? 2 : 0;
}

const struct verb *verb_find(char *const *words, int count, int *used)
{
	for (const struct verb *verb = verbs; verb->name; verb++) {
		*used = name_words(verb->name, words, count);
		if (*used)
			return verb;
	}
	return NULL;
}

char *verbs_help(void)
{
	char *text = text_format("Verbs, of which each has a --help of its own:\n"), *longer;

	for (const struct verb *verb = verbs; verb->name; verb++) {
		char *call = text_format("%s %s", verb->name, verb->usage);

		longer = text_format("%s  %-30s %s\n", text, call, verb->summary);
		free(call);
		free(text);
		text = longer;
	}
	return text;
}

static void options_print(const struct argp_option *option)
{
	for (; option && option->name; option++) {
		if (!(option->flags & OPTION_HIDDEN))
			printf(" --%s%s", option->name, option->arg ? "=" : "");
	}
}

int verbs_print(void)
{
	for (const struct verb *verb = verbs; verb->name; verb++) {
		printf("%s:", verb->name);
		options_print(verb->options);
		options_print(common_options);
		printf(" --help %s\n", verb->usage);
	}
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}
