// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_admin.c - sva-admin.h and watches, over a fake svad that may lie, refuse or
 * die
 */
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "libsva_fake_svad.h"
#include "sva-admin.h"

/**
 * struct world - what the fake svad does
 * @lives: so many requests it answers first, whatever
 * @deaths: so many requests it does not answer, but closes the connection
 * @error, @reason: what it refuses with, if any
 * @twist: makes an answer untrue
 * @events: on each watch, before it hangs up
 * @slow: does not answer SUBSCRIBE before the test lets it
 */
struct world {
	int lives;
	int deaths;
	int error;
	uint32_t reason;
	void (*twist)(struct sva_msg_grants *page);
	int events;
	atomic_bool slow;
	uint32_t serial_off;
	union fake_request last;
};

static struct fake_svad svad;
static struct world world;
static sem_t go_on;

static void answer_grants(int connection, const union fake_request *request)
{
	struct sva_msg_grants page = { .msg = fake_reply(request, sizeof(page)) };

	for (uint32_t number = request->number.number + 1; number <= 7 && page.count < SVA_MSG_GRANTS;
	     number++) {
		struct sva_msg_grant *grant = &page.grants[page.count++];

		grant->number = number;
		grant->contexts = 10 * number;
		strcpy(grant->device, "soft0");
		if (number % 2)
			strcpy(grant->cgroup, "/job");
	}
	if (world.twist)
		world.twist(&page);
	fake_send(connection, &page, sizeof(page), -1, 0);
}

static bool refuse(int connection, const union fake_request *request)
{
	struct sva_msg_done done = { .msg = fake_reply(request, sizeof(done)) };

	done.msg.error = world.error;
	done.msg.reason = world.reason;
	fake_send(connection, &done, sizeof(done), -1, 0);
	return true;
}

static bool answer_watch(int connection, const union fake_request *request)
{
	struct sva_msg_done done = { .msg = fake_reply(request, sizeof(done)) };

	if (world.slow)
		sem_wait(&go_on);
	if (world.deaths && world.deaths--)
		return false;
	if (world.reason)
		return refuse(connection, request);
	fake_send(connection, &done, sizeof(done), -1, 0);
	for (int i = 0; i < world.events; i++) {
		struct sva_msg_event event = {
			.msg = { .size = sizeof(event), .version = SVA_PROTOCOL_VERSION,
				 .type = SVA_MSG_EVENT,
				 .serial = request->msg.serial + world.serial_off },
			.kind = SVA_NOTICE_BOUND, .context = (uint64_t)i + 1, .uid = 1000,
			.device = "soft0",
		};

		fake_send(connection, &event, sizeof(event), -1, 0);
	}
	return !world.events;
}

static bool serve(struct fake_svad *self, int connection, const union fake_request *request,
		  size_t size)
{
	struct sva_msg_done done = { .msg = fake_reply(request, sizeof(done)) };

	(void)self;
	memset(&world.last, 0, sizeof(world.last));
	memcpy(&world.last, request, size);
	if (world.lives)
		world.lives--;
	else if (world.deaths && world.deaths--)
		return false;
	if (request->msg.type == SVA_MSG_SUBSCRIBE)
		return answer_watch(connection, request);
	if (world.reason)
		return refuse(connection, request);
	if (request->msg.type == SVA_MSG_LIST_GRANTS) {
		answer_grants(connection, request);
		return true;
	}
	done.grant = 17;
	done.revoked = 3;
	fake_send(connection, &done, sizeof(done), -1, 0);
	return true;
}

static int start(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	sem_init(&go_on, 0, 0);
	fake_svad_start(&svad, serve, NULL);
	return 0;
}

/* A test that failed may have left it waiting */
static int stop(void **state)
{
	(void)state;
	world.slow = false;
	sem_post(&go_on);
	fake_svad_stop(&svad);
	return 0;
}

/* ---------------------------------------------------------------- calls */

static void a_grant_is_asked_for_as_it_was_given(void **state)
{
	uint32_t number = 0, revoked = 0;

	(void)state;
	assert_int_equal(sva_grant_add(NULL, "soft0", "/slurm/job_7", 0, 4, &number), 0);
	assert_int_equal(number, 17);
	assert_int_equal(world.last.msg.type, SVA_MSG_ADD_GRANT);
	assert_string_equal(world.last.add_grant.device, "soft0");
	assert_string_equal(world.last.add_grant.cgroup, "/slurm/job_7");
	assert_int_equal(world.last.add_grant.contexts, 4);
	assert_int_equal(sva_grant_add(NULL, "soft0", NULL, 1000, 4, NULL), 0);
	assert_int_equal(world.last.add_grant.uid, 1000);
	assert_string_equal(world.last.add_grant.cgroup, "");
	assert_int_equal(sva_grant_remove(NULL, 17, &revoked), 0);
	assert_int_equal(world.last.number.number, 17);
	assert_int_equal(revoked, 3);
	assert_int_equal(sva_revoke(NULL, "soft0", 99), 0);
	assert_int_equal(world.last.revoke.context, 99);
	assert_int_equal(sva_reset(NULL, "soft1"), 0);
	assert_string_equal(world.last.reset.device, "soft1");
}

static void bad_arguments_are_not_sent(void **state)
{
	static char name[SVA_GRANT_PATH_LEN + 2];

	(void)state;
	memset(name, '/', sizeof(name) - 1);
	assert_int_equal(sva_grant_add(NULL, NULL, "/a", 0, 1, NULL), -EINVAL);
	assert_int_equal(sva_grant_add(NULL, "", "/a", 0, 1, NULL), -EINVAL);
	assert_int_equal(sva_grant_add(NULL, "soft0", "/a", 1000, 1, NULL), -EINVAL);
	assert_int_equal(sva_grant_add(NULL, "soft0", "a", 0, 1, NULL), -EINVAL);
	assert_int_equal(sva_grant_add(NULL, "soft0", "", 0, 1, NULL), -EINVAL);
	assert_int_equal(sva_grant_add(NULL, "soft0", name, 0, 1, NULL), -EINVAL);
	assert_int_equal(sva_grant_add(NULL, "soft0", "/a", 0, 0, NULL), -EINVAL);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_BAD_ARGUMENT);
	assert_int_equal(sva_revoke(NULL, NULL, 1), -EINVAL);
	assert_int_equal(sva_reset(NULL, NULL), -EINVAL);
	assert_int_equal(sva_list_grants(NULL, NULL, NULL), -EINVAL);
	assert_int_equal(sva_watch(NULL, NULL), -EINVAL);
	assert_int_equal(svad.requests, 0);
}

static void a_refusal_comes_with_its_reason(void **state)
{
	struct sva_watch *watch = (void *)1;
	struct sva_grant *grants = (void *)1;
	size_t count = 1;

	(void)state;
	world.error = -EPERM;
	world.reason = SVA_REASON_NOT_OPERATOR;
	assert_int_equal(sva_grant_add(NULL, "soft0", "/a", 0, 1, NULL), -EPERM);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_NOT_OPERATOR);
	assert_int_equal(sva_grant_remove(NULL, 1, NULL), -EPERM);
	world.reason = SVA_REASON_LIMIT_WATCHES;
	world.error = -EUSERS;
	assert_int_equal(sva_watch(NULL, &watch), -EUSERS);
	assert_null(watch);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_LIMIT_WATCHES);
	assert_true(sva_list_grants(NULL, &grants, &count) < 0);
	assert_null(grants);
	assert_int_equal(count, 0);
}

/* ----------------------------------------------------------------- lists */

static void grants_come_in_pages(void **state)
{
	struct sva_grant *grants;
	size_t count;

	(void)state;
	assert_int_equal(sva_list_grants(NULL, &grants, &count), 0);
	assert_int_equal(count, 7);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(grants[i].number, i + 1);
		assert_int_equal(grants[i].contexts, 10 * (i + 1));
	}
	assert_string_equal(grants[0].cgroup, "/job");
	assert_string_equal(grants[1].cgroup, "");
	free(grants);
}

static void lie_count(struct sva_msg_grants *page)
{
	page->count = SVA_MSG_GRANTS + 1;
}

static void lie_order(struct sva_msg_grants *page)
{
	page->grants[1].number = page->grants[0].number;
}

static void lie_path(struct sva_msg_grants *page)
{
	memset(page->grants[0].cgroup, 'x', sizeof(page->grants[0].cgroup));
}

static void lie_device(struct sva_msg_grants *page)
{
	memset(page->grants[0].device, 'x', sizeof(page->grants[0].device));
}

static void a_list_that_cannot_be_true_is_not_believed(void **state)
{
	static void (*const lies[])(struct sva_msg_grants *page) = {
		lie_count, lie_order, lie_path, lie_device,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct sva_grant *grants;
		size_t count;

		world.twist = lies[i];
		assert_int_equal(sva_list_grants(NULL, &grants, &count), -EPROTO);
		assert_int_equal(sva_context_reason(NULL), SVA_REASON_PROTOCOL);
		assert_null(grants);
	}
}

/* -------------------------------------------------------------- restarts */

static void a_lost_svad_is_asked_again(void **state)
{
	uint32_t number = 0;

	(void)state;
	world.deaths = 2;
	assert_int_equal(sva_grant_add(NULL, "soft0", "/a", 0, 1, &number), 0);
	assert_int_equal(number, 17);
	assert_int_equal(svad.requests, 3);
}

/* Between two pages: what the first svad has told is not told twice */
static void a_list_is_begun_anew_with_the_next_svad(void **state)
{
	struct sva_grant *grants;
	size_t count;

	(void)state;
	world.lives = 1;
	world.deaths = 2;
	assert_int_equal(sva_list_grants(NULL, &grants, &count), 0);
	assert_int_equal(count, 7);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(grants[i].number, i + 1);
	free(grants);
	world.lives = 1;
	world.deaths = 1000;
	assert_int_equal(sva_list_grants(NULL, &grants, &count), -EPIPE);
	assert_null(grants);
	assert_int_equal(count, 0);
}

static void a_lost_svad_is_asked_again_to_revoke_and_to_reset(void **state)
{
	(void)state;
	world.deaths = 1;
	assert_int_equal(sva_revoke(NULL, "soft0", 99), 0);
	assert_int_equal(world.last.msg.type, SVA_MSG_REVOKE);
	world.deaths = 1;
	assert_int_equal(sva_reset(NULL, "soft0"), 0);
	assert_int_equal(world.last.msg.type, SVA_MSG_RESET);
	assert_int_equal(svad.requests, 4);
}

/* The first try did it, and its answer was lost */
static void what_was_begun_already_is_no_failure_of_the_second_try(void **state)
{
	(void)state;
	world.deaths = 1;
	world.error = -ENOENT;
	world.reason = SVA_REASON_NO_SUCH_CONTEXT;
	assert_int_equal(sva_revoke(NULL, "soft0", 99), 0);
	assert_int_equal(sva_revoke(NULL, "soft0", 99), -ENOENT);
	world.deaths = 1;
	world.error = -EBUSY;
	world.reason = SVA_REASON_RESETTING;
	assert_int_equal(sva_reset(NULL, "soft0"), 0);
	assert_int_equal(sva_reset(NULL, "soft0"), -EBUSY);
}

/* One that dies of the request is not killed for ever */
static void a_svad_that_dies_again_and_again_is_given_up(void **state)
{
	(void)state;
	world.deaths = 1000;
	assert_int_equal(sva_grant_add(NULL, "soft0", "/a", 0, 1, NULL), -EPIPE);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_DAEMON_LOST);
	assert_in_range(svad.requests, 2, 5);
}

/* The first try took it, and its answer was lost */
static void a_grant_that_was_taken_already_is_no_failure_of_the_second_try(void **state)
{
	(void)state;
	world.deaths = 1;
	world.error = -ENOENT;
	world.reason = SVA_REASON_NO_SUCH_GRANT;
	assert_int_equal(sva_grant_remove(NULL, 17, NULL), 0);
	/* but it is one of the first */
	assert_int_equal(sva_grant_remove(NULL, 17, NULL), -ENOENT);
}

/* --------------------------------------------------------------- watches */

static void a_watch_tells_and_connects_anew_by_itself(void **state)
{
	struct sva_notice notice;
	struct sva_watch *watch;
	struct pollfd poll_fd;

	(void)state;
	world.events = 2;
	assert_int_equal(sva_watch(NULL, &watch), 0);
	for (uint64_t round = 0; round < 3; round++) {
		poll_fd = (struct pollfd){ .fd = sva_watch_fd(watch), .events = POLLIN };
		assert_int_equal(poll(&poll_fd, 1, 5000), 1);
		for (uint64_t i = 1; i <= 2; i++) {
			assert_int_equal(sva_watch_next(watch, &notice, 5000), 1);
			assert_int_equal(notice.kind, SVA_NOTICE_BOUND);
			assert_int_equal(notice.context, i);
			assert_int_equal(notice.uid, 1000);
			assert_string_equal(notice.device, "soft0");
		}
		/* svad hung up: what happened meanwhile nobody knows */
		assert_int_equal(sva_watch_next(watch, &notice, 5000), 1);
		assert_int_equal(notice.kind, SVA_NOTICE_LOST);
		assert_int_equal(notice.count, 0);
	}
	sva_watch_end(watch);
	sva_watch_end(NULL);
}

static void a_quiet_watch_says_nothing_in_time(void **state)
{
	struct sva_notice notice;
	struct sva_watch *watch;

	(void)state;
	assert_int_equal(sva_watch(NULL, &watch), 0);
	assert_int_equal(sva_watch_next(watch, &notice, 0), 0);
	assert_int_equal(sva_watch_next(watch, &notice, 20), 0);
	sva_watch_end(watch);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* There is an answer or an event, or the connection is lost */
static bool is_readable(const struct sva_watch *watch)
{
	struct pollfd pollfd = { .fd = sva_watch_fd(watch), .events = POLLIN };

	return poll(&pollfd, 1, 5000) == 1;
}

/* The watch is lost, and svad takes its time over the new one */
static struct sva_watch *watch_of_a_slow_svad(void)
{
	struct sva_notice notice;
	struct sva_watch *watch;

	world.events = 1;
	assert_int_equal(sva_watch(NULL, &watch), 0);
	assert_int_equal(sva_watch_next(watch, &notice, 5000), 1);
	world.slow = true;
	assert_true(is_readable(watch));
	return watch;
}

static void a_watch_waits_for_a_slow_svad_no_longer_than_it_is_told(void **state)
{
	struct sva_watch *watch = watch_of_a_slow_svad();
	int64_t before = now_ms();
	struct sva_notice notice;
	int requests;

	(void)state;
	for (int i = 0; i < 20; i++)
		assert_int_equal(sva_watch_next(watch, &notice, 0), 0);
	assert_int_equal(sva_watch_next(watch, &notice, 20), 0);
	/* who waited for svad would do so 20 times, 5 s each */
	assert_in_range(now_ms() - before, 0, 20000);
	/* what is asked is asked once, and its answer can be waited for with poll() */
	assert_true(sva_watch_fd(watch) >= 0);
	sem_post(&go_on);
	requests = svad.requests;
	assert_true(is_readable(watch));
	assert_int_equal(sva_watch_next(watch, &notice, 0), 1);
	assert_int_equal(notice.kind, SVA_NOTICE_LOST);
	assert_int_equal(sva_watch_next(watch, &notice, 5000), 1);
	assert_int_equal(notice.kind, SVA_NOTICE_BOUND);
	assert_in_range(requests, 1, 2);
	assert_int_equal(svad.requests, 2);
	sva_watch_end(watch);
}

static void *let_go_on_later(void *arg)
{
	(void)arg;
	nanosleep(&(struct timespec){ .tv_sec = 5, .tv_nsec = 500000000 }, NULL);
	sem_post(&go_on);
	return NULL;
}

/* Longer than other calls wait for an answer */
static void a_watch_that_waits_for_ever_is_not_ended_by_a_slow_svad(void **state)
{
	struct sva_watch *watch = watch_of_a_slow_svad();
	struct sva_notice notice;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, let_go_on_later, NULL), 0);
	assert_int_equal(sva_watch_next(watch, &notice, -1), 1);
	assert_int_equal(notice.kind, SVA_NOTICE_LOST);
	pthread_join(thread, NULL);
	sva_watch_end(watch);
}

/* svad ends before it has answered: the next one is asked */
static void a_watch_that_is_lost_before_it_was_answered_asks_again(void **state)
{
	struct sva_watch *watch = watch_of_a_slow_svad();
	struct sva_notice notice;

	(void)state;
	assert_int_equal(sva_watch_next(watch, &notice, 0), 0);
	world.deaths = 1;
	world.slow = false;
	sem_post(&go_on);
	assert_int_equal(sva_watch_next(watch, &notice, 5000), 1);
	assert_int_equal(notice.kind, SVA_NOTICE_LOST);
	assert_int_equal(sva_watch_next(watch, &notice, 5000), 1);
	assert_int_equal(notice.kind, SVA_NOTICE_BOUND);
	sva_watch_end(watch);
}

static void a_watch_is_asked_of_the_next_svad(void **state)
{
	struct sva_watch *watch;

	(void)state;
	world.deaths = 2;
	assert_int_equal(sva_watch(NULL, &watch), 0);
	assert_int_equal(svad.requests, 3);
	sva_watch_end(watch);
	world.deaths = 1000;
	assert_int_equal(sva_watch(NULL, &watch), -EPIPE);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_DAEMON_LOST);
	assert_null(watch);
}

/* An event loop that does not wait would ask a full svad as fast as it can refuse */
static void a_watch_of_a_busy_svad_says_so_and_does_not_ask_again_at_once(void **state)
{
	struct sva_watch *watch = watch_of_a_slow_svad();
	struct sva_notice notice;
	int ret, fd;

	(void)state;
	world.error = -EAGAIN;
	world.reason = SVA_REASON_BUSY;
	assert_int_equal(sva_watch_next(watch, &notice, 0), 0);
	sem_post(&go_on);
	assert_true(is_readable(watch));
	ret = sva_watch_next(watch, &notice, 0);
	fd = sva_watch_fd(watch);
	sva_watch_end(watch);
	assert_int_equal(ret, -EAGAIN);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_BUSY);
	assert_int_equal(fd, -1);
	assert_int_equal(svad.requests, 2);
}

static void a_watch_without_svad_says_so_and_finds_it_again(void **state)
{
	struct sva_notice notice;
	struct sva_watch *watch;

	(void)state;
	world.events = 1;
	assert_int_equal(sva_watch(svad.path, &watch), 0);
	assert_int_equal(sva_watch_next(watch, &notice, 5000), 1);
	fake_svad_stop(&svad);
	assert_true(sva_watch_next(watch, &notice, 100) < 0);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_NO_DAEMON);
	assert_true(sva_watch_next(watch, &notice, 0) < 0);
	sva_watch_end(watch);
	fake_svad_start(&svad, serve, NULL);
}

static void events_that_are_not_ours_are_not_believed(void **state)
{
	struct sva_notice notice;
	struct sva_watch *watch;

	(void)state;
	world.events = 1;
	world.serial_off = 1;
	assert_int_equal(sva_watch(NULL, &watch), 0);
	assert_int_equal(sva_watch_next(watch, &notice, 5000), -EPROTO);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_PROTOCOL);
	sva_watch_end(watch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_grant_is_asked_for_as_it_was_given),
		TEST(bad_arguments_are_not_sent),
		TEST(a_refusal_comes_with_its_reason),
		TEST(grants_come_in_pages),
		TEST(a_list_that_cannot_be_true_is_not_believed),
		TEST(a_lost_svad_is_asked_again),
		TEST(a_list_is_begun_anew_with_the_next_svad),
		TEST(a_lost_svad_is_asked_again_to_revoke_and_to_reset),
		TEST(what_was_begun_already_is_no_failure_of_the_second_try),
		TEST(a_svad_that_dies_again_and_again_is_given_up),
		TEST(a_grant_that_was_taken_already_is_no_failure_of_the_second_try),
		TEST(a_watch_tells_and_connects_anew_by_itself),
		TEST(a_quiet_watch_says_nothing_in_time),
		TEST(a_watch_waits_for_a_slow_svad_no_longer_than_it_is_told),
		TEST(a_watch_that_waits_for_ever_is_not_ended_by_a_slow_svad),
		TEST(a_watch_that_is_lost_before_it_was_answered_asks_again),
		TEST(a_watch_is_asked_of_the_next_svad),
		TEST(a_watch_of_a_busy_svad_says_so_and_does_not_ask_again_at_once),
		TEST(a_watch_without_svad_says_so_and_finds_it_again),
		TEST(events_that_are_not_ours_are_not_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
