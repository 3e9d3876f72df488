/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sandbox.h - the system calls that a running svad may make (R12)
 */
#ifndef SVAD_SANDBOX_H
#define SVAD_SANDBOX_H

#include "util.h"

/*
 * From here on every other system call kills the process (SIGSYS): it needs to
 * be on the list in sandbox.c.  -errno after a line in the log.
 */
int must_check sandbox_enter(void);

#endif /* SVAD_SANDBOX_H */
