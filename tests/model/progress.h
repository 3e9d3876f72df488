/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * progress.h - what is begun comes to its end (R3, R5)
 *
 * What holds after every step says it.  Each step of the work on a context brings it
 * nearer to its end; nobody else's step takes it further away; what a reset or a
 * removal waits for only becomes less; and where the kernel has nothing more to do,
 * all has come to its end: PASIDs of address spaces that have gone are free, or seen
 * in quarantine.  Workers that run again and again, as those of a workqueue do,
 * therefore get there: an end waits for nothing, and what waits, waits for ends.
 */

/* How many steps are left at most; 0: nothing is under way */
static int steps_left(const struct Ctx *x)
{
	static const int left[] = {
		[AT_NOWHERE] = 0, [AT_REST] = 0,
		[AT_BIND_ENTER] = 8, [AT_BIND_CORE] = 7, [AT_BIND_DONE] = 6,
		[AT_UNBIND_CORE] = 6, [AT_END_BEGIN] = 5, [AT_END_STOP] = 4,
		[AT_END_FINISH] = 3, [AT_END_ENDED] = 2, [AT_RESOLVE] = 1,
	};

	/* an unbound context whose owner has died (R2) */
	if (x->at == AT_REST && x->phase == SVA_PHASE_CREATED && x->mm == NOBODY)
		return 6;
	return left[x->at];
}

static int device_steps_left(const struct Dev *d)
{
	static const int life_left[] = {
		[DEV_HERE] = 0, [DEV_GONE] = 3, [DEV_ENDING] = 2, [DEV_RESOLVE] = 1, [DEV_ABSENT] = 0,
	};

	return 3 * life_left[d->life] + (RESET_RESOLVE + 1 - d->reset) % (RESET_RESOLVE + 1);
}

static int left_before[CONTEXTS], device_left_before[DEVICES];
static struct Dev device_before[DEVICES];

static void step_begins(const char *name)
{
	note_taken(name);
	if (readtrail)
		printf("step %s\n", name);
	for (int c = 0; c < CONTEXTS; c++)
		left_before[c] = steps_left(&now.ctx[c]);
	for (int d = 0; d < DEVICES; d++)
		device_left_before[d] = device_steps_left(&now.dev[d]);
	memcpy(device_before, now.dev, sizeof(device_before));
}

static void check_nothing_undone(void)
{
	for (int c = 0; c < CONTEXTS; c++)
		rule(!left_before[c] || steps_left(&now.ctx[c]) <= left_before[c],
		     "R5: an end that is under way is set back");
}

/* A reset and a removal wait for fewer and fewer */
static void check_nothing_begins(int d)
{
	const struct Dev *before = &device_before[d], *after = &now.dev[d];

	if (before->reset == RESET_WAIT && after->reset == RESET_WAIT)
		rule(after->live <= before->live, "R3: a binding begins during a reset");
	if (before->life == DEV_ENDING && after->life == DEV_ENDING)
		rule(after->contexts <= before->contexts, "R5: a context begins on a device that goes");
}

/* After a step of the work on context @c */
static void worked(int c)
{
	rule(steps_left(&now.ctx[c]) < left_before[c], "R5: work on a context does not get on");
}

static void device_worked(int d)
{
	rule(device_steps_left(&now.dev[d]) < device_left_before[d],
	     "R5: work on a device does not get on");
}

static int work_waits(int c)
{
	const struct Ctx *x = &now.ctx[c];

#ifdef NO_GUARD_OWNER_WATCH
	if (x->at == AT_REST)
		return 1;
#endif
#ifdef NO_GUARD_END_WORK
	if (x->at == AT_END_BEGIN)
		return 1;
#endif
	return !steps_left(x) || (x->at == AT_BIND_ENTER && !may_enter(c));
}

static int device_waits(int d)
{
	const struct Dev *dev = &now.dev[d];

	if (dev->reset == RESET_WAIT)
		return !idle(d);
	if (dev->life == DEV_ENDING)
		return dev->contexts != dev->quarantined;
	return !device_steps_left(dev);
}

static int seen_in_quarantine(int m)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (now.ctx[c].phase == SVA_PHASE_QUARANTINED && now.ctx[c].mm == m)
			return 1;
	return 0;
}

/* The kernel has nothing more to do */
static void check_the_end(void)
{
	for (int m = 0; m < MMS; m++)
		if (now.mm[m].life == MM_EXITING)
			return;		/* exit_leaves() */
	for (int c = 0; c < CONTEXTS; c++)
		if (!work_waits(c))
			return;
	for (int d = 0; d < DEVICES; d++)
		if (!device_waits(d))
			return;
	for (int c = 0; c < CONTEXTS; c++)
		rule(!steps_left(&now.ctx[c]), "R5: work on a context stops before its end");
	for (int d = 0; d < DEVICES; d++)
		rule(!device_steps_left(&now.dev[d]), "R5: work on a device stops before its end");
	for (int m = 0; m < MMS; m++)
		rule(now.mm[m].life == MM_ALIVE || seen_in_quarantine(m),
		     "R3: in the end a PASID is neither free nor seen in quarantine");
}

static void check_progress(void)
{
	check_nothing_undone();
	for (int d = 0; d < DEVICES; d++)
		check_nothing_begins(d);
	check_the_end();
}
