// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * svad.c - putting the parts together, and what signals do
 */
#include <poll.h>
#include <signal.h>
#include <systemd/sd-daemon.h>

#include "admin.h"
#include "audit.h"
#include "log.h"
#include "notice.h"
#include "reload.h"
#include "svad.h"

/* How long svad waits when it cannot even ask what has happened */
#define MEMORY_PAUSE	10	/* ms */

#define SIGNAL_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 20)

uint64_t svad_now(const struct svad *svad)
{
	uint64_t now = 0;

	sd_event_now(svad->event, CLOCK_MONOTONIC, &now);
	return now;
}

static void svad_report(void *userdata, const char *path, unsigned int line,
			unsigned int column, const char *message)
{
	(void)userdata;
	if (line)
		log_error("%s:%u:%u: %s", path, line, column, message);
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

static void svad_device_arrived(struct device *device, void *userdata)
{
	notice_device(userdata, SVA_NOTICE_DEVICE_ARRIVED, device);
	grants_revoke_orphans(userdata, device);
}

static void svad_device_left(struct device *device, void *userdata)
{
	notice_device(userdata, SVA_NOTICE_DEVICE_GONE, device);
}

static void svad_count_event(struct svad *svad, const struct sva_event *event)
{
	if (event->type == SVA_EVENT_BOUND)
		svad->stats[SVA_STAT_BOUND]++;
	else if (event->type == SVA_EVENT_ENDED)
		svad->stats[SVA_STAT_ENDED]++;
	else if (event->type == SVA_EVENT_QUARANTINED)
		svad->stats[SVA_STAT_ENTERED_QUARANTINE]++;
}

static void svad_device_event(struct device *device, const struct sva_event *event,
			      void *userdata)
{
	svad_count_event(userdata, event);
	audit_event(userdata, device, event);
	notice_event(userdata, device, event);
}

static const struct devices_ops svad_devices_ops = {
	.changed = svad_devices_changed,
	.arrived = svad_device_arrived,
	.left = svad_device_left,
	.event = svad_device_event,
};

/* Takes over each fd as far as it comes; svad_free() closes what it took */
static int svad_begin(struct svad *svad, int *state, int *socket)
{
	int err = policy_load(svad->config, svad_report, svad, &svad->policy);

	if (!err)
		err = grants_init(&svad->grants, fd_take(state));
	if (!err)
		err = audit_init(svad);
	if (err >= 0)
		err = devices_init(&svad->devices, svad->event);
	if (err < 0)
		return err;
	svad->devices.ops = &svad_devices_ops;
	svad->devices.userdata = svad;
	cgroups_open(&svad->cgroups);
	return clients_init(svad, fd_take(socket));
}

int svad_init(struct svad *svad, sd_event *event, const struct svad_start *start)
{
	autoclose int state = start->state, socket = start->socket;
	int err;

	*svad = (struct svad){
		.event = sd_event_ref(event), .config = start->config,
		.cgroups = CGROUPS_NONE, .grants.file = -1, .clients.socket = -1,
	};
	svad->started = svad_now(svad);
	err = svad_begin(svad, &state, &socket);
	if (err < 0)
		svad_free(svad);
	return err < 0 ? err : 0;
}

/* The contexts of clients live on: they are the clients' own (R5) */
void svad_free(struct svad *svad)
{
	clients_free(&svad->clients);
	/* nobody is told of what is only put away */
	svad->devices.ops = NULL;
	devices_free(&svad->devices);
	grants_free(&svad->grants);
	rates_free(&svad->rates);
	cgroups_close(&svad->cgroups);
	if (svad->held_back)
		audit_free(svad);
	policy_free(svad->policy);
	sd_event_unref(svad->event);
	*svad = (struct svad){
		.cgroups = CGROUPS_NONE, .grants.file = -1, .clients.socket = -1,
	};
}

int svad_turn(struct svad *svad, uint64_t timeout)
{
	int ret = sd_event_run(svad->event, timeout);
	uint64_t now = 0;

	if (ret != -ENOMEM)
		return ret;
	sd_event_now(svad->event, CLOCK_MONOTONIC, &now);
	if (log_allows(UINT32_MAX, now))
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
	watchers_reconsider(svad);
	log_notice("%s is in force, rules: %zu; contexts that exist %s", svad->config,
		   policy->num_rules, policy->revoke_on_reload ?
		   "and are not allowed any more are revoked" : "stay");
	if (policy->revoke_on_reload)
		reload_revoke(svad);
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
