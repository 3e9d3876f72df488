/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - svad's lines for the administrator
 *
 * To the journal, with fields, where stderr is the journal; elsewhere one line a
 * write(2) to stderr, with sd-daemon's <N> priority in front unless stderr is a
 * terminal.  Nothing that a client sent reaches a line unescaped.
 */
#ifndef SVAD_LOG_H
#define SVAD_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <syslog.h>
#include <linux/sva.h>

/**
 * struct record - what a line is about; zero or NULL is not told
 * @event: SVA_EVENT=: "refused", "opened", "bound", "revoked" ...
 * @about_user: @uid is valid
 */
struct record {
	const char *event;
	bool about_user;
	uint32_t uid;
	pid_t pid;
	const char *cgroup;
	const char *device;
	const char *type;
	uint64_t context;
	uint32_t pasid;
	uint32_t grant;
	uint32_t rule;
	const char *reason;
};

/* Lines above @level are not written; @fd stays the caller's */
void log_open(int fd, int level);
bool log_enabled(int level);

/* Do lines go to the journal itself?  @stream: $JOURNAL_STREAM, or NULL */
bool log_is_journal(int fd, const char *stream);

void log_record(int level, const struct record *record, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#define log_line(level, ...) log_record(level, NULL, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)

/*
 * May a line be written about this user?  (R8: no user floods the log, however
 * often he reconnects, and all together do not.)  @now is CLOCK_MONOTONIC in
 * microseconds.
 */
bool log_allows(uint32_t uid, uint64_t now);

/* How many lines were held back since the last call, and since log_open() */
uint64_t log_held_back_lately(void);
uint64_t log_held_back(void);

#endif /* SVAD_LOG_H */
