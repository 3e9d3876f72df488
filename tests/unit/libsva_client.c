// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_client.c - libsva's side of the protocol, against svads that lie, hang
 * and die
 */
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <cmocka.h>

#include "client.h"
#include "deadline.h"
#include "libsva_fake_svad.h"
#include "sva.h"

/* ----------------------------------------------------- an answer to OPEN */

/* How the answer differs from a right one */
struct answer {
	const char *name;
	int (*twist)(struct sva_msg_opened *reply);	/* returns its length */
	int fds;
	int error;		/* what client_open() is to return */
	uint32_t reason;
};

static int as_it_is(struct sva_msg_opened *reply)
{
	return sizeof(*reply);
}

static int too_short(struct sva_msg_opened *reply)
{
	return sizeof(*reply) - 1;
}

static int too_short_and_says_so(struct sva_msg_opened *reply)
{
	reply->msg.size = sizeof(*reply) - 4;
	return sizeof(*reply) - 4;
}

static int less_than_a_header(struct sva_msg_opened *reply)
{
	reply->msg.size = 8;
	return 8;
}

static int too_long(struct sva_msg_opened *reply)
{
	return sizeof(*reply) + 1;
}

static int other_size_in_header(struct sva_msg_opened *reply)
{
	reply->msg.size++;
	return sizeof(*reply);
}

static int other_serial(struct sva_msg_opened *reply)
{
	reply->msg.serial++;
	return sizeof(*reply);
}

static int other_type(struct sva_msg_opened *reply)
{
	reply->msg.type = SVA_MSG_EXPLAIN | SVA_MSG_REPLY;
	return sizeof(*reply);
}

static int a_request(struct sva_msg_opened *reply)
{
	reply->msg.type &= (uint16_t)~SVA_MSG_REPLY;
	return sizeof(*reply);
}

static int other_version(struct sva_msg_opened *reply)
{
	reply->msg.version++;
	return sizeof(*reply);
}

static int unterminated_name(struct sva_msg_opened *reply)
{
	memset(reply->device, 'x', sizeof(reply->device));
	return sizeof(*reply);
}

static int reason_without_error(struct sva_msg_opened *reply)
{
	reply->msg.reason = SVA_REASON_BUSY;
	return sizeof(*reply);
}

static int error_without_reason(struct sva_msg_opened *reply)
{
	reply->msg.error = -EACCES;
	return sizeof(*reply);
}

static int positive_error(struct sva_msg_opened *reply)
{
	reply->msg.error = EACCES;
	reply->msg.reason = SVA_REASON_DENIED_BY_RULE;
	return sizeof(*reply);
}

static int error_out_of_range(struct sva_msg_opened *reply)
{
	reply->msg.error = -4096;
	reply->msg.reason = SVA_REASON_DENIED_BY_RULE;
	return sizeof(*reply);
}

static int a_refusal(struct sva_msg_opened *reply)
{
	reply->msg.error = -EACCES;
	reply->msg.reason = SVA_REASON_DENIED_BY_RULE;
	return sizeof(*reply);
}

static int bare(struct sva_msg_opened *reply, int error, uint32_t reason)
{
	reply->msg.size = sizeof(reply->msg);
	reply->msg.error = error;
	reply->msg.reason = reason;
	return sizeof(reply->msg);
}

static int bare_success(struct sva_msg_opened *reply)
{
	return bare(reply, 0, 0);
}

static int bare_violation(struct sva_msg_opened *reply)
{
	return bare(reply, -EPROTO, SVA_REASON_PROTOCOL);
}

static int bare_version(struct sva_msg_opened *reply)
{
	reply->msg.version = 7;
	return bare(reply, -EPROTONOSUPPORT, SVA_REASON_PROTOCOL_VERSION);
}

static int bare_other_version_other_reason(struct sva_msg_opened *reply)
{
	reply->msg.version = 7;
	return bare(reply, -EACCES, SVA_REASON_DENIED_BY_RULE);
}

static int bare_unasked(struct sva_msg_opened *reply)
{
	reply->msg.type = SVA_MSG_REPLY;
	reply->msg.serial = 0;
	return bare(reply, -EUSERS, SVA_REASON_LIMIT_CONNECTIONS);
}

static int bare_for_another(struct sva_msg_opened *reply)
{
	reply->msg.serial++;
	return bare(reply, -EUSERS, SVA_REASON_LIMIT_CONNECTIONS);
}

static const struct answer answers[] = {
	{ "right", as_it_is, 1, 0, 0 },
	{ "too short", too_short, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "too short, and says so", too_short_and_says_so, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "less than a header", less_than_a_header, 0, -EPROTO, SVA_REASON_PROTOCOL },
	{ "too long", too_long, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "another size in the header", other_size_in_header, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "another serial", other_serial, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "another type", other_type, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "a request", a_request, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "another version", other_version, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "a name without end", unterminated_name, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "a reason without error", reason_without_error, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "an error without reason", error_without_reason, 0, -EPROTO, SVA_REASON_PROTOCOL },
	{ "a positive error", positive_error, 0, -EPROTO, SVA_REASON_PROTOCOL },
	{ "no errno", error_out_of_range, 0, -EPROTO, SVA_REASON_PROTOCOL },
	{ "no fd", as_it_is, 0, -EPROTO, SVA_REASON_PROTOCOL },
	{ "two fds", as_it_is, 2, -EPROTO, SVA_REASON_PROTOCOL },
	{ "five fds", as_it_is, 5, -EPROTO, SVA_REASON_PROTOCOL },
	{ "a refusal with an fd", a_refusal, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "a refusal", a_refusal, 0, -EACCES, SVA_REASON_DENIED_BY_RULE },
	{ "bare success", bare_success, 0, -EPROTO, SVA_REASON_PROTOCOL },
	{ "bare violation", bare_violation, 0, -EPROTO, SVA_REASON_PROTOCOL },
	{ "bare version", bare_version, 0, -EPROTONOSUPPORT, SVA_REASON_PROTOCOL_VERSION },
	{ "bare, other version, other reason", bare_other_version_other_reason, 0,
	  -EPROTO, SVA_REASON_PROTOCOL },
	{ "bare, unasked", bare_unasked, 0, -EUSERS, SVA_REASON_LIMIT_CONNECTIONS },
	{ "bare, with an fd", bare_unasked, 1, -EPROTO, SVA_REASON_PROTOCOL },
	{ "bare, for another", bare_for_another, 0, -EPROTO, SVA_REASON_PROTOCOL },
};

static bool answer_open(struct fake_svad *svad, int connection,
			const union fake_request *request, size_t size)
{
	const struct answer *answer = svad->arg;
	char packet[sizeof(struct sva_msg_opened) + 64] = { 0 };
	struct sva_msg_opened reply = { .id = 42, .device = "soft0" };
	int length, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(size, sizeof(request->open));
	reply.msg = fake_reply(request, sizeof(reply));
	length = answer->twist(&reply);
	memcpy(packet, &reply, sizeof(reply));
	fake_send(connection, packet, (size_t)length, null, answer->fds);
	close(null);
	return true;
}

static int ask_to_open(struct client *client, struct sva_msg_opened *opened, int *fd)
{
	int ret = client_connect(client, NULL, 0);

	assert_int_equal(ret, 0);
	ret = client_open(client, "soft0", NULL, opened, fd);
	client_close(client);
	return ret;
}

static void every_answer_is_taken_for_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct answer answer = answers[i];
		struct sva_msg_opened opened;
		struct fake_svad svad;
		struct client client;
		int before = fake_count_fds(), fd, ret;

		fake_svad_start(&svad, answer_open, &answer);
		ret = ask_to_open(&client, &opened, &fd);
		fake_svad_stop(&svad);
		if (ret != answer.error || client.reason != answer.reason)
			fail_msg("%s: %d, reason %u", answer.name, ret, client.reason);
		if (!ret) {
			assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
			assert_int_equal(opened.id, 42);
			close(fd);
		} else {
			assert_int_equal(fd, -1);
		}
		if (fake_count_fds() != before)
			fail_msg("%s: left an fd open", answer.name);
	}
}

/* ------------------------------------------------------ the request itself */

static bool check_request(struct fake_svad *svad, int connection,
			  const union fake_request *request, size_t size)
{
	union fake_request *seen = svad->arg;

	*seen = *request;
	(void)connection;
	(void)size;
	return false;
}

static void the_request_is_as_the_protocol_says(void **state)
{
	struct sva_msg_opened opened;
	union fake_request seen;
	struct fake_svad svad;
	struct client client;
	char zeroes[SVA_NAME_LEN] = { 0 };
	int fd;

	(void)state;
	fake_svad_start(&svad, check_request, &seen);
	ask_to_open(&client, &opened, &fd);
	fake_svad_stop(&svad);
	assert_int_equal(seen.msg.size, sizeof(seen.open));
	assert_int_equal(seen.msg.version, SVA_PROTOCOL_VERSION);
	assert_int_equal(seen.msg.type, SVA_MSG_OPEN);
	assert_int_not_equal(seen.msg.serial, 0);
	assert_int_equal(seen.msg.error, 0);
	assert_int_equal(seen.msg.reason, 0);
	assert_memory_equal(seen.open.device, "soft0", 6);
	assert_memory_equal(seen.open.device + 6, zeroes, SVA_NAME_LEN - 6);
	assert_memory_equal(seen.open.type, zeroes, SVA_NAME_LEN);
}

static void a_name_that_does_not_fit_is_not_cut(void **state)
{
	struct sva_msg_opened opened;
	struct fake_svad svad;
	struct client client;
	char name[SVA_NAME_LEN + 1];
	union fake_request seen;
	int fd;

	(void)state;
	memset(name, 'a', SVA_NAME_LEN);
	name[SVA_NAME_LEN] = '\0';
	fake_svad_start(&svad, check_request, &seen);
	assert_int_equal(client_connect(&client, NULL, 0), 0);
	assert_int_equal(client_open(&client, name, NULL, &opened, &fd), -ENOENT);
	assert_int_equal(client.reason, SVA_REASON_NO_SUCH_DEVICE);
	assert_int_equal(client_open(&client, NULL, name, &opened, &fd), -ENOENT);
	assert_int_equal(client.reason, SVA_REASON_NO_SUCH_TYPE);
	client_close(&client);
	fake_svad_stop(&svad);
	assert_int_equal(svad.requests, 0);
}

/* -------------------------------------------------------- svads that hang */

static bool answer_never(struct fake_svad *svad, int connection,
			 const union fake_request *request, size_t size)
{
	(void)svad;
	(void)connection;
	(void)request;
	(void)size;
	return true;
}

static int open_within(int timeout_ms, struct client *client, int64_t *took)
{
	struct sva_msg_opened opened;
	int64_t start = clock_ns();
	int fd, ret = client_connect(client, NULL, timeout_ms);

	if (!ret)
		ret = client_open(client, NULL, NULL, &opened, &fd);
	*took = clock_ns() - start;
	client_close(client);
	return ret;
}

static void a_svad_that_hangs_is_given_up_in_time(void **state)
{
	struct fake_svad svad;
	struct client client;
	int64_t took;
	int ret;

	(void)state;
	fake_svad_start(&svad, answer_never, NULL);
	ret = open_within(30, &client, &took);
	fake_svad_stop(&svad);
	assert_int_equal(ret, -ETIMEDOUT);
	assert_int_equal(client.reason, SVA_REASON_TIMEOUT);
	assert_true(took >= 30000000);
}

/* Nobody accepts, and the backlog is full: connect() itself has to be patient. */
static void a_full_backlog_is_waited_for_and_given_up_in_time(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct fake_svad svad;
	struct client client;
	int fds[64], count = 0, ret;
	int64_t took;

	(void)state;
	fake_svad_start(&svad, NULL, NULL);
	strcpy(address.sun_path, svad.path);
	do {
		assert_true(count < 64);
		fds[count] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
		ret = connect(fds[count++], (struct sockaddr *)&address, sizeof(address));
	} while (!ret);
	assert_int_equal(errno, EAGAIN);
	ret = open_within(30, &client, &took);
	while (count)
		close(fds[--count]);
	fake_svad_stop(&svad);
	assert_int_equal(ret, -ETIMEDOUT);
	assert_int_equal(client.reason, SVA_REASON_TIMEOUT);
	assert_true(took >= 30000000);
}

static sem_t alarms;

static void on_alarm(int signal)
{
	(void)signal;
	sem_post(&alarms);
}

/* Answers once five signals have come */
static bool answer_late(struct fake_svad *svad, int connection,
			const union fake_request *request, size_t size)
{
	for (int i = 0; i < 5; i++)
		sem_wait(&alarms);
	return answer_open(svad, connection, request, size);
}

static void signals_neither_fail_nor_stretch_a_call(void **state)
{
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { 0 };
	struct sigaction action = { .sa_handler = on_alarm }, before;
	struct answer right = answers[0];
	struct sva_msg_opened opened;
	struct fake_svad svad;
	struct client client;
	int64_t took;
	int fd, ret;

	(void)state;
	sem_init(&alarms, 0, 0);
	sigaction(SIGALRM, &action, &before);
	fake_svad_start(&svad, answer_late, &right);
	setitimer(ITIMER_REAL, &often, NULL);
	ret = ask_to_open(&client, &opened, &fd);
	fake_svad_stop(&svad);
	assert_int_equal(ret, 0);
	close(fd);

	fake_svad_start(&svad, answer_never, NULL);
	ret = open_within(30, &client, &took);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	fake_svad_stop(&svad);
	assert_int_equal(ret, -ETIMEDOUT);
	assert_true(took >= 30000000);
}

/* --------------------------------------------------------- svads that die */

static bool die_now(struct fake_svad *svad, int connection,
		    const union fake_request *request, size_t size)
{
	(void)svad;
	(void)connection;
	(void)request;
	(void)size;
	return false;
}

static void a_svad_that_dies_on_a_request_is_reported_lost(void **state)
{
	struct fake_svad svad;
	struct client client;
	int64_t took;
	int ret;

	(void)state;
	fake_svad_start(&svad, die_now, NULL);
	ret = open_within(0, &client, &took);
	fake_svad_stop(&svad);
	assert_int_equal(ret, -EPIPE);
	assert_int_equal(client.reason, SVA_REASON_DAEMON_LOST);
}

/* Lets the test send before the connection is closed with the request unread */
struct greeting {
	sem_t sent;
	sem_t closed;
	bool refuse;
};

static bool greet_and_close(struct fake_svad *svad, int connection)
{
	struct sva_msg msg = {
		.size = sizeof(msg), .version = SVA_PROTOCOL_VERSION, .type = SVA_MSG_REPLY,
		.error = -EUSERS, .reason = SVA_REASON_LIMIT_CONNECTIONS,
	};
	struct greeting *greeting = svad->arg;

	if (greeting->refuse)
		fake_send(connection, &msg, sizeof(msg), -1, 0);
	sem_wait(&greeting->sent);
	close(connection);
	sem_post(&greeting->closed);
	return false;
}

/*
 * @before: the connection is closed before the request is sent.  Otherwise
 * after, but before it was read, which makes the kernel say ECONNRESET.
 */
static int talk_to_a_closing_svad(bool refuse, bool before, struct client *client)
{
	struct greeting greeting = { .refuse = refuse };
	struct sva_msg_opened opened;
	struct fake_svad svad;
	struct sva_msg early;
	int fd, ret;

	sem_init(&greeting.sent, 0, 0);
	sem_init(&greeting.closed, 0, 0);
	fake_svad_start(&svad, die_now, &greeting);
	svad.greet = greet_and_close;
	assert_int_equal(client_connect(client, NULL, 0), 0);
	memset(&early, 0, sizeof(early));
	if (!before)
		assert_int_equal(send(client->fd, &early, sizeof(early), 0), sizeof(early));
	sem_post(&greeting.sent);
	sem_wait(&greeting.closed);
	ret = client_open(client, NULL, NULL, &opened, &fd);
	client_close(client);
	fake_svad_stop(&svad);
	return ret;
}

static void a_connection_closed_unread_is_reported_lost(void **state)
{
	struct client client;

	(void)state;
	assert_int_equal(talk_to_a_closing_svad(false, true, &client), -EPIPE);
	assert_int_equal(client.reason, SVA_REASON_DAEMON_LOST);
	assert_int_equal(talk_to_a_closing_svad(false, false, &client), -EPIPE);
	assert_int_equal(client.reason, SVA_REASON_DAEMON_LOST);
}

static void a_refusal_before_the_close_is_still_read(void **state)
{
	struct client client;

	(void)state;
	assert_int_equal(talk_to_a_closing_svad(true, true, &client), -EUSERS);
	assert_int_equal(client.reason, SVA_REASON_LIMIT_CONNECTIONS);
	assert_int_equal(talk_to_a_closing_svad(true, false, &client), -EUSERS);
	assert_int_equal(client.reason, SVA_REASON_LIMIT_CONNECTIONS);
}

/* ---------------------------------------------------------------- no svad */

static void no_svad_is_told_from_no_permission(void **state)
{
	char folder[] = P_tmpdir "/libsva-test-XXXXXX", path[64];
	uid_t user = geteuid();
	struct client client;
	struct fake_svad svad;
	int fd, ret;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/socket", folder);
	assert_int_equal(client_connect(&client, path, 0), -ENOENT);
	assert_int_equal(client.reason, SVA_REASON_NO_DAEMON);

	fd = open(path, O_CREAT | O_RDWR, 0600);	/* not even a socket */
	close(fd);
	assert_int_equal(client_connect(&client, path, 0), -ECONNREFUSED);
	assert_int_equal(client.reason, SVA_REASON_NO_DAEMON);
	unlink(path);
	rmdir(folder);

	fake_svad_start(&svad, die_now, NULL);
	chmod(svad.path, 0);
	if (!user)
		assert_int_equal(seteuid(65534), 0);
	ret = client_connect(&client, NULL, 0);
	if (!user)
		assert_int_equal(seteuid(0), 0);
	fake_svad_stop(&svad);
	assert_int_equal(ret, -EACCES);
	assert_int_equal(client.reason, SVA_REASON_SOCKET_DENIED);
}

static void a_socket_of_another_kind_is_not_svads(void **state)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct client client;
	struct fake_svad svad;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)state;
	fake_svad_start(&svad, die_now, NULL);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/stream", svad.folder);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(client_connect(&client, address.sun_path, 0), -EPROTO);
	assert_int_equal(client.reason, SVA_REASON_PROTOCOL);
	close(fd);
	unlink(address.sun_path);
	fake_svad_stop(&svad);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
	struct client client;
	char path[200];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(client_connect(&client, path, 0), -ENAMETOOLONG);
	assert_int_equal(client.reason, SVA_REASON_BAD_ARGUMENT);
}

/* ------------------------------------------------------------- out of fds */

static bool give_fd(struct fake_svad *svad, int connection,
		    const union fake_request *request, size_t size)
{
	struct sva_msg_opened reply = { .id = 1 };

	(void)size;
	reply.msg = fake_reply(request, sizeof(reply));
	fake_send(connection, &reply, sizeof(reply), *(int *)svad->arg, 1);
	return true;
}

static void an_fd_that_does_not_fit_is_our_limit_not_svads_lie(void **state)
{
	struct rlimit before, none;
	struct sva_msg_opened opened;
	struct fake_svad svad;
	struct client client;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), fd, ret;

	(void)state;
	fake_svad_start(&svad, give_fd, &null);
	assert_int_equal(client_connect(&client, NULL, 0), 0);
	/* one answer first, so that the connection is accepted by now */
	assert_int_equal(client_open(&client, NULL, NULL, &opened, &fd), 0);
	close(fd);
	getrlimit(RLIMIT_NOFILE, &before);
	fd = open("/dev/null", O_RDWR | O_CLOEXEC);	/* the lowest free number */
	close(fd);
	none = before;
	none.rlim_cur = (rlim_t)fd;
	setrlimit(RLIMIT_NOFILE, &none);
	ret = client_open(&client, NULL, NULL, &opened, &fd);
	setrlimit(RLIMIT_NOFILE, &before);
	client_close(&client);
	fake_svad_stop(&svad);
	close(null);
	assert_int_equal(ret, -EMFILE);
	assert_int_equal(client.reason, SVA_REASON_NO_FD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_is_taken_for_what_it_is),
		cmocka_unit_test(the_request_is_as_the_protocol_says),
		cmocka_unit_test(a_name_that_does_not_fit_is_not_cut),
		cmocka_unit_test(a_svad_that_hangs_is_given_up_in_time),
		cmocka_unit_test(a_full_backlog_is_waited_for_and_given_up_in_time),
		cmocka_unit_test(signals_neither_fail_nor_stretch_a_call),
		cmocka_unit_test(a_svad_that_dies_on_a_request_is_reported_lost),
		cmocka_unit_test(a_connection_closed_unread_is_reported_lost),
		cmocka_unit_test(a_refusal_before_the_close_is_still_read),
		cmocka_unit_test(no_svad_is_told_from_no_permission),
		cmocka_unit_test(a_socket_of_another_kind_is_not_svads),
		cmocka_unit_test(a_path_that_is_too_long_is_refused),
		cmocka_unit_test(an_fd_that_does_not_fit_is_our_limit_not_svads_lie),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
