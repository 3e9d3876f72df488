/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor.h - what is in the way of using a device, in the order of the path
 */
#ifndef TOOLS_DOCTOR_H
#define TOOLS_DOCTOR_H

#include <stdbool.h>

#include "finding.h"

/**
 * struct doctor - where to look
 * @root: stands before /sys and /proc; "" but for tests
 * @socket: svad's; NULL: where libsva would look
 * @device: NULL: all
 * @peerpidfd: does the kernel have SO_PEERPIDFD?
 * @findings: what was found so far
 */
struct doctor {
	const char *root;
	const char *socket;
	const char *device;
	bool (*peerpidfd)(void);
	struct findings findings;
};

/* The running kernel's answer */
bool doctor_peerpidfd(void);

/* doctor_system.c: the kernel, its modules, the IOMMU, the devices, from files */
void doctor_system(struct doctor *doctor);

/* doctor_svad.c: the socket, what svad says of the devices, the policy */
void doctor_svad(struct doctor *doctor);

#endif /* TOOLS_DOCTOR_H */
