/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * job.h - a job's cgroup on this node, and the grants that svad has for it
 */
#ifndef SLURM_JOB_H
#define SLURM_JOB_H

#include <sva-admin.h>

#include "settings.h"

/**
 * struct job
 * @number: Slurm's
 * @cgroup: its path from the root of the hierarchy
 */
struct job {
	const struct settings *settings;
	uint32_t number;
	char cgroup[SVA_GRANT_PATH_LEN];
};

/* @node: as Slurm calls it */
bool job_init(struct job *job, const struct settings *settings, uint32_t number,
	      const char *node, struct refusal *why);

/*
 * Makes the job's cgroup, where slurmstepd has not done so yet and will find it, for a
 * grant is to a cgroup that is there.
 */
bool job_make_cgroup(const struct job *job, struct refusal *why);

/* Removes it where no step of the job ever ran in it; the kernel knows if one is */
void job_remove_cgroup(const struct job *job);

/* Is the calling slurmstepd in it?  False where it puts its jobs elsewhere. */
bool job_is_here(const struct job *job, struct refusal *why);

/* Gives the job @shares; again does no harm */
bool job_grant(const struct job *job, const struct shares *shares, struct refusal *why);

/* What it has been given already on the devices of @asked, in @granted */
bool job_granted(const struct job *job, const struct shares *asked, struct shares *granted,
		 struct refusal *why);

/* Takes back all that the job has, which ends what was opened under it */
bool job_take_back(const struct job *job, struct refusal *why);

#endif /* SLURM_JOB_H */
