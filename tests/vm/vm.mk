# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm.mk - the rig's own programs, and the kernel modules for its guest

# The guest's first process is static: it runs before any library is there.
VM_INIT_OBJECTS := $(patsubst tests/vm/guest/%.c,$(B)/tests/vm/guest/%.o,$(wildcard tests/vm/guest/*.c))
VM_HOST_OBJECTS := $(patsubst tests/vm/host/%.c,$(B)/tests/vm/host/%.o,$(wildcard tests/vm/host/*.c))

$(B)/tests/vm/%.o: CPPFLAGS += -D_GNU_SOURCE

PROGRAMS += $(B)/tests/vm/init $(B)/tests/vm/supervise

$(B)/tests/vm/init: $(VM_INIT_OBJECTS)
	$(CC) $(LDFLAGS) -static -o $@ $^

$(B)/tests/vm/supervise: $(VM_HOST_OBJECTS)
	$(CC) $(LDFLAGS) -o $@ $^

# The accelerator as a PCIe device, which tests/vm/run loads into the tree's QEMU.  Of
# libraries it needs the C library alone, and that of the tree is never the older one.
VM_DEVICE := $(B)/tests/vm/sva-accel.so
VM_DEVICE_OBJECTS := $(patsubst tests/vm/device/%.c,$(B)/tests/vm/device/%.o,$(wildcard tests/vm/device/*.c))

PROGRAMS += $(VM_DEVICE)

$(VM_DEVICE): $(VM_DEVICE_OBJECTS)
	$(CC) $(LDFLAGS) -shared -o $@ $^ -pthread
