/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * protocol.h - numbers that the model's Promela and C share; macros only
 *
 * The size of the model is given on the command line (tests/model/run).
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#ifndef MMS
#define MMS		3	/* address spaces, and so processes, at a time */
#endif
#ifndef CONTEXTS
#define CONTEXTS	3	/* contexts at a time, of any process on any device */
#endif
#define DEVICES		2
#define PASIDS		2

/* Devices in groups of their own, or both in one: what the IOMMU cannot tell apart */
#ifdef ONE_GROUP
#define GROUP(d)	0
#else
#define GROUP(d)	(d)
#endif

#define NOBODY		MMS	/* in the place of an address space that has gone */

/* enum sva_phase of release.h, for Promela */
#define CREATED		0
#define BOUND		2
#define QUARANTINED	5

/*
 * Life of an address space: running, in exit_mmap(), or only its mm_struct is left.
 * What is freed is a new one at once: a process that does nothing is as good as none.
 */
#define MM_ALIVE	0
#define MM_EXITING	1
#define MM_EXITED	2

/* Where the one who works on a context stands; the steps are in steps.h */
#define AT_NOWHERE	0	/* there is no such context */
#define AT_REST		1
#define AT_BIND_ENTER	2
#define AT_BIND_CORE	3
#define AT_BIND_DONE	4
#define AT_UNBIND_CORE	5
#define AT_END_BEGIN	6
#define AT_END_STOP	7
#define AT_END_FINISH	8
#define AT_END_ENDED	9
#define AT_RESOLVE	10

/* Life of a device */
#define DEV_HERE	0
#define DEV_GONE	1	/* marked; a reset under way is waited for */
#define DEV_ENDING	2
#define DEV_RESOLVE	3
#define DEV_ABSENT	4

/* Its reset, sva_device.resetting */
#define RESET_NONE	0
#define RESET_WAIT	1
#define RESET_RESOLVE	2

#endif /* PROTOCOL_H */
