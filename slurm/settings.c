// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * settings.c - the plugin's arguments, read
 */
#include <string.h>

#include "settings.h"

#define IN_FILE "plugstack.conf: "

static bool devices_read(struct shares *devices, const char *text)
{
	for (;;) {
		size_t length = strcspn(text, ",");
		unsigned int before = devices->count;

		if (!shares_add(devices, text, length, 0) || devices->count == before)
			return false;
		if (!text[length])
			return true;
		text += length + 1;
	}
}

static bool setting_read(struct settings *settings, const char *name, size_t length,
			 const char *value)
{
#define IS(key) (length == strlen(key) && !memcmp(name, key, length))
	if (IS("gres"))
		return *(settings->gres = value) && !strpbrk(value, ":,()");
	if (IS("devices"))
		return devices_read(&settings->devices, value);
	if (IS("contexts"))
		return (settings->contexts = share_number(value, strlen(value)));
	if (IS("socket"))
		return *(settings->socket = value) == '/';
	if (IS("scope"))
		return *(settings->scope = value) == '/';
	if (IS("mount"))
		return *(settings->mount = value) == '/';
#undef IS
	return false;
}

bool settings_read(struct settings *settings, int argc, char **argv, struct refusal *why)
{
	*settings = (struct settings){ .gres = "sva", .contexts = 1, .mount = "/sys/fs/cgroup" };
	for (int i = 0; i < argc; i++) {
		const char *equals = strchr(argv[i], '=');

		if (!equals || !setting_read(settings, argv[i], (size_t)(equals - argv[i]), equals + 1))
			return refuse(why, IN_FILE "the sva plugin does not understand '%s'; it takes gres=NAME, devices=DEVICE,..., contexts=N, socket=/PATH, scope=/PATH and mount=/PATH",
				      argv[i]);
	}
	return true;
}
