/* SPDX-License-Identifier: GPL-2.0 */
/*
 * race.h - points at which tests may hold a call up, for others to overtake it
 *
 * They are in modules for the debug kernel (tests/vm/modules) and in those of `make
 * races` only, and nothing in any other.
 */
#ifndef SVA_RACE_H
#define SVA_RACE_H

#ifdef SVA_RACE_POINTS
void sva_race_point(void);
#else
static inline void sva_race_point(void)
{
}
#endif

#endif /* SVA_RACE_H */
