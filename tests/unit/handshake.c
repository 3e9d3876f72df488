// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * handshake.c - what a grant by svad costs, against the same handshake by a bare
 * server: handshake FAKE_SVAD
 *
 * Both are processes of their own that answer one client.  The bare one does what
 * no server can leave out: accept, credentials and pidfd, receive, one fd made,
 * sent and closed.  Floor and svad alternate within the run; the ratio of their
 * medians is what counts (DESIGN section 11: at most 1.3).  All run on one CPU:
 * where the scheduler puts them would else count for more than what they do.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include <protocol.h>

#include "peer.h"
#include "util.h"

#define ROUNDS	20
#define CALLS	500
#define SAMPLES	(ROUNDS * CALLS)

static char folder[] = "/tmp/svad-handshake-XXXXXX";

static void must(int good, const char *what)
{
	if (good)
		return;
	perror(what);
	exit(1);
}

static void address_of(struct sockaddr_un *address, const char *name)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s", folder, name);
}

/* ------------------------------------------------------------ the floor */

static int send_with_fd(int fd, const void *data, size_t size, int passed)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = size };
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr header = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &passed, sizeof(int));
	return sendmsg(fd, &header, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

static void bare_serve_one(int client)
{
	struct sva_msg_opened reply = { .msg.size = sizeof(reply) };
	struct sva_msg_open request;
	struct peer peer = PEER_NOBODY;

	if (peer_identify(client, &peer))
		return;
	while (recv(client, &request, sizeof(request), 0) > 0) {
		int context = fcntl(client, F_DUPFD_CLOEXEC, 0);

		if (send_with_fd(client, &reply, sizeof(reply), context))
			break;
		close(context);
	}
	peer_forget(&peer);
}

static void bare_server(int listener)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0)
			exit(1);
		bare_serve_one(client);
		close(client);
	}
}

static pid_t bare_start(void)
{
	struct sockaddr_un address;
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	pid_t child;

	address_of(&address, "bare");
	must(!bind(listener, (struct sockaddr *)&address, sizeof(address)), "bind");
	must(!listen(listener, 16), "listen");
	child = fork();
	if (!child)
		bare_server(listener);
	close(listener);
	return child;
}

static pid_t svad_start(const char *program)
{
	char config[64], path[64];
	FILE *file;
	pid_t child;

	snprintf(config, sizeof(config), "%s/svad.conf", folder);
	snprintf(path, sizeof(path), "%s/svad", folder);
	file = fopen(config, "we");
	must(file && fputs("[administrators]\ngroup = 0\n[deny]\nuser = 65533\n"
			   "[allow]\nuser = *\ndevice = soft*\ncontexts-per-user = 1000000\n"
			   "[limits]\nrequests-per-second = 1000000\n"
			   "[allow]\ngroup = 65533\n", file) >= 0 && !fclose(file), config);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(program, program, path, config, NULL);
		_exit(127);
	}
	return child;
}

/* ----------------------------------------------------------- the client */

static int try_connect(const char *name)
{
	struct sockaddr_un address;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	address_of(&address, name);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

static void ask(int fd)
{
	struct sva_msg_open request = {
		.msg = { .size = sizeof(request), .version = SVA_PROTOCOL_VERSION,
			 .type = SVA_MSG_OPEN },
	};
	struct sva_msg_opened reply;
	struct iovec iov = { .iov_base = &reply, .iov_len = sizeof(reply) };
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr header = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int context;

	must(send(fd, &request, sizeof(request), MSG_NOSIGNAL) == sizeof(request), "send");
	must(recvmsg(fd, &header, MSG_CMSG_CLOEXEC) == sizeof(reply), "recvmsg");
	must(!reply.msg.error && header.msg_controllen, "no context");
	memcpy(&context, CMSG_DATA(&control.align), sizeof(int));
	close(context);
}

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void measure(const char *name, bool connects, double *samples)
{
	int fd = connects ? -1 : try_connect(name);

	for (int i = 0; i < CALLS; i++) {
		double start = now_us();

		if (connects)
			fd = try_connect(name);
		must(fd >= 0, name);
		ask(fd);
		if (connects)
			close(fd);
		samples[i] = now_us() - start;
	}
	if (!connects)
		close(fd);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void compare_servers(const char *title, bool connects)
{
	static double floor_us[SAMPLES], svad_us[SAMPLES];

	for (int i = 0; i < ROUNDS; i++) {
		measure("bare", connects, floor_us + i * CALLS);
		measure("svad", connects, svad_us + i * CALLS);
	}
	qsort(floor_us, SAMPLES, sizeof(double), compare);
	qsort(svad_us, SAMPLES, sizeof(double), compare);
	printf("%-18s bare %6.1f us (p99 %6.1f)  svad %6.1f us (p99 %6.1f)  ratio %.2f\n", title,
	       floor_us[SAMPLES / 2], floor_us[SAMPLES * 99 / 100],
	       svad_us[SAMPLES / 2], svad_us[SAMPLES * 99 / 100],
	       svad_us[SAMPLES / 2] / floor_us[SAMPLES / 2]);
}

static void wait_until_served(pid_t server)
{
	int fd;

	while ((fd = try_connect("svad")) < 0) {
		const struct timespec moment = { .tv_nsec = 1000000 };

		must(waitpid(server, NULL, WNOHANG) == 0, "fake_svad has ended");
		nanosleep(&moment, NULL);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	pid_t bare, svad;
	char command[64];
	cpu_set_t cpus;

	if (argc != 2) {
		fprintf(stderr, "usage: handshake FAKE_SVAD\n");
		return 2;
	}
	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	must(!sched_setaffinity(0, sizeof(cpus), &cpus), "sched_setaffinity");
	must(mkdtemp(folder) != NULL, folder);
	bare = bare_start();
	svad = svad_start(argv[1]);
	wait_until_served(svad);
	compare_servers("new connection", true);
	compare_servers("open connection", false);
	kill(bare, SIGKILL);
	kill(svad, SIGTERM);
	waitpid(bare, NULL, 0);
	waitpid(svad, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	return system(command) ? 1 : 0;
}
