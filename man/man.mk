# SPDX-License-Identifier: GPL-2.0-or-later
#
# man.mk - manual pages, from scdoc's text

SCDOC ?= scdoc
MANPAGES := $(patsubst man/%.scd,$(B)/man/%,$(wildcard man/*.scd))

$(B)/man/%: man/%.scd
	@mkdir -p $(@D)
	$(SCDOC) <$< >$@

.PHONY: man
man: $(MANPAGES)
