// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * contexts.c - the contexts that svad shows the caller
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "contexts.h"
#include "sva.h"

static void context_put(struct context *context, const char *device,
			const struct sva_context_entry *entry)
{
	context->entry = *entry;
	snprintf(context->device, sizeof(context->device), "%s", device);
}

static int contexts_add(struct contexts *contexts, const char *device,
			const struct sva_context_entry *entry)
{
	if (contexts->count == contexts->room) {
		size_t room = contexts->room ? 2 * contexts->room : 64;
		struct context *more = reallocarray(contexts->list, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		contexts->list = more;
		contexts->room = room;
	}
	context_put(&contexts->list[contexts->count++], device, entry);
	return 0;
}

/* A device that went away meanwhile has no contexts. */
static int page_load(struct client *client, const char *device, uint64_t after,
		     struct sva_msg_contexts *page)
{
	int ret;

	page->count = 0;
	ret = client_list_contexts(client, device, after, page);
	if (ret < 0 && (client->reason == SVA_REASON_NO_SUCH_DEVICE ||
			client->reason == SVA_REASON_NO_DEVICE ||
			client->reason == SVA_REASON_DEVICE_GONE)) {
		page->count = 0;
		ret = 0;
	}
	return ret;
}

static int device_load(struct client *client, const char *device, struct contexts *contexts)
{
	struct sva_msg_contexts page;
	uint64_t after = 0;
	int ret;

	for (;;) {
		ret = page_load(client, device, after, &page);
		if (ret < 0 || !page.count)
			return ret;
		for (uint32_t i = 0; !ret && i < page.count; i++)
			ret = contexts_add(contexts, device, &page.contexts[i]);
		if (ret < 0) {
			client->reason = SVA_REASON_SYSTEM;
			return ret;
		}
		after = page.contexts[page.count - 1].id;
	}
}

int contexts_load(const struct svactl *svactl, struct contexts *contexts, uint32_t *reason)
{
	struct sva_msg_device *devices = NULL;
	struct client client;
	int ret;

	contexts->count = 0;
	ret = svactl_devices(svactl, &client, &devices, &contexts->devices);
	*reason = client.reason;
	if (ret < 0)
		return ret;
	for (uint32_t i = 0; !ret && i < contexts->devices; i++)
		ret = device_load(&client, devices[i].name, contexts);
	*reason = client.reason;
	client_close(&client);
	free(devices);
	return ret;
}

void contexts_free(struct contexts *contexts)
{
	free(contexts->list);
	*contexts = (struct contexts){ 0 };
}

/* 1: found; 0: not on this device */
static int device_search(struct client *client, const char *device, uint64_t id,
			 struct context *context)
{
	struct sva_msg_contexts page;
	int ret = page_load(client, device, id - 1, &page);

	if (ret < 0 || !page.count || page.contexts[0].id != id)
		return ret;
	context_put(context, device, &page.contexts[0]);
	return 1;
}

int context_find(const struct svactl *svactl, uint64_t id, struct context *context,
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
		ret = device_search(&client, devices[i].name, id, context);
	*reason = ret ? client.reason : SVA_REASON_NO_SUCH_CONTEXT;
	client_close(&client);
	free(devices);
	return ret > 0 ? 0 : ret ? ret : -ENOENT;
}
