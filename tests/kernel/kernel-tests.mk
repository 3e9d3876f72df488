# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-tests.mk - the guest tests: programs that tests/kernel/run-all starts in
# the guest.  Those of KERNEL_TESTS speak the raw kernel interface, those of
# SERVICE_TESTS go through svad and libsva.

KERNEL_TESTS := abi rules accel pasid
KERNEL_TESTS += groups irqs regions external processes
KERNEL_TESTS += evidence widths pins storm soak ats pci
SERVICE_TESTS := path hostile cycles obstacle
SERVICE_TESTS += partitions
KT := $(B)/tests/kernel

GUEST_TESTS += $(addprefix $(KT)/,$(KERNEL_TESTS) $(SERVICE_TESTS))
GUEST_TEST_RUNNER := tests/kernel/run

$(KT)/%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64

kt-sources = $(patsubst %.c,$(B)/%.o,$(filter tests/kernel/$(1).c tests/kernel/$(1)_%.c,$(wildcard tests/kernel/*.c)))
KT_COMMON := $(addprefix $(KT)/,harness.o process.o device.o ring.o)
KT_COMMON += $(KT)/modules.o
KT_COMMON += $(KT)/puppet.o

define kernel-test
$(KT)/$(1): $(call kt-sources,$(1)) $(KT_COMMON)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ -pthread
endef
$(foreach test,$(KERNEL_TESTS),$(eval $(call kernel-test,$(test))))

define service-test
$(KT)/$(1): $(call kt-sources,$(1)) $(KT_COMMON) $(B)/libsva/libsva.so
	$$(CC) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) -L$(B)/libsva -lsva -pthread
endef
$(foreach test,$(SERVICE_TESTS),$(eval $(call service-test,$(test))))
