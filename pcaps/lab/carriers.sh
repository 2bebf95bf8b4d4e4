# Services of single carriers, started by the cases that need them and ended with them. Their keytabs lie beside the others:
# /etc/keytabs/NAME.keytab on the hub.

# shellcheck disable=SC2034
CARRIER_KEYTABS="dovecot squid prosody amqp tds"

# dovecot: IMAP 143, POP3 110, ManageSieve 4190, GSSAPI and nothing else.
dovecot_up() {
	afterwards dovecot_down
	on hub bash -ec '
		cat >/etc/dovecot/lab.conf <<-END
			protocols = imap pop3 sieve
			listen = *
			ssl = no
			auth_mechanisms = gssapi
			auth_gssapi_hostname = "\$ALL"
			auth_krb5_keytab = /etc/keytabs/dovecot.keytab
			auth_failure_delay = 0
			disable_plaintext_auth = yes
			log_path = /share/dovecot.log
			mail_location = maildir:/var/tmp/mail/%n
			first_valid_uid = 1
			userdb {
			  driver = static
			  args = uid=nobody gid=nogroup home=/var/tmp/mail/%n
			}
			passdb {
			  driver = static
			  args = nopassword=y
			}
			service imap-login {
			  inet_listener imaps {
			    port = 0
			  }
			}
			service anvil {
			  unix_listener anvil-auth-penalty {
			    mode = 0
			  }
			}
			service pop3-login {
			  inet_listener pop3s {
			    port = 0
			  }
			}
		END
		mkdir -p /run/dovecot /var/tmp/mail; chmod 1777 /var/tmp/mail
		dovecot -c /etc/dovecot/lab.conf'
	local p
	for p in 143 110 4190; do await "dovecot $p" listening hub $p; done
}
dovecot_down() { on hub bash -c 'doveadm -c /etc/dovecot/lab.conf stop 2>/dev/null; for i in $(seq 50); do pgrep -x dovecot >/dev/null || break; sleep 0.1; done'; }
sasl() { # WANT PORT imap|pop3|sieve|xmpp [options]
	local w=$1
	shift
	want "$w" on mailbox python3 /lab/sasl_client.py hub-1.contoso.com "$@"
}

# dns_secure: dc1 takes only signed DNS updates, until the case ends.
dns_secure() {
	afterwards 'on dc1 sed -i "s/allow dns updates = secure only/allow dns updates = nonsecure/" /etc/samba/smb.conf; dc_restart dc1'
	on dc1 sed -i 's/allow dns updates = nonsecure/allow dns updates = secure only/' /etc/samba/smb.conf
	dc_restart dc1
}
nsupdate_g() { # WANT [OPTION...] -- LINE...: a dynamic update signed with Kerberos (GSS-TSIG, RFC 3645)
	local w=$1 opts=()
	shift
	while [ "$1" != -- ]; do opts+=("$1"); shift; done
	shift
	want "$w" on mailbox bash -c 'o=$1; shift; { printf "server dc1.contoso.com\nrealm CONTOSO.COM\nzone contoso.com\n"; printf "%s\n" "$@" send; } | nsupdate -g $o' - "${opts[*]}" "$@"
}
# spoil_ticket: the last byte of the ticket that came last into mailbox's cache is altered.
spoil_ticket() {
	on mailbox python3 -c 'p = "/tmp/krb5cc_0"; b = bytearray(open(p, "rb").read()); assert b[-4:] == bytes(4); b[-5] ^= 0x5A; open(p, "wb").write(b)'
}

# rpcgss_up [ETYPE]: ONC RPC with RPCSEC_GSS on port 2049, TCP and UDP (lab/rpcgss.c on libtirpc), as svc-nfs, whose tickets have no PAC:
# libtirpc takes tokens of up to 1 kB. With ETYPE, that key is wrong.
rpcgss_up() {
	afterwards stop hub rpcgss
	[ -x "$STATE/share/rpcgss" ] || gcc -O1 -I/usr/include/tirpc -o "$STATE/share/rpcgss" "$LABDIR/rpcgss.c" -ltirpc -lgssapi_krb5
	on dc1 bash -ec "rm -f /share/t.keytab; samba-tool domain exportkeytab /share/t.keytab --principal=svc-nfs" >/dev/null 2>&1
	on hub bash -ec 'cd /etc/keytabs; python3 /lab/keytab.py names /share/t.keytab /tmp/nfs.keytab svc-nfs nfs/hub-1.contoso.com
		python3 /lab/keytab.py spoil /tmp/nfs.keytab nfs.keytab $1; rm /share/t.keytab' - "$@"
	daemon hub rpcgss env KRB5_KTNAME=/etc/keytabs/nfs.keytab /share/rpcgss server 2049 nfs@hub-1.contoso.com
	await rpcgss listening hub 2049
}
rpcgss() { # WANT tcp|udp none|integrity|privacy
	want "$1" on mailbox /share/rpcgss client hub-1.contoso.com 2049 "$2" nfs@hub-1.contoso.com "$3"
}

# kadmin_q WANT QUERY [OPTION...]: kadmin as admin/admin of EXAMPLE.ORG (mit.sh).
kadmin_q() {
	local w=$1 q=$2
	shift 2
	want "$w" on mailbox kadmin -r EXAMPLE.ORG -p admin/admin -w Lab-Mit-Admin-1 -q "$q" "$@"
}

# squid_up: a proxy on 3128 that asks for Kerberos (407), with Squid's own helper. It goes to hub-1's apache and nowhere else.
squid_up() {
	afterwards stop hub squid KILL
	on hub bash -ec '
		cat >/etc/squid/lab.conf <<-END
			http_port 3128
			visible_hostname hub-1.contoso.com
			auth_param negotiate program /usr/bin/env KRB5RCACHETYPE=none /usr/lib/squid/negotiate_kerberos_auth -r -s HTTP/hub-1.contoso.com@CONTOSO.COM -k /etc/keytabs/squid.keytab
			auth_param negotiate children 2 startup=2 idle=1
			auth_param negotiate keep_alive on
			acl known proxy_auth REQUIRED
			acl here dst 10.77.0.20
			http_access deny !known
			http_access allow here
			http_access deny all
			cache deny all
			cache_mem 8 MB
			access_log none
			cache_log /dev/null
			pid_filename /run/squid-lab.pid
			cache_effective_user proxy
			shutdown_lifetime 0 seconds
			netdb_filename none
			pinger_enable off
		END
		sed -i "s/^\t*//" /etc/squid/lab.conf'
	daemon hub squid squid -N -f /etc/squid/lab.conf
	await squid listening hub 3128
}
# fetch STATUS CURL-ARGUMENT...: curl from mailbox; the last status that it saw, a proxy's to CONNECT included.
fetch() {
	local w=$1 got
	shift
	got=$(on mailbox curl -s -o /dev/null -w '%{http_connect} %{http_code}' "$@" 2>>"$STATE/share/case.log") || :
	[ "$got" = "$w" ] && return 0
	echo "lab: case $CASE: wanted HTTP status $w, got $got from curl $*" >&2
	return 1
}

# apache_also LINE...: more configuration for the hub's apache until the case ends.
apache_also() {
	afterwards 'on hub bash -c "rm -f /etc/apache2/conf-enabled/lab-also.conf"; apache_again'
	printf '%s\n' "$@" >"$STATE/share/also.conf"
	on hub cp /share/also.conf /etc/apache2/conf-enabled/lab-also.conf
	apache_again
}
apache_again() {
	on hub bash -ec 'apachectl stop; for i in $(seq 50); do pgrep -x apache2 >/dev/null || break; sleep 0.1; done; apachectl start'
	await apache listening hub 80
}

# tds_up: a TDS server in SQL Server's place on 1433 (lab/tds_server.py).
tds_up() {
	afterwards stop hub tds
	daemon hub tds python3 -u /lab/tds_server.py 1433 /etc/keytabs/tds.keytab
	await tds listening hub 1433
}
tsql_k() { # WANT: FreeTDS's tsql with the ticket cache
	printf '[sql]\nhost = hub-1.contoso.com\nport = 1433\ntds version = 7.4\nencryption = off\n' >"$STATE/share/freetds.conf"
	want "$1" on mailbox bash -c 'printf "select 1\ngo\nexit\n" | timeout 15 env FREETDSCONF=/share/freetds.conf tsql -S sql'
}

# amqp_up: an AMQP 1.0 server on 5672 as far as authentication (lab/amqp.py).
amqp_up() {
	afterwards stop hub amqp
	daemon hub amqp python3 -u /lab/amqp.py server 5672 /etc/keytabs/amqp.keytab
	await amqp listening hub 5672
}
amqp() { # WANT
	want "$1" on mailbox timeout 15 python3 /lab/amqp.py client hub-1.contoso.com 5672
}

# prosody_up: XMPP on 5222 for contoso.com, Cyrus SASL with GSSAPI.
prosody_up() {
	afterwards stop hub prosody
	on hub bash -ec '
		mkdir -p /etc/sasl /usr/lib/sasl2 /var/tmp/prosody /run/prosody
		printf "pwcheck_method: auxprop\nmech_list: GSSAPI\nkeytab: /etc/keytabs/prosody.keytab\n" | tee /etc/sasl/prosody.conf >/usr/lib/sasl2/prosody.conf
		cat >/etc/prosody/lab.cfg.lua <<-END
			run_as_root = true
			interfaces = { "*" }
			data_path = "/var/tmp/prosody"
			plugin_paths = { "/usr/lib/prosody/modules/mod_auth_cyrus" }
			modules_enabled = { "saslauth", "disco" }
			modules_disabled = { "s2s", "tls", "offline" }
			c2s_require_encryption = false
			authentication = "cyrus"
			cyrus_application_name = "prosody"
			cyrus_service_name = "xmpp"
			cyrus_server_fqdn = "hub-1.contoso.com"
			log = { info = "*console" }
			VirtualHost "contoso.com"
		END
		chmod -R a+rX /etc/prosody'
	daemon hub prosody env KRB5_KTNAME=/etc/keytabs/prosody.keytab prosody --config /etc/prosody/lab.cfg.lua -F
	await prosody listening hub 5222
}

# also_on HOST PORT REAL: what comes to PORT of the host goes to its port REAL.
also_on() {
	afterwards stop "$1" "socat-$2"
	daemon "$1" "socat-$2" socat "TCP-LISTEN:$2,fork,reuseaddr" "TCP:${IP4[$1]}:$3"
	await "socat $2" listening "$1" "$2"
}
