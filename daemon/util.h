/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * util.h - what several files of svad need and no library has
 */
#ifndef SVAD_UTIL_H
#define SVAD_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define must_check __attribute__((warn_unused_result))

/* Closes *fd unless it is -1, and makes it -1; leaves errno alone */
static inline void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

/* The caller takes what the cleanup attribute would have closed */
static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void free_cleanup(void *pointer)
{
	free(*(void **)pointer);
}

#define autoclose __attribute__((cleanup(fd_close)))
#define autofree __attribute__((cleanup(free_cleanup)))

/* Fills up with zeroes and always terminates, as the wire format asks */
static inline void name_copy(char *to, const char *from, size_t size)
{
	size_t length = 0;

	for (; length < size - 1 && from[length]; length++)
		to[length] = from[length];
	memset(to + length, 0, size - length);
}

#endif /* SVAD_UTIL_H */
