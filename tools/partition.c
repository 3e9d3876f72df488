// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * partition.c - svactl partition create, remove and list, through sysfs
 *
 * svad has no part in this, and no right to it (R12): partitions are made by root
 * through the attributes that docs/ABI/sysfs-class-sva describes.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sva.h"
#include "svactl.h"
#include "text.h"

#define CLASS "/sys/class/sva"

/* ------------------------------------------------------------------- files */

/* The line without its end, safe to print; false: it cannot be read */
static bool line_read(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool good = file && fgets(line, (int)size, file);

	if (file)
		fclose(file);
	if (!good)
		return false;
	line[strcspn(line, "\n")] = '\0';
	text_make_safe(line);
	return true;
}

static int line_write(const char *path, const char *line)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = write(fd, line, strlen(line)) < 0 ? -errno : 0;
	close(fd);
	return ret;
}

/* Devices are named by one word; a path would lead elsewhere */
static bool is_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) < SVA_NAME_LEN;
}

static char *attribute_path(const struct svactl *svactl, const char *device, const char *name)
{
	return text_format("%s" CLASS "/%s/%s", svactl->root, device, name);
}

static bool attribute_read(const struct svactl *svactl, const char *device, const char *name,
			   char *line, size_t size)
{
	char *path = attribute_path(svactl, device, name);
	bool good = line_read(path, line, size);

	free(path);
	return good;
}

static bool device_is_there(const struct svactl *svactl, const char *device)
{
	char *path;
	bool there;

	if (!is_name(device))
		return false;
	path = attribute_path(svactl, device, "viable");
	there = !access(path, F_OK);
	free(path);
	return there;
}

static int select_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* ------------------------------------------------------------------ create */

static bool is_uuid(const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
			return false;
	}
	return length == 36;
}

/* The type that was named, or the only one; the caller frees it.  NULL with *count */
static char *type_choose(const struct svactl *svactl, int *count)
{
	char *path = attribute_path(svactl, svactl->device, "types"), *type = NULL;
	struct dirent **entries;

	*count = scandir(path, &entries, select_name, alphasort);
	free(path);
	for (int i = 0; i < *count; i++) {
		const char *name = entries[i]->d_name;

		if (svactl->type ? !strcmp(svactl->type, name) : *count == 1)
			type = text_format("%s", name);
		free(entries[i]);
	}
	if (*count >= 0)
		free(entries);
	return type;
}

/* What the kernel's errno means here (docs/ABI/sysfs-class-sva) */
static uint32_t create_reason(int error)
{
	switch (-error) {
	case EACCES:
	case EPERM:
		return SVA_REASON_NOT_ROOT;
	case EEXIST:
		return SVA_REASON_PARTITION_EXISTS;
	case ENOSPC:
		return SVA_REASON_PARTITION_TOO_LARGE;
	case EOPNOTSUPP:
		return SVA_REASON_PARTITION_OF_PARTITION;
	case ENODEV:
	case ENOENT:
		return SVA_REASON_DEVICE_GONE;
	default:
		return SVA_REASON_SYSTEM;
	}
}

static int create(const struct svactl *svactl, const char *type, const char *uuid)
{
	char *path = text_format("%s" CLASS "/%s/types/%s/create", svactl->root, svactl->device,
				 type);
	char *line = svactl->contexts ? text_format("%s %u", uuid, svactl->contexts) :
					text_format("%s", uuid);
	int ret = line_write(path, line);

	free(line);
	free(path);
	return ret;
}

static int create_say(const struct svactl *svactl, const char *uuid)
{
	if (svactl->json)
		return svactl_print_json(json_pack("{s:s}", "partition", uuid), SVACTL_OK);
	printf("%s\n", uuid);
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}

int svactl_partition_create(const struct svactl *svactl)
{
	char uuid[64], *path, *type;
	int ret = 0, types;

	if (svactl->arguments[1] && !is_uuid(svactl->arguments[1]))
		return svactl_misused(svactl, "its name is a UUID; leave it out for a random one");
	if (!device_is_there(svactl, svactl->device))
		return svactl_refused(svactl, -ENOENT, SVA_REASON_NO_SUCH_DEVICE);
	path = text_format("%s/proc/sys/kernel/random/uuid", svactl->root);
	if (svactl->arguments[1])
		snprintf(uuid, sizeof(uuid), "%s", svactl->arguments[1]);
	else if (!line_read(path, uuid, sizeof(uuid)))
		ret = -errno;
	free(path);
	if (ret < 0)
		return svactl_refused(svactl, ret, SVA_REASON_SYSTEM);
	type = type_choose(svactl, &types);
	if (!type && !svactl->type && types > 1)
		return svactl_misused(svactl, "the device has several types; say which with --type");
	if (!type)
		return svactl_refused(svactl, -ENOENT, SVA_REASON_NO_SUCH_TYPE);
	ret = create(svactl, type, uuid);
	free(type);
	return ret < 0 ? svactl_refused(svactl, ret, create_reason(ret)) :
			 create_say(svactl, uuid);
}

/* ------------------------------------------------------------------ remove */

static uint32_t remove_reason(int error)
{
	switch (-error) {
	case EACCES:
	case EPERM:
		return SVA_REASON_NOT_ROOT;
	case EBUSY:
		return SVA_REASON_PARTITION_BUSY;
	case ENODEV:
	case ENOENT:
		return SVA_REASON_DEVICE_GONE;
	default:
		return SVA_REASON_SYSTEM;
	}
}

static bool is_partition(const struct svactl *svactl, const char *device)
{
	char line[SVA_NAME_LEN + 1];

	return attribute_read(svactl, device, "partition_of", line, sizeof(line));
}

int svactl_partition_remove(const struct svactl *svactl)
{
	char *path;
	int ret;

	if (!device_is_there(svactl, svactl->device))
		return svactl_refused(svactl, -ENOENT, SVA_REASON_NO_SUCH_DEVICE);
	if (!is_partition(svactl, svactl->device))
		return svactl_refused(svactl, -EINVAL, SVA_REASON_NO_PARTITION);
	path = attribute_path(svactl, svactl->device, "remove");
	ret = line_write(path, svactl->force ? "force" : "1");
	free(path);
	if (ret < 0)
		return svactl_refused(svactl, ret, remove_reason(ret));
	if (svactl->json)
		return svactl_print_json(json_pack("{s:b}", "ok", true), SVACTL_OK);
	puts("it is gone");
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}

/* -------------------------------------------------------------------- list */

/**
 * struct partition - as sysfs shows it; numbers as they stand there
 */
struct partition {
	char device[SVA_NAME_LEN + 1];
	char type[SVA_NAME_LEN];
	char contexts[16];
	char available[16];
	char quarantined[16];
};

static void type_read(const struct svactl *svactl, const char *name, struct partition *partition)
{
	char *path = attribute_path(svactl, name, "types"), *available;
	struct dirent **entries;
	int count = scandir(path, &entries, select_name, alphasort);

	for (int i = 0; i < count; i++) {
		snprintf(partition->type, sizeof(partition->type), "%.*s", SVA_NAME_LEN - 1,
			 entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	available = text_format("%s/%s/available_instances", path, partition->type);
	line_read(available, partition->available, sizeof(partition->available));
	free(available);
	free(path);
}

/* false: it is none, or gone, or of another device than was asked for */
static bool partition_read(const struct svactl *svactl, const char *name,
			   struct partition *partition)
{
	*partition = (struct partition){ .available = "0" };
	if (!attribute_read(svactl, name, "partition_of", partition->device,
			    sizeof(partition->device)) ||
	    !attribute_read(svactl, name, "contexts", partition->contexts,
			    sizeof(partition->contexts)) ||
	    !attribute_read(svactl, name, "quarantined", partition->quarantined,
			    sizeof(partition->quarantined)))
		return false;
	type_read(svactl, name, partition);
	return !svactl->device || !strcmp(svactl->device, partition->device);
}

static json_int_t number_of(const char *text)
{
	return (json_int_t)strtoll(text, NULL, 10);
}

static json_t *partition_json(const char *name, const struct partition *partition)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "name", name,
			 "device", partition->device, "type", partition->type,
			 "contexts", number_of(partition->contexts),
			 "available", number_of(partition->available),
			 "quarantined", number_of(partition->quarantined));
}

static void row_add(struct table *table, const char *name, const struct partition *partition)
{
	table_add(table, text_format("%s", name));
	table_add(table, text_format("%s", partition->device));
	table_add(table, text_format("%s", partition->type));
	table_add(table, text_format("%s", partition->contexts));
	table_add(table, text_format("%s", partition->available));
	table_add(table, text_format("%s", partition->quarantined));
}

static int list_print(const struct svactl *svactl, struct dirent **entries, int count)
{
	static const char *const titles[] = {
		"PARTITION", "DEVICE", "TYPE", ">CONTEXTS", ">AVAILABLE", ">QUARANTINED", NULL,
	};
	json_t *array = json_array();
	struct partition partition;
	struct table table;

	table_init(&table, titles);
	for (int i = 0; i < count; i++) {
		text_make_safe(entries[i]->d_name);
		if (!partition_read(svactl, entries[i]->d_name, &partition))
			continue;
		json_array_append_new(array, partition_json(entries[i]->d_name, &partition));
		row_add(&table, entries[i]->d_name, &partition);
	}
	if (!svactl->json)
		table_print(&table, stdout);
	table_free(&table);
	if (svactl->json)
		return svactl_print_json(json_pack("{s:o}", "partitions", array), SVACTL_OK);
	json_decref(array);
	return fflush(stdout) ? SVACTL_FAILED : SVACTL_OK;
}

int svactl_partition_list(const struct svactl *svactl)
{
	char *path = text_format("%s" CLASS, svactl->root);
	struct dirent **entries = NULL;
	int count, ret;

	if (svactl->device && !device_is_there(svactl, svactl->device)) {
		free(path);
		return svactl_refused(svactl, -ENOENT, SVA_REASON_NO_SUCH_DEVICE);
	}
	count = scandir(path, &entries, select_name, alphasort);
	free(path);
	ret = count < 0 ? svactl_refused(svactl, -ENODEV, SVA_REASON_NO_MODULE) :
			  list_print(svactl, entries, count);
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
	return ret;
}
