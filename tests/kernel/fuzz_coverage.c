// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_coverage.c - which code of the modules a thread has run (KCOV)
 *
 * The modules alone are built to tell it (tests/vm/modules, for the debug kernel), so
 * that each place that is met for the first time is one of theirs.
 */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "harness.h"
#include "process.h"

#define KCOV "/sys/kernel/debug/kcov"
#define KCOV_INIT _IOR('c', 1, unsigned long)
#define KCOV_ENABLE _IO('c', 100)
#define KCOV_DISABLE _IO('c', 101)
#define KCOV_TRACE_PC 0

#define TRACE_WORDS ((size_t)1 << 16)
#define PLACES ((size_t)1 << 15)	/* more than the modules have; a power of two */

/* @places: in memory that all processes of the test share; 0: free */
struct fuzz_coverage {
	uint64_t *places;
	unsigned int *count;
	int fd;
	uint64_t *trace;
	pid_t owner;
};

struct fuzz_coverage *fuzz_coverage_new(void)
{
	static struct fuzz_coverage coverage;

	coverage.places = shared_alloc(PLACES * sizeof(*coverage.places));
	coverage.count = shared_alloc(sizeof(*coverage.count));
	return &coverage;
}

/* One a process: what it traces is one thread */
static void trace_open(struct fuzz_coverage *coverage)
{
	coverage->owner = getpid();
	coverage->trace = NULL;
	coverage->fd = open(KCOV, O_RDWR | O_CLOEXEC);
	if (coverage->fd < 0)
		return;
	MUST(ioctl(coverage->fd, KCOV_INIT, TRACE_WORDS));
	coverage->trace = mmap(NULL, TRACE_WORDS * sizeof(uint64_t), PROT_READ | PROT_WRITE,
			       MAP_SHARED, coverage->fd, 0);
	CHECK(coverage->trace != MAP_FAILED, "%s", strerror(errno));
}

void fuzz_coverage_begin(struct fuzz_coverage *coverage)
{
	if (coverage->owner != getpid())
		trace_open(coverage);
	if (!coverage->trace)
		return;
	MUST(ioctl(coverage->fd, KCOV_ENABLE, KCOV_TRACE_PC));
	__atomic_store_n(&coverage->trace[0], 0, __ATOMIC_RELAXED);
}

static bool place_is_new(struct fuzz_coverage *coverage, uint64_t place)
{
	size_t at = (place * 0x9e3779b97f4a7c15ull) >> 49;

	while (coverage->places[at] && coverage->places[at] != place)
		at = (at + 1) & (PLACES - 1);
	if (coverage->places[at] || *coverage->count == PLACES / 2)
		return false;
	coverage->places[at] = place;
	++*coverage->count;
	return true;
}

bool fuzz_coverage_end(struct fuzz_coverage *coverage)
{
	bool found = false;
	uint64_t count;

	if (!coverage->trace)
		return false;
	count = __atomic_load_n(&coverage->trace[0], __ATOMIC_RELAXED);
	MUST(ioctl(coverage->fd, KCOV_DISABLE, 0));
	for (uint64_t i = 1; i <= count && i < TRACE_WORDS; i++)
		found |= place_is_new(coverage, coverage->trace[i]);
	return found;
}

unsigned int fuzz_coverage_count(const struct fuzz_coverage *coverage)
{
	return *coverage->count;
}
