# SPDX-License-Identifier: GPL-2.0-or-later
#
# svactl and svabench.  They link libsva's objects, for svactl asks svad more
# than libsva's callers can.

TOOLS_CFLAGS := $(shell $(PKG_CONFIG) --cflags jansson)
TOOLS_LIBS := $(shell $(PKG_CONFIG) --libs jansson)
SVACTL_POLICY_LIBS := $(shell $(PKG_CONFIG) --libs inih)

SVACTL_COMMON_OBJS := $(patsubst %,$(B)/tools/%.o,ask doctor_svad doctor_system finding text)
SVACTL_OBJS := $(patsubst %,$(B)/tools/%.o,svactl verbs admin cdi check_config context_words contexts doctor explain \
	grant info list partition ps stats top top_frame watch) $(SVACTL_COMMON_OBJS)
# svad.conf, as svad reads it
SVACTL_POLICY_OBJS := $(patsubst %,$(B)/daemon/%.o,nss policy policy_file)

$(B)/tools/%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(TOOLS_CFLAGS)

$(B)/tools/svactl: $(SVACTL_OBJS) $(SVACTL_POLICY_OBJS) $(LIBSVA_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $^ $(TOOLS_LIBS) $(SVACTL_POLICY_LIBS)

PROGRAMS += $(B)/tools/svactl

# What the shell's completion knows of verbs and options is what svactl says of them
$(B)/tools/svactl.bash: tools/svactl.bash.in tools/write-completion $(B)/tools/svactl
	tools/write-completion $(B)/tools/svactl $< >$@.new
	mv $@.new $@

PROGRAMS += $(B)/tools/svactl.bash

SVABENCH_OBJS := $(patsubst %,$(B)/tools/%.o,svabench bare bench bench_bind bench_clients bench_copy \
	bench_crowd bench_exit bench_fault bench_floor bench_grant bench_memory bench_nop \
	bench_print bench_rows bench_trace text)

$(B)/tools/svabench: $(SVABENCH_OBJS) $(LIBSVA_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $^ $(TOOLS_LIBS)

PROGRAMS += $(B)/tools/svabench

# The page's table of reasons, from the table that sva_strreason() uses
$(B)/tools/reason-table: $(B)/tools/reason_table.o $(LIBSVA_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -pie -o $@ $^

# And the page's table of what was measured, from what svabench said then
PERFORMANCE_TABLE := tools/svabench-table docs/performance/*.json

.PHONY: docs
docs: $(B)/tools/reason-table
	tools/write-between reasons $< docs/troubleshooting.md
	tools/write-between figures '$(PERFORMANCE_TABLE)' docs/performance.md

include man/man.mk
