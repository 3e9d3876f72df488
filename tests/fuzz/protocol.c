// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * protocol.c - fuzz target: what hostile clients and a wild kernel do to svad
 *
 * The whole daemon over the fake kernel.  An input is a script of operations, each a
 * byte (operation modulo OPS, and a number above it) with what it needs behind it:
 *
 *	connect		to slot number % SLOTS, if it is free
 *	packet		LENGTH BYTES...: as they are
 *	request		TYPE BYTES...: a right header of that type, as long a body as
 *			the protocol has for it, filled with what is there
 *	named		TYPE DEVICE: the same with a good device name
 *	read		one reply
 *	close, shut	the slot
 *	event		a kernel event: number says which
 *
 * After each the loop is turned until svad has nothing to do.  What must hold then:
 * replies are what the protocol says; a violation drops its sender only, so that
 * a polite client is answered at any time; and when all have gone, svad has no
 * connection, and no fd more than before (R5, R7, R8).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <protocol.h>
#include <sva.h>

#include "fake_kernel.h"
#include "listen.h"
#include "log.h"
#include "svad.h"

#define SLOTS 4
#define CONTEXTS 64

enum { CONNECT, PACKET, REQUEST, NAMED, READ, CLOSE, SHUT, EVENT, OPS };

struct script {
	const uint8_t *at;
	size_t left;
};

static struct svad svad;
static sd_event *event;
static struct fake_device *device;
static char folder[] = "/tmp/svad-fuzz-XXXXXX", path[64], config[64];
static int slots[SLOTS] = { -1, -1, -1, -1 };
static int polite = -1;

#define INSIST(condition)						\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			abort();					\
		}							\
	} while (0)

/* ----------------------------------------------------------------- svad */

static int count_fds(void)
{
	DIR *open_files = opendir("/proc/self/fd");
	int count = 0;

	INSIST(open_files);
	while (readdir(open_files))
		count++;
	closedir(open_files);
	return count;
}

static void turn(void)
{
	while (sd_event_run(event, 0) > 0)
		;
}

static int connect_to_svad(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	INSIST(fd >= 0);
	name_copy(address.sun_path, path, sizeof(address.sun_path));
	INSIST(!connect(fd, (struct sockaddr *)&address, sizeof(address)));
	turn();
	return fd;
}

static void clean_up(void)
{
	svad_free(&svad);
	sd_event_unref(event);
	fake_reset();
	unlink(path);
	unlink(config);
	rmdir(folder);
}

static void policy_write(void)
{
	FILE *file = fopen(config, "we");

	INSIST(file);
	fputs("[limits]\nconnections-per-user = 100\n"
	      "requests-per-second = 1000000\n[deny]\nuser = *\ndevice = soft1\n"
	      "[allow]\nuser = *\ngroup = root\ncontexts-per-user = 32\n", file);
	INSIST(!fclose(file));
}

static void start(void)
{
	INSIST(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	snprintf(config, sizeof(config), "%s/svad.conf", folder);
	policy_write();
	log_open(open("/dev/null", O_WRONLY | O_CLOEXEC), LOG_INFO);
	INSIST(sd_event_new(&event) >= 0);
	INSIST(!svad_init(&svad, event, &(struct svad_start){
		.config = config, .socket = listen_open(path), .state = -1 }));
	device = fake_plug("soft0", CONTEXTS);
	fake_plug("soft1", CONTEXTS);
	INSIST(!devices_add(&svad.devices, "soft0", "/fake/soft0"));
	INSIST(!devices_add(&svad.devices, "soft1", "/fake/soft1"));
	polite = connect_to_svad();
	atexit(clean_up);
}

/* -------------------------------------------------------------- replies */

/* 0: there is none.  Fds that come with it are closed. */
static ssize_t reply_take(int fd, struct sva_msg *msg)
{
	char bytes[SVA_MSG_MAX + 1];
	struct iovec iov = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	int passed;

	if (length <= 0)
		return 0;
	INSIST(length >= (ssize_t)sizeof(*msg) && length <= SVA_MSG_MAX);
	memcpy(msg, bytes, sizeof(*msg));
	INSIST(msg->size == length && msg->version == SVA_PROTOCOL_VERSION);
	INSIST(msg->type & SVA_MSG_REPLY);
	INSIST(!msg->error == !msg->reason && msg->error <= 0);
	if (message.msg_controllen) {
		INSIST(!msg->error);
		memcpy(&passed, CMSG_DATA(&control.align), sizeof(passed));
		close(passed);
	}
	return length;
}

/* Whatever the others do: whoever asks politely is answered, and rightly */
static void ask_politely(void)
{
	static uint32_t serial;
	struct sva_msg_list_devices request = {
		.msg = {
			.size = sizeof(request), .version = SVA_PROTOCOL_VERSION,
			.type = SVA_MSG_LIST_DEVICES, .serial = serial + 1,
		},
	};
	struct sva_msg reply;

	INSIST(send(polite, &request, sizeof(request), MSG_NOSIGNAL) == sizeof(request));
	turn();
	INSIST(reply_take(polite, &reply) == sizeof(struct sva_msg_devices));
	INSIST(reply.serial == ++serial && !reply.error);
}

/* ----------------------------------------------------------- operations */

static uint8_t take(struct script *script)
{
	if (!script->left)
		return 0;
	script->left--;
	return *script->at++;
}

static void take_bytes(struct script *script, void *to, size_t size)
{
	size_t there = size < script->left ? size : script->left;

	memcpy(to, script->at, there);
	script->at += there;
	script->left -= there;
}

static size_t body_of(unsigned int type)
{
	static const size_t sizes[] = {
		[SVA_MSG_OPEN] = sizeof(struct sva_msg_open),
		[SVA_MSG_LIST_DEVICES] = sizeof(struct sva_msg_list_devices),
		[SVA_MSG_LIST_CONTEXTS] = sizeof(struct sva_msg_list_contexts),
		[SVA_MSG_EXPLAIN] = sizeof(struct sva_msg_explain),
		[SVA_MSG_EXPLAIN_USER] = sizeof(struct sva_msg_explain_user),
		[SVA_MSG_ADD_GRANT] = sizeof(struct sva_msg_add_grant),
		[SVA_MSG_REMOVE_GRANT] = sizeof(struct sva_msg_number),
		[SVA_MSG_LIST_GRANTS] = sizeof(struct sva_msg_number),
		[SVA_MSG_REVOKE] = sizeof(struct sva_msg_revoke),
		[SVA_MSG_RESET] = sizeof(struct sva_msg_reset),
		[SVA_MSG_STATS] = sizeof(struct sva_msg_number),
		[SVA_MSG_SUBSCRIBE] = sizeof(struct sva_msg_number),
	};

	return type < ARRAY_SIZE(sizes) && sizes[type] ? sizes[type] : sizeof(struct sva_msg);
}

static void send_packet(struct script *script, int fd)
{
	char bytes[256] = "";
	size_t length = take(script);

	take_bytes(script, bytes, length);
	(void)!send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void send_request(struct script *script, int fd, bool named)
{
	char bytes[SVA_MSG_MAX] = "";
	unsigned int type = take(script);
	struct sva_msg msg = {
		.size = (uint32_t)body_of(type), .version = SVA_PROTOCOL_VERSION,
		.type = (uint16_t)type, .serial = type,
	};

	memcpy(bytes, &msg, sizeof(msg));
	if (named)
		snprintf(bytes + sizeof(msg), SVA_NAME_LEN, "soft%u", take(script) % 3u);
	else
		take_bytes(script, bytes + sizeof(msg), msg.size - sizeof(msg));
	(void)!send(fd, bytes, msg.size, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void kernel_event(struct script *script, unsigned int number)
{
	uint64_t id = fake_last_id(device) - take(script);
	uint32_t type;

	switch (number % 4) {
	case 0:
		fake_end_unheld(device);
		break;
	case 1:	/* of a context that is not there, too; and types that nobody knows */
		type = take(script);
		/* one that has gone does not come back in the fake */
		if (type != SVA_EVENT_GONE)
			fake_post(device, type, id, take(script) % 5);
		break;
	case 2:
		fake_fail_list(device, number & 4 ? ENOMEM : 0);
		break;
	default:
		fake_fail_create(device, number & 4 ? EIO : 0, number & 4 ? SVA_REASON_SYSTEM : 0);
		break;
	}
}

static void slot_do(struct script *script, unsigned int operation, int *slot)
{
	struct sva_msg reply;

	if (operation == CONNECT && *slot < 0)
		*slot = connect_to_svad();
	if (*slot < 0)
		return;
	if (operation == PACKET)
		send_packet(script, *slot);
	else if (operation == REQUEST || operation == NAMED)
		send_request(script, *slot, operation == NAMED);
	else if (operation == READ)
		(void)!reply_take(*slot, &reply);
	else if (operation == CLOSE)
		fd_close(slot);
	else if (operation == SHUT)
		shutdown(*slot, SHUT_WR);
}

/* ----------------------------------------------------------------- a run */

static void everybody_leaves(int fds_before)
{
	for (size_t i = 0; i < SLOTS; i++)
		fd_close(&slots[i]);
	fake_fail_list(device, 0);
	fake_fail_create(device, 0, 0);
	turn();
	fake_end_unheld(device);
	turn();
	ask_politely();
	INSIST(svad.clients.count == 1);
	INSIST(!fake_contexts(device));
	INSIST(count_fds() == fds_before);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script script = { .at = data, .left = size };
	int fds_before;

	if (!event)
		start();
	/* between runs libFuzzer opens some of its own */
	fds_before = count_fds();
	while (script.left) {
		uint8_t byte = take(&script);

		if (byte % OPS == EVENT)
			kernel_event(&script, byte / OPS);
		else
			slot_do(&script, byte % OPS, &slots[byte / OPS % SLOTS]);
		turn();
	}
	everybody_leaves(fds_before);
	return 0;
}
