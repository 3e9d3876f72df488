// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hostile.c - clients that do not keep to svad's protocol, and what that costs
 * the others: nothing (R8, R10)
 *
 * Runs as root, which becomes mallory (whom the policy does not know) to attack
 * and alice or bob to see that good clients are served all the same.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include <protocol.h>
#include <sva.h>

#include "device.h"
#include "harness.h"
#include "process.h"

static int daemon_try_connect(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = (int)MUST(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", SVA_SOCKET_PATH);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -errno;
}

static int daemon_connect(void)
{
	int fd = daemon_try_connect();

	CHECK(fd >= 0, "connecting to %s: %s", SVA_SOCKET_PATH, strerror(-fd));
	return fd;
}

static pid_t daemon_pid(void)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int fd = daemon_connect();

	MUST(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len));
	close(fd);
	return peer.pid;
}

static unsigned int daemon_descriptors(pid_t pid)
{
	unsigned int n = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	CHECK(dir, "%s: %s", path, strerror(errno));
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static long daemon_memory_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	CHECK(file, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "VmRSS:", 6))
			kib = strtol(line + 6, NULL, 10);
	fclose(file);
	return kib;
}

struct daemon_state {
	pid_t pid;
	unsigned int descriptors;
};

static struct daemon_state daemon_state(void)
{
	pid_t pid = daemon_pid();

	return (struct daemon_state){ pid, daemon_descriptors(pid) };
}

static bool descriptors_are_back(void *arg)
{
	struct daemon_state *before = arg;

	return daemon_descriptors(before->pid) <= before->descriptors;
}

static void good_client(int line, void *user)
{
	struct sva_context *ctx;
	int err;

	(void)line;
	user_become(user);
	err = sva_bind(device_name(), 0, &ctx);
	CHECK(err == 0, "%s is not served: %s", (char *)user,
	      sva_strreason(sva_context_reason(NULL)));
	CHECK_EQ(sva_unbind(ctx, SVA_RELEASE_CLEAN), SVA_RELEASE_CLEAN);
}

static void is_served(const char *user)
{
	struct child child;

	child_start(&child, good_client, (void *)user);
	child_join(&child);
}

/* The same svad as before, with nothing left of the attack, serves the next */
static void unharmed(struct daemon_state *before)
{
	is_served("alice");
	CHECK_EQ(daemon_pid(), before->pid);
	CHECK(wait_until(descriptors_are_back, before, PATIENCE_MS),
	      "svad holds %u descriptors, before it was %u", daemon_descriptors(before->pid),
	      before->descriptors);
}

static void attack_as(const char *user, void (*attack)(void))
{
	struct daemon_state before = daemon_state();
	pid_t pid = (pid_t)MUST(fork());
	struct child child = { .pid = pid, .line = -1 };

	if (pid == 0) {
		user_become(user);
		attack();
		fflush(stdout);
		_exit(0);
	}
	child_join(&child);
	unharmed(&before);
}

/* svad ends the connection; a reply that comes first says that of a violation */
static void is_dropped(int fd, const char *what, size_t detail)
{
	struct sva_msg reply;
	ssize_t n;

	CHECK(fd_readable(fd, PATIENCE_MS), "%s (%zu): svad keeps the connection", what, detail);
	n = recv(fd, &reply, sizeof(reply), MSG_DONTWAIT);
	if (n > 0) {
		CHECK(n == sizeof(reply) && reply.size == sizeof(reply),
		      "%s (%zu): a reply of %zd bytes", what, detail, n);
		CHECK(reply.error < 0 && reply.reason == SVA_REASON_PROTOCOL,
		      "%s (%zu): error %d, reason %u", what, detail, reply.error, reply.reason);
		CHECK(fd_readable(fd, PATIENCE_MS), "%s (%zu): svad keeps the connection", what,
		      detail);
		n = recv(fd, &reply, sizeof(reply), MSG_DONTWAIT);
	}
	CHECK(n == 0 || (n < 0 && (errno == ECONNRESET || errno == EPIPE)),
	      "%s (%zu): not dropped (%zd)", what, detail, n);
	close(fd);
}

static void dropped_for(const void *bytes, size_t len, const char *what, size_t detail)
{
	int fd = daemon_connect();

	if (send(fd, bytes, len, MSG_NOSIGNAL) < 0) {
		CHECK(errno == EMSGSIZE || errno == EPIPE || errno == ECONNRESET,
		      "%s (%zu): send: %s", what, detail, strerror(errno));
		if (errno == EMSGSIZE) {
			close(fd);
			return;
		}
	}
	is_dropped(fd, what, detail);
}

/* One message of each kind, as it should be */
union request {
	struct sva_msg msg;
	struct sva_msg_open open;
	struct sva_msg_list_devices list_devices;
	struct sva_msg_list_contexts list_contexts;
	struct sva_msg_explain explain;
	unsigned char bytes[SVA_MSG_MAX];
};

static const struct {
	uint16_t type;
	uint32_t size;
	const char *name;
} requests[] = {
	{ SVA_MSG_OPEN, sizeof(struct sva_msg_open), "OPEN" },
	{ SVA_MSG_LIST_DEVICES, sizeof(struct sva_msg_list_devices), "LIST_DEVICES" },
	{ SVA_MSG_LIST_CONTEXTS, sizeof(struct sva_msg_list_contexts), "LIST_CONTEXTS" },
	{ SVA_MSG_EXPLAIN, sizeof(struct sva_msg_explain), "EXPLAIN" },
};
#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

static union request request_of(size_t kind)
{
	union request r;

	memset(&r, 0, sizeof(r));
	r.msg.size = requests[kind].size;
	r.msg.version = SVA_PROTOCOL_VERSION;
	r.msg.type = requests[kind].type;
	r.msg.serial = 1;
	if (requests[kind].type == SVA_MSG_LIST_CONTEXTS)
		snprintf(r.list_contexts.device, SVA_NAME_LEN, "%s", device_name());
	return r;
}

/* A request that is answered in kind: the proof that the others are not, for a reason */
static void attack_none(void)
{
	for (size_t k = 0; k < REQUESTS; k++) {
		union request r = request_of(k);
		unsigned char reply[SVA_MSG_MAX];
		struct sva_msg *msg = (struct sva_msg *)reply;
		int fd = daemon_connect();
		ssize_t n;

		MUST(send(fd, &r, r.msg.size, MSG_NOSIGNAL));
		CHECK(fd_readable(fd, PATIENCE_MS), "%s: no reply", requests[k].name);
		n = recv(fd, reply, sizeof(reply), 0);
		CHECK(n >= (ssize_t)sizeof(*msg) && n == (ssize_t)msg->size, "%s: %zd bytes",
		      requests[k].name, n);
		CHECK_EQ(msg->type, requests[k].type | SVA_MSG_REPLY);
		CHECK_EQ(msg->serial, 1);
		close(fd);
	}
}

TEST(R7, requests_as_they_should_be_are_answered)
{
	attack_as("mallory", attack_none);
}

static void attack_garbage(void)
{
	unsigned char bytes[SVA_MSG_MAX + 64];

	srandom(1);
	for (size_t len = 1; len <= sizeof(bytes); len += len < 200 ? 1 : 37) {
		for (size_t i = 0; i < len; i++)
			bytes[i] = (unsigned char)(random() >> 8);
		if (len >= 6)
			bytes[4] = SVA_PROTOCOL_VERSION, bytes[5] = 0;
		dropped_for(bytes, len, "garbage", len);
	}
}

TEST(R8, garbage_of_every_length)
{
	attack_as("mallory", attack_garbage);
}

static void attack_truncated(void)
{
	for (size_t k = 0; k < REQUESTS; k++)
		for (uint32_t len = 1; len < requests[k].size; len++) {
			union request r = request_of(k);

			dropped_for(&r, len, requests[k].name, len);
			if (len < sizeof(r.msg))
				continue;
			r.msg.size = len;
			dropped_for(&r, len, requests[k].name, len);
		}
}

TEST(R8, every_truncation_of_every_request)
{
	attack_as("mallory", attack_truncated);
}

static void attack_oversized(void)
{
	static const size_t extras[] = { 1, 8, 64, 1000, 2048, 60000, 200000 };
	unsigned char *bytes = calloc(1, 300000);

	for (size_t k = 0; k < REQUESTS; k++)
		for (size_t i = 0; i < sizeof(extras) / sizeof(extras[0]); i++) {
			size_t len = requests[k].size + extras[i];
			union request r = request_of(k);

			memcpy(bytes, &r, requests[k].size);
			dropped_for(bytes, len, requests[k].name, len);
			memcpy(bytes, &len, sizeof(uint32_t));
			dropped_for(bytes, len, requests[k].name, len);
		}
	free(bytes);
}

TEST(R8, oversized_requests)
{
	attack_as("mallory", attack_oversized);
}

static void attack_sizes(void)
{
	static const uint32_t sizes[] = { 0, 1, 23, 24, 0x7fffffff, 0x80000000, 0xffffffff };

	for (size_t k = 0; k < REQUESTS; k++)
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
			union request r = request_of(k);

			r.msg.size = sizes[i];
			dropped_for(&r, requests[k].size, requests[k].name, sizes[i]);
		}
}

TEST(R8, sizes_that_lie)
{
	attack_as("mallory", attack_sizes);
}

static void attack_types(void)
{
	static const uint16_t types[] = { 0, 5, 99, 0x7fff, SVA_MSG_REPLY,
					  SVA_MSG_REPLY | SVA_MSG_OPEN, 0xffff };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		union request r = request_of(0);

		r.msg.type = types[i];
		dropped_for(&r, r.msg.size, "type", types[i]);
	}
}

TEST(R8, types_that_are_none)
{
	attack_as("mallory", attack_types);
}

static void attack_fields(void)
{
	union request r = request_of(0);

	memset(r.open.device, 'a', sizeof(r.open.device));
	dropped_for(&r, r.msg.size, "device not terminated", 0);
	r = request_of(0);
	memset(r.open.type, 'a', sizeof(r.open.type));
	dropped_for(&r, r.msg.size, "type not terminated", 0);
	r = request_of(0);
	r.open.device[5] = 'x';
	dropped_for(&r, r.msg.size, "name not filled with zeroes", 0);
	r = request_of(1);
	r.list_devices.reserved = 1;
	dropped_for(&r, r.msg.size, "reserved", 0);
	r = request_of(2);
	memset(r.list_contexts.device, 0xff, sizeof(r.list_contexts.device));
	dropped_for(&r, r.msg.size, "device not terminated", 1);
	r = request_of(3);
	memset(r.explain.device, '%', sizeof(r.explain.device));
	dropped_for(&r, r.msg.size, "device not terminated", 2);
}

TEST(R8, fields_that_are_wrong)
{
	attack_as("mallory", attack_fields);
}

static void attack_version(void)
{
	static const uint16_t versions[] = { 0, SVA_PROTOCOL_VERSION + 1, 0xffff };

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		union request r = request_of(0);
		struct sva_msg reply;
		int fd = daemon_connect();

		r.msg.version = versions[i];
		r.msg.serial = 77;
		MUST(send(fd, &r, r.msg.size, MSG_NOSIGNAL));
		CHECK(fd_readable(fd, PATIENCE_MS), "version %u: no reply", versions[i]);
		CHECK_EQ(recv(fd, &reply, sizeof(reply), 0), sizeof(reply));
		CHECK_EQ(reply.error, -EPROTONOSUPPORT);
		CHECK_EQ(reply.reason, SVA_REASON_PROTOCOL_VERSION);
		CHECK_EQ(reply.version, SVA_PROTOCOL_VERSION);
		CHECK_EQ(reply.serial, 77);
		close(fd);
	}
}

TEST(R7, other_versions_are_answered_with_ours)
{
	attack_as("mallory", attack_version);
}

#define FDS 100

/* The kernel refuses it: svad would have to close them, however long that takes */
static void send_with_descriptors(int fd, const void *bytes, size_t len, int count)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int) * FDS)];
	} control = { 0 };
	struct iovec iov = { (void *)bytes, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			      .msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)count) };
	int fds[FDS];

	for (int i = 0; i < count; i++)
		fds[i] = fd;
	control.head.cmsg_level = SOL_SOCKET;
	control.head.cmsg_type = SCM_RIGHTS;
	control.head.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)count);
	memcpy(CMSG_DATA(&control.head), fds, sizeof(int) * (size_t)count);
	CHECK(sendmsg(fd, &msg, MSG_NOSIGNAL) < 0 && errno == EPERM, "%d fds: %s", count,
	      strerror(errno));
}

static void attack_descriptors(void)
{
	static const int counts[] = { 1, 2, FDS };

	for (int round = 0; round < 20; round++)
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			union request r = request_of(1);
			int fd = daemon_connect();

			send_with_descriptors(fd, &r, r.msg.size, counts[i]);
			close(fd);
		}
}

TEST(R8, descriptors_that_nobody_asked_for_do_not_reach_it)
{
	attack_as("mallory", attack_descriptors);
}

#define FLOOD 3000

/* The server's word on a connection that it does not take, or nothing yet */
static bool is_turned_away(int fd)
{
	struct sva_msg reply;
	ssize_t n = recv(fd, &reply, sizeof(reply), MSG_DONTWAIT);

	if (n == sizeof(reply)) {
		CHECK_EQ(reply.type, SVA_MSG_REPLY);
		CHECK_EQ(reply.error, -EUSERS);
		CHECK_EQ(reply.reason, SVA_REASON_LIMIT_CONNECTIONS);
		return true;
	}
	return n == 0 || (n < 0 && errno != EAGAIN);
}

/* Others are served while mallory holds all the connections that she can get */
static void flood_main(int line, void *arg)
{
	static int fds[FLOOD];
	unsigned int open_now = 0, turned_away = 0;

	(void)arg;
	user_become("mallory");
	for (unsigned int i = 0; i < FLOOD; i++) {
		fds[i] = daemon_try_connect();
		CHECK(fds[i] >= 0 || fds[i] == -EAGAIN || fds[i] == -ECONNREFUSED ||
		      fds[i] == -EMFILE, "connection %u: %s", i, strerror(-fds[i]));
	}
	for (unsigned int i = 0; i < FLOOD; i++) {
		if (fds[i] < 0)
			continue;
		open_now++;
		turned_away += is_turned_away(fds[i]);
	}
	word_send(line, open_now);
	word_send(line, turned_away);
	word_receive(line);
}

TEST_WITHIN(R8, flood_of_connections, 120)
{
	struct daemon_state before = daemon_state();
	struct rlimit limit = { 8192, 8192 };
	struct child child;
	uint64_t opened, turned_away;

	MUST(setrlimit(RLIMIT_NOFILE, &limit));
	child_start(&child, flood_main, NULL);
	opened = word_receive(child.line);
	turned_away = word_receive(child.line);
	test_note("%llu connections, %llu turned away", (unsigned long long)opened,
		  (unsigned long long)turned_away);
	CHECK(turned_away > 0, "%llu connections of one user and no limit",
	      (unsigned long long)opened);
	is_served("alice");
	is_served("bob");
	CHECK(daemon_descriptors(before.pid) < 2048, "svad holds %u descriptors",
	      daemon_descriptors(before.pid));
	word_send(child.line, 0);
	child_join(&child);
	unharmed(&before);
}

static void silent_main(int line, void *arg)
{
	(void)arg;
	user_become("mallory");
	daemon_connect();
	word_send(line, 0);
	word_receive(line);
}

TEST(R8, silent_client_holds_up_nobody)
{
	struct daemon_state before = daemon_state();
	struct child child;

	child_start(&child, silent_main, NULL);
	word_receive(child.line);
	is_served("alice");
	is_served("bob");
	word_send(child.line, 0);
	child_join(&child);
	unharmed(&before);
}

/* Asks and asks, and reads no answer, until svad takes no more */
static void never_reads_main(int line, void *arg)
{
	union request r = request_of(1);
	unsigned int sent = 0, quiet = 0;
	int fd;

	(void)arg;
	user_become("alice");
	fd = daemon_connect();
	while (sent < 100000 && quiet < 5) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		r.msg.serial = sent;
		if (send(fd, &r, r.msg.size, MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
			sent++;
			quiet = 0;
		} else if (errno == EAGAIN) {
			poll(&p, 1, 100);
			quiet++;
		} else {
			break;
		}
	}
	CHECK(sent < 100000, "svad took 100000 requests and kept the answers");
	word_send(line, sent);
	word_receive(line);
}

TEST(R8, client_that_never_reads_is_bounded)
{
	struct daemon_state before = daemon_state();
	long memory = daemon_memory_kib(before.pid);
	struct child child;

	child_start(&child, never_reads_main, NULL);
	test_note("%llu requests were taken", (unsigned long long)word_receive(child.line));
	is_served("alice");
	is_served("bob");
	CHECK(daemon_memory_kib(before.pid) < memory + 4096, "svad grew from %ld to %ld KiB",
	      memory, daemon_memory_kib(before.pid));
	word_send(child.line, 0);
	child_join(&child);
	unharmed(&before);
}

/* Dies between request and reply: the context that was on its way must not stay */
static void asks_and_dies_main(int line, void *arg)
{
	union request r = request_of(0);
	int fd;

	(void)line;
	(void)arg;
	user_become("alice");
	fd = daemon_connect();
	send(fd, &r, r.msg.size, MSG_NOSIGNAL);
	raise(SIGKILL);
}

TEST(R5, clients_that_die_before_the_reply_leave_no_context)
{
	struct daemon_state before = daemon_state();

	for (int i = 0; i < 100; i++) {
		struct child child;

		child_start(&child, asks_and_dies_main, NULL);
		child_reap(&child);
	}
	unharmed(&before);
	CHECK(device_is_clean(), "contexts of dead clients stay");
}

/* Takes contexts and drops them on the floor as fast as it can */
static void churn_main(int line, void *arg)
{
	(void)arg;
	user_become("alice");
	word_send(line, 0);
	for (;;) {
		union request r = request_of(0);
		unsigned char reply[SVA_MSG_MAX];
		int fd = daemon_try_connect();

		if (fd < 0)
			continue;
		send(fd, &r, r.msg.size, MSG_NOSIGNAL);
		recv(fd, reply, sizeof(reply), 0);
		close(fd);
	}
}

TEST(R8, churning_client_does_not_starve_others)
{
	struct daemon_state before = daemon_state();
	struct child child;

	child_start(&child, churn_main, NULL);
	word_receive(child.line);
	for (int i = 0; i < 10; i++)
		is_served("bob");
	child_kill(&child);
	unharmed(&before);
}

static void attack_pipeline(void)
{
	unsigned char reply[SVA_MSG_MAX];
	struct sva_msg *msg = (struct sva_msg *)reply;
	int fd = daemon_connect();

	for (uint32_t i = 0; i < 8; i++) {
		union request r = request_of(1);

		r.msg.serial = 1000 + i;
		MUST(send(fd, &r, r.msg.size, MSG_NOSIGNAL));
	}
	for (uint32_t i = 0; i < 8; i++) {
		CHECK(fd_readable(fd, PATIENCE_MS), "reply %u does not come", i);
		CHECK(recv(fd, reply, sizeof(reply), 0) >= (ssize_t)sizeof(*msg), "reply %u", i);
		CHECK_EQ(msg->serial, 1000 + i);
	}
	close(fd);
}

TEST(R7, requests_sent_ahead_are_answered_in_order)
{
	attack_as("mallory", attack_pipeline);
}
