/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libsva_fake_svad.h - something that listens where svad would, for tests
 *
 * A thread that accepts on a socket in a folder of its own and has a function
 * of the test answer each request, truthfully or not.
 */
#ifndef LIBSVA_FAKE_SVAD_H
#define LIBSVA_FAKE_SVAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"

union fake_request {
	struct sva_msg msg;
	struct sva_msg_open open;
	struct sva_msg_list_devices list_devices;
	struct sva_msg_list_contexts list_contexts;
	struct sva_msg_explain explain;
	struct sva_msg_explain_user explain_user;
	struct sva_msg_add_grant add_grant;
	struct sva_msg_number number;
	struct sva_msg_revoke revoke;
	struct sva_msg_reset reset;
};

struct fake_svad;

/* Answers one request; false closes the connection. */
typedef bool (*fake_serve_fn)(struct fake_svad *svad, int connection,
			      const union fake_request *request, size_t size);

/**
 * struct fake_svad
 * @greet: called on a new connection before anything is read; false closes it
 * @arg: the test's own
 * @requests: requests that were served
 */
struct fake_svad {
	char folder[64];
	char path[96];
	int listener;
	pthread_t thread;
	fake_serve_fn serve;
	bool (*greet)(struct fake_svad *svad, int connection);
	void *arg;
	atomic_int requests;
};

/* Starts to listen and makes $SVA_SOCKET point there */
void fake_svad_start(struct fake_svad *svad, fake_serve_fn serve, void *arg);
void fake_svad_stop(struct fake_svad *svad);

/* The header of a right answer to @request */
struct sva_msg fake_reply(const union fake_request *request, size_t size);

/* Sends a packet with @fd_count copies of @fd */
void fake_send(int connection, const void *reply, size_t size, int fd, int fd_count);

/* How many fds this process has open */
int fake_count_fds(void);

#endif /* LIBSVA_FAKE_SVAD_H */
