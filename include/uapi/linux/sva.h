/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * sva.h - the user space interface of sva.ko
 *
 * A device is an accelerator with a control node /dev/sva/NAME, which belongs
 * to svad.  A context is one process's own queue on a device: an fd which svad
 * creates on the control node and hands to the process, and which the process
 * binds to its own address space with SVA_BIND_TASK.  From then on the device
 * uses the process's pointers, under the PASID that the call returns.
 *
 * Every argument struct starts with argsz, flags and reason:
 *
 *  - argsz is sizeof(struct) as the caller was compiled.  Shorter than the
 *    first version of the struct is EINVAL; longer than the kernel knows is
 *    fine while the bytes that the kernel does not know are zero, else E2BIG.
 *  - flags that are not defined, and reserved fields that are not zero, are
 *    EINVAL.  Some calls return flags in the same field.
 *  - reason is written on failure too: one of enum sva_reason.  sva_strreason()
 *    of libsva turns it into a sentence and a remedy.
 *  - a bad pointer is EFAULT and an unknown ioctl ENOTTY.
 *  - a call whose result cannot be copied out has had no effect.
 *
 * All fields are in host byte order and laid out alike for 32 and 64 bit
 * callers.  Addresses and sizes are in bytes, times in nanoseconds.
 */
#ifndef _UAPI_LINUX_SVA_H
#define _UAPI_LINUX_SVA_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define SVA_ABI_VERSION		1

#define SVA_NAME_LEN		40	/* of a device or a type, with its NUL; a UUID fits */
#define SVA_DESCRIPTION_LEN	64
#define SVA_BLOCKER_LEN		64
#define SVA_FAULT_BUCKETS	16

#define SVA_IOCTL_TYPE		0xBB
#define SVA_IOCTL_DEVICE	0x00	/* on the control node */
#define SVA_IOCTL_CONTEXT	0x40	/* on a context */

/**
 * enum sva_reason - why a call failed, beside its errno
 *
 * Numbers are never reused.  Those from SVA_REASON_USER on are given by svad
 * and libsva, which define them in <sva.h>.
 */
enum sva_reason {
	SVA_REASON_NONE = 0,

	/* the call itself */
	SVA_REASON_ARGSZ_SHORT = 1,	/* EINVAL: argsz below the first version */
	SVA_REASON_ARGSZ_TAIL = 2,	/* E2BIG: unknown fields are not zero */
	SVA_REASON_UNKNOWN_FLAG = 3,	/* EINVAL */
	SVA_REASON_RESERVED = 4,	/* EINVAL: a reserved field is not zero */
	SVA_REASON_BAD_POINTER = 5,	/* EFAULT */
	SVA_REASON_NO_MEMORY = 6,	/* ENOMEM */
	SVA_REASON_INTERRUPTED = 7,	/* EINTR */
	SVA_REASON_BAD_RANGE = 8,	/* EINVAL: outside the region */
	SVA_REASON_ACCESS = 9,		/* EACCES: the region cannot do this */
	SVA_REASON_NO_FD = 10,		/* EMFILE, ENFILE */

	/* who may do what with a context (R1, R2, R5) */
	SVA_REASON_OTHER_MM = 20,	/* EPERM: bound to another address space */
	SVA_REASON_OTHER_PROCESS = 21,	/* EPERM: created for another process */
	SVA_REASON_NOT_BOUND = 22,	/* EPERM: unbound contexts answer BIND_TASK and GET_INFO */
	SVA_REASON_ALREADY_BOUND = 23,	/* EBUSY: bound once, never again */
	SVA_REASON_CONTEXT_ENDED = 24,	/* EPERM, EBUSY (bind): its binding has ended */
	SVA_REASON_CONTEXT_REVOKED = 25,/* EPERM: revoked by the administrator or by policy */
	SVA_REASON_OWNER_GONE = 26,	/* ESRCH, EPERM: the process it was made for has ended */
	SVA_REASON_DEVICE_GONE = 27,	/* ENODEV */
	SVA_REASON_OTHER_TASK = 28,	/* EOPNOTSUPP: only the caller itself can be bound */
	SVA_REASON_RELEASE_CONFLICT = 29,/* EINVAL: both FLUSHED and CLEAN claimed */
	SVA_REASON_NO_SUCH_PASID = 30,	/* ENOENT: nothing is bound under it here */
	SVA_REASON_NO_SUCH_CONTEXT = 31,/* ENOENT */
	SVA_REASON_NO_SUCH_TYPE = 32,	/* ENOENT */
	SVA_REASON_NO_SUCH_REGION = 33,	/* ENOENT */
	SVA_REASON_NO_SUCH_IRQ = 34,	/* ENOENT */
	SVA_REASON_BAD_EVENTFD = 35,	/* EBADF, EINVAL */
	SVA_REASON_NOT_MASKABLE = 36,	/* EINVAL: an edge interrupt */
	SVA_REASON_EXTERNAL_USER = 37,	/* EBUSY: another part of the kernel uses it */
	SVA_REASON_FAULT_STORM = 38,	/* EPERM: stopped for faulting too often */

	/* what has run out */
	SVA_REASON_TYPE_EXHAUSTED = 40,	/* ENOSPC: no context of this type is left */
	SVA_REASON_PASID_EXHAUSTED = 41,/* ENOSPC: no PASID is left that the device can use */
	SVA_REASON_PASID_TOO_WIDE = 42,	/* EOVERFLOW: the process has one that the device cannot use */
	SVA_REASON_PASID_QUARANTINED = 43,/* EBUSY: this process's PASID is in quarantine here (R3) */
	SVA_REASON_QUARANTINE_FULL = 44,/* ENOSPC: too many PASIDs are in quarantine here */
	SVA_REASON_RESETTING = 45,	/* EBUSY: the device is being reset */
	SVA_REASON_QUARANTINE_ACCOUNT = 46,/* ENOSPC: too many PASIDs of this account are in quarantine */
	SVA_REASON_PASID_TAKEN = 47,	/* ENOSPC: those the device can use are taken on wider devices */
	SVA_REASON_MEMLOCK = 48,	/* ENOMEM: RLIMIT_MEMLOCK of the user */
	SVA_REASON_GROUP_CHANGING = 49,	/* EBUSY: a driver is leaving another device of the group */

	/* why SVA cannot work here (R7) */
	SVA_REASON_NO_IOMMU = 60,	/* ENODEV: the device is behind no IOMMU */
	SVA_REASON_NO_SVA = 61,		/* EOPNOTSUPP: its IOMMU driver cannot share page tables */
	SVA_REASON_X86_SVA_DISABLED = 62,/* EOPNOTSUPP: CVE-2025-71089 */
	SVA_REASON_NO_PASID = 63,	/* EOPNOTSUPP: the device has no PASIDs */
	SVA_REASON_NO_PAGE_REQUESTS = 64,/* EOPNOTSUPP: the device has no page requests */
	SVA_REASON_NOT_COHERENT = 65,	/* EOPNOTSUPP: IOMMU walks page tables uncached */
	SVA_REASON_NOT_VIABLE = 66,	/* EPERM: another driver has a device of the group (R11) */
	SVA_REASON_LAM = 67,		/* EBUSY: the process uses tagged pointers (LAM) */
	SVA_REASON_IOMMU_OFF = 68,	/* ENODEV: there is one, and the kernel does not use it */
	SVA_REASON_NO_SCALABLE_MODE = 69,/* EOPNOTSUPP: an Intel IOMMU without it */
	SVA_REASON_SCALABLE_MODE_OFF = 70,/* EOPNOTSUPP: an Intel IOMMU with it, not used */
	SVA_REASON_NO_FIRST_STAGE = 71,	/* EOPNOTSUPP: IOMMU cannot walk a CPU's page tables */
	SVA_REASON_IOMMU_NO_PASID = 72,	/* EOPNOTSUPP */
	SVA_REASON_PASID_OFF = 73,	/* EOPNOTSUPP: the device has PASIDs, they are not enabled */
	SVA_REASON_NO_ATS = 74,		/* EOPNOTSUPP: the device cannot ask for translations */
	SVA_REASON_IOMMU_NO_ATS = 75,	/* EOPNOTSUPP: the IOMMU gives devices none */
	SVA_REASON_ATS_OFF = 76,	/* EOPNOTSUPP: both could, it is not enabled */
	SVA_REASON_IOMMU_NO_PAGE_REQUESTS = 77,/* EOPNOTSUPP */
	SVA_REASON_PAGE_TABLE_FORMAT = 78,/* EOPNOTSUPP: IOMMU cannot read this CPU's page tables */

	/* what the provider or the IOMMU said */
	SVA_REASON_PROVIDER = 80,	/* the provider refused; see the kernel log */
	SVA_REASON_IOMMU = 81,		/* the IOMMU driver refused; see the kernel log */
	SVA_REASON_NO_RESET = 82,	/* EOPNOTSUPP: the provider cannot reset */

	SVA_REASON_USER = 256,
};

/**
 * enum sva_release - what is known of a PASID when its last binding ends
 * @SVA_RELEASE_NEITHER: accesses may still be under way; the PASID is kept back
 * @SVA_RELEASE_FLUSHED: accesses have ended, page requests are in the IOMMU's
 *	hands and drained before the PASID is given on
 * @SVA_RELEASE_CLEAN: accesses have ended and every page request was answered
 * @SVA_RELEASE_PENDING: not known yet: the context has not ended
 */
enum sva_release {
	SVA_RELEASE_NEITHER = 0,
	SVA_RELEASE_FLUSHED = 1,
	SVA_RELEASE_CLEAN = 2,
	SVA_RELEASE_PENDING = 3,
};

/**
 * enum sva_state - the life of a context
 * @SVA_STATE_CREATED: not bound yet
 * @SVA_STATE_BOUND: bound to an address space
 * @SVA_STATE_STOPPING: its end is under way
 * @SVA_STATE_ENDED: nothing of it is left on the device
 * @SVA_STATE_QUARANTINED: ended, but the device may still use its PASID
 */
enum sva_state {
	SVA_STATE_CREATED = 0,
	SVA_STATE_BOUND = 1,
	SVA_STATE_STOPPING = 2,
	SVA_STATE_ENDED = 3,
	SVA_STATE_QUARANTINED = 4,
};

/* ---------------------------------------------------------------- device */

#define SVA_DEVICE_FLAG_PASID		(1u << 0) /* accesses carry a PASID */
#define SVA_DEVICE_FLAG_PAGE_REQUESTS	(1u << 1) /* accesses may fault */
#define SVA_DEVICE_FLAG_RESET		(1u << 2) /* SVA_DEVICE_RESET works */
#define SVA_DEVICE_FLAG_SOFTWARE	(1u << 3) /* runs on the CPU, behind softiommu */
#define SVA_DEVICE_FLAG_VIABLE		(1u << 4) /* contexts can be created (R11) */
#define SVA_DEVICE_FLAG_PARTITION	(1u << 5) /* part of another device's capacity */

/**
 * struct sva_device_info - SVA_DEVICE_GET_INFO
 * @flags: in 0, out SVA_DEVICE_FLAG_*
 * @sva_reason: 0, or why no context can be bound on this device
 * @fault_reason: where contexts can be bound, without SVA_DEVICE_FLAG_PAGE_REQUESTS:
 *	why accesses cannot fault
 * @pasid_bits: PASIDs are below 1 << pasid_bits
 * @group: id of the IOMMU group
 * @iova_start: lowest address the device can reach
 * @iova_end: highest address the device can reach, inclusive
 * @page_sizes: bit n set: pages of 1 << n bytes
 * @max_contexts: contexts that can exist at once, over all types
 * @contexts: contexts that exist, in any state but SVA_STATE_ENDED
 * @quarantined: contexts whose PASID is in quarantine
 * @max_quarantined: with this many quarantined, new binds are refused
 * @name: the device's name, NUL-terminated
 * @blocker: without SVA_DEVICE_FLAG_VIABLE: the device of the group that somebody
 *	else drives, a space, and its driver
 */
struct sva_device_info {
	__u32 argsz;
	__u32 flags;
	__u32 reason;
	__u32 sva_reason;
	__u32 pasid_bits;
	__u32 group;
	__u32 num_types;
	__u32 num_regions;
	__u32 num_irqs;
	__u32 max_contexts;
	__u32 contexts;
	__u32 quarantined;
	__u32 max_quarantined;
	__u32 fault_reason;
	__u64 iova_start;
	__u64 iova_end;
	__u64 page_sizes;
	char name[SVA_NAME_LEN];
	char blocker[SVA_BLOCKER_LEN];
};
#define SVA_DEVICE_GET_INFO	_IO(SVA_IOCTL_TYPE, SVA_IOCTL_DEVICE + 0)

/**
 * struct sva_type_info - SVA_DEVICE_GET_TYPE_INFO
 * @index: in: from 0; ENOENT past the last
 */
struct sva_type_info {
	__u32 argsz;
	__u32 flags;
	__u32 reason;
	__u32 index;
	__u32 total;
	__u32 available;
	char name[SVA_NAME_LEN];
	char description[SVA_DESCRIPTION_LEN];
};
#define SVA_DEVICE_GET_TYPE_INFO _IO(SVA_IOCTL_TYPE, SVA_IOCTL_DEVICE + 1)

/**
 * struct sva_create_context - SVA_DEVICE_CREATE_CONTEXT
 * @type: in: index of the type
 * @owner: in: pid, in the caller's pid namespace, of the only process that may
 *	bind the context.  The kernel keeps the process, not the number.
 * @account: in: uid that the context is charged to
 * @cookie: in: the caller's own; comes back in LIST_CONTEXTS and events
 * @id: out: names the context for ever; never given again
 * @fd: out: the context, close-on-exec
 */
struct sva_create_context {
	__u32 argsz;
	__u32 flags;
	__u32 reason;
	__u32 type;
	__s32 owner;
	__u32 account;
	__u64 cookie;
	__u64 id;
	__s32 fd;
	__u32 reserved;
};
#define SVA_DEVICE_CREATE_CONTEXT _IO(SVA_IOCTL_TYPE, SVA_IOCTL_DEVICE + 2)

/**
 * struct sva_context_entry - one context in SVA_DEVICE_LIST_CONTEXTS
 * @owner: pid in the caller's pid namespace, 0 when that process has ended
 * @state: enum sva_state
 * @release: enum sva_release
 * @pasid: 0 while none is bound
 * @end_reason: enum sva_reason that ended it, 0 when nothing did or it was asked for
 * @waiting_ms: for so many milliseconds a page request has been waiting for its answer,
 *	the oldest if there are several; 0: none is.  Also while the context is stopping,
 *	which then waits for the same.
 * @submitted: descriptors taken by the device
 * @faults: accesses that met no page
 * @page_requests: page requests sent
 * @stale: accesses refused after the context was stopped
 * @page_groups: groups that the page requests were sent in
 * @ats_requests: address translations asked of the IOMMU
 * @fault_ns: time spent waiting for answers to page requests
 * @fault_histogram: page request groups by how long the answer took: at index n
 *	those within 2^n microseconds and not within half of that; at the last, all
 *	that took longer
 */
struct sva_context_entry {
	__u64 id;
	__u64 cookie;
	__s32 owner;
	__u32 account;
	__u32 type;
	__u32 state;
	__u32 release;
	__u32 pasid;
	__u32 end_reason;
	__u32 waiting_ms;
	__u64 submitted;
	__u64 faults;
	__u64 page_requests;
	__u64 stale;
	__u64 page_groups;
	__u64 ats_requests;
	__u64 fault_ns;
	__u32 fault_histogram[SVA_FAULT_BUCKETS];
};

/**
 * struct sva_list_contexts - SVA_DEVICE_LIST_CONTEXTS
 * @count: in: entries that fit at @entries; out: entries written
 * @after: in: list contexts whose id is greater; 0 for the first call.  Go on
 *	with the id of the last entry until count comes back as 0.
 * @entries: in: pointer to struct sva_context_entry[count]
 * @entry_size: in: sizeof(struct sva_context_entry); EINVAL if shorter.  The
 *	kernel writes that many bytes an entry, filling up with zeroes.
 *
 * Live and quarantined contexts, in the order of their ids.
 */
struct sva_list_contexts {
	__u32 argsz;
	__u32 flags;
	__u32 reason;
	__u32 count;
	__u64 after;
	__u64 entries;
	__u32 entry_size;
	__u32 reserved;
};
#define SVA_DEVICE_LIST_CONTEXTS _IO(SVA_IOCTL_TYPE, SVA_IOCTL_DEVICE + 3)

/**
 * struct sva_revoke_context - SVA_DEVICE_REVOKE_CONTEXT
 * @id: in: the context.  ENOENT if there is none, 0 if it is ending already.
 *
 * Starts the end of the context, whoever holds its fd, and returns; the event
 * SVA_EVENT_ENDED says when it is done.
 */
struct sva_revoke_context {
	__u32 argsz;
	__u32 flags;
	__u32 reason;
	__u32 reserved;
	__u64 id;
};
#define SVA_DEVICE_REVOKE_CONTEXT _IO(SVA_IOCTL_TYPE, SVA_IOCTL_DEVICE + 4)

/**
 * struct sva_device_reset - SVA_DEVICE_RESET
 *
 * Starts to revoke what is live, reset the device and so clear its quarantine,
 * and returns; SVA_EVENT_RESET says when it is done.  EBUSY while one is under
 * way.
 */
struct sva_device_reset {
	__u32 argsz;
	__u32 flags;
	__u32 reason;
	__u32 reserved;
};
#define SVA_DEVICE_RESET	_IO(SVA_IOCTL_TYPE, SVA_IOCTL_DEVICE + 5)

/* --------------------------------------------------------------- context */

/**
 * struct sva_bind_task - SVA_BIND_TASK
 * @flags: in: SVA_BIND_FAULT_EVENTS: an event SVA_EVENT_FAULT for every fault, not
 *	only for those that nobody else is told
 * @pid: in: 0, the caller.  Anything else is EOPNOTSUPP.
 * @pasid: out: the PASID that the device uses for this address space
 *
 * Binds the context to the caller's address space.  Only the process that the
 * context was created for may, and once (R2).  EPERM, EBUSY, ENOSPC, EOVERFLOW,
 * ENODEV, EOPNOTSUPP as the reason says.
 */
struct sva_bind_task {
	__u32 argsz;
	__u32 flags;
#define SVA_BIND_FAULT_EVENTS	(1u << 0)
	__u32 reason;
	__s32 pid;
	__u32 pasid;
	__u32 reserved;
};
#define SVA_BIND_TASK		_IO(SVA_IOCTL_TYPE, SVA_IOCTL_CONTEXT + 0)

/**
 * struct sva_unbind_task - SVA_UNBIND_TASK
 * @flags: in: SVA_UNBIND_RELEASE_*, what the caller claims; at most one
 * @pasid: in: as SVA_BIND_TASK returned it; ENOENT if nothing is bound under it
 * @release: out: enum sva_release, what the kernel found (R4)
 *
 * Ends the binding; when it returns, the device has been told to stop and the PASID is
 * out of the IOMMU.  So it is with ENOENT, too, where another end came first: of two
 * callers one succeeds, and the other waits with it; and with ENODEV, where the
 * device goes.
 */
struct sva_unbind_task {
	__u32 argsz;
	__u32 flags;
#define SVA_UNBIND_RELEASE_FLUSHED	(1u << 0)
#define SVA_UNBIND_RELEASE_CLEAN	(1u << 1)
	__u32 reason;
	__u32 pasid;
	__u32 release;
	__u32 reserved;
};
#define SVA_UNBIND_TASK		_IO(SVA_IOCTL_TYPE, SVA_IOCTL_CONTEXT + 1)

/**
 * struct sva_context_info - SVA_CONTEXT_GET_INFO
 * @id: names the context for ever
 * @state: enum sva_state
 * @release: enum sva_release
 * @type: index of the type
 * @last_reason: why the last mmap, read or write of this context was refused
 * @device: name of the device
 * @blocker: see struct sva_device_info
 *
 * Counters are those of struct sva_context_entry.
 */
struct sva_context_info {
	__u32 argsz;
	__u32 flags;
	__u32 reason;
	__u32 state;
	__u64 id;
	__u32 pasid;
	__u32 release;
	__u32 type;
	__u32 num_regions;
	__u32 num_irqs;
	__u32 last_reason;
	__u32 end_reason;
	__u32 device_flags;	/* SVA_DEVICE_FLAG_* */
	__u64 submitted;
	__u64 faults;
	__u64 page_requests;
	__u64 stale;
	char device[SVA_NAME_LEN];
	char blocker[SVA_BLOCKER_LEN];
	__u64 page_groups;
	__u64 ats_requests;
	__u64 fault_ns;
	__u32 fault_histogram[SVA_FAULT_BUCKETS];
};
#define SVA_CONTEXT_GET_INFO	_IO(SVA_IOCTL_TYPE, SVA_IOCTL_CONTEXT + 2)

/**
 * struct sva_region_info - SVA_CONTEXT_GET_REGION_INFO
 * @flags: in 0, out SVA_REGION_FLAG_*: what the process may do with it
 * @index: in: from 0; ENOENT past the last
 * @size: bytes; 0: there is no region at this index
 * @offset: where mmap, pread and pwrite on the context find it
 */
struct sva_region_info {
	__u32 argsz;
	__u32 flags;
#define SVA_REGION_FLAG_READ	(1u << 0)
#define SVA_REGION_FLAG_WRITE	(1u << 1)
#define SVA_REGION_FLAG_MMAP	(1u << 2)
	__u32 reason;
	__u32 index;
	__u64 size;
	__u64 offset;
};
#define SVA_CONTEXT_GET_REGION_INFO _IO(SVA_IOCTL_TYPE, SVA_IOCTL_CONTEXT + 3)

/**
 * struct sva_irq_info - SVA_CONTEXT_GET_IRQ_INFO
 * @flags: in 0, out SVA_IRQ_FLAG_*
 * @index: in: from 0; ENOENT past the last
 * @count: interrupts at this index
 */
struct sva_irq_info {
	__u32 argsz;
	__u32 flags;
#define SVA_IRQ_FLAG_EVENTFD	(1u << 0)	/* signals an eventfd */
#define SVA_IRQ_FLAG_LEVEL	(1u << 1)	/* is masked when it signals, until unmasked */
#define SVA_IRQ_FLAG_MASKABLE	(1u << 2)	/* SVA_IRQ_SET_MASK and _UNMASK work */
	__u32 reason;
	__u32 index;
	__u32 count;
	__u32 reserved;
};
#define SVA_CONTEXT_GET_IRQ_INFO _IO(SVA_IOCTL_TYPE, SVA_IOCTL_CONTEXT + 4)

/**
 * struct sva_set_irqs - SVA_CONTEXT_SET_IRQS
 * @flags: in: exactly one of SVA_IRQ_SET_*; may be 0 where @count is 0
 * @index: in: which kind of interrupt
 * @start: in: first of the interrupts at that index
 * @count: in: how many; 0 with EVENTFD or without a flag: disable all at the
 *	index; 0 with another flag does nothing
 * @fds: in: for the eventfd flags: pointer to __s32[count]: an eventfd, or -1
 *	for none.  The kernel takes its own references.
 *
 * EVENTFD: what an interrupt signals.  MASK, UNMASK: hold a level interrupt back,
 * let it through; one that is pending when it is unmasked signals at once.
 * UNMASK_EVENTFD: an eventfd whose being signalled unmasks.
 */
struct sva_set_irqs {
	__u32 argsz;
	__u32 flags;
#define SVA_IRQ_SET_EVENTFD		(1u << 0)
#define SVA_IRQ_SET_MASK		(1u << 1)
#define SVA_IRQ_SET_UNMASK		(1u << 2)
#define SVA_IRQ_SET_UNMASK_EVENTFD	(1u << 3)
	__u32 reason;
	__u32 index;
	__u32 start;
	__u32 count;
	__u64 fds;
};
#define SVA_CONTEXT_SET_IRQS	_IO(SVA_IOCTL_TYPE, SVA_IOCTL_CONTEXT + 5)

/**
 * struct sva_pin - SVA_CONTEXT_PIN, SVA_CONTEXT_UNPIN
 * @flags: in: PIN: SVA_PIN_*, what the device will do; UNPIN: 0
 * @address, @size: in: bytes; rounded out to pages
 *
 * For devices that cannot take page faults.  Keeps the pages of a range resident
 * at their addresses, as far as the kernel allows; each page counts once against
 * RLIMIT_MEMLOCK however often it is pinned.  All of the range is pinned or none
 * of it.  UNPIN takes every pinned page of the range out again, ENOENT if there
 * is none.  The end of the binding unpins all.
 *
 * ENOMEM (SVA_REASON_MEMLOCK, SVA_REASON_NO_MEMORY), EFAULT: a part is not mapped that way.
 */
struct sva_pin {
	__u32 argsz;
	__u32 flags;
#define SVA_PIN_READ	(1u << 0)
#define SVA_PIN_WRITE	(1u << 1)
	__u32 reason;
	__u32 reserved;
	__u64 address;
	__u64 size;
};
#define SVA_CONTEXT_PIN		_IO(SVA_IOCTL_TYPE, SVA_IOCTL_CONTEXT + 6)
#define SVA_CONTEXT_UNPIN	_IO(SVA_IOCTL_TYPE, SVA_IOCTL_CONTEXT + 7)

/* ---------------------------------------------------------------- events */

/**
 * enum sva_event_type - what read() on a control node or a context tells
 *
 * On the control node: BOUND to GONE.  On a context: RESET, GONE, and FAULT to
 * REVOKED.  OVERFLOW on both: events were lost; ask LIST_CONTEXTS or GET_INFO
 * instead.
 */
enum sva_event_type {
	SVA_EVENT_OVERFLOW = 0,
	SVA_EVENT_BOUND = 1,		/* a context was bound */
	SVA_EVENT_ENDED = 2,		/* a context ended: its quota is free */
	SVA_EVENT_QUARANTINED = 3,	/* its PASID went into quarantine */
	SVA_EVENT_RELEASED = 4,		/* its PASID came out of quarantine */
	SVA_EVENT_RESET = 5,		/* a reset is done; on a context: it ended by one */
	SVA_EVENT_GONE = 6,		/* the device is gone */
	SVA_EVENT_FAULT = 16,		/* accesses met no page, see outcome */
	SVA_EVENT_ERROR = 17,		/* the device stopped the context's queue */
	SVA_EVENT_REVOKED = 18,
};

#define SVA_ACCESS_READ		(1u << 0)	/* from the device's side */
#define SVA_ACCESS_WRITE	(1u << 1)

/**
 * enum sva_fault_outcome - what became of accesses that met no page
 * @SVA_FAULT_FAILED: they failed: nothing is there that the process may access
 *	that way, or the device did not ask for it
 * @SVA_FAULT_RESOLVED: a page request made them possible
 */
enum sva_fault_outcome {
	SVA_FAULT_FAILED = 1,
	SVA_FAULT_RESOLVED = 2,
};

/**
 * struct sva_event - read() returns whole events only
 * @reason: enum sva_reason that goes with it, or the device's own error code
 *	for SVA_EVENT_ERROR
 * @context: id of the context, 0 if none
 * @cookie: the context's (control node only)
 * @address: of the fault
 * @access: FAULT: SVA_ACCESS_*
 * @outcome: FAULT: enum sva_fault_outcome
 * @count: FAULT: pages, from @address on, that met the same; OVERFLOW: how many
 *	events were lost; else 1
 * @time: CLOCK_MONOTONIC, ns
 */
struct sva_event {
	__u32 type;
	__u32 reason;
	__u64 context;
	__u64 cookie;
	__u32 pasid;
	__u32 release;
	__u64 address;
	__u32 access;
	__u32 outcome;
	__u64 count;
	__u64 time;
};

#endif /* _UAPI_LINUX_SVA_H */
