/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * job.h - a descriptor being worked on, and the operations
 */
#ifndef SVA_DEVICE_JOB_H
#define SVA_DEVICE_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/sva.h>
#include <linux/sva_accel.h>

struct context;

/*
 * Work done while translations are held: bytes, and list nodes.  An invalidation
 * waits for it.
 */
#define STEP_BYTES	(64 * 1024)
#define STEP_NODES	512

/**
 * struct job
 * @desc: fetched once; @index: which one it is
 * @generation: of the context, when it was fetched
 * @record: its completion record in the making
 * @miss: the address that could not be accessed; @miss_len bytes from there on would
 *	be next; @miss_access: SVA_ACCESS_READ or _WRITE
 * @single: a group failed: ask for one page to learn which it was
 * @retries: misses at one address in a row; after the first, one page is asked for
 * @node: LIST_WALK: the next node
 * @key: FIND: the key, once it has been read
 */
struct job {
	struct context *ctx;
	struct sva_accel_desc desc;
	uint32_t index;
	uint32_t generation;
	struct sva_accel_completion record;
	uint64_t miss, miss_len;
	uint32_t miss_access;
	bool single;
	unsigned int retries;
	uint64_t node;
	uint8_t key[SVA_ACCEL_MAX_KEY];
	bool key_read;
};

enum step {
	STEP_DONE,	/* the job is complete */
	STEP_MORE,	/* let others have the translations for a moment */
	STEP_MISS,	/* @miss has to be translated first */
};

typedef enum step (*step_fn)(struct job *job);

/* What does a descriptor, a step at a time, with the context's lock held; NULL and
 * what is wrong with it */
step_fn operation_find(const struct sva_accel_desc *desc, uint32_t *status);
uint32_t operation_crc32c(uint32_t crc, const void *data, size_t len);

#endif /* SVA_DEVICE_JOB_H */
