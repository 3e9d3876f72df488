// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_calls.c - the calls: each a right one, made from its numbers, and often damaged
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "fuzz.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "ring.h"
#include "kernel/test/sva_test.h"

#define SLOTS 4
#define MAPS 8
#define ARG_SIZE 512		/* more than any argument */
#define KERNEL_ERRORS 512	/* from here on they are none of user space's */

struct slot {
	int fd;
	uint64_t id;
	uint32_t pasid;
};

struct map {
	void *at;
	size_t size;
};

struct fuzz_world {
	int nodes[2];
	struct slot slots[SLOTS];
	struct map maps[MAPS];
	int eventfds[2];
	int holders;
	int line[2];
	struct fuzz_memory memory;
};

/* One call under way */
struct doing {
	struct fuzz_world *world;
	const uint32_t *numbers;
	unsigned int used;
};

/* The numbers of a step, one after the other, again from the first when they are used up */
static uint32_t number(struct doing *doing)
{
	unsigned int at = doing->used++;

	return doing->numbers[at % FUZZ_NUMBERS] >> (at >= FUZZ_NUMBERS ? 7 : 0);
}

static uint32_t below(struct doing *doing, uint32_t count)
{
	return number(doing) % count;
}

static bool one_in(struct doing *doing, uint32_t count)
{
	return below(doing, count) == 0;
}

static void check_result(const char *what, long result)
{
	CHECK(result >= 0 || errno < KERNEL_ERRORS, "%s: errno %d is the kernel's own", what, errno);
}

static struct slot *any_slot(struct doing *doing)
{
	/* the first is bound as a rule */
	return &doing->world->slots[one_in(doing, 2) ? 0 : below(doing, SLOTS)];
}

static int any_node(struct doing *doing)
{
	return doing->world->nodes[one_in(doing, 8)];
}

static int any_eventfd(struct doing *doing)
{
	uint32_t which = below(doing, 8);

	return which < 4 ? doing->world->eventfds[which & 1] :
	       which < 6 ? -1 : which == 6 ? doing->world->slots[0].fd : 12345;
}

static uint64_t any_number(struct doing *doing)
{
	static const uint64_t telling[] = {
		0, 1, 2, 3, 7, 8, 63, 64, 255, 4095, 4096, 4097, 0x7fffffff, 0x80000000,
		0xffffffff, 0x100000000, 0x7fffffffffff, 0x800000000000, 0x7fffffffffffffff,
		0x8000000000000000, 0xfffffffffffff000, 0xffffffffffffffff,
	};

	if (one_in(doing, 2))
		return telling[below(doing, sizeof(telling) / sizeof(telling[0]))];
	return (uint64_t)number(doing) << 32 | number(doing);
}

static uint64_t any_address(struct doing *doing)
{
	uint32_t which = below(doing, 8);

	if (which == 0)
		return any_number(doing);
	if (which == 1)
		return nowhere[below(doing, nowheres)];
	if (which == 2)
		return (uintptr_t)doing->world->memory.pool + FUZZ_PAGES * FUZZ_PAGE - 8;
	return (uintptr_t)doing->world->memory.pool + below(doing, FUZZ_PAGES) * FUZZ_PAGE +
	       (one_in(doing, 2) ? below(doing, FUZZ_PAGE) : 0);
}

/* -------------------------------------------------------- ioctls, damaged */

/* An argument on its way: a copy, and where the kernel is told that it lies */
struct argument {
	_Alignas(8) uint8_t copy[ARG_SIZE];
	uint8_t *at;
	uint32_t size;
	uint32_t argsz;
};

static void argument_move(struct doing *doing, struct argument *argument)
{
	uint8_t *end = doing->world->memory.pool + FUZZ_PAGES * FUZZ_PAGE;

	if (one_in(doing, 2)) {
		argument->at = (uint8_t *)nowhere[below(doing, nowheres)];
		return;
	}
	/* so that it ends, or a part of it, where there is nothing */
	argument->at = end - below(doing, argument->size + 1);
	memcpy(argument->at, argument->copy, (size_t)(end - argument->at));
}

/*
 * What the ladder of errors is there for: argsz, unknown flags and reserved bytes, a
 * number in the middle, and an argument that lies half where nothing is.
 */
static void argument_damage(struct doing *doing, struct argument *argument)
{
	uint32_t size = argument->size;

	switch (below(doing, 24)) {
	case 0:
		argument->argsz = below(doing, size + 1);
		break;
	case 1:
		argument->argsz = size + 8 * below(doing, 16);
		break;
	case 2:
		argument->argsz = (uint32_t)any_number(doing);
		break;
	case 3:
		argument->copy[4 + below(doing, 4)] ^= (uint8_t)(1u << below(doing, 8));
		break;
	case 4:
	case 5:
		argument->copy[below(doing, size)] ^= (uint8_t)(1u << below(doing, 8));
		break;
	case 6:
		argument->copy[size + below(doing, ARG_SIZE - size)] = 1;
		argument->argsz = size + 64;
		break;
	case 7:
	case 8:
		argument_move(doing, argument);
	}
}

static long damaged_call(struct doing *doing, int fd, unsigned int command, void *arg,
			 uint32_t size)
{
	struct argument argument = { .at = argument.copy, .size = size, .argsz = size };
	long result;

	memcpy(argument.copy, arg, size);
	argument_damage(doing, &argument);
	if (argument.at == argument.copy)
		memcpy(argument.copy, &argument.argsz, sizeof(argument.argsz));
	result = ioctl(fd, command, argument.at);
	check_result("ioctl", result);
	if (argument.at == argument.copy)
		memcpy(arg, argument.copy, size);
	return result;
}

#define DAMAGED(doing, fd, command, arg) \
	damaged_call(doing, fd, command, (arg), sizeof(*(arg)))

static void do_device_info(struct doing *doing)
{
	struct sva_device_info arg = { .argsz = sizeof(arg) };

	DAMAGED(doing, any_node(doing), SVA_DEVICE_GET_INFO, &arg);
}

static void do_type_info(struct doing *doing)
{
	struct sva_type_info arg = { .argsz = sizeof(arg), .index = below(doing, 3) };

	DAMAGED(doing, any_node(doing), SVA_DEVICE_GET_TYPE_INFO, &arg);
}

static void slot_close(struct slot *slot)
{
	if (slot->fd >= 0)
		close(slot->fd);
	slot->fd = -1;
}

static void do_create(struct doing *doing)
{
	struct sva_create_context arg = {
		.argsz = sizeof(arg), .account = below(doing, 3), .cookie = any_number(doing),
		.owner = one_in(doing, 8) ? (int32_t)any_number(doing) : getpid(),
		.type = one_in(doing, 8),
	};
	struct slot *slot = any_slot(doing);

	slot_close(slot);
	if (DAMAGED(doing, any_node(doing), SVA_DEVICE_CREATE_CONTEXT, &arg))
		return;
	slot->fd = arg.fd;
	slot->id = arg.id;
	fcntl(slot->fd, F_SETFL, O_NONBLOCK);
}

static void do_list(struct doing *doing)
{
	struct sva_context_entry entries[8];
	struct sva_list_contexts arg = {
		.argsz = sizeof(arg), .count = below(doing, 9),
		.after = one_in(doing, 2) ? 0 : any_number(doing),
		.entries = (uintptr_t)entries, .entry_size = sizeof(entries[0]),
	};

	/* where it is written to is not left to chance: that may be this program's own */
	switch (below(doing, 3)) {
	case 0:
		arg.entries = nowhere[below(doing, nowheres)];
		DAMAGED(doing, any_node(doing), SVA_DEVICE_LIST_CONTEXTS, &arg);
		return;
	case 1:
		arg.entries = (uintptr_t)doing->world->memory.pool + below(doing, FUZZ_PAGE);
		arg.entry_size = below(doing, 300);
	}
	(void)call(any_node(doing), SVA_DEVICE_LIST_CONTEXTS, &arg);
}

static void do_revoke(struct doing *doing)
{
	struct sva_revoke_context arg = {
		.argsz = sizeof(arg),
		.id = one_in(doing, 4) ? any_number(doing) : any_slot(doing)->id,
	};

	DAMAGED(doing, any_node(doing), SVA_DEVICE_REVOKE_CONTEXT, &arg);
}

static void do_reset(struct doing *doing)
{
	struct sva_device_reset arg = { .argsz = sizeof(arg) };

	if (one_in(doing, 8))
		DAMAGED(doing, any_node(doing), SVA_DEVICE_RESET, &arg);
}

static void do_bind(struct doing *doing)
{
	struct sva_bind_task arg = {
		.argsz = sizeof(arg), .flags = one_in(doing, 4) ? SVA_BIND_FAULT_EVENTS : 0,
		.pid = one_in(doing, 8) ? getpid() : 0,
	};
	struct slot *slot = any_slot(doing);

	if (!DAMAGED(doing, slot->fd, SVA_BIND_TASK, &arg))
		slot->pasid = arg.pasid;
}

static void do_unbind(struct doing *doing)
{
	static const uint32_t claims[] = {
		0, SVA_UNBIND_RELEASE_FLUSHED, SVA_UNBIND_RELEASE_CLEAN,
		SVA_UNBIND_RELEASE_FLUSHED | SVA_UNBIND_RELEASE_CLEAN,
	};
	struct slot *slot = any_slot(doing);
	struct sva_unbind_task arg = {
		.argsz = sizeof(arg), .flags = claims[below(doing, 4)],
		.pasid = one_in(doing, 8) ? (uint32_t)any_number(doing) : slot->pasid,
	};

	DAMAGED(doing, slot->fd, SVA_UNBIND_TASK, &arg);
}

static void do_context_info(struct doing *doing)
{
	struct sva_context_info arg = { .argsz = sizeof(arg) };

	DAMAGED(doing, any_slot(doing)->fd, SVA_CONTEXT_GET_INFO, &arg);
}

static void do_region_info(struct doing *doing)
{
	struct sva_region_info arg = { .argsz = sizeof(arg), .index = below(doing, 5) };

	DAMAGED(doing, any_slot(doing)->fd, SVA_CONTEXT_GET_REGION_INFO, &arg);
}

static void do_irq_info(struct doing *doing)
{
	struct sva_irq_info arg = { .argsz = sizeof(arg), .index = below(doing, 4) };

	DAMAGED(doing, any_slot(doing)->fd, SVA_CONTEXT_GET_IRQ_INFO, &arg);
}

static void do_set_irqs(struct doing *doing)
{
	int32_t fds[2] = { any_eventfd(doing), any_eventfd(doing) };
	struct sva_set_irqs arg = {
		.argsz = sizeof(arg), .flags = one_in(doing, 8) ? number(doing) : 1u << below(doing, 5),
		.index = below(doing, 3), .start = one_in(doing, 8), .count = below(doing, 3),
		.fds = one_in(doing, 8) ? any_address(doing) : (uintptr_t)fds,
	};

	DAMAGED(doing, any_slot(doing)->fd, SVA_CONTEXT_SET_IRQS, &arg);
}

static void do_pin(struct doing *doing)
{
	struct sva_pin arg = {
		.argsz = sizeof(arg), .flags = 1 + below(doing, 3), .address = any_address(doing),
		.size = one_in(doing, 4) ? any_number(doing) : FUZZ_PAGE * below(doing, 8) + 1,
	};

	DAMAGED(doing, any_slot(doing)->fd, SVA_CONTEXT_PIN, &arg);
}

static void do_unpin(struct doing *doing)
{
	struct sva_pin arg = {
		.argsz = sizeof(arg), .address = any_address(doing),
		.size = one_in(doing, 4) ? any_number(doing) : FUZZ_PAGE * below(doing, 64) + 1,
	};

	DAMAGED(doing, any_slot(doing)->fd, SVA_CONTEXT_UNPIN, &arg);
}

/* Of our numbers and others, at a node, a context and what is neither */
static void do_any_ioctl(struct doing *doing)
{
	_Alignas(8) uint8_t arg[320];
	uint32_t size = 12 + below(doing, sizeof(arg) - 11), command = (uint32_t)any_number(doing);
	int fd = one_in(doing, 2) ? any_node(doing) : any_slot(doing)->fd;

	for (size_t i = 0; i < sizeof(arg); i += sizeof(uint32_t)) {
		uint32_t word = one_in(doing, 3) ? number(doing) : 0;

		memcpy(arg + i, &word, sizeof(word));
	}
	memcpy(arg, &size, sizeof(size));
	if (!one_in(doing, 4))
		command = _IO(SVA_IOCTL_TYPE, below(doing, 256));
	damaged_call(doing, fd, command, arg, sizeof(arg));
}

/* ---------------------------------------------------------------- regions */

static off_t any_offset(struct doing *doing)
{
	if (one_in(doing, 8))
		return (off_t)any_number(doing);
	return (off_t)(FUZZ_PAGE * below(doing, 12) + (one_in(doing, 4) ? below(doing, FUZZ_PAGE) : 0));
}

static void map_drop(struct map *map)
{
	if (map->at)
		munmap(map->at, map->size);
	map->at = NULL;
}

static void do_mmap(struct doing *doing)
{
	struct map *map = &doing->world->maps[below(doing, MAPS)];
	int flags = one_in(doing, 8) ? MAP_PRIVATE : MAP_SHARED;
	struct sva_region_info info = { .argsz = sizeof(info), .index = below(doing, 4) };
	struct slot *slot = any_slot(doing);

	if (call(slot->fd, SVA_CONTEXT_GET_REGION_INFO, &info) || one_in(doing, 4)) {
		info.offset = (uint64_t)any_offset(doing) & ~(uint64_t)(FUZZ_PAGE - 1);
		info.size = FUZZ_PAGE * (1 + below(doing, 5));
	}
	map_drop(map);
	map->size = info.size ?: FUZZ_PAGE;
	map->at = mmap(NULL, map->size, one_in(doing, 2) ? PROT_READ | PROT_WRITE : (int)below(doing, 8),
		       flags, slot->fd, (off_t)info.offset);
	if (map->at == MAP_FAILED) {
		check_result("mmap", -1);
		map->at = NULL;
	}
}

static void do_munmap(struct doing *doing)
{
	map_drop(&doing->world->maps[below(doing, MAPS)]);
}

/* The kernel touches it, so that what is not there is an error and no signal */
static void do_touch(struct doing *doing)
{
	struct map *map = &doing->world->maps[below(doing, MAPS)];
	size_t at = map->at ? below(doing, (uint32_t)map->size) : 0;
	uint8_t rest[8];
	int result;

	if (!map->at)
		return;
	at = at > map->size - 8 ? map->size - 8 : at;
	result = (int)write(doing->world->line[1], (uint8_t *)map->at + at, 8);
	check_result("touch", result);
	if (result > 0 && one_in(doing, 2))
		check_result("touch", read(doing->world->line[0], (uint8_t *)map->at + at, 8));
	while (read(doing->world->line[0], rest, sizeof(rest)) > 0)
		;
}

static void do_change_map(struct doing *doing)
{
	struct map *map = &doing->world->maps[below(doing, MAPS)];
	void *moved;

	if (!map->at)
		return;
	switch (below(doing, 4)) {
	case 0:
		check_result("mprotect", mprotect(map->at, map->size, (int)below(doing, 8)));
		break;
	case 1:
		moved = mremap(map->at, map->size, map->size + FUZZ_PAGE, MREMAP_MAYMOVE);
		CHECK(moved == MAP_FAILED, "a region was moved (R9)");
		break;
	case 2:
		check_result("madvise", madvise(map->at, map->size, (int)below(doing, 26)));
		break;
	default:
		check_result("msync", msync(map->at, map->size, MS_SYNC));
	}
}

static void do_pread(struct doing *doing)
{
	size_t size = one_in(doing, 2) ? 4 * below(doing, 80) : below(doing, 9000);

	/* not above what any address of the pool leaves: the buffer may be anywhere else */
	check_result("pread", pread(any_slot(doing)->fd, (void *)any_address(doing), size,
				    any_offset(doing)));
}

static void do_pwrite(struct doing *doing)
{
	size_t size = one_in(doing, 2) ? 4 * below(doing, 80) : below(doing, 9000);

	check_result("pwrite", pwrite(any_slot(doing)->fd, (void *)any_address(doing), size,
				      any_offset(doing)));
}

static void do_read_events(struct doing *doing)
{
	struct sva_event events[4];
	int fd = one_in(doing, 2) ? any_node(doing) : any_slot(doing)->fd;

	check_result("read", read(fd, events, below(doing, sizeof(events) + 1)));
}

static void do_poll(struct doing *doing)
{
	struct pollfd fds[] = {
		{ .fd = any_node(doing), .events = POLLIN },
		{ .fd = any_slot(doing)->fd, .events = POLLIN | POLLPRI | POLLOUT },
	};

	check_result("poll", poll(fds, 2, 0));
}

/* A descriptor, in the ring where one is mapped, and the doorbell by pwrite */
static void do_job(struct doing *doing)
{
	struct fuzz_random random = { number(doing) | 1 };
	struct sva_accel_desc job = fuzz_job(&random, &doing->world->memory);
	struct slot *slot = any_slot(doing);
	struct sva_region_info ring = { .argsz = sizeof(ring), .index = SVA_ACCEL_REGION_RING };
	struct sva_region_info bell = { .argsz = sizeof(bell), .index = SVA_ACCEL_REGION_DOORBELL };
	uint32_t tail = below(doing, 20), at = below(doing, 16);

	if (call(slot->fd, SVA_CONTEXT_GET_REGION_INFO, &ring) ||
	    call(slot->fd, SVA_CONTEXT_GET_REGION_INFO, &bell))
		return;
	(void)pwrite(slot->fd, &job, sizeof(job), (off_t)(ring.offset + at * sizeof(job)));
	check_result("doorbell", pwrite(slot->fd, &tail, sizeof(tail), (off_t)bell.offset));
}

/* -------------------------------------------------- files, processes, others */

static void do_close(struct doing *doing)
{
	struct slot *slot = &doing->world->slots[below(doing, SLOTS)];

	slot_close(slot);
}

static void do_node(struct doing *doing)
{
	char path[64];

	close(doing->world->nodes[1]);
	snprintf(path, sizeof(path), "/dev/sva/%s", device_name());
	doing->world->nodes[1] = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

/* R1: the same calls on the same files, by somebody else */
static void do_fork(struct doing *doing)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	struct slot *slot = any_slot(doing);
	int status;
	pid_t pid;

	/* it takes longer than any other */
	if (!one_in(doing, 32))
		return;
	pid = (pid_t)MUST(fork());
	if (!pid) {
		int result = call(slot->fd, SVA_BIND_TASK, &bind);

		do_pread(doing);
		do_pwrite(doing);
		do_pin(doing);
		_exit(result == 0);
	}
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(status == 0, "a child binds its parent's context, or dies of it (0x%x)", status);
}

static void do_hold(struct doing *doing)
{
	struct sva_test_hold arg = { .fd = any_slot(doing)->fd };

	arg.flags = one_in(doing, 2) ? SVA_TEST_HOLD_PUT_AT_ONCE : 0;
	arg.flags |= one_in(doing, 32) ? SVA_TEST_HOLD_SLOW : 0;
	check_result("hold", ioctl(doing->world->holders, SVA_TEST_HOLD, &arg));
}

static void do_put(struct doing *doing)
{
	struct sva_test_status arg = { .holder = below(doing, 8) };

	check_result("put", ioctl(doing->world->holders, SVA_TEST_PUT, &arg));
}

static void do_memory(struct doing *doing)
{
	uint8_t *at = doing->world->memory.pool + below(doing, FUZZ_PAGES) * FUZZ_PAGE;
	static const int advice[] = { MADV_DONTNEED, MADV_PAGEOUT, MADV_COLD, MADV_HUGEPAGE };

	if (one_in(doing, 2))
		check_result("madvise", madvise(at, FUZZ_PAGE, advice[below(doing, 4)]));
	else
		check_result("mprotect", mprotect(at, FUZZ_PAGE, PROT_READ | PROT_WRITE));
}

static const struct {
	const char *name;
	void (*run)(struct doing *doing);
} kinds[] = {
	{ "DEVICE_GET_INFO", do_device_info }, { "GET_TYPE_INFO", do_type_info },
	{ "CREATE_CONTEXT", do_create }, { "LIST_CONTEXTS", do_list },
	{ "REVOKE_CONTEXT", do_revoke }, { "RESET", do_reset }, { "BIND_TASK", do_bind },
	{ "UNBIND_TASK", do_unbind }, { "CONTEXT_GET_INFO", do_context_info },
	{ "GET_REGION_INFO", do_region_info }, { "GET_IRQ_INFO", do_irq_info },
	{ "SET_IRQS", do_set_irqs }, { "PIN", do_pin }, { "UNPIN", do_unpin },
	{ "any ioctl", do_any_ioctl }, { "mmap", do_mmap }, { "munmap", do_munmap },
	{ "touch", do_touch }, { "mprotect and others", do_change_map }, { "pread", do_pread },
	{ "pwrite", do_pwrite }, { "read of events", do_read_events }, { "poll", do_poll },
	{ "descriptor", do_job }, { "descriptor again", do_job }, { "close", do_close },
	{ "open", do_node }, { "fork", do_fork }, { "hold", do_hold }, { "put", do_put },
	{ "memory", do_memory },
};

unsigned int fuzz_kinds(void)
{
	return sizeof(kinds) / sizeof(kinds[0]);
}

const char *fuzz_kind(uint32_t what)
{
	return kinds[what].name;
}

void fuzz_step_run(struct fuzz_world *world, const struct fuzz_step *step)
{
	struct doing doing = { .world = world, .numbers = step->numbers };

	kinds[step->what].run(&doing);
}

/* ------------------------------------------------------------------- world */

static void slot_fill(struct fuzz_world *world, struct slot *slot, bool bind)
{
	struct sva_create_context create = { .argsz = sizeof(create), .owner = getpid() };
	struct sva_bind_task arg = { .argsz = sizeof(arg) };

	if (call(world->nodes[0], SVA_DEVICE_CREATE_CONTEXT, &create))
		return;
	slot->fd = create.fd;
	slot->id = create.id;
	fcntl(slot->fd, F_SETFL, O_NONBLOCK);
	if (bind && !call(slot->fd, SVA_BIND_TASK, &arg))
		slot->pasid = arg.pasid;
}

static bool slot_is(const struct slot *slot, uint32_t state)
{
	struct sva_context_info info = { .argsz = sizeof(info) };

	return slot->fd >= 0 && !call(slot->fd, SVA_CONTEXT_GET_INFO, &info) &&
	       info.state == state;
}

struct fuzz_world *fuzz_world_new(void)
{
	struct fuzz_world *world = calloc(1, sizeof(*world));

	CHECK(world, "no memory");
	world->nodes[0] = node_open();
	world->nodes[1] = node_open();
	for (unsigned int i = 0; i < SLOTS; i++)
		world->slots[i].fd = -1;
	for (unsigned int i = 0; i < 2; i++)
		world->eventfds[i] = (int)MUST(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	world->holders = -1;
	MUST(pipe2(world->line, O_CLOEXEC | O_NONBLOCK));
	fuzz_memory_new(&world->memory);
	return world;
}

/* A bound context and an unbound one come first, or most calls would meet none */
void fuzz_world_begin(struct fuzz_world *world)
{
	static const uint32_t states[] = { SVA_STATE_BOUND, SVA_STATE_CREATED };

	for (unsigned int i = 0; i < 2; i++)
		if (!slot_is(&world->slots[i], states[i])) {
			slot_close(&world->slots[i]);
			slot_fill(world, &world->slots[i], i == 0);
		}
	if (world->holders >= 0)
		close(world->holders);
	world->holders = (int)MUST(open("/dev/sva_test", O_RDWR | O_CLOEXEC));
	MUST(madvise(world->memory.pool, FUZZ_PAGES * FUZZ_PAGE, MADV_DONTNEED));
}

void fuzz_world_end(struct fuzz_world *world)
{
	for (unsigned int i = 0; i < MAPS; i++)
		map_drop(&world->maps[i]);
	fuzz_memory_check(&world->memory);
}

void fuzz_world_clear(struct fuzz_world *world)
{
	fuzz_world_end(world);
	for (unsigned int i = 0; i < SLOTS; i++)
		slot_close(&world->slots[i]);
	for (unsigned int i = 0; i < 2; i++) {
		close(world->eventfds[i]);
		close(world->nodes[i]);
		close(world->line[i]);
	}
	if (world->holders >= 0)
		close(world->holders);
	/* nothing of the device's is under way any more */
	fuzz_memory_check(&world->memory);
	munmap(world->memory.pool - FUZZ_PAGE, (FUZZ_PAGES + 2) * FUZZ_PAGE);
	munmap(world->memory.canary - FUZZ_PAGE, 3 * FUZZ_PAGE);
	free(world);
}
