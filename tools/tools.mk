# SPDX-License-Identifier: GPL-2.0-or-later
#
# svactl and svabench.  They link libsva's objects, for svactl asks svad more
# than libsva's callers can.

TOOLS_CFLAGS := $(shell $(PKG_CONFIG) --cflags jansson)
TOOLS_LIBS := $(shell $(PKG_CONFIG) --libs jansson)

SVACTL_COMMON_OBJS := $(patsubst %,$(B)/tools/%.o,doctor_svad doctor_system finding text)
SVACTL_OBJS := $(patsubst %,$(B)/tools/%.o,svactl admin cdi doctor explain grant info list ps stats watch) $(SVACTL_COMMON_OBJS)

$(B)/tools/%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(TOOLS_CFLAGS)

$(B)/tools/svactl: $(SVACTL_OBJS) $(LIBSVA_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $^ $(TOOLS_LIBS)

PROGRAMS += $(B)/tools/svactl

SVABENCH_OBJS := $(patsubst %,$(B)/tools/%.o,svabench bare bench bench_bind bench_copy bench_memory bench_nop text)

$(B)/tools/svabench: $(SVABENCH_OBJS) $(LIBSVA_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $^ $(TOOLS_LIBS)

PROGRAMS += $(B)/tools/svabench

# The page's table of reasons, from the table that sva_strreason() uses
$(B)/tools/reason-table: $(B)/tools/reason_table.o $(LIBSVA_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $^

.PHONY: docs
docs: $(B)/tools/reason-table
	tools/write-reasons $< docs/troubleshooting.md

include man/man.mk
