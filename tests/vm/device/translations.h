/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * translations.h - a context's cache of address translations
 *
 * Knows nothing of QEMU, nor of locks: the unit tests compile it as it is.
 */
#ifndef SVA_DEVICE_TRANSLATIONS_H
#define SVA_DEVICE_TRANSLATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A page has its place in one set.  A step needs few pages at a time, but all of them
 * at once: where they had one slot, they would drive each other out for ever.
 */
#define TRANSLATIONS_SETS	512	/* a power of two */
#define TRANSLATIONS_WAYS	8

/**
 * struct translation - of one page
 * @page: its number in the process's address space; @used: this slot has one
 * @writable: it may be written to as well
 * @memory: its address in the guest's memory; @host: where this process has it
 */
struct translation {
	uint64_t page;
	uint64_t memory;
	uint8_t *host;
	bool used;
	bool writable;
};

/**
 * struct translations
 * @slots: TRANSLATIONS_WAYS of each set, one set behind the other
 * @next: which of a full set gives way next
 */
struct translations {
	struct translation *slots;
	unsigned int next;
};

bool translations_init(struct translations *cache);
void translations_free(struct translations *cache);
void translations_add(struct translations *cache, const struct translation *new);
/* The translation of the page at @address that allows the access, or NULL */
const struct translation *translations_find(const struct translations *cache,
					    uint64_t address, bool write);
/* Forgets what lies from @address on; @last: the last byte.  How many pages did */
unsigned int translations_drop(struct translations *cache, uint64_t address, uint64_t last);

#endif /* SVA_DEVICE_TRANSLATIONS_H */
