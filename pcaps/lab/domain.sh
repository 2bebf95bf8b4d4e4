# The domain: contoso.com on dc1 (Samba AD), a second DC dc2 that knows RC4 only, accounts, SPNs, DNS.

ADMIN='Administrator%Lab-Admin-2012'
declare -A PASSWORD=([alice]=Lab-Alice-1 [bob]=Lab-Bob-1 [svc-web]=Lab-SvcWeb-1 [svc-aes]=Lab-SvcAes-1 [svc-rc4]=Lab-SvcRc4-1
	[hub]=Lab-Hub-Machine-1 [mailbox]=Lab-Mailbox-Machine-1)

HUB_SPNS="host/hub-1.contoso.com HOST/hub-1.contoso.com smtp/hub-1.contoso.com SMTP/hub-1.contoso.com
	HTTP/hub-1.contoso.com http/hub-1.contoso.com cifs/hub-1.contoso.com exchangeRFR/hub-1.contoso.com
	smtp/files.contoso.com HTTP/files.contoso.com cifs/files.contoso.com
	imap/hub-1.contoso.com pop/hub-1.contoso.com sieve/hub-1.contoso.com xmpp/hub-1.contoso.com amqp/hub-1.contoso.com
	MSSQLSvc/hub-1.contoso.com:1433 MSSQLSvc/hub-1.contoso.com"

dc1_up() {
	on dc1 bash -ec '
		rm -rf /etc/samba/smb.conf /var/lib/samba/* /var/cache/samba/*; mkdir -p /var/lib/samba/private /run/samba
		samba-tool domain provision --server-role=dc --use-rfc2307 --realm=CONTOSO.COM --domain=CONTOSO --adminpass=Lab-Admin-2012 \
			--dns-backend=SAMBA_INTERNAL --host-name=dc1 --host-ip=10.77.0.10 --host-ip6=fd77::10 --function-level=2008_R2 \
			--option="interfaces=lo eth0" --option="bind interfaces only=yes"
		sed -i "/dns forwarder/d; s/^\[global\]/[global]\n\tldap server require strong auth = no\n\tdisable netbios = yes\n\tlog level = 1 kerberos:3 auth:3\n\tprefork children = 1\n\tkdc enable fast = no\n\tallow dns updates = nonsecure/" /etc/samba/smb.conf
		printf "[libdefaults]\n default_realm = CONTOSO.COM\n dns_lookup_kdc = true\n[kdc]\n max-kdc-datagram-reply-length = 60000\n" >/etc/krb5-big.conf
		cp /var/lib/samba/private/krb5.conf /etc/krb5.conf; cp /etc/krb5.conf /etc/krb5-plain.conf
		samba -D
		samba-tool domain passwordsettings set --complexity=off --history-length=0 --min-pwd-age=0 --max-pwd-age=0 --min-pwd-length=4' >"$STATE/share/dc1.log" 2>&1
	await "dc1" dc_ready dc1
	on dc1 bash -ec '
		A="-U Administrator%Lab-Admin-2012"
		for z in 0.77.10.in-addr.arpa; do samba-tool dns zonecreate dc1 $z $A; done
		for r in hub-1:20 mailbox-1:30 dc2:11; do
			samba-tool dns add dc1 contoso.com ${r%:*} A 10.77.0.${r#*:} $A
			samba-tool dns add dc1 contoso.com ${r%:*} AAAA fd77::${r#*:} $A
			samba-tool dns add dc1 0.77.10.in-addr.arpa ${r#*:} PTR ${r%:*}.contoso.com $A
		done
		samba-tool dns add dc1 0.77.10.in-addr.arpa 10 PTR dc1.contoso.com $A
		samba-tool dns add dc1 contoso.com files CNAME hub-1.contoso.com $A' >>"$STATE/share/dc1.log" 2>&1
	on dc1 python3 /lab/accounts.py >>"$STATE/share/dc1.log" 2>&1
}
dc_ready() {
	local p
	for p in 53 88 389 445; do listening "$1" $p || return 1; done
}
dc_stop() { # DC: ends Samba there
	on "$1" bash -c 'kill -9 $(cat /run/samba/samba.pid) 2>/dev/null; for p in $(pgrep -x "samba|smbd|winbindd|samba:.*"); do kill -9 $p 2>/dev/null; done
		while pgrep samba >/dev/null; do pkill -9 samba; sleep 0.1; done; rm -f /run/samba/samba.pid'
}
dc_restart() { # DC: stops and starts Samba there
	dc_stop "$1"
	on "$1" samba -D
	await "$1" dc_ready "$1"
}

# dc2: a DC that offers and issues RC4 only, as a Windows Server 2003 DC would.
dc2_up() {
	on dc2 bash -ec '
		rm -rf /etc/samba/smb.conf /var/lib/samba/* /var/cache/samba/*; mkdir -p /var/lib/samba/private /run/samba
		printf "[libdefaults]\n default_realm = CONTOSO.COM\n dns_lookup_kdc = true\n rdns = false\n" >/etc/krb5.conf
		samba-tool domain join contoso.com DC -U Administrator%Lab-Admin-2012 --dns-backend=SAMBA_INTERNAL --server=dc1.contoso.com \
			--option="interfaces=lo eth0" --option="bind interfaces only=yes"
		sed -i "/dns forwarder/d; s/^\[global\]/[global]\n\tldap server require strong auth = no\n\tdisable netbios = yes\n\tlog level = 1 kerberos:3 auth:3\n\tprefork children = 1\n\tkdc enable fast = no/" /etc/samba/smb.conf
		cp /etc/samba/smb.conf /etc/samba/smb-aes.conf
		sed -i "s/^\[global\]/[global]\n\tkdc supported enctypes = rc4-hmac\n\tkdc default domain supported enctypes = rc4-hmac/" /etc/samba/smb.conf
		cp /etc/samba/smb.conf /etc/samba/smb-rc4.conf
		samba -D' >"$STATE/share/dc2.log" 2>&1
	await "dc2" dc_ready dc2
}

# Joins a member with a machine password that is known.
member_up() { # HOST
	local name=${HOSTNAME_OF[$1]}
	on "$1" bash -ec "
		rm -rf /var/lib/samba/* /var/cache/samba/*; mkdir -p /var/lib/samba/private /run/samba /var/log/samba
		cat >/etc/samba/smb.conf <<-END
			[global]
			workgroup = CONTOSO
			realm = CONTOSO.COM
			security = ads
			netbios name = ${name^^}
			disable netbios = yes
			smb ports = 445
			interfaces = lo eth0
			idmap config * : backend = tdb
			idmap config * : range = 3000-7999
			idmap config CONTOSO : backend = rid
			idmap config CONTOSO : range = 10000-99999
			winbind enum users = no
			kerberos method = secrets and keytab
			dns proxy = no
			load printers = no
			[share]
			path = /srv/share
			read only = no
		END
		sed -i 's/^\t*//' /etc/samba/smb.conf
		mkdir -p /srv/share; chmod 777 /srv/share; echo 'a file of the lab' >/srv/share/file.txt"
	krb5_conf "$1"
	on "$1" net ads join -S dc1.contoso.com -U "$ADMIN" "machinepass=${PASSWORD[$1]}" --no-dns-updates >>"$STATE/share/members.log" 2>&1
}

# SPNs of the hub beyond HOST/, and keytabs of truth for both members.
members_ready() {
	samdb spns
	# The same password again: the kvno grows, the key stays. So the numbers of the lab's accounts differ.
	samdb password 'HUB-1$' "${PASSWORD[hub]}"
	samdb password 'HUB-1$' "${PASSWORD[hub]}"
	samdb password 'MAILBOX-1$' "${PASSWORD[mailbox]}"
	fresh_keytab hub
	fresh_keytab mailbox
}
# fresh_keytab HOST: the host's keys as the directory has them now, into /etc/keytabs/truth.keytab there.
fresh_keytab() {
	local acc=${HOSTNAME_OF[$1]^^}\$ names
	on dc1 bash -ec "rm -f /share/t.keytab; samba-tool domain exportkeytab /share/t.keytab --principal='$acc'" >/dev/null 2>&1
	names=$acc
	[ "$1" = hub ] && names="$acc $HUB_SPNS"
	# shellcheck disable=SC2086
	on "$1" bash -ec 'mkdir -p /etc/keytabs; d=/etc/keytabs/truth.keytab; python3 /lab/keytab.py names /share/t.keytab $d "$@"; chmod 644 $d' - $names
	rm -f "$STATE/share/t.keytab"
}

# hub_password: the hub's account gets a new password in the directory; the hub itself does not know yet.
hub_password() {
	HUB_PW=Lab-Hub-Machine-$RANDOM$RANDOM
	samdb password 'HUB-1$' "$HUB_PW"
	echo "$HUB_PW" >"$STATE/hub-behind"
}
# hub_follows: the hub learns it: keytab of truth and Samba's secrets.
hub_follows() {
	on hub bash -c 'echo "$1" | net changesecretpw -f -i' - "$(cat "$STATE/hub-behind")" >/dev/null 2>&1
	fresh_keytab hub
	rm -f "$STATE/hub-behind"
}
# dc2_knows rc4|aes: restarts dc2 as the legacy DC or as an ordinary one.
dc2_knows() {
	on dc2 cp "/etc/samba/smb-$1.conf" /etc/samba/smb.conf
	dc_restart dc2
	if [ "$1" = aes ]; then touch "$STATE/dc2-aes"; else rm -f "$STATE/dc2-aes"; fi
}
# dc2_synced: dc2 has what dc1 has.
dc2_synced() { on dc2 samba-tool drs replicate dc2 dc1 DC=contoso,DC=com -U "$ADMIN" >/dev/null 2>&1; }

# samdb COMMAND: a change in the directory, made on dc1 itself (accounts.py), nothing on the wire.
samdb() { on dc1 python3 /lab/accounts.py "$@"; }

# krb5_conf HOST [LINE...]: the client's krb5.conf: dc1 as the KDC, lists as Windows offers them; LINEs of [libdefaults] are added,
# KDC=host names another KDC.
krb5_conf() {
	local host=$1 kdc=${KDC:-dc1.contoso.com} etypes='aes256-cts aes128-cts rc4-hmac'
	shift
	{
		echo "[libdefaults]"
		echo " default_realm = CONTOSO.COM"
		echo " dns_lookup_kdc = false"
		echo " dns_lookup_realm = false"
		echo " rdns = false"
		echo " dns_canonicalize_hostname = false"
		echo " allow_weak_crypto = true"
		case " $* " in *permitted_enctypes*) ;; *) echo " permitted_enctypes = $etypes" ;; esac
		local l
		for l in "$@"; do echo " $l"; done
		echo "[realms]"
		echo " CONTOSO.COM = {"
		local k
		for k in $kdc; do echo "  kdc = $k"; done
		echo "  kpasswd_server = dc1.contoso.com"
		echo " }"
		echo "[domain_realm]"
		echo " .contoso.com = CONTOSO.COM"
		echo " contoso.com = CONTOSO.COM"
	} >"$STATE/share/krb5.$host"
	on "$host" cp "/share/krb5.$host" /etc/krb5.conf
}
