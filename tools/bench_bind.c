// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_bind.c - from nothing to a bound context, and back
 *
 * The floor of sva_bind() has two parts, for a bare server has no context to
 * hand over: a bare handshake that brings some fd, and the bare BIND_TASK ioctl
 * on a context that svad gave before the clock started.  No other context is
 * bound meanwhile on either side, so that both pay for the first binding of an
 * address space.
 */
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bare.h"
#include "bench.h"
#include "deadline.h"

struct binds {
	struct bench *bench;
	struct bare_server server;
};

static int bare_bind(struct bench *bench, int fd, uint32_t *pasid)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };

	if (ioctl(fd, SVA_BIND_TASK, &bind) < 0) {
		bench->reason = bind.reason;
		return -errno;
	}
	*pasid = bind.pasid;
	return 0;
}

static int bare_unbind(struct bench *bench, int fd, uint32_t pasid)
{
	struct sva_unbind_task unbind = {
		.argsz = sizeof(unbind), .flags = SVA_UNBIND_RELEASE_CLEAN, .pasid = pasid,
	};
	int ret = ioctl(fd, SVA_UNBIND_TASK, &unbind) < 0 ? -errno : 0;

	bench->reason = unbind.reason;
	close(fd);
	return ret;
}

static int product_bind(struct bench *bench, struct sva_context **ctx)
{
	int ret = sva_bind(bench->device, 0, ctx);

	if (ret < 0)
		bench->reason = sva_context_reason(NULL);
	return ret;
}

static int product_unbind(struct bench *bench, struct sva_context *ctx)
{
	int ret = sva_unbind(ctx, SVA_RELEASE_CLEAN);

	if (ret < 0)
		bench->reason = sva_context_reason(NULL);
	return ret < 0 ? ret : 0;
}

/* ------------------------------------------------------------------ bind */

static int time_sva_bind(void *arg, int64_t *ns)
{
	struct binds *binds = arg;
	struct sva_context *ctx;
	int64_t start = clock_ns();
	int ret = product_bind(binds->bench, &ctx);

	*ns = clock_ns() - start;
	return ret < 0 ? ret : product_unbind(binds->bench, ctx);
}

static int time_bare_bind(void *arg, int64_t *ns)
{
	struct binds *binds = arg;
	int64_t start = clock_ns();
	uint32_t pasid = 0;
	int fd, ret;

	fd = bare_handshake(&binds->server);
	*ns = clock_ns() - start;
	if (fd < 0)
		return fd;
	close(fd);
	fd = bench_context(binds->bench, NULL);
	if (fd < 0)
		return fd;
	start = clock_ns();
	ret = bare_bind(binds->bench, fd, &pasid);
	*ns += clock_ns() - start;
	if (ret < 0)
		close(fd);
	return ret < 0 ? ret : bare_unbind(binds->bench, fd, pasid);
}

int bench_bind(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct binds binds = { .bench = bench };
	struct pair pair = {
		.product = time_sva_bind, .floor = time_bare_bind, .arg = &binds, .per = 1,
	};
	int ret = bare_server_start(&binds.server, false);

	(void)row;
	if (ret < 0)
		return ret;
	ret = bench_repeat(bench, &pair, measure);
	bare_server_stop(&binds.server);
	return ret;
}

/* ---------------------------------------------------------------- unbind */

static int time_sva_unbind(void *arg, int64_t *ns)
{
	struct binds *binds = arg;
	struct sva_context *ctx;
	int64_t start;
	int ret = product_bind(binds->bench, &ctx);

	if (ret < 0)
		return ret;
	start = clock_ns();
	ret = product_unbind(binds->bench, ctx);
	*ns = clock_ns() - start;
	return ret;
}

static int time_bare_unbind(void *arg, int64_t *ns)
{
	struct binds *binds = arg;
	int fd = bench_context(binds->bench, NULL), ret;
	uint32_t pasid = 0;
	int64_t start;

	if (fd < 0)
		return fd;
	ret = bare_bind(binds->bench, fd, &pasid);
	if (ret < 0) {
		close(fd);
		return ret;
	}
	start = clock_ns();
	ret = bare_unbind(binds->bench, fd, pasid);
	*ns = clock_ns() - start;
	return ret;
}

int bench_unbind(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct binds binds = { .bench = bench };
	struct pair pair = {
		.product = time_sva_unbind, .floor = time_bare_unbind, .arg = &binds, .per = 1,
	};

	(void)row;
	return bench_repeat(bench, &pair, measure);
}
