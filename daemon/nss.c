// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nss.c - the services that nsswitch.conf has for users and groups
 */
#include <stdio.h>

#include "nss.h"

#define NSLCD_SOCKET "/run/nslcd/socket"

static bool service_is_local(const char *service)
{
	static const char *const local[] = {
		"files", "compat", "db", "altfiles", "extrausers", "cache", "systemd",
		"mymachines", "sss", "winbind",
	};

	for (size_t i = 0; i < ARRAY_SIZE(local); i++) {
		if (!strcmp(service, local[i]))
			return true;
	}
	/* two modules have this name: one asks nslcd, the other the server */
	return !strcmp(service, "ldap") && !access(NSLCD_SOCKET, F_OK);
}

static bool is_about_people(const char *database)
{
	return !strcmp(database, "passwd") || !strcmp(database, "group") ||
	       !strcmp(database, "initgroups");
}

/* "database: service [STATUS=action] service # comment" */
static bool line_forbidden(char *line, char name[NSS_NAME_LEN])
{
	char *state = NULL, *database, *service;

	line[strcspn(line, "#\n")] = '\0';
	database = strtok_r(line, ": \t", &state);
	if (!database || !is_about_people(database))
		return false;
	while ((service = strtok_r(NULL, ": \t", &state))) {
		if (*service == '[') {
			while (service && !strchr(service, ']'))
				service = strtok_r(NULL, " \t", &state);
			if (!service)
				return false;
			continue;
		}
		if (service_is_local(service))
			continue;
		name_copy(name, service, NSS_NAME_LEN);
		return true;
	}
	return false;
}

/* Without the file glibc looks into /etc/passwd and /etc/group */
bool nss_forbidden(const char *path, char name[NSS_NAME_LEN])
{
	FILE *file = fopen(path, "re");
	char line[512];
	bool forbidden = false;

	while (file && !forbidden && fgets(line, sizeof(line), file))
		forbidden = line_forbidden(line, name);
	if (file)
		fclose(file);
	return forbidden;
}
