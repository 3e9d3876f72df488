// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * policy_test.c - svad.conf: who is allowed what, and what is said about errors
 */
#include <fnmatch.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <cmocka.h>

#include <sva.h>

#include "nss.h"
#include "policy.h"

struct findings {
	unsigned int count;
	unsigned int line;
	unsigned int column;
	char message[512];
};

static void note(void *userdata, const char *path, unsigned int line, unsigned int column,
		 const char *message)
{
	struct findings *findings = userdata;

	assert_string_equal(path, "test.conf");
	if (findings->count++)
		return;
	findings->line = line;
	findings->column = column;
	snprintf(findings->message, sizeof(findings->message), "%s", message);
}

static int read_text(const char *text, struct findings *findings, struct policy **policy)
{
	FILE *file = fmemopen((void *)text, strlen(text), "r");
	int err;

	assert_non_null(file);
	*findings = (struct findings){ 0 };
	err = policy_read(file, "test.conf", note, findings, policy);
	fclose(file);
	return err;
}

static struct policy *good(const char *text)
{
	struct findings findings;
	struct policy *policy = NULL;

	if (read_text(text, &findings, &policy))
		fail_msg("line %u: %s", findings.line, findings.message);
	assert_int_equal(findings.count, 0);
	return policy;
}

/* The first finding is about this line and says this */
static void bad(const char *text, unsigned int line, const char *says)
{
	struct findings findings;
	struct policy *policy = NULL;

	assert_int_equal(read_text(text, &findings, &policy), -EINVAL);
	assert_null(policy);
	if (findings.line != line || !strstr(findings.message, says))
		fail_msg("wanted line %u '%s', got line %u: %s", line, says, findings.line,
			 findings.message);
	/* R7: what to do follows what is wrong */
	assert_non_null(strchr(findings.message, ';'));
}

static uint32_t decide(const struct policy *policy, uint32_t uid, const char *device,
		       const char *type)
{
	struct subject who = { .uid = uid, .gid = uid };

	return policy_decide(policy, &who, device, type).reason;
}

/* ----------------------------------------------------------- decisions */

static void nobody_is_allowed_anything_by_default(void **state)
{
	struct policy *policy = good("# nothing\n\n");

	(void)state;
	assert_int_equal(decide(policy, 0, "soft0", "shared"), SVA_REASON_DENIED_BY_DEFAULT);
	assert_int_equal(decide(policy, 1000, "soft0", "shared"), SVA_REASON_DENIED_BY_DEFAULT);
	policy_free(policy);
}

static void users_match_by_name_and_number(void **state)
{
	struct policy *policy = good("[allow]\nuser = root, 1001\n");

	(void)state;
	assert_int_equal(decide(policy, 0, "soft0", "shared"), 0);
	assert_int_equal(decide(policy, 1001, "soft0", "shared"), 0);
	assert_int_equal(decide(policy, 1002, "soft0", "shared"), SVA_REASON_DENIED_BY_DEFAULT);
	policy_free(policy);
}

static void a_star_is_everybody(void **state)
{
	struct policy *policy = good("[allow]\nuser = *\n");

	(void)state;
	assert_int_equal(decide(policy, 54321, "x", "y"), 0);
	policy_free(policy);
}

static void groups_match_primary_and_supplementary(void **state)
{
	struct policy *policy = good("[allow]\ngroup = 500, root\n");
	const uint32_t groups[] = { 7, 500 };
	struct subject who = { .uid = 1000, .gid = 7, .groups = groups, .num_groups = 2 };

	(void)state;
	assert_int_equal(policy_decide(policy, &who, "a", "b").reason, 0);
	who.num_groups = 1;
	assert_int_equal(policy_decide(policy, &who, "a", "b").reason,
			 SVA_REASON_DENIED_BY_DEFAULT);
	who.gid = 0;
	assert_int_equal(policy_decide(policy, &who, "a", "b").reason, 0);
	assert_true(policy_names_group(policy, 500));
	assert_true(policy_names_group(policy, 0));
	assert_false(policy_names_group(policy, 7));
	policy_free(policy);
}

static unsigned int loads;

static void load_group_500(struct subject *who)
{
	static const uint32_t group = 500;

	loads++;
	who->groups = &group;
	who->num_groups = 1;
}

static void groups_are_asked_for_once_and_only_where_they_decide(void **state)
{
	struct policy *policy = good("[administrators]\ngroup = 501\n"
				     "[deny]\nuser = 1001\ngroup = 502\n"
				     "[deny]\ngroup = 503\ndevice = dsa*\n"
				     "[allow]\nuser = 1000\n[deny]\ngroup = 504\n[allow]\ngroup = 500\n");
	struct subject alice = { .uid = 1000, .gid = 1, .load_groups = load_group_500 };
	struct subject carol = { .uid = 1003, .gid = 1, .load_groups = load_group_500 };
	struct subject dave = { .uid = 1004, .gid = 500, .load_groups = load_group_500 };

	(void)state;
	loads = 0;
	assert_int_equal(policy_decide(policy, &alice, "soft0", "s").reason, 0);
	assert_int_equal(loads, 0);
	assert_int_equal(policy_decide(policy, &carol, "soft0", "s").reason, 0);
	assert_int_equal(policy_decide(policy, &carol, "soft0", "s").reason, 0);
	assert_false(policy_administrator(policy, &carol));
	assert_int_equal(loads, 1);
	/* the deny in front has to be ruled out first */
	assert_int_equal(policy_decide(policy, &dave, "soft0", "s").reason, 0);
	assert_int_equal(loads, 2);
	policy_free(policy);
}

static void all_keys_of_a_rule_have_to_match(void **state)
{
	struct policy *policy = good("[allow]\nuser = 1000\ngroup = 500\ndevice = soft*\ntype = shared\n");
	const uint32_t group = 500;
	struct subject both = { .uid = 1000, .gid = 1, .groups = &group, .num_groups = 1 };
	struct subject user = { .uid = 1000, .gid = 1 };

	(void)state;
	assert_int_equal(policy_decide(policy, &both, "soft0", "shared").reason, 0);
	assert_int_not_equal(policy_decide(policy, &user, "soft0", "shared").reason, 0);
	assert_int_not_equal(policy_decide(policy, &both, "dsa0", "shared").reason, 0);
	assert_int_not_equal(policy_decide(policy, &both, "soft0", "dedicated").reason, 0);
	policy_free(policy);
}

/* The first ']' of a set is in it, and fnmatch(3) has classes */
static void sets_of_every_kind_are_closed(void **state)
{
	struct policy *policy = good("[deny]\nuser = 7\ndevice = s[]0]t, x[!]a]y, [[.a.]b]c, a]\n"
				     "cgroup = /a[[:digit:]x]/b, /c[]], /d[[], /e[a[:], /f[\\]\n"
				     "slice = a[bc].slice\n");

	(void)state;
	assert_int_equal(policy->rules[0].devices.count, 4);
	assert_int_equal(policy->rules[0].cgroups.count, 5);
	assert_int_equal(policy->rules[0].slices.count, 1);
	policy_free(policy);
}

static void devices_and_types_match_by_pattern(void **state)
{
	struct policy *policy = good("[allow]\nuser = *\ndevice = soft[01], dsa?\n  wq*\ntype = s*\n");

	(void)state;
	assert_int_equal(decide(policy, 1, "soft0", "shared"), 0);
	assert_int_equal(decide(policy, 1, "soft1", "shared"), 0);
	assert_int_not_equal(decide(policy, 1, "soft2", "shared"), 0);
	assert_int_equal(decide(policy, 1, "dsa7", "shared"), 0);
	assert_int_not_equal(decide(policy, 1, "dsa77", "shared"), 0);
	assert_int_equal(decide(policy, 1, "wq0.1", "s"), 0);
	assert_int_not_equal(decide(policy, 1, "wq0.1", "dedicated"), 0);
	policy_free(policy);
}

static void the_first_match_decides(void **state)
{
	struct policy *policy = good("[deny]\nuser = 1000\ndevice = soft1\n"
				     "[allow]\nuser = 1000\n"
				     "[deny]\nuser = 1000\n");

	(void)state;
	assert_int_equal(decide(policy, 1000, "soft1", "shared"), SVA_REASON_DENIED_BY_RULE);
	assert_int_equal(decide(policy, 1000, "soft0", "shared"), 0);
	policy_free(policy);
}

static void a_deny_without_keys_denies_everybody(void **state)
{
	struct policy *policy = good("[deny]\n[allow]\nuser = *\n");

	(void)state;
	assert_int_equal(decide(policy, 1000, "soft0", "shared"), SVA_REASON_DENIED_BY_RULE);
	policy_free(policy);
}

static void the_rule_that_decided_is_known_by_line_and_text(void **state)
{
	struct policy *policy = good("# first light\n\n[allow]\nuser = 1000 ; comment\ndevice = soft*\n"
				     "[allow]\nuser = 1001\n");
	struct subject who = { .uid = 1000 };
	struct verdict verdict = policy_decide(policy, &who, "soft0", "shared");

	(void)state;
	assert_non_null(verdict.rule);
	assert_int_equal(verdict.rule->line, 3);
	assert_string_equal(verdict.rule->text, "[allow] user = 1000; device = soft*");
	who.uid = 1001;
	assert_int_equal(policy_decide(policy, &who, "soft0", "shared").rule->line, 6);
	policy_free(policy);
}

static void a_long_rule_text_is_cut_and_says_so(void **state)
{
	char text[2000] = "[allow]\n";
	struct policy *policy;

	(void)state;
	for (int i = 0; i < 50; i++)
		strcat(text, "user = 1000, 1001, 1002\n");
	policy = good(text);
	assert_int_equal(strlen(policy->rules[0].text), POLICY_TEXT_LEN - 1);
	assert_non_null(strstr(policy->rules[0].text, "..."));
	policy_free(policy);
}

static void limits_come_from_the_rule_then_the_device_then_the_default(void **state)
{
	struct policy *policy = good("[limits]\ncontexts-per-user = 5\ncontexts-per-device = 100\n"
				     "[device soft[01]]\ncontexts-per-user = 7\n"
				     "[device soft*]\ncontexts-per-user = 8\ncontexts-per-device = 50\n"
				     "[allow]\nuser = 1000\ncontexts-per-user = 9\n"
				     "[allow]\nuser = *\n");
	struct subject alice = { .uid = 1000 }, bob = { .uid = 1001 };
	struct verdict verdict;

	(void)state;
	assert_int_equal(policy_decide(policy, &alice, "soft0", "s").contexts_per_user, 9);
	assert_int_equal(policy_decide(policy, &bob, "soft0", "s").contexts_per_user, 7);
	assert_int_equal(policy_decide(policy, &bob, "soft0", "s").contexts_per_device, 100);
	verdict = policy_decide(policy, &bob, "soft2", "s");
	assert_int_equal(verdict.contexts_per_user, 8);
	assert_int_equal(verdict.contexts_per_device, 50);
	assert_int_equal(policy_decide(policy, &bob, "dsa0", "s").contexts_per_user, 5);
	policy_free(policy);
}

static void has_defaults(const struct policy *policy)
{
	assert_int_equal(policy->limits.contexts_per_user, 16);
	assert_int_equal(policy->limits.contexts_per_cgroup, 0);
	assert_int_equal(policy->limits.contexts_per_device, 0);
	assert_int_equal(policy->connections, 1024);
	assert_int_equal(policy->connections_per_user, 64);
	assert_int_equal(policy->contexts, 0);
	assert_int_equal(policy->quarantined_per_user, 0);
	assert_int_equal(policy->requests_per_second, 1000);
	assert_int_equal(policy->requests_burst, 2000);
	assert_int_equal(policy->limits.fair_share, POLICY_YES);
	assert_false(policy->revoke_on_reload);
}

static void limits_have_defaults(void **state)
{
	struct policy *policy = good("");

	(void)state;
	has_defaults(policy);
	policy_free(policy);
}

/* With its comments for what they hide: [limits], without the examples that '; *' marks */
static void limits_of_the_file_that_is_installed_are_the_defaults(void **state)
{
	char line[256], text[2048] = "";
	FILE *file = fopen("systemd/svad.conf", "re");
	bool inside = false;
	struct policy *policy;
	unsigned int lines = 0;

	(void)state;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		if (!strcmp(line, "#[limits]\n"))
			inside = true;
		else if (line[0] != '#')
			inside = false;
		if (!inside || strstr(line, "; *"))
			continue;
		assert_true(strlen(text) + strlen(line) < sizeof(text));
		strcat(text, line + 1);
		lines++;
	}
	fclose(file);
	assert_int_equal(lines, 7);
	policy = good(text);
	has_defaults(policy);
	policy_free(policy);
}

static void administrators_are_root_and_those_named(void **state)
{
	struct policy *policy = good("[administrators]\nuser = 1000\ngroup = 500\n");
	const uint32_t group = 500;
	struct subject root = { .uid = 0 }, alice = { .uid = 1000, .gid = 1 };
	struct subject bob = { .uid = 1001, .gid = 1, .groups = &group, .num_groups = 1 };
	struct subject mallory = { .uid = 1002, .gid = 1 };

	(void)state;
	assert_true(policy_administrator(policy, &root));
	assert_true(policy_administrator(policy, &alice));
	assert_true(policy_administrator(policy, &bob));
	assert_false(policy_administrator(policy, &mallory));
	assert_true(policy_names_group(policy, 500));
	assert_false(policy_operator(policy, &alice));
	assert_true(policy_operator(policy, &root));
	/* to see is not to open */
	assert_int_equal(decide(policy, 1000, "soft0", "s"), SVA_REASON_DENIED_BY_DEFAULT);
	policy_free(policy);
}

/* ------------------------------------------------------------- cgroups */

static uint32_t decide_in(const struct policy *policy, const char *cgroup)
{
	struct subject who = { .uid = 1000, .gid = 1000, .cgroup = cgroup };
	struct verdict verdict = policy_decide(policy, &who, "soft0", "shared");

	return verdict.reason ? 0 : (uint32_t)verdict.cgroup_length;
}

static void a_cgroup_matches_with_all_that_is_below_it(void **state)
{
	struct policy *policy = good("[allow]\ncgroup = /slurm/uid_*/job_7, /build\n");

	(void)state;
	assert_int_equal(decide_in(policy, "/slurm/uid_1000/job_7"), 21);
	assert_int_equal(decide_in(policy, "/slurm/uid_1000/job_7/step_0/task_1"), 21);
	assert_int_equal(decide_in(policy, "/build"), 6);
	assert_int_equal(decide_in(policy, "/build/x"), 6);
	assert_int_equal(decide_in(policy, "/slurm/uid_1000/job_77"), 0);
	assert_int_equal(decide_in(policy, "/slurm/uid_1000"), 0);
	assert_int_equal(decide_in(policy, "/slurm/uid_1/x/job_7"), 0);
	assert_int_equal(decide_in(policy, "/other/build"), 0);
	assert_int_equal(decide_in(policy, "/"), 0);
	policy_free(policy);
	policy = good("[allow]\ncgroup = /\n");
	assert_int_equal(decide_in(policy, "/"), 1);
	assert_int_equal(decide_in(policy, "/a"), 1);
	policy_free(policy);
}

static unsigned int patterns_tried;

int __real_fnmatch(const char *pattern, const char *name, int flags);
int __wrap_fnmatch(const char *pattern, const char *name, int flags);

int __wrap_fnmatch(const char *pattern, const char *name, int flags)
{
	patterns_tried++;
	return __real_fnmatch(pattern, name, flags);
}

/* The first part of the path that matches, each of them tried */
static uint32_t match_of_every_part(const char *pattern, const char *path)
{
	char part[CGROUP_PATH_MAX];

	for (size_t end = 0; (end = cgroup_component_end(path, end));) {
		name_copy(part, path, end + 1);
		if (!__real_fnmatch(pattern, part, FNM_PATHNAME | FNM_NOESCAPE))
			return (uint32_t)end;
	}
	return 0;
}

/* Above all: nothing in a pattern stands for a '/' but a '/' */
static void a_cgroup_matches_where_a_part_of_its_path_does(void **state)
{
	static const char *const patterns[] = {
		"/*", "/?", "/a", "/*a", "/[!b]", "/[^b]*", "/[+-0]", "/a[+-0]b", "/*/*", "/*/?",
		"/a/[ab]", "/*b/a*", "/a?b", "/a*b", "/[[:punct:]]", "/a[[:punct:]]b", "/*/b/*/a",
	};
	static const char *const paths[] = {
		"/", "/a", "/b", "/a/b", "/ab", "/ab/a/b", "/a/b/a/a", "/a/a/b/a", "/./a", "/aab/ab",
		"/a-b/a", "/-/b", "/a.b", "/*", "/b/b/b/b/b/b",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		struct policy *policy;
		char text[64];

		snprintf(text, sizeof(text), "[allow]\ncgroup = %s\n", patterns[i]);
		policy = good(text);
		for (size_t j = 0; j < ARRAY_SIZE(paths); j++) {
			if (decide_in(policy, paths[j]) != match_of_every_part(patterns[i], paths[j]))
				fail_msg("%s in %s: %u", patterns[i], paths[j],
					 decide_in(policy, paths[j]));
		}
		policy_free(policy);
	}
}

/* R8: who may make cgroups makes as many as a path has room for */
static void a_pattern_is_tried_once_however_deep_the_cgroup(void **state)
{
	struct policy *policy = good("[deny]\ncgroup = /*/b, /x, /a/a/*/?/b\n"
				     "[allow]\ncgroup = /?/*/a\n");
	char path[CGROUP_PATH_MAX] = "";

	(void)state;
	for (size_t end = 0; end + 2 < sizeof(path); end += 2)
		strcpy(path + end, "/a");
	patterns_tried = 0;
	assert_int_equal(decide_in(policy, path), 6);
	assert_int_equal(patterns_tried, 4);
	policy_free(policy);
}

static void escaped_names_of_units_match_as_they_are(void **state)
{
	struct policy *policy = good("[allow]\ncgroup = /system.slice/my\\x2djob@*.service\n");

	(void)state;
	assert_int_not_equal(decide_in(policy, "/system.slice/my\\x2djob@7.service"), 0);
	assert_int_equal(decide_in(policy, "/system.slice/my-job@7.service"), 0);
	policy_free(policy);
}

/* Who was given a cgroup may make one of any name in it */
static void a_slice_that_a_user_made_himself_is_none(void **state)
{
	struct policy *policy = good("[allow]\nslice = batch.slice, user-100?.slice\n");

	(void)state;
	assert_int_equal(decide_in(policy, "/batch.slice"), 12);
	assert_int_equal(decide_in(policy, "/batch.slice/x.service/y"), 12);
	assert_int_equal(decide_in(policy, "/user.slice/user-1000.slice/session-3.scope"), 27);
	assert_int_equal(decide_in(policy, "/user.slice/user-2000.slice/user@2000.service/batch.slice"), 0);
	assert_int_equal(decide_in(policy, "/user.slice/user-2000.slice/user@2000.service/batch.slice/a.scope"), 0);
	assert_int_equal(decide_in(policy, "/lxc/batch.slice"), 0);
	assert_int_equal(decide_in(policy, "/batch.slicer"), 0);
	policy_free(policy);
}

static void the_unit_of_a_path_ends_where_systemd_does(void **state)
{
	(void)state;
	assert_int_equal(cgroup_unit_length("/user.slice/user-1.slice/user@1.service/app.slice/x"), 39);
	assert_int_equal(cgroup_unit_length("/system.slice/cron.service"), 26);
	assert_int_equal(cgroup_unit_length("/lxc/a/b"), 4);
	assert_int_equal(cgroup_unit_length("/"), 1);
}

static unsigned int cgroup_loads;

static void load_no_cgroup(struct subject *who)
{
	cgroup_loads++;
	who->failure = SVA_REASON_NO_CGROUP;
}

static void a_cgroup_is_asked_for_once_and_only_where_it_decides(void **state)
{
	struct policy *policy = good("[allow]\nuser = 1000\n[deny]\nuser = 1001\ncgroup = /x\n"
				     "[deny]\nslice = y.slice\n[allow]\nuser = *\n");
	struct subject alice = { .uid = 1000, .load_cgroup = load_no_cgroup };
	struct subject bob = { .uid = 1001, .load_cgroup = load_no_cgroup };

	(void)state;
	cgroup_loads = 0;
	policy_decide(policy, &alice, "soft0", "s");
	assert_int_equal(cgroup_loads, 0);
	/* what could not be told: the caller must not go by what comes out */
	policy_decide(policy, &bob, "soft0", "s");
	assert_int_equal(cgroup_loads, 1);
	assert_int_equal(bob.failure, SVA_REASON_NO_CGROUP);
	policy_free(policy);
}

static void a_byte_order_mark_and_carriage_returns_do_no_harm(void **state)
{
	struct policy *policy = good("\xef\xbb\xbf[allow]\r\nuser = 1000\r\n[deny] ; rest\r\n");

	(void)state;
	assert_int_equal(policy->num_rules, 2);
	assert_int_equal(decide(policy, 1000, "soft0", "s"), 0);
	policy_free(policy);
}

/* -------------------------------------------------------------- errors */

static void errors_name_their_line_and_the_remedy(void **state)
{
	(void)state;
	bad("[allow]\nuser = no-such-user-here\n", 2, "no user 'no-such-user-here'");
	bad("[allow]\ngroup = no-such-group-here\n", 2, "no group 'no-such-group-here'");
	bad("[allow]\ngroup = *\n", 2, "no group '*'");
	bad("user = 1000\n", 1, "before any section");
	bad("\n[permit]\nuser = 1000\n", 2, "section is not known");
	bad("[device]\n", 1, "section is not known");
	bad("[allow soft0]\n", 1, "section is not known");
	bad("[device a b]\n", 1, "section is not known");
	bad("[]\n", 1, "section is not known");
	bad("[allow] user = 1000\n", 1, "section is not known");
	bad("[allow\nuser = 1000\n", 1, "section is not known");
	bad("[allow]\nusers = 1000\n", 2, "'users' is not a key");
	bad("[limits]\nuser = 1000\n", 2, "contexts-per-user, contexts-per-cgroup, contexts-per-device");
	bad("[deny]\ncontexts-per-user = 3\n", 2, "not a key of this section");
	bad("[allow]\nuser =\n", 2, "no value");
	bad("[allow]\nuser = ,\n", 2, "no value");
	bad("[allow]\ndevice = soft0\n", 1, "names nobody");
	bad("[allow]\n", 1, "names nobody");
	bad("[allow]\nuser = 1\n[allow]\n", 3, "names nobody");
	bad("[allow]\nuser = *\ndevice = /dev/sva/soft0\n", 3, "no name or pattern");
	bad("[device /dev/x]\n", 1, "no name or pattern");
	bad("[deny]\ndevice = soft[0\n", 2, "'[' without a ']'");
	bad("[deny]\ndevice = soft[0, 1]\n", 2, "'[' without a ']'");
	bad("[deny]\ndevice = soft[!]\n", 2, "'[' without a ']'");
	bad("[deny]\ndevice = soft[]\n", 2, "'[' without a ']'");
	bad("[deny]\ndevice = soft[0][\n", 2, "'[' without a ']'");
	bad("[deny]\ntype = s[[.a.]\n", 2, "'[' without a ']'");
	bad("[deny]\ncgroup = /a[b/c]\n", 2, "'[' without a ']'");
	bad("[deny]\ncgroup = /a[[:digit:]\n", 2, "'[' without a ']'");
	bad("[deny]\nslice = a[b.slice\n", 2, "'[' without a ']'");
	bad("[device soft[0]\n", 1, "'[' without a ']'");
	bad("[deny]\ndevice = soft[9-0]\n", 2, "no character");
	bad("[deny]\ndevice = soft[0][9-0]\n", 2, "no character");
	bad("[device soft[9-0]]\n", 1, "no character");
	bad("[deny]\ntype = s[[.space.]]\n", 2, "no character");
	bad("[deny]\ncgroup = /a[[:digits:]]/b\n", 2, "no character");
	bad("[deny]\nslice = a[z-a].slice\n", 2, "no character");
	bad("[allow]\nuser = *\n [deny]\n", 3, "blanks before");
	bad("[limits]\ncontexts-per-user = 0\n", 2, "not a number from 1");
	bad("[limits]\ncontexts-per-user = -1\n", 2, "not a number from 1");
	bad("[limits]\ncontexts-per-user = 9999999\n", 2, "not a number from 1");
	bad("[limits]\ncontexts-per-user = 4k\n", 2, "not a number from 1");
	bad("[limits]\nconnections = 99999999999999999999999\n", 2, "not a number from 1");
	bad("[limits]\nconnections = 5\nconnections = 6\n", 3, "given twice");
	bad("[allow]\nuser = *\njust words\n", 3, "neither [section] nor");
	bad("[allow]\ncgroup = job\n", 2, "does not begin with '/'");
	bad("[allow]\ncgroup = /a/../b\n", 2, "no path of a cgroup");
	bad("[allow]\ncgroup = /a/\n", 2, "no path of a cgroup");
	bad("[allow]\nslice = a.service\n", 2, "no slice of systemd");
	bad("[limits]\nfair-share = maybe\n", 2, "neither yes nor no");
	bad("[limits]\nfair-share = no\nfair-share = no\n", 3, "twice");
	bad("[reload]\nexisting-contexts = perhaps\n", 2, "neither keep nor revoke");
	bad("[deny]\nfair-share = no\n", 2, "not a key");
	bad("[limits]\nrequests-per-second = 0\n", 2, "not a number");
}

static void errors_name_their_column(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
		unsigned int column;
	} cases[] = {
		{ "[allow]\nuser = root, roo, 1\n", 2, 14 },
		{ "[allow]\n  usr = root\n", 2, 3 },
		{ "[allow]\nuser = root\n   nosuch\n", 3, 4 },
		{ "[allow]\nuser = *\ndevice = soft0 /dev/x\n", 3, 16 },
		{ "[limits]\ncontexts-per-user=4k\n", 2, 19 },
		{ "[allow]\ncgroup = /a, b\n", 2, 14 },
		{ "[allow]\nslice = /a/b.slice\n", 2, 9 },
		{ "[device soft0 soft1]\n", 1, 1 },
		{ "[device /x]\n", 1, 9 },
		{ "[deny]\ndevice = soft[01], soft[0\n", 2, 20 },
		{ "[allow]\n", 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct findings findings;
		struct policy *policy = NULL;

		assert_int_equal(read_text(cases[i].text, &findings, &policy), -EINVAL);
		if (findings.line != cases[i].line || findings.column != cases[i].column)
			fail_msg("'%s': %u:%u: %s", cases[i].text, findings.line,
				 findings.column, findings.message);
	}
}

static void long_lines_are_refused_and_not_cut(void **state)
{
	char text[600] = "[allow]\nuser = 1000";

	(void)state;
	for (int i = 0; i < 60; i++)
		strcat(text, ", 1000");
	bad(text, 2, "longer than");
}

static void binary_files_are_refused(void **state)
{
	const char text[] = "[allow]\nuser = 10\0" "00\n";
	struct findings findings = { 0 };
	struct policy *policy = NULL;
	FILE *file = fmemopen((void *)text, sizeof(text) - 1, "r");

	(void)state;
	assert_non_null(file);
	assert_int_equal(policy_read(file, "test.conf", note, &findings, &policy), -EINVAL);
	assert_int_equal(findings.line, 2);
	fclose(file);
}

static void every_error_is_reported_not_only_the_first(void **state)
{
	struct findings findings;
	struct policy *policy = NULL;

	(void)state;
	assert_int_equal(read_text("[allow]\nuser = nobody-at-all\nfoo = bar\n[limits]\nconnections = x\n",
				   &findings, &policy), -EINVAL);
	assert_int_equal(findings.count, 3);
}

static void random_text_is_taken_or_refused_in_words(void **state)
{
	static const char alphabet[] = "[]=;#\n\r\t ,*aluwserdny01-";
	uint64_t random = 7;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct findings findings;
		struct policy *policy = NULL;
		char text[200];

		for (size_t j = 0; j < sizeof(text) - 1; j++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			text[j] = alphabet[(random >> 40) % (sizeof(alphabet) - 1)];
		}
		text[sizeof(text) - 1] = '\0';
		if (!read_text(text, &findings, &policy))
			assert_int_equal(findings.count, 0);
		else
			assert_true(findings.count > 0);
		policy_free(policy);
	}
}

static void a_file_that_is_not_there_is_said_so(void **state)
{
	struct findings findings = { 0 };
	struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_load("test.conf", note, &findings, &policy), -ENOENT);
	assert_int_equal(findings.line, 0);
	assert_non_null(strstr(findings.message, "No such file"));
}

/* ------------------------------------------------- what the filter forbids */

#define NSSWITCH "/tmp/nsswitch-XXXXXX"

static void make_nsswitch(char path[])
{
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	close(fd);
}

static void put_nsswitch(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void services_that_ask_a_server_are_known(void **state)
{
	static const struct {
		const char *text;
		const char *forbidden;
	} cases[] = {
		{ "passwd: files systemd\ngroup:\tfiles [SUCCESS=merge] systemd\nhosts: dns\n", NULL },
		{ "passwd: sss files\ninitgroups: sss [!NOTFOUND = return] winbind\n", NULL },
		{ "passwd: files # ldap\n#group: ldap\n", NULL },
		{ "passwd: files\ngroup: files nis\n", "nis" },
		{ "passwd:files hesiod\n", "hesiod" },
		{ "initgroups: files [NOTFOUND=return] directory\n", "directory" },
		{ "", NULL },
	};
	char path[] = NSSWITCH, name[NSS_NAME_LEN];

	(void)state;
	make_nsswitch(path);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_nsswitch(path, cases[i].text);
		assert_int_equal(nss_forbidden(path, name), cases[i].forbidden != NULL);
		if (cases[i].forbidden)
			assert_string_equal(name, cases[i].forbidden);
	}
	unlink(path);
	assert_false(nss_forbidden(path, name));
}

static void services_that_may_be_away_are_known(void **state)
{
	static const struct {
		const char *text;
		bool may_be_away;
	} cases[] = {
		{ "passwd: files systemd\ngroup: files [SUCCESS=merge] systemd\nhosts: dns\n", false },
		{ "passwd: compat\ngroup: db files\n", false },
		{ "passwd: sss files systemd\n", true },
		{ "passwd: files\ngroup: files winbind\n", true },
		{ "initgroups: files ldap\n", true },
		{ "", false },
	};
	char path[] = NSSWITCH;

	(void)state;
	make_nsswitch(path);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		put_nsswitch(path, cases[i].text);
		assert_int_equal(nss_may_be_away(path), cases[i].may_be_away);
	}
	unlink(path);
	assert_false(nss_may_be_away(path));
}

/* In a mount namespace, where /etc/nsswitch.conf is another one */
static int names_are_refused(const char *path)
{
	struct findings findings;
	struct policy *policy = NULL;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount(path, NSS_PATH, NULL, MS_BIND, NULL))
		return 77;
	if (read_text("[allow]\nuser = 1000, root\n", &findings, &policy) != -EINVAL ||
	    findings.column != 14 || !strstr(findings.message, "'nis'"))
		return 1;
	if (read_text("[operators]\ngroup = root\n", &findings, &policy) != -EINVAL)
		return 2;
	if (read_text("[reload]\nexisting-contexts = revoke\n", &findings, &policy) != -EINVAL)
		return 3;
	/* numbers need nobody */
	if (read_text("[allow]\nuser = 1000\ngroup = 7\n", &findings, &policy))
		return 4;
	policy_free(policy);
	return 0;
}

/* R12: said at the start and in --check-config, not found out at a reload */
static void names_that_the_filter_would_not_let_be_looked_up_are_refused(void **state)
{
	char path[] = "/tmp/nsswitch-XXXXXX";
	int fd = mkstemp(path), status;
	pid_t child;

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	put_nsswitch(path, "passwd: files nis\ngroup: files\n");
	child = fork();
	if (!child)
		_exit(names_are_refused(path));
	assert_int_equal(waitpid(child, &status, 0), child);
	unlink(path);
	if (WEXITSTATUS(status) == 77) {
		print_message("no mount namespace is to be had here\n");
		skip();
	}
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nobody_is_allowed_anything_by_default),
		cmocka_unit_test(users_match_by_name_and_number),
		cmocka_unit_test(a_star_is_everybody),
		cmocka_unit_test(groups_match_primary_and_supplementary),
		cmocka_unit_test(groups_are_asked_for_once_and_only_where_they_decide),
		cmocka_unit_test(all_keys_of_a_rule_have_to_match),
		cmocka_unit_test(devices_and_types_match_by_pattern),
		cmocka_unit_test(sets_of_every_kind_are_closed),
		cmocka_unit_test(the_first_match_decides),
		cmocka_unit_test(a_deny_without_keys_denies_everybody),
		cmocka_unit_test(the_rule_that_decided_is_known_by_line_and_text),
		cmocka_unit_test(a_long_rule_text_is_cut_and_says_so),
		cmocka_unit_test(limits_come_from_the_rule_then_the_device_then_the_default),
		cmocka_unit_test(limits_have_defaults),
		cmocka_unit_test(limits_of_the_file_that_is_installed_are_the_defaults),
		cmocka_unit_test(administrators_are_root_and_those_named),
		cmocka_unit_test(a_cgroup_matches_with_all_that_is_below_it),
		cmocka_unit_test(a_cgroup_matches_where_a_part_of_its_path_does),
		cmocka_unit_test(a_pattern_is_tried_once_however_deep_the_cgroup),
		cmocka_unit_test(escaped_names_of_units_match_as_they_are),
		cmocka_unit_test(a_slice_that_a_user_made_himself_is_none),
		cmocka_unit_test(the_unit_of_a_path_ends_where_systemd_does),
		cmocka_unit_test(a_cgroup_is_asked_for_once_and_only_where_it_decides),
		cmocka_unit_test(errors_name_their_column),
		cmocka_unit_test(a_byte_order_mark_and_carriage_returns_do_no_harm),
		cmocka_unit_test(errors_name_their_line_and_the_remedy),
		cmocka_unit_test(long_lines_are_refused_and_not_cut),
		cmocka_unit_test(binary_files_are_refused),
		cmocka_unit_test(every_error_is_reported_not_only_the_first),
		cmocka_unit_test(random_text_is_taken_or_refused_in_words),
		cmocka_unit_test(a_file_that_is_not_there_is_said_so),
		cmocka_unit_test(services_that_ask_a_server_are_known),
		cmocka_unit_test(services_that_may_be_away_are_known),
		cmocka_unit_test(names_that_the_filter_would_not_let_be_looked_up_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
