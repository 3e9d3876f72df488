// SPDX-License-Identifier: GPL-2.0
/*
 * reset.c - the device's own reset, and the function level reset behind it
 */
#include <linux/iopoll.h>
#include <linux/pci.h>

#include "apci.h"

#define RESET_TIMEOUT	(1000 * USEC_PER_MSEC)
#define RESET_LOOK	(1 * USEC_PER_MSEC)

/*
 * Is it out of the machine?  While the slot is frozen by error recovery nothing
 * answers either, and the device is there all the same.
 */
bool apci_gone(const struct apci_device *ad)
{
	return apci_read(ad, SVA_PCI_ID) == APCI_GONE &&
	       ad->pdev->error_state != pci_channel_io_frozen &&
	       !pci_device_is_present(ad->pdev);
}

/* Success is the device's word that nothing is under way */
static int await_reset(struct apci_device *ad)
{
	u32 control;
	int ret;

	ret = read_poll_timeout(apci_read, control, !(control & SVA_PCI_CONTROL_RESET),
				RESET_LOOK, RESET_TIMEOUT, false, ad, SVA_PCI_CONTROL);
	if (ret)
		return ret;
	return control & SVA_PCI_CONTROL_FAILED ? -EIO : 0;
}

static int reset_by_register(struct apci_device *ad)
{
	apci_write(ad, SVA_PCI_CONTROL, SVA_PCI_CONTROL_RESET);
	return await_reset(ad);
}

/*
 * Not pci_reset_function(), which would call apci_error_handlers and wait for the
 * reset that this is part of.  Somebody else's has locked the configuration space, and
 * waits for this one to be over, or has just done the same.
 */
static int reset_by_function(struct apci_device *ad)
{
	struct pci_dev *pdev = ad->pdev;
	int ret;

	ret = pcie_reset_flr(pdev, PCI_RESET_PROBE);
	if (ret)
		return ret;
	if (!pci_cfg_access_trylock(pdev))
		return -EBUSY;
	pci_save_state(pdev);
	ret = pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	pci_restore_state(pdev);
	pci_cfg_access_unlock(pdev);
	return ret ?: await_reset(ad);
}

/* What a reset has cleared */
static void apci_configure(struct apci_device *ad)
{
	apci_write(ad, SVA_PCI_FAULT_RATE, READ_ONCE(ad->fault_rate));
	apci_write(ad, SVA_PCI_FAULT_STRIKES, READ_ONCE(ad->fault_strikes));
	apci_write(ad, SVA_PCI_CONTROL, SVA_PCI_CONTROL_ENABLE);
}

/* What is not reset by the first way is tried by the second */
static int reset_device(struct apci_device *ad)
{
	int ret = reset_by_register(ad);

	if (ret) {
		pci_warn(ad->pdev, "reset by register failed (%d), trying a function level reset\n",
			 ret);
		ret = reset_by_function(ad);
	}
	/* who keeps it in use has to be served, reset or not */
	apci_configure(ad);
	return ret;
}

/**
 * apci_reset() - reset the device; no context is bound
 *
 * On success the held slots are free.
 */
int apci_reset(struct apci_device *ad)
{
	int ret;

	apci_slots_settle(ad);
	ret = apci_gone(ad) ? 0 : reset_device(ad);
	if (!ret)
		apci_slots_release_held(ad);
	apci_slots_listen(ad);
	return ret;
}
