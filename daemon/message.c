// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message.c - exact-size parsing: what is not exactly a request is a violation
 */
#include <sys/socket.h>

#include <reason.h>

#include "message.h"

static bool name_is_exact(const char *name)
{
	size_t length = strnlen(name, SVA_NAME_LEN);

	if (length == SVA_NAME_LEN)
		return false;
	for (; length < SVA_NAME_LEN; length++) {
		if (name[length])
			return false;
	}
	return true;
}

static size_t request_size(uint16_t type)
{
	switch (type) {
	case SVA_MSG_OPEN:
		return sizeof(struct sva_msg_open);
	case SVA_MSG_LIST_DEVICES:
		return sizeof(struct sva_msg_list_devices);
	case SVA_MSG_LIST_CONTEXTS:
		return sizeof(struct sva_msg_list_contexts);
	case SVA_MSG_EXPLAIN:
		return sizeof(struct sva_msg_explain);
	default:
		return 0;
	}
}

static const char *request_body_fault(const union request *request)
{
	const char *unterminated = "a name without its NUL, or with bytes behind it";

	switch (request->msg.type) {
	case SVA_MSG_OPEN:
		if (!name_is_exact(request->open.device) || !name_is_exact(request->open.type))
			return unterminated;
		return NULL;
	case SVA_MSG_EXPLAIN:
		if (!name_is_exact(request->explain.device) ||
		    !name_is_exact(request->explain.type))
			return unterminated;
		return NULL;
	case SVA_MSG_LIST_CONTEXTS:
		return name_is_exact(request->list_contexts.device) ? NULL : unterminated;
	default:
		return request->list_devices.reserved ? "a reserved field is not zero" : NULL;
	}
}

static const char *request_fault(const union request *request, size_t length)
{
	size_t size = request_size(request->msg.type);

	if (!size)
		return "no request has this type";
	if (request->msg.size != length)
		return "the size in the header is not the packet's";
	if (length != size)
		return "not the size of this request";
	if (request->msg.error || request->msg.reason)
		return "a request with an error or a reason";
	return request_body_fault(request);
}

enum message_kind message_check(const union request *request, size_t length,
				const char **why)
{
	if (length < sizeof(struct sva_msg)) {
		*why = "shorter than a header";
		return MESSAGE_VIOLATION;
	}
	if (request->msg.version != SVA_PROTOCOL_VERSION)
		return MESSAGE_VERSION;
	*why = request_fault(request, length);
	return *why ? MESSAGE_VIOLATION : MESSAGE_REQUEST;
}

enum message_kind message_receive(int socket, union request *request, const char **why)
{
	struct iovec iov = { .iov_base = request, .iov_len = sizeof(*request) };
	/* no room for control data: the kernel drops any fd and says MSG_CTRUNC */
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t length;

	memset(request, 0, sizeof(*request));
	/* MSG_TRUNC: the packet's own length, however long */
	length = recvmsg(socket, &header, MSG_DONTWAIT | MSG_TRUNC);
	if (length < 0)
		return errno == EAGAIN || errno == EINTR ? MESSAGE_NONE : MESSAGE_END;
	if (!length)
		return MESSAGE_END;
	if (header.msg_flags & MSG_CTRUNC) {
		*why = "an fd or other control data";
		return MESSAGE_VIOLATION;
	}
	return message_check(request, (size_t)length, why);
}

/* ------------------------------------------------------------- replies */

static size_t reply_size(uint16_t type)
{
	switch (type) {
	case SVA_MSG_OPEN:
		return sizeof(struct sva_msg_opened);
	case SVA_MSG_LIST_DEVICES:
		return sizeof(struct sva_msg_devices);
	case SVA_MSG_LIST_CONTEXTS:
		return sizeof(struct sva_msg_contexts);
	case SVA_MSG_EXPLAIN:
		return sizeof(struct sva_msg_explained);
	default:
		return sizeof(struct sva_msg);
	}
}

static void reply_init_sized(struct reply *reply, const union request *request, size_t size)
{
	memset(reply->bytes, 0, size);
	reply->fd = -1;
	reply->size = size;
	reply->msg.size = (uint32_t)size;
	reply->msg.version = SVA_PROTOCOL_VERSION;
	reply->msg.type = request->msg.type | SVA_MSG_REPLY;
	reply->msg.serial = request->msg.serial;
}

void reply_init(struct reply *reply, const union request *request)
{
	reply_init_sized(reply, request, reply_size(request->msg.type));
}

void reply_init_bare(struct reply *reply, const union request *request)
{
	reply_init_sized(reply, request, sizeof(struct sva_msg));
}

void reply_refuse(struct reply *reply, int error, uint32_t reason)
{
	fd_close(&reply->fd);
	memset(reply->bytes + sizeof(reply->msg), 0, reply->size - sizeof(reply->msg));
	reply->msg.error = error ? error : -reason_find(reason)->error;
	reply->msg.reason = reason;
}

int reply_send(int socket, const struct reply *reply)
{
	struct iovec iov = { .iov_base = (void *)reply->bytes, .iov_len = reply->size };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(sizeof(int))];
	} control = { 0 };

	if (reply->fd >= 0) {
		struct cmsghdr *cmsg = &control.align;

		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(cmsg), &reply->fd, sizeof(int));
	}
	if (sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return -errno;
	return 0;
}
