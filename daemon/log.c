// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * log.c - lines to stderr, and who may cause how many
 */
#include <stdarg.h>
#include <stdio.h>

#include "log.h"
#include "util.h"

#define LOG_LINE_MAX	1024

/* Per user: so many lines at once, and one more each interval */
#define LOG_BURST	10
#define LOG_INTERVAL	1000000u	/* us */
#define LOG_BUCKETS	256

/*
 * Fixed memory, whoever comes: users who share a bucket share its allowance,
 * which is better than a table that strangers can fill.
 */
struct log_bucket {
	uint64_t full_at;	/* us: when the whole burst is there again */
	unsigned int left_out;
};

static struct log_bucket log_buckets[LOG_BUCKETS];
static int log_fd = STDERR_FILENO;
static int log_level = LOG_NOTICE;
static bool log_prefix = true;

void log_open(int fd, int level)
{
	log_fd = fd;
	log_level = level;
	log_prefix = !isatty(fd);
	memset(log_buckets, 0, sizeof(log_buckets));
}

bool log_enabled(int level)
{
	return level <= log_level;
}

/* Clients choose device and type names: let them draw nothing on a terminal */
static void log_escape(char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			*text = '?';
	}
}

void log_line(int level, const char *format, ...)
{
	char line[LOG_LINE_MAX];
	int saved = errno;
	size_t length = 0;
	va_list args;

	if (!log_enabled(level))
		return;
	if (log_prefix)
		length = (size_t)snprintf(line, sizeof(line), "<%d>", level);
	length += (size_t)snprintf(line + length, sizeof(line) - length, "svad: ");
	va_start(args, format);
	/* leaves room for the newline */
	vsnprintf(line + length, sizeof(line) - length - 1, format, args);
	va_end(args);
	log_escape(line + length);
	length = strlen(line);
	line[length++] = '\n';
	while (write(log_fd, line, length) < 0 && errno == EINTR)
		;
	errno = saved;
}

bool log_allows(uint32_t uid, uint64_t now, unsigned int *left_out)
{
	struct log_bucket *bucket = &log_buckets[(uid * 0x9e3779b1u) >> 24];

	if (bucket->full_at < now)
		bucket->full_at = now;
	if (bucket->full_at - now > (LOG_BURST - 1) * (uint64_t)LOG_INTERVAL) {
		bucket->left_out++;
		return false;
	}
	bucket->full_at += LOG_INTERVAL;
	*left_out = bucket->left_out;
	bucket->left_out = 0;
	return true;
}
