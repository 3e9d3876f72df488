# SPDX-License-Identifier: LGPL-2.1-or-later
#
# libsva: the shared library, the static one and the pkg-config file.

LIBSVA_SONAME := libsva.so.0
LIBSVA_HEADERS := libsva/sva.h libsva/sva-accel.h libsva/sva-admin.h
LIBSVA_OBJS := $(patsubst %,$(B)/libsva/%.o,accel admin client device event exec inherit memory mm reason region ring sva watch)

# The caller's own flags come in front; these are what the library cannot do
# without: hidden symbols (libsva.map says which are not) and 64-bit offsets.
$(B)/libsva/%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64
$(B)/libsva/%.o: CFLAGS += -fvisibility=hidden

LIBSVA_LDFLAGS = -Wl,-soname,$(LIBSVA_SONAME) -Wl,--version-script=libsva/libsva.map \
	$(if $(findstring -fsanitize,$(CFLAGS)),,-Wl,-z,defs)

$(B)/libsva/$(LIBSVA_SONAME): $(LIBSVA_OBJS) libsva/libsva.map
	$(CC) $(CFLAGS) $(LDFLAGS) -shared $(LIBSVA_LDFLAGS) -o $@ $(LIBSVA_OBJS)

$(B)/libsva/libsva.so: $(B)/libsva/$(LIBSVA_SONAME)
	ln -sf $(LIBSVA_SONAME) $@

# One object whose hidden symbols are local, so that a program's own functions
# may be called what ours are.
$(B)/libsva/libsva.a: $(LIBSVA_OBJS)
	$(LD) -r -o $(B)/libsva/all.o $(LIBSVA_OBJS)
	$(OBJCOPY) --localize-hidden $(B)/libsva/all.o
	rm -f $@
	$(AR) rcs $@ $(B)/libsva/all.o

# Always, for prefix may be another one than the last time; touched only if it is
$(B)/libsva/libsva.pc: FORCE
	@mkdir -p $(@D)
	@sed -e 's|@prefix@|$(prefix)|' -e 's|@exec_prefix@|$(exec_prefix)|' \
	     -e 's|@libdir@|$(libdir)|' -e 's|@includedir@|$(includedir)|' \
	     -e 's|@version@|$(VERSION)|' libsva/libsva.pc.in >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

# pkg-config takes this one where it finds it beside the other: for programs that
# are built against what stands here and not against what is installed.
$(B)/libsva/libsva-uninstalled.pc: libsva/libsva.pc.in libsva/libsva.mk
	@mkdir -p $(@D)
	sed -e '/^[a-z_]*=@/d' -e 's|@version@|$(VERSION)|' -e 's|$${libdir}|$${pcfiledir}|' \
	    -e 's|-I$${includedir}|-I$(CURDIR)/libsva -I$(CURDIR)/include/uapi|' $< >$@

OBJCOPY ?= objcopy
LIBRARIES += $(B)/libsva/$(LIBSVA_SONAME) $(B)/libsva/libsva.so $(B)/libsva/libsva.a \
	$(B)/libsva/libsva.pc $(B)/libsva/libsva-uninstalled.pc
