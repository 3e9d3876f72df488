// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * qemu.c - find in the running QEMU what the device uses of it
 *
 * The stock binary exports its symbols for its own modules.  What can be checked is
 * checked here and not assumed; what is not as expected ends QEMU with words and a
 * status of its own, so that the rig says "not run" instead of crashing in a guest.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/vm/device/qemu.h"

struct qemu qemu;

_Noreturn void qemu_refuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("sva-accel: this QEMU is not one that the device understands: ", stderr);
	vfprintf(stderr, format, args);
	fprintf(stderr, " (it was made for QEMU %d.%d; tests/vm/setup --refresh gets that of the suite)\n",
		QEMU_MAJOR, QEMU_MINOR);
	va_end(args);
	_exit(QEMU_NOT_UNDERSTOOD);
}

static void *symbol(const char *name)
{
	void *found = dlsym(RTLD_DEFAULT, name);

	if (!found)
		qemu_refuse("it has no symbol %s", name);
	return found;
}

static const void *binary_base(const void *address)
{
	Dl_info info;

	return dladdr(address, &info) ? info.dli_fbase : NULL;
}

bool qemu_is_code(const void *function)
{
	return function && binary_base(function) ==
	       binary_base((const void *)(uintptr_t)qemu.type_register_static);
}

static size_t symbol_size(const void *address)
{
	const ElfW(Sym) *entry = NULL;
	Dl_info info;

	if (!dladdr1(address, &info, (void **)&entry, RTLD_DL_SYMENT) || !entry)
		return 0;
	return entry->st_size;
}

/* Two of QEMU's own, which differ in their byte order only, tell the layout */
static void check_region_ops(void)
{
	const struct MemoryRegionOps *little = symbol("pci_host_conf_le_ops");
	const struct MemoryRegionOps *big = symbol("pci_host_conf_be_ops");
	bool good = symbol_size(little) == sizeof(*little);

	good = good && qemu_is_code((const void *)(uintptr_t)little->read) &&
	       little->read == big->read && little->write == big->write &&
	       !little->read_with_attrs && !little->write_with_attrs &&
	       little->endianness != big->endianness;
	if (!good)
		qemu_refuse("its MemoryRegionOps, of %zu bytes, is not that of %zu",
			    symbol_size(little), sizeof(*little));
	qemu.little_endian = little->endianness;
}

static void check_version(void)
{
	const struct VersionInfo *version = qemu.qmp_query_version(NULL);

	if (version->qemu->major == QEMU_MAJOR && version->qemu->minor == QEMU_MINOR)
		return;
	qemu_refuse("its version is %d.%d.%d", (int)version->qemu->major,
		    (int)version->qemu->minor, (int)version->qemu->micro);
}

#define QEMU_LOOK_UP(type, name, parameters) qemu.name = symbol(#name);

void qemu_find(void)
{
	qemu.qmp_query_version = symbol("qmp_query_version");
	check_version();
	QEMU_FUNCTIONS(QEMU_LOOK_UP)
	qemu.address_space_memory = symbol("address_space_memory");
	check_region_ops();
}
