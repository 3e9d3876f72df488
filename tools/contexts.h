/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * contexts.h - the contexts that svad shows the caller, for ps, top, info and revoke
 */
#ifndef TOOLS_CONTEXTS_H
#define TOOLS_CONTEXTS_H

#include "svactl.h"

/* One of them */
struct context {
	struct sva_context_entry entry;
	char device[SVA_NAME_LEN];
};

/**
 * struct contexts - all of them, by device and then by id
 * @devices: how many devices were asked for them
 */
struct contexts {
	struct context *list;
	size_t count;
	size_t room;
	uint32_t devices;
};

/*
 * Asks svad anew.  Returns 0, or a negative errno with *reason; contexts_free() in
 * either case, and the same struct may be filled again.
 */
int contexts_load(const struct svactl *svactl, struct contexts *contexts, uint32_t *reason);
void contexts_free(struct contexts *contexts);

/* One by its id, on whichever device; -ENOENT with a reason if there is none */
int context_find(const struct svactl *svactl, uint64_t id, struct context *context,
		 uint32_t *reason);

/* Words for numbers of the kernel's */
const char *context_state_name(uint32_t state);
const char *context_release_name(uint32_t release);

json_t *context_json(const struct context *context);

#endif /* TOOLS_CONTEXTS_H */
