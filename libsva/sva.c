// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * sva.c - a context from sva_bind() to sva_unbind()
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "context.h"
#include "deadline.h"
#include "entry.h"
#include "inherit.h"
#include "mm.h"

static _Thread_local uint32_t thread_reason;

int context_fail(struct sva_context *ctx, int error, uint32_t reason)
{
	if (ctx)
		atomic_store_explicit(&ctx->reason, reason, memory_order_relaxed);
	else
		thread_reason = reason;
	return error;
}

int context_check(struct sva_context *ctx)
{
	if (mm_number_known() == ctx->mm)
		return 0;
	return context_fail(ctx, -EPERM, SVA_REASON_FORKED);
}

/* What every argument struct of the kernel begins with */
struct ioctl_head {
	uint32_t argsz;
	uint32_t flags;
	uint32_t reason;
};

int ioctl_on(int fd, unsigned long request, void *arg, uint32_t *reason)
{
	struct ioctl_head *head = arg;
	int ret;

	head->reason = SVA_REASON_NONE;
	ret = ioctl(fd, request, arg);
	if (ret >= 0)
		return 0;
	ret = -errno;
	*reason = head->reason ? head->reason : SVA_REASON_SYSTEM;
	return ret;
}

int context_ioctl(struct sva_context *ctx, unsigned long request, void *arg)
{
	uint32_t reason;
	int ret;

	do
		ret = ioctl_on(ctx->fd, request, arg, &reason);
	while (ret == -EINTR);
	return ret < 0 ? context_fail(ctx, ret, reason) : 0;
}

int context_fail_access(struct sva_context *ctx, int error)
{
	struct sva_context_info info = { .argsz = sizeof(info) };
	uint32_t reason;

	if (ioctl_on(ctx->fd, SVA_CONTEXT_GET_INFO, &info, &reason) == 0)
		reason = info.last_reason ? info.last_reason : SVA_REASON_SYSTEM;
	return context_fail(ctx, error, reason);
}

/* ------------------------------------------------------------------ bind */

static bool all_zero(const void *bytes, size_t size)
{
	const unsigned char *byte = bytes;

	for (size_t i = 0; i < size; i++) {
		if (byte[i])
			return false;
	}
	return true;
}

/*
 * As the kernel does with argsz: a caller compiled against a newer sva.h is
 * served as long as it asks for nothing that this library does not know.
 */
int args_check(const struct sva_bind_args *args)
{
	if (!args || args->size < sizeof(*args))
		return -EINVAL;
	if (!all_zero((const char *)args + sizeof(*args), args->size - sizeof(*args)))
		return -E2BIG;
	if ((args->flags & ~(unsigned int)SVA_BIND_FAULT_EVENTS) ||
	    !all_zero(args->reserved, sizeof(args->reserved)))
		return -EINVAL;
	if ((args->device && !*args->device) || (args->type && !*args->type))
		return -EINVAL;
	return 0;
}

int args_check_question(const struct sva_bind_args *args)
{
	int ret = args_check(args);

	if (!ret && (args->flags || args->use_fd))
		ret = -EINVAL;
	return ret < 0 ? context_fail(NULL, ret, SVA_REASON_BAD_ARGUMENT) : 0;
}

static struct sva_context *context_new(void)
{
	struct sva_context *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return NULL;
	ctx->fd = -1;
	ctx->mm = mm_number();
	if (!ctx->mm || pthread_mutex_init(&ctx->lock, NULL)) {
		free(ctx);
		return NULL;
	}
	return ctx;
}

static void context_free(struct sva_context *ctx)
{
	pthread_mutex_destroy(&ctx->lock);
	free(ctx);
}

/* Asks svad for a context of this process; returns its fd. */
static int context_request(const struct sva_bind_args *args, int64_t deadline)
{
	struct sva_msg_opened opened;
	struct client client;
	unsigned int losses = 0;
	int fd = -1, ret;

	client_begin(&client, args->socket, args->timeout_ms);
	client.deadline = deadline;
	/* a context whose reply was lost with svad has ended: nobody has its fd */
	do {
		ret = client_connect_again(&client);
		if (!ret)
			ret = client_open(&client, args->device, args->type, &opened, &fd);
	} while (ret < 0 && client_may_try_again(&client, &losses));
	client_close(&client);
	return ret < 0 ? context_fail(NULL, ret, client.reason) : fd;
}

/*
 * The kernel names its reason itself.  Without one the fd is not a context: the
 * launcher's mistake, or svad's lie.
 */
static int bind_error(int ret, uint32_t reason, bool inherited)
{
	if (reason != SVA_REASON_SYSTEM ||
	    (ret != -ENOTTY && ret != -EBADF && ret != -EINVAL && ret != -EOPNOTSUPP))
		return context_fail(NULL, ret, reason);
	if (inherited)
		return context_fail(NULL, -EBADF, SVA_REASON_BAD_FD);
	return context_fail(NULL, -EPROTO, SVA_REASON_PROTOCOL);
}

/* @given: the fd came from a launcher and not from svad just now */
static int context_bind(struct sva_context *ctx, int fd, bool given, unsigned int flags,
			int64_t deadline)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	struct stat status;
	uint32_t reason;
	int ret;

	bind.flags = flags;
	do
		ret = ioctl_on(fd, SVA_BIND_TASK, &bind, &reason);
	while (ret == -EINTR && deadline_left_ns(deadline));
	if (ret < 0)
		return bind_error(ret, reason, given);
	if (fstat(fd, &status) == 0) {
		ctx->dev = status.st_dev;
		ctx->ino = status.st_ino;
	}
	if (given)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	ctx->fd = fd;
	ctx->pasid = bind.pasid;
	return 0;
}

static int bind_requested(const struct sva_bind_args *args, struct sva_context *ctx,
			  int64_t deadline)
{
	int fd = context_request(args, deadline), ret;

	if (fd < 0)
		return fd;
	ret = context_bind(ctx, fd, false, args->flags, deadline);
	if (ret < 0)
		close(fd);
	return ret;
}

/* The context that it was given, the one that its launcher left, or one from svad */
static int bind_with(const struct sva_bind_args *args, struct sva_context *ctx)
{
	int64_t deadline = deadline_in_ms(args->timeout_ms ? args->timeout_ms : CLIENT_TIMEOUT_MS);
	int fd, ret;

	if (args->use_fd)
		return context_bind(ctx, args->fd, true, args->flags, deadline);
	ret = inherited_take(args, &fd);
	if (ret < 0)
		return ret;
	if (!ret)
		return bind_requested(args, ctx, deadline);
	ret = context_bind(ctx, fd, true, args->flags, deadline);
	if (ret < 0)
		inherited_put_back();
	return ret;
}

SVA_PUBLIC int sva_bind_with(const struct sva_bind_args *args, struct sva_context **ctx)
{
	KEEP_ERRNO;
	struct sva_context *fresh;
	int ret;

	if (!ctx)
		return context_fail(NULL, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	*ctx = NULL;
	ret = args_check(args);
	if (ret < 0)
		return context_fail(NULL, ret, SVA_REASON_BAD_ARGUMENT);
	errno = ENOMEM;
	fresh = context_new();
	if (!fresh)
		return context_fail(NULL, -errno, SVA_REASON_SYSTEM);
	ret = bind_with(args, fresh);
	if (ret < 0) {
		context_free(fresh);
		return ret;
	}
	*ctx = fresh;
	return 0;
}

SVA_PUBLIC int sva_bind(const char *device, unsigned int flags, struct sva_context **ctx)
{
	const struct sva_bind_args args = {
		.size = sizeof(args),
		.flags = flags,
		.device = device,
	};

	return sva_bind_with(&args, ctx);
}

SVA_PUBLIC int sva_reserve(const struct sva_bind_args *args, int *fd)
{
	KEEP_ERRNO;
	int ret = args_check_question(args);

	if (!fd)
		return context_fail(NULL, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	*fd = -1;
	if (ret < 0)
		return ret;
	ret = context_request(args, deadline_in_ms(args->timeout_ms ? args->timeout_ms :
						   CLIENT_TIMEOUT_MS));
	if (ret < 0)
		return ret;
	*fd = ret;
	return 0;
}

/* ---------------------------------------------------------------- unbind */

/*
 * A child of fork() closes its copy of the fd, which is nothing to the parent's;
 * but only if the number still stands for it: children like to close
 * everything and open something else.
 */
static int unbind_in_child(struct sva_context *ctx)
{
	struct stat status;

	if (ctx->ino && fstat(ctx->fd, &status) == 0 &&
	    status.st_dev == ctx->dev && status.st_ino == ctx->ino)
		close(ctx->fd);
	regions_free(ctx, false);
	free(ctx);	/* its lock may be held by a thread that is not here */
	return 0;
}

static int unbind_ioctl(const struct sva_context *ctx, enum sva_release release)
{
	struct sva_unbind_task unbind = { .argsz = sizeof(unbind), .pasid = ctx->pasid };
	int tries = 0;
	uint32_t reason;
	int ret;

	if (release == SVA_RELEASE_CLEAN)
		unbind.flags = SVA_UNBIND_RELEASE_CLEAN;
	else if (release == SVA_RELEASE_FLUSHED)
		unbind.flags = SVA_UNBIND_RELEASE_FLUSHED;
	do
		ret = ioctl_on(ctx->fd, SVA_UNBIND_TASK, &unbind, &reason);
	while (ret == -EINTR && ++tries < 100);	/* close() ends it in any case */
	if (ret < 0)
		return context_fail(NULL, ret, reason);
	return (int)unbind.release;
}

SVA_PUBLIC int sva_unbind(struct sva_context *ctx, enum sva_release release)
{
	KEEP_ERRNO;
	bool known = release == SVA_RELEASE_CLEAN || release == SVA_RELEASE_FLUSHED ||
		     release == SVA_RELEASE_NEITHER;
	int ret;

	if (!ctx)
		return 0;
	if (context_check(ctx) < 0)
		return unbind_in_child(ctx);
	ret = unbind_ioctl(ctx, release);
	regions_free(ctx, true);
	close(ctx->fd);
	context_free(ctx);
	return known ? ret : context_fail(NULL, -EINVAL, SVA_REASON_BAD_ARGUMENT);
}

/* ------------------------------------------------------------- accessors */

SVA_PUBLIC uint32_t sva_context_pasid(const struct sva_context *ctx)
{
	return ctx->pasid;
}

SVA_PUBLIC int sva_context_fd(const struct sva_context *ctx)
{
	/* the only thing that const hides from the caller is the reason */
	int ret = context_check((struct sva_context *)(uintptr_t)ctx);

	return ret < 0 ? ret : ctx->fd;
}

SVA_PUBLIC int sva_context_forked(const struct sva_context *ctx)
{
	return mm_number_known() != ctx->mm;
}

SVA_PUBLIC int sva_context_info_sized(struct sva_context *ctx, struct sva_context_info *info,
				      size_t size)
{
	KEEP_ERRNO;
	int ret = context_check(ctx);

	if (ret < 0)
		return ret;
	/* what every argument struct begins with has to fit before it is written */
	if (size < sizeof(struct ioctl_head) || size > UINT32_MAX)
		return context_fail(ctx, -EINVAL, SVA_REASON_BAD_ARGUMENT);
	memset(info, 0, size);
	info->argsz = (uint32_t)size;
	return context_ioctl(ctx, SVA_CONTEXT_GET_INFO, info);
}

SVA_PUBLIC uint32_t sva_context_reason(const struct sva_context *ctx)
{
	if (!ctx)
		return thread_reason;
	return atomic_load_explicit(&ctx->reason, memory_order_relaxed);
}
