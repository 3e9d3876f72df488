// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crc.c - demo-crc FILE: the CRC32C of a mapped file that the CPU has not
 * touched, so that every page of it comes by page request
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "demo.h"

/* KiB of the mapping that this process's page tables have */
static long resident_kib(const void *mapping)
{
	FILE *file = fopen("/proc/self/smaps", "re");
	unsigned long start, end;
	bool ours = false;
	char line[256];
	long kib = -1;

	if (!file)
		demo_die("/proc/self/smaps cannot be read");
	while (kib < 0 && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%lx-%lx ", &start, &end) == 2)
			ours = start == (unsigned long)mapping;
		if (ours)
			sscanf(line, "Rss: %ld kB", &kib);
	}
	fclose(file);
	return kib;
}

/* From the file, not from the mapping: the CPU's own way to the same bytes */
static uint32_t cpu_crc32c(int fd, size_t size)
{
	static unsigned char block[1 << 16];
	static uint32_t table[256];
	uint32_t crc = ~0u;

	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] & 1 ? table[i] >> 1 ^ 0x82f63b78u : table[i] >> 1;
	}
	for (size_t at = 0; at < size;) {
		ssize_t n = pread(fd, block, sizeof(block), (off_t)at);

		if (n <= 0)
			demo_die("the file cannot be read");
		for (ssize_t i = 0; i < n; i++)
			crc = crc >> 8 ^ table[(crc ^ block[i]) & 0xff];
		at += (size_t)n;
	}
	return ~crc;
}

static void crc(struct demo *demo, int fd, const void *mapping, size_t size)
{
	struct sva_accel_completion done SVA_ACCEL_ALIGNED;
	struct sva_accel_desc job;
	uint32_t wanted;

	demo_check(demo, resident_kib(mapping) == 0,
		   "the mapping is cold: 0 KiB of it are in this process's page tables");
	sva_accel_prep_crc32c(&job, mapping, 0, size, &done);
	demo_run(demo, &job, &done);
	demo_check(demo, done.page_requests > 0,
		   "its pages came by %llu page requests, %llu ms of waiting",
		   (unsigned long long)done.page_requests,
		   (unsigned long long)done.fault_ns / 1000000);
	wanted = cpu_crc32c(fd, size);
	demo_check(demo, done.done == size && done.result == wanted,
		   "CRC32C of %zu KiB: the accelerator says %08llx, the CPU %08x", size / 1024,
		   (unsigned long long)done.result, wanted);
}

int main(int argc, char **argv)
{
	struct demo demo;
	struct stat st;
	void *mapping;
	int fd;

	if (argc != 2)
		demo_die("usage: demo-crc FILE");
	fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		demo_die("%s cannot be read", argv[1]);
	mapping = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapping == MAP_FAILED)
		demo_die("%s cannot be mapped", argv[1]);
	demo_bind(&demo);
	demo_ready(&demo);
	crc(&demo, fd, mapping, (size_t)st.st_size);
	return demo_end(&demo);
}
