// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * admin.c - grants, revoke, reset and watches, through svad to the real kernel
 *
 * Runs as root, which is an operator and an administrator; alice is permitted by
 * the rig's policy, mallory is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sva-admin.h>
#include <sva.h>

#include "device.h"
#include "harness.h"
#include "process.h"

/* A process of a user that binds, says how that went, and waits to be revoked */
static void binds_and_waits(int line, void *arg)
{
	struct sva_context_info info;
	struct sva_context *ctx;
	struct sva_event event;
	int err;

	user_become(arg);
	err = sva_bind(device_name(), 0, &ctx);
	word_send(line, err ? sva_context_reason(NULL) : 0);
	if (err)
		return;
	CHECK_EQ(sva_context_info(ctx, &info), 0);
	word_send(line, info.id);
	do
		CHECK_EQ(sva_next_event(ctx, &event, PATIENCE_MS), 1);
	while (event.type != SVA_EVENT_REVOKED && event.type != SVA_EVENT_RESET);
	word_send(line, event.type);
	/* what is left of it is of no use */
	CHECK(sva_unbind(ctx, SVA_RELEASE_CLEAN) < 0, "unbound after the end");
}

static uint32_t user_binds(struct child *child, const char *user, uint64_t *id)
{
	uint32_t reason;

	child_start(child, binds_and_waits, (void *)user);
	reason = (uint32_t)word_receive(child->line);
	if (!reason)
		*id = word_receive(child->line);
	return reason;
}

static uint32_t uid_of(const char *user)
{
	char out[32];

	CHECK_EQ(program_output((const char *const[]){ "id", "-u", user, NULL }, out,
				sizeof(out)), 0);
	return (uint32_t)atoi(out);
}

/* The next notice about the context, whatever else happens meanwhile */
static uint32_t next_of(struct sva_watch *watch, uint64_t context)
{
	struct sva_notice notice;

	do
		CHECK_EQ(sva_watch_next(watch, &notice, PATIENCE_MS), 1);
	while (notice.context != context);
	CHECK(!strcmp(notice.device, device_name()), "device %s", notice.device);
	return notice.kind;
}

/* ---------------------------------------------------------------- tests */

TEST(R5, grant_lets_in_and_taking_it_back_revokes)
{
	struct child child, other;
	struct sva_grant *grants;
	uint32_t number, revoked;
	uint64_t id;
	size_t count;

	CHECK_EQ(user_binds(&child, "mallory", &id), SVA_REASON_DENIED_BY_DEFAULT);
	child_join(&child);
	CHECK_EQ(sva_grant_add(NULL, device_name(), NULL, uid_of("mallory"), 1, &number), 0);
	CHECK_EQ(user_binds(&child, "mallory", &id), 0);
	CHECK_EQ(user_binds(&other, "mallory", &id), SVA_REASON_LIMIT_GRANT);
	child_join(&other);
	CHECK_EQ(sva_list_grants(NULL, &grants, &count), 0);
	CHECK_EQ(count, 1);
	CHECK_EQ(grants[0].number, number);
	CHECK_EQ(grants[0].used, 1);
	free(grants);
	CHECK_EQ(sva_grant_remove(NULL, number, &revoked), 0);
	CHECK_EQ(revoked, 1);
	CHECK_EQ(word_receive(child.line), SVA_EVENT_REVOKED);
	child_join(&child);
	CHECK_EQ(user_binds(&child, "mallory", &id), SVA_REASON_DENIED_BY_DEFAULT);
	child_join(&child);
	CHECK_EQ(sva_grant_remove(NULL, number, NULL), -ENOENT);
	CHECK_EQ(sva_context_reason(NULL), SVA_REASON_NO_SUCH_GRANT);
}

TEST(R5, administrator_revokes_whoever_holds_it_and_those_who_watch_are_told)
{
	struct sva_watch *watch;
	struct child child;
	uint64_t id = 0;

	CHECK_EQ(sva_watch(NULL, &watch), 0);
	CHECK_EQ(user_binds(&child, "alice", &id), 0);
	CHECK_EQ(next_of(watch, id), SVA_NOTICE_BOUND);
	CHECK_EQ(sva_revoke(NULL, device_name(), id), 0);
	CHECK_EQ(next_of(watch, id), SVA_NOTICE_REVOKED);
	CHECK_EQ(next_of(watch, id), SVA_NOTICE_ENDED);
	CHECK_EQ(word_receive(child.line), SVA_EVENT_REVOKED);
	child_join(&child);
	CHECK_EQ(sva_revoke(NULL, device_name(), id + 1000000), -ENOENT);
	CHECK_EQ(sva_context_reason(NULL), SVA_REASON_NO_SUCH_CONTEXT);
	sva_watch_end(watch);
}

static bool is_reset(struct sva_watch *watch)
{
	struct sva_notice notice;

	do
		CHECK_EQ(sva_watch_next(watch, &notice, PATIENCE_MS), 1);
	while (notice.kind != SVA_NOTICE_DEVICE_RESET);
	return !strcmp(notice.device, device_name());
}

TEST(R3, administrator_resets_and_those_who_watch_are_told)
{
	struct sva_watch *watch;
	struct child child;
	uint64_t id = 0;

	CHECK_EQ(sva_watch(NULL, &watch), 0);
	CHECK_EQ(user_binds(&child, "alice", &id), 0);
	CHECK_EQ(sva_reset(NULL, device_name()), 0);
	CHECK(is_reset(watch), "another device");
	CHECK(word_receive(child.line) != 0, "no event");
	child_join(&child);
	CHECK_EQ(user_binds(&child, "alice", &id), 0);
	child_kill(&child);
	sva_watch_end(watch);
}

static void tries_to_rule(int line, void *arg)
{
	(void)line;
	(void)arg;
	user_become("alice");
	CHECK_EQ(sva_grant_add(NULL, device_name(), NULL, getuid(), 100, NULL), -EPERM);
	CHECK_EQ(sva_context_reason(NULL), SVA_REASON_NOT_OPERATOR);
	CHECK_EQ(sva_revoke(NULL, device_name(), 1), -EPERM);
	CHECK_EQ(sva_reset(NULL, device_name()), -EPERM);
	CHECK_EQ(sva_context_reason(NULL), SVA_REASON_NOT_ADMINISTRATOR);
}

TEST(R12, ordinary_users_rule_over_nobody)
{
	struct child child;

	child_start(&child, tries_to_rule, NULL);
	child_join(&child);
}
