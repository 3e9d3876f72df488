// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * identity_test.c - who is asking (R10, R2): each test is an attack
 *
 * Clients are processes of their own, svad is in the test's, which turns its loop
 * until they have ended.
 */
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "fixture.h"

#define SKIPPED	77	/* exit status of a client that cannot do what it should here */

/* ------------------------------------------------------------- clients */

static int connect_to(struct fixture *f)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	name_copy(address.sun_path, f->socket, sizeof(address.sun_path));
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		_exit(90);
	return fd;
}

/* In a client: asks and waits; the reason */
static uint32_t ask(int fd, const void *request, size_t size)
{
	union reply_any reply;

	if (send(fd, request, size, MSG_NOSIGNAL) != (ssize_t)size)
		return UINT32_MAX;
	if (recv(fd, &reply, sizeof(reply), 0) < (ssize_t)sizeof(struct sva_msg))
		return UINT32_MAX;
	return reply.msg.reason;
}

static uint32_t ask_open(int fd)
{
	struct sva_msg_open request = open_message("soft0", "");

	return ask(fd, &request, sizeof(request));
}

static uint32_t ask_stats(int fd)
{
	struct sva_msg_number request = { .msg = header(SVA_MSG_STATS, sizeof(request)) };

	return ask(fd, &request, sizeof(request));
}

static void become(uid_t uid)
{
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		_exit(91);
}

/* A client tells a reason by its exit status */
static void tell(uint32_t reason)
{
	_exit(reason < 200 ? (int)reason : (int)reason - 200);
}

/* Turns svad's loop until the process has ended; its exit status, or 128 + signal */
static int run_until_end(struct fixture *f, pid_t child)
{
	int status;

	while (!waitpid(child, &status, WNOHANG))
		assert_true(sd_event_run(f->event, 1000) >= 0);
	fixture_run(f);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static pid_t client_start(struct fixture *f, void (*client)(struct fixture *f))
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	client(f);
	_exit(0);
}

static void check_client(struct fixture *f, void (*client)(struct fixture *f), uint32_t reason)
{
	int status = run_until_end(f, client_start(f, client));

	if (status == SKIPPED) {
		print_message("this cannot be tried here\n");
		skip();
	}
	assert_int_equal(status, reason < 200 ? reason : reason - 200);
}

/* -------------------------------------------- sockets in other hands */

static int passed;

static void child_asks_on_a_parents_socket(struct fixture *f)
{
	(void)f;
	become(MALLORY);
	tell(ask_open(passed));
}

static void a_child_gets_nothing_by_its_parents_socket(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = 1000\n");
	fake = fixture_plug(f, "soft0", 10);
	passed = fixture_connect(f, ALICE);
	fcntl(passed, F_SETFL, 0);
	check_client(f, child_asks_on_a_parents_socket, SVA_REASON_OTHER_SENDER);
	/* neither for itself nor at the parent's expense */
	assert_int_equal(fake_contexts(fake), 0);
	fcntl(passed, F_SETFL, O_NONBLOCK);
	assert_int_equal(fixture_open(f, passed, "soft0", NULL), 0);
	close(passed);
}

static void child_rules_by_roots_socket(struct fixture *f)
{
	(void)f;
	become(MALLORY);
	tell(ask_stats(passed));
}

static void nobody_rules_by_a_socket_that_root_has_connected(void **state)
{
	struct fixture *f = *state;

	fixture_need_root();
	fixture_start(f, "");
	passed = fixture_connect(f, 0);
	fcntl(passed, F_SETFL, 0);
	check_client(f, child_rules_by_roots_socket, SVA_REASON_OTHER_SENDER);
	close(passed);
}

/* The socket comes as a present, over another socket */
static void receives_a_socket_and_asks(struct fixture *f)
{
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(sizeof(int))];
	} control;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd;

	(void)f;
	become(MALLORY);
	if (recvmsg(passed, &message, 0) != 1 || !message.msg_controllen)
		_exit(92);
	memcpy(&fd, CMSG_DATA(&control.align), sizeof(fd));
	fcntl(fd, F_SETFL, 0);
	tell(ask_open(fd));
}

static void a_socket_that_was_passed_on_gives_nothing(void **state)
{
	struct fixture *f = *state;
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { (char[]){ "x" }, 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct fake_device *fake;
	int pair[2], client;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = 1000\n");
	fake = fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, ALICE);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &client, sizeof(int));
	assert_int_equal(sendmsg(pair[0], &message, 0), 1);
	passed = pair[1];
	check_client(f, receives_a_socket_and_asks, SVA_REASON_OTHER_SENDER);
	assert_int_equal(fake_contexts(fake), 0);
	close(pair[0]);
	close(pair[1]);
	close(client);
}

/* --------------------------------------------------- credentials change */

/* As a setuid program would be after exec: the same process, another user */
static void connects_and_becomes_alice(struct fixture *f)
{
	int fd;

	/* what setuid gives back later is kept aside as the saved uid */
	if (setresgid(MALLORY, MALLORY, MALLORY) || setresuid(MALLORY, MALLORY, ALICE))
		_exit(91);
	fd = connect_to(f);
	if (setresuid(ALICE, ALICE, ALICE))
		_exit(91);
	tell(ask_open(fd));
}

static void who_becomes_somebody_after_connecting_stays_who_he_was(void **state)
{
	struct fixture *f = *state;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = 1000\n");
	fixture_plug(f, "soft0", 10);
	check_client(f, connects_and_becomes_alice, SVA_REASON_DENIED_BY_DEFAULT);
	assert_true(fixture_log_has(f, "refused uid 1002"));
}

/* Root in a namespace of his own making is nobody out here */
static void is_root_in_his_own_namespace(struct fixture *f)
{
	char map[32];
	int fd;

	become(MALLORY);
	/* setresuid() made it hard to look into, /proc/self belongs to root then */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER))
		_exit(SKIPPED);
	fd = open("/proc/self/uid_map", O_WRONLY);
	snprintf(map, sizeof(map), "0 %d 1", MALLORY);
	if (fd < 0 || write(fd, map, strlen(map)) < 0 || getuid())
		_exit(SKIPPED);
	close(fd);
	tell(ask_stats(connect_to(f)));
}

static void root_of_a_user_namespace_is_no_administrator(void **state)
{
	struct fixture *f = *state;

	fixture_need_root();
	fixture_start(f, "");
	check_client(f, is_root_in_his_own_namespace, SVA_REASON_NOT_ADMINISTRATOR);
	assert_true(fixture_log_has(f, "refused uid 1002"));
}

static void asks_from_a_pid_namespace(struct fixture *f)
{
	pid_t child;
	int status;

	if (unshare(CLONE_NEWPID))
		_exit(SKIPPED);
	child = fork();
	if (!child) {
		/* 1 is what it is called in there */
		if (getpid() != 1)
			_exit(93);
		tell(ask_open(connect_to(f)));
	}
	waitpid(child, &status, 0);
	_exit(WEXITSTATUS(status));
}

/* R2: sealed to the process by the name that svad's kernel calls have for it */
static void a_client_in_a_pid_namespace_is_called_by_its_outer_number(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	check_client(f, asks_from_a_pid_namespace, 0);
	assert_true(fake_last_owner(fake) > 1);
	assert_int_not_equal(fake_last_owner(fake), getpid());
}

/* ------------------------------------------------------------ pid reuse */

static int shared_socket;

/* Connects a socket that the test holds too, and ends */
static pid_t connected_and_gone(struct fixture *f, uid_t uid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	pid_t child;
	int status;

	name_copy(address.sun_path, f->socket, sizeof(address.sun_path));
	shared_socket = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(shared_socket >= 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		become(uid);
		_exit(connect(shared_socket, (struct sockaddr *)&address, sizeof(address)) ? 1 : 0);
	}
	/* svad takes the connection while the process is there, as a zombie at least */
	assert_int_equal(waitid(P_PID, (id_t)child, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	fixture_run(f);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	return child;
}

/*
 * Another process under the very number that the dead one had: what a small pid
 * space brings about by chance, clone3() brings about on purpose.
 */
static pid_t fork_as(pid_t number)
{
	struct clone_args args = {
		.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&number, .set_tid_size = 1,
	};

	return (pid_t)syscall(SYS_clone3, &args, sizeof(args));
}

static void a_number_that_came_again_is_another_process(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	pid_t number, child;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = 1000\n");
	fake = fixture_plug(f, "soft0", 10);
	number = connected_and_gone(f, ALICE);
	assert_int_equal(f->svad.clients.count, 1);
	child = fork_as(number);
	if (child < 0) {
		close(shared_socket);
		print_message("no process can be made under a given number here\n");
		skip();
	}
	if (!child) {
		become(MALLORY);
		tell(ask_open(shared_socket));
	}
	assert_int_equal(child, number);
	assert_int_equal(run_until_end(f, child), SVA_REASON_PEER_GONE - 200);
	/* what was made for the number, if anything, has ended */
	fake_end_unheld(fake);
	assert_int_equal(fake_contexts(fake), 0);
	close(shared_socket);
	fixture_run(f);
}

/* Nor does root's power come back with root's number */
static void nobody_rules_by_the_number_of_a_dead_root(void **state)
{
	struct fixture *f = *state;
	pid_t number, child;

	fixture_need_root();
	fixture_start(f, "");
	number = connected_and_gone(f, 0);
	child = fork_as(number);
	if (child < 0) {
		close(shared_socket);
		skip();
	}
	if (!child) {
		become(MALLORY);
		tell(ask_stats(shared_socket));
	}
	assert_int_equal(run_until_end(f, child), SVA_REASON_PEER_GONE - 200);
	close(shared_socket);
	fixture_run(f);
}

/* The same where the cgroup decides: the newcomer's is not the dead one's */
static void the_cgroup_of_a_number_that_came_again_counts_for_nothing(void **state)
{
	struct fixture *f = *state;
	pid_t number, child;

	fixture_need_root();
	fixture_start(f, "[allow]\ncgroup = /job\n");
	fixture_plug(f, "soft0", 10);
	fixture_cgroups(f);
	number = connected_and_gone(f, ALICE);
	fixture_cgroup_enter(f, number, "/job");
	child = fork_as(number);
	if (child < 0) {
		close(shared_socket);
		skip();
	}
	if (!child) {
		become(MALLORY);
		tell(ask_open(shared_socket));
	}
	assert_int_equal(run_until_end(f, child), SVA_REASON_PEER_GONE - 200);
	close(shared_socket);
	fixture_run(f);
}

/* -------------------------------------------- death between two steps */

static pid_t victim;
static const char *fatal_step;

static void kill_at_step(const char *step)
{
	siginfo_t info;

	if (!fatal_step || strcmp(step, fatal_step))
		return;
	fatal_step = NULL;
	kill(victim, SIGKILL);
	/* dead, and not reaped: the number is still its own */
	assert_int_equal(waitid(P_PID, (id_t)victim, &info, WEXITED | WNOWAIT), 0);
}

static void asks_twice(struct fixture *f)
{
	int fd = connect_to(f);

	ask_open(fd);
	ask_open(fd);
	_exit(0);
}

static void a_client_that_dies_at_any_step_leaves_nothing(void **state)
{
	static const char *const steps[] = {
		"accepted", "received", "cgroup", "allowed", "created", "answering", "answered",
	};
	struct fixture *f = *state;
	struct fake_device *fake;
	struct device *device;

	fixture_start(f, "[deny]\ncgroup = /jail\n[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	fixture_cgroups(f);
	device = devices_find(&f->svad.devices, "soft0");
	fake_step = kill_at_step;
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		int status;

		fatal_step = steps[i];
		victim = client_start(f, asks_twice);
		fixture_cgroup_enter(f, victim, "/job");
		status = run_until_end(f, victim);
		if (status != 128 + SIGKILL || fatal_step)
			fail_msg("%s: never came to it, exit status %d", steps[i], status);
		fake_end_unheld(fake);
		fixture_run(f);
		assert_int_equal(fake_contexts(fake), 0);
		assert_int_equal(account_total(device), 0);
		assert_int_equal(f->svad.clients.count, 0);
	}
	fake_step = NULL;
}

/* ------------------------------------------------- the real hierarchy */

static char real_cgroup[80];

static void enters_and_asks(struct fixture *f)
{
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d%s/cgroup.procs", f->svad.cgroups.mount,
		 real_cgroup);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		_exit(SKIPPED);
	close(fd);
	become(MALLORY);
	tell(ask_open(connect_to(f)));
}

static void the_kernels_own_cgroups_are_told_apart(void **state)
{
	struct fixture *f = *state;
	struct grant wanted = { .contexts = 1, .device = "soft0", .path = real_cgroup }, *given;
	uint64_t again;
	int status;

	fixture_need_root();
	fixture_start(f, "");
	fixture_plug(f, "soft0", 10);
	snprintf(real_cgroup, sizeof(real_cgroup), "/svad-test-%d", (int)getpid());
	if (f->svad.cgroups.mount < 0 || mkdirat(f->svad.cgroups.mount, real_cgroup + 1, 0755)) {
		print_message("no cgroup can be made here\n");
		skip();
	}
	assert_int_equal(cgroup_id(&f->svad.cgroups, real_cgroup, strlen(real_cgroup),
				   &wanted.cgroup), 0);
	assert_int_not_equal(wanted.cgroup, 0);
	assert_int_equal(grant_give(&f->svad.grants, &wanted, &given), 0);
	status = run_until_end(f, client_start(f, enters_and_asks));
	/* made again under the same name */
	assert_int_equal(unlinkat(f->svad.cgroups.mount, real_cgroup + 1, AT_REMOVEDIR), 0);
	assert_int_equal(mkdirat(f->svad.cgroups.mount, real_cgroup + 1, 0755), 0);
	assert_int_equal(cgroup_id(&f->svad.cgroups, real_cgroup, strlen(real_cgroup), &again), 0);
	assert_int_not_equal(again, wanted.cgroup);
	if (!status) {
		status = run_until_end(f, client_start(f, enters_and_asks));
		status = status == SVA_REASON_DENIED_BY_DEFAULT - 200 ? 0 : 1;
	}
	assert_int_equal(unlinkat(f->svad.cgroups.mount, real_cgroup + 1, AT_REMOVEDIR), 0);
	if (status == SKIPPED)
		skip();
	assert_int_equal(status, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_child_gets_nothing_by_its_parents_socket),
		TEST(nobody_rules_by_a_socket_that_root_has_connected),
		TEST(a_socket_that_was_passed_on_gives_nothing),
		TEST(who_becomes_somebody_after_connecting_stays_who_he_was),
		TEST(root_of_a_user_namespace_is_no_administrator),
		TEST(a_client_in_a_pid_namespace_is_called_by_its_outer_number),
		TEST(a_number_that_came_again_is_another_process),
		TEST(nobody_rules_by_the_number_of_a_dead_root),
		TEST(the_cgroup_of_a_number_that_came_again_counts_for_nothing),
		TEST(a_client_that_dies_at_any_step_leaves_nothing),
		TEST(the_kernels_own_cgroups_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
