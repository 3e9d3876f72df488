// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * svad.c - putting the parts together, and what signals do
 */
#include <poll.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include "log.h"
#include "svad.h"

/* How long svad waits when it cannot even ask what has happened */
#define MEMORY_PAUSE	10	/* ms */

#define SIGNAL_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 20)

static void svad_report(void *userdata, const char *path, unsigned int line,
			const char *message)
{
	(void)userdata;
	if (line)
		log_error("%s:%u: %s", path, line, message);
	else
		log_error("%s: %s", path, message);
}

void svad_notify_status(struct svad *svad)
{
	const char *more = svad->reload_failed ?
			   "; the last reload failed, svad --check-config says why" : "";

	sd_notifyf(0, "STATUS=devices: %zu, rules: %zu%s", svad->devices.count,
		   svad->policy->num_rules, more);
}

static void svad_devices_changed(void *userdata)
{
	svad_notify_status(userdata);
}

static int svad_start(struct svad *svad, int socket)
{
	int err = policy_load(svad->config, svad_report, svad, &svad->policy);

	if (err)
		return err;
	err = devices_init(&svad->devices, svad->event);
	if (err < 0)
		return err;
	svad->devices.changed = svad_devices_changed;
	svad->devices.userdata = svad;
	return clients_init(svad, socket);
}

int svad_init(struct svad *svad, sd_event *event, const char *config, int socket)
{
	int err;

	*svad = (struct svad){ .event = sd_event_ref(event), .config = config };
	svad->clients.socket = socket;
	err = svad_start(svad, socket);
	if (err < 0)
		svad_free(svad);
	return err < 0 ? err : 0;
}

/* The contexts of clients live on: they are the clients' own (R5) */
void svad_free(struct svad *svad)
{
	clients_free(&svad->clients);
	devices_free(&svad->devices);
	policy_free(svad->policy);
	sd_event_unref(svad->event);
	*svad = (struct svad){ .clients.socket = -1 };
}

int svad_turn(struct svad *svad, uint64_t timeout)
{
	int ret = sd_event_run(svad->event, timeout);
	unsigned int left_out;
	uint64_t now = 0;

	if (ret != -ENOMEM)
		return ret;
	sd_event_now(svad->event, CLOCK_MONOTONIC, &now);
	if (log_allows(UINT32_MAX, now, &left_out))
		log_warning("no memory to see what clients and devices do; svad goes on when there is some");
	poll(NULL, 0, MEMORY_PAUSE);
	return 0;
}

int svad_loop(struct svad *svad)
{
	int ret;

	while (sd_event_get_state(svad->event) != SD_EVENT_FINISHED) {
		ret = svad_turn(svad, UINT64_MAX);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int svad_load_policy(struct svad *svad)
{
	struct policy *policy;
	int err = policy_load(svad->config, svad_report, svad, &policy);

	if (err) {
		log_error("%s is not taken over; the policy in force stays", svad->config);
		return err;
	}
	policy_free(svad->policy);
	svad->policy = policy;
	clients_set_limits(svad);
	log_notice("%s is in force, rules: %zu; contexts that exist stay", svad->config,
		   policy->num_rules);
	return 0;
}

int svad_reload(struct svad *svad)
{
	int err;

	sd_notify(0, "RELOADING=1");
	err = svad_load_policy(svad);
	svad->reload_failed = err;
	if (svad->rescan)
		svad->rescan(svad->rescan_userdata);
	sd_notify(0, "READY=1");
	svad_notify_status(svad);
	return err;
}

static int signal_reload(sd_event_source *source, const struct signalfd_siginfo *info,
			 void *userdata)
{
	(void)source;
	(void)info;
	svad_reload(userdata);
	return 0;
}

static int signal_stop(sd_event_source *source, const struct signalfd_siginfo *info,
		       void *userdata)
{
	struct svad *svad = userdata;

	(void)source;
	sd_notify(0, "STOPPING=1");
	log_notice("stopping on signal %u; contexts that exist stay", info->ssi_signo);
	return sd_event_exit(svad->event, 0);
}

static int svad_handle_signal(struct svad *svad, int number, sd_event_signal_handler_t handler)
{
	sd_event_source *source;
	int err = sd_event_add_signal(svad->event, &source, number, handler, svad);

	if (err < 0)
		return err;
	sd_event_source_set_priority(source, SIGNAL_PRIORITY);
	err = sd_event_source_set_floating(source, true);
	sd_event_source_unref(source);
	return err;
}

int svad_handle_signals(struct svad *svad)
{
	int err = svad_handle_signal(svad, SIGHUP, signal_reload);

	if (err >= 0)
		err = svad_handle_signal(svad, SIGTERM, signal_stop);
	if (err >= 0)
		err = svad_handle_signal(svad, SIGINT, signal_stop);
	return err < 0 ? err : 0;
}
