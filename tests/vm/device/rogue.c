// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rogue.c - a device that does not stop when it is told to
 *
 * R3 is tested against a rogue device, not against a polite one.  In the modes that keep
 * accessing, a stopped context leaves a ghost: it goes on translating, writing and asking
 * for pages under the PASID that the context had.  It has no translations of its own to
 * live on: those are asked for anew each time, and the IOMMU has to refuse them.
 *
 * The device remembers addresses and PASIDs, also over a reset.  In the mode that
 * replays, its ghosts write to the addresses of others too.  PASIDs that no ghost has
 * may have been given on rightly: there it asks and writes nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/vm/device/device.h"
#include "tests/vm/device/memory.h"
#include "tests/vm/device/pages.h"
#include "tests/vm/device/rogue.h"
#include "tests/vm/device/thread.h"

#define INTERVAL_NS	1000000
#define LATE_NS		(500 * 1000000ull)	/* more than the driver takes to ask, on a slow host */
#define VANISH_NS	(6 * 1000000000ull)
#define MARK		0x67683067ull	/* the upper half of what ghosts write */
#define ADDRESSES	64		/* that it remembers */
#define PASIDS		(1u << 20)
#define PROBES		4		/* PASIDs asked for at a time */

/* linux/pci_regs.h: of the uncorrectable errors, one that is fatal by default, one not */
#define ERR_UNC_COMPLETION_TIMEOUT	0x00004000u
#define ERR_UNC_MALFORMED_TLP		0x00040000u

/**
 * struct ghost - the accesses that a stopped context still makes
 * @ctx: whose ghost it is; NULL once that was started again
 * @released: the PASID has been taken out of the IOMMU: from here on nothing may land.
 *	Before that, what lands is in the memory of its own process, which has others bound.
 * @replays: it accesses what other contexts accessed, too
 * @ends: 0: with the next reset
 */
struct ghost {
	struct ghost *next;
	struct context *ctx;
	uint32_t pasid;
	uint64_t address;
	bool released;
	bool replays;
	uint64_t ends;
};

/**
 * struct ghosts - of one device; all of it is protected by the BQL but @quit, @thread
 *	and what the engines remember
 * @addresses: last accessed by contexts that have been stopped; @replayed: how often one
 *	was taken from there
 * @pasids_seen: of all contexts that have been stopped, a bit each; @probed: the next one
 *	to ask for
 */
struct ghosts {
	struct ghost *first;
	uint64_t addresses[ADDRESSES];
	uint32_t replayed;
	uint8_t pasids_seen[PASIDS / 8];
	uint32_t probed;
	pthread_t thread;
	bool running, quit;
};

static void ask_for_page(struct accel *accel, uint32_t pasid, uint64_t address)
{
	if (qemu.pcie_pri_enabled(accel->pci))
		qemu.pci_pri_request_page(accel->pci, pasid, false, false,
					  address & ~(PAGE_BYTES - 1), true, GROUP_OF_GHOSTS,
					  true, true);
}

/*
 * With the BQL: nothing can come between the translation and the write.  What it writes
 * says under which PASID.
 */
static void haunt(struct accel *accel, struct ghost *ghost, uint64_t address)
{
	uint64_t offset = address & (PAGE_BYTES - 1) & ~7ull, memory;
	const uint64_t mark = MARK << 32 | ghost->pasid;
	struct IOMMUTLBEntry entry;

	if (pages_ats(accel, ghost->pasid, address, true, &entry)) {
		memory = (entry.translated_addr & ~entry.addr_mask) |
			 (address & entry.addr_mask & ~(PAGE_BYTES - 1));
		if (memory_host(memory))
			qemu.address_space_write(qemu.address_space_memory, memory + offset,
						 MEMTXATTRS_UNSPECIFIED, &mark, sizeof(mark));
		accel->landed += ghost->released;
	} else {
		accel->refused++;
		if (ghost->ctx)
			ghost->ctx->stale++;
	}
	ask_for_page(accel, ghost->pasid, address);
}

static uint64_t next_address(struct ghosts *ghosts)
{
	return __atomic_load_n(&ghosts->addresses[ghosts->replayed++ % ADDRESSES],
			       __ATOMIC_RELAXED);
}

/* A PASID that the device was given at any time: an access that the IOMMU decides on */
static void probe(struct accel *accel, uint32_t pasid)
{
	uint64_t address = next_address(accel->ghosts);
	struct IOMMUTLBEntry entry;

	if (!pages_ats(accel, pasid, address, true, &entry))
		accel->refused++;
	ask_for_page(accel, pasid, address);
}

static bool is_seen(const struct ghosts *ghosts, uint32_t pasid)
{
	return __atomic_load_n(&ghosts->pasids_seen[pasid / 8], __ATOMIC_RELAXED) & 1u << pasid % 8;
}

static void probe_some(struct accel *accel)
{
	struct ghosts *ghosts = accel->ghosts;

	for (int i = 0; i < PROBES; i++) {
		while (ghosts->probed < PASIDS && !is_seen(ghosts, ghosts->probed))
			ghosts->probed++;
		if (ghosts->probed < PASIDS)
			probe(accel, ghosts->probed++);
		else
			ghosts->probed = 0;
	}
}

/* It has come to an end by itself, and says so */
static void ghost_end(struct ghost *ghost)
{
	if (!ghost->ctx)
		return;
	ghost->ctx->evidence = SVA_PCI_EVIDENCE_CLEAN;
	context_event_locked(ghost->ctx, SVA_PCI_EVENT_LATE);
}

/* Not before the stop that it is of: what that says would be the last word */
static bool is_due(const struct ghost *ghost)
{
	return ghost->ends && clock_ns() >= ghost->ends &&
	       !(ghost->ctx && ghost->ctx->state == SVA_PCI_STATE_STOPPING);
}

static void haunt_all(struct accel *accel)
{
	struct ghost **at = &accel->ghosts->first, *ghost;

	while ((ghost = *at)) {
		haunt(accel, ghost, ghost->address);
		if (ghost->replays)
			haunt(accel, ghost, next_address(accel->ghosts));
		if (!is_due(ghost)) {
			at = &ghost->next;
			continue;
		}
		ghost_end(ghost);
		*at = ghost->next;
		free(ghost);
	}
}

static void *ghosts_main(void *arg)
{
	const struct timespec interval = { .tv_nsec = INTERVAL_NS };
	struct accel *accel = arg;

	qemu.rcu_register_thread();
	while (!__atomic_load_n(&accel->ghosts->quit, __ATOMIC_ACQUIRE)) {
		bql_lock();
		if (accel->ghosts->first && accel->misbehave == SVA_PCI_MISBEHAVE_REPLAY)
			probe_some(accel);
		haunt_all(accel);
		qemu.bql_unlock();
		nanosleep(&interval, NULL);
	}
	qemu.rcu_unregister_thread();
	return NULL;
}

bool rogue_init(struct accel *accel)
{
	accel->ghosts = calloc(1, sizeof(*accel->ghosts));
	return accel->ghosts;
}

void rogue_exorcise(struct accel *accel)
{
	struct ghost *ghost;

	while ((ghost = accel->ghosts->first)) {
		accel->ghosts->first = ghost->next;
		free(ghost);
	}
}

/* The thread may be waiting for the BQL that the caller holds */
void rogue_exit(struct accel *accel)
{
	rogue_exorcise(accel);
	if (accel->ghosts->running) {
		__atomic_store_n(&accel->ghosts->quit, true, __ATOMIC_RELEASE);
		qemu.bql_unlock();
		pthread_join(accel->ghosts->thread, NULL);
		bql_lock();
	}
	free(accel->ghosts);
}

static bool pasid_is_bound(struct accel *accel, uint32_t pasid)
{
	for (uint32_t i = 0; i < accel->num_contexts; i++)
		if (context_at(accel, i)->state != SVA_PCI_STATE_IDLE &&
		    context_at(accel, i)->pasid == pasid)
			return true;
	return false;
}

void rogue_released(struct context *ctx)
{
	if (pasid_is_bound(ctx->accel, ctx->pasid))
		return;
	for (struct ghost *ghost = ctx->accel->ghosts->first; ghost; ghost = ghost->next)
		if (ghost->pasid == ctx->pasid)
			ghost->released = true;
}

void rogue_forget(struct context *ctx)
{
	for (struct ghost *ghost = ctx->accel->ghosts->first; ghost; ghost = ghost->next)
		if (ghost->ctx == ctx)
			ghost->ctx = NULL;
}

/* Not of a context that was released, reset or even started again meanwhile: that its
 * stop is over was not awaited, and the PASID is not the one that was stopped */
static void leave_ghost(struct context *ctx, uint32_t generation, uint64_t ends, bool replays)
{
	struct ghosts *ghosts = ctx->accel->ghosts;
	struct ghost *ghost = calloc(1, sizeof(*ghost));

	if (!ghost)
		return;
	bql_lock();
	if (ctx->generation != generation || ctx->state != SVA_PCI_STATE_STOPPING) {
		qemu.bql_unlock();
		free(ghost);
		return;
	}
	ghost->ctx = ctx;
	ghost->pasid = ctx->pasid;
	ghost->address = ctx->last_address;
	ghost->ends = ends;
	ghost->replays = replays;
	ghost->next = ghosts->first;
	ghosts->first = ghost;
	if (!ghosts->running)
		ghosts->running = thread_start(&ghosts->thread, ghosts_main, ctx->accel);
	qemu.bql_unlock();
}

/* From the engine, which holds no lock */
static void remember(struct context *ctx)
{
	struct ghosts *ghosts = ctx->accel->ghosts;

	__atomic_store_n(&ghosts->addresses[ctx->pasid % ADDRESSES], ctx->last_address,
			 __ATOMIC_RELAXED);
	__atomic_fetch_or(&ghosts->pasids_seen[ctx->pasid / 8], 1u << ctx->pasid % 8,
			  __ATOMIC_RELAXED);
}

bool rogue_evidence(struct context *ctx, uint32_t generation, uint32_t truth,
		    uint32_t *evidence)
{
	remember(ctx);
	*evidence = truth;
	switch (__atomic_load_n(&ctx->accel->misbehave, __ATOMIC_RELAXED)) {
	case SVA_PCI_MISBEHAVE_HOLD:
		*evidence = SVA_PCI_EVIDENCE_NEITHER;
		return true;
	case SVA_PCI_MISBEHAVE_STALE:
		leave_ghost(ctx, generation, 0, false);
		*evidence = SVA_PCI_EVIDENCE_NEITHER;
		return true;
	case SVA_PCI_MISBEHAVE_REPLAY:
		leave_ghost(ctx, generation, 0, true);
		*evidence = SVA_PCI_EVIDENCE_NEITHER;
		return true;
	case SVA_PCI_MISBEHAVE_LATE:
		leave_ghost(ctx, generation, clock_ns() + LATE_NS, false);
		*evidence = SVA_PCI_EVIDENCE_NEITHER;
		return true;
	case SVA_PCI_MISBEHAVE_NEVER:
		return false;
	case SVA_PCI_MISBEHAVE_MUTE:
		*evidence = SVA_PCI_EVIDENCE_CANNOT_TELL;
		return true;
	default:
		return true;
	}
}

/* ------------------------------------------------------------------ breaks */

static void report_error(struct accel *accel, uint32_t status)
{
	const struct PCIEAERErr error = {
		.status = status,
		.source_id = qemu.pci_requester_id(accel->pci),
	};

	qemu.pcie_aer_inject_error(accel->pci, &error);
}

/* Out of the machine, and later put back in: what it did has ended */
static void vanish(struct accel *accel)
{
	accel->misbehave = SVA_PCI_MISBEHAVE_NONE;
	accel_reset(accel, true);
	__atomic_store_n(&accel->back, clock_ns() + VANISH_NS, __ATOMIC_RELEASE);
}

void rogue_break(struct accel *accel, uint32_t how)
{
	switch (how) {
	case SVA_PCI_BREAK_NONFATAL: report_error(accel, ERR_UNC_COMPLETION_TIMEOUT); break;
	case SVA_PCI_BREAK_FATAL: report_error(accel, ERR_UNC_MALFORMED_TLP); break;
	case SVA_PCI_BREAK_VANISH: vanish(accel); break;
	}
}

bool rogue_vanished(const struct accel *accel)
{
	uint64_t back = __atomic_load_n(&accel->back, __ATOMIC_ACQUIRE);

	return back && clock_ns() < back;
}
