// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * service.c - udevd and svad: started like systemd starts a Type=notify service
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/guest/init.h"

#define START_WAIT_MS	(20000 * (int)time_scale())
#define STOP_WAIT_MS	(10000 * (int)time_scale())
#define DEVICES_MAX	64

struct service {
	const char *name;
	pid_t pid;
	int output;	/* what it writes; -1: to the console */
	int notices;	/* NOTIFY_SOCKET */
	bool ended;
	int status;
};

static struct service udevd = { .name = "udevd", .output = -1, .notices = -1 };
static struct service svad = { .name = "svad", .output = -1, .notices = -1 };

/* An abstract socket: svad reaches it after it has dropped its privileges. */
static int notices_open(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, len, one = 1;
	char variable[64];

	len = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "rig-%s", name);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address,
		 offsetof(struct sockaddr_un, sun_path) + 1 + len)) {
		fail("cannot make the notify socket of %s: %s", name, strerror(errno));
		return -1;
	}
	snprintf(variable, sizeof(variable), "@rig-%s", name);
	setenv("NOTIFY_SOCKET", variable, 1);
	return fd;
}

static bool notice_is_ready(int fd)
{
	char words[1024];
	ssize_t n;

	while ((n = recv(fd, words, sizeof(words) - 1, 0)) > 0) {
		words[n] = '\0';
		if (strncmp(words, "READY=1", 7) == 0 || strstr(words, "\nREADY=1"))
			return true;
	}
	return false;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void service_forward(int fd)
{
	char bytes[4096];
	ssize_t n;

	if (fd == svad.notices) {
		notice_is_ready(fd);	/* only so that it never fills up */
		return;
	}
	n = read(fd, bytes, sizeof(bytes));
	if (n > 0)
		channel_send(FRAME_SERVICE, bytes, n);
	if (n == 0) {
		close(fd);
		svad.output = -1;
	}
}

/* Until it says that it is ready, ends, or takes too long */
static bool service_wait_ready(struct service *service)
{
	long deadline = now_ms() + START_WAIT_MS;
	char words[128];

	while (now_ms() < deadline) {
		struct pollfd fds[] = {
			{ .fd = service->notices, .events = POLLIN },
			{ .fd = service->output, .events = POLLIN },
		};

		/* An end is seen by the output's hang-up, or within this time. */
		poll(fds, 2, 100);
		if (fds[1].revents)
			service_forward(service->output);
		if (notice_is_ready(service->notices))
			return true;
		if (waitpid(service->pid, &service->status, WNOHANG) == service->pid) {
			service->ended = true;
			fail("%s ended before it was ready: %s", service->name,
			     status_words(service->status, words, sizeof(words)));
			return false;
		}
	}
	fail("%s was not ready within %d s: it sent no READY=1 to NOTIFY_SOCKET", service->name,
	     START_WAIT_MS / 1000);
	return false;
}

static bool service_begin(struct service *service, char *const argv[], int out)
{
	service->notices = notices_open(service->name);
	if (service->notices < 0)
		return false;
	service->pid = child_start(argv, out, out);
	unsetenv("NOTIFY_SOCKET");
	return service_wait_ready(service);
}

bool udev_start(void)
{
	char *const argv[] = { "/usr/lib/systemd/systemd-udevd", NULL };

	bool ready;

	setenv("SYSTEMD_LOG_COLOR", "0", 1);
	ready = service_begin(&udevd, argv, STDERR_FILENO);
	unsetenv("SYSTEMD_LOG_COLOR");
	if (!ready)
		return false;
	close(udevd.notices);	/* nobody reads what it says from now on */
	return true;
}

/* Every device has its node and the node its owner when this returns.  Asked by
 * name: "udevadm settle" may return before udevd has heard of them. */
bool udev_wait(void)
{
	char *argv[DEVICES_MAX + 4] = { "/usr/bin/udevadm", "wait", NULL };
	int count = 3, status = 0;
	char limit[32];
	glob_t devices;
	size_t i;
	pid_t pid;

	snprintf(limit, sizeof(limit), "--timeout=%d", START_WAIT_MS / 1000);
	argv[2] = limit;
	if (glob("/sys/class/sva/*", 0, NULL, &devices))
		return true;		/* there is none */
	for (i = 0; i < devices.gl_pathc && i < DEVICES_MAX; i++)
		argv[count++] = devices.gl_pathv[i];
	pid = child_start(argv, STDERR_FILENO, STDERR_FILENO);
	globfree(&devices);
	if (child_wait(pid, START_WAIT_MS + 5000, &status) && status == 0)
		return true;
	fail("udevadm wait failed: udevd has not handled every device in /sys/class/sva");
	return false;
}

bool service_start(void)
{
	char *const argv[] = { "/usr/sbin/svad", "--config", "/etc/svad.conf",
			       "--user", "svad", NULL };
	int out[2];
	bool ready;

	if (pipe2(out, O_CLOEXEC)) {
		fail("cannot make a pipe for svad: %s", strerror(errno));
		return false;
	}
	svad.output = out[0];
	ready = service_begin(&svad, argv, out[1]);
	close(out[1]);
	return ready;
}

int service_output(void)
{
	return svad.output;
}

int service_notices(void)
{
	return svad.notices;
}

/* True when the process was svad */
bool service_ended(pid_t pid, int status)
{
	if (pid != svad.pid || svad.ended)
		return false;
	svad.ended = true;
	svad.status = status;
	return true;
}

static void service_judge(bool before)
{
	char words[128];

	status_words(svad.status, words, sizeof(words));
	if (before)
		fail("svad ended before the command did: %s", words);
	else if (svad.status)
		fail("svad did not stop cleanly: %s", words);
}

void service_stop(void)
{
	bool before = svad.ended;

	if (svad.pid <= 0)
		return;
	if (!before) {
		kill(svad.pid, SIGTERM);
		if (!child_wait(svad.pid, STOP_WAIT_MS, &svad.status)) {
			fail("svad did not stop within %d s of SIGTERM", STOP_WAIT_MS / 1000);
			kill(svad.pid, SIGKILL);
			child_wait(svad.pid, STOP_WAIT_MS, &svad.status);
		}
		svad.ended = true;
	}
	while (svad.output >= 0)
		service_forward(svad.output);
	service_judge(before);
}
