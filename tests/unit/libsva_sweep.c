// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_sweep.c - every allocation of the library fails once, and once all behind it
 * too; and every number of fds is too few once
 *
 * A program's whole use of the library, over a fake svad and kernel.  Whatever
 * fails: the call says so with an errno and a reason (R7), errno itself stays as it
 * was, out-parameters are empty, what has been bound is unbound, and nothing leaks.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "libsva_fake_kernel.h"
#include "libsva_fake_svad.h"
#include "scarce.h"
#include "sva-accel.h"
#include "sva-admin.h"

#define FILES_ENOUGH	16
#define ERRNO_BEFORE	4242

static struct fake_svad svad;
static int refused;
static bool wrong;

/* ------------------------------------------------------------------ svad */

static void list_devices(int connection, const union fake_request *request)
{
	struct sva_msg_devices reply = { .count = 0 };

	reply.msg = fake_reply(request, sizeof(reply));
	if (request->list_devices.start < 2) {
		reply.count = 1;
		reply.next = request->list_devices.start + 1;
		snprintf(reply.devices[0].name, SVA_NAME_LEN, "soft%u", request->list_devices.start);
		reply.devices[0].flags = SVA_DEVICE_FLAG_PASID | SVA_DEVICE_FLAG_VIABLE;
		reply.devices[0].max_contexts = 4;
		reply.devices[0].permitted = 1;
	}
	fake_send(connection, &reply, sizeof(reply), -1, 0);
}

/* Four of them, on two pages */
static void list_grants(int connection, const union fake_request *request)
{
	struct sva_msg_grants reply = { .count = 0 };

	reply.msg = fake_reply(request, sizeof(reply));
	for (uint32_t number = request->number.number + 1; number <= 4 && reply.count < 2; number++)
		reply.grants[reply.count++] = (struct sva_msg_grant){
			.number = number, .uid = 1000, .contexts = 1, .device = "soft0",
		};
	fake_send(connection, &reply, sizeof(reply), -1, 0);
}

static void open_context(int connection, const union fake_request *request)
{
	struct sva_msg_opened opened = { .id = 1, .device = "soft0" };

	opened.msg = fake_reply(request, sizeof(opened));
	fake_send(connection, &opened, sizeof(opened), fake_kernel.fd, 1);
}

static void explain(int connection, const union fake_request *request)
{
	struct sva_msg_explained explained = { .permitted = 1 };

	explained.msg = fake_reply(request, sizeof(explained));
	fake_send(connection, &explained, sizeof(explained), -1, 0);
}

/* Whoever subscribes is told of something at once */
static void do_it(int connection, const union fake_request *request)
{
	struct sva_msg_done done = { .grant = 1, .revoked = 1 };
	struct sva_msg_event event = {
		.msg = { .size = sizeof(event), .version = SVA_PROTOCOL_VERSION,
			 .type = SVA_MSG_EVENT, .serial = request->msg.serial },
		.kind = SVA_NOTICE_BOUND, .device = "soft0", .context = 1,
	};

	done.msg = fake_reply(request, sizeof(done));
	fake_send(connection, &done, sizeof(done), -1, 0);
	if (request->msg.type == SVA_MSG_SUBSCRIBE)
		fake_send(connection, &event, sizeof(event), -1, 0);
}

static bool serve(struct fake_svad *fake, int connection, const union fake_request *request,
		  size_t size)
{
	(void)fake;
	(void)size;
	switch (request->msg.type) {
	case SVA_MSG_LIST_DEVICES: list_devices(connection, request); break;
	case SVA_MSG_LIST_GRANTS: list_grants(connection, request); break;
	case SVA_MSG_OPEN: open_context(connection, request); break;
	case SVA_MSG_EXPLAIN: explain(connection, request); break;
	default: do_it(connection, request); break;
	}
	return true;
}

/* ------------------------------------------------------------ a program */

#define INSIST(condition)						\
	do {								\
		if (!(condition)) {					\
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
			wrong = true;					\
		}							\
	} while (0)

/* True if the call succeeded; if not it has to have been for want of something */
static bool good(struct sva_context *ctx, int ret)
{
	uint32_t reason;

	scarce_end();
	INSIST(errno == ERRNO_BEFORE);
	if (ret >= 0)
		return true;
	refused++;
	reason = sva_context_reason(ctx);
	INSIST(ret == -ENOMEM || ret == -EMFILE);
	INSIST(reason == SVA_REASON_SYSTEM || (ret == -EMFILE && reason == SVA_REASON_NO_FD));
	return false;
}

#define TRY(ctx, call) (scarce_begin(), errno = ERRNO_BEFORE, good(ctx, call))

static void use_queue(struct sva_context *ctx)
{
	struct sva_accel *accel = NULL;
	struct sva_accel_exec *exec = (void *)&svad;
	struct sva_accel_status status;
	int eventfd_of_ours;

	if (!TRY(ctx, sva_accel_open(ctx, &accel))) {
		INSIST(!accel);
		return;
	}
	TRY(ctx, sva_accel_status(accel, &status));
	if (TRY(ctx, sva_accel_exec_open(accel, 3, &exec)))
		TRY(ctx, sva_accel_exec_close(exec, 0));
	else
		INSIST(!exec);
	eventfd_of_ours = eventfd(0, EFD_CLOEXEC);
	if (eventfd_of_ours >= 0) {
		TRY(ctx, sva_set_irq(ctx, 0, eventfd_of_ours));
		close(eventfd_of_ours);
	}
	sva_accel_close(accel);
}

static void use_context(void)
{
	struct sva_context *ctx = (void *)&svad;
	struct sva_context_info info;
	size_t size = 0;
	void *region;
	int binds = fake_kernel.binds, unbinds = fake_kernel.unbinds;

	if (!TRY(NULL, sva_bind("soft0", 0, &ctx))) {
		INSIST(!ctx);
		/* bound and then not given to the caller would be bound for ever (R5) */
		INSIST(fake_kernel.binds - binds == fake_kernel.unbinds - unbinds);
		return;
	}
	TRY(ctx, sva_context_info(ctx, &info));
	TRY(ctx, sva_map_region(ctx, 0, &region, &size));
	TRY(ctx, sva_prefault(ctx, &info, sizeof(info), PROT_READ));
	use_queue(ctx);
	TRY(NULL, sva_unbind(ctx, SVA_RELEASE_CLEAN));
	INSIST(fake_kernel.unbinds - unbinds == 1);
}

static void use_watch(void)
{
	struct sva_watch *watch = (void *)&svad;
	struct sva_notice notice;

	if (!TRY(NULL, sva_watch(NULL, &watch))) {
		INSIST(!watch);
		return;
	}
	INSIST(sva_watch_fd(watch) >= 0);
	if (TRY(NULL, sva_watch_next(watch, &notice, -1)))
		INSIST(notice.kind == SVA_NOTICE_BOUND && notice.context == 1);
	sva_watch_end(watch);
}

static void administer(void)
{
	struct sva_grant *grants = (void *)&svad;
	size_t count = 99;
	uint32_t number;
	int ret;

	TRY(NULL, sva_grant_add(NULL, "soft0", NULL, 1000, 1, &number));
	TRY(NULL, sva_grant_add(NULL, "soft0", "/system.slice", 0, 1, NULL));
	ret = TRY(NULL, sva_list_grants(NULL, &grants, &count));
	INSIST(ret ? count == 4 && grants : !count && !grants);
	free(grants);
	TRY(NULL, sva_grant_remove(NULL, 1, &number));
	TRY(NULL, sva_revoke(NULL, "soft0", 1));
	TRY(NULL, sva_reset(NULL, "soft0"));
}

static void use_library(void)
{
	struct sva_bind_args args = { .size = sizeof(args), .device = "soft0" };
	struct sva_device *devices = (void *)&svad;
	int fd = -99;
	size_t count = 99;
	uint32_t reason;
	int ret;

	ret = TRY(NULL, sva_list_devices(&devices, &count));
	INSIST(ret ? count == 2 && devices : !count && !devices);
	free(devices);
	TRY(NULL, sva_probe("soft1", &reason));
	if (TRY(NULL, sva_reserve(&args, &fd)))
		close(fd);
	else
		INSIST(fd == -1);
	use_context();
	use_watch();
	administer();
}

/* ----------------------------------------------------------------- tests */

static int setup(void **state)
{
	(void)state;
	fake_kernel_regions();
	fake_svad_start(&svad, serve, NULL);
	wrong = false;
	refused = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scarce_memory(0, false);
	scarce_files(-1);
	fake_svad_stop(&svad);
	fake_kernel_end();
	return 0;
}

/* The fake svad closes its end in its own time */
static void fds_settle(int fds)
{
	for (int i = 0; i < 5000 && fake_count_fds() > fds; i++)
		usleep(1000);
	assert_true(fake_count_fds() <= fds);
}

static void sweep_memory(bool lasting)
{
	unsigned long number = 0;
	int fds;
	long live;

	use_library();
	assert_int_equal(refused, 0);
	fds = fake_count_fds();
	live = scarce_live();
	do {
		scarce_memory(++number, lasting);
		use_library();
		assert_false(wrong);
		assert_int_equal(refused > 0, scarce_met());
		fds_settle(fds);
		assert_int_equal(scarce_live(), live);
		refused = 0;
	} while (scarce_met());
	print_message("%lu allocations\n", number - 1);
	assert_true(number > 7);
}

static void any_allocation_may_fail(void **state)
{
	(void)state;
	sweep_memory(false);
}

static void any_allocation_may_fail_and_all_behind_it(void **state)
{
	(void)state;
	sweep_memory(true);
}

/* In a process of its own: the fake svad's thread needs files, too */
static int refused_with(int left)
{
	pid_t child = fork();
	int status, fds;

	assert_true(child >= 0);
	if (!child) {
		fds = fake_count_fds();
		scarce_files(left);
		use_library();
		/* the fake kernel keeps the eventfd that it was given */
		INSIST(fake_count_fds() == fds + (fake_kernel.eventfd >= 0));
		_exit(wrong ? 99 : refused);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 99);
	return WEXITSTATUS(status);
}

static void any_number_of_files_may_be_too_few(void **state)
{
	(void)state;
	assert_true(refused_with(0) >= 10);
	for (int left = 1; left < FILES_ENOUGH; left++)
		(void)refused_with(left);
	assert_int_equal(refused_with(FILES_ENOUGH), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(any_allocation_may_fail),
		TEST(any_allocation_may_fail_and_all_behind_it),
		TEST(any_number_of_files_may_be_too_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
