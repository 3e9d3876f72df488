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

#include <stdint.h>

#include "protocol.h"

/**
 * struct client - zero it (and set fd to -1) or use client_connect()
 * @fd: the connection, or -1
 * @serial: of the last request
 * @deadline: CLOCK_MONOTONIC, ns, for all calls together
 * @reason: why the last call failed
 */
struct client {
	int fd;
	uint32_t serial;
	int64_t deadline;
	uint32_t reason;
};

#define CLIENT_TIMEOUT_MS 5000

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

/* Every device, over as many requests as it takes; the caller frees *devices. */
int client_all_devices(struct client *client, struct sva_msg_device **devices, uint32_t *count);

/* 0, or the reason why nothing can be bound on the device, whoever asks */
uint32_t client_device_obstacle(const struct sva_msg_device *device);

#endif /* SVA_CLIENT_H */
