// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * newcomers.c - demo-newcomers COUNT: so many processes bind, are all bound at
 * once, and end; prints the PASID that each was given
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "demo.h"

/* Tells its PASID, and lives until the parent closes the other end of @leave */
static void newcomer(int tell, int leave)
{
	struct sva_context *ctx;
	uint32_t pasid;
	char byte;

	if (sva_bind(NULL, 0, &ctx) < 0)
		demo_die("refused: %s", sva_strreason(sva_context_reason(NULL)));
	pasid = sva_context_pasid(ctx);
	if (write(tell, &pasid, sizeof(pasid)) != sizeof(pasid))
		_exit(1);
	(void)!read(leave, &byte, 1);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	_exit(0);
}

int main(int argc, char **argv)
{
	int count = argc == 2 ? atoi(argv[1]) : 0, status, failed = 0;
	int leave[2];

	if (count < 1 || pipe(leave))
		demo_die("usage: demo-newcomers COUNT");
	for (int i = 0; i < count; i++) {
		uint32_t pasid;
		int told[2];
		pid_t pid;

		if (pipe(told))
			return 1;
		pid = fork();
		if (pid == 0) {
			close(leave[1]);
			newcomer(told[1], leave[0]);
		}
		/* a newcomer that dies closes its end, so this never waits for the dead */
		close(told[1]);
		if (pid < 0 || read(told[0], &pasid, sizeof(pasid)) != sizeof(pasid))
			return 1;
		close(told[0]);
		printf("%u\n", pasid);
		fflush(stdout);
	}
	close(leave[1]);
	while (wait(&status) > 0)
		failed |= status;
	return failed != 0;
}
