// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ps.c - svactl ps: the contexts that svad shows the caller
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sva.h"
#include "svactl.h"
#include "text.h"

static const char *const titles[] = {
	"ID", ">PID", "USER", "DEVICE", "STATE", ">PASID", ">SUBMITTED", ">FAULTS",
	">PAGE-REQUESTS", ">STALE", "RELEASE", "ENDED-BY", NULL,
};

static const char *name_of(const char *const *names, size_t count, uint32_t number)
{
	return number < count ? names[number] : "unknown";
}

const char *svactl_state_name(uint32_t state)
{
	static const char *const names[] = {
		"created", "bound", "stopping", "ended", "quarantined",
	};

	return name_of(names, sizeof(names) / sizeof(names[0]), state);
}

const char *svactl_release_name(uint32_t release)
{
	static const char *const names[] = { "neither", "flushed", "clean", "pending" };

	return name_of(names, sizeof(names) / sizeof(names[0]), release);
}

static char *number_or_dash(int64_t number)
{
	return number ? text_format("%" PRId64, number) : text_format("-");
}

static void row_add(struct table *table, const char *device, const struct sva_context_entry *entry)
{
	table_add(table, text_format("%" PRIu64, (uint64_t)entry->id));
	table_add(table, number_or_dash(entry->owner));
	table_add(table, user_name(entry->account));
	table_add(table, text_format("%s", device));
	table_add(table, text_format("%s", svactl_state_name(entry->state)));
	table_add(table, number_or_dash(entry->pasid));
	table_add(table, text_format("%" PRIu64, (uint64_t)entry->submitted));
	table_add(table, text_format("%" PRIu64, (uint64_t)entry->faults));
	table_add(table, text_format("%" PRIu64, (uint64_t)entry->page_requests));
	table_add(table, text_format("%" PRIu64, (uint64_t)entry->stale));
	table_add(table, text_format("%s", svactl_release_name(entry->release)));
	table_add(table, text_format("%s", entry->end_reason ?
				     sva_reason_name(entry->end_reason) : "-"));
}

json_t *svactl_context_json(const char *device, const struct sva_context_entry *entry)
{
	char *user = user_name(entry->account);
	json_t *json;

	text_make_safe(user);
	json = json_pack("{s:I, s:I, s:s, s:I, s:s, s:I, s:s, s:I, s:s, s:s?, s:I, s:I, s:I, s:I}",
			 "id", (json_int_t)entry->id,
			 "pid", (json_int_t)entry->owner,
			 "user", user,
			 "uid", (json_int_t)entry->account,
			 "device", device,
			 "type", (json_int_t)entry->type,
			 "state", svactl_state_name(entry->state),
			 "pasid", (json_int_t)entry->pasid,
			 "release", svactl_release_name(entry->release),
			 "ended_by", entry->end_reason ? sva_reason_name(entry->end_reason) : NULL,
			 "submitted", (json_int_t)entry->submitted,
			 "faults", (json_int_t)entry->faults,
			 "page_requests", (json_int_t)entry->page_requests,
			 "stale", (json_int_t)entry->stale);
	free(user);
	return json;
}

/* Where contexts go to: one of the two */
struct output {
	struct table table;
	json_t *array;
};

static void context_put(struct output *output, const char *device,
			const struct sva_context_entry *entry)
{
	if (output->array)
		json_array_append_new(output->array, svactl_context_json(device, entry));
	else
		row_add(&output->table, device, entry);
}

/* A device that went away meanwhile has no contexts. */
static int device_contexts(struct client *client, const char *device, struct output *output)
{
	struct sva_msg_contexts page = { 0 };
	uint64_t after = 0;

	for (;;) {
		int ret = client_list_contexts(client, device, after, &page);

		if (ret < 0)
			return client->reason == SVA_REASON_NO_SUCH_DEVICE ||
			       client->reason == SVA_REASON_NO_DEVICE ||
			       client->reason == SVA_REASON_DEVICE_GONE ? 0 : ret;
		if (!page.count)
			return 0;
		for (uint32_t i = 0; i < page.count; i++)
			context_put(output, device, &page.contexts[i]);
		after = page.contexts[page.count - 1].id;
	}
}

static int ps_finish(const struct svactl *svactl, struct output *output, int ret, uint32_t reason)
{
	if (ret < 0) {
		json_decref(output->array);
		ret = svactl_refused(svactl, ret, reason);
	} else if (svactl->json) {
		ret = svactl_print_json(json_pack("{s:o}", "contexts", output->array), SVACTL_OK);
	} else {
		table_print(&output->table, stdout);
		ret = fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
	}
	table_free(&output->table);
	return ret;
}

int svactl_ps(const struct svactl *svactl)
{
	struct output output = { .array = svactl->json ? json_array() : NULL };
	struct sva_msg_device *devices = NULL;
	struct client client;
	uint32_t count;
	int ret;

	table_init(&output.table, titles);
	ret = svactl_devices(svactl, &client, &devices, &count);
	if (ret < 0)
		return ps_finish(svactl, &output, ret, client.reason);
	for (uint32_t i = 0; !ret && i < count; i++)
		ret = device_contexts(&client, devices[i].name, &output);
	client_close(&client);
	free(devices);
	return ps_finish(svactl, &output, ret, client.reason);
}
