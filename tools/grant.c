// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * grant.c - svactl grant add, remove and list
 */
#include <stdlib.h>
#include <string.h>

#include "sva-admin.h"
#include "svactl.h"
#include "text.h"

static const char *const titles[] = {
	">NUMBER", "DEVICE", "FOR", ">CONTEXTS", ">USED", "GIVEN-BY", NULL,
};

int svactl_grant_add(const struct svactl *svactl)
{
	uint32_t uid = 0, number;
	int ret;

	if (!svactl->contexts || !svactl->user == !svactl->cgroup)
		return svactl_misused(svactl, "it needs --contexts, and either --cgroup or --user");
	if (svactl->user && !user_read(svactl->user, &uid))
		return SVACTL_USAGE;
	ret = sva_grant_add(svactl->socket, svactl->device, svactl->cgroup, uid,
			    svactl->contexts, &number);
	if (ret < 0)
		return svactl_refused(svactl, ret, sva_context_reason(NULL));
	if (svactl->json)
		return svactl_print_json(json_pack("{s:I}", "grant", (json_int_t)number), SVACTL_OK);
	printf("%u\n", number);
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}

int svactl_grant_remove(const struct svactl *svactl)
{
	uint64_t number = 0;
	uint32_t revoked = 0;
	int ret;

	if (!number_read(svactl->arguments[0], UINT32_MAX, &number))
		return svactl_misused(svactl, "it needs the number of a grant, as svactl grant list shows it");
	ret = sva_grant_remove(svactl->socket, (uint32_t)number, &revoked);
	if (ret < 0)
		return svactl_refused(svactl, ret, sva_context_reason(NULL));
	if (svactl->json)
		return svactl_print_json(json_pack("{s:I}", "revoked", (json_int_t)revoked),
					 SVACTL_OK);
	printf("contexts that were opened under it and end now: %u\n", revoked);
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}

static json_t *grant_json(const struct sva_grant *grant)
{
	json_t *json = json_pack("{s:I, s:s, s:I, s:I, s:I}",
				 "number", (json_int_t)grant->number,
				 "device", grant->device,
				 "contexts", (json_int_t)grant->contexts,
				 "used", (json_int_t)grant->used,
				 "given_by", (json_int_t)grant->given_by);

	if (*grant->cgroup) {
		json_object_set_new(json, "cgroup", json_string(grant->cgroup));
		json_object_set_new(json, "cgroup_id", json_integer((json_int_t)grant->cgroup_id));
	} else {
		json_object_set_new(json, "uid", json_integer(grant->uid));
	}
	return json;
}

static void row_add(struct table *table, const struct sva_grant *grant)
{
	table_add(table, text_format("%u", grant->number));
	table_add(table, text_format("%s", grant->device));
	table_add(table, *grant->cgroup ? text_format("%s", grant->cgroup) :
					  user_name(grant->uid));
	table_add(table, text_format("%u", grant->contexts));
	table_add(table, text_format("%u", grant->used));
	table_add(table, user_name(grant->given_by));
}

static int print_table(const struct sva_grant *grants, size_t count)
{
	struct table table;

	table_init(&table, titles);
	for (size_t i = 0; i < count; i++)
		row_add(&table, &grants[i]);
	table_print(&table, stdout);
	table_free(&table);
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}

static bool is_shown(const struct svactl *svactl, const struct sva_grant *grant)
{
	return !svactl->device || !strcmp(svactl->device, grant->device);
}

int svactl_grant_list(const struct svactl *svactl)
{
	struct sva_grant *grants;
	size_t count, shown = 0;
	json_t *array;
	int ret = sva_list_grants(svactl->socket, &grants, &count);

	if (ret < 0)
		return svactl_refused(svactl, ret, sva_context_reason(NULL));
	for (size_t i = 0; i < count; i++) {
		text_make_safe(grants[i].device);
		text_make_safe(grants[i].cgroup);
		if (is_shown(svactl, &grants[i]))
			grants[shown++] = grants[i];
	}
	if (svactl->json) {
		array = json_array();
		for (size_t i = 0; i < shown; i++)
			json_array_append_new(array, grant_json(&grants[i]));
		ret = svactl_print_json(json_pack("{s:o}", "grants", array), SVACTL_OK);
	} else {
		ret = print_table(grants, shown);
	}
	free(grants);
	return ret;
}
