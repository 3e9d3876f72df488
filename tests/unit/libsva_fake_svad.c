// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_fake_svad.c - something that listens where svad would, for tests
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "libsva_fake_svad.h"

static void die(const char *what)
{
	perror(what);
	abort();
}

static void serve_connection(struct fake_svad *svad, int connection)
{
	union fake_request request;
	ssize_t size;

	if (svad->greet && !svad->greet(svad, connection))
		return;
	for (;;) {
		memset(&request, 0, sizeof(request));
		size = recv(connection, &request, sizeof(request), MSG_TRUNC);
		if (size <= 0)
			return;
		atomic_fetch_add(&svad->requests, 1);
		if (!svad->serve(svad, connection, &request, (size_t)size))
			return;
	}
}

static void *serve_all(void *arg)
{
	struct fake_svad *svad = arg;
	sigset_t all;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	for (;;) {
		int connection = accept4(svad->listener, NULL, NULL, SOCK_CLOEXEC);

		if (connection < 0)
			return NULL;
		serve_connection(svad, connection);
		close(connection);
	}
}

void fake_svad_start(struct fake_svad *svad, fake_serve_fn serve, void *arg)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	memset(svad, 0, sizeof(*svad));
	strcpy(svad->folder, P_tmpdir "/libsva-test-XXXXXX");
	if (!mkdtemp(svad->folder))
		die("mkdtemp");
	snprintf(svad->path, sizeof(svad->path), "%s/socket", svad->folder);
	strcpy(address.sun_path, svad->path);
	svad->serve = serve;
	svad->arg = arg;
	svad->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(svad->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(svad->listener, serve ? 16 : 0) < 0)
		die("listen");
	if (serve && pthread_create(&svad->thread, NULL, serve_all, svad))
		die("pthread_create");
	setenv("SVA_SOCKET", svad->path, 1);
}

void fake_svad_stop(struct fake_svad *svad)
{
	shutdown(svad->listener, SHUT_RDWR);
	if (svad->serve)
		pthread_join(svad->thread, NULL);
	close(svad->listener);
	unlink(svad->path);
	rmdir(svad->folder);
	unsetenv("SVA_SOCKET");
}

struct sva_msg fake_reply(const union fake_request *request, size_t size)
{
	return (struct sva_msg) {
		.size = (uint32_t)size,
		.version = SVA_PROTOCOL_VERSION,
		.type = request->msg.type | SVA_MSG_REPLY,
		.serial = request->msg.serial,
	};
}

void fake_send(int connection, const void *reply, size_t size, int fd, int fd_count)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(8 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)reply, .iov_len = size };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd_count) {
		struct cmsghdr *cmsg;

		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE((size_t)fd_count * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&header);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN((size_t)fd_count * sizeof(int));
		for (int i = 0; i < fd_count; i++)
			memcpy(CMSG_DATA(cmsg) + (size_t)i * sizeof(int), &fd, sizeof(fd));
	}
	/* a client may have left before the last message to it */
	if (sendmsg(connection, &header, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		die("sendmsg");
}

int fake_count_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int count = 0;

	if (!dir)
		die("/proc/self/fd");
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}
