// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * path.c - the whole path as its users walk it: libsva, svad, the kernel, the
 * device; by users whom the policy permits and one whom it does not
 *
 * Runs as root, which becomes alice, bob (permitted) and mallory (not).
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sva-accel.h>
#include <sva.h>

#include "device.h"
#include "harness.h"
#include "process.h"
#include "ring.h"

static const char *say(int err, const struct sva_context *ctx)
{
	static char text[512];

	snprintf(text, sizeof(text), "%s: %s", strerror(-err),
		 sva_strreason(sva_context_reason(ctx)));
	return text;
}

struct user_queue {
	struct sva_context *ctx;
	struct sva_accel *accel;
};

static void bind_device(struct user_queue *q)
{
	int err = sva_bind(device_name(), 0, &q->ctx);

	CHECK(err == 0, "sva_bind: %s", say(err, NULL));
	err = sva_accel_open(q->ctx, &q->accel);
	CHECK(err == 0, "sva_accel_open: %s", say(err, q->ctx));
}

static int unbind_device(struct user_queue *q)
{
	sva_accel_close(q->accel);
	return sva_unbind(q->ctx, SVA_RELEASE_CLEAN);
}

static void run_job(struct user_queue *q, struct sva_accel_desc *job,
		    struct sva_accel_completion *done)
{
	int err = sva_accel_submit(q->accel, job);

	CHECK(err == 0, "sva_accel_submit: %s", say(err, q->ctx));
	err = sva_accel_wait(q->accel, done, PATIENCE_MS);
	CHECK(err == 0, "sva_accel_wait: %s", say(err, q->ctx));
	CHECK_EQ(sva_accel_error(done), 0);
}

static void move_and_check(struct user_queue *q, size_t len)
{
	static _Alignas(64) struct sva_accel_completion done;
	unsigned char *from = malloc(len), *to = malloc(len);
	struct sva_accel_desc job;

	for (size_t i = 0; i < len; i++)
		from[i] = (unsigned char)(i * 31 + len);
	sva_accel_prep_memmove(&job, to, from, len, &done);
	run_job(q, &job, &done);
	CHECK(!memcmp(from, to, len), "%zu bytes differ", len);
	free(from);
	free(to);
}

static void bind_compute_unbind(int line)
{
	struct sva_context_info info;
	struct user_queue q;

	(void)line;
	bind_device(&q);
	CHECK(sva_context_pasid(q.ctx) != 0, "no PASID");
	move_and_check(&q, 1);
	move_and_check(&q, 3000001);
	CHECK_EQ(sva_context_info(q.ctx, &info), 0);
	CHECK_EQ(info.state, SVA_STATE_BOUND);
	CHECK_EQ(info.pasid, sva_context_pasid(q.ctx));
	CHECK(!strcmp(info.device, device_name()), "device %.32s", info.device);
	CHECK_EQ(unbind_device(&q), SVA_RELEASE_CLEAN);
}

TEST(R12, unprivileged_user_binds_and_computes)
{
	as_user("alice", bind_compute_unbind);
	as_user("bob", bind_compute_unbind);
}

static void opens_the_node(int line)
{
	char path[64];

	(void)line;
	snprintf(path, sizeof(path), "/dev/sva/%s", device_name());
	CHECK(open(path, O_RDWR) < 0 && errno == EACCES, "%s: %s", path, strerror(errno));
	CHECK(open(path, O_RDONLY) < 0 && errno == EACCES, "%s: %s", path, strerror(errno));
}

TEST(R12, nobody_but_svad_opens_the_control_node)
{
	as_user("alice", opens_the_node);
	as_user("mallory", opens_the_node);
}

static void stranger_is_refused(int line)
{
	struct sva_context *ctx = (void *)1;
	uint32_t reason = 0;

	(void)line;
	CHECK_EQ(sva_bind(device_name(), 0, &ctx), -EACCES);
	CHECK(ctx == NULL, "a context for mallory");
	CHECK_EQ(sva_context_reason(NULL), SVA_REASON_DENIED_BY_DEFAULT);
	CHECK(strlen(sva_strreason(SVA_REASON_DENIED_BY_DEFAULT)) > 20, "no sentence");
	CHECK_EQ(sva_bind(NULL, 0, &ctx), -EACCES);
	CHECK_EQ(sva_probe(device_name(), &reason), -EACCES);
	CHECK_EQ(reason, SVA_REASON_DENIED_BY_DEFAULT);
}

TEST(R7, stranger_is_refused_with_the_reason)
{
	as_user("mallory", stranger_is_refused);
}

static void unknown_device(int line)
{
	struct sva_context *ctx;

	(void)line;
	CHECK_EQ(sva_bind("no-such-device", 0, &ctx), -ENOENT);
	CHECK_EQ(sva_context_reason(NULL), SVA_REASON_NO_SUCH_DEVICE);
	CHECK(sva_bind("../../etc/shadow", 0, &ctx) < 0, "a path was taken for a device");
}

TEST(R10, devices_are_named_not_paths)
{
	as_user("alice", unknown_device);
}

static void any_device(int line)
{
	struct sva_context *ctx;
	int err = sva_bind(NULL, 0, &ctx);

	(void)line;
	CHECK(err == 0, "sva_bind(NULL): %s", say(err, NULL));
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
}

TEST(R7, any_device_is_found)
{
	as_user("alice", any_device);
}

static void lists_devices(int line)
{
	bool permitted = word_receive(line);
	struct sva_device *devices;
	bool found = false;
	size_t count;

	CHECK_EQ(sva_list_devices(&devices, &count), 0);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(devices[i].name, device_name()))
			continue;
		found = true;
		CHECK_EQ(devices[i].permitted, permitted);
		CHECK_EQ(devices[i].sva_reason, 0);
		CHECK_EQ(!(devices[i].flags & SVA_DEVICE_FLAG_SOFTWARE), device_is("pci"));
	}
	CHECK(found, "%s is not listed", device_name());
	free(devices);
}

static void list_as(const char *user, bool permitted)
{
	struct errand errand = { user, lists_devices };
	struct child child;

	child_start(&child, run_errand, &errand);
	word_send(child.line, permitted);
	child_join(&child);
}

TEST(R7, devices_are_listed_with_what_the_caller_may)
{
	list_as("alice", true);
	list_as("mallory", false);
}

static void no_daemon(int line)
{
	struct sva_bind_args args = { .size = sizeof(args), .device = device_name(),
				      .socket = "/run/svad/nobody-listens" };
	struct sva_context *ctx;

	(void)line;
	CHECK(sva_bind_with(&args, &ctx) < 0, "bound without a daemon");
	CHECK_EQ(sva_context_reason(NULL), SVA_REASON_NO_DAEMON);
}

TEST(R7, missing_daemon_is_told)
{
	as_user("alice", no_daemon);
}

static struct user_queue parents;

static void child_of_bound_process(int line, void *arg)
{
	struct sva_context_info info;
	struct user_queue mine;
	uint32_t pasid = *(uint32_t *)arg;
	void *region;

	(void)line;
	CHECK_EQ(sva_context_forked(parents.ctx), 1);
	CHECK_EQ(sva_context_info(parents.ctx, &info), -EPERM);
	CHECK_EQ(sva_context_reason(parents.ctx), SVA_REASON_FORKED);
	CHECK_EQ(sva_map_region(parents.ctx, 0, &region, NULL), -EPERM);
	CHECK_EQ(sva_accel_abort(parents.accel), -EPERM);
	bind_device(&mine);
	CHECK(sva_context_pasid(mine.ctx) != pasid, "parent and child share PASID %u", pasid);
	move_and_check(&mine, 100000);
	CHECK_EQ(unbind_device(&mine), SVA_RELEASE_CLEAN);
	sva_accel_close(parents.accel);
	sva_unbind(parents.ctx, SVA_RELEASE_CLEAN);
}

static void forks_while_bound(int line)
{
	struct child child;
	uint32_t pasid;

	(void)line;
	bind_device(&parents);
	pasid = sva_context_pasid(parents.ctx);
	child_start(&child, child_of_bound_process, &pasid);
	child_join(&child);
	move_and_check(&parents, 100000);
	CHECK_EQ(unbind_device(&parents), SVA_RELEASE_CLEAN);
}

TEST(R9, child_gets_a_clear_error_and_binds_anew)
{
	as_user("alice", forks_while_bound);
}

static void binds_what_was_passed(int line)
{
	struct sva_bind_args args = { .size = sizeof(args), .use_fd = 1 };
	struct sva_context *ctx;

	args.fd = fd_receive(line);
	CHECK_EQ(sva_bind_with(&args, &ctx), -EPERM);
	CHECK(sva_context_reason(NULL) == SVA_REASON_OTHER_MM ||
	      sva_context_reason(NULL) == SVA_REASON_OTHER_PROCESS,
	      "reason %u", sva_context_reason(NULL));
}

static void passes_on(int line)
{
	struct user_queue q;

	bind_device(&q);
	fd_send(line, sva_context_fd(q.ctx));
	word_receive(line);
	move_and_check(&q, 5000);
	unbind_device(&q);
}

/* Bob and alice agree to cheat: alice's context does bob no good */
TEST(R1, context_passed_to_another_user_gives_nothing)
{
	struct errand give = { "alice", passes_on }, take = { "bob", binds_what_was_passed };
	struct child alice, bob;

	child_start(&alice, run_errand, &give);
	child_start(&bob, run_errand, &take);
	fd_send(bob.line, fd_receive(alice.line));
	child_join(&bob);
	word_send(alice.line, 0);
	child_join(&alice);
}

#define MANY 4096

static struct sva_context *contexts[MANY];

/* Binds until it is refused; returns how often that went well, and how it ended */
static unsigned int bind_to_the_limit(int *err)
{
	unsigned int n = 0;

	while (n < MANY && (*err = sva_bind(device_name(), 0, &contexts[n])) == 0)
		n++;
	CHECK(n < MANY, "there is no limit");
	return n;
}

static void binds_to_the_limit(int line)
{
	unsigned int n;
	int err;

	n = bind_to_the_limit(&err);
	word_send(line, n);
	word_send(line, (uint64_t)-err);
	word_send(line, sva_context_reason(NULL));
	word_receive(line);
}

static bool quota_is_back(void *arg)
{
	int err;
	unsigned int n = bind_to_the_limit(&err);

	for (unsigned int i = 0; i < n; i++)
		sva_unbind(contexts[i], SVA_RELEASE_CLEAN);
	return n == *(unsigned int *)arg;
}

static void has_its_quota_back(int line)
{
	unsigned int wanted = (unsigned int)word_receive(line);

	CHECK(wait_until(quota_is_back, &wanted, PATIENCE_MS), "%u contexts cannot be had again",
	      wanted);
}

/* A user who takes all that it can get, and what ends that */
struct greed {
	struct child child;
	unsigned int contexts;
	int err;
	uint32_t reason;
};

static void greed_start(struct greed *greed, const char *user)
{
	struct errand errand = { user, binds_to_the_limit };

	child_start(&greed->child, run_errand, &errand);
	greed->contexts = (unsigned int)word_receive(greed->child.line);
	greed->err = -(int)word_receive(greed->child.line);
	greed->reason = (uint32_t)word_receive(greed->child.line);
	test_note("%s got %u contexts, then: %s", user, greed->contexts,
		  sva_strreason(greed->reason));
}

static void greed_dies(struct greed *greed, const char *user)
{
	struct errand after = { user, has_its_quota_back };
	struct child child;

	child_kill(&greed->child);
	child_start(&child, run_errand, &after);
	word_send(child.line, greed->contexts);
	child_join(&child);
}

TEST_WITHIN(R8, quota_of_a_user_is_met_and_told_and_returns_when_the_process_dies, 180)
{
	int node = node_open();
	struct greed bob;

	greed_start(&bob, "bob");
	CHECK_EQ(bob.err, -EDQUOT);
	CHECK_EQ(bob.reason, SVA_REASON_LIMIT_USER);
	CHECK(bob.contexts && bob.contexts < device_info(node).max_contexts, "%u contexts",
	      bob.contexts);
	CHECK_EQ(device_info(node).contexts, bob.contexts);
	as_user("alice", bind_compute_unbind);
	greed_dies(&bob, "bob");
}

static void is_told_that_the_device_is_full(int line)
{
	struct sva_context *ctx;

	(void)line;
	CHECK_EQ(sva_bind(device_name(), 0, &ctx), -ENOSPC);
	CHECK(sva_context_reason(NULL) == SVA_REASON_TYPE_EXHAUSTED ||
	      sva_context_reason(NULL) == SVA_REASON_DEVICE_BUSY,
	      "reason %u", sva_context_reason(NULL));
}

TEST_WITHIN(R8, full_device_is_told_and_has_room_when_the_process_dies, 180)
{
	int node = node_open();
	struct greed alice;

	greed_start(&alice, "alice");
	CHECK_EQ(alice.contexts, device_info(node).max_contexts);
	as_user("bob", is_told_that_the_device_is_full);
	greed_dies(&alice, "alice");
	as_user("bob", bind_compute_unbind);
}

static void events_and_interrupts(int line)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job;
	struct sva_event event;
	struct user_queue q;
	eventfd_t count;
	int fd;

	(void)line;
	bind_device(&q);
	fd = (int)MUST(eventfd(0, EFD_NONBLOCK));
	CHECK_EQ(sva_set_irq(q.ctx, SVA_ACCEL_IRQ_COMPLETION, fd), 0);
	sva_accel_prep_nop(&job, &done);
	job.flags |= SVA_ACCEL_DESC_IRQ;
	CHECK_EQ(sva_accel_submit(q.accel, &job), 0);
	CHECK(fd_readable(fd, PATIENCE_MS), "no interrupt");
	CHECK_EQ(eventfd_read(fd, &count), 0);
	CHECK_EQ(sva_accel_poll(&done), 1);
	CHECK_EQ(sva_next_event(q.ctx, &event, 0), 0);
	sva_accel_prep_fill(&job, (void *)8, 0, 64, &done);
	job.completion = 0;
	CHECK_EQ(sva_accel_submit(q.accel, &job), 0);
	CHECK_EQ(sva_next_event(q.ctx, &event, PATIENCE_MS), 1);
	CHECK_EQ(event.type, SVA_EVENT_FAULT);
	unbind_device(&q);
}

TEST(R7, events_and_interrupts_reach_the_user)
{
	as_user("alice", events_and_interrupts);
}

static void prefaults(int line)
{
	static _Alignas(64) struct sva_accel_completion done;
	size_t size = 1 << 20;
	void *cold = pages_alloc(size);
	struct sva_accel_desc job;
	struct user_queue q;

	(void)line;
	bind_device(&q);
	CHECK_EQ(sva_prefault(q.ctx, cold, size, PROT_READ | PROT_WRITE), 0);
	sva_accel_prep_fill(&job, cold, 1, size, &done);
	run_job(&q, &job, &done);
	CHECK_EQ(done.page_requests, 0);
	CHECK_EQ(sva_prefault(q.ctx, (char *)guarded_alloc(4096) + 4096, 4096, PROT_READ), -EFAULT);
	unbind_device(&q);
}

TEST(R7, prefaulted_memory_needs_no_page_request)
{
	as_user("alice", prefaults);
}

static void *thread_work(void *arg)
{
	for (int i = 0; i < 30; i++) {
		_Alignas(64) struct sva_accel_completion done;
		unsigned char from[9000], to[9000];
		struct user_queue *q = arg;
		struct sva_accel_desc job;

		memset(from, i, sizeof(from));
		sva_accel_prep_memmove(&job, to, from, sizeof(from), &done);
		run_job(q, &job, &done);
		CHECK(!memcmp(from, to, sizeof(from)), "round %d: work was lost", i);
	}
	return NULL;
}

static void threads_share(int line)
{
	pthread_t threads[4];
	struct user_queue q;

	(void)line;
	bind_device(&q);
	for (int i = 0; i < 4; i++)
		CHECK_EQ(pthread_create(&threads[i], NULL, thread_work, &q), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK_EQ(unbind_device(&q), SVA_RELEASE_CLEAN);
}

TEST(R7, threads_share_a_context_through_the_library)
{
	as_user("alice", threads_share);
}

static void waits_until_gone(int line)
{
	static _Alignas(64) struct sva_accel_completion done;
	static struct loop {
		struct loop *next;
		uint64_t key;
	} loop = { .next = &loop };
	struct sva_accel_desc job;
	struct sva_event event;
	struct user_queue q;

	bind_device(&q);
	sva_accel_prep_list_sum(&job, &loop, 0, 8, 0, &done);
	CHECK_EQ(sva_accel_submit(q.accel, &job), 0);
	word_send(line, 0);
	CHECK_EQ(sva_accel_wait(q.accel, &done, -1), -ENODEV);
	CHECK_EQ(sva_next_event(q.ctx, &event, PATIENCE_MS), 1);
	CHECK_EQ(event.type, SVA_EVENT_GONE);
	CHECK_EQ(sva_accel_submit(q.accel, &job), -ENODEV);
	CHECK_EQ(sva_context_reason(q.ctx), SVA_REASON_DEVICE_GONE);
	unbind_device(&q);
}

static bool device_is_served(void *arg)
{
	struct sva_context *ctx;

	(void)arg;
	if (sva_bind(device_name(), 0, &ctx))
		return false;
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	return true;
}

static void finds_the_device_again(int line)
{
	(void)line;
	CHECK(wait_until(device_is_served, NULL, PATIENCE_MS), "svad does not serve it again: %s",
	      sva_strreason(sva_context_reason(NULL)));
}

TEST(R6, waiting_user_is_told_that_the_device_has_gone_and_svad_follows)
{
	struct errand waiter = { "alice", waits_until_gone };

	for (int round = 0; round < 3; round++) {
		struct child child;

		child_start(&child, run_errand, &waiter);
		word_receive(child.line);
		device_remove();
		child_join(&child);
		device_return();
		as_user("alice", finds_the_device_again);
	}
}

static void refused_while_gone(int line)
{
	struct sva_context *ctx;
	int err = sva_bind(device_name(), 0, &ctx);
	uint32_t reason = sva_context_reason(NULL);

	(void)line;
	CHECK(err < 0, "bound to a device that has gone");
	CHECK(reason == SVA_REASON_NO_SUCH_DEVICE || reason == SVA_REASON_DEVICE_GONE ||
	      reason == SVA_REASON_NO_DEVICE, "%s", say(err, NULL));
}

TEST(R6, request_for_a_device_that_has_gone_is_refused_with_the_reason)
{
	device_remove();
	as_user("alice", refused_while_gone);
	device_return();
	as_user("alice", finds_the_device_again);
}

/* What "the client" is must not change between request and bind */
static void execs_between(int line)
{
	struct sva_context *ctx;
	char fd[16];

	(void)line;
	CHECK_EQ(sva_bind(device_name(), 0, &ctx), 0);
	snprintf(fd, sizeof(fd), "%d", sva_context_fd(ctx));
	MUST(fcntl(sva_context_fd(ctx), F_SETFD, 0));
	execl("/proc/self/exe", "self", "--helper", "bind_inherited", fd, NULL);
	FAIL("exec: %s", strerror(errno));
}

HELPER(bind_inherited)
{
	struct sva_bind_args args = { .size = sizeof(args), .use_fd = 1 };
	struct sva_context *ctx;

	args.fd = argc > 1 ? atoi(argv[1]) : -1;
	CHECK(sva_bind_with(&args, &ctx) < 0, "a bound context was bound again after exec");
	return 0;
}

TEST(R2, program_after_exec_cannot_bind_the_old_context)
{
	as_user("alice", execs_between);
}
