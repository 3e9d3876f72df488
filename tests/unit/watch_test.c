// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watch_test.c - devices come and change hands in a /dev and a /sys of the test's own
 *
 * Needs root, for a mount namespace in which both are tmpfs.
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "fixture.h"
#include "log.h"
#include "scarce.h"
#include "watch.h"

#define NOBODY 65534

static struct watch *watch;
static bool isolated;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* Once for all tests: nothing of it is left when the process ends */
static int isolate(void **state)
{
	(void)state;
	if (geteuid() || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/dev", "tmpfs", 0, "mode=0755") ||
	    mount("none", "/sys", "tmpfs", 0, "mode=0755"))
		return 0;
	/* libudev insists on a true sysfs otherwise */
	setenv("SYSTEMD_DEVICE_VERIFY_SYSFS", "0", 1);
	mkdir("/sys/bus", 0755);
	mkdir("/sys/class", 0755);
	mkdir("/sys/class/sva", 0755);
	mkdir("/sys/devices", 0755);
	isolated = true;
	return 0;
}

static void need_isolation(void)
{
	if (!isolated) {
		print_message("needs root and a mount namespace\n");
		skip();
	}
}

/* As the kernel does it: first sysfs, then the node, which is root's */
static void sysfs_add(const char *name)
{
	char path[128], target[128];

	snprintf(path, sizeof(path), "/sys/devices/%s", name);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "/sys/devices/%s/subsystem", name);
	assert_int_equal(symlink("../../class/sva", path), 0);
	snprintf(path, sizeof(path), "/sys/devices/%s/uevent", name);
	snprintf(target, sizeof(target), "MAJOR=240\nMINOR=1\nDEVNAME=sva/%s\n", name);
	write_file(path, target);
	snprintf(target, sizeof(target), "../../devices/%s", name);
	snprintf(path, sizeof(path), "/sys/class/sva/%s", name);
	assert_int_equal(symlink(target, path), 0);
}

static void node_add(const char *name)
{
	char path[64];

	mkdir("/dev/sva", 0755);
	snprintf(path, sizeof(path), "/dev/sva/%s", name);
	write_file(path, "");
}

static void plug(const char *name)
{
	fake_plug(name, 10);
	sysfs_add(name);
	node_add(name);
}

static void unplug_all(void)
{
	assert_int_equal(system("rm -rf /dev/sva /sys/class/sva/* /sys/devices/*"), 0);
}

static int setup(void **state)
{
	return fixture_setup(state);
}

static int teardown(void **state)
{
	watch_stop(watch);
	watch = NULL;
	scarce_files(-1);
	if (isolated)
		unplug_all();
	return fixture_teardown(state);
}

static void start(struct fixture *f)
{
	need_isolation();
	fixture_start(f, NULL);
	assert_int_equal(watch_start(&f->svad.devices, f->event, &watch), 0);
}

static bool served(struct fixture *f, const char *name)
{
	return devices_find(&f->svad.devices, name);
}

/* What access() asks about */
static void be_really(uid_t uid)
{
	assert_int_equal(syscall(SYS_setresuid, uid, -1, -1), 0);
}

static void what_is_there_at_the_start_is_served(void **state)
{
	struct fixture *f = *state;

	need_isolation();
	plug("soft0");
	plug("soft1");
	start(f);
	assert_true(served(f, "soft0"));
	assert_true(served(f, "soft1"));
}

static void what_comes_later_is_served(void **state)
{
	struct fixture *f = *state;

	start(f);
	plug("soft0");
	fixture_run(f);
	assert_true(served(f, "soft0"));
	plug("soft1");
	fixture_run(f);
	assert_true(served(f, "soft1"));
}

/* devtmpfs removes the folder with its last node */
static void the_folder_may_go_and_come_back(void **state)
{
	struct fixture *f = *state;
	struct fake_device *device;

	start(f);
	device = fake_plug("soft0", 10);
	sysfs_add("soft0");
	node_add("soft0");
	fixture_run(f);
	fake_unplug(device);
	unplug_all();
	fixture_run(f);
	assert_false(served(f, "soft0"));
	plug("soft0");
	fixture_run(f);
	assert_true(served(f, "soft0"));
}

static void a_device_without_its_node_is_waited_for(void **state)
{
	struct fixture *f = *state;

	start(f);
	plug("soft0");
	fake_plug("soft1", 10);
	sysfs_add("soft1");
	fixture_run(f);
	assert_true(served(f, "soft0"));
	assert_false(served(f, "soft1"));
	assert_int_equal(fixture_log_count(f, "soft1"), 0);
	node_add("soft1");
	fixture_run(f);
	assert_true(served(f, "soft1"));
}

/* It is root's until udev's rule has given it away: no reason to alarm anybody */
static void a_node_is_served_when_it_becomes_svads(void **state)
{
	struct fixture *f = *state;

	start(f);
	be_really(NOBODY);
	plug("soft0");
	fixture_run(f);
	assert_false(served(f, "soft0"));
	assert_int_equal(fixture_log_count(f, "soft0"), 0);
	assert_int_equal(chown("/dev/sva/soft0", NOBODY, 0), 0);
	fixture_run(f);
	assert_true(served(f, "soft0"));
	be_really(0);
}

/* R7: nobody gives it away, and the log says what to do */
static void a_node_that_stays_somebody_elses_is_told_of(void **state)
{
	struct fixture *f = *state;

	start(f);
	be_really(NOBODY);
	plug("soft0");
	fake_fail_open(fake_plug("soft1", 10), EACCES);
	sysfs_add("soft1");
	node_add("soft1");
	fixture_run(f);
	assert_false(served(f, "soft0"));
	while (!fixture_log_count(f, "soft1"))
		assert_true(sd_event_run(f->event, 10000000) > 0);
	assert_true(fixture_log_has(f, "/dev/sva/soft1 is not svad's; udev's rule 60-sva.rules"));
	be_really(0);
}

static void what_else_happens_in_dev_concerns_nobody(void **state)
{
	struct fixture *f = *state;

	start(f);
	/* were it looked for now, it would be found */
	fake_plug("soft0", 10);
	sysfs_add("soft0");
	write_file("/dev/other", "");
	fixture_run(f);
	assert_int_equal(unlink("/dev/other"), 0);
	fixture_run(f);
	assert_false(served(f, "soft0"));
	node_add("soft0");
	fixture_run(f);
	assert_true(served(f, "soft0"));
}

static void a_rescan_finds_what_was_missed(void **state)
{
	struct fixture *f = *state;
	struct fake_device *device;

	start(f);
	device = fake_plug("soft0", 10);
	fake_fail_open(device, EMFILE);
	sysfs_add("soft0");
	node_add("soft0");
	fixture_run(f);
	assert_false(served(f, "soft0"));
	fake_fail_open(device, 0);
	watch_rescan(watch);
	assert_true(served(f, "soft0"));
}

/* R8: a crowd of events is one look, and none is lost */
static void many_at_once_are_all_served(void **state)
{
	struct fixture *f = *state;
	char name[16];

	start(f);
	for (int i = 0; i < 50; i++) {
		snprintf(name, sizeof(name), "soft%d", i);
		plug(name);
	}
	fixture_run(f);
	assert_int_equal(f->svad.devices.count, 50);
}

static void without_files_it_does_not_start(void **state)
{
	struct fixture *f = *state;
	int err;

	need_isolation();
	fixture_start(f, NULL);
	scarce_files(0);
	scarce_begin();
	err = watch_start(&f->svad.devices, f->event, &watch);
	scarce_end();
	watch = err ? NULL : watch;
	assert_int_equal(err, -EMFILE);
}

static void again(struct fixture *f)
{
	fixture_stop(f);
	fake_reset();
	fake_plug("soft0", 10);
	fixture_start(f, NULL);
}

/* Every allocation fails once: not started, or what could not be seen is found later */
static void without_memory_it_starts_later(void **state)
{
	struct fixture *f = *state;
	unsigned long number = 0;
	bool waited = false;
	int err;

	need_isolation();
	plug("soft0");
	fixture_start(f, NULL);
	do {
		scarce_memory(++number, false);
		scarce_begin();
		err = watch_start(&f->svad.devices, f->event, &watch);
		scarce_end();
		watch = err ? NULL : watch;
		/* what could not be seen is looked for again: waited for once, for time's sake */
		for (; watch && !served(f, "soft0") && !waited; waited = served(f, "soft0"))
			assert_true(sd_event_run(f->event, 10000000) > 0);
		if (watch)
			watch_rescan(watch);
		assert_true(!watch || served(f, "soft0"));
		watch_stop(watch);
		watch = NULL;
		again(f);
	} while (scarce_met());
	scarce_memory(0, false);
	assert_int_equal(err, 0);
	assert_true(waited);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(what_is_there_at_the_start_is_served),
		TEST(what_comes_later_is_served),
		TEST(the_folder_may_go_and_come_back),
		TEST(a_device_without_its_node_is_waited_for),
		TEST(a_node_is_served_when_it_becomes_svads),
		TEST(a_node_that_stays_somebody_elses_is_told_of),
		TEST(what_else_happens_in_dev_concerns_nobody),
		TEST(a_rescan_finds_what_was_missed),
		TEST(many_at_once_are_all_served),
		TEST(without_files_it_does_not_start),
		TEST(without_memory_it_starts_later),
	};

	return cmocka_run_group_tests(tests, isolate, NULL);
}
