/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * launch.c - a launcher: reserves a context on a device and has a program find it
 *
 *	launch DEVICE PROGRAM [ARGUMENT...]
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sva.h>

int main(int argc, char **argv)
{
	struct sva_bind_args args = { .size = sizeof(args) };
	char text[32];
	int fd;

	if (argc < 3) {
		fprintf(stderr, "usage: launch DEVICE PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	args.device = argv[1];
	if (sva_reserve(&args, &fd) < 0) {
		fprintf(stderr, "launch: %s\n", sva_strreason(sva_context_reason(NULL)));
		return 1;
	}
	/* the fd is for the program that comes next in this process, and no other */
	fcntl(fd, F_SETFD, 0);
	snprintf(text, sizeof(text), "%d:%d", (int)getpid(), fd);
	setenv("SVA_CONTEXT_FD", text, 1);
	execvp(argv[2], argv + 2);
	perror(argv[2]);
	return 127;
}
