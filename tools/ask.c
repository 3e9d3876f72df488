// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ask.c - requests that are asked again where svad is lost between them, or has had
 * too many
 */
#include <poll.h>

#include "ask.h"
#include "deadline.h"
#include "sva.h"

/* Until svad takes some more: ten, if its policy says nothing else */
#define MORE_MS 10

/* With less left the next answer could be late, and its reason be that */
#define LEFT_MS 100

int ask_svad(const char *socket, ask_fn ask, void *arg, uint32_t *reason)
{
	struct client client;
	unsigned int losses = 0;
	int ret;

	client_begin(&client, socket, 0);
	do {
		ret = client_connect_again(&client);
		if (!ret)
			ret = ask(&client, arg);
	} while (ret < 0 && client_may_try_again(&client, &losses));
	client_close(&client);
	*reason = client.reason;
	return ret;
}

bool ask_again(struct client *client)
{
	int left = deadline_left_ms(client->deadline);

	if (client->reason != SVA_REASON_LIMIT_REQUESTS || (left >= 0 && left < LEFT_MS))
		return false;
	poll(NULL, 0, MORE_MS);
	return true;
}

int ask_contexts(struct client *client, const char *device, uint64_t after,
		 struct sva_msg_contexts *page)
{
	int ret;

	do
		ret = client_list_contexts(client, device, after, page);
	while (ret < 0 && ask_again(client));
	if (ret < 0 && (client->reason == SVA_REASON_NO_SUCH_DEVICE ||
			client->reason == SVA_REASON_NO_DEVICE ||
			client->reason == SVA_REASON_DEVICE_GONE)) {
		page->count = 0;
		ret = 0;
	}
	return ret;
}
