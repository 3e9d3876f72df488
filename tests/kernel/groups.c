// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * groups.c - R11: a group is owned whole, and PASIDs are the group's
 *
 * Each test loads sva_soft anew, with soft0 and soft1 in one IOMMU group;
 * sva_test.ko has the drivers that take soft1 away.
 */
#include <linux/netlink.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TEST_DEVICE "soft"	/* made anew with other parameters */

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "ring.h"
#include "stalls.h"

#define SIBLING "sva_soft.1"
/* drives a device without the kernel's DMA API, as VFIO does, and the other kind */
#define OWNER "sva_test_owner"
#define DMA_OWNER "sva_test_dma_owner"
/* and one that does not keep it */
#define SHY_OWNER "sva_test_shy"

static void two_in_a_group(void)
{
	provider_reload("devices=2 groups=0,0");
	sva_test_load();
}

static int node_open_of(const char *device)
{
	int node;

	setenv("SVA_TEST_DEVICE", device, 1);
	node = node_open();
	setenv("SVA_TEST_DEVICE", "soft0", 1);
	return node;
}

static void attribute_text(const char *device, const char *name, char *text, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/sva/%s/%s", device, name);
	CHECK(text_read(path, text, size), "%s: %s", path, strerror(errno));
}

static void sysfs_says(const char *device, const char *name, const char *wanted)
{
	char text[128];

	attribute_text(device, name, text, sizeof(text));
	CHECK(!strcmp(text, wanted), "%s of %s is '%s', not '%s'", name, device, text, wanted);
}

static void sibling_leave(void)
{
	int result = driver_unbind("sva_soft", SIBLING);

	CHECK(result == 0, "unbinding %s: %s", SIBLING, strerror(-result));
}

static void sibling_taken_by(const char *driver)
{
	int result;

	driver_override(SIBLING, driver);
	result = driver_bind(driver, SIBLING);
	CHECK(result == 0, "%s for %s: %s", driver, SIBLING, strerror(-result));
}

static void sibling_given_back(const char *driver)
{
	int result = driver_unbind(driver, SIBLING);

	CHECK(result == 0, "unbinding %s from %s: %s", SIBLING, driver, strerror(-result));
	driver_override(SIBLING, "");
}

static void sibling_return(void)
{
	int result = driver_bind("sva_soft", SIBLING);

	CHECK(result == 0, "binding %s: %s", SIBLING, strerror(-result));
}

/* ---------------------------------------------------------- what is said */

static void says_viable(int node, const char *device)
{
	struct sva_device_info info = device_info(node);

	sysfs_says(device, "viable", "1");
	CHECK(info.flags & SVA_DEVICE_FLAG_VIABLE, "GET_INFO of %s: not viable", device);
	CHECK(!info.blocker[0], "a viable device is blocked by '%s'", info.blocker);
}

static void says_blocked(int node, const char *device, const char *driver)
{
	struct sva_device_info info = device_info(node);
	char wanted[SVA_BLOCKER_LEN + 8];

	snprintf(wanted, sizeof(wanted), "0 %s %s", SIBLING, driver);
	sysfs_says(device, "viable", wanted);
	CHECK(!(info.flags & SVA_DEVICE_FLAG_VIABLE), "GET_INFO of %s: viable", device);
	CHECK(!strcmp(info.blocker, wanted + 2), "the blocker is '%s', not '%s'", info.blocker,
	      wanted + 2);
}

static void works(int node)
{
	char from[64] = "of the group", to[64] = "";
	struct queue queue = { .node = node };

	queue.ctx = context_bound(node, &queue.id, &queue.pasid);
	ring_open(&queue.ring, queue.ctx);
	queue_succeed(&queue, job_memmove(to, from, sizeof(from)));
	CHECK(!strcmp(from, to), "the job went wrong");
	context_unbind(queue.ctx, queue.pasid, 0);
	ring_close(&queue.ring);
	close(queue.ctx);
}

TEST(R11, group_of_our_own_devices_is_viable_and_both_name_it)
{
	char first[32], second[32];
	int node, sibling;

	two_in_a_group();
	node = node_open_of("soft0");
	sibling = node_open_of("soft1");
	attribute_text("soft0", "iommu_group", first, sizeof(first));
	attribute_text("soft1", "iommu_group", second, sizeof(second));
	CHECK(!strcmp(first, second), "groups %s and %s", first, second);
	CHECK_EQ(device_info(node).group, atoi(first));
	CHECK_EQ(device_info(sibling).group, atoi(first));
	says_viable(node, "soft0");
	says_viable(sibling, "soft1");
	works(node);
	works(sibling);
}

TEST(R11, devices_without_a_group_number_have_groups_of_their_own)
{
	provider_reload("devices=2");
	CHECK(device_info(node_open_of("soft0")).group != device_info(node_open_of("soft1")).group,
	      "both are in one group");
}

TEST(R11, driverless_sibling_does_not_count)
{
	int node;

	two_in_a_group();
	node = node_open_of("soft0");
	sibling_leave();
	says_viable(node, "soft0");
	works(node);
	sibling_return();
	says_viable(node, "soft0");
	says_viable(node_open_of("soft1"), "soft1");
	works(node);
}

TEST(R11, foreign_driver_in_another_group_does_not_count)
{
	int node;

	provider_reload("devices=2");
	sva_test_load();
	node = node_open_of("soft0");
	sibling_leave();
	sibling_taken_by(OWNER);
	says_viable(node, "soft0");
	works(node);
	sibling_given_back(OWNER);
}

static void no_creation(int node)
{
	struct sva_create_context create = { .argsz = sizeof(create), .owner = getpid() };

	REFUSED(node, SVA_DEVICE_CREATE_CONTEXT, &create, EPERM, SVA_REASON_NOT_VIABLE);
}

static void foreign_sibling_blocks(const char *driver)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	char wanted[SVA_BLOCKER_LEN];
	int node, early;

	two_in_a_group();
	node = node_open_of("soft0");
	early = context_create(node, getpid(), NULL);
	sibling_leave();
	sibling_taken_by(driver);
	says_blocked(node, "soft0", driver);
	says_blocked(node_open_of("soft0"), "soft0", driver);
	no_creation(node);
	REFUSED(early, SVA_BIND_TASK, &bind, EPERM, SVA_REASON_NOT_VIABLE);
	snprintf(wanted, sizeof(wanted), "%s %s", SIBLING, driver);
	CHECK(!strcmp(context_info(early).blocker, wanted), "the context names '%s'",
	      context_info(early).blocker);
	CHECK(!(context_info(early).device_flags & SVA_DEVICE_FLAG_VIABLE), "it says viable");
	sibling_given_back(driver);
	says_viable(node, "soft0");
	context_bind(early);
	works(node);
}

TEST(R11, foreign_driver_of_a_sibling_blocks_and_is_named_until_it_goes)
{
	foreign_sibling_blocks(OWNER);
}

TEST(R11, driver_that_uses_the_dma_api_blocks_too)
{
	foreign_sibling_blocks(DMA_OWNER);
}

TEST(R11, viability_is_followed_again_and_again)
{
	int node;

	two_in_a_group();
	node = node_open_of("soft0");
	sibling_leave();
	for (int i = 0; i < 20; i++) {
		sibling_taken_by(i % 2 ? OWNER : DMA_OWNER);
		says_blocked(node, "soft0", i % 2 ? OWNER : DMA_OWNER);
		no_creation(node);
		sibling_given_back(i % 2 ? OWNER : DMA_OWNER);
		says_viable(node, "soft0");
		works(node);
	}
	sibling_return();
	works(node);
}

/* Asked once at the beginning of the call, the group could be anybody's when it is bound */
TEST(R11, bind_that_waited_while_a_foreign_driver_came_is_refused)
{
	struct slow_bind slow;
	int node;

	two_in_a_group();
	node = node_open_of("soft0");
	sibling_leave();
	slow_bind_start(&slow, node, NULL);
	sibling_taken_by(OWNER);
	says_blocked(node, "soft0", OWNER);
	CHECK_EQ(slow_bind_end(&slow), -EPERM);
	CHECK_EQ(slow.args->reason, SVA_REASON_NOT_VIABLE);
	CHECK_EQ(context_info(slow.ctx).state, SVA_STATE_CREATED);
	sibling_given_back(OWNER);
	context_bind(slow.ctx);
	works(node);
}

/* -------------------------------------------------- contexts that are live */

TEST(R11, live_contexts_end_when_the_group_is_no_longer_ours)
{
	struct sva_region_info region = { .argsz = sizeof(region) };
	struct queue queue;
	int unbound;

	two_in_a_group();
	sibling_leave();
	queue_open(&queue);
	unbound = context_create(queue.node, getpid(), NULL);
	queue_succeed(&queue, job_nop());
	sibling_taken_by(OWNER);
	CHECK_EQ(event_await(queue.ctx, SVA_EVENT_REVOKED, 0).reason, SVA_REASON_NOT_VIABLE);
	CHECK_EQ(event_await(queue.node, SVA_EVENT_ENDED, queue.id).reason, SVA_REASON_NOT_VIABLE);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_STOPPED);
	CHECK_EQ(context_info(queue.ctx).state, SVA_STATE_ENDED);
	CHECK_EQ(context_info(queue.ctx).end_reason, SVA_REASON_NOT_VIABLE);
	REFUSED(queue.ctx, SVA_CONTEXT_GET_REGION_INFO, &region, EPERM, SVA_REASON_NOT_VIABLE);
	CHECK_EQ(context_info(unbound).state, SVA_STATE_CREATED);
	sibling_given_back(OWNER);
	context_bind(unbound);
	works(queue.node);
}

/* The core's own check: it will not let an ordinary driver near attached PASIDs */
TEST(R11, driver_that_uses_the_dma_api_cannot_come_while_contexts_are_bound)
{
	struct queue queue;

	two_in_a_group();
	sibling_leave();
	queue_open(&queue);
	driver_override(SIBLING, DMA_OWNER);
	CHECK(driver_bind(DMA_OWNER, SIBLING) < 0, "it was let in");
	says_viable(queue.node, "soft0");
	queue_succeed(&queue, job_nop());
	queue_close(&queue);
	driver_override(SIBLING, "");
}

static void *shy_takes_sibling(void *arg)
{
	*(int *)arg = driver_bind(SHY_OWNER, SIBLING);
	return NULL;
}

static void shy_hesitates(const char *yes)
{
	CHECK_EQ(text_write("/sys/module/sva_test/parameters/hesitates", yes), 0);
}

static bool sibling_is_shys(void *arg)
{
	char text[128];

	(void)arg;
	attribute_text("soft0", "viable", text, sizeof(text));
	return !strcmp(text, "0 " SIBLING " " SHY_OWNER);
}

/* What was seen while a foreign driver's probe was under way, which nobody hears the end of */
TEST(R11, live_contexts_end_also_after_a_foreign_driver_that_gave_up)
{
	struct queue queue;
	pthread_t thread;
	int result;

	provider_reload("devices=3 groups=0,0");
	sva_test_load();
	CHECK_EQ(driver_unbind("sva_soft", "sva_soft.2"), 0);
	sibling_leave();
	shy_hesitates("1");
	driver_override(SIBLING, SHY_OWNER);
	CHECK_EQ(pthread_create(&thread, NULL, shy_takes_sibling, &result), 0);
	CHECK(wait_until(sibling_is_shys, NULL, PATIENCE_MS), "it does not try");
	/* another group's: everybody's viability is looked at */
	CHECK_EQ(driver_bind("sva_soft", "sva_soft.2"), 0);
	shy_hesitates("0");
	pthread_join(thread, NULL);
	CHECK(result < 0, "it has taken the device");
	queue_open(&queue);
	queue_succeed(&queue, job_nop());
	sibling_taken_by(OWNER);
	CHECK_EQ(event_await(queue.ctx, SVA_EVENT_REVOKED, 0).reason, SVA_REASON_NOT_VIABLE);
	sibling_given_back(OWNER);
	works(queue.node);
}

/* ----------------------------------------------------------------- uevents */

static int uevents_open(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = 1 };
	int fd = (int)MUST(socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT));

	MUST(bind(fd, (struct sockaddr *)&address, sizeof(address)));
	return fd;
}

static void uevent_await(int fd, const char *start, const char *end)
{
	uint64_t until = now_ns() + PATIENCE_MS * 1000000ull;
	char message[4096];
	ssize_t n;

	do {
		CHECK(fd_readable(fd, PATIENCE_MS), "no uevent %s...%s", start, end);
		n = MUST(recv(fd, message, sizeof(message) - 1, 0));
		message[n] = '\0';
		if (!strncmp(message, start, strlen(start)) && strlen(message) >= strlen(end) &&
		    !strcmp(message + strlen(message) - strlen(end), end))
			return;
	} while (now_ns() < until);
	FAIL("no uevent %s...%s among those that came", start, end);
}

TEST(R11, change_of_viability_is_a_uevent_in_both_directions)
{
	int uevents;

	two_in_a_group();
	sibling_leave();
	uevents = uevents_open();
	sibling_taken_by(OWNER);
	uevent_await(uevents, "change@", "/sva/soft0");
	sysfs_says("soft0", "viable", "0 " SIBLING " " OWNER);
	sibling_given_back(OWNER);
	uevent_await(uevents, "change@", "/sva/soft0");
	sysfs_says("soft0", "viable", "1");
}

/* -------------------------------------- PASIDs, which are the group's (R3) */

TEST(R3, devices_of_a_group_share_a_process_s_pasid)
{
	int a, b, again;
	uint32_t pasid, other;
	int node, sibling;

	two_in_a_group();
	node = node_open_of("soft0");
	sibling = node_open_of("soft1");
	a = context_bound(node, NULL, &pasid);
	b = context_bound(sibling, NULL, &other);
	CHECK_EQ(other, pasid);
	context_unbind(a, pasid, 0);
	works(sibling);
	again = context_bound(node, NULL, &other);
	CHECK_EQ(other, pasid);
	context_unbind(b, pasid, 0);
	works(node);
	context_unbind(again, pasid, 0);
	CHECK(newcomer_pasid(node) != pasid, "PASID %u was given on while its process lives", pasid);
}

static void released(int node, uint64_t id)
{
	event_await(node, SVA_EVENT_RELEASED, id);
}

/* What soft1 may still use, soft0 must not give away: they are one to the IOMMU */
TEST(R3, quarantine_on_one_device_holds_in_the_whole_group)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	struct child keeper;
	uint64_t id, keeper_id;
	int node, sibling, ctx;
	uint32_t pasid;

	two_in_a_group();
	node = node_open_of("soft0");
	sibling = node_open_of("soft1");
	bystander_start(&keeper, sibling, &keeper_id, NULL);
	ctx = context_bound(sibling, &id, &pasid);
	setenv("SVA_TEST_DEVICE", "soft1", 1);
	misbehave("hold");
	context_unbind(ctx, pasid, 0);
	misbehave("none");
	event_await(sibling, SVA_EVENT_QUARANTINED, id);
	setenv("SVA_TEST_DEVICE", "soft0", 1);
	ctx = context_create(node, getpid(), NULL);
	REFUSED(ctx, SVA_BIND_TASK, &bind, EBUSY, SVA_REASON_PASID_QUARANTINED);
	/* the reset of the wrong device proves nothing */
	device_reset(node);
	close(ctx);
	ctx = context_create(node, getpid(), NULL);
	REFUSED(ctx, SVA_BIND_TASK, &bind, EBUSY, SVA_REASON_PASID_QUARANTINED);
	bystander_stop(&keeper, sibling, keeper_id);
	released(sibling, id);
	context_bind(ctx);
}

/* ------------------------------------- siblings that come and go meanwhile */

static void *flap(void *arg)
{
	atomic_bool *stop = arg;

	while (!*stop) {
		sibling_leave();
		sibling_return();
	}
	return NULL;
}

/* A driver that is half way in or out of its device is no foreign driver if it is ours */
TEST_WITHIN(R11, coming_and_going_of_our_own_sibling_never_blocks, 120)
{
	uint64_t end;
	atomic_bool stop = false;
	char text[128];
	pthread_t thread;
	int node;

	two_in_a_group();
	node = node_open_of("soft0");
	CHECK_EQ(pthread_create(&thread, NULL, flap, &stop), 0);
	end = now_ns() + 3000000000u;
	while (now_ns() < end) {
		attribute_text("soft0", "viable", text, sizeof(text));
		CHECK(!strcmp(text, "1"), "viable: '%s'", text);
		close(context_create(node, getpid(), NULL));
	}
	stop = true;
	pthread_join(thread, NULL);
}

/*
 * The core warns when a driver leaves a device of a group to which PASIDs are
 * attached, so nothing may be bound in the group by then.
 */
TEST(R11, sibling_that_leaves_while_contexts_are_bound_harms_nobody)
{
	struct queue queue;

	two_in_a_group();
	queue_open(&queue);
	sibling_leave();
	says_viable(queue.node, "soft0");
	works(queue.node);
}

#define PARTITION "5a5a0000-0000-4000-8000-0000000000f0"

/* The device itself has nothing bound, and waits for its partition's contexts all the same */
TEST(R11, sibling_that_leaves_while_a_partition_is_in_use_harms_nobody)
{
	int result, node, ctx;
	uint64_t id;

	two_in_a_group();
	result = text_write("/sys/class/sva/soft0/types/shared/create", PARTITION " 4");
	CHECK(result == 0, "no partition: %s", strerror(-result));
	node = node_open_of(PARTITION);
	ctx = context_create(node, getpid(), &id);
	context_bind(ctx);
	sibling_leave();
	CHECK_EQ(event_await(node, SVA_EVENT_ENDED, id).reason, SVA_REASON_GROUP_CHANGING);
	says_viable(node, PARTITION);
	works(node);
}
