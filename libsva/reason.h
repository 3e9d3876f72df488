/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reason.h - what libsva and the tools know about a reason
 *
 * Private: programs use sva_strreason() and sva_reason_name().
 */
#ifndef SVA_REASON_H
#define SVA_REASON_H

#include <stdint.h>

/**
 * struct reason_text - one reason
 * @number: enum sva_reason or enum sva_user_reason
 * @error: the positive errno that usually comes with it
 * @name: lower case, with dashes
 * @text: what happened and why, "; ", what to do
 * @remedy: the part of @text that says what to do
 */
struct reason_text {
	uint32_t number;
	int error;
	const char *name;
	const char *text;
	const char *remedy;
};

/* Never NULL: an unknown number has an entry too. */
const struct reason_text *reason_find(uint32_t number);

/* Every entry, for tests; @count is how many. */
const struct reason_text *reason_table(uint32_t *count);

#endif /* SVA_REASON_H */
