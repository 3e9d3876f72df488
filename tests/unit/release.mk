# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's release machines, natively.
UNIT_TESTS += $(B)/tests/unit/release_test

$(B)/tests/unit/release_test: %: %.o $(B)/kernel/core/release.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka
