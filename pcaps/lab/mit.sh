# An MIT KDC for two realms of its own, started by the cases that need it and ended with them: EXAMPLE.ORG on kdc.example.org and
# EXAMPLE.NET on kdc.example.net, one krb5kdc and two addresses. mail.example.org is the hub; its keys go into a process's keytab.

IP4+=([mit]=10.77.0.50) IP6+=([mit]=fd77::50) MAC+=([mit]=02:77:00:00:00:50) HOSTNAME_OF+=([mit]=kdc)
MIT_NET=10.77.0.51
MIT_PASSWORD=Lab-Carol-1 # carol, of both realms
if pid_of mit >/dev/null 2>&1; then HOSTS="$HOSTS mit"; fi

mit_host_up() {
	pid_of mit >/dev/null 2>&1 || host_up mit
	case " $HOSTS " in *" mit "*) ;; *) HOSTS="$HOSTS mit" ;; esac
	on mit ip addr replace $MIT_NET/24 dev eth0
}
# mit_up [LINE...]: the realms from nothing, LINEs in krb5kdc's [realms] section of EXAMPLE.ORG. Variables:
#   MIT_ETYPES  supported_enctypes of both realms' new keys   MIT_KDC  lines of [kdcdefaults]   MIT_LIB  a line of [libdefaults]
mit_up() {
	mit_host_up
	local h l names="${IP4[mit]} kdc.example.org\n$MIT_NET kdc.example.net\n${IP4[hub]} mail.example.org\n${IP4[mailbox]} desk.example.org\n"
	for h in mit hub mailbox; do
		on "$h" bash -c "sed -i /example/d /etc/hosts; printf '$names' >>/etc/hosts"
	done
	afterwards mit_down
	{
		printf '[kdcdefaults]\n kdc_ports = 88\n kdc_tcp_ports = 88\n%s\n' "${MIT_KDC:-}"
		printf '[realms]\n'
		for h in EXAMPLE.ORG EXAMPLE.NET; do
			printf ' %s = {\n  database_name = /var/lib/krb5kdc/%s\n  key_stash_file = /var/lib/krb5kdc/stash.%s\n  acl_file = /etc/krb5kdc/acl\n' "$h" "$h" "$h"
			printf '  max_life = 10h\n  max_renewable_life = 7d\n  default_principal_flags = +preauth, +renewable, +forwardable, +postdateable\n'
			printf '  supported_enctypes = %s\n' "${MIT_ETYPES:-aes256-cts:normal aes128-cts:normal}"
			[ $h = EXAMPLE.NET ] || for l in "$@"; do echo "  $l"; done
			echo " }"
		done
	} >"$STATE/share/kdc.conf"
	mit_conf mit ${MIT_LIB:+"$MIT_LIB"}
	on mit bash -ec '
		mkdir -p /etc/krb5kdc /var/lib/krb5kdc
		rm -f /var/lib/krb5kdc/*
		cp /share/kdc.conf /etc/krb5kdc/kdc.conf; : >/etc/krb5kdc/acl
		for r in ORG NET; do kdb5_util -r EXAMPLE.$r create -s -P Lab-Master-1 >/dev/null; done' >"$STATE/share/mit.log" 2>&1
	for h in EXAMPLE.ORG EXAMPLE.NET; do
		kadm $h "addprinc -pw $MIT_PASSWORD carol"
		kadm $h "modprinc -allow_svr carol"
	done
	for h in host/kdc host/desk smtp/mail imap/mail HTTP/mail host/mail; do kadm EXAMPLE.ORG "addprinc -pw Lab-$h-1 $h.example.org"; done
	mit_start
}
mit_start() {
	daemon mit krb5kdc krb5kdc -n -r EXAMPLE.ORG -r EXAMPLE.NET
	await krb5kdc listening mit 88
}
mit_down() {
	stop mit krb5kdc
	stop mit kadmind
	local h
	for h in mit hub mailbox; do on "$h" bash -c 'sed -i /example/d /etc/hosts; rm -f /etc/keytabs/mit*'; done
}
kadmind_up() {
	daemon mit kadmind kadmind -nofork -r EXAMPLE.ORG
	await kadmind listening mit 749
}
# kadm REALM COMMAND...: kadmin.local on the KDC itself, nothing on the wire.
kadm() { on mit kadmin.local -r "$1" -q "${*:2}" >>"$STATE/share/mit.log" 2>&1; }
# mit_keys HOST FILE REALM PRINCIPAL...: keytab with the keys as the database has them, to /etc/keytabs/FILE there.
mit_keys() {
	local host=$1 file=$2 realm=$3
	shift 3
	rm -f "$STATE/share/mit.keytab"
	kadm "$realm" "ktadd -k /share/mit.keytab -norandkey $*"
	on "$host" bash -ec "mkdir -p /etc/keytabs; cp /share/mit.keytab /etc/keytabs/$file; chmod 644 /etc/keytabs/$file"
	rm -f "$STATE/share/mit.keytab"
}
# directory_keys FILE PRINCIPAL...: keys of the domain, as dc1 has them, beside the captures.
directory_keys() {
	local f=$1
	shift
	on dc1 bash -ec 'f=$1; shift; for p in "$@"; do samba-tool domain exportkeytab "$f" --principal="$p"; done' - "/share/rec/$f" "$@" >/dev/null 2>&1
}
# pki_made: a CA, a certificate of the KDC of EXAMPLE.ORG and one of carol (RFC 4556 section 3.2.2, 3.2.4), in /share/pki.
pki_made() {
	on mailbox bash -ec '
		mkdir -p /share/pki; cd /share/pki
		openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj "/CN=Lab CA" -keyout ca.key -out ca.pem
		cert() { # NAME EKU SAN-TYPE COMPONENT...
			{
				echo "[e]"; echo "basicConstraints = CA:FALSE"; echo "keyUsage = digitalSignature,keyEncipherment,keyAgreement"
				echo "extendedKeyUsage = 1.3.6.1.5.2.3.$2"; echo "subjectAltName = otherName:1.3.6.1.5.2.2;SEQUENCE:n"
				echo "[n]"; echo "realm = EXP:0,GeneralString:EXAMPLE.ORG"; echo "name = EXP:1,SEQUENCE:p"
				echo "[p]"; echo "type = EXP:0,INTEGER:$3"; echo "parts = EXP:1,SEQUENCE:c"; echo "[c]"
				i=0; for c in "${@:4}"; do i=$((i+1)); echo "c$i = GeneralString:$c"; done
			} >"$1.cnf"
			openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
			openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile "$1.cnf" -extensions e -out "$1.pem"
		}
		cert kdc 5 2 krbtgt EXAMPLE.ORG
		cert carol 4 1 carol' >"$STATE/share/pki.log" 2>&1
}
# beside FILE HOST PATH: a keytab of the lab beside the captures.
beside() { on "$2" cp "$3" "/share/rec/$1"; }

# mit_conf HOST [LINE...]: krb5.conf for the two realms; LINEs of [libdefaults]. REALM_LINES are lines for EXAMPLE.ORG in [realms],
# MAPPED=no leaves example.net out of the client's [domain_realm]: the KDC refers.
mit_conf() {
	local host=$1 l
	shift
	{
		printf '[libdefaults]\n default_realm = EXAMPLE.ORG\n dns_lookup_kdc = false\n dns_lookup_realm = false\n rdns = false\n dns_canonicalize_hostname = false\n'
		for l in "$@"; do echo " $l"; done
		printf '[realms]\n EXAMPLE.ORG = {\n  kdc = kdc.example.org\n  admin_server = kdc.example.org\n  kpasswd_server = kdc.example.org\n'
		[ -z "${REALM_LINES:-}" ] || printf '%s\n' "$REALM_LINES"
		printf ' }\n EXAMPLE.NET = {\n  kdc = kdc.example.net\n }\n[domain_realm]\n .example.org = EXAMPLE.ORG\n'
		[ "${MAPPED:-yes}" = no ] || printf ' .example.net = EXAMPLE.NET\n'
	} >"$STATE/share/krb5.$host"
	on "$host" cp "/share/krb5.$host" /etc/krb5.conf
}
# carol HOST [kinit options...]: logs her on.
carol() {
	local host=$1
	shift
	on "$host" bash -c 'p=$1; shift; printf "%s\n" "$p" | kinit "$@"' - "$MIT_PASSWORD" "$@" carol >>"$STATE/share/case.log" 2>&1
}
