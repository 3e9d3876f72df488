/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loop.c - an event loop: copies a large block in pieces, a few of them at a time, and
 * hears of what happens to the context, all in one thread
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sva-accel.h>

#define SIZE		(1u << 20)
#define PIECE		(64u << 10)
#define AT_A_TIME	4

struct copy {
	struct sva_accel_exec *exec;
	unsigned char *from, *to;
	size_t next;		/* what was not submitted yet begins here */
	size_t done;
	int error;
};

static void piece_done(void *arg, int error, const struct sva_accel_completion *completion);

static void piece_submit(struct copy *copy)
{
	struct sva_accel_desc job;

	if (copy->next == SIZE || copy->error)
		return;
	sva_accel_prep_memmove(&job, copy->to + copy->next, copy->from + copy->next, PIECE, NULL);
	copy->error = sva_accel_exec_call(copy->exec, &job, 0, piece_done, copy);
	if (!copy->error)
		copy->next += PIECE;
}

/* Called by sva_accel_exec_dispatch() */
static void piece_done(void *arg, int error, const struct sva_accel_completion *completion)
{
	struct copy *copy = arg;

	if (error)
		copy->error = error;
	else
		copy->done += completion->done;
	piece_submit(copy);
}

/* The context's events: it was revoked, its device has gone... */
static void context_event(struct sva_context *ctx, struct copy *copy)
{
	struct sva_event event;
	int ret = sva_next_event(ctx, &event, 0);

	if (ret > 0)
		fprintf(stderr, "loop: %s\n", sva_strreason(event.reason));
	else if (ret < 0)
		copy->error = ret;
}

static int loop(struct sva_context *ctx, struct copy *copy)
{
	struct pollfd fds[2] = {
		{ .fd = sva_accel_exec_fd(copy->exec), .events = POLLIN },
		{ .fd = sva_context_fd(ctx), .events = POLLIN },
	};

	if (fds[0].fd < 0)
		return fds[0].fd;
	for (int i = 0; i < AT_A_TIME; i++)
		piece_submit(copy);
	while (copy->done < SIZE && !copy->error) {
		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents)
			sva_accel_exec_dispatch(copy->exec);
		if (fds[1].revents)
			context_event(ctx, copy);
	}
	return copy->error;
}

static int copy_with(struct sva_context *ctx, struct copy *copy)
{
	struct sva_accel *accel;
	int err = sva_accel_open(ctx, &accel);

	if (err < 0)
		return err;
	err = sva_accel_exec_open(accel, AT_A_TIME, &copy->exec);
	if (!err) {
		err = loop(ctx, copy);
		sva_accel_exec_close(copy->exec, -1);
	}
	sva_accel_close(accel);
	return err;
}

int main(void)
{
	struct copy copy = { .from = malloc(SIZE), .to = malloc(SIZE) };
	struct sva_context *ctx;
	int err = -1;

	if (!copy.from || !copy.to)
		return 1;
	for (size_t i = 0; i < SIZE; i++)
		copy.from[i] = (unsigned char)(i * 31 >> 7);
	if (sva_bind(NULL, 0, &ctx) < 0) {
		fprintf(stderr, "loop: %s\n", sva_strreason(sva_context_reason(NULL)));
	} else {
		err = copy_with(ctx, &copy);
		if (err < 0)
			fprintf(stderr, "loop: %s\n", sva_strreason(sva_context_reason(ctx)));
		else if (!memcmp(copy.from, copy.to, SIZE))
			printf("%zu bytes in pieces of %u\n", copy.done, PIECE);
		else
			err = -1;
		sva_unbind(ctx, SVA_RELEASE_CLEAN);
	}
	free(copy.from);
	free(copy.to);
	return err < 0;
}
