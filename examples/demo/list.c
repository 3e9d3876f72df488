// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * list.c - demo-list FILE: a linked list of every line of a text, made with
 * malloc, which the accelerator walks and searches by the program's own pointers
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demo.h"

/* A node and the text that it points to are wherever malloc puts them */
struct line {
	struct line *next;
	uint64_t length;
	char *text;
};

struct list {
	struct line *first;
	uint64_t lines;
	uint64_t bytes;
};

/* Texts are filled up with zeroes to the size of a key, so that a search may read so far */
static struct line *line_new(const char *text, size_t length)
{
	struct line *line = malloc(sizeof(*line));
	size_t room = length + 1 > SVA_ACCEL_MAX_KEY ? length + 1 : SVA_ACCEL_MAX_KEY;

	if (!line)
		demo_die("no memory");
	line->next = NULL;
	line->length = length;
	line->text = calloc(1, room);
	if (!line->text)
		demo_die("no memory");
	memcpy(line->text, text, length);
	return line;
}

static void list_read(struct list *list, const char *path)
{
	FILE *file = fopen(path, "re");
	struct line **end = &list->first;
	size_t room = 0;
	char *text = NULL;
	ssize_t n;

	if (!file)
		demo_die("%s cannot be read", path);
	while ((n = getline(&text, &room, file)) > 0) {
		if (text[n - 1] == '\n')
			n--;
		*end = line_new(text, (size_t)n);
		end = &(*end)->next;
		list->lines++;
		list->bytes += (uint64_t)n;
	}
	free(text);
	fclose(file);
}

/* The key of a line: its text, with zeroes up to the key's size, or its beginning */
static void key_of(char *key, const char *text)
{
	memset(key, 0, SVA_ACCEL_MAX_KEY);
	memcpy(key, text, strnlen(text, SVA_ACCEL_MAX_KEY));
}

static const struct line *cpu_find(const struct list *list, const char *key, uint64_t *visited)
{
	*visited = 0;
	for (const struct line *line = list->first; line; line = line->next) {
		++*visited;
		if (!memcmp(line->text, key, SVA_ACCEL_MAX_KEY))
			return line;
	}
	return NULL;
}

static void walk(struct demo *demo, const struct list *list)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_desc job;

	sva_accel_prep_list_sum(&job, list->first, offsetof(struct line, next),
				offsetof(struct line, length), 0, &done);
	demo_run(demo, &job, &done);
	demo_check(demo, done.done == list->lines && done.result == list->bytes,
		   "walk: the accelerator counts %llu lines, %llu bytes; the CPU %llu, %llu",
		   (unsigned long long)done.done, (unsigned long long)done.result,
		   (unsigned long long)list->lines, (unsigned long long)list->bytes);
}

static void search(struct demo *demo, const struct list *list, const char *text)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_desc job;
	char key[SVA_ACCEL_MAX_KEY];
	const struct line *wanted;
	uint64_t visited;

	key_of(key, text);
	wanted = cpu_find(list, key, &visited);
	sva_accel_prep_list_find(&job, list->first, offsetof(struct line, next),
				 offsetof(struct line, text), key, sizeof(key), 0, &done);
	job.flags |= SVA_ACCEL_DESC_KEY_POINTER;
	demo_run(demo, &job, &done);
	demo_check(demo, done.result == (uintptr_t)wanted && done.done == visited,
		   "search '%.34s': %s after %llu lines, CPU agrees", text + strspn(text, " "),
		   done.result ? "found" : "not there", (unsigned long long)done.done);
}

/* The n-th line that has some text in it */
static const char *line_at(const struct list *list, uint64_t n)
{
	const struct line *line = list->first;

	while (line->next && (n || line->length < 20)) {
		n -= n > 0;
		line = line->next;
	}
	return line->text;
}

int main(int argc, char **argv)
{
	struct list list = { 0 };
	struct demo demo;

	if (argc != 2)
		demo_die("usage: demo-list FILE");
	list_read(&list, argv[1]);
	if (!list.lines)
		demo_die("%s is empty", argv[1]);
	demo_bind(&demo);
	demo_ready(&demo);
	walk(&demo, &list);
	search(&demo, &list, line_at(&list, list.lines / 2));
	search(&demo, &list, line_at(&list, list.lines - 1));
	search(&demo, &list, "a line that is not in this text");
	return demo_end(&demo);
}
