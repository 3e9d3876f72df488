// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * notice.c - from events to those who are told of them
 */
#include <sys/epoll.h>
#include <sys/socket.h>

#include "account.h"
#include "notice.h"
#include "svad.h"

#define WATCHES_PER_USER	8

/* Room for some hundred notices, so that a reader may be away for a moment */
#define WATCHER_SEND_BUFFER	65536

static uint32_t watches_of(const struct svad *svad, uint32_t uid)
{
	uint32_t count = 0;

	for (const struct watcher *watcher = svad->watchers; watcher; watcher = watcher->next)
		count += watcher->client->peer.uid == uid;
	return count;
}

uint32_t watcher_add(struct client *client, uint32_t serial, bool all)
{
	struct svad *svad = client->svad;
	int size = WATCHER_SEND_BUFFER;
	struct watcher *watcher;

	if (watches_of(svad, client->peer.uid) >= WATCHES_PER_USER)
		return SVA_REASON_LIMIT_WATCHES;
	watcher = calloc(1, sizeof(*watcher));
	if (!watcher)
		return SVA_REASON_DAEMON_NO_MEMORY;
	setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	*watcher = (struct watcher){
		.client = client, .next = svad->watchers, .serial = serial, .all = all,
	};
	if (watcher->next)
		watcher->next->previous = watcher;
	svad->watchers = watcher;
	svad->num_watchers++;
	client->watcher = watcher;
	return 0;
}

void watcher_free(struct watcher *watcher)
{
	struct svad *svad;

	if (!watcher)
		return;
	svad = watcher->client->svad;
	if (watcher->previous)
		watcher->previous->next = watcher->next;
	else
		svad->watchers = watcher->next;
	if (watcher->next)
		watcher->next->previous = watcher->previous;
	svad->num_watchers--;
	watcher->client->watcher = NULL;
	free(watcher);
}

void watchers_reconsider(struct svad *svad)
{
	for (struct watcher *watcher = svad->watchers; watcher; watcher = watcher->next) {
		const struct client *client = watcher->client;
		struct peer_subject subject;

		peer_subject(&client->peer, client->fd, svad->policy, &svad->cgroups, &subject);
		watcher->all = policy_administrator(svad->policy, &subject.who) &&
			       !subject.who.failure;
	}
}

static int watcher_send(struct watcher *watcher, const struct sva_notice *notice)
{
	struct reply reply;

	reply_init_event(&reply, watcher->serial);
	reply.event.kind = notice->kind;
	reply.event.uid = notice->uid;
	reply.event.context = notice->context;
	reply.event.count = notice->count;
	reply.event.pasid = notice->pasid;
	reply.event.reason = notice->reason;
	reply.event.release = notice->release;
	name_copy(reply.event.device, notice->device, sizeof(reply.event.device));
	return reply_send(watcher->client->fd, &reply);
}

/* Behind those that it has missed it is told nothing, or the order would be lost */
static void watcher_tell(struct watcher *watcher, const struct sva_notice *notice)
{
	struct client *client = watcher->client;

	if (!client->waiting && !watcher->lost && watcher_send(watcher, notice) != -EAGAIN)
		return;
	watcher->lost++;
	client->svad->stats[SVA_STAT_EVENTS_LOST]++;
	if (!client->waiting)
		client_listen_for(client, EPOLLIN | EPOLLOUT);
}

int watcher_resume(struct watcher *watcher)
{
	struct sva_notice lost = { .kind = SVA_NOTICE_LOST, .count = watcher->lost };
	int err = watcher->lost ? watcher_send(watcher, &lost) : 0;

	if (err == -EAGAIN)
		return 0;
	watcher->lost = 0;
	return err ? err : client_listen_for(watcher->client, EPOLLIN);
}

void notice_send(struct svad *svad, const struct sva_notice *notice)
{
	for (struct watcher *watcher = svad->watchers; watcher; watcher = watcher->next) {
		const struct peer *peer = &watcher->client->peer;

		/* R10: whoever has the socket of a process that has ended is nobody */
		if ((!notice->context || watcher->all || peer->uid == notice->uid) &&
		    peer_alive(peer))
			watcher_tell(watcher, notice);
	}
}

void notice_device(struct svad *svad, enum sva_notice_kind kind, const struct device *device)
{
	struct sva_notice notice = { .kind = kind };

	name_copy(notice.device, device->name, sizeof(notice.device));
	notice_send(svad, &notice);
}

static bool notice_kind(const struct sva_event *event, uint32_t *kind)
{
	static const struct {
		uint32_t event;
		uint32_t kind;
	} kinds[] = {
		{ SVA_EVENT_BOUND, SVA_NOTICE_BOUND },
		{ SVA_EVENT_ENDED, SVA_NOTICE_ENDED },
		{ SVA_EVENT_QUARANTINED, SVA_NOTICE_QUARANTINED },
		{ SVA_EVENT_RELEASED, SVA_NOTICE_RELEASED },
		{ SVA_EVENT_RESET, SVA_NOTICE_DEVICE_RESET },
		{ SVA_EVENT_OVERFLOW, SVA_NOTICE_LOST },
	};

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		*kind = kinds[i].kind;
		if (kinds[i].event == event->type)
			return true;
	}
	return false;
}

void notice_event(struct svad *svad, const struct device *device, const struct sva_event *event)
{
	struct sva_notice notice = {
		.context = event->context, .pasid = event->pasid, .reason = event->reason,
		.release = event->release,
	};
	struct charge charge;

	if (!svad->watchers || !notice_kind(event, &notice.kind))
		return;
	/* one that is not charged is nobody's that we could tell */
	if (notice.context && !account_find(device, notice.context, &charge))
		return;
	if (notice.context)
		notice.uid = charge.uid;
	if (notice.kind == SVA_NOTICE_LOST)
		notice.count = event->count;
	name_copy(notice.device, device->name, sizeof(notice.device));
	notice_send(svad, &notice);
}
