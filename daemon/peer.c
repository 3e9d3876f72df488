// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * peer.c - SO_PEERCRED, SO_PEERPIDFD and SO_PEERGROUPS in terms of svad
 */
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>

#include <sva.h>

#include "kernel.h"
#include "peer.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#define PEER_GROUPS_MAX 65536	/* the kernel's NGROUPS_MAX */

/* Deeper than what anybody nests in earnest */
#define DEPTH_FREE	64
#define DEPTH_UNKNOWN	4096

_Static_assert(offsetof(struct peer_subject, who) == 0, "peer_load_groups()");

static int peer_get_pidfd(int socket)
{
	socklen_t length = sizeof(int);
	int pidfd;

	if (!getsockopt(socket, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &length))
		return pidfd;
	/* kernels differ in how they say that the process was reaped */
	if (errno == EINVAL || errno == ENODATA)
		return -ESRCH;
	return -errno;
}

int peer_identify(int socket, struct peer *peer)
{
	struct ucred cred;
	socklen_t length = sizeof(cred);
	int pidfd;

	*peer = PEER_NOBODY;
	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &cred, &length))
		return -errno;
	peer->pid = cred.pid;
	peer->uid = cred.uid;
	peer->gid = cred.gid;
	pidfd = peer_get_pidfd(socket);
	if (pidfd < 0)
		return pidfd;
	peer->pidfd = pidfd;
	return 0;
}

void peer_forget(struct peer *peer)
{
	fd_close(&peer->pidfd);
}

bool peer_alive(const struct peer *peer)
{
	struct pollfd pollfd = { .fd = peer->pidfd, .events = POLLIN };

	/* readable once the process has exited; an error proves nothing either */
	return poll(&pollfd, 1, 0) == 0;
}

static void peer_load_groups(struct subject *who)
{
	static gid_t groups[PEER_GROUPS_MAX];
	/* who is the first member */
	const struct peer_subject *subject = (const struct peer_subject *)who;
	socklen_t length = sizeof(groups);

	if (getsockopt(subject->socket, SOL_SOCKET, SO_PEERGROUPS, groups, &length)) {
		who->failure = SVA_REASON_DAEMON_NO_MEMORY;
		return;
	}
	for (size_t i = 0; i < length / sizeof(*groups); i++) {
		if (policy_names_group(subject->policy, groups[i]))
			groups[who->num_groups++] = groups[i];
	}
	who->groups = groups;
}

/*
 * R8: for each component of the path the kernel goes up from the cgroup anew, so that its
 * time, which svad waits for, grows with the square of their number: at 2000 it is
 * milliseconds, and a user may nest his own cgroups like that.  What lies below his unit
 * cannot be left out, neither by the kernel nor by the rules and grants that name it.
 * @path NULL: it is longer than the kernel tells.
 */
static uint32_t cgroup_cost(const char *path)
{
	uint32_t depth = path ? 0 : DEPTH_UNKNOWN;

	while (path && (path = strchr(path, '/'))) {
		depth++;
		path++;
	}
	return (depth / DEPTH_FREE) * (depth / DEPTH_FREE);
}

/*
 * R10: the number is the one that the kernel noted together with the pidfd.  While
 * the pidfd says that this process has not ended, no other can have it.
 */
static void peer_load_cgroup(struct subject *who)
{
	static char path[CGROUP_PATH_MAX];
	struct peer_subject *subject = (struct peer_subject *)who;
	int err = cgroup_of(subject->cgroups, subject->peer->pid, path, sizeof(path));

	kernel_step("cgroup");
	if (!err || err == -ENAMETOOLONG)
		subject->cost = cgroup_cost(err ? NULL : path);
	if (!peer_alive(subject->peer))
		who->failure = SVA_REASON_PEER_GONE;
	else if (err)
		who->failure = SVA_REASON_NO_CGROUP;
	else
		who->cgroup = path;
}

void peer_subject(const struct peer *peer, int socket, const struct policy *policy,
		  const struct cgroups *cgroups, struct peer_subject *subject)
{
	*subject = (struct peer_subject){
		.who = {
			.uid = peer->uid, .gid = peer->gid,
			.load_groups = peer_load_groups, .load_cgroup = peer_load_cgroup,
		},
		.peer = peer, .policy = policy, .cgroups = cgroups, .socket = socket,
	};
}

int peer_check_kernel(void)
{
	struct peer peer = PEER_NOBODY;
	int sockets[2], err;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	err = peer_identify(sockets[0], &peer);
	peer_forget(&peer);
	close(sockets[0]);
	close(sockets[1]);
	return err;
}
