// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * accel_svad.c - see accel_svad.h
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "accel_svad.h"
#include "fake_accel.h"
#include "sva.h"

static void answer_open(int connection, const union fake_request *request)
{
	struct sva_msg_opened reply = { .id = 1, .device = "fake0" };
	int fd = fake_accel_context();

	reply.msg = fake_reply(request, sizeof(reply));
	fake_send(connection, &reply, sizeof(reply), fd, 1);
	close(fd);
}

static void answer_list(int connection, const union fake_request *request)
{
	struct sva_msg_devices reply = { .next = 1 };

	reply.msg = fake_reply(request, sizeof(reply));
	if (!request->list_devices.start) {
		reply.count = 1;
		strcpy(reply.devices[0].name, "fake0");
		reply.devices[0].flags = SVA_DEVICE_FLAG_PASID | SVA_DEVICE_FLAG_VIABLE;
		reply.devices[0].max_contexts = 64;
		reply.devices[0].permitted = 1;
	}
	fake_send(connection, &reply, sizeof(reply), -1, 0);
}

static bool serve(struct fake_svad *svad, int connection, const union fake_request *request,
		  size_t size)
{
	struct sva_msg_explained explained = { .permitted = 1 };

	(void)svad;
	(void)size;
	switch (request->msg.type) {
	case SVA_MSG_OPEN:
		answer_open(connection, request);
		return true;
	case SVA_MSG_LIST_DEVICES:
		answer_list(connection, request);
		return true;
	case SVA_MSG_EXPLAIN:
		explained.msg = fake_reply(request, sizeof(explained));
		fake_send(connection, &explained, sizeof(explained), -1, 0);
		return true;
	}
	return false;
}

void accel_svad_start(struct fake_svad *svad)
{
	fake_svad_start(svad, serve, NULL);
}
