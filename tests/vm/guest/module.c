// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * module.c - load the kernel modules in their order, unload them in the other
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/vm/guest/init.h"

#define PARAMETERS_MAX	1024
#define UNLOAD_WAIT_MS	(5000 * (int)time_scale())

/* "-" and "_" are the same in a module's name. */
static bool name_matches(const char *word, const char *name)
{
	for (; *name; word++, name++)
		if (*word != *name && !(*word == '-' && *name == '_'))
			return false;
	return *word == '.';
}

/* Like modprobe: NAME.parameter=value on the kernel's command line is for it. */
static void parameters_find(const char *name, char *out, size_t size)
{
	char *line = file_read("/proc/cmdline", NULL), *word;
	size_t used = 0;

	out[0] = '\0';
	for (word = line ? strtok(line, " \n") : NULL; word; word = strtok(NULL, " \n")) {
		if (!name_matches(word, name))
			continue;
		used += snprintf(out + used, size - used, "%s ", word + strlen(name) + 1);
		if (used >= size)
			used = size - 1;
	}
	free(line);
}

static bool module_load(const char *name)
{
	char path[256], parameters[PARAMETERS_MAX];
	long ret;
	int fd;

	parameters_find(name, parameters, sizeof(parameters));
	snprintf(path, sizeof(path), "%s/%s.ko", MODULE_FOLDER, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fail("cannot open %s: %s", path, strerror(errno));
		return false;
	}
	ret = syscall(SYS_finit_module, fd, parameters, 0);
	if (ret)
		fail("cannot load %s (parameters \"%s\"): %s; the console log may say why", name,
		     parameters, strerror(errno));
	close(fd);
	return !ret;
}

bool modules_load(const struct job *job)
{
	unsigned int i;

	for (i = 0; i < job->num_modules; i++)
		if (!module_load(job->modules[i]))
			return false;
	return true;
}

/* The last references may go a moment after the last process: a module that
 * is in use is tried again for a while, and there is no event to wait for. */
static void module_unload(const char *name)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int waited = 0;

	while (syscall(SYS_delete_module, name, O_NONBLOCK)) {
		if (errno == ENOENT)
			return;		/* the command has unloaded it */
		if ((errno != EAGAIN && errno != EBUSY) || waited >= UNLOAD_WAIT_MS) {
			fail("cannot unload %s: %s; something still holds it", name, strerror(errno));
			return;
		}
		nanosleep(&pause, NULL);
		waited += 10;
	}
}

void modules_unload(const struct job *job)
{
	unsigned int i;

	for (i = job->num_modules; i > 0; i--)
		module_unload(job->modules[i - 1]);
}
