/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bare.h - the floors: the same work with nothing around it
 */
#ifndef TOOLS_BARE_H
#define TOOLS_BARE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <linux/sva_accel.h>

/**
 * struct bare_server - a process that answers every packet with an fd
 * @identifies: it asks the kernel who connected, and for the pidfd, which no server
 *	can leave out that hands things to some and not to others (R10); its socket
 *	has a path
 *
 * A SOCK_SEQPACKET socket, the requests and replies that libsva and svad use, one client
 * after the other; no policy, no kernel behind it.
 */
struct bare_server {
	pid_t pid;
	bool identifies;
	struct sockaddr_un address;
	socklen_t address_size;
};

int bare_server_start(struct bare_server *server, bool identifies);
void bare_server_stop(struct bare_server *server);

/* A connection, or a negative errno; asks on one, and returns the fd */
int bare_connect(const struct bare_server *server);
int bare_ask(int connection);

/* Connects, asks, takes the fd and closes the connection: returns the fd */
int bare_handshake(const struct bare_server *server);

/**
 * struct bare_sleeper - a thread that sleeps until it is woken, and notes when that was
 */
struct bare_sleeper {
	int wake;
	int woken;
	int64_t at_ns;
	pthread_t thread;
};

int bare_sleeper_start(struct bare_sleeper *sleeper);
void bare_sleeper_stop(struct bare_sleeper *sleeper);

/* How long it took from the wake-up's beginning until the thread ran */
int64_t bare_wake(struct bare_sleeper *sleeper);

/**
 * struct bare_ring - a thread that polls a ring of descriptors and does nothing
 *
 * Descriptors and indices as the reference accelerator has them, without a
 * device, an address space or a doorbell.
 */
struct bare_ring {
	struct sva_accel_desc *descs;
	uint32_t entries;
	_Alignas(64) uint32_t tail;
	_Alignas(64) uint32_t head;
	_Alignas(64) bool stop;
	pthread_t thread;
};

int bare_ring_start(struct bare_ring *ring, uint32_t entries);
void bare_ring_stop(struct bare_ring *ring);

/* Submits all, and waits until the last one is done */
void bare_ring_run(struct bare_ring *ring, const struct sva_accel_desc *descs, uint32_t count);

#endif /* TOOLS_BARE_H */
