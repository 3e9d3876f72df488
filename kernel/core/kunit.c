// SPDX-License-Identifier: GPL-2.0
/*
 * kunit.c - what kernel/test/sva_kunit.ko calls of this module, and nobody else can
 */
#include <kunit/visibility.h>
#include <linux/export.h>

#include "core.h"

EXPORT_SYMBOL_IF_KUNIT(sva_release_decide);
EXPORT_SYMBOL_IF_KUNIT(sva_context_machine_init);
EXPORT_SYMBOL_IF_KUNIT(sva_context_bind_begin);
EXPORT_SYMBOL_IF_KUNIT(sva_context_bind_done);
EXPORT_SYMBOL_IF_KUNIT(sva_context_bind_undo);
EXPORT_SYMBOL_IF_KUNIT(sva_context_end);
EXPORT_SYMBOL_IF_KUNIT(sva_context_ended);
EXPORT_SYMBOL_IF_KUNIT(sva_context_resolved);
EXPORT_SYMBOL_IF_KUNIT(sva_pasid_machine_init);
EXPORT_SYMBOL_IF_KUNIT(sva_pasid_state);
EXPORT_SYMBOL_IF_KUNIT(sva_pasid_bind);
EXPORT_SYMBOL_IF_KUNIT(sva_pasid_stopping);
EXPORT_SYMBOL_IF_KUNIT(sva_pasid_ended);
EXPORT_SYMBOL_IF_KUNIT(sva_pasid_resolved);

EXPORT_SYMBOL_IF_KUNIT(sva_account_get);
EXPORT_SYMBOL_IF_KUNIT(sva_account_put);
EXPORT_SYMBOL_IF_KUNIT(sva_account_full);

EXPORT_SYMBOL_IF_KUNIT(sva_description_fault);

EXPORT_SYMBOL_IF_KUNIT(sva_pins_check_range);
EXPORT_SYMBOL_IF_KUNIT(sva_region_find);
