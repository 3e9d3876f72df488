// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check_config.c - svactl check-config: svad.conf, read as svad reads it
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/policy.h"
#include "svactl.h"
#include "text.h"

/* @findings: NULL: they are printed at once */
struct check {
	json_t *findings;
};

static void take_finding(void *userdata, const char *path, unsigned int line,
			 unsigned int column, const char *message)
{
	struct check *check = userdata;
	char *text = text_format("%s", message);

	/* it quotes the file, which may hold anything */
	text_make_safe(text);
	if (check->findings)
		json_array_append_new(check->findings,
				      json_pack("{s:I, s:I, s:s}", "line", (json_int_t)line,
						"column", (json_int_t)column, "message", text));
	else if (line)
		fprintf(stderr, "%s:%u:%u: %s\n", path, line, column, text);
	else
		fprintf(stderr, "%s: %s\n", path, text);
	free(text);
}

int svactl_check_config(const struct svactl *svactl)
{
	const char *path = svactl->arguments[0] ? svactl->arguments[0] : POLICY_PATH;
	struct check check = { .findings = svactl->json ? json_array() : NULL };
	struct policy *policy = NULL;
	bool good = !policy_load(path, take_finding, &check, &policy);
	size_t rules = good ? policy->num_rules : 0;

	policy_free(policy);
	if (svactl->json) {
		char *name = text_format("%s", path);

		text_make_safe(name);
		json_t *json = json_pack("{s:b, s:s, s:I, s:o}", "ok", good, "file", name,
					 "rules", (json_int_t)rules, "findings", check.findings);
		free(name);
		return svactl_print_json(json, good ? SVACTL_OK : SVACTL_FAILED);
	}
	if (!good)
		return SVACTL_FAILED;
	printf("%s is good; rules: %zu%s\n", path, rules,
	       rules ? "" : ", so nobody is allowed anything");
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}
