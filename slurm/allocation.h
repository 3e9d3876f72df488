/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * allocation.h - what Slurm has given a job on this node, as slurmctld tells it
 *
 * Not as the job's environment or options tell it, which are the user's: a grant is
 * never more than what the scheduler has set aside.
 */
#ifndef SLURM_ALLOCATION_H
#define SLURM_ALLOCATION_H

#include "settings.h"

#define ALLOCATION_LEN 1024	/* of Slurm's words for it, with the NUL */

/* Slurm's words: "sva:soft0(CNT:2),acc:2(IDX:0,3)"; other resources are passed over */
bool allocation_read(struct shares *given, const char *text, const struct settings *settings,
		     struct refusal *why);

/*
 * Asks slurmctld for a job's allocation on @node.  In slurmstepd, where Slurm's library
 * is at work already.
 */
bool allocation_load(uint32_t job, const char *node, char text[ALLOCATION_LEN],
		     struct refusal *why);

/*
 * The same in the program that runs prologs: there a child asks, for Slurm's library may
 * end the process that calls it, and may wait for long, and both would drain the node.
 */
bool allocation_load_in_child(uint32_t job, const char *node, char text[ALLOCATION_LEN],
			      struct refusal *why);

#endif /* SLURM_ALLOCATION_H */
