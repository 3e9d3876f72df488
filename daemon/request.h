/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * request.h - from a request to its reply
 */
#ifndef SVAD_REQUEST_H
#define SVAD_REQUEST_H

#include "client.h"
#include "message.h"

/*
 * Fills in the reply, whatever happens; refusals are in it and in the log.
 * @sender: the process that has sent the request, as in struct received
 */
void request_handle(struct client *client, pid_t sender, const union request *request,
		    struct reply *reply);

/* Why no such device is there: not this one, or none at all */
uint32_t device_missing(const struct svad *svad);

#endif /* SVAD_REQUEST_H */
