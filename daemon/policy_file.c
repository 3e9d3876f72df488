// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * policy_file.c - svad.conf, from text to struct policy
 *
 * inih splits lines into keys and values.  It tells neither line numbers nor
 * where a section begins when two have the same name, and order is everything
 * here: so the lines pass through reader_line(), which notes both.
 */
#include <ctype.h>
#include <grp.h>
#include <ini.h>
#include <pwd.h>
#include <stdarg.h>

#include "policy.h"

#define CONNECTIONS		1024
#define CONNECTIONS_PER_USER	64
#define CONTEXTS_PER_USER	16
#define LIMIT_MAX		1000000u

#define IN_ALLOW	(1u << 0)
#define IN_DENY		(1u << 1)
#define IN_LIMITS	(1u << 2)
#define IN_DEVICE	(1u << 3)
#define IN_ADMINS	(1u << 4)
#define IN_RULE		(IN_ALLOW | IN_DENY)

struct reader {
	FILE *file;
	const char *path;
	policy_report_fn report;
	void *userdata;
	struct policy *policy;
	unsigned int line;
	unsigned int section;	/* IN_*, 0: none or one that is not known */
	unsigned int section_line;
	bool any_section;
	unsigned int errors;
	bool no_memory;
};

static void report_at(struct reader *reader, unsigned int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void report_at(struct reader *reader, unsigned int line, const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	reader->errors++;
	reader->report(reader->userdata, reader->path, line, message);
}

#define report_here(reader, ...) report_at(reader, (reader)->line, __VA_ARGS__)

/* One zeroed element more at the end of an array, or NULL */
static void *array_append(struct reader *reader, void *array, size_t *count, size_t size)
{
	char *bigger = reallocarray(array, *count + 1, size);

	if (!bigger) {
		reader->no_memory = true;
		return NULL;
	}
	memset(bigger + *count * size, 0, size);
	(*count)++;
	return bigger;
}

static struct policy_rule *rule_last(struct reader *reader)
{
	return &reader->policy->rules[reader->policy->num_rules - 1];
}

static struct policy_limits *limits_last(struct reader *reader)
{
	if (reader->section == IN_LIMITS)
		return &reader->policy->limits;
	return &reader->policy->devices[reader->policy->num_devices - 1];
}

/* ------------------------------------------------------------- values */

static bool ids_append(struct reader *reader, struct policy_ids *ids, uint32_t id)
{
	uint32_t *bigger = array_append(reader, ids->ids, &ids->count, sizeof(*ids->ids));

	if (!bigger)
		return false;
	ids->ids = bigger;
	ids->ids[ids->count - 1] = id;
	return true;
}

/* 0 or -EINVAL: not a number from @low to @high, digits only */
static int number_parse(const char *text, uint32_t low, uint32_t high, uint32_t *number)
{
	unsigned long long value;

	if (!*text || strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, NULL, 10);
	if (errno || value < low || value > high)
		return -EINVAL;
	*number = (uint32_t)value;
	return 0;
}

static void user_append(struct reader *reader, struct policy_ids *ids, const char *name)
{
	struct passwd *user;
	uint32_t uid;

	if (!strcmp(name, "*")) {
		ids->any = true;
	} else if (!number_parse(name, 0, UINT32_MAX - 1, &uid)) {
		ids_append(reader, ids, uid);
	} else {
		user = getpwnam(name);
		if (user)
			ids_append(reader, ids, user->pw_uid);
		else
			report_here(reader, "there is no user '%s'; correct the name, create the user, or give a number", name);
	}
}

static void group_append(struct reader *reader, struct policy_ids *ids, const char *name)
{
	struct group *group;
	uint32_t gid;

	if (number_parse(name, 0, UINT32_MAX - 1, &gid)) {
		group = getgrnam(name);
		if (!group) {
			report_here(reader, "there is no group '%s'; correct the name, create the group, or give a number (user = * means everybody)", name);
			return;
		}
		gid = group->gr_gid;
	}
	if (ids_append(reader, ids, gid))
		ids_append(reader, &reader->policy->groups, gid);
}

static void pattern_append(struct reader *reader, struct policy_patterns *patterns,
			   const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.*?[]!^";
	void *bigger;

	if (strspn(text, allowed) != strlen(text) || strlen(text) >= POLICY_PATTERN_LEN) {
		report_here(reader, "'%s' is no name or pattern; names have letters, digits, '-', '_' and '.', and patterns also '*', '?' and [..]", text);
		return;
	}
	bigger = array_append(reader, patterns->patterns, &patterns->count,
			      sizeof(*patterns->patterns));
	if (!bigger)
		return;
	patterns->patterns = bigger;
	name_copy(patterns->patterns[patterns->count - 1], text, POLICY_PATTERN_LEN);
}

/* Calls @each for the words of a list, which blanks and commas separate */
#define for_each_word(word, copy, state)				\
	for (char *word = strtok_r(copy, ", \t", &(state)); word;	\
	     word = strtok_r(NULL, ", \t", &(state)))

static void set_user(struct reader *reader, char *value)
{
	struct policy_ids *ids = reader->section == IN_ADMINS ?
		&reader->policy->admin_users : &rule_last(reader)->users;
	char *state;

	for_each_word(word, value, state)
		user_append(reader, ids, word);
}

static void set_group(struct reader *reader, char *value)
{
	struct policy_ids *ids = reader->section == IN_ADMINS ?
		&reader->policy->admin_groups : &rule_last(reader)->groups;
	char *state;

	for_each_word(word, value, state)
		group_append(reader, ids, word);
}

static void set_device(struct reader *reader, char *value)
{
	char *state;

	for_each_word(word, value, state)
		pattern_append(reader, &rule_last(reader)->devices, word);
}

static void set_type(struct reader *reader, char *value)
{
	char *state;

	for_each_word(word, value, state)
		pattern_append(reader, &rule_last(reader)->types, word);
}

static void set_limit(struct reader *reader, uint32_t *limit, const char *value)
{
	uint32_t number;

	if (number_parse(value, 1, LIMIT_MAX, &number)) {
		report_here(reader, "'%s' is not a number from 1 to %u; to allow nothing, use a [deny] section", value, LIMIT_MAX);
		return;
	}
	if (*limit) {
		report_here(reader, "this limit is given twice in one section; keep one");
		return;
	}
	*limit = number;
}

static void set_contexts_per_user(struct reader *reader, char *value)
{
	uint32_t *limit = reader->section == IN_ALLOW ?
		&rule_last(reader)->contexts_per_user :
		&limits_last(reader)->contexts_per_user;

	set_limit(reader, limit, value);
}

static void set_contexts_per_device(struct reader *reader, char *value)
{
	set_limit(reader, &limits_last(reader)->contexts_per_device, value);
}

static void set_connections(struct reader *reader, char *value)
{
	set_limit(reader, &reader->policy->connections, value);
}

static void set_connections_per_user(struct reader *reader, char *value)
{
	set_limit(reader, &reader->policy->connections_per_user, value);
}

/* --------------------------------------------------------------- keys */

static const struct key {
	const char *name;
	unsigned int sections;
	void (*set)(struct reader *reader, char *value);
} keys[] = {
	{ "user", IN_RULE | IN_ADMINS, set_user },
	{ "group", IN_RULE | IN_ADMINS, set_group },
	{ "device", IN_RULE, set_device },
	{ "type", IN_RULE, set_type },
	{ "contexts-per-user", IN_ALLOW | IN_LIMITS | IN_DEVICE, set_contexts_per_user },
	{ "contexts-per-device", IN_LIMITS | IN_DEVICE, set_contexts_per_device },
	{ "connections", IN_LIMITS, set_connections },
	{ "connections-per-user", IN_LIMITS, set_connections_per_user },
};

static void report_key(struct reader *reader, const char *name)
{
	char known[256] = "";

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (!(keys[i].sections & reader->section))
			continue;
		if (*known)
			strncat(known, ", ", sizeof(known) - strlen(known) - 1);
		strncat(known, keys[i].name, sizeof(known) - strlen(known) - 1);
	}
	report_here(reader, "'%s' is not a key of this section; it takes: %s", name, known);
}

/* What EXPLAIN shows: the rule on one line */
static void rule_text_append(struct policy_rule *rule, const char *name, const char *value)
{
	size_t length = strlen(rule->text);
	const char *separator = strchr(rule->text, '=') ? ";" : "";
	int added = snprintf(rule->text + length, sizeof(rule->text) - length, "%s %s = %s",
			     separator, name, value);

	if ((size_t)added >= sizeof(rule->text) - length)
		memcpy(rule->text + sizeof(rule->text) - 4, "...", 4);
}

/* inih calls this for each "key = value"; 0 is an error in the line's form */
static int reader_key(void *userdata, const char *section, const char *name,
		      const char *value)
{
	struct reader *reader = userdata;
	char copy[256];

	(void)section;
	if (!reader->any_section)
		report_here(reader, "'%s' stands before any section; begin with [allow], [deny], [limits], [device PATTERN] or [administrators]", name);
	if (!reader->section)
		return 1;
	if (reader->section & IN_RULE)
		rule_text_append(rule_last(reader), name, value);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].name, name) || !(keys[i].sections & reader->section))
			continue;
		if (!value[strspn(value, ", \t")])
			report_here(reader, "'%s' has no value; give one or remove the line", name);
		snprintf(copy, sizeof(copy), "%s", value);
		keys[i].set(reader, copy);
		return 1;
	}
	report_key(reader, name);
	return 1;
}

/* ----------------------------------------------------------- sections */

static void rule_begin(struct reader *reader, bool allow)
{
	struct policy *policy = reader->policy;
	void *bigger = array_append(reader, policy->rules, &policy->num_rules,
				    sizeof(*policy->rules));

	if (!bigger) {
		reader->section = 0;
		return;
	}
	policy->rules = bigger;
	rule_last(reader)->allow = allow;
	rule_last(reader)->line = reader->line;
	name_copy(rule_last(reader)->text, allow ? "[allow]" : "[deny]", POLICY_TEXT_LEN);
}

static void device_begin(struct reader *reader, const char *pattern)
{
	struct policy *policy = reader->policy;
	void *bigger = array_append(reader, policy->devices, &policy->num_devices,
				    sizeof(*policy->devices));

	if (!bigger) {
		reader->section = 0;
		return;
	}
	policy->devices = bigger;
	pattern_append(reader, &limits_last(reader)->devices, pattern);
}

/* An [allow] that names nobody would allow everybody: too easy to do by mistake */
static void section_end(struct reader *reader)
{
	const struct policy_rule *rule;

	if (reader->section != IN_ALLOW)
		return;
	rule = rule_last(reader);
	if (!rule->users.any && !rule->users.count && !rule->groups.count &&
	    !reader->errors)
		report_at(reader, reader->section_line,
			  "this [allow] names nobody; add user = NAME or group = NAME, or user = * for everybody");
}

/* @name: what stands between the brackets */
static void section_begin(struct reader *reader, char *name)
{
	static const struct {
		const char *name;
		unsigned int section;
	} sections[] = {
		{ "allow", IN_ALLOW }, { "deny", IN_DENY }, { "limits", IN_LIMITS },
		{ "device", IN_DEVICE }, { "administrators", IN_ADMINS },
	};
	char *state = NULL, *word = strtok_r(name, " \t", &state);
	char *pattern = strtok_r(NULL, " \t", &state);

	section_end(reader);
	reader->any_section = true;
	reader->section = 0;
	reader->section_line = reader->line;
	for (size_t i = 0; word && i < ARRAY_SIZE(sections); i++) {
		if (!strcmp(word, sections[i].name))
			reader->section = sections[i].section;
	}
	if (!reader->section || strtok_r(NULL, " \t", &state) ||
	    !pattern != (reader->section != IN_DEVICE)) {
		reader->section = 0;
		report_here(reader, "this section is not known; there are [allow], [deny], [limits], [device PATTERN] and [administrators]");
	} else if (reader->section & IN_RULE) {
		rule_begin(reader, reader->section == IN_ALLOW);
	} else if (reader->section == IN_DEVICE) {
		device_begin(reader, pattern);
	}
}

/* -------------------------------------------------------------- lines */

/* Reads to the end of the line; false when it does not fit or is not text */
static bool line_read(struct reader *reader, char *line, size_t size)
{
	size_t length = 0;
	bool good = true;
	int c;

	while ((c = getc(reader->file)) != EOF && c != '\n') {
		if (c == '\0' || length + 2 >= size)
			good = false;
		else
			line[length++] = (char)c;
	}
	line[length] = '\0';
	return good;
}

/* "[NAME]" and then at most a comment; the last bracket counts: [device soft[01]] */
static bool section_name(const char *line, char *name, size_t size)
{
	const char *comment = strstr(line, " ;");
	char *end;

	snprintf(name, size, "%.*s", comment ? (int)(comment - line) : (int)strlen(line),
		 line + 1);
	end = strrchr(name, ']');
	if (!end || end[1 + strspn(end + 1, " \t\r;")])
		return false;
	*end = '\0';
	return true;
}

static void line_look_for_section(struct reader *reader, const char *line)
{
	static const char bom[] = "\xef\xbb\xbf";
	char name[256];
	size_t blanks;

	if (reader->line == 1 && !strncmp(line, bom, strlen(bom)))
		line += strlen(bom);
	blanks = strspn(line, " \t");
	if (line[blanks] != '[')
		return;
	/* inih would take it for more of the value above it */
	if (blanks)
		report_here(reader, "there are blanks before '['; a section starts at the beginning of its line");
	else if (section_name(line, name, sizeof(name)))
		section_begin(reader, name);
	else
		section_begin(reader, strcpy(name, "?"));
}

/* inih's fgets() */
static char *reader_line(char *line, int size, void *stream)
{
	struct reader *reader = stream;
	int c = getc(reader->file);

	if (c == EOF)
		return NULL;
	ungetc(c, reader->file);
	reader->line++;
	if (!line_read(reader, line, (size_t)size)) {
		report_here(reader, "the line is longer than %d characters or is not text; give the key again on a line of its own, lists add up", size - 2);
		*line = '\0';
	}
	line_look_for_section(reader, line);
	return line;
}

/* --------------------------------------------------------------- file */

static int compare_ids(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void policy_finish(struct policy *policy)
{
	if (!policy->connections)
		policy->connections = CONNECTIONS;
	if (!policy->connections_per_user)
		policy->connections_per_user = CONNECTIONS_PER_USER;
	if (!policy->limits.contexts_per_user)
		policy->limits.contexts_per_user = CONTEXTS_PER_USER;
	if (policy->groups.count)
		qsort(policy->groups.ids, policy->groups.count,
		      sizeof(*policy->groups.ids), compare_ids);
}

static int reader_run(struct reader *reader)
{
	int bad_line = ini_parse_stream(reader_line, reader, reader_key, reader);

	section_end(reader);
	if (bad_line > 0)
		report_at(reader, (unsigned int)bad_line, "neither [section] nor 'key = value'; correct the line, or begin it with '#' to make it a comment");
	if (reader->no_memory || bad_line < 0)
		return -ENOMEM;
	if (ferror(reader->file))
		return -EIO;
	return reader->errors ? -EINVAL : 0;
}

int policy_read(FILE *file, const char *path, policy_report_fn report, void *userdata,
		struct policy **policy)
{
	struct reader reader = {
		.file = file, .path = path, .report = report, .userdata = userdata,
	};
	int err;

	reader.policy = calloc(1, sizeof(*reader.policy));
	err = reader.policy ? reader_run(&reader) : -ENOMEM;
	if (err) {
		if (err != -EINVAL)
			report_at(&reader, 0, "cannot be read: %s", strerror(-err));
		policy_free(reader.policy);
		return err;
	}
	policy_finish(reader.policy);
	*policy = reader.policy;
	return 0;
}

int policy_load(const char *path, policy_report_fn report, void *userdata,
		struct policy **policy)
{
	struct reader reader = { .path = path, .report = report, .userdata = userdata };
	FILE *file = fopen(path, "re");
	int err;

	if (!file) {
		err = -errno;
		report_at(&reader, 0, "cannot be opened: %s; svad needs a policy that its user may read, see svad.conf(5)",
			  strerror(-err));
		return err;
	}
	err = policy_read(file, path, report, userdata, policy);
	fclose(file);
	return err;
}
