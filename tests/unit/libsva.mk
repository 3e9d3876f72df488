# SPDX-License-Identifier: GPL-2.0-or-later
#
# libsva.mk - unit tests of libsva and the tools
#
# They link libsva's objects, not the library, so that they see its inside.

LIBSVA_TEST_DIR := $(B)/tests/unit
LIBSVA_TESTS := accel admin client context device inherit reason ring
LIBSVA_TEST_LIBS = -lcmocka -pthread

$(LIBSVA_TEST_DIR)/libsva_%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64

LIBSVA_FAKE_SVAD := $(LIBSVA_TEST_DIR)/libsva_fake_svad.o
LIBSVA_FAKE_KERNEL := $(LIBSVA_TEST_DIR)/libsva_fake_kernel.o

$(LIBSVA_TEST_DIR)/libsva_accel: $(LIBSVA_FAKE_KERNEL)
$(LIBSVA_TEST_DIR)/libsva_accel: LIBSVA_TEST_LIBS += -Wl,--wrap=ioctl,--wrap=pwrite64,--wrap=ppoll,--wrap=pthread_cond_clockwait
$(LIBSVA_TEST_DIR)/libsva_admin $(LIBSVA_TEST_DIR)/libsva_client $(LIBSVA_TEST_DIR)/libsva_device: $(LIBSVA_FAKE_SVAD)
$(LIBSVA_TEST_DIR)/libsva_context $(LIBSVA_TEST_DIR)/libsva_inherit: $(LIBSVA_FAKE_SVAD) $(LIBSVA_FAKE_KERNEL)
$(LIBSVA_TEST_DIR)/libsva_context $(LIBSVA_TEST_DIR)/libsva_inherit: LIBSVA_TEST_LIBS += -Wl,--wrap=ioctl

$(LIBSVA_TEST_DIR)/reasons.inc: include/uapi/linux/sva.h libsva/sva.h
	@mkdir -p $(@D)
	sed -n 's/^\tSVA_REASON_\([A-Z0-9_]*\) = .*/DECLARED(\1)/p' $^ | grep -vx 'DECLARED(USER)' >$@

$(LIBSVA_TEST_DIR)/libsva_reason.o: $(LIBSVA_TEST_DIR)/reasons.inc
$(LIBSVA_TEST_DIR)/libsva_reason.o: CPPFLAGS += -I$(LIBSVA_TEST_DIR)

$(LIBSVA_TESTS:%=$(LIBSVA_TEST_DIR)/libsva_%): %: %.o $(LIBSVA_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBSVA_TEST_LIBS)

# Over an accelerator that carries jobs out; these run again under TSan.
FAKE_ACCEL := $(LIBSVA_TEST_DIR)/fake_accel.o $(LIBSVA_TEST_DIR)/accel_svad.o \
	$(LIBSVA_FAKE_SVAD) $(B)/tests/vm/device/operations.o
FAKE_ACCEL_WRAP := -Wl,--wrap=ioctl,--wrap=mmap64,--wrap=pwrite64,--wrap=poll,--wrap=ppoll,--wrap=epoll_ctl
ACCEL_TESTS := $(addprefix $(LIBSVA_TEST_DIR)/libsva_,exec threads)

$(LIBSVA_TEST_DIR)/fake_accel.o $(LIBSVA_TEST_DIR)/accel_svad.o: \
	CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64

$(ACCEL_TESTS): %: %.o $(FAKE_ACCEL) $(LIBSVA_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBSVA_TEST_LIBS) $(FAKE_ACCEL_WRAP)

UNIT_TESTS += $(ACCEL_TESTS)
THREAD_TESTS := $(ACCEL_TESTS) $(addprefix $(LIBSVA_TEST_DIR)/libsva_,accel context)

TOOLS_TESTS := bench doctor

$(LIBSVA_TEST_DIR)/tools_%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Itools $(TOOLS_CFLAGS)

$(LIBSVA_TEST_DIR)/tools_bench: $(B)/tools/bench.o $(B)/tools/bare.o
$(LIBSVA_TEST_DIR)/tools_doctor: $(SVACTL_COMMON_OBJS)

$(TOOLS_TESTS:%=$(LIBSVA_TEST_DIR)/tools_%): %: %.o $(LIBSVA_FAKE_SVAD) $(LIBSVA_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBSVA_TEST_LIBS) $(TOOLS_LIBS)

UNIT_TESTS += $(TOOLS_TESTS:%=$(LIBSVA_TEST_DIR)/tools_%)
UNIT_TESTS += $(LIBSVA_TESTS:%=$(LIBSVA_TEST_DIR)/libsva_%)

# Fences, which TSan does not understand, are only in ring.c; a fixed layout of addresses
# is what older ones need.
.PHONY: unit-tests-threads thread-tests
thread-tests: $(THREAD_TESTS)
	TSAN_OPTIONS=halt_on_error=1 setarch -R tests/programs $(THREAD_TESTS)

unit-tests-threads:
	$(MAKE) --no-print-directory thread-tests B=$(B)/tsan OPTIMIZE=-O1 \
		SANITIZE='-fsanitize=thread -Wno-tsan'
