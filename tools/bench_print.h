/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_print.h - what was measured, as a table and as JSON
 */
#ifndef TOOLS_BENCH_PRINT_H
#define TOOLS_BENCH_PRINT_H

#include <stdio.h>
#include <jansson.h>

#include "bench.h"

/**
 * struct result - what became of a row
 * @ret: 0, enum row_skipped or a negative errno
 */
struct result {
	const struct row *row;
	struct measure measure;
	int ret;
	uint32_t reason;
};

/* The product's percentile over the floor's */
double result_ratio(struct result *result, double percent);

void print_floors(const struct floor_result *floors);
void print_header(void);
void print_result(struct result *result);

/* What the rows are */
void print_rows(void);

int print_json(const struct bench *bench, const struct floor_result *floors,
	       struct result *results, size_t count, FILE *file);

#endif /* TOOLS_BENCH_PRINT_H */
