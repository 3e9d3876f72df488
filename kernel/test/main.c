// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - sva_test.ko: what tests/kernel needs of the rest of a kernel
 *
 * Drivers that take a device of a group away (owner.c), and a user of contexts
 * in the kernel, as KVM would be one (holder.c), and a device that refuses to be
 * suspended (sleep.c).
 */
#include <linux/module.h>

#include "test.h"

static int __init sva_test_init(void)
{
	int ret;

	ret = sva_test_owners_add();
	if (ret)
		return ret;
	ret = sva_test_holders_add();
	if (ret)
		goto err_owners;
	ret = sva_test_sleeper_add();
	if (ret)
		goto err_holders;
	return 0;

err_holders:
	sva_test_holders_remove();
err_owners:
	sva_test_owners_remove();
	return ret;
}
module_init(sva_test_init);

static void __exit sva_test_exit(void)
{
	sva_test_sleeper_remove();
	sva_test_holders_remove();
	sva_test_owners_remove();
}
module_exit(sva_test_exit);

MODULE_DESCRIPTION("Drivers and users of contexts for the tests of sva.ko");
MODULE_LICENSE("GPL");
