// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ask.c - requests that are asked again where svad is lost between them
 */
#include "ask.h"

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
