// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * systemd.c - modules and svad where systemd brings them up
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/vm/guest/init.h"

#define SYSTEMCTL_WAIT_MS	60000

bool systemd_modules_loaded(const struct job *job)
{
	char path[128];
	unsigned int i;

	for (i = 0; i < job->num_modules; i++) {
		snprintf(path, sizeof(path), "/sys/module/%s", job->modules[i]);
		if (access(path, F_OK)) {
			fail("systemd-modules-load has not loaded %s; the console log may say why",
			     job->modules[i]);
			return false;
		}
	}
	return true;
}

/* The exit status of a program that is to say nothing, -1 when it does not end */
static int quiet_run(char *const argv[])
{
	int status;

	if (!child_wait(child_start(argv, -1, -1), SYSTEMCTL_WAIT_MS, &status))
		return -1;
	return status;
}

/* What svad and systemd wrote about it, to the host */
static void journal_forward(void)
{
	char *const argv[] = { "/usr/bin/journalctl", "--unit=svad.service", "--unit=svad.socket",
			       "--output=short-monotonic", "--no-pager", "--quiet", NULL };
	static char bytes[FRAME_MAX];
	int out[2], status;
	ssize_t n;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC)) {
		fail("cannot make a pipe for the journal: %s", strerror(errno));
		return;
	}
	pid = child_start(argv, out[1], -1);
	close(out[1]);
	while ((n = read(out[0], bytes, sizeof(bytes))) > 0)
		channel_send(FRAME_SERVICE, bytes, n);
	close(out[0]);
	if (!child_wait(pid, SYSTEMCTL_WAIT_MS, &status) || status)
		fail("the journal of svad.service cannot be read");
}

bool systemd_service_started(void)
{
	char *const argv[] = { "/usr/bin/systemctl", "is-active", "--quiet", "svad.service", NULL };

	if (!quiet_run(argv))
		return true;
	journal_forward();
	fail("svad.service is not active");
	return false;
}

void systemd_service_stop(void)
{
	char *const stop[] = { "/usr/bin/systemctl", "stop", "svad.socket", "svad.service", NULL };
	char *const failed[] = { "/usr/bin/systemctl", "is-failed", "--quiet", "svad.service", NULL };

	if (quiet_run(stop))
		fail("svad.service does not stop");
	if (!quiet_run(failed))
		fail("svad.service did not stop cleanly");
	journal_forward();
}
