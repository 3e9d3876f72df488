// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * svactl.c - look at svad, its devices and their contexts
 */
#include <argp.h>
#include <errno.h>
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
	{ "socket", 's', "PATH", 0, "svad's socket (default: $SVA_SOCKET, or " SVA_SOCKET_PATH ")", 0 },
	{ "root", OPTION_ROOT, "FOLDER", OPTION_HIDDEN, "where /sys and /proc are, for tests", 0 },
	{ 0 },
};

static const char description[] =
	"Look at svad, its devices and their contexts.\n"
	"\n"
	"Commands:\n"
	"  list [DEVICE]    devices: capabilities, contexts, whether you may use them\n"
	"  ps [DEVICE]      contexts: whose, in what state, PASID, faults, release\n"
	"  info CONTEXT     one context: its counters, and how long page requests took\n"
	"  doctor [DEVICE]  what is in the way of using a device, and what to do\n"
	"\v"
	"Exit status: 0 if all is well, 1 if something was refused or doctor found a "
	"problem, 2 for a wrong command line.  svactl(1) describes the output.";

static const struct command {
	const char *name;
	int (*run)(const struct svactl *svactl);
} commands[] = {
	{ "list", svactl_list },
	{ "ps", svactl_ps },
	{ "info", svactl_info },
	{ "doctor", svactl_doctor },
};

static const struct command *command_find(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static error_t take_argument(struct svactl *svactl, char *arg, struct argp_state *state)
{
	if (!svactl->command) {
		svactl->command = arg;
		if (!command_find(arg))
			argp_error(state, "'%s' is no command", arg);
	} else if (!svactl->device) {
		svactl->device = arg;
	} else {
		argp_error(state, "'%s' is one argument too many", arg);
	}
	return 0;
}

static error_t take_option(int key, char *arg, struct argp_state *state)
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
	case ARGP_KEY_ARG:
		return take_argument(svactl, arg, state);
	case ARGP_KEY_END:
		if (!svactl->command)
			argp_error(state, "say which command: list, ps, info or doctor");
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
		.args_doc = "COMMAND [DEVICE|CONTEXT]",
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
