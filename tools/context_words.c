// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * context_words.c - a context in words and in JSON
 */
#include <stdlib.h>

#include "contexts.h"
#include "sva.h"

static const char *name_of(const char *const *names, size_t count, uint32_t number)
{
	return number < count ? names[number] : "unknown";
}

const char *context_state_name(uint32_t state)
{
	static const char *const names[] = {
		"created", "bound", "stopping", "ended", "quarantined",
	};

	return name_of(names, sizeof(names) / sizeof(names[0]), state);
}

const char *context_release_name(uint32_t release)
{
	static const char *const names[] = { "neither", "flushed", "clean", "pending" };

	return name_of(names, sizeof(names) / sizeof(names[0]), release);
}

json_t *context_json(const struct context *context)
{
	const struct sva_context_entry *entry = &context->entry;
	char *user = user_name(entry->account);
	json_t *json;

	json = json_pack("{s:I, s:I, s:s, s:I, s:s, s:I, s:s, s:I, s:s, s:s?, s:I, s:I, s:I, s:I}",
			 "id", (json_int_t)entry->id,
			 "pid", (json_int_t)entry->owner,
			 "user", user,
			 "uid", (json_int_t)entry->account,
			 "device", context->device,
			 "type", (json_int_t)entry->type,
			 "state", context_state_name(entry->state),
			 "pasid", (json_int_t)entry->pasid,
			 "release", context_release_name(entry->release),
			 "ended_by", entry->end_reason ? sva_reason_name(entry->end_reason) : NULL,
			 "submitted", (json_int_t)entry->submitted,
			 "faults", (json_int_t)entry->faults,
			 "page_requests", (json_int_t)entry->page_requests,
			 "stale", (json_int_t)entry->stale);
	free(user);
	return json;
}
