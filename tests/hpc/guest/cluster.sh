# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2154
#
# cluster.sh - a Slurm cluster of three nodes on one machine: munge, slurmctld, three
# slurmd, and a svad for each with two accelerators of its own.  Sourced by run-all.

NODES=(n1 n2 n3)
PLUGIN=/usr/lib/x86_64-linux-gnu/slurm-wlm/sva.so
UNITS=/run/systemd/system

# svad_of NODE: the name of its units; n1 has those that make install installs
svad_of()
{
	[ "$1" = n1 ] && echo svad || echo "svad-$1"
}

socket_of()
{
	echo "/run/$(svad_of "$1")/socket"
}

# ctl NODE ARGUMENT...: svactl with the node's svad
ctl()
{
	svactl --socket "$(socket_of "$1")" "${@:2}"
}

# The installed units, with a user, a socket and devices of the node's own
svad_add()
{
	local name unit
	name=$(svad_of "$1")

	useradd_system "$name" "$2"
	for unit in service socket; do
		sed "s/svad\.socket/$name.socket/; s/^User=svad/User=$name/; s/^Group=svad/Group=$name/
			s,svad/state,$name/state,; s,/run/svad/,/run/$name/," \
			"/usr/lib/systemd/system/svad.$unit" >"$UNITS/$name.$unit"
	done
}

useradd_system()
{
	echo "$1:x:$2:$2::/nonexistent:/bin/false" >>/etc/passwd
	echo "$1:x:$2:" >>/etc/group
}

svads_start()
{
	svad_add n2 981
	svad_add n3 982
	chown svad-n2:root /dev/sva/soft[23]
	chown svad-n3:root /dev/sva/soft[45]
	systemctl daemon-reload
	systemctl restart svad.socket svad.service
	systemctl start svad-n{2,3}.socket svad-n{2,3}.service
}

conf_write()
{
	local node folder

	for node in '' "${NODES[@]}"; do
		folder=/etc/slurm${node:+-$node}
		mkdir -p "$folder"
		cp "$here"/slurm/*.conf "$folder/"
		# shellcheck disable=SC2046
		echo "required $PLUGIN" $(plugin_arguments "$node") >"$folder/plugstack.conf"
		mkdir -p -m 1777 "/run/pmix$node"
		echo "PMIxCliTmpDirBase=/run/pmix$node" >"$folder/mpi.conf"
	done
	# What is three nodes has one memory: each rank is to be reached by the network
	printf '%s\n' 'pml = ob1' 'btl = self,tcp' 'btl_tcp_if_include = hpc0' 'coll = ^han' \
		>>/etc/openmpi/openmpi-mca-params.conf
	cp "$here/slurm/slurmd@.service" "$UNITS/"
}

plugin_arguments()
{
	case $1 in
	n2) echo "socket=$(socket_of n2)" ;;
	n3) echo "socket=$(socket_of n3) gres=svadev devices=soft4,soft5 contexts=4" ;;
	esac
}

munge_start()
{
	systemd-tmpfiles --create hpc.conf
	head -c 1024 /dev/urandom >/etc/munge/munge.key
	chown munge:munge /etc/munge/munge.key
	chmod 0400 /etc/munge/munge.key
	systemctl start munge
}

node_state_is()
{
	[ "$(sinfo -h -n "$1" -o %T)" = "$2" ]
}

# No request of slurmctld's is waited for longer than it takes
cluster_start()
{
	local node

	ip link set lo up
	ip link add hpc0 type dummy
	ip address add 10.9.8.1/24 dev hpc0
	ip link set hpc0 up
	echo '10.9.8.1 sva-guest' >>/etc/hosts
	cp "$here/../sva.so" "$PLUGIN"
	svads_start
	conf_write
	systemctl daemon-reload
	munge_start
	systemctl start slurmctld
	systemctl start slurmd@{n1,n2,n3}
	for node in "${NODES[@]}"; do
		want "$node is idle" until_true node_state_is "$node" idle
	done
}

# ------------------------------------------------------------------- tidy

# What full's tests do after each test, and of all nodes: no job, no account that is not
# at zero, no node that is out of order
eval "$(declare -f tidy | sed '1s/^tidy/tidy_machine/')"
tidy()
{
	local node

	scancel --state=PENDING,RUNNING,SUSPENDED -u mallory,alice 2>/dev/null
	want "no job is left" until_true queue_is_empty
	tidy_machine
	for node in "${NODES[@]}"; do
		want "no account on $node is left" until_true accounts_are_zero "$node"
		want "$node is in order" until_true node_state_is "$node" idle
	done
	[ -z "$problem" ] || { tail -qn 5 /var/log/slurm/*.log; sinfo -N -o '%N %T %E'; } 2>&1 | cut -c1-200
}

queue_is_empty()
{
	[ -z "$(squeue -h 2>/dev/null)" ]
}

# Contexts and quarantine of its devices, and grants
accounts_are_zero()
{
	[ "$(ctl "$1" list | awk 'NR > 1 { sub("/.*", "", $4); n += $4 + $5 } END { print n + 0 }')" = 0 ] &&
		[ "$(ctl "$1" grant list | wc -l)" = 1 ]
}
