// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * svactl.c - look at svad, its devices and their contexts, and rule over them
 */
#include <argp.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "reason.h"
#include "sva.h"
#include "svactl.h"
#include "text.h"
#include "verbs.h"

const char *argp_program_version = "svactl " SVA_VERSION;

enum { OPTION_VERBS = 256 + 64 };

static const struct argp_option options[] = {
	{ "verbs", OPTION_VERBS, NULL, OPTION_HIDDEN, "the verbs and their options, for shells", 0 },
	{ 0 },
};

static const char description[] =
	"Look at svad, its devices and their contexts, and rule over them."
	"\v"
	"Exit status: 0 if all is well; 1 if something was refused or is not allowed, or "
	"doctor or check-config found a problem; 2 for a wrong command line.  svactl(1) "
	"describes the output.";

/**
 * struct line - the command line, while it is read
 */
struct line {
	struct svactl svactl;
	const struct verb *verb;
};

static bool is_first_word(const char *word)
{
	size_t length = strlen(word);

	for (const struct verb *verb = verbs; verb->name; verb++) {
		if (!strncmp(verb->name, word, length) && verb->name[length] == ' ')
			return true;
	}
	return false;
}

/* The verb takes the rest of the line */
static void take_verb(struct line *line, struct argp_state *state)
{
	char **words = &state->argv[state->next - 1];
	int count = state->argc - state->next + 1, used;

	line->verb = verb_find(words, count, &used);
	if (!line->verb && is_first_word(words[0]))
		argp_error(state, "'%s' is one half of a verb; say which, as in svactl --help", words[0]);
	else if (!line->verb)
		argp_error(state, "'%s' is no verb", words[0]);
	verb_parse(line->verb, count - used + 1, words + used - 1, &line->svactl);
	state->next = state->argc;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct line *line = state->input;

	(void)arg;
	switch (key) {
	case OPTION_VERBS:
		exit(verbs_print());
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &line->svactl;
		return 0;
	case ARGP_KEY_ARG:
		take_verb(line, state);
		return 0;
	case ARGP_KEY_END:
		if (!line->verb)
			argp_error(state, "say what to do: list, ps, doctor ...");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The list of verbs stands before what else there is to say */
static char *help_filter(int key, const char *text, void *input)
{
	char *list, *all;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC || !text)
		return (char *)text;
	list = verbs_help();
	all = text_format("%s\n%s", list, text);
	free(list);
	return all;
}

int main(int argc, char **argv)
{
	static const struct argp_child children[] = { { &common_argp, 0, NULL, 0 }, { 0 } };
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = "VERB [ARGUMENT...]",
		.doc = description,
		.children = children,
		.help_filter = help_filter,
	};
	struct line line = { .svactl = { .root = "", .interval_ms = 1000 } };

	argp_err_exit_status = SVACTL_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &line);
	return line.verb->run(&line.svactl);
}

/* --------------------------------------------------------------- for verbs */

static int devices_pick(const char *name, struct sva_msg_device *devices, uint32_t *count)
{
	for (uint32_t i = 0; i < *count; i++) {
		if (!strcmp(devices[i].name, name)) {
			devices[0] = devices[i];
			*count = 1;
			return 0;
		}
	}
	return -ENOENT;
}

int svactl_devices(const struct svactl *svactl, struct client *client,
		   struct sva_msg_device **devices, uint32_t *count)
{
	int ret;

	do
		ret = client_all_devices(client, devices, count);
	while (ret < 0 && ask_again(client));
	if (!ret && svactl->device) {
		ret = devices_pick(svactl->device, *devices, count);
		if (ret < 0) {
			client->reason = SVA_REASON_NO_SUCH_DEVICE;
			free(*devices);
			*devices = NULL;
		}
	}
	for (uint32_t i = 0; !ret && i < *count; i++)
		text_make_safe((*devices)[i].name);
	return ret;
}

bool number_read(const char *text, uint64_t max, uint64_t *number)
{
	if (!*text || strspn(text, "0123456789") != strlen(text))
		return false;
	errno = 0;
	*number = strtoull(text, NULL, 10);
	return !errno && *number && *number <= max;
}

bool user_read(const char *text, uint32_t *uid)
{
	const struct passwd *user;
	uint64_t number;

	if (!strcmp(text, "0") || number_read(text, UINT32_MAX - 1, &number)) {
		*uid = strcmp(text, "0") ? (uint32_t)number : 0;
		return true;
	}
	user = getpwnam(text);
	if (user)
		*uid = user->pw_uid;
	else
		fprintf(stderr, "svactl: there is no user '%s'; give a name that getent passwd knows, or a number\n", text);
	return user;
}

char *user_name(uint32_t uid)
{
	const struct passwd *user = getpwuid(uid);
	char *name = user ? text_format("%s", user->pw_name) : text_format("%u", uid);

	text_make_safe(name);
	return name;
}

int svactl_misused(const struct svactl *svactl, const char *what)
{
	fprintf(stderr, "svactl %s: %s; see svactl %s --help\n", svactl->verb, what, svactl->verb);
	return SVACTL_USAGE;
}

int svactl_refused(const struct svactl *svactl, int error, uint32_t reason)
{
	if (svactl->json)
		return svactl_print_json(json_pack("{s:{s:i,s:s,s:s,s:s}}", "error",
						   "errno", -error,
						   "reason", sva_reason_name(reason),
						   "sentence", sva_strreason(reason),
						   "remedy", reason_find(reason)->remedy),
					 SVACTL_FAILED);
	fprintf(stderr, "svactl %s: %s (%s)\n", svactl->verb, sva_strreason(reason),
		reason == SVA_REASON_SYSTEM ? strerror(-error) : sva_reason_name(reason));
	return SVACTL_FAILED;
}

static int json_print(json_t *json, size_t flags, int status)
{
	int ret = json ? json_dumpf(json, stdout, flags) : -1;

	json_decref(json);
	if (ret < 0 || putchar('\n') == EOF || fflush(stdout)) {
		fputs("svactl: the JSON could not be written\n", stderr);
		return SVACTL_FAILED;
	}
	return status;
}

int svactl_print_json(json_t *json, int status)
{
	return json_print(json, JSON_INDENT(2), status);
}

int svactl_print_json_line(json_t *json)
{
	return json_print(json, JSON_COMPACT, SVACTL_OK);
}
