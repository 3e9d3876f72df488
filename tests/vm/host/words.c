// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * words.c - what QEMU itself says: shown line by line, but for what is no news
 */
#include <string.h>

#include "tests/vm/host/supervise.h"

/* The emulated VT-d says so once, of the first translation that it refuses.  For a
 * device that sends page requests that is how they begin. */
static const char *const no_news[] = {
	"detected translation failure",
	"detected non canonical IOVA",
};

static bool is_news(const char *line)
{
	size_t i;

	for (i = 0; i < sizeof(no_news) / sizeof(no_news[0]); i++)
		if (strstr(line, no_news[i]))
			return false;
	return *line;
}

void words_end(struct words *words)
{
	words->line[words->used] = '\0';
	words->used = 0;
	if (is_news(words->line))
		report("QEMU says: %s", words->line);
}

void words_add(struct words *words, const char *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (bytes[i] == '\n' || words->used == sizeof(words->line) - 1)
			words_end(words);
		if (bytes[i] != '\n')
			words->line[words->used++] = bytes[i];
	}
}
