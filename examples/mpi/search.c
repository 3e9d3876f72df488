// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * search.c - an MPI program of which every rank has its node's accelerator search a
 * tree and a list of its own, by its own pointers
 *
 *	srun -N 3 -n 6 --gres=sva:2 --sva=all ./mpi-search [NODES]
 *	mpirun ./mpi-search [NODES]		below salloc --gres=sva:2 --sva=all
 *
 * Each rank makes NODES (20000) nodes with malloc, from numbers that are its own, binds
 * them to a context on the accelerator that SVA_DEVICES names first, or on any, and
 * compares what the accelerator finds with what the CPU does.  Rank 0 says what became
 * of all.  Exit status 0: every rank agreed.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mpi.h>
#include <sva-accel.h>

#define NODES		20000
#define SEARCHES	64
#define PATIENCE_MS	60000

/* In the tree by its key, and in the list in the order in which they were made */
struct node {
	struct node *smaller, *greater, *next;
	uint64_t key;
};

/**
 * struct report - what a rank tells rank 0
 * @device: "" where it was refused, for @reason
 */
struct report {
	char device[SVA_NAME_LEN];
	char host[MPI_MAX_PROCESSOR_NAME];
	uint32_t reason;
	uint32_t pasid;
	uint64_t searched, wrong, sum;
};

struct rank {
	struct node *root, *first;
	uint64_t count, state;
	struct sva_context *ctx;
	struct sva_accel *accel;
	struct report report;
};

/* Other numbers in every rank */
static uint64_t number_next(struct rank *rank)
{
	rank->state = rank->state * 6364136223846793005u + 1442695040888963407u;
	return rank->state >> 16;
}

static void node_add(struct rank *rank)
{
	struct node *node = calloc(1, sizeof(*node)), **at = &rank->root;

	if (!node)
		MPI_Abort(MPI_COMM_WORLD, 1);
	node->key = number_next(rank);
	while (*at)
		at = node->key < (*at)->key ? &(*at)->smaller : &(*at)->greater;
	*at = node;
	node->next = rank->first;
	rank->first = node;
}

static const struct node *cpu_find(const struct rank *rank, uint64_t key)
{
	const struct node *node = rank->root;

	while (node && node->key != key)
		node = key < node->key ? node->smaller : node->greater;
	return node;
}

static uint64_t cpu_sum(const struct rank *rank)
{
	uint64_t sum = 0;

	for (const struct node *node = rank->first; node; node = node->next)
		sum += node->key;
	return sum;
}

/* ------------------------------------------------------- the accelerator */

static int device_bind(struct rank *rank, const char *device)
{
	int err = sva_bind(device, 0, &rank->ctx);

	rank->report.reason = err ? sva_context_reason(NULL) : 0;
	if (err)
		return err;
	snprintf(rank->report.device, sizeof(rank->report.device), "%s", device ? device : "any");
	rank->report.pasid = sva_context_pasid(rank->ctx);
	return sva_accel_open(rank->ctx, &rank->accel);
}

/* The first with room of those that the job was granted on this node: "soft0:2,soft1:1" */
static void rank_bind(struct rank *rank)
{
	const char *devices = getenv("SVA_DEVICES");
	char device[SVA_NAME_LEN];

	if (!devices || !*devices) {
		device_bind(rank, NULL);
		return;
	}
	while (*devices) {
		snprintf(device, sizeof(device), "%.*s", (int)strcspn(devices, ":,"), devices);
		if (!device_bind(rank, device))
			return;
		devices += strcspn(devices, ",");
		devices += *devices == ',';
	}
}

static int job_run(struct rank *rank, struct sva_accel_desc *job,
		   struct sva_accel_completion *done)
{
	int err = sva_accel_submit(rank->accel, job);

	if (!err)
		err = sva_accel_wait(rank->accel, done, PATIENCE_MS);
	return err ? err : sva_accel_error(done);
}

/* Half of what is looked for is there */
static void tree_search(struct rank *rank)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	const struct node *known = rank->first;
	struct sva_accel_desc job;

	for (int i = 0; i < SEARCHES; i++) {
		uint64_t key = i % 2 ? number_next(rank) : known->key;

		sva_accel_prep_tree_search(&job, rank->root, offsetof(struct node, smaller),
					   offsetof(struct node, greater),
					   offsetof(struct node, key), &key, sizeof(key), &done);
		job.flags |= SVA_ACCEL_DESC_KEY_NUMBER;
		if (job_run(rank, &job, &done) || done.result != (uintptr_t)cpu_find(rank, key))
			rank->report.wrong++;
		rank->report.searched++;
		known = known->next ? known->next : rank->first;
	}
}

static void list_sum(struct rank *rank)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_desc job;

	sva_accel_prep_list_sum(&job, rank->first, offsetof(struct node, next),
				offsetof(struct node, key), 0, &done);
	if (job_run(rank, &job, &done) || done.result != cpu_sum(rank) ||
	    done.done != rank->count)
		rank->report.wrong++;
	rank->report.sum = done.result;
	rank->report.searched++;
}

/* ---------------------------------------------------------------- ranks */

static bool report_print(const struct report *report, int number)
{
	if (!*report->device) {
		printf("rank %d on %s: refused: %s (%s)\n", number, report->host,
		       sva_strreason(report->reason), sva_reason_name(report->reason));
		return false;
	}
	printf("rank %d on %s: %s PASID %" PRIu32 ": %" PRIu64 " searches, %" PRIu64
	       " wrong, sum %016" PRIx64 "\n", number, report->host, report->device,
	       report->pasid, report->searched, report->wrong, report->sum);
	return !report->wrong;
}

static bool reports_gather(struct rank *rank, int number, int ranks)
{
	struct report *all = calloc((size_t)ranks, sizeof(*all));
	int good = 1;

	if (!all)
		MPI_Abort(MPI_COMM_WORLD, 1);
	MPI_Gather(&rank->report, sizeof(*all), MPI_BYTE, all, sizeof(*all), MPI_BYTE, 0,
		   MPI_COMM_WORLD);
	for (int i = 0; !number && i < ranks; i++)
		good &= report_print(&all[i], i);
	MPI_Bcast(&good, 1, MPI_INT, 0, MPI_COMM_WORLD);
	free(all);
	return good;
}

int main(int argc, char **argv)
{
	struct rank rank = { .count = argc > 1 ? strtoull(argv[1], NULL, 10) : NODES };
	const char *node = getenv("SLURMD_NODENAME");
	int number, ranks, length;
	bool good;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &number);
	MPI_Comm_size(MPI_COMM_WORLD, &ranks);
	MPI_Get_processor_name(rank.report.host, &length);
	if (node)
		snprintf(rank.report.host, sizeof(rank.report.host), "%s", node);
	rank.state = (uint64_t)number + 1;
	if (!rank.count)
		rank.count = NODES;
	for (uint64_t i = 0; i < rank.count; i++)
		node_add(&rank);
	rank_bind(&rank);
	/* All are bound at once, each with a PASID of its own */
	MPI_Barrier(MPI_COMM_WORLD);
	if (rank.accel) {
		tree_search(&rank);
		list_sum(&rank);
	}
	good = reports_gather(&rank, number, ranks);
	if (rank.accel)
		sva_accel_close(rank.accel);
	sva_unbind(rank.ctx, SVA_RELEASE_CLEAN);
	MPI_Finalize();
	return !good;
}
