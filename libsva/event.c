// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * event.c - what a context tells: events and interrupts
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "context.h"
#include "deadline.h"
#include "entry.h"

SVA_PUBLIC int sva_set_irq(struct sva_context *ctx, unsigned int index, int eventfd)
{
	KEEP_ERRNO;
	int32_t fd = eventfd;
	struct sva_set_irqs set = {
		.argsz = sizeof(set),
		.flags = SVA_IRQ_SET_EVENTFD,
		.index = index,
		.count = 1,
		.fds = (uintptr_t)&fd,
	};
	int ret = context_check(ctx);

	return ret < 0 ? ret : context_ioctl(ctx, SVA_CONTEXT_SET_IRQS, &set);
}

static int event_poll(struct sva_context *ctx, int64_t deadline)
{
	struct pollfd poll_fd = { .fd = ctx->fd, .events = POLLIN };

	for (;;) {
		int ret = poll(&poll_fd, 1, deadline_left_ms(deadline));

		if (ret >= 0)
			return ret;
		if (errno != EINTR)
			return context_fail(ctx, -errno, SVA_REASON_SYSTEM);
	}
}

/*
 * Several threads may have been woken for one event, and a read that comes too
 * late would block: so one at a time, and ask again first.
 */
static int event_read(struct sva_context *ctx, struct sva_event *event)
{
	ssize_t size;
	int ret;

	pthread_mutex_lock(&ctx->lock);
	ret = event_poll(ctx, 0);
	if (ret > 0) {
		size = read(ctx->fd, event, sizeof(*event));
		ret = size == sizeof(*event) ? 1 : size < 0 ? -errno : -EIO;
	}
	pthread_mutex_unlock(&ctx->lock);
	if (ret == -EAGAIN || ret == -EINTR)
		return 0;
	return ret < 0 ? context_fail_access(ctx, ret) : ret;
}

SVA_PUBLIC int sva_next_event(struct sva_context *ctx, struct sva_event *event, int timeout_ms)
{
	KEEP_ERRNO;
	int64_t deadline = deadline_in_ms(timeout_ms);
	int ret = context_check(ctx);

	if (ret < 0)
		return ret;
	if (!event)
		return context_fail(ctx, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	do {
		ret = event_poll(ctx, deadline);
		if (ret <= 0)
			return ret;
		ret = event_read(ctx, event);
	} while (!ret && deadline_left_ns(deadline));
	return ret;
}
