# SPDX-License-Identifier: GPL-2.0-or-later
#
# slurm.mk - the SPANK plugin, where Slurm's headers are
#
# A plugin is of the Slurm that it was built for: those of the guest come before the
# machine's.  SLURM_INCLUDE= names the folder of others that has slurm/spank.h.

HPC := $(shell tests/vm/setup --print 2>/dev/null | sed -n 's/^hpc //p')
SLURM_INCLUDE ?= $(firstword $(patsubst %/slurm/spank.h,%,$(wildcard \
	$(HPC:%=%/include/slurm/spank.h) /usr/include/slurm/spank.h)))
slurmplugindir ?= $(libdir)/slurm

ifneq ($(SLURM_INCLUDE),)

SPANK_PLUGIN := $(B)/slurm/sva.so
SPANK_OBJS := $(patsubst %,$(B)/slurm/%.o,allocation job plugin settings share)

$(B)/slurm/%.o: CPPFLAGS += -D_GNU_SOURCE -isystem $(SLURM_INCLUDE)

# What it calls of Slurm is in the program that loads it.  libsva is in it, for slurmd's
# and srun's library path is the site's affair.
$(SPANK_PLUGIN): $(SPANK_OBJS) $(B)/libsva/libsva.a slurm/sva.map
	$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,--version-script=slurm/sva.map -o $@ \
		$(SPANK_OBJS) $(B)/libsva/libsva.a -pthread

.PHONY: slurm install-slurm
slurm: $(SPANK_PLUGIN)
user: $(SPANK_PLUGIN)

install-slurm: slurm
	$(INSTALL) -D -m 0644 $(SPANK_PLUGIN) $(DESTDIR)$(slurmplugindir)/sva.so

# In a Slurm of the test's own
SPANK_TEST := $(B)/tests/unit/slurm_plugin
$(SPANK_TEST).o: CPPFLAGS += -D_GNU_SOURCE -isystem $(SLURM_INCLUDE) \
	-DSPANK_PLUGIN_FILE='"$(abspath $(SPANK_PLUGIN))"'

$(SPANK_TEST): %: %.o $(B)/tests/unit/libsva_fake_svad.o | $(SPANK_PLUGIN)
	$(CC) $(CFLAGS) $(LDFLAGS) -rdynamic -o $@ $^ -lcmocka -ldl -pthread

UNIT_TESTS += $(SPANK_TEST)

endif
