// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * agent_admin.c - what administrators do while agents compute
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "agents.h"
#include "device.h"
#include "harness.h"
#include "modules.h"

#define PARTITIONS 4

static void part_line(char *text, size_t size, unsigned int number)
{
	snprintf(text, size, "50a40000-0000-4000-8000-%012x", number);
}

int agent_open_any(struct agent *agent)
{
	unsigned int number = agent_choose(agent, 3 * PARTITIONS);
	char path[64];

	snprintf(path, sizeof(path), "/dev/sva/%s", device_name());
	if (number < PARTITIONS)
		part_line(path + 9, sizeof(path) - 9, number);
	return open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
}

void agent_revokes(struct agent *agent)
{
	struct sva_context_entry entries[64];
	struct sva_list_contexts list = {
		.argsz = sizeof(list), .count = 64, .entries = (uintptr_t)entries,
		.entry_size = sizeof(entries[0]),
	};
	struct sva_revoke_context arg = { .argsz = sizeof(arg) };
	int node = agent_open_any(agent), result;

	if (node < 0)
		return;
	result = call(node, SVA_DEVICE_LIST_CONTEXTS, &list);
	if (!result && list.count) {
		arg.id = entries[agent_choose(agent, list.count)].id;
		result = call(node, SVA_DEVICE_REVOKE_CONTEXT, &arg);
		CHECK(!result || result == -ENOENT || result == -ENODEV, "revoke: %s, reason %u",
		      strerror(-result), arg.reason);
	} else {
		CHECK(!result || result == -ENODEV, "list: %s", strerror(-result));
	}
	close(node);
}

void agent_resets(struct agent *agent)
{
	struct sva_device_reset arg = { .argsz = sizeof(arg) };
	int node = agent_open_any(agent), result;

	if (node < 0)
		return;
	result = call(node, SVA_DEVICE_RESET, &arg);
	CHECK(!result || result == -EBUSY || result == -ENODEV ||
	      arg.reason == SVA_REASON_NO_RESET, "reset: %s, reason %u", strerror(-result),
	      arg.reason);
	close(node);
}

/* One at a time: whoever comes second goes on with something else */
void agent_unbinds_driver(struct agent *agent)
{
	int lock = (int)MUST(open("/tmp/agents.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600));

	(void)agent;
	if (!flock(lock, LOCK_EX | LOCK_NB)) {
		CHECK_EQ(agents_landed(), 0);
		agents_add_refused(device_log("device/refused"));
		device_remove();
		misbehave_ends_without_driver();
		device_return();
	}
	close(lock);
}

static int device_write(const char *attribute, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/class/sva/%s/%s", device_name(), attribute);
	return text_write(path, text);
}

void agent_makes_partition(struct agent *agent)
{
	char line[64];
	int result;

	part_line(line, sizeof(line), agent_choose(agent, PARTITIONS));
	strcat(line, " 6");
	result = device_write("types/shared/create", line);
	CHECK(!result || result == -EEXIST || result == -ENODEV || result == -ENOENT,
	      "create: %s", strerror(-result));
}

static int part_remove(unsigned int number, const char *how)
{
	char name[64], path[128];

	part_line(name, sizeof(name), number);
	snprintf(path, sizeof(path), "/sys/class/sva/%s/remove", name);
	return text_write(path, how);
}

void agent_removes_partition(struct agent *agent)
{
	int result = part_remove(agent_choose(agent, PARTITIONS),
				 agent_choose(agent, 2) ? "1" : "force");

	CHECK(!result || result == -EBUSY || result == -ENODEV || result == -ENOENT,
	      "remove: %s", strerror(-result));
}

void partitions_remove(void)
{
	for (unsigned int i = 0; i < PARTITIONS; i++)
		part_remove(i, "force");
}

void agent_has_device_misbehave(struct agent *agent)
{
	static const char *const modes[] = {
		"none", "none", "none", "none", "none", "none", "hold", "stale", "late", "never",
		"mute", "replay",
	};
	int result = device_write("device/misbehave",
				  modes[agent_choose(agent, sizeof(modes) / sizeof(modes[0]))]);

	CHECK(!result || result == -ENOENT || result == -ENODEV || result == -EBUSY ||
	      result == -EIO, "misbehave: %s", strerror(-result));
}
