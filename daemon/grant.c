// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * grant.c - grants in memory and in the state file
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "account.h"
#include "grant.h"
#include "log.h"
#include "policy.h"

#define RECORD_SIZE	1024	/* divides a page */
#define BOOT_ID_LEN	40

static const char magic[16] = "svad grants 1\n";

struct grant_record {
	uint32_t live;
	uint32_t number;
	uint32_t uid;
	uint32_t contexts;
	uint64_t cgroup;
	uint32_t given_by;
	uint32_t reserved;
	char device[SVA_NAME_LEN];
	char path[SVA_CGROUP_LEN];
	char unused[RECORD_SIZE - 32 - SVA_NAME_LEN - SVA_CGROUP_LEN];
};

/* In the place of the first record */
struct header {
	char magic[16];
	char boot[BOOT_ID_LEN];
	char unused[RECORD_SIZE - 16 - BOOT_ID_LEN];
};

_Static_assert(sizeof(struct grant_record) == RECORD_SIZE, "state file");
_Static_assert(sizeof(struct header) == RECORD_SIZE, "state file");

/* ---------------------------------------------------------------- index */

/* FNV-1a, which goes on from the hash of what is before */
#define HASH_OF_NOTHING	0xcbf29ce484222325u

static uint64_t hash_add(uint64_t hash, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
	return hash;
}

/* Users and paths share the index: paths have the top bit */
static uint64_t hash_key(uint64_t hash)
{
	return hash | 1ull << 63;
}

static uint64_t path_key(const char *path, size_t length)
{
	return hash_key(hash_add(HASH_OF_NOTHING, path, length));
}

static uint64_t grant_key(const struct grant *grant)
{
	return grant->path ? path_key(grant->path, strlen(grant->path)) : grant->uid;
}

static struct grant *slot_of(const struct grants *grants, uint64_t slot_and_1)
{
	return slot_and_1 ? &grants->slots[slot_and_1 - 1] : NULL;
}

struct grant *grant_find(const struct grants *grants, uint32_t number)
{
	return slot_of(grants, map_get(&grants->numbers, number));
}

struct grant *grant_above(const struct grants *grants, uint32_t after)
{
	struct grant *lowest = NULL;

	for (size_t i = 0; i < grants->num_slots; i++) {
		struct grant *grant = &grants->slots[i];

		if (grant->number > after && (!lowest || grant->number < lowest->number))
			lowest = grant;
	}
	return lowest;
}

struct grant *grant_first_of_user(const struct grants *grants, uint32_t uid)
{
	return slot_of(grants, map_get(&grants->index, uid));
}

struct grant *grant_first_of_path(const struct grants *grants, const char *path, size_t length)
{
	return slot_of(grants, map_get(&grants->index, path_key(path, length)));
}

struct grant *grant_next(const struct grants *grants, const struct grant *grant)
{
	return slot_of(grants, grant->next);
}

bool grant_is_at(const struct grant *grant, const char *path, size_t length)
{
	return grant->path && !strncmp(grant->path, path, length) && !grant->path[length];
}

/* Whoever names his cgroups himself can give all of them the key of another path */
static bool path_has_grant(const struct grants *grants, uint64_t key, const char *path,
			   size_t length)
{
	const struct grant *grant = slot_of(grants, map_get(&grants->index, key));

	for (; grant; grant = grant_next(grants, grant)) {
		if (grant_is_at(grant, path, length))
			return true;
	}
	return false;
}

/* What is longer than any path of a grant is not looked at: it may be long (R8) */
bool grant_walk_next(const struct grants *grants, struct grant_walk *walk)
{
	size_t end;

	if (!walk->end)
		walk->hash = HASH_OF_NOTHING;
	while ((end = cgroup_component_end(walk->path, walk->end)) && end < SVA_CGROUP_LEN) {
		walk->hash = hash_add(walk->hash, walk->path + walk->end, end - walk->end);
		walk->end = end;
		if (path_has_grant(grants, hash_key(walk->hash), walk->path, end))
			return true;
	}
	return false;
}

static void grant_link(struct grants *grants, struct grant *grant)
{
	uint64_t slot = (uint64_t)(grant - grants->slots) + 1, key = grant_key(grant);

	grant->next = (uint32_t)map_get(&grants->index, key);
	map_set(&grants->index, key, slot);
	map_set(&grants->numbers, grant->number, slot);
	grants->count++;
	grants->of_cgroups += grant->path != NULL;
}

static void grant_unlink(struct grants *grants, struct grant *grant)
{
	uint32_t slot = (uint32_t)(grant - grants->slots) + 1;
	uint64_t key = grant_key(grant);
	struct grant *before = slot_of(grants, map_get(&grants->index, key));

	while (before != grant && before->next != slot)
		before = slot_of(grants, before->next);
	if (before == grant)
		map_set(&grants->index, key, grant->next);
	else
		before->next = grant->next;
	map_set(&grants->numbers, grant->number, 0);
	grants->count--;
	grants->of_cgroups -= grant->path != NULL;
	free(grant->path);
	*grant = (struct grant){ 0 };
}

/* ----------------------------------------------------------- state file */

int grants_file_open(const char *path)
{
	int file;

	if (!path)
		return -1;
	file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (file < 0) {
		int err = -errno;

		log_error("%s: the state file cannot be opened: %s; give it a place that svad's user may write, with --state or RuntimeDirectory= of svad.service",
			  path, strerror(-err));
		return err;
	}
	return file;
}

/* Said once: who asks for a cgroup that is another now tries it each time */
static int record_write(struct grants *grants, const struct grant *grant, bool live)
{
	struct grant_record record = {
		.live = live, .number = grant->number, .uid = grant->uid,
		.contexts = grant->contexts, .cgroup = grant->cgroup,
		.given_by = grant->given_by,
	};
	off_t at = (grant - grants->slots + 1) * RECORD_SIZE;

	if (grants->file < 0)
		return 0;
	name_copy(record.device, grant->device, sizeof(record.device));
	name_copy(record.path, grant->path ? grant->path : "", sizeof(record.path));
	if (pwrite(grants->file, &record, sizeof(record), at) == sizeof(record)) {
		grants->unwritable = false;
		return 0;
	}
	if (!grants->unwritable)
		log_error("the state file cannot be written: %s; grants stay as they are until it can",
			  strerror(errno));
	grants->unwritable = true;
	return -EIO;
}

/* False: it cannot be read, as where ProcSubset=pid hides /proc/sys */
static bool boot_id(char id[BOOT_ID_LEN])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	bool known = file && fgets(id, BOOT_ID_LEN, file);

	if (!known)
		memset(id, 0, BOOT_ID_LEN);
	if (file)
		fclose(file);
	return known;
}

/* On a tmpfs no file is older than the boot */
static bool ends_with_the_boot(int file)
{
	struct statfs status;

	return !fstatfs(file, &status) && status.f_type == TMPFS_MAGIC;
}

/* Does the id, or the place, say that a file is of this boot? */
static bool boot_is_told(const struct grants *grants, bool known)
{
	if (known || ends_with_the_boot(grants->file))
		return true;
	log_warning("grants end with svad: /proc/sys/kernel/random/boot_id cannot be read, so that a state file could be of another boot; keep it on a tmpfs, as RuntimeDirectory= in svad.service does, or take ProcSubset=pid out of that");
	return false;
}

/* A file of another boot, or a new one, is made empty */
static int header_check(struct grants *grants)
{
	struct header header = { 0 }, found;
	ssize_t length = pread(grants->file, &found, sizeof(found), 0);
	bool told;

	memcpy(header.magic, magic, sizeof(header.magic));
	told = boot_is_told(grants, boot_id(header.boot));
	if (told && length == sizeof(found) && !memcmp(&found, &header, sizeof(header))) {
		grants->restored = true;
		return 0;
	}
	if (length && (length < (ssize_t)sizeof(magic) ||
		       memcmp(found.magic, magic, sizeof(magic)))) {
		log_error("the state file is no state file of this svad; remove it, or name another one with --state");
		return -EINVAL;
	}
	if (ftruncate(grants->file, 0) ||
	    pwrite(grants->file, &header, sizeof(header), 0) != sizeof(header)) {
		log_error("the state file cannot be written: %s; see that there is room for it",
			  strerror(errno));
		return -EIO;
	}
	return 0;
}

static bool record_is_good(const struct grant_record *record)
{
	return record->number && record->number <= GRANT_NUMBER_MAX && record->live <= 1 &&
	       record->contexts && *record->device &&
	       memchr(record->device, '\0', sizeof(record->device)) &&
	       memchr(record->path, '\0', sizeof(record->path)) &&
	       (!*record->path || (*record->path == '/' && record->cgroup));
}

static int slots_grow(struct grants *grants)
{
	struct grant *bigger = reallocarray(grants->slots, grants->num_slots + 1, sizeof(*bigger));

	if (!bigger)
		return -ENOMEM;
	grants->slots = bigger;
	bigger[grants->num_slots++] = (struct grant){ 0 };
	return 0;
}

static int record_take_in(struct grants *grants, const struct grant_record *record)
{
	struct grant *grant;

	if (slots_grow(grants))
		return -ENOMEM;
	if (!record_is_good(record)) {
		if (record->number)
			log_warning("a record of the state file is not whole; what was granted by it is over");
		return 0;
	}
	if (record->number > grants->last_number)
		grants->last_number = record->number;
	if (!record->live || grant_find(grants, record->number))
		return 0;
	if (map_reserve(&grants->index, 1) || map_reserve(&grants->numbers, 1))
		return -ENOMEM;
	grant = &grants->slots[grants->num_slots - 1];
	*grant = (struct grant){
		.number = record->number, .uid = record->uid, .cgroup = record->cgroup,
		.contexts = record->contexts, .given_by = record->given_by,
	};
	name_copy(grant->device, record->device, sizeof(grant->device));
	if (*record->path) {
		grant->path = strdup(record->path);
		if (!grant->path)
			return -ENOMEM;
	}
	grant_link(grants, grant);
	return 0;
}

int grants_init(struct grants *grants, int file)
{
	struct grant_record record;
	int err;

	*grants = (struct grants){ .file = file };
	if (file < 0)
		return 0;
	err = header_check(grants);
	for (off_t at = RECORD_SIZE; !err && at <= (off_t)GRANTS_MAX * RECORD_SIZE;
	     at += RECORD_SIZE) {
		if (pread(file, &record, sizeof(record), at) != sizeof(record))
			break;
		err = record_take_in(grants, &record);
	}
	if (err)
		grants_free(grants);
	else if (grants->count)
		log_notice("grants in force from before: %zu", grants->count);
	return err;
}

void grants_free(struct grants *grants)
{
	for (size_t i = 0; i < grants->num_slots; i++)
		free(grants->slots[i].path);
	free(grants->slots);
	map_free(&grants->index);
	map_free(&grants->numbers);
	fd_close(&grants->file);
	*grants = (struct grants){ .file = -1 };
}

/* -------------------------------------------------------- give and take */

static bool same_subject(const struct grant *a, const struct grant *b)
{
	if (strcmp(a->device, b->device) || !a->path != !b->path)
		return false;
	return a->path ? a->cgroup == b->cgroup && !strcmp(a->path, b->path) : a->uid == b->uid;
}

static struct grant *grant_of_same(const struct grants *grants, const struct grant *wanted)
{
	struct grant *grant = slot_of(grants, map_get(&grants->index, grant_key(wanted)));

	while (grant && !same_subject(grant, wanted))
		grant = grant_next(grants, grant);
	return grant;
}

/* In the order of time, so that a number stays without a context for long */
static uint32_t number_next(struct grants *grants)
{
	do {
		grants->last_number = grants->last_number % GRANT_NUMBER_MAX + 1;
	} while (grant_find(grants, grants->last_number));
	return grants->last_number;
}

static struct grant *slot_free(struct grants *grants)
{
	for (size_t i = 0; i < grants->num_slots; i++) {
		if (!grants->slots[i].number)
			return &grants->slots[i];
	}
	return slots_grow(grants) ? NULL : &grants->slots[grants->num_slots - 1];
}

static int grant_change(struct grants *grants, struct grant *grant, const struct grant *wanted)
{
	struct grant before = *grant;
	int err;

	grant->contexts = wanted->contexts;
	grant->given_by = wanted->given_by;
	err = record_write(grants, grant, true);
	if (err)
		*grant = before;
	return err;
}

static int grant_make(struct grants *grants, const struct grant *wanted, struct grant **given)
{
	char *path = wanted->path ? strdup(wanted->path) : NULL;
	struct grant *grant = slot_free(grants);
	int err;

	if (!grant || (wanted->path && !path) || map_reserve(&grants->index, 1) ||
	    map_reserve(&grants->numbers, 1)) {
		free(path);
		return -ENOMEM;
	}
	*grant = *wanted;
	grant->path = path;
	grant->number = number_next(grants);
	err = record_write(grants, grant, true);
	if (err) {
		free(path);
		*grant = (struct grant){ 0 };
		return err;
	}
	grant_link(grants, grant);
	*given = grant;
	return 0;
}

int grant_give(struct grants *grants, const struct grant *wanted, struct grant **given)
{
	*given = grant_of_same(grants, wanted);
	if (*given)
		return grant_change(grants, *given, wanted);
	if (grants->count >= GRANTS_MAX)
		return -ENOSPC;
	return grant_make(grants, wanted, given);
}

int grant_take(struct grants *grants, struct grant *grant)
{
	int err = record_write(grants, grant, false);

	if (!err)
		grant_unlink(grants, grant);
	return err;
}
