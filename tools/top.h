/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * top.h - what svactl top shows: rates of contexts between two looks
 */
#ifndef TOOLS_TOP_H
#define TOOLS_TOP_H

#include "contexts.h"

#define TOP_WIDTH 80	/* of a terminal that does not say, and of what is not one */

/* A context and what it did since the look before; rates are a second's */
struct top_row {
	const struct context *context;
	double jobs;
	double pages;
	double waiting;		/* share of the time that it waited for pages, 0 to 1 */
};

/**
 * struct top - one frame
 * @rows: the busiest first
 * @quarantined: how many of them are
 * @jobs, @pages: of all together
 */
struct top {
	struct top_row *rows;
	size_t count;
	size_t quarantined;
	uint32_t devices;
	double jobs;
	double pages;
};

/* @before: the look @seconds ago; what is not in it has done all it did since then */
void top_make(struct top *top, const struct contexts *before, const struct contexts *now,
	      double seconds);
void top_free(struct top *top);

/* At most @lines lines (0: any number) of at most @width characters */
void top_print(const struct top *top, const char *time, unsigned int width, unsigned int lines,
	       FILE *file);
json_t *top_json(const struct top *top, const char *time, double seconds);

#endif /* TOOLS_TOP_H */
