# SPDX-License-Identifier: GPL-2.0-or-later
#
# model.mk - what is proved, and not only tried

.PHONY: verify verify-bounded mutations

verify:
	B='$(B)' tests/model/run
	B='$(B)' tests/mutations/run

# What of it takes a minute or two: part of make check
verify-bounded:
	B='$(B)' tests/model/run --bounded
	B='$(B)' tests/mutations/run

mutations:
	B='$(B)' tests/mutations/run
