/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * random.h - numbers that are the same for the same seed (xorshift64*)
 */
#ifndef TESTS_KERNEL_RANDOM_H
#define TESTS_KERNEL_RANDOM_H

#include <stdint.h>

/* @state: any number but 0 at first; the upper bits are the better ones */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dull;
}

#endif /* TESTS_KERNEL_RANDOM_H */
