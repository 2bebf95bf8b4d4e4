# The hub's services. Each process reads a keytab of its own, /etc/keytabs/NAME.keytab; the healthy state is a copy of truth.keytab.
#
#   postfix 25 (AUTH GSSAPI)   xexps 2525 and xexps2 2526 (X-EXPS GSSAPI)   http 80 (Negotiate)   smbd 445
#   rpc 51025 and rpc2 51026 (DCE/RPC)

SERVICE_KEYTABS="postfix xexps xexps2 http rpc rpc2"

keytabs_restore() {
	on hub bash -ec 'cd /etc/keytabs; for k in "$@"; do cp truth.keytab $k.keytab; done; chmod 644 *.keytab' - $SERVICE_KEYTABS $CARRIER_KEYTABS
}
spoil() { # SERVICE ETYPE...: wrong keys of the right kvno for one process
	local s=$1
	shift
	on hub python3 /lab/keytab.py spoil /etc/keytabs/truth.keytab "/etc/keytabs/$s.keytab" "$@"
}

postfix_up() {
	on hub bash -ec '
		mkdir -p /etc/postfix/sasl
		cat >/etc/postfix/sasl/smtpd.conf <<-END
			pwcheck_method: auxprop
			mech_list: GSSAPI
			keytab: /etc/keytabs/postfix.keytab
		END
		sed -i "s/^\t*//" /etc/postfix/sasl/smtpd.conf
		cat >/etc/postfix/main.cf <<-END
			compatibility_level = 3.6
			myhostname = hub-1.contoso.com
			mydomain = contoso.com
			myorigin = contoso.com
			mydestination = contoso.com
			mynetworks = 127.0.0.0/8
			inet_interfaces = all
			inet_protocols = all
			smtpd_peername_lookup = no
			smtpd_banner = hub-1.contoso.com ESMTP Postfix
			smtpd_sasl_auth_enable = yes
			smtpd_sasl_security_options = noanonymous
			smtpd_delay_reject = yes
			smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
			cyrus_sasl_config_path = /etc/postfix/sasl
			import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C KRB5_KTNAME=/etc/keytabs/postfix.keytab
			alias_maps =
			local_recipient_maps =
			local_transport = discard:
			maillog_file = /var/log/postfix.log
			smtpd_error_sleep_time = 0
			smtpd_soft_error_limit = 100
			smtpd_hard_error_limit = 200
		END
		sed -i "s/^\t*//" /etc/postfix/main.cf
		[ -f /etc/postfix/master.cf ] || cp /usr/share/postfix/master.cf.dist /etc/postfix/master.cf
		postconf -F smtp/inet/chroot=n
		postconf -M postlog/unix-dgram="postlog unix-dgram n - n - 1 postlogd"
		mkdir -p /var/spool/postfix /var/lib/postfix; newaliases 2>/dev/null || :
		postfix start' >"$STATE/share/postfix.log" 2>&1
}
apache_up() {
	on hub bash -ec '
		mkdir -p /run/apache2 /run/lock/apache2 /var/www/html; echo "<p>hub" >/var/www/html/index.html
		a2enmod -q auth_gssapi authn_core authz_user >/dev/null
		cat >/etc/apache2/conf-enabled/lab.conf <<-END
			ServerName hub-1.contoso.com
			<Location />
			AuthType GSSAPI
			AuthName lab
			GssapiCredStore keytab:/etc/keytabs/http.keytab
			GssapiAllowedMech krb5
			Require valid-user
			</Location>
		END
		echo "Listen 80" >/etc/apache2/ports.conf
		apachectl start' >"$STATE/share/apache.log" 2>&1
}
declare -A PORT_OF=([xexps]=2525 [xexps2]=2526 [rpc]=51025 [rpc2]=51026)

# serve NAME [FLAG...]: (re)starts one of the lab's own servers; OFFSET=-10m gives it a clock that is off.
serve() {
	local name=$1 script=rpc_server.py pre=""
	shift
	case $name in xexps*) script=smtp_server.py ;; esac
	[ -n "${OFFSET:-}" ] && pre="env LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_NO_CACHE=1 FAKETIME=$OFFSET"
	stop hub "$name"
	# shellcheck disable=SC2086
	daemon hub "$name" $pre python3 -u "/lab/$script" "${PORT_OF[$name]}" "/etc/keytabs/$name.keytab" "$@"
	await "$name" listening hub "${PORT_OF[$name]}"
	if [ -n "${OFFSET:-}$*" ]; then touch "$STATE/served-$name"; else rm -f "$STATE/served-$name"; fi
}
# services_plain: those that a case started with flags or another clock, started plain.
services_plain() {
	local n
	for n in "${!PORT_OF[@]}"; do
		if [ -e "$STATE/served-$n" ]; then serve "$n"; fi
	done
}
services_up() {
	local p
	keytabs_restore
	postfix_up
	apache_up
	for p in "${!PORT_OF[@]}"; do serve "$p"; done
	on hub sed -i 's/^passwd:.*/passwd: files winbind/; s/^group:.*/group: files winbind/' /etc/nsswitch.conf
	for p in 25 80; do await "hub port $p" listening hub $p; done
}

# smbd and winbindd run only for the cases that need them: winbindd talks to the DC on its own account.
smb_up() {
	on hub bash -ec 'mkdir -p /run/samba; winbindd -D; smbd -D' </dev/null >"$STATE/share/smb.log" 2>&1
	await smbd listening hub 445
	await winbindd on hub wbinfo -t
	on hub bash -c 'wbinfo -i CONTOSO\\alice; id CONTOSO\\alice' >>"$STATE/share/smb.log" 2>&1 || :
}
smb_down() {
	on hub bash -c '[ -e /run/samba/winbindd.pid ] || exit 0
		for n in smbd winbindd; do p=$(cat /run/samba/$n.pid 2>/dev/null) && kill $p; done; sleep 0.3; pkill -9 smbd; pkill -9 winbindd; rm -f /run/samba/*.pid' 2>/dev/null || :
}
