/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * device.h - the devices that svad serves, and whose contexts they have
 *
 * svad believes the kernel, not its memory: what is charged to whom comes from
 * LIST_CONTEXTS when a device is opened (so a restart loses nothing, R5), and
 * from then on from the contexts that svad creates and the control node's
 * events.  After a lost event or a reset the kernel is asked anew.
 *
 * A context is charged to its account (a uid) until it has ended, and if its
 * PASID then goes into quarantine, until it is released from there: otherwise
 * one user could fill the quarantine of a device and have his limit back each
 * time (R3, R8).
 */
#ifndef SVAD_DEVICE_H
#define SVAD_DEVICE_H

#include <systemd/sd-event.h>

#include "kernel.h"
#include "map.h"

#define DEVICE_TYPES_MAX 64
#define DEVICE_WANTING	8

/**
 * struct charge - whom a context is charged to
 * @cookie: the grant and the cgroup, see account.h; 0: neither
 */
struct charge {
	uint32_t uid;
	uint32_t type;
	uint64_t cookie;
	bool quarantined;
};

/**
 * struct accounts - what account.c keeps of a device
 * @contexts: id -> CONTEXT_* | type | uid, of every context that is charged
 * @cookies: id -> cookie, of those that have one
 * @counts: what is counted -> how many contexts
 */
struct accounts {
	struct map contexts;
	struct map cookies;
	struct map counts;
};

/* Somebody who got no context of a type, until when that counts (us) */
struct wanting {
	uint32_t uid;
	uint32_t type;
	uint64_t until;
};

/**
 * struct device
 * @fd: the control node
 * @gone: it has left the machine; freed in the next turn of the loop
 * @stale: events were lost and the kernel could not be asked what is true
 * @types: names, in the kernel's order
 * @wanting: the last who got nothing
 */
struct device {
	struct devices *devices;
	sd_event_source *source;
	char name[SVA_NAME_LEN];
	int fd;
	bool gone;
	bool stale;
	uint32_t num_types;
	char (*types)[SVA_NAME_LEN];
	struct accounts accounts;
	struct wanting wanting[DEVICE_WANTING];
};

/**
 * struct devices_ops - who is told what happens to devices; each may be NULL
 * @changed: one has come or gone, and how many there are
 * @arrived: it is served from now on, or its contexts were listed anew
 * @left: nobody finds it any more
 * @event: of its control node, before the accounts follow it
 */
struct devices_ops {
	void (*changed)(void *userdata);
	void (*arrived)(struct device *device, void *userdata);
	void (*left)(struct device *device, void *userdata);
	void (*event)(struct device *device, const struct sva_event *event, void *userdata);
};

/* In the order of their names */
struct devices {
	sd_event *event;
	sd_event_source *reaper;
	struct device **list;
	size_t count;
	const struct devices_ops *ops;
	void *userdata;
};

int must_check devices_init(struct devices *devices, sd_event *event);
void devices_free(struct devices *devices);

/*
 * A device has come, or its node has changed.  Opens it unless it is open.
 * -EACCES: the node is not svad's (yet); watch.c tries again.
 */
int devices_add(struct devices *devices, const char *name, const char *node);

struct device *devices_find(const struct devices *devices, const char *name);

/* The first device from *index on that is there, or NULL; *index follows */
struct device *devices_next(const struct devices *devices, size_t *index);

/* Index of the type, "" the first; -ENOENT */
int must_check device_type(const struct device *device, const char *type, uint32_t *index);

/* Takes in the events that are there; true if there were any */
bool device_refresh(struct device *device);

/*
 * Creates a context for the process @owner and charges it.  0 with id and fd (the
 * caller's) in *created, else -errno with the reason there.
 */
int must_check device_create_context(struct device *device, pid_t owner,
				     const struct charge *charge,
				     struct sva_create_context *created);

#endif /* SVAD_DEVICE_H */
