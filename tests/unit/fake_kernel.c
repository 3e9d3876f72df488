// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fake_kernel.c - daemon/kernel.h without a kernel
 */
#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "fake_kernel.h"
#include "kernel.h"

#define FAKE_DEVICES	64
#define FAKE_TYPES	4
#define FAKE_READERS	4
#define FAKE_CONTEXTS	20000

struct fake_context {
	struct sva_context_entry entry;
	int held;	/* the other end, -1: ended or not svad's */
};

struct fake_device {
	bool plugged;
	bool cheap;
	struct sva_device_info info;
	char types[FAKE_TYPES][SVA_NAME_LEN];
	int readers[FAKE_READERS];	/* svad's control nodes */
	int writers[FAKE_READERS];	/* and where the test writes their events */
	size_t num_readers;
	struct fake_context contexts[FAKE_CONTEXTS];
	size_t num_contexts;
	int open_error;
	int create_error;
	uint32_t create_reason;
	int list_error;
	int revoke_error;
	unsigned int lists;
	unsigned int revokes;
	unsigned int resets;
	uint64_t next_id;
	uint64_t last_id;
};

static struct fake_device *devices[FAKE_DEVICES];

void (*fake_step)(const char *step);

/* --------------------------------------------------------- for the tests */

struct fake_device *fake_plug(const char *name, uint32_t contexts)
{
	struct fake_device *device = mmap(NULL, sizeof(*device), PROT_READ | PROT_WRITE,
					  MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert(device != MAP_FAILED);
	device->plugged = true;
	device->info.flags = SVA_DEVICE_FLAG_PASID | SVA_DEVICE_FLAG_SOFTWARE |
			     SVA_DEVICE_FLAG_VIABLE;
	device->info.pasid_bits = 16;
	device->info.group = 7;
	device->info.max_contexts = contexts;
	name_copy(device->info.name, name, SVA_NAME_LEN);
	fake_add_type(device, "shared");
	for (size_t i = 0; i < FAKE_DEVICES; i++) {
		if (devices[i])
			continue;
		devices[i] = device;
		device->next_id = (i + 1) << 20;
		return device;
	}
	abort();
}

void fake_add_type(struct fake_device *device, const char *type)
{
	assert(device->info.num_types < FAKE_TYPES);
	name_copy(device->types[device->info.num_types++], type, SVA_NAME_LEN);
}

static void post(struct fake_device *device, const struct sva_event *event)
{
	for (size_t i = 0; i < device->num_readers; i++)
		(void)!send(device->writers[i], event, sizeof(*event),
			    MSG_NOSIGNAL | MSG_DONTWAIT);
}

void fake_post(struct fake_device *device, uint32_t type, uint64_t id,
	       enum sva_release release)
{
	struct sva_event event = {
		.type = type, .context = id, .release = release, .count = 1,
	};

	post(device, &event);
}

void fake_unplug(struct fake_device *device)
{
	device->plugged = false;
	fake_post(device, SVA_EVENT_GONE, 0, 0);
}

void fake_hang_up(struct fake_device *device)
{
	for (size_t i = 0; i < device->num_readers; i++)
		fd_close(&device->writers[i]);
}

static void fake_free(struct fake_device *device)
{
	for (size_t i = 0; i < device->num_contexts; i++)
		fd_close(&device->contexts[i].held);
	for (size_t i = 0; i < device->num_readers; i++)
		fd_close(&device->writers[i]);
	munmap(device, sizeof(*device));
}

void fake_reset(void)
{
	for (size_t i = 0; i < FAKE_DEVICES; i++) {
		if (devices[i])
			fake_free(devices[i]);
		devices[i] = NULL;
	}
}

void fake_fail_open(struct fake_device *device, int error)
{
	device->open_error = error;
}

void fake_fail_create(struct fake_device *device, int error, uint32_t reason)
{
	device->create_error = error;
	device->create_reason = reason;
}

void fake_fail_list(struct fake_device *device, int error)
{
	device->list_error = error;
}

void fake_set_sva_reason(struct fake_device *device, uint32_t reason)
{
	device->info.sva_reason = reason;
}

void fake_make_cheap(struct fake_device *device)
{
	device->cheap = true;
}

static struct fake_context *context_append(struct fake_device *device, uint32_t account,
					   int32_t owner)
{
	struct fake_context *context;

	assert(device->num_contexts < FAKE_CONTEXTS);
	context = &device->contexts[device->num_contexts++];
	*context = (struct fake_context){ .held = -1 };
	context->entry.id = device->last_id = ++device->next_id;
	context->entry.account = account;
	context->entry.owner = owner;
	context->entry.state = SVA_STATE_BOUND;
	context->entry.release = SVA_RELEASE_PENDING;
	return context;
}

uint64_t fake_context_add(struct fake_device *device, uint32_t account, int32_t owner)
{
	return context_append(device, account, owner)->entry.id;
}

static struct fake_context *context_find(const struct fake_device *device, uint64_t id)
{
	for (size_t i = 0; i < device->num_contexts; i++) {
		if (device->contexts[i].entry.id == id)
			return (struct fake_context *)&device->contexts[i];
	}
	return NULL;
}

bool fake_has_context(const struct fake_device *device, uint64_t id)
{
	return context_find(device, id) != NULL;
}

void fake_context_set_cookie(struct fake_device *device, uint64_t id, uint64_t cookie)
{
	context_find(device, id)->entry.cookie = cookie;
}

uint64_t fake_last_cookie(const struct fake_device *device)
{
	return context_find(device, device->last_id)->entry.cookie;
}

unsigned int fake_revokes(const struct fake_device *device)
{
	return device->revokes;
}

unsigned int fake_resets(const struct fake_device *device)
{
	return device->resets;
}

void fake_fail_revoke(struct fake_device *device, int error)
{
	device->revoke_error = error;
}

static bool is_among(uint64_t id, const uint64_t *ids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (ids[i] == id)
			return true;
	}
	return false;
}

void fake_svad_died(struct fake_device *device, const uint64_t *held, size_t count)
{
	size_t kept = 0;

	/* the fds were the child's */
	device->num_readers = 0;
	for (size_t i = 0; i < device->num_contexts; i++) {
		if (!is_among(device->contexts[i].entry.id, held, count))
			continue;
		device->contexts[kept] = device->contexts[i];
		device->contexts[kept++].held = -1;
	}
	device->num_contexts = kept;
}

void fake_context_set_state(struct fake_device *device, uint64_t id, uint32_t state)
{
	struct fake_context *context = context_find(device, id);

	assert(context);
	context->entry.state = state;
}

static void context_remove(struct fake_device *device, uint64_t id)
{
	struct fake_context *context = context_find(device, id);

	assert(context);
	fd_close(&context->held);
	/* keeps the order, as LIST_CONTEXTS does */
	memmove(context, context + 1,
		(size_t)(device->contexts + device->num_contexts - context - 1) * sizeof(*context));
	device->num_contexts--;
}

void fake_context_end(struct fake_device *device, uint64_t id, enum sva_release release)
{
	struct fake_context *context = context_find(device, id);

	assert(context);
	fake_post(device, SVA_EVENT_ENDED, id, release);
	if (release != SVA_RELEASE_NEITHER) {
		context_remove(device, id);
		return;
	}
	context->entry.state = SVA_STATE_QUARANTINED;
	context->entry.release = release;
	fd_close(&context->held);
	fake_post(device, SVA_EVENT_QUARANTINED, id, release);
}

void fake_context_end_silently(struct fake_device *device, uint64_t id)
{
	context_remove(device, id);
}

void fake_context_release(struct fake_device *device, uint64_t id)
{
	context_remove(device, id);
	fake_post(device, SVA_EVENT_RELEASED, id, SVA_RELEASE_CLEAN);
}

static bool context_is_held(const struct fake_context *context)
{
	struct pollfd pollfd = { .fd = context->held };

	return context->held < 0 || (poll(&pollfd, 1, 0) >= 0 && !(pollfd.revents & POLLHUP));
}

bool fake_context_has_holder(struct fake_device *device, uint64_t id)
{
	struct fake_context *context = context_find(device, id);

	return context && context->held >= 0 && context_is_held(context);
}

size_t fake_end_unheld(struct fake_device *device)
{
	size_t ended = 0;

	for (size_t i = 0; i < device->num_contexts;) {
		if (context_is_held(&device->contexts[i])) {
			i++;
			continue;
		}
		fake_context_end(device, device->contexts[i].entry.id, SVA_RELEASE_CLEAN);
		ended++;
	}
	return ended;
}

size_t fake_contexts(const struct fake_device *device)
{
	return device->num_contexts;
}

uint64_t fake_last_id(const struct fake_device *device)
{
	return device->last_id;
}

int32_t fake_last_owner(const struct fake_device *device)
{
	return context_find(device, device->last_id)->entry.owner;
}

uint32_t fake_last_account(const struct fake_device *device)
{
	return context_find(device, device->last_id)->entry.account;
}

unsigned int fake_lists(const struct fake_device *device)
{
	return device->lists;
}

/* ------------------------------------------------------------- for svad */

static struct fake_device *device_of(int fd)
{
	for (size_t i = 0; i < FAKE_DEVICES; i++) {
		for (size_t j = 0; devices[i] && j < devices[i]->num_readers; j++) {
			if (devices[i]->readers[j] == fd)
				return devices[i];
		}
	}
	abort();
}

static struct fake_device *device_by_node(const char *node)
{
	const char *name = !strncmp(node, "/fake/", 6) ? node + 6 :
			   !strncmp(node, "/dev/sva/", 9) ? node + 9 : "";

	for (size_t i = 0; i < FAKE_DEVICES; i++) {
		if (devices[i] && devices[i]->plugged && !strcmp(devices[i]->info.name, name))
			return devices[i];
	}
	return NULL;
}

/* An fd that svad closed and that is open again stands for the new one only */
static void reader_forget(int fd)
{
	for (size_t i = 0; i < FAKE_DEVICES; i++) {
		for (size_t j = 0; devices[i] && j < devices[i]->num_readers; j++) {
			if (devices[i]->readers[j] == fd)
				devices[i]->readers[j] = -1;
		}
	}
}

int kernel_device_open(const char *node)
{
	struct fake_device *device = device_by_node(node);
	int sockets[2];

	if (!device)
		return -ENOENT;
	if (device->open_error)
		return -device->open_error;
	assert(device->num_readers < FAKE_READERS);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets))
		return -errno;
	reader_forget(sockets[0]);
	device->readers[device->num_readers] = sockets[0];
	device->writers[device->num_readers++] = sockets[1];
	return sockets[0];
}

int kernel_device_info(int fd, struct sva_device_info *info)
{
	struct fake_device *device = device_of(fd);

	*info = (struct sva_device_info){ .argsz = sizeof(*info) };
	if (!device->plugged) {
		info->reason = SVA_REASON_DEVICE_GONE;
		return -ENODEV;
	}
	*info = device->info;
	info->contexts = (uint32_t)device->num_contexts;
	return 0;
}

int kernel_type_info(int fd, uint32_t index, struct sva_type_info *info)
{
	struct fake_device *device = device_of(fd);

	*info = (struct sva_type_info){ .argsz = sizeof(*info), .index = index };
	if (index >= device->info.num_types)
		return -ENOENT;
	name_copy(info->name, device->types[index], SVA_NAME_LEN);
	info->total = device->info.max_contexts;
	info->available = device->info.max_contexts > device->num_contexts ?
			  device->info.max_contexts - (uint32_t)device->num_contexts : 0;
	return 0;
}

static int create_fails(struct fake_device *device, struct sva_create_context *create)
{
	if (!device->plugged) {
		create->reason = SVA_REASON_DEVICE_GONE;
		return -ENODEV;
	}
	if (device->create_error) {
		create->reason = device->create_reason;
		return -device->create_error;
	}
	if (device->num_contexts >= device->info.max_contexts) {
		create->reason = SVA_REASON_TYPE_EXHAUSTED;
		return -ENOSPC;
	}
	return 0;
}

int kernel_context_create(int fd, struct sva_create_context *create)
{
	struct fake_device *device = device_of(fd);
	struct fake_context *context;
	int sockets[2];
	int err = create_fails(device, create);

	if (err)
		return err;
	if (device->cheap) {
		create->id = ++device->next_id;
		create->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		return create->fd < 0 ? -errno : 0;
	}
	/* what svad's filter lets it make */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	context = context_append(device, create->account, create->owner);
	context->entry.cookie = create->cookie;
	context->entry.type = create->type;
	context->entry.state = SVA_STATE_CREATED;
	context->held = sockets[1];
	create->id = context->entry.id;
	create->fd = sockets[0];
	return 0;
}

int kernel_contexts_list(int fd, uint64_t after, struct sva_context_entry *entries,
			 uint32_t *count)
{
	struct fake_device *device = device_of(fd);
	uint32_t room = *count;

	*count = 0;
	device->lists++;
	if (!device->plugged)
		return -ENODEV;
	if (device->list_error)
		return -device->list_error;
	for (size_t i = 0; i < device->num_contexts && *count < room; i++) {
		if (device->contexts[i].entry.id > after)
			entries[(*count)++] = device->contexts[i].entry;
	}
	return 0;
}

int kernel_context_revoke(int fd, uint64_t id, uint32_t *reason)
{
	struct fake_device *device = device_of(fd);

	*reason = 0;
	if (device->revoke_error)
		return -device->revoke_error;
	if (!context_find(device, id)) {
		*reason = SVA_REASON_NO_SUCH_CONTEXT;
		return -ENOENT;
	}
	device->revokes++;
	fake_context_end(device, id, SVA_RELEASE_CLEAN);
	return 0;
}

int kernel_device_reset(int fd, uint32_t *reason)
{
	struct fake_device *device = device_of(fd);

	*reason = 0;
	device->resets++;
	while (device->num_contexts)
		fake_context_end(device, device->contexts[0].entry.id, SVA_RELEASE_CLEAN);
	fake_post(device, SVA_EVENT_RESET, 0, 0);
	return 0;
}

void kernel_step(const char *step)
{
	if (fake_step)
		fake_step(step);
}

ssize_t kernel_events_read(int fd, struct sva_event *events, size_t count)
{
	struct fake_device *device = device_of(fd);
	size_t got = 0;

	while (got < count &&
	       recv(fd, &events[got], sizeof(*events), MSG_DONTWAIT) == sizeof(*events))
		got++;
	if (!got && !device->plugged)
		return -ENODEV;
	return (ssize_t)got;
}
