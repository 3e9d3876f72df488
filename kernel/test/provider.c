// SPDX-License-Identifier: GPL-2.0
/*
 * provider.c - sva_test_provider.ko: the smallest provider there can be, sva_test0
 *
 * Behind sva_softiommu.  One that does something is in kernel/example.
 *
 * A context has a region to read and write, none at index 1, and one that can
 * only be read.  There is no interrupt, no reset, and nothing accesses memory,
 * so a stop is always clean.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "core/provider.h"
#include "softiommu/softiommu.h"

#define DRIVER_NAME	"sva_test_provider"
#define PASID_BITS	16
#define CONTEXTS	4

static struct platform_device *device;

static int context_bind(struct sva_context *ctx)
{
	return 0;
}

static void context_block(struct sva_context *ctx)
{
}

static enum sva_evidence context_stop(struct sva_context *ctx)
{
	return SVA_EVIDENCE_CLEAN;
}

static void context_free(struct sva_context *ctx)
{
}

static void context_counters(struct sva_context *ctx, struct sva_counters *counters)
{
	*counters = (struct sva_counters){};
}

static const struct sva_device_ops ops = {
	.context_bind = context_bind,
	.context_block = context_block,
	.context_stop = context_stop,
	.context_free = context_free,
	.context_counters = context_counters,
};

static const struct sva_type types[] = {
	{ .name = "plain", .description = "memory and nothing else", .total = CONTEXTS },
};

static const struct sva_region regions[] = {
	{ .size = PAGE_SIZE, .offset = PAGE_SIZE,
	  .flags = SVA_REGION_FLAG_READ | SVA_REGION_FLAG_WRITE | SVA_REGION_FLAG_MMAP },
	{ .size = 0, .offset = 2 * PAGE_SIZE, .flags = SVA_REGION_FLAG_READ },
	{ .size = PAGE_SIZE, .offset = 3 * PAGE_SIZE, .flags = SVA_REGION_FLAG_READ },
};

static int probe(struct platform_device *pdev)
{
	const struct sva_device_desc desc = {
		.name = "sva_test0",
		.ops = &ops,
		.types = types,
		.num_types = ARRAY_SIZE(types),
		.regions = regions,
		.num_regions = ARRAY_SIZE(regions),
		.flags = SVA_DEVICE_FLAG_SOFTWARE,
		.max_quarantined = CONTEXTS,
	};
	struct sva_device *sdev = sva_device_register(&pdev->dev, &desc);

	if (IS_ERR(sdev))
		return PTR_ERR(sdev);
	platform_set_drvdata(pdev, sdev);
	return 0;
}

static void remove(struct platform_device *pdev)
{
	sva_device_unregister(platform_get_drvdata(pdev));
}

static struct platform_driver driver = {
	.probe = probe,
	.remove = remove,
	.driver = {
		.name = DRIVER_NAME,
	},
};

static int __init provider_init(void)
{
	int ret;

	ret = platform_driver_register(&driver);
	if (ret)
		return ret;
	device = softiommu_device_create(DRIVER_NAME, PLATFORM_DEVID_NONE, PASID_BITS,
					 SOFTIOMMU_OWN_GROUP);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	return 0;
}
module_init(provider_init);

static void __exit provider_exit(void)
{
	softiommu_device_destroy(device);
	platform_driver_unregister(&driver);
}
module_exit(provider_exit);

MODULE_DESCRIPTION("The smallest provider, for the tests of sva.ko");
MODULE_LICENSE("GPL");
