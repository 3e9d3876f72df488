/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * watch.h - which devices there are, and when that changes
 */
#ifndef SVAD_WATCH_H
#define SVAD_WATCH_H

#include <systemd/sd-event.h>

#include "device.h"

struct watch;

/* Adds the devices that are there and follows those that come and go */
int must_check watch_start(struct devices *devices, sd_event *event, struct watch **watch);
void watch_stop(struct watch *watch);

/* Looks again at what there is; a void * for struct svad */
void watch_rescan(void *watch);

#endif /* SVAD_WATCH_H */
