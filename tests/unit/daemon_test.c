// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * daemon_test.c - svad whole, over a fake kernel, with real clients
 */
#include <fcntl.h>
#include <linux/sockios.h>
#include <malloc.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "fixture.h"
#include "listen.h"
#include "request.h"

/* --------------------------------------------------------------- opening */

static void an_allowed_user_gets_a_context_of_his_own(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	struct sva_msg_open request = open_message("soft0", "shared");
	union reply_any reply;
	int client, context;

	fixture_need_root();
	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, ALICE);
	assert_int_equal(fixture_call(f, client, &request, sizeof(request), &reply, &context),
			 sizeof(reply.opened));
	assert_int_equal(reply.msg.error, 0);
	assert_true(context >= 0);
	assert_int_equal(reply.msg.serial, request.msg.serial);
	assert_string_equal(reply.opened.device, "soft0");
	assert_int_equal(reply.opened.id, fake_last_id(fake));
	assert_int_equal(reply.opened.rule, 3);
	/* R2: sealed to the process at the other end, and charged to its user */
	assert_int_equal(fake_last_owner(fake), getpid());
	assert_int_equal(fake_last_account(fake), ALICE);
	/* svad has kept no copy */
	assert_true(fake_context_has_holder(fake, reply.opened.id));
	close(context);
	assert_false(fake_context_has_holder(fake, reply.opened.id));
	close(client);
}

static void refusals_have_their_reason(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int alice, mallory;

	fixture_need_root();
	fixture_start(f, "[deny]\nuser = 1001\n[allow]\nuser = 1000\ndevice = soft*\ntype = shared\n");
	alice = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), SVA_REASON_NO_DEVICE);
	fake = fixture_plug(f, "soft0", 1);
	fake_add_type(fake, "dedicated");
	mallory = fixture_connect(f, MALLORY);
	assert_int_equal(fixture_open(f, mallory, "soft0", NULL), SVA_REASON_DENIED_BY_DEFAULT);
	assert_true(fixture_log_has(f, "refused uid 1002"));
	close(mallory);
	mallory = fixture_connect(f, BOB);
	assert_int_equal(fixture_open(f, mallory, "soft0", NULL), SVA_REASON_DENIED_BY_RULE);
	assert_true(fixture_log_has(f, "svad.conf:1)"));
	assert_int_equal(fixture_open(f, alice, "soft7", NULL), SVA_REASON_NO_SUCH_DEVICE);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), 0);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), SVA_REASON_TYPE_EXHAUSTED);
	close(mallory);
	close(alice);
}

static void a_type_is_asked_for_by_name(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	struct sva_msg_open request = open_message("soft0", "dedicated");
	union reply_any reply;
	int client, context;

	fixture_start(f, "[allow]\nuser = *\ntype = shared\n");
	fake = fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	fixture_call(f, client, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.reason, SVA_REASON_NO_SUCH_TYPE);
	assert_int_equal(reply.msg.error, -ENOENT);
	/* a device is read when it comes: types do not change while it is there */
	fake_unplug(fake);
	fixture_run(f);
	fake_add_type(fake_plug("soft0", 10), "dedicated");
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
	fixture_call(f, client, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.reason, SVA_REASON_DENIED_BY_DEFAULT);
	request = open_message("soft0", "shared");
	fixture_call(f, client, &request, sizeof(request), &reply, &context);
	assert_int_equal(reply.msg.error, 0);
	close(context);
	close(client);
}

static void any_device_is_the_first_with_room(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("", "");
	union reply_any reply;
	int client, contexts[2];

	fixture_start(f, "[allow]\nuser = *\ndevice = soft*\n");
	fixture_plug(f, "asic0", 10);	/* not permitted */
	fake_set_sva_reason(fixture_plug(f, "soft0", 10), SVA_REASON_NO_PASID);
	fixture_plug(f, "soft1", 1);
	fixture_plug(f, "soft2", 1);
	client = fixture_connect(f, -1);
	for (int i = 0; i < 2; i++) {
		fixture_call(f, client, &request, sizeof(request), &reply, &contexts[i]);
		assert_int_equal(reply.msg.reason, 0);
		assert_string_equal(reply.opened.device, i ? "soft2" : "soft1");
	}
	assert_int_equal(fixture_open(f, client, "", NULL), SVA_REASON_DEVICE_BUSY);
	close(contexts[0]);
	close(contexts[1]);
	close(client);
}

static void any_device_reports_the_refusal_nearest_to_success(void **state)
{
	struct fixture *f = *state;
	int client;

	fixture_start(f, "[limits]\ncontexts-per-user = 1\n[allow]\nuser = *\ndevice = soft*\n");
	client = fixture_connect(f, -1);
	assert_int_equal(fixture_open(f, client, "", NULL), SVA_REASON_NO_DEVICE);
	fixture_plug(f, "asic0", 10);
	assert_int_equal(fixture_open(f, client, "", NULL), SVA_REASON_DENIED_BY_DEFAULT);
	fake_set_sva_reason(fixture_plug(f, "soft0", 10), SVA_REASON_X86_SVA_DISABLED);
	assert_int_equal(fixture_open(f, client, "", NULL), SVA_REASON_X86_SVA_DISABLED);
	fixture_plug(f, "soft1", 1);
	assert_int_equal(fixture_open(f, client, "", NULL), 0);
	assert_int_equal(fixture_open(f, client, "", NULL), SVA_REASON_LIMIT_USER);
	/* whatever comes behind it in the alphabet */
	fixture_plug(f, "zynq0", 10);
	assert_int_equal(fixture_open(f, client, "", NULL), SVA_REASON_LIMIT_USER);
	close(client);
}

static void the_kernels_reason_reaches_the_client(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	struct sva_msg_open request = open_message("soft0", "");
	union reply_any reply;
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	fake_fail_create(fake, EPERM, SVA_REASON_NOT_VIABLE);
	fixture_call(f, client, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.error, -EPERM);
	assert_int_equal(reply.msg.reason, SVA_REASON_NOT_VIABLE);
	/* want of fds is svad's, and not the client's */
	fake_fail_create(fake, EMFILE, SVA_REASON_NO_FD);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DAEMON_NO_MEMORY);
	/* R7: also where the kernel gave none */
	fake_fail_create(fake, EIO, 0);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_SYSTEM);
	close(client);
}

/* ---------------------------------------------------------------- limits */

static void the_limit_of_a_user_is_freed_by_the_event(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int alice, bob, contexts[4];

	fixture_need_root();
	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 100);
	alice = fixture_connect(f, ALICE);
	bob = fixture_connect(f, BOB);
	for (int i = 0; i < 4; i++)
		assert_int_equal(fixture_open(f, alice, "soft0", &contexts[i]), 0);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), SVA_REASON_LIMIT_USER);
	/* R8: one user's limit is no other's */
	assert_int_equal(fixture_open(f, bob, "soft0", NULL), 0);
	close(contexts[0]);
	assert_int_equal(fake_end_unheld(fake), 2);
	/* the event was not read yet when the request came */
	assert_int_equal(fixture_open(f, alice, "soft0", &contexts[0]), 0);
	for (int i = 0; i < 4; i++)
		close(contexts[i]);
	close(alice);
	close(bob);
}

/* The context ends between svad's look at what is ready and the request's turn */
static void an_end_just_before_the_request_counts(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("soft0", "");
	struct fake_device *fake;
	union reply_any reply;
	int client, context;

	fixture_start(f, "[allow]\nuser = *\ncontexts-per-user = 1\n");
	fake = fixture_plug(f, "soft0", 100);
	client = fixture_connect(f, -1);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	packet_send(client, &request, sizeof(request));
	assert_int_equal(sd_event_prepare(f->event), 0);
	assert_true(sd_event_wait(f->event, 0) > 0);
	assert_int_equal(fake_end_unheld(fake), 1);
	assert_true(sd_event_dispatch(f->event) > 0);
	packet_receive(client, &reply, &context);
	assert_int_equal(reply.msg.reason, 0);
	close(context);
	close(client);
}

static void another_connection_does_not_raise_the_limit(void **state)
{
	struct fixture *f = *state;
	int first, second, contexts[4];

	fixture_need_root();
	fixture_start(f, NULL);
	fixture_plug(f, "soft0", 100);
	first = fixture_connect(f, ALICE);
	for (int i = 0; i < 4; i++)
		assert_int_equal(fixture_open(f, first, "soft0", &contexts[i]), 0);
	close(first);
	second = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, second, "soft0", NULL), SVA_REASON_LIMIT_USER);
	close(second);
	for (int i = 0; i < 4; i++)
		close(contexts[i]);
}

static void newcomers_get_a_turn_among_busy_clients(void **state)
{
	struct fixture *f = *state;
	int busy, newcomer, turns = 0;

	fixture_start(f, "[deny]\n");
	fixture_plug(f, "soft0", 10);
	busy = fixture_connect(f, -1);
	fixture_run(f);
	newcomer = fixture_connect(f, -1);
	while (f->svad.clients.count < 2) {
		struct sva_msg_open request = open_message("soft0", "");
		union reply_any reply;

		/* it always has something to say, and reads the answers */
		packet_send(busy, &request, sizeof(request));
		assert_true(sd_event_run(f->event, 0) > 0);
		while (recv(busy, &reply, sizeof(reply), MSG_DONTWAIT) > 0)
			;
		assert_in_range(++turns, 1, 20);
	}
	fixture_run(f);
	close(busy);
	close(newcomer);
}

static void the_limit_of_a_device_counts_all_users(void **state)
{
	struct fixture *f = *state;
	int alice, bob, context;

	fixture_need_root();
	fixture_start(f, "[device soft*]\ncontexts-per-device = 1\n[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 100);
	alice = fixture_connect(f, ALICE);
	bob = fixture_connect(f, BOB);
	assert_int_equal(fixture_open(f, alice, "soft0", &context), 0);
	assert_int_equal(fixture_open(f, bob, "soft0", NULL), SVA_REASON_LIMIT_DEVICE);
	close(context);
	close(alice);
	close(bob);
}

static void limits_hold_across_a_restart(void **state)
{
	struct fixture *f = *state;
	int client, contexts[4];

	fixture_need_root();
	fixture_start(f, NULL);
	fixture_plug(f, "soft0", 100);
	client = fixture_connect(f, ALICE);
	for (int i = 0; i < 4; i++)
		assert_int_equal(fixture_open(f, client, "soft0", &contexts[i]), 0);
	close(client);
	fixture_stop(f);
	fixture_start(f, NULL);
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
	client = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_LIMIT_USER);
	close(client);
	for (int i = 0; i < 4; i++)
		close(contexts[i]);
}

/* -------------------------------------------------------------- identity */

static void supplementary_groups_count(void **state)
{
	static const gid_t groups[] = { 600, 601 };
	struct fixture *f = *state;
	int client;

	fixture_need_root();
	fixture_start(f, "[deny]\ngroup = 602\n[allow]\ngroup = 601\n");
	fixture_plug(f, "soft0", 10);
	client = fixture_connect_groups(f, MALLORY, 599, groups, 2);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	close(client);
	client = fixture_connect_groups(f, MALLORY, 599, groups, 1);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_DEFAULT);
	close(client);
	client = fixture_connect_groups(f, MALLORY, 602, groups, 2);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_RULE);
	close(client);
}

/* A rule that cannot be checked decides nothing, also where it would only deny */
static void groups_that_cannot_be_told_allow_nothing(void **state)
{
	struct fixture *f = *state;
	union request request = { .open = open_message("soft0", "") };
	/* no such socket: the kernel tells no groups */
	struct client client = {
		.svad = &f->svad, .fd = -1, .peer = { .pid = getpid(), .pidfd = -1 },
	};
	struct fake_device *fake;
	struct reply reply;

	fixture_start(f, "[deny]\ngroup = 600\n[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	request_handle(&client, getpid(), &request, &reply);
	assert_int_equal(reply.msg.reason, SVA_REASON_DAEMON_NO_MEMORY);
	assert_int_equal(reply.fd, -1);
	fake_end_unheld(fake);
	assert_int_equal(fake_contexts(fake), 0);
	fixture_run(f);
}

/*
 * A socket that a child has connected and asked on, so that its peer is the child,
 * and which the test holds when the child has exited.
 */
static int socket_of_a_dead_process(struct fixture *f, bool reaped, pid_t *child)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	siginfo_t info;

	assert_true(fd >= 0);
	name_copy(address.sun_path, f->socket, sizeof(address.sun_path));
	*child = fork();
	assert_true(*child >= 0);
	if (!*child) {
		struct sva_msg_open request = open_message("soft0", "");

		if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
			_exit(1);
		_exit(send(fd, &request, sizeof(request), MSG_NOSIGNAL) == sizeof(request) ? 0 : 2);
	}
	assert_int_equal(waitid(P_PID, (id_t)*child, &info, WEXITED | (reaped ? 0 : WNOWAIT)), 0);
	assert_int_equal(info.si_status, 0);
	return fd;
}

/* R10: the socket was passed on, the process that it speaks for has ended */
static void a_socket_of_a_dead_process_gets_nothing(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	union reply_any reply;
	pid_t child;
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	client = socket_of_a_dead_process(f, false, &child);
	fixture_run(f);
	packet_receive(client, &reply, NULL);
	assert_int_equal(reply.msg.reason, SVA_REASON_PEER_GONE);
	/* what was made for the number has ended */
	assert_int_equal(fake_end_unheld(fake), fake_last_id(fake) ? 1 : 0);
	assert_int_equal(fake_contexts(fake), 0);
	fixture_run(f);
	assert_int_equal(account_total(devices_find(&f->svad.devices, "soft0")), 0);
	close(client);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_socket_of_a_reaped_process_gets_nothing(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	union reply_any reply;
	pid_t child;
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	client = socket_of_a_dead_process(f, true, &child);
	fixture_run(f);
	/* kernels before 6.16 give no pidfd for it, so that it never is a client */
	if (recv(client, &reply, sizeof(reply), 0) > 0)
		assert_int_equal(reply.msg.reason, SVA_REASON_PEER_GONE);
	fake_end_unheld(fake);
	assert_int_equal(fake_contexts(fake), 0);
	close(client);
}

/* In a pid namespace below the test's: the test is not in svad's sight */
static void serve_below(struct fixture *f, int ready)
{
	fixture_start(f, "[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 10);
	if (write(ready, "", 1) == 1)
		sd_event_loop(f->event);
	_exit(0);
}

static pid_t svad_in_a_pid_namespace(struct fixture *f, int ready)
{
	pid_t child = fork();

	assert_true(child >= 0);
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWPID))
		_exit(0);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve_below(f, ready);
	}
	close(ready);
	waitpid(child, NULL, 0);
	_exit(0);
}

/* R10: there is no number by which a context could be sealed to such a client */
static void a_client_out_of_svads_sight_is_told_so(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("soft0", "");
	union reply_any reply;
	int ready[2], client;
	pid_t child;
	char byte;

	fixture_need_root();
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	child = svad_in_a_pid_namespace(f, ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1) {
		close(ready[0]);
		waitpid(child, NULL, 0);
		print_message("no pid namespace is to be had here\n");
		skip();
	}
	close(ready[0]);
	client = fixture_connect(f, -1);
	fcntl(client, F_SETFL, 0);
	packet_send(client, &request, sizeof(request));
	packet_receive(client, &reply, NULL);
	assert_int_equal(reply.msg.error, -EPERM);
	assert_int_equal(reply.msg.reason, SVA_REASON_PEER_NAMESPACE);
	close(client);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

/* ------------------------------------------------- clients that go away */

static void a_client_that_leaves_before_the_reply_costs_nothing(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("soft0", "");
	struct fake_device *fake;
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	fixture_run(f);
	packet_send(client, &request, sizeof(request));
	close(client);
	fixture_run(f);
	assert_int_equal(f->svad.clients.count, 0);
	fake_end_unheld(fake);
	assert_int_equal(fake_contexts(fake), 0);
}

/* R5: a context whose reply nobody can take ends at once */
static void a_reply_that_cannot_be_sent_ends_the_context(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("soft0", "");
	struct fake_device *fake;
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	fixture_run(f);
	packet_send(client, &request, sizeof(request));
	/* it still looks alive to svad, but takes nothing any more */
	assert_int_equal(shutdown(client, SHUT_RD), 0);
	fixture_run(f);
	assert_int_equal(fake_contexts(fake), 1);
	assert_int_equal(fake_end_unheld(fake), 1);
	fixture_run(f);
	assert_int_equal(account_total(devices_find(&f->svad.devices, "soft0")), 0);
	close(client);
	fixture_run(f);
	assert_int_equal(f->svad.clients.count, 0);
}

/* -------------------------------------------------------- slow and greedy */

/* Asks without reading until svad asks no more of it; how many requests went out */
static uint32_t ask_until_stuck(struct fixture *f, int client)
{
	uint32_t asked = 0;

	for (;;) {
		struct sva_msg_list_devices request = {
			.msg = header(SVA_MSG_LIST_DEVICES, sizeof(request)),
		};

		request.msg.serial = asked;
		if (send(client, &request, sizeof(request), MSG_NOSIGNAL) < 0)
			break;
		asked++;
		fixture_run(f);
		assert_in_range(asked, 1, 10000);
	}
	assert_int_equal(errno, EAGAIN);
	return asked;
}

static void a_slow_reader_waits_for_itself_only(void **state)
{
	struct fixture *f = *state;
	uint32_t asked;
	int slow, quick;

	fixture_start(f, "[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 100);
	slow = fixture_connect(f, -1);
	quick = fixture_connect(f, -1);
	asked = ask_until_stuck(f, slow);
	/* R8: one reply waits in svad, a few in the socket */
	assert_non_null(f->svad.clients.first);
	for (int i = 0; i < 10; i++)
		assert_int_equal(fixture_open(f, quick, "soft0", NULL), 0);
	/* nothing was lost, and the order was kept */
	for (uint32_t serial = 0; serial < asked; serial++) {
		union reply_any reply;

		assert_int_equal(packet_receive(slow, &reply, NULL), sizeof(reply.devices));
		assert_int_equal(reply.msg.serial, serial);
		fixture_run(f);
	}
	assert_int_equal(fixture_open(f, slow, "soft0", NULL), 0);
	close(slow);
	close(quick);
}

/* Fills the socket with replies, so that the next one has to wait in svad */
static void fill_replies(struct fixture *f, int client)
{
	struct client *the_client;

	do {
		struct sva_msg_list_devices request = {
			.msg = header(SVA_MSG_LIST_DEVICES, sizeof(request)),
		};

		packet_send(client, &request, sizeof(request));
		fixture_run(f);
		the_client = f->svad.clients.first;
		assert_non_null(the_client);
	} while (!the_client->waiting);
}

static void a_context_in_a_waiting_reply_ends_with_its_client(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("soft0", "");
	struct fake_device *fake;
	union reply_any reply;
	int client, before = 0;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	fill_replies(f, client);
	packet_send(client, &request, sizeof(request));
	/* makes room for the one that waits, not for the context's */
	while (!fake_contexts(fake)) {
		packet_receive(client, &reply, NULL);
		fixture_run(f);
		assert_in_range(++before, 1, 1000);
	}
	close(client);
	fixture_run(f);
	assert_int_equal(f->svad.clients.count, 0);
	assert_int_equal(fake_end_unheld(fake), 1);
}

/* Contexts that lie in a client's socket, taken by nobody, once svad waits */
static size_t pile_up(struct fixture *f, struct fake_device *fake, int client)
{
	struct client *the_client;
	size_t before = fake_contexts(fake);

	do {
		struct sva_msg_open request = open_message("soft0", "");

		packet_send(client, &request, sizeof(request));
		fixture_run(f);
		the_client = f->svad.clients.first;
		assert_non_null(the_client);
		assert_in_range(fake_contexts(fake) - before, 0, 500);
	} while (!the_client->waiting);
	return fake_contexts(fake) - before;
}

/*
 * R8: fds on their way count against svad's limit on open files, in total.  So
 * few may lie in a connection, and svad does not forget a connection before its
 * peer does, however that peer behaves.
 */
static void fds_that_nobody_takes_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int clients[3];

	fixture_start(f, "[limits]\nconnections-per-user = 2\n[allow]\nuser = *\ncontexts-per-user = 1000\n");
	fake = fixture_plug(f, "soft0", 1000);
	clients[0] = fixture_connect(f, -1);
	/* the first is answered before the socket is made small */
	assert_in_range(pile_up(f, fake, clients[0]), 1, 16);
	/* ways to be dropped, of which none makes room for another connection */
	assert_int_equal(shutdown(clients[0], SHUT_RD), 0);
	clients[1] = fixture_connect(f, -1);
	packet_send(clients[1], "x", 1);
	fixture_run(f);
	/* to svad it looks as if it was closed, but its replies are still there */
	assert_int_equal(shutdown(clients[0], SHUT_RDWR), 0);
	assert_int_equal(shutdown(clients[1], SHUT_RDWR), 0);
	fixture_run(f);
	assert_int_equal(f->svad.clients.count, 2);
	clients[2] = fixture_connect(f, -1);
	fixture_run(f);
	assert_int_equal(f->svad.clients.count, 2);
	assert_true(fixture_log_has(f, "limit-connections"));
	for (int i = 0; i < 3; i++)
		close(clients[i]);
	fixture_run(f);
	assert_int_equal(f->svad.clients.count, 0);
	fake_end_unheld(fake);
	assert_int_equal(fake_contexts(fake), 0);
}

static void requests_take_turns(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open one = open_message("soft0", "");
	struct pollfd pollfd;
	int greedy, modest, turns = 0;
	union reply_any reply;

	fixture_start(f, "[deny]\n");
	fixture_plug(f, "soft0", 10);
	greedy = fixture_connect(f, -1);
	modest = fixture_connect(f, -1);
	fixture_run(f);
	for (int i = 0; i < 20; i++) {
		struct sva_msg_open request = open_message("soft0", "");

		packet_send(greedy, &request, sizeof(request));
	}
	packet_send(modest, &one, sizeof(one));
	pollfd = (struct pollfd){ .fd = modest, .events = POLLIN };
	while (!poll(&pollfd, 1, 0)) {
		assert_true(sd_event_run(f->event, 0) > 0);
		turns++;
	}
	/* R8: not behind the other's twenty */
	assert_in_range(turns, 1, 3);
	packet_receive(modest, &reply, NULL);
	fixture_run(f);
	close(greedy);
	close(modest);
}

static void a_thousand_connections_are_served(void **state)
{
	struct fixture *f = *state;
	struct rlimit files;
	static int clients[1000];

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	fixture_start(f, "[limits]\nconnections = 1000\nconnections-per-user = 1000\n[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 10);
	if (f->svad.clients.max < 1000) {
		print_message("the limit on open files is too low here\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		clients[i] = fixture_connect(f, -1);
		fixture_run(f);
	}
	assert_int_equal(f->svad.clients.count, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		assert_int_equal(fixture_open(f, clients[i], "nosuch", NULL),
				 SVA_REASON_NO_SUCH_DEVICE);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		close(clients[i]);
	fixture_run(f);
	assert_int_equal(f->svad.clients.count, 0);
	assert_int_equal(f->svad.clients.per_user.count, 0);
}

#if !UNDER_ASAN
/* DESIGN section 11: 1 KiB an idle client */
static void an_idle_client_costs_less_than_a_kibibyte(void **state)
{
	struct fixture *f = *state;
	int clients[100];
	size_t before, after;

	fixture_start(f, "[limits]\nconnections-per-user = 200\n[allow]\nuser = *\n");
	clients[0] = fixture_connect(f, -1);
	fixture_run(f);
	before = mallinfo2().uordblks;
	for (size_t i = 1; i < ARRAY_SIZE(clients); i++) {
		clients[i] = fixture_connect(f, -1);
		fixture_run(f);
	}
	after = mallinfo2().uordblks;
	assert_int_equal(f->svad.clients.count, 100);
	print_message("%zu bytes an idle client\n", (after - before) / 99);
	assert_in_range((after - before) / 99, 1, 1024);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		close(clients[i]);
}
#endif

/* --------------------------------------------------- connections refused */

static void check_refused_connection(struct fixture *f, int client, uint32_t reason)
{
	struct sva_msg_open request = open_message("soft0", "");
	union reply_any reply;

	packet_send(client, &request, sizeof(request));
	fixture_run(f);
	assert_int_equal(packet_receive(client, &reply, NULL), sizeof(struct sva_msg));
	assert_int_equal(reply.msg.type, SVA_MSG_REPLY);
	assert_int_equal(reply.msg.serial, 0);
	assert_int_equal(reply.msg.reason, reason);
	assert_true(reply.msg.error < 0);
	assert_int_equal(packet_receive(client, &reply, NULL), 0);
}

static void connections_of_a_user_are_limited(void **state)
{
	struct fixture *f = *state;
	int alice[3], bob;

	fixture_need_root();
	fixture_start(f, "[limits]\nconnections-per-user = 2\n[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 10);
	for (int i = 0; i < 3; i++)
		alice[i] = fixture_connect(f, ALICE);
	bob = fixture_connect(f, BOB);
	check_refused_connection(f, alice[2], SVA_REASON_LIMIT_CONNECTIONS);
	assert_int_equal(fixture_open(f, bob, "soft0", NULL), 0);
	assert_int_equal(fixture_open(f, alice[1], "soft0", NULL), 0);
	/* one goes, one may come */
	close(alice[0]);
	close(alice[2]);
	fixture_run(f);
	alice[0] = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, alice[0], "soft0", NULL), 0);
	close(alice[0]);
	close(alice[1]);
	close(bob);
}

static void check_closed(struct fixture *f, int client)
{
	union reply_any reply;

	fixture_run(f);
	assert_int_equal(packet_receive(client, &reply, NULL), 0);
	close(client);
}

/* R8: many uids may be one person's, and none of them has more than a user may have */
static void a_newcomer_takes_the_place_of_who_has_most_and_asks_nothing(void **state)
{
	struct fixture *f = *state;
	int hoard[3], bob, mallory;

	fixture_need_root();
	fixture_start(f, "[limits]\nconnections = 4\n[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 10);
	bob = fixture_connect(f, BOB);
	fixture_run(f);
	for (int i = 0; i < 3; i++) {
		hoard[i] = fixture_connect(f, ALICE);
		fixture_run(f);
	}
	mallory = fixture_connect(f, MALLORY);
	assert_int_equal(fixture_open(f, mallory, "soft0", NULL), 0);
	/* the oldest of hers goes, and not bob's, which is older */
	check_closed(f, hoard[0]);
	assert_true(fixture_log_has(f, "dropped uid 1000"));
	assert_int_equal(f->svad.clients.count, 4);
	assert_int_equal(fixture_open(f, bob, "soft0", NULL), 0);
	assert_int_equal(fixture_open(f, hoard[1], "soft0", NULL), 0);
	assert_int_equal(fixture_open(f, hoard[2], "soft0", NULL), 0);
	close(hoard[1]);
	close(hoard[2]);
	close(bob);
	close(mallory);
}

static void hundreds_of_uids_keep_nobody_out(void **state)
{
	struct fixture *f = *state;
	int hoard[16], client;

	fixture_need_root();
	fixture_start(f, "[limits]\nconnections = 16\n[allow]\nuser = 1000\n");
	for (int i = 0; i < 16; i++)
		hoard[i] = fixture_connect(f, 100000 + (uid_t)i);
	fixture_run(f);
	for (int i = 0; i < 16; i++) {
		client = fixture_connect(f, ALICE);
		assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_NO_DEVICE);
		close(client);
		fixture_run(f);
		client = fixture_connect(f, 200000 + (uid_t)i);
		fixture_run(f);
		close(hoard[i]);
		hoard[i] = client;
	}
	for (int i = 0; i < 16; i++)
		close(hoard[i]);
}

/* Who has asked, who is to be told and who has not read yet all stay */
static void connections_in_use_are_limited_in_total(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_list_devices ask = {
		.msg = header(SVA_MSG_LIST_DEVICES, sizeof(ask)),
	};
	struct sva_msg_number watch = { .msg = header(SVA_MSG_SUBSCRIBE, sizeof(watch)) };
	union reply_any reply;
	int clients[3];

	fixture_start(f, "[limits]\nconnections = 2\n[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 10);
	for (int i = 0; i < 3; i++)
		clients[i] = fixture_connect(f, -1);
	packet_send(clients[0], &watch, sizeof(watch));
	packet_send(clients[1], &ask, sizeof(ask));
	fixture_run(f);
	packet_receive(clients[0], &reply, NULL);
	assert_int_equal(reply.msg.error, 0);
	close(clients[2]);
	fixture_run(f);
	clients[2] = fixture_connect(f, -1);
	check_refused_connection(f, clients[2], SVA_REASON_BUSY);
	packet_receive(clients[1], &reply, NULL);
	assert_int_equal(reply.msg.error, 0);
	close(clients[2]);
	/* it has its answer, and asks nothing more */
	clients[2] = fixture_connect(f, -1);
	assert_int_equal(fixture_open(f, clients[2], "soft0", NULL), 0);
	check_closed(f, clients[1]);
	close(clients[0]);
	close(clients[2]);
}

static unsigned int clients_looked_at;
static uint64_t time_stands_at;

int __real_ioctl(int fd, unsigned long request, void *arg);
int __wrap_ioctl(int fd, unsigned long request, void *arg);
uint64_t __real_svad_now(const struct svad *svad);
uint64_t __wrap_svad_now(const struct svad *svad);

int __wrap_ioctl(int fd, unsigned long request, void *arg)
{
	clients_looked_at += request == SIOCOUTQ;
	return __real_ioctl(fd, request, arg);
}

uint64_t __wrap_svad_now(const struct svad *svad)
{
	return time_stands_at ? time_stands_at : __real_svad_now(svad);
}

/* Of svad, when one more comes and there is no room */
static unsigned int looks_at_clients(struct fixture *f)
{
	int client = fixture_connect(f, -1);

	clients_looked_at = 0;
	check_refused_connection(f, client, SVA_REASON_BUSY);
	close(client);
	return clients_looked_at;
}

/* R8: each look is a system call or two, and as many may come as like to */
static void a_crowd_that_is_refused_costs_no_search_each(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_list_devices ask = {
		.msg = header(SVA_MSG_LIST_DEVICES, sizeof(ask)),
	};
	int clients[150];

	fixture_start(f, "[limits]\nconnections = 150\nconnections-per-user = 200\n"
			 "[allow]\nuser = *\n");
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		clients[i] = fixture_connect(f, -1);
		packet_send(clients[i], &ask, sizeof(ask));
		fixture_run(f);
	}
	time_stands_at = svad_now(&f->svad);
	/* none has read its answer */
	assert_int_equal(looks_at_clients(f), ARRAY_SIZE(clients));
	assert_int_equal(looks_at_clients(f), 0);
	time_stands_at += 9999;
	assert_int_equal(looks_at_clients(f), 0);
	time_stands_at++;
	assert_int_equal(looks_at_clients(f), ARRAY_SIZE(clients));
	time_stands_at = 0;
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++)
		close(clients[i]);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/*
 * Turns of the loop that it takes svad to see that it has no fd for who comes.  It looks
 * again after a pause, which on a slow machine may be over: @looks is how often at most.
 */
static int turns_without_fds(struct fixture *f, int *looks)
{
	struct rlimit files, few;
	int turns = 0, lowest = dup(f->log);
	uint64_t start = now_us();

	close(lowest);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
	few = files;
	few.rlim_cur = (rlim_t)lowest;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (sd_event_run(f->event, 0) > 0)
		turns++;
	*looks = 1 + (int)((now_us() - start) / 100000);	/* the pause, as client.c has it */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
	return turns;
}

/* Connects while svad has no fd for it, which begins a pause */
static int client_that_has_to_wait(struct fixture *f)
{
	int client, turns, looks;

	fixture_start(f, "[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	turns = turns_without_fds(f, &looks);
	assert_in_range(turns, 1, 2 * looks);
	return client;
}

/* The pause ends by itself */
static void check_served_in_the_end(struct fixture *f, int client)
{
	while (!f->svad.clients.count)
		assert_true(sd_event_run(f->event, 5000000) > 0);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	close(client);
}

static void want_of_fds_makes_clients_wait_and_not_svad_spin(void **state)
{
	struct fixture *f = *state;
	int client = client_that_has_to_wait(f);

	assert_true(fixture_log_has(f, "LimitNOFILE"));
	check_served_in_the_end(f, client);
}

static int deaf_socket = -1, deaf_times;

/* In front of the C library's, for libsystemd */
int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event)
{
	if (op == EPOLL_CTL_ADD && fd == deaf_socket && deaf_times) {
		deaf_times--;
		errno = ENOMEM;
		return -1;
	}
	return (int)syscall(SYS_epoll_ctl, epoll, op, fd, event);
}

/* R8: the pause goes on until svad hears again, whatever the kernel lacks meanwhile */
static void svad_that_could_not_listen_again_tries_until_it_can(void **state)
{
	struct fixture *f = *state;
	int client = client_that_has_to_wait(f);

	deaf_socket = f->svad.clients.socket;
	deaf_times = 2;
	check_served_in_the_end(f, client);
	deaf_socket = -1;
	assert_int_equal(deaf_times, 0);
}

/* ------------------------------------------------------------- violations */

static void check_dropped(struct fixture *f, int client)
{
	union reply_any reply;

	fixture_run(f);
	assert_int_equal(packet_receive(client, &reply, NULL), sizeof(struct sva_msg));
	assert_int_equal(reply.msg.error, -EPROTO);
	assert_int_equal(reply.msg.reason, SVA_REASON_PROTOCOL);
	assert_int_equal(packet_receive(client, &reply, NULL), 0);
	close(client);
}

/* R8: any violation drops that client, and no other */
static void a_violation_drops_that_client_and_no_other(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("soft0", "");
	struct sva_msg_list_devices reserved = {
		.msg = header(SVA_MSG_LIST_DEVICES, sizeof(reserved)), .reserved = 1,
	};
	char large[70000] = "";
	int witness, client;

	fixture_start(f, "[allow]\nuser = *\ncontexts-per-user = 1000\n");
	fixture_plug(f, "soft0", 1000);
	witness = fixture_connect(f, -1);

#define VIOLATION(data, size)						\
	do {								\
		client = fixture_connect(f, -1);			\
		packet_send(client, data, size);			\
		check_dropped(f, client);				\
		assert_int_equal(fixture_open(f, witness, "soft0", NULL), 0); \
		assert_int_equal(f->svad.clients.count, 1);		\
	} while (0)

	VIOLATION(&request, 1);
	VIOLATION(&request, sizeof(struct sva_msg) - 1);
	VIOLATION(&request, sizeof(struct sva_msg));
	VIOLATION(&request, sizeof(request) - 1);
	VIOLATION("garbage garbage ", 16);
	VIOLATION(&reserved, sizeof(reserved));
	memcpy(large, &request, sizeof(request));
	VIOLATION(large, sizeof(request) + 1);
	VIOLATION(large, SVA_MSG_MAX);
	VIOLATION(large, sizeof(large));
	memset(request.device, 'x', sizeof(request.device));
	VIOLATION(&request, sizeof(request));
	request = open_message("soft0", "");
	request.msg.type = SVA_MSG_OPEN | SVA_MSG_REPLY;
	VIOLATION(&request, sizeof(request));
	assert_true(fixture_log_has(f, "dropped uid"));
	close(witness);
}

/* What lies unread when a client is dropped does not hide the reason from it */
static void a_dropped_client_can_read_why(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("soft0", "");
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	client = fixture_connect(f, -1);
	packet_send(client, "x", 1);
	packet_send(client, &request, sizeof(request));
	packet_send(client, &request, sizeof(request));
	check_dropped(f, client);
}

static void an_empty_packet_ends_the_connection(void **state)
{
	struct fixture *f = *state;
	union reply_any reply;
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	client = fixture_connect(f, -1);
	packet_send(client, "", 0);
	fixture_run(f);
	assert_int_equal(packet_receive(client, &reply, NULL), 0);
	close(client);
	fixture_run(f);
	assert_int_equal(f->svad.clients.count, 0);
}

static ssize_t send_with_fds(int client, const struct sva_msg_open *request)
{
	struct iovec iov = { .iov_base = (void *)request, .iov_len = sizeof(*request) };
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(100 * sizeof(int))];
	} control = { 0 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fds[100];

	for (size_t i = 0; i < ARRAY_SIZE(fds); i++)
		fds[i] = client;
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(&control.align), fds, sizeof(fds));
	return sendmsg(client, &message, 0);
}

/* svad would have to close what it got, and with some that takes as long as the sender likes */
static void fds_do_not_reach_svad(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("soft0", "");
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 10);
	client = (int)fixture_connect(f, -1);
	if (send_with_fds(client, &request) >= 0) {
		close(client);
		skip();	/* before Linux 6.16 */
	}
	assert_int_equal(errno, EPERM);
	fixture_run(f);
	assert_int_equal(send_with_fds(client, &request), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	close(client);
}

/* As from who connected before svad ran, and on an older kernel */
static void fds_on_a_request_are_a_violation(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("soft0", "");
	const int on = 1;
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	fixture_run(f);
	(void)!setsockopt(f->svad.clients.first->fd, SOL_SOCKET, SO_PASSRIGHTS, &on, sizeof(on));
	assert_int_equal(send_with_fds(client, &request), sizeof(request));
	/* the teardown counts what is left open */
	check_dropped(f, client);
}


static void another_version_is_told_ours_and_may_go_on(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("soft0", "");
	union reply_any reply;
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	request.msg.version = 9;
	assert_int_equal(fixture_call(f, client, &request, sizeof(request), &reply, NULL),
			 sizeof(struct sva_msg));
	assert_int_equal(reply.msg.reason, SVA_REASON_PROTOCOL_VERSION);
	assert_int_equal(reply.msg.error, -EPROTONOSUPPORT);
	assert_int_equal(reply.msg.version, SVA_PROTOCOL_VERSION);
	assert_int_equal(reply.msg.serial, request.msg.serial);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	close(client);
}

static void nobody_floods_the_log(void **state)
{
	struct fixture *f = *state;
	int client;

	fixture_start(f, "[deny]\n");
	fixture_plug(f, "soft0", 10);
	for (int i = 0; i < 200; i++) {
		/* a new connection is no new allowance */
		client = fixture_connect(f, -1);
		assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_RULE);
		packet_send(client, "x", 1);
		fixture_run(f);
		close(client);
		fixture_run(f);
	}
	/* the burst, and one more for each second that this took */
	assert_in_range(fixture_log_count(f, "refused uid"), 1, 40);
	assert_in_range(fixture_log_count(f, "\n"), 1, 60);
}

static void what_clients_send_draws_nothing_on_a_terminal(void **state)
{
	struct fixture *f = *state;
	int client;

	fixture_start(f, "[deny]\n");
	fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	fixture_open(f, client, "x\n<0>svad: fine\033[2J", NULL);
	assert_int_equal(fixture_log_count(f, "\033"), 0);
	assert_int_equal(fixture_log_count(f, "\n<0>"), 0);
	assert_true(fixture_log_has(f, "x?<0>svad: fine?[2J"));
	close(client);
}

/* --------------------------------------------------------------- listings */

static void devices_are_listed_in_pages(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_list_devices request = {
		.msg = header(SVA_MSG_LIST_DEVICES, sizeof(request)),
	};
	union reply_any reply;
	char name[SVA_NAME_LEN];
	uint32_t seen = 0;
	int client;

	fixture_start(f, "[allow]\nuser = *\ndevice = soft00, soft17\n");
	for (unsigned int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "soft%02u", i);
		fixture_plug(f, name, 100 + i);
	}
	client = fixture_connect(f, -1);
	do {
		assert_int_equal(fixture_call(f, client, &request, sizeof(request), &reply, NULL),
				 sizeof(reply.devices));
		assert_int_equal(reply.msg.error, 0);
		for (uint32_t i = 0; i < reply.devices.count; i++, seen++) {
			const struct sva_msg_device *device = &reply.devices.devices[i];

			snprintf(name, sizeof(name), "soft%02u", seen);
			assert_string_equal(device->name, name);
			assert_int_equal(device->permitted, seen == 0 || seen == 17);
			assert_int_equal(device->max_contexts, 100 + seen);
			assert_int_equal(device->group, 7);
			assert_int_equal(device->pasid_bits, 16);
		}
		request.start = reply.devices.next;
	} while (reply.devices.count);
	assert_int_equal(seen, 20);
	request.start = UINT32_MAX;
	fixture_call(f, client, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.devices.count, 0);
	close(client);
}

/* Goes through all pages; how many entries, all of them of this account or any */
static unsigned int list_contexts(struct fixture *f, int client, const char *name,
				  uint32_t account)
{
	struct sva_msg_list_contexts request = {
		.msg = header(SVA_MSG_LIST_CONTEXTS, sizeof(request)),
	};
	union reply_any reply;
	unsigned int seen = 0;

	name_copy(request.device, name, SVA_NAME_LEN);
	do {
		assert_int_equal(fixture_call(f, client, &request, sizeof(request), &reply, NULL),
				 sizeof(reply.contexts));
		assert_int_equal(reply.msg.error, 0);
		for (uint32_t i = 0; i < reply.contexts.count; i++, seen++) {
			assert_true(reply.contexts.contexts[i].id > request.after);
			request.after = reply.contexts.contexts[i].id;
			if (account)
				assert_int_equal(reply.contexts.contexts[i].account, account);
		}
	} while (reply.contexts.count);
	return seen;
}

static void everybody_sees_his_own_contexts_and_administrators_all(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake = fake_plug("soft0", 1000);
	int alice, bob, mallory, root;
	unsigned int lists;

	fixture_need_root();
	for (int i = 0; i < 200; i++)
		fake_context_add(fake, i % 5 ? BOB : ALICE, 1);
	fixture_start(f, "[administrators]\nuser = 1001\n");
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
	alice = fixture_connect(f, ALICE);
	bob = fixture_connect(f, BOB);
	mallory = fixture_connect(f, MALLORY);
	root = fixture_connect(f, 0);
	assert_int_equal(list_contexts(f, alice, "soft0", ALICE), 40);
	assert_int_equal(list_contexts(f, bob, "soft0", 0), 200);
	assert_int_equal(list_contexts(f, root, "soft0", 0), 200);
	/* R8: who has none does not make the kernel go through all */
	lists = fake_lists(fake);
	assert_int_equal(list_contexts(f, mallory, "soft0", MALLORY), 0);
	assert_int_equal(fake_lists(fake), lists);
	close(alice);
	close(bob);
	close(mallory);
	close(root);
}

static void a_context_that_ended_meanwhile_is_not_shown(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake = fake_plug("soft0", 100);
	uint64_t ids[40];
	int client;

	fixture_need_root();
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		ids[i] = fake_context_add(fake, i % 2 ? ALICE : BOB, 1);
	fixture_start(f, "");
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
	client = fixture_connect(f, ALICE);
	/* the events are lost: svad believes in them still; a whole page of them */
	for (size_t i = 1; i < 36; i += 2)
		fake_context_end_silently(fake, ids[i]);
	/* in their places the list has bob's, which are none of alice's business */
	assert_int_equal(list_contexts(f, client, "soft0", ALICE), 2);
	close(client);
}

static void contexts_of_an_unknown_device_are_refused(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_list_contexts request = {
		.msg = header(SVA_MSG_LIST_CONTEXTS, sizeof(request)), .device = "nosuch",
	};
	union reply_any reply;
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	client = fixture_connect(f, -1);
	fixture_call(f, client, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.reason, SVA_REASON_NO_DEVICE);
	fixture_plug(f, "soft0", 10);
	fixture_call(f, client, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.reason, SVA_REASON_NO_SUCH_DEVICE);
	close(client);
}

static void explain_says_by_which_line(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_explain request;
	union reply_any reply;
	int alice, bob;

	fixture_need_root();
	fixture_start(f, "# who\n[deny]\nuser = 1001\n\n[allow]\nuser = 1000\ncontexts-per-user = 1\n");
	alice = fixture_connect(f, ALICE);
	bob = fixture_connect(f, BOB);
	request = explain_message("soft0", "");
	fixture_call(f, alice, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.reason, SVA_REASON_NO_DEVICE);
	fixture_plug(f, "soft0", 10);
	fixture_call(f, alice, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.error, 0);
	assert_int_equal(reply.explained.permitted, 1);
	assert_int_equal(reply.explained.why, 0);
	assert_int_equal(reply.explained.rule, 5);
	assert_string_equal(reply.explained.text, "[allow] user = 1000; contexts-per-user = 1");
	fixture_call(f, bob, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.explained.permitted, 0);
	assert_int_equal(reply.explained.why, SVA_REASON_DENIED_BY_RULE);
	assert_int_equal(reply.explained.rule, 2);
	assert_string_equal(reply.explained.text, "[deny] user = 1001");
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), 0);
	fixture_call(f, alice, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.explained.permitted, 0);
	assert_int_equal(reply.explained.why, SVA_REASON_LIMIT_USER);
	assert_int_equal(reply.explained.rule, 5);
	request = explain_message("nosuch", "");
	fixture_call(f, alice, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.reason, SVA_REASON_NO_SUCH_DEVICE);
	close(alice);
	close(bob);
}

static void explain_of_no_rule_has_line_zero(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_explain request = explain_message("", "");
	union reply_any reply;
	int client;

	fixture_start(f, "");
	fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	fixture_call(f, client, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.error, 0);
	assert_int_equal(reply.explained.permitted, 0);
	assert_int_equal(reply.explained.why, SVA_REASON_DENIED_BY_DEFAULT);
	assert_int_equal(reply.explained.rule, 0);
	assert_string_equal(reply.explained.text, "");
	close(client);
}

/* ------------------------------------------------ devices, reload, the end */

static void devices_may_come_and_go_under_clients(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int client, context;

	fixture_start(f, "[allow]\nuser = *\n");
	client = fixture_connect(f, -1);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_NO_DEVICE);
	fake = fixture_plug(f, "soft0", 10);
	assert_int_equal(fixture_open(f, client, "soft0", &context), 0);
	fake_unplug(fake);
	/* R6: the first to ask after it has gone is told so */
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_NO_DEVICE);
	fixture_plug(f, "soft0", 10);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	close(context);
	close(client);
}

static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	assert_int_equal(sigprocmask(SIG_BLOCK, &set, NULL), 0);
}

static void a_reload_takes_effect_at_once(void **state)
{
	struct fixture *f = *state;
	int client, context;

	fixture_start(f, "[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 10);
	block_signals();
	assert_int_equal(svad_handle_signals(&f->svad), 0);
	client = fixture_connect(f, -1);
	assert_int_equal(fixture_open(f, client, "soft0", &context), 0);
	fixture_write_policy(f, "[deny]\n");
	assert_int_equal(raise(SIGHUP), 0);
	fixture_run(f);
	assert_true(fixture_log_has(f, "is in force"));
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_RULE);
	/* what was handed out stays with its process */
	assert_int_equal(account_total(devices_find(&f->svad.devices, "soft0")), 1);
	close(context);
	close(client);
}

static void a_reload_of_a_bad_file_changes_nothing(void **state)
{
	struct fixture *f = *state;
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	fixture_write_policy(f, "[deny]\n[allow]\nuser = no-such-user-here\n");
	assert_int_equal(svad_reload(&f->svad), -EINVAL);
	assert_true(fixture_log_has(f, "svad.conf:3:8: there is no user"));
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	close(client);
}

static void a_reload_lowers_the_limit_on_connections(void **state)
{
	struct fixture *f = *state;
	int clients[4], newcomer;

	fixture_start(f, "[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 100);
	for (int i = 0; i < 4; i++)
		clients[i] = fixture_connect(f, -1);
	fixture_run(f);
	fixture_write_policy(f, "[limits]\nconnections = 2\n[allow]\nuser = *\n");
	assert_int_equal(svad_reload(&f->svad), 0);
	/* those who are there stay until somebody comes */
	for (int i = 0; i < 4; i++)
		assert_int_equal(fixture_open(f, clients[i], "soft0", NULL), 0);
	newcomer = fixture_connect(f, -1);
	assert_int_equal(fixture_open(f, newcomer, "soft0", NULL), 0);
	assert_int_equal(f->svad.clients.count, 2);
	assert_int_equal(fixture_open(f, clients[3], "soft0", NULL), 0);
	close(newcomer);
	for (int i = 0; i < 4; i++)
		close(clients[i]);
}

static void sigterm_ends_the_loop_and_leaves_contexts(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int client, context;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	block_signals();
	assert_int_equal(svad_handle_signals(&f->svad), 0);
	client = fixture_connect(f, -1);
	assert_int_equal(fixture_open(f, client, "soft0", &context), 0);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(sd_event_loop(f->event), 0);
	fixture_stop(f);
	assert_true(fake_context_has_holder(fake, fake_last_id(fake)));
	close(context);
	close(client);
}

static void a_bad_policy_does_not_start(void **state)
{
	struct fixture *f = *state;
	struct svad_start start = { .config = f->config, .socket = dup(0), .state = -1 };

	fixture_write_policy(f, "[allow]\n");
	assert_true(sd_event_new(&f->event) >= 0);
	assert_int_equal(svad_init(&f->svad, f->event, &start), -EINVAL);
	assert_true(fixture_log_has(f, "svad.conf:1:1: this [allow] names nobody"));
}

static void this_kernel_identifies_peers(void **state)
{
	(void)state;
	assert_int_equal(peer_check_kernel(), 0);
}

/* ------------------------------------------------------------- the socket */

static void a_stale_socket_is_replaced_and_a_served_one_is_not(void **state)
{
	struct fixture *f = *state;
	struct stat status;
	int first, second;

	first = listen_open(f->socket);
	assert_true(first >= 0);
	assert_int_equal(lstat(f->socket, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0666);
	assert_int_equal(listen_open(f->socket), -EADDRINUSE);
	assert_true(fixture_log_has(f, "served already"));
	close(first);
	second = listen_open(f->socket);
	assert_true(second >= 0);
	close(second);
}

static void what_is_no_socket_is_not_removed(void **state)
{
	struct fixture *f = *state;

	fixture_write_policy(f, "precious");
	assert_int_equal(listen_open(f->config), -EEXIST);
	assert_int_equal(access(f->config, F_OK), 0);
	assert_true(fixture_log_has(f, "is no socket"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(an_allowed_user_gets_a_context_of_his_own),
		TEST(refusals_have_their_reason),
		TEST(a_type_is_asked_for_by_name),
		TEST(any_device_is_the_first_with_room),
		TEST(any_device_reports_the_refusal_nearest_to_success),
		TEST(the_kernels_reason_reaches_the_client),
		TEST(the_limit_of_a_user_is_freed_by_the_event),
		TEST(an_end_just_before_the_request_counts),
		TEST(another_connection_does_not_raise_the_limit),
		TEST(newcomers_get_a_turn_among_busy_clients),
		TEST(the_limit_of_a_device_counts_all_users),
		TEST(limits_hold_across_a_restart),
		TEST(supplementary_groups_count),
		TEST(groups_that_cannot_be_told_allow_nothing),
		TEST(a_socket_of_a_dead_process_gets_nothing),
		TEST(a_socket_of_a_reaped_process_gets_nothing),
		TEST(a_client_out_of_svads_sight_is_told_so),
		TEST(a_client_that_leaves_before_the_reply_costs_nothing),
		TEST(a_reply_that_cannot_be_sent_ends_the_context),
		TEST(a_slow_reader_waits_for_itself_only),
		TEST(a_context_in_a_waiting_reply_ends_with_its_client),
		TEST(fds_that_nobody_takes_are_bounded),
		TEST(requests_take_turns),
		TEST(a_thousand_connections_are_served),
#if !UNDER_ASAN
		TEST(an_idle_client_costs_less_than_a_kibibyte),
#endif
		TEST(connections_of_a_user_are_limited),
		TEST(a_newcomer_takes_the_place_of_who_has_most_and_asks_nothing),
		TEST(hundreds_of_uids_keep_nobody_out),
		TEST(connections_in_use_are_limited_in_total),
		TEST(a_crowd_that_is_refused_costs_no_search_each),
		TEST(want_of_fds_makes_clients_wait_and_not_svad_spin),
		TEST(svad_that_could_not_listen_again_tries_until_it_can),
		TEST(a_violation_drops_that_client_and_no_other),
		TEST(a_dropped_client_can_read_why),
		TEST(an_empty_packet_ends_the_connection),
		TEST(fds_do_not_reach_svad),
		TEST(fds_on_a_request_are_a_violation),
		TEST(another_version_is_told_ours_and_may_go_on),
		TEST(nobody_floods_the_log),
		TEST(what_clients_send_draws_nothing_on_a_terminal),
		TEST(devices_are_listed_in_pages),
		TEST(everybody_sees_his_own_contexts_and_administrators_all),
		TEST(a_context_that_ended_meanwhile_is_not_shown),
		TEST(contexts_of_an_unknown_device_are_refused),
		TEST(explain_says_by_which_line),
		TEST(explain_of_no_rule_has_line_zero),
		TEST(devices_may_come_and_go_under_clients),
		TEST(a_reload_takes_effect_at_once),
		TEST(a_reload_of_a_bad_file_changes_nothing),
		TEST(a_reload_lowers_the_limit_on_connections),
		TEST(sigterm_ends_the_loop_and_leaves_contexts),
		TEST(a_bad_policy_does_not_start),
		TEST(this_kernel_identifies_peers),
		TEST(a_stale_socket_is_replaced_and_a_served_one_is_not),
		TEST(what_is_no_socket_is_not_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
