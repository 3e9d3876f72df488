// SPDX-License-Identifier: GPL-2.0
/*
 * owner.c - drivers that own a platform device and do nothing with it (R11)
 *
 * Bound by driver_override only.  Of the two kinds that the IOMMU core knows:
 * one that uses the kernel's DMA API, whose probe the core refuses while PASIDs
 * are attached to the group, and one that manages DMA by itself, as VFIO's do,
 * which it does not ask.
 */
#include <linux/array_size.h>
#include <linux/platform_device.h>

#include "test.h"

static int own(struct platform_device *pdev)
{
	return 0;
}

static struct platform_driver dma_owner = {
	.probe = own,
	.driver = {
		.name = "sva_test_dma_owner",
	},
};

static struct platform_driver owner = {
	.probe = own,
	.driver_managed_dma = true,
	.driver = {
		.name = "sva_test_owner",
	},
};

static struct platform_driver * const owners[] = { &dma_owner, &owner };

int sva_test_owners_add(void)
{
	return platform_register_drivers(owners, ARRAY_SIZE(owners));
}

void sva_test_owners_remove(void)
{
	platform_unregister_drivers(owners, ARRAY_SIZE(owners));
}
