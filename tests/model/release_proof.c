// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * release_proof.c - kernel/core/release.c under the model checker CBMC
 *
 * Each prove_*() starts from values about which nothing is known, so that what
 * holds for them holds for all: a step from any state for the tables of
 * release_table.h, and sequences of steps for what the rules say of a whole life.
 * tests/model/run says which checks of the language (bounds, pointers, overflow,
 * conversion) run beside the assertions.
 */
#include "release_steps.h"

/* CBMC's: any value, and "look at those cases only" */
int nondet_int(void);
u8 nondet_u8(void);
u32 nondet_u32(void);
bool nondet_bool(void);
void __CPROVER_assume(_Bool condition);
void __CPROVER_assert(_Bool condition, const char *what);

#define claim(condition, what) __CPROVER_assert((condition), what)

/*
 * Of an enum also values that have no name: callers are not believed.  Not the
 * negative ones: to gcc and clang such an enum is unsigned, to CBMC it is signed.
 */
static enum sva_release any_release(void)
{
	return (enum sva_release)(nondet_u32() & 0x7fffffff);
}

/* ------------------------------------------------------------- verdict (R4) */

/* The table's rows against the code, for every evidence, claim and trust */
void prove_verdict_table(void)
{
	int evidence = nondet_int(), said = nondet_int();
	bool trusted = nondet_bool();
	enum sva_release verdict;
	int rows = 0;

	__CPROVER_assume(evidence >= SVA_EVIDENCE_NEITHER && evidence <= SVA_EVIDENCE_FAILED);
	__CPROVER_assume(said >= SVA_CLAIM_NONE && said <= SVA_CLAIM_CLEAN);
	verdict = sva_release_decide((enum sva_evidence)evidence, (enum sva_claim)said, trusted);
	for (unsigned int i = 0; i < ROWS(verdict_table); i++) {
		if (!verdict_fits(&verdict_table[i], evidence, said, trusted))
			continue;
		rows++;
		claim(verdict == verdict_table[i].verdict, "R4: the verdict is the table's");
	}
	claim(rows == 1, "R4: the table has one row for each case");
}

/* R4 in its own words, for any values at all, also those without a name */
void prove_verdict_rules(void)
{
	enum sva_evidence evidence = (enum sva_evidence)nondet_int();
	enum sva_claim said = (enum sva_claim)nondet_int();
	enum sva_release without, with;

	without = sva_release_decide(evidence, SVA_CLAIM_NONE, nondet_bool());
	with = sva_release_decide(evidence, said, false);
	claim(with <= without, "R4: a claim never raises evidence");
	claim(evidence == SVA_EVIDENCE_UNKNOWN || with == sva_release_decide(evidence, said, true),
	      "R4: trust counts only where the device cannot tell");
	claim(evidence == SVA_EVIDENCE_CLEAN || without != SVA_RELEASE_CLEAN,
	      "R4: clean needs evidence of it");
	claim(evidence == SVA_EVIDENCE_CLEAN || evidence == SVA_EVIDENCE_FLUSHED ||
	      with == SVA_RELEASE_NEITHER, "R4: no evidence, no release");
	claim(evidence != SVA_EVIDENCE_FAILED ||
	      sva_release_decide(evidence, said, true) == SVA_RELEASE_NEITHER,
	      "R4: no claim replaces a stop that failed");
	claim((said == SVA_CLAIM_FLUSHED || said == SVA_CLAIM_CLEAN) ||
	      sva_release_decide(SVA_EVIDENCE_UNKNOWN, said, true) == SVA_RELEASE_NEITHER,
	      "R4: no claim counts as nothing");
}

/* ---------------------------------------------------------- context machine */

static struct sva_context_machine any_context(void)
{
	struct sva_context_machine m = {
		.phase = nondet_u8(), .release = nondet_u8(), .ending = nondet_bool(),
	};

	return m;
}

static void check_context_row(const struct context_row *row,
			      const struct sva_context_machine *before,
			      const struct sva_context_machine *after,
			      enum sva_release release, int ret)
{
	claim(ret == row->ret, "a step of a context returns what the table says");
	claim(after->phase == row->next, "a step of a context leads where the table says");
	claim(after->ending == row->next_ending, "that an end was asked for is remembered (R5)");
	claim(after->release == (row->release == GIVEN ? (u8)release : before->release),
	      "the release is recorded when it is known");
}

/* One step from every state that the invariant allows: the table's, or none */
void prove_context_table(void)
{
	struct sva_context_machine before = any_context(), after;
	enum context_op op = (enum context_op)(nondet_u32() % CONTEXT_OPS);
	enum sva_release release = any_release();
	int ret, rows = 0;

	__CPROVER_assume(context_possible(&before));
	after = before;
	ret = context_step(&after, op, release);
	for (unsigned int i = 0; i < ROWS(context_table); i++) {
		if (!context_fits(&context_table[i], &before, op, release))
			continue;
		rows++;
		check_context_row(&context_table[i], &before, &after, release, ret);
	}
	claim(rows <= 1, "the table of contexts says one thing for each case");
	if (!rows) {
		claim(ret == context_refusal[op], "a step that is not in the table is refused");
		claim(context_same(&before, &after), "a step that is refused changes nothing");
	}
	claim(context_possible(&after), "the invariant of a context holds after every step");
}

/* The start of the induction */
void prove_context_init(void)
{
	struct sva_context_machine m = any_context();

	sva_context_machine_init(&m);
	claim(context_possible(&m), "a new context satisfies the invariant");
	claim(m.phase == SVA_PHASE_CREATED && !m.ending, "a new context is not bound (R2)");
}

/* Memory that holds no state of the machine: no step makes a bound or free one of it */
void prove_context_total(void)
{
	struct sva_context_machine before = any_context(), after = before;
	enum context_op op = (enum context_op)(nondet_u32() % CONTEXT_OPS);
	int ret;

	__CPROVER_assume(before.phase > SVA_PHASE_QUARANTINED);
	ret = context_step(&after, op, any_release());
	claim(ret == context_refusal[op], "from no state there is no step");
	claim(context_same(&before, &after), "from no state nothing is changed");
}

/* R2, R5: the whole life of one context, any steps in any order */
void prove_context_life(void)
{
	struct sva_context_machine m;
	int bound = 0, winners = 0, carried_out = 0;

	sva_context_machine_init(&m);
	for (int i = 0; i < CONTEXT_LIFE; i++) {
		enum context_op op = (enum context_op)(nondet_u32() % CONTEXT_OPS);
		int ret = context_step(&m, op, any_release());

		bound += op == BIND_DONE && ret >= 0;
		winners += (op == END || op == BIND_DONE || op == BIND_UNDO) && ret == 1;
		carried_out += op == ENDED && !ret;
		claim(bound <= 1, "R2: a context is bound at most once");
		claim(winners <= 1, "R5: one caller carries out the end");
		claim(carried_out <= winners, "R5: an end is carried out once, by the one who won");
		claim(m.phase < SVA_PHASE_ENDED || carried_out == 1,
		      "R5: nothing ends without its teardown");
		claim(!m.ending || m.phase != SVA_PHASE_BOUND, "R5: no end that was asked for is lost");
	}
}

/* ------------------------------------------------------------ PASID machine */

static struct sva_pasid_machine any_pasid(void)
{
	struct sva_pasid_machine m = {
		.live = nondet_u32(), .stopping = nondet_u32(), .neither = nondet_u32(),
		.worst = nondet_u8(),
	};

	__CPROVER_assume(m.worst <= SVA_RELEASE_CLEAN);
	return m;
}

static void check_pasid_row(const struct pasid_row *row, const struct sva_pasid_machine *before,
			    const struct sva_pasid_machine *after, int ret)
{
	claim(ret == pasid_returns(row, after), "a step of a PASID returns what the table says");
	claim(pasid_counted(row, before, after), "a step of a PASID counts as the table says");
}

/* One step from any counts whatever: the table's */
void prove_pasid_table(void)
{
	struct sva_pasid_machine before = any_pasid(), after = before;
	enum pasid_op op = (enum pasid_op)(nondet_u32() % (PASID_RESOLVED + 1));
	enum sva_release release = any_release();
	int ret, rows = 0;

	ret = pasid_step(&after, op, release);
	for (unsigned int i = 0; i < ROWS(pasid_table); i++) {
		if (!pasid_fits(&pasid_table[i], &before, op, release))
			continue;
		rows++;
		check_pasid_row(&pasid_table[i], &before, &after, ret);
	}
	claim(rows == 1, "the table of PASIDs has one row for each case");
	claim(after.worst == worst_after(&before, op, release, ret),
	      "the release of a PASID is the worst of all since it was free");
}

void prove_pasid_states(void)
{
	struct sva_pasid_machine m = any_pasid();
	int rows = 0;

	for (unsigned int i = 0; i < ROWS(pasid_states); i++) {
		if (!pasid_state_fits(&pasid_states[i], &m))
			continue;
		rows++;
		claim(sva_pasid_state(&m) == pasid_states[i].state,
		      "the counts amount to the table's state");
	}
	claim(rows == 1, "the table of states has one row for each case");
	sva_pasid_machine_init(&m);
	claim(sva_pasid_state(&m) == SVA_PASID_FREE, "a new PASID is free");
}

/**
 * struct tally - what is true of a PASID, counted beside the machine without limit
 * @unknown: contexts that have ended and of which the device may still access memory
 */
struct tally {
	long long live, stopping, unknown;
};

static bool tally_is(const struct tally *t, const struct sva_pasid_machine *m)
{
	return t->live == m->live && t->stopping == m->stopping && t->unknown == m->neither;
}

/* Contexts call in their order: none stops that was not bound, none ends twice */
static bool tally_allows(const struct tally *t, enum pasid_op op)
{
	switch (op) {
	case PASID_STOPPING:
		return t->live > 0;
	case PASID_ENDED:
		return t->stopping > 0;
	case PASID_RESOLVED:
		return t->unknown > 0;
	default:
		return true;
	}
}

static void tally_step(struct tally *t, enum pasid_op op, enum sva_release release)
{
	t->live += (op == PASID_BIND) - (op == PASID_STOPPING);
	t->stopping += (op == PASID_STOPPING) - (op == PASID_ENDED);
	t->unknown += (op == PASID_ENDED && release == SVA_RELEASE_NEITHER) -
		      (op == PASID_RESOLVED);
}

static void check_r3(const struct tally *before, const struct tally *after, enum pasid_op op,
		     int ret)
{
	bool nothing_left = !after->live && !after->stopping && !after->unknown;

	if (op == PASID_BIND && !ret)
		claim(!before->stopping && !before->unknown,
		      "R3: a PASID is bound only where all that ended is known to be safe");
	if (op == PASID_ENDED || op == PASID_RESOLVED)
		claim((ret == 1) == nothing_left,
		      "R3: a PASID is called free when nothing is left, and only then");
}

/* R3 by induction: from any number of contexts in any state, one step */
void prove_r3_step(void)
{
	struct sva_pasid_machine m = any_pasid();
	struct tally before = { m.live, m.stopping, m.neither }, after = before;
	enum pasid_op op = (enum pasid_op)(nondet_u32() % (PASID_RESOLVED + 1));
	enum sva_release release = any_release();
	int ret;

	__CPROVER_assume(tally_allows(&before, op));
	ret = pasid_step(&m, op, release);
	if (ret >= 0)
		tally_step(&after, op, release);
	check_r3(&before, &after, op, ret);
	claim(tally_is(&after, &m), "R3: the machine counts what is true");
}

/* R3 for a sequence from the start, so that the induction is seen to say something */
void prove_r3_sequence(void)
{
	struct sva_pasid_machine m;
	struct tally t = { 0, 0, 0 }, before;

	sva_pasid_machine_init(&m);
	for (int i = 0; i < PASID_LIFE; i++) {
		enum pasid_op op = (enum pasid_op)(nondet_u32() % (PASID_RESOLVED + 1));
		enum sva_release release = any_release();
		int ret;

		__CPROVER_assume(tally_allows(&t, op));
		ret = pasid_step(&m, op, release);
		before = t;
		if (ret >= 0)
			tally_step(&t, op, release);
		check_r3(&before, &t, op, ret);
		claim(tally_is(&t, &m), "R3: the machine counts what is true");
		claim(!t.unknown || sva_pasid_state(&m) != SVA_PASID_FREE,
		      "R3: what is not known to be safe is not free");
	}
}
