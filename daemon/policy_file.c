// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * policy_file.c - svad.conf, from text to struct policy
 *
 * inih splits lines into keys and values.  It tells neither line numbers nor
 * where a section begins when two have the same name, and order is everything
 * here: so the lines pass through reader_line(), which notes both.
 */
#include <ctype.h>
#include <fnmatch.h>
#include <grp.h>
#include <ini.h>
#include <limits.h>
#include <pwd.h>
#include <stdarg.h>

#include "nss.h"
#include "policy.h"

#define CONNECTIONS		1024
#define CONNECTIONS_PER_USER	64
#define CONTEXTS_PER_USER	16
#define REQUESTS_PER_SECOND	1000
#define LIMIT_MAX		1000000u

#define IN_ALLOW	(1u << 0)
#define IN_DENY		(1u << 1)
#define IN_LIMITS	(1u << 2)
#define IN_DEVICE	(1u << 3)
#define IN_ADMINS	(1u << 4)
#define IN_OPERATORS	(1u << 5)
#define IN_RELOAD	(1u << 6)
#define IN_RULE		(IN_ALLOW | IN_DENY)
#define IN_PEOPLE	(IN_ADMINS | IN_OPERATORS)

#define SECTIONS "[allow], [deny], [limits], [device PATTERN], [administrators], [operators] and [reload]"

#define LINE_TEXT_MAX	256

struct reader {
	FILE *file;
	const char *path;
	policy_report_fn report;
	void *userdata;
	struct policy *policy;
	unsigned int line;
	char text[LINE_TEXT_MAX];	/* of the line, for columns */
	unsigned int section;	/* IN_*, 0: none or one that is not known */
	unsigned int section_line;
	bool any_section;
	unsigned int errors;
	bool no_memory;
};

static void report_at(struct reader *reader, unsigned int line, unsigned int column,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

static void report_at(struct reader *reader, unsigned int line, unsigned int column,
		      const char *format, ...)
{
	char message[512];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	reader->errors++;
	reader->report(reader->userdata, reader->path, line, column, message);
}

static bool stands_alone(const char *text, const char *at, size_t length)
{
	static const char separators[] = " \t,=[]";

	return (at == text || strchr(separators, at[-1])) &&
	       (!at[length] || strchr(separators, at[length]) || at[length] == '\r');
}

/* Where the word stands in the line: behind the '=' if there is one and it is there */
static unsigned int column_of(const struct reader *reader, const char *word)
{
	const char *text = reader->text, *equals = strchr(text, '=');
	size_t length = strlen(word);

	for (const char *from = equals ? equals : text;; from = text, equals = NULL) {
		const char *at = from;

		while (length && (at = strstr(at, word))) {
			if (stands_alone(text, at, length))
				return (unsigned int)(at - text) + 1;
			at++;
		}
		if (!equals)
			break;
	}
	return (unsigned int)strspn(text, " \t") + 1;
}

/* About a word of the line at hand */
#define report_word(reader, word, ...) \
	report_at(reader, (reader)->line, column_of(reader, word), __VA_ARGS__)

#define report_here(reader, ...) report_word(reader, "", __VA_ARGS__)

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

/*
 * R12: what would need more than the filter allows is said before it is tried, to
 * --check-config as to a reload, where it would be svad's end.
 */
static bool may_look_up(struct reader *reader, const char *word, const char *instead)
{
	char service[NSS_NAME_LEN];

	if (!nss_forbidden(NSS_PATH, service))
		return true;
	report_word(reader, word, "'%s' needs the service '%s' of " NSS_PATH ", and svad's system call filter lets it ask no server; %s, or have sssd or nslcd ask", word, service, instead);
	return false;
}

static void user_append(struct reader *reader, struct policy_ids *ids, const char *name)
{
	struct passwd *user;
	uint32_t uid;

	if (!strcmp(name, "*")) {
		ids->any = true;
	} else if (!number_parse(name, 0, UINT32_MAX - 1, &uid)) {
		ids_append(reader, ids, uid);
	} else if (may_look_up(reader, name, "give the number (id -u)")) {
		user = getpwnam(name);
		if (user)
			ids_append(reader, ids, user->pw_uid);
		else
			report_word(reader, name, "there is no user '%s'; correct the name, create the user, or give a number", name);
	}
}

static void group_append(struct reader *reader, struct policy_ids *ids, const char *name)
{
	struct group *group;
	uint32_t gid;

	if (number_parse(name, 0, UINT32_MAX - 1, &gid)) {
		if (!may_look_up(reader, name, "give the number (getent group)"))
			return;
		group = getgrnam(name);
		if (!group) {
			report_word(reader, name, "there is no group '%s'; correct the name, create the group, or give a number (user = * means everybody)", name);
			return;
		}
		gid = group->gr_gid;
	}
	if (ids_append(reader, ids, gid))
		ids_append(reader, &reader->policy->groups, gid);
}

/* Whether the text, with @more behind it, is one set and some character is in it */
static bool is_set(const char *text, size_t length, const char *more)
{
	char set[LINE_TEXT_MAX + 8], name[2] = "";

	snprintf(set, sizeof(set), "%.*s%s", (int)length, text, more);
	for (int c = 1; c <= UCHAR_MAX; c++) {
		name[0] = (char)c;
		if (!fnmatch(set, name, FNM_NOESCAPE))
			return true;
	}
	return false;
}

/*
 * Behind the set at @at; NULL: there is none that matches anything.  Only fnmatch(3)
 * knows which ']' is in a set, as the first one and that of [:class:], and what its
 * ranges and classes are.  None goes on behind a '/': POSIX has it so for paths.
 */
static const char *set_end(const char *at)
{
	const char *last = at + strcspn(at, "/");

	for (const char *end = at; (end = strchr(end, ']')) && end < last;) {
		end++;
		if (is_set(at, (size_t)(end - at), ""))
			return end;
	}
	return NULL;
}

/* The first '[' that begins no set that matches anything; NULL: every one does */
static const char *set_without_match(const char *text)
{
	while ((text = strchr(text, '['))) {
		const char *end = set_end(text);

		if (!end)
			break;
		text = end;
	}
	return text;
}

/* Such a pattern would match nothing, and a [deny] with it would deny nothing */
static void set_report(struct reader *reader, const char *text, const char *set)
{
	/* one that is open goes on with what comes behind it */
	if (is_set(set, strcspn(set, "/"), "x]"))
		report_word(reader, text, "'%s' has a '[' without a ']', and would match nothing; close it (lists are split at blanks and commas, also in it), or give [[] for a '[' itself", text);
	else
		report_word(reader, text, "'%s' has a [..] that matches no character, and would match nothing; give ranges from low to high, as [0-9], and classes that fnmatch(3) knows, as [[:digit:]]", text);
}

static void pattern_append(struct reader *reader, struct policy_patterns *patterns,
			   const char *text)
{
	const char *set = set_without_match(text);
	void *bigger;

	if (set) {
		set_report(reader, text, set);
		return;
	}
	bigger = array_append(reader, patterns->patterns, &patterns->count,
			      sizeof(*patterns->patterns));
	if (!bigger)
		return;
	patterns->patterns = bigger;
	patterns->patterns[patterns->count - 1] = strdup(text);
	if (!patterns->patterns[patterns->count - 1]) {
		patterns->count--;
		reader->no_memory = true;
	}
}

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

static void name_append(struct reader *reader, struct policy_patterns *patterns,
			const char *text)
{
	if (strspn(text, LETTERS "-_.*?[]!^") == strlen(text) && strlen(text) < 64)
		pattern_append(reader, patterns, text);
	else
		report_word(reader, text, "'%s' is no name or pattern; names have letters, digits, '-', '_' and '.', and patterns also '*', '?' and [..]", text);
}

static void cgroup_append(struct reader *reader, struct policy_patterns *patterns,
			  const char *text)
{
	size_t length = strlen(text);

	if (*text != '/')
		report_word(reader, text, "'%s' does not begin with '/'; give the path below /sys/fs/cgroup, as /proc/PID/cgroup has it behind 0::", text);
	else if (strstr(text, "//") || strstr(text, "/..") || (length > 1 && text[length - 1] == '/'))
		report_word(reader, text, "'%s' is no path of a cgroup; leave out '..', '//' and a '/' at the end", text);
	else
		pattern_append(reader, patterns, text);
}

static void slice_append(struct reader *reader, struct policy_patterns *patterns,
			 const char *text)
{
	size_t length = strlen(text);

	if (strchr(text, '/') || length <= 6 || strcmp(text + length - 6, ".slice"))
		report_word(reader, text, "'%s' is no slice of systemd; its name ends in .slice and has no '/' (cgroup = takes paths)", text);
	else
		pattern_append(reader, patterns, text);
}

/* Calls @each for the words of a list, which blanks and commas separate */
#define for_each_word(word, copy, state)				\
	for (char *word = strtok_r(copy, ", \t", &(state)); word;	\
	     word = strtok_r(NULL, ", \t", &(state)))

static struct policy_people *people_of(struct reader *reader)
{
	return reader->section == IN_ADMINS ? &reader->policy->administrators :
					      &reader->policy->operators;
}

static void set_user(struct reader *reader, char *value)
{
	struct policy_ids *ids = reader->section & IN_PEOPLE ?
		&people_of(reader)->users : &rule_last(reader)->users;
	char *state;

	for_each_word(word, value, state)
		user_append(reader, ids, word);
}

static void set_group(struct reader *reader, char *value)
{
	struct policy_ids *ids = reader->section & IN_PEOPLE ?
		&people_of(reader)->groups : &rule_last(reader)->groups;
	char *state;

	for_each_word(word, value, state)
		group_append(reader, ids, word);
}

static void set_device(struct reader *reader, char *value)
{
	char *state;

	for_each_word(word, value, state)
		name_append(reader, &rule_last(reader)->devices, word);
}

static void set_type(struct reader *reader, char *value)
{
	char *state;

	for_each_word(word, value, state)
		name_append(reader, &rule_last(reader)->types, word);
}

static void set_cgroup(struct reader *reader, char *value)
{
	char *state;

	for_each_word(word, value, state)
		cgroup_append(reader, &rule_last(reader)->cgroups, word);
}

static void set_slice(struct reader *reader, char *value)
{
	char *state;

	for_each_word(word, value, state)
		slice_append(reader, &rule_last(reader)->slices, word);
}

static void set_limit(struct reader *reader, uint32_t *limit, const char *value)
{
	uint32_t number;

	if (number_parse(value, 1, LIMIT_MAX, &number)) {
		report_word(reader, value, "'%s' is not a number from 1 to %u; to allow nothing, use a [deny] section", value, LIMIT_MAX);
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

static void set_contexts_per_cgroup(struct reader *reader, char *value)
{
	uint32_t *limit = reader->section == IN_ALLOW ?
		&rule_last(reader)->contexts_per_cgroup :
		&limits_last(reader)->contexts_per_cgroup;

	set_limit(reader, limit, value);
}

static void set_contexts_per_device(struct reader *reader, char *value)
{
	set_limit(reader, &limits_last(reader)->contexts_per_device, value);
}

static void set_fair_share(struct reader *reader, char *value)
{
	enum policy_switch *fair_share = &limits_last(reader)->fair_share;

	if (*fair_share != POLICY_UNSET)
		report_here(reader, "fair-share is given twice in one section; keep one");
	else if (!strcmp(value, "yes"))
		*fair_share = POLICY_YES;
	else if (!strcmp(value, "no"))
		*fair_share = POLICY_NO;
	else
		report_word(reader, value, "'%s' is neither yes nor no; give one of them", value);
}

static void set_contexts(struct reader *reader, char *value)
{
	set_limit(reader, &reader->policy->contexts, value);
}

static void set_quarantined_per_user(struct reader *reader, char *value)
{
	set_limit(reader, &reader->policy->quarantined_per_user, value);
}

static void set_requests_per_second(struct reader *reader, char *value)
{
	set_limit(reader, &reader->policy->requests_per_second, value);
}

static void set_requests_burst(struct reader *reader, char *value)
{
	set_limit(reader, &reader->policy->requests_burst, value);
}

static void set_existing_contexts(struct reader *reader, char *value)
{
	if (strcmp(value, "keep") && strcmp(value, "revoke"))
		report_word(reader, value, "'%s' is neither keep nor revoke; say what becomes of contexts that the policy allows no more", value);
	reader->policy->revoke_on_reload = !strcmp(value, "revoke") &&
					   may_look_up(reader, value, "keep them");
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
	{ "user", IN_RULE | IN_PEOPLE, set_user },
	{ "group", IN_RULE | IN_PEOPLE, set_group },
	{ "cgroup", IN_RULE, set_cgroup },
	{ "slice", IN_RULE, set_slice },
	{ "device", IN_RULE, set_device },
	{ "type", IN_RULE, set_type },
	{ "contexts-per-user", IN_ALLOW | IN_LIMITS | IN_DEVICE, set_contexts_per_user },
	{ "contexts-per-cgroup", IN_ALLOW | IN_LIMITS | IN_DEVICE, set_contexts_per_cgroup },
	{ "contexts-per-device", IN_LIMITS | IN_DEVICE, set_contexts_per_device },
	{ "fair-share", IN_LIMITS | IN_DEVICE, set_fair_share },
	{ "contexts", IN_LIMITS, set_contexts },
	{ "quarantined-per-user", IN_LIMITS, set_quarantined_per_user },
	{ "connections", IN_LIMITS, set_connections },
	{ "connections-per-user", IN_LIMITS, set_connections_per_user },
	{ "requests-per-second", IN_LIMITS, set_requests_per_second },
	{ "requests-burst", IN_LIMITS, set_requests_burst },
	{ "existing-contexts", IN_RELOAD, set_existing_contexts },
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
	report_word(reader, name, "'%s' is not a key of this section; it takes: %s", name, known);
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
		report_word(reader, name, "'%s' stands before any section; there are " SECTIONS, name);
	if (!reader->section)
		return 1;
	if (reader->section & IN_RULE)
		rule_text_append(rule_last(reader), name, value);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (strcmp(keys[i].name, name) || !(keys[i].sections & reader->section))
			continue;
		if (!value[strspn(value, ", \t")])
			report_word(reader, name, "'%s' has no value; give one or remove the line", name);
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
	name_append(reader, &limits_last(reader)->devices, pattern);
}

/* An [allow] that names nobody would allow everybody: too easy to do by mistake */
static void section_end(struct reader *reader)
{
	const struct policy_rule *rule;

	if (reader->section != IN_ALLOW)
		return;
	rule = rule_last(reader);
	if (!rule->users.any && !rule->users.count && !rule->groups.count &&
	    !rule->cgroups.count && !rule->slices.count && !reader->errors)
		report_at(reader, reader->section_line, 1,
			  "this [allow] names nobody; add user = NAME, group = NAME, cgroup = PATH or slice = NAME, or user = * for everybody");
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
		{ "operators", IN_OPERATORS }, { "reload", IN_RELOAD },
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
		report_here(reader, "this section is not known; there are " SECTIONS);
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
	bool good;

	if (c == EOF)
		return NULL;
	ungetc(c, reader->file);
	reader->line++;
	good = line_read(reader, line, (size_t)size);
	snprintf(reader->text, sizeof(reader->text), "%s", line);
	if (!good) {
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
	if (!policy->requests_per_second)
		policy->requests_per_second = REQUESTS_PER_SECOND;
	if (!policy->requests_burst)
		policy->requests_burst = 2 * policy->requests_per_second;
	if (policy->limits.fair_share == POLICY_UNSET)
		policy->limits.fair_share = POLICY_YES;
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
		report_at(reader, (unsigned int)bad_line, 1, "neither [section] nor 'key = value'; correct the line, or begin it with '#' to make it a comment");
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
			report_at(&reader, 0, 0, "cannot be read: %s", strerror(-err));
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
		report_at(&reader, 0, 0, "cannot be opened: %s; svad needs a policy that its user may read, see svad.conf(5)",
			  strerror(-err));
		return err;
	}
	err = policy_read(file, path, report, userdata, policy);
	fclose(file);
	return err;
}
