// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * client.c - accept, identify, read, answer, drop
 */
#include <linux/sockios.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <sva.h>

#include "audit.h"
#include "client.h"
#include "log.h"
#include "notice.h"
#include "request.h"
#include "svad.h"

/* The kernel's smallest: a handful of replies lie unread in it, then we wait (R8) */
#define CLIENT_SEND_BUFFER	2304

#define EVENTS_DROPPED		(EPOLLOUT | EPOLLET)

/*
 * SIOCOUTQ counts the memory of packets, and no packet has so little; but while
 * the kernel frees one it holds on to 1 until it has told us that there is room.
 */
#define SMALLEST_PACKET		256

/* Socket, pidfd, and a context in a reply that waits; the rest is svad's own */
#define CLIENT_FDS		3
#define OWN_FDS			128

/*
 * Clients come before newcomers: who leaves makes room, and who arrives finds it.
 * But not for ever: after so many turns of clients it is a newcomer's (R8).
 */
#define TURNS_BEFORE_ACCEPT	16
#define ACCEPT_LATER		(SD_EVENT_PRIORITY_NORMAL + 1)
#define ACCEPT_NEXT		(SD_EVENT_PRIORITY_NORMAL - 1)

/* How long nobody is accepted after accept() has failed for want of something */
#define ACCEPT_PAUSE		100000	/* us */

/*
 * In SEARCH_PERIOD svad looks at no more clients in vain than these, or at all of
 * them once where there are more: newcomers cost nothing to who sends them (R8).
 */
#define SEARCH_LOOKS		128
#define SEARCH_PERIOD		10000	/* us */

/* ------------------------------------------------------- coming, going */

static void client_free(struct client *client)
{
	struct clients *clients = &client->svad->clients;
	uint32_t uid = client->peer.uid;

	if (client->previous)
		client->previous->next = client->next;
	else
		clients->first = client->next;
	if (client->next)
		client->next->previous = client->previous;
	else
		clients->last = client->previous;
	map_set(&clients->per_user, uid, map_get(&clients->per_user, uid) - 1);
	clients->count--;
	watcher_free(client->watcher);
	if (client->waiting)
		fd_close(&client->waiting->fd);
	free(client->waiting);
	sd_event_source_disable_unref(client->source);
	peer_forget(&client->peer);
	fd_close(&client->fd);
	free(client);
}

/* A client that was only just accepted has no source yet: client_follow() */
int client_listen_for(struct client *client, uint32_t events)
{
	return client->source ? sd_event_source_set_io_events(client->source, events) : 0;
}

/*
 * This client is heard no more, and no other is the worse for it.  Its connection
 * stays, and counts as one of its user's, until no reply lies unread in the
 * peer's socket: else fds could pile up in sockets that svad has forgotten, until
 * it may send none to anybody (ETOOMANYREFS, R8).  Edge-triggered: a peer that
 * has hung up would wake the loop for ever.
 */
static int client_drop(struct client *client)
{
	client->dropped = true;
	watcher_free(client->watcher);
	if (client->waiting)
		fd_close(&client->waiting->fd);
	free(client->waiting);
	client->waiting = NULL;
	shutdown(client->fd, SHUT_WR);
	return client_listen_for(client, EVENTS_DROPPED);
}

static bool client_has_unread(const struct client *client)
{
	int unread;

	return !ioctl(client->fd, SIOCOUTQ, &unread) && unread >= SMALLEST_PACKET;
}

/* Closed, which takes away what was unread; or only shut down, and still there */
static int client_hung_up(struct client *client)
{
	if (!client_has_unread(client))
		return -EPIPE;
	return client->dropped ? 0 : client_drop(client);
}

static void client_violated(struct client *client, const union request *request,
			    const char *why)
{
	struct reply reply;

	client->svad->stats[SVA_STAT_VIOLATIONS]++;
	audit_dropped(client, SVA_REASON_PROTOCOL, why);
	reply_init_bare(&reply, request);
	reply_refuse(&reply, 0, SVA_REASON_PROTOCOL);
	/* best effort: who has not read the replies before does not read this one */
	(void)!reply_send(client->fd, &reply);
}

/* ------------------------------------------------------------- replies */

static int client_wait_to_write(struct client *client, struct reply *reply)
{
	client->waiting = malloc(sizeof(*reply));
	if (!client->waiting)
		return -ENOMEM;
	*client->waiting = *reply;
	reply->fd = -1;
	return client_listen_for(client, EPOLLOUT);
}

/*
 * Sends the reply or keeps it until the client has made room.  The context of a
 * reply that cannot be sent ends here: nobody else has its fd (R5).
 */
static int client_answer(struct client *client, struct reply *reply)
{
	int err;

	kernel_step("answering");
	err = reply_send(client->fd, reply);
	kernel_step("answered");

	/* too many fds on their way to clients that do not take them */
	if (err == -ETOOMANYREFS || err == -ENOMEM || err == -ENOBUFS) {
		reply_refuse(reply, 0, SVA_REASON_DAEMON_NO_MEMORY);
		audit_refused(client, "a reply", "", "", SVA_REASON_DAEMON_NO_MEMORY);
		err = reply_send(client->fd, reply);
	}
	if (err == -EAGAIN)
		err = client_wait_to_write(client, reply);
	fd_close(&reply->fd);
	return err;
}

static int client_write(struct client *client)
{
	int err = reply_send(client->fd, client->waiting);

	if (err == -EAGAIN)
		return 0;
	fd_close(&client->waiting->fd);
	free(client->waiting);
	client->waiting = NULL;
	if (err)
		return err;
	return client->watcher ? watcher_resume(client->watcher) :
				 client_listen_for(client, EPOLLIN);
}

/* ------------------------------------------------------------ requests */

/* At most one request.  0, or an error after which the client is to be dropped. */
static int client_read(struct client *client)
{
	union request request;
	struct received received;
	struct reply reply;

	switch (message_receive(client->fd, &request, &received)) {
	case MESSAGE_REQUEST:
		kernel_step("received");
		if (client->watcher) {
			client_violated(client, &request, "a request behind a SUBSCRIBE");
			return -EPROTO;
		}
		request_handle(client, received.sender, &request, &reply);
		break;
	case MESSAGE_VERSION:
		reply_init_bare(&reply, &request);
		reply_refuse(&reply, 0, SVA_REASON_PROTOCOL_VERSION);
		audit_refused(client, "a message of another version", "", "",
				   SVA_REASON_PROTOCOL_VERSION);
		break;
	case MESSAGE_VIOLATION:
		client_violated(client, &request, received.why);
		return -EPROTO;
	case MESSAGE_END:
		return -EPIPE;
	case MESSAGE_NONE:
	default:
		return 0;
	}
	return client_answer(client, &reply);
}

/* Nearly all clients ask once; for the others the socket is made to hold little */
static void client_bound_replies(struct client *client)
{
	int size = CLIENT_SEND_BUFFER;

	if (client->bounded)
		return;
	setsockopt(client->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	client->bounded = true;
}

static void accept_let_through(struct clients *clients)
{
	if (++clients->turns == TURNS_BEFORE_ACCEPT)
		sd_event_source_set_priority(clients->source, ACCEPT_NEXT);
}

static int client_serve(struct client *client, uint32_t revents)
{
	int err;

	if (!client->watcher)
		client_bound_replies(client);
	if (client->waiting)
		err = client_write(client);
	else if (client->watcher && revents & EPOLLOUT)
		err = watcher_resume(client->watcher);
	else
		err = client_read(client);
	return err < 0 ? client_drop(client) : 0;
}

static int client_dispatch(sd_event_source *source, int fd, uint32_t revents,
			   void *userdata)
{
	struct client *client = userdata;
	int err;

	(void)source;
	(void)fd;
	accept_let_through(&client->svad->clients);
	if (revents & (EPOLLHUP | EPOLLERR))
		err = client_hung_up(client);
	else
		err = client->dropped ? 0 : client_serve(client, revents);
	if (err < 0)
		client_free(client);
	return 0;
}

/* From now on the loop tells what the client does */
static int client_follow(struct client *client)
{
	uint32_t events = client->dropped ? EVENTS_DROPPED :
			  client->waiting ? EPOLLOUT : EPOLLIN;

	return sd_event_add_io(client->svad->event, &client->source, client->fd, events,
			       client_dispatch, client);
}

/* ----------------------------------------------------------- accepting */

/*
 * A connection that is not taken is told why (R7).  What it has sent already is
 * thrown away: unread, it would make close() an ECONNRESET in front of the reason.
 */
static void socket_refuse(int fd, uint32_t reason)
{
	static const union request nothing;
	struct reply reply;
	char byte;

	reply_init_bare(&reply, &nothing);
	reply_refuse(&reply, 0, reason);
	if (reply_send(fd, &reply))
		return;
	/* from here on nothing more can be sent to us, so this ends */
	shutdown(fd, SHUT_RD);
	while (recv(fd, &byte, sizeof(byte), MSG_DONTWAIT) > 0)
		;
}

static void client_link(struct client *client)
{
	struct clients *clients = &client->svad->clients;
	uint32_t uid = client->peer.uid;

	client->next = clients->first;
	if (client->next)
		client->next->previous = client;
	else
		clients->last = client;
	clients->first = client;
	clients->count++;
	map_set(&clients->per_user, uid, map_get(&clients->per_user, uid) + 1);
}

static struct client *client_new(struct svad *svad, int *fd, struct peer *peer)
{
	struct client *client;

	if (map_reserve(&svad->clients.per_user, 1))
		return NULL;
	client = calloc(1, sizeof(*client));
	if (!client)
		return NULL;
	client->svad = svad;
	client->fd = fd_take(fd);
	client->peer = *peer;
	*peer = PEER_NOBODY;
	client_link(client);
	return client;
}

/*
 * Most clients connect, ask at once and leave: their request is there already,
 * and answering it first spares them two turns of the loop.
 */
static void client_begin(struct client *client)
{
	if (client_read(client) < 0)
		client_drop(client);
	if (client_follow(client) < 0)
		client_free(client);
}

/* A request that was not read yet */
static bool client_has_asked(const struct client *client)
{
	char byte;

	return recv(client->fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) > 0;
}

/* Nothing is lost with it but the connection.  What is unread stays: client_drop() */
static bool client_is_idle(const struct client *client)
{
	return !client->watcher && !client->waiting && !client_has_unread(client) &&
	       (client->dropped || !client_has_asked(client));
}

/*
 * Of the user who has the most: one person may have thousands of uids, as in a user
 * namespace, and so all connections, with no uid over its limit (R8).  The oldest,
 * because who has only just come is about to ask.
 */
static struct client *client_to_spare(const struct clients *clients)
{
	struct client *spare = NULL;
	uint64_t most = 0;

	for (struct client *client = clients->last; client; client = client->previous) {
		uint64_t connections = map_get(&clients->per_user, client->peer.uid);

		if (connections <= most || !client_is_idle(client))
			continue;
		most = connections;
		spare = client;
	}
	return spare;
}

/*
 * Only time says when to look again: a peer that reads its answer, and so asks nothing
 * any more, does not wake the loop.
 */
static bool search_is_due(struct svad *svad)
{
	struct clients *clients = &svad->clients;
	uint64_t now = svad_now(svad);

	if (now - clients->looks_since >= SEARCH_PERIOD) {
		clients->looks_since = now;
		clients->looks = 0;
	}
	return clients->looks < SEARCH_LOOKS;
}

/* Who asks nothing makes room for who comes.  More than one: a reload may lower @max. */
static bool connection_make_room(struct svad *svad)
{
	struct clients *clients = &svad->clients;
	struct client *spare;

	while (clients->count >= clients->max) {
		if (!search_is_due(svad))
			return false;
		spare = client_to_spare(clients);
		if (!spare) {
			clients->looks += clients->count;
			return false;
		}
		audit_dropped(spare, SVA_REASON_BUSY,
			      "it asks nothing, and its connection is needed for another client");
		client_free(spare);
	}
	return true;
}

/* 0 or the reason not to take it */
static uint32_t connection_check(struct svad *svad, const struct peer *peer)
{
	if (map_get(&svad->clients.per_user, peer->uid) >= svad->policy->connections_per_user)
		return SVA_REASON_LIMIT_CONNECTIONS;
	return connection_make_room(svad) ? 0 : SVA_REASON_BUSY;
}

/* The refusal of somebody who never became a client */
static void connection_log_refusal(struct svad *svad, const struct peer *peer,
				   uint32_t reason)
{
	struct client stranger = { .svad = svad, .peer = *peer };

	audit_refused(&stranger, "a connection", "", "", reason);
}

static void connection_take(struct svad *svad, int *fd)
{
	struct peer peer = PEER_NOBODY;
	struct client *client = NULL;
	uint32_t reason;
	int err = peer_identify(*fd, &peer);

	kernel_step("accepted");
	if (err == -ESRCH)
		return;	/* nobody is there to be told */
	reason = err ? SVA_REASON_DAEMON_NO_MEMORY : connection_check(svad, &peer);
	if (!reason)
		client = client_new(svad, fd, &peer);
	if (client) {
		svad->stats[SVA_STAT_CONNECTIONS]++;
		client_begin(client);
		return;
	}
	if (!reason)
		reason = SVA_REASON_DAEMON_NO_MEMORY;
	svad->stats[SVA_STAT_CONNECTIONS_REFUSED]++;
	connection_log_refusal(svad, &peer, reason);
	socket_refuse(*fd, reason);
	peer_forget(&peer);
}

static void pause_begin(struct clients *clients)
{
	sd_event_source_set_time_relative(clients->pause, ACCEPT_PAUSE);
	sd_event_source_set_enabled(clients->pause, SD_EVENT_ONESHOT);
}

/*
 * The kernel wants memory to watch the socket again.  Without it the pause goes on:
 * nobody else would ever end it, and an error here would end the timer.
 */
static int accept_resume(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct svad *svad = userdata;

	(void)source;
	(void)usec;
	if (sd_event_source_set_enabled(svad->clients.source, SD_EVENT_ON) < 0)
		pause_begin(&svad->clients);
	return 0;
}

/*
 * accept() says the same again at once while files or memory are short, here or
 * in the whole system: those who come wait in the backlog for a moment.
 */
static void accept_pause(struct svad *svad, int error)
{
	struct clients *clients = &svad->clients;

	if (audit_allows(svad, UINT32_MAX))
		log_warning("no connection can be accepted: %s; raise LimitNOFILE= of svad.service if this goes on",
			    strerror(error));
	sd_event_source_set_enabled(clients->source, SD_EVENT_OFF);
	pause_begin(clients);
}

static int accept_dispatch(sd_event_source *source, int socket, uint32_t revents,
			   void *userdata)
{
	struct svad *svad = userdata;
	autoclose int fd = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)revents;
	if (svad->clients.turns >= TURNS_BEFORE_ACCEPT)
		sd_event_source_set_priority(source, ACCEPT_LATER);
	svad->clients.turns = 0;
	if (fd >= 0) {
		/* one from before clients_init() */
		(void)!message_refuse_fds(fd);
		connection_take(svad, &fd);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
		accept_pause(svad, errno);
	return 0;
}

/* ------------------------------------------------------------- clients */

void clients_set_limits(struct svad *svad)
{
	struct rlimit files = { .rlim_cur = 1024 };
	size_t possible;

	getrlimit(RLIMIT_NOFILE, &files);
	possible = files.rlim_cur > OWN_FDS + CLIENT_FDS ?
		   (files.rlim_cur - OWN_FDS) / CLIENT_FDS : 1;
	svad->clients.max = svad->policy->connections;
	if (svad->clients.max <= possible)
		return;
	log_warning("the policy asks for %u connections, but the limit of %llu open files allows %zu; raise LimitNOFILE= of svad.service or lower connections",
		    svad->policy->connections, (unsigned long long)files.rlim_cur, possible);
	svad->clients.max = possible;
}

int clients_init(struct svad *svad, int socket)
{
	struct clients *clients = &svad->clients;
	int err;

	*clients = (struct clients){ .socket = socket };
	clients_set_limits(svad);
	err = message_name_senders(socket);
	if (err)
		return err;
	if (message_refuse_fds(socket))
		log_warning("this kernel lets everybody send fds to svad, which may wait long for one to close; Linux 6.16 and newer do not");
	err = sd_event_add_time_relative(svad->event, &clients->pause, CLOCK_MONOTONIC,
					 ACCEPT_PAUSE, ACCEPT_PAUSE / 10, accept_resume, svad);
	if (err < 0)
		return err;
	sd_event_source_set_enabled(clients->pause, SD_EVENT_OFF);
	err = sd_event_add_io(svad->event, &clients->source, socket, EPOLLIN,
			      accept_dispatch, svad);
	if (err < 0)
		return err;
	return sd_event_source_set_priority(clients->source, ACCEPT_LATER);
}

void clients_free(struct clients *clients)
{
	while (clients->first)
		client_free(clients->first);
	map_free(&clients->per_user);
	sd_event_source_disable_unref(clients->pause);
	sd_event_source_disable_unref(clients->source);
	fd_close(&clients->socket);
}
