// SPDX-License-Identifier: GPL-2.0
/*
 * recovery.c - resets by others, errors on the bus, and sleep
 *
 * Whatever it is, every binding ends first, and afterwards the device's own reset
 * decides what becomes of the quarantine (R3).  All of it runs under the lock of
 * the struct device.
 */
#include <linux/pci.h>
#include <linux/pm.h>

#include "apci.h"

static void suspend(struct apci_device *ad)
{
	if (ad->suspended)
		return;
	sva_device_suspend(ad->sdev);
	ad->suspended = true;
}

static int resume(struct apci_device *ad)
{
	if (!ad->suspended)
		return 0;
	ad->suspended = false;
	return sva_device_resume(ad->sdev);
}

/* -------------------------------------------------------- errors on the bus */

static pci_ers_result_t error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct apci_device *ad = pci_get_drvdata(pdev);

	if (state == pci_channel_io_perm_failure) {
		sva_device_quiesce(ad->sdev);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	suspend(ad);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t slot_reset(struct pci_dev *pdev)
{
	struct apci_device *ad = pci_get_drvdata(pdev);

	pci_restore_state(pdev);
	pci_save_state(pdev);
	return apci_read(ad, SVA_PCI_ID) == SVA_PCI_ID_VALUE ? PCI_ERS_RESULT_RECOVERED :
							       PCI_ERS_RESULT_DISCONNECT;
}

static void error_resume(struct pci_dev *pdev)
{
	(void)resume(pci_get_drvdata(pdev));
}

/* ------------------------------------------------- resets by others, in sysfs */

static void reset_prepare(struct pci_dev *pdev)
{
	suspend(pci_get_drvdata(pdev));
}

static void reset_done(struct pci_dev *pdev)
{
	(void)resume(pci_get_drvdata(pdev));
}

const struct pci_error_handlers apci_error_handlers = {
	.error_detected = error_detected,
	.slot_reset = slot_reset,
	.resume = error_resume,
	.reset_prepare = reset_prepare,
	.reset_done = reset_done,
};

/* ----------------------------------------------------------------- sleep */

static int pm_suspend(struct device *dev)
{
	struct apci_device *ad = dev_get_drvdata(dev);

	suspend(ad);
	apci_write(ad, SVA_PCI_CONTROL, 0);
	return 0;
}

static int pm_resume(struct device *dev)
{
	return resume(dev_get_drvdata(dev));
}

const struct dev_pm_ops apci_pm_ops = {
	SYSTEM_SLEEP_PM_OPS(pm_suspend, pm_resume)
};
