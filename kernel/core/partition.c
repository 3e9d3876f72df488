// SPDX-License-Identifier: GPL-2.0
/*
 * partition.c - partitions: some of a device's contexts as a device of its own
 *
 * A partition has a node, limits and a name for policy of its own; engine, PASIDs
 * and reset are the whole device's.  It is made and removed through sysfs.
 */
#include <linux/slab.h>
#include <linux/uuid.h>

#include "core.h"

static int take_share(struct sva_device *whole, u32 type, u32 contexts)
{
	u32 reason;
	int ret;

	spin_lock(&whole->lock);
	ret = sva_device_usable(whole, &reason);
	if (!ret && contexts > whole->desc.types[type].total - whole->type_used[type])
		ret = -ENOSPC;
	if (!ret) {
		whole->type_used[type] += contexts;
		whole->num_partitions++;
	}
	spin_unlock(&whole->lock);
	return ret;
}

/* What is in quarantine still uses its place: each comes back when its release is known */
static void give_share_back(struct sva_device *whole, u32 type, u32 contexts,
			    struct sva_device *ended)
{
	spin_lock(&whole->lock);
	if (ended) {
		contexts -= ended->num_quarantined;
		ended->share_returned = true;
	}
	whole->type_used[type] -= contexts;
	whole->num_partitions--;
	spin_unlock(&whole->lock);
	wake_up_all(&whole->idle);
}

static struct sva_device *partition_new(struct sva_device *whole, u32 type,
					const char *name, u32 contexts)
{
	struct sva_device_desc desc = whole->desc;
	struct sva_type share = whole->desc.types[type];
	struct sva_device *part;
	int ret;

	share.total = contexts;
	desc.name = name;
	desc.types = &share;
	desc.num_types = 1;
	part = sva_device_new(whole->parent, &desc, whole);
	if (IS_ERR(part))
		return part;
	part->share_type = type;
	ret = sva_device_publish(part);
	if (ret) {
		put_device(&part->dev);
		return ERR_PTR(ret);
	}
	return part;
}

/**
 * sva_partition_create() - make a partition
 * @name: its UUID
 * @contexts: how many it takes of the device's @type
 *
 * -EINVAL: not a UUID; -EEXIST: there is one of this name; -ENOSPC: the device
 * has not so many left; -ENODEV: it is going; -EOPNOTSUPP: it is a partition.
 */
int sva_partition_create(struct sva_device *whole, u32 type, const char *name, u32 contexts)
{
	struct sva_device *part;
	int ret;

	if (whole->whole != whole)
		return -EOPNOTSUPP;
	if (!contexts || strlen(name) != UUID_STRING_LEN || !uuid_is_valid(name))
		return -EINVAL;

	/* against the device's going, which sees either no partition or a whole one */
	mutex_lock(&whole->partitions_lock);
	ret = take_share(whole, type, contexts);
	if (ret)
		goto out;
	part = partition_new(whole, type, name, contexts);
	if (IS_ERR(part)) {
		ret = PTR_ERR(part);
		give_share_back(whole, type, contexts, NULL);
		goto out;
	}
	list_add_tail(&part->partition, &whole->partitions);
out:
	mutex_unlock(&whole->partitions_lock);
	return ret;
}

static int mark_gone(struct sva_device *part, bool force)
{
	int ret = 0;

	spin_lock(&part->whole->lock);
	if (part->gone)
		ret = -ENODEV;
	else if (part->num_contexts && !force)
		ret = -EBUSY;
	else
		part->gone = true;
	spin_unlock(&part->whole->lock);
	return ret;
}

/*
 * Until its contexts have ended it stays in the list, where late evidence and resets find
 * those that are in quarantine
 */
static void partition_end(struct sva_device *part)
{
	sva_device_retire(part);
	mutex_lock(&part->whole->partitions_lock);
	list_del_init(&part->partition);
	mutex_unlock(&part->whole->partitions_lock);
	give_share_back(part->whole, part->share_type, part->desc.types[0].total, part);
	put_device(&part->dev);
}

/*
 * Its attributes are there before it is: whoever makes it has finished when this returns,
 * and has ended it where that failed
 */
static bool was_made(struct sva_device *part)
{
	bool made;

	mutex_lock(&part->whole->partitions_lock);
	made = !list_empty(&part->partition);
	mutex_unlock(&part->whole->partitions_lock);
	return made;
}

/**
 * sva_partition_remove() - take a partition away
 * @attr: the attribute that the caller is in
 * @force: revoke its contexts; without, -EBUSY while it has any
 *
 * -ENODEV: somebody else is removing it.
 */
int sva_partition_remove(struct sva_device *part, struct device_attribute *attr, bool force)
{
	int ret = mark_gone(part, force);

	if (ret)
		return ret;
	get_device(&part->dev);
	device_remove_file_self(&part->dev, attr);
	if (was_made(part))
		partition_end(part);
	else
		ret = -ENODEV;
	put_device(&part->dev);
	return ret;
}

/* The first that nobody removes yet, or NULL; it is the caller's to end */
static struct sva_device *partition_take(struct sva_device *whole)
{
	struct sva_device *part, *found = NULL;

	mutex_lock(&whole->partitions_lock);
	list_for_each_entry(part, &whole->partitions, partition) {
		if (!mark_gone(part, true)) {
			found = part;
			break;
		}
	}
	mutex_unlock(&whole->partitions_lock);
	return found;
}

static bool no_partition(struct sva_device *whole)
{
	bool none;

	spin_lock(&whole->lock);
	none = !whole->num_partitions;
	spin_unlock(&whole->lock);
	return none;
}

/* The whole device is going; @whole->gone keeps new ones from being made */
void sva_partitions_remove_all(struct sva_device *whole)
{
	struct sva_device *part;

	while ((part = partition_take(whole)))
		partition_end(part);
	/* some may be in the hands of sva_partition_remove() */
	wait_event(whole->idle, no_partition(whole));
}

/* For the device itself and each of its partitions */
void sva_partitions_each(struct sva_device *whole,
			 void (*fn)(struct sva_device *sdev, void *data), void *data)
{
	struct sva_device *part;

	fn(whole, data);
	mutex_lock(&whole->partitions_lock);
	list_for_each_entry(part, &whole->partitions, partition)
		fn(part, data);
	mutex_unlock(&whole->partitions_lock);
}

/* A context of the device or of one of its partitions, with a reference, or NULL */
struct sva_context *sva_partitions_find(struct sva_device *whole, u64 id)
{
	struct sva_context *ctx = sva_device_find(whole, id);
	struct sva_device *part;

	mutex_lock(&whole->partitions_lock);
	list_for_each_entry(part, &whole->partitions, partition)
		ctx = ctx ?: sva_device_find(part, id);
	mutex_unlock(&whole->partitions_lock);
	return ctx ?: sva_orphans_find(id);
}
