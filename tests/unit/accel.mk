# SPDX-License-Identifier: GPL-2.0-or-later
# What of the rig's PCIe accelerator needs no QEMU, natively.
UNIT_TESTS += $(B)/tests/unit/accel_test

$(B)/tests/unit/accel_test: %: %.o $(B)/tests/vm/device/operations.o $(B)/tests/vm/device/translations.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka
