# Hosts and their network: a bridge in a namespace of its own, and one set of namespaces for each host.
# Nothing is made in the machine's own network namespace.

HOSTS="dc1 dc2 hub mailbox"
declare -A IP4=([dc1]=10.77.0.10 [dc2]=10.77.0.11 [hub]=10.77.0.20 [mailbox]=10.77.0.30)
declare -A IP6=([dc1]=fd77::10 [dc2]=fd77::11 [hub]=fd77::20 [mailbox]=fd77::30)
declare -A MAC=([dc1]=02:77:00:00:00:10 [dc2]=02:77:00:00:00:11 [hub]=02:77:00:00:00:20 [mailbox]=02:77:00:00:00:30)
declare -A HOSTNAME_OF=([dc1]=dc1 [dc2]=dc2 [hub]=hub-1 [mailbox]=mailbox-1)

# A pid and the time that it began: a pid alone may by now be somebody else's.
pid_stamp() { awk '{sub(/.*\) /, ""); print $20}' "/proc/$1/stat" 2>/dev/null || true; }
pid_of() {
	local pid stamp
	read -r pid stamp <"$STATE/$1.pid" 2>/dev/null || return 1
	[ -n "$stamp" ] && [ "$(pid_stamp "$pid")" = "$stamp" ] && echo "$pid"
}
hold() { # NAME PID
	echo "$2 $(pid_stamp "$2")" >"$STATE/$1.pid"
}

# on HOST CMD...: run a command inside a host, with a clean environment.
on() {
	local pid
	pid=$(pid_of "$1") || { echo "lab: host $1 is not up" >&2; return 1; }
	shift
	nsenter -t "$pid" -m -u -n -p -r -w -- env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 "$@"
}

# daemon HOST NAME CMD...: start a background process in a host; its pid (as the host sees it) is in /run/NAME.pid.
daemon() {
	local host=$1 name=$2
	shift 2
	# shellcheck disable=SC2016
	on "$host" bash -c 'n=$1; shift; setsid "$@" >"/share/$n.log" 2>&1 </dev/null & echo $! >"/run/lab-$n.pid"' - "$name" "$@"
}
# stop HOST NAME [SIGNAL]: end such a process and wait until it is gone.
stop() {
	# shellcheck disable=SC2016
	on "$1" bash -c 'f=/run/lab-$1.pid; [ -f "$f" ] || exit 0; p=$(cat "$f"); kill "-${2:-TERM}" "$p" 2>/dev/null
		for _ in $(seq 50); do kill -0 "$p" 2>/dev/null || break; sleep 0.1; done; rm -f "$f"' - "$2" "${3:-TERM}"
}
# await WHAT CMD...: poll until the command succeeds, at most 30 s.
await() {
	local what=$1 i
	shift
	for i in $(seq 300); do "$@" >/dev/null 2>&1 && return 0; sleep 0.1; done
	echo "lab: gave up waiting for $what" >&2
	return 1
}
listening() { # HOST PORT
	on "$1" bash -c "ss -Hltn 'sport = :$2' | grep -q ."
}

switch_up() {
	setsid unshare --net --fork --kill-child sleep infinity </dev/null >/dev/null 2>&1 &
	local pid=$!
	await "the switch" pgrep -P "$pid"
	hold switch "$(pgrep -P "$pid")"
	in_switch ip link add br0 type bridge stp_state 0 mcast_snooping 0
	in_switch sysctl -qw net.ipv6.conf.br0.disable_ipv6=1
	in_switch ip link set br0 up
}
in_switch() { nsenter -t "$(pid_of switch)" -n -- "$@"; }

host_up() { # NAME
	local name=$1 pid
	mkdir -p "$STATE/$name"
	rm -f "$STATE/share/ready.$name"
	setsid unshare --mount --net --uts --pid --fork --kill-child \
		/bin/bash "$LABDIR/holder.sh" "$STATE" "$name" "${HOSTNAME_OF[$name]}" "$LABDIR" </dev/null >"$STATE/share/holder.$name.log" 2>&1 &
	local outer=$!
	await "host $name" test -e "$STATE/share/ready.$name"
	pid=$(pgrep -P "$outer")
	hold "$name" "$pid"
	in_switch ip link add "v-$name" type veth peer name eth0 netns "$pid"
	in_switch sysctl -qw "net.ipv6.conf.v-$name.disable_ipv6=1"
	in_switch ip link set "v-$name" master br0 up
	on "$name" bash -ec "
		sysctl -qw net.ipv6.conf.all.accept_ra=0 net.ipv6.conf.default.accept_ra=0 net.ipv6.conf.all.accept_dad=0
		ip link set lo up
		ip link set eth0 address ${MAC[$name]} addrgenmode none
		ethtool -K eth0 tso off gso off gro off tx off >/dev/null 2>&1
		ip link set eth0 up
		ip addr add ${IP4[$name]}/24 dev eth0
		ip addr add ${IP6[$name]}/64 dev eth0 nodad
		rm -f /etc/resolv.conf /etc/krb5.keytab
		printf 'search contoso.com\nnameserver ${IP4[dc1]}\noptions timeout:2 attempts:2\n' >/etc/resolv.conf
		printf '127.0.0.1 localhost\n${IP4[$name]} ${HOSTNAME_OF[$name]}.contoso.com ${HOSTNAME_OF[$name]}\n' >/etc/hosts
		echo 'precedence ::ffff:0:0/96 100' >/etc/gai.conf"
	in_switch ethtool -K "v-$name" tso off gso off gro off tx off >/dev/null 2>&1
}

# Ends every host by ending the first process of its pid namespace (which ignores SIGTERM, hence KILL).
hosts_down() {
	local name pid
	for name in mit mailbox hub dc2 dc1 switch; do
		pid=$(pid_of "$name" 2>/dev/null) || continue
		kill -9 "$pid" 2>/dev/null
		for _ in $(seq 100); do [ -d "/proc/$pid" ] || break; sleep 0.1; done
	done
	return 0
}

# mtu N: on every host; below 1280 IPv6 goes, and comes back above.
mtu() {
	local h
	for h in $HOSTS; do
		on "$h" bash -c "ip link set eth0 mtu $1; 
			if [ $1 -ge 1280 ]; then ip link set eth0 addrgenmode none; ip -6 addr flush dev eth0 scope link; ip addr replace ${IP6[$h]}/64 dev eth0 nodad; fi"
		in_switch ip link set "v-$h" mtu "$1"
		in_switch sysctl -qw "net.ipv6.conf.v-$h.disable_ipv6=1" 2>/dev/null || :
	done
}
