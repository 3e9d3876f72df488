// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_exit.c - what a binding costs a process at its end
 *
 * From the moment in which a child is told to exit until its parent has been told
 * that it did.  The floor: a child that never bound anything.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "deadline.h"

struct exits {
	struct bench *bench;
};

/* What the child says when it is ready */
struct word {
	int ret;
	uint32_t reason;
};

typedef int (*child_fn)(struct bench *bench);

static int never_binds(struct bench *bench)
{
	(void)bench;
	return 0;
}

static int binds(struct bench *bench)
{
	struct sva_context *ctx;
	int ret = sva_bind(bench->device, 0, &ctx);

	if (ret < 0)
		bench->reason = sva_context_reason(NULL);
	return ret;
}

static int binds_and_unbinds(struct bench *bench)
{
	struct sva_context *ctx;
	int ret = sva_bind(bench->device, 0, &ctx);

	if (!ret)
		ret = sva_unbind(ctx, SVA_RELEASE_CLEAN);
	if (ret < 0)
		bench->reason = sva_context_reason(NULL);
	return ret < 0 ? ret : 0;
}

static _Noreturn void child_run(struct bench *bench, child_fn child, int ready, int go)
{
	struct word word = { .ret = child(bench) };
	char byte;

	word.reason = bench->reason;
	if (write(ready, &word, sizeof(word)) != sizeof(word) || read(go, &byte, 1) < 0)
		_exit(1);
	_exit(0);
}

/* @ready: read end of the child's; @go: write end of ours, closed here */
static int exit_time(struct bench *bench, pid_t pid, int ready, int go, int64_t *ns)
{
	struct word word = { .ret = -EPIPE };
	ssize_t got = read(ready, &word, sizeof(word));
	int64_t start = clock_ns();

	close(go);
	waitpid(pid, NULL, 0);
	*ns = clock_ns() - start;
	bench->reason = word.reason;
	return got == sizeof(word) ? word.ret : -EPIPE;
}

static int time_exit(struct bench *bench, child_fn child, int64_t *ns)
{
	int ready[2], go[2], ret;
	pid_t pid;

	if (pipe(ready) < 0)
		return -errno;
	if (pipe(go) < 0) {
		ret = -errno;
		close(ready[0]);
		close(ready[1]);
		return ret;
	}
	pid = fork();
	if (!pid) {
		close(go[1]);
		child_run(bench, child, ready[1], go[0]);
	}
	close(ready[1]);
	close(go[0]);
	ret = pid < 0 ? -EAGAIN : exit_time(bench, pid, ready[0], go[1], ns);
	if (pid < 0)
		close(go[1]);
	close(ready[0]);
	return ret;
}

static int time_never(void *arg, int64_t *ns)
{
	return time_exit(((struct exits *)arg)->bench, never_binds, ns);
}

static int time_unbound(void *arg, int64_t *ns)
{
	return time_exit(((struct exits *)arg)->bench, binds_and_unbinds, ns);
}

static int time_bound(void *arg, int64_t *ns)
{
	return time_exit(((struct exits *)arg)->bench, binds, ns);
}

int bench_exit_unbound(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct exits exits = { .bench = bench };
	const struct pair pair = {
		.product = time_unbound, .floor = time_never, .arg = &exits, .per = 1,
	};

	(void)row;
	return bench_repeat(bench, &pair, measure);
}

int bench_exit_bound(struct bench *bench, const struct row *row, struct measure *measure)
{
	struct exits exits = { .bench = bench };
	const struct pair pair = {
		.product = time_bound, .floor = time_never, .arg = &exits, .per = 1,
	};

	(void)row;
	return bench_repeat(bench, &pair, measure);
}
