/* SPDX-License-Identifier: GPL-2.0 */
/*
 * compat.h - what differs between the kernels that these modules are built for
 *
 * From Debian 13's 6.12 on.  Each entry says which version brought it; no other
 * file asks for versions.
 */
#ifndef SVA_COMPAT_H
#define SVA_COMPAT_H

#include <linux/crc32.h>
#include <linux/iommu.h>
#include <linux/mmap_lock.h>
#include <linux/version.h>

/* 6.14: crc32c() is in the kernel itself; before, in a module that nothing loads here */
static inline u32 compat_crc32c(u32 crc, const void *data, size_t len)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
	return __crc32c_le(crc, data, len);
#else
	return crc32c(crc, data, len);
#endif
}

/* 6.14: a PASID is taken out by the blocked domain's set_dev_pasid() */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0) && !defined(CONFIG_X86)
#error "before 6.14 the software IOMMU only builds where no PASID is ever put in"
#endif

/* 6.19: attach_dev() is told which domain was attached before */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define COMPAT_ATTACH_DEV(domain, dev, old) (domain, dev)
#else
#define COMPAT_ATTACH_DEV(domain, dev, old) (domain, dev, old)
#endif

/* None of these kernels has mmap_write_trylock(); for mmap_write_unlock() */
static inline bool compat_mmap_write_trylock(struct mm_struct *mm)
{
	if (!down_write_trylock(&mm->mmap_lock))
		return false;
	mm_lock_seqcount_begin(mm);
	return true;
}

#endif /* SVA_COMPAT_H */
