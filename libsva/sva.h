/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * sva.h - give an accelerator your own pointers
 *
 *	struct sva_context *ctx;
 *	int err = sva_bind("soft0", 0, &ctx);
 *
 *	if (err < 0) {
 *		fprintf(stderr, "%s\n", sva_strreason(sva_context_reason(NULL)));
 *		return 1;
 *	}
 *	... the device now uses the addresses of this process ...
 *	sva_unbind(ctx, SVA_RELEASE_CLEAN);
 *
 * sva_bind() asks svad for a context, which is a queue of this process's own on
 * the device, and binds it to the calling process's address space.  What the
 * queue looks like is the device's business: its regions are mapped with
 * sva_map_region(); <sva-accel.h> drives the reference accelerator.
 *
 * Errors: every function returns 0 or a negative errno, unless its description
 * says otherwise, and neither reads nor writes errno.  Beside the errno there
 * is a reason: a stable number that sva_strreason() turns into a sentence and a
 * remedy, see sva_context_reason().
 *
 * Threads: every function may be called from any thread.  A context may be used
 * from several threads at once, except that sva_unbind() must be the last call
 * on it.  The library starts no thread, installs no signal handler and prints
 * nothing.  No function is async-signal-safe unless it says so.
 *
 * Fork: a binding belongs to the address space that made it.  In a child of
 * fork() every call on an inherited context returns -EPERM with the reason
 * SVA_REASON_FORKED, but for sva_unbind(), which frees the child's copy and
 * leaves the parent's alone; the mapped regions are not there (R9).  The child
 * may bind anew.
 */
#ifndef SVA_H
#define SVA_H

#include <stddef.h>
#include <stdint.h>
#include <linux/sva.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Reasons given in user space; the kernel's are enum sva_reason in <linux/sva.h> */
enum sva_user_reason {
	/* svad */
	SVA_REASON_PROTOCOL = 256,		/* EPROTO: malformed message */
	SVA_REASON_PROTOCOL_VERSION = 257,	/* EPROTONOSUPPORT */
	SVA_REASON_NO_PEERPIDFD = 258,		/* ENOSYS: kernel without SO_PEERPIDFD (R10) */
	SVA_REASON_PEER_GONE = 259,		/* ESRCH: the client has ended */
	SVA_REASON_DENIED_BY_RULE = 260,	/* EACCES: a rule of the policy denies it */
	SVA_REASON_DENIED_BY_DEFAULT = 261,	/* EACCES: no rule of the policy allows it */
	SVA_REASON_NO_SUCH_DEVICE = 262,	/* ENOENT */
	SVA_REASON_NO_DEVICE = 263,		/* ENODEV: svad knows no device at all */
	SVA_REASON_LIMIT_USER = 264,		/* EDQUOT: contexts of this user on this device */
	SVA_REASON_LIMIT_DEVICE = 265,		/* EDQUOT: contexts on this device */
	SVA_REASON_LIMIT_CONNECTIONS = 266,	/* EUSERS: connections of this user */
	SVA_REASON_BUSY = 267,			/* EAGAIN: too many requests are waiting */
	SVA_REASON_DAEMON_NO_MEMORY = 268,	/* ENOMEM, EMFILE in svad */
	SVA_REASON_DEVICE_BUSY = 269,		/* ENOSPC: every device that fits is full */
	SVA_REASON_PEER_NAMESPACE = 270,	/* EPERM: svad cannot see the client's process (R10) */
	SVA_REASON_LIMIT_CGROUP = 271,		/* EDQUOT: contexts of this cgroup on this device */
	SVA_REASON_LIMIT_TOTAL = 272,		/* EDQUOT: contexts on all devices together */
	SVA_REASON_LIMIT_QUARANTINE = 273,	/* EDQUOT: quarantined PASIDs of this user */
	SVA_REASON_LIMIT_SHARE = 274,		/* EDQUOT: what is left is kept for other users */
	SVA_REASON_LIMIT_REQUESTS = 275,	/* EAGAIN: requests per second of this user */
	SVA_REASON_LIMIT_GRANT = 276,		/* EDQUOT: contexts of the grant, and no rule allows more */
	SVA_REASON_LIMIT_WATCHES = 277,		/* EUSERS: watches of this user */
	SVA_REASON_NOT_ADMINISTRATOR = 278,	/* EPERM */
	SVA_REASON_NOT_OPERATOR = 279,		/* EPERM */
	SVA_REASON_NO_CGROUP = 280,		/* EPERM: svad cannot tell the client's cgroup */
	SVA_REASON_NO_SUCH_CGROUP = 281,	/* ENOENT */
	SVA_REASON_NO_SUCH_GRANT = 282,		/* ENOENT */
	SVA_REASON_NO_STATE = 283,		/* EIO: svad cannot write its state down */
	SVA_REASON_OTHER_SENDER = 284,		/* EPERM: the connection is another process's */

	/* libsva */
	SVA_REASON_NO_DAEMON = 320,		/* ECONNREFUSED, ENOENT: svad does not listen */
	SVA_REASON_SOCKET_DENIED = 321,		/* EACCES: no permission on the socket */
	SVA_REASON_DAEMON_LOST = 322,		/* EPIPE: svad closed the connection */
	SVA_REASON_TIMEOUT = 323,		/* ETIMEDOUT */
	SVA_REASON_FORKED = 324,		/* EPERM: bound by a parent of this process */
	SVA_REASON_BAD_ARGUMENT = 325,		/* EINVAL */
	SVA_REASON_SYSTEM = 326,		/* any: the system call's own errno says it all */
	SVA_REASON_BAD_FD = 327,		/* EBADF: the inherited fd is no context */
	SVA_REASON_QUEUE_ERROR = 328,		/* EIO: the device stopped the queue for an error */
	SVA_REASON_RING_FULL = 329,		/* EAGAIN: no room for a descriptor */

	/* svactl partition */
	SVA_REASON_NOT_ROOT = 352,		/* EACCES */
	SVA_REASON_NO_MODULE = 353,		/* ENODEV: sva.ko is not loaded */
	SVA_REASON_NO_PARTITION = 354,		/* EINVAL: a device, but not a partition */
	SVA_REASON_PARTITION_EXISTS = 355,	/* EEXIST */
	SVA_REASON_PARTITION_TOO_LARGE = 356,	/* ENOSPC: the device has not so many left */
	SVA_REASON_PARTITION_OF_PARTITION = 357, /* EOPNOTSUPP */
	SVA_REASON_PARTITION_BUSY = 358,	/* EBUSY: it has contexts */
};

struct sva_context;

/**
 * struct sva_bind_args - for sva_bind_with(); zero what is not needed
 * @size: sizeof(struct sva_bind_args)
 * @flags: 0, or SVA_BIND_FAULT_EVENTS: sva_next_event() tells of every fault, not
 *	only of those that no completion record tells
 * @device: name, as sva_list_devices() gives it; NULL: any that is free and
 *	that the caller may use
 * @type: name of a type of the device; NULL: its first
 * @socket: path of svad's socket; NULL: $SVA_SOCKET (ignored in a process that
 *	gained privileges by exec), else SVA_SOCKET_PATH
 * @timeout_ms: for the whole call; 0: 5 seconds; negative: for ever
 * @fd: with @use_fd: a context inherited from a launcher, already created for
 *	this process; svad is not asked.  Consumed on success only.
 * @use_fd: nonzero: bind @fd
 */
struct sva_bind_args {
	size_t size;
	unsigned int flags;
	const char *device;
	const char *type;
	const char *socket;
	int timeout_ms;
	int fd;
	int use_fd;
	uint64_t reserved[4];
};

/**
 * sva_bind - from nothing to a bound context, in one call
 * @device: name of the device, or NULL for any that the caller may use
 * @flags: as in struct sva_bind_args
 * @ctx: where the context goes; the caller owns it until sva_unbind()
 *
 * Same as sva_bind_with() with only the device given.
 */
int sva_bind(const char *device, unsigned int flags, struct sva_context **ctx);

/**
 * sva_bind_with - sva_bind() with everything that can be said
 *
 * On failure *ctx is NULL and sva_context_reason(NULL) tells why, until the
 * calling thread's next call of a function that fails without a context.
 *
 * Errors: -EACCES (policy, socket), -EDQUOT and -ENOSPC (limits), -ENOENT (no
 * such device, no daemon), -ECONNREFUSED and -EPIPE (daemon), -ETIMEDOUT,
 * -EPROTO, -ENODEV, -EOPNOTSUPP (SVA cannot work here; see sva_probe()), -EBUSY
 * (quarantine, reset), -EMFILE, -ENOMEM, -EINVAL, -E2BIG (a field that this
 * library does not know), and for @fd -EBADF and -EPERM.
 */
int sva_bind_with(const struct sva_bind_args *args, struct sva_context **ctx);

/**
 * sva_unbind - end the binding and free the context
 * @ctx: consumed, whatever is returned; NULL does nothing
 * @release: what the caller knows of its own jobs: SVA_RELEASE_CLEAN if all have
 *	completed, SVA_RELEASE_FLUSHED if none will access memory any more,
 *	SVA_RELEASE_NEITHER to claim nothing.  A claim can only lower what the
 *	device itself finds (R4).
 *
 * Unmaps the regions that sva_map_region() returned and closes the fd.
 * Returns the enum sva_release that the kernel found (0 or positive), or a
 * negative errno, with the reason at sva_context_reason(NULL); the binding has
 * ended in either case.
 */
int sva_unbind(struct sva_context *ctx, enum sva_release release);

/** The PASID that the device uses for this process; never fails on a bound context. */
uint32_t sva_context_pasid(const struct sva_context *ctx);

/**
 * sva_context_fd - the context's fd, or -EPERM in a child of fork()
 *
 * For poll() (events) and for pread/pwrite of regions; owned by @ctx.
 */
int sva_context_fd(const struct sva_context *ctx);

/** State and counters.  @info->argsz is set by the library.  -EPERM, -ENODEV. */
int sva_context_info(struct sva_context *ctx, struct sva_context_info *info);

/**
 * sva_context_reason - why the last call failed
 * @ctx: the context, or NULL for the calling thread's last call that failed
 *	without one (sva_bind(), sva_list_devices(), sva_probe())
 *
 * With several threads on one context it is the last failure of any of them.
 */
uint32_t sva_context_reason(const struct sva_context *ctx);

/**
 * sva_map_region - map a region of the device's queue
 * @index: of the region, from 0
 * @addr: where the mapping's address goes; valid until sva_unbind()
 * @size: where its size in bytes goes; may be NULL
 *
 * The mapping is not inherited by children and cannot be moved or resized.
 * After the device has gone it stays readable (R6).  Mapping a region twice
 * returns the same address.
 * -ENOENT: no such region; -EACCES: it cannot be mapped; -EPERM, -ENODEV.
 */
int sva_map_region(struct sva_context *ctx, unsigned int index, void **addr, size_t *size);

/**
 * sva_set_irq - have interrupt @index of the context signal @eventfd
 * @eventfd: the caller's own, or -1 for none; the kernel keeps a reference
 */
int sva_set_irq(struct sva_context *ctx, unsigned int index, int eventfd);

/**
 * sva_next_event - the next event of the context
 * @timeout_ms: 0: do not wait; negative: for ever
 *
 * Returns 1 with *event filled, 0 when there was none in time, or a negative
 * errno.
 */
int sva_next_event(struct sva_context *ctx, struct sva_event *event, int timeout_ms);

/**
 * sva_prefault - have pages ready before the device needs them
 * @addr, @len: bytes; rounded out to pages
 * @prot: PROT_READ, PROT_WRITE or both: what the device will do
 *
 * A page that is not there when the device wants it costs a page request, which
 * is many times the price of a CPU page fault: where data is cold, this pays.
 * It is a hint; pages may go again.  -EFAULT: a part is not mapped that way.
 */
int sva_prefault(struct sva_context *ctx, const void *addr, size_t len, int prot);

/** struct sva_device - one device as svad sees it, for the calling process */
struct sva_device {
	char name[SVA_NAME_LEN];
	uint32_t flags;			/* SVA_DEVICE_FLAG_* */
	uint32_t sva_reason;		/* why nothing can be bound there, or 0 */
	uint32_t pasid_bits;
	uint32_t group;			/* IOMMU group */
	uint32_t max_contexts;
	uint32_t contexts;
	uint32_t quarantined;
	uint32_t permitted;		/* 1: the policy lets the caller open it */
};

/**
 * sva_list_devices - the devices that svad knows
 * @devices: out: an array for the caller to free() ; NULL when there is none
 * @count: out: its length
 */
int sva_list_devices(struct sva_device **devices, size_t *count);

/**
 * sva_probe - would sva_bind() work here?
 * @device: name, or NULL for any
 * @reason: out: 0 or why not; may be NULL
 *
 * Asks svad, the policy and the device, and creates nothing.  Returns 0 if it
 * would work and a negative errno if not.  What can run out may have done so by
 * the time of sva_bind().
 */
int sva_probe(const char *device, uint32_t *reason);

/** enum sva_notice_kind - what a watch tells */
enum sva_notice_kind {
	SVA_NOTICE_LOST = 0,		/* some were lost, or svad was restarted: list anew */
	SVA_NOTICE_DEVICE_ARRIVED = 1,
	SVA_NOTICE_DEVICE_GONE = 2,
	SVA_NOTICE_DEVICE_RESET = 3,	/* a reset is done */
	SVA_NOTICE_BOUND = 4,		/* from here on: a context */
	SVA_NOTICE_ENDED = 5,
	SVA_NOTICE_QUARANTINED = 6,	/* its PASID is kept back */
	SVA_NOTICE_RELEASED = 7,	/* its PASID is free again */
	SVA_NOTICE_REVOKED = 8,		/* svad has it end; SVA_NOTICE_ENDED follows */
};

/**
 * struct sva_notice - one thing that happened
 * @kind: enum sva_notice_kind
 * @uid: whom the context is charged to
 * @context: id of the context, 0 if none
 * @count: SVA_NOTICE_LOST: how many were lost, 0 when that is not known
 * @reason: why it ended or was revoked, 0: because its process wanted it
 * @release: enum sva_release
 */
struct sva_notice {
	uint32_t kind;
	uint32_t uid;
	uint64_t context;
	uint64_t count;
	uint32_t pasid;
	uint32_t reason;
	uint32_t release;
	char device[SVA_NAME_LEN];
};

struct sva_watch;

/**
 * sva_watch - be told when devices come and go and what becomes of contexts
 * @socket: as in struct sva_bind_args; NULL for the usual one
 * @watch: where the watch goes; the caller owns it until sva_watch_end()
 *
 * Everybody is told of devices and of his own user's contexts, administrators of
 * svad's policy of all.  What happened before is not told: list after this call.
 * A watch is used by one thread at a time.
 * -EUSERS: too many of this user; otherwise the errors of sva_list_devices().
 */
int sva_watch(const char *socket, struct sva_watch **watch);

/** For poll(): readable when sva_watch_next() has something to say. May change in it. */
int sva_watch_fd(const struct sva_watch *watch);

/**
 * sva_watch_next - the next notice
 * @timeout_ms: 0: do not wait; negative: for ever
 *
 * Returns 1 with *notice filled, 0 when there was none in time, or a negative
 * errno with its reason at sva_context_reason(NULL).  If svad is restarted, the
 * watch connects anew by itself, within @timeout_ms or in a later call, and tells
 * SVA_NOTICE_LOST.
 */
int sva_watch_next(struct sva_watch *watch, struct sva_notice *notice, int timeout_ms);

/** Ends the watch and frees it; NULL does nothing. */
void sva_watch_end(struct sva_watch *watch);

/**
 * sva_strreason - a reason as a sentence, and what to do about it
 *
 * For every number, in constant storage.  Async-signal-safe.
 */
const char *sva_strreason(uint32_t reason);

/** The name of a reason without its prefix, in lower case: "denied-by-rule"; for logs and JSON. */
const char *sva_reason_name(uint32_t reason);

#ifdef __cplusplus
}
#endif

#endif /* SVA_H */
