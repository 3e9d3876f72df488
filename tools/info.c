// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * info.c - svactl info: all that is known of one context
 */
#include <inttypes.h>
#include <stdlib.h>

#include "contexts.h"
#include "sva.h"
#include "text.h"

static void histogram_print(const struct sva_context_entry *entry)
{
	const int last = SVA_FAULT_BUCKETS - 1;

	puts("Page request groups by the time to their answer:");
	for (int i = 0; i <= last; i++) {
		if (entry->fault_histogram[i])
			printf("  %s %8u us  %u\n", i < last ? "up to  " : "above  ",
			       1u << (i < last ? i : i - 1), entry->fault_histogram[i]);
	}
}

static int info_text(const struct context *context)
{
	const struct sva_context_entry *entry = &context->entry;
	char *user = user_name(entry->account);

	printf("context       %" PRIu64 " on %s\n", (uint64_t)entry->id, context->device);
	printf("owner         %s, pid %d%s\n", user, entry->owner,
	       entry->owner ? "" : " (ended)");
	printf("state         %s, PASID %u, release %s\n", context_state_name(entry->state),
	       entry->pasid, context_release_name(entry->release));
	if (entry->end_reason)
		printf("ended by      %s\n", sva_strreason(entry->end_reason));
	printf("submitted     %" PRIu64 " descriptors\n", (uint64_t)entry->submitted);
	printf("translations  %" PRIu64 " asked for\n", (uint64_t)entry->ats_requests);
	printf("faults        %" PRIu64 "\n", (uint64_t)entry->faults);
	printf("requests      %" PRIu64 " pages in %" PRIu64 " groups, %.1f ms of waiting\n",
	       (uint64_t)entry->page_requests, (uint64_t)entry->page_groups,
	       (double)entry->fault_ns / 1e6);
	printf("stale         %" PRIu64 " accesses refused after the end\n", (uint64_t)entry->stale);
	if (entry->page_groups)
		histogram_print(entry);
	free(user);
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}

static json_t *info_json(const struct context *context)
{
	const struct sva_context_entry *entry = &context->entry;
	json_t *json = context_json(context), *histogram = json_array();

	for (int i = 0; i < SVA_FAULT_BUCKETS; i++)
		json_array_append_new(histogram, json_integer(entry->fault_histogram[i]));
	json_object_set_new(json, "page_groups", json_integer((json_int_t)entry->page_groups));
	json_object_set_new(json, "ats_requests", json_integer((json_int_t)entry->ats_requests));
	json_object_set_new(json, "fault_ns", json_integer((json_int_t)entry->fault_ns));
	json_object_set_new(json, "fault_histogram", histogram);
	return json;
}

int svactl_info(const struct svactl *svactl)
{
	struct context context;
	uint32_t reason;
	uint64_t id;
	int ret;

	if (!number_read(svactl->arguments[0], UINT64_MAX, &id))
		return svactl_misused(svactl, "say which context by its number, as svactl ps shows it");
	ret = context_find(svactl, id, &context, &reason);
	if (ret < 0)
		return svactl_refused(svactl, ret, reason);
	return svactl->json ? svactl_print_json(info_json(&context), SVACTL_OK) :
			      info_text(&context);
}
