// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * frames.c - take apart what the guest sends
 *
 * The guest is not trusted: whoever is root in it can write to the port.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "tests/vm/host/supervise.h"

/* Straight to the fd: what the command wrote is passed on byte for byte. */
static void bytes_write(int fd, const unsigned char *bytes, size_t size)
{
	ssize_t n;

	while (size) {
		n = write(fd, bytes, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return;
		bytes += n;
		size -= n;
	}
}

static bool frame_take(struct frames *frames, const struct frame *frame,
		       const unsigned char *data)
{
	switch (frame->type) {
	case FRAME_STDOUT:
		bytes_write(STDOUT_FILENO, data, frame->size);
		return true;
	case FRAME_STDERR:
		bytes_write(STDERR_FILENO, data, frame->size);
		return true;
	case FRAME_SERVICE:
		fwrite(data, 1, frame->size, frames->service);
		fflush(frames->service);
		return true;
	case FRAME_READY:
		frames->ready = true;
		return true;
	case FRAME_STATUS:
		if (frame->size != sizeof(frames->status))
			return false;
		memcpy(&frames->status, data, sizeof(frames->status));
		frames->has_status = true;
		return true;
	case FRAME_FAILURE:
		frames->failures++;
		if (frame->size >= 4 && memcmp(data, "svad", 4) == 0)
			frames->service_failed = true;
		report("%.*s", (int)frame->size, (const char *)data);
		return true;
	case FRAME_END:
		frames->ended = true;
		return true;
	}
	return false;
}

bool frames_add(struct frames *frames, const unsigned char *bytes, size_t size)
{
	struct frame frame;
	size_t part;

	while (size) {
		part = sizeof(frames->data) - frames->used;
		if (part > size)
			part = size;
		memcpy(frames->data + frames->used, bytes, part);
		frames->used += part;
		bytes += part;
		size -= part;
		while (frames->used >= sizeof(frame)) {
			memcpy(&frame, frames->data, sizeof(frame));
			if (frame.size > FRAME_MAX)
				goto bad;
			if (frames->used - sizeof(frame) < frame.size)
				break;
			if (!frame_take(frames, &frame, frames->data + sizeof(frame)))
				goto bad;
			frames->used -= sizeof(frame) + frame.size;
			memmove(frames->data, frames->data + sizeof(frame) + frame.size,
				frames->used);
		}
	}
	return true;
bad:
	report("the guest sent something that is no frame: did the command write to the rig's port?");
	return false;
}
