// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_device.c - sva_list_devices() and sva_probe(), over a fake svad
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "client.h"
#include "libsva_fake_svad.h"
#include "sva.h"

/**
 * struct world - what the fake svad knows
 * @count: devices, of which devices[] are the first and the others like the last
 * @twist: makes a page of the answer untrue
 */
struct world {
	uint32_t count;
	struct sva_msg_device devices[3];
	void (*twist)(struct sva_msg_devices *page);
	struct sva_msg_explained explained;
};

static struct fake_svad svad;
static struct world world;

static struct sva_msg_device device_at(uint32_t index)
{
	struct sva_msg_device device = world.devices[index < 3 ? index : 2];

	if (!*device.name)
		snprintf(device.name, sizeof(device.name), "dev%u", index);
	return device;
}

static void answer_devices(int connection, const union fake_request *request)
{
	struct sva_msg_devices page = { .msg = fake_reply(request, sizeof(page)) };
	uint32_t index = request->list_devices.start;

	while (index < world.count && page.count < SVA_MSG_DEVICES)
		page.devices[page.count++] = device_at(index++);
	page.next = index;
	if (world.twist)
		world.twist(&page);
	fake_send(connection, &page, sizeof(page), -1, 0);
}

static bool serve(struct fake_svad *self, int connection, const union fake_request *request,
		  size_t size)
{
	struct sva_msg_explained explained = world.explained;

	(void)self;
	(void)size;
	if (request->msg.type == SVA_MSG_LIST_DEVICES) {
		answer_devices(connection, request);
		return true;
	}
	explained.msg = fake_reply(request, sizeof(explained));
	fake_send(connection, &explained, sizeof(explained), -1, 0);
	return true;
}

static int start(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	for (int i = 0; i < 3; i++) {
		world.devices[i].flags = SVA_DEVICE_FLAG_VIABLE;
		world.devices[i].max_contexts = 8;
		world.devices[i].permitted = 1;
	}
	world.count = 1;
	strcpy(world.devices[0].name, "soft0");
	world.explained.permitted = 1;
	fake_svad_start(&svad, serve, NULL);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	fake_svad_stop(&svad);
	return 0;
}

/* ------------------------------------------------------------------ list */

static void every_device_is_listed_over_as_many_pages_as_it_takes(void **state)
{
	struct sva_device *devices;
	char name[SVA_NAME_LEN];
	size_t count;

	(void)state;
	world.count = 3 * SVA_MSG_DEVICES;	/* a whole number of pages */
	world.devices[0].quarantined = 5;
	assert_int_equal(sva_list_devices(&devices, &count), 0);
	assert_int_equal(count, 3 * SVA_MSG_DEVICES);
	assert_string_equal(devices[0].name, "soft0");
	assert_int_equal(devices[0].quarantined, 5);
	assert_int_equal(devices[0].permitted, 1);
	for (unsigned int i = 1; i < count; i++) {
		snprintf(name, sizeof(name), "dev%u", i);
		assert_string_equal(devices[i].name, name);
	}
	free(devices);
	assert_int_equal(svad.requests, 4);
}

static void no_device_is_an_empty_list(void **state)
{
	struct sva_device *devices = (void *)&world;
	size_t count = 9;

	(void)state;
	world.count = 0;
	assert_int_equal(sva_list_devices(&devices, &count), 0);
	assert_null(devices);
	assert_int_equal(count, 0);
}

static void too_many_on_a_page(struct sva_msg_devices *page)
{
	page->count = SVA_MSG_DEVICES + 1;
}

static void a_page_that_does_not_advance(struct sva_msg_devices *page)
{
	page->next = 0;
}

static void a_name_without_end(struct sva_msg_devices *page)
{
	memset(page->devices[0].name, 'x', SVA_NAME_LEN);
}

static void pages_without_end(struct sva_msg_devices *page)
{
	page->count = SVA_MSG_DEVICES;
}

static void a_list_that_lies_is_refused(void **state)
{
	void (*const twists[])(struct sva_msg_devices *) = {
		too_many_on_a_page, a_page_that_does_not_advance, a_name_without_end,
		pages_without_end,
	};
	struct sva_device *devices;
	size_t count;

	(void)state;
	for (size_t i = 0; i < sizeof(twists) / sizeof(twists[0]); i++) {
		world.twist = twists[i];
		world.count = twists[i] == pages_without_end ? UINT32_MAX : 1;
		assert_int_equal(sva_list_devices(&devices, &count), -EPROTO);
		assert_int_equal(sva_context_reason(NULL), SVA_REASON_PROTOCOL);
		assert_null(devices);
		assert_int_equal(count, 0);
	}
	assert_in_range(svad.requests, 4, 1000);	/* given up, not endless */
	assert_int_equal(sva_list_devices(NULL, &count), -EINVAL);
	assert_int_equal(sva_list_devices(&devices, NULL), -EINVAL);
}

/* ----------------------------------------------------------------- probe */

static void expect_probe(const char *device, int error, uint32_t expected)
{
	uint32_t reason = 12345;
	int ret = sva_probe(device, &reason);

	if (ret != error || reason != expected)
		fail_msg("probe: %d, %s", ret, sva_reason_name(reason));
	if (ret < 0)
		assert_int_equal(sva_context_reason(NULL), expected);
	assert_int_equal(sva_probe(device, NULL), error);
}

static void probe_says_what_would_happen(void **state)
{
	(void)state;
	expect_probe("soft0", 0, 0);
	expect_probe(NULL, 0, 0);
	expect_probe("other", -ENOENT, SVA_REASON_NO_SUCH_DEVICE);
	world.devices[0].sva_reason = SVA_REASON_X86_SVA_DISABLED;
	expect_probe("soft0", -EOPNOTSUPP, SVA_REASON_X86_SVA_DISABLED);
	expect_probe(NULL, -EOPNOTSUPP, SVA_REASON_X86_SVA_DISABLED);
	world.devices[0].sva_reason = 0;
	world.devices[0].flags = 0;
	expect_probe("soft0", -EPERM, SVA_REASON_NOT_VIABLE);
	world.devices[0].flags = SVA_DEVICE_FLAG_VIABLE;
	world.devices[0].contexts = 8;
	expect_probe("soft0", -ENOSPC, SVA_REASON_DEVICE_BUSY);
	world.devices[0].contexts = 7;
	world.explained.permitted = 0;
	world.explained.why = SVA_REASON_DENIED_BY_RULE;
	expect_probe("soft0", -EACCES, SVA_REASON_DENIED_BY_RULE);
	world.explained.why = SVA_REASON_LIMIT_USER;
	expect_probe("soft0", -EDQUOT, SVA_REASON_LIMIT_USER);
	world.count = 0;
	expect_probe(NULL, -ENODEV, SVA_REASON_NO_DEVICE);
}

static void probe_of_any_device_passes_over_those_that_will_not_do(void **state)
{
	(void)state;
	world.count = 2;
	world.devices[0].sva_reason = SVA_REASON_NO_PASID;
	expect_probe(NULL, 0, 0);
	expect_probe("soft0", -EOPNOTSUPP, SVA_REASON_NO_PASID);
	expect_probe("dev1", 0, 0);
}

static void probe_without_svad_says_so(void **state)
{
	(void)state;
	setenv("SVA_SOCKET", "/nonexistent/socket", 1);
	expect_probe(NULL, -ENOENT, SVA_REASON_NO_DAEMON);
}

/* svad is restarted in the middle of it, after the list and before the question */
static bool serve_and_die_once(struct fake_svad *self, int connection,
			       const union fake_request *request, size_t size)
{
	int *lives = self->arg;

	if (request->msg.type == SVA_MSG_EXPLAIN && (*lives)-- > 0)
		return false;
	return serve(self, connection, request, size);
}

static void probe_asks_a_restarted_svad_again(void **state)
{
	int lives = 1;

	(void)state;
	svad.arg = &lives;
	svad.serve = serve_and_die_once;
	assert_int_equal(sva_probe("soft0", NULL), 0);
	lives = 1000;
	assert_int_equal(sva_probe("soft0", NULL), -EPIPE);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_DAEMON_LOST);
}

/* What is asked may be asked of another svad, for a type, and with little time */
static void questions_have_arguments_too(void **state)
{
	struct sva_bind_args args = { .size = sizeof(args), .socket = svad.path };
	struct sva_device *devices;
	uint32_t reason;
	size_t count;

	(void)state;
	setenv("SVA_SOCKET", "/nonexistent/socket", 1);
	world.count = 3;
	assert_int_equal(sva_list_devices_with(&args, &devices, &count), 0);
	assert_int_equal(count, 3);
	free(devices);
	args.device = "dev2";
	assert_int_equal(sva_list_devices_with(&args, &devices, &count), 0);
	assert_int_equal(count, 1);
	assert_string_equal(devices[0].name, "dev2");
	free(devices);
	args.device = "none";
	assert_int_equal(sva_list_devices_with(&args, &devices, &count), 0);
	assert_int_equal(count, 0);
	assert_null(devices);
	assert_int_equal(sva_probe_with(&args, &reason), -ENOENT);
	args.device = "dev1";
	args.type = "dedicated";
	assert_int_equal(sva_probe_with(&args, &reason), 0);
	args.use_fd = 1;
	assert_int_equal(sva_probe_with(&args, &reason), -EINVAL);
	assert_int_equal(reason, SVA_REASON_BAD_ARGUMENT);
	assert_int_equal(sva_list_devices_with(&args, &devices, &count), -EINVAL);
	assert_int_equal(sva_probe_with(NULL, NULL), -EINVAL);
}

static bool serve_nothing(struct fake_svad *self, int connection,
			  const union fake_request *request, size_t size)
{
	struct pollfd fd = { .fd = connection };

	(void)self;
	(void)request;
	(void)size;
	poll(&fd, 1, -1);	/* until the other end has had enough */
	return false;
}

static void a_svad_that_does_not_answer_is_not_waited_for_longer_than_said(void **state)
{
	struct sva_bind_args args = { .size = sizeof(args), .timeout_ms = 20 };
	struct sva_device *devices;
	uint32_t reason;
	size_t count;
	int fd;

	(void)state;
	svad.serve = serve_nothing;
	assert_int_equal(sva_probe_with(&args, &reason), -ETIMEDOUT);
	assert_int_equal(reason, SVA_REASON_TIMEOUT);
	assert_int_equal(sva_list_devices_with(&args, &devices, &count), -ETIMEDOUT);
	assert_int_equal(sva_reserve(&args, &fd), -ETIMEDOUT);
	assert_int_equal(fd, -1);
}

/* -------------------------------------------------------------- contexts */

static bool serve_contexts(struct fake_svad *self, int connection,
			   const union fake_request *request, size_t size)
{
	struct sva_msg_contexts page = { .msg = fake_reply(request, sizeof(page)) };
	const uint64_t *ids = self->arg;

	(void)size;
	page.count = (uint32_t)ids[0];
	for (uint32_t i = 0; i < page.count && i < SVA_MSG_CONTEXTS; i++)
		page.contexts[i].id = ids[1 + i];
	fake_send(connection, &page, sizeof(page), -1, 0);
	return true;
}

static int list_contexts(uint64_t *ids, uint64_t after)
{
	struct sva_msg_contexts page;
	struct client client;
	int ret;

	svad.serve = serve_contexts;
	svad.arg = ids;
	assert_int_equal(client_connect(&client, NULL, 0), 0);
	ret = client_list_contexts(&client, "soft0", after, &page);
	client_close(&client);
	return ret;
}

static void contexts_come_in_order_or_not_at_all(void **state)
{
	uint64_t right[] = { 3, 5, 6, 9 }, same[] = { 2, 5, 5 }, back[] = { 2, 6, 5 };
	uint64_t many[1 + SVA_MSG_CONTEXTS] = { SVA_MSG_CONTEXTS + 1 }, none[] = { 0 };

	(void)state;
	assert_int_equal(list_contexts(right, 4), 0);
	assert_int_equal(list_contexts(right, 5), -EPROTO);
	assert_int_equal(list_contexts(same, 0), -EPROTO);
	assert_int_equal(list_contexts(back, 0), -EPROTO);
	assert_int_equal(list_contexts(many, 0), -EPROTO);
	assert_int_equal(list_contexts(none, 7), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_device_is_listed_over_as_many_pages_as_it_takes),
		TEST(no_device_is_an_empty_list),
		TEST(a_list_that_lies_is_refused),
		TEST(probe_says_what_would_happen),
		TEST(probe_of_any_device_passes_over_those_that_will_not_do),
		TEST(probe_without_svad_says_so),
		TEST(probe_asks_a_restarted_svad_again),
		TEST(questions_have_arguments_too),
		TEST(a_svad_that_does_not_answer_is_not_waited_for_longer_than_said),
		TEST(contexts_come_in_order_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
