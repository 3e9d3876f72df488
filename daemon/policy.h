/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * policy.h - who may open contexts on what, and how many (svad.conf(5))
 *
 * A policy is loaded from a file in one go and never changes afterwards: a
 * reload makes a new one.  Names of users and groups become numbers when it is
 * loaded, so that deciding looks nothing up.
 */
#ifndef SVAD_POLICY_H
#define SVAD_POLICY_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/sva.h>

#include "util.h"

#define POLICY_PATH		"/etc/svad.conf"
#define POLICY_TEXT_LEN		256	/* of a rule, as EXPLAIN shows it */
#define POLICY_PATTERN_LEN	64

/* Numbers of users or groups; @any: "*" */
struct policy_ids {
	uint32_t *ids;
	size_t count;
	bool any;
};

/* fnmatch() patterns; none: everything matches */
struct policy_patterns {
	char (*patterns)[POLICY_PATTERN_LEN];
	size_t count;
};

/* Every key that is given has to match; 0 is a limit that is not given */
struct policy_rule {
	bool allow;
	unsigned int line;
	struct policy_ids users;
	struct policy_ids groups;
	struct policy_patterns devices;
	struct policy_patterns types;
	uint32_t contexts_per_user;
	char text[POLICY_TEXT_LEN];
};

/* A [device PATTERN] section, or [limits] */
struct policy_limits {
	struct policy_patterns devices;
	uint32_t contexts_per_user;
	uint32_t contexts_per_device;
};

struct policy {
	struct policy_rule *rules;
	size_t num_rules;
	struct policy_limits *devices;
	size_t num_devices;
	struct policy_limits limits;
	uint32_t connections;
	uint32_t connections_per_user;
	struct policy_ids admin_users;
	struct policy_ids admin_groups;
	struct policy_ids groups;	/* every group that is named anywhere, sorted */
};

/**
 * struct subject - whom a decision is about
 * @groups: supplementary; those of policy.groups will do
 * @load_groups: fills in @groups, the first time that a decision depends on them;
 *	NULL: they are there
 * @failed: @load_groups could not: nothing that was decided holds
 */
struct subject {
	uint32_t uid;
	uint32_t gid;
	const uint32_t *groups;
	size_t num_groups;
	void (*load_groups)(struct subject *who);
	bool failed;
};

/**
 * struct verdict - what the policy says
 * @reason: 0, SVA_REASON_DENIED_BY_RULE or SVA_REASON_DENIED_BY_DEFAULT
 * @rule: that decided; NULL: none did.  Lives as long as the policy.
 * @contexts_per_user: at most so many of this user on this device
 * @contexts_per_device: at most so many on this device; 0: what it has
 */
struct verdict {
	uint32_t reason;
	const struct policy_rule *rule;
	uint32_t contexts_per_user;
	uint32_t contexts_per_device;
};

/* First match decides; nobody is allowed anything by default */
struct verdict policy_decide(const struct policy *policy, struct subject *who,
			     const char *device, const char *type);

/* May see the contexts of all users: root, and [administrators] */
bool policy_administrator(const struct policy *policy, struct subject *who);

/* Is the group named anywhere in the policy? */
bool policy_names_group(const struct policy *policy, uint32_t gid);

/* One finding about a policy file: what, and what to do.  @line 0: the whole file */
typedef void (*policy_report_fn)(void *userdata, const char *path, unsigned int line,
				 const char *message);

/*
 * Reads the whole file; reports every error that it finds.  0 with *policy, or
 * -EINVAL after reports, or another -errno after one report.
 */
int must_check policy_load(const char *path, policy_report_fn report, void *userdata,
			   struct policy **policy);
int must_check policy_read(FILE *file, const char *path, policy_report_fn report,
			   void *userdata, struct policy **policy);
void policy_free(struct policy *policy);

static inline void policy_cleanup(struct policy **policy)
{
	policy_free(*policy);
}

#endif /* SVAD_POLICY_H */
