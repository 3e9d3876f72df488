// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * top.c - svactl top: the contexts, live, on a terminal or as plain text
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "deadline.h"
#include "sva.h"
#include "text.h"
#include "top.h"

/* ---------------------------------------------------------------- terminal */

static volatile sig_atomic_t ended;
static struct termios saved;

static void take_signal(int signal)
{
	if (signal != SIGWINCH)
		ended = signal;
}

/* Keys come at once and are not shown; the screen is another than the shell's */
static void terminal_begin(void)
{
	struct sigaction action = { .sa_handler = take_signal };
	struct termios keys;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGWINCH, &action, NULL);
	fputs("\033[?1049h\033[?25l", stdout);
	if (tcgetattr(STDIN_FILENO, &saved) < 0)
		return;
	keys = saved;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSANOW, &keys);
}

static void terminal_end(void)
{
	fputs("\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	tcsetattr(STDIN_FILENO, TCSANOW, &saved);
}

static struct winsize terminal_size(void)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		size.ws_col = TOP_WIDTH;
	if (!size.ws_row)
		size.ws_row = 24;
	return size;
}

/* Until the time has come or a key; false: it was q, or there is nobody any more */
static bool terminal_wait(int64_t until)
{
	struct pollfd keys = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left = until - clock_ns();
	char key;

	if (left < 0)
		left = 0;
	if (poll(&keys, 1, (int)(left / 1000000) + 1) <= 0)
		return !ended;
	return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q';
}

/* ------------------------------------------------------------------- looks */

/**
 * struct looks - two of them, and when they were taken
 */
struct looks {
	struct contexts before, now;
	int64_t before_ns, now_ns;
	uint32_t reason;
	int error;
};

static void look(const struct svactl *svactl, struct looks *looks)
{
	struct contexts swap = looks->before;

	looks->before = looks->now;
	looks->now = swap;
	looks->before_ns = looks->now_ns;
	looks->now_ns = clock_ns();
	looks->error = contexts_load(svactl, &looks->now, &looks->reason);
	/* what was seen of half of them would make the others look new the next time */
	if (looks->error < 0)
		looks->now.count = 0;
}

static void time_text(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm parts;

	localtime_r(&now, &parts);
	strftime(text, size, "%H:%M:%S", &parts);
}

static int frame_show(const struct svactl *svactl, const struct looks *looks, bool terminal)
{
	double seconds = (double)(looks->now_ns - looks->before_ns) / 1e9;
	struct winsize size = { .ws_col = TOP_WIDTH };
	struct top top;
	char now[16];
	int status = SVACTL_OK;

	if (terminal)
		size = terminal_size();
	time_text(now, sizeof(now));
	top_make(&top, &looks->before, &looks->now, seconds);
	if (terminal)
		fputs("\033[H\033[J", stdout);
	if (svactl->json)
		status = svactl_print_json_line(top_json(&top, now, seconds));
	else
		top_print(&top, now, size.ws_col, size.ws_row, stdout);
	top_free(&top);
	return fflush(stdout) ? SVACTL_FAILED : status;
}

/* svad may be restarted: its clients do not notice, and neither does who looks on */
static void trouble_show(const struct looks *looks)
{
	printf("\033[H\033[J%s\n", sva_strreason(looks->reason));
	fflush(stdout);
}

static int top_on_terminal(const struct svactl *svactl, struct looks *looks)
{
	uint32_t shown = 0;
	int status;

	terminal_begin();
	do {
		int64_t next = clock_ns() + (int64_t)svactl->interval_ms * 1000000;

		if (looks->error < 0) {
			trouble_show(looks);
			status = SVACTL_FAILED;
		} else {
			status = frame_show(svactl, looks, true);
		}
		if (svactl->count && ++shown >= svactl->count)
			break;
		if (!terminal_wait(next))
			break;
		look(svactl, looks);
	} while (!ended);
	terminal_end();
	if (looks->error < 0)
		return svactl_refused(svactl, looks->error, looks->reason);
	return status;
}

static void sleep_ms(uint32_t ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	while (nanosleep(&time, &time) < 0 && errno == EINTR)
		;
}

static int top_plain(const struct svactl *svactl, struct looks *looks)
{
	int status = SVACTL_OK;

	for (uint32_t shown = 0; status == SVACTL_OK; shown++) {
		if (svactl->count && shown >= svactl->count)
			return SVACTL_OK;
		sleep_ms(svactl->interval_ms);
		look(svactl, looks);
		if (looks->error < 0)
			return svactl_refused(svactl, looks->error, looks->reason);
		if (shown && !svactl->json)
			putchar('\n');
		status = frame_show(svactl, looks, false);
	}
	return status;
}

int svactl_top(const struct svactl *svactl)
{
	struct looks looks = { 0 };
	int status;

	/* twice: from the first frame on there is something to compare with */
	look(svactl, &looks);
	looks.before_ns = looks.now_ns;
	if (looks.error < 0)
		status = svactl_refused(svactl, looks.error, looks.reason);
	else if (isatty(STDOUT_FILENO) && isatty(STDIN_FILENO) && !svactl->json)
		status = top_on_terminal(svactl, &looks);
	else
		status = top_plain(svactl, &looks);
	contexts_free(&looks.before);
	contexts_free(&looks.now);
	return status;
}
