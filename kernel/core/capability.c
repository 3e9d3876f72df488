// SPDX-License-Identifier: GPL-2.0
/*
 * capability.c - can SVA work on a device, and if not, why (R7)
 *
 * iommu_sva_bind_device() has one errno for many causes, and tells it only to the
 * first who binds.  So the causes are looked at here, at registration.
 */
#include <linux/acpi.h>
#include <linux/log2.h>
#include <linux/pci.h>
#include <linux/pci-ats.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "core.h"

/* VT-d's extended capability register, from the IOMMU's own attribute */
#define ECAP_DEVICE_TLB		BIT_ULL(2)	/* translations for devices: ATS */
#define ECAP_PAGE_REQUESTS	BIT_ULL(29)
#define ECAP_PASID		BIT_ULL(40)
#define ECAP_PAGE_DRAIN		BIT_ULL(42)
#define ECAP_SCALABLE_MODE	BIT_ULL(43)
#define ECAP_FIRST_STAGE	BIT_ULL(47)
#define ECAP_COHERENT_WALK	BIT_ULL(48)
/* and the capability register */
#define CAP_FIRST_STAGE_1G	BIT_ULL(56)
#define CAP_FIRST_STAGE_5LEVEL	BIT_ULL(60)

/**
 * struct intel - what an Intel IOMMU says of itself
 */
struct intel {
	u64 cap;
	u64 ecap;
};

/* ------------------------------------------------------- the IOMMU's words */

static struct device_attribute *find_attribute(struct device *dev, const char *group,
					       const char *name)
{
	for (const struct attribute_group **g = dev->groups; g && *g; g++) {
		if (!(*g)->name || strcmp((*g)->name, group))
			continue;
		for (struct attribute **a = (*g)->attrs; a && *a; a++)
			if (!strcmp((*a)->name, name))
				return container_of(*a, struct device_attribute, attr);
	}
	return NULL;
}

/* What user space reads in /sys/class/iommu/dmarN/intel-iommu */
static bool read_register(struct device *iommu, const char *name, u64 *value)
{
	struct device_attribute *attr = find_attribute(iommu, "intel-iommu", name);
	char *text;
	bool read;

	if (!attr || !attr->show)
		return false;
	text = (char *)get_zeroed_page(GFP_KERNEL);
	if (!text)
		return false;
	read = attr->show(iommu, attr, text) > 0 && !kstrtou64(strim(text), 16, value);
	free_page((unsigned long)text);
	return read;
}

static bool is_intel(const struct device *parent, struct intel *intel)
{
	struct device *iommu = parent->iommu->iommu_dev->dev;

	return iommu && read_register(iommu, "cap", &intel->cap) &&
	       read_register(iommu, "ecap", &intel->ecap);
}

/* ----------------------------------------------------------------- causes */

/* Does the firmware tell of an IOMMU? */
static bool firmware_has_iommu(void)
{
#ifdef CONFIG_ACPI
	static char *const signatures[] = { ACPI_SIG_DMAR, ACPI_SIG_IVRS };
	struct acpi_table_header *table;

	for (size_t i = 0; i < ARRAY_SIZE(signatures); i++) {
		if (ACPI_SUCCESS(acpi_get_table(signatures[i], 0, &table))) {
			acpi_put_table(table);
			return true;
		}
	}
#endif
	return false;
}

/* A kernel for x86 that does not flush IOMMUs when it frees its own page tables */
static bool kernel_refuses(void)
{
	return IS_ENABLED(CONFIG_X86) && !IS_ENABLED(CONFIG_ASYNC_KERNEL_PGTABLE_FREE);
}

static bool page_tables_differ(const struct intel *intel)
{
#ifdef CONFIG_X86
	return (cpu_feature_enabled(X86_FEATURE_GBPAGES) && !(intel->cap & CAP_FIRST_STAGE_1G)) ||
	       (cpu_feature_enabled(X86_FEATURE_LA57) && !(intel->cap & CAP_FIRST_STAGE_5LEVEL));
#else
	return false;
#endif
}

/* As intel-iommu goes about it; @max_pasids is 0 where it does not use scalable mode */
static u32 intel_obstacle(const struct intel *intel, u32 max_pasids)
{
	if (!(intel->ecap & ECAP_SCALABLE_MODE))
		return SVA_REASON_NO_SCALABLE_MODE;
	if (!(intel->ecap & ECAP_PASID))
		return SVA_REASON_IOMMU_NO_PASID;
	if (max_pasids <= 1)
		return SVA_REASON_SCALABLE_MODE_OFF;
	if (!(intel->ecap & ECAP_FIRST_STAGE))
		return SVA_REASON_NO_FIRST_STAGE;
	if (!(intel->ecap & ECAP_DEVICE_TLB))
		return SVA_REASON_IOMMU_NO_ATS;
	if (!(intel->ecap & ECAP_COHERENT_WALK))
		return SVA_REASON_NOT_COHERENT;
	return page_tables_differ(intel) ? SVA_REASON_PAGE_TABLE_FORMAT : SVA_REASON_NONE;
}

static u32 iommu_obstacle(const struct device *parent)
{
	u32 max_pasids = parent->iommu->iommu_dev->max_pasids;
	struct intel intel;

	if (is_intel(parent, &intel))
		return intel_obstacle(&intel, max_pasids);
	return max_pasids > 1 ? SVA_REASON_NONE : SVA_REASON_IOMMU_NO_PASID;
}

/* The IOMMU driver enabled what there is when it found the function */
static u32 function_obstacle(struct pci_dev *pdev, bool intel)
{
	if (pci_max_pasids(pdev) <= 1)
		return SVA_REASON_NO_PASID;
#ifdef CONFIG_PCI_PASID
	if (!pdev->pasid_enabled)
		return SVA_REASON_PASID_OFF;
#endif
#ifdef CONFIG_PCI_ATS
	if (intel && !pdev->ats_cap)
		return SVA_REASON_NO_ATS;
	if (intel && !pdev->ats_enabled)
		return SVA_REASON_ATS_OFF;
#endif
	return SVA_REASON_NONE;
}

/**
 * sva_capability_obstacle() - why can nothing be bound on a device?
 * @grouped: it is in an IOMMU group
 *
 * 0 if nothing is known to be in the way.
 */
u32 sva_capability_obstacle(struct device *parent, bool grouped)
{
	struct intel intel;
	u32 reason;

	if (kernel_refuses())
		return SVA_REASON_X86_SVA_DISABLED;
	if (!grouped || !parent->iommu || !parent->iommu->iommu_dev)
		return firmware_has_iommu() ? SVA_REASON_IOMMU_OFF : SVA_REASON_NO_IOMMU;
	reason = iommu_obstacle(parent);
	if (!reason && dev_is_pci(parent))
		reason = function_obstacle(to_pci_dev(parent), is_intel(parent, &intel));
	if (!reason && parent->iommu->max_pasids <= 1)
		reason = SVA_REASON_NO_PASID;
	return reason;
}

/**
 * sva_capability_fault_obstacle() - why can accesses of a device not fault?
 *
 * For a device whose provider says that they cannot.
 */
u32 sva_capability_fault_obstacle(struct device *parent)
{
	const u64 needed = ECAP_PAGE_REQUESTS | ECAP_PAGE_DRAIN;
	struct intel intel;

	if (!parent->iommu || !parent->iommu->iommu_dev || !dev_is_pci(parent) ||
	    !pci_pri_supported(to_pci_dev(parent)))
		return SVA_REASON_NO_PAGE_REQUESTS;
	if (is_intel(parent, &intel) && (intel.ecap & needed) != needed)
		return SVA_REASON_IOMMU_NO_PAGE_REQUESTS;
	return SVA_REASON_NO_PAGE_REQUESTS;
}

/* PASIDs that the device can use: 1 << this; 0: none */
u32 sva_capability_pasid_bits(const struct device *parent)
{
	if (!parent->iommu || parent->iommu->max_pasids <= 1)
		return 0;
	return ilog2(parent->iommu->max_pasids);
}
