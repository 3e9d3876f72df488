/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nss.h - can names of users and groups be looked up under svad's filter?
 *
 * Files, and services that are asked through a local socket, can.  A module that
 * asks a directory server by itself cannot: at a reload the system call filter
 * would kill svad in the middle of it.
 */
#ifndef SVAD_NSS_H
#define SVAD_NSS_H

#include "util.h"

#define NSS_PATH	"/etc/nsswitch.conf"
#define NSS_NAME_LEN	32

/* The first service of the file at @path that the filter would forbid; false: none */
bool nss_forbidden(const char *path, char name[NSS_NAME_LEN]);

/*
 * May a service of the file at @path be away, as sssd is while it starts?  glibc tells
 * only of the last service that it asked, and of groups not even that: without one that
 * is away somebody whom it knows seems to be nobody, or in no group.
 */
bool nss_may_be_away(const char *path);

#endif /* SVAD_NSS_H */
