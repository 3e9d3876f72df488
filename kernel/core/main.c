// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - sva.ko: gives processes' address spaces to accelerators
 *
 * Devices (device.c) have control nodes (control.c) on which svad creates
 * contexts (context.c), whose fds (context_file.c) their processes bind.  PASIDs
 * are given on only when their release is known (group.c, release.c).
 */
#include <linux/module.h>

#include "core.h"

struct workqueue_struct *sva_wq;

static int __init sva_init(void)
{
	int ret;

	sva_context_init_ids();
	sva_wq = alloc_workqueue("sva", WQ_UNBOUND, 0);
	if (!sva_wq)
		return -ENOMEM;
	ret = sva_device_init();
	if (ret)
		goto err_wq;
	ret = sva_groups_follow();
	if (ret)
		goto err_device;
	return 0;

err_device:
	sva_device_exit();
err_wq:
	destroy_workqueue(sva_wq);
	return ret;
}
module_init(sva_init);

static void __exit sva_exit(void)
{
	sva_groups_unfollow();
	sva_device_exit();
	destroy_workqueue(sva_wq);
	/* interval notifiers are removed without waiting for their readers */
	mmu_notifier_synchronize();
}
module_exit(sva_exit);

MODULE_DESCRIPTION("Shared virtual addressing: binds processes to accelerators");
MODULE_LICENSE("GPL");
