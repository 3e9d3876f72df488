// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * reason.c - every reason as a sentence and a remedy (R7)
 *
 * One table for the kernel's reasons and for those of svad and libsva.  A
 * reason in a header without an entry here fails tests/unit/libsva_reason.c.
 */
#include <errno.h>
#include <stddef.h>

#include "entry.h"
#include "reason.h"
#include "sva.h"

#define REASON(number, error, name, sentence, remedy) \
	{ SVA_REASON_##number, error, name, sentence "; " remedy, remedy }

static const struct reason_text table[] = {
	REASON(NONE, 0, "none",
	       "the call did what it was asked, and nothing was refused",
	       "nothing needs to be done"),

	/* the call itself */
	REASON(ARGSZ_SHORT, EINVAL, "argsz-short",
	       "argsz is smaller than the first version of this call's struct",
	       "set argsz to the size of the struct in <linux/sva.h>"),
	REASON(ARGSZ_TAIL, E2BIG, "argsz-tail",
	       "the call uses fields that this kernel's sva module does not know",
	       "upgrade the sva module, or leave the new fields zero"),
	REASON(UNKNOWN_FLAG, EINVAL, "unknown-flag",
	       "the call sets a flag that this kernel's sva module does not know",
	       "clear it, or upgrade the sva module to one that knows it"),
	REASON(RESERVED, EINVAL, "reserved",
	       "a reserved field of the call is not zero",
	       "zero the whole struct before filling it"),
	REASON(BAD_POINTER, EFAULT, "bad-pointer",
	       "the call was given a pointer to memory that this process cannot access",
	       "pass the address of a mapped struct"),
	REASON(NO_MEMORY, ENOMEM, "no-memory",
	       "the kernel had no memory for it, or the memory limit of the process's cgroup is reached",
	       "free memory or raise the limit, and try again"),
	REASON(INTERRUPTED, EINTR, "interrupted",
	       "a signal came before the call was done",
	       "call again"),
	REASON(BAD_RANGE, EINVAL, "bad-range",
	       "the offset and length lie outside the region, or are not aligned as it needs",
	       "stay within the size that SVA_CONTEXT_GET_REGION_INFO gives"),
	REASON(ACCESS, EACCES, "access",
	       "the region cannot be accessed in this way",
	       "look at its flags: not every region can be written, read or mapped"),
	REASON(NO_FD, EMFILE, "no-fd",
	       "no file descriptor is left for the context",
	       "close some, or raise the limit on open files (ulimit -n)"),

	/* who may do what with a context */
	REASON(OTHER_MM, EPERM, "other-mm",
	       "the context is bound to another process's address space, which an inherited or passed-on fd does not change",
	       "call sva_bind() in this process for a context of its own"),
	REASON(OTHER_PROCESS, EPERM, "other-process",
	       "the context was created for another process, and only that one may bind it",
	       "call sva_bind() in this process for a context of its own"),
	REASON(NOT_BOUND, EPERM, "not-bound",
	       "the context is not bound yet, and until then answers BIND_TASK and GET_INFO only",
	       "bind it first"),
	REASON(ALREADY_BOUND, EBUSY, "already-bound",
	       "the context is bound already, and a context is bound only once",
	       "use the binding that it has, or call sva_bind() for another context"),
	REASON(CONTEXT_ENDED, EPERM, "context-ended",
	       "the context's binding has ended, and a context is never bound again",
	       "call sva_bind() for a new one"),
	REASON(CONTEXT_REVOKED, EPERM, "context-revoked",
	       "the context was revoked by the administrator or by policy",
	       "ask the administrator why before binding anew"),
	REASON(OWNER_GONE, ESRCH, "owner-gone",
	       "the process that the context was created for has ended",
	       "call sva_bind() in the process that is to use the device"),
	REASON(DEVICE_GONE, ENODEV, "device-gone",
	       "the device was removed or its driver was unloaded",
	       "sva_unbind() the context, and bind to a device that svactl list shows"),
	REASON(OTHER_TASK, EOPNOTSUPP, "other-task",
	       "SVA_BIND_TASK binds the calling process only, and was given a pid",
	       "pass pid 0 and make the call in the process itself"),
	REASON(RELEASE_CONFLICT, EINVAL, "release-conflict",
	       "unbind claimed both a flushed and a clean release, and it is one of them",
	       "claim at most one"),
	REASON(NO_SUCH_PASID, ENOENT, "no-such-pasid",
	       "the context is not bound under this PASID",
	       "pass the PASID that binding returned"),
	REASON(NO_SUCH_CONTEXT, ENOENT, "no-such-context",
	       "the device has no context with this id, or it has ended already",
	       "svactl ps shows those there are"),
	REASON(NO_SUCH_TYPE, ENOENT, "no-such-type",
	       "the device offers no context of this type",
	       "leave the type out for the device's first, or use one from /sys/class/sva/NAME/types"),
	REASON(NO_SUCH_REGION, ENOENT, "no-such-region",
	       "the context has no region at this index",
	       "use an index below num_regions of sva_context_info()"),
	REASON(NO_SUCH_IRQ, ENOENT, "no-such-irq",
	       "the context has no interrupt at this index",
	       "use an index below num_irqs of sva_context_info()"),
	REASON(BAD_EVENTFD, EBADF, "bad-eventfd",
	       "a file descriptor given for an interrupt is no eventfd",
	       "pass one from eventfd(), or -1 for none"),
	REASON(NOT_MASKABLE, EINVAL, "not-maskable",
	       "an edge interrupt has no mask",
	       "mask level interrupts only; SVA_CONTEXT_GET_IRQ_INFO tells which they are"),
	REASON(EXTERNAL_USER, EBUSY, "external-user",
	       "another part of the kernel uses this binding",
	       "end what uses it first; exit and revoke end the binding in any case"),
	REASON(FAULT_STORM, EPERM, "fault-storm",
	       "the context was stopped because too many of its accesses failed",
	       "check the addresses in the descriptors, and bind a new context"),

	/* what has run out */
	REASON(TYPE_EXHAUSTED, ENOSPC, "type-exhausted",
	       "every context of this type is in use",
	       "wait until one ends (svactl ps shows whose they are), or take another type or device"),
	REASON(PASID_EXHAUSTED, ENOSPC, "pasid-exhausted",
	       "every PASID that the device can use is taken by a process or in quarantine",
	       "wait until processes unbind (svactl ps shows them), or reset a device with quarantine"),
	REASON(PASID_TOO_WIDE, EOVERFLOW, "pasid-too-wide",
	       "this process already has a PASID from another device, and it is too large for this one",
	       "bind the device with the narrowest PASIDs first (svactl list shows the widths)"),
	REASON(PASID_QUARANTINED, EBUSY, "pasid-quarantined",
	       "an earlier binding of this process did not end clean, and its PASID is in quarantine on this device",
	       "wait until the device is reset, or use a new process or another device"),
	REASON(QUARANTINE_FULL, ENOSPC, "quarantine-full",
	       "too many PASIDs are in quarantine on this device, because contexts there did not end clean",
	       "ask the administrator to reset the device; it resets by itself once it is idle, if it can"),
	REASON(RESETTING, EBUSY, "resetting",
	       "the device is being reset",
	       "try again in a moment"),
	REASON(QUARANTINE_ACCOUNT, ENOSPC, "quarantine-account",
	       "too many PASIDs of this user are in quarantine",
	       "wait until they are released, or ask the administrator to reset the devices"),
	REASON(PASID_TAKEN, ENOSPC, "pasid-taken",
	       "all PASIDs that this device can use are held by processes on other devices, or that are just ending",
	       "wait until some of them end, or use a device with more PASID bits"),
	REASON(MEMLOCK, ENOMEM, "memlock",
	       "pinning would exceed the user's limit on locked memory",
	       "unpin ranges that are not needed, or raise RLIMIT_MEMLOCK (ulimit -l)"),
	REASON(GROUP_CHANGING, EBUSY, "group-changing",
	       "a driver is leaving another device of the same IOMMU group",
	       "try again in a moment"),

	/* why SVA cannot work here */
	REASON(NO_IOMMU, ENODEV, "no-iommu",
	       "the device is behind no IOMMU, so it cannot use a process's addresses",
	       "turn the IOMMU on in the firmware and on the kernel command line (Intel: intel_iommu=on,sm_on)"),
	REASON(NO_SVA, EOPNOTSUPP, "no-sva",
	       "the driver of the device's IOMMU cannot share a process's page tables",
	       "use a kernel and an IOMMU mode that can (Intel: intel_iommu=on,sm_on)"),
	REASON(X86_SVA_DISABLED, EOPNOTSUPP, "x86-sva-disabled",
	       "this kernel disables SVA on x86 (CVE-2025-71089)",
	       "it needs 6.18.7 or 6.19 or later"),
	REASON(NO_PASID, EOPNOTSUPP, "no-pasid",
	       "the device or its IOMMU has no PASID capability, or it is turned off",
	       "turn PASID on in the firmware (Intel: and boot with intel_iommu=on,sm_on), or use another device"),
	REASON(NO_PAGE_REQUESTS, EOPNOTSUPP, "no-page-requests",
	       "the device or its IOMMU cannot send page requests (PCIe ATS and PRI), and without them pages that are not in memory cannot be reached",
	       "turn ATS and PRI on in the firmware, or use another device"),
	REASON(NOT_COHERENT, ENODEV, "not-coherent",
	       "the IOMMU reads page tables past the CPU's caches, and the kernel shares none with such an IOMMU",
	       "use a device behind an IOMMU whose page walk is coherent (Intel: ECAP.SMPWC)"),
	REASON(NOT_VIABLE, EPERM, "not-viable",
	       "another driver has a device of the same IOMMU group, and the IOMMU cannot tell the two apart",
	       "unbind that device from its driver (the kernel log and /sys/kernel/iommu_groups name it)"),
	REASON(LAM, EBUSY, "lam",
	       "the process uses tagged pointers (LAM), which devices do not understand",
	       "do not turn LAM on in a process that binds devices"),

	/* what the provider or the IOMMU said */
	REASON(PROVIDER, EIO, "provider",
	       "the device's driver refused",
	       "its own message is in the kernel log (dmesg)"),
	REASON(IOMMU, EIO, "iommu",
	       "the IOMMU driver refused",
	       "its own message is in the kernel log (dmesg)"),
	REASON(NO_RESET, EOPNOTSUPP, "no-reset",
	       "the device's driver cannot reset it",
	       "unload the driver and load it again, or restart the machine"),

	/* svad */
	REASON(PROTOCOL, EPROTO, "protocol",
	       "svad and this program do not understand each other: a message was malformed",
	       "see that svad and libsva come from the same release, and that the socket is svad's"),
	REASON(PROTOCOL_VERSION, EPROTONOSUPPORT, "protocol-version",
	       "svad does not speak this libsva's version of the protocol",
	       "upgrade the older of the two, and restart svad if its package was upgraded"),
	REASON(NO_PEERPIDFD, ENOSYS, "no-peerpidfd",
	       "this kernel cannot tell svad for certain which process is asking (no SO_PEERPIDFD)",
	       "use Linux 6.5 or later"),
	REASON(PEER_GONE, ESRCH, "peer-gone",
	       "the process that connected to svad has ended",
	       "connect in the process that is to use the device"),
	REASON(DENIED_BY_RULE, EACCES, "denied-by-rule",
	       "a rule of svad's policy denies you this device",
	       "ask the administrator to change it in /etc/svad.conf (svactl doctor shows its line)"),
	REASON(DENIED_BY_DEFAULT, EACCES, "denied-by-default",
	       "no rule of svad's policy allows you this device",
	       "ask the administrator to add one that does to /etc/svad.conf, as svad.conf(5) describes"),
	REASON(NO_SUCH_DEVICE, ENOENT, "no-such-device",
	       "svad knows no device of this name",
	       "svactl list shows those there are"),
	REASON(NO_DEVICE, ENODEV, "no-device",
	       "svad knows no device at all",
	       "load the driver of one (sva_soft is a device in software); svactl doctor shows what is missing"),
	REASON(LIMIT_USER, EDQUOT, "limit-user",
	       "you have as many contexts as svad's policy allows a user",
	       "end some (svactl ps shows them), or ask the administrator to raise the limit"),
	REASON(LIMIT_DEVICE, EDQUOT, "limit-device",
	       "the device has as many contexts as svad's policy allows it",
	       "wait until some end (svactl ps), or ask the administrator to raise the limit"),
	REASON(LIMIT_CONNECTIONS, EUSERS, "limit-connections",
	       "you have as many connections to svad as it allows a user",
	       "close some: libsva keeps none open after sva_bind()"),
	REASON(BUSY, EAGAIN, "busy",
	       "too many requests of yours are waiting in svad",
	       "read the replies before asking more, or try again in a moment"),
	REASON(DAEMON_NO_MEMORY, ENOMEM, "daemon-no-memory",
	       "svad has no memory or no file descriptor left",
	       "ask the administrator to raise svad's limits; its log says which"),
	REASON(DEVICE_BUSY, ENOSPC, "device-busy",
	       "every device that fits the request is full",
	       "wait until a context ends; svactl ps shows whose they are"),
	REASON(PEER_NAMESPACE, EPERM, "peer-namespace",
	       "your process is in a pid namespace that svad cannot see, so no context can be created for it",
	       "run svad in the host's pid namespace, or in one that contains your process's"),

	/* libsva */
	REASON(NO_DAEMON, ECONNREFUSED, "no-daemon",
	       "svad does not listen on its socket",
	       "start it (systemctl start svad.socket), or set SVA_SOCKET if its socket is elsewhere"),
	REASON(SOCKET_DENIED, EACCES, "socket-denied",
	       "you have no permission on svad's socket or on a folder above it",
	       "ask the administrator for access to it; ls -l shows who has it"),
	REASON(DAEMON_LOST, EPIPE, "daemon-lost",
	       "svad closed the connection without an answer",
	       "try again; if it stays so, svad's log says why"),
	REASON(TIMEOUT, ETIMEDOUT, "timeout",
	       "no answer came within the time given",
	       "try again or give more time; if svad hangs, restart it: its clients do not notice"),
	REASON(FORKED, EPERM, "forked",
	       "the context was bound by a parent of this process, and a child of fork() has an address space of its own",
	       "call sva_bind() in the child"),
	REASON(BAD_ARGUMENT, EINVAL, "bad-argument",
	       "an argument is not what the function's description allows",
	       "compare the call with sva.h or its manual page"),
	REASON(SYSTEM, EIO, "system",
	       "a system call failed, and its errno is all that is known",
	       "see errno(3) for the number that the call returned"),
	REASON(BAD_FD, EBADF, "bad-fd",
	       "the file descriptor is not an sva context",
	       "pass the one that the launcher received from svad, and see that nothing closed it"),
	REASON(QUEUE_ERROR, EIO, "queue-error",
	       "the device stopped the queue: the doorbell ran ahead of the ring, or a completion record could not be written",
	       "keep completion records mapped and writable until they complete; sva_unbind() and bind anew"),
	REASON(RING_FULL, EAGAIN, "ring-full",
	       "the submission ring is full",
	       "wait for a completion, or submit with sva_accel_submit_wait()"),
};

static const struct reason_text unknown = {
	UINT32_MAX, EIO, "unknown",
	"this libsva does not know the reason that svad or the kernel gave; "
	"upgrade libsva to the release of the sva module and of svad",
	"upgrade libsva to the release of the sva module and of svad",
};

const struct reason_text *reason_table(uint32_t *count)
{
	*count = sizeof(table) / sizeof(table[0]);
	return table;
}

/* Linear: this is only ever asked after a failure. */
const struct reason_text *reason_find(uint32_t number)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].number == number)
			return &table[i];
	}
	return &unknown;
}

SVA_PUBLIC const char *sva_strreason(uint32_t reason)
{
	return reason_find(reason)->text;
}

SVA_PUBLIC const char *sva_reason_name(uint32_t reason)
{
	return reason_find(reason)->name;
}
