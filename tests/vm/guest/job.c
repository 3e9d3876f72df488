// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * job.c - what tests/vm/run asks for
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/vm/guest/init.h"

/* The whole file with a NUL behind it, or NULL. */
char *file_read(const char *path, size_t *size)
{
	size_t used = 0, room = 0;
	char *data = NULL, *more;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	do {
		more = realloc(data, room += 4096);
		if (!more)
			break;
		data = more;
		n = read(fd, data + used, room - used - 1);
		if (n > 0)
			used += n;
	} while (n > 0);
	close(fd);
	if (!more || n < 0) {
		free(data);
		return NULL;
	}
	data[used] = '\0';
	if (size)
		*size = used;
	return data;
}

/* NUL-terminated strings, one behind the other, to a vector of pointers */
static char **vector_make(char *data, size_t size)
{
	size_t i, count = 0;
	char **vector;

	for (i = 0; i < size; i++)
		count += data[i] == '\0';
	vector = calloc(count + 1, sizeof(*vector));
	if (!vector)
		return NULL;
	for (i = 0; i < count; i++) {
		vector[i] = data;
		data += strlen(data) + 1;
	}
	return vector;
}

static char *setting_read(const char *name)
{
	char path[128] = JOB_FOLDER "/";
	char *value;

	strncat(path, name, sizeof(path) - strlen(path) - 1);
	value = file_read(path, NULL);
	if (value)
		value[strcspn(value, "\n")] = '\0';
	return value;
}

static bool modules_read(struct job *job)
{
	char *list = setting_read("modules"), *name;

	if (!list)
		return false;
	for (name = strtok(list, " "); name; name = strtok(NULL, " ")) {
		if (job->num_modules == MODULES_MAX)
			return false;
		job->modules[job->num_modules++] = name;
	}
	return true;
}

static unsigned int scale = 1;

unsigned int time_scale(void)
{
	return scale;
}

bool job_read(struct job *job)
{
	char *argv, *service, *speed;
	size_t size = 0;

	memset(job, 0, sizeof(*job));
	argv = file_read(JOB_FOLDER "/argv", &size);
	service = setting_read("service");
	speed = setting_read("scale");
	job->scale = speed ? strtoul(speed, NULL, 10) : 0;
	job->debug = access(JOB_FOLDER "/debug", F_OK) == 0;
	job->user = setting_read("user");
	job->argv = argv ? vector_make(argv, size) : NULL;
	if (!service || !job->user || !modules_read(job) || !job->argv || !job->argv[0] ||
	    !job->scale) {
		fail("the run's settings in %s are not complete", JOB_FOLDER);
		return false;
	}
	job->service = strcmp(service, "yes") == 0;
	scale = job->scale;
	setenv("SVA_TEST_SCALE", speed, 1);
	return true;
}
