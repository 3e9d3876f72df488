/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libsva_fake_kernel.h - sva.ko's ioctls, for libsva's tests
 *
 * Link with -Wl,--wrap=ioctl.  The context's fd is a memfd, whose pages can be
 * mapped and written as a context's regions are, or one end of a socket pair,
 * on which a test can send events.  Ioctls on any other fd fail as they do on
 * what is no context.
 */
#ifndef LIBSVA_FAKE_KERNEL_H
#define LIBSVA_FAKE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/sva.h>
#include <linux/sva_accel.h>

#define FAKE_PASID	7
#define FAKE_ENTRIES	8	/* of the submission ring */

/**
 * struct fake_kernel - what the next ioctls do, and what the last ones were
 * @error, @reason: of every ioctl while error is not 0 (a negative errno)
 * @interrupts: that many binds fail with EINTR first
 * @bind_error, @bind_reason: of binds alone
 * @no_mmap: region whose flags lack MMAP; -1: none
 */
struct fake_kernel {
	int fd;			/* the context's, as svad would hold it */
	int peer;		/* the other end of a socket pair, or -1 */
	int error;
	uint32_t reason;
	int interrupts;
	int bind_error;
	uint32_t bind_reason;
	int no_mmap;
	uint32_t last_reason;
	uint32_t end_reason;
	uint32_t release;

	int binds;
	int unbinds;
	uint32_t bind_flags;
	uint32_t unbind_flags;
	uint32_t unbind_pasid;
	unsigned long pin_request;	/* the last one */
	struct sva_pin pin;
	int eventfd;		/* a copy of what SET_IRQS was given, -1: none */
	int irq_sets;
};

extern struct fake_kernel fake_kernel;

/* Starts over, with a memfd of the reference accelerator's regions */
void fake_kernel_regions(void);

/* Starts over, with a socket pair */
void fake_kernel_events(void);

void fake_kernel_end(void);

/* Is @fd the fake context? */
bool fake_kernel_is_context(int fd);

/* The device's own view of its regions */
struct fake_regions {
	struct sva_accel_doorbell *doorbell;
	struct sva_accel_desc *ring;
	struct sva_accel_status *status;
};

void fake_regions_map(struct fake_regions *regions);
void fake_regions_unmap(struct fake_regions *regions);

#endif /* LIBSVA_FAKE_KERNEL_H */
