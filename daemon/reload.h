/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reload.h - what a new policy does to contexts that exist
 */
#ifndef SVAD_RELOAD_H
#define SVAD_RELOAD_H

#include "svad.h"

/*
 * Revokes the contexts that the policy in force does not allow.  A user is judged
 * by the groups that the group database gives him and by the cgroup that the
 * context's process is in now, and keeps what these do not settle; limits take
 * nothing away, and grants stay.
 */
void reload_revoke(struct svad *svad);

#endif /* SVAD_RELOAD_H */
