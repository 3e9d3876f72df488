/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * finding.h - what svactl doctor found: what, why, what to do (R7)
 */
#ifndef TOOLS_FINDING_H
#define TOOLS_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>

enum finding_status {
	FINDING_OK,
	FINDING_PROBLEM,
	FINDING_UNKNOWN,	/* could not be looked at, because of an earlier problem */
};

/**
 * struct finding - all strings are the finding's own
 * @check: what was looked at, one word
 * @subject: which one of several, or NULL
 * @reason: enum sva_reason or sva_user_reason, or 0
 * @why, @remedy: of a problem; NULL otherwise
 */
struct finding {
	enum finding_status status;
	uint32_t reason;
	char *check;
	char *subject;
	char *what;
	char *why;
	char *remedy;
};

struct findings {
	size_t count;
	struct finding *list;
};

/* Each takes over the strings that come from malloc(): @what, @why, @remedy. */
void finding_ok(struct findings *findings, const char *check, const char *subject, char *what);
void finding_unknown(struct findings *findings, const char *check, char *what);
void finding_problem(struct findings *findings, const char *check, const char *subject, char *what,
		     char *why, char *remedy);

/* A problem that has a reason: why and remedy are the reason's. */
void finding_reason(struct findings *findings, const char *check, const char *subject, char *what,
		    uint32_t reason);

/* Forgets all but the first @count */
void findings_cut(struct findings *findings, size_t count);

bool findings_have_problem(const struct findings *findings);
void findings_print(const struct findings *findings, FILE *file, bool colours);
json_t *findings_json(const struct findings *findings);
void findings_free(struct findings *findings);

#endif /* TOOLS_FINDING_H */
