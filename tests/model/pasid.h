/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pasid.h - PASIDs: in the IOMMU and its core, and what group.c knows of them
 */
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
