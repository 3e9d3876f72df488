/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * release_steps.h - the steps of release.c's machines, and which rows of
 * release_table.h fit them; for the proof (release_proof.c) and for the suite that
 * runs in the kernel (kernel/test/kunit_release.c)
 */
#ifndef RELEASE_STEPS_H
#define RELEASE_STEPS_H

#include "release_table.h"

/* The set of one release; what is none counts as PENDING */
static inline unsigned int set_of(enum sva_release release)
{
	return (unsigned int)release <= SVA_RELEASE_CLEAN ? REL(release) :
							    REL(SVA_RELEASE_PENDING);
}

static inline bool verdict_fits(const struct verdict_row *row, int evidence, int said,
				bool trusted)
{
	return row->evidence == evidence && row->claim == said &&
	       (row->trusted < 0 || row->trusted == trusted);
}

static inline bool context_possible(const struct sva_context_machine *m)
{
	for (unsigned int i = 0; i < ROWS(context_places); i++)
		if (m->phase == context_places[i].phase && m->ending == context_places[i].ending &&
		    m->release <= SVA_RELEASE_PENDING &&
		    (context_places[i].releases & REL(m->release)))
			return true;
	return false;
}

static inline int context_step(struct sva_context_machine *m, enum context_op op,
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

static inline bool context_fits(const struct context_row *row,
				const struct sva_context_machine *m, enum context_op op,
				enum sva_release release)
{
	return row->phase == m->phase && row->ending == m->ending && row->op == op &&
	       (row->releases == NO_REL || (row->releases & set_of(release)));
}

static inline bool context_same(const struct sva_context_machine *a,
				const struct sva_context_machine *b)
{
	return a->phase == b->phase && a->release == b->release && a->ending == b->ending;
}

static inline int pasid_step(struct sva_pasid_machine *m, enum pasid_op op,
			     enum sva_release release)
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

static inline bool count_fits(enum count wanted, u32 count)
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

static inline bool pasid_fits(const struct pasid_row *row, const struct sva_pasid_machine *m,
			      enum pasid_op op, enum sva_release release)
{
	return row->op == op && (row->releases == NO_REL || (row->releases & set_of(release))) &&
	       count_fits(row->live, m->live) && count_fits(row->stopping, m->stopping) &&
	       count_fits(row->neither, m->neither);
}

static inline bool pasid_state_fits(const struct pasid_state_row *row,
				    const struct sva_pasid_machine *m)
{
	return count_fits(row->live, m->live) && count_fits(row->stopping, m->stopping) &&
	       count_fits(row->neither, m->neither);
}

static inline bool pasid_free(const struct sva_pasid_machine *m)
{
	return !m->live && !m->stopping && !m->neither;
}

static inline bool count_moved(u32 before, u32 after, int by)
{
	return (long long)after == (long long)before + by;
}

static inline bool pasid_counted(const struct pasid_row *row,
				 const struct sva_pasid_machine *before,
				 const struct sva_pasid_machine *after)
{
	return count_moved(before->live, after->live, row->d_live) &&
	       count_moved(before->stopping, after->stopping, row->d_stopping) &&
	       count_moved(before->neither, after->neither, row->d_neither);
}

/* What the step returns that led to @after */
static inline int pasid_returns(const struct pasid_row *row,
				const struct sva_pasid_machine *after)
{
	return row->ret == FREE_OR_NOT ? pasid_free(after) : row->ret;
}

/* The worst over all since it was last FREE, which a first bind begins anew */
static inline u8 worst_after(const struct sva_pasid_machine *before, enum pasid_op op,
			     enum sva_release release, int ret)
{
	if (op == PASID_BIND && !ret && pasid_free(before))
		return SVA_RELEASE_CLEAN;
	if (op == PASID_ENDED && ret >= 0 && release < before->worst)
		return (u8)release;
	return before->worst;
}

#endif /* RELEASE_STEPS_H */
