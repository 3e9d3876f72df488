// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * libsva_reason.c - every reason has a sentence and a remedy (R7)
 *
 * reasons.inc is made from the two headers when this is built, so that a reason
 * that is added there and not in libsva/reason.c fails here.
 */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "reason.h"
#include "sva.h"

static const struct declared {
	uint32_t number;
	const char *name;
} declared[] = {
#define DECLARED(name) { SVA_REASON_##name, #name },
#include "reasons.inc"
};

#define DECLARED_COUNT (sizeof(declared) / sizeof(declared[0]))

/* NO_SUCH_DEVICE is "no-such-device" */
static void name_from_constant(const char *constant, char *name, size_t size)
{
	size_t i;

	for (i = 0; i < size - 1 && constant[i]; i++)
		name[i] = constant[i] == '_' ? '-' : (char)tolower(constant[i]);
	name[i] = '\0';
}

static void every_declared_reason_has_its_own_sentence(void **state)
{
	(void)state;
	assert_true(DECLARED_COUNT > 60);	/* the headers were understood */
	for (size_t i = 0; i < DECLARED_COUNT; i++) {
		const struct reason_text *text = reason_find(declared[i].number);
		char name[64];

		if (text->number != declared[i].number)
			fail_msg("%s has no sentence in libsva/reason.c", declared[i].name);
		name_from_constant(declared[i].name, name, sizeof(name));
		assert_string_equal(text->name, name);
	}
}

static void no_sentence_is_without_a_reason(void **state)
{
	uint32_t count;

	(void)state;
	reason_table(&count);
	assert_int_equal(count, DECLARED_COUNT);
}

static void every_sentence_says_why_and_what_to_do(void **state)
{
	const struct reason_text *table;
	uint32_t count;

	(void)state;
	table = reason_table(&count);
	for (uint32_t i = 0; i < count; i++) {
		const struct reason_text *text = &table[i];
		size_t length = strlen(text->text), remedy = strlen(text->remedy);

		if (length < remedy + 2 + 20 || length > 300 || remedy < 10 ||
		    strcmp(text->text + length - remedy, text->remedy) ||
		    strncmp(text->text + length - remedy - 2, "; ", 2))
			fail_msg("%s: %s", text->name, text->text);
		if (strchr(text->text, '\n') || text->text[length - 1] == '.')
			fail_msg("%s does not fit into a sentence of the caller's", text->name);
		assert_int_equal(text->number == 0, text->error == 0);
		for (uint32_t j = 0; j < i; j++) {
			assert_int_not_equal(table[j].number, text->number);
			assert_string_not_equal(table[j].text, text->text);
			assert_string_not_equal(table[j].name, text->name);
		}
	}
}

static void an_unknown_reason_has_a_sentence_too(void **state)
{
	(void)state;
	assert_string_equal(sva_reason_name(9999), "unknown");
	assert_non_null(strstr(sva_strreason(9999), "upgrade"));
	assert_ptr_equal(sva_strreason(UINT32_MAX), sva_strreason(9999));
}

static void the_sentences_name_what_helps(void **state)
{
	(void)state;
	assert_string_equal(sva_strreason(SVA_REASON_X86_SVA_DISABLED),
			    "this kernel disables SVA on x86 (CVE-2025-71089); "
			    "it needs 6.18.7 or 6.19 or later");
	assert_non_null(strstr(sva_strreason(SVA_REASON_DENIED_BY_DEFAULT), "/etc/svad.conf"));
	assert_non_null(strstr(sva_strreason(SVA_REASON_FORKED), "sva_bind() in the child"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_declared_reason_has_its_own_sentence),
		cmocka_unit_test(no_sentence_is_without_a_reason),
		cmocka_unit_test(every_sentence_says_why_and_what_to_do),
		cmocka_unit_test(an_unknown_reason_has_a_sentence_too),
		cmocka_unit_test(the_sentences_name_what_helps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
