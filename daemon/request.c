// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * request.c - what each request is answered with; open.c has OPEN
 */
#include <sva.h>

#include "log.h"
#include "open.h"
#include "request.h"

/* -------------------------------------------------------- LIST_DEVICES */

/* The policy alone: a user at his limit is permitted all the same */
static bool device_permitted(const struct policy *policy, const struct subject *who,
			     const struct device *device)
{
	for (uint32_t i = 0; i < device->num_types; i++) {
		if (!policy_decide(policy, who, device->name, device->types[i]).reason)
			return true;
	}
	return false;
}

static bool device_describe(const struct policy *policy, const struct subject *who,
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
	out->permitted = device_permitted(policy, who, device);
	return true;
}

static void request_list_devices(struct client *client, const struct subject *who,
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
		if (device_describe(svad->policy, who, device, &out->devices[out->count]))
			out->count++;
	}
	out->next = (uint32_t)index;
}

/* ------------------------------------------------------- LIST_CONTEXTS */

#define LIST_ENTRIES 64	/* asked of the kernel at once */

struct listing {
	const struct device *device;
	uint32_t uid;
	bool all;
	uint32_t most;	/* entries that the reply can have */
};

static void contexts_take(const struct listing *listing, struct sva_msg_contexts *out,
			  const struct sva_context_entry *entries, uint32_t count)
{
	for (uint32_t i = 0; i < count && out->count < listing->most; i++) {
		if (listing->all || entries[i].account == listing->uid)
			out->contexts[out->count++] = entries[i];
	}
}

/*
 * Goes through the kernel's list until the reply is full or all that the peer
 * has is in it: who has none costs nothing, however many others have.
 */
static int contexts_fill(const struct listing *listing, struct sva_msg_contexts *out,
			 uint64_t after)
{
	struct sva_context_entry entries[LIST_ENTRIES];

	while (out->count < listing->most) {
		uint32_t count = listing->all ? SVA_MSG_CONTEXTS : LIST_ENTRIES;
		int err = kernel_contexts_list(listing->device->fd, after, entries, &count);

		if (err || !count)
			return err;
		contexts_take(listing, out, entries, count);
		after = entries[count - 1].id;
	}
	return 0;
}

static uint32_t device_missing(const struct svad *svad)
{
	size_t first = 0;

	return devices_next(&svad->devices, &first) ? SVA_REASON_NO_SUCH_DEVICE :
						      SVA_REASON_NO_DEVICE;
}

static void request_list_contexts(struct client *client, const struct subject *who,
				  const struct sva_msg_list_contexts *request,
				  struct reply *reply)
{
	struct svad *svad = client->svad;
	struct listing listing = {
		.device = devices_find(&svad->devices, request->device),
		.uid = who->uid,
		.all = policy_administrator(svad->policy, who),
		.most = SVA_MSG_CONTEXTS,
	};
	int err;

	if (!listing.device) {
		reply_refuse(reply, 0, device_missing(svad));
		return;
	}
	if (!listing.all && device_account(listing.device, who->uid) < listing.most)
		listing.most = device_account(listing.device, who->uid);
	err = contexts_fill(&listing, &reply->contexts, request->after);
	if (err)
		reply_refuse(reply, err, err == -ENODEV ? SVA_REASON_DEVICE_GONE :
							  SVA_REASON_SYSTEM);
}

/* ------------------------------------------------------------- EXPLAIN */

static void request_explain(struct client *client, const struct subject *who,
			    const struct sva_msg_explain *request, struct reply *reply)
{
	struct sva_msg_explained *out = &reply->explained;
	const struct policy_rule *rule;
	struct search search;

	search_begin(&search, client->svad, who, request->device, request->type);
	out->permitted = search_next(&search);
	search_end(&search);
	if (!out->permitted && search_found_nothing(&search)) {
		reply_refuse(reply, search.error, search.reason);
		return;
	}
	rule = out->permitted ? search.verdict.rule : search.refused_by;
	out->why = out->permitted ? 0 : search.reason;
	if (rule) {
		out->rule = rule->line;
		name_copy(out->text, rule->text, sizeof(out->text));
	}
}

/* ------------------------------------------------------------ requests */

static void request_log_refusal(const struct client *client, const union request *request,
				uint32_t reason)
{
	switch (request->msg.type) {
	case SVA_MSG_OPEN:
		client_log_refusal(client, "open", request->open.device, request->open.type,
				   reason);
		break;
	case SVA_MSG_EXPLAIN:
		client_log_refusal(client, "explain", request->explain.device,
				   request->explain.type, reason);
		break;
	case SVA_MSG_LIST_CONTEXTS:
		client_log_refusal(client, "list contexts", request->list_contexts.device,
				   "", reason);
		break;
	default:
		client_log_refusal(client, "list devices", "", "", reason);
		break;
	}
}

static void request_answer(struct client *client, const struct subject *who,
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
	default:
		request_explain(client, who, &request->explain, reply);
		break;
	}
}

void request_handle(struct client *client, const union request *request,
		    struct reply *reply)
{
	struct subject who;

	reply_init(reply, request);
	/* a deny by group that cannot be checked must not become an allow */
	if (peer_subject(&client->peer, client->fd, client->svad->policy, &who))
		reply_refuse(reply, 0, SVA_REASON_DAEMON_NO_MEMORY);
	else
		request_answer(client, &who, request, reply);
	if (reply->msg.error)
		request_log_refusal(client, request, reply->msg.reason);
}
