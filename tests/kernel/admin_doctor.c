// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * admin_doctor.c - svactl doctor, asked by an administrator about others' memory
 */
#include <stdio.h>

#include "device.h"
#include "harness.h"
#include "stalls.h"

#define STUCK_MS 5000	/* as man/svactl.1.scd says */

struct reader {
	struct child child;
	int node;
	uint64_t id;
};

static bool is_stuck(void *arg)
{
	struct reader *reader = arg;
	struct sva_context_entry entry;

	return context_listed(reader->node, reader->id, &entry) && entry.waiting_ms >= STUCK_MS;
}

static bool doctor_says(const char *words)
{
	static const char *const command[] = { "svactl", "doctor", "--json", NULL };
	static char text[1 << 16];

	program_output(command, text, sizeof(text));
	return strstr(text, words);
}

TEST(R7, doctor_names_the_process_whose_page_does_not_come)
{
	struct reader reader = { .node = node_open() };
	struct stall stall;
	char words[128];

	stall_start(&stall);
	child_start(&reader.child, stall_reader, &stall);
	reader.id = word_receive(reader.child.line);
	stall_await(&stall);
	snprintf(words, sizeof(words), "a page request of context %llu of process %d (uid 0)",
		 (unsigned long long)reader.id, reader.child.pid);
	CHECK(!doctor_says(words) || is_stuck(&reader), "at once");
	CHECK(wait_until(is_stuck, &reader, PATIENCE_MS), "it is not told for how long");
	CHECK(doctor_says(words), "it does not say: %s", words);
	stall_let_go(&stall);
	word_send(reader.child.line, 0);
	word_receive(reader.child.line);
	CHECK(!doctor_says(words), "it says so still");
	child_join(&reader.child);
	stall_end(&stall);
}
