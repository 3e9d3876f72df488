// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * demo.c - what the programs of the demo have in common, see demo.h
 */
#include "demo.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_MS 60000

__attribute__((format(printf, 2, 0)))
static void say(const char *word, const char *format, va_list args)
{
	printf("%s ", word);
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
}

void demo_note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("note", format, args);
	va_end(args);
}

void demo_check(struct demo *demo, bool held, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(held ? "ok" : "FAIL", format, args);
	va_end(args);
	demo->failures += !held;
}

void demo_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say("FAIL", format, args);
	va_end(args);
	exit(1);
}

void demo_wait_for_line(void)
{
	char line[64];

	if (!fgets(line, sizeof(line), stdin))
		exit(1);
}

void demo_bind(struct demo *demo)
{
	int err = sva_bind(NULL, 0, &demo->ctx);

	if (err < 0)
		demo_die("refused: %s", sva_strreason(sva_context_reason(NULL)));
	err = sva_accel_open(demo->ctx, &demo->accel);
	if (err < 0)
		demo_die("no queue: %s", sva_strreason(sva_context_reason(demo->ctx)));
	demo->failures = 0;
}

void demo_ready(struct demo *demo)
{
	printf("ready %u\n", sva_context_pasid(demo->ctx));
	fflush(stdout);
	demo_wait_for_line();
}

int demo_end(struct demo *demo)
{
	int release;

	puts("done");
	fflush(stdout);
	demo_wait_for_line();
	sva_accel_close(demo->accel);
	release = sva_unbind(demo->ctx, SVA_RELEASE_CLEAN);
	if (release < 0)
		demo_die("unbind: %s", strerror(-release));
	return demo->failures ? 1 : 0;
}

void demo_run(struct demo *demo, struct sva_accel_desc *job,
	      const struct sva_accel_completion *done)
{
	int err = sva_accel_submit(demo->accel, job);

	if (err == 0)
		err = sva_accel_wait(demo->accel, done, PATIENCE_MS);
	if (err < 0)
		demo_die("no completion: %s", sva_strreason(sva_context_reason(demo->ctx)));
	if (sva_accel_error(done) < 0)
		demo_die("the job ended as '%s' at 0x%llx", sva_accel_strstatus(done->status),
			 (unsigned long long)done->fault_addr);
}
