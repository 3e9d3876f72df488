/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * log.h - svad's lines for the administrator
 *
 * One line a write(2) to stderr, with sd-daemon's <N> priority in front unless
 * stderr is a terminal.  Nothing that a client sent reaches a line unescaped.
 */
#ifndef SVAD_LOG_H
#define SVAD_LOG_H

#include <stdbool.h>
#include <stdint.h>
#include <syslog.h>

/* Lines above @level are not written; @fd stays the caller's */
void log_open(int fd, int level);
bool log_enabled(int level);

void log_line(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO, __VA_ARGS__)

/*
 * May a line be written about this user?  (R8: no user floods the log, however
 * often he reconnects.)  @now is CLOCK_MONOTONIC in microseconds.  *left_out is
 * how many lines were not written since the last that was.
 */
bool log_allows(uint32_t uid, uint64_t now, unsigned int *left_out);

#endif /* SVAD_LOG_H */
