# SPDX-License-Identifier: GPL-2.0-or-later
#
# examples.mk - bind, the smallest program, and what `make demo` shows

DEMO_PROGRAMS := $(addprefix $(B)/examples/demo/demo-,list crc address victim newcomers watch)
PROGRAMS += $(B)/examples/bind $(DEMO_PROGRAMS)

$(B)/examples/%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64

$(B)/examples/bind: $(B)/examples/bind.o $(B)/libsva/libsva.so
	$(CC) $(LDFLAGS) -o $@ $< -L$(B)/libsva -lsva

$(B)/examples/demo/demo-%: $(B)/examples/demo/%.o $(B)/examples/demo/demo.o $(B)/libsva/libsva.so
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -L$(B)/libsva -lsva
