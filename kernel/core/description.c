// SPDX-License-Identifier: GPL-2.0
/*
 * description.c - what a provider says of its device: looked at, and copied
 */
#include <linux/ctype.h>
#include <linux/slab.h>

#include "core.h"

static bool name_valid(const char *name)
{
	size_t len = name ? strnlen(name, SVA_NAME_LEN) : 0;

	if (!len || len == SVA_NAME_LEN || name[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum(name[i]) && !strchr("-_.", name[i]))
			return false;
	return true;
}

/* Without the rest a device works */
static bool ops_complete(const struct sva_device_ops *ops)
{
	return ops && ops->context_bind && ops->context_block && ops->context_stop &&
	       ops->context_free && ops->context_counters;
}

/* Each is a folder in sysfs */
static bool types_valid(const struct sva_device_desc *desc)
{
	for (u32 i = 0; i < desc->num_types; i++) {
		if (!name_valid(desc->types[i].name))
			return false;
		for (u32 k = 0; k < i; k++)
			if (!strcmp(desc->types[i].name, desc->types[k].name))
				return false;
	}
	return desc->num_types;
}

static bool region_valid(const struct sva_region *r)
{
	u64 end;

	return r->offset && PAGE_ALIGNED(r->offset) && PAGE_ALIGNED(r->size) &&
	       !check_add_overflow(r->offset, r->size, &end) && end <= LLONG_MAX;
}

static bool regions_overlap(const struct sva_region *a, const struct sva_region *b)
{
	return a->size && b->size && a->offset < b->offset + b->size &&
	       b->offset < a->offset + a->size;
}

static bool regions_valid(const struct sva_device_desc *desc)
{
	for (u32 i = 0; i < desc->num_regions; i++) {
		if (desc->regions[i].size && !region_valid(&desc->regions[i]))
			return false;
		for (u32 k = 0; k < i; k++)
			if (regions_overlap(&desc->regions[i], &desc->regions[k]))
				return false;
	}
	return true;
}

/**
 * sva_description_fault() - why a device cannot be what its provider says, or NULL (R7)
 */
const char *sva_description_fault(const struct sva_device_desc *desc)
{
	if (!name_valid(desc->name))
		return "its name has to be of letters, digits, '-', '_' and '.', and not begin with '.'";
	if (!ops_complete(desc->ops))
		return "a function of its ops that is not optional is missing";
	if (!types_valid(desc))
		return "it needs a type, and each a name of its own, made as the device's";
	if (!regions_valid(desc))
		return "its regions have to be whole pages, not at 0, below 2^63, and apart";
	return NULL;
}

/**
 * sva_description_copy() - with all that its pointers lead to: 0 or -ENOMEM
 *
 * What has been copied is freed with the device, also after -ENOMEM.
 */
int sva_description_copy(struct sva_device *sdev, const struct sva_device_desc *desc)
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
	return sdev->desc.types && sdev->desc.regions && sdev->desc.irq_flags ? 0 : -ENOMEM;
}

void sva_description_free(struct sva_device *sdev)
{
	kfree(sdev->desc.types);
	kfree(sdev->desc.regions);
	kfree(sdev->desc.irq_flags);
}
