// SPDX-License-Identifier: GPL-2.0
/*
 * main.c - sva_example.ko: a small provider that is complete, example0
 *
 * docs/porting.md tells it step by step.  The device can do one thing: add 1 to a number
 * in the process's memory.  The number's address, written to the register at offset 0
 * of the context's only region, is the job; the register at offset 8 counts the jobs
 * that have been done, and interrupt 0 says that it has changed.
 *
 * It is software behind sva_softiommu, so "the engine" is a work item.  Where a driver of
 * hardware would write a register instead, a comment says which.
 */
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "core/provider.h"
#include "softiommu/softiommu.h"

#define DRIVER_NAME	"sva_example"
#define PASID_BITS	16
#define CONTEXTS	16
#define REQUESTS_A_JOB	3	/* the page may be taken away again before it is used */

/* What the process sees at region 0; it can write anything there at any time */
struct registers {
	u64 job;
	u64 done;
};

struct queue {
	struct kref ref;
	struct sva_context *ctx;
	struct device *dev;
	u32 pasid;
	struct registers *registers;
	struct work_struct work;
	wait_queue_head_t wait;
	bool blocked;
	atomic_t outstanding;	/* page requests without a response */
	struct sva_counters counters;
};

static struct platform_device *device;

static void queue_free(struct kref *ref)
{
	kfree(container_of(ref, struct queue, ref));
}

/* ------------------------------------------------------------ the engine */

/* 0, -EFAULT: a page is missing, -EAGAIN, or no access is possible any more */
static int add_one(struct queue *q, u64 address)
{
	struct softiommu_access access;
	size_t moved;
	u64 number;
	int ret;

	ret = softiommu_begin(q->dev, q->pasid, &access);
	if (ret)
		return ret;
	moved = softiommu_read(&access, &number, address, sizeof(number));
	number++;
	if (moved == sizeof(number))
		moved = softiommu_write(&access, address, &number, sizeof(number));
	softiommu_end(&access);
	return moved == sizeof(number) ? 0 : -EFAULT;
}

static void page_response(struct softiommu_request *request)
{
	struct queue *q = request->data;

	atomic_dec(&q->outstanding);
	smp_store_release(&request->answered, true);
	wake_up_all(&q->wait);
	kref_put(&q->ref, queue_free);
}

static bool answered(const struct softiommu_request *request)
{
	return smp_load_acquire(&request->answered);
}

/*
 * The response may come after the queue has been stopped, so it holds a reference of its
 * own; and it may never come while the process's memory does not (R5), so a stop does not
 * wait for it.
 */
static int request_page(struct queue *q, u64 address)
{
	struct softiommu_request *request;
	int ret;

	kref_get(&q->ref);
	atomic_inc(&q->outstanding);
	request = softiommu_request_pages(q->dev, q->pasid, address, 1, SVA_ACCESS_WRITE,
					  page_response, q);
	if (IS_ERR_OR_NULL(request)) {
		atomic_dec(&q->outstanding);
		kref_put(&q->ref, queue_free);
		return -EFAULT;
	}
	q->counters.page_requests++;
	q->counters.page_groups++;
	wait_event_idle(q->wait, answered(request) || READ_ONCE(q->blocked));
	ret = answered(request) && request->success ? 0 : -EFAULT;
	softiommu_request_put(request);
	return ret;
}

static int run_job(struct queue *q, u64 address)
{
	unsigned int requests = 0;
	int ret;

	if (!IS_ALIGNED(address, sizeof(u64)))
		return -EFAULT;
	for (;;) {
		if (READ_ONCE(q->blocked))
			return -ECANCELED;
		ret = add_one(q, address);
		if (ret == -EAGAIN)
			continue;
		if (ret != -EFAULT)
			return ret;
		q->counters.faults++;
		if (requests++ == REQUESTS_A_JOB)
			return -EFAULT;
		ret = request_page(q, address);
		if (ret)
			return ret;
	}
}

static void report_fault(struct queue *q, u64 address)
{
	const struct sva_fault fault = {
		.address = address,
		.pages = 1,
		.access = SVA_ACCESS_WRITE,
		.outcome = SVA_FAULT_FAILED,
		.untold = true,
	};

	sva_context_report_fault(q->ctx, &fault);
}

static void engine(struct work_struct *work)
{
	struct queue *q = container_of(work, struct queue, work);
	u64 address = READ_ONCE(q->registers->job);
	int ret = run_job(q, address);

	q->counters.submitted++;
	if (ret == -ENOENT)
		q->counters.stale++;
	if (ret == -EFAULT && !READ_ONCE(q->blocked))
		report_fault(q, address);
	if (!ret)
		WRITE_ONCE(q->registers->done, q->registers->done + 1);
	sva_context_signal(q->ctx, 0);
}

/* ----------------------------------------------------------- a context */

static int context_bind(struct sva_context *ctx)
{
	struct queue *q = kzalloc(sizeof(*q), GFP_KERNEL_ACCOUNT);

	if (!q)
		return -ENOMEM;
	kref_init(&q->ref);
	INIT_WORK(&q->work, engine);
	init_waitqueue_head(&q->wait);
	q->ctx = ctx;
	q->dev = sva_device_drvdata(sva_context_device(ctx));
	q->pasid = sva_context_pasid(ctx);
	q->registers = sva_context_region(ctx, 0);
	/* hardware: write the PASID and the address of the queue into the slot's registers */
	sva_context_set_drvdata(ctx, q);
	return 0;
}

static void context_doorbell(struct sva_context *ctx, u32 index, u64 offset, size_t len)
{
	struct queue *q = sva_context_drvdata(ctx);

	if (offset == offsetof(struct registers, job) && !READ_ONCE(q->blocked))
		schedule_work(&q->work);
}

static void context_block(struct sva_context *ctx)
{
	struct queue *q = sva_context_drvdata(ctx);

	/* hardware: write the register that disables the slot's doorbell */
	WRITE_ONCE(q->blocked, true);
	wake_up_all(&q->wait);
}

static enum sva_evidence context_stop(struct sva_context *ctx)
{
	struct queue *q = sva_context_drvdata(ctx);

	/*
	 * hardware: write the abort register and poll its status; SVA_EVIDENCE_FAILED
	 * if it does not say "stopped" in time
	 */
	cancel_work_sync(&q->work);
	return atomic_read(&q->outstanding) ? SVA_EVIDENCE_FLUSHED : SVA_EVIDENCE_CLEAN;
}

static void context_free(struct sva_context *ctx)
{
	struct queue *q = sva_context_drvdata(ctx);

	kref_put(&q->ref, queue_free);
}

static void context_counters(struct sva_context *ctx, struct sva_counters *counters)
{
	const struct queue *q = sva_context_drvdata(ctx);

	*counters = q->counters;
}

/* No context is bound, so no engine runs */
static int reset(struct sva_device *sdev)
{
	/* hardware: reset the function, and fail if it does not come back */
	return 0;
}

static const struct sva_device_ops ops = {
	.context_bind = context_bind,
	.context_doorbell = context_doorbell,
	.context_block = context_block,
	.context_stop = context_stop,
	.context_free = context_free,
	.context_counters = context_counters,
	.reset = reset,
};

/* ------------------------------------------------------------ the device */

static const struct sva_type types[] = {
	{ .name = "adder", .description = "adds 1 to a number", .total = CONTEXTS },
};

static const struct sva_region regions[] = {
	{ .size = PAGE_SIZE, .offset = PAGE_SIZE,
	  .flags = SVA_REGION_FLAG_READ | SVA_REGION_FLAG_WRITE },
};

static const u32 irq_flags[] = { 0 };

static int probe(struct platform_device *pdev)
{
	const struct sva_device_desc desc = {
		.name = "example0",
		.ops = &ops,
		.types = types,
		.num_types = ARRAY_SIZE(types),
		.regions = regions,
		.num_regions = ARRAY_SIZE(regions),
		.irq_flags = irq_flags,
		.num_irqs = ARRAY_SIZE(irq_flags),
		.flags = SVA_DEVICE_FLAG_SOFTWARE | SVA_DEVICE_FLAG_PAGE_REQUESTS,
		.max_quarantined = CONTEXTS,
		.drvdata = &pdev->dev,
	};
	struct sva_device *sdev = sva_device_register(&pdev->dev, &desc);

	if (IS_ERR(sdev))
		return PTR_ERR(sdev);
	platform_set_drvdata(pdev, sdev);
	return 0;
}

static void remove(struct platform_device *pdev)
{
	sva_device_unregister(platform_get_drvdata(pdev));
}

static struct platform_driver driver = {
	.probe = probe,
	.remove = remove,
	.driver = {
		.name = DRIVER_NAME,
	},
};

/* hardware: module_pci_driver() instead, for the bus makes the device */
static int __init example_init(void)
{
	int ret;

	ret = platform_driver_register(&driver);
	if (ret)
		return ret;
	device = softiommu_device_create(DRIVER_NAME, PLATFORM_DEVID_NONE, PASID_BITS,
					 SOFTIOMMU_OWN_GROUP);
	if (IS_ERR(device)) {
		platform_driver_unregister(&driver);
		return PTR_ERR(device);
	}
	return 0;
}
module_init(example_init);

static void __exit example_exit(void)
{
	softiommu_device_destroy(device);
	platform_driver_unregister(&driver);
}
module_exit(example_exit);

MODULE_DESCRIPTION("A small provider that is complete: adds 1 to numbers");
MODULE_LICENSE("GPL");
