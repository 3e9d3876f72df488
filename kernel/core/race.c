// SPDX-License-Identifier: GPL-2.0
/*
 * race.c - delays at random at the points that are marked by sva_race_point()
 */
#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/preempt.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "race.h"

#define RACE_SPIN_US	50	/* where a call must not sleep */

static unsigned int race_delay_us;
module_param(race_delay_us, uint, 0644);
MODULE_PARM_DESC(race_delay_us, "longest delay at a race point (0: none)");

static unsigned long race_delays;
module_param(race_delays, ulong, 0444);
MODULE_PARM_DESC(race_delays, "delays so far, about (to be read)");

/*
 * Only a kernel that checks it counts the notifiers that must not block.  On another one
 * such a notifier sleeps here; who called it waits, and nothing goes wrong.
 */
static bool may_sleep(void)
{
#ifdef CONFIG_DEBUG_ATOMIC_SLEEP
	if (current->non_block_count)
		return false;
#endif
	return preemptible() && !rcu_preempt_depth();
}

/**
 * sva_race_point() - perhaps wait here
 *
 * One time in two not at all, so that both orders of two points are met.
 *
 * Context: Any; sleeps where that is allowed.
 */
void sva_race_point(void)
{
	unsigned int longest = READ_ONCE(race_delay_us), delay;

	if (!longest || get_random_u32_below(2))
		return;
	delay = get_random_u32_below(longest) + 1;
	WRITE_ONCE(race_delays, race_delays + 1);
	if (may_sleep())
		usleep_range(delay, delay + 10);
	else
		udelay(min(delay, RACE_SPIN_US));
}
