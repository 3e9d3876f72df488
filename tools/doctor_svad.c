// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * doctor_svad.c - what svad says, asked as any client asks it
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "client.h"
#include "doctor.h"
#include "sva.h"
#include "text.h"

/* Slower than any disk: whoever is to bring the page does not */
#define STUCK_MS	5000

/* What the kernel says, and what its flags say even if it says nothing */
static uint32_t binding_obstacle(const struct sva_msg_device *device)
{
	uint32_t reason = client_device_obstacle(device);

	if (!reason && !(device->flags & SVA_DEVICE_FLAG_PASID))
		reason = SVA_REASON_NO_PASID;
	if (!reason && !(device->flags & SVA_DEVICE_FLAG_PAGE_REQUESTS))
		reason = SVA_REASON_NO_PAGE_REQUESTS;
	return reason;
}

static void check_binding(struct doctor *doctor, const struct sva_msg_device *device)
{
	uint32_t reason = binding_obstacle(device);

	if (reason)
		finding_reason(&doctor->findings, "binding", device->name,
			       text_format("no context can be bound"), reason);
	else
		finding_ok(&doctor->findings, "binding", device->name,
			   text_format("a context can be bound: %u of %u in use, %u in quarantine",
				       device->contexts, device->max_contexts,
				       device->quarantined));
}

/* "by /etc/svad.conf:12: [allow] user = alice" */
static char *verdict_text(const struct sva_msg_explained *explained)
{
	const char *verdict = explained->permitted ? "you may use it" : "you may not use it";

	if (explained->grant)
		return text_format("%s, by grant %u", verdict, explained->grant);
	if (!explained->rule)
		return text_format("%s: no rule of the policy matches", verdict);
	return text_format("%s, by %s:%u: %s", verdict, explained->file, explained->rule,
			   explained->text);
}

/* Only a svad that is lost is an error: what it refuses is a finding */
static int check_policy(struct doctor *doctor, struct client *client,
			const struct sva_msg_device *device)
{
	struct sva_msg_explained explained;
	int ret;

	do
		ret = client_explain(client, device->name, NULL, &explained);
	while (ret < 0 && ask_again(client));
	if (ret < 0 && client->reason == SVA_REASON_DAEMON_LOST)
		return ret;
	if (ret < 0)
		finding_reason(&doctor->findings, "policy", device->name,
			       text_format("svad does not say whether you may use it"),
			       client->reason);
	else if (explained.permitted)
		finding_ok(&doctor->findings, "policy", device->name, verdict_text(&explained));
	else
		finding_reason(&doctor->findings, "policy", device->name, verdict_text(&explained),
			       explained.why ? explained.why : SVA_REASON_DENIED_BY_DEFAULT);
	return 0;
}

static bool is_stuck(const struct sva_context_entry *entry)
{
	return entry->waiting_ms >= STUCK_MS;
}

/* What is to be done; whose process has died is told by nobody but the page's server */
static char *stuck_remedy(const struct sva_context_entry *entry)
{
	if (!entry->owner)
		return text_format("the process has died: end what serves that memory, such as a "
				   "FUSE server that hangs, or unmount it by force");
	return text_format("end what serves that memory, or unmount it by force (/proc/%d/maps "
			   "shows which files); killing process %d alone does not help",
			   entry->owner, entry->owner);
}

/* Its page does not come, and whoever leaves the same IOMMU waits behind it */
static void tell_stuck(struct doctor *doctor, const struct sva_msg_device *device,
		       const struct sva_context_entry *entry)
{
	finding_problem(&doctor->findings, "faults", device->name,
			text_format("a page request of context %llu of process %d (uid %u) has "
				    "been unanswered for %u s", (unsigned long long)entry->id,
				    entry->owner, entry->account, entry->waiting_ms / 1000),
			text_format("the memory that it asks for does not come, as where a FUSE "
				    "or network file system hangs; ends of contexts on this device, "
				    "resets and its removal wait for it"),
			stuck_remedy(entry));
}

/* Of the contexts that the caller may see */
static int check_faults(struct doctor *doctor, struct client *client,
			const struct sva_msg_device *device)
{
	struct sva_msg_contexts page = { 0 };
	uint64_t after = 0;
	unsigned int seen = 0, stuck = 0;
	int ret;

	while (!(ret = ask_contexts(client, device->name, after, &page)) && page.count) {
		for (uint32_t i = 0; i < page.count; i++) {
			if (is_stuck(&page.contexts[i]))
				tell_stuck(doctor, device, &page.contexts[i]);
			stuck += is_stuck(&page.contexts[i]);
		}
		seen += page.count;
		after = page.contexts[page.count - 1].id;
	}
	if (ret < 0 && client->reason == SVA_REASON_DAEMON_LOST)
		return ret;
	if (ret < 0)
		finding_reason(&doctor->findings, "faults", device->name,
			       text_format("svad does not tell all contexts"), client->reason);
	else if (seen && !stuck)
		finding_ok(&doctor->findings, "faults", device->name,
			   text_format("none of %u contexts waits for a page that does not come",
				       seen));
	return 0;
}

static int check_named(struct doctor *doctor, struct client *client,
		       const struct sva_msg_device *devices, uint32_t count)
{
	uint32_t seen = 0;
	int ret = 0;

	for (uint32_t i = 0; !ret && i < count; i++) {
		if (doctor->device && strcmp(doctor->device, devices[i].name))
			continue;
		check_binding(doctor, &devices[i]);
		ret = check_policy(doctor, client, &devices[i]);
		if (!ret)
			ret = check_faults(doctor, client, &devices[i]);
		seen++;
	}
	if (!seen)
		finding_reason(&doctor->findings, "binding", doctor->device,
			       text_format("svad has nothing to bind to"), doctor->device ?
			       SVA_REASON_NO_SUCH_DEVICE : SVA_REASON_NO_DEVICE);
	return ret;
}

/**
 * struct visit - to svad
 * @before: how many findings there were without it
 * @answered: svad told its devices
 */
struct visit {
	struct doctor *doctor;
	size_t before;
	bool answered;
};

static int visit_ask(struct client *client, void *arg)
{
	struct visit *visit = arg;
	struct doctor *doctor = visit->doctor;
	struct sva_msg_device *devices;
	uint32_t count;
	int ret;

	findings_cut(&doctor->findings, visit->before);
	do
		ret = client_all_devices(client, &devices, &count);
	while (ret < 0 && ask_again(client));
	visit->answered = !ret;
	if (ret < 0)
		return ret;
	finding_ok(&doctor->findings, "svad", NULL, text_format("answers on %s", client->path));
	ret = check_named(doctor, client, devices, count);
	free(devices);
	return ret;
}

static void tell_no_answer(struct doctor *doctor, int error, uint32_t reason)
{
	finding_reason(&doctor->findings, "svad", NULL,
		       text_format("no answer on %s%s%s", client_socket_path(doctor->socket),
				   reason == SVA_REASON_SYSTEM ? ": " : "",
				   reason == SVA_REASON_SYSTEM ? strerror(-error) : ""),
		       reason);
	finding_unknown(&doctor->findings, "binding",
			text_format("only svad knows whether a context can be bound"));
	finding_unknown(&doctor->findings, "policy",
			text_format("only svad knows what you may use"));
}

void doctor_svad(struct doctor *doctor)
{
	struct visit visit = { .doctor = doctor, .before = doctor->findings.count };
	uint32_t reason;
	int ret = ask_svad(doctor->socket, visit_ask, &visit, &reason);

	if (ret < 0 && visit.answered)
		finding_reason(&doctor->findings, "svad", NULL,
			       text_format("it was lost while it was asked"), reason);
	else if (ret < 0)
		tell_no_answer(doctor, ret, reason);
}
