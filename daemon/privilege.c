// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * privilege.c - from root to nobody in particular, for good
 */
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "log.h"
#include "privilege.h"

static int refuse(const char *what)
{
	int err = errno ? -errno : -EPERM;

	log_error("%s: %s; svad does not run with more power than it needs", what,
		  strerror(-err));
	return err;
}

/* Before the change of user, which would take away the right to do it */
static void bounding_set_clear(void)
{
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
}

static int capabilities_clear(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	/* a kernel without ambient capabilities has none to clear */
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, none) ? refuse("capabilities cannot be given up") : 0;
}

static int user_change(const char *name)
{
	struct passwd *user;

	errno = 0;
	user = getpwnam(name);
	if (!user) {
		log_error("there is no user '%s' to run as; create it (systemd-sysusers does, from svad.conf), or name another with --user",
			  name);
		return -ENOENT;
	}
	if (!user->pw_uid) {
		log_error("'%s' is root: name a user of svad's own with --user", name);
		return -EPERM;
	}
	if (setgroups(0, NULL) || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid))
		return refuse("the change of user failed");
	return 0;
}

int privilege_drop(const char *user)
{
	int err = 0;

	bounding_set_clear();
	if (user && geteuid() == 0)
		err = user_change(user);
	else if (user)
		log_notice("not root, so --user %s changes nothing", user);
	if (err)
		return err;
	if (!getuid() || !geteuid()) {
		log_error("svad does not run as root; start it with --user NAME, or by its unit svad.service");
		return -EPERM;
	}
	err = capabilities_clear();
	if (err)
		return err;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return refuse("PR_SET_NO_NEW_PRIVS");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return refuse("PR_SET_DUMPABLE");
	return 0;
}
