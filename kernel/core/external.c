// SPDX-License-Identifier: GPL-2.0
/*
 * external.c - contexts used by other parts of the kernel
 *
 * "get" comes first and says all there is to say: after it the context is known
 * to be one of ours, bound, on a viable device, and stays so until "put" unless
 * the revoked callback says otherwise.  Object and PASID are reserved meanwhile.
 */
#include <linux/file.h>
#include <linux/slab.h>

#include "core.h"
#include "external.h"

/**
 * struct sva_external - one holder of one context
 * @node: in the context's list, under its lock; taken out when @ops->revoked is due
 * @pasid: reserved by this reference
 * @caller: who is in @ops->revoked now; put() by anybody else waits for it
 * @let_go: put() was called from @ops->revoked
 */
struct sva_external {
	struct list_head node;
	struct sva_context *ctx;
	struct sva_pasid *pasid;
	const struct sva_external_ops *ops;
	void *data;
	struct task_struct *caller;
	bool let_go;
};

static DECLARE_WAIT_QUEUE_HEAD(revoked_wait);

static int hold(struct sva_external *external)
{
	struct sva_context *ctx = external->ctx;
	int ret = -ENOTCONN;

	spin_lock(&ctx->lock);
	if (ctx->machine.phase == SVA_PHASE_BOUND) {
		external->pasid = ctx->pasid_entry;
		kref_get(&external->pasid->ref);
		list_add(&external->node, &ctx->externals);
		ret = 0;
	}
	spin_unlock(&ctx->lock);
	return ret;
}

/**
 * sva_context_get_external() - hold a bound context
 * @file: of the context
 * @ops: see struct sva_external_ops; has to stay until put
 * @data: for @ops
 *
 * Context: Process context; sleeps.
 * Return: a holder, for sva_context_put_external(), or an ERR_PTR: -EINVAL if @file is
 * no context, -ENOTCONN if it is not bound, -EPERM if its device is not viable (R11),
 * -ENODEV if that has gone, -ENOMEM.
 */
struct sva_external *sva_context_get_external(struct file *file,
					      const struct sva_external_ops *ops, void *data)
{
	struct sva_context *ctx = sva_context_of_file(file);
	struct sva_external *external;
	u32 reason;
	int ret;

	if (!ctx)
		return ERR_PTR(-EINVAL);
	if (sva_device_gone(ctx->sdev))
		return ERR_PTR(-ENODEV);
	ret = sva_device_viable(ctx->sdev, &reason);
	if (ret)
		return ERR_PTR(ret);
	external = kzalloc_obj(*external, GFP_KERNEL_ACCOUNT);
	if (!external)
		return ERR_PTR(-ENOMEM);
	external->ctx = ctx;
	external->ops = ops;
	external->data = data;
	sva_race_point();
	ret = hold(external);
	if (ret) {
		kfree(external);
		return ERR_PTR(ret);
	}
	sva_context_get(ctx);
	return external;
}
EXPORT_SYMBOL_GPL(sva_context_get_external);

static void external_free(struct sva_external *external)
{
	sva_pasid_put(external->pasid);
	sva_context_put(external->ctx);
	kfree(external);
}

static bool being_told(struct sva_external *external)
{
	struct task_struct *caller = READ_ONCE(external->caller);

	return caller && caller != current;
}

/**
 * sva_context_put_external() - let go; the opposite of get, in any state
 * @external: what get returned; freed
 *
 * When it returns, @revoked of the holder's ops is not running, unless it is the
 * caller, and will not be called any more.
 *
 * Context: Process context; sleeps while @revoked runs elsewhere.
 */
void sva_context_put_external(struct sva_external *external)
{
	struct sva_context *ctx = external->ctx;
	bool mine;

	sva_race_point();
	spin_lock(&ctx->lock);
	list_del_init(&external->node);
	mine = external->caller == current;
	external->let_go = mine;
	spin_unlock(&ctx->lock);
	if (mine)
		return;
	wait_event(revoked_wait, !being_told(external));
	/* whoever told it holds the lock for the last time */
	spin_lock(&ctx->lock);
	spin_unlock(&ctx->lock);
	external_free(external);
}
EXPORT_SYMBOL_GPL(sva_context_put_external);

/**
 * sva_external_pasid() - the PASID that is reserved for a holder
 * @external: what get returned
 *
 * Context: Any, until put.
 * Return: the PASID; after @revoked it is still given to nobody else, but the IOMMU
 * refuses it.
 */
u32 sva_external_pasid(const struct sva_external *external)
{
	return external->ctx->pasid;
}
EXPORT_SYMBOL_GPL(sva_external_pasid);

static struct sva_external *take_one(struct sva_context *ctx)
{
	struct sva_external *external;

	spin_lock(&ctx->lock);
	external = list_first_entry_or_null(&ctx->externals, struct sva_external, node);
	if (external) {
		list_del_init(&external->node);
		external->caller = current;
	}
	spin_unlock(&ctx->lock);
	return external;
}

static void tell_one(struct sva_context *ctx, struct sva_external *external)
{
	bool let_go;

	sva_race_point();
	external->ops->revoked(external->data);
	spin_lock(&ctx->lock);
	let_go = external->let_go;
	WRITE_ONCE(external->caller, NULL);
	/* under the lock: a waiter in put() frees it as soon as it has the lock */
	wake_up_all(&revoked_wait);
	spin_unlock(&ctx->lock);
	if (let_go)
		external_free(external);
}

/**
 * sva_externals_revoke() - tell every holder that the binding has ended
 */
void sva_externals_revoke(struct sva_context *ctx)
{
	struct sva_external *external;

	while ((external = take_one(ctx)))
		tell_one(ctx, external);
}
