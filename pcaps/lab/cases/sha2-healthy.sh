# no twin: tickets of aes256-cts-hmac-sha384-192 (20) and aes128-cts-hmac-sha256-128 (19).
SHOWS="carol logs on at an MIT KDC and is accepted over SMTP (X-EXPS GSSAPI) and IMAP, all with aes256-cts-hmac-sha384-192 (20) and aes128-cts-hmac-sha256-128 (19)"
PROVES="these encryption types are AES's or Camellia's equals: no finding"
SECRETS="hub.keytab: the services' keys, mit.keytab: krbtgt of EXAMPLE.ORG and carol's key (lab secrets only)"
MADE="MIT krb5kdc, Dovecot 2.3"
etypes='aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128'
MIT_ETYPES='aes256-cts-hmac-sha384-192:normal aes128-cts-hmac-sha256-128:normal' MIT_LIB="permitted_enctypes = $etypes"
dovecot_up
mit_up
kadm EXAMPLE.ORG "cpw -e aes128-cts-hmac-sha256-128:normal -pw Lab-imap-1 imap/mail.example.org"
for h in mailbox hub; do mit_conf $h "$MIT_LIB"; done
mit_keys hub mit.keytab EXAMPLE.ORG smtp/mail.example.org imap/mail.example.org
on hub bash -ec 'cd /etc/keytabs; cp mit.keytab xexps.keytab; cp mit.keytab dovecot.keytab'
mit_keys mailbox mit.keytab EXAMPLE.ORG carol krbtgt/EXAMPLE.ORG

record_on mailbox.pcapng hub.pcap mit.pcap
carol mailbox
smtp_to 0 mail.example.org 2525 x-exps
want 0 on mailbox python3 /lab/sasl_client.py mail.example.org 143 imap --initial
record_end
beside hub.keytab hub /etc/keytabs/mit.keytab
beside mit.keytab mailbox /etc/keytabs/mit.keytab
