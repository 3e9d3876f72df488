// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * device.c - the raw kernel ABI for the tests, see device.h
 */
#include "device.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/pci/registers.h"

#include "harness.h"
#include "modules.h"
#include "process.h"

const char *device_name(void)
{
	const char *name = getenv("SVA_TEST_DEVICE");
	static const char *found;

	if (name)
		return name;
	if (!found)
		found = access("/sys/class/sva/pci0", F_OK) ? "soft0" : "pci0";
	return found;
}

bool device_is(const char *kind)
{
	return !strncmp(device_name(), kind, strlen(kind));
}

int node_open(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/dev/sva/%s", device_name());
	fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	CHECK(fd >= 0, "%s: %s", path, strerror(errno));
	return fd;
}

int call(int fd, unsigned int number, void *arg)
{
	return ioctl(fd, number, arg) < 0 ? -errno : 0;
}

void check_refused(const char *file, int line, const char *what, int result,
		   uint32_t reason, int error, const char *error_name,
		   uint32_t wanted, const char *wanted_name)
{
	if (result == -error && reason == wanted)
		return;
	test_fail(file, line, "%s gives %d (%s), reason %u; expected -%s, %s (%u)", what, result,
		  strerror(-result), reason, error_name, wanted_name, wanted);
}

void check_accepted(const char *file, int line, const char *what, int result, uint32_t reason)
{
	if (result == 0 && reason == SVA_REASON_NONE)
		return;
	test_fail(file, line, "%s gives %d (%s), reason %u; expected success", what, result,
		  strerror(-result), reason);
}

int context_create(int node, pid_t owner, uint64_t *id)
{
	return context_create_charged(node, owner, 0, id);
}

int context_create_charged(int node, pid_t owner, uint32_t account, uint64_t *id)
{
	struct sva_create_context arg = { .argsz = sizeof(arg), .owner = owner,
					  .account = account };

	ACCEPTED(node, SVA_DEVICE_CREATE_CONTEXT, &arg);
	if (id)
		*id = arg.id;
	return arg.fd;
}

struct binding {
	int ctx, result;
	const struct sva_bind_task *wanted;
	struct sva_bind_task *bind;
};

static bool no_reset_is_under_way(void *arg)
{
	struct binding *binding = arg;

	*binding->bind = *binding->wanted;
	binding->result = call(binding->ctx, SVA_BIND_TASK, binding->bind);
	return binding->result != -EBUSY || binding->bind->reason != SVA_REASON_RESETTING;
}

int context_try_bind(int ctx, struct sva_bind_task *bind)
{
	const struct sva_bind_task wanted = *bind;
	struct binding binding = { .ctx = ctx, .wanted = &wanted, .bind = bind };

	(void)wait_until(no_reset_is_under_way, &binding, PATIENCE_MS);
	return binding.result;
}

uint32_t context_bind(int ctx)
{
	struct sva_bind_task arg = { .argsz = sizeof(arg) };

	CHECK_EQ(context_try_bind(ctx, &arg), 0);
	CHECK(arg.pasid != 0, "PASID 0 means a request without PASID");
	return arg.pasid;
}

int context_bound(int node, uint64_t *id, uint32_t *pasid)
{
	int ctx = context_create(node, getpid(), id);
	uint32_t p = context_bind(ctx);

	if (pasid)
		*pasid = p;
	return ctx;
}

uint32_t context_unbind(int ctx, uint32_t pasid, uint32_t flags)
{
	struct sva_unbind_task arg = { .argsz = sizeof(arg), .flags = flags, .pasid = pasid };

	ACCEPTED(ctx, SVA_UNBIND_TASK, &arg);
	return arg.release;
}

void context_revoke(int node, uint64_t id)
{
	struct sva_revoke_context arg = { .argsz = sizeof(arg), .id = id };

	ACCEPTED(node, SVA_DEVICE_REVOKE_CONTEXT, &arg);
}

struct sva_context_info context_info(int ctx)
{
	struct sva_context_info arg = { .argsz = sizeof(arg) };

	ACCEPTED(ctx, SVA_CONTEXT_GET_INFO, &arg);
	return arg;
}

uint32_t context_last_reason(int ctx)
{
	return context_info(ctx).last_reason;
}

struct sva_region_info region_info(int ctx, unsigned int index)
{
	struct sva_region_info arg = { .argsz = sizeof(arg), .index = index };

	ACCEPTED(ctx, SVA_CONTEXT_GET_REGION_INFO, &arg);
	return arg;
}

void *region_map(int ctx, unsigned int index, int prot)
{
	struct sva_region_info info = region_info(ctx, index);
	void *p = mmap(NULL, info.size, prot, MAP_SHARED, ctx, (off_t)info.offset);

	CHECK(p != MAP_FAILED, "mmap of region %u: %s, reason %u", index, strerror(errno),
	      context_last_reason(ctx));
	return p;
}

struct sva_device_info device_info(int node)
{
	struct sva_device_info arg = { .argsz = sizeof(arg) };

	ACCEPTED(node, SVA_DEVICE_GET_INFO, &arg);
	return arg;
}

bool context_listed(int node, uint64_t id, struct sva_context_entry *entry)
{
	struct sva_context_entry found;
	struct sva_list_contexts arg = {
		.argsz = sizeof(arg), .after = id - 1, .count = 1,
		.entries = (uintptr_t)&found, .entry_size = sizeof(found),
	};

	ACCEPTED(node, SVA_DEVICE_LIST_CONTEXTS, &arg);
	if (arg.count != 1 || found.id != id)
		return false;
	if (entry)
		*entry = found;
	return true;
}

int event_next(int fd, struct sva_event *event, int timeout_ms)
{
	ssize_t n;

	if (!fd_readable(fd, timeout_ms))
		return 0;
	n = read(fd, event, sizeof(*event));
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	CHECK_EQ(n, sizeof(*event));
	return 1;
}

struct sva_event event_await(int fd, unsigned int type, uint64_t id)
{
	uint64_t end = now_ns() + PATIENCE_MS * 1000000ull;
	struct sva_event event;
	int n;

	do {
		n = event_next(fd, &event, PATIENCE_MS);
		CHECK(n > 0, "waiting for event %u of context %llu: %s", type,
		      (unsigned long long)id, n ? strerror(-n) : "none came");
		CHECK(event.type != SVA_EVENT_OVERFLOW, "events were lost");
		if (event.type == type && (!id || event.context == id))
			return event;
	} while (now_ns() < end);
	FAIL("no event %u of context %llu among those that came", type, (unsigned long long)id);
}

/*
 * That something does not come again needs no waiting: another context, begun
 * and ended after the first, is the mark behind which nothing of it may follow.
 */
static void no_second_end(int node, uint64_t id)
{
	struct sva_event event;
	uint32_t pasid;
	uint64_t mark;
	int ctx = context_bound(node, &mark, &pasid);

	context_unbind(ctx, pasid, 0);
	close(ctx);
	do {
		CHECK_EQ(event_next(node, &event, PATIENCE_MS), 1);
		CHECK(event.type != SVA_EVENT_ENDED || event.context != id,
		      "the end of context %llu was told twice", (unsigned long long)id);
	} while (event.type != SVA_EVENT_ENDED || event.context != mark);
}

struct sva_event end_await(int node, uint64_t id)
{
	struct sva_event event = event_await(node, SVA_EVENT_ENDED, id);

	no_second_end(node, id);
	return event;
}

static void attribute_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "/sys/class/sva/%s/%s", device_name(), name);
}

static long file_read(const char *path)
{
	char text[64];
	long value = -1;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	if (n > 0) {
		text[n] = '\0';
		value = strtol(text, NULL, 0);
	}
	close(fd);
	return value;
}

long attribute_read(const char *name)
{
	char path[128];

	attribute_path(path, sizeof(path), name);
	return file_read(path);
}

long parameter_read(const char *module, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", module, name);
	return file_read(path);
}

static bool attribute_try(const char *name, const char *value)
{
	char path[128];
	ssize_t n;
	int fd;

	attribute_path(path, sizeof(path), name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, value, strlen(value));
	close(fd);
	return n == (ssize_t)strlen(value);
}

void attribute_write(const char *name, const char *value)
{
	CHECK(attribute_try(name, value), "writing '%s' to %s of %s: %s", value, name,
	      device_name(), strerror(errno));
}

static bool takes_mode(void *mode)
{
	return attribute_try("device/misbehave", mode);
}

/* Unless it is just being reset by function level, when nothing can be written */
void misbehave(const char *mode)
{
	CHECK(wait_until(takes_mode, (void *)(uintptr_t)mode, PATIENCE_MS), "mode %s: %s", mode,
	      strerror(errno));
}

struct log_value {
	const char *name;
	long value;
};

static bool can_be_read(void *arg)
{
	struct log_value *log = arg;

	log->value = attribute_read(log->name);
	return log->value >= 0;
}

long device_log(const char *name)
{
	struct log_value log = { .name = name };

	CHECK(wait_until(can_be_read, &log, PATIENCE_MS), "%s cannot be read", name);
	return log.value;
}

void device_reset(int node)
{
	struct sva_device_reset arg = { .argsz = sizeof(arg) };

	ACCEPTED(node, SVA_DEVICE_RESET, &arg);
	event_await(node, SVA_EVENT_RESET, 0);
}

/* Where the driver is, and what it calls the device: remembered while the device is there */
static char driver_path[PATH_MAX], driver_device[64];

__attribute__((constructor)) static void remember_driver(void)
{
	char path[128], link[512];
	ssize_t n;

	attribute_path(path, sizeof(path), "device/driver");
	if (!realpath(path, driver_path))
		driver_path[0] = '\0';
	attribute_path(path, sizeof(path), "device");
	n = readlink(path, link, sizeof(link) - 1);
	if (n <= 0)
		return;
	link[n] = '\0';
	snprintf(driver_device, sizeof(driver_device), "%s", strrchr(link, '/') + 1);
}

static bool driver_write(const char *attribute)
{
	char path[PATH_MAX + 16];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", driver_path, attribute);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = write(fd, driver_device, strlen(driver_device));
	close(fd);
	return n > 0;
}

/*
 * A device that has no driver any more behaves again.  The software accelerator lives in
 * its driver, and so comes back well-behaved; the function's register is on its BAR.
 */
void misbehave_ends_without_driver(void)
{
	char enable[128], registers[128];
	volatile uint32_t *bar;
	int fd;

	if (!device_is("pci"))
		return;
	snprintf(enable, sizeof(enable), "/sys/bus/pci/devices/%s/enable", driver_device);
	snprintf(registers, sizeof(registers), "/sys/bus/pci/devices/%s/resource0", driver_device);
	CHECK_EQ(text_write(enable, "1"), 0);
	fd = (int)MUST(open(registers, O_RDWR | O_CLOEXEC | O_SYNC));
	bar = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(bar != MAP_FAILED, "%s: %s", registers, strerror(errno));
	bar[SVA_PCI_MISBEHAVE / sizeof(*bar)] = SVA_PCI_MISBEHAVE_NONE;
	CHECK_EQ(bar[SVA_PCI_MISBEHAVE / sizeof(*bar)], SVA_PCI_MISBEHAVE_NONE);
	munmap((void *)(uintptr_t)bar, 4096);
	close(fd);
	CHECK_EQ(text_write(enable, "0"), 0);
}

void device_remove(void)
{
	CHECK(driver_write("unbind"), "unbinding %s from %s: %s", driver_device, driver_path,
	      strerror(errno));
	CHECK(attribute_read("contexts") < 0, "the device is still in sysfs");
}

int device_try_remove(void)
{
	return driver_write("unbind") ? 0 : -errno;
}

static bool node_is_back(void *arg)
{
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "/dev/sva/%s", device_name());
	return attribute_read("contexts") >= 0 && access(path, F_OK) == 0;
}

void device_return(void)
{
	CHECK(driver_write("bind"), "binding %s to %s: %s", driver_device, driver_path,
	      strerror(errno));
	CHECK(wait_until(node_is_back, NULL, PATIENCE_MS), "the device did not come back");
}

static bool counters_are_zero(void *arg)
{
	(void)arg;
	return attribute_read("contexts") == 0 && attribute_read("quarantined") == 0;
}

bool device_is_clean(void)
{
	if (wait_until(counters_are_zero, NULL, PATIENCE_MS))
		return true;
	printf("# left behind (R5): contexts %ld, quarantined %ld\n", attribute_read("contexts"),
	       attribute_read("quarantined"));
	return false;
}

/* One that ran to its end: the next test must not meet it */
static bool reset_is_done(void *arg)
{
	struct sva_device_reset reset = { .argsz = sizeof(reset) };
	struct sva_event event = { .type = SVA_EVENT_BOUND };
	char path[64];
	int node;

	(void)arg;
	snprintf(path, sizeof(path), "/dev/sva/%s", device_name());
	node = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (node < 0)
		return true;
	if (call(node, SVA_DEVICE_RESET, &reset) == 0)
		while (event.type != SVA_EVENT_RESET && event_next(node, &event, 1000) > 0)
			;
	close(node);
	return event.type == SVA_EVENT_RESET;
}

void device_make_clean(void)
{
	if (attribute_read("contexts") < 0 && driver_write("bind"))
		wait_until(node_is_back, NULL, PATIENCE_MS);
	attribute_try("device/misbehave", "none");
	wait_until(reset_is_done, NULL, PATIENCE_MS);
}

static void bystander_main(int line, void *arg)
{
	int ctx;

	(void)arg;
	ctx = fd_receive(line);
	word_send(line, context_bind(ctx));
	word_receive(line);
}

void bystander_start(struct child *child, int node, uint64_t *id, uint32_t *pasid)
{
	bystander_start_charged(child, node, 0, id, pasid);
}

void bystander_start_charged(struct child *child, int node, uint32_t account, uint64_t *id,
			     uint32_t *pasid)
{
	uint32_t bound;
	int ctx;

	child_start(child, bystander_main, NULL);
	ctx = context_create_charged(node, child->pid, account, id);
	fd_send(child->line, ctx);
	close(ctx);
	bound = (uint32_t)word_receive(child->line);
	if (pasid)
		*pasid = bound;
}

void bystander_stop(struct child *child, int node, uint64_t id)
{
	word_send(child->line, 0);
	child_join(child);
	event_await(node, SVA_EVENT_ENDED, id);
}

uint32_t newcomer_pasid(int node)
{
	struct child child;
	uint32_t pasid;
	uint64_t id;

	bystander_start(&child, node, &id, &pasid);
	bystander_stop(&child, node, id);
	return pasid;
}

#define NEWCOMERS 20

bool newcomers_get(int node, uint32_t pasid)
{
	struct child children[NEWCOMERS];
	uint64_t ids[NEWCOMERS];
	bool given = false;

	for (int i = 0; i < NEWCOMERS; i++) {
		uint32_t theirs;

		bystander_start(&children[i], node, &ids[i], &theirs);
		given |= theirs == pasid;
	}
	for (int i = 0; i < NEWCOMERS; i++)
		bystander_stop(&children[i], node, ids[i]);
	return given;
}
