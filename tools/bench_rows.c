// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_rows.c - what svabench measures
 */
#include "bench.h"

#define KIB 1024
#define MIB (1024 * 1024)

#define BARE_SERVER "the same by a bare server that knows whom it serves"
#define GRANT_CLIENTS(count) { "grant-clients-" #count, "grant-clients", \
	"a grant to one of " #count " clients at once", BARE_SERVER, bench_grant_clients, count, \
	0, ROW_TIME, true }
#define BIND_CLIENTS(count) { "bind-clients-" #count, "bind-clients", \
	"sva_bind() and sva_unbind() by one of " #count " clients at once", "bare handshakes and " \
	"the bare ioctls, by as many", bench_bind_clients, count, 0, ROW_TIME, false }
#define GRANT_AMONG(count, target) { "grant-among-" #count, "grant-among", \
	"a grant, among " #count " live contexts", "among none", bench_grant_crowd, count, \
	target, ROW_TIME, true }
#define BIND_AMONG(count, target) { "bind-among-" #count, "bind-among", \
	"sva_bind(), among " #count " live contexts", "among none", bench_bind_crowd, count, \
	target, ROW_TIME, false }
#define MEMMOVE(name, size, target) { "memmove-" name, "memmove", name " bytes, warm", "memcpy()", \
	bench_copy_warm, size, target, ROW_TIME, false }

/* Targets: what the product is to take at most, in floors */
const struct row bench_rows[] = {
	/* first, for a crowd makes svad keep room for the next one */
	{ "mem-client", NULL, "svad's heap for an idle client", "its budget", bench_client_memory,
	  KIB, 1, ROW_BYTES, true },
	{ "mem-context", NULL, "svad's heap for a context", "its budget", bench_context_memory,
	  KIB / 4, 1, ROW_BYTES, true },
	{ "grant-new", NULL, "a context from svad, on a new connection", BARE_SERVER,
	  bench_grant_new, 0, 1.3, ROW_TIME, true },
	{ "grant-open", NULL, "a context from svad, on an open connection", BARE_SERVER,
	  bench_grant_open, 0, 1.3, ROW_TIME, true },
	GRANT_CLIENTS(1), GRANT_CLIENTS(2), GRANT_CLIENTS(4), GRANT_CLIENTS(8),
	GRANT_CLIENTS(16), GRANT_CLIENTS(32), GRANT_CLIENTS(64),
	GRANT_AMONG(10, 0), GRANT_AMONG(100, 0), GRANT_AMONG(1000, 0), GRANT_AMONG(10000, 1.2),
	{ "restart", NULL, "svad from its start until it answers, with 1000 contexts", "its budget",
	  bench_restart, 1000, 1, ROW_TIME, true },
	{ "bind", NULL, "sva_bind(), the whole path", "a bare handshake that brings an fd, and the "
	  "bare BIND_TASK ioctl", bench_bind, 0, 1.25, ROW_TIME, false },
	{ "unbind", NULL, "sva_unbind()", "the bare UNBIND_TASK ioctl and close()", bench_unbind,
	  0, 0, ROW_TIME, false },
	{ "bind-ioctl", NULL, "the BIND_TASK ioctl, being traced", "iommu_sva_bind_device() in it",
	  bench_bind_ioctl, 0, 1.1, ROW_TIME, false },
	BIND_CLIENTS(1), BIND_CLIENTS(2), BIND_CLIENTS(4), BIND_CLIENTS(8), BIND_CLIENTS(16),
	BIND_CLIENTS(32), BIND_CLIENTS(64),
	BIND_AMONG(10, 0), BIND_AMONG(100, 0), BIND_AMONG(1000, 0), BIND_AMONG(10000, 1.2),
	{ "exit", NULL, "exit of a process that has unbound", "of one that never bound",
	  bench_exit_unbound, 0, 1.2, ROW_TIME, false },
	{ "exit-bound", NULL, "exit of a process that is bound", "of one that never bound",
	  bench_exit_bound, 0, 0, ROW_TIME, false },
	{ "nop-ring", NULL, "a job of a batch of 512 that do nothing", "the same on a ring that a "
	  "thread polls, without a device", bench_nop_ring, 512, 1.4, ROW_TIME, false },
	{ "nop-syscall", NULL, "a job of a batch of 512 that do nothing", "one write() a job",
	  bench_nop_syscall, 512, 0.2, ROW_TIME, false },
	MEMMOVE("512", 512, 0), MEMMOVE("4k", 4 * KIB, 0), MEMMOVE("64k", 64 * KIB, 1.2),
	MEMMOVE("1m", MIB, 1.2), MEMMOVE("16m", 16 * MIB, 1.2), MEMMOVE("64m", 64 * MIB, 1.2),
	{ "memmove-cold", NULL, "64 MiB, cold: by page requests", "memcpy(), cold: by page faults",
	  bench_copy_cold, 64 * MIB, 1.5, ROW_TIME, false },
	{ "page-request", NULL, "one page, as the device counts it", "a thread's wake-up and a "
	  "CPU's minor fault", bench_page_request, 0, 2, ROW_TIME, false },
	{ "prefault", NULL, "16 MiB filled, after sva_prefault()", "by page requests",
	  bench_prefault, 16 * MIB, 0, ROW_TIME, false },
	{ 0 },
};
