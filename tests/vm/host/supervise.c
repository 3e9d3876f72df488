// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * supervise.c - run QEMU, never longer than asked, and judge the run
 *
 * tests/vm/run becomes this program, so that whoever kills the one kills the
 * other; QEMU is killed by the kernel when this program is gone, however it went.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/host/supervise.h"

#define FRAMES_FD	3	/* QEMU's ends, as tests/vm/run tells it */
#define CONSOLE_FD	4
#define TAIL_LINES	30
#define LAST_WORDS_MS	10000	/* for the console to get through */

struct run {
	const char *console_path, *service_path;
	int timeout_s;
	bool verbose, quiet;
	char **qemu;

	pid_t pid;
	int frames_fd, console_fd, words_fd, signals_fd;
	long started, deadline;
	long ready_ms;
	bool gone;		/* QEMU has ended, with */
	int qemu_status;
	bool timed_out, confused;
	int signal;		/* that ended us */
	struct console console;
	struct frames frames;
	struct words words;
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool options_read(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		{ "name", required_argument, NULL, 'n' },
		{ "timeout", required_argument, NULL, 't' },
		{ "console", required_argument, NULL, 'c' },
		{ "service-log", required_argument, NULL, 's' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "quiet", no_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", options, NULL)) >= 0) {
		switch (option) {
		case 'n': report_name = optarg; break;
		case 't': run->timeout_s = atoi(optarg); break;
		case 'c': run->console_path = optarg; break;
		case 's': run->service_path = optarg; break;
		case 'v': run->verbose = true; break;
		case 'q': run->quiet = true; break;
		default: return false;
		}
	}
	run->qemu = argv + optind;
	return run->timeout_s > 0 && run->console_path && run->service_path && *run->qemu;
}

static FILE *log_open(const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file)
		report("cannot write %s: %s", path, strerror(errno));
	return file;
}

static void signals_open(struct run *run)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	run->signals_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* In the child.  An fd that is in its place already must lose its close-on-exec. */
static void fd_place(int fd, int place)
{
	if (fd == place)
		fcntl(fd, F_SETFD, 0);
	else
		dup2(fd, place);
}

static void qemu_exec(struct run *run, pid_t parent, int frames, int console, int words)
{
	int null = open("/dev/null", O_RDONLY);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	/* Out of the way of each other's places first */
	frames = fcntl(frames, F_DUPFD_CLOEXEC, 20);
	console = fcntl(console, F_DUPFD_CLOEXEC, 20);
	fd_place(null, STDIN_FILENO);
	fd_place(words, STDOUT_FILENO);
	fd_place(words, STDERR_FILENO);
	fd_place(frames, FRAMES_FD);
	fd_place(console, CONSOLE_FD);
	setpgid(0, 0);
	execv(run->qemu[0], run->qemu);
	fprintf(stderr, "cannot run %s: %s\n", run->qemu[0], strerror(errno));
	_exit(127);
}

static bool qemu_start(struct run *run)
{
	int frames[2], console[2], words[2];
	pid_t parent = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, frames) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console) ||
	    pipe2(words, O_CLOEXEC)) {
		report("cannot make QEMU's sockets: %s", strerror(errno));
		return false;
	}
	run->pid = fork();
	if (run->pid == 0)
		qemu_exec(run, parent, frames[1], console[1], words[1]);
	close(frames[1]);
	close(console[1]);
	close(words[1]);
	run->frames_fd = frames[0];
	run->console_fd = console[0];
	run->words_fd = words[0];
	return run->pid > 0;
}

static void fd_end(int *fd)
{
	close(*fd);
	*fd = -1;
}

static void frames_read(struct run *run)
{
	unsigned char bytes[16384];
	ssize_t n = read(run->frames_fd, bytes, sizeof(bytes));

	if (n <= 0) {
		fd_end(&run->frames_fd);
	} else if (!frames_add(&run->frames, bytes, n)) {
		run->confused = true;
		fd_end(&run->frames_fd);
	}
	if (run->frames.ready && !run->ready_ms)
		run->ready_ms = now_ms() - run->started;
}

static void console_read(struct run *run)
{
	char bytes[16384];
	ssize_t n = read(run->console_fd, bytes, sizeof(bytes));

	if (n <= 0)
		fd_end(&run->console_fd);
	else
		console_add(&run->console, bytes, n);
}

/* What QEMU itself says is always worth showing: it is silent by nature. */
static void words_read(struct run *run)
{
	char bytes[4096];
	ssize_t n = read(run->words_fd, bytes, sizeof(bytes));

	if (n > 0) {
		words_add(&run->words, bytes, n);
		return;
	}
	words_end(&run->words);
	fd_end(&run->words_fd);
}

static void signals_read(struct run *run)
{
	struct signalfd_siginfo info;

	while (read(run->signals_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGCHLD)
			run->signal = info.ssi_signo;
		else if (waitpid(run->pid, &run->qemu_status, WNOHANG) == run->pid)
			run->gone = true;
	}
}

static void turn(struct run *run, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = run->frames_fd, .events = POLLIN },
		{ .fd = run->console_fd, .events = POLLIN },
		{ .fd = run->words_fd, .events = POLLIN },
		{ .fd = run->signals_fd, .events = POLLIN },
	};

	if (poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms) <= 0)
		return;
	if (fds[0].revents)
		frames_read(run);
	if (fds[1].revents)
		console_read(run);
	if (fds[2].revents)
		words_read(run);
	if (fds[3].revents)
		signals_read(run);
}

static bool is_over(const struct run *run)
{
	return run->gone || run->signal || run->confused ||
		(run->frames.ended && run->console.last_words);
}

static void follow(struct run *run)
{
	bool bounded = false;
	long left;

	while (!is_over(run)) {
		left = run->deadline - now_ms();
		if (left <= 0) {
			run->timed_out = !run->frames.ended;
			return;
		}
		turn(run, left);
		if (run->frames.ended && !bounded) {
			bounded = true;
			if (run->deadline > now_ms() + LAST_WORDS_MS)
				run->deadline = now_ms() + LAST_WORDS_MS;
		}
	}
}

/* Kill QEMU, and take what it had still sent */
static void finish(struct run *run)
{
	if (!run->gone) {
		kill(run->pid, SIGKILL);
		waitpid(run->pid, &run->qemu_status, 0);
	}
	run->gone = true;
	while (run->console_fd >= 0)
		console_read(run);
	while (run->frames_fd >= 0)
		frames_read(run);
	while (run->words_fd >= 0)
		words_read(run);
}

static bool command_failed(const struct run *run)
{
	return run->frames.has_status && run->frames.status;
}

/* The device that is loaded into QEMU does not understand it, and has said why */
static bool not_run(const struct run *run)
{
	return !run->frames.ready && WIFEXITED(run->qemu_status) &&
	       WEXITSTATUS(run->qemu_status) == STATUS_NOT_RUN;
}

static int judge_unfinished(struct run *run)
{
	if (not_run(run)) {
		report("not run: what QEMU says above is why, and what to do");
		return STATUS_NOT_RUN;
	}
	if (run->signal) {
		report("stopped by signal %d (%s)", run->signal, strsignal(run->signal));
		return 128 + run->signal;
	}
	if (run->timed_out)
		report("timeout: the run was not done after %d s (%s)", run->timeout_s,
		       run->frames.ready ? "the command was running" : "the guest was starting");
	else if (run->console.panicked)
		report("the guest's kernel panicked");
	else if (!run->confused)
		report("QEMU ended before the run did");
	console_tail(run->console_path, TAIL_LINES);
	if (run->timed_out)
		return STATUS_TIMEOUT;
	return command_failed(run) ? (int)(run->frames.status & 0xff) : STATUS_RIG;
}

static int judge(struct run *run)
{
	bool failed = run->console.bad || run->frames.failures;

	if (!run->frames.ended)
		return judge_unfinished(run);
	if (!run->console.last_words) {
		report("the console did not get through in time: what the kernel said is not complete");
		failed = true;
	}
	if (!run->frames.has_status) {
		report("the command was not run");
		failed = true;
	}
	if (run->frames.service_failed)
		console_tail(run->service_path, TAIL_LINES);
	if (command_failed(run))
		return run->frames.status & 0xff;
	return failed ? STATUS_RIG : 0;
}

int main(int argc, char **argv)
{
	static struct run run;
	int status;

	if (!options_read(&run, argc, argv)) {
		fprintf(stderr, "usage: supervise --timeout S --console FILE --service-log FILE [--name NAME] [--verbose] [--quiet] -- QEMU...\n");
		return 2;
	}
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* Should our own reader block us: the kernel ends us, and with us QEMU. */
	alarm(run.timeout_s + 20);
	signals_open(&run);
	run.console.file = log_open(run.console_path);
	run.frames.service = log_open(run.service_path);
	run.started = now_ms();
	run.deadline = run.started + run.timeout_s * 1000L;
	if (!run.console.file || !run.frames.service || !qemu_start(&run))
		return STATUS_RIG;
	follow(&run);
	finish(&run);
	status = judge(&run);
	if (ftell(run.frames.service) == 0)
		unlink(run.service_path);
	if (run.verbose)
		report("%.1f s to the command, %.1f s in all", run.ready_ms / 1000.0,
		       (now_ms() - run.started) / 1000.0);
	if (!run.quiet)
		report("console log: %s", run.console_path);
	return status;
}
