// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * audit.c - what is told of each decision
 */
#include <stdio.h>

#include <sva.h>

#include "account.h"
#include "audit.h"
#include "svad.h"

#define FLUSH_AFTER	10000000u	/* us */

/* Who binds a lot is still told of when he is refused: two allowances a user */
#define EVENTS_OF(uid)	((uid) ^ 0x80000000u)

/* ----------------------------------------------------------- held back */

static int audit_flush(sd_event_source *source, uint64_t usec, void *userdata)
{
	uint64_t lines = log_held_back_lately();

	(void)source;
	(void)usec;
	(void)userdata;
	if (lines)
		log_notice("held back %llu lines about clients, so that they do not flood the log; svactl stats counts what they did",
			   (unsigned long long)lines);
	return 0;
}

int audit_init(struct svad *svad)
{
	int err = sd_event_add_time_relative(svad->event, &svad->held_back, CLOCK_MONOTONIC,
					     FLUSH_AFTER, FLUSH_AFTER / 10, audit_flush, svad);

	return err < 0 ? err : sd_event_source_set_enabled(svad->held_back, SD_EVENT_OFF);
}

void audit_free(struct svad *svad)
{
	audit_flush(NULL, 0, svad);
	sd_event_source_disable_unref(svad->held_back);
	svad->held_back = NULL;
}

bool audit_allows(struct svad *svad, uint32_t uid)
{
	int enabled;

	if (log_allows(uid, svad_now(svad)))
		return true;
	if (sd_event_source_get_enabled(svad->held_back, &enabled) == 0 &&
	    sd_event_source_set_time_relative(svad->held_back, FLUSH_AFTER) >= 0)
		sd_event_source_set_enabled(svad->held_back, SD_EVENT_ONESHOT);
	return false;
}

/* ------------------------------------------------------------- clients */

void audit_of_client(const struct client *client, struct record *record)
{
	record->about_user = true;
	record->uid = client->peer.uid;
	record->pid = client->peer.pid;
}

void audit_refused_by(const struct client *client, const char *what, const char *device,
		      const char *type, uint32_t reason, unsigned int rule)
{
	struct record record = {
		.event = "refused", .device = device, .type = type, .rule = rule,
		.reason = sva_reason_name(reason),
	};
	char by[300] = "";

	if (!audit_allows(client->svad, client->peer.uid))
		return;
	if (rule)
		snprintf(by, sizeof(by), " (%s:%u)", client->svad->config, rule);
	audit_of_client(client, &record);
	log_record(LOG_NOTICE, &record, "refused uid %u, pid %d: %s%s%s%s%s: %s: %s%s",
		   record.uid, record.pid, what, *device ? " " : "", device,
		   *type ? "/" : "", type, record.reason, sva_strreason(reason), by);
}

void audit_dropped(const struct client *client, uint32_t reason, const char *why)
{
	struct record record = { .event = "dropped", .reason = sva_reason_name(reason) };

	if (!audit_allows(client->svad, client->peer.uid))
		return;
	audit_of_client(client, &record);
	log_record(LOG_NOTICE, &record, "dropped uid %u, pid %d: %s: %s", record.uid,
		   record.pid, record.reason, why);
}

/* ------------------------------------------------------------- devices */

static const char *event_name(const struct sva_event *event)
{
	switch (event->type) {
	case SVA_EVENT_BOUND:
		return "bound";
	case SVA_EVENT_QUARANTINED:
		return "quarantined";
	case SVA_EVENT_RELEASED:
		return "released";
	case SVA_EVENT_ENDED:
		return event->reason ? "ended" : NULL;
	default:
		return NULL;
	}
}

/* The kernel knows whose it is and svad does not: worth a call where it is told */
static pid_t context_owner(const struct device *device, uint64_t context)
{
	struct sva_context_entry entry;
	uint32_t count = 1;

	if (kernel_contexts_list(device->fd, context - 1, &entry, &count) || !count ||
	    entry.id != context)
		return 0;
	return entry.owner;
}

void audit_event(struct svad *svad, const struct device *device, const struct sva_event *event)
{
	struct record record = {
		.event = event_name(event), .about_user = true, .device = device->name,
		.context = event->context, .pasid = event->pasid,
	};
	struct charge charge;

	if (!record.event || !account_find(device, event->context, &charge) ||
	    !audit_allows(svad, EVENTS_OF(charge.uid)))
		return;
	record.uid = charge.uid;
	record.grant = cookie_grant(charge.cookie);
	record.pid = context_owner(device, event->context);
	if (event->reason)
		record.reason = sva_reason_name(event->reason);
	log_record(LOG_NOTICE, &record, "%s context %llu on %s for uid %u, pid %d, PASID %u%s%s",
		   record.event, (unsigned long long)record.context, record.device,
		   record.uid, record.pid, record.pasid, record.reason ? ": " : "",
		   record.reason ? record.reason : "");
}
