// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * obstacle.c - R7: why nothing can be bound on a device, from the kernel up
 *
 * $SVA_TEST_REASON and $SVA_TEST_FAULT_REASON name what is in the way in this guest
 * ("none", the default: nothing).  tests/kernel/reasons starts a guest for each.
 * Runs as root, which becomes alice (permitted).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sva.h>

#include "device.h"
#include "harness.h"
#include "process.h"

static const char *expected(const char *variable)
{
	const char *name = getenv(variable);

	return name ? name : "none";
}

static void is_expected(const char *what, uint32_t reason, const char *variable)
{
	CHECK(!strcmp(sva_reason_name(reason), expected(variable)), "%s says %s, not %s", what,
	      sva_reason_name(reason), expected(variable));
}

static bool nothing_is_in_the_way(void)
{
	return !strcmp(expected("SVA_TEST_REASON"), "none");
}

static void alice_runs(int line, void *arg)
{
	void (**run)(void) = arg;

	(void)line;
	user_become("alice");
	(*run)();
}

static void as_alice(void (*run)(void))
{
	struct child child;

	child_start(&child, alice_runs, &run);
	child_join(&child);
}

/* ---------------------------------------------------------------- kernel */

TEST(R7, kernel_tells_the_reason_before_anybody_binds)
{
	struct sva_device_info info = device_info(node_open());

	is_expected("GET_INFO", info.sva_reason, "SVA_TEST_REASON");
	is_expected("GET_INFO of faults", info.fault_reason, "SVA_TEST_FAULT_REASON");
	is_expected("sysfs", (uint32_t)attribute_read("sva_reason"), "SVA_TEST_REASON");
	is_expected("sysfs of faults", (uint32_t)attribute_read("fault_reason"),
		    "SVA_TEST_FAULT_REASON");
	if (!info.sva_reason)
		CHECK_EQ(!(info.flags & SVA_DEVICE_FLAG_PAGE_REQUESTS), info.fault_reason != 0);
}

TEST(R7, kernel_refuses_to_bind_with_the_reason)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	int ctx = context_create(node_open(), getpid(), NULL);
	int result = call(ctx, SVA_BIND_TASK, &bind);

	CHECK_EQ(result == 0, nothing_is_in_the_way());
	is_expected("BIND_TASK", bind.reason, "SVA_TEST_REASON");
	CHECK(result == 0 || result == -ENODEV || result == -EOPNOTSUPP, "%d", result);
}

/* --------------------------------------------------------- svad, libsva */

static void asks_svad(void)
{
	struct sva_device *devices;
	bool found = false;
	size_t count;
	uint32_t reason;

	CHECK_EQ(sva_list_devices(&devices, &count), 0);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(devices[i].name, device_name()))
			continue;
		found = true;
		is_expected("svad's list", devices[i].sva_reason, "SVA_TEST_REASON");
	}
	CHECK(found, "%s is not listed", device_name());
	free(devices);
	CHECK_EQ(sva_probe(device_name(), &reason) == 0, nothing_is_in_the_way());
	is_expected("sva_probe", reason, "SVA_TEST_REASON");
}

TEST(R7, svad_tells_the_reason)
{
	as_alice(asks_svad);
}

static void binds(const char *device)
{
	struct sva_context *ctx;
	int err = sva_bind(device, 0, &ctx);

	CHECK_EQ(err == 0, nothing_is_in_the_way());
	if (!err) {
		sva_unbind(ctx, SVA_RELEASE_CLEAN);
		return;
	}
	CHECK(!ctx, "there is a context all the same");
	is_expected("sva_bind", sva_context_reason(NULL), "SVA_TEST_REASON");
}

static void binds_by_name(void)
{
	binds(device_name());
}

static void binds_any(void)
{
	binds(NULL);
}

TEST(R7, sva_bind_gives_the_reason)
{
	as_alice(binds_by_name);
}

TEST(R7, sva_bind_of_any_device_gives_the_reason)
{
	as_alice(binds_any);
}

/* ---------------------------------------------------------------- doctor */

static void asks_doctor(void)
{
	static char words[1 << 16];
	char command[128], wanted[128];
	uint32_t reasons = 0;
	FILE *doctor;

	snprintf(command, sizeof(command), "svactl doctor --json %s", device_name());
	doctor = popen(command, "r");
	CHECK(doctor, "popen: %s", strerror(errno));
	words[fread(words, 1, sizeof(words) - 1, doctor)] = '\0';
	pclose(doctor);
	for (int i = 0; i < 2; i++) {
		const char *name = expected(i ? "SVA_TEST_FAULT_REASON" : "SVA_TEST_REASON");

		if (!strcmp(name, "none"))
			continue;
		snprintf(wanted, sizeof(wanted), "\"reason\": \"%s\"", name);
		CHECK(strstr(words, wanted), "doctor does not name %s: %s", name, words);
		reasons++;
	}
	CHECK_EQ(!strstr(words, "\"ok\": true"), reasons > 0);
}

TEST(R7, doctor_names_the_reason)
{
	as_alice(asks_doctor);
}
