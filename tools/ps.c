// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ps.c - svactl ps: the contexts that svad shows the caller, a line each
 */
#include <inttypes.h>

#include "contexts.h"
#include "sva.h"
#include "text.h"

static const char *const titles[] = {
	"ID", ">PID", "USER", "DEVICE", "STATE", ">PASID", ">SUBMITTED", ">FAULTS",
	">PAGE-REQUESTS", ">STALE", "RELEASE", "ENDED-BY", NULL,
};

static char *number_or_dash(int64_t number)
{
	return number ? text_format("%" PRId64, number) : text_format("-");
}

static void row_add(struct table *table, const struct context *context)
{
	const struct sva_context_entry *entry = &context->entry;

	table_add(table, text_format("%" PRIu64, (uint64_t)entry->id));
	table_add(table, number_or_dash(entry->owner));
	table_add(table, user_name(entry->account));
	table_add(table, text_format("%s", context->device));
	table_add(table, text_format("%s", context_state_name(entry->state)));
	table_add(table, number_or_dash(entry->pasid));
	table_add(table, text_format("%" PRIu64, (uint64_t)entry->submitted));
	table_add(table, text_format("%" PRIu64, (uint64_t)entry->faults));
	table_add(table, text_format("%" PRIu64, (uint64_t)entry->page_requests));
	table_add(table, text_format("%" PRIu64, (uint64_t)entry->stale));
	table_add(table, text_format("%s", context_release_name(entry->release)));
	table_add(table, text_format("%s", entry->end_reason ?
				     sva_reason_name(entry->end_reason) : "-"));
}

static int ps_text(const struct contexts *contexts)
{
	struct table table;

	table_init(&table, titles);
	for (size_t i = 0; i < contexts->count; i++)
		row_add(&table, &contexts->list[i]);
	table_print(&table, stdout);
	table_free(&table);
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}

static int ps_json(const struct contexts *contexts)
{
	json_t *array = json_array();

	for (size_t i = 0; i < contexts->count; i++)
		json_array_append_new(array, context_json(&contexts->list[i]));
	return svactl_print_json(json_pack("{s:o}", "contexts", array), SVACTL_OK);
}

int svactl_ps(const struct svactl *svactl)
{
	struct contexts contexts = { 0 };
	uint32_t reason;
	int ret = contexts_load(svactl, &contexts, &reason);

	if (ret < 0)
		ret = svactl_refused(svactl, ret, reason);
	else
		ret = svactl->json ? ps_json(&contexts) : ps_text(&contexts);
	contexts_free(&contexts);
	return ret;
}
