// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cdi.c - svactl cdi: the specification by which container engines let containers ask
 * svad (CDI 0.5.0, as Debian 12's podman takes it), written and checked
 *
 * What goes into a container is svad's socket, the library, and a variable that says
 * where the socket is.  No device node: a process with one would go around policy (R12).
 */
#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "finding.h"
#include "sva.h"
#include "svactl.h"
#include "text.h"

#define CDI_VERSION	"0.5.0"
#define CDI_KIND	"sva/context"
#define LIBRARY		"libsva.so.0"
#define INSIDE		"/run/svad"	/* the folder of the socket, in a container */

/* The places where the dynamic linkers of Debian's and Fedora's families both look */
static const char *const library_places[] = { "/usr/lib/" LIBRARY, "/usr/lib64/" LIBRARY };

static const char *socket_path(const struct svactl *svactl)
{
	return svactl->socket ? svactl->socket : SVA_SOCKET_PATH;
}

/* Its folder, so that the socket may be made anew; NULL if that is not svad's alone */
static char *socket_folder(const char *socket)
{
	const char *name = strrchr(socket, '/');
	struct stat status;
	char *folder;

	if (*socket != '/' || !name || name - socket < 2 || !memchr(socket + 1, '/', name - socket - 1))
		return NULL;
	folder = text_format("%.*s", (int)(name - socket), socket);
	if (stat(folder, &status) || !S_ISDIR(status.st_mode) || (status.st_mode & 0022)) {
		free(folder);
		return NULL;
	}
	return folder;
}

/* The file that programs of this machine would load */
static char *library_path(void)
{
	void *library = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
	struct link_map *map;
	char *path = NULL;

	if (!library)
		return NULL;
	if (!dlinfo(library, RTLD_DI_LINKMAP, &map))
		path = realpath(map->l_name, NULL);
	dlclose(library);
	return path;
}

/* ---------------------------------------------------------------- writing */

static json_t *mount_json(const char *from, const char *to)
{
	return json_pack("{s:s, s:s, s:s, s:[s, s, s, s]}", "hostPath", from, "containerPath", to,
			 "type", "bind", "options", "ro", "nosuid", "nodev", "bind");
}

static json_t *edits_json(const char *folder, const char *socket, const char *library)
{
	json_t *mounts = json_pack("[o]", mount_json(folder, INSIDE));
	char *variable = text_format("SVA_SOCKET=" INSIDE "%s", strrchr(socket, '/'));
	json_t *edits;

	for (size_t i = 0; library && i < sizeof(library_places) / sizeof(*library_places); i++)
		json_array_append_new(mounts, mount_json(library, library_places[i]));
	edits = json_pack("{s:[s], s:o}", "env", variable, "mounts", mounts);
	free(variable);
	return edits;
}

static json_t *spec_json(const char *folder, const char *socket, const char *library)
{
	return json_pack("{s:s, s:s, s:[{s:s, s:o}, {s:s, s:o}]}",
			 "cdiVersion", CDI_VERSION, "kind", CDI_KIND, "devices",
			 "name", "all", "containerEdits", edits_json(folder, socket, library),
			 "name", "socket", "containerEdits", edits_json(folder, socket, NULL));
}

int svactl_cdi_write(const struct svactl *svactl)
{
	const char *socket = socket_path(svactl);
	char *folder = socket_folder(socket), *library = library_path();
	int status = SVACTL_FAILED;

	if (!folder)
		fprintf(stderr, "svactl cdi: the folder of %s is not there, or is not svad's alone, and containers would see all of it; start svad.socket, or give svad's socket with --socket\n",
			socket);
	else if (!library)
		fprintf(stderr, "svactl cdi: the dynamic linker does not find " LIBRARY "; install it and run ldconfig\n");
	else
		status = svactl_print_json(spec_json(folder, socket, library), SVACTL_OK);
	free(folder);
	free(library);
	return status;
}

/* --------------------------------------------------------------- checking */

#define PROBLEM(findings, subject, what, why, remedy) \
	finding_problem(findings, "cdi", subject, what, text_format("%s", why), \
			text_format("%s", remedy))
#define WRITE_ANEW "write the file anew with svactl cdi write"

static void check_version(struct findings *findings, const json_t *spec)
{
	const char *version = json_string_value(json_object_get(spec, "cdiVersion"));
	const char *kind = json_string_value(json_object_get(spec, "kind"));

	if (!version || strcmp(version, CDI_VERSION))
		PROBLEM(findings, "version", text_format("cdiVersion is %s", version ? version : "missing"),
			"container engines of Debian 12 take up to " CDI_VERSION, WRITE_ANEW);
	else
		finding_ok(findings, "cdi", "version", text_format("%s", version));
	if (!kind || strcmp(kind, CDI_KIND))
		PROBLEM(findings, "kind", text_format("kind is %s", kind ? kind : "missing"),
			"it is not this service's, which is " CDI_KIND, WRITE_ANEW);
}

static bool path_is_good(const json_t *mount, const char **host)
{
	const char *inside = json_string_value(json_object_get(mount, "containerPath"));

	*host = json_string_value(json_object_get(mount, "hostPath"));
	return *host && inside && **host == '/' && *inside == '/';
}

/* Is a place of svad's or the library's still there? */
static void check_mount(struct findings *findings, const char *name, const json_t *mount)
{
	struct stat status;
	const char *host;

	if (!path_is_good(mount, &host))
		PROBLEM(findings, name, text_format("a mount lacks hostPath or containerPath"),
			"an engine refuses the file, or mounts something else", WRITE_ANEW);
	else if (stat(host, &status))
		PROBLEM(findings, name, text_format("%s is not there", host),
			"a container that asks for the device does not start",
			"start svad.socket and see that libsva is installed, or " WRITE_ANEW);
	else if (!strncmp(host, "/dev/", 5) || S_ISCHR(status.st_mode))
		PROBLEM(findings, name, text_format("%s is mounted", host),
			"a container with a device node would go around svad's policy", WRITE_ANEW);
	else
		finding_ok(findings, "cdi", name, text_format("%s", host));
}

/* The variable, and a mount under which the socket that it names is */
static void check_socket(struct findings *findings, const char *name, const json_t *edits)
{
	const json_t *mounts = json_object_get(edits, "mounts"), *mount, *entry;
	const char *socket = NULL, *host, *inside;
	struct stat status;
	size_t i;

	for (i = 0; (entry = json_array_get(json_object_get(edits, "env"), i)); i++) {
		if (!strncmp(json_is_string(entry) ? json_string_value(entry) : "", "SVA_SOCKET=", 11))
			socket = json_string_value(entry) + 11;
	}
	for (i = 0; (mount = json_array_get(mounts, i)); i++) {
		char *path;
		bool found;

		if (!socket || !path_is_good(mount, &host))
			continue;
		inside = json_string_value(json_object_get(mount, "containerPath"));
		if (strncmp(socket, inside, strlen(inside)))
			continue;
		path = text_format("%s%s", host, socket + strlen(inside));
		found = !stat(path, &status) && S_ISSOCK(status.st_mode);
		free(path);
		if (found) {
			finding_ok(findings, "cdi", name, text_format("SVA_SOCKET=%s", socket));
			return;
		}
	}
	PROBLEM(findings, name, text_format("SVA_SOCKET is %s", socket ? socket : "not set"),
		"no mount brings svad's socket there", "start svad.socket, or " WRITE_ANEW);
}

static void check_edits(struct findings *findings, const char *name, const json_t *edits)
{
	const json_t *mounts = json_object_get(edits, "mounts");

	if (json_array_size(json_object_get(edits, "deviceNodes")))
		PROBLEM(findings, name, text_format("it has device nodes"),
			"a container with a device node would go around svad's policy", WRITE_ANEW);
	if (json_array_size(json_object_get(edits, "hooks")))
		PROBLEM(findings, name, text_format("it has hooks"),
			"programs would run as the engine's user for what needs none", WRITE_ANEW);
	for (size_t i = 0; i < json_array_size(mounts); i++)
		check_mount(findings, name, json_array_get(mounts, i));
}

static void check_devices(struct findings *findings, const json_t *spec)
{
	const json_t *devices = json_object_get(spec, "devices"), *device;
	const json_t *general = json_object_get(spec, "containerEdits");

	if (general)
		check_edits(findings, "containerEdits", general);
	if (!json_array_size(devices))
		PROBLEM(findings, "devices", text_format("there is none"),
			"a container has nothing to ask for", WRITE_ANEW);
	for (size_t i = 0; (device = json_array_get(devices, i)); i++) {
		const char *name = json_string_value(json_object_get(device, "name"));
		const json_t *edits = json_object_get(device, "containerEdits");

		if (!name || !json_object_size(edits)) {
			PROBLEM(findings, name ? name : "devices",
				text_format("a device lacks its name or its containerEdits"),
				"an engine refuses the whole file", WRITE_ANEW);
			continue;
		}
		check_edits(findings, name, edits);
		check_socket(findings, name, edits);
	}
}

int svactl_cdi_check(const struct svactl *svactl)
{
	const char *file = svactl->arguments[0];
	struct findings findings = { 0 };
	json_error_t error;
	json_t *spec = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
	int status;

	if (!json_is_object(spec)) {
		PROBLEM(&findings, "file", spec ? text_format("%s is no JSON object", file) :
			text_format("%s, line %d: %s", file, error.line, error.text),
			"it cannot be read as a specification", WRITE_ANEW);
	} else {
		check_version(&findings, spec);
		check_devices(&findings, spec);
	}
	json_decref(spec);
	status = findings_have_problem(&findings) ? SVACTL_FAILED : SVACTL_OK;
	if (svactl->json)
		status = svactl_print_json(findings_json(&findings), status);
	else
		findings_print(&findings, stdout, text_colours(stdout));
	findings_free(&findings);
	return fflush(stdout) ? SVACTL_FAILED : status;
}
