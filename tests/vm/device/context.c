// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * context.c - a context as the driver sees it: commands, events, reset
 *
 * All of it with the BQL, so that commands come one after the other.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/vm/device/device.h"
#include "tests/vm/device/memory.h"
#include "tests/vm/device/pages.h"
#include "tests/vm/device/rogue.h"

#define PCI_COMMAND		0x04	/* in the configuration space */
#define PCI_COMMAND_MASTER	0x04

/* ---------------------------------------------------------------- events */

void context_event_locked(struct context *ctx, uint32_t event)
{
	ctx->events |= event;
	qemu.msix_notify(ctx->accel->pci, SVA_PCI_VECTOR_DEVICE);
}

void context_event(struct context *ctx, uint32_t event)
{
	bql_lock();
	context_event_locked(ctx, event);
	qemu.bql_unlock();
}

/* ------------------------------------------------- ring and status page */

uint32_t context_ring_pages(const struct context *ctx)
{
	uint32_t order = ctx->ring_order < MAX_RING_ORDER ? ctx->ring_order : MAX_RING_ORDER;
	uint64_t bytes = sizeof(struct sva_accel_desc) << order;

	return (uint32_t)((bytes + PAGE_BYTES - 1) / PAGE_BYTES);
}

/*
 * Translates the bus addresses, as plain DMA would at each access.  What has been
 * written to the status page while it was not mapped is written then.
 */
bool context_map(struct context *ctx)
{
	struct sva_accel_status *status;
	uint8_t *page = NULL;

	for (uint32_t i = 0; i < context_ring_pages(ctx); i++) {
		if (!ctx->ring[i])
			ctx->ring[i] = memory_host_bus(ctx->accel, ctx->ring_bus + i * PAGE_BYTES);
		if (!ctx->ring[i])
			return false;
	}
	if (ctx->status)
		return true;
	page = memory_host_bus(ctx->accel, ctx->status_bus);
	if (!page)
		return false;
	status = (struct sva_accel_status *)(void *)page;
	context_lock(ctx);
	memcpy(status, &ctx->shadow, sizeof(*status));
	ctx->status = status;
	context_unlock(ctx);
	return true;
}

/* -------------------------------------------------------------- commands */

static bool may_start(struct context *ctx)
{
	struct accel *accel = ctx->accel;

	return (accel->control & SVA_PCI_CONTROL_ENABLE) && ctx->state == SVA_PCI_STATE_IDLE &&
	       (qemu.pci_default_read_config(accel->pci, PCI_COMMAND, 2) & PCI_COMMAND_MASTER) &&
	       qemu.pcie_pasid_enabled(accel->pci) && qemu.pcie_ats_enabled(accel->pci) &&
	       ctx->ring_order <= MAX_RING_ORDER && ctx->pasid >> accel->pasid_bits == 0 &&
	       !(ctx->ring_bus % PAGE_BYTES) && !(ctx->status_bus % PAGE_BYTES) &&
	       pages_listen(accel, PCI_NO_PASID) && pages_listen(accel, ctx->pasid) &&
	       engine_start(ctx);
}

/* What counts, and what the last process left; with the lock */
static void context_clear(struct context *ctx)
{
	ctx->block = ctx->stop_seen = false;
	ctx->events = ctx->error = ctx->evidence = 0;
	ctx->fault_access = ctx->fault_info = 0;
	ctx->fault_address = ctx->last_address = 0;
	ctx->head = ctx->abort_seen = 0;
	ctx->aborting = false;
	ctx->window_start = 0;
	ctx->failed = ctx->strikes = 0;
	ctx->tail = ctx->abort = 0;
	ctx->submitted = ctx->ats_requests = ctx->stale = ctx->invalidations = 0;
	memset(ctx->histogram, 0, sizeof(ctx->histogram));
	memset(ctx->ring, 0, sizeof(ctx->ring));
	ctx->status = NULL;
	memset(&ctx->shadow, 0, sizeof(ctx->shadow));
}

static void context_start(struct context *ctx)
{
	if (!may_start(ctx))
		return;
	rogue_forget(ctx);
	context_lock(ctx);
	ctx->generation++;
	context_clear(ctx);
	ctx->shadow.state = SVA_ACCEL_QUEUE_RUNNING;
	ctx->shadow.entries = 1u << ctx->ring_order;
	translations_drop(&ctx->cache, 0, UINT64_MAX);
	context_unlock(ctx);
	if (!context_map(ctx))
		return;
	context_lock(ctx);
	ctx->state = SVA_PCI_STATE_RUNNING;
	context_unlock(ctx);
	context_wake(ctx);
}

static void context_stop(struct context *ctx)
{
	context_lock(ctx);
	if (ctx->state == SVA_PCI_STATE_RUNNING || ctx->state == SVA_PCI_STATE_ERROR) {
		ctx->block = true;
		ctx->state = SVA_PCI_STATE_STOPPING;
	}
	context_unlock(ctx);
	context_wake(ctx);
}

static void context_block(struct context *ctx)
{
	__atomic_store_n(&ctx->block, true, __ATOMIC_RELEASE);
	context_wake(ctx);
}

/* From here on not one access more is made for it, but by ghosts */
static void context_release(struct context *ctx)
{
	bool stopped;

	context_lock(ctx);
	stopped = ctx->state == SVA_PCI_STATE_STOPPED || ctx->state == SVA_PCI_STATE_STOPPING;
	if (stopped) {
		ctx->generation++;
		ctx->block = true;
		ctx->state = SVA_PCI_STATE_IDLE;
		ctx->status = NULL;
		translations_drop(&ctx->cache, 0, UINT64_MAX);
	}
	context_unlock(ctx);
	if (stopped)
		rogue_released(ctx);
}

void context_command(struct context *ctx, uint32_t command)
{
	switch (command) {
	case SVA_PCI_COMMAND_START: context_start(ctx); break;
	case SVA_PCI_COMMAND_BLOCK: context_block(ctx); break;
	case SVA_PCI_COMMAND_STOP: context_stop(ctx); break;
	case SVA_PCI_COMMAND_RELEASED: context_release(ctx); break;
	}
}

/* ----------------------------------------------------------------- reset */

static void context_reset(struct context *ctx)
{
	context_lock(ctx);
	ctx->generation++;
	context_clear(ctx);
	ctx->block = true;
	ctx->state = SVA_PCI_STATE_IDLE;
	ctx->pasid = ctx->ring_order = ctx->tell = 0;
	ctx->ring_bus = ctx->status_bus = 0;
	if (ctx->has_engine)
		translations_drop(&ctx->cache, 0, UINT64_MAX);
	context_unlock(ctx);
	context_wake(ctx);
}

/*
 * Who still works sees that its generation has passed before it accesses anything,
 * so when this returns nothing does.
 */
void accel_reset(struct accel *accel, bool function)
{
	if (accel->misbehave == SVA_PCI_MISBEHAVE_HOLD) {
		accel->control = (accel->control & SVA_PCI_CONTROL_ENABLE) | SVA_PCI_CONTROL_FAILED;
		return;
	}
	rogue_exorcise(accel);
	for (uint32_t i = 0; i < accel->num_contexts; i++)
		context_reset(context_at(accel, i));
	pages_reset(accel);
	accel->control = 0;
	if (function)
		accel->fault_rate = accel->fault_strikes = 0;
}

bool contexts_init(struct accel *accel)
{
	accel->contexts = calloc(accel->num_contexts, sizeof(*accel->contexts));
	if (!accel->contexts)
		return false;
	for (uint32_t i = 0; i < accel->num_contexts; i++) {
		struct context *ctx = context_at(accel, i);

		ctx->accel = accel;
		ctx->index = i;
		pthread_mutex_init(&ctx->lock, NULL);
	}
	return true;
}

void contexts_exit(struct accel *accel)
{
	for (uint32_t i = 0; i < accel->num_contexts; i++)
		engine_stop(context_at(accel, i));
}

void contexts_free(struct accel *accel)
{
	for (uint32_t i = 0; i < accel->num_contexts; i++)
		pthread_mutex_destroy(&context_at(accel, i)->lock);
	free(accel->contexts);
}
