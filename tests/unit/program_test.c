// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * program_test.c - svad as a program: its command line, its start and its end,
 * and svad over the fake kernel under the production filter
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "fixture.h"

/* The sanitizer's own calls are not on the list; NULL ends the arguments */
#define SANDBOX (UNDER_ASAN ? "--no-sandbox" : NULL)

struct program {
	char folder[64];
	char config[80];
	char socket[80];
	char notify[80];
	int ready;
	int output;
	pid_t pid;
	bool watchdog;
};

/* ------------------------------------------------------------ the frame */

static const char *path_of(const char *name)
{
	static char path[512];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);

	assert_true(length > 0);
	path[length] = '\0';
	/* BUILD/tests/unit/program_test */
	strcpy(strrchr(path, '/') + 1, name);
	return path;
}

static const char *svad_path(void)
{
	return path_of("../../daemon/svad");
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static void open_notify(struct program *p)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	p->ready = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(p->ready >= 0);
	name_copy(address.sun_path, p->notify, sizeof(address.sun_path));
	assert_int_equal(bind(p->ready, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(chmod(p->notify, 0666), 0);
}

static int setup(void **state)
{
	struct program *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	strcpy(p->folder, "/tmp/svad-test-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	assert_int_equal(chmod(p->folder, 0755), 0);
	snprintf(p->config, sizeof(p->config), "%s/svad.conf", p->folder);
	snprintf(p->socket, sizeof(p->socket), "%s/run/socket", p->folder);
	snprintf(p->notify, sizeof(p->notify), "%s/notify", p->folder);
	put(p->config, "[allow]\nuser = *\ncontexts-per-user = 1000\n");
	open_notify(p);
	p->output = -1;
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct program *p = *state;
	char command[128];

	if (p->pid) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	fd_close(&p->ready);
	fd_close(&p->output);
	snprintf(command, sizeof(command), "rm -rf '%s'", p->folder);
	assert_int_equal(system(command), 0);
	free(p);
	return 0;
}

/* Starts it with its output in a pipe; @listen: an fd to pass on, or -1 */
static void start(struct program *p, const char *path, const char *const arguments[],
		  int listener)
{
	int pipes[2];

	fd_close(&p->output);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (!p->pid) {
		char pid[16];

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setenv("NOTIFY_SOCKET", p->notify, 1);
		/* the leak checker needs what privilege_drop() takes away */
		setenv("ASAN_OPTIONS", strstr(path, "fake") ? "" : "detect_leaks=0", 1);
		if (p->watchdog)
			setenv("WATCHDOG_USEC", "100000", 1);
		if (listener >= 0) {
			snprintf(pid, sizeof(pid), "%d", getpid());
			setenv("LISTEN_PID", pid, 1);
			setenv("LISTEN_FDS", "1", 1);
			dup2(listener, 3);
		}
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		execv(path, (char *const *)arguments);
		_exit(127);
	}
	close(pipes[1]);
	p->output = pipes[0];
}

/* Its exit status, or 128 + signal; all that it wrote is in @text */
static int finish(struct program *p, char *text, size_t size)
{
	size_t length = 0;
	ssize_t got;
	int status;

	while (length < size - 1 &&
	       (got = read(p->output, text + length, size - 1 - length)) > 0)
		length += (size_t)got;
	text[length] = '\0';
	assert_int_equal(waitpid(p->pid, &status, 0), p->pid);
	p->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Waits for the service manager's READY=1; RELOADING=1 may come first */
static void wait_for(struct program *p, const char *what)
{
	char message[256];

	do {
		struct pollfd pollfd = { .fd = p->ready, .events = POLLIN };
		ssize_t length;

		if (poll(&pollfd, 1, 20000) != 1) {
			char text[4096];

			kill(p->pid, SIGKILL);
			finish(p, text, sizeof(text));
			fail_msg("no %s in time; it wrote: %s", what, text);
		}
		length = recv(p->ready, message, sizeof(message) - 1, 0);
		assert_true(length >= 0);
		message[length] = '\0';
	} while (!strstr(message, what));
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	name_copy(address.sun_path, path, sizeof(address.sun_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static uint32_t open_context(int fd)
{
	struct sva_msg_open request = open_message("soft0", "");
	union reply_any reply;
	int context;

	packet_send(fd, &request, sizeof(request));
	packet_receive(fd, &reply, &context);
	if (context >= 0)
		close(context);
	return reply.msg.reason;
}

static void check_output(struct program *p, const char *path, const char *const arguments[],
			 int status, const char *says)
{
	char text[8192];
	int got;

	start(p, path, arguments, -1);
	got = finish(p, text, sizeof(text));
	if (got != status || !strstr(text, says))
		fail_msg("exit status %d and not %d, or no '%s' in: %s", got, status, says, text);
}

#define ARGUMENTS(...) ((const char *const[]){ "svad", __VA_ARGS__, NULL })

/* Started by root it becomes nobody; otherwise it stays whoever the test is */
static void start_svad(struct program *p, int listener)
{
	if (geteuid())
		start(p, svad_path(), ARGUMENTS("--config", p->config, "--socket", p->socket,
						SANDBOX), listener);
	else
		start(p, svad_path(), ARGUMENTS("--config", p->config, "--socket", p->socket,
						"--user", "nobody", SANDBOX), listener);
	wait_for(p, "READY=1");
}

static void stop_svad(struct program *p, const char *says)
{
	char text[8192];
	int status;

	assert_int_equal(kill(p->pid, SIGTERM), 0);
	status = finish(p, text, sizeof(text));
	if (status || !strstr(text, says))
		fail_msg("exit status %d, or no '%s' in: %s", status, says, text);
}

/* -------------------------------------------------------- command line */

static void it_helps_and_tells_its_version(void **state)
{
	struct program *p = *state;

	check_output(p, svad_path(), ARGUMENTS("--help"), 0, "--check-config");
	check_output(p, svad_path(), ARGUMENTS("--version"), 0, "svad " SVA_VERSION);
	check_output(p, svad_path(), ARGUMENTS("stray"), 64, "Usage");
}

static void it_checks_a_policy(void **state)
{
	struct program *p = *state;
	char says[128];

	check_output(p, svad_path(), ARGUMENTS("--check-config", p->config), 0, "is good; rules: 1");
	check_output(p, svad_path(), ARGUMENTS("--config", p->config, "--check-config"), 0, "is good");
	put(p->config, "[allow]\nuser = *\nusr = 1\n");
	snprintf(says, sizeof(says), "%s:3:1: 'usr' is not a key", p->config);
	check_output(p, svad_path(), ARGUMENTS("--check-config", p->config), 1, says);
	check_output(p, svad_path(), ARGUMENTS("--check-config", "/nonexistent"), 1, "No such file");
	/* nothing of it is for the terminal */
	put(p->config, "[allow]\nuser = \033[31mx\n");
	check_output(p, svad_path(), ARGUMENTS("--check-config", p->config), 1, "'?[31mx'");
	put(p->config, "# nothing\n");
	check_output(p, svad_path(), ARGUMENTS("--check-config", p->config), 0, "nobody is allowed");
}

static void the_policies_in_the_tree_are_good(void **state)
{
	struct program *p = *state;

	check_output(p, svad_path(), ARGUMENTS("--check-config", "systemd/svad.conf"), 0,
		     "nobody is allowed anything");
}

/* R12 */
static void it_does_not_run_as_root(void **state)
{
	struct program *p = *state;

	fixture_need_root();
	check_output(p, svad_path(), ARGUMENTS("--config", p->config, "--socket", p->socket), 1,
		     "svad does not run as root");
	check_output(p, svad_path(), ARGUMENTS("--config", p->config, "--socket", p->socket,
					       "--user", "root"), 1, "'root' is root");
	check_output(p, svad_path(), ARGUMENTS("--config", p->config, "--socket", p->socket,
					       "--user", "no-such-user"), 1, "no user 'no-such-user'");
}

static void it_does_not_start_with_a_bad_policy(void **state)
{
	struct program *p = *state;

	put(p->config, "[allow]\n");
	check_output(p, svad_path(), ARGUMENTS("--config", p->config, "--socket", p->socket,
					       "--user", "nobody"), 1, "names nobody");
}

/* ------------------------------------------------------------ serving */

static void check_status(pid_t pid, const char *line)
{
	char path[64], text[8192];
	int fd;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	length = read(fd, text, sizeof(text) - 1);
	assert_true(length > 0);
	text[length] = '\0';
	close(fd);
	if (!strstr(text, line))
		fail_msg("no '%s' in %s", line, text);
}

/* R12: what is left of root's power once it serves */
static void it_keeps_no_power(void **state)
{
	struct program *p = *state;

	fixture_need_root();
	start_svad(p, -1);
	check_status(p->pid, "\nCapPrm:\t0000000000000000\n");
	check_status(p->pid, "\nCapEff:\t0000000000000000\n");
	check_status(p->pid, "\nCapBnd:\t0000000000000000\n");
	check_status(p->pid, "\nCapAmb:\t0000000000000000\n");
	check_status(p->pid, "\nNoNewPrivs:\t1\n");
	check_status(p->pid, "\nGroups:\t \n");
	check_status(p->pid, "\nThreads:\t1\n");
	if (!SANDBOX)
		check_status(p->pid, "\nSeccomp:\t2\n");
	stop_svad(p, "stopping on signal 15");
}

static void it_serves_reloads_and_stops(void **state)
{
	struct program *p = *state;
	struct stat status;
	int fd;

	start_svad(p, -1);
	assert_int_equal(stat(p->socket, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0666);
	fd = connect_to(p->socket);
	assert_int_equal(open_context(fd), SVA_REASON_NO_DEVICE);
	put(p->config, "[allow]\nuser = no-such-user-here, root\n");
	assert_int_equal(kill(p->pid, SIGHUP), 0);
	wait_for(p, "READY=1");
	assert_int_equal(open_context(fd), SVA_REASON_NO_DEVICE);
	put(p->config, "[allow]\nuser = root\ngroup = root\n");
	assert_int_equal(kill(p->pid, SIGHUP), 0);
	wait_for(p, "READY=1");
	assert_int_equal(open_context(fd), SVA_REASON_NO_DEVICE);
	close(fd);
	stop_svad(p, "is in force");
}

static void it_feeds_the_watchdog(void **state)
{
	struct program *p = *state;

	p->watchdog = true;
	start_svad(p, -1);
	wait_for(p, "WATCHDOG=1");
	wait_for(p, "WATCHDOG=1");
	stop_svad(p, "stopping");
}

/* The service manager owns the path: it is there before svad, and afterwards */
static void it_serves_the_service_managers_socket(void **state)
{
	struct program *p = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0), fd;

	assert_true(listener >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/managed", p->folder);
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(chmod(address.sun_path, 0666), 0);
	assert_int_equal(listen(listener, 5), 0);
	fd = connect_to(address.sun_path);
	start_svad(p, listener);
	close(listener);
	assert_int_equal(open_context(fd), SVA_REASON_NO_DEVICE);
	close(fd);
	assert_int_not_equal(access(p->socket, F_OK), 0);
	stop_svad(p, "stopping");
	assert_int_equal(access(address.sun_path, F_OK), 0);
}

static void what_is_passed_on_has_to_be_a_listening_socket(void **state)
{
	struct program *p = *state;
	char text[4096];
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	start(p, svad_path(), ARGUMENTS("--config", p->config, "--user", "nobody"), pair[0]);
	assert_int_equal(finish(p, text, sizeof(text)), 1);
	assert_non_null(strstr(text, "no listening SOCK_SEQPACKET socket"));
	close(pair[0]);
	close(pair[1]);
}

/* Every path of a running svad, with the filter that kills */
static void all_that_it_does_is_on_the_list(void **state)
{
	struct program *p = *state;
	struct sva_msg_explain explain = explain_message("", "");
	struct sva_msg_list_devices devices = {
		.msg = header(SVA_MSG_LIST_DEVICES, sizeof(devices)),
	};
	struct sva_msg_list_contexts contexts = {
		.msg = header(SVA_MSG_LIST_CONTEXTS, sizeof(contexts)), .device = "soft0",
	};
	union reply_any reply;
	char path[80];
	int fd, other;

	snprintf(path, sizeof(path), "%s/socket", p->folder);
	start(p, path_of("fake_svad"), ARGUMENTS(path, p->config, SANDBOX), -1);
	wait_for(p, "READY=1");
	fd = connect_to(path);
	for (int i = 0; i < 200; i++)
		assert_int_equal(open_context(fd), 0);
	packet_send(fd, &explain, sizeof(explain));
	packet_receive(fd, &reply, NULL);
	assert_int_equal(reply.explained.permitted, 1);
	packet_send(fd, &devices, sizeof(devices));
	packet_receive(fd, &reply, NULL);
	assert_int_equal(reply.devices.count, 1);
	packet_send(fd, &contexts, sizeof(contexts));
	packet_receive(fd, &reply, NULL);
	assert_int_equal(reply.msg.error, 0);
	other = connect_to(path);
	packet_send(other, "x", 1);
	packet_receive(other, &reply, NULL);
	assert_int_equal(reply.msg.reason, SVA_REASON_PROTOCOL);
	close(other);
	put(p->config, "[limits]\nconnections = 1\n[allow]\nuser = *\ngroup = root\n");
	assert_int_equal(kill(p->pid, SIGHUP), 0);
	wait_for(p, "READY=1");
	/* who has not read its reply keeps its place, and who has makes room */
	packet_send(fd, &devices, sizeof(devices));
	other = connect_to(path);
	packet_receive(other, &reply, NULL);
	assert_int_equal(reply.msg.reason, SVA_REASON_BUSY);
	close(other);
	packet_receive(fd, &reply, NULL);
	assert_int_equal(reply.msg.error, 0);
	other = connect_to(path);
	assert_int_equal(packet_receive(fd, &reply, NULL), 0);
	open_context(other);
	close(other);
	close(fd);
	stop_svad(p, "stopping");
}

/* ------------------------------------------------- svactl, end to end */

/* svactl's exit status has to be this, and its output has to have that */
static void svactl_says(struct program *p, int status, const char *says,
			const char *const more[])
{
	const char *arguments[16] = { "svactl", "--socket", NULL };
	char text[16384], socket[80];
	int pipes[2], got, count = 3;
	size_t length = 0;
	ssize_t part;
	pid_t child;

	snprintf(socket, sizeof(socket), "%s/socket", p->folder);
	arguments[2] = socket;
	while ((arguments[count] = *more++))
		assert_in_range(++count, 0, 15);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		execv(path_of("../../tools/svactl"), (char *const *)arguments);
		_exit(127);
	}
	close(pipes[1]);
	while ((part = read(pipes[0], text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)part;
	text[length] = '\0';
	close(pipes[0]);
	assert_int_equal(waitpid(child, &got, 0), child);
	if (!WIFEXITED(got) || WEXITSTATUS(got) != status || !strstr(text, says))
		fail_msg("svactl %s: wait status %#x and not %d, or no '%s' in: %s", arguments[3],
			 (unsigned int)got, status, says, text);
}

#define SVACTL(status, says, ...) \
	svactl_says(p, status, says, (const char *const[]){ __VA_ARGS__, NULL })

static void start_fake(struct program *p, const char *state)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/socket", p->folder);
	start(p, path_of("fake_svad"), ARGUMENTS(path, p->config, "--state", state, SANDBOX), -1);
	wait_for(p, "READY=1");
}

/* All under the production filter, as above */
static void svactl_rules_over_svad(struct program *p, const char *state)
{
	SVACTL(0, "allowed", "explain", "soft0");
	SVACTL(0, "svad.conf:1: [allow] user = *", "explain", "--user", "nobody", "soft0");
	SVACTL(0, "\"line\": 1", "--json", "explain", "--user", "1234", "soft0");
	SVACTL(1, "no-such-device", "explain", "nosuch");
	SVACTL(0, "1\n", "grant", "add", "soft0", "--contexts", "3", "--user", "1234");
	SVACTL(0, "\"grant\": 2", "-j", "grant", "add", "soft0", "-n", "1", "-u", "nobody");
	SVACTL(1, "no-such-cgroup", "grant", "add", "soft0", "-n", "1", "-g", "/no/such/cgroup");
	SVACTL(0, "1234", "grant", "list");
	SVACTL(0, "by grant: 1", "explain", "-u", "1234", "soft0");
	SVACTL(0, "\"uid\": 1234", "--json", "grant", "list");
	stop_svad(p, "stopping");
	start_fake(p, state);
	SVACTL(0, "1234", "grant", "list");
	SVACTL(0, "end now: 0", "grant", "remove", "1");
	SVACTL(1, "no-such-grant", "grant", "remove", "1");
	SVACTL(0, "\"revoked\": 0", "-j", "grant", "remove", "2");
	SVACTL(1, "no-such-context", "revoke", "soft0", "77");
	SVACTL(1, "no-such-context", "revoke", "77");
	SVACTL(0, "reset has begun", "reset", "soft0");
	SVACTL(0, "# TYPE svad_requests counter\n", "stats", "--metrics");
	SVACTL(0, "\n# EOF\n", "stats", "--metrics");
	SVACTL(0, "\"contexts_opened\"", "stats", "--json");
	SVACTL(0, "uptime_seconds", "stats");
}

static void svactl_does_what_it_says(void **state)
{
	struct program *p = *state;
	char file[80];

	fixture_need_root();
	snprintf(file, sizeof(file), "%s/grants", p->folder);
	start_fake(p, file);
	svactl_rules_over_svad(p, file);
	/* what the filter has to let pass: cgroups, and judging what exists */
	put(p->config, "[reload]\nexisting-contexts = revoke\n[deny]\ncgroup = /no/such\n"
		       "[allow]\nuser = root\ncontexts-per-cgroup = 5\n");
	assert_int_equal(kill(p->pid, SIGHUP), 0);
	wait_for(p, "READY=1");
	SVACTL(0, "allowed", "explain", "soft0");
	stop_svad(p, "is in force");
}

static void svactl_tells_a_wrong_command_line(void **state)
{
	struct program *p = *state;

	SVACTL(2, "is no verb", "nosuch");
	SVACTL(2, "one half of a verb", "grant");
	SVACTL(2, "one half of a verb", "grant", "give");
	SVACTL(2, "say what to do", "--json");
	SVACTL(2, "unrecognized option '--metrics'", "list", "--metrics");
	SVACTL(2, "--contexts", "grant", "add", "soft0", "-u", "root");
	SVACTL(2, "either --cgroup or --user", "grant", "add", "soft0", "-n", "1");
	SVACTL(2, "either --cgroup or --user", "grant", "add", "soft0", "-n", "1", "-u", "0", "-g", "/a");
	SVACTL(2, "no number of contexts", "grant", "add", "soft0", "-n", "0", "-u", "0");
	SVACTL(2, "no user 'no-such-user'", "explain", "-u", "no-such-user");
	SVACTL(2, "number of a grant", "grant", "remove", "x");
	SVACTL(2, "is a number", "revoke", "soft0");
	SVACTL(2, "it needs ID", "info");
	SVACTL(2, "no interval", "top", "--interval", "0");
	SVACTL(2, "no number of times", "watch", "--count", "x");
	SVACTL(2, "a UUID", "partition", "create", "soft0", "mine");
	SVACTL(2, "is a number", "revoke", "soft0", "x");
	SVACTL(2, "it needs DEVICE", "reset");
	SVACTL(2, "not both", "stats", "--json", "--metrics");
	SVACTL(2, "too many", "list", "soft0", "soft1");
	SVACTL(1, "svad does not listen", "stats");
	SVACTL(1, "\"reason\": \"no-daemon\"", "-j", "grant", "list");
	SVACTL(1, "svad does not listen", "watch");
}

/* -------------------------------------------------------------- crowds */

#define CROWD 10000

static void files_raise(struct rlimit *before)
{
	struct rlimit files;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, before), 0);
	files = *before;
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
}

static uint64_t heap_of(int fd)
{
	struct sva_msg_number request = { .msg = header(SVA_MSG_STATS, sizeof(request)) };
	union reply_any reply;

	packet_send(fd, &request, sizeof(request));
	packet_receive(fd, &reply, NULL);
	assert_int_equal(reply.msg.reason, 0);
	return reply.stats.values[SVA_STAT_HEAP];
}

/* R8: ten thousand who say nothing, or as many as may have files here */
static void a_crowd_of_idle_clients_costs_little_and_slows_nobody(void **state)
{
	static int crowd[CROWD];
	struct program *p = *state;
	struct rlimit before;
	uint64_t empty, full;
	char path[80];
	int size, fd;

	fixture_need_root();
	files_raise(&before);
	/* svad takes three files a client, and has some of its own */
	size = before.rlim_max < 3 * CROWD + 200 ? (int)(before.rlim_max - 200) / 3 : CROWD;
	snprintf(path, sizeof(path), "%s/socket", p->folder);
	put(p->config, "[limits]\nconnections = 10000\nconnections-per-user = 10000\n"
		       "requests-per-second = 100000\n[allow]\nuser = *\n");
	start(p, path_of("fake_svad"), ARGUMENTS(path, p->config, SANDBOX), -1);
	wait_for(p, "READY=1");
	fd = connect_to(path);
	empty = heap_of(fd);
	for (int i = 0; i < size - 1; i++)
		crowd[i] = connect_to(path);
	/* behind them all in the backlog: its answer means that they were taken */
	crowd[size - 1] = connect_to(path);
	assert_int_equal(open_context(crowd[size - 1]), 0);
	full = heap_of(fd);
	print_message("%d idle clients, %llu bytes of heap each\n", size,
		      (unsigned long long)(full - empty) / (unsigned int)size);
	if (!UNDER_ASAN)
		assert_in_range((full - empty) / (unsigned int)size, 1, 1024);
	assert_int_equal(open_context(fd), 0);
	for (int i = 0; i < size; i++)
		close(crowd[i]);
	assert_int_equal(open_context(fd), 0);
	close(fd);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	stop_svad(p, "stopping");
}

static int fds_of(pid_t pid)
{
	char path[64];
	DIR *folder;
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	folder = opendir(path);
	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

/* Connects, asks, and dies in the middle of whatever svad does about it */
static void ask_and_die(const char *path, int requests)
{
	struct sva_msg_open request = open_message("soft0", "");
	int fd = connect_to(path);

	for (int i = 0; i < requests; i++)
		(void)!send(fd, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT);
	_exit(0);
}

/* R8: on as many CPUs as there are, so that svad meets the death half way */
static void clients_that_die_leave_nothing_behind(void **state)
{
	struct program *p = *state;
	char path[80];
	int before, left = 0;

	snprintf(path, sizeof(path), "%s/socket", p->folder);
	put(p->config, "[limits]\nconnections-per-user = 1000\n[allow]\nuser = *\ncontexts-per-user = 100000\n");
	start(p, path_of("fake_svad"), ARGUMENTS(path, p->config, SANDBOX), -1);
	wait_for(p, "READY=1");
	before = fds_of(p->pid);
	for (int i = 0; i < 1000; i++) {
		pid_t child = fork();

		assert_true(child >= 0);
		if (!child)
			ask_and_die(path, 1 + i % 5);
		assert_int_equal(waitpid(child, NULL, 0), child);
	}
	/* nothing tells when svad has seen the last of them: ask again for a while */
	for (int i = 0; i < 1000 && (left = fds_of(p->pid) - before) > 0; i++)
		usleep(10000);
	/* it may have been at its last sd_notify() when they were counted */
	assert_in_range(left + 1, 0, 1);
	stop_svad(p, "stopping");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(it_helps_and_tells_its_version),
		TEST(it_checks_a_policy),
		TEST(the_policies_in_the_tree_are_good),
		TEST(it_does_not_run_as_root),
		TEST(it_does_not_start_with_a_bad_policy),
		TEST(it_keeps_no_power),
		TEST(it_serves_reloads_and_stops),
		TEST(it_feeds_the_watchdog),
		TEST(it_serves_the_service_managers_socket),
		TEST(what_is_passed_on_has_to_be_a_listening_socket),
		TEST(all_that_it_does_is_on_the_list),
		TEST(svactl_does_what_it_says),
		TEST(svactl_tells_a_wrong_command_line),
		TEST(a_crowd_of_idle_clients_costs_little_and_slows_nobody),
		TEST(clients_that_die_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
