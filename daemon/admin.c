// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * admin.c - grants, revoke, reset, statistics, watching
 */
#include <malloc.h>

#include <sva.h>

#include "account.h"
#include "admin.h"
#include "audit.h"
#include "notice.h"
#include "request.h"

#define CONTEXTS_AT_ONCE 64

/* -------------------------------------------------------------- revoke */

int context_revoke(struct svad *svad, struct device *device, uint64_t context, const char *why)
{
	struct sva_notice notice = { .kind = SVA_NOTICE_REVOKED, .context = context };
	struct record record = {
		.event = "revoked", .about_user = true, .device = device->name,
		.context = context,
	};
	struct charge charge;
	bool known = account_find(device, context, &charge);
	int err = kernel_context_revoke(device->fd, context, &notice.reason);

	if (err)
		return err;
	svad->stats[SVA_STAT_REVOKED]++;
	record.uid = charge.uid;
	record.grant = cookie_grant(charge.cookie);
	log_record(LOG_NOTICE, &record, "revoked context %llu on %s of uid %u: %s",
		   (unsigned long long)context, device->name, record.uid, why);
	if (!known)
		return 0;
	notice.uid = charge.uid;
	notice.reason = SVA_REASON_CONTEXT_REVOKED;
	name_copy(notice.device, device->name, sizeof(notice.device));
	notice_send(svad, &notice);
	return 0;
}

static void request_revoke(struct client *client, const struct sva_msg_revoke *request,
			   struct reply *reply)
{
	struct svad *svad = client->svad;
	struct device *device = devices_find(&svad->devices, request->device);
	char why[40];
	int err;

	if (!device) {
		reply_refuse(reply, 0, device_missing(svad));
		return;
	}
	snprintf(why, sizeof(why), "uid %u asked for it", client->peer.uid);
	err = context_revoke(svad, device, request->context, why);
	if (err == -ENOENT)
		reply_refuse(reply, err, SVA_REASON_NO_SUCH_CONTEXT);
	else if (err)
		reply_refuse(reply, err, err == -ENODEV ? SVA_REASON_DEVICE_GONE :
							  SVA_REASON_SYSTEM);
	else
		reply->done.revoked = 1;
}

static void request_reset(struct client *client, const struct sva_msg_reset *request,
			  struct reply *reply)
{
	struct svad *svad = client->svad;
	const struct device *device = devices_find(&svad->devices, request->device);
	struct record record = { .event = "reset", .device = request->device };
	uint32_t reason;
	int err;

	if (!device) {
		reply_refuse(reply, 0, device_missing(svad));
		return;
	}
	reply->done.revoked = (uint32_t)account_total(device);
	err = kernel_device_reset(device->fd, &reason);
	if (err) {
		reply_refuse(reply, err, reason ? reason : SVA_REASON_SYSTEM);
		return;
	}
	audit_of_client(client, &record);
	log_record(LOG_NOTICE, &record, "reset of %s begun by uid %u; its contexts end",
		   request->device, client->peer.uid);
}

/* -------------------------------------------------------------- grants */

/*
 * @number 0: contexts under any grant that is not there.  How many were revoked.
 * What is in quarantine has ended.
 */
static uint32_t granted_revoke(struct svad *svad, struct device *device, uint32_t number)
{
	uint64_t ids[CONTEXTS_AT_ONCE], after = 0;
	uint32_t revoked = 0;
	size_t count;

	while ((count = account_granted(device, after, ids, CONTEXTS_AT_ONCE))) {
		for (size_t i = 0; i < count; i++) {
			struct charge charge;
			uint32_t of = 0;

			after = ids[i];
			if (account_find(device, ids[i], &charge) && !charge.quarantined)
				of = cookie_grant(charge.cookie);
			if (!of || (number ? of != number :
					     grant_find(&svad->grants, of) != NULL))
				continue;
			kernel_step("revoking");
			if (!context_revoke(svad, device, ids[i], "its grant is over"))
				revoked++;
		}
	}
	return revoked;
}

/* Without the state of the svad before, its numbers are only not given again */
static void granted_numbers_avoid(struct svad *svad, const struct device *device)
{
	uint64_t ids[CONTEXTS_AT_ONCE], after = 0;
	struct charge charge;
	size_t count;

	while ((count = account_granted(device, after, ids, CONTEXTS_AT_ONCE))) {
		for (size_t i = 0; i < count; i++) {
			if (account_find(device, ids[i], &charge) &&
			    cookie_grant(charge.cookie) > svad->grants.last_number)
				svad->grants.last_number = cookie_grant(charge.cookie);
		}
		after = ids[count - 1];
	}
}

void grants_revoke_orphans(struct svad *svad, struct device *device)
{
	if (svad->grants.restored)
		granted_revoke(svad, device, 0);
	else
		granted_numbers_avoid(svad, device);
}

/* First it is written down, then revoked: who starts anew between the two goes on */
static int grant_end(struct svad *svad, struct grant *grant, uint32_t *revoked)
{
	struct device *device = devices_find(&svad->devices, grant->device);
	uint32_t number = grant->number;
	int err = grant_take(&svad->grants, grant);

	if (err)
		return err;
	kernel_step("taken");
	*revoked = device ? granted_revoke(svad, device, number) : 0;
	return 0;
}

static void grant_audit(const char *event, const struct grant *grant, uint32_t by_uid)
{
	struct record record = {
		.event = event, .about_user = !grant->path, .uid = grant->uid,
		.cgroup = grant->path, .device = grant->device, .grant = grant->number,
	};
	char user[24];

	snprintf(user, sizeof(user), "uid %u", grant->uid);
	log_record(LOG_NOTICE, &record, "%s grant %u: %u contexts on %s for %s, by uid %u", event,
		   grant->number, grant->contexts, grant->device,
		   grant->path ? grant->path : user, by_uid);
}

static void grant_end_stale(struct svad *svad, struct grant *grant)
{
	struct grant ended = *grant;
	char path[CGROUP_PATH_MAX];
	uint32_t revoked;

	name_copy(path, grant->path, sizeof(path));
	ended.path = path;
	if (!grant_end(svad, grant, &revoked))
		grant_audit("ended", &ended, 0);
}

static bool grant_is_of_other(const struct grant *grant, const char *path, size_t length,
			      uint64_t id)
{
	return grant->cgroup != id && grant_is_at(grant, path, length);
}

void grants_end_others(struct svad *svad, const char *path, size_t length, uint64_t id)
{
	struct grant *grant = grant_first_of_path(&svad->grants, path, length);

	while (grant) {
		struct grant *next = grant_next(&svad->grants, grant);

		if (grant_is_of_other(grant, path, length, id))
			grant_end_stale(svad, grant);
		grant = next;
	}
}

/* Where that cannot be told now, it may be there still */
static bool grant_has_no_cgroup(const struct svad *svad, const struct grant *grant)
{
	uint64_t id;
	int err = cgroup_id(&svad->cgroups, grant->path, strlen(grant->path), &id);

	return err ? err == -ENOENT : id != grant->cgroup;
}

/* All whose cgroup has gone; asked for when somebody looks */
static void grants_end_stale(struct svad *svad)
{
	for (size_t i = 0; i < svad->grants.num_slots; i++) {
		struct grant *grant = &svad->grants.slots[i];

		if (grant->number && grant->path && grant_has_no_cgroup(svad, grant))
			grant_end_stale(svad, grant);
	}
}

static void add_grant_refuse(struct reply *reply, int err)
{
	if (err == -ENOSPC)
		reply_refuse(reply, err, SVA_REASON_DAEMON_NO_MEMORY);
	else if (err == -ENOMEM)
		reply_refuse(reply, err, SVA_REASON_DAEMON_NO_MEMORY);
	else
		reply_refuse(reply, err, SVA_REASON_NO_STATE);
}

static void request_add_grant(struct client *client, const struct sva_msg_add_grant *request,
			      struct reply *reply)
{
	struct svad *svad = client->svad;
	struct grant wanted = {
		.uid = request->uid, .contexts = request->contexts,
		.given_by = client->peer.uid,
	};
	struct grant *grant;
	int err;

	name_copy(wanted.device, request->device, sizeof(wanted.device));
	if (!request->contexts) {
		reply_refuse(reply, 0, SVA_REASON_BAD_ARGUMENT);
		return;
	}
	if (*request->cgroup) {
		wanted.path = (char *)request->cgroup;
		err = cgroup_id(&svad->cgroups, wanted.path, strlen(wanted.path),
				&wanted.cgroup);
		if (err) {
			reply_refuse(reply, 0, err == -ENOENT ? SVA_REASON_NO_SUCH_CGROUP :
							       SVA_REASON_NO_CGROUP);
			return;
		}
		grants_end_others(svad, wanted.path, strlen(wanted.path), wanted.cgroup);
	}
	if (svad->grants.count >= GRANTS_MAX)
		grants_end_stale(svad);
	err = grant_give(&svad->grants, &wanted, &grant);
	if (err) {
		add_grant_refuse(reply, err);
		return;
	}
	kernel_step("given");
	reply->done.grant = grant->number;
	grant_audit("gave", grant, client->peer.uid);
}

static void request_remove_grant(struct client *client, uint32_t number, struct reply *reply)
{
	struct svad *svad = client->svad;
	struct grant *grant = grant_find(&svad->grants, number);
	int err;

	if (!grant) {
		reply_refuse(reply, 0, SVA_REASON_NO_SUCH_GRANT);
		return;
	}
	grant_audit("took", grant, client->peer.uid);
	err = grant_end(svad, grant, &reply->done.revoked);
	reply->done.grant = number;
	if (err)
		reply_refuse(reply, err, SVA_REASON_NO_STATE);
}

static void request_list_grants(struct svad *svad, uint32_t after, struct reply *reply)
{
	struct sva_msg_grants *out = &reply->grants;
	const struct grant *grant;

	if (!after)
		grants_end_stale(svad);
	while (out->count < SVA_MSG_GRANTS && (grant = grant_above(&svad->grants, after))) {
		struct sva_msg_grant *entry = &out->grants[out->count++];

		after = grant->number;
		entry->number = grant->number;
		entry->uid = grant->uid;
		entry->cgroup_id = grant->cgroup;
		entry->contexts = grant->contexts;
		entry->used = accounts_grant(&svad->devices, grant->number);
		entry->given_by = grant->given_by;
		name_copy(entry->device, grant->device, sizeof(entry->device));
		name_copy(entry->cgroup, grant->path ? grant->path : "", sizeof(entry->cgroup));
	}
}

/* --------------------------------------------------------------- stats */

static void request_stats(struct svad *svad, struct reply *reply)
{
	uint64_t *values = reply->stats.values;
	const struct device *device;

	reply->stats.count = SVA_STATS;
	memcpy(values, svad->stats, sizeof(svad->stats));
	values[SVA_STAT_CLIENTS] = svad->clients.count;
	values[SVA_STAT_WATCHES] = svad->num_watchers;
	values[SVA_STAT_CONTEXTS] = accounts_total(&svad->devices);
	values[SVA_STAT_GRANTS] = svad->grants.count;
	values[SVA_STAT_RULES] = svad->policy->num_rules;
	values[SVA_STAT_UPTIME] = (svad_now(svad) - svad->started) / 1000000;
	values[SVA_STAT_HEAP] = mallinfo2().uordblks;
	values[SVA_STAT_LINES_HELD_BACK] = log_held_back();
	for (size_t i = 0; (device = devices_next(&svad->devices, &i)); i++) {
		struct sva_device_info info;

		values[SVA_STAT_DEVICES]++;
		if (!kernel_device_info(device->fd, &info))
			values[SVA_STAT_QUARANTINED] += info.quarantined;
	}
}

/* ----------------------------------------------------------- subscribe */

static void request_subscribe(struct client *client, struct subject *who, uint32_t serial,
			      struct reply *reply)
{
	uint32_t reason = watcher_add(client, serial,
				      policy_administrator(client->svad->policy, who));

	if (reason)
		reply_refuse(reply, 0, reason);
}

/* ------------------------------------------------------------ requests */

static bool is_for_operators(uint16_t type)
{
	return type == SVA_MSG_ADD_GRANT || type == SVA_MSG_REMOVE_GRANT ||
	       type == SVA_MSG_LIST_GRANTS;
}

/* 0, or the reason why this user may not ask it */
static uint32_t admin_check(const struct svad *svad, struct subject *who, uint16_t type)
{
	if (type == SVA_MSG_SUBSCRIBE)
		return 0;
	if (is_for_operators(type))
		return policy_operator(svad->policy, who) ? 0 : SVA_REASON_NOT_OPERATOR;
	return policy_administrator(svad->policy, who) ? 0 : SVA_REASON_NOT_ADMINISTRATOR;
}

void admin_answer(struct client *client, struct subject *who, const union request *request,
		  struct reply *reply)
{
	struct svad *svad = client->svad;
	uint32_t reason = admin_check(svad, who, request->msg.type);

	/* groups that could not be told make nobody an administrator */
	if (reason || who->failure) {
		reply_refuse(reply, 0, reason ? reason : who->failure);
		return;
	}
	switch (request->msg.type) {
	case SVA_MSG_ADD_GRANT:
		request_add_grant(client, &request->add_grant, reply);
		break;
	case SVA_MSG_REMOVE_GRANT:
		request_remove_grant(client, request->number.number, reply);
		break;
	case SVA_MSG_LIST_GRANTS:
		request_list_grants(svad, request->number.number, reply);
		break;
	case SVA_MSG_REVOKE:
		request_revoke(client, &request->revoke, reply);
		break;
	case SVA_MSG_RESET:
		request_reset(client, &request->reset, reply);
		break;
	case SVA_MSG_STATS:
		request_stats(svad, reply);
		break;
	default:
		request_subscribe(client, who, request->msg.serial, reply);
		break;
	}
}

void admin_audit_refused(const struct client *client, const union request *request,
			 uint32_t reason)
{
	switch (request->msg.type) {
	case SVA_MSG_ADD_GRANT:
		audit_refused(client, "add a grant on", request->add_grant.device, "", reason);
		break;
	case SVA_MSG_REMOVE_GRANT:
	case SVA_MSG_LIST_GRANTS:
		audit_refused(client, "grants", "", "", reason);
		break;
	case SVA_MSG_REVOKE:
		audit_refused(client, "revoke a context on", request->revoke.device, "", reason);
		break;
	case SVA_MSG_RESET:
		audit_refused(client, "reset", request->reset.device, "", reason);
		break;
	default:
		audit_refused(client, request->msg.type == SVA_MSG_STATS ? "stats" : "watch", "",
			      "", reason);
		break;
	}
}
