/* SPDX-License-Identifier: GPL-2.0 */
/*
 * core.h - private to sva.ko
 *
 * Locks, outermost first:
 *
 *   sva_context.active      calls into the provider against its teardown
 *   sva_device.lock         the table of contexts, the counts   (spinlock)
 *   sva_orphans_lock        contexts that devices left behind   (spinlock)
 *   sva_group.lock          the table of address spaces         (spinlock)
 *   sva_pasid.lock          one address space's machine         (spinlock)
 *   sva_context.lock        one context's machine               (spinlock)
 *   sva_events.lock                                             (spinlock)
 *
 * None of ours is held over iommu_sva_bind_device() and its opposite, which
 * take mmap_lock, nor while user memory is touched.  mmap() runs under
 * mmap_lock and takes spinlocks only; a fault on a doorbell takes active too.
 */
#ifndef SVA_CORE_H
#define SVA_CORE_H

#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/kref.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/rhashtable.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "provider.h"
#include "race.h"

#define SVA_MAX_DEVICES		256
#define SVA_DEVICE_EVENTS	1024	/* powers of two */
#define SVA_CONTEXT_EVENTS	64

/* ---------------------------------------------------------------- ucmd.c */

/**
 * struct sva_ucmd - one ioctl's argument on its way in and out
 * @buf: the argument, complete and checked
 * @reason: what goes into the argument's reason
 */
struct sva_ucmd {
	void __user *arg;
	void *buf;
	size_t size;
	u32 argsz;
	u32 reason;
};

/**
 * struct sva_ioctl - one row of an ioctl table
 * @size: of the argument, in its first and so far only version
 * @flags: the flags that it takes
 * @reserved: offset of a field of @reserved_size bytes that has to be zero
 */
struct sva_ioctl {
	unsigned int cmd;
	size_t size;
	u32 flags;
	size_t reserved;
	size_t reserved_size;
	int (*fn)(void *object, struct sva_ucmd *ucmd);
};

#define SVA_IOCTL(_cmd, _fn, _struct, _flags)				\
	{ .cmd = (_cmd), .fn = (_fn), .size = sizeof(_struct),		\
	  .flags = (_flags) }
#define SVA_IOCTL_RESERVED(_cmd, _fn, _struct, _flags)			\
	{ .cmd = (_cmd), .fn = (_fn), .size = sizeof(_struct),		\
	  .flags = (_flags), .reserved = offsetof(_struct, reserved),	\
	  .reserved_size = sizeof_field(_struct, reserved) }

/**
 * struct sva_ioctl_table - the ioctls of one kind of file
 * @check: may the caller do this at all? comes before the argument is looked at
 */
struct sva_ioctl_table {
	const struct sva_ioctl *rows;
	size_t count;
	int (*check)(void *object, unsigned int cmd, u32 *reason);
};

long sva_ioctl_run(const struct sva_ioctl_table *table, void *object,
		   unsigned int cmd, unsigned long arg);
int sva_ucmd_respond(struct sva_ucmd *ucmd);
int sva_ucmd_respond_nofault(struct sva_ucmd *ucmd);
int sva_ucmd_fault_in(struct sva_ucmd *ucmd);
int sva_ucmd_fail(struct sva_ucmd *ucmd, u32 reason, int err);

/* ---------------------------------------------------------- capability.c */

u32 sva_capability_obstacle(struct device *parent, bool grouped);
u32 sva_capability_fault_obstacle(struct device *parent);
u32 sva_capability_pasid_bits(const struct device *parent);

/* -------------------------------------------------------------- events.c */

/**
 * struct sva_events - a bounded ring of events with any number of readers
 * @head: number of events ever posted; the ring holds the newest
 */
struct sva_events {
	spinlock_t lock;
	wait_queue_head_t wait;
	struct sva_event *ring;
	u32 size;
	u64 head;
};

int sva_events_init(struct sva_events *events, u32 size, gfp_t gfp);
void sva_events_free(struct sva_events *events);
void sva_events_post(struct sva_events *events, const struct sva_event *event);
void sva_events_post_fault(struct sva_events *events, const u64 *cursor,
			   const struct sva_event *event);
bool sva_events_pending(struct sva_events *events, const u64 *cursor);
u64 sva_events_head(struct sva_events *events);
ssize_t sva_events_copy(struct sva_events *events, u64 *cursor,
			char __user *buf, size_t len);

/* --------------------------------------------------------------- group.c */

/**
 * struct sva_group - an IOMMU group that has or had a device of ours
 * @changing: drivers that are leaving a device of the group: nothing is bound
 *	meanwhile, the core insists that no PASID is attached then
 * @pasids: struct sva_pasid by their mm
 */
struct sva_group {
	struct list_head node;
	struct kref ref;
	struct iommu_group *iommu;
	atomic_t changing;
	spinlock_t lock;
	struct rhashtable pasids;
};

/**
 * struct sva_pasid - one address space in one group: R3's unit
 * @ref: one a context, from bind until its PASID's release is known
 * @mm: held by mmgrab() as long as this exists, so that the IOMMU core, which
 *	frees the PASID with the mm, cannot give it on
 * @wait: woken when an end is through
 */
struct sva_pasid {
	struct kref ref;
	struct rhash_head node;
	struct sva_group *group;
	struct mm_struct *mm;
	spinlock_t lock;
	struct sva_pasid_machine machine;
	wait_queue_head_t wait;
};

struct sva_group *sva_group_get(struct device *parent);
void sva_group_put(struct sva_group *group);
u32 sva_group_id(const struct sva_group *group);
bool sva_group_viable(struct sva_group *group, char blocker[SVA_BLOCKER_LEN]);
int sva_groups_follow(void);
void sva_groups_unfollow(void);

bool sva_group_holds_all(struct sva_group *group, u32 pasid_bits);

struct sva_pasid *sva_pasid_get(struct sva_group *group, struct mm_struct *mm);
void sva_pasid_put(struct sva_pasid *pasid);
int sva_pasid_enter(struct sva_pasid *pasid);
void sva_pasid_begin_end(struct sva_pasid *pasid);
void sva_pasid_finish_end(struct sva_pasid *pasid, enum sva_release release);
void sva_pasid_resolve(struct sva_pasid *pasid);

/* ------------------------------------------------------------- account.c */

/**
 * struct sva_account - whom contexts are charged to
 * @quarantined: its contexts in quarantine, on all devices
 */
struct sva_account {
	struct hlist_node node;
	struct kref ref;
	u32 uid;
	atomic_t quarantined;
};

struct sva_account *sva_account_get(u32 uid);
void sva_account_put(struct sva_account *account);
bool sva_account_full(const struct sva_account *account);

/* -------------------------------------------------------------- device.c */

/**
 * struct sva_device - an accelerator
 * @desc: of its pointers, @ops, @types and @regions are the core's own copies:
 *	files and mappings that are still there ask for them when the provider
 *	has gone
 * @whole: itself, or the device that it is a partition of; its lock and counts
 *	serve the partitions too
 * @partitions: struct sva_device, under @partitions_lock
 * @partition: in @whole's list
 * @sva_reason: enum sva_reason: why nothing can be bound here, or 0
 * @fault_reason: the same: why accesses cannot fault
 * @share_type: type of @whole's that the partition's contexts come from
 * @share_returned: those that are in quarantine no more go back to it, one by one
 * @all_quarantined: as @num_quarantined, with partitions
 * @contexts: by id; every context that is not ENDED, under @lock
 * @trust_users: a device that cannot tell is made good for by its users' claims
 * @live: contexts in BINDING, BOUND or STOPPING
 * @gone: nothing may be started any more; set once, under @lock
 * @viable: as last told; see sva_device_viable() for what it is
 * @told_gone: the last event, SVA_EVENT_GONE, is in @events
 * @resetting: a reset is under way; under @lock
 * @reset_after: jiffies64: since the last reset failed, no other begins by itself before
 * @idle: woken when one of the counts falls
 */
struct sva_device {
	struct device dev;
	struct cdev cdev;
	struct list_head node;
	struct device *parent;
	struct sva_device_desc desc;
	struct sva_device_ops ops;
	struct sva_group *group;
	char name[SVA_NAME_LEN];
	u32 pasid_bits;
	u32 sva_reason;
	u32 fault_reason;
	struct kobject *types_dir;
	struct sva_type_dir **type_dirs;

	struct sva_device *whole;
	struct mutex partitions_lock;
	struct list_head partitions;
	struct list_head partition;
	u32 share_type;
	bool share_returned;
	u32 num_partitions;

	spinlock_t lock;
	struct xarray contexts;
	u32 *type_used;
	u32 num_contexts;
	u32 num_quarantined;
	u32 all_quarantined;
	u32 live;
	bool trust_users;
	bool gone;
	bool viable;
	bool told_gone;
	bool resetting;
	u64 reset_after;
	wait_queue_head_t idle;

	struct work_struct reset_work;
	struct sva_events events;
};

struct sva_type_dir;

#define to_sva_device(d) container_of(d, struct sva_device, dev)

/* A partition goes with its whole device, which says so first (R6) */
static inline bool sva_device_gone(const struct sva_device *sdev)
{
	return READ_ONCE(sdev->gone) || READ_ONCE(sdev->whole->gone);
}

extern struct class sva_class;
extern const struct file_operations sva_control_fops;
extern struct workqueue_struct *sva_wq;

int sva_device_init(void);
void sva_device_exit(void);
int sva_device_start_reset(struct sva_device *sdev, u32 *reason);
u32 sva_device_max_contexts(const struct sva_device *sdev);
u32 sva_device_flags(struct sva_device *sdev);
int sva_device_viable(struct sva_device *sdev, u32 *reason);
void sva_device_follow_viability(void);
void sva_device_end_siblings(struct sva_group *group, struct device *leaving);
void sva_device_post(struct sva_device *sdev, u32 type, struct sva_context *ctx);
int sva_device_add_context(struct sva_device *sdev, struct sva_context *ctx, u32 *reason);
int sva_device_begin_bind(struct sva_context *ctx, u32 *reason);
void sva_device_undo_bind(struct sva_device *sdev);
void sva_device_look_after(struct sva_device *sdev);
bool sva_device_context_ended(struct sva_context *ctx, enum sva_release release,
			      bool was_live);
bool sva_device_context_resolved(struct sva_context *ctx, enum sva_release release);
struct sva_context *sva_device_find(struct sva_device *sdev, u64 id);
struct sva_context *sva_device_next(struct sva_device *sdev, u64 after);
bool sva_device_is_ours(const struct device *parent, const struct device_driver *driver);
int sva_device_usable(struct sva_device *sdev, u32 *reason);
void sva_device_end_all(struct sva_device *sdev, u32 reason, bool bound_only);
void sva_device_await_ends(struct sva_device *sdev);
int sva_device_reset_idle(struct sva_device *sdev);
void sva_device_reset_work(struct work_struct *work);
struct sva_device *sva_device_new(struct device *parent, const struct sva_device_desc *desc,
				  struct sva_device *whole);
int sva_device_publish(struct sva_device *sdev);
void sva_device_retire(struct sva_device *sdev);

/* --------------------------------------------------------- description.c */

const char *sva_description_fault(const struct sva_device_desc *desc);
int sva_description_copy(struct sva_device *sdev, const struct sva_device_desc *desc);
void sva_description_free(struct sva_device *sdev);

/* -------------------------------------------- orphan.c, types.c, partition.c */

void sva_orphans_take(struct sva_device *sdev);
void sva_orphans_drop(struct sva_context *ctx);
void sva_orphans_resolve(struct device *parent);
bool sva_orphans_have(struct mm_struct *mm);
struct sva_context *sva_orphans_find(u64 id);

int sva_types_add(struct sva_device *sdev);
void sva_types_remove(struct sva_device *sdev);

int sva_partition_create(struct sva_device *whole, u32 type, const char *name, u32 contexts);
int sva_partition_remove(struct sva_device *part, struct device_attribute *attr, bool force);
void sva_partitions_remove_all(struct sva_device *whole);
void sva_partitions_each(struct sva_device *whole,
			 void (*fn)(struct sva_device *sdev, void *data), void *data);
struct sva_context *sva_partitions_find(struct sva_device *whole, u64 id);

/* ---------------------------------------------- context.c, bind.c, end.c */

/**
 * struct sva_pins - the pages that a context has pinned
 * @pages: by page number; tagged when pinned for writing
 * @serial: one call at a time
 * @lock: @pages against the end of the context
 * @closed: the context has ended
 * @user: who is charged
 */
struct sva_pins {
	struct xarray pages;
	struct mutex serial;
	struct mutex lock;
	bool closed;
	struct user_struct *user;
};

struct sva_irq_unmasker;

/**
 * struct sva_irq - an interrupt of a context; under the context's irq_lock
 * @asserted: level: its cause is there
 * @masked: level: it does not signal
 */
struct sva_irq {
	struct eventfd_ctx *eventfd;
	struct sva_irq_unmasker *unmasker;
	bool asserted;
	bool masked;
};

/**
 * struct sva_region_memory - what is behind one region of a context
 * @pages: its memory, or of a doorbell the page of zeroes; from bind until the
 *	context is freed
 * @base: of a doorbell: the device's registers, mapped at @registers; used while
 *	the context's queue_ready is set
 */
struct sva_region_memory {
	void *pages;
	phys_addr_t base;
	void __iomem *registers;
};

/**
 * struct sva_context - a process's own queue on a device
 * @owner: the only process that may bind it (R2)
 * @mm: its address space while bound; compared, never followed; under @lock
 * @active: held for reading by calls that use the provider's queue
 * @has_queue: there is one
 * @queue_ready: and its doorbells are open
 * @counting: the provider still counts for it, in quarantine
 * @evidence: what context_stop() said
 * @release: the verdict, from context_stop() on
 * @mm_ended: done when @mm_watch has told of the end
 * @inode: of its file; keeps the mappings findable
 * @mm_watch: tells the end of the address space
 * @owner_watch: tells the end of the owner while not bound
 * @owner_work: looks whether the owner has ended
 * @silent: nobody was told of this context, so nobody is told of its end
 * @end_work: the end, where the one who asks for it must not sleep
 * @end_reason: enum sva_reason; set by the first who asks for the end
 * @ended: done when nothing of it is left on the device
 * @externals: holders in other parts of the kernel
 * @regions: of each region, from bind until the context is freed
 * @fault_events: the process wants to be told of every fault
 */
struct sva_context {
	struct kref ref;
	struct sva_device *sdev;
	u64 id;
	u64 cookie;
	u32 type;
	struct sva_account *account;
	struct pid *owner;

	spinlock_t lock;
	struct sva_context_machine machine;
	struct mm_struct *mm;
	u32 end_reason;
	enum sva_claim claim;
	u32 last_reason;

	struct rw_semaphore active;
	bool has_queue;
	bool queue_ready;
	bool counting;
	enum sva_evidence evidence;
	enum sva_release release;
	struct inode *inode;
	struct sva_pasid *pasid_entry;
	struct iommu_sva *handle;
	u32 pasid;
	struct mmu_interval_notifier mm_watch;
	wait_queue_entry_t owner_watch;
	struct work_struct owner_work;
	bool owner_watched;
	bool silent;
	struct work_struct end_work;
	struct list_head orphan;
	struct completion ended;
	struct completion mm_ended;

	struct list_head externals;
	struct sva_pins pins;
	struct sva_region_memory *regions;
	void *drvdata;
	struct sva_counters counters;
	spinlock_t irq_lock;
	struct sva_irq *irqs;
	struct sva_events events;
	u64 cursor;
	bool fault_events;
	struct mutex read_lock;
};

void sva_context_init_ids(void);
struct sva_context *sva_context_create(struct sva_device *sdev,
				       const struct sva_create_context *args,
				       u32 *reason);
int sva_context_bind(struct sva_context *ctx, struct sva_ucmd *ucmd);
bool sva_context_request_end(struct sva_context *ctx, u32 reason);
int sva_context_request_unbind(struct sva_context *ctx, enum sva_claim claim);
void sva_context_finish_end(struct sva_context *ctx);
void sva_context_mm_ends(struct sva_context *ctx);
void sva_context_end_async(struct sva_context *ctx, u32 reason);
void sva_context_resolve(struct sva_context *ctx, enum sva_release release);
void sva_context_stop_counting(struct sva_context *ctx);
void sva_context_get(struct sva_context *ctx);
void sva_context_put(struct sva_context *ctx);
u32 sva_context_unbound_reason(const struct sva_context *ctx);
void sva_context_unwatch_owner(struct sva_context *ctx);
void sva_context_post(struct sva_context *ctx, struct sva_event *event);
int sva_context_check(struct sva_context *ctx, u32 *reason);
int sva_context_enter(struct sva_context *ctx, u32 *reason);
void sva_context_leave(struct sva_context *ctx);
void sva_context_entry(struct sva_context *ctx, struct sva_context_entry *entry);

/* -------------------------------------------------------- context_file.c */

struct file *sva_context_file(struct sva_context *ctx);
struct sva_context *sva_context_of_file(struct file *file);

/* ---------------------------------------------------- pin.c, external.c */

int sva_pins_check_range(u64 address, u64 size, unsigned long *first, unsigned long *last,
			 u32 *reason);
void sva_pins_init(struct sva_pins *pins);
int sva_pins_add(struct sva_pins *pins, const struct sva_pin *args, u32 *reason);
int sva_pins_remove(struct sva_pins *pins, const struct sva_pin *args, u32 *reason);
void sva_pins_close(struct sva_pins *pins);
void sva_pins_free(struct sva_pins *pins);

void sva_externals_revoke(struct sva_context *ctx);

/* -------------------------------------------------------- region.c, irq.c */

const struct sva_region *sva_region_find(const struct sva_device_desc *desc, u64 offset,
					 u64 len, u32 *index);
int sva_regions_alloc(struct sva_context *ctx);
void sva_regions_close(struct sva_context *ctx);
void sva_regions_free(struct sva_context *ctx);
int sva_region_mmap(struct sva_context *ctx, struct vm_area_struct *vma, u32 *reason);
ssize_t sva_region_read(struct sva_context *ctx, char __user *buf, size_t len,
			loff_t pos, u32 *reason);
ssize_t sva_region_write(struct sva_context *ctx, const char __user *buf,
			 size_t len, loff_t pos, u32 *reason);

int sva_irqs_alloc(struct sva_context *ctx);
void sva_irqs_disable(struct sva_context *ctx);
void sva_irqs_free(struct sva_context *ctx);
int sva_irqs_set(struct sva_context *ctx, const struct sva_set_irqs *args, u32 *reason);

#endif /* SVA_CORE_H */
