// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * request.c - what each request is answered with; open.c has OPEN
 */
#include <sva.h>

#include "account.h"
#include "open.h"
#include "request.h"

/* -------------------------------------------------------- LIST_DEVICES */

/* The policy alone: a user at his limit is permitted all the same */
static bool device_permitted(const struct policy *policy, struct subject *who,
			     const struct device *device)
{
	for (uint32_t i = 0; i < device->num_types; i++) {
		if (!policy_decide(policy, who, device->name, device->types[i]).reason)
			return true;
	}
	return false;
}

static bool device_describe(const struct policy *policy, struct subject *who,
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
		if (device_describe(svad->policy, who, device, &out->devices[out->count]))
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

static uint32_t device_missing(const struct svad *svad)
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

static void request_explain(struct client *client, struct subject *who,
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
	default:
		request_explain(client, who, &request->explain, reply);
		break;
	}
}

void request_handle(struct client *client, const union request *request,
		    struct reply *reply)
{
	struct peer_subject subject;

	reply_init(reply, request);
	peer_subject(&client->peer, client->fd, client->svad->policy, &subject);
	request_answer(client, &subject.who, request, reply);
	/* a deny by group that could not be checked must not become an allow */
	if (subject.who.failed)
		reply_refuse(reply, 0, SVA_REASON_DAEMON_NO_MEMORY);
	if (reply->msg.error)
		request_log_refusal(client, request, reply->msg.reason);
}
