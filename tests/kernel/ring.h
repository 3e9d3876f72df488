/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring.h - the reference accelerator driven by hand, as docs/accelerator.md
 * says, without libsva: the tests are a second reading of that document
 */
#ifndef TESTS_KERNEL_RING_H
#define TESTS_KERNEL_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/sva_accel.h>

struct ring {
	int ctx;
	struct sva_accel_doorbell *doorbell;
	struct sva_accel_desc *desc;
	struct sva_accel_status *status;
	size_t sizes[SVA_ACCEL_NUM_REGIONS];
	off_t doorbell_offset;
	uint32_t entries;
	uint32_t tail;
};

/* A context of the calling process with its ring */
struct queue {
	int node;
	int ctx;
	uint64_t id;
	uint32_t pasid;
	struct ring ring;
};

void ring_open(struct ring *ring, int ctx);
/* Unmaps the regions; the context is another matter */
void ring_close(struct ring *ring);
/* Puts a descriptor into the ring, waiting for room; the device is not told yet */
void ring_put(struct ring *ring, const struct sva_accel_desc *desc);
/* The same for a queue that may stop: false if it has */
bool ring_try_put(struct ring *ring, const struct sva_accel_desc *desc);
/* Tells the device of all that was put */
void ring_kick(struct ring *ring);
void ring_submit(struct ring *ring, const struct sva_accel_desc *desc);
/* Writes any tail, right or wrong, the way ring_kick() writes the right one */
void ring_write_tail(struct ring *ring, uint32_t tail);
/* Aborts the jobs in front of this index; ring->tail: all */
void ring_abort(struct ring *ring, uint32_t before);
/* Waits for the completion; returns its status.  A stopped queue fails the test. */
uint32_t ring_wait(struct ring *ring, const struct sva_accel_completion *completion);
/* The same, without an opinion: false if the queue stopped or nothing came */
bool ring_wait_any(struct ring *ring, const struct sva_accel_completion *completion,
		   int timeout_ms);
uint32_t ring_state(const struct ring *ring);
bool ring_await_state(struct ring *ring, uint32_t state);

void queue_open(struct queue *queue);
/* The status page may tell of page requests a moment after the kernel does */
bool queue_await_requests(const struct queue *queue);
/* @flags: SVA_BIND_* */
void queue_open_with(struct queue *queue, uint32_t flags);
/* Unbinds; returns what the kernel found */
uint32_t queue_close(struct queue *queue);
/* Submits and waits: the completion */
struct sva_accel_completion queue_run(struct queue *queue, struct sva_accel_desc desc);
/* The same for a job that has to succeed */
struct sva_accel_completion queue_succeed(struct queue *queue, struct sva_accel_desc desc);

struct sva_accel_desc job_nop(void);
struct sva_accel_desc job_memmove(const volatile void *dst, const volatile void *src, size_t len);
struct sva_accel_desc job_fill(const volatile void *dst, uint64_t pattern, size_t len);
struct sva_accel_desc job_compare(const volatile void *a, const volatile void *b, size_t len);
struct sva_accel_desc job_crc(const volatile void *src, size_t len, uint32_t seed);
struct sva_accel_desc job_walk(const volatile void *first, uint32_t next_offset,
			       uint32_t key_offset);
/* The same, to complete with the address of a fault instead of asking for the page */
struct sva_accel_desc job_reporting(struct sva_accel_desc desc);

/* CRC32C by the CPU; @crc is 0, or that of the bytes before */
uint32_t cpu_crc32c(uint32_t crc, const void *data, size_t len);

#endif /* TESTS_KERNEL_RING_H */
