/* SPDX-License-Identifier: GPL-2.0 */
/*
 * accel.h - what the reference accelerator is in both its forms, in software
 * (soft/) and as a PCIe function (pci/)
 */
#ifndef SVA_KERNEL_ACCEL_H
#define SVA_KERNEL_ACCEL_H

#include <linux/device.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sva_accel.h>
#include <linux/sysfs.h>

#include "core/provider.h"

/**
 * enum accel_misbehave - how the device misbehaves, for tests of R3
 * @ACCEL_HOLD: it cannot say that it stopped, and its reset fails
 * @ACCEL_STALE: it keeps accessing after it was stopped, until it is reset
 * @ACCEL_LATE: the same, but it comes to an end by itself and says so then
 * @ACCEL_NEVER: its stop times out
 * @ACCEL_MUTE: it has no means to tell
 * @ACCEL_REPLAY: it keeps accessing, whatever it remembers under whatever it remembers
 */
enum accel_misbehave {
	ACCEL_BEHAVE,
	ACCEL_HOLD,
	ACCEL_STALE,
	ACCEL_LATE,
	ACCEL_NEVER,
	ACCEL_MUTE,
	ACCEL_REPLAY,
	ACCEL_NUM_MODES
};

static inline const char *const *accel_misbehave_names(void)
{
	static const char *const names[ACCEL_NUM_MODES] = {
		[ACCEL_BEHAVE] = "none",
		[ACCEL_HOLD] = "hold",
		[ACCEL_STALE] = "stale",
		[ACCEL_LATE] = "late",
		[ACCEL_NEVER] = "never",
		[ACCEL_MUTE] = "mute",
		[ACCEL_REPLAY] = "replay",
	};

	return names;
}

/* A device that was never told how many failed page requests it lets a context do */
#define ACCEL_FAULT_RATE	1000
#define ACCEL_FAULT_STRIKES	10

static inline const u32 *accel_irq_flags(void)
{
	static const u32 flags[SVA_ACCEL_NUM_IRQS] = {
		[SVA_ACCEL_IRQ_ERROR] = SVA_IRQ_FLAG_LEVEL,
	};

	return flags;
}

static inline void accel_describe_regions(struct sva_region regions[SVA_ACCEL_NUM_REGIONS],
					  u32 entries, enum sva_region_kind doorbell,
					  enum sva_region_kind memory)
{
	const u64 ring = PAGE_ALIGN((u64)entries * sizeof(struct sva_accel_desc));

	for (u32 i = 0; i < SVA_ACCEL_NUM_REGIONS; i++) {
		regions[i].size = i == SVA_ACCEL_REGION_RING ? ring : PAGE_SIZE;
		regions[i].offset = (u64)(i + 1) << 32;
		regions[i].flags = SVA_REGION_FLAG_READ | SVA_REGION_FLAG_MMAP;
		if (i != SVA_ACCEL_REGION_STATUS)
			regions[i].flags |= SVA_REGION_FLAG_WRITE;
		regions[i].kind = i == SVA_ACCEL_REGION_DOORBELL ? doorbell : memory;
	}
}

/* Which of fault_histogram[] a page request group counts in whose answer took so long */
static inline u32 accel_fault_bucket(u64 ns)
{
	u64 us = DIV_ROUND_UP_ULL(ns, NSEC_PER_USEC);

	return us <= 1 ? 0 : min_t(u32, fls64(us - 1), SVA_FAULT_BUCKETS - 1);
}

#endif /* SVA_KERNEL_ACCEL_H */
