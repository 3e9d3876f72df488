// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * open.c - which device is it to be, and the context there
 */
#include <sva.h>

#include "log.h"
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
	search->error = error ? error : -reason_find(reason)->error;
	search->refused_by = search->verdict.rule;
}

/* Are the limits reached, even after what the kernel has to say? */
static uint32_t limit_reached(const struct search *search, const struct device *device)
{
	if (device_account(device, search->who->uid) >= search->verdict.contexts_per_user)
		return SVA_REASON_LIMIT_USER;
	if (search->verdict.contexts_per_device &&
	    device_contexts(device) >= search->verdict.contexts_per_device)
		return SVA_REASON_LIMIT_DEVICE;
	return 0;
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
	if (device_type(device, search->type_name, &search->type)) {
		search_refused(search, RANK_NO_TYPE, 0, SVA_REASON_NO_SUCH_TYPE);
		return false;
	}
	search->verdict = policy_decide(search->policy, search->who, device->name,
					device->types[search->type]);
	if (search->verdict.reason) {
		search_refused(search, RANK_DENIED, 0, search->verdict.reason);
		return false;
	}
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
		.policy = svad->policy, .devices = &svad->devices,
		.who = who, .name = device, .type_name = type,
	};
	search_refused(search, RANK_NO_DEVICE, 0,
		       any ? SVA_REASON_NO_SUCH_DEVICE : SVA_REASON_NO_DEVICE);
}

bool search_next(struct search *search)
{
	struct device *device;

	if (*search->name) {
		device = search->tried ? NULL : devices_find(search->devices, search->name);
		search->device = device;
		return device && search_try(search, device);
	}
	while ((device = devices_next(search->devices, &search->index))) {
		search->index++;
		search->device = device;
		if (search_try(search, device))
			return true;
	}
	return false;
}

void search_device_refused(struct search *search, int error, uint32_t reason)
{
	search_refused(search, RANK_KERNEL, error, reason);
}

void search_end(struct search *search)
{
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
		int err = device_create_context(search->device, search->type,
						client->peer.pid, client->peer.uid, created);

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

static void open_succeeded(const struct client *client, const struct search *search,
			   const struct sva_create_context *created, struct reply *reply)
{
	reply->fd = created->fd;
	reply->opened.id = created->id;
	name_copy(reply->opened.device, search->device->name, SVA_NAME_LEN);
	reply->opened.rule = search->verdict.rule->line;
	if (open_owner_is_proved(client, reply))
		log_info("context %llu on %s for uid %u, pid %d",
			 (unsigned long long)created->id, search->device->name,
			 client->peer.uid, client->peer.pid);
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
	if (open_search(&search, client, &created))
		reply_refuse(reply, search.error, search.reason);
	else
		open_succeeded(client, &search, &created, reply);
}
