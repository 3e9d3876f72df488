/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * verbs.h - what svactl can do, and how each is called
 */
#ifndef TOOLS_VERBS_H
#define TOOLS_VERBS_H

#include <argp.h>

#include "svactl.h"

/**
 * struct verb
 * @name: one word or two
 * @usage: the arguments, as --help shows them
 * @summary: one line; @description: what else --help says
 * @options: its own, beside those that every verb has; NULL: none
 * @min, @max: how many arguments
 * @device: which of them is a device, from 1; 0: none
 */
struct verb {
	const char *name;
	const char *usage;
	const char *summary;
	const char *description;
	const struct argp_option *options;
	int (*run)(const struct svactl *svactl);
	unsigned int min, max;
	unsigned int device;
};

/* Ends with one that has no name; they stand in the order in which --help shows them */
extern const struct verb verbs[];

/*
 * The verb that @words begin with, which may be of two words; NULL: none.
 * *@used: how many words it took.
 */
const struct verb *verb_find(char *const *words, int count, int *used);

/* Reads what followed the verb; ends the program where that is wrong, or help */
void verb_parse(const struct verb *verb, int count, char **words, struct svactl *svactl);

/* The options that stand before a verb, or behind it */
extern const struct argp common_argp;

/* The list of verbs for --help; the caller frees it */
char *verbs_help(void);

/* A line a verb: its name and its options, for the completion of shells and for tests */
int verbs_print(void);

#endif /* TOOLS_VERBS_H */
