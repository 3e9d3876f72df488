/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * peer.h - who is at the other end of a connection (R10)
 *
 * Identity is what the kernel noted when the peer connected: credentials, and a
 * pidfd of the process.  Who holds the socket now, and what that process has
 * become since, does not matter.
 */
#ifndef SVAD_PEER_H
#define SVAD_PEER_H

#include <sys/types.h>

#include "cgroup.h"
#include "policy.h"

/**
 * struct peer
 * @pid: in svad's pid namespace, 0 when the peer is not in sight from there.
 *	Only a name for the process while peer_alive() says so afterwards.
 * @pidfd: of the process; owned
 */
struct peer {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	int pidfd;
};

#define PEER_NOBODY ((struct peer){ .uid = (uid_t)-1, .gid = (gid_t)-1, .pidfd = -1 })

/* 0; -ENOPROTOOPT: no SO_PEERPIDFD in this kernel; -ESRCH: it has ended; -errno */
int must_check peer_identify(int socket, struct peer *peer);
void peer_forget(struct peer *peer);

/* False from the moment the process has exited, reaped or not */
bool peer_alive(const struct peer *peer);

/**
 * struct peer_subject - the peer as the policy sees it, for one request
 *
 * Its groups and its cgroup are asked for when a rule, a limit or a grant depends
 * on them, and only those groups that the policy names are kept: in memory that all
 * share, until the next peer_subject().  The groups are those of the connect, the
 * cgroup is that of now.
 * @cost: as how many requests more this one counts, for what has been asked for
 */
struct peer_subject {
	struct subject who;
	const struct peer *peer;
	const struct policy *policy;
	const struct cgroups *cgroups;
	int socket;
	uint32_t cost;
};

void peer_subject(const struct peer *peer, int socket, const struct policy *policy,
		  const struct cgroups *cgroups, struct peer_subject *subject);

/* 0, or -ENOPROTOOPT when the kernel lacks SO_PEERPIDFD (R10), or -errno */
int must_check peer_check_kernel(void);

#endif /* SVAD_PEER_H */
