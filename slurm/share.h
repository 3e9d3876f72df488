/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * share.h - so many contexts on a device: what a user asks for with --sva, and what
 * Slurm has given a job on this node
 */
#ifndef SLURM_SHARE_H
#define SLURM_SHARE_H

#include <stdint.h>

#include <sva.h>

#include "refusal.h"

#define SHARES_MAX	32
#define SHARE_ALL	"all"	/* for a device: every one that Slurm gave the job */

struct share {
	char device[SVA_NAME_LEN];
	uint32_t contexts;
};

struct shares {
	struct share list[SHARES_MAX];
	unsigned int count;
};

/* Adds to the device's share; false: there are SHARES_MAX, or the name is none */
bool shares_add(struct shares *shares, const char *device, size_t length, uint32_t contexts);

const struct share *shares_find(const struct shares *shares, const char *device);

/* A number from 1 on, of @length digits; 0: it is none */
uint32_t share_number(const char *text, size_t length);

/* What --sva says: DEVICE[:N][,DEVICE[:N]...], or "all" */
bool shares_read_option(struct shares *asked, const char *text, struct refusal *why);

/*
 * What of @given the job is granted, when @asked is asked for: all that Slurm gave it
 * on each device that it names.  False: Slurm gave it less than it asks for.
 */
bool shares_grant(const struct shares *asked, const struct shares *given, const char *gres,
		  struct shares *granted, struct refusal *why);

/* As SVA_DEVICES has it: DEVICE:N,DEVICE:N */
void shares_write(const struct shares *shares, char *text, size_t size);

#endif /* SLURM_SHARE_H */
