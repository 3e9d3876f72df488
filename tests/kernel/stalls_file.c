// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stalls_file.c - a file whose pages do not come, see stalls.h
 *
 * The whole file system is one regular file.  Its server answers everything but reads,
 * and those when it is told to.
 */
#include "stalls.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "ring.h"

#define FILE_BYTES	(1u << 20)
#define REQUEST_BYTES	(256 * 1024)
#define PAGE		4096u
#define MANY		16		/* reads kept waiting */

/* --------------------------------------------------------------- the server */

struct server {
	int fuse;
	bool let_go;
	unsigned int num_waiting;
	struct { uint64_t unique; uint32_t size; } waiting[MANY];
};

static void reply(struct server *server, uint64_t unique, const void *data, size_t size, int error)
{
	static char buffer[REQUEST_BYTES];
	struct fuse_out_header head = {
		.len = (uint32_t)(sizeof(head) + size), .error = -error, .unique = unique,
	};

	memcpy(buffer, &head, sizeof(head));
	memcpy(buffer + sizeof(head), data, size);
	/* who asked may be gone */
	(void)!write(server->fuse, buffer, head.len);
}

static void give_pages(struct server *server)
{
	static const char zeroes[REQUEST_BYTES / 2];

	while (server->num_waiting--)
		reply(server, server->waiting[server->num_waiting].unique, zeroes,
		      server->waiting[server->num_waiting].size, 0);
	server->num_waiting = 0;
}

static void handle_read(struct server *server, int line, uint64_t unique,
			const struct fuse_read_in *in)
{
	CHECK(server->num_waiting < MANY, "too many reads at once");
	server->waiting[server->num_waiting].unique = unique;
	server->waiting[server->num_waiting++].size = in->size;
	word_send(line, in->offset);
	if (server->let_go)
		give_pages(server);
}

static void handle_init(struct server *server, uint64_t unique, const struct fuse_init_in *in)
{
	const struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION, .minor = FUSE_KERNEL_MINOR_VERSION,
		.max_write = 4096, .max_background = MANY,
	};

	CHECK_EQ(in->major, FUSE_KERNEL_VERSION);
	reply(server, unique, &out, sizeof(out), 0);
}

static void handle(struct server *server, int line, const struct fuse_in_header *head)
{
	const struct fuse_attr_out attr = {
		.attr_valid = 3600,
		.attr = { .ino = FUSE_ROOT_ID, .size = FILE_BYTES, .mode = S_IFREG | 0644,
			  .nlink = 1 },
	};
	const struct fuse_open_out open = { .fh = 1 };

	switch (head->opcode) {
	case FUSE_INIT:
		handle_init(server, head->unique, (const void *)(head + 1));
		break;
	case FUSE_GETATTR:
		reply(server, head->unique, &attr, sizeof(attr), 0);
		break;
	case FUSE_OPEN:
		reply(server, head->unique, &open, sizeof(open), 0);
		break;
	case FUSE_READ:
		handle_read(server, line, head->unique, (const void *)(head + 1));
		break;
	case FUSE_FORGET:
	case FUSE_BATCH_FORGET:
	case FUSE_INTERRUPT:
		break;
	default:
		reply(server, head->unique, "", 0, ENOSYS);
	}
}

static void serve(int line, void *arg)
{
	static _Alignas(8) char request[REQUEST_BYTES];
	struct server server = { .fuse = *(int *)arg };
	struct pollfd both[] = { { server.fuse, POLLIN, 0 }, { line, POLLIN, 0 } };

	/* until it is mounted, there is nothing to poll */
	word_receive(line);
	for (;;) {
		MUST(poll(both, 2, -1));
		if (both[1].revents) {
			word_receive(line);
			server.let_go = true;
			give_pages(&server);
		}
		if (both[0].revents & POLLIN &&
		    read(server.fuse, request, sizeof(request)) >= (ssize_t)sizeof(struct fuse_in_header))
			handle(&server, line, (const void *)request);
		if (both[0].revents & POLLERR)
			return;
	}
}

/* --------------------------------------------------------------- in the test */

void stall_start(struct stall *stall)
{
	static unsigned int number;
	char options[64], *path = stall->path;
	int fuse = (int)MUST(open("/dev/fuse", O_RDWR | O_CLOEXEC));
	struct stat status;

	snprintf(stall->path, sizeof(stall->path), "/tmp/stalls.file%u", number++ % 2);
	umount2(path, MNT_DETACH);
	close((int)MUST(open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644)));
	child_start(&stall->server, serve, &fuse);
	snprintf(options, sizeof(options), "fd=%d,rootmode=%o,user_id=0,group_id=0", fuse, S_IFREG);
	MUST(mount("stall", path, "fuse", MS_NOSUID | MS_NODEV, options));
	close(fuse);
	word_send(stall->server.line, 0);
	stall->file = (int)MUST(open(path, O_RDONLY | O_CLOEXEC));
	/* who asks makes the kernel ask for the file's size */
	MUST(fstat(stall->file, &status));
	CHECK_EQ(status.st_size, FILE_BYTES);
}

void stall_await(struct stall *stall)
{
	CHECK(fd_readable(stall->server.line, PATIENCE_MS), "nobody asks for a page");
	word_receive(stall->server.line);
}

void stall_let_go(struct stall *stall)
{
	word_send(stall->server.line, 0);
}

void stall_end(struct stall *stall)
{
	close(stall->file);
	MUST(umount2(stall->path, MNT_DETACH));
	if (stall->server.pid > 0)
		child_kill(&stall->server);
	unlink(stall->path);
}

void stall_reader(int line, void *arg)
{
	static _Alignas(64) struct sva_accel_completion done;
	struct sva_accel_desc job;
	struct queue queue;
	struct stall *stall = arg;
	void *page = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, stall->file, 0);

	CHECK(page != MAP_FAILED, "mmap: %s", strerror(errno));
	queue_open(&queue);
	job = job_crc(page, PAGE, 0);
	job.completion = (uintptr_t)&done;
	ring_submit(&queue.ring, &job);
	word_send(line, queue.id);
	word_receive(line);
	queue_close(&queue);
	word_send(line, 0);
}
