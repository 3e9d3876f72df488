// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * device_test.c - devices that come and go, and whom their contexts are charged
 * to (R5, R8)
 */
#include "fixture.h"

static struct device *the(struct fixture *f, const char *name)
{
	struct device *device = devices_find(&f->svad.devices, name);

	assert_non_null(device);
	return device;
}

static uint64_t create(struct device *device, uint32_t uid)
{
	const struct charge charge = { .uid = uid };
	struct sva_create_context created;

	assert_int_equal(device_create_context(device, getpid(), &charge, &created), 0);
	close(created.fd);
	return created.id;
}

static void contexts_are_charged_until_they_end(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	struct device *device;
	uint64_t first;

	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 10);
	device = the(f, "soft0");
	first = create(device, ALICE);
	create(device, ALICE);
	create(device, BOB);
	assert_int_equal(account_user(device, ALICE), 2);
	assert_int_equal(account_user(device, BOB), 1);
	assert_int_equal(account_total(device), 3);
	/* closing svad's fd is not the end: the event is */
	fixture_run(f);
	assert_int_equal(account_user(device, ALICE), 2);
	fake_context_end(fake, first, SVA_RELEASE_CLEAN);
	fixture_run(f);
	assert_int_equal(account_user(device, ALICE), 1);
	assert_int_equal(account_user(device, BOB), 1);
}

static void flushed_is_as_good_as_clean(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	uint64_t id;

	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 10);
	id = create(the(f, "soft0"), ALICE);
	fake_context_end(fake, id, SVA_RELEASE_FLUSHED);
	fixture_run(f);
	assert_int_equal(account_user(the(f, "soft0"), ALICE), 0);
}

/* R3: who fills the quarantine does not get his limit back for it */
static void quarantined_contexts_stay_charged_until_released(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	struct device *device;
	uint64_t id;

	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 10);
	device = the(f, "soft0");
	id = create(device, ALICE);
	fake_context_end(fake, id, SVA_RELEASE_NEITHER);
	fixture_run(f);
	assert_int_equal(account_user(device, ALICE), 1);
	fake_context_release(fake, id);
	fixture_run(f);
	assert_int_equal(account_user(device, ALICE), 0);
}

static void events_told_twice_count_once(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	struct device *device;
	uint64_t id;

	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 10);
	device = the(f, "soft0");
	id = create(device, ALICE);
	create(device, ALICE);
	fake_post(fake, SVA_EVENT_ENDED, id, SVA_RELEASE_CLEAN);
	fake_post(fake, SVA_EVENT_ENDED, id, SVA_RELEASE_CLEAN);
	fake_post(fake, SVA_EVENT_RELEASED, id, SVA_RELEASE_CLEAN);
	fake_post(fake, SVA_EVENT_ENDED, 123456, SVA_RELEASE_CLEAN);
	fixture_run(f);
	assert_int_equal(account_user(device, ALICE), 1);
}

static void a_restart_finds_the_contexts_of_the_svad_before(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	struct device *device;
	uint64_t quarantined;

	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 1000);
	for (int i = 0; i < 150; i++)
		fake_context_add(fake, i % 3 ? ALICE : BOB, 1);
	quarantined = fake_context_add(fake, ALICE, 1);
	fake_context_end(fake, quarantined, SVA_RELEASE_NEITHER);
	fixture_stop(f);
	fixture_start(f, NULL);
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
	device = the(f, "soft0");
	assert_int_equal(account_user(device, ALICE), 101);
	assert_int_equal(account_user(device, BOB), 50);
	/* and follows them from there */
	fake_context_release(fake, quarantined);
	fixture_run(f);
	assert_int_equal(account_user(device, ALICE), 100);
}

static void contexts_that_have_ended_are_not_charged_from_a_list(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake = fake_plug("soft0", 10);

	fixture_start(f, NULL);
	fake_context_set_state(fake, fake_context_add(fake, ALICE, 1), SVA_STATE_ENDED);
	fake_context_set_state(fake, fake_context_add(fake, ALICE, 1), SVA_STATE_STOPPING);
	fake_context_set_state(fake, fake_context_add(fake, ALICE, 1), SVA_STATE_CREATED);
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
	assert_int_equal(account_user(the(f, "soft0"), ALICE), 2);
}

static void after_lost_events_the_kernel_is_asked(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	struct device *device;
	uint64_t lost;

	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 10);
	device = the(f, "soft0");
	lost = create(device, ALICE);
	create(device, ALICE);
	fake_context_end_silently(fake, lost);
	fixture_run(f);
	assert_int_equal(account_user(device, ALICE), 2);
	fake_post(fake, SVA_EVENT_OVERFLOW, 0, 0);
	/* it was told of before the overflow mark, but is read after the list */
	fake_post(fake, SVA_EVENT_ENDED, lost, SVA_RELEASE_CLEAN);
	fixture_run(f);
	assert_int_equal(account_user(device, ALICE), 1);
	assert_true(fixture_log_has(f, "listed anew"));
}

static void a_list_that_fails_is_asked_for_again(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	struct device *device;
	uint64_t lost;

	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 10);
	device = the(f, "soft0");
	lost = create(device, ALICE);
	fake_context_end_silently(fake, lost);
	fake_fail_list(fake, ENOMEM);
	fake_post(fake, SVA_EVENT_OVERFLOW, 0, 0);
	fixture_run(f);
	/* too much rather than too little */
	assert_int_equal(account_user(device, ALICE), 1);
	assert_true(fixture_log_has(f, "cannot be listed"));
	fake_fail_list(fake, 0);
	device_refresh(device);
	assert_int_equal(account_user(device, ALICE), 0);
}

static void a_reset_asks_the_kernel_too(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;
	uint64_t id;

	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 10);
	id = create(the(f, "soft0"), ALICE);
	fake_context_end_silently(fake, id);
	fake_post(fake, SVA_EVENT_RESET, 0, 0);
	fixture_run(f);
	assert_int_equal(account_user(the(f, "soft0"), ALICE), 0);
}

static void a_device_that_goes_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;

	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 10);
	fixture_plug(f, "soft1", 10);
	create(the(f, "soft0"), ALICE);
	fake_unplug(fake);
	fixture_run(f);
	assert_null(devices_find(&f->svad.devices, "soft0"));
	assert_non_null(devices_find(&f->svad.devices, "soft1"));
	assert_int_equal(f->svad.devices.count, 1);
	assert_true(fixture_log_has(f, "soft0 is gone"));
}

static void a_node_that_hangs_up_is_a_device_that_goes(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, NULL);
	fake_hang_up(fixture_plug(f, "soft0", 10));
	fixture_run(f);
	assert_null(devices_find(&f->svad.devices, "soft0"));
}

static void a_device_may_return_before_its_old_self_is_freed(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;

	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 10);
	create(the(f, "soft0"), ALICE);
	fake_unplug(fake);
	/* neither GONE was read nor the remove uevent: the node tells */
	fixture_plug(f, "soft0", 20);
	assert_int_equal(account_user(the(f, "soft0"), ALICE), 0);
	fixture_run(f);
	assert_int_equal(f->svad.devices.count, 1);
	assert_non_null(devices_find(&f->svad.devices, "soft0"));
}

static void uevents_about_an_open_device_change_nothing(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake;

	fixture_start(f, NULL);
	fake = fixture_plug(f, "soft0", 10);
	create(the(f, "soft0"), ALICE);
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
	assert_int_equal(f->svad.devices.count, 1);
	assert_int_equal(fake_lists(fake), 1);
	assert_int_equal(account_user(the(f, "soft0"), ALICE), 1);
}

static void a_node_that_is_not_svads_yet_is_tried_again(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake = fake_plug("soft0", 10);

	fixture_start(f, NULL);
	fake_fail_open(fake, EACCES);
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), -EACCES);
	assert_true(fixture_log_has(f, "60-sva.rules"));
	assert_int_equal(f->svad.devices.count, 0);
	fake_fail_open(fake, 0);
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), 0);
	assert_non_null(devices_find(&f->svad.devices, "soft0"));
}

static void a_device_whose_contexts_cannot_be_listed_is_not_served(void **state)
{
	struct fixture *f = *state;
	struct fake_device *fake = fake_plug("soft0", 10);

	fixture_start(f, NULL);
	fake_fail_list(fake, EIO);
	assert_int_equal(devices_add(&f->svad.devices, "soft0", "/fake/soft0"), -EIO);
	assert_int_equal(f->svad.devices.count, 0);
}

static void devices_are_in_the_order_of_their_names(void **state)
{
	static const char *const names[] = { "m", "b", "z", "a", "q", "c" };
	static const char *const sorted[] = { "a", "b", "c", "m", "q", "z" };
	struct fixture *f = *state;
	size_t index = 0;

	fixture_start(f, NULL);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		fixture_plug(f, names[i], 1);
	for (size_t i = 0; i < ARRAY_SIZE(sorted); i++, index++)
		assert_string_equal(devices_next(&f->svad.devices, &index)->name, sorted[i]);
	assert_null(devices_next(&f->svad.devices, &index));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_string_equal(the(f, names[i])->name, names[i]);
}

static void names_that_are_too_long_are_not_taken(void **state)
{
	struct fixture *f = *state;

	fixture_start(f, NULL);
	assert_int_equal(devices_add(&f->svad.devices, "a-name-that-is-longer-than-any-device-may-have",
				     "/fake/x"), -ENAMETOOLONG);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		TEST(contexts_are_charged_until_they_end),
		TEST(flushed_is_as_good_as_clean),
		TEST(quarantined_contexts_stay_charged_until_released),
		TEST(events_told_twice_count_once),
		TEST(a_restart_finds_the_contexts_of_the_svad_before),
		TEST(contexts_that_have_ended_are_not_charged_from_a_list),
		TEST(after_lost_events_the_kernel_is_asked),
		TEST(a_list_that_fails_is_asked_for_again),
		TEST(a_reset_asks_the_kernel_too),
		TEST(a_device_that_goes_is_dropped),
		TEST(a_node_that_hangs_up_is_a_device_that_goes),
		TEST(a_device_may_return_before_its_old_self_is_freed),
		TEST(uevents_about_an_open_device_change_nothing),
		TEST(a_node_that_is_not_svads_yet_is_tried_again),
		TEST(a_device_whose_contexts_cannot_be_listed_is_not_served),
		TEST(devices_are_in_the_order_of_their_names),
		TEST(names_that_are_too_long_are_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
