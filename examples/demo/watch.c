// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * watch.c - demo-watch NODE: reads the events of a device's control node, as
 * root, and holds each bind against R3: no PASID is given to a process while
 * what another did under it is not released
 *
 * In the demo every process has one context, so a context stands for a process.
 * Prints what happens, and at the end of its input how often R3 was put to the
 * test and how often it held.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/sva.h>

#include "demo.h"

#define PASIDS (1u << 16)

/* Under each PASID: the context that has it, 0: nobody's; @was: whose it was before */
static struct {
	uint64_t holder;
	bool was;
} pasids[PASIDS];

static unsigned int binds, reuses, violations;

static const char *release_name(uint32_t release)
{
	static const char *const names[] = { "neither", "flushed", "clean", "pending" };

	return release < 4 ? names[release] : "unknown";
}

static void saw_bind(const struct sva_event *event)
{
	uint64_t *holder = &pasids[event->pasid].holder;

	binds++;
	if (*holder) {
		violations++;
		printf("FAIL PASID %u was given away while another had it\n", event->pasid);
	}
	if (pasids[event->pasid].was)
		reuses++;
	*holder = event->context;
	pasids[event->pasid].was = true;
	printf("PASID %-3u bound\n", event->pasid);
}

static void saw_release(const struct sva_event *event)
{
	if (pasids[event->pasid].holder == event->context)
		pasids[event->pasid].holder = 0;
}

static void saw(const struct sva_event *event)
{
	if (event->type == SVA_EVENT_OVERFLOW) {
		violations++;
		printf("FAIL %llu events were lost\n", (unsigned long long)event->count);
	}
	if (!event->pasid || event->pasid >= PASIDS)
		return;
	switch (event->type) {
	case SVA_EVENT_BOUND:
		saw_bind(event);
		break;
	case SVA_EVENT_ENDED:
		printf("PASID %-3u ended, release %s\n", event->pasid,
		       release_name(event->release));
		if (event->release != SVA_RELEASE_NEITHER)
			saw_release(event);
		break;
	case SVA_EVENT_QUARANTINED:
		printf("PASID %-3u in quarantine\n", event->pasid);
		break;
	case SVA_EVENT_RELEASED:
		printf("PASID %-3u out of quarantine\n", event->pasid);
		saw_release(event);
		break;
	}
}

static void drain(int node)
{
	struct sva_event event;

	while (read(node, &event, sizeof(event)) == sizeof(event))
		saw(&event);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct pollfd p[2] = { { .fd = 0, .events = POLLIN }, { .events = POLLIN } };
	int node = argc == 2 ? open(argv[1], O_RDWR | O_CLOEXEC | O_NONBLOCK) : -1;

	if (node < 0)
		demo_die("usage: demo-watch NODE (as root)");
	p[1].fd = node;
	puts("ready");
	fflush(stdout);
	while (poll(p, 2, -1) > 0 && !p[0].revents)
		drain(node);
	drain(node);
	printf("%s %u binds seen, %u of them of a PASID that had been another's, "
	       "%u before its release\n", violations ? "FAIL" : "ok", binds, reuses, violations);
	return violations != 0;
}
