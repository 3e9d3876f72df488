/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * entry.h - what every exported function begins with
 */
#ifndef SVA_ENTRY_H
#define SVA_ENTRY_H

#include <errno.h>

/*
 * Everything is compiled hidden; what libsva.map exports says so at its
 * definition too, so that the static library can hide the rest.
 */
#define SVA_PUBLIC __attribute__((visibility("default")))

static inline void errno_restore(const int *saved)
{
	errno = *saved;
}

/* The caller's errno is none of our business: it comes back on every way out. */
#define KEEP_ERRNO \
	__attribute__((cleanup(errno_restore), unused)) const int saved_errno = errno

#endif /* SVA_ENTRY_H */
