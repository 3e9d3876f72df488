/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * client.h - connections
 *
 * A client is read one request a turn of the loop, and not at all while a reply
 * waits for it to make room: it can slow down nobody but itself (R8).
 */
#ifndef SVAD_CLIENT_H
#define SVAD_CLIENT_H

#include <systemd/sd-event.h>

#include "map.h"
#include "message.h"
#include "peer.h"

struct svad;

/**
 * struct client
 * @waiting: the reply that did not fit into the socket, or NULL
 * @watcher: what it has subscribed to, or NULL
 * @bounded: its socket holds only a few replies
 * @dropped: not heard any more; here until the peer has no reply unread
 */
struct client {
	struct svad *svad;
	struct client *previous;
	struct client *next;
	sd_event_source *source;
	struct reply *waiting;
	struct watcher *watcher;
	struct peer peer;
	int fd;
	bool bounded;
	bool dropped;
};

/**
 * struct clients
 * @turns: of clients since a newcomer had his
 * @first, @last: the newest and the oldest
 * @per_user: uid -> connections
 * @max: what the policy and the limit on open files allow together
 * @looks: at clients in search of one to spare, in vain, since @looks_since
 * @looks_since: CLOCK_MONOTONIC, us
 */
struct clients {
	int socket;
	sd_event_source *source;
	sd_event_source *pause;
	unsigned int turns;
	struct client *first;
	struct client *last;
	struct map per_user;
	size_t count;
	size_t max;
	size_t looks;
	uint64_t looks_since;
};

int must_check clients_init(struct svad *svad, int socket);
void clients_free(struct clients *clients);

/* After a change of policy */
void clients_set_limits(struct svad *svad);

/* What the loop is to tell of it: EPOLLIN, EPOLLOUT */
int client_listen_for(struct client *client, uint32_t events);

#endif /* SVAD_CLIENT_H */
