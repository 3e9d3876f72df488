// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * overlay.c - says that the emulated IOMMU's page walks are coherent
 *
 * Linux binds address spaces only where VT-d's extended capabilities have SMPWC, which
 * QEMU 11.1 does not set.  In an emulator memory is coherent by nature, so the device
 * puts 8 bytes of its own, read-only, over that register, and says so at start.
 */
#include <stdio.h>

#include "tests/vm/device/device.h"

#define VTD_ECAP	0xfed90010ull
#define ECAP_SMPWC	(1ull << 48)
#define ECAP_SMTS	(1ull << 43)	/* scalable mode; without, SMPWC has no meaning */

static _Alignas(64) uint8_t region[QEMU_REGION_BYTES];
static uint64_t ecap;
static bool is_there;

static uint64_t ecap_read(void *opaque, hwaddr addr, unsigned int size)
{
	(void)opaque;
	return size == 8 ? ecap : (uint32_t)(ecap >> addr * 8);
}

static void ecap_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	(void)opaque, (void)addr, (void)data, (void)size;
}

static struct MemoryRegionOps ecap_ops = {
	.read = ecap_read,
	.write = ecap_write,
	.valid = { .min_access_size = 4, .max_access_size = 8 },
	.impl = { .min_access_size = 4, .max_access_size = 8 },
};

void overlay_init(struct accel *accel)
{
	if (is_there || !accel->coherent_walk)
		return;
	if (qemu.address_space_rw(qemu.address_space_memory, VTD_ECAP, MEMTXATTRS_UNSPECIFIED,
				  &ecap, sizeof(ecap), false) ||
	    !(ecap & ECAP_SMTS) || ecap == UINT64_MAX || (ecap & ECAP_SMPWC))
		return;
	ecap |= ECAP_SMPWC;
	ecap_ops.endianness = qemu.little_endian;
	qemu.memory_region_init_io((void *)region, NULL, &ecap_ops, NULL, "sva-ecap", 8);
	qemu.memory_region_add_subregion_overlap(qemu.get_system_memory(), VTD_ECAP,
						 (void *)region, 1);
	is_there = true;
	fputs("sva-accel: VT-d's ECAP.SMPWC (coherent page walk) reads as 1 in this guest; QEMU itself does not set it\n",
	      stderr);
}
