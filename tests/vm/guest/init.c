// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * init.c - the order of a run
 */
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "tests/vm/guest/init.h"

static bool under_systemd;

static bool guest_up(const struct job *job)
{
	if (under_systemd)
		return systemd_modules_loaded(job) && udev_wait() &&
			(!job->service || systemd_service_started());
	if (!udev_start() || !modules_load(job) || !udev_wait())
		return false;
	return !job->service || service_start();
}

static void guest_down(const struct job *job)
{
	if (job->service && under_systemd)
		systemd_service_stop();
	else if (job->service)
		service_stop();
	if (job->debug)
		instruments_end();
	modules_unload(job);
	system_check_taint("at its end", job->debug);
}

int main(int argc, char **argv)
{
	struct job job;
	uint32_t status;

	under_systemd = argc == 2 && strcmp(argv[1], "--under-systemd") == 0;
	if (getpid() != 1 && !under_systemd) {
		fprintf(stderr, "init: this is the first process of the test guest: use tests/vm/run\n");
		return 1;
	}
	if (!under_systemd)
		system_mount();
	system_up();
	channel_open();
	if (!under_systemd)
		system_check_taint("before it loaded a module", false);
	if (job_read(&job)) {
		if (guest_up(&job)) {
			channel_send(FRAME_READY, NULL, 0);
			status = command_run(&job);
			channel_send(FRAME_STATUS, &status, sizeof(status));
		}
		guest_down(&job);
	}
	system_log(FRAME_LAST_WORDS);
	channel_send(FRAME_END, NULL, 0);
	system_down();
}
