/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * scarce.h - memory and files that run out when a test says so
 *
 * Only what the thread asks for between scarce_begin() and scarce_end() is counted
 * and can fail; files are the whole process's.  Outside of the sanitizers that is every allocation, also those of
 * the libraries; under them (link with $(SCARCE_WRAP)) those of the objects that the
 * test is linked from.
 */
#ifndef SCARCE_H
#define SCARCE_H

#include <stdbool.h>

/* The allocation with this number fails, and with @lasting all behind it; 0: none */
void scarce_memory(unsigned long number, bool lasting);

/* So many more fds may be opened from scarce_begin() on; -1: as many as always */
void scarce_files(int left);

void scarce_begin(void);
void scarce_end(void);

/* Has an allocation failed since the last scarce_memory() that was to make one fail? */
bool scarce_met(void);

/* Allocations that are not freed yet; 0 under a sanitizer, which looks by itself */
long scarce_live(void);

#endif /* SCARCE_H */
