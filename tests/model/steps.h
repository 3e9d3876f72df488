/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * steps.h - the steps of protocol.pml, in C, inside Spin's verifier
 *
 * Each function is one step, which nobody else comes between.  Its comment names
 * the functions of kernel/core that it stands for: what is done under one lock, and
 * beside it what touches nothing that others look at, or only lets go of what the
 * others then may take, now or later.  What kernel/core/release.c decides is
 * decided here by release.c itself, which is compiled in.
 *
 * NO_GUARD_*: the model without one of the guards that the rules rest on.
 */
#include <string.h>

#include "kernel/core/release.c"
#include "protocol.h"

/* Spin's: report an error, and write down how it came to it */
extern void (*uerror)(char *);

static void rule(int holds, char *what)
{
	if (!holds)
		uerror(what);
}

/* --------------------------------------------------------- the data's names */

static struct Ctx *ctx_of(int c)
{
	return &now.ctx[c];
}

static struct Dev *dev_of(const struct Ctx *x)
{
	return &now.dev[x->dev];
}

/* struct sva_pasid of the context's address space in the context's group */
static struct Entry *entry_of(const struct Ctx *x)
{
#ifdef NO_GUARD_GROUP
	return &now.entry[x->dev * MMS + x->mm];
#else
	return &now.entry[GROUP(x->dev) * MMS + x->mm];
#endif
}

/* Are page requests of this PASID waiting in the group's IOMMU? */
static unsigned char *requests_of(const struct Ctx *x)
{
	return &now.requests[GROUP(x->dev) * PASIDS + x->pasid - 1];
}

static int same_group(const struct Ctx *x, const struct Ctx *y)
{
	return GROUP(x->dev) == GROUP(y->dev);
}

static int used(const struct Ctx *x)
{
	return x->at != AT_NOWHERE;
}

/* ---------------------------------------------- the machines of release.c */

#define ON_CONTEXT(x, call) ({						\
	struct sva_context_machine m = { (x)->phase, (x)->release, (x)->ending }; \
	int on_ret = (call);						\
	(x)->phase = m.phase;						\
	(x)->release = m.release;					\
	(x)->ending = m.ending;						\
	on_ret; })

/* Without worst, which is for users to read: nothing is decided by it */
#define ON_PASID(e, call) ({						\
	struct sva_pasid_machine m = { (e)->live, (e)->stopping, (e)->neither, 0 }; \
	int on_ret = (call);						\
	(e)->live = m.live;						\
	(e)->stopping = m.stopping;					\
	(e)->neither = m.neither;					\
	on_ret; })

/* -------------------------------------------------------- address spaces */

static int mm_bound(int m)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (now.ctx[c].handle && now.ctx[c].mm == m)
			return 1;
	return 0;
}

/* mm_count: mmgrab() of pasid_alloc(), and of the core while it is bound */
static int mm_held(int m)
{
	if (mm_bound(m))
		return 1;
#ifndef NO_GUARD_MMGRAB
	for (int g = 0; g < DEVICES; g++)
		if (now.entry[g * MMS + m].ref)
			return 1;
#endif
	return 0;
}

/* __mmdrop(): the core frees the PASID, and gives it to the next */
static void mm_drop(int m)
{
	if (m == NOBODY || now.mm[m].life != MM_EXITED || mm_held(m))
		return;
	now.mm[m].life = MM_ALIVE;
	now.mm[m].pasid = 0;
}

/* A process that is in BIND_TASK does not exit before it returns */
static int mm_binding(int m)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (now.ctx[c].mm == m && now.ctx[c].at >= AT_BIND_ENTER &&
		    now.ctx[c].at <= AT_UNBIND_CORE)
			return 1;
	return 0;
}

/* Is there nothing yet that this address space has to do with? */
static int mm_fresh(int m)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (used(ctx_of(c)) && ctx_of(c)->mm == m)
			return 0;
	return now.mm[m].life == MM_ALIVE && !now.mm[m].pasid;
}

/* sva_context_request_end(), also what sva_context_end_async() does of it */
static void request_end(int c)
{
	struct Ctx *x = ctx_of(c);
	int mine, ending = x->ending;

	mine = ON_CONTEXT(x, sva_context_end(&m));
#ifdef NO_GUARD_ENDING
	if (x->phase == SVA_PHASE_BINDING)
		x->ending = ending;
#endif
#ifdef NO_GUARD_ONE_END
	mine |= x->phase == SVA_PHASE_STOPPING;
#endif
	(void)ending;
	if (x->phase < SVA_PHASE_ENDED)
		x->asked = 1;
	if (!mine)
		return;
	rule(x->at == AT_REST, "R5: a second teardown of one context");
	x->at = AT_END_BEGIN;
}

/*
 * The end of an address space: mm_event() of each context bound to it.  That they
 * are told at the same time leaves nothing out: request_end() can come before.
 */
static void mm_exit(int m)
{
	now.mm[m].life = MM_EXITED;
#ifndef NO_GUARD_MM_WATCH
	for (int c = 0; c < CONTEXTS; c++)
		if (now.ctx[c].mm == m && now.ctx[c].phase == SVA_PHASE_BOUND && used(&now.ctx[c]))
			request_end(c);
#endif
}

/* Who is or has been bound names the address space; who is not, its owner */
static void owner_moves(int from, int to)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (used(&now.ctx[c]) && !now.ctx[c].entry && now.ctx[c].mm == from)
			now.ctx[c].mm = to;
}

static void process_exits(int m)
{
	mm_exit(m);
	owner_moves(m, NOBODY);
	mm_drop(m);
}

/* The process goes on in another address space, and still owns what it has not bound */
static void process_execs(int from, int to)
{
	mm_exit(from);
	owner_moves(from, to);
	mm_drop(from);
}

/* ------------------------------------------------------- IOMMU and its core */

static int lowest_pasid(void)
{
	for (int p = 1; p <= PASIDS; p++) {
		int taken = 0;

		for (int m = 0; m < MMS; m++)
			taken |= now.mm[m].pasid == p;
		if (!taken)
			return p;
	}
	return 0;
}

/* R3 where a PASID is attached: does a device still use it for somebody else? */
static void check_attach(const struct Ctx *x)
{
	for (int c = 0; c < CONTEXTS; c++) {
		const struct Ctx *y = &now.ctx[c];

		rule(!y->accesses || y->pasid != x->pasid || !same_group(x, y) || y->mm == x->mm,
		     "R3: a PASID is given on while a device may still use it");
	}
	for (int d = 0; d < DEVICES; d++)
		rule(GROUP(d) != GROUP(x->dev) || !now.dev[d].stale[x->pasid - 1],
		     "R3: a PASID is given on while a device may still use it");
}

/* iommu_sva_bind_device(): 0, or no PASID is left */
static int core_bind(struct Ctx *x)
{
	struct Mm *mm = &now.mm[x->mm];

	if (!mm->pasid)
		mm->pasid = lowest_pasid();
	if (!mm->pasid)
		return -ENOSPC;
	x->pasid = mm->pasid;
	check_attach(x);
	x->handle = 1;
	return 0;
}

/* iommu_sva_unbind_device(): the last one of the group detaches, and drains */
static void core_unbind(struct Ctx *x)
{
	x->handle = 0;
	for (int c = 0; c < CONTEXTS; c++)
		if (now.ctx[c].handle && now.ctx[c].mm == x->mm && same_group(x, &now.ctx[c]))
			return;
	*requests_of(x) = 0;
}

/* ----------------------------------------------------- group.c: struct sva_pasid */

static void pasid_put(struct Ctx *x)
{
	struct Entry *e = entry_of(x);

	rule(e->ref > 0, "R5: a PASID's reference is put twice");
	e->ref--;
	rule(e->ref || (!e->live && !e->stopping && !e->neither),
	     "R3: a PASID is let go that is not free");
	if (!e->ref)
		memset(e, 0, sizeof(*e));
	mm_drop(x->mm);
}

/* Has the end of @y under the PASID of @x begun, and may it still access memory? */
static int leaves_accesses(const struct Ctx *x, const struct Ctx *y)
{
	return y->accesses && y->mm == x->mm && same_group(x, y) &&
	       (y->at >= AT_END_STOP || y->phase >= SVA_PHASE_ENDED);
}

/* Nothing that has ended under this PASID is still under way */
static int all_known_safe(const struct Ctx *x)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (leaves_accesses(x, &now.ctx[c]))
			return 0;
	return 1;
}

static void pasid_begin_end(struct Ctx *x)
{
	rule(!ON_PASID(entry_of(x), sva_pasid_stopping(&m)), "R5: an end without a binding");
}

static void pasid_finish_end(struct Ctx *x, enum sva_release release)
{
	int free = ON_PASID(entry_of(x), sva_pasid_ended(&m, release));

	rule(free >= 0, "R5: an end that was not begun is finished");
	if (free <= 0)
		return;
	rule(all_known_safe(x), "R3: a PASID is called free while a device may still use it");
	rule(!x->pasid || !*requests_of(x),
	     "R3: a PASID is called free with page requests in the IOMMU");
}

/* --------------------------------------------------- context.c: creation */

/* sva_context_create(), as a whole: who ends it meanwhile leaves that to its creator */
static void create(int c, int m, int d)
{
	struct Ctx *x = ctx_of(c);

	x->mm = m;
	x->dev = d;
	(void)ON_CONTEXT(x, (sva_context_machine_init(&m), 0));
	x->at = AT_REST;
	now.dev[d].contexts++;
}

/*
 * svad dies: the contexts whose descriptors it has not sent are closed.  While it is
 * away, and when it is back and has asked for the list, only what it may do differs.
 */
static void daemon_dies(void)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (used(&now.ctx[c]) && now.ctx[c].phase < SVA_PHASE_BOUND && !now.ctx[c].given)
			request_end(c);
}

/* The last descriptor is closed: the context is freed */
static void forget(int c)
{
	memset(ctx_of(c), 0, sizeof(struct Ctx));
}

/* R1: sva_context_check(), asked by process @m with a descriptor that leaked to it */
static int passes_check(int c, int m)
{
	const struct Ctx *x = ctx_of(c);

#ifdef NO_GUARD_MM
	return x->phase == SVA_PHASE_BOUND;
#else
	return x->phase == SVA_PHASE_BOUND && x->mm == m;
#endif
}

static void use(int c, int m)
{
	rule(ctx_of(c)->mm == m, "R1: a process uses a context that is bound to another");
}

/* ------------------------------------------------------------------ bind.c */

/* sva_device_begin_bind() refuses */
static int device_refuses(const struct Dev *d)
{
#ifdef NO_GUARD_RESETTING
	return d->life != DEV_HERE;
#else
	return d->life != DEV_HERE || d->reset != RESET_NONE;
#endif
}

/* sva_orphans_have() */
static int orphaned(int m)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (now.ctx[c].orphan && now.ctx[c].mm == m)
			return 1;
	return 0;
}

/* sva_device_undo_bind(), leave_bind(), not bound */
static void undo(struct Ctx *x)
{
	dev_of(x)->live--;
	x->at = ON_CONTEXT(x, sva_context_bind_undo(&m)) ? AT_END_BEGIN : AT_REST;
}

static void leave_entry(struct Ctx *x)
{
	pasid_put(x);
	x->entry = 0;
	x->pasid = 0;
	undo(x);
}

/* begin_bind(), by process @m with a descriptor that leaked to it: 0, or refused */
static int try_begin(struct Ctx *x, int m)
{
#ifndef NO_GUARD_OWNER
	if (x->mm != m && x->phase != SVA_PHASE_ENDED)
		return -EPERM;
#endif
#ifdef NO_GUARD_BIND_ONCE
	if (x->phase == SVA_PHASE_ENDED)
		(void)ON_CONTEXT(x, (sva_context_machine_init(&m), 0));
#endif
	return ON_CONTEXT(x, sva_context_bind_begin(&m));
}

static int may_begin(int c, int m)
{
	struct Ctx x = *ctx_of(c);

	return !try_begin(&x, m);
}

/*
 * begin_bind(), and what follows as far as nothing has to be waited for:
 * sva_device_begin_bind(), and in bind_pasid() sva_orphans_have() and
 * sva_pasid_get() with its mmgrab()
 */
static void bind_begin(int c, int m)
{
	struct Ctx *x = ctx_of(c);

	(void)try_begin(x, m);
	rule(!x->bound, "R2: a context is bound a second time");
	rule(x->mm == m, "R2: a context is bound by another than its owner");
	dev_of(x)->live++;
	if (device_refuses(dev_of(x)) || orphaned(x->mm)) {
		undo(x);
		return;
	}
	entry_of(x)->ref++;
	x->entry = 1;
	x->at = AT_BIND_ENTER;
}

static int try_bind(struct Ctx *x)
{
	struct Entry *e = entry_of(x);
	int ret = ON_PASID(e, sva_pasid_bind(&m));

#ifdef NO_GUARD_QUARANTINE
	if (ret == -EBUSY) {
		e->live++;
		ret = 0;
	}
#endif
#ifdef NO_GUARD_DRAINING
	if (ret == -EAGAIN) {
		e->live++;
		ret = 0;
	}
#endif
	return ret;
}

/* sva_pasid_enter(): has the wait ended? */
static int may_enter(int c)
{
	struct Entry e = *entry_of(ctx_of(c)), *was = entry_of(ctx_of(c));
	int ret = try_bind(ctx_of(c));

	*was = e;
	return ret != -EAGAIN;
}

/* ... it has */
static void bind_enter(int c)
{
	struct Ctx *x = ctx_of(c);

	if (try_bind(x)) {
		leave_entry(x);
		return;
	}
	rule(all_known_safe(x),
	     "R3: a PASID is bound again while a device may still use it as it was");
	x->at = AT_BIND_CORE;
}

/* ... it was interrupted: SIGKILL */
static void bind_killed(int c)
{
	leave_entry(ctx_of(c));
}

/* iommu_sva_bind_device() finds no PASID */
static void bind_core_fails(struct Ctx *x)
{
	pasid_begin_end(x);
	pasid_finish_end(x, SVA_RELEASE_CLEAN);
	leave_entry(x);
}

/* ... or does; start_queue(): from here on the device may do anything under it */
static void bind_core(int c)
{
	struct Ctx *x = ctx_of(c);

	if (core_bind(x)) {
		bind_core_fails(x);
		return;
	}
	x->accesses = 1;
	x->at = AT_BIND_DONE;
}

/* ... or a failed copy-out, watch_mm() or context_bind(); unbind_pasid() begins */
static void bind_fails(int c)
{
	struct Ctx *x = ctx_of(c);

	if (core_bind(x)) {
		bind_core_fails(x);
		return;
	}
	pasid_begin_end(x);
	x->at = AT_UNBIND_CORE;
}

/* unbind_pasid() goes on */
static void unbind_core(int c)
{
	struct Ctx *x = ctx_of(c);

	core_unbind(x);
	pasid_finish_end(x, SVA_RELEASE_CLEAN);
	leave_entry(x);
}

/* leave_bind(), bound */
static void bind_done(int c)
{
	struct Ctx *x = ctx_of(c);

	x->at = ON_CONTEXT(x, sva_context_bind_done(&m)) ? AT_END_BEGIN : AT_REST;
	x->bound++;
	x->given = 0;
}

/* ------------------------------------------------------------------- end.c */

/* stop_queue() until context_block(); a context that was never bound has no queue */
static void end_begin(int c)
{
	struct Ctx *x = ctx_of(c);

	x->verdict = SVA_RELEASE_CLEAN;
	x->at = x->handle ? AT_END_STOP : AT_END_ENDED;
	if (x->handle)
		pasid_begin_end(x);
}

/*
 * context_stop() says what is true: CLEAN that there are no accesses and no page
 * requests, FLUSHED that page requests are with the IOMMU; of the rest the worst
 * is true: the accesses go on.
 */
static void stop(struct Ctx *x, enum sva_evidence evidence)
{
	if (evidence == SVA_EVIDENCE_CLEAN || evidence == SVA_EVIDENCE_FLUSHED)
		x->accesses = 0;
	if (evidence == SVA_EVIDENCE_FLUSHED)
		*requests_of(x) = 1;
}

/*
 * Where the device cannot tell and the administrator trusts the users, what they
 * say is true: that is what trust means.
 */
static enum sva_release verdict_of(struct Ctx *x, enum sva_evidence evidence,
				   enum sva_claim claim, int trusted)
{
	if (evidence == SVA_EVIDENCE_UNKNOWN && trusted && claim != SVA_CLAIM_NONE)
		x->accesses = 0;
#ifdef NO_GUARD_CLAIM
	if (claim == SVA_CLAIM_CLEAN)
		return SVA_RELEASE_CLEAN;
#endif
	return sva_release_decide(evidence, claim, trusted);
}

#define EVIDENCES	(SVA_EVIDENCE_FAILED + 1)
#define CLAIMS		(SVA_CLAIM_CLEAN + 1)
#define ENDS		(EVIDENCES * CLAIMS * 2)

/* What a stop leads to: verdict, accesses, page requests, as one number */
static int outcome(int end)
{
	enum sva_evidence evidence = end / (CLAIMS * 2);
	struct Ctx x = { .accesses = 1 };
	int verdict;

	if (evidence == SVA_EVIDENCE_CLEAN || evidence == SVA_EVIDENCE_FLUSHED)
		x.accesses = 0;
	verdict = verdict_of(&x, evidence, end / 2 % CLAIMS, end % 2);
	return verdict | x.accesses << 4 | (evidence == SVA_EVIDENCE_FLUSHED) << 5;
}

/* Of ends with the same outcome one is enough: the first */
static int differs(enum sva_evidence evidence, enum sva_claim claim, int trusted)
{
	static signed char known[ENDS];
	int end = (evidence * CLAIMS + claim) * 2 + trusted;

	if (!known[end])
		known[end] = 1;
	for (int e = 0; e < end && known[end] == 1; e++)
		if (outcome(e) == outcome(end))
			known[end] = -1;
	if (known[end] == 1)
		known[end] = 2;
	return known[end] == 2;
}

/* context_stop(), iommu_sva_unbind_device() whatever it said, and the verdict */
static void end_stop(int c, enum sva_evidence evidence, enum sva_claim claim, int trusted)
{
	struct Ctx *x = ctx_of(c);

	stop(x, evidence);
	x->verdict = verdict_of(x, evidence, claim, trusted);
	rule(x->verdict == SVA_RELEASE_NEITHER || !x->accesses, "R4: called safe without evidence");
	x->at = AT_END_FINISH;
#ifdef NO_GUARD_ORDER
	return;
#endif
#ifdef NO_GUARD_UNBIND_ALWAYS
	if (x->accesses) {
		x->handle = 0;
		x->attached = 1;
		return;
	}
#endif
	core_unbind(x);
}

/* sva_pasid_finish_end() */
static void end_finish(int c)
{
	struct Ctx *x = ctx_of(c);

	pasid_finish_end(x, x->verdict);
#ifdef NO_GUARD_ORDER
	core_unbind(x);
#endif
	x->at = AT_END_ENDED;
}

/* maybe_reset_locked() */
static void maybe_reset(struct Dev *d)
{
	if (d->life == DEV_HERE && !d->reset && !d->live && d->quarantined)
		d->reset = RESET_WAIT;
}

/* The PASID's reference; accesses that go on are from now on the device's */
static void put(struct Ctx *x)
{
	if (x->accesses)
		dev_of(x)->stale[x->pasid - 1] = 1;
	x->accesses = 0;
	rule(x->phase == SVA_PHASE_ENDED, "R5: a context is let go that has not ended");
	if (x->entry)
		pasid_put(x);
	memset(x, 0, sizeof(*x));
	/* all that is asked of it from now on is what it refuses */
	x->phase = SVA_PHASE_ENDED;
	x->release = SVA_RELEASE_CLEAN;
	x->ending = 1;
	x->bound = 1;
	x->mm = NOBODY;
	x->at = AT_REST;
}

/* sva_device_context_ended(), and where that is all, sva_pasid_put() */
static void end_ended(int c)
{
	struct Ctx *x = ctx_of(c);
	int ret = ON_CONTEXT(x, sva_context_ended(&m, x->verdict));

	rule(!ret, "R5: an end is carried out twice");
	x->verdict = 0;
	x->asked = 0;
	dev_of(x)->live -= x->entry;
	dev_of(x)->contexts -= x->phase == SVA_PHASE_ENDED;
	dev_of(x)->quarantined += x->phase == SVA_PHASE_QUARANTINED;
	maybe_reset(dev_of(x));
	x->at = AT_REST;
	if (x->phase == SVA_PHASE_ENDED)
		put(x);
}

/* sva_context_resolve(): sva_device_context_resolved() lets one caller through */
static void resolve(int c, enum sva_release release)
{
	struct Ctx *x = ctx_of(c);

	if (ON_CONTEXT(x, sva_context_resolved(&m, release)))
		return;
	if (!x->orphan) {
		dev_of(x)->contexts--;
		dev_of(x)->quarantined--;
	}
	x->at = AT_RESOLVE;
}

/* sva_orphans_drop(), sva_pasid_resolve(), sva_pasid_put() */
static void resolve_pasid(int c)
{
	struct Ctx *x = ctx_of(c);
	int free = ON_PASID(entry_of(x), sva_pasid_resolved(&m));

	x->orphan = 0;
	rule(free >= 0, "R5: a quarantine ends twice");
	rule(!x->accesses, "R3: a quarantine ends without proof");
	put(x);
}

/* sva_context_late_evidence(): the device has seen the last access complete */
static void late_evidence(int c, enum sva_release release)
{
	ctx_of(c)->accesses = 0;
	resolve(c, release);
}

/* ----------------------------------------------------------------- reset.c */

/* sva_device_end_all() */
static void end_all(int d, int bound_only)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (used(&now.ctx[c]) && now.ctx[c].dev == d && !now.ctx[c].orphan &&
		    (!bound_only || now.ctx[c].phase != SVA_PHASE_CREATED))
			request_end(c);
}

/* ops.reset() succeeds: no access of this device is under way */
static void device_resets(int d)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (used(&now.ctx[c]) && now.ctx[c].dev == d &&
		    now.ctx[c].phase == SVA_PHASE_QUARANTINED)
			now.ctx[c].accesses = 0;
	memset(now.dev[d].stale, 0, sizeof(now.dev[d].stale));
}

/* resolve_all(), sva_orphans_resolve() */
static void resolve_all(int d)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (used(&now.ctx[c]) && now.ctx[c].dev == d && now.ctx[c].at == AT_REST)
			resolve(c, SVA_RELEASE_CLEAN);
}

static int idle(int d)
{
#ifdef NO_GUARD_IDLE
	return 1;
#else
	return !now.dev[d].live;
#endif
}

/* sva_device_start_reset(), end_for_reset() */
static void reset_begins(int d)
{
	end_all(d, 1);
	now.dev[d].reset = RESET_WAIT;
}

/* sva_device_reset_idle() */
static void reset_tried(int d, int ok)
{
	if (ok)
		device_resets(d);
#ifdef NO_GUARD_RESET_FAILED
	ok = 1;
#endif
	now.dev[d].reset = ok ? RESET_RESOLVE : RESET_NONE;
}

/* finish_reset() */
static void reset_done(int d)
{
	resolve_all(d);
	now.dev[d].reset = RESET_NONE;
}

/* ----------------------------------------------------- device.c: removal */

/* sva_device_retire() until the contexts are told: after a reset that is under way */
static void remove_ends(int d)
{
	end_all(d, 0);
	now.dev[d].life = DEV_ENDING;
}

/* set_gone() */
static void removed(int d)
{
	now.dev[d].life = DEV_GONE;
	if (now.dev[d].reset == RESET_NONE)
		remove_ends(d);
}


/* It leaves; what is in quarantine outlives it: sva_orphans_take() */
static void remove_done(int d)
{
	for (int c = 0; c < CONTEXTS; c++) {
		struct Ctx *x = &now.ctx[c];

		if (!used(x) || x->dev != d || x->orphan || x->phase == SVA_PHASE_ENDED)
			continue;
		rule(x->phase == SVA_PHASE_QUARANTINED, "R5: a context outlives its device");
#ifdef NO_GUARD_ORPHANS
		resolve(c, SVA_RELEASE_CLEAN);
#else
		x->orphan = 1;
#endif
	}
	now.dev[d].contexts = now.dev[d].quarantined = 0;
	rule(!now.dev[d].live, "R5: a device leaves with a binding");
	now.dev[d].life = DEV_ABSENT;
}

/* The reset that sva_device_retire() does, if there is quarantine */
static void remove_resets(int d, int ok)
{
	if (ok) {
		device_resets(d);
		now.dev[d].life = DEV_RESOLVE;
	} else {
		remove_done(d);
	}
}

static void remove_resolves(int d)
{
	resolve_all(d);
	remove_done(d);
}

/*
 * sva_device_register(): reset first, for whoever drove it meanwhile may have left
 * accesses under any PASID
 */
static void registers(int d)
{
#ifdef NO_GUARD_REGISTER_RESET
	memset(now.dev[d].stale, 1, sizeof(now.dev[d].stale));
#else
	device_resets(d);
	resolve_all(d);
#endif
	now.dev[d].life = DEV_HERE;
}

/* ------------------------------------------------------------------- main.c */

/* Open descriptors and orphans hold the module */
static int may_unload(void)
{
	for (int d = 0; d < DEVICES; d++)
		if (now.dev[d].life != DEV_ABSENT)
			return 0;
	for (int c = 0; c < CONTEXTS; c++) {
#ifdef NO_GUARD_UNLOAD
		if (now.ctx[c].orphan && now.ctx[c].at == AT_REST)
			continue;
#endif
		if (used(&now.ctx[c]))
			return 0;
	}
	return 1;
}

/* All that the module knew is forgotten */
static void unload(void)
{
	for (int c = 0; c < CONTEXTS; c++) {
		struct Ctx *x = &now.ctx[c];

		if (x->accesses)
			now.dev[x->dev].stale[x->pasid - 1] = 1;
		memset(x, 0, sizeof(*x));
	}
	memset(now.entry, 0, sizeof(now.entry));
	for (int m = 0; m < MMS; m++)
		mm_drop(m);
}

#include "invariants.h"
#include "progress.h"
#include "symmetry.h"

/* After each step: the rules, and one name for what differs in names only */
static void settle(void)
{
	check_rules();
	check_progress();
	canonise();
}
