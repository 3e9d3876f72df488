// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * shutdown.c - the machine ends while contexts are at work: restart, power off, and
 * another kernel that takes the machine over
 *
 *	shutdown --helper now restart|poweroff
 *	shutdown --helper now kexec KERNEL INITRD
 *
 * It never comes back; tests/kernel/shutdown.sh judges by the console.  As the first
 * process of that other kernel it says that it is there, and restarts the machine.
 */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
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
