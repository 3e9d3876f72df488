// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * grant_test.c - grants: given, used, taken, kept across restarts, and of no use to
 * whoever comes after (R5, R10)
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "fixture.h"

static unsigned int keys_looked_up, ids_looked_up;
static int id_error;
static bool all_keys_are_one;

uint64_t __real_map_get(const struct map *map, uint64_t key);
uint64_t __wrap_map_get(const struct map *map, uint64_t key);
int __real_fstatat64(int folder, const char *path, struct stat64 *status, int flags);
int __wrap_fstatat64(int folder, const char *path, struct stat64 *status, int flags);

uint64_t __wrap_map_get(const struct map *map, uint64_t key)
{
	uint64_t value = __real_map_get(map, key);

	/* paths, which have the top bit, and not users */
	if (!(key >> 63))
		return value;
	keys_looked_up++;
	return all_keys_are_one ? 1 : value;
}

int __wrap_fstatat64(int folder, const char *path, struct stat64 *status, int flags)
{
	ids_looked_up++;
	if (id_error) {
		errno = id_error;
		return -1;
	}
	return __real_fstatat64(folder, path, status, flags);
}

static struct sva_msg_add_grant add_message(const char *device, const char *cgroup, uint32_t uid,
					    uint32_t contexts)
{
	struct sva_msg_add_grant request = {
		.msg = header(SVA_MSG_ADD_GRANT, sizeof(request)), .uid = uid,
		.contexts = contexts,
	};

	name_copy(request.device, device, SVA_NAME_LEN);
	name_copy(request.cgroup, cgroup, sizeof(request.cgroup));
	return request;
}

/* The number, or 0 with *reason */
static uint32_t give(struct fixture *f, int fd, const char *device, const char *cgroup,
		     uint32_t uid, uint32_t contexts, uint32_t *reason)
{
	struct sva_msg_add_grant request = add_message(device, cgroup, uid, contexts);
	union reply_any reply;

	assert_int_equal(fixture_call(f, fd, &request, sizeof(request), &reply, NULL),
			 sizeof(reply.done));
	*reason = reply.msg.reason;
	return reply.done.grant;
}

static uint32_t must_give(struct fixture *f, int fd, const char *cgroup, uint32_t uid,
			  uint32_t contexts)
{
	uint32_t reason, number = give(f, fd, "soft0", cgroup, uid, contexts, &reason);

	assert_int_equal(reason, 0);
	assert_int_not_equal(number, 0);
	return number;
}

/* How many contexts were revoked, or -reason */
static int take(struct fixture *f, int fd, uint32_t number)
{
	struct sva_msg_number request = {
		.msg = header(SVA_MSG_REMOVE_GRANT, sizeof(request)), .number = number,
	};
	union reply_any reply;

	assert_int_equal(fixture_call(f, fd, &request, sizeof(request), &reply, NULL),
			 sizeof(reply.done));
	return reply.msg.error ? -(int)reply.msg.reason : (int)reply.done.revoked;
}

static uint32_t list(struct fixture *f, int fd, struct sva_msg_grant *grants, uint32_t max)
{
	struct sva_msg_number request = { .msg = header(SVA_MSG_LIST_GRANTS, sizeof(request)) };
	union reply_any reply;
	uint32_t count = 0;

	do {
		assert_int_equal(fixture_call(f, fd, &request, sizeof(request), &reply, NULL),
				 sizeof(reply.grants));
		assert_int_equal(reply.msg.error, 0);
		for (uint32_t i = 0; i < reply.grants.count; i++) {
			assert_in_range(count, 0, max - 1);
			grants[count] = reply.grants.grants[i];
			request.number = grants[count++].number;
		}
	} while (reply.grants.count);
	return count;
}

static void restart(struct fixture *f, const char *policy)
{
	fixture_stop(f);
	fixture_start(f, policy);
	fixture_cgroups(f);
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
}

/* ----------------------------------------------------------- who gives */

static void operators_give_and_nobody_else(void **state)
{
	struct fixture *f = *state;
	int root, alice, bob, mallory;
	uint32_t reason;

	fixture_need_root();
	fixture_start(f, "[operators]\nuser = 1000\n[administrators]\nuser = 1001\n");
	fixture_plug(f, "soft0", 10);
	root = fixture_connect(f, 0);
	alice = fixture_connect(f, ALICE);
	bob = fixture_connect(f, BOB);
	mallory = fixture_connect(f, MALLORY);
	must_give(f, root, "", MALLORY, 1);
	must_give(f, alice, "", MALLORY, 2);
	give(f, bob, "soft0", "", MALLORY, 3, &reason);
	assert_int_equal(reason, SVA_REASON_NOT_OPERATOR);
	give(f, mallory, "soft0", "", MALLORY, 4, &reason);
	assert_int_equal(reason, SVA_REASON_NOT_OPERATOR);
	assert_int_equal(take(f, mallory, 1), -SVA_REASON_NOT_OPERATOR);
	assert_int_equal(f->svad.grants.count, 1);
	/* the last one that was allowed counts */
	assert_int_equal(f->svad.grants.slots[0].contexts, 2);
	assert_int_equal(f->svad.grants.slots[0].given_by, ALICE);
	assert_true(fixture_log_has(f, "gave grant 1: 2 contexts on soft0 for uid 1002, by uid 1000"));
	close(root);
	close(alice);
	close(bob);
	close(mallory);
}

static void what_cannot_be_given_is_refused_with_its_reason(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_add_grant both = add_message("soft0", "/job", 1000, 1);
	struct sva_msg_add_grant none = add_message("", "/job", 0, 1);
	union reply_any reply;
	uint32_t reason;
	int root;

	fixture_need_root();
	fixture_start(f, "");
	fixture_plug(f, "soft0", 10);
	fixture_cgroups(f);
	root = fixture_connect(f, 0);
	give(f, root, "soft0", "/nosuch", 0, 1, &reason);
	assert_int_equal(reason, SVA_REASON_NO_SUCH_CGROUP);
	give(f, root, "soft0", "/..", 0, 1, &reason);
	assert_int_equal(reason, SVA_REASON_NO_SUCH_CGROUP);
	give(f, root, "soft0", "/../proc", 0, 1, &reason);
	assert_int_equal(reason, SVA_REASON_NO_SUCH_CGROUP);
	give(f, root, "soft0", "job", 0, 1, &reason);
	assert_int_equal(reason, SVA_REASON_NO_SUCH_CGROUP);
	/* what svad cannot look up, it does not say is not there */
	close(f->svad.cgroups.mount);
	f->svad.cgroups.mount = -1;
	give(f, root, "soft0", "/job", 0, 1, &reason);
	assert_int_equal(reason, SVA_REASON_NO_CGROUP);
	give(f, root, "soft0", "", 1000, 0, &reason);
	assert_int_equal(reason, SVA_REASON_BAD_ARGUMENT);
	assert_int_equal(take(f, root, 1), -SVA_REASON_NO_SUCH_GRANT);
	close(root);
	for (int i = 0; i < 2; i++) {
		root = fixture_connect(f, 0);
		fixture_call(f, root, i ? &both : &none, sizeof(both), &reply, NULL);
		assert_int_equal(reply.msg.reason, SVA_REASON_PROTOCOL);
		close(root);
	}
}

/* No process's path is ever one of these, and the first are none of a cgroup at all */
static void only_a_path_as_the_kernel_tells_it_is_a_cgroups(void **state)
{
	static const char *const paths[] = {
		"//proc", "//", "/job/", "/a//b", "/a/./b", "/./a", "/a/.", "/.", "/a/../job",
		"/a/..", "/..", "a/b", "./a",
	};
	static const char *const good[] = { "/", "/job", "/a/b", "/.a/..b/...", "/file.d" };
	struct fixture *f = *state;
	uint32_t reason;
	int root;

	fixture_need_root();
	fixture_start(f, "");
	fixture_plug(f, "soft0", 10);
	fixture_cgroups(f);
	for (size_t i = 1; i < ARRAY_SIZE(good); i++)
		fixture_cgroup_make(f, good[i]);
	root = fixture_connect(f, 0);
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		give(f, root, "soft0", paths[i], 0, 1, &reason);
		if (reason != SVA_REASON_NO_SUCH_CGROUP)
			fail_msg("%s: reason %u", paths[i], reason);
	}
	assert_int_equal(f->svad.grants.count, 0);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		must_give(f, root, good[i], 0, 1);
	close(root);
}

/* ---------------------------------------------------------- what it is */

static void a_grant_opens_what_the_policy_does_not(void **state)
{
	struct sva_msg_list_devices devices = {
		.msg = header(SVA_MSG_LIST_DEVICES, sizeof(devices)),
	};
	union reply_any reply;
	struct fixture *f = *state;
	struct fake_device *fake;
	int root, client, contexts[2];
	uint32_t number;

	fixture_need_root();
	fixture_start(f, "[deny]\nuser = 1001\n");
	fake = fixture_plug(f, "soft0", 10);
	fixture_plug(f, "soft1", 10);
	root = fixture_connect(f, 0);
	client = fixture_connect(f, ALICE);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_DEFAULT);
	number = must_give(f, root, "", ALICE, 2);
	fixture_call(f, client, &devices, sizeof(devices), &reply, NULL);
	assert_int_equal(reply.devices.devices[0].permitted, 1);
	assert_int_equal(reply.devices.devices[1].permitted, 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(fixture_open(f, client, "soft0", &contexts[i]), 0);
	assert_int_equal(cookie_grant(fake_last_cookie(fake)), number);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_LIMIT_GRANT);
	assert_int_equal(fixture_open(f, client, "soft1", NULL), SVA_REASON_DENIED_BY_DEFAULT);
	/* one ends, one may be opened */
	close(contexts[0]);
	fake_end_unheld(fake);
	assert_int_equal(fixture_open(f, client, "soft0", &contexts[0]), 0);
	/* whom a rule denies, no grant helps */
	must_give(f, root, "", BOB, 2);
	close(client);
	client = fixture_connect(f, BOB);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_RULE);
	close(contexts[0]);
	close(contexts[1]);
	close(client);
	close(root);
}

static void a_grant_goes_before_the_limits_of_the_rules(void **state)
{
	struct fixture *f = *state;
	int root, client, contexts[4];

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = *\ncontexts-per-user = 4\n");
	fixture_plug(f, "soft0", 6);
	root = fixture_connect(f, 0);
	client = fixture_connect(f, ALICE);
	must_give(f, root, "", ALICE, 3);
	/* three under the grant, without regard to shares, then the rule */
	for (int i = 0; i < 3; i++)
		assert_int_equal(fixture_open(f, client, "soft0", &contexts[i]), 0);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_LIMIT_SHARE);
	for (int i = 0; i < 3; i++)
		close(contexts[i]);
	close(client);
	close(root);
}

static void a_cgroups_grant_is_for_all_below_it(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int root, client;
	uint32_t outer, inner;

	fixture_need_root();
	fixture_start(f, "");
	fake = fixture_plug(f, "soft0", 10);
	fixture_cgroups(f);
	fixture_cgroup_make(f, "/slurm/job_7/step_0/task_1");
	fixture_cgroup_make(f, "/slurm/job_77");
	root = fixture_connect(f, 0);
	outer = must_give(f, root, "/slurm/job_7", 0, 1);
	inner = must_give(f, root, "/slurm/job_7/step_0", 0, 1);
	client = fixture_connect(f, MALLORY);
	fixture_cgroup_enter(f, getpid(), "/slurm/job_77");
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_DEFAULT);
	fixture_cgroup_enter(f, getpid(), "/slurm");
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_DEFAULT);
	fixture_cgroup_enter(f, getpid(), "/slurm/job_7/step_0/task_1");
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	assert_int_equal(cookie_grant(fake_last_cookie(fake)), inner);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	assert_int_equal(cookie_grant(fake_last_cookie(fake)), outer);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_LIMIT_GRANT);
	close(client);
	close(root);
}

/* R8: a user makes his own cgroups as deep as he likes, and of any name */
static void a_cgroup_deeper_than_any_grant_costs_no_more(void **state)
{
	char path[CGROUP_PATH_MAX] = "", inner[201] = "";
	struct fixture *f = *state;
	struct fake_device *fake;
	int root, client;
	uint32_t number;

	fixture_need_root();
	fixture_start(f, "");
	fake = fixture_plug(f, "soft0", 10);
	fixture_cgroups(f);
	for (size_t end = 0; end + 2 < sizeof(path); end += 2)
		strcpy(path + end, "/a");
	name_copy(inner, path, sizeof(inner));
	fixture_cgroup_make(f, inner);
	fixture_cgroup_enter(f, getpid(), path);
	root = fixture_connect(f, 0);
	client = fixture_connect(f, MALLORY);
	number = must_give(f, root, inner, 0, 2);
	keys_looked_up = ids_looked_up = 0;
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	assert_int_equal(cookie_grant(fake_last_cookie(fake)), number);
	/* no grant is to a longer path; and once more where one is found */
	assert_in_range(keys_looked_up, 1, SVA_CGROUP_LEN / 2 + 2);
	assert_int_equal(ids_looked_up, 1);
	/* nor where the names were chosen so that all have the key of that grant */
	all_keys_are_one = true;
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	assert_int_equal(cookie_grant(fake_last_cookie(fake)), number);
	all_keys_are_one = false;
	assert_int_equal(ids_looked_up, 2);
	close(client);
	close(root);
}

/* A cgroup that cannot be told is no grant, and no way around a deny either */
static void looking_for_grants_hides_no_failure(void **state)
{
	struct fixture *f = *state;
	int root, client;

	fixture_need_root();
	fixture_start(f, "[deny]\ncgroup = /jail\ndevice = soft1\n[allow]\nuser = *\n");
	fixture_plug(f, "soft0", 0);
	fixture_plug(f, "soft1", 10);
	fixture_cgroups(f);
	fixture_cgroup_make(f, "/job");
	root = fixture_connect(f, 0);
	must_give(f, root, "/job", 0, 1);
	client = fixture_connect(f, MALLORY);
	/* soft0 asks for the grant and is full; then soft1's rule asks for the cgroup */
	assert_int_equal(fixture_open(f, client, "", NULL), SVA_REASON_NO_CGROUP);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_TYPE_EXHAUSTED);
	close(client);
	close(root);
}

/* What the cgroup's name was given, its next bearer does not have */
static void a_cgroup_that_was_made_again_gets_nothing(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	struct sva_msg_grant grants[4];
	int root, client, keep, good, full = open("/dev/full", O_RDWR | O_CLOEXEC);

	assert_true(full >= 0);
	fixture_need_root();
	fixture_start(f, "");
	good = f->svad.grants.file;
	fake = fixture_plug(f, "soft0", 10);
	fixture_cgroups(f);
	fixture_cgroup_make(f, "/job");
	root = fixture_connect(f, 0);
	must_give(f, root, "/job", 0, 5);
	client = fixture_connect(f, MALLORY);
	fixture_cgroup_enter(f, getpid(), "/job");
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	/* holds the inode, so that the number cannot come back by chance */
	keep = openat(f->svad.cgroups.mount, "job", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fixture_cgroup_remove(f, "/job");
	fixture_cgroup_make(f, "/job");
	/* also while the end of the grant cannot be written down, which is said once */
	f->svad.grants.file = full;
	for (int i = 0; i < 10; i++)
		assert_int_equal(fixture_open(f, client, "soft0", NULL),
				 SVA_REASON_DENIED_BY_DEFAULT);
	f->svad.grants.file = good;
	assert_int_equal(fixture_log_count(f, "the state file cannot be written"), 1);
	assert_int_equal(fixture_log_count(f, "ended grant"), 0);
	assert_int_equal(fake_revokes(fake), 0);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_DENIED_BY_DEFAULT);
	assert_int_equal(fixture_log_count(f, "ended grant"), 1);
	/* and what was opened under the old one is revoked */
	assert_int_equal(fake_revokes(fake), 1);
	assert_int_equal(list(f, root, grants, 4), 0);
	/* gone for good: it is noticed by whoever looks */
	must_give(f, root, "/job", 0, 5);
	fixture_cgroup_remove(f, "/job");
	assert_int_equal(list(f, root, grants, 4), 0);
	close(full);
	close(keep);
	close(client);
	close(root);
}

/* While svad has no memory, or no sight of the hierarchy, all may be as it was */
static void a_cgroup_that_cannot_be_looked_up_has_not_gone(void **state)
{
	static const int errors[] = { 0, EACCES, ENOMEM, EMFILE, EIO };
	struct fixture *f = *state;
	struct fake_device *fake;
	struct sva_msg_grant grants[4];
	int root, client, mount;

	fixture_need_root();
	fixture_start(f, "");
	fake = fixture_plug(f, "soft0", 10);
	fixture_cgroups(f);
	fixture_cgroup_make(f, "/job");
	fixture_cgroup_enter(f, getpid(), "/job");
	root = fixture_connect(f, 0);
	client = fixture_connect(f, MALLORY);
	must_give(f, root, "/job", 0, 2);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	mount = f->svad.cgroups.mount;
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		id_error = errors[i];
		f->svad.cgroups.mount = errors[i] ? mount : -1;
		assert_int_equal(list(f, root, grants, 4), 1);
		assert_int_equal(grants[0].used, 1);
		/* but nobody is given what he may not be meant by */
		assert_int_equal(fixture_open(f, client, "soft0", NULL),
				 SVA_REASON_DENIED_BY_DEFAULT);
		assert_int_equal(fake_revokes(fake), 0);
	}
	id_error = 0;
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	/* something else has its place */
	id_error = ENOTDIR;
	assert_int_equal(list(f, root, grants, 4), 0);
	id_error = 0;
	assert_int_equal(fake_revokes(fake), 2);
	close(client);
	close(root);
}

static void taking_a_grant_revokes_what_was_opened_under_it(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	int root, client;
	uint32_t number, other;
	uint64_t stays;

	fixture_need_root();
	fixture_start(f, "[allow]\nuser = 1001\n");
	fake = fixture_plug(f, "soft0", 100);
	root = fixture_connect(f, 0);
	number = must_give(f, root, "", ALICE, 70);
	other = must_give(f, root, "", MALLORY, 1);
	client = fixture_connect(f, ALICE);
	for (int i = 0; i < 70; i++)
		assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	close(client);
	client = fixture_connect(f, BOB);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	stays = fake_last_id(fake);
	assert_int_equal(take(f, root, number), 70);
	assert_int_equal(fake_revokes(fake), 70);
	assert_true(fake_has_context(fake, stays));
	assert_int_equal(take(f, root, number), -SVA_REASON_NO_SUCH_GRANT);
	assert_int_equal(take(f, root, other), 0);
	assert_true(fixture_log_has(f, "took grant"));
	close(client);
	close(root);
}

static void grants_are_listed_in_the_order_of_their_numbers(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_grant grants[20];
	int root, client;

	fixture_need_root();
	fixture_start(f, "");
	fixture_plug(f, "soft0", 100);
	root = fixture_connect(f, 0);
	for (uint32_t i = 0; i < 10; i++)
		must_give(f, root, "", 2000 + i, i + 1);
	assert_int_equal(take(f, root, grant_first_of_user(&f->svad.grants, 2003)->number), 0);
	/* into the slot that is free now, but behind the others */
	must_give(f, root, "", 3000, 5);
	client = fixture_connect(f, 2004);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	assert_int_equal(list(f, root, grants, 20), 10);
	for (uint32_t i = 1; i < 10; i++)
		assert_true(grants[i].number > grants[i - 1].number);
	assert_int_equal(grants[3].uid, 2004);
	assert_int_equal(grants[3].contexts, 5);
	assert_int_equal(grants[3].used, 1);
	assert_int_equal(grants[9].uid, 3000);
	close(client);
	close(root);
}

/* ------------------------------------------------------------ restarts */

static void grants_outlive_svad(void **state)
{
	struct fixture *f = *state;
	struct sva_msg_grant grants[4];
	struct fake_device *fake;
	int root, client;
	uint32_t number;

	fixture_need_root();
	fixture_start(f, "");
	fake = fixture_plug(f, "soft0", 10);
	fixture_cgroups(f);
	fixture_cgroup_make(f, "/job");
	fixture_cgroup_enter(f, getpid(), "/job");
	root = fixture_connect(f, 0);
	number = must_give(f, root, "/job", 0, 2);
	must_give(f, root, "", ALICE, 1);
	client = fixture_connect(f, MALLORY);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	close(client);
	close(root);
	restart(f, "");
	assert_true(fixture_log_has(f, "grants in force from before: 2"));
	assert_int_equal(fake_revokes(fake), 0);
	root = fixture_connect(f, 0);
	assert_int_equal(list(f, root, grants, 4), 2);
	assert_int_equal(grants[0].number, number);
	assert_string_equal(grants[0].cgroup, "/job");
	assert_int_equal(grants[0].used, 1);
	/* R5: what was opened before counts: one is left */
	client = fixture_connect(f, MALLORY);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), 0);
	assert_int_equal(fixture_open(f, client, "soft0", NULL), SVA_REASON_LIMIT_GRANT);
	close(client);
	/* numbers are not given again while contexts may bear them */
	assert_int_equal(take(f, root, number), 2);
	close(root);
	restart(f, "");
	root = fixture_connect(f, 0);
	assert_true(must_give(f, root, "", BOB, 1) > number + 1);
	close(root);
}

/* The svad before wrote down that it is over and was killed before it revoked */
static void a_grant_that_was_taken_in_the_last_moment_is_over(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	uint64_t orphan, other;
	int root;
	uint32_t number;

	fixture_need_root();
	fixture_start(f, "");
	fake = fixture_plug(f, "soft0", 10);
	root = fixture_connect(f, 0);
	number = must_give(f, root, "", ALICE, 5);
	close(root);
	fixture_stop(f);
	orphan = fake_context_add(fake, ALICE, getpid());
	fake_context_set_cookie(fake, orphan, cookie_make(number + 1, 0));
	other = fake_context_add(fake, ALICE, getpid());
	fake_context_set_cookie(fake, other, cookie_make(number, 0));
	restart(f, "");
	fixture_run(f);
	assert_false(fake_has_context(fake, orphan));
	assert_true(fake_has_context(fake, other));
	assert_true(fixture_log_has(f, "its grant is over"));
}

/* Without a state file nobody knows: clients keep computing */
static void without_a_state_file_nothing_is_revoked(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake = fake_plug("soft0", 10);
	uint64_t id = fake_context_add(fake, ALICE, getpid());
	int root;

	fixture_need_root();
	fake_context_set_cookie(fake, id, cookie_make(40, 0));
	fixture_start(f, "");
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
	assert_true(fake_has_context(fake, id));
	/* and no new grant counts it */
	root = fixture_connect(f, 0);
	assert_int_equal(must_give(f, root, "", BOB, 1), 41);
	close(root);
}

/* Every length at which a write could have ended, and every byte gone wrong */
static void a_damaged_state_file_is_read_as_far_as_it_is_good(void **state)
{
	struct fixture *f = *state;
	static char image[4096];
	char boot[37] = "";
	ssize_t size;
	int root, fd;

	fixture_need_root();
	fixture_start(f, "");
	root = fixture_connect(f, 0);
	must_give(f, root, "", ALICE, 5);
	must_give(f, root, "", BOB, 5);
	close(root);
	fixture_stop(f);
	fd = open(f->state, O_RDWR | O_CLOEXEC);
	size = pread(fd, image, sizeof(image), 0);
	assert_int_equal(size, 3 * 1024);
	root = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(root, boot, sizeof(boot) - 1), sizeof(boot) - 1);
	close(root);
	assert_memory_equal(image + 16, boot, sizeof(boot) - 1);
	for (off_t cut = 1; cut < 1024; cut += 100) {
		struct grants grants;

		assert_int_equal(pwrite(fd, image, (size_t)size, 0), size);
		assert_int_equal(ftruncate(fd, size - cut), 0);
		assert_int_equal(grants_init(&grants, dup(fd)), 0);
		assert_int_equal(grants.count, 1);
		grants_free(&grants);
	}
	for (off_t at = 1024; at < size; at++) {
		struct grants grants;

		assert_int_equal(pwrite(fd, image, (size_t)size, 0), size);
		assert_int_equal(pwrite(fd, "\xff", 1, at), 1);
		assert_int_equal(grants_init(&grants, dup(fd)), 0);
		assert_in_range(grants.count, 1, 2);
		grants_free(&grants);
	}
	/* something else is not overwritten */
	assert_int_equal(pwrite(fd, "my diary of this", 16, 0), 16);
	{
		struct grants grants;

		assert_int_equal(grants_init(&grants, dup(fd)), -EINVAL);
		assert_true(fixture_log_has(f, "no state file"));
		assert_int_equal(ftruncate(fd, 5), 0);
		assert_int_equal(grants_init(&grants, dup(fd)), -EINVAL);
		/* of another boot of the machine: cgroup ids mean nothing any more */
		assert_int_equal(pwrite(fd, image, (size_t)size, 0), size);
		assert_int_equal(pwrite(fd, "00000000", 8, 16), 8);
		assert_int_equal(grants_init(&grants, dup(fd)), 0);
		assert_int_equal(grants.count, 0);
		assert_false(grants.restored);
		grants_free(&grants);
	}
	close(fd);
}

/* /proc/sys is not there, as under ProcSubset=pid; and where the state file is */
static bool boot_hidden;
static long state_on;

FILE *__real_fopen64(const char *path, const char *mode);
FILE *__wrap_fopen64(const char *path, const char *mode);
int __real_fstatfs64(int fd, struct statfs64 *status);
int __wrap_fstatfs64(int fd, struct statfs64 *status);

FILE *__wrap_fopen64(const char *path, const char *mode)
{
	if (!boot_hidden || strncmp(path, "/proc/sys/", 10))
		return __real_fopen64(path, mode);
	errno = ENOENT;
	return NULL;
}

int __wrap_fstatfs64(int fd, struct statfs64 *status)
{
	int ret = __real_fstatfs64(fd, status);

	if (state_on)
		status->f_type = (__typeof__(status->f_type))state_on;
	return ret;
}

/* One is given with the state file on @filesystem, and svad restarted: how many it has */
static size_t grants_kept_on(struct fixture *f, long filesystem)
{
	int root;

	state_on = filesystem;
	root = fixture_connect(f, 0);
	must_give(f, root, "", ALICE, 5);
	close(root);
	fixture_stop(f);
	fixture_start(f, "");
	return f->svad.grants.count;
}

/* What nobody can date is of another boot, unless no file there could be (R10) */
static void a_boot_that_cannot_be_told_has_no_grants_of_before(void **state)
{
	struct fixture *f = *state;

	fixture_need_root();
	boot_hidden = true;
	state_on = EXT4_SUPER_MAGIC;
	fixture_start(f, "");
	assert_int_equal(grants_kept_on(f, EXT4_SUPER_MAGIC), 0);
	assert_int_equal(fixture_log_count(f, "grants end with svad"), 2);
	assert_int_equal(grants_kept_on(f, TMPFS_MAGIC), 1);
	assert_int_equal(fixture_log_count(f, "grants end with svad"), 2);
	boot_hidden = false;
	state_on = 0;
}

/* Full disk: the grant is not given, rather than lost at the next restart */
static void what_cannot_be_written_down_is_not_given(void **state)
{
	struct fixture *f = *state;
	uint32_t reason, number;
	int root, full, good;

	fixture_need_root();
	fixture_start(f, "");
	root = fixture_connect(f, 0);
	number = must_give(f, root, "", ALICE, 5);
	full = open("/dev/full", O_RDWR | O_CLOEXEC);
	assert_true(full >= 0);
	good = f->svad.grants.file;
	f->svad.grants.file = full;
	give(f, root, "soft0", "", BOB, 1, &reason);
	assert_int_equal(reason, SVA_REASON_NO_STATE);
	assert_int_equal(f->svad.grants.count, 1);
	/* nor changed, nor taken */
	give(f, root, "soft0", "", ALICE, 9, &reason);
	assert_int_equal(reason, SVA_REASON_NO_STATE);
	assert_int_equal(grant_find(&f->svad.grants, number)->contexts, 5);
	assert_int_equal(take(f, root, number), -SVA_REASON_NO_STATE);
	assert_non_null(grant_find(&f->svad.grants, number));
	f->svad.grants.file = good;
	close(full);
	assert_int_equal(take(f, root, number), 0);
	close(root);
}

/* One user's grants on several devices hang together; any may be taken out */
static void grants_of_one_user_are_found_whichever_was_taken(void **state)
{
	static const char *const devices[] = { "soft0", "soft1", "soft2" };
	struct fixture *f = *state;
	struct grants *grants = &f->svad.grants;

	fixture_start(f, "");
	for (size_t gone = 0; gone < ARRAY_SIZE(devices); gone++) {
		uint32_t numbers[3];
		size_t found = 0;

		for (size_t i = 0; i < ARRAY_SIZE(devices); i++) {
			struct grant wanted = { .uid = ALICE, .contexts = 1 }, *given;

			name_copy(wanted.device, devices[i], sizeof(wanted.device));
			assert_int_equal(grant_give(grants, &wanted, &given), 0);
			numbers[i] = given->number;
		}
		assert_int_equal(grant_take(grants, grant_find(grants, numbers[gone])), 0);
		for (struct grant *grant = grant_first_of_user(grants, ALICE); grant;
		     grant = grant_next(grants, grant)) {
			assert_int_equal(grant->uid, ALICE);
			assert_string_not_equal(grant->device, devices[gone]);
			found++;
		}
		assert_int_equal(found, 2);
		while (grant_first_of_user(grants, ALICE))
			assert_int_equal(grant_take(grants, grant_first_of_user(grants, ALICE)), 0);
	}
}

/* R8 */
static void grants_are_bounded(void **state)
{
	struct fixture *f = *state;
	struct grants *grants = &f->svad.grants;
	struct grant wanted = { .contexts = 1, .device = "soft0" }, *given;

	fixture_start(f, "");
	for (uint32_t uid = 0; uid < GRANTS_MAX; uid++) {
		wanted.uid = 5000 + uid;
		assert_int_equal(grant_give(grants, &wanted, &given), 0);
	}
	wanted.uid = 1;
	assert_int_equal(grant_give(grants, &wanted, &given), -ENOSPC);
	for (uint32_t uid = 0; uid < GRANTS_MAX; uid++)
		assert_int_equal(grant_take(grants, grant_first_of_user(grants, 5000 + uid)), 0);
	assert_int_equal(grants->count, 0);
	assert_int_equal(grants->index.count, 0);
	assert_int_equal(grants->numbers.count, 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(operators_give_and_nobody_else),
		TEST(what_cannot_be_given_is_refused_with_its_reason),
		TEST(only_a_path_as_the_kernel_tells_it_is_a_cgroups),
		TEST(a_grant_opens_what_the_policy_does_not),
		TEST(a_grant_goes_before_the_limits_of_the_rules),
		TEST(a_cgroups_grant_is_for_all_below_it),
		TEST(a_cgroup_deeper_than_any_grant_costs_no_more),
		TEST(looking_for_grants_hides_no_failure),
		TEST(a_cgroup_that_was_made_again_gets_nothing),
		TEST(a_cgroup_that_cannot_be_looked_up_has_not_gone),
		TEST(taking_a_grant_revokes_what_was_opened_under_it),
		TEST(grants_are_listed_in_the_order_of_their_numbers),
		TEST(grants_outlive_svad),
		TEST(a_grant_that_was_taken_in_the_last_moment_is_over),
		TEST(without_a_state_file_nothing_is_revoked),
		TEST(a_damaged_state_file_is_read_as_far_as_it_is_good),
		TEST(a_boot_that_cannot_be_told_has_no_grants_of_before),
		TEST(what_cannot_be_written_down_is_not_given),
		TEST(grants_of_one_user_are_found_whichever_was_taken),
		TEST(grants_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
