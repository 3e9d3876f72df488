/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel.h - all that svad asks of sva.ko, and the seam of its tests
 *
 * kernel_dev.c answers with the ioctls of <linux/sva.h>; the unit tests link
 * tests/unit/fake_kernel.c in its place, so that all the rest of svad runs
 * natively.  A device is its control node's fd, which is non-blocking and can be
 * polled for events.  Every call returns 0 or -errno and, where there is one,
 * leaves the reason in the argument struct.
 */
#ifndef SVAD_KERNEL_H
#define SVAD_KERNEL_H

#include <stddef.h>
#include <sys/types.h>
#include <linux/sva.h>

#include "util.h"

/* The fd of the control node, or -errno; -ENOTTY: not a control node */
int must_check kernel_device_open(const char *node);

int must_check kernel_device_info(int device, struct sva_device_info *info);

/* -ENOENT past the last type */
int must_check kernel_type_info(int device, uint32_t index, struct sva_type_info *info);

/* In: type, owner, account, cookie.  Out: id, fd (the caller's), reason. */
int must_check kernel_context_create(int device, struct sva_create_context *create);

/* At most *count entries with ids above @after; *count 0: no more */
int must_check kernel_contexts_list(int device, uint64_t after,
				    struct sva_context_entry *entries, uint32_t *count);

/*
 * Starts the end of a context, or the reset of the device; events say when it is
 * done.  *reason: why it was refused, 0 with 0.
 */
int must_check kernel_context_revoke(int device, uint64_t context, uint32_t *reason);
int must_check kernel_device_reset(int device, uint32_t *reason);

/* How many events were read, 0: none is there, -ENODEV: the device is gone */
ssize_t must_check kernel_events_read(int device, struct sva_event *events, size_t count);

/*
 * A step that svad has come to.  Nothing here; the tests end svad at any of them,
 * to see that the next one finds everything again (R5).
 */
void kernel_step(const char *step);

#endif /* SVAD_KERNEL_H */
