// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * client.c - ask svad, and believe nothing that is not exactly right
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "client.h"
#include "deadline.h"
#include "sva.h"

/* No machine has more; a svad that goes on and on is not ours. */
#define MAX_DEVICES 4096

/* How often svad may be lost in one request, and between two looks for its return */
#define MAX_LOSSES	3
#define RESTART_MS	10

/* What came in one packet */
struct answer {
	size_t size;
	int fd;			/* -1: none */
	unsigned int extra_fds;	/* more than the one that there may be */
	bool longer;		/* than the buffer */
	bool fds_lost;		/* the kernel could not give us all of them */
};

static int fail(struct client *client, int error, uint32_t reason)
{
	client->reason = reason;
	return error;
}

static int lie(struct client *client)
{
	return fail(client, -EPROTO, SVA_REASON_PROTOCOL);
}

const char *client_socket_path(const char *socket)
{
	if (!socket)
		socket = secure_getenv("SVA_SOCKET");
	return socket && *socket ? socket : SVA_SOCKET_PATH;
}

static int connect_error(struct client *client, int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return fail(client, -error, SVA_REASON_NO_DAEMON);
	case EACCES:
	case EPERM:
		return fail(client, -EACCES, SVA_REASON_SOCKET_DENIED);
	case EAGAIN:
		return fail(client, -ETIMEDOUT, SVA_REASON_TIMEOUT);
	case EPROTOTYPE:	/* a socket, but not of svad's kind */
		return lie(client);
	default:
		return fail(client, -error, SVA_REASON_SYSTEM);
	}
}

/*
 * svad's backlog is full.  A socket that is not connected cannot be polled, but
 * a blocking connect() waits as long as SO_SNDTIMEO says.
 */
static int connect_patiently(struct client *client, const struct sockaddr_un *address)
{
	if (fcntl(client->fd, F_SETFL, 0) < 0)
		return errno;
	for (;;) {
		int64_t left = deadline_left_ns(client->deadline);
		struct timeval wait = { 0 };	/* zero is for ever */

		if (!left)
			return EAGAIN;
		if (left != INT64_MAX) {
			left = left / 1000 + 1;
			wait.tv_sec = left / 1000000;
			wait.tv_usec = left % 1000000;
		}
		if (setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0)
			return errno;
		if (!connect(client->fd, (const struct sockaddr *)address, sizeof(*address)))
			return 0;
		if (errno != EINTR && errno != EAGAIN)
			return errno;
	}
}

static int connect_to(struct client *client, const struct sockaddr_un *address)
{
	int error;

	client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (client->fd < 0) {
		error = errno;
		return fail(client, -error, error == EMFILE || error == ENFILE ?
			    SVA_REASON_NO_FD : SVA_REASON_SYSTEM);
	}
	if (!connect(client->fd, (const struct sockaddr *)address, sizeof(*address)))
		return 0;
	error = errno;
	if (error == EAGAIN)
		error = connect_patiently(client, address);
	return error ? connect_error(client, error) : 0;
}

void client_begin(struct client *client, const char *socket, int timeout_ms)
{
	const char *path = client_socket_path(socket);
	size_t length = strlen(path);

	*client = (struct client){ .fd = -1 };
	client->deadline = deadline_in_ms(timeout_ms ? timeout_ms : CLIENT_TIMEOUT_MS);
	if (length < sizeof(client->path))
		memcpy(client->path, path, length + 1);
}

int client_connect_again(struct client *client)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int ret;

	client_close(client);
	if (!*client->path)
		return fail(client, -ENAMETOOLONG, SVA_REASON_BAD_ARGUMENT);
	memcpy(address.sun_path, client->path, sizeof(address.sun_path));
	ret = connect_to(client, &address);
	if (ret < 0)
		client_close(client);
	return ret;
}

int client_connect(struct client *client, const char *socket, int timeout_ms)
{
	client_begin(client, socket, timeout_ms);
	return client_connect_again(client);
}

bool client_may_try_again(struct client *client, unsigned int *losses)
{
	int left = deadline_left_ms(client->deadline);

	if (client->reason == SVA_REASON_DAEMON_LOST)
		return left && ++*losses <= MAX_LOSSES;
	/* it does not listen yet, or any more */
	if (client->reason != SVA_REASON_NO_DAEMON || !*losses || !left)
		return false;
	poll(NULL, 0, left > 0 && left < RESTART_MS ? left : RESTART_MS);
	return true;
}

void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

/* Waits until the connection is ready for @events, or has ended. */
static int client_wait(struct client *client, short events)
{
	struct pollfd poll_fd = { .fd = client->fd, .events = events };

	for (;;) {
		int ret = poll(&poll_fd, 1, deadline_left_ms(client->deadline));

		if (ret > 0)
			return 0;
		if (!ret)
			return fail(client, -ETIMEDOUT, SVA_REASON_TIMEOUT);
		if (errno != EINTR)
			return fail(client, -errno, SVA_REASON_SYSTEM);
	}
}

/* A connection closed by svad is no error yet: its reason may be there to read. */
static int client_send(struct client *client, const struct sva_msg *msg)
{
	for (;;) {
		ssize_t sent = send(client->fd, msg, msg->size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent >= 0 || errno == EPIPE || errno == ECONNRESET)
			return 0;
		if (errno == EAGAIN) {
			int ret = client_wait(client, POLLOUT);

			if (ret < 0)
				return ret;
		} else if (errno != EINTR) {
			return fail(client, -errno, SVA_REASON_SYSTEM);
		}
	}
}

/* Keeps the first fd and closes the others. */
static void answer_take_fds(struct answer *answer, const struct cmsghdr *cmsg)
{
	size_t count = (cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int);

	for (size_t i = 0; i < count; i++) {
		int fd;

		memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
		if (answer->fd < 0) {
			answer->fd = fd;
		} else {
			close(fd);
			answer->extra_fds++;
		}
	}
}

static void answer_drop_fd(struct answer *answer)
{
	if (answer->fd >= 0)
		close(answer->fd);
	answer->fd = -1;
}

/*
 * One packet.  A peer that closes with our request unread makes the first read
 * say ECONNRESET, even if an answer of its own lies behind that: so read twice.
 */
static ssize_t packet_read(int fd, struct msghdr *header)
{
	size_t controllen = header->msg_controllen;
	bool reset = false;

	for (;;) {
		ssize_t size = recvmsg(fd, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

		if (size >= 0)
			return size;
		if (errno != EINTR && (errno != ECONNRESET || reset))
			return -errno;
		reset = errno == ECONNRESET;
		header->msg_controllen = controllen;
	}
}

static int client_receive(struct client *client, void *buffer, size_t size, struct answer *answer)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(2 * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = buffer, .iov_len = size };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct cmsghdr *cmsg;
	ssize_t got;

	*answer = (struct answer){ .fd = -1 };
	do {
		int ret = client_wait(client, POLLIN);

		if (ret < 0)
			return ret;
		header.msg_control = &control;
		header.msg_controllen = sizeof(control);
		got = packet_read(client->fd, &header);
	} while (got == -EAGAIN);
	if (got == 0 || got == -ECONNRESET)
		return fail(client, -EPIPE, SVA_REASON_DAEMON_LOST);
	if (got < 0)
		return fail(client, (int)got, SVA_REASON_SYSTEM);

	for (cmsg = CMSG_FIRSTHDR(&header); cmsg; cmsg = CMSG_NXTHDR(&header, cmsg)) {
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS)
			answer_take_fds(answer, cmsg);
	}
	answer->size = (size_t)got;
	answer->longer = header.msg_flags & MSG_TRUNC;
	answer->fds_lost = header.msg_flags & MSG_CTRUNC;
	return 0;
}

/* protocol.h: what svad cannot answer in kind it answers with a bare header. */
static int bare_check(struct client *client, const struct sva_msg *request,
		      const struct sva_msg *reply)
{
	bool unasked = reply->type == SVA_MSG_REPLY && reply->serial == 0;
	bool ours = reply->type == (request->type | SVA_MSG_REPLY) &&
		    reply->serial == request->serial;

	if (reply->error >= 0 || reply->error < -4095 || !reply->reason || !(unasked || ours))
		return lie(client);
	if (reply->version != SVA_PROTOCOL_VERSION &&
	    reply->reason != SVA_REASON_PROTOCOL_VERSION)
		return lie(client);
	return fail(client, reply->error, reply->reason);
}

static int reply_check(struct client *client, const struct sva_msg *request,
		       const struct sva_msg *reply, size_t reply_size, const struct answer *answer)
{
	if (answer->longer || answer->size < sizeof(*reply) || reply->size != answer->size)
		return lie(client);
	if (answer->size == sizeof(*reply))
		return bare_check(client, request, reply);
	if (answer->size != reply_size || reply->version != SVA_PROTOCOL_VERSION ||
	    reply->type != (request->type | SVA_MSG_REPLY) || reply->serial != request->serial)
		return lie(client);
	if (!reply->error)
		return reply->reason ? lie(client) : 0;
	if (reply->error > 0 || reply->error < -4095 || !reply->reason)
		return lie(client);
	return fail(client, reply->error, reply->reason);
}

/* One fd if there was no error and the caller wants one, and none otherwise */
static int answer_check_fds(struct client *client, struct answer *answer, int ret, bool wanted)
{
	if (answer->fds_lost && answer->fd < 0)
		return fail(client, -EMFILE, SVA_REASON_NO_FD);
	if (answer->fds_lost || answer->extra_fds)
		return lie(client);
	if ((answer->fd >= 0) != (!ret && wanted))
		return lie(client);
	return ret;
}

static int client_request(struct client *client, struct sva_msg *request, uint16_t type,
			  size_t size)
{
	request->size = (uint32_t)size;
	request->version = SVA_PROTOCOL_VERSION;
	request->type = type;
	request->serial = ++client->serial;
	client->reason = 0;
	return client_send(client, request);
}

/* The one reply to what was sent; @fd: NULL where none comes with it */
static int client_reply(struct client *client, const struct sva_msg *request,
			struct sva_msg *reply, size_t reply_size, int *fd)
{
	struct answer answer;
	int ret;

	client->reason = 0;
	ret = client_receive(client, reply, reply_size, &answer);
	if (ret < 0)
		return ret;
	ret = reply_check(client, request, reply, reply_size, &answer);
	ret = answer_check_fds(client, &answer, ret, fd != NULL);
	if (ret < 0)
		answer_drop_fd(&answer);
	if (fd)
		*fd = answer.fd;
	return ret;
}

static int client_call(struct client *client, struct sva_msg *request, uint16_t type,
		       size_t request_size, struct sva_msg *reply, size_t reply_size, int *fd)
{
	int ret = client_request(client, request, type, request_size);

	return ret < 0 ? ret : client_reply(client, request, reply, reply_size, fd);
}

/* A name that does not fit is no device's and no type's. */
static int name_put(struct client *client, char to[SVA_NAME_LEN], const char *from,
		    uint32_t reason)
{
	size_t length = from ? strlen(from) : 0;

	if (length >= SVA_NAME_LEN)
		return fail(client, -ENOENT, reason);
	memset(to, 0, SVA_NAME_LEN);
	if (length)
		memcpy(to, from, length);
	return 0;
}

static bool terminated(const char *string, size_t size)
{
	return memchr(string, '\0', size) != NULL;
}

int client_open(struct client *client, const char *device, const char *type,
		struct sva_msg_opened *opened, int *context_fd)
{
	struct sva_msg_open request = { 0 };
	int ret;

	*context_fd = -1;
	ret = name_put(client, request.device, device, SVA_REASON_NO_SUCH_DEVICE);
	if (!ret)
		ret = name_put(client, request.type, type, SVA_REASON_NO_SUCH_TYPE);
	if (!ret)
		ret = client_call(client, &request.msg, SVA_MSG_OPEN, sizeof(request),
				  &opened->msg, sizeof(*opened), context_fd);
	if (ret < 0)
		return ret;
	if (terminated(opened->device, sizeof(opened->device)))
		return 0;
	close(*context_fd);
	*context_fd = -1;
	return lie(client);
}

int client_list_devices(struct client *client, uint32_t start, struct sva_msg_devices *devices)
{
	struct sva_msg_list_devices request = { .start = start };
	int ret;

	ret = client_call(client, &request.msg, SVA_MSG_LIST_DEVICES, sizeof(request),
			  &devices->msg, sizeof(*devices), NULL);
	if (ret < 0)
		return ret;
	if (devices->count > SVA_MSG_DEVICES)
		return lie(client);
	if (devices->count && devices->next <= start)	/* would never end */
		return lie(client);
	for (uint32_t i = 0; i < devices->count; i++) {
		if (!terminated(devices->devices[i].name, SVA_NAME_LEN))
			return lie(client);
	}
	return 0;
}

int client_list_contexts(struct client *client, const char *device, uint64_t after,
			 struct sva_msg_contexts *contexts)
{
	struct sva_msg_list_contexts request = { .after = after };
	int ret;

	ret = name_put(client, request.device, device, SVA_REASON_NO_SUCH_DEVICE);
	if (!ret)
		ret = client_call(client, &request.msg, SVA_MSG_LIST_CONTEXTS, sizeof(request),
				  &contexts->msg, sizeof(*contexts), NULL);
	if (ret < 0)
		return ret;
	if (contexts->count > SVA_MSG_CONTEXTS)
		return lie(client);
	for (uint32_t i = 0; i < contexts->count; i++) {
		if (contexts->contexts[i].id <= after)	/* in order, or it would never end */
			return lie(client);
		after = contexts->contexts[i].id;
	}
	return 0;
}

int client_explain(struct client *client, const char *device, const char *type,
		   struct sva_msg_explained *explained)
{
	struct sva_msg_explain request = { 0 };
	int ret;

	ret = name_put(client, request.device, device, SVA_REASON_NO_SUCH_DEVICE);
	if (!ret)
		ret = name_put(client, request.type, type, SVA_REASON_NO_SUCH_TYPE);
	if (!ret)
		ret = client_call(client, &request.msg, SVA_MSG_EXPLAIN, sizeof(request),
				  &explained->msg, sizeof(*explained), NULL);
	if (ret < 0)
		return ret;
	return terminated(explained->text, sizeof(explained->text)) &&
	       terminated(explained->file, sizeof(explained->file)) ? 0 : lie(client);
}

int client_explain_user(struct client *client, struct sva_msg_explain_user *request,
			struct sva_msg_explained *explained)
{
	int ret = client_call(client, &request->msg, SVA_MSG_EXPLAIN_USER, sizeof(*request),
			      &explained->msg, sizeof(*explained), NULL);

	if (ret < 0)
		return ret;
	return terminated(explained->text, sizeof(explained->text)) &&
	       terminated(explained->file, sizeof(explained->file)) ? 0 : lie(client);
}

int client_add_grant(struct client *client, const char *device, const char *cgroup, uint32_t uid,
		     uint32_t contexts, struct sva_msg_done *done)
{
	struct sva_msg_add_grant request = { .uid = uid, .contexts = contexts };
	size_t length = cgroup ? strlen(cgroup) : 0;
	int ret = name_put(client, request.device, device, SVA_REASON_NO_SUCH_DEVICE);

	if (ret < 0)
		return ret;
	if (length >= sizeof(request.cgroup))
		return fail(client, -ENOENT, SVA_REASON_NO_SUCH_CGROUP);
	if (length)
		memcpy(request.cgroup, cgroup, length);
	return client_call(client, &request.msg, SVA_MSG_ADD_GRANT, sizeof(request), &done->msg,
			   sizeof(*done), NULL);
}

static int client_number(struct client *client, uint16_t type, uint32_t number,
			 struct sva_msg *reply, size_t reply_size)
{
	struct sva_msg_number request = { .number = number };

	return client_call(client, &request.msg, type, sizeof(request), reply, reply_size, NULL);
}

int client_remove_grant(struct client *client, uint32_t number, struct sva_msg_done *done)
{
	return client_number(client, SVA_MSG_REMOVE_GRANT, number, &done->msg, sizeof(*done));
}

int client_list_grants(struct client *client, uint32_t after, struct sva_msg_grants *grants)
{
	int ret = client_number(client, SVA_MSG_LIST_GRANTS, after, &grants->msg, sizeof(*grants));

	if (ret < 0)
		return ret;
	if (grants->count > SVA_MSG_GRANTS)
		return lie(client);
	for (uint32_t i = 0; i < grants->count; i++) {
		const struct sva_msg_grant *grant = &grants->grants[i];

		/* in order, or it would never end */
		if (grant->number <= after || !terminated(grant->device, sizeof(grant->device)) ||
		    !terminated(grant->cgroup, sizeof(grant->cgroup)))
			return lie(client);
		after = grant->number;
	}
	return 0;
}

int client_revoke(struct client *client, const char *device, uint64_t context)
{
	struct sva_msg_revoke request = { .context = context };
	struct sva_msg_done done;
	int ret = name_put(client, request.device, device, SVA_REASON_NO_SUCH_DEVICE);

	return ret < 0 ? ret : client_call(client, &request.msg, SVA_MSG_REVOKE, sizeof(request),
					   &done.msg, sizeof(done), NULL);
}

int client_reset(struct client *client, const char *device)
{
	struct sva_msg_reset request = { 0 };
	struct sva_msg_done done;
	int ret = name_put(client, request.device, device, SVA_REASON_NO_SUCH_DEVICE);

	return ret < 0 ? ret : client_call(client, &request.msg, SVA_MSG_RESET, sizeof(request),
					   &done.msg, sizeof(done), NULL);
}

int client_stats(struct client *client, struct sva_msg_stats *stats)
{
	int ret = client_number(client, SVA_MSG_STATS, 0, &stats->msg, sizeof(*stats));

	return ret < 0 ? ret : stats->count == SVA_STATS ? 0 : lie(client);
}

int client_subscribe(struct client *client)
{
	struct sva_msg_number request = { 0 };

	return client_request(client, &request.msg, SVA_MSG_SUBSCRIBE, sizeof(request));
}

int client_subscribed(struct client *client)
{
	const struct sva_msg request = { .type = SVA_MSG_SUBSCRIBE, .serial = client->serial };
	struct sva_msg_done done = { 0 };

	return client_reply(client, &request, &done.msg, sizeof(done), NULL);
}

int client_next_event(struct client *client, struct sva_msg_event *event)
{
	struct answer answer;
	int ret = client_receive(client, event, sizeof(*event), &answer);

	if (ret < 0)
		return ret;
	answer_drop_fd(&answer);
	if (answer.longer || answer.size != sizeof(*event) || event->msg.size != answer.size ||
	    event->msg.version != SVA_PROTOCOL_VERSION || event->msg.type != SVA_MSG_EVENT ||
	    event->msg.serial != client->serial || event->msg.error ||
	    !terminated(event->device, sizeof(event->device)))
		return lie(client);
	return 0;
}

static int devices_append(struct sva_msg_device **devices, uint32_t *count,
			  const struct sva_msg_devices *page)
{
	struct sva_msg_device *more;

	more = realloc(*devices, (*count + page->count) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	memcpy(more + *count, page->devices, page->count * sizeof(*more));
	*devices = more;
	*count += page->count;
	return 0;
}

int client_all_devices(struct client *client, struct sva_msg_device **devices, uint32_t *count)
{
	struct sva_msg_devices page;
	uint32_t start = 0;
	int ret;

	*devices = NULL;
	*count = 0;
	for (;;) {
		ret = client_list_devices(client, start, &page);
		if (!ret && *count + page.count > MAX_DEVICES)
			ret = lie(client);
		if (ret < 0 || !page.count)
			break;
		ret = devices_append(devices, count, &page);
		if (ret < 0) {
			client->reason = SVA_REASON_SYSTEM;
			break;
		}
		start = page.next;
	}
	if (ret == 0)
		return 0;
	free(*devices);
	*devices = NULL;
	*count = 0;
	return ret;
}

uint32_t client_device_obstacle(const struct sva_msg_device *device)
{
	if (device->sva_reason)
		return device->sva_reason;
	if (!(device->flags & SVA_DEVICE_FLAG_VIABLE))
		return SVA_REASON_NOT_VIABLE;
	if (device->max_contexts && device->contexts >= device->max_contexts)
		return SVA_REASON_DEVICE_BUSY;
	return 0;
}
