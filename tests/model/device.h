/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device.h - steps: resets, removal, registration; the module (reset.c, device.c, main.c)
 */
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

		if (!used(x) || x->dev != d || x->orphan || x->at == AT_RESOLVE)
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
