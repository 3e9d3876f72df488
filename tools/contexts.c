// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * contexts.c - the contexts that svad shows the caller
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
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

static int device_load(struct client *client, const char *device, struct contexts *contexts)
{
	struct sva_msg_contexts page;
	uint64_t after = 0;
	int ret;

	for (;;) {
		ret = ask_contexts(client, device, after, &page);
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

struct load {
	const struct svactl *svactl;
	struct contexts *contexts;
};

static int load_ask(struct client *client, void *arg)
{
	const struct load *load = arg;
	struct contexts *contexts = load->contexts;
	struct sva_msg_device *devices;
	int ret;

	contexts->count = 0;
	ret = svactl_devices(load->svactl, client, &devices, &contexts->devices);
	for (uint32_t i = 0; !ret && i < contexts->devices; i++)
		ret = device_load(client, devices[i].name, contexts);
	free(devices);
	return ret;
}

int contexts_load(const struct svactl *svactl, struct contexts *contexts, uint32_t *reason)
{
	struct load load = { svactl, contexts };

	return ask_svad(svactl->socket, load_ask, &load, reason);
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
	int ret = ask_contexts(client, device, id - 1, &page);

	if (ret < 0 || !page.count || page.contexts[0].id != id)
		return ret;
	context_put(context, device, &page.contexts[0]);
	return 1;
}

struct search {
	const struct svactl *svactl;
	uint64_t id;
	struct context *context;
};

static int search_ask(struct client *client, void *arg)
{
	const struct search *search = arg;
	struct sva_msg_device *devices;
	uint32_t count;
	int ret;

	ret = svactl_devices(search->svactl, client, &devices, &count);
	for (uint32_t i = 0; !ret && i < count; i++)
		ret = device_search(client, devices[i].name, search->id, search->context);
	free(devices);
	if (ret)
		return ret < 0 ? ret : 0;
	client->reason = SVA_REASON_NO_SUCH_CONTEXT;
	return -ENOENT;
}

int context_find(const struct svactl *svactl, uint64_t id, struct context *context,
		 uint32_t *reason)
{
	struct search search = { svactl, id, context };

	return ask_svad(svactl->socket, search_ask, &search, reason);
}
