// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stats.c - svactl stats: what svad counts, for people, JSON and OpenMetrics
 */
#include <inttypes.h>
#include <string.h>

#include "ask.h"
#include "svactl.h"

enum kind {
	GAUGE,
	COUNTER,
};

static const struct {
	const char *name;
	enum kind kind;
	const char *unit;	/* the end of the name, as OpenMetrics wants it told */
	const char *help;
} stats[SVA_STATS] = {
	[SVA_STAT_CLIENTS] = { "clients", GAUGE, "", "Connections that are open" },
	[SVA_STAT_WATCHES] = { "watches", GAUGE, "", "Connections that are told of events" },
	[SVA_STAT_DEVICES] = { "devices", GAUGE, "", "Devices that are served" },
	[SVA_STAT_CONTEXTS] = { "contexts", GAUGE, "", "Contexts that are charged to somebody" },
	[SVA_STAT_QUARANTINED] = { "quarantined", GAUGE, "", "Contexts whose PASID is in quarantine" },
	[SVA_STAT_GRANTS] = { "grants", GAUGE, "", "Grants in force" },
	[SVA_STAT_RULES] = { "rules", GAUGE, "", "Rules of the policy" },
	[SVA_STAT_UPTIME] = { "uptime_seconds", GAUGE, "seconds", "Time since svad started" },
	[SVA_STAT_HEAP] = { "heap_bytes", GAUGE, "bytes", "Heap memory in use" },
	[SVA_STAT_CONNECTIONS] = { "connections", COUNTER, "", "Connections that were taken" },
	[SVA_STAT_CONNECTIONS_REFUSED] = { "connections_refused", COUNTER, "", "Connections that were not taken" },
	[SVA_STAT_REQUESTS] = { "requests", COUNTER, "", "Requests" },
	[SVA_STAT_VIOLATIONS] = { "violations", COUNTER, "", "Connections dropped for what they sent" },
	[SVA_STAT_OPENED] = { "contexts_opened", COUNTER, "", "Contexts handed out" },
	[SVA_STAT_BOUND] = { "contexts_bound", COUNTER, "", "Contexts bound by their processes" },
	[SVA_STAT_ENDED] = { "contexts_ended", COUNTER, "", "Contexts that ended" },
	[SVA_STAT_REVOKED] = { "contexts_revoked", COUNTER, "", "Contexts that svad had end" },
	[SVA_STAT_ENTERED_QUARANTINE] = { "quarantines", COUNTER, "", "PASIDs that went into quarantine" },
	[SVA_STAT_REFUSED_POLICY] = { "refused_policy", COUNTER, "", "Requests refused by the policy" },
	[SVA_STAT_REFUSED_LIMIT] = { "refused_limit", COUNTER, "", "Requests refused for a limit" },
	[SVA_STAT_REFUSED_RATE] = { "refused_rate", COUNTER, "", "Requests refused for coming too fast" },
	[SVA_STAT_REFUSED_OTHER] = { "refused_other", COUNTER, "", "Requests refused for other reasons" },
	[SVA_STAT_EVENTS_LOST] = { "events_lost", COUNTER, "", "Events that watches were too slow for" },
	[SVA_STAT_LINES_HELD_BACK] = { "log_lines_held_back", COUNTER, "", "Lines not written, so that clients do not flood the log" },
};

static void print_text(const struct sva_msg_stats *message)
{
	for (size_t i = 0; i < SVA_STATS; i++)
		printf("%-20s %" PRIu64 "\n", stats[i].name, message->values[i]);
}

static void print_metrics(const struct sva_msg_stats *message)
{
	for (size_t i = 0; i < SVA_STATS; i++) {
		printf("# TYPE svad_%s %s\n", stats[i].name,
		       stats[i].kind == COUNTER ? "counter" : "gauge");
		if (*stats[i].unit)
			printf("# UNIT svad_%s %s\n", stats[i].name, stats[i].unit);
		printf("# HELP svad_%s %s\n", stats[i].name, stats[i].help);
		printf("svad_%s%s %" PRIu64 "\n", stats[i].name,
		       stats[i].kind == COUNTER ? "_total" : "", message->values[i]);
	}
	printf("# EOF\n");
}

static int print_json(const struct sva_msg_stats *message)
{
	json_t *json = json_object();

	for (size_t i = 0; i < SVA_STATS; i++)
		json_object_set_new(json, stats[i].name,
				    json_integer((json_int_t)message->values[i]));
	return svactl_print_json(json, SVACTL_OK);
}

static int stats_ask(struct client *client, void *arg)
{
	return client_stats(client, arg);
}

int svactl_stats(const struct svactl *svactl)
{
	struct sva_msg_stats message;
	uint32_t reason;
	int ret;

	if (svactl->json && svactl->metrics)
		return svactl_misused(svactl, "JSON or OpenMetrics, not both");
	ret = ask_svad(svactl->socket, stats_ask, &message, &reason);
	if (ret < 0)
		return svactl_refused(svactl, ret, reason);
	if (svactl->json)
		return print_json(&message);
	if (svactl->metrics)
		print_metrics(&message);
	else
		print_text(&message);
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}
