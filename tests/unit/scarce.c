// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * scarce.c - see scarce.h
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "scarce.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#if defined(SCARCE_SANITIZED)
#define SANITIZED 1
#endif

static _Thread_local bool armed;
static unsigned long fails_at, count;
static bool lasts, met;
static long live;
static int files_left = -1;
static struct rlimit files_before;

void scarce_memory(unsigned long number, bool lasting)
{
	fails_at = number;
	if (!number)
		return;
	lasts = lasting;
	count = 0;
	met = false;
}

bool scarce_met(void)
{
	return met;
}

long scarce_live(void)
{
	return __atomic_load_n(&live, __ATOMIC_RELAXED);
}

static bool fails(void)
{
	if (!armed || !fails_at)
		return false;
	count++;
	if (count < fails_at || (count > fails_at && !lasts))
		return false;
	met = true;
	errno = ENOMEM;
	return true;
}

/* ---------------------------------------------------------------- files */

/* The limit below which so many numbers are free */
static rlim_t limit_for(int left)
{
	int fd = 0;

	for (;; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && left-- == 0)
			return (rlim_t)fd;
	}
}

void scarce_files(int left)
{
	files_left = left;
}

static void files_limit(bool limited)
{
	struct rlimit limit;

	if (files_left < 0)
		return;
	if (!files_before.rlim_cur && getrlimit(RLIMIT_NOFILE, &files_before))
		abort();
	limit = files_before;
	if (limited)
		limit.rlim_cur = limit_for(files_left);
	if (setrlimit(RLIMIT_NOFILE, &limit))
		abort();
}

void scarce_begin(void)
{
	files_limit(true);
	armed = true;
}

void scarce_end(void)
{
	armed = false;
	files_limit(false);
}

/* --------------------------------------------------------------- memory */

#ifdef SANITIZED

void *__real_malloc(size_t size);
void *__real_calloc(size_t number, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t number, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t number, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t number, size_t size);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t number, size_t size)
{
	return fails() ? NULL : __real_calloc(number, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t number, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, number, size);
}

#else

/* glibc's own, for those who replace them in front of all libraries */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *old);

static void *counted(void *memory)
{
	if (memory)
		__atomic_add_fetch(&live, 1, __ATOMIC_RELAXED);
	return memory;
}

void *malloc(size_t size)
{
	return fails() ? NULL : counted(__libc_malloc(size));
}

void *calloc(size_t number, size_t size)
{
	return fails() ? NULL : counted(__libc_calloc(number, size));
}

void *realloc(void *old, size_t size)
{
	if (fails())
		return NULL;
	return old ? __libc_realloc(old, size) : counted(__libc_realloc(old, size));
}

void free(void *old)
{
	if (old)
		__atomic_sub_fetch(&live, 1, __ATOMIC_RELAXED);
	__libc_free(old);
}

#endif
