// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * listen.c - inherited from the service manager, or made here
 */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>

#include "listen.h"
#include "log.h"

#define LISTEN_BACKLOG 512

static int refuse(const char *path, const char *what, int error)
{
	log_error("%s: %s: %s", path, what, strerror(error));
	return -error;
}

static int listen_inherited(int count)
{
	if (count > 1) {
		log_error("%d sockets were passed on and svad serves one; svad.socket has one ListenSequentialPacket= line",
			  count);
		return -EINVAL;
	}
	if (sd_is_socket(SD_LISTEN_FDS_START, AF_UNIX, SOCK_SEQPACKET, 1) <= 0) {
		log_error("what was passed on is no listening SOCK_SEQPACKET socket; svad.socket needs ListenSequentialPacket=");
		return -EINVAL;
	}
	fcntl(SD_LISTEN_FDS_START, F_SETFL, O_NONBLOCK);
	return SD_LISTEN_FDS_START;
}

static int folder_make(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;
	mode_t mask;
	int ret;

	name_copy(folder, path, sizeof(folder));
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return 0;
	*slash = '\0';
	mask = umask(0022);
	ret = mkdir(folder, 0755);
	umask(mask);
	if (ret && errno != EEXIST)
		return refuse(folder, "the socket's folder cannot be made", errno);
	return 0;
}

static int unix_socket(void)
{
	return socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

/* Is a svad listening there, or is it what a dead one left? */
static bool socket_is_served(const struct sockaddr_un *address)
{
	autoclose int fd = unix_socket();

	if (fd < 0)
		return true;
	/* EAGAIN: somebody listens, and many are waiting */
	return !connect(fd, (const struct sockaddr *)address, sizeof(*address)) ||
	       errno != ECONNREFUSED;
}

/* 0: there is nothing at the path (any more) */
static int stale_remove(const struct sockaddr_un *address)
{
	struct stat status;

	if (lstat(address->sun_path, &status))
		return errno == ENOENT ? 0 :
		       refuse(address->sun_path, "cannot be looked at", errno);
	if (!S_ISSOCK(status.st_mode)) {
		log_error("%s is there and is no socket; remove it, or name another path with --socket",
			  address->sun_path);
		return -EEXIST;
	}
	if (socket_is_served(address)) {
		log_error("%s is served already; stop the other svad, or name another path with --socket",
			  address->sun_path);
		return -EADDRINUSE;
	}
	if (unlink(address->sun_path))
		return refuse(address->sun_path, "the socket of a svad that has ended cannot be removed", errno);
	return 0;
}

static int socket_bind(int fd, const struct sockaddr_un *address)
{
	/* the mode is right from the first moment on */
	mode_t mask = umask(0111);
	int ret = bind(fd, (const struct sockaddr *)address, sizeof(*address));
	int error = errno;

	umask(mask);
	if (ret)
		return refuse(address->sun_path, "the socket cannot be made", error);
	if (listen(fd, LISTEN_BACKLOG))
		return refuse(address->sun_path, "nobody can be listened to", errno);
	return 0;
}

static int listen_make(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autoclose int fd = -1;
	int err;

	if (!*path || strlen(path) >= sizeof(address.sun_path)) {
		log_error("'%s' is no path for a socket; it has 1 to %zu characters", path,
			  sizeof(address.sun_path) - 1);
		return -ENAMETOOLONG;
	}
	name_copy(address.sun_path, path, sizeof(address.sun_path));
	fd = unix_socket();
	if (fd < 0)
		return refuse(path, "no socket is to be had", errno);
	err = folder_make(path);
	if (!err)
		err = stale_remove(&address);
	if (!err)
		err = socket_bind(fd, &address);
	return err ? err : fd_take(&fd);
}

int listen_open(const char *path)
{
	int count = sd_listen_fds(1);

	return count > 0 ? listen_inherited(count) : listen_make(path);
}
