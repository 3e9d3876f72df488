// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_grant.c - what it costs to be given a context by svad, unbound
 *
 * Nothing is bound, so that svad may as well have a fake kernel: what is measured is
 * libsva's client, the socket, svad and its policy.  The floor is the same handshake
 * by the same client with a server that knows whom it serves and does nothing else.
 */
#include <errno.h>
#include <unistd.h>

#include "bare.h"
#include "bench.h"
#include "client.h"
#include "deadline.h"

#define BLOCK 100	/* two servers in turns would measure the caches that they share */

struct grants {
	struct bench *bench;
	struct bare_server server;
	struct client svad;
	struct client bare;
};

/* What @client is connected to gives a context, which ends with its fd, untimed */
static int time_open(struct grants *grants, struct client *client, int64_t *ns)
{
	struct sva_msg_opened opened;
	int64_t start = clock_ns();
	int fd = -1, ret = client_open(client, grants->bench->device, NULL, &opened, &fd);

	*ns = clock_ns() - start;
	grants->bench->reason = client->reason;
	if (!ret)
		close(fd);
	return ret;
}

static int time_new(struct grants *grants, const char *socket, int64_t *ns)
{
	int64_t start = clock_ns();
	int fd = bench_context(grants->bench, socket);

	*ns = clock_ns() - start;
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/* ------------------------------------------------------------------- rows */

static int time_svad_new(void *arg, int64_t *ns)
{
	return time_new(arg, NULL, ns);
}

static int time_bare_new(void *arg, int64_t *ns)
{
	struct grants *grants = arg;

	return time_new(grants, grants->server.address.sun_path, ns);
}

static int time_svad_open(void *arg, int64_t *ns)
{
	struct grants *grants = arg;

	return time_open(grants, &grants->svad, ns);
}

static int time_bare_open(void *arg, int64_t *ns)
{
	struct grants *grants = arg;

	return time_open(grants, &grants->bare, ns);
}

static int connect_to_both(struct grants *grants)
{
	int ret = client_connect(&grants->svad, NULL, -1);

	grants->bench->reason = grants->svad.reason;
	client_begin(&grants->bare, grants->server.address.sun_path, -1);
	return ret ? ret : client_connect_again(&grants->bare);
}

/* The bare server has one client at a time: none is connected unless the rows need it */
static int grants_measure(struct grants *grants, struct pair *pair, bool connect_both,
			  struct measure *measure)
{
	int ret = bare_server_start(&grants->server, true);

	if (ret < 0)
		return ret;
	pair->arg = grants;
	ret = connect_both ? connect_to_both(grants) : 0;
	if (!ret)
		ret = bench_repeat(grants->bench, pair, measure);
	if (connect_both) {
		client_close(&grants->svad);
		client_close(&grants->bare);
	}
	bare_server_stop(&grants->server);
	return ret;
}

int bench_grant_new(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct grants grants = { .bench = bench };
	struct pair pair = {
		.product = time_svad_new, .floor = time_bare_new, .per = 1, .block = BLOCK,
	};

	(void)row;
	return grants_measure(&grants, &pair, false, measure);
}

int bench_grant_open(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct grants grants = { .bench = bench };
	struct pair pair = {
		.product = time_svad_open, .floor = time_bare_open, .per = 1, .block = BLOCK,
	};

	(void)row;
	return grants_measure(&grants, &pair, true, measure);
}
