// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bare.c - the floors: the same work with nothing around it
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare.h"
#include "deadline.h"
#include "protocol.h"

#ifndef SO_PEERPIDFD	/* of Linux 6.5; older headers lack it */
#define SO_PEERPIDFD 77
#endif

/* ---------------------------------------------------------------- socket */

union fd_control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

static void send_fd(int connection, const struct sva_msg_open *request, int fd)
{
	struct sva_msg_opened reply = {
		.msg = {
			.size = sizeof(reply), .version = SVA_PROTOCOL_VERSION,
			.type = SVA_MSG_OPEN | SVA_MSG_REPLY, .serial = request->msg.serial,
		},
		.id = 1, .device = "bare",
	};
	struct iovec iov = { &reply, sizeof(reply) };
	union fd_control control = { 0 };
	struct msghdr header = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cmsg), &fd, sizeof(fd));
	sendmsg(connection, &header, MSG_NOSIGNAL);
}

/* The client's pidfd, or -1 where the kernel has none to give */
static int identify(int connection)
{
	struct ucred who;
	socklen_t size = sizeof(who);
	int pidfd = -1;

	getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &who, &size);
	size = sizeof(pidfd);
	if (getsockopt(connection, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) < 0)
		return -1;
	return pidfd;
}

/* A context is an fd of its own, made for the client and closed here */
static void serve_one(int connection, bool identifies, int fd)
{
	struct sva_msg_open request;
	int pidfd = identifies ? identify(connection) : -1;

	while (recv(connection, &request, sizeof(request), 0) > 0) {
		int context = identifies ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : fd;

		send_fd(connection, &request, context);
		if (identifies)
			close(context);
	}
	if (pidfd >= 0)
		close(pidfd);
}

static _Noreturn void serve(int listener, bool identifies, int fd)
{
	for (;;) {
		int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0)
			_exit(1);
		serve_one(connection, identifies, fd);
		close(connection);
	}
}

/* A path in a folder of its own, or none: then the kernel finds an abstract address */
static socklen_t address_choose(struct bare_server *server)
{
	server->address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	server->address_size = sizeof(server->address);
	if (!server->identifies)
		return sizeof(sa_family_t);
	strcpy(server->address.sun_path, "/tmp/svabench-XXXXXX");
	if (mkdtemp(server->address.sun_path))
		strcat(server->address.sun_path, "/socket");
	return sizeof(server->address);
}

static int listen_anywhere(struct bare_server *server)
{
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), error;
	socklen_t size = address_choose(server);

	if (listener >= 0 &&
	    !bind(listener, (struct sockaddr *)&server->address, size) &&
	    !getsockname(listener, (struct sockaddr *)&server->address, &server->address_size) &&
	    !listen(listener, 64))
		return listener;
	error = -errno;
	if (listener >= 0)
		close(listener);
	return error;
}

int bare_server_start(struct bare_server *server, bool identifies)
{
	int listener;

	server->identifies = identifies;
	listener = listen_anywhere(server);
	if (listener < 0)
		return listener;
	server->pid = fork();
	if (!server->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve(listener, identifies, open("/dev/null", O_RDWR | O_CLOEXEC));
	}
	close(listener);
	return server->pid < 0 ? -errno : 0;
}

void bare_server_stop(struct bare_server *server)
{
	kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	if (!server->identifies)
		return;
	unlink(server->address.sun_path);
	*strrchr(server->address.sun_path, '/') = '\0';
	rmdir(server->address.sun_path);
}

static int receive_fd(int connection)
{
	struct sva_msg_opened reply;
	struct iovec iov = { &reply, sizeof(reply) };
	union fd_control control;
	struct msghdr header = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd;

	if (recvmsg(connection, &header, MSG_CMSG_CLOEXEC) != sizeof(reply) ||
	    !CMSG_FIRSTHDR(&header))
		return -EPIPE;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(fd));
	return fd;
}

int bare_connect(const struct bare_server *server)
{
	int connection = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), error;

	if (connection < 0 || !connect(connection, (const struct sockaddr *)&server->address,
				       server->address_size))
		return connection < 0 ? -errno : connection;
	error = -errno;
	close(connection);
	return error;
}

int bare_ask(int connection)
{
	struct sva_msg_open request = { .msg.size = sizeof(request) };

	if (send(connection, &request, sizeof(request), MSG_NOSIGNAL) < 0)
		return -errno;
	return receive_fd(connection);
}

int bare_handshake(const struct bare_server *server)
{
	int connection = bare_connect(server), fd;

	if (connection < 0)
		return connection;
	fd = bare_ask(connection);
	close(connection);
	return fd;
}

/* --------------------------------------------------------------- wake-up */

static void *sleep_and_note(void *arg)
{
	struct bare_sleeper *sleeper = arg;
	uint64_t number;

	while (read(sleeper->wake, &number, sizeof(number)) == sizeof(number) && number == 1) {
		sleeper->at_ns = clock_ns();
		if (write(sleeper->woken, &number, sizeof(number)) < 0)
			break;
	}
	return NULL;
}

int bare_sleeper_start(struct bare_sleeper *sleeper)
{
	int ret;

	sleeper->wake = eventfd(0, EFD_CLOEXEC);
	sleeper->woken = eventfd(0, EFD_CLOEXEC);
	ret = sleeper->wake < 0 || sleeper->woken < 0 ? -errno :
	      -pthread_create(&sleeper->thread, NULL, sleep_and_note, sleeper);
	if (ret < 0) {
		close(sleeper->wake);
		close(sleeper->woken);
	}
	return ret;
}

void bare_sleeper_stop(struct bare_sleeper *sleeper)
{
	uint64_t end = 2;

	if (write(sleeper->wake, &end, sizeof(end)) == sizeof(end))
		pthread_join(sleeper->thread, NULL);
	close(sleeper->wake);
	close(sleeper->woken);
}

int64_t bare_wake(struct bare_sleeper *sleeper)
{
	uint64_t one = 1;
	int64_t start = clock_ns();

	if (write(sleeper->wake, &one, sizeof(one)) < 0 ||
	    read(sleeper->woken, &one, sizeof(one)) < 0)
		return -errno;
	return sleeper->at_ns - start;
}

/* ------------------------------------------------------------------ ring */

/* Yields now and then, for the other side may wait for this very CPU. */
static void relax(uint32_t *spins)
{
	if (!(++*spins % 256))
		sched_yield();
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static void consume(struct bare_ring *ring, uint32_t tail)
{
	for (uint32_t head = ring->head; head != tail; head++) {
		struct sva_accel_desc desc = ring->descs[head & (ring->entries - 1)];
		struct sva_accel_completion *done = (void *)(uintptr_t)desc.completion;

		__atomic_store_n(&ring->head, head + 1, __ATOMIC_RELEASE);
		if (desc.opcode == SVA_ACCEL_OP_NOP && done)
			__atomic_store_n(&done->status, SVA_ACCEL_SUCCESS, __ATOMIC_RELEASE);
	}
}

static void *poll_ring(void *arg)
{
	struct bare_ring *ring = arg;
	uint32_t spins = 0;

	while (!__atomic_load_n(&ring->stop, __ATOMIC_RELAXED)) {
		uint32_t tail = __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE);

		if (tail == ring->head)
			relax(&spins);
		else
			consume(ring, tail);
	}
	return NULL;
}

int bare_ring_start(struct bare_ring *ring, uint32_t entries)
{
	int ret;

	*ring = (struct bare_ring){ .entries = entries };
	ring->descs = aligned_alloc(64, entries * sizeof(*ring->descs));
	if (!ring->descs)
		return -ENOMEM;
	ret = pthread_create(&ring->thread, NULL, poll_ring, ring);
	if (ret)
		free(ring->descs);
	return -ret;
}

void bare_ring_stop(struct bare_ring *ring)
{
	__atomic_store_n(&ring->stop, true, __ATOMIC_RELAXED);
	pthread_join(ring->thread, NULL);
	free(ring->descs);
}

void bare_ring_run(struct bare_ring *ring, const struct sva_accel_desc *descs, uint32_t count)
{
	const struct sva_accel_completion *last =
		(const void *)(uintptr_t)descs[count - 1].completion;
	uint32_t tail = ring->tail, spins = 0;

	while (count) {
		uint32_t used = tail - __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE);
		uint32_t fits = ring->entries - used;

		if (fits > count)
			fits = count;
		for (uint32_t i = 0; i < fits; i++)
			ring->descs[tail++ & (ring->entries - 1)] = *descs++;
		__atomic_store_n(&ring->tail, tail, __ATOMIC_RELEASE);
		count -= fits;
		if (!fits)
			relax(&spins);
	}
	while (__atomic_load_n(&last->status, __ATOMIC_ACQUIRE) == SVA_ACCEL_PENDING)
		relax(&spins);
}
