// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * slurm_plugin.c - the SPANK plugin in a Slurm that is none, with a svad that is none
 *
 * The program is what srun, slurmstepd and the program for prologs are to a plugin: it
 * loads it, has the functions that it calls, and calls its hooks.
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include <slurm/slurm.h>
#include <slurm/spank.h>

#include <sva.h>

#include "libsva_fake_svad.h"

#define JOB 77
#define GRANTS_MAX 8
#define SCOPE "/system.slice/slurmstepd.scope"

typedef int (*hook_fn)(spank_t spank, int argc, char **argv);

/**
 * struct world - Slurm, and what svad was told
 * @argument: of --sva, as the job has it; NULL: not given
 * @allocated: what slurmctld says of the job, NULL: it does not answer
 * @fatal: Slurm's library ends the process that asks
 * @error: what the plugin said last
 * @devices, @socket: as tasks would find them in their environment
 * @refuse: the reason with which svad refuses
 * @refuse_device: it refuses nothing but a grant there
 */
static struct world {
	enum spank_context context;
	struct spank_option *option;
	const char *argument;
	const char *allocated;
	bool fatal;
	char error[1024];
	char devices[256];
	char socket[128];
	uint32_t refuse;
	const char *refuse_device;
	struct sva_msg_grant grants[GRANTS_MAX];
	uint32_t last_number;
} world;

static struct fake_svad svad;
static void *plugin;
static char mount[64], *arguments[8];
static int num_arguments;

/* ------------------------------------------------------ Slurm's functions */

spank_context_t spank_context(void)
{
	return world.context;
}

spank_err_t spank_option_register(spank_t spank, struct spank_option *option)
{
	(void)spank;
	world.option = option;
	return ESPANK_SUCCESS;
}

spank_err_t spank_option_getopt(spank_t spank, struct spank_option *option, char **argument)
{
	(void)spank;
	(void)option;
	if (!world.argument)
		return ESPANK_ERROR;
	if (argument)
		*argument = (char *)(uintptr_t)world.argument;
	return ESPANK_SUCCESS;
}

spank_err_t spank_get_item(spank_t spank, spank_item_t item, ...)
{
	va_list args;

	(void)spank;
	if (item != S_JOB_ID)
		return ESPANK_BAD_ARG;
	va_start(args, item);
	*va_arg(args, uint32_t *) = JOB;
	va_end(args);
	return ESPANK_SUCCESS;
}

spank_err_t spank_setenv(spank_t spank, const char *name, const char *value, int overwrite)
{
	(void)spank;
	(void)overwrite;
	snprintf(strcmp(name, "SVA_SOCKET") ? world.devices : world.socket,
		 strcmp(name, "SVA_SOCKET") ? sizeof(world.devices) : sizeof(world.socket),
		 "%s", value);
	return ESPANK_SUCCESS;
}

void slurm_error(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(world.error, sizeof(world.error), format, args);
	va_end(args);
}

void slurm_init(const char *conf)
{
	(void)conf;
}

char *slurm_strerror(int number)
{
	return strerror(number);
}

/* Three jobs of one array; the middle one is asked about */
int slurm_load_job(job_info_msg_t **message, uint32_t job, uint16_t flags)
{
	static slurm_job_info_t jobs[3];
	static job_info_msg_t answer = { .record_count = 3, .job_array = jobs };
	static char *details[2];

	assert_int_equal(job, JOB);
	assert_int_equal(flags, SHOW_DETAIL);
	if (world.fatal)
		_exit(1);
	if (!world.allocated) {
		errno = ECONNREFUSED;
		return -1;
	}
	details[0] = (char *)(uintptr_t)"sva:other(CNT:9)";
	details[1] = (char *)(uintptr_t)world.allocated;
	for (uint32_t i = 0; i < 3; i++) {
		jobs[i].job_id = JOB - 1 + i;
		jobs[i].nodes = (char *)(uintptr_t)(i == 1 ? "n[1-2]" : "n9");
		jobs[i].gres_detail_cnt = i == 1 ? 2 : 0;
		jobs[i].gres_detail_str = details;
	}
	*message = &answer;
	return 0;
}

void slurm_free_job_info_msg(job_info_msg_t *message)
{
	(void)message;
}

__typeof__(slurm_hostlist_create(NULL)) slurm_hostlist_create(const char *text)
{
	return (__typeof__(slurm_hostlist_create(NULL)))(uintptr_t)text;
}

int slurm_hostlist_find(__typeof__(slurm_hostlist_create(NULL)) list, const char *node)
{
	return !strcmp((const char *)list, "n[1-2]") && !strcmp(node, "n2") ? 1 : -1;
}

void slurm_hostlist_destroy(__typeof__(slurm_hostlist_create(NULL)) list)
{
	(void)list;
}

/* ------------------------------------------------------------------ svad */

static struct sva_msg_grant *grant_slot(const char *device, const char *cgroup)
{
	struct sva_msg_grant *free_one = NULL;

	for (int i = 0; i < GRANTS_MAX; i++) {
		struct sva_msg_grant *grant = &world.grants[i];

		if (!grant->number)
			free_one = grant;
		else if (!strcmp(grant->device, device) && !strcmp(grant->cgroup, cgroup))
			return grant;
	}
	assert_non_null(free_one);
	free_one->number = ++world.last_number;
	snprintf(free_one->device, sizeof(free_one->device), "%s", device);
	snprintf(free_one->cgroup, sizeof(free_one->cgroup), "%s", cgroup);
	return free_one;
}

static void answer_list(int connection, const union fake_request *request)
{
	struct sva_msg_grants page = { .msg = fake_reply(request, sizeof(page)) };
	uint32_t number = request->number.number + 1;

	page.msg.error = world.refuse ? -EPERM : 0;
	page.msg.reason = world.refuse;
	for (; !world.refuse && number <= world.last_number; number++) {
		for (int i = 0; i < GRANTS_MAX && page.count < SVA_MSG_GRANTS; i++) {
			if (world.grants[i].number == number)
				page.grants[page.count++] = world.grants[i];
		}
	}
	fake_send(connection, &page, sizeof(page), -1, 0);
}

static bool serve(struct fake_svad *self, int connection, const union fake_request *request,
		  size_t size)
{
	struct sva_msg_done done = { .msg = fake_reply(request, sizeof(done)) };

	(void)self;
	(void)size;
	if (request->msg.type == SVA_MSG_LIST_GRANTS) {
		answer_list(connection, request);
		return true;
	}
	if (world.refuse || (request->msg.type == SVA_MSG_ADD_GRANT && world.refuse_device &&
			     !strcmp(request->add_grant.device, world.refuse_device))) {
		done.msg.error = -EPERM;
		done.msg.reason = world.refuse ? world.refuse : SVA_REASON_NO_STATE;
	} else if (request->msg.type == SVA_MSG_ADD_GRANT) {
		struct sva_msg_grant *grant = grant_slot(request->add_grant.device,
							 request->add_grant.cgroup);

		grant->contexts = request->add_grant.contexts;
		done.grant = grant->number;
	} else {
		for (int i = 0; i < GRANTS_MAX; i++) {
			if (world.grants[i].number == request->number.number)
				world.grants[i] = (struct sva_msg_grant){ 0 };
		}
	}
	fake_send(connection, &done, sizeof(done), -1, 0);
	return true;
}

static uint32_t granted(const char *device)
{
	for (int i = 0; i < GRANTS_MAX; i++) {
		if (world.grants[i].number && !strcmp(world.grants[i].device, device) &&
		    !strcmp(world.grants[i].cgroup, SCOPE "/job_77"))
			return world.grants[i].contexts;
	}
	return 0;
}

/* --------------------------------------------------------------- fixture */

static void folder_make(const char *path)
{
	char name[256];

	snprintf(name, sizeof(name), "%s%s", mount, path);
	if (mkdir(name, 0755))
		assert_int_equal(errno, EEXIST);
}

static bool folder_is_there(const char *path)
{
	char name[256];

	snprintf(name, sizeof(name), "%s%s", mount, path);
	return !access(name, F_OK);
}

/* What the kernel would say once slurmstepd is in the job's cgroup */
static void slurmstepd_is_there(bool there)
{
	char name[256];
	FILE *file;

	folder_make(SCOPE "/job_77");
	snprintf(name, sizeof(name), "%s" SCOPE "/job_77/cgroup.events", mount);
	unlink(name);
	if (!there)
		return;
	file = fopen(name, "w");
	assert_non_null(file);
	fputs("populated 1\nfrozen 0\n", file);
	fclose(file);
}

static void argument_add(const char *format, const char *value)
{
	char *text = NULL;

	assert_true(asprintf(&text, "%s%s", format, value) > 0);
	arguments[num_arguments++] = text;
}

static int hook(const char *name, enum spank_context context)
{
	hook_fn function = (hook_fn)(uintptr_t)dlsym(plugin, name);

	assert_non_null(function);
	world.context = context;
	return function(NULL, num_arguments, arguments);
}

/* Like Slurm: a process of its own for each of these, so that nothing is left of others */
static void load(void)
{
	if (plugin)
		dlclose(plugin);
	plugin = dlopen(SPANK_PLUGIN_FILE, RTLD_NOW | RTLD_LOCAL);
	if (!plugin)
		fail_msg("%s", dlerror());
	world.error[0] = '\0';
}

static int start(enum spank_context context)
{
	load();
	return hook("slurm_spank_init", context);
}

/* Slurm calls no init() before these two */
static int prolog(void)
{
	load();
	return hook("slurm_spank_job_prolog", S_CTX_JOB_SCRIPT);
}

static int epilog(void)
{
	load();
	return hook("slurm_spank_job_epilog", S_CTX_JOB_SCRIPT);
}

/* A step with one task; what becomes of the task: Slurm starts it unless this is below 0 */
static int step(void)
{
	assert_int_equal(start(S_CTX_REMOTE), 0);
	world.devices[0] = world.socket[0] = '\0';
	if (world.argument)
		assert_int_equal(world.option->cb(0, world.argument, 1), 0);
	assert_int_equal(hook("slurm_spank_init_post_opt", S_CTX_REMOTE), 0);
	return hook("slurm_spank_task_init_privileged", S_CTX_REMOTE);
}

static int set_up(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	strcpy(mount, P_tmpdir "/spank-test-XXXXXX");
	assert_non_null(mkdtemp(mount));
	folder_make("/system.slice");
	folder_make(SCOPE);
	fake_svad_start(&svad, serve, NULL);
	unsetenv("SVA_SOCKET");
	setenv("SLURMD_NODENAME", "n2", 1);
	argument_add("mount=", mount);
	argument_add("socket=", svad.path);
	return 0;
}

static int tear_down(void **state)
{
	static const char *const paths[] = {
		SCOPE "/job_77/cgroup.events", SCOPE "/job_77", SCOPE,
		"/system.slice/n2_slurmstepd.scope/job_77", "/system.slice/n2_slurmstepd.scope",
		"/system.slice", "",
	};
	char name[256];

	(void)state;
	fake_svad_stop(&svad);
	dlclose(plugin);
	plugin = NULL;
	while (num_arguments)
		free(arguments[--num_arguments]);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		snprintf(name, sizeof(name), "%s%s", mount, paths[i]);
		remove(name);
	}
	return 0;
}

/* R7: what, why, and behind a semicolon what to do */
static void assert_error_says(const char *what)
{
	if (!strstr(world.error, what) || !strchr(world.error, ';'))
		fail_msg("said '%s', not '%s'", world.error, what);
}

/* ---------------------------------------------------- the submitting shell */

static void the_option_is_read_where_there_is_no_daemon(void **state)
{
	static const char *const good[] = {
		"soft0", "soft0:2", "soft0:1,soft1:999999", "fpga-0.a_b", "all",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(start(i % 2 ? S_CTX_LOCAL : S_CTX_ALLOCATOR), 0);
		assert_int_equal(world.option->cb(0, good[i], 0), 0);
		assert_int_equal(hook("slurm_spank_init_post_opt", world.context), 0);
	}
	assert_int_equal(svad.requests, 0);
	assert_string_equal(world.error, "");
	assert_string_equal(world.option->name, "sva");
	assert_true(world.option->has_arg);
}

static void a_wrong_option_ends_the_command_and_says_why(void **state)
{
	static const struct {
		const char *argument, *says;
	} bad[] = {
		{ "", "names no device" }, { ":2", "names no device" },
		{ "soft0,", "names no device" }, { "../soft0", "names no device" },
		{ "so ft", "names no device" }, { "soft0:0", "no number" },
		{ "soft0:-1", "no number" }, { "soft0:", "no number" },
		{ "soft0:2x", "no number" }, { "soft0:1000000", "no number" },
		{ "soft0:18446744073709551617", "no number" },
		{ "soft0,soft0:2", "twice" }, { "all,soft0", "alone" },
		{ "a-name-that-is-much-longer-than-any-that-a-device-of-the-kernel-may-have-here-or-there",
		  "names no device" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start(S_CTX_LOCAL);
		assert_true(world.option->cb(0, bad[i].argument, 0) < 0);
		assert_error_says(bad[i].says);
	}
}

static void more_devices_than_fit_are_refused(void **state)
{
	char text[1024] = "d0", *end = text + 2;

	(void)state;
	for (int i = 1; i < 40; i++)
		end += sprintf(end, ",d%d", i);
	start(S_CTX_LOCAL);
	assert_true(world.option->cb(0, text, 0) < 0);
	assert_error_says("more than 32 devices");
}

/* ----------------------------------------------------------------- prolog */

static void the_prolog_grants_what_slurm_gave(void **state)
{
	(void)state;
	world.argument = "soft0:2";
	world.allocated = "sva:soft0(CNT:3),gpu:2(IDX:0,2),sva:soft1(CNT:1)";
	assert_int_equal(prolog(), 0);
	assert_string_equal(world.error, "");
	assert_true(folder_is_there(SCOPE "/job_77"));
	assert_int_equal(granted("soft0"), 3);
	assert_int_equal(granted("soft1"), 0);
}

static void a_job_that_does_not_ask_costs_no_request(void **state)
{
	(void)state;
	world.allocated = "sva:soft0(CNT:3)";
	assert_int_equal(prolog(), 0);
	assert_int_equal(step(), 0);
	assert_int_equal(svad.requests, 0);
	assert_false(folder_is_there(SCOPE "/job_77"));
}

static void slurm_for_several_slurmd_has_the_node_in_the_scope(void **state)
{
	(void)state;
	folder_make("/system.slice/n2_slurmstepd.scope");
	world.argument = "all";
	world.allocated = "sva:soft0(CNT:3)";
	assert_int_equal(prolog(), 0);
	assert_true(folder_is_there("/system.slice/n2_slurmstepd.scope/job_77"));
	assert_int_equal(epilog(), 0);
	assert_false(folder_is_there("/system.slice/n2_slurmstepd.scope/job_77"));
}

/* A node whose prolog fails is drained: none of these is worth that */
static void the_prolog_never_fails(void **state)
{
	(void)state;
	world.argument = "soft0:2";
	assert_int_equal(prolog(), 0);
	assert_error_says("slurmctld does not tell");
	world.fatal = true;
	assert_int_equal(prolog(), 0);
	assert_error_says("slurmctld did not tell");
	world.fatal = false;
	world.allocated = "sva:soft0(CNT:1)";
	assert_int_equal(prolog(), 0);
	assert_error_says("Slurm gave it 1");
	world.allocated = "sva:soft0(CNT:2)";
	world.refuse = SVA_REASON_NOT_OPERATOR;
	assert_int_equal(prolog(), 0);
	assert_error_says("not-operator");
	world.argument = "forged:x";
	assert_int_equal(prolog(), 0);
	assert_error_says("no number");
	argument_add("scope=", "/nowhere");
	world.argument = "soft0:2";
	assert_int_equal(prolog(), 0);
	assert_error_says("there is no cgroup /nowhere");
	assert_int_equal(epilog(), 0);
	argument_add("nonsense=", "1");
	assert_int_equal(prolog(), 0);
	assert_error_says("nonsense=1");
	assert_int_equal(epilog(), 0);
}

/* ------------------------------------------------------------------ steps */

static void a_task_finds_what_it_was_granted(void **state)
{
	int requests;

	(void)state;
	world.argument = "soft0:2,soft1";
	world.allocated = "sva:soft0(CNT:3),sva:soft1(CNT:1),sva:soft2(CNT:1)";
	assert_int_equal(prolog(), 0);
	slurmstepd_is_there(true);
	requests = svad.requests;
	world.allocated = NULL;
	assert_int_equal(step(), 0);
	assert_string_equal(world.error, "");
	assert_true(strstr(world.devices, "soft0:3") && strstr(world.devices, "soft1:1"));
	assert_null(strstr(world.devices, "soft2"));
	assert_string_equal(world.socket, svad.path);
	assert_in_range(svad.requests - requests, 1, 2);
}

/* Cut off, "IDX:12" would be the device of another job */
static void an_allocation_that_does_not_fit_is_not_guessed_at(void **state)
{
	char text[2048] = "";

	(void)state;
	argument_add("devices=", "dev0,dev1");
	while (strlen(text) + strlen("sva:1(IDX:1") < 1023)
		strcat(text, strlen(text) < 1000 ? "gpu:1(IDX:0)," : ",");
	strcat(text, "sva:1(IDX:12)");
	world.allocated = text;
	world.argument = "all";
	slurmstepd_is_there(true);
	assert_true(step() < 0);
	assert_error_says("more than 1023 characters");
	assert_int_equal(granted("dev1"), 0);
}

/* svad was down when the prolog ran, or the job's cgroup was removed between steps */
static void a_step_without_grant_gets_it_anew(void **state)
{
	(void)state;
	world.argument = "all";
	world.allocated = "sva:soft0(CNT:3)";
	slurmstepd_is_there(true);
	assert_int_equal(step(), 0);
	assert_int_equal(granted("soft0"), 3);
	assert_string_equal(world.devices, "soft0:3");
}

/* svad took one of the prolog's grants and not the next: what is there is not all */
static void a_step_that_asks_for_all_gets_all(void **state)
{
	(void)state;
	world.argument = "all";
	world.allocated = "sva:soft0(CNT:3),sva:soft1(CNT:2)";
	world.refuse_device = "soft1";
	assert_int_equal(prolog(), 0);
	assert_error_says("on soft1");
	assert_int_equal(granted("soft0"), 3);
	slurmstepd_is_there(true);
	assert_true(step() < 0);
	assert_error_says("on soft1");
	world.refuse_device = NULL;
	assert_int_equal(step(), 0);
	assert_string_equal(world.devices, "soft0:3,soft1:2");
	assert_int_equal(granted("soft1"), 2);
}

/* A step may ask for a device that the job's other steps have not asked for */
static void a_step_that_asks_for_more_gets_it(void **state)
{
	(void)state;
	world.argument = "soft0";
	world.allocated = "sva:soft0(CNT:3),sva:soft1(CNT:2)";
	slurmstepd_is_there(true);
	assert_int_equal(step(), 0);
	world.argument = "soft1:2";
	assert_int_equal(step(), 0);
	assert_int_equal(granted("soft0"), 3);
	assert_int_equal(granted("soft1"), 2);
}

static void a_task_without_grant_is_refused(void **state)
{
	(void)state;
	world.argument = "soft0:2";
	slurmstepd_is_there(true);
	world.allocated = "";
	assert_true(step() < 0);
	assert_error_says("Slurm gave it 0 on this node; ask for as many with --gres");
	world.argument = "all";
	assert_true(step() < 0);
	assert_error_says("gave the job no 'sva'");
	world.argument = "soft0:2";
	world.allocated = "sva:soft0(CNT:2)";
	world.refuse = SVA_REASON_NOT_OPERATOR;
	assert_true(step() < 0);
	assert_error_says("(not-operator)");
	world.refuse = 0;
	slurmstepd_is_there(false);
	assert_true(step() < 0);
	assert_error_says("scope=");
	assert_int_equal(granted("soft0"), 0);
}

static void a_task_is_refused_where_svad_is_not_there(void **state)
{
	(void)state;
	free(arguments[1]);
	arguments[1] = strdup("socket=/nowhere/socket");
	world.argument = "soft0";
	world.allocated = "sva:soft0(CNT:2)";
	slurmstepd_is_there(true);
	assert_true(step() < 0);
	assert_error_says("(no-daemon)");
}

/* The options come with the job, and may be anything */
static void a_forged_option_refuses_the_task(void **state)
{
	(void)state;
	world.argument = "soft0:4294967297";
	world.allocated = "sva:soft0(CNT:2)";
	slurmstepd_is_there(true);
	assert_true(step() < 0);
	assert_error_says("no number");
	world.argument = "soft0:999999";
	assert_true(step() < 0);
	assert_error_says("asks for 999999");
	assert_int_equal(granted("soft0"), 0);
}

static void a_wrong_plugstack_refuses_only_those_who_ask(void **state)
{
	(void)state;
	argument_add("contexts=", "none");
	slurmstepd_is_there(true);
	world.allocated = "sva:soft0(CNT:2)";
	assert_int_equal(step(), 0);
	world.argument = "soft0";
	assert_true(step() < 0);
	assert_error_says("contexts=none");
}

/* ----------------------------------------------------------- allocations */

static void expect_allocated(const char *allocated, const char *devices)
{
	memset(world.grants, 0, sizeof(world.grants));
	world.last_number = 0;
	world.allocated = allocated;
	world.argument = "all";
	slurmstepd_is_there(true);
	assert_int_equal(step(), 0);
	assert_string_equal(world.devices, devices);
}

static void slurms_words_are_understood(void **state)
{
	(void)state;
	expect_allocated("sva:soft0(CNT:2)", "soft0:2");
	expect_allocated("sva:soft0:2", "soft0:2");
	expect_allocated("sva:soft0:2(CNT:2)", "soft0:2");
	expect_allocated("sva:soft0:2(IDX:0-1)", "soft0:2");
	expect_allocated("gpu:tesla:2(IDX:0,3),sva:soft1(CNT:5)", "soft1:5");
	expect_allocated("sva:soft0:0,sva:soft1(CNT:0),sva:soft2(CNT:1),sva:0", "soft2:1");
	expect_allocated("sva:a(CNT:1),svax:b(CNT:2),sva:c(CNT:3)", "a:1,c:3");
}

static void indexes_are_devices_as_plugstack_names_them(void **state)
{
	(void)state;
	argument_add("devices=", "dev0,dev1,dev2,dev3");
	argument_add("contexts=", "4");
	expect_allocated("sva:1(IDX:2)", "dev2:4");
	expect_allocated("sva:3(IDX:0,2-3)", "dev0:4,dev2:4,dev3:4");
	expect_allocated("sva:model:1(IDX:1),acc:2(IDX:0-1)", "dev1:4");
	world.allocated = "sva:1(IDX:4)";
	memset(world.grants, 0, sizeof(world.grants));
	assert_true(step() < 0);
	assert_error_says("names 4 devices");
	world.allocated = "sva:1(IDX:3-1)";
	assert_true(step() < 0);
	world.allocated = "sva:1(IDX:x)";
	assert_true(step() < 0);
	world.allocated = "sva:1(IDX:0-99999999999)";
	assert_true(step() < 0);
}

static void a_count_without_a_type_needs_one_device(void **state)
{
	(void)state;
	world.argument = "all";
	world.allocated = "sva(CNT:3)";
	slurmstepd_is_there(true);
	assert_true(step() < 0);
	assert_error_says("without a type");
	argument_add("devices=", "only");
	expect_allocated("sva(CNT:3)", "only:3");
}

static void another_gres_may_count(void **state)
{
	(void)state;
	argument_add("gres=", "fpga");
	expect_allocated("sva:soft0(CNT:2),fpga:soft1(CNT:1)", "soft1:1");
}

/* ----------------------------------------------------------------- epilog */

static void the_epilog_takes_back_what_the_job_has_and_nothing_else(void **state)
{
	(void)state;
	world.argument = "all";
	world.allocated = "sva:soft0(CNT:3),sva:soft1(CNT:1)";
	assert_int_equal(prolog(), 0);
	grant_slot("soft0", SCOPE "/job_777")->contexts = 1;
	grant_slot("soft0", SCOPE "/job_7")->contexts = 1;
	assert_int_equal(epilog(), 0);
	assert_int_equal(granted("soft0") + granted("soft1"), 0);
	assert_int_equal(grant_slot("soft0", SCOPE "/job_777")->contexts, 1);
	assert_int_equal(grant_slot("soft0", SCOPE "/job_7")->contexts, 1);
	assert_false(folder_is_there(SCOPE "/job_77"));
}

/* Only a step of it had asked */
static void the_epilog_looks_for_itself(void **state)
{
	(void)state;
	grant_slot("soft0", SCOPE "/job_77")->contexts = 1;
	assert_int_equal(epilog(), 0);
	assert_int_equal(granted("soft0"), 0);
	world.refuse = SVA_REASON_NOT_OPERATOR;
	assert_int_equal(epilog(), 0);
	assert_string_equal(world.error, "");
}

/* A grant is to a cgroup, and ends with it: svad sees that when it is back */
static void without_svad_the_epilog_removes_the_cgroup(void **state)
{
	(void)state;
	world.argument = "all";
	world.allocated = "sva:soft0(CNT:3)";
	assert_int_equal(prolog(), 0);
	assert_true(folder_is_there(SCOPE "/job_77"));
	free(arguments[1]);
	arguments[1] = strdup("socket=/nowhere/socket");
	assert_int_equal(epilog(), 0);
	assert_error_says("(no-daemon)");
	assert_false(folder_is_there(SCOPE "/job_77"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_option_is_read_where_there_is_no_daemon),
		TEST(a_wrong_option_ends_the_command_and_says_why),
		TEST(more_devices_than_fit_are_refused),
		TEST(the_prolog_grants_what_slurm_gave),
		TEST(a_job_that_does_not_ask_costs_no_request),
		TEST(slurm_for_several_slurmd_has_the_node_in_the_scope),
		TEST(the_prolog_never_fails),
		TEST(a_task_finds_what_it_was_granted),
		TEST(an_allocation_that_does_not_fit_is_not_guessed_at),
		TEST(a_step_without_grant_gets_it_anew),
		TEST(a_step_that_asks_for_all_gets_all),
		TEST(a_step_that_asks_for_more_gets_it),
		TEST(a_task_without_grant_is_refused),
		TEST(a_task_is_refused_where_svad_is_not_there),
		TEST(a_forged_option_refuses_the_task),
		TEST(a_wrong_plugstack_refuses_only_those_who_ask),
		TEST(slurms_words_are_understood),
		TEST(indexes_are_devices_as_plugstack_names_them),
		TEST(a_count_without_a_type_needs_one_device),
		TEST(another_gres_may_count),
		TEST(the_epilog_takes_back_what_the_job_has_and_nothing_else),
		TEST(the_epilog_looks_for_itself),
		TEST(without_svad_the_epilog_removes_the_cgroup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
