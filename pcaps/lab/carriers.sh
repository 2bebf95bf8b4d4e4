# Services of single carriers, started by the cases that need them and ended with them. Their keytabs lie beside the others:
# /etc/keytabs/NAME.keytab on the hub.

CARRIER_KEYTABS="dovecot squid prosody amqp tds nfs"

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
dovecot_down() { on hub bash -c 'doveadm -c /etc/dovecot/lab.conf stop 2>/dev/null; while pgrep -x dovecot >/dev/null; do sleep 0.1; done'; }
sasl() { # WANT PORT imap|pop3|sieve|xmpp [options]
	local w=$1
	shift
	want "$w" on mailbox python3 /lab/sasl_client.py hub-1.contoso.com "$@"
}
