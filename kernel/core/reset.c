// SPDX-License-Identifier: GPL-2.0
/*
 * reset.c - ends for all contexts of a device, and its reset (R3)
 */
#include <linux/jiffies.h>

#include "core.h"

/*
 * R8: after a reset that failed, before one that nobody has asked for.  Whoever is refused
 * causes one, again and again if he likes, and each keeps the device from everybody.
 */
#define RESET_PAUSE	(5 * HZ)

void sva_device_end_all(struct sva_device *sdev, u32 reason, bool bound_only)
{
	struct sva_context *ctx;
	u64 id = 0;

	while ((ctx = sva_device_next(sdev, id))) {
		id = ctx->id;
		if (!bound_only || READ_ONCE(ctx->machine.phase) != SVA_PHASE_CREATED)
			sva_context_end_async(ctx, reason);
		sva_context_put(ctx);
	}
}

static void resolve_all(struct sva_device *sdev, void *data)
{
	struct sva_context *ctx;
	u64 id = 0;

	while ((ctx = sva_device_next(sdev, id))) {
		id = ctx->id;
		sva_context_resolve(ctx, SVA_RELEASE_CLEAN);
		sva_context_put(ctx);
	}
}

/* Reset the whole device with nothing bound; success is proof for all that is in quarantine (R3) */
int sva_device_reset_idle(struct sva_device *sdev)
{
	int ret;

	if (!sdev->ops.reset)
		return -EOPNOTSUPP;
	ret = sdev->ops.reset(sdev);
	if (ret)
		dev_warn(sdev->parent, "reset failed (%d): %u PASIDs stay in quarantine\n",
			 ret, READ_ONCE(sdev->all_quarantined));
	if (ret)
		return ret;
	sva_partitions_each(sdev, resolve_all, NULL);
	sva_orphans_resolve(sdev->parent);
	return 0;
}

static bool none_live(struct sva_device *sdev)
{
	bool idle;

	spin_lock(&sdev->whole->lock);
	idle = !sdev->whole->live;
	spin_unlock(&sdev->whole->lock);
	return idle;
}

/* Of all that is bound on the whole device, which somebody has asked for */
void sva_device_await_ends(struct sva_device *sdev)
{
	wait_event(sdev->whole->idle, none_live(sdev));
}

static void end_bound(struct sva_device *part, void *data)
{
	sva_device_end_all(part, SVA_REASON_RESETTING, true);
}

/* Nothing comes behind its GONE */
static void post_reset(struct sva_device *part, void *event)
{
	if (!READ_ONCE(part->told_gone))
		sva_events_post(&part->events, event);
}

/* With @resetting set, so that nothing begins meanwhile */
static void end_for_reset(struct sva_device *sdev)
{
	sva_race_point();
	sva_partitions_each(sdev, end_bound, NULL);
	sva_device_await_ends(sdev);
}

static int finish_reset(struct sva_device *sdev)
{
	struct sva_event event = { .type = SVA_EVENT_RESET, .count = 1 };
	int ret = sva_device_reset_idle(sdev);

	sva_race_point();
	if (ret)
		event.reason = SVA_REASON_PROVIDER;
	spin_lock(&sdev->lock);
	sdev->resetting = false;
	sdev->reset_after = ret ? get_jiffies_64() + RESET_PAUSE : 0;
	spin_unlock(&sdev->lock);
	wake_up_all(&sdev->idle);
	sva_partitions_each(sdev, post_reset, &event);
	return ret;
}

void sva_device_reset_work(struct work_struct *work)
{
	struct sva_device *sdev = container_of(work, struct sva_device, reset_work);

	end_for_reset(sdev);
	(void)finish_reset(sdev);
}

static bool begin_reset(struct sva_device *sdev)
{
	bool mine;

	spin_lock(&sdev->lock);
	mine = !sdev->resetting;
	sdev->resetting = true;
	spin_unlock(&sdev->lock);
	return mine;
}

/**
 * sva_device_suspend() - somebody else is about to reset the device or to put it
 * to sleep
 * @sdev: the whole device, not a partition
 *
 * Ends every binding, as a reset does, waits for a reset under way, and lets
 * nothing begin until sva_device_resume().
 *
 * Context: Process context; sleeps as long as the ends take, which providers bound.
 */
void sva_device_suspend(struct sva_device *sdev)
{
	wait_event(sdev->idle, begin_reset(sdev));
	end_for_reset(sdev);
}
EXPORT_SYMBOL_GPL(sva_device_suspend);

/**
 * sva_device_resume() - after sva_device_suspend(): the device can be used again
 * @sdev: the same
 *
 * It is reset once more by its provider, for only a reset that the provider has
 * seen succeed ends quarantine (R3).
 *
 * Context: Process context; calls the provider's reset().
 * Return: 0, or the provider's error: the quarantine stays.
 */
int sva_device_resume(struct sva_device *sdev)
{
	return finish_reset(sdev);
}
EXPORT_SYMBOL_GPL(sva_device_resume);

int sva_device_start_reset(struct sva_device *sdev, u32 *reason)
{
	int ret;

	spin_lock(&sdev->whole->lock);
	ret = sva_device_usable(sdev, reason);
	if (!ret && (!sdev->ops.reset || sdev->whole != sdev)) {
		*reason = SVA_REASON_NO_RESET;
		ret = -EOPNOTSUPP;
	}
	if (!ret && sdev->whole->resetting) {
		*reason = SVA_REASON_RESETTING;
		ret = -EBUSY;
	}
	if (!ret) {
		sdev->whole->resetting = true;
		queue_work(sva_wq, &sdev->reset_work);
	}
	spin_unlock(&sdev->whole->lock);
	return ret;
}

