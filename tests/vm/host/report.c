// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report.c - what the rig says, as opposed to what the command says
 */
#include <stdarg.h>

#include "tests/vm/host/supervise.h"

const char *report_name = "supervise";

/* Much of what is reported comes out of the guest: no control characters. */
void report(const char *format, ...)
{
	char words[2048], *at;
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	for (at = words; *at; at++)
		if (((unsigned char)*at < ' ' && *at != '\n' && *at != '\t') || *at == 0x7f)
			*at = '?';
	fprintf(stderr, "%s: %s\n", report_name, words);
}
