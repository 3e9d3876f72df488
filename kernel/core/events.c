// SPDX-License-Identifier: GPL-2.0
/*
 * events.c - what control nodes and contexts tell through read() and poll()
 *
 * A ring that keeps the newest events (R8: bounded); each reader has a cursor
 * of its own and learns by an overflow mark what it was too slow for.
 */
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/uaccess.h>

#include "core.h"

static_assert(sizeof(struct sva_event) == 64);

int sva_events_init(struct sva_events *events, u32 size, gfp_t gfp)
{
	spin_lock_init(&events->lock);
	init_waitqueue_head(&events->wait);
	events->size = size;
	events->head = 0;
	events->ring = kvcalloc(size, sizeof(*events->ring), gfp);
	return events->ring ? 0 : -ENOMEM;
}

void sva_events_free(struct sva_events *events)
{
	kvfree(events->ring);
	events->ring = NULL;
}

static struct sva_event *slot_at(struct sva_events *events, u64 number)
{
	return &events->ring[number & (events->size - 1)];
}

static void post_locked(struct sva_events *events, const struct sva_event *event)
{
	struct sva_event *slot = slot_at(events, events->head++);

	*slot = *event;
	slot->time = ktime_get_ns();
}

void sva_events_post(struct sva_events *events, const struct sva_event *event)
{
	unsigned long flags;

	spin_lock_irqsave(&events->lock, flags);
	post_locked(events, event);
	spin_unlock_irqrestore(&events->lock, flags);
	wake_up_interruptible_poll(&events->wait, EPOLLIN | EPOLLRDNORM);
}

/* Does @event go on where the newest event ends, which no reader is at yet? */
static struct sva_event *continued(struct sva_events *events, const u64 *cursor,
				   const struct sva_event *event)
{
	struct sva_event *last = slot_at(events, events->head - 1);

	if (events->head <= READ_ONCE(*cursor) + 1 || last->type != event->type ||
	    last->access != event->access || last->outcome != event->outcome ||
	    (last->address & PAGE_MASK) + last->count * PAGE_SIZE != event->address)
		return NULL;
	return last;
}

/**
 * sva_events_post_fault() - like sva_events_post(), or let the newest event grow
 * @cursor: of the one reader; an event that it may be at is left alone
 *
 * R8: a run of faults over neighbouring pages is one event.
 */
void sva_events_post_fault(struct sva_events *events, const u64 *cursor,
			   const struct sva_event *event)
{
	struct sva_event *last;
	unsigned long flags;

	spin_lock_irqsave(&events->lock, flags);
	last = continued(events, cursor, event);
	if (last)
		last->count += event->count;
	else
		post_locked(events, event);
	spin_unlock_irqrestore(&events->lock, flags);
	wake_up_interruptible_poll(&events->wait, EPOLLIN | EPOLLRDNORM);
}

u64 sva_events_head(struct sva_events *events)
{
	unsigned long flags;
	u64 head;

	spin_lock_irqsave(&events->lock, flags);
	head = events->head;
	spin_unlock_irqrestore(&events->lock, flags);
	return head;
}

bool sva_events_pending(struct sva_events *events, const u64 *cursor)
{
	return sva_events_head(events) != READ_ONCE(*cursor);
}

/* The event at the cursor, and where the cursor is to go once it is delivered */
static bool events_peek(struct sva_events *events, u64 cursor,
			struct sva_event *event, u64 *next)
{
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&events->lock, flags);
	found = cursor != events->head;
	if (found && events->head - cursor > events->size) {
		*next = events->head - events->size;
		*event = (struct sva_event) {
			.type = SVA_EVENT_OVERFLOW,
			.count = *next - cursor,
			.time = ktime_get_ns(),
		};
	} else if (found) {
		*next = cursor + 1;
		*event = *slot_at(events, cursor);
	}
	spin_unlock_irqrestore(&events->lock, flags);
	return found;
}

/**
 * sva_events_copy() - deliver as many whole events as fit
 *
 * Returns bytes copied, 0 if there was no event, -EINVAL if not even one fits,
 * -EFAULT; an event that could not be copied is not lost.
 */
ssize_t sva_events_copy(struct sva_events *events, u64 *cursor,
			char __user *buf, size_t len)
{
	struct sva_event event;
	ssize_t done = 0;
	u64 next;

	if (len < sizeof(event))
		return -EINVAL;
	while (len - done >= sizeof(event) &&
	       events_peek(events, *cursor, &event, &next)) {
		if (copy_to_user(buf + done, &event, sizeof(event)))
			return done ?: -EFAULT;
		WRITE_ONCE(*cursor, next);
		done += sizeof(event);
	}
	return done;
}
