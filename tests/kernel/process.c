// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * process.c - other processes for the tests, see process.h
 */
#include "process.h"

#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

extern char **environ;

int test_scale(void)
{
	const char *text = getenv("SVA_TEST_SCALE");
	int scale = text ? atoi(text) : 1;

	return scale > 0 ? scale : 1;
}

void child_start(struct child *child, void (*run)(int line, void *arg), void *arg)
{
	int ends[2];

	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
	child->pid = (pid_t)MUST(fork());
	if (child->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[0]);
		run(ends[1], arg);
		fflush(stdout);
		_exit(0);
	}
	close(ends[1]);
	child->line = ends[0];
}

int child_reap(struct child *child)
{
	int status;

	CHECK(waitpid(child->pid, &status, 0) == child->pid, "%s", strerror(errno));
	close(child->line);
	child->pid = -1;
	return status;
}

void child_join(struct child *child)
{
	int status = child_reap(child);

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	      "a child of the test failed, wait status 0x%x", status);
}

void child_kill(struct child *child)
{
	MUST(kill(child->pid, SIGKILL));
	child_reap(child);
}

void word_send(int line, uint64_t word)
{
	CHECK(send(line, &word, sizeof(word), MSG_NOSIGNAL) == sizeof(word),
	      "the other process is gone: %s", strerror(errno));
}

uint64_t word_receive(int line)
{
	uint64_t word;
	ssize_t n = recv(line, &word, sizeof(word), 0);

	CHECK(n == sizeof(word), "the other process is gone (%zd)", n);
	return word;
}

union fd_control {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int))];
};

void fd_send(int line, int fd)
{
	char byte = 'f';
	struct iovec iov = { &byte, 1 };
	union fd_control control = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	MUST(sendmsg(line, &msg, MSG_NOSIGNAL));
}

int fd_receive(int line)
{
	char byte;
	struct iovec iov = { &byte, 1 };
	union fd_control control = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	int fd;

	CHECK(recvmsg(line, &msg, MSG_CMSG_CLOEXEC) == 1, "no message with a descriptor");
	c = CMSG_FIRSTHDR(&msg);
	CHECK(c && c->cmsg_type == SCM_RIGHTS, "a message without a descriptor");
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int process_open(pid_t pid)
{
	return (int)MUST(syscall(SYS_pidfd_open, pid, 0));
}

bool fd_readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t end = now_ns() + (uint64_t)timeout_ms * 1000000;
	int n;

	do {
		int64_t left = (int64_t)(end - now_ns()) / 1000000;

		n = poll(&p, 1, left > 0 ? (int)left : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

void user_become(const char *name)
{
	struct passwd *user = getpwnam(name);

	CHECK(user, "there is no user %s here", name);
	MUST(initgroups(name, user->pw_gid));
	MUST(setresgid(user->pw_gid, user->pw_gid, user->pw_gid));
	MUST(setresuid(user->pw_uid, user->pw_uid, user->pw_uid));
}

void run_errand(int line, void *arg)
{
	struct errand *errand = arg;

	user_become(errand->user);
	errand->run(line);
}

void as_user(const char *user, void (*run)(int line))
{
	struct errand errand = { user, run };
	struct child child;

	child_start(&child, run_errand, &errand);
	child_join(&child);
}

static int exit_code(pid_t pid)
{
	int status;

	CHECK(waitpid(pid, &status, 0) == pid, "%s", strerror(errno));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_run(const char *const argv[])
{
	pid_t pid;
	int err = posix_spawnp(&pid, argv[0], NULL, NULL, (char *const *)argv, environ);

	CHECK(err == 0, "%s: %s", argv[0], strerror(err));
	return exit_code(pid);
}

int program_output(const char *const argv[], char *out, size_t size)
{
	posix_spawn_file_actions_t actions;
	size_t used = 0;
	int ends[2], err;
	ssize_t n;
	pid_t pid;

	MUST(pipe(ends));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
	posix_spawn_file_actions_addclose(&actions, ends[0]);
	err = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)argv, environ);
	CHECK(err == 0, "%s: %s", argv[0], strerror(err));
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	while (used < size - 1 && (n = read(ends[0], out + used, size - 1 - used)) > 0)
		used += (size_t)n;
	out[used] = '\0';
	close(ends[0]);
	return exit_code(pid);
}

bool wait_until(bool (*done)(void *arg), void *arg, int timeout_ms)
{
	uint64_t end = now_ns() + (uint64_t)timeout_ms * 1000000;
	struct timespec pause = { 0, 100000 };

	while (!done(arg)) {
		if (now_ns() > end)
			return false;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 20000000)
			pause.tv_nsec *= 2;
	}
	return true;
}

void *pages_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED, "mmap of %zu bytes: %s", size, strerror(errno));
	return p;
}

void *shared_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED, "mmap of %zu bytes: %s", size, strerror(errno));
	return p;
}

void *guarded_alloc(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t whole = (size + page - 1) / page * page;
	char *p = mmap(NULL, whole + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHECK(p != MAP_FAILED, "mmap of %zu bytes: %s", size, strerror(errno));
	MUST(mprotect(p + page, whole, PROT_READ | PROT_WRITE));
	return p + page;
}

volatile uintptr_t nowhere[] = {
	0, 8, 0x1000,
#if UINTPTR_MAX > UINT32_MAX
	0x8000000000000000,	/* not canonical */
	0xffff888000000000,	/* the kernel's direct map */
	0xffffffff81000000,	/* the kernel's text */
#endif
	UINTPTR_MAX - 7, UINTPTR_MAX & ~(uintptr_t)0xfff,
};

const unsigned int nowheres = sizeof(nowhere) / sizeof(nowhere[0]);
