/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bind.h - steps: a context is created, used and bound (context.c, bind.c)
 */
/* --------------------------------------------------- context.c: creation */

/* sva_context_create(), as a whole: who ends it meanwhile leaves that to its creator */
static void create(int c, int m, int d)
{
	struct Ctx *x = ctx_of(c);

	x->mm = m;
	x->dev = d;
	(void)ON_CONTEXT(x, (sva_context_machine_init(&m), 0));
	x->at = AT_REST;
	now.dev[d].contexts++;
}

/*
 * svad dies: the contexts whose descriptors it has not sent are closed.  While it is
 * away, and when it is back and has asked for the list, only what it may do differs.
 */
static void daemon_dies(void)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (used(&now.ctx[c]) && now.ctx[c].phase < SVA_PHASE_BOUND && !now.ctx[c].given)
			request_end(c);
}

/* R1: sva_context_check(), asked by process @m with a descriptor that leaked to it */
static int passes_check(int c, int m)
{
	const struct Ctx *x = ctx_of(c);

#ifdef NO_GUARD_MM
	return x->phase == SVA_PHASE_BOUND;
#else
	return x->phase == SVA_PHASE_BOUND && x->mm == m;
#endif
}

static void use(int c, int m)
{
	rule(ctx_of(c)->mm == m, "R1: a process uses a context that is bound to another");
}

/* ------------------------------------------------------------------ bind.c */

/* sva_device_begin_bind() refuses */
static int device_refuses(const struct Dev *d)
{
#ifdef NO_GUARD_RESETTING
	return d->life != DEV_HERE;
#else
	return d->life != DEV_HERE || d->reset != RESET_NONE;
#endif
}

/* sva_orphans_have() */
static int orphaned(int m)
{
	for (int c = 0; c < CONTEXTS; c++)
		if (now.ctx[c].orphan && now.ctx[c].mm == m)
			return 1;
	return 0;
}

/*
 * sva_device_undo_bind(), leave_bind(), not bound.  The reset that it may begin is the
 * administrator's here, who may begin one at any time.
 */
static void undo(struct Ctx *x)
{
	dev_of(x)->live--;
	x->at = ON_CONTEXT(x, sva_context_bind_undo(&m)) ? AT_END_BEGIN : AT_REST;
}

static void leave_entry(struct Ctx *x)
{
	pasid_put(x);
	x->entry = 0;
	x->pasid = 0;
	undo(x);
}

/* begin_bind(), by process @m with a descriptor that leaked to it: 0, or refused */
static int try_begin(struct Ctx *x, int m)
{
#ifndef NO_GUARD_OWNER
	if (x->mm != m)
		return -EPERM;
#endif
#ifdef NO_GUARD_BIND_ONCE
	if (x->phase == SVA_PHASE_ENDED)
		(void)ON_CONTEXT(x, (sva_context_machine_init(&m), 0));
#endif
	return ON_CONTEXT(x, sva_context_bind_begin(&m));
}

static int may_begin(int c, int m)
{
	struct Ctx x = *ctx_of(c);

	return !try_begin(&x, m);
}

/*
 * begin_bind(), and what follows as far as nothing has to be waited for:
 * sva_device_begin_bind(), and in bind_pasid() sva_orphans_have() and
 * sva_pasid_get() with its mmgrab()
 */
static void bind_begin(int c, int m)
{
	struct Ctx *x = ctx_of(c);

	(void)try_begin(x, m);
	rule(!x->bound, "R2: a context is bound a second time");
	rule(x->mm == m, "R2: a context is bound by another than its owner");
	dev_of(x)->live++;
	if (device_refuses(dev_of(x)) || orphaned(x->mm)) {
		undo(x);
		return;
	}
	entry_of(x)->ref++;
	x->entry = 1;
	x->at = AT_BIND_ENTER;
}

static int try_bind(struct Ctx *x)
{
	struct Entry *e = entry_of(x);
	int ret = ON_PASID(e, sva_pasid_bind(&m));

#ifdef NO_GUARD_QUARANTINE
	if (ret == -EBUSY) {
		e->live++;
		ret = 0;
	}
#endif
#ifdef NO_GUARD_DRAINING
	if (ret == -EAGAIN) {
		e->live++;
		ret = 0;
	}
#endif
	return ret;
}

/* sva_pasid_enter(): has the wait ended? */
static int may_enter(int c)
{
	struct Entry e = *entry_of(ctx_of(c)), *was = entry_of(ctx_of(c));
	int ret = try_bind(ctx_of(c));

	*was = e;
	return ret != -EAGAIN;
}

/* ... it has */
static void bind_enter(int c)
{
	struct Ctx *x = ctx_of(c);

	if (try_bind(x)) {
		leave_entry(x);
		return;
	}
	rule(all_known_safe(x),
	     "R3: a PASID is bound again while a device may still use it as it was");
	x->at = AT_BIND_CORE;
}

/* ... it was interrupted: SIGKILL */
static void bind_killed(int c)
{
	leave_entry(ctx_of(c));
}

/* iommu_sva_bind_device() finds no PASID */
static void bind_core_fails(struct Ctx *x)
{
	pasid_begin_end(x);
	pasid_finish_end(x, SVA_RELEASE_CLEAN);
	leave_entry(x);
}

/* ... or does; start_queue(): from here on the device may do anything under it */
static void bind_core(int c)
{
	struct Ctx *x = ctx_of(c);

	if (core_bind(x)) {
		bind_core_fails(x);
		return;
	}
	x->accesses = 1;
	x->at = AT_BIND_DONE;
}

/* ... or a failed copy-out, watch_mm() or context_bind(); unbind_pasid() begins */
static void bind_fails(int c)
{
	struct Ctx *x = ctx_of(c);

	if (core_bind(x)) {
		bind_core_fails(x);
		return;
	}
	pasid_begin_end(x);
	x->at = AT_UNBIND_CORE;
}

/* unbind_pasid() goes on */
static void unbind_core(int c)
{
	struct Ctx *x = ctx_of(c);

	core_unbind(x);
	pasid_finish_end(x, SVA_RELEASE_CLEAN);
	leave_entry(x);
}

/* leave_bind(), bound */
static void bind_done(int c)
{
	struct Ctx *x = ctx_of(c);

	x->at = ON_CONTEXT(x, sva_context_bind_done(&m)) ? AT_END_BEGIN : AT_REST;
	x->bound++;
	x->given = 0;
}
