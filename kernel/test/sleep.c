// SPDX-License-Identifier: GPL-2.0
/*
 * sleep.c - a device that does not let the machine sleep, as late as it can
 *
 * When it refuses, every device has been suspended; they all resume then.  That is
 * what a test of suspend needs, without anybody to wake the machine up.
 */
#include <linux/err.h>
#include <linux/moduleparam.h>
#include <linux/platform_device.h>
#include <linux/pm.h>

#include "test.h"

static unsigned int sleeps;
module_param(sleeps, uint, 0444);
MODULE_PARM_DESC(sleeps, "how often all devices were suspended (to be read)");

static struct platform_device *sleeper;

static int refuse(struct device *dev)
{
	sleeps++;
	return -EAGAIN;
}

static const struct dev_pm_ops sleeper_pm_ops = {
	.suspend_noirq = pm_sleep_ptr(refuse),
};

static struct platform_driver sleeper_driver = {
	.driver = {
		.name = "sva_test_sleeper",
		.pm = &sleeper_pm_ops,
	},
};

int sva_test_sleeper_add(void)
{
	int ret = platform_driver_register(&sleeper_driver);

	if (ret)
		return ret;
	sleeper = platform_device_register_simple("sva_test_sleeper", PLATFORM_DEVID_NONE,
						  NULL, 0);
	if (IS_ERR(sleeper))
		platform_driver_unregister(&sleeper_driver);
	return PTR_ERR_OR_ZERO(sleeper);
}

void sva_test_sleeper_remove(void)
{
	platform_device_unregister(sleeper);
	platform_driver_unregister(&sleeper_driver);
}
