// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgroup.c - /proc/PID/cgroup, and inode numbers of the cgroup2 hierarchy
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "cgroup.h"
#include "policy.h"

static int hierarchy_open(const char *path)
{
	autoclose int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs status;

	if (fd < 0 || fstatfs(fd, &status) || status.f_type != CGROUP2_SUPER_MAGIC)
		return -1;
	return fd_take(&fd);
}

void cgroups_open(struct cgroups *cgroups)
{
	cgroups->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	cgroups->mount = hierarchy_open("/sys/fs/cgroup");
	/* beside hierarchies of version 1 */
	if (cgroups->mount < 0)
		cgroups->mount = hierarchy_open("/sys/fs/cgroup/unified");
}

void cgroups_close(struct cgroups *cgroups)
{
	fd_close(&cgroups->proc);
	fd_close(&cgroups->mount);
}

/* The file in one go; hierarchies of version 1 have lines of their own in it */
static ssize_t cgroup_file_read(const struct cgroups *cgroups, pid_t pid, char *text, size_t size)
{
	char name[32];
	autoclose int fd = -1;
	ssize_t got, length = 0;

	snprintf(name, sizeof(name), "%d/cgroup", (int)pid);
	fd = openat(cgroups->proc, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	do {
		got = read(fd, text + length, size - 1 - (size_t)length);
		if (got < 0)
			return -errno;
		length += got;
	} while (got && (size_t)length < size - 1);
	text[length] = '\0';
	return length;
}

int cgroup_of(const struct cgroups *cgroups, pid_t pid, char *path, size_t size)
{
	static char text[4 * CGROUP_PATH_MAX];
	ssize_t length = cgroup_file_read(cgroups, pid, text, sizeof(text));
	const char *line;
	size_t end;

	if (length < 0)
		return (int)length;
	line = !strncmp(text, "0::", 3) ? text : strstr(text, "\n0::");
	if (!line)
		return -ENOENT;
	line = strchr(line, '/');
	end = line ? strcspn(line, "\n") : 0;
	/* "/..": outside of what svad's own cgroup namespace shows */
	if (!end || line[end] != '\n' || end >= size || !strncmp(line, "/..", 3))
		return -ENOENT;
	name_copy(path, line, end + 1);
	return 0;
}

/*
 * As the kernel writes a path, or "/".  Another one is that of no process, and may
 * lead anywhere: what follows "//" is absolute (R10).
 */
static bool path_is_canonical(const char *path)
{
	size_t length = 0;

	if (*path != '/' || !path[1])
		return *path == '/';
	for (; *path; path += length) {
		length = strcspn(++path, "/");
		if (!length || length > NAME_MAX ||
		    (length <= 2 && !strncmp(path, "..", length)))
			return false;
	}
	return true;
}

int cgroup_id(const struct cgroups *cgroups, const char *path, size_t length, uint64_t *id)
{
	char part[CGROUP_PATH_MAX];
	struct stat status;

	*id = 0;
	if (length >= sizeof(part))
		return -ENOENT;
	name_copy(part, path, length + 1);
	if (!path_is_canonical(part))
		return -ENOENT;
	if (fstatat(cgroups->mount, length == 1 ? "." : part + 1, &status, AT_SYMLINK_NOFOLLOW))
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (!S_ISDIR(status.st_mode))
		return -ENOENT;
	*id = status.st_ino;
	return 0;
}
