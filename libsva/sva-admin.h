/* SPDX-License-Identifier: LGPL-2.1-or-later */
/**
 * sva-admin.h - for those who run accelerators for others: grants, revoke, reset
 *
 * A job launcher gives its job a grant when the job's cgroup is there, and takes it
 * back when the job is over, which ends what was opened under it even if processes
 * of the job are left.  The launcher itself binds nothing.
 *
 *	uint32_t grant;
 *	int err = sva_grant_add(NULL, "fpga0", "/slurm/job_7", 0, 4, &grant);
 *	...
 *	sva_grant_remove(NULL, grant, NULL);
 *
 * Who may is said by svad.conf(5): operators give and take grants, administrators
 * revoke and reset, root does both.  In every call @socket is svad's, NULL for the
 * usual one, as in struct sva_bind_args; errors are as in <sva.h>, with the reason
 * at sva_context_reason(NULL).  Every function may be called from any thread, and gives
 * up when svad has not answered within 5 seconds.
 */
#ifndef SVA_ADMIN_H
#define SVA_ADMIN_H

#include <sva.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SVA_GRANT_PATH_LEN 512	/* of a cgroup's path, with its NUL */

/**
 * struct sva_grant - the right to contexts on a device
 * @number: names the grant
 * @uid: for whom, when @cgroup is ""
 * @cgroup_id: of the cgroup, which the kernel never gives again
 * @contexts: how many may be open at once under it
 * @used: how many are
 * @given_by: uid
 * @cgroup: the path that it was given for, with all that is below it
 */
struct sva_grant {
	uint32_t number;
	uint32_t uid;
	uint64_t cgroup_id;
	uint32_t contexts;
	uint32_t used;
	uint32_t given_by;
	char device[SVA_NAME_LEN];
	char cgroup[SVA_GRANT_PATH_LEN];
};

/**
 * sva_grant_add - give a grant
 * @socket: svad's, NULL for the usual one
 * @device: its name; it need not be there yet
 * @cgroup: path from the root of the cgroup2 hierarchy, as /proc/PID/cgroup has it
 *	behind "0::"; NULL: the grant is for @uid
 * @uid: 0 when @cgroup is given
 * @contexts: at least 1
 * @number: out: of the grant; may be NULL
 *
 * Where the same cgroup or user has a grant on the device already, that one gets
 * the new number of contexts: so the call may be made again when its answer was
 * lost.  A lower number takes nothing away that is open.
 *
 * Return: 0, or a negative errno with its reason at sva_context_reason(NULL).
 *
 * Errors:
 * -EPERM: not an operator, or svad cannot see cgroups;
 * -ENOENT: no such cgroup;
 * -EIO: svad cannot write it down;
 * and those of sva_list_devices().
 */
int sva_grant_add(const char *socket, const char *device, const char *cgroup, uint32_t uid,
		  uint32_t contexts, uint32_t *number);

/**
 * sva_grant_remove - take a grant back
 * @socket: svad's, NULL for the usual one
 * @number: of the grant
 * @revoked: out: how many contexts were opened under it and end now; may be NULL
 *
 * When the call returns the end of each has begun.
 *
 * Return: 0, or a negative errno with its reason at sva_context_reason(NULL).
 *
 * Errors:
 * -EPERM: not an operator;
 * -ENOENT: no such grant;
 * -EIO: svad cannot write it down;
 * and those of sva_list_devices().
 */
int sva_grant_remove(const char *socket, uint32_t number, uint32_t *revoked);

/**
 * sva_list_grants - all grants
 * @socket: svad's, NULL for the usual one
 * @grants: out: an array for the caller to free(); NULL when there is none
 * @count: out: its length
 *
 * Return: 0, or a negative errno with its reason at sva_context_reason(NULL).
 *
 * Errors:
 * -EPERM: not an operator;
 * and those of sva_list_devices().
 */
int sva_list_grants(const char *socket, struct sva_grant **grants, size_t *count);

/**
 * sva_revoke - have a context end, whoever holds it
 * @socket: svad's, NULL for the usual one
 * @device: its name
 * @context: its id, as svactl ps shows it
 *
 * When the call returns its end has begun; a watch tells when it is done.
 *
 * Return: 0, or a negative errno with its reason at sva_context_reason(NULL).
 *
 * Errors:
 * -EPERM: not an administrator;
 * -ENOENT: no such device or context;
 * and those of sva_list_devices().
 */
int sva_revoke(const char *socket, const char *device, uint64_t context);

/**
 * sva_reset - have all contexts of a device end, and reset it
 * @socket: svad's, NULL for the usual one
 * @device: its name
 *
 * Clears its quarantine.  When the call returns it has begun; a watch tells when it
 * is done.  Where svad is lost in the middle of the request the next one is asked, so
 * the device may be reset twice, and contexts that were opened in between end too.
 *
 * Return: 0, or a negative errno with its reason at sva_context_reason(NULL).
 *
 * Errors:
 * -EPERM: not an administrator;
 * -ENOENT: no such device;
 * -EBUSY: a reset is under way;
 * -EOPNOTSUPP: the device has none;
 * and those of sva_list_devices().
 */
int sva_reset(const char *socket, const char *device);

#ifdef __cplusplus
}
#endif

#endif /* SVA_ADMIN_H */
