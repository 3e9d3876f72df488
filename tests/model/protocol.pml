/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * protocol.pml - the life of PASIDs, from bind to release, with all who take part
 *
 * Processes that bind, exec and die; svad; the administrator; devices that go on
 * with accesses after they were told to stop; and kernel/core, which works on each
 * context and each device by itself.  Every step, in steps.h, is taken as a whole:
 * it stands for what the code does under one lock.  The rules are checked after
 * each (invariants.h); what shall happen in the end is said at the end of this file.
 *
 * Who has a context's descriptor is not modelled: everybody does, for descriptors
 * are passed on (R1).  docs/verification.md says what else is left out.
 */
#include "protocol.h"

typedef Mm {
	byte life;
	byte pasid
};

/* struct sva_pasid: of one address space in one group */
typedef Entry {
	byte ref;
	byte live;
	byte stopping;
	byte neither
};

/* struct sva_context; accesses: the device may issue some (true, and known to no one) */
typedef Ctx {
	byte at;
	byte phase;
	byte release;
	byte ending;
	byte mm;	/* the owner's until it is bound */
	byte dev;
	byte pasid;
	byte verdict;
	byte given;	/* svad has sent the descriptor */
	byte orphan;
	byte handle;	/* bound in the IOMMU's core */
	byte entry;	/* holds a reference to its Entry */
	byte accesses;
	byte asked;	/* somebody wants its end */
	byte bound;
	byte attached	/* NO_GUARD_UNBIND_ALWAYS */
};

/* struct sva_device; stale: accesses under a PASID that belong to no context any more */
typedef Dev {
	byte life;
	byte reset;
	byte live;
	byte contexts;
	byte quarantined;
	byte stale[PASIDS]
};

Ctx ctx[CONTEXTS];
Mm mm[MMS];
Entry entry[DEVICES * MMS];
Dev dev[DEVICES];
byte requests[DEVICES * PASIDS];	/* page requests that wait in an IOMMU, by PASID */

c_code {
	\#include "tests/model/steps.h"
};

#define STEP(when, what) \
	:: d_step { (when) -> c_code { step_begins(#what); what; settle(); } }
#define ASK(question) c_expr { (question) }

#if MMS == 3
#define EACH_MM(S, c)	S(c, 0) S(c, 1) S(c, 2)
#define EACH_OTHER_MM(S, m) S(m, 0) S(m, 1) S(m, 2)
#else
#define EACH_MM(S, c)	S(c, 0) S(c, 1)
#define EACH_OTHER_MM(S, m) S(m, 0) S(m, 1)
#endif
#define EACH_DEVICE(S, c, m) S(c, m, 0) S(c, m, 1)
#if CONTEXTS == 4
#define EACH_CONTEXT(S)	S(0) S(1) S(2) S(3)
#elif CONTEXTS == 3
#define EACH_CONTEXT(S)	S(0) S(1) S(2)
#else
#define EACH_CONTEXT(S)	S(0) S(1)
#endif

#define REST(c)		(ctx[c].at == AT_REST)
#define PHASE(c, p)	(ctx[c].at != AT_NOWHERE && ctx[c].phase == p)
#define ALIVE(m)	(mm[m].life == MM_ALIVE)

/* ------------------------------------------------------------- what others do */

#define EXECS(m, n) \
	STEP(m != n && ASK(may_exit(m) && mm_fresh(n)), process_execs(m, n))

#define PROCESS(c, m) \
	STEP(ASK(may_exit(m)), process_exits(m, 1)) \
	STEP(ASK(may_exit(m) && mm_bound(m)), process_exits(m, 0)) \
	EACH_OTHER_MM(EXECS, m)

/* take_type(): no new context on a device that goes */
#ifdef NO_GUARD_GONE
#define USABLE(d)	true
#else
#define USABLE(d)	(dev[d].life == DEV_HERE)
#endif

#define CREATES(c, m, d) \
	STEP(USABLE(d) && ctx[c].at == AT_NOWHERE && ALIVE(m), \
	     create(c, m, d))

/* A process with a descriptor: the owner, or one to which it leaked */
#define USES(c, m) \
	STEP((ctx[c].given || ctx[c].phase >= BOUND) && ctx[c].at != AT_NOWHERE && ALIVE(m) && \
	     ASK(may_begin(c, m)), bind_begin(c, m)) \
	STEP(PHASE(c, BOUND) && ctx[c].mm != m && ALIVE(m) && ASK(passes_check(c, m)), use(c, m)) \
	EACH_DEVICE(CREATES, c, m)

/*
 * Every end that is asked for from outside of the protocol: UNBIND_TASK, close, a
 * revoke by svad or the administrator, a fault storm, a group that is not viable any
 * more.  The claim comes with the verdict, as any claim at all.
 */
#define CONTEXT(c) \
	STEP(PHASE(c, CREATED) && !ctx[c].given && REST(c), now.ctx[c].given = 1) \
	STEP(ctx[c].at != AT_NOWHERE && ctx[c].phase <= BOUND && !ctx[c].asked, request_end(c)) \
	STEP(PHASE(c, QUARANTINED) && REST(c) && dev[ctx[c].dev].life != DEV_ABSENT, \
	     late_evidence(c, SVA_RELEASE_CLEAN)) \
	EACH_MM(USES, c)

#define ADMINISTRATOR(d) \
	STEP(dev[d].life == DEV_HERE && dev[d].reset == RESET_NONE, reset_begins(d)) \
	STEP(dev[d].life == DEV_HERE, removed(d)) \
	STEP(dev[d].life == DEV_ABSENT, registers(d))

active proctype others()
{
end:	do
	EACH_MM(PROCESS, 0)
	EACH_CONTEXT(CONTEXT)
	ADMINISTRATOR(0)
	ADMINISTRATOR(1)
	STEP(true, daemon_dies())
	STEP(ASK(may_unload()), unload())
	od
}

/* ------------------------------------------------------ what kernel/core does */

/* Whoever works on the context: the binder, the process that unbinds, end_work */
#ifdef NO_GUARD_OWNER_WATCH
#define OWNER_WORK(c)
#else
#define OWNER_WORK(c) \
	STEP(PHASE(c, CREATED) && REST(c) && ctx[c].mm == NOBODY, request_end(c))
#endif

#define WORKS(c, when, what) \
	:: d_step { (when) -> c_code { step_begins(#what); what; worked(c); settle(); } }

#ifdef NO_GUARD_END_WORK
#define END_WORK(c)
#else
#define END_WORK(c) WORKS(c, ctx[c].at == AT_END_BEGIN && ASK(may_leave(c)), end_begin(c))
#endif

/* With all that can come of evidence, claim and trust */
#define LEAVES_SO(c, when, leave, evidence, claim, trusted) \
	WORKS(c, (when) && ASK(differs(evidence, claim, trusted)), \
	      leave(c, evidence, claim, trusted))
#define LEAVES_WITH(c, when, leave, evidence) \
	LEAVES_SO(c, when, leave, evidence, SVA_CLAIM_NONE, 0) \
	LEAVES_SO(c, when, leave, evidence, SVA_CLAIM_NONE, 1) \
	LEAVES_SO(c, when, leave, evidence, SVA_CLAIM_FLUSHED, 0) \
	LEAVES_SO(c, when, leave, evidence, SVA_CLAIM_FLUSHED, 1) \
	LEAVES_SO(c, when, leave, evidence, SVA_CLAIM_CLEAN, 0) \
	LEAVES_SO(c, when, leave, evidence, SVA_CLAIM_CLEAN, 1)
#define LEAVES(c, when, leave) \
	LEAVES_WITH(c, when, leave, SVA_EVIDENCE_CLEAN) \
	LEAVES_WITH(c, when, leave, SVA_EVIDENCE_FLUSHED) \
	LEAVES_WITH(c, when, leave, SVA_EVIDENCE_NEITHER) \
	LEAVES_WITH(c, when, leave, SVA_EVIDENCE_UNKNOWN) \
	LEAVES_WITH(c, when, leave, SVA_EVIDENCE_FAILED)

#define WORK(c) \
	OWNER_WORK(c) \
	WORKS(c, ctx[c].at == AT_BIND_ENTER && ASK(may_enter(c)), bind_enter(c)) \
	STEP(ctx[c].at == AT_BIND_ENTER, bind_killed(c)) \
	WORKS(c, ctx[c].at == AT_BIND_CORE, bind_core(c)) \
	WORKS(c, ctx[c].at == AT_BIND_CORE, bind_fails(c)) \
	WORKS(c, ctx[c].at == AT_BIND_DONE, bind_done(c)) \
	WORKS(c, ctx[c].at == AT_UNBIND_CORE, unbind_core(c)) \
	END_WORK(c) \
	LEAVES(c, ctx[c].at == AT_END_STOP, end_stop) \
	LEAVES(c, ASK(exiting(c)), exit_leaves) \
	WORKS(c, ctx[c].at == AT_END_FINISH, end_finish(c)) \
	WORKS(c, ctx[c].at == AT_END_ENDED, end_ended(c)) \
	WORKS(c, ctx[c].at == AT_RESOLVE, resolve_pasid(c))

#define WORKER(c) active proctype worker_##c() { end: do WORK(c) od }

EACH_CONTEXT(WORKER)

/* Its reset_work, and whoever unregisters it */
#define WORKS_ON(d, when, what) \
	:: d_step { (when) -> c_code { step_begins(#what); what; device_worked(d); settle(); } }

#define DEVICE(d) active proctype device_##d() { \
end:	do \
	WORKS_ON(d, dev[d].reset == RESET_WAIT && ASK(idle(d)), reset_tried(d, 1)) \
	WORKS_ON(d, dev[d].reset == RESET_WAIT && ASK(idle(d)), reset_tried(d, 0)) \
	WORKS_ON(d, dev[d].reset == RESET_RESOLVE, reset_done(d)) \
	WORKS_ON(d, dev[d].life == DEV_GONE && dev[d].reset == RESET_NONE, remove_ends(d)) \
	WORKS_ON(d, dev[d].life == DEV_ENDING && dev[d].contexts == dev[d].quarantined, \
	     remove_resets(d, 1)) \
	WORKS_ON(d, dev[d].life == DEV_ENDING && dev[d].contexts == dev[d].quarantined, \
	     remove_resets(d, 0)) \
	WORKS_ON(d, dev[d].life == DEV_RESOLVE, remove_resolves(d)) \
	od }

DEVICE(0)
DEVICE(1)
