/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask.h - requests that are asked again where svad is lost between them
 *
 * It may be restarted, or need the place of a connection that asks nothing just then.
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

#endif /* TOOLS_ASK_H */
