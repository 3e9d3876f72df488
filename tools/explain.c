// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * explain.c - svactl explain: would it be allowed, and by which line
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#include "ask.h"
#include "sva.h"
#include "svactl.h"
#include "text.h"

#define GROUPS_MAX 1024

/* The groups that the user would have after a login */
static void groups_fill(struct sva_msg_explain_user *request, const struct passwd *user)
{
	gid_t groups[GROUPS_MAX];
	int count = GROUPS_MAX;

	request->gid = user->pw_gid;
	if (getgrouplist(user->pw_name, user->pw_gid, groups, &count) < 0)
		count = GROUPS_MAX;
	if (count > SVA_MSG_GROUPS)
		fprintf(stderr, "svactl explain: '%s' is in %d groups; only the first %d are looked at\n",
			user->pw_name, count, SVA_MSG_GROUPS);
	for (int i = 0; i < count && i < SVA_MSG_GROUPS; i++)
		request->groups[request->num_groups++] = groups[i];
}

static bool text_put(char *to, size_t size, const char *from)
{
	size_t length = from ? strlen(from) : 0;

	if (length >= size)
		return false;
	memcpy(to, from ? from : "", length);
	return true;
}

/* False: one of the names is longer than any */
static bool request_fill(struct sva_msg_explain_user *request, const struct svactl *svactl,
			 uint32_t uid)
{
	const struct passwd *user = getpwuid(uid);

	*request = (struct sva_msg_explain_user){ .uid = uid, .gid = UINT32_MAX };
	if (user)
		groups_fill(request, user);
	return text_put(request->device, sizeof(request->device), svactl->device) &&
	       text_put(request->type, sizeof(request->type), svactl->type) &&
	       text_put(request->cgroup, sizeof(request->cgroup), svactl->cgroup);
}

/**
 * struct question
 * @request: about somebody else
 */
struct question {
	const struct svactl *svactl;
	struct sva_msg_explain_user request;
	struct sva_msg_explained explained;
};

static int question_ask(struct client *client, void *arg)
{
	struct question *question = arg;
	const struct svactl *svactl = question->svactl;

	if (svactl->user)
		return client_explain_user(client, &question->request, &question->explained);
	return client_explain(client, svactl->device, svactl->type, &question->explained);
}

static int print_text(const struct svactl *svactl, const struct sva_msg_explained *explained)
{
	const char *device = svactl->device ? svactl->device : "a device";

	printf("%s: %s\n", device, explained->permitted ? "allowed" : "not allowed");
	if (explained->why)
		printf("because: %s\n", sva_strreason(explained->why));
	if (explained->grant)
		printf("by grant: %u\n", explained->grant);
	if (explained->rule)
		printf("by rule: %s:%u: %s\n", explained->file, explained->rule, explained->text);
	else if (!explained->grant)
		printf("by rule: none of %s matches\n", explained->file);
	if (explained->limit)
		printf("contexts there: %u of at most %u\n", explained->contexts,
		       explained->limit);
	return fflush(stdout) ? SVACTL_FAILED :
	       explained->permitted ? SVACTL_OK : SVACTL_FAILED;
}

static int print_explained(const struct svactl *svactl, struct sva_msg_explained *explained)
{
	text_make_safe(explained->text);
	text_make_safe(explained->file);
	if (!svactl->json)
		return print_text(svactl, explained);
	return svactl_print_json(json_pack("{s:b, s:s?, s:s?, s:s, s:I, s:s, s:I, s:I, s:I}",
					   "permitted", (int)explained->permitted,
					   "reason", explained->why ?
					   sva_reason_name(explained->why) : NULL,
					   "sentence", explained->why ?
					   sva_strreason(explained->why) : NULL,
					   "file", explained->file,
					   "line", (json_int_t)explained->rule,
					   "rule", explained->text,
					   "grant", (json_int_t)explained->grant,
					   "contexts", (json_int_t)explained->contexts,
					   "limit", (json_int_t)explained->limit),
				 explained->permitted ? SVACTL_OK : SVACTL_FAILED);
}

int svactl_explain(const struct svactl *svactl)
{
	struct question question = { .svactl = svactl };
	uint32_t uid = 0, reason;
	int ret;

	if (svactl->user && !user_read(svactl->user, &uid))
		return SVACTL_USAGE;
	if (svactl->user && !request_fill(&question.request, svactl, uid))
		return svactl_refused(svactl, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	ret = ask_svad(svactl->socket, question_ask, &question, &reason);
	return ret < 0 ? svactl_refused(svactl, ret, reason) :
			 print_explained(svactl, &question.explained);
}
