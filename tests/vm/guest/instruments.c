// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * instruments.c - on the debug kernel: were its instruments alive, and what do they say
 *
 * Lockdep turns itself off at its first report and when its tables are full, kmemleak
 * when it runs out of memory.  A run that neither of them has watched to its end has
 * shown nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/guest/init.h"

#define KMEMLEAK	"/sys/kernel/debug/kmemleak"
#define LOCKDEP		"/proc/lockdep_stats"
#define LEAK_AGE_S	5	/* kmemleak does not doubt what is younger */
#define LINES_SHOWN	64

static void lockdep_check(void)
{
	char *text = file_read(LOCKDEP, NULL), *at;

	at = text ? strstr(text, "debug_locks:") : NULL;
	if (!at)
		fail("%s does not say whether lockdep is alive", LOCKDEP);
	else if (strtoul(at + strlen("debug_locks:"), NULL, 10) != 1)
		fail("lockdep was not alive at the end of the run: the console log says why");
	free(text);
}

static bool kmemleak_order(const char *order)
{
	int fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);
	bool obeyed = fd >= 0 && write(fd, order, strlen(order)) == (ssize_t)strlen(order);

	if (!obeyed)
		fail("kmemleak was not alive at the end of the run: it does not %s (%s)", order,
		     strerror(errno));
	if (fd >= 0)
		close(fd);
	return obeyed;
}

/* All of it to the console, line by line, for there it is read beside the rest */
static void leaks_log(char *text)
{
	char *line, *rest = text;
	int lines = 0;

	while ((line = strsep(&rest, "\n")) && lines++ < LINES_SHOWN)
		system_log(line);
}

static unsigned int leaks_count(const char *text)
{
	unsigned int count = 0;

	while ((text = strstr(text, "unreferenced object"))) {
		count++;
		text++;
	}
	return count;
}

static void leaks_tell(void)
{
	char *text = file_read(KMEMLEAK, NULL);
	unsigned int count;

	if (!text) {
		fail("cannot read %s: %s", KMEMLEAK, strerror(errno));
		return;
	}
	count = leaks_count(text);
	if (count) {
		leaks_log(text);
		fail("kmemleak: %u objects of the kernel's memory are lost; the console log has them",
		     count);
	}
	free(text);
}

/*
 * With the modules still there, whose names then stand in what is told.  Twice: what has
 * changed between two looks is not called lost.
 */
void instruments_end(void)
{
	const struct timespec age = { .tv_sec = LEAK_AGE_S };

	lockdep_check();
	nanosleep(&age, NULL);
	if (kmemleak_order("scan") && kmemleak_order("scan"))
		leaks_tell();
}
