// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * message_test.c - the protocol's parsing: exactly a request, or a violation (R8)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/socket.h>
#include <sva.h>

#include "message.h"

static union request good_open(void)
{
	union request request = {
		.open = {
			.msg = {
				.size = sizeof(struct sva_msg_open),
				.version = SVA_PROTOCOL_VERSION,
				.type = SVA_MSG_OPEN, .serial = 5,
			},
			.device = "soft0",
		},
	};

	return request;
}

static enum message_kind check(const union request *request, size_t length)
{
	const char *why = NULL;
	enum message_kind kind = message_check(request, length, &why);

	/* R7: a violation has words */
	assert_int_equal(kind == MESSAGE_VIOLATION, why != NULL);
	return kind;
}

static void every_request_is_taken_in_its_exact_size_only(void **state)
{
	static const struct {
		uint16_t type;
		uint32_t size;
	} requests[] = {
		{ SVA_MSG_OPEN, sizeof(struct sva_msg_open) },
		{ SVA_MSG_LIST_DEVICES, sizeof(struct sva_msg_list_devices) },
		{ SVA_MSG_LIST_CONTEXTS, sizeof(struct sva_msg_list_contexts) },
		{ SVA_MSG_EXPLAIN, sizeof(struct sva_msg_explain) },
		{ SVA_MSG_EXPLAIN_USER, sizeof(struct sva_msg_explain_user) },
		{ SVA_MSG_ADD_GRANT, sizeof(struct sva_msg_add_grant) },
		{ SVA_MSG_REMOVE_GRANT, sizeof(struct sva_msg_number) },
		{ SVA_MSG_LIST_GRANTS, sizeof(struct sva_msg_number) },
		{ SVA_MSG_REVOKE, sizeof(struct sva_msg_revoke) },
		{ SVA_MSG_RESET, sizeof(struct sva_msg_reset) },
		{ SVA_MSG_STATS, sizeof(struct sva_msg_number) },
		{ SVA_MSG_SUBSCRIBE, sizeof(struct sva_msg_number) },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		for (uint32_t size = 0; size <= SVA_MSG_MAX; size++) {
			union request request = {
				.msg = {
					.size = size, .version = SVA_PROTOCOL_VERSION,
					.type = requests[i].type,
				},
			};

			if (requests[i].type == SVA_MSG_ADD_GRANT)
				strcpy(request.add_grant.device, "soft0");
			assert_int_equal(check(&request, size), size == requests[i].size ?
					 MESSAGE_REQUEST : MESSAGE_VIOLATION);
		}
	}
}

static void a_size_that_is_not_the_packets_is_a_violation(void **state)
{
	union request request = good_open();

	(void)state;
	request.msg.size++;
	assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_VIOLATION);
	request.msg.size = 0;
	assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_VIOLATION);
	request.msg.size = UINT32_MAX;
	assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_VIOLATION);
}

static void another_version_is_told_apart_from_a_violation(void **state)
{
	union request request = good_open();

	(void)state;
	request.msg.version = SVA_PROTOCOL_VERSION + 1;
	assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_VERSION);
	/* also where its messages have other sizes */
	assert_int_equal(check(&request, 1999), MESSAGE_VERSION);
	assert_int_equal(check(&request, sizeof(struct sva_msg) - 1), MESSAGE_VIOLATION);
}

static void unknown_types_and_replies_are_violations(void **state)
{
	static const uint16_t types[] = {
		0, 13, 77, SVA_MSG_EVENT, SVA_MSG_REPLY, SVA_MSG_REPLY | SVA_MSG_OPEN, 0xffff,
	};
	union request request = good_open();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		request.msg.type = types[i];
		assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_VIOLATION);
	}
}

static void names_end_in_their_array_with_nothing_behind(void **state)
{
	union request request = good_open();

	(void)state;
	memset(request.open.device, 'x', SVA_NAME_LEN);
	assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_VIOLATION);
	request = good_open();
	memset(request.open.type, 'x', SVA_NAME_LEN);
	assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_VIOLATION);
	request = good_open();
	request.open.device[SVA_NAME_LEN - 1] = 'x';
	assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_VIOLATION);
	request = good_open();
	memset(request.open.device, 'x', SVA_NAME_LEN - 1);
	assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_REQUEST);
}

static void reserved_fields_are_zero(void **state)
{
	union request request = good_open();

	(void)state;
	request.msg.error = -1;
	assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_VIOLATION);
	request = good_open();
	request.msg.reason = 1;
	assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_VIOLATION);
	request = (union request){ .list_devices = { .reserved = 1 } };
	request.msg.size = sizeof(request.list_devices);
	request.msg.version = SVA_PROTOCOL_VERSION;
	request.msg.type = SVA_MSG_LIST_DEVICES;
	assert_int_equal(check(&request, sizeof(request.list_devices)), MESSAGE_VIOLATION);
}

/* A good request of this type and size, which a test then spoils */
static union request good(uint16_t type, uint32_t size)
{
	union request request = {
		.msg = { .size = size, .version = SVA_PROTOCOL_VERSION, .type = type },
	};

	return request;
}

static void every_field_of_a_request_is_looked_at(void **state)
{
	const uint32_t explain = sizeof(struct sva_msg_explain_user);
	const uint32_t grant = sizeof(struct sva_msg_add_grant);
	const uint32_t number = sizeof(struct sva_msg_number);
	union request request;

	(void)state;
#define SPOILED(type, size, spoil)					\
	do {								\
		request = good(type, size);				\
		spoil;							\
		assert_int_equal(check(&request, size), MESSAGE_VIOLATION); \
	} while (0)

	SPOILED(SVA_MSG_EXPLAIN_USER, explain, request.explain_user.reserved = 1);
	SPOILED(SVA_MSG_EXPLAIN_USER, explain, request.explain_user.num_groups = SVA_MSG_GROUPS + 1);
	SPOILED(SVA_MSG_EXPLAIN_USER, explain, request.explain_user.groups[0] = 7);
	SPOILED(SVA_MSG_EXPLAIN_USER, explain, request.explain_user.type[SVA_NAME_LEN - 1] = 'x');
	SPOILED(SVA_MSG_EXPLAIN_USER, explain, memset(request.explain_user.cgroup, '/', SVA_CGROUP_LEN));
	SPOILED(SVA_MSG_ADD_GRANT, grant, request.add_grant.contexts = 1);
	SPOILED(SVA_MSG_ADD_GRANT, grant, memset(request.add_grant.device, 'x', SVA_NAME_LEN));
	SPOILED(SVA_MSG_ADD_GRANT, grant, (strcpy(request.add_grant.device, "soft0"),
					   strcpy(request.add_grant.cgroup, "/a"),
					   request.add_grant.uid = 1));
	SPOILED(SVA_MSG_ADD_GRANT, grant, (strcpy(request.add_grant.device, "soft0"),
					   request.add_grant.cgroup[SVA_CGROUP_LEN - 1] = 'x'));
	SPOILED(SVA_MSG_REMOVE_GRANT, number, request.number.reserved = 1);
	SPOILED(SVA_MSG_STATS, number, request.number.number = 1);
	SPOILED(SVA_MSG_SUBSCRIBE, number, request.number.number = 1);
	SPOILED(SVA_MSG_REVOKE, sizeof(request.revoke), memset(request.revoke.device, 'x', SVA_NAME_LEN));
	SPOILED(SVA_MSG_RESET, sizeof(request.reset), request.reset.device[SVA_NAME_LEN - 1] = 'x');
#undef SPOILED
	request = good(SVA_MSG_REMOVE_GRANT, number);
	request.number.number = UINT32_MAX;
	assert_int_equal(check(&request, number), MESSAGE_REQUEST);
}

static void unknown_features_are_ignored(void **state)
{
	union request request = good_open();

	(void)state;
	request.msg.features = UINT32_MAX;
	assert_int_equal(check(&request, sizeof(request.open)), MESSAGE_REQUEST);
}

static void random_bytes_never_pass_for_a_request(void **state)
{
	uint64_t random = 42;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		union request request;
		unsigned char *bytes = (unsigned char *)&request;

		for (size_t j = 0; j < sizeof(request); j++) {
			random = random * 6364136223846793005u + 1442695040888963407u;
			bytes[j] = (unsigned char)(random >> 56);
		}
		assert_int_not_equal(check(&request, random >> 40 & 0xff), MESSAGE_REQUEST);
	}
}

static void a_refusal_is_a_header_and_zeroes(void **state)
{
	union request request = good_open();
	struct reply reply;

	(void)state;
	reply_init(&reply, &request);
	reply.opened.id = 99;
	reply.opened.rule = 3;
	reply.fd = dup(0);
	reply_refuse(&reply, 0, SVA_REASON_DENIED_BY_RULE);
	assert_int_equal(reply.size, sizeof(struct sva_msg_opened));
	assert_int_equal(reply.msg.type, SVA_MSG_OPEN | SVA_MSG_REPLY);
	assert_int_equal(reply.msg.serial, 5);
	assert_int_equal(reply.msg.error, -EACCES);
	assert_int_equal(reply.msg.reason, SVA_REASON_DENIED_BY_RULE);
	assert_int_equal(reply.opened.id, 0);
	assert_int_equal(reply.opened.rule, 0);
	assert_int_equal(reply.fd, -1);
}

static void check_fd_stays_out(size_t size, enum message_kind kind)
{
	union request request = good_open();
	struct iovec iov = { .iov_base = &request, .iov_len = size };
	union {
		struct cmsghdr align;
		char buffer[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	struct received received;
	int pair[2], before;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &pair[0], sizeof(int));
	assert_int_equal(sendmsg(pair[0], &message, 0), size);
	before = dup(0);
	close(before);
	assert_int_equal(message_receive(pair[1], &request, &received), kind);
	/* the next free number is the same one */
	assert_int_equal(dup(0), before);
	close(before);
	close(pair[0]);
	close(pair[1]);
}

/* R8: nor where nothing else is sent */
static void fds_that_clients_send_never_enter_svad(void **state)
{
	(void)state;
	check_fd_stays_out(sizeof(struct sva_msg_open), MESSAGE_VIOLATION);
	check_fd_stays_out(1, MESSAGE_VIOLATION);
	check_fd_stays_out(0, MESSAGE_END);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_request_is_taken_in_its_exact_size_only),
		cmocka_unit_test(a_size_that_is_not_the_packets_is_a_violation),
		cmocka_unit_test(another_version_is_told_apart_from_a_violation),
		cmocka_unit_test(unknown_types_and_replies_are_violations),
		cmocka_unit_test(names_end_in_their_array_with_nothing_behind),
		cmocka_unit_test(reserved_fields_are_zero),
		cmocka_unit_test(every_field_of_a_request_is_looked_at),
		cmocka_unit_test(unknown_features_are_ignored),
		cmocka_unit_test(random_bytes_never_pass_for_a_request),
		cmocka_unit_test(a_refusal_is_a_header_and_zeroes),
		cmocka_unit_test(fds_that_clients_send_never_enter_svad),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
