// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * irqs.c - a context's interrupts: an edge one for completions and a level one
 * for the queue's error, which signal eventfds
 *
 * That nothing is signalled needs no waiting where the device has done later
 * work by then, what a queue does being in order, and its interrupt has come.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "ring.h"

#define COMPLETION SVA_ACCEL_IRQ_COMPLETION
#define ERROR SVA_ACCEL_IRQ_ERROR

static int event_fd(void)
{
	return (int)MUST(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
}

/* What was signalled since the last look, 0 for nothing */
static uint64_t signals(int fd)
{
	uint64_t count = 0;

	if (read(fd, &count, sizeof(count)) < 0)
		CHECK(errno == EAGAIN, "read of an eventfd: %s", strerror(errno));
	return count;
}

static uint64_t signals_await(int fd)
{
	CHECK(fd_readable(fd, PATIENCE_MS), "the eventfd was not signalled");
	return signals(fd);
}

static void signal_send(int fd)
{
	uint64_t one = 1;

	CHECK_EQ(write(fd, &one, sizeof(one)), sizeof(one));
}

static struct sva_set_irqs irqs_arg(uint32_t flags, uint32_t index, uint32_t count,
				    const int *fds)
{
	return (struct sva_set_irqs){ .argsz = sizeof(struct sva_set_irqs), .flags = flags,
				      .index = index, .count = count, .fds = (uintptr_t)fds };
}

static void irq_set(int ctx, uint32_t index, int fd)
{
	struct sva_set_irqs arg = irqs_arg(SVA_IRQ_SET_EVENTFD, index, 1, &fd);

	ACCEPTED(ctx, SVA_CONTEXT_SET_IRQS, &arg);
}

static void irq_set_unmasker(int ctx, uint32_t index, int fd)
{
	struct sva_set_irqs arg = irqs_arg(SVA_IRQ_SET_UNMASK_EVENTFD, index, 1, &fd);

	ACCEPTED(ctx, SVA_CONTEXT_SET_IRQS, &arg);
}

static void irq_mask(int ctx, uint32_t index, bool mask)
{
	struct sva_set_irqs arg = irqs_arg(mask ? SVA_IRQ_SET_MASK : SVA_IRQ_SET_UNMASK, index, 1,
					   NULL);

	ACCEPTED(ctx, SVA_CONTEXT_SET_IRQS, &arg);
}

static void irq_disable(int ctx, uint32_t index, uint32_t flags)
{
	struct sva_set_irqs arg = irqs_arg(flags, index, 0, NULL);

	ACCEPTED(ctx, SVA_CONTEXT_SET_IRQS, &arg);
}

/* How many of the device's have come; of a device that is on no bus, none */
static unsigned long interrupts(void)
{
	unsigned long sum = 0, count;
	char line[4096], *at, *end;
	FILE *file = fopen("/proc/interrupts", "re");

	CHECK(file, "/proc/interrupts: %s", strerror(errno));
	while (fgets(line, sizeof(line), file)) {
		at = strchr(line, ':');
		end = strrchr(line, ' ');
		if (!at || !end || strncmp(end + 1, device_name(), strlen(device_name())))
			continue;
		for (at++; count = strtoul(at, &end, 10), end != at; at = end)
			sum += count;
	}
	fclose(file);
	return sum;
}

static bool one_has_come(void *before)
{
	return interrupts() > *(unsigned long *)before;
}

/*
 * A job with the interrupt.  It is raised after its record is written, and another job is
 * the mark; on a bus it is on its way then.
 */
static void complete_one(struct queue *queue)
{
	struct sva_accel_desc job = job_nop();
	unsigned long before = interrupts();

	job.flags |= SVA_ACCEL_DESC_IRQ;
	queue_succeed(queue, job);
	queue_succeed(queue, job_nop());
	if (device_is("pci"))
		CHECK(wait_until(one_has_come, &before, PATIENCE_MS), "no interrupt came");
}

/* Stops the queue: the error interrupt is asserted from now on */
static void stop_with_error(struct queue *queue)
{
	ring_write_tail(&queue->ring, queue->ring.tail + queue->ring.entries + 1);
	event_await(queue->ctx, SVA_EVENT_ERROR, 0);
}

/* --------------------------------------------------------------- discovery */

static struct sva_irq_info irq_info(int ctx, uint32_t index)
{
	struct sva_irq_info arg = { .argsz = sizeof(arg), .index = index };

	ACCEPTED(ctx, SVA_CONTEXT_GET_IRQ_INFO, &arg);
	CHECK_EQ(arg.index, index);
	return arg;
}

TEST(ABI, interrupts_are_told_by_index_and_no_further)
{
	struct sva_irq_info beyond = { .argsz = sizeof(beyond) };
	int node = node_open(), ctx = context_bound(node, NULL, NULL);
	uint32_t count = context_info(ctx).num_irqs;

	CHECK_EQ(count, SVA_ACCEL_NUM_IRQS);
	CHECK_EQ(device_info(node).num_irqs, count);
	CHECK_EQ(irq_info(ctx, COMPLETION).flags, SVA_IRQ_FLAG_EVENTFD);
	CHECK_EQ(irq_info(ctx, COMPLETION).count, 1);
	CHECK_EQ(irq_info(ctx, ERROR).flags,
		 SVA_IRQ_FLAG_EVENTFD | SVA_IRQ_FLAG_LEVEL | SVA_IRQ_FLAG_MASKABLE);
	CHECK_EQ(irq_info(ctx, ERROR).count, 1);
	beyond.index = count;
	REFUSED(ctx, SVA_CONTEXT_GET_IRQ_INFO, &beyond, ENOENT, SVA_REASON_NO_SUCH_IRQ);
	beyond.index = UINT32_MAX;
	REFUSED(ctx, SVA_CONTEXT_GET_IRQ_INFO, &beyond, ENOENT, SVA_REASON_NO_SUCH_IRQ);
}

/* ---------------------------------------------------------------- SET_IRQS */

struct refusal {
	uint32_t flags, index, start, count;
	int error;
	uint32_t reason;
};

static const struct refusal refusals[] = {
	{ SVA_IRQ_SET_EVENTFD, 2, 0, 1, ENOENT, SVA_REASON_NO_SUCH_IRQ },
	{ SVA_IRQ_SET_EVENTFD, UINT32_MAX, 0, 1, ENOENT, SVA_REASON_NO_SUCH_IRQ },
	{ 0, 2, 0, 0, ENOENT, SVA_REASON_NO_SUCH_IRQ },
	{ SVA_IRQ_SET_EVENTFD, 0, 1, 1, EINVAL, SVA_REASON_NO_SUCH_IRQ },
	{ SVA_IRQ_SET_EVENTFD, 0, 0, 2, EINVAL, SVA_REASON_NO_SUCH_IRQ },
	{ SVA_IRQ_SET_EVENTFD, 0, 0, UINT32_MAX, EINVAL, SVA_REASON_NO_SUCH_IRQ },
	{ SVA_IRQ_SET_EVENTFD, 0, UINT32_MAX, 1, EINVAL, SVA_REASON_NO_SUCH_IRQ },
	{ SVA_IRQ_SET_EVENTFD, 0, UINT32_MAX, 2, EINVAL, SVA_REASON_NO_SUCH_IRQ },
	{ SVA_IRQ_SET_EVENTFD, 0, 2, 0, EINVAL, SVA_REASON_NO_SUCH_IRQ },
	{ SVA_IRQ_SET_EVENTFD, 0, 1, UINT32_MAX, EINVAL, SVA_REASON_NO_SUCH_IRQ },
	{ 0, 0, 0, 1, EINVAL, SVA_REASON_UNKNOWN_FLAG },
	{ SVA_IRQ_SET_EVENTFD | SVA_IRQ_SET_MASK, 1, 0, 1, EINVAL, SVA_REASON_UNKNOWN_FLAG },
	{ SVA_IRQ_SET_MASK | SVA_IRQ_SET_UNMASK, 1, 0, 1, EINVAL, SVA_REASON_UNKNOWN_FLAG },
	{ SVA_IRQ_SET_MASK | SVA_IRQ_SET_UNMASK, 1, 0, 0, EINVAL, SVA_REASON_UNKNOWN_FLAG },
	{ 0xf, 1, 0, 1, EINVAL, SVA_REASON_UNKNOWN_FLAG },
	{ 0x10, 1, 0, 1, EINVAL, SVA_REASON_UNKNOWN_FLAG },
	{ 0x80000000, 1, 0, 0, EINVAL, SVA_REASON_UNKNOWN_FLAG },
	{ SVA_IRQ_SET_MASK, COMPLETION, 0, 1, EINVAL, SVA_REASON_NOT_MASKABLE },
	{ SVA_IRQ_SET_UNMASK, COMPLETION, 0, 1, EINVAL, SVA_REASON_NOT_MASKABLE },
	{ SVA_IRQ_SET_UNMASK_EVENTFD, COMPLETION, 0, 1, EINVAL, SVA_REASON_NOT_MASKABLE },
};

TEST(ABI, set_irqs_refuses_what_is_not_there_and_changes_nothing)
{
	int fd = event_fd(), other[2] = { event_fd(), event_fd() };
	struct queue queue;

	queue_open(&queue);
	irq_set(queue.ctx, COMPLETION, fd);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *r = &refusals[i];
		struct sva_set_irqs arg = irqs_arg(r->flags, r->index, r->count, other);
		int result;

		arg.start = r->start;
		result = call(queue.ctx, SVA_CONTEXT_SET_IRQS, &arg);
		CHECK(result == -r->error && arg.reason == r->reason,
		      "case %zu gives %d, reason %u instead of %d, %u", i, result, arg.reason,
		      -r->error, r->reason);
	}
	complete_one(&queue);
	CHECK_EQ(signals_await(fd), 1);
	CHECK_EQ(signals(other[0]), 0);
	queue_close(&queue);
}

TEST(ABI, set_irqs_takes_no_bad_pointer)
{
	int fd = event_fd();
	struct queue queue;

	queue_open(&queue);
	irq_set(queue.ctx, COMPLETION, fd);
	for (unsigned int i = 0; i < nowheres; i++) {
		struct sva_set_irqs arg = irqs_arg(SVA_IRQ_SET_EVENTFD, COMPLETION, 1,
						   (const int *)nowhere[i]);

		REFUSED(queue.ctx, SVA_CONTEXT_SET_IRQS, &arg, EFAULT, SVA_REASON_BAD_POINTER);
	}
	complete_one(&queue);
	CHECK_EQ(signals_await(fd), 1);
	queue_close(&queue);
}

static int closed_fd(void)
{
	int fd = event_fd();

	close(fd);
	return fd;
}

static void no_eventfd(struct queue *queue, int fd, int error)
{
	struct sva_set_irqs arg = irqs_arg(SVA_IRQ_SET_EVENTFD, COMPLETION, 1, &fd);

	REFUSED(queue->ctx, SVA_CONTEXT_SET_IRQS, &arg, error, SVA_REASON_BAD_EVENTFD);
	arg = irqs_arg(SVA_IRQ_SET_EVENTFD, ERROR, 1, &fd);
	REFUSED(queue->ctx, SVA_CONTEXT_SET_IRQS, &arg, error, SVA_REASON_BAD_EVENTFD);
	arg = irqs_arg(SVA_IRQ_SET_UNMASK_EVENTFD, ERROR, 1, &fd);
	REFUSED(queue->ctx, SVA_CONTEXT_SET_IRQS, &arg, error, SVA_REASON_BAD_EVENTFD);
}

TEST(ABI, what_is_no_eventfd_is_refused_and_the_former_one_stays)
{
	int fd = event_fd(), ends[2];
	struct queue queue;

	MUST(pipe2(ends, O_CLOEXEC));
	queue_open(&queue);
	irq_set(queue.ctx, COMPLETION, fd);
	no_eventfd(&queue, closed_fd(), EBADF);
	no_eventfd(&queue, -2, EBADF);
	no_eventfd(&queue, INT_MAX, EBADF);
	no_eventfd(&queue, INT_MIN, EBADF);
	no_eventfd(&queue, queue.ctx, EINVAL);
	no_eventfd(&queue, queue.node, EINVAL);
	no_eventfd(&queue, ends[0], EINVAL);
	no_eventfd(&queue, ends[1], EINVAL);
	no_eventfd(&queue, (int)MUST(memfd_create("no eventfd", MFD_CLOEXEC)), EINVAL);
	no_eventfd(&queue, (int)MUST(epoll_create1(EPOLL_CLOEXEC)), EINVAL);
	no_eventfd(&queue, (int)MUST(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC)), EINVAL);
	no_eventfd(&queue, (int)MUST(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), EINVAL);
	no_eventfd(&queue, (int)MUST(open("/dev/null", O_RDWR | O_CLOEXEC)), EINVAL);
	no_eventfd(&queue, process_open(getpid()), EINVAL);
	complete_one(&queue);
	CHECK_EQ(signals_await(fd), 1);
	queue_close(&queue);
}

/* --------------------------------------------------------- the edge interrupt */

TEST(ABI, completions_that_ask_for_it_signal_once_each)
{
	struct sva_accel_desc job = job_nop();
	struct queue queue;
	int fd = event_fd();

	queue_open(&queue);
	irq_set(queue.ctx, COMPLETION, fd);
	queue_succeed(&queue, job_nop());
	queue_succeed(&queue, job_nop());
	CHECK_EQ(signals(fd), 0);
	for (int i = 0; i < 5; i++) {
		complete_one(&queue);
		CHECK_EQ(signals_await(fd), 1);
	}
	job.flags = SVA_ACCEL_DESC_IRQ;
	ring_submit(&queue.ring, &job);
	CHECK_EQ(signals_await(fd), 1);
	queue_close(&queue);
}

/*
 * An interrupt on a bus comes when it comes, also after the eventfd that is set anew: that
 * may have the one nobody was to hear of, but the old one never
 */
static void disable_works(uint32_t flags)
{
	int fd = event_fd(), anew = event_fd();
	struct queue queue;

	queue_open(&queue);
	irq_set(queue.ctx, COMPLETION, fd);
	irq_disable(queue.ctx, COMPLETION, flags);
	complete_one(&queue);
	CHECK_EQ(signals(fd), 0);
	irq_disable(queue.ctx, COMPLETION, flags);
	irq_set(queue.ctx, COMPLETION, anew);
	complete_one(&queue);
	CHECK(signals_await(anew) >= 1, "the eventfd does not signal any more");
	CHECK_EQ(signals(fd), 0);
	queue_close(&queue);
	close(anew);
	close(fd);
}

TEST(ABI, count_zero_disables)
{
	disable_works(0);
	disable_works(SVA_IRQ_SET_EVENTFD);
}

TEST(ABI, minus_one_disables)
{
	struct queue queue;
	int fd = event_fd();

	queue_open(&queue);
	irq_set(queue.ctx, COMPLETION, fd);
	irq_set(queue.ctx, COMPLETION, -1);
	complete_one(&queue);
	CHECK_EQ(signals(fd), 0);
	queue_close(&queue);
}

TEST(ABI, count_zero_with_another_flag_does_nothing)
{
	struct queue queue;
	int fd = event_fd();

	queue_open(&queue);
	irq_set(queue.ctx, ERROR, fd);
	irq_disable(queue.ctx, ERROR, SVA_IRQ_SET_MASK);
	irq_disable(queue.ctx, ERROR, SVA_IRQ_SET_UNMASK_EVENTFD);
	stop_with_error(&queue);
	CHECK_EQ(signals_await(fd), 1);
	queue_close(&queue);
}

TEST(ABI, new_eventfd_takes_over_from_the_old_one)
{
	int old = event_fd(), new = event_fd();
	struct queue queue;

	queue_open(&queue);
	irq_set(queue.ctx, COMPLETION, old);
	irq_set(queue.ctx, COMPLETION, new);
	complete_one(&queue);
	CHECK_EQ(signals_await(new), 1);
	CHECK_EQ(signals(old), 0);
	queue_close(&queue);
}

TEST(ABI, contexts_may_share_an_eventfd)
{
	struct queue a, b;
	int fd = event_fd();

	queue_open(&a);
	queue_open(&b);
	irq_set(a.ctx, COMPLETION, fd);
	irq_set(b.ctx, COMPLETION, fd);
	complete_one(&a);
	CHECK_EQ(signals_await(fd), 1);
	complete_one(&b);
	CHECK_EQ(signals_await(fd), 1);
	queue_close(&a);
	complete_one(&b);
	CHECK_EQ(signals_await(fd), 1);
	queue_close(&b);
}

/* An eventfd that nobody reads is full one day; the device must not wait for that */
TEST(R8, full_eventfd_holds_up_nobody)
{
	uint64_t most = UINT64_MAX - 1;
	struct queue queue;
	int fd = event_fd();

	queue_open(&queue);
	irq_set(queue.ctx, COMPLETION, fd);
	CHECK_EQ(write(fd, &most, sizeof(most)), sizeof(most));
	for (int i = 0; i < 10; i++)
		complete_one(&queue);
	CHECK(signals(fd) >= most, "the eventfd lost its count");
	complete_one(&queue);
	CHECK(signals_await(fd) >= 1, "the eventfd does not signal any more");
	queue_close(&queue);
}

TEST(R5, eventfd_that_its_owner_closed_goes_on_to_nowhere)
{
	int fd = event_fd(), unmasker = event_fd();
	struct queue queue;

	queue_open(&queue);
	irq_set(queue.ctx, COMPLETION, fd);
	irq_set(queue.ctx, ERROR, fd);
	irq_set_unmasker(queue.ctx, ERROR, unmasker);
	close(fd);
	close(unmasker);
	for (int i = 0; i < 10; i++)
		complete_one(&queue);
	stop_with_error(&queue);
	irq_mask(queue.ctx, ERROR, false);
	irq_disable(queue.ctx, ERROR, 0);
	queue_close(&queue);
}

/* -------------------------------------------------------- the level interrupt */

TEST(ABI, level_interrupt_is_masked_when_it_signals)
{
	struct queue queue;
	int fd = event_fd();

	queue_open(&queue);
	irq_set(queue.ctx, ERROR, fd);
	queue_succeed(&queue, job_nop());
	CHECK_EQ(signals(fd), 0);
	stop_with_error(&queue);
	CHECK_EQ(signals_await(fd), 1);
	for (uint32_t i = 0; i < 20; i++)
		ring_write_tail(&queue.ring, queue.ring.tail + queue.ring.entries + 2 + i);
	CHECK_EQ(signals(fd), 0);
	queue_close(&queue);
}

TEST(ABI, unmasking_signals_again_at_once_while_the_cause_is_there)
{
	struct queue queue;
	int fd = event_fd();

	queue_open(&queue);
	irq_set(queue.ctx, ERROR, fd);
	stop_with_error(&queue);
	CHECK_EQ(signals_await(fd), 1);
	for (int i = 0; i < 5; i++) {
		irq_mask(queue.ctx, ERROR, false);
		CHECK_EQ(signals(fd), 1);
		irq_mask(queue.ctx, ERROR, true);
		CHECK_EQ(signals(fd), 0);
	}
	queue_close(&queue);
}

TEST(ABI, masked_interrupt_stays_pending_until_it_is_unmasked)
{
	struct queue queue;
	int fd = event_fd();

	queue_open(&queue);
	irq_set(queue.ctx, ERROR, fd);
	irq_mask(queue.ctx, ERROR, true);
	irq_mask(queue.ctx, ERROR, true);
	stop_with_error(&queue);
	CHECK(ring_await_state(&queue.ring, SVA_ACCEL_QUEUE_ERROR), "the queue did not stop");
	CHECK_EQ(signals(fd), 0);
	irq_mask(queue.ctx, ERROR, false);
	CHECK_EQ(signals_await(fd), 1);
	queue_close(&queue);
}

TEST(ABI, unmasking_without_a_cause_signals_nothing)
{
	struct queue queue;
	int fd = event_fd();

	queue_open(&queue);
	irq_set(queue.ctx, ERROR, fd);
	irq_mask(queue.ctx, ERROR, false);
	irq_mask(queue.ctx, ERROR, true);
	irq_mask(queue.ctx, ERROR, false);
	CHECK_EQ(signals(fd), 0);
	queue_close(&queue);
}

/* The error event and the interrupt are told one after the other, so this waits */
TEST(ABI, eventfd_that_comes_after_the_cause_is_signalled_too)
{
	int fd = event_fd();
	struct queue queue;

	queue_open(&queue);
	stop_with_error(&queue);
	irq_set(queue.ctx, ERROR, fd);
	CHECK_EQ(signals_await(fd), 1);
	queue_close(&queue);
}

/* ------------------------------------------------------- unmasking by eventfd */

TEST(ABI, unmask_eventfd_unmasks_and_is_used_up)
{
	int fd = event_fd(), unmasker = event_fd();
	struct queue queue;

	queue_open(&queue);
	irq_set(queue.ctx, ERROR, fd);
	irq_set_unmasker(queue.ctx, ERROR, unmasker);
	stop_with_error(&queue);
	CHECK_EQ(signals_await(fd), 1);
	for (int i = 0; i < 5; i++) {
		CHECK_EQ(signals(fd), 0);
		signal_send(unmasker);
		CHECK_EQ(signals_await(fd), 1);
		CHECK_EQ(signals(unmasker), 0);
	}
	queue_close(&queue);
}

TEST(ABI, unmask_eventfd_that_was_signalled_before_unmasks_at_once)
{
	int fd = event_fd(), unmasker = event_fd();
	struct queue queue;

	queue_open(&queue);
	irq_set(queue.ctx, ERROR, fd);
	stop_with_error(&queue);
	CHECK_EQ(signals_await(fd), 1);
	signal_send(unmasker);
	irq_set_unmasker(queue.ctx, ERROR, unmasker);
	CHECK_EQ(signals_await(fd), 1);
	queue_close(&queue);
}

static void no_longer_unmasks(struct queue *queue, int fd, int unmasker)
{
	signal_send(unmasker);
	queue_succeed(queue, job_nop());
	CHECK_EQ(signals(unmasker), 1);
	stop_with_error(queue);
	CHECK_EQ(signals_await(fd), 1);
	signal_send(unmasker);
	CHECK_EQ(signals(unmasker), 1);
	CHECK_EQ(signals(fd), 0);
}

TEST(ABI, unmask_eventfd_can_be_taken_back)
{
	int fd = event_fd(), unmasker = event_fd();
	struct queue queue;

	queue_open(&queue);
	irq_set(queue.ctx, ERROR, fd);
	irq_set_unmasker(queue.ctx, ERROR, unmasker);
	irq_set_unmasker(queue.ctx, ERROR, -1);
	no_longer_unmasks(&queue, fd, unmasker);
	queue_close(&queue);
}

TEST(ABI, count_zero_takes_the_unmask_eventfd_back_too)
{
	int fd = event_fd(), unmasker = event_fd();
	struct queue queue;

	queue_open(&queue);
	irq_set(queue.ctx, ERROR, fd);
	irq_set_unmasker(queue.ctx, ERROR, unmasker);
	irq_disable(queue.ctx, ERROR, 0);
	irq_set(queue.ctx, ERROR, fd);
	no_longer_unmasks(&queue, fd, unmasker);
	queue_close(&queue);
}

static long kworker_ticks(const char *pid)
{
	char path[300], text[512];
	const char *at;
	long system;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	if (!text_read(path, text, sizeof(text)) || !strstr(text, "(kworker"))
		return 0;
	at = strrchr(text, ')');
	CHECK(at && sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %ld",
			   &system) == 1, "%s: %s", path, text);
	return system;
}

/* Time that all workqueues have taken, in clock ticks */
static long workqueue_ticks(void)
{
	struct dirent *entry;
	long sum = 0;
	DIR *dir = opendir("/proc");

	CHECK(dir, "%s", strerror(errno));
	while ((entry = readdir(dir)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
			sum += kworker_ticks(entry->d_name);
	closedir(dir);
	return sum;
}

/*
 * How much of one processor workqueues take while this process does nothing.  Less than
 * none where a worker went, and took its time along.
 */
static long workqueue_load_percent(void)
{
	const struct timespec second = { .tv_sec = 1 };
	long before = workqueue_ticks();

	nanosleep(&second, NULL);
	return (workqueue_ticks() - before) * 100 / sysconf(_SC_CLK_TCK);
}

struct load {
	long before, percent;
};

/* A storm takes each second; a processor of the host that stands still takes one */
static bool is_calm(void *arg)
{
	struct load *load = arg;

	load->percent = workqueue_load_percent();
	return load->percent <= load->before + 25;
}

/*
 * One eventfd as the interrupt's and as that which unmasks it: each signal asks
 * for the next, which must not become the host's work for ever.
 */
TEST(R8, one_eventfd_for_both_neither_deadlocks_nor_storms)
{
	int fd = event_fd();
	struct queue queue;
	struct load load;
	bool calm;

	queue_open(&queue);
	irq_set(queue.ctx, ERROR, fd);
	stop_with_error(&queue);
	load.before = workqueue_load_percent();
	irq_set_unmasker(queue.ctx, ERROR, fd);
	signal_send(fd);
	irq_mask(queue.ctx, ERROR, false);
	calm = wait_until(is_calm, &load, PATIENCE_MS);
	irq_disable(queue.ctx, ERROR, 0);
	queue_close(&queue);
	test_note("workqueues: %ld %% of a processor, %ld %% without", load.percent, load.before);
	CHECK(calm, "workqueues take %ld %% of a processor, and %ld %% without", load.percent,
	      load.before);
}

/* -------------------------------------------------------------- after the end */

TEST(R5, interrupts_are_disabled_when_the_context_ends)
{
	int fd = event_fd(), unmasker = event_fd(), minus = -1;
	struct sva_set_irqs arg = irqs_arg(SVA_IRQ_SET_EVENTFD, COMPLETION, 1, &minus);
	struct queue queue;

	queue_open(&queue);
	irq_set(queue.ctx, COMPLETION, fd);
	irq_set(queue.ctx, ERROR, fd);
	irq_set_unmasker(queue.ctx, ERROR, unmasker);
	context_unbind(queue.ctx, queue.pasid, 0);
	ring_write_tail(&queue.ring, queue.ring.tail + queue.ring.entries + 1);
	signal_send(unmasker);
	CHECK_EQ(signals(unmasker), 1);
	CHECK_EQ(signals(fd), 0);
	REFUSED(queue.ctx, SVA_CONTEXT_SET_IRQS, &arg, EPERM, SVA_REASON_CONTEXT_ENDED);
	arg = irqs_arg(SVA_IRQ_SET_UNMASK, ERROR, 1, NULL);
	REFUSED(queue.ctx, SVA_CONTEXT_SET_IRQS, &arg, EPERM, SVA_REASON_CONTEXT_ENDED);
}

TEST(R5, revoke_disables_an_asserted_interrupt_with_its_unmasker)
{
	for (int round = 0; round < 20; round++) {
		int fd = event_fd(), unmasker = event_fd();
		struct queue queue;

		queue_open(&queue);
		irq_set(queue.ctx, ERROR, fd);
		irq_set_unmasker(queue.ctx, ERROR, unmasker);
		stop_with_error(&queue);
		CHECK_EQ(signals_await(fd), 1);
		context_revoke(queue.node, queue.id);
		for (int i = 0; i < 50; i++)
			signal_send(unmasker);
		event_await(queue.node, SVA_EVENT_ENDED, queue.id);
		signals(fd);
		signals(unmasker);
		signal_send(unmasker);
		CHECK_EQ(signals(unmasker), 1);
		CHECK_EQ(signals(fd), 0);
		ring_close(&queue.ring);
		close(queue.ctx);
		close(queue.node);
		close(fd);
		close(unmasker);
	}
}

static void stops_with_an_error(int line, void *arg)
{
	int *fds = arg;
	struct queue queue;

	queue_open(&queue);
	irq_set(queue.ctx, ERROR, fds[0]);
	irq_set_unmasker(queue.ctx, ERROR, fds[1]);
	stop_with_error(&queue);
	word_send(line, queue.id);
	word_receive(line);
}

/* The other holder of the eventfds sees the end, and cannot reach the dead one's context */
TEST(R5, kill_lets_go_of_eventfds_that_others_hold)
{
	int fds[2] = { event_fd(), event_fd() };
	int node = node_open();
	struct child child;
	uint64_t id;

	child_start(&child, stops_with_an_error, fds);
	id = word_receive(child.line);
	CHECK_EQ(signals_await(fds[0]), 1);
	child_kill(&child);
	event_await(node, SVA_EVENT_ENDED, id);
	signal_send(fds[1]);
	CHECK_EQ(signals(fds[1]), 1);
	CHECK_EQ(signals(fds[0]), 0);
}
