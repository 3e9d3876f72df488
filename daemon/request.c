// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * request.c - what each request is answered with; open.c has OPEN, admin.c what only
 * some may ask
 */
#include <sva.h>

#include "account.h"
#include "admin.h"
#include "audit.h"
#include "open.h"
#include "reason.h"
#include "request.h"

/* -------------------------------------------------------- LIST_DEVICES */

/* The policy and grants alone: a user at his limit is permitted all the same */
static bool device_permitted(struct svad *svad, struct subject *who, const struct device *device)
{
	for (uint32_t i = 0; i < device->num_types; i++) {
		uint32_t reason = policy_decide(svad->policy, who, device->name,
						device->types[i]).reason;

		if (!reason || (reason == SVA_REASON_DENIED_BY_DEFAULT &&
				grant_for(svad, who, device)))
			return true;
	}
	return false;
}

static bool device_describe(struct svad *svad, struct subject *who,
			    const struct device *device, struct sva_msg_device *out)
{
	struct sva_device_info info;

	if (kernel_device_info(device->fd, &info))
		return false;	/* on its way out */
	name_copy(out->name, device->name, SVA_NAME_LEN);
	out->flags = info.flags;
	out->sva_reason = info.sva_reason;
	out->pasid_bits = info.pasid_bits;
	out->group = info.group;
	out->max_contexts = info.max_contexts;
	out->contexts = info.contexts;
	out->quarantined = info.quarantined;
	out->permitted = device_permitted(svad, who, device);
	return true;
}

static void request_list_devices(struct client *client, struct subject *who,
				 const struct sva_msg_list_devices *request,
				 struct reply *reply)
{
	struct svad *svad = client->svad;
	struct sva_msg_devices *out = &reply->devices;
	size_t index = request->start;
	const struct device *device;

	while (out->count < SVA_MSG_DEVICES &&
	       (device = devices_next(&svad->devices, &index))) {
		index++;
		if (device_describe(svad, who, device, &out->devices[out->count]))
			out->count++;
	}
	out->next = (uint32_t)index;
}

/* ------------------------------------------------------- LIST_CONTEXTS */

/* Administrators: the kernel's list as it is */
static int contexts_of_all(const struct device *device, struct sva_msg_contexts *out,
			   uint64_t after)
{
	out->count = SVA_MSG_CONTEXTS;
	return kernel_contexts_list(device->fd, after, out->contexts, &out->count);
}

/*
 * Others: svad knows which are theirs, and the kernel is asked for those alone.
 * Whoever has few makes nobody go through the contexts of all (R8).
 */
static int contexts_of_user(const struct device *device, struct sva_msg_contexts *out,
			    uint64_t after, uint32_t uid)
{
	uint64_t ids[SVA_MSG_CONTEXTS];
	size_t count;

	do {
		count = account_contexts(device, uid, after, ids, SVA_MSG_CONTEXTS);
		for (size_t i = 0; i < count; i++) {
			struct sva_context_entry *entry = &out->contexts[out->count];
			uint32_t one = 1;
			int err = kernel_contexts_list(device->fd, ids[i] - 1, entry, &one);

			if (err)
				return err;
			/* it may have ended, and the event be on its way */
			if (one && entry->id == ids[i])
				out->count++;
			after = ids[i];
		}
	} while (count && !out->count);
	/* what was read there belongs to somebody else */
	if (out->count < SVA_MSG_CONTEXTS)
		memset(&out->contexts[out->count], 0, sizeof(out->contexts[0]));
	return 0;
}

uint32_t device_missing(const struct svad *svad)
{
	size_t first = 0;

	return devices_next(&svad->devices, &first) ? SVA_REASON_NO_SUCH_DEVICE :
						      SVA_REASON_NO_DEVICE;
}

static void request_list_contexts(struct client *client, struct subject *who,
				  const struct sva_msg_list_contexts *request,
				  struct reply *reply)
{
	struct svad *svad = client->svad;
	const struct device *device = devices_find(&svad->devices, request->device);
	int err;

	if (!device) {
		reply_refuse(reply, 0, device_missing(svad));
		return;
	}
	if (policy_administrator(svad->policy, who))
		err = contexts_of_all(device, &reply->contexts, request->after);
	else
		err = contexts_of_user(device, &reply->contexts, request->after, who->uid);
	if (err)
		reply_refuse(reply, err, err == -ENODEV ? SVA_REASON_DEVICE_GONE :
							  SVA_REASON_SYSTEM);
}

/* ------------------------------------------------------------- EXPLAIN */

static void explain_fill(struct sva_msg_explained *out, const struct search *search)
{
	const struct policy_rule *rule = out->permitted ? search->verdict.rule :
							  search->refused_by;

	if (rule) {
		out->rule = rule->line;
		name_copy(out->text, rule->text, sizeof(out->text));
	}
	name_copy(out->file, search->svad->config, sizeof(out->file));
	if (search->device) {
		out->contexts = account_user(search->device, search->who->uid);
		out->limit = search->verdict.contexts_per_user;
	}
	if (search->grant)
		out->grant = search->grant->number;
}

static void request_explain(struct client *client, struct subject *who, const char *device,
			    const char *type, struct reply *reply)
{
	struct sva_msg_explained *out = &reply->explained;
	struct search search;

	search_begin(&search, client->svad, who, device, type);
	out->permitted = search_next(&search);
	search_end(&search);
	if (!out->permitted && search_found_nothing(&search)) {
		reply_refuse(reply, search.error, search.reason);
		return;
	}
	out->why = out->permitted ? 0 : search.reason;
	explain_fill(out, &search);
}

/* Of himself anybody may ask, and is told what holds for him and not what he says */
static void request_explain_user(struct client *client, struct subject *asker,
				 const struct sva_msg_explain_user *request, struct reply *reply)
{
	struct subject other = {
		.uid = request->uid, .gid = request->gid, .groups = request->groups,
		.num_groups = request->num_groups, .cgroup = request->cgroup,
	};

	if (request->uid == asker->uid)
		request_explain(client, asker, request->device, request->type, reply);
	else if (policy_administrator(client->svad->policy, asker))
		request_explain(client, &other, request->device, request->type, reply);
	else
		reply_refuse(reply, 0, SVA_REASON_NOT_ADMINISTRATOR);
}

/* ------------------------------------------------------------ requests */

static void request_audit(const struct client *client, const union request *request,
			  const struct reply *reply)
{
	uint32_t reason = reply->msg.reason;

	switch (request->msg.type) {
	case SVA_MSG_OPEN:
		audit_refused_by(client, "open", request->open.device, request->open.type,
				 reason, reply->rule);
		break;
	case SVA_MSG_EXPLAIN:
		audit_refused(client, "explain", request->explain.device,
			      request->explain.type, reason);
		break;
	case SVA_MSG_EXPLAIN_USER:
		audit_refused(client, "explain", request->explain_user.device,
			      request->explain_user.type, reason);
		break;
	case SVA_MSG_LIST_CONTEXTS:
		audit_refused(client, "list contexts", request->list_contexts.device, "",
			      reason);
		break;
	case SVA_MSG_LIST_DEVICES:
		audit_refused(client, "list devices", "", "", reason);
		break;
	default:
		admin_audit_refused(client, request, reason);
		break;
	}
}

static void request_count_refusal(struct svad *svad, uint32_t reason)
{
	enum sva_stat stat = SVA_STAT_REFUSED_OTHER;

	if (reason == SVA_REASON_DENIED_BY_RULE || reason == SVA_REASON_DENIED_BY_DEFAULT ||
	    reason == SVA_REASON_NOT_ADMINISTRATOR || reason == SVA_REASON_NOT_OPERATOR)
		stat = SVA_STAT_REFUSED_POLICY;
	else if (reason == SVA_REASON_LIMIT_REQUESTS)
		stat = SVA_STAT_REFUSED_RATE;
	else if (reason_find(reason)->error == EDQUOT || reason == SVA_REASON_LIMIT_WATCHES)
		stat = SVA_STAT_REFUSED_LIMIT;
	svad->stats[stat]++;
}

static void request_answer(struct client *client, struct subject *who,
			   const union request *request, struct reply *reply)
{
	switch (request->msg.type) {
	case SVA_MSG_OPEN:
		request_open(client, who, &request->open, reply);
		break;
	case SVA_MSG_LIST_DEVICES:
		request_list_devices(client, who, &request->list_devices, reply);
		break;
	case SVA_MSG_LIST_CONTEXTS:
		request_list_contexts(client, who, &request->list_contexts, reply);
		break;
	case SVA_MSG_EXPLAIN:
		request_explain(client, who, request->explain.device, request->explain.type,
				reply);
		break;
	case SVA_MSG_EXPLAIN_USER:
		request_explain_user(client, who, &request->explain_user, reply);
		break;
	default:
		admin_answer(client, who, request, reply);
		break;
	}
}

/*
 * R10: whoever else has come by the socket, by fork or from its owner, is nobody;
 * and so is everybody once the owner has ended.  OPEN asks for that at its end.
 * Only of those who connected before svad had the socket is it not told who sends.
 */
static uint32_t request_check(struct client *client, pid_t sender, uint16_t type)
{
	const struct policy *policy = client->svad->policy;

	if (!rate_take(&client->svad->rates, client->peer.uid, svad_now(client->svad),
		       policy->requests_per_second, policy->requests_burst))
		return SVA_REASON_LIMIT_REQUESTS;
	if (sender >= 0 && sender != client->peer.pid)
		return SVA_REASON_OTHER_SENDER;
	if (type != SVA_MSG_OPEN && !peer_alive(&client->peer))
		return SVA_REASON_PEER_GONE;
	return 0;
}

void request_handle(struct client *client, pid_t sender, const union request *request,
		    struct reply *reply)
{
	struct svad *svad = client->svad;
	struct peer_subject subject;
	uint32_t reason;

	svad->stats[SVA_STAT_REQUESTS]++;
	reply_init(reply, request);
	reason = request_check(client, sender, request->msg.type);
	if (!reason) {
		peer_subject(&client->peer, client->fd, svad->policy, &svad->cgroups, &subject);
		request_answer(client, &subject.who, request, reply);
		if (subject.cost)
			rate_charge(&svad->rates, client->peer.uid, svad_now(svad),
				    svad->policy->requests_per_second, subject.cost);
		/* a deny that could not be checked must not become an allow */
		reason = subject.who.failure;
	}
	if (reason)
		reply_refuse(reply, 0, reason);
	if (!reply->msg.error)
		return;
	request_count_refusal(svad, reply->msg.reason);
	request_audit(client, request, reply);
}
