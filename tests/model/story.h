/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * story.h - a counterexample, told step by step
 *
 * After each step what it led to.  Numbers of address spaces, contexts and devices
 * are those of the step; the next one may have others for them (symmetry.h).
 */
static void tell_context(int c)
{
	static const char *const phases[] = {
		"created", "binding", "bound", "stopping", "ended", "quarantined",
	};
	const struct Ctx *x = &now.ctx[c];

	if (!used(x))
		return;
	printf("  context %d: %s", c, phases[x->phase]);
	if (x->mm == NOBODY)
		printf(", its owner is gone");
	else
		printf(", mm %d", x->mm);
	printf(", device %d", x->dev);
	if (x->pasid)
		printf(", PASID %d", x->pasid);
	printf("%s%s%s\n", x->accesses ? ", accesses under way" : "", x->orphan ? ", orphan" : "",
	       x->asked ? ", its end is wanted" : "");
}

static void tell_world(void)
{
	for (int c = 0; c < CONTEXTS; c++)
		tell_context(c);
	for (int m = 0; m < MMS; m++)
		if (now.mm[m].pasid)
			printf("  mm %d: PASID %d%s\n", m, now.mm[m].pasid,
			       now.mm[m].life == MM_EXITED ? ", exited" : "");
}
