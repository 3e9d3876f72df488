// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * address.c - demo-address TEXT: puts TEXT at an address that is the same in
 * every process that runs this, and has the accelerator fetch what is there
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "demo.h"

#define ADDRESS ((char *)0x5a5a00000000)
#define SIZE (1 << 16)

int main(int argc, char **argv)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	static char fetched[SIZE], wanted[SIZE];
	struct sva_accel_desc job;
	struct demo demo;
	char *p;

	if (argc != 2)
		demo_die("usage: demo-address TEXT");
	p = mmap(ADDRESS, SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (p != ADDRESS)
		demo_die("the address %p is taken", (void *)ADDRESS);
	for (size_t i = 0; i < SIZE; i++)
		wanted[i] = argv[1][i % strlen(argv[1])];
	memcpy(p, wanted, SIZE);
	demo_bind(&demo);
	demo_ready(&demo);
	for (int i = 0; i < 100; i++) {
		memset(fetched, 0, SIZE);
		sva_accel_prep_memmove(&job, fetched, ADDRESS, SIZE, &done);
		demo_run(&demo, &job, &done);
		if (memcmp(fetched, wanted, SIZE))
			break;
	}
	demo_check(&demo, !memcmp(fetched, wanted, SIZE),
		   "PASID %u, address %p: the accelerator fetched '%.*s...', 100 times",
		   sva_context_pasid(demo.ctx), (void *)ADDRESS, 24, fetched);
	return demo_end(&demo);
}
