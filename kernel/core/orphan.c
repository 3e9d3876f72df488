// SPDX-License-Identifier: GPL-2.0
/*
 * orphan.c - quarantine that outlives its device (R3)
 *
 * A device that leaves with PASIDs in quarantine, because its reset failed, and
 * a partition that is removed with some, take nothing with them: the contexts
 * stay, sva.ko cannot be unloaded, and their address spaces are bound nowhere,
 * until the device is reset.
 */
#include <linux/module.h>

#include "core.h"

static LIST_HEAD(sva_orphans);
static DEFINE_SPINLOCK(sva_orphans_lock);

static void adopt(struct sva_context *ctx)
{
	spin_lock(&sva_orphans_lock);
	spin_lock(&ctx->lock);
	if (ctx->machine.phase == SVA_PHASE_QUARANTINED) {
		__module_get(THIS_MODULE);
		list_add(&ctx->orphan, &sva_orphans);
	}
	spin_unlock(&ctx->lock);
	spin_unlock(&sva_orphans_lock);
}

/**
 * sva_orphans_take() - @sdev leaves with contexts in quarantine
 */
void sva_orphans_take(struct sva_device *sdev)
{
	struct sva_context *ctx;
	u64 id = 0;

	while ((ctx = sva_device_next(sdev, id))) {
		id = ctx->id;
		sva_context_stop_counting(ctx);
		adopt(ctx);
		sva_context_put(ctx);
	}
}

/**
 * sva_orphans_drop() - a context has left quarantine; nothing if it was none of
 * these
 */
void sva_orphans_drop(struct sva_context *ctx)
{
	bool mine;

	spin_lock(&sva_orphans_lock);
	mine = !list_empty(&ctx->orphan);
	list_del_init(&ctx->orphan);
	spin_unlock(&sva_orphans_lock);
	if (mine)
		module_put(THIS_MODULE);
}

/* The same one, or another in its place: then the first was removed, which counts as reset */
static bool same_place(const struct device *a, const struct device *b)
{
	return a == b || (a->bus == b->bus && !strcmp(dev_name(a), dev_name(b)));
}

static struct sva_context *orphan_of(struct device *parent)
{
	struct sva_context *ctx, *found = NULL;

	spin_lock(&sva_orphans_lock);
	list_for_each_entry(ctx, &sva_orphans, orphan)
		if (same_place(ctx->sdev->parent, parent))
			found = ctx;
	if (found)
		sva_context_get(found);
	spin_unlock(&sva_orphans_lock);
	return found;
}

/**
 * sva_orphans_resolve() - the device that they were left by has been reset
 */
void sva_orphans_resolve(struct device *parent)
{
	struct sva_context *ctx;

	while ((ctx = orphan_of(parent))) {
		/* whoever does it, late evidence too, it is none of these afterwards */
		sva_context_resolve(ctx, SVA_RELEASE_CLEAN);
		sva_context_put(ctx);
	}
}

/**
 * sva_orphans_have() - is this address space in quarantine by them?
 */
bool sva_orphans_have(struct mm_struct *mm)
{
	struct sva_context *ctx;
	bool found = false;

	if (list_empty(&sva_orphans))
		return false;
	spin_lock(&sva_orphans_lock);
	list_for_each_entry(ctx, &sva_orphans, orphan)
		found |= ctx->pasid_entry->mm == mm;
	spin_unlock(&sva_orphans_lock);
	return found;
}


/* With a reference, or NULL */
struct sva_context *sva_orphans_find(u64 id)
{
	struct sva_context *ctx, *found = NULL;

	spin_lock(&sva_orphans_lock);
	list_for_each_entry(ctx, &sva_orphans, orphan)
		if (ctx->id == id)
			found = ctx;
	if (found)
		sva_context_get(found);
	spin_unlock(&sva_orphans_lock);
	return found;
}
