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
 * remedy, see sva_context_reason().  No call waits without end unless it is told
 * to: those that ask svad have a timeout_ms, or give up after 5 seconds.  If svad
 * is lost in the middle of a request, as when it is restarted, the library asks
 * the next one within the same time; contexts that are bound do not notice.
 *
 * Threads: every function may be called from any thread.  A context may be used
 * from several threads at once, except that sva_unbind() must be the last call
 * on it.  The library starts no thread, installs no signal handler, runs nothing
 * when it is loaded and prints nothing.
 *
 * Signals: a signal that is handled interrupts nothing; calls that wait go on for
 * the rest of their time.  In a signal handler only these may be called:
 * sva_context_pasid(), sva_context_fd(), sva_context_forked(),
 * sva_context_reason() with a context, sva_strreason(), sva_reason_name(),
 * sva_accel_poll(), sva_accel_error() and sva_accel_strstatus().
 *
 * Fork: a binding belongs to the address space that made it.  In a child of
 * fork() sva_context_forked() is 1 and every other call on an inherited context
 * returns -EPERM with the reason SVA_REASON_FORKED, but for sva_unbind(), which
 * frees the child's copy and leaves the parent's alone; the mapped regions are not
 * there (R9).  The child may bind anew.  A child of vfork() shares its parent's
 * address space, and with it the context.  After exec() nothing is left of any.
 *
 * Event loops: sva_context_fd() and sva_watch_fd() are for poll() and its like;
 * sva_next_event() and sva_watch_next() with a timeout of 0 then take what is
 * there.  sva_accel_exec_fd() does the same for jobs.
 *
 * Launchers: a program that starts another one may reserve a context for it, see
 * sva_reserve().
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
	SVA_REASON_JOBS_FULL = 330,		/* EAGAIN: the executor has no room for a job */
	SVA_REASON_NO_SUCH_JOB = 331,		/* ENOENT: its result was taken already */
	SVA_REASON_JOB_FAILED = 332,		/* any: what the job's completion record says */
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
 * @ctx: out: the context; the caller owns it until sva_unbind()
 *
 * Same as sva_bind_with() with only these given.
 *
 * Return: 0, or a negative errno with its reason at sva_context_reason(NULL).
 *
 * Errors: those of sva_bind_with().
 */
int sva_bind(const char *device, unsigned int flags, struct sva_context **ctx);

/**
 * sva_bind_with - sva_bind() with everything that can be said
 * @args: what is wanted, see struct sva_bind_args
 * @ctx: out: the context; the caller owns it until sva_unbind().  NULL on failure.
 *
 * Binds, in this order: the fd in @args; the context that a launcher has left (see
 * sva_reserve()), if it is of @device and neither a type nor a socket is asked for;
 * a new one that svad gives.
 *
 * Return: 0, or a negative errno with its reason at sva_context_reason(NULL), which
 * stays until the thread's next call that fails without a context.
 *
 * Errors:
 * -EACCES: the policy or the socket's permissions;
 * -EDQUOT, -ENOSPC: a limit, or nothing is left;
 * -ENOENT: no such device or type, or svad's socket is not there;
 * -ECONNREFUSED, -EPIPE, -EPROTO: svad does not listen, went away, talks nonsense;
 * -ETIMEDOUT: the time was up;
 * -ENODEV, -EOPNOTSUPP: SVA cannot work here, see sva_probe();
 * -EBUSY: quarantine, or a reset is under way;
 * -EPERM, -EBADF: the fd, or what SVA_CONTEXT_FD names, is another process's
 * context, or none;
 * -EMFILE, -ENOMEM;
 * -EINVAL, -E2BIG: an argument, or a field that this library does not know.
 */
int sva_bind_with(const struct sva_bind_args *args, struct sva_context **ctx);

/**
 * sva_reserve - have svad make a context, and leave it to the program to bind it
 * @args: as for sva_bind_with(); @flags and @use_fd are 0
 * @fd: out: the context, close-on-exec; -1 on failure
 *
 * For launchers, which decide before exec() what the program will get.  Only the
 * process that calls this may bind the context, whatever it executes meanwhile
 * (R2); it counts against the caller's limits from now on, and ends when the fd is
 * closed or the process does.  The launcher tells the program by a variable of the
 * environment that holds the process's id and the fd:
 *
 *	sva_reserve(&args, &fd);
 *	fcntl(fd, F_SETFD, 0);
 *	snprintf(text, sizeof(text), "%d:%d", getpid(), fd);
 *	setenv("SVA_CONTEXT_FD", text, 1);
 *	execvp(argv[0], argv);
 *
 * The program's first sva_bind() takes it, and later ones ask svad.  In a process
 * with another id, as in a child, the variable says nothing.  A program that binds
 * and then executes another one removes it first.
 *
 * Return: 0, or a negative errno with its reason at sva_context_reason(NULL).
 *
 * Errors: those of sva_bind_with() that do not come from binding.
 */
int sva_reserve(const struct sva_bind_args *args, int *fd);

/**
 * sva_unbind - end the binding and free the context
 * @ctx: consumed, whatever is returned; NULL does nothing
 * @release: what the caller knows of its own jobs: SVA_RELEASE_CLEAN if all have
 *	completed, SVA_RELEASE_FLUSHED if none will access memory any more,
 *	SVA_RELEASE_NEITHER to claim nothing.  A claim can only lower what the
 *	device itself finds (R4).
 *
 * Unmaps the regions that sva_map_region() returned and closes the fd.  Waits for
 * the device to stop, which the kernel bounds.  A process that exits without it is
 * cleaned up after just as thoroughly, and takes longer to exit.
 *
 * Return: the enum sva_release that the kernel found, 0 or positive, or a negative
 * errno with its reason at sva_context_reason(NULL).  The binding has ended in
 * either case.
 *
 * Errors:
 * -ENODEV: the device is gone, and has let go of the memory;
 * -EPERM, -ENOENT: it had ended before;
 * -EBUSY: another part of the kernel uses the context: it ends when that is done;
 * -EINVAL: @release is none of the three.
 */
int sva_unbind(struct sva_context *ctx, enum sva_release release);

/**
 * sva_context_pasid - the PASID that the device uses for this process
 * @ctx: the context
 *
 * Async-signal-safe.
 *
 * Return: the PASID; this never fails, and goes on saying the same after the end.
 */
uint32_t sva_context_pasid(const struct sva_context *ctx);

/**
 * sva_context_fd - the context's fd
 * @ctx: the context, which goes on owning it
 *
 * For poll(): POLLIN when sva_next_event() has something, POLLHUP when the
 * context has ended.  For pread() and pwrite() of regions.  Async-signal-safe.
 *
 * Return: the fd, or a negative errno.
 *
 * Errors:
 * -EPERM: in a child of fork().
 */
int sva_context_fd(const struct sva_context *ctx);

/**
 * sva_context_forked - was this bound by a parent of the calling process?
 * @ctx: the context
 *
 * Where it was, the context is of no use here but for sva_unbind(), and sva_bind()
 * makes one that is.  Costs one load.  Async-signal-safe.
 *
 * Return: 1 in a child of fork(), 0 in the address space that is bound.
 */
int sva_context_forked(const struct sva_context *ctx);

/**
 * sva_context_info_sized - sva_context_info() for a struct of another size
 * @ctx: the context
 * @info: out: see <linux/sva.h>; its argsz is set by the library
 * @size: of what @info points to, as the caller was compiled
 *
 * Works after the end of the binding too, and says why it ended.  What the struct
 * will have that the caller does not know yet is left out, and what the kernel does
 * not know yet is 0.
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -EPERM: in a child of fork();
 * -ENODEV: the device is gone;
 * -EINVAL: @size is smaller than the struct ever was.
 */
int sva_context_info_sized(struct sva_context *ctx, struct sva_context_info *info, size_t size);

/**
 * sva_context_info - state and counters of a context
 * @ctx: the context
 * @info: out: see <linux/sva.h>
 *
 * Return: 0 or a negative errno.
 *
 * Errors: those of sva_context_info_sized().
 */
static inline int sva_context_info(struct sva_context *ctx, struct sva_context_info *info)
{
	return sva_context_info_sized(ctx, info, sizeof(*info));
}

/**
 * sva_context_reason - why the last call failed
 * @ctx: the context, or NULL for the calling thread's last call that failed
 *	without one: sva_bind(), sva_unbind(), sva_list_devices(), sva_probe(),
 *	watches, and all of <sva-admin.h>
 *
 * With several threads on one context it is the last failure of any of them.  With
 * a context it is async-signal-safe.
 *
 * Return: a reason for sva_strreason(); 0 when nothing has failed yet.
 */
uint32_t sva_context_reason(const struct sva_context *ctx);

/**
 * sva_map_region - map a region of the device's queue
 * @ctx: the context
 * @index: of the region, from 0
 * @addr: out: the mapping's address; valid until sva_unbind()
 * @size: out: its size in bytes; may be NULL
 *
 * The mapping is not inherited by children and cannot be moved or resized.
 * After the device has gone it stays readable (R6).  Mapping a region twice
 * returns the same address.
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -ENOENT: no such region;
 * -EACCES: it cannot be mapped;
 * -EPERM: the binding has ended, or this is a child of fork();
 * -ENODEV, -ENOMEM, -EINVAL.
 */
int sva_map_region(struct sva_context *ctx, unsigned int index, void **addr, size_t *size);

/**
 * sva_set_irq - have an interrupt of the context signal an eventfd
 * @ctx: the context
 * @index: of the interrupt, from 0
 * @eventfd: the caller's own, or -1 for none; the kernel keeps a reference
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -ENOENT: no such interrupt;
 * -EBADF, -EINVAL: no eventfd;
 * -EPERM: the binding has ended, or this is a child of fork();
 * -ENODEV.
 */
int sva_set_irq(struct sva_context *ctx, unsigned int index, int eventfd);

/**
 * sva_next_event - the next event of the context
 * @ctx: the context
 * @event: out: see <linux/sva.h>
 * @timeout_ms: 0: do not wait; negative: for ever
 *
 * Events are faults that no job could report, errors of the device, and the end of
 * the context by revocation, reset or removal.  Of several threads that wait each
 * event goes to one.
 *
 * Return: 1 with *event filled, 0 when there was none in time, or a negative errno.
 *
 * Errors:
 * -EPERM: the context has ended and all was told, or this is a child of fork();
 * -ENODEV, -EINVAL.
 */
int sva_next_event(struct sva_context *ctx, struct sva_event *event, int timeout_ms);

/**
 * sva_prefault - have pages ready before the device needs them
 * @ctx: the context
 * @addr: of the first byte; rounded out to pages
 * @len: in bytes
 * @prot: PROT_READ, PROT_WRITE or both: what the device will do
 *
 * A page that is not there when the device wants it costs a page request, which
 * is many times the price of a CPU page fault: where data is cold, this pays.
 * It is a hint; pages may go again.
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -EFAULT: a part is not mapped that way;
 * -EPERM: in a child of fork();
 * -ENOMEM, -EINVAL.
 */
int sva_prefault(struct sva_context *ctx, const void *addr, size_t len, int prot);

/**
 * sva_pin - keep pages resident, for devices that cannot take page faults
 * @ctx: the context
 * @addr: of the first byte; rounded out to pages
 * @len: in bytes, not 0
 * @prot: PROT_READ, PROT_WRITE or both: what the device will do
 *
 * Each page counts once against RLIMIT_MEMLOCK, however often it is pinned.  All of
 * the range is pinned or none of it.  The end of the binding unpins everything.  A
 * page that is unmapped or protected afterwards is not there for the device: its
 * job then completes with the address.  Devices that take page faults
 * (SVA_DEVICE_FLAG_PAGE_REQUESTS) need none of this, see sva_prefault().
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -ENOMEM: RLIMIT_MEMLOCK (SVA_REASON_MEMLOCK), or no memory is left;
 * -EFAULT: a part is not mapped that way;
 * -EPERM: the binding has ended, or this is a child of fork();
 * -ENODEV, -EINVAL.
 */
int sva_pin(struct sva_context *ctx, const void *addr, size_t len, int prot);

/**
 * sva_unpin - the opposite of sva_pin()
 * @ctx: the context
 * @addr: of the first byte; rounded out to pages
 * @len: in bytes, not 0
 *
 * Every pinned page of the range is unpinned, by whatever call it was pinned.
 *
 * Return: 0 or a negative errno.
 *
 * Errors:
 * -ENOENT: none of the range is pinned;
 * -EPERM: the binding has ended, or this is a child of fork();
 * -ENODEV, -EINVAL.
 */
int sva_unpin(struct sva_context *ctx, const void *addr, size_t len);

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
 * @devices: out: an array for the caller to free(); NULL when there is none
 * @count: out: its length
 *
 * Same as sva_list_devices_with() with nothing said.
 *
 * Return: 0, or a negative errno with its reason at sva_context_reason(NULL).
 *
 * Errors: those of sva_list_devices_with().
 */
int sva_list_devices(struct sva_device **devices, size_t *count);

/**
 * sva_list_devices_with - the devices that svad knows, with everything that can be said
 * @args: its socket and timeout_ms are as for sva_bind_with(); a device: only that one
 * @devices: out: an array for the caller to free(); NULL when there is none
 * @count: out: its length
 *
 * Return: 0, or a negative errno with its reason at sva_context_reason(NULL).
 *
 * Errors:
 * -EACCES, -ENOENT, -ECONNREFUSED, -EPIPE, -EPROTO: svad cannot be asked;
 * -ETIMEDOUT, -EAGAIN: it does not answer in time, or is asked too often;
 * -EMFILE, -ENOMEM, -EINVAL, -E2BIG.
 */
int sva_list_devices_with(const struct sva_bind_args *args, struct sva_device **devices,
			  size_t *count);

/**
 * sva_probe - would sva_bind() work here?
 * @device: name, or NULL for any
 * @reason: out: 0 or why not; may be NULL
 *
 * Same as sva_probe_with() with only the device given.
 *
 * Return: 0 if it would work, and a negative errno if not.
 *
 * Errors: those of sva_bind() that can be known before.
 */
int sva_probe(const char *device, uint32_t *reason);

/**
 * sva_probe_with - would sva_bind_with() work here?
 * @args: as for sva_bind_with(); @flags and @use_fd are 0
 * @reason: out: 0 or why not; may be NULL
 *
 * Asks svad, the policy and the device, and creates nothing; where a launcher has
 * left a context that would be bound, nobody is asked.  What can run out may have
 * done so by the time of sva_bind().
 *
 * Return: 0 if it would work, and a negative errno if not.
 *
 * Errors: those of sva_bind_with() that can be known before.
 */
int sva_probe_with(const struct sva_bind_args *args, uint32_t *reason);

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
 * @watch: out: the watch; the caller owns it until sva_watch_end()
 *
 * Everybody is told of devices and of his own user's contexts, administrators of
 * svad's policy of all.  What happened before is not told: list after this call.
 * A watch is used by one thread at a time.  svad is given 5 seconds to answer.
 *
 * Return: 0, or a negative errno with its reason at sva_context_reason(NULL).
 *
 * Errors:
 * -EUSERS: too many watches of this user;
 * and those of sva_list_devices().
 */
int sva_watch(const char *socket, struct sva_watch **watch);

/**
 * sva_watch_fd - an fd that tells when to call sva_watch_next()
 * @watch: the watch, which goes on owning it
 *
 * For poll(): POLLIN when there is something to say.  Asked anew after each
 * sva_watch_next(), in which it may change.
 *
 * Return: the fd, or -1 while there is no connection: call sva_watch_next() now and
 * then.
 */
int sva_watch_fd(const struct sva_watch *watch);

/**
 * sva_watch_next - the next notice
 * @watch: the watch
 * @notice: out: what happened
 * @timeout_ms: 0: do not wait; negative: for ever
 *
 * If svad is restarted, the watch connects anew by itself, within @timeout_ms or in
 * a later call, and tells SVA_NOTICE_LOST.  Where svad takes longer to answer than
 * @timeout_ms, a later call takes the answer.
 *
 * Return: 1 with *notice filled, 0 when there was none in time, or a negative errno
 * with its reason at sva_context_reason(NULL).
 *
 * Errors:
 * -ENOENT, -ECONNREFUSED, -EPIPE: svad is away, and was not back in time;
 * -EAGAIN: svad was busy for as long;
 * -EUSERS: too many watches of this user, or connections, when it was back;
 * -EPROTO, -EINVAL.
 */
int sva_watch_next(struct sva_watch *watch, struct sva_notice *notice, int timeout_ms);

/**
 * sva_watch_end - end a watch and free it
 * @watch: consumed; NULL does nothing
 */
void sva_watch_end(struct sva_watch *watch);

/**
 * sva_strreason - a reason as a sentence, and what to do about it
 * @reason: of sva_context_reason() and its like; any number
 *
 * Async-signal-safe.
 *
 * Return: constant storage, never NULL.
 */
const char *sva_strreason(uint32_t reason);

/**
 * sva_reason_name - the name of a reason, for logs and JSON
 * @reason: any number
 *
 * The constant's name without its prefix, in lower case: "denied-by-rule".
 * Async-signal-safe.
 *
 * Return: constant storage, never NULL.
 */
const char *sva_reason_name(uint32_t reason);

#ifdef __cplusplus
}
#endif

#endif /* SVA_H */
