#!/bin/bash
# What kerbscope says of life without RC4, held against it: logons are recorded in the lab, dc1 is restarted without RC4, and the
# same logons are tried again.
#
#   rc4.sh [KERBSCOPE]      the lab must be up (run up); KERBSCOPE: the program to ask (default: kerbscope of the PATH)
#
# Prints a table, predicted and happened, for each principal; exit status 1 when a "no" broke or a "yes" survived.
set -u
LABDIR=$(cd "$(dirname "$0")" && pwd)
STATE=${KERBSCOPE_LAB_STATE:-/tmp/kerbscope-lab}
KERBSCOPE=${1:-kerbscope}
CASE=rc4
for part in packages hosts domain services carriers mit heimdal relay record; do
	# shellcheck source=/dev/null
	. "$LABDIR/$part.sh"
done
pid_of hub >/dev/null || { echo "lab: not up (run up first)" >&2; exit 2; }
: >"$STATE/share/case.log"

# A logon and a ticket as NAME would get them, with krb5.conf as the check needs it; 0: all went well.
conf_default() { krb5_conf mailbox; }
conf_rc4() { krb5_conf mailbox 'default_tkt_enctypes = rc4-hmac' 'default_tgs_enctypes = rc4-hmac' 'permitted_enctypes = rc4-hmac'; }
conf_prefers() { krb5_conf mailbox 'permitted_enctypes = rc4-hmac aes256-cts aes128-cts'; }
ticket() { on mailbox kvno "$@" >>"$STATE/share/case.log" 2>&1; }
at_hub() { on mailbox python3 /lab/smtp_client.py hub-1.contoso.com 2525 x-exps >>"$STATE/share/case.log" 2>&1; }
web() { [ "$(on mailbox curl -s -o /dev/null -w '%{http_code}' --negotiate -u : http://hub-1.contoso.com/)" = 200 ]; }

# The checks: principal, role, and the commands that show whether it works.
CHECKS="u-list:client u-list2:client u-keys:client u-prefers:client u-plain:client
	svc/rc4.contoso.com:service svc/old.contoso.com:service svc/both.contoso.com:service svc/aes.contoso.com:service svc/web.contoso.com:service
	smtp/hub-1.contoso.com:service HTTP/hub-1.contoso.com:service"
check() {
	cold
	case $1 in
	u-list:*) conf_rc4 && user_logon mailbox u-list Lab-User-1 ;;
	u-list2:*) conf_rc4 && user_logon mailbox u-list2 Lab-User-1 && ticket svc/web.contoso.com ;;
	u-keys:*) conf_default && user_logon mailbox u-keys Lab-User-1 ;;
	u-prefers:*) conf_prefers && user_logon mailbox u-prefers Lab-User-1 && ticket svc/web.contoso.com ;;
	u-plain:*) conf_default && user_logon mailbox u-plain Lab-User-1 && web ;;
	svc/*) conf_default && user_logon mailbox u-plain Lab-User-1 && ticket "${1%:*}" ;;
	smtp/*) conf_default && user_logon mailbox u-plain Lab-User-1 && at_hub ;;
	HTTP/*) conf_default && user_logon mailbox u-plain Lab-User-1 && web ;;
	esac
}
# The part of the traffic that only an old DC makes: RC4 tickets for services that know AES.
old_dc() {
	cold
	KDC=dc2.contoso.com krb5_conf mailbox
	user_logon mailbox u-plain Lab-User-1 && "$1"
}

raw='tdb:///var/lib/samba/private/sam.ldb.d/DC=CONTOSO,DC=COM.ldb'
prepare() {
	local u
	for u in u-list u-list2 u-keys u-prefers u-plain svc-old svc-both; do
		on dc1 samba-tool user create $u Lab-User-1
		afterwards "on dc1 samba-tool user delete $u >/dev/null 2>&1"
	done
	# Accounts from before the domain knew AES: the RC4 key alone is stored.
	for u in u-keys svc-old; do
		on dc1 bash -c "printf 'dn: CN=$u,CN=Users,DC=contoso,DC=com\nchangetype: modify\ndelete: supplementalCredentials\n' | ldbmodify -H '$raw'"
	done
	samdb spn-add svc-old svc/old.contoso.com
	samdb spn-add svc-both svc/both.contoso.com
	# svc-old says nothing of AES; svc-both says RC4 alone though it has all keys, as svc-rc4 does.
	samdb etypes svc-both 4
	# The process behind port 2525 holds the RC4 key alone, the web server all of them.
	on hub python3 /lab/keytab.py only /etc/keytabs/truth.keytab /etc/keytabs/xexps.keytab 23
	dc2_synced
}

set -e
trap 'record_end 0; healthy_state' EXIT
healthy_state
prepare >>"$STATE/share/case.log" 2>&1
set +e
FAILED=""
record_on mailbox.pcapng dc1.pcap dc2.pcap hub.pcap
for c in $CHECKS; do
	case $c in
	smtp/*) old_dc at_hub ;; # with AES tickets it would fail before
	HTTP/*) old_dc web && check "$c" ;;
	*) check "$c" ;;
	esac || { echo "lab: rc4: $c failed while RC4 was on: not counted" >&2; FAILED+=" $c "; }
done
record_end
mkdir -p "$STATE/share/rc4"
cp "$STATE"/share/rec/*.pcap* "$STATE/share/rc4/"
"$KERBSCOPE" --format json -o "$STATE/share/rc4/report.json" "$STATE/share/rc4" || exit 2

on dc1 sed -i 's/^\[global\]/[global]\n\tkdc supported enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96/' /etc/samba/smb.conf
afterwards "on dc1 sed -i '/kdc supported enctypes/d' /etc/samba/smb.conf; dc_restart dc1"
dc_restart dc1
for c in $CHECKS; do
	case $FAILED in *" $c "*) continue ;; esac
	if check "$c"; then echo "$c works"; else echo "$c broke"; fi
done >"$STATE/share/rc4/happened"

python3 - "$STATE/share/rc4" <<'END'
import json, sys
rows = {r["principal"].split("@")[0].lower() + ":" + r["role"]: r for r in json.load(open(sys.argv[1] + "/report.json"))["rc4"]}
bad = told = untold = 0
print(f'{"principal":26} {"role":8} {"would break":12} {"happened":9} why')
for line in open(sys.argv[1] + "/happened"):
    who, what = line.split()
    r = rows.get(who.lower(), {"breaks": "no", "why": "uses no RC4"})
    wrong = (r["breaks"], what) in (("no", "broke"), ("yes", "works"))
    bad += wrong
    untold += r["breaks"] == "cannot-tell"
    told += r["breaks"] != "cannot-tell"
    name, role = who.rsplit(":", 1)
    print(f'{name:26} {role:8} {r["breaks"]:12} {what:9} {"WRONG: " if wrong else ""}{r["why"]}')
print(f"{told} told, {bad} of them wrong; {untold} could not be told")
sys.exit(1 if bad else 0)
END
