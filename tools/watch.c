// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watch.c - svactl watch: what happens, a line each, as it happens
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sva.h"
#include "svactl.h"
#include "text.h"

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {
		"lost", "device-arrived", "device-gone", "device-reset", "bound", "ended",
		"quarantined", "released", "revoked",
	};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "unknown";
}

static int print_text(const struct sva_notice *notice)
{
	char *user;

	printf("%s %s", kind_name(notice->kind), *notice->device ? notice->device : "-");
	if (notice->context) {
		user = user_name(notice->uid);
		printf(" context %" PRIu64 " of %s, PASID %u", notice->context, user,
		       notice->pasid);
		free(user);
	}
	if (notice->kind == SVA_NOTICE_LOST && notice->count)
		printf(" %" PRIu64 " events", notice->count);
	if (notice->reason)
		printf(": %s", sva_strreason(notice->reason));
	putchar('\n');
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}

/* A line each, so that a reader need not wait for the end of an array */
static int print_json(const struct sva_notice *notice)
{
	json_t *json = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s?}",
				 "event", kind_name(notice->kind),
				 "device", notice->device,
				 "context", (json_int_t)notice->context,
				 "uid", (json_int_t)notice->uid,
				 "pasid", (json_int_t)notice->pasid,
				 "count", (json_int_t)notice->count,
				 "reason", notice->reason ?
				 sva_reason_name(notice->reason) : NULL);

	return svactl_print_json_line(json);
}

static bool is_shown(const struct svactl *svactl, const struct sva_notice *notice)
{
	return !svactl->device || !*notice->device || !strcmp(svactl->device, notice->device);
}

/* SVACTL_OK after as many lines as were wanted; SVACTL_FAILED: their reader has gone */
static int watch_tell(const struct svactl *svactl, struct sva_watch *watch, int *error)
{
	struct sva_notice notice;
	uint32_t told = 0;
	int status = SVACTL_OK;

	while (status == SVACTL_OK && (!svactl->count || told < svactl->count)) {
		*error = sva_watch_next(watch, &notice, -1);
		if (*error < 0)
			return SVACTL_FAILED;
		text_make_safe(notice.device);
		if (!is_shown(svactl, &notice))
			continue;
		status = svactl->json ? print_json(&notice) : print_text(&notice);
		told++;
	}
	*error = 0;
	return status;
}

int svactl_watch(const struct svactl *svactl)
{
	struct sva_watch *watch = NULL;
	int status = SVACTL_FAILED, error = sva_watch(svactl->socket, &watch);

	if (!error)
		status = watch_tell(svactl, watch, &error);
	if (error < 0)
		status = svactl_refused(svactl, error, sva_context_reason(NULL));
	sva_watch_end(watch);
	return status;
}
