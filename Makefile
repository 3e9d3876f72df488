# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every entry point of the project; `make help` lists them.  Each part adds its
# programs, libraries and tests in a fragment of its own, folder/*.mk.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.SECONDARY:
.DEFAULT_GOAL := all
ifndef V
.SILENT:
endif

# The packages' changelog says which version this is
VERSION		:= $(shell sed -n '1s/^[^(]*(\([^)]*\)).*/\1/p' debian/changelog)
B		?= build

CC		= gcc
CLANG		?= clang
AR		= ar
INSTALL		?= install
PKG_CONFIG	?= pkg-config

OPTIMIZE	?= -O2
SANITIZE	?=
WARNINGS	= -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes \
		  -Wpointer-arith -Wformat=2 -Wundef $(WERROR)
WERROR		?= -Werror
CPPFLAGS	+= -DSVA_VERSION='"$(VERSION)"' -Iinclude/uapi -Ilibsva -I. -I$(B)
CFLAGS		+= -std=gnu11 -g $(OPTIMIZE) -fPIC -fstack-protector-strong \
		   $(WARNINGS) $(SANITIZE)
LDFLAGS		+= -Wl,-z,relro,-z,now $(SANITIZE)

# GNU's names for where things go, and those that it has none for
DESTDIR		?=
prefix		?= /usr/local
exec_prefix	?= $(prefix)
bindir		?= $(exec_prefix)/bin
sbindir		?= $(exec_prefix)/sbin
libdir		?= $(exec_prefix)/lib
includedir	?= $(prefix)/include
sysconfdir	?= /etc
runstatedir	?= /run
datarootdir	?= $(prefix)/share
datadir		?= $(datarootdir)
mandir		?= $(datarootdir)/man
docdir		?= $(datarootdir)/doc/sva
bashcompletiondir ?= $(datarootdir)/bash-completion/completions
pkgconfigdir	?= $(libdir)/pkgconfig
systemdunitdir	?= $(exec_prefix)/lib/systemd/system
sysusersdir	?= $(exec_prefix)/lib/sysusers.d
tmpfilesdir	?= $(exec_prefix)/lib/tmpfiles.d
modulesloaddir	?= $(exec_prefix)/lib/modules-load.d
udevrulesdir	?= $(exec_prefix)/lib/udev/rules.d
dkmsdir		?= /usr/src/sva-$(VERSION)

# What the fragments append to
PROGRAMS	:=
LIBRARIES	:=
UNIT_TESTS	:=
GUEST_TESTS	:=
GUEST_CLIENTS	:=

# These goals install what is missing first, and only then make the others.
OUTER_GOALS	:= demo check check-debug check-hpc setup deb check-deb install-dkms help clean
INNER		:= $(filter-out $(OUTER_GOALS),$(or $(MAKECMDGOALS),all))

.PHONY: all
all: user modules-if-possible

ifneq ($(INNER),)

NEEDED		:= libsystemd libudev libseccomp inih jansson
ifneq ($(shell $(PKG_CONFIG) --exists $(NEEDED) 2>/dev/null && echo yes),yes)
$(error Some of $(NEEDED) are missing, or pkg-config is: run tests/vm/setup as root)
endif

-include libsva/libsva.mk
-include daemon/daemon.mk
-include tools/tools.mk
-include slurm/slurm.mk
-include examples/examples.mk
-include tests/unit/unit.mk
-include tests/kernel/kernel-tests.mk
-include tests/fuzz/fuzz.mk
-include tests/full/full.mk
-include tests/hpc/hpc.mk
-include tests/model/model.mk
include tests/vm/vm.mk

-include $(patsubst %.c,$(B)/%.d,$(shell find daemon libsva slurm tools examples tests -name '*.c' 2>/dev/null))

endif

.PHONY: user
user: $(LIBRARIES) $(PROGRAMS)

# Where things go, as far as programs and manual pages know it; touched only when it
# is another place than before
$(B)/sva-paths.h: FORCE
	mkdir -p $(@D)
	printf '#define SVA_%s "%s"\n' SYSCONFDIR '$(sysconfdir)' RUNSTATEDIR '$(runstatedir)' >$@.new
	cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(B)/%.o: %.c | $(B)/sva-paths.h
	mkdir -p $(@D)
	$(if $(V),,echo '  CC $@')
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# ------------------------------------------------------------------- modules

# Where kernel headers are installed for this machine's own kernel; KDIR given
# means those, and none of the rig's.
MODULE_SOURCES	:= $(shell find kernel include/uapi -name '*.[ch]' -o -name Kbuild)
LOCAL_KDIR	:= /lib/modules/$(shell uname -r)/build
MODULES		:= $(B)/modules/.built
MODULES_KDIR	:= $(B)/modules-kdir/.built

.PHONY: modules modules-other modules-debug modules-if-possible FORCE
FORCE:

# Those that this build made, and no others that an older one left
modules-copy = rm -f $(1)/*.ko && \
	sed 's,\.o$$,.ko,; s,^,$(1)/kbuild/,' $(1)/kbuild/modules.order | xargs -d '\n' cp -t $(1)/

# The name of the tree's kernel; newer than the modules only when it changed
$(B)/modules/.kernel: FORCE
	mkdir -p $(@D)
	tests/vm/setup --print | grep -E '^(tree|kernel)' >$@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(MODULES): $(B)/modules/.kernel tests/vm/modules $(MODULE_SOURCES)
	$(if $(V),,echo '  MODULES $(B)/modules')
	tests/vm/modules $(B)/modules/kbuild
	$(call modules-copy,$(B)/modules)
	touch $@

# For the other kernels that setup --for check has fetched, the oldest first
OTHER_KERNELS	= $(shell tests/vm/setup --print | sed -n 's/^other-kernel //p')

OLD_KERNEL	= $(firstword $(OTHER_KERNELS))

$(B)/modules-%/.built: tests/vm/modules $(MODULE_SOURCES)
	$(if $(V),,echo '  MODULES $(@D)')
	tests/vm/modules --kernel '$*' '$(@D)/kbuild'
	$(call modules-copy,$(@D))
	touch $@

DEBUG_KERNEL	= $(shell tests/vm/setup --print | sed -n 's/^debug-kernel //p')
DEBUG_FOLDER	= $(shell tests/vm/setup --print | sed -n 's/^debug-folder //p')

# Its name is the same whatever its configuration
ifneq ($(filter modules-debug,$(MAKECMDGOALS)),)
$(B)/modules-$(DEBUG_KERNEL)/.built: $(DEBUG_FOLDER)/.complete
endif

modules-debug: $(addprefix $(B)/modules-,$(addsuffix /.built,$(DEBUG_KERNEL)))

modules-other: $(foreach kernel,$(OTHER_KERNELS),$(B)/modules-$(kernel)/.built)

# For the guest's kernel, with the points at which a race may turn out otherwise
$(B)/modules-races/.built: $(B)/modules/.kernel tests/vm/modules $(MODULE_SOURCES)
	$(if $(V),,echo '  MODULES $(@D)')
	tests/vm/modules $(@D)/kbuild SVA_RACE_POINTS=y
	$(call modules-copy,$(@D))
	touch $@

$(MODULES_KDIR): $(MODULE_SOURCES) FORCE
	mkdir -p $(@D)/kbuild
	$(MAKE) -C $(KDIR) M=$(CURDIR)/kernel MO=$(abspath $(@D))/kbuild W=1e modules
	$(call modules-copy,$(@D))
	touch $@

ifdef KDIR
modules: $(MODULES_KDIR)
modules-if-possible: modules
else
modules: $(MODULES)
ifeq ($(shell tests/vm/setup --print 2>/dev/null | grep -c '^kernel '),1)
modules-if-possible: modules
else ifneq ($(wildcard $(LOCAL_KDIR)),)
modules-if-possible:
	$(MAKE) modules KDIR=$(LOCAL_KDIR)
else
modules-if-possible:
	echo 'The modules are not built: there are no kernel headers.  Give some with KDIR=,'
	echo 'or run tests/vm/setup as root.'
endif
endif

# --------------------------------------------------------------------- tests

.PHONY: setup demo demo-vtd check check-static check-unit check-vm check-vtd check-hpc soak races
.PHONY: tests-built unit-tests unit-tests-sanitized guest-tests vtd-tests reasons-tests
.PHONY: check-debug
.PHONY: oldkernel-tests shutdown-tests rig-tests

setup:
	tests/vm/setup --for check

demo:
	tests/vm/setup --for demo
	$(MAKE) --no-print-directory all
	SVA_BUILD='$(abspath $(B))' examples/demo/demo

# The same on emulated VT-d and the PCIe device
demo-vtd: all
	SVA_DEMO_PROFILE=vtd SVA_BUILD='$(abspath $(B))' examples/demo/demo

check:
	B='$(B)' MAKE='$(MAKE)' tests/check

check-static:
	B='$(B)' MAKE='$(MAKE)' tests/static
	B='$(B)' MAKE='$(MAKE)' tests/api
	B='$(B)' tests/headers

# All that is tested, built
tests-built: user $(UNIT_TESTS) $(GUEST_TESTS) $(GUEST_CLIENTS) $(OLD_KERNEL_PROGRAMS) $(SHUTDOWN_PROGRAM)

unit-tests: $(UNIT_TESTS)
	tests/programs $(UNIT_TESTS)

unit-tests-sanitized:
	$(MAKE) --no-print-directory unit-tests B=$(B)/asan OPTIMIZE=-O1 \
		SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer'

guest-tests: all $(GUEST_TESTS)
	SVA_BUILD='$(abspath $(B))' $(GUEST_TEST_RUNNER) $(GUEST_TESTS)

# The long ones, 16 processes each, with kills, removals and resets.  SEED=, as a run
# prints it, makes the same run again.
SOAK		?= 20000
SOAK_VTD	?= 5000
ORACLE		?= 1000000
ORACLE_VTD	?= 50000
SEED		?=
SOAK_RUN	= SVA_BUILD='$(abspath $(B))' tests/vm/run --mem 2G --timeout 25200 \
		  --add $(B)/tests/kernel/soak --add $(B)/tests/kernel/oracle
SOAK_SEED	= $(if $(SEED),--seed $(SEED))
soak: all $(GUEST_TESTS)
	$(SOAK_RUN) --smp 4 -- ./soak --operations $(SOAK) $(SOAK_SEED)
	$(SOAK_RUN) --smp 2 --profile vtd -- ./soak --operations $(SOAK_VTD) $(SOAK_SEED)
	$(SOAK_RUN) --no-service --smp 4 -- ./oracle --operations $(ORACLE) $(SOAK_SEED)
	$(SOAK_RUN) --no-service --smp 2 --profile vtd -- ./oracle --operations $(ORACLE_VTD) $(SOAK_SEED)

# Each pair of calls against each other, often; `make check-debug` has a few of each
RACES		?= 2000
races: all $(GUEST_TESTS) $(B)/modules-races/.built
	SVA_BUILD='$(abspath $(B))' tests/vm/run --no-service --smp 2 --mem 2G --timeout 28800 \
		--modules-in $(B)/modules-races --add $(B)/tests/kernel/races -- \
		./races --rounds $(RACES)

# On a kernel that disables SVA on x86: Debian 13's own
oldkernel-tests: user $(addprefix $(B)/modules-,$(addsuffix /.built,$(OLD_KERNEL))) \
		$(OLD_KERNEL_PROGRAMS)
	SVA_BUILD='$(abspath $(B))' tests/vm/run --kernel $(or $(OLD_KERNEL),other) \
		$(addprefix --add ,$(OLD_KERNEL_PROGRAMS)) -- ./oldkernel

# The same programs on the accelerator as a PCIe device
vtd-tests: all $(GUEST_TESTS)
	SVA_BUILD='$(abspath $(B))' $(GUEST_TEST_RUNNER) --profile vtd $(GUEST_TESTS)

shutdown-tests: all $(SHUTDOWN_PROGRAM)
	SVA_BUILD='$(abspath $(B))' tests/kernel/shutdown.sh $(SHUTDOWN_PROGRAM)

reasons-tests: all $(GUEST_TESTS)
	SVA_BUILD='$(abspath $(B))' tests/kernel/reasons $(B)/tests/kernel/obstacle

rig-tests: all
	SVA_BUILD='$(abspath $(B))' tests/vm/selftest

# Measurements: QUICK=1 for a look, BENCH="native guest vtd" for some of them
BENCH		?= native guest vtd
.PHONY: bench
bench: all $(SVAD_TEST_DIR)/fake_svad
	SVA_BUILD='$(abspath $(B))' B='$(B)' tests/bench $(BENCH)

# What docs/performance.md shows, measured anew: on a machine that does nothing else
.PHONY: performance
performance: bench
	cp $(B)/bench/*.json docs/performance/
	tools/svabench-plot docs/performance docs/performance/*.json
	$(MAKE) docs

check-unit:
	$(MAKE) --no-print-directory unit-tests
	$(MAKE) --no-print-directory unit-tests-sanitized
	$(MAKE) --no-print-directory unit-tests-threads

check-vm:
	$(MAKE) --no-print-directory rig-tests
	$(MAKE) --no-print-directory guest-tests
	$(MAKE) --no-print-directory oldkernel-tests
	$(MAKE) --no-print-directory shutdown-tests

check-vtd: vtd-tests reasons-tests

check-debug:
	B='$(B)' MAKE='$(MAKE)' tests/debug

# Their names, for it
.PHONY: guest-tests-named
guest-tests-named:
	printf '%s\n' $(GUEST_TESTS)

# What it needs, and make check does not, comes first; the plugin is built for that Slurm
check-hpc:
	tests/vm/setup --for hpc
	$(MAKE) --no-print-directory hpc-tests

# ------------------------------------------------------------------- install

install-dirs = $(INSTALL) -d $(addprefix $(DESTDIR),$(1))
install-files = $(if $(wildcard $(1)),$(INSTALL) -d $(DESTDIR)$(2) && $(INSTALL) -m 0644 $(wildcard $(1)) $(DESTDIR)$(2)/)
# What names places: FILE.in, FOLDER
install-filled = $(INSTALL) -d $(DESTDIR)$(2) && sed -e 's,@sbindir@,$(sbindir),g' \
	-e 's,@sysconfdir@,$(sysconfdir),g' -e 's,@runstatedir@,$(runstatedir),g' $(1) \
	>$(DESTDIR)$(2)/$(basename $(notdir $(1))) && chmod 0644 $(DESTDIR)$(2)/$(basename $(notdir $(1)))

# What is installed, and nothing that only tests and shows
.PHONY: programs install
programs: $(LIBRARIES) $(filter-out $(B)/tests/% $(B)/examples/%,$(PROGRAMS))

install: programs
	$(call install-dirs,$(bindir) $(sbindir) $(libdir) $(includedir)/linux $(pkgconfigdir))
	$(INSTALL) -m 0755 $(B)/daemon/svad $(DESTDIR)$(sbindir)/
	$(INSTALL) -m 0755 $(B)/tools/svactl $(B)/tools/svabench tools/svabench-plot $(DESTDIR)$(bindir)/
	$(INSTALL) -D -m 0644 $(B)/tools/svactl.bash $(DESTDIR)$(bashcompletiondir)/svactl
	$(INSTALL) -m 0755 $(B)/libsva/libsva.so.0 $(DESTDIR)$(libdir)/
	ln -sf libsva.so.0 $(DESTDIR)$(libdir)/libsva.so
	$(INSTALL) -m 0644 $(B)/libsva/libsva.a $(DESTDIR)$(libdir)/
	$(INSTALL) -m 0644 $(B)/libsva/libsva.pc $(DESTDIR)$(pkgconfigdir)/
	$(INSTALL) -m 0644 $(LIBSVA_HEADERS) $(DESTDIR)$(includedir)/
	$(INSTALL) -m 0644 include/uapi/linux/sva.h include/uapi/linux/sva_accel.h $(DESTDIR)$(includedir)/linux/
	$(call install-files,docs/json/*.schema.json,$(docdir)/json)
	$(call install-filled,systemd/svad.service.in,$(systemdunitdir))
	$(call install-filled,systemd/svad.socket.in,$(systemdunitdir))
	$(call install-files,systemd/sysusers.d/*.conf,$(sysusersdir))
	$(call install-filled,systemd/tmpfiles.d/svad.conf.in,$(tmpfilesdir))
	$(call install-files,systemd/modules-load.d/*.conf,$(modulesloaddir))
	$(call install-files,systemd/*.rules,$(udevrulesdir))
	$(call install-files,docs/*.md,$(docdir))
	$(call install-files,docs/ABI/*,$(docdir)/ABI)
	test -e $(DESTDIR)$(sysconfdir)/svad.conf || \
		$(INSTALL) -D -m 0644 systemd/svad.conf $(DESTDIR)$(sysconfdir)/svad.conf

# For the kernel whose headers are in KDIR; those for tests and the example stay here.
INSTALLED_MODULES := sva sva_softiommu sva_soft sva_pci
.PHONY: install-modules
install-modules: modules
	$(if $(KDIR),,$(error Say for which kernel: KDIR=/lib/modules/.../build))
	$(INSTALL) -d $(DESTDIR)/lib/modules/$$($(MAKE) -s -C $(KDIR) kernelrelease)/updates
	$(INSTALL) -m 0644 $(INSTALLED_MODULES:%=$(B)/modules-kdir/%.ko) \
		$(DESTDIR)/lib/modules/$$($(MAKE) -s -C $(KDIR) kernelrelease)/updates/
	$(if $(DESTDIR),,depmod $$($(MAKE) -s -C $(KDIR) kernelrelease))

# The modules' sources, for DKMS, which builds them for each kernel that is installed
DKMS_SOURCES = $(filter-out kernel/test/% kernel/example/%,$(MODULE_SOURCES))
.PHONY: install-dkms
install-dkms:
	for file in $(DKMS_SOURCES); do \
		$(INSTALL) -D -m 0644 $$file $(DESTDIR)$(dkmsdir)/$$file || exit; \
	done
	sed 's/#MODULE_VERSION#/$(VERSION)/' kernel/dkms.conf >$(DESTDIR)$(dkmsdir)/dkms.conf

# Debian packages, in $(B)/deb
.PHONY: deb check-deb
deb:
	tests/deb/setup
	B='$(B)' debian/packages

check-deb:
	tests/vm/setup --for demo
	tests/deb/setup --check
	B='$(B)' MAKE='$(MAKE)' tests/deb/check

.PHONY: clean help
clean:
	rm -rf build $(B)

help:
	sed -n 's/^# HELP: \{0,1\}//p' $(firstword $(MAKEFILE_LIST))

# HELP: make                 programs, libraries and, where kernel headers are, modules
# HELP: make demo            as root, from a fresh Debian 12 or 13: install what is
# HELP:                      missing, build, and show two users' programs on the
# HELP:                      accelerator, in a guest
# HELP: make demo-vtd        the same on emulated VT-d and the PCIe device
# HELP: make check           as root the first time: the tests, and a table at the end
# HELP: make check-static    warnings of gcc and clang, linters; libsva's interface; the
# HELP:                      modules against the headers of each kernel, with sparse;
# HELP:                      kernel-doc
# HELP: make check-unit      tests without a guest; again under ASan and UBSan, those of
# HELP:                      threads under TSan
# HELP: make check-vm        tests in the guest, and of the rig itself
# HELP: make check-full      tests in a guest with systemd, svad installed
# HELP: make check-hpc       as root the first time: jobs of Slurm, MPI, slices and containers,
# HELP:                      in a guest of their own; HPC_PARTS=jobs for some of them
# HELP: make coverage        which lines of daemon/ the tests without a guest run
# HELP: make fuzz            libFuzzer on protocol and policy, FUZZ_SECONDS=600 each
# HELP: make check-vtd       the tests in the guest, on emulated VT-d and the PCIe device
# HELP: make check-debug     as root the first time: all guest tests on a kernel with
# HELP:                      KASAN, lockdep and kmemleak, each allocation made to fail;
# HELP:                      RACES=20 rounds of each pair of calls, FUZZ=20000 random ones
# HELP: make soak            SOAK=20000 random operations in the guest, and SOAK_VTD=5000
# HELP:                      on the PCIe device, and nothing left; ORACLE=1000000 and
# HELP:                      ORACLE_VTD=50000 with a rogue device, and every byte watched
# HELP: make races           RACES=2000 rounds of each pair of 14 operations on a context
# HELP:                      at once, with delays at random inside of the modules
# HELP: make bench           what SVA costs, against floors of the same run: natively, in
# HELP:                      the guest, and on VT-d; JSON and plots in $(B)/bench
# HELP: make performance     the same, and write docs/performance.md's figures of it
# HELP: make verify          proofs: the release machines, the protocol around them, and
# HELP:                      that each of their guards is needed (minutes, 3 GB of memory)
# HELP: make modules         the kernel modules, for the guest; KDIR=FOLDER: for the
# HELP:                      kernel whose headers are there, in $(B)/modules-kdir
# HELP: make modules-other   the same for Debian 13's own kernel and the newest in its
# HELP:                      backports, in $(B)/modules-VERSION
# HELP: make docs            write the reasons of libsva into docs/troubleshooting.md
# HELP: make setup           as root: install all that the others need
# HELP: make install         DESTDIR= and GNU's variables (prefix, libdir...) say where
# HELP: make install-modules KDIR=FOLDER: the modules, for that kernel
# HELP: make install-dkms    the modules' sources, for DKMS to build
# HELP: make deb             as root the first time: Debian packages, in $(B)/deb
# HELP: make check-deb       as root: the packages, built in this Debian and in Debian 13,
# HELP:                      installed, used, upgraded and purged in a guest (an hour)
# HELP: make clean           remove what was built
# HELP:
# HELP: B=FOLDER builds there instead of in build; CC=clang works too; V=1 shows the
# HELP: compiler's command lines.  One command in the guest: tests/vm/run --help.
