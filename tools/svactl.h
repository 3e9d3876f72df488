/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * svactl.h - what the commands of svactl share
 */
#ifndef TOOLS_SVACTL_H
#define TOOLS_SVACTL_H

#include <stdbool.h>
#include <jansson.h>

#include "client.h"

#define SVACTL_ARGUMENTS 3	/* at most, behind the command */

/* Exit statuses */
#define SVACTL_OK	0
#define SVACTL_FAILED	1	/* refused, or doctor found a problem */
#define SVACTL_USAGE	2

/**
 * struct svactl - the command line
 * @command: its name
 * @arguments: what followed it, NULL-terminated
 * @device: NULL: all
 * @user, @type, @cgroup: NULL: not given
 * @contexts: 0: not given
 * @socket: NULL: where libsva would look
 * @root: what stands before /sys and /proc, "" but for tests
 */
struct svactl {
	const char *command;
	const char *arguments[SVACTL_ARGUMENTS + 1];
	unsigned int num_arguments;
	const char *device;
	const char *user;
	const char *type;
	const char *cgroup;
	uint32_t contexts;
	const char *socket;
	const char *root;
	bool json;
	bool metrics;
};

int svactl_list(const struct svactl *svactl);
int svactl_ps(const struct svactl *svactl);
int svactl_doctor(const struct svactl *svactl);
int svactl_info(const struct svactl *svactl);
int svactl_explain(const struct svactl *svactl);
int svactl_cdi(const struct svactl *svactl);
int svactl_grant(const struct svactl *svactl);
int svactl_stats(const struct svactl *svactl);
int svactl_revoke(const struct svactl *svactl);
int svactl_reset(const struct svactl *svactl);
int svactl_watch(const struct svactl *svactl);

/* Words for numbers of the kernel's */
const char *svactl_state_name(uint32_t state);
const char *svactl_release_name(uint32_t release);

/* What svactl ps tells of a context */
json_t *svactl_context_json(const char *device, const struct sva_context_entry *entry);

/* A number from 1 on, digits only; false: it is none */
bool number_read(const char *text, uint64_t max, uint64_t *number);

/* The uid of a name or number; false after a line on stderr */
bool user_read(const char *text, uint32_t *uid);

/* The name of a user, which may hold anything, or its number; the caller frees it */
char *user_name(uint32_t uid);

/* A line about the command line; returns SVACTL_USAGE */
int svactl_misused(const struct svactl *svactl, const char *what);

/*
 * Connects and lists the devices, or the one that was asked for; the caller
 * frees *devices and closes the client.  On failure the reason is in the client
 * and the client is closed.
 */
int svactl_devices(const struct svactl *svactl, struct client *client,
		   struct sva_msg_device **devices, uint32_t *count);

/* Says why the command failed, with the remedy (R7); returns SVACTL_FAILED. */
int svactl_refused(const struct svactl *svactl, int error, uint32_t reason);

/* Prints and frees @json, which is NULL if there was no memory; returns @status. */
int svactl_print_json(json_t *json, int status);

#endif /* TOOLS_SVACTL_H */
