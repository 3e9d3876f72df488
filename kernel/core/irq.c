// SPDX-License-Identifier: GPL-2.0
/*
 * irq.c - a context's interrupts, which signal eventfds
 *
 * An edge interrupt signals each time.  A level interrupt is masked when it
 * signals, so that a process that is dead or does not care cannot be stormed at,
 * and signals again when it is unmasked while the device still asserts it.
 */
#include <linux/eventfd.h>
#include <linux/file.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "core.h"

/**
 * struct sva_irq_unmasker - an eventfd whose being signalled unmasks
 *
 * Unmasking may signal the interrupt's own eventfd, which may be the same one,
 * so it is not done while the eventfd's lock is held.
 */
struct sva_irq_unmasker {
	struct sva_context *ctx;
	u32 index;
	struct eventfd_ctx *eventfd;
	wait_queue_entry_t wait;
	poll_table table;
	struct delayed_work work;
	unsigned long last;
};

int sva_irqs_alloc(struct sva_context *ctx)
{
	u32 count = ctx->sdev->desc.num_irqs;

	if (!count)
		return 0;
	ctx->irqs = kcalloc(count, sizeof(*ctx->irqs), GFP_KERNEL_ACCOUNT);
	return ctx->irqs ? 0 : -ENOMEM;
}

static bool is_level(const struct sva_context *ctx, u32 index)
{
	return ctx->sdev->desc.irq_flags[index] & SVA_IRQ_FLAG_LEVEL;
}

/* The lock keeps the eventfd while it is signalled */
static void irq_deliver(struct sva_context *ctx, u32 index)
{
	struct sva_irq *irq = &ctx->irqs[index];

	lockdep_assert_held(&ctx->irq_lock);
	if (!irq->eventfd || (is_level(ctx, index) && irq->masked))
		return;
	irq->masked = is_level(ctx, index);
	eventfd_signal(irq->eventfd);
}

/**
 * sva_context_signal() - the cause of an interrupt is there
 * @ctx: the context
 * @index: of the interrupt, below the number that was registered
 *
 * Edge: signals the eventfd that is set, if any.  Level: signals it unless it is
 * masked, masks it, and remembers the cause until sva_context_deassert(), so that a
 * process that does not answer is interrupted once.
 *
 * Context: Any, hard interrupts too, from context_bind() to context_free().
 */
void sva_context_signal(struct sva_context *ctx, u32 index)
{
	unsigned long flags;

	spin_lock_irqsave(&ctx->irq_lock, flags);
	ctx->irqs[index].asserted = is_level(ctx, index);
	irq_deliver(ctx, index);
	spin_unlock_irqrestore(&ctx->irq_lock, flags);
}
EXPORT_SYMBOL_GPL(sva_context_signal);

/**
 * sva_context_deassert() - the cause of a level interrupt has gone
 * @ctx: the context
 * @index: of the interrupt, below the number that was registered
 *
 * Context: Any, hard interrupts too, from context_bind() to context_free().
 */
void sva_context_deassert(struct sva_context *ctx, u32 index)
{
	unsigned long flags;

	spin_lock_irqsave(&ctx->irq_lock, flags);
	ctx->irqs[index].asserted = false;
	spin_unlock_irqrestore(&ctx->irq_lock, flags);
}
EXPORT_SYMBOL_GPL(sva_context_deassert);

static void irq_set_masked(struct sva_context *ctx, u32 index, bool masked)
{
	unsigned long flags;

	spin_lock_irqsave(&ctx->irq_lock, flags);
	ctx->irqs[index].masked = masked;
	if (!masked && ctx->irqs[index].asserted)
		irq_deliver(ctx, index);
	spin_unlock_irqrestore(&ctx->irq_lock, flags);
}

static void irq_set_eventfd(struct sva_context *ctx, u32 index, struct eventfd_ctx *new)
{
	struct eventfd_ctx *old;
	unsigned long flags;

	spin_lock_irqsave(&ctx->irq_lock, flags);
	old = ctx->irqs[index].eventfd;
	ctx->irqs[index].eventfd = new;
	ctx->irqs[index].masked = false;
	if (ctx->irqs[index].asserted)
		irq_deliver(ctx, index);
	spin_unlock_irqrestore(&ctx->irq_lock, flags);
	if (old)
		eventfd_ctx_put(old);
}

/* ----------------------------------------------------- unmasking eventfds */

static void unmasker_work(struct work_struct *work)
{
	struct sva_irq_unmasker *un = container_of(to_delayed_work(work),
						   struct sva_irq_unmasker, work);

	WRITE_ONCE(un->last, jiffies);
	irq_set_masked(un->ctx, un->index, false);
}

/* Not twice in a tick: an eventfd that unmasks what signals it goes round for ever (R8) */
static void unmask_soon(struct sva_irq_unmasker *un)
{
	queue_delayed_work(sva_wq, &un->work, READ_ONCE(un->last) == jiffies);
}

static int unmasker_woken(wait_queue_entry_t *wait, unsigned int mode, int sync, void *key)
{
	struct sva_irq_unmasker *un = container_of(wait, struct sva_irq_unmasker, wait);
	u64 count;

	/* the eventfd itself stays when its files go: the reference is ours */
	if (key_to_poll(key) & EPOLLIN) {
		eventfd_ctx_do_read(un->eventfd, &count);
		unmask_soon(un);
	}
	return 0;
}

static void unmasker_hook(struct file *file, wait_queue_head_t *head, poll_table *table)
{
	struct sva_irq_unmasker *un = container_of(table, struct sva_irq_unmasker, table);

	add_wait_queue(head, &un->wait);
}

static struct sva_irq_unmasker *unmasker_create(struct sva_context *ctx, u32 index, s32 fd)
{
	struct sva_irq_unmasker *un;

	CLASS(fd, f)(fd);
	if (fd_empty(f))
		return ERR_PTR(-EBADF);
	un = kzalloc_obj(*un, GFP_KERNEL_ACCOUNT);
	if (!un)
		return ERR_PTR(-ENOMEM);
	un->eventfd = eventfd_ctx_fileget(fd_file(f));
	if (IS_ERR(un->eventfd)) {
		int ret = PTR_ERR(un->eventfd);

		kfree(un);
		return ERR_PTR(ret);
	}
	un->ctx = ctx;
	un->index = index;
	INIT_DELAYED_WORK(&un->work, unmasker_work);
	un->last = jiffies - 1;
	init_waitqueue_func_entry(&un->wait, unmasker_woken);
	init_poll_funcptr(&un->table, unmasker_hook);
	if (vfs_poll(fd_file(f), &un->table) & EPOLLIN)
		unmask_soon(un);
	return un;
}

static void unmasker_destroy(struct sva_irq_unmasker *un)
{
	u64 count;

	if (!un)
		return;
	eventfd_ctx_remove_wait_queue(un->eventfd, &un->wait, &count);
	cancel_delayed_work_sync(&un->work);
	eventfd_ctx_put(un->eventfd);
	kfree(un);
}

static void irq_set_unmasker(struct sva_context *ctx, u32 index, struct sva_irq_unmasker *new)
{
	struct sva_irq_unmasker *old;
	unsigned long flags;

	spin_lock_irqsave(&ctx->irq_lock, flags);
	old = ctx->irqs[index].unmasker;
	ctx->irqs[index].unmasker = new;
	spin_unlock_irqrestore(&ctx->irq_lock, flags);
	unmasker_destroy(old);
}

/* ---------------------------------------------------------------- SET_IRQS */

void sva_irqs_disable(struct sva_context *ctx)
{
	for (u32 i = 0; i < ctx->sdev->desc.num_irqs; i++) {
		irq_set_unmasker(ctx, i, NULL);
		irq_set_eventfd(ctx, i, NULL);
	}
}

void sva_irqs_free(struct sva_context *ctx)
{
	if (!ctx->irqs)
		return;
	sva_irqs_disable(ctx);
	kfree(ctx->irqs);
}

static int check_args(struct sva_context *ctx, const struct sva_set_irqs *args, u32 *reason)
{
	if (args->index >= ctx->sdev->desc.num_irqs) {
		*reason = SVA_REASON_NO_SUCH_IRQ;
		return -ENOENT;
	}
	/* there is one interrupt at each index */
	if (args->start > 1 || args->count > 1 - args->start) {
		*reason = SVA_REASON_NO_SUCH_IRQ;
		return -EINVAL;
	}
	if (hweight32(args->flags) > 1 || (args->count && !args->flags)) {
		*reason = SVA_REASON_UNKNOWN_FLAG;
		return -EINVAL;
	}
	if ((args->flags & ~SVA_IRQ_SET_EVENTFD) && !is_level(ctx, args->index)) {
		*reason = SVA_REASON_NOT_MASKABLE;
		return -EINVAL;
	}
	return 0;
}

static int set_eventfd(struct sva_context *ctx, const struct sva_set_irqs *args, s32 fd,
		       u32 *reason)
{
	struct eventfd_ctx *eventfd = NULL;

	if (fd != -1)
		eventfd = eventfd_ctx_fdget(fd);
	if (IS_ERR(eventfd)) {
		*reason = SVA_REASON_BAD_EVENTFD;
		return PTR_ERR(eventfd);
	}
	irq_set_eventfd(ctx, args->index, eventfd);
	return 0;
}

static int set_unmasker(struct sva_context *ctx, const struct sva_set_irqs *args, s32 fd,
			u32 *reason)
{
	struct sva_irq_unmasker *un = NULL;

	if (fd != -1)
		un = unmasker_create(ctx, args->index, fd);
	if (IS_ERR(un)) {
		*reason = PTR_ERR(un) == -ENOMEM ? SVA_REASON_NO_MEMORY :
						   SVA_REASON_BAD_EVENTFD;
		return PTR_ERR(un);
	}
	irq_set_unmasker(ctx, args->index, un);
	return 0;
}

static int set_active(struct sva_context *ctx, const struct sva_set_irqs *args, s32 fd,
		      u32 *reason)
{
	if (!args->count) {
		if (!(args->flags & ~SVA_IRQ_SET_EVENTFD)) {
			irq_set_unmasker(ctx, args->index, NULL);
			irq_set_eventfd(ctx, args->index, NULL);
		}
		return 0;
	}
	switch (args->flags) {
	case SVA_IRQ_SET_EVENTFD:
		return set_eventfd(ctx, args, fd, reason);
	case SVA_IRQ_SET_UNMASK_EVENTFD:
		return set_unmasker(ctx, args, fd, reason);
	default:
		irq_set_masked(ctx, args->index, args->flags == SVA_IRQ_SET_MASK);
		return 0;
	}
}

/**
 * sva_irqs_set() - SVA_CONTEXT_SET_IRQS
 */
int sva_irqs_set(struct sva_context *ctx, const struct sva_set_irqs *args, u32 *reason)
{
	const u32 with_fds = SVA_IRQ_SET_EVENTFD | SVA_IRQ_SET_UNMASK_EVENTFD;
	s32 fd = -1;
	int ret;

	ret = check_args(ctx, args, reason);
	if (ret)
		return ret;
	if (args->count && (args->flags & with_fds) &&
	    get_user(fd, (s32 __user *)u64_to_user_ptr(args->fds))) {
		*reason = SVA_REASON_BAD_POINTER;
		return -EFAULT;
	}
	/* against the end, which disables them for good */
	ret = sva_context_enter(ctx, reason);
	if (ret)
		return ret;
	sva_race_point();
	ret = set_active(ctx, args, fd, reason);
	sva_context_leave(ctx);
	return ret;
}
