/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * space.h - address spaces and processes; who wants the end of a context
 */
static int mm_bound(int m)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (now.ctx[c].handle && now.ctx[c].mm == m)
			return 1;
	return 0;
}

/* mm_count: mmgrab() of pasid_alloc(), and of the core while it is bound */
static int mm_held(int m)
{
	if (mm_bound(m))
		return 1;
#ifndef NO_GUARD_MMGRAB
	for (int g = 0; g < DEVICES; g++)
		if (now.entry[g * MMS + m].ref)
			return 1;
#endif
	return 0;
}

/* __mmdrop(): the core frees the PASID, and gives it to the next */
static void mm_drop(int m)
{
	if (m == NOBODY || now.mm[m].life != MM_EXITED || mm_held(m))
		return;
	now.mm[m].life = MM_ALIVE;
	now.mm[m].pasid = 0;
}

/* A process that is in BIND_TASK does not exit before it returns */
static int mm_binding(int m)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (now.ctx[c].mm == m && now.ctx[c].at >= AT_BIND_ENTER &&
		    now.ctx[c].at <= AT_UNBIND_CORE)
			return 1;
	return 0;
}

/* Is there nothing yet that this address space has to do with? */
static int mm_fresh(int m)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (used(ctx_of(c)) && ctx_of(c)->mm == m)
			return 0;
	return now.mm[m].life == MM_ALIVE && !now.mm[m].pasid;
}

/* sva_context_request_end(), also what sva_context_end_async() does of it */
static void request_end(int c)
{
	struct Ctx *x = ctx_of(c);
	int mine, ending = x->ending;

	mine = ON_CONTEXT(x, sva_context_end(&m));
#ifdef NO_GUARD_ENDING
	if (x->phase == SVA_PHASE_BINDING)
		x->ending = ending;
#endif
#ifdef NO_GUARD_ONE_END
	mine |= x->phase == SVA_PHASE_STOPPING;
#endif
	(void)ending;
	if (x->phase < SVA_PHASE_ENDED)
		x->asked = 1;
	if (!mine)
		return;
	rule(x->at == AT_REST, "R5: a second teardown of one context");
	x->at = AT_END_BEGIN;
	if (!x->entry)
		x->mm = NOBODY;
}

/* exit_mmap() is over */
static void mm_exit_done(int m)
{
	now.mm[m].life = MM_EXITED;
	mm_drop(m);
}

/*
 * The end of an address space: mm_event() of each context bound to it.  That they
 * are told at the same time leaves nothing out: request_end() can come before.  With
 * @here they are taken off the device there, one after the other; by a worker that
 * drops the last reference they are not.
 */
static void mm_exit(int m, int here)
{
#ifndef NO_GUARD_MM_WATCH
	for (int c = 0; c < CONTEXTS; c++)
		if (now.ctx[c].mm == m && now.ctx[c].phase == SVA_PHASE_BOUND && used(&now.ctx[c]))
			request_end(c);
	if (here && mm_bound(m)) {
		now.mm[m].life = MM_EXITING;
		return;
	}
#endif
	mm_exit_done(m);
}

/* A worker that takes a context off its device keeps the address space: mmget() */
static int mm_kept(int m)
{
#ifndef NO_GUARD_MMGET
	for (int c = 0; c < CONTEXTS; c++)
		if (now.ctx[c].at == AT_END_STOP && now.ctx[c].mm == m)
			return 1;
#endif
	return 0;
}

static int may_exit(int m)
{
	return now.mm[m].life == MM_ALIVE && !mm_binding(m) && !mm_kept(m);
}

/* Who is or has been bound names the address space; who is not, its owner */
static void owner_moves(int from, int to)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (used(&now.ctx[c]) && !now.ctx[c].entry && now.ctx[c].mm == from)
			now.ctx[c].mm = to;
}

static void process_exits(int m, int here)
{
	owner_moves(m, NOBODY);
	mm_exit(m, here);
}

/* The process goes on in another address space, and still owns what it has not bound */
static void process_execs(int from, int to)
{
	owner_moves(from, to);
	mm_exit(from, 1);
}
