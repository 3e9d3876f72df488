/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * text.h - text for people: columns, colours, and nothing that a terminal obeys
 */
#ifndef TOOLS_TEXT_H
#define TOOLS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Names and rules come over a socket: what is not printable ASCII becomes '?'. */
void text_make_safe(char *text);

/* May colours be written to @file?  On a terminal, unless NO_COLOR says no. */
bool text_colours(FILE *file);

/* Never returns NULL: without memory the program ends with a message. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Room for @count more elements of @size, or reallocarray() of @old; the same holds */
void *text_memory(void *old, size_t count, size_t size);

/**
 * struct table - rows of as many cells as there are columns
 *
 * A column whose title begins with '>' is aligned to the right.
 */
struct table {
	size_t columns;
	size_t cells;
	char **cell;
};

/* @titles: NULL-terminated; they are the first row */
void table_init(struct table *table, const char *const *titles);

/* The next cell; the table owns @text, which comes from malloc(). */
void table_add(struct table *table, char *text);

void table_print(const struct table *table, FILE *file);

/* Lines end after @width characters; 0: where they end */
void table_print_cut(const struct table *table, size_t width, FILE *file);
void table_free(struct table *table);

#endif /* TOOLS_TEXT_H */
