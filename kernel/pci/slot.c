// SPDX-License-Identifier: GPL-2.0
/*
 * slot.c - the places for contexts on the device, and the memory that they use
 *
 * A slot whose stop was not clean stays out of use, its memory mapped for the
 * device and kept, until late evidence or a reset: what goes on writing there may
 * not write into somebody else's (R3).
 */
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "apci.h"

/* ---------------------------------------------------------------- memory */

static void pages_get(const struct apci_memory *memory)
{
	for (size_t at = 0; at < memory->size; at += PAGE_SIZE)
		get_page(virt_to_page(memory->pages + at));
}

static void pages_put(const struct apci_memory *memory)
{
	for (size_t at = 0; at < memory->size; at += PAGE_SIZE)
		put_page(virt_to_page(memory->pages + at));
}

static void memory_unmap(struct apci_device *ad, struct apci_memory *memory,
			 enum dma_data_direction direction)
{
	dma_unmap_single(&ad->pdev->dev, memory->dma, memory->size, direction);
	pages_put(memory);
	memory->pages = NULL;
}

/*
 * Whether the device and the process look at one memory.  Behind an IOMMU a kernel with
 * CONFIG_DMA_API_DEBUG says of all memory that it needs to be synchronised.
 */
static bool is_shared(struct device *dev, const struct apci_memory *memory)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (!dma_need_sync(dev, memory->dma))
		return true;
	return domain && dev_is_dma_coherent(dev) &&
	       iommu_iova_to_phys(domain, memory->dma) == virt_to_phys(memory->pages);
}

static int memory_map(struct apci_device *ad, struct apci_memory *memory, void *pages,
		      size_t size, enum dma_data_direction direction)
{
	struct device *dev = &ad->pdev->dev;

	memory->pages = pages;
	memory->size = size;
	memory->dma = dma_map_single(dev, pages, size, direction);
	if (dma_mapping_error(dev, memory->dma)) {
		memory->pages = NULL;
		return -ENOMEM;
	}
	pages_get(memory);
	if (!is_shared(dev, memory)) {
		dev_err_ratelimited(dev, "rings cannot be shared with this device: the kernel bounces its DMA, or its caches are not coherent; boot without swiotlb=force\n");
		memory_unmap(ad, memory, direction);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* The ring and the status page of @ctx, for the device */
int apci_slot_map(struct apci_slot *slot, struct sva_context *ctx)
{
	const struct sva_region *regions = slot->ad->regions;
	int ret;

	ret = memory_map(slot->ad, &slot->ring, sva_context_region(ctx, SVA_ACCEL_REGION_RING),
			 regions[SVA_ACCEL_REGION_RING].size, DMA_TO_DEVICE);
	if (ret)
		return ret;
	ret = memory_map(slot->ad, &slot->status,
			 sva_context_region(ctx, SVA_ACCEL_REGION_STATUS),
			 regions[SVA_ACCEL_REGION_STATUS].size, DMA_BIDIRECTIONAL);
	if (ret)
		memory_unmap(slot->ad, &slot->ring, DMA_TO_DEVICE);
	return ret;
}

static void slot_unmap(struct apci_slot *slot)
{
	if (slot->status.pages)
		memory_unmap(slot->ad, &slot->status, DMA_BIDIRECTIONAL);
	if (slot->ring.pages)
		memory_unmap(slot->ad, &slot->ring, DMA_TO_DEVICE);
}

/* ----------------------------------------------------------------- slots */

/* The lowest free one, so that those whose interrupt is requested are used again */
struct apci_slot *apci_slot_take(struct apci_device *ad)
{
	struct apci_slot *slot = NULL;

	spin_lock(&ad->slots_lock);
	for (u32 i = 0; i < ad->contexts && !slot; i++)
		if (ad->slots[i].state == APCI_FREE)
			slot = &ad->slots[i];
	if (slot) {
		slot->state = APCI_LIVE;
		slot->late = false;
	}
	spin_unlock(&ad->slots_lock);
	return slot;
}

/* Nothing uses its memory any more: it is free for the next context */
void apci_slot_release(struct apci_slot *slot)
{
	slot_unmap(slot);
	spin_lock(&slot->ad->slots_lock);
	slot->state = APCI_FREE;
	spin_unlock(&slot->ad->slots_lock);
}

/* The context has gone; the device may not have noticed */
void apci_slot_hold(struct apci_slot *slot)
{
	bool late;

	spin_lock(&slot->ad->slots_lock);
	smp_store_release(&slot->state, APCI_HELD);
	late = slot->late;
	spin_unlock(&slot->ad->slots_lock);
	if (late)
		schedule_work(&slot->late_work);
}

/* The device has said something of a stop: more than it knew when it stopped? */
void apci_slot_tell_late(struct apci_slot *slot)
{
	bool held;

	spin_lock(&slot->ad->slots_lock);
	slot->late = true;
	held = slot->state == APCI_HELD;
	spin_unlock(&slot->ad->slots_lock);
	if (held)
		schedule_work(&slot->late_work);
}

/*
 * The slot first: the context's place among its type's becomes free with the
 * evidence, and has to be there then.
 */
static void late_work(struct work_struct *work)
{
	struct apci_slot *slot = container_of(work, struct apci_slot, late_work);
	enum sva_evidence evidence;
	u64 id;

	/* a held slot is let go of here only, or with this work disabled */
	if (smp_load_acquire(&slot->state) != APCI_HELD)
		return;
	id = slot->id;
	evidence = apci_evidence(slot);
	if (evidence != SVA_EVIDENCE_CLEAN && evidence != SVA_EVIDENCE_FLUSHED)
		return;
	apci_slot_command(slot, SVA_PCI_COMMAND_RELEASED);
	if (apci_slot_read(slot, SVA_PCI_CTX_STATE) != SVA_PCI_STATE_IDLE)
		return;
	apci_slot_release(slot);
	sva_context_late_evidence(slot->ad->sdev, id, evidence);
}

/* From now on nothing is done about late evidence */
void apci_slots_settle(struct apci_device *ad)
{
	for (u32 i = 0; i < ad->contexts; i++)
		disable_work_sync(&ad->slots[i].late_work);
}

/* The opposite, and what has been said meanwhile */
void apci_slots_listen(struct apci_device *ad)
{
	for (u32 i = 0; i < ad->contexts; i++) {
		struct apci_slot *slot = &ad->slots[i];
		bool late;

		enable_work(&slot->late_work);
		spin_lock(&ad->slots_lock);
		late = slot->state == APCI_HELD && slot->late;
		spin_unlock(&ad->slots_lock);
		if (late)
			schedule_work(&slot->late_work);
	}
}

/* The device was reset, or cannot reach memory any more */
void apci_slots_release_held(struct apci_device *ad)
{
	for (u32 i = 0; i < ad->contexts; i++)
		if (ad->slots[i].state == APCI_HELD)
			apci_slot_release(&ad->slots[i]);
}

int apci_slots_init(struct apci_device *ad)
{
	ad->slots = kvcalloc(ad->contexts, sizeof(*ad->slots), GFP_KERNEL);
	if (!ad->slots)
		return -ENOMEM;
	spin_lock_init(&ad->slots_lock);
	for (u32 i = 0; i < ad->contexts; i++) {
		struct apci_slot *slot = &ad->slots[i];

		slot->ad = ad;
		slot->index = i;
		mutex_init(&slot->serial);
		spin_lock_init(&slot->lock);
		init_completion(&slot->stopped);
		INIT_WORK(&slot->late_work, late_work);
		/* until apci_slots_listen() */
		disable_work(&slot->late_work);
	}
	return 0;
}

void apci_slots_free(struct apci_device *ad)
{
	apci_slots_settle(ad);
	apci_slots_release_held(ad);
	kvfree(ad->slots);
}
