// SPDX-License-Identifier: GPL-2.0
/*
 * types.c - /sys/class/sva/NAME/types/TYPE: what kinds of context there are, and
 * the way to make partitions of them
 */
#include <linux/kobject.h>
#include <linux/slab.h>
#include <linux/uuid.h>

#include "core.h"

#define SVA_PARTITION_CONTEXTS	16	/* where create does not say how many */

/**
 * struct sva_type_dir - the folder of a type
 */
struct sva_type_dir {
	struct kobject kobj;
	struct sva_device *sdev;
	u32 index;
};

struct type_attribute {
	struct attribute attr;
	ssize_t (*show)(struct sva_type_dir *dir, char *buf);
	ssize_t (*store)(struct sva_type_dir *dir, const char *buf, size_t count);
};

static const struct sva_type *type_of(const struct sva_type_dir *dir)
{
	return &dir->sdev->desc.types[dir->index];
}

static ssize_t name_show(struct sva_type_dir *dir, char *buf)
{
	return sysfs_emit(buf, "%s\n", type_of(dir)->name);
}

static ssize_t description_show(struct sva_type_dir *dir, char *buf)
{
	return sysfs_emit(buf, "%s\n", type_of(dir)->description);
}

static ssize_t available_instances_show(struct sva_type_dir *dir, char *buf)
{
	return sysfs_emit(buf, "%u\n", type_of(dir)->total -
			  READ_ONCE(dir->sdev->type_used[dir->index]));
}

/* "UUID" or "UUID CONTEXTS" */
static ssize_t create_store(struct sva_type_dir *dir, const char *buf, size_t count)
{
	u32 contexts = SVA_PARTITION_CONTEXTS;
	char *line, *name, *number;
	int ret = 0;

	if (count > UUID_STRING_LEN + 12)
		return -EINVAL;
	line = kstrndup(buf, count, GFP_KERNEL);
	if (!line)
		return -ENOMEM;
	number = strim(line);
	name = strsep(&number, " ");
	if (number)
		ret = kstrtou32(number, 10, &contexts);
	if (!ret)
		ret = sva_partition_create(dir->sdev, dir->index, name, contexts);
	kfree(line);
	return ret ?: count;
}

static struct type_attribute name_attr = __ATTR_RO(name);
static struct type_attribute description_attr = __ATTR_RO(description);
static struct type_attribute available_attr = __ATTR_RO(available_instances);
static struct type_attribute create_attr = __ATTR_WO(create);

static struct attribute *type_attrs[] = {
	&name_attr.attr,
	&description_attr.attr,
	&available_attr.attr,
	&create_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(type);

static ssize_t type_show(struct kobject *kobj, struct attribute *attr, char *buf)
{
	struct type_attribute *ta = container_of(attr, struct type_attribute, attr);

	return ta->show ? ta->show(container_of(kobj, struct sva_type_dir, kobj), buf) : -EIO;
}

static ssize_t type_store(struct kobject *kobj, struct attribute *attr, const char *buf,
			  size_t count)
{
	struct type_attribute *ta = container_of(attr, struct type_attribute, attr);

	return ta->store ? ta->store(container_of(kobj, struct sva_type_dir, kobj), buf, count) :
			   -EIO;
}

static const struct sysfs_ops type_sysfs_ops = {
	.show = type_show,
	.store = type_store,
};

static void type_release(struct kobject *kobj)
{
	kfree(container_of(kobj, struct sva_type_dir, kobj));
}

static const struct kobj_type type_ktype = {
	.sysfs_ops = &type_sysfs_ops,
	.release = type_release,
	.default_groups = type_groups,
};

static int type_add(struct sva_device *sdev, u32 index)
{
	struct sva_type_dir *dir = kzalloc_obj(*dir);
	int ret;

	if (!dir)
		return -ENOMEM;
	dir->sdev = sdev;
	dir->index = index;
	ret = kobject_init_and_add(&dir->kobj, &type_ktype, sdev->types_dir, "%s",
				   type_of(dir)->name);
	if (ret) {
		kobject_put(&dir->kobj);
		return ret;
	}
	sdev->type_dirs[index] = dir;
	return 0;
}

int sva_types_add(struct sva_device *sdev)
{
	int ret = 0;

	sdev->type_dirs = kcalloc(sdev->desc.num_types, sizeof(*sdev->type_dirs), GFP_KERNEL);
	sdev->types_dir = kobject_create_and_add("types", &sdev->dev.kobj);
	if (!sdev->type_dirs || !sdev->types_dir)
		ret = -ENOMEM;
	for (u32 i = 0; i < sdev->desc.num_types && !ret; i++)
		ret = type_add(sdev, i);
	if (ret)
		sva_types_remove(sdev);
	return ret;
}

/* When it returns, nobody is in create */
void sva_types_remove(struct sva_device *sdev)
{
	for (u32 i = 0; sdev->type_dirs && i < sdev->desc.num_types; i++) {
		if (!sdev->type_dirs[i])
			continue;
		kobject_del(&sdev->type_dirs[i]->kobj);
		kobject_put(&sdev->type_dirs[i]->kobj);
	}
	kfree(sdev->type_dirs);
	sdev->type_dirs = NULL;
	if (sdev->types_dir) {
		kobject_del(sdev->types_dir);
		kobject_put(sdev->types_dir);
		sdev->types_dir = NULL;
	}
}
