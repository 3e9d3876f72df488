// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * channel.c - frames to the host, over the second serial port
 *
 * A plain port that outlives sleep: from Linux 7.3 on, a virtio port on which the guest
 * has slept never says again that the host is there, and takes nothing any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tests/vm/guest/init.h"

static int channel = -1;

static void host_is_gone(void)
{
	fprintf(stderr, "rig: %s: %s: is this guest run by tests/vm/run?\n", FRAME_PORT,
		strerror(errno));
	system_down();
}

void channel_open(void)
{
	struct termios raw;

	channel = open(FRAME_PORT, O_WRONLY | O_NOCTTY | O_CLOEXEC);
	if (channel < 0 || tcgetattr(channel, &raw) < 0)
		host_is_gone();
	cfmakeraw(&raw);
	raw.c_cflag |= CLOCAL;
	cfsetspeed(&raw, B115200);
	if (tcsetattr(channel, TCSANOW, &raw) < 0)
		host_is_gone();
}

static void bytes_send(const void *data, size_t size)
{
	const char *at = data;
	ssize_t n;

	while (size) {
		n = write(channel, at, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			host_is_gone();
		at += n;
		size -= n;
	}
}

/* All of it has left the guest on return: its next step may be its last */
void channel_send(enum frame_type type, const void *data, size_t size)
{
	struct frame frame = { .type = type, .size = size };

	bytes_send(&frame, sizeof(frame));
	bytes_send(data, size);
	while (tcdrain(channel) < 0)
		if (errno != EINTR)
			host_is_gone();
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
