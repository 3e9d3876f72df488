/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * modules.h - tests that load modules, and that give devices to other drivers
 */
#ifndef TESTS_KERNEL_MODULES_H
#define TESTS_KERNEL_MODULES_H

#include <stdbool.h>
#include <stddef.h>

/* From $SVA_TEST_MODULES, or where the rig keeps them; 0 or -errno */
int module_load(const char *name, const char *parameters);
int module_unload(const char *name);
/* For wait_until(): the last references may go a moment after the last process */
bool module_is_unloaded(void *name);

/*
 * The device's module, sva_soft or sva_pci.  Loaded anew with other parameters: when the
 * program ends, the defaults are back, and the modules for tests are unloaded.
 */
const char *provider_module(void);
void provider_reload(const char *parameters);
/* sva_test.ko, unless it is there */
void sva_test_load(void);

/* Text files, as in sysfs; without the newline at the end */
bool text_read(const char *path, char *text, size_t size);
/* 0 or -errno */
int text_write(const char *path, const char *text);

/* Platform devices and their drivers; 0 or -errno */
int driver_bind(const char *driver, const char *device);
int driver_unbind(const char *driver, const char *device);
/* The only driver that may bind it; "": any */
void driver_override(const char *device, const char *driver);

#endif /* TESTS_KERNEL_MODULES_H */
