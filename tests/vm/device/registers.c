// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * registers.c - BAR 0 and BAR 2, as kernel/pci/registers.h lays them out
 *
 * Registers are read and written with the BQL, doorbells without: a store of a
 * tail costs no more than the store and, where the engine sleeps, its wake-up.
 */
#include "tests/vm/device/device.h"
#include "tests/vm/device/pages.h"
#include "tests/vm/device/rogue.h"

#define PCI_MEMORY_64	0x04	/* hw/pci/pci.h: PCI_BASE_ADDRESS_MEM_TYPE_64 */

#define CONTEXT_BLOCK	0x100u

static uint64_t power_of_two(uint64_t n)
{
	uint64_t power = 1;

	while (power < n)
		power <<= 1;
	return power;
}

/* ---------------------------------------------------------------- global */

static uint32_t caps(const struct accel *accel)
{
	return accel->num_contexts | MAX_RING_ORDER << 16 |
	       (accel->rogue ? SVA_PCI_CAPS_ROGUE : 0);
}

static uint32_t events_word(struct accel *accel, uint32_t word)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < 32 && word * 32 + i < accel->num_contexts; i++)
		if (context_at(accel, word * 32 + i)->events)
			bits |= 1u << i;
	return bits;
}

static uint32_t half(uint64_t value, hwaddr addr)
{
	return (uint32_t)(addr & 4 ? value >> 32 : value);
}

static uint32_t rogue_read(struct accel *accel, hwaddr addr)
{
	if (!accel->rogue)
		return 0;
	switch (addr & ~4ull) {
	case SVA_PCI_REFUSED: return half(accel->refused, addr);
	case SVA_PCI_LANDED: return half(accel->landed, addr);
	}
	return addr == SVA_PCI_MISBEHAVE ? accel->misbehave : 0;
}

static uint32_t global_read(struct accel *accel, hwaddr addr)
{
	if (addr >= SVA_PCI_EVENTS && addr < SVA_PCI_EVENTS + SVA_PCI_MAX_CONTEXTS / 8)
		return events_word(accel, (uint32_t)(addr - SVA_PCI_EVENTS) / 4);
	switch (addr) {
	case SVA_PCI_ID: return SVA_PCI_ID_VALUE;
	case SVA_PCI_VERSION: return 1;
	case SVA_PCI_CAPS: return caps(accel);
	case SVA_PCI_CONTROL: return accel->control;
	case SVA_PCI_FAULT_RATE: return accel->fault_rate;
	case SVA_PCI_FAULT_STRIKES: return accel->fault_strikes;
	}
	return rogue_read(accel, addr);
}

static void control_write(struct accel *accel, uint32_t value)
{
	if (value & SVA_PCI_CONTROL_RESET)
		accel_reset(accel, false);
	else
		accel->control = value & SVA_PCI_CONTROL_ENABLE;
}

static void global_write(struct accel *accel, hwaddr addr, uint32_t value)
{
	switch (addr) {
	case SVA_PCI_CONTROL: control_write(accel, value); break;
	case SVA_PCI_FAULT_RATE: accel->fault_rate = value; break;
	case SVA_PCI_FAULT_STRIKES: accel->fault_strikes = value; break;
	case SVA_PCI_MISBEHAVE:
		if (accel->rogue && value <= SVA_PCI_MISBEHAVE_REPLAY)
			accel->misbehave = value;
		break;
	case SVA_PCI_BREAK:
		if (accel->rogue)
			rogue_break(accel, value);
		break;
	}
}

/* -------------------------------------------------------------- contexts */

static uint64_t counter(struct context *ctx, uint32_t offset)
{
	switch (offset) {
	case SVA_PCI_CTX_RING: return ctx->ring_bus;
	case SVA_PCI_CTX_STATUS: return ctx->status_bus;
	case SVA_PCI_CTX_FAULT_ADDR: return ctx->fault_address;
	case SVA_PCI_CTX_SUBMITTED: return ctx->submitted;
	case SVA_PCI_CTX_FAULTS: return ctx->shadow.faults;
	case SVA_PCI_CTX_PAGE_REQUESTS: return ctx->shadow.page_requests;
	case SVA_PCI_CTX_PAGE_GROUPS: return ctx->shadow.page_groups;
	case SVA_PCI_CTX_ATS_REQUESTS: return ctx->ats_requests;
	case SVA_PCI_CTX_STALE: return ctx->stale;
	case SVA_PCI_CTX_FAULT_NS: return ctx->shadow.fault_ns;
	case SVA_PCI_CTX_INVALIDATIONS: return ctx->invalidations;
	case SVA_PCI_CTX_WAITING: return pages_waiting_ns(ctx);
	}
	return 0;
}

static uint32_t context_read(struct context *ctx, uint32_t offset)
{
	if (offset >= SVA_PCI_CTX_HISTOGRAM &&
	    offset < SVA_PCI_CTX_HISTOGRAM + 4 * SVA_PCI_HISTOGRAM_BUCKETS)
		return ctx->histogram[(offset - SVA_PCI_CTX_HISTOGRAM) / 4];
	switch (offset) {
	case SVA_PCI_CTX_STATE: return ctx->state;
	case SVA_PCI_CTX_PASID: return ctx->pasid;
	case SVA_PCI_CTX_RING_ORDER: return ctx->ring_order;
	case SVA_PCI_CTX_EVENT: return ctx->events;
	case SVA_PCI_CTX_ERROR: return ctx->error;
	case SVA_PCI_CTX_EVIDENCE: return ctx->evidence;
	case SVA_PCI_CTX_FAULT_ACCESS: return ctx->fault_access;
	case SVA_PCI_CTX_FAULT_INFO: return ctx->fault_info;
	case SVA_PCI_CTX_TELL: return ctx->tell;
	}
	return half(counter(ctx, offset & ~4u), offset);
}

static void half_write(uint64_t *value, uint32_t offset, uint32_t new)
{
	if (offset & 4)
		*value = (*value & UINT32_MAX) | (uint64_t)new << 32;
	else
		*value = (*value & ~(uint64_t)UINT32_MAX) | new;
}

/* What a running context goes by cannot be changed under it */
static void setting_write(struct context *ctx, uint32_t offset, uint32_t value)
{
	if (ctx->state != SVA_PCI_STATE_IDLE)
		return;
	switch (offset & ~4u) {
	case SVA_PCI_CTX_RING: half_write(&ctx->ring_bus, offset, value); return;
	case SVA_PCI_CTX_STATUS: half_write(&ctx->status_bus, offset, value); return;
	}
	if (offset == SVA_PCI_CTX_PASID)
		ctx->pasid = value & 0xfffff;
	if (offset == SVA_PCI_CTX_RING_ORDER)
		ctx->ring_order = value;
	if (offset == SVA_PCI_CTX_TELL)
		ctx->tell = value & SVA_PCI_TELL_ALL;
}

/* The engine may be waiting for room for another */
static void events_clear(struct context *ctx, uint32_t bits)
{
	__atomic_fetch_and(&ctx->events, ~bits, __ATOMIC_RELEASE);
	context_wake(ctx);
}

static void context_write(struct context *ctx, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case SVA_PCI_CTX_COMMAND: context_command(ctx, value); break;
	case SVA_PCI_CTX_EVENT: events_clear(ctx, value); break;
	default: setting_write(ctx, offset, value); break;
	}
}

/* ------------------------------------------------------------------ BARs */

static uint32_t register_read(struct accel *accel, hwaddr addr)
{
	uint64_t n = (addr - SVA_PCI_CTX(0)) / CONTEXT_BLOCK;

	if (addr < SVA_PCI_CTX(0))
		return global_read(accel, addr);
	return n < accel->num_contexts ?
	       context_read(context_at(accel, (uint32_t)n), addr % CONTEXT_BLOCK) : 0;
}

static void register_write(struct accel *accel, hwaddr addr, uint32_t value)
{
	uint64_t n = (addr - SVA_PCI_CTX(0)) / CONTEXT_BLOCK;

	if (addr < SVA_PCI_CTX(0))
		global_write(accel, addr, value);
	else if (n < accel->num_contexts)
		context_write(context_at(accel, (uint32_t)n), addr % CONTEXT_BLOCK, value);
}

static uint64_t registers_read(void *opaque, hwaddr addr, unsigned int size)
{
	uint64_t value;

	if (rogue_vanished(opaque))
		return UINT64_MAX;
	value = register_read(opaque, addr);
	return size == 8 ? value | (uint64_t)register_read(opaque, addr + 4) << 32 : value;
}

static void registers_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	if (rogue_vanished(opaque))
		return;
	register_write(opaque, addr, (uint32_t)data);
	if (size == 8)
		register_write(opaque, addr + 4, (uint32_t)(data >> 32));
}

static uint32_t *doorbell(struct accel *accel, hwaddr addr)
{
	struct context *ctx;

	if (addr / PAGE_BYTES >= accel->num_contexts)
		return NULL;
	ctx = context_at(accel, (uint32_t)(addr / PAGE_BYTES));
	switch (addr % PAGE_BYTES) {
	case offsetof(struct sva_accel_doorbell, tail): return &ctx->tail;
	case offsetof(struct sva_accel_doorbell, abort): return &ctx->abort;
	}
	return NULL;
}

static uint64_t doorbells_read(void *opaque, hwaddr addr, unsigned int size)
{
	const uint32_t *low = doorbell(opaque, addr), *high = doorbell(opaque, addr + 4);
	uint64_t value = low ? __atomic_load_n(low, __ATOMIC_ACQUIRE) : 0;

	if (size == 8 && high)
		value |= (uint64_t)__atomic_load_n(high, __ATOMIC_ACQUIRE) << 32;
	return value;
}

static void doorbells_write(void *opaque, hwaddr addr, uint64_t data, unsigned int size)
{
	uint32_t *low = doorbell(opaque, addr), *high = doorbell(opaque, addr + 4);

	if (size == 8 && high)
		__atomic_store_n(high, (uint32_t)(data >> 32), __ATOMIC_RELEASE);
	if (!low)
		return;
	__atomic_store_n(low, (uint32_t)data, __ATOMIC_RELEASE);
	context_wake(context_at(opaque, (uint32_t)(addr / PAGE_BYTES)));
}

static struct MemoryRegionOps registers_ops = {
	.read = registers_read,
	.write = registers_write,
	.valid = { .min_access_size = 4, .max_access_size = 8 },
	.impl = { .min_access_size = 4, .max_access_size = 8 },
};

static struct MemoryRegionOps doorbells_ops = {
	.read = doorbells_read,
	.write = doorbells_write,
	.valid = { .min_access_size = 4, .max_access_size = 8 },
	.impl = { .min_access_size = 4, .max_access_size = 8 },
};

void registers_init(struct accel *accel, struct PCIDevice *pci)
{
	struct MemoryRegion *registers = (void *)accel->registers_region;
	struct MemoryRegion *doorbells = (void *)accel->doorbells_region;

	registers_ops.endianness = doorbells_ops.endianness = qemu.little_endian;
	qemu.memory_region_init_io(registers, accel->object, &registers_ops, accel,
				   "sva-registers", power_of_two(SVA_PCI_CTX(accel->num_contexts)));
	qemu.memory_region_init_io(doorbells, accel->object, &doorbells_ops, accel,
				   "sva-doorbells", power_of_two(accel->num_contexts) * PAGE_BYTES);
	qemu.memory_region_enable_lockless_io(doorbells);
	qemu.pci_register_bar(pci, SVA_PCI_BAR_REGISTERS, PCI_MEMORY_64, registers);
	qemu.pci_register_bar(pci, SVA_PCI_BAR_DOORBELLS, PCI_MEMORY_64, doorbells);
}
