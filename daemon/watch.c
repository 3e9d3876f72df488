// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watch.c - the subsystem "sva" through libudev
 *
 * Where udevd runs, its events are followed and not the kernel's: they come when
 * the rules have given the node to svad.  Without udevd there are only the
 * kernel's, and the nodes have to be svad's by other means.
 */
#include <libudev.h>
#include <sys/epoll.h>

#include "log.h"
#include "watch.h"

#define UDEVD_CONTROL "/run/udev/control"

struct watch {
	struct udev *udev;
	struct udev_monitor *monitor;
	struct devices *devices;
	sd_event_source *source;
};

static void watch_add(struct watch *watch, struct udev_device *device)
{
	const char *node = udev_device_get_devnode(device);

	/* R10: named by the kernel, opened where udev says, never where a client says */
	if (node)
		devices_add(watch->devices, udev_device_get_sysname(device), node);
}

static void watch_enumerate(struct watch *watch, struct udev_enumerate *enumerate)
{
	struct udev_list_entry *entry;

	if (udev_enumerate_add_match_subsystem(enumerate, "sva") < 0 ||
	    udev_enumerate_scan_devices(enumerate) < 0) {
		log_error("the devices cannot be listed; is /sys mounted?");
		return;
	}
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate)) {
		struct udev_device *device;

		device = udev_device_new_from_syspath(watch->udev,
						      udev_list_entry_get_name(entry));
		if (!device)
			continue;	/* it has gone meanwhile */
		watch_add(watch, device);
		udev_device_unref(device);
	}
}

void watch_rescan(void *userdata)
{
	struct watch *watch = userdata;
	struct udev_enumerate *enumerate = udev_enumerate_new(watch->udev);

	if (!enumerate) {
		log_error("the devices cannot be listed: no memory");
		return;
	}
	watch_enumerate(watch, enumerate);
	udev_enumerate_unref(enumerate);
}

static void watch_event(struct watch *watch, struct udev_device *device)
{
	const char *action = udev_device_get_action(device);

	if (action && !strcmp(action, "remove"))
		devices_remove(watch->devices, udev_device_get_sysname(device));
	else
		watch_add(watch, device);
}

static int watch_dispatch(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct watch *watch = userdata;
	struct udev_device *device;

	(void)source;
	(void)fd;
	(void)revents;
	errno = 0;
	device = udev_monitor_receive_device(watch->monitor);
	if (device) {
		watch_event(watch, device);
		udev_device_unref(device);
	} else if (errno == ENOBUFS) {
		/* uevents were lost */
		watch_rescan(watch);
	}
	return 0;
}

/* First the monitor, then the list: what comes in between is told twice, not never */
static int watch_follow(struct watch *watch, sd_event *event)
{
	bool udevd = !access(UDEVD_CONTROL, F_OK);
	int err;

	watch->monitor = udev_monitor_new_from_netlink(watch->udev, udevd ? "udev" : "kernel");
	if (!watch->monitor)
		return -errno;
	err = udev_monitor_filter_add_match_subsystem_devtype(watch->monitor, "sva", NULL);
	if (err >= 0)
		err = udev_monitor_enable_receiving(watch->monitor);
	if (err < 0)
		return err;
	if (!udevd)
		log_warning("udevd is not running: a device is served only if its node belongs to svad's user already");
	return sd_event_add_io(event, &watch->source, udev_monitor_get_fd(watch->monitor),
			       EPOLLIN, watch_dispatch, watch);
}

int watch_start(struct devices *devices, sd_event *event, struct watch **started)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int err = -ENOMEM;

	if (!watch)
		return -ENOMEM;
	watch->devices = devices;
	watch->udev = udev_new();
	if (watch->udev)
		err = watch_follow(watch, event);
	if (err < 0) {
		watch_stop(watch);
		return err;
	}
	watch_rescan(watch);
	*started = watch;
	return 0;
}

void watch_stop(struct watch *watch)
{
	if (!watch)
		return;
	sd_event_source_unref(watch->source);
	udev_monitor_unref(watch->monitor);
	udev_unref(watch->udev);
	free(watch);
}
