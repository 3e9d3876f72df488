/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * protocol.h - what libsva and svad say to each other
 *
 * One SOCK_SEQPACKET connection, one message a packet.  A client asks, svad
 * answers every request with exactly one reply of the matching type and the
 * same serial, in order.  A client may have several requests on their way.
 *
 * Every message is a fixed struct that starts with struct sva_msg, and is
 * exactly as long as its type says: anything else is a violation, and svad
 * drops that client and no other.  A reply with error != 0 carries a reason,
 * and its other fields are zero.  Numbers are in host byte order (the socket is
 * local), strings are NUL-terminated within their arrays and filled up with
 * zeroes.  Fields named reserved are zero.
 *
 * The version is in every message.  svad answers a version that it does not
 * speak with SVA_REASON_PROTOCOL_VERSION and its own version in the header.
 *
 * What cannot be answered in kind gets a bare struct sva_msg as its reply, with
 * error and reason: another version; a violation (SVA_REASON_PROTOCOL), after
 * which svad closes the connection; and, without having been asked anything
 * (type SVA_MSG_REPLY, serial 0), a connection that svad does not take, which
 * it closes too.  The bare reply bears the type and the serial of the request
 * where these could be read.  A client that finds the connection closed while
 * it sends should still read: the reason may be there.
 *
 * features says what the sender understands beyond the version; unknown bits
 * are ignored.
 */
#ifndef SVA_PROTOCOL_H
#define SVA_PROTOCOL_H

#include <stdint.h>
#include <linux/sva.h>

#define SVA_PROTOCOL_VERSION	1
#define SVA_SOCKET_PATH		"/run/svad/socket"
#define SVA_MSG_MAX		2048	/* no message is longer */

#define SVA_MSG_REPLY		0x8000	/* set in the type of every reply */

enum sva_msg_type {
	SVA_MSG_OPEN = 1,
	SVA_MSG_LIST_DEVICES = 2,
	SVA_MSG_LIST_CONTEXTS = 3,
	SVA_MSG_EXPLAIN = 4,
};

struct sva_msg {
	uint32_t size;		/* of the whole message */
	uint16_t version;	/* SVA_PROTOCOL_VERSION */
	uint16_t type;		/* enum sva_msg_type, SVA_MSG_REPLY */
	uint32_t serial;	/* the client's own; comes back in the reply */
	uint32_t features;
	int32_t error;		/* replies: 0 or a negative errno */
	uint32_t reason;	/* replies: enum sva_reason or enum sva_user_reason */
};

/* OPEN: a context for the peer of this connection, and for no other process */
struct sva_msg_open {
	struct sva_msg msg;
	char device[SVA_NAME_LEN];	/* "": the first that has a context left */
	char type[SVA_NAME_LEN];	/* "": the device's first */
};

/* With one fd (SCM_RIGHTS) when error is 0, with none otherwise */
struct sva_msg_opened {
	struct sva_msg msg;
	uint64_t id;			/* of the context */
	char device[SVA_NAME_LEN];
	uint32_t rule;			/* line of the policy that decided, 0: the default */
	uint32_t reserved;
};

/* LIST_DEVICES: those behind the given index, in svad's order */
struct sva_msg_list_devices {
	struct sva_msg msg;
	uint32_t start;
	uint32_t reserved;
};

struct sva_msg_device {
	char name[SVA_NAME_LEN];
	uint32_t flags;			/* SVA_DEVICE_FLAG_* */
	uint32_t sva_reason;		/* why nothing can be bound there, or 0 */
	uint32_t pasid_bits;
	uint32_t group;
	uint32_t max_contexts;
	uint32_t contexts;
	uint32_t quarantined;
	uint32_t permitted;		/* 1: the policy lets the peer open it */
};

#define SVA_MSG_DEVICES	16

struct sva_msg_devices {
	struct sva_msg msg;
	uint32_t count;			/* valid in devices[]; 0: no more */
	uint32_t next;			/* start of the next request */
	struct sva_msg_device devices[SVA_MSG_DEVICES];
};

/* LIST_CONTEXTS of a device; the peer's own, or all where the policy says so */
struct sva_msg_list_contexts {
	struct sva_msg msg;
	char device[SVA_NAME_LEN];
	uint64_t after;			/* id of the last one known, 0 for none */
};

#define SVA_MSG_CONTEXTS 12

struct sva_msg_contexts {
	struct sva_msg msg;
	uint32_t count;			/* valid in contexts[]; 0: no more */
	uint32_t reserved;
	struct sva_context_entry contexts[SVA_MSG_CONTEXTS];
};

/* EXPLAIN: would this be allowed to the peer, and by which line */
struct sva_msg_explain {
	struct sva_msg msg;
	char device[SVA_NAME_LEN];
	char type[SVA_NAME_LEN];
};

struct sva_msg_explained {
	struct sva_msg msg;
	uint32_t permitted;
	uint32_t why;			/* reason when not permitted */
	uint32_t rule;			/* line of the policy file, 0: the default */
	uint32_t reserved;
	char text[256];			/* the rule as it stands in the file */
};

_Static_assert(sizeof(struct sva_msg) == 24, "wire");
_Static_assert(sizeof(struct sva_msg_open) == 104, "wire");
_Static_assert(sizeof(struct sva_msg_opened) == 80, "wire");
_Static_assert(sizeof(struct sva_msg_list_devices) == 32, "wire");
_Static_assert(sizeof(struct sva_msg_device) == 72, "wire");
_Static_assert(sizeof(struct sva_msg_devices) == 32 + 72 * SVA_MSG_DEVICES, "wire");
_Static_assert(sizeof(struct sva_msg_list_contexts) == 72, "wire");
_Static_assert(sizeof(struct sva_msg_contexts) == 32 + sizeof(struct sva_context_entry) * SVA_MSG_CONTEXTS, "wire");
_Static_assert(sizeof(struct sva_msg_explain) == 104, "wire");
_Static_assert(sizeof(struct sva_msg_explained) == 296, "wire");
_Static_assert(sizeof(struct sva_msg_contexts) <= SVA_MSG_MAX, "wire");

#endif /* SVA_PROTOCOL_H */
