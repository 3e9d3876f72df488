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
#include <stdlib.h>
#include <string.h>

#include "kernel/core/release.c"
#include "protocol.h"

/* Spin's: report an error, and write down how it came to it */
extern void (*uerror)(char *);
/* ... is this a counterexample that is shown? */
extern int readtrail;

static void rule(int holds, char *what)
{
	if (!holds)
		uerror(what);
}

#include "world.h"
#include "space.h"
#include "pasid.h"
#include "bind.h"
#include "end.h"
#include "device.h"
#include "invariants.h"
#include "story.h"
#include "progress.h"
#include "symmetry.h"

/* After each step: the rules, and one name for what differs in names only */
static void settle(void)
{
	if (readtrail)
		tell_world();
	check_rules();
	check_progress();
	canonise();
}
