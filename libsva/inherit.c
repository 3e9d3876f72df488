// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * inherit.c - the context that a launcher has left for this process
 *
 * A launcher reserves a context before it executes the program, which keeps its
 * struct pid and so the right to bind it (R2).  SVA_CONTEXT_FD=PID:FD says so; the
 * pid keeps children, who inherit the variable, from taking it for their own.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "context.h"
#include "inherit.h"

/* In a child of fork() the pid in the variable is another one anyway. */
static atomic_bool taken;

/* One number up to @end, which is skipped */
static bool number_parse(const char **text, char end, int *number)
{
	long value;
	char *rest;

	if (**text < '0' || **text > '9')
		return false;
	errno = 0;
	value = strtol(*text, &rest, 10);
	if (errno || value > INT32_MAX || *rest != end)
		return false;
	*number = (int)value;
	*text = rest + (end != '\0');
	return true;
}

/* 1 with *fd, 0: not for this process, or it does not parse */
static int variable_read(int *fd)
{
	const char *text = secure_getenv("SVA_CONTEXT_FD");
	int pid;

	if (!text || !*text)
		return 0;
	if (!number_parse(&text, ':', &pid) || !number_parse(&text, '\0', fd))
		return context_fail(NULL, -EBADF, SVA_REASON_BAD_FD);
	return pid == getpid();
}

/* 1: it waits to be bound and does for @args */
static int context_fits(const struct sva_bind_args *args, int fd)
{
	struct sva_context_info info = { .argsz = sizeof(info) };
	uint32_t reason;
	int ret = ioctl_on(fd, SVA_CONTEXT_GET_INFO, &info, &reason);

	if (ret < 0 && reason == SVA_REASON_SYSTEM)
		return context_fail(NULL, -EBADF, SVA_REASON_BAD_FD);
	if (ret < 0)
		return context_fail(NULL, ret, reason);
	/* bound by sva_bind_with(.fd) already; one that has ended says so when bound */
	if (info.state == SVA_STATE_BOUND)
		return 0;
	return !args->device || !strncmp(args->device, info.device, sizeof(info.device));
}

int inherited_find(const struct sva_bind_args *args, int *fd)
{
	int ret;

	/* whoever asks for these asks svad */
	if (args->type || args->socket || atomic_load(&taken))
		return 0;
	ret = variable_read(fd);
	return ret > 0 ? context_fits(args, *fd) : ret;
}

int inherited_take(const struct sva_bind_args *args, int *fd)
{
	int ret = inherited_find(args, fd);

	if (ret > 0 && atomic_exchange(&taken, true))
		return 0;	/* another thread was first */
	return ret;
}

void inherited_put_back(void)
{
	atomic_store(&taken, false);
}
