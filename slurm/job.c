// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * job.c - a job's cgroup on this node, and the grants that svad has for it
 *
 * Grants go by cgroup: of a job under mpirun Slurm sees one launcher a node, and
 * all that it starts is in the job's cgroup.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "job.h"

#define FOLDER_LEN (SVA_GRANT_PATH_LEN + 128)

/* ----------------------------------------------------------------- cgroup */

static bool folder_name(char folder[FOLDER_LEN], const struct settings *settings,
			const char *cgroup)
{
	return snprintf(folder, FOLDER_LEN, "%s%s", settings->mount, cgroup) < FOLDER_LEN;
}

static bool cgroup_is_there(const struct settings *settings, const char *cgroup)
{
	char folder[FOLDER_LEN];

	return folder_name(folder, settings, cgroup) && !access(folder, F_OK);
}

/* Slurm that is built for several slurmd on a machine has the node's name in it */
static bool scope_find(const struct settings *settings, const char *node, char *scope,
		       size_t size, struct refusal *why)
{
	if (settings->scope) {
		if (cgroup_is_there(settings, settings->scope))
			return snprintf(scope, size, "%s", settings->scope) < (int)size;
		return refuse(why, "there is no cgroup %s; have scope= of plugstack.conf name the one below which slurmstepd puts jobs",
			      settings->scope);
	}
	snprintf(scope, size, "/system.slice/%s_slurmstepd.scope", node);
	if (cgroup_is_there(settings, scope))
		return true;
	snprintf(scope, size, "/system.slice/slurmstepd.scope");
	return cgroup_is_there(settings, scope) ||
	       refuse(why, "there is no cgroup %s; set CgroupPlugin=cgroup/v2 in cgroup.conf, and scope= in plugstack.conf if slurmstepd puts jobs elsewhere",
		      scope);
}

bool job_init(struct job *job, const struct settings *settings, uint32_t number,
	      const char *node, struct refusal *why)
{
	char scope[SVA_GRANT_PATH_LEN - 32];

	*job = (struct job){ .settings = settings, .number = number };
	if (!scope_find(settings, node, scope, sizeof(scope), why))
		return false;
	snprintf(job->cgroup, sizeof(job->cgroup), "%s/job_%u", scope, number);
	return true;
}

bool job_make_cgroup(const struct job *job, struct refusal *why)
{
	char folder[FOLDER_LEN];

	if (!folder_name(folder, job->settings, job->cgroup))
		return refuse(why, "the path of the job's cgroup is too long; shorten mount= in plugstack.conf");
	if (!mkdir(folder, 0755) || errno == EEXIST)
		return true;
	return refuse(why, "%s cannot be made: %s; ask the administrator to look at slurmd's rights there",
		      folder, strerror(errno));
}

void job_remove_cgroup(const struct job *job)
{
	char folder[FOLDER_LEN];

	if (folder_name(folder, job->settings, job->cgroup))
		(void)!rmdir(folder);
}

bool job_is_here(const struct job *job, struct refusal *why)
{
	char name[FOLDER_LEN + 16], events[128] = "";
	int file;

	snprintf(name, sizeof(name), "%s%s/cgroup.events", job->settings->mount, job->cgroup);
	file = open(name, O_RDONLY | O_CLOEXEC);
	if (file >= 0) {
		(void)!read(file, events, sizeof(events) - 1);
		close(file);
	}
	return strstr(events, "populated 1") ||
	       refuse(why, "slurmstepd has not put the job into the cgroup %s; have scope= of plugstack.conf name the one below which it puts jobs",
		      job->cgroup);
}

/* ----------------------------------------------------------------- grants */

static bool refuse_for(struct refusal *why, const char *what, const char *device)
{
	uint32_t reason = sva_context_reason(NULL);

	return refuse(why, "svad %s%s%s: %s (%s)", what, *device ? " on " : "", device,
		      sva_strreason(reason), sva_reason_name(reason));
}

bool job_grant(const struct job *job, const struct shares *shares, struct refusal *why)
{
	for (unsigned int i = 0; i < shares->count; i++) {
		const struct share *share = &shares->list[i];

		if (sva_grant_add(job->settings->socket, share->device, job->cgroup, 0,
				  share->contexts, NULL))
			return refuse_for(why, "did not take the job's grant", share->device);
	}
	return true;
}

/* The grants that are the job's own come first in *grants; the caller frees it */
static bool grants_of(const struct job *job, struct sva_grant **grants, size_t *count)
{
	size_t all, own = 0;

	if (sva_list_grants(job->settings->socket, grants, &all))
		return false;
	for (size_t i = 0; i < all; i++) {
		if (!strcmp((*grants)[i].cgroup, job->cgroup))
			(*grants)[own++] = (*grants)[i];
	}
	*count = own;
	return true;
}

bool job_granted(const struct job *job, const struct shares *asked, struct shares *granted,
		 struct refusal *why)
{
	bool all = shares_find(asked, SHARE_ALL);
	struct sva_grant *grants;
	size_t count;

	*granted = (struct shares){ 0 };
	if (!grants_of(job, &grants, &count))
		return refuse_for(why, "does not tell what the job was granted", "");
	for (size_t i = 0; i < count; i++) {
		const char *device = grants[i].device;

		if (all || shares_find(asked, device))
			shares_add(granted, device, strnlen(device, SVA_NAME_LEN),
				   grants[i].contexts);
	}
	free(grants);
	return true;
}

bool job_take_back(const struct job *job, struct refusal *why)
{
	struct sva_grant *grants;
	size_t count;
	bool done = true;

	if (!grants_of(job, &grants, &count))
		return refuse_for(why, "does not tell what the job was granted", "");
	for (size_t i = 0; i < count; i++) {
		if (sva_grant_remove(job->settings->socket, grants[i].number, NULL) &&
		    sva_context_reason(NULL) != SVA_REASON_NO_SUCH_GRANT)
			done = refuse_for(why, "did not take the job's grant back",
					  grants[i].device);
	}
	free(grants);
	return done;
}
