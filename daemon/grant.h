/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * grant.h - the right to so many contexts on a device, given to a user or a cgroup
 *
 * Operators give and take grants; a job launcher does it for its job, and never
 * binds anything itself.  A cgroup is known by its id: one that is removed and made
 * again under the same name has no grant.
 *
 * The kernel knows which grant a context was opened under (its cookie), but not
 * what was granted.  That is in the state file, one record a grant, of which each
 * is written with one write(2) within a page: a svad that is killed leaves the old
 * record or the new one (R5).  The file is of this boot of the machine, as cgroup
 * ids and contexts are.
 */
#ifndef SVAD_GRANT_H
#define SVAD_GRANT_H

#include <protocol.h>

#include "map.h"

#define GRANTS_MAX	4096
#define GRANT_STATE_FILE "grants"

/**
 * struct grant
 * @number: 0: the slot is free
 * @uid: the user, when @path is NULL
 * @cgroup: id of the cgroup at @path
 * @next: slot + 1 of the next grant to a user or path with the same key, or 0
 */
struct grant {
	uint32_t number;
	uint32_t uid;
	uint64_t cgroup;
	uint32_t contexts;
	uint32_t given_by;
	uint32_t next;
	char device[SVA_NAME_LEN];
	char *path;
};

/**
 * struct grants
 * @file: the state file; -1: there is none
 * @unwritable: @file, when it was last written
 * @restored: the file had been there, so that a grant that is not in it is over
 * @index: key of a user or a path -> slot + 1
 * @numbers: number -> slot + 1
 * @of_cgroups: how many grants are to cgroups
 */
struct grants {
	int file;
	bool unwritable;
	bool restored;
	struct grant *slots;
	size_t num_slots;
	size_t count;
	size_t of_cgroups;
	struct map index;
	struct map numbers;
	uint32_t last_number;
};

/*
 * Opens the state file at @path, which is made if it is not there; NULL: none.
 * For the time before svad gives up its power.  -errno after a line in the log.
 */
int must_check grants_file_open(const char *path);

/* Takes the file over, which may be -1, and reads it.  -errno after a line in the log. */
int must_check grants_init(struct grants *grants, int file);
void grants_free(struct grants *grants);

/*
 * Gives what @wanted says (but for number and next); where the same user or cgroup
 * has a grant on the device already, that one gets the new number of contexts.
 * *given, and every other struct grant, stays where it is until the next call of this.
 * -ENOSPC: GRANTS_MAX are there; -EIO: it cannot be written down; -ENOMEM
 */
int must_check grant_give(struct grants *grants, const struct grant *wanted,
			  struct grant **given);

/* -EIO: it cannot be written down, and the grant stays */
int must_check grant_take(struct grants *grants, struct grant *grant);

struct grant *grant_find(const struct grants *grants, uint32_t number);

/* The grant with the lowest number above @after, or NULL */
struct grant *grant_above(const struct grants *grants, uint32_t after);

/* Grants to a user, or to the cgroup at the first @length characters of a path */
struct grant *grant_first_of_user(const struct grants *grants, uint32_t uid);
struct grant *grant_first_of_path(const struct grants *grants, const char *path, size_t length);
struct grant *grant_next(const struct grants *grants, const struct grant *grant);

/* Is it to the cgroup whose path the first @length characters of @path are? */
bool grant_is_at(const struct grant *grant, const char *path, size_t length);

/**
 * struct grant_walk - along a path, outermost first, each byte of it read once
 * @path: set by the caller, everything else 0
 * @end: the cgroup at hand is at so many characters of it
 * @hash: of these
 */
struct grant_walk {
	const char *path;
	size_t end;
	uint64_t hash;
};

/* On to the next cgroup of the path that has a grant, on any device; false: no more */
bool grant_walk_next(const struct grants *grants, struct grant_walk *walk);

#endif /* SVAD_GRANT_H */
