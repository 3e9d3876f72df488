// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * open.c - which device is it to be, and the context there
 */
#include <sva.h>

#include "account.h"
#include "admin.h"
#include "audit.h"
#include "open.h"
#include "reason.h"

/* How near to success a refusal came; the nearest one is what a client is told */
enum {
	RANK_NO_DEVICE = 1,
	RANK_NO_TYPE,
	RANK_DENIED,
	RANK_CANNOT,
	RANK_LIMIT,
	RANK_KERNEL,
};

static void search_refused(struct search *search, int rank, int error, uint32_t reason)
{
	if (rank <= search->rank)
		return;
	search->rank = rank;
	search->reason = reason;
	search->error = error;
	search->refused_by = search->verdict.rule;
}

/* -------------------------------------------------------------- grants */

static bool grant_has_room(const struct device *device, const struct grant *grant)
{
	return account_grant(device, grant->number) < grant->contexts;
}

/* A cgroup of the same name that was removed is another, with another id */
static bool grant_is_of(const struct grant *grant, uint32_t uid, const char *path,
			size_t length, uint64_t id)
{
	if (!path)
		return !grant->path && grant->uid == uid;
	return grant->cgroup == id && grant_is_at(grant, path, length);
}

/* A grant of this chain on the device, with room if there is one */
static const struct grant *grant_choose(const struct grants *grants, const struct grant *grant,
					const struct device *device, uint32_t uid,
					const char *path, size_t length, uint64_t id)
{
	const struct grant *full = NULL;

	for (; grant; grant = grant_next(grants, grant)) {
		if (strcmp(grant->device, device->name))
			continue;
		if (!grant_is_of(grant, uid, path, length, id))
			continue;
		if (grant_has_room(device, grant))
			return grant;
		full = grant;
	}
	return full;
}

/* The grants at one cgroup of the path; those of a cgroup that was there before end */
static const struct grant *grant_at(struct svad *svad, const struct device *device,
				    const char *path, size_t length)
{
	uint64_t id;
	int err = cgroup_id(&svad->cgroups, path, length, &id);

	if (err && err != -ENOENT)
		return NULL;
	grants_end_others(svad, path, length, id);
	return grant_choose(&svad->grants, grant_first_of_path(&svad->grants, path, length),
			    device, 0, path, length, id);
}

/* Innermost first: what a job was given is for its steps, before what all share */
static const struct grant *grant_of_cgroups(struct svad *svad, struct subject *who,
					    const struct device *device)
{
	void (*load)(struct subject *who) = who->load_cgroup;
	uint32_t failure = who->failure;
	const char *path = subject_cgroup(who);
	const struct grant *found = NULL;
	struct grant_walk walk = { .path = path };

	/*
	 * Who cannot be told to have a grant has none, and may be allowed without: but
	 * a rule that depends on the cgroup has to meet the same failure.
	 */
	if (!path) {
		who->failure = failure;
		who->load_cgroup = load;
		return NULL;
	}
	while (grant_walk_next(&svad->grants, &walk)) {
		const struct grant *grant = grant_at(svad, device, path, walk.end);

		if (grant && (!found || grant_has_room(device, grant)))
			found = grant;
	}
	return found;
}

const struct grant *grant_for(struct svad *svad, struct subject *who,
			      const struct device *device)
{
	const struct grants *grants = &svad->grants;
	const struct grant *of_user, *of_cgroup;

	if (!grants->count)
		return NULL;
	of_user = grant_choose(grants, grant_first_of_user(grants, who->uid), device, who->uid,
			       NULL, 0, 0);
	if (!grants->of_cgroups || (of_user && grant_has_room(device, of_user)))
		return of_user;
	of_cgroup = grant_of_cgroups(svad, who, device);
	return of_cgroup ? of_cgroup : of_user;
}

/* -------------------------------------------------------------- limits */

/* The cgroup that is counted: the one that the rule names, else the unit's */
static uint32_t cgroup_limit_reached(struct search *search, const struct device *device)
{
	const char *path = subject_cgroup(search->who);
	size_t length = search->verdict.cgroup_length;
	uint64_t id;

	if (!path)
		return search->who->failure;
	/* EXPLAIN of somebody who is said to be nowhere in particular */
	if (!*path)
		return 0;
	if (cgroup_id(&search->svad->cgroups, path,
		      length ? length : cgroup_unit_length(path), &id))
		return SVA_REASON_NO_CGROUP;
	search->cookie = cookie_make(0, id);
	return account_cgroup(device, id) >= search->verdict.contexts_per_cgroup ?
	       SVA_REASON_LIMIT_CGROUP : 0;
}

/*
 * R8: whoever has contexts of a type gets another only while those that he has,
 * times the users who have or want some, are fewer than those that are left.  So
 * what one may still take shrinks with the number of users, and the greediest user
 * leaves some to those who come later.
 */
static bool share_is_used_up(const struct search *search, const struct device *device)
{
	uint32_t own = account_user_type(device, search->who->uid, search->type);
	uint32_t limit = search->verdict.contexts_per_device;
	struct sva_type_info type;
	uint64_t left;

	if (!search->verdict.fair_share || !own ||
	    kernel_type_info(device->fd, search->type, &type))
		return false;
	left = type.available;
	if (limit && limit - account_total(device) < left)
		left = limit - account_total(device);
	/* where nothing is left at all, the kernel says so */
	return left && (uint64_t)own * account_rivals(device, search->who->uid, search->type,
						      svad_now(search->svad)) >= left;
}

static uint32_t common_limit_reached(const struct search *search, const struct device *device)
{
	const struct policy *policy = search->svad->policy;
	const struct devices *devices = &search->svad->devices;

	if (policy->contexts && accounts_total(devices) >= policy->contexts)
		return SVA_REASON_LIMIT_TOTAL;
	if (search->verdict.contexts_per_device &&
	    account_total(device) >= search->verdict.contexts_per_device)
		return SVA_REASON_LIMIT_DEVICE;
	if (policy->quarantined_per_user &&
	    accounts_user_quarantined(devices, search->who->uid) >= policy->quarantined_per_user)
		return SVA_REASON_LIMIT_QUARANTINE;
	return 0;
}

/* Are the limits reached, even after what the kernel has to say? */
static uint32_t limit_reached(struct search *search, const struct device *device)
{
	uint32_t reason = common_limit_reached(search, device);

	if (reason || search->grant)
		return reason;
	if (account_user(device, search->who->uid) >= search->verdict.contexts_per_user)
		return SVA_REASON_LIMIT_USER;
	if (search->verdict.contexts_per_cgroup)
		reason = cgroup_limit_reached(search, device);
	if (!reason && share_is_used_up(search, device))
		reason = SVA_REASON_LIMIT_SHARE;
	return reason;
}

static bool search_limits_allow(struct search *search, struct device *device)
{
	uint32_t reason = limit_reached(search, device);

	/* the event that makes room may be there and not read yet */
	if (reason && device_refresh(device))
		reason = limit_reached(search, device);
	if (reason)
		search_refused(search, RANK_LIMIT, 0, reason);
	return !reason;
}

/*
 * A [deny] that matches goes before a grant, and a grant with room before what the
 * rules and their limits say.
 */
static bool search_policy_allows(struct search *search, const struct device *device)
{
	const struct grant *grant;

	search->verdict = policy_decide(search->svad->policy, search->who, device->name,
					device->types[search->type]);
	if (search->verdict.reason != SVA_REASON_DENIED_BY_RULE) {
		grant = grant_for(search->svad, search->who, device);
		if (grant && grant_has_room(device, grant)) {
			search->grant = grant;
			search->cookie = cookie_make(grant->number, 0);
			return true;
		}
		if (grant && search->verdict.reason)
			search->verdict.reason = SVA_REASON_LIMIT_GRANT;
	}
	if (search->verdict.reason)
		search_refused(search, RANK_DENIED, 0, search->verdict.reason);
	return !search->verdict.reason;
}

/* ------------------------------------------------------------- devices */

/* Only asked where svad chooses: where the client names a device, the kernel answers */
static bool search_device_works(struct search *search, struct device *device)
{
	struct sva_device_info info;
	int err = kernel_device_info(device->fd, &info);

	if (!err && !info.sva_reason)
		return true;
	search_refused(search, RANK_CANNOT, err,
		       !err ? info.sva_reason : info.reason ? info.reason : SVA_REASON_SYSTEM);
	return false;
}

static bool search_try(struct search *search, struct device *device)
{
	search->tried++;
	search->verdict = (struct verdict){ 0 };
	search->grant = NULL;
	search->cookie = 0;
	if (device_type(device, search->type_name, &search->type)) {
		search_refused(search, RANK_NO_TYPE, 0, SVA_REASON_NO_SUCH_TYPE);
		return false;
	}
	if (!search_policy_allows(search, device))
		return false;
	if (!search_limits_allow(search, device) || device->gone)
		return false;
	return *search->name || search_device_works(search, device);
}

void search_begin(struct search *search, struct svad *svad, struct subject *who,
		  const char *device, const char *type)
{
	size_t first = 0;
	bool any = devices_next(&svad->devices, &first);

	*search = (struct search){
		.svad = svad, .who = who, .name = device, .type_name = type,
	};
	search_refused(search, RANK_NO_DEVICE, 0,
		       any ? SVA_REASON_NO_SUCH_DEVICE : SVA_REASON_NO_DEVICE);
}

bool search_next(struct search *search)
{
	struct device *device;

	if (*search->name) {
		device = search->tried ? NULL : devices_find(&search->svad->devices, search->name);
		search->device = device;
		return device && search_try(search, device);
	}
	while ((device = devices_next(&search->svad->devices, &search->index))) {
		search->index++;
		search->device = device;
		if (search_try(search, device))
			return true;
	}
	return false;
}

void search_device_refused(struct search *search, int error, uint32_t reason)
{
	if (error == -ENOSPC)
		account_want(search->device, search->who->uid, search->type,
			     svad_now(search->svad));
	search_refused(search, RANK_KERNEL, error, reason);
}

void search_end(struct search *search)
{
	if (!search->error)
		search->error = -reason_find(search->reason)->error;
	if (!*search->name && search->tried > 1 && search->error == -ENOSPC) {
		search->reason = SVA_REASON_DEVICE_BUSY;
		search->error = -reason_find(search->reason)->error;
	}
}

bool search_found_nothing(const struct search *search)
{
	return search->rank <= RANK_NO_TYPE;
}

/* ---------------------------------------------------------------- OPEN */

/* Failures that another device would not mend */
static bool open_is_hopeless(int err)
{
	return err == -ESRCH || err == -ENOMEM || err == -EMFILE || err == -ENFILE;
}

static int open_search(struct search *search, const struct client *client,
		       struct sva_create_context *created)
{
	while (search_next(search)) {
		struct charge charge = {
			.uid = client->peer.uid, .type = search->type, .cookie = search->cookie,
		};
		int err;

		/* what could not be told for certain is no ground to hand anything out */
		if (search->who->failure)
			break;
		kernel_step("allowed");
		err = device_create_context(search->device, client->peer.pid, &charge, created);
		kernel_step("created");
		if (!err)
			return 0;
		search_device_refused(search, err, created->reason);
		if (open_is_hopeless(err))
			break;
	}
	search_end(search);
	return search->error;
}

/*
 * R10: the number named this process only if the process is still there after
 * the kernel has looked the number up.  If not, closing the only fd ends what
 * may belong to somebody else.
 */
static bool open_owner_is_proved(const struct client *client, struct reply *reply)
{
	if (peer_alive(&client->peer))
		return true;
	reply_refuse(reply, 0, SVA_REASON_PEER_GONE);
	return false;
}

static void open_audit(const struct client *client, const struct search *search,
		       const struct sva_create_context *created)
{
	struct record record = {
		.event = "opened", .cgroup = search->who->cgroup,
		.device = search->device->name, .type = search->device->types[search->type],
		.context = created->id, .grant = search->grant ? search->grant->number : 0,
		.rule = search->verdict.rule ? search->verdict.rule->line : 0,
	};

	if (!log_enabled(LOG_INFO))
		return;
	audit_of_client(client, &record);
	log_record(LOG_INFO, &record, "opened context %llu on %s for uid %u, pid %d",
		   (unsigned long long)created->id, record.device, record.uid, record.pid);
}

static void open_succeeded(const struct client *client, const struct search *search,
			   const struct sva_create_context *created, struct reply *reply)
{
	reply->fd = created->fd;
	reply->opened.id = created->id;
	name_copy(reply->opened.device, search->device->name, SVA_NAME_LEN);
	reply->opened.rule = search->verdict.rule ? search->verdict.rule->line : 0;
	if (!open_owner_is_proved(client, reply))
		return;
	client->svad->stats[SVA_STAT_OPENED]++;
	open_audit(client, search, created);
}

void request_open(struct client *client, struct subject *who,
		  const struct sva_msg_open *request, struct reply *reply)
{
	struct sva_create_context created;
	struct search search;

	if (!client->peer.pid) {
		reply_refuse(reply, 0, SVA_REASON_PEER_NAMESPACE);
		return;
	}
	search_begin(&search, client->svad, who, request->device, request->type);
	if (!open_search(&search, client, &created)) {
		open_succeeded(client, &search, &created, reply);
		return;
	}
	reply_refuse(reply, search.error, search.reason);
	if (search.refused_by)
		reply->rule = search.refused_by->line;
}
