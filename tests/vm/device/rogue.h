/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rogue.h - a device that does not stop when it is told to
 */
#ifndef SVA_DEVICE_ROGUE_H
#define SVA_DEVICE_ROGUE_H

#include <stdbool.h>
#include <stdint.h>

struct accel;
struct context;

bool rogue_init(struct accel *accel);
void rogue_exit(struct accel *accel);
/* What a context stopped in @generation says instead of @truth; false: nothing at all */
bool rogue_evidence(struct context *ctx, uint32_t generation, uint32_t truth,
		    uint32_t *evidence);
/* The context's PASID is out of the IOMMU, if no other has it: nothing may land any more */
void rogue_released(struct context *ctx);
/* A reset ends what no stop did; returns when no ghost accesses any more */
void rogue_exorcise(struct accel *accel);
/* The context is started anew: what its ghost might still say is of no use */
void rogue_forget(struct context *ctx);

/* SVA_PCI_BREAK; BQL */
void rogue_break(struct accel *accel, uint32_t how);
/* Nobody is there: whatever is read, is ones */
bool rogue_vanished(const struct accel *accel);

#endif /* SVA_DEVICE_ROGUE_H */
