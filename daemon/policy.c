// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * policy.c - deciding; policy_file.c has the reading
 */
#include <fnmatch.h>

#include <sva.h>

#include "policy.h"

static bool ids_have(const struct policy_ids *ids, uint32_t id)
{
	for (size_t i = 0; i < ids->count; i++) {
		if (ids->ids[i] == id)
			return true;
	}
	return ids->any;
}

static void subject_load_groups(struct subject *who)
{
	void (*load)(struct subject *who) = who->load_groups;

	who->load_groups = NULL;
	if (load)
		load(who);
}

static bool ids_have_group_of(const struct policy_ids *ids, struct subject *who)
{
	if (!ids->count)
		return false;
	if (ids_have(ids, who->gid))
		return true;
	subject_load_groups(who);
	for (size_t i = 0; i < who->num_groups; i++) {
		if (ids_have(ids, who->groups[i]))
			return true;
	}
	return false;
}

static bool ids_given(const struct policy_ids *ids)
{
	return ids->any || ids->count;
}

static bool patterns_match(const struct policy_patterns *patterns, const char *name)
{
	for (size_t i = 0; i < patterns->count; i++) {
		if (!fnmatch(patterns->patterns[i], name, 0))
			return true;
	}
	return !patterns->count;
}

static bool rule_matches(const struct policy_rule *rule, struct subject *who,
			 const char *device, const char *type)
{
	if (ids_given(&rule->users) && !ids_have(&rule->users, who->uid))
		return false;
	if (!patterns_match(&rule->devices, device) || !patterns_match(&rule->types, type))
		return false;
	/* last, because the groups may have to be asked for */
	return !rule->groups.count || ids_have_group_of(&rule->groups, who);
}

static const struct policy_rule *policy_match(const struct policy *policy,
					      struct subject *who,
					      const char *device, const char *type)
{
	for (size_t i = 0; i < policy->num_rules; i++) {
		if (rule_matches(&policy->rules[i], who, device, type))
			return &policy->rules[i];
	}
	return NULL;
}

/* The first [device] section that matches, where it says something, else [limits] */
static void verdict_set_limits(struct verdict *verdict, const struct policy *policy,
			       const char *device)
{
	verdict->contexts_per_user = policy->limits.contexts_per_user;
	verdict->contexts_per_device = policy->limits.contexts_per_device;
	for (size_t i = 0; i < policy->num_devices; i++) {
		const struct policy_limits *limits = &policy->devices[i];

		if (!patterns_match(&limits->devices, device))
			continue;
		if (limits->contexts_per_user)
			verdict->contexts_per_user = limits->contexts_per_user;
		if (limits->contexts_per_device)
			verdict->contexts_per_device = limits->contexts_per_device;
		break;
	}
	if (verdict->rule && verdict->rule->contexts_per_user)
		verdict->contexts_per_user = verdict->rule->contexts_per_user;
}

struct verdict policy_decide(const struct policy *policy, struct subject *who,
			     const char *device, const char *type)
{
	struct verdict verdict = { .rule = policy_match(policy, who, device, type) };

	if (!verdict.rule)
		verdict.reason = SVA_REASON_DENIED_BY_DEFAULT;
	else if (!verdict.rule->allow)
		verdict.reason = SVA_REASON_DENIED_BY_RULE;
	verdict_set_limits(&verdict, policy, device);
	return verdict;
}

bool policy_administrator(const struct policy *policy, struct subject *who)
{
	return who->uid == 0 || ids_have(&policy->admin_users, who->uid) ||
	       ids_have_group_of(&policy->admin_groups, who);
}

bool policy_names_group(const struct policy *policy, uint32_t gid)
{
	size_t low = 0, high = policy->groups.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (policy->groups.ids[middle] == gid)
			return true;
		if (policy->groups.ids[middle] < gid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

static void rule_clear(struct policy_rule *rule)
{
	free(rule->users.ids);
	free(rule->groups.ids);
	free(rule->devices.patterns);
	free(rule->types.patterns);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->num_rules; i++)
		rule_clear(&policy->rules[i]);
	for (size_t i = 0; i < policy->num_devices; i++)
		free(policy->devices[i].devices.patterns);
	free(policy->rules);
	free(policy->devices);
	free(policy->admin_users.ids);
	free(policy->admin_groups.ids);
	free(policy->groups.ids);
	free(policy);
}
