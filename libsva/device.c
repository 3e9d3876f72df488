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

/* Connects and lists; the connection stays open on success. */
static int devices_ask(struct client *client, struct sva_msg_device **devices, uint32_t *count)
{
	unsigned int losses = 0;
	int ret;

	client_begin(client, NULL, 0);
	do {
		ret = client_connect_again(client);
		if (!ret)
			ret = client_all_devices(client, devices, count);
	} while (ret < 0 && client_may_try_again(client, &losses));
	if (ret < 0)
		client_close(client);
	return ret;
}

SVA_PUBLIC int sva_list_devices(struct sva_device **devices, size_t *count)
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
	ret = devices_ask(&client, &messages, &number);
	if (ret < 0)
		return context_fail(NULL, ret, client.reason);
	client_close(&client);
	if (number) {
		*devices = calloc(number, sizeof(**devices));
		if (!*devices)
			ret = context_fail(NULL, -ENOMEM, SVA_REASON_SYSTEM);
	}
	for (uint32_t i = 0; !ret && i < number; i++)
		device_fill(&(*devices)[i], &messages[i]);
	*count = ret ? 0 : number;
	free(messages);
	return ret;
}

/* ----------------------------------------------------------------- probe */

static int device_probe(struct client *client, const struct sva_msg_device *device,
			uint32_t *reason)
{
	struct sva_msg_explained explained;
	int ret;

	*reason = client_device_obstacle(device);
	if (*reason)
		return -reason_find(*reason)->error;
	ret = client_explain(client, device->name, NULL, &explained);
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
static int devices_probe(struct client *client, const char *name,
			 const struct sva_msg_device *devices, uint32_t count, uint32_t *reason)
{
	int ret = name ? -ENOENT : -ENODEV;

	*reason = name ? SVA_REASON_NO_SUCH_DEVICE : SVA_REASON_NO_DEVICE;
	for (uint32_t i = 0; i < count; i++) {
		if (name && strcmp(name, devices[i].name))
			continue;
		ret = device_probe(client, &devices[i], reason);
		if (!ret)
			break;
	}
	return ret;
}

SVA_PUBLIC int sva_probe(const char *device, uint32_t *reason)
{
	KEEP_ERRNO;
	struct sva_msg_device *devices = NULL;
	struct client client;
	uint32_t count, why;
	int ret = devices_ask(&client, &devices, &count);

	if (ret < 0) {
		why = client.reason;
	} else {
		ret = devices_probe(&client, device, devices, count, &why);
		client_close(&client);
	}
	free(devices);
	if (reason)
		*reason = ret < 0 ? why : 0;
	return ret < 0 ? context_fail(NULL, ret, why) : 0;
}
