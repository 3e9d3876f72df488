// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_memory.c - what svad keeps in memory of a client and of a context
 *
 * svad says itself how much of its heap is in use.  The floor is the budget, for
 * there is nothing bare to compare with.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench.h"
#include "client.h"

/* How many are measured together; fewer, where the policy allows no more */
#define CROWD 256

struct crowd {
	struct client clients[CROWD];
	int contexts[CROWD];
	size_t count;
};

/* Clients that have left take svad a moment each: it is asked until it is done with them */
static int heap_ask(struct client *client, uint64_t *bytes)
{
	uint64_t before = UINT64_MAX;

	for (;;) {
		struct sva_msg_stats stats;
		int ret = client_stats(client, &stats);

		if (ret < 0)
			return ret;
		*bytes = stats.values[SVA_STAT_HEAP];
		if (*bytes >= before)
			return 0;
		before = *bytes;
	}
}

/* An answer says that svad has taken the connection */
static int client_join(struct bench *bench, struct crowd *crowd)
{
	struct client *client = &crowd->clients[crowd->count];
	struct sva_msg_devices page;
	int ret = client_connect(client, NULL, 0);

	(void)bench;
	if (!ret)
		ret = client_list_devices(client, 0, &page);
	if (ret < 0)
		client_close(client);
	else
		crowd->count++;
	return ret;
}

static void clients_leave(struct crowd *crowd)
{
	while (crowd->count)
		client_close(&crowd->clients[--crowd->count]);
}

static int context_join(struct bench *bench, struct crowd *crowd)
{
	struct sva_msg_opened opened;
	struct client client;
	int ret = client_connect(&client, NULL, 0);

	if (!ret)
		ret = client_open(&client, bench->device, NULL, &opened,
				  &crowd->contexts[crowd->count]);
	client_close(&client);
	crowd->count += !ret;
	return ret;
}

static void contexts_leave(struct crowd *crowd)
{
	while (crowd->count)
		close(crowd->contexts[--crowd->count]);
}

/* The heap with as many as are let in, less that without, for each of them */
static int crowd_measure(struct bench *bench, const struct row *row, struct measure *measure,
			 int (*join)(struct bench *bench, struct crowd *crowd),
			 void (*leave)(struct crowd *crowd))
{
	static struct crowd crowd;
	struct client asker;
	uint64_t before = 0, after = 0;
	int ret = client_connect(&asker, NULL, 0);

	if (!ret)
		ret = heap_ask(&asker, &before);
	while (!ret && crowd.count < CROWD && !join(bench, &crowd))
		;
	if (!ret && !crowd.count)
		ret = ROW_NEEDS_ROOM;
	if (!ret)
		ret = heap_ask(&asker, &after);
	if (!ret)
		ret = sample_add(&measure->product,
				 (double)(int64_t)(after - before) / (double)crowd.count);
	leave(&crowd);
	client_close(&asker);
	if (ret > 0)
		return ret;
	if (ret < 0) {
		bench->reason = asker.reason;
		return asker.reason == SVA_REASON_NOT_ADMINISTRATOR ? ROW_NEEDS_RIGHT : ret;
	}
	return sample_add(&measure->floor, (double)row->size);
}

int bench_client_memory(struct bench *bench, const struct row *row, struct measure *measure)
{
	return crowd_measure(bench, row, measure, client_join, clients_leave);
}

int bench_context_memory(struct bench *bench, const struct row *row, struct measure *measure)
{
	return crowd_measure(bench, row, measure, context_join, contexts_leave);
}
