// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * limits_test.c - who may have how much: by cgroup, in total, in quarantine, in a
 * second, and when others want some too (R8); and what svad says about it
 */
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>

#include "fixture.h"

/* Opens until svad refuses: how many it were, and the reason */
static unsigned int take_all(struct fixture *f, int client, const char *device, int *contexts,
			     unsigned int max, uint32_t *reason)
{
	unsigned int count = 0;

	while (count < max && !(*reason = fixture_open(f, client, device, &contexts[count])))
		count++;
	return count;
}

static void close_all(int *contexts, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		close(contexts[i]);
}

/* ------------------------------------------------------------ cgroups */

static void the_cgroup_of_now_decides(void **state)
{
	struct fixture *f = *state;
	int client;

	fixture_start(f, "[deny]\ncgroup = /jail\n[allow]\nslice = batch.slice\n");
	fixture_plug(f, "soft0", 10);
	fixture_cgroups(f);
	client = fixture_connect(f, -1);
	/* nothing is known of it: a deny must not become an allow */
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_NO_CGROUP);
	fixture_cgroup_enter(f, getpid(), "/user.slice/x.scope");
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_DEFAULT);
	fixture_cgroup_enter(f, getpid(), "/batch.slice/job.service");
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	fixture_cgroup_enter(f, getpid(), "/jail/cell");
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_RULE);
	/* out of the sight of svad's own cgroup namespace */
	fixture_cgroup_enter(f, getpid(), "/../batch.slice");
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_NO_CGROUP);
	close(client);
}

static void the_cgroup_is_not_read_where_nothing_needs_it(void **state)
{
	struct fixture *f = *state;
	int client;

	fixture_start(f, "[allow]\nuser = *\n[deny]\ncgroup = /jail\n");
	fixture_plug(f, "soft0", 10);
	/* there is none to be read */
	fixture_cgroups(f);
	client = fixture_connect(f, -1);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	close(client);
}

static void a_cgroup_is_limited_with_all_below_it(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int client, contexts[3];

	fixture_start(f, "[allow]\ncgroup = /slurm/job_*\ncontexts-per-cgroup = 2\n"
			 "[allow]\nuser = *\ncontexts-per-cgroup = 1\n");
	fake = fixture_plug(f, "soft0", 100);
	fixture_cgroups(f);
	fixture_cgroup_make(f, "/slurm/job_1/step_0");
	fixture_cgroup_make(f, "/slurm/job_1/step_1");
	fixture_cgroup_make(f, "/slurm/job_2");
	fixture_cgroup_make(f, "/user.slice/user@1000.service/app.slice/a");
	fixture_cgroup_make(f, "/user.slice/user@1000.service/app.slice/b");
	client = fixture_connect(f, -1);
	fixture_cgroup_enter(f, getpid(), "/slurm/job_1/step_0");
	assert_int_equal(fixture_open(f, client, "soft0", &contexts[0]), 0);
	fixture_cgroup_enter(f, getpid(), "/slurm/job_1/step_1");
	assert_int_equal(fixture_open(f, client, "soft0", &contexts[1]), 0);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_LIMIT_CGROUP);
	fixture_cgroup_enter(f, getpid(), "/slurm/job_2");
	assert_int_equal(fixture_open(f, client, "soft0", &contexts[2]), 0);
	/* a user who makes cgroups of his own stays in his unit */
	fixture_cgroup_enter(f, getpid(), "/user.slice/user@1000.service/app.slice/a");
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	fixture_cgroup_enter(f, getpid(), "/user.slice/user@1000.service/app.slice/b");
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_LIMIT_CGROUP);
	close(contexts[0]);
	fake_end_unheld(fake);
	fixture_cgroup_enter(f, getpid(), "/slurm/job_1/step_0");
	assert_int_equal(fixture_open(f, client, "soft0", &contexts[0]), 0);
	close_all(contexts, 3);
	close(client);
}

/* R5: the kernel remembers it in the cookie */
static void the_limit_of_a_cgroup_holds_across_a_restart(void **state)
{
	struct fixture *f = *state;
	int client, context;

	for (int i = 0; i < 2; i++) {
		fixture_start(f, "[allow]\nuser = *\ncontexts-per-cgroup = 1\n");
		if (!i)
			fixture_plug(f, "soft0", 10);
		else
			assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
		fixture_cgroups(f);
		fixture_cgroup_make(f, "/job");
		fixture_cgroup_enter(f, getpid(), "/job");
		client = fixture_connect(f, -1);
		assert_int_equal(fixture_open(f, client, "soft0", i ? NULL : &context),
				 i ? SVA_REASON_LIMIT_CGROUP : 0);
		close(client);
		fixture_stop(f);
	}
	close(context);
}

/* --------------------------------------------------- total, quarantine */

static void all_devices_together_have_a_limit(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int client, contexts[2];

	fixture_start(f, "[limits]\ncontexts = 2\n[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	fixture_plug(f, "soft1", 10);
	client = fixture_connect(f, -1);
	assert_int_equal(fixture_open(f, client, "soft0", &contexts[0]), 0);
	assert_int_equal(fixture_open(f, client, "soft1", &contexts[1]), 0);
	assert_int_equal(fixture_open(f, client, "soft1", NULL), SVA_REASON_LIMIT_TOTAL);
	close(contexts[0]);
	fake_end_unheld(fake);
	fixture_run(f);
	assert_int_equal(fixture_open(f, client, "soft1", &contexts[0]), 0);
	close_all(contexts, 2);
	close(client);
}

/* R3, R8: who leaves PASIDs in quarantine may not go on doing so elsewhere */
static void quarantine_of_a_user_is_limited_over_all_devices(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int alice, bob;
	uint64_t first;

	fixture_need_root();
	fixture_start(f, "[limits]\nquarantined-per-user = 2\n[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	fixture_plug(f, "soft1", 10);
	alice = fixture_connect(f, ALICE);
	bob = fixture_connect(f, BOB);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), 0);
	first = fake_last_id(fake);
	fake_context_end(fake, first, SVA_RELEASE_NEITHER);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), 0);
	fake_context_end(fake, fake_last_id(fake), SVA_RELEASE_NEITHER);
	fixture_run(f);
	assert_int_equal(fixture_open(f, alice, "soft1", NULL), SVA_REASON_LIMIT_QUARANTINE);
	assert_int_equal(fixture_open(f, bob, "soft1", NULL), 0);
	fake_context_release(fake, first);
	fixture_run(f);
	assert_int_equal(fixture_open(f, alice, "soft1", NULL), 0);
	close(alice);
	close(bob);
}

/* ---------------------------------------------------------- fair share */

/* R8: however greedy the ones before him were, who comes later finds his part */
static void greed_leaves_a_share_to_everybody_who_comes_later(void **state)
{
	struct fixture *f = *state;
	int contexts[64], clients[7];
	unsigned int taken = 0, before = 64, got;
	uint32_t reason;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = *\ncontexts-per-user = 64\n");
	fixture_plug(f, "soft0", 64);
	for (unsigned int user = 0; user < ARRAY_SIZE(clients); user++) {
		clients[user] = fixture_connect(f, ALICE + user);
		got = take_all(f, clients[user], "soft0", contexts + taken, 64 - taken, &reason);
		assert_int_equal(reason, SVA_REASON_LIMIT_SHARE);
		print_message("user %u of a greedy lot got %u of 64\n", user + 1, got);
		/* each gets something, and less the more there are */
		assert_in_range(got, 1, before);
		assert_true(user != 0 || got == 32);
		before = got;
		taken += got;
		/* and what is left is enough for as many again */
		assert_in_range(64 - taken, user + 1, 64);
	}
	/* the first gets no more, though there is something left */
	assert_int_equal(fixture_open(f, clients[0], "soft0", NULL), SVA_REASON_LIMIT_SHARE);
	close_all(contexts, taken);
	close_all(contexts, ARRAY_SIZE(contexts));
	close_all(clients, ARRAY_SIZE(clients));
}

static void who_wants_and_has_none_counts(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int alice, bob, contexts[16];
	uint32_t reason;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = *\ncontexts-per-user = 64\n");
	fake = fixture_plug(f, "soft0", 16);
	alice = fixture_connect(f, ALICE);
	bob = fixture_connect(f, BOB);
	assert_int_equal(take_all(f, alice, "soft0", contexts, 4, &reason), 4);
	/* the device is full for a moment, and bob gets nothing */
	fake_fail_create(fake, ENOSPC, SVA_REASON_TYPE_EXHAUSTED);
	assert_int_equal(fixture_open(f, bob, "soft0", NULL), SVA_REASON_TYPE_EXHAUSTED);
	fake_fail_create(fake, 0, 0);
	/* 4 and 5 times two users against the 12 and 11 that are left; alone it were 8 */
	assert_int_equal(take_all(f, alice, "soft0", contexts + 4, 12, &reason), 2);
	assert_int_equal(reason, SVA_REASON_LIMIT_SHARE);
	assert_int_equal(fixture_open(f, bob, "soft0", &contexts[6]), 0);
	close_all(contexts, 7);
	close(alice);
	close(bob);
}

static void fair_share_can_be_switched_off(void **state)
{
	struct fixture *f = *state;
	int client, contexts[8];
	uint32_t reason;

	fixture_start(f, "[device soft*]\nfair-share = no\n[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 8);
	client = fixture_connect(f, -1);
	assert_int_equal(take_all(f, client, "soft0", contexts, 8, &reason), 8);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_TYPE_EXHAUSTED);
	close_all(contexts, 8);
	close(client);
}

/* ------------------------------------------------------------ requests */

static void requests_of_a_user_are_limited_however_he_connects(void **state)
{
	struct fixture *f = *state;
	const uint64_t hour = 3600000000u;
	int first, second, bob;

	fixture_need_root();
	fixture_start(f, "[limits]\nrequests-per-second = 1\nrequests-burst = 3600\n[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 100);
	first = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, first, "soft0", NULL), 0);
	/* as if he had asked a whole burst and more just now */
	map_set(&f->svad.rates.full_at, ALICE, svad_now(&f->svad) + 2 * hour);
	assert_int_equal(fixture_open(f, first, "soft0", NULL), SVA_REASON_LIMIT_REQUESTS);
	second = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, second, "soft0", NULL), SVA_REASON_LIMIT_REQUESTS);
	assert_true(fixture_log_has(f, "limit-requests"));
	bob = fixture_connect(f, BOB);
	assert_int_equal(fixture_open(f, bob, "soft0", NULL), 0);
	map_set(&f->svad.rates.full_at, ALICE, svad_now(&f->svad) + hour / 2);
	assert_int_equal(fixture_open(f, second, "soft0", NULL), 0);
	close(first);
	close(second);
	close(bob);
}

static int cgroup_error;

int __real_cgroup_of(const struct cgroups *cgroups, pid_t pid, char *path, size_t size);
int __wrap_cgroup_of(const struct cgroups *cgroups, pid_t pid, char *path, size_t size);

int __wrap_cgroup_of(const struct cgroups *cgroups, pid_t pid, char *path, size_t size)
{
	return cgroup_error ? cgroup_error : __real_cgroup_of(cgroups, pid, path, size);
}

/* How many requests the user's next one counts for, which asks from so deep */
static uint64_t requests_counted(struct fixture *f, int client, unsigned int depth,
				 uint32_t reason)
{
	const uint64_t second = 1000000;
	char path[CGROUP_PATH_MAX] = "";
	uint64_t before;

	for (size_t i = 0; i < depth; i++)
		strcpy(path + 2 * i, "/a");
	fixture_cgroup_enter(f, getpid(), path);
	map_set(&f->svad.rates.full_at, ALICE, 0);
	before = svad_now(&f->svad);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), reason);
	return (map_get(&f->svad.rates.full_at, ALICE) - before) / second;
}

/* R8: the kernel's time for such a path, which svad waits for, is counted too */
static void requests_from_a_deep_cgroup_count_for_more(void **state)
{
	struct fixture *f = *state;
	int client;

	fixture_need_root();
	fixture_start(f, "[limits]\nrequests-per-second = 1\nrequests-burst = 3600\n"
			 "[deny]\ncgroup = /jail\n[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 100);
	fixture_cgroups(f);
	client = fixture_connect(f, ALICE);
	assert_in_range(requests_counted(f, client, 63, 0), 1, 4);
	assert_in_range(requests_counted(f, client, 640, 0), 101, 150);
	assert_in_range(requests_counted(f, client, 2047, 0), 962, 1011);
	/* so deep that nobody can tell how deep */
	cgroup_error = -ENAMETOOLONG;
	assert_in_range(requests_counted(f, client, 1, SVA_REASON_NO_CGROUP), 4097, 4150);
	cgroup_error = 0;
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_LIMIT_REQUESTS);
	close(client);
}

static void buckets_fill_with_time_and_are_then_forgotten(void **state)
{
	struct rates rates = { 0 };
	uint64_t now = 5000000;

	(void)state;
	for (int i = 0; i < 5; i++)
		assert_true(rate_take(&rates, 1000, now, 10, 5));
	assert_false(rate_take(&rates, 1000, now, 10, 5));
	assert_false(rate_take(&rates, 1000, now + 99999, 10, 5));
	assert_true(rate_take(&rates, 1000, now + 100000, 10, 5));
	assert_false(rate_take(&rates, 1000, now + 100000, 10, 5));
	/* a clock that jumps, forward, gives no more than the burst */
	now += 1000000000000;
	for (int i = 0; i < 5; i++)
		assert_true(rate_take(&rates, 1000, now, 10, 5));
	assert_false(rate_take(&rates, 1000, now, 10, 5));
	/* R8: a crowd of users who came once is not kept */
	for (uint32_t uid = 0; uid < 100000; uid++)
		assert_true(rate_take(&rates, uid + 5000, now += 1000000, 10, 5));
	assert_in_range(rates.full_at.capacity, 1, 4096);
	rates_free(&rates);
}

/* ------------------------------------------------------------- explain */

static struct sva_msg_explain_user explain_user(uint32_t uid, const char *cgroup)
{
	struct sva_msg_explain_user request = {
		.msg = header(SVA_MSG_EXPLAIN_USER, sizeof(request)),
		.device = "soft0", .uid = uid, .gid = 77, .num_groups = 1, .groups = { 600 },
	};

	name_copy(request.cgroup, cgroup, sizeof(request.cgroup));
	return request;
}

static void administrators_ask_about_others(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_explain_user request = explain_user(BOB, "/job");
	union reply_any reply;
	int root, alice;

	fixture_need_root();
	fixture_start(f, "[allow]\ngroup = 600\ncgroup = /job\ncontexts-per-user = 7\n"
			 "[allow]\nuser = 1002\ncontexts-per-cgroup = 1\n");
	fixture_plug(f, "soft0", 10);
	root = fixture_connect(f, 0);
	alice = fixture_connect(f, ALICE);
	fixture_call(f, root, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.error, 0);
	assert_int_equal(reply.explained.permitted, 1);
	assert_int_equal(reply.explained.rule, 1);
	assert_int_equal(reply.explained.limit, 7);
	assert_string_equal(reply.explained.file, f->config);
	request = explain_user(BOB, "/elsewhere");
	fixture_call(f, root, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.explained.why, SVA_REASON_DENIED_BY_DEFAULT);
	/* a limit of a cgroup that nobody has named is no obstacle */
	request = explain_user(MALLORY, "");
	fixture_call(f, root, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.explained.permitted, 1);
	request = explain_user(BOB, "/elsewhere");
	fixture_call(f, alice, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.reason, SVA_REASON_NOT_ADMINISTRATOR);
	assert_true(fixture_log_has(f, "not-administrator"));
	close(root);
	close(alice);
}

/* What he says of himself is not believed: he is told what holds */
static void anybody_asks_about_himself(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_explain_user request = explain_user(ALICE, "/job");
	union reply_any reply;
	int alice;

	fixture_need_root();
	fixture_start(f, "[allow]\ngroup = 600\n");
	fixture_plug(f, "soft0", 10);
	alice = fixture_connect(f, ALICE);
	fixture_call(f, alice, &request, sizeof(request), &reply, NULL);
	assert_int_equal(reply.msg.error, 0);
	assert_int_equal(reply.explained.permitted, 0);
	assert_int_equal(reply.explained.why, SVA_REASON_DENIED_BY_DEFAULT);
	close(alice);
}

/* -------------------------------------------------------------- reload */

static void a_reload_revokes_what_is_not_allowed_any_more(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int alice, bob;
	uint64_t of_alice, of_bob;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	alice = fixture_connect(f, ALICE);
	bob = fixture_connect(f, BOB);
	assert_int_equal(fixture_open(f, alice, "soft0", NULL), 0);
	of_alice = fake_last_id(fake);
	assert_int_equal(fixture_open(f, bob, "soft0", NULL), 0);
	of_bob = fake_last_id(fake);
	/* a policy that says nothing of it keeps them */
	fixture_write_policy(f, "[allow]\nuser = 1001\n");
	assert_int_equal(svad_reload(&f->svad), 0);
	assert_int_equal(fake_revokes(fake), 0);
	/* one with an error changes nothing */
	fixture_write_policy(f, "[reload]\nexisting-contexts = revoke\n[allow]\n");
	assert_int_equal(svad_reload(&f->svad), -EINVAL);
	assert_int_equal(fake_revokes(fake), 0);
	fixture_write_policy(f, "[reload]\nexisting-contexts = revoke\n[allow]\nuser = 1001\n");
	assert_int_equal(svad_reload(&f->svad), 0);
	assert_int_equal(fake_revokes(fake), 1);
	assert_false(fake_has_context(fake, of_alice));
	assert_true(fake_has_context(fake, of_bob));
	assert_true(fixture_log_has(f, "the policy does not allow it any more"));
	close(alice);
	close(bob);
}

static void a_reload_judges_by_groups_and_by_the_cgroup_of_now(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int client;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	fixture_cgroups(f);
	fixture_cgroup_enter(f, getpid(), "/job/step");
	client = fixture_connect(f, 0);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	fixture_write_policy(f, "[reload]\nexisting-contexts = revoke\n[allow]\ngroup = root\ncgroup = /job\n");
	assert_int_equal(svad_reload(&f->svad), 0);
	assert_int_equal(fake_revokes(fake), 0);
	/* out of sight: nothing is certain, so nothing is taken away */
	fixture_cgroup_enter(f, getpid(), "/../job");
	assert_int_equal(svad_reload(&f->svad), 0);
	assert_int_equal(fake_revokes(fake), 0);
	fixture_cgroup_enter(f, getpid(), "/elsewhere");
	assert_int_equal(svad_reload(&f->svad), 0);
	assert_int_equal(fake_revokes(fake), 1);
	close(client);
}

/* What the name service answers to who asks for a user, and how many groups he has */
static int passwd_error;
static bool passwd_short, groups_too_many, service_away;
static time_t passwd_takes, clock_ahead;	/* seconds */

int __real_getpwuid_r(uid_t uid, struct passwd *user, char *buffer, size_t size,
		      struct passwd **found);
int __wrap_getpwuid_r(uid_t uid, struct passwd *user, char *buffer, size_t size,
		      struct passwd **found);
int __real_getgrouplist(const char *user, gid_t group, gid_t *groups, int *count);
int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *count);
int __real_clock_gettime(clockid_t clock, struct timespec *now);
int __wrap_clock_gettime(clockid_t clock, struct timespec *now);
bool __wrap_nss_may_be_away(const char *path);

/* Other than files, whatever this machine has */
bool __wrap_nss_may_be_away(const char *path)
{
	assert_string_equal(path, "/etc/nsswitch.conf");
	return service_away;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
	int ret = __real_clock_gettime(clock, now);

	now->tv_sec += clock_ahead;
	return ret;
}

int __wrap_getpwuid_r(uid_t uid, struct passwd *user, char *buffer, size_t size,
		      struct passwd **found)
{
	*found = NULL;
	clock_ahead += passwd_takes;
	if (passwd_error)
		return passwd_error;
	if (passwd_short && size < 100000)
		return ERANGE;
	return __real_getpwuid_r(uid, user, buffer, size, found);
}

int __wrap_getgrouplist(const char *user, gid_t group, gid_t *groups, int *count)
{
	if (!groups_too_many)
		return __real_getgrouplist(user, group, groups, count);
	++*count;
	return -1;
}

static unsigned int revokes_of_reload(struct fixture *f, struct fake_device *fake,
				      const char *policy)
{
	char text[256];

	snprintf(text, sizeof(text), "[reload]\nexisting-contexts = revoke\n%s", policy);
	fixture_write_policy(f, text);
	assert_int_equal(svad_reload(&f->svad), 0);
	return fake_revokes(fake);
}

/* What could not be told is no ground to take anything away */
static void a_reload_keeps_what_it_cannot_judge_without_the_name_service(void **state)
{
	static const char by_group[] = "[allow]\ngroup = 4000000000\n";
	struct fixture *f = *state;
	struct fake_device *fake;
	int clients[2], contexts[2];

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	for (size_t i = 0; i < ARRAY_SIZE(clients); i++) {
		clients[i] = fixture_connect(f, (uid_t)-1);
		assert_int_equal(fixture_open(f, clients[i], "soft0", &contexts[i]), 0);
	}
	passwd_error = EIO;
	assert_int_equal(revokes_of_reload(f, fake, by_group), 0);
	assert_int_equal(fixture_log_count(f, "cannot be told"), 1);
	assert_true(fixture_log_has(f, "Input/output error"));
	passwd_error = 0;
	groups_too_many = true;
	assert_int_equal(revokes_of_reload(f, fake, by_group), 0);
	assert_int_equal(fixture_log_count(f, "cannot be told"), 2);
	/* what needs no groups is certain all the same, and nobody is asked */
	passwd_error = EIO;
	assert_int_equal(revokes_of_reload(f, fake, "[deny]\nuser = *\n[allow]\ngroup = 1\n"), 2);
	assert_int_equal(fixture_log_count(f, "cannot be told"), 2);
	passwd_error = 0;
	groups_too_many = false;
	close_all(contexts, ARRAY_SIZE(contexts));
	close_all(clients, ARRAY_SIZE(clients));
}

/*
 * glibc says that nobody knows the user, where the last service that it asked says so,
 * and leaves out the groups of a service that is away
 */
static void a_reload_keeps_what_a_service_that_is_away_may_know(void **state)
{
	static const char by_group[] = "[allow]\ngroup = 4000000000\n";
	struct fixture *f = *state;
	struct fake_device *fake;
	int client, context;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, (uid_t)-1);
	assert_int_equal(fixture_open(f, client, "soft0", &context), 0);
	service_away = true;
	/* who is known may be in the group that is not */
	assert_int_equal(revokes_of_reload(f, fake, by_group), 0);
	assert_true(fixture_log_has(f, "a group of the policy has no name now"));
	fake_context_add(fake, 3999999999u, 1);
	assert_int_equal(revokes_of_reload(f, fake, "[allow]\ngroup = 2\n"), 1);
	assert_true(fixture_log_has(f, "no service knows the user now"));
	service_away = false;
	close(context);
	close(client);
}

/* R8: svad serves nobody meanwhile */
static void a_service_that_is_slow_is_not_asked_again_in_a_reload(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	fake_context_add(fake, 3999999998u, 1);
	fake_context_add(fake, 3999999999u, 1);
	passwd_takes = 3;
	clock_ahead = 0;
	assert_int_equal(revokes_of_reload(f, fake, "[allow]\ngroup = 4000000000\n"), 1);
	passwd_takes = 0;
	assert_int_equal(clock_ahead, 3);
	assert_true(fixture_log_has(f, "the name service is too slow"));
	clock_ahead = 0;
}

static void an_account_of_any_length_is_judged(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int client;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	client = fixture_connect(f, (uid_t)-1);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	passwd_short = true;
	assert_int_equal(revokes_of_reload(f, fake, "[allow]\ngroup = 4000000000\n"), 1);
	passwd_short = false;
	close(client);
}

/* Nobody's doubt: the database was asked, and has no such user any more */
static void a_user_who_is_in_no_database_has_no_groups(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;

	fixture_start(f, "[allow]\nuser = *\n");
	fake = fixture_plug(f, "soft0", 10);
	fake_context_add(fake, 3999999999u, 1);
	assert_int_equal(revokes_of_reload(f, fake, "[allow]\ngroup = 4000000000\n"), 1);
	assert_int_equal(fixture_log_count(f, "cannot be told"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(the_cgroup_of_now_decides),
		TEST(the_cgroup_is_not_read_where_nothing_needs_it),
		TEST(a_cgroup_is_limited_with_all_below_it),
		TEST(the_limit_of_a_cgroup_holds_across_a_restart),
		TEST(all_devices_together_have_a_limit),
		TEST(quarantine_of_a_user_is_limited_over_all_devices),
		TEST(greed_leaves_a_share_to_everybody_who_comes_later),
		TEST(who_wants_and_has_none_counts),
		TEST(fair_share_can_be_switched_off),
		TEST(requests_of_a_user_are_limited_however_he_connects),
		TEST(requests_from_a_deep_cgroup_count_for_more),
		cmocka_unit_test(buckets_fill_with_time_and_are_then_forgotten),
		TEST(administrators_ask_about_others),
		TEST(anybody_asks_about_himself),
		TEST(a_reload_revokes_what_is_not_allowed_any_more),
		TEST(a_reload_judges_by_groups_and_by_the_cgroup_of_now),
		TEST(a_reload_keeps_what_it_cannot_judge_without_the_name_service),
		TEST(a_reload_keeps_what_a_service_that_is_away_may_know),
		TEST(a_service_that_is_slow_is_not_asked_again_in_a_reload),
		TEST(an_account_of_any_length_is_judged),
		TEST(a_user_who_is_in_no_database_has_no_groups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
