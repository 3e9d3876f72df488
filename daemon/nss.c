// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nss.c - the services that nsswitch.conf has for users and groups
 */
#include <stdio.h>

#include "nss.h"

#define NSLCD_SOCKET "/run/nslcd/socket"

/* They read files, or ask PID 1's own, which knows no accounts of people by itself */
static bool service_is_there(const char *service)
{
	static const char *const there[] = {
		"files", "compat", "db", "altfiles", "extrausers", "systemd", "mymachines",
	};

	for (size_t i = 0; i < ARRAY_SIZE(there); i++) {
		if (!strcmp(service, there[i]))
			return true;
	}
	return false;
}

static bool service_is_local(const char *service)
{
	/* two modules are named ldap: one asks nslcd, the other the server */
	return service_is_there(service) || !strcmp(service, "cache") ||
	       !strcmp(service, "sss") || !strcmp(service, "winbind") ||
	       (!strcmp(service, "ldap") && !access(NSLCD_SOCKET, F_OK));
}

static bool is_about_people(const char *database)
{
	return !strcmp(database, "passwd") || !strcmp(database, "group") ||
	       !strcmp(database, "initgroups");
}

/* "database: service [STATUS=action] service # comment": the first that is not @known */
static bool line_has_other(char *line, bool (*known)(const char *service),
			   char name[NSS_NAME_LEN])
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
		if (known(service))
			continue;
		name_copy(name, service, NSS_NAME_LEN);
		return true;
	}
	return false;
}

/* Without the file glibc looks into /etc/passwd and /etc/group */
static bool file_has_other(const char *path, bool (*known)(const char *service),
			   char name[NSS_NAME_LEN])
{
	FILE *file = fopen(path, "re");
	char line[512];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = line_has_other(line, known, name);
	if (file)
		fclose(file);
	return found;
}

bool nss_forbidden(const char *path, char name[NSS_NAME_LEN])
{
	return file_has_other(path, service_is_local, name);
}

bool nss_may_be_away(const char *path)
{
	char name[NSS_NAME_LEN];

	return file_has_other(path, service_is_there, name);
}
