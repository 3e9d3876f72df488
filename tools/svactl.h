/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * svactl.h - what the verbs of svactl share
 */
#ifndef TOOLS_SVACTL_H
#define TOOLS_SVACTL_H

#include <stdbool.h>
#include <jansson.h>

#include "client.h"

#define SVACTL_ARGUMENTS 2	/* at most, behind the verb */

/* Exit statuses */
#define SVACTL_OK	0
#define SVACTL_FAILED	1	/* refused, or what was looked at is not well */
#define SVACTL_USAGE	2

/**
 * struct svactl - the command line
 * @verb: its name, of one word or two
 * @arguments: what followed it, NULL-terminated
 * @device: the argument that is one; NULL: all, or found by what else is said
 * @user, @type, @cgroup: NULL: not given
 * @contexts, @count: 0: not given
 * @interval_ms: between two looks
 * @socket: NULL: where libsva would look
 * @root: what stands before /sys and /proc, "" but for tests
 */
struct svactl {
	const char *verb;
	const char *arguments[SVACTL_ARGUMENTS + 1];
	unsigned int num_arguments;
	const char *device;
	const char *user;
	const char *type;
	const char *cgroup;
	uint32_t contexts;
	uint32_t count;
	uint32_t interval_ms;
	const char *socket;
	const char *root;
	bool json;
	bool metrics;
	bool force;
};

int svactl_list(const struct svactl *svactl);
int svactl_ps(const struct svactl *svactl);
int svactl_top(const struct svactl *svactl);
int svactl_doctor(const struct svactl *svactl);
int svactl_info(const struct svactl *svactl);
int svactl_explain(const struct svactl *svactl);
int svactl_cdi_write(const struct svactl *svactl);
int svactl_cdi_check(const struct svactl *svactl);
int svactl_grant_list(const struct svactl *svactl);
int svactl_grant_add(const struct svactl *svactl);
int svactl_grant_remove(const struct svactl *svactl);
int svactl_partition_list(const struct svactl *svactl);
int svactl_partition_create(const struct svactl *svactl);
int svactl_partition_remove(const struct svactl *svactl);
int svactl_stats(const struct svactl *svactl);
int svactl_revoke(const struct svactl *svactl);
int svactl_reset(const struct svactl *svactl);
int svactl_watch(const struct svactl *svactl);
int svactl_check_config(const struct svactl *svactl);

/* A number from 1 on, digits only; false: it is none */
bool number_read(const char *text, uint64_t max, uint64_t *number);

/* The uid of a name or number; false after a line on stderr */
bool user_read(const char *text, uint32_t *uid);

/* The name of a user, safe to print, or its number; the caller frees it */
char *user_name(uint32_t uid);

/* A line about the command line; returns SVACTL_USAGE */
int svactl_misused(const struct svactl *svactl, const char *what);

/*
 * Lists the devices, or the one that was asked for; the caller frees *devices, which
 * is NULL on failure, with the reason in the client.
 */
int svactl_devices(const struct svactl *svactl, struct client *client,
		   struct sva_msg_device **devices, uint32_t *count);

/* Says why the verb failed, with the remedy (R7); returns SVACTL_FAILED. */
int svactl_refused(const struct svactl *svactl, int error, uint32_t reason);

/* Prints and frees @json, which is NULL if there was no memory; returns @status. */
int svactl_print_json(json_t *json, int status);

/* The same without line breaks in it, for one of many */
int svactl_print_json_line(json_t *json);

#endif /* TOOLS_SVACTL_H */
