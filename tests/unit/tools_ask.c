// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tools_ask.c - svactl, run as a program, over a svad that is lost between two requests
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <cmocka.h>

#include "libsva_fake_svad.h"
#include "sva.h"

#define DEVICES 2
#define CONTEXTS 4

static struct fake_svad svad;
static char output[16384];

/*
 * The connection ends behind the answer to this request, counted over connections: as
 * when svad is restarted, or needs the place of one that asks nothing.
 */
static atomic_int ends_behind;
static atomic_bool ends_always;

/* The request that is refused so often, and why: as there were too many before it */
static atomic_int refuses;
static atomic_int refusals_left;
static atomic_uint refusal;

static void answer_devices(int connection, const union fake_request *request)
{
	struct sva_msg_devices page = { .msg = fake_reply(request, sizeof(page)) };

	if (!request->list_devices.start) {
		page.count = page.next = DEVICES;
		for (int i = 0; i < DEVICES; i++)
			page.devices[i] = (struct sva_msg_device) {
				.name = { 's', 'o', 'f', 't', (char)('0' + i) },
				.flags = SVA_DEVICE_FLAG_VIABLE | SVA_DEVICE_FLAG_PASID |
					 SVA_DEVICE_FLAG_PAGE_REQUESTS,
				.max_contexts = 8, .contexts = 1, .permitted = 1,
			};
	}
	fake_send(connection, &page, sizeof(page), -1, 0);
}

/* Each a page of its own; of soft0 1 and 3, of soft1 2 and 4, the last of them stuck */
static void answer_contexts(int connection, const union fake_request *request)
{
	struct sva_msg_contexts page = { .msg = fake_reply(request, sizeof(page)) };
	uint64_t id = (uint64_t)(request->list_contexts.device[4] - '0') + 1;

	while (id <= request->list_contexts.after)
		id += DEVICES;
	if (id <= CONTEXTS) {
		page.count = 1;
		page.contexts[0].id = id;
		page.contexts[0].waiting_ms = id == CONTEXTS ? 60000 : 0;
	}
	fake_send(connection, &page, sizeof(page), -1, 0);
}

static void answer(int connection, const union fake_request *request)
{
	struct sva_msg_explained explained = {
		.msg = fake_reply(request, sizeof(explained)), .permitted = 1, .rule = 7,
		.file = "/etc/svad.conf", .text = "[allow] user = *",
	};
	struct sva_msg_stats stats = {
		.msg = fake_reply(request, sizeof(stats)), .count = SVA_STATS, .values = { 5 },
	};
	struct sva_msg_done done = { .msg = fake_reply(request, sizeof(done)) };

	switch (request->msg.type) {
	case SVA_MSG_LIST_DEVICES:
		answer_devices(connection, request);
		break;
	case SVA_MSG_LIST_CONTEXTS:
		answer_contexts(connection, request);
		break;
	case SVA_MSG_EXPLAIN:
	case SVA_MSG_EXPLAIN_USER:
		fake_send(connection, &explained, sizeof(explained), -1, 0);
		break;
	case SVA_MSG_STATS:
		fake_send(connection, &stats, sizeof(stats), -1, 0);
		break;
	default:
		fake_send(connection, &done, sizeof(done), -1, 0);
	}
}

static bool serve(struct fake_svad *self, int connection, const union fake_request *request,
		  size_t size)
{
	(void)size;
	if (self->requests >= refuses && refusals_left > 0) {
		struct sva_msg reply = fake_reply(request, sizeof(reply));

		refusals_left--;
		reply.error = -EAGAIN;
		reply.reason = refusal;
		fake_send(connection, &reply, sizeof(reply), -1, 0);
		return true;
	}
	if (ends_always && self->requests > ends_behind)
		return false;
	answer(connection, request);
	return self->requests != ends_behind;
}

/* Closes what has just come, before anything was asked on it */
static bool greet(struct fake_svad *self, int connection)
{
	bool *once = self->arg, closes = once && *once;

	(void)connection;
	if (closes)
		*once = false;
	return !closes;
}

static int start(void **state)
{
	(void)state;
	fake_svad_start(&svad, serve, NULL);
	svad.greet = greet;
	ends_behind = -1;
	ends_always = false;
	refusals_left = 0;
	refusal = SVA_REASON_LIMIT_REQUESTS;
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_svad_stop(&svad);
	return 0;
}

/* What it says is in output; returns its exit status */
static int run(const char *arguments)
{
	char command[512];
	size_t length;
	FILE *pipe;

	svad.requests = 0;
	snprintf(command, sizeof(command), "exec timeout 20 " SVACTL_FOLDER
		 "/tools/svactl --root %s --socket %s %s 2>&1", svad.folder, svad.path, arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static const char *const verbs[] = {
	"list", "ps", "--json ps", "info 2", "info 9", "explain soft0", "explain soft0 --user 0",
	"stats", "doctor", "revoke 2",
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

/* Not even a line is told twice, and none is missing */
static void a_connection_that_ends_between_two_requests_changes_nothing(void **state)
{
	static char undisturbed[sizeof(output)];

	(void)state;
	for (size_t i = 0; i < VERBS; i++) {
		int status, requests;

		ends_behind = -1;
		status = run(verbs[i]);
		strcpy(undisturbed, output);
		requests = svad.requests;
		assert_int_not_equal(requests, 0);
		for (int request = 1; request <= requests; request++) {
			ends_behind = request;
			if (run(verbs[i]) != status || strcmp(output, undisturbed))
				fail_msg("svactl %s, and the end behind request %d of %d:\n%s",
					 verbs[i], request, requests, output);
		}
	}
}

static void a_connection_that_ends_before_the_first_request_changes_nothing(void **state)
{
	bool once;

	(void)state;
	svad.arg = &once;
	for (size_t i = 0; i < VERBS; i++) {
		once = false;
		run(verbs[i]);
		assert_null(strstr(output, "daemon-lost"));
		once = true;
		run(verbs[i]);
		assert_false(once);
		if (strstr(output, "daemon-lost"))
			fail_msg("svactl %s: %s", verbs[i], output);
	}
}

static void a_svad_that_is_lost_again_and_again_is_told(void **state)
{
	(void)state;
	ends_always = true;
	for (size_t i = 0; i < VERBS; i++) {
		for (int after = 0; after < 3; after++) {
			ends_behind = after;
			if (!run(verbs[i]) && svad.requests > after)
				fail_msg("svactl %s, lost behind request %d: %s", verbs[i], after,
					 output);
		}
	}
}

/*
 * A list has as many requests as pages, and svad takes only so many in a second; the
 * caller did not choose how many.
 */
static void a_list_waits_where_svad_takes_no_more_requests_now(void **state)
{
	static const char *const lists[] = {
		"list", "ps", "--json ps", "info 4", "doctor", "top -i 0.1 -c 1", "revoke 4",
	};
	static char undisturbed[sizeof(output)];

	(void)state;
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		int status = run(lists[i]), requests = svad.requests;

		strcpy(undisturbed, output);
		/* what changes something is told, and not asked again */
		if (strstr(lists[i], "revoke"))
			requests--;
		for (int request = 1; request <= requests; request++) {
			refuses = request;
			refusals_left = 3;
			/* before the first blank, top has the time of day */
			if (run(lists[i]) != status || strcmp(strchr(output, ' '),
							      strchr(undisturbed, ' ')))
				fail_msg("svactl %s, with request %d of %d refused:\n%s",
					 lists[i], request, requests, output);
			assert_int_equal(refusals_left, 0);
		}
	}
}

static void a_list_that_is_refused_for_good_says_so(void **state)
{
	(void)state;
	refuses = 3;
	refusals_left = 1000000;
	assert_int_not_equal(run("ps"), 0);
	assert_non_null(strstr(output, "limit-requests"));
	assert_in_range(svad.requests, 3, 1000);
}

static void a_doctor_that_is_not_told_all_contexts_says_so(void **state)
{
	(void)state;
	/* behind the devices, of which one page is the last, and explain */
	refuses = 4;
	refusals_left = 1000;
	refusal = SVA_REASON_SYSTEM;
	run("doctor soft0");
	assert_non_null(strstr(output, "svad does not tell all contexts"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_connection_that_ends_between_two_requests_changes_nothing),
		TEST(a_connection_that_ends_before_the_first_request_changes_nothing),
		TEST(a_svad_that_is_lost_again_and_again_is_told),
		TEST(a_list_waits_where_svad_takes_no_more_requests_now),
		TEST(a_list_that_is_refused_for_good_says_so),
		TEST(a_doctor_that_is_not_told_all_contexts_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
