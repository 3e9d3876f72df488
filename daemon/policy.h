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
#include <sva-paths.h>

#include "util.h"

#define POLICY_PATH		SVA_SYSCONFDIR "/svad.conf"
#define CGROUP_PATH_MAX		4096
#define POLICY_TEXT_LEN		256	/* of a rule, as EXPLAIN shows it */

/* Numbers of users or groups; @any: "*" */
struct policy_ids {
	uint32_t *ids;
	size_t count;
	bool any;
};

/* fnmatch() patterns; none: everything matches */
struct policy_patterns {
	char **patterns;
	size_t count;
};

/* Users and groups that are more than clients */
struct policy_people {
	struct policy_ids users;
	struct policy_ids groups;
};

/* Every key that is given has to match; 0 is a limit that is not given */
struct policy_rule {
	bool allow;
	unsigned int line;
	struct policy_ids users;
	struct policy_ids groups;
	struct policy_patterns devices;
	struct policy_patterns types;
	struct policy_patterns cgroups;
	struct policy_patterns slices;
	uint32_t contexts_per_user;
	uint32_t contexts_per_cgroup;
	char text[POLICY_TEXT_LEN];
};

/* "yes" or "no", or nothing */
enum policy_switch {
	POLICY_UNSET,
	POLICY_NO,
	POLICY_YES,
};

/* A [device PATTERN] section, or [limits] */
struct policy_limits {
	struct policy_patterns devices;
	uint32_t contexts_per_user;
	uint32_t contexts_per_cgroup;
	uint32_t contexts_per_device;
	enum policy_switch fair_share;
};

struct policy {
	struct policy_rule *rules;
	size_t num_rules;
	struct policy_limits *devices;
	size_t num_devices;
	struct policy_limits limits;
	uint32_t contexts;		/* on all devices together, 0: no limit */
	uint32_t quarantined_per_user;	/* 0: no limit */
	uint32_t connections;
	uint32_t connections_per_user;
	uint32_t requests_per_second;
	uint32_t requests_burst;
	struct policy_people administrators;
	struct policy_people operators;
	struct policy_ids groups;	/* every group that is named anywhere, sorted */
	bool revoke_on_reload;
};

/**
 * struct subject - whom a decision is about
 * @groups: supplementary; those of policy.groups will do
 * @cgroup: path from the root of the cgroup tree; NULL: not known
 * @load_groups, @load_cgroup: fill in, the first time that a decision depends on
 *	it; NULL: it is there
 * @failure: the reason why one of them could not: nothing that was decided holds
 */
struct subject {
	uint32_t uid;
	uint32_t gid;
	const uint32_t *groups;
	size_t num_groups;
	const char *cgroup;
	void (*load_groups)(struct subject *who);
	void (*load_cgroup)(struct subject *who);
	uint32_t failure;
};

/* The path, asked for if it has to be; NULL: it is not known, @failure says why */
const char *subject_cgroup(struct subject *who);

/**
 * struct verdict - what the policy says
 * @reason: 0, SVA_REASON_DENIED_BY_RULE or SVA_REASON_DENIED_BY_DEFAULT
 * @rule: that decided; NULL: none did.  Lives as long as the policy.
 * @contexts_per_user: at most so many of this user on this device
 * @contexts_per_cgroup: at most so many of the counted cgroup there; 0: no limit
 * @contexts_per_device: at most so many on this device; 0: what it has
 * @cgroup_length: so much of the subject's path is the cgroup that the rule named;
 *	0: it named none
 * @fair_share: what one user may take depends on what is left for others
 */
struct verdict {
	uint32_t reason;
	const struct policy_rule *rule;
	uint32_t contexts_per_user;
	uint32_t contexts_per_cgroup;
	uint32_t contexts_per_device;
	size_t cgroup_length;
	bool fair_share;
};

/* First match decides; nobody is allowed anything by default */
struct verdict policy_decide(const struct policy *policy, struct subject *who,
			     const char *device, const char *type);

/* May see, revoke and reset what is others': root, and [administrators] */
bool policy_administrator(const struct policy *policy, struct subject *who);

/* May give and take grants: root, and [operators] */
bool policy_operator(const struct policy *policy, struct subject *who);

/* The end of the component of @path that begins at @at with its slash, or 0 */
size_t cgroup_component_end(const char *path, size_t at);

/*
 * How much of a path is the cgroup that systemd made: its slices and the service
 * or scope in them.  What is below is that unit's own to make and name.
 */
size_t cgroup_unit_length(const char *path);

/* Is the group named anywhere in the policy? */
bool policy_names_group(const struct policy *policy, uint32_t gid);

/*
 * One finding about a policy file: where, what, and what to do.  Lines and columns
 * count from 1; @line 0: the whole file.
 */
typedef void (*policy_report_fn)(void *userdata, const char *path, unsigned int line,
				 unsigned int column, const char *message);

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
