// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * client.c - an ordinary program of an ordinary user, for the tests under systemd
 *
 *	client hold DEVICE [COUNT [SOCKET]]
 *		binds COUNT (1) contexts, says so to its service manager, and has them
 *		compute until SIGTERM; then each has more jobs done, and is unbound
 *	client churn DEVICE
 *		binds, computes and unbinds until SIGTERM; a svad that was lost in the
 *		middle of a request is asked again
 *
 * Exit status 0: all that was asked for was done, with right results.  3: a context
 * ended, 4: one was refused, 5: a result was wrong; the reason's name is on stdout.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <time.h>

#include <sva-accel.h>

#define CONTEXTS_MAX	64
#define BLOCK		4096
#define PATIENCE_MS	20000
#define LAST_JOBS	20

enum { ENDED = 3, REFUSED = 4, WRONG = 5 };

struct unit {
	struct sva_context *ctx;
	struct sva_accel *accel;
	unsigned long jobs;
};

static unsigned char from[BLOCK], to[BLOCK];

static void __attribute__((noreturn)) leave(int status, const char *what, uint32_t reason)
{
	printf("%s: %s\n", what, sva_reason_name(reason));
	exit(status);
}

static int unit_open(struct unit *unit, const char *device, const char *socket)
{
	struct sva_bind_args args = {
		.size = sizeof(args), .device = device, .socket = socket,
		.timeout_ms = PATIENCE_MS,
	};
	int err = sva_bind_with(&args, &unit->ctx);

	return err ? err : sva_accel_open(unit->ctx, &unit->accel);
}

static void unit_compute(struct unit *unit)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_desc job;
	int err;

	memset(from, (int)++unit->jobs, BLOCK);
	sva_accel_prep_memmove(&job, to, from, BLOCK, &done);
	err = sva_accel_submit(unit->accel, &job);
	if (!err)
		err = sva_accel_wait(unit->accel, &done, PATIENCE_MS);
	if (!err)
		err = sva_accel_error(&done);
	if (err)
		leave(ENDED, strerror(-err), sva_context_reason(unit->ctx));
	if (memcmp(from, to, BLOCK))
		leave(WRONG, "the result is wrong", 0);
}

static void unit_close(struct unit *unit)
{
	sva_accel_close(unit->accel);
	sva_unbind(unit->ctx, SVA_RELEASE_CLEAN);
}

/* True when it is time to stop; waits so long for that */
static int told_to_stop(const sigset_t *set, long ms)
{
	const struct timespec wait = { .tv_nsec = ms * 1000000 };

	return sigtimedwait(set, NULL, &wait) > 0;
}

static int hold(const sigset_t *set, const char *device, int count, const char *socket)
{
	static struct unit units[CONTEXTS_MAX];

	for (int i = 0; i < count; i++) {
		if (unit_open(&units[i], device, socket))
			leave(REFUSED, device, sva_context_reason(NULL));
		unit_compute(&units[i]);
	}
	sd_notifyf(0, "READY=1\nSTATUS=%d contexts, PASID %u", count,
		   sva_context_pasid(units[0].ctx));
	while (!told_to_stop(set, 50)) {
		for (int i = 0; i < count; i++)
			unit_compute(&units[i]);
	}
	for (int i = 0; i < count; i++) {
		for (int j = 0; j < LAST_JOBS; j++)
			unit_compute(&units[i]);
		unit_close(&units[i]);
	}
	return 0;
}

static int churn(const sigset_t *set, const char *device)
{
	unsigned long bound = 0, lost = 0;
	uint32_t reason;

	for (sd_notify(0, "READY=1"); !told_to_stop(set, 0);) {
		struct unit unit = { 0 };

		if (!unit_open(&unit, device, NULL)) {
			unit_compute(&unit);
			unit_close(&unit);
			bound++;
			continue;
		}
		reason = sva_context_reason(NULL);
		if (reason != SVA_REASON_DAEMON_LOST)
			leave(REFUSED, device, reason);
		lost++;
	}
	printf("bound %lu times, asked again %lu times\n", bound, lost);
	return bound ? 0 : REFUSED;
}

int main(int argc, char **argv)
{
	int count = argc > 3 ? atoi(argv[3]) : 1;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 2 && count > 0 && count <= CONTEXTS_MAX && !strcmp(argv[1], "hold"))
		return hold(&set, argv[2], count, argc > 4 ? argv[4] : NULL);
	if (argc > 2 && !strcmp(argv[1], "churn"))
		return churn(&set, argv[2]);
	fprintf(stderr, "usage: client hold DEVICE [COUNT [SOCKET]] | churn DEVICE\n");
	return 2;
}
