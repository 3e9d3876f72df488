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

const char *subject_cgroup(struct subject *who)
{
	void (*load)(struct subject *who) = who->load_cgroup;

	who->load_cgroup = NULL;
	if (load)
		load(who);
	return who->cgroup;
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

/* ------------------------------------------------------------- cgroups */

size_t cgroup_component_end(const char *path, size_t at)
{
	return path[at] && path[at + 1] ? at + 1 + strcspn(path + at + 1, "/") : 0;
}

static bool is_slice(const char *path, size_t end)
{
	static const char suffix[] = ".slice";
	const size_t length = sizeof(suffix) - 1;

	return end > length && !strncmp(path + end - length, suffix, length);
}

size_t cgroup_unit_length(const char *path)
{
	size_t end = 0, next;

	while ((next = cgroup_component_end(path, end))) {
		end = next;
		if (!is_slice(path, end))
			break;
	}
	return end ? end : 1;
}

/* Where the first components of @path end, as many as @pattern has; 0: it has fewer */
static size_t cgroup_cut(const char *pattern, const char *path)
{
	size_t end = 0;

	while ((pattern = strchr(pattern, '/'))) {
		pattern++;
		end = cgroup_component_end(path, end);
		if (!end)
			return 0;
	}
	return end;
}

/*
 * The part of @path that is the cgroup or above it, and matches; 0: none does.  Only
 * a '/' matches a '/', so that it can be but one: others, of which a user can make as
 * many as a path has room for, need not be tried (R8).
 */
static size_t cgroup_match(const char *pattern, const char *path)
{
	char part[CGROUP_PATH_MAX];
	size_t end;

	if (!strcmp(pattern, "/"))
		return 1;
	end = cgroup_cut(pattern, path);
	if (!end || end >= sizeof(part))
		return 0;
	name_copy(part, path, end + 1);
	return fnmatch(pattern, part, FNM_PATHNAME | FNM_NOESCAPE) ? 0 : end;
}

/*
 * A slice counts where every cgroup above it is a slice too: those are systemd's.
 * Further down, who was given a cgroup can make one of any name.
 */
static size_t slice_match(const char *pattern, const char *path)
{
	char name[CGROUP_PATH_MAX];

	for (size_t start = 0, end; (end = cgroup_component_end(path, start)); start = end) {
		if (!is_slice(path, end) || end - start > sizeof(name))
			return 0;
		name_copy(name, path + start + 1, end - start);
		if (!fnmatch(pattern, name, FNM_NOESCAPE))
			return end;
	}
	return 0;
}

/* How much of the subject's path is a cgroup that the rule names; 0: none of it */
static size_t rule_cgroup_length(const struct policy_rule *rule, struct subject *who)
{
	const char *path = subject_cgroup(who);
	size_t length = 0;

	for (size_t i = 0; path && !length && i < rule->cgroups.count; i++)
		length = cgroup_match(rule->cgroups.patterns[i], path);
	if (rule->cgroups.count && !length)
		return 0;
	for (size_t i = 0; path && i < rule->slices.count; i++) {
		size_t slice = slice_match(rule->slices.patterns[i], path);

		if (slice)
			return length ? length : slice;
	}
	return rule->slices.count ? 0 : length;
}

/* --------------------------------------------------------------- rules */

static bool rule_matches(const struct policy_rule *rule, struct subject *who,
			 const char *device, const char *type, size_t *cgroup_length)
{
	*cgroup_length = 0;
	if (ids_given(&rule->users) && !ids_have(&rule->users, who->uid))
		return false;
	if (!patterns_match(&rule->devices, device) || !patterns_match(&rule->types, type))
		return false;
	/* last, because these may have to be asked for */
	if (rule->groups.count && !ids_have_group_of(&rule->groups, who))
		return false;
	if (!rule->cgroups.count && !rule->slices.count)
		return true;
	*cgroup_length = rule_cgroup_length(rule, who);
	return *cgroup_length;
}

static void policy_match(const struct policy *policy, struct subject *who,
			 const char *device, const char *type, struct verdict *verdict)
{
	for (size_t i = 0; i < policy->num_rules; i++) {
		if (!rule_matches(&policy->rules[i], who, device, type,
				  &verdict->cgroup_length))
			continue;
		verdict->rule = &policy->rules[i];
		return;
	}
}

/* What is said at @from goes before what was said before */
static void verdict_take_limits(struct verdict *verdict, const struct policy_limits *from)
{
	if (from->contexts_per_user)
		verdict->contexts_per_user = from->contexts_per_user;
	if (from->contexts_per_cgroup)
		verdict->contexts_per_cgroup = from->contexts_per_cgroup;
	if (from->contexts_per_device)
		verdict->contexts_per_device = from->contexts_per_device;
	if (from->fair_share != POLICY_UNSET)
		verdict->fair_share = from->fair_share == POLICY_YES;
}

/* [limits], then the first [device] section that matches, then the rule itself */
static void verdict_set_limits(struct verdict *verdict, const struct policy *policy,
			       const char *device)
{
	verdict_take_limits(verdict, &policy->limits);
	for (size_t i = 0; i < policy->num_devices; i++) {
		if (!patterns_match(&policy->devices[i].devices, device))
			continue;
		verdict_take_limits(verdict, &policy->devices[i]);
		break;
	}
	if (!verdict->rule)
		return;
	if (verdict->rule->contexts_per_user)
		verdict->contexts_per_user = verdict->rule->contexts_per_user;
	if (verdict->rule->contexts_per_cgroup)
		verdict->contexts_per_cgroup = verdict->rule->contexts_per_cgroup;
}

struct verdict policy_decide(const struct policy *policy, struct subject *who,
			     const char *device, const char *type)
{
	struct verdict verdict = { 0 };

	policy_match(policy, who, device, type, &verdict);
	if (!verdict.rule)
		verdict.reason = SVA_REASON_DENIED_BY_DEFAULT;
	else if (!verdict.rule->allow)
		verdict.reason = SVA_REASON_DENIED_BY_RULE;
	verdict_set_limits(&verdict, policy, device);
	return verdict;
}

/* -------------------------------------------------------------- people */

static bool people_have(const struct policy_people *people, struct subject *who)
{
	return who->uid == 0 || ids_have(&people->users, who->uid) ||
	       ids_have_group_of(&people->groups, who);
}

bool policy_administrator(const struct policy *policy, struct subject *who)
{
	return people_have(&policy->administrators, who);
}

bool policy_operator(const struct policy *policy, struct subject *who)
{
	return people_have(&policy->operators, who);
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

static void patterns_clear(struct policy_patterns *patterns)
{
	for (size_t i = 0; i < patterns->count; i++)
		free(patterns->patterns[i]);
	free(patterns->patterns);
}

static void rule_clear(struct policy_rule *rule)
{
	free(rule->users.ids);
	free(rule->groups.ids);
	patterns_clear(&rule->devices);
	patterns_clear(&rule->types);
	patterns_clear(&rule->cgroups);
	patterns_clear(&rule->slices);
}

static void people_clear(struct policy_people *people)
{
	free(people->users.ids);
	free(people->groups.ids);
}

void policy_free(struct policy *policy)
{
	if (!policy)
		return;
	for (size_t i = 0; i < policy->num_rules; i++)
		rule_clear(&policy->rules[i]);
	for (size_t i = 0; i < policy->num_devices; i++)
		patterns_clear(&policy->devices[i].devices);
	free(policy->rules);
	free(policy->devices);
	people_clear(&policy->administrators);
	people_clear(&policy->operators);
	free(policy->groups.ids);
	free(policy);
}
