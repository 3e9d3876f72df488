// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * channel.c - frames to the host, over a virtio port
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/guest/init.h"

#define PORT_WAIT_MS	5000

static int channel = -1;

static int port_open(const char *node)
{
	char path[300], *name;
	bool ours;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", node);
	name = file_read(path, NULL);
	ours = name && strncmp(name, FRAME_PORT "\n", sizeof(FRAME_PORT)) == 0;
	if (!ours)
		return -1;
	snprintf(path, sizeof(path), "/dev/%s", node);
	return open(path, O_WRONLY | O_CLOEXEC);
}

static int port_find(void)
{
	DIR *dir = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	int fd = -1;

	while (dir && fd < 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			fd = port_open(entry->d_name);
	if (dir)
		closedir(dir);
	return fd;
}

/* The driver learns a port's name from the host some time after it has bound,
 * and sysfs cannot be waited on. */
void channel_open(void)
{
	const struct timespec pause = { .tv_nsec = 5000000 };
	int waited;

	for (waited = 0; waited < PORT_WAIT_MS; waited += 5) {
		channel = port_find();
		if (channel >= 0)
			return;
		nanosleep(&pause, NULL);
	}
	fprintf(stderr, "rig: there is no virtio port %s: is this guest run by tests/vm/run?\n",
		FRAME_PORT);
	system_down();
}

static void bytes_send(const void *data, size_t size)
{
	const char *at = data;
	ssize_t n;

	while (size) {
		n = write(channel, at, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fprintf(stderr, "rig: the host does not listen: %s\n", strerror(errno));
			system_down();
		}
		at += n;
		size -= n;
	}
}

void channel_send(enum frame_type type, const void *data, size_t size)
{
	struct frame frame = { .type = type, .size = size };

	bytes_send(&frame, sizeof(frame));
	bytes_send(data, size);
}

void fail(const char *format, ...)
{
	char words[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(words, sizeof(words), format, args);
	va_end(args);
	fprintf(stderr, "rig: %s\n", words);
	channel_send(FRAME_FAILURE, words, strlen(words));
}
