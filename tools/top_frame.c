// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * top_frame.c - one frame of svactl top
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "top.h"

/* ------------------------------------------------------------------- rates */

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = (*(const struct context *const *)a)->entry.id;
	uint64_t y = (*(const struct context *const *)b)->entry.id;

	return (x > y) - (x < y);
}

static int compare_rows(const void *a, const void *b)
{
	const struct top_row *x = a, *y = b;
	uint64_t xid = x->context->entry.id, yid = y->context->entry.id;

	if (x->jobs != y->jobs)
		return x->jobs < y->jobs ? 1 : -1;
	if (x->pages != y->pages)
		return x->pages < y->pages ? 1 : -1;
	return (xid > yid) - (xid < yid);
}

/* By their ids, so that each is found without looking at all */
static const struct context **sort_by_id(const struct contexts *contexts)
{
	const struct context **sorted = text_memory(NULL, contexts->count + 1, sizeof(*sorted));

	for (size_t i = 0; i < contexts->count; i++)
		sorted[i] = &contexts->list[i];
	qsort(sorted, contexts->count, sizeof(*sorted), compare_ids);
	return sorted;
}

/* Counters only grow; one that did not is another svad's, or a lie */
static double rate(uint64_t before, uint64_t now, double seconds)
{
	return now > before && seconds > 0 ? (double)(now - before) / seconds : 0;
}

static void row_make(struct top_row *row, const struct context *before,
		     const struct context *now, double seconds)
{
	static const struct sva_context_entry nothing;
	const struct sva_context_entry *old = before ? &before->entry : &nothing;

	row->context = now;
	row->jobs = rate(old->submitted, now->entry.submitted, seconds);
	row->pages = rate(old->page_requests, now->entry.page_requests, seconds);
	row->waiting = rate(old->fault_ns, now->entry.fault_ns, seconds) / 1e9;
	if (row->waiting > 1)
		row->waiting = 1;
}

void top_make(struct top *top, const struct contexts *before, const struct contexts *now,
	      double seconds)
{
	const struct context **old = sort_by_id(before);

	*top = (struct top){ .devices = now->devices, .count = now->count };
	top->rows = text_memory(NULL, now->count + 1, sizeof(*top->rows));
	for (size_t i = 0; i < now->count; i++) {
		const struct context *context = &now->list[i];
		const struct context **found = bsearch(&context, old, before->count, sizeof(*old),
						       compare_ids);

		row_make(&top->rows[i], found ? *found : NULL, context, seconds);
		top->jobs += top->rows[i].jobs;
		top->pages += top->rows[i].pages;
		top->quarantined += context->entry.state == SVA_STATE_QUARANTINED;
	}
	qsort(top->rows, top->count, sizeof(*top->rows), compare_rows);
	free(old);
}

void top_free(struct top *top)
{
	free(top->rows);
	*top = (struct top){ 0 };
}

/* -------------------------------------------------------------------- text */

/* In five characters: 0 to 99999, then 100k and so on */
static char *rate_text(double value)
{
	static const char units[] = " kMGT";
	size_t unit = 0;

	while (value >= 99999.5 && unit + 2 < sizeof(units)) {
		value /= 1000;
		unit++;
	}
	return unit ? text_format("%.0f%c", value, units[unit]) : text_format("%.0f", value);
}

/* What does not fit its column ends with a mark that says so */
static char *fit(char *text, size_t width)
{
	if (strlen(text) > width) {
		text[width - 1] = '+';
		text[width] = '\0';
	}
	return text;
}

static const char *const titles[] = {
	">ID", ">PID", "USER", "DEVICE", "STATE", ">PASID", ">JOBS/S", ">PAGES/S", ">WAIT%", NULL,
};

static void row_add(struct table *table, const struct top_row *row)
{
	const struct sva_context_entry *entry = &row->context->entry;

	table_add(table, text_format("%" PRIu64, (uint64_t)entry->id));
	table_add(table, entry->owner ? text_format("%d", entry->owner) : text_format("-"));
	table_add(table, fit(user_name(entry->account), 7));
	table_add(table, fit(text_format("%s", row->context->device), 7));
	table_add(table, text_format("%s", context_state_name(entry->state)));
	table_add(table, entry->pasid ? text_format("%u", entry->pasid) : text_format("-"));
	table_add(table, rate_text(row->jobs));
	table_add(table, rate_text(row->pages));
	table_add(table, text_format("%.0f", row->waiting * 100));
}

static void heading_print(const struct top *top, const char *time, unsigned int width, FILE *file)
{
	char *jobs = rate_text(top->jobs), *pages = rate_text(top->pages);
	char *line = text_format("%s  devices %u  contexts %zu  quarantined %zu  jobs/s %s  pages/s %s",
				 time, top->devices, top->count, top->quarantined, jobs, pages);

	fprintf(file, "%.*s\n", (int)width, line);
	free(line);
	free(pages);
	free(jobs);
}

void top_print(const struct top *top, const char *time, unsigned int width, unsigned int lines,
	       FILE *file)
{
	size_t shown = top->count;
	struct table table;

	/* heading, titles, and a line that the cursor stays in */
	if (lines && shown + 3 > lines)
		shown = lines > 3 ? lines - 3 : 0;
	heading_print(top, time, width, file);
	table_init(&table, titles);
	for (size_t i = 0; i < shown; i++)
		row_add(&table, &top->rows[i]);
	table_print_cut(&table, width, file);
	table_free(&table);
}

/* -------------------------------------------------------------------- JSON */

static json_t *row_json(const struct top_row *row)
{
	json_t *json = context_json(row->context);

	json_object_set_new(json, "jobs_per_second", json_real(row->jobs));
	json_object_set_new(json, "pages_per_second", json_real(row->pages));
	json_object_set_new(json, "waiting", json_real(row->waiting));
	return json;
}

json_t *top_json(const struct top *top, const char *time, double seconds)
{
	json_t *array = json_array();

	for (size_t i = 0; i < top->count; i++)
		json_array_append_new(array, row_json(&top->rows[i]));
	return json_pack("{s:s, s:f, s:I, s:I, s:f, s:f, s:o}", "time", time, "seconds", seconds,
			 "devices", (json_int_t)top->devices,
			 "quarantined", (json_int_t)top->quarantined,
			 "jobs_per_second", top->jobs, "pages_per_second", top->pages,
			 "contexts", array);
}
