/* SPDX-License-Identifier: GPL-2.0 */
/*
 * trace.h - tracepoints: events/sva/ in tracefs
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM sva

#if !defined(SVA_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define SVA_TRACE_H

#include <linux/tracepoint.h>

#include "core.h"

DECLARE_EVENT_CLASS(sva_context,
	TP_PROTO(const struct sva_context *ctx),
	TP_ARGS(ctx),
	TP_STRUCT__entry(
		__string(device, ctx->sdev->name)
		__field(u64, id)
		__field(u32, account)
		__field(u32, pasid)
		__field(u32, reason)
		__field(u32, release)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->id = ctx->id;
		__entry->account = ctx->account->uid;
		__entry->pasid = ctx->pasid;
		__entry->reason = ctx->end_reason;
		__entry->release = ctx->machine.release;
	),
	TP_printk("%s context=%llu account=%u pasid=%u reason=%u release=%s",
		  __get_str(device), __entry->id, __entry->account, __entry->pasid,
		  __entry->reason,
		  __print_symbolic(__entry->release,
				   { SVA_RELEASE_NEITHER, "neither" },
				   { SVA_RELEASE_FLUSHED, "flushed" },
				   { SVA_RELEASE_CLEAN, "clean" },
				   { SVA_RELEASE_PENDING, "pending" }))
);

DEFINE_EVENT(sva_context, sva_create,
	     TP_PROTO(const struct sva_context *ctx), TP_ARGS(ctx));
DEFINE_EVENT(sva_context, sva_bind,
	     TP_PROTO(const struct sva_context *ctx), TP_ARGS(ctx));
DEFINE_EVENT(sva_context, sva_unbind,
	     TP_PROTO(const struct sva_context *ctx), TP_ARGS(ctx));
DEFINE_EVENT(sva_context, sva_quarantine,
	     TP_PROTO(const struct sva_context *ctx), TP_ARGS(ctx));
DEFINE_EVENT(sva_context, sva_release,
	     TP_PROTO(const struct sva_context *ctx), TP_ARGS(ctx));

TRACE_EVENT(sva_fault,
	TP_PROTO(const struct sva_context *ctx, const struct sva_fault *fault),
	TP_ARGS(ctx, fault),
	TP_STRUCT__entry(
		__string(device, ctx->sdev->name)
		__field(u64, id)
		__field(u32, pasid)
		__field(u64, address)
		__field(u64, pages)
		__field(u32, access)
		__field(u32, outcome)
	),
	TP_fast_assign(
		__assign_str(device);
		__entry->id = ctx->id;
		__entry->pasid = ctx->pasid;
		__entry->address = fault->address;
		__entry->pages = fault->pages;
		__entry->access = fault->access;
		__entry->outcome = fault->outcome;
	),
	TP_printk("%s context=%llu pasid=%u address=%#llx pages=%llu access=%s%s %s",
		  __get_str(device), __entry->id, __entry->pasid, __entry->address,
		  __entry->pages,
		  __entry->access & SVA_ACCESS_READ ? "r" : "",
		  __entry->access & SVA_ACCESS_WRITE ? "w" : "",
		  __entry->outcome == SVA_FAULT_RESOLVED ? "resolved" : "failed")
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
