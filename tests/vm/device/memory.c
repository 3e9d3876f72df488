// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * memory.c - the guest's memory, by the addresses that it has in this process
 *
 * The guest's RAM neither moves nor goes, so an address once found stays good.
 * Reading needs no more than it.  Writing goes through QEMU, which has to know when
 * a page changes that it has translated code of.
 */
#include "tests/vm/device/device.h"
#include "tests/vm/device/memory.h"

/* A piece of RAM that is contiguous here and there */
struct stretch {
	uint64_t start, len;
	uint8_t *host;
};

#define MAX_STRETCHES	64

static struct stretch stretches[MAX_STRETCHES];
static unsigned int num_stretches;

/* What a mapping of anything but RAM gives is a copy, and of no use here */
static uint8_t *map(struct AddressSpace *as, uint64_t address, uint64_t *len)
{
	uint64_t offset;
	uint8_t *host;
	bool ram;

	host = qemu.address_space_map(as, address, len, false, MEMTXATTRS_UNSPECIFIED);
	if (!host)
		return NULL;
	ram = qemu.memory_region_from_host(host, &offset) != NULL;
	qemu.address_space_unmap(as, host, *len, false, 0);
	return ram ? host : NULL;
}

uint8_t *memory_host(uint64_t memory)
{
	struct stretch new = { .start = memory & ~(PAGE_BYTES - 1), .len = UINT64_MAX >> 2 };
	const struct stretch *at;

	for (at = stretches; at < stretches + num_stretches; at++)
		if (memory - at->start < at->len)
			return at->host + (memory - at->start);
	new.host = map(qemu.address_space_memory, new.start, &new.len);
	if (!new.host || new.len < PAGE_BYTES)
		return NULL;
	if (num_stretches < MAX_STRETCHES)
		stretches[num_stretches++] = new;
	return new.host + (memory - new.start);
}

uint8_t *memory_host_bus(struct accel *accel, uint64_t bus)
{
	struct AddressSpace *as = qemu.pci_device_iommu_address_space(accel->pci);
	uint64_t len = PAGE_BYTES;
	uint8_t *host = map(as, bus, &len);

	return len == PAGE_BYTES ? host : NULL;
}

bool memory_at(struct context *ctx, uint64_t address, uint64_t len, bool write,
	       struct place *place)
{
	const struct translation *found = translations_find(&ctx->cache, address, write);
	uint64_t offset = address & (PAGE_BYTES - 1);

	if (!found)
		return false;
	place->host = found->host + offset;
	place->memory = found->memory + offset;
	place->len = PAGE_BYTES - offset < len ? PAGE_BYTES - offset : len;
	return true;
}

void memory_store(const struct place *place, const void *data, size_t len)
{
	qemu.address_space_write(qemu.address_space_memory, place->memory,
				 MEMTXATTRS_UNSPECIFIED, data, len);
}

/* The caller has written beside it, so that QEMU knows of the page already */
void memory_store_u32(const struct place *place, uint32_t value)
{
	__atomic_store_n((uint32_t *)(uintptr_t)place->host, value, __ATOMIC_RELEASE);
}
