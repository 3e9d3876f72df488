/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * svactl.h - what the commands of svactl share
 */
#ifndef TOOLS_SVACTL_H
#define TOOLS_SVACTL_H

#include <stdbool.h>
#include <jansson.h>

#include "client.h"

/* Exit statuses */
#define SVACTL_OK	0
#define SVACTL_FAILED	1	/* refused, or doctor found a problem */
#define SVACTL_USAGE	2

/**
 * struct svactl - the command line
 * @command: its name
 * @device: NULL: all
 * @socket: NULL: where libsva would look
 * @root: what stands before /sys and /proc, "" but for tests
 */
struct svactl {
	const char *command;
	const char *device;
	const char *socket;
	const char *root;
	bool json;
};

int svactl_list(const struct svactl *svactl);
int svactl_ps(const struct svactl *svactl);
int svactl_doctor(const struct svactl *svactl);
int svactl_info(const struct svactl *svactl);

/* Words for numbers; the caller frees the user's name, which may hold anything. */
const char *svactl_state_name(uint32_t state);
const char *svactl_release_name(uint32_t release);
char *svactl_user_name(uint32_t uid);

/* What svactl ps tells of a context */
json_t *svactl_context_json(const char *device, const struct sva_context_entry *entry);

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
