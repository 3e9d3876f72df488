// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ring.c - the submission ring, as plain memory
 */
#include <errno.h>
#include <string.h>

#include "ring.h"

_Static_assert(sizeof(struct sva_accel_desc) == 64, "ring");
_Static_assert(sizeof(struct sva_accel_completion) == 64, "ring");

int ring_init(struct ring *ring, void *doorbell, size_t doorbell_size, void *descs,
	      size_t descs_size, const void *status, size_t status_size)
{
	uint32_t entries;

	if (doorbell_size < sizeof(*ring->doorbell) || status_size < sizeof(*ring->status))
		return -EPROTO;
	ring->doorbell = doorbell;
	ring->descs = descs;
	ring->status = status;
	entries = __atomic_load_n(&ring->status->entries, __ATOMIC_RELAXED);
	if (!entries || entries & (entries - 1) ||
	    descs_size / sizeof(*ring->descs) < entries)
		return -EPROTO;
	ring->entries = entries;
	/* not 0 where the context was driven before */
	ring->tail = __atomic_load_n(&ring->doorbell->tail, __ATOMIC_RELAXED);
	return 0;
}

uint32_t ring_state(const struct ring *ring)
{
	return __atomic_load_n(&ring->status->state, __ATOMIC_ACQUIRE);
}

/* A device whose head is nowhere near has no room: its own state will say why. */
static uint32_t ring_room(const struct ring *ring)
{
	uint32_t head = __atomic_load_n(&ring->status->head, __ATOMIC_ACQUIRE);
	uint32_t used = ring->tail - head;

	return used < ring->entries ? ring->entries - used : 0;
}

uint32_t ring_write(struct ring *ring, const struct sva_accel_desc *descs, uint32_t count)
{
	uint32_t room = ring_room(ring);

	if (count > room)
		count = room;
	for (uint32_t i = 0; i < count; i++) {
		ring->descs[ring->tail & (ring->entries - 1)] = descs[i];
		ring->tail++;
	}
	return count;
}

/* Tail, full barrier, flag; the device: flag, full barrier, tail.  One sees the other. */
bool ring_publish(struct ring *ring)
{
	__atomic_store_n(&ring->doorbell->tail, ring->tail, __ATOMIC_RELEASE);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&ring->status->flags, __ATOMIC_RELAXED) &
	       SVA_ACCEL_STATUS_NEED_DOORBELL;
}

/* A device that sleeps has nothing to abort, so this never has to wake it. */
void ring_abort(struct ring *ring)
{
	__atomic_store_n(&ring->doorbell->abort, ring->tail, __ATOMIC_RELEASE);
}
