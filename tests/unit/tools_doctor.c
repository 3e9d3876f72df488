// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tools_doctor.c - svactl doctor over false /sys and /proc trees and a fake svad
 *
 * Each cause that doctor can name is made, and has to be named with its remedy
 * (R7); a machine on which all is well has to be found well.
 */
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "doctor.h"
#include "libsva_fake_svad.h"
#include "sva.h"
#include "text.h"

#define SECURE_BOOT "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static char root[64];
static struct doctor doctor;
static bool has_peerpidfd;

/* ------------------------------------------------------------ false trees */

static void folder_put(const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	mkdir(full, 0700);
}

static void bytes_put(const char *path, const void *bytes, size_t size)
{
	char full[PATH_MAX], *slash;
	FILE *file;

	snprintf(full, sizeof(full), "%s", path);
	slash = strrchr(full, '/');
	*slash = '\0';
	folder_put(full);
	snprintf(full, sizeof(full), "%s%s", root, path);
	file = fopen(full, "we");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	fclose(file);
}

static void file_put(const char *path, const char *text)
{
	bytes_put(path, text, strlen(text));
}

static void file_drop(const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s%s", root, path);
	assert_int_equal(remove(full), 0);
}

static int drop_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return remove(path);
}

static bool peerpidfd(void)
{
	return has_peerpidfd;
}

/* A machine on which nothing is in the way */
static int start(void **state)
{
	(void)state;
	strcpy(root, P_tmpdir "/svactl-test-XXXXXX");
	assert_non_null(mkdtemp(root));
	file_put("/proc/sys/kernel/osrelease", "7.2.3+deb13-cloud-amd64\n");
	file_put("/proc/sys/kernel/arch", "x86_64\n");
	file_put("/proc/cmdline", "root=/dev/vda intel_iommu=on,sm_on quiet\n");
	folder_put("/sys/class/iommu/softiommu0");
	folder_put("/sys/module/sva");
	file_put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	file_put("/sys/module/module/parameters/sig_enforce", "N\n");
	file_put("/sys/class/sva/soft0/viable", "1\n");
	file_put("/sys/class/sva/soft0/pasid_bits", "16\n");
	file_put("/sys/class/sva/soft0/quarantined", "0\n");
	has_peerpidfd = true;
	doctor = (struct doctor){ .root = root, .peerpidfd = peerpidfd };
	return 0;
}

static int stop(void **state)
{
	(void)state;
	findings_free(&doctor.findings);
	return nftw(root, drop_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* -------------------------------------------------------------- findings */

static const struct finding *find(const char *check)
{
	for (size_t i = 0; i < doctor.findings.count; i++) {
		if (!strcmp(doctor.findings.list[i].check, check))
			return &doctor.findings.list[i];
	}
	fail_msg("nothing was found on '%s'", check);
	return NULL;
}

static size_t problems(void)
{
	size_t count = 0;

	for (size_t i = 0; i < doctor.findings.count; i++)
		count += doctor.findings.list[i].status == FINDING_PROBLEM;
	return count;
}

/* The one problem there is, and words that it has to say */
static void expect_problem(const char *check, const char *why, const char *remedy)
{
	const struct finding *finding;

	findings_free(&doctor.findings);
	doctor_system(&doctor);
	finding = find(check);
	if (problems() != 1 || finding->status != FINDING_PROBLEM)
		findings_print(&doctor.findings, stderr, false);
	assert_int_equal(problems(), 1);
	assert_int_equal(finding->status, FINDING_PROBLEM);
	if (!strstr(finding->why, why) || !strstr(finding->remedy, remedy))
		fail_msg("why: %s\ndo: %s", finding->why, finding->remedy);
}

/* ---------------------------------------------------------------- system */

static void a_machine_without_problems_has_none(void **state)
{
	(void)state;
	doctor_system(&doctor);
	assert_false(findings_have_problem(&doctor.findings));
	assert_int_equal(doctor.findings.count, 5);
}

static void a_kernel_that_disables_sva_is_named(void **state)
{
	static const char *const disabled[] = {
		"6.1.0-30-amd64", "6.12.57+deb13-amd64", "6.18.6", "6.18.0-rc1", "5.10.0", "6.18",
	};
	static const char *const working[] = { "6.18.7", "6.19.0-rc1", "7.0.0", "10.1", "6.18.44-x" };

	(void)state;
	for (size_t i = 0; i < sizeof(disabled) / sizeof(disabled[0]); i++) {
		file_put("/proc/sys/kernel/osrelease", disabled[i]);
		expect_problem("kernel", "CVE-2025-71089", "6.18.7");
		assert_int_equal(find("kernel")->reason, SVA_REASON_X86_SVA_DISABLED);
		assert_non_null(strstr(find("kernel")->what, disabled[i]));
	}
	for (size_t i = 0; i < sizeof(working) / sizeof(working[0]); i++) {
		file_put("/proc/sys/kernel/osrelease", working[i]);
		findings_free(&doctor.findings);
		doctor_system(&doctor);
		assert_int_equal(find("kernel")->status, FINDING_OK);
	}
	file_put("/proc/sys/kernel/osrelease", "6.1.0-30-arm64");	/* x86 alone */
	file_put("/proc/sys/kernel/arch", "aarch64");
	findings_free(&doctor.findings);
	doctor_system(&doctor);
	assert_int_equal(find("kernel")->status, FINDING_OK);
}

/* R10 */
static void a_kernel_without_peerpidfd_is_named(void **state)
{
	(void)state;
	has_peerpidfd = false;
	expect_problem("identity", "SO_PEERPIDFD", "6.5");
}

static void no_iommu_is_named_and_so_is_the_option_that_turned_it_off(void **state)
{
	(void)state;
	file_drop("/sys/class/iommu/softiommu0");
	expect_problem("iommu", "/sys/class/iommu is empty", "sva_softiommu");
	file_put("/proc/cmdline", "quiet intel_iommu=off splash\n");
	expect_problem("iommu", "intel_iommu=off", "take it off");
	file_put("/proc/cmdline", "quiet notintel_iommu=off\n");
	expect_problem("iommu", "/sys/class/iommu is empty", "sva_softiommu");
	file_drop("/sys/class/iommu");
	expect_problem("iommu", "/sys/class/iommu is empty", "sva_softiommu");
}

static void an_iommu_that_the_kernel_does_not_use_is_named(void **state)
{
	(void)state;
	file_drop("/sys/class/iommu/softiommu0");
	file_put("/sys/firmware/acpi/tables/DMAR", "DMAR");
	expect_problem("iommu", "does not use it", "intel_iommu=on,sm_on");
	assert_int_equal(find("iommu")->reason, SVA_REASON_IOMMU_OFF);
}

static void no_module_is_named(void **state)
{
	(void)state;
	file_drop("/sys/module/sva");
	expect_problem("module", "/sys/module/sva", "modprobe sva");
}

static void a_lockdown_that_refuses_the_module_is_named(void **state)
{
	static const char on[] = { 6, 0, 0, 0, 1 }, off[] = { 6, 0, 0, 0, 0 };

	(void)state;
	file_put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	doctor_system(&doctor);
	assert_int_equal(problems(), 0);	/* the module is there, so it was signed */

	file_drop("/sys/module/sva");
	expect_problem("module", "something puts the kernel into lockdown mode integrity",
		       "mokutil --import");
	bytes_put(SECURE_BOOT, on, sizeof(on));
	expect_problem("module", "Secure Boot puts the kernel into lockdown mode integrity",
		       "turn Secure Boot off");
	file_put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n");
	expect_problem("module", "/sys/module/sva", "modprobe sva");
	file_drop("/sys/kernel/security/lockdown");	/* not mounted: only a guess */
	expect_problem("module", "Secure Boot is on", "mokutil --import");
	bytes_put(SECURE_BOOT, off, sizeof(off));
	expect_problem("module", "/sys/module/sva", "modprobe sva");
}

static void enforced_signatures_are_named(void **state)
{
	(void)state;
	file_drop("/sys/module/sva");
	file_put("/sys/module/module/parameters/sig_enforce", "Y\n");
	expect_problem("module", "module.sig_enforce=1", "mokutil --import");
}

static void what_sysfs_says_of_a_device_is_named(void **state)
{
	(void)state;
	file_put("/sys/class/sva/soft0/viable", "0\n");
	expect_problem("device", "another driver", "unbind that device");
	assert_string_equal(find("device")->subject, "soft0");
	file_put("/sys/class/sva/soft0/viable", "1\n");
	file_put("/sys/class/sva/soft0/sva_reason", "63\n");
	expect_problem("device", "no PASID capability", "firmware");
	assert_int_equal(find("device")->reason, SVA_REASON_NO_PASID);
	file_put("/sys/class/sva/soft0/sva_reason", "70\n");
	expect_problem("device", "scalable mode", "intel_iommu=on,sm_on");
	assert_int_equal(find("device")->reason, SVA_REASON_SCALABLE_MODE_OFF);
	file_put("/sys/class/sva/soft0/sva_reason", "0\n");
	file_put("/sys/class/sva/soft0/fault_reason", "77\n");
	expect_problem("device", "page requests", "SVA_CONTEXT_PIN");
	assert_int_equal(find("device")->reason, SVA_REASON_IOMMU_NO_PAGE_REQUESTS);
	file_put("/sys/class/sva/soft0/fault_reason", "0\n");
	findings_free(&doctor.findings);
	doctor_system(&doctor);
	assert_int_equal(problems(), 0);
}

static void no_device_is_named(void **state)
{
	(void)state;
	doctor.device = "dsa3";
	expect_problem("device", "no driver has registered it", "svactl list");
	assert_string_equal(find("device")->subject, "dsa3");
	doctor.device = NULL;
	file_drop("/sys/class/sva/soft0/viable");
	file_drop("/sys/class/sva/soft0/pasid_bits");
	file_drop("/sys/class/sva/soft0/quarantined");
	file_drop("/sys/class/sva/soft0");
	expect_problem("device", "/sys/class/sva is empty", "modprobe sva_soft");
}

static void the_running_kernel_is_asked_for_peerpidfd(void **state)
{
	int fds = fake_count_fds();

	(void)state;
	doctor_peerpidfd();
	assert_int_equal(fake_count_fds(), fds);
}

/* ------------------------------------------------------------------ svad */

static struct sva_msg_device device;
static struct sva_msg_explained explained;
static struct sva_msg_contexts contexts;

static bool serve(struct fake_svad *self, int connection, const union fake_request *request,
		  size_t size)
{
	struct sva_msg_devices page = { .msg = fake_reply(request, sizeof(page)) };
	struct sva_msg_explained verdict = explained;

	(void)self;
	(void)size;
	if (request->msg.type == SVA_MSG_EXPLAIN) {
		verdict.msg = fake_reply(request, sizeof(verdict));
		fake_send(connection, &verdict, sizeof(verdict), -1, 0);
		return true;
	}
	if (request->msg.type == SVA_MSG_LIST_CONTEXTS) {
		struct sva_msg_contexts list = { 0 };

		if (!request->list_contexts.after)
			list = contexts;
		list.msg = fake_reply(request, sizeof(list));
		fake_send(connection, &list, sizeof(list), -1, 0);
		return true;
	}
	if (!request->list_devices.start && *device.name) {
		page.devices[0] = device;
		page.count = page.next = 1;
	}
	fake_send(connection, &page, sizeof(page), -1, 0);
	return true;
}

static void ask_svad(void)
{
	struct fake_svad svad;

	findings_free(&doctor.findings);
	fake_svad_start(&svad, serve, NULL);
	doctor_svad(&doctor);
	fake_svad_stop(&svad);
}

static void svad_start(void)
{
	device = (struct sva_msg_device) {
		.name = "soft0", .max_contexts = 8, .permitted = 1,
		.flags = SVA_DEVICE_FLAG_VIABLE | SVA_DEVICE_FLAG_PASID |
			 SVA_DEVICE_FLAG_PAGE_REQUESTS,
	};
	explained = (struct sva_msg_explained){ .permitted = 1, .rule = 12, .file = "/etc/svad.conf",
						.text = "allow user alice" };
	contexts = (struct sva_msg_contexts){ 0 };
}

static void a_device_that_may_be_used_is_well(void **state)
{
	(void)state;
	svad_start();
	ask_svad();
	assert_int_equal(problems(), 0);
	assert_non_null(strstr(find("policy")->what, "by /etc/svad.conf:12: allow user alice"));
	assert_non_null(strstr(find("binding")->what, "0 of 8"));
}

static void the_rule_that_denies_is_named(void **state)
{
	(void)state;
	svad_start();
	explained.permitted = 0;
	explained.why = SVA_REASON_DENIED_BY_RULE;
	strcpy(explained.text, "deny group \033[31mguests");
	ask_svad();
	assert_int_equal(problems(), 1);
	assert_int_equal(find("policy")->reason, SVA_REASON_DENIED_BY_RULE);
	assert_non_null(strstr(find("policy")->what, "/etc/svad.conf:12"));
	assert_non_null(strstr(find("policy")->what, "deny group ?[31mguests"));
	assert_non_null(strstr(find("policy")->remedy, "/etc/svad.conf"));
}

static void a_policy_without_a_rule_is_named(void **state)
{
	(void)state;
	svad_start();
	explained = (struct sva_msg_explained){ .why = SVA_REASON_DENIED_BY_DEFAULT };
	ask_svad();
	assert_int_equal(problems(), 1);
	assert_non_null(strstr(find("policy")->what, "no rule of the policy matches"));
	assert_non_null(strstr(find("policy")->remedy, "/etc/svad.conf"));
}

static void what_the_kernel_says_of_a_device_is_named(void **state)
{
	(void)state;
	svad_start();
	device.sva_reason = SVA_REASON_NOT_COHERENT;
	ask_svad();
	assert_int_equal(find("binding")->reason, SVA_REASON_NOT_COHERENT);
	device.sva_reason = 0;
	device.flags &= ~SVA_DEVICE_FLAG_PAGE_REQUESTS;
	ask_svad();
	assert_int_equal(find("binding")->reason, SVA_REASON_NO_PAGE_REQUESTS);
	device.flags &= ~SVA_DEVICE_FLAG_PASID;
	ask_svad();
	assert_int_equal(find("binding")->reason, SVA_REASON_NO_PASID);
	device.contexts = 8;
	ask_svad();
	assert_int_equal(find("binding")->reason, SVA_REASON_DEVICE_BUSY);
	device.flags = 0;
	ask_svad();
	assert_int_equal(find("binding")->reason, SVA_REASON_NOT_VIABLE);
	assert_int_equal(problems(), 1);
}

/* R7: an administrator is told whose memory it is that does not answer, and what to do */
static void a_process_whose_page_does_not_come_is_named(void **state)
{
	(void)state;
	svad_start();
	contexts.count = 2;
	contexts.contexts[0] = (struct sva_context_entry){
		.id = 7, .owner = 122, .waiting_ms = 4999, .state = SVA_STATE_BOUND,
	};
	contexts.contexts[1] = (struct sva_context_entry){
		.id = 8, .owner = 123, .account = 1001, .state = SVA_STATE_STOPPING,
	};
	ask_svad();
	assert_int_equal(problems(), 0);
	assert_int_equal(find("faults")->status, FINDING_OK);
	contexts.contexts[1].waiting_ms = 35600;
	ask_svad();
	assert_int_equal(problems(), 1);
	assert_string_equal(find("faults")->subject, "soft0");
	assert_string_equal(find("faults")->what, "a page request of context 8 of process 123 "
			    "(uid 1001) has been unanswered for 35 s");
	assert_non_null(strstr(find("faults")->why, "FUSE"));
	assert_non_null(strstr(find("faults")->remedy, "/proc/123/maps"));
	contexts.contexts[1].owner = 0;
	ask_svad();
	assert_non_null(strstr(find("faults")->remedy, "the process has died"));
}

static void a_svad_without_the_device_is_named(void **state)
{
	(void)state;
	svad_start();
	doctor.device = "dsa3";
	ask_svad();
	assert_int_equal(find("binding")->reason, SVA_REASON_NO_SUCH_DEVICE);
	doctor.device = NULL;
	device = (struct sva_msg_device){ 0 };
	ask_svad();
	assert_int_equal(find("binding")->reason, SVA_REASON_NO_DEVICE);
}

static void no_svad_is_named_and_what_it_would_know_is_not_guessed(void **state)
{
	(void)state;
	doctor.socket = "/nonexistent/socket";
	doctor_svad(&doctor);
	assert_int_equal(problems(), 1);
	assert_int_equal(find("svad")->reason, SVA_REASON_NO_DAEMON);
	assert_non_null(strstr(find("svad")->what, "/nonexistent/socket"));
	assert_int_equal(find("binding")->status, FINDING_UNKNOWN);
	assert_int_equal(find("policy")->status, FINDING_UNKNOWN);
}

/* ---------------------------------------------------------------- output */

static void json_says_what_text_says(void **state)
{
	json_t *json, *first;

	(void)state;
	doctor.socket = "/nonexistent/socket";
	doctor_svad(&doctor);
	json = findings_json(&doctor.findings);
	assert_true(json_is_false(json_object_get(json, "ok")));
	first = json_array_get(json_object_get(json, "findings"), 0);
	assert_string_equal(json_string_value(json_object_get(first, "status")), "problem");
	assert_string_equal(json_string_value(json_object_get(first, "check")), "svad");
	assert_string_equal(json_string_value(json_object_get(first, "reason")), "no-daemon");
	assert_non_null(strstr(json_string_value(json_object_get(first, "remedy")), "start it"));
	assert_true(json_is_null(json_object_get(first, "subject")));
	json_decref(json);
}

static char *print_findings(bool colours)
{
	size_t size;
	char *text;
	FILE *file = open_memstream(&text, &size);

	findings_print(&doctor.findings, file, colours);
	fclose(file);
	return text;
}

static void text_has_colours_only_when_asked(void **state)
{
	char *plain, *coloured;

	(void)state;
	doctor.socket = "/nonexistent/socket";
	doctor_svad(&doctor);
	plain = print_findings(false);
	coloured = print_findings(true);
	assert_null(strchr(plain, '\033'));
	assert_non_null(strstr(coloured, "\033[31mproblem\033[0m"));
	assert_non_null(strstr(plain, "why: svad does not listen"));
	assert_non_null(strstr(plain, "do:  start it"));
	free(plain);
	free(coloured);
}

static void a_table_is_aligned(void **state)
{
	static const char *const titles[] = { "NAME", ">COUNT", "STATE", NULL };
	struct table table;
	size_t size;
	char *text;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	table_init(&table, titles);
	for (int i = 0; i < 100; i++) {		/* it grows */
		table_add(&table, text_format("device%d", i));
		table_add(&table, text_format("%d", i * i * i));
		table_add(&table, text_format("o\tk"));
	}
	table_print(&table, file);
	fclose(file);
	table_free(&table);
	assert_memory_equal(text, "NAME       COUNT  STATE\n", 24);
	assert_memory_equal(text + 24, "device0        0  o?k\n", 22);
	assert_non_null(strstr(text, "\ndevice99  970299  o?k\n"));
	free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_machine_without_problems_has_none),
		TEST(a_kernel_that_disables_sva_is_named),
		TEST(a_kernel_without_peerpidfd_is_named),
		TEST(no_iommu_is_named_and_so_is_the_option_that_turned_it_off),
		TEST(an_iommu_that_the_kernel_does_not_use_is_named),
		TEST(no_module_is_named),
		TEST(a_lockdown_that_refuses_the_module_is_named),
		TEST(enforced_signatures_are_named),
		TEST(what_sysfs_says_of_a_device_is_named),
		TEST(no_device_is_named),
		TEST(the_running_kernel_is_asked_for_peerpidfd),
		TEST(a_device_that_may_be_used_is_well),
		TEST(the_rule_that_denies_is_named),
		TEST(a_policy_without_a_rule_is_named),
		TEST(what_the_kernel_says_of_a_device_is_named),
		TEST(a_process_whose_page_does_not_come_is_named),
		TEST(a_svad_without_the_device_is_named),
		TEST(no_svad_is_named_and_what_it_would_know_is_not_guessed),
		TEST(json_says_what_text_says),
		TEST(text_has_colours_only_when_asked),
		TEST(a_table_is_aligned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
