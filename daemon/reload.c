// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reload.c - existing-contexts = revoke
 */
#include <grp.h>
#include <pwd.h>

#include <sva.h>

#include "account.h"
#include "admin.h"
#include "log.h"
#include "reload.h"

#define LIST_ENTRIES	64	/* asked for at once */
#define GROUPS_MAX	1024	/* of a user; more in the database than the policy names do no harm */

/**
 * struct judge - one user at a time, for whom the database was asked
 */
struct judge {
	struct svad *svad;
	struct subject who;
	bool known;
	gid_t groups[GROUPS_MAX];
	char cgroup[CGROUP_PATH_MAX];
};

/* A user who is in no database any more has no groups */
static void judge_call(struct judge *judge, uint32_t uid)
{
	const struct passwd *user;
	int count = GROUPS_MAX;

	if (judge->known && judge->who.uid == uid)
		return;
	judge->known = true;
	judge->who = (struct subject){
		.uid = uid, .gid = (gid_t)-1, .groups = judge->groups,
	};
	user = getpwuid(uid);
	if (!user)
		return;
	judge->who.gid = user->pw_gid;
	if (getgrouplist(user->pw_name, user->pw_gid, judge->groups, &count) < 0)
		count = GROUPS_MAX;
	judge->who.num_groups = (size_t)count;
}

/*
 * R10: the number is the owner's before and after its cgroup was read, so it was
 * all the time.  An owner that has ended is in no cgroup, and its context ends.
 */
static const char *judge_cgroup(struct judge *judge, const struct device *device,
				const struct sva_context_entry *entry)
{
	struct sva_context_entry after;
	uint32_t count = 1;

	if (!entry->owner || cgroup_of(&judge->svad->cgroups, entry->owner, judge->cgroup,
				       sizeof(judge->cgroup)))
		return NULL;
	if (kernel_contexts_list(device->fd, entry->id - 1, &after, &count) || !count ||
	    after.id != entry->id || after.owner != entry->owner)
		return NULL;
	return judge->cgroup;
}

static bool judge_allows(struct judge *judge, const struct device *device,
			 const struct sva_context_entry *entry)
{
	uint32_t grant = cookie_grant(entry->cookie);
	struct verdict verdict;

	if (entry->type >= device->num_types)
		return true;
	judge_call(judge, entry->account);
	judge->who.cgroup = judge_cgroup(judge, device, entry);
	verdict = policy_decide(judge->svad->policy, &judge->who, device->name,
				device->types[entry->type]);
	if (verdict.reason == SVA_REASON_DENIED_BY_RULE)
		return false;
	return !verdict.reason || (grant && grant_find(&judge->svad->grants, grant));
}

static bool entry_lives(const struct sva_context_entry *entry)
{
	return entry->state == SVA_STATE_CREATED || entry->state == SVA_STATE_BOUND;
}

static int device_revoke(struct judge *judge, struct device *device)
{
	struct sva_context_entry entries[LIST_ENTRIES];
	uint64_t after = 0;

	for (;;) {
		uint32_t count = LIST_ENTRIES;
		int err = kernel_contexts_list(device->fd, after, entries, &count);

		if (err || !count)
			return err;
		for (uint32_t i = 0; i < count; i++) {
			if (!entry_lives(&entries[i]) || judge_allows(judge, device, &entries[i]))
				continue;
			err = context_revoke(judge->svad, device, entries[i].id,
					     "the policy does not allow it any more");
			/* one that ended meanwhile needs no revoking */
			if (err && err != -ENOENT)
				return err;
		}
		after = entries[count - 1].id;
	}
}

void reload_revoke(struct svad *svad)
{
	struct judge *judge = calloc(1, sizeof(*judge));
	struct device *device;

	if (!judge) {
		log_error("contexts that are not allowed any more stay: no memory to look for them; reload again");
		return;
	}
	judge->svad = svad;
	for (size_t i = 0; (device = devices_next(&svad->devices, &i)); i++) {
		int err = device_revoke(judge, device);

		if (err)
			log_error("device %s: contexts that are not allowed any more may stay: %s; reload again",
				  device->name, strerror(-err));
	}
	free(judge);
}
