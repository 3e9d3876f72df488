/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bind.c - the smallest program: bind, have one job done on own pointers, unbind */
#include <stdio.h>
#include <sva-accel.h>

int main(void)
{
	char from[] = "copied by the accelerator", to[sizeof(from)] = "";
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_desc job;
	struct sva_context *ctx;
	struct sva_accel *accel;
	int err;

	err = sva_bind(NULL, 0, &ctx);
	if (err < 0) {
		fprintf(stderr, "bind: %s\n", sva_strreason(sva_context_reason(NULL)));
		return 1;
	}
	err = sva_accel_open(ctx, &accel);
	if (err == 0) {
		sva_accel_prep_memmove(&job, to, from, sizeof(from), &done);
		err = sva_accel_submit(accel, &job);
		if (err == 0)
			err = sva_accel_wait(accel, &done, 5000);
		if (err == 0)
			err = sva_accel_error(&done);
		sva_accel_close(accel);
	}
	if (err < 0)
		fprintf(stderr, "bind: %s\n", sva_strreason(sva_context_reason(ctx)));
	else
		printf("PASID %u: %s\n", sva_context_pasid(ctx), to);
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	return err < 0;
}
