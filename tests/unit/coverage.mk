# SPDX-License-Identifier: GPL-2.0-or-later
#
# coverage.mk - make coverage: which lines of daemon/ the native tests run
#
# As under a sanitizer, svad's filter stays off, for it would not let gcov write
# its counts; sandbox_test enters it in processes that die of it anyway.  svad
# gives up its user in some tests, and has to be able to write them still.

COVERAGE_MIN	?= 90
SVAD_COVERED_TESTS := $(SVAD_TESTS:%=$(SVAD_TEST_DIR)/%_test) $(SVAD_MORE_TESTS)

.PHONY: coverage coverage-run
coverage:
	rm -rf $(B)/coverage
	$(MAKE) --no-print-directory coverage-run B=$(B)/coverage OPTIMIZE=-O1 \
		SANITIZE='--coverage -fprofile-update=atomic -D__SANITIZE_ADDRESS__'
	gcovr --root . --object-directory $(B)/coverage --filter daemon/ \
		--fail-under-line $(COVERAGE_MIN)

coverage-run: $(SVAD_COVERED_TESTS) $(B)/daemon/svad $(SVAD_TEST_DIR)/fake_svad
	find $(B) -type d -exec chmod a+rwx {} +
	umask 0; tests/programs $(SVAD_COVERED_TESTS)
