# SPDX-License-Identifier: GPL-2.0-or-later
#
# model.mk - what is proved, and not only tried

.PHONY: verify verify-bounded mutations

# Guest tests are among what has to see a planted fault
verify verify-bounded mutations: all $(GUEST_TESTS)

verify:
	B='$(B)' tests/model/run
	B='$(B)' tests/mutations/run

# What of it takes a minute or two: part of make check
verify-bounded:
	B='$(B)' tests/model/run --bounded
	B='$(B)' tests/mutations/run

mutations:
	B='$(B)' tests/mutations/run
