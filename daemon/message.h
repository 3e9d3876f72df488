/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * message.h - requests as clients send them, and replies as svad sends them
 */
#ifndef SVAD_MESSAGE_H
#define SVAD_MESSAGE_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <protocol.h>

#include "util.h"

/* Linux 6.16; other architectures than most have theirs in a header that knows it */
#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

union request {
	struct sva_msg msg;
	struct sva_msg_open open;
	struct sva_msg_list_devices list_devices;
	struct sva_msg_list_contexts list_contexts;
	struct sva_msg_explain explain;
	struct sva_msg_explain_user explain_user;
	struct sva_msg_add_grant add_grant;
	struct sva_msg_number number;
	struct sva_msg_revoke revoke;
	struct sva_msg_reset reset;
};

/**
 * enum message_kind - what was received
 * @MESSAGE_NONE: nothing is there
 * @MESSAGE_REQUEST: one of enum sva_msg_type, exactly as the protocol has it
 * @MESSAGE_VERSION: the header of another version
 * @MESSAGE_VIOLATION: the client is to be dropped
 * @MESSAGE_END: the peer has closed the connection
 */
enum message_kind {
	MESSAGE_NONE,
	MESSAGE_REQUEST,
	MESSAGE_VERSION,
	MESSAGE_VIOLATION,
	MESSAGE_END,
};

/* Has those who send on connections of this listening socket named; 0 or -errno */
int must_check message_name_senders(int listener);

/*
 * Has the kernel refuse fds (EPERM for who sends them) on a connection, and on those of
 * a listening socket from then on; 0 or -errno, -ENOPROTOOPT before Linux 6.16.  Whose
 * last user svad becomes, it has to close, and that may take the sender's own time: a
 * TCP socket lingers, a context waits for a page (R8).
 */
int must_check message_refuse_fds(int socket);

/**
 * struct received - what came with a packet
 * @sender: the process that sent it, 0: not in sight from here; -1: not told, for
 *	the connection is older than message_name_senders()
 * @why: with MESSAGE_VIOLATION: which it was
 */
struct received {
	pid_t sender;
	const char *why;
};

/*
 * Receives one packet.  Fds that come with it do not stay in svad.  With
 * MESSAGE_VIOLATION, what of the header was received is in @request and the rest of
 * the header is zero.
 */
enum message_kind message_receive(int socket, union request *request,
				  struct received *received);

/* The check alone; @length is that of the packet, which may be longer than @request */
enum message_kind message_check(const union request *request, size_t length,
				const char **why);

/**
 * struct reply
 * @fd: goes with it, -1 for none; owned
 * @rule: line of the policy that it was refused by, for the log; 0: none
 */
struct reply {
	size_t size;
	int fd;
	unsigned int rule;
	union {
		struct sva_msg msg;
		struct sva_msg_opened opened;
		struct sva_msg_devices devices;
		struct sva_msg_contexts contexts;
		struct sva_msg_explained explained;
		struct sva_msg_done done;
		struct sva_msg_grants grants;
		struct sva_msg_stats stats;
		struct sva_msg_event event;
		char bytes[SVA_MSG_MAX];
	};
};

/* An empty reply of the type that answers the request */
void reply_init(struct reply *reply, const union request *request);

/* A bare header: no request, another version, a violation */
void reply_init_bare(struct reply *reply, const union request *request);

/* An event, which answers nothing */
void reply_init_event(struct reply *reply, uint32_t serial);

/*
 * Turns the reply into a refusal: all but the header becomes zero, the fd is
 * closed.  @error 0: the errno that usually comes with the reason.
 */
void reply_refuse(struct reply *reply, int error, uint32_t reason);

/* 0, -EAGAIN: the client has to read first, or -errno.  The fd stays the reply's. */
int must_check reply_send(int socket, const struct reply *reply);

#endif /* SVAD_MESSAGE_H */
