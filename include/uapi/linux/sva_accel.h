/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * sva_accel.h - the programming interface of the reference accelerator
 *
 * Ring, descriptors, completion records and doorbell as docs/accelerator.md
 * specifies them, the same for the software device and for the PCIe function.
 * All addresses are plain pointers of the process that the context is bound
 * to.  Little endian.
 */
#ifndef _UAPI_LINUX_SVA_ACCEL_H
#define _UAPI_LINUX_SVA_ACCEL_H

#include <linux/types.h>

/* Regions and interrupts of a context */
#define SVA_ACCEL_REGION_DOORBELL	0	/* struct sva_accel_doorbell, read and write */
#define SVA_ACCEL_REGION_RING		1	/* struct sva_accel_desc[], read and write */
#define SVA_ACCEL_REGION_STATUS		2	/* struct sva_accel_status, read only */
#define SVA_ACCEL_NUM_REGIONS		3

#define SVA_ACCEL_IRQ_COMPLETION	0	/* edge */
#define SVA_ACCEL_IRQ_ERROR		1	/* level: state is SVA_ACCEL_QUEUE_ERROR */
#define SVA_ACCEL_NUM_IRQS		2

#define SVA_ACCEL_MAX_GROUP		128	/* pages in one page request group */
#define SVA_ACCEL_MAX_OUTSTANDING	4	/* groups of a context without a response */
#define SVA_ACCEL_MAX_KEY		64	/* bytes, LIST_WALK with FIND and TREE_SEARCH */
#define SVA_ACCEL_MAX_ELEMENT		4096	/* bytes, GATHER */

/**
 * struct sva_accel_doorbell - written by the process, read by the device
 * @tail: index behind the last descriptor submitted; counts up, never wraps to
 *	the ring's size.  A tail more than the ring's size ahead of the device's
 *	head stops the queue with SVA_ACCEL_ERR_TAIL.
 * @abort: storing another number here aborts the descriptors with an index before
 *	it: those not complete finish as ABORTED, at most 256 KiB of work later.
 *	The value of tail aborts all that was submitted.
 */
struct sva_accel_doorbell {
	__u32 tail;
	__u32 abort;
};

enum sva_accel_queue_state {
	SVA_ACCEL_QUEUE_RUNNING = 1,
	SVA_ACCEL_QUEUE_ERROR = 2,	/* stopped by its own error; unbind to leave */
	SVA_ACCEL_QUEUE_STOPPED = 3,	/* unbound or revoked */
	SVA_ACCEL_QUEUE_GONE = 4,	/* the device is gone */
};

enum sva_accel_error {
	SVA_ACCEL_ERR_NONE = 0,
	SVA_ACCEL_ERR_TAIL = 1,		/* doorbell ahead of head by more than the ring */
	SVA_ACCEL_ERR_COMPLETION = 2,	/* a completion record could not be written */
};

#define SVA_ACCEL_STATUS_NEED_DOORBELL	(1u << 0)

/**
 * struct sva_accel_status - written by the device, read by the process
 * @state: enum sva_accel_queue_state.  Stays readable when the device is gone.
 * @error: enum sva_accel_error
 * @entries: descriptors in the ring, a power of two
 * @head: index of the next descriptor that the device fetches
 * @flags: NEED_DOORBELL: the device sleeps.  After storing tail and a full
 *	barrier the process looks at this flag and, if it is set, writes tail
 *	once more with pwrite() at the doorbell region's offset.
 * @completed: descriptors completed
 * @faults: accesses that met no page
 * @page_requests: page requests sent, a page each
 * @page_groups: page request groups sent
 * @fault_ns: time spent waiting for page responses
 * @throttled: times the queue was held back for failing page requests
 */
struct sva_accel_status {
	__u32 state;
	__u32 error;
	__u32 entries;
	__u32 head;
	__u32 flags;
	__u32 reserved;
	__u64 completed;
	__u64 faults;
	__u64 page_requests;
	__u64 page_groups;
	__u64 fault_ns;
	__u64 throttled;
};

enum sva_accel_opcode {
	SVA_ACCEL_OP_NOP = 0,
	SVA_ACCEL_OP_MEMMOVE = 1,	/* len bytes from src to dst; may overlap */
	SVA_ACCEL_OP_FILL = 2,		/* len bytes at dst with the 8 bytes of arg0, repeated */
	SVA_ACCEL_OP_COMPARE = 3,	/* len bytes at src and dst; result: offset of the first
					 * difference, or len */
	SVA_ACCEL_OP_CRC32C = 4,	/* len bytes at src; arg0: 0, or the CRC of the bytes before
					 * them; result: the CRC ("123456789": 0xe3069283) */
	SVA_ACCEL_OP_LIST_WALK = 5,	/* see SVA_ACCEL_WALK_ARG() */
	SVA_ACCEL_OP_GATHER = 6,	/* len bytes at dst, in elements of arg1 bytes; element i
					 * from src + arg1 * (the 64-bit number i at arg0) */
	SVA_ACCEL_OP_TREE_SEARCH = 7,	/* see SVA_ACCEL_TREE_ARG() */
};

#define SVA_ACCEL_DESC_BLOCK_ON_FAULT	(1u << 0) /* ask for missing pages and go on */
#define SVA_ACCEL_DESC_IRQ		(1u << 1) /* completion interrupt */
/*
 * LIST_WALK starts at the node at src and follows the pointer at next_offset of
 * each node until it is NULL or arg1 nodes were seen (0: no limit).  With FIND
 * it stops at the first node whose len bytes at key_offset equal those at dst
 * (at most SVA_ACCEL_MAX_KEY): result is its address, 0 if there is none.
 * Without, result is the sum of the 64-bit numbers at key_offset.  done counts
 * the nodes seen.
 */
#define SVA_ACCEL_DESC_FIND		(1u << 2)
/* FIND, TREE_SEARCH: key_offset holds a pointer to the key's bytes, not the bytes */
#define SVA_ACCEL_DESC_KEY_POINTER	(1u << 3)
/* TREE_SEARCH: keys are unsigned numbers of 1, 2, 4 or 8 bytes, not strings of bytes */
#define SVA_ACCEL_DESC_KEY_NUMBER	(1u << 4)

#define SVA_ACCEL_WALK_ARG(next_offset, key_offset) \
	((__u64)(__u32)(next_offset) | (__u64)(__u32)(key_offset) << 32)

/*
 * TREE_SEARCH starts at the node at src and looks for the len bytes at dst (at most
 * SVA_ACCEL_MAX_KEY).  Where they are less than those at key_offset of a node, it
 * goes on at the pointer at left_offset, where they are greater at right_offset,
 * until it is NULL or the high half of arg1 of nodes were seen (0: no limit).  result
 * is the address of the node with that key, or 0; done counts the nodes seen.
 */
#define SVA_ACCEL_TREE_ARG(left_offset, right_offset) \
	SVA_ACCEL_WALK_ARG(left_offset, right_offset)
#define SVA_ACCEL_TREE_ARG1(key_offset, most_nodes) \
	SVA_ACCEL_WALK_ARG(key_offset, most_nodes)

/**
 * struct sva_accel_desc - one job; 64 bytes, 64-byte aligned
 * @opcode: enum sva_accel_opcode
 * @flags: SVA_ACCEL_DESC_*
 * @completion: where the completion record goes, 64-byte aligned; 0 for none
 * @arg0: FILL: pattern; CRC32C: seed; LIST_WALK: SVA_ACCEL_WALK_ARG(); GATHER:
 *	address of the index; TREE_SEARCH: SVA_ACCEL_TREE_ARG()
 * @arg1: LIST_WALK: most nodes to visit; GATHER: bytes of an element; TREE_SEARCH:
 *	SVA_ACCEL_TREE_ARG1()
 */
struct sva_accel_desc {
	__u8 opcode;
	__u8 reserved0;
	__u16 flags;
	__u32 reserved1;
	__u64 completion;
	__u64 src;
	__u64 dst;
	__u64 len;
	__u64 arg0;
	__u64 arg1;
	__u64 reserved2;
};

enum sva_accel_completion_status {
	SVA_ACCEL_PENDING = 0,		/* set by the process before it submits */
	SVA_ACCEL_SUCCESS = 1,
	SVA_ACCEL_PAGE_FAULT = 2,	/* fault_addr could not be accessed; done says how far it got */
	SVA_ACCEL_BAD_OPCODE = 3,
	SVA_ACCEL_BAD_DESC = 4,		/* unknown flag, reserved field, alignment or range */
	SVA_ACCEL_ABORTED = 5,
};

/**
 * struct sva_accel_completion - 64 bytes, 64-byte aligned, in the process's memory
 * @status: written last, by one 32-bit store; PENDING until then
 * @fault_access: PAGE_FAULT: SVA_ACCESS_READ or SVA_ACCESS_WRITE
 * @result: as the opcode says
 * @done: bytes or nodes processed
 * @fault_addr: PAGE_FAULT: the address
 * @page_requests: page requests sent for this descriptor
 * @fault_ns: time spent waiting for them
 */
struct sva_accel_completion {
	__u32 status;
	__u32 fault_access;
	__u64 result;
	__u64 done;
	__u64 fault_addr;
	__u64 page_requests;
	__u64 fault_ns;
	__u64 reserved[2];
};

#endif /* _UAPI_LINUX_SVA_ACCEL_H */
