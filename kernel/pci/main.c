// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - sva_pci.ko: the reference accelerator as a PCIe function
 *
 * PASID, ATS and PRI are in the IOMMU driver's hands: it enables them, in this
 * order, before this driver sees the function, and disables them in the other when
 * the function goes.  What is left for here, in probe()'s order: memory decoding,
 * interrupt vectors, the device's own reset, and only then bus mastering.
 */
#include <linux/bitfield.h>
#include <linux/dma-mapping.h>
#include <linux/idr.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "apci.h"

static unsigned int contexts = SVA_PCI_MAX_CONTEXTS;
module_param(contexts, uint, 0444);
MODULE_PARM_DESC(contexts, "at most so many contexts of each device (1 to 1024)");

static unsigned int ring_entries = 256;
module_param(ring_entries, uint, 0444);
MODULE_PARM_DESC(ring_entries, "at most so many descriptors in a ring (a power of two, 16 to 16384)");

static DEFINE_IDA(numbers);

/* --------------------------------------------------------- what it says */

static int check_identity(struct apci_device *ad)
{
	u32 id = apci_read(ad, SVA_PCI_ID), version = apci_read(ad, SVA_PCI_VERSION);

	if (id != SVA_PCI_ID_VALUE) {
		pci_err(ad->pdev, "not the reference accelerator: it says 0x%08x where 0x%08x is due\n",
			id, SVA_PCI_ID_VALUE);
		return -ENODEV;
	}
	if (version != 1) {
		pci_err(ad->pdev, "version %u of the registers: this driver knows version 1; use one that knows both\n",
			version);
		return -ENODEV;
	}
	return 0;
}

/* Nothing of what the device says is used before it fits its BARs */
static int check_capabilities(struct apci_device *ad)
{
	u32 caps = apci_read(ad, SVA_PCI_CAPS);
	u32 count = FIELD_GET(SVA_PCI_CAPS_CONTEXTS, caps);
	u32 order = FIELD_GET(SVA_PCI_CAPS_RING_ORDER, caps);

	if (!count || count > SVA_PCI_MAX_CONTEXTS || order < ilog2(16) || order > 20 ||
	    pci_resource_len(ad->pdev, SVA_PCI_BAR_REGISTERS) < SVA_PCI_CTX(count) ||
	    pci_resource_len(ad->pdev, SVA_PCI_BAR_DOORBELLS) < (u64)count * PAGE_SIZE) {
		pci_err(ad->pdev, "capabilities 0x%08x do not fit the BARs: %u contexts, rings of 2^%u\n",
			caps, count, order);
		return -ENODEV;
	}
	ad->contexts = min(count, contexts);
	ad->ring_order = min_t(u32, order, ilog2(ring_entries));
	ad->rogue = caps & SVA_PCI_CAPS_ROGUE;
	return 0;
}

/* ----------------------------------------------------- steps of a probe */

static int map_registers(struct apci_device *ad)
{
	struct pci_dev *pdev = ad->pdev;
	int ret;

	ret = pci_request_regions(pdev, KBUILD_MODNAME);
	if (ret)
		return ret;
	ret = -ENOMEM;
	ad->registers = pci_iomap(pdev, SVA_PCI_BAR_REGISTERS, 0);
	if (!ad->registers)
		goto err_regions;
	ad->doorbells = pci_iomap(pdev, SVA_PCI_BAR_DOORBELLS, 0);
	if (!ad->doorbells)
		goto err_registers;
	ad->doorbells_base = pci_resource_start(pdev, SVA_PCI_BAR_DOORBELLS);
	ret = check_identity(ad) ?: check_capabilities(ad);
	if (ret)
		goto err_doorbells;
	return 0;

err_doorbells:
	pci_iounmap(pdev, ad->doorbells);
err_registers:
	pci_iounmap(pdev, ad->registers);
err_regions:
	pci_release_regions(pdev);
	return ret;
}

static void unmap_registers(struct apci_device *ad)
{
	pci_iounmap(ad->pdev, ad->doorbells);
	pci_iounmap(ad->pdev, ad->registers);
	pci_release_regions(ad->pdev);
}

/* Where there are not vectors for all contexts, there are fewer contexts */
static int take_vectors(struct apci_device *ad)
{
	u32 wanted = SVA_PCI_VECTOR_CONTEXT(ad->contexts);
	int ret;

	ret = pci_alloc_irq_vectors(ad->pdev, SVA_PCI_VECTOR_CONTEXT(1), wanted, PCI_IRQ_MSIX);
	if (ret < 0) {
		pci_err(ad->pdev, "no MSI-X vectors (%d): the device needs two at the least\n", ret);
		return ret;
	}
	if (ret < wanted)
		pci_info(ad->pdev, "%d MSI-X vectors of %u: %d contexts can be used\n", ret, wanted,
			 ret - 1);
	ad->contexts = ret - 1;
	return 0;
}

static u32 device_flags(const struct pci_dev *pdev)
{
#ifdef CONFIG_PCI_PRI
	if (pdev->pri_enabled)
		return SVA_DEVICE_FLAG_PAGE_REQUESTS;
#endif
	return 0;
}

static int announce(struct apci_device *ad)
{
	const struct sva_device_desc desc = {
		.name = ad->name,
		.ops = &apci_ops,
		.types = ad->types,
		.num_types = ARRAY_SIZE(ad->types),
		.regions = ad->regions,
		.num_regions = SVA_ACCEL_NUM_REGIONS,
		.irq_flags = accel_irq_flags(),
		.num_irqs = SVA_ACCEL_NUM_IRQS,
		.flags = device_flags(ad->pdev),
		.max_quarantined = ad->contexts / 2 + 1,
		.drvdata = ad,
	};
	struct sva_device *sdev;

	accel_describe_regions(ad->regions, 1u << ad->ring_order, SVA_REGION_DOORBELL,
			       SVA_REGION_CONTIGUOUS);
	ad->types[0] = (struct sva_type) {
		.name = "shared",
		.description = "a queue of its own on the device",
		.total = ad->contexts,
	};
	sdev = sva_device_register(&ad->pdev->dev, &desc);
	if (IS_ERR(sdev))
		return PTR_ERR(sdev);
	ad->sdev = sdev;
	/* there is a device now that late evidence can be told of */
	apci_slots_listen(ad);
	return 0;
}

/* ----------------------------------------------------------------- driver */

static struct apci_device *device_alloc(struct pci_dev *pdev)
{
	struct apci_device *ad = kzalloc_obj(*ad);

	if (!ad)
		return ERR_PTR(-ENOMEM);
	ad->number = ida_alloc(&numbers, GFP_KERNEL);
	if (ad->number < 0) {
		int ret = ad->number;

		kfree(ad);
		return ERR_PTR(ret);
	}
	ad->pdev = pdev;
	ad->fault_rate = ACCEL_FAULT_RATE;
	ad->fault_strikes = ACCEL_FAULT_STRIKES;
	snprintf(ad->name, sizeof(ad->name), "pci%d", ad->number);
	pci_set_drvdata(pdev, ad);
	return ad;
}

static void device_free(struct apci_device *ad)
{
	pci_set_drvdata(ad->pdev, NULL);
	ida_free(&numbers, ad->number);
	kfree(ad);
}

/* What the device did before is over with its reset, and only then it gets at memory */
static int reset_device(struct apci_device *ad)
{
	int ret = apci_reset(ad);

	if (ret)
		pci_err(ad->pdev, "not used: it cannot be reset (%d), so nobody knows what it is doing; power the machine off and on\n",
			ret);
	else
		pci_set_master(ad->pdev);
	return ret;
}

static int start_device(struct apci_device *ad)
{
	int ret;

	ret = take_vectors(ad);
	if (ret)
		return ret;
	ret = apci_slots_init(ad);
	if (ret)
		goto err_vectors;
	ret = reset_device(ad);
	if (ret)
		goto err_slots;
	ret = apci_events_init(ad);
	if (ret)
		goto err_master;
	ret = announce(ad);
	if (ret)
		goto err_events;
	/* for recovery.c */
	pci_save_state(ad->pdev);
	return 0;

err_events:
	apci_events_exit(ad);
err_master:
	pci_clear_master(ad->pdev);
err_slots:
	apci_slots_free(ad);
err_vectors:
	pci_free_irq_vectors(ad->pdev);
	return ret;
}

static int apci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct apci_device *ad;
	int ret;

	ad = device_alloc(pdev);
	if (IS_ERR(ad))
		return PTR_ERR(ad);
	ret = pci_enable_device_mem(pdev);
	if (ret)
		goto err_free;
	pci_clear_master(pdev);
	ret = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (ret)
		goto err_disable;
	ret = map_registers(ad);
	if (ret)
		goto err_disable;
	ret = start_device(ad);
	if (ret)
		goto err_unmap;
	return 0;

err_unmap:
	unmap_registers(ad);
err_disable:
	pci_disable_device(pdev);
err_free:
	device_free(ad);
	return ret;
}

/*
 * Where even the reset failed, the device is kept from memory before the memory
 * goes.
 */
static void apci_remove(struct pci_dev *pdev)
{
	struct apci_device *ad = pci_get_drvdata(pdev);

	/* late evidence could come when there is no device any more to tell it of */
	apci_slots_settle(ad);
	sva_device_unregister(ad->sdev);
	apci_write(ad, SVA_PCI_CONTROL, 0);
	pci_clear_master(pdev);
	apci_events_exit(ad);
	apci_slots_free(ad);
	pci_free_irq_vectors(pdev);
	unmap_registers(ad);
	pci_disable_device(pdev);
	device_free(ad);
}

/* Also on the way to another kernel, whose memory no access may reach */
static void apci_shutdown(struct pci_dev *pdev)
{
	struct apci_device *ad = pci_get_drvdata(pdev);

	sva_device_quiesce(ad->sdev);
	(void)apci_reset(ad);
	pci_clear_master(pdev);
}

static const struct pci_device_id apci_ids[] = {
	{ PCI_DEVICE(SVA_PCI_VENDOR, SVA_PCI_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, apci_ids);

static struct pci_driver apci_driver = {
	.name = KBUILD_MODNAME,
	.id_table = apci_ids,
	.probe = apci_probe,
	.remove = apci_remove,
	.shutdown = apci_shutdown,
	.err_handler = &apci_error_handlers,
	.dev_groups = apci_groups,
	.driver = {
		.pm = pm_sleep_ptr(&apci_pm_ops),
	},
};

static int __init apci_init(void)
{
	if (!contexts || contexts > SVA_PCI_MAX_CONTEXTS) {
		pr_err("sva_pci: contexts=%u: must be 1 to %u\n", contexts, SVA_PCI_MAX_CONTEXTS);
		return -EINVAL;
	}
	if (ring_entries < 16 || ring_entries > 16384 || !is_power_of_2(ring_entries)) {
		pr_err("sva_pci: ring_entries=%u: must be a power of two, 16 to 16384\n",
		       ring_entries);
		return -EINVAL;
	}
	return pci_register_driver(&apci_driver);
}
module_init(apci_init);

static void __exit apci_exit(void)
{
	pci_unregister_driver(&apci_driver);
	ida_destroy(&numbers);
}
module_exit(apci_exit);

MODULE_DESCRIPTION("Reference accelerator as a PCIe function");
MODULE_LICENSE("GPL");
