/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * listen.h - the socket that clients connect to
 */
#ifndef SVAD_LISTEN_H
#define SVAD_LISTEN_H

#include "util.h"

/*
 * The listening socket, or -errno after a line in the log.  Under socket
 * activation it is the service manager's; otherwise it is made at @path, mode
 * 0666 (the policy decides, not the file mode), and its folder too if that is
 * missing.
 */
int must_check listen_open(const char *path);

#endif /* SVAD_LISTEN_H */
