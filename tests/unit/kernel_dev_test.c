// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kernel_dev_test.c - what svad asks the real kernel, and what it makes of the answers
 *
 * ioctl() is wrapped; the rest is on files that are there everywhere.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "kernel.h"

static unsigned long last_request;
static int next_error;
static void (*answer_with)(void *argument);

int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	assert_true(fd >= 0);
	last_request = request;
	if (answer_with)
		answer_with(argument);
	errno = next_error;
	return next_error ? -1 : 0;
}

static int setup(void **state)
{
	(void)state;
	last_request = 0;
	next_error = 0;
	answer_with = NULL;
	return 0;
}

static int lowest_free_fd(void)
{
	int fd = open("/", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void a_control_node_is_a_character_device_that_answers(void **state)
{
	int free_fd = lowest_free_fd(), device;

	(void)state;
	device = kernel_device_open("/dev/null");
	assert_true(device >= 0);
	assert_int_equal(last_request, SVA_DEVICE_GET_INFO);
	assert_true(fcntl(device, F_GETFD) & FD_CLOEXEC);
	assert_true(fcntl(device, F_GETFL) & O_NONBLOCK);
	close(device);
	next_error = ENOTTY;
	assert_int_equal(kernel_device_open("/dev/null"), -ENOTTY);
	assert_int_equal(kernel_device_open("/nonexistent/soft0"), -ENOENT);
	assert_int_equal(kernel_device_open("/"), -EISDIR);
	assert_int_equal(lowest_free_fd(), free_fd);
}

static void a_file_is_no_control_node(void **state)
{
	char path[] = "/tmp/svad-node-XXXXXX";
	int file = mkstemp(path), free_fd = lowest_free_fd();

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(kernel_device_open(path), -ENOTTY);
	assert_int_equal(last_request, 0);
	unlink(path);
	assert_int_equal(lowest_free_fd(), free_fd);
	close(file);
}

static void give_info(void *argument)
{
	struct sva_device_info *info = argument;

	assert_int_equal(info->argsz, sizeof(*info));
	info->num_types = 3;
}

static void give_type(void *argument)
{
	struct sva_type_info *info = argument;

	assert_int_equal(info->argsz, sizeof(*info));
	assert_int_equal(info->index, 2);
	name_copy(info->name, "shared", sizeof(info->name));
}

static void devices_and_types_tell_about_themselves(void **state)
{
	struct sva_device_info info;
	struct sva_type_info type;

	(void)state;
	answer_with = give_info;
	assert_int_equal(kernel_device_info(0, &info), 0);
	assert_int_equal(info.num_types, 3);
	answer_with = give_type;
	assert_int_equal(kernel_type_info(0, 2, &type), 0);
	assert_int_equal(last_request, SVA_DEVICE_GET_TYPE_INFO);
	assert_string_equal(type.name, "shared");
	next_error = ENOENT;
	assert_int_equal(kernel_type_info(0, 2, &type), -ENOENT);
}

static void give_context(void *argument)
{
	struct sva_create_context *create = argument;

	assert_int_equal(create->argsz, sizeof(*create));
	assert_int_equal(create->owner, 42);
	create->id = 7;
	create->reason = next_error ? SVA_REASON_TYPE_EXHAUSTED : 0;
}

/* R7: the reason stays with the refusal */
static void contexts_are_created(void **state)
{
	struct sva_create_context create = { .owner = 42, .account = 1000, .fd = -1 };

	(void)state;
	answer_with = give_context;
	assert_int_equal(kernel_context_create(0, &create), 0);
	assert_int_equal(last_request, SVA_DEVICE_CREATE_CONTEXT);
	assert_int_equal(create.id, 7);
	next_error = ENOSPC;
	assert_int_equal(kernel_context_create(0, &create), -ENOSPC);
	assert_int_equal(create.reason, SVA_REASON_TYPE_EXHAUSTED);
}

static struct sva_context_entry entries[4];

static void give_list(void *argument)
{
	struct sva_list_contexts *list = argument;

	assert_int_equal(list->argsz, sizeof(*list));
	assert_int_equal(list->count, 4);
	assert_int_equal(list->after, 99);
	assert_int_equal(list->entry_size, sizeof(*entries));
	assert_ptr_equal((void *)(uintptr_t)list->entries, entries);
	list->count = 2;
}

static void contexts_are_listed(void **state)
{
	uint32_t count = 4;

	(void)state;
	answer_with = give_list;
	assert_int_equal(kernel_contexts_list(0, 99, entries, &count), 0);
	assert_int_equal(last_request, SVA_DEVICE_LIST_CONTEXTS);
	assert_int_equal(count, 2);
	count = 4;
	next_error = ENODEV;
	assert_int_equal(kernel_contexts_list(0, 99, entries, &count), -ENODEV);
	assert_int_equal(count, 0);
}

static void events_are_read_as_many_as_there_are(void **state)
{
	struct sva_event events[3] = { { .context = 1 }, { .context = 2 }, { .context = 3 } };
	struct sva_event got[4];
	int sockets[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
				    sockets), 0);
	assert_int_equal(kernel_events_read(sockets[0], got, 4), 0);
	assert_int_equal(write(sockets[1], events, sizeof(events)), sizeof(events));
	assert_int_equal(kernel_events_read(sockets[0], got, 2), 2);
	assert_int_equal(got[1].context, 2);
	assert_int_equal(kernel_events_read(sockets[0], got, 4), 1);
	assert_int_equal(got[0].context, 3);
	close(sockets[0]);
	close(sockets[1]);
	assert_int_equal(kernel_events_read(sockets[0], got, 4), -EBADF);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, setup)
	const struct CMUnitTest tests[] = {
		TEST(a_control_node_is_a_character_device_that_answers),
		TEST(a_file_is_no_control_node),
		TEST(devices_and_types_tell_about_themselves),
		TEST(contexts_are_created),
		TEST(contexts_are_listed),
		TEST(events_are_read_as_many_as_there_are),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
