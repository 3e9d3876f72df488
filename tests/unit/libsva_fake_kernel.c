// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_fake_kernel.c - sva.ko's ioctls, for libsva's tests
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libsva_fake_kernel.h"

struct fake_kernel fake_kernel = { .fd = -1, .peer = -1, .eventfd = -1 };

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

#define PAGE ((uint64_t)sysconf(_SC_PAGESIZE))

static void start_over(void)
{
	fake_kernel_end();
	fake_kernel = (struct fake_kernel) {
		.fd = -1, .peer = -1, .eventfd = -1, .no_mmap = -1,
		.release = SVA_RELEASE_CLEAN,
	};
}

void fake_kernel_regions(void)
{
	struct fake_regions regions;

	start_over();
	fake_kernel.fd = memfd_create("context", MFD_CLOEXEC);
	if (fake_kernel.fd < 0 || ftruncate(fake_kernel.fd, (off_t)(4 * PAGE)) < 0)
		abort();
	fake_regions_map(&regions);
	regions.status->state = SVA_ACCEL_QUEUE_RUNNING;
	regions.status->entries = FAKE_ENTRIES;
	fake_regions_unmap(&regions);
}

void fake_kernel_events(void)
{
	int ends[2];

	start_over();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	fake_kernel.fd = ends[0];
	fake_kernel.peer = ends[1];
}

void fake_kernel_end(void)
{
	if (fake_kernel.fd >= 0)
		close(fake_kernel.fd);
	if (fake_kernel.peer >= 0)
		close(fake_kernel.peer);
	if (fake_kernel.eventfd >= 0)
		close(fake_kernel.eventfd);
	fake_kernel.fd = fake_kernel.peer = fake_kernel.eventfd = -1;
}

static void *page_map(uint64_t page)
{
	void *addr = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fake_kernel.fd,
			  (off_t)(page * PAGE));

	if (addr == MAP_FAILED)
		abort();
	return addr;
}

/* Page 0 is where events are read */
void fake_regions_map(struct fake_regions *regions)
{
	regions->doorbell = page_map(1 + SVA_ACCEL_REGION_DOORBELL);
	regions->ring = page_map(1 + SVA_ACCEL_REGION_RING);
	regions->status = page_map(1 + SVA_ACCEL_REGION_STATUS);
}

void fake_regions_unmap(struct fake_regions *regions)
{
	munmap(regions->doorbell, PAGE);
	munmap(regions->ring, PAGE);
	munmap(regions->status, PAGE);
}

bool fake_kernel_is_context(int fd)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fake_kernel.fd >= 0 && fstat(fake_kernel.fd, &b) == 0 &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int refuse(uint32_t *slot, int error, uint32_t reason)
{
	*slot = reason;
	errno = error;
	return -1;
}

static int bind_task(struct sva_bind_task *bind)
{
	if (fake_kernel.interrupts && fake_kernel.interrupts--)
		return refuse(&bind->reason, EINTR, SVA_REASON_INTERRUPTED);
	if (fake_kernel.bind_error)
		return refuse(&bind->reason, -fake_kernel.bind_error, fake_kernel.bind_reason);
	if (bind->argsz != sizeof(*bind) || bind->pid || bind->reserved)
		return refuse(&bind->reason, EINVAL, SVA_REASON_RESERVED);
	fake_kernel.binds++;
	fake_kernel.bind_flags = bind->flags;
	bind->pasid = FAKE_PASID;
	return 0;
}

static int unbind_task(struct sva_unbind_task *unbind)
{
	fake_kernel.unbinds++;
	fake_kernel.unbind_flags = unbind->flags;
	fake_kernel.unbind_pasid = unbind->pasid;
	unbind->release = fake_kernel.release;
	return 0;
}

static int context_info(struct sva_context_info *info)
{
	info->state = fake_kernel.binds > fake_kernel.unbinds ? SVA_STATE_BOUND :
			SVA_STATE_CREATED;
	info->pasid = FAKE_PASID;
	info->num_regions = SVA_ACCEL_NUM_REGIONS;
	info->last_reason = fake_kernel.last_reason;
	info->end_reason = fake_kernel.end_reason;
	strcpy(info->device, "soft0");
	return 0;
}

static int get_region_info(struct sva_region_info *info)
{
	if (info->index >= SVA_ACCEL_NUM_REGIONS)
		return refuse(&info->reason, ENOENT, SVA_REASON_NO_SUCH_REGION);
	info->flags = SVA_REGION_FLAG_READ;
	if (info->index != SVA_ACCEL_REGION_STATUS)
		info->flags |= SVA_REGION_FLAG_WRITE;
	if ((int)info->index != fake_kernel.no_mmap)
		info->flags |= SVA_REGION_FLAG_MMAP;
	info->size = PAGE;
	info->offset = PAGE * (1 + info->index);
	return 0;
}

static int set_irqs(struct sva_set_irqs *set)
{
	int32_t fd;

	if (set->index >= SVA_ACCEL_NUM_IRQS)
		return refuse(&set->reason, ENOENT, SVA_REASON_NO_SUCH_IRQ);
	memcpy(&fd, (void *)(uintptr_t)set->fds, sizeof(fd));
	if (fake_kernel.eventfd >= 0)
		close(fake_kernel.eventfd);
	fake_kernel.eventfd = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	__atomic_add_fetch(&fake_kernel.irq_sets, 1, __ATOMIC_RELEASE);	/* tests wait for it */
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	uint32_t *head;
	va_list args;

	va_start(args, request);
	head = va_arg(args, uint32_t *);
	va_end(args);
	if (!fake_kernel_is_context(fd))
		return __real_ioctl(fd, request, head);
	if (fake_kernel.error)
		return refuse(&head[2], -fake_kernel.error, fake_kernel.reason);
	switch (request) {
	case SVA_BIND_TASK:
		return bind_task((void *)head);
	case SVA_UNBIND_TASK:
		return unbind_task((void *)head);
	case SVA_CONTEXT_GET_INFO:
		return context_info((void *)head);
	case SVA_CONTEXT_GET_REGION_INFO:
		return get_region_info((void *)head);
	case SVA_CONTEXT_SET_IRQS:
		return set_irqs((void *)head);
	case SVA_CONTEXT_PIN:
	case SVA_CONTEXT_UNPIN:
		fake_kernel.pin_request = request;
		fake_kernel.pin = *(struct sva_pin *)head;
		return 0;
	default:
		errno = ENOTTY;
		return -1;
	}
}
