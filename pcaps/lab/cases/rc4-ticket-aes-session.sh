# A service account with an RC4 key alone that says it can do AES session keys.
MADE="MIT krb5kdc"
mit_up
enc='permitted_enctypes = aes256-cts aes128-cts rc4-hmac'
for h in mit mailbox hub; do mit_conf $h "$enc" 'allow_weak_crypto = true'; done
if fault; then
	SHOWS="the ticket for smtp/mail.example.org is RC4, its session key AES256; the service takes it"
	PROVES="the ticket's etype is the account's, that of the session key the client's choice"
	kadm EXAMPLE.ORG "cpw -e rc4-hmac:normal -pw Lab-smtp-1 smtp/mail.example.org"
	kadm EXAMPLE.ORG "setstr smtp/mail.example.org session_enctypes aes256-cts"
else
	SHOWS="rc4-ticket-aes-session with AES keys for the account"
	PROVES="AES tickets are no finding"
fi
mit_keys hub xexps.keytab EXAMPLE.ORG smtp/mail.example.org

record_on mailbox.pcapng hub.pcap mit.pcap
carol mailbox
smtp_to 0 mail.example.org 2525 x-exps
record_end
