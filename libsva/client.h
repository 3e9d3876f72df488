/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * client.h - one connection to svad
 *
 * Private: libsva and the tools use it.  Every call takes the time it may from
 * the client's deadline, and leaves the reason of a failure in the client.  An
 * answer is believed only if it is exactly what protocol.h says: whatever
 * listens on the socket can refuse, but it cannot confuse.
 */
#ifndef SVA_CLIENT_H
#define SVA_CLIENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "protocol.h"

#define CLIENT_PATH_LEN sizeof(((struct sockaddr_un *)0)->sun_path)

/**
 * struct client - of client_begin() or client_connect()
 * @fd: the connection, or -1
 * @path: of the socket; too long for one: every connection fails
 * @serial: of the last request
 * @deadline: CLOCK_MONOTONIC, ns, for all calls together
 * @reason: why the last call failed
 */
struct client {
	int fd;
	char path[CLIENT_PATH_LEN];
	uint32_t serial;
	int64_t deadline;
	uint32_t reason;
};

#define CLIENT_TIMEOUT_MS 5000

/* Makes a client that has no connection yet; parameters as of client_connect() */
void client_begin(struct client *client, const char *socket, int timeout_ms);

/* A connection in place of the one that it has, if any; within the same deadline */
int client_connect_again(struct client *client);

/*
 * After a failure: svad was lost in the middle of a request, so that it may be
 * starting anew.  Waits a moment where it does not listen yet.  @losses: of the same
 * request, 0 at first; a svad that dies of it is not asked for ever.
 */
bool client_may_try_again(struct client *client, unsigned int *losses);

/*
 * @socket: NULL: $SVA_SOCKET, else SVA_SOCKET_PATH
 * @timeout_ms: 0: CLIENT_TIMEOUT_MS; negative: for ever
 */
int client_connect(struct client *client, const char *socket, int timeout_ms);
void client_close(struct client *client);

/* The socket that client_connect() would use */
const char *client_socket_path(const char *socket);

/* Each returns 0 or a negative errno. Names may be NULL for "any". */
int client_open(struct client *client, const char *device, const char *type,
		struct sva_msg_opened *opened, int *context_fd);
int client_list_devices(struct client *client, uint32_t start, struct sva_msg_devices *devices);
int client_list_contexts(struct client *client, const char *device, uint64_t after,
			 struct sva_msg_contexts *contexts);
int client_explain(struct client *client, const char *device, const char *type,
		   struct sva_msg_explained *explained);


/* What only some may ask; @request: its header and reserved fields are filled in */
int client_explain_user(struct client *client, struct sva_msg_explain_user *request,
			struct sva_msg_explained *explained);
int client_add_grant(struct client *client, const char *device, const char *cgroup, uint32_t uid,
		     uint32_t contexts, struct sva_msg_done *done);
int client_remove_grant(struct client *client, uint32_t number, struct sva_msg_done *done);
int client_list_grants(struct client *client, uint32_t after, struct sva_msg_grants *grants);
int client_revoke(struct client *client, const char *device, uint64_t context);
int client_reset(struct client *client, const char *device);
int client_stats(struct client *client, struct sva_msg_stats *stats);

/*
 * Asks, and takes the answer, which may be later; -ETIMEDOUT: there is none yet.  From
 * then on the connection is for client_next_event() only; -ETIMEDOUT: none yet
 */
int client_subscribe(struct client *client);
int client_subscribed(struct client *client);
int client_next_event(struct client *client, struct sva_msg_event *event);

/* Every device, over as many requests as it takes; the caller frees *devices. */
int client_all_devices(struct client *client, struct sva_msg_device **devices, uint32_t *count);

/* 0, or the reason why nothing can be bound on the device, whoever asks */
uint32_t client_device_obstacle(const struct sva_msg_device *device);

#endif /* SVA_CLIENT_H */
