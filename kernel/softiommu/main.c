// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - sva_softiommu.ko: an IOMMU in software
 *
 * A module of its own: the IOMMU core holds it while a device is behind it.
 */
#include <linux/debug_locks.h>
#include <linux/log2.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/property.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/sva.h>

#include "private.h"

static unsigned int pasid_bits = 20;
module_param(pasid_bits, uint, 0444);
MODULE_PARM_DESC(pasid_bits, "width of the IOMMU's PASIDs (1 to 20)");

static struct platform_device *softiommu_pdev;
static struct iommu_device softiommu;

static LIST_HEAD(softiommu_devices);
static DEFINE_MUTEX(softiommu_devices_lock);

/* ------------------------------------------------ the core's view of us */

static struct iommu_device *probe_device(struct device *dev)
{
	struct softiommu_device *sd = kzalloc_obj(*sd);
	u32 group;

	if (!sd)
		return ERR_PTR(-ENOMEM);
	sd->iopf = iopf_queue_alloc(dev_name(dev));
	if (!sd->iopf) {
		kfree(sd);
		return ERR_PTR(-ENOMEM);
	}
	sd->dev = dev;
	sd->group = SOFTIOMMU_OWN_GROUP;
	if (!device_property_read_u32(dev, "softiommu-group", &group))
		sd->group = group;
	xa_init_flags(&sd->pasids, XA_FLAGS_ACCOUNT);
	xa_init_flags(&sd->requests, XA_FLAGS_ALLOC1);
	dev_iommu_priv_set(dev, sd);
	mutex_lock(&softiommu_devices_lock);
	list_add_tail(&sd->node, &softiommu_devices);
	mutex_unlock(&softiommu_devices_lock);
	return &softiommu;
}

/* What shares a group number is what this IOMMU cannot tell apart */
static struct iommu_group *device_group(struct device *dev)
{
	struct softiommu_device *sd = dev_iommu_priv_get(dev), *other;
	struct iommu_group *group = NULL;

	if (sd->group == SOFTIOMMU_OWN_GROUP)
		return generic_device_group(dev);
	mutex_lock(&softiommu_devices_lock);
	list_for_each_entry(other, &softiommu_devices, node)
		if (!group && other != sd && other->group == sd->group)
			group = iommu_group_get(other->dev);
	mutex_unlock(&softiommu_devices_lock);
	return group ?: generic_device_group(dev);
}

static void probe_finalize(struct device *dev)
{
	struct softiommu_device *sd = dev_iommu_priv_get(dev);

	/* a device that cannot ask for pages is not created: device_is_ours() */
	sd->takes_requests = !iopf_queue_add_device(sd->iopf, dev);
}

static void release_device(struct device *dev)
{
	struct softiommu_device *sd = dev_iommu_priv_get(dev);

	mutex_lock(&softiommu_devices_lock);
	list_del(&sd->node);
	mutex_unlock(&softiommu_devices_lock);
	iopf_queue_free(sd->iopf);
	WARN_ON(!xa_empty(&sd->pasids));
	WARN_ON(!xa_empty(&sd->requests));
	xa_destroy(&sd->pasids);
	xa_destroy(&sd->requests);
	kfree(sd);
}

static bool softiommu_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_CACHE_COHERENCY;
}

static const struct iommu_ops softiommu_ops = {
	.owner = THIS_MODULE,
	.capable = softiommu_capable,
	.probe_device = probe_device,
	.probe_finalize = probe_finalize,
	.release_device = release_device,
	.device_group = device_group,
	.domain_alloc_sva = softiommu_domain_alloc_sva,
	.page_response = softiommu_page_response,
	.blocked_domain = &softiommu_blocked_domain,
	.identity_domain = &softiommu_identity_domain,
	.default_domain = &softiommu_identity_domain,
};

/* -------------------------------------------------------------- devices */

/*
 * Outside the core this can only be called without the core's private lock,
 * which it asserts.  Nobody else knows the device yet.
 */
static int join_iommu(struct device *dev)
{
	int ret;

	lockdep_off();
	ret = iommu_fwspec_init(dev, dev_fwnode(&softiommu_pdev->dev));
	lockdep_on();
	return ret;
}

/* The core frees what join_iommu() made with a device that it has probed, and no other */
static void leave_iommu(struct device *dev)
{
	struct dev_iommu *joined = dev->iommu;
	struct iommu_fwspec *fwspec = joined ? joined->fwspec : NULL;

	dev->iommu = NULL;
	if (fwspec)
		fwnode_handle_put(fwspec->iommu_fwnode);
	kfree(fwspec);
	kfree(joined);
}

/*
 * Consumes @pdev when it fails.  The driver core does not drop the properties of a
 * device that it has not come to add, and says EINVAL where it had no memory for a name.
 */
static int add_device(struct platform_device *pdev, const struct property_entry *properties,
		      bool behind_us)
{
	struct device *dev = &pdev->dev;
	int ret;

	ret = device_create_managed_software_node(dev, properties, NULL);
	if (!ret && behind_us)
		ret = join_iommu(dev);
	if (!ret)
		ret = platform_device_add(pdev);
	if (!ret)
		return 0;
	if (ret == -EINVAL && !dev_name(dev))
		ret = -ENOMEM;
	leave_iommu(dev);
	device_remove_software_node(dev);
	platform_device_put(pdev);
	return ret;
}

/* The driver core goes on where the IOMMU core had no memory for a device */
static bool device_is_ours(struct device *dev)
{
	struct softiommu_device *sd = device_iommu_mapped(dev) ? dev_iommu_priv_get(dev) : NULL;

	return sd && sd->takes_requests;
}

/**
 * softiommu_device_create() - a platform device behind the software IOMMU
 * @name: of the driver that it is for
 * @id: its number among the devices of this name
 * @pasid_bits: width of the PASIDs that the device can issue
 * @group: devices with the same number share an IOMMU group, or
 * 	SOFTIOMMU_OWN_GROUP
 *
 * Context: Process context; sleeps.
 * Return: the device, the caller's until softiommu_device_destroy(), or an ERR_PTR
 * with what the driver core said; -ENOMEM where it could not be put behind the IOMMU.
 */
struct platform_device *softiommu_device_create(const char *name, int id, u32 pasid_bits,
					       int group)
{
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_U32("pasid-num-bits", pasid_bits),
		group == SOFTIOMMU_OWN_GROUP ? (struct property_entry){ } :
			PROPERTY_ENTRY_U32("softiommu-group", group),
		{ }
	};
	struct platform_device *pdev;
	int ret;

	pdev = platform_device_alloc(name, id);
	if (!pdev)
		return ERR_PTR(-ENOMEM);
	ret = add_device(pdev, properties, true);
	if (ret)
		return ERR_PTR(ret);
	if (!device_is_ours(&pdev->dev)) {
		platform_device_unregister(pdev);
		return ERR_PTR(-ENOMEM);
	}
	return pdev;
}
EXPORT_SYMBOL_GPL(softiommu_device_create);

/**
 * softiommu_device_destroy() - the opposite of softiommu_device_create()
 * @pdev: the device; its driver is removed from it first
 *
 * Context: Process context; sleeps.
 */
void softiommu_device_destroy(struct platform_device *pdev)
{
	platform_device_unregister(pdev);
}
EXPORT_SYMBOL_GPL(softiommu_device_destroy);

/* --------------------------------------------------------------- module */

static int __init softiommu_init(void)
{
	const struct property_entry none[] = { { } };
	int ret;

	if (!pasid_bits || pasid_bits > 20) {
		pr_err("sva_softiommu: pasid_bits=%u: must be 1 to 20\n", pasid_bits);
		return -EINVAL;
	}
	softiommu_pdev = platform_device_alloc("sva_softiommu", PLATFORM_DEVID_NONE);
	if (!softiommu_pdev)
		return -ENOMEM;
	ret = add_device(softiommu_pdev, none, false);
	if (ret)
		return ret;
	softiommu.max_pasids = 1U << pasid_bits;
	ret = iommu_device_sysfs_add(&softiommu, &softiommu_pdev->dev, NULL, "softiommu");
	if (ret)
		goto err_pdev;
	ret = iommu_device_register(&softiommu, &softiommu_ops, &softiommu_pdev->dev);
	if (ret)
		goto err_sysfs;
	return 0;

err_sysfs:
	iommu_device_sysfs_remove(&softiommu);
err_pdev:
	platform_device_unregister(softiommu_pdev);
	return ret;
}
module_init(softiommu_init);

static void __exit softiommu_exit(void)
{
	iommu_device_unregister(&softiommu);
	iommu_device_sysfs_remove(&softiommu);
	platform_device_unregister(softiommu_pdev);
	/* domains are freed after a grace period */
	mmu_notifier_synchronize();
	rcu_barrier();
}
module_exit(softiommu_exit);

MODULE_DESCRIPTION("Software IOMMU with PASIDs and page requests");
MODULE_LICENSE("GPL");
