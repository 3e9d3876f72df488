/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qemu.h - what the device uses of the QEMU that it is loaded into
 *
 * No header of QEMU is installed anywhere, so the few prototypes and structures
 * stand here, each with the header of QEMU 11.1 that has it.  Nothing is linked:
 * qemu.c looks every function up at run time, and refuses a binary that lacks one
 * or whose structures are not these.
 */
#ifndef SVA_DEVICE_QEMU_H
#define SVA_DEVICE_QEMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The version that all of this was read in and tested with */
#define QEMU_MAJOR	11
#define QEMU_MINOR	1

/* The exit status of a QEMU that the device does not understand: "not run" */
#define QEMU_NOT_UNDERSTOOD	77

struct Object;			/* qom/object.h */
struct ObjectClass;
struct Error;			/* qapi/error.h */
struct PCIDevice;		/* hw/pci/pci.h; its size is never needed */
struct AddressSpace;		/* system/memory.h */
struct MemoryRegion;
typedef uint64_t hwaddr;	/* exec/hwaddr.h */

/*
 * exec/memattrs.h: at most 8 bytes, passed in a register; the bit that says
 * "nothing is known of who accesses"
 */
typedef uint64_t MemTxAttrs;
#define MEMTXATTRS_UNSPECIFIED	(1ull << 32)

/* Room for a MemoryRegion (system/memory.h), several times what 11.1 needs */
#define QEMU_REGION_BYTES	4096
/* The same for an IOMMUNotifier, whose first member is the function */
#define QEMU_NOTIFIER_BYTES	256

#define PCI_NO_PASID		UINT32_MAX	/* hw/pci/pci.h */

enum { MODULE_INIT_QOM = 4 };			/* qemu/module.h */
enum { OBJ_PROP_FLAG_READWRITE = 3 };		/* qom/object.h */

struct InterfaceInfo {				/* qom/object.h */
	const char *type;
};

struct TypeInfo {				/* qom/object.h */
	const char *name;
	const char *parent;
	size_t instance_size;
	size_t instance_align;
	void (*instance_init)(struct Object *obj);
	void (*instance_post_init)(struct Object *obj);
	void (*instance_finalize)(struct Object *obj);
	bool abstract;
	size_t class_size;
	void (*class_init)(struct ObjectClass *klass, const void *data);
	void (*class_base_init)(struct ObjectClass *klass, const void *data);
	const void *class_data;
	const struct InterfaceInfo *interfaces;
};

struct MemoryRegionOps {			/* system/memory.h */
	uint64_t (*read)(void *opaque, hwaddr addr, unsigned int size);
	void (*write)(void *opaque, hwaddr addr, uint64_t data, unsigned int size);
	void *read_with_attrs;
	void *write_with_attrs;
	int endianness;
	struct {
		unsigned int min_access_size, max_access_size;
		bool unaligned;
		void *accepts;
	} valid;
	struct {
		unsigned int min_access_size, max_access_size;
		bool unaligned;
	} impl;
};

/* One error to report */
struct PCIEAERErr {				/* hw/pci/pcie_aer.h */
	uint32_t status;
	uint16_t source_id;
	uint16_t flags;
	uint32_t header[4];
	uint32_t prefix[4];
};

struct IOMMUTLBEntry {				/* system/memory.h */
	struct AddressSpace *target_as;
	hwaddr iova;
	hwaddr translated_addr;
	hwaddr addr_mask;
	int perm;				/* IOMMUAccessFlags */
	uint32_t pasid;
};
#define IOMMU_RO	1
#define IOMMU_WO	2

struct IOMMUNotifier;				/* system/memory.h */
typedef void (*IOMMUNotify)(struct IOMMUNotifier *notifier, struct IOMMUTLBEntry *entry);

struct IOMMUPRIResponse {			/* hw/pci/pci.h */
	int response_code;
	uint16_t prgi;
};
#define IOMMU_PRI_RESP_SUCCESS	0
#define IOMMU_PRI_RESP_FAILURE	2

struct IOMMUPRINotifier {			/* hw/pci/pci.h */
	void (*notify)(struct IOMMUPRINotifier *notifier, struct IOMMUPRIResponse *response);
};

struct VersionTriple {				/* qapi/misc.json */
	int64_t major, minor, micro;
};

struct VersionInfo {
	struct VersionTriple *qemu;
	char *package;
};

/* FUNCTION(what it returns, its name, its parameters), by header */
#define QEMU_FUNCTIONS(FUNCTION)							\
	/* qemu/module.h */								\
	FUNCTION(void, register_module_init, (void (*fn)(void), int type))		\
	/* qapi/qapi-commands-misc.h */							\
	FUNCTION(struct VersionInfo *, qmp_query_version, (struct Error **errp))	\
	/* qapi/error.h */								\
	FUNCTION(void, error_setg_internal, (struct Error **errp, const char *src, int line,	\
					     const char *func, const char *format, ...))	\
	/* qom/object.h */								\
	FUNCTION(void *, type_register_static, (const struct TypeInfo *info))		\
	FUNCTION(struct ObjectClass *, object_class_by_name, (const char *name))	\
	FUNCTION(void *, object_property_add_bool,					\
		 (struct Object *obj, const char *name,					\
		  bool (*get)(struct Object *, struct Error **),			\
		  void (*set)(struct Object *, bool, struct Error **)))			\
	FUNCTION(void *, object_property_add_uint32_ptr,				\
		 (struct Object *obj, const char *name, const uint32_t *v, int flags))	\
	/* hw/core/qdev.h */								\
	FUNCTION(void, device_class_set_legacy_reset,					\
		 (struct ObjectClass *klass, void (*reset)(struct Object *dev)))	\
	/* qemu/main-loop.h */								\
	FUNCTION(void, bql_lock_impl, (const char *file, int line))			\
	FUNCTION(void, bql_unlock, (void))						\
	/* qemu/rcu.h */								\
	FUNCTION(void, rcu_register_thread, (void))					\
	FUNCTION(void, rcu_unregister_thread, (void))					\
	/* system/memory.h */								\
	FUNCTION(void, memory_region_init_io,						\
		 (struct MemoryRegion *mr, struct Object *owner,			\
		  const struct MemoryRegionOps *ops, void *opaque, const char *name,	\
		  uint64_t size))							\
	FUNCTION(void, memory_region_enable_lockless_io, (struct MemoryRegion *mr))	\
	FUNCTION(void, memory_region_add_subregion_overlap,				\
		 (struct MemoryRegion *mr, hwaddr offset, struct MemoryRegion *sub, int priority)) \
	FUNCTION(struct MemoryRegion *, memory_region_from_host,			\
		 (void *host, uint64_t *offset))					\
	FUNCTION(uint32_t, address_space_rw,						\
		 (struct AddressSpace *as, hwaddr addr, MemTxAttrs attrs, void *buf,	\
		  hwaddr len, bool is_write))						\
	FUNCTION(uint32_t, address_space_write,						\
		 (struct AddressSpace *as, hwaddr addr, MemTxAttrs attrs,		\
		  const void *buf, hwaddr len))						\
	FUNCTION(void *, address_space_map,						\
		 (struct AddressSpace *as, hwaddr addr, hwaddr *len, bool is_write,	\
		  MemTxAttrs attrs))							\
	FUNCTION(void, address_space_unmap,						\
		 (struct AddressSpace *as, void *host, hwaddr len, bool is_write,	\
		  hwaddr accessed))							\
	/* system/address-spaces.h */							\
	FUNCTION(struct MemoryRegion *, get_system_memory, (void))			\
	/* hw/pci/pci.h */								\
	FUNCTION(void, pci_register_bar,						\
		 (struct PCIDevice *dev, int bar, uint8_t attr, struct MemoryRegion *mr))	\
	FUNCTION(uint16_t, pci_requester_id, (struct PCIDevice *dev))			\
	FUNCTION(uint32_t, pci_default_read_config,					\
		 (struct PCIDevice *dev, uint32_t addr, int len))			\
	FUNCTION(void, pci_default_write_config,					\
		 (struct PCIDevice *dev, uint32_t addr, uint32_t val, int len))		\
	FUNCTION(struct AddressSpace *, pci_device_iommu_address_space,			\
		 (struct PCIDevice *dev))						\
	FUNCTION(int, pci_iommu_init_iotlb_notifier,					\
		 (struct PCIDevice *dev, struct IOMMUNotifier *n, IOMMUNotify fn,	\
		  void *opaque))							\
	FUNCTION(int, pci_iommu_register_iotlb_notifier,				\
		 (struct PCIDevice *dev, uint32_t pasid, struct IOMMUNotifier *n))	\
	FUNCTION(int, pci_iommu_unregister_iotlb_notifier,				\
		 (struct PCIDevice *dev, uint32_t pasid, struct IOMMUNotifier *n))	\
	FUNCTION(ssize_t, pci_ats_request_translation,					\
		 (struct PCIDevice *dev, uint32_t pasid, bool priv, bool exec,		\
		  hwaddr addr, size_t length, bool no_write,				\
		  struct IOMMUTLBEntry *result, size_t room, uint32_t *errors))		\
	FUNCTION(int, pci_pri_request_page,						\
		 (struct PCIDevice *dev, uint32_t pasid, bool priv, bool exec,		\
		  hwaddr addr, bool last, uint16_t prgi, bool is_read, bool is_write))	\
	FUNCTION(int, pci_pri_register_notifier,					\
		 (struct PCIDevice *dev, uint32_t pasid, struct IOMMUPRINotifier *n))	\
	FUNCTION(void, pci_pri_unregister_notifier,					\
		 (struct PCIDevice *dev, uint32_t pasid))				\
	/* hw/pci/pcie.h, hw/pci/pcie_aer.h */						\
	FUNCTION(int, pcie_endpoint_cap_init, (struct PCIDevice *dev, uint8_t offset))	\
	FUNCTION(void, pcie_cap_exit, (struct PCIDevice *dev))				\
	FUNCTION(void, pcie_cap_deverr_init, (struct PCIDevice *dev))			\
	FUNCTION(void, pcie_cap_flr_init, (struct PCIDevice *dev))			\
	FUNCTION(void, pcie_cap_flr_write_config,					\
		 (struct PCIDevice *dev, uint32_t addr, uint32_t val, int len))		\
	FUNCTION(int, pcie_aer_init,							\
		 (struct PCIDevice *dev, uint8_t version, uint16_t offset, uint16_t size,	\
		  struct Error **errp))							\
	FUNCTION(void, pcie_aer_exit, (struct PCIDevice *dev))				\
	FUNCTION(void, pcie_aer_write_config,						\
		 (struct PCIDevice *dev, uint32_t addr, uint32_t val, int len))		\
	FUNCTION(int, pcie_aer_inject_error,						\
		 (struct PCIDevice *dev, const struct PCIEAERErr *error))		\
	FUNCTION(void, pcie_ats_init, (struct PCIDevice *dev, uint16_t offset, bool aligned))	\
	FUNCTION(void, pcie_pri_init,							\
		 (struct PCIDevice *dev, uint16_t offset, uint32_t outstanding, bool pasid))	\
	FUNCTION(void, pcie_pasid_init,							\
		 (struct PCIDevice *dev, uint16_t offset, uint8_t width, bool exec, bool priv))	\
	FUNCTION(uint32_t, pcie_pri_get_req_alloc, (const struct PCIDevice *dev))	\
	FUNCTION(bool, pcie_pri_enabled, (const struct PCIDevice *dev))			\
	FUNCTION(bool, pcie_pasid_enabled, (const struct PCIDevice *dev))		\
	FUNCTION(bool, pcie_ats_enabled, (const struct PCIDevice *dev))			\
	/* hw/pci/msix.h */								\
	FUNCTION(int, msix_init_exclusive_bar,						\
		 (struct PCIDevice *dev, uint32_t entries, uint8_t bar, struct Error **errp))	\
	FUNCTION(void, msix_uninit_exclusive_bar, (struct PCIDevice *dev))		\
	FUNCTION(void, msix_vector_use, (struct PCIDevice *dev, unsigned int vector))	\
	FUNCTION(void, msix_notify, (struct PCIDevice *dev, unsigned int vector))

#define QEMU_POINTER(type, name, parameters) type (*name) parameters;

/* Every one of them, found when the device is loaded */
extern struct qemu {
	QEMU_FUNCTIONS(QEMU_POINTER)
	struct AddressSpace *address_space_memory;	/* system/address-spaces.h */
	int little_endian;				/* enum device_endian */
} qemu;

#define bql_lock() qemu.bql_lock_impl(__FILE__, __LINE__)

/* Looks everything up; does not return from a QEMU that it does not understand */
void qemu_find(void);
/* Says why the device cannot be in this QEMU, and ends it */
_Noreturn void qemu_refuse(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
/* Is this code of the QEMU binary itself? */
bool qemu_is_code(const void *function);

#endif /* SVA_DEVICE_QEMU_H */
