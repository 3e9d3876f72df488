// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * admin_svactl.c - svactl's verbs where they reach the real kernel: one context looked
 * at, watched and revoked by its id alone; partitions made, used and removed
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sva-admin.h>
#include <sva.h>

#include "device.h"
#include "harness.h"
#include "process.h"

#define PART "5a5a0000-0000-4000-8000-0000000000aa"

/* Runs svactl --json; it has to end with @status and to say @says */
#define SVACTL(status, says, ...) \
	svactl_says(status, says, (const char *const[]){ "svactl", "--json", __VA_ARGS__, NULL })

static void svactl_says(int status, const char *says, const char *const argv[])
{
	char out[65536];
	int got = program_output(argv, out, sizeof(out));

	CHECK(got == status && strstr(out, says), "svactl %s: status %d and not %d, or no '%s' in: %s",
	      argv[2], got, status, says, out);
}

/* Binds on the device of that name, says under which id, and waits for its end */
static void binds_until_revoked(int line, void *name)
{
	struct sva_context_info info;
	struct sva_context *ctx;
	struct sva_event event;
	int err = sva_bind(name, 0, &ctx);

	CHECK(!err, "%s", sva_strreason(sva_context_reason(NULL)));
	CHECK_EQ(sva_context_info(ctx, &info), 0);
	word_send(line, info.id);
	do
		CHECK_EQ(sva_next_event(ctx, &event, PATIENCE_MS), 1);
	while (event.type != SVA_EVENT_REVOKED && event.type != SVA_EVENT_GONE);
	word_send(line, event.type);
	CHECK(sva_unbind(ctx, SVA_RELEASE_CLEAN) < 0, "unbound after the end");
}

static void alice_binds_until_revoked(int line, void *name)
{
	user_become("alice");
	binds_until_revoked(line, name);
}

static void alice_makes_a_partition(int line, void *unused)
{
	(void)line;
	(void)unused;
	user_become("alice");
	SVACTL(1, "\"not-root\"", "partition", "create", device_name(), PART);
	SVACTL(1, "\"not-administrator\"", "stats");
	SVACTL(0, "\"partitions\"", "partition", "list");
}

static bool svad_serves(void *name)
{
	uint32_t reason;

	sva_probe(name, &reason);
	return reason != SVA_REASON_NO_SUCH_DEVICE;
}

static bool svad_does_not_serve(void *name)
{
	return !svad_serves(name);
}

/* ------------------------------------------------------------------ tests */

TEST(R5, svactl_finds_looks_at_and_revokes_a_context_by_its_id)
{
	struct child child;
	char id[32], in_json[64];

	child_start(&child, alice_binds_until_revoked, (void *)device_name());
	snprintf(id, sizeof(id), "%" PRIu64, word_receive(child.line));
	snprintf(in_json, sizeof(in_json), "\"id\": %s", id);
	SVACTL(0, in_json, "info", id);
	SVACTL(0, "\"state\": \"bound\"", "info", id);
	snprintf(in_json, sizeof(in_json), "\"id\":%s,", id);
	SVACTL(0, in_json, "top", "--count", "1", "--interval", "0.1", device_name());
	SVACTL(0, "\"ok\": true", "revoke", id);
	CHECK_EQ(word_receive(child.line), SVA_EVENT_REVOKED);
	child_join(&child);
	SVACTL(1, "\"no-such-context\"", "revoke", id);
}

TEST(R12, svactl_makes_partitions_for_root_alone)
{
	struct child child;

	child_start(&child, alice_makes_a_partition, NULL);
	child_join(&child);
	SVACTL(0, PART, "partition", "create", "--contexts", "2", device_name(), PART);
	CHECK(wait_until(svad_serves, PART, PATIENCE_MS), "svad does not serve it");
	SVACTL(0, "\"available\": 2", "partition", "list", device_name());
	SVACTL(1, "\"partition-exists\"", "partition", "create", device_name(), PART);
	SVACTL(1, "\"partition-of-partition\"", "partition", "create", PART);
	SVACTL(1, "\"partition-too-large\"", "partition", "create", "-n", "1000000", device_name());
	SVACTL(1, "\"no-partition\"", "partition", "remove", device_name());
	SVACTL(0, "\"ok\": true", "partition", "remove", PART);
	CHECK(wait_until(svad_does_not_serve, PART, PATIENCE_MS), "svad serves it still");
	SVACTL(1, "\"no-such-device\"", "partition", "remove", PART);
}

TEST(R6, svactl_removes_a_partition_in_use_by_force_only)
{
	struct child child;
	uint32_t number;

	SVACTL(0, PART, "partition", "create", "-n", "2", device_name(), PART);
	CHECK(wait_until(svad_serves, PART, PATIENCE_MS), "svad does not serve it");
	CHECK_EQ(sva_grant_add(NULL, PART, NULL, 0, 2, &number), 0);
	child_start(&child, binds_until_revoked, PART);
	CHECK(word_receive(child.line) != 0, "no id");
	SVACTL(1, "\"partition-busy\"", "partition", "remove", PART);
	SVACTL(0, "\"ok\": true", "partition", "remove", "--force", PART);
	CHECK(word_receive(child.line) != 0, "no event");
	child_join(&child);
	CHECK(wait_until(svad_does_not_serve, PART, PATIENCE_MS), "svad serves it still");
	sva_grant_remove(NULL, number, NULL);
}
