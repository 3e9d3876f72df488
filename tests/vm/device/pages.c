// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pages.c - translations by ATS, and page requests by PRI
 *
 * A translation is asked for and put into the cache without leaving the BQL, and an
 * invalidation comes with the BQL held: so none can fall between the two.
 */
#include <errno.h>
#include <stdlib.h>

#include "tests/vm/device/device.h"
#include "tests/vm/device/job.h"
#include "tests/vm/device/memory.h"
#include "tests/vm/device/pages.h"

#define AHEAD_PAGES	128	/* translated beside the one that is missed */
#define RETRY_NS	1000000	/* until a full queue, or no free index, is tried again */

#define container_of(ptr, type, member) \
	((type *)(void *)((char *)(ptr) - offsetof(type, member)))

enum group_state {
	GROUP_FREE,
	GROUP_SENT,
	GROUP_ANSWERED,
	GROUP_ABANDONED,	/* nobody waits for the answer any more */
};

/**
 * struct page_group - a page request group; its index is that of the protocol
 * @code: of the response; @taken_ns: from the request to it
 */
struct page_group {
	struct context *ctx;
	enum group_state state;
	uint32_t pages;
	int code;
	uint64_t sent, taken_ns;
};

/**
 * struct space - an address space that the device has used, and its notifiers
 *
 * QEMU keeps its own part of it for ever, and the kernel gives out the lowest PASIDs
 * again and again, so these are kept too.
 */
struct space {
	struct space *next;
	struct accel *accel;
	uint32_t pasid;
	struct IOMMUPRINotifier responses;
	bool has_responses;
	_Alignas(64) uint8_t invalidations[QEMU_NOTIFIER_BYTES];
};

/* --------------------------------------------------------- invalidations */

static void drop_bus_pages(struct context *ctx, uint64_t first, uint64_t last)
{
	for (uint32_t i = 0; i < context_ring_pages(ctx); i++) {
		uint64_t bus = ctx->ring_bus + i * PAGE_BYTES;

		if (bus + PAGE_BYTES > first && bus <= last)
			ctx->ring[i] = NULL;
	}
	if (ctx->status_bus + PAGE_BYTES > first && ctx->status_bus <= last)
		ctx->status = NULL;
}

static void context_invalidate(struct context *ctx, uint32_t pasid, uint64_t first, uint64_t last)
{
	context_lock(ctx);
	if (pasid == PCI_NO_PASID)
		drop_bus_pages(ctx, first, last);
	else if (ctx->pasid == pasid && ctx->state != SVA_PCI_STATE_IDLE)
		ctx->invalidations += translations_drop(&ctx->cache, first, last);
	context_unlock(ctx);
}

/* Taking each context's lock waits for the step that it is in */
static void invalidate(struct IOMMUNotifier *notifier, struct IOMMUTLBEntry *entry)
{
	struct space *space = container_of(notifier, struct space, invalidations);
	struct accel *accel = space->accel;

	for (uint32_t i = 0; i < accel->num_contexts; i++)
		if (context_at(accel, i)->has_engine)
			context_invalidate(context_at(accel, i), space->pasid, entry->iova,
					   entry->iova | entry->addr_mask);
}

/* ------------------------------------------------------------- responses */

static void answer(struct accel *accel, struct page_group *group, int code)
{
	struct context *ctx = group->ctx;

	accel->requests -= group->pages;
	__atomic_fetch_sub(&ctx->outstanding, 1, __ATOMIC_SEQ_CST);
	group->code = code;
	group->taken_ns = clock_ns() - group->sent;
	group->state = group->state == GROUP_ABANDONED ? GROUP_FREE : GROUP_ANSWERED;
	context_wake(ctx);
}

static void respond(struct IOMMUPRINotifier *notifier, struct IOMMUPRIResponse *response)
{
	struct space *space = container_of(notifier, struct space, responses);
	struct accel *accel = space->accel;
	struct page_group *group;

	if (response->prgi >= GROUP_OF_GHOSTS)
		return;
	pthread_mutex_lock(&accel->lock);
	group = &accel->groups[response->prgi];
	if (group->state == GROUP_SENT || group->state == GROUP_ABANDONED)
		answer(accel, group, response->response_code);
	pthread_mutex_unlock(&accel->lock);
}

/* ---------------------------------------------------------------- spaces */

static struct space *space_new(struct accel *accel, uint32_t pasid)
{
	struct space *space = aligned_alloc(64, sizeof(*space));

	if (!space)
		return NULL;
	*space = (struct space){ .accel = accel, .pasid = pasid,
				 .responses.notify = respond };
	qemu.pci_iommu_init_iotlb_notifier(accel->pci, (void *)space->invalidations,
					   invalidate, space);
	if (*(IOMMUNotify *)(void *)space->invalidations != invalidate)
		qemu_refuse("its IOMMUNotifier does not begin with the function");
	if (qemu.pci_iommu_register_iotlb_notifier(accel->pci, pasid,
						   (void *)space->invalidations)) {
		free(space);
		return NULL;
	}
	space->next = accel->spaces;
	accel->spaces = space;
	return space;
}

bool pages_listen(struct accel *accel, uint32_t pasid)
{
	struct space *space = accel->spaces;

	while (space && space->pasid != pasid)
		space = space->next;
	if (!space)
		space = space_new(accel, pasid);
	if (!space)
		return false;
	if (pasid != PCI_NO_PASID && !space->has_responses && qemu.pcie_pri_enabled(accel->pci))
		space->has_responses = !qemu.pci_pri_register_notifier(accel->pci, pasid,
								       &space->responses);
	return true;
}

void pages_init(struct accel *accel)
{
	pthread_mutex_init(&accel->lock, NULL);
	accel->groups = calloc(GROUP_OF_GHOSTS, sizeof(*accel->groups));
}

void pages_exit(struct accel *accel)
{
	struct space *space;

	while ((space = accel->spaces)) {
		accel->spaces = space->next;
		qemu.pci_iommu_unregister_iotlb_notifier(accel->pci, space->pasid,
							 (void *)space->invalidations);
		if (space->has_responses)
			qemu.pci_pri_unregister_notifier(accel->pci, space->pasid);
		free(space);
	}
	free(accel->groups);
	pthread_mutex_destroy(&accel->lock);
}

void pages_reset(struct accel *accel)
{
	pthread_mutex_lock(&accel->lock);
	for (uint32_t i = 0; i < GROUP_OF_GHOSTS; i++) {
		struct page_group *group = &accel->groups[i];

		/* who waits for it sees that its context was reset, and frees it */
		if (group->state == GROUP_SENT || group->state == GROUP_ABANDONED)
			answer(accel, group, -1);
	}
	pthread_mutex_unlock(&accel->lock);
}

/* ----------------------------------------------------------- translation */

static void check_entry(const struct IOMMUTLBEntry *entry, uint64_t page)
{
	if (entry->iova == (page & ~entry->addr_mask) && !(entry->addr_mask & (entry->addr_mask + 1)))
		return;
	qemu_refuse("what it answers to a translation request of page %#llx is for %#llx, mask %#llx",
		    (unsigned long long)page, (unsigned long long)entry->iova,
		    (unsigned long long)entry->addr_mask);
}

bool pages_ats(struct accel *accel, uint32_t pasid, uint64_t address, bool write,
	       struct IOMMUTLBEntry *entry)
{
	const int wanted = write ? IOMMU_RO | IOMMU_WO : IOMMU_RO;
	uint64_t page = address & ~(PAGE_BYTES - 1);
	uint32_t errors = 0;

	if (table_loses_pasid(accel, pasid) ||
	    qemu.pci_ats_request_translation(accel->pci, pasid, false, false, page, PAGE_BYTES,
					     !write, entry, 1, &errors) != 1 ||
	    errors || (entry->perm & wanted) != wanted)
		return false;
	check_entry(entry, page);
	return true;
}

/* One page into the cache: 0, -EFAULT, -EIO: something that is not memory */
static int translate_page(struct context *ctx, uint32_t pasid, uint64_t page, bool write)
{
	struct translation new = { .page = page / PAGE_BYTES, .writable = write };
	struct IOMMUTLBEntry entry;

	ctx->ats_requests++;
	if (!pages_ats(ctx->accel, pasid, page, write, &entry))
		return -EFAULT;
	new.memory = (entry.translated_addr & ~entry.addr_mask) | (page & entry.addr_mask);
	new.host = memory_host(new.memory);
	if (!new.host)
		return -EIO;
	context_lock(ctx);
	translations_add(&ctx->cache, &new);
	context_unlock(ctx);
	return 0;
}

static bool is_over(struct context *ctx, uint32_t generation)
{
	return __atomic_load_n(&ctx->generation, __ATOMIC_ACQUIRE) != generation;
}

/* Those that follow are asked for one by one, as long as they are there: each that is
 * not is a fault for the IOMMU to record */
int pages_translate(struct job *job)
{
	struct context *ctx = job->ctx;
	bool write = job->miss_access == SVA_ACCESS_WRITE;
	uint64_t page = job->miss & ~(PAGE_BYTES - 1);
	uint64_t last = job->miss + (job->miss_len ? job->miss_len - 1 : 0);
	int ret;

	bql_lock();
	ret = is_over(ctx, job->generation) ? -ECANCELED :
					      translate_page(ctx, ctx->pasid, page, write);
	for (unsigned int i = 0; !ret && i < AHEAD_PAGES && last - page >= PAGE_BYTES; i++) {
		page += PAGE_BYTES;
		if (translate_page(ctx, ctx->pasid, page, write))
			break;
	}
	qemu.bql_unlock();
	return ret;
}

/* --------------------------------------------------------- page requests */

/* As many as the kernel allows all the device's contexts together */
static uint32_t requests_allowed(const struct accel *accel)
{
	uint32_t allowed = qemu.pcie_pri_get_req_alloc(accel->pci);

	if (accel->flood)
		return UINT32_MAX;
	return allowed < accel->requests_max ? allowed : accel->requests_max;
}

uint64_t pages_waiting_ns(struct context *ctx)
{
	struct accel *accel = ctx->accel;
	uint64_t now = clock_ns(), longest = 0;

	pthread_mutex_lock(&accel->lock);
	for (uint32_t i = 0; i < GROUP_OF_GHOSTS; i++) {
		const struct page_group *group = &accel->groups[i];

		if (group->ctx == ctx && now > group->sent && now - group->sent > longest &&
		    (group->state == GROUP_SENT || group->state == GROUP_ABANDONED))
			longest = now - group->sent;
	}
	pthread_mutex_unlock(&accel->lock);
	return longest;
}

/* An index for a group, -EAGAIN: none is free, or too much is out already (R8) */
static int group_get(struct job *job, uint32_t pages)
{
	struct accel *accel = job->ctx->accel;
	int index = -EAGAIN;

	pthread_mutex_lock(&accel->lock);
	for (int i = 0; i < GROUP_OF_GHOSTS && index < 0; i++)
		if (accel->groups[i].state == GROUP_FREE)
			index = i;
	if (index >= 0 && (accel->requests + pages > requests_allowed(accel) ||
			   job->ctx->outstanding >= SVA_ACCEL_MAX_OUTSTANDING))
		index = -EAGAIN;
	if (index >= 0) {
		accel->groups[index] = (struct page_group){
			.ctx = job->ctx, .state = GROUP_SENT, .pages = pages, .sent = clock_ns(),
		};
		accel->requests += pages;
		__atomic_fetch_add(&job->ctx->outstanding, 1, __ATOMIC_SEQ_CST);
	}
	pthread_mutex_unlock(&accel->lock);
	return index;
}

/* It was not sent as a whole, so that no response will come */
static void group_take_back(struct accel *accel, int index)
{
	struct page_group *group = &accel->groups[index];

	pthread_mutex_lock(&accel->lock);
	if (group->state == GROUP_SENT)
		answer(accel, group, -1);
	group->state = GROUP_FREE;
	pthread_mutex_unlock(&accel->lock);
}

/*
 * All pages of a group at once.  -EAGAIN: the IOMMU's queue is full; it forgets what was
 * sent of a group without its last page, and the group is sent again.
 */
static int group_send(struct job *job, int index, uint64_t address, uint32_t access)
{
	struct context *ctx = job->ctx;
	struct accel *accel = ctx->accel;
	uint32_t pages = accel->groups[index].pages;
	int ret = 0;

	address &= ~(PAGE_BYTES - 1);
	bql_lock();
	if (is_over(ctx, job->generation))
		ret = -ECANCELED;
	for (uint32_t i = 0; i < pages && !ret; i++)
		ret = qemu.pci_pri_request_page(accel->pci, ctx->pasid, false, false,
						address + i * PAGE_BYTES, i == pages - 1,
						(uint16_t)index, access == SVA_ACCESS_READ,
						access == SVA_ACCESS_WRITE);
	qemu.bql_unlock();
	if (ret == -ENOSPC)
		return -EAGAIN;
	if (ret && ret != -ECANCELED)
		return -ESRCH;
	return ret;
}

/* The index of the group that was sent, or why there is none */
static int group_post(struct job *job, uint64_t address, uint32_t *pages, uint32_t access,
		      bool (*give_up)(const struct job *job))
{
	struct accel *accel = job->ctx->accel;
	uint32_t allowed = requests_allowed(accel);
	int index, ret;

	if (!allowed)
		return -EFAULT;
	if (*pages > allowed)
		*pages = allowed;
	while (!give_up(job)) {
		uint32_t seen = context_wake_count(job->ctx);

		index = group_get(job, *pages);
		if (index >= 0) {
			ret = group_send(job, index, address, access);
			if (!ret)
				return index;
			group_take_back(accel, index);
			if (ret != -EAGAIN)
				return ret;
		}
		context_wait(job->ctx, seen, RETRY_NS);
	}
	return -ECANCELED;
}

static void histogram_add(struct context *ctx, uint64_t ns)
{
	uint64_t us = ns / 1000;
	unsigned int bucket = 0;

	while (bucket < SVA_PCI_HISTOGRAM_BUCKETS - 1 && us > 1ull << bucket)
		bucket++;
	ctx->histogram[bucket]++;
}

/* 0, -EFAULT, -ESRCH, as the response says; -ECANCELED: none has come */
static int group_collect(struct job *job, int index)
{
	struct accel *accel = job->ctx->accel;
	struct page_group *group = &accel->groups[index];
	int ret = -ECANCELED;

	pthread_mutex_lock(&accel->lock);
	if (group->state == GROUP_ANSWERED) {
		ret = group->code == IOMMU_PRI_RESP_SUCCESS ? 0 :
		      group->code == IOMMU_PRI_RESP_FAILURE ? -ESRCH : -EFAULT;
		histogram_add(job->ctx, group->taken_ns);
		group->state = GROUP_FREE;
	} else {
		group->state = GROUP_ABANDONED;
	}
	pthread_mutex_unlock(&accel->lock);
	return ret;
}

static bool answered(struct accel *accel, int index)
{
	return __atomic_load_n(&accel->groups[index].state, __ATOMIC_ACQUIRE) == GROUP_ANSWERED;
}

int pages_request(struct job *job, uint64_t address, uint32_t pages, uint32_t access,
		  bool (*give_up)(const struct job *job))
{
	struct context *ctx = job->ctx;
	int index = group_post(job, address, &pages, access, give_up);

	if (index < 0)
		return index;
	job->record.page_requests += pages;
	ctx->shadow.page_groups++;
	ctx->shadow.page_requests += pages;
	for (;;) {
		uint32_t seen = context_wake_count(ctx);

		if (answered(ctx->accel, index) || give_up(job))
			break;
		/* an abort comes by the doorbell, which wakes */
		context_wait(ctx, seen, NS_PER_S);
	}
	return group_collect(job, index);
}

bool pages_stop_marker(struct accel *accel, uint32_t pasid)
{
	bool sent;

	bql_lock();
	sent = !qemu.pci_pri_request_page(accel->pci, pasid, false, false, 0, true, 0, false, false);
	qemu.bql_unlock();
	return sent;
}
