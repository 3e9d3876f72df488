// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * share.c - shares of devices, read and compared.  No Slurm and no svad: the shell
 * from which a job is submitted needs neither for this.
 */
#include <string.h>

#include "share.h"

#define NAME_CHARACTERS \
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

static bool name_is_good(const char *name, size_t length)
{
	return length && length < SVA_NAME_LEN && strspn(name, NAME_CHARACTERS) >= length;
}

static struct share *share_find(struct shares *shares, const char *device, size_t length)
{
	for (unsigned int i = 0; i < shares->count; i++) {
		if (strlen(shares->list[i].device) == length &&
		    !memcmp(shares->list[i].device, device, length))
			return &shares->list[i];
	}
	return NULL;
}

const struct share *shares_find(const struct shares *shares, const char *device)
{
	return share_find((struct shares *)shares, device, strlen(device));
}

bool shares_add(struct shares *shares, const char *device, size_t length, uint32_t contexts)
{
	struct share *share;

	if (!name_is_good(device, length))
		return false;
	share = share_find(shares, device, length);
	if (!share) {
		if (shares->count == SHARES_MAX)
			return false;
		share = &shares->list[shares->count++];
		*share = (struct share){ 0 };
		memcpy(share->device, device, length);
	}
	share->contexts += contexts;
	return true;
}

uint32_t share_number(const char *text, size_t length)
{
	uint32_t number = 0;

	if (!length || length > 6 || strspn(text, "0123456789") < length)
		return 0;
	for (size_t i = 0; i < length; i++)
		number = 10 * number + (uint32_t)(text[i] - '0');
	return number;
}

/* One DEVICE[:N] */
static bool option_item(struct shares *asked, const char *item, size_t length,
			struct refusal *why)
{
	const char *colon = memchr(item, ':', length);
	size_t name = colon ? (size_t)(colon - item) : length;
	uint32_t contexts = colon ? share_number(colon + 1, length - name - 1) : 1;

	if (!name_is_good(item, name))
		return refuse(why, "--sva: '%.*s' names no device; write DEVICE or DEVICE:N, as in --sva=fpga0:2",
			      (int)length, item);
	if (!contexts)
		return refuse(why, "--sva: '%.*s' asks for no number of contexts; write one from 1 to 999999 behind the colon",
			      (int)length, item);
	if (share_find(asked, item, name))
		return refuse(why, "--sva: %.*s is named twice; name it once, with all the contexts that the job needs there",
			      (int)name, item);
	if (!shares_add(asked, item, name, contexts))
		return refuse(why, "--sva names more than %d devices; split the job", SHARES_MAX);
	return true;
}

bool shares_read_option(struct shares *asked, const char *text, struct refusal *why)
{
	*asked = (struct shares){ 0 };
	if (!text)
		text = "";
	for (;;) {
		size_t length = strcspn(text, ",");

		if (!option_item(asked, text, length, why))
			break;
		if (!text[length]) {
			if (asked->count == 1 || !shares_find(asked, SHARE_ALL))
				return true;
			refuse(why, "--sva: '" SHARE_ALL "' means every device that Slurm gave the job; name it alone, or name devices");
			break;
		}
		text += length + 1;
	}
	asked->count = 0;
	return false;
}

bool shares_grant(const struct shares *asked, const struct shares *given, const char *gres,
		  struct shares *granted, struct refusal *why)
{
	*granted = (struct shares){ 0 };
	if (shares_find(asked, SHARE_ALL)) {
		*granted = *given;
		return given->count ||
		       refuse(why, "Slurm gave the job no '%s' on this node, so that there is nothing to grant; ask for it with --gres as well, as in --gres=%s:DEVICE:1",
			      gres, gres);
	}
	for (unsigned int i = 0; i < asked->count; i++) {
		const struct share *ask = &asked->list[i];
		const struct share *gift = shares_find(given, ask->device);

		if (!gift || gift->contexts < ask->contexts)
			return refuse(why, "the job asks for %u contexts on %s, and Slurm gave it %u on this node; ask for as many with --gres, as in --gres=%s:%s:%u",
				      ask->contexts, ask->device, gift ? gift->contexts : 0,
				      gres, ask->device, ask->contexts);
		shares_add(granted, gift->device, strlen(gift->device), gift->contexts);
	}
	return true;
}

void shares_write(const struct shares *shares, char *text, size_t size)
{
	size_t length = 0;

	*text = '\0';
	for (unsigned int i = 0; i < shares->count && length < size; i++) {
		int more = snprintf(text + length, size - length, "%s%s:%u", i ? "," : "",
				    shares->list[i].device, shares->list[i].contexts);

		length += (size_t)more;
	}
}
