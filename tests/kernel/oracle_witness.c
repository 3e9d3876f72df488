// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * oracle_witness.c - memory whose every word says who wrote it, see witness.h
 *
 *	50 PPPPPPPP WWWWWW	process P wrote its word W
 *	4a CCCCCCCCCC JJJJ	job J of context C wrote it
 *	67683067 PPPPPPPP	a device that had been told to stop did, under PASID P
 */
#include "witness.h"

#include <stdio.h>
#include <unistd.h>

#include "agents.h"
#include "harness.h"
#include "process.h"

#define PIECES		16
#define PIECE_WORDS	512		/* a page */

#define OF_PROCESS	0x50ull
#define OF_JOB		0x4aull
#define OF_GHOST	0x67683067ull

/**
 * struct piece - what has to be in a page
 * @job: a job has filled it with @fill; if not, the process's words from @origin on are there
 */
struct piece {
	bool job;
	uint64_t fill;
	unsigned int origin;
};

/* What all processes have in common: @processes that there were, @checked bytes */
static struct {
	uint32_t processes;
	uint64_t checked;
} *shared;

static _Alignas(4096) uint64_t memory[PIECES][PIECE_WORDS];
static struct piece pieces[PIECES];
static uint32_t me;
static uint16_t jobs;

/* While a job writes to a piece, either of two contents may be there; PIECES: none does */
static unsigned int in_work = PIECES;
static struct piece coming;

void witness_share(void)
{
	shared = shared_alloc(sizeof(*shared));
}

uint64_t witness_checked(void)
{
	return shared->checked;
}

static uint64_t word_in(const struct piece *piece, unsigned int n)
{
	return piece->job ? piece->fill :
			    OF_PROCESS << 56 | (uint64_t)me << 24 |
			    (piece->origin * PIECE_WORDS + n);
}

static void piece_restore(unsigned int i)
{
	for (unsigned int n = 0; n < PIECE_WORDS; n++)
		memory[i][n] = word_in(&pieces[i], n);
}

void witness_begin(void)
{
	me = __atomic_add_fetch(&shared->processes, 1, __ATOMIC_RELAXED);
	in_work = PIECES;
	for (unsigned int i = 0; i < PIECES; i++) {
		pieces[i] = (struct piece){ .origin = i };
		piece_restore(i);
	}
}

/* ----------------------------------------------------------------- foreign */

static void word_describe(uint64_t word, char *text, size_t size)
{
	if (word >> 32 == OF_GHOST)
		snprintf(text, size, "a stopped context under PASID %u", (uint32_t)word);
	else if (word >> 56 == OF_JOB)
		snprintf(text, size, "job %u of the context whose id ends in 0x%llx",
			 (uint32_t)word & 0xffff, (unsigned long long)(word >> 16 & 0xffffffffff));
	else if (word >> 56 == OF_PROCESS)
		snprintf(text, size, "process %u of the run, its word %u", (uint32_t)(word >> 24),
			 (uint32_t)word & 0xffffff);
	else
		snprintf(text, size, "nobody of this run");
}

_Noreturn static void tell_foreign(const struct agent *agent, unsigned int i, unsigned int n,
				   uint64_t word)
{
	char text[128];

	word_describe(word, text, sizeof(text));
	FAIL("foreign access: 0x%llx at %p, which is of %s; here is process %u of the run, "
	     "pid %d, %s context 0x%llx, PASID %u", (unsigned long long)word,
	     (void *)&memory[i][n], text, me, getpid(), agent->bound ? "with" : "after",
	     (unsigned long long)agent->queue.id, agent->queue.pasid);
}

/* One's own ghost is forgiven while the context ends, and what it wrote put right */
static void word_check(struct agent *agent, unsigned int i, unsigned int n, bool ended)
{
	uint64_t word = __atomic_load_n(&memory[i][n], __ATOMIC_RELAXED);

	if (word == word_in(&pieces[i], n) || (i == in_work && word == word_in(&coming, n)))
		return;
	if (ended ? !agent_is_ghost_of_pasid(agent, word) :
	    !agent->bound || !agent_is_own_ghost(agent, word))
		tell_foreign(agent, i, n, word);
	memory[i][n] = word_in(&pieces[i], n);
}

/* A quick look, for most pieces are: a job's words are all alike, a process's count up */
static bool is_intact(unsigned int i)
{
	const uint64_t step = pieces[i].job ? 0 : 1;
	uint64_t word = word_in(&pieces[i], 0);

	for (unsigned int n = 0; n < PIECE_WORDS; n++, word += step)
		if (__atomic_load_n(&memory[i][n], __ATOMIC_RELAXED) != word)
			return false;
	return true;
}

static void piece_check(struct agent *agent, unsigned int i, bool ended)
{
	if (is_intact(i))
		return;
	for (unsigned int n = 0; n < PIECE_WORDS; n++)
		word_check(agent, i, n, ended);
}

static void check(struct agent *agent, bool ended)
{
	for (unsigned int i = 0; i < PIECES; i++)
		piece_check(agent, i, ended);
	__atomic_fetch_add(&shared->checked, sizeof(memory), __ATOMIC_RELAXED);
}

void witness_check(struct agent *agent)
{
	check(agent, false);
}

/* A job that was under way has stopped anywhere */
void witness_check_end(struct agent *agent)
{
	check(agent, true);
	if (in_work < PIECES)
		piece_restore(in_work);
	in_work = PIECES;
}

/* -------------------------------------------------------------------- jobs */

static struct sva_accel_desc job_that_fills(struct agent *agent)
{
	coming = (struct piece){
		.job = true, .fill = OF_JOB << 56 | (agent->queue.id & 0xffffffffff) << 16 | ++jobs,
	};
	return job_fill(memory[in_work], coming.fill, sizeof(memory[0]));
}

static struct sva_accel_desc job_that_moves(struct agent *agent)
{
	unsigned int source = (in_work + 1 + agent_choose(agent, PIECES - 1)) % PIECES;

	coming = pieces[source];
	return job_memmove(memory[in_work], memory[source], sizeof(memory[0]));
}

void witness_compute(struct agent *agent)
{
	struct sva_accel_desc job;

	in_work = agent_choose(agent, PIECES);
	job = agent_choose(agent, 2) ? job_that_fills(agent) : job_that_moves(agent);
	if (!agent_succeeds(agent, job))
		return;
	pieces[in_work] = coming;
	in_work = PIECES;
	witness_check(agent);
}
