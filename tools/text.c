// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * text.c - text for people
 */
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

static void *check_memory(void *pointer)
{
	if (pointer)
		return pointer;
	fputs("out of memory\n", stderr);
	exit(1);
}

void text_make_safe(char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			*text = '?';
	}
}

bool text_colours(FILE *file)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && isatty(fileno(file));
}

char *text_format(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	return check_memory(text);
}

void *text_memory(void *old, size_t count, size_t size)
{
	return check_memory(reallocarray(old, count, size));
}

void table_init(struct table *table, const char *const *titles)
{
	*table = (struct table){ 0 };
	while (titles[table->columns])
		table->columns++;
	for (size_t i = 0; i < table->columns; i++)
		table_add(table, text_format("%s", titles[i]));
}

void table_add(struct table *table, char *text)
{
	if (!(table->cells % 64))
		table->cell = text_memory(table->cell, table->cells + 64, sizeof(*table->cell));
	text_make_safe(text);
	table->cell[table->cells++] = text;
}

static size_t column_width(const struct table *table, size_t column)
{
	size_t width = 0;

	for (size_t i = column; i < table->cells; i += table->columns) {
		size_t length = strlen(table->cell[i]);

		if (i == column && table->cell[i][0] == '>')
			length--;
		if (length > width)
			width = length;
	}
	return width;
}

/* How many characters of @text there is room for after @at, and that much of it */
static size_t print_within(const char *text, size_t length, size_t at, size_t width, FILE *file)
{
	size_t room = !width ? length : at < width ? width - at : 0;

	if (length > room)
		length = room;
	fprintf(file, "%.*s", (int)length, text);
	return at + length;
}

/* Aligned, and two blanks behind it where something follows */
static char *cell_text(const struct table *table, size_t index, int width)
{
	size_t column = index % table->columns;
	bool right = table->cell[column][0] == '>';
	bool last = column + 1 == table->columns;
	const char *text = table->cell[index];

	if (index == column && right)
		text++;
	if (right)
		return text_format("%*s%s", width, text, last ? "" : "  ");
	return last ? text_format("%s", text) : text_format("%-*s  ", width, text);
}

void table_print_cut(const struct table *table, size_t width, FILE *file)
{
	size_t *widths = text_memory(NULL, table->columns, sizeof(*widths)), at = 0;

	for (size_t i = 0; i < table->columns; i++)
		widths[i] = column_width(table, i);
	for (size_t i = 0; i < table->cells; i++) {
		size_t column = i % table->columns;
		char *text = cell_text(table, i, (int)widths[column]);

		at = print_within(text, strlen(text), at, width, file);
		free(text);
		if (column + 1 < table->columns)
			continue;
		putc('\n', file);
		at = 0;
	}
	free(widths);
}

void table_print(const struct table *table, FILE *file)
{
	table_print_cut(table, 0, file);
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->cells; i++)
		free(table->cell[i]);
	free(table->cell);
	*table = (struct table){ 0 };
}
