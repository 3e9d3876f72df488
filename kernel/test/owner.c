// SPDX-License-Identifier: GPL-2.0
/*
 * owner.c - drivers that own a platform device and do nothing with it (R11)
 *
 * Bound by driver_override only.  Of the two kinds that the IOMMU core knows:
 * one that uses the kernel's DMA API, whose probe the core refuses while PASIDs
 * are attached to the group, and one that manages DMA by itself, as VFIO's do,
 * which it does not ask.  A third gives the device up again, when it is told to.
 */
#include <linux/array_size.h>
#include <linux/moduleparam.h>
#include <linux/platform_device.h>
#include <linux/wait.h>

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

static bool hesitates;
static DECLARE_WAIT_QUEUE_HEAD(decided);

static int decide(const char *text, const struct kernel_param *param)
{
	int ret = param_set_bool(text, param);

	wake_up_all(&decided);
	return ret;
}

static const struct kernel_param_ops hesitates_ops = {
	.set = decide,
	.get = param_get_bool,
};
module_param_cb(hesitates, &hesitates_ops, &hesitates, 0600);
MODULE_PARM_DESC(hesitates, "sva_test_shy does not yet say that it will not have a device");

static int give_up(struct platform_device *pdev)
{
	return wait_event_killable(decided, !READ_ONCE(hesitates)) ?: -ENODEV;
}

static struct platform_driver shy_owner = {
	.probe = give_up,
	.driver_managed_dma = true,
	.driver = {
		.name = "sva_test_shy",
	},
};

static struct platform_driver * const owners[] = { &dma_owner, &owner, &shy_owner };

int sva_test_owners_add(void)
{
	return platform_register_drivers(owners, ARRAY_SIZE(owners));
}

void sva_test_owners_remove(void)
{
	platform_unregister_drivers(owners, ARRAY_SIZE(owners));
}
