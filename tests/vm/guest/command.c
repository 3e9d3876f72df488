// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * command.c - run the command as its user, in a cgroup of its own
 *
 * The cgroup is how all that it has started is found and killed at its end, so
 * that its output is complete and nothing holds a context any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/vm/guest/init.h"

#define COMMAND_CGROUP	"/sys/fs/cgroup/rig"
#define KILL_WAIT_MS	(10000 * (int)time_scale())
#define GROUPS_MAX	32

struct command {
	pid_t pid;
	int out, err;		/* our ends of its pipes; -1 after their end */
	int children;		/* signalfd of SIGCHLD */
	int events;		/* cgroup.events of its cgroup */
	bool ended;
	int status;
};

/* fgetpwent and not getpwnam: this program is static, and loads no NSS. */
static struct passwd *user_find(const char *name)
{
	FILE *file = fopen("/etc/passwd", "re");
	struct passwd *user = NULL;

	while (file && (user = fgetpwent(file)) && strcmp(user->pw_name, name))
		;
	if (file)
		fclose(file);
	return user;
}

static int groups_find(const struct passwd *user, gid_t *groups)
{
	FILE *file = fopen("/etc/group", "re");
	struct group *group;
	int count = 0;
	char **member;

	groups[count++] = user->pw_gid;
	while (file && count < GROUPS_MAX && (group = fgetgrent(file))) {
		for (member = group->gr_mem; *member; member++)
			if (strcmp(*member, user->pw_name) == 0 && group->gr_gid != user->pw_gid)
				groups[count++] = group->gr_gid;
	}
	if (file)
		fclose(file);
	return count;
}

static void user_become(const struct passwd *user)
{
	gid_t groups[GROUPS_MAX + 1];
	int count = groups_find(user, groups);

	if (setgroups(count, groups) || setgid(user->pw_gid) || setuid(user->pw_uid)) {
		fprintf(stderr, "rig: cannot become %s: %s\n", user->pw_name, strerror(errno));
		_exit(126);
	}
	setenv("HOME", user->pw_dir, 1);
	setenv("USER", user->pw_name, 1);
	setenv("LOGNAME", user->pw_name, 1);
	setenv("SHELL", "/bin/sh", 1);
}

static void cgroup_write(const char *file, const char *value)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), COMMAND_CGROUP "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		fprintf(stderr, "rig: cannot write %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void command_exec(const struct job *job, const struct passwd *user, int out, int err)
{
	bool missing;

	cgroup_write("cgroup.procs", "0");
	child_setup(out, err);
	user_become(user);
	if (chdir(WORK_FOLDER)) {
		fprintf(stderr, "rig: cannot enter %s: %s\n", WORK_FOLDER, strerror(errno));
		_exit(126);
	}
	execvp(job->argv[0], job->argv);
	missing = errno == ENOENT;
	fprintf(stderr, "rig: cannot run %s: %s\n", job->argv[0], strerror(errno));
	_exit(missing ? 127 : 126);
}

static bool command_start(struct command *command, const struct job *job)
{
	const struct passwd *user = user_find(job->user);
	int out[2], err[2];

	if (!user) {
		fail("the guest has no user %s", job->user);
		return false;
	}
	mkdir(COMMAND_CGROUP, 0755);
	command->events = open(COMMAND_CGROUP "/cgroup.events", O_RDONLY | O_CLOEXEC);
	if (command->events < 0 || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		fail("cannot make the command's cgroup and pipes: %s", strerror(errno));
		return false;
	}
	command->pid = fork();
	if (command->pid == 0)
		command_exec(job, user, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	command->out = out[0];
	command->err = err[0];
	return true;
}

static void output_forward(int *fd, enum frame_type type)
{
	static char bytes[FRAME_MAX];
	ssize_t n = read(*fd, bytes, sizeof(bytes));

	if (n > 0) {
		channel_send(type, bytes, n);
	} else if (n == 0) {
		close(*fd);
		*fd = -1;
	}
}

/* As the first process, take in everyone's orphans too. */
static void children_reap(struct command *command)
{
	struct signalfd_siginfo info;
	pid_t pid;
	int status;

	if (read(command->children, &info, sizeof(info)) < 0)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == command->pid) {
			command->ended = true;
			command->status = status;
			cgroup_write("cgroup.kill", "1");
		} else {
			service_ended(pid, status);
		}
	}
}

/* Reading it also arms the fd for the next change. */
static bool cgroup_populated(int events)
{
	char text[128] = "";

	return pread(events, text, sizeof(text) - 1, 0) > 0 && strstr(text, "populated 1");
}

/* One turn of the loop; false when nothing happened in time */
static bool command_turn(struct command *command, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = command->out, .events = POLLIN },
		{ .fd = command->err, .events = POLLIN },
		{ .fd = command->children, .events = POLLIN },
		{ .fd = service_output(), .events = POLLIN },
		{ .fd = service_notices(), .events = POLLIN },
		{ .fd = command->events, .events = POLLPRI },
	};

	if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms) <= 0)
		return false;
	if (fds[0].revents)
		output_forward(&command->out, FRAME_STDOUT);
	if (fds[1].revents)
		output_forward(&command->err, FRAME_STDERR);
	if (fds[2].revents)
		children_reap(command);
	if (fds[3].revents)
		service_forward(fds[3].fd);
	if (fds[4].revents)
		service_forward(fds[4].fd);
	/* read it, or poll() says so for ever, and takes a CPU from the command */
	if (fds[5].revents)
		(void)cgroup_populated(command->events);
	return true;
}

/* SIGCHLD is blocked since system_up(), so that none is missed. */
static int children_watch(void)
{
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	return signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Returns the exit status as a shell would, 128 + n for a signal. */
int command_run(const struct job *job)
{
	struct command command = {
		.out = -1, .err = -1, .events = -1, .children = children_watch(),
	};

	if (!command_start(&command, job))
		return 125;
	while (!command.ended)
		command_turn(&command, -1);
	while (command.out >= 0 || command.err >= 0 || cgroup_populated(command.events)) {
		if (!command_turn(&command, KILL_WAIT_MS)) {
			fail("what the command left running was not dead %d s after SIGKILL",
			     KILL_WAIT_MS / 1000);
			break;
		}
	}
	close(command.children);
	close(command.events);
	if (WIFSIGNALED(command.status))
		return 128 + WTERMSIG(command.status);
	return WEXITSTATUS(command.status);
}
