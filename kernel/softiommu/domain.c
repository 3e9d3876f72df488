// SPDX-License-Identifier: GPL-2.0
/*
 * domain.c - address spaces in PASID tables, and their invalidation
 */
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "compat.h"
#include "private.h"

/* --------------------------------------------------- PASID table entries */

struct softiommu_entry *softiommu_entry_get(struct softiommu_device *sd, u32 pasid)
{
	struct softiommu_entry *entry;

	rcu_read_lock();
	entry = xa_load(&sd->pasids, pasid);
	if (entry && !refcount_inc_not_zero(&entry->users))
		entry = NULL;
	rcu_read_unlock();
	return entry;
}

void softiommu_entry_put(struct softiommu_entry *entry)
{
	if (refcount_dec_and_test(&entry->users))
		complete(&entry->idle);
}

static int set_dev_pasid(struct iommu_domain *domain, struct device *dev,
			 ioasid_t pasid, struct iommu_domain *old)
{
	struct softiommu_device *sd = dev_iommu_priv_get(dev);
	struct softiommu_entry *entry;
	int ret;

	if (old)
		return -EOPNOTSUPP;
	entry = kzalloc_obj(*entry, GFP_KERNEL_ACCOUNT);
	if (!entry)
		return -ENOMEM;
	refcount_set(&entry->users, 1);
	init_completion(&entry->idle);
	entry->domain = to_softiommu_domain(domain);
	ret = xa_insert(&sd->pasids, pasid, entry, GFP_KERNEL);
	if (ret)
		kfree(entry);
	return ret;
}

/*
 * Take a PASID out.  When this returns, nothing is being accessed under it, no page
 * request under it is with the core, and every later access is refused (R3).  The
 * requests of others are not waited for: their pages may never come (R8).
 */
static int clear_dev_pasid(struct iommu_domain *domain, struct device *dev,
			   ioasid_t pasid, struct iommu_domain *old)
{
	struct softiommu_device *sd = dev_iommu_priv_get(dev);
	struct softiommu_entry *entry = xa_erase(&sd->pasids, pasid);

	if (!entry)
		return 0;
	softiommu_entry_put(entry);
	wait_for_completion(&entry->idle);
	kfree_rcu(entry, rcu);
	return 0;
}

static int attach_nothing COMPAT_ATTACH_DEV(struct iommu_domain *domain, struct device *dev,
					    struct iommu_domain *old)
{
	return 0;
}

static const struct iommu_domain_ops blocked_ops = {
	.attach_dev = attach_nothing,
	.set_dev_pasid = clear_dev_pasid,
};

struct iommu_domain softiommu_blocked_domain = {
	.type = IOMMU_DOMAIN_BLOCKED,
	.ops = &blocked_ops,
};

/* Without a PASID a software device accesses nothing at all */
static const struct iommu_domain_ops identity_ops = {
	.attach_dev = attach_nothing,
};

struct iommu_domain softiommu_identity_domain = {
	.type = IOMMU_DOMAIN_IDENTITY,
	.ops = &identity_ops,
};

/* ---------------------------------------------------------- invalidation */

static bool no_window(struct softiommu_domain *domain)
{
	bool none;

	spin_lock(&domain->lock);
	none = !domain->windows;
	spin_unlock(&domain->lock);
	return none;
}

/*
 * Pages are about to go: open no window until it is over, and wait for those
 * that are open.  They are short and allocate nothing, so that waiting for them
 * under reclaim is safe, and so is spinning where we must not block.
 */
static int invalidate_start(struct mmu_notifier *notifier,
			    const struct mmu_notifier_range *range)
{
	struct softiommu_domain *domain =
		container_of(notifier, struct softiommu_domain, notifier);

	spin_lock(&domain->lock);
	domain->invalidations++;
	spin_unlock(&domain->lock);

	if (mmu_notifier_range_blockable(range))
		wait_event(domain->wait, no_window(domain));
	else
		while (!no_window(domain))
			cpu_relax();
	return 0;
}

static void invalidate_end(struct mmu_notifier *notifier,
			   const struct mmu_notifier_range *range)
{
	struct softiommu_domain *domain =
		container_of(notifier, struct softiommu_domain, notifier);
	bool wake;

	spin_lock(&domain->lock);
	wake = !--domain->invalidations;
	spin_unlock(&domain->lock);
	if (wake)
		wake_up_all(&domain->wait);
}

static void free_notifier(struct mmu_notifier *notifier)
{
	kfree(container_of(notifier, struct softiommu_domain, notifier));
}

/* The end of the mm needs no call: translation takes a reference to its users */
static const struct mmu_notifier_ops notifier_ops = {
	.invalidate_range_start = invalidate_start,
	.invalidate_range_end = invalidate_end,
	.free_notifier = free_notifier,
};

static void domain_free(struct iommu_domain *iommu)
{
	/* freed after the SRCU grace period, without waiting for it here */
	mmu_notifier_put(&to_softiommu_domain(iommu)->notifier);
}

static const struct iommu_domain_ops sva_ops = {
	.set_dev_pasid = set_dev_pasid,
	.free = domain_free,
};

/*
 * R8: called with a lock of the core's that every bind and unbind takes, while a thread
 * of this process may hold its own for as long as a page takes that never comes.
 * -EAGAIN: somebody has it.  The locks of single mappings are waited for all the same
 * (docs/security.md).
 */
static int register_notifier(struct softiommu_domain *domain)
{
	int ret;

	if (!compat_mmap_write_trylock(domain->mm))
		return -EAGAIN;
	ret = __mmu_notifier_register(&domain->notifier, domain->mm);
	mmap_write_unlock(domain->mm);
	return ret;
}

struct iommu_domain *softiommu_domain_alloc_sva(struct device *dev, struct mm_struct *mm)
{
	struct softiommu_domain *domain = kzalloc_obj(*domain, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!domain)
		return ERR_PTR(-ENOMEM);
	domain->iommu.ops = &sva_ops;
	domain->mm = mm;
	spin_lock_init(&domain->lock);
	init_waitqueue_head(&domain->wait);
	domain->notifier.ops = &notifier_ops;
	ret = register_notifier(domain);
	if (ret) {
		kfree(domain);
		return ERR_PTR(ret);
	}
	return &domain->iommu;
}
