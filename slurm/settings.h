/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * settings.h - the plugin's arguments in plugstack.conf
 */
#ifndef SLURM_SETTINGS_H
#define SLURM_SETTINGS_H

#include "share.h"

/**
 * struct settings
 * @gres: the generic resource by which Slurm counts contexts; gres=, "sva"
 * @devices: of its indexes from 0 on; devices=A,B,...; one device a share
 * @contexts: how many one index stands for; contexts=, 1
 * @socket: svad's on the nodes; socket=, NULL: the usual one
 * @scope: the cgroup below which slurmstepd puts jobs; scope=, NULL: where Slurm 22.05
 *	and later put it
 * @mount: of the cgroup2 hierarchy; mount=
 */
struct settings {
	const char *gres;
	struct shares devices;
	uint32_t contexts;
	const char *socket;
	const char *scope;
	const char *mount;
};

/* Keeps pointers into @argv */
bool settings_read(struct settings *settings, int argc, char **argv, struct refusal *why);

#endif /* SLURM_SETTINGS_H */
