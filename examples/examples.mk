# SPDX-License-Identifier: GPL-2.0-or-later
#
# examples.mk - bind, the smallest program, and what `make demo` shows

DEMO_PROGRAMS := $(addprefix $(B)/examples/demo/demo-,list crc address victim newcomers watch)
PROGRAMS += $(B)/examples/bind $(DEMO_PROGRAMS)

$(B)/examples/%.o: CPPFLAGS += -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64

$(B)/examples/bind: $(B)/examples/bind.o $(B)/libsva/libsva.so
	$(CC) $(LDFLAGS) -o $@ $< -L$(B)/libsva -lsva

$(B)/examples/demo/demo-%: $(B)/examples/demo/%.o $(B)/examples/demo/demo.o $(B)/libsva/libsva.so
	$(CC) $(LDFLAGS) -o $@ $(filter %.o,$^) -L$(B)/libsva -lsva

# Where MPI is: that of the guest before the machine's; HPC is slurm.mk's
ifneq ($(HPC),)
MPI_CFLAGS ?= -isystem $(HPC)/include/openmpi
MPI_LIBS ?= -L$(HPC)/lib -lmpi -Wl,--allow-shlib-undefined
else
MPI_CFLAGS ?= $(shell $(PKG_CONFIG) --cflags ompi-c 2>/dev/null)
MPI_LIBS ?= $(shell $(PKG_CONFIG) --libs ompi-c 2>/dev/null)
endif

ifneq ($(MPI_LIBS),)
MPI_EXAMPLE := $(B)/examples/mpi/mpi-search
PROGRAMS += $(MPI_EXAMPLE)

$(B)/examples/mpi/search.o: CPPFLAGS += $(MPI_CFLAGS)

$(MPI_EXAMPLE): $(B)/examples/mpi/search.o $(B)/libsva/libsva.so
	$(CC) $(LDFLAGS) -o $@ $< -L$(B)/libsva -lsva $(MPI_LIBS)
endif
