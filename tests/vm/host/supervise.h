/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * supervise.h - run QEMU for tests/vm/run and judge what came of it
 */
#ifndef VM_SUPERVISE_H
#define VM_SUPERVISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/vm/frame.h"

#define STATUS_TIMEOUT	124
#define STATUS_RIG	125	/* the run failed, whatever the command said */
#define STATUS_NOT_RUN	77	/* the profile's device cannot be in this QEMU */

/* console.c: what the guest's kernel writes to its serial line */
struct console {
	FILE *file;
	char line[1024];
	size_t used;
	unsigned int bad;	/* lines that fail the run */
	bool last_words;	/* FRAME_LAST_WORDS was seen */
	bool panicked;
};

void console_add(struct console *console, const char *bytes, size_t size);
void console_tail(const char *path, unsigned int lines);

/* words.c: what QEMU itself says */
struct words {
	char line[1024];
	size_t used;
};

void words_add(struct words *words, const char *bytes, size_t size);
/* The last line, which may lack its end */
void words_end(struct words *words);

/* report.c: sentences to the user */
extern const char *report_name;
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* frames.c: what the guest's first process sends */
struct frames {
	FILE *service;		/* svad's log */
	unsigned char data[sizeof(struct frame) + FRAME_MAX];
	size_t used;
	bool ready;		/* the command has started */
	bool ended;		/* FRAME_END was seen */
	bool has_status;
	uint32_t status;
	unsigned int failures;
	bool service_failed;	/* one of them is about svad */
};

/* False when the stream makes no sense; said already */
bool frames_add(struct frames *frames, const unsigned char *bytes, size_t size);

#endif /* VM_SUPERVISE_H */
