/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ring.h - the submission ring, as plain memory
 *
 * Knows nothing of contexts and makes no system call, so that tests can play
 * the device.  Indices are 32 bits wide and count on for ever: only differences
 * mean anything.
 */
#ifndef SVA_RING_H
#define SVA_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/sva_accel.h>

/**
 * struct ring - the process's side; whoever uses it brings the lock
 * @tail: index behind the last descriptor written; as the doorbell says, except
 *	between ring_write() and ring_publish()
 */
struct ring {
	struct sva_accel_doorbell *doorbell;
	struct sva_accel_desc *descs;
	const struct sva_accel_status *status;
	uint32_t entries;
	uint32_t tail;
};

/* The mapped regions; -EPROTO if they are not the reference accelerator's */
int ring_init(struct ring *ring, void *doorbell, size_t doorbell_size, void *descs,
	      size_t descs_size, const void *status, size_t status_size);

/* enum sva_accel_queue_state */
uint32_t ring_state(const struct ring *ring);

/* Copies as many as there is room for, and returns how many that was. */
uint32_t ring_write(struct ring *ring, const struct sva_accel_desc *descs, uint32_t count);

/* Shows the device what was written; true if it sleeps and has to be woken by pwrite(). */
bool ring_publish(struct ring *ring);

/* Asks the device to abort all that was published. */
void ring_abort(struct ring *ring);

#endif /* SVA_RING_H */
