// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * watch.c - being told what happens, across restarts of svad
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "context.h"
#include "deadline.h"
#include "entry.h"

/* Between two tries to reach a svad that is not there */
#define RETRY_MS 50

/**
 * struct sva_watch
 * @missed: svad was lost, and what happened until it was back with it
 * @unanswered: SUBSCRIBE was sent on this connection, and its answer is to come
 */
struct sva_watch {
	struct client client;
	bool missed;
	bool unanswered;
};

static int watch_ask(struct sva_watch *watch)
{
	int ret = client_connect_again(&watch->client);

	if (!ret)
		ret = client_subscribe(&watch->client);
	watch->unanswered = !ret;
	if (ret < 0)
		client_close(&watch->client);
	return ret;
}

/* An answer that is not there in time may come later: the connection stays */
static int watch_answered(struct sva_watch *watch)
{
	int ret = client_subscribed(&watch->client);

	if (ret == -ETIMEDOUT)
		return ret;
	watch->unanswered = false;
	if (ret < 0)
		client_close(&watch->client);
	return ret;
}

SVA_PUBLIC int sva_watch(const char *socket, struct sva_watch **watch)
{
	KEEP_ERRNO;
	struct sva_watch *fresh;
	unsigned int losses = 0;
	int ret;

	if (!watch)
		return context_fail(NULL, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	*watch = NULL;
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh)
		return context_fail(NULL, -ENOMEM, SVA_REASON_SYSTEM);
	client_begin(&fresh->client, socket, 0);
	do {
		ret = watch_ask(fresh);
		if (!ret)
			ret = watch_answered(fresh);
	} while (ret < 0 && client_may_try_again(&fresh->client, &losses));
	if (ret < 0) {
		client_close(&fresh->client);
		ret = context_fail(NULL, ret, fresh->client.reason);
		free(fresh);
		return ret;
	}
	*watch = fresh;
	return 0;
}

SVA_PUBLIC int sva_watch_fd(const struct sva_watch *watch)
{
	return watch->client.fd;
}

SVA_PUBLIC void sva_watch_end(struct sva_watch *watch)
{
	KEEP_ERRNO;

	if (!watch)
		return;
	client_close(&watch->client);
	free(watch);
}

static void notice_fill(struct sva_notice *notice, const struct sva_msg_event *event)
{
	*notice = (struct sva_notice){
		.kind = event->kind, .uid = event->uid, .context = event->context,
		.count = event->count, .pasid = event->pasid, .reason = event->reason,
		.release = event->release,
	};
	memcpy(notice->device, event->device, sizeof(notice->device));
}

/* Connects anew if it has to: 0, or an error that more time may mend */
static int watch_resume(struct sva_watch *watch)
{
	int ret = 0;

	if (watch->client.fd < 0) {
		watch->missed = true;
		ret = watch_ask(watch);
	}
	return !ret && watch->unanswered ? watch_answered(watch) : ret;
}

static bool may_mend(uint32_t reason)
{
	return reason == SVA_REASON_NO_DAEMON || reason == SVA_REASON_DAEMON_LOST ||
	       reason == SVA_REASON_BUSY;
}

static bool wait_a_little(int64_t deadline)
{
	int left = deadline_left_ms(deadline);

	if (!left)
		return false;
	poll(NULL, 0, left > 0 && left < RETRY_MS ? left : RETRY_MS);
	return true;
}

/* 1 or an error; whatever ends the connection leaves the client's fd at -1 */
static int watch_receive(struct sva_watch *watch, struct sva_notice *notice)
{
	struct sva_msg_event event;
	int ret;

	if (watch->missed) {
		watch->missed = false;
		*notice = (struct sva_notice){ .kind = SVA_NOTICE_LOST };
		return 1;
	}
	ret = client_next_event(&watch->client, &event);
	if (ret < 0) {
		if (ret != -ETIMEDOUT)
			client_close(&watch->client);
		return ret;
	}
	notice_fill(notice, &event);
	return 1;
}

SVA_PUBLIC int sva_watch_next(struct sva_watch *watch, struct sva_notice *notice,
			      int timeout_ms)
{
	KEEP_ERRNO;
	int64_t deadline = deadline_in_ms(timeout_ms);
	bool connected;
	int ret;

	if (!watch || !notice)
		return context_fail(NULL, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	watch->client.deadline = deadline;
	do {
		connected = watch->client.fd >= 0;
		ret = watch_resume(watch);
		if (!ret)
			ret = watch_receive(watch, notice);
		if (ret > 0)
			return ret;
		/* svad is there and says nothing, or not yet that it will */
		if (ret == -ETIMEDOUT)
			return 0;
		/*
		 * Lost just now, it may be there again already: look before waiting.  But
		 * one that is full would be asked as fast as it can refuse.
		 */
	} while ((connected && watch->client.reason == SVA_REASON_DAEMON_LOST) ||
		 (may_mend(watch->client.reason) && wait_a_little(deadline)));
	return context_fail(NULL, ret, watch->client.reason);
}
