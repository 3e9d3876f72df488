/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device.h - the raw kernel ABI, as the tests use it: control node, contexts,
 * events, sysfs
 */
#ifndef TESTS_KERNEL_DEVICE_H
#define TESTS_KERNEL_DEVICE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/sva.h>

/* $SVA_TEST_DEVICE, or the guest's first accelerator: soft0 or pci0 */
const char *device_name(void);
/* Is it of this kind: "soft" or "pci"? */
bool device_is(const char *kind);

/* The control node; only root and svad may open it */
int node_open(void);

/* An ioctl: 0 or -errno */
int call(int fd, unsigned int number, void *arg);

/* Fails the test unless the ioctl is refused with this errno and this reason */
#define REFUSED(fd, number, arg, error, why)					\
	do {									\
		int refused_result = call(fd, number, arg);			\
										\
		check_refused(__FILE__, __LINE__, #number, refused_result,	\
			      (arg)->reason, error, #error, why, #why);		\
	} while (0)
void check_refused(const char *file, int line, const char *what, int result,
		   uint32_t reason, int error, const char *error_name,
		   uint32_t wanted, const char *wanted_name);

/* Fails the test unless the ioctl succeeds, with no reason left behind */
#define ACCEPTED(fd, number, arg)						\
	do {									\
		int accepted_result = call(fd, number, arg);			\
										\
		check_accepted(__FILE__, __LINE__, #number, accepted_result,	\
			       (arg)->reason);					\
	} while (0)
void check_accepted(const char *file, int line, const char *what, int result, uint32_t reason);

int context_create(int node, pid_t owner, uint64_t *id);
/* The same, charged to another account than root's */
int context_create_charged(int node, pid_t owner, uint32_t account, uint64_t *id);
/*
 * 0 or -errno.  An idle device with quarantine resets itself, and what was in it is free, and
 * told to be, a moment before that is over: for so long SVA_REASON_RESETTING is no answer.
 */
int context_try_bind(int ctx, struct sva_bind_task *bind);
uint32_t context_bind(int ctx);
/* Created for the calling process, and bound */
int context_bound(int node, uint64_t *id, uint32_t *pasid);
/* Returns what the kernel found (enum sva_release) */
uint32_t context_unbind(int ctx, uint32_t pasid, uint32_t flags);
void context_revoke(int node, uint64_t id);
struct sva_context_info context_info(int ctx);
uint32_t context_last_reason(int ctx);
struct sva_region_info region_info(int ctx, unsigned int index);
void *region_map(int ctx, unsigned int index, int prot);

struct sva_device_info device_info(int node);
/* The context's entry in LIST_CONTEXTS; false if it is not listed */
bool context_listed(int node, uint64_t id, struct sva_context_entry *entry);

/* 1 and the event, or 0 when none came in time, or -errno */
int event_next(int fd, struct sva_event *event, int timeout_ms);
/* Reads on until an event of this type for this context (0: any) comes; fails the test without */
struct sva_event event_await(int fd, unsigned int type, uint64_t id);
/* The same for the end of a context; fails if the end is told twice (R5) */
struct sva_event end_await(int node, uint64_t id);

/* Attributes below /sys/class/sva/NAME */
long attribute_read(const char *name);
void attribute_write(const char *name, const char *value);
/* A parameter of a module, -1 if there is none */
long parameter_read(const char *module, const char *name);
/* "none" or "hold": what the device does when a context is to stop (docs/accelerator.md) */
void misbehave(const char *mode);
/* When its driver is unloaded */
void misbehave_ends_without_driver(void);
/* "device/refused", "device/landed": what the device says of accesses after a stop */
long device_log(const char *name);
/* Resets the device and waits until it is done */
void device_reset(int node);

/* Unbinds the device's driver, and binds it again until the node is back */
void device_remove(void);
/* The same where somebody else may be faster: 0 or -errno */
int device_try_remove(void);
void device_return(void);

/* Counters are at zero, after a while if need be: R5 */
bool device_is_clean(void);
/* What can be done about it, so that the next test is not blamed */
void device_make_clean(void);

/* Another process that holds a bound context until it is told to let go */
struct child;
void bystander_start(struct child *child, int node, uint64_t *id, uint32_t *pasid);
/* The same, charged to an account */
void bystander_start_charged(struct child *child, int node, uint32_t account, uint64_t *id,
			     uint32_t *pasid);
void bystander_stop(struct child *child, int node, uint64_t id);
/* A new process binds, and ends: the PASID that it was given */
uint32_t newcomer_pasid(int node);
/*
 * Twenty processes bind and are all bound at once: is one of them given @pasid?
 * Together they have the lowest PASIDs that there are, so that a low one that is
 * free is sure to be given out; a single newcomer gets the lowest alone.
 */
bool newcomers_get(int node, uint32_t pasid);

#endif /* TESTS_KERNEL_DEVICE_H */
