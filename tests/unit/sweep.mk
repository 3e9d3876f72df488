# SPDX-License-Identifier: GPL-2.0-or-later
#
# sweep.mk - memory and files run out, at every place where they can

SCARCE := $(SVAD_TEST_DIR)/scarce.o
ifneq ($(findstring address,$(SANITIZE)),)
SCARCE_WRAP := -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray
$(SCARCE): CPPFLAGS += -DSCARCE_SANITIZED
endif
$(SCARCE): CPPFLAGS += -D_GNU_SOURCE

$(SVAD_TEST_DIR)/sweep_test.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(SVAD_CFLAGS) -Idaemon
$(SVAD_TEST_DIR)/sweep_test: %: %.o $(SCARCE) $(SVAD_TEST_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(SVAD_LIBS) -lcmocka $(SCARCE_WRAP)

SVAD_COVERED_TESTS += $(SVAD_TEST_DIR)/sweep_test
UNIT_TESTS += $(SVAD_TEST_DIR)/sweep_test
