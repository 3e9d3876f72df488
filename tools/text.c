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
		table->cell = check_memory(reallocarray(table->cell, table->cells + 64,
							sizeof(*table->cell)));
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

static void cell_print(const struct table *table, size_t index, int width, FILE *file)
{
	size_t column = index % table->columns;
	bool right = table->cell[column][0] == '>';
	const char *text = table->cell[index];

	if (index == column && right)
		text++;
	if (right)
		fprintf(file, "%*s", width, text);
	else if (column + 1 < table->columns)
		fprintf(file, "%-*s", width, text);
	else
		fputs(text, file);
	fputs(column + 1 < table->columns ? "  " : "\n", file);
}

void table_print(const struct table *table, FILE *file)
{
	size_t *width = check_memory(calloc(table->columns, sizeof(*width)));

	for (size_t i = 0; i < table->columns; i++)
		width[i] = column_width(table, i);
	for (size_t i = 0; i < table->cells; i++)
		cell_print(table, i, (int)width[i % table->columns], file);
	free(width);
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->cells; i++)
		free(table->cell[i]);
	free(table->cell);
	*table = (struct table){ 0 };
}
