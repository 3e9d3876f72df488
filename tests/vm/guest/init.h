/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * init.h - the first process of the rig's guest
 *
 * Or, in the profile full, a service under systemd (--under-systemd).
 *
 * It brings the guest up, runs the command of tests/vm/run, takes everything
 * down again and tells the host, by frames, what came of it.  What the run asks
 * for is in JOB_FOLDER: a file for each setting, written by tests/vm/run.
 */
#ifndef VM_INIT_H
#define VM_INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tests/vm/frame.h"

#define JOB_FOLDER	"/etc/rig"
#define WORK_FOLDER	"/rig"
#define MODULE_FOLDER	"/usr/lib/modules/sva"

#define MODULES_MAX	16

struct job {
	char *user;			/* who runs the command */
	bool service;			/* with svad */
	unsigned int num_modules;
	char *modules[MODULES_MAX];	/* in the order of loading */
	char **argv;			/* the command */
	unsigned int scale;		/* how much slower this kernel is than the stock one */
	bool debug;			/* it is the debug kernel, and has instruments */
};

/* The scale of the job that was read last, for every wait that has an end */
unsigned int time_scale(void);

/* job.c: what this run is to do; false when JOB_FOLDER makes no sense */
bool job_read(struct job *job);
char *file_read(const char *path, size_t *size);

/* channel.c: the way to the host.  No call fails: without a host there is
 * nobody to tell, and the guest powers off. */
void channel_open(void);
void channel_send(enum frame_type type, const void *data, size_t size);
void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* system.c: what a running Linux needs before any service */
void system_mount(void);
void system_up(void);
void system_log(const char *words);
void system_check_taint(const char *when, bool debug);
__attribute__((noreturn)) void system_down(void);

/* module.c */
bool modules_load(const struct job *job);
void modules_unload(const struct job *job);

/* service.c: udevd and svad */
bool udev_start(void);
bool udev_wait(void);
bool service_start(void);
void service_stop(void);

/* Their fds and ends, for the loop that runs the command */
int service_output(void);
int service_notices(void);
void service_forward(int fd);
bool service_ended(pid_t pid, int status);

/* systemd.c: the same where systemd does it */
bool systemd_modules_loaded(const struct job *job);
bool systemd_service_started(void);
void systemd_service_stop(void);

/* instruments.c: those of the debug kernel */
void instruments_end(void);

/* command.c */
int command_run(const struct job *job);

/* child.c: processes */
void child_setup(int out, int err);
pid_t child_start(char *const argv[], int out, int err);
int child_wait(pid_t pid, int timeout_ms, int *status);
const char *status_words(int status, char *buf, size_t size);

#endif /* VM_INIT_H */
