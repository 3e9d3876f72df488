/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mm.h - which address space this is (R9)
 */
#ifndef SVA_MM_H
#define SVA_MM_H

#include <stdint.h>

/*
 * A number for the address space of the caller, never 0, and different in every
 * child of fork(); 0 if there is no way to tell, with errno set.
 */
uint64_t mm_number(void);

/* The same, but 0 if nobody has asked mm_number() in this address space yet */
uint64_t mm_number_known(void);

#endif /* SVA_MM_H */
