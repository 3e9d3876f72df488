// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * svactl.c - look at svad, its devices and their contexts, and rule over them
 */
#include <argp.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "reason.h"
#include "sva.h"
#include "svactl.h"
#include "text.h"

const char *argp_program_version = "svactl " SVA_VERSION;

enum { OPTION_ROOT = 256 };

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Print JSON instead of text", 0 },
	{ "metrics", 'm', NULL, 0, "stats: print OpenMetrics text", 0 },
	{ "device", 'd', "DEVICE", 0, "The device, wherever a command takes one", 0 },
	{ "user", 'u', "USER", 0, "explain, grant add: name or number of a user", 0 },
	{ "type", 't', "TYPE", 0, "explain: type of context", 0 },
	{ "cgroup", 'g', "PATH", 0, "explain, grant add: a cgroup, as /proc/PID/cgroup has it behind 0::", 0 },
	{ "contexts", 'n', "NUMBER", 0, "grant add: how many contexts", 0 },
	{ "socket", 's', "PATH", 0, "svad's socket (default: $SVA_SOCKET, or " SVA_SOCKET_PATH ")", 0 },
	{ "root", OPTION_ROOT, "FOLDER", OPTION_HIDDEN, "where /sys and /proc are, for tests", 0 },
	{ 0 },
};

static const char description[] =
	"Look at svad, its devices and their contexts, and rule over them.\n"
	"\n"
	"Commands:\n"
	"  list [DEVICE]     devices: capabilities, contexts, whether you may use them\n"
	"  ps [DEVICE]       contexts: whose, in what state, PASID, faults, release\n"
	"  info ID           one context: its counters, and how long page requests took\n"
	"  doctor [DEVICE]   what is in the way of using a device, and what to do\n"
	"  explain [DEVICE]  would a context be allowed, to you or --user, by which line\n"
	"  watch [DEVICE]    tell what happens, as it happens\n"
	"  cdi write         a CDI specification, for containers; cdi check FILE\n"
	"For operators of svad.conf:\n"
	"  grant list                            grants, and how much of them is used\n"
	"  grant add DEVICE --contexts N --cgroup PATH | --user USER\n"
	"  grant remove NUMBER                   and have end what was opened under it\n"
	"For administrators of svad.conf:\n"
	"  revoke DEVICE ID  have a context end, whoever holds it\n"
	"  reset DEVICE      have all contexts of a device end, and reset it\n"
	"  stats             what svad has done; --metrics for OpenMetrics\n"
	"\v"
	"Exit status: 0 if all is well, 1 if something was refused, is not allowed or "
	"doctor found a problem, 2 for a wrong command line.  svactl(1) describes the output.";

/* @device: which of the arguments is the device; 0: none */
static const struct command {
	const char *name;
	int (*run)(const struct svactl *svactl);
	unsigned int min, max;
	unsigned int device;
} commands[] = {
	{ "list", svactl_list, 0, 1, 1 },
	{ "ps", svactl_ps, 0, 1, 1 },
	{ "info", svactl_info, 1, 1, 0 },
	{ "doctor", svactl_doctor, 0, 1, 1 },
	{ "explain", svactl_explain, 0, 1, 1 },
	{ "watch", svactl_watch, 0, 1, 1 },
	{ "grant", svactl_grant, 1, 2, 2 },
	{ "cdi", svactl_cdi, 1, 2, 0 },
	{ "revoke", svactl_revoke, 1, 2, 0 },
	{ "reset", svactl_reset, 0, 1, 1 },
	{ "stats", svactl_stats, 0, 0, 0 },
};

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static void take_argument(struct svactl *svactl, char *arg, struct argp_state *state)
{
	if (!svactl->command) {
		svactl->command = arg;
		if (!command_find(arg))
			argp_error(state, "'%s' is no command", arg);
		return;
	}
	if (svactl->num_arguments >= command_find(svactl->command)->max)
		argp_error(state, "'%s' is one argument too many", arg);
	svactl->arguments[svactl->num_arguments++] = arg;
}

static void take_contexts(struct svactl *svactl, const char *arg, struct argp_state *state)
{
	uint64_t number = 0;

	if (!number_read(arg, UINT32_MAX, &number))
		argp_error(state, "'%s' is no number of contexts; give one from 1 on", arg);
	svactl->contexts = (uint32_t)number;
}

static void arguments_end(struct svactl *svactl, struct argp_state *state)
{
	const struct command *command;

	if (!svactl->command)
		argp_error(state, "say which command: list, ps, info, doctor, explain, watch, cdi, grant, revoke, reset or stats");
	command = command_find(svactl->command);
	if (svactl->num_arguments < command->min)
		argp_error(state, "%s needs more than that; see --help", command->name);
	if (!command->device || svactl->num_arguments < command->device)
		return;
	if (svactl->device && strcmp(svactl->device, svactl->arguments[command->device - 1]))
		argp_error(state, "two devices are given; give one");
	svactl->device = svactl->arguments[command->device - 1];
}

static error_t take_option(int key, char *arg, struct argp_state *state)
{
	struct svactl *svactl = state->input;

	switch (key) {
	case 'j':
		svactl->json = true;
		return 0;
	case 'm':
		svactl->metrics = true;
		return 0;
	case 'd':
		svactl->device = arg;
		return 0;
	case 'u':
		svactl->user = arg;
		return 0;
	case 't':
		svactl->type = arg;
		return 0;
	case 'g':
		svactl->cgroup = arg;
		return 0;
	case 'n':
		take_contexts(svactl, arg, state);
		return 0;
	case 's':
		svactl->socket = arg;
		return 0;
	case OPTION_ROOT:
		svactl->root = arg;
		return 0;
	case ARGP_KEY_ARG:
		take_argument(svactl, arg, state);
		return 0;
	case ARGP_KEY_END:
		arguments_end(svactl, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = take_option,
		.args_doc = "COMMAND [ARGUMENT...]",
		.doc = description,
	};
	struct svactl svactl = { .root = "" };

	argp_err_exit_status = SVACTL_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, &svactl);
	return command_find(svactl.command)->run(&svactl);
}

/* ------------------------------------------------------------- for commands */

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
	int ret = client_connect(client, svactl->socket, 0);

	if (ret < 0)
		return ret;
	ret = client_all_devices(client, devices, count);
	if (!ret && svactl->device) {
		ret = devices_pick(svactl->device, *devices, count);
		if (ret < 0) {
			client->reason = SVA_REASON_NO_SUCH_DEVICE;
			free(*devices);
		}
	}
	if (ret < 0)
		client_close(client);
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

	return user ? text_format("%s", user->pw_name) : text_format("%u", uid);
}

int svactl_misused(const struct svactl *svactl, const char *what)
{
	fprintf(stderr, "svactl %s: %s; see svactl --help\n", svactl->command, what);
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
	fprintf(stderr, "svactl %s: %s (%s)\n", svactl->command, sva_strreason(reason),
		reason == SVA_REASON_SYSTEM ? strerror(-error) : sva_reason_name(reason));
	return SVACTL_FAILED;
}

int svactl_print_json(json_t *json, int status)
{
	int ret = json ? json_dumpf(json, stdout, JSON_INDENT(2)) : -1;

	json_decref(json);
	if (ret < 0 || putchar('\n') == EOF || fflush(stdout)) {
		fputs("svactl: the JSON could not be written\n", stderr);
		return SVACTL_FAILED;
	}
	return status;
}
