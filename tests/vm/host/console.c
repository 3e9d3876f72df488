// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * console.c - keep the guest's console, and find the lines that fail a run
 */
#include <stdlib.h>
#include <string.h>

#include "tests/vm/host/supervise.h"

#define BAD_SHOWN	10

/* Each is what the kernel writes when something is wrong in it.  Faults of
 * user space ("segfault at", "traps:") are not among them. */
static const char *const bad_words[] = {
	"WARNING:", "BUG:", "Oops", "Kernel panic", "Call Trace:", "cut here ]",
	"KASAN:", "UBSAN:", "KFENCE:", "KCSAN:", "refcount_t:", "corruption",
	"scheduling while atomic", "blocked for more than", "soft lockup",
	"hard LOCKUP", "detected stall", "self-detected stall",
	"possible recursive locking", "possible circular locking",
	"possible irq lock inversion", "non-static key", "ODEBUG:",
	"turning off the locking correctness validator", "general protection fault",
	"workqueue lockup", "unreferenced object", "inconsistent lock state",
	"inconsistent {", "bad unlock balance", "held lock freed",
	"lock held when returning", "suspicious RCU usage", "DEBUG_LOCKS_WARN_ON",
	"Unable to handle kernel", "kmemleak: ", "nobody cared",
};

/* What is written when one of the detectors comes up, and says nothing */
static const char *const good_words[] = {
	"kmemleak: Kernel memory leak detector initialized",
	"kmemleak: Automatic memory scanning thread started",
	"kmemleak: Cannot allocate a scan area",	/* as tests make allocations fail */
};

static bool line_has(const char *line, const char *const *words, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

#define LINE_HAS(line, words) line_has(line, words, sizeof(words) / sizeof((words)[0]))

static void line_end(struct console *console)
{
	console->line[console->used] = '\0';
	console->used = 0;
	if (strstr(console->line, FRAME_LAST_WORDS))
		console->last_words = true;
	if (strstr(console->line, "Kernel panic"))
		console->panicked = true;
	if (!LINE_HAS(console->line, bad_words) || LINE_HAS(console->line, good_words))
		return;
	if (console->bad++ < BAD_SHOWN)
		report("the guest's kernel says: %s", console->line);
}

void console_add(struct console *console, const char *bytes, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++) {
		if (bytes[i] == '\r')
			continue;
		putc(bytes[i], console->file);
		if (bytes[i] == '\n' || console->used == sizeof(console->line) - 1)
			line_end(console);
		if (bytes[i] != '\n')
			console->line[console->used++] = bytes[i];
	}
	fflush(console->file);
}

/* The last lines of a log, on stderr */
void console_tail(const char *path, unsigned int lines)
{
	FILE *file = fopen(path, "re");
	unsigned int count = 0;
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return;
	while (getline(&line, &room, file) >= 0)
		count++;
	rewind(file);
	while (getline(&line, &room, file) >= 0)
		if (count-- <= lines)
			fprintf(stderr, "  | %s", line);
	free(line);
	fclose(file);
}
