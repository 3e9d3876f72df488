/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * admin.h - what operators and administrators ask, and what follows from it
 */
#ifndef SVAD_ADMIN_H
#define SVAD_ADMIN_H

#include "message.h"
#include "svad.h"

/* Requests beyond those of request.c; fills in the reply, whatever happens */
void admin_answer(struct client *client, struct subject *who, const union request *request,
		  struct reply *reply);
void admin_audit_refused(const struct client *client, const union request *request,
			 uint32_t reason);

/* Has the context end; the log and those who watch are told.  0 or -errno */
int must_check context_revoke(struct svad *svad, struct device *device, uint64_t context,
			      const char *why);

/*
 * Grants of cgroups that were at this path and are not any more: all but those to
 * the cgroup @id.  What was opened under them is revoked.
 */
void grants_end_others(struct svad *svad, const char *path, size_t length, uint64_t id);

/* Revokes contexts on the device whose grants were over before it was served */
void grants_revoke_orphans(struct svad *svad, struct device *device);

#endif /* SVAD_ADMIN_H */
