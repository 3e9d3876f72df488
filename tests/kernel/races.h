/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * races.h - the operations of which each is run against each, and what they work on
 */
#ifndef TESTS_KERNEL_RACES_H
#define TESTS_KERNEL_RACES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/sva_accel.h>

#include "ring.h"

#define RACE_PAGE 4096
#define RACE_BATCH 8		/* rounds that are set up, and cleared, together */

enum race_op {
	OP_BIND, OP_UNBIND, OP_CLOSE, OP_MMAP, OP_FAULT, OP_EXIT, OP_REVOKE, OP_RESET, OP_REMOVE,
	OP_READ, OP_POLL, OP_PIN, OP_GET, OP_PUT, NUM_OPS,
};

/**
 * struct race_round - what the two of a round work on: a context of this process
 * @closed: close took @ctx away
 * @ring: of a bound context, its @own or another one's, if the pair needs one
 * @inside: which of the two is in its call
 * @met: both were, at the same moment
 */
struct race_round {
	int node;
	int ctx;
	uint64_t id;
	uint32_t pasid;
	int holders;
	uint32_t holder;
	bool closed;
	struct ring *ring;
	struct ring own;
	uint8_t *cold;
	_Alignas(64) struct sva_accel_completion done[2];
	bool inside[2];
	bool met;
};

const char *race_op_name(enum race_op op);
/* If refused, by an error that says that it came too late, or too early */
void race_op_run(enum race_op op, struct race_round *round);
/* Unless it has been closed */
void race_close(struct race_round *round);

#endif /* TESTS_KERNEL_RACES_H */
