// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * admin.c - svactl revoke and svactl reset
 */
#include "sva-admin.h"
#include "svactl.h"
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

int svactl_revoke(const struct svactl *svactl)
{
	const char *device = svactl->device ? svactl->device : svactl->arguments[0];
	const char *number = svactl->arguments[svactl->num_arguments - 1];
	uint64_t id;

	if (svactl->num_arguments + (svactl->device != NULL) != 2)
		return svactl_misused(svactl, "give a device and the id of a context there, as svactl ps shows them");
	if (!number_read(number, UINT64_MAX, &id))
		return svactl_misused(svactl, "the id of a context is a number, as svactl ps shows it");
	return admin_finish(svactl, sva_revoke(svactl->socket, device, id),
			    "its end has begun; svactl watch tells when it is done");
}

int svactl_reset(const struct svactl *svactl)
{
	if (!svactl->device)
		return svactl_misused(svactl, "say which device");
	return admin_finish(svactl, sva_reset(svactl->socket, svactl->device),
			    "the reset has begun; svactl watch tells when it is done");
}
