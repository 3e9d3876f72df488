// SPDX-License-Identifier: GPL-2.0
/*
 * pin.c - pinned ranges, for devices that cannot take page faults
 *
 * What a context has pinned is a set of pages: pinning a page again, by another
 * range, changes nothing, and unpinning takes a range out of the set.  Each page
 * counts once against the user's RLIMIT_MEMLOCK.
 *
 * Pages stay resident, not mapped: after munmap(), mprotect(), MADV_DONTNEED or
 * a NUMA hint the device misses at that address although the old page is held.
 */
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "core.h"

/* Pages that the running PIN call added, which it takes back if it fails */
#define SVA_PIN_FRESH	XA_MARK_0

/* ------------------------------------------------------------ accounting */

/* -EDQUOT: the limit; no memory for the call itself is another thing (R7) */
static int charge(struct user_struct *user, unsigned long pages)
{
	unsigned long limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	unsigned long old = atomic_long_read(&user->locked_vm), new;

	do {
		new = old + pages;
		if (new > limit && !capable(CAP_IPC_LOCK))
			return -EDQUOT;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &old, new));
	return 0;
}

static void uncharge(struct user_struct *user, unsigned long pages)
{
	atomic_long_sub(pages, &user->locked_vm);
}

/* --------------------------------------------------------------- the set */

/* The tag of an entry: the page was pinned for writing */
static void unpin(void *entry)
{
	struct page *page = xa_untag_pointer(entry);

	unpin_user_pages_dirty_lock(&page, 1, xa_pointer_tag(entry));
}

static unsigned long drop_range(struct sva_pins *pins, unsigned long first,
				unsigned long last)
{
	unsigned long index, dropped = 0;
	void *entry;

	lockdep_assert_held(&pins->lock);
	xa_for_each_range(&pins->pages, index, entry, first, last) {
		xa_erase(&pins->pages, index);
		unpin(entry);
		dropped++;
		cond_resched();
	}
	if (dropped)
		uncharge(pins->user, dropped);
	return dropped;
}

/* The page that is there already, pinned as well as this one would be */
static bool serves(void *old, void *entry)
{
	return xa_untag_pointer(old) == xa_untag_pointer(entry) &&
	       xa_pointer_tag(old) >= xa_pointer_tag(entry);
}

/* Consumes @entry's pin and, where the set has no such page yet, its charge */
static int store_page(struct sva_pins *pins, unsigned long index, void *entry)
{
	void *old;

	lockdep_assert_held(&pins->lock);
	if (pins->closed)
		return -EPERM;
	old = xa_load(&pins->pages, index);
	if (old && serves(old, entry)) {
		unpin(entry);
		return 0;
	}
	old = xa_store(&pins->pages, index, entry, GFP_KERNEL_ACCOUNT);
	if (xa_is_err(old))
		return xa_err(old);
	if (old)
		unpin(old);
	else
		xa_set_mark(&pins->pages, index, SVA_PIN_FRESH);
	return 0;
}

/*
 * The end of the context does not wait for the page to be faulted in, which may
 * take for ever; it closes the set.  A page that is in the set is looked at again:
 * the mapping may have changed since.
 */
static int pin_page(struct sva_pins *pins, unsigned long index, bool write)
{
	bool counted = xa_load(&pins->pages, index);
	struct page *page;
	void *entry;
	int ret;

	ret = counted ? 0 : charge(pins->user, 1);
	if (ret)
		return ret;
	ret = pin_user_pages_fast(index << PAGE_SHIFT, 1,
				  FOLL_LONGTERM | (write ? FOLL_WRITE : 0), &page);
	if (ret != 1) {
		ret = ret == -ENOMEM || ret == -EINTR ? ret : -EFAULT;
		goto err_charge;
	}
	entry = xa_tag_pointer(page, write);
	sva_race_point();
	mutex_lock(&pins->lock);
	ret = store_page(pins, index, entry);
	mutex_unlock(&pins->lock);
	if (!ret)
		return 0;
	unpin(entry);
err_charge:
	if (!counted)
		uncharge(pins->user, 1);
	return ret;
}

/* All fresh pages stay, or none does */
static void settle(struct sva_pins *pins, bool keep)
{
	unsigned long index;
	void *entry;

	mutex_lock(&pins->lock);
	xa_for_each_marked(&pins->pages, index, entry, SVA_PIN_FRESH) {
		if (keep)
			xa_clear_mark(&pins->pages, index, SVA_PIN_FRESH);
		else
			drop_range(pins, index, index);
		cond_resched();
	}
	mutex_unlock(&pins->lock);
}

static int pin_range(struct sva_pins *pins, unsigned long first, unsigned long last,
		     bool write)
{
	int ret = 0;

	lockdep_assert_held(&pins->serial);
	for (unsigned long index = first; index <= last && !ret; index++) {
		if (fatal_signal_pending(current))
			ret = -EINTR;
		else
			ret = pin_page(pins, index, write);
		cond_resched();
	}
	return ret;
}

/* ---------------------------------------------------------------- ioctls */

/**
 * sva_pins_check_range() - the numbers of a range's first and last page
 */
int sva_pins_check_range(u64 address, u64 size, unsigned long *first, unsigned long *last,
			 u32 *reason)
{
	u64 end;

	if (!size || check_add_overflow(address, size - 1, &end) || end >= TASK_SIZE_MAX) {
		*reason = SVA_REASON_BAD_RANGE;
		return -EINVAL;
	}
	*first = address >> PAGE_SHIFT;
	*last = end >> PAGE_SHIFT;
	return 0;
}

static u32 pin_reason(int err)
{
	switch (err) {
	case -EDQUOT:
		return SVA_REASON_MEMLOCK;
	case -ENOMEM:
		return SVA_REASON_NO_MEMORY;
	case -EINTR:
		return SVA_REASON_INTERRUPTED;
	case -EPERM:
		return SVA_REASON_CONTEXT_ENDED;
	default:
		return SVA_REASON_BAD_POINTER;
	}
}

/**
 * sva_pins_add() - SVA_CONTEXT_PIN
 */
int sva_pins_add(struct sva_pins *pins, const struct sva_pin *args, u32 *reason)
{
	unsigned long first, last;
	int ret;

	if (!(args->flags & (SVA_PIN_READ | SVA_PIN_WRITE))) {
		*reason = SVA_REASON_UNKNOWN_FLAG;
		return -EINVAL;
	}
	ret = sva_pins_check_range(args->address, args->size, &first, &last, reason);
	if (ret)
		return ret;
	if (mutex_lock_killable(&pins->serial)) {
		*reason = SVA_REASON_INTERRUPTED;
		return -EINTR;
	}
	if (!pins->user)
		pins->user = get_uid(current_user());
	ret = pin_range(pins, first, last, args->flags & SVA_PIN_WRITE);
	settle(pins, !ret);
	mutex_unlock(&pins->serial);
	if (ret)
		*reason = pin_reason(ret);
	return ret == -EDQUOT ? -ENOMEM : ret;
}

/**
 * sva_pins_remove() - SVA_CONTEXT_UNPIN
 */
int sva_pins_remove(struct sva_pins *pins, const struct sva_pin *args, u32 *reason)
{
	unsigned long first, last, dropped;
	int ret;

	ret = sva_pins_check_range(args->address, args->size, &first, &last, reason);
	if (ret)
		return ret;
	if (mutex_lock_killable(&pins->serial)) {
		*reason = SVA_REASON_INTERRUPTED;
		return -EINTR;
	}
	mutex_lock(&pins->lock);
	dropped = drop_range(pins, first, last);
	mutex_unlock(&pins->lock);
	mutex_unlock(&pins->serial);
	if (dropped)
		return 0;
	*reason = SVA_REASON_BAD_RANGE;
	return -ENOENT;
}

void sva_pins_init(struct sva_pins *pins)
{
	xa_init_flags(&pins->pages, XA_FLAGS_ACCOUNT);
	mutex_init(&pins->serial);
	mutex_init(&pins->lock);
}

/* The end of the context: the device does not use the pages any more */
void sva_pins_close(struct sva_pins *pins)
{
	mutex_lock(&pins->lock);
	pins->closed = true;
	drop_range(pins, 0, ULONG_MAX);
	mutex_unlock(&pins->lock);
}

/* Nobody is in a call any more */
void sva_pins_free(struct sva_pins *pins)
{
	xa_destroy(&pins->pages);
	if (pins->user)
		free_uid(pins->user);
}
