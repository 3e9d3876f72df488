// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - svad from the command line: start, give up power, serve, stop
 */
#include <argp.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include <sva.h>

#include "listen.h"
#include "log.h"
#include "privilege.h"
#include "sandbox.h"
#include "svad.h"
#include "watch.h"

/* For 1024 connections, where the administrator's limit lets us */
#define OPEN_FILES 4096

const char *argp_program_version = "svad " SVA_VERSION;

struct options {
	const char *config;
	const char *socket;
	const char *state;
	const char *user;
	int log_level;
	bool check;
	bool no_sandbox;
};

enum {
	OPTION_CHECK = 256,
	OPTION_NO_SANDBOX,
	OPTION_STATE,
};

static const struct argp_option option_table[] = {
	{ "config", 'c', "FILE", 0, "Read the policy from FILE instead of " POLICY_PATH, 0 },
	{ "check-config", OPTION_CHECK, NULL, 0,
	  "Check the policy in FILE, name each error with its line and its remedy, and exit: 0 if it is good, 1 if not", 0 },
	{ "socket", 's', "PATH", 0,
	  "Make the socket at PATH instead of " SVA_SOCKET_PATH " (not under socket activation)", 0 },
	{ "state", OPTION_STATE, "FILE", 0,
	  "Keep grants in FILE, so that they outlive svad; without it in $RUNTIME_DIRECTORY, or nowhere", 0 },
	{ "user", 'u', "NAME", 0, "Started as root, become NAME before serving anybody", 0 },
	{ "verbose", 'v', NULL, 0, "Log each context that is handed out, too", 0 },
	{ "no-sandbox", OPTION_NO_SANDBOX, NULL, 0,
	  "Do not restrict system calls: for tests under a sanitizer only", 0 },
	{ 0 },
};

static error_t option_parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'c':
		options->config = argument;
		return 0;
	case 's':
		options->socket = argument;
		return 0;
	case OPTION_STATE:
		options->state = argument;
		return 0;
	case 'u':
		options->user = argument;
		return 0;
	case 'v':
		options->log_level = LOG_INFO;
		return 0;
	case OPTION_CHECK:
		options->check = true;
		return 0;
	case OPTION_NO_SANDBOX:
		options->no_sandbox = true;
		return 0;
	case ARGP_KEY_ARG:
		/* --check-config FILE */
		if (!options->check || state->arg_num)
			argp_usage(state);
		options->config = argument;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = option_table,
	.parser = option_parse,
	.args_doc = "\n--check-config [FILE]",
	.doc = "Hands contexts of accelerators to the processes that the policy allows to have them."
	       "\vSIGHUP reads the policy again, all or nothing.  SIGTERM stops svad; contexts that were handed out stay."
	       "  See svad(8) and svad.conf(5).",
};

/* A finding quotes the file, which may be anybody's and have what terminals obey */
static void check_report(void *userdata, const char *path, unsigned int line,
			 unsigned int column, const char *message)
{
	(void)userdata;
	fprintf(stderr, "%s:", path);
	if (line)
		fprintf(stderr, "%u:%u:", line, column);
	fputc(' ', stderr);
	for (; *message; message++)
		fputc(*message >= ' ' && *message <= '~' ? *message : '?', stderr);
	fputc('\n', stderr);
}

static int check_config(const char *path)
{
	__attribute__((cleanup(policy_cleanup))) struct policy *policy = NULL;

	if (policy_load(path, check_report, NULL, &policy))
		return EXIT_FAILURE;
	printf("%s is good; rules: %zu%s\n", path, policy->num_rules,
	       policy->num_rules ? "" : ", so nobody is allowed anything");
	return EXIT_SUCCESS;
}

/* ------------------------------------------------------------- serving */

/* Files that are open when they should not be end up as fd 0 to 2 otherwise */
static int streams_open(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return -errno;
	} while (fd <= STDERR_FILENO);
	close(fd);
	return 0;
}

static void limits_raise(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	if (files.rlim_max < OPEN_FILES && !geteuid())
		files.rlim_max = OPEN_FILES;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static void signals_block(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static int serve(struct svad *svad, const struct options *options)
{
	struct watch *watch = NULL;
	int err = watch_start(&svad->devices, svad->event, &watch);

	if (err < 0) {
		log_error("devices cannot be followed: %s; svad needs inotify on /dev", strerror(-err));
		return err;
	}
	svad->rescan = watch_rescan;
	svad->rescan_userdata = watch;
	err = options->no_sandbox ? 0 : sandbox_enter();
	if (!err) {
		sd_notify(0, "READY=1");
		svad_notify_status(svad);
		log_notice("serving by %s; devices: %zu, rules: %zu", svad->config,
			   svad->devices.count, svad->policy->num_rules);
		err = svad_loop(svad);
	}
	watch_stop(watch);
	return err;
}

static int start(const struct options *options, sd_event *event,
		 const struct svad_start *with)
{
	struct svad svad;
	int err;

	if (options->no_sandbox)
		log_warning("--no-sandbox: system calls are not restricted; this is for tests only");
	err = svad_init(&svad, event, with);
	if (err) {
		log_error("not started: %s; svad --check-config shows whether the policy is good",
			  strerror(-err));
		return err;
	}
	err = svad_handle_signals(&svad);
	if (err >= 0)
		err = sd_event_set_watchdog(event, true);
	if (err >= 0)
		err = serve(&svad, options);
	svad_free(&svad);
	return err;
}

/* R10: without SO_PEERPIDFD a pid number would have to be trusted */
static int kernel_check(void)
{
	int err = peer_check_kernel();

	if (err == -ENOPROTOOPT)
		log_error("not started: %s: %s", sva_reason_name(SVA_REASON_NO_PEERPIDFD),
			  sva_strreason(SVA_REASON_NO_PEERPIDFD));
	else if (err)
		log_error("not started: SO_PEERPIDFD cannot be tried: %s", strerror(-err));
	return err;
}

/* The service manager's folder for svad, which it keeps while svad is restarted */
static int state_open(const struct options *options)
{
	const char *folder = getenv("RUNTIME_DIRECTORY");
	char path[PATH_MAX];

	if (options->state)
		return grants_file_open(options->state);
	if (!folder || !*folder)
		return -1;
	snprintf(path, sizeof(path), "%.*s/" GRANT_STATE_FILE, (int)strcspn(folder, ":"), folder);
	return grants_file_open(path);
}

/* While svad may still do what it gives up then: the fds are the caller's */
static int prepare(const struct options *options, struct svad_start *with)
{
	limits_raise();
	signals_block();
	with->socket = listen_open(options->socket);
	if (with->socket < 0)
		return with->socket;
	with->state = state_open(options);
	if (options->state && with->state < 0)
		return with->state;
	return privilege_drop(options->user);
}

static int run(const struct options *options)
{
	__attribute__((cleanup(sd_event_unrefp))) sd_event *event = NULL;
	struct svad_start with = { .config = options->config, .socket = -1, .state = -1 };
	int err = kernel_check();

	if (err)
		return err;
	/* refuses, in words, before anything is made */
	if (!options->user && !geteuid())
		return privilege_drop(NULL);
	err = prepare(options, &with);
	if (!err)
		err = sd_event_default(&event);
	if (err >= 0)
		return start(options, event, &with);
	log_error("not started: %s", strerror(-err));
	fd_close(&with.socket);
	fd_close(&with.state);
	return err;
}

int main(int argc, char **argv)
{
	struct options options = {
		.config = POLICY_PATH, .socket = SVA_SOCKET_PATH, .log_level = LOG_NOTICE,
	};

	if (argp_parse(&argp, argc, argv, 0, NULL, &options))
		return EXIT_FAILURE;
	if (options.check)
		return check_config(options.config);
	if (streams_open())
		return EXIT_FAILURE;
	log_open(STDERR_FILENO, options.log_level);
	return run(&options) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
