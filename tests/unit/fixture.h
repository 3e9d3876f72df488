/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fixture.h - a whole svad in the test's own process, over the fake kernel
 *
 * The test turns svad's loop itself and so decides what happens in between:
 * nothing here waits for time to pass.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <protocol.h>
#include <sva.h>

#include "account.h"
#include "fake_kernel.h"
#include "svad.h"

/* The sanitizer's runtime makes system calls of its own, and keeps memory of its own */
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN 1
#endif
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN 0
#endif

#define ALICE	1000
#define BOB	1001
#define MALLORY	1002

struct fixture {
	char folder[64];
	char config[80];
	char socket[80];
	char state[80];
	sd_event *event;
	struct svad svad;
	int log;
	size_t log_seen;
	int fds_before;
};

union reply_any {
	struct sva_msg msg;
	struct sva_msg_opened opened;
	struct sva_msg_devices devices;
	struct sva_msg_contexts contexts;
	struct sva_msg_explained explained;
	struct sva_msg_done done;
	struct sva_msg_grants grants;
	struct sva_msg_stats stats;
	struct sva_msg_event event;
	char bytes[SVA_MSG_MAX];
};

/* cmocka's setup and teardown; the teardown fails on any fd that is left open */
int fixture_setup(void **state);
int fixture_teardown(void **state);

void fixture_write_policy(struct fixture *f, const char *text);
/* Starts svad with this policy; alice and bob may use soft* when it is NULL */
void fixture_start(struct fixture *f, const char *policy);
void fixture_stop(struct fixture *f);
/* A device that svad serves from now on */
struct fake_device *fixture_plug(struct fixture *f, const char *name, uint32_t contexts);

/* Turns the loop until nothing is left to do */
void fixture_run(struct fixture *f);

/* Tests need root to be several users; skips the test otherwise */
void fixture_need_root(void);

/* A connection as this uid; -1 for the test's own.  Not yet accepted. */
int fixture_connect(struct fixture *f, uid_t uid);
/* The same with supplementary groups */
int fixture_connect_groups(struct fixture *f, uid_t uid, gid_t gid, const gid_t *groups,
			   size_t count);

/* One packet, as it is */
void packet_send(int fd, const void *data, size_t size);

/* What came, how long it was (0: svad closed), and the fd with it or -1 */
size_t packet_receive(int fd, union reply_any *reply, int *context);

struct sva_msg header(uint16_t type, size_t size);
struct sva_msg_open open_message(const char *device, const char *type);
struct sva_msg_explain explain_message(const char *device, const char *type);

/* Sends, turns the loop, and receives; fails the test if svad does not answer */
size_t fixture_call(struct fixture *f, int fd, const void *request, size_t size,
		    union reply_any *reply, int *context);

/* OPEN: 0 with *context, or the reason */
uint32_t fixture_open(struct fixture *f, int fd, const char *device, int *context);

/* The log since the last call has this text in it; frees nothing */
bool fixture_log_has(struct fixture *f, const char *text);
/* How many lines of the whole log have it */
unsigned int fixture_log_count(struct fixture *f, const char *text);

/*
 * svad sees these cgroups from now on and no others: none yet.  In a folder, so that
 * tests need neither root nor a cgroup hierarchy.
 */
void fixture_cgroups(struct fixture *f);
/* Makes the cgroup and those above it, and removes it */
void fixture_cgroup_make(struct fixture *f, const char *path);
void fixture_cgroup_remove(struct fixture *f, const char *path);
/* Where the process is */
void fixture_cgroup_enter(struct fixture *f, pid_t pid, const char *path);

int count_fds(void);

#endif /* FIXTURE_H */
