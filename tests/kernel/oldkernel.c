// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oldkernel.c - on a kernel that disables SVA on x86 (CVE-2025-71089): everything
 * loads, nothing binds, and every part says why and what to do
 *
 * Runs in a guest of its own, with Debian 13's own kernel: tests/vm/run --kernel.
 */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <sva.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"

#define NAME	"x86-sva-disabled"
#define WHY	"this kernel disables SVA on x86 (CVE-2025-71089)"
#define REMEDY	"it needs 6.18.7 or 6.19 or later"

#define MANY	200

/* Only there the others mean what they say */
TEST(R7, this_kernel_is_one_that_disables_sva)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	MUST(uname(&name));
	CHECK(sscanf(name.release, "%u.%u", &major, &minor) == 2, "%s", name.release);
	CHECK(major < 6 || (major == 6 && minor < 18), "this is Linux %s", name.release);
}

TEST(R7, the_device_says_so_before_anybody_binds)
{
	int node = node_open();
	struct sva_device_info info = device_info(node);

	CHECK_EQ(info.sva_reason, SVA_REASON_X86_SVA_DISABLED);
	/* and the rest of what it says is true: it is not the device that lacks something */
	CHECK(info.flags & SVA_DEVICE_FLAG_PASID, "flags 0x%x", info.flags);
	CHECK(info.flags & SVA_DEVICE_FLAG_VIABLE, "flags 0x%x", info.flags);
	CHECK(info.pasid_bits > 0, "no PASID bits");
	CHECK(attribute_read("pasid_bits") == info.pasid_bits, "sysfs says %ld",
	      attribute_read("pasid_bits"));
}

TEST(R7, a_bind_is_refused_with_that_reason)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	int node = node_open(), ctx = context_create(node, getpid(), NULL);

	REFUSED(ctx, SVA_BIND_TASK, &bind, EOPNOTSUPP, SVA_REASON_X86_SVA_DISABLED);
	CHECK_EQ(bind.pasid, 0);
	CHECK_EQ(context_info(ctx).state, SVA_STATE_CREATED);
	/* a second time: the first has left nothing behind that could confuse it */
	REFUSED(ctx, SVA_BIND_TASK, &bind, EOPNOTSUPP, SVA_REASON_X86_SVA_DISABLED);
}

TEST(R1, a_context_that_cannot_be_bound_gives_nothing)
{
	struct sva_unbind_task unbind = { .argsz = sizeof(unbind), .pasid = 1 };
	struct sva_pin pin = { .argsz = sizeof(pin) };
	int node = node_open(), ctx = context_create(node, getpid(), NULL);
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	char byte;

	CHECK_EQ(call(ctx, SVA_BIND_TASK, &bind), -EOPNOTSUPP);
	CHECK(call(ctx, SVA_UNBIND_TASK, &unbind) < 0, "it was unbound");
	CHECK(call(ctx, SVA_CONTEXT_PIN, &pin) < 0, "it has pinned");
	CHECK(pread(ctx, &byte, 1, 4096) < 0, "a region could be read");
}

/* R5: what the harness looks at after each test has to be zero after many, too */
TEST(R5, refused_binds_leave_nothing)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	int node = node_open();

	for (int i = 0; i < MANY; i++) {
		int ctx = context_create(node, getpid(), NULL);

		CHECK_EQ(call(ctx, SVA_BIND_TASK, &bind), -EOPNOTSUPP);
		close(ctx);
	}
	CHECK(device_is_clean(), "contexts are left");
}

TEST(R5, contexts_that_cannot_be_bound_are_revoked_and_reset)
{
	struct sva_event event;
	int node = node_open();
	uint64_t id;

	context_create(node, getpid(), &id);
	context_revoke(node, id);
	event = event_await(node, SVA_EVENT_ENDED, id);
	CHECK_EQ(event.release, SVA_RELEASE_CLEAN);
	device_reset(node);
}

TEST(R6, drivers_and_modules_come_and_go)
{
	device_remove();
	device_return();
	provider_reload("devices=2");
	CHECK_EQ(device_info(node_open()).sva_reason, SVA_REASON_X86_SVA_DISABLED);
}

static void check_error(int err, uint32_t reason)
{
	CHECK_EQ(err, -EOPNOTSUPP);
	CHECK_EQ(reason, SVA_REASON_X86_SVA_DISABLED);
	CHECK(strstr(sva_strreason(reason), WHY), "%s", sva_strreason(reason));
	CHECK(strstr(sva_strreason(reason), REMEDY), "%s", sva_strreason(reason));
}

static void bind_named(int line)
{
	struct sva_context *ctx = NULL;
	int err = sva_bind(device_name(), 0, &ctx);

	(void)line;
	check_error(err, sva_context_reason(NULL));
	CHECK(!ctx, "there is a context");
}

static bool svad_knows_it(void *arg)
{
	(void)arg;
	return sva_probe(device_name(), NULL) == 0 ||
	       sva_context_reason(NULL) != SVA_REASON_NO_SUCH_DEVICE;
}

/* svad serves it a moment after it is there */
static void finds_the_device(int line)
{
	(void)line;
	CHECK(wait_until(svad_knows_it, NULL, PATIENCE_MS), "svad does not serve it");
}

TEST(R7, sva_bind_gives_the_reason)
{
	as_user("alice", finds_the_device);
	as_user("alice", bind_named);
}

static void bind_any(int line)
{
	struct sva_context *ctx = NULL;
	int err = sva_bind(NULL, 0, &ctx);

	(void)line;
	check_error(err, sva_context_reason(NULL));
}

/* svad looks for a device that works, finds none, and says why not */
TEST(R7, svad_gives_the_reason_where_it_is_to_choose)
{
	as_user("bob", bind_any);
}

static void probe(int line)
{
	uint32_t reason = 0;
	int err = sva_probe(device_name(), &reason);

	(void)line;
	check_error(err, reason);
	reason = 0;
	err = sva_probe(NULL, &reason);
	check_error(err, reason);
}

TEST(R7, sva_probe_tells_without_a_bind)
{
	as_user("alice", probe);
}

static void bind_denied(int line)
{
	struct sva_context *ctx = NULL;

	(void)line;
	CHECK_EQ(sva_bind(device_name(), 0, &ctx), -EACCES);
}

/* What somebody may not use needs no other reason */
TEST(R7, the_policy_still_comes_first)
{
	as_user("mallory", bind_denied);
}

/* Whatever has a problem has it for that reason: nobody is sent anywhere else */
static void every_why_is_the_kernel(const char *out)
{
	for (const char *why = out; (why = strstr(why, "why: ")); why += strlen("why: "))
		CHECK(!strncmp(why + strlen("why: "), WHY, strlen(WHY)), "%s", out);
}

static void doctor(int line)
{
	const char *const argv[] = { "svactl", "doctor", NULL };
	const char *const json[] = { "svactl", "doctor", "--json", NULL };
	char out[8192];

	(void)line;
	CHECK_EQ(program_output(argv, out, sizeof(out)), 1);
	CHECK(strstr(out, "problem  kernel"), "%s", out);
	CHECK(strstr(out, "problem  binding"), "%s", out);
	CHECK(strstr(out, WHY), "%s", out);
	CHECK(strstr(out, REMEDY), "%s", out);
	every_why_is_the_kernel(out);
	CHECK(!strstr(out, "intel_iommu"), "%s", out);
	CHECK_EQ(program_output(json, out, sizeof(out)), 1);
	CHECK(strstr(out, "\"" NAME "\""), "%s", out);
}

TEST(R7, svactl_doctor_explains)
{
	as_user("alice", doctor);
}

static void list(int line)
{
	const char *const argv[] = { "svactl", "list", NULL };
	char out[4096];

	(void)line;
	CHECK_EQ(program_output(argv, out, sizeof(out)), 0);
	CHECK(strstr(out, NAME), "%s", out);
	CHECK(strstr(out, WHY), "%s", out);
}

TEST(R7, svactl_list_shows_it)
{
	as_user("alice", list);
}
