/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * demo.h - what the programs of the demo have in common
 *
 * Each is an ordinary user's program.  The script `guest` directs them through
 * their stdin and reads what they say:
 *
 *	ready PASID		bound; waits for a line on stdin
 *	note WORDS		something to show
 *	ok WORDS, FAIL WORDS	a check that held, or did not
 *	done			waits for a line on stdin, then unbinds
 */
#ifndef EXAMPLES_DEMO_H
#define EXAMPLES_DEMO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sva-accel.h>
#include <sva.h>

struct demo {
	struct sva_context *ctx;
	struct sva_accel *accel;
	unsigned int failures;
};

/* Binds; exits with the reason if that is refused */
void demo_bind(struct demo *demo);
/* Says that it is ready, and waits until the script says so too */
void demo_ready(struct demo *demo);
/* Says that it is done, waits, unbinds; returns the exit status */
int demo_end(struct demo *demo);

void demo_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void demo_check(struct demo *demo, bool held, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
_Noreturn void demo_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Submits the job and waits for it; exits if it does not succeed */
void demo_run(struct demo *demo, struct sva_accel_desc *job,
	      const struct sva_accel_completion *done);

/* Waits for a line on stdin; exits if there is none */
void demo_wait_for_line(void);

#endif /* EXAMPLES_DEMO_H */
