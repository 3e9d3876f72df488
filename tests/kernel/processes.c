// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * processes.c - what threads, fork, exec, signals and the kernel's own killers
 * do to a binding; docs/processes.md is the table of it
 *
 * A binding lives as long as its address space does, and ends with it, once.
 */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "ring.h"

#define STACK_SIZE 65536

extern char **environ;

struct loop {
	struct loop *next;
	uint64_t key;
};

static void works(struct queue *queue)
{
	char from[64] = "still bound", to[64] = "";

	queue_succeed(queue, job_memmove(to, from, sizeof(from)));
	CHECK(!strcmp(from, to), "the job went wrong");
	CHECK_EQ(context_info(queue->ctx).state, SVA_STATE_BOUND);
}

/* A binding that is expected to live: no end of it has been told */
static void lives(struct queue *queue)
{
	struct sva_event event;

	works(queue);
	while (event_next(queue->node, &event, 0) > 0)
		CHECK(event.type != SVA_EVENT_ENDED || event.context != queue->id,
		      "it ended, with reason %u", event.reason);
}

/* A binding that has to have ended, once, with nothing left of it */
static void ended(int node, uint64_t id)
{
	struct sva_event event = end_await(node, id);

	CHECK(event.release == SVA_RELEASE_CLEAN || event.release == SVA_RELEASE_FLUSHED,
	      "release %u", event.release);
	CHECK_EQ(event.reason, SVA_REASON_NONE);
	CHECK(!context_listed(node, id, NULL), "it is still listed");
	CHECK_EQ(device_info(node).contexts, 0);
}

/* Work without an end, so that every end hits a device that is busy */
static void keep_busy(struct queue *queue)
{
	static _Alignas(64) struct sva_accel_completion done;
	static struct loop loop = { .next = &loop };
	struct sva_accel_desc job = job_walk(&loop, 0, 8);

	job.completion = (uintptr_t)&done;
	ring_submit(&queue->ring, &job);
}

/* A child that binds and says so; what it does then is up to @arg's caller */
static void open_and_tell(int line, struct queue *queue)
{
	queue_open(queue);
	keep_busy(queue);
	word_send(line, queue->id);
}

/* ----------------------------------------------------------------- threads */

static void *thread_works(void *arg)
{
	works(arg);
	return NULL;
}

static void in_thread(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	CHECK_EQ(pthread_create(&thread, NULL, run, arg), 0);
	pthread_join(thread, NULL);
}

static void *thread_opens(void *arg)
{
	queue_open(arg);
	return NULL;
}

static void *thread_closes(void *arg)
{
	CHECK_EQ(queue_close(arg), SVA_RELEASE_CLEAN);
	return NULL;
}

TEST(R5, binding_belongs_to_all_threads_and_to_none)
{
	int node = node_open();
	struct queue queue;

	in_thread(thread_opens, &queue);
	lives(&queue);
	in_thread(thread_works, &queue);
	lives(&queue);
	in_thread(thread_closes, &queue);
	ended(node, queue.id);
}

struct leaderless {
	int line;
	struct queue queue;
	pthread_t leader;
	int unbound;
};

static bool leader_is_gone(void *arg)
{
	char text[512], *state;

	(void)arg;
	if (!text_read("/proc/self/stat", text, sizeof(text)))
		return false;
	state = strrchr(text, ')');
	return state && state[2] == 'Z';
}

/* The process goes on: its address space, its pid and its right to bind are there */
static void *outlives_the_leader(void *arg)
{
	struct leaderless *l = arg;

	CHECK(wait_until(leader_is_gone, NULL, PATIENCE_MS), "the leader stays");
	lives(&l->queue);
	context_bind(l->unbound);
	word_send(l->line, l->queue.id);
	word_receive(l->line);
	lives(&l->queue);
	_exit(0);
}

static void leader_leaves(int line, void *arg)
{
	static struct leaderless l;
	pthread_t thread;

	(void)arg;
	l.line = line;
	queue_open(&l.queue);
	l.unbound = context_create(l.queue.node, getpid(), NULL);
	CHECK_EQ(pthread_create(&thread, NULL, outlives_the_leader, &l), 0);
	syscall(SYS_exit, 0);
}

TEST(R5, exit_of_the_leader_with_threads_left_ends_nothing)
{
	int node = node_open();
	struct child child;
	uint64_t id;

	child_start(&child, leader_leaves, NULL);
	id = word_receive(child.line);
	CHECK(context_listed(node, id, NULL), "it ended with the leader");
	word_send(child.line, 0);
	child_join(&child);
	event_await(node, SVA_EVENT_ENDED, id);
	CHECK(device_is_clean(), "something is left");
}

static void *waits(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static void has_threads(int line, void *arg)
{
	struct queue queue;
	pthread_t thread;

	open_and_tell(line, &queue);
	for (int i = 0; i < 8; i++)
		CHECK_EQ(pthread_create(&thread, NULL, waits, NULL), 0);
	word_send(line, 0);
	if (arg)
		word_receive(line);
	else
		waits(NULL);
}

TEST(R5, exit_of_a_process_with_threads_ends_it)
{
	int node = node_open();
	struct child child;
	uint64_t id;

	child_start(&child, has_threads, "exits");
	id = word_receive(child.line);
	word_receive(child.line);
	word_send(child.line, 0);
	child_join(&child);
	ended(node, id);
}

TEST(R5, kill_of_a_process_with_threads_ends_it)
{
	int node = node_open();
	struct child child;
	uint64_t id;

	child_start(&child, has_threads, NULL);
	id = word_receive(child.line);
	word_receive(child.line);
	child_kill(&child);
	ended(node, id);
}

/* ---------------------------------------------------- fork, vfork, clone, spawn */

static void does_nothing(int line, void *arg)
{
	(void)line;
	(void)arg;
}

TEST(R9, fork_and_the_end_of_the_child_end_nothing)
{
	struct queue queue;
	struct child child;

	queue_open(&queue);
	child_start(&child, does_nothing, NULL);
	lives(&queue);
	child_join(&child);
	lives(&queue);
	queue_close(&queue);
}

static void holds_until_told(int line, void *arg)
{
	(void)arg;
	word_receive(line);
}

static void forks_and_leaves(int line, void *arg)
{
	struct queue queue;
	pid_t pid;

	(void)arg;
	queue_open(&queue);
	keep_busy(&queue);
	pid = (pid_t)MUST(fork());
	if (pid == 0) {
		holds_until_told(line, NULL);
		_exit(0);
	}
	word_send(line, queue.id);
}

/* The child has the descriptor, not the address space */
TEST(R5, exit_of_the_parent_ends_it_while_the_forked_child_lives)
{
	int node = node_open();
	struct child child;
	uint64_t id;

	child_start(&child, forks_and_leaves, NULL);
	id = word_receive(child.line);
	CHECK_EQ(waitpid(child.pid, NULL, 0), child.pid);
	ended(node, id);
	word_send(child.line, 0);
}

static int asks_and_leaves(void *arg)
{
	struct sva_context_info info = { .argsz = sizeof(info) };
	struct queue *queue = arg;

	return call(queue->ctx, SVA_CONTEXT_GET_INFO, &info) == 0 &&
	       info.state == SVA_STATE_BOUND ? 0 : 1;
}

/*
 * vfork's child is in its parent's address space until it executes or ends.  By
 * clone() with vfork's flags: what calls vfork() itself must not call functions.
 */
TEST(R1, child_of_vfork_may_and_its_end_ends_nothing)
{
	char *stack = pages_alloc(STACK_SIZE);
	struct queue queue;
	int status;
	pid_t pid;

	queue_open(&queue);
	pid = (pid_t)MUST(clone(asks_and_leaves, stack + STACK_SIZE,
				CLONE_VM | CLONE_VFORK | SIGCHLD, &queue));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(status == 0, "the child of vfork was refused (0x%x)", status);
	lives(&queue);
	queue_close(&queue);
}

/* Runs with an inherited descriptor, in an address space of its own */
HELPER(is_refused)
{
	struct sva_context_info info = { .argsz = sizeof(info) };
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	int ctx = atoi(argv[1]);

	(void)argc;
	REFUSED(ctx, SVA_CONTEXT_GET_INFO, &info, EPERM, SVA_REASON_OTHER_MM);
	REFUSED(ctx, SVA_BIND_TASK, &bind, EPERM, SVA_REASON_OTHER_MM);
	return 0;
}

TEST(R1, spawned_program_gets_nothing_and_ends_nothing)
{
	char number[16];
	char *argv[] = { "self", "--helper", "is_refused", number, NULL };
	struct queue queue;
	int status;
	pid_t pid;

	queue_open(&queue);
	snprintf(number, sizeof(number), "%d", queue.ctx);
	MUST(fcntl(queue.ctx, F_SETFD, 0));
	CHECK_EQ(posix_spawn(&pid, "/proc/self/exe", NULL, NULL, argv, environ), 0);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK(status == 0, "the spawned program failed (0x%x)", status);
	lives(&queue);
	queue_close(&queue);
}

struct partner {
	int ctx;
	int line;
};

/* Without TLS of its own: as few calls as can be */
static int partner_stays(void *arg)
{
	struct partner *p = arg;
	uint64_t word;

	recv(p->line, &word, sizeof(word), 0);
	return 0;
}

static void leaves_a_partner(int line, void *arg)
{
	static struct partner partner;
	static struct queue queue;
	char *stack = pages_alloc(STACK_SIZE);

	(void)arg;
	queue_open(&queue);
	partner = (struct partner){ .ctx = queue.ctx, .line = line };
	MUST(clone(partner_stays, stack + STACK_SIZE, CLONE_VM | SIGCHLD, &partner));
	word_send(line, queue.id);
}

/* clone(CLONE_VM): two processes, one address space, which ends with the second */
TEST(R5, binding_lives_until_the_last_process_of_its_address_space_ends)
{
	int node = node_open();
	struct child child;
	uint64_t id;

	child_start(&child, leaves_a_partner, NULL);
	id = word_receive(child.line);
	CHECK_EQ(waitpid(child.pid, NULL, 0), child.pid);
	CHECK(context_listed(node, id, NULL), "it ended with the first of two processes");
	word_send(child.line, 0);
	ended(node, id);
}

static void leaves_an_unbound_context(int line, void *arg)
{
	static struct partner partner;
	char *stack = pages_alloc(STACK_SIZE);
	int node = node_open();
	uint64_t id;

	(void)arg;
	partner = (struct partner){ .ctx = context_create(node, getpid(), &id), .line = line };
	MUST(clone(partner_stays, stack + STACK_SIZE, CLONE_VM | SIGCHLD, &partner));
	word_send(line, id);
}

/* Unbound, it belongs to a process and not to an address space */
TEST(R2, unbound_context_ends_with_its_process_while_the_address_space_lives)
{
	int node = node_open();
	struct child child;
	uint64_t id;

	child_start(&child, leaves_an_unbound_context, NULL);
	id = word_receive(child.line);
	CHECK_EQ(waitpid(child.pid, NULL, 0), child.pid);
	CHECK_EQ(event_await(node, SVA_EVENT_ENDED, id).reason, SVA_REASON_OWNER_GONE);
	word_send(child.line, 0);
}

/* -------------------------------------------------------------------- exec */

/* @privileged: the program is set-user-ID root */
/* The end of the old address space begins with exec and goes on by itself */
static bool owner_is_told_of_the_end(void *arg)
{
	struct sva_context_info info = { .argsz = sizeof(info) };

	return !call(*(int *)arg, SVA_CONTEXT_GET_INFO, &info) &&
	       info.state == SVA_STATE_ENDED;
}

HELPER(has_nothing_left)
{
	struct sva_region_info region = { .argsz = sizeof(region) };
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	bool privileged = atoi(argv[3]);
	int ctx = atoi(argv[1]), line = atoi(argv[2]);

	(void)argc;
	CHECK_EQ(geteuid() == 0 && getuid() != 0, privileged);
	CHECK(wait_until(owner_is_told_of_the_end, &ctx, PATIENCE_MS), "it does not end");
	REFUSED(ctx, SVA_CONTEXT_GET_REGION_INFO, &region, EPERM, SVA_REASON_CONTEXT_ENDED);
	REFUSED(ctx, SVA_BIND_TASK, &bind, EBUSY, SVA_REASON_CONTEXT_ENDED);
	word_send(line, 0);
	word_receive(line);
	context_bound(node_open(), NULL, NULL);
	return 0;
}

static void execute(const char *path, int ctx, int line, bool privileged)
{
	char numbers[2][16];

	snprintf(numbers[0], sizeof(numbers[0]), "%d", ctx);
	snprintf(numbers[1], sizeof(numbers[1]), "%d", line);
	MUST(fcntl(ctx, F_SETFD, 0));
	MUST(fcntl(line, F_SETFD, 0));
	execl(path, "self", "--helper", "has_nothing_left", numbers[0], numbers[1],
	      privileged ? "1" : "0", NULL);
	FAIL("exec of %s: %s", path, strerror(errno));
}

static void binds_and_executes(int line, void *arg)
{
	struct queue queue;

	(void)arg;
	open_and_tell(line, &queue);
	execute("/proc/self/exe", queue.ctx, line, false);
}

static void exec_ends_it(struct child *child, int node, uint64_t id)
{
	word_receive(child->line);
	ended(node, id);
	word_send(child->line, 0);
	child_join(child);
}

TEST(R5, exec_ends_it_and_the_new_program_has_nothing)
{
	int node = node_open();
	struct child child;

	child_start(&child, binds_and_executes, NULL);
	exec_ends_it(&child, node, word_receive(child.line));
}

static void *executes(void *arg)
{
	struct partner *p = arg;

	execute("/proc/self/exe", p->ctx, p->line, false);
	return NULL;
}

static void executes_from_a_thread(int line, void *arg)
{
	static struct partner partner;
	struct queue queue;

	(void)arg;
	open_and_tell(line, &queue);
	partner = (struct partner){ .ctx = queue.ctx, .line = line };
	in_thread(executes, &partner);
}

TEST(R5, exec_from_another_thread_than_the_leader_ends_it)
{
	int node = node_open();
	struct child child;

	child_start(&child, executes_from_a_thread, NULL);
	exec_ends_it(&child, node, word_receive(child.line));
}

/* On a file system that is not mounted nosuid */
#define SETUID_PROGRAM "/var/tmp/sva-processes-setuid"

static void setuid_program_make(void)
{
	char self[256];
	const char *const argv[] = { "cp", self, SETUID_PROGRAM, NULL };
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	CHECK(n > 0, "%s", strerror(errno));
	self[n] = '\0';
	CHECK_EQ(program_run(argv), 0);
	MUST(chown(SETUID_PROGRAM, 0, 0));
	MUST(chmod(SETUID_PROGRAM, 04755));
}

static void becomes_another(int line, void *arg)
{
	int ctx;

	(void)arg;
	ctx = fd_receive(line);
	user_become("alice");
	context_bind(ctx);
	word_send(line, 0);
	execute(SETUID_PROGRAM, ctx, line, true);
}

TEST(R5, exec_of_a_setuid_program_ends_it_and_gives_that_nothing)
{
	int node = node_open(), ctx;
	struct child child;
	uint64_t id;

	setuid_program_make();
	child_start(&child, becomes_another, NULL);
	ctx = context_create(node, child.pid, &id);
	fd_send(child.line, ctx);
	close(ctx);
	word_receive(child.line);
	exec_ends_it(&child, node, id);
	unlink(SETUID_PROGRAM);
}

static void fails_to_execute(int line, void *arg)
{
	struct queue queue;

	(void)line;
	(void)arg;
	queue_open(&queue);
	execl("/nowhere", "nowhere", NULL);
	execl("/etc/passwd", "no program", NULL);
	lives(&queue);
	CHECK_EQ(queue_close(&queue), SVA_RELEASE_CLEAN);
}

TEST(R5, exec_that_fails_ends_nothing)
{
	struct child child;

	child_start(&child, fails_to_execute, NULL);
	child_join(&child);
}

/* ----------------------------------------------------------------- signals */

static const int fatal_signals[] = { SIGKILL, SIGTERM, SIGHUP, SIGPIPE, SIGXCPU };

static void waits_for_a_signal(int line, void *arg)
{
	const struct rlimit none = { 0 };
	struct queue queue;

	(void)arg;
	setrlimit(RLIMIT_CORE, &none);
	open_and_tell(line, &queue);
	waits(NULL);
}

TEST(R5, fatal_signals_end_it)
{
	for (size_t i = 0; i < sizeof(fatal_signals) / sizeof(fatal_signals[0]); i++) {
		int node = node_open(), status;
		struct child child;
		uint64_t id;

		child_start(&child, waits_for_a_signal, NULL);
		id = word_receive(child.line);
		MUST(kill(child.pid, fatal_signals[i]));
		status = child_reap(&child);
		CHECK(WIFSIGNALED(status) && WTERMSIG(status) == fatal_signals[i],
		      "wait status 0x%x", status);
		ended(node, id);
		close(node);
	}
}

static volatile sig_atomic_t caught;

static void count_signal(int number)
{
	(void)number;
	caught++;
}

/* A handler may run on a stack that the device is at, and between any two instructions */
TEST(R5, handled_signals_end_nothing)
{
	const struct sigaction action = { .sa_handler = count_signal };
	const struct itimerval every = { { 0, 2000 }, { 0, 2000 } }, never = { 0 };
	struct queue queue;

	queue_open(&queue);
	MUST(sigaction(SIGALRM, &action, NULL));
	MUST(setitimer(ITIMER_REAL, &every, NULL));
	while (caught < 100)
		works(&queue);
	MUST(setitimer(ITIMER_REAL, &never, NULL));
	lives(&queue);
	queue_close(&queue);
}

/* ------------------------------------------------------------- core dumps */

#define CORE_PATTERN "/proc/sys/kernel/core_pattern"

static void aborts(int line, void *arg)
{
	const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };
	struct queue queue;

	(void)arg;
	MUST(setrlimit(RLIMIT_CORE, &any));
	open_and_tell(line, &queue);
	word_receive(line);
	abort();
}

/* The device works on while the regions and the memory that it works on are dumped */
TEST(R5, core_dump_ends_it_when_it_is_done)
{
	char pattern[256], path[64];
	int node = node_open(), status;
	struct child child;
	struct stat core;
	uint64_t id;

	CHECK(text_read(CORE_PATTERN, pattern, sizeof(pattern)), "%s", strerror(errno));
	CHECK_EQ(text_write(CORE_PATTERN, "/tmp/core.%p"), 0);
	child_start(&child, aborts, NULL);
	id = word_receive(child.line);
	snprintf(path, sizeof(path), "/tmp/core.%d", child.pid);
	word_send(child.line, 0);
	status = child_reap(&child);
	text_write(CORE_PATTERN, pattern);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT && WCOREDUMP(status),
	      "wait status 0x%x", status);
	CHECK(stat(path, &core) == 0 && core.st_size > 0, "%s: %s", path, strerror(errno));
	unlink(path);
	ended(node, id);
}

/* ------------------------------------------------------- stopped processes */

/*
 * Shared with the test: a list of one, which goes round until the test opens it,
 * and the completion record of the job that walks it
 */
struct gate {
	struct gate *volatile next;
	uint64_t key;
	_Alignas(64) struct sva_accel_completion done;
};

static struct gate *gate_alloc(void)
{
	struct gate *gate = shared_alloc(sizeof(*gate));

	gate->next = gate;
	return gate;
}

/* Hands the device work that cannot end before the process is stopped */
static void hands_over_work(int line, void *arg)
{
	struct gate *gate = arg;
	struct sva_accel_desc job = job_walk(gate, 0, 8);
	struct queue queue;

	queue_open(&queue);
	job.completion = (uintptr_t)&gate->done;
	ring_submit(&queue.ring, &job);
	word_send(line, queue.id);
	word_receive(line);
	works(&queue);
	CHECK_EQ(queue_close(&queue), SVA_RELEASE_CLEAN);
}

static bool is_done(void *arg)
{
	struct sva_accel_completion *done = arg;

	return __atomic_load_n(&done->status, __ATOMIC_ACQUIRE) != SVA_ACCEL_PENDING;
}

static void stop_await(pid_t pid)
{
	int status;

	CHECK_EQ(waitpid(pid, &status, WUNTRACED), pid);
	CHECK(WIFSTOPPED(status), "wait status 0x%x", status);
}

/* The device serves a process that stands still, and tells nobody of an end */
static void works_for_the_stopped(struct gate *gate, int node, uint64_t id)
{
	CHECK(!is_done(&gate->done), "the job ended before the process was stopped");
	gate->next = NULL;
	CHECK(wait_until(is_done, &gate->done, PATIENCE_MS),
	      "the device does not work for a stopped process");
	CHECK_EQ(gate->done.status, SVA_ACCEL_SUCCESS);
	CHECK(context_listed(node, id, NULL), "it ended when the process was stopped");
}

TEST(R5, stopped_process_keeps_it_and_the_device_works_on)
{
	struct gate *gate = gate_alloc();
	int node = node_open();
	struct child child;
	uint64_t id;

	child_start(&child, hands_over_work, gate);
	id = word_receive(child.line);
	MUST(kill(child.pid, SIGSTOP));
	stop_await(child.pid);
	works_for_the_stopped(gate, node, id);
	MUST(kill(child.pid, SIGCONT));
	word_send(child.line, 0);
	child_join(&child);
	ended(node, id);
}

TEST(R5, traced_process_keeps_it_and_the_device_works_on)
{
	struct gate *gate = gate_alloc();
	int node = node_open();
	struct child child;
	uint64_t id;

	child_start(&child, hands_over_work, gate);
	id = word_receive(child.line);
	MUST(ptrace(PTRACE_SEIZE, child.pid, NULL, NULL));
	MUST(ptrace(PTRACE_INTERRUPT, child.pid, NULL, NULL));
	stop_await(child.pid);
	works_for_the_stopped(gate, node, id);
	MUST(ptrace(PTRACE_DETACH, child.pid, NULL, NULL));
	word_send(child.line, 0);
	child_join(&child);
	ended(node, id);
}

TEST(R5, kill_of_a_stopped_and_traced_process_ends_it)
{
	struct gate *gate = gate_alloc();
	int node = node_open();
	struct child child;
	uint64_t id;

	child_start(&child, hands_over_work, gate);
	id = word_receive(child.line);
	MUST(ptrace(PTRACE_SEIZE, child.pid, NULL, NULL));
	MUST(ptrace(PTRACE_INTERRUPT, child.pid, NULL, NULL));
	stop_await(child.pid);
	child_kill(&child);
	ended(node, id);
}

/* ---------------------------------------------------------------- OOM kill */

#define CGROUPS "/sys/fs/cgroup"
#define SMALL CGROUPS "/sva-processes"
#define SMALL_BYTES "33554432"
#define TOO_MUCH (128u << 20)

static void small_cgroup_make(void)
{
	int result = text_write(CGROUPS "/cgroup.subtree_control", "+memory");

	CHECK(result == 0, "memory cgroups: %s", strerror(-result));
	CHECK(mkdir(SMALL, 0755) == 0 || errno == EEXIST, "%s", strerror(errno));
	CHECK_EQ(text_write(SMALL "/memory.max", SMALL_BYTES), 0);
}

static void small_cgroup_enter(void)
{
	int result = text_write(SMALL "/cgroup.procs", "0");

	CHECK(result == 0, "%s: %s", SMALL, strerror(-result));
}

static void cpu_takes_too_much(int line, void *arg)
{
	volatile char *memory = pages_alloc(TOO_MUCH);
	struct queue queue;

	(void)arg;
	small_cgroup_enter();
	open_and_tell(line, &queue);
	word_receive(line);
	for (size_t i = 0; i < TOO_MUCH; i += 4096)
		memory[i] = 1;
}

/* The memory that the device's page requests bring in is the process's own */
static void device_takes_too_much(int line, void *arg)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job = job_fill(pages_alloc(TOO_MUCH), 1, TOO_MUCH);
	struct queue queue;

	(void)arg;
	small_cgroup_enter();
	queue_open(&queue);
	job.completion = (uintptr_t)&done;
	word_send(line, queue.id);
	word_receive(line);
	ring_submit(&queue.ring, &job);
	ring_wait(&queue.ring, &done);
}

/* The harness's own reading of the kernel log, which this process has inherited */
static int kmsg_inherited(void)
{
	char path[300], target[64];
	struct dirent *entry;
	DIR *dir = opendir("/proc/self/fd");
	int found = -1;

	CHECK(dir, "%s", strerror(errno));
	while ((entry = readdir(dir))) {
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/self/fd/%s", entry->d_name);
		n = readlink(path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (!strcmp(target, "/dev/kmsg"))
			found = atoi(entry->d_name);
	}
	closedir(dir);
	CHECK(found >= 0, "the harness does not read the kernel log");
	return found;
}

/*
 * The kernel reports an OOM kill with a stack trace.  That is read here, so that
 * it is not taken for a complaint; anything else that complains is one.
 */
static void oom_report_read(int kmsg, pid_t victim)
{
	char line[8192], killed[64];
	bool reporting = false, found = false;
	ssize_t n;

	snprintf(killed, sizeof(killed), "Killed process %d ", victim);
	while ((n = read(kmsg, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		if (n <= 0)
			continue;
		line[n] = '\0';
		reporting |= strstr(line, "invoked oom-killer") != NULL;
		if (strstr(line, killed)) {
			found = true;
			reporting = false;
		}
		CHECK(!strstr(line, "WARNING:") && !strstr(line, "BUG:") && !strstr(line, "Oops") &&
		      (reporting || !strstr(line, "Call Trace")), "the kernel complained: %s", line);
	}
	CHECK(found, "the kernel log does not tell of the OOM kill of %d", victim);
}

/* The console, which the rig reads, is not to show what the log is read for here */
static void console_quiet(bool quiet)
{
	static char levels[64];

	if (quiet)
		CHECK(text_read("/proc/sys/kernel/printk", levels, sizeof(levels)), "printk");
	text_write("/proc/sys/kernel/printk", quiet ? "1" : levels);
}

static void killed_for_memory(void (*run)(int line, void *arg))
{
	int node = node_open(), kmsg = kmsg_inherited(), status;
	struct child child;
	pid_t victim;
	uint64_t id;

	small_cgroup_make();
	child_start(&child, run, NULL);
	victim = child.pid;
	id = word_receive(child.line);
	console_quiet(true);
	word_send(child.line, 0);
	status = child_reap(&child);
	event_await(node, SVA_EVENT_ENDED, id);
	oom_report_read(kmsg, victim);
	console_quiet(false);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "wait status 0x%x", status);
	CHECK(!context_listed(node, id, NULL), "it is still listed");
	CHECK_EQ(device_info(node).contexts, 0);
	CHECK(rmdir(SMALL) == 0, "something is left in the cgroup: %s", strerror(errno));
}

TEST_WITHIN(R5, oom_kill_ends_it, 120)
{
	killed_for_memory(cpu_takes_too_much);
}

TEST_WITHIN(R8, page_requests_are_charged_to_the_process_up_to_the_oom_kill, 120)
{
	killed_for_memory(device_takes_too_much);
}

/* The kernel says EINVAL while a device works on the memory: it is shared then */
static bool is_reaped(void *arg)
{
	int result = syscall(SYS_process_mrelease, *(int *)arg, 0) < 0 ? -errno : 0;

	CHECK(result == 0 || result == -ESRCH || result == -EINVAL || result == -EAGAIN,
	      "process_mrelease: %s", strerror(-result));
	return result == 0 || result == -ESRCH;
}

/* What the OOM reaper does to a victim that is slow to die, while the device is at it */
TEST(R5, reaped_memory_of_a_killed_process_ends_it_too)
{
	for (int round = 0; round < 20; round++) {
		int node = node_open(), pidfd;
		struct child child;
		uint64_t id;

		child_start(&child, waits_for_a_signal, NULL);
		id = word_receive(child.line);
		pidfd = process_open(child.pid);
		MUST(kill(child.pid, SIGKILL));
		CHECK(wait_until(is_reaped, &pidfd, PATIENCE_MS), "it is never reaped");
		child_reap(&child);
		ended(node, id);
		close(pidfd);
		close(node);
	}
}
