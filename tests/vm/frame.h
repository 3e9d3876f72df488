/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * frame.h - what the guest tells the host over a serial port
 *
 * One direction, one stream: so that everything that the command wrote has
 * arrived when its exit status has.
 */
#ifndef VM_FRAME_H
#define VM_FRAME_H

#include <stdint.h>

#define FRAME_PORT	"/dev/ttyS1"	/* the guest's end */
#define FRAME_MAX	65536		/* bytes of data in a frame */

/* The guest's last words in the kernel's log: the console is complete. */
#define FRAME_LAST_WORDS "rig: end of the run"

enum frame_type {
	FRAME_STDOUT = 1,	/* bytes that the command wrote */
	FRAME_STDERR,
	FRAME_SERVICE,		/* bytes that svad wrote */
	FRAME_READY,		/* the command starts now */
	FRAME_STATUS,		/* uint32_t: its exit status, 128 + n for a signal */
	FRAME_FAILURE,		/* a sentence: why the run fails, whatever the status */
	FRAME_END,		/* nothing more comes */
};

struct frame {
	uint32_t type;		/* enum frame_type */
	uint32_t size;		/* bytes of data that follow */
};

_Static_assert(sizeof(struct frame) == 8, "guest and host agree");

#endif /* VM_FRAME_H */
