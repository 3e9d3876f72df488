/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * memory.h - what a device does with memory: the guest's, and a process's through
 * translations
 */
#ifndef SVA_DEVICE_MEMORY_H
#define SVA_DEVICE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct context;
struct accel;

/**
 * struct place - some bytes of one page
 * @host: where they can be read
 * @memory: their address in the guest's memory, for memory_store()
 */
struct place {
	const uint8_t *host;
	uint64_t memory;
	size_t len;
};

/*
 * The bytes from @address on, as far as the page goes and at most @len; false when
 * no translation is there that allows it.  With the context's lock held.
 */
bool memory_at(struct context *ctx, uint64_t address, uint64_t len, bool write,
	       struct place *place);

/* Writes, so that a CPU that has code there sees it; with the context's lock held */
void memory_store(const struct place *place, const void *data, size_t len);
/* 32 bits at once, behind everything that was written before */
void memory_store_u32(const struct place *place, uint32_t value);

/* Where the guest's memory at @memory is in this process; NULL: it is not RAM.  BQL */
uint8_t *memory_host(uint64_t memory);
/* The same of a bus address, as the function itself accesses it.  BQL */
uint8_t *memory_host_bus(struct accel *accel, uint64_t bus);

#endif /* SVA_DEVICE_MEMORY_H */
