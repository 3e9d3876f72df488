// SPDX-License-Identifier: GPL-2.0
/*
 * device.c - devices: registration, viability, removal
 */
#include <linux/idr.h>
#include <linux/slab.h>

#include "compat.h"
#include "core.h"

/* every registered device and partition */
static LIST_HEAD(sva_devices);
static DEFINE_SPINLOCK(sva_devices_lock);

static dev_t sva_devt;
static DEFINE_IDA(sva_minors);

/**
 * sva_device_drvdata() - what the provider keeps with its device
 * @sdev: the device, or a partition of it
 *
 * Context: Any, from registration until every context has been freed.
 * Return: the drvdata of the struct sva_device_desc that was registered; the core
 * never looks at it.
 */
void *sva_device_drvdata(const struct sva_device *sdev)
{
	return sdev->desc.drvdata;
}
EXPORT_SYMBOL_GPL(sva_device_drvdata);

u32 sva_device_max_contexts(const struct sva_device *sdev)
{
	u32 total = 0;

	for (u32 i = 0; i < sdev->desc.num_types; i++)
		total += sdev->desc.types[i].total;
	return total;
}

u32 sva_device_flags(struct sva_device *sdev)
{
	u32 flags = sdev->desc.flags;
	u32 reason;

	if (sdev->pasid_bits)
		flags |= SVA_DEVICE_FLAG_PASID;
	if (sdev->ops.reset && sdev->whole == sdev)
		flags |= SVA_DEVICE_FLAG_RESET;
	if (sdev->whole != sdev)
		flags |= SVA_DEVICE_FLAG_PARTITION;
	if (!sva_device_viable(sdev, &reason))
		flags |= SVA_DEVICE_FLAG_VIABLE;
	return flags;
}

/* A provider's driver that is half way in or out of one more device is ours too */
bool sva_device_is_ours(const struct device *parent, const struct device_driver *driver)
{
	struct sva_device *sdev;
	bool found = false;

	spin_lock(&sva_devices_lock);
	list_for_each_entry(sdev, &sva_devices, node)
		found |= sdev->parent == parent ||
			 READ_ONCE(sdev->parent->driver) == driver;
	spin_unlock(&sva_devices_lock);
	return found;
}

/* R11: all of the group is ours, or contexts are neither created nor bound */
int sva_device_viable(struct sva_device *sdev, u32 *reason)
{
	char blocker[SVA_BLOCKER_LEN];

	if (sva_group_viable(sdev->group, blocker))
		return 0;
	/* a device that leaves is not ours any more before its driver has let go of it */
	if (sva_device_gone(sdev)) {
		*reason = SVA_REASON_DEVICE_GONE;
		return -ENODEV;
	}
	*reason = SVA_REASON_NOT_VIABLE;
	return -EPERM;
}

/* A driver came or went somewhere: tell what changed, and end what may not go on */
static int follow_one(struct device *dev, void *data)
{
	struct sva_device *sdev = to_sva_device(dev);
	char blocker[SVA_BLOCKER_LEN];
	bool viable = sva_group_viable(sdev->group, blocker);

	/* whatever was told before: a probe that failed since is told by nobody */
	if (!viable)
		sva_device_end_all(sdev, SVA_REASON_NOT_VIABLE, true);
	if (viable == xchg(&sdev->viable, viable))
		return 0;
	if (viable)
		dev_info(dev, "IOMMU group %u is viable again\n", sva_group_id(sdev->group));
	else
		dev_notice(dev, "IOMMU group %u is not viable: %s\n",
			   sva_group_id(sdev->group), blocker);
	kobject_uevent(&dev->kobj, KOBJ_CHANGE);
	return 0;
}

struct leaving {
	struct sva_group *group;
	struct device *dev;
};

/* The contexts of the device itself end with it */
static bool stays(const struct sva_device *sdev, const struct leaving *leaving)
{
	return sdev->group == leaving->group && sdev->parent != leaving->dev;
}

static int end_sibling(struct device *dev, void *data)
{
	struct sva_device *sdev = to_sva_device(dev);

	if (stays(sdev, data))
		sva_device_end_all(sdev, SVA_REASON_GROUP_CHANGING, true);
	return 0;
}

static int await_sibling(struct device *dev, void *data)
{
	struct sva_device *sdev = to_sva_device(dev);

	if (stays(sdev, data))
		sva_device_await_ends(sdev);
	return 0;
}

/**
 * sva_device_end_siblings() - nothing stays bound in a group that a driver leaves
 */
void sva_device_end_siblings(struct sva_group *group, struct device *leaving)
{
	struct leaving args = { .group = group, .dev = leaving };

	/* a device is not idle before its partitions are */
	class_for_each_device(&sva_class, NULL, &args, end_sibling);
	class_for_each_device(&sva_class, NULL, &args, await_sibling);
}

void sva_device_follow_viability(void)
{
	class_for_each_device(&sva_class, NULL, NULL, follow_one);
}

/* ---------------------------------------------------------- registration */

static void sva_device_release(struct device *dev)
{
	struct sva_device *sdev = to_sva_device(dev);

	WARN_ON(!xa_empty(&sdev->contexts));
	xa_destroy(&sdev->contexts);
	sva_events_free(&sdev->events);
	sva_group_put(sdev->group);
	put_device(sdev->parent);
	if (sdev->whole != sdev)
		put_device(&sdev->whole->dev);
	if (MAJOR(sdev->dev.devt))
		ida_free(&sva_minors, MINOR(sdev->dev.devt));
	sva_description_free(sdev);
	kfree(sdev->type_used);
	kfree(sdev);
}

static void find_capabilities(struct sva_device *sdev)
{
	sdev->pasid_bits = sva_capability_pasid_bits(sdev->parent);
	sdev->sva_reason = sva_capability_obstacle(sdev->parent, sdev->group);
	if (!sdev->sva_reason && !(sdev->desc.flags & SVA_DEVICE_FLAG_PAGE_REQUESTS))
		sdev->fault_reason = sva_capability_fault_obstacle(sdev->parent);
}

static int sva_device_setup(struct sva_device *sdev, const struct sva_device_desc *desc)
{
	int minor;

	if (sva_description_copy(sdev, desc))
		return -ENOMEM;
	sdev->type_used = kcalloc(desc->num_types, sizeof(*sdev->type_used), GFP_KERNEL);
	if (!sdev->type_used)
		return -ENOMEM;
	if (sva_events_init(&sdev->events, SVA_DEVICE_EVENTS, GFP_KERNEL))
		return -ENOMEM;
	sdev->group = sva_group_get(sdev->parent);
	if (IS_ERR(sdev->group)) {
		int ret = PTR_ERR(sdev->group);

		sdev->group = NULL;
		return ret;
	}
	find_capabilities(sdev);

	minor = ida_alloc_max(&sva_minors, SVA_MAX_DEVICES - 1, GFP_KERNEL);
	if (minor < 0)
		return minor;
	sdev->dev.devt = MKDEV(MAJOR(sva_devt), minor);
	return dev_set_name(&sdev->dev, "%s", sdev->name);
}

static struct sva_device *sva_device_alloc(struct device *parent, struct sva_device *whole)
{
	struct sva_device *sdev = kzalloc_obj(*sdev);

	if (!sdev)
		return NULL;
	device_initialize(&sdev->dev);
	sdev->dev.class = &sva_class;
	sdev->dev.parent = parent;
	sdev->dev.release = sva_device_release;
	sdev->parent = get_device(parent);
	sdev->whole = whole ?: sdev;
	if (whole)
		get_device(&whole->dev);
	sdev->viable = true;
	spin_lock_init(&sdev->lock);
	xa_init_flags(&sdev->contexts, XA_FLAGS_ACCOUNT);
	init_waitqueue_head(&sdev->idle);
	mutex_init(&sdev->partitions_lock);
	INIT_LIST_HEAD(&sdev->partitions);
	INIT_LIST_HEAD(&sdev->partition);
	INIT_WORK(&sdev->reset_work, sva_device_reset_work);
	return sdev;
}

/**
 * sva_device_new() - a device or partition that nobody knows yet
 * @whole: NULL, or the device that it is a partition of
 *
 * The caller owns a reference.
 */
struct sva_device *sva_device_new(struct device *parent, const struct sva_device_desc *desc,
				  struct sva_device *whole)
{
	const char *fault = sva_description_fault(desc);
	struct sva_device *sdev;
	int ret;

	if (fault) {
		dev_err(parent, "not registered: %s\n", fault);
		return ERR_PTR(-EINVAL);
	}
	sdev = sva_device_alloc(parent, whole);
	if (!sdev)
		return ERR_PTR(-ENOMEM);
	ret = sva_device_setup(sdev, desc);
	if (ret) {
		put_device(&sdev->dev);
		return ERR_PTR(ret);
	}
	return sdev;
}

/* Names are checked here: the driver core would complain with a stack trace */
static int enlist(struct sva_device *sdev)
{
	struct sva_device *other;
	int ret = 0;

	spin_lock(&sva_devices_lock);
	list_for_each_entry(other, &sva_devices, node)
		if (!strcasecmp(other->name, sdev->name))
			ret = -EEXIST;
	if (!ret)
		list_add(&sdev->node, &sva_devices);
	spin_unlock(&sva_devices_lock);
	return ret;
}

static void delist(struct sva_device *sdev)
{
	spin_lock(&sva_devices_lock);
	list_del(&sdev->node);
	spin_unlock(&sva_devices_lock);
}

static void set_gone(struct sva_device *sdev)
{
	spin_lock(&sdev->whole->lock);
	sdev->gone = true;
	spin_unlock(&sdev->whole->lock);
}

/**
 * sva_device_publish() - its node and its sysfs appear
 *
 * -EEXIST: there is a device of this name.
 */
int sva_device_publish(struct sva_device *sdev)
{
	int ret;

	ret = enlist(sdev);
	if (ret)
		return ret;
	cdev_init(&sdev->cdev, &sva_control_fops);
	sdev->cdev.owner = THIS_MODULE;
	ret = cdev_device_add(&sdev->cdev, &sdev->dev);
	if (ret) {
		delist(sdev);
		return ret;
	}
	ret = sva_types_add(sdev);
	if (ret) {
		/* its node was there: it may have been opened, and have contexts */
		set_gone(sdev);
		if (sdev->whole == sdev)
			sva_partitions_remove_all(sdev);
		sva_device_retire(sdev);
	}
	return ret;
}

/**
 * sva_device_register() - make an accelerator known
 * @parent: the device that the IOMMU knows; bound to the calling driver
 * @desc: what it is; copied
 *
 * The device is reset first, so that nothing of a former driver's lives on (R3).
 * Its node appears before this returns, and calls of @desc->ops may come then.
 *
 * Context: Process context of the driver's probe; sleeps.
 * Return: the device, the caller's until sva_device_unregister(), or an ERR_PTR:
 * -EINVAL for a description that makes no sense (the log says why), -EEXIST where there
 * is a device of this name, -ENOSPC with too many devices, -ENOMEM, or what the reset
 * returned.
 */
struct sva_device *sva_device_register(struct device *parent,
				       const struct sva_device_desc *desc)
{
	struct sva_device *sdev;
	int ret = 0;

	sdev = sva_device_new(parent, desc, NULL);
	if (IS_ERR(sdev))
		return sdev;
	if (desc->ops->reset)
		ret = sva_device_reset_idle(sdev);
	if (!ret)
		ret = sva_device_publish(sdev);
	if (ret) {
		put_device(&sdev->dev);
		return ERR_PTR(ret);
	}
	return sdev;
}
EXPORT_SYMBOL_GPL(sva_device_register);

/* One that was due and is not done any more; nobody may wait for it */
static void cancel_reset(struct sva_device *sdev)
{
	if (!cancel_work_sync(&sdev->reset_work))
		return;
	spin_lock(&sdev->lock);
	sdev->resetting = false;
	spin_unlock(&sdev->lock);
	wake_up_all(&sdev->idle);
}

static bool none_but_quarantined(struct sva_device *sdev)
{
	bool done;

	spin_lock(&sdev->whole->lock);
	done = sdev->num_contexts == sdev->num_quarantined;
	spin_unlock(&sdev->whole->lock);
	return done;
}

static void end_contexts(struct sva_device *sdev)
{
	sva_device_end_all(sdev, SVA_REASON_DEVICE_GONE, false);
	wait_event(sdev->whole->idle, none_but_quarantined(sdev));
}

static void end_contexts_of(struct sva_device *sdev, void *data)
{
	end_contexts(sdev);
}

/**
 * sva_device_quiesce() - the last of the device, for a provider's shutdown()
 * @sdev: the device
 *
 * Ends every context and lets none begin; the device stays registered, and says
 * that it has gone.
 *
 * Context: Process context; sleeps until the contexts have ended.
 */
void sva_device_quiesce(struct sva_device *sdev)
{
	set_gone(sdev);
	cancel_reset(sdev);
	sva_partitions_each(sdev, end_contexts_of, NULL);
}
EXPORT_SYMBOL_GPL(sva_device_quiesce);

/**
 * sva_device_retire() - a device or partition leaves
 *
 * Marked gone by the caller.  A whole device is reset, so that nothing goes on for whoever
 * has it next (R3); what is in quarantine after that, or in a partition, outlives it.
 */
void sva_device_retire(struct sva_device *sdev)
{
	sva_types_remove(sdev);
	cdev_device_del(&sdev->cdev, &sdev->dev);
	cancel_reset(sdev);
	sva_race_point();
	end_contexts(sdev);
	if (sdev->whole == sdev)
		(void)sva_device_reset_idle(sdev);
	if (sdev->num_quarantined)
		sva_orphans_take(sdev);

	delist(sdev);
	sva_device_post(sdev, SVA_EVENT_GONE, NULL);
	WRITE_ONCE(sdev->told_gone, true);
	wake_up_all(&sdev->events.wait);
}

/**
 * sva_device_unregister() - the device leaves (R5, R6)
 * @sdev: the device; not the caller's any more when this returns
 *
 * Ends every context, removes its partitions, resets the device, and returns when
 * no call into the provider is under way or can come.  Files that are still open
 * answer ENODEV.
 *
 * Context: Process context of the driver's remove; sleeps, as long as
 * context_stop() and reset() of the contexts take.
 */
void sva_device_unregister(struct sva_device *sdev)
{
	set_gone(sdev);
	sva_race_point();
	sva_partitions_remove_all(sdev);
	sva_device_retire(sdev);
	put_device(&sdev->dev);
}
EXPORT_SYMBOL_GPL(sva_device_unregister);

int sva_device_init(void)
{
	int ret;

	ret = class_register(&sva_class);
	if (ret)
		return ret;
	ret = alloc_chrdev_region(&sva_devt, 0, SVA_MAX_DEVICES, "sva");
	if (ret)
		class_unregister(&sva_class);
	return ret;
}

void sva_device_exit(void)
{
	unregister_chrdev_region(sva_devt, SVA_MAX_DEVICES);
	class_unregister(&sva_class);
	ida_destroy(&sva_minors);
}
