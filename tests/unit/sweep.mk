# SPDX-License-Identifier: GPL-2.0-or-later
#
# sweep.mk - tests in which memory and files run out, at every place where they can,
# and tests of parts of svad alone, with what they stand on wrapped

SCARCE := $(SVAD_TEST_DIR)/scarce.o
ifneq ($(findstring address,$(SANITIZE)),)
SCARCE_WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray
$(SCARCE): CPPFLAGS += -DSCARCE_SANITIZED
endif
$(SCARCE): CPPFLAGS += -D_GNU_SOURCE

SCARCE_TESTS := sweep watch
LONE_TESTS := sandbox_list kernel_dev

$(SCARCE_TESTS:%=$(SVAD_TEST_DIR)/%_test.o) $(LONE_TESTS:%=$(SVAD_TEST_DIR)/%_test.o): \
	CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(SVAD_CFLAGS) -Idaemon

$(SCARCE_TESTS:%=$(SVAD_TEST_DIR)/%_test): %: %.o $(SCARCE) $(SVAD_TEST_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SVAD_LIBS) -lcmocka $(SCARCE_WRAP)

$(SVAD_TEST_DIR)/sandbox_list_test: %: %.o $(SVAD_TEST_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SVAD_LIBS) -lcmocka \
		-Wl,--wrap=seccomp_load,--wrap=seccomp_init,--wrap=seccomp_rule_add

$(SVAD_TEST_DIR)/kernel_dev_test: %: %.o $(B)/daemon/kernel_dev.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka -Wl,--wrap=ioctl

SVAD_MORE_TESTS := $(SCARCE_TESTS:%=$(SVAD_TEST_DIR)/%_test) $(LONE_TESTS:%=$(SVAD_TEST_DIR)/%_test)
UNIT_TESTS += $(SVAD_MORE_TESTS)

$(SVAD_TEST_DIR)/libsva_sweep: %: %.o $(SCARCE) $(LIBSVA_FAKE_SVAD) $(LIBSVA_FAKE_KERNEL) $(LIBSVA_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBSVA_TEST_LIBS) -Wl,--wrap=ioctl $(SCARCE_WRAP)

UNIT_TESTS += $(SVAD_TEST_DIR)/libsva_sweep
