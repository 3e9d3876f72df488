// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_floor.c - what this machine takes for what everything here is made of
 *
 * For the reader, who wants to know on what sort of machine a run was; ratios are
 * made with the floors of their own rows.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bare.h"
#include "bench.h"
#include "deadline.h"

#define TIMES 500
#define MIB (1024 * 1024)

struct things {
	struct bare_server server;
	struct bare_sleeper sleeper;
	int null;
	char *memory;
};

static int64_t do_handshake(struct things *things)
{
	int64_t start = clock_ns();
	int fd = bare_handshake(&things->server);

	start = clock_ns() - start;
	if (fd >= 0)
		close(fd);
	return fd < 0 ? fd : start;
}

/* One that the null device does not know: the way into the kernel and back */
static int64_t do_ioctl(struct things *things)
{
	int64_t start = clock_ns();

	(void)ioctl(things->null, _IO(';', 255));
	return clock_ns() - start;
}

static int64_t do_memcpy(struct things *things)
{
	int64_t start = clock_ns();

	memcpy(things->memory + MIB, things->memory, MIB);
	__asm__ volatile("" : : "r"(things->memory) : "memory");
	return clock_ns() - start;
}

static int64_t do_minor_fault(struct things *things)
{
	char *page = things->memory + 2 * (size_t)MIB;
	int64_t start;

	madvise(page, 4096, MADV_DONTNEED);
	start = clock_ns();
	*(volatile char *)page = 1;
	return clock_ns() - start;
}

static int64_t do_wake(struct things *things)
{
	return bare_wake(&things->sleeper);
}

static const struct {
	const char *name;
	int64_t (*once)(struct things *things);
} floors[] = {
	{ "handshake", do_handshake },
	{ "ioctl", do_ioctl },
	{ "memcpy-1m", do_memcpy },
	{ "minor-fault", do_minor_fault },
	{ "wake-up", do_wake },
};

_Static_assert(sizeof(floors) / sizeof(floors[0]) == BENCH_FLOORS, "bench.h");

static int things_begin(struct things *things)
{
	int ret = bare_server_start(&things->server, false);

	if (ret < 0)
		return ret;
	ret = bare_sleeper_start(&things->sleeper);
	if (ret < 0) {
		bare_server_stop(&things->server);
		return ret;
	}
	things->null = open("/dev/null", O_RDWR | O_CLOEXEC);
	things->memory = aligned_alloc(MIB, 3 * (size_t)MIB);
	if (things->memory)
		memset(things->memory, 1, 2 * (size_t)MIB);
	return 0;
}

static void things_end(struct things *things)
{
	free(things->memory);
	close(things->null);
	bare_sleeper_stop(&things->sleeper);
	bare_server_stop(&things->server);
}

int bench_floors(struct floor_result results[BENCH_FLOORS])
{
	struct things things;
	int ret = things_begin(&things);

	if (ret < 0)
		return ret;
	for (size_t i = 0; things.memory && i < BENCH_FLOORS; i++) {
		struct samples samples = { 0 };

		for (int n = 0; n < TIMES; n++) {
			int64_t ns = floors[i].once(&things);

			if (ns < 0 || sample_add(&samples, (double)ns) < 0)
				break;
		}
		results[i].name = floors[i].name;
		results[i].ns = samples_percentile(&samples, 50);
		samples_free(&samples);
	}
	things_end(&things);
	return 0;
}
