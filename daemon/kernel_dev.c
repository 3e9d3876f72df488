// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kernel_dev.c - the real kernel, through /dev/sva/NAME
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "kernel.h"

static int control(int device, unsigned long request, void *argument)
{
	return ioctl(device, request, argument) < 0 ? -errno : 0;
}

int kernel_device_open(const char *node)
{
	autoclose int device = open(node, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct sva_device_info info;
	struct stat status;
	int err;

	if (device < 0)
		return -errno;
	if (fstat(device, &status))
		return -errno;
	if (!S_ISCHR(status.st_mode))
		return -ENOTTY;
	err = kernel_device_info(device, &info);
	return err ? err : fd_take(&device);
}

int kernel_device_info(int device, struct sva_device_info *info)
{
	*info = (struct sva_device_info){ .argsz = sizeof(*info) };
	return control(device, SVA_DEVICE_GET_INFO, info);
}

int kernel_type_info(int device, uint32_t index, struct sva_type_info *info)
{
	*info = (struct sva_type_info){ .argsz = sizeof(*info), .index = index };
	return control(device, SVA_DEVICE_GET_TYPE_INFO, info);
}

int kernel_context_create(int device, struct sva_create_context *create)
{
	create->argsz = sizeof(*create);
	return control(device, SVA_DEVICE_CREATE_CONTEXT, create);
}

int kernel_contexts_list(int device, uint64_t after, struct sva_context_entry *entries,
			 uint32_t *count)
{
	struct sva_list_contexts list = {
		.argsz = sizeof(list),
		.count = *count,
		.after = after,
		.entries = (uintptr_t)entries,
		.entry_size = sizeof(*entries),
	};
	int err = control(device, SVA_DEVICE_LIST_CONTEXTS, &list);

	*count = err ? 0 : list.count;
	return err;
}

int kernel_context_revoke(int device, uint64_t context, uint32_t *reason)
{
	struct sva_revoke_context revoke = { .argsz = sizeof(revoke), .id = context };
	int err = control(device, SVA_DEVICE_REVOKE_CONTEXT, &revoke);

	*reason = revoke.reason;
	return err;
}

int kernel_device_reset(int device, uint32_t *reason)
{
	struct sva_device_reset reset = { .argsz = sizeof(reset) };
	int err = control(device, SVA_DEVICE_RESET, &reset);

	*reason = reset.reason;
	return err;
}

void kernel_step(const char *step)
{
	(void)step;
}

ssize_t kernel_events_read(int device, struct sva_event *events, size_t count)
{
	ssize_t length;

	do {
		length = read(device, events, count * sizeof(*events));
	} while (length < 0 && errno == EINTR);
	if (length < 0)
		return errno == EAGAIN ? 0 : -errno;
	return length / (ssize_t)sizeof(*events);
}
