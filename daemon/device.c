// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * device.c - devices come, serve and go; account.c has what they are charged
 */
#include <sys/epoll.h>

#include <sva.h>

#include "account.h"
#include "device.h"
#include "log.h"

#define DEVICE_EVENTS		64	/* read at once */

/* Events first: an ended context makes room for the next request */
#define DEVICE_PRIORITY		(SD_EVENT_PRIORITY_NORMAL - 10)

/* ------------------------------------------------------------- devices */

static void device_free(struct device *device)
{
	if (!device)
		return;
	sd_event_source_unref(device->source);
	fd_close(&device->fd);
	accounts_free(&device->accounts);
	free(device->types);
	free(device);
}

static void device_cleanup(struct device **device)
{
	device_free(*device);
}

static void devices_changed(struct devices *devices)
{
	if (devices->ops && devices->ops->changed)
		devices->ops->changed(devices->userdata);
}

static void device_arrived(struct device *device)
{
	const struct devices_ops *ops = device->devices->ops;

	if (ops && ops->arrived)
		ops->arrived(device, device->devices->userdata);
}

static int devices_reap(sd_event_source *source, void *userdata)
{
	struct devices *devices = userdata;
	size_t kept = 0;

	(void)source;
	for (size_t i = 0; i < devices->count; i++) {
		if (devices->list[i]->gone)
			device_free(devices->list[i]);
		else
			devices->list[kept++] = devices->list[i];
	}
	devices->count = kept;
	devices_changed(devices);
	return 0;
}

/*
 * From now on nobody finds it; it is freed when no caller can hold it any more.
 * Its source is still: a hung-up fd would wake the loop for ever.
 */
static void device_drop(struct device *device)
{
	const struct devices_ops *ops = device->devices->ops;

	if (device->gone)
		return;
	device->gone = true;
	if (ops && ops->left)
		ops->left(device, device->devices->userdata);
	sd_event_source_set_enabled(device->source, SD_EVENT_OFF);
	sd_event_source_set_enabled(device->devices->reaper, SD_EVENT_ONESHOT);
	log_notice("device %s is gone", device->name);
}

int devices_init(struct devices *devices, sd_event *event)
{
	int err;

	*devices = (struct devices){ .event = event };
	err = sd_event_add_defer(event, &devices->reaper, devices_reap, devices);
	if (err < 0)
		return err;
	sd_event_source_set_priority(devices->reaper, DEVICE_PRIORITY);
	return sd_event_source_set_enabled(devices->reaper, SD_EVENT_OFF);
}

void devices_free(struct devices *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		device_free(devices->list[i]);
	free(devices->list);
	sd_event_source_unref(devices->reaper);
	*devices = (struct devices){ 0 };
}

struct device *devices_find(const struct devices *devices, const char *name)
{
	size_t low = 0, high = devices->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, devices->list[middle]->name);

		if (!order && !devices->list[middle]->gone)
			return devices->list[middle];
		/* one that is gone stands before its successor of the same name */
		if (order >= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

struct device *devices_next(const struct devices *devices, size_t *index)
{
	while (*index < devices->count && devices->list[*index]->gone)
		(*index)++;
	return *index < devices->count ? devices->list[*index] : NULL;
}

static int devices_insert(struct devices *devices, struct device *device)
{
	struct device **bigger = reallocarray(devices->list, devices->count + 1,
					      sizeof(*devices->list));
	size_t at = devices->count;

	if (!bigger)
		return -ENOMEM;
	devices->list = bigger;
	for (; at > 0 && strcmp(bigger[at - 1]->name, device->name) > 0; at--)
		bigger[at] = bigger[at - 1];
	bigger[at] = device;
	devices->count++;
	return 0;
}

/* -------------------------------------------------------------- events */

/* Overflows can be provoked, the lines about them not without end (R8) */
static bool device_may_log(struct device *device)
{
	uint64_t now = 0;

	sd_event_now(device->devices->event, CLOCK_MONOTONIC, &now);
	return log_allows(UINT32_MAX, now);
}

/*
 * If the kernel cannot be asked now, what is charged may be too much, never too
 * little: the ends are what was lost.  device_refresh() tries again.
 */
static void device_relist(struct device *device, const char *why)
{
	int err = accounts_rebuild(device);

	device->stale = err;
	if (err == -ENODEV)
		device_drop(device);
	else if (err && device_may_log(device))
		log_error("device %s: its contexts cannot be listed after %s: %s; users may be refused who are below their limit until it works",
			  device->name, why, strerror(-err));
	else if (!err && device_may_log(device))
		log_notice("device %s: contexts listed anew after %s", device->name, why);
	if (!err)
		device_arrived(device);
}

static void device_handle(struct device *device, const struct sva_event *event)
{
	const struct devices_ops *ops = device->devices->ops;

	if (ops && ops->event)
		ops->event(device, event, device->devices->userdata);
	switch (event->type) {
	case SVA_EVENT_ENDED:
		/* in neither: QUARANTINED may come behind, then RELEASED */
		if (event->release == SVA_RELEASE_NEITHER)
			break;
		account_release(device, event->context);
		break;
	case SVA_EVENT_QUARANTINED:
		account_quarantine(device, event->context);
		break;
	case SVA_EVENT_RELEASED:
		account_release(device, event->context);
		break;
	case SVA_EVENT_OVERFLOW:
		device_relist(device, "lost events");
		break;
	case SVA_EVENT_RESET:
		device_relist(device, "a reset");
		break;
	case SVA_EVENT_GONE:
		device_drop(device);
		break;
	default:	/* BOUND: charged as before */
		break;
	}
}

bool device_refresh(struct device *device)
{
	struct sva_event events[DEVICE_EVENTS];
	ssize_t count = kernel_events_read(device->fd, events, DEVICE_EVENTS);

	if (count < 0) {
		if (count != -ENODEV)
			log_error("device %s: its events cannot be read: %s; it is served no more",
				  device->name, strerror((int)-count));
		device_drop(device);
	}
	for (ssize_t i = 0; i < count; i++)
		device_handle(device, &events[i]);
	if (device->stale && !device->gone)
		device_relist(device, "lost events");
	return count > 0;
}

static int device_dispatch(sd_event_source *source, int fd, uint32_t revents,
			   void *userdata)
{
	struct device *device = userdata;

	(void)source;
	(void)fd;
	/* hung up and nothing left to read: it would never be quiet again */
	if (!device_refresh(device) && (revents & (EPOLLHUP | EPOLLERR)))
		device_drop(device);
	return 0;
}

/* ------------------------------------------------------------- opening */

static int device_read_types(struct device *device)
{
	struct sva_device_info info;
	int err = kernel_device_info(device->fd, &info);

	if (err)
		return err;
	if (info.num_types > DEVICE_TYPES_MAX)
		return -E2BIG;
	device->types = calloc(info.num_types ? info.num_types : 1, sizeof(*device->types));
	if (!device->types)
		return -ENOMEM;
	for (uint32_t i = 0; i < info.num_types; i++) {
		struct sva_type_info type;

		err = kernel_type_info(device->fd, i, &type);
		if (err)
			return err;
		name_copy(device->types[i], type.name, SVA_NAME_LEN);
	}
	device->num_types = info.num_types;
	return 0;
}

static int device_follow(struct device *device)
{
	int err = sd_event_add_io(device->devices->event, &device->source, device->fd,
				  EPOLLIN, device_dispatch, device);

	if (err < 0)
		return err;
	return sd_event_source_set_priority(device->source, DEVICE_PRIORITY);
}

static int device_open(struct devices *devices, const char *name, const char *node,
		       struct device **opened)
{
	__attribute__((cleanup(device_cleanup))) struct device *device = NULL;
	int err;

	device = calloc(1, sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->devices = devices;
	name_copy(device->name, name, sizeof(device->name));
	device->fd = kernel_device_open(node);
	if (device->fd < 0)
		return device->fd;
	err = device_read_types(device);
	if (!err)
		err = accounts_rebuild(device);
	if (!err)
		err = device_follow(device);
	if (err < 0)
		return err;
	*opened = device;
	device = NULL;
	return 0;
}

/*
 * A name that is open already: nothing may have changed, or the device may have
 * left and returned, which only the old control node can tell.
 */
static bool device_still_there(struct device *device)
{
	struct sva_device_info info;

	if (kernel_device_info(device->fd, &info) != -ENODEV)
		return true;
	device_drop(device);
	return false;
}

static void devices_report(const char *name, const char *node, int err)
{
	if (err == -EACCES)
		log_warning("device %s: %s is not svad's; udev's rule 60-sva.rules gives it to svad, and svad tries again when its owner changes",
			    name, node);
	else if (err == -EPERM)
		log_error("device %s: svad's cgroup forbids %s; the sva module was loaded after svad.service had started: systemctl restart svad",
			  name, node);
	else if (err == -ENOENT || err == -ENXIO || err == -ENODEV)
		log_notice("device %s left before %s could be opened", name, node);
	else if (err)
		log_error("device %s: %s cannot be served: %s", name, node, strerror(-err));
	else
		log_notice("device %s is served", name);
}

int devices_add(struct devices *devices, const char *name, const char *node)
{
	struct device *device = devices_find(devices, name);
	int err;

	if (strlen(name) >= SVA_NAME_LEN)
		return -ENAMETOOLONG;
	if (device && device_still_there(device))
		return 0;
	err = device_open(devices, name, node, &device);
	if (!err) {
		err = devices_insert(devices, device);
		if (err)
			device_free(device);
	}
	devices_report(name, node, err);
	if (!err) {
		devices_changed(devices);
		device_arrived(device);
	}
	return err;
}

/* ------------------------------------------------------------ contexts */

int device_type(const struct device *device, const char *type, uint32_t *index)
{
	for (uint32_t i = 0; i < device->num_types; i++) {
		if (!*type || !strcmp(type, device->types[i])) {
			*index = i;
			return 0;
		}
	}
	return -ENOENT;
}

int device_create_context(struct device *device, pid_t owner, const struct charge *charge,
			  struct sva_create_context *created)
{
	int err;

	*created = (struct sva_create_context){
		.type = charge->type, .owner = owner, .account = charge->uid,
		.cookie = charge->cookie, .fd = -1,
	};
	/* first the memory, so that what the kernel made is never lost from sight */
	if (account_reserve(device, charge)) {
		created->reason = SVA_REASON_DAEMON_NO_MEMORY;
		return -ENOMEM;
	}
	err = kernel_context_create(device->fd, created);
	if (!err)
		account_charge(device, created->id, charge);
	else if (created->reason == SVA_REASON_NO_FD)
		created->reason = SVA_REASON_DAEMON_NO_MEMORY;
	else if (!created->reason)
		created->reason = SVA_REASON_SYSTEM;
	return err;
}
