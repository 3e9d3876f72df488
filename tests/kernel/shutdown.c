// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shutdown.c - the machine ends while contexts are at work: restart, power off, and
 * another kernel that takes the machine over
 *
 *	shutdown --helper now restart|poweroff
 *	shutdown --helper now kexec KERNEL INITRD
 *	shutdown --helper partition	with a context of a partition at work; restart
 *
 * It never comes back; tests/kernel/shutdown.sh judges by the console.  As the first
 * process of that other kernel it says that it is there, and restarts the machine.
 */
#include <fcntl.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/reboot.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "ring.h"

#define COLD (256u << 20)
#define CMDLINE "console=ttyS0 panic=-1"

static void console_say(const char *text)
{
	int err = text_write("/dev/kmsg", text);

	CHECK(err == 0, "/dev/kmsg: %s", strerror(-err));
}

/* The only process of another kernel; /dev/console is there without our doing */
__attribute__((constructor)) static void second_kernel(void)
{
	if (getpid() != 1)
		return;
	puts("sva test: the second kernel is there");
	fflush(stdout);
	reboot(RB_AUTOBOOT);
	pause();
}

struct loop {
	struct loop *next;
	uint64_t key;
};

enum load { IDLE, BUSY, FAULTING, RINGING, LOADS };

/* Nobody kills it: it goes on until there is no machine any more */
static void works_to_the_end(int line, void *arg)
{
	static _Alignas(64) struct sva_accel_completion done;
	static struct loop loop = { .next = &loop };
	enum load load = *(enum load *)arg;
	struct sva_accel_desc job;
	struct queue queue;

	queue_open(&queue);
	job = load == FAULTING ? job_crc(pages_alloc(COLD), COLD, 0) :
	      job_walk(&loop, offsetof(struct loop, next), offsetof(struct loop, key));
	job.completion = (uintptr_t)&done;
	if (load == BUSY || load == FAULTING)
		ring_submit(&queue.ring, &job);
	CHECK_EQ(ring_state(&queue.ring), SVA_ACCEL_QUEUE_RUNNING);
	word_send(line, queue.id);
	while (load == RINGING) {
		if (ring_try_put(&queue.ring, &(struct sva_accel_desc){ .opcode = SVA_ACCEL_OP_NOP }))
			ring_kick(&queue.ring);
	}
	for (;;)
		pause();
}

static void kernel_load(const char *kernel, const char *initrd)
{
	int kernel_fd = (int)MUST(open(kernel, O_RDONLY | O_CLOEXEC));
	int initrd_fd = (int)MUST(open(initrd, O_RDONLY | O_CLOEXEC));

	MUST(syscall(SYS_kexec_file_load, kernel_fd, initrd_fd, sizeof(CMDLINE), CMDLINE, 0));
}

HELPER(now)
{
	const char *how = argc > 1 ? argv[1] : "restart";
	struct child child[2 * LOADS];

	if (argc > 3)
		kernel_load(argv[2], argv[3]);
	for (size_t i = 0; i < 2 * LOADS; i++) {
		enum load load = i % LOADS;

		child_start(&child[i], works_to_the_end, &load);
		word_receive(child[i].line);
	}
	CHECK_EQ(attribute_read("contexts"), 2 * LOADS);
	console_say("sva test: contexts are at work");
	reboot(!strcmp(how, "kexec") ? (int)LINUX_REBOOT_CMD_KEXEC :
	       !strcmp(how, "poweroff") ? RB_POWER_OFF : RB_AUTOBOOT);
	FAIL("%s: %s", how, strerror(errno));
}

/* ------------------------------------------------------------ a partition */

#define PART "5a5a0000-0000-4000-8000-000000000001"

static void partition_create(void)
{
	char path[128];
	int err;

	snprintf(path, sizeof(path), "/sys/class/sva/%s/types/shared/create", device_name());
	err = text_write(path, PART " 1");
	CHECK(err == 0, "%s: %s", path, strerror(-err));
}

static void say_what_is_told(const struct queue *queue)
{
	struct sva_region_info info = { .argsz = sizeof(info) };
	int result = call(queue->ctx, SVA_CONTEXT_GET_REGION_INFO, &info);
	uint32_t state = ring_state(&queue->ring);
	char text[128];

	if (state == SVA_ACCEL_QUEUE_GONE && result == -ENODEV &&
	    info.reason == SVA_REASON_DEVICE_GONE) {
		console_say("sva test: the partition says that it is gone");
		return;
	}
	snprintf(text, sizeof(text), "sva test: the partition's queue state is %u, an ioctl gives %s, reason %u",
		 state, strerrorname_np(-result), info.reason);
	console_say(text);
}

static void works_on_a_partition(int line, void *arg)
{
	struct queue queue;

	(void)arg;
	setenv("SVA_TEST_DEVICE", PART, 1);
	queue_open(&queue);
	queue_succeed(&queue, job_nop());
	word_send(line, queue.id);
	while (ring_state(&queue.ring) == SVA_ACCEL_QUEUE_RUNNING)
		sched_yield();
	say_what_is_told(&queue);
	for (;;)
		pause();
}

/* The device stops slowly, which leaves the time to look */
HELPER(partition)
{
	struct child child;

	(void)argc;
	(void)argv;
	partition_create();
	child_start(&child, works_on_a_partition, NULL);
	word_receive(child.line);
	misbehave("never");
	console_say("sva test: contexts are at work");
	reboot(RB_AUTOBOOT);
	FAIL("%s", strerror(errno));
}
