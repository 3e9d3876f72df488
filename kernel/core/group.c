// SPDX-License-Identifier: GPL-2.0
/*
 * group.c - IOMMU groups, and the PASIDs in them (R3, R11)
 *
 * What the IOMMU cannot tell apart shares PASIDs, so the machine that decides
 * whether a PASID may be given on stands by group.  It is looked up by mm: one
 * mm has one PASID, and the mm is known before the PASID is.
 */
#include <linux/pci.h>
#include <linux/platform_device.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "core.h"

static LIST_HEAD(sva_groups);
static DEFINE_MUTEX(sva_groups_lock);

static const struct rhashtable_params pasid_params = {
	.key_len = sizeof(struct mm_struct *),
	.key_offset = offsetof(struct sva_pasid, mm),
	.head_offset = offsetof(struct sva_pasid, node),
	.automatic_shrinking = true,
};

static struct sva_group *group_alloc(struct iommu_group *iommu)
{
	struct sva_group *group = kzalloc_obj(*group);

	if (!group)
		return NULL;
	if (rhashtable_init(&group->pasids, &pasid_params)) {
		kfree(group);
		return NULL;
	}
	kref_init(&group->ref);
	spin_lock_init(&group->lock);
	group->iommu = iommu;
	list_add(&group->node, &sva_groups);
	return group;
}

/**
 * sva_group_get() - the group of a device that the IOMMU core knows
 *
 * Returns NULL if it is in none, or an ERR_PTR.
 */
struct sva_group *sva_group_get(struct device *parent)
{
	struct iommu_group *iommu = iommu_group_get(parent);
	struct sva_group *group;

	if (!iommu)
		return NULL;

	mutex_lock(&sva_groups_lock);
	list_for_each_entry(group, &sva_groups, node) {
		if (group->iommu == iommu) {
			kref_get(&group->ref);
			mutex_unlock(&sva_groups_lock);
			iommu_group_put(iommu);
			return group;
		}
	}
	group = group_alloc(iommu);
	mutex_unlock(&sva_groups_lock);
	if (!group) {
		iommu_group_put(iommu);
		return ERR_PTR(-ENOMEM);
	}
	return group;
}

static void group_free(struct kref *ref)
{
	struct sva_group *group = container_of(ref, struct sva_group, ref);

	list_del(&group->node);
	mutex_unlock(&sva_groups_lock);
	rhashtable_destroy(&group->pasids);
	iommu_group_put(group->iommu);
	kfree(group);
}

void sva_group_put(struct sva_group *group)
{
	if (group)
		kref_put_mutex(&group->ref, group_free, &sva_groups_lock);
}

u32 sva_group_id(const struct sva_group *group)
{
	return group ? iommu_group_id(group->iommu) : 0;
}

static int find_foreign(struct device *dev, void *data)
{
	/* once: it may be leaving */
	const struct device_driver *driver = READ_ONCE(dev->driver);
	char *blocker = data;

	/* bridges and devices without a driver issue nothing of their own */
	if (!driver || (dev_is_pci(dev) && pci_is_bridge(to_pci_dev(dev))))
		return 0;
	if (sva_device_is_ours(dev, driver))
		return 0;
	snprintf(blocker, SVA_BLOCKER_LEN, "%s %s", dev_name(dev), dev_driver_string(dev));
	return 1;
}

/**
 * sva_group_viable() - is every device of the group ours? (R11)
 * @blocker: if not, the device that somebody else drives, and its driver
 */
bool sva_group_viable(struct sva_group *group, char blocker[SVA_BLOCKER_LEN])
{
	memset(blocker, 0, SVA_BLOCKER_LEN);
	return !group || !iommu_group_for_each_dev(group->iommu, blocker, find_foreign);
}

/* ------------------------------------------------- following the viability */

static DEFINE_MUTEX(follow_lock);

static struct sva_group *group_find(struct iommu_group *iommu)
{
	struct sva_group *group, *found = NULL;

	mutex_lock(&sva_groups_lock);
	list_for_each_entry(group, &sva_groups, node)
		if (group->iommu == iommu)
			found = group;
	if (found)
		kref_get(&found->ref);
	mutex_unlock(&sva_groups_lock);
	return found;
}

/*
 * When a driver leaves a device, the core insists that no PASID is attached to the
 * device's group, whoever attached it.
 */
static void driver_leaves(struct device *dev, bool done)
{
	struct sva_group *group = group_find(dev->iommu_group);

	if (!group)
		return;
	if (done) {
		atomic_dec_if_positive(&group->changing);
	} else {
		atomic_inc(&group->changing);
		sva_device_end_siblings(group, dev);
	}
	sva_group_put(group);
}

/*
 * At once, under the lock of the device whose driver comes or goes: a context that
 * is bound after the next change must not be ended for this one.
 */
static int bus_event(struct notifier_block *nb, unsigned long action, void *data)
{
	struct device *dev = data;

	if (!dev->iommu_group)
		return NOTIFY_DONE;
	if (action == BUS_NOTIFY_UNBIND_DRIVER || action == BUS_NOTIFY_UNBOUND_DRIVER)
		driver_leaves(dev, action == BUS_NOTIFY_UNBOUND_DRIVER);
	if (action == BUS_NOTIFY_BOUND_DRIVER || action == BUS_NOTIFY_UNBOUND_DRIVER) {
		mutex_lock(&follow_lock);
		sva_device_follow_viability();
		mutex_unlock(&follow_lock);
	}
	return NOTIFY_DONE;
}

static struct notifier_block platform_events = { .notifier_call = bus_event };
static struct notifier_block pci_events = { .notifier_call = bus_event };

int sva_groups_follow(void)
{
	int ret = bus_register_notifier(&platform_bus_type, &platform_events);

	if (ret)
		return ret;
	if (IS_ENABLED(CONFIG_PCI))
		ret = bus_register_notifier(&pci_bus_type, &pci_events);
	if (ret)
		bus_unregister_notifier(&platform_bus_type, &platform_events);
	return ret;
}

void sva_groups_unfollow(void)
{
	if (IS_ENABLED(CONFIG_PCI))
		bus_unregister_notifier(&pci_bus_type, &pci_events);
	bus_unregister_notifier(&platform_bus_type, &platform_events);
}

/* ---------------------------------------------------------------- PASIDs */

static struct sva_pasid *pasid_alloc(struct sva_group *group, struct mm_struct *mm)
{
	struct sva_pasid *pasid = kzalloc_obj(*pasid, GFP_KERNEL_ACCOUNT);

	if (!pasid)
		return NULL;
	kref_init(&pasid->ref);
	spin_lock_init(&pasid->lock);
	init_waitqueue_head(&pasid->wait);
	sva_pasid_machine_init(&pasid->machine);
	pasid->group = group;
	kref_get(&group->ref);
	pasid->mm = mm;
	mmgrab(mm);
	return pasid;
}

static void pasid_free(struct sva_pasid *pasid)
{
	WARN_ON_ONCE(sva_pasid_state(&pasid->machine) != SVA_PASID_FREE);
	mmdrop(pasid->mm);
	sva_group_put(pasid->group);
	kfree(pasid);
}

static struct sva_pasid *pasid_find(struct sva_group *group, struct mm_struct *mm)
{
	struct sva_pasid *pasid;

	lockdep_assert_held(&group->lock);
	pasid = rhashtable_lookup_fast(&group->pasids, &mm, pasid_params);
	if (pasid)
		kref_get(&pasid->ref);
	return pasid;
}

/**
 * sva_pasid_get() - the machine of an address space in a group
 * @mm: the caller's own
 */
struct sva_pasid *sva_pasid_get(struct sva_group *group, struct mm_struct *mm)
{
	struct sva_pasid *pasid, *fresh;
	int ret = 0;

	spin_lock(&group->lock);
	pasid = pasid_find(group, mm);
	spin_unlock(&group->lock);
	if (pasid)
		return pasid;

	sva_race_point();
	fresh = pasid_alloc(group, mm);
	if (!fresh)
		return ERR_PTR(-ENOMEM);

	/* another thread of the process may have been faster */
	spin_lock(&group->lock);
	pasid = pasid_find(group, mm);
	if (!pasid)
		ret = rhashtable_insert_fast(&group->pasids, &fresh->node, pasid_params);
	spin_unlock(&group->lock);

	if (!pasid && !ret)
		return fresh;
	pasid_free(fresh);
	return pasid ?: ERR_PTR(ret);
}

static void pasid_release(struct kref *ref)
	__releases(group->lock)
{
	struct sva_pasid *pasid = container_of(ref, struct sva_pasid, ref);
	struct sva_group *group = pasid->group;

	rhashtable_remove_fast(&group->pasids, &pasid->node, pasid_params);
	spin_unlock(&group->lock);
	pasid_free(pasid);
}

void sva_pasid_put(struct sva_pasid *pasid)
{
	kref_put_lock(&pasid->ref, pasid_release, &pasid->group->lock);
}

/**
 * sva_group_holds_all() - are the PASIDs that fit @pasid_bits all used here?
 *
 * If not, they have been taken by address spaces bound in other groups.
 */
bool sva_group_holds_all(struct sva_group *group, u32 pasid_bits)
{
	/* the caller's own is in the table already, and PASID 0 is never given */
	return atomic_read(&group->pasids.nelems) - 1 >= (1 << pasid_bits) - 1;
}

static int pasid_try_bind(struct sva_pasid *pasid)
{
	int ret;

	spin_lock(&pasid->lock);
	ret = sva_pasid_bind(&pasid->machine);
	spin_unlock(&pasid->lock);
	return ret;
}

/**
 * sva_pasid_enter() - may one more context be bound under it? (R3)
 *
 * Waits for ends under way, which providers bound.  0, -EBUSY (quarantined),
 * -EINTR (killed).
 */
int sva_pasid_enter(struct sva_pasid *pasid)
{
	int ret;

	if (wait_event_killable(pasid->wait, (ret = pasid_try_bind(pasid)) != -EAGAIN))
		return -EINTR;
	return ret;
}

void sva_pasid_begin_end(struct sva_pasid *pasid)
{
	spin_lock(&pasid->lock);
	WARN_ON_ONCE(sva_pasid_stopping(&pasid->machine));
	spin_unlock(&pasid->lock);
}

void sva_pasid_finish_end(struct sva_pasid *pasid, enum sva_release release)
{
	spin_lock(&pasid->lock);
	WARN_ON_ONCE(sva_pasid_ended(&pasid->machine, release) < 0);
	spin_unlock(&pasid->lock);
	wake_up_all(&pasid->wait);
}

void sva_pasid_resolve(struct sva_pasid *pasid)
{
	spin_lock(&pasid->lock);
	WARN_ON_ONCE(sva_pasid_resolved(&pasid->machine) < 0);
	spin_unlock(&pasid->lock);
}
