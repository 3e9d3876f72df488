// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_crowd.c - one client's cost among many contexts, and svad's way back to them
 *
 * Another process holds them, so that the one that is measured is as it was without.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "client.h"
#include "deadline.h"
#include "text.h"

#define ROUNDS	 2	/* with the crowd and without */
#define SAMPLES	 200	/* in each */
#define RECOVERY_MS 100	/* what svad is to be back within */
#define FORGET_MS 60000	/* svad has to have forgotten a crowd within */

struct crowd {
	pid_t pid;
	uint32_t reason;
};

/* ---------------------------------------------------------------- crowd */

static int crowd_fill(struct bench *bench, size_t count)
{
	struct sva_msg_opened opened;
	struct client client;
	int fd, ret = client_connect(&client, NULL, -1);

	for (size_t i = 0; !ret && i < count; i++)
		ret = client_open(&client, bench->device, NULL, &opened, &fd);
	bench->reason = client.reason;
	client_close(&client);
	return ret;
}

static _Noreturn void crowd_hold(struct bench *bench, size_t count, int line)
{
	const struct rlimit files = { count + 64, count + 64 };
	struct { int ret; uint32_t reason; } word = { 0, 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		word.ret = -errno;
	else
		word.ret = crowd_fill(bench, count);
	word.reason = bench->reason;
	if (write(line, &word, sizeof(word)) != sizeof(word))
		_exit(1);
	for (;;)
		pause();
}

static void crowd_leave(struct crowd *crowd)
{
	kill(crowd->pid, SIGKILL);
	waitpid(crowd->pid, NULL, 0);
}

/* What svad counts, on all devices */
static int contexts_counted(struct bench *bench, uint32_t *total)
{
	struct sva_msg_device *devices = NULL;
	struct client client;
	uint32_t count = 0;
	int ret = client_connect(&client, NULL, 0);

	if (!ret)
		ret = client_all_devices(&client, &devices, &count);
	bench->reason = client.reason;
	*total = 0;
	for (uint32_t i = 0; !ret && i < count; i++)
		*total += devices[i].contexts;
	free(devices);
	client_close(&client);
	return ret;
}

/* Until then svad is at work for those that have left, and whoever is measured waits */
static int crowd_forget(struct bench *bench, uint32_t before)
{
	int64_t end = clock_ns() + FORGET_MS * 1000000ll;
	uint32_t now;
	int ret;

	do {
		ret = contexts_counted(bench, &now);
		if (ret < 0 || now <= before)
			return ret;
		usleep(1000);
	} while (clock_ns() < end);
	return -ETIMEDOUT;
}

static int crowd_come(struct bench *bench, struct crowd *crowd, size_t count)
{
	struct { int ret; uint32_t reason; } word = { -EPIPE, 0 };
	int line[2];

	if (pipe(line) < 0)
		return -errno;
	crowd->pid = fork();
	if (!crowd->pid)
		crowd_hold(bench, count, line[1]);
	close(line[1]);
	if (read(line[0], &word, sizeof(word)) != sizeof(word))
		word.ret = -EPIPE;
	close(line[0]);
	if (word.ret < 0) {
		bench->reason = word.reason;
		crowd_leave(crowd);
	}
	return word.ret;
}

/* Where there is no room for so many, that is no failure */
static int crowd_error(const struct bench *bench, int ret)
{
	switch (bench->reason) {
	case SVA_REASON_LIMIT_USER:
	case SVA_REASON_LIMIT_DEVICE:
	case SVA_REASON_LIMIT_SHARE:
	case SVA_REASON_LIMIT_TOTAL:
	case SVA_REASON_DEVICE_BUSY:
	case SVA_REASON_TYPE_EXHAUSTED:
		return ROW_NEEDS_ROOM;
	}
	return ret == -EPERM && !bench->reason ? ROW_NEEDS_ROOM : ret;
}

/* ---------------------------------------------------------- one among many */

static int time_grant(struct bench *bench, int64_t *ns)
{
	int64_t start = clock_ns();
	int fd = bench_context(bench, NULL);

	*ns = clock_ns() - start;
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

static int time_bind(struct bench *bench, int64_t *ns)
{
	struct sva_context *ctx;
	int64_t start = clock_ns();
	int ret = sva_bind(bench->device, 0, &ctx);

	*ns = clock_ns() - start;
	if (!ret)
		ret = sva_unbind(ctx, SVA_RELEASE_CLEAN);
	if (ret < 0)
		bench->reason = sva_context_reason(NULL);
	return ret < 0 ? ret : 0;
}

typedef int (*time_fn)(struct bench *bench, int64_t *ns);

static int some_samples(struct bench *bench, time_fn time, struct samples *samples)
{
	size_t count = bench->quick ? SAMPLES / 10 : SAMPLES;
	int64_t ns;
	int ret = time(bench, &ns);	/* once for nothing */

	for (size_t i = 0; !ret && i < count; i++) {
		ret = time(bench, &ns);
		if (!ret)
			ret = sample_add(samples, (double)ns);
	}
	return ret;
}

static int among(struct bench *bench, time_fn time, size_t count, struct samples *samples)
{
	struct crowd crowd;
	uint32_t before;
	int ret = contexts_counted(bench, &before);

	if (!ret)
		ret = crowd_come(bench, &crowd, count);
	if (ret < 0)
		return crowd_error(bench, ret);
	ret = some_samples(bench, time, samples);
	crowd_leave(&crowd);
	return ret < 0 ? ret : crowd_forget(bench, before);
}

/* Without, with, without: what the machine does meanwhile is in both */
static int crowd_measure(struct bench *bench, const struct row *row, struct measure *measure,
			 time_fn time)
{
	int ret = some_samples(bench, time, &measure->floor);

	for (int i = 0; !ret && i < (bench->quick ? 1 : ROUNDS); i++) {
		ret = among(bench, time, row->size, &measure->product);
		if (!ret)
			ret = some_samples(bench, time, &measure->floor);
	}
	return ret;
}

int bench_grant_crowd(struct bench *bench, const struct row *row, struct measure *measure)
{
	return crowd_measure(bench, row, measure, time_grant);
}

int bench_bind_crowd(struct bench *bench, const struct row *row, struct measure *measure)
{
	return crowd_measure(bench, row, measure, time_bind);
}

/* --------------------------------------------------------------- restart */

static pid_t svad_start(const struct bench *bench)
{
	char *command = text_format("exec %s", bench->svad);
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	free(command);
	return pid;
}

/* svad answers only when it knows all contexts again */
static int svad_answers(struct bench *bench, pid_t pid, int64_t *ns)
{
	struct sva_msg_devices page;
	struct client client;
	int ret = -ETIMEDOUT;

	for (int64_t end = *ns + 60000000000; clock_ns() < end;) {
		ret = client_connect(&client, bench->svad_socket, 0);
		if (!ret)
			ret = client_list_devices(&client, 0, &page);
		bench->reason = client.reason;
		client_close(&client);
		if (!ret && page.count)
			break;
		if (waitpid(pid, NULL, WNOHANG))
			return -ECHILD;
		usleep(200);
	}
	*ns = clock_ns() - *ns;
	return ret;
}

static int svad_time(struct bench *bench, struct samples *samples)
{
	int64_t ns = clock_ns();
	pid_t pid = svad_start(bench);
	int ret = pid < 0 ? -errno : svad_answers(bench, pid, &ns);

	if (pid > 0) {
		kill(pid, SIGTERM);
		waitpid(pid, NULL, 0);
	}
	return ret < 0 ? ret : sample_add(samples, (double)ns);
}

/* The contexts are of the svad that serves; with a fake kernel the command brings some */
int bench_restart(struct bench *bench, const struct row *row, struct measure *measure)
{
	size_t count = bench->quick ? 3 : 20;
	struct crowd crowd;
	int ret;

	if (!bench->svad)
		return ROW_NEEDS_SVAD;
	ret = crowd_come(bench, &crowd, row->size);
	if (ret < 0)
		return crowd_error(bench, ret);
	for (size_t i = 0; !ret && i < count; i++)
		ret = svad_time(bench, &measure->product);
	crowd_leave(&crowd);
	return ret ? ret : sample_add(&measure->floor, RECOVERY_MS * 1e6);
}
