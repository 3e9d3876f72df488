// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watch.c - the subsystem "sva": listed by libudev, followed by inotify
 *
 * The kernel's and udevd's netlink events are heard in the host's network
 * namespace only, and svad has no power over any network, not even to look at it
 * (R12).  The folder of the nodes tells as much: a node comes, and changes its
 * owner when udevd has given it to svad, or whoever does that where there is no
 * udevd.  Each such event only means: list the devices again.  That a device has
 * gone is told by its own control node.
 */
#include <libudev.h>
#include <sys/epoll.h>
#include <sys/inotify.h>

#include "log.h"
#include "watch.h"

/* devtmpfs makes the folder with the first node and removes it with the last */
#define NODES_PARENT	"/dev"
#define NODES_NAME	"sva"
#define NODES		NODES_PARENT "/" NODES_NAME

/* How long a new node may belong to root before that is worth a warning */
#define PATIENCE	2000000		/* us */

struct watch {
	struct udev *udev;
	struct devices *devices;
	sd_event_source *source;
	sd_event_source *patience;
	bool patient;	/* the list is made because of an event, and more may follow */
	int inotify;
	int parent;	/* inotify's number for NODES_PARENT */
};

static bool is_scarcity(int err)
{
	return err == -ENOMEM || err == -EMFILE || err == -ENFILE;
}

/* What could not be seen or had now is looked for once more */
static void watch_again(struct watch *watch)
{
	sd_event_source_set_time_relative(watch->patience, PATIENCE);
	sd_event_source_set_enabled(watch->patience, SD_EVENT_ONESHOT);
}

/* A node that is not there or not svad's yet: its event comes, or the time is up */
static bool watch_waits(struct watch *watch, const char *node)
{
	if (!watch->patient || !access(node, R_OK | W_OK))
		return false;
	if (errno == EACCES)
		watch_again(watch);
	return errno == EACCES || errno == ENOENT;
}

static int watch_add_device(struct watch *watch, struct udev_device *device)
{
	const char *name = udev_device_get_sysname(device);
	const char *node = udev_device_get_devnode(device);

	if (!name || !node)
		return -errno;
	/* R10: named by the kernel, opened where it says, never where a client says */
	return watch_waits(watch, node) ? 0 : devices_add(watch->devices, name, node);
}

static void watch_add(struct watch *watch, const char *syspath)
{
	struct udev_device *device = udev_device_new_from_syspath(watch->udev, syspath);
	int err = device ? watch_add_device(watch, device) : -errno;

	/* any other error: it has gone meanwhile, or devices_add() has told of it */
	if (is_scarcity(err))
		watch_again(watch);
	udev_device_unref(device);
}

static void watch_enumerate(struct watch *watch, struct udev_enumerate *enumerate)
{
	struct udev_list_entry *entry;
	int err = udev_enumerate_add_match_subsystem(enumerate, "sva");

	if (err >= 0)
		err = udev_enumerate_scan_devices(enumerate);
	if (is_scarcity(err))
		watch_again(watch);
	if (err < 0) {
		log_error("the devices cannot be listed: %s; is /sys mounted?", strerror(-err));
		return;
	}
	udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate)) {
		watch_add(watch, udev_list_entry_get_name(entry));
	}
}

/* -ENOENT and the like: the folder comes with the first node, and is told of */
static void watch_nodes(struct watch *watch)
{
	(void)!inotify_add_watch(watch->inotify, NODES,
				 IN_CREATE | IN_ATTRIB | IN_MOVED_TO | IN_ONLYDIR);
}

/* First the watch, then the list: what comes in between is told twice, not never */
void watch_rescan(void *userdata)
{
	struct watch *watch = userdata;
	struct udev_enumerate *enumerate;

	watch_nodes(watch);
	enumerate = udev_enumerate_new(watch->udev);
	if (!enumerate) {
		log_error("the devices cannot be listed: no memory");
		watch_again(watch);
		return;
	}
	watch_enumerate(watch, enumerate);
	udev_enumerate_unref(enumerate);
}

/* Much else comes and goes in NODES_PARENT; an overflow has no watch and no name */
static bool event_concerns(const struct watch *watch, const struct inotify_event *event)
{
	return event->wd != watch->parent || !strcmp(event->name, NODES_NAME);
}

/* True if one of the events that wait concerns the devices */
static bool watch_read(struct watch *watch)
{
	union {
		struct inotify_event align;
		char bytes[4096];
	} buffer;
	bool concerns = false;
	ssize_t length;

	while ((length = read(watch->inotify, &buffer, sizeof(buffer))) > 0) {
		const char *at = buffer.bytes;

		while (at < buffer.bytes + length) {
			const struct inotify_event *event = (const void *)at;

			concerns |= event_concerns(watch, event);
			at += sizeof(*event) + event->len;
		}
	}
	return concerns;
}

static void watch_rescan_patiently(struct watch *watch)
{
	watch->patient = true;
	watch_rescan(watch);
	watch->patient = false;
}

static int watch_dispatch(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)fd;
	(void)revents;
	if (watch_read(userdata))
		watch_rescan_patiently(userdata);
	return 0;
}

static int watch_time_is_up(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source;
	(void)usec;
	watch_rescan(userdata);
	return 0;
}

static int watch_be_patient(struct watch *watch, sd_event *event)
{
	int err = sd_event_add_time_relative(event, &watch->patience, CLOCK_MONOTONIC, PATIENCE,
					     PATIENCE / 10, watch_time_is_up, watch);

	if (err < 0)
		return err;
	return sd_event_source_set_enabled(watch->patience, SD_EVENT_OFF);
}

static int watch_follow(struct watch *watch, sd_event *event)
{
	watch->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (watch->inotify < 0)
		return -errno;
	watch->parent = inotify_add_watch(watch->inotify, NODES_PARENT,
					  IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (watch->parent < 0)
		return -errno;
	return sd_event_add_io(event, &watch->source, watch->inotify, EPOLLIN,
			       watch_dispatch, watch);
}

int watch_start(struct devices *devices, sd_event *event, struct watch **started)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int err = -ENOMEM;

	if (!watch)
		return -ENOMEM;
	watch->inotify = -1;
	watch->devices = devices;
	watch->udev = udev_new();
	if (watch->udev)
		err = watch_be_patient(watch, event);
	if (err >= 0)
		err = watch_follow(watch, event);
	if (err < 0) {
		watch_stop(watch);
		return err;
	}
	watch_rescan_patiently(watch);
	*started = watch;
	return 0;
}

void watch_stop(struct watch *watch)
{
	if (!watch)
		return;
	sd_event_source_disable_unref(watch->patience);
	sd_event_source_disable_unref(watch->source);
	fd_close(&watch->inotify);
	udev_unref(watch->udev);
	free(watch);
}
