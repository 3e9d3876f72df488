/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * deadline.h - a moment on CLOCK_MONOTONIC, in nanoseconds
 *
 * Waits are counted from their start, so that signals and spurious wake-ups
 * cannot stretch them.
 */
#ifndef SVA_DEADLINE_H
#define SVA_DEADLINE_H

#include <limits.h>
#include <stdint.h>
#include <time.h>

#define DEADLINE_NEVER INT64_MAX

static inline int64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* A negative timeout never ends. */
static inline int64_t deadline_in_ms(int timeout_ms)
{
	if (timeout_ms < 0)
		return DEADLINE_NEVER;
	return clock_ns() + (int64_t)timeout_ms * 1000000;
}

static inline int64_t deadline_left_ns(int64_t deadline)
{
	if (deadline == DEADLINE_NEVER)
		return INT64_MAX;
	deadline -= clock_ns();
	return deadline > 0 ? deadline : 0;
}

/* For poll(): rounded up, so that a wait never ends early; -1 is for ever */
static inline int deadline_left_ms(int64_t deadline)
{
	int64_t left = deadline_left_ns(deadline);

	if (left == INT64_MAX)
		return -1;
	left = (left + 999999) / 1000000;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static inline struct timespec timespec_from_ns(int64_t ns)
{
	return (struct timespec){ .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };
}

#endif /* SVA_DEADLINE_H */
