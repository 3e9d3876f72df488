/* SPDX-License-Identifier: GPL-2.0 */
/*
 * external.h - contexts used by other parts of the kernel, as KVM uses VFIO's
 */
#ifndef SVA_EXTERNAL_H
#define SVA_EXTERNAL_H

#include <linux/types.h>

struct file;
struct sva_external;

/**
 * struct sva_external_ops - what a holder is told
 * @revoked: the binding has ended although it was held: the process exited or was
 *	killed, the context was revoked or its device has gone.  DMA has stopped
 *	already.  Called once, in process context; the holder still has to put, from
 *	here or later.
 */
struct sva_external_ops {
	void (*revoked)(void *data);
};

struct sva_external *sva_context_get_external(struct file *file,
					      const struct sva_external_ops *ops, void *data);
void sva_context_put_external(struct sva_external *external);
u32 sva_external_pasid(const struct sva_external *external);

#endif /* SVA_EXTERNAL_H */
