// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * allocation.c - what Slurm has given a job on this node: asked for, and read
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <slurm/slurm.h>

#include "allocation.h"

#define PATIENCE_MS 10000

/* ---------------------------------------------------------------- reading */

/**
 * struct item - NAME[:TYPE][:COUNT][(CNT:N)|(IDX:I,J-K)]
 * @length: of all of it, from @name on
 * @type, @indexes: NULL: it has none
 */
struct item {
	const char *name;
	size_t length;
	size_t name_length;
	const char *type;
	size_t type_length;
	uint32_t count;
	const char *indexes;
	size_t indexes_length;
};

/* Up to the comma that is not in brackets */
static size_t item_length(const char *text)
{
	size_t length = strcspn(text, ",(");

	if (text[length] == '(') {
		length += strcspn(text + length, ")");
		length += strcspn(text + length, ",");
	}
	return length;
}

static void item_read_brackets(struct item *item, const char *text, size_t length)
{
	if (length > 4 && !memcmp(text, "CNT:", 4)) {
		item->count = share_number(text + 4, length - 4);
	} else if (length > 4 && !memcmp(text, "IDX:", 4)) {
		item->indexes = text + 4;
		item->indexes_length = length - 4;
	}
}

static struct item item_read(const char *text, size_t length)
{
	struct item item = { .name = text, .length = length };
	const char *bracket = memchr(text, '(', length), *end = bracket ? bracket : text + length;

	item.name_length = strcspn(text, ":(,");
	text += item.name_length;
	while (text < end && *text == ':') {
		size_t part = strcspn(++text, ":(,");

		if (strspn(text, "0123456789") >= part) {
			item.count = share_number(text, part);
		} else {
			item.type = text;
			item.type_length = part;
		}
		text += part;
	}
	if (bracket)
		item_read_brackets(&item, bracket + 1, strcspn(bracket + 1, ")"));
	return item;
}

static bool indexes_give(struct shares *given, const struct item *item,
			 const struct settings *settings, struct refusal *why)
{
	const char *at = item->indexes, *end = at + item->indexes_length;

	while (at < end) {
		char *rest;
		unsigned long first = strtoul(at, &rest, 10), last = first;

		if (*rest == '-')
			last = strtoul(rest + 1, &rest, 10);
		if (rest == at || last < first || last >= settings->devices.count)
			return refuse(why, "Slurm gave the job the indexes %.*s of '%s', and devices= of plugstack.conf names %u devices; tell the administrator to name one for each index",
				      (int)item->indexes_length, item->indexes, settings->gres,
				      settings->devices.count);
		for (; first <= last; first++) {
			const char *device = settings->devices.list[first].device;

			shares_add(given, device, strlen(device), settings->contexts);
		}
		at = rest + (*rest == ',');
	}
	return true;
}

static bool item_give(struct shares *given, const struct item *item,
		      const struct settings *settings, struct refusal *why)
{
	const char *only = settings->devices.list[0].device;

	if (!item->indexes && !item->count)
		return true;
	if (item->indexes && (settings->devices.count || !item->type))
		return indexes_give(given, item, settings, why);
	if (item->type && shares_add(given, item->type, item->type_length, item->count))
		return true;
	if (!item->type && settings->devices.count == 1)
		return shares_add(given, only, strlen(only), item->count);
	return refuse(why, "Slurm gave the job '%.*s', without a type that names the device; tell the administrator to give it one (Gres=%s:DEVICE:N), or devices= of plugstack.conf one device",
		      (int)item->length, item->name, settings->gres);
}

bool allocation_read(struct shares *given, const char *text, const struct settings *settings,
		     struct refusal *why)
{
	*given = (struct shares){ 0 };
	while (*text) {
		size_t length = item_length(text);
		struct item item = item_read(text, length);

		if (item.name_length == strlen(settings->gres) &&
		    !memcmp(item.name, settings->gres, item.name_length) &&
		    !item_give(given, &item, settings, why))
			return false;
		text += length + (text[length] == ',');
	}
	return true;
}

/* ----------------------------------------------------------------- asking */

/* The first job of an array or of a heterogeneous job answers with all of them */
static const slurm_job_info_t *job_find(const job_info_msg_t *message, uint32_t job)
{
	for (uint32_t i = 0; i < message->record_count; i++) {
		if (message->job_array[i].job_id == job)
			return &message->job_array[i];
	}
	return NULL;
}

static int node_index(const slurm_job_info_t *info, const char *node)
{
	__auto_type nodes = slurm_hostlist_create(info->nodes);
	int at = nodes ? slurm_hostlist_find(nodes, node) : -1;

	slurm_hostlist_destroy(nodes);
	return at;
}

static bool allocation_find(const slurm_job_info_t *info, const char *node,
			    char text[ALLOCATION_LEN], struct refusal *why)
{
	const char *words = "";
	int at;

	if (!info || !info->nodes)
		return refuse(why, "slurmctld does not say where the job runs; ask the administrator to look at its log");
	at = node_index(info, node);
	if (at < 0)
		return refuse(why, "slurmctld says that the job runs on %s, and this is %s; ask the administrator to look at NodeName in slurm.conf",
			      info->nodes, node);
	if ((uint32_t)at < info->gres_detail_cnt && info->gres_detail_str[at])
		words = info->gres_detail_str[at];
	/* What is cut off may end in the number of another job's device */
	if (snprintf(text, ALLOCATION_LEN, "%s", words) >= ALLOCATION_LEN)
		return refuse(why, "Slurm needs more than %d characters for what it gave the job on this node; split the job, or ask for fewer kinds of resources",
			      ALLOCATION_LEN - 1);
	return true;
}

bool allocation_load(uint32_t job, const char *node, char text[ALLOCATION_LEN],
		     struct refusal *why)
{
	job_info_msg_t *message = NULL;
	bool found;

	errno = 0;
	if (slurm_load_job(&message, job, SHOW_DETAIL) || !message)
		return refuse(why, "slurmctld does not tell what it gave the job: %s; try again when it answers (scontrol ping)",
			      slurm_strerror(errno));
	found = allocation_find(job_find(message, job), node, text, why);
	slurm_free_job_info_msg(message);
	return found;
}

/**
 * struct answer - from the child, in one write of less than a pipe takes at once
 */
struct answer {
	bool found;
	char text[ALLOCATION_LEN];
	struct refusal why;
};

static void __attribute__((noreturn)) child_ask(uint32_t job, const char *node, int to)
{
	struct answer answer = { 0 };

	slurm_init(NULL);
	answer.found = allocation_load(job, node, answer.text, &answer.why);
	_exit(write(to, &answer, sizeof(answer)) != sizeof(answer));
}

static bool child_hear(int from, struct answer *answer)
{
	struct pollfd ready = { .fd = from, .events = POLLIN };

	return poll(&ready, 1, PATIENCE_MS) == 1 &&
	       read(from, answer, sizeof(*answer)) == sizeof(*answer);
}

bool allocation_load_in_child(uint32_t job, const char *node, char text[ALLOCATION_LEN],
			      struct refusal *why)
{
	struct answer answer = { 0 };
	int ends[2];
	pid_t child;
	bool heard;

	_Static_assert(sizeof(struct answer) <= 4096, "PIPE_BUF");
	if (pipe(ends))
		return refuse(why, "no pipe: %s; close files or raise the limit of slurmd", strerror(errno));
	child = fork();
	if (!child)
		child_ask(job, node, ends[1]);
	close(ends[1]);
	heard = child > 0 && child_hear(ends[0], &answer);
	close(ends[0]);
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	if (!heard)
		return refuse(why, "slurmctld did not tell within %d s what it gave the job; try again when it answers (scontrol ping)",
			      PATIENCE_MS / 1000);
	memcpy(text, answer.text, sizeof(answer.text));
	*why = answer.why;
	return answer.found;
}
