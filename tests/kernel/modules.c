// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * modules.c - modules, drivers and sysfs for the tests, see modules.h
 */
#include "modules.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "process.h"

#define PLATFORM "/sys/bus/platform"

int module_load(const char *name, const char *parameters)
{
	const char *folder = getenv("SVA_TEST_MODULES");
	char path[256];
	int fd, result;

	snprintf(path, sizeof(path), "%s/%s.ko", folder ? folder : "/usr/lib/modules/sva", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	result = syscall(SYS_finit_module, fd, parameters, 0) < 0 ? -errno : 0;
	close(fd);
	return result;
}

int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) < 0 ? -errno : 0;
}

bool module_is_unloaded(void *name)
{
	int result = module_unload(name);

	return result == 0 || result == -ENOENT;
}

static bool node_is_there(void *arg)
{
	char path[64];

	(void)arg;
	snprintf(path, sizeof(path), "/dev/sva/%s", device_name());
	return attribute_read("contexts") == 0 && access(path, F_OK) == 0;
}

const char *provider_module(void)
{
	return device_is("pci") ? "sva_pci" : "sva_soft";
}

void provider_reload(const char *parameters)
{
	const char *module = provider_module();
	int result;

	CHECK(wait_until(module_is_unloaded, (char *)module, PATIENCE_MS), "%s stays loaded", module);
	result = module_load(module, parameters);
	CHECK(result == 0, "%s %s: %s", module, parameters, strerror(-result));
	CHECK(wait_until(node_is_there, NULL, PATIENCE_MS), "the device did not come");
}

void sva_test_load(void)
{
	int result = module_load("sva_test", "");

	CHECK(result == 0 || result == -EEXIST, "sva_test: %s", strerror(-result));
}

bool text_read(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, text, size - 1);
	close(fd);
	if (n < 0)
		return false;
	text[n] = '\0';
	if (n && text[n - 1] == '\n')
		text[n - 1] = '\0';
	return true;
}

int text_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), result;

	if (fd < 0)
		return -errno;
	result = write(fd, text, strlen(text)) < 0 ? -errno : 0;
	close(fd);
	return result;
}

int driver_bind(const char *driver, const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), PLATFORM "/drivers/%s/bind", driver);
	return text_write(path, device);
}

int driver_unbind(const char *driver, const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), PLATFORM "/drivers/%s/unbind", driver);
	return text_write(path, device);
}

void driver_override(const char *device, const char *driver)
{
	char path[128], line[64];
	int result;

	snprintf(path, sizeof(path), PLATFORM "/devices/%s/driver_override", device);
	snprintf(line, sizeof(line), "%s\n", driver);
	result = text_write(path, line);
	CHECK(result == 0, "driver_override of %s: %s", device, strerror(-result));
}

/* ---------------------------------------------- as the program found it */

static pid_t program;

/* Unless the parameters are the defaults, which are all that has no groups */
static bool soft_is_changed(void)
{
	char text[256];

	return text_read("/sys/module/sva_soft/parameters/devices", text, sizeof(text)) &&
	       (strcmp(text, "1") != 0 ||
		(text_read("/sys/module/sva_soft/parameters/page_requests", text, sizeof(text)) &&
		 strcmp(text, "Y") != 0));
}

static void restore(void)
{
	/* an ordinary user's program has loaded none, and may unload none */
	if (getpid() != program || geteuid())
		return;
	wait_until(module_is_unloaded, "sva_test", PATIENCE_MS);
	wait_until(module_is_unloaded, "sva_test_provider", PATIENCE_MS);
	wait_until(module_is_unloaded, "sva_example", PATIENCE_MS);
	if (soft_is_changed() && wait_until(module_is_unloaded, "sva_soft", PATIENCE_MS))
		module_load("sva_soft", "");
}

__attribute__((constructor)) static void plan_to_restore(int argc, char **argv)
{
	if (argc > 1 && argv[1] && (!strcmp(argv[1], "--helper") || !strcmp(argv[1], "--list")))
		return;
	program = getpid();
	atexit(restore);
}
