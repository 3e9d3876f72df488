// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stalls_faults.c - page requests whose page does not come: who waits for it, and who
 * does not (docs/security.md has the figures)
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/userfaultfd.h>

#include "device.h"
#include "harness.h"
#include "puppet.h"
#include "ring.h"
#include "stalls.h"

#define PAGE	4096u
#define HOLD_MS	1000

/* --------------------------------------------------------------- processes */

/* Is bound, and unbinds when it is told to */
static void is_bound(int line, void *arg)
{
	struct queue queue;

	(void)arg;
	queue_open(&queue);
	word_send(line, queue.id);
	word_receive(line);
	queue_close(&queue);
	word_send(line, 0);
}

static void resets(int line, void *arg)
{
	word_send(line, 0);
	word_receive(line);
	device_reset(*(int *)arg);
	word_send(line, 0);
}

static void removes(int line, void *arg)
{
	(void)arg;
	word_send(line, 0);
	word_receive(line);
	device_remove();
	device_return();
	word_send(line, 0);
}

static void revokes(int line, void *arg)
{
	uint64_t id = *(uint64_t *)arg;
	int node = node_open();

	word_send(line, 0);
	word_receive(line);
	context_revoke(node, id);
	event_await(node, SVA_EVENT_ENDED, id);
	word_send(line, 0);
}

/* ------------------------------------------------------------------- scene */

/**
 * struct scene - a process whose device waits for a page that does not come
 * @since: before that began
 */
struct scene {
	struct stall stall;
	struct child reader;
	uint64_t id;
	int node;
	uint64_t since;
};

static void scene_start(struct scene *scene)
{
	scene->node = node_open();
	stall_start(&scene->stall);
	scene->since = now_ns();
	child_start(&scene->reader, stall_reader, &scene->stall);
	scene->id = word_receive(scene->reader.line);
	stall_await(&scene->stall);
}

static void scene_end(struct scene *scene)
{
	child_reap(&scene->reader);
	stall_end(&scene->stall);
	close(scene->node);
}

static uint32_t waiting_ms(struct scene *scene, uint64_t id)
{
	struct sva_context_entry entry;

	CHECK(context_listed(scene->node, id, &entry), "it is not there");
	return entry.waiting_ms;
}

static bool waits(void *arg)
{
	struct scene *scene = arg;

	return waiting_ms(scene, scene->id) > 0;
}

static bool waits_no_more(void *arg)
{
	return !waits(arg);
}

static bool is_stopping(void *arg)
{
	struct scene *scene = arg;
	struct sva_context_entry entry;

	return context_listed(scene->node, scene->id, &entry) && entry.state == SVA_STATE_STOPPING;
}

static bool has_held(void *arg)
{
	return now_ns() - *(uint64_t *)arg > HOLD_MS * 1000000ull;
}

/* ------------------------------------------------------ who is not held up */

TEST(R8, page_that_does_not_come_holds_up_nobody_who_binds_or_computes)
{
	struct puppet neighbour, newcomer;
	struct scene scene;
	uint64_t start;

	puppet_start(&neighbour);
	puppet_bind(&neighbour, node_open());
	scene_start(&scene);
	start = now_ns();
	puppet_compute(&neighbour, 0);
	puppet_start(&newcomer);
	puppet_bind(&newcomer, scene.node);
	puppet_compute(&newcomer, 0);
	test_note("a neighbour's job, a bind and a job took %llu ms in all",
		  (unsigned long long)(now_ns() - start) / 1000000);
	stall_let_go(&scene.stall);
	word_send(scene.reader.line, 0);
	word_receive(scene.reader.line);
	puppet_end(&neighbour);
	puppet_end(&newcomer);
	scene_end(&scene);
}

/* R7: for svactl doctor, which names the process */
TEST(R7, page_request_without_an_answer_is_told_with_its_age)
{
	struct child other;
	struct scene scene;
	uint64_t id;
	uint32_t ms;

	child_start(&other, is_bound, NULL);
	id = word_receive(other.line);
	scene_start(&scene);
	CHECK(wait_until(waits, &scene, PATIENCE_MS), "nobody says so");
	ms = waiting_ms(&scene, scene.id);
	CHECK(ms <= (now_ns() - scene.since) / 1000000, "%u ms is too long", ms);
	CHECK_EQ(waiting_ms(&scene, id), 0);
	stall_let_go(&scene.stall);
	CHECK(wait_until(waits_no_more, &scene, PATIENCE_MS), "it waits for ever");
	word_send(scene.reader.line, 0);
	word_receive(scene.reader.line);
	word_send(other.line, 0);
	word_receive(other.line);
	child_join(&other);
	scene_end(&scene);
}

/*
 * The kernel's handler of the page request holds the address space: the process is gone
 * at once, its binding is not, and a revoke begins the end of that.
 */
TEST(R7, page_request_of_a_killed_process_is_told_until_it_is_answered)
{
	struct sva_context_entry entry;
	struct scene scene;

	scene_start(&scene);
	CHECK(wait_until(waits, &scene, PATIENCE_MS), "nobody says so");
	MUST(kill(scene.reader.pid, SIGKILL));
	child_reap(&scene.reader);
	CHECK(context_listed(scene.node, scene.id, &entry), "it is not there");
	CHECK_EQ(entry.owner, 0);
	CHECK(entry.waiting_ms > 0, "nobody says so");
	context_revoke(scene.node, scene.id);
	CHECK(wait_until(is_stopping, &scene, PATIENCE_MS), "it does not begin to stop");
	CHECK(waiting_ms(&scene, scene.id) > 0, "nobody says so while it stops");
	stall_let_go(&scene.stall);
	event_await(scene.node, SVA_EVENT_ENDED, scene.id);
	stall_end(&scene.stall);
}

/* The core's lock is free while those wait who leave */
TEST(R8, who_binds_does_not_wait_for_those_who_leave)
{
	struct puppet newcomer;
	struct scene scene;
	uint64_t start;

	scene_start(&scene);
	word_send(scene.reader.line, 0);
	CHECK(wait_until(is_stopping, &scene, PATIENCE_MS), "it does not begin to stop");
	start = now_ns();
	puppet_start(&newcomer);
	puppet_bind(&newcomer, scene.node);
	puppet_compute(&newcomer, 0);
	CHECK(is_stopping(&scene), "the page has come by itself");
	test_note("a bind and a job took %llu ms", (unsigned long long)(now_ns() - start) / 1000000);
	stall_let_go(&scene.stall);
	word_receive(scene.reader.line);
	puppet_end(&newcomer);
	scene_end(&scene);
}

/* softiommu waits for the page requests under the PASID that leaves, and no others */
SOFT_TEST(R8, who_leaves_the_software_iommu_waits_for_no_page_of_others)
{
	struct scene scene;
	struct child other;
	uint64_t start;

	child_start(&other, is_bound, NULL);
	word_receive(other.line);
	scene_start(&scene);
	start = now_ns();
	word_send(other.line, 0);
	CHECK(fd_readable(other.line, PATIENCE_MS), "it waits");
	word_receive(other.line);
	CHECK(waits(&scene), "the page has come by itself");
	test_note("an unbind took %llu ms", (unsigned long long)(now_ns() - start) / 1000000);
	stall_let_go(&scene.stall);
	word_send(scene.reader.line, 0);
	word_receive(scene.reader.line);
	child_join(&other);
	scene_end(&scene);
}

/* Its own answer, which the software device knows from those of others */
SOFT_TEST(R8, who_leaves_with_a_request_of_his_own_waits_for_no_page_of_others)
{
	struct scene others, own;

	scene_start(&others);
	scene_start(&own);
	word_send(own.reader.line, 0);
	CHECK(wait_until(is_stopping, &own, PATIENCE_MS), "it does not begin to stop");
	stall_let_go(&own.stall);
	CHECK(fd_readable(own.reader.line, PATIENCE_MS), "it waits");
	word_receive(own.reader.line);
	CHECK(waits(&others), "the other's page has come by itself");
	scene_end(&own);
	stall_let_go(&others.stall);
	word_send(others.reader.line, 0);
	word_receive(others.reader.line);
	scene_end(&others);
}

/* Has nothing of the context but the file, and gives that away when a page is waited for */
static void gives_its_file_away(int line, void *arg)
{
	static _Alignas(64) struct sva_accel_completion done;
	const uint32_t tail = 1;
	struct sva_accel_desc job;
	struct stall *stall = arg;
	struct queue queue;
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, stall->file, 0);

	CHECK(page != MAP_FAILED, "mmap: %s", strerror(errno));
	queue_open(&queue);
	job = job_crc(page, PAGE, 0);
	job.completion = (uintptr_t)&done;
	queue.ring.desc[0] = job;
	/* a mapping has the file too, and none is taken away while the page is waited for */
	ring_close(&queue.ring);
	CHECK_EQ(MUST(pwrite(queue.ctx, &tail, sizeof(tail), queue.ring.doorbell_offset +
			     (off_t)offsetof(struct sva_accel_doorbell, tail))), sizeof(tail));
	word_send(line, queue.id);
	word_receive(line);
	fd_send(line, queue.ctx);
	close(queue.ctx);
	word_send(line, 0);
	word_receive(line);
}

static void closes_what_it_gets(int line, void *arg)
{
	(void)arg;
	close(fd_receive(line));
	word_send(line, 0);
}

/* Whoever has it last; svad could be sent it before Linux 6.16 */
TEST(R8, last_file_of_a_context_is_closed_at_once_by_who_is_not_its_process)
{
	struct child giver, closer;
	struct stall stall;
	int node = node_open(), ctx;
	uint64_t id;

	stall_start(&stall);
	child_start(&closer, closes_what_it_gets, NULL);
	child_start(&giver, gives_its_file_away, &stall);
	id = word_receive(giver.line);
	stall_await(&stall);
	word_send(giver.line, 0);
	ctx = fd_receive(giver.line);
	word_receive(giver.line);
	fd_send(closer.line, ctx);
	close(ctx);
	CHECK(fd_readable(closer.line, PATIENCE_MS), "it waits for another's page");
	word_receive(closer.line);
	stall_let_go(&stall);
	event_await(node, SVA_EVENT_ENDED, id);
	word_send(giver.line, 0);
	child_join(&giver);
	child_join(&closer);
	stall_end(&stall);
}

/* ----------------------------------------------------------- who is held up */

/* What an actor does while a page does not come, for as long as that lasts at least */
static void is_done_when_it_comes(const char *what, void (*act)(int line, void *arg), void *arg,
				  struct scene *scene)
{
	struct child actor;
	uint64_t start;
	bool early;

	child_start(&actor, act, arg);
	word_receive(actor.line);
	start = now_ns();
	word_send(actor.line, 0);
	CHECK(wait_until(has_held, &start, PATIENCE_MS), "time stands still");
	early = fd_readable(actor.line, 0);
	stall_let_go(&scene->stall);
	CHECK(fd_readable(actor.line, PATIENCE_MS), "%s is never done", what);
	word_receive(actor.line);
	test_note("%s: %llu ms%s", what, (unsigned long long)(now_ns() - start) / 1000000,
		  early ? ", but it was done before the page came" : "");
	child_join(&actor);
}

static void reader_leaves(struct scene *scene)
{
	word_send(scene->reader.line, 0);
	word_receive(scene->reader.line);
	scene_end(scene);
}

TEST(R8, unbind_of_another_process_is_done_when_the_page_comes)
{
	struct scene scene;

	scene_start(&scene);
	is_done_when_it_comes("unbind of another process", is_bound, NULL, &scene);
	reader_leaves(&scene);
}

TEST(R8, revoke_is_done_when_the_page_comes)
{
	struct scene scene;

	scene_start(&scene);
	is_done_when_it_comes("revoke", revokes, &scene.id, &scene);
	child_kill(&scene.reader);
	stall_end(&scene.stall);
}

TEST(R8, reset_is_done_when_the_page_comes)
{
	struct scene scene;

	scene_start(&scene);
	is_done_when_it_comes("reset", resets, &scene.node, &scene);
	child_kill(&scene.reader);
	stall_end(&scene.stall);
}

TEST(R6, removal_is_done_when_the_page_comes)
{
	struct scene scene;

	scene_start(&scene);
	is_done_when_it_comes("removal and return", removes, NULL, &scene);
	child_kill(&scene.reader);
	stall_end(&scene.stall);
}

TEST(R8, unbind_of_the_process_itself_is_done_when_the_page_comes)
{
	struct scene scene;
	uint64_t start;

	scene_start(&scene);
	start = now_ns();
	word_send(scene.reader.line, 0);
	CHECK(wait_until(has_held, &start, PATIENCE_MS), "time stands still");
	stall_let_go(&scene.stall);
	word_receive(scene.reader.line);
	test_note("unbind of its own: %llu ms", (unsigned long long)(now_ns() - start) / 1000000);
	scene_end(&scene);
}

/* When whoever serves the memory dies, the page will not come, and that is an answer */
TEST(R8, death_of_the_file_s_server_ends_the_wait)
{
	struct scene scene;

	scene_start(&scene);
	child_kill(&scene.stall.server);
	CHECK(wait_until(waits_no_more, &scene, PATIENCE_MS), "it waits for ever");
	reader_leaves(&scene);
}

/* ------------------------------------------------------ jobs that are given up */

#define JOBS		12
#define OUTSTANDING	4	/* groups without an answer, as docs/accelerator.md has it */

/**
 * struct misses - that a job has met a page that is not there is seen in the status page
 */
struct misses {
	const struct ring *ring;
	uint64_t before;
};

static bool has_missed(void *arg)
{
	struct misses *misses = arg;

	return misses->ring->status->faults > misses->before;
}

/* Returns when the device is at the page, and has asked for it or waits for its turn to */
static void submit_missing(struct queue *queue, const unsigned char *page,
			   struct sva_accel_completion *done)
{
	struct misses misses = { &queue->ring, queue->ring.status->faults };
	struct sva_accel_desc job = job_crc(page, PAGE, 0);

	job.completion = (uintptr_t)done;
	ring_submit(&queue->ring, &job);
	CHECK(wait_until(has_missed, &misses, PATIENCE_MS), "no access has met a missing page");
}

/* Each of another page, which does not come; sends a word after each, and the context's id */
static void give_up_jobs(struct queue *queue, struct stall *stall, const unsigned char *missing,
			 int line)
{
	static _Alignas(64) struct sva_accel_completion done[JOBS];

	memset(done, 0, sizeof(done));
	for (int i = 0; i < JOBS; i++) {
		submit_missing(queue, missing + (size_t)i * PAGE, &done[i]);
		if (i < OUTSTANDING)
			stall_await(stall);
		ring_abort(&queue->ring, queue->ring.tail);
		CHECK_EQ(ring_wait(&queue->ring, &done[i]), SVA_ACCEL_ABORTED);
		word_send(line, queue->id);
	}
}

/*
 * Has one job more than are given up, and tells how many groups were sent for all of them.
 * Nothing here changes the address space while its pages do not come: whoever handles page
 * requests has it locked.
 */
static struct sva_accel_completion *have_too_many(struct queue *queue, int line, void *arg)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct stall *stall = arg;
	unsigned char *missing = mmap(NULL, (JOBS + 1) * PAGE, PROT_READ, MAP_SHARED, stall->file, 0);

	CHECK(missing != MAP_FAILED, "mmap: %s", strerror(errno));
	memset(&done, 0, sizeof(done));
	queue_open(queue);
	give_up_jobs(queue, stall, missing, line);
	submit_missing(queue, missing + JOBS * PAGE, &done);
	word_send(line, queue->ring.status->page_groups);
	return &done;
}

static void goes_on_when_it_comes(int line, void *arg)
{
	unsigned char *cold = pages_alloc(PAGE);
	struct sva_accel_completion *done;
	struct queue queue;
	uint64_t groups;

	done = have_too_many(&queue, line, arg);
	groups = queue.ring.status->page_groups;
	word_receive(line);
	CHECK_EQ(ring_wait(&queue.ring, done), SVA_ACCEL_SUCCESS);
	CHECK(queue.ring.status->page_groups > groups, "the job that waited has not asked");
	groups = queue.ring.status->page_groups;
	queue_succeed(&queue, job_fill(cold, 1, PAGE));
	CHECK(queue.ring.status->page_groups > groups, "no page was asked for");
	queue_close(&queue);
}

static void stops_while_it_waits(int line, void *arg)
{
	struct queue queue;

	have_too_many(&queue, line, arg);
	word_receive(line);
	CHECK(ring_await_state(&queue.ring, SVA_ACCEL_QUEUE_STOPPED), "state %u",
	      ring_state(&queue.ring));
	word_send(line, 0);
	word_receive(line);
}

/* What becomes of a process that gives its jobs up; returns when the last waits for its turn */
static void too_many_start(struct scene *scene, struct puppet *neighbour,
			   void (*run)(int line, void *arg))
{
	uint64_t groups;

	scene->node = node_open();
	puppet_start(neighbour);
	puppet_bind(neighbour, scene->node);
	stall_start(&scene->stall);
	child_start(&scene->reader, run, &scene->stall);
	for (int i = 0; i < JOBS; i++) {
		scene->id = word_receive(scene->reader.line);
		puppet_compute(neighbour, 0);
	}
	groups = word_receive(scene->reader.line);
	CHECK(groups <= OUTSTANDING, "%llu page request groups, of which no page has come",
	      (unsigned long long)groups);
	CHECK_EQ(groups, OUTSTANDING);
	puppet_compute(neighbour, 0);
}

static void too_many_end(struct scene *scene, struct puppet *neighbour)
{
	word_send(scene->reader.line, 0);
	child_join(&scene->reader);
	puppet_end(neighbour);
	stall_end(&scene->stall);
	close(scene->node);
}

/* Else a process has any number of the kernel's workers wait for its pages */
TEST(R8, jobs_given_up_leave_few_page_requests_and_the_next_waits_for_an_answer)
{
	struct puppet neighbour;
	struct scene scene;

	too_many_start(&scene, &neighbour, goes_on_when_it_comes);
	stall_let_go(&scene.stall);
	too_many_end(&scene, &neighbour);
}

TEST(R8, job_that_waits_for_its_turn_to_ask_is_stopped_at_once)
{
	struct puppet neighbour;
	struct scene scene;

	too_many_start(&scene, &neighbour, stops_while_it_waits);
	context_revoke(scene.node, scene.id);
	word_send(scene.reader.line, 0);
	word_receive(scene.reader.line);
	CHECK(is_stopping(&scene), "the page has come by itself");
	stall_let_go(&scene.stall);
	event_await(scene.node, SVA_EVENT_ENDED, scene.id);
	too_many_end(&scene, &neighbour);
}

/* ------------------------------------------------------------- userfaultfd */

/* Such a kernel complains at length of page requests into memory of a userfaultfd */
static bool kernel_is_for_debugging(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[256];
	bool found = false;

	CHECK(symbols, "kallsyms: %s", strerror(errno));
	while (!found && fgets(line, sizeof(line), symbols))
		found = strstr(line, " page_init_poison\n");
	fclose(symbols);
	return found;
}

/* The kernel does not wait for user space where it could not be killed: it fails at once */
TEST(R8, page_request_into_memory_of_a_userfaultfd_fails_at_once)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct queue queue;
	int fd;

	if (kernel_is_for_debugging()) {
		test_note("not on a kernel that complains of it");
		return;
	}
	fd = (int)MUST(syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK));
	MUST(ioctl(fd, UFFDIO_API, &api));
	range.range.start = (uintptr_t)pages_alloc(PAGE);
	range.range.len = PAGE;
	MUST(ioctl(fd, UFFDIO_REGISTER, &range));
	queue_open(&queue);
	CHECK_EQ(queue_run(&queue, job_crc((void *)(uintptr_t)range.range.start, PAGE, 0)).status,
		 SVA_ACCEL_PAGE_FAULT);
	CHECK(!fd_readable(fd, 0), "user space was asked for the page");
	queue_close(&queue);
	close(fd);
}
