# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# plugin.sh - the package of Slurm's plugin: Slurm loads it, and works without it when it
# is gone.  Sourced by run-all.

# What a site with Slurm has
slurm()
{
	cat >/etc/slurm/slurm.conf <<-EOF
		ClusterName=site
		SlurmctldHost=localhost
		ProctrackType=proctrack/linuxproc
		NodeName=localhost
		PartitionName=all Nodes=ALL
	EOF
}

# Slurm's commands start nothing while a plugin that they require is missing
srun_starts()
{
	srun --help >"$LOG.srun" 2>&1
	set -- $?
	cat "$LOG.srun"
	return "$1"
}

plugin_is_loaded()
{
	srun_starts && grep -qe '--sva=' "$LOG.srun"
}

srun_works_without()
{
	srun_starts && ! grep -qe '--sva=' "$LOG.srun"
}

apt()
{
	DEBIAN_FRONTEND=noninteractive apt-get --yes "$@" </dev/null
}

# The plugin's line in plugstack.conf.d goes and comes with the plugin, as it was edited
plugin()
{
	local line=/etc/slurm/plugstack.conf.d/sva.conf

	replay "$PAGE" 'Jobs of Slurm'
	check "the plugin is of the same version" [ "$(dpkg-query -W -f '${Version}' slurm-wlm-sva-plugin)" = "$(version_in /rig/first)" ]
	echo '# mine' >>"$line"
	check "the plugin is upgraded" apt install /rig/next/slurm-wlm-sva-plugin_*.deb
	check "its line is still the administrator's" grep -x '# mine' "$line"
	check "Slurm loads the upgraded plugin" plugin_is_loaded
	check "the plugin is removed" apt remove slurm-wlm-sva-plugin
	check "srun works, and has no --sva" srun_works_without
	check "the plugin is installed again" apt install /rig/next/slurm-wlm-sva-plugin_*.deb
	check "with the line as it was" grep -x '# mine' "$line"
	check "Slurm loads it" plugin_is_loaded
	check "the plugin is purged" apt purge slurm-wlm-sva-plugin
	check "srun works without" srun_works_without
	check_not "its line is gone" grep -r . "${line%/*}"
}
