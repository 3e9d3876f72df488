// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * device.c - which devices there are, and whether one would work
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "context.h"
#include "entry.h"
#include "inherit.h"
#include "reason.h"

static void device_fill(struct sva_device *device, const struct sva_msg_device *from)
{
	memcpy(device->name, from->name, sizeof(device->name));
	device->flags = from->flags;
	device->sva_reason = from->sva_reason;
	device->pasid_bits = from->pasid_bits;
	device->group = from->group;
	device->max_contexts = from->max_contexts;
	device->contexts = from->contexts;
	device->quarantined = from->quarantined;
	device->permitted = from->permitted != 0;
}

static int list_ask(struct client *client, struct sva_msg_device **devices, uint32_t *count)
{
	unsigned int losses = 0;
	int ret;

	do {
		ret = client_connect_again(client);
		if (!ret)
			ret = client_all_devices(client, devices, count);
	} while (ret < 0 && client_may_try_again(client, &losses));
	client_close(client);
	return ret < 0 ? context_fail(NULL, ret, client->reason) : 0;
}

/* Those of @name, or all, into an array of the caller's */
static int list_copy(const struct sva_msg_device *messages, uint32_t number, const char *name,
		     struct sva_device **devices, size_t *count)
{
	if (!number)
		return 0;
	*devices = calloc(number, sizeof(**devices));
	if (!*devices)
		return context_fail(NULL, -ENOMEM, SVA_REASON_SYSTEM);
	for (uint32_t i = 0; i < number; i++) {
		if (!name || !strcmp(name, messages[i].name))
			device_fill(&(*devices)[(*count)++], &messages[i]);
	}
	if (*count)
		return 0;
	free(*devices);
	*devices = NULL;
	return 0;
}

SVA_PUBLIC int sva_list_devices_with(const struct sva_bind_args *args,
				     struct sva_device **devices, size_t *count)
{
	KEEP_ERRNO;
	struct sva_msg_device *messages = NULL;
	struct client client;
	uint32_t number;
	int ret;

	if (!devices || !count)
		return context_fail(NULL, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	*devices = NULL;
	*count = 0;
	ret = args_check_question(args);
	if (ret < 0)
		return ret;
	client_begin(&client, args->socket, args->timeout_ms);
	ret = list_ask(&client, &messages, &number);
	if (!ret)
		ret = list_copy(messages, number, args->device, devices, count);
	free(messages);
	return ret;
}

SVA_PUBLIC int sva_list_devices(struct sva_device **devices, size_t *count)
{
	const struct sva_bind_args args = { .size = sizeof(args) };

	return sva_list_devices_with(&args, devices, count);
}

/* ----------------------------------------------------------------- probe */

static int device_probe(struct client *client, const struct sva_msg_device *device,
			const char *type, uint32_t *reason)
{
	struct sva_msg_explained explained;
	int ret;

	*reason = client_device_obstacle(device);
	if (*reason)
		return -reason_find(*reason)->error;
	ret = client_explain(client, device->name, type, &explained);
	if (ret < 0) {
		*reason = client->reason;
		return ret;
	}
	if (explained.permitted)
		return 0;
	*reason = explained.why ? explained.why : SVA_REASON_DENIED_BY_DEFAULT;
	return -reason_find(*reason)->error;
}

/* The first that would do, else why the last one would not */
static int devices_probe(struct client *client, const struct sva_bind_args *args,
			 const struct sva_msg_device *devices, uint32_t count, uint32_t *reason)
{
	int ret = args->device ? -ENOENT : -ENODEV;

	*reason = args->device ? SVA_REASON_NO_SUCH_DEVICE : SVA_REASON_NO_DEVICE;
	for (uint32_t i = 0; i < count; i++) {
		if (args->device && strcmp(args->device, devices[i].name))
			continue;
		ret = device_probe(client, &devices[i], args->type, reason);
		if (!ret || *reason == SVA_REASON_DAEMON_LOST)
			break;
	}
	return ret;
}

static int probe_once(struct client *client, const struct sva_bind_args *args, uint32_t *reason)
{
	struct sva_msg_device *devices = NULL;
	uint32_t count;
	int ret = client_connect_again(client);

	if (!ret)
		ret = client_all_devices(client, &devices, &count);
	if (ret < 0)
		*reason = client->reason;
	else
		ret = devices_probe(client, args, devices, count, reason);
	free(devices);
	return ret;
}

/* svad may be restarted at any point of it: then all is asked anew. */
static int probe(const struct sva_bind_args *args, uint32_t *reason)
{
	unsigned int losses = 0;
	struct client client;
	int ret;

	client_begin(&client, args->socket, args->timeout_ms);
	do {
		ret = probe_once(&client, args, reason);
		client.reason = *reason;
	} while (ret < 0 && client_may_try_again(&client, &losses));
	client_close(&client);
	return ret;
}

SVA_PUBLIC int sva_probe_with(const struct sva_bind_args *args, uint32_t *reason)
{
	KEEP_ERRNO;
	int ret = args_check_question(args), fd;
	uint32_t why;

	if (!ret)
		ret = inherited_find(args, &fd);
	why = ret < 0 ? sva_context_reason(NULL) : 0;
	/* what a launcher has left needs no svad */
	if (!ret)
		ret = probe(args, &why);
	if (reason)
		*reason = ret < 0 ? why : 0;
	return ret < 0 ? context_fail(NULL, ret, why) : 0;
}

SVA_PUBLIC int sva_probe(const char *device, uint32_t *reason)
{
	const struct sva_bind_args args = { .size = sizeof(args), .device = device };

	return sva_probe_with(&args, reason);
}
