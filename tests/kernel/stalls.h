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

#endif /* TESTS_KERNEL_STALLS_H */
