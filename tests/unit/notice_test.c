// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * notice_test.c - what administrators do and what is told of it: watches, revoke,
 * reset, statistics, the log and the journal
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "audit.h"
#include "fixture.h"
#include "log.h"
#include "notice.h"

static uint32_t call_number(struct fixture *f, int fd, uint16_t type, union reply_any *reply)
{
	struct sva_msg_number request = { .msg = header(type, sizeof(request)) };

	fixture_call(f, fd, &request, sizeof(request), reply, NULL);
	return reply->msg.reason;
}

static int subscribe(struct fixture *f, uid_t uid)
{
	int fd = fixture_connect(f, uid);
	union reply_any reply;

	assert_int_equal(call_number(f, fd, SVA_MSG_SUBSCRIBE, &reply), 0);
	return fd;
}

/* The next event's kind, or -1 where there is none */
static int next_kind(int fd, struct sva_msg_event *event)
{
	union reply_any reply;
	ssize_t size = recv(fd, &reply, sizeof(reply), MSG_DONTWAIT);

	if (size < 0)
		return -1;
	assert_int_equal(size, sizeof(reply.event));
	assert_int_equal(reply.msg.type, SVA_MSG_EVENT);
	assert_int_equal(reply.msg.size, size);
	assert_int_equal(reply.msg.error, 0);
	*event = reply.event;
	return (int)event->kind;
}

static uint32_t ask_revoke(struct fixture *f, int fd, const char *device, uint64_t context)
{
	struct sva_msg_revoke request = {
		.msg = header(SVA_MSG_REVOKE, sizeof(request)), .context = context,
	};
	union reply_any reply;

	name_copy(request.device, device, SVA_NAME_LEN);
	fixture_call(f, fd, &request, sizeof(request), &reply, NULL);
	return reply.msg.reason;
}

static uint32_t ask_reset(struct fixture *f, int fd, const char *device)
{
	struct sva_msg_reset request = { .msg = header(SVA_MSG_RESET, sizeof(request)) };
	union reply_any reply;

	name_copy(request.device, device, SVA_NAME_LEN);
	fixture_call(f, fd, &request, sizeof(request), &reply, NULL);
	return reply.msg.reason;
}

/* ------------------------------------------------------------- watches */

static void everybody_is_told_of_his_own_and_administrators_of_all(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_event event;
	struct fake_device *fake;
	int root, alice, bob, client;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = *\n");
	root = subscribe(f, 0);
	alice = subscribe(f, ALICE);
	bob = subscribe(f, BOB);
	fake = fixture_plug(f, "soft0", 10);
	assert_int_equal(next_kind(bob, &event), SVA_NOTICE_DEVICE_ARRIVED);
	assert_string_equal(event.device, "soft0");
	client = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	fake_post(fake, SVA_EVENT_BOUND, fake_last_id(fake), 0);
	fake_context_end(fake, fake_last_id(fake), SVA_RELEASE_NEITHER);
	fake_context_release(fake, fake_last_id(fake));
	fake_unplug(fake);
	fixture_run(f);
	for (int i = 0; i < 2; i++) {
		int fd = i ? alice : root;

		assert_int_equal(next_kind(fd, &event), SVA_NOTICE_DEVICE_ARRIVED);
		assert_int_equal(next_kind(fd, &event), SVA_NOTICE_BOUND);
		assert_int_equal(event.uid, ALICE);
		assert_int_equal(event.context, fake_last_id(fake));
		assert_int_equal(next_kind(fd, &event), SVA_NOTICE_ENDED);
		assert_int_equal(event.release, SVA_RELEASE_NEITHER);
		assert_int_equal(next_kind(fd, &event), SVA_NOTICE_QUARANTINED);
		assert_int_equal(next_kind(fd, &event), SVA_NOTICE_RELEASED);
		assert_int_equal(next_kind(fd, &event), SVA_NOTICE_DEVICE_GONE);
		assert_int_equal(next_kind(fd, &event), -1);
	}
	/* alice's contexts are none of bob's business */
	assert_int_equal(next_kind(bob, &event), SVA_NOTICE_DEVICE_GONE);
	assert_int_equal(next_kind(bob, &event), -1);
	close(root);
	close(alice);
	close(bob);
	close(client);
	fixture_run(f);
	assert_int_equal(f->svad.num_watchers, 0);
	assert_null(f->svad.watchers);
}

/* R8: who does not read is told how much he missed, and costs nothing meanwhile */
static void a_slow_watcher_is_told_what_it_missed(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_event event;
	struct fake_device *fake;
	uint64_t seen = 0, lost = 0;
	int watch, client, kind;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	watch = subscribe(f, -1);
	client = fixture_connect(f, -1);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	for (int i = 0; i < 2000; i++) {
		fake_post(fake, SVA_EVENT_BOUND, fake_last_id(fake), 0);
		fixture_run(f);
	}
	/* one loss is told once the reader is back, and the rest goes on behind it */
	while ((kind = next_kind(watch, &event)) >= 0) {
		if (kind == SVA_NOTICE_LOST)
			lost += event.count;
		else
			seen++;
		fixture_run(f);
	}
	assert_in_range(seen, 50, 1999);
	assert_int_equal(seen + lost, 2000);
	assert_int_equal(f->svad.stats[SVA_STAT_EVENTS_LOST], lost);
	fake_post(fake, SVA_EVENT_BOUND, fake_last_id(fake), 0);
	fixture_run(f);
	assert_int_equal(next_kind(watch, &event), SVA_NOTICE_BOUND);
	close(watch);
	close(client);
}

/* There is room again, and svad has not been told so yet when the next one comes */
static void a_loss_is_told_before_what_comes_behind_it(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_event event;
	struct fake_device *fake;
	int watch, client;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	watch = subscribe(f, -1);
	client = fixture_connect(f, -1);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	while (!f->svad.stats[SVA_STAT_EVENTS_LOST]) {
		fake_post(fake, SVA_EVENT_BOUND, fake_last_id(fake), 0);
		fixture_run(f);
	}
	while (next_kind(watch, &event) >= 0)
		;
	fake_post(fake, SVA_EVENT_BOUND, fake_last_id(fake), 0);
	fixture_run(f);
	assert_int_equal(next_kind(watch, &event), SVA_NOTICE_LOST);
	assert_int_equal(event.count, 2);
	assert_int_equal(next_kind(watch, &event), -1);
	close(watch);
	close(client);
}

static void a_watch_asks_nothing_more(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_open request = open_message("soft0", "");
	struct fake_device *fake;
	union reply_any reply;
	int watch;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	watch = subscribe(f, -1);
	fixture_call(f, watch, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.reason, SVA_REASON_PROTOCOL);
	assert_int_equal(f->svad.num_watchers, 0);
	/* a dropped one is told nothing more */
	fake_post(fake, SVA_EVENT_RESET, 0, 0);
	fixture_run(f);
	assert_int_equal(packet_receive(watch, &reply, NULL), 0);
	close(watch);
}

static void who_is_no_administrator_any_more_is_told_of_his_own_only(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_event event;
	struct fake_device *fake;
	int bob, client;

	fixture_need_root();
	fixture_start(f, "[administrators]\nuser = 1001\n[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	bob = subscribe(f, BOB);
	client = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	fake_post(fake, SVA_EVENT_BOUND, fake_last_id(fake), 0);
	fixture_run(f);
	assert_int_equal(next_kind(bob, &event), SVA_NOTICE_BOUND);
	fixture_write_policy(f, "[allow]\nuser = *\n");
	assert_int_equal(svad_reload(&f->svad), 0);
	fake_context_end(fake, fake_last_id(fake), SVA_RELEASE_CLEAN);
	fixture_run(f);
	assert_int_equal(next_kind(bob, &event), -1);
	close(bob);
	close(client);
}

/* R10: root's watch in other hands, when root's process has ended */
static void a_watch_of_a_dead_process_is_told_nothing(void **state)
{
	struct sva_msg_number request = { .msg = header(SVA_MSG_SUBSCRIBE, sizeof(request)) };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct fixture *f = *state;
	union reply_any reply;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), status;
	pid_t child;

	fixture_start(f, "[allow]\nuser = *\n");
	name_copy(address.sun_path, f->socket, sizeof(address.sun_path));
	child = fork();
	if (!child) {
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)))
			_exit(1);
		if (send(fd, &request, sizeof(request), 0) != sizeof(request))
			_exit(2);
		/* until svad has answered */
		_exit(recv(fd, &reply, 1, MSG_PEEK) == 1 ? 0 : 3);
	}
	while (!waitpid(child, &status, WNOHANG))
		assert_true(sd_event_run(f->event, 1000) >= 0);
	assert_int_equal(status, 0);
	assert_int_equal(packet_receive(fd, &reply, NULL), sizeof(reply.done));
	assert_int_equal(reply.msg.error, 0);
	fixture_plug(f, "soft0", 10);
	assert_true(recv(fd, &reply, sizeof(reply), MSG_DONTWAIT) < 0);
	close(fd);
	fixture_run(f);
	assert_int_equal(f->svad.num_watchers, 0);
}

static void watches_of_a_user_are_limited(void **state)
{
	struct fixture *f = *state;
	union reply_any reply;
	int watches[8], more, bob;

	fixture_need_root();
	fixture_start(f, "");
	for (size_t i = 0; i < ARRAY_SIZE(watches); i++)
		watches[i] = subscribe(f, ALICE);
	more = fixture_connect(f, ALICE);
	assert_int_equal(call_number(f, more, SVA_MSG_SUBSCRIBE, &reply), SVA_REASON_LIMIT_WATCHES);
	bob = subscribe(f, BOB);
	close(watches[3]);
	fixture_run(f);
	assert_int_equal(call_number(f, more, SVA_MSG_SUBSCRIBE, &reply), 0);
	for (size_t i = 0; i < ARRAY_SIZE(watches); i++) {
		if (i != 3)
			close(watches[i]);
	}
	close(more);
	close(bob);
}

/* ------------------------------------------------------- revoke, reset */

static void administrators_revoke_and_reset(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_event event;
	struct fake_device *fake;
	int root, alice, watch;
	uint64_t id;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	root = fixture_connect(f, 0);
	alice = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), 0);
	id = fake_last_id(fake);
	watch = subscribe(f, ALICE);
	assert_int_equal(ask_revoke(f, alice, "soft0", id), SVA_REASON_NOT_ADMINISTRATOR);
	assert_int_equal(ask_reset(f, alice, "soft0"), SVA_REASON_NOT_ADMINISTRATOR);
	assert_int_equal(fake_revokes(fake) + fake_resets(fake), 0);
	assert_int_equal(ask_revoke(f, root, "soft0", id + 1), SVA_REASON_NO_SUCH_CONTEXT);
	assert_int_equal(ask_revoke(f, root, "soft7", id), SVA_REASON_NO_SUCH_DEVICE);
	assert_int_equal(ask_revoke(f, root, "soft0", id), 0);
	assert_false(fake_has_context(fake, id));
	assert_true(fixture_log_has(f, "revoked context"));
	assert_int_equal(next_kind(watch, &event), SVA_NOTICE_REVOKED);
	assert_int_equal(event.reason, SVA_REASON_CONTEXT_REVOKED);
	assert_int_equal(next_kind(watch, &event), SVA_NOTICE_ENDED);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), 0);
	assert_int_equal(ask_reset(f, root, "soft7"), SVA_REASON_NO_SUCH_DEVICE);
	assert_int_equal(ask_reset(f, root, "soft0"), 0);
	assert_int_equal(fake_resets(fake), 1);
	assert_int_equal(next_kind(watch, &event), SVA_NOTICE_ENDED);
	assert_int_equal(next_kind(watch, &event), SVA_NOTICE_DEVICE_RESET);
	fake_fail_revoke(fake, EBUSY);
	assert_int_equal(ask_revoke(f, root, "soft0", id), SVA_REASON_SYSTEM);
	close(root);
	close(alice);
	close(watch);
}

/* ---------------------------------------------------------- statistics */

static void statistics_are_for_administrators(void **state)
{
	struct fixture *f = *state;
	union reply_any reply;
	int root, alice;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = 1000\ncontexts-per-user = 1\n");
	fixture_plug(f, "soft0", 10);
	root = fixture_connect(f, 0);
	alice = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), 0);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), SVA_REASON_LIMIT_USER);
	assert_int_equal(fixture_open(f, root, "soft0", NULL), SVA_REASON_DENIED_BY_DEFAULT);
	assert_int_equal(fixture_open(f, alice, "soft7", NULL), SVA_REASON_NO_SUCH_DEVICE);
	assert_int_equal(call_number(f, alice, SVA_MSG_STATS, &reply), SVA_REASON_NOT_ADMINISTRATOR);
	assert_int_equal(call_number(f, root, SVA_MSG_STATS, &reply), 0);
	assert_int_equal(reply.stats.count, SVA_STATS);
	assert_int_equal(reply.stats.values[SVA_STAT_CLIENTS], 2);
	assert_int_equal(reply.stats.values[SVA_STAT_DEVICES], 1);
	assert_int_equal(reply.stats.values[SVA_STAT_CONTEXTS], 1);
	assert_int_equal(reply.stats.values[SVA_STAT_RULES], 1);
	assert_int_equal(reply.stats.values[SVA_STAT_CONNECTIONS], 2);
	assert_int_equal(reply.stats.values[SVA_STAT_REQUESTS], 6);
	assert_int_equal(reply.stats.values[SVA_STAT_OPENED], 1);
	assert_int_equal(reply.stats.values[SVA_STAT_REFUSED_LIMIT], 1);
	assert_int_equal(reply.stats.values[SVA_STAT_REFUSED_POLICY], 2);
	assert_int_equal(reply.stats.values[SVA_STAT_REFUSED_OTHER], 1);
	assert_true(reply.stats.values[SVA_STAT_HEAP] > 0 || UNDER_ASAN);
	close(root);
	close(alice);
}

/* --------------------------------------------------------------- audit */

static void binds_and_quarantine_leave_a_line(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	char line[128];
	int alice;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	alice = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), 0);
	fake_post(fake, SVA_EVENT_BOUND, fake_last_id(fake), 0);
	fake_context_end(fake, fake_last_id(fake), SVA_RELEASE_NEITHER);
	fixture_run(f);
	snprintf(line, sizeof(line), "bound context %llu on soft0 for uid 1000, pid %d",
		 (unsigned long long)fake_last_id(fake), getpid());
	assert_true(fixture_log_has(f, line));
	assert_int_equal(fixture_log_count(f, "quarantined context"), 1);
	close(alice);
}

static void what_was_held_back_is_told(void **state)
{
	struct fixture *f = *state;
	union reply_any reply;
	int client;

	fixture_start(f, "");
	fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, -1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_DEFAULT);
	assert_in_range(fixture_log_count(f, "refused uid"), 10, 20);
	if (!geteuid()) {
		assert_int_equal(call_number(f, client, SVA_MSG_STATS, &reply), 0);
		assert_in_range(reply.stats.values[SVA_STAT_LINES_HELD_BACK], 80, 90);
	}
	/* the timer is armed; the end of svad comes before it and tells as well */
	assert_true(fixture_log_count(f, "held back") == 0);
	close(client);
	fixture_stop(f);
	assert_int_equal(fixture_log_count(f, "held back"), 1);
}

/* R8: however many users there are, the log of all together is bounded */
static void all_users_together_do_not_flood_the_log(void **state)
{
	unsigned int written = 0;

	(void)state;
	for (uint32_t uid = 0; uid < 100000; uid++)
		written += log_allows(uid * 7919, 1000000);
	assert_in_range(written, 100, 200);
	assert_int_equal(log_held_back_lately(), 100000 - written);
	assert_int_equal(log_held_back_lately(), 0);
	assert_int_equal(log_held_back(), 100000 - written);
}

static void stderr_is_known_to_be_the_journal(void **state)
{
	struct stat status;
	char stream[64];

	(void)state;
	assert_int_equal(fstat(0, &status), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino);
	assert_true(log_is_journal(0, stream));
	strcat(stream, "1");
	assert_false(log_is_journal(0, stream));
	assert_false(log_is_journal(0, NULL));
	assert_false(log_is_journal(0, "nonsense"));
}

/* In a mount namespace where the journal's socket is the test's own */
static int journal_child(int report)
{
	struct sockaddr_un address = {
		.sun_family = AF_UNIX, .sun_path = "/run/systemd/journal/socket",
	};
	const struct record record = {
		.event = "refused", .about_user = true, .uid = 1000, .pid = 77,
		.cgroup = "/job\n7", .device = "soft0", .context = 12, .pasid = 5,
		.reason = "denied-by-rule",
	};
	char stream[64], text[2048];
	struct stat status;
	ssize_t length;
	int journal;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("test", "/run", "tmpfs", 0, NULL) || mkdir("/run/systemd", 0755) ||
	    mkdir("/run/systemd/journal", 0755))
		return 77;
	journal = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (bind(journal, (struct sockaddr *)&address, sizeof(address)))
		return 77;
	fstat(STDERR_FILENO, &status);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open(STDERR_FILENO, LOG_NOTICE);
	log_record(LOG_NOTICE, &record, "refused uid %u\033[2J", 1000u);
	length = recv(journal, text, sizeof(text), MSG_DONTWAIT);
	return length > 0 && write(report, text, (size_t)length) == length ? 0 : 1;
}

static void the_journal_gets_the_fields(void **state)
{
	static const char *const wanted[] = {
		"PRIORITY=5\n", "SYSLOG_IDENTIFIER=svad\n", "SVA_EVENT=refused\n", "SVA_UID=1000\n",
		"SVA_PID=77\n", "SVA_CGROUP=/job?7\n", "SVA_DEVICE=soft0\n", "SVA_CONTEXT=12\n",
		"SVA_PASID=5\n", "SVA_REASON=denied-by-rule\n", "MESSAGE=refused uid 1000?[2J",
	};
	char text[2048] = "";
	int pipes[2], status;
	pid_t child;

	(void)state;
	fixture_need_root();
	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (!child)
		_exit(journal_child(pipes[1]));
	close(pipes[1]);
	assert_true(read(pipes[0], text, sizeof(text) - 1) >= 0);
	close(pipes[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WEXITSTATUS(status) == 77) {
		print_message("no mount namespace is to be had here\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (!strstr(text, wanted[i]))
			fail_msg("no '%s' in: %s", wanted[i], text);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(everybody_is_told_of_his_own_and_administrators_of_all),
		TEST(a_slow_watcher_is_told_what_it_missed),
		TEST(a_loss_is_told_before_what_comes_behind_it),
		TEST(a_watch_asks_nothing_more),
		TEST(who_is_no_administrator_any_more_is_told_of_his_own_only),
		TEST(a_watch_of_a_dead_process_is_told_nothing),
		TEST(watches_of_a_user_are_limited),
		TEST(administrators_revoke_and_reset),
		TEST(statistics_are_for_administrators),
		TEST(binds_and_quarantine_leave_a_line),
		TEST(what_was_held_back_is_told),
		TEST(all_users_together_do_not_flood_the_log),
		TEST(stderr_is_known_to_be_the_journal),
		TEST(the_journal_gets_the_fields),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
