/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ten-lines.c - from nothing to a context that is bound to this process */
#include <stdio.h>
#include <sva.h>
int main(void)
{
	struct sva_context *ctx;
	if (sva_bind(NULL, 0, &ctx) < 0)
		return puts(sva_strreason(sva_context_reason(NULL))), 1;
	printf("PASID %u\n", sva_context_pasid(ctx));
	return sva_unbind(ctx, SVA_RELEASE_CLEAN) < 0;
}
