# SPDX-License-Identifier: GPL-2.0-or-later
#
# full.mk - the tests in a guest with systemd

FULL_CLIENT := $(B)/tests/full/client
$(FULL_CLIENT).o: CPPFLAGS += -D_GNU_SOURCE $(SVAD_CFLAGS)

$(FULL_CLIENT): %: %.o $(B)/libsva/libsva.so
	$(CC) $(LDFLAGS) -o $@ $< -L$(B)/libsva -lsva $(shell $(PKG_CONFIG) --libs libsystemd)

GUEST_CLIENTS += $(FULL_CLIENT)

.PHONY: full-tests check-full
full-tests: all $(FULL_CLIENT)
	SVA_BUILD='$(abspath $(B))' tests/full/run

check-full: full-tests
