// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * doctor.c - svactl doctor: what is in the way of using a device
 */
#include <stdio.h>

#include "doctor.h"
#include "svactl.h"
#include "text.h"

int svactl_doctor(const struct svactl *svactl)
{
	struct doctor doctor = {
		.root = svactl->root,
		.socket = svactl->socket,
		.device = svactl->device,
		.peerpidfd = doctor_peerpidfd,
	};
	int status;

	doctor_system(&doctor);
	doctor_svad(&doctor);
	status = findings_have_problem(&doctor.findings) ? SVACTL_FAILED : SVACTL_OK;
	if (svactl->json)
		status = svactl_print_json(findings_json(&doctor.findings), status);
	else
		findings_print(&doctor.findings, stdout, text_colours(stdout));
	findings_free(&doctor.findings);
	return fflush(stdout) ? SVACTL_FAILED : status;
}
