/* SPDX-License-Identifier: GPL-2.0 */
/*
 * release.h - when may a PASID be given on? (R2, R3, R4)
 *
 * Two machines in plain C, without allocation, locks or kernel types, so that
 * the same source is compiled into sva.ko, into the unit tests and under the
 * model checker.  The caller holds the lock that belongs to the object.
 *
 *   context:
 *     CREATED -bind_begin-> BINDING -bind_done-> BOUND -end-> STOPPING
 *       |  ^-----bind_undo-----'                                  |
 *       '-end-> STOPPING ------------ended----> ENDED | QUARANTINED
 *                                                         '-resolved-> ENDED
 *
 *   (group, PASID), derived from its counts:
 *     FREE -bind-> IN_USE -last stopping-> DRAINING -last ended-> FREE
 *                                             '-> QUARANTINED -last resolved-> FREE
 */
#ifndef SVA_RELEASE_H
#define SVA_RELEASE_H

#ifdef __KERNEL__
#include <linux/types.h>
#include <linux/errno.h>
#else
#include <stdbool.h>
#include <stdint.h>
#include <errno.h>
typedef uint8_t u8;
typedef uint32_t u32;
#endif
#include <linux/sva.h>

#define SVA_COUNT_MAX 0xffffffffu

/**
 * enum sva_evidence - what a provider's stop() found out
 * @SVA_EVIDENCE_NEITHER: accesses may still be under way
 * @SVA_EVIDENCE_FLUSHED: no more accesses; page requests are with the IOMMU
 * @SVA_EVIDENCE_CLEAN: no more accesses, no page request outstanding
 * @SVA_EVIDENCE_UNKNOWN: the device has no means to tell
 * @SVA_EVIDENCE_FAILED: it has, but stopping failed or timed out
 */
enum sva_evidence {
	SVA_EVIDENCE_NEITHER,
	SVA_EVIDENCE_FLUSHED,
	SVA_EVIDENCE_CLEAN,
	SVA_EVIDENCE_UNKNOWN,
	SVA_EVIDENCE_FAILED,
};

/**
 * enum sva_claim - what the caller of UNBIND_TASK says
 * @SVA_CLAIM_NONE: also every end that nobody asked for: exit, kill, revoke
 */
enum sva_claim {
	SVA_CLAIM_NONE,
	SVA_CLAIM_FLUSHED,
	SVA_CLAIM_CLEAN,
};

/* R4: the release that evidence and claim amount to */
enum sva_release sva_release_decide(enum sva_evidence evidence,
				    enum sva_claim claim, bool trust_users);

/**
 * enum sva_phase - the life of a context; enum sva_state is what users see of it
 */
enum sva_phase {
	SVA_PHASE_CREATED,
	SVA_PHASE_BINDING,
	SVA_PHASE_BOUND,
	SVA_PHASE_STOPPING,
	SVA_PHASE_ENDED,
	SVA_PHASE_QUARANTINED,
};

/**
 * struct sva_context_machine
 * @phase: enum sva_phase
 * @release: enum sva_release
 * @ending: an end was asked for while BINDING; the binder carries it out
 */
struct sva_context_machine {
	u8 phase;
	u8 release;
	bool ending;
};

void sva_context_machine_init(struct sva_context_machine *m);

/* R2: 0, or -EBUSY: a context is bound at most once */
int sva_context_bind_begin(struct sva_context_machine *m);

/*
 * The binder's last step.  0, or 1: an end came meanwhile, the phase is
 * STOPPING and the caller has to carry the end out.
 */
int sva_context_bind_done(struct sva_context_machine *m);
int sva_context_bind_undo(struct sva_context_machine *m);

/*
 * R5: exactly one caller gets 1 and carries the end out.  0: somebody else does
 * or did.
 */
int sva_context_end(struct sva_context_machine *m);

/* The end is carried out: 0, or -EINVAL if none was under way */
int sva_context_ended(struct sva_context_machine *m, enum sva_release release);

/* Reset or late evidence that says so: 0, or -EINVAL if not in quarantine */
int sva_context_resolved(struct sva_context_machine *m, enum sva_release release);

enum sva_pasid_state {
	SVA_PASID_FREE,
	SVA_PASID_IN_USE,
	SVA_PASID_DRAINING,
	SVA_PASID_QUARANTINED,
};

/**
 * struct sva_pasid_machine - one PASID in one IOMMU group
 * @live: contexts bound under it
 * @stopping: contexts whose end is under way
 * @neither: ended contexts of which nothing good is known
 * @worst: enum sva_release, over all that ended since it was last FREE
 */
struct sva_pasid_machine {
	u32 live;
	u32 stopping;
	u32 neither;
	u8 worst;
};

void sva_pasid_machine_init(struct sva_pasid_machine *m);
enum sva_pasid_state sva_pasid_state(const struct sva_pasid_machine *m);

/*
 * R3: 0; -EAGAIN: ends are under way, their outcome decides; -EBUSY: one ended
 * in neither, so nothing may be bound here, also while siblings live on
 */
int sva_pasid_bind(struct sva_pasid_machine *m);
int sva_pasid_stopping(struct sva_pasid_machine *m);
/* 0, or 1: it is FREE now and may be given on */
int sva_pasid_ended(struct sva_pasid_machine *m, enum sva_release release);
int sva_pasid_resolved(struct sva_pasid_machine *m);

#endif /* SVA_RELEASE_H */
