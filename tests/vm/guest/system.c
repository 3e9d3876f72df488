// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * system.c - mounts, limits, the kernel's log and taint, power
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/vm/guest/init.h"

/* Taint that our own modules cause: out of tree, and not signed */
#define TAINT_EXPECTED	((1ul << 12) | (1ul << 13))
#define TAINT_OF_TESTS	(1ul << 18)	/* KUnit ran a suite */

static const struct {
	const char *type, *target, *options;
	unsigned long flags;
	mode_t mode;
} mounts[] = {
	{ "proc", "/proc", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0555 },
	{ "sysfs", "/sys", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0555 },
	{ "devtmpfs", "/dev", "mode=0755", MS_NOSUID, 0755 },
	{ "devpts", "/dev/pts", "mode=0620,ptmxmode=0666", MS_NOSUID | MS_NOEXEC, 0755 },
	{ "tmpfs", "/dev/shm", "mode=1777", MS_NOSUID | MS_NODEV, 01777 },
	{ "tmpfs", "/run", "mode=0755", MS_NOSUID | MS_NODEV, 0755 },
	{ "tmpfs", "/tmp", "mode=1777", MS_NOSUID | MS_NODEV, 01777 },
	{ "cgroup2", "/sys/fs/cgroup", NULL, MS_NOSUID | MS_NODEV | MS_NOEXEC, 0755 },
	{ "debugfs", "/sys/kernel/debug", "mode=0700", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0700 },
	{ "tracefs", "/sys/kernel/tracing", "mode=0700", MS_NOSUID | MS_NODEV | MS_NOEXEC, 0700 },
};

void system_mount(void)
{
	size_t i;

	umask(0);
	for (i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		mkdir(mounts[i].target, mounts[i].mode);
		if (mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags,
			  mounts[i].options))
			fprintf(stderr, "rig: cannot mount %s: %s\n", mounts[i].target,
				strerror(errno));
	}
	sethostname("sva-guest", 9);
}

/* What systemd gives to its services: a low soft limit, a high hard one */
static void limits_set(void)
{
	const struct rlimit files = { .rlim_cur = 1024, .rlim_max = 524288 };

	setrlimit(RLIMIT_NOFILE, &files);
}

/* SIGCHLD is read from a signalfd, and none may be lost before that is there. */
static void signals_set(void)
{
	sigset_t chld;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
}

void system_up(void)
{
	umask(022);
	limits_set();
	signals_set();
	setenv("PATH", WORK_FOLDER ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
	setenv("LANG", "C.UTF-8", 1);
}

/* A line in the kernel's log, and so on the console, in order with its own;
 * each write to /dev/kmsg is a record. */
void system_log(const char *words)
{
	int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char record[256];
	int size;

	size = snprintf(record, sizeof(record), "<5>%s\n", words);
	if (fd < 0 || write(fd, record, size) != size)
		fail("cannot write to the kernel's log: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

void system_check_taint(const char *when, bool debug)
{
	const unsigned long expected = TAINT_EXPECTED | (debug ? TAINT_OF_TESTS : 0);
	char *text = file_read("/proc/sys/kernel/tainted", NULL);
	unsigned long taint = text ? strtoul(text, NULL, 10) : 0;

	if (!text)
		fail("cannot read /proc/sys/kernel/tainted: %s", strerror(errno));
	else if (taint & ~expected)
		fail("the kernel was tainted %s: %lu, more than the %lu of our own modules; the console log says by what",
		     when, taint, expected);
	free(text);
}

void system_down(void)
{
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}
