/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * open.h - which device and type a request may have, and creating the context
 */
#ifndef SVAD_OPEN_H
#define SVAD_OPEN_H

#include "client.h"
#include "svad.h"

/**
 * struct search - goes through the devices that a request fits
 * @device: the one at hand; @type of it
 * @verdict: of the policy about it
 * @grant: under which it would be opened, or NULL
 * @cookie: what the context would be charged to beside the user
 * @error: with @reason and @refused_by: the refusal that came nearest to success
 * @refused_by: the rule, NULL when no rule decided
 */
struct search {
	struct svad *svad;
	struct subject *who;
	const char *name;
	const char *type_name;
	size_t index;
	unsigned int tried;
	struct device *device;
	uint32_t type;
	struct verdict verdict;
	const struct grant *grant;
	uint64_t cookie;
	int rank;
	int error;
	uint32_t reason;
	const struct policy_rule *refused_by;
};

/* @device "": any; @type "": the device's first */
void search_begin(struct search *search, struct svad *svad, struct subject *who,
		  const char *device, const char *type);

/* On to the next device that policy and limits allow; false: there is none (more) */
bool search_next(struct search *search);

/* The kernel refused what search_next() had found */
void search_device_refused(struct search *search, int error, uint32_t reason);

/* After the last search_next(): settles error and reason */
void search_end(struct search *search);

/* There is no such device or type, so there was nothing to decide */
bool search_found_nothing(const struct search *search);

/* The subject's grant on the device: one with room, else one without, else NULL */
const struct grant *grant_for(struct svad *svad, struct subject *who,
			      const struct device *device);

void request_open(struct client *client, struct subject *who,
		  const struct sva_msg_open *request, struct reply *reply);

#endif /* SVAD_OPEN_H */
