/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * world.h - what there is, by name, and the machines of release.c in it
 */
/* --------------------------------------------------------- the data's names */

static struct Ctx *ctx_of(int c)
{
	return &now.ctx[c];
}

static struct Dev *dev_of(const struct Ctx *x)
{
	return &now.dev[x->dev];
}

/* struct sva_pasid of the context's address space in the context's group */
static struct Entry *entry_of(const struct Ctx *x)
{
#ifdef NO_GUARD_GROUP
	return &now.entry[x->dev * MMS + x->mm];
#else
	return &now.entry[GROUP(x->dev) * MMS + x->mm];
#endif
}

/* Are page requests of this PASID waiting in the group's IOMMU? */
static unsigned char *requests_of(const struct Ctx *x)
{
	return &now.requests[GROUP(x->dev) * PASIDS + x->pasid - 1];
}

static int same_group(const struct Ctx *x, const struct Ctx *y)
{
	return GROUP(x->dev) == GROUP(y->dev);
}

static int used(const struct Ctx *x)
{
	return x->at != AT_NOWHERE;
}

/* ---------------------------------------------- the machines of release.c */

#define ON_CONTEXT(x, call) ({						\
	struct sva_context_machine m = { (x)->phase, (x)->release, (x)->ending }; \
	int on_ret = (call);						\
	(x)->phase = m.phase;						\
	(x)->release = m.release;					\
	(x)->ending = m.ending;						\
	on_ret; })

/* Without worst, which is for users to read: nothing is decided by it */
#define ON_PASID(e, call) ({						\
	struct sva_pasid_machine m = { (e)->live, (e)->stopping, (e)->neither, 0 }; \
	int on_ret = (call);						\
	(e)->live = m.live;						\
	(e)->stopping = m.stopping;					\
	(e)->neither = m.neither;					\
	on_ret; })
