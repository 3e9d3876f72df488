// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message.c - exact-size parsing: what is not exactly a request is a violation
 */
#include <sys/socket.h>

#include <reason.h>

#include "message.h"

static bool string_is_exact(const char *string, size_t size)
{
	size_t length = strnlen(string, size);

	if (length == size)
		return false;
	for (; length < size; length++) {
		if (string[length])
			return false;
	}
	return true;
}

static bool name_is_exact(const char *name)
{
	return string_is_exact(name, SVA_NAME_LEN);
}

/* Sizes of a request and of what answers it; the type is the index */
static const struct {
	uint16_t request;
	uint16_t reply;
} sizes[] = {
	[SVA_MSG_OPEN] = { sizeof(struct sva_msg_open), sizeof(struct sva_msg_opened) },
	[SVA_MSG_LIST_DEVICES] = { sizeof(struct sva_msg_list_devices),
				   sizeof(struct sva_msg_devices) },
	[SVA_MSG_LIST_CONTEXTS] = { sizeof(struct sva_msg_list_contexts),
				    sizeof(struct sva_msg_contexts) },
	[SVA_MSG_EXPLAIN] = { sizeof(struct sva_msg_explain), sizeof(struct sva_msg_explained) },
	[SVA_MSG_EXPLAIN_USER] = { sizeof(struct sva_msg_explain_user),
				   sizeof(struct sva_msg_explained) },
	[SVA_MSG_ADD_GRANT] = { sizeof(struct sva_msg_add_grant), sizeof(struct sva_msg_done) },
	[SVA_MSG_REMOVE_GRANT] = { sizeof(struct sva_msg_number), sizeof(struct sva_msg_done) },
	[SVA_MSG_LIST_GRANTS] = { sizeof(struct sva_msg_number), sizeof(struct sva_msg_grants) },
	[SVA_MSG_REVOKE] = { sizeof(struct sva_msg_revoke), sizeof(struct sva_msg_done) },
	[SVA_MSG_RESET] = { sizeof(struct sva_msg_reset), sizeof(struct sva_msg_done) },
	[SVA_MSG_STATS] = { sizeof(struct sva_msg_number), sizeof(struct sva_msg_stats) },
	[SVA_MSG_SUBSCRIBE] = { sizeof(struct sva_msg_number), sizeof(struct sva_msg_done) },
};

static size_t request_size(uint16_t type)
{
	return type < ARRAY_SIZE(sizes) ? sizes[type].request : 0;
}

static const char unterminated[] = "a name without its NUL, or with bytes behind it";
static const char not_reserved[] = "a reserved field is not zero";

static const char *name_fault(const char *name)
{
	return name_is_exact(name) ? NULL : unterminated;
}

static const char *names_fault(const char *device, const char *type)
{
	return name_fault(device) ? unterminated : name_fault(type);
}

static const char *explain_user_fault(const struct sva_msg_explain_user *explain)
{
	if (explain->num_groups > SVA_MSG_GROUPS)
		return "more groups than there is room for";
	for (size_t i = explain->num_groups; i < SVA_MSG_GROUPS; i++) {
		if (explain->groups[i])
			return not_reserved;
	}
	if (!string_is_exact(explain->cgroup, sizeof(explain->cgroup)))
		return unterminated;
	if (explain->reserved)
		return not_reserved;
	return names_fault(explain->device, explain->type);
}

static const char *add_grant_fault(const struct sva_msg_add_grant *grant)
{
	if (!name_is_exact(grant->device) ||
	    !string_is_exact(grant->cgroup, sizeof(grant->cgroup)))
		return unterminated;
	if (!*grant->device)
		return "a grant without a device";
	return *grant->cgroup && grant->uid ? "a grant for both a user and a cgroup" : NULL;
}

static const char *number_fault(const struct sva_msg_number *number)
{
	bool is_used = number->msg.type == SVA_MSG_REMOVE_GRANT ||
		       number->msg.type == SVA_MSG_LIST_GRANTS;

	return number->reserved || (number->number && !is_used) ? not_reserved : NULL;
}

static const char *request_body_fault(const union request *request)
{
	switch (request->msg.type) {
	case SVA_MSG_OPEN:
		return names_fault(request->open.device, request->open.type);
	case SVA_MSG_EXPLAIN:
		return names_fault(request->explain.device, request->explain.type);
	case SVA_MSG_EXPLAIN_USER:
		return explain_user_fault(&request->explain_user);
	case SVA_MSG_ADD_GRANT:
		return add_grant_fault(&request->add_grant);
	case SVA_MSG_LIST_CONTEXTS:
		return name_fault(request->list_contexts.device);
	case SVA_MSG_REVOKE:
		return name_fault(request->revoke.device);
	case SVA_MSG_RESET:
		return name_fault(request->reset.device);
	case SVA_MSG_LIST_DEVICES:
		return request->list_devices.reserved ? not_reserved : NULL;
	default:
		return number_fault(&request->number);
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

int message_name_senders(int listener)
{
	const int on = 1;

	return setsockopt(listener, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) ? -errno : 0;
}

int message_refuse_fds(int socket)
{
	const int off = 0;

	return setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof(off)) ? -errno : 0;
}

/* The sender comes first and leaves no room for fds; where it is not told, some fit */
static void control_take(struct msghdr *header, struct received *received)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);
	struct ucred sender;
	size_t length;

	if (header->msg_flags & MSG_CTRUNC)
		received->why = "an fd or other control data";
	if (!cmsg || cmsg->cmsg_level != SOL_SOCKET)
		return;
	length = cmsg->cmsg_len - CMSG_LEN(0);
	if (cmsg->cmsg_type == SCM_CREDENTIALS && length == sizeof(sender)) {
		memcpy(&sender, CMSG_DATA(cmsg), sizeof(sender));
		received->sender = sender.pid;
		return;
	}
	received->why = "an fd or other control data";
	for (size_t at = 0; cmsg->cmsg_type == SCM_RIGHTS && at < length; at += sizeof(int)) {
		int fd;

		memcpy(&fd, CMSG_DATA(cmsg) + at, sizeof(fd));
		close(fd);
	}
}

enum message_kind message_receive(int socket, union request *request,
				  struct received *received)
{
	struct iovec iov = { .iov_base = request, .iov_len = sizeof(*request) };
	/* room for the sender: the kernel drops any fd and says MSG_CTRUNC */
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct msghdr header = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t length;

	*received = (struct received){ .sender = -1 };
	memset(&request->msg, 0, sizeof(request->msg));
	/* MSG_TRUNC: the packet's own length, however long */
	length = recvmsg(socket, &header, MSG_DONTWAIT | MSG_TRUNC);
	if (length < 0)
		return errno == EAGAIN || errno == EINTR ? MESSAGE_NONE : MESSAGE_END;
	/* an empty packet may have fds too */
	control_take(&header, received);
	if (!length)
		return MESSAGE_END;
	if (received->why)
		return MESSAGE_VIOLATION;
	return message_check(request, (size_t)length, &received->why);
}

/* ------------------------------------------------------------- replies */

static size_t reply_size(uint16_t type)
{
	return request_size(type) ? sizes[type].reply : sizeof(struct sva_msg);
}

static void reply_init_sized(struct reply *reply, const union request *request, size_t size)
{
	memset(reply->bytes, 0, size);
	reply->fd = -1;
	reply->rule = 0;
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

void reply_init_event(struct reply *reply, uint32_t serial)
{
	static const union request nothing;

	reply_init_sized(reply, &nothing, sizeof(reply->event));
	reply->msg.type = SVA_MSG_EVENT;
	reply->msg.serial = serial;
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
