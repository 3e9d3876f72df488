// SPDX-License-Identifier: GPL-2.0
/*
 * access.c - translated accesses: under a PASID, or not at all (R1, R3)
 *
 * The CPU's page tables are the IOMMU's: an access borrows the mm and uses the
 * process's own addresses, without faulting.  What is not there is reported to
 * the device, which may ask for it (fault.c).
 */
#include <linux/export.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/uaccess.h>

#include "private.h"

static bool window_open(struct softiommu_domain *domain)
{
	bool open;

	spin_lock(&domain->lock);
	open = !domain->invalidations;
	domain->windows += open;
	spin_unlock(&domain->lock);
	return open;
}

static void window_close(struct softiommu_domain *domain)
{
	bool wake;

	spin_lock(&domain->lock);
	wake = !--domain->windows && domain->invalidations;
	spin_unlock(&domain->lock);
	if (wake)
		wake_up_all(&domain->wait);
}

static bool not_invalidating(struct softiommu_domain *domain)
{
	return !READ_ONCE(domain->invalidations);
}

/**
 * softiommu_begin() - open a window on the address space under a PASID
 * @dev: the device that accesses, from softiommu_device_create()
 * @pasid: what the access carries
 * @access: filled in; for softiommu_end()
 *
 * Context: A kernel thread's process context; may sleep for a tick.
 * Return: 0; -ENOENT: the IOMMU does not have this PASID for this device; -ESRCH: the
 * address space has gone; -EAGAIN: its pages are being invalidated, try again.
 */
int softiommu_begin(struct device *dev, u32 pasid, struct softiommu_access *access)
{
	struct softiommu_entry *entry;
	struct softiommu_domain *domain;

	entry = softiommu_entry_get(dev_iommu_priv_get(dev), pasid);
	if (!entry)
		return -ENOENT;
	domain = entry->domain;
	if (!mmget_not_zero(domain->mm)) {
		softiommu_entry_put(entry);
		return -ESRCH;
	}
	if (!window_open(domain)) {
		/* not for long, and not while we hold anything the end waits for */
		mmput_async(domain->mm);
		wait_event_idle_timeout(domain->wait, not_invalidating(domain), 1);
		softiommu_entry_put(entry);
		return -EAGAIN;
	}
	kthread_use_mm(domain->mm);
	access->entry = entry;
	access->domain = domain;
	return 0;
}
EXPORT_SYMBOL_GPL(softiommu_begin);

/**
 * softiommu_end() - close a window
 * @access: from softiommu_begin()
 *
 * Context: The kernel thread that opened it.
 */
void softiommu_end(struct softiommu_access *access)
{
	struct softiommu_domain *domain = access->domain;

	kthread_unuse_mm(domain->mm);
	window_close(domain);
	/* the last reference must not run exit_mmap() here */
	mmput_async(domain->mm);
	softiommu_entry_put(access->entry);
}
EXPORT_SYMBOL_GPL(softiommu_end);

/**
 * softiommu_read() - read from the address space, without faulting
 * @access: an open window
 * @to: where to
 * @address: in the process's address space
 * @len: bytes, 64 KiB or so at most
 *
 * Context: The kernel thread that opened the window; does not sleep.
 * Return: bytes read before the first that could not be.
 */
size_t softiommu_read(struct softiommu_access *access, void *to, u64 address, size_t len)
{
	const void __user *from = u64_to_user_ptr(address);
	size_t left;

	if (!access_ok(from, len))
		return 0;
	pagefault_disable();
	left = __copy_from_user_inatomic(to, from, len);
	pagefault_enable();
	return len - left;
}
EXPORT_SYMBOL_GPL(softiommu_read);

/**
 * softiommu_write() - write to the address space, without faulting
 * @access: an open window
 * @address: in the process's address space
 * @from: where from
 * @len: bytes, 64 KiB or so at most
 *
 * Context: The kernel thread that opened the window; does not sleep.
 * Return: bytes written before the first that could not be.
 */
size_t softiommu_write(struct softiommu_access *access, u64 address, const void *from,
		       size_t len)
{
	void __user *to = u64_to_user_ptr(address);
	size_t left;

	if (!access_ok(to, len))
		return 0;
	pagefault_disable();
	left = __copy_to_user_inatomic(to, from, len);
	pagefault_enable();
	return len - left;
}
EXPORT_SYMBOL_GPL(softiommu_write);

/**
 * softiommu_get_pages() - pages to read from, until softiommu_end()
 * @access: an open window
 * @address: of the first, in the process's address space
 * @count: pages
 * @pages: filled in; the caller puts each
 *
 * A page that is mapped in a special way is never there: softiommu_read() gets at it.
 *
 * Context: The kernel thread that opened the window; does not sleep.
 * Return: how many of @count pages from @address on are there.
 */
int softiommu_get_pages(struct softiommu_access *access, u64 address, int count,
			struct page **pages)
{
	int got;

	if (!access_ok(u64_to_user_ptr(address), (u64)count << PAGE_SHIFT))
		return 0;
	got = get_user_pages_fast_only(address & PAGE_MASK, count, 0, pages);
	return max(got, 0);
}
EXPORT_SYMBOL_GPL(softiommu_get_pages);
