/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * process.h - other processes for the tests: children with a line to them,
 * passed file descriptors, other users, waiting with an end
 */
#ifndef TESTS_KERNEL_PROCESS_H
#define TESTS_KERNEL_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* For anything that has to happen; longer where $SVA_TEST_SCALE says that all is slower */
#define PATIENCE_MS (20000 * test_scale())
int test_scale(void);

/* A child with a SOCK_SEQPACKET socket between it and the parent */
struct child {
	pid_t pid;
	int line;
};

/*
 * Forks; the child runs @run with its end of the line and exits with 0 when
 * that returns.  It dies with its parent, and a failed CHECK in it makes
 * child_join() fail.
 */
void child_start(struct child *child, void (*run)(int line, void *arg), void *arg);
void child_join(struct child *child);
void child_kill(struct child *child);
/* Waits for the end of a child that is to die by itself; returns the wait status */
int child_reap(struct child *child);

void word_send(int line, uint64_t word);
uint64_t word_receive(int line);
void fd_send(int line, int fd);
int fd_receive(int line);

int process_open(pid_t pid);
bool fd_readable(int fd, int timeout_ms);

/* Becomes an ordinary user, with all of its groups and none of root's powers */
void user_become(const char *name);

/* What a user does in a process of its own, with the child's end of the line */
struct errand {
	const char *user;
	void (*run)(int line);
};

/* For child_start(), with a struct errand */
void run_errand(int line, void *arg);
/* Runs it and waits for it */
void as_user(const char *user, void (*run)(int line));

/* Runs a program and waits for it; returns its exit status, 128+n for a signal */
int program_run(const char *const argv[]);
/* The same; its standard output is stored in @out, NUL-terminated */
int program_output(const char *const argv[], char *out, size_t size);

/* Polls @done, with growing pauses, until it is true or patience ends */
bool wait_until(bool (*done)(void *arg), void *arg, int timeout_ms);

/* Anonymous memory between two pages that nobody may touch; fails the test if it cannot */
void *guarded_alloc(size_t size);
void *pages_alloc(size_t size);
/* Of zeroes, that children have in common with their parent */
void *shared_alloc(size_t size);

/* Addresses at which a process of 32 or 64 bits has nothing; the compiler cannot see them */
extern volatile uintptr_t nowhere[];
extern const unsigned int nowheres;

#endif /* TESTS_KERNEL_PROCESS_H */
