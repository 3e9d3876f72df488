/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask.h - requests that are asked again where svad is lost between them, or has had
 * too many
 *
 * It may be restarted, or need the place of a connection that asks nothing just then;
 * and it takes only so many requests of a user in a second.
 */
#ifndef TOOLS_ASK_H
#define TOOLS_ASK_H

#include "client.h"

/* 0 or more, or a negative errno with the reason in the client */
typedef int (*ask_fn)(struct client *client, void *arg);

/*
 * Has @ask use a connection, and another one from the beginning if svad was lost: so
 * it makes nothing of what the try before may have left in @arg.  @socket is as in
 * client_connect().  Returns what the last try did, and why in *reason.
 */
int ask_svad(const char *socket, ask_fn ask, void *arg, uint32_t *reason);

/*
 * After a failure: svad has had too many requests, as where a list has more pages than
 * it takes in a second, so that the same may be asked again: a moment has passed when
 * this returns.  False: it was something else, or the client's deadline is near.
 */
bool ask_again(struct client *client);

/*
 * A page of contexts as of client_list_contexts(), asked again like that.  A device that
 * went away meanwhile has none.
 */
int ask_contexts(struct client *client, const char *device, uint64_t after,
		 struct sva_msg_contexts *page);

#endif /* TOOLS_ASK_H */
