/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cgroup.h - in which cgroup a process is, and which cgroup a path is
 *
 * A path names a cgroup only until it is removed and another made in its place:
 * what is kept is its id, which the kernel never gives again.
 */
#ifndef SVAD_CGROUP_H
#define SVAD_CGROUP_H

#include <sys/types.h>

#include "util.h"

/**
 * struct cgroups - where cgroups are looked up
 * @proc: /proc; @mount: the cgroup2 hierarchy; -1: not there
 */
struct cgroups {
	int proc;
	int mount;
};

#define CGROUPS_NONE ((struct cgroups){ .proc = -1, .mount = -1 })

/* What cannot be opened stays -1: the calls below then fail */
void cgroups_open(struct cgroups *cgroups);
void cgroups_close(struct cgroups *cgroups);

/*
 * The path of the process's cgroup from the root of the hierarchy.  The number has
 * to be proved afterwards to be still that process's (R10).
 * -ESRCH: there is no such process; -ENOENT: it is in no cgroup in sight
 */
int must_check cgroup_of(const struct cgroups *cgroups, pid_t pid, char *path, size_t size);

/*
 * The id of the cgroup at the first @length characters of @path; 0 on failure.
 * -ENOENT: there is none, nor ever one by such a path; another -errno: that cannot be
 * told just now, and is no ground to give or to end anything
 */
int must_check cgroup_id(const struct cgroups *cgroups, const char *path, size_t length,
			 uint64_t *id);

#endif /* SVAD_CGROUP_H */
