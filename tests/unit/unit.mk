# SPDX-License-Identifier: GPL-2.0-or-later
#
# unit.mk - tests that run natively; each program's exit status says pass
#
# svad is tested whole, over fake_kernel.c instead of sva.ko: real sockets, real
# processes, a real event loop.

SVAD_TEST_DIR := $(B)/tests/unit
SVAD_TESTS := map message policy device daemon limits grant identity notice restart sandbox \
	program

SVAD_FAKE_OBJS := $(SVAD_TEST_DIR)/fake_kernel.o $(SVAD_COMMON_OBJS) $(B)/libsva/reason.o
SVAD_TEST_OBJS := $(SVAD_TEST_DIR)/fixture.o $(SVAD_FAKE_OBJS)

$(SVAD_TESTS:%=$(SVAD_TEST_DIR)/%_test.o) $(SVAD_TEST_DIR)/fake_kernel.o \
$(SVAD_TEST_DIR)/fixture.o $(SVAD_TEST_DIR)/fake_svad.o: \
	CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(SVAD_CFLAGS) -Idaemon

$(SVAD_TESTS:%=$(SVAD_TEST_DIR)/%_test): %: %.o $(SVAD_TEST_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SVAD_LIBS) -lcmocka

# How often a pattern is tried
$(SVAD_TEST_DIR)/policy_test: LDFLAGS += -Wl,--wrap=fnmatch
# How often svad looks at its clients, and when
$(SVAD_TEST_DIR)/daemon_test: LDFLAGS += -Wl,--wrap=ioctl,--wrap=svad_now
# What the name service answers, and which cgroups are too deep
$(SVAD_TEST_DIR)/limits_test: LDFLAGS += -Wl,--wrap=getpwuid_r,--wrap=getgrouplist \
	-Wl,--wrap=nss_may_be_away,--wrap=clock_gettime,--wrap=cgroup_of
# A machine that hides which boot it is; what is looked up, and how often
$(SVAD_TEST_DIR)/grant_test: LDFLAGS += -Wl,--wrap=fopen64,--wrap=fstatfs64 \
	-Wl,--wrap=map_get,--wrap=fstatat64

# They run these programs.
$(SVAD_TEST_DIR)/program_test: | $(B)/daemon/svad $(B)/tools/svactl $(SVAD_TEST_DIR)/fake_svad

# svad as it is, over the fake kernel: for program_test, tools_svactl and make bench.
$(SVAD_TEST_DIR)/fake_svad: %: %.o $(SVAD_FAKE_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SVAD_LIBS)

UNIT_TESTS += $(SVAD_TESTS:%=$(SVAD_TEST_DIR)/%_test)

include tests/unit/libsva.mk
include tests/unit/release.mk
include tests/unit/sweep.mk
include tests/unit/coverage.mk
include tests/unit/accel.mk
include tests/unit/threads.mk
include tests/examples/examples.mk
