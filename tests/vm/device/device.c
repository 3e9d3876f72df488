// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * device.c - the device among QEMU's: its type, properties and capabilities
 *
 * Loaded before QEMU starts (tests/vm/run: ld.so --preload), it registers a PCIe device
 * "sva-accel" beside QEMU's own.  Where the functions of a PCI device class stand is
 * found in the classes of devices whose numbers are known.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/vm/device/device.h"
#include "tests/vm/device/pages.h"
#include "tests/vm/device/rogue.h"

#define CAP_EXPRESS	0x60	/* in the configuration space */
#define CAP_AER		0x100	/* the first of the extended ones has to be there */
#define CAP_ATS		0x150
#define CAP_PRI		0x160
#define CAP_PASID	0x170
#define AER_VERSION	2	/* hw/pci/pcie_regs.h */
#define AER_BYTES	0x48

#define CLASS_BYTES	2048	/* in which a PCI device's numbers are looked for */

static struct accel *accels;

static struct accel *accel_of(const void *object)
{
	struct accel *accel = accels;

	while (accel && (const void *)accel->object != object)
		accel = accel->next;
	return accel;
}

/* ------------------------------------------------------------ properties */

#define PROPERTY_BOOL(name)								\
	static bool name##_get(struct Object *object, struct Error **errp)		\
	{										\
		(void)errp;								\
		return accel_of(object)->name;						\
	}										\
	static void name##_set(struct Object *object, bool value, struct Error **errp)	\
	{										\
		(void)errp;								\
		accel_of(object)->name = value;						\
	}

PROPERTY_BOOL(ats)
PROPERTY_BOOL(pri)
PROPERTY_BOOL(pasid)
PROPERTY_BOOL(rogue)
PROPERTY_BOOL(coherent_walk)
PROPERTY_BOOL(flood)

static void properties_add(struct accel *accel, struct Object *object)
{
	const struct {
		const char *name;
		uint32_t *value, initial;
	} numbers[] = {
		{ "contexts", &accel->num_contexts, 128 },
		{ "pasid-bits", &accel->pasid_bits, 20 },
		{ "requests", &accel->requests_max, 2048 },
	};
	const struct {
		const char *name;
		bool (*get)(struct Object *, struct Error **);
		void (*set)(struct Object *, bool, struct Error **);
	} switches[] = {
		{ "ats", ats_get, ats_set },
		{ "pri", pri_get, pri_set },
		{ "pasid", pasid_get, pasid_set },
		{ "rogue", rogue_get, rogue_set },
		{ "coherent-walk", coherent_walk_get, coherent_walk_set },
		{ "flood", flood_get, flood_set },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		*numbers[i].value = numbers[i].initial;
		qemu.object_property_add_uint32_ptr(object, numbers[i].name, numbers[i].value,
						    OBJ_PROP_FLAG_READWRITE);
	}
	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		qemu.object_property_add_bool(object, switches[i].name, switches[i].get,
					      switches[i].set);
}

static void instance_init(struct Object *object)
{
	struct accel *accel = aligned_alloc(64, (sizeof(*accel) + 63) & ~63ul);

	if (!accel)
		abort();
	memset(accel, 0, sizeof(*accel));
	accel->object = object;
	accel->ats = accel->pri = accel->pasid = accel->rogue = accel->coherent_walk = true;
	accel->next = accels;
	accels = accel;
	properties_add(accel, object);
}

static void instance_finalize(struct Object *object)
{
	struct accel **at = &accels, *accel;

	while (*at && (*at)->object != object)
		at = &(*at)->next;
	accel = *at;
	if (!accel)
		return;
	*at = accel->next;
	/* QEMU frees its regions after this, in its own time */
}

/* --------------------------------------------------------------- realize */

static const char *properties_wrong(const struct accel *accel)
{
	if (!accel->num_contexts || accel->num_contexts > SVA_PCI_MAX_CONTEXTS)
		return "contexts is a number from 1 to 1024";
	if (!accel->pasid_bits || accel->pasid_bits > 20)
		return "pasid-bits is a number from 1 to 20";
	if (!accel->requests_max)
		return "requests, the pages asked for at once, is at least 1";
	return NULL;
}

static bool capabilities_add(struct accel *accel, struct PCIDevice *pci, struct Error **errp)
{
	uint32_t vectors = accel->num_contexts + 1;

	if (qemu.pcie_endpoint_cap_init(pci, CAP_EXPRESS) < 0) {
		qemu.error_setg_internal(errp, __FILE__, __LINE__, __func__,
					 "no room for the PCI Express capability");
		return false;
	}
	qemu.pcie_cap_deverr_init(pci);
	qemu.pcie_cap_flr_init(pci);
	if (qemu.pcie_aer_init(pci, AER_VERSION, CAP_AER, AER_BYTES, errp) < 0 ||
	    qemu.msix_init_exclusive_bar(pci, vectors, SVA_PCI_BAR_MSIX, errp))
		return false;
	for (uint32_t i = 0; i < vectors; i++)
		qemu.msix_vector_use(pci, i);
	if (accel->ats)
		qemu.pcie_ats_init(pci, CAP_ATS, true);
	if (accel->pri)
		qemu.pcie_pri_init(pci, CAP_PRI, accel->requests_max, true);
	if (accel->pasid)
		qemu.pcie_pasid_init(pci, CAP_PASID, (uint8_t)accel->pasid_bits, false, false);
	return true;
}

static void device_realize(struct PCIDevice *pci, struct Error **errp)
{
	struct accel *accel = accel_of(pci);
	const char *wrong = properties_wrong(accel);

	if (wrong) {
		qemu.error_setg_internal(errp, __FILE__, __LINE__, __func__, "%s: %s", DEVICE_TYPE,
					 wrong);
		return;
	}
	accel->pci = pci;
	if (!capabilities_add(accel, pci, errp))
		return;
	pages_init(accel);
	if (!rogue_init(accel) || !contexts_init(accel))
		abort();
	registers_init(accel, pci);
	overlay_init(accel);
	accel->realized = true;
}

static void device_exit(struct PCIDevice *pci)
{
	struct accel *accel = accel_of(pci);

	if (!accel->realized)
		return;
	accel->realized = false;
	accel->misbehave = SVA_PCI_MISBEHAVE_NONE;
	accel_reset(accel, true);
	contexts_exit(accel);
	rogue_exit(accel);
	/* until then the IOMMU tells of what is invalid, and each context is asked */
	pages_exit(accel);
	contexts_free(accel);
	qemu.msix_uninit_exclusive_bar(pci);
	qemu.pcie_aer_exit(pci);
	qemu.pcie_cap_exit(pci);
}

static void device_reset(struct Object *object)
{
	struct accel *accel = accel_of(object);

	if (accel && accel->realized)
		accel_reset(accel, true);
}

static uint32_t config_read(struct PCIDevice *pci, uint32_t addr, int len)
{
	return rogue_vanished(accel_of(pci)) ? UINT32_MAX : qemu.pci_default_read_config(pci, addr, len);
}

static void config_write(struct PCIDevice *pci, uint32_t addr, uint32_t val, int len)
{
	if (rogue_vanished(accel_of(pci)))
		return;
	qemu.pci_default_write_config(pci, addr, val, len);
	qemu.pcie_cap_flr_write_config(pci, addr, val, len);
	qemu.pcie_aer_write_config(pci, addr, val, len);
}

/* ----------------------------------------------------------------- class */

/* What stands in a PCIDeviceClass behind its DeviceClass (hw/pci/pci_device.h) */
struct pci_class {
	void (*realize)(struct PCIDevice *pci, struct Error **errp);
	void (*exit)(struct PCIDevice *pci);
	uint32_t (*config_read)(struct PCIDevice *pci, uint32_t addr, int len);
	void (*config_write)(struct PCIDevice *pci, uint32_t addr, uint32_t val, int len);
	uint16_t vendor_id, device_id;
	uint8_t revision;
	uint16_t class_id;
};

/* A device of QEMU's own whose numbers are known for ever */
struct known {
	const char *type;
	uint16_t vendor_id, device_id, class_id;
	bool has_config_write;
};

static bool is_class_of(const struct pci_class *at, const struct known *known)
{
	return at->vendor_id == known->vendor_id && at->device_id == known->device_id &&
	       at->class_id == known->class_id &&
	       qemu_is_code((const void *)(uintptr_t)at->realize) &&
	       qemu_is_code((const void *)(uintptr_t)at->exit) && !at->config_read &&
	       known->has_config_write == qemu_is_code((const void *)(uintptr_t)at->config_write);
}

static size_t class_offset(const struct known *known)
{
	const char *klass = (const char *)qemu.object_class_by_name(known->type);

	if (!klass)
		qemu_refuse("it has no device %s to compare with", known->type);
	for (size_t offset = 0; offset < CLASS_BYTES; offset += sizeof(void *))
		if (is_class_of((const struct pci_class *)(const void *)(klass + offset), known))
			return offset;
	qemu_refuse("the class of its device %s is not laid out as expected", known->type);
}

static struct pci_class *pci_class_of(struct ObjectClass *klass)
{
	static const struct known edu = { "edu", 0x1234, 0x11e8, 0x00ff, false };
	static const struct known port = { "pcie-root-port", 0x1b36, 0x000c, 0, true };
	size_t offset = class_offset(&edu);

	if (class_offset(&port) != offset)
		qemu_refuse("the classes of its devices edu and pcie-root-port are not laid out alike");
	return (struct pci_class *)(void *)((char *)klass + offset);
}

static void class_init(struct ObjectClass *klass, const void *data)
{
	struct pci_class *class = pci_class_of(klass);

	(void)data;
	class->realize = device_realize;
	class->exit = device_exit;
	class->config_read = config_read;
	class->config_write = config_write;
	class->vendor_id = SVA_PCI_VENDOR;
	class->device_id = SVA_PCI_DEVICE;
	class->revision = SVA_PCI_REVISION;
	class->class_id = SVA_PCI_CLASS;
	qemu.device_class_set_legacy_reset(klass, device_reset);
}

/* --------------------------------------------------------------- loading */

static void type_register(void)
{
	static const struct InterfaceInfo interfaces[] = { { "pci-express-device" }, { NULL } };
	static const struct TypeInfo info = {
		.name = DEVICE_TYPE,
		.parent = "pci-device",
		.instance_init = instance_init,
		.instance_finalize = instance_finalize,
		.class_init = class_init,
		.interfaces = interfaces,
	};

	qemu.type_register_static(&info);
}

/* While QEMU's own types are being registered; ours has to follow its parent's */
static void types_begin(void)
{
	qemu_find();
	qemu.register_module_init(type_register, MODULE_INIT_QOM);
}

__attribute__((constructor)) static void device_load(void)
{
	void (*register_init)(void (*fn)(void), int type);

	*(void **)&register_init = dlsym(RTLD_DEFAULT, "register_module_init");
	if (!register_init)
		qemu_refuse("it has no symbol register_module_init");
	register_init(types_begin, MODULE_INIT_QOM);
}
