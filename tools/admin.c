// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * admin.c - svactl revoke and svactl reset
 */
#include "contexts.h"
#include "sva-admin.h"
#include "text.h"

static int admin_finish(const struct svactl *svactl, int ret, const char *done)
{
	if (ret < 0)
		return svactl_refused(svactl, ret, sva_context_reason(NULL));
	if (svactl->json)
		return svactl_print_json(json_pack("{s:b}", "ok", true), SVACTL_OK);
	printf("%s\n", done);
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}

/* The id alone says which: svad is asked where it is, unless that was said */
int svactl_revoke(const struct svactl *svactl)
{
	const char *number = svactl->arguments[svactl->num_arguments - 1];
	const char *device = svactl->num_arguments > 1 ? svactl->arguments[0] : NULL;
	struct context context;
	uint32_t reason;
	uint64_t id;
	int ret;

	if (!number_read(number, UINT64_MAX, &id))
		return svactl_misused(svactl, "the id of a context is a number, as svactl ps shows it");
	if (!device) {
		ret = context_find(svactl, id, &context, &reason);
		if (ret < 0)
			return svactl_refused(svactl, ret, reason);
		device = context.device;
	}
	return admin_finish(svactl, sva_revoke(svactl->socket, device, id),
			    "its end has begun; svactl watch tells when it is done");
}

int svactl_reset(const struct svactl *svactl)
{
	return admin_finish(svactl, sva_reset(svactl->socket, svactl->device),
			    "the reset has begun; svactl watch tells when it is done");
}
