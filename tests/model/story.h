/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * story.h - which steps were taken; a counterexample, told step by step
 *
 * Of a counterexample after each step what it led to.  Numbers of address spaces,
 * contexts and devices are those of the step; the next one may have others for them
 * (symmetry.h).
 */
#define NAMES_MAX	4096

static const char *names_taken[NAMES_MAX];

/* "taken NAME" for each, when the search is over */
static void tell_taken(void)
{
	for (int i = 0; i < NAMES_MAX; i++)
		if (names_taken[i])
			printf("taken %s\n", names_taken[i]);
}

/* By its address: each step's name is a string of its own */
static void note_taken(const char *name)
{
	unsigned long at = (unsigned long)name;

	if (!names_taken[0]) {
		names_taken[0] = "";
		atexit(tell_taken);
	}
	while (names_taken[at % NAMES_MAX] && names_taken[at % NAMES_MAX] != name)
		at++;
	names_taken[at % NAMES_MAX] = name;
}

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
