/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stalls.h - memory whose pages do not come until the test says so: a file's, and a
 * bind's argument
 */
#ifndef TESTS_KERNEL_STALLS_H
#define TESTS_KERNEL_STALLS_H

#include <pthread.h>

#include <linux/sva.h>

#include "process.h"

/**
 * struct stall - a mounted FUSE file system of one file; there can be two at once
 * @file: to be mapped, for reading
 */
struct stall {
	struct child server;
	char path[32];
	int file;
};

void stall_start(struct stall *stall);
/* Returns when somebody waits for a page of it */
void stall_await(struct stall *stall);
/* From here on its pages come, those that are waited for at once */
void stall_let_go(struct stall *stall);
void stall_end(struct stall *stall);
/*
 * For child_start(), with a struct stall: has its device read from the file, sends the id
 * of its context, and unbinds when it is told to.
 */
void stall_reader(int line, void *arg);

/**
 * struct slow_bind - a thread that binds a context, and waits for the page of its argument
 * @args: the argument; not to be touched before slow_bind_end()
 * @faults: where the test is told that the page is waited for
 */
struct slow_bind {
	int ctx;
	struct sva_bind_task *args;
	int result;
	int faults;
	pthread_t thread;
};

/* A new context of the calling process; returns when its bind waits */
void slow_bind_start(struct slow_bind *slow, int node, uint64_t *id);
/* The page comes: what the bind gave, 0 or -errno; its reason is in @args */
int slow_bind_end(struct slow_bind *slow);

#endif /* TESTS_KERNEL_STALLS_H */
