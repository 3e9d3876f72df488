// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * abi.c - every ioctl of control node and context against the one ladder of
 * errors that <linux/sva.h> promises, with the reason beside each errno (R7)
 *
 * One table describes the calls; the tests go through it.  Whatever a call is
 * refused for, it must have had no effect: each test then makes the same call
 * rightly and must succeed.  Fixed-width types only, so that the same source
 * proves the 32-bit interface.
 */
#include <fcntl.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"

#define EXTRA 64	/* bytes that a newer program might add to a struct */
#define ARG_MAX_SIZE 320

struct arg_head {
	uint32_t argsz;
	uint32_t flags;
	uint32_t reason;
};

/* What the calls work on: a node, a bound context and an unbound one, fresh each time */
struct stage {
	int node;
	int bound;
	int unbound;
	uint64_t bound_id;
	uint64_t unbound_id;
	uint32_t pasid;
	int32_t eventfd;
	char *pinned;		/* a page that is pinned, and one that is not */
	char *unpinned;
	struct sva_context_entry entries[4];
};

struct call_case {
	const char *name;
	unsigned int number;
	uint32_t size;
	uint32_t flags;		/* those that the call knows */
	uint32_t reserved;	/* offset of the reserved field, 0: none */
	int *(*target)(struct stage *stage);
	void (*fill)(struct stage *stage, void *arg);
	void (*after)(struct stage *stage, void *arg);	/* of a call that succeeded */
};

static int *on_node(struct stage *stage)
{
	return &stage->node;
}

static int *on_bound(struct stage *stage)
{
	return &stage->bound;
}

static int *on_unbound(struct stage *stage)
{
	return &stage->unbound;
}

static void fill_nothing(struct stage *stage, void *arg)
{
	(void)stage;
	(void)arg;
}

static void after_nothing(struct stage *stage, void *arg)
{
	(void)stage;
	(void)arg;
}

static void fill_create(struct stage *stage, void *arg)
{
	struct sva_create_context *create = arg;

	(void)stage;
	create->owner = getpid();
	create->fd = -1;
}

static void after_create(struct stage *stage, void *arg)
{
	struct sva_create_context *create = arg;

	(void)stage;
	CHECK(create->fd >= 0 && create->id, "fd %d, id %llu", create->fd,
	      (unsigned long long)create->id);
	close(create->fd);
}

static void fill_list(struct stage *stage, void *arg)
{
	struct sva_list_contexts *list = arg;

	list->count = 4;
	list->entries = (uintptr_t)stage->entries;
	list->entry_size = sizeof(stage->entries[0]);
}

static void after_list(struct stage *stage, void *arg)
{
	struct sva_list_contexts *list = arg;

	(void)stage;
	CHECK_EQ(list->count, 2);
}

static void fill_revoke(struct stage *stage, void *arg)
{
	struct sva_revoke_context *revoke = arg;

	revoke->id = stage->bound_id;
}

static void after_revoke(struct stage *stage, void *arg)
{
	(void)arg;
	event_await(stage->node, SVA_EVENT_ENDED, stage->bound_id);
}

static void after_reset(struct stage *stage, void *arg)
{
	(void)arg;
	event_await(stage->node, SVA_EVENT_RESET, 0);
}

static void after_bind(struct stage *stage, void *arg)
{
	struct sva_bind_task *bind = arg;

	CHECK(bind->pasid == stage->pasid, "PASID %u and %u in one address space", bind->pasid,
	      stage->pasid);
}

static void fill_unbind(struct stage *stage, void *arg)
{
	struct sva_unbind_task *unbind = arg;

	unbind->pasid = stage->pasid;
}

static void after_unbind(struct stage *stage, void *arg)
{
	struct sva_unbind_task *unbind = arg;

	(void)stage;
	CHECK_EQ(unbind->release, SVA_RELEASE_CLEAN);
}

static void fill_irqs(struct stage *stage, void *arg)
{
	struct sva_set_irqs *irqs = arg;

	irqs->flags = SVA_IRQ_SET_EVENTFD;
	irqs->count = 1;
	irqs->fds = (uintptr_t)&stage->eventfd;
}

static void fill_pin(struct stage *stage, void *arg)
{
	struct sva_pin *pin = arg;

	pin->flags = SVA_PIN_READ | SVA_PIN_WRITE;
	pin->address = (uintptr_t)stage->unpinned;
	pin->size = 4096;
}

static int unpin(struct stage *stage, const char *page)
{
	struct sva_pin arg = { .argsz = sizeof(arg), .address = (uintptr_t)page, .size = 4096 };

	return call(stage->bound, SVA_CONTEXT_UNPIN, &arg);
}

static void after_pin(struct stage *stage, void *arg)
{
	(void)arg;
	CHECK(unpin(stage, stage->unpinned) == 0, "it was not pinned");
}

static void fill_unpin(struct stage *stage, void *arg)
{
	struct sva_pin *pin = arg;

	pin->address = (uintptr_t)stage->pinned;
	pin->size = 4096;
}

static void after_unpin(struct stage *stage, void *arg)
{
	(void)arg;
	CHECK(unpin(stage, stage->pinned) == -ENOENT, "it is still pinned");
}

static const struct call_case calls[] = {
	{ "DEVICE_GET_INFO", SVA_DEVICE_GET_INFO, sizeof(struct sva_device_info), 0,
	  0, on_node, fill_nothing, after_nothing },
	{ "DEVICE_GET_TYPE_INFO", SVA_DEVICE_GET_TYPE_INFO, sizeof(struct sva_type_info), 0, 0,
	  on_node, fill_nothing, after_nothing },
	{ "DEVICE_CREATE_CONTEXT", SVA_DEVICE_CREATE_CONTEXT, sizeof(struct sva_create_context),
	  0, offsetof(struct sva_create_context, reserved), on_node, fill_create, after_create },
	{ "DEVICE_LIST_CONTEXTS", SVA_DEVICE_LIST_CONTEXTS, sizeof(struct sva_list_contexts), 0,
	  offsetof(struct sva_list_contexts, reserved), on_node, fill_list, after_list },
	{ "DEVICE_REVOKE_CONTEXT", SVA_DEVICE_REVOKE_CONTEXT, sizeof(struct sva_revoke_context),
	  0, offsetof(struct sva_revoke_context, reserved), on_node, fill_revoke, after_revoke },
	{ "DEVICE_RESET", SVA_DEVICE_RESET, sizeof(struct sva_device_reset), 0,
	  offsetof(struct sva_device_reset, reserved), on_node, fill_nothing, after_reset },
	{ "BIND_TASK", SVA_BIND_TASK, sizeof(struct sva_bind_task), SVA_BIND_FAULT_EVENTS,
	  offsetof(struct sva_bind_task, reserved), on_unbound, fill_nothing, after_bind },
	{ "UNBIND_TASK", SVA_UNBIND_TASK, sizeof(struct sva_unbind_task),
	  SVA_UNBIND_RELEASE_FLUSHED | SVA_UNBIND_RELEASE_CLEAN,
	  offsetof(struct sva_unbind_task, reserved), on_bound, fill_unbind, after_unbind },
	{ "CONTEXT_GET_INFO", SVA_CONTEXT_GET_INFO, sizeof(struct sva_context_info), 0, 0,
	  on_bound, fill_nothing, after_nothing },
	{ "CONTEXT_GET_INFO unbound", SVA_CONTEXT_GET_INFO, sizeof(struct sva_context_info), 0,
	  0, on_unbound, fill_nothing, after_nothing },
	{ "CONTEXT_GET_REGION_INFO", SVA_CONTEXT_GET_REGION_INFO, sizeof(struct sva_region_info),
	  0, 0, on_bound, fill_nothing, after_nothing },
	{ "CONTEXT_GET_IRQ_INFO", SVA_CONTEXT_GET_IRQ_INFO, sizeof(struct sva_irq_info), 0,
	  offsetof(struct sva_irq_info, reserved), on_bound, fill_nothing, after_nothing },
	{ "CONTEXT_SET_IRQS", SVA_CONTEXT_SET_IRQS, sizeof(struct sva_set_irqs),
	  SVA_IRQ_SET_EVENTFD | SVA_IRQ_SET_MASK | SVA_IRQ_SET_UNMASK |
	  SVA_IRQ_SET_UNMASK_EVENTFD, 0, on_bound, fill_irqs, after_nothing },
	{ "CONTEXT_PIN", SVA_CONTEXT_PIN, sizeof(struct sva_pin), SVA_PIN_READ | SVA_PIN_WRITE,
	  offsetof(struct sva_pin, reserved), on_bound, fill_pin, after_pin },
	{ "CONTEXT_UNPIN", SVA_CONTEXT_UNPIN, sizeof(struct sva_pin), 0,
	  offsetof(struct sva_pin, reserved), on_bound, fill_unpin, after_unpin },
};

#define FOR_EACH_CALL(c) \
	for (const struct call_case *c = calls; c < calls + sizeof(calls) / sizeof(calls[0]); c++)

static void stage_pin(struct stage *stage)
{
	struct sva_pin arg = { .argsz = sizeof(arg), .flags = SVA_PIN_READ, .size = 4096 };

	stage->pinned = pages_alloc(4096);
	stage->unpinned = pages_alloc(4096);
	arg.address = (uintptr_t)stage->pinned;
	ACCEPTED(stage->bound, SVA_CONTEXT_PIN, &arg);
}

static void stage_set(struct stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	stage->node = node_open();
	stage->bound = context_bound(stage->node, &stage->bound_id, &stage->pasid);
	stage->unbound = context_create(stage->node, getpid(), &stage->unbound_id);
	stage->eventfd = (int32_t)MUST(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	stage_pin(stage);
}

static void stage_clear(struct stage *stage)
{
	close(stage->bound);
	close(stage->unbound);
	close(stage->eventfd);
	close(stage->node);
	munmap(stage->pinned, 4096);
	munmap(stage->unpinned, 4096);
}

static void fill(const struct call_case *c, struct stage *stage, void *arg)
{
	struct arg_head *head = arg;

	memset(arg, 0, c->size);
	head->argsz = c->size;
	c->fill(stage, arg);
}

static int make(const struct call_case *c, struct stage *stage, void *arg)
{
	return call(*c->target(stage), c->number, arg);
}

/* Makes the call, and says what came of it if that is not what should have */
static void check(const struct call_case *c, struct stage *stage, void *arg, const char *how,
		  int wanted, uint32_t wanted_reason)
{
	int result = make(c, stage, arg);
	uint32_t reason = ((struct arg_head *)arg)->reason;

	CHECK(result == wanted && reason == wanted_reason,
	      "%s, %s: %d (%s), reason %u; expected %d, reason %u", c->name, how, result,
	      strerror(-result), reason, wanted, wanted_reason);
}

/* The call as it should be made: the proof that what went before had no effect */
static void check_succeeds(const struct call_case *c, struct stage *stage)
{
	union {
		struct arg_head head;
		uint64_t align;
		char bytes[ARG_MAX_SIZE];
	} arg;

	fill(c, stage, &arg);
	arg.head.reason = 0xdead;	/* an output: what was there does not count */
	check(c, stage, &arg, "made rightly", 0, SVA_REASON_NONE);
	CHECK(arg.head.argsz == c->size, "%s changed argsz to %u", c->name, arg.head.argsz);
	c->after(stage, &arg);
}

/* A place for @size bytes of argument with nothing accessible behind it */
static void *arg_at_end(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	return (char *)guarded_alloc(page) + page - size;
}

TEST(R7, every_call_works_when_made_rightly)
{
	struct stage stage;

	FOR_EACH_CALL(c) {
		stage_set(&stage);
		check_succeeds(c, &stage);
		stage_clear(&stage);
	}
}

static void check_short(const struct call_case *c, uint32_t argsz)
{
	unsigned char *arg = arg_at_end(c->size);
	struct arg_head *head = (struct arg_head *)arg;
	struct stage stage;
	int result;

	stage_set(&stage);
	fill(c, &stage, arg);
	memset(arg + sizeof(argsz), 0, c->size - sizeof(argsz));
	for (uint32_t i = argsz > sizeof(argsz) ? argsz : sizeof(argsz); i < c->size; i++)
		arg[i] = 0xa5;
	head->argsz = argsz;
	result = make(c, &stage, arg);
	CHECK(result == -EINVAL, "%s, argsz %u: %d (%s)", c->name, argsz, result,
	      strerror(-result));
	CHECK(argsz < sizeof(*head) || head->reason == SVA_REASON_ARGSZ_SHORT,
	      "%s, argsz %u: reason %u", c->name, argsz, head->reason);
	for (uint32_t i = argsz > sizeof(argsz) ? argsz : sizeof(argsz); i < c->size; i++)
		CHECK(arg[i] == 0xa5, "%s, argsz %u: byte %u behind it was written", c->name,
		      argsz, i);
	check_succeeds(c, &stage);
	stage_clear(&stage);
}

TEST(R7, short_argsz_is_einval_and_nothing_behind_it_is_written)
{
	static const uint32_t sizes[] = { 0, 1, 4, 8, 11, 12, 15 };

	FOR_EACH_CALL(c) {
		for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
			check_short(c, sizes[i]);
		check_short(c, c->size - 1);
	}
}

TEST(R7, longer_argsz_with_zero_tail_works)
{
	struct stage stage;

	FOR_EACH_CALL(c) {
		for (uint32_t extra = 8; extra <= EXTRA; extra *= 8) {
			unsigned char *arg = arg_at_end(c->size + extra);
			struct arg_head *head = (struct arg_head *)arg;

			stage_set(&stage);
			fill(c, &stage, arg);
			head->argsz = c->size + extra;
			check(c, &stage, arg, "longer argsz, zero tail", 0, SVA_REASON_NONE);
			CHECK(head->argsz == c->size + extra, "%s changed argsz", c->name);
			for (uint32_t i = 0; i < extra; i++)
				CHECK(!arg[c->size + i], "%s wrote into the tail", c->name);
			c->after(&stage, arg);
			stage_clear(&stage);
		}
	}
}

static void check_tail(const struct call_case *c, uint32_t where)
{
	unsigned char *arg = arg_at_end(c->size + EXTRA);
	struct arg_head *head = (struct arg_head *)arg;
	struct stage stage;

	stage_set(&stage);
	fill(c, &stage, arg);
	head->argsz = c->size + EXTRA;
	arg[c->size + where] = 1;
	check(c, &stage, arg, "longer argsz, tail not zero", -E2BIG, SVA_REASON_ARGSZ_TAIL);
	check_succeeds(c, &stage);
	stage_clear(&stage);
}

TEST(R7, longer_argsz_with_other_tail_is_e2big)
{
	FOR_EACH_CALL(c) {
		check_tail(c, 0);
		check_tail(c, EXTRA - 1);
	}
}

TEST(R7, enormous_argsz_is_refused)
{
	struct stage stage;

	FOR_EACH_CALL(c) {
		unsigned char *arg = arg_at_end(c->size);
		struct arg_head *head = (struct arg_head *)arg;
		int result;

		stage_set(&stage);
		fill(c, &stage, arg);
		head->argsz = UINT32_MAX;
		result = make(c, &stage, arg);
		CHECK(result == -E2BIG || result == -EFAULT, "%s: %d (%s)", c->name, result,
		      strerror(-result));
		check_succeeds(c, &stage);
		stage_clear(&stage);
	}
}

TEST(R7, argsz_that_reaches_into_nothing_is_efault)
{
	struct stage stage;

	FOR_EACH_CALL(c) {
		unsigned char *arg = arg_at_end(c->size);
		struct arg_head *head = (struct arg_head *)arg;

		stage_set(&stage);
		fill(c, &stage, arg);
		head->argsz = c->size + 8;
		check(c, &stage, arg, "tail not mapped", -EFAULT, SVA_REASON_BAD_POINTER);
		check_succeeds(c, &stage);
		stage_clear(&stage);
	}
}

TEST(R7, every_unknown_flag_is_einval)
{
	union {
		struct arg_head head;
		uint64_t align;
		char bytes[ARG_MAX_SIZE];
	} arg;
	struct stage stage;

	FOR_EACH_CALL(c) {
		stage_set(&stage);
		for (int bit = 0; bit < 32; bit++) {
			if (c->flags & 1u << bit)
				continue;
			fill(c, &stage, &arg);
			arg.head.flags |= 1u << bit;
			check(c, &stage, &arg, "unknown flag", -EINVAL, SVA_REASON_UNKNOWN_FLAG);
		}
		check_succeeds(c, &stage);
		stage_clear(&stage);
	}
}

TEST(R7, reserved_fields_must_be_zero)
{
	union {
		struct arg_head head;
		uint64_t align;
		char bytes[ARG_MAX_SIZE];
	} arg;
	struct stage stage;
	uint32_t one = 1;

	FOR_EACH_CALL(c) {
		if (!c->reserved)
			continue;
		stage_set(&stage);
		fill(c, &stage, &arg);
		memcpy(arg.bytes + c->reserved, &one, sizeof(one));
		check(c, &stage, &arg, "reserved field", -EINVAL, SVA_REASON_RESERVED);
		check_succeeds(c, &stage);
		stage_clear(&stage);
	}
}

TEST(R7, bad_argument_pointer_is_efault)
{
	char *guard = (char *)guarded_alloc(4096) + 4096;
	struct stage stage;

	FOR_EACH_CALL(c) {
		stage_set(&stage);
		memcpy(guard - 4, &c->size, sizeof(c->size));
		CHECK_EQ(make(c, &stage, guard), -EFAULT);
		CHECK_EQ(make(c, &stage, guard - 4), -EFAULT);
		for (unsigned int i = 0; i < nowheres; i++) {
			int result = make(c, &stage, (void *)nowhere[i]);

			CHECK(result == -EFAULT, "%s at 0x%llx: %d (%s)", c->name,
			      (unsigned long long)nowhere[i], result, strerror(-result));
		}
		check_succeeds(c, &stage);
		stage_clear(&stage);
	}
}

static bool is_known(unsigned int number)
{
	FOR_EACH_CALL(c)
		if (c->number == number)
			return true;
	return false;
}

TEST(R7, unknown_ioctls_are_enotty)
{
	char arg[ARG_MAX_SIZE] = { 0 };
	struct stage stage;

	stage_set(&stage);
	for (unsigned int n = 0; n < 256; n++) {
		unsigned int number = _IO(SVA_IOCTL_TYPE, n);

		if (!is_known(number)) {
			CHECK_EQ(call(stage.node, number, arg), -ENOTTY);
			CHECK_EQ(call(stage.bound, number, arg), -ENOTTY);
		}
		CHECK_EQ(call(stage.node, _IOWR(SVA_IOCTL_TYPE, n, struct arg_head), arg), -ENOTTY);
		CHECK_EQ(call(stage.bound, _IOWR(SVA_IOCTL_TYPE, n, struct arg_head), arg),
			 -ENOTTY);
		CHECK_EQ(call(stage.node, _IO(';', n), arg), -ENOTTY);
	}
	stage_clear(&stage);
}

TEST(R7, calls_of_one_kind_of_descriptor_are_enotty_on_the_other)
{
	union {
		struct arg_head head;
		uint64_t align;
		char bytes[ARG_MAX_SIZE];
	} arg;
	struct stage stage;

	stage_set(&stage);
	FOR_EACH_CALL(c) {
		fill(c, &stage, &arg);
		CHECK_EQ(call(c->target == on_node ? stage.bound : stage.node, c->number, &arg),
			 -ENOTTY);
	}
	stage_clear(&stage);
}

static unsigned int open_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* Contexts, descriptors and both states must be as they were */
static void check_untouched(const struct call_case *c, struct stage *stage, unsigned int fds)
{
	uint32_t contexts = device_info(stage->node).contexts;

	CHECK(contexts == 2, "%s without copy-out: %u contexts instead of 2", c->name, contexts);
	CHECK(open_fds() == fds, "%s without copy-out: %u descriptors instead of %u", c->name,
	      open_fds(), fds);
	CHECK(context_info(stage->unbound).state == SVA_STATE_CREATED,
	      "%s without copy-out: the unbound context changed", c->name);
	CHECK(context_info(stage->bound).state == SVA_STATE_BOUND,
	      "%s without copy-out: the bound context changed", c->name);
	CHECK(unpin(stage, stage->unpinned) == -ENOENT, "%s without copy-out: a page was pinned",
	      c->name);
}

TEST(R7, call_whose_result_cannot_be_copied_out_has_no_effect)
{
	struct stage stage;
	unsigned int fds;

	FOR_EACH_CALL(c) {
		unsigned char *page = guarded_alloc(4096);

		stage_set(&stage);
		fds = open_fds();
		fill(c, &stage, page);
		MUST(mprotect(page, 4096, PROT_READ));
		CHECK(make(c, &stage, page) == -EFAULT, "%s into a read-only page", c->name);
		check_untouched(c, &stage, fds);
		check_succeeds(c, &stage);
		stage_clear(&stage);
	}
}

/* The struct lies across two pages of which the second is read-only: half of it can be written */
TEST(R7, half_copied_out_is_no_effect_either)
{
	struct stage stage;
	unsigned int fds;

	FOR_EACH_CALL(c) {
		unsigned char *pages = guarded_alloc(8192);
		unsigned char *arg = pages + 4096 - sizeof(struct arg_head) - 4;

		stage_set(&stage);
		fds = open_fds();
		fill(c, &stage, arg);
		MUST(mprotect(pages + 4096, 4096, PROT_READ));
		if (make(c, &stage, arg) == 0) {
			/* right only where nothing had to be written behind the first 16 bytes */
			c->after(&stage, arg);
		} else {
			check_untouched(c, &stage, fds);
			check_succeeds(c, &stage);
		}
		stage_clear(&stage);
	}
}
