// SPDX-License-Identifier: GPL-2.0
/*
 * release.c - when may a PASID be given on?  See release.h.
 */
#include "release.h"

static enum sva_release worse_of(enum sva_release a, enum sva_release b)
{
	return a < b ? a : b;
}

static enum sva_release claimed(enum sva_claim claim)
{
	switch (claim) {
	case SVA_CLAIM_CLEAN:
		return SVA_RELEASE_CLEAN;
	case SVA_CLAIM_FLUSHED:
		return SVA_RELEASE_FLUSHED;
	case SVA_CLAIM_NONE:
		break;
	}
	return SVA_RELEASE_NEITHER;
}

enum sva_release sva_release_decide(enum sva_evidence evidence,
				    enum sva_claim claim, bool trust_users)
{
	enum sva_release found;

	switch (evidence) {
	case SVA_EVIDENCE_CLEAN:
		found = SVA_RELEASE_CLEAN;
		break;
	case SVA_EVIDENCE_FLUSHED:
		found = SVA_RELEASE_FLUSHED;
		break;
	case SVA_EVIDENCE_UNKNOWN:
		/* the only place where a claim replaces evidence */
		return trust_users ? claimed(claim) : SVA_RELEASE_NEITHER;
	case SVA_EVIDENCE_NEITHER:
	case SVA_EVIDENCE_FAILED:
	default:
		return SVA_RELEASE_NEITHER;
	}

	/* no claim counts as nothing; a claim can only lower what was found */
	if (claim == SVA_CLAIM_NONE)
		return found;
	return worse_of(found, claimed(claim));
}

void sva_context_machine_init(struct sva_context_machine *m)
{
	m->phase = SVA_PHASE_CREATED;
	m->release = SVA_RELEASE_PENDING;
	m->ending = false;
}

int sva_context_bind_begin(struct sva_context_machine *m)
{
	if (m->phase != SVA_PHASE_CREATED)
		return -EBUSY;
	m->phase = SVA_PHASE_BINDING;
	return 0;
}

static int bind_leave(struct sva_context_machine *m, enum sva_phase next)
{
	if (m->phase != SVA_PHASE_BINDING)
		return -EINVAL;
	m->phase = m->ending ? SVA_PHASE_STOPPING : next;
	return m->ending;
}

int sva_context_bind_done(struct sva_context_machine *m)
{
	return bind_leave(m, SVA_PHASE_BOUND);
}

int sva_context_bind_undo(struct sva_context_machine *m)
{
	return bind_leave(m, SVA_PHASE_CREATED);
}

int sva_context_end(struct sva_context_machine *m)
{
	switch (m->phase) {
	case SVA_PHASE_CREATED:
	case SVA_PHASE_BOUND:
		m->phase = SVA_PHASE_STOPPING;
		m->ending = true;
		return 1;
	case SVA_PHASE_BINDING:
		m->ending = true;
		return 0;
	default:
		return 0;
	}
}

int sva_context_ended(struct sva_context_machine *m, enum sva_release release)
{
	if (m->phase != SVA_PHASE_STOPPING || release > SVA_RELEASE_CLEAN)
		return -EINVAL;
	m->release = release;
	m->phase = release == SVA_RELEASE_NEITHER ? SVA_PHASE_QUARANTINED :
						    SVA_PHASE_ENDED;
	return 0;
}

int sva_context_resolved(struct sva_context_machine *m, enum sva_release release)
{
	if (m->phase != SVA_PHASE_QUARANTINED ||
	    (release != SVA_RELEASE_FLUSHED && release != SVA_RELEASE_CLEAN))
		return -EINVAL;
	m->phase = SVA_PHASE_ENDED;
	m->release = release;
	return 0;
}

void sva_pasid_machine_init(struct sva_pasid_machine *m)
{
	m->live = 0;
	m->stopping = 0;
	m->neither = 0;
	m->worst = SVA_RELEASE_CLEAN;
}

enum sva_pasid_state sva_pasid_state(const struct sva_pasid_machine *m)
{
	if (m->live)
		return SVA_PASID_IN_USE;
	if (m->stopping)
		return SVA_PASID_DRAINING;
	if (m->neither)
		return SVA_PASID_QUARANTINED;
	return SVA_PASID_FREE;
}

int sva_pasid_bind(struct sva_pasid_machine *m)
{
	if (m->neither)
		return -EBUSY;
	if (m->stopping)
		return -EAGAIN;
	if (m->live == SVA_COUNT_MAX)
		return -EBUSY;
	if (!m->live)
		m->worst = SVA_RELEASE_CLEAN;
	m->live++;
	return 0;
}

int sva_pasid_stopping(struct sva_pasid_machine *m)
{
	if (!m->live || m->stopping == SVA_COUNT_MAX)
		return -EINVAL;
	m->live--;
	m->stopping++;
	return 0;
}

int sva_pasid_ended(struct sva_pasid_machine *m, enum sva_release release)
{
	if (!m->stopping || release > SVA_RELEASE_CLEAN)
		return -EINVAL;
	if (release == SVA_RELEASE_NEITHER) {
		if (m->neither == SVA_COUNT_MAX)
			return -EINVAL;
		m->neither++;
	}
	m->stopping--;
	m->worst = worse_of(m->worst, release);
	return sva_pasid_state(m) == SVA_PASID_FREE;
}

int sva_pasid_resolved(struct sva_pasid_machine *m)
{
	if (!m->neither)
		return -EINVAL;
	m->neither--;
	return sva_pasid_state(m) == SVA_PASID_FREE;
}
