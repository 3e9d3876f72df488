// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fake_accel.c - see fake_accel.h
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/sva.h>
#include <linux/sva_accel.h>

#include "fake_accel.h"
#include "tests/vm/device/job.h"
#include "tests/vm/device/memory.h"

#define PAGE		4096u
#define CONTEXT_SIZE	((off_t)(1 + SVA_ACCEL_NUM_REGIONS) * PAGE)
#define IDLE_YIELDS	50

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__real_mmap64(void *addr, size_t size, int prot, int flags, int fd, off_t offset);
void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd, off_t offset);
ssize_t __real_pwrite64(int fd, const void *buffer, size_t size, off_t where);
ssize_t __wrap_pwrite64(int fd, const void *buffer, size_t size, off_t where);
int __real_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);
int __real_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
		 const sigset_t *mask);
int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
		 const sigset_t *mask);
int __real_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);
int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event);

/**
 * struct context - one that is bound in this process
 * @ino: of its memfd
 * @regions: where the library has mapped them
 * @wake: an eventfd that the device sleeps on
 * @irq: the completion interrupt's eventfd, or -1; with @irq_lock
 * @end: a pipe that hangs up when the context ends
 */
struct context {
	struct context *next;
	ino_t ino;
	void *regions[SVA_ACCEL_NUM_REGIONS];
	pthread_t thread;
	bool runs, stop;
	uint32_t end_reason;
	int wake;
	pthread_mutex_t irq_lock;
	int irq;
	int end[2];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct context *contexts;
static bool paused, endless;
static unsigned int completed, pins, naps;

static void give_up(const char *what)
{
	perror(what);
	abort();
}

int fake_accel_context(void)
{
	int fd = memfd_create("sva-context", MFD_CLOEXEC);

	if (fd < 0 || ftruncate(fd, CONTEXT_SIZE) < 0)
		give_up("memfd_create");
	return fd;
}

void fake_accel_pause(bool pause)
{
	__atomic_store_n(&paused, pause, __ATOMIC_RELEASE);
}

unsigned int fake_accel_completed(void)
{
	return __atomic_load_n(&completed, __ATOMIC_ACQUIRE);
}

unsigned int fake_accel_naps(void)
{
	return __atomic_load_n(&naps, __ATOMIC_ACQUIRE);
}

void fake_accel_endless_naps(bool are_endless)
{
	__atomic_store_n(&endless, are_endless, __ATOMIC_RELEASE);
}

unsigned int fake_accel_pins(void)
{
	return __atomic_load_n(&pins, __ATOMIC_ACQUIRE);
}

/* ---------------------------------------------------------------- memory */

bool memory_at(struct context *ctx, uint64_t address, uint64_t len, bool write,
	       struct place *place)
{
	unsigned char resident;
	uintptr_t page = (uintptr_t)address & ~(uintptr_t)(PAGE - 1);

	(void)ctx;
	(void)write;
	if (mincore((void *)page, PAGE, &resident) < 0)
		return false;
	place->host = (const uint8_t *)(uintptr_t)address;
	place->memory = address;
	place->len = PAGE - address % PAGE < len ? PAGE - address % PAGE : len;
	return true;
}

void memory_store(const struct place *place, const void *data, size_t len)
{
	memmove((void *)(uintptr_t)place->memory, data, len);
}

/* ---------------------------------------------------------------- device */

static void job_run(struct job *job)
{
	uint32_t status;
	step_fn step = operation_find(&job->desc, &status);
	enum step end = STEP_MORE;

	job->record.status = status;
	if (!step)
		return;
	job->node = job->desc.src;
	while (end == STEP_MORE)
		end = step(job);
	job->record.status = end == STEP_DONE ? SVA_ACCEL_SUCCESS : SVA_ACCEL_PAGE_FAULT;
	if (end == STEP_MISS) {
		job->record.fault_addr = job->miss;
		job->record.fault_access = job->miss_access;
	}
}

static void record_write(const struct job *job)
{
	struct sva_accel_completion *record = (void *)(uintptr_t)job->desc.completion;
	uint32_t status = job->record.status;

	if (!record)
		return;
	record->result = job->record.result;
	record->done = job->record.done;
	record->fault_addr = job->record.fault_addr;
	record->fault_access = job->record.fault_access;
	__atomic_store_n(&record->status, status, __ATOMIC_RELEASE);
}

static void irq_raise(struct context *ctx)
{
	pthread_mutex_lock(&ctx->irq_lock);
	if (ctx->irq >= 0)
		eventfd_write(ctx->irq, 1);
	pthread_mutex_unlock(&ctx->irq_lock);
}

static struct sva_accel_status *status_of(const struct context *ctx)
{
	return ctx->regions[SVA_ACCEL_REGION_STATUS];
}

static struct sva_accel_doorbell *doorbell_of(const struct context *ctx)
{
	return ctx->regions[SVA_ACCEL_REGION_DOORBELL];
}

static void descriptor_run(struct context *ctx, uint32_t index)
{
	const struct sva_accel_desc *ring = ctx->regions[SVA_ACCEL_REGION_RING];
	struct job job = { .ctx = ctx, .desc = ring[index % FAKE_ACCEL_ENTRIES], .index = index };
	uint32_t abort_before = __atomic_load_n(&doorbell_of(ctx)->abort, __ATOMIC_ACQUIRE);

	if ((int32_t)(abort_before - index) > 0)
		job.record.status = SVA_ACCEL_ABORTED;
	else
		job_run(&job);
	record_write(&job);
	__atomic_add_fetch(&completed, 1, __ATOMIC_ACQ_REL);
	__atomic_store_n(&status_of(ctx)->head, index + 1, __ATOMIC_RELEASE);
	if (job.desc.flags & SVA_ACCEL_DESC_IRQ)
		irq_raise(ctx);
}

static bool has_stopped(const struct context *ctx)
{
	return __atomic_load_n(&ctx->stop, __ATOMIC_ACQUIRE);
}

static bool has_work(const struct context *ctx, uint32_t head)
{
	/* in this order: of what is submitted in a pause, nothing is run before its end */
	return __atomic_load_n(&doorbell_of(ctx)->tail, __ATOMIC_SEQ_CST) != head &&
	       !__atomic_load_n(&paused, __ATOMIC_ACQUIRE);
}

/* Flag, full barrier, tail: ring.c has the opposite */
static void idle(struct context *ctx, uint32_t head)
{
	struct pollfd wake = { .fd = ctx->wake, .events = POLLIN };
	eventfd_t count;

	for (int i = 0; i < IDLE_YIELDS; i++) {
		sched_yield();
		if (has_work(ctx, head))
			return;
	}
	__atomic_store_n(&status_of(ctx)->flags, SVA_ACCEL_STATUS_NEED_DOORBELL, __ATOMIC_SEQ_CST);
	/* a pause is looked at now and then, all else wakes */
	if (!has_work(ctx, head))
		__real_poll(&wake, 1, __atomic_load_n(&paused, __ATOMIC_ACQUIRE) ? 1 : -1);
	__atomic_store_n(&status_of(ctx)->flags, 0, __ATOMIC_SEQ_CST);
	eventfd_read(ctx->wake, &count);
}

static void *device(void *arg)
{
	struct context *ctx = arg;
	uint32_t head = status_of(ctx)->head;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	while (!has_stopped(ctx)) {
		if (has_work(ctx, head))
			descriptor_run(ctx, head++);
		else
			idle(ctx, head);
	}
	return NULL;
}

static void device_start(struct context *ctx)
{
	for (int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		if (!ctx->regions[i])
			return;
	}
	if (pthread_create(&ctx->thread, NULL, device, ctx))
		give_up("pthread_create");
	ctx->runs = true;
}

static void device_stop(struct context *ctx, uint32_t state)
{
	__atomic_store_n(&ctx->stop, true, __ATOMIC_RELEASE);
	eventfd_write(ctx->wake, 1);
	if (!ctx->runs)
		return;
	pthread_join(ctx->thread, NULL);
	ctx->runs = false;
	__atomic_store_n(&status_of(ctx)->state, state, __ATOMIC_RELEASE);
}

/* -------------------------------------------------------------- contexts */

static bool is_context(int fd, ino_t *ino)
{
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_size != CONTEXT_SIZE ||
	    fcntl(fd, F_GET_SEALS) < 0)
		return false;
	*ino = status.st_ino;
	return true;
}

/* With the lock held */
static struct context *context_find(ino_t ino)
{
	struct context *ctx = contexts;

	while (ctx && ctx->ino != ino)
		ctx = ctx->next;
	return ctx;
}

static struct context *context_of(int fd)
{
	struct context *ctx;
	ino_t ino;

	if (!is_context(fd, &ino))
		return NULL;
	pthread_mutex_lock(&lock);
	ctx = context_find(ino);
	pthread_mutex_unlock(&lock);
	return ctx;
}

static void hang_up(struct context *ctx)
{
	if (ctx->end[1] >= 0)
		close(ctx->end[1]);
	ctx->end[1] = -1;
}

void fake_accel_hang_up(void)
{
	for (struct context *ctx = contexts; ctx; ctx = ctx->next)
		hang_up(ctx);
}

void fake_accel_end(uint32_t state, uint32_t reason)
{
	fake_accel_hang_up();
	for (struct context *ctx = contexts; ctx; ctx = ctx->next) {
		__atomic_store_n(&ctx->end_reason, reason, __ATOMIC_RELEASE);
		device_stop(ctx, state);
	}
}

static int refuse(uint32_t *head, int error, uint32_t reason)
{
	head[2] = reason;
	errno = error;
	return -1;
}

static int bind_task(ino_t ino, struct sva_bind_task *bind)
{
	struct context *ctx = calloc(1, sizeof(*ctx));

	if (!ctx || pipe2(ctx->end, O_CLOEXEC) < 0)
		give_up("bind");
	ctx->ino = ino;
	ctx->irq = -1;
	pthread_mutex_init(&ctx->irq_lock, NULL);
	ctx->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_lock(&lock);
	ctx->next = contexts;
	contexts = ctx;
	pthread_mutex_unlock(&lock);
	bind->pasid = FAKE_ACCEL_PASID;
	return 0;
}

static int unbind_task(struct context *ctx, struct sva_unbind_task *unbind)
{
	struct context **at = &contexts;

	device_stop(ctx, SVA_ACCEL_QUEUE_STOPPED);
	hang_up(ctx);
	pthread_mutex_lock(&lock);
	while (*at != ctx)
		at = &(*at)->next;
	*at = ctx->next;
	pthread_mutex_unlock(&lock);
	close(ctx->end[0]);
	close(ctx->wake);
	if (ctx->irq >= 0)
		close(ctx->irq);
	pthread_mutex_destroy(&ctx->irq_lock);
	free(ctx);
	unbind->release = SVA_RELEASE_CLEAN;
	return 0;
}

static int context_info(const struct context *ctx, struct sva_context_info *info)
{
	info->state = !ctx ? SVA_STATE_CREATED : has_stopped(ctx) ? SVA_STATE_ENDED : SVA_STATE_BOUND;
	info->pasid = ctx ? FAKE_ACCEL_PASID : 0;
	info->num_regions = SVA_ACCEL_NUM_REGIONS;
	info->end_reason = ctx ? __atomic_load_n(&ctx->end_reason, __ATOMIC_ACQUIRE) : 0;
	strcpy(info->device, "fake0");
	return 0;
}

static int region_info(struct sva_region_info *info)
{
	if (info->index >= SVA_ACCEL_NUM_REGIONS)
		return refuse((uint32_t *)info, ENOENT, SVA_REASON_NO_SUCH_REGION);
	/* the status too, for the device uses the process's own mapping */
	info->flags = SVA_REGION_FLAG_MMAP | SVA_REGION_FLAG_READ | SVA_REGION_FLAG_WRITE;
	info->size = PAGE;
	info->offset = PAGE * (1 + info->index);
	return 0;
}

/* The kernel's own reference to a file takes up none of the process's fds */
static int reference(int fd)
{
	struct rlimit before, most;

	getrlimit(RLIMIT_NOFILE, &before);
	most = before;
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 512);
	setrlimit(RLIMIT_NOFILE, &before);
	return fd;
}

static int set_irqs(struct context *ctx, const struct sva_set_irqs *set)
{
	int fd = *(const int32_t *)(uintptr_t)set->fds, old;

	if (fd >= 0)
		fd = reference(fd);
	pthread_mutex_lock(&ctx->irq_lock);
	old = ctx->irq;
	ctx->irq = fd;
	if (old >= 0)
		close(old);
	pthread_mutex_unlock(&ctx->irq_lock);
	return 0;
}

static int bound_ioctl(struct context *ctx, unsigned long request, void *arg)
{
	switch (request) {
	case SVA_BIND_TASK:
		return refuse(arg, EBUSY, SVA_REASON_ALREADY_BOUND);
	case SVA_UNBIND_TASK:
		return unbind_task(ctx, arg);
	case SVA_CONTEXT_GET_REGION_INFO:
		return region_info(arg);
	case SVA_CONTEXT_SET_IRQS:
		return set_irqs(ctx, arg);
	case SVA_CONTEXT_PIN:
	case SVA_CONTEXT_UNPIN:
		__atomic_add_fetch(&pins, 1, __ATOMIC_ACQ_REL);
		return 0;
	}
	errno = ENOTTY;
	return -1;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	struct context *ctx;
	va_list args;
	void *arg;
	ino_t ino;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (!is_context(fd, &ino))
		return __real_ioctl(fd, request, arg);
	ctx = context_of(fd);
	if (request == SVA_CONTEXT_GET_INFO)
		return context_info(ctx, arg);
	if (ctx)
		return bound_ioctl(ctx, request, arg);
	if (request == SVA_BIND_TASK)
		return bind_task(ino, arg);
	return refuse(arg, EPERM, SVA_REASON_NOT_BOUND);
}

/* ------------------------------------------- what else is done with the fd */

void *__wrap_mmap64(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
	void *mapped = __real_mmap64(addr, size, prot, flags, fd, offset);
	struct context *ctx = fd >= 0 && mapped != MAP_FAILED ? context_of(fd) : NULL;
	struct sva_accel_status *status;

	if (!ctx || offset < PAGE)
		return mapped;
	if (offset == PAGE * (1 + SVA_ACCEL_REGION_STATUS)) {
		status = mapped;
		status->entries = FAKE_ACCEL_ENTRIES;
		status->state = SVA_ACCEL_QUEUE_RUNNING;
	}
	ctx->regions[offset / PAGE - 1] = mapped;
	device_start(ctx);
	return mapped;
}

ssize_t __wrap_pwrite64(int fd, const void *buffer, size_t size, off_t where)
{
	struct context *ctx = context_of(fd);

	if (!ctx)
		return __real_pwrite64(fd, buffer, size, where);
	if (has_stopped(ctx)) {
		errno = EPERM;
		return -1;
	}
	eventfd_write(ctx->wake, 1);
	return (ssize_t)size;
}

/* What can be polled of a context is its end. */
static int polled_fd(int fd)
{
	struct context *ctx = context_of(fd);

	return ctx ? ctx->end[0] : fd;
}

static int poll_with(struct pollfd *fds, nfds_t count, const struct timespec *time,
		     const sigset_t *mask)
{
	struct pollfd copy[16];
	int ret;

	if (count > 16)
		give_up("poll");
	for (nfds_t i = 0; i < count; i++) {
		copy[i] = fds[i];
		copy[i].fd = polled_fd(fds[i].fd);
	}
	ret = __real_ppoll(copy, count, time, mask);
	for (nfds_t i = 0; i < count; i++)
		fds[i].revents = copy[i].revents;
	return ret;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
	struct timespec time = { timeout_ms / 1000, timeout_ms % 1000 * 1000000 };

	return poll_with(fds, count, timeout_ms < 0 ? NULL : &time, NULL);
}

int __wrap_ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
		 const sigset_t *mask)
{
	__atomic_add_fetch(&naps, 1, __ATOMIC_ACQ_REL);
	return poll_with(fds, count, __atomic_load_n(&endless, __ATOMIC_ACQUIRE) ? NULL : time,
			 mask);
}

int __wrap_epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event)
{
	return __real_epoll_ctl(epoll, operation, polled_fd(fd), event);
}
