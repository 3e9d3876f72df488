// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * traces.c - the tracepoints sva:*: each appears when it should, once, and says
 * which context it is about
 *
 * An instance of the trace buffer of our own: whoever traces in the same guest
 * loses nothing.
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"
#include "harness.h"
#include "modules.h"
#include "process.h"
#include "puppet.h"
#include "ring.h"

#define TRACING	"/sys/kernel/tracing"
#define BUFFER	TRACING "/instances/sva_test"
#define PAGE	4096u
#define SIZE	(1u << 20)

static char *trace_text;

static void trace_switch(const char *value)
{
	int err = text_write(BUFFER "/events/sva/enable", value);

	CHECK(err == 0, "events/sva/enable: %s", strerror(-err));
}

static void trace_end(void)
{
	text_write(BUFFER "/events/sva/enable", "0");
	rmdir(BUFFER);
}

static void trace_start(void)
{
	rmdir(BUFFER);	/* a test that failed has left it */
	MUST(mkdir(BUFFER, 0700));
	trace_switch("1");
	trace_text = malloc(SIZE);
	CHECK(trace_text, "no memory");
}

static void trace_read(void)
{
	size_t used = 0;
	ssize_t n;
	int fd = (int)MUST(open(BUFFER "/trace", O_RDONLY | O_CLOEXEC));

	while ((n = read(fd, trace_text + used, SIZE - 1 - used)) > 0)
		used += (size_t)n;
	MUST(n);
	trace_text[used] = '\0';
	close(fd);
}

/* How often a line that ends like this is there */
static unsigned int traced(const char *format, ...) __attribute__((format(printf, 1, 2)));
static unsigned int traced(const char *format, ...)
{
	unsigned int count = 0;
	char wanted[256];
	va_list args;

	va_start(args, format);
	vsnprintf(wanted, sizeof(wanted), format, args);
	va_end(args);
	trace_read();
	for (const char *at = trace_text; (at = strstr(at, wanted)); at++)
		count++;
	return count;
}

#define TRACED_ONCE(...)							\
	do {									\
		unsigned int traced_count = traced(__VA_ARGS__);		\
										\
		CHECK(traced_count == 1, "%u such lines in\n%s", traced_count,	\
		      trace_text);						\
	} while (0)

static const char *release_name(uint32_t release)
{
	static const char *const names[] = { "neither", "flushed", "clean", "pending" };

	return names[release];
}

TEST(R7, tracepoints_are_those_that_are_documented)
{
	static const char *const names[] = {
		"sva_create", "sva_bind", "sva_unbind", "sva_fault", "sva_quarantine", "sva_release",
	};
	char path[128];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(path, sizeof(path), TRACING "/events/sva/%s/format", names[i]);
		CHECK(access(path, R_OK) == 0, "there is no %s", path);
	}
}

TEST(R5, life_of_a_context_is_traced)
{
	uint32_t pasid, release;
	uint64_t id;
	int node = node_open(), ctx;

	trace_start();
	ctx = context_create_charged(node, getpid(), 1234, &id);
	TRACED_ONCE("sva_create: %s context=%llu account=1234 pasid=0 reason=0 release=pending\n",
		    device_name(), (unsigned long long)id);
	CHECK_EQ(traced("sva_bind:"), 0);
	pasid = context_bind(ctx);
	TRACED_ONCE("sva_bind: %s context=%llu account=1234 pasid=%u reason=0 release=pending\n",
		    device_name(), (unsigned long long)id, pasid);
	CHECK_EQ(traced("sva_unbind:"), 0);
	release = context_unbind(ctx, pasid, SVA_UNBIND_RELEASE_CLEAN);
	event_await(node, SVA_EVENT_ENDED, id);
	TRACED_ONCE("sva_unbind: %s context=%llu account=1234 pasid=%u reason=0 release=%s\n",
		    device_name(), (unsigned long long)id, pasid, release_name(release));
	TRACED_ONCE("sva_release: %s context=%llu account=1234 pasid=%u reason=0 release=%s\n",
		    device_name(), (unsigned long long)id, pasid, release_name(release));
	CHECK_EQ(traced("sva_quarantine:"), 0);
	close(ctx);
	CHECK_EQ(traced("sva_unbind:"), 1);
	trace_end();
}

TEST(R5, end_by_force_is_traced_with_its_reason)
{
	uint32_t pasid;
	uint64_t id;
	int node = node_open();

	context_bound(node, &id, &pasid);
	trace_start();
	context_revoke(node, id);
	event_await(node, SVA_EVENT_ENDED, id);
	TRACED_ONCE("sva_unbind: %s context=%llu account=0 pasid=%u reason=%u release=",
		    device_name(), (unsigned long long)id, pasid, SVA_REASON_CONTEXT_REVOKED);
	trace_end();
}

/* A bind that was refused was none */
TEST(R7, refused_bind_is_not_traced)
{
	struct sva_bind_task bind = { .argsz = sizeof(bind), .pid = 1 };
	int node = node_open(), ctx = context_create(node, getpid(), NULL);

	trace_start();
	REFUSED(ctx, SVA_BIND_TASK, &bind, EOPNOTSUPP, SVA_REASON_OTHER_TASK);
	CHECK_EQ(traced("sva_bind:"), 0);
	trace_end();
}

/* The event of a fault comes after its trace */
static void await_fault(const struct queue *queue, const void *address)
{
	while (event_await(queue->ctx, SVA_EVENT_FAULT, queue->id).address != (uintptr_t)address)
		;
}

TEST(R7, faults_are_traced_with_address_access_and_outcome)
{
	unsigned char *cold = pages_alloc(PAGE), *hole = (unsigned char *)guarded_alloc(PAGE) + PAGE;
	struct queue queue;

	queue_open_with(&queue, SVA_BIND_FAULT_EVENTS);
	trace_start();
	queue_succeed(&queue, job_fill(cold, 1, 8));
	await_fault(&queue, cold);
	TRACED_ONCE("sva_fault: %s context=%llu pasid=%u address=0x%llx pages=1 access=w resolved\n",
		    device_name(), (unsigned long long)queue.id, queue.pasid,
		    (unsigned long long)(uintptr_t)cold);
	queue_run(&queue, job_crc(hole, 8, 0));
	await_fault(&queue, hole);
	TRACED_ONCE("sva_fault: %s context=%llu pasid=%u address=0x%llx pages=1 access=r failed\n",
		    device_name(), (unsigned long long)queue.id, queue.pasid,
		    (unsigned long long)(uintptr_t)hole);
	trace_end();
	queue_close(&queue);
}

/* What stays behind when the device will not say that it has stopped, and its way out */
TEST(R3, quarantine_and_release_are_traced)
{
	struct puppet bystander, victim;
	struct puppet_bind *bound;
	int node = node_open();

	puppet_start(&bystander);
	puppet_bind(&bystander, node);	/* an idle device would reset itself */
	puppet_start(&victim);
	puppet_bind(&victim, node);
	bound = puppet_last(&victim);
	trace_start();
	misbehave("hold");
	CHECK_EQ(puppet_unbind(&victim, 0, 0), SVA_RELEASE_NEITHER);
	event_await(node, SVA_EVENT_QUARANTINED, bound->id);
	TRACED_ONCE("sva_quarantine: %s context=%llu account=0 pasid=%u reason=0 release=neither\n",
		    device_name(), (unsigned long long)bound->id, bound->pasid);
	CHECK_EQ(traced("sva_release: %s context=%llu ", device_name(),
			(unsigned long long)bound->id), 0);
	misbehave("none");
	device_reset(node);
	TRACED_ONCE("sva_release: %s context=%llu account=0 pasid=%u reason=0 release=",
		    device_name(), (unsigned long long)bound->id, bound->pasid);
	trace_end();
	puppet_end(&victim);
	puppet_end(&bystander);
}
