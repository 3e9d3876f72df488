# SPDX-License-Identifier: GPL-2.0-or-later
#
# examples.mk - the examples natively, over a fake svad and accelerator, for valgrind
# and ASan; and against an installed copy, in the guest

EXAMPLES := ten-lines bind search threads workers loop launch raii
NATIVE_EXAMPLES := $(EXAMPLES:%=$(B)/tests/examples/%)

$(NATIVE_EXAMPLES): $(B)/tests/examples/%: $(B)/examples/%.o $(filter-out %svad.o,$(FAKE_ACCEL)) $(LIBSVA_OBJS)
	@mkdir -p $(@D)
	$(if $(filter %/raii,$@),$(CXX),$(CC)) $(OPTIMIZE) -g $(LDFLAGS) -o $@ $^ -pthread $(FAKE_ACCEL_WRAP)

# Without the flags that a C++ compiler complains of, and that of names which are functions too
$(B)/examples/%.o: examples/%.cc | $(B)/sva-paths.h
	@mkdir -p $(@D)
	$(if $(V),,echo '  CXX $@')
	$(CXX) $(CPPFLAGS) -std=c++17 $(filter-out -std=% %-prototypes -Wshadow,$(CFLAGS)) -MMD -MP -c -o $@ $<

$(B)/tests/examples/native.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Itests/unit
$(B)/tests/examples/native: %: %.o $(FAKE_ACCEL) $(LIBSVA_OBJS) | $(NATIVE_EXAMPLES)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIBSVA_TEST_LIBS) $(FAKE_ACCEL_WRAP)

UNIT_TESTS += $(B)/tests/examples/native

.PHONY: examples-tests
examples-tests: all
	SVA_BUILD='$(abspath $(B))' B='$(B)' MAKE='$(MAKE)' tests/examples/run
