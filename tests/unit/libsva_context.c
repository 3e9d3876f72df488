// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_context.c - sva_bind() to sva_unbind(), over a fake svad and kernel
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "libsva_fake_kernel.h"
#include "libsva_fake_svad.h"
#include "sva.h"

/* So many requests are lost together with svad */
static int deaths;

static bool hand_over(struct fake_svad *svad, int connection,
		      const union fake_request *request, size_t size)
{
	struct sva_msg_opened reply = { .id = 1, .device = "soft0" };
	const int *fd = svad->arg;

	(void)size;
	if (deaths && deaths--)
		return false;
	reply.msg = fake_reply(request, sizeof(reply));
	fake_send(connection, &reply, sizeof(reply), fd ? *fd : fake_kernel.fd, 1);
	return true;
}

static struct fake_svad svad;
static int fds_before;

static int start(void **state)
{
	(void)state;
	fds_before = fake_count_fds();
	deaths = 0;
	fake_kernel_regions();
	fake_svad_start(&svad, hand_over, NULL);
	return 0;
}

static int start_with_events(void **state)
{
	(void)state;
	fds_before = fake_count_fds();
	fake_kernel_events();
	fake_svad_start(&svad, hand_over, NULL);
	return 0;
}

/* Whatever a test did, nothing of it may be left open. */
static int stop(void **state)
{
	(void)state;
	fake_svad_stop(&svad);
	fake_kernel_end();
	return fake_count_fds() == fds_before ? 0 : -1;
}

static struct sva_context *bind_or_fail(void)
{
	struct sva_context *ctx = NULL;
	int ret = sva_bind("soft0", 0, &ctx);

	if (ret)
		fail_msg("sva_bind: %d, %s", ret, sva_strreason(sva_context_reason(NULL)));
	assert_non_null(ctx);
	return ctx;
}

/* ------------------------------------------------------------------ bind */

static void bind_goes_from_nothing_to_a_bound_context(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	struct sva_context_info info;

	(void)state;
	assert_int_equal(fake_kernel.binds, 1);
	assert_int_equal(sva_context_pasid(ctx), FAKE_PASID);
	assert_true(fake_kernel_is_context(sva_context_fd(ctx)));
	assert_true(fcntl(sva_context_fd(ctx), F_GETFD) & FD_CLOEXEC);
	assert_int_equal(sva_context_info(ctx, &info), 0);
	assert_string_equal(info.device, "soft0");
	assert_int_equal(sva_unbind(ctx, SVA_RELEASE_CLEAN), SVA_RELEASE_CLEAN);
	assert_int_equal(fake_kernel.unbinds, 1);
	assert_int_equal(fake_kernel.unbind_pasid, FAKE_PASID);
	assert_int_equal(fake_kernel.unbind_flags, SVA_UNBIND_RELEASE_CLEAN);
}

/* A program that was compiled when the struct was shorter, or will be longer */
static void info_writes_no_more_than_the_caller_has_room_for(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	struct {
		struct sva_context_info info;
		uint64_t behind[2];
	} room;

	(void)state;
	memset(&room, 0xee, sizeof(room));
	assert_int_equal(sva_context_info_sized(ctx, &room.info, sizeof(room.info) + 8), 0);
	assert_int_equal(room.info.argsz, sizeof(room.info) + 8);
	assert_int_equal(room.behind[0], 0);
	assert_int_equal(room.behind[1], 0xeeeeeeeeeeeeeeeeull);
	assert_int_equal(sva_context_info_sized(ctx, &room.info, 4), -EINVAL);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_BAD_ARGUMENT);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

/* R7 */
static void what_the_kernel_says_comes_through(void **state)
{
	struct sva_context *ctx = (void *)&svad;

	(void)state;
	fake_kernel.error = -EOPNOTSUPP;
	fake_kernel.reason = SVA_REASON_X86_SVA_DISABLED;
	assert_int_equal(sva_bind("soft0", 0, &ctx), -EOPNOTSUPP);
	assert_null(ctx);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_X86_SVA_DISABLED);
}

static void what_svad_says_comes_through(void **state)
{
	struct sva_context *ctx;

	(void)state;
	unsetenv("SVA_SOCKET");
	setenv("SVA_SOCKET", "/nonexistent/socket", 1);
	assert_int_equal(sva_bind(NULL, 0, &ctx), -ENOENT);
	assert_null(ctx);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_NO_DAEMON);
}

static void the_socket_can_be_named(void **state)
{
	struct sva_bind_args args = { .size = sizeof(args), .socket = svad.path };
	struct sva_context *ctx;

	(void)state;
	setenv("SVA_SOCKET", "/nonexistent/socket", 1);
	assert_int_equal(sva_bind_with(&args, &ctx), 0);
	sva_unbind(ctx, SVA_RELEASE_NEITHER);
}

static void an_fd_that_is_no_context_is_svads_lie(void **state)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct sva_context *ctx;

	(void)state;
	svad.arg = &null;
	assert_int_equal(sva_bind("soft0", 0, &ctx), -EPROTO);
	assert_null(ctx);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_PROTOCOL);
	close(null);
}

static void the_kernel_is_told_who_wants_all_faults(void **state)
{
	struct sva_context *ctx;

	(void)state;
	assert_int_equal(sva_bind("soft0", SVA_BIND_FAULT_EVENTS, &ctx), 0);
	assert_int_equal(fake_kernel.bind_flags, SVA_BIND_FAULT_EVENTS);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

static void a_bind_that_a_signal_interrupted_is_made_again(void **state)
{
	struct sva_context *ctx;

	(void)state;
	fake_kernel.interrupts = 3;
	ctx = bind_or_fail();
	assert_int_equal(fake_kernel.binds, 1);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

static void an_inherited_context_is_bound_without_svad(void **state)
{
	struct sva_bind_args args = { .size = sizeof(args), .use_fd = 1 };
	struct sva_context *ctx;

	(void)state;
	args.fd = dup(fake_kernel.fd);
	assert_int_equal(sva_bind_with(&args, &ctx), 0);
	assert_int_equal(svad.requests, 0);
	assert_int_equal(sva_context_fd(ctx), args.fd);
	assert_true(fcntl(args.fd, F_GETFD) & FD_CLOEXEC);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	assert_int_equal(fcntl(args.fd, F_GETFD), -1);
}

static void an_inherited_fd_is_consumed_on_success_only(void **state)
{
	struct sva_bind_args args = { .size = sizeof(args), .use_fd = 1 };
	struct sva_context *ctx;

	(void)state;
	args.fd = dup(fake_kernel.fd);
	fake_kernel.error = -EPERM;
	fake_kernel.reason = SVA_REASON_OTHER_PROCESS;
	assert_int_equal(sva_bind_with(&args, &ctx), -EPERM);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_OTHER_PROCESS);
	assert_int_not_equal(fcntl(args.fd, F_GETFD), -1);
	close(args.fd);

	assert_int_equal(sva_bind_with(&args, &ctx), -EBADF);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_BAD_FD);

	args.fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	assert_int_equal(sva_bind_with(&args, &ctx), -EBADF);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_BAD_FD);
	close(args.fd);
}

struct newer_args {
	struct sva_bind_args args;
	uint64_t news;
};

static void arguments_are_checked_before_svad_is_asked(void **state)
{
	struct sva_bind_args args = { .size = sizeof(args) };
	struct newer_args newer = { .args.size = sizeof(newer) };
	struct sva_context *ctx;

	(void)state;
	assert_int_equal(sva_bind_with(&args, NULL), -EINVAL);
	assert_int_equal(sva_bind_with(NULL, &ctx), -EINVAL);
	args.size--;
	assert_int_equal(sva_bind_with(&args, &ctx), -EINVAL);
	args.size++;
	args.flags = SVA_BIND_FAULT_EVENTS << 1;
	assert_int_equal(sva_bind_with(&args, &ctx), -EINVAL);
	args.flags = 0;
	args.reserved[3] = 1;
	assert_int_equal(sva_bind_with(&args, &ctx), -EINVAL);
	args.reserved[3] = 0;
	args.device = "";
	assert_int_equal(sva_bind_with(&args, &ctx), -EINVAL);
	newer.news = 1;
	assert_int_equal(sva_bind_with(&newer.args, &ctx), -E2BIG);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_BAD_ARGUMENT);
	assert_int_equal(sva_bind("soft0", SVA_BIND_FAULT_EVENTS << 1, &ctx), -EINVAL);
	assert_int_equal(svad.requests, 0);

	newer.news = 0;		/* a newer caller that wants nothing new */
	assert_int_equal(sva_bind_with(&newer.args, &ctx), 0);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

/* ---------------------------------------------------------------- unbind */

static void unbind_claims_what_it_was_told_and_says_what_the_kernel_found(void **state)
{
	static const struct {
		enum sva_release claim;
		uint32_t flags;
		int found;
	} cases[] = {
		{ SVA_RELEASE_NEITHER, 0, SVA_RELEASE_NEITHER },
		{ SVA_RELEASE_FLUSHED, SVA_UNBIND_RELEASE_FLUSHED, SVA_RELEASE_FLUSHED },
		{ SVA_RELEASE_CLEAN, SVA_UNBIND_RELEASE_CLEAN, SVA_RELEASE_FLUSHED },
		{ SVA_RELEASE_CLEAN, SVA_UNBIND_RELEASE_CLEAN, SVA_RELEASE_CLEAN },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sva_context *ctx = bind_or_fail();

		fake_kernel.release = (uint32_t)cases[i].found;
		assert_int_equal(sva_unbind(ctx, cases[i].claim), cases[i].found);
		assert_int_equal(fake_kernel.unbind_flags, cases[i].flags);
	}
}

/* R5: whatever is said, the fd is closed and the context freed */
static void a_failed_unbind_ends_the_context_too(void **state)
{
	struct sva_context *ctx = bind_or_fail();

	(void)state;
	assert_int_equal(sva_unbind(NULL, SVA_RELEASE_CLEAN), 0);
	fake_kernel.error = -ENODEV;
	fake_kernel.reason = SVA_REASON_DEVICE_GONE;
	assert_int_equal(sva_unbind(ctx, SVA_RELEASE_CLEAN), -ENODEV);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_DEVICE_GONE);

	fake_kernel.error = 0;
	ctx = bind_or_fail();
	assert_int_equal(sva_unbind(ctx, SVA_RELEASE_PENDING), -EINVAL);
	assert_int_equal(fake_kernel.unbinds, 1);
	assert_int_equal(fake_kernel.unbind_flags, 0);
}

/* --------------------------------------------------------------- regions */

static void a_region_is_mapped_once(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	struct fake_regions device;
	void *first, *second;
	size_t size;

	(void)state;
	assert_int_equal(sva_map_region(ctx, SVA_ACCEL_REGION_RING, &first, &size), 0);
	assert_int_equal(sva_map_region(ctx, SVA_ACCEL_REGION_RING, &second, NULL), 0);
	assert_ptr_equal(first, second);
	assert_int_equal(size, sysconf(_SC_PAGESIZE));
	fake_regions_map(&device);
	*(uint32_t *)first = 0x5a5a;
	assert_int_equal(*(uint32_t *)device.ring, 0x5a5a);
	fake_regions_unmap(&device);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	assert_int_equal(msync(first, size, MS_ASYNC), -1);	/* unmapped */
}

static void a_region_that_is_not_there_or_not_mappable_says_so(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	void *addr = NULL;

	(void)state;
	assert_int_equal(sva_map_region(ctx, 99, &addr, NULL), -ENOENT);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_NO_SUCH_REGION);
	fake_kernel.no_mmap = 0;
	assert_int_equal(sva_map_region(ctx, 0, &addr, NULL), -EACCES);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_ACCESS);
	assert_int_equal(sva_map_region(ctx, 0, NULL, NULL), -EINVAL);
	assert_null(addr);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

/* mmap leaves its reason in GET_INFO; a sealed memfd refuses as a kernel might */
static void the_reason_of_a_refused_mmap_is_fetched(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	void *addr;

	(void)state;
	close(fake_kernel.fd);
	fake_kernel.fd = memfd_create("sealed", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	fcntl(fake_kernel.fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
	assert_int_equal(dup2(fake_kernel.fd, sva_context_fd(ctx)), sva_context_fd(ctx));
	fake_kernel.last_reason = SVA_REASON_CONTEXT_REVOKED;
	assert_int_equal(sva_map_region(ctx, 0, &addr, NULL), -EPERM);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_CONTEXT_REVOKED);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

static void *map_a_region(void *arg)
{
	void *addr = NULL;

	sva_map_region(arg, SVA_ACCEL_REGION_STATUS, &addr, NULL);
	return addr;
}

static void threads_that_map_one_region_get_one_address(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	pthread_t threads[8];
	void *addr[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, map_a_region, ctx), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], &addr[i]);
	for (int i = 0; i < 8; i++) {
		assert_non_null(addr[i]);
		assert_ptr_equal(addr[i], addr[0]);
	}
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

/* ------------------------------------------------------ interrupts, events */

static void an_interrupt_signals_the_eventfd_it_was_given(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t count = 0;

	(void)state;
	assert_int_equal(sva_set_irq(ctx, SVA_ACCEL_IRQ_COMPLETION, fd), 0);
	eventfd_write(fake_kernel.eventfd, 3);
	assert_int_equal(eventfd_read(fd, &count), 0);
	assert_int_equal(count, 3);
	assert_int_equal(sva_set_irq(ctx, SVA_ACCEL_IRQ_COMPLETION, -1), 0);
	assert_int_equal(fake_kernel.eventfd, -1);
	assert_int_equal(sva_set_irq(ctx, 9, fd), -ENOENT);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_NO_SUCH_IRQ);
	close(fd);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

static void send_event(uint64_t address)
{
	struct sva_event event = { .type = SVA_EVENT_FAULT, .address = address };

	assert_int_equal(send(fake_kernel.peer, &event, sizeof(event), 0), sizeof(event));
}

static void events_come_in_order_and_none_is_waited_for_in_vain(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	struct sva_event event;

	(void)state;
	assert_int_equal(sva_next_event(ctx, &event, 0), 0);
	assert_int_equal(sva_next_event(ctx, &event, 10), 0);
	send_event(1);
	send_event(2);
	assert_int_equal(sva_next_event(ctx, &event, -1), 1);
	assert_int_equal(event.address, 1);
	assert_int_equal(sva_next_event(ctx, &event, 1000), 1);
	assert_int_equal(event.address, 2);
	assert_int_equal(sva_next_event(ctx, NULL, 0), -EINVAL);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

/* The kernel hangs up, and GET_INFO says why: nobody waits for ever (R6) */
static void the_end_of_a_context_ends_the_wait_for_events(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	struct sva_event event;

	(void)state;
	close(fake_kernel.peer);
	fake_kernel.peer = -1;
	fake_kernel.error = -ENODEV;
	fake_kernel.reason = SVA_REASON_DEVICE_GONE;
	assert_true(sva_next_event(ctx, &event, -1) < 0);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_DEVICE_GONE);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

#define EVENTS 400

static void *take_events(void *arg)
{
	uintptr_t sum = 0;
	struct sva_event event;

	/* address 0 says that there are no more */
	while (sva_next_event(arg, &event, -1) == 1 && event.address)
		sum += event.address;
	return (void *)sum;
}

static void threads_that_wait_for_events_get_each_one_once(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	pthread_t threads[4];
	uintptr_t sum = 0;
	void *part;

	(void)state;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take_events, ctx), 0);
	for (uint64_t i = 1; i <= EVENTS; i++)
		send_event(i);
	for (int i = 0; i < 4; i++)
		send_event(0);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], &part);
		sum += (uintptr_t)part;
	}
	assert_int_equal(sum, EVENTS * (EVENTS + 1) / 2);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

/* ------------------------------------------------------------- prefault */

static int resident(void *addr, size_t pages)
{
	unsigned char map[16];
	int count = 0;

	assert_true(pages <= sizeof(map));
	assert_int_equal(mincore(addr, pages * (size_t)sysconf(_SC_PAGESIZE), map), 0);
	for (size_t i = 0; i < pages; i++)
		count += map[i] & 1;
	return count;
}

static void prefault_makes_pages_resident(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct sva_context *ctx = bind_or_fail();
	char *memory = mmap(NULL, 16 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);

	(void)state;
	madvise(memory, 16 * page, MADV_NOHUGEPAGE);
	assert_int_equal(resident(memory, 16), 0);
	/* rounded out: from the last byte of page 3 to the first one of page 5 */
	assert_int_equal(sva_prefault(ctx, memory + 4 * page - 1, page + 2, PROT_WRITE), 0);
	assert_int_equal(resident(memory, 16), 3);
	assert_int_equal(resident(memory + 3 * page, 3), 3);
	assert_int_equal(sva_prefault(ctx, memory, 16 * page, PROT_READ | PROT_WRITE), 0);
	assert_int_equal(resident(memory, 16), 16);
	assert_int_equal(sva_prefault(ctx, memory, 0, PROT_READ), 0);
	munmap(memory, 16 * page);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

static void prefault_refuses_what_is_not_mapped_that_way(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	struct sva_context *ctx = bind_or_fail();
	char *memory = mmap(NULL, 4 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_int_equal(sva_prefault(ctx, memory, 4 * page, PROT_READ), 0);
	assert_int_equal(sva_prefault(ctx, memory, 4 * page, PROT_WRITE), -EFAULT);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_SYSTEM);
	munmap(memory + page, page);
	assert_int_equal(sva_prefault(ctx, memory, 4 * page, PROT_READ), -EFAULT);
	assert_int_equal(sva_prefault(ctx, memory, page, PROT_EXEC), -EINVAL);
	assert_int_equal(sva_prefault(ctx, memory, page, 0), -EINVAL);
	assert_int_equal(sva_prefault(ctx, memory, SIZE_MAX - 1, PROT_READ), -EINVAL);
	assert_int_equal(sva_prefault(ctx, (char *)UINTPTR_MAX - 8, 4, PROT_READ), -EINVAL);
	munmap(memory, 4 * page);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

/* ------------------------------------------------------------------- pin */

static void pin_asks_the_kernel_for_what_it_was_told(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	char memory[64];

	(void)state;
	assert_int_equal(sva_pin(ctx, memory, sizeof(memory), PROT_READ), 0);
	assert_int_equal(fake_kernel.pin_request, SVA_CONTEXT_PIN);
	assert_int_equal(fake_kernel.pin.argsz, sizeof(struct sva_pin));
	assert_ptr_equal((void *)(uintptr_t)fake_kernel.pin.address, memory);
	assert_int_equal(fake_kernel.pin.size, sizeof(memory));
	assert_int_equal(fake_kernel.pin.flags, SVA_PIN_READ);
	assert_int_equal(sva_pin(ctx, memory, 1, PROT_READ | PROT_WRITE), 0);
	assert_int_equal(fake_kernel.pin.flags, SVA_PIN_READ | SVA_PIN_WRITE);
	assert_int_equal(sva_unpin(ctx, memory, 1), 0);
	assert_int_equal(fake_kernel.pin_request, SVA_CONTEXT_UNPIN);
	assert_int_equal(fake_kernel.pin.flags, 0);
	assert_int_equal(sva_pin(ctx, memory, 1, 0), -EINVAL);
	assert_int_equal(sva_pin(ctx, memory, 1, PROT_EXEC), -EINVAL);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_BAD_ARGUMENT);
	fake_kernel.error = -ENOMEM;
	fake_kernel.reason = SVA_REASON_MEMLOCK;
	assert_int_equal(sva_pin(ctx, memory, 1, PROT_READ), -ENOMEM);
	assert_int_equal(sva_context_reason(ctx), SVA_REASON_MEMLOCK);
	fake_kernel.error = 0;
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

/* ----------------------------------------------------- errno and reasons */

static void errno_is_left_alone(void **state)
{
	struct sva_context *ctx, *none;
	struct sva_context_info info;
	struct sva_event event;
	void *addr;

	(void)state;
	errno = 123;
	assert_int_equal(sva_bind("soft0", 0, &ctx), 0);
	assert_int_equal(errno, 123);
	sva_context_info(ctx, &info);
	sva_map_region(ctx, 0, &addr, NULL);
	sva_map_region(ctx, 99, &addr, NULL);
	sva_set_irq(ctx, 99, -1);
	sva_next_event(ctx, &event, 0);
	sva_prefault(ctx, NULL, 1, PROT_READ);
	sva_pin(ctx, NULL, 1, 0);
	sva_unpin(ctx, NULL, 1);
	sva_context_fd(ctx);
	sva_context_forked(ctx);
	assert_int_equal(errno, 123);
	fake_kernel.error = -EIO;
	assert_int_equal(sva_bind("soft0", 0, &none), -EIO);
	assert_int_equal(sva_context_info(ctx, &info), -EIO);
	assert_int_equal(sva_unbind(ctx, SVA_RELEASE_CLEAN), -EIO);
	setenv("SVA_SOCKET", "/nonexistent/socket", 1);
	sva_bind(NULL, 0, &none);
	sva_probe(NULL, NULL);
	assert_int_equal(errno, 123);
}

static void *fail_otherwise(void *arg)
{
	struct sva_context *ctx;
	uint32_t none = sva_context_reason(NULL);

	(void)arg;
	sva_bind("soft0", ~0u, &ctx);
	return (void *)(uintptr_t)(none ? 0 : sva_context_reason(NULL));
}

static void each_thread_has_its_own_reason(void **state)
{
	struct sva_context *ctx;
	pthread_t thread;
	void *theirs;

	(void)state;
	fake_kernel.error = -ENOSPC;
	fake_kernel.reason = SVA_REASON_PASID_EXHAUSTED;
	assert_int_equal(sva_bind("soft0", 0, &ctx), -ENOSPC);
	assert_int_equal(pthread_create(&thread, NULL, fail_otherwise, NULL), 0);
	pthread_join(thread, &theirs);
	assert_int_equal((uintptr_t)theirs, SVA_REASON_BAD_ARGUMENT);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_PASID_EXHAUSTED);
}

/* ------------------------------------------------------------ fork (R9) */

#define CHECK(condition) do { if (!(condition)) return __LINE__; } while (0)

static int forked(int ret, const struct sva_context *ctx)
{
	return ret == -EPERM && sva_context_reason(ctx) == SVA_REASON_FORKED;
}

/* Returns the line of the first check that failed; the exit status shows 8 bits. */
static int in_child(struct sva_context *ctx)
{
	struct sva_context_info info;
	struct sva_event event;
	int fd = (int)sva_context_pasid(ctx);
	struct sva_context *own;
	void *addr;

	CHECK(fd == FAKE_PASID);
	CHECK(forked(sva_context_info(ctx, &info), ctx));
	CHECK(forked(sva_context_fd(ctx), ctx));
	CHECK(forked(sva_map_region(ctx, 0, &addr, NULL), ctx));
	CHECK(forked(sva_set_irq(ctx, 0, -1), ctx));
	CHECK(forked(sva_next_event(ctx, &event, -1), ctx));
	CHECK(forked(sva_prefault(ctx, &event, 1, PROT_READ), ctx));
	CHECK(forked(sva_pin(ctx, &event, 1, PROT_READ), ctx));
	CHECK(forked(sva_unpin(ctx, &event, 1), ctx));
	CHECK(sva_context_forked(ctx) == 1);

	CHECK(sva_bind("soft0", 0, &own) == 0);
	CHECK(sva_context_fd(own) >= 0);
	CHECK(sva_context_forked(own) == 0 && sva_context_forked(ctx) == 1);
	CHECK(forked(sva_context_info(ctx, &info), ctx));
	CHECK(sva_unbind(ctx, SVA_RELEASE_CLEAN) == 0);
	CHECK(fake_kernel.unbinds == 0);
	CHECK(sva_context_info(own, &info) == 0);
	CHECK(sva_unbind(own, SVA_RELEASE_CLEAN) == SVA_RELEASE_CLEAN);
	return 0;
}

static void run_in_child(int (*child)(struct sva_context *), struct sva_context *ctx)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(child(ctx));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status)
		fail_msg("child: line %d (mod 256), signal %d", WEXITSTATUS(status),
			 WTERMSIG(status));
}

static void a_child_is_told_and_may_bind_anew(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	struct sva_context_info info;
	void *addr;

	(void)state;
	assert_int_equal(sva_map_region(ctx, 0, &addr, NULL), 0);
	assert_int_equal(sva_context_forked(ctx), 0);
	run_in_child(in_child, ctx);
	assert_int_equal(sva_context_forked(ctx), 0);
	assert_int_equal(sva_context_info(ctx, &info), 0);	/* the parent's is whole */
	assert_int_equal(sva_unbind(ctx, SVA_RELEASE_CLEAN), SVA_RELEASE_CLEAN);
}

static int grandchild(struct sva_context *ctx)
{
	struct sva_context_info info;
	struct sva_context *own;
	pid_t pid;
	int status;

	CHECK(sva_bind("soft0", 0, &own) == 0);
	pid = fork();
	if (!pid)
		_exit(!forked(sva_context_info(own, &info), own) ||
		      !forked(sva_context_info(ctx, &info), ctx));
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	sva_unbind(own, SVA_RELEASE_CLEAN);
	return 0;
}

static void a_grandchild_is_neither_its_parent_nor_its_grandparent(void **state)
{
	struct sva_context *ctx = bind_or_fail();

	(void)state;
	run_in_child(grandchild, ctx);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

static int close_all_and_open_another(struct sva_context *ctx)
{
	int number = -1, other, null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* what a daemon does with all it inherited */
	for (int fd = 3; fd < 100; fd++) {
		if (fd != fake_kernel.fd && fake_kernel_is_context(fd))
			number = fd;
	}
	CHECK(number >= 0);
	other = dup2(null, number);
	CHECK(other == number);
	CHECK(sva_unbind(ctx, SVA_RELEASE_CLEAN) == 0);
	CHECK(fcntl(other, F_GETFD) != -1);
	return 0;
}

static void a_child_keeps_what_it_opened_under_the_same_number(void **state)
{
	struct sva_context *ctx = bind_or_fail();

	(void)state;
	run_in_child(close_all_and_open_another, ctx);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

static int unbind_closes_the_copy(struct sva_context *ctx)
{
	int before = fake_count_fds();

	CHECK(sva_unbind(ctx, SVA_RELEASE_CLEAN) == 0);
	CHECK(fake_count_fds() == before - 1);
	return 0;
}

static void unbind_in_a_child_closes_its_copy_of_the_fd(void **state)
{
	struct sva_context *ctx = bind_or_fail();

	(void)state;
	run_in_child(unbind_closes_the_copy, ctx);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

static int same_address_space(void *arg)
{
	struct sva_context_info info;

	return sva_context_info(arg, &info) == 0 ? 0 : 1;
}

/* A child of vfork() shares the address space, and so the binding. */
static void a_child_that_shares_the_address_space_may_go_on(void **state)
{
	struct sva_context *ctx = bind_or_fail();
	size_t size = 256 * 1024;
	char *stack = malloc(size);
	int status;
	pid_t pid;

	(void)state;
	assert_non_null(stack);
	pid = clone(same_address_space, stack + size, CLONE_VM | CLONE_VFORK | SIGCHLD, ctx);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	free(stack);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)
#define TEST_EVENTS(name) cmocka_unit_test_setup_teardown(name, start_with_events, stop)

/* R5: svad was restarted in the middle of it; the caller does not notice */
static void a_svad_that_was_lost_is_asked_again(void **state)
{
	struct sva_context *ctx;

	(void)state;
	deaths = 1;
	assert_int_equal(sva_bind("soft0", 0, &ctx), 0);
	assert_int_equal(svad.requests, 2);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	deaths = 1000;
	assert_int_equal(sva_bind("soft0", 0, &ctx), -EPIPE);
	assert_int_equal(sva_context_reason(NULL), SVA_REASON_DAEMON_LOST);
	assert_in_range(svad.requests, 4, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bind_goes_from_nothing_to_a_bound_context),
		TEST(a_svad_that_was_lost_is_asked_again),
		TEST(info_writes_no_more_than_the_caller_has_room_for),
		TEST(what_the_kernel_says_comes_through),
		TEST(what_svad_says_comes_through),
		TEST(the_socket_can_be_named),
		TEST(an_fd_that_is_no_context_is_svads_lie),
		TEST(the_kernel_is_told_who_wants_all_faults),
		TEST(a_bind_that_a_signal_interrupted_is_made_again),
		TEST(an_inherited_context_is_bound_without_svad),
		TEST(an_inherited_fd_is_consumed_on_success_only),
		TEST(arguments_are_checked_before_svad_is_asked),
		TEST(unbind_claims_what_it_was_told_and_says_what_the_kernel_found),
		TEST(a_failed_unbind_ends_the_context_too),
		TEST(a_region_is_mapped_once),
		TEST(a_region_that_is_not_there_or_not_mappable_says_so),
		TEST(the_reason_of_a_refused_mmap_is_fetched),
		TEST(threads_that_map_one_region_get_one_address),
		TEST(an_interrupt_signals_the_eventfd_it_was_given),
		TEST_EVENTS(events_come_in_order_and_none_is_waited_for_in_vain),
		TEST_EVENTS(the_end_of_a_context_ends_the_wait_for_events),
		TEST_EVENTS(threads_that_wait_for_events_get_each_one_once),
		TEST(prefault_makes_pages_resident),
		TEST(prefault_refuses_what_is_not_mapped_that_way),
		TEST(pin_asks_the_kernel_for_what_it_was_told),
		TEST(errno_is_left_alone),
		TEST(each_thread_has_its_own_reason),
		TEST(a_child_is_told_and_may_bind_anew),
		TEST(a_grandchild_is_neither_its_parent_nor_its_grandparent),
		TEST(a_child_keeps_what_it_opened_under_the_same_number),
		TEST(unbind_in_a_child_closes_its_copy_of_the_fd),
		TEST(a_child_that_shares_the_address_space_may_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
