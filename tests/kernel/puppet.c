// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * puppet.c - processes on strings, see puppet.h
 */
#include "puppet.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "ring.h"

enum order { ORDER_BIND, ORDER_COMPUTE, ORDER_UNBIND, ORDER_END };

/* --------------------------------------------------------- in the puppet */

static struct queue queues[PUPPET_CONTEXTS];

static void obey_bind(int line, struct queue *queue)
{
	struct sva_bind_task arg = { .argsz = sizeof(arg) };
	int ctx = fd_receive(line);
	int result = context_try_bind(ctx, &arg);

	if (result) {
		close(ctx);
	} else {
		queue->ctx = ctx;
		queue->pasid = arg.pasid;
		ring_open(&queue->ring, ctx);
	}
	word_send(line, (uint64_t)-result);
	word_send(line, arg.reason);
	word_send(line, arg.pasid);
}

#define PIECE 8192

static void obey_compute(int line, struct queue *queue)
{
	static unsigned char from[PIECE], to[PIECE];
	static unsigned char round;

	memset(from, ++round, PIECE);
	memset(to, 0, PIECE);
	queue_succeed(queue, job_memmove(to, from, PIECE));
	for (int i = 0; i < PIECE; i++)
		CHECK(to[i] == round && from[i] == round, "byte %d is wrong", i);
	word_send(line, 0);
}

static void obey_unbind(int line, struct queue *queue)
{
	uint32_t claim = (uint32_t)word_receive(line);

	word_send(line, context_unbind(queue->ctx, queue->pasid, claim));
}

static void puppet_main(int line, void *arg)
{
	(void)arg;
	for (;;) {
		enum order order = (enum order)word_receive(line);
		struct queue *queue = &queues[word_receive(line)];

		switch (order) {
		case ORDER_BIND:
			obey_bind(line, queue);
			break;
		case ORDER_COMPUTE:
			obey_compute(line, queue);
			break;
		case ORDER_UNBIND:
			obey_unbind(line, queue);
			break;
		case ORDER_END:
			return;
		}
	}
}

/* ----------------------------------------------------------- in the test */

static void give_order(struct puppet *puppet, enum order what, unsigned int index)
{
	word_send(puppet->child.line, what);
	word_send(puppet->child.line, index);
}

void puppet_start(struct puppet *puppet)
{
	memset(puppet, 0, sizeof(*puppet));
	child_start(&puppet->child, puppet_main, NULL);
}

struct puppet_bind *puppet_last(struct puppet *puppet)
{
	return &puppet->bind[puppet->binds ? puppet->binds - 1 : 0];
}

int puppet_try(struct puppet *puppet, int node, uint32_t account)
{
	struct sva_create_context arg = {
		.argsz = sizeof(arg), .owner = puppet->child.pid, .account = account,
	};
	struct puppet_bind *bind = &puppet->bind[puppet->binds];

	CHECK(puppet->binds < PUPPET_CONTEXTS, "too many contexts for one puppet");
	ACCEPTED(node, SVA_DEVICE_CREATE_CONTEXT, &arg);
	give_order(puppet, ORDER_BIND, puppet->binds);
	fd_send(puppet->child.line, arg.fd);
	close(arg.fd);
	bind->id = arg.id;
	bind->result = -(int)word_receive(puppet->child.line);
	bind->reason = (uint32_t)word_receive(puppet->child.line);
	bind->pasid = (uint32_t)word_receive(puppet->child.line);
	if (!bind->result)
		puppet->binds++;
	return bind->result;
}

unsigned int puppet_bind(struct puppet *puppet, int node)
{
	int result = puppet_try(puppet, node, 0);

	CHECK(result == 0, "bind: %s, reason %u", strerror(-result),
	      puppet->bind[puppet->binds].reason);
	return puppet->binds - 1;
}

void puppet_check_refused(const char *file, int line, struct puppet *puppet, int node,
			  uint32_t account, int error, uint32_t reason)
{
	int result = puppet_try(puppet, node, account);
	uint32_t seen = result ? puppet->bind[puppet->binds].reason : 0;

	if (result != -error || seen != reason)
		test_fail(file, line, "bind gives %d (%s), reason %u; expected %d, reason %u",
			  result, strerror(-result), seen, -error, reason);
}

void puppet_compute(struct puppet *puppet, unsigned int index)
{
	give_order(puppet, ORDER_COMPUTE, index);
	word_receive(puppet->child.line);
}

uint32_t puppet_unbind(struct puppet *puppet, unsigned int index, uint32_t claim)
{
	give_order(puppet, ORDER_UNBIND, index);
	word_send(puppet->child.line, claim);
	return (uint32_t)word_receive(puppet->child.line);
}

void puppet_end(struct puppet *puppet)
{
	give_order(puppet, ORDER_END, 0);
	child_join(&puppet->child);
}

void puppet_kill(struct puppet *puppet)
{
	child_kill(&puppet->child);
}

/* --------------------------------------------------------------- devices */

int device_use(const char *name)
{
	setenv("SVA_TEST_DEVICE", name, 1);
	return node_open();
}

long number_read(const char *path)
{
	char text[64];

	return text_read(path, text, sizeof(text)) ? strtol(text, NULL, 0) : -1;
}
