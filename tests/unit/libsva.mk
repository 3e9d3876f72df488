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

TOOLS_TESTS := ask bench cdi doctor top

$(LIBSVA_TEST_DIR)/tools_%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Itools $(TOOLS_CFLAGS)

$(LIBSVA_TEST_DIR)/tools_bench: $(filter-out $(B)/tools/svabench.o,$(SVABENCH_OBJS))
$(LIBSVA_TEST_DIR)/tools_doctor: $(SVACTL_COMMON_OBJS)
$(LIBSVA_TEST_DIR)/tools_top: $(patsubst %,$(B)/tools/%.o,context_words text top_frame)

# They run the program
$(LIBSVA_TEST_DIR)/tools_cdi: | $(B)/libsva/libsva.so
$(LIBSVA_TEST_DIR)/tools_ask $(LIBSVA_TEST_DIR)/tools_cdi: | $(B)/tools/svactl
$(LIBSVA_TEST_DIR)/tools_ask.o $(LIBSVA_TEST_DIR)/tools_cdi.o: CPPFLAGS += -DSVACTL_FOLDER='"$(abspath $(B))"'

$(TOOLS_TESTS:%=$(LIBSVA_TEST_DIR)/tools_%): %: %.o $(LIBSVA_FAKE_SVAD) $(LIBSVA_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBSVA_TEST_LIBS) $(TOOLS_LIBS)

# svactl as its users see it
$(LIBSVA_TEST_DIR)/tools_svactl: tests/unit/tools_svactl.sh $(B)/tools/svactl $(B)/tools/svactl.bash $(B)/tools/svabench $(SVAD_TEST_DIR)/fake_svad
	mkdir -p $(@D)
	printf '#!/bin/sh\nexec %s "$$0"\n' '$(CURDIR)/$<' >$@
	chmod +x $@

UNIT_TESTS += $(LIBSVA_TEST_DIR)/tools_svactl
UNIT_TESTS += $(TOOLS_TESTS:%=$(LIBSVA_TEST_DIR)/tools_%)
UNIT_TESTS += $(LIBSVA_TESTS:%=$(LIBSVA_TEST_DIR)/libsva_%)
