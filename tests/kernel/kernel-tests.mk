# SPDX-License-Identifier: GPL-2.0-or-later
#
# kernel-tests.mk - the guest tests: programs that tests/kernel/run-all starts in
# the guest.  Those of KERNEL_TESTS speak the raw kernel interface, those of
# SERVICE_TESTS go through svad and libsva.

KERNEL_TESTS := abi rules accel pasid
KERNEL_TESTS += groups irqs regions external processes
KERNEL_TESTS += numa removal suspend traces
KERNEL_TESTS += failnth races fuzz kunit
KERNEL_TESTS += evidence faults provider example stalls widths pins storm soak oracle ats pci
SERVICE_TESTS := path admin hostile cycles obstacle
SERVICE_TESTS += partitions
SERVICE_TESTS += library
# In a guest of its own, with another kernel: make oldkernel-tests
OLD_KERNEL_TESTS := oldkernel
KT := $(B)/tests/kernel

GUEST_TESTS += $(addprefix $(KT)/,$(KERNEL_TESTS) $(SERVICE_TESTS))
OLD_KERNEL_PROGRAMS := $(addprefix $(KT)/,$(OLD_KERNEL_TESTS))
# Ends its guest (tests/kernel/shutdown.sh); static, for it is alone in a second kernel
SHUTDOWN_PROGRAM := $(KT)/shutdown
GUEST_TEST_RUNNER := tests/kernel/run

$(KT)/%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64

kt-sources = $(patsubst %.c,$(B)/%.o,$(filter tests/kernel/$(1).c tests/kernel/$(1)_%.c,$(wildcard tests/kernel/*.c)))
KT_COMMON := $(addprefix $(KT)/,harness.o process.o device.o ring.o)
KT_COMMON += $(KT)/modules.o $(KT)/options.o
KT_COMMON += $(KT)/puppet.o

define kernel-test
$(KT)/$(1): $(call kt-sources,$(1)) $(KT_COMMON)
	$$(CC) $$(LDFLAGS) -o $$@ $$^ -pthread
endef
$(foreach test,$(KERNEL_TESTS),$(eval $(call kernel-test,$(test))))

# They fork often, and a process without shared libraries is forked in half the time
$(KT)/races $(KT)/fuzz $(KT)/soak $(KT)/oracle: LDFLAGS += -static -Wl,--no-warnings

# Processes that do anything at any time: what both do with them is their own
AGENTS := $(addprefix $(KT)/,agents.o agent_context.o agent_child.o agent_admin.o)
$(KT)/soak $(KT)/oracle: $(AGENTS)

define service-test
$(KT)/$(1): $(call kt-sources,$(1)) $(KT_COMMON) $(B)/libsva/libsva.so
	$$(CC) $$(LDFLAGS) -o $$@ $$(filter %.o,$$^) -L$(B)/libsva -lsva -pthread
endef
$(foreach test,$(SERVICE_TESTS) $(OLD_KERNEL_TESTS),$(eval $(call service-test,$(test))))

$(KT)/admin: $(KT)/stalls_file.o
$(KT)/groups: $(KT)/stalls_bind.o

$(SHUTDOWN_PROGRAM): $(call kt-sources,shutdown) $(KT_COMMON)
	$(CC) $(LDFLAGS) -static -Wl,--no-warnings -o $@ $^ -pthread

# The same interface for a program of 32 bits, whose C library is its own: static,
# although it could then not look users up in anything but files
KT32 := $(B)/tests/kernel32
ABI32_SOURCES := $(patsubst $(B)/%.o,%.c,$(call kt-sources,abi) $(KT_COMMON))
GUEST_TESTS += $(KT32)/abi32

$(KT32)/%.o: tests/kernel/%.c
	mkdir -p $(@D)
	$(if $(V),,echo '  CC $@')
	$(CC) -m32 $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# <asm/...> is the 64-bit one's, whose place -m32 does not look in
$(KT32)/%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
$(KT32)/%.o: CPPFLAGS += -idirafter /usr/include/x86_64-linux-gnu

$(KT32)/abi32: $(ABI32_SOURCES:tests/kernel/%.c=$(KT32)/%.o)
	$(CC) -m32 $(LDFLAGS) -static -Wl,--no-warnings -o $@ $^ -pthread

-include $(patsubst tests/kernel/%.c,$(KT32)/%.d,$(ABI32_SOURCES))
