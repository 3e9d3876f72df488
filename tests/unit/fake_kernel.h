/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_kernel.h - a stand-in for sva.ko behind daemon/kernel.h
 *
 * A control node is a socket that the test writes events into; a context is one
 * end of a socket pair, so that the test sees when its last holder is gone.
 *
 * What the kernel would remember is in memory that children share: a test may run
 * svad in a child, have it killed, and look at what is left (fake_svad_died()).
 */
#ifndef FAKE_KERNEL_H
#define FAKE_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/sva.h>

struct fake_device;

/* A device with nodes /fake/NAME and /dev/sva/NAME, one type "shared", room for @contexts */
struct fake_device *fake_plug(const char *name, uint32_t contexts);
void fake_add_type(struct fake_device *device, const char *type);
/* GONE, then ENODEV for ever */
void fake_unplug(struct fake_device *device);
/* The control nodes hang up without a word */
void fake_hang_up(struct fake_device *device);
/* Everything away, nothing left open */
void fake_reset(void);

/* Of the next calls on this device: the errno and the reason; 0 is none */
void fake_fail_open(struct fake_device *device, int error);
void fake_fail_create(struct fake_device *device, int error, uint32_t reason);
void fake_fail_list(struct fake_device *device, int error);
void fake_set_sva_reason(struct fake_device *device, uint32_t reason);

/* A context that svad did not create, as one of a svad before it */
uint64_t fake_context_add(struct fake_device *device, uint32_t account, int32_t owner);

/* What the list says of it, enum sva_state */
void fake_context_set_state(struct fake_device *device, uint64_t id, uint32_t state);

/* The context ends, and the control node tells */
void fake_context_end(struct fake_device *device, uint64_t id, enum sva_release release);
/* The same, but the event is lost */
void fake_context_end_silently(struct fake_device *device, uint64_t id);
/* Out of quarantine */
void fake_context_release(struct fake_device *device, uint64_t id);
/* As the kernel does: ends all contexts whose fd nobody has any more; how many */
size_t fake_end_unheld(struct fake_device *device);

/* How often svad has revoked a context, and reset the device */
unsigned int fake_revokes(const struct fake_device *device);
unsigned int fake_resets(const struct fake_device *device);
void fake_fail_revoke(struct fake_device *device, int error);

/* The cookie and the owner that the list has */
void fake_context_set_cookie(struct fake_device *device, uint64_t id, uint64_t cookie);
uint64_t fake_last_cookie(const struct fake_device *device);
bool fake_has_context(const struct fake_device *device, uint64_t id);

/*
 * The child that ran svad is no more: its control nodes are closed, and all contexts
 * have ended but those that are held, @held of them.
 */
void fake_svad_died(struct fake_device *device, const uint64_t *held, size_t count);

/* Called at each step of svad, see kernel_step(); NULL: not any more */
extern void (*fake_step)(const char *step);

void fake_post(struct fake_device *device, uint32_t type, uint64_t id,
	       enum sva_release release);

size_t fake_contexts(const struct fake_device *device);
bool fake_context_has_holder(struct fake_device *device, uint64_t id);
/* The newest context's */
uint64_t fake_last_id(const struct fake_device *device);
int32_t fake_last_owner(const struct fake_device *device);
uint32_t fake_last_account(const struct fake_device *device);
/* How often contexts were listed */
unsigned int fake_lists(const struct fake_device *device);

/*
 * For measurements, and for the production filter: contexts are duplicates of the
 * control node's fd, and the fake does not remember them.
 */
void fake_make_cheap(struct fake_device *device);

#endif /* FAKE_KERNEL_H */
