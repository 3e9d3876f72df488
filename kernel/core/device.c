// SPDX-License-Identifier: GPL-2.0
/*
 * device.c - devices: registration, accounts, reset, removal, sysfs
 */
#include <linux/ctype.h>
#include <linux/idr.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "core.h"
#include "trace.h"

/* every registered device, for group viability; and what outlived its device */
static LIST_HEAD(sva_devices);
static LIST_HEAD(sva_orphans);
static DEFINE_SPINLOCK(sva_devices_lock);

#define to_sva_device(d) container_of(d, struct sva_device, dev)

static dev_t sva_devt;
static DEFINE_IDA(sva_minors);

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
	if (sdev->ops.reset)
		flags |= SVA_DEVICE_FLAG_RESET;
	if (!sva_device_viable(sdev, &reason))
		flags |= SVA_DEVICE_FLAG_VIABLE;
	return flags;
}

bool sva_device_of_parent(struct device *parent)
{
	struct sva_device *sdev;
	bool found = false;

	spin_lock(&sva_devices_lock);
	list_for_each_entry(sdev, &sva_devices, node)
		found |= sdev->parent == parent;
	spin_unlock(&sva_devices_lock);
	return found;
}

/* R11: all of the group is ours, or contexts are neither created nor bound */
int sva_device_viable(struct sva_device *sdev, u32 *reason)
{
	char blocker[SVA_BLOCKER_LEN];

	if (sva_group_viable(sdev->group, blocker))
		return 0;
	*reason = SVA_REASON_NOT_VIABLE;
	return -EPERM;
}

void sva_device_post(struct sva_device *sdev, u32 type, struct sva_context *ctx)
{
	struct sva_event event = { .type = type };

	if (ctx) {
		if (ctx->silent)
			return;
		event.context = ctx->id;
		event.cookie = ctx->cookie;
		event.pasid = ctx->pasid;
		event.release = ctx->machine.release;
		event.reason = ctx->end_reason;
	}
	event.count = 1;
	sva_events_post(&sdev->events, &event);
}

/* -------------------------------------------------------------- accounts */

static int check_usable(struct sva_device *sdev, u32 *reason)
{
	lockdep_assert_held(&sdev->lock);
	if (sdev->gone) {
		*reason = SVA_REASON_DEVICE_GONE;
		return -ENODEV;
	}
	return 0;
}

static int take_type(struct sva_device *sdev, u32 type, u32 *reason)
{
	int ret = check_usable(sdev, reason);

	if (ret)
		return ret;
	if (sdev->type_used[type] >= sdev->desc.types[type].total) {
		*reason = SVA_REASON_TYPE_EXHAUSTED;
		return -ENOSPC;
	}
	sdev->type_used[type]++;
	sdev->num_contexts++;
	return 0;
}

static void put_type(struct sva_device *sdev, u32 type)
{
	lockdep_assert_held(&sdev->lock);
	sdev->type_used[type]--;
	sdev->num_contexts--;
}

/**
 * sva_device_add_context() - enter a new context into the device's table
 *
 * The table holds a reference until the context has ended and its PASID's
 * release is known.
 */
int sva_device_add_context(struct sva_device *sdev, struct sva_context *ctx, u32 *reason)
{
	int ret;

	ret = xa_reserve(&sdev->contexts, ctx->id, GFP_KERNEL_ACCOUNT);
	if (ret) {
		*reason = SVA_REASON_NO_MEMORY;
		return ret;
	}
	spin_lock(&sdev->lock);
	ret = take_type(sdev, ctx->type, reason);
	if (!ret) {
		sva_context_get(ctx);
		xa_store(&sdev->contexts, ctx->id, ctx, GFP_ATOMIC);
	}
	spin_unlock(&sdev->lock);
	if (ret)
		xa_release(&sdev->contexts, ctx->id);
	return ret;
}

static int begin_bind_locked(struct sva_device *sdev, struct sva_context *ctx, u32 *reason)
{
	int ret = check_usable(sdev, reason);

	if (ret)
		return ret;
	if (sdev->resetting) {
		*reason = SVA_REASON_RESETTING;
		return -EBUSY;
	}
	if (sdev->num_quarantined >= sdev->desc.max_quarantined) {
		*reason = SVA_REASON_QUARANTINE_FULL;
		return -ENOSPC;
	}
	if (sva_account_full(ctx->account)) {
		*reason = SVA_REASON_QUARANTINE_ACCOUNT;
		return -ENOSPC;
	}
	sdev->live++;
	return 0;
}

/**
 * sva_device_begin_bind() - is the device fit for a binding now?
 *
 * On success resets and removal wait for sva_device_undo_bind() or
 * sva_device_context_ended().
 */
int sva_device_begin_bind(struct sva_context *ctx, u32 *reason)
{
	struct sva_device *sdev = ctx->sdev;
	int ret;

	spin_lock(&sdev->lock);
	ret = begin_bind_locked(sdev, ctx, reason);
	spin_unlock(&sdev->lock);
	return ret;
}

static void maybe_reset_locked(struct sva_device *sdev)
{
	/* an idle device with quarantine cleans itself */
	if (sdev->gone || sdev->resetting || sdev->live ||
	    !sdev->num_quarantined || !sdev->ops.reset)
		return;
	sdev->resetting = true;
	queue_work(sva_wq, &sdev->reset_work);
}

void sva_device_undo_bind(struct sva_device *sdev)
{
	spin_lock(&sdev->lock);
	sdev->live--;
	spin_unlock(&sdev->lock);
	wake_up_all(&sdev->idle);
}

static void forget_context(struct sva_device *sdev, struct sva_context *ctx)
{
	lockdep_assert_held(&sdev->lock);
	xa_erase(&sdev->contexts, ctx->id);
	put_type(sdev, ctx->type);
}

static bool end_machine(struct sva_context *ctx, enum sva_release release)
{
	bool quarantined;

	spin_lock(&ctx->lock);
	ctx->mm = NULL;
	WARN_ON_ONCE(sva_context_ended(&ctx->machine, release));
	quarantined = ctx->machine.phase == SVA_PHASE_QUARANTINED;
	spin_unlock(&ctx->lock);
	return quarantined;
}

/**
 * sva_device_context_ended() - give back what a context had
 * @was_live: it was bound
 *
 * Its state, the counts and the events change as one: who sees one of them finds
 * the others.  Returns whether the context is in quarantine now; if not, the
 * table's reference is the caller's to put.
 */
bool sva_device_context_ended(struct sva_context *ctx, enum sva_release release,
			      bool was_live)
{
	struct sva_device *sdev = ctx->sdev;
	bool quarantined;

	spin_lock(&sdev->lock);
	quarantined = end_machine(ctx, release);
	sdev->live -= was_live;
	if (quarantined) {
		sdev->num_quarantined++;
		atomic_inc(&ctx->account->quarantined);
	} else {
		forget_context(sdev, ctx);
	}
	trace_sva_unbind(ctx);
	sva_device_post(sdev, SVA_EVENT_ENDED, ctx);
	if (quarantined)
		trace_sva_quarantine(ctx);
	else
		trace_sva_release(ctx);
	if (quarantined)
		sva_device_post(sdev, SVA_EVENT_QUARANTINED, ctx);
	maybe_reset_locked(sdev);
	spin_unlock(&sdev->lock);
	wake_up_all(&sdev->idle);
	return quarantined;
}

/**
 * sva_device_context_resolved() - a context leaves quarantine
 *
 * Returns false if it was in none; if true, the table's reference is the
 * caller's to put.
 */
bool sva_device_context_resolved(struct sva_context *ctx, enum sva_release release)
{
	struct sva_device *sdev = ctx->sdev;
	int ret;

	spin_lock(&sdev->lock);
	spin_lock(&ctx->lock);
	ret = sva_context_resolved(&ctx->machine, release);
	spin_unlock(&ctx->lock);
	if (!ret) {
		forget_context(sdev, ctx);
		sdev->num_quarantined--;
		atomic_dec(&ctx->account->quarantined);
		trace_sva_release(ctx);
		sva_device_post(sdev, SVA_EVENT_RELEASED, ctx);
	}
	spin_unlock(&sdev->lock);
	wake_up_all(&sdev->idle);
	return !ret;
}

/* The context with the lowest id above @after, with a reference, or NULL */
struct sva_context *sva_device_next(struct sva_device *sdev, u64 after)
{
	unsigned long id = after;
	struct sva_context *ctx;

	spin_lock(&sdev->lock);
	ctx = xa_find_after(&sdev->contexts, &id, ULONG_MAX, XA_PRESENT);
	if (ctx)
		sva_context_get(ctx);
	spin_unlock(&sdev->lock);
	return ctx;
}

struct sva_context *sva_device_find(struct sva_device *sdev, u64 id)
{
	struct sva_context *ctx;

	spin_lock(&sdev->lock);
	ctx = xa_load(&sdev->contexts, id);
	if (ctx)
		sva_context_get(ctx);
	spin_unlock(&sdev->lock);
	return ctx;
}

/* ----------------------------------------------------------------- reset */

static void end_all(struct sva_device *sdev, u32 reason, bool bound_only)
{
	struct sva_context *ctx;
	u64 id = 0;

	while ((ctx = sva_device_next(sdev, id))) {
		id = ctx->id;
		if (!bound_only || READ_ONCE(ctx->machine.phase) != SVA_PHASE_CREATED)
			sva_context_end_async(ctx, reason);
		sva_context_put(ctx);
	}
}

static void resolve_all(struct sva_device *sdev)
{
	struct sva_context *ctx;
	u64 id = 0;

	while ((ctx = sva_device_next(sdev, id))) {
		id = ctx->id;
		sva_context_resolve(ctx, SVA_RELEASE_CLEAN);
		sva_context_put(ctx);
	}
}

/* Reset with nothing bound; success is proof for all that is in quarantine (R3) */
static int reset_idle(struct sva_device *sdev)
{
	int ret;

	if (!sdev->ops.reset)
		return -EOPNOTSUPP;
	ret = sdev->ops.reset(sdev);
	if (ret)
		dev_warn(sdev->parent, "reset failed (%d): %u PASIDs stay in quarantine\n",
			 ret, READ_ONCE(sdev->num_quarantined));
	else
		resolve_all(sdev);
	return ret;
}

static bool none_live(struct sva_device *sdev)
{
	bool idle;

	spin_lock(&sdev->lock);
	idle = !sdev->live;
	spin_unlock(&sdev->lock);
	return idle;
}

static void reset_work(struct work_struct *work)
{
	struct sva_device *sdev = container_of(work, struct sva_device, reset_work);
	struct sva_event event = { .type = SVA_EVENT_RESET, .count = 1 };

	end_all(sdev, SVA_REASON_RESETTING, true);
	wait_event(sdev->idle, none_live(sdev));
	if (reset_idle(sdev))
		event.reason = SVA_REASON_PROVIDER;

	spin_lock(&sdev->lock);
	sdev->resetting = false;
	spin_unlock(&sdev->lock);
	sva_events_post(&sdev->events, &event);
}

int sva_device_start_reset(struct sva_device *sdev, u32 *reason)
{
	int ret;

	spin_lock(&sdev->lock);
	ret = check_usable(sdev, reason);
	if (!ret && !sdev->ops.reset) {
		*reason = SVA_REASON_NO_RESET;
		ret = -EOPNOTSUPP;
	}
	if (!ret && sdev->resetting) {
		*reason = SVA_REASON_RESETTING;
		ret = -EBUSY;
	}
	if (!ret) {
		sdev->resetting = true;
		queue_work(sva_wq, &sdev->reset_work);
	}
	spin_unlock(&sdev->lock);
	return ret;
}

/* --------------------------------------------------------------- orphans */

/*
 * A device that leaves with PASIDs in quarantine, because its reset failed,
 * takes nothing with it: the contexts stay, sva.ko cannot be unloaded, and
 * their address spaces are bound nowhere, until the same device is back and
 * was reset (R3).
 */
static void orphan_all(struct sva_device *sdev)
{
	struct sva_context *ctx;
	u64 id = 0;

	while ((ctx = sva_device_next(sdev, id))) {
		id = ctx->id;
		__module_get(THIS_MODULE);
		spin_lock(&sva_devices_lock);
		list_add(&ctx->orphan, &sva_orphans);
		spin_unlock(&sva_devices_lock);
		sva_context_put(ctx);
	}
}

static struct sva_context *take_orphan(struct device *parent)
{
	struct sva_context *ctx, *found = NULL;

	spin_lock(&sva_devices_lock);
	list_for_each_entry(ctx, &sva_orphans, orphan)
		if (ctx->sdev->parent == parent)
			found = ctx;
	if (found)
		list_del_init(&found->orphan);
	spin_unlock(&sva_devices_lock);
	return found;
}

static void resolve_orphans(struct device *parent)
{
	struct sva_context *ctx;

	while ((ctx = take_orphan(parent))) {
		sva_context_resolve(ctx, SVA_RELEASE_CLEAN);
		module_put(THIS_MODULE);
	}
}

bool sva_device_mm_orphaned(struct mm_struct *mm)
{
	struct sva_context *ctx;
	bool found = false;

	if (list_empty(&sva_orphans))
		return false;
	spin_lock(&sva_devices_lock);
	list_for_each_entry(ctx, &sva_orphans, orphan)
		found |= ctx->pasid_entry->mm == mm;
	spin_unlock(&sva_devices_lock);
	return found;
}

/* ------------------------------------------------------------- viability */

/* A driver came or went somewhere: tell what changed, and end what may not go on */
static int follow_one(struct device *dev, void *data)
{
	struct sva_device *sdev = to_sva_device(dev);
	char blocker[SVA_BLOCKER_LEN];
	bool viable = sva_group_viable(sdev->group, blocker);

	if (viable == xchg(&sdev->viable, viable))
		return 0;
	if (viable) {
		dev_info(dev, "IOMMU group %u is viable again\n", sva_group_id(sdev->group));
	} else {
		dev_notice(dev, "IOMMU group %u is not viable: %s\n",
			   sva_group_id(sdev->group), blocker);
		end_all(sdev, SVA_REASON_NOT_VIABLE, true);
	}
	kobject_uevent(&dev->kobj, KOBJ_CHANGE);
	return 0;
}

void sva_device_follow_viability(void)
{
	class_for_each_device(&sva_class, NULL, NULL, follow_one);
}

/* ----------------------------------------------------------------- sysfs */

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
	return sysfs_emit(buf, "%u\n", READ_ONCE(to_sva_device(dev)->num_quarantined));
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

static struct attribute *sva_attrs[] = {
	&dev_attr_trust_users.attr,
	&dev_attr_iommu_group.attr,
	&dev_attr_viable.attr,
	&dev_attr_pasid_bits.attr,
	&dev_attr_contexts.attr,
	&dev_attr_quarantined.attr,
	&dev_attr_reset.attr,
	NULL,
};
ATTRIBUTE_GROUPS(sva);

static char *sva_devnode(const struct device *dev, umode_t *mode)
{
	/* R12: udev gives it to svad; nobody else gets in by a group */
	if (mode)
		*mode = 0600;
	return kasprintf(GFP_KERNEL, "sva/%s", dev_name(dev));
}

struct class sva_class = {
	.name = "sva",
	.devnode = sva_devnode,
	.dev_groups = sva_groups,
};

/* ---------------------------------------------------------- registration */

static void sva_device_release(struct device *dev)
{
	struct sva_device *sdev = to_sva_device(dev);

	WARN_ON(!xa_empty(&sdev->contexts));
	xa_destroy(&sdev->contexts);
	sva_events_free(&sdev->events);
	sva_group_put(sdev->group);
	put_device(sdev->parent);
	if (MAJOR(sdev->dev.devt))
		ida_free(&sva_minors, MINOR(sdev->dev.devt));
	kfree(sdev->desc.types);
	kfree(sdev->desc.regions);
	kfree(sdev->desc.irq_flags);
	kfree(sdev->type_used);
	kfree(sdev);
}

static bool name_valid(const char *name)
{
	size_t len = strnlen(name, SVA_NAME_LEN);

	if (!len || len == SVA_NAME_LEN || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum(name[i]) && !strchr("-_.", name[i]))
			return false;
	return true;
}

static int check_desc(const struct sva_device_desc *desc)
{
	if (!name_valid(desc->name) || !desc->num_types)
		return -EINVAL;
	for (u32 i = 0; i < desc->num_regions; i++) {
		const struct sva_region *r = &desc->regions[i];
		u64 end;

		if (r->size && (!r->offset || !PAGE_ALIGNED(r->offset) ||
				!PAGE_ALIGNED(r->size) ||
				check_add_overflow(r->offset, r->size, &end) ||
				end > LLONG_MAX))
			return -EINVAL;
	}
	return 0;
}

static void find_capabilities(struct sva_device *sdev)
{
	struct device *parent = sdev->parent;

	if (!sdev->group) {
		sdev->sva_reason = SVA_REASON_NO_IOMMU;
		return;
	}
	if (parent->iommu && parent->iommu->max_pasids > 1)
		sdev->pasid_bits = ilog2(parent->iommu->max_pasids);
	if (!sdev->pasid_bits)
		sdev->sva_reason = SVA_REASON_NO_PASID;
}

static int copy_desc(struct sva_device *sdev, const struct sva_device_desc *desc)
{
	sdev->desc = *desc;
	sdev->ops = *desc->ops;
	sdev->desc.ops = &sdev->ops;
	strscpy(sdev->name, desc->name);
	sdev->desc.name = sdev->name;
	sdev->desc.types = kmemdup_array(desc->types, desc->num_types,
					 sizeof(*desc->types), GFP_KERNEL);
	sdev->desc.regions = kmemdup_array(desc->regions, desc->num_regions,
					   sizeof(*desc->regions), GFP_KERNEL);
	sdev->desc.irq_flags = kmemdup_array(desc->irq_flags, desc->num_irqs,
					     sizeof(*desc->irq_flags), GFP_KERNEL);
	sdev->type_used = kcalloc(desc->num_types, sizeof(*sdev->type_used), GFP_KERNEL);
	return sdev->desc.types && sdev->desc.regions && sdev->desc.irq_flags &&
	       sdev->type_used ? 0 : -ENOMEM;
}

static int sva_device_setup(struct sva_device *sdev, const struct sva_device_desc *desc)
{
	int minor;

	if (copy_desc(sdev, desc))
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

static struct sva_device *sva_device_alloc(struct device *parent)
{
	struct sva_device *sdev = kzalloc_obj(*sdev);

	if (!sdev)
		return NULL;
	device_initialize(&sdev->dev);
	sdev->dev.class = &sva_class;
	sdev->dev.parent = parent;
	sdev->dev.release = sva_device_release;
	sdev->parent = get_device(parent);
	sdev->viable = true;
	spin_lock_init(&sdev->lock);
	xa_init(&sdev->contexts);
	init_waitqueue_head(&sdev->idle);
	INIT_WORK(&sdev->reset_work, reset_work);
	return sdev;
}

static void enlist(struct sva_device *sdev, bool in)
{
	spin_lock(&sva_devices_lock);
	if (in)
		list_add(&sdev->node, &sva_devices);
	else
		list_del(&sdev->node);
	spin_unlock(&sva_devices_lock);
}

/**
 * sva_device_register() - make an accelerator known
 * @parent: the device that the IOMMU knows; bound to the calling driver
 * @desc: copied
 *
 * The device is reset first, so that nothing of a former driver's lives on (R3).
 * Returns the device, which belongs to the caller until
 * sva_device_unregister(), or an ERR_PTR.
 */
struct sva_device *sva_device_register(struct device *parent,
				       const struct sva_device_desc *desc)
{
	struct sva_device *sdev;
	int ret;

	ret = check_desc(desc);
	if (ret)
		return ERR_PTR(ret);
	sdev = sva_device_alloc(parent);
	if (!sdev)
		return ERR_PTR(-ENOMEM);
	ret = sva_device_setup(sdev, desc);
	if (ret)
		goto err_put;

	if (desc->ops->reset) {
		ret = reset_idle(sdev);
		if (ret)
			goto err_put;
		resolve_orphans(parent);
	}

	enlist(sdev, true);
	cdev_init(&sdev->cdev, &sva_control_fops);
	sdev->cdev.owner = THIS_MODULE;
	ret = cdev_device_add(&sdev->cdev, &sdev->dev);
	if (ret)
		goto err_delist;
	return sdev;

err_delist:
	enlist(sdev, false);
err_put:
	put_device(&sdev->dev);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(sva_device_register);

static bool none_but_quarantined(struct sva_device *sdev)
{
	bool done;

	spin_lock(&sdev->lock);
	done = !sdev->live && sdev->num_contexts == sdev->num_quarantined;
	spin_unlock(&sdev->lock);
	return done;
}

/**
 * sva_device_quiesce() - the last of the device, for a provider's shutdown()
 *
 * Ends every context and lets none begin; the device stays registered, and says
 * that it has gone.
 */
void sva_device_quiesce(struct sva_device *sdev)
{
	spin_lock(&sdev->lock);
	sdev->gone = true;
	spin_unlock(&sdev->lock);
	cancel_work_sync(&sdev->reset_work);
	end_all(sdev, SVA_REASON_DEVICE_GONE, false);
	wait_event(sdev->idle, none_but_quarantined(sdev));
}
EXPORT_SYMBOL_GPL(sva_device_quiesce);

/**
 * sva_device_unregister() - the device leaves (R5, R6)
 *
 * Ends every context, resets the device, and returns when no call into the
 * provider is under way or can come.  Files that are still open answer ENODEV.
 */
void sva_device_unregister(struct sva_device *sdev)
{
	spin_lock(&sdev->lock);
	sdev->gone = true;
	spin_unlock(&sdev->lock);
	cdev_device_del(&sdev->cdev, &sdev->dev);

	sva_device_quiesce(sdev);
	if (sdev->num_quarantined && reset_idle(sdev))
		orphan_all(sdev);

	enlist(sdev, false);
	sva_device_post(sdev, SVA_EVENT_GONE, NULL);
	WRITE_ONCE(sdev->told_gone, true);
	wake_up_all(&sdev->events.wait);
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
