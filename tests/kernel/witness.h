/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * witness.h - memory whose every word says who wrote it
 *
 * It lies at one address in all processes that were forked from one, so that what is
 * meant for one of them and reaches another is seen there.
 */
#ifndef TESTS_KERNEL_WITNESS_H
#define TESTS_KERNEL_WITNESS_H

#include <stdint.h>

struct agent;

/* Before the processes are forked */
void witness_share(void);
/* The calling process fills its memory with words of its own */
void witness_begin(void);
/* A job of the agent's context writes a piece; the context is forgotten if it ends */
void witness_compute(struct agent *agent);
/* Fails the test unless each word is this process's own, or of its own context's jobs */
void witness_check(struct agent *agent);
/* The same, when nothing under its PASID can reach the process any more */
void witness_check_end(struct agent *agent);
/* Bytes that all processes together have checked */
uint64_t witness_checked(void);

#endif /* TESTS_KERNEL_WITNESS_H */
