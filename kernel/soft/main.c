// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - sva_soft.ko: the reference accelerator in software, behind softiommu
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "soft.h"

#define SOFT_MAX_DEVICES	16

static unsigned int devices = 1;
module_param(devices, uint, 0444);
MODULE_PARM_DESC(devices, "accelerators, soft0 and on (1 to 16)");

static unsigned int contexts = 256;
module_param(contexts, uint, 0444);
MODULE_PARM_DESC(contexts, "contexts of each (1 to 65536)");

static unsigned int ring_entries = 256;
module_param(ring_entries, uint, 0444);
MODULE_PARM_DESC(ring_entries, "descriptors in a ring (a power of two, 16 to 65536)");

static unsigned int pasid_bits[SOFT_MAX_DEVICES];
module_param_array(pasid_bits, uint, NULL, 0444);
MODULE_PARM_DESC(pasid_bits, "width of each one's PASIDs (1 to 20, default 16)");

static bool page_requests = true;
module_param(page_requests, bool, 0444);
MODULE_PARM_DESC(page_requests, "accesses may fault (default); off: memory has to be pinned");

static int groups[SOFT_MAX_DEVICES] = { [0 ... SOFT_MAX_DEVICES - 1] = SOFTIOMMU_OWN_GROUP };
module_param_array(groups, int, NULL, 0444);
MODULE_PARM_DESC(groups, "number of each one's IOMMU group (-1, the default: its own)");

static struct platform_device *pdevs[SOFT_MAX_DEVICES];

/* ------------------------------------------------------------- misbehave */

static ssize_t misbehave_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct soft_device *sd = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%s\n", accel_misbehave_names()[READ_ONCE(sd->misbehave)]);
}

static ssize_t misbehave_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t count)
{
	struct soft_device *sd = dev_get_drvdata(dev);
	int mode = __sysfs_match_string(accel_misbehave_names(), ACCEL_NUM_MODES, buf);

	if (mode < 0)
		return mode;
	WRITE_ONCE(sd->misbehave, mode);
	return count;
}
static DEVICE_ATTR_ADMIN_RW(misbehave);

static ssize_t refused_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct soft_device *sd = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n", READ_ONCE(sd->refused));
}
static DEVICE_ATTR_ADMIN_RO(refused);

static ssize_t landed_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct soft_device *sd = dev_get_drvdata(dev);

	return sysfs_emit(buf, "%llu\n", READ_ONCE(sd->landed));
}
static DEVICE_ATTR_ADMIN_RO(landed);

/* -------------------------------------------------------------- settings */

#define SOFT_SETTING(_name, _min, _max)						\
static ssize_t _name##_show(struct device *dev, struct device_attribute *attr,	\
			    char *buf)						\
{										\
	struct soft_device *sd = dev_get_drvdata(dev);				\
										\
	return sysfs_emit(buf, "%u\n", READ_ONCE(sd->_name));			\
}										\
static ssize_t _name##_store(struct device *dev, struct device_attribute *attr,	\
			     const char *buf, size_t count)			\
{										\
	struct soft_device *sd = dev_get_drvdata(dev);				\
	u32 value;								\
	int ret = kstrtou32(buf, 0, &value);					\
										\
	if (ret)								\
		return ret;							\
	if (value < (_min) || value > (_max))					\
		return -EINVAL;							\
	WRITE_ONCE(sd->_name, value);						\
	return count;								\
}										\
static DEVICE_ATTR_ADMIN_RW(_name)

SOFT_SETTING(fault_rate, 0, U32_MAX);
SOFT_SETTING(fault_strikes, 1, U32_MAX);
SOFT_SETTING(poll_us, 0, SOFT_POLL_MAX_US);

static struct attribute *soft_attrs[] = {
	&dev_attr_misbehave.attr,
	&dev_attr_refused.attr,
	&dev_attr_landed.attr,
	&dev_attr_fault_rate.attr,
	&dev_attr_fault_strikes.attr,
	&dev_attr_poll_us.attr,
	NULL,
};
ATTRIBUTE_GROUPS(soft);

/* ---------------------------------------------------------------- driver */

static void describe(struct soft_device *sd)
{
	accel_describe_regions(sd->regions, sd->ring_entries, SVA_REGION_MEMORY,
			       SVA_REGION_MEMORY);
	sd->types[0] = (struct sva_type) {
		.name = "shared",
		.description = "a queue of its own on an engine shared by all",
		.total = contexts,
	};
	snprintf(sd->name, sizeof(sd->name), "soft%d", sd->pdev->id);
}

static int soft_probe(struct platform_device *pdev)
{
	struct sva_device_desc desc = {
		.ops = &soft_ops,
		.num_types = 1,
		.num_regions = SVA_ACCEL_NUM_REGIONS,
		.irq_flags = accel_irq_flags(),
		.num_irqs = SVA_ACCEL_NUM_IRQS,
		.flags = SVA_DEVICE_FLAG_SOFTWARE |
			 (page_requests ? SVA_DEVICE_FLAG_PAGE_REQUESTS : 0),
		.max_quarantined = contexts / 2 + 1,
	};
	struct sva_device *sdev;
	struct soft_device *sd;
	int ret;

	sd = devm_kzalloc(&pdev->dev, sizeof(*sd), GFP_KERNEL);
	if (!sd)
		return -ENOMEM;
	sd->pdev = pdev;
	sd->ring_entries = ring_entries;
	sd->page_requests = page_requests;
	sd->poll_us = SOFT_POLL_US;
	sd->fault_rate = ACCEL_FAULT_RATE;
	sd->fault_strikes = ACCEL_FAULT_STRIKES;
	init_waitqueue_head(&sd->awake);
	ret = soft_ghosts_init(sd, pasid_bits[pdev->id]);
	if (ret)
		return ret;
	describe(sd);
	platform_set_drvdata(pdev, sd);
	sd->engines = alloc_workqueue("%s", WQ_UNBOUND, WQ_MAX_ACTIVE, sd->name);
	if (!sd->engines)
		return -ENOMEM;

	desc.name = sd->name;
	desc.types = sd->types;
	desc.regions = sd->regions;
	desc.drvdata = sd;
	sdev = sva_device_register(&pdev->dev, &desc);
	if (IS_ERR(sdev)) {
		soft_ghosts_exorcise(sd);
		destroy_workqueue(sd->engines);
		return PTR_ERR(sdev);
	}
	smp_store_release(&sd->sdev, sdev);
	return 0;
}

static void soft_remove(struct platform_device *pdev)
{
	struct soft_device *sd = platform_get_drvdata(pdev);

	sva_device_unregister(sd->sdev);
	cancel_delayed_work_sync(&sd->ghosts_work);
	soft_ghosts_exorcise(sd);
	destroy_workqueue(sd->engines);
}

/* Also on the way to another kernel, whose memory no access may reach */
static void soft_shutdown(struct platform_device *pdev)
{
	struct soft_device *sd = platform_get_drvdata(pdev);

	sva_device_quiesce(sd->sdev);
}

/*
 * The engines do not freeze as tasks do: a job may go on for ever, and must not keep
 * the system awake.
 */
static int soft_suspend(struct device *dev)
{
	struct soft_device *sd = dev_get_drvdata(dev);

	WRITE_ONCE(sd->asleep, true);
	return 0;
}

static int soft_resume(struct device *dev)
{
	struct soft_device *sd = dev_get_drvdata(dev);

	WRITE_ONCE(sd->asleep, false);
	wake_up_all(&sd->awake);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(soft_pm_ops, soft_suspend, soft_resume);

static struct platform_driver soft_driver = {
	.probe = soft_probe,
	.remove = soft_remove,
	.shutdown = soft_shutdown,
	.driver = {
		.name = "sva_soft",
		.dev_groups = soft_groups,
		.pm = pm_sleep_ptr(&soft_pm_ops),
	},
};

/* ---------------------------------------------------------------- module */

static int check_parameters(void)
{
	if (!devices || devices > SOFT_MAX_DEVICES) {
		pr_err("sva_soft: devices=%u: must be 1 to %u\n", devices, SOFT_MAX_DEVICES);
		return -EINVAL;
	}
	if (!contexts || contexts > 65536) {
		pr_err("sva_soft: contexts=%u: must be 1 to 65536\n", contexts);
		return -EINVAL;
	}
	if (ring_entries < 16 || ring_entries > 65536 || !is_power_of_2(ring_entries)) {
		pr_err("sva_soft: ring_entries=%u: must be a power of two, 16 to 65536\n",
		       ring_entries);
		return -EINVAL;
	}
	for (unsigned int i = 0; i < devices; i++) {
		pasid_bits[i] = pasid_bits[i] ?: 16;
		if (pasid_bits[i] > 20) {
			pr_err("sva_soft: pasid_bits=%u: must be 1 to 20\n", pasid_bits[i]);
			return -EINVAL;
		}
	}
	return 0;
}

static void destroy_devices(void)
{
	for (unsigned int i = 0; i < devices; i++)
		if (pdevs[i])
			softiommu_device_destroy(pdevs[i]);
}

static int create_devices(void)
{
	for (unsigned int i = 0; i < devices; i++) {
		struct platform_device *pdev;

		pdev = softiommu_device_create("sva_soft", i, pasid_bits[i], groups[i]);
		if (IS_ERR(pdev)) {
			destroy_devices();
			return PTR_ERR(pdev);
		}
		pdevs[i] = pdev;
	}
	return 0;
}

static int __init soft_init(void)
{
	int ret;

	ret = check_parameters();
	if (ret)
		return ret;
	ret = platform_driver_register(&soft_driver);
	if (ret)
		return ret;
	ret = create_devices();
	if (ret)
		platform_driver_unregister(&soft_driver);
	return ret;
}
module_init(soft_init);

static void __exit soft_exit(void)
{
	destroy_devices();
	platform_driver_unregister(&soft_driver);
}
module_exit(soft_exit);

MODULE_DESCRIPTION("Reference accelerator in software");
MODULE_LICENSE("GPL");
