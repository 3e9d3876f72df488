// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * restart_test.c - svad is killed at each of its steps, and the next one goes on
 * (R5): nothing is lost, nothing counted twice
 *
 * svad runs in a child, under the production filter (R12), and dies by SIGKILL; the
 * fake kernel's memory, the listening socket and the state file outlive it, as they
 * do under a service manager.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "fixture.h"
#include "listen.h"
#include "sandbox.h"

#define MOST 8

/**
 * struct machine - what outlives svad
 * @step, @occurrence: where svad dies next; NULL: nowhere
 * @held: contexts that the test has, as a client
 * @deaths: of svad
 */
struct machine {
	struct fixture *f;
	struct fake_device *fake;
	int listener;
	pid_t svad;
	int pidfd;
	const char *step;
	unsigned int occurrence;
	uint64_t held[MOST];
	int fds[MOST];
	size_t num_held;
	unsigned int deaths;
};

static const char *fatal_step;
static unsigned int until_fatal;

static void die_at_step(const char *step)
{
	/* the filter lets svad signal nobody but itself */
	if (fatal_step && !strcmp(step, fatal_step) && !--until_fatal)
		syscall(SYS_tgkill, getpid(), getpid(), SIGKILL);
}

/* ---------------------------------------------------------------- svad */

static void svad_run(struct machine *machine)
{
	struct fixture *f = machine->f;
	struct svad_start start = {
		.config = f->config, .socket = dup(machine->listener),
		.state = grants_file_open(f->state),
	};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	fatal_step = machine->step;
	until_fatal = machine->occurrence;
	fake_step = die_at_step;
	if (sd_event_new(&f->event) < 0 || svad_init(&f->svad, f->event, &start) ||
	    devices_add(&f->svad.devices, "soft0", "/fake/soft0") ||
	    (!UNDER_ASAN && sandbox_enter()))
		_exit(1);
	_exit(sd_event_loop(f->event) < 0);
}

static void svad_start_again(struct machine *machine)
{
	machine->svad = fork();
	assert_true(machine->svad >= 0);
	if (!machine->svad)
		svad_run(machine);
	machine->pidfd = (int)syscall(SYS_pidfd_open, machine->svad, 0);
	assert_true(machine->pidfd >= 0);
}

static void svad_reap(struct machine *machine)
{
	int status;

	assert_int_equal(waitpid(machine->svad, &status, 0), machine->svad);
	fd_close(&machine->pidfd);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail_msg("svad has ended with status %#x and not by SIGKILL", (unsigned int)status);
	machine->deaths++;
	/* as the kernel does: what nobody holds has ended */
	fake_svad_died(machine->fake, machine->held, machine->num_held);
}

/* Another one, which meets its own death only where the test wants that */
static void svad_replace(struct machine *machine)
{
	svad_reap(machine);
	machine->step = NULL;
	svad_start_again(machine);
}

static void machine_start(struct machine *machine, struct fixture *f, const char *policy,
			  const char *step, unsigned int occurrence)
{
	*machine = (struct machine){
		.f = f, .fake = fake_plug("soft0", 100), .step = step, .occurrence = occurrence,
	};
	fixture_write_policy(f, policy);
	machine->listener = listen_open(f->socket);
	assert_true(machine->listener >= 0);
	svad_start_again(machine);
}

static void machine_stop(struct machine *machine)
{
	kill(machine->svad, SIGKILL);
	svad_reap(machine);
	for (size_t i = 0; i < machine->num_held; i++)
		close(machine->fds[i]);
	close(machine->listener);
	unlink(machine->f->state);
	unlink(machine->f->socket);
	fake_reset();
}

/* -------------------------------------------------------------- client */

static int machine_connect(struct machine *machine)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	name_copy(address.sun_path, machine->f->socket, sizeof(address.sun_path));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* False: svad was lost, and is there again */
static bool machine_receive(struct machine *machine, int fd, union reply_any *reply, int *context)
{
	for (;;) {
		struct pollfd polls[] = {
			{ .fd = fd, .events = POLLIN }, { .fd = machine->pidfd, .events = POLLIN },
		};

		assert_true(poll(polls, 2, 20000) > 0);
		if (!polls[0].revents) {
			svad_replace(machine);
			continue;
		}
		/* with the request unread, svad's end makes it an ECONNRESET */
		if (recv(fd, reply, 1, MSG_PEEK | MSG_DONTWAIT) > 0) {
			packet_receive(fd, reply, context);
			return true;
		}
		svad_replace(machine);
		return false;
	}
}

/* As libsva does: connects anew and asks again where the answer was lost */
static void machine_call(struct machine *machine, const void *request, size_t size,
			 union reply_any *reply, int *context)
{
	bool answered;

	do {
		int fd = machine_connect(machine);

		(void)!send(fd, request, size, MSG_NOSIGNAL);
		answered = machine_receive(machine, fd, reply, context);
		close(fd);
	} while (!answered);
}

static uint32_t machine_open(struct machine *machine)
{
	struct sva_msg_open request = open_message("soft0", "");
	union reply_any reply;
	int context;

	machine_call(machine, &request, sizeof(request), &reply, &context);
	if (reply.msg.error)
		return reply.msg.reason;
	assert_true(context >= 0);
	assert_in_range(machine->num_held, 0, MOST - 1);
	machine->fds[machine->num_held] = context;
	machine->held[machine->num_held++] = reply.opened.id;
	return 0;
}

/* ---------------------------------------------------------------- tests */

static void opening_survives_a_death_at_any_step(void **state)
{
	static const char *const steps[] = {
		"accepted", "received", "allowed", "created", "answering", "answered",
	};

	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		for (unsigned int occurrence = 1; occurrence <= 3; occurrence++) {
			struct machine machine;

			machine_start(&machine, *state,
				      "[allow]\nuser = *\ncontexts-per-user = 4\n", steps[i],
				      occurrence);
			for (int j = 0; j < 4; j++)
				assert_int_equal(machine_open(&machine), 0);
			/* neither one more nor one less than without the death */
			assert_int_equal(machine_open(&machine), SVA_REASON_LIMIT_USER);
			assert_int_equal(machine.deaths, 1);
			assert_int_equal(fake_contexts(machine.fake), 4);
			machine_stop(&machine);
		}
	}
}

static uint32_t machine_give(struct machine *machine, uint32_t contexts)
{
	struct sva_msg_add_grant request = {
		.msg = header(SVA_MSG_ADD_GRANT, sizeof(request)), .device = "soft0",
		.uid = geteuid(), .contexts = contexts,
	};
	union reply_any reply;

	machine_call(machine, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.reason, 0);
	return reply.done.grant;
}

static uint32_t machine_take(struct machine *machine, uint32_t number)
{
	struct sva_msg_number request = {
		.msg = header(SVA_MSG_REMOVE_GRANT, sizeof(request)), .number = number,
	};
	union reply_any reply;

	machine_call(machine, &request, sizeof(request), &reply, NULL);
	return reply.msg.reason;
}

static void grants_survive_a_death_at_any_step(void **state)
{
	static const struct {
		const char *step;
		unsigned int occurrences;
	} steps[] = {
		{ "given", 1 }, { "created", 3 }, { "taken", 1 }, { "revoking", 3 },
		{ "answering", 5 }, { "answered", 5 },
	};

	fixture_need_root();
	for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
		for (unsigned int j = 1; j <= steps[i].occurrences; j++) {
			struct machine machine;
			uint32_t number, reason;

			machine_start(&machine, *state, "", steps[i].step, j);
			number = machine_give(&machine, 3);
			for (int k = 0; k < 3; k++)
				assert_int_equal(machine_open(&machine), 0);
			assert_int_equal(machine_open(&machine), SVA_REASON_LIMIT_GRANT);
			reason = machine_take(&machine, number);
			/* taken by the first try, of which the answer was lost */
			assert_true(!reason || (machine.deaths &&
						reason == SVA_REASON_NO_SUCH_GRANT));
			assert_int_equal(machine_open(&machine), SVA_REASON_DENIED_BY_DEFAULT);
			/* all that was opened under it has been revoked, however often svad died */
			assert_int_equal(fake_contexts(machine.fake), 0);
			assert_int_equal(machine.deaths, 1);
			machine_stop(&machine);
		}
	}
}

/* The backlog is the socket's, not svad's: who waits is served by the next one */
static void who_waits_in_the_backlog_does_not_notice(void **state)
{
	struct sva_msg_open request = open_message("soft0", "");
	struct machine machine;
	union reply_any reply;
	int fd, context;

	machine_start(&machine, *state, "[allow]\nuser = *\n", NULL, 0);
	kill(machine.svad, SIGKILL);
	fd = machine_connect(&machine);
	packet_send(fd, &request, sizeof(request));
	assert_true(machine_receive(&machine, fd, &reply, &context));
	assert_int_equal(reply.msg.reason, 0);
	close(context);
	close(fd);
	machine_stop(&machine);
}

/* DESIGN section 11: 100 ms.  Printed and not asserted: the machine may be busy. */
static void a_thousand_contexts_are_adopted(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake = fake_plug("soft0", 2000);
	struct timespec before, after;
	int client;

	for (int i = 0; i < 1000; i++)
		fake_context_set_cookie(fake, fake_context_add(fake, ALICE + i % 10, getpid()),
					cookie_make(0, 1 + i % 100));
	clock_gettime(CLOCK_MONOTONIC, &before);
	fixture_start(f, "[allow]\nuser = *\ncontexts-per-user = 100\n");
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
	clock_gettime(CLOCK_MONOTONIC, &after);
	print_message("1000 contexts adopted in %.2f ms\n",
		      (double)(after.tv_sec - before.tv_sec) * 1e3 +
		      (double)(after.tv_nsec - before.tv_nsec) / 1e6);
	assert_int_equal(account_total(devices_find(&f->svad.devices, "soft0")), 1000);
	assert_int_equal(account_cgroup(devices_find(&f->svad.devices, "soft0"), 7), 10);
	if (!geteuid()) {
		client = fixture_connect(f, ALICE + 3);
		assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_LIMIT_USER);
		close(client);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(opening_survives_a_death_at_any_step),
		TEST(grants_survive_a_death_at_any_step),
		TEST(who_waits_in_the_backlog_does_not_notice),
		TEST(a_thousand_contexts_are_adopted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
