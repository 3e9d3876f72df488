// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs.c - /sys/class/sva/NAME, see docs/ABI/sysfs-class-sva
 */
#include <linux/slab.h>

#include "core.h"

static ssize_t iommu_group_show(struct device *dev, struct device_attribute *attr,
				char *buf)
{
	struct sva_device *sdev = to_sva_device(dev);

	if (!sdev->group)
		return sysfs_emit(buf, "none\n");
	return sysfs_emit(buf, "%u\n", sva_group_id(sdev->group));
}
static DEVICE_ATTR_RO(iommu_group);

static ssize_t viable_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	char blocker[SVA_BLOCKER_LEN];

	if (sva_group_viable(to_sva_device(dev)->group, blocker))
		return sysfs_emit(buf, "1\n");
	return sysfs_emit(buf, "0 %s\n", blocker);
}
static DEVICE_ATTR_RO(viable);

static ssize_t pasid_bits_show(struct device *dev, struct device_attribute *attr,
			       char *buf)
{
	return sysfs_emit(buf, "%u\n", to_sva_device(dev)->pasid_bits);
}
static DEVICE_ATTR_RO(pasid_bits);

static ssize_t contexts_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_sva_device(dev)->num_contexts));
}
static DEVICE_ATTR_RO(contexts);

static ssize_t quarantined_show(struct device *dev, struct device_attribute *attr,
				char *buf)
{
	struct sva_device *sdev = to_sva_device(dev);

	/* the whole device answers for its partitions, also for those that were removed */
	return sysfs_emit(buf, "%u\n", READ_ONCE(*(sdev->whole == sdev ?
						   &sdev->all_quarantined : &sdev->num_quarantined)));
}
static DEVICE_ATTR_RO(quarantined);

static ssize_t reset_store(struct device *dev, struct device_attribute *attr,
			   const char *buf, size_t count)
{
	bool yes;
	u32 reason;
	int ret;

	if (kstrtobool(buf, &yes) || !yes)
		return -EINVAL;
	ret = sva_device_start_reset(to_sva_device(dev), &reason);
	return ret ?: count;
}
static DEVICE_ATTR_WO(reset);

static ssize_t trust_users_show(struct device *dev, struct device_attribute *attr,
				char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(to_sva_device(dev)->trust_users));
}

static ssize_t trust_users_store(struct device *dev, struct device_attribute *attr,
				 const char *buf, size_t count)
{
	bool trust;

	if (kstrtobool(buf, &trust))
		return -EINVAL;
	WRITE_ONCE(to_sva_device(dev)->trust_users, trust);
	return count;
}
static DEVICE_ATTR_RW(trust_users);

static ssize_t sva_reason_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_sva_device(dev)->sva_reason);
}
static DEVICE_ATTR_RO(sva_reason);

static ssize_t fault_reason_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%u\n", to_sva_device(dev)->fault_reason);
}
static DEVICE_ATTR_RO(fault_reason);

static ssize_t partition_of_show(struct device *dev, struct device_attribute *attr,
				 char *buf)
{
	return sysfs_emit(buf, "%s\n", to_sva_device(dev)->whole->name);
}
static DEVICE_ATTR_RO(partition_of);

/* "1", or "force" to revoke what is in use */
static ssize_t remove_store(struct device *dev, struct device_attribute *attr,
			    const char *buf, size_t count)
{
	bool force = sysfs_streq(buf, "force"), yes = force;
	int ret;

	if (!force && (kstrtobool(buf, &yes) || !yes))
		return -EINVAL;
	/* the partition's end waits for everybody who is in one of its files but us */
	get_device(dev);
	ret = sva_partition_remove(to_sva_device(dev), attr, force);
	put_device(dev);
	return ret ?: count;
}
static DEVICE_ATTR_WO(remove);

static struct attribute *sva_attrs[] = {
	&dev_attr_partition_of.attr,
	&dev_attr_remove.attr,
	&dev_attr_trust_users.attr,
	&dev_attr_iommu_group.attr,
	&dev_attr_viable.attr,
	&dev_attr_pasid_bits.attr,
	&dev_attr_sva_reason.attr,
	&dev_attr_fault_reason.attr,
	&dev_attr_contexts.attr,
	&dev_attr_quarantined.attr,
	&dev_attr_reset.attr,
	NULL,
};
static umode_t sva_attr_visible(struct kobject *kobj, struct attribute *attr, int index)
{
	struct sva_device *sdev = to_sva_device(kobj_to_dev(kobj));
	bool partition = sdev->whole != sdev;

	if (attr == &dev_attr_partition_of.attr || attr == &dev_attr_remove.attr)
		return partition ? attr->mode : 0;
	if (attr == &dev_attr_reset.attr && (partition || !sdev->ops.reset))
		return 0;
	return attr->mode;
}

static const struct attribute_group sva_group = {
	.attrs = sva_attrs,
	.is_visible = sva_attr_visible,
};

static const struct attribute_group *sva_groups[] = { &sva_group, NULL };

static char *sva_devnode(const struct device *dev, umode_t *mode)
{
	/* R12: udev gives it to svad; nobody else gets in by a group */
	if (mode)
		*mode = 0600;
	/* without a name from here the node would be /dev/NAME, and nobody be told of it */
	return kasprintf(GFP_KERNEL | __GFP_NOFAIL, "sva/%s", dev_name(dev));
}

struct class sva_class = {
	.name = "sva",
	.devnode = sva_devnode,
	.dev_groups = sva_groups,
};

