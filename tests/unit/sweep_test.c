// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sweep_test.c - every allocation of svad fails once, and once all behind it too;
 * every number of fds is too few once; and the disk is full
 *
 * A session of several clients is played again and again over the fake kernel.
 * Whatever fails: svad answers with a reason or drops that client (R7), goes on,
 * serves the next one, has counted nothing twice or lost (R5), and leaks nothing.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

#include "fixture.h"
#include "listen.h"
#include "log.h"
#include "scarce.h"

#define LIMIT		8	/* contexts of a user, as the policy has it */
#define FILES_MAX	32
#define SWEEP_LEAST	20	/* allocations of svad's own; those of libraries come on top */
#define WAIT_US		1000000	/* longer than svad pauses when it cannot accept */

static const char policy[] =
	"[limits]\ncontexts-per-user = 8\nconnections-per-user = 16\n"
	"[administrators]\nuser = root\n"
	"[deny]\ngroup = daemon, nogroup\ndevice = other*, more*\n"
	"[allow]\nuser = *\ndevice = soft*\ntype = shared, dedicated\n"
	"[device soft1]\ncontexts-per-device = 100\n";

struct session {
	struct fixture *f;
	struct fake_device *device;
	bool loop_failed;
	unsigned int refused;
	unsigned int dropped;
};

/* ------------------------------------------------------- svad, in scarcity */

static void turn(struct session *s)
{
	int ret;

	scarce_begin();
	while ((ret = svad_turn(&s->f->svad, 0)) > 0)
		;
	scarce_end();
	if (ret < 0) {
		print_error("svad's loop has ended: %s\n", strerror(-ret));
		s->loop_failed = true;
	}
}

static bool svad_starts(struct session *s)
{
	struct fixture *f = s->f;
	struct svad_start start = { .config = f->config, .state = -1 };
	int err;

	fixture_write_policy(f, policy);
	assert_true(sd_event_new(&f->event) >= 0);
	scarce_begin();
	start.socket = listen_open(f->socket);
	if (start.socket >= 0)
		start.state = grants_file_open(f->state);
	if (start.state >= 0) {
		err = svad_init(&f->svad, f->event, &start);
	} else {
		err = start.socket < 0 ? start.socket : start.state;
		fd_close(&start.socket);
	}
	scarce_end();
	if (!err)
		return true;
	f->event = sd_event_unref(f->event);
	assert_in_range(-err, EPERM, EHWPOISON);
	return false;
}

/* The next time that somebody looks, it is there */
static void plug(struct session *s, const char *name)
{
	/* more than what makes each user's share of it small */
	struct fake_device *device = fake_plug(name, 1000);
	char node[64];
	int err;

	snprintf(node, sizeof(node), "/fake/%s", name);
	scarce_begin();
	err = devices_add(&s->f->svad.devices, name, node);
	scarce_end();
	if (err)
		assert_int_equal(devices_add(&s->f->svad.devices, name, node), 0);
	if (!s->device)
		s->device = device;
}

/* ---------------------------------------------------------------- clients */

/* Reason of the reply, 0 for success; the client is dropped: -1 */
static int answer(struct session *s, int fd, int *context)
{
	union reply_any reply;
	struct iovec iov = { .iov_base = &reply, .iov_len = sizeof(reply) };
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	ssize_t length;

	turn(s);
	length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	if (length < 0 && errno == EAGAIN) {
		/* not accepted, for want of something: later */
		scarce_files(-1);
		assert_true(sd_event_run(s->f->event, WAIT_US) > 0);
		fixture_run(s->f);
		message.msg_controllen = sizeof(control);
		length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	}
	if (length <= 0) {
		assert_true(!length || errno == ECONNRESET);
		s->dropped++;
		return -1;
	}
	assert_int_equal(!reply.msg.error, !reply.msg.reason);
	s->refused += reply.msg.error != 0;
	if (message.msg_controllen)
		memcpy(context, CMSG_DATA(&control.align), sizeof(int));
	return (int)reply.msg.reason;
}

static void ask(struct session *s, const void *request, size_t size)
{
	int fd = fixture_connect(s->f, (uid_t)-1), context = -1;

	/* the second time on the same connection, if there still is one */
	for (int i = 0; i < 2; i++) {
		if (send(fd, request, size, MSG_NOSIGNAL) < 0)
			break;
		if (answer(s, fd, &context) < 0)
			break;
		fd_close(&context);
	}
	close(fd);
	turn(s);
	fake_end_unheld(s->device);
	turn(s);
}

static void clients_ask(struct session *s)
{
	struct sva_msg_open open = open_message("soft0", ""), any = open_message("", "");
	struct sva_msg_explain explain = explain_message("soft0", "shared");
	struct sva_msg_list_devices devices = {
		.msg = header(SVA_MSG_LIST_DEVICES, sizeof(devices)),
	};
	struct sva_msg_list_contexts contexts = {
		.msg = header(SVA_MSG_LIST_CONTEXTS, sizeof(contexts)), .device = "soft0",
	};

	ask(s, &open, sizeof(open));
	ask(s, &any, sizeof(any));
	ask(s, &explain, sizeof(explain));
	ask(s, &devices, sizeof(devices));
	ask(s, &contexts, sizeof(contexts));
	ask(s, "nonsense", 8);
}

static void ask_about_number(struct session *s, uint16_t type, uint32_t number)
{
	struct sva_msg_number request = {
		.msg = header(type, sizeof(request)), .number = number,
	};

	ask(s, &request, sizeof(request));
}

/* Root's requests; a grant that was refused for want of something is not there to remove */
static void administrators_ask(struct session *s)
{
	struct sva_msg_add_grant to_user = {
		.msg = header(SVA_MSG_ADD_GRANT, sizeof(to_user)), .device = "soft0",
		.uid = 4711, .contexts = 2,
	}, to_cgroup = {
		.msg = header(SVA_MSG_ADD_GRANT, sizeof(to_cgroup)), .device = "soft0",
		.contexts = 2, .cgroup = "/",
	};
	struct sva_msg_explain_user explain = {
		.msg = header(SVA_MSG_EXPLAIN_USER, sizeof(explain)), .device = "soft0", .uid = 4711,
	};
	struct sva_msg_revoke revoke = {
		.msg = header(SVA_MSG_REVOKE, sizeof(revoke)), .device = "soft0", .context = 1,
	};

	ask_about_number(s, SVA_MSG_SUBSCRIBE, 0);
	ask(s, &to_user, sizeof(to_user));
	ask(s, &to_cgroup, sizeof(to_cgroup));
	ask_about_number(s, SVA_MSG_LIST_GRANTS, 0);
	ask(s, &explain, sizeof(explain));
	ask(s, &revoke, sizeof(revoke));
	ask_about_number(s, SVA_MSG_STATS, 0);
	for (uint32_t number = 1; number <= 2; number++)
		ask_about_number(s, SVA_MSG_REMOVE_GRANT, number);
}

/* Replies pile up, so that one has to wait in svad */
static void a_client_does_not_read(struct session *s)
{
	struct sva_msg_list_devices request = {
		.msg = header(SVA_MSG_LIST_DEVICES, sizeof(request)),
	};
	int fd = fixture_connect(s->f, (uid_t)-1);

	for (int i = 0; i < 20; i++) {
		(void)!send(fd, &request, sizeof(request), MSG_NOSIGNAL | MSG_DONTWAIT);
		turn(s);
	}
	close(fd);
	turn(s);
}

/* What the kernel tells has to be taken in, at once or later */
static void the_kernel_tells(struct session *s)
{
	uint64_t id = fake_context_add(s->device, 4711, 1);

	fake_post(s->device, SVA_EVENT_OVERFLOW, 0, 0);
	turn(s);
	fake_context_end(s->device, id, SVA_RELEASE_NEITHER);
	turn(s);
	fake_context_release(s->device, id);
	turn(s);
	for (int i = 0; i < 40; i++)
		fake_context_add(s->device, 5000 + (uint32_t)i, 1);
	fake_post(s->device, SVA_EVENT_RESET, 0, 0);
	turn(s);
}

static void reload(struct session *s)
{
	scarce_begin();
	(void)svad_reload(&s->f->svad);
	scarce_end();
	turn(s);
}

/* ----------------------------------------------------------------- the end */

/* With all that it needs again: svad serves, and has lost count of nothing */
static void svad_is_well(struct session *s)
{
	int fd, contexts[LIMIT + 1];
	unsigned int got = 0;

	assert_false(s->loop_failed);
	assert_int_equal(svad_reload(&s->f->svad), 0);
	/* who could not be accepted then is now */
	while (sd_event_run(s->f->event, s->f->svad.clients.count ? WAIT_US : 0) > 0)
		;
	fake_end_unheld(s->device);
	fixture_run(s->f);
	assert_int_equal(s->f->svad.clients.count, 0);
	fd = fixture_connect(s->f, (uid_t)-1);
	while (got <= LIMIT && fixture_open(s->f, fd, "soft0", &contexts[got]) == 0)
		got++;
	assert_int_equal(got, LIMIT);
	while (got)
		close(contexts[--got]);
	close(fd);
	fixture_run(s->f);
}

static void play(struct session *s)
{
	if (!svad_starts(s))
		return;
	plug(s, "soft0");
	plug(s, "soft1");
	clients_ask(s);
	administrators_ask(s);
	a_client_does_not_read(s);
	the_kernel_tells(s);
	reload(s);
	clients_ask(s);
	scarce_memory(0, false);
	scarce_files(-1);
	svad_is_well(s);
	fixture_stop(s->f);
}

static void play_and_leave(struct fixture *f, struct session *s)
{
	*s = (struct session){ .f = f };
	play(s);
	scarce_memory(0, false);
	scarce_files(-1);
	fake_reset();
	unlink(f->socket);
	unlink(f->state);
}

/* One session; what it has left over is a leak */
static void run_session(struct fixture *f, struct session *s)
{
	int fds = count_fds();

	play_and_leave(f, s);
	assert_int_equal(count_fds(), fds);
}

/*
 * Libraries keep some of what they ask for when there is an error to be told of for
 * the first time: the second time it has to be there.
 */
static bool sweep_step(struct fixture *f, struct session *s, unsigned long number, bool lasting)
{
	long live;

	scarce_memory(number, lasting);
	run_session(f, s);
	live = scarce_live();
	scarce_memory(number, lasting);
	run_session(f, s);
	if (scarce_live() != live)
		fail_msg("allocation %lu fails, and %ld others leak", number, scarce_live() - live);
	return scarce_met();
}

static void sweep_memory(struct fixture *f, bool lasting)
{
	unsigned long number = 1, refused = 0, dropped = 0;
	struct session s;

	while (sweep_step(f, &s, number, lasting)) {
		refused += s.refused;
		dropped += s.dropped;
		number++;
	}
	print_message("%lu allocations; %lu requests were refused, %lu clients dropped\n",
		      number - 1, refused, dropped);
	assert_true(number > SWEEP_LEAST);
}

/* How a session goes that lacks nothing.  What libraries keep they ask for here. */
static struct session warm_up(struct fixture *f)
{
	struct session s;

	log_open(f->log, LOG_ERR);
	play_and_leave(f, &s);
	return s;
}

static void any_allocation_may_fail(void **state)
{
	warm_up(*state);
	sweep_memory(*state, false);
}

static void any_allocation_may_fail_and_all_behind_it(void **state)
{
	warm_up(*state);
	sweep_memory(*state, true);
}

static void any_number_of_files_may_be_too_few(void **state)
{
	struct fixture *f = *state;
	struct session s, well = warm_up(f);

	for (int left = 0; left < FILES_MAX; left++) {
		scarce_files(left);
		run_session(f, &s);
	}
	/* the last had enough, or the sweep has ended too early */
	assert_int_equal(s.dropped, well.dropped);
	assert_int_equal(s.refused, well.refused);
}

/* R8: there is nowhere to write to, and svad serves all the same */
static void a_full_disk_stops_nobody(void **state)
{
	struct fixture *f = *state;
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct session s;

	assert_true(full >= 0);
	warm_up(f);
	log_open(full, LOG_INFO);
	run_session(f, &s);
	log_open(-1, LOG_INFO);
	run_session(f, &s);
	log_open(f->log, LOG_INFO);
	close(full);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(any_allocation_may_fail),
		TEST(any_allocation_may_fail_and_all_behind_it),
		TEST(any_number_of_files_may_be_too_few),
		TEST(a_full_disk_stops_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
