// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_trace.c - the BIND_TASK ioctl against the part of it that is the kernel's own
 *
 * The function graph tracer says how long iommu_sva_bind_device() took within each
 * ioctl, so that both numbers are of the same call.  What the tracer costs is in both.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench.h"
#include "deadline.h"

#define TRACING "/sys/kernel/tracing/"
#define FUNCTION "iommu_sva_bind_device"

static bool setting_write(const char *name, const char *value)
{
	char path[128];
	bool good;
	int fd;

	snprintf(path, sizeof(path), TRACING "%s", name);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return false;
	good = write(fd, value, strlen(value)) >= 0;
	close(fd);
	return good;
}

/* Somebody else's tracing is left alone */
static bool tracing_is_free(void)
{
	char tracer[32] = "";
	int fd = open(TRACING "current_tracer", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, tracer, sizeof(tracer) - 1) < 0)
		*tracer = '\0';
	close(fd);
	return !strcmp(tracer, "nop\n");
}

static void tracing_end(void)
{
	setting_write("current_tracer", "nop");
	setting_write("set_ftrace_filter", "");
	setting_write("trace", "");
}

static bool tracing_begin(void)
{
	if (!tracing_is_free())
		return false;
	if (setting_write("set_ftrace_filter", FUNCTION) &&
	    setting_write("current_tracer", "function_graph") &&
	    setting_write("tracing_on", "1"))
		return true;
	tracing_end();
	return false;
}

/* " 0)   91.234 us   |  iommu_sva_bind_device();", with a mark before slow ones */
static double duration_of(const char *line)
{
	const char *number = strchr(line, ')');

	if (!number || !strstr(line, FUNCTION))
		return -1;
	number += 1 + strspn(number + 1, " +!#*@$");
	return strtod(number, NULL) * 1000;
}

/* Nanoseconds, or negative: there is none */
static double tracing_take(void)
{
	FILE *file = fopen(TRACING "trace", "re");
	double ns = -1, found;
	char line[256];

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		found = *line == '#' ? -1 : duration_of(line);
		if (found > 0)
			ns = found;
	}
	fclose(file);
	setting_write("trace", "");
	return ns;
}

/* Closing it ends the binding */
static int bind_once(struct bench *bench, struct measure *measure)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind) };
	int fd = bench_context(bench, NULL), ret;
	double traced;
	int64_t ns;

	if (fd < 0)
		return fd;
	ns = clock_ns();
	ret = ioctl(fd, SVA_BIND_TASK, &bind) < 0 ? -errno : 0;
	ns = clock_ns() - ns;
	bench->reason = bind.reason;
	traced = tracing_take();
	close(fd);
	if (ret < 0 || traced < 0)
		return ret < 0 ? ret : -ENODATA;
	ret = sample_add(&measure->product, (double)ns);
	return ret ? ret : sample_add(&measure->floor, traced);
}

int bench_bind_ioctl(struct bench *bench, const struct row *row, struct measure *measure)
{
	size_t count = bench->quick ? 10 : 300;
	int ret = 0;

	(void)row;
	if (!tracing_begin())
		return ROW_NEEDS_TRACING;
	for (size_t i = 0; !ret && i < count; i++)
		ret = bind_once(bench, measure);
	tracing_end();
	return ret;
}
