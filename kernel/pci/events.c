// SPDX-License-Identifier: GPL-2.0
/*
 * events.c - interrupts: a context's completions, and what the device has to say
 */
#include <linux/bitops.h>
#include <linux/interrupt.h>

#include "apci.h"

/* ----------------------------------------------------------- completions */

static irqreturn_t completion_irq(int irq, void *data)
{
	struct apci_slot *slot = data;

	spin_lock(&slot->lock);
	if (slot->ctx)
		sva_context_signal(slot->ctx, SVA_ACCEL_IRQ_COMPLETION);
	spin_unlock(&slot->lock);
	return IRQ_HANDLED;
}

/*
 * When the slot is used for the first time: idle slots take no vector of a CPU, and
 * contexts that come and go do not pay for one each time.
 */
int apci_slot_request_irq(struct apci_slot *slot)
{
	struct apci_device *ad = slot->ad;
	int vector, ret;

	if (slot->vector)
		return 0;
	vector = pci_irq_vector(ad->pdev, SVA_PCI_VECTOR_CONTEXT(slot->index));
	if (vector < 0)
		return vector;
	ret = request_irq(vector, completion_irq, 0, ad->name, slot);
	if (ret)
		dev_err_ratelimited(&ad->pdev->dev, "no interrupt for context %u (%d): too many devices use MSI-X; add CPUs or load with fewer contexts\n",
				    slot->index, ret);
	else
		slot->vector = vector;
	return ret;
}

/* No interrupt and no event of the old context is being handled when this returns */
void apci_slot_set_context(struct apci_slot *slot, struct sva_context *ctx)
{
	mutex_lock(&slot->serial);
	spin_lock_irq(&slot->lock);
	slot->ctx = ctx;
	spin_unlock_irq(&slot->lock);
	mutex_unlock(&slot->serial);
}

/* ---------------------------------------------------------------- events */

static void report_error(struct apci_slot *slot)
{
	sva_context_report_error(slot->ctx, apci_slot_read(slot, SVA_PCI_CTX_ERROR));
	sva_context_signal(slot->ctx, SVA_ACCEL_IRQ_ERROR);
}

/* Before the event is cleared: then the device may tell the next fault */
static void report_fault(struct apci_slot *slot)
{
	u32 info = apci_slot_read(slot, SVA_PCI_CTX_FAULT_INFO);
	const struct sva_fault fault = {
		.address = apci_slot_readq(slot, SVA_PCI_CTX_FAULT_ADDR),
		.pages = info & SVA_PCI_FAULT_PAGES,
		.access = apci_slot_read(slot, SVA_PCI_CTX_FAULT_ACCESS) &
			  (SVA_ACCESS_READ | SVA_ACCESS_WRITE),
		.outcome = info & SVA_PCI_FAULT_RESOLVED ? SVA_FAULT_RESOLVED : SVA_FAULT_FAILED,
		.untold = !(info & (SVA_PCI_FAULT_RESOLVED | SVA_PCI_FAULT_TOLD)),
	};

	sva_context_report_fault(slot->ctx, &fault);
}

static void handle(struct apci_slot *slot, u32 events)
{
	lockdep_assert_held(&slot->serial);
	if (slot->ctx && (events & SVA_PCI_EVENT_FAULT))
		report_fault(slot);
	apci_slot_write(slot, SVA_PCI_CTX_EVENT, events);
	if (slot->ctx && (events & SVA_PCI_EVENT_ERROR))
		report_error(slot);
	if (slot->ctx && (events & SVA_PCI_EVENT_STORM))
		sva_context_end_for_faults(slot->ctx);
	if (events & SVA_PCI_EVENT_STOPPED)
		complete(&slot->stopped);
}

/* Take what the device has to say of one context */
void apci_slot_events(struct apci_slot *slot)
{
	u32 events;

	mutex_lock(&slot->serial);
	events = apci_slot_read(slot, SVA_PCI_CTX_EVENT);
	if (events && events != APCI_GONE)
		handle(slot, events);
	mutex_unlock(&slot->serial);
	if (events != APCI_GONE && (events & (SVA_PCI_EVENT_STOPPED | SVA_PCI_EVENT_LATE)))
		apci_slot_tell_late(slot);
}

static irqreturn_t device_irq(int irq, void *data)
{
	struct apci_device *ad = data;

	for (u32 first = 0; first < ad->contexts; first += BITS_PER_TYPE(u32)) {
		unsigned long events = apci_read(ad, SVA_PCI_EVENTS + first / 8);
		u32 bit;

		for_each_set_bit(bit, &events, BITS_PER_TYPE(u32))
			if (first + bit < ad->contexts)
				apci_slot_events(&ad->slots[first + bit]);
	}
	return IRQ_HANDLED;
}

/* ------------------------------------------------------------ all of them */

int apci_events_init(struct apci_device *ad)
{
	return request_threaded_irq(pci_irq_vector(ad->pdev, SVA_PCI_VECTOR_DEVICE), NULL,
				    device_irq, IRQF_ONESHOT, ad->name, ad);
}

void apci_events_exit(struct apci_device *ad)
{
	free_irq(pci_irq_vector(ad->pdev, SVA_PCI_VECTOR_DEVICE), ad);
	for (u32 i = 0; i < ad->contexts; i++)
		if (ad->slots[i].vector)
			free_irq(ad->slots[i].vector, &ad->slots[i]);
}
