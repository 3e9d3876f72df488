// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * victim.c - demo-victim: works until it is killed
 *
 * Its job is a list that ends in itself, so that the accelerator is in the
 * middle of it whenever the kill comes.
 */
#include <stdio.h>
#include <unistd.h>

#include "demo.h"

struct node {
	struct node *next;
	uint64_t number;
};

int main(void)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct node a = { .number = 1 }, b = { .next = &a, .number = 2 };
	struct sva_accel_desc job;
	struct demo demo;

	a.next = &b;
	demo_bind(&demo);
	demo_ready(&demo);
	sva_accel_prep_list_sum(&job, &a, offsetof(struct node, next),
				offsetof(struct node, number), 0, &done);
	if (sva_accel_submit(demo.accel, &job) < 0)
		demo_die("the job was not taken");
	demo_note("working; killed in the middle of it");
	for (;;)
		pause();
}
