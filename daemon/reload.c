// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reload.c - existing-contexts = revoke
 */
#include <grp.h>
#include <pwd.h>
#include <stddef.h>
#include <time.h>

#include <sva.h>

#include "account.h"
#include "admin.h"
#include "log.h"
#include "nss.h"
#include "reload.h"

#define LIST_ENTRIES	64	/* asked for at once */
#define GROUPS_MAX	65536	/* the kernel's NGROUPS_MAX: no process has more */
#define ACCOUNT_MAX	1048576	/* bytes that one user's entry may have */
#define PATIENCE_S	2	/* who answers later is not asked about the next user */

/**
 * struct judge - one context at a time, of a user for whom the database was asked
 * @may_be_away: a name service that knows some users or groups: nss_may_be_away()
 * @slow: one that took longer than PATIENCE_S, while svad served nobody
 * @known: @who is the user of the last context
 * @asked: and @groups are his, unless @unknown says why they cannot be told
 * @told: that some user's groups are not known
 */
struct judge {
	struct subject who;
	struct svad *svad;
	const struct device *device;
	const struct sva_context_entry *entry;
	bool may_be_away;
	bool slow;
	bool known;
	bool asked;
	bool told;
	const char *unknown;
	gid_t groups[GROUPS_MAX];
	char cgroup[CGROUP_PATH_MAX];
};

_Static_assert(offsetof(struct judge, who) == 0, "judge_load_cgroup()");

/*
 * getgrouplist() leaves out what a service that is away knows, and does not say so.
 * One that cannot even name a group may be the one that would have put him into it.
 */
static const char *groups_named(struct judge *judge)
{
	const struct policy_ids *groups = &judge->svad->policy->groups;

	for (size_t i = 0; judge->may_be_away && i < groups->count; i++) {
		if (!getgrgid(groups->ids[i]))
			return "a group of the policy has no name now";
	}
	return NULL;
}

/* getgrouplist() lists the user's own group too.  -1: more than any process has, or no memory */
static const char *groups_of_account(struct judge *judge, const struct passwd *user)
{
	int count = GROUPS_MAX;

	if (getgrouplist(user->pw_name, user->pw_gid, judge->groups, &count) < 0)
		return strerror(count > GROUPS_MAX ? E2BIG : ENOMEM);
	judge->who.num_groups = (size_t)count;
	return groups_named(judge);
}

/* A user who is in no database any more has no groups; or why nobody can tell */
static const char *groups_ask(struct judge *judge, uint32_t uid)
{
	struct passwd user, *found = NULL;

	for (size_t size = 1024; size <= ACCOUNT_MAX; size *= 4) {
		autofree char *buffer = malloc(size);
		int err = buffer ? getpwuid_r(uid, &user, buffer, size, &found) : ENOMEM;

		if (err == ERANGE)
			continue;
		if (err)
			return strerror(err);
		if (found)
			return groups_of_account(judge, found);
		return judge->may_be_away ? "no service knows the user now" : NULL;
	}
	return strerror(ERANGE);
}

static time_t seconds_now(void)
{
	struct timespec now = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static const char *groups_ask_in_time(struct judge *judge, uint32_t uid)
{
	time_t before = seconds_now();
	const char *unknown;

	if (judge->slow)
		return "the name service is too slow";
	unknown = groups_ask(judge, uid);
	judge->slow = seconds_now() - before > PATIENCE_S;
	return unknown;
}

static void judge_load_groups(struct subject *who)
{
	struct judge *judge = (struct judge *)who;

	if (!judge->asked)
		judge->unknown = groups_ask_in_time(judge, who->uid);
	judge->asked = true;
	if (!judge->unknown)
		return;
	who->failure = SVA_REASON_SYSTEM;
	if (judge->told)
		return;
	judge->told = true;
	log_warning("the groups of user %u, and maybe of others, cannot be told: %s; their contexts stay where a rule needs groups: see that the services of /etc/nsswitch.conf answer (getent passwd %u), and reload again, or revoke (svactl revoke)",
		    who->uid, judge->unknown, who->uid);
}

static void judge_call(struct judge *judge, uint32_t uid)
{
	if (judge->known && judge->who.uid == uid)
		return;
	judge->known = true;
	judge->asked = false;
	judge->who = (struct subject){
		.uid = uid, .gid = (gid_t)-1, .groups = judge->groups,
	};
}

/*
 * R10: the number is the owner's before and after its cgroup was read, so it was
 * all the time.  An owner that has ended is in no cgroup.
 */
static void judge_load_cgroup(struct subject *who)
{
	struct judge *judge = (struct judge *)who;
	struct sva_context_entry after;
	uint32_t count = 1;

	if (!judge->entry->owner)
		return;
	if (cgroup_of(&judge->svad->cgroups, judge->entry->owner, judge->cgroup,
		      sizeof(judge->cgroup)) ||
	    kernel_contexts_list(judge->device->fd, judge->entry->id - 1, &after, &count) ||
	    !count || after.id != judge->entry->id || after.owner != judge->entry->owner)
		who->failure = SVA_REASON_NO_CGROUP;
	else
		who->cgroup = judge->cgroup;
}

/* What could not be told for certain is no ground to take anything away */
static bool judge_allows(struct judge *judge, const struct sva_context_entry *entry)
{
	const struct device *device = judge->device;
	uint32_t grant = cookie_grant(entry->cookie);
	struct verdict verdict;

	if (entry->type >= device->num_types)
		return true;
	judge->entry = entry;
	judge_call(judge, entry->account);
	judge->who.cgroup = NULL;
	judge->who.load_cgroup = judge_load_cgroup;
	judge->who.load_groups = judge_load_groups;
	judge->who.failure = 0;
	verdict = policy_decide(judge->svad->policy, &judge->who, device->name,
				device->types[entry->type]);
	if (judge->who.failure)
		return true;
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

	judge->device = device;
	for (;;) {
		uint32_t count = LIST_ENTRIES;
		int err = kernel_contexts_list(device->fd, after, entries, &count);

		if (err || !count)
			return err;
		for (uint32_t i = 0; i < count; i++) {
			if (!entry_lives(&entries[i]) || judge_allows(judge, &entries[i]))
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
	judge->may_be_away = nss_may_be_away(NSS_PATH);
	for (size_t i = 0; (device = devices_next(&svad->devices, &i)); i++) {
		int err = device_revoke(judge, device);

		if (err)
			log_error("device %s: contexts that are not allowed any more may stay: %s; reload again",
				  device->name, strerror(-err));
	}
	free(judge);
}
