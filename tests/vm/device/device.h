/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device.h - the reference accelerator as a PCIe function, in the rig's QEMU
 *
 * docs/accelerator.md says what it does, kernel/pci/registers.h has its registers.
 *
 * Threads: registers are accessed with QEMU's big lock (the BQL) held, doorbells
 * without.  Each context that was ever started has a thread, its engine.  A context's
 * memory is accessed with its lock held, for a bounded piece of work at a time; who
 * invalidates its translations takes that lock, and so waits for that piece.
 * Order: BQL, then a context's lock, then the page requests' lock.  Nothing takes the
 * BQL with a context's lock held.
 */
#ifndef SVA_DEVICE_H
#define SVA_DEVICE_H

#include <pthread.h>

#include <linux/sva.h>
#include <linux/sva_accel.h>

#include "kernel/pci/registers.h"
#include "tests/vm/device/qemu.h"
#include "tests/vm/device/translations.h"

#define DEVICE_TYPE	"sva-accel"

#define PAGE_BYTES	4096ull
#define NS_PER_S	1000000000ull

#define MAX_RING_ORDER	16
#define MAX_RING_PAGES	((sizeof(struct sva_accel_desc) << MAX_RING_ORDER) / PAGE_BYTES)

struct accel;

/**
 * struct context - a queue of the device, and its engine
 * @lock: protects what is below up to @requests, and every access to memory
 * @wake: a futex that counts what the engine may be waiting for, which @sleeps
 * @lock_wanted: how many wait for it who must not be kept waiting by the engine, which
 *	takes it again and again
 * @generation: goes up when what runs now has to end without another access
 * @block: take no further descriptor; @stop_seen: the engine has answered a stop, or
 *	will not
 * @ring, @status: host addresses of the pages at @ring_bus and @status_bus, NULL
 *	where the translation has been invalidated and not been asked for again
 * @shadow: what stands in the status page; that is never read back
 * @events: SVA_PCI_EVENT_*; @evidence: what the last stop found
 * @outstanding: page request groups without a response
 * @tail, @abort: the doorbell page
 */
struct context {
	struct accel *accel;
	uint32_t index;
	pthread_t engine;
	bool has_engine;
	uint32_t wake;
	bool sleeps;

	pthread_mutex_t lock;
	uint32_t lock_wanted;
	uint32_t state;
	uint32_t generation;
	bool block;
	bool stop_seen;
	bool quit;
	uint32_t pasid;
	uint32_t ring_order;
	uint64_t ring_bus, status_bus;
	uint8_t *ring[MAX_RING_PAGES];
	struct sva_accel_status *status;
	struct sva_accel_status shadow;
	uint32_t events;
	uint32_t error;
	uint32_t evidence;
	uint32_t tell;
	uint32_t fault_access, fault_info;
	uint64_t fault_address;
	uint64_t last_address;
	struct translations cache;

	uint32_t head;
	uint32_t abort_seen;
	bool aborting;
	uint64_t window_start;
	uint32_t failed, strikes;

	uint32_t outstanding;
	uint32_t tail, abort;
	uint64_t submitted, ats_requests, stale, invalidations;
	uint32_t histogram[SVA_PCI_HISTOGRAM_BUCKETS];
};

/**
 * struct accel - one device
 * @pci: QEMU's part of it
 * @back: when one that vanished is there again, by clock_ns()
 * @lock: protects @groups, @requests
 * @requests: pages asked for and not answered, of @requests_max or what the kernel allows
 * @overlay_wanted, @rogue, @ats, @pri, @pasid: properties
 */
struct accel {
	struct accel *next;
	struct PCIDevice *pci;
	struct Object *object;
	bool realized;

	uint32_t num_contexts, pasid_bits, requests_max;
	bool ats, pri, pasid, rogue, coherent_walk, flood;
	uint64_t back;

	_Alignas(64) uint8_t registers_region[QEMU_REGION_BYTES];
	_Alignas(64) uint8_t doorbells_region[QEMU_REGION_BYTES];

	uint32_t control, fault_rate, fault_strikes;
	uint32_t misbehave;
	uint64_t refused, landed;
	struct context *contexts;
	struct space *spaces;
	struct ghosts *ghosts;

	pthread_mutex_t lock;
	struct page_group *groups;
	uint32_t requests;
};

uint64_t clock_ns(void);

/* A wait that ends early when somebody has woken the context since @seen was read */
void context_wait(struct context *ctx, uint32_t seen, uint64_t ns);
void context_wake(struct context *ctx);
uint32_t context_wake_count(const struct context *ctx);

/* For everybody but the context's engine, which lets them go first */
void context_lock(struct context *ctx);
void context_unlock(struct context *ctx);
void context_lock_for_engine(struct context *ctx);

static inline struct context *context_at(struct accel *accel, uint32_t index)
{
	return &accel->contexts[index];
}

/* context.c: what the registers of a context do; all with the BQL */
void context_command(struct context *ctx, uint32_t command);
bool context_map(struct context *ctx);
uint32_t context_ring_pages(const struct context *ctx);
void context_event_locked(struct context *ctx, uint32_t event);
/* The same for the engine, which holds no lock: tell the driver */
void context_event(struct context *ctx, uint32_t event);
bool contexts_init(struct accel *accel);
/* Their engines; and what is left of them when nobody asks them any more */
void contexts_exit(struct accel *accel);
void contexts_free(struct accel *accel);
/* Ends all that is under way; @function: the reset is the function's.  BQL */
void accel_reset(struct accel *accel, bool function);

/* registers.c */
void registers_init(struct accel *accel, struct PCIDevice *pci);

/* engine.c */
bool engine_start(struct context *ctx);
void engine_stop(struct context *ctx);

/* overlay.c */
void overlay_init(struct accel *accel);

#endif /* SVA_DEVICE_H */
