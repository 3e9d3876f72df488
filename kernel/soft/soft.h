/* SPDX-License-Identifier: GPL-2.0 */
/*
 * soft.h - private to sva_soft.ko, the reference accelerator in software
 *
 * docs/accelerator.md specifies what it does.
 */
#ifndef SVA_SOFT_H
#define SVA_SOFT_H

#include <linux/atomic.h>
#include <linux/kref.h>
#include <linux/platform_device.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "accel.h"
#include "softiommu/softiommu.h"

/*
 * Bytes accessed in one window.  Taking on an address space flushes translations,
 * so a window should be long; an invalidation waits for it, so it may not be.
 */
#define SOFT_WINDOW	(256 * 1024)
#define SOFT_POLL_US	200		/* how long an idle engine polls, at first */
#define SOFT_POLL_MAX_US 100000
#define SOFT_WINDOW_NODES 512		/* list nodes visited in one window */

#define SOFT_ADDRESSES	64		/* that a rogue device remembers */

/**
 * struct soft_device - one accelerator
 * @engines: runs a queue's work, one item a queue
 * @asleep: the system sleeps: engines stop before their next step
 * @awake: woken when it is over, or when a queue is blocked meanwhile
 * @poll_us: how long an engine without work looks for more before it sleeps
 * @fault_rate: failed page requests a second that a context is let, 0: any number
 * @fault_strikes: held back in so many seconds in a row, a context is stopped
 * @ghosts: what goes on accessing after stop (rogue.c); @queues: whose PASID is in the
 *	IOMMU; both with @ghosts_lock
 * @addresses: last accessed by queues that have been stopped; @replayed: how often one
 *	was taken from there
 * @pasids_seen: of all queues that have been stopped, of @num_pasids; @probed: the next
 *	one to ask for
 * @refused: accesses of ghosts that the IOMMU refused
 * @landed: accesses of ghosts that it let through after their PASID was taken out
 */
struct soft_device {
	struct platform_device *pdev;
	struct sva_device *sdev;
	struct workqueue_struct *engines;
	bool asleep;
	wait_queue_head_t awake;
	enum accel_misbehave misbehave;
	bool page_requests;
	u32 ring_entries;
	u32 poll_us;
	u32 fault_rate;
	u32 fault_strikes;
	spinlock_t ghosts_lock;
	struct list_head ghosts;
	struct list_head queues;
	struct delayed_work ghosts_work;
	u64 addresses[SOFT_ADDRESSES];
	u32 replayed;
	unsigned long *pasids_seen;
	unsigned long num_pasids;
	unsigned long probed;
	u64 refused;
	u64 landed;
	char name[SVA_NAME_LEN];
	struct sva_type types[1];
	struct sva_region regions[SVA_ACCEL_NUM_REGIONS];
};

/**
 * struct soft_queue - a context's queue
 * @node: among the device's queues
 * @ref: the context's, and one a page request that waits for its response
 * @head: the device's own; what stands in shared memory is never read back
 * @abort_seen: the last abort number seen; @aborting: it is ahead of the head
 * @blocked: take no more work; set once
 * @wait: for page responses, and for being blocked
 * @outstanding: page requests without a response
 * @asked: when the first of them was sent, or one was answered since, in ns
 * @windows: opened on the address space, each of which is a translation asked for
 * @window: when the current second of failed page requests began; @failed: how many
 *	there were in it; @strikes: in so many seconds in a row there were too many
 * @last_address: what a ghost of this queue goes on accessing
 * @bounce: two pages
 */
struct soft_queue {
	struct list_head node;
	struct kref ref;
	struct sva_context *ctx;
	struct soft_device *sd;
	u32 pasid;
	u32 entries;
	u32 head;
	struct sva_accel_doorbell *doorbell;
	struct sva_accel_desc *ring;
	struct sva_accel_status *status;
	u32 abort_seen;
	bool aborting;
	bool blocked;
	struct work_struct work;
	wait_queue_head_t wait;
	atomic_t outstanding;
	u64 asked;
	u64 stale;
	u64 windows;
	u32 histogram[SVA_FAULT_BUCKETS];
	u64 window;
	u32 failed;
	u32 strikes;
	u64 last_address;
	u8 *bounce;
};

/**
 * struct soft_job - a descriptor being worked on
 * @desc: fetched once; the process may overwrite the ring meanwhile
 * @record: its completion record in the making
 * @miss: the address that could not be accessed, @miss_len bytes from there on
 *	would be next
 * @single: a group request failed: ask for one page to learn which it was
 * @retries: misses at one address in a row; after the first, one page is asked for
 * @delivered: the completion record is written
 * @node: LIST_WALK: the next node
 * @key: FIND: the key, of which @key_len bytes have been read
 */
struct soft_job {
	struct soft_queue *q;
	struct sva_accel_desc desc;
	u8 key[SVA_ACCEL_MAX_KEY];
	u32 index;
	struct sva_accel_completion record;
	u64 miss;
	u64 miss_len;
	u32 miss_access;
	bool single;
	u32 retries;
	bool delivered;
	u64 node;
	bool key_read;
};

enum soft_step {
	SOFT_DONE,	/* the job is complete */
	SOFT_MORE,	/* the window is used up */
	SOFT_MISS,	/* @miss has to be made accessible first */
};

typedef enum soft_step (*soft_step_fn)(struct soft_job *job,
				       struct softiommu_access *access);

/* ops.c */
soft_step_fn soft_operation(const struct sva_accel_desc *desc, u32 *status);

/* engine.c */
void soft_engine_work(struct work_struct *work);

/* rogue.c */
int soft_ghosts_init(struct soft_device *sd, u32 pasid_bits);
void soft_ghosts_bind(struct soft_queue *q);
void soft_ghosts_unbind(struct soft_queue *q);
void soft_ghosts_exorcise(struct soft_device *sd);
bool soft_ghosts_are_there(struct soft_device *sd);
enum sva_evidence soft_misbehave_at_stop(struct soft_queue *q, enum sva_evidence truth);

/* queue.c */
extern const struct sva_device_ops soft_ops;
void soft_queue_put(struct soft_queue *q);

#endif /* SVA_SOFT_H */
