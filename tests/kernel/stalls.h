/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stalls.h - a file whose pages do not come until the test says so
 */
#ifndef TESTS_KERNEL_STALLS_H
#define TESTS_KERNEL_STALLS_H

#include "process.h"

/**
 * struct stall - a mounted FUSE file system of one file
 * @file: to be mapped, for reading
 */
struct stall {
	struct child server;
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

#endif /* TESTS_KERNEL_STALLS_H */
