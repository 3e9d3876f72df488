/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rate.h - how much each user may do in a second (R8)
 *
 * A token bucket a user, of which only the time when it is full again is kept; a
 * full bucket is not kept at all.  Reconnecting therefore gains nothing.
 */
#ifndef SVAD_RATE_H
#define SVAD_RATE_H

#include "map.h"

/* All zero is a table of full buckets */
struct rates {
	struct map full_at;	/* uid -> us */
};

/*
 * Takes one from the user's bucket, which holds @burst and gets @per_second back.
 * False: it is empty.  @now: CLOCK_MONOTONIC, us.
 */
bool must_check rate_take(struct rates *rates, uint32_t uid, uint64_t now,
			  uint32_t per_second, uint32_t burst);

/* Takes @count, whether they are there or not: what was not, he waits for */
void rate_charge(struct rates *rates, uint32_t uid, uint64_t now, uint32_t per_second,
		 uint32_t count);
void rates_free(struct rates *rates);

#endif /* SVAD_RATE_H */
