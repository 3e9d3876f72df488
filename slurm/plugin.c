// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * plugin.c - the SPANK plugin sva.so: --sva=DEVICE[:N] for srun, sbatch and salloc
 *
 * The scheduler grants, svad enforces, the process binds after exec.  What Slurm calls,
 * and where:
 *
 *	srun, sbatch, salloc	the option is read: no daemon is needed there
 *	prolog			the job's cgroup gets its grant
 *	slurmstepd, per step	the grant is looked for, and given if it is not there:
 *				svad was down before, or the cgroup was made anew; for
 *				"all" it is given again
 *	slurmstepd, per task	without the grant the task does not start
 *	epilog			the grant is taken back, and with it what was opened
 *				under it
 *
 * Prolog and epilog fail for nothing that happens here: a node whose prolog fails is
 * drained, and what is wrong is said when the task does not start.
 */
#include <stdlib.h>
#include <string.h>

#include <slurm/slurm.h>
#include <slurm/spank.h>

#include "allocation.h"
#include "job.h"

#define DEVICES_LEN (SHARES_MAX * (SVA_NAME_LEN + 12))

/* Slurm takes a hook to have failed when it returns less than 0: ESPANK_ERROR is more */
#define HOOK_FAILED (-1)

SPANK_PLUGIN(sva, 1)

static struct settings settings;
static struct refusal bad_settings;
static struct shares asked;

/* Why no task of this step may start */
static struct refusal refusal;

/*
 * At the user's side a wrong option ends the command; at the node, where it came with the
 * job and may be forged, it refuses the tasks.
 */
static int option_take(int value, const char *argument, int remote)
{
	(void)value;
	refusal = (struct refusal){ 0 };
	if (shares_read_option(&asked, argument, &refusal))
		return ESPANK_SUCCESS;
	if (remote)
		return ESPANK_SUCCESS;
	slurm_error("sva: %s", refusal.text);
	return HOOK_FAILED;
}

static struct spank_option option = {
	.name = (char *)"sva",
	.arginfo = (char *)"DEVICE[:N],...",
	.usage = (char *)"let the job open contexts on the accelerator DEVICE, and refuse "
			 "it if Slurm gave it fewer than N (1) there on a node; '" SHARE_ALL
			 "': on every accelerator that --gres gave it",
	.has_arg = 1,
	.cb = option_take,
};

int slurm_spank_init(spank_t spank, int argc, char **argv)
{
	if (!settings_read(&settings, argc, argv, &bad_settings))
		slurm_error("sva: %s", bad_settings.text);
	return spank_option_register(spank, &option);
}

/* The program that runs prologs does not call init(), and has to read them itself */
static void settings_of_script(int argc, char **argv)
{
	bad_settings = (struct refusal){ 0 };
	(void)!settings_read(&settings, argc, argv, &bad_settings);
}

/* -------------------------------------------------------------- at a node */

typedef bool (*allocation_fn)(uint32_t job, const char *node, char text[ALLOCATION_LEN],
			      struct refusal *why);

static const char *node_name(void)
{
	const char *name = getenv("SLURMD_NODENAME");

	return name ? name : "";
}

static bool job_find(struct job *job, spank_t spank, struct refusal *why)
{
	uint32_t number;

	if (*bad_settings.text) {
		*why = bad_settings;
		return false;
	}
	if (spank_get_item(spank, S_JOB_ID, &number))
		return refuse(why, "Slurm does not say which job this is; build the plugin against this Slurm");
	return job_init(job, &settings, number, node_name(), why);
}

static bool grant_as_allocated(const struct job *job, allocation_fn load, struct shares *granted,
			       struct refusal *why)
{
	char text[ALLOCATION_LEN];
	struct shares given;

	return load(job->number, node_name(), text, why) &&
	       allocation_read(&given, text, &settings, why) &&
	       shares_grant(&asked, &given, settings.gres, granted, why) &&
	       job_grant(job, granted, why);
}

/* Before any step of the job, and whether or not there will be one on this node */
int slurm_spank_job_prolog(spank_t spank, int argc, char **argv)
{
	struct refusal why = { 0 };
	struct shares granted;
	struct job job;
	char *argument;

	settings_of_script(argc, argv);
	if (spank_option_getopt(spank, &option, &argument))
		return ESPANK_SUCCESS;
	if (!shares_read_option(&asked, argument, &why) || !job_find(&job, spank, &why) ||
	    !job_make_cgroup(&job, &why) ||
	    !grant_as_allocated(&job, allocation_load_in_child, &granted, &why))
		slurm_error("sva: %s", why.text);
	return ESPANK_SUCCESS;
}

/*
 * Does the job have all that this step asks for?  How many devices SHARE_ALL is only Slurm
 * knows: the job may have been granted some, before svad refused or was lost.
 */
static bool is_granted(const struct shares *granted)
{
	struct refusal ignored;
	struct shares all;

	return granted->count && !shares_find(&asked, SHARE_ALL) &&
	       shares_grant(&asked, granted, settings.gres, &all, &ignored);
}

static bool step_grant(spank_t spank, struct shares *granted, struct refusal *why)
{
	struct job job;

	return job_find(&job, spank, why) && job_is_here(&job, why) &&
	       job_granted(&job, &asked, granted, why) &&
	       (is_granted(granted) || grant_as_allocated(&job, allocation_load, granted, why));
}

static void step_tell_tasks(spank_t spank, const struct shares *granted)
{
	char devices[DEVICES_LEN];

	shares_write(granted, devices, sizeof(devices));
	spank_setenv(spank, "SVA_DEVICES", devices, 1);
	if (settings.socket)
		spank_setenv(spank, "SVA_SOCKET", settings.socket, 1);
}

int slurm_spank_init_post_opt(spank_t spank, int argc, char **argv)
{
	struct shares granted;

	(void)argc;
	(void)argv;
	if (spank_context() != S_CTX_REMOTE || !asked.count)
		return ESPANK_SUCCESS;
	if (step_grant(spank, &granted, &refusal))
		step_tell_tasks(spank, &granted);
	return ESPANK_SUCCESS;
}

int slurm_spank_task_init_privileged(spank_t spank, int argc, char **argv)
{
	(void)spank;
	(void)argc;
	(void)argv;
	if (!*refusal.text)
		return ESPANK_SUCCESS;
	slurm_error("sva: %s", refusal.text);
	return HOOK_FAILED;
}

static bool job_end(spank_t spank, struct refusal *why)
{
	struct job job;
	bool done;

	if (!job_find(&job, spank, why))
		return false;
	done = job_take_back(&job, why);
	/* Where svad was not there to take them, the job's grants end with its cgroup */
	job_remove_cgroup(&job);
	return done;
}

/* Whether or not the job asked: a step of it may have */
int slurm_spank_job_epilog(spank_t spank, int argc, char **argv)
{
	bool has_asked = !spank_option_getopt(spank, &option, NULL);
	struct refusal why = { 0 };

	settings_of_script(argc, argv);
	if (!job_end(spank, &why) && has_asked)
		slurm_error("sva: %s", why.text);
	return ESPANK_SUCCESS;
}
