# SPDX-License-Identifier: GPL-2.0-or-later
#
# man.mk - manual pages, from scdoc's text; without scdoc there are none

SCDOC ?= scdoc
MANPAGES := $(patsubst man/%.scd,$(B)/man/%,$(wildcard man/*.scd))

$(B)/man/%: man/%.scd $(B)/sva-paths.h
	@mkdir -p $(@D)
	sed -e 's,/etc/svad\.conf,$(sysconfdir)/svad.conf,g' -e 's,/run/svad,$(runstatedir)/svad,g' $< | \
		$(SCDOC) >$@

# Every reason, from the table that sva_strreason() uses
REASONS_PAGE := $(B)/man/sva-reasons.7
MANPAGES += $(REASONS_PAGE)

$(REASONS_PAGE): $(B)/tools/reason-table
	@mkdir -p $(@D)
	$< --manual | $(SCDOC) >$@

# Two programs on one page
PLOT_PAGE := $(B)/man/svabench-plot.1
MANPAGES += $(PLOT_PAGE)

$(PLOT_PAGE): man/svabench.1.scd
	@mkdir -p $(@D)
	echo '.so man1/svabench.1' >$@

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

include man/functions.mk
