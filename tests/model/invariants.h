/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * invariants.h - what holds after every step of the model
 */

/* R1, the device's side: accesses reach no memory but that of the context's own */
static void check_reach(const struct Ctx *x)
{
	if (!x->accesses)
		return;
	for (int c = 0; c < CONTEXTS; c++) {
		const struct Ctx *y = &now.ctx[c];

		rule(!y->handle || !same_group(x, y) || y->pasid != x->pasid || y->mm == x->mm,
		     "R1: a device reaches another process's memory");
	}
	rule(!x->attached, "R3: a PASID in quarantine is still in the IOMMU");
}

static void check_context(const struct Ctx *x)
{
	rule(x->bound <= 1, "R2: a context is bound a second time");
	rule(!x->asked || x->phase == SVA_PHASE_STOPPING ||
	     (x->phase == SVA_PHASE_BINDING && x->ending), "R5: an end that was asked for is lost");
	rule(x->phase != SVA_PHASE_BOUND || now.mm[x->mm].life == MM_ALIVE,
	     "R5: a binding outlives its address space");
	rule(x->phase != SVA_PHASE_BOUND || x->accesses, "a bound context has a queue");
	check_reach(x);
}

/* Is the context bound, as its PASID's machine counts? */
static int counted_live(const struct Ctx *x)
{
	return x->at == AT_BIND_CORE || x->at == AT_BIND_DONE ||
	       (x->handle && (x->at == AT_REST || x->at == AT_END_BEGIN));
}

static int counted_stopping(const struct Ctx *x)
{
	return x->at == AT_UNBIND_CORE || ((x->at == AT_END_STOP || x->at == AT_END_FINISH) &&
					   x->entry);
}

static int counted_neither(const struct Ctx *x)
{
	return (x->at == AT_END_ENDED && x->entry && x->verdict == SVA_RELEASE_NEITHER) ||
	       x->phase == SVA_PHASE_QUARANTINED || x->at == AT_RESOLVE;
}

/* R5: the machine of a PASID counts the contexts that there are */
static void check_entry(int index)
{
	const struct Entry *e = &now.entry[index];
	int ref = 0, live = 0, stopping = 0, neither = 0;

	for (int c = 0; c < CONTEXTS; c++) {
		const struct Ctx *x = &now.ctx[c];

		if (!used(x) || !x->entry || entry_of(x) != e)
			continue;
		ref++;
		live += counted_live(x);
		stopping += counted_stopping(x);
		neither += counted_neither(x);
	}
	rule(e->ref == ref, "R5: a PASID's references are not those of its contexts");
	rule(e->live == live && e->stopping == stopping && e->neither == neither,
	     "R5: a PASID's counts are not those of its contexts");
}

/* R5: so does the device */
static void check_device(int d)
{
	int contexts = 0, live = 0, quarantined = 0;

	for (int c = 0; c < CONTEXTS; c++) {
		const struct Ctx *x = &now.ctx[c];

		if (!used(x) || x->dev != d || x->orphan)
			continue;
		contexts += x->phase != SVA_PHASE_ENDED;
		quarantined += x->phase == SVA_PHASE_QUARANTINED;
		live += x->entry && x->phase < SVA_PHASE_ENDED;
	}
	rule(now.dev[d].contexts == contexts && now.dev[d].quarantined == quarantined &&
	     now.dev[d].live == live, "R5: a device's counts are not those of its contexts");
}

/* A PASID that is held back is held back for somebody: it is seen in a context */
static void check_mm(int m)
{
	int seen = 0;

	for (int c = 0; c < CONTEXTS; c++)
		seen |= used(&now.ctx[c]) && now.ctx[c].entry && now.ctx[c].mm == m;
	rule(now.mm[m].life != MM_EXITED || seen, "R5: a PASID is leaked");
}

static void check_rules(void)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (used(&now.ctx[c]))
			check_context(&now.ctx[c]);
	for (int e = 0; e < DEVICES * MMS; e++)
		check_entry(e);
	for (int d = 0; d < DEVICES; d++)
		check_device(d);
	for (int m = 0; m < MMS; m++)
		check_mm(m);
}
