// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * mm.c - tell a child of fork() from its parent (R9)
 *
 * A binding belongs to an address space, not to a pid: a child of vfork() or of
 * clone(CLONE_VM) may go on using its parent's contexts, and a pid may come
 * back.  So the number stands in a page that the kernel wipes in the child of a
 * fork, and costs one load to check.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mm.h"

static _Atomic(_Atomic uint64_t *) page;

/* Not wiped, so that a child never takes a number that its parent had */
static _Atomic uint64_t last_number;

static _Atomic uint64_t *page_map(void)
{
	size_t size = (size_t)sysconf(_SC_PAGESIZE);
	_Atomic uint64_t *expected = NULL, *fresh;

	fresh = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fresh == MAP_FAILED)
		return NULL;
	if (madvise(fresh, size, MADV_WIPEONFORK) < 0) {
		int saved = errno;

		munmap(fresh, size);
		errno = saved;
		return NULL;
	}
	if (atomic_compare_exchange_strong(&page, &expected, fresh))
		return fresh;
	munmap(fresh, size);	/* another thread was first */
	return expected;
}

uint64_t mm_number(void)
{
	_Atomic uint64_t *word = atomic_load_explicit(&page, memory_order_acquire);
	uint64_t number = 0;

	if (!word)
		word = page_map();
	if (!word)
		return 0;
	if (atomic_load(word))
		return atomic_load(word);
	if (atomic_compare_exchange_strong(word, &number, atomic_fetch_add(&last_number, 1) + 1))
		return atomic_load(word);
	return number;
}

uint64_t mm_number_known(void)
{
	_Atomic uint64_t *word = atomic_load_explicit(&page, memory_order_acquire);

	return word ? atomic_load_explicit(word, memory_order_relaxed) : 0;
}
