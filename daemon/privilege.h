/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * privilege.h - svad holds no power that it can leave (R12)
 */
#ifndef SVAD_PRIVILEGE_H
#define SVAD_PRIVILEGE_H

#include "util.h"

/*
 * Becomes @user, or stays whoever it is when @user is NULL, which must not be
 * root.  All errors are logged.  Afterwards: no capabilities, no way back to
 * any, no supplementary groups but the user's own, not dumpable.
 */
int must_check privilege_drop(const char *user);

#endif /* SVAD_PRIVILEGE_H */
