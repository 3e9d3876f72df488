/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * svad.h - the daemon as one object: its loop, policy, devices and clients
 *
 * main.c makes one from the command line; the unit tests make theirs over a fake
 * kernel and turn the loop themselves.
 */
#ifndef SVAD_SVAD_H
#define SVAD_SVAD_H

#include <systemd/sd-event.h>

#include <protocol.h>

#include "cgroup.h"
#include "client.h"
#include "device.h"
#include "grant.h"
#include "policy.h"
#include "rate.h"

struct watcher;

/**
 * struct svad
 * @config: path of the policy file
 * @rates: requests of each user
 * @watchers: clients that are told of events
 * @stats: SVA_STAT_*, those that only grow
 * @started: CLOCK_MONOTONIC, us
 * @held_back: tells how many lines were not written
 * @rescan: looks for devices that could not be opened before; may be NULL
 * @reload_failed: the policy in force is not what the file has
 */
struct svad {
	sd_event *event;
	const char *config;
	struct policy *policy;
	struct devices devices;
	struct clients clients;
	struct cgroups cgroups;
	struct grants grants;
	struct rates rates;
	struct watcher *watchers;
	size_t num_watchers;
	uint64_t stats[SVA_STATS];
	uint64_t started;
	sd_event_source *held_back;
	void (*rescan)(void *userdata);
	void *rescan_userdata;
	bool reload_failed;
};

/**
 * struct svad_start - what svad is started with, opened before it gave up power
 * @socket: a listening SOCK_SEQPACKET socket
 * @state: from grants_file_open(), or -1: grants end with svad
 */
struct svad_start {
	const char *config;
	int socket;
	int state;
};

/*
 * Reads the policy and the state and serves.  The fds are svad's from now on, also
 * on failure.  Errors are logged.
 */
int must_check svad_init(struct svad *svad, sd_event *event, const struct svad_start *start);
void svad_free(struct svad *svad);

/*
 * One turn of the loop, like sd_event_run(); but a want of memory does not end it:
 * 0 after a short while, as if nothing had happened.
 */
int must_check svad_turn(struct svad *svad, uint64_t timeout);

/* Until a signal ends it.  0 or -errno. */
int must_check svad_loop(struct svad *svad);

/* SIGTERM, SIGINT, SIGHUP: have to be blocked already */
int must_check svad_handle_signals(struct svad *svad);

/* All or nothing: on -errno the old policy stays in force, and the log says why */
int svad_reload(struct svad *svad);

/* CLOCK_MONOTONIC, us; of this turn of the loop */
uint64_t svad_now(const struct svad *svad);

/* Tells the service manager what svad is doing */
void svad_notify_status(struct svad *svad);

#endif /* SVAD_SVAD_H */
