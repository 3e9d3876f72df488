// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reason_table.c - every reason as a row of docs/troubleshooting.md
 *
 * Not installed: `make docs` writes the rows into the page, and `make check-static`
 * sees that they are there, so that page and sva_strreason() say the same (R7).
 */
#include <stdio.h>
#include <string.h>

#include "reason.h"
#include "sva.h"

/* A sentence in a cell: | would end it, and so it is the only character that matters */
static void cell_print(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '|')
			putchar('\\');
		putchar(text[i]);
	}
	fputs(" |", stdout);
}

int main(void)
{
	uint32_t count;
	const struct reason_text *table = reason_table(&count);

	puts("| reason | number | what is the matter | what to do |\n|---|---|---|---|");
	for (uint32_t i = 0; i < count; i++) {
		const struct reason_text *row = &table[i];

		if (!row->number)
			continue;
		printf("| %s | %u | ", row->name, row->number);
		cell_print(row->text, strlen(row->text) - strlen(row->remedy) - 2);
		putchar(' ');
		cell_print(row->remedy, strlen(row->remedy));
		putchar('\n');
	}
	return fflush(stdout) ? 1 : 0;
}
