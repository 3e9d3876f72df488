/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pages.h - translations by ATS, and page requests by PRI
 */
#ifndef SVA_DEVICE_PAGES_H
#define SVA_DEVICE_PAGES_H

#include <stdbool.h>
#include <stdint.h>

struct accel;
struct context;
struct job;
struct IOMMUTLBEntry;

/* Ghosts ask under this index, and nobody waits for the answer */
#define GROUP_OF_GHOSTS	511

void pages_init(struct accel *accel);
void pages_exit(struct accel *accel);
/* All that was asked for is forgotten; BQL */
void pages_reset(struct accel *accel);

/* Hear of invalidations and responses for a PASID, or PCI_NO_PASID; BQL */
bool pages_listen(struct accel *accel, uint32_t pasid);

/* The IOMMU's table says so: no translation may be asked for.  BQL */
bool table_loses_pasid(struct accel *accel, uint32_t pasid);

/* One translation request for one page; true when it allows the access.  BQL */
bool pages_ats(struct accel *accel, uint32_t pasid, uint64_t address, bool write,
	       struct IOMMUTLBEntry *entry);

/*
 * Gets the translation of job->miss into the context's cache, and some that follow it.
 * 0; -EFAULT: there is no such page; -EIO: it is not memory; -ECANCELED
 */
int pages_translate(struct job *job);

/*
 * Asks for @pages pages from @address on, and waits as long as @give_up does not say
 * otherwise.  0, -EFAULT: no such pages, -ESRCH: the IOMMU does not know the PASID,
 * -ECANCELED
 */
int pages_request(struct job *job, uint64_t address, uint32_t pages, uint32_t access,
		  bool (*give_up)(const struct job *job));

/* How long the context's oldest page request without a response has been waiting; 0: none */
uint64_t pages_waiting_ns(struct context *ctx);

/* A stop marker: behind it nothing under @pasid follows; false: it was refused */
bool pages_stop_marker(struct accel *accel, uint32_t pasid);

#endif /* SVA_DEVICE_PAGES_H */
