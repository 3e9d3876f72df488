# SPDX-License-Identifier: GPL-2.0-or-later
#
# functions.mk - what stands in a header about a function is its manual page, and the
# overviews have all prototypes

FUNCTIONS := $(shell man/functions --list $(LIBSVA_HEADERS))
FUNCTION_PAGES := $(FUNCTIONS:%=$(B)/man/%.3)
OVERVIEWS := $(B)/man/libsva.3 $(B)/man/sva_accel.3
MANPAGES += $(FUNCTION_PAGES)

man: $(FUNCTION_PAGES)

$(FUNCTION_PAGES): $(B)/man/%.3: man/functions $(LIBSVA_HEADERS)
	@mkdir -p $(@D)
	man/functions --page $* $(LIBSVA_HEADERS) >$@.scd
	$(SCDOC) <$@.scd >$@

$(OVERVIEWS): $(B)/man/%: man/%.scd man/functions $(LIBSVA_HEADERS)
	@mkdir -p $(@D)
	man/functions --fill $< $(LIBSVA_HEADERS) >$@.scd
	$(SCDOC) <$@.scd >$@
