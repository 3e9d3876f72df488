/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * accel_svad.h - a fake svad that hands out contexts of fake_accel.h
 */
#ifndef ACCEL_SVAD_H
#define ACCEL_SVAD_H

#include "libsva_fake_svad.h"

/* One device, fake0, which everybody may use */
void accel_svad_start(struct fake_svad *svad);

#endif /* ACCEL_SVAD_H */
