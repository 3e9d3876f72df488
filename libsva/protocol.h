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
 * svad also closes, without a message, a connection that asks nothing when its place
 * is needed for another client.  That may be between any two requests, as a restart
 * may: connect anew and ask again.
 *
 * A connection that has sent SUBSCRIBE and got its reply is told of events from
 * then on: messages of type SVA_MSG_EVENT with the serial of the request.  It asks
 * nothing more; a request on it is a violation.
 *
 * features says what the sender understands beyond the version; unknown bits
 * are ignored.
 */
#ifndef SVA_PROTOCOL_H
#define SVA_PROTOCOL_H

#include <stdint.h>
#include <linux/sva.h>
#include <sva-paths.h>

#define SVA_PROTOCOL_VERSION	1
#define SVA_SOCKET_PATH		SVA_RUNSTATEDIR "/svad/socket"
#define SVA_MSG_MAX		2048	/* no message is longer */

#define SVA_MSG_REPLY		0x8000	/* set in the type of every reply */

enum sva_msg_type {
	SVA_MSG_OPEN = 1,
	SVA_MSG_LIST_DEVICES = 2,
	SVA_MSG_LIST_CONTEXTS = 3,
	SVA_MSG_EXPLAIN = 4,
	SVA_MSG_EXPLAIN_USER = 5,
	SVA_MSG_ADD_GRANT = 6,
	SVA_MSG_REMOVE_GRANT = 7,
	SVA_MSG_LIST_GRANTS = 8,
	SVA_MSG_REVOKE = 9,
	SVA_MSG_RESET = 10,
	SVA_MSG_STATS = 11,
	SVA_MSG_SUBSCRIBE = 12,
	SVA_MSG_EVENT = 13 | SVA_MSG_REPLY,	/* never a request */
};

#define SVA_CGROUP_LEN	512	/* of a path, with its NUL */

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

#define SVA_MSG_GROUPS	64

/*
 * EXPLAIN_USER: the same about somebody else, for administrators, or about oneself.
 * Who that is, is as the client says: nothing is given to him.
 */
struct sva_msg_explain_user {
	struct sva_msg msg;
	char device[SVA_NAME_LEN];
	char type[SVA_NAME_LEN];
	uint32_t uid;
	uint32_t gid;
	uint32_t num_groups;		/* valid in groups[] */
	uint32_t reserved;
	uint32_t groups[SVA_MSG_GROUPS];
	char cgroup[SVA_CGROUP_LEN];	/* "": in none that a rule names */
};

/* EXPLAIN and EXPLAIN_USER */
struct sva_msg_explained {
	struct sva_msg msg;
	uint32_t permitted;
	uint32_t why;			/* reason when not permitted */
	uint32_t rule;			/* line of the policy file, 0: the default */
	uint32_t grant;			/* number of the grant it would be under, or 0 */
	uint32_t contexts;		/* that the user has on the device */
	uint32_t limit;			/* and may have by the rule, 0: none */
	char text[256];			/* the rule as it stands in the file */
	char file[256];
};

/*
 * ADD_GRANT: the right to so many contexts on a device, for a cgroup with all below
 * it, or for a user.  One that is there for the same gets the new number of contexts.
 */
struct sva_msg_add_grant {
	struct sva_msg msg;
	char device[SVA_NAME_LEN];
	uint32_t uid;			/* when cgroup is "", else 0 */
	uint32_t contexts;
	char cgroup[SVA_CGROUP_LEN];
};

/* REMOVE_GRANT (number of the grant), LIST_GRANTS (those above), STATS, SUBSCRIBE (0) */
struct sva_msg_number {
	struct sva_msg msg;
	uint32_t number;
	uint32_t reserved;
};

/* REVOKE: has a context end, whoever holds it */
struct sva_msg_revoke {
	struct sva_msg msg;
	char device[SVA_NAME_LEN];
	uint64_t context;
};

/* RESET: has all contexts of a device end and resets it */
struct sva_msg_reset {
	struct sva_msg msg;
	char device[SVA_NAME_LEN];
};

/* ADD_GRANT, REMOVE_GRANT, REVOKE, RESET, SUBSCRIBE */
struct sva_msg_done {
	struct sva_msg msg;
	uint32_t grant;			/* number of the grant */
	uint32_t revoked;		/* contexts whose end has begun */
};

struct sva_msg_grant {
	uint32_t number;
	uint32_t uid;
	uint64_t cgroup_id;		/* 0: for the user */
	uint32_t contexts;
	uint32_t used;
	uint32_t given_by;		/* uid */
	uint32_t reserved;
	char device[SVA_NAME_LEN];
	char cgroup[SVA_CGROUP_LEN];
};

#define SVA_MSG_GRANTS	3

struct sva_msg_grants {
	struct sva_msg msg;
	uint32_t count;			/* valid in grants[]; 0: no more */
	uint32_t reserved;
	struct sva_msg_grant grants[SVA_MSG_GRANTS];
};

/* What svad counts; the first are of this moment, the others only grow */
enum sva_stat {
	SVA_STAT_CLIENTS,
	SVA_STAT_WATCHES,
	SVA_STAT_DEVICES,
	SVA_STAT_CONTEXTS,
	SVA_STAT_QUARANTINED,
	SVA_STAT_GRANTS,
	SVA_STAT_RULES,
	SVA_STAT_UPTIME,		/* seconds */
	SVA_STAT_HEAP,			/* bytes in use */
	SVA_STAT_CONNECTIONS,		/* from here on: since svad started */
	SVA_STAT_CONNECTIONS_REFUSED,
	SVA_STAT_REQUESTS,
	SVA_STAT_VIOLATIONS,
	SVA_STAT_OPENED,
	SVA_STAT_BOUND,
	SVA_STAT_ENDED,
	SVA_STAT_REVOKED,
	SVA_STAT_ENTERED_QUARANTINE,
	SVA_STAT_REFUSED_POLICY,
	SVA_STAT_REFUSED_LIMIT,
	SVA_STAT_REFUSED_RATE,
	SVA_STAT_REFUSED_OTHER,
	SVA_STAT_EVENTS_LOST,
	SVA_STAT_LINES_HELD_BACK,
	SVA_STATS
};

struct sva_msg_stats {
	struct sva_msg msg;
	uint32_t count;			/* SVA_STATS of svad's release */
	uint32_t reserved;
	uint64_t values[SVA_STATS];
};

/*
 * EVENT: what struct sva_notice of <sva.h> says.  Everybody is told of devices and
 * of his own contexts, administrators of all.
 */
struct sva_msg_event {
	struct sva_msg msg;
	uint32_t kind;			/* enum sva_notice_kind */
	uint32_t uid;			/* whom the context is charged to */
	uint64_t context;
	uint64_t count;
	uint32_t pasid;
	uint32_t reason;
	uint32_t release;		/* enum sva_release */
	uint32_t reserved;
	char device[SVA_NAME_LEN];
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
_Static_assert(sizeof(struct sva_msg_explain_user) == 888, "wire");
_Static_assert(sizeof(struct sva_msg_explained) == 560, "wire");
_Static_assert(sizeof(struct sva_msg_add_grant) == 584, "wire");
_Static_assert(sizeof(struct sva_msg_number) == 32, "wire");
_Static_assert(sizeof(struct sva_msg_revoke) == 72, "wire");
_Static_assert(sizeof(struct sva_msg_reset) == 64, "wire");
_Static_assert(sizeof(struct sva_msg_done) == 32, "wire");
_Static_assert(sizeof(struct sva_msg_grants) == 32 + 584 * SVA_MSG_GRANTS, "wire");
_Static_assert(sizeof(struct sva_msg_grants) <= SVA_MSG_MAX, "wire");
_Static_assert(sizeof(struct sva_msg_stats) == 32 + 8 * SVA_STATS, "wire");
_Static_assert(sizeof(struct sva_msg_event) == 104, "wire");
_Static_assert(sizeof(struct sva_msg_contexts) <= SVA_MSG_MAX, "wire");

#endif /* SVA_PROTOCOL_H */
