// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * info.c - svactl info: all that is known of one context
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "sva.h"
#include "svactl.h"
#include "text.h"

struct found {
	struct sva_context_entry entry;
	char device[SVA_NAME_LEN];
};

/* 1: found; 0: not on this device, or the device is gone */
static int device_search(struct client *client, const char *device, uint64_t id,
			 struct found *found)
{
	struct sva_msg_contexts page = { 0 };
	int ret = client_list_contexts(client, device, id - 1, &page);

	if (ret < 0)
		return client->reason == SVA_REASON_NO_SUCH_DEVICE ||
		       client->reason == SVA_REASON_DEVICE_GONE ? 0 : ret;
	if (!page.count || page.contexts[0].id != id)
		return 0;
	found->entry = page.contexts[0];
	snprintf(found->device, sizeof(found->device), "%s", device);
	return 1;
}

static int context_find(const struct svactl *svactl, uint64_t id, struct found *found,
			uint32_t *reason)
{
	struct sva_msg_device *devices = NULL;
	struct client client;
	uint32_t count;
	int ret;

	ret = svactl_devices(svactl, &client, &devices, &count);
	*reason = client.reason;
	if (ret < 0)
		return ret;
	for (uint32_t i = 0; !ret && i < count; i++)
		ret = device_search(&client, devices[i].name, id, found);
	*reason = ret ? client.reason : SVA_REASON_NO_SUCH_CONTEXT;
	client_close(&client);
	free(devices);
	return ret > 0 ? 0 : ret ? ret : -ENOENT;
}

/* ------------------------------------------------------------------ output */

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

static int info_text(const struct found *found)
{
	const struct sva_context_entry *entry = &found->entry;
	char *user = user_name(entry->account);

	text_make_safe(user);
	printf("context       %" PRIu64 " on %s\n", (uint64_t)entry->id, found->device);
	printf("owner         %s, pid %d%s\n", user, entry->owner,
	       entry->owner ? "" : " (ended)");
	printf("state         %s, PASID %u, release %s\n", svactl_state_name(entry->state),
	       entry->pasid, svactl_release_name(entry->release));
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

static json_t *info_json(const struct found *found)
{
	const struct sva_context_entry *entry = &found->entry;
	json_t *json = svactl_context_json(found->device, entry), *histogram = json_array();

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
	struct found found;
	uint32_t reason;
	uint64_t id;
	int ret;

	if (!number_read(svactl->arguments[0], UINT64_MAX, &id))
		return svactl_misused(svactl, "say which context by its number; svactl ps lists them");
	ret = context_find(svactl, id, &found, &reason);
	if (ret < 0)
		return svactl_refused(svactl, ret, reason);
	return svactl->json ? svactl_print_json(info_json(&found), SVACTL_OK) : info_text(&found);
}
