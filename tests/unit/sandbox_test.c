// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sandbox_test.c - canaries: what the filter forbids kills, what svad does lives
 * (R12)
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>

#include "fixture.h"
#include "log.h"
#include "sandbox.h"

/* Asked for before the filter: the question is not on the list either */
static pid_t parent;

/* Runs @what in the filter; the child's wait status.  Exit status 0: it came back. */
static int in_sandbox(void (*what)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (!child) {
		const struct rlimit none = { 0 };

		parent = getppid();
		setrlimit(RLIMIT_CORE, &none);
		if (sandbox_enter())
			_exit(99);
		what();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void check_dies(const char *name, void (*what)(void))
{
	int status = in_sandbox(what);

	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
		fail_msg("%s: wait status %#x and not SIGSYS", name, (unsigned int)status);
}

#if !UNDER_ASAN
static void check_lives(const char *name, void (*what)(void))
{
	int status = in_sandbox(what);

	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail_msg("%s: wait status %#x", name, (unsigned int)status);
}

#endif

/* By number: the C library must not get in between */
#define CANARY(name, ...)						\
	static void name(void)						\
	{								\
		syscall(__VA_ARGS__);					\
	}

CANARY(call_execve, SYS_execve, "/bin/true", NULL, NULL)
CANARY(call_execveat, SYS_execveat, AT_FDCWD, "/bin/true", NULL, NULL, 0)
CANARY(call_clone, SYS_clone, SIGCHLD, 0, 0, 0, 0)
CANARY(call_clone3, SYS_clone3, NULL, 0)
CANARY(call_ptrace, SYS_ptrace, PTRACE_TRACEME, 0, 0, 0)
CANARY(call_inet, SYS_socket, AF_INET, SOCK_STREAM, 0)
CANARY(call_inet6, SYS_socket, AF_INET6, SOCK_DGRAM, 0)
CANARY(call_netlink, SYS_socket, AF_NETLINK, SOCK_RAW, 0)
CANARY(call_packet, SYS_socket, AF_PACKET, SOCK_RAW, 0)
CANARY(call_kill, SYS_kill, parent, 0)
CANARY(call_tgkill, SYS_tgkill, parent, parent, 0)
CANARY(call_open_write, SYS_openat, AT_FDCWD, "/dev/null", O_WRONLY, 0)
CANARY(call_open_both, SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0)
CANARY(call_create, SYS_openat, AT_FDCWD, "/nonexistent/x", O_RDONLY | O_CREAT, 0600)
CANARY(call_truncate, SYS_openat, AT_FDCWD, "/nonexistent/x", O_RDONLY | O_TRUNC, 0)
CANARY(call_tmpfile, SYS_openat, AT_FDCWD, "/tmp", O_RDWR | O_TMPFILE, 0600)
CANARY(call_node_create, SYS_openat, AT_FDCWD, "/nonexistent/x",
       O_RDWR | O_CLOEXEC | O_NONBLOCK | O_CREAT, 0600)
CANARY(call_unlink, SYS_unlinkat, AT_FDCWD, "/nonexistent/x", 0)
CANARY(call_rename, SYS_renameat2, AT_FDCWD, "/nonexistent/x", AT_FDCWD, "/nonexistent/y", 0)
CANARY(call_mount, SYS_mount, "x", "/nonexistent", "tmpfs", 0, NULL)
CANARY(call_chmod, SYS_fchmodat, AT_FDCWD, "/nonexistent/x", 0777)
CANARY(call_bpf, SYS_bpf, 0, NULL, 0)
CANARY(call_io_uring, SYS_io_uring_setup, 1, NULL)
CANARY(call_setuid, SYS_setuid, 0)
CANARY(call_unshare, SYS_unshare, CLONE_NEWUSER)
CANARY(call_prctl, SYS_prctl, 0, 0, 0, 0, 0)
CANARY(call_prctl_name, SYS_prctl, PR_SET_NAME, "x", 0, 0, 0)
CANARY(call_pidfd_getfd, SYS_pidfd_getfd, 0, 0, 0)
CANARY(call_process_vm, SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0)
CANARY(call_userfaultfd, SYS_userfaultfd, 0)
CANARY(call_ioctl_tty, SYS_ioctl, 0, TIOCSTI, "x")
CANARY(call_ioctl_bind, SYS_ioctl, 0, SVA_BIND_TASK, NULL)
CANARY(call_ioctl_unbind, SYS_ioctl, 0, SVA_UNBIND_TASK, NULL)
CANARY(call_pidfd_open, SYS_pidfd_open, parent, 0)
CANARY(call_pidfd_kill, SYS_pidfd_send_signal, -1, 0, NULL, 0)
CANARY(call_write_cgroup, SYS_openat, AT_FDCWD, "/sys/fs/cgroup/cgroup.procs", O_WRONLY, 0)
CANARY(call_mkdir, SYS_mkdirat, AT_FDCWD, "/nonexistent/x", 0700)
CANARY(call_truncate_path, SYS_truncate, "/nonexistent/x", 0)
CANARY(call_rlimit, SYS_prlimit64, 0, RLIMIT_NOFILE, &(struct rlimit){ 0 }, NULL)

static void forbidden_calls_kill(void **state)
{
	static const struct {
		const char *name;
		void (*call)(void);
	} canaries[] = {
#define ROW(name) { #name, name }
		ROW(call_execve), ROW(call_execveat), ROW(call_clone), ROW(call_clone3),
		ROW(call_ptrace), ROW(call_inet), ROW(call_inet6), ROW(call_netlink),
		ROW(call_packet), ROW(call_kill), ROW(call_tgkill), ROW(call_open_write),
		ROW(call_open_both), ROW(call_create), ROW(call_truncate), ROW(call_tmpfile),
		ROW(call_node_create), ROW(call_unlink), ROW(call_rename), ROW(call_mount),
		ROW(call_chmod), ROW(call_bpf), ROW(call_io_uring), ROW(call_setuid),
		ROW(call_unshare), ROW(call_prctl), ROW(call_prctl_name), ROW(call_pidfd_getfd),
		ROW(call_process_vm), ROW(call_userfaultfd), ROW(call_ioctl_tty),
		ROW(call_ioctl_bind), ROW(call_ioctl_unbind), ROW(call_rlimit),
		ROW(call_pidfd_open), ROW(call_pidfd_kill), ROW(call_write_cgroup),
		ROW(call_mkdir), ROW(call_truncate_path),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(canaries); i++)
		check_dies(canaries[i].name, canaries[i].call);
}

#if !UNDER_ASAN
/* An error, so that glibc can do without what it wanted to load */
static void memory_never_becomes_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		_exit(1);
	if (!mprotect(page, 4096, PROT_READ | PROT_EXEC) || errno != EPERM)
		_exit(2);
	if (mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	    MAP_FAILED || errno != EPERM)
		_exit(3);
}

static void read_policy(void)
{
	struct policy *policy;
	FILE *file = fopen("/etc/passwd", "re");

	if (!file)
		_exit(1);
	fclose(file);
	file = fmemopen((void *)"[allow]\nuser = root\ngroup = root\n", 33, "r");
	if (!file || policy_read(file, "x", NULL, NULL, &policy))
		_exit(2);
	policy_free(policy);
	fclose(file);
	if (getpwnam("no-such-user-here") || getgrnam("no-such-group-here"))
		_exit(3);
}

static void open_node(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		_exit(1);
	/* not a control node, but the filter lets the question pass */
	if (ioctl(fd, SVA_DEVICE_GET_INFO, NULL) == 0 || errno != ENOTTY)
		_exit(2);
	close(fd);
}

static int state_file = -1;

static void read_cgroup(void)
{
	struct cgroups cgroups = CGROUPS_NONE;
	char path[CGROUP_PATH_MAX];
	uint64_t id;

	cgroups_open(&cgroups);
	if (cgroup_of(&cgroups, getpid(), path, sizeof(path)) == -EPERM)
		_exit(1);
	(void)!cgroup_id(&cgroups, "/", 1, &id);
	cgroups_close(&cgroups);
}

static void give_and_take(void)
{
	struct grant wanted = { .uid = 1000, .contexts = 3, .device = "soft0" }, *given;
	struct grants grants;

	if (grants_init(&grants, state_file) || grant_give(&grants, &wanted, &given) ||
	    grant_take(&grants, given))
		_exit(1);
	grants_free(&grants);
}

static void notify(void)
{
	setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
	if (sd_notify(0, "STATUS=x") >= 0)
		_exit(1);
}

static void give_and_take_header(void)
{
	struct grants grants;

	assert_int_equal(grants_init(&grants, dup(state_file)), 0);
	grants_free(&grants);
}

/* What existing-contexts = revoke asks of the group database */
static void judge(void)
{
	gid_t groups[64];
	int count = 64;

	if (!getpwuid(0) || getpwuid(3999999999u) ||
	    getgrouplist("root", 0, groups, &count) < 1)
		_exit(1);
}

static bool journal_full;
static unsigned int journal_refusals;

/* In front of the C library's, also for libsystemd */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	if (journal_full) {
		journal_refusals++;
		errno = ENOBUFS;
		return -1;
	}
	return syscall(SYS_sendmsg, fd, message, flags);
}

/* And once with no room for a packet in it, when libsystemd takes a memfd instead */
static void tell_the_journal(void)
{
	const struct record record = { .event = "refused", .about_user = true, .uid = 1 };

	log_record(LOG_NOTICE, &record, "refused");
	journal_full = true;
	log_record(LOG_NOTICE, &record, "refused");
	if (!journal_refusals)
		_exit(1);
	if (memfd_create("record", MFD_CLOEXEC | MFD_ALLOW_SEALING) < 0)
		_exit(2);
}

/* sssd's client, while its service has its hands full */
static void sleep_a_moment(void)
{
	const struct timespec moment = { .tv_nsec = 1 };

	if (clock_nanosleep(CLOCK_REALTIME, 0, &moment, NULL) ||
	    syscall(SYS_nanosleep, &moment, NULL))
		_exit(1);
}

/* As the service manager and main() do it, before svad enters the filter */
static void check_journal_lives(void)
{
	struct stat status;
	char stream[64];

	assert_int_equal(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_open(STDERR_FILENO, LOG_NOTICE);
	check_lives("journal", tell_the_journal);
	unsetenv("JOURNAL_STREAM");
	log_open(STDERR_FILENO, LOG_NOTICE);
}

static void abort_it(void)
{
	abort();
}

static void what_svad_does_is_allowed(void **state)
{
	(void)state;
	check_lives("memory", memory_never_becomes_executable);
	check_lives("policy", read_policy);
	check_lives("node", open_node);
	check_lives("notify", notify);
	check_lives("cgroup", read_cgroup);
	check_lives("judge", judge);
	check_lives("sleep", sleep_a_moment);
	check_journal_lives();
	state_file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(state_file >= 0);
	/* a new one is begun before svad enters the filter */
	give_and_take_header();
	check_lives("grants", give_and_take);
	close(state_file);
}

/* ------------------------------------------------- PID 1's name service */

#define USERDB_SOCKET	"/run/systemd/userdb/io.systemd.DynamicUser"
#define NSSWITCH_OURS	"/run/nsswitch.conf"
#define CANNOT		77

static volatile unsigned int *questions;

/* Takes each question, and does not know the name */
static void userdb_serve(int listener)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			_exit(1);
		++*questions;
		close(fd);
	}
}

static bool nsswitch_asks_systemd(void)
{
	FILE *file = fopen(NSSWITCH_OURS, "we");

	if (!file)
		return false;
	fputs("passwd: files systemd\ngroup: files systemd\n", file);
	fclose(file);
	return !mount(NSSWITCH_OURS, "/etc/nsswitch.conf", NULL, MS_BIND, NULL);
}

/* A /run of this process alone, as PID 1 makes it; the service, or -1 */
static pid_t userdb_start(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = USERDB_SOCKET };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t service;

	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("run", "/run", "tmpfs", 0, NULL) || !nsswitch_asks_systemd() ||
	    mkdir("/run/systemd", 0755) || mkdir("/run/systemd/userdb", 0755) ||
	    bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 16))
		return -1;
	service = fork();
	if (!service)
		userdb_serve(listener);
	close(listener);
	return service;
}

/* A name that a reload finds in no file, and the groups of an account */
static void ask_userdb(void)
{
	unsigned int before = *questions;
	gid_t groups[64];
	int count = 64;

	if (getpwnam("no-such-user-here") || getgrnam("no-such-group-here") ||
	    getpwuid(3999999999u))
		_exit(1);
	if (*questions == before)
		_exit(2);
	before = *questions;
	/* root's are known to every module */
	if (getgrouplist("no-such-user-here", 0, groups, &count) < 1)
		_exit(3);
	if (*questions == before)
		_exit(4);
}

/* The wait status of ask_userdb() in the filter, as an exit status of its own */
static void userdb_child(void)
{
	pid_t service = userdb_start();
	int status;

	if (service < 0)
		_exit(CANNOT);
	status = in_sandbox(ask_userdb);
	kill(service, SIGKILL);
	waitpid(service, NULL, 0);
	_exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

/* nss-systemd turns an event loop of its own, where there is a service to be asked */
static void a_name_that_pid_1_is_asked_for_does_not_kill(void **state)
{
	void *library = dlopen("libnss_systemd.so.2", RTLD_NOW);
	int status;
	pid_t child;

	(void)state;
	if (!library) {
		print_message("there is no libnss_systemd.so.2\n");
		skip();
	}
	questions = mmap(NULL, sizeof(*questions), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(questions, MAP_FAILED);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		userdb_child();
	assert_int_equal(waitpid(child, &status, 0), child);
	munmap((void *)questions, sizeof(*questions));
	dlclose(library);
	if (status == W_EXITCODE(CANNOT, 0)) {
		print_message("needs root, for a /run of its own\n");
		skip();
	}
	if (status)
		fail_msg("wait status %#x", (unsigned int)status);
}

static void abort_still_ends_in_sigabrt(void **state)
{
	int status = in_sandbox(abort_it);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_calls_kill),
#if !UNDER_ASAN
		cmocka_unit_test(what_svad_does_is_allowed),
		cmocka_unit_test(a_name_that_pid_1_is_asked_for_does_not_kill),
		cmocka_unit_test(abort_still_ends_in_sigabrt),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
