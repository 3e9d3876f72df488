// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * table.c - is a PASID being taken out of the IOMMU's table?
 *
 * The kernel clears the Present bit of its entry, then the caches, then the rest of the
 * entry.  QEMU 11.1 goes by the rest: a translation that is asked for between the last two
 * steps succeeds, and stays in the IOMMU's cache for ever.  Hardware would refuse it, so
 * the device looks at the bit before it asks.
 */
#include "tests/vm/device/device.h"
#include "tests/vm/device/memory.h"
#include "tests/vm/device/pages.h"

/* Intel's VT-d specification: registers, and tables of scalable mode */
#define VTD_RTADDR		0xfed90020ull
#define RTADDR_SCALABLE		0x400ull
#define TABLE_ADDRESS		(~0xfffull)
#define TABLE_PRESENT		1ull
#define ENTRY_FAULTS_OFF	2ull	/* the one bit that may stay behind */
#define CONTEXT_QWORDS		4	/* an entry a function; a page for half a bus */
#define ENTRY_QWORDS		8
#define ENTRIES_SHIFT		6	/* PASIDs of an entry of the directory */

static uint64_t qword_at(uint64_t table, uint64_t index)
{
	const uint8_t *page = memory_host((table & TABLE_ADDRESS) + index * 8 / PAGE_BYTES * PAGE_BYTES);

	return page ? __atomic_load_n((const uint64_t *)(const void *)(page + index * 8 % PAGE_BYTES),
				      __ATOMIC_ACQUIRE) : 0;
}

bool table_loses_pasid(struct accel *accel, uint32_t pasid)
{
	uint16_t requester = qemu.pci_requester_id(accel->pci);
	uint64_t root = 0, context, directory, entries, entry;

	if (qemu.address_space_rw(qemu.address_space_memory, VTD_RTADDR, MEMTXATTRS_UNSPECIFIED,
				  &root, sizeof(root), false) || !(root & RTADDR_SCALABLE))
		return false;
	context = qword_at(root, (requester >> 8) * 2u + ((requester & 0x80) != 0));
	directory = context & TABLE_PRESENT ? qword_at(context, (requester & 0x7fu) * CONTEXT_QWORDS) : 0;
	entries = directory & TABLE_PRESENT ? qword_at(directory, pasid >> ENTRIES_SHIFT) : 0;
	entry = entries & TABLE_PRESENT ?
		qword_at(entries, (pasid & ((1u << ENTRIES_SHIFT) - 1)) * ENTRY_QWORDS) : 0;
	return !(entry & TABLE_PRESENT) && (entry & ~ENTRY_FAULTS_OFF);
}
