// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reason_table.c - every reason as a row of docs/troubleshooting.md, and sva-reasons(7)
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

static void page_print(const struct reason_text *table, uint32_t count)
{
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
}

/* What scdoc would take for something is said to be itself */
static void manual_text(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (strchr("\\*_#[]|<>.", text[i]))
			putchar('\\');
		putchar(text[i]);
	}
}

static void manual_print(const struct reason_text *table, uint32_t count)
{
	puts("sva-reasons(7)\n\n"
	     "# NAME\n\n"
	     "sva-reasons - why calls are refused, and what to do\n\n"
	     "# DESCRIPTION\n\n"
	     "Beside its errno each refusal of the kernel, of svad and of libsva has a reason: a "
	     "stable number, of which *sva_strreason*() makes a sentence and *sva_reason_name*() "
	     "the name. *svactl doctor* finds out which of them are in the way.\n\n"
	     "# REASONS\n");
	for (uint32_t i = 0; i < count; i++) {
		const struct reason_text *row = &table[i];

		if (!row->number)
			continue;
		printf("*%s* (%u)\n\t", row->name, row->number);
		manual_text(row->text, strlen(row->text));
		puts(".\n");
	}
	puts("# SEE ALSO\n\n*sva*(7), *libsva*(3), *svactl*(1), *svad.conf*(5)");
}

/* --manual: sva-reasons(7), as scdoc wants it */
int main(int argc, char **argv)
{
	uint32_t count;
	const struct reason_text *table = reason_table(&count);

	if (argc > 1 && !strcmp(argv[1], "--manual"))
		manual_print(table, count);
	else
		page_print(table, count);
	return fflush(stdout) ? 1 : 0;
}
