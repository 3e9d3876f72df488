/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * search.c - structures of malloc() and pointers, searched where they are: people in a
 * linked list by name, and in a tree by number
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sva-accel.h>

#define PEOPLE 1000

struct person {
	struct person *next;
	struct person *less, *more;	/* the tree, by number */
	uint32_t number;
	char name[20];
};

static struct person *first, *root;

static void person_add(int i)
{
	struct person *person = calloc(1, sizeof(*person)), **at = &root;

	if (!person)
		exit(1);
	person->number = (uint32_t)i * 2654435761u;
	snprintf(person->name, sizeof(person->name), "person %d", i);
	person->next = first;
	first = person;
	while (*at)
		at = person->number < (*at)->number ? &(*at)->less : &(*at)->more;
	*at = person;
}

static void people_free(void)
{
	struct person *next;

	for (struct person *person = first; person; person = next) {
		next = person->next;
		free(person);
	}
}

/* Carries out one job; the address that it has found, NULL: none, or it failed */
static const struct person *find(struct sva_accel *accel, const struct sva_accel_desc *job,
				 struct sva_accel_completion *done)
{
	if (sva_accel_submit(accel, job) < 0 || sva_accel_wait(accel, done, 10000) < 0)
		return NULL;
	if (sva_accel_error(done) < 0) {
		fprintf(stderr, "search: %s, at 0x%llx\n", sva_accel_strstatus(done->status),
			(unsigned long long)done->fault_addr);
		return NULL;
	}
	return (const struct person *)(uintptr_t)done->result;
}

static const struct person *find_name(struct sva_accel *accel, const char *name)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_desc job;

	sva_accel_prep_list_find(&job, first, offsetof(struct person, next),
				 offsetof(struct person, name), name, strlen(name) + 1, 0, &done);
	return find(accel, &job, &done);
}

static const struct person *find_number(struct sva_accel *accel, uint32_t number)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_desc job;

	sva_accel_prep_tree_search(&job, root, offsetof(struct person, less),
				   offsetof(struct person, more),
				   offsetof(struct person, number), &number, sizeof(number), &done);
	job.flags |= SVA_ACCEL_DESC_KEY_NUMBER;
	return find(accel, &job, &done);
}

static int search(struct sva_accel *accel)
{
	const struct person *found = find_name(accel, "person 77"), *same;

	if (!found || strcmp(found->name, "person 77"))
		return 1;
	same = find_number(accel, found->number);
	printf("%s is at %p, and has the number %u: at %p\n", found->name, (const void *)found,
	       found->number, (const void *)same);
	return same != found || find_name(accel, "nobody") != NULL;
}

int main(void)
{
	struct sva_context *ctx;
	struct sva_accel *accel;
	int failed = 1;

	for (int i = 0; i < PEOPLE; i++)
		person_add(i);
	if (sva_bind(NULL, 0, &ctx) < 0) {
		fprintf(stderr, "search: %s\n", sva_strreason(sva_context_reason(NULL)));
		people_free();
		return 1;
	}
	if (sva_accel_open(ctx, &accel) == 0) {
		failed = search(accel);
		sva_accel_close(accel);
	}
	if (failed)
		fprintf(stderr, "search: %s\n", sva_strreason(sva_context_reason(ctx)));
	sva_unbind(ctx, SVA_RELEASE_CLEAN);
	people_free();
	return failed;
}
