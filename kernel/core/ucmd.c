// SPDX-License-Identifier: GPL-2.0
/*
 * ucmd.c - the ladder that every ioctl's argument climbs, see <linux/sva.h>
 */
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "core.h"

#define SVA_ARG_MAX	320	/* the largest argument struct */

/* argsz, flags and reason stand first in every argument */
struct sva_arg_head {
	__u32 argsz;
	__u32 flags;
	__u32 reason;
};

int sva_ucmd_fail(struct sva_ucmd *ucmd, u32 reason, int err)
{
	ucmd->reason = reason;
	return err;
}

/**
 * sva_ucmd_respond() - copy the argument out
 *
 * Comes before the point of no return of a call, so that a call whose result
 * cannot be copied out can be undone.
 */
int sva_ucmd_respond(struct sva_ucmd *ucmd)
{
	struct sva_arg_head *head = ucmd->buf;

	head->reason = SVA_REASON_NONE;
	if (copy_to_user(ucmd->arg, ucmd->buf, min_t(size_t, ucmd->argsz, ucmd->size)))
		return sva_ucmd_fail(ucmd, SVA_REASON_BAD_POINTER, -EFAULT);
	return 0;
}

/**
 * sva_ucmd_respond_nofault() - the same, never waiting for the caller's memory
 *
 * For calls that hold what others wait for: a page of the caller's may take for
 * ever.  -EAGAIN: it is not there; sva_ucmd_fault_in() gets it.
 */
int sva_ucmd_respond_nofault(struct sva_ucmd *ucmd)
{
	struct sva_arg_head *head = ucmd->buf;

	head->reason = SVA_REASON_NONE;
	return copy_to_user_nofault(ucmd->arg, ucmd->buf,
				    min_t(size_t, ucmd->argsz, ucmd->size)) ? -EAGAIN : 0;
}

/*
 * Sleeps, as long as the caller's memory takes, and changes nothing there: a call that
 * is refused leaves its argument as it was, but for the reason.
 */
int sva_ucmd_fault_in(struct sva_ucmd *ucmd)
{
	if (fault_in_safe_writeable(ucmd->arg, min_t(size_t, ucmd->argsz, ucmd->size)))
		return sva_ucmd_fail(ucmd, SVA_REASON_BAD_POINTER, -EFAULT);
	return 0;
}

static int copy_in(struct sva_ucmd *ucmd, const struct sva_ioctl *row)
{
	const struct sva_arg_head *head = ucmd->buf;
	int ret;

	if (ucmd->argsz < row->size)
		return sva_ucmd_fail(ucmd, SVA_REASON_ARGSZ_SHORT, -EINVAL);
	if (ucmd->argsz > PAGE_SIZE)
		return sva_ucmd_fail(ucmd, SVA_REASON_ARGSZ_TAIL, -E2BIG);

	ret = copy_struct_from_user(ucmd->buf, row->size, ucmd->arg, ucmd->argsz);
	if (ret == -E2BIG)
		return sva_ucmd_fail(ucmd, SVA_REASON_ARGSZ_TAIL, ret);
	if (ret)
		return sva_ucmd_fail(ucmd, SVA_REASON_BAD_POINTER, ret);

	if (head->flags & ~row->flags)
		return sva_ucmd_fail(ucmd, SVA_REASON_UNKNOWN_FLAG, -EINVAL);
	if (memchr_inv(ucmd->buf + row->reserved, 0, row->reserved_size))
		return sva_ucmd_fail(ucmd, SVA_REASON_RESERVED, -EINVAL);
	return 0;
}

/* R7: whatever went wrong, the caller is told why, if there is room for it */
static void tell_reason(const struct sva_ucmd *ucmd)
{
	struct sva_arg_head __user *head = ucmd->arg;

	if (ucmd->argsz >= sizeof(*head))
		(void)put_user(ucmd->reason, &head->reason);
}

long sva_ioctl_run(const struct sva_ioctl_table *table, void *object,
		   unsigned int cmd, unsigned long arg)
{
	u64 buf[SVA_ARG_MAX / sizeof(u64)];
	struct sva_ucmd ucmd = { .arg = (void __user *)arg, .buf = buf };
	const struct sva_ioctl *row = NULL;
	int ret;

	for (size_t i = 0; i < table->count; i++)
		if (table->rows[i].cmd == cmd)
			row = &table->rows[i];
	if (!row)
		return -ENOTTY;
	if (WARN_ON_ONCE(row->size > sizeof(buf)))
		return -EINVAL;
	ucmd.size = row->size;

	if (get_user(ucmd.argsz, (u32 __user *)ucmd.arg))
		return -EFAULT;
	ret = table->check(object, cmd, &ucmd.reason);
	if (!ret)
		ret = copy_in(&ucmd, row);
	if (!ret)
		ret = row->fn(object, &ucmd);
	if (ret)
		tell_reason(&ucmd);
	return ret;
}
