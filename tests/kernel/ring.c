// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ring.c - the reference accelerator driven by hand, see ring.h
 */
#include "ring.h"

#include <sched.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"

void ring_open(struct ring *ring, int ctx)
{
	ring->ctx = ctx;
	for (unsigned int i = 0; i < SVA_ACCEL_NUM_REGIONS; i++)
		ring->sizes[i] = region_info(ctx, i).size;
	ring->doorbell = region_map(ctx, SVA_ACCEL_REGION_DOORBELL, PROT_READ | PROT_WRITE);
	ring->desc = region_map(ctx, SVA_ACCEL_REGION_RING, PROT_READ | PROT_WRITE);
	ring->status = region_map(ctx, SVA_ACCEL_REGION_STATUS, PROT_READ);
	ring->doorbell_offset = (off_t)region_info(ctx, SVA_ACCEL_REGION_DOORBELL).offset;
	ring->entries = ring->status->entries;
	ring->tail = ring->status->head;
	CHECK(ring->entries && (ring->entries & (ring->entries - 1)) == 0,
	      "the ring has %u entries, not a power of two", ring->entries);
	CHECK(ring->entries * sizeof(struct sva_accel_desc) <= ring->sizes[SVA_ACCEL_REGION_RING],
	      "%u entries do not fit", ring->entries);
}

void ring_close(struct ring *ring)
{
	munmap(ring->doorbell, ring->sizes[SVA_ACCEL_REGION_DOORBELL]);
	munmap(ring->desc, ring->sizes[SVA_ACCEL_REGION_RING]);
	munmap(ring->status, ring->sizes[SVA_ACCEL_REGION_STATUS]);
}

static uint32_t load32(const uint32_t *p)
{
	return __atomic_load_n(p, __ATOMIC_ACQUIRE);
}

uint32_t ring_state(const struct ring *ring)
{
	return load32(&ring->status->state);
}

static bool ring_has_room(void *arg)
{
	struct ring *ring = arg;

	return ring->tail - load32(&ring->status->head) < ring->entries ||
	       ring_state(ring) != SVA_ACCEL_QUEUE_RUNNING;
}

bool ring_try_put(struct ring *ring, const struct sva_accel_desc *desc)
{
	if (!ring_has_room(ring)) {
		ring_kick(ring);
		CHECK(wait_until(ring_has_room, ring, PATIENCE_MS), "the ring stays full");
	}
	if (ring_state(ring) != SVA_ACCEL_QUEUE_RUNNING)
		return false;
	ring->desc[ring->tail & (ring->entries - 1)] = *desc;
	ring->tail++;
	return true;
}

void ring_put(struct ring *ring, const struct sva_accel_desc *desc)
{
	CHECK(ring_try_put(ring, desc), "queue state %u, error %u", ring_state(ring),
	      ring->status->error);
}

void ring_write_tail(struct ring *ring, uint32_t tail)
{
	__atomic_store_n(&ring->doorbell->tail, tail, __ATOMIC_RELEASE);
	atomic_thread_fence(memory_order_seq_cst);
	if (load32(&ring->status->flags) & SVA_ACCEL_STATUS_NEED_DOORBELL)
		pwrite(ring->ctx, &tail, sizeof(tail),
		       ring->doorbell_offset + (off_t)offsetof(struct sva_accel_doorbell, tail));
}

void ring_kick(struct ring *ring)
{
	ring_write_tail(ring, ring->tail);
}

void ring_submit(struct ring *ring, const struct sva_accel_desc *desc)
{
	ring_put(ring, desc);
	ring_kick(ring);
}

void ring_abort(struct ring *ring, uint32_t before)
{
	__atomic_store_n(&ring->doorbell->abort, before, __ATOMIC_RELEASE);
}

bool ring_wait_any(struct ring *ring, const struct sva_accel_completion *completion,
		   int timeout_ms)
{
	uint64_t end = now_ns() + (uint64_t)timeout_ms * 1000000;
	uint32_t state;

	for (;;) {
		state = ring_state(ring);
		if (load32(&completion->status) != SVA_ACCEL_PENDING)
			return true;
		if (state != SVA_ACCEL_QUEUE_RUNNING || now_ns() > end)
			return false;
		sched_yield();
	}
}

uint32_t ring_wait(struct ring *ring, const struct sva_accel_completion *completion)
{
	CHECK(ring_wait_any(ring, completion, 2 * PATIENCE_MS),
	      "no completion; queue state %u, error %u, head %u, tail %u", ring_state(ring),
	      ring->status->error, ring->status->head, ring->tail);
	return load32(&completion->status);
}

struct awaited_state {
	struct ring *ring;
	uint32_t state;
};

static bool state_is_reached(void *arg)
{
	struct awaited_state *awaited = arg;

	return ring_state(awaited->ring) == awaited->state;
}

bool ring_await_state(struct ring *ring, uint32_t state)
{
	struct awaited_state awaited = { ring, state };

	return wait_until(state_is_reached, &awaited, PATIENCE_MS);
}

static bool requests_agree(void *arg)
{
	const struct queue *queue = arg;

	return queue->ring.status->page_requests == context_info(queue->ctx).page_requests;
}

bool queue_await_requests(const struct queue *queue)
{
	return wait_until(requests_agree, (struct queue *)queue, PATIENCE_MS);
}

void queue_open_with(struct queue *queue, uint32_t flags)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind), .flags = flags };

	queue->node = node_open();
	queue->ctx = context_create(queue->node, getpid(), &queue->id);
	CHECK_EQ(context_try_bind(queue->ctx, &bind), 0);
	queue->pasid = bind.pasid;
	ring_open(&queue->ring, queue->ctx);
}

void queue_open(struct queue *queue)
{
	queue_open_with(queue, 0);
}

uint32_t queue_close(struct queue *queue)
{
	uint32_t release = context_unbind(queue->ctx, queue->pasid, 0);

	ring_close(&queue->ring);
	close(queue->ctx);
	close(queue->node);
	return release;
}

struct sva_accel_completion queue_run(struct queue *queue, struct sva_accel_desc desc)
{
	static _Thread_local _Alignas(64) struct sva_accel_completion completion;

	memset(&completion, 0, sizeof(completion));
	desc.completion = (uintptr_t)&completion;
	ring_submit(&queue->ring, &desc);
	ring_wait(&queue->ring, &completion);
	return completion;
}

struct sva_accel_completion queue_succeed(struct queue *queue, struct sva_accel_desc desc)
{
	struct sva_accel_completion done = queue_run(queue, desc);

	CHECK(done.status == SVA_ACCEL_SUCCESS,
	      "opcode %u: status %u, done %llu of %llu, fault at 0x%llx (access %u)",
	      desc.opcode, done.status, (unsigned long long)done.done,
	      (unsigned long long)desc.len, (unsigned long long)done.fault_addr,
	      done.fault_access);
	return done;
}

struct sva_accel_desc job_nop(void)
{
	return (struct sva_accel_desc){ .opcode = SVA_ACCEL_OP_NOP };
}

struct sva_accel_desc job_memmove(const volatile void *dst, const volatile void *src, size_t len)
{
	return (struct sva_accel_desc){
		.opcode = SVA_ACCEL_OP_MEMMOVE, .flags = SVA_ACCEL_DESC_BLOCK_ON_FAULT,
		.dst = (uintptr_t)dst, .src = (uintptr_t)src, .len = len };
}

struct sva_accel_desc job_fill(const volatile void *dst, uint64_t pattern, size_t len)
{
	return (struct sva_accel_desc){
		.opcode = SVA_ACCEL_OP_FILL, .flags = SVA_ACCEL_DESC_BLOCK_ON_FAULT,
		.dst = (uintptr_t)dst, .arg0 = pattern, .len = len };
}

struct sva_accel_desc job_compare(const volatile void *a, const volatile void *b, size_t len)
{
	return (struct sva_accel_desc){
		.opcode = SVA_ACCEL_OP_COMPARE, .flags = SVA_ACCEL_DESC_BLOCK_ON_FAULT,
		.src = (uintptr_t)a, .dst = (uintptr_t)b, .len = len };
}

struct sva_accel_desc job_crc(const volatile void *src, size_t len, uint32_t seed)
{
	return (struct sva_accel_desc){
		.opcode = SVA_ACCEL_OP_CRC32C, .flags = SVA_ACCEL_DESC_BLOCK_ON_FAULT,
		.src = (uintptr_t)src, .arg0 = seed, .len = len };
}

struct sva_accel_desc job_walk(const volatile void *first, uint32_t next_offset,
			       uint32_t key_offset)
{
	return (struct sva_accel_desc){
		.opcode = SVA_ACCEL_OP_LIST_WALK, .flags = SVA_ACCEL_DESC_BLOCK_ON_FAULT,
		.src = (uintptr_t)first,
		.arg0 = SVA_ACCEL_WALK_ARG(next_offset, key_offset) };
}

struct sva_accel_desc job_reporting(struct sva_accel_desc desc)
{
	desc.flags &= (uint16_t)~SVA_ACCEL_DESC_BLOCK_ON_FAULT;
	return desc;
}

/* Eight tables, so that 16 MiB stay affordable in an emulated guest */
static uint32_t crc_table[8][256];

__attribute__((constructor)) static void crc_table_fill(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t crc = i;

		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
		crc_table[0][i] = crc;
	}
	for (int t = 1; t < 8; t++)
		for (int i = 0; i < 256; i++)
			crc_table[t][i] = crc_table[t - 1][i] >> 8 ^
					  crc_table[0][crc_table[t - 1][i] & 0xff];
}

uint32_t cpu_crc32c(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;

	crc = ~crc;
	for (; len >= 8; len -= 8, p += 8) {
		crc ^= (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
		       (uint32_t)p[3] << 24;
		crc = crc_table[7][crc & 0xff] ^ crc_table[6][crc >> 8 & 0xff] ^
		      crc_table[5][crc >> 16 & 0xff] ^ crc_table[4][crc >> 24] ^
		      crc_table[3][p[4]] ^ crc_table[2][p[5]] ^ crc_table[1][p[6]] ^
		      crc_table[0][p[7]];
	}
	for (; len; len--, p++)
		crc = crc >> 8 ^ crc_table[0][(crc ^ *p) & 0xff];
	return ~crc;
}
