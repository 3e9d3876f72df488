// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * admin.c - sva-admin.h: one connection and one request a call
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "context.h"
#include "entry.h"
#include "sva-admin.h"

/* No svad has more; one that goes on and on is not ours */
#define MAX_GRANTS 65536

_Static_assert(SVA_GRANT_PATH_LEN == SVA_CGROUP_LEN, "protocol");

static int admin_fail(struct client *client, int error)
{
	client_close(client);
	return context_fail(NULL, error, client->reason);
}

SVA_PUBLIC int sva_grant_add(const char *socket, const char *device, const char *cgroup,
			     uint32_t uid, uint32_t contexts, uint32_t *number)
{
	KEEP_ERRNO;
	struct sva_msg_done done;
	struct client client;
	unsigned int losses = 0;
	int ret;

	if (!device || !*device || !contexts || (cgroup && (uid || *cgroup != '/')) ||
	    (cgroup && strlen(cgroup) >= SVA_GRANT_PATH_LEN))
		return context_fail(NULL, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	client_begin(&client, socket, 0);
	do {
		ret = client_connect_again(&client);
		if (!ret)
			ret = client_add_grant(&client, device, cgroup, uid, contexts, &done);
	} while (ret < 0 && client_may_try_again(&client, &losses));
	if (ret < 0)
		return admin_fail(&client, ret);
	client_close(&client);
	if (number)
		*number = done.grant;
	return 0;
}

/* One that is not there any more was taken by a try whose answer was lost */
SVA_PUBLIC int sva_grant_remove(const char *socket, uint32_t number, uint32_t *revoked)
{
	KEEP_ERRNO;
	struct sva_msg_done done = { 0 };
	struct client client;
	unsigned int losses = 0;
	int ret;

	client_begin(&client, socket, 0);
	do {
		ret = client_connect_again(&client);
		if (!ret)
			ret = client_remove_grant(&client, number, &done);
	} while (ret < 0 && client_may_try_again(&client, &losses));
	if (ret == -ENOENT && losses && client.reason == SVA_REASON_NO_SUCH_GRANT)
		ret = 0;
	if (ret < 0)
		return admin_fail(&client, ret);
	client_close(&client);
	if (revoked)
		*revoked = done.revoked;
	return 0;
}

static void grant_fill(struct sva_grant *grant, const struct sva_msg_grant *from)
{
	*grant = (struct sva_grant){
		.number = from->number, .uid = from->uid, .cgroup_id = from->cgroup_id,
		.contexts = from->contexts, .used = from->used, .given_by = from->given_by,
	};
	memcpy(grant->device, from->device, sizeof(grant->device));
	memcpy(grant->cgroup, from->cgroup, sizeof(grant->cgroup));
}

static int grants_append(struct client *client, struct sva_grant **grants, size_t *count,
			 const struct sva_msg_grants *page)
{
	struct sva_grant *more;

	if (*count + page->count > MAX_GRANTS) {
		client->reason = SVA_REASON_PROTOCOL;
		return -EPROTO;
	}
	more = reallocarray(*grants, *count + page->count, sizeof(*more));
	if (!more) {
		client->reason = SVA_REASON_SYSTEM;
		return -ENOMEM;
	}
	*grants = more;
	for (uint32_t i = 0; i < page->count; i++)
		grant_fill(&more[(*count)++], &page->grants[i]);
	return 0;
}

/* All of them; none where that fails */
static int grants_ask(struct client *client, struct sva_grant **grants, size_t *count)
{
	struct sva_msg_grants page;
	uint32_t after = 0;
	int ret;

	*grants = NULL;
	*count = 0;
	for (;;) {
		ret = client_list_grants(client, after, &page);
		if (ret < 0 || !page.count)
			break;
		ret = grants_append(client, grants, count, &page);
		if (ret < 0)
			break;
		after = page.grants[page.count - 1].number;
	}
	if (ret < 0) {
		free(*grants);
		*grants = NULL;
		*count = 0;
	}
	return ret;
}

SVA_PUBLIC int sva_list_grants(const char *socket, struct sva_grant **grants, size_t *count)
{
	KEEP_ERRNO;
	struct client client;
	unsigned int losses = 0;
	int ret;

	if (!grants || !count)
		return context_fail(NULL, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	*grants = NULL;
	*count = 0;
	client_begin(&client, socket, 0);
	do {
		ret = client_connect_again(&client);
		if (!ret)
			ret = grants_ask(&client, grants, count);
	} while (ret < 0 && client_may_try_again(&client, &losses));
	if (ret < 0)
		return admin_fail(&client, ret);
	client_close(&client);
	return 0;
}

/* One that is not there any more was ended by a try whose answer was lost */
SVA_PUBLIC int sva_revoke(const char *socket, const char *device, uint64_t context)
{
	KEEP_ERRNO;
	struct client client;
	unsigned int losses = 0;
	int ret;

	if (!device)
		return context_fail(NULL, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	client_begin(&client, socket, 0);
	do {
		ret = client_connect_again(&client);
		if (!ret)
			ret = client_revoke(&client, device, context);
	} while (ret < 0 && client_may_try_again(&client, &losses));
	if (ret == -ENOENT && losses && client.reason == SVA_REASON_NO_SUCH_CONTEXT)
		ret = 0;
	if (ret < 0)
		return admin_fail(&client, ret);
	client_close(&client);
	return 0;
}

/* A reset that is under way was begun by a try whose answer was lost */
SVA_PUBLIC int sva_reset(const char *socket, const char *device)
{
	KEEP_ERRNO;
	struct client client;
	unsigned int losses = 0;
	int ret;

	if (!device)
		return context_fail(NULL, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	client_begin(&client, socket, 0);
	do {
		ret = client_connect_again(&client);
		if (!ret)
			ret = client_reset(&client, device);
	} while (ret < 0 && client_may_try_again(&client, &losses));
	if (ret == -EBUSY && losses && client.reason == SVA_REASON_RESETTING)
		ret = 0;
	if (ret < 0)
		return admin_fail(&client, ret);
	client_close(&client);
	return 0;
}
