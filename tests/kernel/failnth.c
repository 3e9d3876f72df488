// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * failnth.c - every allocation of every call fails once, and every access of the kernel
 * to the caller's memory
 *
 * /proc/thread-self/fail-nth makes the nth of them fail that this thread comes to below
 * a function of a module.  A call is made with 1, 2, 3... until it comes to no more.
 * Each time it either succeeds or says what happened, leaves nothing behind, and works
 * the next time.  What other threads do for a call (workers) is not covered.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "ring.h"
#include "kernel/test/sva_test.h"

#define PAGE 4096
#define POINTS_MAX 2000		/* a call that comes to so many never ends */
#define MODULES_START "0xffffffffa0000000"	/* kernel code is below, modules' above */
#define MODULES_END "0xffffffffff000000"

/* --------------------------------------------------------------- injection */

static int injection = -1;

static void knob_write(const char *injector, const char *knob, const char *value)
{
	char path[128];
	int result;

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", injector, knob);
	result = text_write(path, value);
	CHECK(result == 0, "%s: %s", path, strerror(-result));
}

/* From the function's first byte to that of the next one */
static void function_find(const char *function, unsigned long long *start, unsigned long long *end)
{
	FILE *symbols = fopen("/proc/kallsyms", "r");
	unsigned long long address;
	char name[512];

	CHECK(symbols, "/proc/kallsyms: %s", strerror(errno));
	*start = *end = 0;
	while (!*start && fscanf(symbols, "%llx %*c %511s%*[^\n]", &address, name) == 2)
		if (!strcmp(name, function))
			*start = address;
	CHECK(*start, "the kernel has no %s()", function);
	rewind(symbols);
	while (fscanf(symbols, "%llx %*c %511s%*[^\n]", &address, name) == 2)
		if (address > *start && (!*end || address < *end))
			*end = address;
	fclose(symbols);
}

/*
 * The kernel goes on without the files in /proc of an interrupt for which there was no
 * memory, and warns when it is to remove them.
 */
static void interrupts_spare(void)
{
	unsigned long long start, end;
	char text[24];

	function_find("register_irq_proc", &start, &end);
	snprintf(text, sizeof(text), "0x%llx", start);
	knob_write("failslab", "reject-start", text);
	snprintf(text, sizeof(text), "0x%llx", end);
	knob_write("failslab", "reject-end", text);
}

/* Only what is below a module's function, and without a word in the log */
static void injection_open(void)
{
	static const char *const injectors[] = { "failslab", "fail_page_alloc", "fail_usercopy" };

	for (size_t i = 0; i < sizeof(injectors) / sizeof(injectors[0]); i++) {
		knob_write(injectors[i], "require-start", MODULES_START);
		knob_write(injectors[i], "require-end", MODULES_END);
		knob_write(injectors[i], "verbose", "0");
	}
	if (device_is("pci"))
		interrupts_spare();
	knob_write("failslab", "ignore-gfp-wait", "N");
	knob_write("fail_page_alloc", "ignore-gfp-wait", "N");
	knob_write("fail_page_alloc", "min-order", "0");
	injection = (int)MUST(open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC));
}

static void injection_set(unsigned int n)
{
	char text[16];
	int size = snprintf(text, sizeof(text), "%u", n);

	MUST(pwrite(injection, text, (size_t)size, 0));
}

/* Has the one that was to fail failed? */
static bool injection_end(void)
{
	char text[16] = "";

	MUST(pread(injection, text, sizeof(text) - 1, 0));
	injection_set(0);
	return atoi(text) == 0;
}

/* ------------------------------------------------------------------- stage */

/* What the calls work on, made anew for each */
struct stage {
	int node;
	int ctx;
	uint64_t id;
	uint32_t pasid;
	uint32_t reason;	/* of the call, where it has one */
	int other;		/* what the call made: a file */
	void *made;		/* and memory */
	int eventfd;
	int holders;
	char *memory;
	struct sva_region_info regions[SVA_ACCEL_NUM_REGIONS];
};

struct sweep {
	const char *name;
	void (*prepare)(struct stage *stage);
	int (*act)(struct stage *stage);
	void (*undo)(struct stage *stage);	/* of a call that succeeded */
	void (*clear)(struct stage *stage);	/* in any case */
	bool tells;				/* a failure has a reason (R7) */
};

static void nothing(struct stage *stage)
{
	(void)stage;
}

static void with_node(struct stage *stage)
{
	stage->node = node_open();
}

static void with_unbound(struct stage *stage)
{
	with_node(stage);
	stage->ctx = context_create(stage->node, getpid(), &stage->id);
}

static void with_bound(struct stage *stage)
{
	with_unbound(stage);
	stage->pasid = context_bind(stage->ctx);
}

static bool context_has_gone(void *arg)
{
	struct stage *stage = arg;

	return !context_listed(stage->node, stage->id, NULL);
}

static void clear(struct stage *stage)
{
	if (stage->ctx >= 0) {
		close(stage->ctx);
		CHECK(wait_until(context_has_gone, stage, PATIENCE_MS),
		      "the context has not ended");
	}
	close(stage->node);
}

/* One call whose argument is a struct with argsz and reason */
#define CALL(stage, fd, number, argument)					\
	({									\
		int call_result;						\
										\
		(argument)->argsz = sizeof(*(argument));			\
		call_result = call(fd, number, argument);			\
		(stage)->reason = (argument)->reason;				\
		call_result;							\
	})

/* ---------------------------------------------------------- control node */

static int act_open(struct stage *stage)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/sva/%s", device_name());
	stage->node = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	return stage->node < 0 ? -errno : 0;
}

static int act_device_info(struct stage *stage)
{
	struct sva_device_info arg = { 0 };

	return CALL(stage, stage->node, SVA_DEVICE_GET_INFO, &arg);
}

static int act_type_info(struct stage *stage)
{
	struct sva_type_info arg = { 0 };

	return CALL(stage, stage->node, SVA_DEVICE_GET_TYPE_INFO, &arg);
}

static int act_create(struct stage *stage)
{
	struct sva_create_context arg = { .owner = getpid(), .account = 4711 };
	int result = CALL(stage, stage->node, SVA_DEVICE_CREATE_CONTEXT, &arg);

	if (!result) {
		stage->ctx = arg.fd;
		stage->id = arg.id;
	}
	return result;
}

static int act_list(struct stage *stage)
{
	struct sva_context_entry entry;
	struct sva_list_contexts arg = {
		.count = 1, .entries = (uintptr_t)&entry, .entry_size = sizeof(entry),
	};

	return CALL(stage, stage->node, SVA_DEVICE_LIST_CONTEXTS, &arg);
}

static int act_revoke(struct stage *stage)
{
	struct sva_revoke_context arg = { .id = stage->id };

	return CALL(stage, stage->node, SVA_DEVICE_REVOKE_CONTEXT, &arg);
}

static int act_reset(struct stage *stage)
{
	struct sva_device_reset arg = { 0 };

	return CALL(stage, stage->node, SVA_DEVICE_RESET, &arg);
}

static void undo_reset(struct stage *stage)
{
	event_await(stage->node, SVA_EVENT_RESET, 0);
}

static int act_read_events(struct stage *stage)
{
	struct sva_event event;

	return read(stage->node, &event, sizeof(event)) < 0 ? -errno : 0;
}

static int act_poll(struct stage *stage)
{
	struct pollfd fds[] = {
		{ .fd = stage->node, .events = POLLIN }, { .fd = stage->ctx, .events = POLLIN },
	};

	return poll(fds, 2, 0) < 0 ? -errno : 0;
}

/* ---------------------------------------------------------------- context */

static int act_bind(struct stage *stage)
{
	struct sva_bind_task arg = { 0 };

	return CALL(stage, stage->ctx, SVA_BIND_TASK, &arg);
}

static int act_unbind(struct stage *stage)
{
	struct sva_unbind_task arg = { .pasid = stage->pasid };

	return CALL(stage, stage->ctx, SVA_UNBIND_TASK, &arg);
}

static int act_close(struct stage *stage)
{
	return close(stage->ctx) ? -errno : 0;
}

static void undo_close(struct stage *stage)
{
	CHECK(wait_until(context_has_gone, stage, PATIENCE_MS), "the context has not ended");
	stage->ctx = -1;
}

static int act_context_info(struct stage *stage)
{
	struct sva_context_info arg = { 0 };

	return CALL(stage, stage->ctx, SVA_CONTEXT_GET_INFO, &arg);
}

static int act_region_info(struct stage *stage)
{
	struct sva_region_info arg = { 0 };

	return CALL(stage, stage->ctx, SVA_CONTEXT_GET_REGION_INFO, &arg);
}

static int act_irq_info(struct stage *stage)
{
	struct sva_irq_info arg = { 0 };

	return CALL(stage, stage->ctx, SVA_CONTEXT_GET_IRQ_INFO, &arg);
}

static void with_eventfd(struct stage *stage)
{
	with_bound(stage);
	stage->eventfd = (int)MUST(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

static void clear_eventfd(struct stage *stage)
{
	clear(stage);
	close(stage->eventfd);
}

static int set_irqs(struct stage *stage, uint32_t flags, uint32_t index)
{
	int32_t fd = stage->eventfd;
	struct sva_set_irqs arg = {
		.flags = flags, .index = index, .count = 1, .fds = (uintptr_t)&fd,
	};

	return CALL(stage, stage->ctx, SVA_CONTEXT_SET_IRQS, &arg);
}

static int act_eventfd(struct stage *stage)
{
	return set_irqs(stage, SVA_IRQ_SET_EVENTFD, SVA_ACCEL_IRQ_COMPLETION);
}

static int act_unmask_eventfd(struct stage *stage)
{
	return set_irqs(stage, SVA_IRQ_SET_UNMASK_EVENTFD, SVA_ACCEL_IRQ_ERROR);
}

#define PINNED (16 * PAGE)

static void with_memory(struct stage *stage)
{
	with_bound(stage);
	stage->memory = pages_alloc(PINNED);
	memset(stage->memory, 1, PINNED);
}

static void clear_memory(struct stage *stage)
{
	clear(stage);
	munmap(stage->memory, PINNED);
}

static int pin_call(struct stage *stage, unsigned int number, uint32_t flags)
{
	struct sva_pin arg = {
		.flags = flags, .address = (uintptr_t)stage->memory, .size = PINNED,
	};

	return CALL(stage, stage->ctx, number, &arg);
}

static int act_pin(struct stage *stage)
{
	return pin_call(stage, SVA_CONTEXT_PIN, SVA_PIN_READ | SVA_PIN_WRITE);
}

/* All of the range or none of it: the same can be pinned and unpinned again */
static void undo_pin(struct stage *stage)
{
	CHECK_EQ(pin_call(stage, SVA_CONTEXT_UNPIN, 0), 0);
}

static void with_pinned(struct stage *stage)
{
	with_memory(stage);
	CHECK_EQ(act_pin(stage), 0);
}

static int act_unpin(struct stage *stage)
{
	return pin_call(stage, SVA_CONTEXT_UNPIN, 0);
}

/* ---------------------------------------------------------------- regions */

static void with_regions(struct stage *stage)
{
	with_bound(stage);
	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++)
		stage->regions[i] = region_info(stage->ctx, i);
}

static int map_region(struct stage *stage, unsigned int index, int prot)
{
	const struct sva_region_info *info = &stage->regions[index];

	stage->made = mmap(NULL, info->size, prot, MAP_SHARED, stage->ctx, (off_t)info->offset);
	return stage->made == MAP_FAILED ? -errno : 0;
}

static void unmap_region(struct stage *stage, unsigned int index)
{
	munmap(stage->made, stage->regions[index].size);
}

static int act_map_doorbell(struct stage *stage)
{
	return map_region(stage, SVA_ACCEL_REGION_DOORBELL, PROT_READ | PROT_WRITE);
}

static void undo_map_doorbell(struct stage *stage)
{
	unmap_region(stage, SVA_ACCEL_REGION_DOORBELL);
}

static int act_map_ring(struct stage *stage)
{
	return map_region(stage, SVA_ACCEL_REGION_RING, PROT_READ | PROT_WRITE);
}

static void undo_map_ring(struct stage *stage)
{
	unmap_region(stage, SVA_ACCEL_REGION_RING);
}

static int act_map_status(struct stage *stage)
{
	return map_region(stage, SVA_ACCEL_REGION_STATUS, PROT_READ);
}

static void undo_map_status(struct stage *stage)
{
	unmap_region(stage, SVA_ACCEL_REGION_STATUS);
}

static void with_mapped_doorbell(struct stage *stage)
{
	int line[2];

	with_regions(stage);
	CHECK_EQ(act_map_doorbell(stage), 0);
	MUST(pipe(line));
	stage->eventfd = line[0];
	stage->other = line[1];
}

/* The kernel touches the page for us, so that what is not there is EFAULT and no signal */
static int act_touch_doorbell(struct stage *stage)
{
	return write(stage->other, stage->made, 1) < 0 ? -errno : 0;
}

static void clear_mapped_doorbell(struct stage *stage)
{
	undo_map_doorbell(stage);
	close(stage->other);
	clear_eventfd(stage);
}

static int act_pread_ring(struct stage *stage)
{
	off_t offset = (off_t)stage->regions[SVA_ACCEL_REGION_RING].offset;
	char bytes[64];

	return pread(stage->ctx, bytes, sizeof(bytes), offset) < 0 ? -errno : 0;
}

static int act_pwrite_doorbell(struct stage *stage)
{
	off_t offset = (off_t)stage->regions[SVA_ACCEL_REGION_DOORBELL].offset;
	uint32_t tail = 0;

	return pwrite(stage->ctx, &tail, sizeof(tail), offset) < 0 ? -errno : 0;
}

/* ------------------------------------------------- holders in the kernel */

static void with_holders(struct stage *stage)
{
	with_bound(stage);
	stage->holders = (int)MUST(open("/dev/sva_test", O_RDWR | O_CLOEXEC));
}

static int act_hold(struct stage *stage)
{
	struct sva_test_hold arg = { .fd = stage->ctx };

	return call(stage->holders, SVA_TEST_HOLD, &arg);
}

static void clear_holders(struct stage *stage)
{
	close(stage->holders);
	clear(stage);
}

/* --------------------------------------------- partitions, drivers, modules */

#define PARTITION "5f4a0000-0000-4000-8000-00000000fa17"

static int sysfs_write(const char *device, const char *attribute, const char *text)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/class/sva/%s/%s", device, attribute);
	return text_write(path, text);
}

static int act_partition_create(struct stage *stage)
{
	(void)stage;
	return sysfs_write(device_name(), "types/shared/create", PARTITION " 4");
}

static void undo_partition_create(struct stage *stage)
{
	(void)stage;
	CHECK_EQ(sysfs_write(PARTITION, "remove", "1"), 0);
}

static void with_partition(struct stage *stage)
{
	CHECK_EQ(act_partition_create(stage), 0);
}

static int act_partition_remove(struct stage *stage)
{
	(void)stage;
	return sysfs_write(PARTITION, "remove", "1");
}

static void clear_partition(struct stage *stage)
{
	(void)stage;
	if (!access("/sys/class/sva/" PARTITION, F_OK))
		CHECK_EQ(act_partition_remove(stage), 0);
}

static char driver[160], driver_device[64];

static void driver_find(void)
{
	char path[128], link[160];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/class/sva/%s/device/driver", device_name());
	CHECK(realpath(path, driver), "%s: %s", path, strerror(errno));
	snprintf(path, sizeof(path), "/sys/class/sva/%s/device", device_name());
	n = MUST(readlink(path, link, sizeof(link) - 1));
	link[n] = '\0';
	snprintf(driver_device, sizeof(driver_device), "%s", strrchr(link, '/') + 1);
}

static int driver_order(const char *order)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", driver, order);
	return text_write(path, driver_device);
}

static bool node_is_back(void *arg)
{
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "/dev/sva/%s", device_name());
	return attribute_read("contexts") >= 0 && access(path, F_OK) == 0;
}

static void with_driver_unbound(struct stage *stage)
{
	(void)stage;
	CHECK_EQ(driver_order("unbind"), 0);
}

static int act_driver_bind(struct stage *stage)
{
	(void)stage;
	return driver_order("bind");
}

static void undo_driver_bind(struct stage *stage)
{
	(void)stage;
	CHECK(wait_until(node_is_back, NULL, PATIENCE_MS), "the device did not come back");
}

static void clear_driver(struct stage *stage)
{
	(void)stage;
	if (attribute_read("contexts") < 0)
		CHECK_EQ(driver_order("bind"), 0);
	CHECK(wait_until(node_is_back, NULL, PATIENCE_MS), "the device did not come back");
}

static int act_driver_unbind(struct stage *stage)
{
	(void)stage;
	return driver_order("unbind");
}

static void modules_unload_all(void)
{
	static char *const names[] = { "sva_test", "sva_soft", "sva_pci", "sva_softiommu", "sva" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CHECK(wait_until(module_is_unloaded, names[i], PATIENCE_MS), "%s stays loaded",
		      names[i]);
}

/* Each context of the PCIe device has an interrupt, which takes long to set up and clear */
#define FEW_CONTEXTS "contexts=2"

/* The module that is loaded, below which the others are already */
static const char *module_name, *module_parameters;
static bool module_has_drivers;

static int act_load(struct stage *stage)
{
	(void)stage;
	return module_load(module_name, module_parameters);
}

static void undo_load(struct stage *stage)
{
	(void)stage;
	CHECK(wait_until(module_is_unloaded, (char *)module_name, PATIENCE_MS), "%s stays loaded",
	      module_name);
}

/* What describes a device that is made in software, and has no other trace */
static int software_nodes(void)
{
	DIR *dir = opendir("/sys/kernel/software_nodes");
	int count = 0;

	CHECK(dir, "/sys/kernel/software_nodes: %s", strerror(errno));
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static int nodes_before;

static void clear_load(struct stage *stage)
{
	(void)stage;
	CHECK(software_nodes() == nodes_before, "%s leaves software nodes: %d, not %d",
	      module_name, software_nodes(), nodes_before);
}

/* ------------------------------------------------------------------ sweeps */

/* What it says without memory to note whose registers they are, or to set up interrupts */
static bool is_of_the_pci_core(int result)
{
	return result == -EBUSY || result == -ENODEV || result == -ENOSPC;
}

/* That something is wrong is said by an error that fits, and by a reason where there is one */
static void check_error(const struct sweep *sweep, const struct stage *stage, unsigned int n,
			int result)
{
	/* the IOMMU core's own: it says no more where it has no memory for a PASID */
	if (result == -ENOSPC && stage->reason == SVA_REASON_PASID_TAKEN)
		return;
	/* the driver core's: it says so where it has none for a module's folder of drivers */
	if (result == -EINVAL && sweep->act == act_load && module_has_drivers)
		return;
	if (sweep->act == act_driver_bind && device_is("pci") && is_of_the_pci_core(result))
		return;
	CHECK(result == -ENOMEM || result == -EFAULT, "%s, point %u: %d (%s), reason %u",
	      sweep->name, n, result, strerror(-result), stage->reason);
	if (!sweep->tells)
		return;
	if (result == -ENOMEM)
		CHECK(stage->reason == SVA_REASON_NO_MEMORY, "%s, point %u: ENOMEM, reason %u",
		      sweep->name, n, stage->reason);
	else
		CHECK(!stage->reason || stage->reason == SVA_REASON_BAD_POINTER,
		      "%s, point %u: EFAULT, reason %u", sweep->name, n, stage->reason);
}

/* One call, of which point @n fails; 0: none.  Did it come to that point? */
static bool sweep_once(const struct sweep *sweep, unsigned int n, int *result)
{
	struct stage stage = { .node = -1, .ctx = -1, .other = -1, .eventfd = -1, .holders = -1 };
	bool fired;

	sweep->prepare(&stage);
	injection_set(n);
	*result = sweep->act(&stage);
	fired = injection_end() && n;
	if (*result && fired)
		check_error(sweep, &stage, n, *result);
	CHECK(fired || !*result, "%s with no point to fail: %s, reason %u", sweep->name,
	      strerror(-*result), stage.reason);
	if (!*result)
		sweep->undo(&stage);
	sweep->clear(&stage);
	return fired;
}

/* No count was forgotten: a reset waits for all that is bound */
static void device_works(const char *name)
{
	struct stage stage = { .node = -1, .ctx = -1 };

	with_node(&stage);
	device_reset(stage.node);
	CHECK(device_info(stage.node).contexts == 0, "after %s there are contexts", name);
	stage.ctx = context_bound(stage.node, &stage.id, &stage.pasid);
	clear(&stage);
}

static void sweep_run(const struct sweep *sweep)
{
	unsigned int n, failed = 0;
	int result;

	(void)sweep_once(sweep, 0, &result);	/* what is made once and stays */
	for (n = 1; sweep_once(sweep, n, &result); n++) {
		int again;

		CHECK(n < POINTS_MAX, "%s comes to more than %u points", sweep->name, n);
		if (!result)
			continue;	/* the call with the next point shows that it works on */
		failed++;
		(void)sweep_once(sweep, 0, &again);
	}
	test_note("%-24s %4u points, %4u of them end the call", sweep->name, n - 1, failed);
}

static void sweeps_run(const struct sweep *sweeps, size_t count)
{
	injection_open();
	for (size_t i = 0; i < count; i++) {
		sweep_run(&sweeps[i]);
		device_works(sweeps[i].name);
	}
}

#define SWEEPS(...)								\
	do {									\
		static const struct sweep all_sweeps[] = { __VA_ARGS__ };	\
										\
		sweeps_run(all_sweeps, sizeof(all_sweeps) / sizeof(all_sweeps[0])); \
	} while (0)

DEBUG_TEST(R5, each_allocation_of_the_control_node_fails_once, 120)
{
	SWEEPS({ "open", nothing, act_open, nothing, clear, false },
	       { "DEVICE_GET_INFO", with_node, act_device_info, nothing, clear, true },
	       { "GET_TYPE_INFO", with_node, act_type_info, nothing, clear, true },
	       { "CREATE_CONTEXT", with_node, act_create, nothing, clear, true },
	       { "LIST_CONTEXTS", with_unbound, act_list, nothing, clear, true },
	       { "REVOKE_CONTEXT", with_bound, act_revoke, nothing, clear, true },
	       { "RESET", with_node, act_reset, undo_reset, clear, true },
	       { "read of events", with_bound, act_read_events, nothing, clear, false },
	       { "poll", with_bound, act_poll, nothing, clear, false });
}

DEBUG_TEST(R5, each_allocation_of_a_context_fails_once, 120)
{
	SWEEPS({ "BIND_TASK", with_unbound, act_bind, nothing, clear, true },
	       { "UNBIND_TASK", with_bound, act_unbind, nothing, clear, true },
	       { "close", with_bound, act_close, undo_close, clear, false },
	       { "CONTEXT_GET_INFO", with_bound, act_context_info, nothing, clear, true },
	       { "GET_REGION_INFO", with_bound, act_region_info, nothing, clear, true },
	       { "GET_IRQ_INFO", with_bound, act_irq_info, nothing, clear, true },
	       { "SET_IRQS eventfd", with_eventfd, act_eventfd, nothing, clear_eventfd, true },
	       { "SET_IRQS unmask", with_eventfd, act_unmask_eventfd, nothing, clear_eventfd, true },
	       { "PIN", with_memory, act_pin, undo_pin, clear_memory, true },
	       { "UNPIN", with_pinned, act_unpin, nothing, clear_memory, true });
}

DEBUG_TEST(R6, each_allocation_of_a_mapping_fails_once, 120)
{
	SWEEPS({ "mmap doorbell", with_regions, act_map_doorbell, undo_map_doorbell, clear, false },
	       { "mmap ring", with_regions, act_map_ring, undo_map_ring, clear, false },
	       { "mmap status", with_regions, act_map_status, undo_map_status, clear, false },
	       { "fault on the doorbell", with_mapped_doorbell, act_touch_doorbell, nothing,
		 clear_mapped_doorbell, false },
	       { "pread ring", with_regions, act_pread_ring, nothing, clear, false },
	       { "pwrite doorbell", with_regions, act_pwrite_doorbell, nothing, clear, false });
}

DEBUG_TEST(R5, each_allocation_of_a_holder_fails_once, 120)
{
	sva_test_load();
	SWEEPS({ "get_external", with_holders, act_hold, nothing, clear_holders, false });
}

DEBUG_TEST(R5, each_allocation_of_a_partition_fails_once, 120)
{
	SWEEPS({ "create partition", nothing, act_partition_create, undo_partition_create,
		 nothing, false },
	       { "remove partition", with_partition, act_partition_remove, nothing,
		 clear_partition, false });
}

DEBUG_TEST(R6, each_allocation_of_device_registration_fails_once, 240)
{
	if (device_is("pci"))
		provider_reload(FEW_CONTEXTS);
	driver_find();
	SWEEPS({ "register", with_driver_unbound, act_driver_bind, undo_driver_bind,
		 clear_driver, false },
	       { "unregister", nothing, act_driver_unbind, nothing, clear_driver, false });
}

static void load_swept(const char *name, bool has_drivers)
{
	static const struct sweep sweep = { "", nothing, act_load, undo_load, clear_load, false };
	struct sweep named = sweep;

	module_name = named.name = name;
	module_parameters = strcmp(name, "sva_pci") ? "" : FEW_CONTEXTS;
	module_has_drivers = has_drivers;
	nodes_before = software_nodes();
	sweep_run(&named);
	CHECK_EQ(module_load(name, ""), 0);
}

DEBUG_TEST(R5, each_allocation_of_module_load_fails_once, 240)
{
	bool pci = device_is("pci");

	modules_unload_all();
	injection_open();
	load_swept("sva", false);
	if (!pci)
		load_swept("sva_softiommu", false);
	load_swept(pci ? "sva_pci" : "sva_soft", true);
	CHECK(wait_until(node_is_back, NULL, PATIENCE_MS), "the device did not come");
	load_swept("sva_test", true);
}
