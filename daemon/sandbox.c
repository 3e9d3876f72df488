// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sandbox.c - an allowlist, entered before the first client is read
 *
 * What is on it and why: the loop (epoll, timers, signals), clients (accept,
 * receive, send, what is unread), devices (open of the node, read, and the ioctls
 * of a control node that svad uses), the state file, which is open already,
 * cgroups (reading /proc, and stat), a reload (reading files, and the AF_UNIX
 * services that names of users are asked of), sd_notify and the journal, libudev
 * reading /sys and inotify telling when to, and memory that is never executable.
 * Not on it: exec, new processes or threads, any way to create a file or to open one
 * for writing, the network, signals to others.
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/sockios.h>
#include <pwd.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <linux/sva.h>

#include "log.h"
#include "sandbox.h"

static const int allowed[] = {
	/* the loop */
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2),
	SCMP_SYS(epoll_ctl), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
	SCMP_SYS(signalfd4),
	/* clients, sd_notify, name services */
	SCMP_SYS(accept4), SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg),
	SCMP_SYS(sendto), SCMP_SYS(getsockopt), SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
	SCMP_SYS(connect), SCMP_SYS(getsockname), SCMP_SYS(getpeername),
	/* fds and files, none of them for writing: see rules_add() */
	SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv), SCMP_SYS(write),
	SCMP_SYS(pwrite64), SCMP_SYS(writev), SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat),
	SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx),
	SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64), SCMP_SYS(fcntl), SCMP_SYS(getcwd),
	SCMP_SYS(name_to_handle_at), SCMP_SYS(inotify_add_watch),
	/* the journal's way to take a record that its socket has no room for: names_add() */
	SCMP_SYS(memfd_create),
	/*
	 * Name services: nss-systemd turns a loop of its own where PID 1 offers accounts,
	 * and sssd's client waits while its service has its hands full.
	 */
	SCMP_SYS(epoll_create1), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep),
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise),
	/* who am I, and what may I */
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getresuid), SCMP_SYS(getresgid),
	SCMP_SYS(getrlimit), SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(getrandom),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(getgroups),
	/* glibc's locks, and the end */
	SCMP_SYS(futex), SCMP_SYS(sched_yield), SCMP_SYS(exit), SCMP_SYS(exit_group),
};

#define LOW_HALF 0xffffffffu	/* all that the kernel looks at in an int argument */

static int allow_if(scmp_filter_ctx filter, int call, unsigned int argument, scmp_datum_t mask,
		    scmp_datum_t value)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, call, 1,
				SCMP_CMP64(argument, SCMP_CMP_MASKED_EQ, mask, value));
}

/* abort() has to end in SIGABRT, and a filter that forbids it would hide why */
static int abort_add(scmp_filter_ctx filter)
{
	return allow_if(filter, SCMP_SYS(tgkill), 0, LOW_HALF, (scmp_datum_t)getpid());
}

static int ioctls_add(scmp_filter_ctx filter)
{
	static const unsigned int requests[] = {
		SVA_DEVICE_GET_INFO, SVA_DEVICE_GET_TYPE_INFO, SVA_DEVICE_CREATE_CONTEXT,
		SVA_DEVICE_LIST_CONTEXTS, SVA_DEVICE_REVOKE_CONTEXT, SVA_DEVICE_RESET,
		SIOCOUTQ,
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(requests); i++)
		err = allow_if(filter, SCMP_SYS(ioctl), 1, LOW_HALF, requests[i]);
	return err;
}

/* Reading, whatever else is asked for; and the device nodes, exactly as they are opened */
static int opens_add(scmp_filter_ctx filter)
{
	const unsigned int writes = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND |
				    (O_TMPFILE & ~O_DIRECTORY);
	int err = allow_if(filter, SCMP_SYS(openat), 2, writes, 0);

	if (err)
		return err;
	return allow_if(filter, SCMP_SYS(openat), 2, LOW_HALF,
			O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

static int sockets_add(scmp_filter_ctx filter)
{
	int err = allow_if(filter, SCMP_SYS(socket), 0, LOW_HALF, AF_UNIX);

	return err ? err : allow_if(filter, SCMP_SYS(socketpair), 0, LOW_HALF, AF_UNIX);
}

/*
 * Never executable.  An error and not death: glibc may want to load a module of
 * the name service during a reload, and does without it when it cannot.
 */
static int memory_add(scmp_filter_ctx filter)
{
	static const int calls[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(calls); i++) {
		err = allow_if(filter, calls[i], 2, PROT_EXEC, 0);
		if (!err)
			err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), calls[i], 1,
					       SCMP_CMP64(2, SCMP_CMP_MASKED_EQ, PROT_EXEC,
							  PROT_EXEC));
	}
	return err;
}

/* Reads limits, sets none */
static int limits_add(scmp_filter_ctx filter)
{
	return allow_if(filter, SCMP_SYS(prlimit64), 2, UINT64_MAX, 0);
}

/* libsystemd names the memfd for the journal after its thread: reads that, sets nothing */
static int names_add(scmp_filter_ctx filter)
{
	return allow_if(filter, SCMP_SYS(prctl), 0, LOW_HALF, PR_GET_NAME);
}

static int rules_add(scmp_filter_ctx filter)
{
	static int (*const adders[])(scmp_filter_ctx filter) = {
		abort_add, ioctls_add, opens_add, sockets_add, memory_add, limits_add, names_add,
	};
	int err = 0;

	for (size_t i = 0; !err && i < ARRAY_SIZE(allowed); i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; !err && i < ARRAY_SIZE(adders); i++)
		err = adders[i](filter);
	return err;
}

/* What a reload needs of the C library is loaded while loading is possible */
static void libraries_load(void)
{
	(void)getpwnam("no such user");
	(void)getgrnam("no such group");
}

int sandbox_enter(void)
{
	scmp_filter_ctx filter;
	int err;

	libraries_load();
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter) {
		log_error("the system call filter cannot be made: no memory");
		return -ENOMEM;
	}
	/* a search tree instead of a list: this is paid on every call */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	err = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (!err)
		err = rules_add(filter);
	if (!err)
		err = seccomp_load(filter);
	seccomp_release(filter);
	if (err)
		log_error("the system call filter cannot be entered: %s; svad needs a kernel with CONFIG_SECCOMP_FILTER",
			  strerror(-err));
	return err;
}
