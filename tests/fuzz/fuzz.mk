# SPDX-License-Identifier: GPL-2.0-or-later
#
# fuzz.mk - libFuzzer targets, each a program of one file beside svad's own parts.
# They are built in a folder of their own, by clang, with what libFuzzer needs.

FUZZ_NAMES := policy protocol
FUZZ_DIR := $(B)/tests/fuzz
FUZZ_TARGETS := $(FUZZ_NAMES:%=$(FUZZ_DIR)/%)

$(FUZZ_DIR)/%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(SVAD_CFLAGS) -Idaemon -Itests/unit

$(FUZZ_TARGETS): %: %.o $(SVAD_FAKE_OBJS)
	$(CC) $(CFLAGS) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(SVAD_LIBS)

.PHONY: fuzz-targets fuzz fuzz-tests
fuzz-targets:
	$(MAKE) --no-print-directory $(FUZZ_NAMES:%=$(B)/fuzz/tests/fuzz/%) B=$(B)/fuzz CC=$(CLANG) \
		OPTIMIZE=-O1 SANITIZE='-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'

# A bounded run, as part of make check; and for as long as one likes, keeping what is found
fuzz-tests: fuzz-targets
	tests/fuzz/run --seconds 10 $(FUZZ_NAMES:%=$(B)/fuzz/tests/fuzz/%)

FUZZ_SECONDS ?= 600
fuzz: fuzz-targets
	tests/fuzz/run --seconds $(FUZZ_SECONDS) --keep $(B)/fuzz/corpus $(FUZZ_NAMES:%=$(B)/fuzz/tests/fuzz/%)
