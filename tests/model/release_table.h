/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * release_table.h - what the machines of kernel/core/release.c shall do, as data
 *
 * Written from DESIGN's rules and from release.h, not from release.c: the proof
 * (release_proof.c) shows that the code takes every step of these tables and no
 * other.  A row is a pattern; exactly one row of a table fits each case.
 */
#ifndef RELEASE_TABLE_H
#define RELEASE_TABLE_H

#include "kernel/core/release.h"

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* ------------------------------------------------------------- verdict (R4) */

/**
 * struct verdict_row - what evidence, claim and the administrator's trust amount to
 * @trusted: -1: whether trusted or not
 */
struct verdict_row {
	int evidence;
	int claim;
	int trusted;
	enum sva_release verdict;
};

static const struct verdict_row verdict_table[] = {
	/* without a claim evidence alone decides */
	{ SVA_EVIDENCE_CLEAN, SVA_CLAIM_NONE, -1, SVA_RELEASE_CLEAN },
	{ SVA_EVIDENCE_FLUSHED, SVA_CLAIM_NONE, -1, SVA_RELEASE_FLUSHED },
	{ SVA_EVIDENCE_NEITHER, SVA_CLAIM_NONE, -1, SVA_RELEASE_NEITHER },
	{ SVA_EVIDENCE_FAILED, SVA_CLAIM_NONE, -1, SVA_RELEASE_NEITHER },
	{ SVA_EVIDENCE_UNKNOWN, SVA_CLAIM_NONE, -1, SVA_RELEASE_NEITHER },
	/* a claim can lower what was found, and never raises it */
	{ SVA_EVIDENCE_CLEAN, SVA_CLAIM_CLEAN, -1, SVA_RELEASE_CLEAN },
	{ SVA_EVIDENCE_CLEAN, SVA_CLAIM_FLUSHED, -1, SVA_RELEASE_FLUSHED },
	{ SVA_EVIDENCE_FLUSHED, SVA_CLAIM_CLEAN, -1, SVA_RELEASE_FLUSHED },
	{ SVA_EVIDENCE_FLUSHED, SVA_CLAIM_FLUSHED, -1, SVA_RELEASE_FLUSHED },
	{ SVA_EVIDENCE_NEITHER, SVA_CLAIM_CLEAN, -1, SVA_RELEASE_NEITHER },
	{ SVA_EVIDENCE_NEITHER, SVA_CLAIM_FLUSHED, -1, SVA_RELEASE_NEITHER },
	/* never a stop that failed or timed out */
	{ SVA_EVIDENCE_FAILED, SVA_CLAIM_CLEAN, -1, SVA_RELEASE_NEITHER },
	{ SVA_EVIDENCE_FAILED, SVA_CLAIM_FLUSHED, -1, SVA_RELEASE_NEITHER },
	/* it replaces evidence only where the device cannot tell and users are trusted */
	{ SVA_EVIDENCE_UNKNOWN, SVA_CLAIM_CLEAN, 0, SVA_RELEASE_NEITHER },
	{ SVA_EVIDENCE_UNKNOWN, SVA_CLAIM_FLUSHED, 0, SVA_RELEASE_NEITHER },
	{ SVA_EVIDENCE_UNKNOWN, SVA_CLAIM_CLEAN, 1, SVA_RELEASE_CLEAN },
	{ SVA_EVIDENCE_UNKNOWN, SVA_CLAIM_FLUSHED, 1, SVA_RELEASE_FLUSHED },
};

/* ---------------------------------------------------------- context machine */

enum context_op {
	BIND_BEGIN,
	BIND_DONE,
	BIND_UNDO,
	END,
	ENDED,
	RESOLVED,
	CONTEXT_OPS,
};

/* Releases that an operation is called with, as a set */
#define REL(release)	(1u << (release))
#define NO_REL		0u
#define GOOD		(REL(SVA_RELEASE_FLUSHED) | REL(SVA_RELEASE_CLEAN))

/* What becomes of the recorded release */
enum recorded { SAME, GIVEN };

/**
 * struct context_row - a step that a context takes
 * @releases: those that it is taken with; NO_REL where the operation has none
 *
 * What has no row is refused, and changes nothing.
 */
struct context_row {
	enum sva_phase phase;
	bool ending;
	enum context_op op;
	unsigned int releases;
	int ret;
	enum sva_phase next;
	bool next_ending;
	enum recorded release;
};

static const struct context_row context_table[] = {
	{ SVA_PHASE_CREATED, false, BIND_BEGIN, NO_REL, 0, SVA_PHASE_BINDING, false, SAME },
	{ SVA_PHASE_CREATED, false, END, NO_REL, 1, SVA_PHASE_STOPPING, true, SAME },
	{ SVA_PHASE_BINDING, false, BIND_DONE, NO_REL, 0, SVA_PHASE_BOUND, false, SAME },
	{ SVA_PHASE_BINDING, false, BIND_UNDO, NO_REL, 0, SVA_PHASE_CREATED, false, SAME },
	{ SVA_PHASE_BINDING, false, END, NO_REL, 0, SVA_PHASE_BINDING, true, SAME },
	{ SVA_PHASE_BINDING, true, BIND_DONE, NO_REL, 1, SVA_PHASE_STOPPING, true, SAME },
	{ SVA_PHASE_BINDING, true, BIND_UNDO, NO_REL, 1, SVA_PHASE_STOPPING, true, SAME },
	{ SVA_PHASE_BOUND, false, END, NO_REL, 1, SVA_PHASE_STOPPING, true, SAME },
	{ SVA_PHASE_STOPPING, true, ENDED, GOOD, 0, SVA_PHASE_ENDED, true, GIVEN },
	{ SVA_PHASE_STOPPING, true, ENDED, REL(SVA_RELEASE_NEITHER), 0,
	  SVA_PHASE_QUARANTINED, true, GIVEN },
	{ SVA_PHASE_QUARANTINED, true, RESOLVED, GOOD, 0, SVA_PHASE_ENDED, true, GIVEN },
};

/* What an operation without a row returns: END that somebody else carries out is no error */
static const int context_refusal[CONTEXT_OPS] = {
	[BIND_BEGIN] = -EBUSY,
	[BIND_DONE] = -EINVAL,
	[BIND_UNDO] = -EINVAL,
	[END] = 0,
	[ENDED] = -EINVAL,
	[RESOLVED] = -EINVAL,
};

/**
 * struct context_place - the states that a context can be in: the invariant
 */
struct context_place {
	enum sva_phase phase;
	bool ending;
	unsigned int releases;
};

static const struct context_place context_places[] = {
	{ SVA_PHASE_CREATED, false, REL(SVA_RELEASE_PENDING) },
	{ SVA_PHASE_BINDING, false, REL(SVA_RELEASE_PENDING) },
	{ SVA_PHASE_BINDING, true, REL(SVA_RELEASE_PENDING) },
	{ SVA_PHASE_BOUND, false, REL(SVA_RELEASE_PENDING) },
	{ SVA_PHASE_STOPPING, true, REL(SVA_RELEASE_PENDING) },
	{ SVA_PHASE_ENDED, true, GOOD },
	{ SVA_PHASE_QUARANTINED, true, REL(SVA_RELEASE_NEITHER) },
};

/* ------------------------------------------------------------ PASID machine */

enum pasid_op {
	PASID_BIND,
	PASID_STOPPING,
	PASID_ENDED,
	PASID_RESOLVED,
};

/* What a row asks of a count: that it is none, some, full (no more fits) or has room */
enum count { ANY, NONE, SOME, FULL, ROOM };

/* A return value: 1 if the PASID is FREE after the step, 0 if not */
#define FREE_OR_NOT	2

/**
 * struct pasid_row - what an operation does to the counts
 * @releases: those that it is called with; NO_REL where the operation has none
 * @d_live: what is added to the count, as in @d_stopping and @d_neither
 */
struct pasid_row {
	enum pasid_op op;
	unsigned int releases;
	enum count live, stopping, neither;
	int ret;
	int d_live, d_stopping, d_neither;
};

#define NEITHER		REL(SVA_RELEASE_NEITHER)
#define PENDING		REL(SVA_RELEASE_PENDING)	/* and whatever is no release */

static const struct pasid_row pasid_table[] = {
	/* R3: one that ended in neither blocks, also while siblings live on */
	{ PASID_BIND, NO_REL, ANY, ANY, SOME, -EBUSY, 0, 0, 0 },
	{ PASID_BIND, NO_REL, ANY, SOME, NONE, -EAGAIN, 0, 0, 0 },
	{ PASID_BIND, NO_REL, FULL, NONE, NONE, -EBUSY, 0, 0, 0 },
	{ PASID_BIND, NO_REL, ROOM, NONE, NONE, 0, 1, 0, 0 },

	{ PASID_STOPPING, NO_REL, NONE, ANY, ANY, -EINVAL, 0, 0, 0 },
	{ PASID_STOPPING, NO_REL, SOME, FULL, ANY, -EINVAL, 0, 0, 0 },
	{ PASID_STOPPING, NO_REL, SOME, ROOM, ANY, 0, -1, 1, 0 },

	{ PASID_ENDED, PENDING, ANY, ANY, ANY, -EINVAL, 0, 0, 0 },
	{ PASID_ENDED, GOOD, ANY, NONE, ANY, -EINVAL, 0, 0, 0 },
	{ PASID_ENDED, GOOD, ANY, SOME, ANY, FREE_OR_NOT, 0, -1, 0 },
	{ PASID_ENDED, NEITHER, ANY, NONE, ANY, -EINVAL, 0, 0, 0 },
	{ PASID_ENDED, NEITHER, ANY, SOME, FULL, -EINVAL, 0, 0, 0 },
	{ PASID_ENDED, NEITHER, ANY, SOME, ROOM, FREE_OR_NOT, 0, -1, 1 },

	{ PASID_RESOLVED, NO_REL, ANY, ANY, NONE, -EINVAL, 0, 0, 0 },
	{ PASID_RESOLVED, NO_REL, ANY, ANY, SOME, FREE_OR_NOT, 0, 0, -1 },
};

/**
 * struct pasid_state_row - the state that the counts amount to
 */
struct pasid_state_row {
	enum count live, stopping, neither;
	enum sva_pasid_state state;
};

static const struct pasid_state_row pasid_states[] = {
	{ SOME, ANY, ANY, SVA_PASID_IN_USE },
	{ NONE, SOME, ANY, SVA_PASID_DRAINING },
	{ NONE, NONE, SOME, SVA_PASID_QUARANTINED },
	{ NONE, NONE, NONE, SVA_PASID_FREE },
};

#endif /* RELEASE_TABLE_H */
