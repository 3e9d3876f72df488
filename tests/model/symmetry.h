/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * symmetry.h - states that differ only in names are one state
 *
 * No step asks which number an address space, a context or a device has (but for
 * PASIDs: the core gives out the lowest).  So of all ways to number them the one
 * with the smallest bytes stands for all; what holds from there holds from each.
 * FIXED_CONTEXTS keeps contexts and devices as they are, where a property names one.
 */
#define MM_ORDERS_MAX	24

struct world {
	struct Dev dev[DEVICES];
	struct Mm mm[MMS];
	struct Ctx ctx[CONTEXTS];
	struct Entry entry[DEVICES * MMS];
	unsigned char requests[DEVICES * PASIDS];
};

static void sort_contexts(struct Ctx *ctx)
{
	for (int i = 1; i < CONTEXTS; i++) {
		struct Ctx x = ctx[i];
		int j = i;

		for (; j > 0 && memcmp(&x, &ctx[j - 1], sizeof(x)) < 0; j--)
			ctx[j] = ctx[j - 1];
		ctx[j] = x;
	}
}

/* The devices change places if @swap, and with them groups that are theirs alone */
static int moved_device(int d, int swap)
{
	return swap ? DEVICES - 1 - d : d;
}

static int moved_group(int g, int swap)
{
#if defined(ONE_GROUP) && !defined(NO_GUARD_GROUP)
	return g;
#else
	return moved_device(g, swap);
#endif
}

static int moved_requests(int g, int swap)
{
#ifdef ONE_GROUP
	return g;
#else
	return moved_device(g, swap);
#endif
}

/* @order: of each address space, its new number */
static void rename_world(struct world *to, const int *order, int swap)
{
	for (int c = 0; c < CONTEXTS; c++) {
		to->ctx[c] = now.ctx[c];
		if (!used(&now.ctx[c]))
			continue;
		to->ctx[c].dev = moved_device(now.ctx[c].dev, swap);
		if (now.ctx[c].mm != NOBODY)
			to->ctx[c].mm = order[now.ctx[c].mm];
	}
	for (int m = 0; m < MMS; m++)
		to->mm[order[m]] = now.mm[m];
	for (int d = 0; d < DEVICES; d++) {
		to->dev[moved_device(d, swap)] = now.dev[d];
		for (int m = 0; m < MMS; m++)
			to->entry[moved_group(d, swap) * MMS + order[m]] = now.entry[d * MMS + m];
		memcpy(&to->requests[moved_requests(d, swap) * PASIDS],
		       &now.requests[d * PASIDS], PASIDS);
	}
#ifndef FIXED_CONTEXTS
	sort_contexts(to->ctx);
#endif
}

static int mm_orders[MM_ORDERS_MAX][MMS], num_mm_orders;

static void list_mm_orders(int *order, int used_numbers, int m)
{
	if (m == MMS) {
		memcpy(mm_orders[num_mm_orders++], order, sizeof(mm_orders[0]));
		return;
	}
	for (int n = 0; n < MMS; n++) {
		if (used_numbers & (1 << n))
			continue;
		order[m] = n;
		list_mm_orders(order, used_numbers | (1 << n), m + 1);
	}
}

static void keep(const struct world *w)
{
	memcpy(now.ctx, w->ctx, sizeof(w->ctx));
	memcpy(now.mm, w->mm, sizeof(w->mm));
	memcpy(now.entry, w->entry, sizeof(w->entry));
	memcpy(now.dev, w->dev, sizeof(w->dev));
	memcpy(now.requests, w->requests, sizeof(w->requests));
}

/* Address spaces with a PASID come last, in its order: no two have the same */
static int order_fits(const int *order)
{
	for (int a = 0; a < MMS; a++)
		for (int b = 0; b < MMS; b++)
			if (now.mm[a].pasid < now.mm[b].pasid && order[a] > order[b])
				return 0;
	return 1;
}

/* The device that comes first is the one whose bytes are smaller */
static int swap_fits(int swap)
{
	int order = memcmp(&now.dev[0], &now.dev[1], sizeof(now.dev[0]));

#ifdef FIXED_CONTEXTS
	return !swap;
#else
	return swap ? order >= 0 : order <= 0;
#endif
}

static void canonise(void)
{
	struct world best, next;
	int order[MMS], first = 1;

	if (!num_mm_orders)
		list_mm_orders(order, 0, 0);
	for (int o = 0; o < num_mm_orders; o++) {
		if (!order_fits(mm_orders[o]))
			continue;
		for (int swap = 0; swap < DEVICES; swap++) {
			if (!swap_fits(swap))
				continue;
			rename_world(&next, mm_orders[o], swap);
			if (first || memcmp(&next, &best, sizeof(best)) < 0)
				best = next;
			first = 0;
		}
	}
	keep(&best);
}
