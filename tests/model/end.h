/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * end.h - steps: the one teardown, and the way out of quarantine (end.c, table.c)
 */
/* sva_context_finish_end() until context_stop(); what was never bound has no queue */
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

/* The same by the process that exits, in its notifier: sva_context_mm_ends() */
static void exit_leaves(int c, enum sva_evidence evidence, enum sva_claim claim, int trusted)
{
	int m = ctx_of(c)->mm;

	rule(ctx_of(c)->at == AT_END_BEGIN, "R5: two take a context off its device");
	end_begin(c);
	end_stop(c, evidence, claim, trusted);
	if (!mm_bound(m))
		mm_exit_done(m);
}

static int exiting(int c)
{
	const struct Ctx *x = ctx_of(c);

	return used(x) && x->handle && x->at != AT_END_FINISH && now.mm[x->mm].life == MM_EXITING;
}

/* A worker waits for what the notifier does, if it comes too late for mmget() */
static int may_leave(int c)
{
#ifdef NO_GUARD_MM_ENDED
	return 1;
#else
	return !exiting(c);
#endif
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

/*
 * The PASID's reference; accesses that go on are from now on the device's.  What is
 * left of the context refuses all that is asked with its descriptor.
 */
static void put(struct Ctx *x)
{
	struct Ctx ended = *x;

	rule(try_begin(&ended, ended.mm), "R2: a context is bound a second time");
	if (x->accesses)
		dev_of(x)->stale[x->pasid - 1] = 1;
	x->accesses = 0;
	rule(x->phase == SVA_PHASE_ENDED, "R5: a context is let go that has not ended");
	if (x->entry)
		pasid_put(x);
	memset(x, 0, sizeof(*x));
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

/* sva_orphans_drop() and sva_pasid_resolve(), which it calls, as a step of their own */
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
