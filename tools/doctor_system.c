// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * doctor_system.c - what the kernel's files say, with nobody's help
 */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "doctor.h"
#include "sva.h"
#include "text.h"

/* Younger than the C libraries that we build with */
#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

/* ----------------------------------------------------------------- files */

/* How many bytes the file has, or -1; *text is terminated and ends before a newline */
static ssize_t file_read(const struct doctor *doctor, const char *path, char *text, size_t size)
{
	char full[PATH_MAX];
	ssize_t length;
	FILE *file;

	*text = '\0';
	snprintf(full, sizeof(full), "%s%s", doctor->root, path);
	file = fopen(full, "re");
	if (!file)
		return -1;
	length = (ssize_t)fread(text, 1, size - 1, file);
	fclose(file);
	text[length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return length;
}

static bool file_exists(const struct doctor *doctor, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", doctor->root, path);
	return access(full, F_OK) == 0;
}

/* The entries of a folder but . and .., sorted; the caller frees each and the list */
static int folder_list(const struct doctor *doctor, const char *path, struct dirent ***entries)
{
	char full[PATH_MAX];
	int count, kept = 0;

	*entries = NULL;
	snprintf(full, sizeof(full), "%s%s", doctor->root, path);
	count = scandir(full, entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		if ((*entries)[i]->d_name[0] == '.')
			free((*entries)[i]);
		else
			(*entries)[kept++] = (*entries)[i];
	}
	return kept;
}

static void folder_free(struct dirent **entries, int count)
{
	for (int i = 0; i < count; i++)
		free(entries[i]);
	free(entries);
}

/* ---------------------------------------------------------------- kernel */

static bool is_x86(const char *arch)
{
	return !strcmp(arch, "x86_64") || (arch[0] == 'i' && strstr(arch, "86"));
}

/* CVE-2025-71089: the kernel's page tables are freed safely from here on */
static bool x86_sva_works(const char *release)
{
	unsigned int major = 0, minor = 0, patch = 0;

	sscanf(release, "%u.%u.%u", &major, &minor, &patch);
	if (major != 6)
		return major > 6;
	return minor > 18 || (minor == 18 && patch >= 7);
}

static void check_kernel(struct doctor *doctor)
{
	char release[128], arch[128];
	struct utsname name = { 0 };

	uname(&name);
	if (file_read(doctor, "/proc/sys/kernel/osrelease", release, sizeof(release)) < 0)
		snprintf(release, sizeof(release), "%s", name.release);
	if (file_read(doctor, "/proc/sys/kernel/arch", arch, sizeof(arch)) < 0)
		snprintf(arch, sizeof(arch), "%s", name.machine);

	if (is_x86(arch) && !x86_sva_works(release))
		finding_reason(&doctor->findings, "kernel", NULL,
			       text_format("Linux %s on %s shares no page tables with devices",
					   release, arch), SVA_REASON_X86_SVA_DISABLED);
	else
		finding_ok(&doctor->findings, "kernel", NULL,
			   text_format("Linux %s on %s can share page tables with devices",
				       release, arch));
}

bool doctor_peerpidfd(void)
{
	int fds[2], pidfd = -1;
	socklen_t size = sizeof(pidfd);
	bool known;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return false;
	known = getsockopt(fds[0], SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0;
	if (known)
		close(pidfd);
	close(fds[0]);
	close(fds[1]);
	return known;
}

static void check_peerpidfd(struct doctor *doctor)
{
	if (doctor->peerpidfd())
		finding_ok(&doctor->findings, "identity", NULL,
			   text_format("the kernel tells svad for certain who is asking"));
	else
		finding_reason(&doctor->findings, "identity", NULL,
			       text_format("svad cannot know who is asking, and refuses"),
			       SVA_REASON_NO_PEERPIDFD);
}

/* ----------------------------------------------------------------- iommu */

static const char *iommu_off_option(const struct doctor *doctor)
{
	static const char *const options[] = {
		"intel_iommu=off", "amd_iommu=off", "iommu=off",
	};
	char line[4096];

	file_read(doctor, "/proc/cmdline", line, sizeof(line));
	for (char *save = NULL, *word = strtok_r(line, " ", &save); word;
	     word = strtok_r(NULL, " ", &save)) {
		for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
			if (!strcmp(word, options[i]))
				return options[i];
		}
	}
	return NULL;
}

/* ACPI's tables of Intel's IOMMUs, and of AMD's */
static bool firmware_has_iommu(const struct doctor *doctor)
{
	return file_exists(doctor, "/sys/firmware/acpi/tables/DMAR") ||
	       file_exists(doctor, "/sys/firmware/acpi/tables/IVRS");
}

static void check_iommu(struct doctor *doctor)
{
	struct dirent **entries;
	const char *off = iommu_off_option(doctor);
	int count = folder_list(doctor, "/sys/class/iommu", &entries);

	if (count > 0)
		finding_ok(&doctor->findings, "iommu", NULL,
			   text_format("%d in use, the first is %s", count, entries[0]->d_name));
	else if (!off && firmware_has_iommu(doctor))
		finding_reason(&doctor->findings, "iommu", NULL,
			       text_format("no IOMMU is in use, and the firmware tells of one"),
			       SVA_REASON_IOMMU_OFF);
	else if (off)
		finding_problem(&doctor->findings, "iommu", NULL,
				text_format("no IOMMU is in use"),
				text_format("the kernel was started with %s", off),
				text_format("take it off the kernel command line, or load "
					    "sva_softiommu and sva_soft for a device in software"));
	else
		finding_problem(&doctor->findings, "iommu", NULL,
				text_format("no IOMMU is in use"),
				text_format("the machine has none, or it is off in the firmware or "
					    "on the kernel command line (/sys/class/iommu is empty)"),
				text_format("turn it on (Intel: VT-d in the firmware, and "
					    "intel_iommu=on,sm_on), or load sva_softiommu and "
					    "sva_soft for a device in software"));
	folder_free(entries, count);
}

/* --------------------------------------------------------------- modules */

/* "none [integrity] confidentiality": the one in brackets, "" if there is none */
static void lockdown_mode(const struct doctor *doctor, char *mode, size_t size)
{
	char text[128], *open, *close;

	*mode = '\0';
	file_read(doctor, "/sys/kernel/security/lockdown", text, sizeof(text));
	open = strchr(text, '[');
	close = open ? strchr(open, ']') : NULL;
	if (!close)
		return;
	*close = '\0';
	if (strcmp(open + 1, "none"))
		snprintf(mode, size, "%s", open + 1);
}

static bool secure_boot(const struct doctor *doctor)
{
	char value[8];

	/* four bytes of attributes, then the value */
	return file_read(doctor, SECURE_BOOT, value, sizeof(value)) == 5 && value[4] == 1;
}

static bool signatures_enforced(const struct doctor *doctor)
{
	char value[8];

	return file_read(doctor, "/sys/module/module/parameters/sig_enforce", value,
			 sizeof(value)) > 0 && value[0] == 'Y';
}

/* Why the kernel takes only signed modules; NULL: it takes all */
static char *unsigned_modules_refused(const struct doctor *doctor)
{
	char mode[64];

	lockdown_mode(doctor, mode, sizeof(mode));
	if (*mode)
		return text_format("%s puts the kernel into lockdown mode %s, in which it loads "
				   "only signed modules",
				   secure_boot(doctor) ? "Secure Boot" : "something", mode);
	if (signatures_enforced(doctor))
		return text_format("this kernel loads only signed modules "
				   "(module.sig_enforce=1)%s", secure_boot(doctor) ?
				   ", and Secure Boot is on" : "");
	if (secure_boot(doctor) && !file_exists(doctor, "/sys/kernel/security/lockdown"))
		return text_format("Secure Boot is on, with which most kernels load only signed "
				   "modules");
	return NULL;
}

static void check_module(struct doctor *doctor)
{
	char version[64];
	char *refused;

	if (file_exists(doctor, "/sys/module/sva")) {
		file_read(doctor, "/sys/module/sva/version", version, sizeof(version));
		finding_ok(&doctor->findings, "module", NULL,
			   text_format("sva is loaded%s%s", *version ? ", version " : "", version));
		return;
	}
	refused = unsigned_modules_refused(doctor);
	if (refused)
		finding_problem(&doctor->findings, "module", NULL,
				text_format("sva is not loaded, and unsigned it cannot be"), refused,
				text_format("sign the sva modules with a key that this machine trusts "
					    "(mokutil --import), or turn Secure Boot off; then "
					    "modprobe sva"));
	else
		finding_problem(&doctor->findings, "module", NULL, text_format("sva is not loaded"),
				text_format("/sys/module/sva is not there"),
				text_format("modprobe sva; if that fails, the kernel log says why"));
}

/* --------------------------------------------------------------- devices */

static long attribute(const struct doctor *doctor, const char *device, const char *name)
{
	char path[PATH_MAX], text[32];

	snprintf(path, sizeof(path), "/sys/class/sva/%s/%s", device, name);
	return file_read(doctor, path, text, sizeof(text)) > 0 ? strtol(text, NULL, 10) : -1;
}

/* What sysfs knows; svad knows more, if it can be asked */
static void check_device(struct doctor *doctor, const char *name)
{
	long bits = attribute(doctor, name, "pasid_bits");
	long quarantined = attribute(doctor, name, "quarantined");
	long obstacle = attribute(doctor, name, "sva_reason");
	long faults = attribute(doctor, name, "fault_reason");

	if (attribute(doctor, name, "viable") == 0)
		finding_reason(&doctor->findings, "device", name,
			       text_format("no context can be created"), SVA_REASON_NOT_VIABLE);
	else if (obstacle > 0)
		finding_reason(&doctor->findings, "device", name,
			       text_format("nothing can be bound"), (uint32_t)obstacle);
	else if (faults > 0)
		finding_reason(&doctor->findings, "device", name,
			       text_format("its accesses cannot fault"), (uint32_t)faults);
	else
		finding_ok(&doctor->findings, "device", name,
			   text_format("registered, %ld PASID bits, %ld in quarantine",
				       bits < 0 ? 0 : bits, quarantined < 0 ? 0 : quarantined));
}

static void check_devices(struct doctor *doctor)
{
	struct dirent **entries;
	int count = folder_list(doctor, "/sys/class/sva", &entries), seen = 0;

	for (int i = 0; i < count; i++) {
		if (doctor->device && strcmp(doctor->device, entries[i]->d_name))
			continue;
		check_device(doctor, entries[i]->d_name);
		seen++;
	}
	if (!seen && doctor->device)
		finding_problem(&doctor->findings, "device", doctor->device,
				text_format("there is no such device"),
				text_format("no driver has registered it (/sys/class/sva)"),
				text_format("load its driver; svactl list shows the devices there are"));
	else if (!seen)
		finding_problem(&doctor->findings, "device", NULL, text_format("there is none"),
				text_format("no driver has registered one (/sys/class/sva is empty)"),
				text_format("load the driver of one: modprobe sva_soft for the "
					    "reference accelerator in software"));
	folder_free(entries, count);
}

void doctor_system(struct doctor *doctor)
{
	check_kernel(doctor);
	check_peerpidfd(doctor);
	check_iommu(doctor);
	check_module(doctor);
	check_devices(doctor);
}
