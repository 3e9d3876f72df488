// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * report.c - what the rig says, as opposed to what the command says
 */
#include <stdarg.h>

#include "tests/vm/host/supervise.h"

const char *report_name = "supervise";

void report(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", report_name);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	putc('\n', stderr);
}
