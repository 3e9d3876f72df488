/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * audit.h - a line, with fields for the journal, for everything that was decided
 *
 * Grants, binds, refusals, revokes and quarantine.  What clients cause is held back
 * where it becomes too much, for each user and for all together (R8), and how much
 * was is told.
 */
#ifndef SVAD_AUDIT_H
#define SVAD_AUDIT_H

#include <systemd/sd-event.h>

#include "log.h"
#include "util.h"

struct client;
struct device;
struct svad;

/* Tells from time to time what was held back */
int must_check audit_init(struct svad *svad);
void audit_free(struct svad *svad);

/* May a line about this user be written now?  UINT32_MAX: nobody in particular */
bool audit_allows(struct svad *svad, uint32_t uid);

/*
 * What a client was refused; nothing if this user has caused too many lines.  @rule:
 * line of the policy that decided, 0: none
 */
void audit_refused_by(const struct client *client, const char *what, const char *device,
		      const char *type, uint32_t reason, unsigned int rule);

static inline void audit_refused(const struct client *client, const char *what,
				 const char *device, const char *type, uint32_t reason)
{
	audit_refused_by(client, what, device, type, reason, 0);
}

void audit_dropped(const struct client *client, uint32_t reason, const char *why);

/* Fills in who it is about */
void audit_of_client(const struct client *client, struct record *record);

/* An event of the control node: bound, quarantined, released, ended by somebody else */
void audit_event(struct svad *svad, const struct device *device, const struct sva_event *event);

#endif /* SVAD_AUDIT_H */
