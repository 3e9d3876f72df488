// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fixture.c - see fixture.h
 */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "fixture.h"
#include "listen.h"
#include "log.h"

static const char default_policy[] =
	"[limits]\n"
	"contexts-per-user = 4\n"
	"[allow]\n"
	"user = 1000, 1001\n"
	"device = soft*\n";

int count_fds(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->fds_before = count_fds();
	f->log = memfd_create("log", MFD_CLOEXEC);
	assert_true(f->log >= 0);
	log_open(f->log, LOG_INFO);
	snprintf(f->folder, sizeof(f->folder), "%s/svad-test-XXXXXX",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(f->folder));
	/* other users have to get at the socket */
	assert_int_equal(chmod(f->folder, 0755), 0);
	snprintf(f->config, sizeof(f->config), "%s/svad.conf", f->folder);
	snprintf(f->socket, sizeof(f->socket), "%s/socket", f->folder);
	snprintf(f->state, sizeof(f->state), "%s/grants", f->folder);
	*state = f;
	return 0;
}

int fixture_teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];
	int left;

	fixture_stop(f);
	fake_reset();
	snprintf(command, sizeof(command), "rm -rf '%s'", f->folder);
	assert_int_equal(system(command), 0);
	log_open(STDERR_FILENO, LOG_NOTICE);
	close(f->log);
	left = count_fds() - f->fds_before;
	free(f);
	if (left)
		print_error("%d fds are left open\n", left);
	return left ? -1 : 0;
}

void fixture_write_policy(struct fixture *f, const char *text)
{
	FILE *file = fopen(f->config, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

void fixture_start(struct fixture *f, const char *policy)
{
	struct svad_start start = { .config = f->config };

	fixture_write_policy(f, policy ? policy : default_policy);
	assert_true(sd_event_new(&f->event) >= 0);
	start.socket = listen_open(f->socket);
	assert_true(start.socket >= 0);
	start.state = grants_file_open(f->state);
	assert_true(start.state >= 0);
	assert_int_equal(svad_init(&f->svad, f->event, &start), 0);
}

void fixture_stop(struct fixture *f)
{
	if (!f->event)
		return;
	svad_free(&f->svad);
	f->event = sd_event_unref(f->event);
}

struct fake_device *fixture_plug(struct fixture *f, const char *name, uint32_t contexts)
{
	struct fake_device *device = fake_plug(name, contexts);
	char node[64];

	snprintf(node, sizeof(node), "/fake/%s", name);
	assert_int_equal(devices_add(&f->svad.devices, name, node), 0);
	return device;
}

void fixture_run(struct fixture *f)
{
	int ret;

	while ((ret = sd_event_run(f->event, 0)) > 0)
		;
	assert_int_equal(ret, 0);
}

void fixture_need_root(void)
{
	if (geteuid()) {
		print_message("needs root, to be several users\n");
		skip();
	}
}

/* By system call: the C library's would change all threads and the saved ids */
static void become(uid_t uid, gid_t gid, const gid_t *groups, size_t count)
{
	assert_int_equal(syscall(SYS_setgroups, count, groups), 0);
	assert_int_equal(syscall(SYS_setresgid, -1, gid, -1), 0);
	assert_int_equal(syscall(SYS_setresuid, -1, uid, -1), 0);
}

static void become_root(void)
{
	assert_int_equal(syscall(SYS_setresuid, -1, 0, -1), 0);
	assert_int_equal(syscall(SYS_setresgid, -1, 0, -1), 0);
	assert_int_equal(syscall(SYS_setgroups, 0, NULL), 0);
}

static int socket_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	name_copy(address.sun_path, path, sizeof(address.sun_path));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

int fixture_connect_groups(struct fixture *f, uid_t uid, gid_t gid, const gid_t *groups,
			   size_t count)
{
	int fd;

	/* credentials are those of the moment of connect() */
	become(uid, gid, groups, count);
	fd = socket_connect(f->socket);
	become_root();
	assert_true(fd >= 0);
	return fd;
}

int fixture_connect(struct fixture *f, uid_t uid)
{
	int fd;

	if (uid != (uid_t)-1 && uid != geteuid())
		return fixture_connect_groups(f, uid, uid, NULL, 0);
	fd = socket_connect(f->socket);
	assert_true(fd >= 0);
	return fd;
}

void packet_send(int fd, const void *data, size_t size)
{
	assert_int_equal(send(fd, data, size, MSG_NOSIGNAL), size);
}

size_t packet_receive(int fd, union reply_any *reply, int *context)
{
	struct iovec iov = { .iov_base = reply, .iov_len = sizeof(*reply) };
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd_got = -1;
	ssize_t length;

	memset(reply, 0x55, sizeof(*reply));
	length = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	if (length < 0) {
		print_error("svad has not answered: %s\n", strerror(errno));
		fail();
	}
	if (message.msg_controllen)
		memcpy(&fd_got, CMSG_DATA(&control.align), sizeof(int));
	if (context)
		*context = fd_got;
	else
		assert_int_equal(fd_got, -1);
	return (size_t)length;
}

struct sva_msg header(uint16_t type, size_t size)
{
	static uint32_t serial;

	return (struct sva_msg){
		.size = (uint32_t)size, .version = SVA_PROTOCOL_VERSION,
		.type = type, .serial = ++serial,
	};
}

struct sva_msg_open open_message(const char *device, const char *type)
{
	struct sva_msg_open request = { .msg = header(SVA_MSG_OPEN, sizeof(request)) };

	name_copy(request.device, device, SVA_NAME_LEN);
	name_copy(request.type, type, SVA_NAME_LEN);
	return request;
}

struct sva_msg_explain explain_message(const char *device, const char *type)
{
	struct sva_msg_explain request = { .msg = header(SVA_MSG_EXPLAIN, sizeof(request)) };

	name_copy(request.device, device, SVA_NAME_LEN);
	name_copy(request.type, type, SVA_NAME_LEN);
	return request;
}

size_t fixture_call(struct fixture *f, int fd, const void *request, size_t size,
		    union reply_any *reply, int *context)
{
	packet_send(fd, request, size);
	fixture_run(f);
	return packet_receive(fd, reply, context);
}

uint32_t fixture_open(struct fixture *f, int fd, const char *device, int *context)
{
	struct sva_msg_open request = open_message(device, "");
	union reply_any reply;
	int got;

	assert_int_equal(fixture_call(f, fd, &request, sizeof(request), &reply, &got),
			 sizeof(reply.opened));
	assert_int_equal(reply.msg.type, SVA_MSG_OPEN | SVA_MSG_REPLY);
	assert_int_equal(reply.msg.serial, request.msg.serial);
	/* R7: no error without its reason, no fd with an error */
	assert_int_equal(!reply.msg.error, !reply.msg.reason);
	assert_int_equal(!reply.msg.error, got >= 0);
	if (context)
		*context = got;
	else if (got >= 0)
		close(got);
	return reply.msg.reason;
}

static char *log_read(struct fixture *f)
{
	off_t size = lseek(f->log, 0, SEEK_END);
	char *text = calloc(1, (size_t)size + 1);

	assert_non_null(text);
	assert_int_equal(pread(f->log, text, (size_t)size, 0), size);
	return text;
}

bool fixture_log_has(struct fixture *f, const char *text)
{
	autofree char *log = log_read(f);
	bool found = strstr(log + f->log_seen, text);

	if (!found)
		print_message("the log has:\n%s", log + f->log_seen);
	f->log_seen = strlen(log);
	return found;
}

unsigned int fixture_log_count(struct fixture *f, const char *text)
{
	autofree char *log = log_read(f);
	unsigned int count = 0;

	for (const char *at = log; (at = strstr(at, text)); at += strlen(text))
		count++;
	return count;
}

/* ------------------------------------------------------------- cgroups */

static int folder_at(int parent, const char *name)
{
	int fd;

	assert_true(!mkdirat(parent, name, 0755) || errno == EEXIST);
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

void fixture_cgroups(struct fixture *f)
{
	int folder = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(folder >= 0);
	cgroups_close(&f->svad.cgroups);
	f->svad.cgroups.proc = folder_at(folder, "proc");
	f->svad.cgroups.mount = folder_at(folder, "cgroup");
	close(folder);
}

void fixture_cgroup_make(struct fixture *f, const char *path)
{
	char part[256];

	for (size_t end = 0; (end = cgroup_component_end(path, end));) {
		name_copy(part, path, end + 1);
		assert_true(!mkdirat(f->svad.cgroups.mount, part + 1, 0755) || errno == EEXIST);
	}
}

void fixture_cgroup_remove(struct fixture *f, const char *path)
{
	assert_int_equal(unlinkat(f->svad.cgroups.mount, path + 1, AT_REMOVEDIR), 0);
}

void fixture_cgroup_enter(struct fixture *f, pid_t pid, const char *path)
{
	char name[32];
	FILE *file;
	int folder, fd;

	snprintf(name, sizeof(name), "%d", (int)pid);
	folder = folder_at(f->svad.cgroups.proc, name);
	fd = openat(folder, "cgroup", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	assert_non_null(file);
	/* hierarchies of version 1 come first */
	assert_true(fprintf(file, "2:cpu:/elsewhere\n0::%s\n", path) > 0);
	assert_int_equal(fclose(file), 0);
	close(folder);
}
