/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * inherit.h - the context that a launcher has left for this process
 */
#ifndef SVA_INHERIT_H
#define SVA_INHERIT_H

#include "sva.h"

/*
 * 1 with *fd when there is one that does for @args and nobody has taken it, 0 when
 * there is none, or a negative errno with its reason when what was left is no context.
 */
int inherited_find(const struct sva_bind_args *args, int *fd);

/* The same, for the caller to bind it */
int inherited_take(const struct sva_bind_args *args, int *fd);

/* It could not be bound: whoever tries again is to be told why again. */
void inherited_put_back(void);

#endif /* SVA_INHERIT_H */
