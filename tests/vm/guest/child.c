// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * child.c - start processes, wait for them, say how they ended
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/guest/init.h"

void child_setup(int out, int err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setsid();
	dup2(null, STDIN_FILENO);
	dup2(out >= 0 ? out : null, STDOUT_FILENO);
	dup2(err >= 0 ? err : null, STDERR_FILENO);
}

/* With our environment.  out and err: -1 for /dev/null. */
pid_t child_start(char *const argv[], int out, int err)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	child_setup(out, err);
	execv(argv[0], argv);
	fprintf(stderr, "rig: cannot run %s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

/* 1: it has ended, with *status; 0: not in time */
int child_wait(pid_t pid, int timeout_ms, int *status)
{
	struct pollfd end = { .events = POLLIN };
	int ready;

	end.fd = pidfd_open(pid, 0);
	if (end.fd < 0)
		return waitpid(pid, status, 0) == pid;
	do
		ready = poll(&end, 1, timeout_ms);
	while (ready < 0 && errno == EINTR);
	close(end.fd);
	return ready > 0 && waitpid(pid, status, 0) == pid;
}

const char *status_words(int status, char *buf, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(buf, size, "killed by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(buf, size, "exit status %d", WEXITSTATUS(status));
	return buf;
}
