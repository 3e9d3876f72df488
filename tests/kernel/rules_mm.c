// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rules_mm.c - R1: a context acts only on the address space that it is bound
 * to; a passed-on, inherited or leaked descriptor gives nothing
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

struct arg_head {
	uint32_t argsz;
	uint32_t flags;
	uint32_t reason;
};

static const struct {
	unsigned int number;
	uint32_t size;
} context_calls[] = {
	{ SVA_BIND_TASK, sizeof(struct sva_bind_task) },
	{ SVA_UNBIND_TASK, sizeof(struct sva_unbind_task) },
	{ SVA_CONTEXT_GET_INFO, sizeof(struct sva_context_info) },
	{ SVA_CONTEXT_GET_REGION_INFO, sizeof(struct sva_region_info) },
	{ SVA_CONTEXT_GET_IRQ_INFO, sizeof(struct sva_irq_info) },
	{ SVA_CONTEXT_SET_IRQS, sizeof(struct sva_set_irqs) },
};
#define CONTEXT_CALLS (sizeof(context_calls) / sizeof(context_calls[0]))

/* What the owner of the context tells those who are to try it */
struct where {
	off_t offset[SVA_ACCEL_NUM_REGIONS];
};

static struct where regions_of(int ctx)
{
	struct where where;

	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++)
		where.offset[i] = (off_t)region_info(ctx, i).offset;
	return where;
}

static void no_transfer(int ctx, off_t offset)
{
	char bytes[8] = { 0 };
	void *p;

	CHECK(pread(ctx, bytes, 4, offset) < 0 && errno == EPERM, "pread: %s", strerror(errno));
	CHECK(pwrite(ctx, bytes, 4, offset) < 0 && errno == EPERM, "pwrite: %s", strerror(errno));
	p = mmap(NULL, 4096, PROT_READ, MAP_SHARED, ctx, offset);
	CHECK(p == MAP_FAILED && errno == EPERM, "mmap: %s", strerror(errno));
	p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, ctx, offset);
	CHECK(p == MAP_FAILED && errno == EPERM, "writable mmap: %s", strerror(errno));
}

/* Every door of the context is shut */
static void everything_is_eperm(int ctx, const struct where *where)
{
	struct sva_event event;

	for (size_t i = 0; i < CONTEXT_CALLS; i++) {
		union {
			struct arg_head head;
			uint64_t words[32];
		} arg = { .head = { .argsz = context_calls[i].size } };

		REFUSED(ctx, context_calls[i].number, &arg.head, EPERM, SVA_REASON_OTHER_MM);
	}
	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++)
		no_transfer(ctx, where->offset[i]);
	CHECK(read(ctx, &event, sizeof(event)) < 0 && errno == EPERM, "read: %s", strerror(errno));
}

/* The owner still has what it had: being tried by others costs it nothing */
static void owner_still_works(struct queue *queue)
{
	char from[64] = "still mine", to[64] = "";

	queue_succeed(queue, job_memmove(to, from, sizeof(from)));
	CHECK(!memcmp(from, to, sizeof(from)), "the owner's job went wrong");
	CHECK_EQ(context_info(queue->ctx).state, SVA_STATE_BOUND);
}

static void receiver(int line, void *arg)
{
	struct where where;
	int ctx = fd_receive(line);

	(void)arg;
	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++)
		where.offset[i] = (off_t)word_receive(line);
	everything_is_eperm(ctx, &where);
}

static void as_nobody(int line, void *arg)
{
	user_become("mallory");
	receiver(line, arg);
}

static void pass_to(void (*main_of_receiver)(int line, void *arg))
{
	struct queue queue;
	struct where where;
	struct child child;

	child_start(&child, main_of_receiver, NULL);
	queue_open(&queue);
	where = regions_of(queue.ctx);
	fd_send(child.line, queue.ctx);
	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++)
		word_send(child.line, (uint64_t)where.offset[i]);
	child_join(&child);
	owner_still_works(&queue);
	queue_close(&queue);
}

TEST(R1, passed_on_descriptor_gives_nothing)
{
	pass_to(receiver);
}

TEST(R1, passed_on_descriptor_gives_another_user_nothing)
{
	pass_to(as_nobody);
}

struct inherited {
	int ctx;
	struct where where;
};

static void forked_child(int line, void *arg)
{
	struct inherited *inherited = arg;

	(void)line;
	everything_is_eperm(inherited->ctx, &inherited->where);
}

TEST(R1, forked_child_gets_nothing)
{
	struct inherited inherited;
	struct queue queue;
	struct child child;

	queue_open(&queue);
	inherited.ctx = queue.ctx;
	inherited.where = regions_of(queue.ctx);
	child_start(&child, forked_child, &inherited);
	child_join(&child);
	owner_still_works(&queue);
	queue_close(&queue);
}

/* A moment after exec; until then it is another address space's */
static bool has_ended(void *arg)
{
	struct sva_context_info info = { .argsz = sizeof(info) };
	int result = call(*(int *)arg, SVA_CONTEXT_GET_INFO, &info);

	CHECK(!result || (result == -EPERM && info.reason == SVA_REASON_OTHER_MM),
	      "GET_INFO gives %d, reason %u", result, info.reason);
	return !result && info.state == SVA_STATE_ENDED;
}

/*
 * After exec the old address space is gone and the binding with it, while the
 * process is still the one that the context was made for.
 */
HELPER(try_context)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	struct sva_unbind_task unbind = { .argsz = sizeof(unbind), .pasid = 1 };
	struct sva_region_info region = { .argsz = sizeof(region) };
	struct sva_irq_info irq = { .argsz = sizeof(irq) };
	struct sva_set_irqs irqs = { .argsz = sizeof(irqs), .flags = SVA_IRQ_SET_EVENTFD };
	int ctx = atoi(argv[1]);

	CHECK_EQ(argc, 2 + SVA_ACCEL_NUM_REGIONS);
	CHECK(wait_until(has_ended, &ctx, PATIENCE_MS), "it does not end");
	REFUSED(ctx, SVA_BIND_TASK, &bind, EBUSY, SVA_REASON_CONTEXT_ENDED);
	REFUSED(ctx, SVA_UNBIND_TASK, &unbind, ENOENT, SVA_REASON_NO_SUCH_PASID);
	REFUSED(ctx, SVA_CONTEXT_GET_REGION_INFO, &region, EPERM, SVA_REASON_CONTEXT_ENDED);
	REFUSED(ctx, SVA_CONTEXT_GET_IRQ_INFO, &irq, EPERM, SVA_REASON_CONTEXT_ENDED);
	REFUSED(ctx, SVA_CONTEXT_SET_IRQS, &irqs, EPERM, SVA_REASON_CONTEXT_ENDED);
	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++)
		no_transfer(ctx, strtoll(argv[2 + i], NULL, 0));
	return 0;
}

static void exec_try_context(int ctx, const struct where *where)
{
	char words[1 + SVA_ACCEL_NUM_REGIONS][32];
	char *argv[4 + SVA_ACCEL_NUM_REGIONS + 1] = { "self", "--helper", "try_context" };

	snprintf(words[0], sizeof(words[0]), "%d", ctx);
	argv[3] = words[0];
	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		snprintf(words[1 + i], sizeof(words[0]), "%lld", (long long)where->offset[i]);
		argv[4 + i] = words[1 + i];
	}
	MUST(fcntl(ctx, F_SETFD, 0));
	execv("/proc/self/exe", argv);
	FAIL("exec: %s", strerror(errno));
}

static void exec_while_bound(int line, void *arg)
{
	struct queue queue;
	struct where where;

	(void)line;
	(void)arg;
	queue_open(&queue);
	where = regions_of(queue.ctx);
	exec_try_context(queue.ctx, &where);
}

TEST(R1, program_after_exec_gets_nothing)
{
	struct child child;

	child_start(&child, exec_while_bound, NULL);
	child_join(&child);
}

static void receives_an_ended_context(int line, void *arg)
{
	struct sva_context_info info = { .argsz = sizeof(info) };
	struct sva_event event;
	int ctx = fd_receive(line);
	off_t offset = (off_t)word_receive(line);

	(void)arg;
	CHECK_EQ(call(ctx, SVA_CONTEXT_GET_INFO, &info), -EPERM);
	CHECK(info.reason != SVA_REASON_NONE, "EPERM without a reason");
	CHECK(read(ctx, &event, sizeof(event)) < 0 && errno == EPERM, "read: %s", strerror(errno));
	no_transfer(ctx, offset);
}

TEST(R1, ended_context_gives_others_nothing_either)
{
	struct queue queue;
	struct child child;

	child_start(&child, receives_an_ended_context, NULL);
	queue_open(&queue);
	context_unbind(queue.ctx, queue.pasid, 0);
	fd_send(child.line, queue.ctx);
	word_send(child.line, (uint64_t)queue.ring.doorbell_offset);
	child_join(&child);
}

/* Another process, the same address space: that is what the rule is about */
static int shares_memory(void *arg)
{
	int ctx = *(int *)arg;
	struct sva_context_info info = { .argsz = sizeof(info) };

	return call(ctx, SVA_CONTEXT_GET_INFO, &info) == 0 && info.state == SVA_STATE_BOUND ? 0 : 1;
}

TEST(R1, process_with_the_same_address_space_may)
{
	char *stack = guarded_alloc(65536);
	int node = node_open();
	int ctx = context_bound(node, NULL, NULL);
	int status;
	pid_t pid;

	pid = (pid_t)MUST(clone(shares_memory, stack + 65536, CLONE_VM | CLONE_FILES | SIGCHLD,
				&ctx));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(status == 0, "a process that shares the mm was refused (0x%x)", status);
}

static int binds_for_another(void *arg)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	int result = call(*(int *)arg, SVA_BIND_TASK, &bind);

	return result == -EPERM && bind.reason == SVA_REASON_OTHER_PROCESS ? 0 : 1;
}

TEST(R2, process_with_the_same_address_space_may_not_bind_for_the_owner)
{
	char *stack = guarded_alloc(65536);
	int node = node_open();
	int ctx = context_create(node, getpid(), NULL);
	int status;
	pid_t pid;

	pid = (pid_t)MUST(clone(binds_for_another, stack + 65536, CLONE_VM | CLONE_FILES | SIGCHLD,
				&ctx));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(status == 0, "a process other than the owner was not refused (0x%x)", status);
	context_bind(ctx);
}

TEST(R1, unbound_context_answers_bind_and_info_only)
{
	struct sva_unbind_task unbind = { .argsz = sizeof(unbind) };
	struct sva_region_info region = { .argsz = sizeof(region) };
	struct sva_irq_info irq = { .argsz = sizeof(irq) };
	struct sva_set_irqs irqs = { .argsz = sizeof(irqs), .flags = SVA_IRQ_SET_EVENTFD };
	int node = node_open();
	int bound = context_bound(node, NULL, &unbind.pasid);
	struct where where = regions_of(bound);
	int ctx = context_create(node, getpid(), NULL);
	struct sva_event event;

	REFUSED(ctx, SVA_UNBIND_TASK, &unbind, ENOENT, SVA_REASON_NO_SUCH_PASID);
	REFUSED(ctx, SVA_CONTEXT_GET_REGION_INFO, &region, EPERM, SVA_REASON_NOT_BOUND);
	REFUSED(ctx, SVA_CONTEXT_GET_IRQ_INFO, &irq, EPERM, SVA_REASON_NOT_BOUND);
	REFUSED(ctx, SVA_CONTEXT_SET_IRQS, &irqs, EPERM, SVA_REASON_NOT_BOUND);
	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		no_transfer(ctx, where.offset[i]);
		CHECK_EQ(context_last_reason(ctx), SVA_REASON_NOT_BOUND);
	}
	CHECK(read(ctx, &event, sizeof(event)) < 0 && errno == EPERM, "read: %s", strerror(errno));
	CHECK_EQ(context_info(ctx).state, SVA_STATE_CREATED);
}

/* Two processes, one address, two contents */
#define SAME_ADDRESS ((char *)0x5a5a00000000)

static void same_address(int line, void *arg)
{
	char mine = *(char *)arg;
	struct queue queue;
	char *p, *copy;

	p = mmap(SAME_ADDRESS, 65536, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	CHECK(p == SAME_ADDRESS, "the address is taken");
	memset(p, mine, 65536);
	copy = pages_alloc(65536);
	queue_open(&queue);
	word_send(line, queue.pasid);
	word_receive(line);
	for (int i = 0; i < 200; i++) {
		queue_succeed(&queue, job_memmove(copy, SAME_ADDRESS, 65536));
		for (int k = 0; k < 65536; k++)
			CHECK(copy[k] == mine, "round %d: byte %d is '%c' instead of '%c'", i, k,
			      copy[k], mine);
		memset(copy, 0, 65536);
	}
	queue_close(&queue);
}

TEST(R1, one_address_in_two_processes_is_two_places)
{
	struct child a, b;

	child_start(&a, same_address, "a");
	child_start(&b, same_address, "b");
	CHECK(word_receive(a.line) != word_receive(b.line), "two address spaces share a PASID");
	word_send(a.line, 0);
	word_send(b.line, 0);
	child_join(&a);
	child_join(&b);
}

TEST(R1, contexts_of_one_address_space_share_its_pasid)
{
	int node = node_open();
	uint32_t first, second;

	context_bound(node, NULL, &first);
	context_bound(node, NULL, &second);
	CHECK_EQ(first, second);
}
