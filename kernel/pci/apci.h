/* SPDX-License-Identifier: GPL-2.0 */
/*
 * apci.h - private to sva_pci.ko, the reference accelerator as a PCIe function
 *
 * docs/accelerator.md specifies what it does, registers.h has its registers.
 */
#ifndef SVA_APCI_H
#define SVA_APCI_H

#include <linux/completion.h>
#include <linux/io.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "accel.h"
#include "registers.h"

struct apci_device;

/**
 * enum apci_slot_state - what a slot is used for
 * @APCI_FREE: nothing
 * @APCI_LIVE: a context, from context_bind() to context_free()
 * @APCI_HELD: it did not stop cleanly, and may be accessing memory still
 */
enum apci_slot_state {
	APCI_FREE,
	APCI_LIVE,
	APCI_HELD,
};

/**
 * struct apci_memory - a region of a context as the device sees it
 * @pages: held, so that they outlive the context where the device may still write
 */
struct apci_memory {
	void *pages;
	size_t size;
	dma_addr_t dma;
};

/**
 * struct apci_slot - one context's place on the device
 * @index: which one; context n of the registers
 * @state: under the device's slots_lock, as is @late
 * @late: the device has said more since the stop
 * @ctx: while LIVE.  Changes under both locks: @serial is for those who sleep,
 *	@lock for the completion interrupt
 * @id: of the context
 * @vector: interrupt number, 0: not requested yet
 * @stopped: the device has said so
 * @late_work: takes the slot out of HELD
 */
struct apci_slot {
	struct apci_device *ad;
	u32 index;
	enum apci_slot_state state;
	bool late;
	struct mutex serial;
	spinlock_t lock;
	struct sva_context *ctx;
	u64 id;
	int vector;
	struct completion stopped;
	struct work_struct late_work;
	struct apci_memory ring;
	struct apci_memory status;
};

/**
 * struct apci_device - one function
 * @number: N of pciN
 * @registers: BAR 0
 * @doorbells: BAR 2, @doorbells_base where the CPU finds it
 * @contexts: how many are used: what the device has and has interrupts for
 * @rogue: the device has a rogue block
 * @suspended: by sva_device_suspend(); under the lock of the struct device, as
 *	everything that changes it
 * @fault_rate, @fault_strikes: written again after each reset
 */
struct apci_device {
	struct pci_dev *pdev;
	struct sva_device *sdev;
	int number;
	void __iomem *registers;
	void __iomem *doorbells;
	phys_addr_t doorbells_base;
	u32 contexts;
	u32 ring_order;
	bool rogue;
	bool suspended;
	u32 fault_rate;
	u32 fault_strikes;
	spinlock_t slots_lock;
	struct apci_slot *slots;
	char name[SVA_NAME_LEN];
	struct sva_type types[1];
	struct sva_region regions[SVA_ACCEL_NUM_REGIONS];
};

static inline u32 apci_read(const struct apci_device *ad, u32 offset)
{
	return ioread32(ad->registers + offset);
}

static inline void apci_write(struct apci_device *ad, u32 offset, u32 value)
{
	iowrite32(value, ad->registers + offset);
}

static inline u32 apci_slot_read(const struct apci_slot *slot, u32 offset)
{
	return apci_read(slot->ad, SVA_PCI_CTX(slot->index) + offset);
}

static inline u64 apci_slot_readq(const struct apci_slot *slot, u32 offset)
{
	return lo_hi_readq(slot->ad->registers + SVA_PCI_CTX(slot->index) + offset);
}

static inline void apci_slot_write(struct apci_slot *slot, u32 offset, u32 value)
{
	apci_write(slot->ad, SVA_PCI_CTX(slot->index) + offset, value);
}

static inline void apci_slot_writeq(struct apci_slot *slot, u32 offset, u64 value)
{
	lo_hi_writeq(value, slot->ad->registers + SVA_PCI_CTX(slot->index) + offset);
}

static inline void apci_slot_command(struct apci_slot *slot, u32 command)
{
	apci_slot_write(slot, SVA_PCI_CTX_COMMAND, command);
}

/* What a register reads as that is not there any more */
#define APCI_GONE	0xffffffffu

/* slot.c */
int apci_slots_init(struct apci_device *ad);
void apci_slots_settle(struct apci_device *ad);
void apci_slots_listen(struct apci_device *ad);
void apci_slots_release_held(struct apci_device *ad);
void apci_slots_free(struct apci_device *ad);
struct apci_slot *apci_slot_take(struct apci_device *ad);
int apci_slot_map(struct apci_slot *slot, struct sva_context *ctx);
void apci_slot_release(struct apci_slot *slot);
void apci_slot_hold(struct apci_slot *slot);
void apci_slot_tell_late(struct apci_slot *slot);

/* queue.c */
extern const struct sva_device_ops apci_ops;
enum sva_evidence apci_evidence(const struct apci_slot *slot);

/* events.c */
int apci_events_init(struct apci_device *ad);
void apci_events_exit(struct apci_device *ad);
int apci_slot_request_irq(struct apci_slot *slot);
void apci_slot_events(struct apci_slot *slot);
void apci_slot_set_context(struct apci_slot *slot, struct sva_context *ctx);

/* reset.c */
bool apci_gone(const struct apci_device *ad);
int apci_reset(struct apci_device *ad);

/* recovery.c */
extern const struct pci_error_handlers apci_error_handlers;
extern const struct dev_pm_ops apci_pm_ops;

/* sysfs.c */
extern const struct attribute_group *apci_groups[];

#endif /* SVA_APCI_H */
