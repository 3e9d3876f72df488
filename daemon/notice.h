/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * notice.h - clients that are told what happens
 *
 * What does not fit into a watcher's socket is counted and not kept: it is told how
 * much it has missed as soon as it reads again (R8).
 */
#ifndef SVAD_NOTICE_H
#define SVAD_NOTICE_H

#include <sva.h>

#include "client.h"
#include "device.h"

/**
 * struct watcher - a client that has subscribed
 * @serial: of its SUBSCRIBE
 * @all: an administrator: told of all users' contexts
 * @lost: notices that it has missed since it was last told
 */
struct watcher {
	struct client *client;
	struct watcher *previous;
	struct watcher *next;
	uint32_t serial;
	bool all;
	uint64_t lost;
};

/* 0, or the reason why not */
uint32_t watcher_add(struct client *client, uint32_t serial, bool all);
void watcher_free(struct watcher *watcher);

/* After a change of policy: who is an administrator now? */
void watchers_reconsider(struct svad *svad);

/* Its socket has room again */
int must_check watcher_resume(struct watcher *watcher);

/* To all who may know; @notice with uid where it is about a context */
void notice_send(struct svad *svad, const struct sva_notice *notice);

/* The same about a device, or an event of its control node */
void notice_device(struct svad *svad, enum sva_notice_kind kind, const struct device *device);
void notice_event(struct svad *svad, const struct device *device, const struct sva_event *event);

#endif /* SVAD_NOTICE_H */
