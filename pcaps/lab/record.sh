# Recording: tcpdump and dumpcap at every host of a case at once, cold ticket caches, the case's README.

# What is left out: ARP, neighbour discovery, multicast, NetBIOS, and what passes between hub and DC besides DNS and Kerberos (winbindd's chatter).
# Fragments and DNS always stay in.
filter_of() {
	local quiet='(ip or ip6) and not port 137 and not port 138 and not dst net ff02::/16 and not (ip6[6] = 58 and ip6[40] >= 130 and ip6[40] <= 143)'
	local frags='(ip[6:2] & 0x3fff != 0) or ip6 proto 44 or port 53'
	case $1 in
	mailbox) echo "$quiet" ;;
	hub) echo "$quiet and (host ${IP4[mailbox]} or host ${IP6[mailbox]} or ${HUB_PORTS:-port 53} or $frags)" ;;
	*) echo "$quiet and (host ${IP4[mailbox]} or host ${IP6[mailbox]} or ((host ${IP4[hub]} or host ${IP6[hub]}) and (${HUB_PORTS:-port 53} or port 53)) or ((ip[6:2] & 0x3fff != 0) or ip6 proto 44))" ;;
	esac
}

RECORDED=""
declare -A SNAPLEN_OF=()
# record_on HOST.pcap|HOST.pcapng...: starts the captures of the case; what they see until record_end is the case.
record_on() {
	local f host
	rm -rf "$STATE/share/rec"
	mkdir -p "$STATE/share/rec"
	chmod 777 "$STATE/share/rec"
	RECORDED="$*"
	for f in "$@"; do
		host=${f%%.*}
		host=${host%%-*}
		case $f in
		*.pcapng) daemon "$host" "cap-$f" dumpcap -q -i eth0 -s "${SNAPLEN_OF[$host]:-${SNAPLEN:-262144}}" -f "$(filter_of "$host")" -w "/share/rec/$f" ;;
		*.pcap) daemon "$host" "cap-$f" tcpdump -Z root -i eth0 -s "${SNAPLEN_OF[$host]:-${SNAPLEN:-262144}}" -U --immediate-mode -w "/share/rec/$f" "$(filter_of "$host")" ;;
		esac
	done
	for f in "$@"; do
		case $f in
		*.pcapng) await "capture $f" grep -q "^File:" "$STATE/share/cap-$f.log" ;;
		*) await "capture $f" grep -q "listening on" "$STATE/share/cap-$f.log" ;;
		esac
	done
	sleep 0.4
}
record_end() {
	local f host
	[ -n "$RECORDED" ] || return 0
	sleep "${1:-0.6}"
	for f in $RECORDED; do
		host=${f%%.*}
		stop "${host%%-*}" "cap-$f"
	done
	RECORDED=""
}

# captures_stop: what an interrupted case left recording.
captures_stop() {
	local h
	for h in $HOSTS; do
		on "$h" bash -c 'for f in /run/lab-cap-*.pid; do [ -f "$f" ] && kill "$(cat "$f")" 2>/dev/null; rm -f "$f"; done; true'
	done
}

# Ticket caches: a case begins with none.
cold() { on mailbox bash -c 'rm -f /tmp/krb5cc_* /tmp/cc.*'; on hub bash -c 'rm -f /tmp/krb5cc_* /tmp/cc.*'; }

machine_logon() { # HOST: kinit as the host's machine account
	on "$1" kinit -k -t /etc/keytabs/truth.keytab "${HOSTNAME_OF[$1]^^}\$"
}
user_logon() { # HOST USER [PASSWORD] [kinit options...]
	local host=$1 user=$2 pw=${3:-${PASSWORD[$2]}}
	shift 2
	[ $# -gt 0 ] && shift
	on "$host" bash -c 'p=$1; shift; printf "%s\n" "$p" | kinit "$@"' - "$pw" "$@" "$user" >>"$STATE/share/case.log" 2>&1
}

# want CODE CMD...: runs a client and insists on its exit status: a recording in which something else happened is no case.
want() {
	local code=$1 got=0
	shift
	"$@" >>"$STATE/share/case.log" 2>&1 || got=$?
	[ "$got" = "$code" ] && return 0
	echo "lab: case $CASE: wanted exit status $code, got $got from: $*" >&2
	tail -5 "$STATE/share/case.log" >&2
	return 1
}
smtp() { # WANT PORT HOW [options]
	local w=$1
	shift
	want "$w" on mailbox python3 /lab/smtp_client.py hub-1.contoso.com "$@"
}
smtp_to() { # WANT HOST PORT HOW [options]: the same to another name
	local w=$1
	shift
	want "$w" on mailbox python3 /lab/smtp_client.py "$@"
}
rpc() { # WANT PORT kerberos|spnego [SERVICE] [options]
	local w=$1 port=$2 how=$3 svc=${4:-smtp}
	shift 3
	[ $# -gt 0 ] && shift
	want "$w" on mailbox python3 /lab/rpc_client.py hub-1.contoso.com "$port" "$svc" "$how" "$@"
}
http() { # STATUS [HOST]
	local got
	got=$(on mailbox curl -s -o /dev/null -w '%{http_code}' --negotiate -u : "http://${2:-hub-1.contoso.com}/" 2>>"$STATE/share/case.log")
	[ "$got" = "$1" ] && return 0
	echo "lab: case $CASE: wanted HTTP status $1, got $got" >&2
	return 1
}
faked() { # OFFSET HOST CMD...: a command whose clock is off
	local off=$1 host=$2
	shift 2
	on "$host" env LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 "FAKETIME=$off" "$@"
}

# readme: five lines about the case, beside its captures. The case sets SHOWS, MADE, CHANGED, SECRETS and PROVES.
readme() {
	cat <<-END
		Shows: $SHOWS
		Made by: pcaps/lab/run record $CASE (${MADE:+$MADE; }Samba 4.17, MIT krb5 1.20, Postfix 3.7, Apache 2.4 on Debian 12)
		Changed: ${CHANGED:-nothing}
		Secrets: ${SECRETS:-none}
		Proves: $PROVES
	END
}

# fault: does this recording have the case's fault, or is it the healthy twin?
fault() { [ "$FAULT" = yes ]; }

# record_case NAME: NAME is a case, or a case and -healthy: the same script with the one fault left out.
record_case() {
	CASE=$1
	local script=$LABDIR/cases/$CASE.sh status=0 dir f
	FAULT=yes
	if [ ! -f "$script" ] && [ "${CASE%-healthy}" != "$CASE" ]; then
		FAULT=no
		script=$LABDIR/cases/${CASE%-healthy}.sh
	fi
	[ -f "$script" ] || { echo "lab: no case $CASE" >&2; return 2; }
	SHOWS="" MADE="" CHANGED="" SECRETS="" PROVES="" KEYTAB="" HUB_PORTS="" SNAPLEN=""
	: >"$STATE/share/case.log"
	(
		set -e
		trap 'record_end 0' EXIT
		healthy_state
		cold
		# shellcheck source=/dev/null
		. "$script"
		record_end
		dir=$CORPUS/$CASE
		mkdir -p "$dir"
		rm -f "$dir"/*.pcap "$dir"/*.pcapng "$dir"/*.keytab
		for f in "$STATE"/share/rec/*; do cp "$f" "$dir/$(basename "$f")"; done
		chmod 644 "$dir"/*
		readme >"$dir/README.md"
		undo
	)
	status=$?
	[ $status = 0 ] && echo "recorded $CASE: $(cd "$CORPUS/$CASE" && stat -c '%n %s' -- *.pcap* *.keytab 2>/dev/null | tr '\n' ' ')"
	return $status
}

# healthy_state: what every case starts from; a doctored keytab or krb5.conf of the case before would poison a healthy capture.
healthy_state() {
	[ -e "$STATE/hub-behind" ] && hub_follows
	[ -e "$STATE/dc2-aes" ] && dc2_knows rc4
	captures_stop
	smb_down
	undo
	services_plain
	keytabs_restore
	krb5_conf mailbox
	krb5_conf hub
	on mailbox sed -i /no-aaaa/d /etc/resolv.conf
}
# afterwards COMMAND: undoes a change of the case, at its end or, had it failed, before the next one; last in, first out.
afterwards() { echo "$*" >>"$STATE/undo"; }
undo() {
	local line
	[ -f "$STATE/undo" ] || return 0
	while read -r line; do eval "$line" || echo "lab: could not undo: $line" >&2; done < <(tac "$STATE/undo")
	rm -f "$STATE/undo"
}
# keep_keytab SERVICE [NAME]: the keytab of that process as it is now goes beside hub's capture.
keep_keytab() { on hub cp "/etc/keytabs/$1.keytab" "/share/rec/${2:-hub}.keytab"; }
# shift_times FILE SECONDS: a capture as a host with such a clock would have made it.
shift_times() {
	local kind=pcapng
	case $1 in *.pcap) kind=pcap ;; esac
	editcap -F $kind -t "$2" "$STATE/share/rec/$1" "$STATE/share/rec/shifted.$kind" && mv "$STATE/share/rec/shifted.$kind" "$STATE/share/rec/$1"
}
