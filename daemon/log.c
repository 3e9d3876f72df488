// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * log.c - lines to stderr or the journal, and who may cause how many
 */
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "log.h"
#include "util.h"

#define LOG_LINE_MAX	1024
#define LOG_FIELD_MAX	640	/* a cgroup's path may be cut */
#define LOG_FIELDS	16

/* So many lines at once, and one more each interval: of a user, and of all */
#define USER_BURST	10
#define USER_INTERVAL	1000000u	/* us */
#define ALL_BURST	200
#define ALL_INTERVAL	20000u

/*
 * Fixed memory, whoever comes: users who share a bucket share its allowance,
 * which is better than a table that strangers can fill.
 */
#define LOG_BUCKETS	256

static uint64_t user_buckets[LOG_BUCKETS];	/* us: when the whole burst is there again */
static uint64_t bucket_of_all;
static uint64_t held_back, held_back_told;
static int log_fd = STDERR_FILENO;
static int log_level = LOG_NOTICE;
static bool log_prefix = true;
static bool log_journal;

bool log_is_journal(int fd, const char *stream)
{
	unsigned long long device, inode;
	struct stat status;

	if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2 || fstat(fd, &status))
		return false;
	return status.st_dev == device && status.st_ino == inode;
}

void log_open(int fd, int level)
{
	log_fd = fd;
	log_level = level;
	log_prefix = !isatty(fd);
	log_journal = log_is_journal(fd, getenv("JOURNAL_STREAM"));
	memset(user_buckets, 0, sizeof(user_buckets));
	bucket_of_all = 0;
	held_back = held_back_told = 0;
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

/* ------------------------------------------------------------- journal */

struct fields {
	struct iovec iov[LOG_FIELDS];
	char text[LOG_FIELDS][LOG_FIELD_MAX];
	int count;
};

static void field_text(struct fields *fields, const char *name, const char *value)
{
	char *text = fields->text[fields->count];
	size_t length;

	if (!value || !*value)
		return;
	snprintf(text, LOG_FIELD_MAX, "%s=%s", name, value);
	length = strlen(name) + 1;
	log_escape(text + length);
	fields->iov[fields->count++] = (struct iovec){ text, strlen(text) };
}

static void field_number(struct fields *fields, const char *name, uint64_t value, bool given)
{
	char number[24];

	if (!given)
		return;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)value);
	field_text(fields, name, number);
}

static void record_fields(struct fields *fields, const struct record *record)
{
	field_text(fields, "SVA_EVENT", record->event);
	field_number(fields, "SVA_UID", record->uid, record->about_user);
	field_number(fields, "SVA_PID", (uint64_t)record->pid, record->pid);
	field_text(fields, "SVA_CGROUP", record->cgroup);
	field_text(fields, "SVA_DEVICE", record->device);
	field_text(fields, "SVA_TYPE", record->type);
	field_number(fields, "SVA_CONTEXT", record->context, record->context);
	field_number(fields, "SVA_PASID", record->pasid, record->pasid);
	field_number(fields, "SVA_GRANT", record->grant, record->grant);
	field_number(fields, "SVA_RULE", record->rule, record->rule);
	field_text(fields, "SVA_REASON", record->reason);
}

static void log_to_journal(int level, const struct record *record, const char *line)
{
	static struct fields fields;
	char message[LOG_LINE_MAX + 8];

	fields.count = 0;
	field_number(&fields, "PRIORITY", (uint64_t)level, true);
	field_text(&fields, "SYSLOG_IDENTIFIER", "svad");
	if (record)
		record_fields(&fields, record);
	snprintf(message, sizeof(message), "MESSAGE=%s", line);
	fields.iov[fields.count++] = (struct iovec){ message, strlen(message) };
	/* best effort: there is nobody to tell that it failed */
	(void)!sd_journal_sendv(fields.iov, fields.count);
}

/* --------------------------------------------------------------- lines */

static void log_to_fd(int level, const char *text)
{
	char line[LOG_LINE_MAX + 32];
	int length;

	if (log_prefix)
		length = snprintf(line, sizeof(line), "<%d>svad: %s\n", level, text);
	else
		length = snprintf(line, sizeof(line), "svad: %s\n", text);
	while (write(log_fd, line, (size_t)length) < 0 && errno == EINTR)
		;
}

void log_record(int level, const struct record *record, const char *format, ...)
{
	char text[LOG_LINE_MAX];
	int saved = errno;
	va_list args;

	if (!log_enabled(level))
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	log_escape(text);
	if (log_journal)
		log_to_journal(level, record, text);
	else
		log_to_fd(level, text);
	errno = saved;
}

/* --------------------------------------------------------------- limits */

static bool bucket_has(uint64_t full_at, uint64_t now, unsigned int burst, uint64_t interval)
{
	return full_at <= now || full_at - now <= (burst - 1) * interval;
}

static void bucket_take(uint64_t *full_at, uint64_t now, uint64_t interval)
{
	*full_at = (*full_at < now ? now : *full_at) + interval;
}

bool log_allows(uint32_t uid, uint64_t now)
{
	uint64_t *bucket = &user_buckets[(uid * 0x9e3779b1u) >> 24];

	if (!bucket_has(*bucket, now, USER_BURST, USER_INTERVAL) ||
	    !bucket_has(bucket_of_all, now, ALL_BURST, ALL_INTERVAL)) {
		held_back++;
		return false;
	}
	bucket_take(bucket, now, USER_INTERVAL);
	bucket_take(&bucket_of_all, now, ALL_INTERVAL);
	return true;
}

uint64_t log_held_back(void)
{
	return held_back;
}

uint64_t log_held_back_lately(void)
{
	uint64_t lately = held_back - held_back_told;

	held_back_told = held_back;
	return lately;
}
