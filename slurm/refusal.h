/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * refusal.h - why a task of a job is not let start, in words for its user (R7)
 */
#ifndef SLURM_REFUSAL_H
#define SLURM_REFUSAL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

/** struct refusal - @text: a sentence and what to do about it; "": nothing is refused */
struct refusal {
	char text[640];
};

static inline bool __attribute__((format(printf, 2, 3)))
refuse(struct refusal *refusal, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(refusal->text, sizeof(refusal->text), format, args);
	va_end(args);
	return false;
}

#endif /* SLURM_REFUSAL_H */
