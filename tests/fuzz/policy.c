// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * policy.c - fuzz target: any bytes as a policy file
 *
 * What the parser takes is then asked about some users and devices; what it does
 * not take has to be told of, with a line number that the file has (R7).
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>

#include "policy.h"

/* The C library's would read files for each name, and differ from machine to machine */
struct passwd *getpwnam(const char *name)
{
	static struct passwd alice = { .pw_name = "alice", .pw_uid = 1000, .pw_gid = 1000 };

	return strcmp(name, alice.pw_name) ? NULL : &alice;
}

struct group *getgrnam(const char *name)
{
	static struct group staff = { .gr_name = "staff", .gr_gid = 50 };

	return strcmp(name, staff.gr_name) ? NULL : &staff;
}

struct findings {
	unsigned int count;
	unsigned int lines;
};

static void note(void *userdata, const char *path, unsigned int line, unsigned int column,
		 const char *message)
{
	struct findings *findings = userdata;

	(void)path;
	(void)column;
	if (!*message || line > findings->lines)
		abort();
	findings->count++;
}

static void ask(const struct policy *policy)
{
	static const uint32_t uids[] = { 0, 1000, 4242 }, groups[] = { 50, 60 };
	static const char *const devices[] = { "soft0", "", "[", "\xff" };

	for (size_t i = 0; i < ARRAY_SIZE(uids) * ARRAY_SIZE(devices); i++) {
		struct subject who = {
			.uid = uids[i / ARRAY_SIZE(devices)], .gid = 1000,
			.groups = groups, .num_groups = ARRAY_SIZE(groups),
		};
		struct verdict verdict;

		verdict = policy_decide(policy, &who, devices[i % ARRAY_SIZE(devices)], "shared");
		/* nobody is allowed anything by default, and every refusal has a reason */
		if (!verdict.reason && !verdict.rule)
			abort();
		policy_administrator(policy, &who);
	}
}

static unsigned int lines_of(const uint8_t *data, size_t size)
{
	unsigned int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct findings findings = { .lines = lines_of(data, size) };
	struct policy *policy = NULL;
	FILE *file;

	if (!size)
		return 0;	/* fmemopen() may refuse that */
	file = fmemopen((void *)(uintptr_t)data, size, "r");
	if (!file)
		abort();
	if (!policy_read(file, "fuzz.conf", note, &findings, &policy)) {
		if (findings.count)
			abort();
		ask(policy);
		policy_free(policy);
	} else if (!findings.count) {
		abort();
	}
	fclose(file);
	return 0;
}
