// SPDX-License-Identifier: GPL-2.0
/*
 * sysfs.c - the device's settings and its rogue block, as soft/ has them
 */
#include <linux/delay.h>

#include "apci.h"

/* ------------------------------------------------------------ rogue block */

#define MODE_TRIES	1000	/* a millisecond each */

static ssize_t misbehave_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct apci_device *ad = dev_get_drvdata(dev);
	u32 mode = apci_read(ad, SVA_PCI_MISBEHAVE);

	if (mode >= ACCEL_NUM_MODES)
		return -EIO;
	return sysfs_emit(buf, "%s\n", accel_misbehave_names()[mode]);
}

static ssize_t misbehave_store(struct device *dev, struct device_attribute *attr,
			       const char *buf, size_t count)
{
	struct apci_device *ad = dev_get_drvdata(dev);
	int mode = __sysfs_match_string(accel_misbehave_names(), ACCEL_NUM_MODES, buf);

	if (mode < 0)
		return mode;
	/* read back: what is stopped from here on sees it; during a reset nobody answers */
	for (int i = 0; i < MODE_TRIES; i++) {
		apci_write(ad, SVA_PCI_MISBEHAVE, mode);
		if (apci_read(ad, SVA_PCI_MISBEHAVE) == mode &&
		    apci_read(ad, SVA_PCI_ID) == SVA_PCI_ID_VALUE)
			return count;
		msleep(1);
	}
	return -EIO;
}
static DEVICE_ATTR_ADMIN_RW(misbehave);

static_assert((u32)ACCEL_BEHAVE == SVA_PCI_MISBEHAVE_NONE);
static_assert((u32)ACCEL_HOLD == SVA_PCI_MISBEHAVE_HOLD);
static_assert((u32)ACCEL_STALE == SVA_PCI_MISBEHAVE_STALE);
static_assert((u32)ACCEL_LATE == SVA_PCI_MISBEHAVE_LATE);
static_assert((u32)ACCEL_NEVER == SVA_PCI_MISBEHAVE_NEVER);
static_assert((u32)ACCEL_MUTE == SVA_PCI_MISBEHAVE_MUTE);
static_assert((u32)ACCEL_REPLAY == SVA_PCI_MISBEHAVE_REPLAY);

static const char *const breaks[] = {
	[SVA_PCI_BREAK_NONFATAL] = "nonfatal",
	[SVA_PCI_BREAK_FATAL] = "fatal",
	[SVA_PCI_BREAK_VANISH] = "vanish",
};

static ssize_t break_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t count)
{
	for (u32 how = SVA_PCI_BREAK_NONFATAL; how < ARRAY_SIZE(breaks); how++) {
		if (!sysfs_streq(buf, breaks[how]))
			continue;
		apci_write(dev_get_drvdata(dev), SVA_PCI_BREAK, how);
		return count;
	}
	return -EINVAL;
}
static DEVICE_ATTR(break, 0200, NULL, break_store);

#define APCI_COUNTER(_name, _register)						\
static ssize_t _name##_show(struct device *dev, struct device_attribute *attr,	\
			    char *buf)						\
{										\
	struct apci_device *ad = dev_get_drvdata(dev);				\
	u64 value = lo_hi_readq(ad->registers + (_register));			\
										\
	return value == U64_MAX ? -EBUSY : sysfs_emit(buf, "%llu\n", value);	\
}										\
static DEVICE_ATTR_ADMIN_RO(_name)

APCI_COUNTER(refused, SVA_PCI_REFUSED);
APCI_COUNTER(landed, SVA_PCI_LANDED);

/* ---------------------------------------------------------- fault storms */

#define APCI_SETTING(_name, _register, _min)					\
static ssize_t _name##_show(struct device *dev, struct device_attribute *attr,	\
			    char *buf)						\
{										\
	struct apci_device *ad = dev_get_drvdata(dev);				\
										\
	return sysfs_emit(buf, "%u\n", READ_ONCE(ad->_name));			\
}										\
static ssize_t _name##_store(struct device *dev, struct device_attribute *attr,	\
			     const char *buf, size_t count)			\
{										\
	struct apci_device *ad = dev_get_drvdata(dev);				\
	u32 value;								\
	int ret = kstrtou32(buf, 0, &value);					\
										\
	if (ret)								\
		return ret;							\
	if (value < (_min))							\
		return -EINVAL;							\
	WRITE_ONCE(ad->_name, value);						\
	apci_write(ad, (_register), value);					\
	return count;								\
}										\
static DEVICE_ATTR_ADMIN_RW(_name)

APCI_SETTING(fault_rate, SVA_PCI_FAULT_RATE, 0);
APCI_SETTING(fault_strikes, SVA_PCI_FAULT_STRIKES, 1);

static struct attribute *settings_attrs[] = {
	&dev_attr_fault_rate.attr,
	&dev_attr_fault_strikes.attr,
	NULL,
};

static const struct attribute_group settings_group = {
	.attrs = settings_attrs,
};

static struct attribute *rogue_attrs[] = {
	&dev_attr_misbehave.attr,
	&dev_attr_refused.attr,
	&dev_attr_landed.attr,
	&dev_attr_break.attr,
	NULL,
};

static umode_t rogue_visible(struct kobject *kobj, struct attribute *attr, int n)
{
	struct apci_device *ad = dev_get_drvdata(kobj_to_dev(kobj));

	return ad->rogue ? attr->mode : 0;
}

static const struct attribute_group rogue_group = {
	.attrs = rogue_attrs,
	.is_visible = rogue_visible,
};

const struct attribute_group *apci_groups[] = {
	&settings_group,
	&rogue_group,
	NULL,
};
