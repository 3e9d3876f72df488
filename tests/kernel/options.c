// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * options.c - numbers that a test program takes on its command line, see options.h
 */
#include "options.h"

#include <stdlib.h>
#include <string.h>

void option_take(int argc, char **argv, const char *name, uint64_t *value)
{
	for (int i = 1; i + 1 < argc && argv[i]; i++) {
		if (strcmp(argv[i], name) || !argv[i + 1])
			continue;
		*value = strtoull(argv[i + 1], NULL, 0);
		memmove(argv + i, argv + i + 2, (size_t)(argc - i - 1) * sizeof(*argv));
		return;
	}
}
