// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * list.c - svactl list: the devices that svad knows
 */
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "reason.h"
#include "sva.h"
#include "svactl.h"
#include "text.h"

static const struct {
	uint32_t flag;
	const char *name;
} capabilities[] = {
	{ SVA_DEVICE_FLAG_PASID, "pasid" },
	{ SVA_DEVICE_FLAG_PAGE_REQUESTS, "page-requests" },
	{ SVA_DEVICE_FLAG_RESET, "reset" },
	{ SVA_DEVICE_FLAG_SOFTWARE, "software" },
};

#define CAPABILITIES (sizeof(capabilities) / sizeof(capabilities[0]))

static char *capabilities_text(uint32_t flags)
{
	char text[128] = "";

	for (size_t i = 0; i < CAPABILITIES; i++) {
		if (!(flags & capabilities[i].flag))
			continue;
		if (*text)
			strcat(text, ",");
		strcat(text, capabilities[i].name);
	}
	return text_format("%s", *text ? text : "-");
}

static void row_add(struct table *table, const struct sva_msg_device *device)
{
	uint32_t reason = client_device_obstacle(device);

	table_add(table, text_format("%s", device->name));
	table_add(table, text_format("%s", reason ? sva_reason_name(reason) : "ok"));
	table_add(table, text_format("%s", device->permitted ? "yes" : "no"));
	table_add(table, text_format("%u/%u", device->contexts, device->max_contexts));
	table_add(table, text_format("%u", device->quarantined));
	table_add(table, text_format("%u", device->pasid_bits));
	table_add(table, text_format("%u", device->group));
	table_add(table, capabilities_text(device->flags));
}

static int list_text(const struct sva_msg_device *devices, uint32_t count)
{
	static const char *const titles[] = {
		"DEVICE", "STATE", "PERMITTED", ">CONTEXTS", ">QUARANTINED", ">PASID-BITS",
		">GROUP", "CAPABILITIES", NULL,
	};
	struct table table;

	table_init(&table, titles);
	for (uint32_t i = 0; i < count; i++)
		row_add(&table, &devices[i]);
	table_print(&table, stdout);
	table_free(&table);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t reason = client_device_obstacle(&devices[i]);

		if (reason)
			printf("%s: %s\n", devices[i].name, sva_strreason(reason));
	}
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}

static json_t *device_json(const struct sva_msg_device *device)
{
	uint32_t reason = client_device_obstacle(device);
	json_t *names = json_array();

	for (size_t i = 0; i < CAPABILITIES; i++) {
		if (device->flags & capabilities[i].flag)
			json_array_append_new(names, json_string(capabilities[i].name));
	}
	return json_pack("{s:s, s:b, s:s?, s:s?, s:b, s:I, s:I, s:I, s:I, s:I, s:o}",
			 "name", device->name,
			 "usable", !reason,
			 "reason", reason ? sva_reason_name(reason) : NULL,
			 "sentence", reason ? sva_strreason(reason) : NULL,
			 "permitted", device->permitted != 0,
			 "contexts", (json_int_t)device->contexts,
			 "max_contexts", (json_int_t)device->max_contexts,
			 "quarantined", (json_int_t)device->quarantined,
			 "pasid_bits", (json_int_t)device->pasid_bits,
			 "group", (json_int_t)device->group,
			 "capabilities", names);
}

static int list_json(const struct sva_msg_device *devices, uint32_t count)
{
	json_t *array = json_array();

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(array, device_json(&devices[i]));
	return svactl_print_json(json_pack("{s:o}", "devices", array), SVACTL_OK);
}

struct list {
	const struct svactl *svactl;
	struct sva_msg_device *devices;
	uint32_t count;
};

static int list_ask(struct client *client, void *arg)
{
	struct list *list = arg;

	return svactl_devices(list->svactl, client, &list->devices, &list->count);
}

int svactl_list(const struct svactl *svactl)
{
	struct list list = { .svactl = svactl };
	uint32_t reason;
	int ret = ask_svad(svactl->socket, list_ask, &list, &reason);

	if (ret < 0)
		return svactl_refused(svactl, ret, reason);
	ret = svactl->json ? list_json(list.devices, list.count) :
			     list_text(list.devices, list.count);
	free(list.devices);
	return ret;
}
