// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * partitions.c - parts of a device's capacity as devices of their own: made and
 * removed through sysfs, served by svad by their names
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sva.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "puppet.h"
#include "ring.h"

#define RACERS 16
#define DEFAULT_CONTEXTS 16
#define AVAILABLE "types/shared/available_instances"

/* ------------------------------------------------------------- partitions */

struct part {
	char name[SVA_NAME_LEN];
};

static struct part part_name(unsigned int number)
{
	struct part part;

	snprintf(part.name, sizeof(part.name), "5a5a0000-0000-4000-8000-%012x", number);
	return part;
}

static int create_line(const char *line)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/class/sva/%s/types/shared/create", device_name());
	return text_write(path, line);
}

static int part_try(unsigned int number, unsigned int contexts)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %u", part_name(number).name, contexts);
	return create_line(line);
}

static struct part part_create(unsigned int number, unsigned int contexts)
{
	int result = part_try(number, contexts);

	CHECK(result == 0, "create %u with %u contexts: %s", number, contexts, strerror(-result));
	return part_name(number);
}

static int part_remove(const struct part *part, const char *how)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/class/sva/%s/remove", part->name);
	return text_write(path, how);
}

static long part_number(const struct part *part, const char *attribute)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/class/sva/%s/%s", part->name, attribute);
	return number_read(path);
}

static bool part_exists(const struct part *part)
{
	return part_number(part, "contexts") >= 0;
}

static int part_open(const struct part *part)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/sva/%s", part->name);
	return (int)MUST(open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK));
}

/* Another accelerator of the guest has nothing to do with it */
static bool is_of_the_device(const char *name)
{
	char path[PATH_MAX], parent[64];

	snprintf(path, sizeof(path), "/sys/class/sva/%s/partition_of", name);
	return !strcmp(name, device_name()) ||
	       (text_read(path, parent, sizeof(parent)) && !strcmp(parent, device_name()));
}

/* The device, and its partitions */
static unsigned int devices_in_sysfs(void)
{
	DIR *folder = opendir("/sys/class/sva");
	unsigned int count = 0;
	struct dirent *entry;

	CHECK(folder, "no /sys/class/sva");
	while ((entry = readdir(folder)))
		count += entry->d_name[0] != '.' && is_of_the_device(entry->d_name);
	closedir(folder);
	return count;
}

static bool all_is_available(void *total)
{
	return attribute_read(AVAILABLE) == *(uint32_t *)total;
}

/*
 * Every test begins and ends with the device alone and all of its capacity, when the
 * contexts of processes that have exited have ended, too
 */
static long whole_capacity(void)
{
	struct sva_type_info type = { .argsz = sizeof(type) };
	int node = node_open();

	ACCEPTED(node, SVA_DEVICE_GET_TYPE_INFO, &type);
	close(node);
	CHECK(wait_until(all_is_available, &type.total, PATIENCE_MS), "%ld of %u are available",
	      attribute_read(AVAILABLE), type.total);
	CHECK_EQ(devices_in_sysfs(), 1);
	return type.total;
}

/* ------------------------------------------------------------ create, remove */

static void check_node(const struct part *part)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/dev/sva/%s", part->name);
	MUST(stat(path, &st));
	CHECK(S_ISCHR(st.st_mode), "no character device");
	CHECK_EQ(st.st_mode & 07777, 0600);
}

static void check_info(const struct part *part, unsigned int contexts)
{
	struct sva_device_info info;
	int node = part_open(part);

	info = device_info(node);
	CHECK(!strcmp(info.name, part->name), "its name is %.40s", info.name);
	CHECK(info.flags & SVA_DEVICE_FLAG_PARTITION, "flags 0x%x", info.flags);
	CHECK(!(info.flags & SVA_DEVICE_FLAG_RESET), "a partition says it can be reset");
	CHECK_EQ(info.max_contexts, contexts);
	CHECK_EQ(info.contexts, 0);
	close(node);
}

static void check_sysfs(const struct part *part)
{
	char path[256], text[64];

	snprintf(path, sizeof(path), "/sys/class/sva/%s/partition_of", part->name);
	CHECK(text_read(path, text, sizeof(text)), "no partition_of");
	CHECK(!strcmp(text, device_name()), "partition of %s", text);
	snprintf(path, sizeof(path), "/sys/class/sva/%s/reset", part->name);
	CHECK(access(path, F_OK) < 0, "a partition has reset");
	CHECK(attribute_read("remove") < 0 && attribute_read("partition_of") < 0,
	      "the device itself can be removed like a partition");
}

TEST(R8, partition_is_a_device_of_its_own)
{
	long total = whole_capacity();
	struct part part = part_create(1, 5);

	CHECK_EQ(attribute_read(AVAILABLE), total - 5);
	CHECK_EQ(part_number(&part, AVAILABLE), 5);
	check_node(&part);
	check_info(&part, 5);
	check_sysfs(&part);
	CHECK_EQ(part_remove(&part, "1"), 0);
	CHECK(!part_exists(&part), "it is still there");
	CHECK_EQ(whole_capacity(), total);
}

TEST(R8, partition_without_a_number_gets_the_default)
{
	long total = whole_capacity();
	struct part part = part_name(2);

	CHECK_EQ(create_line(part.name), 0);
	CHECK_EQ(part_number(&part, AVAILABLE), DEFAULT_CONTEXTS);
	CHECK_EQ(attribute_read(AVAILABLE), total - DEFAULT_CONTEXTS);
	CHECK_EQ(part_remove(&part, "1"), 0);
	CHECK_EQ(whole_capacity(), total);
}

TEST(R1, context_of_a_partition_computes_under_the_pasid_of_its_process)
{
	struct part part = part_create(1, 4);
	int whole = node_open(), node = part_open(&part);
	struct puppet puppet;

	puppet_start(&puppet);
	puppet_bind(&puppet, node);
	puppet_bind(&puppet, whole);
	CHECK_EQ(puppet.bind[0].pasid, puppet.bind[1].pasid);
	puppet_compute(&puppet, 0);
	puppet_compute(&puppet, 1);
	CHECK_EQ(part_number(&part, "contexts"), 1);
	CHECK_EQ(attribute_read("contexts"), 1);
	CHECK_EQ(part_number(&part, AVAILABLE), 3);
	CHECK_EQ(part_number(&part, "pasid_bits"), attribute_read("pasid_bits"));
	CHECK_EQ(part_number(&part, "iommu_group"), attribute_read("iommu_group"));
	CHECK_EQ(puppet_unbind(&puppet, 0, 0), SVA_RELEASE_CLEAN);
	CHECK_EQ(part_number(&part, AVAILABLE), 4);
	puppet_compute(&puppet, 1);
	puppet_end(&puppet);
	CHECK_EQ(part_remove(&part, "1"), 0);
	whole_capacity();
}

static void create_is_refused(int node)
{
	struct sva_create_context arg = { .argsz = sizeof(arg), .owner = getpid() };

	REFUSED(node, SVA_DEVICE_CREATE_CONTEXT, &arg, ENOSPC, SVA_REASON_TYPE_EXHAUSTED);
}

TEST(R8, partition_has_limits_of_its_own)
{
	struct part part = part_create(1, 2);
	int node = part_open(&part), whole = node_open(), ctx[2];

	for (int i = 0; i < 2; i++)
		ctx[i] = context_create(node, getpid(), NULL);
	create_is_refused(node);
	close(context_create(whole, getpid(), NULL));
	close(ctx[0]);
	ctx[0] = context_create(node, getpid(), NULL);
	create_is_refused(node);
	close(ctx[0]);
	close(ctx[1]);
	CHECK_EQ(part_remove(&part, "1"), 0);
}

TEST(R8, partition_of_all_leaves_nothing_to_the_device)
{
	long total = whole_capacity();
	struct part part = part_create(1, (unsigned int)total);
	int node = part_open(&part), whole = node_open();

	create_is_refused(whole);
	CHECK_EQ(part_try(2, 1), -ENOSPC);
	close(context_create(node, getpid(), NULL));
	CHECK_EQ(part_remove(&part, "1"), 0);
	close(context_create(whole, getpid(), NULL));
	CHECK_EQ(whole_capacity(), total);
}

TEST(R8, more_than_is_left_is_refused)
{
	long total = whole_capacity();
	int whole = node_open(), ctx = context_create(whole, getpid(), NULL);

	CHECK_EQ(part_try(1, (unsigned int)total), -ENOSPC);
	CHECK_EQ(part_try(1, (unsigned int)total + 1), -ENOSPC);
	CHECK_EQ(part_try(1, 4294967295u), -ENOSPC);
	close(ctx);
	CHECK_EQ(whole_capacity(), total);
}

TEST(R7, malformed_names_and_numbers_are_refused)
{
	static const char *const wrong[] = {
		"\n", " ", "soft1", "5a5a0000", "5a5a0000-0000-4000-8000-00000000000",
		"5a5a0000-0000-4000-8000-0000000000001", "5a5a0000-0000-4000-8000-00000000000g",
		"5a5a00000000-4000-8000-0000-000000000001", "../../5a5a0000-0000-4000-8000-01",
		"{5a5a0000-0000-4000-8000-00000000001}", "5a5a0000-0000-4000-8000-000000000001 0",
		"5a5a0000-0000-4000-8000-000000000001 -1", "5a5a0000-0000-4000-8000-000000000001 x",
		"5a5a0000-0000-4000-8000-000000000001 4x", "5a5a0000-0000-4000-8000-000000000001 1 1",
		"5a5a0000-0000-4000-8000-000000000001,4", "5a5a0000-0000-4000-8000-000000000001\t4",
		"5a5a0000-0000-4000-8000-000000000001  4",
		"5a5a0000-0000-4000-8000-000000000001 000000000000000000000000000004",
		"5a5a0000-0000-4000-8000-000000000001\n5a5a0000-0000-4000-8000-000000000002",
	};
	long total = whole_capacity();

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		int result = create_line(wrong[i]);

		CHECK(result == -EINVAL, "'%s': %s", wrong[i], strerror(-result));
	}
	CHECK_EQ(whole_capacity(), total);
}

TEST(R7, endless_line_is_refused)
{
	char line[4096];

	memset(line, '5', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	CHECK_EQ(create_line(line), -EINVAL);
	memcpy(line, part_name(1).name, 36);
	line[36] = ' ';
	CHECK_EQ(create_line(line), -EINVAL);
	whole_capacity();
}

TEST(R7, name_in_use_is_refused)
{
	long total = whole_capacity();
	struct part part = part_create(0xabcdef, 3);

	CHECK_EQ(part_try(0xabcdef, 3), -EEXIST);
	CHECK_EQ(attribute_read(AVAILABLE), total - 3);
	CHECK_EQ(part_remove(&part, "1"), 0);
	CHECK_EQ(part_try(0xabcdef, 3), 0);
	CHECK_EQ(part_remove(&part, "1"), 0);
	CHECK_EQ(whole_capacity(), total);
}

/* RFC 9562: letters of a UUID mean the same in both cases */
TEST(R7, same_uuid_in_capitals_is_refused)
{
	struct part part = part_create(0xabcdef, 3);
	struct part capitals = { "5A5A0000-0000-4000-8000-000000ABCDEF" };
	int result = create_line(capitals.name);

	part_remove(&capitals, "1");
	CHECK_EQ(part_remove(&part, "1"), 0);
	CHECK_EQ(result, -EEXIST);
}

TEST(R7, words_that_are_not_remove_are_refused)
{
	static const char *const wrong[] = { "0", "\n", "2x", "forced", "Force", "no" };
	struct part part = part_create(1, 1);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		CHECK(part_remove(&part, wrong[i]) == -EINVAL, "'%s' was taken", wrong[i]);
	CHECK(part_exists(&part), "it has gone");
	CHECK_EQ(part_remove(&part, "1"), 0);
}

TEST(R7, partition_of_a_partition_is_refused)
{
	struct part part = part_create(1, 8);
	int result;

	setenv("SVA_TEST_DEVICE", part.name, 1);
	result = part_try(2, 2);
	unsetenv("SVA_TEST_DEVICE");
	CHECK(result == -EOPNOTSUPP || result == -ENOENT, "%s", strerror(-result));
	CHECK_EQ(part_number(&part, AVAILABLE), 8);
	CHECK_EQ(part_remove(&part, "1"), 0);
	whole_capacity();
}

/* ------------------------------------------------------------------ races */

/* What racers do at once, and how many of them were given which errno */
struct race {
	int (*step)(int racer);
	int results[RACERS];
};

struct racer {
	struct race *race;
	int number;
};

static void race_child(int line, void *arg)
{
	struct racer *racer = arg;

	word_send(line, 0);
	word_receive(line);
	word_send(line, (uint64_t)-racer->race->step(racer->number));
}

static void race_run(struct race *race)
{
	struct child children[RACERS];

	for (int i = 0; i < RACERS; i++) {
		struct racer racer = { race, i };

		child_start(&children[i], race_child, &racer);
		word_receive(children[i].line);
	}
	for (int i = 0; i < RACERS; i++)
		word_send(children[i].line, 0);
	for (int i = 0; i < RACERS; i++)
		race->results[i] = -(int)word_receive(children[i].line);
	for (int i = 0; i < RACERS; i++)
		child_join(&children[i]);
}

static int race_count(const struct race *race, int result)
{
	int count = 0;

	for (int i = 0; i < RACERS; i++)
		count += race->results[i] == result;
	return count;
}

static int create_same(int racer)
{
	(void)racer;
	return part_try(1, 2);
}

TEST(R8, of_many_who_create_the_same_one_wins)
{
	struct race race = { .step = create_same };
	struct part part = part_name(1);
	long total = whole_capacity();

	for (int round = 0; round < 5; round++) {
		race_run(&race);
		CHECK_EQ(race_count(&race, 0), 1);
		CHECK_EQ(race_count(&race, -EEXIST), RACERS - 1);
		CHECK_EQ(attribute_read(AVAILABLE), total - 2);
		CHECK_EQ(part_remove(&part, "1"), 0);
		CHECK_EQ(whole_capacity(), total);
	}
}

static int create_own(int racer)
{
	return part_try((unsigned int)racer, 2);
}

TEST(R8, many_who_create_different_ones_all_win)
{
	struct race race = { .step = create_own };
	long total = whole_capacity();

	race_run(&race);
	CHECK_EQ(race_count(&race, 0), RACERS);
	CHECK_EQ(attribute_read(AVAILABLE), total - 2 * RACERS);
	CHECK_EQ(devices_in_sysfs(), RACERS + 1);
	for (unsigned int i = 0; i < RACERS; i++) {
		struct part part = part_name(i);

		CHECK_EQ(part_remove(&part, "1"), 0);
	}
	CHECK_EQ(whole_capacity(), total);
}

static int create_half(int racer)
{
	return part_try((unsigned int)racer, 128);
}

TEST(R8, capacity_is_not_given_twice_to_those_who_race_for_it)
{
	struct race race = { .step = create_half };
	int winners = (int)(whole_capacity() / 128);

	race_run(&race);
	CHECK_EQ(race_count(&race, 0), winners);
	CHECK_EQ(race_count(&race, -ENOSPC), RACERS - winners);
	for (int i = 0; i < RACERS; i++) {
		struct part part = part_name((unsigned int)i);

		if (!race.results[i])
			CHECK_EQ(part_remove(&part, "1"), 0);
	}
	whole_capacity();
}

static int remove_same(int racer)
{
	struct part part = part_name(1);

	return part_remove(&part, racer % 2 ? "1" : "force");
}

TEST(R5, partition_is_removed_once_by_many_at_once)
{
	struct race race = { .step = remove_same };
	long total = whole_capacity();

	for (int round = 0; round < 5; round++) {
		struct part part = part_create(1, 2);

		race_run(&race);
		CHECK_EQ(race_count(&race, 0), 1);
		CHECK_EQ(race_count(&race, -ENODEV) + race_count(&race, -ENOENT), RACERS - 1);
		CHECK(!part_exists(&part), "it is still there");
		CHECK_EQ(whole_capacity(), total);
	}
}

static int create_and_remove(int racer)
{
	struct part part = part_name((unsigned int)racer % 4);
	int wrong = 0;

	for (int i = 0; i < 25; i++) {
		int made = part_try((unsigned int)racer % 4, 3);
		int gone = part_remove(&part, i % 2 ? "1" : "force");

		wrong += made && made != -EEXIST;
		wrong += gone && gone != -ENODEV && gone != -ENOENT;
	}
	return -wrong;
}

TEST_WITHIN(R5, partitions_that_come_and_go_in_a_storm_leave_nothing, 120)
{
	struct race race = { .step = create_and_remove };
	long total = whole_capacity();

	race_run(&race);
	CHECK_EQ(race_count(&race, 0), RACERS);
	for (unsigned int i = 0; i < 4; i++) {
		struct part part = part_name(i);

		part_remove(&part, "force");
	}
	CHECK_EQ(whole_capacity(), total);
}

/* -------------------------------------------------------------- in use */

static void with_context(int line, void *arg)
{
	struct part *part = arg;
	struct queue queue = { .node = part_open(part) };
	struct sva_region_info info = { .argsz = sizeof(info) };
	struct sva_event event;

	queue.ctx = context_bound(queue.node, &queue.id, &queue.pasid);
	ring_open(&queue.ring, queue.ctx);
	queue_succeed(&queue, job_nop());
	word_send(line, queue.id);
	event = event_await(queue.ctx, SVA_EVENT_GONE, 0);
	CHECK_EQ(event.reason, SVA_REASON_DEVICE_GONE);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_GONE);
	REFUSED(queue.ctx, SVA_CONTEXT_GET_REGION_INFO, &info, ENODEV, SVA_REASON_DEVICE_GONE);
	event_await(queue.node, SVA_EVENT_GONE, 0);
	CHECK_EQ(call(queue.node, SVA_DEVICE_GET_INFO,
		      &(struct sva_device_info){ .argsz = sizeof(struct sva_device_info) }), -ENODEV);
	word_send(line, 0);
}

TEST(R5, partition_in_use_is_not_removed_without_force)
{
	struct part part = part_create(1, 2);
	struct puppet puppet;
	int node = part_open(&part);

	puppet_start(&puppet);
	puppet_bind(&puppet, node);
	for (int i = 0; i < 10; i++)
		CHECK_EQ(part_remove(&part, "1"), -EBUSY);
	puppet_compute(&puppet, 0);
	puppet_end(&puppet);
	event_await(node, SVA_EVENT_ENDED, puppet.bind[0].id);
	CHECK_EQ(part_remove(&part, "1"), 0);
	whole_capacity();
}

TEST(R6, force_removes_a_partition_under_its_users_who_are_told)
{
	struct part part = part_create(1, 2);
	struct child child;
	long total;

	child_start(&child, with_context, &part);
	word_receive(child.line);
	CHECK_EQ(part_remove(&part, "force"), 0);
	CHECK(!part_exists(&part), "it is still there");
	word_receive(child.line);
	child_join(&child);
	total = whole_capacity();
	CHECK(total > 0, "nothing is left");
}

TEST_WITHIN(R6, device_that_goes_takes_its_partitions_with_it, 120)
{
	struct child children[4];
	struct part parts[4];

	for (unsigned int i = 0; i < 4; i++) {
		parts[i] = part_create(i, 2);
		child_start(&children[i], with_context, &parts[i]);
		word_receive(children[i].line);
	}
	device_remove();
	for (int i = 0; i < 4; i++) {
		word_receive(children[i].line);
		child_join(&children[i]);
		CHECK(!part_exists(&parts[i]), "partition %d is still there", i);
	}
	device_return();
	whole_capacity();
}

static void *removes_device(void *arg)
{
	device_remove();
	return arg;
}

static bool is_going(void *ctx)
{
	struct sva_context_info info = { .argsz = sizeof(info) };

	return ioctl(*(int *)ctx, SVA_CONTEXT_GET_INFO, &info) < 0 && errno == ENODEV;
}

/* One partition ends after the other, and each takes its time; memory is freed before that */
TEST_WITHIN(R6, device_that_goes_has_let_go_of_a_partition_s_context_when_its_unbind_returns, 120)
{
	struct sva_unbind_task unbind = { .argsz = sizeof(unbind) };
	struct part first = part_create(1, 1), second = part_create(2, 1);
	int node = part_open(&first);
	struct puppet slow;
	struct queue queue;
	pthread_t thread;

	puppet_start(&slow);
	puppet_bind(&slow, node);
	queue.node = part_open(&second);
	queue.ctx = context_bound(queue.node, &queue.id, &unbind.pasid);
	ring_open(&queue.ring, queue.ctx);
	queue_succeed(&queue, job_nop());
	misbehave("never");
	CHECK_EQ(pthread_create(&thread, NULL, removes_device, NULL), 0);
	CHECK(wait_until(is_going, &queue.ctx, PATIENCE_MS), "it does not go");
	REFUSED(queue.ctx, SVA_UNBIND_TASK, &unbind, ENODEV, SVA_REASON_DEVICE_GONE);
	CHECK(ring_state(&queue.ring) != SVA_ACCEL_QUEUE_RUNNING, "the device uses the ring");
	pthread_join(thread, NULL);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_GONE);
	puppet_kill(&slow);
	ring_close(&queue.ring);
	close(queue.ctx);
	close(queue.node);
	device_return();
	misbehave("none");
	whole_capacity();
}

static void creates_for_ever(int line, void *arg)
{
	unsigned int number = *(unsigned int *)arg;

	word_send(line, 0);
	for (;;) {
		struct part part = part_name(number);
		int result = part_try(number, 2);

		CHECK(!result || result == -ENODEV || result == -ENOENT || result == -EEXIST,
		      "create: %s", strerror(-result));
		result = part_remove(&part, "force");
		CHECK(!result || result == -ENODEV || result == -ENOENT, "remove: %s",
		      strerror(-result));
	}
}

TEST_WITHIN(R6, device_goes_while_partitions_are_being_made, 300)
{
	struct child children[8];

	for (unsigned int i = 0; i < 8; i++) {
		child_start(&children[i], creates_for_ever, &i);
		word_receive(children[i].line);
	}
	for (int round = 0; round < 10; round++) {
		device_remove();
		CHECK_EQ(devices_in_sysfs(), 0);
		device_return();
	}
	for (int i = 0; i < 8; i++)
		child_kill(&children[i]);
	for (unsigned int i = 0; i < 8; i++) {
		struct part part = part_name(i);

		part_remove(&part, "force");
	}
	whole_capacity();
}

/* --------------------------------------------------- reset and quarantine */

TEST(R3, reset_of_the_device_ends_contexts_of_its_partitions)
{
	struct sva_device_reset reset = { .argsz = sizeof(reset) };
	struct part part = part_create(1, 2);
	int whole = node_open(), node = part_open(&part);
	struct puppet puppet;

	puppet_start(&puppet);
	puppet_bind(&puppet, node);
	REFUSED(node, SVA_DEVICE_RESET, &reset, EOPNOTSUPP, SVA_REASON_NO_RESET);
	puppet_compute(&puppet, 0);
	reset.reason = 0;
	ACCEPTED(whole, SVA_DEVICE_RESET, &reset);
	CHECK_EQ(event_await(node, SVA_EVENT_ENDED, puppet.bind[0].id).reason,
		 SVA_REASON_RESETTING);
	event_await(node, SVA_EVENT_RESET, 0);
	event_await(whole, SVA_EVENT_RESET, 0);
	puppet_compute(&puppet, puppet_bind(&puppet, node));
	puppet_end(&puppet);
	event_await(node, SVA_EVENT_ENDED, puppet.bind[1].id);
	CHECK_EQ(part_remove(&part, "1"), 0);
}

TEST(R3, quarantine_in_a_partition_holds_on_the_whole_device)
{
	struct part part = part_create(1, 2);
	int whole = node_open(), node = part_open(&part);
	struct puppet victim, bystander;

	puppet_start(&bystander);
	puppet_bind(&bystander, whole);
	puppet_start(&victim);
	puppet_bind(&victim, node);
	misbehave("stale");
	CHECK_EQ(puppet_unbind(&victim, 0, 0), SVA_RELEASE_NEITHER);
	misbehave("none");
	PUPPET_REFUSED(&victim, whole, 0, EBUSY, SVA_REASON_PASID_QUARANTINED);
	PUPPET_REFUSED(&victim, node, 0, EBUSY, SVA_REASON_PASID_QUARANTINED);
	CHECK_EQ(part_number(&part, "quarantined"), 1);
	device_reset(whole);
	puppet_compute(&victim, puppet_bind(&victim, node));
	CHECK_EQ(part_number(&part, "quarantined"), 0);
	CHECK_EQ(attribute_read("device/landed"), 0);
	puppet_end(&victim);
	event_await(node, SVA_EVENT_ENDED, victim.bind[1].id);
	puppet_end(&bystander);
	CHECK_EQ(part_remove(&part, "1"), 0);
}

TEST(R3, removing_a_partition_does_not_launder_its_quarantine)
{
	struct part part = part_create(1, 2);
	int whole = node_open(), node = part_open(&part);
	struct puppet victim, bystander;

	puppet_start(&bystander);
	puppet_bind(&bystander, whole);
	puppet_start(&victim);
	puppet_bind(&victim, node);
	misbehave("hold");
	CHECK_EQ(puppet_unbind(&victim, 0, 0), SVA_RELEASE_NEITHER);
	misbehave("none");
	CHECK_EQ(part_remove(&part, "1"), -EBUSY);
	CHECK_EQ(part_remove(&part, "force"), 0);
	PUPPET_REFUSED(&victim, whole, 0, EBUSY, SVA_REASON_PASID_QUARANTINED);
	device_reset(whole);
	puppet_compute(&victim, puppet_bind(&victim, whole));
	puppet_end(&victim);
	puppet_end(&bystander);
}

/* Removed or not, what is withheld must be seen somewhere */
TEST(R3, quarantine_of_a_removed_partition_is_visible_on_the_device)
{
	struct part part = part_create(1, 2);
	int whole = node_open(), node = part_open(&part);
	struct puppet victim, bystander;
	long seen;

	puppet_start(&bystander);
	puppet_bind(&bystander, whole);
	puppet_start(&victim);
	puppet_bind(&victim, node);
	misbehave("hold");
	puppet_kill(&victim);
	event_await(node, SVA_EVENT_QUARANTINED, victim.bind[0].id);
	misbehave("none");
	CHECK_EQ(part_remove(&part, "force"), 0);
	seen = attribute_read("quarantined");
	device_reset(whole);
	puppet_end(&bystander);
	CHECK_EQ(seen, 1);
}

/* The device still has its queue, so nobody else may be promised its place */
TEST(R8, capacity_of_a_removed_partition_comes_back_with_the_release_of_its_contexts)
{
	struct part part = part_create(1, 4);
	int whole = node_open(), node = part_open(&part);
	struct puppet victims[2], bystander;
	long before, after;

	puppet_start(&bystander);
	puppet_bind(&bystander, whole);
	for (int i = 0; i < 2; i++) {
		puppet_start(&victims[i]);
		puppet_bind(&victims[i], node);
	}
	misbehave("hold");
	for (int i = 0; i < 2; i++)
		CHECK_EQ(puppet_unbind(&victims[i], 0, 0), SVA_RELEASE_NEITHER);
	misbehave("none");
	before = attribute_read(AVAILABLE);
	CHECK_EQ(part_remove(&part, "force"), 0);
	after = attribute_read(AVAILABLE);
	device_reset(whole);
	for (int i = 0; i < 2; i++)
		puppet_end(&victims[i]);
	puppet_end(&bystander);
	CHECK_EQ(after, before + 2);
	whole_capacity();
}

static bool one_is_quarantined(void *arg)
{
	(void)arg;
	return attribute_read("quarantined") == 1;
}

/*
 * @early has ended badly before and is about to be cleared by what the device says later;
 * meanwhile the partition goes, which takes as long as the stop of @slow, of which nothing
 * is known afterwards.  @other keeps the device in use, or it would be reset.
 */
TEST(R3, late_evidence_counts_while_its_partition_is_being_removed)
{
	struct part part = part_create(1, 2);
	int whole = node_open(), node = part_open(&part);
	struct puppet other, early, slow;

	puppet_start(&other);
	puppet_bind(&other, whole);
	puppet_start(&slow);
	puppet_bind(&slow, node);
	puppet_start(&early);
	puppet_bind(&early, node);
	puppet_compute(&early, 0);
	misbehave("late");
	CHECK_EQ(puppet_unbind(&early, 0, 0), SVA_RELEASE_NEITHER);
	misbehave("never");
	CHECK_EQ(part_remove(&part, "force"), 0);
	misbehave("none");
	CHECK(wait_until(one_is_quarantined, NULL, PATIENCE_MS), "%ld in quarantine",
	      attribute_read("quarantined"));
	puppet_compute(&early, puppet_bind(&early, whole));
	PUPPET_REFUSED(&slow, whole, 0, EBUSY, SVA_REASON_PASID_QUARANTINED);
	puppet_compute(&other, 0);
	CHECK_EQ(attribute_read("device/landed"), 0);
	device_reset(whole);
	CHECK_EQ(attribute_read("quarantined"), 0);
	puppet_compute(&slow, puppet_bind(&slow, whole));
	puppet_end(&early);
	puppet_end(&slow);
	puppet_end(&other);
	whole_capacity();
}

/* ------------------------------------------------------------------- svad */

static pid_t svad_pid(void)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (folder && (entry = readdir(folder))) {
		char path[300], name[32];

		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		if (text_read(path, name, sizeof(name)) && !strcmp(name, "svad"))
			found = (pid_t)atoi(entry->d_name);
	}
	if (folder)
		closedir(folder);
	CHECK(found > 0, "svad does not run");
	return found;
}

#define POLICY "/etc/svad.conf"

static void policy_write(const char *text)
{
	int fd = (int)MUST(open(POLICY, O_WRONLY | O_TRUNC | O_CLOEXEC));

	CHECK(write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", strerror(errno));
	close(fd);
	MUST(kill(svad_pid(), SIGHUP));
}

struct asked {
	const char *device;
	int wanted;
	uint32_t reason;
};

static bool is_answered(void *arg)
{
	struct asked *asked = arg;

	return sva_probe(asked->device, &asked->reason) == asked->wanted;
}

static void await_answer(const char *device, int wanted)
{
	struct asked asked = { device, wanted, 0 };

	CHECK(wait_until(is_answered, &asked, PATIENCE_MS), "svad says %u of %s", asked.reason,
	      device);
}

static void alice_is_refused(int line, void *arg)
{
	(void)line;
	user_become("alice");
	await_answer(arg, -EACCES);
}

static void alice_computes(int line, void *arg)
{
	struct sva_context_info info;
	struct sva_context *ctx;
	struct queue queue = { 0 };

	(void)line;
	user_become("alice");
	await_answer(arg, 0);
	CHECK_EQ(sva_bind(arg, 0, &ctx), 0);
	CHECK_EQ(sva_context_info(ctx, &info), 0);
	CHECK(!strcmp(info.device, arg), "bound on %.40s", info.device);
	queue.ctx = sva_context_fd(ctx);
	ring_open(&queue.ring, queue.ctx);
	queue_succeed(&queue, job_nop());
	ring_close(&queue.ring);
	CHECK_EQ(sva_unbind(ctx, SVA_RELEASE_CLEAN), SVA_RELEASE_CLEAN);
}

static void as_alice(void (*run)(int line, void *arg), char *device)
{
	struct child child;

	child_start(&child, run, device);
	child_join(&child);
}

TEST(R12, svad_serves_partitions_by_the_names_that_its_policy_permits)
{
	static char before[8192], with[sizeof(before) + 128];
	struct part part = part_create(1, 4);
	bool in_use = true;

	CHECK(text_read(POLICY, before, sizeof(before)), "no policy");
	/* 'soft*' is what alice has: no other name goes with it */
	as_alice(alice_is_refused, part.name);
	snprintf(with, sizeof(with), "%s\n\n[allow]\nuser = alice\ndevice = 5a5a*\n", before);
	policy_write(with);
	as_alice(alice_computes, part.name);
	as_alice(alice_computes, (void *)device_name());
	for (int i = 0; i < 1000 && in_use; i++)
		in_use = part_remove(&part, "1") == -EBUSY;
	CHECK(!in_use, "the partition stays in use");
	await_answer(part.name, -ENOENT);
	strcat(before, "\n");
	policy_write(before);
	whole_capacity();
}
