# SPDX-License-Identifier: GPL-2.0-or-later
#
# threads.mk - tests of libsva over an accelerator that carries jobs out, and those that
# run again under TSan

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

# Fences, which TSan does not understand, are only in ring.c; a fixed layout of addresses
# is what older ones need.
.PHONY: unit-tests-threads thread-tests
thread-tests: $(THREAD_TESTS)
	TSAN_OPTIONS=halt_on_error=1 setarch -R tests/programs $(THREAD_TESTS)

unit-tests-threads:
	$(MAKE) --no-print-directory thread-tests B=$(B)/tsan OPTIMIZE=-O1 \
		SANITIZE='-fsanitize=thread $(if $(findstring clang,$(CC)),,-Wno-tsan)'
