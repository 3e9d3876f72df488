// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_clients.c - many clients at once: how long a grant, or a binding, takes from
 * the first to the last of all, divided by how many there were
 *
 * Each client is a process.  They begin together; each notes when it began and ended.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare.h"
#include "bench.h"
#include "deadline.h"

#define CLIENTS_MAX 64

/* Operations of all clients in one repetition; not fewer than two of each */
#define OPERATIONS 128

/* In memory that the processes share */
struct shared {
	pthread_barrier_t begin;
	struct {
		int64_t start_ns, end_ns;
		int error;
		uint32_t reason;
	} clients[CLIENTS_MAX];
};

/**
 * struct clients - one row
 * @prepare: what is not timed, of one client; NULL: nothing
 * @operate: one operation; negative errno, the reason is in @bench
 */
struct clients {
	struct bench *bench;
	struct bare_server server;
	struct shared *shared;
	size_t count;
	size_t operations;
	int fds[OPERATIONS];
	int (*prepare)(struct clients *clients, size_t operation);
	int (*operate)(struct clients *clients, size_t operation);
};

/* ---------------------------------------------------------- operations */

static int grant_from(struct clients *clients, const char *socket)
{
	int fd = bench_context(clients->bench, socket);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int operate_grant(struct clients *clients, size_t operation)
{
	(void)operation;
	return grant_from(clients, NULL);
}

static int operate_handshake(struct clients *clients, size_t operation)
{
	(void)operation;
	return grant_from(clients, clients->server.address.sun_path);
}

static int operate_bind(struct clients *clients, size_t operation)
{
	struct sva_context *ctx;
	int ret = sva_bind(clients->bench->device, 0, &ctx);

	(void)operation;
	if (!ret)
		ret = sva_unbind(ctx, SVA_RELEASE_CLEAN);
	if (ret < 0)
		clients->bench->reason = sva_context_reason(NULL);
	return ret < 0 ? ret : 0;
}

static int prepare_context(struct clients *clients, size_t operation)
{
	int fd = bench_context(clients->bench, NULL);

	clients->fds[operation] = fd;
	return fd < 0 ? fd : 0;
}

/* A handshake that brings some fd, and the ioctls on a context that was there before */
static int operate_bare_bind(struct clients *clients, size_t operation)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	struct sva_unbind_task unbind = {
		.argsz = sizeof(unbind), .flags = SVA_UNBIND_RELEASE_CLEAN,
	};
	int fd = clients->fds[operation], ret = operate_handshake(clients, operation);

	if (!ret && ioctl(fd, SVA_BIND_TASK, &bind) < 0) {
		clients->bench->reason = bind.reason;
		ret = -errno;
	}
	unbind.pasid = bind.pasid;
	if (!ret && ioctl(fd, SVA_UNBIND_TASK, &unbind) < 0) {
		clients->bench->reason = unbind.reason;
		ret = -errno;
	}
	close(fd);
	return ret;
}

/* ------------------------------------------------------------- processes */

static int client_run(struct clients *clients, size_t number)
{
	int ret = 0;

	for (size_t i = 0; clients->prepare && !ret && i < clients->operations; i++)
		ret = clients->prepare(clients, i);
	/* whoever failed is waited for all the same */
	pthread_barrier_wait(&clients->shared->begin);
	clients->shared->clients[number].start_ns = clock_ns();
	for (size_t i = 0; !ret && i < clients->operations; i++)
		ret = clients->operate(clients, i);
	clients->shared->clients[number].end_ns = clock_ns();
	return ret;
}

static void client_process(struct clients *clients, size_t number)
{
	clients->shared->clients[number].error = client_run(clients, number);
	clients->shared->clients[number].reason = clients->bench->reason;
	_exit(0);
}

static int clients_start(struct clients *clients)
{
	for (size_t i = 0; i < clients->count; i++) {
		pid_t pid = fork();

		if (!pid)
			client_process(clients, i);
		/* those that wait for the others would do so for ever */
		if (pid < 0)
			abort();
	}
	return 0;
}

/* From the first beginning to the last end */
static int clients_result(const struct clients *clients, int64_t *ns)
{
	int64_t start = INT64_MAX, end = 0;

	for (size_t i = 0; i < clients->count; i++) {
		if (clients->shared->clients[i].error) {
			clients->bench->reason = clients->shared->clients[i].reason;
			return clients->shared->clients[i].error;
		}
		if (clients->shared->clients[i].start_ns < start)
			start = clients->shared->clients[i].start_ns;
		if (clients->shared->clients[i].end_ns > end)
			end = clients->shared->clients[i].end_ns;
	}
	*ns = end - start;
	return 0;
}

static int clients_time(struct clients *clients, int64_t *ns)
{
	pthread_barrierattr_t attr;
	int ret;

	pthread_barrierattr_init(&attr);
	pthread_barrierattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&clients->shared->begin, &attr, (unsigned int)clients->count);
	ret = clients_start(clients);
	for (size_t i = 0; i < clients->count; i++)
		wait(NULL);
	pthread_barrier_destroy(&clients->shared->begin);
	pthread_barrierattr_destroy(&attr);
	return ret < 0 ? ret : clients_result(clients, ns);
}

/* ------------------------------------------------------------------ rows */

static int time_grants(void *arg, int64_t *ns)
{
	struct clients *clients = arg;

	clients->prepare = NULL;
	clients->operate = operate_grant;
	return clients_time(clients, ns);
}

static int time_handshakes(void *arg, int64_t *ns)
{
	struct clients *clients = arg;

	clients->prepare = NULL;
	clients->operate = operate_handshake;
	return clients_time(clients, ns);
}

static int time_binds(void *arg, int64_t *ns)
{
	struct clients *clients = arg;

	clients->prepare = NULL;
	clients->operate = operate_bind;
	return clients_time(clients, ns);
}

static int time_bare_binds(void *arg, int64_t *ns)
{
	struct clients *clients = arg;

	clients->prepare = prepare_context;
	clients->operate = operate_bare_bind;
	return clients_time(clients, ns);
}

typedef int (*side_fn)(void *arg, int64_t *ns);

static int clients_measure(struct bench *bench, size_t count, side_fn product, side_fn floor,
			   struct measure *measure)
{
	struct clients clients = {
		.bench = bench, .count = count,
		.operations = OPERATIONS / count > 2 ? OPERATIONS / count : 2,
	};
	const struct pair pair = {
		.product = product, .floor = floor, .arg = &clients,
		.per = count * clients.operations,
	};
	int ret = bare_server_start(&clients.server, true);

	if (ret < 0)
		return ret;
	clients.shared = mmap(NULL, sizeof(*clients.shared), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ret = clients.shared == MAP_FAILED ? -errno : bench_repeat(bench, &pair, measure);
	if (clients.shared != MAP_FAILED)
		munmap(clients.shared, sizeof(*clients.shared));
	bare_server_stop(&clients.server);
	return ret;
}

int bench_grant_clients(struct bench *bench, const struct row *row, struct measure *measure)
{
	return clients_measure(bench, row->size, time_grants, time_handshakes, measure);
}

int bench_bind_clients(struct bench *bench, const struct row *row, struct measure *measure)
{
	return clients_measure(bench, row->size, time_binds, time_bare_binds, measure);
}
