# SPDX-License-Identifier: GPL-2.0-or-later
#
# man.mk - manual pages, from scdoc's text; without scdoc there are none

SCDOC ?= scdoc
MANPAGES := $(patsubst man/%.scd,$(B)/man/%,$(wildcard man/*.scd))

# What stands in a header about a function is its page; an overview has all prototypes.
FUNCTIONS := $(shell man/functions --list $(LIBSVA_HEADERS))
FUNCTION_PAGES := $(FUNCTIONS:%=$(B)/man/%.3)
MANPAGES += $(FUNCTION_PAGES)

$(FUNCTION_PAGES): $(B)/man/%.3: man/functions $(LIBSVA_HEADERS)
	@mkdir -p $(@D)
	man/functions --page $* $(LIBSVA_HEADERS) >$@.scd
	$(SCDOC) <$@.scd >$@

$(B)/man/%: man/%.scd man/functions $(LIBSVA_HEADERS)
	@mkdir -p $(@D)
	man/functions --fill $< $(LIBSVA_HEADERS) >$@.scd
	$(SCDOC) <$@.scd >$@

.PHONY: man install-man
man: $(MANPAGES)

install: install-man
ifneq ($(shell command -v $(SCDOC)),)
install-man: man
	for page in $(MANPAGES); do \
		$(INSTALL) -D -m 0644 $$page \
			$(DESTDIR)$(mandir)/man$${page##*.}/$${page##*/} || exit; \
	done
else
install-man:
	@echo 'The manual pages are not installed: $(SCDOC) is missing.'
endif
