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

static void print_text(const struct sva_notice *notice)
{
	char *user;

	printf("%s %s", kind_name(notice->kind), *notice->device ? notice->device : "-");
	if (notice->context) {
		user = user_name(notice->uid);
		text_make_safe(user);
		printf(" context %" PRIu64 " of %s, PASID %u", notice->context, user,
		       notice->pasid);
		free(user);
	}
	if (notice->kind == SVA_NOTICE_LOST && notice->count)
		printf(" %" PRIu64 " events", notice->count);
	if (notice->reason)
		printf(": %s", sva_strreason(notice->reason));
	putchar('\n');
}

/* A line each, so that a reader need not wait for the end of an array */
static void print_json(const struct sva_notice *notice)
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

	json_dumpf(json, stdout, JSON_COMPACT);
	json_decref(json);
	putchar('\n');
}

static bool is_shown(const struct svactl *svactl, const struct sva_notice *notice)
{
	return !svactl->device || !*notice->device || !strcmp(svactl->device, notice->device);
}

int svactl_watch(const struct svactl *svactl)
{
	struct sva_notice notice;
	struct sva_watch *watch;
	int ret = sva_watch(svactl->socket, &watch);

	while (ret >= 0 && (ret = sva_watch_next(watch, &notice, -1)) >= 0) {
		text_make_safe(notice.device);
		if (!is_shown(svactl, &notice))
			continue;
		if (svactl->json)
			print_json(&notice);
		else
			print_text(&notice);
		/* whoever read it has gone */
		if (fflush(stdout))
			break;
	}
	if (ret >= 0) {
		sva_watch_end(watch);
		return SVACTL_FAILED;
	}
	ret = svactl_refused(svactl, ret, sva_context_reason(NULL));
	sva_watch_end(watch);
	return ret;
}
