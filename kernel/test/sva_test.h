/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * sva_test.h - the ioctls of /dev/sva_test, for tests/kernel
 *
 * A file of /dev/sva_test holds contexts as another part of the kernel would.
 * Closing it lets go of all that it holds.
 */
#ifndef SVA_TEST_H
#define SVA_TEST_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define SVA_TEST_HOLD_MAX	64	/* holders of one file */

/**
 * struct sva_test_hold - SVA_TEST_HOLD
 * @fd: in: any file
 * @flags: in: SVA_TEST_HOLD_*
 * @holder: out: names it in the other calls
 *
 * The errors are those of sva_context_get_external().
 */
struct sva_test_hold {
	__s32 fd;
	__u32 flags;
#define SVA_TEST_HOLD_PUT_AT_ONCE	(1u << 0)	/* from the revoked callback */
#define SVA_TEST_HOLD_SLOW		(1u << 1)	/* the revoked callback takes a while */
	__u32 holder;
};
#define SVA_TEST_HOLD	_IOWR('t', 0, struct sva_test_hold)

/**
 * struct sva_test_status - SVA_TEST_STATUS, SVA_TEST_PUT
 * @holder: in
 * @held: out: it has not been put
 * @revoked: out: how often its revoked callback was called
 * @running: out: calls of it that have not returned
 * @pasid: out: as it was when it was held last
 *
 * PUT fails with ENOENT where nothing is held; a holder stays known, for STATUS,
 * until the file is closed.
 */
struct sva_test_status {
	__u32 holder;
	__u32 held;
	__u32 revoked;
	__u32 running;
	__u32 pasid;
};
#define SVA_TEST_STATUS	_IOWR('t', 1, struct sva_test_status)
#define SVA_TEST_PUT	_IOWR('t', 2, struct sva_test_status)

#endif /* SVA_TEST_H */
