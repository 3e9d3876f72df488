/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_accel.h - sva.ko and a reference accelerator behind it that carries jobs out,
 * natively: for tests of what is built on both
 *
 * Link with $(FAKE_ACCEL_WRAP).  A context is a memfd; once a process has bound it and
 * mapped its regions, a thread in that process is the device.  It works at the
 * addresses where the library has mapped them, so that sanitizers see who waits for
 * whom.
 */
#ifndef FAKE_ACCEL_H
#define FAKE_ACCEL_H

#include <stdbool.h>
#include <stdint.h>

#define FAKE_ACCEL_PASID	9
#define FAKE_ACCEL_ENTRIES	64	/* of the submission ring */

/* A context as svad hands it out, not bound yet */
int fake_accel_context(void);

/* Devices of this process begin no job while they are paused */
void fake_accel_pause(bool paused);

/* Naps (ppoll) that have begun; while they are endless only an event ends one */
unsigned int fake_accel_naps(void);
void fake_accel_endless_naps(bool endless);

/* Every context of this process ends: the fd hangs up, and then the queue says @state */
void fake_accel_end(uint32_t state, uint32_t reason);
void fake_accel_hang_up(void);

/* Jobs that devices of this process have completed; ioctls that were PIN and UNPIN */
unsigned int fake_accel_completed(void);
unsigned int fake_accel_pins(void);

#endif /* FAKE_ACCEL_H */
