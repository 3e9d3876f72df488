# SPDX-License-Identifier: GPL-2.0-or-later
#
# svad.  All of it but main.o and the real kernel is linked into the unit tests
# as well, over tests/unit/fake_kernel.c.

SVAD_CFLAGS := $(shell $(PKG_CONFIG) --cflags libsystemd libudev libseccomp inih)
SVAD_LIBS := $(shell $(PKG_CONFIG) --libs libsystemd libudev libseccomp inih)

SVAD_COMMON_OBJS := $(patsubst %,$(B)/daemon/%.o,account admin audit cgroup client device \
	grant listen log map message notice nss open peer policy policy_file privilege rate reload \
	request sandbox svad watch)
SVAD_OBJS := $(B)/daemon/main.o $(B)/daemon/kernel_dev.o $(SVAD_COMMON_OBJS) \
	$(B)/libsva/reason.o

$(B)/daemon/%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(SVAD_CFLAGS)

$(B)/daemon/svad: $(SVAD_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $(SVAD_OBJS) $(SVAD_LIBS)

PROGRAMS += $(B)/daemon/svad
