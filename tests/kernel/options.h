/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * options.h - numbers that a test program takes on its command line
 *
 *	static uint64_t rounds = 20;
 *	OPTION("--rounds", rounds)
 */
#ifndef TESTS_KERNEL_OPTIONS_H
#define TESTS_KERNEL_OPTIONS_H

#include <stdint.h>

/* Before main() sees them, which does not see them any more */
void option_take(int argc, char **argv, const char *name, uint64_t *value);

#define OPTION(name, variable)							\
	__attribute__((constructor))						\
	static void take_##variable(int argc, char **argv)			\
	{									\
		option_take(argc, argv, name, &variable);			\
	}

#endif /* TESTS_KERNEL_OPTIONS_H */
