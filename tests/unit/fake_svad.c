// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fake_svad.c - svad as a program of its own, over the fake kernel with one
 * device soft0: fake_svad SOCKET CONFIG [--state FILE] [--contexts NUMBER] [--no-sandbox]
 *
 * --contexts: so many of a svad before it are there, charged to root.
 *
 * Unlike main.c it keeps its user and its way to be debugged, so that it runs
 * anywhere and the leak checker can look into it.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "fake_kernel.h"
#include "listen.h"
#include "log.h"
#include "sandbox.h"
#include "svad.h"

static void signals_block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static int serve(struct svad *svad, bool sandbox)
{
	int err = devices_add(&svad->devices, "soft0", "/fake/soft0");

	if (!err)
		err = svad_handle_signals(svad);
	if (!err && sandbox)
		err = sandbox_enter();
	if (err)
		return err;
	sd_notify(0, "READY=1");
	return sd_event_loop(svad->event);
}

static void contexts_add(struct fake_device *device, int count)
{
	while (count-- > 0)
		fake_context_add(device, 0, getppid());
}

static void options_read(char **argv, struct svad_start *with, struct fake_device *device,
			 bool *sandbox)
{
	with->config = argv[2];
	with->socket = listen_open(argv[1]);
	for (char **option = argv + 3; *option; option++) {
		if (!strcmp(*option, "--no-sandbox"))
			*sandbox = false;
		else if (!strcmp(*option, "--state"))
			with->state = grants_file_open(*++option);
		else if (!strcmp(*option, "--contexts"))
			contexts_add(device, atoi(*++option));
	}
}

int main(int argc, char **argv)
{
	struct svad_start with = { .state = -1 };
	struct fake_device *device;
	sd_event *event = NULL;
	struct svad svad;
	bool sandbox = true;
	int err;

	if (argc < 3)
		return 2;
	log_open(STDERR_FILENO, LOG_NOTICE);
	signals_block();
	device = fake_plug("soft0", 1000000);
	fake_make_cheap(device);
	if (sd_event_default(&event) < 0)
		return 1;
	options_read(argv, &with, device, &sandbox);
	err = svad_init(&svad, event, &with);
	if (!err) {
		err = serve(&svad, sandbox);
		svad_free(&svad);
	}
	sd_event_unref(event);
	fake_reset();
	return err ? 1 : 0;
}
