/* SPDX-License-Identifier: GPL-2.0 */
/*
 * registers.h - the reference accelerator as a PCIe function: its registers
 *
 * docs/accelerator.md, section "The PCIe function", says what they mean.  Plain
 * constants: the driver here and the device in tests/vm include this file.
 *
 *	BAR 0	registers: a global block, then a block a context
 *	BAR 2	doorbells: a page a context, struct sva_accel_doorbell at its start
 *	BAR 4	MSI-X table and pending bits
 *
 * All registers are little endian.  Those of 64 bits may be accessed as one or as
 * two halves; writing one takes effect only with COMMAND.
 *
 * A reset, CONTROL_RESET or of the function, ends every access at once and leaves every
 * context IDLE without events; ENABLE is off afterwards, and a reset of the function
 * sets the FAULT_ registers to 0 as well.  MISBEHAVE, REFUSED and LANDED survive
 * both.  Where MISBEHAVE is HOLD neither does anything but set CONTROL_FAILED.
 */
#ifndef SVA_PCI_REGISTERS_H
#define SVA_PCI_REGISTERS_H

#define SVA_PCI_VENDOR			0x1b36	/* the rig's vendor id, for test devices */
#define SVA_PCI_DEVICE			0x53a1
#define SVA_PCI_REVISION		1
#define SVA_PCI_CLASS			0x1200	/* processing accelerator */

#define SVA_PCI_BAR_REGISTERS		0
#define SVA_PCI_BAR_DOORBELLS		2
#define SVA_PCI_BAR_MSIX		4

#define SVA_PCI_MAX_CONTEXTS		1024

/* MSI-X: vector 0 speaks for the device, vector 1 + n is context n's completion */
#define SVA_PCI_VECTOR_DEVICE		0
#define SVA_PCI_VECTOR_CONTEXT(n)	(1 + (n))

/* ---------------------------------------------------------- global block */

#define SVA_PCI_ID			0x000	/* 32, RO */
#define SVA_PCI_ID_VALUE		0x43415653	/* "SVAC" */
#define SVA_PCI_VERSION			0x004	/* 32, RO: 1 */
#define SVA_PCI_CAPS			0x008	/* 32, RO */
#define SVA_PCI_CAPS_CONTEXTS		0x0000ffff	/* how many contexts */
#define SVA_PCI_CAPS_RING_ORDER		0x00ff0000	/* log2 of the largest ring */
#define SVA_PCI_CAPS_ROGUE		0x01000000	/* the rogue block is there */
#define SVA_PCI_CONTROL			0x00c	/* 32, RW */
#define SVA_PCI_CONTROL_ENABLE		0x1	/* contexts can be started */
#define SVA_PCI_CONTROL_RESET		0x2	/* reads as 1 until the reset has ended */
#define SVA_PCI_CONTROL_FAILED		0x4	/* RO: the last reset failed */
#define SVA_PCI_FAULT_RATE		0x010	/* 32, RW: failed requests a second, 0: any number */
#define SVA_PCI_FAULT_STRIKES		0x014	/* 32, RW: seconds in a row until STORM */
#define SVA_PCI_EVENTS			0x080	/* 32 x 32 bits, RO: contexts with an EVENT */

/* the rogue block: only where CAPS says so; for tests of the kernel */
#define SVA_PCI_MISBEHAVE		0x040	/* 32, RW */
#define SVA_PCI_MISBEHAVE_NONE		0
#define SVA_PCI_MISBEHAVE_HOLD		1
#define SVA_PCI_MISBEHAVE_STALE		2
#define SVA_PCI_MISBEHAVE_LATE		3
#define SVA_PCI_MISBEHAVE_NEVER		4
#define SVA_PCI_MISBEHAVE_MUTE		5
#define SVA_PCI_MISBEHAVE_REPLAY	6
#define SVA_PCI_REFUSED			0x048	/* 64, RO: accesses of ghosts that were refused */
#define SVA_PCI_LANDED			0x050	/* 64, RO: let through after the last RELEASED */
#define SVA_PCI_BREAK			0x058	/* 32, WO */
#define SVA_PCI_BREAK_NONFATAL		1	/* reports an error that can be recovered from */
#define SVA_PCI_BREAK_FATAL		2	/* one that cannot */
#define SVA_PCI_BREAK_VANISH		3	/* does not answer any more, for some seconds */

/* --------------------------------------------------- the block of context n */

#define SVA_PCI_CTX(n)			(0x1000 + (n) * 0x100)

#define SVA_PCI_CTX_COMMAND		0x00	/* 32, WO */
/* IDLE -> RUNNING, with what is set below; stays IDLE where the device is not enabled,
 * is no bus master, has PASID or ATS off, or cannot access the ring or the status page */
#define SVA_PCI_COMMAND_START		1
#define SVA_PCI_COMMAND_BLOCK		2	/* take no further descriptor */
#define SVA_PCI_COMMAND_STOP		3	/* end the running one, drain; -> STOPPED */
/* STOPPED, or STOPPING where the stop was not answered in time, -> IDLE: the PASID is
 * out of the IOMMU */
#define SVA_PCI_COMMAND_RELEASED	4
#define SVA_PCI_CTX_STATE		0x04	/* 32, RO */
#define SVA_PCI_STATE_IDLE		0
#define SVA_PCI_STATE_RUNNING		1
#define SVA_PCI_STATE_ERROR		2	/* as status.state ERROR */
#define SVA_PCI_STATE_STOPPING		3
#define SVA_PCI_STATE_STOPPED		4
#define SVA_PCI_CTX_PASID		0x08	/* 32, RW while IDLE: 20 bits */
#define SVA_PCI_CTX_RING_ORDER		0x0c	/* 32, RW while IDLE: log2 of the entries */
#define SVA_PCI_CTX_RING		0x10	/* 64, RW while IDLE: bus address, whole pages */
#define SVA_PCI_CTX_STATUS		0x18	/* 64, RW while IDLE: bus address of a page */
#define SVA_PCI_CTX_EVENT		0x20	/* 32, write 1 to clear */
#define SVA_PCI_EVENT_ERROR		0x01	/* the queue stopped: ERROR says why */
/* a fault: FAULT_*; the context waits with the next one until this event has been
 * cleared */
#define SVA_PCI_EVENT_FAULT		0x02
#define SVA_PCI_EVENT_STORM		0x04	/* held back FAULT_STRIKES times in a row */
#define SVA_PCI_EVENT_STOPPED		0x08	/* a STOP has ended: EVIDENCE */
/* EVIDENCE got better after the stop, maybe after RELEASED too; START forgets it */
#define SVA_PCI_EVENT_LATE		0x10
#define SVA_PCI_CTX_ERROR		0x24	/* 32, RO: enum sva_accel_error */
#define SVA_PCI_CTX_EVIDENCE		0x28	/* 32, RO */
#define SVA_PCI_EVIDENCE_PENDING	0
#define SVA_PCI_EVIDENCE_CLEAN		1
#define SVA_PCI_EVIDENCE_FLUSHED	2
#define SVA_PCI_EVIDENCE_NEITHER	3
#define SVA_PCI_EVIDENCE_CANNOT_TELL	4
#define SVA_PCI_CTX_FAULT_ACCESS	0x2c	/* 32, RO: SVA_ACCESS_READ or _WRITE */
#define SVA_PCI_CTX_FAULT_ADDR		0x30	/* 64, RO */
#define SVA_PCI_CTX_SUBMITTED		0x38	/* 64, RO, as the next ones: counters since START */
#define SVA_PCI_CTX_FAULTS		0x40
#define SVA_PCI_CTX_PAGE_REQUESTS	0x48	/* pages */
#define SVA_PCI_CTX_PAGE_GROUPS		0x50
#define SVA_PCI_CTX_ATS_REQUESTS	0x58
#define SVA_PCI_CTX_STALE		0x60	/* accesses refused after the stop */
#define SVA_PCI_CTX_FAULT_NS		0x68
#define SVA_PCI_CTX_INVALIDATIONS	0x70	/* of cached translations of this context */
#define SVA_PCI_CTX_TELL		0x78	/* 32, RW while IDLE: EVENT_FAULT for... */
#define SVA_PCI_TELL_NEEDED		0	/* failures that no record tells */
#define SVA_PCI_TELL_ALL		1	/* all, and page requests that were answered */
#define SVA_PCI_CTX_FAULT_INFO		0x7c	/* 32, RO */
#define SVA_PCI_FAULT_PAGES		0x0000ffff
#define SVA_PCI_FAULT_RESOLVED		0x00010000	/* the pages are there now */
#define SVA_PCI_FAULT_TOLD		0x00020000	/* a record tells the process */
#define SVA_PCI_CTX_HISTOGRAM		0x80	/* 16 x 32 bits: page requests answered within
						 * 2^n microseconds; the last: all others */
#define SVA_PCI_CTX_WAITING		0xc0	/* 64, RO: ns that the oldest page request without a
						 * response has been waiting, 0: none */
#define SVA_PCI_HISTOGRAM_BUCKETS	16

#endif /* SVA_PCI_REGISTERS_H */
