// SPDX-License-Identifier: GPL-2.0
/*
 * kunit_release.c - the two machines of core/release.c do what the tables of the proof
 * say (R2, R3, R4, R5): every case of the first, and of the second all counts at which
 * something changes
 */
#include "kunit.h"
#include "tests/model/release_steps.h"

static const enum sva_release releases[] = {
	SVA_RELEASE_NEITHER, SVA_RELEASE_FLUSHED, SVA_RELEASE_CLEAN, SVA_RELEASE_PENDING,
};

/* ----------------------------------------------------------------- verdict */

static void check_verdict(struct kunit *test, int evidence, int claim, bool trusted)
{
	int rows = 0;

	for (size_t i = 0; i < ROWS(verdict_table); i++) {
		if (!verdict_fits(&verdict_table[i], evidence, claim, trusted))
			continue;
		rows++;
		KUNIT_EXPECT_EQ_MSG(test, sva_release_decide(evidence, claim, trusted),
				    verdict_table[i].verdict,
				    "evidence %d, claim %d, trusted %d", evidence, claim, trusted);
	}
	KUNIT_EXPECT_EQ(test, rows, 1);
}

static void r4_evidence_beats_claims(struct kunit *test)
{
	for (int evidence = SVA_EVIDENCE_NEITHER; evidence <= SVA_EVIDENCE_FAILED; evidence++)
		for (int claim = SVA_CLAIM_NONE; claim <= SVA_CLAIM_CLEAN; claim++)
			for (int trusted = 0; trusted < 2; trusted++)
				check_verdict(test, evidence, claim, trusted);
}

/* ----------------------------------------------------------------- context */

static void check_context_step(struct kunit *test, const struct sva_context_machine *before,
			       enum context_op op, enum sva_release release)
{
	struct sva_context_machine wanted = *before, after = *before;
	int ret = context_step(&after, op, release), wanted_ret = context_refusal[op];

	for (size_t i = 0; i < ROWS(context_table); i++) {
		const struct context_row *row = &context_table[i];

		if (!context_fits(row, before, op, release))
			continue;
		wanted.phase = row->next;
		wanted.ending = row->next_ending;
		if (row->release == GIVEN)
			wanted.release = release;
		wanted_ret = row->ret;
	}
	KUNIT_EXPECT_EQ_MSG(test, ret, wanted_ret, "phase %d, ending %d, step %d, release %d",
			    before->phase, before->ending, op, release);
	KUNIT_EXPECT_TRUE_MSG(test, context_same(&after, &wanted),
			      "phase %d, ending %d, step %d, release %d", before->phase,
			      before->ending, op, release);
	KUNIT_EXPECT_TRUE(test, context_possible(&after));
}

static void check_context(struct kunit *test, const struct sva_context_machine *m)
{
	for (enum context_op op = BIND_BEGIN; op < CONTEXT_OPS; op++)
		for (size_t i = 0; i < ARRAY_SIZE(releases); i++)
			check_context_step(test, m, op, releases[i]);
}

static void r2_r5_a_context_is_bound_once_and_ended_once(struct kunit *test)
{
	struct sva_context_machine m;

	sva_context_machine_init(&m);
	KUNIT_EXPECT_EQ(test, m.phase, SVA_PHASE_CREATED);
	for (size_t i = 0; i < ROWS(context_places); i++) {
		m.phase = context_places[i].phase;
		m.ending = context_places[i].ending;
		for (size_t j = 0; j < ARRAY_SIZE(releases); j++) {
			m.release = releases[j];
			if (context_possible(&m))
				check_context(test, &m);
		}
	}
}

/* ------------------------------------------------------------------- PASID */

static void check_pasid_step(struct kunit *test, const struct sva_pasid_machine *before,
			     enum pasid_op op, enum sva_release release)
{
	struct sva_pasid_machine after = *before;
	int ret = pasid_step(&after, op, release), rows = 0;

	for (size_t i = 0; i < ROWS(pasid_table); i++) {
		const struct pasid_row *row = &pasid_table[i];

		if (!pasid_fits(row, before, op, release))
			continue;
		rows++;
		KUNIT_EXPECT_EQ_MSG(test, ret, pasid_returns(row, &after),
				    "%u live, %u stopping, %u neither, step %d, release %d",
				    before->live, before->stopping, before->neither, op, release);
		KUNIT_EXPECT_TRUE_MSG(test, pasid_counted(row, before, &after),
				      "%u live, %u stopping, %u neither, step %d, release %d",
				      before->live, before->stopping, before->neither, op, release);
	}
	KUNIT_EXPECT_EQ(test, rows, 1);
	KUNIT_EXPECT_EQ(test, after.worst, worst_after(before, op, release, ret));
}

static void check_pasid(struct kunit *test, const struct sva_pasid_machine *m)
{
	for (enum pasid_op op = PASID_BIND; op <= PASID_RESOLVED; op++)
		for (size_t i = 0; i < ARRAY_SIZE(releases); i++)
			check_pasid_step(test, m, op, releases[i]);
	for (size_t i = 0; i < ROWS(pasid_states); i++)
		if (pasid_state_fits(&pasid_states[i], m))
			KUNIT_EXPECT_EQ(test, sva_pasid_state(m), pasid_states[i].state);
}

static void r3_a_pasid_is_free_when_nothing_is_left(struct kunit *test)
{
	static const u32 counts[] = { 0, 1, 2, SVA_COUNT_MAX - 1, SVA_COUNT_MAX };
	struct sva_pasid_machine m;

	sva_pasid_machine_init(&m);
	KUNIT_EXPECT_EQ(test, sva_pasid_state(&m), SVA_PASID_FREE);
	for (size_t i = 0; i < ARRAY_SIZE(counts) * ARRAY_SIZE(counts) * ARRAY_SIZE(counts); i++) {
		m.live = counts[i % ARRAY_SIZE(counts)];
		m.stopping = counts[i / ARRAY_SIZE(counts) % ARRAY_SIZE(counts)];
		m.neither = counts[i / ARRAY_SIZE(counts) / ARRAY_SIZE(counts)];
		for (m.worst = SVA_RELEASE_NEITHER; m.worst <= SVA_RELEASE_CLEAN; m.worst++)
			check_pasid(test, &m);
	}
}

static struct kunit_case release_cases[] = {
	KUNIT_CASE(r4_evidence_beats_claims),
	KUNIT_CASE(r2_r5_a_context_is_bound_once_and_ended_once),
	KUNIT_CASE(r3_a_pasid_is_free_when_nothing_is_left),
	{}
};

struct kunit_suite sva_release_suite = {
	.name = "sva_release",
	.test_cases = release_cases,
};
