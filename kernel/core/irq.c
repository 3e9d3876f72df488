// SPDX-License-Identifier: GPL-2.0
/*
 * irq.c - a context's interrupts, which signal eventfds
 */
#include <linux/eventfd.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core.h"

int sva_irqs_alloc(struct sva_context *ctx)
{
	if (!ctx->sdev->desc.num_irqs)
		return 0;
	ctx->irqs = kcalloc(ctx->sdev->desc.num_irqs, sizeof(*ctx->irqs),
			    GFP_KERNEL_ACCOUNT);
	return ctx->irqs ? 0 : -ENOMEM;
}

/* The lock keeps the eventfd while it is signalled */
static void irq_replace(struct sva_context *ctx, u32 index, struct eventfd_ctx *new)
{
	struct eventfd_ctx *old;
	unsigned long flags;

	spin_lock_irqsave(&ctx->irq_lock, flags);
	old = ctx->irqs[index];
	ctx->irqs[index] = new;
	spin_unlock_irqrestore(&ctx->irq_lock, flags);
	if (old)
		eventfd_ctx_put(old);
}

/**
 * sva_context_signal() - the device raised an interrupt; any context
 */
void sva_context_signal(struct sva_context *ctx, u32 irq)
{
	unsigned long flags;

	spin_lock_irqsave(&ctx->irq_lock, flags);
	if (ctx->irqs[irq])
		eventfd_signal(ctx->irqs[irq]);
	spin_unlock_irqrestore(&ctx->irq_lock, flags);
}
EXPORT_SYMBOL_GPL(sva_context_signal);

void sva_irqs_disable(struct sva_context *ctx)
{
	for (u32 i = 0; i < ctx->sdev->desc.num_irqs; i++)
		irq_replace(ctx, i, NULL);
}

void sva_irqs_free(struct sva_context *ctx)
{
	if (!ctx->irqs)
		return;
	sva_irqs_disable(ctx);
	kfree(ctx->irqs);
}

/**
 * sva_irqs_set() - SVA_CONTEXT_SET_IRQS
 *
 * There is one interrupt at each index.
 */
int sva_irqs_set(struct sva_context *ctx, const struct sva_set_irqs *args, u32 *reason)
{
	struct eventfd_ctx *eventfd = NULL;
	s32 fd = -1;
	int ret;

	if (args->index >= ctx->sdev->desc.num_irqs) {
		*reason = SVA_REASON_NO_SUCH_IRQ;
		return -ENOENT;
	}
	if (args->start > 1 || args->count > 1 - args->start) {
		*reason = SVA_REASON_NO_SUCH_IRQ;
		return -EINVAL;
	}
	if (args->count && !(args->flags & SVA_IRQ_SET_EVENTFD)) {
		*reason = SVA_REASON_UNKNOWN_FLAG;
		return -EINVAL;
	}
	if (args->count && get_user(fd, (s32 __user *)u64_to_user_ptr(args->fds))) {
		*reason = SVA_REASON_BAD_POINTER;
		return -EFAULT;
	}
	if (fd != -1) {
		eventfd = eventfd_ctx_fdget(fd);
		if (IS_ERR(eventfd)) {
			*reason = SVA_REASON_BAD_EVENTFD;
			return PTR_ERR(eventfd);
		}
	}
	/* against the end, which disables them for good */
	ret = sva_context_enter(ctx, reason);
	if (ret) {
		if (eventfd)
			eventfd_ctx_put(eventfd);
		return ret;
	}
	irq_replace(ctx, args->index, eventfd);
	sva_context_leave(ctx);
	return 0;
}
