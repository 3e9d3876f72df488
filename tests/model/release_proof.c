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
#include "release_table.h"

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

/* The set of one release; what is none counts as PENDING */
static unsigned int set_of(enum sva_release release)
{
	return (unsigned int)release <= SVA_RELEASE_CLEAN ? REL(release) :
							    REL(SVA_RELEASE_PENDING);
}

/* ------------------------------------------------------------- verdict (R4) */

static bool verdict_fits(const struct verdict_row *row, int evidence, int said, bool trusted)
{
	return row->evidence == evidence && row->claim == said &&
	       (row->trusted < 0 || row->trusted == trusted);
}

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

static bool context_possible(const struct sva_context_machine *m)
{
	for (unsigned int i = 0; i < ROWS(context_places); i++)
		if (m->phase == context_places[i].phase && m->ending == context_places[i].ending &&
		    m->release <= SVA_RELEASE_PENDING &&
		    (context_places[i].releases & REL(m->release)))
			return true;
	return false;
}

static int context_step(struct sva_context_machine *m, enum context_op op,
			enum sva_release release)
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
	case ENDED:
		return sva_context_ended(m, release);
	default:
		return sva_context_resolved(m, release);
	}
}

static bool context_fits(const struct context_row *row, const struct sva_context_machine *m,
			 enum context_op op, enum sva_release release)
{
	return row->phase == m->phase && row->ending == m->ending && row->op == op &&
	       (row->releases == NO_REL || (row->releases & set_of(release)));
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

static bool context_same(const struct sva_context_machine *a, const struct sva_context_machine *b)
{
	return a->phase == b->phase && a->release == b->release && a->ending == b->ending;
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

static int pasid_step(struct sva_pasid_machine *m, enum pasid_op op, enum sva_release release)
{
	switch (op) {
	case PASID_BIND:
		return sva_pasid_bind(m);
	case PASID_STOPPING:
		return sva_pasid_stopping(m);
	case PASID_ENDED:
		return sva_pasid_ended(m, release);
	default:
		return sva_pasid_resolved(m);
	}
}

static bool count_fits(enum count wanted, u32 count)
{
	switch (wanted) {
	case NONE:
		return !count;
	case SOME:
		return count > 0;
	case FULL:
		return count == SVA_COUNT_MAX;
	case ROOM:
		return count < SVA_COUNT_MAX;
	default:
		return true;
	}
}

static bool pasid_fits(const struct pasid_row *row, const struct sva_pasid_machine *m,
		       enum pasid_op op, enum sva_release release)
{
	return row->op == op && (row->releases == NO_REL || (row->releases & set_of(release))) &&
	       count_fits(row->live, m->live) && count_fits(row->stopping, m->stopping) &&
	       count_fits(row->neither, m->neither);
}

static bool pasid_free(const struct sva_pasid_machine *m)
{
	return !m->live && !m->stopping && !m->neither;
}

static bool count_moved(u32 before, u32 after, int by)
{
	return (long long)after == (long long)before + by;
}

static void check_pasid_row(const struct pasid_row *row, const struct sva_pasid_machine *before,
			    const struct sva_pasid_machine *after, int ret)
{
	int wanted = row->ret == FREE_OR_NOT ? pasid_free(after) : row->ret;

	claim(ret == wanted, "a step of a PASID returns what the table says");
	claim(count_moved(before->live, after->live, row->d_live) &&
	      count_moved(before->stopping, after->stopping, row->d_stopping) &&
	      count_moved(before->neither, after->neither, row->d_neither),
	      "a step of a PASID counts as the table says");
}

/* The worst over all since it was last FREE, which a first bind begins anew */
static u8 worst_after(const struct sva_pasid_machine *before, enum pasid_op op,
		      enum sva_release release, int ret)
{
	if (op == PASID_BIND && !ret && pasid_free(before))
		return SVA_RELEASE_CLEAN;
	if (op == PASID_ENDED && ret >= 0 && release < before->worst)
		return (u8)release;
	return before->worst;
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
		const struct pasid_state_row *row = &pasid_states[i];

		if (!count_fits(row->live, m.live) || !count_fits(row->stopping, m.stopping) ||
		    !count_fits(row->neither, m.neither))
			continue;
		rows++;
		claim(sva_pasid_state(&m) == row->state, "the counts amount to the table's state");
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
