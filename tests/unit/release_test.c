// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * release_test.c - the release machines of kernel/core/release.c: every
 * transition that the table in release.h allows, and every one that it forbids.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/core/release.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ------------------------------------------------------------- decide (R4) */

static const enum sva_claim claims[] = {
	SVA_CLAIM_NONE, SVA_CLAIM_FLUSHED, SVA_CLAIM_CLEAN,
};

static void expect_release(enum sva_evidence evidence, enum sva_claim claim, int trust,
			   enum sva_release expected)
{
	assert_int_equal(sva_release_decide(evidence, claim, trust), expected);
}

static void r4_without_a_claim_evidence_alone_decides(void **state)
{
	(void)state;
	for (int trust = 0; trust < 2; trust++) {
		expect_release(SVA_EVIDENCE_CLEAN, SVA_CLAIM_NONE, trust, SVA_RELEASE_CLEAN);
		expect_release(SVA_EVIDENCE_FLUSHED, SVA_CLAIM_NONE, trust, SVA_RELEASE_FLUSHED);
		expect_release(SVA_EVIDENCE_NEITHER, SVA_CLAIM_NONE, trust, SVA_RELEASE_NEITHER);
		expect_release(SVA_EVIDENCE_UNKNOWN, SVA_CLAIM_NONE, trust, SVA_RELEASE_NEITHER);
		expect_release(SVA_EVIDENCE_FAILED, SVA_CLAIM_NONE, trust, SVA_RELEASE_NEITHER);
	}
}

static void r4_a_claim_lowers_evidence(void **state)
{
	(void)state;
	for (int trust = 0; trust < 2; trust++)
		expect_release(SVA_EVIDENCE_CLEAN, SVA_CLAIM_FLUSHED, trust,
			       SVA_RELEASE_FLUSHED);
}

static void r4_a_claim_never_raises_evidence(void **state)
{
	static const struct {
		enum sva_evidence evidence;
		enum sva_release at_most;
	} rows[] = {
		{ SVA_EVIDENCE_CLEAN, SVA_RELEASE_CLEAN },
		{ SVA_EVIDENCE_FLUSHED, SVA_RELEASE_FLUSHED },
		{ SVA_EVIDENCE_NEITHER, SVA_RELEASE_NEITHER },
		{ SVA_EVIDENCE_FAILED, SVA_RELEASE_NEITHER },
	};

	(void)state;
	for (size_t r = 0; r < ARRAY_SIZE(rows); r++)
		for (size_t c = 0; c < ARRAY_SIZE(claims); c++)
			for (int trust = 0; trust < 2; trust++)
				assert_true(sva_release_decide(rows[r].evidence, claims[c], trust) <=
					    rows[r].at_most);
}

static void r4_a_claim_counts_alone_only_where_users_are_trusted(void **state)
{
	(void)state;
	expect_release(SVA_EVIDENCE_UNKNOWN, SVA_CLAIM_CLEAN, 0, SVA_RELEASE_NEITHER);
	expect_release(SVA_EVIDENCE_UNKNOWN, SVA_CLAIM_FLUSHED, 0, SVA_RELEASE_NEITHER);
	expect_release(SVA_EVIDENCE_UNKNOWN, SVA_CLAIM_CLEAN, 1, SVA_RELEASE_CLEAN);
	expect_release(SVA_EVIDENCE_UNKNOWN, SVA_CLAIM_FLUSHED, 1, SVA_RELEASE_FLUSHED);
}

static void r4_unknown_evidence_values_count_as_neither(void **state)
{
	(void)state;
	expect_release((enum sva_evidence)77, SVA_CLAIM_CLEAN, 1, SVA_RELEASE_NEITHER);
}

/* ------------------------------------------------------- context machine */

enum op { BIND_BEGIN, BIND_DONE, BIND_UNDO, END, ENDED_CLEAN, ENDED_FLUSHED,
	  ENDED_NEITHER, ENDED_PENDING, RESOLVED, RESOLVED_FLUSHED,
	  RESOLVED_NEITHER, RESOLVED_PENDING, OPS };

static int apply(struct sva_context_machine *m, enum op op)
{
	switch (op) {
	case BIND_BEGIN:
		return sva_context_bind_begin(m);
	case BIND_DONE:
		return sva_context_bind_done(m);
	case BIND_UNDO:
		return sva_context_bind_undo(m);
	case END:
		return sva_context_end(m);
	case ENDED_CLEAN:
		return sva_context_ended(m, SVA_RELEASE_CLEAN);
	case ENDED_FLUSHED:
		return sva_context_ended(m, SVA_RELEASE_FLUSHED);
	case ENDED_NEITHER:
		return sva_context_ended(m, SVA_RELEASE_NEITHER);
	case ENDED_PENDING:
		return sva_context_ended(m, SVA_RELEASE_PENDING);
	case RESOLVED:
		return sva_context_resolved(m, SVA_RELEASE_CLEAN);
	case RESOLVED_FLUSHED:
		return sva_context_resolved(m, SVA_RELEASE_FLUSHED);
	case RESOLVED_NEITHER:
		return sva_context_resolved(m, SVA_RELEASE_NEITHER);
	default:
		return sva_context_resolved(m, SVA_RELEASE_PENDING);
	}
}

/* What each operation does in each phase; what is not named fails or does nothing */
static const struct {
	enum sva_phase phase;
	int ending;
	enum op op;
	int ret;
	enum sva_phase next;
} allowed[] = {
	{ SVA_PHASE_CREATED, 0, BIND_BEGIN, 0, SVA_PHASE_BINDING },
	{ SVA_PHASE_CREATED, 0, END, 1, SVA_PHASE_STOPPING },
	{ SVA_PHASE_BINDING, 0, BIND_DONE, 0, SVA_PHASE_BOUND },
	{ SVA_PHASE_BINDING, 0, BIND_UNDO, 0, SVA_PHASE_CREATED },
	{ SVA_PHASE_BINDING, 0, END, 0, SVA_PHASE_BINDING },
	{ SVA_PHASE_BINDING, 1, BIND_DONE, 1, SVA_PHASE_STOPPING },
	{ SVA_PHASE_BINDING, 1, BIND_UNDO, 1, SVA_PHASE_STOPPING },
	{ SVA_PHASE_BINDING, 1, END, 0, SVA_PHASE_BINDING },
	{ SVA_PHASE_BOUND, 0, END, 1, SVA_PHASE_STOPPING },
	{ SVA_PHASE_STOPPING, 1, ENDED_CLEAN, 0, SVA_PHASE_ENDED },
	{ SVA_PHASE_STOPPING, 1, ENDED_FLUSHED, 0, SVA_PHASE_ENDED },
	{ SVA_PHASE_STOPPING, 1, ENDED_NEITHER, 0, SVA_PHASE_QUARANTINED },
	{ SVA_PHASE_QUARANTINED, 1, RESOLVED, 0, SVA_PHASE_ENDED },
	{ SVA_PHASE_QUARANTINED, 1, RESOLVED_FLUSHED, 0, SVA_PHASE_ENDED },
};

static const struct {
	enum sva_phase phase;
	int ending;
} places[] = {
	{ SVA_PHASE_CREATED, 0 }, { SVA_PHASE_BINDING, 0 }, { SVA_PHASE_BINDING, 1 },
	{ SVA_PHASE_BOUND, 0 }, { SVA_PHASE_STOPPING, 1 }, { SVA_PHASE_ENDED, 1 },
	{ SVA_PHASE_QUARANTINED, 1 },
};

static int row_of(enum sva_phase phase, int ending, enum op op)
{
	for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
		if (allowed[i].phase == phase && allowed[i].ending == ending &&
		    allowed[i].op == op)
			return (int)i;
	return -1;
}

static void check_op(enum sva_phase phase, int ending, enum op op)
{
	struct sva_context_machine m = {
		.phase = phase, .release = SVA_RELEASE_PENDING, .ending = ending,
	};
	int row = row_of(phase, ending, op);
	int ret = apply(&m, op);

	if (row >= 0) {
		assert_int_equal(ret, allowed[row].ret);
		assert_int_equal(m.phase, allowed[row].next);
		return;
	}
	/* forbidden: it says so, or says that somebody else ends it, and changes nothing */
	assert_true(op == END ? ret == 0 : ret < 0);
	assert_int_equal(m.phase, phase);
	assert_int_equal(m.ending, ending);
	assert_int_equal(m.release, SVA_RELEASE_PENDING);
}

static void context_takes_every_allowed_step_and_no_other(void **state)
{
	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(places); p++)
		for (enum op op = 0; op < OPS; op++)
			check_op(places[p].phase, places[p].ending, op);
}

static void r2_a_context_is_bound_once(void **state)
{
	struct sva_context_machine m;

	(void)state;
	sva_context_machine_init(&m);
	assert_int_equal(sva_context_bind_begin(&m), 0);
	assert_int_equal(sva_context_bind_begin(&m), -EBUSY);
	assert_int_equal(sva_context_bind_done(&m), 0);
	assert_int_equal(sva_context_bind_begin(&m), -EBUSY);
	assert_int_equal(sva_context_end(&m), 1);
	assert_int_equal(sva_context_bind_begin(&m), -EBUSY);
	assert_int_equal(sva_context_ended(&m, SVA_RELEASE_CLEAN), 0);
	assert_int_equal(sva_context_bind_begin(&m), -EBUSY);
}

static void r5_exactly_one_caller_carries_out_the_end(void **state)
{
	struct sva_context_machine m;

	(void)state;
	sva_context_machine_init(&m);
	sva_context_bind_begin(&m);
	/* two want the end during the bind: the binder does it, once */
	assert_int_equal(sva_context_end(&m), 0);
	assert_int_equal(sva_context_end(&m), 0);
	assert_int_equal(sva_context_bind_done(&m), 1);
	assert_int_equal(sva_context_end(&m), 0);
	assert_int_equal(sva_context_ended(&m, SVA_RELEASE_FLUSHED), 0);
	assert_int_equal(sva_context_end(&m), 0);
	assert_int_equal(m.release, SVA_RELEASE_FLUSHED);
}

static void an_undone_bind_can_be_tried_again(void **state)
{
	struct sva_context_machine m;

	(void)state;
	sva_context_machine_init(&m);
	sva_context_bind_begin(&m);
	assert_int_equal(sva_context_bind_undo(&m), 0);
	assert_int_equal(sva_context_bind_begin(&m), 0);
}

/* --------------------------------------------------------- PASID machine */

/* The states of a machine with few contexts, and what R3 says of each */
static void check_pasid(u32 live, u32 stopping, u32 neither)
{
	const struct sva_pasid_machine start = {
		.live = live, .stopping = stopping, .neither = neither,
		.worst = SVA_RELEASE_CLEAN,
	};
	struct sva_pasid_machine m = start;
	int ret;

	ret = sva_pasid_bind(&m);
	assert_int_equal(ret, neither ? -EBUSY : stopping ? -EAGAIN : 0);
	assert_int_equal(m.live, live + (ret == 0));

	m = start;
	ret = sva_pasid_stopping(&m);
	assert_int_equal(ret, live ? 0 : -EINVAL);
	assert_int_equal(m.live + m.stopping, live + stopping);

	for (int release = SVA_RELEASE_NEITHER; release <= SVA_RELEASE_CLEAN; release++) {
		m = start;
		ret = sva_pasid_ended(&m, release);
		if (!stopping) {
			assert_int_equal(ret, -EINVAL);
			assert_memory_equal(&m, &start, sizeof(m));
			continue;
		}
		assert_int_equal(m.neither, neither + (release == SVA_RELEASE_NEITHER));
		assert_int_equal(ret, !live && stopping == 1 && !m.neither);
		assert_int_equal(m.worst, release);
	}

	m = start;
	ret = sva_pasid_resolved(&m);
	assert_int_equal(ret, neither ? !live && !stopping && neither == 1 : -EINVAL);
}

static void r3_pasid_takes_every_allowed_step_and_no_other(void **state)
{
	(void)state;
	for (u32 live = 0; live < 4; live++)
		for (u32 stopping = 0; stopping < 4; stopping++)
			for (u32 neither = 0; neither < 4; neither++)
				check_pasid(live, stopping, neither);
}

static void r3_pasid_state_follows_the_counts(void **state)
{
	struct sva_pasid_machine m;

	(void)state;
	sva_pasid_machine_init(&m);
	assert_int_equal(sva_pasid_state(&m), SVA_PASID_FREE);
	assert_int_equal(sva_pasid_bind(&m), 0);
	assert_int_equal(sva_pasid_state(&m), SVA_PASID_IN_USE);
	assert_int_equal(sva_pasid_stopping(&m), 0);
	assert_int_equal(sva_pasid_state(&m), SVA_PASID_DRAINING);
	assert_int_equal(sva_pasid_ended(&m, SVA_RELEASE_NEITHER), 0);
	assert_int_equal(sva_pasid_state(&m), SVA_PASID_QUARANTINED);
	assert_int_equal(sva_pasid_bind(&m), -EBUSY);
	assert_int_equal(sva_pasid_resolved(&m), 1);
	assert_int_equal(sva_pasid_state(&m), SVA_PASID_FREE);
	assert_int_equal(sva_pasid_bind(&m), 0);
}

static void r3_one_neither_blocks_new_binds_while_siblings_live_on(void **state)
{
	struct sva_pasid_machine m;

	(void)state;
	sva_pasid_machine_init(&m);
	sva_pasid_bind(&m);
	sva_pasid_bind(&m);
	sva_pasid_stopping(&m);
	assert_int_equal(sva_pasid_bind(&m), -EAGAIN);
	assert_int_equal(sva_pasid_ended(&m, SVA_RELEASE_NEITHER), 0);
	assert_int_equal(sva_pasid_state(&m), SVA_PASID_IN_USE);
	assert_int_equal(sva_pasid_bind(&m), -EBUSY);
	/* the sibling ends clean; the worst counts */
	sva_pasid_stopping(&m);
	assert_int_equal(sva_pasid_ended(&m, SVA_RELEASE_CLEAN), 0);
	assert_int_equal(sva_pasid_state(&m), SVA_PASID_QUARANTINED);
	assert_int_equal(m.worst, SVA_RELEASE_NEITHER);
}

static void r3_the_worst_is_forgotten_only_when_free(void **state)
{
	struct sva_pasid_machine m;

	(void)state;
	sva_pasid_machine_init(&m);
	sva_pasid_bind(&m);
	sva_pasid_stopping(&m);
	assert_int_equal(sva_pasid_ended(&m, SVA_RELEASE_FLUSHED), 1);
	assert_int_equal(m.worst, SVA_RELEASE_FLUSHED);
	sva_pasid_bind(&m);
	assert_int_equal(m.worst, SVA_RELEASE_CLEAN);
}

static void counts_do_not_wrap(void **state)
{
	struct sva_pasid_machine m = { .live = SVA_COUNT_MAX };

	(void)state;
	assert_int_equal(sva_pasid_bind(&m), -EBUSY);
	m = (struct sva_pasid_machine){ .live = 1, .stopping = SVA_COUNT_MAX };
	assert_int_equal(sva_pasid_stopping(&m), -EINVAL);
	m = (struct sva_pasid_machine){ .stopping = 1, .neither = SVA_COUNT_MAX };
	assert_int_equal(sva_pasid_ended(&m, SVA_RELEASE_NEITHER), -EINVAL);
	m = (struct sva_pasid_machine){ .stopping = 1 };
	assert_int_equal(sva_pasid_ended(&m, SVA_RELEASE_PENDING), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r4_without_a_claim_evidence_alone_decides),
		cmocka_unit_test(r4_a_claim_lowers_evidence),
		cmocka_unit_test(r4_a_claim_never_raises_evidence),
		cmocka_unit_test(r4_a_claim_counts_alone_only_where_users_are_trusted),
		cmocka_unit_test(r4_unknown_evidence_values_count_as_neither),
		cmocka_unit_test(context_takes_every_allowed_step_and_no_other),
		cmocka_unit_test(r2_a_context_is_bound_once),
		cmocka_unit_test(r5_exactly_one_caller_carries_out_the_end),
		cmocka_unit_test(an_undone_bind_can_be_tried_again),
		cmocka_unit_test(r3_pasid_takes_every_allowed_step_and_no_other),
		cmocka_unit_test(r3_pasid_state_follows_the_counts),
		cmocka_unit_test(r3_one_neither_blocks_new_binds_while_siblings_live_on),
		cmocka_unit_test(r3_the_worst_is_forgotten_only_when_free),
		cmocka_unit_test(counts_do_not_wrap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
