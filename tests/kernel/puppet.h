/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * puppet.h - other processes that bind, compute and end as a test tells them
 */
#ifndef TESTS_KERNEL_PUPPET_H
#define TESTS_KERNEL_PUPPET_H

#include <stdbool.h>
#include <stdint.h>

#include "process.h"

#define PUPPET_CONTEXTS 4

/* What became of one bind: 0 or -errno, and the reason beside it */
struct puppet_bind {
	int result;
	uint32_t reason;
	uint32_t pasid;
	uint64_t id;
};

struct puppet {
	struct child child;
	unsigned int binds;
	struct puppet_bind bind[PUPPET_CONTEXTS];
};

/* A process with nothing bound */
void puppet_start(struct puppet *puppet);
/* The puppet tries to bind a new context, charged to @account: 0 or -errno */
int puppet_try(struct puppet *puppet, int node, uint32_t account);
/* The same for a bind that has to succeed; the index of the context */
unsigned int puppet_bind(struct puppet *puppet, int node);
/* The same for one that has to be refused */
#define PUPPET_REFUSED(puppet, node, account, error, why)			\
	puppet_check_refused(__FILE__, __LINE__, puppet, node, account, error, why)
void puppet_check_refused(const char *file, int line, struct puppet *puppet, int node,
			  uint32_t account, int error, uint32_t reason);
/* The device moves memory for it, which is then compared */
void puppet_compute(struct puppet *puppet, unsigned int index);
/* Unbinds with a claim: enum sva_release */
uint32_t puppet_unbind(struct puppet *puppet, unsigned int index, uint32_t claim);
/* It exits, or is killed, with all that it has bound */
void puppet_end(struct puppet *puppet);
void puppet_kill(struct puppet *puppet);

/* What the last bind of a puppet gave */
struct puppet_bind *puppet_last(struct puppet *puppet);

/* From here on the test's device is this one; its node */
int device_use(const char *name);
/* A number in a file, as in sysfs; -1: no such file */
long number_read(const char *path);

#endif /* TESTS_KERNEL_PUPPET_H */
