// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * finding.c - what svactl doctor found
 */
#include <stdlib.h>
#include <string.h>

#include "finding.h"
#include "reason.h"
#include "sva.h"
#include "text.h"

static const char *const status_names[] = { "ok", "problem", "unknown" };
static const char *const status_colours[] = { "\033[32m", "\033[31m", "\033[33m" };

static void finding_add(struct findings *findings, struct finding finding)
{
	struct finding *list = reallocarray(findings->list, findings->count + 1, sizeof(*list));

	if (!list) {
		fputs("out of memory\n", stderr);
		exit(1);
	}
	text_make_safe(finding.what);
	if (finding.subject)
		text_make_safe(finding.subject);
	if (finding.why)
		text_make_safe(finding.why);
	if (finding.remedy)
		text_make_safe(finding.remedy);
	findings->list = list;
	findings->list[findings->count++] = finding;
}

static char *copy(const char *text)
{
	return text ? text_format("%s", text) : NULL;
}

void finding_ok(struct findings *findings, const char *check, const char *subject, char *what)
{
	finding_add(findings, (struct finding) {
		.status = FINDING_OK,
		.check = copy(check),
		.subject = copy(subject),
		.what = what,
	});
}

void finding_unknown(struct findings *findings, const char *check, char *what)
{
	finding_add(findings, (struct finding) {
		.status = FINDING_UNKNOWN,
		.check = copy(check),
		.what = what,
	});
}

void finding_problem(struct findings *findings, const char *check, const char *subject, char *what,
		     char *why, char *remedy)
{
	finding_add(findings, (struct finding) {
		.status = FINDING_PROBLEM,
		.check = copy(check),
		.subject = copy(subject),
		.what = what,
		.why = why,
		.remedy = remedy,
	});
}

void finding_reason(struct findings *findings, const char *check, const char *subject, char *what,
		    uint32_t reason)
{
	const struct reason_text *text = reason_find(reason);
	size_t sentence = strlen(text->text) - strlen(text->remedy) - strlen("; ");

	finding_problem(findings, check, subject, what,
			text_format("%.*s", (int)sentence, text->text), copy(text->remedy));
	findings->list[findings->count - 1].reason = reason;
}

bool findings_have_problem(const struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->list[i].status == FINDING_PROBLEM)
			return true;
	}
	return false;
}

static void finding_print(const struct finding *finding, FILE *file, bool colours)
{
	fprintf(file, "%s%-7s%s  %-10s  ", colours ? status_colours[finding->status] : "",
		status_names[finding->status], colours ? "\033[0m" : "", finding->check);
	if (finding->subject)
		fprintf(file, "%s: ", finding->subject);
	fprintf(file, "%s\n", finding->what);
	if (finding->why)
		fprintf(file, "%21swhy: %s\n", "", finding->why);
	if (finding->remedy)
		fprintf(file, "%21sdo:  %s\n", "", finding->remedy);
}

void findings_print(const struct findings *findings, FILE *file, bool colours)
{
	for (size_t i = 0; i < findings->count; i++)
		finding_print(&findings->list[i], file, colours);
}

json_t *findings_json(const struct findings *findings)
{
	json_t *array = json_array();

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		json_array_append_new(array, json_pack("{s:s, s:s, s:s?, s:s, s:s?, s:s?, s:s?}",
			"status", status_names[finding->status],
			"check", finding->check,
			"subject", finding->subject,
			"what", finding->what,
			"why", finding->why,
			"remedy", finding->remedy,
			"reason", finding->reason ? sva_reason_name(finding->reason) : NULL));
	}
	return json_pack("{s:b, s:o}", "ok", !findings_have_problem(findings), "findings", array);
}

void findings_cut(struct findings *findings, size_t count)
{
	while (findings->count > count) {
		struct finding *finding = &findings->list[--findings->count];

		free(finding->check);
		free(finding->subject);
		free(finding->what);
		free(finding->why);
		free(finding->remedy);
	}
}

void findings_free(struct findings *findings)
{
	findings_cut(findings, 0);
	free(findings->list);
	*findings = (struct findings){ 0 };
}
